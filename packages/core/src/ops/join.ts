/**
 * Tensors joined (`cat`, `stack` and their kin), rearranged (`flip`, `roll`), repeated and cut to a triangle. All copy; only
 * `meshgrid` returns views.
 */

import { allocate, isTensor } from '../base.ts';
import { dispatch, dispatchInPlace } from '../dispatch.ts';
import { type DType, isFloating, resultType } from '../dtype.ts';
import { DTypeError, IndexError, ShapeError, show, ValueError } from '../errors.ts';
import { runMove, runTriangle } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sameShape, sizeOf, wrapDim } from '../layout.ts';
import { listArgument, named, needList } from '../options.ts';
import * as reference from '../reference/join.ts';
import type { Tensor } from '../tensor.ts';
import { clone, to } from './elementwise.ts';
import { indexSelect } from './index.ts';
import type { IndexOps } from './list.ts';
import { checkNoOverlap, checkSameDType } from './places.ts';
import { checkTensor } from './tensors.ts';
import { diagonal, diagonalBackward, expand, flatten, reshape, unsqueeze, view } from './view.ts';

// ------------------------------------------------------------------------------------------------------------- joining

export interface DimOption {
  readonly dim?: number;
}

function checkTensors(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ValueError('expects a non-empty list of tensors', { op, operands: { tensors } });
  }
  tensors.forEach((t, i) => {
    if (!isTensor(t)) {
      throw new DTypeError(`expected tensors, but entry ${i} is ${t === null ? 'null' : typeof t}`, { op });
    }
  });
}

/** The dtype that all promote to; nearly always they have one already. */
function commonDType(tensors: readonly Tensor[]): DType {
  const { dtype } = tensors[0];
  return tensors.every((t) => t.dtype === dtype) ? dtype : resultType(...tensors);
}

const catForward: IndexOps['cat'] = (tensors, dim) => {
  const shape = [...tensors[0].shape];
  for (let i = 1; i < tensors.length; i++) shape[dim] += tensors[i].shape[dim];
  const out = allocate(shape, commonDType(tensors));
  reference.cat(tensors, dim, out, runMove);
  return out;
};

/**
 * Tensors one after the other along `dim` (0 by default). They have one shape but for `dim`; dtypes are promoted. As in PyTorch
 * an empty vector fits anywhere and is left out.
 *
 * @throws ShapeError when shapes differ apart from `dim`; ValueError for an empty list
 *
 * @example
 * cat([tensor([[1, 2]]), tensor([[3, 4]])], 1); // tensor([[1., 2., 3., 4.]])
 */
export function cat(tensors: readonly Tensor[], dim?: number | DimOption): Tensor {
  return join('cat', tensors, dim);
}

/** As `cat`. */
export function concat(tensors: readonly Tensor[], dim?: number | DimOption): Tensor {
  return join('concat', tensors, dim);
}

/** As `cat`. */
export function concatenate(tensors: readonly Tensor[], dim?: number | DimOption): Tensor {
  return join('concatenate', tensors, dim);
}

function join(op: string, tensors: readonly Tensor[], dim: number | DimOption | undefined): Tensor {
  const [given = 0] = named<[number]>(op, ['dim'], [dim]);
  checkTensors(op, tensors);
  tensors.forEach((t, i) => {
    if (t.ndim === 0) {
      throw new ShapeError(`zero-dimensional tensor (at position ${i}) cannot be concatenated; use stack`, { op });
    }
  });
  const isLegacy = (t: Tensor): boolean => t.ndim === 1 && t.shape[0] === 0;
  const first = tensors.find((t) => !isLegacy(t));
  if (first === undefined) return dispatch('cat', catForward, [tensors, 0]);
  const d = wrapDim(op, given, first.ndim);
  const kept = first.ndim === 1 ? tensors : tensors.filter((t) => !isLegacy(t));
  for (const { shape } of kept) {
    if (shape.length === first.ndim && shape.every((n, k) => k === d || n === first.shape[k])) continue;
    const at = tensors.findIndex((t) => t.shape === shape);
    throw new ShapeError(
      `tensors must have the same number of dimensions and the same sizes except in dimension ${d}, but got ` +
        `${formatShape(first.shape)} and ${formatShape(shape)} (tensor number ${at} in the list)`,
      { op, operands: { shapes: tensors.map((t) => t.shape), dim: d } },
    );
  }
  if (kept.length < tensors.length) {
    // What is left out still takes part in the promotion.
    const dtype = commonDType(tensors);
    if (commonDType(kept) !== dtype) return dispatch('cat', catForward, [kept.map((t) => to(t, dtype)), d]);
  }
  return dispatch('cat', catForward, [kept, d]);
}

