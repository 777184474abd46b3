/** Launches of indexing: reads and writes at places that index tensors name, and the check of these. */

import type { FloatDType, TypedArray } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { Places, Range } from '../reference/index.ts';
import { addsAside } from '../reference/index.ts';
import type { Strands } from '../reference/move.ts';
import { eachPlane, planesOf } from '../reference/move.ts';
import type { Cut, Run } from './cuts.ts';
import { cutsOf, runCuts, runShared } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { castName, emitCast } from './kernels/cast.ts';
import type { ItemBytes } from './kernels/copy.ts';
import { addAtName, emitAddAt, emitMoveAt, emitRange, moveAtName, rangeName } from './kernels/places.ts';
import { isInHeap } from './launchCopy.ts';

/** Walks over fewer elements, and planes of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_PLANE = 16;
/** Entries of an index are compared with a size up to this: beyond it, int32 overflows. */
const MAX_SIZE = 2 ** 30;
/** Arrays outside the heap are brought into it up to this size, in all; more is left to the reference loops. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;
/** Nanoseconds that an element takes, about: to move, with an index of its own or in a run, to look at an index, to cast. */
const NS = { move: 0.7, run: 0.15, range: 0.15, cast: 0.15 } as const;
/** Rows are cut at multiples of so many elements; and where all tasks go over all rows, so that what they read is not too short. */
const COLUMN_STEP = 16;
const LONG_STEP = 128;

/** What the entries of an index are like; null where no kernel looks at them. */
export function launchRange(index: Strands, shape: Shape, least: number, size: number): Range | null {
  if (sizeOf(shape) < MIN_SIZE || size > MAX_SIZE || !features().simd || !isInHeap(index)) return null;
  const planes = planesOf(shape, [index.strides]);
  const { rows, columns } = planes;
  if (rows * columns < MIN_PLANE) return null;
  const dtype = index.array instanceof Int32Array ? 'int32' : 'int64';
  const bytes = index.array.BYTES_PER_ELEMENT;
  const [ir, ic] = [planes.rowStrides[0] * bytes, planes.columnStrides[0] * bytes];
  const count = sizeOf(shape) / (rows * columns);
  const cuts = cutsOf([rows, columns], sizeOf(shape) * NS.range, [1, COLUMN_STEP], count);
  // Threads leave what they find in scratch space. It is taken for them alone: where memory is not shared, it may detach arrays.
  const results = cuts.isShared ? cuts.list.length * count : 0;
  const scratch = results > 0 ? heap().scratch(4 * results) : 0;
  const pointer = index.array.byteOffset;
  const kinds = new Set<number>();
  let to = scratch;
  runCuts({ name: rangeName(dtype), emit: emitRange(dtype) }, cuts, (run, [row, height, column, width]) => {
    const first = pointer + row * ir + column * ic;
    eachPlane(planes, [index.offset], ([at]) => {
      const kind = run(height, width, first + at * bytes, ir, ic, least, size, to);
      if (kind === undefined) to += 4;
      else kinds.add(kind);
    });
  });
  for (const kind of new Int32Array(heap().memory.buffer, scratch, results)) kinds.add(kind);
  if (kinds.has(0)) return 'outside';
  return kinds.has(2) ? 'mixed' : 'positive';
}

/**
 * `take`, `put` or `add` of `reference/index.ts` by a kernel, `y` being what is written to or read from; false, and nothing done,
 * where none takes the operands.
 */
