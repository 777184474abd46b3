/**
 * Launches over long runs whose operands may lie anywhere: what is in the heap is worked on in place, what lives in typed arrays
 * passes through scratch space a piece at a time.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes, viewArray } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import { heap } from './heap.ts';

/** Elements that pass through scratch space at once: few enough that they stay in the cache between copies. */
const PIECE = 8192;

/** A contiguous operand of a launch. */
export interface Piecewise {
  readonly tensor: Tensor;
  /** Whether the kernel writes to it. */
  readonly written: boolean;
}

/**
 * Calls `run(n, pointers)` for consecutive pieces of `size` elements, all of them at once when every operand is in the heap. All
 * operands have the same dtype and lie in row-major order.
 */
export function inPieces(
  size: number,
  dtype: FloatDType,
  operands: readonly Piecewise[],
  run: (n: number, pointers: readonly number[]) => void,
): void {
  const bytes = itemBytes(dtype);
  const pieceBytes = Math.min(PIECE, size) * bytes;
  let staged = 0;
  for (const { tensor } of operands) if (!tensor.storage.enterHeap()) staged++;
  if (staged === 0) {
    run(
      size,
      operands.map(({ tensor: { storage, offset } }) => storage.pointer + offset * bytes),
    );
    return;
  }
  const scratch = heap().scratch(staged * pieceBytes);
  // One view of all the scratch space, since making one takes as long as copying a small tensor.
  const copies = viewArray(dtype, heap().memory.buffer, scratch, (staged * pieceBytes) / bytes) as Float64Array;
  const pointers = new Array<number>(operands.length);
  for (let from = 0; from < size; from += PIECE) {
    const n = Math.min(PIECE, size - from);
    let at = 0;
    operands.forEach(({ tensor }, k) => {
      const { storage, offset } = tensor;
      if (storage.inHeap) pointers[k] = storage.pointer + (offset + from) * bytes;
      else {
        copies.set(part(tensor, from, n), at);
        pointers[k] = scratch + at * bytes;
        at += pieceBytes / bytes;
      }
    });
    run(n, pointers);
    operands.forEach(({ tensor, written }, k) => {
      if (!written || tensor.storage.enterHeap()) return;
      const first = (pointers[k] - scratch) / bytes;
      tensor.array.set(copies.subarray(first, first + n) as never, tensor.offset + from);
    });
  }
}

/** `n` elements from `from` on; the array itself when that is all of it. */
function part({ array, offset }: Tensor, from: number, n: number): Float64Array {
  const first = offset + from;
  return (first === 0 && n === array.length ? array : array.subarray(first, first + n)) as Float64Array;
}
