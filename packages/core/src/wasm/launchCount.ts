/** Launches that count. */

import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { countName, emitCount } from './kernels/count.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Fewer elements are written before a kernel would have been called for them. */
const MIN_SIZE = 256;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/** out[at + i] = from + by (first + i), for n elements of a vector; false, and nothing done, where no kernel takes it. */
export function launchCount(
  { storage, dtype }: Tensor,
  at: number,
  n: number,
  from: number,
  by: number,
  first: number,
): boolean {
  if (n < MIN_SIZE || (dtype !== 'float32' && dtype !== 'float64') || !storage.enterHeap() || !features().simd)
    return false;
  const { run } = kernel<Run>(countName(dtype), emitCount(dtype), heap().memory);
  run(n, storage.pointer + at * (dtype === 'float32' ? 4 : 8), from, by, first);
  return true;
}
