/**
 * Pooling over the last one or two dimensions: largest entry or average of each window, with windows of a given size or, in the
 * adaptive forms, for a given output size; and the gradients of all these, which are ops of their own.
 */

import { allocate } from '../base.ts';
import { firstOf } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { DTypeError, ShapeError, show } from '../errors.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sameShape, sizeOf } from '../layout.ts';
import type { ValuesIndices } from '../namedTuple.ts';
import { valuesIndices } from '../namedTuple.ts';
import { named } from '../options.ts';
import type { WindowPair } from '../reference/pool.ts';
import {
  adaptiveWindows,
  averageScatter,
  averageWindows,
  maxGather,
  maxScatter,
  maxWindows,
  poolOutputSize,
  windowsOf,
} from '../reference/pool.ts';
import type { Tensor } from '../tensor.ts';
import { launchAverageScatter, launchAverageWindows, launchMaxScatter, launchMaxWindows } from '../wasm/launchPool.ts';
import { launchMean } from '../wasm/launchReduce.ts';
import { flag, refuseBool, requireFloat } from './arguments.ts';
import type { AvgPoolParams, PoolOps, PoolParams } from './list.ts';
import type { PerDimension } from './spatial.ts';
import { refuse, perDimension as spatialList } from './spatial.ts';
import { checkTensor } from './tensors.ts';

// --------------------------------------------------------------------------------------------------------------- forwards

/** The output shape of a pooling over the last dimensions of `shape`. */
function pooledShape(shape: Shape, params: PoolParams): number[] {
  const spatial = params.kernelSize.length;
  const lead = shape.length - spatial;
  const out = shape.slice(0, lead);
  for (let i = 0; i < spatial; i++) {
    const { kernelSize: k, stride: s, padding: p, dilation: d, ceilMode } = params;
    out.push(poolOutputSize(shape[lead + i], k[i], s[i], p[i], d[i], ceilMode));
  }
  return out;
}

function adaptiveShape(shape: Shape, outputSize: readonly number[]): number[] {
  return [...shape.slice(0, shape.length - outputSize.length), ...outputSize];
}

/** Entries of one plane: the product of the last `spatial` sizes. */
function planeSize(shape: Shape, spatial: number): number {
  return sizeOf(shape.slice(shape.length - spatial));
}

function runMaxWindows(self: Tensor, values: Tensor, indices: Tensor, windows: WindowPair): void {
  if (!launchMaxWindows(self, values, indices, windows)) maxWindows(self, values, indices, windows);
}

function runAverageWindows(self: Tensor, out: Tensor, windows: WindowPair, divisor: number | null): void {
  if (!launchAverageWindows(self, out, windows, divisor)) averageWindows(self, out, windows, divisor);
}

function runAverageScatter(grad: Tensor, out: Tensor, windows: WindowPair, divisor: number | null): void {
  if (!launchAverageScatter(grad, out, windows, divisor)) averageScatter(grad, out, windows, divisor);
}

const maxPoolForward: PoolOps['maxPool'] = (self, params) => {
  const shape = pooledShape(self.shape, params);
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  runMaxWindows(self, values, indices, windowsOf(params, self.shape, shape));
  return [values, indices];
};

const maxPoolBackwardForward: PoolOps['maxPoolBackward'] = (grad, indices, inputShape, spatial) => {
  const out = allocate(inputShape, grad.dtype);
  const size = planeSize(inputShape, spatial);
  if (!launchMaxScatter(grad, indices, out, size)) maxScatter(grad, indices, out, size);
  return out;
};

const maxPoolGatherForward: PoolOps['maxPoolGather'] = (self, indices, spatial) => {
  const out = allocate(indices.shape, self.dtype);
  maxGather(self, indices, out, planeSize(self.shape, spatial));
  return out;
};

const avgPoolForward: PoolOps['avgPool'] = (self, params) => {
  const shape = pooledShape(self.shape, params);
  const out = allocate(shape, self.dtype);
  runAverageWindows(self, out, windowsOf(params, self.shape, shape, params.countIncludePad), params.divisorOverride);
  return out;
};

