/**
 * Convolution over one or two dimensions, its transpose, and the gradients of both with respect to input and weight, which are
 * ops of their own. All forward forms are the one op `convolution`; its transpose is the gradient with respect to the input,
 * plus a bias.
 *
 * As in PyTorch, "convolution" is cross-correlation: the kernel is not flipped.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sameShape } from '../layout.ts';
import { named } from '../options.ts';
import {
  convOutputSize,
  convBackwardInput as referenceBackwardInput,
  convBackwardWeight as referenceBackwardWeight,
  convForward as referenceForward,
} from '../reference/conv.ts';
import type { Tensor } from '../tensor.ts';
import { fastConvBackwardInput, fastConvBackwardWeight, fastConvForward } from '../wasm/select.ts';
import type { ConvOps, ConvParams } from './list.ts';
import { pad } from './pad.ts';
import type { PerDimension } from './spatial.ts';
import { refuse, perDimension as spatialList } from './spatial.ts';
import { checkTensor, tensorOrNull } from './tensors.ts';
import { squeeze, unsqueeze } from './view.ts';

// ------------------------------------------------------------------------------------------------ where kernels are chosen

/** out = convolution of `input` and `weight`, plus `bias` */
function runConvForward(input: Tensor, weight: Tensor, bias: Tensor | null, out: Tensor, params: ConvParams): void {
  if (!fastConvForward(input, weight, bias, out, params)) referenceForward(input, weight, bias, out, params);
}

/** out = gradient with respect to the input, plus `bias` (which only the transposed convolution has) */
function runConvBackwardInput(
  gradOutput: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  out: Tensor,
  params: ConvParams,
): void {
  if (!fastConvBackwardInput(gradOutput, weight, bias, out, params)) {
    referenceBackwardInput(gradOutput, weight, bias, out, params);
  }
}

/** out = gradient with respect to the weight */
function runConvBackwardWeight(gradOutput: Tensor, input: Tensor, out: Tensor, params: ConvParams): void {
  if (!fastConvBackwardWeight(gradOutput, input, out, params)) referenceBackwardWeight(gradOutput, input, out, params);
}

// --------------------------------------------------------------------------------------------------------------- forwards

const convolutionForward: ConvOps['convolution'] = (input, weight, bias, params, transposed, outputPadding) => {
  if (transposed) {
    const out = allocate(transposedOutputShape(input.shape, weight.shape, params, outputPadding), input.dtype);
    runConvBackwardInput(input, weight, bias, out, params);
    return out;
  }
  const out = allocate(outputShape(input.shape, weight.shape, params), input.dtype);
  runConvForward(input, weight, bias, out, params);
  return out;
};

const convBackwardInputForward: ConvOps['convBackwardInput'] = (gradOutput, weight, inputShape, params) => {
  const out = allocate(inputShape, gradOutput.dtype);
  runConvBackwardInput(gradOutput, weight, null, out, params);
  return out;
};

const convBackwardWeightForward: ConvOps['convBackwardWeight'] = (gradOutput, input, weightShape, params) => {
  const out = allocate(weightShape, gradOutput.dtype);
  runConvBackwardWeight(gradOutput, input, out, params);
  return out;
};

// ----------------------------------------------------------------------------------------------------------------- shapes

/** `[N, Cout, …]` of a convolution of `[N, Cin, …]` and `[Cout, Cin/groups, …]` */
function outputShape(input: Shape, weight: Shape, params: ConvParams): number[] {
  const out = [input[0], weight[0]];
  for (let d = 2; d < input.length; d++) {
    const i = d - 2;
    out.push(convOutputSize(input[d], weight[d], params.stride[i], params.padding[i], params.dilation[i]));
  }
  return out;
}

/** `[N, Cout, …]` of a transposed convolution of `[N, Cin, …]` and `[Cin, Cout/groups, …]` */
function transposedOutputShape(
  input: Shape,
  weight: Shape,
  params: ConvParams,
  outputPadding: readonly number[],
): number[] {
  const out = [input[0], weight[1] * params.groups];
  for (let d = 2; d < input.length; d++) {
    const i = d - 2;
    const reach = params.dilation[i] * (weight[d] - 1);
    out.push((input[d] - 1) * params.stride[i] - 2 * params.padding[i] + reach + outputPadding[i] + 1);
  }
  return out;
}

