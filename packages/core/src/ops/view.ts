/**
 * Views: the same storage under another layout, without a copy. Writing to a view writes to what it was taken from.
 * `reshape` and `flatten` copy where no view can do it.
 */

import { allocateZeros, makeView } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { IndexError, ShapeError, show, ValueError } from '../errors.ts';
import { runBinary, runCopy } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { formatShape, offsets, sizeOf, viewStrides, wrapDim } from '../layout.ts';
import { mapped, range, repeated } from '../lists.ts';
import { isOptions, named, needList } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { clone, contiguous } from './elementwise.ts';
import type { ViewOps } from './list.ts';
import { checkSlice } from './places.ts';
import { checkTensor } from './tensors.ts';

// ---------------------------------------------------------------------------------------------------------- new shapes

const viewForward: ViewOps['view'] = (self, shape) => {
  const strides = viewStrides(self.shape, self.strides, shape);
  if (strides === null) {
    throw new ShapeError(
      `size ${formatShape(shape)} is not compatible with input tensor's size ${formatShape(self.shape)} and stride ` +
        `${formatShape(self.strides)} (at least one dimension spans across two contiguous subspaces); use reshape() instead`,
      { op: 'view', operands: { self: self.shape, strides: self.strides, shape } },
    );
  }
  return makeView(self, shape, strides, self.offset);
};

/** `shape` with its one -1 filled in. */
function inferShape(op: string, self: Tensor, shape: Shape): readonly number[] {
  needList(op, 'shape', shape);
  const size = sizeOf(self.shape);
  let unknown = -1;
  let known = 1;
  for (let i = 0; i < shape.length; i++) {
    const n = shape[i];
    if (n === -1) {
      if (unknown >= 0) throw new ShapeError('only one dimension can be inferred', { op, operands: { shape } });
      unknown = i;
    } else if (!Number.isInteger(n) || n < 0) {
      throw new ShapeError(`invalid shape dimension ${n} in ${formatShape(shape)}`, { op, operands: { shape } });
    } else known *= n;
  }
  const out = [...shape];
  if (unknown >= 0) {
    if (known === 0 && size === 0) {
      throw new ShapeError(
        `cannot reshape a tensor of 0 elements into shape ${formatShape(shape)}, because the unspecified dimension size ` +
          '-1 can be any value and is ambiguous',
        { op, operands: { shape } },
      );
    }
    out[unknown] = size / known;
    known *= out[unknown];
  }
  if (known !== size || (unknown >= 0 && !Number.isInteger(out[unknown]))) {
    throw new ShapeError(`shape ${formatShape(shape)} is invalid for input of size ${size}`, {
      op,
      operands: { self: self.shape, shape },
    });
  }
  return out;
}

/**
 * A view of another shape; one size may be -1 and is inferred.
 *
 * @throws ShapeError when the number of elements differs, or the strides allow no view (`reshape` copies then)
 */
export function view(self: Tensor, shape: Shape): Tensor {
  return dispatch('view', viewForward, [self, inferShape('view', self, shape)]);
}

/** `view` where the strides allow one, a copy otherwise. */
export function reshape(self: Tensor, shape: Shape): Tensor {
  const target = inferShape('reshape', self, shape);
  if (viewStrides(self.shape, self.strides, target) !== null) return dispatch('view', viewForward, [self, target]);
  return dispatch('unsafeView', viewForward, [clone(self), target]);
}

/** `view` of a tensor that has just been computed and that nobody else holds: PyTorch's `_unsafe_view`. */
export function unsafeView(self: Tensor, shape: Shape): Tensor {
  return dispatch('unsafeView', viewForward, [self, inferShape('unsafeView', self, shape)]);
}

/** `reshape` to the shape of `other`. */
export function reshapeAs(self: Tensor, other: Tensor): Tensor {
  checkTensor('reshapeAs', 'self', self);
  checkTensor('reshapeAs', 'other', other);
  return reshape(self, other.shape);
}

/** All elements in one contiguous dimension: a view where `self` is contiguous, a copy otherwise. */
export function ravel(self: Tensor): Tensor {
  checkTensor('ravel', 'self', self);
  return view(contiguous(self), [-1]);
}

/** `view` in the shape of `other`. */
export function viewAs(self: Tensor, other: Tensor): Tensor {
  checkTensor('viewAs', 'self', self);
  checkTensor('viewAs', 'other', other);
  return view(self, other.shape);
}