export function launchPlaces(
  form: 'take' | 'put' | 'add',
  self: Strided,
  places: Places,
  y: Strands,
  alpha = 1,
): boolean {
  const { shape, index, scale } = places;
  const count = sizeOf(shape);
  if (count < MIN_SIZE || !features().simd || index.array instanceof Float64Array) return false;
  if (form === 'add' && self.dtype !== 'float32' && self.dtype !== 'float64') return false;
  const arrays = [self.array, index.array, y.array];
  // Where a kernel would be alone in the heap with nothing but copies, a loop is as good.
  if (!arrays.some((array) => isInHeap({ array }))) return false;
  const planes = planesOf(shape, [places.strides, index.strides, y.strides]);
  const { rows, columns } = planes;
  if (rows * columns < MIN_PLANE) return false;
  const aside = form === 'add' && addsAside(self, count) ? sizeOf(self.shape) : 0;
  const room = new Room(arrays, 8 * aside);
  if (!room.isOpen) return false;
  const [x, i, q] = room.pointers;
  const bytes = self.array.BYTES_PER_ELEMENT;
  const indexType = index.array instanceof Int32Array ? 'int32' : 'int64';
  const dtype = self.dtype as FloatDType;
  const wide = aside > 0 ? 'float64' : dtype;
  const wraps = index.wrap !== 0;
  const [name, emit] =
    form === 'add'
      ? [addAtName(wide, dtype, indexType, wraps), emitAddAt(wide, dtype, indexType, wraps)]
      : [
          moveAtName(bytes as ItemBytes, form, indexType, wraps),
          emitMoveAt(bytes as ItemBytes, form, indexType, wraps),
        ];
  const first = x + self.offset * bytes;
  if (aside > 0) runCast(dtype, wide, aside, first, room.extra);
  const units = [aside > 0 ? 8 : bytes, index.array.BYTES_PER_ELEMENT, bytes];
  const bases = [aside > 0 ? room.extra - self.offset * 8 : x, i, q];
  const [xr, ir, yr] = planes.rowStrides.map((stride, k) => stride * units[k]);
  const [xc, ic, yc] = planes.columnStrides.map((stride, k) => stride * units[k]);
  // Writes to one place keep their order: they are cut only where x moves on by itself, and so never meets the same place again.
  const isFree = (stride: number): boolean => form === 'take' || stride !== 0;
  const steps = [isFree(xr) ? 1 : Infinity, !isFree(xc) ? Infinity : isFree(xr) ? COLUMN_STEP : LONG_STEP];
  const ns = ic === 0 && xc === units[0] ? NS.run : NS.move;
  const starts = [self.offset, index.offset, y.offset];
  const runPlane = (run: Run, [row, height, column, width]: Cut, at: readonly number[]) => {
    const [px, pi, py] = at.map((from, k) => bases[k] + from * units[k]);
    const [dx, di, dy] = [row * xr + column * xc, row * ir + column * ic, row * yr + column * yc];
    const pointers = [px + dx, pi + di, py + dy];
    run(height, width, ...pointers, xr, ir, yr, xc, ic, yc, scale * units[0], index.wrap, alpha);
  };
  if (planes.outer.every((_, d) => isFree(planes.strides[0][d]))) {
    const cuts = cutsOf([rows, columns], count * ns, steps, count / (rows * columns));
    runCuts({ name, emit }, cuts, (run, cut) => eachPlane(planes, starts, (at) => runPlane(run, cut, at)));
  } else {
    const cuts = cutsOf([rows, columns], rows * columns * ns, steps);
    eachPlane(planes, starts, (at) => runCuts({ name, emit }, cuts, (run, cut) => runPlane(run, cut, at)));
  }
  if (aside > 0) runCast(wide, dtype, aside, room.extra, first);
  room.writeBack(form === 'take' ? 2 : 0);
  return true;
}

function runCast(from: FloatDType, to: FloatDType, n: number, source: number, target: number): void {
  const steps = [itemBytes(from), itemBytes(to)];
  runShared({ name: castName(from, to), emit: emitCast(from, to) }, [n, source, target], NS.cast, steps);
}

/** Addresses of whole arrays, with copies in scratch space of those outside the heap, and room beside them. */
class Room {
  /** False when it would have been too large; then nothing has been copied. */
  readonly isOpen: boolean;
  /** By array. */
  readonly pointers: readonly number[] = [];
  /** Address of the room beside. */
  readonly extra: number = 0;
  private readonly arrays: readonly TypedArray[];
  private readonly isStaged: readonly boolean[];

  constructor(arrays: readonly TypedArray[], extraBytes: number) {
    this.arrays = arrays;
    // read before the scratch space is taken: where memory is not shared, growth detaches the arrays
    const own = arrays.map((array) => array.byteOffset);
    this.isStaged = arrays.map((array) => !isInHeap({ array }));
    // aligned, so that each begins where any element may
    const sizes = arrays.map((array, k) => (this.isStaged[k] ? Math.ceil(array.byteLength / 16) * 16 : 0));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.isOpen = total <= MAX_STAGED_BYTES;
    if (!this.isOpen) return;
    let at = total + extraBytes > 0 ? heap().scratch(total + extraBytes) : 0;
    this.pointers = arrays.map((array, k) => {
      if (!this.isStaged[k]) return own[k];
      const pointer = at;
      at += sizes[k];
      bytesAt(pointer, array.byteLength).set(bytesOf(array));
      return pointer;
    });
    this.extra = at;
  }

  /** Copies what a kernel wrote back into its array, if that lies outside the heap. */
  writeBack(k: number): void {
    const array = this.arrays[k];
    if (this.isStaged[k]) bytesOf(array).set(bytesAt(this.pointers[k], array.byteLength));
  }
}

function bytesAt(pointer: number, length: number): Uint8Array {
  return new Uint8Array(heap().memory.buffer, pointer, length);
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
