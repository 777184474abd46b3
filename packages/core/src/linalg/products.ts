/** Products and powers of matrices, and functions that are composed of the rest. */

import { isTensor } from '../base.ts';
import { composed } from '../composed.ts';
import { isFloating } from '../dtype.ts';
import { ShapeError, ValueError } from '../errors.ts';
import { broadcastShapes, formatShape, sizeOf, wrapDim } from '../layout.ts';
import { oneDim, refuseBool, requireFloat } from '../ops/arguments.ts';
import { copy_ } from '../ops/copies.ts';
import { arange, eye } from '../ops/create.ts';
import { clone, mul, pow, to } from '../ops/elementwise.ts';
import { roll } from '../ops/join.ts';
import { matmul } from '../ops/matmul.ts';
import { checkSameDType } from '../ops/places.ts';
import { checkTensor } from '../ops/tensors.ts';
import { diagonal as diagonalOp, expand, movedim, ravel, reshape, squeeze, unsqueeze } from '../ops/view.ts';
import { named, needList } from '../options.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { inv, solve } from './lu.ts';
import { checkSquare } from './work.ts';

/** Identities of the shape of square matrices. */
function identityLike(A: Tensor): Tensor {
  return expand(eye(A.shape[A.ndim - 1], { dtype: A.dtype }), A.shape);
}

/** 1 / k! */
const INVERSE_FACTORIALS = /* @__PURE__ */ (() => {
  const out = [1];
  for (let k = 1; k <= 16; k++) out.push(out[k - 1] / k);
  return out;
})();

/**
 * `e^A = Σ A^k / k!` of square matrices `[…, n, n]`.
 *
 * Method: A is halved until its 1-norm is below 1, then 16 terms of the series, whose rest is below 3e-15 of it, in six products
 * (Paterson and Stockmeyer), and as many squarings as there were halvings.
 */
export function matrixExp(A: Tensor): Tensor {
  checkSquare('linalg.matrixExp', A);
  if (A.shape.includes(0)) return clone(A);
  return composed(() => {
    const size = A.detach().abs().sum(-2).max().item();
    const halvings = size > 1 && Number.isFinite(size) ? Math.ceil(Math.log2(size)) : 0;
    const x = halvings === 0 ? A : mul(A, 2 ** -halvings);
    const x2 = matmul(x, x);
    const x3 = matmul(x2, x);
    const x4 = matmul(x2, x2);
    const one = identityLike(A);
    const c = INVERSE_FACTORIALS;
    const four = (k: number): Tensor =>
      mul(one, c[k])
        .add(x.mul(c[k + 1]))
        .add(x2.mul(c[k + 2]))
        .add(x3.mul(c[k + 3]));
    let out = four(12).add(x4.mul(c[16]));
    for (let k = 8; k >= 0; k -= 4) out = matmul(out, x4).add(four(k));
    for (let k = 0; k < halvings; k++) out = matmul(out, out);
    return out;
  });
}

/**
 * The n-th power of square matrices: the identity for 0, of the inverse for n < 0.
 *
 * @throws LinAlgError when n < 0 and a matrix is singular
 */
export function matrixPower(A: Tensor, n: number): Tensor {
  const op = 'linalg.matrixPower';
  checkSquare(op, A);
  if (!Number.isInteger(n)) throw new ValueError(`n must be an integer, but got ${n}`, { op, operands: { n } });
  return composed(() => {
    // written over a copy of A, which so has a gradient: zeros
    if (n === 0) return copy_(clone(A), identityLike(A));
    let base = n < 0 ? inv(A) : A;
    let out: Tensor | null = null;
    for (let rest = Math.abs(n); ; ) {
      if (rest % 2 === 1) out = out === null ? base : matmul(out, base);
      rest = Math.floor(rest / 2);
      if (rest === 0) return out === A || out === null ? clone(base) : out;
      base = matmul(base, base);
    }
  });
}

/** The vector product along `dim`, of size 3, which by default is the last. The other dimensions broadcast. */
export function cross(input: Tensor, other: Tensor, dim?: number | { readonly dim?: number }): Tensor {
  checkTensor('cross', 'input', input);
  checkTensor('cross', 'other', other);
  const op = 'linalg.cross';
  const [d = -1] = named<[number]>(op, ['dim'], [dim]);
  if (input.ndim !== other.ndim) {
    throw new ShapeError(`inputs must have the same number of dimensions, but have ${input.ndim} and ${other.ndim}`, {
      op,
      operands: { input: input.shape, other: other.shape },
    });
  }
  checkSameDType(op, 'other', input, other);
  refuseBool(op, input.dtype);
  const at = wrapDim(op, d, input.ndim);
  if (input.shape.at(at) !== 3 || other.shape.at(at) !== 3) {
    throw new ShapeError(
      `inputs dimension ${d} must have length 3, but the shapes are ${formatShape(input.shape)} and ${formatShape(other.shape)}`,
      { op, operands: { input: input.shape, other: other.shape } },
    );
  }
  return composed(() => roll(mul(input, roll(other, -1, at)).sub(mul(roll(input, -1, at), other)), -1, at));
}