export interface FlattenOptions {
  readonly startDim?: number;
  readonly endDim?: number;
}

/** Dimensions `startDim` to `endDim` (by default all) as one. */
export function flatten(self: Tensor, startDim?: number | FlattenOptions, endDim?: number | FlattenOptions): Tensor {
  checkTensor('flatten', 'self', self);
  const [from = 0, to = -1] = named<[number, number]>('flatten', ['startDim', 'endDim'], [startDim, endDim]);
  const start = wrapDim('flatten', from, self.ndim);
  const end = wrapDim('flatten', to, self.ndim);
  if (start > end) {
    throw new ValueError(`startDim must not come after endDim, but got ${from} and ${to}`, { op: 'flatten' });
  }
  if (self.ndim === 0) return reshape(self, [1]);
  if (start === end) return self;
  const middle = sizeOf(self.shape.slice(start, end + 1));
  return reshape(self, [...self.shape.slice(0, start), middle, ...self.shape.slice(end + 1)]);
}

/** One dimension as several, of which one may be -1. */
export function unflatten(self: Tensor, dim: number, sizes: Shape): Tensor {
  checkTensor('unflatten', 'self', self);
  needDims('unflatten', self);
  const at = wrapDim('unflatten', dim, self.ndim);
  needList('unflatten', 'sizes', sizes);
  if (sizes.length === 0) throw new ShapeError('sizes must not be empty', { op: 'unflatten', operands: { sizes } });
  const known = sizes.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const filled = sizes.map((n) => (n === -1 ? self.shape[at] / known : n));
  if (!filled.every((n) => Number.isInteger(n) && n >= 0) || sizeOf(filled) !== self.shape[at]) {
    throw new ShapeError(`sizes ${formatShape(sizes)} don't multiply up to ${self.shape[at]}, the size of dim ${dim}`, {
      op: 'unflatten',
      operands: { self: self.shape, dim, sizes },
    });
  }
  return view(self, [...self.shape.slice(0, at), ...filled, ...self.shape.slice(at + 1)]);
}

// ---------------------------------------------------------------------------------------------------- order of dimensions

const transposeForward: ViewOps['transpose'] = (self, a, b) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  [shape[a], shape[b]] = [shape[b], shape[a]];
  [strides[a], strides[b]] = [strides[b], strides[a]];
  return makeView(self, shape, strides, self.offset);
};

/** A view with two dimensions exchanged. */
export function transpose(self: Tensor, dim0: number, dim1: number): Tensor {
  checkTensor('transpose', 'self', self);
  const a = wrapDim('transpose', dim0, self.ndim);
  const b = wrapDim('transpose', dim1, self.ndim);
  if (self.ndim === 0) return alias(self);
  return dispatch('transpose', transposeForward, [self, a, b]);
}

const tForward: ViewOps['t'] = (self) => (self.ndim < 2 ? aliasForward(self) : transposeForward(self, 0, 1));

/**
 * The transpose of a matrix; what has less than two dimensions is returned as it is.
 *
 * @throws ShapeError for more than two dimensions
 */
export function t(self: Tensor): Tensor {
  checkTensor('t', 'self', self);
  if (self.ndim > 2) {
    throw new ShapeError(`expects a tensor with at most 2 dimensions, but self is ${self.ndim}D`, {
      op: 't',
      operands: { self: self.shape },
    });
  }
  return dispatch('t', tForward, [self]);
}

const permuteForward: ViewOps['permute'] = (self, dims) =>
  makeView(
    self,
    mapped(dims, (d) => self.shape[d]),
    mapped(dims, (d) => self.strides[d]),
    self.offset,
  );

/** A view with dimensions in another order: output dimension i is input dimension `dims[i]`. */
export function permute(self: Tensor, dims: Shape): Tensor {
  needList('permute', 'dims', dims);
  if (dims.length !== self.ndim) {
    throw new ShapeError(`number of dims ${dims.length} does not match the ${self.ndim} of the tensor`, {
      op: 'permute',
      operands: { self: self.shape, dims },
    });
  }
  const wrapped = mapped(dims, (d) => wrapDim('permute', d, self.ndim));
  if (new Set(wrapped).size !== wrapped.length) {
    throw new ShapeError(`repeated dim in ${formatShape(dims)}`, { op: 'permute', operands: { dims } });
  }
  return dispatch('permute', permuteForward, [self, wrapped]);
}

