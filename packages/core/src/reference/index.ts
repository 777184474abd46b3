/**
 * Reference kernels of indexing. `gather`, `indexSelect` and `index` are one loop, `take`; `scatter`, `indexPut` and the forms
 * that accumulate are its mirror images, `put` and `add`. What differs is the layout: how many dimensions an index covers and how
 * its own strides lie in the walk (0 where it does not vary). Indices are checked, all of them, before a loop begins.
 *
 * Floats have loops of their own that read like those of the other dtypes: engines compile a loop for the arrays that it has seen, and
 * one that has seen every kind takes tens of times as long.
 */

import type { DType, TypedArray } from '../dtype.ts';
import { IndexError } from '../errors.ts';
import type { Shape, Strided } from '../layout.ts';
import { broadcastStrides, contiguousStrides, isContiguous, sizeOf } from '../layout.ts';
import type { Planes, Strands } from './move.ts';
import { BLOCK, eachPlane, planesOf } from './move.ts';

/** Checked indices under strides. Float64Array only where offsets exceed int32. */
export interface Indices {
  readonly array: Int32Array | Float64Array | BigInt64Array;
  readonly strides: Shape;
  readonly offset: number;
  /** What is to be added to negative entries, which count from the end; 0 where there are none. */
  readonly wrap: number;
}

/** What the entries of an index are like: out of range, all in range and not negative, or in range and some negative. */
export type Range = 'outside' | 'positive' | 'mixed';

/** Looks at all entries of an index over `shape`; entries from `least` to `size - 1` are in range. */
export type RangeFinder = (index: Strands, shape: Shape, least: number, size: number) => Range;

/**
 * Where an indexed op reads or writes: element p of the walk over `shape` is found at
 * `offset + Σ p[d] · strides[d] + scale · index(p)`.
 */
export interface Places {
  readonly shape: Shape;
  /** Strides of the indexed tensor in the walk; 0 along dimensions that belong to the index. */
  readonly strides: Shape;
  readonly index: Indices;
  readonly scale: number;
}

// ------------------------------------------------------------------------------------------------------------- indices

/**
 * An index tensor, checked against a dimension of `size`; where `negative` entries are allowed, they count from the end. Entries
 * that a stride of 0 repeats are looked at once. What is returned is the index's own memory: it is good until the next allocation,
 * and must not be written to.
 *
 * @throws IndexError for the first entry out of range
 */
export function readIndices(
  op: string,
  index: Strided,
  size: number,
  dim: number,
  negative: boolean,
  rangeOf: RangeFinder = findRange,
): Indices {
  if (sizeOf(index.shape) === 0) {
    return { array: new Int32Array(0), strides: index.shape.map(() => 0), offset: 0, wrap: 0 };
  }
  const shape = onceOver(index.shape, index.strides);
  const least = negative ? -size : 0;
  const range = rangeOf(index, shape, least, size);
  if (range === 'outside') refuse(op, index, shape, size, dim, least);
  const array = index.array as Int32Array | BigInt64Array;
  return { array, strides: index.strides, offset: index.offset, wrap: range === 'mixed' ? size : 0 };
}

/** The shape without what strides of 0 repeat. */
function onceOver(shape: Shape, strides: Shape): number[] {
  return shape.map((n, d) => (strides[d] === 0 ? 1 : n));
}

/** The plain loop. */
export const findRange: RangeFinder = (index, shape, least, size) => {
  const planes = planesOf(shape, [index.strides]);
  const { array } = index;
  let signs = 0;
  let fits = true;
  eachPlane(planes, [index.offset], ([p]) => {
    const seen =
      array instanceof Int32Array
        ? signsWithin(planes, p, array, least, size)
        : bigSignsWithin(planes, p, array as BigInt64Array, BigInt(least), BigInt(size));
    if (seen === null) fits = false;
    else signs |= seen;
  });
  if (!fits) return 'outside';
  return signs < 0 ? 'mixed' : 'positive';
};

/** All entries or-ed, which is negative when one is; null when one is out of range. */
function signsWithin(planes: Planes, from: number, values: Int32Array, least: number, size: number): number | null {
  const { rows, columns } = planes;
  const [pr] = planes.rowStrides;
  const [pc] = planes.columnStrides;
  let signs = 0;
  for (let r = 0; r < rows; r++) {
    let p = from + r * pr;
    for (let c = 0; c < columns; c++, p += pc) {
      const value = values[p];
      if (value < least || value >= size) return null;
      signs |= value;
    }
  }
  return signs;
}

