/** Elementwise ops of one operand and no parameter. */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { runUnary } from '../kernels.ts';
import { unary } from '../reference/elementwise.ts';
import { unaryInt64 } from '../reference/int64.ts';
import type { Tensor } from '../tensor.ts';
import { mul, pow, sub } from './binary.ts';
import { checkIntegral, notBool, onlyFloat, same, toBool, toFloat, unaryOp } from './pointwise.ts';
import { checkTensor } from './tensors.ts';

/** `-x`. */
export const neg = unaryOp('neg', notBool);
/** `|x|`. The gradient at 0 is 0. */
export const abs = unaryOp('abs', notBool);
/** -1, 0 or 1. */
export const sign = unaryOp('sign', same);
/** `e^x`. */
export const exp = unaryOp('exp', toFloat);
/** `2^x`. */
export const exp2 = unaryOp('exp2', toFloat);
/** `e^x - 1`, accurate near 0. */
export const expm1 = unaryOp('expm1', toFloat);
/** Natural logarithm. */
export const log = unaryOp('log', toFloat);
/** Logarithm to base 2. */
export const log2 = unaryOp('log2', toFloat);
/** Logarithm to base 10. */
export const log10 = unaryOp('log10', toFloat);
/** `log(1 + x)`, accurate near 0. */
export const log1p = unaryOp('log1p', toFloat);
/** Square root. */
export const sqrt = unaryOp('sqrt', toFloat);
/** `1 / √x`. */
export const rsqrt = unaryOp('rsqrt', toFloat);
/** `1 / x`. */
export const reciprocal = unaryOp('reciprocal', toFloat);
/** Sine of an angle in radians. */
export const sin = unaryOp('sin', toFloat);
/** Cosine of an angle in radians. */
export const cos = unaryOp('cos', toFloat);
/** Tangent of an angle in radians. */
export const tan = unaryOp('tan', toFloat);
/** Inverse sine, in radians. */
export const asin = unaryOp('asin', toFloat);
/** Inverse cosine, in radians. */
export const acos = unaryOp('acos', toFloat);
/** Inverse tangent, in radians. */
export const atan = unaryOp('atan', toFloat);
/** Hyperbolic sine. */
export const sinh = unaryOp('sinh', toFloat);
/** Hyperbolic cosine. */
export const cosh = unaryOp('cosh', toFloat);
/** Hyperbolic tangent. */
export const tanh = unaryOp('tanh', toFloat);
/** Inverse hyperbolic sine. */
export const asinh = unaryOp('asinh', toFloat);
/** Inverse hyperbolic cosine. */
export const acosh = unaryOp('acosh', toFloat);
/** Inverse hyperbolic tangent. */
export const atanh = unaryOp('atanh', toFloat);
/** `1 / (1 + e^-x)`. */
export const sigmoid = unaryOp('sigmoid', toFloat);
/** `log(sigmoid(x))`, without overflow. */
export const logSigmoid = unaryOp('logSigmoid', onlyFloat);
/** `max(x, 0)`. The gradient at 0 is 0. */
export const relu = unaryOp('relu', notBool);
/** `x * sigmoid(x)`, also called swish. */
export const silu = unaryOp('silu', onlyFloat);
/** `x * tanh(softplus(x))`. */
export const mish = unaryOp('mish', onlyFloat);
/** `x * min(max(x + 3, 0), 6) / 6`. */
export const hardswish = unaryOp('hardswish', onlyFloat);
/** `min(max(x + 3, 0), 6) / 6`. */
export const hardsigmoid = unaryOp('hardsigmoid', onlyFloat);
/** The error function. */
export const erf = unaryOp('erf', toFloat);
/** `1 - erf(x)`, accurate for large x. */
export const erfc = unaryOp('erfc', toFloat);
/** The inverse of `erf`. */
export const erfinv = unaryOp('erfinv', toFloat);
/** `log|Γ(x)|`. */
export const lgamma = unaryOp('lgamma', toFloat);
/** `d/dx log Γ(x)`. */
export const digamma = unaryOp('digamma', toFloat);
/** Largest integer at most x. */
export const floor = unaryOp('floor', notBool);
/** Smallest integer at least x. */
export const ceil = unaryOp('ceil', notBool);
/** Nearest integer, halves to even. */
export const round = unaryOp('round', notBool);
/** The integer part. */
export const trunc = unaryOp('trunc', notBool);
/** True where x is 0. */
export const logicalNot = unaryOp('logicalNot', toBool);
/** True where x is NaN. */
export const isnan = unaryOp('isnan', toBool);
/** True where x is ±Infinity. */
export const isinf = unaryOp('isinf', toBool);
/** True where x is neither NaN nor ±Infinity. */
export const isfinite = unaryOp('isfinite', toBool);

/** Bits inverted; of a bool, its negation. Not defined for floats. */
export function bitwiseNot(self: Tensor): Tensor {
  checkTensor('bitwiseNot', 'self', self);
  return dispatch('bitwiseNot', bitwiseNotForward, [self]);
}

function bitwiseNotForward(self: Tensor): Tensor {
  checkIntegral('bitwiseNot', self.dtype);
  const out = allocate(self.shape, self.dtype);
  if (self.dtype === 'bool') runUnary('logicalNot', self, out);
  else if (!unaryInt64('bitwiseNot', self, out)) unary((x) => ~x, self, out);
  return out;
}

/** `x²`. */
export function square(self: Tensor): Tensor {
  return pow(self, 2);
}

/** The part after the point: `x - trunc(x)`. */
export function frac(self: Tensor): Tensor {
  checkTensor('frac', 'self', self);
  onlyFloat('frac', self.dtype);
  return sub(self, trunc(self));
}

/** Degrees to radians. */
export function deg2rad(self: Tensor): Tensor {
  return mul(self, Math.PI / 180);
}

/** Radians to degrees. */
export function rad2deg(self: Tensor): Tensor {
  return mul(self, 180 / Math.PI);
}
