/** Products that are composed of other ops, derivatives included: `tensordot`, `inner`, `kron`, `trace`; distances of all pairs, `cdist`. */

import { composed } from '../composed.ts';
import { ShapeError, show, ValueError } from '../errors.ts';
import { broadcastShapes, formatShape, wrapDim, wrapDims } from '../layout.ts';
import { oneOf } from '../linalg/work.ts';
import { range } from '../lists.ts';
import { refuseBool, requireFloat } from '../ops/arguments.ts';
import { abs, clamp, le, mul, sqrt, sub, where } from '../ops/elementwise.ts';
import { einsum, matmul } from '../ops/matmul.ts';
import { checkSameDType } from '../ops/places.ts';
import { amax, norm, sum } from '../ops/reduce.ts';
import { checkTensor } from '../ops/tensors.ts';
import { diagonal, reshape, transpose, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { checkNdim } from './check.ts';

/** How many dimensions are summed over, the last of the first tensor and the first of the second; or which of each. */
export type ContractedDims = number | readonly [readonly number[], readonly number[]];

/**
 * The sum of products over `dims`, by default 2: the last dimensions of `a` with the first of `b`, or those listed, in this order.
 *
 * a: `[…m, …k]`, b: `[…k, …n]` → `[…m, …n]`, the dimensions left of each in their order. One product of matrices. A size of 1 broadcasts.
 *
 * @throws ShapeError when sizes differ; ValueError when there are fewer than 0 dims, or lists of different lengths; IndexError when a
 *   dimension is out of range; DTypeError when dtypes differ
 *
 * @example
 * tensordot(ones(2, 3, 4), ones(3, 4, 5)); // shape [2, 5]
 * tensordot(ones(2, 3), ones(2, 4), [[0], [0]]); // shape [3, 4]
 */
export function tensordot(a: Tensor, b: Tensor, dims?: ContractedDims | { readonly dims?: ContractedDims }): Tensor {
  checkTensor('tensordot', 'a', a);
  checkTensor('tensordot', 'b', b);
  const op = 'tensordot';
  const [given = 2] = named<[ContractedDims]>(op, ['dims'], [dims]);
  const isCount = typeof given === 'number';
  if (isCount ? !Number.isInteger(given) || given < 0 : !areLists(given)) {
    throw new ValueError(`expects dims to be at least 0, or two lists of the same length, but got ${show(given)}`, {
      op,
    });
  }
  const [first, second] = isCount ? [range(given).map((d) => d - given), range(given)] : given;
  return contract(op, a, b, first, second);
}

const areLists = (dims: unknown): boolean =>
  Array.isArray(dims) && dims.length === 2 && dims.every(Array.isArray) && dims[0].length === dims[1].length;

function contract(op: string, a: Tensor, b: Tensor, first: readonly number[], second: readonly number[]): Tensor {
  const inA = first.map((d) => wrapDim(op, d, a.ndim));
  const inB = second.map((d) => wrapDim(op, d, b.ndim));
  const differ = (m: number, n: number): boolean => m !== n && (op === 'inner' || (m !== 1 && n !== 1));
  // No dimension may be named twice.
  wrapDims(op, first, a.ndim);
  wrapDims(op, second, b.ndim);
  if (inA.some((d, i) => differ(a.shape[d], b.shape[inB[i]]))) {
    throw new ShapeError(
      `contracted dimensions need to match, but dims ${show(inA)} of ${formatShape(a.shape)} meet ${show(inB)} of ${formatShape(b.shape)}`,
      { op, operands: { a: a.shape, b: b.shape, dims: [inA, inB] } },
    );
  }
  checkSameDType(op, 'other', a, b);
  const letter = (i: number): string => String.fromCharCode(i < 26 ? 97 + i : 39 + i);
  const ofA = range(a.ndim).map(letter);
  const ofB = range(b.ndim).map((d) => letter(inB.includes(d) ? inA[inB.indexOf(d)] : a.ndim + d));
  const kept = [...ofA.filter((_, d) => !inA.includes(d)), ...ofB.filter((_, d) => !inB.includes(d))];
  return composed(() => einsum(`${ofA.join('')},${ofB.join('')}->${kept.join('')}`, a, b));
}

/**
 * Scalar products along the last dimensions: `[…, k]`, `[…', k]` → `[…, …']`; with a tensor of 0 dimensions the product.
 *
 * @throws ShapeError when the last sizes differ; DTypeError when dtypes do
 *
 * @example
 * inner(tensor([1, 2]), tensor([3, 4])); // tensor(11.)
 */
export function inner(self: Tensor, other: Tensor): Tensor {
  checkTensor('inner', 'self', self);
  checkTensor('inner', 'other', other);
  if (self.ndim === 0 || other.ndim === 0) return mul(self, other);
  return contract('inner', self, other, [-1], [-1]);
}

/**
 * The Kronecker product: each element of `self` times all of `other`, block by block. `[…mᵢ]`, `[…nᵢ]` → `[…mᵢ nᵢ]`; the one of fewer
 * dimensions gets ones in front.
 *
 * @example
 * kron(tensor([1, 2]), tensor([1, 10])); // tensor([ 1., 10.,  2., 20.])
 */
export function kron(self: Tensor, other: Tensor): Tensor {
  checkTensor('kron', 'self', self);
  checkTensor('kron', 'other', other);
  const ndim = Math.max(self.ndim, other.ndim);
  const sizes = (x: Tensor): number[] => [...range(ndim - x.ndim).map(() => 1), ...x.shape];
  const [m, n] = [sizes(self), sizes(other)];
  return composed(() => {
    const blocks = reshape(
      self,
      m.flatMap((size) => [size, 1]),
    );
    const inside = reshape(
      other,
      n.flatMap((size) => [1, size]),
    );
    return reshape(
      mul(blocks, inside),
      m.map((size, d) => size * n[d]),
    );
  });
}

/**
 * The sum of the diagonal of a matrix; of integers int32 (int64 of int64).
 *
 * @throws ShapeError for anything but a matrix
 *
 * @example
 * trace(tensor([[1, 2], [3, 4]])); // tensor(5.)
 */
export function trace(self: Tensor): Tensor {
  checkTensor('trace', 'self', self);
  checkNdim('trace', self, 2);
  refuseBool('trace', self.dtype);
  return composed(() => sum(diagonal(self)));
}

/** Whether Euclidean distances come from a product of matrices; PyTorch's names. */
export type ComputeMode =
  | 'use_mm_for_euclid_dist_if_necessary'
  | 'use_mm_for_euclid_dist'
  | 'donot_use_mm_for_euclid_dist';

export interface CdistOptions {
  /** Order of the norm, at least 0; Infinity for the largest difference, 0 for the number of differences. Default 2. */
  readonly p?: number;
  /**
   * For p = 2: `√(|x|² + |y|² - 2 x·y)` takes little memory, and loses digits where distances are small beside the vectors. By default it
   * is used where there are more than 25 vectors of a kind.
   */
  readonly computeMode?: ComputeMode;
}

const MODES = [
  'use_mm_for_euclid_dist_if_necessary',
  'use_mm_for_euclid_dist',
  'donot_use_mm_for_euclid_dist',
] as const;

/**
 * The distances of all pairs of vectors, `(Σ |x - y|^p)^(1/p)`: x1 `[…, P, M]`, x2 `[…, R, M]` → `[…, P, R]`; leading dimensions broadcast.
 * Where a distance is 0 so is its gradient; of the largest differences it is shared among equals. Without a product of matrices it takes memory for P·R·M elements.
 *
 * @throws ShapeError for less than two dimensions, or vectors of different lengths; DTypeError for integers, booleans, and dtypes that
 *   differ; ValueError for p < 0
 *
 * @example
 * cdist(tensor([[0, 0], [3, 4]]), tensor([[0, 0]])); // tensor([[0.], [5.]])
 */
export function cdist(
  x1: Tensor,
  x2: Tensor,
  p?: number | CdistOptions,
  computeMode?: ComputeMode | Pick<CdistOptions, 'computeMode'>,
): Tensor {
  checkTensor('cdist', 'x1', x1);
  checkTensor('cdist', 'x2', x2);
  const op = 'cdist';
  const [order = 2, mode = MODES[0]] = named<[number, ComputeMode]>(op, ['p', 'computeMode'], [p, computeMode]);
  if (x1.ndim < 2 || x2.ndim < 2 || x1.shape[x1.ndim - 1] !== x2.shape[x2.ndim - 1]) {
    throw new ShapeError(`expects two lists of vectors of the same length, but got ${show([x1, x2])}`, {
      op,
      operands: { x1: x1.shape, x2: x2.shape },
    });
  }
  requireFloat(op, x1.dtype);
  checkSameDType(op, 'x2', x1, x2);
  broadcastShapes(op, x1.shape.slice(0, -2), x2.shape.slice(0, -2));
  oneOf(op, 'computeMode', mode, MODES);
  if (!(order >= 0)) throw new ValueError(`only supports p ≥ 0, but got ${order}`, { op });
  const isLarge = Math.max(x1.shape[x1.ndim - 2], x2.shape[x2.ndim - 2]) > 25;
  const usesProduct = order === 2 && (mode === MODES[1] || (mode === MODES[0] && isLarge));
  // Vectors of no elements have no norm of order Infinity; by products all their distances are 0, too.
  if (!usesProduct && x1.shape[x1.ndim - 1] > 0) {
    return composed(() => {
      const differences = sub(unsqueeze(x1, -2), unsqueeze(x2, -3));
      return order === Infinity ? amax(abs(differences), -1) : norm(differences, order, -1);
    });
  }
  return composed(() => {
    const squares = (x: Tensor): Tensor => sum(mul(x, x), -1, true);
    const product = matmul(mul(x1, -2), transpose(x2, -2, -1));
    const square = clamp(product.add(squares(x1)).add(transpose(squares(x2), -2, -1)), 0);
    // The root has no derivative at 0.
    const isZero = le(square, 0);
    return where(isZero, 0, sqrt(where(isZero, 1, square)));
  });
}
