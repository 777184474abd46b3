/**
 * What reductions have in common: dimensions, flags and dtypes of their arguments, checked and made complete.
 */

import type { DType } from '../dtype.ts';
import { checkDType, isFloating } from '../dtype.ts';
import { DTypeError, IndexError, show, ValueError } from '../errors.ts';
import { formatShape, sizeOf, wrapDim, wrapDims } from '../layout.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { to } from './elementwise.ts';

/** One dimension, several, or `null` for all. */
export type Dims = number | readonly number[] | null;

export interface ReduceOptions {
  /** Dimensions to reduce; all of them by default. */
  readonly dim?: Dims;
  /** Keep reduced dimensions as dimensions of size 1. Default false. */
  readonly keepdim?: boolean;
}

export function flag(op: string, name: string, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  const hint = typeof value === 'number' ? '; give several dims as a list' : '';
  throw new ValueError(`${name} must be a boolean, but got ${show(value)}${hint}`, {
    op,
    operands: { [name]: value },
  });
}

/** Wrapped dimensions in ascending order; all of them for null and []. */
export function dimsOf(op: string, self: Tensor, dim: unknown): readonly number[] {
  if (dim !== undefined && dim !== null && typeof dim !== 'number' && !Array.isArray(dim)) {
    throw new ValueError(`dim must be a number, a list of numbers or null, but got ${show(dim)}`, {
      op,
      operands: { dim },
    });
  }
  return wrapDims(op, dim as Dims | undefined, self.shape.length);
}

/** A required dimension, wrapped. */
export function oneDim(op: string, self: Tensor, dim: unknown): number {
  if (typeof dim !== 'number') {
    throw new ValueError(`dim must be a number, but got ${show(dim)}`, {
      op,
      operands: { dim },
    });
  }
  return wrapDim(op, dim, self.shape.length);
}

export function reduceArguments(
  op: string,
  self: Tensor,
  dim: unknown,
  keepdim: unknown,
): [readonly number[], boolean] {
  if (dim === undefined && keepdim === undefined) return [dimsOf(op, self, null), false];
  const [d, k] = named<[Dims, boolean]>(op, ['dim', 'keepdim'], [dim, keepdim]);
  return [dimsOf(op, self, d), flag(op, 'keepdim', k)];
}

/** Dimensions, the flag and the dtype of the result, as sums and means take them. */
export function sumArguments(
  op: string,
  self: Tensor,
  ...args: readonly unknown[]
): [dims: readonly number[], keepdim: boolean, dtype: DType | null] {
  if (args[0] === undefined && args[1] === undefined && args[2] === undefined) {
    return [dimsOf(op, self, null), false, null];
  }
  const [dim, keepdim, dtype] = named<[Dims, boolean, DType | null]>(op, ['dim', 'keepdim', 'dtype'], args);
  const checked = dtype === undefined || dtype === null ? null : checkDType(op, dtype);
  return [dimsOf(op, self, dim), flag(op, 'keepdim', keepdim), checked];
}

export function requireFloat(op: string, dtype: DType): void {
  if (isFloating(dtype)) return;
  throw new DTypeError(`is only defined for floating dtypes, but got ${dtype}; cast with .to('float32') first`, {
    op,
    operands: { dtype },
  });
}

export function refuseBool(op: string, dtype: DType): void {
  if (dtype !== 'bool') return;
  throw new DTypeError("is not defined for bool tensors; cast with .to('uint8') first", { op, operands: { dtype } });
}

/** @throws IndexError when a dimension without an identity element to start from is empty */
export function requireElements(op: string, self: Tensor, dims: readonly number[]): void {
  if (sizeOf(self.shape) > 0) return;
  if (dims.length === self.shape.length) {
    throw new IndexError(
      `expected reduction dim to be specified for an empty tensor of shape ${formatShape(self.shape)}; ` +
        'the operation does not have an identity',
      { op, operands: { self: self.shape } },
    );
  }
  for (const dim of dims) {
    if (self.shape[dim] === 0) {
      throw new IndexError(
        `expected reduction dim ${dim} to have non-zero size, but got shape ${formatShape(self.shape)}; ` +
          'the operation does not have an identity',
        { op, operands: { self: self.shape, dim } },
      );
    }
  }
}

/** What integers and booleans add up in. */
export function sumDType(dtype: DType): DType {
  return isFloating(dtype) || dtype === 'int64' ? dtype : 'int32';
}

/** `self` cast where a dtype is asked for. */
export function cast(op: string, self: Tensor, dtype: DType | null | undefined): Tensor {
  if (dtype === undefined || dtype === null) return self;
  return to(self, checkDType(op, dtype));
}

/** A dimension and a dtype, as softmax and running sums take them. */
export function lineArguments(
  op: string,
  self: Tensor,
  dim: unknown,
  options: unknown,
): [number, DType | null | undefined] {
  const [d, dtype] = named<[number, DType | null]>(op, ['dim', 'dtype'], [dim, options]);
  return [oneDim(op, self, d), dtype];
}

/** Elements along a dimension; a 0-d tensor has one. */
export function lengthOf(self: Tensor, dim: number): number {
  return self.shape.length === 0 ? 1 : self.shape[dim];
}
