/** Copies, casts and fills. */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { checkDType } from '../dtype.ts';
import { runCopy, runFill } from '../kernels.ts';
import { broadcastShapes } from '../layout.ts';
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

/** Sets every element to 0. */
export function zero_(self: Tensor): Tensor {
  checkTensor('zero_', 'self', self);
  return fill_(self, 0);
}
