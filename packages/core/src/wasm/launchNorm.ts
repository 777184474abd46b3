/** Launches of the kernels behind batch and layer normalisation. Each computes, or gives null or false and does nothing. */

import type { FloatDType } from '../dtype.ts';
import { itemBytes, viewArray } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitLayerNorm, emitLayerNormBackward, layerNormName } from './kernels/layer-norm.ts';
import type { NormForm } from './kernels/norm.ts';
import { emitNormColumns, emitNormRows, emitNormSumsColumns, emitNormSumsRows, normName } from './kernels/norm.ts';
import { emitReduceColumns, reduceName } from './kernels/reduce.ts';
import { launchMoments } from './launchReduce.ts';
import { rowMajor } from './rowMajor.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 512;
/** Rows of a matrix whose sums along columns are one chain. */
const CHUNK = 1024;

/** Nanoseconds that an element takes, about. */
const NS = {
  normalise: 0.25,
  gradient: 0.35,
  sums: 0.35,
  layerNorm: 0.4,
  layerNormBackward: 0.9,
  tables: 0.2,
} as const;
/** Columns are cut where cache lines end. */
const LINE = 256;

export type Floating = Tensor & { readonly dtype: FloatDType };

export function takes(a: Tensor): a is Floating {
  return (a.dtype === 'float32' || a.dtype === 'float64') && sizeOf(a.shape) >= MIN_SIZE && features().simd;
}

/** Mean and biased variance of each channel, as `channelStatistics` of the reference */
export function launchStatistics(input: Tensor): { mean: Float64Array; variance: Float64Array; count: number } | null {
  const dims = input.shape.map((_, d) => d).filter((d) => d !== 1);
  const moments = launchMoments(input, dims);
  if (moments === null) return null;
  const { means, squares, count } = moments;
  const variance = new Float64Array(squares.length);
  for (let c = 0; c < squares.length; c++) variance[c] = squares[c] / count;
  return { mean: means, variance, count };
}

/** Samples, channels, and elements of a channel of one sample. */
function sizesOf({ shape }: Tensor): [batch: number, channels: number, size: number] {
  return [shape[0], shape[1], sizeOf(shape.slice(2))];
}

/** A table of numbers in scratch space, rounded to `dtype`. */
function fill(pointer: number, dtype: FloatDType, table: Float64Array): void {
  (viewArray(dtype, heap().memory.buffer, pointer, table.length) as Float64Array).set(table);
}

/**
 * out = f(x, tables), or f(x, g, tables), channel by channel, where all lies in the heap: the operands (g is 0 where there is none), and
 * tables of a number for each channel in the dtype of `x`.
 */
export function runNorm(
  form: NormForm,
  x: Floating,
  operands: readonly [x: number, g: number, out: number],
  tables: readonly number[],
): void {
  const { dtype, shape } = x;
  const batch = shape[0];
  const channels = shape[1];
  const elements = sizeOf(shape);
  const size = elements / (batch * channels);
  const bytes = itemBytes(dtype);
  const ns = elements * NS[form];
  if (size === 1) {
    const columns = { name: normName(form, dtype, 'columns'), emit: emitNormColumns(form, dtype) };
    runCuts(columns, cutsOf([batch, channels], ns, [1, LINE]), (run, cut) => {
      const at = (cut[0] * channels + cut[2]) * bytes;
      run(
        cut[1],
        cut[3],
        channels,
        operands[0] + at,
        operands[1] + at,
        operands[2] + at,
        ...tables.map((table) => table + cut[2] * bytes),
        0,
      );
    });
  } else {
    const rowsOf = { name: normName(form, dtype, 'rows'), emit: emitNormRows(form, dtype) };
    runCuts(rowsOf, cutsOf([batch * channels, size], ns, [1, LINE]), (run, cut) => {
      const at = (cut[0] * size + cut[2]) * bytes;
      const first = cut[0] % channels;
      run(cut[1], first, channels, cut[3], operands[0] + at, operands[1] + at, operands[2] + at, ...tables, 0);
    });
  }
}

