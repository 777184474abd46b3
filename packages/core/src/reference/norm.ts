/**
 * Reference kernels of batch normalisation. The input is `[N, C, S]` in row-major order, with all dimensions after the second
 * flattened to S. Statistics take two passes, the mean before the squared distances from it, in double precision.
 */

import type { Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { NumberArray } from './dense.ts';
import { dense } from './dense.ts';

/** Runs up to this length are summed by four running sums, longer ones by halves. */
const RUN = 1024;

/** x[from] + … + x[from + n - 1], pairwise */
function sumRun(x: NumberArray, from: number, n: number): number {
  if (n > RUN) {
    const half = n >> 1;
    return sumRun(x, from, half) + sumRun(x, from + half, n - half);
  }
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = from;
  const end = from + n;
  for (; i + 4 <= end; i += 4) {
    s0 += x[i];
    s1 += x[i + 1];
    s2 += x[i + 2];
    s3 += x[i + 3];
  }
  for (; i < end; i++) s0 += x[i];
  return s0 + s1 + (s2 + s3);
}

/** (x[from] - center)² + …, pairwise */
function sumSquares(x: NumberArray, from: number, n: number, center: number): number {
  if (n > RUN) {
    const half = n >> 1;
    return sumSquares(x, from, half, center) + sumSquares(x, from + half, n - half, center);
  }
  let s0 = 0;
  let s1 = 0;
  let i = from;
  const end = from + n;
  for (; i + 2 <= end; i += 2) {
    const d0 = x[i] - center;
    const d1 = x[i + 1] - center;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  for (; i < end; i++) {
    const d0 = x[i] - center;
    s0 += d0 * d0;
  }
  return s0 + s1;
}

/** Mean and biased variance of each channel; zeros when there is nothing to average. */
export function channelStatistics(input: Strided): { mean: Float64Array; variance: Float64Array; count: number } {
  const [batch, channels] = input.shape;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const size = sizeOf(input.shape.slice(2));
  const count = batch * size;
  if (count === 0) return { mean, variance, count };
  const { array, offset } = dense(input);
  // Image by image, so that memory is read in order; channels wait in their sums.
  for (let n = 0, at = offset; n < batch; n++) {
    for (let c = 0; c < channels; c++, at += size) mean[c] += size === 1 ? array[at] : sumRun(array, at, size);
  }
  for (let c = 0; c < channels; c++) mean[c] /= count;
  for (let n = 0, at = offset; n < batch; n++) {
    for (let c = 0; c < channels; c++, at += size) variance[c] += sumSquares(array, at, size, mean[c]);
  }
  for (let c = 0; c < channels; c++) variance[c] /= count;
  return { mean, variance, count };
}

/** out = (input - mean) * invstd * weight + bias, channel by channel; null weight and bias stand for 1 and 0. */
export function normalise(
  input: Strided,
  mean: Float64Array,
  invstd: Float64Array,
  weight: Float64Array | null,
  bias: Float64Array | null,
  out: Strided,
): void {
  if (sizeOf(out.shape) === 0) return;
  const [batch, channels] = input.shape;
  const size = sizeOf(input.shape.slice(2));
  const { array, offset } = dense(input);
  const y = out.array as NumberArray;
  let from = offset;
  let to = out.offset;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++, from += size, to += size) {
      const scale = weight === null ? invstd[c] : invstd[c] * weight[c];
      normaliseRun(array, from, y, to, size, mean[c], scale, bias === null ? 0 : bias[c]);
    }
  }
}

function normaliseRun(
  x: NumberArray,
  from: number,
  y: NumberArray,
  to: number,
  n: number,
  mean: number,
  scale: number,
  shift: number,
): void {
  for (let i = 0; i < n; i++) y[to + i] = (x[from + i] - mean) * scale + shift;
}

/** running = (1 - momentum) running + momentum value, in place and through strides */
export function updateRunning(running: Strided, values: Float64Array, momentum: number): void {
  const array = running.array as NumberArray;
  const step = running.strides.length === 1 ? running.strides[0] : 1;
  for (let c = 0, at = running.offset; c < values.length; c++, at += step) {
    array[at] = (1 - momentum) * array[at] + momentum * values[c];
  }
}
