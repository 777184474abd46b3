/**
 * Classes and counts: `oneHot`, `bincount`, `unique`. Their results are no functions to differentiate, so nothing is recorded.
 * Counts and positions are int32.
 */

import { allocate, allocateZeros, fromArray, modes } from '../base.ts';
import type { TypedArray } from '../dtype.ts';
import { isHalf } from '../dtype.ts';
import { DTypeError, NotImplementedError, ShapeError, ValueError } from '../errors.ts';
import { runCopy } from '../kernels.ts';
import { formatShape } from '../layout.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { recordFunction } from '../observe.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { to } from './elementwise.ts';
import { checkTensor } from './tensors.ts';

/** The elements as numbers, in row-major order. */
function numbers(self: Tensor): Exclude<TypedArray, BigInt64Array> {
  if (self.dtype !== 'int64') return self.toTypedArray() as Exclude<TypedArray, BigInt64Array>;
  const wide = allocate(self.shape, 'float64');
  runCopy(self, wide);
  return wide.toTypedArray() as Float64Array;
}

/** Class indices: integers, none negative; returns the largest, -1 when there is none. */
function largestClass(op: string, self: Tensor, classes: ArrayLike<number>): number {
  if (self.dtype !== 'int32' && self.dtype !== 'int64' && self.dtype !== 'uint8') {
    throw new DTypeError(`expected integers, but got ${self.dtype}; cast with .to('int32') first`, {
      op,
      operands: { self: self.dtype },
    });
  }
  let most = -1;
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] < 0) throw new ValueError(`expected values of at least 0, but got ${classes[i]}`, { op });
    if (classes[i] > most) most = classes[i];
  }
  return most;
}

/** @throws NotImplementedError when the result would have to be differentiated */
function refuseGrad(op: string, self: Tensor): void {
  if (!modes.grad || !self.requiresGrad) return;
  throw new NotImplementedError('has no derivative; pass x.detach()', { op });
}

export interface OneHotOptions {
  readonly numClasses?: number;
}

/**
 * Class indices as vectors that are 1 at the class and 0 elsewhere: `[…]` → `[…, numClasses]`, int32. Without `numClasses` there
 * are as many as the largest index needs.
 *
 * @throws ValueError when an index is negative or not below `numClasses`; DTypeError when indices are not integers
 *
 * @example
 * oneHot(tensor([0, 2], { dtype: 'int32' })); // tensor([[1, 0, 0], [0, 0, 1]])
 */
export function oneHot(self: Tensor, numClasses?: number | OneHotOptions): Tensor {
  checkTensor('oneHot', 'self', self);
  const [given = -1] = named<[number]>('oneHot', ['numClasses'], [numClasses]);
  return recordFunction('oneHot', () => oneHotOf(self, given), [self, given]);
}

function oneHotOf(self: Tensor, given: number): Tensor {
  const classes = numbers(self);
  const most = largestClass('oneHot', self, classes);
  if (!Number.isInteger(given) || given < -1 || (given <= 0 && classes.length === 0)) {
    throw new ValueError(`cannot infer the number of classes of ${classes.length} indices from numClasses ${given}`, {
      op: 'oneHot',
      operands: { numClasses: given, self: self.shape },
    });
  }
  const count = given === -1 ? most + 1 : given;
  if (most >= count) {
    throw new ValueError(`class values must be smaller than numClasses (${count}), but got ${most}`, {
      op: 'oneHot',
      operands: { numClasses: count },
    });
  }
  const out = allocateZeros([...self.shape, count], 'int32');
  const array = out.array as Int32Array;
  for (let i = 0; i < classes.length; i++) array[i * count + classes[i]] = 1;
  return out;
}

export interface BincountOptions {
  readonly weights?: Tensor | null;
  readonly minlength?: number;
}

/**
 * How often each of 0, 1, 2, … occurs in a vector of integers, as int32; with `weights`, the sum of the weights of those places,
 * in float32 for float32 weights and else in float64. The result has at least `minlength` entries.
 *
 * @throws ValueError when a value is negative; ShapeError when self is no vector or weights have another length
 */
export function bincount(
  self: Tensor,
  weights?: Tensor | null | BincountOptions,
  minlength?: number | BincountOptions,
): Tensor {
  checkTensor('bincount', 'self', self);
  const op = 'bincount';
  const [w, least = 0] = named<[Tensor | null, number]>(op, ['weights', 'minlength'], [weights, minlength]);
  if (self.ndim !== 1) {
    throw new ShapeError(`only supports vectors, but got shape ${formatShape(self.shape)}`, {
      op,
      operands: { self: self.shape },
    });
  }
  if (!Number.isInteger(least) || least < 0) throw new ValueError(`minlength should be >= 0, but got ${least}`, { op });
  const values = numbers(self);
  const size = Math.max(largestClass(op, self, values) + 1, least);
  if (w === undefined || w === null) {
    const counts = allocateZeros([size], 'int32');
    const array = counts.array as Int32Array;
    for (let i = 0; i < values.length; i++) array[values[i]]++;
    return counts;
  }
  if (w.ndim !== 1 || w.shape[0] !== values.length) {
    throw new ShapeError(
      `weights should be a vector of the length of self (${values.length}), but have shape ${formatShape(w.shape)}`,
      { op, operands: { self: self.shape, weights: w.shape } },
    );
  }
  refuseGrad(op, w);
  const terms = numbers(w);
  const sums = new Float64Array(size);
  for (let i = 0; i < values.length; i++) sums[values[i]] += terms[i];
  const out = allocate([size], w.dtype === 'float32' ? 'float32' : 'float64');
  (out.array as Float64Array).set(sums);
  return out;
}

