/**
 * Transcendental functions on four float32 at once, as code that an emitter inlines; exp, log and what is made of these alone, by
 * `formats.ts`, on two float64 as well. The polynomials are minimax fits by
 * `tools/polynomials.py`; `elementwise.test.ts` sweeps every function against double precision and states the errors found.
 */

import { formatOf } from './formats.ts';
import type { Lanes, Vector } from './lanes.ts';

/** Added to a float of small size, leaves it rounded to an integer in the low bits: 1.5 · 2²³. */
const ROUND = 12582912;
const EXPONENT_BIAS = 127;
/** The same for an exponent, which a shift by 23 then brings to its place: 2^n. */
export const ROUND_TO_POWER = ROUND + EXPONENT_BIAS;

/** e^r for |r| ≤ ln 2 / 2, with a relative error of half a unit of the last place */
export function expNear(m: Lanes, r: Vector): Vector {
  return m.add(m.madd(m.polynomial(r, formatOf(m).exp), m.mul(r, r), r), 1);
}

/** x - n ln 2, in two steps whose first is exact */
export function reduced(m: Lanes, x: Vector, n: Vector): Vector {
  const [high, low] = formatOf(m).ln2;
  return m.nmadd(n, low, m.nmadd(n, high, x));
}

/** A power of e or of 2 as head · tail, of which each is normal where the product may be denormal. */
interface Parts {
  readonly head: Vector;
  readonly tail: Vector;
}

/**
 * p(n) · 2^n for n = round(log2 · x), |n| ≤ 250 (in float64, 2000): 2^n in two factors, so that results near the ends of the range,
 * denormal ones included, come out right. Adding `round` and the bias leaves an exponent where a shift by `bits` brings it to its place.
 */
export function scaled(m: Lanes, x: Vector, log2: number, p: (n: Vector) => Vector): Parts {
  const { bits, bias, round } = formatOf(m);
  const whole = m.madd(x, log2, round + 2 * bias);
  const half = m.madd(x, log2 / 2, round + bias);
  const near = p(m.sub(whole, round + 2 * bias));
  return { head: m.mul(near, m.i.shl(half, bits)), tail: m.i.shl(m.i.sub(whole, half), bits) };
}

/** e^x for x in [-110, 90] (in float64, [-755, 710]) or NaN */
function expParts(m: Lanes, x: Vector): Parts {
  return scaled(m, x, Math.LOG2E, (n) => expNear(m, reduced(m, x, n)));
}

export const product = (m: Lanes, { head, tail }: Parts): Vector => m.mul(head, tail);

/** e^-|x| */
function expOfMinus(m: Lanes, x: Vector): Parts {
  return expParts(m, m.pmax(m.or(x, -0), formatOf(m).leastOfProduct));
}

