/** Functions that draw random numbers: `gumbelSoftmax`, and `rrelu` in training. A seed gives PyTorch's draws. */

import type { Tensor } from '@torsor/core';
import {
  composed,
  DTypeError,
  empty,
  emptyLike,
  isFloating,
  leakyRelu,
  named,
  onesLike,
  softmax,
  ValueError,
  zerosLike,
} from '@torsor/core';
import { flag, integer, numeric, tensorArgument } from './arguments.ts';

function checkFloat(op: string, name: string, x: Tensor): void {
  if (isFloating(tensorArgument(op, name, x).dtype)) return;
  throw new DTypeError(`${name} must be of a floating dtype, but is ${x.dtype}`, { op, operands: { [name]: x.dtype } });
}

export interface GumbelSoftmaxOptions {
  /** Temperature; 1 by default. */
  readonly tau?: number;
  /** Whether the result is one-hot, with the gradient of the soft one. Default false. */
  readonly hard?: boolean;
  /** Of no effect, as in PyTorch. */
  readonly eps?: number;
  /** Dimension along which results sum to 1; -1 by default. */
  readonly dim?: number;
}

/**
 * A sample of a categorical distribution that gradients go through: `softmax((logits + g) / tau)` along `dim`, with g from the Gumbel
 * distribution. With `hard`, one-hot where that is largest. Jang et al., "Categorical Reparameterization with Gumbel-Softmax", 2017.
 *
 * @param tau temperature; 1 by default
 * @param hard whether the result is one-hot, with the gradient of the soft one; false by default
 * @param eps of no effect; 1e-10 by default
 * @param dim dimension along which results sum to 1; -1 by default
 *
 * @example
 * gumbelSoftmax(randn(20, 32), 1, true).sum(-1); // ones
 */
export function gumbelSoftmax(
  logits: Tensor,
  tau?: number | GumbelSoftmaxOptions,
  hard?: boolean | GumbelSoftmaxOptions,
  eps?: number | GumbelSoftmaxOptions,
  dim?: number | GumbelSoftmaxOptions,
): Tensor {
  const op = 'gumbelSoftmax';
  const [t = 1, isHard = false, , d = -1] = named<[number, boolean, number, number]>(
    op,
    ['tau', 'hard', 'eps', 'dim'],
    [tau, hard, eps, dim],
  );
  checkFloat(op, 'logits', logits);
  numeric(op, 'tau', t);
  flag(op, 'hard', isHard);
  integer(op, 'dim', d, -logits.ndim);
  return composed(() => {
    const noise = emptyLike(logits).exponential_().log_().neg_();
    const soft = softmax(logits.add(noise).div(t), d);
    if (!isHard) return soft;
    const index = soft.detach().argmax(d, true);
    const oneHot = zerosLike(soft.detach()).scatter_(d, index, 1);
    return oneHot.sub(soft.detach()).add(soft);
  });
}

export interface RReluOptions {
  /** Least slope; 1/8 by default. */
  readonly lower?: number;
  /** Largest slope; 1/3 by default. */
  readonly upper?: number;
  /** Draw slopes; false by default, which takes the middle one. */
  readonly training?: boolean;
  /** Write the result into the input. Default false. */
  readonly inplace?: boolean;
}

/** 1, or where x is not above 0 a slope from [lower, upper): a draw for each of these alone, in order, in double precision. */
function slopesOf(input: Tensor, lower: number, upper: number): Tensor {
  const slopes = onesLike(input);
  const isNegative = input.detach().le(0);
  const count = isNegative.sum().item();
  if (count === 0) return slopes;
  slopes.setAt([isNegative], empty([count], { dtype: 'float64' }).uniform_(lower, upper).to(input.dtype));
  return slopes;
}

/**
 * `x > 0 ? x : a x`, with a slope a drawn from [lower, upper) for each element in training, `(lower + upper) / 2` otherwise.
 * Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network", 2015.
 *
 * @param lower least slope; 1/8 by default
 * @param upper largest slope; 1/3 by default
 * @param training whether slopes are drawn; false by default
 * @param inplace whether the result is written into the input; false by default
 * @throws ValueError when `lower` is above `upper`
 */
export function rrelu(
  input: Tensor,
  lower?: number | RReluOptions,
  upper?: number | RReluOptions,
  training?: boolean | RReluOptions,
  inplace?: boolean | RReluOptions,
): Tensor {
  const op = 'rrelu';
  const [low = 1 / 8, high = 1 / 3, draws = false, write = false] = named<[number, number, boolean, boolean]>(
    op,
    ['lower', 'upper', 'training', 'inplace'],
    [lower, upper, training, inplace],
  );
  checkFloat(op, 'input', input);
  // NaN is in no order.
  if (!(numeric(op, 'lower', low) <= numeric(op, 'upper', high))) {
    throw new ValueError(`Lower bound should be less than or equal to the upper bound, but got ${low} and ${high}`, {
      op,
      operands: { lower: low, upper: high },
    });
  }
  const isWritten = flag(op, 'inplace', write);
  if (flag(op, 'training', draws)) {
    const slopes = slopesOf(input, low, high);
    return isWritten ? input.mul_(slopes) : input.mul(slopes);
  }
  const slope = (low + high) / 2;
  // The derivative may need the values that are overwritten.
  return isWritten
    ? input.copy_(leakyRelu(input.requiresGrad ? input.clone() : input, slope))
    : leakyRelu(input, slope);
}

/** `rrelu`, in place. */
export function rrelu_(
  input: Tensor,
  lower?: number | Omit<RReluOptions, 'inplace'>,
  upper?: number | Omit<RReluOptions, 'inplace'>,
  training?: boolean | Omit<RReluOptions, 'inplace'>,
): Tensor {
  const [low = 1 / 8, high = 1 / 3, draws = false] = named<[number, number, boolean]>(
    'rrelu_',
    ['lower', 'upper', 'training'],
    [lower, upper, training],
  );
  return rrelu(input, low, high, draws, true);
}
