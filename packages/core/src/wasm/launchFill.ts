/** Bytes of the heap set to one value, as fast as the memory takes them. Typed arrays over shared memory do so a word at a time. */

import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitFillBytes } from './kernels/copy.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

type Run = KernelExports & { readonly run: (out: number, byte: number, bytes: number) => undefined };

export function fillBytes(pointer: number, byte: number, bytes: number): void {
  // Engines without vectors may lack memory.fill as well.
  if (features().simd) kernel<Run>('fill_bytes', emitFillBytes, heap().memory).run(pointer, byte, bytes);
  else new Uint8Array(heap().memory.buffer, pointer, bytes).fill(byte);
}