const stackForward: IndexOps['stack'] = (tensors, dim) => {
  const shape = [...tensors[0].shape];
  shape.splice(dim, 0, tensors.length);
  const out = allocate(shape, commonDType(tensors));
  reference.stack(tensors, dim, out, runMove);
  return out;
};

/**
 * Tensors of one shape along a new dimension `dim` (0 by default); dtypes are promoted.
 *
 * @throws ShapeError when shapes differ; ValueError for an empty list
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])]); // tensor([[1., 2.], [3., 4.]])
 */
export function stack(tensors: readonly Tensor[], dim?: number | DimOption): Tensor {
  const [given = 0] = named<[number]>('stack', ['dim'], [dim]);
  checkTensors('stack', tensors);
  const { shape } = tensors[0];
  const d = wrapDim('stack', given, shape.length + 1);
  tensors.forEach((t, i) => {
    if (!sameShape(t.shape, shape)) {
      throw new ShapeError(
        `expects each tensor to be equal size, but got ${formatShape(shape)} at entry 0 and ${formatShape(t.shape)} at entry ${i}`,
        { op: 'stack', operands: { shapes: tensors.map((x) => x.shape) } },
      );
    }
  });
  return dispatch('stack', stackForward, [tensors, d]);
}

/** A view of at least one dimension. */
export function atleast1d(self: Tensor): Tensor {
  checkTensor('atleast1d', 'self', self);
  return self.ndim === 0 ? reshape(self, [1]) : self;
}

/** A view of at least two dimensions: a vector becomes a row. */
export function atleast2d(self: Tensor): Tensor {
  checkTensor('atleast2d', 'self', self);
  return self.ndim >= 2 ? self : unsqueeze(atleast1d(self), 0);
}

/** A view of at least three dimensions: a vector `[n]` becomes `[1, n, 1]`, a matrix `[n, m, 1]`. */
export function atleast3d(self: Tensor): Tensor {
  checkTensor('atleast3d', 'self', self);
  return self.ndim >= 3 ? self : unsqueeze(atleast2d(self), 2);
}

/** Tensors side by side: along dimension 1, vectors along 0. */
export function hstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('hstack', tensors);
  const all = tensors.map(atleast1d);
  return join('hstack', all, all[0].ndim === 1 ? 0 : 1);
}

/** Tensors below each other: along dimension 0, vectors as rows. */
export function vstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('vstack', tensors);
  return join('vstack', tensors.map(atleast2d), 0);
}

/** Tensors behind each other: along dimension 2. */
export function dstack(tensors: readonly Tensor[]): Tensor {
  checkTensors('dstack', tensors);
  return join('dstack', tensors.map(atleast3d), 2);
}

/** Tensors as columns: vectors become columns, matrices stay, and all lie side by side. */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  checkTensors('columnStack', tensors);
  return hstack(tensors.map((t) => (t.ndim <= 1 ? reshape(t, [sizeOf(t.shape), 1]) : t)));
}

export interface MeshgridOptions {
  /** `'ij'` (default): dimension i belongs to vector i. `'xy'`: the first two change places. */
  readonly indexing?: 'ij' | 'xy';
}

/**
 * Coordinates of a grid: of n vectors (or 0-d tensors), n views of n dimensions, each varying along its own. Vectors are
 * arguments or a list.
 *
 * @throws ShapeError for tensors of more dimensions; DTypeError when dtypes differ
 *
 * @example
 * const [x, y] = meshgrid(tensor([1, 2]), tensor([3, 4, 5])); // both [2, 3]
 */
