/** Copies, casts and fills. */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { checkDType } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { runCopy, runFill } from '../kernels.ts';
import { broadcastShapes, formatShape } from '../layout.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import type { ElementwiseOps, Operand } from './list.ts';
import { checkValue } from './places.ts';
import { checkInPlaceShape, checkOverlap, cloneForward, operand, readable } from './pointwise.ts';
import { checkTensor } from './tensors.ts';

/** A copy with storage of its own, contiguous. */
export function clone(self: Tensor): Tensor {
  checkTensor('clone', 'self', self);
  return dispatch('clone', cloneForward, [self]);
}

/** `self` if it is contiguous already, else a contiguous copy. */
export function contiguous(self: Tensor): Tensor {
  checkTensor('contiguous', 'self', self);
  return self.isContiguous() ? self : clone(self);
}

const toForward: ElementwiseOps['to'] = (self, dtype) => {
  const out = allocate(self.shape, dtype);
  runCopy(self, out);
  return out;
};

export interface ToOptions {
  /** The dtype, or a tensor that has it. */
  readonly dtype?: DType | Tensor;
  /** Copy even where the dtype is right already. Default false. */
  readonly copy?: boolean;
}

/**
 * `self` in another dtype, or that of another tensor: floats to integers truncate, to bool test against 0. Returns `self` itself when
 * nothing changes and `copy` is false.
 */
export function to(self: Tensor, dtype: DType | Tensor | ToOptions, options?: ToOptions): Tensor {
  checkTensor('to', 'self', self);
  const [given = self, copy = false] = named<[DType | Tensor, boolean]>('to', ['dtype', 'copy'], [dtype, options]);
  const target = checkDType('to', isTensor(given) ? given.dtype : given);
  if (target === self.dtype) return copy ? clone(self) : self;
  return dispatch('to', toForward, [self, target]);
}

/** Writes `src`, broadcast and cast, into `self`. */
export function copy_(self: Tensor, src: Tensor): Tensor {
  checkTensor('copy_', 'self', self);
  checkTensor('copy_', 'src', src);
  if (self === src) return self;
  checkOverlap('copy', self);
  checkInPlaceShape('copy', broadcastShapes('copy_', self.shape, src.shape), self);
  return dispatchInPlace('copy', [self, src], self, () => runCopy(readable(src, self) as Tensor, self));
}

/** Sets every element to `value`, a number or a 0-d tensor. */
export function fill_(self: Tensor, value: Operand): Tensor {
  checkTensor('fill_', 'self', self);
  const v = operand('fill_', 'value', value);
  checkValue('fill_', v, self.dtype);
  return dispatchInPlace('fill', [self, v], self, () =>
    typeof v === 'number' ? runFill(self, v) : runCopy(readable(v, self) as Tensor, self),
  );
}

/**
 * Sets the main diagonal, `self[i, i, …]`, to `value`.
 *
 * @param wrap in a matrix of more rows than columns, whether the diagonal starts anew below each of its ends, a row apart; false by default
 *
 * @throws ShapeError for fewer than 2 dimensions, or more that are not all of one size
 *
 * @example
 * zeros(3, 3).fillDiagonal_(1);
 */
export function fillDiagonal_(
  self: Tensor,
  value: number | boolean,
  wrap: boolean | { readonly wrap?: boolean } = false,
): Tensor {
  const op = 'fillDiagonal_';
  checkTensor(op, 'self', self);
  const [wraps = false] = named<[boolean]>(op, ['wrap'], [wrap]);
  const { shape, ndim, strides } = self;
  if (ndim < 2 || (ndim > 2 && shape.some((size) => size !== shape[0]))) {
    throw new ShapeError(`expects a matrix, or more dimensions of one size, but got shape ${formatShape(shape)}`, {
      op,
    });
  }
  const [rows, columns] = shape;
  const size = Math.min(...shape);
  const step = strides.reduce((sum, stride) => sum + stride, 0);
  self.asStrided([size], [step], self.offset).fill_(Number(value));
  if (wraps && ndim === 2 && rows > columns + 1 && columns > 0) {
    const count = Math.ceil((rows * columns) / (columns + 1)) - size;
    self.asStrided([count], [step], self.offset + strides[0] * (columns + 1)).fill_(Number(value));
  }
  return self;
}

/** Sets every element to 0. */
export function zero_(self: Tensor): Tensor {
  checkTensor('zero_', 'self', self);
  return fill_(self, 0);
}
