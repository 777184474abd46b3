/**
 * Elementwise ops: arithmetic, functions, activations, comparisons, `where`. Each broadcasts its operands, promotes their
 * dtypes as PyTorch does, and returns a new contiguous tensor; the forms in `_` write into their first operand.
 */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { canCast, checkDType, isFloating, resultType } from '../dtype.ts';
import { DTypeError, ShapeError, show, ValueError } from '../errors.ts';
import {
  castNumber,
  runAddScaled,
  runBinary,
  runCopy,
  runCube,
  runFill,
  runParametric,
  runReluBackward,
  runScalar2,
  runTernary,
  runThresholdBackward,
  runUnary,
  runWhere,
} from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes, formatShape, sameShape } from '../layout.ts';
import { named } from '../options.ts';
import { unary } from '../reference/elementwise.ts';
import { binaryInt64, unaryInt64 } from '../reference/int64.ts';
import type { BinaryScalarName, ParametricName, UnaryScalarName } from '../reference/scalars.ts';
import type { Tensor } from '../tensor.ts';
import { scalarTensor } from './create.ts';
import type { ElementwiseOps, Operand } from './list.ts';

// ------------------------------------------------------------------------------------------------------------ helpers

type DTypeRule = (op: string, dtype: DType) => DType;

/** Integers and booleans become the default float. */
const toFloat: DTypeRule = (_, dtype) => (isFloating(dtype) ? dtype : 'float32');
const same: DTypeRule = (_, dtype) => dtype;
const toBool: DTypeRule = () => 'bool';
const notBool: DTypeRule = (op, dtype) => {
  if (dtype !== 'bool') return dtype;
  throw new DTypeError('is not defined for bool tensors; use logicalNot, or cast with .to() first', {
    op,
    operands: { dtype },
  });
};
const onlyFloat: DTypeRule = (op, dtype) => {
  if (isFloating(dtype)) return dtype;
  throw new DTypeError(`is not defined for ${dtype} tensors; cast with .to('float32') first`, {
    op,
    operands: { dtype },
  });
};

/** @throws ValueError when several elements of a tensor to be written to are one place in memory, as after `expand` */
function checkOverlap(op: string, self: Tensor): void {
  for (let d = 0; d < self.shape.length; d++) {
    if (self.strides[d] === 0 && self.shape[d] > 1) {
      throw new ValueError(
        'more than one element of the written-to tensor refers to a single memory location; clone() it first',
        { op: `${op}_`, operands: { shape: self.shape, strides: self.strides } },
      );
    }
  }
}

/** @throws DTypeError when an in-place op would store a result of a higher category */
function checkInPlace(op: string, result: DType, self: Tensor): void {
  checkOverlap(op, self);
  if (!canCast(result, self.dtype)) {
    throw new DTypeError(`result type ${result} can't be cast to the desired output type ${self.dtype}`, {
      op: `${op}_`,
      operands: { result, self: self.dtype },
    });
  }
}

/** @throws ShapeError when the broadcast shape is not that of `self`, which cannot stretch in place */
function checkInPlaceShape(op: string, shape: Shape, self: Tensor): void {
  if (!sameShape(shape, self.shape)) {
    throw new ShapeError(
      `output with shape ${formatShape(self.shape)} doesn't match the broadcast shape ${formatShape(shape)}`,
      { op: `${op}_`, operands: { self: self.shape, shape } },
    );
  }
}

/** An input that can be read while `self` is written: itself, or a copy where both share memory under other layouts. */
function readable(input: Operand, self: Tensor): Operand {
  if (typeof input === 'number' || input === self || input.storage.root !== self.storage.root) return input;
  const aligned = input.offset === self.offset && sameShape(input.strides, self.strides);
  return aligned && sameShape(input.shape, self.shape) ? input : cloneForward(input);
}

/** @throws DTypeError when a plain argument is neither a tensor nor a number */
export function operand(op: string, name: string, value: unknown): Operand {
  if (isTensor(value)) return value;
  if (typeof value === 'number') return value;
  // As a 0-d tensor, so that it promotes as a bool and not as an integer.
  if (typeof value === 'boolean') return scalarTensor(Number(value), 'bool');
  if (typeof value === 'bigint') return Number(value);
  throw new DTypeError(`${name} must be a tensor or a number, but got ${describe(value)}`, {
    op,
    operands: { [name]: value },
  });
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array; make a tensor of it with tensor()';
  return typeof value;
}

/** The dtype of an arithmetic result. */
export function commonDType(a: Operand, b: Operand): DType {
  if (typeof a === 'number') return typeof b === 'number' ? resultType(a, b) : withNumber(b, a);
  if (typeof b === 'number') return withNumber(a, b);
  return a.dtype === b.dtype ? a.dtype : resultType(a, b);
}

function withNumber(a: Tensor, value: number): DType {
  return isFloating(a.dtype) ? a.dtype : resultType(a, value);
}

function commonShape(op: string, a: Operand, b: Operand): Shape {
  if (typeof a === 'number') return typeof b === 'number' ? [] : b.shape;
  if (typeof b === 'number') return a.shape;
  return broadcastShapes(op, a.shape, b.shape);
}

interface UnaryPair {
  (self: Tensor): Tensor;
  /** The form that writes into `self`. */
  readonly inPlace: (self: Tensor) => Tensor;
}