const avgPoolBackwardForward: PoolOps['avgPoolBackward'] = (grad, inputShape, params) => {
  const out = allocate(inputShape, grad.dtype);
  runAverageScatter(
    grad,
    out,
    windowsOf(params, inputShape, grad.shape, params.countIncludePad),
    params.divisorOverride,
  );
  return out;
};

const adaptiveAvgPoolForward: PoolOps['adaptiveAvgPool'] = (self, outputSize) => {
  const out = allocate(adaptiveShape(self.shape, outputSize), self.dtype);
  // One window is a mean, of which reductions have the faster kernel.
  const dims = outputSize.map((_, i) => self.ndim - outputSize.length + i);
  if (outputSize.every((size) => size === 1) && launchMean(self, dims, out)) return out;
  runAverageWindows(self, out, adaptiveWindows(self.shape, outputSize), null);
  return out;
};

const adaptiveAvgPoolBackwardForward: PoolOps['adaptiveAvgPoolBackward'] = (grad, inputShape, outputSize) => {
  const out = allocate(inputShape, grad.dtype);
  runAverageScatter(grad, out, adaptiveWindows(inputShape, outputSize), null);
  return out;
};

const adaptiveMaxPoolForward: PoolOps['adaptiveMaxPool'] = (self, outputSize) => {
  const shape = adaptiveShape(self.shape, outputSize);
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  runMaxWindows(self, values, indices, adaptiveWindows(self.shape, outputSize));
  return [values, indices];
};

// ----------------------------------------------------------------------------------------------------------------- checks

/** One integer for each dimension that the window slides over. */
function perDimension(op: string, name: string, value: unknown, spatial: number): readonly number[] {
  const several = spatial === 1 ? 'a list of one int' : 'a list of two ints';
  return spatialList(op, name, value, spatial, `${name} must either be a single int, or ${several}`);
}

function checkParams(op: string, params: PoolParams): void {
  const { kernelSize, stride, padding, dilation } = params;
  const shown = formatShape;
  if (kernelSize.some((k) => k <= 0)) {
    refuse(op, `kernel size should be greater than zero, but got ${shown(kernelSize)}`, { kernelSize });
  }
  if (stride.some((s) => s <= 0))
    refuse(op, `stride should be greater than zero, but got ${shown(stride)}`, { stride });
  if (padding.some((p) => p < 0)) refuse(op, `pad must be non-negative, but got pad: ${shown(padding)}`, { padding });
  if (dilation.some((d) => d <= 0)) {
    refuse(op, `dilation should be greater than zero, but got ${shown(dilation)}`, { dilation });
  }
  for (let i = 0; i < kernelSize.length; i++) {
    const effective = (kernelSize[i] - 1) * dilation[i] + 1;
    if (padding[i] <= Math.floor(effective / 2)) continue;
    refuse(
      op,
      `pad should be at most half of effective kernel size, but got pad=${padding[i]}, kernel_size=${kernelSize[i]} and ` +
        `dilation=${dilation[i]}`,
      { kernelSize, padding, dilation },
    );
  }
}

/** Rank and sizes: `[N, C, …]` or `[C, …]`, where only the batch may be empty. */
function checkInput(op: string, value: unknown, spatial: number, emptyChannels = false): void {
  const input = checkTensor(op, 'input', value);
  const batched = input.ndim === spatial + 2;
  const start = batched ? (emptyChannels ? 2 : 1) : emptyChannels ? 1 : 0;
  const full = (batched || input.ndim === spatial + 1) && input.shape.slice(start).every((size) => size > 0);
  if (full) return;
  throw new ShapeError(
    `Expected ${spatial + 1}D or ${spatial + 2}D (batch mode) tensor with optional 0 dim batch size for input, with non-zero size ` +
      `for non-batch dimensions, but got: ${formatShape(input.shape)}`,
    { op, operands: { input: input.shape } },
  );
}

function checkOutput(op: string, input: Shape, params: PoolParams): void {
  const out = pooledShape(input, params);
  const spatial = params.kernelSize.length;
  if (out.slice(-spatial).every((size) => size > 0)) return;
  const sizes = (shape: Shape): string => `(${shape.slice(-spatial - 1).join('x')})`;
  throw new ShapeError(
    `Given input size: ${sizes(input)}. Calculated output size: ${sizes(out)}. Output size is too small`,
    {
      op,
      operands: { input, output: out, ...params },
    },
  );
}

