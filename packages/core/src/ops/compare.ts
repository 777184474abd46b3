/**
 * Whole tensors compared: `isclose`, `allclose`, `equal`. None of them is recorded; nothing differentiable comes out.
 */

import { allocate, isTensor } from '../base.ts';
import { composed } from '../composed.ts';
import { DTypeError, ValueError } from '../errors.ts';
import { broadcastShapes, sameShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import { binary } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { widen } from '../widen.ts';
import { flag } from './arguments.ts';
import { sub } from './elementwise.ts';
import { checkTensor } from './tensors.ts';

export interface CloseOptions {
  /** Relative tolerance; 1e-5 by default. */
  readonly rtol?: number;
  /** Absolute tolerance; 1e-8 by default. */
  readonly atol?: number;
  /** Take two NaNs for equal. Default false. */
  readonly equalNan?: boolean;
}

/**
 * Where `|self - other| ≤ atol + rtol |other|`, or both are equal; broadcast.
 *
 * @throws DTypeError when dtypes differ; ValueError when a tolerance is negative
 */
export function isclose(
  self: Tensor,
  other: Tensor,
  rtol?: number | CloseOptions,
  atol?: number | CloseOptions,
  equalNan?: boolean | CloseOptions,
): Tensor {
  checkTensor('isclose', 'self', self);
  checkTensor('isclose', 'other', other);
  return closeness('isclose', self, other, [rtol, atol, equalNan]);
}

function closeness(op: string, self: Tensor, other: Tensor, options: readonly unknown[]): Tensor {
  const [rtol, atol, nan] = named<[number, number, boolean]>(op, ['rtol', 'atol', 'equalNan'], options);
  const relative = tolerance(op, 'rtol', rtol ?? 1e-5);
  const absolute = tolerance(op, 'atol', atol ?? 1e-8);
  const equalNan = flag(op, 'equalNan', nan);
  if (self.dtype !== other.dtype) {
    throw new DTypeError(`${self.dtype} did not match ${other.dtype}; cast one with .to()`, {
      op,
      operands: { self: self.dtype, other: other.dtype },
    });
  }
  const out = allocate(broadcastShapes(op, self.shape, other.shape), 'bool');
  if (self.dtype === 'int64') {
    // subtracted as they are: as numbers, neighbours beyond 2⁵³ would be the same
    const apart = composed(() => sub(self, other));
    const isNear = (d: number, y: number): boolean => d === 0 || Math.abs(d) <= absolute + Math.abs(relative * y);
    binary((d, y) => Number(isNear(d, y)), widen(apart), widen(other), out);
    return out;
  }
  binary((x, y) => Number(near(x, y, relative, absolute, equalNan)), widen(self), widen(other), out);
  return out;
}

function near(x: number, y: number, rtol: number, atol: number, equalNan: boolean): boolean {
  if (x === y) return true;
  if (Number.isNaN(x) || Number.isNaN(y)) return equalNan && Number.isNaN(x) && Number.isNaN(y);
  const distance = Math.abs(x - y);
  return distance < Infinity && distance <= atol + Math.abs(rtol * y);
}

function tolerance(op: string, name: string, value: number): number {
  if (value >= 0) return value;
  throw new ValueError(`${name} must be at least 0, but got ${value}`, { op, operands: { [name]: value } });
}

/**
 * Whether `isclose` holds everywhere.
 *
 * @example
 * allclose(tensor([1]), tensor([1.000001])); // true
 */
export function allclose(
  self: Tensor,
  other: Tensor,
  rtol?: number | CloseOptions,
  atol?: number | CloseOptions,
  equalNan?: boolean | CloseOptions,
): boolean {
  checkTensor('allclose', 'self', self);
  checkTensor('allclose', 'other', other);
  return everyTrue(closeness('allclose', self, other, [rtol, atol, equalNan]));
}

function everyTrue(self: Tensor): boolean {
  const array = self.array;
  const end = self.offset + sizeOf(self.shape);
  for (let i = self.offset; i < end; i++) if (array[i] === 0) return false;
  return true;
}

/** Whether two tensors have the same shape and equal elements; a NaN equals nothing. */
export function equal(self: Tensor, other: Tensor): boolean {
  for (const [name, value] of Object.entries({ self, other })) {
    if (!isTensor(value)) throw new DTypeError(`${name} must be a tensor, but got ${typeof value}`, { op: 'equal' });
  }
  if (!sameShape(self.shape, other.shape)) return false;
  const out = allocate(self.shape, 'bool');
  binary((x, y) => Number(x === y), widen(self), widen(other), out);
  return everyTrue(out);
}