/** The same for int64, whose entries have a sign of -1 or 0. */
function bigSignsWithin(
  planes: Planes,
  from: number,
  values: BigInt64Array,
  least: bigint,
  size: bigint,
): number | null {
  const { rows, columns, rowStrides, columnStrides } = planes;
  let signs = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const value = values[from + r * rowStrides[0] + c * columnStrides[0]];
      if (value < least || value >= size) return null;
      if (value < 0n) signs = -1;
    }
  }
  return signs;
}

/** Finds the first entry out of range, in row-major order, and throws. */
function refuse(op: string, read: Strands, shape: Shape, size: number, dim: number, least: number): void {
  const planes = planesOf(shape, [read.strides]);
  const { rows, columns, rowStrides, columnStrides } = planes;
  eachPlane(planes, [read.offset], ([from]) => {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const index = read.array[from + r * rowStrides[0] + c * columnStrides[0]];
        if (index < least || index >= size) {
          throw new IndexError(`index ${index} is out of bounds for dimension ${dim} with size ${size}`, {
            op,
            operands: { index: Number(index), dim, size },
          });
        }
      }
    }
  });
}

/** Indices for the loops below: numbers, none of them negative. */
export interface PlainIndices extends Indices {
  readonly array: Int32Array | Float64Array;
}

/** The index itself where it is plain, else a copy of its entries over `shape`, each once. */
export function plainIndices(index: Indices, shape: Shape): PlainIndices {
  const { array, strides, offset, wrap } = index;
  if (wrap === 0 && !(array instanceof BigInt64Array)) return { array, strides, offset, wrap };
  const once = onceOver(shape, strides);
  const own = contiguousStrides(once).map((s, d) => (once[d] === 1 ? 0 : s));
  const out = new Int32Array(sizeOf(once));
  const planes = planesOf(once, [strides, own]);
  const { rows, columns, rowStrides, columnStrides } = planes;
  eachPlane(planes, [offset, 0], ([from, to]) => {
    for (let r = 0; r < rows; r++) {
      let p = from + r * rowStrides[0];
      let q = to + r * rowStrides[1];
      for (let c = 0; c < columns; c++, p += columnStrides[0], q += columnStrides[1]) {
        const value = Number(array[p]);
        out[q] = value < 0 ? value + wrap : value;
      }
    }
  });
  return { array: out, strides: own, offset: 0, wrap: 0 };
}

/**
 * Several indices, one per indexed dimension, as one: the distance of each indexed place from the tensor's first element. `shape`
 * is that to which the indices broadcast.
 */
export function combineIndices(parts: readonly (Indices & { scale: number; size: number })[], shape: Shape): Indices {
  const size = sizeOf(shape);
  const farthest = parts.reduce((sum, part) => sum + part.scale * (part.size - 1), 0);
  const array = farthest < 0x7fffffff ? new Int32Array(size) : new Float64Array(size);
  const strides = contiguousStrides(shape);
  if (size > 0) {
    for (const part of parts) {
      const plain = plainIndices(part, shape);
      const planes = planesOf(shape, [plain.strides, strides]);
      const { rows, columns, rowStrides, columnStrides } = planes;
      const { scale } = part;
      const values = plain.array;
      eachPlane(planes, [plain.offset, 0], ([from, to]) => {
        for (let r = 0; r < rows; r++) {
          let p = from + r * rowStrides[0];
          let q = to + r * rowStrides[1];
          for (let c = 0; c < columns; c++, p += columnStrides[0], q += columnStrides[1]) array[q] += values[p] * scale;
        }
      });
    }
  }
  return { array, strides, offset: 0, wrap: 0 };
}

// ------------------------------------------------------------------------------------------------------------- reading

