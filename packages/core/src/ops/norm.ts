/** Batch normalisation. (Layer, group and instance normalisation are composed of other ops.) */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { formatShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import { doubles } from '../reference/dense.ts';
import { channelStatistics, normalise, updateRunning } from '../reference/norm.ts';
import type { Tensor } from '../tensor.ts';
import { launchNormalise, launchStatistics } from '../wasm/launchNorm.ts';
import { flag, requireFloat } from './arguments.ts';
import type { NormOps } from './list.ts';
import { checkTensor, tensorOrNull } from './spatial.ts';

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
  let center: Float64Array;
  let spread: Float64Array;
  if (training) {
    const statistics = launchStatistics(input) ?? channelStatistics(input);
    center = statistics.mean;
    spread = statistics.variance;
    if (statistics.count > 0) {
      const { count } = statistics;
      if (runningMean !== null) write(runningMean, center, momentum);
      if (runningVar !== null)
        write(
          runningVar,
          spread.map((v) => (v * count) / (count - 1)),
          momentum,
        );
    }
  } else {
    // Copies: what lies in the heap must not be held on to while it grows.
    center = doubles(runningMean as Tensor).slice();
    spread = doubles(runningVar as Tensor).slice();
  }
  const scale = spread.map((v) => 1 / Math.sqrt(v + eps));
  const factor = weight === null ? null : doubles(weight);
  const shift = bias === null ? null : doubles(bias);
  if (!launchNormalise(input, center, scale, factor, shift, output)) {
    normalise(input, center, scale, factor, shift, output);
  }
  (mean.array as Float64Array).set(center, mean.offset);
  (invstd.array as Float64Array).set(scale, invstd.offset);
  return [output, mean, invstd];
};

function write(running: Tensor, values: Float64Array, momentum: number): void {
  updateRunning(running, values, momentum);
  running.storage.version++;
}

function checkChannels(name: string, value: Tensor | null, input: Tensor): void {
  if (value === null) return;
  const channels = input.shape[1];
  if (value.ndim !== 1 || value.shape[0] !== channels) {
    throw new ShapeError(
      `${name} should contain ${channels} elements not ${sizeOf(value.shape)}, shape ${formatShape(value.shape)}`,
      {
        op: 'batchNorm',
        operands: { [name]: value.shape, input: input.shape },
      },
    );
  }
  if (value.dtype !== input.dtype) {
    throw new DTypeError(`expected ${name} to have the dtype of the input, ${input.dtype}, but got ${value.dtype}`, {
      op: 'batchNorm',
      operands: { [name]: value.dtype, input: input.dtype },
    });
  }
}

/** @throws ShapeError for one value per channel, whose variance is nothing */
function checkEnoughValues(input: Tensor): void {
  const perChannel = input.shape[0] * sizeOf(input.shape.slice(2));
  if (perChannel !== 1) return;
  throw new ShapeError(
    `Expected more than 1 value per channel when training, got input size ${formatShape(input.shape)}`,
    {
      op: 'batchNorm',
      operands: { input: input.shape },
    },
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
  if (isTraining) checkEnoughValues(input);
  else if (mean === null || variance === null) {
    throw new ValueError(`${mean === null ? 'runningMean' : 'runningVar'} must be defined in evaluation mode`, { op });
  }
  checkChannels('runningMean', mean, input);
  checkChannels('runningVar', variance, input);
  checkChannels('weight', scale, input);
  checkChannels('bias', shift, input);
  return dispatch('batchNorm', batchNormForward, [input, scale, shift, mean, variance, isTraining, m, e])[0];
}
