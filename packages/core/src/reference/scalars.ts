/**
 * The scalar functions behind elementwise ops, in double precision, as PyTorch defines them at kinks, NaN and infinities.
 */

import type { Scalar1, Scalar2 } from './elementwise.ts';
import * as exact from './exactMath.ts';
import { digamma, erf, erfc, erfinv, lgamma } from './special.ts';

/** Half to even, as IEEE 754 and PyTorch round. */
export function roundHalfEven(x: number): number {
  const r = Math.round(x);
  if (Math.abs(x - Math.trunc(x)) !== 0.5) return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
  const even = 2 * Math.round(x / 2);
  return even === 0 && x < 0 ? -0 : even;
}

/** 1 / (1 + e^-x), computed from the side that cannot overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exact.exp(-x));
  const e = exact.exp(x);
  return e / (1 + e);
}

/** log(1 + e^x) without overflow or loss. */
function softplus1(x: number): number {
  return x > 0 ? x + exact.log1p(exact.exp(-x)) : exact.log1p(exact.exp(x));
}

const SQRT1_2 = Math.SQRT1_2;

/** Functions of one element and no parameter, by op name. */
export const unaryScalars = {
  neg: (x) => -x,
  abs: Math.abs,
  // NaN has no sign; PyTorch gives 0 for it, and +0 for both zeros.
  sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  exp: exact.exp,
  exp2: exact.exp2,
  expm1: exact.expm1,
  log: exact.log,
  log2: exact.log2,
  log10: exact.log10,
  log1p: exact.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  sin: exact.sin,
  cos: exact.cos,
  tan: exact.tan,
  asin: exact.asin,
  acos: exact.acos,
  atan: exact.atan,
  sinh: exact.sinh,
  cosh: exact.cosh,
  tanh: exact.tanh,
  asinh: exact.asinh,
  acosh: exact.acosh,
  atanh: exact.atanh,
  sigmoid,
  logSigmoid: (x) => Math.min(x, 0) - exact.log1p(exact.exp(-Math.abs(x))),
  // A NaN and a -0 come through.
  relu: (x) => (x < 0 ? 0 : x),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * exact.tanh(softplus1(x)),
  hardswish: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  hardsigmoid: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  erf,
  erfc,
  erfinv,
  lgamma,
  digamma,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  logicalNot: (x) => (x === 0 ? 1 : 0),
  isnan: (x) => (Number.isNaN(x) ? 1 : 0),
  isinf: (x) => (x === Infinity || x === -Infinity ? 1 : 0),
  isfinite: (x) => (Number.isFinite(x) ? 1 : 0),
} satisfies Record<string, Scalar1>;

export type UnaryScalarName = keyof typeof unaryScalars;

/** Functions of one element and parameters: called once with the parameters, then per element. */
export const parametricScalars = {
  gelu: (tanhForm: number): Scalar1 =>
    tanhForm !== 0
      ? (x) => 0.5 * x * (1 + exact.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))
      : (x) => 0.5 * x * erfc(-x * SQRT1_2),
  elu:
    (alpha: number, scale: number, inputScale: number): Scalar1 =>
    (x) =>
      x <= 0 ? scale * alpha * exact.expm1(x * inputScale) : scale * x,
  leakyRelu:
    (slope: number): Scalar1 =>
    (x) =>
      x > 0 ? x : x * slope,
  softplus:
    (beta: number, threshold: number): Scalar1 =>
    (x) =>
      x * beta > threshold ? x : exact.log1p(exact.exp(x * beta)) / beta,
  hardtanh:
    (min: number, max: number): Scalar1 =>
    (x) =>
      x < min ? min : x > max ? max : x,
  hardshrink:
    (lambd: number): Scalar1 =>
    (x) =>
      x >= -lambd && x <= lambd ? 0 : x,
  softshrink:
    (lambd: number): Scalar1 =>
    (x) =>
      x > lambd ? x - lambd : x < -lambd ? x + lambd : x * 0,
  threshold:
    (threshold: number, value: number): Scalar1 =>
    (x) =>
      x <= threshold ? value : x,
  // A NaN bound makes all NaN; a NaN element, and a zero beside a bound that is one, stay; where the bounds cross, the upper one wins.
  clamp: (min: number, max: number): Scalar1 => {
    if (Number.isNaN(min) || Number.isNaN(max)) return () => Number.NaN;
    return (x) => {
      const raised = x < min ? min : x;
      return raised > max ? max : raised;
    };
  },
  nanToNum:
    (nan: number, posinf: number, neginf: number): Scalar1 =>
    (x) =>
      Number.isNaN(x) ? nan : x === Infinity ? posinf : x === -Infinity ? neginf : x,
} satisfies Record<string, (...parameters: number[]) => Scalar1>;

export type ParametricName = keyof typeof parametricScalars;

/** Functions of two elements, by op name. Comparisons give 1 and 0. */
export const binaryScalars = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  divTrunc: (x, y) => Math.trunc(x / y),
  divFloor: floorDivide,
  pow: power,
  // NaN in either operand comes through, as in PyTorch's maximum and minimum.
  maximum: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x > y ? x : y),
  minimum: (x, y) => (Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : x < y ? x : y),
  atan2: exact.atan2,
  remainder: (x, y) => {
    const r = x % y;
    return r !== 0 && r < 0 !== y < 0 ? r + y : r;
  },
  fmod: (x, y) => x % y,
  xlogy: (x, y) => (Number.isNaN(y) ? y : x === 0 ? 0 : x * exact.log(y)),
  eq: (x, y) => (x === y ? 1 : 0),
  ne: (x, y) => (x !== y ? 1 : 0),
  lt: (x, y) => (x < y ? 1 : 0),
  le: (x, y) => (x <= y ? 1 : 0),
  gt: (x, y) => (x > y ? 1 : 0),
  ge: (x, y) => (x >= y ? 1 : 0),
  logicalAnd: (x, y) => (x !== 0 && y !== 0 ? 1 : 0),
  logicalOr: (x, y) => (x !== 0 || y !== 0 ? 1 : 0),
  logicalXor: (x, y) => ((x !== 0) !== (y !== 0) ? 1 : 0),
} satisfies Record<string, Scalar2>;

export type BinaryScalarName = keyof typeof binaryScalars;

/** C's `pow`: unlike JavaScript's `**`, 1 to any power is 1, and so is -1 to ±Infinity. */
function power(x: number, y: number): number {
  if (x === 1) return 1;
  if (x === -1 && (y === Infinity || y === -Infinity)) return 1;
  return exact.pow(x, y);
}

/** Power of integers modulo 2^32; a negative power of anything but ±1 is 0, as in PyTorch. */
export function integerPower(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  for (let base = x, e = y; e > 0; e >>>= 1) {
    if (e & 1) result = Math.imul(result, base);
    base = Math.imul(base, base);
  }
  return result;
}

/** Python's `//`, as PyTorch computes it: from the exact remainder, so that 1 // 0.1 is 9. */
function floorDivide(x: number, y: number): number {
  if (y === 0) return x / y;
  const mod = x % y;
  let div = (x - mod) / y;
  if (mod !== 0 && y < 0 !== mod < 0) div -= 1;
  if (div !== 0) {
    const floor = Math.floor(div);
    return div - floor > 0.5 ? floor + 1 : floor;
  }
  return Object.is(x / y, -0) || x / y < 0 ? -0 : 0;
}
