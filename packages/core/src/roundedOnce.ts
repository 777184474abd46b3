/** 16-bit floats in functions that are composed of several ops, each of which would round. */

import { isTensor } from './base.ts';
import { halves } from './bits.ts';
import { isHalf, resultType } from './dtype.ts';
import { to } from './ops/elementwise.ts';
import type { Tensor } from './tensor.ts';

/**
 * Runs what is composed of ops on float32 copies of 16-bit floats, and rounds its result once, to the dtype that the operands promote to,
 * as that of an op is. For steps whose results 16 bits do not hold: positions, counts, running sums, logarithms of zero, and what is
 * subtracted from its like. Other operands stay as they are, and without 16-bit floats nothing is cast.
 *
 * @example
 * return roundedOnce([a, b], (x, y) => composed(() => sqrt(add(mul(x, x), mul(y, y)))));
 */
export function roundedOnce<const X extends readonly unknown[]>(operands: X, fn: (...wide: X) => Tensor): Tensor {
  if (!halves.inUse || !operands.some((x) => isTensor(x) && isHalf(x.dtype))) return fn(...operands);
  const wide = operands.map((x) => (isTensor(x) && isHalf(x.dtype) ? to(x, 'float32') : x));
  return to(fn(...(wide as unknown as X)), resultType(...operands.filter(isTensor)));
}