/** A view with dimensions `source` moved to the places `destination`, the others in their order. */
export function movedim(
  self: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  checkTensor('movedim', 'self', self);
  const from = [source].flat().map((d) => wrapDim('movedim', d as number, self.ndim));
  const to = [destination].flat().map((d) => wrapDim('movedim', d as number, self.ndim));
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
    throw new ShapeError(
      `source [${from.join(', ')}] and destination [${to.join(', ')}] must be as many, each named once`,
      {
        op: 'movedim',
      },
    );
  }
  // Its one dimension may be named, and there is none to permute.
  if (self.ndim === 0) return permute(self, []);
  const order = repeated(-1, self.ndim);
  from.forEach((d, i) => {
    order[to[i]] = d;
  });
  const rest = range(self.ndim).filter((d) => !from.includes(d));
  return permute(
    self,
    order.map((d) => (d >= 0 ? d : (rest.shift() as number))),
  );
}

// ------------------------------------------------------------------------------------------------------- parts of a tensor

/** @throws IndexError for a tensor without dimensions, which has no parts */
function needDims(op: string, self: Tensor): void {
  if (self.ndim === 0) {
    throw new IndexError('cannot be applied to a 0-dim tensor, which has no dimension to take parts of', {
      op,
      operands: { self: self.shape },
    });
  }
}

const selectForward: ViewOps['select'] = (self, dim, index) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  const offset = self.offset + index * strides[dim];
  shape.splice(dim, 1);
  strides.splice(dim, 1);
  return makeView(self, shape, strides, offset);
};

/** A view of one entry along `dim`, which goes away. A negative index counts from the end. */
export function select(self: Tensor, dim: number, index: number): Tensor {
  checkTensor('select', 'self', self);
  needDims('select', self);
  const d = wrapDim('select', dim, self.ndim);
  const size = self.shape[d];
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(`index ${index} is out of bounds for dimension ${d} with size ${size}`, {
      op: 'select',
      operands: { index, dim: d, size },
    });
  }
  return dispatch('select', selectForward, [self, d, index < 0 ? index + size : index]);
}

const sliceForward: ViewOps['slice'] = (self, dim, start, end, step) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  shape[dim] = Math.max(Math.ceil((end - start) / step), 0);
  strides[dim] *= step;
  return makeView(self, shape, strides, self.offset + start * self.strides[dim]);
};

/** A view of `start, start + step, …` up to and without `end` along `dim`. Bounds are clamped, as Python's are. */
export function sliceDim(
  self: Tensor,
  dim: number,
  start: number | null = null,
  end: number | null = null,
  step = 1,
): Tensor {
  checkTensor('sliceDim', 'self', self);
  needDims('slice', self);
  const d = wrapDim('slice', dim, self.ndim);
  checkSlice(start, end, step);
  const size = self.shape[d];
  const clampBound = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size);
  const from = clampBound(start ?? 0);
  const to = Math.max(clampBound(end ?? size), from);
  return dispatch('slice', sliceForward, [self, d, from, to, step]);
}

/** A view of `length` entries along `dim`, from `start`. */
export function narrow(self: Tensor, dim: number, start: number, length: number): Tensor {
  checkTensor('narrow', 'self', self);
  needDims('narrow', self);
  const d = wrapDim('narrow', dim, self.ndim);
  const size = self.shape[d];
  const from = start < 0 ? start + size : start;
  if (!Number.isInteger(start) || !Number.isInteger(length) || length < 0 || from < 0 || from + length > size) {
    throw new IndexError(`start (${start}) + length (${length}) exceeds dimension size (${size})`, {
      op: 'narrow',
      operands: { dim: d, start, length, size },
    });
  }
  return dispatch('slice', sliceForward, [self, d, from, from + length, 1]);
}

const diagonalForward: ViewOps['diagonal'] = (self, offset, dim1, dim2) => {
  const rows = self.shape[dim1];
  const columns = self.shape[dim2];
  const length = Math.max(offset >= 0 ? Math.min(rows, columns - offset) : Math.min(rows + offset, columns), 0);
  let start = self.offset;
  if (length > 0) start += offset >= 0 ? offset * self.strides[dim2] : -offset * self.strides[dim1];
  const keep = (_: number, d: number): boolean => d !== dim1 && d !== dim2;
  return makeView(
    self,
    [...self.shape.filter(keep), length],
    [...self.strides.filter(keep), self.strides[dim1] + self.strides[dim2]],
    start,
  );
};

