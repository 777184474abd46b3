/** Launches that count. */

import { itemBytes } from '../dtype.ts';
import type { Tensor } from '../tensor.ts';
import { runShared } from './cuts.ts';
import { features } from './features.ts';
import { countName, emitCount } from './kernels/count.ts';

/** Fewer elements are written before a kernel would have been called for them. */
const MIN_SIZE = 256;

/** Nanoseconds that an element takes, about. */
const NS = 0.2;

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
  const bytes = itemBytes(dtype);
  const call = [n, storage.pointer + at * bytes, from, by, first];
  // The number of the first element moves on by one with each.
  runShared({ name: countName(dtype), emit: emitCount(dtype) }, call, NS, [bytes, 0, 0, 1]);
  return true;
}
