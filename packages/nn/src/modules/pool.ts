/** Pooling over one and two dimensions: `torch.nn.modules.pooling`. */

import type { AdaptiveSize, PerDimension, PoolStride, Tensor, ValuesIndices } from '@torsor/core';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  maxPool1d,
  maxPool2d,
  named,
  tuple,
} from '@torsor/core';
import { flag, required } from '../arguments.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

/** A tensor, or with `returnIndices` a pair of values and indices. */
type Pooled<I extends boolean> = I extends true ? ValuesIndices : Tensor;

// ------------------------------------------------------------------------------------------------------------ max pooling

export interface MaxPoolLayerOptions<I extends boolean = boolean> {
  /** Size of the window. */
  readonly kernelSize?: PerDimension;
  /** Step of the window; its size by default. */
  readonly stride?: PoolStride;
  /** -∞ on both sides; 0 by default. */
  readonly padding?: PerDimension;
  /** Distance between the entries of the window; 1 by default. */
  readonly dilation?: PerDimension;
  /** Also return where each maximum is. Default false. */
  readonly returnIndices?: I;
  /** Let the last window reach beyond the input. Default false. */
  readonly ceilMode?: boolean;
}

const MAX_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const;

type MaxPoolArguments = [PerDimension, PoolStride, PerDimension, PerDimension, boolean, boolean];

abstract class MaxPoolNd<I extends boolean> extends Module<[input: Tensor], Pooled<I>> {
  readonly kernelSize: PerDimension;
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly dilation: PerDimension;
  readonly returnIndices: boolean;
  readonly ceilMode: boolean;

  constructor(op: string, spatial: number, args: readonly unknown[]) {
    super();
    const [k, s = null, p = 0, d = 1, indices = false, ceil = false] = named<MaxPoolArguments>(
      op,
      MAX_POOL_NAMES,
      args,
    );
    this.kernelSize = required(op, 'kernelSize', k);
    this.stride = s ?? this.kernelSize;
    this.padding = p;
    this.dilation = d;
    this.returnIndices = flag(op, 'returnIndices', indices);
    this.ceilMode = flag(op, 'ceilMode', ceil);
    // Checked here, kept as they were given: that is how they print.
    tuple(op, 'kernelSize', this.kernelSize, spatial, 1);
    tuple(op, 'stride', this.stride, spatial, 1);
    tuple(op, 'padding', p, spatial);
    tuple(op, 'dilation', d, spatial, 1);
  }

  protected pool(input: Tensor, pooling: typeof maxPool1d): Pooled<I> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return pooling(input, kernelSize, { stride, padding, dilation, ceilMode, returnIndices }) as Pooled<I>;
  }

  override extraRepr(): string {
    return (
      `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}, ` +
      `dilation=${python(this.dilation)}, ceil_mode=${python(this.ceilMode)}`
    );
  }
}

/**
 * The largest entry of each window: `out[y] = max over k of input[y stride - padding + k dilation]`.
 *
 * input `[N, C, L]` or `[C, L]` → `[…, Lout]`, `Lout = ⌊(L + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1` (rounded up
 * with `ceilMode`).
 *
 * @param kernelSize size of the window
 * @param stride step of the window; `kernelSize` by default
 * @param padding -∞ on both sides, at most half the window; 0 by default
 * @param dilation distance between the entries of a window; 1 by default
 * @param returnIndices whether to return `[values, indices]`; false by default
 * @param ceilMode whether the last window may reach beyond the input; false by default
 */
export class MaxPool1d<I extends boolean = false> extends MaxPoolNd<I> {
  static override readonly keepsNothing: boolean = true;
  constructor(
    kernelSize: PerDimension | MaxPoolLayerOptions<I>,
    stride?: PoolStride | MaxPoolLayerOptions<I>,
    padding?: PerDimension | MaxPoolLayerOptions<I>,
    dilation?: PerDimension | MaxPoolLayerOptions<I>,
    returnIndices?: I | MaxPoolLayerOptions<I>,
    ceilMode?: boolean | MaxPoolLayerOptions<I>,
  ) {
    super('MaxPool1d', 1, [kernelSize, stride, padding, dilation, returnIndices, ceilMode]);
  }

  override forward(input: Tensor): Pooled<I> {
    return this.pool(input, maxPool1d);
  }
}

/**
 * The largest entry of each window of an image.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`,
 * `Hout = ⌊(H + 2 padding[0] - dilation[0] (kernelSize[0] - 1) - 1) / stride[0]⌋ + 1` (rounded up with `ceilMode`), `Wout` alike.
 *
 * @param kernelSize size of the window
 * @param stride step of the window; `kernelSize` by default
 * @param padding -∞ on both sides, at most half the window; 0 by default
 * @param dilation distance between the entries of a window; 1 by default
 * @param returnIndices whether to return `[values, indices]`; false by default
 * @param ceilMode whether the last window may reach beyond the input; false by default
 *
 * @example
 * new MaxPool2d(2)(randn(1, 8, 28, 28)).shape; // [1, 8, 14, 14]
 */
