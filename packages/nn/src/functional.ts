/**
 * `nn.functional`: layers without their state, by PyTorch's names in camelCase. What core has is passed on; what is added here is
 * the `inplace` argument, dropout, and what is composed of other ops (normalisation, distances, gated units).
 */

import { noGrad } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import {
  add,
  batchNorm,
  clamp,
  celu as coreCelu,
  elu as coreElu,
  hardsigmoid as coreHardsigmoid,
  hardswish as coreHardswish,
  hardtanh as coreHardtanh,
  leakyRelu as coreLeakyRelu,
  logSoftmax as coreLogSoftmax,
  mish as coreMish,
  relu as coreRelu,
  relu6 as coreRelu6,
  selu as coreSelu,
  silu as coreSilu,
  softmax as coreSoftmax,
  softmin as coreSoftmin,
  threshold as coreThreshold,
  DTypeError,
  div,
  formatShape,
  mul,
  named,
  norm,
  roundedOnce,
  ShapeError,
  sameShape,
  sigmoid,
  sizeOf,
  sub,
  ValueError,
} from '@torsor/core';
import { checkFloat, flag, numeric, required, tensorArgument, warn } from './arguments.ts';

export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  batchNorm,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  crossEntropy,
  gelu,
  groupNorm,
  hardshrink,
  huberLoss,
  klDiv,
  l1Loss,
  layerNorm,
  linear,
  logSigmoid,
  logSigmoid as logsigmoid,
  maxPool1d,
  maxPool2d,
  mseLoss,
  nllLoss,
  oneHot,
  pad,
  prelu,
  sigmoid,
  smoothL1Loss,
  softplus,
  softshrink,
  softsign,
  tanh,
  tanhshrink,
} from '@torsor/core';
export type { ScaledDotProductAttentionOptions } from './attention.ts';
export { scaledDotProductAttention } from './attention.ts';
export * from './blocks.ts';
export * from './classMargins.ts';
export * from './ctc.ts';
export type { DropoutOptions } from './dropout.ts';
export {
  alphaDropout,
  checkProbability,
  dropout,
  dropout1d,
  dropout2d,
  featureAlphaDropout,
} from './dropout.ts';
export type { EmbeddingOptions } from './embedding.ts';
export { embedding } from './embedding.ts';
export type { BagMode, EmbeddingBagOptions } from './embeddingBag.ts';
export { embeddingBag } from './embeddingBag.ts';
export * from './grid.ts';
export * from './likelihoods.ts';
export * from './localResponse.ts';
export * from './pairMargins.ts';
export * from './powerPool.ts';
export * from './randomised.ts';
export * from './resample.ts';
export * from './rmsNorm.ts';
export * from './shuffle.ts';
export * from './unpool.ts';

// ------------------------------------------------------------------------------------------------------------ activations

export interface InplaceOptions {
  /** Write the result into the input. Default false. */
  readonly inplace?: boolean;
}

/**
 * Writes `compute` of `input` into `input`. Where a gradient will be asked for, the op reads a copy: its derivative may need
 * the values that are overwritten here.
 */
function overwrite(input: Tensor, compute: (x: Tensor) => Tensor): Tensor {
  return input.copy_(compute(input.requiresGrad ? input.clone() : input));
}

type Pointwise = (input: Tensor, inplace?: boolean | InplaceOptions) => Tensor;

/** An activation without parameters of its own. */
function pointwise(op: string, compute: (x: Tensor) => Tensor): Pointwise {
  return (input, inplace) => {
    if (inplace === undefined) return compute(input);
    const [write = false] = named<[boolean]>(op, ['inplace'], [inplace]);
    return flag(op, 'inplace', write) ? overwrite(input, compute) : compute(input);
  };
}

/** `max(x, 0)`. */
export const relu: Pointwise = (input, inplace) => {
  if (inplace === undefined || inplace === false) return coreRelu(input);
  const [write = false] = named<[boolean]>('relu', ['inplace'], [inplace]);
  return flag('relu', 'inplace', write) ? input.relu_() : coreRelu(input);
};

/** `max(x, 0)`, in place. */
export function relu_(input: Tensor): Tensor {
  tensorArgument('relu_', 'input', input);
  return input.relu_();
}

