/**
 * Launches of the reduction kernels. Each computes and returns true, or does nothing and returns false.
 *
 * In the order of memory, an operand is `[outer, n, inner]`, where n counts a run of neighbouring reduced dimensions and
 * `inner` the kept ones after it. A kernel folds n, in chunks, to float64; what is reduced besides (the chunks, and
 * dimensions of `outer`) is a small job for the reference loops, which add pairwise.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { contiguousStrides, isContiguous, memoryOrder, sizeOf } from '../layout.ts';
import { copy } from '../reference/elementwise.ts';
import * as reference from '../reference/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { Fold } from './kernels/reduce.ts';
import { argName, emitArgRows, emitReduceColumns, emitReduceRows, reduceName } from './kernels/reduce.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 1024;

/**
 * Elements of a row, and rows of a column, that are folded in chains; longer ones make several partial results. Chains of
 * float64 round where those of float32 have bits to spare, so theirs are short.
 */
const ROW_CHUNK = { float32: 1024, float64: 256 } as const;
const COLUMN_CHUNK = { float32: 256, float64: 64 } as const;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

function takes(a: Tensor): a is Tensor & { dtype: FloatDType } {
  return (a.dtype === 'float32' || a.dtype === 'float64') && sizeOf(a.shape) >= MIN_SIZE && features().simd;
}

/** How a kernel sees an operand, and the grid of its partial results: the operand's dimensions, in their order. */
interface Plan {
  readonly source: Tensor & { dtype: FloatDType };
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  readonly chunk: number;
  /** Sizes and strides of the partial results; with the reduced run as 1, of one value for each of its lines. */
  readonly partial: Layout;
  readonly lines: Layout;
}

interface Layout {
  readonly shape: Shape;
  readonly strides: Shape;
}

/** The order of dimensions in memory, if they fill it without gaps; else null. */
function denseOrder({ shape, strides }: Tensor): number[] | null {
  const order = memoryOrder(shape, strides);
  const pick = (list: Shape): number[] => order.map((d) => list[d]);
  return isContiguous(pick(shape), pick(strides)) ? order : null;
}

