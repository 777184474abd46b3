/** Convolutions over one and two dimensions, and their transposes: `torch.nn.modules.conv`. */

import type { DType, PadMode, PerDimension, Tensor } from '@torsor/core';
import {
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  empty,
  formatShape,
  named,
  pad,
  ShapeError,
  tuple,
  ValueError,
} from '@torsor/core';
import { flag, integer, required } from '../arguments.ts';
import { calculateFanInAndFanOut, kaimingUniform_, uniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { python } from '../python.ts';

/** What lies beyond the borders of the input. */
export type PaddingMode = 'zeros' | 'reflect' | 'replicate' | 'circular';

const PADDING_MODES: readonly string[] = ['zeros', 'reflect', 'replicate', 'circular'];

export interface ConvLayerOptions {
  /** Channels of the input. */
  readonly inChannels?: number;
  /** Channels that the convolution makes. */
  readonly outChannels?: number;
  /** Size of the kernel. */
  readonly kernelSize?: PerDimension;
  /** Step of the window; 1 by default. */
  readonly stride?: PerDimension;
  /** Added to both sides: a number, one for each dimension, `'same'` or `'valid'`; 0 by default. */
  readonly padding?: PerDimension | 'same' | 'valid';
  /** Distance between the taps of the kernel; 1 by default. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are split into, each convolved on its own; 1 by default. */
  readonly groups?: number;
  /** Whether to learn a bias; true by default. */
  readonly bias?: boolean;
  /** `'zeros'` (default), `'reflect'`, `'replicate'` or `'circular'`. */
  readonly paddingMode?: PaddingMode;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

export interface ConvTransposeLayerOptions extends ConvLayerOptions {
  /** Takes as much from both sides of the output; 0 by default. */
  readonly padding?: PerDimension;
  /** Adds as much to one side of the output; 0 by default. */
  readonly outputPadding?: PerDimension;
}

type ConvArguments = [
  inChannels: number,
  outChannels: number,
  kernelSize: PerDimension,
  stride: PerDimension,
  padding: PerDimension | 'same' | 'valid',
  dilation: PerDimension,
  groups: number,
  bias: boolean,
  paddingMode: PaddingMode,
  dtype: DType | null,
];

const CONV_NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
  'dtype',
] as const;

type ConvTransposeArguments = [
  inChannels: number,
  outChannels: number,
  kernelSize: PerDimension,
  stride: PerDimension,
  padding: PerDimension,
  outputPadding: PerDimension,
  groups: number,
  bias: boolean,
  dilation: PerDimension,
  paddingMode: PaddingMode,
  dtype: DType | null,
];

const CONV_TRANSPOSE_NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
  'dtype',
] as const;

/** Arguments after their checks, as the base class takes them. */
interface ConvSpec {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly bias: boolean;
  readonly paddingMode: PaddingMode;
  readonly dtype: DType;
  readonly transposed: boolean;
}

/** What `Conv1d`, `Conv2d` and their transposes have in common: parameters, their first values, and the printed form. */
export abstract class ConvNd<A extends readonly unknown[] = [input: Tensor]> extends Module<A> {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | 'same' | 'valid';
  readonly dilation: readonly number[];
  readonly transposed: boolean;
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly paddingMode: PaddingMode;
  /** `[Cout, Cin/groups, …kernelSize]`; transposed: `[Cin, Cout/groups, …kernelSize]`. */
  weight: Parameter;
  /** `[Cout]`, or null. */
  bias: Parameter | null;

  constructor(spec: ConvSpec) {
    super();
    const { inChannels, outChannels, groups } = spec;
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.kernelSize = spec.kernelSize;
    this.stride = spec.stride;
    this.padding = spec.padding;
    this.dilation = spec.dilation;
    this.transposed = spec.transposed;
    this.outputPadding = spec.outputPadding;
    this.groups = groups;
    this.paddingMode = spec.paddingMode;
    const [first, second] = spec.transposed ? [inChannels, outChannels / groups] : [outChannels, inChannels / groups];
    const options = { dtype: spec.dtype };
    this.weight = new Parameter(empty([first, second, ...spec.kernelSize], options));
    this.bias = spec.bias ? new Parameter(empty([outChannels], options)) : null;
    this.resetParameters();
  }

