/** Launches of copies between layouts within the heap. */

import type { Shape, Strided } from '../layout.ts';
import { broadcastStrides, collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Strands } from '../reference/move.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap, heapIfAny } from './heap.ts';
import type { CopyForm, ItemBytes } from './kernels/copy.ts';
import { copyName, emitCopy, emitTriangle, hasTranspose, triangleName } from './kernels/copy.ts';

/** Copies of fewer elements, and planes of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_PLANE = 16;
/** Rows of a block of any transpose. */
const TRANSPOSE_STEP = 16;
/** Sources outside the heap are brought into it up to this size; larger ones are left to the reference loop. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;
/** Nanoseconds that an element takes, about: from runs to runs; otherwise. */
const NS = { run: 0.12, other: 0.5 } as const;
/** Rows are cut where cache lines of any dtype end. */
const LINE = 64;

/** True when the elements lie in the heap, where kernels reach them. */
export function isInHeap(x: { readonly array: Strands['array'] }): boolean {
  return x.array.buffer === heapIfAny()?.memory.buffer;
}

/**
 * out = a, broadcast and of the same dtype, by a kernel; false, and nothing done, where none takes the operands.
 */
export function launchCopy(a: Tensor, out: Tensor): boolean {
  if (!out.storage.enterHeap() || a.dtype !== out.dtype) return false;
  const strides = broadcastStrides(a.shape, a.strides, out.shape);
  return launchMove(out.shape, { array: a.array, strides, offset: a.offset }, out);
}

/**
 * to[i] = from[i] over `shape`, both of one dtype, by a kernel; false, and nothing done, where none takes the operands. Strides
 * may be negative or 0 in the source.
 */
export function launchMove(shape: Shape, from: Strands, to: Strands): boolean {
  if (sizeOf(shape) < MIN_SIZE || !isInHeap(to) || !features().simd) return false;
  const walk = planes(shape, from.strides, to.strides);
  const { strides } = walk;
  const inner = walk.shape.length - 1;
  if (inner < 0) return false;
  // A single run is a plane of one row.
  if (inner === 0) {
    walk.shape.unshift(1);
    for (const s of strides) s.unshift(0);
  }
  const last = walk.shape.length - 1;
  const rows = walk.shape[last - 1];
  const columns = walk.shape[last];
  if (rows * columns < MIN_PLANE) return false;
  const bytes = to.array.BYTES_PER_ELEMENT as ItemBytes;
  const [fromRow, outRow] = strides.map((s) => s[last - 1] * bytes);
  const [fromColumn, outColumn] = strides.map((s) => s[last] * bytes);
  const form = formOf(bytes, fromRow, fromColumn, outColumn);
  const target = to.array.byteOffset + to.offset * bytes;
  const source = reach(shape, from);
  if (source === null) return false;
  const outer = [...walk.shape.slice(0, last - 1), 1];
  const ns = sizeOf(shape) * (form === 'rows' || form === 'repeated' ? NS.run : NS.other);
  const steps = [form === 'transposed' ? TRANSPOSE_STEP : 1, LINE];
  const cuts = cutsOf([rows, columns], ns, steps, sizeOf(outer));
  runCuts({ name: copyName(bytes, form), emit: emitCopy(bytes, form) }, cuts, (run, [row, height, column, width]) => {
    const first = strides.map((s) => row * s[last - 1] + column * s[last]);
    walkOuter(outer, strides, first, ([x, y]) => {
      run(height, width, source + x * bytes, target + y * bytes, fromRow, fromColumn, outRow, outColumn);
    });
  });
  return true;
}

/** The address of the first element of a walk, in scratch space if the array is not in the heap; null if it is too large for that. */
function reach(shape: Shape, from: Strands): number | null {
  const { array, strides, offset } = from;
  const bytes = array.BYTES_PER_ELEMENT;
  if (isInHeap(from)) return array.byteOffset + offset * bytes;
  let [least, most] = [offset, offset];
  shape.forEach((n, d) => {
    const span = (n - 1) * strides[d];
    if (span < 0) least += span;
    else most += span;
  });
  const length = (most - least + 1) * bytes;
  if (length > MAX_STAGED_BYTES) return null;
  const scratch = heap().scratch(length);
  const copy = new Uint8Array(heap().memory.buffer, scratch, length);
  copy.set(new Uint8Array(array.buffer, array.byteOffset + least * bytes, length));
  return scratch + (offset - least) * bytes;
}

/**
 * The dimensions in the order in which the output lies in memory, merged where they can be, and of the others the one along which
 * the source is a run moved next to the last: so the last two are the plane to copy.
 */
function planes(shape: Shape, from: Shape, to: Shape): { shape: number[]; strides: number[][] } {
  const order = shape.map((_, d) => d).sort((a, b) => to[b] - to[a]);
  const pick = (list: Shape): number[] => order.map((d) => list[d]);
  const merged = collapse(pick(shape), [pick(from), pick(to)]);
  const last = merged.shape.length - 1;
  const run = merged.strides[0].lastIndexOf(1);
  // Of runs that go on in runs, the most are the rows: a call for each few of them would take longer than they do.
  const { shape: sizes } = merged;
  const most = run === last && sizes[last - 1] < MIN_PLANE ? sizes.indexOf(Math.max(...sizes.slice(0, last))) : run;
  if (most >= 0 && most < last - 1) {
    for (const list of [merged.shape, ...merged.strides]) list.splice(last - 1, 0, ...list.splice(most, 1));
  }
  return merged;
}

function formOf(bytes: number, fromRow: number, fromColumn: number, outColumn: number): CopyForm {
  if (outColumn !== bytes) return 'strided';
  if (fromColumn === bytes) return 'rows';
  if (fromColumn === -bytes) return 'reversed';
  if (fromColumn === 0) return 'repeated';
  return fromRow === bytes && hasTranspose(bytes) ? 'transposed' : 'strided';
}

/** `triangle` of `reference/join.ts` by a kernel, for rows of adjacent elements in the heap; false, and nothing done, for others. */
export function launchTriangle(a: Strided, diagonal: number, lower: boolean, out: Strided): boolean {
  const row = a.shape.length - 2;
  const [rows, columns] = a.shape.slice(row);
  if (sizeOf(a.shape) < MIN_SIZE || !features().simd || !isInHeap(a) || !isInHeap(out)) return false;
  if (a.strides[row + 1] !== 1 || out.strides[row + 1] !== 1) return false;
  const bytes = out.array.BYTES_PER_ELEMENT as ItemBytes;
  const pointer = (x: Strided): number => x.array.byteOffset + x.offset * bytes;
  const [source, target] = [pointer(a), pointer(out)];
  // Held within the matrix: further out, an int32 would not hold it.
  const edge = Math.min(Math.max(diagonal, -rows - 1), columns + 1);
  const walk = [...a.shape.slice(0, row), 1];
  const [fromRow, outRow] = [a.strides[row] * bytes, out.strides[row] * bytes];
  const cuts = cutsOf([rows], sizeOf(a.shape) * NS.run, [], sizeOf(walk));
  runCuts({ name: triangleName(bytes), emit: emitTriangle(bytes) }, cuts, (run, [first, height]) => {
    const starts = [a, out].map(({ strides }) => first * strides[row]);
    walkOuter(walk, [a.strides, out.strides], starts, ([x, y]) => {
      // The diagonal moves on by one with every row.
      run(height, columns, source + x * bytes, target + y * bytes, fromRow, outRow, edge + first, lower ? 1 : 0);
    });
  });
  return true;
}