/** `(4 x 4)`, with height 1 where there is one dimension, as PyTorch shows sizes per channel. */
function perChannel(sizes: readonly number[]): string {
  return `(${(sizes.length === 1 ? [1, sizes[0]] : sizes).join(' x ')})`;
}

// ----------------------------------------------------------------------------------------------------------------- checks

/** One integer for each dimension that the kernel slides over. */
function perDimension(op: string, name: string, value: unknown, spatial: number): readonly number[] {
  const rule = `expected ${name} to be a single integer value or a list of ${spatial} values to match the convolution dimensions`;
  return spatialList(op, name, value, spatial, rule);
}

function checkParams(op: string, params: ConvParams, outputPadding: readonly number[]): void {
  const { stride, padding, dilation, groups } = params;
  if (padding.some((p) => p < 0))
    refuse(op, `negative padding is not supported, but got ${formatShape(padding)}`, { padding });
  if (outputPadding.some((p) => p < 0)) {
    refuse(op, `negative outputPadding is not supported, but got ${formatShape(outputPadding)}`, { outputPadding });
  }
  if (stride.some((s) => s <= 0))
    refuse(op, `non-positive stride is not supported, but got ${formatShape(stride)}`, { stride });
  if (dilation.some((d) => d <= 0)) {
    refuse(op, `dilation should be greater than zero, but got ${formatShape(dilation)}`, { dilation });
  }
  if (!Number.isInteger(groups) || groups <= 0) {
    refuse(op, `non-positive groups is not supported, but got ${String(groups)}`, { groups });
  }
  if (outputPadding.some((p, i) => p >= stride[i] && p >= dilation[i])) {
    refuse(
      op,
      `output padding must be smaller than either stride or dilation, but got outputPadding ${formatShape(outputPadding)}, ` +
        `stride ${formatShape(stride)} and dilation ${formatShape(dilation)}`,
      { outputPadding, stride, dilation },
    );
  }
}

function checkDTypes(op: string, input: Tensor, weight: Tensor, bias: Tensor | null): void {
  const name = input.dtype !== weight.dtype ? 'weight' : 'bias';
  const other = name === 'weight' ? weight : bias;
  if (other !== null && other.dtype !== input.dtype) {
    throw new DTypeError(
      `Input type (${input.dtype}) and ${name} type (${other.dtype}) should be the same; cast one with .to()`,
      { op, operands: { input: input.dtype, [name]: other.dtype } },
    );
  }
  if (input.dtype === 'bool') throw new DTypeError('is not implemented for bool; cast with .to() first', { op });
}