export interface DiagonalOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/** A view of the diagonal of the plane `dim1`, `dim2`, as a last dimension; `offset` > 0 lies above the main one. */
export function diagonal(
  self: Tensor,
  offset?: number | DiagonalOptions,
  dim1?: number | DiagonalOptions,
  dim2?: number | DiagonalOptions,
): Tensor {
  checkTensor('diagonal', 'self', self);
  const [o = 0, a = 0, b = 1] = named<[number, number, number]>(
    'diagonal',
    ['offset', 'dim1', 'dim2'],
    [offset, dim1, dim2],
  );
  const d1 = wrapDim('diagonal', a, self.ndim);
  const d2 = wrapDim('diagonal', b, self.ndim);
  if (d1 === d2) throw new ValueError(`dimensions cannot be identical, but got ${a} and ${b}`, { op: 'diagonal' });
  if (!Number.isInteger(o)) throw new ValueError(`offset must be an integer, but got ${o}`, { op: 'diagonal' });
  return dispatch('diagonal', diagonalForward, [self, o, d1, d2]);
}

const unfoldForward: ViewOps['unfold'] = (self, dim, size, step) => {
  if (self.ndim === 0) return makeView(self, [size], [1], self.offset);
  const shape = [...self.shape];
  const strides = [...self.strides];
  shape[dim] = Math.floor((shape[dim] - size) / step) + 1;
  shape.push(size);
  strides.push(strides[dim]);
  strides[dim] *= step;
  return makeView(self, shape, strides, self.offset);
};

/** A view of all windows of `size` along `dim`, `step` apart; the window becomes the last dimension. */
export function unfold(self: Tensor, dim: number, size: number, step: number): Tensor {
  checkTensor('unfold', 'self', self);
  const d = wrapDim('unfold', dim, self.ndim);
  const length = self.ndim === 0 ? 1 : self.shape[d];
  if (!Number.isInteger(size) || size < 0 || size > length) {
    throw new ShapeError(`maximum size for tensor at dimension ${d} is ${length} but size is ${size}`, {
      op: 'unfold',
      operands: { dim: d, size, length },
    });
  }
  if (!Number.isInteger(step) || step < 1) throw new ValueError(`step is ${step} but must be > 0`, { op: 'unfold' });
  return dispatch('unfold', unfoldForward, [self, d, size, step]);
}

// --------------------------------------------------------------------------------------------------- dimensions of size 1

const squeezeForward: ViewOps['squeeze'] = (self, dims) => {
  const keep = (_: number, d: number): boolean => !dims.includes(d);
  return makeView(self, self.shape.filter(keep), self.strides.filter(keep), self.offset);
};

/** A view without dimensions of size 1: all of them, or those named in `dim` that have it. */
export function squeeze(self: Tensor, dim?: number | readonly number[] | { dim?: number | readonly number[] }): Tensor {
  checkTensor('squeeze', 'self', self);
  const [named_] = named<[number | readonly number[]]>('squeeze', ['dim'], [dim]);
  const all = named_ === undefined || named_ === null;
  const candidates = all
    ? self.shape.map((_, d) => d)
    : [named_].flat().map((d) => wrapDim('squeeze', d as number, self.ndim));
  candidates.sort((a, b) => a - b); // as the derivative puts them back
  const twice = candidates.find((d, i) => candidates.indexOf(d) !== i);
  if (twice !== undefined) {
    throw new ShapeError(
      `dim ${twice} appears multiple times in the list of dims ${formatShape([named_].flat() as number[])}`,
      {
        op: 'squeeze',
        operands: { dim: named_ },
      },
    );
  }
  return dispatch('squeeze', squeezeForward, [self, candidates.filter((d) => self.shape[d] === 1), all]);
}

const unsqueezeForward: ViewOps['unsqueeze'] = (self, dim) => {
  const shape = [...self.shape];
  const strides = [...self.strides];
  strides.splice(dim, 0, dim < shape.length ? shape[dim] * strides[dim] : 1);
  shape.splice(dim, 0, 1);
  return makeView(self, shape, strides, self.offset);
};

