/** Elementwise ops of one operand and parameters: activations, `clamp`, `nanToNum`. */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { isFloating, resultType } from '../dtype.ts';
import { DTypeError, ShapeError, show, ValueError } from '../errors.ts';
import { checkHolds } from '../holds.ts';
import { castNumber, runBinary, runParametric, runPrelu } from '../kernels.ts';
import { formatShape } from '../layout.ts';
import { named } from '../options.ts';
import type { ParametricName } from '../reference/scalars.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, ge, le, logicalOr, sub } from './binary.ts';
import { copy_ } from './copies.ts';
import type { ElementwiseOps, Operand } from './list.ts';
import { checkSameDType } from './places.ts';
import {
  checkInPlace,
  cloneForward,
  commonShape,
  type DTypeRule,
  notBool,
  onlyFloat,
  operand,
  same,
  writeBack,
} from './pointwise.ts';
import { checkTensor } from './tensors.ts';
import { where } from './ternary.ts';
import { abs, isnan, tanh } from './unary.ts';

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
  for (const bound of [min, max]) if (bound !== null) checkHolds('clamp', dtype, bound);
  if (dtype === 'int64') return clampInt64(self, min, max);
  return parametric('clamp', self, () => dtype, [
    min === null ? -Infinity : castNumber(min, dtype),
    max === null ? Infinity : castNumber(max, dtype),
  ]);
};
const nanToNumForward: ElementwiseOps['nanToNum'] = (self, nan, posinf, neginf) => {
  if (!isFloating(self.dtype)) return cloneForward(self);
  const largest = self.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38;
  return parametric('nanToNum', self, same, [nan, posinf ?? largest, neginf ?? -largest]);
};

/** Exact, as doubles would not be. */
function clampInt64(self: Tensor, min: number | null, max: number | null): Tensor {
  const out = cloneForward(self);
  if (min !== null) runBinary('maximum', out, min, out, 'int64');
  if (max !== null) runBinary('minimum', out, max, out, 'int64');
  return out;
}

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
  checkTensor('gelu', 'self', self);
  const [form = 'none'] = named<['none' | 'tanh']>('gelu', ['approximate'], [approximate]);
  if (form !== 'none' && form !== 'tanh') {
    throw new ValueError(`approximate must be 'none' or 'tanh', but got ${show(form)}`, { op: 'gelu' });
  }
  return dispatch('gelu', geluForward, [self, form]);
}

/** `x > 0 ? x : alpha (e^x - 1)`; alpha is 1 by default. */
export function elu(self: Tensor, alpha: number | { alpha?: number } = 1): Tensor {
  checkTensor('elu', 'self', self);
  const [a = 1] = named<[number]>('elu', ['alpha'], [alpha]);
  return dispatch('elu', eluForward, [self, a, 1, 1]);
}

/** `max(0, x) + min(0, alpha (e^(x/alpha) - 1))`. */
export function celu(self: Tensor, alpha: number | { alpha?: number } = 1): Tensor {
  checkTensor('celu', 'self', self);
  const [a = 1] = named<[number]>('celu', ['alpha'], [alpha]);
  if (a === 0) throw new ValueError('alpha cannot be 0', { op: 'celu' });
  return dispatch('elu', eluForward, [self, a, 1, 1 / a]);
}

/** Constants of Klambauer et al., "Self-Normalizing Neural Networks", 2017. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Scaled elu: `1.0507 (x > 0 ? x : 1.6733 (e^x - 1))`. */
export function selu(self: Tensor): Tensor {
  checkTensor('selu', 'self', self);
  return dispatch('elu', eluForward, [self, SELU_ALPHA, SELU_SCALE, 1]);
}

/** `x > 0 ? x : negativeSlope x`; the slope is 0.01 by default. */
export function leakyRelu(self: Tensor, negativeSlope: number | { negativeSlope?: number } = 0.01): Tensor {
  checkTensor('leakyRelu', 'self', self);
  const [slope = 0.01] = named<[number]>('leakyRelu', ['negativeSlope'], [negativeSlope]);
  return dispatch('leakyRelu', leakyReluForward, [self, slope]);
}

const preluForward: ElementwiseOps['prelu'] = (self, weight) => {
  const out = allocate(commonShape('prelu', self, weight), self.dtype);
  runPrelu(self, weight, out);
  return out;
};

/**
 * `x > 0 ? x : weight x`: a slope that is learnt.
 *
 * @param weight `[1]`, or `[C]` with one slope for each entry of the input's second dimension
 * @throws ShapeError for weights of another shape, DTypeError for one of another dtype
 *
 * @example
 * prelu(tensor([-2, 3]), tensor([0.25])); // tensor([-0.5000, 3.0000])
 * Source: He et al., "Delving Deep into Rectifiers", 2015.
 */
