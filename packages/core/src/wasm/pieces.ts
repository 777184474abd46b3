/**
 * Launches over long runs whose operands may lie anywhere: what is in the heap is worked on in place, what lives in typed arrays
 * passes through scratch space a piece at a time.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
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
  const staged = operands.filter(({ tensor }) => !tensor.storage.enterHeap());
  const pieceBytes = PIECE * bytes;
  const scratch = staged.length > 0 ? heap().scratch(staged.length * pieceBytes) : 0;
  const piece = staged.length > 0 ? PIECE : size;
  for (let from = 0; from < size; from += piece) {
    const n = Math.min(piece, size - from);
    const pointers = operands.map((operand) => {
      const { tensor } = operand;
      const { storage, offset } = tensor;
      if (storage.inHeap) return storage.pointer + (offset + from) * bytes;
      const pointer = scratch + staged.indexOf(operand) * pieceBytes;
      room(pointer, n * bytes).set(bytesOf(tensor, from, n, bytes));
      return pointer;
    });
    run(n, pointers);
    operands.forEach(({ tensor, written }, i) => {
      if (written && !tensor.storage.enterHeap()) bytesOf(tensor, from, n, bytes).set(room(pointers[i], n * bytes));
    });
  }
}

function room(pointer: number, length: number): Uint8Array {
  return new Uint8Array(heap().memory.buffer, pointer, length);
}

function bytesOf({ array, offset }: Tensor, from: number, n: number, bytes: number): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset + (offset + from) * bytes, n * bytes);
}