/** An op of one operand and no parameter. */
function unaryOp(op: UnaryScalarName & keyof ElementwiseOps, rule: DTypeRule): UnaryPair {
  const forward = (self: Tensor): Tensor => {
    const out = allocate(self.shape, rule(op, self.dtype));
    runUnary(op, self, out);
    return out;
  };
  const run = (self: Tensor): Tensor => dispatch(op, forward as never, [self] as never) as Tensor;
  const inPlace = (self: Tensor): Tensor => {
    checkInPlace(op, rule(op, self.dtype), self);
    return dispatchInPlace(op, [self] as never, self, () => runUnary(op, self, self));
  };
  return Object.assign(run, { inPlace });
}

/** The in-place form of an op whose forward makes a new tensor: computed aside, then copied, so nothing is half written. */
function writeBack(op: string, self: Tensor, compute: () => Tensor): () => void {
  return () => {
    const result = compute();
    checkInPlace(op, result.dtype, self);
    checkInPlaceShape(op, result.shape, self);
    runCopy(result, self);
  };
}

type BinaryRule = (op: string, a: Operand, b: Operand) => { compute: DType; out: DType };

const arithmetic: BinaryRule = (_, a, b) => {
  const dtype = commonDType(a, b);
  return { compute: dtype, out: dtype };
};
const trueDivision: BinaryRule = (op, a, b) => {
  const dtype = toFloat(op, commonDType(a, b));
  return { compute: dtype, out: dtype };
};
const comparison: BinaryRule = (_, a, b) => ({ compute: commonDType(a, b), out: 'bool' });

type BinaryOpName = BinaryScalarName & keyof ElementwiseOps;

interface BinaryPair {
  (self: Operand, other: Operand): Tensor;
  readonly inPlace: (self: Tensor, other: Operand) => Tensor;
}

function binaryOp(op: BinaryOpName, rule: BinaryRule): BinaryPair {
  const forward = (a: Operand, b: Operand): Tensor => {
    const dtypes = rule(op, a, b);
    const out = allocate(commonShape(op, a, b), dtypes.out);
    runBinary(op, a, b, out, dtypes.compute);
    return out;
  };
  const run = (self: Operand, other: Operand): Tensor =>
    dispatch(op, forward as never, [operand(op, 'self', self), operand(op, 'other', other)] as never) as Tensor;
  const inPlace = (self: Tensor, other: Operand): Tensor => {
    const b = operand(op, 'other', other);
    const dtypes = rule(op, self, b);
    checkInPlace(op, dtypes.out, self);
    checkInPlaceShape(op, commonShape(op, self, b), self);
    return dispatchInPlace(op, [self, b] as never, self, () =>
      runBinary(op, self, readable(b, self), self, dtypes.compute),
    );
  };
  return Object.assign(run, { inPlace });
}

// ------------------------------------------------------------------------------------------------- one operand, by name

/** `-x`. */
export const neg = unaryOp('neg', notBool);
/** `|x|`. The gradient at 0 is 0. */
export const abs = unaryOp('abs', notBool);
/** -1, 0 or 1. */
export const sign = unaryOp('sign', same);
/** `e^x`. */
export const exp = unaryOp('exp', toFloat);
/** `2^x`. */
export const exp2 = unaryOp('exp2', toFloat);
/** `e^x - 1`, accurate near 0. */
export const expm1 = unaryOp('expm1', toFloat);
/** Natural logarithm. */
export const log = unaryOp('log', toFloat);
/** Logarithm to base 2. */
export const log2 = unaryOp('log2', toFloat);
/** Logarithm to base 10. */
export const log10 = unaryOp('log10', toFloat);
/** `log(1 + x)`, accurate near 0. */
export const log1p = unaryOp('log1p', toFloat);
/** Square root. */
export const sqrt = unaryOp('sqrt', toFloat);
/** `1 / √x`. */
export const rsqrt = unaryOp('rsqrt', toFloat);
/** `1 / x`. */
export const reciprocal = unaryOp('reciprocal', toFloat);
/** Sine of an angle in radians. */
export const sin = unaryOp('sin', toFloat);
/** Cosine of an angle in radians. */
export const cos = unaryOp('cos', toFloat);
/** Tangent of an angle in radians. */
export const tan = unaryOp('tan', toFloat);
/** Inverse sine, in radians. */
export const asin = unaryOp('asin', toFloat);
/** Inverse cosine, in radians. */
export const acos = unaryOp('acos', toFloat);
/** Inverse tangent, in radians. */
export const atan = unaryOp('atan', toFloat);
/** Hyperbolic sine. */
export const sinh = unaryOp('sinh', toFloat);
/** Hyperbolic cosine. */
export const cosh = unaryOp('cosh', toFloat);
/** Hyperbolic tangent. */
export const tanh = unaryOp('tanh', toFloat);
/** Inverse hyperbolic sine. */
export const asinh = unaryOp('asinh', toFloat);
/** Inverse hyperbolic cosine. */
export const acosh = unaryOp('acosh', toFloat);
/** Inverse hyperbolic tangent. */
export const atanh = unaryOp('atanh', toFloat);
/** `1 / (1 + e^-x)`. */
export const sigmoid = unaryOp('sigmoid', toFloat);
/** `log(sigmoid(x))`, without overflow. */
export const logSigmoid = unaryOp('logSigmoid', onlyFloat);
/** `max(x, 0)`. The gradient at 0 is 0. */
export const relu = unaryOp('relu', notBool);
/** `x * sigmoid(x)`, also called swish. */
export const silu = unaryOp('silu', onlyFloat);
/** `x * tanh(softplus(x))`. */
export const mish = unaryOp('mish', onlyFloat);
/** `x * min(max(x + 3, 0), 6) / 6`. */
export const hardswish = unaryOp('hardswish', onlyFloat);
/** `min(max(x + 3, 0), 6) / 6`. */
export const hardsigmoid = unaryOp('hardsigmoid', onlyFloat);
/** The error function. */
export const erf = unaryOp('erf', toFloat);
/** `1 - erf(x)`, accurate for large x. */
export const erfc = unaryOp('erfc', toFloat);
/** The inverse of `erf`. */
export const erfinv = unaryOp('erfinv', toFloat);
/** `log|Γ(x)|`. */
export const lgamma = unaryOp('lgamma', toFloat);
/** `d/dx log Γ(x)`. */
export const digamma = unaryOp('digamma', toFloat);
/** Largest integer at most x. */
export const floor = unaryOp('floor', notBool);
/** Smallest integer at least x. */
export const ceil = unaryOp('ceil', notBool);
/** Nearest integer, halves to even. */
export const round = unaryOp('round', notBool);
/** The integer part. */
export const trunc = unaryOp('trunc', notBool);
/** True where x is 0. */
export const logicalNot = unaryOp('logicalNot', toBool);
/** True where x is NaN. */
export const isnan = unaryOp('isnan', toBool);
/** True where x is ±Infinity. */
export const isinf = unaryOp('isinf', toBool);
/** True where x is neither NaN nor ±Infinity. */
export const isfinite = unaryOp('isfinite', toBool);

