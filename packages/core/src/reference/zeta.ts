/** Hurwitz' zeta function in double precision. */

import * as exact from './exactMath.ts';

/** (2k)! / B₂ₖ, the divisors of the Euler-Maclaurin correction. */
const DIVISORS = [
  12, -720, 30240, -1209600, 47900160, -1892437580.3183792, 74724249600, -2950130727918.164, 116467828143500.67,
  -4597978722407473, 181521054019435460, -7166165256175667000,
];

/** C's pow: 1 to any power is 1. */
const pow = (x: number, y: number): number => (x === 1 ? 1 : exact.pow(x, y));

/**
 * Σ (k + q)^-x over k ≥ 0, for x > 1: Infinity at q = 0, -1, …; NaN for a power of a negative number that is not real.
 *
 * Method: the first terms, then Euler and Maclaurin's formula, as in Cephes. Relative error of at most 2e-15.
 */
export function zeta(x: number, q: number): number {
  if (x === 1) return Infinity;
  if (x < 1) return Number.NaN;
  if (q <= 0) {
    if (q === Math.floor(q)) return Infinity;
    if (x !== Math.floor(x)) return Number.NaN;
  }
  let a = q;
  let b = pow(q, -x);
  let sum = b;
  for (let i = 0; i < 9 || a <= 9; i++) {
    a += 1;
    b = pow(a, -x);
    sum += b;
    if (Math.abs(b) < Number.EPSILON * Math.abs(sum)) return sum;
  }
  sum += (b * a) / (x - 1) - 0.5 * b;
  let factor = 1;
  let k = 0;
  for (const divisor of DIVISORS) {
    factor *= x + k;
    b /= a;
    const term = (factor * b) / divisor;
    sum += term;
    if (Math.abs(term) < Number.EPSILON * Math.abs(sum)) break;
    factor *= x + k + 1;
    b /= a;
    k += 2;
  }
  return sum;
}