  /**
   * Draws weight and then bias anew, both uniform on [-√k, √k), `k = groups / (Cin · taps)`; for the transpose Cout stands in the
   * place of Cin, as in PyTorch.
   */
  resetParameters(): void {
    // A slope of √5 makes Kaiming's bound 1/√fanIn: https://github.com/pytorch/pytorch/issues/15314#issuecomment-477448573
    kaimingUniform_(this.weight, { a: Math.sqrt(5) });
    if (this.bias === null) return;
    const [fanIn] = calculateFanInAndFanOut(this.weight);
    if (fanIn === 0) return;
    const bound = 1 / Math.sqrt(fanIn);
    uniform_(this.bias, -bound, bound);
  }

  override extraRepr(): string {
    const { padding } = this;
    const parts = [
      `${this.inChannels}, ${this.outChannels}, kernel_size=${python(this.kernelSize)}, stride=${python(this.stride)}`,
    ];
    if (typeof padding === 'string' || padding.some((n) => n !== 0)) parts.push(`padding=${python(padding)}`);
    if (this.dilation.some((n) => n !== 1)) parts.push(`dilation=${python(this.dilation)}`);
    if (this.outputPadding.some((n) => n !== 0)) parts.push(`output_padding=${python(this.outputPadding)}`);
    if (this.groups !== 1) parts.push(`groups=${this.groups}`);
    if (this.bias === null) parts.push('bias=False');
    if (this.paddingMode !== 'zeros') parts.push(`padding_mode=${this.paddingMode}`);
    return parts.join(', ');
  }
}

// ----------------------------------------------------------------------------------------------------------------- checks

/** Channels and groups, as both kinds take them. */
function checkChannels(
  op: string,
  given: { inChannels: number | undefined; outChannels: number | undefined; groups: number },
): { inChannels: number; outChannels: number; groups: number } {
  const groups = given.groups;
  if (!Number.isInteger(groups) || groups <= 0) {
    throw new ValueError(`groups must be a positive integer, but got ${String(groups)}`, { op, operands: { groups } });
  }
  const inChannels = integer(op, 'inChannels', required(op, 'inChannels', given.inChannels));
  const outChannels = integer(op, 'outChannels', required(op, 'outChannels', given.outChannels));
  for (const [name, count] of Object.entries({ inChannels, outChannels })) {
    if (count % groups === 0) continue;
    throw new ValueError(`${name} must be divisible by groups, but got ${name}=${count} and groups=${groups}`, {
      op,
      operands: { [name]: count, groups },
    });
  }
  return { inChannels, outChannels, groups };
}

function checkPadding(
  op: string,
  padding: PerDimension | string,
  spatial: number,
  stride: readonly number[],
): readonly number[] | 'same' | 'valid' {
  if (typeof padding !== 'string') return tuple(op, 'padding', padding, spatial);
  if (padding !== 'same' && padding !== 'valid') {
    throw new ValueError(`Invalid padding string '${padding}', should be one of 'same', 'valid'`, {
      op,
      operands: { padding },
    });
  }
  if (padding === 'same' && stride.some((n) => n !== 1)) {
    throw new ValueError(
      `padding='same' is not supported for strided convolutions, but got stride ${formatShape(stride)}`,
      { op, operands: { padding, stride } },
    );
  }
  return padding;
}

function checkPaddingMode(op: string, mode: unknown): PaddingMode {
  if (PADDING_MODES.includes(mode as string)) return mode as PaddingMode;
  throw new ValueError(
    `paddingMode must be one of ${PADDING_MODES.join(', ')}, but got paddingMode='${String(mode)}'`,
    {
      op,
      operands: { paddingMode: mode },
    },
  );
}

