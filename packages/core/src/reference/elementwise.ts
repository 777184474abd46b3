/**
 * Reference kernels of elementwise ops: plain loops over strides, for every dtype. They compute small tensors, stand in where no
 * fast kernel exists, and are what fast kernels are tested against.
 *
 * A scalar function works in double precision and the store rounds to the dtype of the output. int64 values pass through
 * doubles, so arithmetic on them is exact up to ±2^53.
 */

import type { DType, TypedArray } from '../dtype.ts';
import { isHalf } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { broadcastStrides, collapse, isContiguous, sameShape, sizeOf } from '../layout.ts';
import { repeated } from '../lists.ts';
import { halfBits, halfValue } from './half.ts';

export type Scalar1 = (x: number) => number;
export type Scalar2 = (x: number, y: number) => number;
export type Scalar3 = (x: number, y: number, z: number) => number;

/** Reads one element as a double; int64 as the nearest one. */
export function readElement(array: TypedArray, at: number): number {
  return Number(array[at]);
}

/** Writes a double as an element of the dtype: rounded, wrapped or truncated as C does. */
export function writeElement(array: TypedArray, dtype: DType, at: number, value: number): void {
  if (dtype === 'int64') (array as BigInt64Array)[at] = toBigInt(value);
  else if (dtype === 'bool') (array as Uint8Array)[at] = value !== 0 ? 1 : 0;
  else if (isHalf(dtype)) array[at] = halfBits(dtype, value);
  else (array as Float64Array)[at] = value;
}

/** The integer part as a bigint; what has none (NaN, ±Infinity) becomes the smallest int64, as x86 does. */
export function toBigInt(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** True when elements can be read and written as plain numbers without a conversion per element. */
function plain(dtype: DType): boolean {
  return dtype !== 'int64' && dtype !== 'bool' && !isHalf(dtype);
}

/** out[i] = fn(a[i]) */
export function unary(fn: Scalar1, a: Strided, out: Strided): void {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    const x = src as Float64Array;
    const y = dst as Float64Array;
    const xo = a.offset;
    const yo = out.offset;
    for (let i = 0; i < size; i++) y[yo + i] = fn(x[xo + i]);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, fn(readElement(src, ai))));
}

/** out[i] = fn(a[i], b[i]), with both broadcast to out's shape */
export function binary(fn: Scalar2, a: Strided, b: Strided, out: Strided): void {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const x = a.array;
  const y = b.array;
  const dst = out.array;
  if (
    a.dtype !== 'int64' &&
    b.dtype !== 'int64' &&
    plain(out.dtype) &&
    flat(a, out.shape) &&
    flat(b, out.shape) &&
    isContiguous(out.shape, out.strides)
  ) {
    const xs = x as Float64Array;
    const ys = y as Float64Array;
    const zs = dst as Float64Array;
    const xo = a.offset;
    const yo = b.offset;
    const zo = out.offset;
    for (let i = 0; i < size; i++) zs[zo + i] = fn(xs[xo + i], ys[yo + i]);
    return;
  }
  walk3(a, b, out, (ai, bi, oi) => writeElement(dst, out.dtype, oi, fn(readElement(x, ai), readElement(y, bi))));
}

/** out[i] = fn(a[i], value) */
export function binaryNumber(fn: Scalar2, a: Strided, value: number, out: Strided): void {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    const xs = src as Float64Array;
    const zs = dst as Float64Array;
    const xo = a.offset;
    const zo = out.offset;
    for (let i = 0; i < size; i++) zs[zo + i] = fn(xs[xo + i], value);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, fn(readElement(src, ai), value)));
}

/** out[i] = fn(value, a[i]) */
export function numberBinary(fn: Scalar2, value: number, a: Strided, out: Strided): void {
  unary((x) => fn(value, x), a, out);
}

/** out[i] = fn(a[i], b[i], c[i]), all broadcast to out's shape */
export function ternary(fn: Scalar3, a: Strided, b: Strided, c: Strided, out: Strided): void {
  const x = a.array;
  const y = b.array;
  const z = c.array;
  const dst = out.array;
  ternaryPlaces(a, b, c, out, (at) =>
    writeElement(dst, out.dtype, at[3], fn(readElement(x, at[0]), readElement(y, at[1]), readElement(z, at[2]))),
  );
}

/** Visits the places of three operands, broadcast, and of the result. */
export function ternaryPlaces(
  a: Strided,
  b: Strided,
  c: Strided,
  out: Strided,
  visit: (at: readonly number[]) => void,
): void {
  if (sizeOf(out.shape) === 0) return;
  const sa = broadcastStrides(a.shape, a.strides, out.shape);
  const sb = broadcastStrides(b.shape, b.strides, out.shape);
  const sc = broadcastStrides(c.shape, c.strides, out.shape);
  const walk = collapse(out.shape, [sa, sb, sc, out.strides]);
  walkN(walk.shape, walk.strides, [a.offset, b.offset, c.offset, out.offset], visit);
}