function checkGrad(op: string, grad: Tensor, expected: Shape): void {
  if (sameShape(grad.shape, expected)) return;
  throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
    op,
    operands: { grad: grad.shape, expected },
  });
}

function checkIndices(op: string, indices: Tensor): void {
  if (indices.dtype === 'int32' || indices.dtype === 'int64') return;
  throw new DTypeError(`expected indices to be int32 or int64, but got ${indices.dtype}`, {
    op,
    operands: { indices: indices.dtype },
  });
}

// --------------------------------------------------------------------------------------------------------- max pooling

/** Stride of a pooling: that of its kernel unless it is given. */
export type PoolStride = PerDimension | null;

export interface MaxPoolOptions {
  readonly kernelSize?: PerDimension;
  /** Step of the window; `kernelSize` by default. */
  readonly stride?: PoolStride;
  /** -Infinity on either side, at most half of the window; 0 by default. */
  readonly padding?: PerDimension;
  /** Distance between the entries of a window; 1 by default. */
  readonly dilation?: PerDimension;
  /** Round the output size up instead of down. Default false. */
  readonly ceilMode?: boolean;
  /** Also return where each largest entry is. Default false. */
  readonly returnIndices?: boolean;
}

type WithIndices<Options> = Options & { readonly returnIndices: true };
type WithoutIndices<Options> = Options & { readonly returnIndices?: false };

/** Signature of a max pooling: the result is a pair when `returnIndices` is given as `true`. */
export interface MaxPool {
  (input: Tensor, kernelSize: PerDimension, options: WithIndices<MaxPoolOptions>): ValuesIndices;
  (input: Tensor, kernelSize: PerDimension, stride: PoolStride, options: WithIndices<MaxPoolOptions>): ValuesIndices;
  (
    input: Tensor,
    kernelSize: PerDimension,
    stride: PoolStride,
    padding: PerDimension,
    dilation: PerDimension,
    ceilMode: boolean,
    returnIndices: true,
  ): ValuesIndices;
  (
    input: Tensor,
    kernelSize: PerDimension | WithoutIndices<MaxPoolOptions>,
    stride?: PoolStride | WithoutIndices<MaxPoolOptions>,
    padding?: PerDimension | WithoutIndices<MaxPoolOptions>,
    dilation?: PerDimension | WithoutIndices<MaxPoolOptions>,
    ceilMode?: boolean | WithoutIndices<MaxPoolOptions>,
    returnIndices?: false,
  ): Tensor;
  (input: Tensor, kernelSize: PerDimension, options: MaxPoolOptions): Tensor | ValuesIndices;
  (
    input: Tensor,
    kernelSize: PerDimension,
    stride: PoolStride,
    padding: PerDimension,
    dilation: PerDimension,
    ceilMode: boolean,
    returnIndices: boolean,
  ): Tensor | ValuesIndices;
}

const MAX_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'ceilMode', 'returnIndices'] as const;

/** An omitted, null or empty stride is the kernel size. */
function strideOf(op: string, stride: unknown, kernelSize: readonly number[], spatial: number): readonly number[] {
  const omitted = stride === undefined || stride === null || (Array.isArray(stride) && stride.length === 0);
  return omitted ? kernelSize : perDimension(op, 'stride', stride, spatial);
}

function maxPoolNd(op: string, spatial: number, input: Tensor, args: readonly unknown[]): Tensor | ValuesIndices {
  const [k, s, p = 0, d = 1, ceilMode = false, returnIndices = false] = named<
    [PerDimension, PoolStride, PerDimension, PerDimension, boolean, boolean]
  >(op, MAX_POOL_NAMES, args);
  checkInput(op, input, spatial);
  const kernelSize = perDimension(op, 'kernelSize', k, spatial);
  const result = checkedMaxPool(op, input, {
    kernelSize,
    stride: strideOf(op, s, kernelSize, spatial),
    padding: perDimension(op, 'padding', p, spatial),
    dilation: perDimension(op, 'dilation', d, spatial),
    ceilMode: flag(op, 'ceilMode', ceilMode),
  });
  return flag(op, 'returnIndices', returnIndices) ? result : firstOf([result.values, result.indices]);
}

