/** What functions and layers check about their arguments. */

import { DTypeError, formatShape, ShapeError, show, Tensor, ValueError } from '@torsor/core';

/** @throws ValueError when an argument without a default is missing */
export function required<T>(op: string, name: string, value: T | undefined): T {
  if (value === undefined) throw new ValueError(`missing argument '${name}'`, { op });
  return value;
}

/** @throws ValueError when the value is not an integer of at least `least` */
export function integer(op: string, name: string, value: unknown, least = 0): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw new ValueError(`${name} must be an integer of at least ${least}, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws ValueError when the value is no number */
export function numeric(op: string, name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  throw new ValueError(`${name} must be a number, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws ValueError when the value is no boolean */
export function flag(op: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`${name} must be true or false, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws ValueError when the value is no tensor */
export function tensorArgument(op: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ValueError(`${name} must be a tensor, but got ${value === null ? 'null' : typeof value}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws DTypeError when the tensor is not floating point */
export function checkFloat(op: string, input: Tensor): void {
  if (input.isFloatingPoint()) return;
  throw new DTypeError(`is only defined for floating dtypes, but got ${input.dtype}; cast with .to('float32') first`, {
    op,
    operands: { dtype: input.dtype },
  });
}

/**
 * The padding row, counted from the start.
 *
 * @throws ValueError when there is no such row
 */
export function paddingRow(op: string, paddingIdx: number, rows: number): number {
  if (!Number.isInteger(paddingIdx) || paddingIdx >= rows || paddingIdx < -rows) {
    throw new ValueError(`paddingIdx must be within numEmbeddings, but got ${paddingIdx} of ${rows}`, {
      op,
      operands: { paddingIdx, numEmbeddings: rows },
    });
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** @throws ShapeError unless the rows of an embedding are a matrix */
export function checkTable(op: string, embeddings: Tensor): void {
  if (embeddings.ndim === 2) return;
  throw new ShapeError(
    `Embeddings parameter is expected to be 2-dimensional, but got ${formatShape(embeddings.shape)}`,
    { op, operands: { embeddings: embeddings.shape } },
  );
}

/** PyTorch's `UserWarning`: what is legal and probably not meant. */
export function warn(op: string, message: string): void {
  console.warn(`torsor: ${op}: ${message}`);
}
