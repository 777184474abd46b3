/**
 * What indexing ops have in common: checks of index tensors, and from the arguments of an op to the places (`reference/index.ts`)
 * that it reads or writes. Whatever calls a function named `…Places` has allocated its result before: places may look into the
 * heap, which an allocation can move.
 */

import { allocate, allocateZeros, isTensor } from '../base.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, IndexError, ShapeError, show, ValueError } from '../errors.ts';
import { checkHolds } from '../holds.ts';
import { runCopy } from '../kernels.ts';
import type { Shape, Strided } from '../layout.ts';
import { broadcastStrides, formatShape, sizeOf } from '../layout.ts';
import type { Indices, Places } from '../reference/index.ts';
import { combineIndices, findRange, readIndices } from '../reference/index.ts';
import { sameStorage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { launchCombine } from '../wasm/launchCombine.ts';
import { launchRange } from '../wasm/launchIndex.ts';
import { checkTensor } from './tensors.ts';

// -------------------------------------------------------------------------------------------------------------- checks

/** @throws DTypeError unless `index` is an int32 or int64 tensor */
export function checkIndex(op: string, index: Tensor): void {
  if (isTensor(index) && (index.dtype === 'int32' || index.dtype === 'int64')) return;
  const got = isTensor(index) ? index.dtype : show(index);
  throw new DTypeError(`expected an int32 or int64 tensor for index, but got ${got}`, { op, operands: { index: got } });
}

/** @throws DTypeError unless both are of one dtype */
export function checkSameDType(op: string, name: string, self: Tensor, other: Tensor): void {
  if (self.dtype === checkTensor(op, name, other).dtype) return;
  throw new DTypeError(
    `expected self and ${name} to have the same dtype, but got ${self.dtype} and ${other.dtype}; cast with ` +
      `.to('${self.dtype}') first`,
    { op, operands: { self: self.dtype, [name]: other.dtype } },
  );
}

/** @throws ValueError when elements of `self` share memory, as those of an expanded tensor do, and it is to be written to */
export function checkNoOverlap(op: string, self: Tensor): void {
  // Of no elements none share memory.
  if (sizeOf(self.shape) === 0) return;
  for (let d = 0; d < self.shape.length; d++) {
    if (self.shape[d] > 1 && self.strides[d] === 0) {
      throw new ValueError(
        'more than one element of the written-to tensor refers to a single memory location; clone() the tensor first',
        { op, operands: { self: self.shape, strides: self.strides } },
      );
    }
  }
}

/** @throws ValueError when the step of a slice is not a positive integer; IndexError when a bound is no integer, infinity or null */
export function checkSlice(start: number | null, stop: number | null, step: number): void {
  const operands = { start, stop, step };
  if (!Number.isInteger(step) || step < 1) {
    throw new ValueError(`step must be an integer greater than zero, but got ${step}`, { op: 'slice', operands });
  }
  for (const bound of [start ?? 0, stop ?? 0]) {
    if (Number.isInteger(bound) || Math.abs(bound) === Infinity) continue;
    throw new IndexError(`bounds must be integers or null, but got ${String(bound)}`, { op: 'slice', operands });
  }
}

/** @throws DTypeError unless a mask is a bool tensor */
export function checkMask(op: string, mask: Tensor): void {
  if (checkTensor(op, 'mask', mask).dtype === 'bool') return;
  throw new DTypeError(`expected the mask to be a bool tensor, but got ${mask.dtype}`, {
    op,
    operands: { mask: mask.dtype },
  });
}

/** @throws ShapeError unless a value to be written to many places is one; ValueError when it is out of the dtype's range */
export function checkValue(op: string, value: Tensor | number, dtype: DType): void {
  if (typeof value === 'number') {
    checkHolds(op, dtype, value);
    return;
  }
  if (value.ndim === 0) {
    if (value.dtype !== dtype && !isFloating(dtype)) checkHolds(op, dtype, value.item());
    return;
  }
  throw new ShapeError(`only takes a value of 0 dimensions, but got one of shape ${formatShape(value.shape)}`, {
    op,
    operands: { value: value.shape },
  });
}

/** @throws ShapeError unless index (and src, if any) are no larger than self, but for self's size along `dim` */
export function checkAlongDim(op: string, self: Tensor, dim: number, index: Tensor, src: Tensor | null): void {
  checkIndex(op, index);
  if (sizeOf(index.shape) === 0) return;
  const own = lift(self).shape;
  const at = lift(index).shape;
  const from = src === null ? null : lift(src).shape;
  const operands = { self: self.shape, index: index.shape, src: src?.shape, dim };
  if (at.length !== own.length || (from !== null && from.length !== own.length)) {
    throw new ShapeError(
      `index must have the same number of dimensions as self${from === null ? '' : ' and src'}, but got ` +
        `${at.length} and ${own.length}${from === null ? '' : ` and ${from.length}`}`,
      { op, operands },
    );
  }
  for (let d = 0; d < own.length; d++) {
    if ((d === dim || at[d] <= own[d]) && (from === null || at[d] <= from[d])) continue;
    throw new ShapeError(
      `expected index ${formatShape(at)} to be no larger than self ${formatShape(own)} apart from dimension ${dim}` +
        (from === null ? '' : ` and no larger than src ${formatShape(from)}`),
      { op, operands },
    );
  }
}

/** @throws ShapeError unless index is a vector (or a single number) */
export function checkVector(op: string, index: Tensor): void {
  checkIndex(op, index);
  if (index.shape.length > 1) {
    throw new ShapeError(`index is supposed to be a vector, but has shape ${formatShape(index.shape)}`, {
      op,
      operands: { index: index.shape },
    });
  }
}

/** @throws ShapeError unless `source` has a slice for each index, of the shape of self's */
export function checkSlices(op: string, self: Tensor, dim: number, index: Tensor, source: Tensor): void {
  checkVector(op, index);
  const own = lift(self).shape;
  const from = lift(source).shape;
  const count = sizeOf(index.shape);
  const operands = { self: self.shape, source: source.shape, index: index.shape, dim };
  if (from.length !== own.length || from.some((n, d) => d !== dim && n !== own[d])) {
    throw new ShapeError(
      `source of shape ${formatShape(source.shape)} must match self of shape ${formatShape(self.shape)} apart from ` +
        `dimension ${dim}`,
      { op, operands },
    );
  }
  if (from[dim] !== count) {
    throw new ShapeError(
      `number of indices (${count}) should be equal to the size of source (${from[dim]}) along dimension ${dim}`,
      { op, operands },
    );
  }
}

// ------------------------------------------------------------------------------------------------------------- operands

/** A 0-d tensor as a vector of one element; others as they are. */
export function lift(t: Tensor): Strided {
  if (t.shape.length > 0) return t;
  const { offset, dtype } = t;
  return {
    // Checks of shapes come before dispatch, and may see elements that loops must not.
    get array() {
      return t.array;
    },
    shape: [1],
    strides: [1],
    offset,
    dtype,
  };
}

/** A contiguous copy, not recorded. */
export function copyOf(t: Tensor): Tensor {
  const out = allocate(t.shape, t.dtype);
  runCopy(t, out);
  return out;
}

/** An input that can be read while `self` is written to: a copy where both share memory. */
export function separate(input: Tensor, self: Tensor): Tensor {
  return sameStorage(input.storage, self.storage) ? copyOf(input) : input;
}

// --------------------------------------------------------------------------------------------------------------- places

/** An index, of which all entries are known to be in range. */
export function checkedIndices(op: string, index: Strided, size: number, dim: number, negative: boolean): Indices {
  return readIndices(op, index, size, dim, negative, (...walk) => launchRange(...walk) ?? findRange(...walk));
}

/** What `gather` and `scatter` look at: `index` has the dimensions of self, and stands for the coordinate along `dim`. */
export function alongPlaces(op: string, self: Tensor, dim: number, index: Tensor): Places {
  const own = lift(self);
  const at = lift(index);
  const empty = sizeOf(at.shape) === 0;
  return {
    shape: at.shape,
    strides: empty ? at.shape : own.strides.map((s, d) => (d === dim ? 0 : s)),
    index: checkedIndices(op, at, own.shape[dim], dim, false),
    scale: own.strides[dim],
  };
}

/** The shape of self with `count` entries along `dim`. */
export function selectedShape(self: Tensor, dim: number, count: number): number[] {
  return lift(self).shape.map((n, d) => (d === dim ? count : n));
}

/** What `indexSelect` and `indexAdd` look at: whole slices across `dim`, in the order of a vector. */
export function slicePlaces(op: string, self: Tensor, dim: number, index: Tensor): Places {
  const own = lift(self);
  const read = checkedIndices(op, lift(index), own.shape[dim], dim, false);
  return {
    shape: selectedShape(self, dim, sizeOf(index.shape)),
    strides: own.strides.map((s, d) => (d === dim ? 0 : s)),
    index: { ...read, strides: own.strides.map((_, d) => (d === dim ? read.strides[0] : 0)) },
    scale: own.strides[dim],
  };
}

/** How index tensors, one per indexed dimension, shape a result. */
export interface IndexLayout {
  /** Shape of the result: the indices' common shape in the place of the indexed dimensions. */
  readonly shape: Shape;
  /** The common shape of the indices. */
  readonly common: Shape;
  /** Where it begins in the result: in the place of the indexed dimensions if these are adjacent, else in front. */
  readonly lead: number;
  /** Dimensions of self that are not indexed, before and after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * The layout of `self[indices]`.
 *
 * @throws IndexError when the indices do not broadcast together
 */
export function indexLayout(op: string, self: Tensor, indices: readonly (Tensor | null)[]): IndexLayout {
  const tensors = indices.filter((index) => index !== null);
  const common: number[] = [];
  for (const { shape } of tensors) {
    for (let back = 1; back <= shape.length; back++) {
      const n = shape[shape.length - back];
      if (back > common.length) common.unshift(n);
      else if (common[common.length - back] === 1) common[common.length - back] = n;
      else if (n !== 1 && n !== common[common.length - back]) {
        const shapes = tensors.map((t) => formatShape(t.shape)).join(', ');
        throw new IndexError(`shape mismatch: indexing tensors could not be broadcast together with shapes ${shapes}`, {
          op,
          operands: { indices: tensors.map((t) => t.shape) },
        });
      }
    }
  }
  const indexed = indices.flatMap((index, d) => (index === null ? [] : [d]));
  const free = indices.flatMap((index, d) => (index === null ? [d] : []));
  const first = indexed[0] ?? 0;
  const adjacent = indexed.every((d, i) => d === first + i);
  const before = adjacent ? free.filter((d) => d < first) : [];
  const after = adjacent ? free.filter((d) => d >= first) : free;
  const sizes = (dims: readonly number[]): number[] => dims.map((d) => self.shape[d]);
  return { shape: [...sizes(before), ...common, ...sizes(after)], common, lead: before.length, before, after };
}

/** How far the last element of a tensor lies behind its first. */
function reachOf({ shape, strides }: Tensor): number {
  return shape.reduce((sum, n, d) => sum + (n - 1) * strides[d], 0);
}

/** What `index` and `indexPut` look at; negative indices count from the end. */
export function indexPlaces(
  op: string,
  self: Tensor,
  indices: readonly (Tensor | null)[],
  layout: IndexLayout,
): Places {
  const { shape, common, lead, before, after } = layout;
  // Before the indices are looked at, since an allocation may move them.
  const isOne = indices.filter((index) => index !== null).length === 1;
  const combined = isOne || reachOf(self) >= 2 ** 31 ? null : allocateZeros(common, 'int32');
  const parts = indices.flatMap((index, d) => {
    if (index === null) return [];
    const read = checkedIndices(op, index, self.shape[d], d, true);
    return [
      {
        ...read,
        strides: broadcastStrides(index.shape, read.strides, common),
        scale: self.strides[d],
        size: self.shape[d],
      },
    ];
  });
  const index =
    combined !== null && launchCombine(parts, common, combined)
      ? { array: combined.array as Int32Array, strides: combined.strides, offset: combined.offset, wrap: 0 }
      : parts.length === 1
        ? parts[0]
        : combineIndices(parts, common);
  const strides = new Array<number>(shape.length).fill(0);
  before.forEach((d, i) => {
    strides[i] = self.strides[d];
  });
  after.forEach((d, i) => {
    strides[lead + common.length + i] = self.strides[d];
  });
  const indexStrides = new Array<number>(shape.length).fill(0);
  index.strides.forEach((s, i) => {
    indexStrides[lead + i] = s;
  });
  return {
    shape,
    strides,
    index: { ...index, strides: indexStrides },
    scale: parts.length === 1 ? parts[0].scale : 1,
  };
}
