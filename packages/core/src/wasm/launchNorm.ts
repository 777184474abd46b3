/** Launches of the kernels behind batch normalisation. */

import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitNormaliseColumns, emitNormaliseRows, normaliseName } from './kernels/norm.ts';
import { launchMoments } from './launchReduce.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 1024;
/** Bytes that the kernels may read beyond the last entry of a table. */
const SLACK_BYTES = 32;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/** Mean and biased variance of each channel, as `channelStatistics` of the reference; null where no kernel takes it. */
export function launchStatistics(input: Tensor): { mean: Float64Array; variance: Float64Array; count: number } | null {
  const dims = input.shape.map((_, d) => d).filter((d) => d !== 1);
  const moments = launchMoments(input, dims);
  if (moments === null) return null;
  const { means, squares, count } = moments;
  return { mean: means, variance: squares.map((s) => s / count), count };
}

/** out = (input - mean) * invstd * weight + bias, channel by channel, as `normalise` of the reference */
export function launchNormalise(
  input: Tensor,
  mean: Float64Array,
  invstd: Float64Array,
  weight: Float64Array | null,
  bias: Float64Array | null,
  out: Tensor,
): boolean {
  const { dtype, shape } = input;
  if ((dtype !== 'float32' && dtype !== 'float64') || sizeOf(shape) < MIN_SIZE || !features().simd) return false;
  const [batch, channels] = shape;
  const size = sizeOf(shape.slice(2));
  const tables = [
    mean,
    weight === null ? invstd : invstd.map((scale, c) => scale * weight[c]),
    // A copy, since it may be a view of the heap, which may grow below.
    bias === null ? new Float64Array(channels) : bias.slice(),
  ];
  const staging = new Staging();
  const places = tables.map((table) => staging.reserve(table.byteLength + SLACK_BYTES));
  const source = staging.addTensor(rowMajor(input));
  const result = staging.addTensor(out);
  staging.open(result);
  const pointers = places.map((place) => staging.at(place));
  tables.forEach((table, i) => {
    new Float64Array(heap().memory.buffer, pointers[i], channels).set(table);
  });
  const operands = [staging.pointer(source), staging.pointer(result), ...pointers];
  if (size === 1) {
    const { run } = kernel<Run>(normaliseName(dtype, 'columns'), emitNormaliseColumns(dtype), heap().memory);
    run(batch, channels, ...operands);
  } else {
    const { run } = kernel<Run>(normaliseName(dtype, 'rows'), emitNormaliseRows(dtype), heap().memory);
    run(batch * channels, channels, size, ...operands);
  }
  staging.write(result);
  return true;
}