/** out[i] = a[i], cast to out's dtype; int64 to int64 is exact. */
export function copy(a: Strided, out: Strided): void {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const src = a.array;
  const dst = out.array;
  if (a.dtype === out.dtype) {
    if (flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
      dst.set(src.subarray(a.offset, a.offset + size) as never, out.offset);
      return;
    }
    if (isContiguous(out.shape, out.strides) && stepOver(a, out) === 0) {
      dst.fill(src[a.offset] as never, out.offset, out.offset + size);
      return;
    }
    if (a.dtype === 'int64') {
      const x = src as BigInt64Array;
      const y = dst as BigInt64Array;
      walk2(a, out, (ai, oi) => {
        y[oi] = x[ai];
      });
    } else {
      const x = src as Float64Array;
      const y = dst as Float64Array;
      walk2(a, out, (ai, oi) => {
        y[oi] = x[ai];
      });
    }
    return;
  }
  const from = a.dtype;
  if (isHalf(from)) {
    walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, halfValue(from, src[ai] as number)));
    return;
  }
  if (from !== 'int64' && plain(out.dtype) && flat(a, out.shape) && isContiguous(out.shape, out.strides)) {
    // converts as an assignment of each element would
    (dst as Float64Array).set(src.subarray(a.offset, a.offset + size) as Float64Array, out.offset);
    return;
  }
  walk2(a, out, (ai, oi) => writeElement(dst, out.dtype, oi, readElement(src, ai)));
}

function elementOf(dtype: DType, value: number): number | bigint {
  if (dtype === 'int64') return toBigInt(value);
  if (dtype === 'bool') return Number(value !== 0);
  return isHalf(dtype) ? halfBits(dtype, value) : value;
}

/** out[i] = value */
export function fill(out: Strided, value: number): void {
  const size = sizeOf(out.shape);
  if (size === 0) return;
  const dst = out.array;
  if (isContiguous(out.shape, out.strides)) {
    const element = elementOf(out.dtype, value);
    dst.fill(element as never, out.offset, out.offset + size);
    return;
  }
  walk2(out, out, (_, oi) => writeElement(dst, out.dtype, oi, value));
}

/** True when `a` has this very shape and lies in row-major order. */
function flat(a: Strided, shape: Shape): boolean {
  const own = a.shape;
  if (own.length !== shape.length) return false;
  for (let i = 0; i < shape.length; i++) if (own[i] !== shape[i]) return false;
  return isContiguous(own, a.strides);
}

/** The stride under which an operand is one run over a contiguous `out`: 1, or 0 where it repeats one value; -1 when it is none. */
export function stepOver(x: Strided, out: Strided): number {
  const { shape } = out;
  if (x.shape === shape && x.strides === out.strides) return 1;
  if (x.shape === shape || sameShape(x.shape, shape)) {
    if (isContiguous(x.shape, x.strides)) return 1;
    for (let d = 0; d < shape.length; d++) if (x.strides[d] !== 0 && shape[d] !== 1) return -1;
    return 0;
  }
  for (let d = 0; d < x.shape.length; d++) if (x.shape[d] !== 1) return -1;
  return 0;
}

/** Calls `visit` with the offsets of corresponding elements, `a` broadcast to `out`. */
export function walk2(a: Strided, out: Strided, visit: (ai: number, oi: number) => void): void {
  const { shape, strides } = collapse(out.shape, [broadcastStrides(a.shape, a.strides, out.shape), out.strides]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, out.offset);
    return;
  }
  const [sa, so] = strides;
  const n = shape[inner];
  const da = sa[inner];
  const dz = so[inner];
  walkOuter(shape, strides, [a.offset, out.offset], (at) => {
    let [p, q] = at;
    for (let i = 0; i < n; i++, p += da, q += dz) visit(p, q);
  });
}

/** As `walk2` for two inputs. */
export function walk3(a: Strided, b: Strided, out: Strided, visit: (ai: number, bi: number, oi: number) => void): void {
  const { shape, strides } = collapse(out.shape, [
    broadcastStrides(a.shape, a.strides, out.shape),
    broadcastStrides(b.shape, b.strides, out.shape),
    out.strides,
  ]);
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(a.offset, b.offset, out.offset);
    return;
  }
  const [sa, sb, so] = strides;
  const n = shape[inner];
  const da = sa[inner];
  const db = sb[inner];
  const dz = so[inner];
  walkOuter(shape, strides, [a.offset, b.offset, out.offset], (at) => {
    let [p, q, r] = at;
    for (let i = 0; i < n; i++, p += da, q += db, r += dz) visit(p, q, r);
  });
}

/** Calls `visit` with the offsets of each element of every operand; the array it gets is reused. */
export function walkN(
  shape: Shape,
  strides: readonly Shape[],
  offsets: readonly number[],
  visit: (at: readonly number[]) => void,
): void {
  const inner = shape.length - 1;
  if (inner < 0) {
    visit(offsets);
    return;
  }
  const n = shape[inner];
  const at = offsets.slice();
  walkOuter(shape, strides, offsets, (start) => {
    for (let k = 0; k < at.length; k++) at[k] = start[k];
    for (let i = 0; i < n; i++) {
      visit(at);
      for (let k = 0; k < at.length; k++) at[k] += strides[k][inner];
    }
  });
}

/** Walks all but the last dimension of a non-empty shape of at least one dimension; the array `visit` gets is reused. */
export function walkOuter(
  shape: Shape,
  strides: readonly Shape[],
  offsets: readonly number[],
  visit: (at: readonly number[]) => void,
): void {
  const at = offsets.slice();
  const outer = shape.length - 1;
  if (outer === 0) {
    visit(at);
    return;
  }
  const index = repeated(0, outer);
  for (;;) {
    visit(at);
    let d = outer - 1;
    for (; d >= 0; d--) {
      for (let k = 0; k < at.length; k++) at[k] += strides[k][d];
      if (++index[d] < shape[d]) break;
      for (let k = 0; k < at.length; k++) at[k] -= strides[k][d] * shape[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}
