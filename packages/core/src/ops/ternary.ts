/** Elementwise ops of three operands: `where`, `lerp`, `addcmul`, `addcdiv`, `maskedFill`. */

import { allocate } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { isFloating, resultType } from '../dtype.ts';
import { DTypeError } from '../errors.ts';
import { castNumber, runCopy, runTernary, runWhere } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes } from '../layout.ts';
import { named, pick } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import type { ElementwiseOps, Operand } from './list.ts';
import { checkMask, checkSameDType, checkValue } from './places.ts';
import {
  asTensor,
  checkInPlace,
  checkInPlaceShape,
  checkOverlap,
  commonDType,
  commonShape,
  onlyFloat,
  operand,
  readable,
} from './pointwise.ts';
import { checkTensor } from './tensors.ts';

const whereForward: ElementwiseOps['where'] = (condition, a, b) => {
  const dtype = commonDType(a, b);
  const shape = broadcastShapes('where', condition.shape, commonShape('where', a, b));
  const out = allocate(shape, dtype);
  runWhere(condition, asTensor(a, dtype), asTensor(b, dtype), out);
  return out;
};

/**
 * `condition ? self : other`, element by element; all three broadcast. Of a condition alone, where it is not 0: a list of one vector of
 * int32 a dimension, as `nonzero(condition, { asTuple: true })` gives, fit to be indices.
 *
 * @throws DTypeError when the condition is not bool, and something is to be chosen
 *
 * @example
 * where(x.gt(0), x, 0);
 * const [rows, columns] = where(x.gt(0));
 */
export function where(condition: Tensor): Tensor[];
export function where(condition: Tensor, self: Operand, other: Operand): Tensor;
export function where(condition: Tensor, self?: Operand, other?: Operand): Tensor | Tensor[] {
  checkTensor('where', 'condition', condition);
  if (self === undefined && other === undefined) return condition.nonzero({ asTuple: true });
  if (condition.dtype !== 'bool') {
    throw new DTypeError(`expected condition to be a bool tensor, but got ${condition.dtype}`, {
      op: 'where',
      operands: { condition: condition.dtype },
    });
  }
  const yes = operand('where', 'self', self as Operand);
  return dispatch('where', whereForward, [condition, yes, operand('where', 'other', other as Operand)]);
}

type Scalar3 = (x: number, y: number, z: number) => number;

/** The form that is exact at both ends. As in PyTorch, a product and the sum that it enters are rounded together, when that is stored. */
function between(dtype: DType): Scalar3 {
  const round = rounding(dtype);
  return (x, y, t) => {
    const difference = round(y - x);
    return Math.abs(t) < 0.5 ? x + t * difference : y - difference * round(1 - t);
  };
}

/** How what is computed in a dtype is rounded on its way. */
function rounding(dtype: DType): (x: number) => number {
  return dtype === 'float32' ? Math.fround : (x) => x;
}

const lerpForward: ElementwiseOps['lerp'] = (self, end, weight) => {
  const operands = [self, end, asTensor(weight, self.dtype)] as const;
  const out = allocate(shapeOf('lerp', operands), self.dtype);
  runTernary('lerp', between(self.dtype), operands, 0, out);
  return out;
};

function shapeOf(op: string, [a, b, c]: readonly [Tensor, Tensor, Tensor]): Shape {
  return broadcastShapes(op, a.shape, broadcastShapes(op, b.shape, c.shape));
}

/** Computes into the first operand, from operands that can be read meanwhile. */
function intoSelf(
  name: 'addcmul' | 'addcdiv' | 'lerp',
  fn: Scalar3,
  operands: readonly [Tensor, Tensor, Tensor],
  parameter: number,
): void {
  const [self, b, c] = operands;
  const dtype = resultType(...operands);
  checkInPlace(name, dtype, self);
  checkInPlaceShape(name, shapeOf(name, operands), self);
  const read = [self, readable(b, self) as Tensor, readable(c, self) as Tensor] as const;
  const out = dtype === self.dtype ? self : allocate(self.shape, dtype);
  runTernary(name, fn, read, parameter, out);
  if (out !== self) runCopy(out, self);
}

/** @throws DTypeError when a weight that is a tensor has another dtype than `self` */
function lerpWeight(self: Tensor, weight: unknown): Operand {
  const w = typeof weight === 'boolean' ? Number(weight) : operand('lerp', 'weight', weight);
  if (typeof w !== 'number') checkSameDType('lerp', 'weight', self, w);
  return w;
}

/** `self + weight * (end - self)`. */
export function lerp(self: Tensor, end: Tensor, weight: Operand): Tensor {
  checkTensor('lerp', 'self', self);
  checkSameDType('lerp', 'end', self, end);
  onlyFloat('lerp', self.dtype);
  return dispatch('lerp', lerpForward, [self, end, lerpWeight(self, weight)]);
}

/** `lerp` in place. */
export function lerp_(self: Tensor, end: Tensor, weight: Operand): Tensor {
  checkTensor('lerp_', 'self', self);
  checkSameDType('lerp', 'end', self, end);
  onlyFloat('lerp', self.dtype);
  const w = lerpWeight(self, weight);
  return dispatchInPlace('lerp', [self, end, w], self, () =>
    intoSelf('lerp', between(self.dtype), [self, end, asTensor(w, self.dtype)], 0),
  );
}