function checkedMaxPool(op: string, input: Tensor, params: PoolParams): ValuesIndices {
  refuseBool(op, input.dtype);
  checkParams(op, params);
  checkOutput(op, input.shape, params);
  const [values, indices] = dispatch('maxPool', maxPoolForward, [input, params]);
  return valuesIndices(null, [values, indices]);
}

/** The op behind `maxPool1d` and `maxPool2d`: `params` holds one entry for each of the last dimensions that it pools. */
export function maxPool(self: Tensor, params: PoolParams): ValuesIndices {
  checkInput('maxPool', self, params.kernelSize.length);
  return checkedMaxPool('maxPool', self, params);
}

/**
 * Largest entry of each window along the last dimension: `out[n, c, y] = max over k of input[n, c, y stride + k dilation - padding]`.
 *
 * input `[N, C, L]` or `[C, L]` → `[N, C, Lout]`, with `Lout = ⌊(L + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1`
 * (rounded up with `ceilMode`, as long as the last window starts inside the input or its left padding). Defaults: stride
 * `kernelSize`, padding 0, dilation 1. NaN counts as the largest. With `returnIndices`, also returns the index (int32) of each
 * entry along the input.
 *
 * @throws ValueError when the padding is more than half of the window; ShapeError when the output would be empty
 *
 * @example
 * maxPool1d(tensor([[[1, 3, 2, 4]]]), 2); // tensor([[[3., 4.]]])
 */
export const maxPool1d = ((input: Tensor, ...args: readonly unknown[]) =>
  maxPoolNd('maxPool1d', 1, input, args)) as MaxPool;

/**
 * Largest entry of each window over the last two dimensions, as `maxPool1d` over one.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[N, C, Hout, Wout]`, with
 * `Hout = ⌊(H + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1` (rounded up with `ceilMode`) and `Wout` alike. Defaults:
 * stride `kernelSize`, padding 0, dilation 1. With `returnIndices`, also returns the index (int32) of each entry in the flattened
 * `[H, W]` of the input.
 *
 * @throws ValueError when the padding is more than half of the window; ShapeError when the output would be empty
 *
 * @example
 * maxPool2d(ones(1, 3, 8, 8), 2).shape; // [1, 3, 4, 4]
 */
export const maxPool2d = ((input: Tensor, ...args: readonly unknown[]) =>
  maxPoolNd('maxPool2d', 2, input, args)) as MaxPool;

/**
 * The gradient of a max pooling (or adaptive max pooling) over the last `spatial` dimensions: zeros of `inputShape`, with each entry
 * of `grad` added where its index points. A negative index points nowhere.
 */
export function maxPoolBackward(grad: Tensor, indices: Tensor, inputShape: Shape, spatial: number): Tensor {
  const op = 'maxPoolBackward';
  checkIndices(op, indices);
  checkGrad(op, grad, indices.shape);
  checkLead(op, grad.shape, inputShape, spatial);
  return dispatch('maxPoolBackward', maxPoolBackwardForward, [grad, indices, inputShape, spatial]);
}

/** The entries of `self` at the indices that a max pooling over its last `spatial` dimensions found. */
export function maxPoolGather(self: Tensor, indices: Tensor, spatial: number): Tensor {
  checkIndices('maxPoolGather', indices);
  checkLead('maxPoolGather', indices.shape, self.shape, spatial);
  return dispatch('maxPoolGather', maxPoolGatherForward, [self, indices, spatial]);
}

/** @throws ShapeError unless both shapes agree in all but the last `spatial` dimensions */
function checkLead(op: string, pooled: Shape, input: Shape, spatial: number): void {
  if (sameShape(pooled.slice(0, -spatial), input.slice(0, -spatial)) && pooled.length === input.length) return;
  throw new ShapeError(
    `shapes ${formatShape(pooled)} and ${formatShape(input)} must agree in all but the last ${spatial} dimensions`,
    { op, operands: { pooled, input, spatial } },
  );
}

