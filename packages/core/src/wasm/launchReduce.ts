/**
 * Launches of the reduction kernels. Each computes and returns true, or does nothing and returns false.
 *
 * In the order of memory, an operand is `[outer, n, inner]`, where n counts a run of neighbouring reduced dimensions and
 * `inner` the kept ones after it. A kernel folds n, in chunks, to `[outer, chunks, inner]`. Chunks are merged here, pairwise; what is
 * reduced besides (dimensions of `outer`) is a small job for the reference loops.
 */

import type { DType, FloatDType, TypedArray } from '../dtype.ts';
import { itemBytes, viewArray } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { contiguousStrides, isContiguous, memoryOrder, sizeOf } from '../layout.ts';
import * as reference from '../reference/reduce.ts';
import type { Tensor } from '../tensor.ts';
import type { Kernel } from './cuts.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { differenceName, emitSquaredDifference } from './kernels/difference.ts';
import { argName, emitArgColumns, emitArgRows } from './kernels/extremes.ts';
import { emitMomentsColumns, emitMomentsRows, momentsName } from './kernels/moments.ts';
import type { Fold, FoldDType } from './kernels/reduce.ts';
import { emitReduceColumns, emitReduceRows, foldedDType, reduceName } from './kernels/reduce.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 1024;

/**
 * Elements of a row, and rows of a column, that are folded in chains; longer ones make several partial results. Chains of
 * float64 round where those of float32 have bits to spare, so theirs are short.
 */
const CHUNKS = {
  float32: { rows: 1 << 16, columns: 1 << 12 },
  float64: { rows: 1 << 8, columns: 1 << 6 },
  exact: { rows: 1 << 16, columns: 1 << 12 },
} as const;

/** The same for moments, whose sums are kept in doubles alone. */
const MOMENT_CHUNKS = {
  float32: { rows: 1 << 16, columns: 1 << 12 },
  float64: { rows: 1 << 10, columns: 1 << 8 },
} as const;

/** Nanoseconds that an element takes, about. */
const NS = { fold: 0.08, moments: 0.25, difference: 0.15, arg: 0.15 } as const;
/** Columns are cut at multiples of so many: a task that reads little of each row takes longer for it, the more so the less it does. */
const LINE = { fold: 512, others: 256 } as const;

type Floating = Tensor & { readonly dtype: FloatDType };

function takes(a: Tensor): a is Floating {
  return (a.dtype === 'float32' || a.dtype === 'float64') && sizeOf(a.shape) >= MIN_SIZE && features().simd;
}

/** How a kernel sees an operand: as `[outer, n, inner]`, with n in chunks. */
interface Parts {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  readonly chunk: number;
  readonly chunks: number;
}

interface Plan extends Parts {
  readonly source: Tensor;
  /** The grid of partial results in the operand's dimensions; null where merged chunks are the results, in their order. */
  readonly grid: Layout | null;
}

interface Layout {
  readonly shape: Shape;
  readonly strides: Shape;
}

/** The order of dimensions in memory, if they fill it without gaps; else null. */
function denseOrder({ shape, strides }: Tensor): number[] | null {
  if (isContiguous(shape, strides)) return shape.map((_, d) => d);
  const order = memoryOrder(shape, strides);
  const pick = (list: Shape): number[] => order.map((d) => list[d]);
  return isContiguous(pick(shape), pick(strides)) ? order : null;
}

function planOf(
  a: Tensor,
  dims: readonly number[],
  sizes: { readonly rows: number; readonly columns: number },
): Plan | null {
  let source = a;
  let order = denseOrder(a);
  if (order === null) {
    source = rowMajor(a);
    order = a.shape.map((_, d) => d);
  }
  const { shape } = a;
  let at = order.length - 1;
  let inner = 1;
  for (; at >= 0 && (shape[order[at]] === 1 || !dims.includes(order[at])); at--) inner *= shape[order[at]];
  const last = at;
  let n = 1;
  for (; at >= 0 && (shape[order[at]] === 1 || dims.includes(order[at])); at--) n *= shape[order[at]];
  if (n === 1) return null;
  let isOrdered = true;
  for (let i = 0, before = -1; i < order.length; i++) {
    const d = order[i];
    if (shape[d] === 1 || (i > at && dims.includes(d))) continue;
    isOrdered &&= !dims.includes(d) && d > before;
    before = d;
  }
  const chunk = inner === 1 ? sizes.rows : sizes.columns;
  const chunks = Math.ceil(n / chunk);
  const outer = sizeOf(shape) / (n * inner);
  return { source, outer, n, inner, chunk, chunks, grid: isOrdered ? null : gridOf(shape, order, at, last, chunks) };
}