/** e^x; what lies beyond the range gives 0 or Infinity. (pmin and pmax keep a NaN in their first operand.) */
export function exp(m: Lanes, x: Vector): Vector {
  const { least, most } = formatOf(m);
  return product(m, expParts(m, m.pmax(m.pmin(x, most), least)));
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
/** 2 / 23, 2 / 21, …, 2 / 3 */
const ATANH = /* @__PURE__ */ Array.from({ length: 11 }, (_, k) => 2 / (23 - 2 * k));
export const LEAST_NORMAL = 2 ** -126;

/** x = 2^e (1 + t) with 1 + t in [√½, √2), for positive, finite, normal x */
export function split(m: Lanes, x: Vector): { e: Vector; t: Vector } {
  const { bits, sqrtHalf, round } = formatOf(m);
  const start = m.int(sqrtHalf);
  const offset = m.i.sub(x, start);
  const shifted = m.i.shr_s(offset, bits);
  return {
    // WebAssembly converts no vectors of int64: a small one added to the bits of `round` is one added to it.
    e: m.sub(m.i.add(shifted, m.code.constant(m.shape, round)), round),
    t: m.sub(m.i.add(m.and(offset, m.int(2n ** BigInt(bits) - 1n)), start), 1),
  };
}

/** Where x is not positive, finite and normal: exponent and sign as an integer are below this bound for those alone. */
export function isOdd(m: Lanes, x: Vector): Vector {
  const { bits, infinity } = formatOf(m);
  const shape = bits > 23 ? m.code.i64x2 : m.code.i32x4;
  return m.keep(shape.gt_s(m.i.add(x, m.int(infinity)), m.int(-(2n ** BigInt(bits + 1)) - 1n)));
}

/**
 * ln(1 + t) for t in [√½ - 1, √2 - 1]: by a polynomial; in float64 as t - (t²/2 - s (t²/2 + R(s²))), s = t / (t + 2), from the series
 * of the inverse hyperbolic tangent.
 */
function logNear(m: Lanes, t: Vector): Vector {
  const square = m.mul(t, t);
  if (m.shape === 'f32x4') return m.madd(m.polynomial(t, LOG), square, t);
  const s = m.div(t, m.add(t, 2));
  const z = m.mul(s, s);
  const half = m.mul(square, 0.5);
  const rest = m.mul(m.polynomial(z, ATANH), z);
  return m.sub(t, m.nmadd(s, m.add(half, rest), half));
}

/**
 * (high e + low e) + scale ln(1 + t) for x = 2^e (1 + t). What is not positive, finite and normal is rare
 * and is looked at only where it occurs: denormals are scaled, 0 gives -Infinity, what is negative NaN.
 */
function logarithm(m: Lanes, x: Vector, [high, low, scale]: readonly [number, number, number]): Vector {
  const odd = isOdd(m, x);
  const near = m.code.local('v128', x);
  const { bits, leastNormal } = formatOf(m);
  m.whereAny(odd, () => near.set(m.choose(m.lt(x, leastNormal), m.mul(x, 2 ** bits), x)));
  const { e, t } = split(m, near);
  const sum = logNear(m, t);
  const fraction = scale === 1 ? sum : m.mul(sum, scale);
  const result = m.madd(e, high, low === 0 ? fraction : m.madd(e, low, fraction));
  m.whereAny(odd, () => {
    result.set(m.choose(m.lt(x, leastNormal), m.sub(result, bits * (high + low)), result));
    result.set(m.choose(m.eq(x, Number.POSITIVE_INFINITY), x, result));
    result.set(m.choose(m.eq(x, 0), Number.NEGATIVE_INFINITY, result));
    result.set(m.or(result, m.or(m.lt(x, 0), m.ne(x, x))));
  });
  return result;
}

/** ln x */
export const log = (m: Lanes, x: Vector): Vector => logarithm(m, x, [...formatOf(m).ln2, 1]);

/**
 * tanh |x| = e / (e + 2) for e = e^2|x| - 1 = 2^n (e^r - 1) + (2^n - 1), which for small x is the polynomial alone; from 1/2 on as
 * 1 - 2 / (e + 2), which loses nothing near 1; with the sign of x.
 */
export function tanh(m: Lanes, x: Vector): Vector {
  const { flat, bits, bias, round, exp } = formatOf(m);
  const size = m.abs(x);
  const twice = m.pmin(m.add(size, size), flat);
  const whole = m.madd(twice, Math.LOG2E, round + bias);
  const r = reduced(m, twice, m.sub(whole, round + bias));
  const near = m.madd(m.polynomial(r, exp), m.mul(r, r), r);
  const power = m.i.shl(whole, bits);
  const e = m.madd(near, power, m.sub(power, 1));
  const isFar = m.gt(e, 2);
  const quotient = m.div(m.choose(isFar, 2, e), m.add(e, 2));
  return m.withSign(m.choose(isFar, m.sub(1, quotient), quotient), x);
}

/** 1 / (1 + e^-x), for negative x as e^x / (1 + e^x), so that it fades out gradually. */
export function sigmoid(m: Lanes, x: Vector): Vector {
  const e = product(m, expOfMinus(m, x));
  return m.div(m.choose(m.lt(x, 0), e, 1), m.add(e, 1));
}

/** x sigmoid(x), scaled last, so that x does not magnify what is denormal. */
export function silu(m: Lanes, x: Vector): Vector {
  const { head, tail } = expOfMinus(m, x);
  const isNegative = m.lt(x, 0);
  const top = m.choose(isNegative, m.mul(m.pmax(x, formatOf(m).leastOfProduct), head), x);
  return afterLimit(m, x, m.mul(m.div(top, m.madd(head, tail, 1)), m.choose(isNegative, tail, 1)));
}

/** s (1 + x (1 - s)) for s = sigmoid x */
export function siluSlope(m: Lanes, x: Vector): Vector {
  const e = product(m, expOfMinus(m, x));
  const larger = m.div(1, m.add(e, 1));
  const lesser = m.mul(e, larger);
  const isNegative = m.lt(x, 0);
  const s = m.choose(isNegative, lesser, larger);
  const rest = m.choose(isNegative, larger, lesser);
  return m.mul(s, m.madd(x, rest, 1));
}

/** x tanh(log(1 + e^x)) = x w / (w + 2) with w = e^x (e^x + 2); x itself from 20 on. Scaled last, too. */
export function mish(m: Lanes, x: Vector): Vector {
  const bounded = m.pmax(x, formatOf(m).leastOfProduct);
  const { head, tail } = expParts(m, m.pmin(bounded, 20));
  const e = m.mul(head, tail);
  const more = m.add(e, 2);
  const gate = m.div(m.mul(head, more), m.madd(e, more, 2));
  return afterLimit(m, x, m.mul(m.mul(bounded, gate), tail));
}

/** NaN at -Infinity, where PyTorch multiplies it by 0. */
function afterLimit(m: Lanes, x: Vector, result: Vector): Vector {
  return m.or(result, m.eq(x, Number.NEGATIVE_INFINITY));
}

/** (2^r - 1 - r ln 2) / r² on |r| ≤ 1/2 */
const EXP2 = [0.000153209927, 0.00133902743, 0.00961852819, 0.0555036217, 0.240226477];

/** 2^r for |r| ≤ 1/2 */
export function exp2Near(m: Lanes, r: Vector): Vector {
  return m.add(m.madd(m.polynomial(r, EXP2), m.mul(r, r), m.mul(r, Math.LN2)), 1);
}

/** 2^x */
export function exp2(m: Lanes, x: Vector): Vector {
  const bounded = m.pmax(m.pmin(x, 129), -151);
  return product(
    m,
    scaled(m, bounded, 1, (n) => exp2Near(m, m.sub(bounded, n))),
  );
}

/** e^x - 1 as 2^n (e^r - 1) + (2^n - 1), halved so that 2^n stays finite; x itself where it is so small that halving costs bits. */
export function expm1(m: Lanes, x: Vector): Vector {
  const bounded = m.pmax(m.pmin(x, 89), -18);
  const whole = m.madd(bounded, Math.LOG2E, ROUND + EXPONENT_BIAS - 1);
  const r = reduced(m, bounded, m.sub(whole, ROUND + EXPONENT_BIAS - 1));
  const near = m.madd(m.polynomial(r, formatOf(m).exp), m.mul(r, r), r);
  const half = m.i.shl(whole, 23);
  const result = m.madd(near, half, m.sub(half, 0.5));
  return m.choose(m.lt(m.abs(x), 2 ** -25), x, m.add(result, result));
}

/** e^|x| / 2 and 1/4 of its reciprocal: their difference and their sum are sinh |x| and cosh x. */
function exponentials(m: Lanes, x: Vector): { grown: Vector; faded: Vector } {
  const size = m.pmin(m.abs(x), formatOf(m).most + 1);
  const { head, tail } = expParts(m, size);
  const grown = m.mul(m.mul(head, 0.5), tail);
  return { grown, faded: m.div(0.25, grown) };
}

/** (sinh x - x) / x³ in x², on |x| ≤ 1 */
const SINH = [0.000203721938, 0.00833028369, 0.166667163];

export function sinh(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  const z = m.mul(x, x);
  const near = m.madd(m.mul(m.polynomial(z, SINH), z), size, size);
  const { grown, faded } = exponentials(m, x);
  return m.withSign(m.choose(m.gt(size, 1), m.sub(grown, faded), near), x);
}

export function cosh(m: Lanes, x: Vector): Vector {
  const { grown, faded } = exponentials(m, x);
  return m.add(grown, faded);
}

/** log₂ x and log₁₀ x: the exponent counts as it is, log₂ of a power of two being a whole number. */
export const log2 = (m: Lanes, x: Vector): Vector => logarithm(m, x, [1, 0, Math.LOG2E]);
export const log10 = (m: Lanes, x: Vector): Vector =>
  logarithm(m, x, [0.301025390625, 4.605038981195214e-6, Math.LOG10E]);

/** log(1 + x): log u for u = 1 + x, and what the rounding of u has lost, over u. */
export function log1p(m: Lanes, x: Vector): Vector {
  const u = m.add(x, 1);
  const lost = m.div(m.sub(x, m.sub(u, 1)), u);
  const isPlain = m.and(m.gt(u, 0), m.lt(u, Number.POSITIVE_INFINITY));
  // The sign is that of x, also of -0.
  return m.or(m.add(log(m, u), m.and(lost, isPlain)), m.and(x, -0));
}

/** log(1 + e^-|x|) */
export function softplusOfMinus(m: Lanes, x: Vector): Vector {
  return log1p(m, product(m, expOfMinus(m, x)));
}

/** Beyond this, log 2x is as good as what 1 adds to the square of x, which may overflow. */
const large = (m: Lanes): number => 2 ** (formatOf(m).bits + 7);

/** log1p(a + a² / (1 + √(a² + 1))) with the sign of x, a = |x| */
export function asinh(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  const isLarge = m.gt(size, large(m));
  const z = m.mul(size, size);
  const excess = m.add(size, m.div(z, m.add(m.sqrt(m.add(z, 1)), 1)));
  const result = log1p(m, m.choose(isLarge, size, excess));
  return m.withSign(m.add(result, m.and(isLarge, Math.LN2)), x);
}

/** log1p(t + √(t (t + 2))), t = x - 1 */
export function acosh(m: Lanes, x: Vector): Vector {
  const t = m.sub(x, 1);
  const isLarge = m.gt(x, large(m));
  const excess = m.add(t, m.sqrt(m.mul(t, m.add(t, 2))));
  const result = m.add(log1p(m, m.choose(isLarge, x, excess)), m.and(isLarge, Math.LN2));
  return m.or(result, m.lt(x, 1));
}

/** log1p(2a / (1 - a)) / 2 with the sign of x, a = |x| */
export function atanh(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  return m.withSign(m.mul(log1p(m, m.div(m.add(size, size), m.sub(1, size))), 0.5), x);
}
