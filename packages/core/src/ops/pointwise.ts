/** What all elementwise ops share: dtype rules, broadcasting, checks of in-place forms, and the makers of unary and binary ops. */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { canCast, isFloating, isHalf, resultType } from '../dtype.ts';
import { DTypeError, ShapeError } from '../errors.ts';
import { checkHolds } from '../holds.ts';
import { castNumber, runBinary, runCopy, runUnary } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes, formatShape, sameShape } from '../layout.ts';
import type { BinaryScalarName, UnaryScalarName } from '../reference/scalars.ts';
import type { Tensor } from '../tensor.ts';
import { scalarTensor } from './create.ts';
import type { ElementwiseOps, Operand } from './list.ts';
import { checkNoOverlap } from './places.ts';
import { checkTensor, describe } from './tensors.ts';

export type DTypeRule = (op: string, dtype: DType) => DType;

/** Integers and booleans become the default float. */
export const toFloat: DTypeRule = (_, dtype) => (isFloating(dtype) ? dtype : 'float32');
export const same: DTypeRule = (_, dtype) => dtype;
export const toBool: DTypeRule = () => 'bool';
export const notBool: DTypeRule = (op, dtype) => {
  if (dtype !== 'bool') return dtype;
  throw new DTypeError('is not defined for bool tensors; use logicalNot, or cast with .to() first', {
    op,
    operands: { dtype },
  });
};
export const onlyFloat: DTypeRule = (op, dtype) => {
  if (isFloating(dtype)) return dtype;
  throw new DTypeError(`is not defined for ${dtype} tensors; cast with .to('float32') first`, {
    op,
    operands: { dtype },
  });
};

/** @throws ValueError when several elements of a tensor to be written to are one place in memory, as after `expand` */
export function checkOverlap(op: string, self: Tensor): void {
  checkNoOverlap(`${op}_`, self);
}

/** @throws DTypeError when an in-place op would store a result of a higher category */
export function checkInPlace(op: string, result: DType, self: Tensor): void {
  checkOverlap(op, self);
  if (!canCast(result, self.dtype)) {
    throw new DTypeError(`result type ${result} can't be cast to the desired output type ${self.dtype}`, {
      op: `${op}_`,
      operands: { result, self: self.dtype },
    });
  }
}

/** @throws ShapeError when the broadcast shape is not that of `self`, which cannot stretch in place */
export function checkInPlaceShape(op: string, shape: Shape, self: Tensor): void {
  if (!sameShape(shape, self.shape)) {
    throw new ShapeError(
      `output with shape ${formatShape(self.shape)} doesn't match the broadcast shape ${formatShape(shape)}`,
      { op: `${op}_`, operands: { self: self.shape, shape } },
    );
  }
}

/** An input that can be read while `self` is written: itself, or a copy where both share memory under other layouts. */
export function readable(input: Operand, self: Tensor): Operand {
  if (typeof input === 'number' || input === self || input.storage.root !== self.storage.root) return input;
  const aligned = input.offset === self.offset && sameShape(input.strides, self.strides);
  return aligned && sameShape(input.shape, self.shape) ? input : cloneForward(input);
}