// ----------------------------------------------------------------------------------------------------- average pooling

export interface AvgPool1dOptions {
  readonly kernelSize?: PerDimension;
  /** Step of the window; `kernelSize` by default. */
  readonly stride?: PoolStride;
  /** Zeros on either side, at most half of the window; 0 by default. */
  readonly padding?: PerDimension;
  /** Round the output size up instead of down. Default false. */
  readonly ceilMode?: boolean;
  /** Whether padding counts in the divisor. Default true. */
  readonly countIncludePad?: boolean;
}

export interface AvgPool2dOptions extends AvgPool1dOptions {
  /** Divisor in place of the size of the window; null (default) for none. */
  readonly divisorOverride?: number | null;
}

const AVG_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const;

function avgPoolNd(
  op: string,
  spatial: number,
  names: readonly string[],
  input: Tensor,
  args: readonly unknown[],
): Tensor {
  const [k, s, p = 0, ceilMode = false, countIncludePad = true, divisorOverride = null] = named<
    [PerDimension, PoolStride, PerDimension, boolean, boolean, number | null]
  >(op, names, args);
  checkInput(op, input, spatial);
  const kernelSize = perDimension(op, 'kernelSize', k, spatial);
  return checkedAvgPool(op, input, {
    kernelSize,
    stride: strideOf(op, s, kernelSize, spatial),
    padding: perDimension(op, 'padding', p, spatial),
    dilation: new Array<number>(spatial).fill(1),
    ceilMode: flag(op, 'ceilMode', ceilMode),
    countIncludePad: flag(op, 'countIncludePad', countIncludePad),
    divisorOverride,
  });
}

function checkedAvgPool(op: string, input: Tensor, params: AvgPoolParams): Tensor {
  requireFloat(op, input.dtype);
  checkParams(op, params);
  const divisor = params.divisorOverride;
  if (divisor === 0) refuse(op, 'divisor must be not zero', { divisorOverride: 0 });
  if (divisor !== null && !Number.isInteger(divisor)) {
    refuse(op, `divisorOverride must be an integer or null, but got ${show(divisor)}`, { divisorOverride: divisor });
  }
  if (params.dilation.some((d) => d !== 1)) refuse(op, 'dilation must be 1', { dilation: params.dilation });
  checkOutput(op, input.shape, params);
  return dispatch('avgPool', avgPoolForward, [input, params]);
}

/** The op behind `avgPool1d` and `avgPool2d`: `params` holds one entry for each of the last dimensions that it pools. */
export function avgPool(self: Tensor, params: AvgPoolParams): Tensor {
  checkInput('avgPool', self, params.kernelSize.length);
  return checkedAvgPool('avgPool', self, params);
}

/**
 * Average of each window along the last dimension: `out[n, c, y] = 1/kernelSize Σ over k of input[n, c, y stride + k - padding]`.
 *
 * input `[N, C, L]` or `[C, L]` → `[N, C, Lout]`, with `Lout = ⌊(L + 2 padding - kernelSize) / stride⌋ + 1` (rounded up with
 * `ceilMode`, as long as the last window starts inside the input or its left padding). Defaults: stride `kernelSize`, padding 0,
 * `countIncludePad` true: the zeros of the padding count in the divisor.
 *
 * @throws ValueError when the padding is more than half of the window; ShapeError when the output would be empty
 *
 * @example
 * avgPool1d(tensor([[[1, 3, 2, 4]]]), 2); // tensor([[[2., 3.]]])
 */
export function avgPool1d(
  input: Tensor,
  kernelSize: PerDimension | AvgPool1dOptions,
  stride?: PoolStride | AvgPool1dOptions,
  padding?: PerDimension | AvgPool1dOptions,
  ceilMode?: boolean | AvgPool1dOptions,
  countIncludePad?: boolean | AvgPool1dOptions,
): Tensor {
  const args = [kernelSize, stride, padding, ceilMode, countIncludePad];
  return avgPoolNd('avgPool1d', 1, AVG_POOL_NAMES, input, args);
}