/** Weight against groups, and against the `input` (batched). What is "out" here is the weight's first dimension. */
function checkWeight(op: string, input: Shape, weight: Shape, groups: number, transposed: boolean): void {
  const fail = (rule: string): never => {
    throw new ShapeError(rule, { op, operands: { input, weight, groups } });
  };
  const shown = (): string => formatShape(weight);
  if (weight.length !== input.length) {
    fail(
      `Expected ${weight.length}-dimensional input for ${weight.length}-dimensional weight ${shown()}, but got ` +
        `${input.length}-dimensional input of size ${formatShape(input)} instead`,
    );
  }
  for (let d = 2; d < weight.length; d++) {
    if (weight[d] === 0) fail(`kernel size should be greater than zero, but got weight of size ${shown()}`);
  }
  if (weight[0] < groups) {
    fail(
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0, but got weight of size ${shown()} instead`,
    );
  }
  if (weight[0] % groups !== 0) {
    fail(
      `Given groups=${groups}, expected weight to be divisible by ${groups} at dimension 0, but got weight of size ${shown()} instead`,
    );
  }
  const channels = transposed ? weight[0] : weight[1] * groups;
  if (input[1] !== channels) {
    fail(
      `Given ${transposed ? 'transposed=1' : `groups=${groups}`}, weight of size ${shown()}, expected input` +
        `${formatShape(input)} to have ${channels} channels, but got ${input[1]} channels instead`,
    );
  }
}

function checkBias(op: string, bias: Tensor | null, weight: Shape, elements: number, transposed: boolean): void {
  if (bias === null || (bias.ndim === 1 && bias.shape[0] === elements)) return;
  throw new ShapeError(
    `Given ${transposed ? 'transposed=1, ' : ''}weight of size ${formatShape(weight)}, expected bias to be 1-dimensional with ` +
      `${elements} elements, but got bias of size ${formatShape(bias.shape)} instead`,
    { op, operands: { bias: bias.shape, weight } },
  );
}

/** @throws ShapeError when the kernel is larger than the padded input, or the input is empty where it may not be */
function checkKernelFits(op: string, input: Shape, weight: Shape, params: ConvParams): void {
  const padded: number[] = [];
  const reach: number[] = [];
  for (let d = 2; d < input.length; d++) {
    padded.push(input[d] + 2 * params.padding[d - 2]);
    reach.push(params.dilation[d - 2] * (weight[d] - 1) + 1);
  }
  if (padded.some((size, i) => size < reach[i])) {
    throw new ShapeError(
      `Calculated padded input size per channel: ${perChannel(padded)}. Kernel size: ${perChannel(reach)}. ` +
        "Kernel size can't be greater than actual input size",
      { op, operands: { input, weight, ...params } },
    );
  }
  checkSpatialSizes(op, input);
}

function checkSpatialSizes(op: string, input: Shape): void {
  for (let d = 2; d < input.length; d++) {
    if (input[d] > 0) continue;
    throw new ShapeError(
      `Only zero batch or zero channel inputs are supported, but got input shape: ${formatShape(input)}`,
      {
        op,
        operands: { input },
      },
    );
  }
}

function checkTransposedSizes(op: string, input: Shape, out: Shape): void {
  checkSpatialSizes(op, input);
  if (out.slice(2).every((size) => size > 0)) return;
  throw new ShapeError(
    `Given input size per channel: ${perChannel(input.slice(2))}. Calculated output size per channel: ` +
      `${perChannel(out.slice(2))}. Output size is too small`,
    { op, operands: { input, out } },
  );
}

/** All checks of the op; `input` is batched. */
function checkConvolution(
  op: string,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  params: ConvParams,
  transposed: boolean,
  outputPadding: readonly number[],
): void {
  checkParams(op, params, outputPadding);
  checkWeight(op, input.shape, weight.shape, params.groups, transposed);
  const outChannels = transposed ? weight.shape[1] * params.groups : weight.shape[0];
  checkBias(op, bias, weight.shape, outChannels, transposed);
  checkDTypes(op, input, weight, bias);
  if (!transposed) checkKernelFits(op, input.shape, weight.shape, params);
  else {
    checkTransposedSizes(op, input.shape, transposedOutputShape(input.shape, weight.shape, params, outputPadding));
  }
}

// ------------------------------------------------------------------------------------------------------- public functions

/**
 * The op behind all convolutions: input `[N, Cin, …]`, weight `[Cout, Cin/groups, …]` (transposed: `[Cin, Cout/groups, …]`), bias
 * `[Cout]` or null, over one or two dimensions. `params` holds one entry for each of them.
 */
export function convolution(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  params: ConvParams,
  transposed: boolean,
  outputPadding: readonly number[],
): Tensor {
  const op = 'convolution';
  if (input.ndim !== 3 && input.ndim !== 4) {
    throw new ShapeError(`Expected 3D or 4D (batched) input, but got input of size: ${formatShape(input.shape)}`, {
      op,
      operands: { input: input.shape },
    });
  }
  const spatial = input.ndim - 2;
  const complete: ConvParams = {
    stride: perDimension(op, 'stride', params.stride, spatial),
    padding: perDimension(op, 'padding', params.padding, spatial),
    dilation: perDimension(op, 'dilation', params.dilation, spatial),
    groups: params.groups,
  };
  const extra = transposed
    ? perDimension(op, 'outputPadding', outputPadding, spatial)
    : new Array<number>(spatial).fill(0);
  checkConvolution(op, input, weight, bias, complete, transposed, extra);
  if (transposed) return transpose(input, weight, bias, complete, extra);
  return dispatch('convolution', convolutionForward, [input, weight, bias, complete, false, extra]);
}

/**
 * A transposed convolution whose arguments have been checked. Output padding of a whole stride, which a large dilation allows, is a
 * row of zeros at the end of the input: so the op is always the exact adjoint of the convolution with these parameters.
 */
function transpose(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  params: ConvParams,
  outputPadding: readonly number[],
): Tensor {
  const { stride } = params;
  const rows = outputPadding.map((extra, i) => Math.floor(extra / stride[i]));
  const padded = rows.every((n) => n === 0)
    ? input
    : pad(
        input,
        [...rows].reverse().flatMap((n) => [0, n]),
      );
  const rest = outputPadding.map((extra, i) => extra % stride[i]);
  return dispatch('convolution', convolutionForward, [padded, weight, bias, params, true, rest]);
}

function checkGradShape(
  op: string,
  gradOutput: Tensor,
  other: Tensor,
  input: Shape,
  weight: Shape,
  params: ConvParams,
): void {
  checkParams(op, params, []);
  checkWeight(op, input, weight, params.groups, false);
  const expected = outputShape(input, weight, params);
  if (!sameShape(gradOutput.shape, expected)) {
    throw new ShapeError(
      `expected gradOutput of shape ${formatShape(expected)} for input ${formatShape(input)} and weight ${formatShape(weight)}, ` +
        `but got ${formatShape(gradOutput.shape)}`,
      { op, operands: { gradOutput: gradOutput.shape, input, weight } },
    );
  }
  checkDTypes(op, gradOutput, other, null);
}

/**
 * Gradient of a (not transposed) convolution with respect to its input: `gradOutput` `[N, Cout, …]`, weight
 * `[Cout, Cin/groups, …]` → `inputShape` `[N, Cin, …]`.
 */
export function convBackwardInput(gradOutput: Tensor, weight: Tensor, inputShape: Shape, params: ConvParams): Tensor {
  checkGradShape('convBackwardInput', gradOutput, weight, inputShape, weight.shape, params);
  return dispatch('convBackwardInput', convBackwardInputForward, [gradOutput, weight, inputShape, params]);
}

/**
 * Gradient of a (not transposed) convolution with respect to its weight: `gradOutput` `[N, Cout, …]`, input `[N, Cin, …]` →
 * `weightShape` `[Cout, Cin/groups, …]`.
 */
export function convBackwardWeight(gradOutput: Tensor, input: Tensor, weightShape: Shape, params: ConvParams): Tensor {
  checkGradShape('convBackwardWeight', gradOutput, input, input.shape, weightShape, params);
  return dispatch('convBackwardWeight', convBackwardWeightForward, [gradOutput, input, weightShape, params]);
}

export type { PerDimension };

export interface ConvOptions {
  readonly weight?: Tensor;
  /** `[Cout]`; null (default) for none. */
  readonly bias?: Tensor | null;
  /** Step of the window; 1 by default. */
  readonly stride?: PerDimension;
  /** Zeros on either side (0 by default), `'valid'` for none, `'same'` for as many as keep the size. */
  readonly padding?: PerDimension | 'same' | 'valid';
  /** Distance between the taps of the kernel; 1 by default. */
  readonly dilation?: PerDimension;
  /** Blocks that channels are split into, each convolved on its own; 1 by default. */
  readonly groups?: number;
}

export interface ConvTransposeOptions {
  readonly weight?: Tensor;
  /** `[Cout]`; null (default) for none. */
  readonly bias?: Tensor | null;
  /** Step of the window; 1 by default. */
  readonly stride?: PerDimension;
  /** Removes as much from either side of the output; 0 by default. */
  readonly padding?: PerDimension;
  /** Adds as much to one side of the output; 0 by default. */
  readonly outputPadding?: PerDimension;
  /** Blocks that channels are split into, each convolved on its own; 1 by default. */
  readonly groups?: number;
  /** Distance between the taps of the kernel; 1 by default. */
  readonly dilation?: PerDimension;
}

const CONV_NAMES = ['weight', 'bias', 'stride', 'padding', 'dilation', 'groups'] as const;
const CONV_TRANSPOSE_NAMES = ['weight', 'bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;

/** Checks the rank of the input. @returns whether it comes without a batch dimension */
function isUnbatched(op: string, input: Tensor, spatial: number): boolean {
  if (input.ndim === spatial + 2) return false;
  if (input.ndim === spatial + 1) return true;
  throw new ShapeError(
    `Expected ${spatial + 1}D (unbatched) or ${spatial + 2}D (batched) input to ${op}, but got input of size: ` +
      formatShape(input.shape),
    { op, operands: { input: input.shape } },
  );
}

function convNd(op: string, spatial: number, input: Tensor, args: readonly unknown[]): Tensor {
  const [w, b = null, s = 1, p = 0, d = 1, groups = 1] = named<
    [Tensor, Tensor | null, PerDimension, PerDimension | 'same' | 'valid', PerDimension, number]
  >(op, CONV_NAMES, args);
  checkTensor(op, 'input', input);
  const weight = checkTensor(op, 'weight', w);
  const bias = tensorOrNull(op, 'bias', b);
  const unbatched = isUnbatched(op, input, spatial);
  let batched = unbatched ? unsqueeze(input, 0) : input;
  const stride = perDimension(op, 'stride', s, spatial);
  const dilation = perDimension(op, 'dilation', d, spatial);
  let padding: readonly number[];
  if (p === 'same') {
    const same = samePadding(op, batched, weight, stride, dilation, groups);
    padding = same.padding;
    checkConvolution(op, batched, weight, bias, { stride, padding, dilation, groups }, false, []);
    // What a convolution cannot pad, one more at the end than at the start, is padded before it.
    if (same.extra.some((n) => n > 0)) batched = pad(batched, same.extra);
  } else {
    if (typeof p === 'string' && p !== 'valid') {
      refuse(op, `Invalid padding string: '${p}'; known are 'same' and 'valid'`, { padding: p });
    }
    padding = perDimension(op, 'padding', p === 'valid' ? 0 : p, spatial);
    checkConvolution(op, batched, weight, bias, { stride, padding, dilation, groups }, false, []);
  }
  const params: ConvParams = { stride, padding, dilation, groups };
  const none = new Array<number>(spatial).fill(0);
  const out = dispatch('convolution', convolutionForward, [batched, weight, bias, params, false, none]);
  return unbatched ? squeeze(out, 0) : out;
}

/** The symmetric part of `'same'` padding, and (in the order of `pad`) the rest at the end. */
function samePadding(
  op: string,
  input: Tensor,
  weight: Tensor,
  stride: readonly number[],
  dilation: readonly number[],
  groups: number,
): { padding: number[]; extra: number[] } {
  if (stride.some((s) => s !== 1)) {
    refuse(op, `padding='same' is not supported for strided convolutions, but got stride ${formatShape(stride)}`, {
      stride,
    });
  }
  checkParams(op, { stride, padding: [], dilation, groups }, []);
  checkWeight(op, input.shape, weight.shape, groups, false);
  const padding: number[] = [];
  const extra: number[] = [];
  for (let i = 0; i < dilation.length; i++) {
    const total = dilation[i] * (weight.shape[2 + i] - 1);
    padding.push(Math.floor(total / 2));
    extra.unshift(0, total % 2);
  }
  return { padding, extra };
}

function convTransposeNd(op: string, spatial: number, input: Tensor, args: readonly unknown[]): Tensor {
  const [w, b = null, s = 1, p = 0, e = 0, groups = 1, d = 1] = named<
    [Tensor, Tensor | null, PerDimension, PerDimension, PerDimension, number, PerDimension]
  >(op, CONV_TRANSPOSE_NAMES, args);
  checkTensor(op, 'input', input);
  const weight = checkTensor(op, 'weight', w);
  const bias = tensorOrNull(op, 'bias', b);
  const unbatched = isUnbatched(op, input, spatial);
  const batched = unbatched ? unsqueeze(input, 0) : input;
  const params: ConvParams = {
    stride: perDimension(op, 'stride', s, spatial),
    padding: perDimension(op, 'padding', p, spatial),
    dilation: perDimension(op, 'dilation', d, spatial),
    groups,
  };
  const extra = perDimension(op, 'outputPadding', e, spatial);
  checkConvolution(op, batched, weight, bias, params, true, extra);
  const out = transpose(batched, weight, bias, params, extra);
  return unbatched ? squeeze(out, 0) : out;
}

/**
 * Slides a kernel along one dimension and takes its scalar product with the input at each position:
 * `out[n, o, y] = bias[o] + Σ weight[o, i, k] input[n, i, y stride - padding + k dilation]`.
 *
 * input `[N, Cin, L]` or `[Cin, L]`, weight `[Cout, Cin/groups, K]`, bias `[Cout]` or null → `[N, Cout, Lout]`, with
 * `Lout = ⌊(L + 2 padding - dilation (K - 1) - 1) / stride⌋ + 1`. Defaults: no bias, stride 1, padding 0, dilation 1, groups 1.
 *
 * @throws ShapeError when the channels do not fit the groups or the kernel is larger than the padded input
 *
 * @example
 * conv1d(arange(5).view(1, 1, 5), tensor([[[1, 0, -1]]])); // tensor([[[-2., -2., -2.]]])
 */
export function conv1d(
  input: Tensor,
  weight: Tensor | ConvOptions,
  bias?: Tensor | null | ConvOptions,
  stride?: PerDimension | ConvOptions,
  padding?: PerDimension | 'same' | 'valid' | ConvOptions,
  dilation?: PerDimension | ConvOptions,
  groups?: number | ConvOptions,
): Tensor {
  return convNd('conv1d', 1, input, [weight, bias, stride, padding, dilation, groups]);
}

/**
 * Slides a kernel over two dimensions and takes its scalar product with the input at each position, as `conv1d` does over one.
 *
 * input `[N, Cin, H, W]` or `[Cin, H, W]`, weight `[Cout, Cin/groups, kH, kW]`, bias `[Cout]` or null → `[N, Cout, Hout, Wout]`,
 * with `Hout = ⌊(H + 2 padding - dilation (kH - 1) - 1) / stride⌋ + 1` and `Wout` alike. Defaults: no bias, stride 1, padding 0,
 * dilation 1, groups 1.
 *
 * @throws ShapeError when the channels do not fit the groups or the kernel is larger than the padded input
 *
 * @example
 * conv2d(ones(1, 3, 8, 8), ones(16, 3, 3, 3), { padding: 1, stride: 2 }).shape; // [1, 16, 4, 4]
 */
export function conv2d(
  input: Tensor,
  weight: Tensor | ConvOptions,
  bias?: Tensor | null | ConvOptions,
  stride?: PerDimension | ConvOptions,
  padding?: PerDimension | 'same' | 'valid' | ConvOptions,
  dilation?: PerDimension | ConvOptions,
  groups?: number | ConvOptions,
): Tensor {
  return convNd('conv2d', 2, input, [weight, bias, stride, padding, dilation, groups]);
}

/**
 * The transpose of `conv1d` as a linear map, which is its gradient with respect to the input: each element of the input puts a
 * scaled copy of the kernel into the output.
 *
 * input `[N, Cin, L]` or `[Cin, L]`, weight `[Cin, Cout/groups, K]`, bias `[Cout]` or null → `[N, Cout, Lout]`, with
 * `Lout = (L - 1) stride - 2 padding + dilation (K - 1) + outputPadding + 1`. Defaults: no bias, stride 1, padding 0,
 * outputPadding 0, groups 1, dilation 1.
 *
 * @throws ShapeError when the channels do not fit the weight, or the output would be empty
 *
 * @example
 * convTranspose1d(tensor([[[1, 2]]]), tensor([[[1, 1]]]), { stride: 2 }); // tensor([[[1., 1., 2., 2.]]])
 */
export function convTranspose1d(
  input: Tensor,
  weight: Tensor | ConvTransposeOptions,
  bias?: Tensor | null | ConvTransposeOptions,
  stride?: PerDimension | ConvTransposeOptions,
  padding?: PerDimension | ConvTransposeOptions,
  outputPadding?: PerDimension | ConvTransposeOptions,
  groups?: number | ConvTransposeOptions,
  dilation?: PerDimension | ConvTransposeOptions,
): Tensor {
  const args = [weight, bias, stride, padding, outputPadding, groups, dilation];
  return convTransposeNd('convTranspose1d', 1, input, args);
}

/**
 * The transpose of `conv2d` as a linear map, which is its gradient with respect to the input: each element of the input puts a
 * scaled copy of the kernel into the output.
 *
 * input `[N, Cin, H, W]` or `[Cin, H, W]`, weight `[Cin, Cout/groups, kH, kW]`, bias `[Cout]` or null → `[N, Cout, Hout, Wout]`,
 * with `Hout = (H - 1) stride - 2 padding + dilation (kH - 1) + outputPadding + 1` and `Wout` alike. Defaults: no bias, stride 1,
 * padding 0, outputPadding 0, groups 1, dilation 1.
 *
 * @throws ShapeError when the channels do not fit the weight, or the output would be empty
 *
 * @example
 * convTranspose2d(ones(1, 8, 4, 4), ones(8, 3, 2, 2), { stride: 2 }).shape; // [1, 3, 8, 8]
 */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor | ConvTransposeOptions,
  bias?: Tensor | null | ConvTransposeOptions,
  stride?: PerDimension | ConvTransposeOptions,
  padding?: PerDimension | ConvTransposeOptions,
  outputPadding?: PerDimension | ConvTransposeOptions,
  groups?: number | ConvTransposeOptions,
  dilation?: PerDimension | ConvTransposeOptions,
): Tensor {
  const args = [weight, bias, stride, padding, outputPadding, groups, dilation];
  return convTransposeNd('convTranspose2d', 2, input, args);
}
