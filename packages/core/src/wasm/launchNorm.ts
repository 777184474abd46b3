/** Launches of the kernels behind batch and layer normalisation. Each computes, or gives null or false and does nothing. */

import type { FloatDType } from '../dtype.ts';
import { itemBytes, viewArray } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitLayerNorm, emitLayerNormBackward, layerNormName } from './kernels/layer-norm.ts';
import type { NormForm } from './kernels/norm.ts';
import { emitNormColumns, emitNormRows, emitNormSumsColumns, emitNormSumsRows, normName } from './kernels/norm.ts';
import { launchMoments } from './launchReduce.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 512;
/** Rows of a matrix whose sums along columns are one chain. */
const CHUNK = 1024;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };
type Floating = Tensor & { readonly dtype: FloatDType };

function takes(a: Tensor): a is Floating {
  return (a.dtype === 'float32' || a.dtype === 'float64') && sizeOf(a.shape) >= MIN_SIZE && features().simd;
}

/** Mean and biased variance of each channel, as `channelStatistics` of the reference */
export function launchStatistics(input: Tensor): { mean: Float64Array; variance: Float64Array; count: number } | null {
  const dims = input.shape.map((_, d) => d).filter((d) => d !== 1);
  const moments = launchMoments(input, dims);
  if (moments === null) return null;
  const { means, squares, count } = moments;
  return { mean: means, variance: squares.map((s) => s / count), count };
}

/** Samples, channels, and elements of a channel of one sample. */
function sizesOf({ shape }: Tensor): [batch: number, channels: number, size: number] {
  return [shape[0], shape[1], sizeOf(shape.slice(2))];
}

/** A table of numbers in scratch space, rounded to `dtype`. */
function fill(pointer: number, dtype: FloatDType, table: Float64Array): void {
  (viewArray(dtype, heap().memory.buffer, pointer, table.length) as Float64Array).set(table);
}

/** out = f(x, tables), or f(x, g, tables), channel by channel */
function launchTables(
  form: NormForm,
  operands: readonly Tensor[],
  tables: readonly Float64Array[],
  out: Tensor,
): boolean {
  const [x] = operands;
  if (!takes(x)) return false;
  const { dtype } = x;
  const [batch, channels, size] = sizesOf(x);
  const staging = new Staging();
  const places = tables.map((table) => staging.reserve(table.length * itemBytes(dtype)));
  const parts = operands.map((operand) => staging.addTensor(rowMajor(operand)));
  const result = staging.addTensor(out);
  staging.open(result);
  const at = places.map((place) => staging.at(place));
  tables.forEach((table, i) => {
    fill(at[i], dtype, table);
  });
  const [xPtr, gPtr] = parts.map((part) => staging.pointer(part));
  const pointers = [xPtr, gPtr ?? 0, staging.pointer(result), ...at, 0];
  if (size === 1) {
    const { run } = kernel<Run>(normName(form, dtype, 'columns'), emitNormColumns(form, dtype), heap().memory);
    run(batch, channels, channels, ...pointers);
  } else {
    const { run } = kernel<Run>(normName(form, dtype, 'rows'), emitNormRows(form, dtype), heap().memory);
    run(batch * channels, channels, size, ...pointers);
  }
  staging.write(result);
  return true;
}

/** out = (input - mean) * scale + shift, channel by channel, as `normalise` of the reference */
export function launchNormalise(
  input: Tensor,
  mean: Float64Array,
  scale: Float64Array,
  shift: Float64Array,
  out: Tensor,
): boolean {
  const isSingle = input.dtype === 'float32';
  // What rounding takes from a mean, the shift makes good.
  const shifts = shift.map((s, c) => (isSingle ? s + (Math.fround(mean[c]) - mean[c]) * scale[c] : s));
  return launchTables('normalise', [input], [mean, scale, shifts], out);
}

/** out = grad * slope + (input - mean) * scale + shift, as `normaliseGradient` of the reference */
export function launchNormaliseGradient(
  input: Tensor,
  grad: Tensor,
  mean: Float64Array,
  scale: Float64Array,
  shift: Float64Array,
  slope: Float64Array,
  out: Tensor,
): boolean {
  return launchTables('gradient', [input, grad], [mean, scale, shift, slope], out);
}