/** out[p] = self[places(p)]; out has the walk's shape and is contiguous */
export function take(self: Strided, places: Places, out: Strided): void {
  if (sizeOf(places.shape) === 0) return;
  const { scale } = places;
  const index = plainIndices(places.index, places.shape);
  const planes = planesOf(places.shape, [places.strides, index.strides, contiguousStrides(places.shape)]);
  const offsets = [self.offset, index.offset, out.offset];
  const x = self.array;
  const y = out.array;
  const [xc, ic, yc] = planes.columnStrides;
  if (ic === 0 && xc === 1 && yc === 1 && planes.columns >= BLOCK) {
    eachPlane(planes, offsets, (at) => takeRows(planes, at, x, index.array, scale, y));
  } else if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes, offsets, (at) => takeFloats(planes, at, x, index.array, scale, y));
  } else {
    eachPlane(planes, offsets, (at) => takePlane(planes, at, x as Float64Array, index.array, scale, y as Float64Array));
  }
}

function takeRows(
  planes: Planes,
  at: readonly number[],
  x: TypedArray,
  index: Int32Array | Float64Array,
  scale: number,
  y: TypedArray,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  let [p, i, q] = at;
  for (let r = 0; r < rows; r++, p += xr, i += ir, q += yr) {
    const from = p + scale * index[i];
    y.set(x.subarray(from, from + columns) as never, q);
  }
}

function takeFloats(
  planes: Planes,
  at: readonly number[],
  x: Float32Array,
  index: Int32Array | Float64Array,
  scale: number,
  y: Float32Array,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let i = at[1] + r * ir;
    let q = at[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) y[q] = x[p + scale * index[i]];
  }
}

/** Also takes BigInts. */
function takePlane(
  planes: Planes,
  at: readonly number[],
  x: Float64Array,
  index: Int32Array | Float64Array,
  scale: number,
  y: Float64Array,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let i = at[1] + r * ir;
    let q = at[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) y[q] = x[p + scale * index[i]];
  }
}

// ------------------------------------------------------------------------------------------------------------- writing

/** self[places(p)] = src[p]; of several writes to one place the last stays. `src` has self's dtype. */
export function put(self: Strided, places: Places, src: Strands): void {
  if (sizeOf(places.shape) === 0) return;
  const { scale } = places;
  const index = plainIndices(places.index, places.shape);
  const planes = planesOf(places.shape, [places.strides, index.strides, src.strides]);
  const offsets = [self.offset, index.offset, src.offset];
  const x = self.array;
  const y = src.array;
  const [xc, ic, yc] = planes.columnStrides;
  if (ic === 0 && xc === 1 && yc === 1 && planes.columns >= BLOCK) {
    eachPlane(planes, offsets, (at) => putRows(planes, at, x, index.array, scale, y));
  } else {
    eachPlane(planes, offsets, (at) => putPlane(planes, at, x as Float64Array, index.array, scale, y as Float64Array));
  }
}

function putRows(
  planes: Planes,
  at: readonly number[],
  x: TypedArray,
  index: Int32Array | Float64Array,
  scale: number,
  y: TypedArray,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  let [p, i, q] = at;
  for (let r = 0; r < rows; r++, p += xr, i += ir, q += yr) {
    x.set(y.subarray(q, q + columns) as never, p + scale * index[i]);
  }
}

/** Also puts BigInts. */
function putPlane(
  planes: Planes,
  at: readonly number[],
  x: Float64Array,
  index: Int32Array | Float64Array,
  scale: number,
  y: Float64Array,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let i = at[1] + r * ir;
    let q = at[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale * index[i]] = y[q];
  }
}

/**
 * self[places(p)] += alpha · src[p]; bools are or-ed. `src` has self's dtype.
 *
 * Where there are many more contributions than elements, float32 adds up in double precision aside and rounds once: a million small
 * terms in one place keep their digits.
 */
export function add(self: Strided, places: Places, src: Strands, alpha: number): void {
  const count = sizeOf(places.shape);
  if (count === 0) return;
  const size = sizeOf(self.shape);
  if (addsAside(self, count)) {
    const { shape, strides, offset } = self;
    const values = (self.array as Float32Array).subarray(offset, offset + size);
    const sums = { array: Float64Array.from(values), shape, strides, offset: 0, dtype: 'float64' as const };
    addTo(sums, 'float64', places, src, alpha);
    values.set(sums.array);
  } else addTo(self, self.dtype, places, src, alpha);
}

/** Contributions to an element, on average, from which on they are added up in double precision. */
const MANY = 16;

