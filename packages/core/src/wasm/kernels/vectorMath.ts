/**
 * Transcendental functions on four float32 at once, as code that an emitter inlines. Polynomials and splittings are those of
 * S. L. Moshier's Cephes (expf, logf, tanhf), which reach about 1 ulp; `elementwise.test.ts` sweeps them against double
 * precision and states the errors found.
 */

import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Features } from '../features.ts';

type Vector = Local<'v128'>;

/** a·b + c, fused where the machine does that. */
function madd(
  code: Assembler,
  features: Features,
  a: Operand<'v128'>,
  b: Vector | number,
  c: Vector | number,
): Value<'v128'> {
  return features.fma ? code.f32x4.relaxed_madd(a, b, c) : code.f32x4.add(code.f32x4.mul(a, b), c);
}

/** Coefficients from the highest power down, in x, by Horner's scheme. */
function polynomial(code: Assembler, features: Features, x: Vector, coefficients: readonly number[]): Local<'v128'> {
  const sum = code.local('v128', code.f32x4.const(coefficients[0]));
  for (const c of coefficients.slice(1)) sum.set(madd(code, features, sum, x, c));
  return sum;
}

const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;

/** 2^n for integral lanes n of i32 in [-126, 127], by writing the exponent bits. */
function powerOfTwo(code: Assembler, n: Vector): Value<'v128'> {
  return code.i32x4.shl(code.i32x4.add(n, 127), 23);
}

/**
 * e^x: x = n ln 2 + r with |r| ≤ ln 2 / 2, e^r by a polynomial of degree 7, and 2^n in two factors, so that results near the ends
 * of the range, denormal ones included, come out right. NaN stays NaN; beyond ±104 the result is 0 or Infinity.
 */
export function exp(code: Assembler, features: Features, x: Vector): Value<'v128'> {
  const { f32x4, i32x4 } = code;
  const bounded = code.local('v128', f32x4.min(f32x4.max(x, -105), 90));
  const n = code.local('v128', f32x4.nearest(f32x4.mul(bounded, Math.LOG2E)));
  const r = code.local('v128', madd(code, features, n, -LN2_HIGH, bounded));
  r.set(madd(code, features, n, -LN2_LOW, r));
  const p = polynomial(code, features, r, EXP);
  const square = code.local('v128', f32x4.mul(r, r));
  p.set(f32x4.add(madd(code, features, p, square, r), 1));
  const whole = code.local('v128', i32x4.trunc_sat_f32x4_s(n));
  const half = code.local('v128', i32x4.shr_s(whole, 1));
  const rest = code.local('v128', i32x4.sub(whole, half));
  return f32x4.mul(f32x4.mul(p, powerOfTwo(code, half)), powerOfTwo(code, rest));
}

const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/**
 * ln x: x = 2^e m with m in [√½, √2), ln m by a polynomial in m - 1. Denormals are scaled first; 0 gives -Infinity, what is
 * negative NaN.
 */
export function log(code: Assembler, _features: Features, x: Vector): Value<'v128'> {
  const { f32x4, i32x4, v128 } = code;
  const small = code.local('v128', f32x4.lt(x, 1.1754943508222875e-38));
  const scaled = code.local('v128', v128.bitselect(f32x4.mul(x, 8388608), x, small));
  const e = code.local('v128', i32x4.sub(i32x4.shr_s(scaled, 23), 126));
  e.set(i32x4.sub(e, v128.and(small, i32x4.const(23))));
  // the fraction bits under the exponent of 0.5: m in [0.5, 1)
  const m = code.local('v128', v128.or(v128.and(scaled, i32x4.const(0x007fffff)), i32x4.const(0x3f000000)));
  const low = code.local('v128', f32x4.lt(m, Math.SQRT1_2));
  e.set(i32x4.add(e, low)); // a true lane is -1
  const t = code.local('v128', f32x4.sub(f32x4.add(m, v128.and(m, low)), 1));
  const z = code.local('v128', f32x4.mul(t, t));
  const p = code.local('v128', f32x4.const(LOG[0]));
  for (const c of LOG.slice(1)) p.set(f32x4.add(f32x4.mul(p, t), c));
  p.set(f32x4.mul(f32x4.mul(p, t), z));
  const power = code.local('v128', f32x4.convert_i32x4_s(e));
  p.set(f32x4.add(p, f32x4.mul(power, LN2_LOW)));
  p.set(f32x4.sub(p, f32x4.mul(z, 0.5)));
  const result = code.local('v128', f32x4.add(f32x4.add(t, p), f32x4.mul(power, LN2_HIGH)));
  // the corners: Infinity and NaN pass through, 0 gives -Infinity, negative gives NaN
  result.set(v128.bitselect(x, result, f32x4.eq(x, Number.POSITIVE_INFINITY)));
  result.set(v128.bitselect(f32x4.const(Number.NEGATIVE_INFINITY), result, f32x4.eq(x, 0)));
  return v128.or(v128.or(result, f32x4.lt(x, 0)), f32x4.ne(x, x));
}

const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];

/** tanh x: x + x³ P(x²) up to 0.625, and 1 - 2 / (e^2|x| + 1) with the sign of x beyond. */
export function tanh(code: Assembler, features: Features, x: Vector): Value<'v128'> {
  const { f32x4, v128 } = code;
  const z = code.local('v128', f32x4.mul(x, x));
  const near = polynomial(code, features, z, TANH);
  near.set(madd(code, features, f32x4.mul(near, z), x, x));
  const size = code.local('v128', f32x4.abs(x));
  const twice = code.local('v128', f32x4.add(size, size));
  const far = code.local('v128', exp(code, features, twice));
  far.set(f32x4.sub(f32x4.const(1), f32x4.div(f32x4.const(2), f32x4.add(far, 1))));
  far.set(v128.or(far, v128.and(x, code.i32x4.const(-0x80000000))));
  return v128.bitselect(far, near, f32x4.gt(size, 0.625));
}

/** 1 / (1 + e^-x), for negative x as e^x / (1 + e^x), so that it fades out gradually. */
export function sigmoid(code: Assembler, features: Features, x: Vector): Value<'v128'> {
  const { f32x4, v128 } = code;
  const size = code.local('v128', f32x4.neg(f32x4.abs(x)));
  const e = code.local('v128', exp(code, features, size));
  const top = code.local('v128', v128.bitselect(e, f32x4.const(1), f32x4.lt(x, 0)));
  return f32x4.div(top, f32x4.add(e, 1));
}
