/** Bytes of the heap set to one value, as fast as the memory takes them. Typed arrays over shared memory do so a word at a time. */

import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitFillBytes } from './kernels/copy.ts';
import { Calls } from './share.ts';

/** Bytes that are worth a task of a thread's. */
const GRAIN = 2 ** 18;

export function fillBytes(pointer: number, byte: number, bytes: number): void {
  // Engines without vectors may lack memory.fill as well.
  if (features().simd) {
    const calls = new Calls('fill_bytes', emitFillBytes, bytes, GRAIN);
    calls.cut([pointer, byte, bytes], 2, 0, [1], 64);
    calls.end();
  } else new Uint8Array(heap().memory.buffer, pointer, bytes).fill(byte);
}