/** A view with a dimension of size 1 put in at `dim`. */
export function unsqueeze(self: Tensor, dim: number | { dim: number }): Tensor {
  checkTensor('unsqueeze', 'self', self);
  const [d] = isOptions(dim) ? named<[number]>('unsqueeze', ['dim'], [dim]) : [dim];
  return dispatch('unsqueeze', unsqueezeForward, [self, wrapDim('unsqueeze', d as number, self.ndim + 1)]);
}

const expandForward: ViewOps['expand'] = (self, shape) => {
  const lead = shape.length - self.ndim;
  const strides = repeated(0, shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    const d = i - lead;
    if (d >= 0) strides[i] = self.shape[d] === 1 && shape[i] !== 1 ? 0 : self.strides[d];
    // A new dimension of size 1 gets the stride that a contiguous tensor would have there, as in PyTorch.
    else strides[i] = shape[i] !== 1 || self.ndim === 0 ? 0 : shape[i + 1] * strides[i + 1];
  }
  return makeView(self, shape, strides, self.offset);
};

/** A view in which dimensions of size 1 repeat, with stride 0; -1 keeps a size. New dimensions may be put in front. */
export function expand(self: Tensor, shape: Shape): Tensor {
  needList('expand', 'shape', shape);
  const lead = shape.length - self.ndim;
  if (lead < 0) {
    throw new ShapeError(
      `the number of sizes provided (${shape.length}) must be greater or equal to the number of dimensions (${self.ndim})`,
      { op: 'expand', operands: { self: self.shape, shape } },
    );
  }
  const target = mapped(shape, (n, i) => {
    const own = i < lead ? null : self.shape[i - lead];
    if (n === -1 && own !== null) return own;
    if (!Number.isInteger(n) || n < 0 || (own !== null && own !== 1 && own !== n)) {
      throw new ShapeError(
        `the expanded size of the tensor (${n}) must match the existing size (${own ?? 'none'}) at dimension ${i}; target ` +
          `sizes ${formatShape(shape)}, tensor sizes ${formatShape(self.shape)}`,
        { op: 'expand', operands: { self: self.shape, shape } },
      );
    }
    return n;
  });
  return dispatch('expand', expandForward, [self, target]);
}

/** `expand` to the shape of `other`. */
export function expandAs(self: Tensor, other: Tensor): Tensor {
  checkTensor('expandAs', 'self', self);
  checkTensor('expandAs', 'other', other);
  return expand(self, other.shape);
}

/** Views of all tensors, expanded to their common shape. */
export function broadcastTensors(...tensors: readonly Tensor[]): Tensor[] {
  const op = 'broadcastTensors';
  const shape = tensors.reduce<Shape>(
    (common, x) => broadcastPair(op, common, checkTensor(op, 'an entry', x).shape),
    [],
  );
  return tensors.map((x) => expand(x, shape));
}

/** `expand`, named as `torch.broadcast_to`. */
export function broadcastTo(self: Tensor, shape: Shape): Tensor {
  return expand(self, shape);
}

