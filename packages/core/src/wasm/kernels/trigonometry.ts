/**
 * Sine, cosine, tangent and their inverses on four float32. Polynomials by `tools/polynomials.py`; `elementwise.test.ts` states the
 * errors found.
 */

import type { Local } from '../assembler.ts';
import { eachHalf } from './halves.ts';
import type { Lanes, Vector } from './lanes.ts';

/** (sin r - r) / r³ and (cos r - 1 + r²/2) / r⁴ in r², on |r| ≤ π/4 */
const SIN = [2.71660429e-6, -0.000198391514, 0.00833332911, -0.166666672];
const COS = [2.44181283e-5, -0.00138871849, 0.0416666418];

/** π/2 with 32 bits after the point, and the rest. */
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;
/** Up to here n · HALF_PI_HIGH is exact in float64. */
const NEAR = 2 ** 20;
/** Leaves a float of small size rounded to an integer in its low bits: 1.5 · 2²³. */
const ROUND = 12582912;

/** ⌊2/π · 2²²⁶⌋ in words of 64 bits, the highest first. */
const TWO_OVER_PI = [0x000000028be60db9n, 0x391054a7f09d5f47n, 0xd4d377036d8a5664n, 0xf10e4107f9458eafn];

interface Reduced {
  /** x - n π/2, in [-π/4, π/4] */
  readonly r: Vector;
  /** n, in the low bits */
  readonly n: Vector;
}

/** x less a multiple of π/2, in float64 up to `NEAR`, where nothing cancels that matters; what is larger is rare and costs more. */
function reduce(m: Lanes, x: Vector): Reduced {
  const { code } = m;
  const n = m.madd(x, 2 / Math.PI, ROUND);
  const [r] = eachHalf(m, [x, m.sub(n, ROUND)], (d, [xd, nd]) => [
    d.nmadd(nd, HALF_PI_LOW, d.nmadd(nd, HALF_PI_HIGH, xd)),
  ]);
  const isFar = m.keep(code.v128.not(m.le(m.abs(x), NEAR)));
  m.whereAny(isFar, () => {
    const far = reduceFar(m, x);
    r.set(m.choose(isFar, far.r, r));
    n.set(m.choose(isFar, far.n, n));
  });
  return { r, n };
}

/**
 * The same for any finite |x| ≥ ½, a lane at a time, and NaN for the rest. With x = s m 2^e, m of 24 bits, n and the fraction are in
 * m (2^e 2/π mod 4): of 2/π the bits above are multiples of 4, and 96 bits below them make the fraction good to 2⁻³².
 *
 * The method is that of M. Payne and R. Hanek, "Radian reduction for trigonometric functions", 1983.
 */
function reduceFar(m: Lanes, x: Vector): Reduced {
  const { code } = m;
  const { i32, i64, f32, f64, i32x4, f32x4 } = code;
  const rest = code.local('v128', x);
  const [r, n] = code.locals('v128', 2);
  const lane = code.local('i32');
  const [high, middle, low, shift, mantissa, product, quarters] = code.locals('i64', 7);
  const pick = (word: Local<'i64'>, first: number, at: Local<'i32'>): void => {
    const [a, b, c] = [0, 1, 2].map((k) => code.local('i64', TWO_OVER_PI[first + k] ?? 0n));
    word.set(code.select(a, code.local('i64', code.select(b, c, i32.lt_u(at, 128))), i32.lt_u(at, 64)));
  };
  code.forRange(lane, 0, 4, 1, () => {
    const bits = code.local('i32', i32x4.extract_lane(0, rest));
    // where in TWO_OVER_PI the window of this exponent begins
    const at = code.local('i32', i32.sub(i32.and(i32.shr_u(bits, 23), 255), 122));
    pick(high, 0, at);
    pick(middle, 1, at);
    pick(low, 2, at);
    shift.set(i64.extend_i32_u(i32.and(at, 63)));
    const shifted = (from: Local<'i64'>, next: Local<'i64'>) =>
      i64.or(i64.shl(from, shift), i64.shr_u(i64.shr_u(next, 1), i64.sub(63, shift)));
    mantissa.set(i64.extend_i32_u(i32.or(i32.and(bits, 0x007fffff), 0x00800000)));
    // the fraction with 62 bits after the point, modulo 4
    product.set(i64.mul(mantissa, shifted(high, middle)));
    const tail = code.local('i64', i64.shr_u(shifted(middle, low), 32));
    product.set(i64.add(product, i64.shr_u(i64.mul(mantissa, tail), 32)));
    quarters.set(i64.shr_u(i64.add(product, 1n << 61n), 62));
    product.set(i64.sub(product, i64.shl(quarters, 62)));
    const fraction = f32.demote_f64(f64.mul(f64.convert_i64_s(product), Math.PI / 2 ** 63));
    r.set(f32x4.replace_lane(0, r, fraction));
    n.set(i32x4.replace_lane(0, n, i32.wrap_i64(quarters)));
    for (const vector of [rest, r, n]) vector.set(i32x4.shuffle([1, 2, 3, 0], vector, vector));
  });
  const sign = m.i.shr_s(x, 31);
  // both negated where x is negative; x - x spoils what is not finite
  return {
    r: m.add(m.xor(r, m.and(x, -0)), m.sub(x, x)),
    n: m.i.sub(m.xor(n, sign), sign),
  };
}