function convSpec(op: string, spatial: number, args: readonly unknown[]): ConvSpec {
  const [inChannels, outChannels, kernel, s = 1, p = 0, d = 1, groups = 1, bias = true, mode = 'zeros', dtype] =
    named<ConvArguments>(op, CONV_NAMES, args);
  const channels = checkChannels(op, { inChannels, outChannels, groups });
  const stride = tuple(op, 'stride', s, spatial, 1);
  return {
    ...channels,
    kernelSize: tuple(op, 'kernelSize', required(op, 'kernelSize', kernel), spatial, 1),
    stride,
    padding: checkPadding(op, p, spatial, stride),
    dilation: tuple(op, 'dilation', d, spatial, 1),
    outputPadding: new Array<number>(spatial).fill(0),
    bias: flag(op, 'bias', bias),
    paddingMode: checkPaddingMode(op, mode),
    dtype: dtype ?? 'float32',
    transposed: false,
  };
}

function convTransposeSpec(op: string, spatial: number, args: readonly unknown[]): ConvSpec {
  const [
    inChannels,
    outChannels,
    kernel,
    s = 1,
    p = 0,
    extra = 0,
    groups = 1,
    bias = true,
    d = 1,
    mode = 'zeros',
    dtype,
  ] = named<ConvTransposeArguments>(op, CONV_TRANSPOSE_NAMES, args);
  if (mode !== 'zeros') {
    throw new ValueError(`Only "zeros" padding mode is supported for ${op}, but got '${String(mode)}'`, {
      op,
      operands: { paddingMode: mode },
    });
  }
  return {
    ...checkChannels(op, { inChannels, outChannels, groups }),
    kernelSize: tuple(op, 'kernelSize', required(op, 'kernelSize', kernel), spatial, 1),
    stride: tuple(op, 'stride', s, spatial, 1),
    padding: tuple(op, 'padding', p, spatial),
    dilation: tuple(op, 'dilation', d, spatial, 1),
    outputPadding: tuple(op, 'outputPadding', extra, spatial),
    bias: flag(op, 'bias', bias),
    paddingMode: mode,
    dtype: dtype ?? 'float32',
    transposed: true,
  };
}

// ----------------------------------------------------------------------------------------------------------- convolutions

/** The pads of `pad` (last dimension first, before and after) that a convolution's `padding` stands for. */
function padsOf(
  padding: readonly number[] | 'same' | 'valid',
  kernelSize: readonly number[],
  dilation: readonly number[],
): number[] {
  const pads: number[] = [];
  for (let d = kernelSize.length - 1; d >= 0; d--) {
    const total = padding === 'same' ? dilation[d] * (kernelSize[d] - 1) : 0;
    // 'same' puts the odd one at the end.
    const before = typeof padding === 'string' ? Math.floor(total / 2) : padding[d];
    pads.push(before, typeof padding === 'string' ? total - before : before);
  }
  return pads;
}

abstract class PlainConv extends ConvNd {
  /** What to pad with another mode than zeros; null leaves padding to the convolution. */
  private readonly pads: readonly number[] | null;

  constructor(spec: ConvSpec) {
    super(spec);
    const isPlain = spec.paddingMode === 'zeros';
    this.pads = isPlain ? null : padsOf(spec.padding, spec.kernelSize, spec.dilation);
  }

  protected convolve(input: Tensor, convolution: typeof conv1d): Tensor {
    const { weight, bias, stride, dilation, groups } = this;
    if (this.pads === null) return convolution(input, weight, bias, stride, this.padding, dilation, groups);
    const spatial = this.kernelSize.length;
    if (input.ndim !== spatial + 1 && input.ndim !== spatial + 2) {
      throw new ShapeError(
        `Expected ${spatial + 1}D (unbatched) or ${spatial + 2}D (batched) input, but got input of size: ${formatShape(input.shape)}`,
        { op: this.className, operands: { input: input.shape } },
      );
    }
    const padded = pad(input, this.pads, this.paddingMode as PadMode);
    return convolution(padded, weight, bias, stride, 0, dilation, groups);
  }
}

