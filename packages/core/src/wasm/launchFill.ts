/** Bytes of the heap set to one value, as fast as the memory takes them. Typed arrays over shared memory do so a word at a time. */

import { heap } from './heap.ts';
import { emitFillBytes } from './kernels/copy.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

type Run = KernelExports & { readonly run: (out: number, byte: number, bytes: number) => undefined };

export function fillBytes(pointer: number, byte: number, bytes: number): void {
  kernel<Run>('fill_bytes', emitFillBytes, heap().memory).run(pointer, byte, bytes);
}
