/** Batch, layer and group normalisation. (Instance normalisation is composed of the first.) */

import { allocate, allocateZeros, makeView } from '../base.ts';
import { firstOf } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { isHalf } from '../dtype.ts';
import { DTypeError, ShapeError, show, ValueError } from '../errors.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sameShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import { doubles } from '../reference/dense.ts';
import * as reference from '../reference/norm.ts';
import { channelStatistics, channelSums, normalise, normaliseGradient, updateRunning } from '../reference/norm.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { launchBatchNorm, launchBatchNormBackward } from '../wasm/launchBatchNorm.ts';
import {
  launchChannelSums,
  launchLayerNorm,
  launchLayerNormBackward,
  launchNormalise,
  launchNormaliseGradient,
  launchStatistics,
} from '../wasm/launchNorm.ts';
import { rowMajor } from '../wasm/rowMajor.ts';
import { flag, requireFloat } from './arguments.ts';
import type { NormOps } from './list.ts';
import { checkTensor, tensorOrNull } from './tensors.ts';

const batchNormForward: NormOps['batchNorm'] = (
  input,
  weight,
  bias,
  runningMean,
  runningVar,
  training,
  momentum,
  eps,
) => {
  const channels = input.shape[1];
  const output = allocate(input.shape, input.dtype);
  const mean = allocate([channels], input.dtype);
  const invstd = allocate([channels], input.dtype);
  if (
    training &&
    launchBatchNorm(input, weight, bias, [runningMean, runningVar], momentum, eps, [output, mean, invstd])
  ) {
    for (const running of [runningMean, runningVar]) running?.storage.countWrite();
    return [output, mean, invstd];
  }
  let center: Float64Array;
  let spread: Float64Array;
  if (training) {
    const statistics = launchStatistics(input) ?? channelStatistics(input);
    center = statistics.mean;
    spread = statistics.variance;
    if (statistics.count > 0) {
      const { count } = statistics;
      if (runningMean !== null) write(runningMean, center, momentum);
      if (runningVar !== null) {
        const unbiased = new Float64Array(channels);
        for (let c = 0; c < channels; c++) unbiased[c] = (spread[c] * count) / (count - 1);
        write(runningVar, unbiased, momentum);
      }
    }
  } else {
    center = copied(runningMean as Tensor);
    spread = copied(runningVar as Tensor);
  }
  const scale = new Float64Array(channels);
  for (let c = 0; c < channels; c++) scale[c] = 1 / Math.sqrt(spread[c] + eps);
  const factors = weight === null ? scale : timesOf(scale, doubles(weight));
  const shift = bias === null ? new Float64Array(channels) : copied(bias);
  if (!launchNormalise(input, center, factors, shift, output)) normalise(input, center, factors, shift, output);
  (mean.array as Float64Array).set(center, mean.offset);
  (invstd.array as Float64Array).set(scale, invstd.offset);
  return [output, mean, invstd];
};

/**
 * The gradients of `batchNorm` with respect to input, weight and bias, from the mean and 1/√(var + eps) that it used: with
 * x̂ = (x - mean) s and m elements to a channel, db = Σ g, dw = Σ g x̂, and dx = w s (g - db / m - x̂ dw / m) in training, w s g
 * otherwise. It is not recorded: where a gradient is to be differentiated again, it is composed of ops that are.
 */