/** Bits inverted; of a bool, its negation. Not defined for floats. */
export function bitwiseNot(self: Tensor): Tensor {
  return dispatch('bitwiseNot', bitwiseNotForward, [self]);
}

function bitwiseNotForward(self: Tensor): Tensor {
  checkIntegral('bitwiseNot', self.dtype);
  const out = allocate(self.shape, self.dtype);
  if (self.dtype === 'bool') runUnary('logicalNot', self, out);
  else if (!unaryInt64('bitwiseNot', self, out)) unary((x) => ~x, self, out);
  return out;
}

function checkIntegral(op: string, dtype: DType): void {
  if (isFloating(dtype)) {
    throw new DTypeError(`is only defined for integers and bools, but got ${dtype}`, { op, operands: { dtype } });
  }
}

// ------------------------------------------------------------------------------------------ one operand and parameters

function parametric(op: ParametricName, self: Tensor, rule: DTypeRule, parameters: number[]): Tensor {
  const out = allocate(self.shape, rule(op, self.dtype));
  runParametric(op, self, out, ...parameters);
  return out;
}

const geluForward: ElementwiseOps['gelu'] = (self, approximate) =>
  parametric('gelu', self, onlyFloat, [approximate === 'tanh' ? 1 : 0]);
const eluForward: ElementwiseOps['elu'] = (self, ...p) => parametric('elu', self, onlyFloat, p);
const leakyReluForward: ElementwiseOps['leakyRelu'] = (self, slope) =>
  parametric('leakyRelu', self, onlyFloat, [slope]);
const softplusForward: ElementwiseOps['softplus'] = (self, ...p) => parametric('softplus', self, onlyFloat, p);
const hardtanhForward: ElementwiseOps['hardtanh'] = (self, min, max) => {
  if (self.dtype === 'uint8' && (min < 0 || max < 0)) {
    throw new DTypeError(`cannot clip uint8 to negative limits, but got [${min}, ${max}]`, { op: 'hardtanh' });
  }
  return parametric('hardtanh', self, notBool, [min, max]);
};
const hardshrinkForward: ElementwiseOps['hardshrink'] = (self, lambd) =>
  parametric('hardshrink', self, onlyFloat, [lambd]);
const softshrinkForward: ElementwiseOps['softshrink'] = (self, lambd) =>
  parametric('softshrink', self, onlyFloat, [lambd]);
const thresholdForward: ElementwiseOps['threshold'] = (self, ...p) => parametric('threshold', self, notBool, p);
const clampForward: ElementwiseOps['clamp'] = (self, min, max) => {
  const dtype = clampDType(self.dtype, min, max);
  return parametric('clamp', self, () => dtype, [
    min === null ? -Infinity : castNumber(min, dtype),
    max === null ? Infinity : castNumber(max, dtype),
  ]);
};
const nanToNumForward: ElementwiseOps['nanToNum'] = (self, nan, posinf, neginf) => {
  const largest = self.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
  return parametric('nanToNum', self, same, [nan, posinf ?? largest, neginf ?? -largest]);
};

/** Integers clamped by fractions or infinities become floats. */
function clampDType(dtype: DType, min: number | null, max: number | null): DType {
  for (const bound of [min, max]) if (bound !== null) dtype = resultType({ dtype, ndim: 1 }, bound);
  return dtype;
}

/**
 * Gaussian error linear unit, `x Φ(x)`.
 *
 * @param approximate `'none'` for the exact form (default), `'tanh'` for `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))`
 * Source: Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016.
 */
export function gelu(self: Tensor, approximate?: 'none' | 'tanh' | { approximate?: 'none' | 'tanh' }): Tensor {
  const [form = 'none'] = named<['none' | 'tanh']>('gelu', ['approximate'], [approximate]);
  if (form !== 'none' && form !== 'tanh') {
    throw new ValueError(`approximate must be 'none' or 'tanh', but got ${show(form)}`, { op: 'gelu' });
  }
  return dispatch('gelu', geluForward, [self, form]);
}

/** `x > 0 ? x : alpha (e^x - 1)`; alpha is 1 by default. */
export function elu(self: Tensor, alpha: number | { alpha?: number } = 1): Tensor {
  const [a = 1] = named<[number]>('elu', ['alpha'], [alpha]);
  return dispatch('elu', eluForward, [self, a, 1, 1]);
}