/** Scalar products along `dim`, by default the last; the other dimensions broadcast. */
export function vecdot(x: Tensor, y: Tensor, dim?: number | { readonly dim?: number }): Tensor {
  checkTensor('vecdot', 'x', x);
  const op = 'linalg.vecdot';
  const [d = -1] = named<[number]>(op, ['dim'], [dim]);
  requireFloat(op, x.dtype);
  checkSameDType(op, 'y', x, y);
  broadcastShapes(op, x.shape, y.shape);
  return composed(() => mul(x, y).sum(d));
}

/**
 * The product of two or more matrices, in the order of multiplications that takes fewest. The first may be a vector (a row), and the last
 * (a column).
 */
export function multiDot(tensors: readonly Tensor[]): Tensor {
  const op = 'linalg.multiDot';
  needList(op, 'tensors', tensors);
  const count = tensors.length;
  if (count < 2) throw new ValueError(`expected at least 2 tensors, but got ${count}`, { op });
  const list = tensors.map((x, i) => {
    checkTensor(op, 'an entry', x);
    if (x.ndim === 2) return x;
    if (x.ndim === 1 && i === 0) return unsqueeze(x, 0);
    if (x.ndim === 1 && i === count - 1) return unsqueeze(x, 1);
    throw new ShapeError(
      `tensor ${i} must be 2D, or 1D in first or last place, but has shape ${formatShape(x.shape)}`,
      { op },
    );
  });
  const sizes = [list[0].shape[0], ...list.map((x) => x.shape[1])];
  const costs = list.map(() => new Array<number>(count).fill(0));
  const cuts = list.map(() => new Array<number>(count).fill(0));
  for (let length = 1; length < count; length++) {
    for (let i = 0; i + length < count; i++) {
      const j = i + length;
      costs[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const cost = costs[i][k] + costs[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1];
        if (cost < costs[i][j]) [costs[i][j], cuts[i][j]] = [cost, k];
      }
    }
  }
  const product = (i: number, j: number): Tensor =>
    i === j ? list[i] : matmul(product(i, cuts[i][j]), product(cuts[i][j] + 1, j));
  return composed(() => {
    let out = product(0, count - 1);
    if (tensors[count - 1].ndim === 1) out = squeeze(out, -1);
    return tensors[0].ndim === 1 ? squeeze(out, 0) : out;
  });
}

/**
 * Rows `[1, x, x², …]` of `N` powers, by default as many as there are elements: `[…, n]` → `[…, n, N]`, and `[]` → `[1, N]`.
 *
 * @throws ValueError when N is less than 2
 */
export function vander(x: Tensor, N?: number | null | { readonly N?: number | null }): Tensor {
  checkTensor('vander', 'x', x);
  const op = 'linalg.vander';
  const [given] = named<[number | null]>(op, ['N'], [N]);
  refuseBool(op, x.dtype);
  if (x.ndim === 0) return vander(unsqueeze(x, 0), N);
  const count = given ?? x.shape[x.ndim - 1];
  if (count < 2) throw new ValueError(`N must be greater than 1, but got ${count}`, { op });
  return pow(unsqueeze(x, -1), arange(0, count, { dtype: isFloating(x.dtype) ? x.dtype : 'int32' }));
}

export interface DiagonalOptions {
  readonly offset?: number;
  readonly dim1?: number;
  readonly dim2?: number;
}

/** A view of a diagonal, by default of the last two dimensions. */
export function diagonal(A: Tensor, options?: DiagonalOptions): Tensor {
  checkTensor('diagonal', 'A', A);
  const [offset = 0, dim1 = -2, dim2 = -1] = named<[number, number, number]>(
    'linalg.diagonal',
    ['offset', 'dim1', 'dim2'],
    [options],
  );
  return diagonalOp(A, offset, dim1, dim2);
}