export class MaxPool2d<I extends boolean = false> extends MaxPoolNd<I> {
  static override readonly keepsNothing: boolean = true;
  constructor(
    kernelSize: PerDimension | MaxPoolLayerOptions<I>,
    stride?: PoolStride | MaxPoolLayerOptions<I>,
    padding?: PerDimension | MaxPoolLayerOptions<I>,
    dilation?: PerDimension | MaxPoolLayerOptions<I>,
    returnIndices?: I | MaxPoolLayerOptions<I>,
    ceilMode?: boolean | MaxPoolLayerOptions<I>,
  ) {
    super('MaxPool2d', 2, [kernelSize, stride, padding, dilation, returnIndices, ceilMode]);
  }

  override forward(input: Tensor): Pooled<I> {
    return this.pool(input, maxPool2d);
  }
}

// -------------------------------------------------------------------------------------------------------- average pooling

export interface AvgPool1dLayerOptions {
  /** Size of the window. */
  readonly kernelSize?: PerDimension;
  /** Step of the window; its size by default. */
  readonly stride?: PoolStride;
  /** Zeros on both sides; 0 by default. */
  readonly padding?: PerDimension;
  /** Let the last window reach beyond the input. Default false. */
  readonly ceilMode?: boolean;
  /** Count the zeros of the padding. Default true. */
  readonly countIncludePad?: boolean;
}

export interface AvgPool2dLayerOptions extends AvgPool1dLayerOptions {
  /** What to divide by, in place of the size of the window. */
  readonly divisorOverride?: number | null;
}

type AvgPoolArguments = [PerDimension, PoolStride, PerDimension, boolean, boolean, number | null];

const AVG_POOL_NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad', 'divisorOverride'] as const;

/**
 * The mean of each window: `out[y] = Σ input[y stride - padding + k] / kernelSize`.
 *
 * input `[N, C, L]` or `[C, L]` → `[…, Lout]`, `Lout = ⌊(L + 2 padding - kernelSize) / stride⌋ + 1` (rounded up with `ceilMode`).
 *
 * @param kernelSize size of the window
 * @param stride step of the window; `kernelSize` by default
 * @param padding zeros on both sides, at most half the window; 0 by default
 * @param ceilMode whether the last window may reach beyond the input; false by default
 * @param countIncludePad whether the zeros of the padding count; true by default
 */
export class AvgPool1d extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;

  constructor(
    kernelSize: PerDimension | AvgPool1dLayerOptions,
    stride?: PoolStride | AvgPool1dLayerOptions,
    padding?: PerDimension | AvgPool1dLayerOptions,
    ceilMode?: boolean | AvgPool1dLayerOptions,
    countIncludePad?: boolean | AvgPool1dLayerOptions,
  ) {
    super();
    const op = 'AvgPool1d';
    const [k, s = null, p = 0, ceil = false, count = true] = named<AvgPoolArguments>(op, AVG_POOL_NAMES.slice(0, -1), [
      kernelSize,
      stride,
      padding,
      ceilMode,
      countIncludePad,
    ]);
    // Tuples, unlike those of AvgPool2d: so it is in PyTorch, and so it prints.
    this.kernelSize = tuple(op, 'kernelSize', required(op, 'kernelSize', k), 1, 1);
    this.stride = tuple(op, 'stride', s ?? this.kernelSize, 1, 1);
    this.padding = tuple(op, 'padding', p, 1);
    this.ceilMode = flag(op, 'ceilMode', ceil);
    this.countIncludePad = flag(op, 'countIncludePad', count);
  }

  override forward(input: Tensor): Tensor {
    return avgPool1d(input, this.kernelSize, this.stride, this.padding, this.ceilMode, this.countIncludePad);
  }

  override extraRepr(): string {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
}

/**
 * The mean of each window of an image.
 *
 * input `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`, `Hout = ⌊(H + 2 padding[0] - kernelSize[0]) / stride[0]⌋ + 1` (rounded up
 * with `ceilMode`), `Wout` alike.
 *
 * @param kernelSize size of the window
 * @param stride step of the window; `kernelSize` by default
 * @param padding zeros on both sides, at most half the window; 0 by default
 * @param ceilMode whether the last window may reach beyond the input; false by default
 * @param countIncludePad whether the zeros of the padding count; true by default
 * @param divisorOverride what to divide by in place of the size of the window; null by default
 */