/**
 * Average of each window over the last two dimensions, as `avgPool1d` over one.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[N, C, Hout, Wout]`, with `Hout = ⌊(H + 2 padding - kernelSize) / stride⌋ + 1` (rounded up
 * with `ceilMode`) and `Wout` alike. Defaults: stride `kernelSize`, padding 0, `countIncludePad` true, `divisorOverride` null.
 *
 * @throws ValueError when the padding is more than half of the window; ShapeError when the output would be empty
 *
 * @example
 * avgPool2d(ones(1, 3, 8, 8), 2).shape; // [1, 3, 4, 4]
 */
export function avgPool2d(
  input: Tensor,
  kernelSize: PerDimension | AvgPool2dOptions,
  stride?: PoolStride | AvgPool2dOptions,
  padding?: PerDimension | AvgPool2dOptions,
  ceilMode?: boolean | AvgPool2dOptions,
  countIncludePad?: boolean | AvgPool2dOptions,
  divisorOverride?: number | null | AvgPool2dOptions,
): Tensor {
  const args = [kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride];
  return avgPoolNd('avgPool2d', 2, [...AVG_POOL_NAMES, 'divisorOverride'], input, args);
}

/** The gradient of an average pooling, which is its adjoint: `grad` of the output's shape → `inputShape`. */
export function avgPoolBackward(grad: Tensor, inputShape: Shape, params: AvgPoolParams): Tensor {
  checkGrad('avgPoolBackward', grad, pooledShape(inputShape, params));
  return dispatch('avgPoolBackward', avgPoolBackwardForward, [grad, inputShape, params]);
}

// ---------------------------------------------------------------------------------------------------- adaptive pooling

/** Output size of an adaptive pooling; null keeps the input's. */
export type AdaptiveSize = number | null | readonly (number | null)[];

export interface AdaptivePoolOptions {
  readonly outputSize?: AdaptiveSize;
}

export interface AdaptiveMaxPoolOptions extends AdaptivePoolOptions {
  /** Also return where each largest entry is. Default false. */
  readonly returnIndices?: boolean;
}

/** Signature of an adaptive max pooling: the result is a pair when `returnIndices` is given as `true`. */
export interface AdaptiveMaxPool {
  (input: Tensor, outputSize: AdaptiveSize, returnIndices: true | WithIndices<AdaptiveMaxPoolOptions>): ValuesIndices;
  (
    input: Tensor,
    outputSize: AdaptiveSize | WithoutIndices<AdaptiveMaxPoolOptions>,
    returnIndices?: false | WithoutIndices<AdaptiveMaxPoolOptions>,
  ): Tensor;
  (input: Tensor, outputSize: AdaptiveSize, returnIndices: boolean | AdaptiveMaxPoolOptions): Tensor | ValuesIndices;
}

function outputSizeOf(op: string, value: unknown, input: Shape, spatial: number): readonly number[] {
  const list: unknown = typeof value === 'number' || value === null ? [value] : value;
  if (!Array.isArray(list) || (list.length !== 1 && list.length !== spatial)) {
    refuse(
      op,
      `outputSize must be a single int or a list of ${spatial} (null keeps the input's size), but got ${show(value)}`,
      {
        outputSize: value,
      },
    );
  }
  return Array.from({ length: spatial }, (_, i) => {
    const size: unknown = list.length === 1 ? list[0] : list[i];
    if (size === null) return input[input.length - spatial + i];
    if (!Number.isInteger(size) || (size as number) < 0) {
      refuse(op, `elements of outputSize must be integers greater than or equal to 0, but got ${show(value)}`, {
        outputSize: value,
      });
    }
    return size as number;
  });
}

/** The op behind `adaptiveAvgPool1d` and `adaptiveAvgPool2d`, over as many of the last dimensions as `outputSize` has entries. */
export function adaptiveAvgPool(self: Tensor, outputSize: readonly number[]): Tensor {
  return adaptiveAvgPoolNd('adaptiveAvgPool', outputSize.length, self, [outputSize]);
}

