/**
 * Reference kernels of pooling over one or two dimensions. Every pooling is separable in its windows: along each dimension a
 * table says where the window of each output position starts and ends, clipped to the input. Max, average and the adaptive
 * forms of both are then the same two loops over different tables; one dimension is a height of 1.
 */

import type { Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { PoolParams } from '../ops/list.ts';
import type { NumberArray } from './dense.ts';
import { dense, denseOutput, doubles, finish, sumPlanes } from './dense.ts';

/** Windows along one dimension, by output position: input positions `start`, `start + step`, … below `end`. */
export interface Windows {
  readonly input: number;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly step: number;
  /** What each window counts in the divisor of an average. */
  readonly count: Int32Array;
}

/** Windows over rows and columns. */
export type WindowPair = readonly [rows: Windows, columns: Windows];

const SINGLE: Windows = {
  input: 1,
  start: Int32Array.of(0),
  end: Int32Array.of(1),
  step: 1,
  count: Int32Array.of(1),
};

/**
 * Output size along one dimension, as PyTorch's `pooling_output_shape`: rounded down, or with `ceilMode` up, but never to a window
 * that starts beyond the input and its left padding.
 */
export function poolOutputSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (!ceilMode) return Math.floor(room / stride) + 1;
  const out = Math.floor((room + stride - 1) / stride) + 1;
  return (out - 1) * stride >= size + padding ? out - 1 : out;
}

/** Windows of a pooling along spatial dimension `i`, with `output` positions. */
function slidingWindows(params: PoolParams, i: number, input: number, output: number, includePad: boolean): Windows {
  const { kernelSize, stride, padding, dilation } = params;
  const start = new Int32Array(output);
  const end = new Int32Array(output);
  const count = new Int32Array(output);
  const step = dilation[i];
  const reach = step * (kernelSize[i] - 1) + 1;
  for (let o = 0; o < output; o++) {
    const from = o * stride[i] - padding[i];
    const padded = Math.min(from + reach, input + padding[i]);
    // The first tap inside the input.
    start[o] = from < 0 ? from + step * Math.ceil(-from / step) : from;
    end[o] = Math.min(padded, input);
    count[o] = includePad ? padded - from : end[o] - start[o];
  }
  return { input, start, end, step, count };
}

/** Windows `[⌊o input / output⌋, ⌈(o + 1) input / output⌉)`. */
function adaptiveWindowsAlong(input: number, output: number): Windows {
  const start = new Int32Array(output);
  const end = new Int32Array(output);
  const count = new Int32Array(output);
  for (let o = 0; o < output; o++) {
    start[o] = Math.floor((o * input) / output);
    end[o] = Math.ceil(((o + 1) * input) / output);
    count[o] = end[o] - start[o];
  }
  return { input, start, end, step: 1, count };
}

/** Windows of `params` over the last dimensions of an input, whose last output sizes are `output`'s. */
export function windowsOf(
  params: PoolParams,
  input: readonly number[],
  output: readonly number[],
  includePad = true,
): WindowPair {
  const spatial = params.kernelSize.length;
  const along = (i: number): Windows =>
    slidingWindows(params, i, input[input.length - spatial + i], output[output.length - spatial + i], includePad);
  return spatial === 1 ? [SINGLE, along(0)] : [along(0), along(1)];
}

/** Windows of an adaptive pooling. */
export function adaptiveWindows(input: readonly number[], outputSize: readonly number[]): WindowPair {
  const spatial = outputSize.length;
  const along = (i: number): Windows => adaptiveWindowsAlong(input[input.length - spatial + i], outputSize[i]);
  return spatial === 1 ? [SINGLE, along(0)] : [along(0), along(1)];
}

/** values and indices (int32) = the largest entry of each window, NaN above all, and its index in its plane. */
export function maxWindows(a: Strided, values: Strided, indices: Strided, windows: WindowPair): void {
  const [rows, columns] = windows;
  const plane = rows.start.length * columns.start.length;
  const planes = plane === 0 ? 0 : sizeOf(values.shape) / plane;
  const source = dense(a);
  const target = denseOutput(values);
  const index = indices.array as Int32Array;
  const size = rows.input * columns.input;
  for (let p = 0; p < planes; p++) {
    const at = p * plane;
    maxPlane(
      rows,
      columns,
      source.array,
      source.offset + p * size,
      target.array,
      target.offset + at,
      index,
      indices.offset + at,
    );
  }
  finish(target, values);
}

function maxPlane(
  rows: Windows,
  columns: Windows,
  x: NumberArray,
  from: number,
  y: NumberArray,
  to: number,
  index: Int32Array,
  indexTo: number,
): void {
  const outHeight = rows.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const rowStep = rows.step;
  const columnStep = columns.step;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows.start[oh];
    const bottom = rows.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      let best = -Infinity;
      // A window between whose taps the whole input lies has no entry: PyTorch leaves its index undefined.
      let at = top < bottom && left < right ? top * width + left : -1;
      for (let h = top; h < bottom; h += rowStep) {
        const row = h * width;
        for (let w = left; w < right; w += columnStep) {
          const value = x[from + row + w];
          if (value > best || Number.isNaN(value)) {
            best = value;
            at = row + w;
          }
        }
      }
      y[to + o] = best;
      index[indexTo + o] = at;
    }
  }
}

