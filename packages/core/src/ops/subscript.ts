/**
 * Subscripts, as PyTorch's square brackets: `x.at(0, slice(1, 3), '...', null, idx)` and `x.setAt([0, mask], value)`. Numbers,
 * slices, `null` and `'...'` make views; tensors, masks and lists of numbers gather what they name into a copy (`index`).
 *
 * Rules as in `torch/csrc/autograd/python_variable_indexing.cpp`, with one departure: a mask of several dimensions stands for as
 * many dimensions also when a number or a slice follows, as in NumPy. PyTorch 1.13 takes what follows for the mask's second
 * dimension, and then nearly always fails.
 */

import { allocateZeros, isTensor, modes } from '../base.ts';
import type { TypedArray } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, IndexError } from '../errors.ts';
import { formatShape } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import type { NestedArray } from './create.ts';
import { fromData } from './create.ts';
import { copy_, fill_, maskedFill_, to } from './elementwise.ts';
import { checkMaskShape, index, indexPut_, maskedSelect } from './index.ts';
import { checkSlice } from './places.ts';
import { checkTensor } from './tensors.ts';
import { alias, reshape, select, sliceDim, unsqueeze } from './view.ts';

/** Part of a dimension: what Python writes as `start:stop:step`. Made by `slice`. */
export class Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;

  constructor(start: number | null, stop: number | null, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
}

/**
 * `start:stop:step` of a subscript. What is left out or null is unbounded; negative bounds count from the end, and bounds beyond
 * the ends are clamped. Mind that `slice(2)` is `2:`, where Python's own `slice(2)` is `:2`.
 *
 * @throws ValueError when step is not a positive integer; IndexError when a bound is no integer
 *
 * @example
 * x.at(slice(1, 3)); // x[1:3]
 * x.at(slice(), slice(null, null, 2)); // x[:, ::2]
 */
export function slice(start?: number | null, stop?: number | null, step?: number | null): Slice {
  const every = step ?? 1;
  checkSlice(start ?? null, stop ?? null, every);
  return new Slice(start ?? null, stop ?? null, every);
}

/**
 * One entry of a subscript: a number (that entry), a slice, `'...'` (all dimensions that the others leave), null (a new dimension
 * of size 1), a tensor or list of indices, a bool mask, or a boolean (a new dimension of size 1, or 0 if false).
 */
export type Subscript = number | boolean | null | '...' | Slice | Tensor | TypedArray | readonly NestedArray[];

/** A subscript after its basic entries: a view, and what remains to be indexed by tensors. */
interface Resolved {
  readonly view: Tensor;
  /** As `index` takes them; empty when there are none. */
  readonly indices: readonly (Tensor | null)[];
}

/** A list of numbers as an int32 tensor, of booleans as a mask. */
function listIndex(op: string, data: TypedArray | readonly NestedArray[]): Tensor {
  const given = fromData(op, data as readonly NestedArray[], null);
  if (!Array.isArray(data) || given.dtype !== 'float32') return given;
  const numbers = fromData(op, data, 'float64');
  const fraction = (numbers.array as Float64Array).find((n) => !Number.isInteger(n));
  if (fraction !== undefined) {
    throw new IndexError(`indices must be integers, but got ${fraction}`, { op, operands: { index: data } });
  }
  return to(numbers, 'int32');
}

/** How many dimensions of self an entry stands for. */
function covered(entry: Subscript): number {
  if (typeof entry === 'number' || entry instanceof Slice) return 1;
  if (isTensor(entry)) return entry.dtype === 'bool' ? entry.ndim : 1;
  return 0;
}

