/** The one place where the page computes: Torsor's own ops, on the picture that is shown. */

import { nn, tensor } from 'torsor';
import type { Conv2dSettings } from './settings.ts';

/** Rows of numbers. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export interface Result {
  readonly output: Matrix;
  readonly ms: number;
}

const F = nn.functional;

/** Applies the chosen operation to a picture of one channel. */
export function compute(settings: Conv2dSettings, picture: Matrix, weights: readonly number[]): Result {
  const { operation, kernelHeight, kernelWidth, stride, padding, dilation } = settings;
  const startMs = performance.now();
  const input = tensor(picture.data).reshape(1, 1, picture.rows, picture.columns);
  const size: [number, number] = [kernelHeight, kernelWidth];
  const weight = tensor(Float32Array.from(weights)).reshape(1, 1, ...size);
  const run = () => {
    switch (operation) {
      case 'conv':
        return F.conv2d(input, weight, { stride, padding, dilation });
      case 'transposed':
        return F.convTranspose2d(input, weight, { stride, padding, dilation });
      case 'max':
        return F.maxPool2d(input, size, { stride, padding, dilation });
      case 'average':
        return F.avgPool2d(input, size, { stride, padding });
    }
  };
  const output = run();
  const [, , rows, columns] = output.shape;
  const data = Float32Array.from(output.contiguous().toTypedArray(), Number);
  return { output: { rows, columns, data }, ms: performance.now() - startMs };
}