function planOf(a: Tensor & { dtype: FloatDType }, dims: readonly number[]): Plan | null {
  let source = a;
  let order = denseOrder(a);
  if (order === null) {
    source = rowMajor(a) as typeof a;
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
  const chunk = (inner === 1 ? ROW_CHUNK : COLUMN_CHUNK)[a.dtype];
  /** Sizes in the operand's order, the reduced run as `count` in place of its last dimension. */
  const layout = (count: number): Layout => {
    const sizes = order.map((d, i) => (i > at && i < last ? 1 : i === last ? count : shape[d]));
    const steps = contiguousStrides(sizes);
    const own = (list: readonly number[]): number[] => shape.map((_, d) => list[order.indexOf(d)]);
    return { shape: own(sizes), strides: own(steps) };
  };
  return {
    source,
    outer: sizeOf(shape) / (n * inner),
    n,
    inner,
    chunk,
    partial: layout(Math.ceil(n / chunk)),
    lines: layout(1),
  };
}

/** Runs the kernel of `fold`. */
function launch(fold: Fold, plan: Plan, x: number, out: number, centers: number): void {
  const { outer, n, inner, chunk } = plan;
  const { dtype } = plan.source;
  if (inner === 1) {
    const { run } = kernel<Run>(reduceName(fold, dtype, 'rows'), emitReduceRows(fold, dtype), heap().memory);
    run(outer, n, chunk, x, out, centers);
  } else {
    const { run } = kernel<Run>(reduceName(fold, dtype, 'columns'), emitReduceColumns(fold, dtype), heap().memory);
    run(outer, n, inner, chunk, x, out, centers);
  }
}

/** Float64 results in scratch space at `pointer`. */
function doublesAt(pointer: number, layout: Layout): Strided {
  const array = new Float64Array(heap().memory.buffer, pointer, sizeOf(layout.shape));
  return { ...layout, array, offset: 0, dtype: 'float64' };
}

/** Ends a reduction: folds what is left of `dims` in the partial results. */
function finish(
  partial: Strided,
  dims: readonly number[],
  outputs: number,
  fold: (a: Strided, dims: readonly number[], out: Strided) => void,
): Float64Array {
  const array = partial.array as Float64Array;
  if (array.length === outputs && isContiguous(partial.shape, partial.strides)) return array;
  const shape = partial.shape.filter((_, d) => !dims.includes(d));
  const out = new Float64Array(outputs);
  fold(partial, dims, { array: out, shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float64' });
  return out;
}

/** Puts results, which are in row-major order, into the output, rounded to its dtype. */
function put(results: Float64Array, out: Tensor): void {
  (out.array as Float64Array).set(results, out.offset);
}

function scale(values: Float64Array, divisor: number): Float64Array {
  for (let i = 0; i < values.length; i++) values[i] /= divisor;
  return values;
}

/** Room for partial results, and the operand, opened. */
interface Opened {
  readonly x: number;
  readonly partial: number;
  readonly centers: number;
}

function open({ source, partial, lines }: Plan, withCenters: boolean): Opened {
  const staging = new Staging();
  const results = staging.reserve(sizeOf(partial.shape) * 8);
  const centers = withCenters ? staging.reserve(sizeOf(lines.shape) * 8) : 0;
  const operand: Part = staging.addTensor(source);
  staging.open(null);
  return { x: staging.pointer(operand), partial: staging.at(results), centers: staging.at(centers) };
}

/** Sums over `dims`, divided by the number of elements when `mean`, as `sum` of the reference */
export function launchSum(a: Tensor, dims: readonly number[], out: Tensor, mean = false): boolean {
  if (!takes(a) || (out.dtype !== 'float32' && out.dtype !== 'float64')) return false;
  const plan = planOf(a, dims);
  if (plan === null) return false;
  const outputs = sizeOf(out.shape);
  const { x, partial } = open(plan, false);
  launch('sum', plan, x, partial, 0);
  const sums = finish(doublesAt(partial, plan.partial), dims, outputs, reference.sum);
  put(mean ? scale(sums, sizeOf(a.shape) / outputs) : sums, out);
  return true;
}

/** Largest or smallest over `dims`, as `extreme` of the reference */
export function launchExtreme(a: Tensor, dims: readonly number[], largest: boolean, out: Tensor): boolean {
  if (!takes(a)) return false;
  const plan = planOf(a, dims);
  if (plan === null) return false;
  const { x, partial } = open(plan, false);
  launch(largest ? 'max' : 'min', plan, x, partial, 0);
  const fold = (from: Strided, over: readonly number[], to: Strided) => reference.extreme(from, over, largest, to);
  put(finish(doublesAt(partial, plan.partial), dims, sizeOf(out.shape), fold), out);
  return true;
}

/** Means and sums of squared distances from them over `dims`, in row-major order of what is kept; null if no kernel takes `a`. */
export function launchMoments(
  a: Tensor,
  dims: readonly number[],
): { means: Float64Array; squares: Float64Array; count: number } | null {
  if (!takes(a)) return null;
  const plan = planOf(a, dims);
  if (plan === null) return null;
  const kept = a.shape.map((size, d) => (dims.includes(d) ? 1 : size));
  const outputs = sizeOf(kept);
  const count = sizeOf(a.shape) / outputs;
  const { x, partial, centers } = open(plan, true);
  launch('sum', plan, x, partial, 0);
  // A copy: the partial results are written over.
  const means = scale(finish(doublesAt(partial, plan.partial), dims, outputs, reference.sum).slice(), count);
  const strides = contiguousStrides(kept).map((step, d) => (dims.includes(d) ? 0 : step));
  const spread = { array: means, shape: plan.lines.shape, strides, offset: 0, dtype: 'float64' } as const;
  copy(spread, doublesAt(centers, plan.lines));
  launch('squares', plan, x, partial, centers);
  const squares = finish(doublesAt(partial, plan.partial), dims, outputs, reference.sum).slice();
  return { means, squares, count };
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
  const values = scale(moments.squares, Math.max(0, moments.count - correction));
  put(root ? values.map(Math.sqrt) : values, out);
  return true;
}

/** Positions of extremes along the last dimension, or (for null) in the whole operand, and the extremes unless null */
export function launchArg(
  a: Tensor,
  dim: number | null,
  largest: boolean,
  indices: Tensor,
  values: Tensor | null,
): boolean {
  if (!takes(a)) return false;
  const { dtype, shape } = a;
  if (dim !== null && sizeOf(shape.slice(dim + 1)) !== 1) return false;
  const n = dim === null ? sizeOf(shape) : shape[dim];
  const rows = sizeOf(shape) / n;
  const staging = new Staging();
  const source = staging.addTensor(rowMajor(a));
  const places = staging.addTensor(indices);
  const extremes = values === null ? null : staging.addTensor(values);
  const unused = values === null ? staging.reserve(rows * itemBytes(dtype)) : 0;
  staging.open(places);
  const { run } = kernel<Run>(argName(largest, dtype), emitArgRows(largest, dtype), heap().memory);
  const valuesPtr = extremes === null ? staging.at(unused) : staging.pointer(extremes);
  run(rows, n, staging.pointer(source), staging.pointer(places), valuesPtr);
  staging.write(places);
  if (extremes !== null) staging.write(extremes);
  return true;
}
