/**
 * The elementwise functions that have kernels: what each does to lanes, for which dtypes, and how far from the exact result it may
 * be. Kernels, their tests and benchmarks follow from this table.
 */

import { erf, erfc, erfinv, gelu, geluSlope, geluTanh, geluTanhSlope } from './gauss.ts';
import type { Lanes, Vector } from './lanes.ts';
import { fmod, pow, remainder } from './power.ts';
import { acos, asin, atan, atan2, cos, sin, tan } from './trigonometry.ts';
import {
  acosh,
  asinh,
  atanh,
  cosh,
  exp,
  exp2,
  expm1,
  log,
  log1p,
  log2,
  log10,
  mish,
  sigmoid,
  silu,
  siluSlope,
  sinh,
  softplusOfMinus,
  tanh,
} from './vectorMath.ts';

type Body = (m: Lanes, x: readonly Vector[], p: readonly Vector[]) => Vector;

export interface Elementwise {
  readonly operands: 1 | 2 | 3;
  /**
   * - `own`: float32 and float64, in lanes of their own
   * - `whole`: these, and int32
   * - `single`: float32 alone
   * - `fused`: float32 and float64; float32 with a fused multiply-add, or where there is none in float64 lanes, rounded once, which has
   *   the bits of the reference loops, too, but where the sum in double precision lies between two float32 to its last bit
   * - `wide`: float32 alone, in float64 lanes
   */
  readonly lanes: 'own' | 'whole' | 'single' | 'fused' | 'wide';
  /** The greatest error, in units of the last place; 0 for the bits of the reference. */
  readonly ulp: number;
  /** Results below this may be 0. */
  readonly least?: number;
  readonly body: Body;
}

type Kind = Elementwise['lanes'];

const entry =
  (operands: 1 | 2 | 3) =>
  (lanes: Kind, ulp: number, body: Body): Elementwise => ({ operands, lanes, ulp, body });
const unary = entry(1);
const binary = entry(2);
const ternary = entry(3);

/** A function of float32 in a file of its own. */
const single = (ulp: number, f: (m: Lanes, x: Vector) => Vector, least?: number): Elementwise => ({
  ...unary('single', ulp, (m, [x]) => f(m, x)),
  least,
});

/** The same in float64, too. */
const own = (ulp: number, f: (m: Lanes, x: Vector) => Vector): Elementwise => unary('own', ulp, (m, [x]) => f(m, x));

/** max(0, min(6, x + 3)) / 6, which is 1 exactly above 3; a NaN stays as it is. */
function hardsigmoid(m: Lanes, x: Vector): Vector {
  return m.mul(m.pmin(m.pmax(m.add(x, 3), 0), 6), 1 / 6);
}

/** x·y + z, rounded once, as PyTorch has it in single precision; in double precision the product is rounded by itself. */
function fused(m: Lanes, x: Vector, y: Vector, z: Vector): Vector {
  return m.shape === 'f64x2' ? m.add(m.mul(x, y), z) : m.madd(x, y, z);
}

/** The larger, or y of equals; NaN where either is. `max` itself takes an engine nine instructions, since it orders zeros by their sign. */
function larger(m: Lanes, x: Vector, y: Vector): Vector {
  return m.shape === 'i32x4' ? m.max(x, y) : m.choose(m.ne(x, x), x, m.pmax(y, x));
}

/** The lesser, in the same way. */
function lesser(m: Lanes, x: Vector, y: Vector): Vector {
  return m.shape === 'i32x4' ? m.min(x, y) : m.choose(m.ne(x, x), x, m.pmin(y, x));
}