/** The inverse of `tensordot` with A: its first `ind` dimensions are the rows of a square matrix, the rest the columns. */
export function tensorinv(A: Tensor, ind?: number | { readonly ind?: number }): Tensor {
  checkTensor('tensorinv', 'A', A);
  const op = 'linalg.tensorinv';
  const [count = 2] = named<[number]>(op, ['ind'], [ind]);
  if (!Number.isInteger(count) || count < 1) {
    throw new ValueError(`expected a strictly positive integer for ind, but got ${count}`, { op });
  }
  const rows = A.shape.slice(0, count);
  const columns = A.shape.slice(count);
  if (sizeOf(rows) !== sizeOf(columns)) {
    throw new ShapeError(`expected ${formatShape(rows)} and ${formatShape(columns)} to have as many elements`, {
      op,
      operands: { A: A.shape, ind: count },
    });
  }
  return composed(() => reshape(inv(reshape(A, [sizeOf(rows), sizeOf(columns)])), [...columns, ...rows]));
}

/** X of `tensordot(A, X, X.ndim) = B`: the first dimensions of A are those of B; `dims` are moved to the end first. */
export function tensorsolve(
  A: Tensor,
  B: Tensor,
  dims?: readonly number[] | null | { readonly dims?: readonly number[] | null },
): Tensor {
  checkTensor('tensorsolve', 'A', A);
  checkTensor('tensorsolve', 'B', B);
  const op = 'linalg.tensorsolve';
  const [moved] = named<[readonly number[] | null]>(op, ['dims'], [dims]);
  if (moved !== undefined && moved !== null) needList(op, 'dims', moved);
  const a =
    moved === undefined || moved === null
      ? A
      : movedim(
          A,
          moved,
          moved.map((_, i) => i - moved.length),
        );
  const shape = a.shape.slice(B.ndim);
  if (sizeOf(shape) !== B.numel() || sizeOf(a.shape) !== B.numel() ** 2) {
    throw new ShapeError(
      `expected A to have as many columns as B has elements, but the shapes are ${formatShape(A.shape)} and ${formatShape(B.shape)}`,
      { op, operands: { A: A.shape, B: B.shape } },
    );
  }
  return composed(() => reshape(solve(reshape(a, [B.numel(), B.numel()]), ravel(B)), shape));
}

interface TrapezoidOptions {
  readonly dx?: number;
  readonly dim?: number;
}

/** Areas between neighbours, along the last dimension; and the dimension that it was. */
function trapezoids(op: string, y: Tensor, x: unknown, options: readonly unknown[]): [Tensor, number] {
  const points = isTensor(x) ? x : null;
  const names = points === null ? ['dx', 'dim'] : ['dim'];
  const values = named<readonly number[]>(op, names, points === null ? [x, ...options] : options);
  const dim = oneDim(op, y, values[names.length - 1] ?? -1);
  refuseBool(op, y.dtype);
  // As floats, for sums of neighbours that an integer would not hold.
  const heights = movedim(isFloating(y.dtype) ? y : to(y, 'float32'), dim, -1);
  const n = heights.shape[heights.ndim - 1];
  if (n === 0) return [heights, dim];
  const means = heights
    .slice(-1, 1)
    .add(heights.slice(-1, 0, n - 1))
    .div(2);
  if (points === null) return [means.mul(values[0] ?? 1), dim];
  const at = points.ndim === 1 ? points : movedim(points, dim - y.ndim, -1);
  if (at.shape[at.ndim - 1] !== n) {
    throw new ShapeError(
      `there must be one x for each y, but the shapes are ${formatShape(points.shape)} and ${formatShape(y.shape)}`,
      { op, operands: { y: y.shape, x: points.shape } },
    );
  }
  return [means.mul(at.slice(-1, 1).sub(at.slice(-1, 0, n - 1))), dim];
}

/**
 * The integral of y along `dim`, by default the last, by the trapezoidal rule: over points x, or at distances of `dx` (1).
 *
 * @example
 * trapezoid(tensor([1, 5, 10])); // tensor(10.5000)
 */
export function trapezoid(
  y: Tensor,
  x?: Tensor | number | TrapezoidOptions,
  ...options: readonly (number | TrapezoidOptions)[]
): Tensor {
  checkTensor('trapezoid', 'y', y);
  return roundedOnce([y, x], (heights, points) =>
    composed(() => trapezoids('trapezoid', heights, points, options)[0].sum(-1)),
  );
}

/** The running integral of y along `dim`, of one element less: `trapezoid` up to each. */
export function cumulativeTrapezoid(
  y: Tensor,
  x?: Tensor | number | TrapezoidOptions,
  ...options: readonly (number | TrapezoidOptions)[]
): Tensor {
  checkTensor('cumulativeTrapezoid', 'y', y);
  return roundedOnce([y, x], (heights, points) =>
    composed(() => {
      const [areas, dim] = trapezoids('cumulativeTrapezoid', heights, points, options);
      return movedim(areas.cumsum(-1), -1, dim);
    }),
  );
}