export function batchNormBackward(
  grad: Tensor,
  input: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
  training: boolean,
): [dInput: Tensor, dWeight: Tensor, dBias: Tensor] {
  const channels = input.shape[1];
  const dInput = allocate(input.shape, input.dtype);
  const [dWeight, dBias] = [0, 1].map(() => allocate([channels], input.dtype));
  if (training && launchBatchNormBackward(grad, input, weight, mean, invstd, [dInput, dWeight, dBias])) {
    return [dInput, dWeight, dBias];
  }
  const center = copied(mean);
  const scale = copied(invstd);
  const slope = weight === null ? scale : timesOf(scale, doubles(weight));
  const { sums, products } = launchChannelSums(input, grad, center) ?? channelSums(input, grad, center);
  if (training) {
    const count = sizeOf(input.shape) / channels;
    const inclination = new Float64Array(channels);
    const shift = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      inclination[c] = (-slope[c] * scale[c] * scale[c] * products[c]) / count;
      shift[c] = (-slope[c] * sums[c]) / count;
    }
    if (!launchNormaliseGradient(input, grad, center, inclination, shift, slope, dInput)) {
      normaliseGradient(input, grad, center, inclination, shift, slope, dInput);
    }
  } else {
    const zeros = new Float64Array(channels);
    if (!launchNormalise(grad, zeros, slope, zeros, dInput)) normalise(grad, zeros, slope, zeros, dInput);
  }
  (dWeight.array as Float64Array).set(timesOf(products, scale), dWeight.offset);
  (dBias.array as Float64Array).set(sums, dBias.offset);
  return [dInput, dWeight, dBias];
}

/** The elements as doubles, in an array of their own: what lies in the heap must not be held on to while it grows. */
function copied(x: Tensor): Float64Array {
  const values = doubles(x);
  return x.dtype === 'float64' ? values.slice() : values;
}

/** a * b, channel by channel. (`map` takes longer than all that a channel is for.) */
function timesOf(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let c = 0; c < a.length; c++) out[c] = a[c] * b[c];
  return out;
}

function write(running: Tensor, values: Float64Array, momentum: number): void {
  updateRunning(running, values, momentum);
  running.storage.countWrite();
}

function checkChannels(op: string, name: string, value: Tensor | null, input: Tensor): void {
  if (value === null) return;
  const channels = input.shape[1];
  if (value.ndim !== 1 || value.shape[0] !== channels) {
    throw new ShapeError(
      `${name} should contain ${channels} elements not ${sizeOf(value.shape)}, shape ${formatShape(value.shape)}`,
      {
        op,
        operands: { [name]: value.shape, input: input.shape },
      },
    );
  }
  if (value.dtype !== input.dtype) {
    throw new DTypeError(`expected ${name} to have the dtype of the input, ${input.dtype}, but got ${value.dtype}`, {
      op,
      operands: { [name]: value.dtype, input: input.dtype },
    });
  }
}

/** Whether an input of 16-bit floats is to be normalised by float32 statistics and parameters, as in a network of which those are kept. */
function isMixed(input: Tensor, others: readonly (Tensor | null)[]): boolean {
  const dtypes = others.flatMap((x) => (x === null ? [] : [x.dtype]));
  return isHalf(input.dtype) && dtypes.length > 0 && dtypes.every((dtype) => dtype === 'float32');
}

/** @throws ValueError when it is no number */
function checkEps(op: string, eps: unknown): void {
  if (typeof eps === 'number') return;
  throw new ValueError(`eps must be a number, but got ${show(eps)}`, { op, operands: { eps } });
}

/** @throws ShapeError for one value per channel (or group), whose variance is nothing */
function checkEnoughValues(op: string, input: Tensor, count: number): void {
  if (count !== 1) return;
  throw new ShapeError(
    `Expected more than 1 value per channel when training, got input size ${formatShape(input.shape)}`,
    { op, operands: { input: input.shape } },
  );
}

export interface BatchNormOptions {
  /** `[C]`; updated in training, used otherwise. */
  readonly runningMean?: Tensor | null;
  /** `[C]`; updated in training, used otherwise. */
  readonly runningVar?: Tensor | null;
  /** `[C]`, what the normalised input is multiplied by; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** `[C]`, what is added then; null (default) for 0. */
  readonly bias?: Tensor | null;
  /** Normalise by the statistics of this input, and update the running ones. Default false. */
  readonly training?: boolean;
  /** Share of this input in the new running statistics; 0.1 by default. */
  readonly momentum?: number;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
}