/** Lists made tensors, and everything else checked for being a subscript at all. */
function readEntries(op: string, self: Tensor, subscripts: readonly Subscript[]): Subscript[] {
  let ellipses = 0;
  let count = 0;
  const entries = subscripts.map((entry): Subscript => {
    if (Array.isArray(entry) || ArrayBuffer.isView(entry)) {
      const tensor = listIndex(op, entry as readonly NestedArray[]);
      count += covered(tensor);
      return tensor;
    }
    if (entry === '...') ellipses++;
    else if (
      typeof entry !== 'number' &&
      typeof entry !== 'boolean' &&
      entry !== null &&
      !(entry instanceof Slice) &&
      !isTensor(entry)
    ) {
      throw new IndexError(
        `only numbers, slice(), '...', null, booleans, tensors and lists are valid indices, but got ${String(entry)}`,
        { op, operands: { entry } },
      );
    }
    count += covered(entry);
    return entry;
  });
  if (ellipses > 1) throw new IndexError("an index can only have a single ellipsis ('...')", { op });
  if (count > self.ndim) {
    throw new IndexError(
      self.ndim === 0
        ? 'invalid index of a 0-dim tensor; use item() to convert it to a number'
        : `too many indices for tensor of dimension ${self.ndim} (got ${count})`,
      { op, operands: { self: self.shape, count } },
    );
  }
  return entries;
}

function resolve(op: string, self: Tensor, subscripts: readonly Subscript[]): Resolved {
  const entries = readEntries(op, self, subscripts);
  const rest = entries.reduce<number>((left, entry) => left - covered(entry), self.ndim);
  const indices: (Tensor | null)[] = [];
  let view = self;
  let dim = 0; // of the view, which the next entry is for
  let source = 0; // the same dimension of self
  let tensors = 0;
  /** An entry that yields dimensions of its own. */
  const pass = (count: number): void => {
    for (let i = 0; i < count; i++) indices.push(null);
    dim += count;
  };
  for (let entry of entries) {
    if (isTensor(entry) && entry.ndim === 0 && !isFloating(entry.dtype) && entry.dtype !== 'uint8') {
      const value: number = Number(entry.item());
      entry = entry.dtype === 'bool' ? value !== 0 : value;
    }
    if (typeof entry === 'number') {
      view = selectEntry(op, view, dim, entry, source++);
    } else if (typeof entry === 'boolean') {
      view = unsqueeze(view, dim);
      indices.push(allocateZeros([entry ? 1 : 0], 'int32'));
      dim++;
      tensors++;
    } else if (entry === null) {
      view = unsqueeze(view, dim);
      pass(1);
    } else if (entry === '...') {
      pass(rest);
      source += rest;
    } else if (entry instanceof Slice) {
      view = sliceEntry(view, dim, entry);
      pass(1);
      source++;
    } else {
      const tensor = entry as Tensor;
      indices.push(tensor);
      const count = covered(tensor);
      dim += count;
      source += count;
      tensors++;
    }
  }
  return { view, indices: tensors > 0 ? indices : [] };
}

/** `select`, with the dimension named that the user sees. */
function selectEntry(op: string, view: Tensor, dim: number, entry: number, source: number): Tensor {
  const size = view.shape[dim];
  if (!Number.isInteger(entry) || entry < -size || entry >= size) {
    throw new IndexError(
      Number.isInteger(entry)
        ? `index ${entry} is out of bounds for dimension ${source} with size ${size}`
        : `indices must be integers, but got ${entry}`,
      { op, operands: { index: entry, dim: source, size } },
    );
  }
  return select(view, dim, entry);
}

/** A slice of everything adds no view, as in PyTorch. */
function sliceEntry(view: Tensor, dim: number, { start, stop, step }: Slice): Tensor {
  const size = view.shape[dim];
  const whole = step === 1 && (start === null || start === 0 || start <= -size) && (stop === null || stop >= size);
  return whole ? view : sliceDim(view, dim, start, stop, step);
}

/**
 * The mask, when the indices are one mask and nothing else: it need not become coordinates. Where a gradient is recorded it does,
 * so that the tape shows the op that PyTorch's shows.
 */
function soleMask(view: Tensor, indices: readonly (Tensor | null)[]): { mask: Tensor; dim: number } | null {
  if (modes.grad && view.requiresGrad) return null;
  const dim = indices.findIndex((entry) => entry !== null);
  const mask = indices[dim];
  if (mask === null || mask === undefined || mask.dtype !== 'bool') return null;
  return indices.every((entry, i) => i === dim || entry === null) ? { mask, dim } : null;
}

