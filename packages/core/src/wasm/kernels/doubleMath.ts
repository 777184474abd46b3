/**
 * Transcendental functions in double lanes, for kernels that store float32: accurate to about 1e-12 where no other error is named,
 * so that what is stored is the rounded result but for ties that are nearly so. `runs.test.ts` sweeps them and states the errors
 * found.
 */

import type { Assembler, Local, Value } from '../assembler.ts';

type Vector = Local<'v128'>;

/** A number in both lanes, set before the loop: V8 makes a constant anew wherever it stands, which costs more than the arithmetic. */
export type Constants = (value: number) => Vector;

/** Coefficients from the highest power down, in x, by Horner's scheme. */
function polynomial(code: Assembler, k: Constants, x: Vector, coefficients: readonly number[]): Vector {
  const { f64x2 } = code;
  const sum = code.local('v128', k(coefficients[0]));
  for (const c of coefficients.slice(1)) sum.set(f64x2.add(f64x2.mul(sum, x), k(c)));
  return sum;
}

/** test ? a : b, lane by lane */
function choose(code: Assembler, test: Value<'v128'>, a: Vector | number, b: Vector): Value<'v128'> {
  const mask = code.local('v128', test);
  return code.v128.bitselect(typeof a === 'number' ? code.f64x2.const(a) : a, b, mask);
}

/** 1 / n! from n = 10 down to 0 */
const EXP = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => {
  let factorial = 1;
  for (let k = 2; k <= n; k++) factorial *= k;
  return 1 / factorial;
});
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** Beyond ±150, e^x is 0 or Infinity as a float32. */
const EXP_BOUND = 150;
/** Added to an integral double, leaves the integer plus 1023 in the low bits. */
const EXPONENT_MAGIC = 2 ** 52 + 2 ** 51 + 1023;

/** e^x: x = n ln 2 + r, e^r by its series up to r¹⁰ / 10!, 2^n by its exponent bits; 0 below -150, Infinity above 150. */
export function exp(code: Assembler, k: Constants, x: Vector): Value<'v128'> {
  const { f64x2, i64x2 } = code;
  const bounded = code.local('v128', f64x2.min(f64x2.max(x, k(-EXP_BOUND)), k(EXP_BOUND)));
  const n = code.local('v128', f64x2.nearest(f64x2.mul(bounded, k(Math.LOG2E))));
  const r = code.local('v128', f64x2.sub(f64x2.sub(bounded, f64x2.mul(n, k(LN2_HIGH))), f64x2.mul(n, k(LN2_LOW))));
  const p = polynomial(code, k, r, EXP);
  const power = code.local('v128', i64x2.shl(f64x2.add(n, k(EXPONENT_MAGIC)), 52));
  p.set(f64x2.mul(p, power));
  p.set(choose(code, f64x2.lt(x, k(-EXP_BOUND)), 0, p));
  return choose(code, f64x2.gt(x, k(EXP_BOUND)), Number.POSITIVE_INFINITY, p);
}

/** e^x - 1: by x + x²/2 + x³/6 up to 1e-4, where the difference would lose its digits. */
export function expm1(code: Assembler, k: Constants, x: Vector): Value<'v128'> {
  const { f64x2 } = code;
  const far = code.local('v128', exp(code, k, x));
  far.set(f64x2.sub(far, k(1)));
  const near = polynomial(code, k, x, [1 / 6, 1 / 2, 1]);
  near.set(f64x2.mul(near, x));
  return choose(code, f64x2.lt(f64x2.abs(x), k(1e-4)), near, far);
}

/** 2 / (2k + 1) from k = 8 down to 0: the series of 2 atanh(s) / s in s² */
const ATANH = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((k) => 2 / (2 * k + 1));

/** log(1 + x) for x ≥ 0: log u = e ln 2 + 2 atanh((m - 1) / (m + 1)), with u = 1 + x = 2^e m, and x / (u - 1) for its rounding. */
export function log1p(code: Assembler, k: Constants, x: Vector): Value<'v128'> {
  const { f64x2, i64x2, v128 } = code;
  const u = code.local('v128', f64x2.add(x, k(1)));
  // the exponent as a double: its bits under those of 2^52
  const e = code.local('v128', v128.or(i64x2.shr_u(u, 52), k(2 ** 52)));
  e.set(f64x2.sub(e, k(2 ** 52 + 1023)));
  const m = code.local('v128', v128.or(v128.and(u, i64x2.const(0x000fffffffffffffn)), k(1)));
  const high = code.local('v128', f64x2.gt(m, k(Math.SQRT2)));
  m.set(v128.bitselect(f64x2.mul(m, k(0.5)), m, high));
  e.set(f64x2.add(e, v128.and(high, k(1))));
  const s = code.local('v128', f64x2.div(f64x2.sub(m, k(1)), f64x2.add(m, k(1))));
  const z = code.local('v128', f64x2.mul(s, s));
  const sum = polynomial(code, k, z, ATANH);
  const log = code.local('v128', f64x2.add(f64x2.mul(sum, s), f64x2.mul(e, k(Math.LN2))));
  log.set(f64x2.div(f64x2.mul(log, x), f64x2.sub(u, k(1))));
  log.set(choose(code, f64x2.eq(u, k(1)), x, log));
  // Infinity and NaN pass through
  return choose(code, f64x2.lt(x, Number.POSITIVE_INFINITY), log, x);
}

const ERFC = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
  -1.26551223,
];

/**
 * 1 - erf(x), with a relative error of at most 1.2e-7 everywhere: t e^(-x² + P(t)) with t = 1 / (1 + |x| / 2).
 *
 * Source: Press et al., "Numerical Recipes in C", 1992, `erfcc`.
 */
export function erfc(code: Assembler, k: Constants, x: Vector): Value<'v128'> {
  const { f64x2 } = code;
  const z = code.local('v128', f64x2.abs(x));
  const t = code.local('v128', f64x2.div(k(1), f64x2.add(f64x2.mul(z, k(0.5)), k(1))));
  const power = polynomial(code, k, t, ERFC);
  power.set(f64x2.sub(power, f64x2.mul(z, z)));
  const tail = code.local('v128', exp(code, k, power));
  tail.set(f64x2.mul(tail, t));
  const other = code.local('v128', f64x2.sub(k(2), tail));
  return choose(code, f64x2.lt(x, 0), other, tail);
}

/** 2/√π (-1)^k / (k! (2k + 1)) from k = 10 down to 0 */
const ERF = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((k) => {
  let factorial = 1;
  for (let i = 2; i <= k; i++) factorial *= i;
  return ((2 / Math.sqrt(Math.PI)) * (k % 2 === 0 ? 1 : -1)) / (factorial * (2 * k + 1));
});

/** erf(x): by its series up to 0.75, by `erfc` beyond. */
export function erf(code: Assembler, k: Constants, x: Vector): Value<'v128'> {
  const { f64x2 } = code;
  const z = code.local('v128', f64x2.mul(x, x));
  const near = polynomial(code, k, z, ERF);
  near.set(f64x2.mul(near, x));
  const far = code.local('v128', erfc(code, k, x));
  far.set(f64x2.sub(k(1), far));
  return choose(code, f64x2.lt(f64x2.abs(x), k(0.75)), near, far);
}
