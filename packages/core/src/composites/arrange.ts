/** Moves of elements that are composed of other ops: blocks and diagonals, products and combinations of lists, parts of a tensor. */

import { composed } from '../composed.ts';
import { resultType } from '../dtype.ts';
import { show, ValueError } from '../errors.ts';
import { wrapDim } from '../layout.ts';
import { range } from '../lists.ts';
import { clone, contiguous } from '../ops/copies.ts';
import { fromTypedArray, zeros } from '../ops/create.ts';
import { nonzero, take } from '../ops/index.ts';
import { atleast2d, cat, diagEmbed, flip, meshgrid, stack } from '../ops/join.ts';
import { checkTensor } from '../ops/tensors.ts';
import { ravel, sliceDim, split, transpose } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { checkNdim } from './check.ts';

type Tensors = readonly Tensor[] | readonly [readonly Tensor[]];

/** Tensors that are arguments or one list. */
const listOf = (args: Tensors): readonly Tensor[] => (Array.isArray(args[0]) ? args[0] : args) as readonly Tensor[];

/**
 * A matrix with the given ones along its diagonal, and zeros elsewhere. Vectors are rows, tensors of 0 dimensions 1×1; dtypes are
 * promoted. Tensors are arguments or a list; of none `[1, 0]`.
 *
 * @throws ShapeError for more than 2 dimensions
 *
 * @example
 * blockDiag(tensor([[1, 2]]), tensor(3)); // tensor([[1., 2., 0.], [0., 0., 3.]])
 */
export function blockDiag(...tensors: Tensors): Tensor {
  const list = listOf(tensors);
  if (list.length === 0) return zeros(1, 0);
  for (const x of list) checkNdim('blockDiag', checkTensor('blockDiag', 'an entry', x), 0, 2);
  const dtype = resultType(...list);
  return composed(() => {
    const blocks = list.map((x) => atleast2d(x.to(dtype)));
    const width = blocks.reduce((sum, x) => sum + x.shape[1], 0);
    let left = 0;
    const rows = blocks.map((x) => {
      const [m, n] = x.shape;
      const [before, after] = [left, width - left - n].map((count) => zeros([m, count], { dtype }));
      left += n;
      return cat([before, x, after], 1);
    });
    return cat(rows, 0);
  });
}

/**
 * All combinations of an element of each vector, the last varying fastest: n vectors → `[Π sizes, n]`; a single vector stays as it is.
 * Vectors are arguments or a list.
 *
 * @throws ShapeError for anything but vectors; ValueError for none; DTypeError when dtypes differ
 *
 * @example
 * cartesianProd(tensor([1, 2]), tensor([3, 4])); // tensor([[1., 3.], [1., 4.], [2., 3.], [2., 4.]])
 */
export function cartesianProd(...tensors: Tensors): Tensor {
  const list = listOf(tensors);
  for (const x of list) checkNdim('cartesianProd', checkTensor('cartesianProd', 'an entry', x), 1);
  if (list.length === 1) return list[0];
  return composed(() => stack(meshgrid(list).map(ravel), 1));
}

export interface CombinationsOptions {
  /** How many elements are chosen. Default 2. */
  readonly r?: number;
  /** An element may be chosen several times. Default false. */
  readonly withReplacement?: boolean;
}

/**
 * All ways to choose `r` elements of a vector, in the order of their places: `[n]` → `[n! / (r! (n - r)!), r]`, as Python's
 * `itertools.combinations`; nothing for r = 0.
 *
 * @throws ShapeError for anything but a vector; ValueError when r is negative
 *
 * @example
 * combinations(tensor([1, 2, 3])); // tensor([[1., 2.], [1., 3.], [2., 3.]])
 */
export function combinations(
  self: Tensor,
  r?: number | CombinationsOptions,
  withReplacement?: boolean | Omit<CombinationsOptions, 'r'>,
): Tensor {
  checkTensor('combinations', 'self', self);
  const op = 'combinations';
  const [count = 2, again = false] = named<[number, boolean]>(op, ['r', 'withReplacement'], [r, withReplacement]);
  checkNdim(op, self, 1);
  if (!Number.isInteger(count) || count < 0) {
    throw new ValueError(`expects a non-negative integer r, but got ${show(count)}`, { op });
  }
  if (count === 0) return zeros([0], { dtype: self.dtype });
  const [n] = self.shape;
  const places: number[] = [];
  const choose = (chosen: readonly number[], from: number): void => {
    if (chosen.length === count) for (const place of chosen) places.push(place);
    else for (let i = from; i < n; i++) choose([...chosen, i], again ? i : i + 1);
  };
  choose([], 0);
  return composed(() => take(self, fromTypedArray(Int32Array.from(places), [places.length / count, count])));
}

/** A number of equal parts, or the places where parts begin, the first at 0. */
export type Sections = number | readonly number[];

