/** The one place where the page computes: Torsor's own ops, on the picture that is shown. */

import type { Tensor } from 'torsor';
import { nn, tensor } from 'torsor';
import type { Conv2dSettings } from './settings.ts';
import { kernelsOf } from './settings.ts';

/** A picture of several channels, `[channels, rows, columns]`. */
export interface Volume {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export interface Result {
  readonly output: Volume;
  readonly ms: number;
}

const F = nn.functional;

export function channelOf({ rows, columns, data }: Volume, channel: number): Float32Array {
  return data.subarray(channel * rows * columns, (channel + 1) * rows * columns);
}

const tensorOf = ({ channels, rows, columns, data }: Volume): Tensor =>
  tensor(data).reshape(1, channels, rows, columns);

function volumeOf(x: Tensor): Volume {
  const [, channels, rows, columns] = x.shape;
  return { channels, rows, columns, data: Float32Array.from(x.contiguous().toTypedArray(), Number) };
}

/** Applies the chosen operation to a picture. */
export function compute(settings: Conv2dSettings, picture: Volume): Result {
  const { operation, kernelHeight, kernelWidth } = settings;
  const startMs = performance.now();
  const input = tensorOf(picture);
  const size: [number, number] = [kernelHeight, kernelWidth];
  const stride: [number, number] = [settings.strideHeight, settings.strideWidth];
  const padding: [number, number] = [settings.paddingHeight, settings.paddingWidth];
  const dilation: [number, number] = [settings.dilationHeight, settings.dilationWidth];
  const weight = () => {
    const kernels = kernelsOf(settings);
    return tensor(Float32Array.from(kernels.flat())).reshape(kernels.length, picture.channels, ...size);
  };
  const run = () => {
    switch (operation) {
      case 'conv':
        return F.conv2d(input, weight(), { stride, padding, dilation });
      case 'transposed':
        // its weights are stored by input channel
        return F.convTranspose2d(input, weight().transpose(0, 1), { stride, padding, dilation });
      case 'max':
        return F.maxPool2d(input, size, { stride, padding, dilation });
      case 'average':
        return F.avgPool2d(input, size, { stride, padding });
    }
  };
  const output = volumeOf(run());
  return { output, ms: performance.now() - startMs };
}

/** Mixes the channels of a picture pixel by pixel: a convolution of size 1. `weights: [out channels][in channels]` */
export function mix(picture: Volume, weights: readonly (readonly number[])[]): Volume {
  const kernel = tensor(Float32Array.from(weights.flat())).reshape(weights.length, picture.channels, 1, 1);
  return volumeOf(F.conv2d(tensorOf(picture), kernel));
}