/** `max(0, x) + min(0, alpha (e^(x/alpha) - 1))`. */
export function celu(self: Tensor, alpha: number | { alpha?: number } = 1): Tensor {
  const [a = 1] = named<[number]>('celu', ['alpha'], [alpha]);
  if (a === 0) throw new ValueError('alpha cannot be 0', { op: 'celu' });
  return dispatch('elu', eluForward, [self, a, 1, 1 / a]);
}

/** Constants of Klambauer et al., "Self-Normalizing Neural Networks", 2017. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Scaled elu: `1.0507 (x > 0 ? x : 1.6733 (e^x - 1))`. */
export function selu(self: Tensor): Tensor {
  return dispatch('elu', eluForward, [self, SELU_ALPHA, SELU_SCALE, 1]);
}

/** `x > 0 ? x : negativeSlope x`; the slope is 0.01 by default. */
export function leakyRelu(self: Tensor, negativeSlope: number | { negativeSlope?: number } = 0.01): Tensor {
  const [slope = 0.01] = named<[number]>('leakyRelu', ['negativeSlope'], [negativeSlope]);
  return dispatch('leakyRelu', leakyReluForward, [self, slope]);
}

export interface SoftplusOptions {
  readonly beta?: number;
  readonly threshold?: number;
}

/** `log(1 + e^(beta x)) / beta`, and x itself where `beta x > threshold`. Defaults: beta 1, threshold 20. */
export function softplus(self: Tensor, beta?: number | SoftplusOptions, threshold?: number | SoftplusOptions): Tensor {
  const [b = 1, t = 20] = named<[number, number]>('softplus', ['beta', 'threshold'], [beta, threshold]);
  return dispatch('softplus', softplusForward, [self, b, t]);
}

export interface HardtanhOptions {
  readonly minVal?: number;
  readonly maxVal?: number;
}

/** x clipped to `[minVal, maxVal]`, by default [-1, 1]. */
export function hardtanh(self: Tensor, minVal?: number | HardtanhOptions, maxVal?: number | HardtanhOptions): Tensor {
  const [min = -1, max = 1] = named<[number, number]>('hardtanh', ['minVal', 'maxVal'], [minVal, maxVal]);
  return dispatch('hardtanh', hardtanhForward, [self, min, max]);
}

/** x clipped to [0, 6]. */
export function relu6(self: Tensor): Tensor {
  return dispatch('hardtanh', hardtanhForward, [self, 0, 6]);
}

/** 0 where `|x| ≤ lambd` (0.5 by default), x elsewhere. */
export function hardshrink(self: Tensor, lambd: number | { lambd?: number } = 0.5): Tensor {
  const [l = 0.5] = named<[number]>('hardshrink', ['lambd'], [lambd]);
  return dispatch('hardshrink', hardshrinkForward, [self, l]);
}

/** x moved towards 0 by `lambd` (0.5 by default), and 0 within it. */
export function softshrink(self: Tensor, lambd: number | { lambd?: number } = 0.5): Tensor {
  const [l = 0.5] = named<[number]>('softshrink', ['lambd'], [lambd]);
  if (!(l >= 0)) throw new ValueError(`lambd must be at least 0, but got ${l}`, { op: 'softshrink' });
  return dispatch('softshrink', softshrinkForward, [self, l]);
}

export interface ThresholdOptions {
  readonly threshold?: number;
  readonly value?: number;
}

/** `x > threshold ? x : value`. */
export function threshold(
  self: Tensor,
  threshold: number | ThresholdOptions,
  value?: number | ThresholdOptions,
): Tensor {
  const [t = 0, v = 0] = named<[number, number]>('threshold', ['threshold', 'value'], [threshold, value]);
  return dispatch('threshold', thresholdForward, [self, t, v]);
}

/** `x - tanh(x)`. */
export function tanhshrink(self: Tensor): Tensor {
  return sub(self, tanh(self));
}

/** `x / (1 + |x|)`. */
export function softsign(self: Tensor): Tensor {
  return div(self, add(abs(self), 1));
}

export interface ClampOptions {
  readonly min?: Tensor | number | null;
  readonly max?: Tensor | number | null;
}

/**
 * x with values below `min` raised to it and values above `max` lowered to it; either may be null or left out, or a tensor
 * that broadcasts. Where the bounds cross, `max` wins.
 *
 * @throws ValueError when both bounds are missing
 */
export function clamp(
  self: Tensor,
  min?: Tensor | number | null | ClampOptions,
  max?: Tensor | number | null | ClampOptions,
): Tensor {
  const [low, high] = clampBounds('clamp', min, max);
  if (isTensor(low) || isTensor(high)) {
    let result = self;
    if (low !== null) result = within(ge(result, low), result, low);
    if (high !== null) result = within(le(result, high), result, high);
    return result;
  }
  return dispatch('clamp', clampForward, [self, low, high]);
}

/** `self` where it keeps to the bound or is NaN, else the bound: on a tie the gradient is all self's, as PyTorch's. */
function within(keeps: Tensor, self: Tensor, bound: Operand): Tensor {
  return where(logicalOr(keeps, isnan(self)), self, bound);
}

/** `clamp` in place. */
export function clamp_(
  self: Tensor,
  min?: number | null | { min?: number | null; max?: number | null },
  max?: number | null | { max?: number | null },
): Tensor {
  const [low, high] = clampBounds('clamp_', min, max);
  if (isTensor(low) || isTensor(high)) return copy_(self, clamp(self, low, high));
  return dispatchInPlace(
    'clamp',
    [self, low, high],
    self,
    writeBack('clamp', self, () => clampForward(self, low, high)),
  );
}