/** Parts along a dimension of a tensor that has at least so many; equal ones, but of `tensorSplit`, must come out even. */
function parts(op: string, self: Tensor, sections: Sections, least: number, dim: number): Tensor[] {
  checkNdim(op, self, least, Infinity);
  const at = wrapDim(op, dim, self.ndim);
  const n = self.shape[at];
  const isCount = typeof sections === 'number';
  const counts = isCount ? [sections] : Array.isArray(sections) ? sections : [NaN];
  const rest = isCount ? n % sections : 0;
  if (!counts.every(Number.isInteger) || (isCount && (sections < 1 || (rest > 0 && op !== 'tensorSplit')))) {
    throw new ValueError(`expects places, or a number of parts that fits the size ${n}, but got ${show(sections)}`, {
      op,
    });
  }
  if (!isCount) return [...sections, n].map((end, i) => sliceDim(self, at, i === 0 ? 0 : sections[i - 1], end));
  const size = Math.floor(n / sections);
  const sizes = range(sections).map((i) => size + Number(i < rest));
  return split(self, sizes, at);
}

/**
 * Views of parts along `dim` (0 by default): as many as a number says, of which the first are longer by one where it does not come out
 * even; or from each place of a list to the next, as slices.
 *
 * @throws ShapeError for a tensor of 0 dimensions; ValueError for less than one part
 *
 * @example
 * tensorSplit(arange(5), 2); // [tensor([0., 1., 2.]), tensor([3., 4.])]
 * tensorSplit(arange(5), [1, 4]); // [tensor([0.]), tensor([1., 2., 3.]), tensor([4.])]
 */
export function tensorSplit(self: Tensor, sections: Sections, dim: number | { readonly dim?: number } = 0): Tensor[] {
  checkTensor('tensorSplit', 'self', self);
  const [d = 0] = named<[number]>('tensorSplit', ['dim'], [dim]);
  return parts('tensorSplit', self, sections, 1, d);
}

/**
 * Views of parts side by side, along dimension 1, of a vector along 0: equal ones, as many as a number says, or from each place of a list
 * to the next.
 *
 * @throws ShapeError for a tensor of 0 dimensions; ValueError when equal parts do not come out even
 *
 * @example
 * hsplit(ones(2, 4), 2); // two of shape [2, 2]
 */
export function hsplit(self: Tensor, sections: Sections): Tensor[] {
  checkTensor('hsplit', 'self', self);
  return parts('hsplit', self, sections, 1, self.ndim === 1 ? 0 : 1);
}

/** Views of parts below each other, along dimension 0 of at least two, as `hsplit`. */
export function vsplit(self: Tensor, sections: Sections): Tensor[] {
  checkTensor('vsplit', 'self', self);
  return parts('vsplit', self, sections, 2, 0);
}

/** Views of parts behind each other, along dimension 2, as `hsplit`. */
export function dsplit(self: Tensor, sections: Sections): Tensor[] {
  checkTensor('dsplit', 'self', self);
  return parts('dsplit', self, sections, 3, 2);
}

/**
 * A square matrix with all elements of a tensor, in row-major order, on a diagonal, the main one by default.
 *
 * @example
 * diagflat(tensor([[1, 2]])); // tensor([[1., 0.], [0., 2.]])
 */
export function diagflat(self: Tensor, offset?: number | { readonly offset?: number }): Tensor {
  checkTensor('diagflat', 'self', self);
  const [k = 0] = named<[number]>('diagflat', ['offset'], [offset]);
  return composed(() => diagEmbed(ravel(self), k));
}

/** Coordinates of the elements that are not 0: `[n, ndim]` of int32, as `nonzero`. */
export function argwhere(self: Tensor): Tensor {
  checkTensor('argwhere', 'self', self);
  return nonzero(self);
}

export interface Rot90Options {
  /** How many quarters to turn; 1 by default. */
  readonly k?: number;
  /** The plane, from the first dimension to the second; `[0, 1]` by default. */
  readonly dims?: readonly number[];
}

/**
 * A copy, turned by quarters in a plane: from the first of its dimensions towards the second, so that an image turns to the left.
 *
 * @param k how many quarters; 1 by default, negative ones turn back
 * @param dims the plane; `[0, 1]` by default
 *
 * @throws ShapeError for fewer than 2 dimensions; ValueError unless `dims` are two, and different
 *
 * @example
 * rot90(tensor([[1, 2], [3, 4]])); // tensor([[2., 4.], [1., 3.]])
 */
export function rot90(
  self: Tensor,
  k?: number | Rot90Options,
  dims?: readonly number[] | Pick<Rot90Options, 'dims'>,
): Tensor {
  const op = 'rot90';
  checkTensor(op, 'self', self);
  const [quarters = 1, plane = [0, 1]] = named<[number, readonly number[]]>(op, ['k', 'dims'], [k, dims]);
  if (!Number.isInteger(quarters)) throw new ValueError(`k must be an integer, but got ${show(quarters)}`, { op });
  if (!Array.isArray(plane) || plane.length !== 2) {
    throw new ValueError(`dims must be a list of two, but got ${show(plane)}`, { op });
  }
  checkNdim(op, self, 2, Infinity);
  const [from, towards] = plane.map((dim) => wrapDim(op, dim, self.ndim));
  if (from === towards) throw new ValueError(`dims must be different, but got ${show(plane)}`, { op });
  const turns = ((quarters % 4) + 4) % 4;
  if (turns === 0) return clone(self);
  if (turns === 2) return flip(self, [from, towards]);
  return composed(() => contiguous(transpose(flip(self, [turns === 1 ? towards : from]), from, towards)));
}
