/** Functions of `torch.special` that are composed of other ops, derivatives included. */

import { composed } from '../composed.ts';
import { isFloating } from '../dtype.ts';
import { ValueError } from '../errors.ts';
import { arange } from '../ops/create.ts';
import {
  clamp,
  digamma,
  erfc,
  lgamma,
  log,
  log1p,
  logicalAnd,
  logicalOr,
  mul,
  operand,
  round as roundOp,
  sin,
  to,
  where,
  xlogy,
} from '../ops/elementwise.ts';
import type { Operand } from '../ops/list.ts';
import { asTensor, commonDType, onlyFloat, toFloat } from '../ops/pointwise.ts';
import { checkTensor } from '../ops/tensors.ts';
import { unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { erfcx, zeta } from './ops.ts';

const { SQRT1_2 } = Math;

/** In a floating dtype. */
function floating(op: string, x: Tensor): Tensor {
  checkTensor(op, 'input', x);
  return isFloating(x.dtype) ? x : to(x, toFloat(op, x.dtype));
}

/** `log(x / (1 - x))`; with `eps`, x is held to [eps, 1 - eps] first. */
export function logit(self: Tensor, eps?: number | null | { readonly eps?: number | null }): Tensor {
  const [bound] = named<[number | null]>('logit', ['eps'], [eps]);
  return roundedOnce([floating('logit', self)], (x) =>
    composed(() => {
      const held = typeof bound === 'number' ? clamp(x, bound, 1 - bound) : x;
      return log(held.div(held.neg().add(1)));
    }),
  );
}

/** `sin(πx) / (πx)`, 1 at 0. */
export function sinc(self: Tensor): Tensor {
  return roundedOnce([floating('sinc', self)], (x) =>
    composed(() => {
      const isZero = x.eq(0);
      const angle = mul(where(isZero, 1, x), Math.PI);
      return where(isZero, 1, sin(angle).div(angle));
    }),
  );
}

/** The n-th derivative of digamma. */
export function polygamma(n: number, self: Tensor): Tensor {
  if (!Number.isInteger(n) || n < 0) {
    throw new ValueError(`polygamma(n, x) does not support negative n, nor fractions, but got ${n}`, {
      op: 'polygamma',
      operands: { n },
    });
  }
  if (n === 0) return digamma(self);
  let factor = n % 2 === 0 ? -1 : 1;
  for (let k = 2; k <= n; k++) factor *= k;
  const x = floating('polygamma', self);
  return composed(() => mul(zeta(n + 1, x), factor));
}

/** The logarithm of the multivariate gamma function of dimension p. */
export function mvlgamma(self: Tensor, p: number): Tensor {
  if (!Number.isInteger(p) || p < 1) {
    throw new ValueError(`p has to be an integer greater than or equal to 1, but got ${p}`, { op: 'mvlgamma' });
  }
  return roundedOnce([floating('mvlgamma', self)], (x) =>
    composed(() => {
      const steps = arange(0, p, { dtype: x.dtype }).div(-2);
      return lgamma(unsqueeze(x, -1).add(steps))
        .sum(-1)
        .add((p * (p - 1) * Math.log(Math.PI)) / 4);
    }),
  );
}

/** The probability that a standard normal variable is below x. */
export function ndtr(input: Tensor): Tensor {
  return roundedOnce([floating('ndtr', input)], (x) => composed(() => erfc(mul(x, -SQRT1_2)).mul(0.5)));
}

/** `log(ndtr(x))`, which does not underflow. */
export function logNdtr(input: Tensor): Tensor {
  return roundedOnce([floating('logNdtr', input)], (x) =>
    composed(() => {
      const isFar = x.lt(-1);
      // Each branch is given arguments at which it and its derivative are finite.
      const far = mul(where(isFar, x, -1), SQRT1_2);
      const near = mul(where(isFar, -1, x), SQRT1_2);
      return where(isFar, log(erfcx(far.neg()).div(2)).sub(far.mul(far)), log1p(erfc(near).div(-2)));
    }),
  );
}

/** `-x log(x)`, 0 at 0, -Infinity below. */
export function entr(input: Tensor): Tensor {
  const x = floating('entr', input);
  return composed(() => where(x.lt(0), Number.NEGATIVE_INFINITY, xlogy(x.neg(), x)));
}

/** `x log(1 + y)`, 0 where x is 0 and y is no NaN. */
export function xlog1py(input: Operand, other: Operand): Tensor {
  const a = operand('xlog1py', 'input', input);
  const b = operand('xlog1py', 'other', other);
  const dtype = toFloat('xlog1py', commonDType(a, b));
  return roundedOnce([to(asTensor(a, dtype), dtype), to(asTensor(b, dtype), dtype)], (x, y) =>
    composed(() => {
      const isNothing = logicalAnd(x.eq(0), logicalOr(y.le(-1), y.eq(Infinity)));
      return mul(x, where(isNothing, 0, log1p(where(isNothing, 0, y))));
    }),
  );
}

/** Halves to even, to a number of decimals, which may be negative. */
export function round(input: Tensor, options?: { readonly decimals?: number }): Tensor {
  checkTensor('round', 'input', input);
  const [decimals = 0] = named<[number]>('round', ['decimals'], [options]);
  if (decimals === 0) return roundOp(input);
  onlyFloat('round', input.dtype);
  const scale = 10 ** Math.abs(decimals);
  return composed(() => (decimals > 0 ? roundOp(mul(input, scale)).div(scale) : roundOp(input.div(scale)).mul(scale)));
}