function clampBounds(op: string, min: unknown, max: unknown): [Operand | null, Operand | null] {
  const [low = null, high = null] = named<[Operand | null, Operand | null]>(op, ['min', 'max'], [min, max]);
  if (low === null && high === null) throw new ValueError('at least one of min and max must be given', { op });
  return [low === null ? null : operand(op, 'min', low), high === null ? null : operand(op, 'max', high)];
}

export interface NanToNumOptions {
  readonly nan?: number | null;
  readonly posinf?: number | null;
  readonly neginf?: number | null;
}

/** NaN replaced by `nan` (0), infinities by the largest finite values of the dtype or by what is given. */
export function nanToNum(
  self: Tensor,
  nan?: number | null | NanToNumOptions,
  posinf?: number | null | NanToNumOptions,
  neginf?: number | null | NanToNumOptions,
): Tensor {
  const [n, p, m] = named<[number | null, number | null, number | null]>(
    'nanToNum',
    ['nan', 'posinf', 'neginf'],
    [nan, posinf, neginf],
  );
  return dispatch('nanToNum', nanToNumForward, [self, n ?? 0, p ?? null, m ?? null]);
}

/** `x²`. */
export function square(self: Tensor): Tensor {
  return pow(self, 2);
}

/** The part after the point: `x - trunc(x)`. */
export function frac(self: Tensor): Tensor {
  onlyFloat('frac', self.dtype);
  return sub(self, trunc(self));
}

/** Degrees to radians. */
export function deg2rad(self: Tensor): Tensor {
  return mul(self, Math.PI / 180);
}

/** Radians to degrees. */
export function rad2deg(self: Tensor): Tensor {
  return mul(self, 180 / Math.PI);
}

// --------------------------------------------------------------------------------------------------------- two operands

export interface AlphaOptions {
  /** Multiplier of `other`; 1 by default. */
  readonly alpha?: number;
}

const addForward: ElementwiseOps['add'] = (a, b, alpha) => {
  const dtype = commonDType(a, b);
  const out = allocate(commonShape('add', a, b), dtype);
  writeAdd('add', a, b, alpha, out, dtype);
  return out;
};

const subForward: ElementwiseOps['sub'] = (a, b, alpha) => {
  const dtype = subDType(a, b);
  const out = allocate(commonShape('sub', a, b), dtype);
  writeAdd('sub', a, b, alpha, out, dtype);
  return out;
};

function subDType(a: Operand, b: Operand): DType {
  for (const value of [a, b]) {
    if (typeof value !== 'number' && value.dtype === 'bool') {
      throw new DTypeError('is not defined with a bool tensor; use logicalXor, or logicalNot to invert a mask', {
        op: 'sub',
      });
    }
  }
  return commonDType(a, b);
}

function writeAdd(op: 'add' | 'sub', a: Operand, b: Operand, alpha: number, out: Tensor, dtype: DType): void {
  if (alpha === 1) runBinary(op, a, b, out, dtype);
  else runAddScaled(a, b, op === 'add' ? alpha : -alpha, out, dtype);
}

function checkAlpha(op: string, alpha: unknown, dtype: DType): number {
  if (alpha === undefined) return 1;
  const [value = 1] = named<[number]>(op, ['alpha'], [alpha]);
  if (typeof value !== 'number' || (!isFloating(dtype) && !Number.isInteger(value))) {
    throw new DTypeError(`alpha must be a number, and an integer for ${dtype} results, but got ${String(value)}`, {
      op,
      operands: { alpha: value },
    });
  }
  return value;
}

/**
 * `self + alpha * other`, broadcast.
 *
 * @example
 * add(tensor([1, 2]), 10); // tensor([11., 12.])
 */
export function add(self: Operand, other: Operand, options?: AlphaOptions): Tensor {
  const a = operand('add', 'self', self);
  const b = operand('add', 'other', other);
  return dispatch('add', addForward, [a, b, options === undefined ? 1 : checkAlpha('add', options, commonDType(a, b))]);
}

/** `add` in place. */
export function add_(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return addInPlace('add', self, other, options);
}

/** `self - alpha * other`, broadcast. */
export function sub(self: Operand, other: Operand, options?: AlphaOptions): Tensor {
  const a = operand('sub', 'self', self);
  const b = operand('sub', 'other', other);
  return dispatch('sub', subForward, [a, b, options === undefined ? 1 : checkAlpha('sub', options, commonDType(a, b))]);
}

/** `sub` in place. */
export function sub_(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return addInPlace('sub', self, other, options);
}

function addInPlace(op: 'add' | 'sub', self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  const b = operand(op, 'other', other);
  const dtype = op === 'sub' ? subDType(self, b) : commonDType(self, b);
  const alpha = checkAlpha(op, options, dtype);
  checkInPlace(op, dtype, self);
  checkInPlaceShape(op, commonShape(op, self, b), self);
  return dispatchInPlace(op, [self, b, alpha], self, () => writeAdd(op, self, readable(b, self), alpha, self, dtype));
}

/** `other - self`, as PyTorch's `rsub`. */
export function rsub(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return sub(other, self, options);
}

/** `self * other`, broadcast. */
export const mul = binaryOp('mul', arithmetic);

const divOp = binaryOp('div', trueDivision);

export interface DivOptions {
  /** null (default) for true division; `'trunc'` rounds towards 0, `'floor'` down. */
  readonly roundingMode?: 'trunc' | 'floor' | null;
}

const divRoundedForward: ElementwiseOps['divRounded'] = (a, b, mode) => {
  const dtype = notBool('div', commonDType(a, b));
  checkIntegerDivisor('div', b, dtype);
  const out = allocate(commonShape('div', a, b), dtype);
  runBinary(mode === 'trunc' ? 'divTrunc' : 'divFloor', a, b, out, dtype);
  return out;
};

