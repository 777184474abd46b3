/**
 * Indexing by tensors: `gather` and `scatter` along a dimension, whole slices (`indexSelect`, `indexAdd`), coordinates (`index`,
 * `indexPut`), masks. Every index is checked before anything is written. Indices are int32 or int64; only where PyTorch takes
 * negative ones (`index`, `indexPut`, `indexFill`, `take`) do they count from the end.
 */

import { allocate, allocateZeros, isTensor, makeView, modes } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import { isFloating, newArray } from '../dtype.ts';
import { DTypeError, IndexError, NotImplementedError, ShapeError } from '../errors.ts';
import { checkHolds } from '../holds.ts';
import { runAddAt, runCountNonzero, runNonzero, runPut, runTake } from '../kernels.ts';
import { broadcastShapes, broadcastStrides, formatShape, sizeOf, wrapDim } from '../layout.ts';
import { named, needList } from '../options.ts';
import { copy, writeElement } from '../reference/elementwise.ts';
import type { Places } from '../reference/index.ts';
import * as reference from '../reference/index.ts';
import type { Strands } from '../reference/move.ts';
import type { Tensor } from '../tensor.ts';
import { contiguous } from './copies.ts';
import { scalarTensor } from './create.ts';
import { eq, maskedFill, maskedFill_, operand, to, where } from './elementwise.ts';
import type { IndexOps, Operand } from './list.ts';
import {
  alongPlaces,
  checkAlongDim,
  checkedIndices,
  checkIndex,
  checkMask,
  checkNoOverlap,
  checkSameDType,
  checkSlices,
  checkValue,
  checkVector,
  copyOf,
  indexLayout,
  indexPlaces,
  lift,
  selectedShape,
  separate,
  slicePlaces,
} from './places.ts';
import { checkTensor } from './tensors.ts';
import { expand, reshape, unsqueeze, view } from './view.ts';

// ------------------------------------------------------------------------------------------------------ along a dimension