/** `runNorm` of tensors, with tables in doubles */
function launchTables(
  form: NormForm,
  operands: readonly Tensor[],
  tables: readonly Float64Array[],
  out: Tensor,
): boolean {
  const [x] = operands;
  if (!takes(x)) return false;
  const { dtype } = x;
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
  const outPtr = staging.pointer(result);
  runNorm(form, x, [xPtr, gPtr ?? 0, outPtr], at);
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
  if (input.dtype !== 'float32') return launchTables('normalise', [input], [mean, scale, shift], out);
  // What rounding takes from a mean, the shift makes good.
  const shifts = new Float64Array(shift.length);
  for (let c = 0; c < shift.length; c++) shifts[c] = shift[c] + (Math.fround(mean[c]) - mean[c]) * scale[c];
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

/** Rows of the tables that `runChannelSums` fills: one for each sample, or, in columns, for each chunk of them. */
export function sumRowsOf(input: Tensor): number {
  const [batch, , size] = sizesOf(input);
  return size === 1 ? Math.ceil(batch / CHUNK) : batch;
}

/** Σ g and Σ g (x - mean) of each part of each channel, where all lies in the heap; means have the dtype of `input`. */
export function runChannelSums(
  input: Floating,
  [x, g, means]: readonly [x: number, g: number, means: number],
  sums: number,
  products: number,
): void {
  const { dtype } = input;
  const [batch, channels, size] = sizesOf(input);
  const bytes = itemBytes(dtype);
  const ns = sizeOf(input.shape) * NS.sums;
  if (size === 1) {
    const columns = { name: normName('sums', dtype, 'columns'), emit: emitNormSumsColumns(dtype) };
    runCuts(columns, cutsOf([sumRowsOf(input), channels], ns, [1, LINE]), (run, [part, count, c, width]) => {
      const rows = Math.min(batch - part * CHUNK, count * CHUNK);
      const from = (part * CHUNK * channels + c) * bytes;
      const to = 8 * (part * channels + c);
      run(rows, width, channels, CHUNK, x + from, g + from, means + c * bytes, sums + to, products + to);
    });
  } else {
    const rowsOf = { name: normName('sums', dtype, 'rows'), emit: emitNormSumsRows(dtype) };
    runCuts(rowsOf, cutsOf([batch * channels], ns), (run, [row, rows]) => {
      const from = row * size * bytes;
      run(rows, row % channels, channels, size, x + from, g + from, means, sums + 8 * row, products + 8 * row);
    });
  }
}

/** Σ grad and Σ grad (input - mean) of each channel, as `channelSums` of the reference */
export function launchChannelSums(
  input: Tensor,
  grad: Tensor,
  mean: Float64Array,
): { sums: Float64Array; products: Float64Array } | null {
  if (!takes(input) || grad.dtype !== input.dtype) return null;
  const { dtype } = input;
  const [, channels] = sizesOf(input);
  const parts = sumRowsOf(input);
  const staging = new Staging();
  const table = staging.reserve(channels * itemBytes(dtype));
  const results = staging.reserve(16 * parts * channels);
  const [x, g] = [input, grad].map((operand) => staging.addTensor(rowMajor(operand)));
  staging.open(null);
  fill(staging.at(table), dtype, mean);
  const out = staging.at(results);
  const operands = [staging.pointer(x), staging.pointer(g), staging.at(table)] as const;
  runChannelSums(input, operands, out, out + 8 * parts * channels);
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

/** Weights or biases, or scratch space for `size` times the constant in their place. */
export class Table {
  private readonly part: Part | null;
  private readonly room: number;
  private readonly staging: Staging;

  constructor(staging: Staging, operand: Tensor | null, bytes: number) {
    this.staging = staging;
    this.part = operand === null ? null : staging.addTensor(rowMajor(operand));
    this.room = operand === null ? staging.reserve(bytes) : 0;
  }

  /** The address, once the staging is open. */
  pointer(dtype: FloatDType, size: number, constant: number): number {
    const { staging, part } = this;
    if (part !== null) return staging.pointer(part);
    const at = staging.at(this.room);
    (viewArray(dtype, heap().memory.buffer, at, size) as Float64Array).fill(constant);
    return at;
  }
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
  const factors = [weight, bias].map((operand) => new Table(staging, operand, bytes));
  const source = staging.addTensor(rowMajor(x));
  const written = results.map((result) => staging.addTensor(result));
  staging.open(written[0]);
  const [w, b] = factors.map((factor, i) => factor.pointer(dtype, n, 1 - i));
  const xPtr = staging.pointer(source);
  const [outPtr, meansPtr, invstdsPtr] = written.map((part) => staging.pointer(part));
  const kernel = { name: layerNormName(dtype, false), emit: emitLayerNorm(dtype) };
  runCuts(kernel, cutsOf([sizeOf(x.shape) / n], sizeOf(x.shape) * NS.layerNorm), (run, [row, rows]) => {
    const [at, one] = [row * bytes, row * itemBytes(dtype)];
    run(rows, n, eps, xPtr + at, w, b, outPtr + at, meansPtr + one, invstdsPtr + one);
  });
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
  const chunk = rowsOfChunk(rows, n);
  const chunks = Math.ceil(rows / chunk);
  const staging = new Staging();
  const factor = new Table(staging, weight, n * itemBytes(dtype));
  // Two tables, one after the other, and then their sums.
  const tables = staging.reserve(16 * chunks * n + 16 * n);
  const [source, g, mean, invstd] = [x, grad, means, invstds].map((operand) => staging.addTensor(rowMajor(operand)));
  const result = staging.addTensor(dx);
  staging.open(result);
  const w = factor.pointer(dtype, n, 1);
  const [xPtr, gPtr, meanPtr, invstdPtr, dxPtr] = [source, g, mean, invstd, result].map((part) =>
    staging.pointer(part),
  );
  const dw = staging.at(tables);
  const db = dw + 8 * chunks * n;
  const kernel = { name: layerNormName(dtype, true), emit: emitLayerNormBackward(dtype) };
  runCuts(kernel, cutsOf([chunks], sizeOf(x.shape) * NS.layerNormBackward), (run, [c, count]) => {
    const row = c * chunk;
    const [one, at] = [row * itemBytes(dtype), row * n * itemBytes(dtype)];
    const operands = [xPtr + at, w, gPtr + at, meanPtr + one, invstdPtr + one, dxPtr + at];
    run(Math.min(rows - row, count * chunk), n, chunk, ...operands, dw + 8 * c * n, db + 8 * c * n);
  });
  staging.write(result);
  const sums = chunks === 1 ? dw : sumTables(dw, chunks, n);
  const both = new Float64Array(heap().memory.buffer, sums, 2 * n);
  return { dWeight: both.slice(0, n), dBias: both.slice(n) };
}

/** Rows whose gradients of weight and bias are one chain: some 32 chunks, which threads share, of enough elements each. */
function rowsOfChunk(rows: number, n: number): number {
  return 4 * Math.ceil(Math.max(rows / 32, 2 ** 15 / n) / 4);
}

/** Sums the rows of two tables of doubles, `[2, rows, n]` at `table`, into `[2, n]` behind them; returns where that is. */
function sumTables(table: number, rows: number, n: number): number {
  const out = table + 16 * rows * n;
  const kernel = { name: reduceName('sum', 'float64', 'columns'), emit: emitReduceColumns('sum', 'float64') };
  runCuts(kernel, cutsOf([2, n], 2 * rows * n * NS.tables, [1, LINE]), (run, [t, count, j, width]) => {
    run(count, rows, width, n, rows, table + 8 * (t * rows * n + j), out + 8 * (t * n + j));
  });
  return out;
}