/** sin r, cos r on |r| ≤ π/4 */
function sinCos(m: Lanes, r: Vector): { sin: Vector; cos: Vector } {
  const z = m.mul(r, r);
  const sin = m.madd(m.mul(m.polynomial(z, SIN), z), r, r);
  const cos = m.madd(m.mul(m.polynomial(z, COS), z), z, m.nmadd(z, 0.5, 1));
  // The sign is that of r, also of -0.
  return { sin: m.or(sin, m.and(r, -0)), cos };
}

/** All ones where the lowest bit is set. */
function lowest(m: Lanes, n: Vector): Vector {
  return m.i.shr_s(m.i.shl(n, 31), 31);
}

/** sin(r + n π/2) */
function shiftedSin(m: Lanes, r: Vector, n: Vector): Vector {
  const { sin, cos } = sinCos(m, r);
  return m.xor(m.choose(lowest(m, n), cos, sin), m.and(m.i.shl(n, 30), -0));
}

export function sin(m: Lanes, x: Vector): Vector {
  const { r, n } = reduce(m, x);
  return shiftedSin(m, r, n);
}

export function cos(m: Lanes, x: Vector): Vector {
  const { r, n } = reduce(m, x);
  return shiftedSin(m, r, m.i.add(n, m.int(1)));
}

/** sin / cos, or -cos / sin a quarter turn on */
export function tan(m: Lanes, x: Vector): Vector {
  const { r, n } = reduce(m, x);
  const { sin, cos } = sinCos(m, r);
  const isOdd = lowest(m, n);
  return m.xor(m.div(m.choose(isOdd, cos, sin), m.choose(isOdd, sin, cos)), m.and(isOdd, -0));
}

/** (atan x - x) / x³ in x², on |x| ≤ 1 */
const ATAN = [
  -0.00179362274, 0.0109146107, -0.031177856, 0.0579576045, -0.08403451, 0.109521858, -0.142642424, 0.199985489,
  -0.333332986,
];
/** (asin x - x) / x³ in x², on |x| ≤ 1/2 */
const ASIN = [0.0421663038, 0.0241795164, 0.0454703756, 0.0749529749, 0.166667521];

/** a + a³ P(a²) */
function odd(m: Lanes, a: Vector, coefficients: readonly number[]): Vector {
  const z = m.mul(a, a);
  return m.madd(m.mul(m.polynomial(z, coefficients), z), a, a);
}

/** The angle of (x, y): the arc tangent of the lesser over the greater, then by reflections. */
export function atan2(m: Lanes, y: Vector, x: Vector): Vector {
  const [a, b] = [m.abs(y), m.abs(x)];
  const isSteep = m.gt(a, b);
  const top = m.pmin(a, b);
  const bottom = m.pmax(a, b);
  // Of two equal ones, 0 or Infinity among them, the ratio is 0 or 1.
  const equal = m.eq(a, b);
  const ratio = m.choose(m.and(equal, m.eq(a, Number.POSITIVE_INFINITY)), 1, m.div(top, m.pmax(bottom, 2 ** -149)));
  const angle = odd(m, ratio, ATAN);
  const acute = m.choose(isSteep, m.sub(Math.PI / 2, angle), angle);
  const isLeft = m.i.shr_s(x, 31);
  const full = m.choose(isLeft, m.sub(Math.PI, acute), acute);
  return m.or(m.withSign(full, y), m.or(m.ne(x, x), m.ne(y, y)));
}

/** atan x, by 1/x beyond 1 */
export function atan(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  const isSteep = m.gt(size, 1);
  const angle = odd(m, m.choose(isSteep, m.div(1, size), size), ATAN);
  return m.withSign(m.choose(isSteep, m.sub(Math.PI / 2, angle), angle), x);
}

/** asin a for a ≤ 1/2, and asin √((1 - a) / 2) beyond, with which asin a = π/2 - 2 asin √((1 - a) / 2) */
function arc(m: Lanes, x: Vector): { angle: Vector; isFar: Vector } {
  const size = m.abs(x);
  const isFar = m.gt(size, 0.5);
  const near = m.choose(isFar, m.sqrt(m.mul(m.sub(1, size), 0.5)), size);
  return { angle: odd(m, near, ASIN), isFar };
}

export function asin(m: Lanes, x: Vector): Vector {
  const { angle, isFar } = arc(m, x);
  return m.withSign(m.choose(isFar, m.nmadd(angle, 2, Math.PI / 2), angle), x);
}

export function acos(m: Lanes, x: Vector): Vector {
  const { angle, isFar } = arc(m, x);
  const twice = m.add(angle, angle);
  const far = m.choose(m.lt(x, 0), m.sub(Math.PI, twice), twice);
  return m.choose(isFar, far, m.sub(Math.PI / 2, m.withSign(angle, x)));
}