function broadcastPair(op: string, a: Shape, b: Shape): Shape {
  const ndim = Math.max(a.length, b.length);
  return range(ndim).map((i) => {
    const na = a[i - ndim + a.length] ?? 1;
    const nb = b[i - ndim + b.length] ?? 1;
    if (na !== nb && na !== 1 && nb !== 1) {
      throw new ShapeError(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`, {
        op,
        operands: { a, b },
      });
    }
    return na === 1 ? nb : na;
  });
}

// -------------------------------------------------------------------------------------------------------------- any layout

const asStridedForward: ViewOps['asStrided'] = (self, shape, strides, offset) => makeView(self, shape, strides, offset);

/**
 * A view of the storage of `self` under any shape, strides and storage offset (by default that of `self`).
 *
 * @throws ShapeError when some element would lie outside the storage
 */
export function asStrided(
  self: Tensor,
  size: Shape,
  stride: Shape,
  storageOffset?: number | null | { storageOffset?: number | null },
): Tensor {
  const [given] = named<[number | null]>('asStrided', ['storageOffset'], [storageOffset]);
  needList('asStrided', 'size', size);
  needList('asStrided', 'stride', stride);
  const offset = given ?? self.offset;
  const valid = (n: number): boolean => Number.isInteger(n) && n >= 0;
  if (size.length !== stride.length || !size.every(valid) || !stride.every(valid) || !valid(offset)) {
    throw new ShapeError(
      `size ${formatShape(size)} and stride ${formatShape(stride)} must be as many, and they and the offset ${offset} not negative`,
      { op: 'asStrided', operands: { size, stride, offset } },
    );
  }
  const last = size.reduce((at, n, i) => at + (n - 1) * stride[i], offset);
  if (sizeOf(size) > 0 && last >= self.storage.length) {
    throw new ShapeError(
      `size ${formatShape(size)}, stride ${formatShape(stride)} and offset ${offset} reach element ${last} of a storage of ` +
        `${self.storage.length}`,
      { op: 'asStrided', operands: { size, stride, offset, length: self.storage.length } },
    );
  }
  return dispatch('asStrided', asStridedForward, [self, [...size], [...stride], offset]);
}

const aliasForward: ViewOps['alias'] = (self) => makeView(self, self.shape, self.strides, self.offset);

/** A view of the same shape. */
export function alias(self: Tensor): Tensor {
  checkTensor('alias', 'self', self);
  return dispatch('alias', aliasForward, [self]);
}

// ------------------------------------------------------------------------------------------------------------ several views

const splitForward: ViewOps['split'] = (self, sizes, dim) => {
  let start = 0;
  return sizes.map((size) => {
    const part = sliceForward(self, dim, start, start + size, 1);
    start += size;
    return part;
  });
};

/**
 * Views of consecutive parts along `dim` (0 by default): parts of one size (the last may be smaller), or of the sizes listed.
 */
export function split(
  self: Tensor,
  splitSize: number | readonly number[],
  dim: number | { dim?: number } = 0,
): Tensor[] {
  checkTensor('split', 'self', self);
  const [d = 0] = named<[number]>('split', ['dim'], [dim]);
  needDims('split', self);
  const at = wrapDim('split', d, self.ndim);
  const size = self.shape[at];
  let sizes: number[];
  if (typeof splitSize === 'number') {
    if (!Number.isInteger(splitSize) || splitSize < 0 || (splitSize === 0 && size !== 0)) {
      throw new ValueError(`expects splitSize to be a positive integer, but got ${splitSize}`, { op: 'split' });
    }
    sizes = [];
    for (let rest = size; rest > 0 || sizes.length === 0; rest -= splitSize)
      sizes.push(Math.min(splitSize, Math.max(rest, 0)));
  } else {
    needList('split', 'splitSize', splitSize);
    sizes = [...splitSize];
    if (sizes.some((n) => !Number.isInteger(n) || n < 0) || sizes.reduce((a, b) => a + b, 0) !== size) {
      throw new ShapeError(
        `expects sizes to sum exactly to ${size} (the size of dim ${at}), but got ${formatShape(sizes)}`,
        {
          op: 'split',
          operands: { sizes, size },
        },
      );
    }
  }
  return dispatch('split', splitForward, [self, sizes, at]);
}

/** Views of at most `chunks` parts of equal size (the last may be smaller) along `dim`. */
export function chunk(
  self: Tensor,
  chunks: number | { chunks: number; dim?: number },
  dim?: number | { dim?: number },
): Tensor[] {
  const [parts, d = 0] = named<[number, number]>('chunk', ['chunks', 'dim'], [chunks, dim]);
  if (parts === undefined || !Number.isInteger(parts) || parts < 1) {
    throw new ValueError(`expects chunks to be greater than 0, but got ${show(parts)}`, { op: 'chunk' });
  }
  needDims('chunk', self);
  const size = self.shape[wrapDim('chunk', d, self.ndim)];
  if (size === 0) return split(self, new Array<number>(parts).fill(0), d);
  return split(self, Math.ceil(size / parts), d);
}

const unbindForward: ViewOps['unbind'] = (self, dim) =>
  Array.from({ length: self.shape[dim] }, (_, i) => selectForward(self, dim, i));

/** Views of all entries along `dim` (0 by default), which goes away. */
export function unbind(self: Tensor, dim: number | { dim?: number } = 0): Tensor[] {
  checkTensor('unbind', 'self', self);
  const [d = 0] = named<[number]>('unbind', ['dim'], [dim]);
  needDims('unbind', self);
  return dispatch('unbind', unbindForward, [self, wrapDim('unbind', d, self.ndim)]);
}

// ------------------------------------------------------------------------------------------------------- gradients of views

/** Zeros of `shape`, with `grad` copied into the part that `part` takes of it. */
function scatterInto(grad: Tensor, shape: Shape, part: (zeros: Tensor) => Tensor): Tensor {
  const out = allocateZeros(shape, grad.dtype);
  runCopy(grad, part(out));
  return out;
}

/** The same where parts overlap: contributions add up. */
function accumulateInto(grad: Tensor, shape: Shape, part: (zeros: Tensor) => Tensor): Tensor {
  const out = allocateZeros(shape, grad.dtype);
  const target = part(out);
  const apart = dimsApart(target);
  const [inner, outer] = [true, false].map((is) => apart.flatMap((own, d) => (own === is ? [d] : [])));
  const pick = (list: Shape, dims: readonly number[]): number[] => dims.map((d) => list[d]);
  // What does not overlap is added at once, for each of the places along the other dimensions.
  const add = (from: number, at: number): void => {
    const sizes = pick(grad.shape, inner);
    const into = makeView(out, sizes, pick(target.strides, inner), at);
    runBinary('add', into, makeView(grad, sizes, pick(grad.strides, inner), from), into, grad.dtype);
  };
  const places = pick(grad.shape, outer);
  const to = offsets(places, pick(target.strides, outer), target.offset);
  for (const from of offsets(places, pick(grad.strides, outer), grad.offset)) add(from, to.next().value as number);
  return out;
}

/** Along which dimensions a view never meets itself, all of these taken together: long ones first. */
function dimsApart({ shape, strides }: Tensor): boolean[] {
  const apart = shape.map((size) => size <= 1);
  const chosen: number[] = [];
  for (const d of shape.map((_, i) => i).sort((i, j) => shape[j] - shape[i])) {
    if (apart[d]) continue;
    const dims = [...chosen, d].sort((i, j) => strides[i] - strides[j]);
    let reach = 0;
    apart[d] = dims.every((i) => {
      const isFree = strides[i] > reach;
      reach += (shape[i] - 1) * strides[i];
      return isFree;
    });
    if (apart[d]) chosen.push(d);
  }
  return apart;
}

const selectBackwardForward: ViewOps['selectBackward'] = (grad, shape, dim, index) =>
  scatterInto(grad, shape, (out) => selectForward(out, dim, index));

/** Gradient of `select`. */
export function selectBackward(grad: Tensor, shape: Shape, dim: number, index: number): Tensor {
  return dispatch('selectBackward', selectBackwardForward, [grad, shape, dim, index]);
}

const sliceBackwardForward: ViewOps['sliceBackward'] = (grad, shape, dim, start, end, step) =>
  scatterInto(grad, shape, (out) => sliceForward(out, dim, start, end, step));

/** Gradient of `slice`. */
export function sliceBackward(
  grad: Tensor,
  shape: Shape,
  dim: number,
  start: number,
  end: number,
  step: number,
): Tensor {
  return dispatch('sliceBackward', sliceBackwardForward, [grad, shape, dim, start, end, step]);
}

const unfoldBackwardForward: ViewOps['unfoldBackward'] = (grad, shape, dim, size, step) =>
  accumulateInto(grad, shape, (out) => unfoldForward(out, dim, size, step));

/** Gradient of `unfold`: overlapping windows add up. */
export function unfoldBackward(grad: Tensor, shape: Shape, dim: number, size: number, step: number): Tensor {
  return dispatch('unfoldBackward', unfoldBackwardForward, [grad, shape, dim, size, step]);
}

const diagonalBackwardForward: ViewOps['diagonalBackward'] = (grad, shape, offset, dim1, dim2) =>
  scatterInto(grad, shape, (out) => diagonalForward(out, offset, dim1, dim2));

/** Gradient of `diagonal`. */
export function diagonalBackward(grad: Tensor, shape: Shape, offset: number, dim1: number, dim2: number): Tensor {
  return dispatch('diagonalBackward', diagonalBackwardForward, [grad, shape, offset, dim1, dim2]);
}

const asStridedBackwardForward: ViewOps['asStridedBackward'] = (grad, shape, strides, offset) =>
  accumulateInto(grad, shape, (out) => asStridedForward(out, grad.shape, strides, offset));

/** Gradient of `asStrided` of a contiguous tensor of `shape`: elements seen twice add up. */
export function asStridedBackward(grad: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  return dispatch('asStridedBackward', asStridedBackwardForward, [grad, shape, strides, offset]);
}