/** @throws ValueError when an integer division meets a zero divisor */
function checkIntegerDivisor(op: string, divisor: Operand, dtype: DType): void {
  if (isFloating(dtype)) return;
  const zero = typeof divisor === 'number' ? divisor === 0 : hasZero(divisor);
  if (zero) throw new ValueError('integer division by zero', { op, operands: { dtype } });
}

function hasZero(divisor: Tensor): boolean {
  let found = false;
  unary(
    (x) => {
      if (x === 0) found = true;
      return 0;
    },
    divisor,
    allocate(divisor.shape, 'bool'),
  );
  return found;
}

/**
 * `self / other`, broadcast; integers divide to floats unless a rounding mode is given.
 *
 * @throws ValueError for an integer division by zero
 */
export function div(self: Operand, other: Operand, options?: DivOptions): Tensor {
  const mode = roundingMode(options);
  if (mode === null) return divOp(self, other);
  return dispatch('divRounded', divRoundedForward, [
    operand('div', 'self', self),
    operand('div', 'other', other),
    mode,
  ]);
}

function roundingMode(options: DivOptions | undefined): 'trunc' | 'floor' | null {
  if (options === undefined) return null;
  const [mode = null] = named<['trunc' | 'floor' | null]>('div', ['roundingMode'], [options]);
  if (mode !== null && mode !== 'trunc' && mode !== 'floor') {
    throw new ValueError(`roundingMode must be null, 'trunc' or 'floor', but got ${show(mode)}`, {
      op: 'div',
    });
  }
  return mode;
}

/** `div` in place. */
export function div_(self: Tensor, other: Operand, options?: DivOptions): Tensor {
  const mode = roundingMode(options);
  if (mode === null) return divOp.inPlace(self, other);
  const b = operand('div', 'other', other);
  return dispatchInPlace(
    'divRounded',
    [self, b, mode],
    self,
    writeBack('div', self, () => divRoundedForward(self, b, mode)),
  );
}

/** `floor(self / other)`. */
export function floorDivide(self: Operand, other: Operand): Tensor {
  return div(self, other, { roundingMode: 'floor' });
}

const powForward: ElementwiseOps['pow'] = (a, b) => {
  const dtype = notBool('pow', commonDType(a, b));
  if (!isFloating(dtype) && typeof b === 'number' && b < 0) {
    throw new ValueError(`integers to negative integer powers are not allowed, but got exponent ${b}`, { op: 'pow' });
  }
  const out = allocate(commonShape('pow', a, b), dtype);
  writePow(a, b, out, dtype);
  return out;
};

