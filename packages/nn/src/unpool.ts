/** `nn.functional.maxUnpool1d` and `maxUnpool2d`: the values of a max pooling back where they came from, zeros elsewhere. */

import type { PerDimension, PoolStride, Tensor } from '@torsor/core';
import {
  composed,
  formatShape,
  named,
  ShapeError,
  sameShape,
  show,
  sizeOf,
  tuple,
  ValueError,
  zeros,
} from '@torsor/core';
import { required, tensorArgument } from './arguments.ts';

export interface MaxUnpoolOptions {
  /** Size of the pooling's window. */
  readonly kernelSize?: PerDimension;
  /** Its step; its size by default. */
  readonly stride?: PoolStride;
  /** Its padding; 0 by default. */
  readonly padding?: PerDimension;
  /** Size of the result, of all dimensions or of those pooled. */
  readonly outputSize?: readonly number[] | null;
}

type Arguments = [PerDimension, PoolStride, PerDimension, readonly number[] | null];

/** Sizes of the dimensions that were pooled: those given, if a pooling could have made the input of them, or what fits best. */
function sizesOf(
  op: string,
  pooled: readonly number[],
  kernel: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  given: readonly number[] | null,
): readonly number[] {
  const sizes = pooled.map((n, d) => (n - 1) * stride[d] + kernel[d] - 2 * padding[d]);
  if (given === null) return sizes;
  const wanted = given.length === sizes.length + 2 ? given.slice(2) : given;
  const fits = wanted.length === sizes.length && wanted.every((n, d) => Math.abs(n - sizes[d]) < stride[d]);
  if (fits) return wanted;
  throw new ValueError(
    `invalid outputSize ${show(given)}: ${sizes.map((n, d) => `dimension ${d} must be between ${n - stride[d]} and ${n + stride[d]}`).join(', ')}`,
    { op, operands: { outputSize: given } },
  );
}

function maxUnpool(op: string, spatial: number, input: Tensor, indices: Tensor, args: readonly unknown[]): Tensor {
  const [size, step = null, pads = 0, given = null] = named<Arguments>(
    op,
    ['kernelSize', 'stride', 'padding', 'outputSize'],
    args,
  );
  const { shape, ndim } = tensorArgument(op, 'input', input);
  const operands = { input: shape, indices: tensorArgument(op, 'indices', indices).shape };
  if (!sameShape(shape, indices.shape)) {
    throw new ShapeError(
      `expected indices of the shape of the input, ${formatShape(shape)}, but got ${formatShape(indices.shape)}`,
      { op, operands },
    );
  }
  if (ndim !== spatial + 1 && ndim !== spatial + 2) {
    throw new ShapeError(
      `expected an input of ${spatial + 1} or ${spatial + 2} dimensions (batch, channels, then space), but got ${formatShape(shape)}`,
      { op, operands },
    );
  }
  const kernel = tuple(op, 'kernelSize', required(op, 'kernelSize', size), spatial, 1);
  const stride = step === null ? kernel : tuple(op, 'stride', step, spatial, 1);
  const padding = tuple(op, 'padding', pads, spatial);
  const sizes = sizesOf(op, shape.slice(-spatial), kernel, stride, padding, given);
  const lead = shape.slice(0, -spatial);
  return composed(() =>
    zeros([...lead, sizeOf(sizes)], { dtype: input.dtype })
      .scatter(-1, indices.flatten(lead.length), input.flatten(lead.length))
      .view([...lead, ...sizes]),
  );
}

/**
 * Undoes `maxPool1d` as far as that can be: values go where `indices` say they came from, all other entries are 0. input and indices
 * `[N, C, L]` or `[C, L]` → `[…, Lout]`, by default `Lout = (L - 1) stride + kernelSize - 2 padding`.
 *
 * @param indices what the pooling returned with `returnIndices`
 * @param kernelSize size of the pooling's window
 * @param stride its step; `kernelSize` by default
 * @param padding its padding; 0 by default
 * @param outputSize which of the sizes that pool to L it was; null by default
 * @throws ShapeError when input and indices do not fit; ValueError for an `outputSize` that does not pool to L; IndexError for an index
 *   beyond the output
 */
export function maxUnpool1d(
  input: Tensor,
  indices: Tensor,
  kernelSize: PerDimension | MaxUnpoolOptions,
  stride?: PoolStride | MaxUnpoolOptions,
  padding?: PerDimension | MaxUnpoolOptions,
  outputSize?: readonly number[] | null | MaxUnpoolOptions,
): Tensor {
  return maxUnpool('maxUnpool1d', 1, input, indices, [kernelSize, stride, padding, outputSize]);
}

/**
 * Undoes `maxPool2d`, as `maxUnpool1d` does for one dimension: input and indices `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`.
 *
 * @example
 * const [values, indices] = maxPool2d(x, 2, { returnIndices: true });
 * maxUnpool2d(values, indices, 2).shape; // that of x, if its sizes are even
 */
export function maxUnpool2d(
  input: Tensor,
  indices: Tensor,
  kernelSize: PerDimension | MaxUnpoolOptions,
  stride?: PoolStride | MaxUnpoolOptions,
  padding?: PerDimension | MaxUnpoolOptions,
  outputSize?: readonly number[] | null | MaxUnpoolOptions,
): Tensor {
  return maxUnpool('maxUnpool2d', 2, input, indices, [kernelSize, stride, padding, outputSize]);
}
