/**
 * The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P in double precision: the series of P where x < a + 1, a continued
 * fraction of Q (Lentz's method) beyond, and a series of Q where both are small ("Numerical Recipes", 6.2; Cephes).
 * Relative error of at most 3e-13 for a up to 1000.
 */

import { exp, expm1, log, log1p } from './exactMath.ts';
import { lgamma } from './special.ts';

const EULER = 0.5772156649015329;
const TINY = 1e-300;

/** x^a e^-x / Γ(a) without cancellation between large logarithms. */
function weight(a: number, x: number): number {
  if (a < 10) return exp(a * log(x) - x - lgamma(a));
  const d = (x - a) / a;
  const z = 1 / (a * a);
  const stirling = (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / a;
  const main = Math.abs(d) < 0.5 ? log1p(d) - d : log(x / a) - d;
  return exp(a * main - stirling) * Math.sqrt(a / (2 * Math.PI));
}

/** P by its series: weight / a · (1 + x/(a+1) + x²/((a+1)(a+2)) + …) */
function lowerSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return (weight(a, x) / a) * sum;
}

/** Q by its continued fraction: weight / (x + 1 - a - 1(1 - a)/(x + 3 - a - …)) */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let k = 1; k < 100000; k++) {
    const factor = -k * (k - a);
    b += 2;
    d = factor * d + b;
    if (d === 0) d = TINY;
    c = b + factor / c;
    if (c === 0) c = TINY;
    d = 1 / d;
    const step = c * d;
    h *= step;
    if (Math.abs(step - 1) < Number.EPSILON) break;
  }
  return weight(a, x) * h;
}

/** Q by a series for small a and x, where 1 - P would cancel. */
function upperSeries(a: number, x: number): number {
  let factor = 1;
  let sum = 0;
  for (let k = 1; k < 200; k++) {
    factor *= -x / k;
    const term = factor / (a + k);
    sum += term;
    if (Math.abs(term) <= Number.EPSILON * Math.abs(sum)) break;
  }
  const power = a * log(x) - (a < 1e-6 ? -EULER * a : lgamma(1 + a));
  return -expm1(power) - a * exp(power) * sum;
}

/** P(a, x); PyTorch's values at the ends. */
export function igamma(a: number, x: number): number {
  const end = ends(a, x);
  if (end !== null) return end;
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperFraction(a, x);
}

/** Q(a, x) = 1 - P(a, x), accurate where it is small. */
export function igammac(a: number, x: number): number {
  const end = ends(a, x);
  if (end !== null) return 1 - end;
  if (x < 1.1 && a < 1.1) return upperSeries(a, x);
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x);
}

/** P where no series is needed, in PyTorch's order. */
function ends(a: number, x: number): number | null {
  if (a < 0 || x < 0) return Number.NaN;
  if (a === 0) return x > 0 ? 1 : Number.NaN;
  if (x === 0) return 0;
  if (a === Infinity) return x === Infinity ? Number.NaN : 0;
  if (x === Infinity) return 1;
  return Number.isNaN(a + x) ? Number.NaN : null;
}
