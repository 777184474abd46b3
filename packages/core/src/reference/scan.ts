/**
 * Reference kernels that work along one dimension: running sums and products, positions of extremes. Each takes the
 * lines along that dimension one by one.
 */

import type { TypedArray } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { collapse, sizeOf } from '../layout.ts';
import { walkOuter } from './elementwise.ts';
import { packed, widened } from './reduce.ts';

/**
 * Calls `visit` with where each line along `dim` starts in `a` and in a second operand, whose strides for the other dimensions
 * of `a` are `others` (with or without an entry for `dim`: it is not read).
 */
export function eachLine(
  a: Strided,
  dim: number,
  others: Shape,
  otherOffset: number,
  visit: (at: number, to: number) => void,
): void {
  if (sizeOf(a.shape) === 0) return;
  const rest = <T>(list: readonly T[]): T[] => list.filter((_, d) => d !== dim);
  const { shape, strides } = collapse(rest(a.shape), [rest(a.strides), rest(others)]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, otherOffset);
    return;
  }
  const n = shape[inner];
  const [sa, so] = strides;
  walkOuter(shape, strides, [a.offset, otherOffset], (start) => {
    let [at, to] = start;
    for (let i = 0; i < n; i++, at += sa[inner], to += so[inner]) visit(at, to);
  });
}

/** Length and step of lines along `dim`; a 0-d operand is one line of one element. */
export function line(a: Strided, dim: number): [n: number, step: number] {
  return a.shape.length === 0 ? [1, 1] : [a.shape[dim], a.strides[dim]];
}

// ------------------------------------------------------------------------------------------------------------- running

/** Running sums along `dim`, in double precision. */
export function cumsum(a: Strided, dim: number, out: Strided): void {
  if (a.dtype === 'int64') {
    runningBig(a, dim, out, 0n, (x, y) => x + y);
    return;
  }
  const wide = widened(a);
  const x = wide.array as Float64Array;
  const y = out.array as Float64Array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(out, dim);
  eachLine(wide, dim, out.strides, out.offset, (at, to) => {
    let sum = 0;
    for (let i = 0; i < n; i++, at += step, to += outStep) {
      sum += x[at];
      y[to] = sum;
    }
  });
}

/** Running products along `dim`. int32 wraps as C does. */
export function cumprod(a: Strided, dim: number, out: Strided): void {
  if (a.dtype === 'int64') {
    runningBig(a, dim, out, 1n, (x, y) => x * y);
    return;
  }
  const floating = isFloating(a.dtype);
  const wide = widened(a);
  const x = wide.array as Float64Array;
  const y = out.array as Float64Array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(out, dim);
  eachLine(wide, dim, out.strides, out.offset, (at, to) => {
    let product = 1;
    for (let i = 0; i < n; i++, at += step, to += outStep) {
      product = floating ? product * x[at] : Math.imul(product, x[at]);
      y[to] = product;
    }
  });
}

function runningBig(a: Strided, dim: number, out: Strided, start: bigint, fn: (x: bigint, y: bigint) => bigint): void {
  const x = a.array as BigInt64Array;
  const y = out.array as BigInt64Array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  eachLine(a, dim, out.strides, out.offset, (at, to) => {
    let acc = start;
    for (let i = 0; i < n; i++, at += step, to += outStep) {
      acc = BigInt.asIntN(64, fn(acc, x[at]));
      y[to] = acc;
    }
  });
}

// ------------------------------------------------------------------------------------------------------------ extremes

/** Position of the first largest of a line; a NaN is larger than any number. */
function argmaxLine(x: Float64Array, at: number, n: number, step: number): number {
  let best = x[at];
  if (Number.isNaN(best)) return 0;
  let where = 0;
  for (let i = 1, p = at + step; i < n; i++, p += step) {
    const v = x[p];
    if (v > best) {
      best = v;
      where = i;
    } else if (Number.isNaN(v)) return i;
  }
  return where;
}

/** Position of the first smallest of a line, or of the first NaN. */
function argminLine(x: Float64Array, at: number, n: number, step: number): number {
  let best = x[at];
  if (Number.isNaN(best)) return 0;
  let where = 0;
  for (let i = 1, p = at + step; i < n; i++, p += step) {
    const v = x[p];
    if (v < best) {
      best = v;
      where = i;
    } else if (Number.isNaN(v)) return i;
  }
  return where;
}

/** As the two above for int64, apart from them so that theirs stay loops over floats. */
function argBig(x: BigInt64Array, at: number, n: number, step: number, largest: boolean): number {
  let where = 0;
  for (let i = 1; i < n; i++) {
    const v = x[at + i * step];
    const best = x[at + where * step];
    if (largest ? v > best : v < best) where = i;
  }
  return where;
}

/** Positions of extremes along `dim` into `indices` (int32), and the extremes into `values` unless that is null. */
export function argExtreme(
  a: Strided,
  dim: number,
  largest: boolean,
  indices: { readonly array: TypedArray; readonly offset: number },
  values: { readonly array: TypedArray; readonly offset: number } | null,
): void {
  const wide = a.dtype === 'int64' ? a : widened(a);
  const x = wide.array as Float64Array;
  const [n, step] = line(wide, dim);
  const find = largest ? argmaxLine : argminLine;
  const big = a.dtype === 'int64';
  const to = indices.array as Int32Array;
  const dst = values === null ? null : (values.array as Float64Array);
  let o = 0;
  // Outputs are contiguous and lines come in their order.
  eachLine(wide, dim, wide.strides, 0, (at) => {
    const where = big ? argBig(x as unknown as BigInt64Array, at, n, step, largest) : find(x, at, n, step);
    to[indices.offset + o] = where;
    if (dst !== null) dst[values!.offset + o] = x[at + where * step];
    o++;
  });
}

/** Position, in row-major order, of the first extreme of all elements. */
export function argExtremeOfAll(a: Strided, largest: boolean): number {
  const dense = packed(a);
  const n = sizeOf(dense.shape);
  const index = new Int32Array(1);
  const flat: Strided = { array: dense.array, shape: [n], strides: [1], offset: dense.offset, dtype: dense.dtype };
  argExtreme(flat, 0, largest, { array: index, offset: 0 }, null);
  return index[0];
}
