/** `nn.functional.localResponseNorm`: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012. */

import type { Tensor } from '@torsor/core';
import { avgPool2d, composed, formatShape, named, pad, roundedOnce, ShapeError, sizeOf } from '@torsor/core';
import { integer, numeric, required, tensorArgument } from './arguments.ts';

export interface LocalResponseNormOptions {
  /** Number of channels that are summed. */
  readonly size?: number;
  /** 1e-4 by default. */
  readonly alpha?: number;
  /** 0.75 by default. */
  readonly beta?: number;
  /** 1 by default. */
  readonly k?: number;
}

/**
 * Each element divided by a power of the squares in the channels around it: input `[N, C, …]` of the same shape,
 * `x / (k + alpha / size Σ x[c']²)^beta` over the `size` channels c' from `c - ⌊size / 2⌋` on, those that there are not being 0.
 *
 * @param size number of channels that are summed
 * @param alpha 1e-4 by default
 * @param beta 0.75 by default
 * @param k 1 by default
 * @throws ShapeError for an input of less than three dimensions
 */
export function localResponseNorm(
  input: Tensor,
  size: number | LocalResponseNormOptions,
  alpha?: number | LocalResponseNormOptions,
  beta?: number | LocalResponseNormOptions,
  k?: number | LocalResponseNormOptions,
): Tensor {
  const op = 'localResponseNorm';
  const [s, a = 1e-4, b = 0.75, least = 1] = named<[number, number, number, number]>(
    op,
    ['size', 'alpha', 'beta', 'k'],
    [size, alpha, beta, k],
  );
  const count = integer(op, 'size', required(op, 'size', s), 1);
  for (const [name, value] of Object.entries({ alpha: a, beta: b, k: least })) numeric(op, name, value);
  const { shape } = tensorArgument(op, 'input', input);
  if (shape.length < 3) {
    throw new ShapeError(`Expected 3D or higher dimensionality input (got ${formatShape(shape)})`, {
      op,
      operands: { input: shape },
    });
  }
  if (input.numel() === 0) return input;
  return roundedOnce([input], (x) =>
    composed(() => {
      const squares = x.mul(x).reshape([shape[0], 1, shape[1], sizeOf(shape.slice(2))]);
      const padded = pad(squares, [0, 0, Math.floor(count / 2), Math.floor((count - 1) / 2)]);
      const means = avgPool2d(padded, [count, 1], 1).view(shape);
      return x.div(means.mul(a).add(least).pow(b));
    }),
  );
}