/** `min(max(x, 0), 6)`. */
export const relu6: Pointwise = pointwise('relu6', coreRelu6);
/** `x sigmoid(x)`, also called swish. */
export const silu: Pointwise = pointwise('silu', coreSilu);
/** `x tanh(softplus(x))`. */
export const mish: Pointwise = pointwise('mish', coreMish);
/** `x min(max(x + 3, 0), 6) / 6`. */
export const hardswish: Pointwise = pointwise('hardswish', coreHardswish);
/** `min(max(x + 3, 0), 6) / 6`. */
export const hardsigmoid: Pointwise = pointwise('hardsigmoid', coreHardsigmoid);
/** Scaled elu: `1.0507 (x > 0 ? x : 1.6733 (e^x - 1))`. */
export const selu: Pointwise = pointwise('selu', coreSelu);

/** One parameter, then `inplace`. */
function parametric<O>(
  op: string,
  name: string,
  fallback: number,
  compute: (x: Tensor, parameter: number) => Tensor,
): (input: Tensor, parameter?: number | O, inplace?: boolean | O) => Tensor {
  return (input, parameter, inplace) => {
    const [value = fallback, write = false] = named<[number, boolean]>(op, [name, 'inplace'], [parameter, inplace]);
    const p = numeric(op, name, value);
    return flag(op, 'inplace', write) ? overwrite(input, (x) => compute(x, p)) : compute(input, p);
  };
}

export interface AlphaOptions extends InplaceOptions {
  /** Scale of the negative part; 1 by default. */
  readonly alpha?: number;
}

export interface LeakyReluOptions extends InplaceOptions {
  /** Slope where x is negative; 0.01 by default. */
  readonly negativeSlope?: number;
}

/** `x > 0 ? x : alpha (e^x - 1)`; alpha is 1 by default. */
export const elu = /* @__PURE__ */ parametric<AlphaOptions>('elu', 'alpha', 1, coreElu);
/** `max(0, x) + min(0, alpha (e^(x/alpha) - 1))`; alpha is 1 by default. */
export const celu = /* @__PURE__ */ parametric<AlphaOptions>('celu', 'alpha', 1, coreCelu);
/** `x > 0 ? x : negativeSlope x`; the slope is 0.01 by default. */
export const leakyRelu = /* @__PURE__ */ parametric<LeakyReluOptions>(
  'leakyRelu',
  'negativeSlope',
  0.01,
  coreLeakyRelu,
);

export interface HardtanhOptions extends InplaceOptions {
  /** -1 by default. */
  readonly minVal?: number;
  /** 1 by default. */
  readonly maxVal?: number;
}

/** x clipped to `[minVal, maxVal]`, by default [-1, 1]. */
export function hardtanh(
  input: Tensor,
  minVal?: number | HardtanhOptions,
  maxVal?: number | HardtanhOptions,
  inplace?: boolean | HardtanhOptions,
): Tensor {
  tensorArgument('hardtanh', 'input', input);
  const op = 'hardtanh';
  const [min = -1, max = 1, write = false] = named<[number, number, boolean]>(
    op,
    ['minVal', 'maxVal', 'inplace'],
    [minVal, maxVal, inplace],
  );
  const compute = (x: Tensor): Tensor => coreHardtanh(x, min, max);
  return flag(op, 'inplace', write) ? overwrite(input, compute) : compute(input);
}

export interface ThresholdOptions extends InplaceOptions {
  readonly threshold?: number;
  readonly value?: number;
}

/** `x > threshold ? x : value`. */
export function threshold(
  input: Tensor,
  threshold: number | ThresholdOptions,
  value?: number | ThresholdOptions,
  inplace?: boolean | ThresholdOptions,
): Tensor {
  tensorArgument('threshold', 'input', input);
  const op = 'threshold';
  const [t, v, write = false] = named<[number, number, boolean]>(
    op,
    ['threshold', 'value', 'inplace'],
    [threshold, value, inplace],
  );
  const bound = numeric(op, 'threshold', required(op, 'threshold', t));
  const other = numeric(op, 'value', required(op, 'value', v));
  const compute = (x: Tensor): Tensor => coreThreshold(x, bound, other);
  return flag(op, 'inplace', write) ? overwrite(input, compute) : compute(input);
}

/** `elu`, in place. */
export function elu_(input: Tensor, alpha?: number | Omit<AlphaOptions, 'inplace'>): Tensor {
  tensorArgument('elu_', 'input', input);
  const [value = 1] = named<[number]>('elu_', ['alpha'], [alpha]);
  return elu(input, value, true);
}

