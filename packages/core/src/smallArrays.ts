/**
 * The typed arrays of small tensors. V8 keeps the elements of an array of up to 64 bytes beside the object (Deno's keeps none there),
 * and asks the system for the memory of any other, which takes ten times as long as all else about a small tensor, and comes to
 * collecting it as well. So longer ones are parts of slabs, as Node's `Buffer` does it. Other engines are quick by themselves, and
 * slower with slabs.
 */

import type { DType, TypedArray } from './dtype.ts';
import { newArray, viewArray } from './dtype.ts';

/** What one live tensor may hold on to, in bytes. */
const SLAB_BYTES = 4096;
/** Every dtype begins at a multiple of this. */
const ALIGN = 8;
/** Up to so many bytes V8 keeps by itself. */
const OWN_BYTES = 64;

let slab: ArrayBuffer | null = null;
let used = 0;
/** Whether the engine is V8; null until it is asked for. */
let isV8: boolean | null = null;

function findV8(): boolean {
  // No engine says which one it is. V8 words its stacks so, and of the others Bun's alone does.
  return !('Bun' in globalThis) && /^ {4}at /m.test(String(new Error().stack));
}

/** Up to so many bytes, no array comes from a slab. */
const ownBytes: number = /* @__PURE__ */ (() => ('Deno' in globalThis ? 0 : OWN_BYTES))();

/** An array of `length` elements, which are `bytes`, all zero, for a tensor of at most a quarter of a slab. */
export function smallArray(dtype: DType, length: number, bytes: number): TypedArray {
  if (bytes <= ownBytes) return newArray(dtype, length);
  isV8 ??= findV8();
  if (!isV8) return newArray(dtype, length);
  if (slab === null || used + bytes > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    used = 0;
  }
  const array = viewArray(dtype, slab, used, length);
  used = Math.ceil((used + bytes) / ALIGN) * ALIGN;
  return array;
}