function writePow(a: Operand, b: Operand, out: Tensor, dtype: DType): void {
  // The exponents that networks use need no pow.
  if (b === 2) runBinary('mul', a, a, out, dtype);
  else if (b === 3 && isFloating(dtype) && typeof a !== 'number') runCube(a, out);
  else if (b === -1 && isFloating(dtype) && typeof a !== 'number') runUnary('reciprocal', a, out);
  else if (b === 0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('sqrt', a, out);
  else if (b === -0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('rsqrt', a, out);
  else runBinary('pow', a, b, out, dtype);
}

/** `self ^ exponent`, broadcast. */
export function pow(self: Operand, exponent: Operand): Tensor {
  return dispatch('pow', powForward, [operand('pow', 'self', self), operand('pow', 'exponent', exponent)]);
}

/** `pow` in place. */
export function pow_(self: Tensor, exponent: Operand): Tensor {
  const b = operand('pow', 'exponent', exponent);
  return dispatchInPlace(
    'pow',
    [self, b],
    self,
    writeBack('pow', self, () => powForward(self, b)),
  );
}

/** The larger of each pair; NaN where either is NaN. */
export const maximum = binaryOp('maximum', arithmetic);
/** The smaller of each pair; NaN where either is NaN. */
export const minimum = binaryOp('minimum', arithmetic);
/** Angle of the point (other, self), in radians. */
export const atan2 = binaryOp('atan2', trueDivision);
/** `x log(y)`, 0 where x is 0. */
export const xlogy = binaryOp('xlogy', trueDivision);

const remainderOp = binaryOp('remainder', arithmetic);
const fmodOp = binaryOp('fmod', arithmetic);

/** Remainder with the sign of the divisor, as Python's `%`. */
export function remainder(self: Operand, other: Operand): Tensor {
  const divisor = operand('remainder', 'other', other);
  checkIntegerDivisor('remainder', divisor, notBool('remainder', commonDType(self, divisor)));
  return remainderOp(self, divisor);
}

/** Remainder with the sign of the dividend, as C's `fmod`. */
export function fmod(self: Operand, other: Operand): Tensor {
  const divisor = operand('fmod', 'other', other);
  checkIntegerDivisor('fmod', divisor, notBool('fmod', commonDType(self, divisor)));
  return fmodOp(self, divisor);
}

/** Where equal. */
export const eq = binaryOp('eq', comparison);
/** Where not equal. */
export const ne = binaryOp('ne', comparison);
/** Where less. */
export const lt = binaryOp('lt', comparison);
/** Where less or equal. */
export const le = binaryOp('le', comparison);
/** Where greater. */
export const gt = binaryOp('gt', comparison);
/** Where greater or equal. */
export const ge = binaryOp('ge', comparison);
/** Where both are not 0. */
export const logicalAnd = binaryOp('logicalAnd', comparison);
/** Where at least one is not 0. */
export const logicalOr = binaryOp('logicalOr', comparison);
/** Where exactly one is not 0. */
export const logicalXor = binaryOp('logicalXor', comparison);

type BitwiseName = 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor';

const BITS: Record<BitwiseName, (x: number, y: number) => number> = {
  bitwiseAnd: (x, y) => x & y,
  bitwiseOr: (x, y) => x | y,
  bitwiseXor: (x, y) => x ^ y,
};

function bitwiseForward(op: BitwiseName): (a: Operand, b: Operand) => Tensor {
  return (a, b) => {
    const dtype = commonDType(a, b);
    checkIntegral(op, dtype);
    const out = allocate(commonShape(op, a, b), dtype);
    if (dtype !== 'int64' || !binaryInt64(op, a, b, out)) runScalar2(BITS[op], a, b, out, dtype);
    return out;
  };
}

const bitwiseAndForward = bitwiseForward('bitwiseAnd');
const bitwiseOrForward = bitwiseForward('bitwiseOr');
const bitwiseXorForward = bitwiseForward('bitwiseXor');

function bitwise(op: BitwiseName, forward: (a: Operand, b: Operand) => Tensor, self: Operand, other: Operand): Tensor {
  return dispatch(op, forward, [operand(op, 'self', self), operand(op, 'other', other)]);
}

/** Bits set in both. */
export function bitwiseAnd(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseAnd', bitwiseAndForward, self, other);
}

/** Bits set in either. */
export function bitwiseOr(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseOr', bitwiseOrForward, self, other);
}

/** Bits set in one but not in both. */
export function bitwiseXor(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseXor', bitwiseXorForward, self, other);
}

const thresholdBackwardForward: ElementwiseOps['thresholdBackward'] = (grad, self, threshold) => {
  const out = allocate(broadcastShapes('thresholdBackward', grad.shape, self.shape), grad.dtype);
  if (threshold === 0) runReluBackward(grad, self, out);
  else runThresholdBackward(grad, self, threshold, out);
  return out;
};

/** The gradient of `relu` and `threshold`: `grad` where `self > threshold`, else 0. */
export function thresholdBackward(grad: Tensor, self: Tensor, threshold: number): Tensor {
  return dispatch('thresholdBackward', thresholdBackwardForward, [grad, self, threshold]);
}

// ------------------------------------------------------------------------------------------------------- three operands

const whereForward: ElementwiseOps['where'] = (condition, a, b) => {
  const dtype = commonDType(a, b);
  const shape = broadcastShapes('where', condition.shape, commonShape('where', a, b));
  const out = allocate(shape, dtype);
  runWhere(condition, asTensor(a, dtype), asTensor(b, dtype), out);
  return out;
};

function asTensor(value: Operand, dtype: DType): Tensor {
  return typeof value === 'number' ? scalarTensor(castNumber(value, dtype), dtype) : value;
}

/**
 * `condition ? self : other`, element by element; all three broadcast.
 *
 * @throws DTypeError when the condition is not bool
 */
export function where(condition: Tensor, self: Operand, other: Operand): Tensor {
  if (condition.dtype !== 'bool') {
    throw new DTypeError(`expected condition to be a bool tensor, but got ${condition.dtype}`, {
      op: 'where',
      operands: { condition: condition.dtype },
    });
  }
  return dispatch('where', whereForward, [condition, operand('where', 'self', self), operand('where', 'other', other)]);
}

const lerpForward: ElementwiseOps['lerp'] = (self, end, weight) => {
  const shape = broadcastShapes('lerp', broadcastShapes('lerp', self.shape, end.shape), operandShape(weight));
  const out = allocate(shape, self.dtype);
  const w = asTensor(weight, self.dtype);
  // The form that is exact at both ends, as PyTorch's.
  const fn = (x: number, y: number, t: number): number => (Math.abs(t) < 0.5 ? x + t * (y - x) : y - (y - x) * (1 - t));
  runTernary('lerp', fn, [self, end, w], 0, out);
  return out;
};

function operandShape(value: Operand): Shape {
  return typeof value === 'number' ? [] : value.shape;
}

/** `self + weight * (end - self)`. */
export function lerp(self: Tensor, end: Tensor, weight: Operand): Tensor {
  checkSameDType('lerp', self, end);
  onlyFloat('lerp', self.dtype);
  return dispatch('lerp', lerpForward, [self, end, operand('lerp', 'weight', weight)]);
}

/** `lerp` in place. */
export function lerp_(self: Tensor, end: Tensor, weight: Operand): Tensor {
  checkSameDType('lerp', self, end);
  onlyFloat('lerp', self.dtype);
  const w = operand('lerp', 'weight', weight);
  return dispatchInPlace(
    'lerp',
    [self, end, w],
    self,
    writeBack('lerp', self, () => lerpForward(self, end, w)),
  );
}

function checkSameDType(op: string, a: Tensor, b: Tensor): void {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`expected the same dtype for both, but got ${a.dtype} and ${b.dtype}`, {
      op,
      operands: { self: a.dtype, other: b.dtype },
    });
  }
}

function addc(
  op: 'addcmul' | 'addcdiv',
  self: Tensor,
  tensor1: Tensor,
  tensor2: Tensor,
  value: number,
  fn: (x: number, y: number, z: number) => number,
): Tensor {
  const shape = broadcastShapes(op, self.shape, broadcastShapes(op, tensor1.shape, tensor2.shape));
  const out = allocate(shape, resultType(self, tensor1, tensor2));
  runTernary(op, fn, [self, tensor1, tensor2], value, out);
  return out;
}

const addcmulForward: ElementwiseOps['addcmul'] = (self, t1, t2, value) =>
  addc('addcmul', self, t1, t2, value, (x, y, z) => x + value * y * z);