/** @throws DTypeError when a plain argument is neither a tensor nor a number */
export function operand(op: string, name: string, value: unknown): Operand {
  if (isTensor(value)) return value;
  if (typeof value === 'number') return value;
  // As a 0-d tensor, so that it promotes as a bool and not as an integer.
  if (typeof value === 'boolean') return scalarTensor(Number(value), 'bool');
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : bigOperand(op, value);
  throw new DTypeError(`${name} must be a tensor or a number, but got ${describe(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** As a 0-d tensor, for an integer that a number would round. */
function bigOperand(op: string, value: bigint): Tensor {
  checkHolds(op, 'int64', value);
  const out = allocate([], 'int64');
  out.array[out.offset] = value;
  return out;
}

/** The dtype of an arithmetic result. */
export function commonDType(a: Operand, b: Operand): DType {
  if (typeof a === 'number') return typeof b === 'number' ? resultType(a, b) : withNumber(b, a);
  if (typeof b === 'number') return withNumber(a, b);
  return a.dtype === b.dtype ? a.dtype : resultType(a, b);
}

export function withNumber(a: Tensor, value: number): DType {
  return isFloating(a.dtype) ? a.dtype : resultType(a, value);
}

export function commonShape(op: string, a: Operand, b: Operand): Shape {
  if (typeof a === 'number') return typeof b === 'number' ? [] : b.shape;
  if (typeof b === 'number') return a.shape;
  return broadcastShapes(op, a.shape, b.shape);
}

export interface UnaryPair {
  (self: Tensor): Tensor;
  /** The form that writes into `self`. */
  readonly inPlace: (self: Tensor) => Tensor;
}

/** An op of one operand and no parameter. */
export function unaryOp(op: UnaryScalarName & keyof ElementwiseOps, rule: DTypeRule): UnaryPair {
  const forward = (self: Tensor): Tensor => {
    const out = allocate(self.shape, rule(op, self.dtype));
    runUnary(op, self, out);
    return out;
  };
  const run = (self: Tensor): Tensor =>
    dispatch(op, forward as never, [checkTensor(op, 'self', self)] as never) as Tensor;
  const inPlace = (self: Tensor): Tensor => {
    checkTensor(op, 'self', self);
    checkInPlace(op, rule(op, self.dtype), self);
    return dispatchInPlace(op, [self] as never, self, () => runUnary(op, self, self));
  };
  return Object.assign(run, { inPlace });
}

/** The in-place form of an op whose forward makes a new tensor: computed aside, then copied, so nothing is half written. */
export function writeBack(op: string, self: Tensor, compute: () => Tensor): () => void {
  return () => {
    const result = compute();
    checkInPlace(op, result.dtype, self);
    checkInPlaceShape(op, result.shape, self);
    runCopy(result, self);
  };
}

/** What loops compute in for a result of the dtype. */
export function computedIn(dtype: DType): DType {
  return isHalf(dtype) ? 'float32' : dtype;
}

export type BinaryRule = (op: string, a: Operand, b: Operand) => { compute: DType; out: DType };

export const arithmetic: BinaryRule = (_, a, b) => {
  const dtype = commonDType(a, b);
  return { compute: dtype, out: dtype };
};
export const trueDivision: BinaryRule = (op, a, b) => {
  const dtype = toFloat(op, commonDType(a, b));
  return { compute: dtype, out: dtype };
};
export const comparison: BinaryRule = (_, a, b) => ({ compute: commonDType(a, b), out: 'bool' });

export type BinaryOpName = BinaryScalarName & keyof ElementwiseOps;

export interface BinaryPair {
  (self: Operand, other: Operand): Tensor;
  readonly inPlace: (self: Tensor, other: Operand) => Tensor;
}

export function binaryOp(op: BinaryOpName, rule: BinaryRule): BinaryPair {
  const forward = (a: Operand, b: Operand): Tensor => {
    const dtypes = rule(op, a, b);
    const out = allocate(commonShape(op, a, b), dtypes.out);
    runBinary(op, a, b, out, dtypes.compute);
    return out;
  };
  const run = (self: Operand, other: Operand): Tensor =>
    dispatch(op, forward as never, [operand(op, 'self', self), operand(op, 'other', other)] as never) as Tensor;
  const inPlace = (self: Tensor, other: Operand): Tensor => {
    checkTensor(op, 'self', self);
    const b = operand(op, 'other', other);
    const dtypes = rule(op, self, b);
    checkInPlace(op, dtypes.out, self);
    checkInPlaceShape(op, commonShape(op, self, b), self);
    return dispatchInPlace(op, [self, b] as never, self, () => {
      // Truths of 16-bit floats, which meet in 16 bits, are copied from those of the op that is not in place.
      if (dtypes.out === 'bool' && isHalf(dtypes.compute)) runCopy(run(self, b), self);
      else runBinary(op, self, readable(b, self), self, computedIn(dtypes.compute));
    });
  };
  return Object.assign(run, { inPlace });
}

export function cloneForward(self: Tensor): Tensor {
  const out = allocate(self.shape, self.dtype);
  runCopy(self, out);
  return out;
}

export function asTensor(value: Operand, dtype: DType): Tensor {
  return typeof value === 'number' ? scalarTensor(castNumber(value, dtype), dtype) : value;
}

export function operandShape(value: Operand): Shape {
  return typeof value === 'number' ? [] : value.shape;
}

export function checkIntegral(op: string, dtype: DType): void {
  if (isFloating(dtype)) {
    throw new DTypeError(`is only defined for integers and bools, but got ${dtype}`, { op, operands: { dtype } });
  }
}