/**
 * Slides learned kernels along a signal: `out[n, o] = bias[o] + Σᵢ weight[o, i] ⋆ input[n, i]`, where ⋆ is cross-correlation.
 *
 * input `[N, Cin, L]` or `[Cin, L]` → `[N, Cout, Lout]` or `[Cout, Lout]`, with
 * `Lout = ⌊(L + 2 padding - dilation (kernelSize - 1) - 1) / stride⌋ + 1`.
 *
 * @param inChannels channels of the input
 * @param outChannels channels of the output: the number of kernels
 * @param kernelSize length of the kernels
 * @param stride step of the window; 1 by default
 * @param padding added to both sides, or `'same'`, `'valid'`; 0 by default
 * @param dilation distance between taps; 1 by default
 * @param groups blocks that channels are split into, each convolved on its own; 1 by default
 * @param bias whether to learn a bias; true by default
 * @param paddingMode `'zeros'` (default), `'reflect'`, `'replicate'` or `'circular'`
 *
 * `weight` `[Cout, Cin/groups, kernelSize]` and `bias` `[Cout]` start uniform on [-√k, √k), `k = groups / (Cin kernelSize)`.
 *
 * @throws ValueError for arguments that do not fit each other
 *
 * @example
 * const conv = new Conv1d(2, 16, 3); // a stereo signal, 16 kernels of length 3
 * conv.weight.shape; // [16, 2, 3]
 * conv(rand(1, 2, 64)).shape; // [1, 16, 62]
 */
export class Conv1d extends PlainConv {
  static override readonly keepsNothing: boolean = true;
  constructor(options: ConvLayerOptions);
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension | ConvLayerOptions,
    stride?: PerDimension | ConvLayerOptions,
    padding?: PerDimension | 'same' | 'valid' | ConvLayerOptions,
    dilation?: PerDimension | ConvLayerOptions,
    groups?: number | ConvLayerOptions,
    bias?: boolean | ConvLayerOptions,
    paddingMode?: PaddingMode | ConvLayerOptions,
    options?: ConvLayerOptions,
  );
  constructor(...args: readonly unknown[]) {
    super(convSpec('Conv1d', 1, args));
  }

  override forward(input: Tensor): Tensor {
    return this.convolve(input, conv1d);
  }
}

/**
 * Slides learned kernels over an image: `out[n, o] = bias[o] + Σᵢ weight[o, i] ⋆ input[n, i]`, where ⋆ is cross-correlation.
 *
 * input `[N, Cin, H, W]` or `[Cin, H, W]` → `[N, Cout, Hout, Wout]` or `[Cout, Hout, Wout]`, with
 * `Hout = ⌊(H + 2 padding[0] - dilation[0] (kernelSize[0] - 1) - 1) / stride[0]⌋ + 1` and `Wout` alike from the second entries. A
 * number stands for both dimensions.
 *
 * @param inChannels channels of the input
 * @param outChannels channels of the output: the number of kernels
 * @param kernelSize height and width of the kernels
 * @param stride step of the window; 1 by default
 * @param padding added to both sides, or `'same'`, `'valid'`; 0 by default
 * @param dilation distance between taps; 1 by default
 * @param groups blocks that channels are split into, each convolved on its own; 1 by default
 * @param bias whether to learn a bias; true by default
 * @param paddingMode `'zeros'` (default), `'reflect'`, `'replicate'` or `'circular'`
 *
 * `weight` `[Cout, Cin/groups, kH, kW]` and `bias` `[Cout]` start uniform on [-√k, √k), `k = groups / (Cin kH kW)`.
 *
 * @throws ValueError for arguments that do not fit each other
 *
 * @example
 * const conv = new Conv2d(20, 16, [3, 5], { stride: 1, padding: [1, 2] });
 * conv(rand(1, 20, 64, 128)).shape; // [1, 16, 64, 128]
 */