export const functions = {
  // one operand
  neg: unary('whole', 0, (m, [x]) => m.neg(x)),
  abs: unary('whole', 0, (m, [x]) => m.abs(x)),
  /** 0 for NaN, as in PyTorch */
  sign: unary('own', 0, (m, [x]) => m.sub(m.and(m.gt(x, 0), 1), m.and(m.lt(x, 0), 1))),
  sqrt: unary('own', 0, (m, [x]) => m.sqrt(x)),
  rsqrt: unary('own', 1, (m, [x]) => m.div(1, m.sqrt(x))),
  reciprocal: unary('own', 0, (m, [x]) => m.div(1, x)),
  /** -0 and NaN stay as they are, as in PyTorch */
  relu: unary('own', 0, (m, [x]) => m.andnot(x, m.lt(x, 0))),
  floor: unary('own', 0, (m, [x]) => m.floor(x)),
  ceil: unary('own', 0, (m, [x]) => m.ceil(x)),
  trunc: unary('own', 0, (m, [x]) => m.trunc(x)),
  round: unary('own', 0, (m, [x]) => m.nearest(x)),
  hardsigmoid: unary('own', 2, (m, [x]) => hardsigmoid(m, x)),
  hardswish: unary('single', 2, (m, [x]) => m.mul(x, hardsigmoid(m, x))),
  exp: own(2, exp),
  exp2: single(2, exp2),
  expm1: single(2, expm1),
  log: own(2, log),
  log2: own(3, log2),
  log10: own(3, log10),
  log1p: own(2, log1p),
  sin: single(2, sin),
  cos: single(2, cos),
  tan: single(4, tan),
  asin: single(2, asin),
  acos: single(2, acos),
  atan: single(2, atan),
  sinh: single(3, sinh),
  cosh: own(2, cosh),
  tanh: own(2, tanh),
  asinh: own(4, asinh),
  acosh: own(4, acosh),
  atanh: own(4, atanh),
  sigmoid: own(2, sigmoid),
  logSigmoid: own(3, (m, x) => m.neg(m.sub(softplusOfMinus(m, x), m.pmin(x, 0)))),
  silu: own(3, silu),
  mish: single(4, mish),
  erf: single(2, erf),
  erfc: single(5, erfc, 2 ** -125),
  erfinv: single(5, erfinv),
  gelu: single(5, gelu, 2 ** -121),
  geluTanh: single(3, geluTanh, 2 ** -121),

  // one operand and parameters, which float32 lanes have as float32, as PyTorch does
  /** x ≤ 0 ? p1 p0 (e^(x p2) - 1) : p1 x */
  elu: unary('single', 4, (m, [x], [alpha, scale, inputScale]) => {
    const near = m.mul(m.mul(scale, alpha), expm1(m, m.mul(x, inputScale)));
    return m.choose(m.le(x, 0), near, m.mul(scale, x));
  }),
  /** log(1 + e^(p0 x)) / p0 with p0 x as a float32, and x itself where that is above p1 */
  softplus: unary('single', 4, (m, [x], [beta, threshold]) => {
    const scaled = m.mul(x, beta);
    const soft = m.div(m.add(m.pmax(scaled, 0), softplusOfMinus(m, scaled)), beta);
    return m.choose(m.gt(scaled, threshold), x, soft);
  }),
  /** x > 0 ? x : x p0 */
  leakyRelu: unary('own', 0, (m, [x], [slope]) => m.choose(m.gt(x, 0), x, m.mul(x, slope))),
  /** x clipped to [p0, p1]; NaN and what is on a bound stay as they are */
  hardtanh: unary('own', 0, (m, [x], [min, max]) => {
    const low = m.choose(m.gt(x, max), max, x);
    return m.choose(m.lt(x, min), min, low);
  }),
  /** min(max(x, p0), p1) for bounds that are numbers; a NaN and what is on a bound stay as they are */
  clamp: unary('own', 0, (m, [x], [min, max]) => m.pmin(m.pmax(x, min), max)),
  /** p0 for NaN, p1 for ∞ and p2 for -∞ */
  nanToNum: unary('own', 0, (m, [x], [nan, posinf, neginf]) => {
    const finite = m.choose(
      m.eq(x, Number.POSITIVE_INFINITY),
      posinf,
      m.choose(m.eq(x, Number.NEGATIVE_INFINITY), neginf, x),
    );
    return m.choose(m.ne(x, x), nan, finite);
  }),
  /** x ≤ p0 ? p1 : x */
  threshold: unary('own', 0, (m, [x], [at, value]) => m.choose(m.le(x, at), value, x)),
  /** x³ */
  cube: unary('own', 0, (m, [x]) => m.mul(m.mul(x, x), x)),
  /** x² */
  square: unary('own', 0, (m, [x]) => m.mul(x, x)),
  /** 0 where |x| ≤ p0 */
  hardshrink: unary('own', 0, (m, [x], [lambd]) => m.andnot(x, m.le(m.abs(x), lambd))),
  /** x moved towards 0 by p0, and 0 within it */
  softshrink: unary('own', 0, (m, [x], [lambd]) => {
    const near = m.choose(m.lt(x, m.neg(lambd)), m.add(x, lambd), m.mul(x, 0));
    return m.choose(m.gt(x, lambd), m.sub(x, lambd), near);
  }),

  // two operands
  add: binary('whole', 0, (m, [x, y]) => m.add(x, y)),
  sub: binary('whole', 0, (m, [x, y]) => m.sub(x, y)),
  mul: binary('whole', 0, (m, [x, y]) => m.mul(x, y)),
  div: binary('own', 0, (m, [x, y]) => m.div(x, y)),
  maximum: binary('whole', 0, (m, [x, y]) => larger(m, x, y)),
  minimum: binary('whole', 0, (m, [x, y]) => lesser(m, x, y)),
  pow: binary('single', 2, (m, [x, y]) => pow(m, x, y)),
  atan2: binary('single', 3, (m, [y, x]) => atan2(m, y, x)),
  fmod: binary('wide', 0, (m, [x, y]) => fmod(m, x, y)),
  remainder: binary('wide', 0, (m, [x, y]) => remainder(m, x, y)),
  /** x log y; 0 where x is, but NaN where y is */
  xlogy: binary('own', 3, (m, [x, y]) => m.choose(m.and(m.eq(x, 0), m.eq(y, y)), 0, m.mul(x, log(m, y)))),
  /** x > 0 ? x : x y */
  prelu: binary('own', 0, (m, [x, y]) => m.choose(m.gt(x, 0), x, m.mul(x, y))),
  /** x + p0 y */
  addScaled: binary('fused', 0, (m, [x, y], [alpha]) => fused(m, alpha, y, x)),

  // gradients, of `grad` and the operand or the result that the derivative needs
  /** grad where the operand is above 0; a NaN there lets the gradient through, as in PyTorch */
  reluBackward: binary('own', 0, (m, [grad, x]) => m.andnot(grad, m.le(x, 0))),
  /** y ≤ p0 ? 0 : grad */
  thresholdBackward: binary('own', 0, (m, [grad, x], [at]) => m.andnot(grad, m.le(x, at))),
  /** grad y (1 - y) */
  sigmoidBackward: binary('own', 3, (m, [grad, y]) => m.mul(m.mul(grad, m.sub(1, y)), y)),
  /** grad (1 - y²) */
  tanhBackward: binary('own', 3, (m, [grad, y]) => m.mul(grad, m.nmadd(y, y, 1))),
  /** grad s (1 + x (1 - s)), s = sigmoid x */
  siluBackward: binary('single', 6, (m, [grad, x]) => m.mul(grad, siluSlope(m, x))),
  geluBackward: binary('single', 6, (m, [grad, x]) => m.mul(grad, geluSlope(m, x))),
  geluTanhBackward: binary('single', 6, (m, [grad, x]) => m.mul(grad, geluTanhSlope(m, x))),
  /** x > 0 ? grad : grad p0 */
  leakyReluBackward: binary('own', 0, (m, [grad, x], [slope]) => m.choose(m.gt(x, 0), grad, m.mul(grad, slope))),
  /** x > 0 ? grad : grad w */
  preluBackward: ternary('own', 0, (m, [grad, x, w]) => m.choose(m.gt(x, 0), grad, m.mul(grad, w))),
  /** x > 0 ? 0 : grad x */
  preluWeightBackward: binary('own', 0, (m, [grad, x]) => m.andnot(m.mul(grad, x), m.gt(x, 0))),
  /** 0 unless p0 < x < p1 */
  hardtanhBackward: binary('own', 0, (m, [grad, x], [min, max]) => m.andnot(grad, m.or(m.le(x, min), m.ge(x, max)))),
  /** x ≤ 0 ? grad p2 p1 p0 e^(x p2) : grad p1 */
  eluBackward: binary('own', 4, (m, [grad, x], [alpha, scale, inputScale]) => {
    const slope = m.mul(m.mul(m.mul(inputScale, alpha), scale), exp(m, m.mul(m.pmin(x, 0), inputScale)));
    return m.mul(grad, m.choose(m.le(x, 0), slope, scale));
  }),
  /** grad sigmoid(p0 x), and grad where p0 x > p1 */
  softplusBackward: binary('single', 4, (m, [grad, x], [beta, threshold]) => {
    const scaled = m.mul(x, beta);
    return m.choose(m.gt(scaled, threshold), grad, m.mul(grad, sigmoid(m, scaled)));
  }),
  /** 0 below -3, grad above 3, grad (x / 3 + 1/2) between */
  hardswishBackward: binary('own', 3, (m, [grad, x]) => {
    const slope = m.add(m.div(x, 3), 0.5);
    return m.andnot(m.choose(m.le(x, 3), m.mul(grad, slope), grad), m.lt(x, -3));
  }),

  // three operands
  /** a + (p0 b) c */
  addcmul: ternary('fused', 0, (m, [a, b, c], [p]) => fused(m, m.round(m.mul(p, b)), c, a)),
  /** a + (p0 b) / c */
  addcdiv: ternary('own', 0, (m, [a, b, c], [p]) => m.add(a, m.div(m.mul(p, b), c))),
  /** from a to b by the share t, exact at both ends */
  lerp: ternary('fused', 0, (m, [a, b, t]) => {
    const difference = m.round(m.sub(b, a));
    const far = fused(m, m.neg(difference), m.round(m.sub(1, t)), b);
    return m.choose(m.lt(m.abs(t), 0.5), fused(m, t, difference, a), far);
  }),
} as const satisfies Readonly<Record<string, Elementwise>>;

export type FunctionName = keyof typeof functions;

/** The gradients of activations among them. */
export type GradientName = Extract<FunctionName, `${string}Backward`>;

export type KernelDType = 'float32' | 'float64' | 'int32';

/** True when a kernel for this function exists. */
export function hasFunction(name: string, dtype: string): name is FunctionName {
  if (!Object.hasOwn(functions, name)) return false;
  const { lanes } = functions[name as FunctionName] as Elementwise;
  if (dtype === 'float32') return true;
  if (dtype === 'float64') return lanes === 'own' || lanes === 'whole' || lanes === 'fused';
  return dtype === 'int32' && lanes === 'whole';
}
