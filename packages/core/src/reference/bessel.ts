/**
 * Bessel functions of orders 0 and 1 in double precision. Modified ones (i0, i1): the power series, all of whose terms have one sign, up
 * to 20, where the asymptotic series (Abramowitz and Stegun, 9.7.1) has terms below 1e-17. Relative error of at most 2e-15.
 */

import { exp } from './exactMath.ts';

/** `I_order(x) / (x/2)^order` for |x| ≤ 20: Σ (x²/4)^k / (k! (k + order)!) */
function series(order: number, x: number): number {
  const t = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= t / (k * (k + order));
    sum += term;
  }
  return sum;
}

/** `e^-x I_order(x)` for x > 20 */
function asymptotic(order: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 30 && Math.abs(term) > 1e-17; k++) {
    term *= ((2 * k - 1) ** 2 - 4 * order * order) / (8 * k * x);
    sum += term;
  }
  return sum / Math.sqrt(2 * Math.PI * x);
}

const NEAR = 20;

export function i0e(x: number): number {
  const a = Math.abs(x);
  return a <= NEAR ? exp(-a) * series(0, a) : asymptotic(0, a);
}

export function i0(x: number): number {
  const a = Math.abs(x);
  return a <= NEAR ? series(0, a) : exp(a) * asymptotic(0, a);
}

export function i1e(x: number): number {
  const a = Math.abs(x);
  return a <= NEAR ? exp(-a) * (x / 2) * series(1, a) : Math.sign(x) * asymptotic(1, a);
}

export function i1(x: number): number {
  const a = Math.abs(x);
  return a <= NEAR ? (x / 2) * series(1, a) : Math.sign(x) * exp(a) * asymptotic(1, a);
}