export class AvgPool2d extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly kernelSize: PerDimension;
  readonly stride: PerDimension;
  readonly padding: PerDimension;
  readonly ceilMode: boolean;
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;

  constructor(
    kernelSize: PerDimension | AvgPool2dLayerOptions,
    stride?: PoolStride | AvgPool2dLayerOptions,
    padding?: PerDimension | AvgPool2dLayerOptions,
    ceilMode?: boolean | AvgPool2dLayerOptions,
    countIncludePad?: boolean | AvgPool2dLayerOptions,
    divisorOverride?: number | null | AvgPool2dLayerOptions,
  ) {
    super();
    const op = 'AvgPool2d';
    const [k, s = null, p = 0, ceil = false, count = true, divisor = null] = named<AvgPoolArguments>(
      op,
      AVG_POOL_NAMES,
      [kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride],
    );
    this.kernelSize = required(op, 'kernelSize', k);
    this.stride = s ?? this.kernelSize;
    this.padding = p;
    this.ceilMode = flag(op, 'ceilMode', ceil);
    this.countIncludePad = flag(op, 'countIncludePad', count);
    this.divisorOverride = divisor;
    tuple(op, 'kernelSize', this.kernelSize, 2, 1);
    tuple(op, 'stride', this.stride, 2, 1);
    tuple(op, 'padding', p, 2);
  }

  override forward(input: Tensor): Tensor {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this;
    return avgPool2d(input, this.kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride);
  }

  override extraRepr(): string {
    return `kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}, padding=${python(this.padding)}`;
  }
}

// ------------------------------------------------------------------------------------------------------- adaptive pooling

export interface AdaptivePoolLayerOptions {
  /** Size of the output; null keeps that of the input. */
  readonly outputSize?: AdaptiveSize;
}

export interface AdaptiveMaxPoolLayerOptions<I extends boolean = boolean> extends AdaptivePoolLayerOptions {
  /** Also return where each maximum is. Default false. */
  readonly returnIndices?: I;
}

abstract class AdaptiveAvgPoolNd extends Module {
  readonly outputSize: AdaptiveSize;

  constructor(op: string, outputSize: AdaptiveSize | AdaptivePoolLayerOptions) {
    super();
    const [size] = named<[AdaptiveSize]>(op, ['outputSize'], [outputSize]);
    this.outputSize = required(op, 'outputSize', size);
  }

  override extraRepr(): string {
    return `output_size=${python(this.outputSize)}`;
  }
}

/**
 * Means of as many windows as the output has entries: window i of a dimension of size L goes from `⌊i L / Lout⌋` to
 * `⌈(i + 1) L / Lout⌉`. input `[N, C, L]` or `[C, L]` → `[…, outputSize]`.
 */
export class AdaptiveAvgPool1d extends AdaptiveAvgPoolNd {
  static override readonly keepsNothing: boolean = true;
  constructor(outputSize: AdaptiveSize | AdaptivePoolLayerOptions) {
    super('AdaptiveAvgPool1d', outputSize);
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize);
  }
}

/**
 * Means of as many windows as the output has entries, as `AdaptiveAvgPool1d` in both dimensions.
 * input `[N, C, H, W]` or `[C, H, W]` → `[…, Hout, Wout]`; an entry of null keeps a dimension.
 *
 * @example
 * new AdaptiveAvgPool2d(1)(randn(1, 64, 8, 9)).shape; // [1, 64, 1, 1]
 */
export class AdaptiveAvgPool2d extends AdaptiveAvgPoolNd {
  static override readonly keepsNothing: boolean = true;
  constructor(outputSize: AdaptiveSize | AdaptivePoolLayerOptions) {
    super('AdaptiveAvgPool2d', outputSize);
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

abstract class AdaptiveMaxPoolNd<I extends boolean> extends Module<[input: Tensor], Pooled<I>> {
  readonly outputSize: AdaptiveSize;
  readonly returnIndices: boolean;

  constructor(op: string, args: readonly unknown[]) {
    super();
    const [size, indices = false] = named<[AdaptiveSize, boolean]>(op, ['outputSize', 'returnIndices'], args);
    this.outputSize = required(op, 'outputSize', size);
    this.returnIndices = flag(op, 'returnIndices', indices);
  }

  override extraRepr(): string {
    return `output_size=${python(this.outputSize)}`;
  }
}

/** Maxima of as many windows as the output has entries; windows as those of `AdaptiveAvgPool1d`. */
export class AdaptiveMaxPool1d<I extends boolean = false> extends AdaptiveMaxPoolNd<I> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    outputSize: AdaptiveSize | AdaptiveMaxPoolLayerOptions<I>,
    returnIndices?: I | AdaptiveMaxPoolLayerOptions<I>,
  ) {
    super('AdaptiveMaxPool1d', [outputSize, returnIndices]);
  }

  override forward(input: Tensor): Pooled<I> {
    return adaptiveMaxPool1d(input, this.outputSize, this.returnIndices) as Pooled<I>;
  }
}

/** Maxima of as many windows as the output has entries; windows as those of `AdaptiveAvgPool2d`. */
export class AdaptiveMaxPool2d<I extends boolean = false> extends AdaptiveMaxPoolNd<I> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    outputSize: AdaptiveSize | AdaptiveMaxPoolLayerOptions<I>,
    returnIndices?: I | AdaptiveMaxPoolLayerOptions<I>,
  ) {
    super('AdaptiveMaxPool2d', [outputSize, returnIndices]);
  }

  override forward(input: Tensor): Pooled<I> {
    return adaptiveMaxPool2d(input, this.outputSize, this.returnIndices) as Pooled<I>;
  }
}
