/** Bytes of the heap set to one value, as fast as the memory takes them. Typed arrays over shared memory do so a word at a time. */

import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitFillBytes } from './kernels/copy.ts';

/** Nanoseconds that a byte takes, about; and bytes at multiples of which threads share it. */
const NS = 0.02;
const STEP = 4096;

export function fillBytes(pointer: number, byte: number, bytes: number): void {
  // Engines without vectors may lack memory.fill as well.
  if (features().simd) {
    const kernel = { name: 'fill_bytes', emit: emitFillBytes };
    runCuts(kernel, cutsOf([bytes], bytes * NS, [STEP]), (run, [from, count]) => run(pointer + from, byte, count));
  } else new Uint8Array(heap().memory.buffer, pointer, bytes).fill(byte);
}