/** Sizes and strides in the operand's order, with the run of dimensions after `at`, up to `last`, as `chunks` in place of its last. */
function gridOf(shape: Shape, order: readonly number[], at: number, last: number, chunks: number): Layout {
  const sizes = order.map((d, i) => (i > at && i < last ? 1 : i === last ? chunks : shape[d]));
  const steps = contiguousStrides(sizes);
  const own = (list: readonly number[]): number[] => shape.map((_, d) => list[order.indexOf(d)]);
  return { shape: own(sizes), strides: own(steps) };
}

/** Addresses of the operand and of `bytes` of scratch space. */
function open({ storage, shape, offset, dtype }: Tensor, bytes: number): [x: number, scratch: number] {
  if (storage.inHeap) return [storage.pointer + offset * itemBytes(dtype), heap().scratch(bytes)];
  const staging = new Staging();
  const room = staging.reserve(bytes);
  const part = staging.add(storage, offset, sizeOf(shape));
  staging.open(null);
  return [staging.pointer(part), staging.at(room)];
}

/**
 * Runs a kernel that folds `[outer, n, inner]` at `x` to `[outer, chunks, inner]` at each of `results`, which have elements of
 * `outBytes`. An element has `bytes` and takes `ns`.
 */
function runFold(
  kernel: Kernel,
  parts: Parts,
  ns: number,
  x: number,
  bytes: number,
  results: readonly number[],
  outBytes: number,
): void {
  const { outer, n, inner, chunk, chunks } = parts;
  const line = ns === NS.fold ? LINE.fold : LINE.others;
  const cuts = cutsOf([outer, chunks, inner], outer * n * inner * ns, [1, 1, line]);
  // Where there is one result, the kernel has no parameter for another.
  const first = results[0];
  const second = results.length > 1 ? results[1] : 0;
  runCuts(kernel, cuts, (run, cut) => {
    const [o, rows, c, count, j, columns] = cut;
    const elements = Math.min(n - c * chunk, count * chunk);
    const from = x + ((o * n + c * chunk) * inner + j) * bytes;
    const to = ((o * chunks + c) * inner + j) * outBytes;
    if (inner === 1) run(rows, elements, chunk, from, first + to, second + to);
    else run(rows, elements, columns, inner, chunk, from, first + to, second + to);
  });
}

/** Merges the chunks of `[outer, chunks, inner]` in place, pairwise; gives `[outer, inner]`. */
function mergeChunks(
  partial: Float64Array,
  plan: Pick<Plan, 'outer' | 'chunks' | 'inner'>,
  merge: (a: number, b: number) => number,
): Float64Array {
  const { outer, chunks, inner } = plan;
  if (chunks === 1) return partial;
  for (let o = 0; o < outer; o++) {
    const from = o * chunks * inner;
    for (let left = chunks; left > 1; ) {
      const half = (left + 1) >>> 1;
      const end = from + (left - half) * inner;
      for (let i = from, j = from + half * inner; i < end; i++, j++) partial[i] = merge(partial[i], partial[j]);
      left = half;
    }
    partial.copyWithin(o * inner, from, from + inner);
  }
  return partial.subarray(0, outer * inner);
}

/** How the partial results of a fold are merged: two of them, and many. */
interface Merge {
  readonly two: (a: number, b: number) => number;
  readonly many: (a: Strided, dims: readonly number[], out: Strided) => void;
}

const ADD: Merge = { two: (a, b) => a + b, many: reference.sum };
const MERGES: Readonly<Record<Fold, Merge>> = {
  sum: ADD,
  abs: ADD,
  squares: ADD,
  prod: { two: (a, b) => a * b, many: reference.prod },
  max: { two: Math.max, many: (a, dims, out) => reference.extreme(a, dims, true, out) },
  min: { two: Math.min, many: (a, dims, out) => reference.extreme(a, dims, false, out) },
};