const gatherForward: IndexOps['gather'] = (self, dim, index) => {
  const out = allocate(index.shape, self.dtype);
  runTake(self, alongPlaces('gather', self, dim, index), out);
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
export function gather(self: Tensor, dim: number | DimIndex, index?: Tensor | Pick<DimIndex, 'index'>): Tensor {
  checkTensor('gather', 'self', self);
  const [along, at] = dimIndex('gather', dim, index);
  const d = wrapDim('gather', along, self.ndim);
  checkAlongDim('gather', self, d, at, null);
  return dispatch('gather', gatherForward, [self, d, at]);
}

/** Where to look, by name. */
export interface DimIndex {
  readonly dim: number;
  readonly index: Tensor;
}

function dimIndex(op: string, dim: unknown, index: unknown): [dim: number, index: Tensor] {
  if (isTensor(index)) return [dim as number, index]; // by far the most frequent form, and a hot one
  return named<[number, Tensor]>(op, ['dim', 'index'], [dim, index]) as [number, Tensor];
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
  const along = (t: Tensor): Tensor => {
    const shape = common.map((n, i) => (i === d ? t.shape[d] : n));
    return t.ndim === 0 ? t : expand(t, shape);
  };
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
  runPut(target, places, typeof src === 'number' ? constant(src, target, places) : lift(src));
}

const scatterForward: IndexOps['scatter'] = (self, dim, index, src) => {
  const out = copyOf(self);
  scatterInto('scatter', out, dim, index, src);
  return out;
};

/** `[dim, src]` of a scatter, checked. */
function scatterArguments(
  op: string,
  self: Tensor,
  dim: number,
  index: Tensor,
  src: Operand | ScatterOptions | undefined,
  options: ScatterOptions | undefined,
): [number, Operand] {
  const [given, value, reduce] = named<[Operand, number, string]>(
    op,
    ['src', 'value', 'reduce'],
    [src, undefined, options],
  );
  if (reduce !== undefined && reduce !== null) {
    throw new NotImplementedError(`reduce '${reduce}' is not offered; use scatterAdd, or gather and scatter`, { op });
  }
  const d = wrapDim(op, dim, self.ndim);
  const written: unknown = given ?? value;
  const from = typeof written === 'boolean' ? Number(written) : operand(op, 'src', written);
  checkAlongDim(op, self, d, index, typeof from === 'number' ? null : from);
  if (typeof from === 'number') checkHolds(op, self.dtype, from);
  else checkSameDType(op, 'src', self, from);
  return [d, from];
}

/**
 * A copy of `self` with elements along `dim` replaced, one by one: `out[index[i][j]][j] = src[i][j]` for `dim` 0. `src` is a
 * tensor no smaller than index, or a number. Of several writes to one place the last stays.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index or src does not fit;
 * NotImplementedError for `reduce`
 *
 * @example
 * scatter(zeros(3), 0, tensor([2, 0], { dtype: 'int32' }), 5); // tensor([5., 0., 5.])
 */
export function scatter(
  self: Tensor,
  dim: number,
  index: Tensor,
  src?: Operand | ScatterOptions,
  options?: ScatterOptions,
): Tensor {
  checkTensor('scatter', 'self', self);
  const [d, from] = scatterArguments('scatter', self, dim, index, src, options);
  return dispatch('scatter', scatterForward, [self, d, index, from]);
}

/** `scatter` in place. */
export function scatter_(
  self: Tensor,
  dim: number,
  index: Tensor,
  src?: Operand | ScatterOptions,
  options?: ScatterOptions,
): Tensor {
  checkTensor('scatter_', 'self', self);
  const [d, from] = scatterArguments('scatter_', self, dim, index, src, options);
  checkNoOverlap('scatter_', self);
  return dispatchInPlace('scatter', [self, d, index, from], self, () => {
    const at = separate(index, self);
    scatterInto('scatter_', self, d, at, typeof from === 'number' ? from : separate(from, self));
  });
}

const scatterAddForward: IndexOps['scatterAdd'] = (self, dim, index, src) => {
  const out = copyOf(self);
  runAddAt(out, alongPlaces('scatterAdd', out, dim, index), lift(src), 1);
  return out;
};

function checkScatterAdd(op: string, self: Tensor, dim: number, index: Tensor, src: Tensor): number {
  const d = wrapDim(op, dim, self.ndim);
  checkAlongDim(op, self, d, index, src);
  checkSameDType(op, 'src', self, src);
  return d;
}

/**
 * A copy of `self` with elements of `src` added to it: `out[index[i][j]][j] += src[i][j]` for `dim` 0. The mirror image of
 * `gather`.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index or src does not fit
 */
export function scatterAdd(self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  checkTensor('scatterAdd', 'self', self);
  const d = checkScatterAdd('scatterAdd', self, dim, index, src);
  return dispatch('scatterAdd', scatterAddForward, [self, d, index, src]);
}

/** `scatterAdd` in place. */
export function scatterAdd_(self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  checkTensor('scatterAdd_', 'self', self);
  const d = checkScatterAdd('scatterAdd_', self, dim, index, src);
  checkNoOverlap('scatterAdd_', self);
  return dispatchInPlace('scatterAdd', [self, d, index, src], self, () => {
    const at = separate(index, self);
    const from = separate(src, self);
    runAddAt(self, alongPlaces('scatterAdd_', self, d, at), lift(from), 1);
  });
}

// --------------------------------------------------------------------------------------------------------- whole slices

/** Composites run the forward under their own name, which is the one that errors give. */
function selectSlices(op: string): IndexOps['indexSelect'] {
  return (self, dim, index) => {
    const count = sizeOf(index.shape);
    if (self.shape.length === 0 && count !== 1) {
      throw new IndexError(`index to a 0-d tensor can have only 1 value, but got ${count}`, {
        op,
        operands: { index: index.shape },
      });
    }
    const out = allocate(self.shape.length === 0 ? [] : selectedShape(self, dim, count), self.dtype);
    runTake(self, slicePlaces(op, self, dim, index), out);
    return out;
  };
}

const indexSelectForward = selectSlices('indexSelect');
const embeddingForward = selectSlices('embedding');

/**
 * Slices of `self` across `dim`, in the order of `index`, a vector: self `[…, n, …]` → `[…, len(index), …]`.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index is no vector of integers
 *
 * @example
 * indexSelect(tensor([[1, 2], [3, 4]]), 0, tensor([1, 1], { dtype: 'int32' })); // [[3, 4], [3, 4]]
 */
export function indexSelect(self: Tensor, dim: number | DimIndex, index?: Tensor | Pick<DimIndex, 'index'>): Tensor {
  checkTensor('indexSelect', 'self', self);
  const [along, at] = dimIndex('indexSelect', dim, index);
  const d = wrapDim('indexSelect', along, self.ndim);
  checkVector('indexSelect', at);
  return dispatch('indexSelect', indexSelectForward, [self, d, at]);
}

export interface EmbeddingOptions {
  /** The row that gets no gradient. A negative one counts from the end. */
  readonly paddingIdx?: number | null;
}

/**
 * Rows of a table: weight `[rows, width]`, indices `[…]` → `[…, width]`. Composed of `indexSelect`.
 *
 * @throws IndexError when an index or `paddingIdx` names no row; ShapeError when weight is no matrix
 */
export function embedding(weight: Tensor, indices: Tensor, paddingIdx?: number | null | EmbeddingOptions): Tensor {
  const [given] = named<[number | null]>('embedding', ['paddingIdx'], [paddingIdx]);
  checkIndex('embedding', indices);
  if (weight.ndim !== 2) {
    throw new ShapeError(`weight must be 2-d, but has shape ${formatShape(weight.shape)}`, {
      op: 'embedding',
      operands: { weight: weight.shape },
    });
  }
  const rows = dispatch('indexSelect', embeddingForward, [weight, 0, reshape(indices, [-1])]);
  const out = view(rows, [...indices.shape, weight.shape[1]]);
  if (given === undefined || given === null) return out;
  const count = weight.shape[0];
  if (!Number.isInteger(given) || given < -count || given >= count) {
    throw new IndexError(`paddingIdx must be within the ${count} rows of weight, but got ${given}`, {
      op: 'embedding',
      operands: { paddingIdx: given, weight: weight.shape },
    });
  }
  if (!modes.grad || !weight.requiresGrad) return out;
  const padding = eq(indices, given < 0 ? given + count : given);
  return runCountNonzero(padding) === 0 ? out : where(unsqueeze(padding, -1), out.detach(), out);
}

const indexAddForward: IndexOps['indexAdd'] = (self, dim, index, source, alpha) => {
  const out = copyOf(self);
  runAddAt(out, slicePlaces('indexAdd', out, dim, index), lift(source), alpha);
  return out;
};

export interface IndexAddOptions {
  /** Multiplier of source; 1 by default. */
  readonly alpha?: number;
}

function indexAddArguments(
  op: string,
  self: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options: IndexAddOptions | undefined,
): [number, number] {
  const [alpha = 1] = named<[number]>(op, ['alpha'], [options]);
  const d = wrapDim(op, dim, self.ndim);
  checkSlices(op, self, d, index, source);
  checkSameDType(op, 'source', self, source);
  if (!isFloating(self.dtype) && !Number.isInteger(alpha)) {
    throw new DTypeError(`for ${self.dtype} tensors alpha must be an integer, but got ${alpha}`, {
      op,
      operands: { alpha },
    });
  }
  return [d, alpha];
}

/**
 * A copy of `self` with slices of `source` added to it: slice `index[i]` across `dim` gains `alpha * source[i]`.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index or source does not fit
 */
export function indexAdd(self: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
  checkTensor('indexAdd', 'self', self);
  const [d, alpha] = indexAddArguments('indexAdd', self, dim, index, source, options);
  return dispatch('indexAdd', indexAddForward, [self, d, index, source, alpha]);
}

/** `indexAdd` in place. */
export function indexAdd_(self: Tensor, dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor {
  checkTensor('indexAdd_', 'self', self);
  const [d, alpha] = indexAddArguments('indexAdd_', self, dim, index, source, options);
  checkNoOverlap('indexAdd_', self);
  return dispatchInPlace('indexAdd', [self, d, index, source, alpha], self, () => {
    const at = separate(index, self);
    const from = separate(source, self);
    runAddAt(self, slicePlaces('indexAdd_', self, d, at), lift(from), alpha);
  });
}

/** A vector of indices, checked and none negative. */
function plainIndex(op: string, self: Tensor, dim: number, index: Tensor, negative: boolean): Tensor {
  const read = checkedIndices(op, lift(index), lift(self).shape[dim], dim, negative);
  if (read.wrap === 0) return index;
  const count = sizeOf(index.shape);
  const { array, strides, offset } = reference.plainIndices(read, [count]);
  const plain = allocate([count], 'int32');
  copy({ array: array as Int32Array, shape: [count], strides, offset, dtype: 'int32' }, plain);
  return plain;
}

/**
 * A copy of `self` with slices replaced: slice `index[i]` across `dim` becomes `source[i]`. Composed of `scatter`.
 *
 * @throws IndexError when an index is negative or too large; ShapeError, DTypeError when index or source does not fit
 */
export function indexCopy(self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  checkTensor('indexCopy', 'self', self);
  return scatter(self, dim, copyIndex('indexCopy', self, dim, index, source), source);
}

/** `indexCopy` in place. */
export function indexCopy_(self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  checkTensor('indexCopy_', 'self', self);
  return scatter_(self, dim, copyIndex('indexCopy_', self, dim, index, source), source);
}

/** The index of slices, as that of a scatter over `source`. */
function copyIndex(op: string, self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = wrapDim(op, dim, self.ndim);
  checkSlices(op, self, d, index, source);
  checkSameDType(op, 'source', self, source);
  const { shape } = lift(source);
  const column = shape.map((n, i) => (i === d ? n : 1));
  return expand(view(plainIndex(op, self, d, index, false), column), shape);
}

/**
 * A copy of `self` with slices filled: slice `index[i]` across `dim` becomes `value`, a number or a 0-d tensor. Negative indices
 * count from the end. Composed of `maskedFill`, so that a slice named twice counts once in the gradient of `value`.
 *
 * @throws IndexError when an index is out of range; ShapeError when value has dimensions; ValueError when the dtype cannot hold it
 */
export function indexFill(self: Tensor, dim: number, index: Tensor, value: Operand): Tensor {
  checkTensor('indexFill', 'self', self);
  const [mask, from] = fillArguments('indexFill', self, dim, index, value);
  return maskedFill(self, mask, from);
}

/** `indexFill` in place. */
export function indexFill_(self: Tensor, dim: number, index: Tensor, value: Operand): Tensor {
  checkTensor('indexFill_', 'self', self);
  const [mask, from] = fillArguments('indexFill_', self, dim, index, value);
  checkNoOverlap('indexFill_', self);
  return maskedFill_(self, mask, from);
}

function fillArguments(op: string, self: Tensor, dim: number, index: Tensor, value: Operand): [Tensor, Operand] {
  const d = wrapDim(op, dim, self.ndim);
  checkVector(op, index);
  const from = operand(op, 'value', value);
  checkValue(op, from, self.dtype);
  return [slicesMask(op, self, d, index), typeof from === 'number' ? from : to(from, self.dtype)];
}

/** True at the slices that `index` names, of size 1 in the other dimensions. */
function slicesMask(op: string, self: Tensor, dim: number, index: Tensor): Tensor {
  const size = lift(self).shape[dim];
  const at = plainIndex(op, self, dim, index, true);
  const mask = allocateZeros([size], 'bool');
  scatterInto(op, mask, 0, lift(at).shape === at.shape ? at : view(at, [1]), 1);
  return view(
    mask,
    self.shape.map((_, d) => (d === dim ? size : 1)),
  );
}

// --------------------------------------------------------------------------------------------------------- coordinates

function takeCoordinates(op: string): IndexOps['index'] {
  return (self, indices) => {
    const layout = indexLayout(op, self, indices);
    const out = allocate(layout.shape, self.dtype);
    runTake(self, indexPlaces(op, self, indices, layout), out);
    return out;
  };
}

const indexForward = takeCoordinates('index');
const takeForward = takeCoordinates('take');

/**
 * One entry per dimension: bool masks as the coordinates of what is true in them, and null where there is no index.
 *
 * @throws DTypeError when an index is neither integer nor bool; IndexError when a mask's shape is not that of the dimensions
 * that it covers, or there are too many
 */
function perDimension(
  op: string,
  self: Tensor,
  indices: readonly (Tensor | null | undefined)[],
): readonly (Tensor | null)[] {
  needList(op, 'indices', indices);
  const out: (Tensor | null)[] = [];
  for (const index of indices) {
    if (index === null || index === undefined) out.push(null);
    else if (!isTensor(index) || isFloating(index.dtype) || index.dtype === 'uint8') {
      throw new DTypeError(
        `tensors used as indices must be int32, int64 or bool, but got ${isTensor(index) ? index.dtype : typeof index}`,
        { op, operands: { index } },
      );
    } else if (index.dtype === 'bool') {
      if (index.ndim === 0) throw new IndexError('a mask must have dimensions; use at() for a 0-d one', { op });
      checkMaskShape(op, self, index, out.length);
      out.push(...coordinates(index));
    } else out.push(index);
  }
  if (out.length > self.ndim) {
    throw new IndexError(`too many indices for tensor of dimension ${self.ndim} (got ${out.length})`, {
      op,
      operands: { self: self.shape, indices: out.length },
    });
  }
  while (out.length < self.ndim) out.push(null);
  return out;
}

/** @throws IndexError unless `mask` has the sizes of self's dimensions from `dim` on */
export function checkMaskShape(op: string, self: Tensor, mask: Tensor, dim: number): void {
  if (dim + mask.ndim > self.ndim) {
    throw new IndexError(`too many indices for tensor of dimension ${self.ndim} (got ${dim + mask.ndim})`, {
      op,
      operands: { self: self.shape, mask: mask.shape, dim },
    });
  }
  for (let d = 0; d < mask.ndim; d++) {
    if (mask.shape[d] !== self.shape[dim + d]) {
      throw new IndexError(
        `the shape of the mask ${formatShape(mask.shape)} at index ${d} does not match the shape of the indexed tensor ` +
          `${formatShape(self.shape)} at index ${dim + d}`,
        { op, operands: { self: self.shape, mask: mask.shape, dim } },
      );
    }
  }
}

/**
 * Elements at coordinates: one index tensor per dimension, null for a dimension taken whole; a bool mask stands for the
 * coordinates of what is true in it, and covers as many dimensions as it has. Indices broadcast together; their common shape
 * takes the place of the dimensions that they index if these are adjacent, and comes first if not. `x.at(…)` is the
 * convenient form.
 *
 * @throws IndexError when an index is out of range, a mask does not fit, or indices do not broadcast together
 *
 * @example
 * index(tensor([[1, 2], [3, 4]]), [tensor([0, 1], { dtype: 'int32' }), tensor([1, 0], { dtype: 'int32' })]); // [2, 3]
 */
export function index(self: Tensor, indices: readonly (Tensor | null)[]): Tensor {
  checkTensor('index', 'self', self);
  return dispatch('index', indexForward, [self, perDimension('index', self, indices)]);
}

/** Elements of the flattened `self`, in the shape of `index`. Negative indices count from the end. */
export function take(self: Tensor, index: Tensor): Tensor {
  checkIndex('take', index);
  return dispatch('index', takeForward, [reshape(self, [-1]), [index]]);
}

function putCoordinates(
  op: string,
  target: Tensor,
  indices: readonly (Tensor | null)[],
  values: Tensor,
  accumulate: boolean,
): void {
  const layout = indexLayout(op, target, indices);
  const places = indexPlaces(op, target, indices, layout);
  const strides = broadcastStrides(values.shape, values.strides, layout.shape);
  const from = { array: values.array, strides, offset: values.offset };
  if (accumulate) runAddAt(target, places, from, 1);
  else runPut(target, places, from);
}

const indexPutForward: IndexOps['indexPut'] = (self, indices, values, accumulate) => {
  const out = copyOf(self);
  putCoordinates('indexPut', out, indices, values, accumulate);
  return out;
};

export interface IndexPutOptions {
  /** Add to what is there, as often as a place is named. Default false: of several writes the last stays. */
  readonly accumulate?: boolean;
}

function indexPutArguments(
  op: string,
  self: Tensor,
  indices: readonly (Tensor | null)[],
  values: Operand,
  accumulate: boolean | IndexPutOptions | undefined,
): [readonly (Tensor | null)[], Tensor, boolean] {
  const [sum = false] = named<[boolean]>(op, ['accumulate'], [accumulate]);
  const at = perDimension(op, self, indices);
  const v = operand(op, 'values', values);
  if (typeof v === 'number') checkHolds(op, self.dtype, v);
  const from = typeof v === 'number' ? scalarTensor(v, self.dtype) : v;
  checkSameDType(op, 'values', self, from);
  const { shape } = indexLayout(op, self, at);
  const lead = shape.length - from.ndim;
  if (lead < 0 || from.shape.some((n, d) => n !== 1 && n !== shape[lead + d])) {
    throw new ShapeError(
      `shape mismatch: value tensor of shape ${formatShape(from.shape)} cannot be broadcast to indexing result of shape ` +
        formatShape(shape),
      { op, operands: { values: from.shape, result: shape } },
    );
  }
  return [at, from, sum];
}

/**
 * A copy of `self` with elements at coordinates replaced by `values`, which broadcast to the shape of `index(self, indices)`; or,
 * with `accumulate`, added to.
 *
 * @throws IndexError as `index` does; ShapeError, DTypeError when values do not fit
 */
export function indexPut(
  self: Tensor,
  indices: readonly (Tensor | null)[],
  values: Operand,
  accumulate?: boolean | IndexPutOptions,
): Tensor {
  checkTensor('indexPut', 'self', self);
  const [at, from, sum] = indexPutArguments('indexPut', self, indices, values, accumulate);
  return dispatch('indexPut', indexPutForward, [self, at, from, sum]);
}

/** `indexPut` in place. */
export function indexPut_(
  self: Tensor,
  indices: readonly (Tensor | null)[],
  values: Operand,
  accumulate?: boolean | IndexPutOptions,
): Tensor {
  checkTensor('indexPut_', 'self', self);
  const [at, from, sum] = indexPutArguments('indexPut_', self, indices, values, accumulate);
  return dispatchInPlace('indexPut', [self, at, from, sum], self, () => {
    const apart = at.map((entry) => (entry === null ? null : separate(entry, self)));
    putCoordinates('indexPut_', self, apart, separate(from, self), sum);
  });
}

// --------------------------------------------------------------------------------------------------------------- masks

/** Tensors of fewer elements are walked through as they are. */
const MIN_COPIED = 256;

const maskedSelectForward: IndexOps['maskedSelect'] = (self, mask) => {
  const shape = broadcastShapes('maskedSelect', self.shape, mask.shape);
  const size = sizeOf(shape);
  const count = size === 0 ? 0 : runCountNonzero(mask) * (size / sizeOf(mask.shape));
  const out = allocate([count], self.dtype);
  reference.maskedSelect(self, mask, shape, out);
  return out;
};

/**
 * The elements where `mask` is true, in row-major order, as a vector. Both broadcast.
 *
 * @throws DTypeError when the mask is not bool
 */
export function maskedSelect(self: Tensor, mask: Tensor): Tensor {
  checkTensor('maskedSelect', 'self', self);
  checkMask('maskedSelect', mask);
  broadcastShapes('maskedSelect', self.shape, mask.shape);
  return dispatch('maskedSelect', maskedSelectForward, [self, mask]);
}

/** What kernels walk through: large tensors that are no run are copied into one. */
const walkable = (self: Tensor): Tensor => (sizeOf(self.shape) < MIN_COPIED ? self : contiguous(self));

const nonzeroForward: IndexOps['nonzero'] = (self) => {
  const run = walkable(self);
  const out = allocate([runCountNonzero(run), self.shape.length], 'int32');
  runNonzero(run, out);
  return out;
};

/** One vector of coordinates a dimension. */
function coordinates(self: Tensor): Tensor[] {
  const run = walkable(self);
  const ndim = self.shape.length;
  const count = runCountNonzero(run);
  const out = allocate([ndim, count], 'int32');
  runNonzero(run, makeView(out, [count, ndim], [1, count], 0));
  return Array.from({ length: ndim }, (_, d) => makeView(out, [count], [1], d * count));
}

export interface NonzeroOptions {
  /** Return one vector a dimension, fit to be indices. Default false. */
  readonly asTuple?: boolean;
}

/**
 * Coordinates of the elements that are not 0, in row-major order: `[n, ndim]` of int32; or, with `asTuple`, a list of `ndim`
 * vectors (of one for a 0-d tensor).
 *
 * @example
 * nonzero(tensor([[0, 1], [2, 0]])); // tensor([[0, 1], [1, 0]])
 */
export function nonzero(self: Tensor, options?: { readonly asTuple?: false }): Tensor;
export function nonzero(self: Tensor, options: { readonly asTuple: true }): Tensor[];
export function nonzero(self: Tensor, options?: NonzeroOptions): Tensor | Tensor[];
export function nonzero(self: Tensor, options?: NonzeroOptions): Tensor | Tensor[] {
  checkTensor('nonzero', 'self', self);
  const [asTuple = false] = named<[boolean]>('nonzero', ['asTuple'], [options]);
  if (asTuple) return coordinates(self.ndim === 0 ? unsqueeze(self, 0) : self);
  return dispatch('nonzero', nonzeroForward, [self]);
}