/** `celu`, in place. */
export function celu_(input: Tensor, alpha?: number | Omit<AlphaOptions, 'inplace'>): Tensor {
  tensorArgument('celu_', 'input', input);
  const [value = 1] = named<[number]>('celu_', ['alpha'], [alpha]);
  return celu(input, value, true);
}

/** `selu`, in place. */
export function selu_(input: Tensor): Tensor {
  tensorArgument('selu_', 'input', input);
  return selu(input, true);
}

/** `leakyRelu`, in place. */
export function leakyRelu_(input: Tensor, negativeSlope?: number | Omit<LeakyReluOptions, 'inplace'>): Tensor {
  tensorArgument('leakyRelu_', 'input', input);
  const [value = 0.01] = named<[number]>('leakyRelu_', ['negativeSlope'], [negativeSlope]);
  return leakyRelu(input, value, true);
}

/** `a sigmoid(b)` for the two halves a and b of the input along `dim` (-1 by default). */
export function glu(input: Tensor, dim: number | { readonly dim?: number } = -1): Tensor {
  tensorArgument('glu', 'input', input);
  const [d = -1] = named<[number]>('glu', ['dim'], [dim]);
  const size = input.size(d);
  if (size % 2 !== 0) {
    throw new ShapeError(`Halving dimension must be even, but dimension ${d} is size ${size}`, {
      op: 'glu',
      operands: { input: input.shape, dim: d },
    });
  }
  const half = size / 2;
  return mul(input.narrow(d, 0, half), sigmoid(input.narrow(d, half, half)));
}

export interface SoftmaxOptions {
  /** Dimension along which the results sum to 1. */
  readonly dim?: number | null;
  /** Cast to this dtype first. */
  readonly dtype?: DType | null;
}

/** The dimension that PyTorch takes when none is given, which it warns of. */
function implicitDim(op: string, input: Tensor): number {
  warn(
    op,
    'Implicit dimension choice for softmax has been deprecated. Change the call to include dim=X as an argument.',
  );
  return input.ndim === 0 || input.ndim === 1 || input.ndim === 3 ? 0 : 1;
}

type Softmax = (input: Tensor, dim?: number | null | SoftmaxOptions, dtype?: DType | null | SoftmaxOptions) => Tensor;

function softmaxOf(op: string, compute: (x: Tensor, dim: number, options: { dtype: DType | null }) => Tensor): Softmax {
  return (input, dim, dtype) => {
    tensorArgument(op, 'input', input);
    const [d = null, to = null] = named<[number | null, DType | null]>(op, ['dim', 'dtype'], [dim, dtype]);
    return compute(input, d ?? implicitDim(op, input), { dtype: to });
  };
}

/** `e^x / Σ e^x` along `dim`. */
export const softmax = /* @__PURE__ */ softmaxOf('softmax', coreSoftmax);
/** `log(softmax(x))` along `dim`. */
export const logSoftmax = /* @__PURE__ */ softmaxOf('logSoftmax', coreLogSoftmax);
/** `softmax(-x)` along `dim`. */
export const softmin = /* @__PURE__ */ softmaxOf('softmin', coreSoftmin);

// ---------------------------------------------------------------------------------------------------------- normalisation

function affine(x: Tensor, weight: Tensor | null, bias: Tensor | null): Tensor {
  const scaled = weight === null ? x : mul(x, weight);
  return bias === null ? scaled : add(scaled, bias);
}

/** @throws ShapeError or DTypeError unless what is given has one element for each channel, in the dtype of the input */
function checkPerChannel(op: string, name: string, value: Tensor | null, input: Tensor): void {
  if (value === null) return;
  const x = tensorArgument(op, name, value);
  if (x.ndim !== 1 || x.shape[0] !== input.shape[1]) {
    throw new ShapeError(
      `Expected ${name} to be a vector of size equal to the number of channels in input, but got ${name} of shape ` +
        `${formatShape(x.shape)} and input of shape ${formatShape(input.shape)}`,
      { op, operands: { [name]: x.shape, input: input.shape } },
    );
  }
  if (x.dtype === input.dtype) return;
  throw new DTypeError(`expected ${name} to have the dtype of the input, ${input.dtype}, but got ${x.dtype}`, {
    op,
    operands: { [name]: x.dtype, input: input.dtype },
  });
}

