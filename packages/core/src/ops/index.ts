/**
 * Indexing by tensors: `gather` and `scatter` along a dimension, whole slices (`indexSelect`, `indexAdd`), coordinates (`index`,
 * `indexPut`), masks. Every index is checked before anything is written. Indices are int32 or int64; only where PyTorch takes
 * negative ones (`index`, `indexPut`, `indexFill`, `take`) do they count from the end.
 */

import { allocate, fromArray, isTensor, modes } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import { isFloating, newArray } from '../dtype.ts';
import { DTypeError, IndexError, NotImplementedError, ShapeError, ValueError } from '../errors.ts';
import { broadcastShapes, broadcastStrides, formatShape, sizeOf, wrapDim } from '../layout.ts';
import { named } from '../options.ts';
import { copy, writeElement } from '../reference/elementwise.ts';
import * as reference from '../reference/index.ts';
import type { Column, Places } from '../reference/index.ts';
import type { Strands } from '../reference/move.ts';
import type { Tensor } from '../tensor.ts';
import { scalarTensor } from './create.ts';
import { eq, operand, to, where } from './elementwise.ts';
import type { IndexOps, Operand } from './list.ts';
import {
  alongPlaces,
  checkAlongDim,
  checkIndex,
  checkNoOverlap,
  checkSameDType,
  checkSlices,
  checkVector,
  copyOf,
  indexLayout,
  indexPlaces,
  lift,
  selectedShape,
  separate,
  slicePlaces,
} from './places.ts';
import { expand, reshape, unsqueeze, view } from './view.ts';

// ------------------------------------------------------------------------------------------------------ along a dimension

const gatherForward: IndexOps['gather'] = (self, dim, index) => {
  const out = allocate(index.shape, self.dtype);
  reference.take(self, alongPlaces('gather', self, dim, index), out);
  return out;
};

/**
 * Elements of `self` along `dim`, chosen one by one: `out[i][j] = self[index[i][j]][j]` for `dim` 0.
 *
 * index `[n0, …]`, of as many dimensions as self and, apart from `dim`, no larger → out of index's shape.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index does not fit
 *
 * @example
 * gather(tensor([[1, 2], [3, 4]]), 1, tensor([[0, 0], [1, 0]], { dtype: 'int32' })); // [[1, 1], [4, 3]]
 */
export function gather(self: Tensor, dim: number, index: Tensor): Tensor {
  const d = wrapDim('gather', dim, self.ndim);
  checkAlongDim('gather', self, d, index, null);
  return dispatch('gather', gatherForward, [self, d, index]);
}

export interface TakeAlongDimOptions {
  readonly dim?: number | null;
}

/**
 * `gather` after broadcasting, for the results of `argmax` and `argsort`: self and indices expand to each other but for `dim`.
 * Without a dimension both are flattened.
 */
export function takeAlongDim(self: Tensor, indices: Tensor, dim?: number | null | TakeAlongDimOptions): Tensor {
  checkIndex('takeAlongDim', indices);
  const [given] = named<[number | null]>('takeAlongDim', ['dim'], [dim]);
  if (given === undefined || given === null) return gather(reshape(self, [-1]), 0, reshape(indices, [-1]));
  if (self.ndim !== indices.ndim) {
    throw new ShapeError(
      `self and indices should have the same number of dimensions, but got ${self.ndim} and ${indices.ndim}`,
      { op: 'takeAlongDim', operands: { self: self.shape, indices: indices.shape } },
    );
  }
  const d = wrapDim('takeAlongDim', given, self.ndim);
  const without = (shape: readonly number[]): number[] => shape.map((n, i) => (i === d ? 1 : n));
  const common = broadcastShapes('takeAlongDim', without(self.shape), without(indices.shape));
  const along = (t: Tensor): Tensor => (t.ndim === 0 ? t : expand(t, common.map((n, i) => (i === d ? t.shape[d] : n))));
  return gather(along(self), d, along(indices));
}

export interface ScatterOptions {
  /** What to write: a tensor; or `value`, a number. */
  readonly src?: Tensor;
  readonly value?: number;
  /** Not offered: see `scatterAdd`. */
  readonly reduce?: 'add' | 'multiply';
}

/** A number as an operand of `put`: one element of the dtype, the same for every place. */
function constant(value: number, self: Tensor, places: Places): Strands {
  const array = newArray(self.dtype, 1);
  writeElement(array, self.dtype, 0, value);
  return { array, strides: places.shape.map(() => 0), offset: 0 };
}

function scatterInto(op: string, target: Tensor, dim: number, index: Tensor, src: Operand): void {
  const places = alongPlaces(op, target, dim, index);
  reference.put(target, places, typeof src === 'number' ? constant(src, target, places) : lift(src));
}

/** A forward that writes into a copy of `self`, after `check` has looked at all indices. */
function onCopy(self: Tensor, write: (out: Tensor, from: Tensor) => void): Tensor {
  const out = allocate(self.shape, self.dtype);
  write(out, self);
  return out;
}

const scatterForward: IndexOps['scatter'] = (self, dim, index, src) => {
  const out = copyOf(self);
  scatterInto('scatter', out, dim, index, src);
  return out;
};
