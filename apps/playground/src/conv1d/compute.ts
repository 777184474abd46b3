/** The one place where the page computes: Torsor's `conv1d`, on the signal, and on unit vectors for the matrix. */

import { eye, nn, tensor } from 'torsor';
import type { Axis } from '../geometry.ts';

export interface Result {
  readonly output: readonly number[];
  /** `[outputs][inputs]`: the convolution as the matrix that it is. */
  readonly matrix: readonly (readonly number[])[];
}

export function compute(samples: readonly number[], weights: readonly number[], axis: Axis): Result {
  const { stride, padding, dilation } = axis;
  const kernel = tensor(Float32Array.from(weights)).reshape(1, 1, -1);
  const convolve = (rows: readonly number[] | undefined) => {
    const input = rows ? tensor(Float32Array.from(rows)).reshape(1, 1, -1) : eye(axis.input).reshape(-1, 1, axis.input);
    return nn.functional.conv1d(input, kernel, { stride, padding, dilation });
  };
  const output = Array.from(convolve(samples).contiguous().toTypedArray(), Number);
  // each unit vector's answer is a column
  const columns = convolve(undefined);
  const all = Array.from(columns.contiguous().toTypedArray(), Number);
  const matrix = output.map((_, row) =>
    Array.from({ length: axis.input }, (_, column) => all[column * output.length + row]),
  );
  return { output, matrix };
}
