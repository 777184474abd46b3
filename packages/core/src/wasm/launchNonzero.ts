/** Launches of `nonzero`: a count, and coordinates. */

import type { ComputeDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import { isContiguous, sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitNonzero, nonzeroName } from './kernels/nonzero.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';

/** Operands of fewer elements are done before a kernel would have been called for them. */
const MIN_SIZE = 256;

type Nonzero = KernelExports & {
  readonly count: (n: number, x: number) => number;
  readonly run: (...args: number[]) => undefined;
};

/** Whether a kernel takes `a`, which is then in the heap. */
function isTaken(a: Tensor): boolean {
  return sizeOf(a.shape) >= MIN_SIZE && isContiguous(a.shape, a.strides) && features().simd && a.storage.enterHeap();
}

const pointerOf = ({ storage, offset, dtype }: Tensor): number => storage.pointer + offset * itemBytes(dtype);

/** `countNonzero` of `reference/index.ts` by a kernel; null where none takes the operand. */
export function launchCountNonzero(a: Tensor): number | null {
  if (!isTaken(a)) return null;
  return kernel<Nonzero>(
    nonzeroName(a.dtype as ComputeDType),
    emitNonzero(a.dtype as ComputeDType),
    heap().memory,
  ).count(sizeOf(a.shape), pointerOf(a));
}

/**
 * The coordinates of the elements of `a` that are not 0, as many as `out` has entries: `out` is [count, ndim] of int32, with any two
 * strides. False, and nothing done, where no kernel takes the operands.
 */
export function launchNonzero(a: Tensor, out: Tensor): boolean {
  if (!isTaken(a) || !out.storage.enterHeap()) return false;
  const leading = a.shape.slice(0, -1);
  const index = heap().scratch(8 * Math.max(leading.length, 1));
  const odometer = new Int32Array(heap().memory.buffer, index, 2 * leading.length);
  for (const [d, size] of leading.entries()) odometer.set([0, size], 2 * d);
  const [step, dimension] = out.strides.map((stride) => 4 * stride);
  const first = pointerOf(out);
  const { run } = kernel<Nonzero>(
    nonzeroName(a.dtype as ComputeDType),
    emitNonzero(a.dtype as ComputeDType),
    heap().memory,
  );
  const n = a.shape[leading.length];
  const end = first + out.shape[0] * step;
  run(sizeOf(leading), n, pointerOf(a), first, end, step, dimension, leading.length, index);
  return true;
}
