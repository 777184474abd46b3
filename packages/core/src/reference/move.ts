/**
 * Elements moved unchanged from one layout to another: what `cat`, `flip`, `roll` and `repeat` come down to. Layouts may have
 * negative strides (flip) and strides of 0 (repeat), so sources are arrays with strides rather than tensors.
 *
 * Every loop here and in `reference/index.ts` runs over planes: adjacent dimensions are merged, the last two are a plain double
 * loop, and the others are walked around it. Loops come twice, word for word, once for float32 alone: so its call sites see one
 * kind of array and stay fast when a program also moves integers and masks.
 */

import type { TypedArray } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { collapse } from '../layout.ts';

/** An array under strides; the shape comes from the walk. */
export interface Strands {
  readonly array: TypedArray;
  readonly strides: Shape;
  readonly offset: number;
}

/** Runs of this many elements are copied as a block; shorter ones element by element, which is then faster. */
export const BLOCK = 32;

/** A walk over several operands: the last two dimensions as rows and columns, the others around them. */
export interface Planes {
  readonly outer: readonly number[];
  /** Strides of each operand along the outer dimensions. */
  readonly strides: readonly (readonly number[])[];
  readonly rows: number;
  readonly columns: number;
  /** Strides of each operand from row to row, and from column to column. */
  readonly rowStrides: readonly number[];
  readonly columnStrides: readonly number[];
}

/** The walk over `shape` for operands with these strides. */
export function planesOf(shape: Shape, operands: readonly Shape[]): Planes {
  const merged = collapse(shape, operands);
  const n = merged.shape.length;
  const last = (strides: number[], back: number): number => (n >= back ? strides[n - back] : 0);
  return {
    outer: merged.shape.slice(0, Math.max(n - 2, 0)),
    strides: merged.strides,
    rows: n >= 2 ? merged.shape[n - 2] : 1,
    columns: n >= 1 ? merged.shape[n - 1] : 1,
    rowStrides: merged.strides.map((s) => last(s, 2)),
    columnStrides: merged.strides.map((s) => last(s, 1)),
  };
}

/** Calls `visit` with where each operand's plane begins; the list that it gets is reused. The shape must not be empty. */
export function eachPlane(planes: Planes, offsets: readonly number[], visit: (at: readonly number[]) => void): void {
  const { outer, strides } = planes;
  const at = offsets.slice();
  const index = new Array<number>(outer.length).fill(0);
  for (;;) {
    visit(at);
    let d = outer.length - 1;
    for (; d >= 0; d--) {
      for (let k = 0; k < at.length; k++) at[k] += strides[k][d];
      if (++index[d] < outer[d]) break;
      for (let k = 0; k < at.length; k++) at[k] -= strides[k][d] * outer[d];
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/** to[i] = from[i] over `shape`, both of one dtype. */
export function move(shape: Shape, from: Strands, to: Strands): void {
  if (shape.includes(0)) return;
  const planes = planesOf(shape, [from.strides, to.strides]);
  const { rows, columns } = planes;
  const [xr, yr] = planes.rowStrides;
  const [xc, yc] = planes.columnStrides;
  const x = from.array;
  const y = to.array;
  const offsets = [from.offset, to.offset];
  if (xc === 1 && yc === 1 && columns >= BLOCK) {
    eachPlane(planes, offsets, ([p, q]) => {
      for (let r = 0; r < rows; r++, p += xr, q += yr) y.set(x.subarray(p, p + columns) as never, q);
    });
  } else if (x instanceof Float32Array && y instanceof Float32Array) {
    eachPlane(planes, offsets, (at) => moveFloats(planes, at, x, y));
  } else {
    // BigInts pass through as well: nothing here but reads and writes.
    eachPlane(planes, offsets, (at) => movePlane(planes, at, x as Float64Array, y as Float64Array));
  }
}

function moveFloats(planes: Planes, at: readonly number[], x: Float32Array, y: Float32Array): void {
  const { rows, columns, rowStrides, columnStrides } = planes;
  const [xr, yr] = rowStrides;
  const [xc, yc] = columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let q = at[1] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, q += yc) y[q] = x[p];
  }
}

function movePlane(planes: Planes, at: readonly number[], x: Float64Array, y: Float64Array): void {
  const { rows, columns, rowStrides, columnStrides } = planes;
  const [xr, yr] = rowStrides;
  const [xc, yc] = columnStrides;
  for (let r = 0; r < rows; r++) {
    let p = at[0] + r * xr;
    let q = at[1] + r * yr;
    for (let c = 0; c < columns; c++, p += xc, q += yc) y[q] = x[p];
  }
}
