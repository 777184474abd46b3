/**
 * Reference kernels of joining and rearranging: every one is a few moves of whole blocks. Outputs are contiguous and of the
 * inputs' dtype, unless said otherwise.
 */

import { newArray } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { contiguousStrides } from '../layout.ts';
import { copy } from './elementwise.ts';
import type { Strands } from './move.ts';
import { move } from './move.ts';

/** Moves elements over a shape from one layout to another: the loop of `move.ts`, or what is faster. */
export type Mover = (shape: Shape, from: Strands, to: Strands) => void;

/** out = inputs one after the other along `dim`, cast to out's dtype; their other sizes are out's. */
export function cat(inputs: readonly Strided[], dim: number, out: Strided, by: Mover = move): void {
  const step = out.strides[dim];
  let offset = out.offset;
  for (const input of inputs) {
    place(input, input.shape, out, out.strides, offset, by);
    offset += input.shape[dim] * step;
  }
}

/** out = inputs, all of one shape, along a new dimension `dim`; cast to out's dtype. */
export function stack(inputs: readonly Strided[], dim: number, out: Strided, by: Mover = move): void {
  const strides = out.strides.filter((_, d) => d !== dim);
  inputs.forEach((input, i) => {
    place(input, input.shape, out, strides, out.offset + i * out.strides[dim], by);
  });
}

/** Writes `input` into the part of `out` that begins at `offset` and has these strides. */
function place(input: Strided, shape: Shape, out: Strided, strides: Shape, offset: number, by: Mover): void {
  if (input.dtype === out.dtype) by(shape, input, { array: out.array, strides, offset });
  else copy(input, { array: out.array, dtype: out.dtype, shape, strides, offset });
}

/** out = a, backwards along `dims` */
export function flip(a: Strided, dims: readonly number[], out: Strided, by: Mover = move): void {
  let offset = a.offset;
  const strides = a.strides.map((s, d) => {
    if (!dims.includes(d)) return s;
    offset += (a.shape[d] - 1) * s;
    return -s;
  });
  by(a.shape, { array: a.array, strides, offset }, out);
}

/** out = a with entry i along dimension d at (i + shifts[d]) mod size; 0 ≤ shifts[d] < size */
export function roll(a: Strided, shifts: readonly number[], out: Strided, by: Mover = move): void {
  rollParts(a, shifts, out, by, 0, a.shape, a.offset, out.offset);
}

/** A rolled dimension falls into two parts that change places: moves every combination of parts of dimensions d and later. */
function rollParts(
  a: Strided,
  shifts: readonly number[],
  out: Strided,
  by: Mover,
  d: number,
  shape: Shape,
  from: number,
  to: number,
): void {
  if (d === shape.length) {
    by(
      shape,
      { array: a.array, strides: a.strides, offset: from },
      { array: out.array, strides: out.strides, offset: to },
    );
    return;
  }
  const shift = shifts[d];
  const rest = shape[d] - shift;
  const part = (size: number): Shape => shape.map((n, i) => (i === d ? size : n));
  rollParts(a, shifts, out, by, d + 1, part(rest), from, to + shift * out.strides[d]);
  if (shift > 0) rollParts(a, shifts, out, by, d + 1, part(shift), from + rest * a.strides[d], to);
}

/** out = a, `repeats[d]` times over along each dimension; a has as many dimensions as there are repeats */
export function repeat(a: Strided, repeats: readonly number[], out: Strided, by: Mover = move): void {
  // Output dimension d, of size repeats[d] * n[d], seen as two: along the first of them a stands still.
  const shape: number[] = [];
  const strides: number[] = [];
  const lead = repeats.length - a.shape.length;
  repeats.forEach((times, i) => {
    const d = i - lead;
    shape.push(times, d < 0 ? 1 : a.shape[d]);
    strides.push(0, d < 0 ? 0 : a.strides[d]);
  });
  const target = { array: out.array, strides: contiguousStrides(shape), offset: out.offset };
  by(shape, { array: a.array, strides, offset: a.offset }, target);
}

/** out = a where column - row ≤ diagonal (`lower`) or ≥ diagonal (upper), else 0. `out` may be `a` itself. */
export function triangle(a: Strided, diagonal: number, lower: boolean, out: Strided): void {
  const row = a.shape.length - 2;
  const batch = a.shape.slice(0, row);
  const columns = a.shape[row + 1];
  const zero = { array: newArray(out.dtype, 1), strides: new Array<number>(row + 1).fill(0), offset: 0 };
  for (let r = 0; r < a.shape[row]; r++) {
    const edge = Math.min(Math.max(r + diagonal + (lower ? 1 : 0), 0), columns);
    const part = (t: Strided, from: number): Strands => ({
      array: t.array,
      strides: [...t.strides.slice(0, row), t.strides[row + 1]],
      offset: t.offset + r * t.strides[row] + from * t.strides[row + 1],
    });
    const keep = lower ? 0 : edge;
    const drop = lower ? edge : 0;
    const kept = lower ? edge : columns - edge;
    if (a !== out) move([...batch, kept], part(a, keep), part(out, keep));
    move([...batch, columns - kept], zero, part(out, drop));
  }
}
