/** Norms of windows: `LPPool1d` and `LPPool2d` of `torch.nn.modules.pooling`. */

import type { PerDimension, PoolStride, Tensor } from '@torsor/core';
import { named, tuple } from '@torsor/core';
import { flag, numeric, required } from '../arguments.ts';
import { Module } from '../module.ts';
import type { LPPoolOptions } from '../powerPool.ts';
import { lpPool1d, lpPool2d } from '../powerPool.ts';
import { python } from '../python.ts';

abstract class LPPoolNd extends Module {
  readonly normType: number;
  readonly kernelSize: PerDimension;
  readonly stride: PoolStride;
  readonly ceilMode: boolean;

  constructor(op: string, spatial: number, args: readonly unknown[]) {
    super();
    const [p, size, stride = null, ceil = false] = named<[number, PerDimension, PoolStride, boolean]>(
      op,
      ['normType', 'kernelSize', 'stride', 'ceilMode'],
      args,
    );
    this.normType = numeric(op, 'normType', required(op, 'normType', p));
    this.kernelSize = required(op, 'kernelSize', size);
    this.stride = stride;
    this.ceilMode = flag(op, 'ceilMode', ceil);
    // Checked here, kept as they were given: that is how they print.
    tuple(op, 'kernelSize', this.kernelSize, spatial, 1);
    if (stride !== null) tuple(op, 'stride', stride, spatial, 1);
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this;
    return (
      `norm_type=${python(normType)}, kernel_size=${python(kernelSize)}, stride=${python(stride)}, ` +
      `ceil_mode=${python(ceilMode)}`
    );
  }
}

/**
 * The norm of each window, without absolute values: `(Σ xᵖ)^(1/p)`. input `[N, C, L]` or `[C, L]` → `[…, Lout]`,
 * `Lout = ⌊(L - kernelSize) / stride⌋ + 1` (rounded up with `ceilMode`).
 *
 * @param normType p
 * @param kernelSize size of the window
 * @param stride step of the window; `kernelSize` by default
 * @param ceilMode whether the last window may reach beyond the input; false by default
 */
export class LPPool1d extends LPPoolNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    normType: number | LPPoolOptions,
    kernelSize?: PerDimension | LPPoolOptions,
    stride?: PoolStride | LPPoolOptions,
    ceilMode?: boolean | LPPoolOptions,
  ) {
    super('LPPool1d', 1, [normType, kernelSize, stride, ceilMode]);
  }

  override forward(input: Tensor): Tensor {
    return lpPool1d(input, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}

/** `LPPool1d` over images: input `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`. */
export class LPPool2d extends LPPoolNd {
  static override readonly keepsNothing: boolean = true;

  constructor(
    normType: number | LPPoolOptions,
    kernelSize?: PerDimension | LPPoolOptions,
    stride?: PoolStride | LPPoolOptions,
    ceilMode?: boolean | LPPoolOptions,
  ) {
    super('LPPool2d', 2, [normType, kernelSize, stride, ceilMode]);
  }

  override forward(input: Tensor): Tensor {
    return lpPool2d(input, this.normType, this.kernelSize, this.stride, this.ceilMode);
  }
}