const NAMES = ['runningMean', 'runningVar', 'weight', 'bias', 'training', 'momentum', 'eps'] as const;

type Arguments = [Tensor | null, Tensor | null, Tensor | null, Tensor | null, boolean, number, number];

/**
 * Normalises each channel: `(x - mean) / √(var + eps) * weight + bias`.
 *
 * input `[N, C, …]` → the same shape. In training, mean and (biased) variance are those of the channel over all other dimensions,
 * and the running statistics become `(1 - momentum) running + momentum new`, in place, the variance with Bessel's correction.
 * Otherwise the running statistics are used, and needed. Defaults: no weight, no bias, training false, momentum 0.1, eps 1e-5.
 * Beside an input of 16-bit floats, statistics and parameters may all be float32.
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", 2015.
 *
 * @throws ShapeError in training with a single value per channel, or when an argument is not `[C]`
 *
 * @example
 * batchNorm(tensor([[1, 10], [3, 30]]), null, null, { training: true }); // tensor([[-1., -1.], [ 1.,  1.]])
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null | BatchNormOptions,
  runningVar?: Tensor | null | BatchNormOptions,
  weight?: Tensor | null | BatchNormOptions,
  bias?: Tensor | null | BatchNormOptions,
  training?: boolean | BatchNormOptions,
  momentum?: number | BatchNormOptions,
  eps?: number | BatchNormOptions,
): Tensor {
  const op = 'batchNorm';
  const args = [runningMean, runningVar, weight, bias, training, momentum, eps];
  const [rm, rv, w, b, train, m = 0.1, e = 1e-5] = named<Arguments>(op, NAMES, args);
  checkTensor(op, 'input', input);
  const [mean, variance] = [tensorOrNull(op, 'runningMean', rm), tensorOrNull(op, 'runningVar', rv)];
  const [scale, shift] = [tensorOrNull(op, 'weight', w), tensorOrNull(op, 'bias', b)];
  if (input.ndim < 2) {
    throw new ShapeError(`expected an input of at least 2 dimensions, [N, C, …], but got ${formatShape(input.shape)}`, {
      op,
      operands: { input: input.shape },
    });
  }
  requireFloat(op, input.dtype);
  if (typeof m !== 'number' || typeof e !== 'number') {
    throw new ValueError(`momentum and eps must be numbers, but got ${String(m)} and ${String(e)}`, { op });
  }
  const isTraining = flag(op, 'training', train);
  if (isTraining) checkEnoughValues(op, input, input.shape[0] * sizeOf(input.shape.slice(2)));
  else if (mean === null || variance === null) {
    throw new ValueError(`${mean === null ? 'runningMean' : 'runningVar'} must be defined in evaluation mode`, { op });
  }
  if (isMixed(input, [mean, variance, scale, shift])) {
    return roundedOnce([input], (x) => batchNorm(x, mean, variance, scale, shift, isTraining, m, e));
  }
  checkChannels(op, 'runningMean', mean, input);
  checkChannels(op, 'runningVar', variance, input);
  checkChannels(op, 'weight', scale, input);
  checkChannels(op, 'bias', shift, input);
  return firstOf(dispatch('batchNorm', batchNormForward, [input, scale, shift, mean, variance, isTraining, m, e]));
}

// ------------------------------------------------------------------------------------------------- layer normalisation

const layerNormForward: NormOps['layerNorm'] = (input, weight, bias, rows, eps) => {
  const output = allocate(input.shape, input.dtype);
  const mean = allocate([rows], input.dtype);
  const invstd = allocate([rows], input.dtype);
  const n = rows === 0 ? 0 : sizeOf(input.shape) / rows;
  if (n > 0 && !launchLayerNorm(input, n, weight, bias, eps, [output, mean, invstd])) {
    const [w, b] = [weight, bias].map((x) => (x === null ? null : doubles(x)));
    reference.layerNorm(input, n, w, b, eps, output, mean, invstd);
  }
  return [output, mean, invstd];
};

/**
 * The gradients of `layerNorm` with respect to input, weight and bias (flat), from the means and 1/√(var + eps) of the rows: with
 * h = g w, dx = s (h - Σ h / n - x̂ Σ h x̂ / n), dw = Σ g x̂, db = Σ g. Not recorded, as `batchNormBackward`.
 */
