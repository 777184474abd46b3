/** Whether an argument is a tensor: the first thing that an op asks of what it is given. */

import { isTensor } from '../base.ts';
import { DTypeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** What stands where a tensor should, in the words of an error. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array; make a tensor of it with tensor()';
  return typeof value;
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