/** Whether so many contributions to `self` are added up in double precision aside. */
export function addsAside(self: Strided, count: number): boolean {
  return self.dtype === 'float32' && count >= MANY * sizeOf(self.shape) && isContiguous(self.shape, self.strides);
}

function addTo(self: Strided, dtype: DType, places: Places, src: Strands, alpha: number): void {
  const { scale } = places;
  const index = plainIndices(places.index, places.shape);
  const planes = planesOf(places.shape, [places.strides, index.strides, src.strides]);
  const offsets = [self.offset, index.offset, src.offset];
  const x = self.array;
  const y = src.array;
  if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes, offsets, (at) => addFloats(planes, at, x, index.array, scale, y, alpha));
  } else if (x instanceof BigInt64Array) {
    const [ys, factor] = [y as BigInt64Array, BigInt(alpha)];
    eachElement(planes, offsets, index.array, scale, (p, q) => {
      x[p] += factor * ys[q];
    });
  } else if (dtype === 'bool') {
    eachElement(planes, offsets, index.array, scale, (p, q) => {
      if (y[q] !== 0 && alpha !== 0) x[p] = 1;
    });
  } else {
    eachPlane(planes, offsets, (at) =>
      addPlane(planes, at, x as Float64Array, index.array, scale, y as Float64Array, alpha),
    );
  }
}

function addFloats(
  planes: Planes,
  at: readonly number[],
  x: Float32Array,
  index: Int32Array | Float64Array,
  scale: number,
  y: Float32Array,
  alpha: number,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let i = at[1] + r * ir;
    let q = at[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale * index[i]] += alpha * y[q];
  }
}

/** Sums of the other numbers, and of float32 in double precision. */
function addPlane(
  planes: Planes,
  at: readonly number[],
  x: Float64Array,
  index: Int32Array | Float64Array,
  scale: number,
  y: Float64Array,
  alpha: number,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let i = at[1] + r * ir;
    let q = at[2] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, i += ic, q += yc) x[p + scale * index[i]] += alpha * y[q];
  }
}

/** The slower way, for dtypes that need not be fast. */
function eachElement(
  planes: Planes,
  offsets: readonly number[],
  index: Int32Array | Float64Array,
  scale: number,
  visit: (place: number, src: number) => void,
): void {
  const { rows, columns } = planes;
  const [xr, ir, yr] = planes.rowStrides;
  const [xc, ic, yc] = planes.columnStrides;
  eachPlane(planes, offsets, ([p, i, q]) => {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        visit(p + r * xr + c * xc + scale * index[i + r * ir + c * ic], q + r * yr + c * yc);
      }
    }
  });
}

// --------------------------------------------------------------------------------------------------------------- masks

// Whether an entry of a mask is set is as good as random, and a branch on it costs more than all else. So bytes count as
// (byte + 255) >> 8, which is 0 or 1, and what is selected is written in any case and overwritten unless it counts. The loops
// end with the last entry that does: behind it there is no room.

/** How many elements are not 0. NaN is not 0; -0 is. */
export function countNonzero(a: Strided): number {
  if (sizeOf(a.shape) === 0) return 0;
  const planes = planesOf(a.shape, [a.strides]);
  const x = a.array;
  let count = 0;
  eachPlane(planes, [a.offset], ([p]) => {
    count += x instanceof Uint8Array ? countBytes(planes, p, x) : countOthers(planes, p, x, zeroOf(a));
  });
  return count;
}

function countBytes(planes: Planes, from: number, x: Uint8Array): number {
  const { rows, columns } = planes;
  const [xr] = planes.rowStrides;
  const [xc] = planes.columnStrides;
  let count = 0;
  for (let r = 0; r < rows; r++) {
    let p = from + r * xr;
    for (let c = 0; c < columns; c++, p += xc) count += (x[p] + 255) >> 8;
  }
  return count;
}

function countOthers(planes: Planes, from: number, x: TypedArray, zero: number | bigint): number {
  const { rows, columns } = planes;
  const [xr] = planes.rowStrides;
  const [xc] = planes.columnStrides;
  let count = 0;
  for (let r = 0; r < rows; r++) {
    let p = from + r * xr;
    for (let c = 0; c < columns; c++, p += xc) if (x[p] !== zero) count++;
  }
  return count;
}

/** An int64 0 is a BigInt, which equals no number. */
function zeroOf(a: Strided): number | bigint {
  return a.dtype === 'int64' ? 0n : 0;
}