export function layerNormBackward(
  grad: Tensor,
  input: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
): [dInput: Tensor, dWeight: Tensor, dBias: Tensor] {
  const rows = mean.shape[0];
  const dInput = allocate(input.shape, input.dtype);
  const n = rows === 0 ? sizeOf(weight?.shape ?? []) : sizeOf(input.shape) / rows;
  const w = weight === null ? null : doubles(weight);
  const { dWeight, dBias } =
    launchLayerNormBackward(grad, input, n, weight, mean, invstd, dInput) ??
    reference.layerNormBackward(grad, input, n, w, mean, invstd, dInput);
  const vector = (values: Float64Array): Tensor => {
    const out = allocate([n], input.dtype);
    (out.array as Float64Array).set(values, out.offset);
    return out;
  };
  return [dInput, vector(dWeight), vector(dBias)];
}

export interface LayerNormOptions {
  readonly normalizedShape?: Shape;
  /** Of the normalised shape; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** Of the normalised shape; null (default) for 0. */
  readonly bias?: Tensor | null;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
}

/**
 * The last dimensions of an input, over which it is normalised.
 *
 * @throws ShapeError when the input does not end in `shape`; ValueError when that is no list
 */
export function normalizedTail(op: string, input: Tensor, shape: unknown): Shape {
  if (!Array.isArray(shape)) {
    throw new ValueError(`normalizedShape must be given as a list, but got ${String(shape)}`, { op });
  }
  const tail: Shape = shape;
  const lead = input.ndim - tail.length;
  if (tail.length < 1 || lead < 0 || !sameShape(input.shape.slice(lead), tail)) {
    throw new ShapeError(
      `Given normalizedShape=${formatShape(tail)}, expected input with shape [*, ${tail.join(', ')}], but got input of size ` +
        formatShape(input.shape),
      { op, operands: { input: input.shape, normalizedShape: tail } },
    );
  }
  return tail;
}

/**
 * Normalises over the last dimensions: `(x - mean) / √(var + eps) * weight + bias`, mean and biased variance over `normalizedShape`.
 *
 * input `[…, ...normalizedShape]` → the same shape. Source: Ba et al., "Layer Normalization", 2016.
 *
 * @throws ShapeError when the input does not end in `normalizedShape`
 *
 * @example
 * layerNorm(tensor([[1, 3], [10, 30]]), [2]); // tensor([[-1.,  1.], [-1.,  1.]])
 */
export function layerNorm(
  input: Tensor,
  normalizedShape: Shape | LayerNormOptions,
  weight?: Tensor | null | LayerNormOptions,
  bias?: Tensor | null | LayerNormOptions,
  eps?: number | LayerNormOptions,
): Tensor {
  const op = 'layerNorm';
  const [shape, w, b, e = 1e-5] = named<[Shape, Tensor | null, Tensor | null, number]>(
    op,
    ['normalizedShape', 'weight', 'bias', 'eps'],
    [normalizedShape, weight, bias, eps],
  );
  checkTensor(op, 'input', input);
  requireFloat(op, input.dtype);
  checkEps(op, e);
  const tail = normalizedTail(op, input, shape);
  const [scale, shift] = [tensorOrNull(op, 'weight', w), tensorOrNull(op, 'bias', b)];
  if (isMixed(input, [scale, shift])) return roundedOnce([input], (x) => layerNorm(x, tail, scale, shift, e));
  for (const [name, x] of Object.entries({ weight: scale, bias: shift })) {
    if (x === null) continue;
    if (!sameShape(x.shape, tail)) {
      throw new ShapeError(`Expected ${name} to be of same shape as normalizedShape, but got ${formatShape(x.shape)}`, {
        op,
        operands: { [name]: x.shape, normalizedShape: tail },
      });
    }
    if (x.dtype !== input.dtype) {
      throw new DTypeError(`expected ${name} to have the dtype of the input, ${input.dtype}, but got ${x.dtype}`, {
        op,
        operands: { [name]: x.dtype, input: input.dtype },
      });
    }
  }
  return firstOf(
    dispatch('layerNorm', layerNormForward, [
      input,
      scale,
      shift,
      sizeOf(input.shape.slice(0, input.ndim - tail.length)),
      e,
    ]),
  );
}

