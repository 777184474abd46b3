/** What convolution, pooling, padding and losses have in common: checks of their arguments. */

import { isTensor } from '../base.ts';
import { DTypeError, show, ValueError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { describe } from './pointwise.ts';

/** One integer for all spatial dimensions, or one for each. */
export type PerDimension = number | readonly number[];

/** @throws ValueError with the rule and the operands that break it */
export function refuse(op: string, rule: string, operands: Record<string, unknown>): never {
  throw new ValueError(rule, { op, operands });
}

/** @throws DTypeError when an argument that must be a tensor is none */
export function checkTensor(op: string, name: string, value: unknown): Tensor {
  if (isTensor(value)) return value;
  throw new DTypeError(`${name} must be a tensor, but got ${describe(value)}`, { op, operands: { [name]: value } });
}

/** As `checkTensor`, for arguments that may be null or left out. */
export function tensorOrNull(op: string, name: string, value: unknown): Tensor | null {
  return value === undefined || value === null ? null : checkTensor(op, name, value);
}

/**
 * `2` and `[2]` as `[2, 2]`: one integer for each spatial dimension.
 *
 * @param rule what the error says when the value is something else
 */
export function perDimension(
  op: string,
  name: string,
  value: unknown,
  spatial: number,
  rule: string,
): readonly number[] {
  const list = typeof value === 'number' ? [value] : value;
  const fits = Array.isArray(list) && (list.length === 1 || list.length === spatial) && list.every(Number.isInteger);
  if (!fits) refuse(op, `${rule}, but got ${name}=${show(value)}`, { [name]: value });
  return list.length === spatial ? list : new Array<number>(spatial).fill(list[0]);
}