/** `[C]` as `[C, 1, …]`, which broadcasts over `[N, C, …]`. */
function perChannel(x: Tensor | null, input: Tensor): Tensor | null {
  return x === null ? null : x.view([x.shape[0], ...new Array<number>(input.ndim - 2).fill(1)]);
}

export interface InstanceNormOptions {
  /** `[C]`; updated with the statistics of the input, or used in their place. */
  readonly runningMean?: Tensor | null;
  /** `[C]`; updated with the statistics of the input, or used in their place. */
  readonly runningVar?: Tensor | null;
  /** `[C]`; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** `[C]`; null (default) for 0. */
  readonly bias?: Tensor | null;
  /** Normalise by the statistics of the input (true, the default), or by the running ones. */
  readonly useInputStats?: boolean;
  /** Share of this input in the new running statistics; 0.1 by default. */
  readonly momentum?: number;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
}

/**
 * Normalises each channel of each sample by itself: batch normalisation of `[1, N·C, …]`. Running statistics are the means over
 * the samples. Source: Ulyanov et al., "Instance Normalization", 2016.
 *
 * @throws ShapeError when there is one value per channel, which has no variance
 */
export function instanceNorm(
  input: Tensor,
  runningMean?: Tensor | null | InstanceNormOptions,
  runningVar?: Tensor | null | InstanceNormOptions,
  weight?: Tensor | null | InstanceNormOptions,
  bias?: Tensor | null | InstanceNormOptions,
  useInputStats?: boolean | InstanceNormOptions,
  momentum?: number | InstanceNormOptions,
  eps?: number | InstanceNormOptions,
): Tensor {
  const op = 'instanceNorm';
  type Arguments = [Tensor | null, Tensor | null, Tensor | null, Tensor | null, boolean, number, number];
  const [mean = null, variance = null, w = null, b = null, fromInput = true, m = 0.1, e = 1e-5] = named<Arguments>(
    op,
    ['runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps'],
    [runningMean, runningVar, weight, bias, useInputStats, momentum, eps],
  );
  tensorArgument(op, 'input', input);
  checkFloat(op, input);
  if (input.ndim < 3) {
    throw new ShapeError(`Expected an input [N, C, …] of at least 3 dimensions, but got ${formatShape(input.shape)}`, {
      op,
      operands: { input: input.shape },
    });
  }
  if (flag(op, 'useInputStats', fromInput) && sizeOf(input.shape.slice(2)) === 1) {
    throw new ShapeError(
      `Expected more than 1 spatial element when training, got input size ${formatShape(input.shape)}`,
      { op, operands: { input: input.shape } },
    );
  }
  const vectors = { runningMean: mean, runningVar: variance, weight: w, bias: b };
  for (const [name, x] of Object.entries(vectors)) checkPerChannel(op, name, x, input);
  if (!fromInput && (mean === null || variance === null)) {
    throw new ValueError(`${mean === null ? 'runningMean' : 'runningVar'} must be defined without useInputStats`, {
      op,
    });
  }
  numeric(op, 'momentum', m);
  numeric(op, 'eps', e);
  const [scale, shift] = [perChannel(w, input), perChannel(b, input)];
  const [n, channels] = input.shape;
  const repeated = (x: Tensor | null): Tensor | null =>
    x === null
      ? null
      : x
          .detach()
          .expand([n, channels])
          .reshape([n * channels])
          .clone();
  const means = repeated(mean);
  const variances = repeated(variance);
  const out = batchNorm(input.reshape([1, n * channels, ...input.shape.slice(2)]), {
    runningMean: means,
    runningVar: variances,
    training: fromInput,
    momentum: m,
    eps: e,
  });
  if (fromInput) {
    noGrad(() => {
      if (mean !== null && means !== null) mean.copy_(means.view([n, channels]).mean(0));
      if (variance !== null && variances !== null) variance.copy_(variances.view([n, channels]).mean(0));
    });
  }
  return affine(out.reshape(input.shape), scale, shift);
}

export interface NormalizeOptions {
  /** Order of the norm; 2 by default. */
  readonly p?: number;
  /** 1 by default. */
  readonly dim?: number | readonly number[];
  /** Least divisor; 1e-12 by default. */
  readonly eps?: number;
}