type Addc = 'addcmul' | 'addcdiv';

/** Rounded as in PyTorch: the quotient by itself, a product together with the sum that it enters, when that is stored. */
function addcScalar(op: Addc, dtype: DType, value: number): Scalar3 {
  const round = rounding(dtype);
  // Beside integers a fraction is cut off, and products wrap.
  const factor = isFloating(dtype) ? round(value) : castNumber(value, dtype);
  if (dtype === 'int32') return (x, y, z) => x + Math.imul(Math.imul(factor, y), z);
  return op === 'addcmul' ? (x, y, z) => x + round(factor * y) * z : (x, y, z) => x + round(round(factor * y) / z);
}

function addc(op: Addc, operands: readonly [Tensor, Tensor, Tensor], value: number): Tensor {
  const out = allocate(shapeOf(op, operands), resultType(...operands));
  runTernary(op, addcScalar(op, out.dtype, value), operands, value, out);
  return out;
}

const addcmulForward: ElementwiseOps['addcmul'] = (self, t1, t2, value) => addc('addcmul', [self, t1, t2], value);
/** @throws DTypeError unless a float is divided, or divided by, and what it is added to can take the quotient */
function checkAddcdiv(self: Tensor, t1: Tensor, t2: Tensor): DType {
  onlyFloat('addcdiv', isFloating(t1.dtype) ? t1.dtype : t2.dtype);
  return onlyFloat('addcdiv', resultType(self, t1, t2));
}

const addcdivForward: ElementwiseOps['addcdiv'] = (self, t1, t2, value) => {
  checkAddcdiv(self, t1, t2);
  return addc('addcdiv', [self, t1, t2], value);
};

export interface ValueOptions {
  /** Multiplier; 1 by default. */
  readonly value?: number;
}

function valueOption(op: string, options: ValueOptions | undefined): number {
  const [value = 1] = named<[number]>(op, ['value'], [options]);
  return value;
}

/** `self + value * tensor1 * tensor2`. */
export function addcmul(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  checkTensor('addcmul', 'self', self);
  checkTensor('addcmul', 'tensor1', tensor1);
  checkTensor('addcmul', 'tensor2', tensor2);
  return dispatch('addcmul', addcmulForward, [self, tensor1, tensor2, valueOption('addcmul', options)]);
}

/** `addcmul` in place. */
export function addcmul_(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  checkTensor('addcmul_', 'self', self);
  checkTensor('addcmul_', 'tensor1', tensor1);
  checkTensor('addcmul_', 'tensor2', tensor2);
  const value = valueOption('addcmul', options);
  return dispatchInPlace('addcmul', [self, tensor1, tensor2, value], self, () =>
    intoSelf(
      'addcmul',
      addcScalar('addcmul', resultType(self, tensor1, tensor2), value),
      [self, tensor1, tensor2],
      value,
    ),
  );
}

/** `self + value * tensor1 / tensor2`. */
export function addcdiv(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  checkTensor('addcdiv', 'self', self);
  checkTensor('addcdiv', 'tensor1', tensor1);
  checkTensor('addcdiv', 'tensor2', tensor2);
  return dispatch('addcdiv', addcdivForward, [self, tensor1, tensor2, valueOption('addcdiv', options)]);
}

/** `addcdiv` in place. */
export function addcdiv_(self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor {
  checkTensor('addcdiv_', 'self', self);
  checkTensor('addcdiv_', 'tensor1', tensor1);
  checkTensor('addcdiv_', 'tensor2', tensor2);
  const value = valueOption('addcdiv', options);
  return dispatchInPlace('addcdiv', [self, tensor1, tensor2, value], self, () => {
    const dtype = checkAddcdiv(self, tensor1, tensor2);
    intoSelf('addcdiv', addcScalar('addcdiv', dtype, value), [self, tensor1, tensor2], value);
  });
}

const maskedFillForward: ElementwiseOps['maskedFill'] = (self, mask, value) => {
  const out = allocate(broadcastShapes('maskedFill', self.shape, mask.shape), self.dtype);
  runWhere(mask, asTensor(value, self.dtype), self, out);
  return out;
};

/** `self` with `value`, cast to its dtype, where `mask` is true. The mask broadcasts. */
export function maskedFill(self: Tensor, mask: Tensor, value: Operand | { readonly value: Operand }): Tensor {
  const v = operand('maskedFill', 'value', pick<Operand, never>('value', value, undefined)[0]);
  checkMask('maskedFill', mask);
  checkValue('maskedFill', v, self.dtype);
  return dispatch('maskedFill', maskedFillForward, [self, mask, v]);
}

/** `maskedFill` in place. */
export function maskedFill_(self: Tensor, mask: Tensor, value: Operand | { readonly value: Operand }): Tensor {
  const v = operand('maskedFill', 'value', pick<Operand, never>('value', value, undefined)[0]);
  checkMask('maskedFill', mask);
  checkValue('maskedFill', v, self.dtype);
  checkOverlap('maskedFill', self);
  checkInPlaceShape('maskedFill', broadcastShapes('maskedFill', self.shape, mask.shape), self);
  return dispatchInPlace('maskedFill', [self, mask, v], self, () => {
    const value = readable(asTensor(v, self.dtype), self) as Tensor;
    runWhere(readable(mask, self) as Tensor, value, self, self);
  });
}
