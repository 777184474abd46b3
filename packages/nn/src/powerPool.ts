/** `nn.functional.lpPool1d` and `lpPool2d`: the norm of each window, composed of average pooling. */

import type { PerDimension, PoolStride, Tensor } from '@torsor/core';
import { avgPool1d, avgPool2d, composed, named, tuple, ValueError } from '@torsor/core';
import { flag, numeric, required, tensorArgument } from './arguments.ts';

export interface LPPoolOptions {
  /** Order of the norm. */
  readonly normType?: number;
  /** Size of the window. */
  readonly kernelSize?: PerDimension;
  /** Step of the window; its size by default. */
  readonly stride?: PoolStride;
  /** Let the last window reach beyond the input. Default false. */
  readonly ceilMode?: boolean;
}

type Arguments = [number, PerDimension, PoolStride, boolean];

const NAMES = ['normType', 'kernelSize', 'stride', 'ceilMode'] as const;

function lpPool(op: string, spatial: number, pool: typeof avgPool1d, input: Tensor, args: readonly unknown[]): Tensor {
  const [p, size, stride = null, ceil = false] = named<Arguments>(op, NAMES, args);
  const order = numeric(op, 'normType', required(op, 'normType', p));
  if (order === 0) throw new ValueError('normType must not be 0', { op, operands: { normType: order } });
  const kernel = tuple(op, 'kernelSize', required(op, 'kernelSize', size), spatial, 1);
  const count = kernel.reduce((product, n) => product * n, 1);
  tensorArgument(op, 'input', input);
  return composed(() => {
    const means = pool(input.pow(order), kernel, { stride, ceilMode: flag(op, 'ceilMode', ceil) });
    // The sign and the relu are PyTorch's: where a sum is 0 they make the gradient 0, not NaN, for orders above 1.
    return means
      .sign()
      .mul(means.abs().relu())
      .mul(count)
      .pow(1 / order);
  });
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
export function lpPool1d(
  input: Tensor,
  normType: number | LPPoolOptions,
  kernelSize?: PerDimension | LPPoolOptions,
  stride?: PoolStride | LPPoolOptions,
  ceilMode?: boolean | LPPoolOptions,
): Tensor {
  return lpPool('lpPool1d', 1, avgPool1d, input, [normType, kernelSize, stride, ceilMode]);
}

/** `lpPool1d` over images: input `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`. */
export function lpPool2d(
  input: Tensor,
  normType: number | LPPoolOptions,
  kernelSize?: PerDimension | LPPoolOptions,
  stride?: PoolStride | LPPoolOptions,
  ceilMode?: boolean | LPPoolOptions,
): Tensor {
  return lpPool('lpPool2d', 2, avgPool2d, input, [normType, kernelSize, stride, ceilMode]);
}