export function meshgrid(...args: readonly (Tensor | readonly Tensor[] | MeshgridOptions | undefined)[]): Tensor[] {
  const given = args.filter((arg) => arg !== undefined);
  const last = given[given.length - 1];
  const options = isTensor(last) || Array.isArray(last) ? undefined : last;
  const rest = options === undefined ? given : given.slice(0, -1);
  const [indexing = 'ij'] = named<['ij' | 'xy']>('meshgrid', ['indexing'], [options]);
  const vectors = (rest.length === 1 && Array.isArray(rest[0]) ? rest[0] : rest) as readonly Tensor[];
  checkTensors('meshgrid', vectors);
  if (indexing !== 'ij' && indexing !== 'xy') {
    throw new ValueError(`indexing must be one of 'xy' or 'ij', but got '${String(indexing)}'`, { op: 'meshgrid' });
  }
  for (const v of vectors) {
    if (v.ndim > 1) {
      throw new ShapeError(`expects vectors, but got a tensor of shape ${formatShape(v.shape)}`, {
        op: 'meshgrid',
        operands: { shape: v.shape },
      });
    }
    checkSameDType('meshgrid', 'the others', vectors[0], v);
  }
  const swap = indexing === 'xy' && vectors.length >= 2;
  const order = vectors.map((_, i) => (swap && i < 2 ? 1 - i : i));
  const sizes = vectors.map((v) => sizeOf(v.shape));
  const shape = order.map((i) => sizes[i]);
  return vectors.map((v, i) => {
    const own = shape.map((_, d) => (order[d] === i ? sizes[i] : 1));
    return expand(reshape(v, own), shape);
  });
}

// --------------------------------------------------------------------------------------------------------- rearranging

const flipForward: IndexOps['flip'] = (self, dims) => {
  const out = allocate(self.shape, self.dtype);
  reference.flip(self, dims, out, runMove);
  return out;
};

/**
 * A copy with the order of entries along `dims` reversed: `flip(x, [0, 1])`, `flip(x, 0, 1)`.
 *
 * @throws IndexError when a dimension is out of range; ShapeError when one is named twice
 */
export function flip(
  self: Tensor,
  ...dims: readonly (number | readonly number[] | { readonly dims: Shape })[]
): Tensor {
  checkTensor('flip', 'self', self);
  const wrapped = dimsArgument('flip', dims).map((d) => wrapDim('flip', d, self.ndim));
  wrapped.forEach((d, i) => {
    if (wrapped.indexOf(d) !== i) {
      throw new ShapeError(`dim ${d} appears multiple times in the list of dims`, { op: 'flip', operands: { dims } });
    }
  });
  return dispatch('flip', flipForward, [self, self.ndim === 0 ? [] : wrapped]);
}

function dimsArgument(op: string, args: readonly (number | readonly number[] | { readonly dims: Shape })[]): Shape {
  const [first] = args;
  if (args.length === 1 && typeof first === 'object' && !Array.isArray(first)) {
    return named<[Shape]>(op, ['dims'], [first])[0] ?? [];
  }
  return listArgument(args as readonly (number | readonly number[])[]);
}

/** A copy with columns (dimension 1) in reverse order. */
export function fliplr(self: Tensor): Tensor {
  checkTensor('fliplr', 'self', self);
  if (self.ndim < 2)
    throw new ShapeError(`input must be >= 2-d, but has shape ${formatShape(self.shape)}`, { op: 'fliplr' });
  return flip(self, 1);
}

/** A copy with rows (dimension 0) in reverse order. */
export function flipud(self: Tensor): Tensor {
  checkTensor('flipud', 'self', self);
  if (self.ndim < 1) throw new ShapeError('input must be >= 1-d, but has shape []', { op: 'flipud' });
  return flip(self, 0);
}

const rollForward: IndexOps['roll'] = (self, shifts, dims) => {
  const total = new Array<number>(self.ndim).fill(0);
  dims.forEach((d, i) => {
    const n = Math.max(self.shape[d], 1);
    total[d] = (((total[d] + shifts[i]) % n) + n) % n;
  });
  const out = allocate(self.shape, self.dtype);
  reference.roll(self, total, out, runMove);
  return out;
};

export interface RollOptions {
  readonly shifts: number | readonly number[];
  readonly dims?: number | readonly number[] | null;
}

/**
 * A copy with entries shifted along dimensions; what leaves at one end comes in at the other. Without dimensions the flattened
 * tensor is shifted.
 *
 * @throws ValueError when there are not as many shifts as dimensions
 *
 * @example
 * roll(tensor([1, 2, 3]), 1); // tensor([3., 1., 2.])
 */