export class Conv2d extends PlainConv {
  static override readonly keepsNothing: boolean = true;
  constructor(options: ConvLayerOptions);
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension | ConvLayerOptions,
    stride?: PerDimension | ConvLayerOptions,
    padding?: PerDimension | 'same' | 'valid' | ConvLayerOptions,
    dilation?: PerDimension | ConvLayerOptions,
    groups?: number | ConvLayerOptions,
    bias?: boolean | ConvLayerOptions,
    paddingMode?: PaddingMode | ConvLayerOptions,
    options?: ConvLayerOptions,
  );
  constructor(...args: readonly unknown[]) {
    super(convSpec('Conv2d', 2, args));
  }

  override forward(input: Tensor): Tensor {
    return this.convolve(input, conv2d);
  }
}

// ------------------------------------------------------------------------------------------------------------- transposes

type TransposeArguments = [input: Tensor, outputSize?: readonly number[] | null];

abstract class TransposedConv extends ConvNd<TransposeArguments> {
  protected convolve(
    input: Tensor,
    outputSize: readonly number[] | null | undefined,
    convolution: typeof convTranspose1d,
  ): Tensor {
    const extra =
      outputSize === undefined || outputSize === null ? this.outputPadding : this.paddingFor(input, outputSize);
    const padding = this.padding as readonly number[];
    return convolution(input, this.weight, this.bias, this.stride, padding, extra, this.groups, this.dilation);
  }

  /** The output padding that makes an output of the size asked for. */
  private paddingFor(input: Tensor, outputSize: readonly number[]): number[] {
    const op = this.className;
    const { kernelSize, stride, dilation } = this;
    const padding = this.padding as readonly number[];
    const spatial = kernelSize.length;
    const lead = input.ndim === spatial + 2 ? 2 : 1;
    const wanted = outputSize.length === lead + spatial ? outputSize.slice(lead) : outputSize;
    const operands = { input: input.shape, outputSize };
    if (wanted.length !== spatial) {
      throw new ValueError(
        `for ${input.ndim}D input, outputSize must have ${spatial} or ${lead + spatial} elements (got ${wanted.length})`,
        { op, operands },
      );
    }
    const least = kernelSize.map(
      (k, d) => (input.shape[d + lead] - 1) * stride[d] - 2 * padding[d] + dilation[d] * (k - 1) + 1,
    );
    const most = least.map((size, d) => size + stride[d] - 1);
    if (wanted.some((size, d) => !(size >= least[d] && size <= most[d]))) {
      throw new ValueError(
        `requested an output size of ${formatShape(wanted)}, but valid sizes range from ${formatShape(least)} to ` +
          `${formatShape(most)} (for an input of ${formatShape(input.shape.slice(lead))})`,
        { op, operands },
      );
    }
    return wanted.map((size, d) => size - least[d]);
  }
}

/**
 * The transpose of `Conv1d` as a linear map: each element of the input puts a scaled copy of the kernel into the output.
 *
 * input `[N, Cin, L]` or `[Cin, L]` → `[N, Cout, Lout]` or `[Cout, Lout]`, with
 * `Lout = (L - 1) stride - 2 padding + dilation (kernelSize - 1) + outputPadding + 1`.
 *
 * @param inChannels channels of the input
 * @param outChannels channels of the output
 * @param kernelSize length of the kernels
 * @param stride step of the window; 1 by default
 * @param padding taken from both sides of the output; 0 by default
 * @param outputPadding added to one side of the output, where a stride leaves its size open; 0 by default
 * @param groups blocks that channels are split into; 1 by default
 * @param bias whether to learn a bias; true by default
 * @param dilation distance between taps; 1 by default
 * @param paddingMode `'zeros'`, the only one
 *
 * `weight` `[Cin, Cout/groups, kernelSize]` and `bias` `[Cout]` start uniform on [-√k, √k), `k = groups / (Cout kernelSize)`.
 *
 * @example
 * const up = new ConvTranspose1d(16, 8, 4, { stride: 2, padding: 1 });
 * up(rand(1, 16, 10)).shape; // [1, 8, 20]
 * up(rand(1, 16, 10), [21]).shape; // [1, 8, 21]
 */