/** The op behind `adaptiveMaxPool1d` and `adaptiveMaxPool2d`, over as many of the last dimensions as `outputSize` has entries. */
export function adaptiveMaxPool(self: Tensor, outputSize: readonly number[]): ValuesIndices {
  return adaptiveMaxPoolNd('adaptiveMaxPool', outputSize.length, self, [outputSize, true]) as ValuesIndices;
}

function adaptiveAvgPoolNd(op: string, spatial: number, input: Tensor, args: readonly unknown[]): Tensor {
  const [size] = named<[AdaptiveSize]>(op, ['outputSize'], args);
  checkInput(op, input, spatial, true);
  requireFloat(op, input.dtype);
  return dispatch('adaptiveAvgPool', adaptiveAvgPoolForward, [input, outputSizeOf(op, size, input.shape, spatial)]);
}

function adaptiveMaxPoolNd(
  op: string,
  spatial: number,
  input: Tensor,
  args: readonly unknown[],
): Tensor | ValuesIndices {
  const [size, returnIndices] = named<[AdaptiveSize, boolean]>(op, ['outputSize', 'returnIndices'], args);
  checkInput(op, input, spatial);
  refuseBool(op, input.dtype);
  const outputSize = outputSizeOf(op, size, input.shape, spatial);
  const [values, indices] = dispatch('adaptiveMaxPool', adaptiveMaxPoolForward, [input, outputSize]);
  return flag(op, 'returnIndices', returnIndices) ? valuesIndices(null, [values, indices]) : firstOf([values, indices]);
}

/**
 * Average over windows along the last dimension that are chosen so that the output has `outputSize` entries: window `o` is
 * `[⌊o L / outputSize⌋, ⌈(o + 1) L / outputSize⌉)`.
 *
 * input `[N, C, L]` or `[C, L]` → `[N, C, outputSize]`; null keeps the size.
 */
export function adaptiveAvgPool1d(input: Tensor, outputSize: AdaptiveSize | AdaptivePoolOptions): Tensor {
  return adaptiveAvgPoolNd('adaptiveAvgPool1d', 1, input, [outputSize]);
}

/**
 * Average over windows in the last two dimensions that are chosen so that the output has `outputSize`, as `adaptiveAvgPool1d`
 * chooses them along one.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[N, C, …outputSize]`; one number stands for both, null keeps the size.
 *
 * @example
 * adaptiveAvgPool2d(ones(1, 64, 7, 9), 1).shape; // [1, 64, 1, 1]
 */
export function adaptiveAvgPool2d(input: Tensor, outputSize: AdaptiveSize | AdaptivePoolOptions): Tensor {
  return adaptiveAvgPoolNd('adaptiveAvgPool2d', 2, input, [outputSize]);
}

/** The gradient of an adaptive average pooling, which is its adjoint: `grad` of the output's shape → `inputShape`. */
export function adaptiveAvgPoolBackward(grad: Tensor, inputShape: Shape, outputSize: readonly number[]): Tensor {
  checkGrad('adaptiveAvgPoolBackward', grad, adaptiveShape(inputShape, outputSize));
  return dispatch('adaptiveAvgPoolBackward', adaptiveAvgPoolBackwardForward, [grad, inputShape, outputSize]);
}

/**
 * Largest entry of windows along the last dimension that are chosen as by `adaptiveAvgPool1d`.
 *
 * input `[N, C, L]` or `[C, L]` → `[N, C, outputSize]`. With `returnIndices`, also returns the index (int32) of each entry.
 */
export const adaptiveMaxPool1d = ((input: Tensor, ...args: readonly unknown[]) =>
  adaptiveMaxPoolNd('adaptiveMaxPool1d', 1, input, args)) as AdaptiveMaxPool;

/**
 * Largest entry of windows in the last two dimensions that are chosen as by `adaptiveAvgPool2d`.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[N, C, …outputSize]`. With `returnIndices`, also returns the index (int32) of each entry in
 * the flattened `[H, W]` of the input.
 */
export const adaptiveMaxPool2d = ((input: Tensor, ...args: readonly unknown[]) =>
  adaptiveMaxPoolNd('adaptiveMaxPool2d', 2, input, args)) as AdaptiveMaxPool;
