/**
 * Reference kernels of batch and layer normalisation. The input of the former is `[N, C, S]` in row-major order, with all dimensions after the second
 * flattened to S. Statistics take two passes, the mean before the squared distances from it, in double precision.
 */

import type { Shape, Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { NumberArray } from './dense.ts';
import { dense, doubles } from './dense.ts';

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

/** Calls `visit` for each run of elements of one channel of one sample: where it starts, counted from the first element. */
function eachRun(shape: Shape, visit: (from: number, size: number, channel: number) => void): void {
  const [batch, channels] = shape;
  const size = sizeOf(shape.slice(2));
  let from = 0;
  for (let n = 0; n < batch; n++) for (let c = 0; c < channels; c++, from += size) visit(from, size, c);
}

/** out = (input - mean) * scale + shift, channel by channel */
export function normalise(
  input: Strided,
  mean: Float64Array,
  scale: Float64Array,
  shift: Float64Array,
  out: Strided,
): void {
  const x = dense(input);
  const y = out.array as NumberArray;
  eachRun(input.shape, (from, size, c) => {
    for (let i = from; i < from + size; i++)
      y[out.offset + i] = (x.array[x.offset + i] - mean[c]) * scale[c] + shift[c];
  });
}

/** Σ grad and Σ grad (input - mean) of each channel */
export function channelSums(
  input: Strided,
  grad: Strided,
  mean: Float64Array,
): { sums: Float64Array; products: Float64Array } {
  const x = dense(input);
  const g = dense(grad);
  const sums = new Float64Array(mean.length);
  const products = new Float64Array(mean.length);
  eachRun(input.shape, (from, size, c) => {
    let [sum, product] = [0, 0];
    for (let i = from; i < from + size; i++) {
      const value = g.array[g.offset + i];
      sum += value;
      product += value * (x.array[x.offset + i] - mean[c]);
    }
    sums[c] += sum;
    products[c] += product;
  });
  return { sums, products };
}

/** out = grad * slope + (input - mean) * scale + shift, channel by channel */
export function normaliseGradient(
  input: Strided,
  grad: Strided,
  mean: Float64Array,
  scale: Float64Array,
  shift: Float64Array,
  slope: Float64Array,
  out: Strided,
): void {
  const x = dense(input);
  const g = dense(grad);
  const dx = out.array as NumberArray;
  eachRun(input.shape, (from, size, c) => {
    for (let i = from; i < from + size; i++) {
      dx[out.offset + i] = g.array[g.offset + i] * slope[c] + ((x.array[x.offset + i] - mean[c]) * scale[c] + shift[c]);
    }
  });
}

/** out = (x - mean) * invstd * weight + bias for each row of n elements; and the means and 1/√(var + eps) of the rows */
export function layerNorm(
  input: Strided,
  n: number,
  weight: Float64Array | null,
  bias: Float64Array | null,
  eps: number,
  out: Strided,
  means: Strided,
  invstds: Strided,
): void {
  const { array, offset } = dense(input);
  const y = out.array as NumberArray;
  const rows = sizeOf(means.shape);
  for (let r = 0, at = 0; r < rows; r++, at += n) {
    const mean = sumRun(array, offset + at, n) / n;
    const invstd = 1 / Math.sqrt(sumSquares(array, offset + at, n, mean) / n + eps);
    (means.array as NumberArray)[means.offset + r] = mean;
    (invstds.array as NumberArray)[invstds.offset + r] = invstd;
    for (let j = 0; j < n; j++) {
      const normal = (array[offset + at + j] - mean) * invstd;
      y[out.offset + at + j] = normal * (weight === null ? 1 : weight[j]) + (bias === null ? 0 : bias[j]);
    }
  }
}

/** dx of `layerNorm`; the gradients of weight and bias in doubles */
export function layerNormBackward(
  grad: Strided,
  input: Strided,
  n: number,
  weight: Float64Array | null,
  means: Strided,
  invstds: Strided,
  out: Strided,
): { dWeight: Float64Array; dBias: Float64Array } {
  const g = dense(grad);
  const x = dense(input);
  const mean = doubles(means);
  const invstd = doubles(invstds);
  const dx = out.array as NumberArray;
  const dWeight = new Float64Array(n);
  const dBias = new Float64Array(n);
  const normals = new Float64Array(n);
  const weighted = new Float64Array(n);
  for (let r = 0, at = 0; r < mean.length; r++, at += n) {
    let [plain, product] = [0, 0];
    for (let j = 0; j < n; j++) {
      const value = g.array[g.offset + at + j];
      normals[j] = (x.array[x.offset + at + j] - mean[r]) * invstd[r];
      weighted[j] = value * (weight === null ? 1 : weight[j]);
      plain += weighted[j];
      product += weighted[j] * normals[j];
      dWeight[j] += value * normals[j];
      dBias[j] += value;
    }
    for (let j = 0; j < n; j++) {
      dx[out.offset + at + j] = invstd[r] * (weighted[j] - plain / n - (normals[j] * product) / n);
    }
  }
  return { dWeight, dBias };
}

/** running = (1 - momentum) running + momentum value, in place and through strides */
export function updateRunning(running: Strided, values: Float64Array, momentum: number): void {
  const array = running.array as NumberArray;
  const step = running.strides.length === 1 ? running.strides[0] : 1;
  for (let c = 0, at = running.offset; c < values.length; c++, at += step) {
    array[at] = (1 - momentum) * array[at] + momentum * values[c];
  }
}