/** `x / max(‖x‖, eps)` along `dim`. Defaults: p 2, dim 1, eps 1e-12. */
export function normalize(
  input: Tensor,
  p?: number | NormalizeOptions,
  dim?: number | readonly number[] | NormalizeOptions,
  eps?: number | NormalizeOptions,
): Tensor {
  tensorArgument('normalize', 'input', input);
  const [order = 2, d = 1, e = 1e-12] = named<[number, number | readonly number[], number]>(
    'normalize',
    ['p', 'dim', 'eps'],
    [p, dim, eps],
  );
  // In 16 bits, `eps` would be 0, and so would what it is to keep apart from it.
  return roundedOnce([input], (x) => div(x, clamp(norm(x, order, d, true), e)));
}

export interface CosineSimilarityOptions {
  /** 1 by default. */
  readonly dim?: number;
  /** Least norm; 1e-8 by default. */
  readonly eps?: number;
}

/** `x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps))` along `dim`; the operands broadcast. Defaults: dim 1, eps 1e-8. */
export function cosineSimilarity(
  x1: Tensor,
  x2: Tensor,
  dim?: number | CosineSimilarityOptions,
  eps?: number | CosineSimilarityOptions,
): Tensor {
  tensorArgument('cosineSimilarity', 'x1', x1);
  tensorArgument('cosineSimilarity', 'x2', x2);
  const [d = 1, e = 1e-8] = named<[number, number]>('cosineSimilarity', ['dim', 'eps'], [dim, eps]);
  const unit = (x: Tensor): Tensor => div(x, clamp(norm(x, 2, d, true), e));
  return roundedOnce([x1, x2], (a, b) => {
    // Expanded first: `dim` counts in the broadcast shape.
    const like = add(a.detach(), b.detach());
    return mul(unit(a.expandAs(like)), unit(b.expandAs(like))).sum(d);
  });
}

export interface PairwiseDistanceOptions {
  /** Order of the norm; 2 by default. */
  readonly p?: number;
  /** Added to the difference; 1e-6 by default. */
  readonly eps?: number;
  readonly keepdim?: boolean;
}

/** `‖x1 - x2 + eps‖` along the last dimension. Defaults: p 2, eps 1e-6, keepdim false. */
export function pairwiseDistance(
  x1: Tensor,
  x2: Tensor,
  p?: number | PairwiseDistanceOptions,
  eps?: number | PairwiseDistanceOptions,
  keepdim?: boolean | PairwiseDistanceOptions,
): Tensor {
  const [order = 2, e = 1e-6, keep = false] = named<[number, number, boolean]>(
    'pairwiseDistance',
    ['p', 'eps', 'keepdim'],
    [p, eps, keepdim],
  );
  return roundedOnce([x1, x2], (a, b) => norm(add(sub(a, b), e), order, -1, keep));
}

// --------------------------------------------------------------------------------------------------------------- bilinear

/**
 * `y[o] = x1ᵀ weight[o] x2 + bias[o]`: x1 `[…, in1]`, x2 `[…, in2]`, weight `[out, in1, in2]`, bias `[out]` or null → `[…, out]`.
 *
 * @throws ShapeError when the sizes do not fit
 */
export function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  tensorArgument('bilinear', 'input1', input1);
  tensorArgument('bilinear', 'input2', input2);
  tensorArgument('bilinear', 'weight', weight);
  const op = 'bilinear';
  const [out, in1, in2] = weight.shape;
  const lead = input1.shape.slice(0, -1);
  const fits =
    weight.ndim === 3 &&
    input1.shape.at(-1) === in1 &&
    input2.shape.at(-1) === in2 &&
    sameShape(lead, input2.shape.slice(0, -1));
  if (!fits) {
    throw new ShapeError(
      `input1 and input2 must agree in all but their last dimensions, which must be those of the weight, but got ` +
        `${formatShape(input1.shape)}, ${formatShape(input2.shape)} and ${formatShape(weight.shape)}`,
      { op, operands: { input1: input1.shape, input2: input2.shape, weight: weight.shape } },
    );
  }
  const rows = sizeOf(lead);
  const left = input1.reshape([rows, in1]).mm(weight.permute(1, 0, 2).reshape([in1, out * in2]));
  const product = left
    .view([rows, out, in2])
    .mul(input2.reshape([rows, 1, in2]))
    .sum(-1)
    .reshape([...lead, out]);
  return bias === null ? product : add(product, bias);
}