export class ConvTranspose1d extends TransposedConv {
  static override readonly keepsNothing: boolean = true;
  constructor(options: ConvTransposeLayerOptions);
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension | ConvTransposeLayerOptions,
    stride?: PerDimension | ConvTransposeLayerOptions,
    padding?: PerDimension | ConvTransposeLayerOptions,
    outputPadding?: PerDimension | ConvTransposeLayerOptions,
    groups?: number | ConvTransposeLayerOptions,
    bias?: boolean | ConvTransposeLayerOptions,
    dilation?: PerDimension | ConvTransposeLayerOptions,
    paddingMode?: PaddingMode | ConvTransposeLayerOptions,
    options?: ConvTransposeLayerOptions,
  );
  constructor(...args: readonly unknown[]) {
    super(convTransposeSpec('ConvTranspose1d', 1, args));
  }

  /** @param outputSize `[Lout]`, or with the dimensions before it: one of the sizes that the stride leaves open */
  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    return this.convolve(input, outputSize, convTranspose1d);
  }
}

/**
 * The transpose of `Conv2d` as a linear map: each element of the input puts a scaled copy of the kernel into the output.
 *
 * input `[N, Cin, H, W]` or `[Cin, H, W]` → `[N, Cout, Hout, Wout]` or `[Cout, Hout, Wout]`, with
 * `Hout = (H - 1) stride[0] - 2 padding[0] + dilation[0] (kernelSize[0] - 1) + outputPadding[0] + 1` and `Wout` alike from the
 * second entries.
 *
 * @param inChannels channels of the input
 * @param outChannels channels of the output
 * @param kernelSize height and width of the kernels
 * @param stride step of the window; 1 by default
 * @param padding taken from both sides of the output; 0 by default
 * @param outputPadding added to one side of the output, where a stride leaves its size open; 0 by default
 * @param groups blocks that channels are split into; 1 by default
 * @param bias whether to learn a bias; true by default
 * @param dilation distance between taps; 1 by default
 * @param paddingMode `'zeros'`, the only one
 *
 * `weight` `[Cin, Cout/groups, kH, kW]` and `bias` `[Cout]` start uniform on [-√k, √k), `k = groups / (Cout kH kW)`.
 *
 * @example
 * const down = new Conv2d(16, 16, 3, { stride: 2, padding: 1 });
 * const up = new ConvTranspose2d(16, 16, 3, { stride: 2, padding: 1 });
 * const x = rand(1, 16, 12, 12);
 * up(down(x), x.size()).shape; // [1, 16, 12, 12]
 */
export class ConvTranspose2d extends TransposedConv {
  static override readonly keepsNothing: boolean = true;
  constructor(options: ConvTransposeLayerOptions);
  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: PerDimension | ConvTransposeLayerOptions,
    stride?: PerDimension | ConvTransposeLayerOptions,
    padding?: PerDimension | ConvTransposeLayerOptions,
    outputPadding?: PerDimension | ConvTransposeLayerOptions,
    groups?: number | ConvTransposeLayerOptions,
    bias?: boolean | ConvTransposeLayerOptions,
    dilation?: PerDimension | ConvTransposeLayerOptions,
    paddingMode?: PaddingMode | ConvTransposeLayerOptions,
    options?: ConvTransposeLayerOptions,
  );
  constructor(...args: readonly unknown[]) {
    super(convTransposeSpec('ConvTranspose2d', 2, args));
  }

  /** @param outputSize `[Hout, Wout]`, or with the dimensions before them: one of the sizes that the stride leaves open */
  override forward(input: Tensor, outputSize?: readonly number[] | null): Tensor {
    return this.convolve(input, outputSize, convTranspose2d);
  }
}
