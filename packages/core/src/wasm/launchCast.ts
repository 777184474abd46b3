/** Launches of casts between dtypes. */

import { allocate } from '../base.ts';
import { itemBytes } from '../dtype.ts';
import { isContiguous, sameShape, sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { runShared } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { castName, emitCast } from './kernels/cast.ts';
import { launchCopy } from './launchCopy.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Casts of fewer elements are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
/** Elements of a source outside the heap that pass through scratch space at once. */
const PIECE = 16384;
/** Nanoseconds that an element takes, about. */
const NS = 0.15;

type Run = KernelExports & { readonly run: (n: number, from: number, out: number) => undefined };

/** out = a, broadcast and cast, by a kernel; false, and nothing done, where none takes the operands. */
export function launchCast(a: Tensor, out: Tensor): boolean {
  if (!out.storage.enterHeap() || a.dtype === out.dtype || sizeOf(out.shape) < MIN_SIZE || !features().simd)
    return false;
  const isDense = sameShape(a.shape, out.shape) && isContiguous(a.shape, a.strides);
  if (isDense && isContiguous(out.shape, out.strides)) {
    castRun(a, out);
    return true;
  }
  if (sizeOf(a.shape) < MIN_SIZE) return false;
  // An operand that is no run goes through one of its own dtype.
  const between = allocate(a.shape, isDense ? out.dtype : a.dtype);
  try {
    if (isDense) castRun(a, between);
    else if (!launchCopy(a, between)) return false;
    return isDense ? launchCopy(between, out) : launchCast(between, out);
  } finally {
    between.storage.release('the end of a kernel launch');
  }
}

/** The cast itself, of contiguous operands of one size, of which the output is in the heap. */
function castRun(a: Tensor, out: Tensor): void {
  const [name, emit] = [castName(a.dtype, out.dtype), emitCast(a.dtype, out.dtype)];
  const size = sizeOf(a.shape);
  const [bytes, outBytes] = [itemBytes(a.dtype), itemBytes(out.dtype)];
  const target = out.storage.pointer + out.offset * outBytes;
  if (a.storage.enterHeap()) {
    const from = a.storage.pointer + a.offset * bytes;
    runShared({ name, emit }, [size, from, target], NS, [bytes, outBytes]);
    return;
  }
  const { run } = kernel<Run>(name, emit, heap().memory);
  const scratch = heap().scratch(PIECE * bytes);
  const { buffer, byteOffset } = a.array;
  for (let i = 0; i < size; i += PIECE) {
    const n = Math.min(PIECE, size - i);
    const piece = new Uint8Array(buffer, byteOffset + (a.offset + i) * bytes, n * bytes);
    new Uint8Array(heap().memory.buffer, scratch, n * bytes).set(piece);
    run(n, scratch, target + i * outBytes);
  }
}