export interface UniqueOptions {
  /** The result is sorted in any case. */
  readonly sorted?: boolean;
  /** Also return, for each element, where it is in the result. Default false. */
  readonly returnInverse?: boolean;
  /** Also return how often each occurs. Default false. */
  readonly returnCounts?: boolean;
  /** Not offered: unique slices along a dimension. */
  readonly dim?: null;
}

type Inverse = NamedTuple<['output', 'inverseIndices']>;
type Counts = NamedTuple<['output', 'counts']>;
type InverseAndCounts = NamedTuple<['output', 'inverseIndices', 'counts']>;

/**
 * The different values of a tensor, in ascending order, as a vector; on request also where each element went, and how often each
 * value occurs. NaNs are different from each other, and last.
 *
 * @throws NotImplementedError for `dim`, and when self requires a gradient
 *
 * @example
 * const { output, counts } = unique(tensor([3, 1, 3]), { returnCounts: true }); // tensor([1., 3.]), tensor([1, 2])
 */
export function unique(
  self: Tensor,
  options?: UniqueOptions & { readonly returnInverse?: false; readonly returnCounts?: false },
): Tensor;
export function unique(
  self: Tensor,
  options: UniqueOptions & { readonly returnInverse: true; readonly returnCounts?: false },
): Inverse;
export function unique(
  self: Tensor,
  options: UniqueOptions & { readonly returnInverse?: false; readonly returnCounts: true },
): Counts;
export function unique(
  self: Tensor,
  options: UniqueOptions & { readonly returnInverse: true; readonly returnCounts: true },
): InverseAndCounts;
export function unique(
  self: Tensor,
  sorted?: boolean | UniqueOptions,
  returnInverse?: boolean | UniqueOptions,
  returnCounts?: boolean | UniqueOptions,
  dim?: null | UniqueOptions,
): Tensor | Inverse | Counts | InverseAndCounts;
export function unique(
  self: Tensor,
  sorted?: boolean | UniqueOptions,
  returnInverse?: boolean | UniqueOptions,
  returnCounts?: boolean | UniqueOptions,
  dim?: null | UniqueOptions,
): Tensor | Inverse | Counts | InverseAndCounts {
  checkTensor('unique', 'self', self);
  const [, wantsInverse = false, wantsCounts = false, along] = named<[boolean, boolean, boolean, number | null]>(
    'unique',
    ['sorted', 'returnInverse', 'returnCounts', 'dim'],
    [sorted, returnInverse, returnCounts, dim],
  );
  if (along !== undefined && along !== null) {
    throw new NotImplementedError('along a dimension is not offered; only the values of all elements', {
      op: 'unique',
    });
  }
  refuseGrad('unique', self);
  const flat = self.toTypedArray();
  const { values, counts } = distinct(flat.slice().sort());
  // The elements of 16-bit floats came as numbers, in float32.
  const { dtype } = self;
  const output = to(fromArray(values, [values.length], isHalf(dtype) ? 'float32' : dtype), dtype);
  if (wantsInverse) {
    const inverse = fromArray(positions(flat, values), self.shape, 'int32');
    return wantsCounts
      ? namedTuple(
          null,
          ['output', 'inverseIndices', 'counts'],
          [output, inverse, fromArray(counts, [counts.length], 'int32')],
        )
      : namedTuple(null, ['output', 'inverseIndices'], [output, inverse]);
  }
  return wantsCounts
    ? namedTuple(null, ['output', 'counts'], [output, fromArray(counts, [counts.length], 'int32')])
    : output;
}

/** Runs of equals in a sorted array: one of each, and their lengths. */
function distinct(sorted: TypedArray): { values: TypedArray; counts: Int32Array } {
  const counts: number[] = [];
  let size = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (size > 0 && sorted[size - 1] === sorted[i]) counts[size - 1]++;
    else {
      sorted[size++] = sorted[i];
      counts.push(1);
    }
  }
  return { values: sorted.slice(0, size), counts: Int32Array.from(counts) };
}

/** Where each element is in `values`. NaNs, which come last there, in their order. */
function positions(flat: TypedArray, values: TypedArray): Int32Array {
  const places = new Map<number | bigint, number>();
  let nans = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isNaN(value)) places.set(value, i);
    else if (nans < 0) nans = i;
  }
  const out = new Int32Array(flat.length);
  for (let i = 0; i < flat.length; i++) out[i] = places.get(flat[i]) ?? nans++;
  return out;
}
