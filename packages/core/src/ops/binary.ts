/** Elementwise ops of two operands: arithmetic, comparisons, logic. */

import { allocate } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, show, ValueError } from '../errors.ts';
import {
  runAddScaled,
  runBinary,
  runCube,
  runReluBackward,
  runScalar2,
  runThresholdBackward,
  runUnary,
} from '../kernels.ts';
import { broadcastShapes } from '../layout.ts';
import { named } from '../options.ts';
import { unary } from '../reference/elementwise.ts';
import { binaryInt64 } from '../reference/int64.ts';
import type { Tensor } from '../tensor.ts';
import type { ElementwiseOps, Operand } from './list.ts';
import {
  arithmetic,
  binaryOp,
  checkInPlace,
  checkInPlaceShape,
  checkIntegral,
  commonDType,
  commonShape,
  comparison,
  computedIn,
  notBool,
  operand,
  readable,
  trueDivision,
  writeBack,
} from './pointwise.ts';
import { checkTensor } from './tensors.ts';

export interface AlphaOptions {
  /** Multiplier of `other`; 1 by default. */
  readonly alpha?: number;
}

const addForward: ElementwiseOps['add'] = (a, b, alpha) => {
  const dtype = commonDType(a, b);
  const out = allocate(commonShape('add', a, b), dtype);
  writeAdd('add', a, b, alpha, out, dtype);
  return out;
};

const subForward: ElementwiseOps['sub'] = (a, b, alpha) => {
  const dtype = subDType(a, b);
  const out = allocate(commonShape('sub', a, b), dtype);
  writeAdd('sub', a, b, alpha, out, dtype);
  return out;
};

function subDType(a: Operand, b: Operand): DType {
  for (const value of [a, b]) {
    if (typeof value !== 'number' && value.dtype === 'bool') {
      throw new DTypeError('is not defined with a bool tensor; use logicalXor, or logicalNot to invert a mask', {
        op: 'sub',
      });
    }
  }
  return commonDType(a, b);
}

function writeAdd(op: 'add' | 'sub', a: Operand, b: Operand, alpha: number, out: Tensor, dtype: DType): void {
  if (alpha === 1) runBinary(op, a, b, out, dtype);
  else runAddScaled(a, b, op === 'add' ? alpha : -alpha, out, dtype);
}

function checkAlpha(op: string, alpha: unknown, dtype: DType): number {
  if (alpha === undefined) return 1;
  const [value = 1] = named<[number]>(op, ['alpha'], [alpha]);
  if (typeof value !== 'number' || (!isFloating(dtype) && !Number.isInteger(value))) {
    throw new DTypeError(`alpha must be a number, and an integer for ${dtype} results, but got ${String(value)}`, {
      op,
      operands: { alpha: value },
    });
  }
  return value;
}

/**
 * `self + alpha * other`, broadcast.
 *
 * @example
 * add(tensor([1, 2]), 10); // tensor([11., 12.])
 */
export function add(self: Operand, other: Operand, options?: AlphaOptions): Tensor {
  const a = operand('add', 'self', self);
  const b = operand('add', 'other', other);
  return dispatch('add', addForward, [a, b, options === undefined ? 1 : checkAlpha('add', options, commonDType(a, b))]);
}

/** `add` in place. */
export function add_(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return addInPlace('add', self, other, options);
}

/** `self - alpha * other`, broadcast. */
export function sub(self: Operand, other: Operand, options?: AlphaOptions): Tensor {
  const a = operand('sub', 'self', self);
  const b = operand('sub', 'other', other);
  return dispatch('sub', subForward, [a, b, options === undefined ? 1 : checkAlpha('sub', options, commonDType(a, b))]);
}

/** `sub` in place. */
export function sub_(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return addInPlace('sub', self, other, options);
}

function addInPlace(op: 'add' | 'sub', self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  checkTensor(op, 'self', self);
  const b = operand(op, 'other', other);
  const dtype = op === 'sub' ? subDType(self, b) : commonDType(self, b);
  const alpha = checkAlpha(op, options, dtype);
  checkInPlace(op, dtype, self);
  checkInPlaceShape(op, commonShape(op, self, b), self);
  return dispatchInPlace(op, [self, b, alpha], self, () =>
    writeAdd(op, self, readable(b, self), alpha, self, computedIn(dtype)),
  );
}