export function roll(
  self: Tensor,
  shifts: number | readonly number[] | RollOptions,
  dims?: number | readonly number[] | null | Omit<RollOptions, 'shifts'>,
): Tensor {
  checkTensor('roll', 'self', self);
  const [by, given] = named<[number | readonly number[], number | readonly number[] | null]>(
    'roll',
    ['shifts', 'dims'],
    [shifts, dims],
  );
  const steps = Array.isArray(by) ? [...by] : [by];
  const along = given === undefined || given === null ? [] : typeof given === 'number' ? [given] : [...given];
  if (steps.length === 0 || steps.some((n) => !Number.isInteger(n))) {
    throw new ValueError(`shifts must be integers, at least one, but got ${show(by)}`, { op: 'roll' });
  }
  if (along.length === 0 && steps.length === 1) {
    return view(dispatch('roll', rollForward, [reshape(self, [-1]), steps, [0]]), self.shape);
  }
  if (along.length !== steps.length) {
    throw new ValueError(`shifts and dimensions must align, but got ${steps.length} shifts and ${along.length} dims`, {
      op: 'roll',
      operands: { shifts, dims: given },
    });
  }
  if (self.ndim === 0) throw new IndexError('dimension specified but tensor has no dimensions', { op: 'roll' });
  const wrapped = along.map((d) => wrapDim('roll', d, self.ndim));
  return dispatch('roll', rollForward, [self, steps, wrapped]);
}

// ----------------------------------------------------------------------------------------------------------- repeating

const repeatForward: IndexOps['repeat'] = (self, repeats) => {
  const lead = repeats.length - self.ndim;
  const out = allocate(
    repeats.map((times, d) => times * (d < lead ? 1 : self.shape[d - lead])),
    self.dtype,
  );
  reference.repeat(self, repeats, out, runMove);
  return out;
};

/**
 * A copy repeated along each dimension: `repeat(x, 2, 3)`, `repeat(x, [2, 3])`; more numbers than dimensions put new ones in
 * front.
 *
 * @throws ShapeError when there are fewer numbers than dimensions, or one is negative
 */
export function repeat(self: Tensor, ...repeats: readonly (number | readonly number[])[]): Tensor {
  checkTensor('repeat', 'self', self);
  return repeatBy('repeat', self, listArgument(repeats));
}

function repeatBy(op: string, self: Tensor, repeats: Shape): Tensor {
  needList(op, 'repeats', repeats);
  if (repeats.length < self.ndim || repeats.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError(
      `needs a number of at least 0 for each of the ${self.ndim} dimensions, but got ${formatShape(repeats)}`,
      { op, operands: { self: self.shape, repeats } },
    );
  }
  return dispatch('repeat', repeatForward, [self, repeats]);
}

/** As `repeat`; where numbers are fewer than dimensions, the leading ones are taken once. */
export function tile(self: Tensor, ...dims: readonly (number | readonly number[])[]): Tensor {
  checkTensor('tile', 'self', self);
  const list = listArgument(dims);
  needList('tile', 'dims', list);
  const lead = new Array<number>(Math.max(self.ndim - list.length, 0)).fill(1);
  return repeatBy('tile', self, [...lead, ...list]);
}

export interface RepeatInterleaveOptions {
  readonly dim?: number | null;
  /** The size of the result along `dim`, if it is known. Checked. */
  readonly outputSize?: number | null;
}

/**
 * Each entry along `dim` several times in a row: as often as `repeats` says, a number or a vector with one number an entry.
 * Without a dimension the tensor is flattened. With one argument, a vector of numbers, the indices that would do it.
 *
 * @throws ValueError when a number is negative; ShapeError when there is not one for each entry
 *
 * @example
 * repeatInterleave(tensor([1, 2]), 2); // tensor([1., 1., 2., 2.])
 */
export function repeatInterleave(
  self: Tensor,
  repeats?: number | Tensor | RepeatInterleaveOptions,
  dim?: number | null | RepeatInterleaveOptions,
  options?: RepeatInterleaveOptions,
): Tensor {
  checkTensor('repeatInterleave', 'self', self);
  const op = 'repeatInterleave';
  const [times, given, outputSize] = named<[number | Tensor, number | null, number | null]>(
    op,
    ['repeats', 'dim', 'outputSize'],
    [repeats, dim, options],
  );
  if (times === undefined) return positions(op, self, outputSize);
  const flat = given === undefined || given === null || self.ndim === 0;
  const x = flat ? reshape(self, [-1]) : self;
  const d = flat ? 0 : wrapDim(op, given, self.ndim);
  if (typeof times !== 'number') {
    checkTensor(op, 'repeats', times);
    const counts = sizeOf(times.shape) === 1 ? expand(reshape(times, [1]), [x.shape[d]]) : times;
    if (counts.ndim !== 1 || counts.shape[0] !== x.shape[d]) {
      throw new ShapeError(
        `repeats must have the same size as input along dim ${d}, but got ${formatShape(times.shape)} and ` +
          formatShape(x.shape),
        { op, operands: { self: x.shape, repeats: times.shape, dim: d } },
      );
    }
    return indexSelect(x, d, positions(op, counts, outputSize));
  }
  if (!Number.isInteger(times) || times < 0) {
    throw new ValueError(`repeats must be an integer of at least 0, but got ${times}`, { op });
  }
  checkOutputSize(op, times * x.shape[d], outputSize);
  const stretched = expand(unsqueeze(x, d + 1), [...x.shape.slice(0, d + 1), times, ...x.shape.slice(d + 1)]);
  return flatten(clone(stretched), d, d + 1);
}

