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
const HALF_ERFCX = /* @__PURE__ */ ERFCX.map((c) => c / 2);

/** a² = square - lost, the rounding of the square being known, so that a power of it does not magnify that. */
function squareOf(m: Lanes, a: Vector): { square: Vector; lost: Vector } {
  if (m.features.fma) {
    const square = m.mul(a, a);
    return { square, lost: m.nmadd(a, a, square) };
  }
  // the square of a head of a is exact, and a² - h² = (a - h) (a + h)
  const head = m.and(a, m.int(-0x1000));
  return { square: m.mul(head, head), lost: m.mul(m.sub(head, a), m.add(a, head)) };
}

/** e^(-c a²) for c = 1 or 1/2, and 0 from |a| = √(88 / c) on, below 2⁻¹²⁶; a is not beyond that by much. */
function expOfSquare(m: Lanes, a: Vector, c: number): Vector {
  const { square, lost } = squareOf(m, a);
  const exponent = m.mul(square, -c);
  const whole = m.madd(exponent, Math.LOG2E, ROUND_TO_POWER);
  const r = m.madd(lost, c, reduced(m, exponent, m.sub(whole, ROUND_TO_POWER)));
  return m.mul(expNear(m, r), m.i.shl(whole, 23));
}

/** -|x|, but not below -√(88 / c), from where on the power is 0 */
const negated = (m: Lanes, x: Vector, c: number): Vector => m.pmax(m.or(x, -0), -Math.sqrt(88 / c));

/** e^(u²) erfc(u) for u = -a √c, a ≤ 0; or half of it, by halved coefficients */
function erfcx(m: Lanes, a: Vector, c: number, coefficients: readonly number[]): Vector {
  const t = m.div(1, m.madd(a, -Math.sqrt(c) / 2, 1));
  return m.mul(m.polynomial(m.sub(t, 0.5), coefficients), t);
}

/** 1 - erf x, with results below 2⁻¹²⁶ as 0 */
export function erfc(m: Lanes, x: Vector): Vector {
  const a = negated(m, x, 1);
  const tail = m.mul(erfcx(m, a, 1, ERFCX), expOfSquare(m, a, 1));
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

/** -|x| bounded, Φ of that, and its density times √(2π), e^(-x²/2) */
function normal(m: Lanes, x: Vector): { a: Vector; tail: Vector; density: Vector } {
  const a = negated(m, x, 0.5);
  const density = expOfSquare(m, a, 0.5);
  return { a, tail: m.mul(erfcx(m, a, 0.5, HALF_ERFCX), density), density };
}

/** x Φ(x) = max(x, 0) - |x| Φ(-|x|); NaN at -Infinity, where PyTorch multiplies it by 0 */
export function gelu(m: Lanes, x: Vector): Vector {
  const { a, tail } = normal(m, x);
  return m.or(m.madd(a, tail, m.pmax(x, 0)), m.eq(x, Number.NEGATIVE_INFINITY));
}

/** Φ(x) + x Φ'(x), of which -|x| Φ' is odd about 0 and 1 / 2: what is above 0 is 1 less its mirror image. */
export function geluSlope(m: Lanes, x: Vector): Vector {
  const { a, tail, density } = normal(m, x);
  const below = m.madd(m.mul(a, 1 / Math.sqrt(2 * Math.PI)), density, tail);
  return m.choose(m.lt(x, 0), below, m.sub(1, below));
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