/** `other - self`, as PyTorch's `rsub`. */
export function rsub(self: Tensor, other: Operand, options?: AlphaOptions): Tensor {
  return sub(other, self, options);
}

/** `self * other`, broadcast. */
export const mul = binaryOp('mul', arithmetic);

const divOp = binaryOp('div', trueDivision);

export interface DivOptions {
  /** null (default) for true division; `'trunc'` rounds towards 0, `'floor'` down. */
  readonly roundingMode?: 'trunc' | 'floor' | null;
}

const divRoundedForward: ElementwiseOps['divRounded'] = (a, b, mode) => {
  const dtype = notBool('div', commonDType(a, b));
  checkIntegerDivisor('div', b, dtype);
  const out = allocate(commonShape('div', a, b), dtype);
  runBinary(mode === 'trunc' ? 'divTrunc' : 'divFloor', a, b, out, dtype);
  return out;
};

/** @throws ValueError when an integer division meets a zero divisor */
function checkIntegerDivisor(op: string, divisor: Operand, dtype: DType): void {
  if (isFloating(dtype)) return;
  const zero = typeof divisor === 'number' ? divisor === 0 : hasZero(divisor);
  if (zero) throw new ValueError('integer division by zero', { op, operands: { dtype } });
}

function hasZero(divisor: Tensor): boolean {
  let found = false;
  unary(
    (x) => {
      if (x === 0) found = true;
      return 0;
    },
    divisor,
    allocate(divisor.shape, 'bool'),
  );
  return found;
}

/**
 * `self / other`, broadcast; integers divide to floats unless a rounding mode is given.
 *
 * @throws ValueError for an integer division by zero
 */
export function div(self: Operand, other: Operand, options?: DivOptions): Tensor {
  const mode = roundingMode(options);
  if (mode === null) return divOp(self, other);
  return dispatch('divRounded', divRoundedForward, [
    operand('div', 'self', self),
    operand('div', 'other', other),
    mode,
  ]);
}

function roundingMode(options: DivOptions | undefined): 'trunc' | 'floor' | null {
  if (options === undefined) return null;
  const [mode = null] = named<['trunc' | 'floor' | null]>('div', ['roundingMode'], [options]);
  if (mode !== null && mode !== 'trunc' && mode !== 'floor') {
    throw new ValueError(`roundingMode must be null, 'trunc' or 'floor', but got ${show(mode)}`, {
      op: 'div',
    });
  }
  return mode;
}

/** `div` in place. */
export function div_(self: Tensor, other: Operand, options?: DivOptions): Tensor {
  const mode = roundingMode(options);
  if (mode === null) return divOp.inPlace(self, other);
  const b = operand('div', 'other', other);
  return dispatchInPlace(
    'divRounded',
    [self, b, mode],
    self,
    writeBack('div', self, () => divRoundedForward(self, b, mode)),
  );
}

/** `floor(self / other)`. */
export function floorDivide(self: Operand, other: Operand): Tensor {
  return div(self, other, { roundingMode: 'floor' });
}

const powForward: ElementwiseOps['pow'] = (a, b) => {
  const dtype = notBool('pow', commonDType(a, b));
  if (!isFloating(dtype) && typeof b === 'number' && b < 0) {
    throw new ValueError(`integers to negative integer powers are not allowed, but got exponent ${b}`, { op: 'pow' });
  }
  const out = allocate(commonShape('pow', a, b), dtype);
  writePow(a, b, out, dtype);
  return out;
};

