/** Max pooling undone: `MaxUnpool1d` and `MaxUnpool2d` of `torch.nn.modules.pooling`. */

import type { PerDimension, PoolStride, Tensor } from '@torsor/core';
import { named, tuple } from '@torsor/core';
import { required } from '../arguments.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';
import type { MaxUnpoolOptions } from '../unpool.ts';
import { maxUnpool1d, maxUnpool2d } from '../unpool.ts';

export type MaxUnpoolLayerOptions = Omit<MaxUnpoolOptions, 'outputSize'>;

type Inputs = [input: Tensor, indices: Tensor, outputSize?: readonly number[] | null];

abstract class MaxUnpoolNd extends Module<Inputs> {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];

  constructor(op: string, spatial: number, args: readonly unknown[]) {
    super();
    const [size, stride = null, padding = 0] = named<[PerDimension, PoolStride, PerDimension]>(
      op,
      ['kernelSize', 'stride', 'padding'],
      args,
    );
    this.kernelSize = tuple(op, 'kernelSize', required(op, 'kernelSize', size), spatial, 1);
    this.stride = stride === null ? this.kernelSize : tuple(op, 'stride', stride, spatial, 1);
    this.padding = tuple(op, 'padding', padding, spatial);
  }

  override extraRepr(): string {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
}

/**
 * Puts values of a `MaxPool1d` where its indices say that they came from, among zeros: `unpool(input, indices, outputSize?)`, both
 * `[N, C, L]` or `[C, L]` → `[…, Lout]`, by default `Lout = (L - 1) stride + kernelSize - 2 padding`.
 *
 * @param kernelSize size of the pooling's window
 * @param stride its step; `kernelSize` by default
 * @param padding its padding; 0 by default
 */
export class MaxUnpool1d extends MaxUnpoolNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    kernelSize: PerDimension | MaxUnpoolLayerOptions,
    stride?: PoolStride | MaxUnpoolLayerOptions,
    padding?: PerDimension | MaxUnpoolLayerOptions,
  ) {
    super('MaxUnpool1d', 1, [kernelSize, stride, padding]);
  }

  override forward(input: Tensor, indices: Tensor, outputSize: readonly number[] | null = null): Tensor {
    return maxUnpool1d(input, indices, this.kernelSize, this.stride, this.padding, outputSize);
  }
}

/**
 * `MaxUnpool1d` over images: input and indices `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`.
 *
 * @example
 * const [values, indices] = new MaxPool2d(2, { returnIndices: true })(x);
 * new MaxUnpool2d(2)(values, indices, x.shape).shape; // that of x
 */
export class MaxUnpool2d extends MaxUnpoolNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    kernelSize: PerDimension | MaxUnpoolLayerOptions,
    stride?: PoolStride | MaxUnpoolLayerOptions,
    padding?: PerDimension | MaxUnpoolLayerOptions,
  ) {
    super('MaxUnpool2d', 2, [kernelSize, stride, padding]);
  }

  override forward(input: Tensor, indices: Tensor, outputSize: readonly number[] | null = null): Tensor {
    return maxUnpool2d(input, indices, this.kernelSize, this.stride, this.padding, outputSize);
  }
}