const addcdivForward: ElementwiseOps['addcdiv'] = (self, t1, t2, value) => {
  onlyFloat('addcdiv', resultType(self, t1, t2));
  return addc('addcdiv', self, t1, t2, value, (x, y, z) => x + (value * y) / z);
};

export interface ValueOptions {
  /** Multiplier; 1 by default. */
  readonly value?: number;
}

function valueOption(op: string, options: ValueOptions | undefined): number {
  const [value = 1] = named<[number]>(op, ['value'], [options]);
  return value;
}

/** `self + value * tensor1 * tensor2`. */
export function addcmul(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  return dispatch('addcmul', addcmulForward, [self, tensor1, tensor2, valueOption('addcmul', options)]);
}

/** `addcmul` in place. */
export function addcmul_(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  const value = valueOption('addcmul', options);
  return dispatchInPlace(
    'addcmul',
    [self, tensor1, tensor2, value],
    self,
    writeBack('addcmul', self, () => addcmulForward(self, tensor1, tensor2, value)),
  );
}

/** `self + value * tensor1 / tensor2`. */
export function addcdiv(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  return dispatch('addcdiv', addcdivForward, [self, tensor1, tensor2, valueOption('addcdiv', options)]);
}

/** `addcdiv` in place. */
export function addcdiv_(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  const value = valueOption('addcdiv', options);
  return dispatchInPlace(
    'addcdiv',
    [self, tensor1, tensor2, value],
    self,
    writeBack('addcdiv', self, () => addcdivForward(self, tensor1, tensor2, value)),
  );
}

const maskedFillForward: ElementwiseOps['maskedFill'] = (self, mask, value) => {
  const out = allocate(broadcastShapes('maskedFill', self.shape, mask.shape), self.dtype);
  runWhere(mask, asTensor(value, self.dtype), self, out);
  return out;
};

function checkMask(op: string, mask: Tensor, value: Operand): void {
  if (mask.dtype !== 'bool') {
    throw new DTypeError(`expected the mask to be a bool tensor, but got ${mask.dtype}`, {
      op,
      operands: { mask: mask.dtype },
    });
  }
  if (typeof value !== 'number' && value.ndim > 0) {
    throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(value.shape)}`, {
      op,
      operands: { value: value.shape },
    });
  }
}

/** `self` with `value`, cast to its dtype, where `mask` is true. The mask broadcasts. */
export function maskedFill(self: Tensor, mask: Tensor, value: Operand): Tensor {
  const v = operand('maskedFill', 'value', value);
  checkMask('maskedFill', mask, v);
  return dispatch('maskedFill', maskedFillForward, [self, mask, v]);
}

/** `maskedFill` in place. */
export function maskedFill_(self: Tensor, mask: Tensor, value: Operand): Tensor {
  const v = operand('maskedFill', 'value', value);
  checkMask('maskedFill', mask, v);
  checkOverlap('maskedFill', self);
  checkInPlaceShape('maskedFill', broadcastShapes('maskedFill', self.shape, mask.shape), self);
  return dispatchInPlace('maskedFill', [self, mask, v], self, () => {
    const value = readable(asTensor(v, self.dtype), self) as Tensor;
    runWhere(readable(mask, self) as Tensor, value, self, self);
  });
}

// -------------------------------------------------------------------------------------------------------------- copies

function cloneForward(self: Tensor): Tensor {
  const out = allocate(self.shape, self.dtype);
  runCopy(self, out);
  return out;
}

/** A copy with storage of its own, contiguous. */
export function clone(self: Tensor): Tensor {
  return dispatch('clone', cloneForward, [self]);
}

/** `self` if it is contiguous already, else a contiguous copy. */
export function contiguous(self: Tensor): Tensor {
  return self.isContiguous() ? self : clone(self);
}

const toForward: ElementwiseOps['to'] = (self, dtype) => {
  const out = allocate(self.shape, dtype);
  runCopy(self, out);
  return out;
};

export interface ToOptions {
  readonly dtype?: DType;
  /** Copy even where the dtype is right already. Default false. */
  readonly copy?: boolean;
}

/**
 * `self` in another dtype: floats to integers truncate, to bool test against 0. Returns `self` itself when nothing changes
 * and `copy` is false.
 */
export function to(self: Tensor, dtype: DType | ToOptions, options?: ToOptions): Tensor {
  const [target = self.dtype, copy = false] = named<[DType, boolean]>('to', ['dtype', 'copy'], [dtype, options]);
  checkDType('to', target);
  if (target === self.dtype) return copy ? clone(self) : self;
  return dispatch('to', toForward, [self, target]);
}

/** Writes `src`, broadcast and cast, into `self`. */
export function copy_(self: Tensor, src: Tensor): Tensor {
  if (self === src) return self;
  checkOverlap('copy', self);
  checkInPlaceShape('copy', broadcastShapes('copy_', self.shape, src.shape), self);
  return dispatchInPlace('copy', [self, src], self, () => runCopy(readable(src, self) as Tensor, self));
}

/** Sets every element to `value`, a number or a 0-d tensor. */
export function fill_(self: Tensor, value: Operand): Tensor {
  const v = operand('fill_', 'value', value);
  if (typeof v !== 'number' && v.ndim > 0) {
    throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(v.shape)}`, {
      op: 'fill_',
      operands: { value: v.shape },
    });
  }
  return dispatchInPlace('fill', [self, v], self, () =>
    typeof v === 'number' ? runFill(self, v) : runCopy(readable(v, self) as Tensor, self),
  );
}

/** Sets every element to 0. */
export function zero_(self: Tensor): Tensor {
  return fill_(self, 0);
}
