/** Launches of copies between layouts within the heap. */

import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { broadcastStrides, collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { CopyForm, ItemBytes } from './kernels/copy.ts';
import { copyName, emitCopy, hasTranspose } from './kernels/copy.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { Staging } from './staging.ts';

/** Copies of fewer elements, and planes of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_PLANE = 16;
/** Sources outside the heap are brought into it up to this size; larger ones are left to the reference loop. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/**
 * out = a, broadcast and of the same dtype, by a kernel; false, and nothing done, where none takes the operands.
 */
export function launchCopy(a: Tensor, out: Tensor): boolean {
  if (!out.storage.enterHeap() || a.dtype !== out.dtype || !features().simd) return false;
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
  const staging = new Staging();
  const part = staging.addTensor(a);
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const { run } = kernel<Run>(copyName(bytes, form), emitCopy(bytes, form), heap().memory);
  const source = staging.pointer(part);
  const target = out.storage.pointer + out.offset * bytes;
  const outer = [...shape.slice(0, last - 1), 1];
  walkOuter(outer, strides, [0, 0], ([from, to]) => {
    run(rows, columns, source + from * bytes, target + to * bytes, fromRow, fromColumn, outRow, outColumn);
  });
  return true;
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
