/** Launches of the kernels of batch normalisation in training. Each computes, or gives false and does nothing. */

import { itemBytes } from '../dtype.ts';
import { isContiguous, sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { heap } from './heap.ts';
import { batchNormName, emitBatchNorm, emitBatchNormBackward } from './kernels/batch-norm.ts';
import { runChannelSums, runNorm, sumRowsOf, Table, takes } from './launchNorm.ts';
import { momentParts, runMoments } from './launchReduce.ts';
import { kernel } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/**
 * out, means, 1/√(variance + eps) of batch normalisation by the statistics of `input`, which enter the running ones as in
 * `updateRunning` of the reference
 */
export function launchBatchNorm(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  running: readonly [mean: Tensor | null, variance: Tensor | null],
  momentum: number,
  eps: number,
  results: readonly [out: Tensor, means: Tensor, invstds: Tensor],
): boolean {
  const [runningMean, runningVar] = running;
  if (!takes(input) || !isWritable(runningMean) || !isWritable(runningVar)) return false;
  const { dtype, shape } = input;
  const batch = shape[0];
  const channels = shape[1];
  const size = sizeOf(shape) / (batch * channels);
  const bytes = channels * itemBytes(dtype);
  // Runs of neighbouring elements for each sample and channel; or all samples of a channel, in steps of all channels.
  const isColumns = size === 1;
  const parts = isColumns ? momentParts(dtype, 1, batch, channels) : momentParts(dtype, batch * channels, size, 1);
  const { outer, n, inner, chunk, chunks } = parts;
  const partBytes = 8 * outer * chunks * inner;
  const staging = new Staging();
  const partMeans = staging.reserve(partBytes);
  const partSquares = staging.reserve(partBytes);
  const scales = staging.reserve(bytes);
  const shifts = staging.reserve(bytes);
  const w = new Table(staging, weight, bytes);
  const b = new Table(staging, bias, bytes);
  const source = staging.addTensor(rowMajor(input));
  const meanPart = runningMean === null ? null : staging.addTensor(runningMean);
  const varPart = runningVar === null ? null : staging.addTensor(runningVar);
  const out = staging.addTensor(results[0]);
  const means = staging.addTensor(results[1]);
  const invstds = staging.addTensor(results[2]);
  staging.open(out);
  const x = staging.pointer(source);
  const meansAt = staging.pointer(means);
  runMoments(dtype, parts, x, staging.at(partMeans), staging.at(partSquares));
  const { run } = kernel(batchNormName(dtype, false), emitBatchNorm(dtype), heap().memory);
  run(
    channels,
    isColumns ? 1 : batch,
    chunks,
    isColumns ? 0 : 8 * chunks * channels,
    isColumns ? 8 * channels : 8,
    isColumns ? 8 : 8 * chunks,
    chunk,
    n - (chunks - 1) * chunk,
    momentum,
    eps,
    staging.at(partMeans),
    staging.at(partSquares),
    w.pointer(dtype, channels, 1),
    b.pointer(dtype, channels, 0),
    meansAt,
    staging.pointer(invstds),
    meanPart === null ? 0 : staging.pointer(meanPart),
    varPart === null ? 0 : staging.pointer(varPart),
    staging.at(scales),
    staging.at(shifts),
  );
  runNorm('normalise', input, [x, 0, staging.pointer(out)], [meansAt, staging.at(scales), staging.at(shifts)]);
  for (const part of [out, means, invstds, meanPart, varPart]) if (part !== null) staging.write(part);
  return true;
}

/** Statistics that a kernel can write to: one after the other. */
function isWritable(statistic: Tensor | null): boolean {
  return statistic === null || isContiguous(statistic.shape, statistic.strides);
}

/** dInput, dWeight, dBias of batch normalisation in training */
export function launchBatchNormBackward(
  grad: Tensor,
  input: Tensor,
  weight: Tensor | null,
  means: Tensor,
  invstds: Tensor,
  results: readonly [dInput: Tensor, dWeight: Tensor, dBias: Tensor],
): boolean {
  if (!takes(input) || grad.dtype !== input.dtype) return false;
  const { dtype, shape } = input;
  const channels = shape[1];
  const bytes = channels * itemBytes(dtype);
  const rows = sumRowsOf(input);
  const staging = new Staging();
  const sums = staging.reserve(8 * rows * channels);
  const products = staging.reserve(8 * rows * channels);
  const scales = staging.reserve(bytes);
  const shifts = staging.reserve(bytes);
  const slopes = staging.reserve(bytes);
  const w = new Table(staging, weight, bytes);
  const source = staging.addTensor(rowMajor(input));
  const gradient = staging.addTensor(rowMajor(grad));
  const meanPart = staging.addTensor(rowMajor(means));
  const invstdPart = staging.addTensor(rowMajor(invstds));
  const dInput = staging.addTensor(results[0]);
  const dWeight = staging.addTensor(results[1]);
  const dBias = staging.addTensor(results[2]);
  staging.open(dInput);
  const x = staging.pointer(source);
  const g = staging.pointer(gradient);
  const mean = staging.pointer(meanPart);
  runChannelSums(input, [x, g, mean], staging.at(sums), staging.at(products));
  const { run } = kernel(batchNormName(dtype, true), emitBatchNormBackward(dtype), heap().memory);
  run(
    channels,
    rows,
    sizeOf(shape) / channels,
    staging.at(sums),
    staging.at(products),
    w.pointer(dtype, channels, 1),
    staging.pointer(invstdPart),
    staging.pointer(dWeight),
    staging.pointer(dBias),
    staging.at(scales),
    staging.at(shifts),
    staging.at(slopes),
  );
  const tables = [mean, staging.at(scales), staging.at(shifts), staging.at(slopes)];
  runNorm('gradient', input, [x, g, staging.pointer(dInput)], tables);
  for (const part of [dInput, dWeight, dBias]) staging.write(part);
  return true;
}