// ------------------------------------------------------------------------------------------------- group normalisation

/** The elements of `x` in row-major order, as `channels` runs of one sample. */
function asChannels(x: Tensor, channels: number): Tensor {
  const size = channels === 0 ? 0 : sizeOf(x.shape) / channels;
  const source = rowMajor(x);
  return makeView(source, [1, channels, size], [channels * size, size, 1], source.offset);
}

/** A table with an entry for each channel of each sample, from a number for its group and one for the channel. */
function perChannel(
  rows: Float64Array,
  channels: number,
  groups: number,
  f: (row: number, channel: number) => number,
): Float64Array {
  const size = channels / groups;
  const out = new Float64Array(rows.length * size);
  for (let i = 0; i < out.length; i++) out[i] = f(rows[Math.floor(i / size)], i % channels);
  return out;
}

const groupNormForward: NormOps['groupNorm'] = (input, weight, bias, groups, eps) => {
  const [batch, channels] = input.shape;
  const output = allocate(input.shape, input.dtype);
  const mean = allocate([batch, groups], input.dtype);
  const invstd = allocate([batch, groups], input.dtype);
  const rows = asChannels(input, batch * groups);
  const statistics = launchStatistics(rows) ?? channelStatistics(rows);
  const scale = statistics.variance.map((v) => 1 / Math.sqrt(v + eps));
  const [w, b] = [weight, bias].map((x) => (x === null ? null : doubles(x)));
  const means = perChannel(statistics.mean, channels, groups, (m) => m);
  const scales = perChannel(scale, channels, groups, (s, c) => (w === null ? s : s * w[c]));
  const shifts = perChannel(scale, channels, groups, (_, c) => (b === null ? 0 : b[c]));
  const x = asChannels(input, batch * channels);
  if (!launchNormalise(x, means, scales, shifts, output)) normalise(x, means, scales, shifts, output);
  (mean.array as Float64Array).set(statistics.mean, mean.offset);
  (invstd.array as Float64Array).set(scale, invstd.offset);
  return [output, mean, invstd];
};

/**
 * The gradients of `groupNorm` with respect to input, weight and bias: as those of `layerNorm`, for groups of channels. Not recorded,
 * as `batchNormBackward`.
 */