function checkOutputSize(op: string, size: number, outputSize: number | null | undefined): void {
  if (outputSize === undefined || outputSize === null || outputSize === size) return;
  throw new ValueError(`outputSize is ${outputSize}, but the result has size ${size}`, { op });
}

/** 0 repeats[0] times, 1 repeats[1] times, … */
function positions(op: string, repeats: Tensor, outputSize: number | null | undefined): Tensor {
  if ((repeats.dtype !== 'int32' && repeats.dtype !== 'int64') || repeats.ndim !== 1) {
    throw new DTypeError(
      `repeats must be a vector of int32 or int64, but got ${repeats.dtype} of ${formatShape(repeats.shape)}`,
      {
        op,
        operands: { repeats: repeats.shape, dtype: repeats.dtype },
      },
    );
  }
  const counts = Array.from(repeats.toTypedArray(), Number);
  const negative = counts.find((n) => n < 0);
  if (negative !== undefined) throw new ValueError(`repeats can not be negative, but got ${negative}`, { op });
  const size = counts.reduce((a, b) => a + b, 0);
  checkOutputSize(op, size, outputSize);
  const out = allocate([size], 'int32');
  const array = out.array as Int32Array;
  let at = 0;
  counts.forEach((n, i) => {
    array.fill(i, at, at + n);
    at += n;
  });
  return out;
}

// ----------------------------------------------------------------------------------------------- triangles and diagonals

const trilForward: IndexOps['tril'] = (self, diagonal) => triangle(self, diagonal, true);
const triuForward: IndexOps['triu'] = (self, diagonal) => triangle(self, diagonal, false);

function triangle(self: Tensor, diagonal: number, lower: boolean): Tensor {
  const out = allocate(self.shape, self.dtype);
  runTriangle(self, diagonal, lower, out);
  return out;
}

export interface TriangleOptions {
  /** 0 (default): the main one; above it positive, below negative. */
  readonly diagonal?: number;
}

function diagonalArgument(op: string, self: Tensor, given: number | TriangleOptions | undefined): number {
  const [k = 0] = named<[number]>(op, ['diagonal'], [given]);
  if (self.ndim < 2) {
    throw new ShapeError(`expects at least 2 dimensions, but got shape ${formatShape(self.shape)}`, {
      op,
      operands: { self: self.shape },
    });
  }
  checkInteger(op, 'diagonal', k);
  return k;
}

function checkInteger(op: string, name: string, value: unknown): void {
  if (!Number.isInteger(value)) throw new ValueError(`${name} must be an integer, but got ${String(value)}`, { op });
}

/** A copy of the matrices in the last two dimensions, 0 above a diagonal. */
export function tril(self: Tensor, diagonal?: number | TriangleOptions): Tensor {
  checkTensor('tril', 'self', self);
  return dispatch('tril', trilForward, [self, diagonalArgument('tril', self, diagonal)]);
}

/** A copy of the matrices in the last two dimensions, 0 below a diagonal. */
export function triu(self: Tensor, diagonal?: number | TriangleOptions): Tensor {
  checkTensor('triu', 'self', self);
  return dispatch('triu', triuForward, [self, diagonalArgument('triu', self, diagonal)]);
}

/** `tril` in place. */
export function tril_(self: Tensor, diagonal?: number | TriangleOptions): Tensor {
  checkTensor('tril_', 'self', self);
  const k = diagonalArgument('tril_', self, diagonal);
  checkNoOverlap('tril_', self);
  return dispatchInPlace('tril', [self, k], self, () => runTriangle(self, k, true, self));
}

/** `triu` in place. */
export function triu_(self: Tensor, diagonal?: number | TriangleOptions): Tensor {
  checkTensor('triu_', 'self', self);
  const k = diagonalArgument('triu_', self, diagonal);
  checkNoOverlap('triu_', self);
  return dispatchInPlace('triu', [self, k], self, () => runTriangle(self, k, false, self));
}