function writePow(a: Operand, b: Operand, out: Tensor, dtype: DType): void {
  // The exponents that networks use need no pow.
  if (b === 2) runBinary('mul', a, a, out, dtype);
  else if (b === 3 && isFloating(dtype) && typeof a !== 'number') runCube(a, out);
  else if (b === -1 && isFloating(dtype) && typeof a !== 'number') runUnary('reciprocal', a, out);
  else if (b === 0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('sqrt', a, out);
  else if (b === -0.5 && isFloating(dtype) && typeof a !== 'number') runUnary('rsqrt', a, out);
  else runBinary('pow', a, b, out, dtype);
}

/** `self ^ exponent`, broadcast. */
export function pow(self: Operand, exponent: Operand): Tensor {
  return dispatch('pow', powForward, [operand('pow', 'self', self), operand('pow', 'exponent', exponent)]);
}

/** `pow` in place. */
export function pow_(self: Tensor, exponent: Operand): Tensor {
  checkTensor('pow_', 'self', self);
  const b = operand('pow', 'exponent', exponent);
  return dispatchInPlace(
    'pow',
    [self, b],
    self,
    writeBack('pow', self, () => powForward(self, b)),
  );
}

/** The larger of each pair; NaN where either is NaN. */
export const maximum = binaryOp('maximum', arithmetic);
/** The smaller of each pair; NaN where either is NaN. */
export const minimum = binaryOp('minimum', arithmetic);
/** Angle of the point (other, self), in radians. */
export const atan2 = binaryOp('atan2', trueDivision);
/** `x log(y)`, 0 where x is 0. */
export const xlogy = binaryOp('xlogy', trueDivision);

const remainderOp = binaryOp('remainder', arithmetic);
const fmodOp = binaryOp('fmod', arithmetic);

/** Remainder with the sign of the divisor, as Python's `%`. */
export function remainder(self: Operand, other: Operand): Tensor {
  const divisor = operand('remainder', 'other', other);
  checkIntegerDivisor(
    'remainder',
    divisor,
    notBool('remainder', commonDType(operand('remainder', 'self', self), divisor)),
  );
  return remainderOp(self, divisor);
}

/** Remainder with the sign of the dividend, as C's `fmod`. */
export function fmod(self: Operand, other: Operand): Tensor {
  const divisor = operand('fmod', 'other', other);
  checkIntegerDivisor('fmod', divisor, notBool('fmod', commonDType(operand('fmod', 'self', self), divisor)));
  return fmodOp(self, divisor);
}

/** Where equal. */
export const eq = binaryOp('eq', comparison);
/** Where not equal. */
export const ne = binaryOp('ne', comparison);
/** Where less. */
export const lt = binaryOp('lt', comparison);
/** Where less or equal. */
export const le = binaryOp('le', comparison);
/** Where greater. */
export const gt = binaryOp('gt', comparison);
/** Where greater or equal. */
export const ge = binaryOp('ge', comparison);
/** Where both are not 0. */
export const logicalAnd = binaryOp('logicalAnd', comparison);
/** Where at least one is not 0. */
export const logicalOr = binaryOp('logicalOr', comparison);
/** Where exactly one is not 0. */
export const logicalXor = binaryOp('logicalXor', comparison);

type BitwiseName = 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor';

const BITS: Record<BitwiseName, (x: number, y: number) => number> = {
  bitwiseAnd: (x, y) => x & y,
  bitwiseOr: (x, y) => x | y,
  bitwiseXor: (x, y) => x ^ y,
};

function bitwiseForward(op: BitwiseName): (a: Operand, b: Operand) => Tensor {
  return (a, b) => {
    const dtype = commonDType(a, b);
    checkIntegral(op, dtype);
    const out = allocate(commonShape(op, a, b), dtype);
    if (dtype !== 'int64' || !binaryInt64(op, a, b, out)) runScalar2(BITS[op], a, b, out, dtype);
    return out;
  };
}

const bitwiseAndForward = bitwiseForward('bitwiseAnd');
const bitwiseOrForward = bitwiseForward('bitwiseOr');
const bitwiseXorForward = bitwiseForward('bitwiseXor');

function bitwise(op: BitwiseName, forward: (a: Operand, b: Operand) => Tensor, self: Operand, other: Operand): Tensor {
  return dispatch(op, forward, [operand(op, 'self', self), operand(op, 'other', other)]);
}

/** Bits set in both. */
export function bitwiseAnd(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseAnd', bitwiseAndForward, self, other);
}

/** Bits set in either. */
export function bitwiseOr(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseOr', bitwiseOrForward, self, other);
}

/** Bits set in one but not in both. */
export function bitwiseXor(self: Operand, other: Operand): Tensor {
  return bitwise('bitwiseXor', bitwiseXorForward, self, other);
}

const thresholdBackwardForward: ElementwiseOps['thresholdBackward'] = (grad, self, threshold) => {
  const out = allocate(broadcastShapes('thresholdBackward', grad.shape, self.shape), grad.dtype);
  if (threshold === 0) runReluBackward(grad, self, out);
  else runThresholdBackward(grad, self, threshold, out);
  return out;
};

/** The gradient of `relu` and `threshold`: `grad` where `self > threshold`, else 0. */
export function thresholdBackward(grad: Tensor, self: Tensor, threshold: number): Tensor {
  return dispatch('thresholdBackward', thresholdBackwardForward, [grad, self, threshold]);
}