/** A column of coordinates: entry k is written at `offset + k · step`. */
export interface Column {
  readonly array: Int32Array;
  readonly offset: number;
  readonly step: number;
}

/** Writes the coordinates of each of the `count` elements that are not 0, in row-major order; one column a dimension. */
export function nonzero(a: Strided, count: number, coordinates: readonly Column[]): void {
  const last = a.shape.length - 1;
  if (last < 0 || count === 0) return;
  const x = a.array;
  const zero = zeroOf(a);
  const index = new Array<number>(last).fill(0);
  let found = 0;
  let p = a.offset;
  for (;;) {
    const before = found;
    const [n, step, tail] = [a.shape[last], a.strides[last], coordinates[last]];
    found =
      x instanceof Uint8Array
        ? scanBytes(x, p, step, n, tail, before, count)
        : scanOthers(x, p, step, n, tail, before, zero);
    for (let d = 0; d < last; d++) {
      const { array, offset, step: by } = coordinates[d];
      for (let k = before, q = offset + before * by; k < found; k++, q += by) array[q] = index[d];
    }
    if (found === count) return;
    for (let d = last - 1; d >= 0; d--) {
      p += a.strides[d];
      if (++index[d] < a.shape[d]) break;
      p -= a.strides[d] * a.shape[d];
      index[d] = 0;
    }
  }
}

/** Writes the positions of bytes that are not 0 in a row from entry `k` on; returns the entry after the last. */
function scanBytes(
  x: Uint8Array,
  from: number,
  step: number,
  n: number,
  { array, offset, step: by }: Column,
  k: number,
  end: number,
): number {
  for (let c = 0, p = from; c < n; c++, p += step) {
    array[offset + k * by] = c;
    k += (x[p] + 255) >> 8;
    if (k === end) break;
  }
  return k;
}

function scanOthers(
  x: TypedArray,
  from: number,
  step: number,
  n: number,
  { array, offset, step: by }: Column,
  k: number,
  zero: number | bigint,
): number {
  for (let c = 0, p = from; c < n; c++, p += step) if (x[p] !== zero) array[offset + k++ * by] = c;
  return k;
}

/**
 * out = elements of `a` where `mask` is true, in row-major order of `shape`, to which both broadcast; out has room for exactly
 * these.
 */
export function maskedSelect(a: Strided, mask: Strided, shape: Shape, out: Strided): void {
  const end = out.offset + sizeOf(out.shape);
  let k = out.offset;
  if (k === end) return;
  const planes = planesOf(shape, [
    broadcastStrides(a.shape, a.strides, shape),
    broadcastStrides(mask.shape, mask.strides, shape),
  ]);
  const x = a.array;
  const y = out.array;
  const m = mask.array as Uint8Array;
  eachPlane(planes, [a.offset, mask.offset], (at) => {
    if (k === end) return;
    k =
      x instanceof Float32Array && y instanceof Float32Array
        ? selectFloats(planes, at, x, m, y, k, end)
        : selectPlane(planes, at, x as Float64Array, m, y as Float64Array, k, end);
  });
}

/** Returns where the next element goes. */
function selectFloats(
  planes: Planes,
  at: readonly number[],
  x: Float32Array,
  m: Uint8Array,
  y: Float32Array,
  k: number,
  end: number,
): number {
  const { rows, columns } = planes;
  const [xr, mr] = planes.rowStrides;
  const [xc, mc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let q = at[1] + r * mr;
    for (let c = 0; c < columns; c++, p += xc, q += mc) {
      y[k] = x[p];
      k += (m[q] + 255) >> 8;
      if (k === end) return k;
    }
  }
  return k;
}

/** The same for other dtypes. Also selects BigInts. */
function selectPlane(
  planes: Planes,
  at: readonly number[],
  x: Float64Array,
  m: Uint8Array,
  y: Float64Array,
  k: number,
  end: number,
): number {
  const { rows, columns } = planes;
  const [xr, mr] = planes.rowStrides;
  const [xc, mc] = planes.columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let q = at[1] + r * mr;
    for (let c = 0; c < columns; c++, p += xc, q += mc) {
      y[k] = x[p];
      k += (m[q] + 255) >> 8;
      if (k === end) return k;
    }
  }
  return k;
}