/** out (planes of `size` entries) = sum of `grad` over the outputs whose index names the entry. */
export function maxScatter(grad: Strided, indices: Strided, out: Strided, size: number): void {
  const total = sizeOf(out.shape);
  const count = total === 0 ? 0 : sizeOf(grad.shape) / (total / size);
  const g = dense(grad);
  const i = dense(indices);
  sumPlanes(out, size, (sums, p) =>
    scatterPlane(g.array, g.offset + p * count, i.array, i.offset + p * count, count, sums),
  );
}

function scatterPlane(
  g: NumberArray,
  from: number,
  index: NumberArray,
  indexFrom: number,
  count: number,
  sums: Float64Array,
): void {
  for (let o = 0; o < count; o++) {
    const at = index[indexFrom + o];
    if (at >= 0) sums[at] += g[from + o];
  }
}

/** out = entries of the planes of `a` (of `size` entries each) that `indices` name; 0 where it names none. */
export function maxGather(a: Strided, indices: Strided, out: Strided, size: number): void {
  const total = sizeOf(out.shape);
  if (total === 0) return;
  const x = dense(a);
  const i = dense(indices);
  const target = denseOutput(out);
  const count = total / (sizeOf(a.shape) / size);
  for (let o = 0; o < total; o++) {
    const at = i.array[i.offset + o];
    target.array[target.offset + o] = at < 0 ? 0 : x.array[x.offset + Math.floor(o / count) * size + at];
  }
  finish(target, out);
}

/** What each window of a plane divides by: its counts, or `divisor` unless that is null. */
function divisorsOf([rows, columns]: WindowPair, divisor: number | null): Float64Array {
  const width = columns.start.length;
  const divisors = new Float64Array(rows.start.length * width);
  for (let i = 0; i < divisors.length; i++) {
    divisors[i] = divisor ?? rows.count[Math.floor(i / width)] * columns.count[i % width];
  }
  return divisors;
}

/** out = average of each window; `divisor` in place of the windows' counts unless null. */
export function averageWindows(a: Strided, out: Strided, windows: WindowPair, divisor: number | null): void {
  const [rows, columns] = windows;
  const divisors = divisorsOf(windows, divisor);
  const plane = divisors.length;
  const planes = plane === 0 ? 0 : sizeOf(out.shape) / plane;
  const source = dense(a);
  const target = denseOutput(out);
  const size = rows.input * columns.input;
  for (let p = 0; p < planes; p++) {
    const from = source.offset + p * size;
    averagePlane(rows, columns, divisors, source.array, from, target.array, target.offset + p * plane);
  }
  finish(target, out);
}

function averagePlane(
  rows: Windows,
  columns: Windows,
  divisors: Float64Array,
  x: NumberArray,
  from: number,
  y: NumberArray,
  to: number,
): void {
  const outHeight = rows.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows.start[oh];
    const bottom = rows.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      let sum = 0;
      for (let h = top; h < bottom; h++) {
        const row = from + h * width;
        for (let w = left; w < right; w++) sum += x[row + w];
      }
      // A window that lies wholly in the padding averages to 0, whatever it divides by.
      y[to + o] = top < bottom && left < right ? sum / divisors[o] : 0;
    }
  }
}

/** out = gradient of `averageWindows` */
export function averageScatter(grad: Strided, out: Strided, windows: WindowPair, divisor: number | null): void {
  const [rows, columns] = windows;
  const divisors = divisorsOf(windows, divisor);
  const g = doubles(grad);
  sumPlanes(out, rows.input * columns.input, (sums, p) =>
    spreadPlane(rows, columns, divisors, g, p * divisors.length, sums),
  );
}

/** sums += each output's share, for every entry of its window */
function spreadPlane(
  rows: Windows,
  columns: Windows,
  divisors: Float64Array,
  g: Float64Array,
  from: number,
  sums: Float64Array,
): void {
  const outHeight = rows.start.length;
  const outWidth = columns.start.length;
  const width = columns.input;
  const { start, end } = columns;
  let o = 0;
  for (let oh = 0; oh < outHeight; oh++) {
    const top = rows.start[oh];
    const bottom = rows.end[oh];
    for (let ow = 0; ow < outWidth; ow++, o++) {
      const left = start[ow];
      const right = end[ow];
      const share = g[from + o] / divisors[o];
      for (let h = top; h < bottom; h++) {
        const row = h * width;
        for (let w = left; w < right; w++) sums[row + w] += share;
      }
    }
  }
}
