/** Launches of the kernels of batch normalisation in training. Each computes, or gives false and does nothing. */

import { itemBytes } from '../dtype.ts';
import { isContiguous, sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { heap } from './heap.ts';
import { batchNormName, emitBatchNorm, emitBatchNormBackward } from './kernels/batch-norm.ts';
import { constantTable, runChannelSums, runNorm, sumRowsOf, takes } from './launchNorm.ts';
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
  if (!takes(input)) return false;
  for (const x of running) if (x !== null && !isContiguous(x.shape, x.strides)) return false;
  const { dtype, shape } = input;
  const [batch, channels] = shape;
  const size = sizeOf(shape) / (batch * channels);
  const bytes = channels * itemBytes(dtype);
  // Runs of neighbouring elements for each sample and channel; or all samples of a channel, in steps of all channels.
  const isColumns = size === 1;
  const parts = isColumns ? momentParts(dtype, 1, batch, channels) : momentParts(dtype, batch * channels, size, 1);
  const { outer, n, inner, chunk, chunks } = parts;
  const partBytes = 8 * outer * chunks * inner;
  const staging = new Staging();
  const [partMeans, partSquares] = [staging.reserve(partBytes), staging.reserve(partBytes)];
  const [scales, shifts] = [staging.reserve(bytes), staging.reserve(bytes)];
  const factors = [weight, bias].map((operand) => constantTable(staging, operand, bytes));
  const source = staging.addTensor(rowMajor(input));
  const statistics = running.map((x) => (x === null ? null : staging.addTensor(x)));
  const written = results.map((result) => staging.addTensor(result));
  staging.open(written[0]);
  const x = staging.pointer(source);
  const [out, means, invstds] = written.map((part) => staging.pointer(part));
  const tables = [scales, shifts].map((at) => staging.at(at));
  runMoments(dtype, parts, x, staging.at(partMeans), staging.at(partSquares));
  const runs = isColumns ? 1 : batch;
  const steps = isColumns ? [0, 8 * channels, 8] : [8 * chunks * channels, 8, 8 * chunks];
  const last = n - (chunks - 1) * chunk;
  const pointers = [
    ...[partMeans, partSquares].map((at) => staging.at(at)),
    ...factors.map((factor, i) => factor.open(dtype, channels, 1 - i)),
    means,
    invstds,
    ...statistics.map((part) => (part === null ? 0 : staging.pointer(part))),
    ...tables,
  ];
  const { run } = kernel(batchNormName(dtype, false), emitBatchNorm(dtype), heap().memory);
  run(channels, runs, chunks, ...steps, chunk, last, momentum, eps, ...pointers);
  runNorm('normalise', input, [x, 0, out], [means, ...tables]);
  for (const part of [...written, ...statistics]) if (part !== null) staging.write(part);
  return true;
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
  const [, channels] = shape;
  const bytes = channels * itemBytes(dtype);
  const rows = sumRowsOf(input);
  const staging = new Staging();
  const [sums, products] = [staging.reserve(8 * rows * channels), staging.reserve(8 * rows * channels)];
  const [scales, shifts, slopes] = [staging.reserve(bytes), staging.reserve(bytes), staging.reserve(bytes)];
  const factor = constantTable(staging, weight, bytes);
  const operands = [input, grad, means, invstds].map((operand) => staging.addTensor(rowMajor(operand)));
  const written = results.map((result) => staging.addTensor(result));
  staging.open(written[0]);
  const [x, g, mean, invstd] = operands.map((part) => staging.pointer(part));
  const [dx, dw, db] = written.map((part) => staging.pointer(part));
  const [sumsAt, productsAt] = [staging.at(sums), staging.at(products)];
  const tables = [scales, shifts, slopes].map((at) => staging.at(at));
  runChannelSums(input, [x, g, mean], sumsAt, productsAt);
  const { run } = kernel(batchNormName(dtype, true), emitBatchNormBackward(dtype), heap().memory);
  const w = factor.open(dtype, channels, 1);
  run(channels, rows, sizeOf(shape) / channels, sumsAt, productsAt, w, invstd, dw, db, ...tables);
  runNorm('gradient', input, [x, g, dx], [mean, ...tables]);
  for (const part of written) staging.write(part);
  return true;
}
