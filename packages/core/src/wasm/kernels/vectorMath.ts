/**
 * Transcendental functions on four float32 at once, as code that an emitter inlines. The polynomials are minimax fits by
 * `tools/polynomials.py`; `elementwise.test.ts` sweeps every function against double precision and states the errors found.
 */

import type { Lanes, Vector } from './lanes.ts';

/** (e^r - 1 - r) / r² on |r| ≤ ln 2 / 2 */
const EXP = [0.00138145406, 0.00836874545, 0.041668389, 0.166665211, 0.49999994];
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;
/** Added to a float of small size, leaves it rounded to an integer in the low bits: 1.5 · 2²³. */
const ROUND = 12582912;
const EXPONENT_BIAS = 127;

/** e^r for |r| ≤ ln 2 / 2, with relative error 2^-24 */
function expNear(m: Lanes, r: Vector): Vector {
  return m.add(m.madd(m.polynomial(r, EXP), m.mul(r, r), r), 1);
}

/** x - n ln 2, in two steps whose first is exact */
function reduced(m: Lanes, x: Vector, n: Vector): Vector {
  return m.nmadd(n, LN2_LOW, m.nmadd(n, LN2_HIGH, x));
}

/**
 * p · 2^n for n = round(log2 e · x), x in [-104, 89.4]: 2^n in two factors, so that results near the ends of the range, denormal ones
 * included, come out right. Adding `ROUND` and the bias leaves an exponent where a shift by 23 brings it to its place.
 */
function scaled(m: Lanes, x: Vector, nearExp: (m: Lanes, n: Vector) => Vector, log2: number): Vector {
  const whole = m.madd(x, log2, ROUND + 2 * EXPONENT_BIAS);
  const half = m.madd(x, log2 / 2, ROUND + EXPONENT_BIAS);
  const p = nearExp(m, m.sub(whole, ROUND + 2 * EXPONENT_BIAS));
  return m.mul(m.mul(p, m.i.shl(half, 23)), m.i.shl(m.i.sub(whole, half), 23));
}

/** e^x for x in [-104, 89.4] or NaN */
function expWithin(m: Lanes, x: Vector): Vector {
  return scaled(m, x, (_, n) => expNear(m, reduced(m, x, n)), Math.LOG2E);
}

/** e^x; what lies beyond [-104, 89.4] gives 0 or Infinity. (pmin and pmax keep a NaN in their first operand.) */
export function exp(m: Lanes, x: Vector): Vector {
  return expWithin(m, m.pmax(m.pmin(x, 89.4), -104));
}

/** e^x for x ≤ 0 or NaN; 0 where it is not a normal number, which saves the second factor. */
export function expOfNegative(m: Lanes, x: Vector): Vector {
  const bounded = m.pmax(x, LEAST_NORMAL_POWER);
  const whole = m.madd(bounded, Math.LOG2E, ROUND + EXPONENT_BIAS);
  const r = reduced(m, bounded, m.sub(whole, ROUND + EXPONENT_BIAS));
  return m.mul(expNear(m, r), m.i.shl(whole, 23));
}

/** Here 2^n has the exponent bits 0, which make 0. */
const LEAST_NORMAL_POWER = -88;

/** (log(1 + t) - t) / t² on [√½ - 1, √2 - 1] */
const LOG = [
  0.0873484313, -0.143075213, 0.149179742, -0.165705085, 0.199620724, -0.250017554, 0.333339512, -0.499999911,
];
const SQRT_HALF_BITS = 0x3f3504f3;
const LEAST_NORMAL = 2 ** -126;

/**
 * ln x: x = 2^e (1 + t) with 1 + t in [√½, √2), ln(1 + t) by a polynomial. What is not positive, finite and normal is rare and is
 * looked at only where it occurs: denormals are scaled, 0 gives -Infinity, what is negative NaN.
 */
export function log(m: Lanes, x: Vector): Vector {
  const { code } = m;
  // Exponent and sign as an integer that is below this bound for positive normal numbers alone.
  const isOdd = m.keep(code.i32x4.gt_s(m.i.add(x, m.int(0x7f800000)), m.int(-0x01000001)));
  const near = code.local('v128', x);
  m.whereAny(isOdd, () => near.set(m.choose(m.lt(x, LEAST_NORMAL), m.mul(x, 2 ** 23), x)));
  const offset = m.i.sub(near, m.int(SQRT_HALF_BITS));
  const e = m.keep(code.f32x4.convert_i32x4_s(m.i.shr_s(offset, 23)));
  const t = m.sub(m.i.add(m.and(offset, m.int(0x007fffff)), m.int(SQRT_HALF_BITS)), 1);
  const sum = m.madd(m.polynomial(t, LOG), m.mul(t, t), t);
  const result = m.madd(e, LN2_HIGH, m.madd(e, LN2_LOW, sum));
  m.whereAny(isOdd, () => {
    result.set(m.choose(m.lt(x, LEAST_NORMAL), m.sub(result, 23 * Math.LN2), result));
    result.set(m.choose(m.eq(x, Number.POSITIVE_INFINITY), x, result));
    result.set(m.choose(m.eq(x, 0), Number.NEGATIVE_INFINITY, result));
    result.set(m.or(result, m.or(m.lt(x, 0), m.ne(x, x))));
  });
  return result;
}

/** (tanh x - x) / x³ in x², on |x| ≤ 0.625 */
const TANH = [-0.00570498733, 0.020639088, -0.0537397154, 0.133314416, -0.333332807];

/** tanh x: x + x³ P(x²) up to 0.625, and 1 - 2 / (e^2|x| + 1) with the sign of x beyond. */
export function tanh(m: Lanes, x: Vector): Vector {
  const z = m.mul(x, x);
  const size = m.abs(x);
  const near = m.madd(m.mul(m.polynomial(z, TANH), z), size, size);
  // beyond 10 the result is 1
  const twice = m.pmin(m.add(size, size), 20);
  const whole = m.madd(twice, Math.LOG2E, ROUND + EXPONENT_BIAS);
  const r = reduced(m, twice, m.sub(whole, ROUND + EXPONENT_BIAS));
  const denominator = m.madd(expNear(m, r), m.i.shl(whole, 23), 1);
  const far = m.sub(1, m.div(2, denominator));
  return m.withSign(m.choose(m.gt(size, 0.625), far, near), x);
}

/** 1 / (1 + e^-x), for negative x as e^x / (1 + e^x), so that it fades out gradually. */
export function sigmoid(m: Lanes, x: Vector): Vector {
  const e = expWithin(m, m.pmax(m.or(x, -0), -104));
  return m.div(m.choose(m.lt(x, 0), e, 1), m.add(e, 1));
}
