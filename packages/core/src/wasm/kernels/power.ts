/** Functions of two float32 operands for which float32 is too short, computed in float64 lanes. */

import { eachHalf } from './halves.ts';
import type { Lanes, Vector } from './lanes.ts';
import { exp2Near, isOdd, LEAST_NORMAL, product, scaled, split } from './vectorMath.ts';

/** log₂ m / s in s² for s = (m - 1) / (m + 1), m in [√½, √2] */
const LOG2 = [0.3407319250918184, 0.411672629621477, 0.5770835862511067, 0.9617966733369182, 2.8853900817900846];
/** Beyond these powers of two a float32 is 0 or Infinity. */
const POWER_BOUND = 160;

/**
 * x^y = 2^(y log₂ |x|), with the sign and the corners of C's pow. The logarithm is taken in float64, with a relative error of 2⁻³⁷,
 * since y magnifies its error; of the power, n + r with a whole n, r is small enough for float32 again.
 */
export function pow(m: Lanes, x: Vector, y: Vector): Vector {
  const { code } = m;
  const size = m.abs(x);
  const infinity = Number.POSITIVE_INFINITY;
  // What is not positive, finite and normal is looked at only where it occurs.
  const rare = m.or(isOdd(m, x), m.keep(code.v128.not(m.lt(m.abs(y), infinity))));
  const near = code.local('v128', size);
  const shift = code.local('v128', code.i32x4.const(0));
  m.whereAny(rare, () => {
    const isDenormal = m.lt(size, LEAST_NORMAL);
    near.set(m.choose(isDenormal, m.mul(size, 2 ** 23), size));
    shift.set(m.and(isDenormal, -23));
  });
  const { e, t } = split(m, near);
  const [n, r] = eachHalf(m, [m.add(e, shift), t, y], (d, [exponent, fraction, by]) => {
    const s = d.div(fraction, d.add(fraction, 2));
    const log = d.madd(d.polynomial(d.mul(s, s), LOG2), s, exponent);
    const power = d.mul(by, log);
    const whole = d.nearest(power);
    return [whole, d.sub(power, whole)];
  });
  const result = product(
    m,
    scaled(m, m.pmax(m.pmin(n, POWER_BOUND), -POWER_BOUND), 1, () => exp2Near(m, r)),
  );
  m.whereAny(rare, () => {
    const isInfinite = m.eq(m.abs(y), infinity);
    const isEnd = m.or(m.or(m.eq(size, 0), m.eq(size, infinity)), isInfinite);
    const grows = m.xor(m.gt(size, 1), m.lt(y, 0));
    result.set(m.choose(isEnd, m.and(grows, infinity), result));
    const isWhole = m.eq(m.trunc(y), y);
    const half = m.mul(y, 0.5);
    const isOddPower = m.and(isWhole, m.ne(m.trunc(half), half));
    result.set(m.or(result, m.and(m.and(x, isOddPower), -0)));
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
