/**
 * Who may see the bits of 16-bit floats. Loops and kernels take elements for numbers, which those bits are not: so a storage of them
 * gives them to nobody but who asks for bits, and all others get an error instead of a wrong answer.
 */

import type { HalfDType } from './dtype.ts';
import { NotImplementedError } from './errors.ts';

export const halves = {
  /** Whether anybody has asked for a 16-bit float: until then, ops need not look for them. */
  inUse: false,
};

let allowed = 0;

/** Runs what moves elements as they are, or knows what their bits mean. */
export function withBits<T>(run: () => T): T {
  allowed++;
  try {
    return run();
  } finally {
    allowed--;
  }
}

/** Runs what knows of numbers alone, amid what moves bits. */
export function withoutBits<T>(run: () => T): T {
  const before = allowed;
  allowed = 0;
  try {
    return run();
  } finally {
    allowed = before;
  }
}

/** @throws NotImplementedError unless within `withBits` */
export function checkBits(dtype: HalfDType): void {
  if (allowed === 0) refuseHalf('this function', dtype);
}

export function refuseHalf(op: string, dtype: HalfDType): never {
  throw new NotImplementedError(
    `is not implemented for ${dtype}, which is a dtype to store in; cast with .to('float32') first`,
    { op, operands: { dtype } },
  );
}