/** Σ grad and Σ grad (input - mean) of each channel, as `channelSums` of the reference */
export function launchChannelSums(
  input: Tensor,
  grad: Tensor,
  mean: Float64Array,
): { sums: Float64Array; products: Float64Array } | null {
  if (!takes(input) || grad.dtype !== input.dtype) return null;
  const { dtype } = input;
  const [batch, channels, size] = sizesOf(input);
  const isColumns = size === 1;
  const parts = isColumns ? Math.ceil(batch / CHUNK) : batch;
  const staging = new Staging();
  const table = staging.reserve(channels * itemBytes(dtype));
  const results = staging.reserve(16 * parts * channels);
  const [x, g] = [input, grad].map((operand) => staging.addTensor(rowMajor(operand)));
  staging.open(null);
  fill(staging.at(table), dtype, mean);
  const out = staging.at(results);
  const operands = [staging.pointer(x), staging.pointer(g), staging.at(table), out, out + 8 * parts * channels];
  if (isColumns) {
    const { run } = kernel<Run>(normName('sums', dtype, 'columns'), emitNormSumsColumns(dtype), heap().memory);
    run(batch, channels, channels, CHUNK, ...operands);
  } else {
    const { run } = kernel<Run>(normName('sums', dtype, 'rows'), emitNormSumsRows(dtype), heap().memory);
    run(batch * channels, channels, size, ...operands);
  }
  const both = new Float64Array(heap().memory.buffer, out, 2 * parts * channels);
  const total = (from: number): Float64Array => addRows(both.subarray(from, from + parts * channels), channels);
  return { sums: total(0), products: total(parts * channels) };
}

/** The sum of all rows of a table of `width` columns, pairwise and in place; a copy of it. */
function addRows(table: Float64Array, width: number): Float64Array {
  for (let rows = table.length / width; rows > 1; ) {
    const half = (rows + 1) >>> 1;
    const end = (rows - half) * width;
    for (let i = 0, j = half * width; i < end; i++, j++) table[i] += table[j];
    rows = half;
  }
  return table.slice(0, width);
}

/** A table for weights or biases that are not given. */
function constantTable(staging: Staging, operand: Tensor | null, bytes: number): { part: Part | null; at: number } {
  if (operand !== null) return { part: staging.addTensor(rowMajor(operand)), at: 0 };
  return { part: null, at: staging.reserve(bytes) };
}

/** out, means, invstds = layer normalisation of the rows of n elements of `x` */
export function launchLayerNorm(
  x: Tensor,
  n: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
  results: readonly [out: Tensor, means: Tensor, invstds: Tensor],
): boolean {
  if (!takes(x)) return false;
  const { dtype } = x;
  const bytes = n * itemBytes(dtype);
  const staging = new Staging();
  const factors = [weight, bias].map((operand) => constantTable(staging, operand, bytes));
  const source = staging.addTensor(rowMajor(x));
  const written = results.map((result) => staging.addTensor(result));
  staging.open(written[0]);
  const [w, b] = factors.map(({ part, at }, i) => {
    if (part !== null) return staging.pointer(part);
    fill(staging.at(at), dtype, new Float64Array(n).fill(i === 0 ? 1 : 0));
    return staging.at(at);
  });
  const { run } = kernel<Run>(layerNormName(dtype, false), emitLayerNorm(dtype), heap().memory);
  run(sizeOf(x.shape) / n, n, eps, staging.pointer(source), w, b, ...written.map((part) => staging.pointer(part)));
  for (const part of written) staging.write(part);
  return true;
}

/** dx, and the gradients of weight and bias in doubles, of layer normalisation of the rows of n elements of `x` */
export function launchLayerNormBackward(
  grad: Tensor,
  x: Tensor,
  n: number,
  weight: Tensor | null,
  means: Tensor,
  invstds: Tensor,
  dx: Tensor,
): { dWeight: Float64Array; dBias: Float64Array } | null {
  if (!takes(x) || grad.dtype !== x.dtype) return null;
  const { dtype } = x;
  const rows = sizeOf(x.shape) / n;
  const chunks = Math.ceil(rows / CHUNK);
  const staging = new Staging();
  const factor = constantTable(staging, weight, n * itemBytes(dtype));
  const tables = staging.reserve(16 * chunks * n);
  const [source, g, mean, invstd] = [x, grad, means, invstds].map((operand) => staging.addTensor(rowMajor(operand)));
  const result = staging.addTensor(dx);
  staging.open(result);
  if (factor.part === null) fill(staging.at(factor.at), dtype, new Float64Array(n).fill(1));
  const w = factor.part === null ? staging.at(factor.at) : staging.pointer(factor.part);
  const operands = [source, g, mean, invstd, result].map((part) => staging.pointer(part));
  const [xPtr, ...others] = operands;
  const dw = staging.at(tables);
  const { run } = kernel<Run>(layerNormName(dtype, true), emitLayerNormBackward(dtype), heap().memory);
  run(rows, n, CHUNK, xPtr, w, ...others, dw, dw + 8 * chunks * n);
  staging.write(result);
  const both = new Float64Array(heap().memory.buffer, dw, 2 * chunks * n);
  return { dWeight: addRows(both.subarray(0, chunks * n), n), dBias: addRows(both.subarray(chunks * n), n) };
}
