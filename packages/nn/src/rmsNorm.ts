/** `nn.functional.rmsNorm`: Zhang, Sennrich, "Root Mean Square Layer Normalization", 2019. */

import type { Shape, Tensor } from '@torsor/core';
import { composed, formatShape, isHalf, named, normalizedTail, ShapeError, sameShape } from '@torsor/core';
import { checkFloat, numeric, required, tensorArgument } from './arguments.ts';

export interface RmsNormOptions {
  /** Sizes of the last dimensions. */
  readonly normalizedShape?: Shape;
  /** Factors, of `normalizedShape`; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** Added to the mean of the squares; null (default) for the machine epsilon. */
  readonly eps?: number | null;
}

/** The distance from 1 to the next number of a dtype; 16-bit floats are computed in float32. */
const EPSILON = { float32: 2 ** -23, float64: 2 ** -52 } as const;

/**
 * Divides by the root of the mean of the squares over the last dimensions: `x / √(mean(x²) + eps) * weight`. Unlike layer
 * normalisation it subtracts no mean. 16-bit floats are computed in float32, and rounded once.
 *
 * input `[…, ...normalizedShape]` → the same shape and dtype.
 *
 * @param normalizedShape sizes of the last dimensions
 * @param weight factors, of that shape; null, the default, for 1
 * @param eps added to the mean; by default, or null, the machine epsilon: 2^-52 for float64, else 2^-23
 * @throws ShapeError when the input does not end in `normalizedShape`, or the weight is not of that shape; DTypeError when the
 *   input is not floating point
 *
 * @example
 * rmsNorm(tensor([[3, 4]]), [2], { eps: 0 }); // 3 and 4, each divided by √12.5
 */
export function rmsNorm(
  input: Tensor,
  normalizedShape: Shape | RmsNormOptions,
  weight?: Tensor | null | RmsNormOptions,
  eps?: number | null | RmsNormOptions,
): Tensor {
  const op = 'rmsNorm';
  const [shape, w = null, e = null] = named<[Shape, Tensor | null, number | null]>(
    op,
    ['normalizedShape', 'weight', 'eps'],
    [normalizedShape, weight, eps],
  );
  const wanted = required(op, 'normalizedShape', shape);
  checkFloat(op, tensorArgument(op, 'input', input));
  const tail = normalizedTail(op, input, wanted);
  if (w !== null && !sameShape(tensorArgument(op, 'weight', w).shape, tail)) {
    throw new ShapeError(`Expected weight to be of same shape as normalizedShape, but got ${formatShape(w.shape)}`, {
      op,
      operands: { weight: w.shape, normalizedShape: tail },
    });
  }
  const least = e === null ? EPSILON[input.dtype === 'float64' ? 'float64' : 'float32'] : numeric(op, 'eps', e);
  const dims = tail.map((_, d) => d - tail.length);
  return composed(() => {
    const x = isHalf(input.dtype) ? input.to('float32') : input;
    const unit = x.mul(x.square().mean(dims, true).add(least).rsqrt());
    return (w === null ? unit : unit.mul(w)).to(input.dtype);
  });
}
