/**
 * The error function, its complement and its inverse, and gelu, on four float32. Polynomials by `tools/polynomials.py`;
 * `elementwise.test.ts` states the errors found.
 */

import { eachHalf } from './halves.ts';
import type { Lanes, Vector } from './lanes.ts';
import { exp2Near, expNear, log, ROUND_TO_POWER, reduced } from './vectorMath.ts';

/** erf(x) / x in x², on |x| ≤ 0.9 */
const ERF = [-0.000609037932, 0.00501196692, -0.0267789122, 0.112821408, -0.376125246, 1.12837911];
/** log₂ erfc a on a in [0.9, 4] */
const ERFC_LOG2 = [
  0.000285970509, -0.0044225676, 0.0321940469, -0.150204287, -0.918962238, -1.62706749, -0.00024013337,
];
/** e^(u²) erfc(u) / t in t - 1/2, t = 1 / (1 + u / 2), on u in [0, 10.1] */
const ERFCX = [
  -0.0590976588, 0.0483247042, 0.0953287035, -0.103000551, -0.171868056, 0.145740896, 0.558939219, 0.687160969,
  0.510791361,
];

/**
 * e^(-c a²) for a ≥ 0, and 0 below 2⁻¹²⁶. The square of a head of a is exact, so that its rounding is not magnified:
 * a² = h² + (a - h) (a + h).
 */
function expOfSquare(m: Lanes, a: Vector, c: number): Vector {
  // From here on the scale below is 0.
  const bounded = m.pmin(a, Math.sqrt(88 / c));
  const head = m.and(bounded, m.int(-0x1000));
  const square = m.mul(m.mul(head, head), -c);
  const rest = m.mul(m.mul(m.sub(bounded, head), m.add(bounded, head)), c);
  const whole = m.madd(square, Math.LOG2E, ROUND_TO_POWER);
  const r = m.sub(reduced(m, square, m.sub(whole, ROUND_TO_POWER)), rest);
  return m.mul(expNear(m, r), m.i.shl(whole, 23));
}

/** e^(u²) erfc(u) for u = a √c ≥ 0 */
function erfcx(m: Lanes, a: Vector, c: number): Vector {
  const t = m.div(1, m.madd(a, Math.sqrt(c) / 2, 1));
  return m.mul(m.polynomial(m.sub(t, 0.5), ERFCX), t);
}

/** 1 - erf x, with results below 2⁻¹²⁶ as 0 */
export function erfc(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  const tail = m.mul(erfcx(m, size, 1), expOfSquare(m, size, 1));
  return m.choose(m.lt(x, 0), m.sub(2, tail), tail);
}

/** x P(x²) up to 0.9, 1 - erfc beyond, of which only what is large compared with 2⁻²⁴ counts. From 4 on it is 1. */
export function erf(m: Lanes, x: Vector): Vector {
  const size = m.abs(x);
  const near = m.mul(m.polynomial(m.mul(x, x), ERF), size);
  const power = m.polynomial(m.pmin(size, 4), ERFC_LOG2);
  const whole = m.add(power, ROUND_TO_POWER);
  const r = m.sub(power, m.sub(whole, ROUND_TO_POWER));
  const far = m.sub(1, m.mul(exp2Near(m, r), m.i.shl(whole, 23)));
  return m.withSign(m.choose(m.gt(size, 0.9), far, near), x);
}

/** Φ(x), the share of a normal distribution below x, and e^(-x²/2), its density times √(2π) */
function normal(m: Lanes, x: Vector): { below: Vector; density: Vector } {
  const size = m.abs(x);
  const density = expOfSquare(m, size, 0.5);
  const tail = m.mul(m.mul(erfcx(m, size, 0.5), density), 0.5);
  return { below: m.choose(m.lt(x, 0), tail, m.sub(1, tail)), density };
}

/** x Φ(x) */
export function gelu(m: Lanes, x: Vector): Vector {
  return m.mul(x, normal(m, x).below);
}

/** Φ(x) + x Φ'(x) */
export function geluSlope(m: Lanes, x: Vector): Vector {
  const { below, density } = normal(m, x);
  return m.madd(m.mul(m.pmax(m.pmin(x, 20), -20), 1 / Math.sqrt(2 * Math.PI)), density, below);
}

const GELU_CUBIC = 0.044715;
const GELU_RATE = -2 * Math.sqrt(2 / Math.PI) * Math.LOG2E;

/**
 * 1 / (1 + e^-2u) with u = √(2/π) (x + 0.044715 x³), of which gelu's tanh form is x times, and e^-2u; its exponent is taken in
 * float64.
 */
function geluGate(m: Lanes, x: Vector): { gate: Vector; power: Vector } {
  const rough = m.mul(m.madd(m.mul(x, x), GELU_RATE * GELU_CUBIC, GELU_RATE), x);
  const whole = m.add(m.pmax(m.pmin(rough, 128), -126), ROUND_TO_POWER);
  const n = m.sub(whole, ROUND_TO_POWER);
  const [r] = eachHalf(m, [x, n], (d, [xd, nd]) => {
    const power = d.mul(d.madd(d.mul(xd, xd), GELU_RATE * GELU_CUBIC, GELU_RATE), xd);
    return [d.sub(d.pmax(d.pmin(power, 128), -126), nd)];
  });
  const power = m.mul(exp2Near(m, r), m.i.shl(whole, 23));
  return { gate: m.div(1, m.add(power, 1)), power };
}

/** The approximation of gelu by tanh: x (1 + tanh u) / 2 */
export function geluTanh(m: Lanes, x: Vector): Vector {
  return m.mul(x, geluGate(m, x).gate);
}

/** s + x s (1 - s) 2u' for s the gate */
export function geluTanhSlope(m: Lanes, x: Vector): Vector {
  const { gate, power } = geluGate(m, x);
  // 1 - gate, without the difference; where the power is infinite the gate is 0, and so is the term
  const rest = m.mul(m.pmin(power, 2 ** 126), gate);
  const bounded = m.pmax(m.pmin(x, 20), -20);
  const z = m.mul(bounded, bounded);
  const rate = 2 * Math.sqrt(2 / Math.PI);
  const twice = m.mul(m.madd(z, 3 * GELU_CUBIC * rate, rate), bounded);
  return m.madd(m.mul(twice, gate), rest, gate);
}

/** erfinv(x) / x in w - 2.5 and in √w - 3, w = -log(1 - x²) */
const ERFINV_CENTRAL = [
  -8.79101503e-9, 2.32326229e-8, 4.66170093e-7, -3.4627044e-6, -4.96334542e-6, 0.000218344445, -0.0012527419,
  -0.00417738687, 0.24664028, 1.50140941,
];
const ERFINV_TAIL = [
  -0.000181470838, 9.49165405e-5, 0.00132290681, -0.00366865541, 0.00575129827, -0.00762319798, 0.00943721738,
  1.00167406, 2.83297706,
];

/** The form is that of M. Giles, "Approximating the erfinv function", 2010. */
export function erfinv(m: Lanes, x: Vector): Vector {
  const w = m.neg(log(m, m.mul(m.sub(1, x), m.add(x, 1))));
  const near = m.polynomial(m.sub(w, 2.5), ERFINV_CENTRAL);
  const far = m.polynomial(m.sub(m.sqrt(w), 3), ERFINV_TAIL);
  const result = m.mul(m.choose(m.gt(w, 5), far, near), x);
  return m.choose(m.eq(m.abs(x), 1), m.mul(x, Number.POSITIVE_INFINITY), result);
}
