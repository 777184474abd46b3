/** What convolution, pooling, padding and losses have in common: checks of their arguments. */

import { show, ValueError } from '../errors.ts';

/** One integer for all spatial dimensions, or one for each. */
export type PerDimension = number | readonly number[];

/** @throws ValueError with the rule and the operands that break it */
export function refuse(op: string, rule: string, operands: Record<string, unknown>): never {
  throw new ValueError(rule, { op, operands });
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
