/**
 * Reference kernels of padding. Every mode is separable: along each dimension a table says which input position each output
 * position reads, or -1 for the constant. Padding gathers through the tables, its adjoint scatters through them. Where nothing is
 * cropped, the ends are also copies of what lies inside them, dimension by dimension (`edgesOf`): for large tensors, by fast moves.
 */

import type { TypedArray } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { contiguousStrides, sizeOf } from '../layout.ts';
import type { PadMode } from '../ops/list.ts';
import { doubles, sumPlanes } from './dense.ts';
import { toBigInt } from './elementwise.ts';

/** The position in an input of `size` that position `y` of the output reads; -1 for none. Negative pads crop. */
function sourceOf(y: number, size: number, before: number, after: number, mode: PadMode): number {
  const x = y - before;
  switch (mode) {
    case 'constant':
      return x < 0 || x >= size ? -1 : x;
    case 'replicate':
      return Math.min(Math.max(x, 0), size - 1);
    case 'reflect':
      return x < 0 ? -x : x >= size ? 2 * (size - 1) - x : x;
    default: {
      // What is wrapped around is the input after cropping.
      const crop = Math.max(-before, 0);
      const length = size - crop - Math.max(-after, 0);
      const at = (y - Math.max(before, 0)) % length;
      return crop + (at < 0 ? at + length : at);
    }
  }
}

/** Pads before and after each dimension of `ndim`, from PyTorch's order: last dimension first. */
export function padsOf(pads: readonly number[], ndim: number): [before: number, after: number][] {
  return Array.from({ length: ndim }, (_, d) => {
    const at = 2 * (ndim - 1 - d);
    return [pads[at] ?? 0, pads[at + 1] ?? 0];
  });
}

/** Along one dimension, what an end of the padded tensor copies: `count` positions from `to` on, read from `from` on by `step`. */
export interface Edge {
  readonly to: number;
  readonly from: number;
  readonly step: -1 | 0 | 1;
  readonly count: number;
}

/**
 * Both ends of a dimension of `size` in modes that read the input there, in positions of the padded tensor; null where something is
 * cropped, or where an end wraps around more than is there.
 */
export function edgesOf(size: number, before: number, after: number, mode: PadMode): readonly Edge[] | null {
  if (before < 0 || after < 0 || before > size || after > size) return null;
  const end = before + size;
  const front = { to: 0, count: before };
  const back = { to: end, count: after };
  const edges: readonly Edge[] =
    mode === 'reflect'
      ? [
          { ...front, from: 2 * before, step: -1 },
          { ...back, from: end - 2, step: -1 },
        ]
      : mode === 'replicate'
        ? [
            { ...front, from: before, step: 0 },
            { ...back, from: end - 1, step: 0 },
          ]
        : [
            { ...front, from: size, step: 1 },
            { ...back, from: before, step: 1 },
          ];
  return edges.filter(({ count }) => count > 0);
}

function tables(shape: Shape, pads: readonly number[], mode: PadMode): Int32Array[] {
  return padsOf(pads, shape.length).map(([before, after], d) => {
    const table = new Int32Array(shape[d] + before + after);
    for (let y = 0; y < table.length; y++) table[y] = sourceOf(y, shape[d], before, after, mode);
    return table;
  });
}

/** Calls `visit` for each row of the padded tensor, with the offset of the input row that it reads, or -1 for the constant. */
function eachRow(
  lookup: readonly Int32Array[],
  strides: Shape,
  offset: number,
  visit: (from: number, row: number) => void,
): void {
  const outer = lookup.length - 1;
  const index = new Array<number>(outer).fill(0);
  for (let row = 0; ; row++) {
    let from = offset;
    for (let d = 0; d < outer; d++) {
      const at = lookup[d][index[d]];
      if (at < 0) {
        from = -1;
        break;
      }
      from += at * strides[d];
    }
    visit(from, row);
    let d = outer - 1;
    for (; d >= 0; d--) {
      if (++index[d] < lookup[d].length) break;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/** The run of output positions along the last dimension that read the input in order: all but the padding. */
function innerRun(pads: readonly number[], ndim: number, length: number): [first: number, last: number] {
  const [before, after] = padsOf(pads, ndim)[ndim - 1];
  return [Math.max(before, 0), length - Math.max(after, 0)];
}

/** out = `a` padded; `value` is the constant. */
export function padForward(a: Strided, out: Strided, pads: readonly number[], mode: PadMode, value: number): void {
  if (sizeOf(out.shape) === 0) return;
  const source = a.array;
  const target = out.array as TypedArray;
  const ndim = a.shape.length;
  if (ndim === 0) {
    target[out.offset] = source[a.offset];
    return;
  }
  const constant = a.dtype === 'int64' ? toBigInt(value) : a.dtype === 'bool' ? Number(value !== 0) : value;
  const lookup = tables(a.shape, pads, mode);
  const table = lookup[ndim - 1];
  const step = a.strides[ndim - 1];
  const [first, last] = innerRun(pads, ndim, table.length);
  eachRow(lookup, a.strides, a.offset, (from, row) => {
    const at = out.offset + row * table.length;
    if (from < 0) target.fill(constant as never, at, at + table.length);
    else {
      const x = source as Float64Array;
      const y = target as Float64Array;
      gatherEdge(x, from, step, table, 0, Math.min(first, table.length), y, at, constant as number);
      copyRun(x, from + (first < last ? table[first] : 0) * step, step, y, at + first, last - first);
      gatherEdge(x, from, step, table, Math.max(first, last), table.length, y, at, constant as number);
    }
  });
}

function gatherEdge(
  source: Float64Array,
  from: number,
  step: number,
  table: Int32Array,
  first: number,
  last: number,
  target: Float64Array,
  at: number,
  constant: number,
): void {
  for (let i = first; i < last; i++) {
    const x = table[i];
    target[at + i] = x < 0 ? constant : source[from + x * step];
  }
}

function copyRun(source: Float64Array, from: number, step: number, target: Float64Array, at: number, n: number): void {
  for (let i = 0, x = from; i < n; i++, x += step) target[at + i] = source[x];
}

/** out = the adjoint of padding, applied to `grad`: each input position gets the sum over what read it. */
export function padBackward(grad: Strided, out: Strided, pads: readonly number[], mode: PadMode): void {
  const source = doubles(grad);
  sumPlanes(out, sizeOf(out.shape), (sums) => {
    if (out.shape.length === 0) sums[0] = source[0];
    else if (source.length > 0) {
      const lookup = tables(out.shape, pads, mode);
      const table = lookup[lookup.length - 1];
      eachRow(lookup, contiguousStrides(out.shape), 0, (to, row) => {
        if (to >= 0) scatterRow(source, row * table.length, table, sums, to);
      });
    }
  });
}

function scatterRow(source: Float64Array, at: number, table: Int32Array, sums: Float64Array, to: number): void {
  for (let i = 0; i < table.length; i++) {
    const x = table[i];
    if (x >= 0) sums[to + x] += source[at + i];
  }
}
