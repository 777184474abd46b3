/** Functions of two float32 operands for which float32 is too short, computed in float64 lanes. */

import { eachHalf } from './halves.ts';
import type { Lanes, Vector } from './lanes.ts';

/** log₂ m / s in s² for s = (m - 1) / (m + 1), m in [√½, √2] */
const LOG2 = [0.3407319250918184, 0.411672629621477, 0.5770835862511067, 0.9617966733369182, 2.8853900817900846];
/** 2^r on |r| ≤ 1/2 */
const EXP2 = [
  0.00015345811743261168, 0.0013399931217118136, 0.009618488958076387, 0.055503287769708726, 0.24022646890625177,
  0.6931472057372635, 1.0000000005541667,
];
const SQRT_HALF_BITS = 0x3fe6a09e667f3bcdn;
const FRACTION = 0x000fffffffffffffn;
/** Added to an integral double, leaves the integer plus the bias of exponents in the low bits. */
const EXPONENT_MAGIC = 2 ** 52 + 2 ** 51 + 1023;
/** Beyond these powers of two a float32 is 0 or Infinity. */
const POWER_BOUND = 200;

/** log₂ a for normal a > 0, with a relative error of 2⁻³⁷ */
function log2(m: Lanes, a: Vector): Vector {
  const { i } = m;
  const offset = i.sub(a, m.int(SQRT_HALF_BITS));
  // the exponent as a double: biased so that it is positive, under the bits of 2^52
  const biased = i.shr_u(i.add(offset, m.int(1024n << 52n)), 52);
  const e = m.sub(m.or(biased, 2 ** 52), 2 ** 52 + 1024);
  const part = i.add(m.and(offset, m.int(FRACTION)), m.int(SQRT_HALF_BITS));
  const s = m.div(m.sub(part, 1), m.add(part, 1));
  return m.madd(m.polynomial(m.mul(s, s), LOG2), s, e);
}

/** x^y = 2^(y log₂ |x|), with the sign and the corners of C's pow. `m` has float32 lanes. */
export function pow(m: Lanes, x: Vector, y: Vector): Vector {
  const { code } = m;
  const size = m.abs(x);
  const result = eachHalf(m, [size, y], (d, [base, exponent]) => {
    const power = d.pmax(d.pmin(d.mul(exponent, log2(d, base)), POWER_BOUND), -POWER_BOUND);
    const n = d.nearest(power);
    return d.mul(d.polynomial(d.sub(power, n), EXP2), d.i.shl(d.add(n, EXPONENT_MAGIC), 52));
  });
  // What is not positive or not finite is rare, and is looked at only where it occurs.
  const infinity = Number.POSITIVE_INFINITY;
  const isPlain = m.and(m.and(m.gt(x, 0), m.lt(x, infinity)), m.lt(m.abs(y), infinity));
  m.whereAny(m.keep(code.v128.not(isPlain)), () => {
    const isInfinite = m.eq(m.abs(y), infinity);
    const isEnd = m.or(m.or(m.eq(size, 0), m.eq(size, infinity)), isInfinite);
    const grows = m.xor(m.gt(size, 1), m.lt(y, 0));
    result.set(m.choose(isEnd, m.and(grows, infinity), result));
    const isWhole = m.eq(m.trunc(y), y);
    const half = m.mul(y, 0.5);
    const isOdd = m.and(isWhole, m.ne(m.trunc(half), half));
    result.set(m.or(result, m.and(m.and(x, isOdd), -0)));
    // a root of what is negative and finite
    const isRoot = m.andnot(m.and(m.lt(x, 0), m.gt(x, -infinity)), isWhole);
    result.set(m.or(result, m.or(isRoot, m.or(m.ne(x, x), m.ne(y, y)))));
    const isUnit = m.and(m.eq(size, 1), isInfinite);
    result.set(m.choose(m.or(m.or(m.eq(y, 0), m.eq(x, 1)), isUnit), 1, result));
  });
  return result;
}

/** Quotients below this, times a float32, are exact in a double; of larger ones only as many high bits are taken. */
const EXACT_QUOTIENT = 2 ** 29;

/** x less trunc(x / y) y, exactly: each turn takes 29 bits off the quotient, so that all but the far apart are done in one. */
export function fmod(m: Lanes, x: Vector, y: Vector): Vector {
  const { code } = m;
  const rest = code.local('v128', x);
  const divisor = m.abs(y);
  code.loop((again) => {
    const quotient = m.trunc(m.div(rest, divisor));
    const high = m.and(quotient, m.int(~0xffffffn));
    const taken = m.choose(m.lt(m.abs(quotient), EXACT_QUOTIENT), quotient, high);
    rest.set(m.nmadd(taken, divisor, rest));
    const isLeft = m.and(m.ge(m.abs(rest), divisor), m.lt(m.abs(rest), Number.POSITIVE_INFINITY));
    code.br_if(again, code.v128.any_true(isLeft));
  });
  // A quotient that was rounded up leaves what is below 0.
  const isOver = m.lt(m.mul(rest, m.choose(m.lt(x, 0), -1, 1)), 0);
  rest.set(m.choose(isOver, m.sub(divisor, m.abs(rest)), rest));
  rest.set(m.choose(m.lt(m.abs(x), divisor), x, rest));
  return m.withSign(m.abs(rest), x);
}

/** The same with the sign of y, as Python's. */
export function remainder(m: Lanes, x: Vector, y: Vector): Vector {
  const rest = fmod(m, x, y);
  const differs = m.and(m.ne(rest, 0), m.keep(m.code.v128.xor(m.lt(rest, 0), m.lt(y, 0))));
  return m.choose(differs, m.add(rest, y), rest);
}