export function groupNormBackward(
  grad: Tensor,
  input: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
): [dInput: Tensor, dWeight: Tensor, dBias: Tensor] {
  const [batch, channels] = input.shape;
  const groups = mean.shape[1];
  const [x, g] = [input, grad].map((operand) => asChannels(operand, batch * channels));
  const spread = (rows: Float64Array): Float64Array => perChannel(rows, channels, groups, (value) => value);
  const means = spread(doubles(mean));
  const scales = spread(doubles(invstd));
  const factor = weight === null ? null : doubles(weight);
  const factors = scales.map((_, i) => (factor === null ? 1 : factor[i % channels]));
  const { sums, products } = launchChannelSums(x, g, means) ?? channelSums(x, g, means);
  const [plain, weighted] = [new Float64Array(batch * groups), new Float64Array(batch * groups)];
  const [dWeight, dBias] = [allocateZeros([channels], input.dtype), allocateZeros([channels], input.dtype)];
  const [dw, db] = [dWeight, dBias].map((out) => new Float64Array(out.array.length));
  const size = channels / groups;
  for (let i = 0; i < sums.length; i++) {
    const row = Math.floor(i / size);
    plain[row] += factors[i] * sums[i];
    weighted[row] += factors[i] * products[i];
    dw[i % channels] += scales[i] * products[i];
    db[i % channels] += sums[i];
  }
  (dWeight.array as Float64Array).set(dw, dWeight.offset);
  (dBias.array as Float64Array).set(db, dBias.offset);
  const count = (size * sizeOf(input.shape)) / (batch * channels);
  const slopes = scales.map((s, i) => s * factors[i]);
  const inclinations = scales.map((s, i) => (-s * s * s * weighted[Math.floor(i / size)]) / count);
  const shifts = scales.map((s, i) => (-s * plain[Math.floor(i / size)]) / count);
  const dInput = allocate(input.shape, input.dtype);
  if (!launchNormaliseGradient(x, g, means, inclinations, shifts, slopes, dInput)) {
    normaliseGradient(x, g, means, inclinations, shifts, slopes, dInput);
  }
  return [dInput, dWeight, dBias];
}

export interface GroupNormOptions {
  readonly numGroups?: number;
  /** `[C]`; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** `[C]`; null (default) for 0. */
  readonly bias?: Tensor | null;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
}

/**
 * Normalises each sample over groups of channels: input `[N, C, …]`, whose channels are split into `numGroups` groups, each with
 * its own mean and biased variance; then `weight` and `bias` per channel. Source: Wu, He, "Group Normalization", 2018.
 *
 * @throws ShapeError when `numGroups` does not divide the number of channels
 *
 * @example
 * groupNorm(tensor([[1, 3, 10, 30]]), 2); // tensor([[-1.,  1., -1.,  1.]])
 */
export function groupNorm(
  input: Tensor,
  numGroups: number | GroupNormOptions,
  weight?: Tensor | null | GroupNormOptions,
  bias?: Tensor | null | GroupNormOptions,
  eps?: number | GroupNormOptions,
): Tensor {
  const op = 'groupNorm';
  const [groups = 0, w, b, e = 1e-5] = named<[number, Tensor | null, Tensor | null, number]>(
    op,
    ['numGroups', 'weight', 'bias', 'eps'],
    [numGroups, weight, bias, eps],
  );
  checkTensor(op, 'input', input);
  requireFloat(op, input.dtype);
  checkEps(op, e);
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(`numGroups must be a positive integer, but got ${String(groups)}`, { op });
  }
  if (input.ndim < 2) {
    throw new ShapeError(`Expected at least 2 dimensions for input tensor but received ${input.ndim}`, {
      op,
      operands: { input: input.shape },
    });
  }
  if (input.shape[1] % groups !== 0) {
    throw new ShapeError(
      `Expected number of channels in input to be divisible by numGroups, but got input of shape ${formatShape(input.shape)} ` +
        `and numGroups=${groups}`,
      { op, operands: { input: input.shape, numGroups: groups } },
    );
  }
  // PyTorch's count: a group of one value is refused for a batch of one alone.
  checkEnoughValues(op, input, sizeOf(input.shape) / groups);
  const [scale, shift] = [tensorOrNull(op, 'weight', w), tensorOrNull(op, 'bias', b)];
  if (isMixed(input, [scale, shift])) return roundedOnce([input], (x) => groupNorm(x, groups, scale, shift, e));
  checkChannels(op, 'weight', scale, input);
  checkChannels(op, 'bias', shift, input);
  return firstOf(dispatch('groupNorm', groupNormForward, [input, scale, shift, groups, e]));
}