export function prelu(self: Tensor, weight: Tensor): Tensor {
  const op = 'prelu';
  checkTensor(op, 'input', self);
  checkTensor(op, 'weight', weight);
  onlyFloat(op, self.dtype);
  checkSameDType(op, 'weight', self, weight);
  const operands = { input: self.shape, weight: weight.shape };
  if (weight.ndim > 1) {
    throw new ShapeError(`Expected weight to be a scalar or 1D tensor, but got shape ${formatShape(weight.shape)}`, {
      op,
      operands,
    });
  }
  const slopes = weight.numel();
  if (slopes === 1) return dispatch('prelu', preluForward, [self, self.ndim === 0 ? weight.view([]) : weight]);
  const channels = self.ndim < 2 ? 1 : self.shape[1];
  if (channels !== slopes) {
    throw new ShapeError(
      `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${slopes} and channel size = ${channels}`,
      { op, operands },
    );
  }
  const shape = [slopes, ...new Array<number>(self.ndim - 2).fill(1)];
  return dispatch('prelu', preluForward, [self, weight.view(shape)]);
}

export interface SoftplusOptions {
  readonly beta?: number;
  readonly threshold?: number;
}

/** `log(1 + e^(beta x)) / beta`, and x itself where `beta x > threshold`. Defaults: beta 1, threshold 20. */
export function softplus(self: Tensor, beta?: number | SoftplusOptions, threshold?: number | SoftplusOptions): Tensor {
  checkTensor('softplus', 'self', self);
  const [b = 1, t = 20] = named<[number, number]>('softplus', ['beta', 'threshold'], [beta, threshold]);
  return dispatch('softplus', softplusForward, [self, b, t]);
}

export interface HardtanhOptions {
  readonly minVal?: number;
  readonly maxVal?: number;
}

/** x clipped to `[minVal, maxVal]`, by default [-1, 1]. */
export function hardtanh(self: Tensor, minVal?: number | HardtanhOptions, maxVal?: number | HardtanhOptions): Tensor {
  checkTensor('hardtanh', 'self', self);
  const [min = -1, max = 1] = named<[number, number]>('hardtanh', ['minVal', 'maxVal'], [minVal, maxVal]);
  return dispatch('hardtanh', hardtanhForward, [self, min, max]);
}

/** x clipped to [0, 6]. */
export function relu6(self: Tensor): Tensor {
  checkTensor('relu6', 'self', self);
  return dispatch('hardtanh', hardtanhForward, [self, 0, 6]);
}

/** 0 where `|x| ≤ lambd` (0.5 by default), x elsewhere. */
export function hardshrink(self: Tensor, lambd: number | { lambd?: number } = 0.5): Tensor {
  checkTensor('hardshrink', 'self', self);
  const [l = 0.5] = named<[number]>('hardshrink', ['lambd'], [lambd]);
  return dispatch('hardshrink', hardshrinkForward, [self, l]);
}

/** x moved towards 0 by `lambd` (0.5 by default), and 0 within it. */
export function softshrink(self: Tensor, lambd: number | { lambd?: number } = 0.5): Tensor {
  checkTensor('softshrink', 'self', self);
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
  checkTensor('threshold', 'self', self);
  const [t = 0, v = 0] = named<[number, number]>('threshold', ['threshold', 'value'], [threshold, value]);
  return dispatch('threshold', thresholdForward, [self, t, v]);
}

/** `x - tanh(x)`. */
export function tanhshrink(self: Tensor): Tensor {
  checkTensor('tanhshrink', 'self', self);
  return sub(self, tanh(self));
}

/** `x / (1 + |x|)`. */
export function softsign(self: Tensor): Tensor {
  checkTensor('softsign', 'self', self);
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
  min?: Tensor | number | null | ClampOptions,
  max?: Tensor | number | null | ClampOptions,
): Tensor {
  const [low, high] = clampBounds('clamp_', min, max);
  if (isTensor(low) || isTensor(high)) {
    const clamped = clamp(self, low, high);
    checkInPlace('clamp', clamped.dtype, self);
    return copy_(self, clamped);
  }
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
  checkTensor('nanToNum', 'self', self);
  const [n, p, m] = named<[number | null, number | null, number | null]>(
    'nanToNum',
    ['nan', 'posinf', 'neginf'],
    [nan, posinf, neginf],
  );
  return dispatch('nanToNum', nanToNumForward, [self, n ?? 0, p ?? null, m ?? null]);
}
