/** What follows from the error function: erfcx, and the inverse of the normal distribution, in double precision. */

import { exp, log } from './exactMath.ts';
import { erfc, inverse, tailRatio } from './special.ts';

const SQRT_PI = 1.772453850905516;

/** `e^(x²)` with the rounding of the square not magnified: from a head of x whose square is exact. */
function expSquare(x: number): number {
  const head = Math.fround(x);
  return exp(head * head) * exp((x - head) * (x + head));
}

/** The scaled complementary error function, `e^(x²) erfc(x)`: no underflow for large x. Relative error of a few 1e-16. */
export function erfcx(x: number): number {
  if (x < 1.25) return x < -26.7 ? Infinity : expSquare(x) * erfc(x);
  if (x <= 28) return exp(tailRatio(x) - 0.5625) / x;
  // Asymptotic: 1 - s + 3s² - 3·5s³ + …
  const s = x > 1e8 ? 0 : 0.5 / (x * x);
  return (1 - s * (1 - 3 * s * (1 - 5 * s * (1 - 7 * s * (1 - 9 * s * (1 - 11 * s)))))) / (SQRT_PI * x);
}

/** From here on outward the tail of erfc is solved for its logarithm. */
const FAR = 1e-6;

/** The x with erfc(x) = c, for 0 < c ≤ 1. */
function erfcInverse(c: number): number {
  if (c >= FAR) return inverse(1 - c, c);
  // log erfc(x) = log(erfcx(x)) - x², whose slope is -2 / (√π erfcx(x))
  const target = log(c);
  let x = Math.sqrt(-target);
  for (let step = 0; step < 5; step++) {
    const scaled = erfcx(x);
    x += (log(scaled) - x * x - target) * 0.5 * SQRT_PI * scaled;
  }
  return x;
}

/** The x below which a standard normal variable lies with probability p; ∓Infinity at 0 and 1, NaN beyond. */
export function ndtri(p: number): number {
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (!(p > 0 && p < 1)) return Number.NaN;
  return p < 0.5 ? -Math.SQRT2 * erfcInverse(2 * p) : Math.SQRT2 * erfcInverse(2 * (1 - p));
}