export interface TriangleIndicesOptions {
  /** As `diagonal` of `tril`. Default 0. */
  readonly offset?: number;
  /** int32 (default) or int64. */
  readonly dtype?: DType;
}

/** Coordinates of the lower triangle of a matrix of `row` by `col`, row by row: `[2, n]` of int32. */
export function trilIndices(
  row: number,
  col: number,
  offset?: number | TriangleIndicesOptions,
  options?: TriangleIndicesOptions,
): Tensor {
  return triangleIndices('trilIndices', row, col, offset, options, true);
}

/** Coordinates of the upper triangle of a matrix of `row` by `col`, row by row: `[2, n]` of int32. */
export function triuIndices(
  row: number,
  col: number,
  offset?: number | TriangleIndicesOptions,
  options?: TriangleIndicesOptions,
): Tensor {
  return triangleIndices('triuIndices', row, col, offset, options, false);
}

function triangleIndices(
  op: string,
  row: number,
  col: number,
  given: number | TriangleIndicesOptions | undefined,
  options: TriangleIndicesOptions | undefined,
  lower: boolean,
): Tensor {
  const [offset = 0, dtype = 'int32'] = named<[number, DType]>(op, ['offset', 'dtype'], [given, options]);
  for (const [name, value] of Object.entries({ row, col, offset })) checkInteger(op, name, value);
  if (row < 0 || col < 0) throw new ValueError(`row and col must not be negative, but got ${row} and ${col}`, { op });
  if (isFloating(dtype) || dtype === 'bool')
    throw new DTypeError(`dtype must be an integer one, but got ${dtype}`, { op });
  const rows: number[] = [];
  const columns: number[] = [];
  for (let r = 0; r < row; r++) {
    const edge = Math.min(Math.max(r + offset + (lower ? 1 : 0), 0), col);
    for (let c = lower ? 0 : edge; c < (lower ? edge : col); c++) {
      rows.push(r);
      columns.push(c);
    }
  }
  const out = allocate([2, rows.length], 'int32');
  (out.array as Int32Array).set([...rows, ...columns]);
  return to(out, dtype);
}

/**
 * A matrix with the vector on a diagonal; of a matrix, its diagonal (a copy).
 *
 * @throws ShapeError for anything but a vector or a matrix
 */
export function diag(self: Tensor, given?: number | TriangleOptions): Tensor {
  checkTensor('diag', 'self', self);
  const [k = 0] = named<[number]>('diag', ['diagonal'], [given]);
  checkInteger('diag', 'diagonal', k);
  if (self.ndim === 1) return diagEmbed(self, k);
  if (self.ndim === 2) return clone(diagonal(self, k));
  throw new ShapeError(`expects a matrix or a vector, but got shape ${formatShape(self.shape)}`, {
    op: 'diag',
    operands: { self: self.shape },
  });
}

export interface DiagEmbedOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/**
 * Matrices with the last dimension of `self` on a diagonal: `[…, n]` → `[…, n + |offset|, n + |offset|]`, the matrix being in
 * dimensions `dim1` and `dim2` (by default the last two) of the result.
 */
export function diagEmbed(
  self: Tensor,
  offset?: number | DiagEmbedOptions,
  dim1?: number | DiagEmbedOptions,
  dim2?: number | DiagEmbedOptions,
): Tensor {
  checkTensor('diagEmbed', 'self', self);
  const [k = 0, a = -2, b = -1] = named<[number, number, number]>(
    'diagEmbed',
    ['offset', 'dim1', 'dim2'],
    [offset, dim1, dim2],
  );
  checkInteger('diagEmbed', 'offset', k);
  if (self.ndim === 0) throw new ShapeError('expects at least one dimension, but got shape []', { op: 'diagEmbed' });
  const d1 = wrapDim('diagEmbed', a, self.ndim + 1);
  const d2 = wrapDim('diagEmbed', b, self.ndim + 1);
  if (d1 === d2)
    throw new ValueError(`diagonal dimensions cannot be identical, but got ${a} and ${b}`, { op: 'diagEmbed' });
  const n = self.shape[self.ndim - 1] + Math.abs(k);
  const shape = self.shape.slice(0, -1);
  shape.splice(Math.min(d1, d2), 0, n);
  shape.splice(Math.max(d1, d2), 0, n);
  return diagonalBackward(self, shape, k, d1, d2);
}
