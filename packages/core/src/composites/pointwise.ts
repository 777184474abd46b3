/**
 * Functions of pairs of elements that are composed of other ops, derivatives included: `logaddexp`, `hypot`, `copysign`, `fmax` and their
 * kin; tests for infinities. Operands broadcast, and their dtypes are promoted.
 */

import { composed } from '../composed.ts';
import {
  abs,
  add,
  div,
  eq,
  ge,
  gt,
  isinf,
  le,
  logicalOr,
  logSigmoid,
  lt,
  maximum,
  mul,
  ne,
  operand,
  reciprocal,
  sqrt,
  sub,
  to,
  where,
} from '../ops/elementwise.ts';
import type { Operand } from '../ops/list.ts';
import { checkSameDType } from '../ops/places.ts';
import { asTensor, commonDType, onlyFloat, toFloat } from '../ops/pointwise.ts';
import { checkTensor } from '../ops/tensors.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';

/** @throws DTypeError unless both promote to a floating dtype */
function floats(op: string, self: Operand, other: Operand): readonly [Tensor, Tensor] {
  const a = operand(op, 'self', self);
  const b = operand(op, 'other', other);
  const dtype = onlyFloat(op, commonDType(a, b));
  const cast = (x: Operand): Tensor => (typeof x === 'number' ? asTensor(x, dtype) : to(x, dtype));
  return [cast(a), cast(b)];
}

/**
 * `high + log(1 + base^-(high - low))`: an analytic function of the two, on either side of where they are equal, so that derivatives of
 * any order are right there, too.
 */
function logSum(op: string, self: Operand, other: Operand, unit: number): Tensor {
  return roundedOnce(floats(op, self, other), (a, b) =>
    composed(() => {
      const isFirst = ge(a, b);
      const low = where(isFirst, b, a);
      const high = where(isFirst, a, b);
      // Equal infinities have no difference; one that is less than all adds nothing.
      const gap = where(isinf(low), Infinity, sub(high, low));
      return sub(high, unit === 1 ? logSigmoid(gap) : div(logSigmoid(mul(gap, unit)), unit));
    }),
  );
}

/**
 * `log(e^self + e^other)`, without overflow.
 *
 * @throws DTypeError for integers and booleans
 *
 * @example
 * logaddexp(tensor([-1000]), tensor([-1000])); // tensor([-999.3069])
 */
export function logaddexp(self: Operand, other: Operand): Tensor {
  return logSum('logaddexp', self, other, 1);
}

/**
 * `log2(2^self + 2^other)`, without overflow.
 *
 * @throws DTypeError for integers and booleans
 *
 * @example
 * logaddexp2(tensor([3]), tensor([3])); // tensor([4.])
 */
export function logaddexp2(self: Operand, other: Operand): Tensor {
  return logSum('logaddexp2', self, other, Math.LN2);
}

/**
 * `√(self² + other²)`, without overflow: the length of the hypotenuse. Infinity where either is infinite, the other being NaN or not; the
 * gradient where both are 0 is NaN, as in PyTorch.
 *
 * @throws DTypeError for integers and booleans
 *
 * @example
 * hypot(tensor([3]), tensor([4])); // tensor([5.])
 */
export function hypot(self: Operand, other: Operand): Tensor {
  return roundedOnce(floats('hypot', self, other), (a, b) =>
    composed(() => {
      const largest = maximum(abs(a.detach()), abs(b.detach()));
      const isInfinite = logicalOr(isinf(a), isinf(b));
      const scale = where(logicalOr(isInfinite, eq(largest, 0)), 1, largest);
      const x = div(a, scale);
      const y = div(b, scale);
      return where(isInfinite, Infinity, mul(sqrt(add(mul(x, x), mul(y, y))), scale));
    }),
  );
}

/**
 * The magnitude of `self` with the sign of `other`, of which -0 is negative; integers make float32. The gradient flows to `self` alone, 0
 * where it is 0. (JavaScript does not tell the signs of NaNs: that of `other` counts as positive.)
 *
 * @example
 * copysign(tensor([1, 2]), tensor([-0, 3])); // tensor([-1., 2.])
 */
export function copysign(self: Tensor, other: Operand): Tensor {
  const a = operand('copysign', 'self', self);
  const b = operand('copysign', 'other', other);
  const dtype = toFloat('copysign', commonDType(a, b));
  return composed(() => {
    const magnitude = abs(to(asTensor(a, dtype), dtype));
    const sign = asTensor(b, dtype).detach();
    // The reciprocals of zeros are infinities of their signs.
    return where(lt(where(eq(sign, 0), reciprocal(sign), sign), 0), magnitude.neg(), magnitude);
  });
}

/**
 * The step function: 0 where `self` is negative or NaN, 1 where it is positive, and `values` where it is 0; both broadcast. The gradient
 * flows to `values` alone.
 *
 * @throws DTypeError when dtypes differ
 *
 * @example
 * heaviside(tensor([-1, 0, 2]), tensor(0.5)); // tensor([0.0000, 0.5000, 1.0000])
 */
export function heaviside(self: Tensor, values: Tensor): Tensor {
  checkTensor('heaviside', 'self', self);
  checkSameDType('heaviside', 'values', self, values);
  return composed(() => where(eq(self, 0), values, to(gt(self, 0), self.dtype)));
}

/** The first operand where `wins` says so or the second is NaN, else the second. */
function choice(op: string, wins: (a: Operand, b: Operand) => Tensor, self: Operand, other: Operand): Tensor {
  const a = operand(op, 'self', self);
  const b = operand(op, 'other', other);
  return composed(() => where(logicalOr(wins(a, b), ne(b, b)), a, b));
}

/**
 * The larger of each pair; of a number and NaN the number. Of equals the first gets the gradient.
 *
 * @example
 * fmax(tensor([1, NaN]), tensor([2, 3])); // tensor([2., 3.])
 */
export function fmax(self: Operand, other: Operand): Tensor {
  return choice('fmax', ge, self, other);
}

/** The smaller of each pair; of a number and NaN the number. Of equals the first gets the gradient. */
export function fmin(self: Operand, other: Operand): Tensor {
  return choice('fmin', le, self, other);
}

/** True where x is Infinity. */
export function isposinf(self: Tensor): Tensor {
  return eq(self, Infinity);
}

/** True where x is -Infinity. */
export function isneginf(self: Tensor): Tensor {
  return eq(self, Number.NEGATIVE_INFINITY);
}