/**
 * What a subscript names: `x.at(0, slice(1, 3), '...', null, idx)` is Python's `x[0, 1:3, ..., None, idx]`. A view where all
 * entries are numbers, slices, null or `'...'`; a copy where a tensor, a mask, a list or a boolean is among them.
 *
 * Index tensors broadcast together; their common shape stands in the place of the dimensions that they index if these are
 * adjacent, and comes first if not. A mask covers as many dimensions as it has.
 *
 * @throws IndexError when an index is out of range, there are too many, a mask does not fit, or `'...'` occurs twice; DTypeError
 * for index tensors that are neither int32, int64 nor bool
 *
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * x.at(1); // tensor([4., 5., 6.])
 * x.at('...', -1); // tensor([3., 6.])
 * x.at([1, 0], slice(null, 2)); // tensor([[4., 5.], [1., 2.]])
 * x.at(x.gt(2)); // tensor([3., 4., 5., 6.])
 */
export function at(self: Tensor, ...subscripts: readonly Subscript[]): Tensor {
  checkTensor('at', 'self', self);
  const [first] = subscripts;
  if (subscripts.length === 1 && typeof first === 'number' && self.ndim > 0)
    return selectEntry('at', self, 0, first, 0);
  const { view, indices } = resolve('at', self, subscripts);
  if (indices.length === 0) return view === self ? alias(self) : view;
  const sole = soleMask(view, indices);
  if (sole !== null && sole.dim === 0 && sole.mask.ndim === view.ndim) {
    checkMaskShape('at', view, sole.mask, 0);
    return maskedSelect(view, sole.mask);
  }
  return index(view, indices);
}

/**
 * Writes to what a subscript names: `x.setAt([0, slice(1, 3)], value)` is Python's `x[0, 1:3] = value`. The value is a number, a
 * tensor or a list; it broadcasts, and where no index tensor is involved is cast. Of several writes to one place the last stays.
 *
 * @returns self
 * @throws IndexError as `at` does; ShapeError when the value does not broadcast to the place; DTypeError when index tensors are
 * used and the value is a tensor of another dtype
 *
 * @example
 * x.setAt([slice(), 0], 7); // first column
 * x.setAt([x.lt(0)], 0);
 */
export function setAt(
  self: Tensor,
  subscripts: readonly Subscript[],
  value: Tensor | NestedArray | TypedArray,
): Tensor {
  if (!Array.isArray(subscripts)) {
    throw new IndexError('expects the subscript as a list: setAt([0, slice(1, 3)], value)', { op: 'setAt' });
  }
  const { view, indices } = resolve('setAt', self, subscripts);
  const scalar = typeof value === 'number' || typeof value === 'boolean' ? Number(value) : null;
  if (indices.length === 0) {
    if (scalar !== null) fill_(view, scalar);
    else copy_(view, source(self, value));
  } else if (scalar !== null) setScalar(view, indices, scalar);
  else indexPut_(view, indices, source(self, value));
  return self;
}

function setScalar(view: Tensor, indices: readonly (Tensor | null)[], value: number): void {
  const sole = soleMask(view, indices);
  const castable = isFloating(view.dtype) || (view.dtype !== 'bool' && Number.isInteger(value));
  if (sole === null || !castable) {
    indexPut_(view, indices, value);
    return;
  }
  const { mask, dim } = sole;
  checkMaskShape('setAt', view, mask, dim);
  const after = view.ndim - dim - mask.ndim;
  maskedFill_(view, reshape(mask, [...mask.shape, ...new Array<number>(after).fill(1)]), value);
}

/** The value as a tensor, without leading dimensions of size 1, which the place need not have. */
function source(self: Tensor, value: Tensor | NestedArray | TypedArray): Tensor {
  if (value === null || value === undefined || typeof value === 'string') {
    throw new DTypeError(`cannot assign ${String(value)} to a tensor of shape ${formatShape(self.shape)}`, {
      op: 'setAt',
    });
  }
  const tensor = isTensor(value) ? value : fromData('setAt', value, self.dtype);
  let ones = 0;
  while (ones < tensor.ndim && tensor.shape[ones] === 1) ones++;
  return ones === 0 ? tensor : reshape(tensor, tensor.shape.slice(ones));
}