/** Partial results made whole: those of the outputs, in row-major order. */
function finish(
  partial: TypedArray,
  dtype: DType,
  plan: Plan,
  dims: readonly number[],
  outputs: number,
  merge: Merge,
): Float64Array {
  if (plan.grid === null) return mergeChunks(partial as Float64Array, plan, merge.two);
  const out = new Float64Array(outputs);
  const shape = plan.grid.shape.filter((_, d) => !dims.includes(d));
  const whole = { array: out, shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float64' } as const;
  merge.many({ ...plan.grid, array: partial, offset: 0, dtype }, dims, whole);
  return out;
}

/** out = the fold of `a` over `dims`, passed through `last` where that is given. */
export function launchFold(
  fold: Fold,
  a: Tensor,
  dims: readonly number[],
  out: Tensor,
  last: ((x: number) => number) | null = null,
): boolean {
  const dtype = foldDTypeOf(fold, a, out);
  if (dtype === null || sizeOf(a.shape) < MIN_SIZE || !features().simd) return false;
  const kind = foldedDType(fold, dtype);
  const plan = planOf(a, dims, CHUNKS[kind === 'float64' && dtype !== 'int32' && dtype !== 'uint8' ? dtype : 'exact']);
  if (plan === null) return false;
  const { source, outer, inner, chunks } = plan;
  const partials = outer * chunks * inner;
  const [x, scratch] = open(source, partials * itemBytes(kind));
  const name = reduceName(fold, dtype, inner === 1 ? 'rows' : 'columns');
  const emit = inner === 1 ? emitReduceRows(fold, dtype) : emitReduceColumns(fold, dtype);
  runFold({ name, emit }, plan, NS.fold, x, itemBytes(dtype), [scratch], itemBytes(kind));
  const partial = viewArray(kind, heap().memory.buffer, scratch, partials);
  const results = finish(partial, kind, plan, dims, sizeOf(out.shape), MERGES[fold]);
  if (last !== null) for (let i = 0; i < results.length; i++) results[i] = last(results[i]);
  (out.array as Float64Array).set(results, out.offset);
  return true;
}

/** The dtype as which a kernel reads `a` for a result in the dtype of `out`; null where there is none. */
function foldDTypeOf(fold: Fold, { dtype }: Tensor, out: Tensor): FoldDType | null {
  if (dtype === 'float32' || dtype === 'float64') return isFloatDType(out.dtype) ? dtype : null;
  if (fold !== 'sum' || out.dtype !== 'int32') return null;
  return dtype === 'int32' ? dtype : dtype === 'uint8' || dtype === 'bool' ? 'uint8' : null;
}

function isFloatDType(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float64';
}

/** How the moments of a contiguous `[outer, n, inner]` are taken: for each of `chunks` parts of n. */
export function momentParts(dtype: FloatDType, outer: number, n: number, inner: number): Parts {
  const chunk = MOMENT_CHUNKS[dtype][inner === 1 ? 'rows' : 'columns'];
  return { outer, n, inner, chunk, chunks: Math.ceil(n / chunk) };
}

/** Means and sums of squared distances from them of all parts of what lies at `x`, as doubles. */
export function runMoments(dtype: FloatDType, parts: Parts, x: number, means: number, squares: number): void {
  const isRows = parts.inner === 1;
  const name = momentsName(dtype, isRows ? 'rows' : 'columns');
  const emit = isRows ? emitMomentsRows(dtype) : emitMomentsColumns(dtype);
  runFold({ name, emit }, parts, NS.moments, x, itemBytes(dtype), [means, squares], 8);
}

/** Means over `dims`, as `sum` of the reference gives them */
export function launchMean(a: Tensor, dims: readonly number[], out: Tensor): boolean {
  const count = sizeOf(a.shape) / sizeOf(out.shape);
  return launchFold('sum', a, dims, out, (x) => x / count);
}

/** Means and sums of squared distances from them over `dims`, in row-major order of what is kept; null if no kernel takes `a`. */
export function launchMoments(
  a: Tensor,
  dims: readonly number[],
): { means: Float64Array; squares: Float64Array; count: number } | null {
  if (!takes(a)) return null;
  const plan = planOf(a, dims, MOMENT_CHUNKS[a.dtype]);
  if (plan === null) return null;
  const { source, outer, n, inner, chunks, grid } = plan;
  const { dtype } = a;
  const partials = outer * chunks * inner;
  const [x, means] = open(source, 16 * partials);
  runMoments(dtype, plan, x, means, means + 8 * partials);
  const { buffer } = heap().memory;
  const partMeans = new Float64Array(buffer, means, partials);
  const partSquares = new Float64Array(buffer, means + 8 * partials, partials);
  if (grid === null && chunks === 1) return { means: partMeans.slice(), squares: partSquares.slice(), count: n };
  return mergeMoments(partMeans, partSquares, plan, a.shape, dims);
}

/**
 * The moments of all from those of parts: mean = m + Σ count (mean - m) / Σ count, where m is the first part's mean, and squares =
 * Σ (squares + count (mean - mean of all)²).
 */
function mergeMoments(
  partMeans: Float64Array,
  partSquares: Float64Array,
  plan: Plan,
  shape: Shape,
  dims: readonly number[],
): { means: Float64Array; squares: Float64Array; count: number } {
  const { n, inner, chunk, chunks, grid } = plan;
  const kept = shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const means = new Float64Array(sizeOf(kept));
  const squares = new Float64Array(means.length);
  const count = sizeOf(shape) / means.length;
  // Of a batch there are thousands of parts: these loops do without closures and divisions.
  if (chunks === 1 && grid !== null && repeats(grid, kept)) {
    const share = n / count;
    for (let i = 0; i < partMeans.length; ) {
      for (let c = 0; c < means.length; c++) means[c] += (partMeans[i++] - partMeans[c]) * share;
    }
    for (let c = 0; c < means.length; c++) means[c] += partMeans[c];
    for (let i = 0; i < partMeans.length; ) {
      for (let c = 0; c < means.length; c++) {
        const distance = partMeans[i] - means[c];
        squares[c] += partSquares[i++] + n * distance * distance;
      }
    }
    return { means, squares, count };
  }
  const targets = grid === null ? orderedTargets(plan) : gridTargets(grid, kept);
  const last = n - (chunks - 1) * chunk;
  const bases = new Float64Array(means.length);
  for (let i = targets.length - 1; i >= 0; i--) bases[targets[i]] = partMeans[i];
  for (let i = 0, c = 1; i < targets.length; c = c === chunks ? 1 : c + 1) {
    const share = (c === chunks ? last : chunk) / count;
    for (const end = i + inner; i < end; i++) means[targets[i]] += (partMeans[i] - bases[targets[i]]) * share;
  }
  for (let c = 0; c < means.length; c++) means[c] += bases[c];
  for (let i = 0, c = 1; i < targets.length; c = c === chunks ? 1 : c + 1) {
    const elements = c === chunks ? last : chunk;
    for (const end = i + inner; i < end; i++) {
      const distance = partMeans[i] - means[targets[i]];
      squares[targets[i]] += partSquares[i] + elements * distance * distance;
    }
  }
  return { means, squares, count };
}

/** Whether parts lie as the outputs do, over and over: what is kept has its row-major strides, and what is reduced lies farther apart. */
function repeats({ shape, strides }: Layout, kept: Shape): boolean {
  const steps = contiguousStrides(kept);
  const outputs = sizeOf(kept);
  return shape.every((size, d) => size === 1 || (kept[d] === 1 ? strides[d] >= outputs : strides[d] === steps[d]));
}

/** The output of each part of `[outer, chunks, inner]`. */
function orderedTargets({ outer, chunks, inner }: Plan): Int32Array {
  const targets = new Int32Array(outer * chunks * inner);
  for (let o = 0, i = 0; o < outer; o++) {
    for (let c = 0; c < chunks; c++) for (let j = 0; j < inner; j++, i++) targets[i] = o * inner + j;
  }
  return targets;
}

/** The output of each part of a grid, where `kept` has 1 in place of reduced sizes. */
function gridTargets({ shape, strides }: Layout, kept: Shape): Int32Array {
  const steps = contiguousStrides(kept);
  const order = shape.map((_, d) => d).filter((d) => shape[d] > 1);
  order.sort((a, b) => strides[b] - strides[a]);
  let targets = Int32Array.of(0);
  for (const d of order) {
    const step = kept[d] === 1 ? 0 : steps[d];
    const next = new Int32Array(targets.length * shape[d]);
    for (let i = 0, at = 0; i < targets.length; i++) {
      for (let k = 0; k < shape[d]; k++) next[at++] = targets[i] + k * step;
    }
    targets = next;
  }
  return targets;
}

/** Variance over `dims`, or its square root, as `variance` of the reference */
export function launchVariance(
  a: Tensor,
  dims: readonly number[],
  correction: number,
  root: boolean,
  out: Tensor,
): boolean {
  const moments = launchMoments(a, dims);
  if (moments === null) return false;
  const { squares, count } = moments;
  const divisor = Math.max(0, count - correction);
  for (let i = 0; i < squares.length; i++) squares[i] = root ? Math.sqrt(squares[i] / divisor) : squares[i] / divisor;
  (out.array as Float64Array).set(squares, out.offset);
  return true;
}

/** Σ (x - y)² over all elements of two operands of one shape; null where no kernel takes them. */
export function launchSquaredDifference(x: Tensor, y: Tensor): number | null {
  if (!takes(x) || y.dtype !== x.dtype) return null;
  const size = sizeOf(x.shape);
  const chunk = CHUNKS[x.dtype].rows;
  const chunks = Math.ceil(size / chunk);
  const staging = new Staging();
  const room = staging.reserve(8 * chunks);
  const [a, b] = [x, y].map((operand) => staging.addTensor(rowMajor(operand)));
  staging.open(null);
  const [aPtr, bPtr, out] = [staging.pointer(a), staging.pointer(b), staging.at(room)];
  const kernel = { name: differenceName(x.dtype), emit: emitSquaredDifference(x.dtype) };
  runCuts(kernel, cutsOf([chunks], size * NS.difference), (run, [c, count]) => {
    const at = c * chunk * itemBytes(x.dtype);
    run(Math.min(size - c * chunk, count * chunk), chunk, aPtr + at, bPtr + at, out + 8 * c);
  });
  const partial = new Float64Array(heap().memory.buffer, staging.at(room), chunks);
  return mergeChunks(partial, { outer: 1, chunks, inner: 1 }, ADD.two)[0];
}

/** Positions of extremes along a dimension, or (for null) in the whole operand, and the extremes unless null */
export function launchArg(
  a: Tensor,
  dim: number | null,
  largest: boolean,
  indices: Tensor,
  values: Tensor | null,
): boolean {
  if (!takes(a)) return false;
  const { dtype, shape } = a;
  const inner = dim === null ? 1 : sizeOf(shape.slice(dim + 1));
  const n = dim === null ? sizeOf(shape) : shape[dim];
  const outer = sizeOf(shape) / (n * inner);
  if (outer * inner === 1) {
    const [place, extreme] = argOfRun(a, largest);
    (indices.array as Int32Array)[indices.offset] = place;
    if (values !== null) (values.array as Float64Array)[values.offset] = extreme;
    return true;
  }
  const staging = new Staging();
  const source = staging.addTensor(rowMajor(a));
  const places = staging.addTensor(indices);
  const extremes = values === null ? null : staging.addTensor(values);
  const unused = values === null ? staging.reserve(outer * inner * itemBytes(dtype)) : 0;
  staging.open(places);
  const x = staging.pointer(source);
  const results = [staging.pointer(places), extremes === null ? staging.at(unused) : staging.pointer(extremes)];
  const isRows = inner === 1;
  const name = argName(largest, dtype, isRows ? 'rows' : 'columns');
  const emit = isRows ? emitArgRows(largest, dtype) : emitArgColumns(largest, dtype);
  const bytes = itemBytes(dtype);
  runCuts(
    { name, emit },
    cutsOf([outer, inner], sizeOf(shape) * NS.arg, [1, LINE.others]),
    (run, [o, rows, j, columns]) => {
      const sizes = isRows ? [rows, n] : [rows, n, columns, inner];
      const at = o * inner + j;
      run(...sizes, x + (o * n * inner + j) * bytes, results[0] + 4 * at, results[1] + bytes * at);
    },
  );
  staging.write(places);
  if (extremes !== null) staging.write(extremes);
  return true;
}

/** The position of the extreme of all elements, and the extreme: the first of equal ones, or the first NaN. */
function argOfRun(a: Floating, largest: boolean): [place: number, extreme: number] {
  const { dtype } = a;
  const [n, bytes] = [sizeOf(a.shape), itemBytes(dtype)];
  const cuts = cutsOf([n], n * NS.arg, [LINE.others]);
  const count = cuts.list.length;
  const staging = new Staging();
  const [places, extremes] = [staging.reserve(4 * count), staging.reserve(bytes * count)];
  const source = staging.addTensor(rowMajor(a));
  staging.open(null);
  const [x, placesPtr, extremesPtr] = [staging.pointer(source), staging.at(places), staging.at(extremes)];
  const kernel = { name: argName(largest, dtype, 'rows'), emit: emitArgRows(largest, dtype) };
  runCuts(kernel, cuts, (run, [from, size], task) => {
    run(1, size, x + from * bytes, placesPtr + 4 * task, extremesPtr + bytes * task);
  });
  const { buffer } = heap().memory;
  const local = new Int32Array(buffer, placesPtr, count);
  const found = viewArray(dtype, buffer, extremesPtr, count) as Float64Array;
  let best = 0;
  for (let i = 1; i < count && !Number.isNaN(found[best]); i++) {
    if (Number.isNaN(found[i]) || (largest ? found[i] > found[best] : found[i] < found[best])) best = i;
  }
  return [cuts.list[best][0] + local[best], found[best]];
}
