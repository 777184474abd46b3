/** Launches of copies between layouts within the heap. */

import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { broadcastStrides, collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { CopyForm, ItemBytes } from './kernels/copy.ts';
import { copyName, emitCopy, hasTranspose } from './kernels/copy.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Copies of fewer elements, and planes of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_PLANE = 16;
/** Sources outside the heap are brought into it up to this size. */
const MOST_STAGED_BYTES = 1 << 20;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/**
 * out = a, broadcast and of the same dtype, by a kernel; false, and nothing done, where none takes the operands.
 */
export function launchCopy(a: Tensor, out: Tensor): boolean {
  if (!out.storage.inHeap || a.dtype !== out.dtype || !features().simd) return false;
  if (sizeOf(out.shape) < MIN_SIZE) return false;
  const own = broadcastStrides(a.shape, a.strides, out.shape);
  const { shape, strides } = planes(out.shape, own, out.strides);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  // A single run is a plane of one row.
  if (inner === 0) {
    shape.unshift(1);
    for (const s of strides) s.unshift(0);
  }
  const last = shape.length - 1;
  const rows = shape[last - 1];
  const columns = shape[last];
  if (rows * columns < MIN_PLANE) return false;
  const bytes = itemBytes(out.dtype) as ItemBytes;
  const [fromRow, outRow] = strides.map((s) => s[last - 1] * bytes);
  const [fromColumn, outColumn] = strides.map((s) => s[last] * bytes);
  const form = formOf(bytes, fromRow, fromColumn, outColumn);
  const source = addressOf(a.storage, bytes);
  if (source === 0) return false;
  const { run } = kernel<Run>(copyName(bytes, form), emitCopy(bytes, form), heap().memory);
  const target = out.storage.pointer;
  const outer = [...shape.slice(0, last - 1), 1];
  walkOuter(outer, strides, [a.offset, out.offset], ([from, to]) => {
    run(rows, columns, source + from * bytes, target + to * bytes, fromRow, fromColumn, outRow, outColumn);
  });
  return true;
}

/** Where a storage is in the heap, or a copy of one that is small enough for that to pay; 0 for others. */
function addressOf(storage: Storage, bytes: number): number {
  if (storage.inHeap) return storage.pointer;
  const lengthBytes = storage.length * bytes;
  if (lengthBytes > MOST_STAGED_BYTES) return 0;
  const scratch = heap().scratch(lengthBytes);
  const { buffer, byteOffset } = storage.array;
  new Uint8Array(heap().memory.buffer, scratch, lengthBytes).set(new Uint8Array(buffer, byteOffset, lengthBytes));
  return scratch;
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
  if (run >= 0 && run < last - 1) {
    for (const list of [merged.shape, ...merged.strides]) list.splice(last - 1, 0, ...list.splice(run, 1));
  }
  return merged;
}

function formOf(bytes: number, fromRow: number, fromColumn: number, outColumn: number): CopyForm {
  if (outColumn !== bytes) return 'strided';
  if (fromColumn === bytes) return 'rows';
  if (fromColumn === 0) return 'repeated';
  return fromRow === bytes && hasTranspose(bytes) ? 'transposed' : 'strided';
}
