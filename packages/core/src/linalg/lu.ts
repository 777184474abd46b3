/**
 * The LU decomposition with partial pivoting, and what follows from it: determinants, inverses, solutions. The factors of a matrix
 * are computed once; the ops that use them (`luSolve`, `det`, `slogdet`) take the matrix too, which is what they are differentiated by.
 */

import { allocate, allocateZeros } from '../base.ts';
import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { ShapeError, show, ValueError } from '../errors.ts';
import { formatShape, sameShape, sizeOf } from '../layout.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { flag } from '../ops/arguments.ts';
import { eye } from '../ops/create.ts';
import { add, where } from '../ops/elementwise.ts';
import { gather } from '../ops/index.ts';
import { tril, triu } from '../ops/join.ts';
import type { LinalgOps } from '../ops/list.ts';
import { checkSameDType } from '../ops/places.ts';
import { checkTensor } from '../ops/tensors.ts';
import { expand, narrow, squeeze, transpose, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { solveTriangular, substitute } from './triangular.ts';
import {
  alignBatches,
  BLOCK,
  batchShape,
  batchSize,
  checkFloating,
  checkInfo,
  checkMatrices,
  checkSquare,
  doubleCopy,
  doubles,
  inDType,
  matrixAt,
  subtractProduct,
} from './work.ts';

// ------------------------------------------------------------------------------------------------------------------- factors

/**
 * The m × n matrix at `at` becomes L below its diagonal, whose ones are not stored, and U. By blocks of columns: their own loops,
 * then the rows of U beside them, then the rest as a product.
 *
 * @returns 0, or the number of the first zero on U's diagonal
 */
function factor(x: Tensor, at: number, m: number, n: number, pivots: Int32Array): number {
  let info = 0;
  const count = Math.min(m, n);
  for (let first = 0; first < count; first += BLOCK) {
    const end = Math.min(first + BLOCK, count);
    const zero = factorColumns(doubles(x), at, m, n, first, end, pivots);
    if (info === 0) info = zero;
    finishRows(doubles(x), at, n, first, end);
    const left = matrixAt(x, at + end * n + first, n);
    const above = matrixAt(x, at + first * n + end, n);
    subtractProduct(m - end, n - end, end - first, left, above, matrixAt(x, at + end * n + end, n));
  }
  return info;
}

function factorColumns(
  a: Float64Array,
  at: number,
  m: number,
  n: number,
  first: number,
  end: number,
  pivots: Int32Array,
): number {
  let info = 0;
  for (let j = first; j < end; j++) {
    let pivot = j;
    let largest = Math.abs(a[at + j * n + j]);
    for (let i = j + 1; i < m; i++) {
      const size = Math.abs(a[at + i * n + j]);
      if (size > largest) [largest, pivot] = [size, i];
    }
    pivots[j] = pivot + 1;
    const row = at + j * n;
    if (pivot !== j) swapRows(a, row, at + pivot * n, n);
    const value = a[row + j];
    if (value === 0) {
      if (info === 0) info = j + 1;
      continue;
    }
    for (let i = j + 1; i < m; i++) {
      const other = at + i * n;
      const l = a[other + j] / value;
      a[other + j] = l;
      for (let c = j + 1; c < end; c++) a[other + c] -= l * a[row + c];
    }
  }
  return info;
}

function swapRows(a: Float64Array, first: number, second: number, n: number): void {
  for (let c = 0; c < n; c++) {
    const kept = a[first + c];
    a[first + c] = a[second + c];
    a[second + c] = kept;
  }
}

/** The rows of U right of a block: what its own columns of L leave of them. */
function finishRows(a: Float64Array, at: number, n: number, first: number, end: number): void {
  for (let i = first + 1; i < end; i++) {
    const row = at + i * n;
    for (let k = first; k < i; k++) {
      const l = a[row + k];
      const other = at + k * n;
      for (let c = end; c < n; c++) a[row + c] -= l * a[other + c];
    }
  }
}

const luFactorForward: LinalgOps['luFactor'] = (self) =>
  composed(() => {
    const [m, n] = self.shape.slice(-2);
    const count = Math.min(m, n);
    const x = doubleCopy(self);
    const pivots = allocate(batchShape(self, count), 'int32');
    const info = allocateZeros(batchShape(self), 'int32');
    const rows = new Int32Array(count);
    for (let b = 0; b < batchSize(self); b++) {
      info.array[b] = factor(x, b * m * n, m, n, rows);
      (pivots.array as Int32Array).set(rows, b * count);
    }
    return [inDType(x, self.dtype), pivots, info];
  });

/** The factors of A as values alone, for ops that are differentiated by A itself. */
function factors(A: Tensor): readonly [LU: Tensor, pivots: Tensor, info: Tensor] {
  return luFactorForward(A.detach());
}

function noPivoting(op: string, pivot: unknown): void {
  if (pivot === undefined || pivot === true) return;
  throw new ValueError(`pivot must be true: without pivoting is not offered on the CPU, but got ${show(pivot)}`, {
    op,
  });
}

const singularU = (at: number): string =>
  `the factor U is singular (the diagonal element ${at} is zero); luSolve would divide by zero`;

export interface LuOptions {
  /** With row exchanges, as always here. */
  readonly pivot?: boolean;
}

/**
 * The LU decomposition of matrices `[…, m, n]` in one matrix, and the row exchanges: row i with row `pivots[i]`, counted from 1.
 *
 * @throws LinAlgError when U has a zero on its diagonal; ShapeError, DTypeError
 */
export function luFactor(A: Tensor, options?: LuOptions): NamedTuple<['LU', 'pivots']> {
  const op = 'linalg.luFactor';
  noPivoting(op, named<[boolean]>(op, ['pivot'], [options])[0]);
  checkMatrices(op, A);
  const [LU, pivots, info] = dispatch('luFactor', luFactorForward, [A]);
  checkInfo(op, info, singularU);
  return namedTuple(op, ['LU', 'pivots'], [LU, pivots]);
}

/** As `luFactor`, with an info in place of an error: 0, or the number of the first zero on U's diagonal. */
export function luFactorEx(
  A: Tensor,
  options?: LuOptions & { readonly checkErrors?: boolean },
): NamedTuple<['LU', 'pivots', 'info']> {
  const op = 'linalg.luFactorEx';
  const [pivot, check] = named<[boolean, boolean]>(op, ['pivot', 'checkErrors'], [options]);
  noPivoting(op, pivot);
  checkMatrices(op, A);
  const [LU, pivots, info] = dispatch('luFactor', luFactorForward, [A]);
  if (flag(op, 'checkErrors', check)) checkInfo(op, info, singularU);
  return namedTuple(op, ['LU', 'pivots', 'info'], [LU, pivots, info]);
}

/** For each row of P·L·U, the row of L·U that it is: the exchanges, carried out on [0, 1, …]. */
function rowsOf(pivots: Tensor, m: number): Tensor {
  const count = pivots.shape[pivots.ndim - 1];
  const out = allocate([...pivots.shape.slice(0, -1), m], 'int32');
  const swaps = pivots.toTypedArray() as Int32Array;
  const order = new Int32Array(m);
  const rows = new Int32Array(m);
  for (let b = 0; b < sizeOf(pivots.shape.slice(0, -1)); b++) {
    for (let i = 0; i < m; i++) order[i] = i;
    for (let i = 0; i < count; i++) {
      const other = swaps[b * count + i] - 1;
      [order[i], order[other]] = [order[other], order[i]];
    }
    for (let i = 0; i < m; i++) rows[order[i]] = i;
    (out.array as Int32Array).set(rows, b * m);
  }
  return out;
}

/** The permutation matrix of row exchanges: P of `A = P·L·U`. */
export function permutation(pivots: Tensor, m: number, dtype: Tensor['dtype']): Tensor {
  const rows = rowsOf(pivots, m);
  return gather(expand(eye(m, { dtype }), [...rows.shape, m]), -2, expand(unsqueeze(rows, -1), [...rows.shape, m]));
}

/** P, L and U of what `luFactor` returns: `torch.lu_unpack`. */
export function luUnpack(LU: Tensor, pivots: Tensor): NamedTuple<['P', 'L', 'U']> {
  checkMatrices('luUnpack', LU, 'LU');
  checkTensor('luUnpack', 'pivots', pivots);
  return unpacked('luUnpack', LU, pivots);
}

function unpacked(op: string, LU: Tensor, pivots: Tensor): NamedTuple<['P', 'L', 'U']> {
  const [m, n] = LU.shape.slice(-2);
  const k = Math.min(m, n);
  const L = add(tril(narrow(LU, -1, 0, k), -1), eye(m, k, { dtype: LU.dtype }));
  return namedTuple(op, ['P', 'L', 'U'], [permutation(pivots, m, LU.dtype), L, triu(narrow(LU, -2, 0, k))]);
}

/**
 * `A = P · L · U` of matrices `[…, m, n]`: a permutation, a lower triangle with ones on its diagonal, an upper triangle.
 *
 * @example
 * const { P, L, U } = linalg.lu(A);
 */
export function lu(A: Tensor, options?: LuOptions): NamedTuple<['P', 'L', 'U']> {
  const op = 'linalg.lu';
  noPivoting(op, named<[boolean]>(op, ['pivot'], [options])[0]);
  checkMatrices(op, A);
  const [LU, pivots] = dispatch('luFactor', luFactorForward, [A]);
  return unpacked(op, LU, pivots);
}

// ----------------------------------------------------------------------------------------------------------------- solutions

const luSolveForward: LinalgOps['luSolve'] = (self, B, LU, pivots, transposed) =>
  composed(() => {
    const [n, columns] = B.shape.slice(-2);
    const lu = LU.dtype === 'float64' ? LU : doubleCopy(LU);
    const x = doubleCopy(B);
    const swaps = pivots.array as Int32Array;
    for (let b = 0; b < batchSize(B); b++) {
      const at = b * n * columns;
      const forward = matrixAt(lu, b * n * n, n);
      const backward = matrixAt(lu, b * n * n, 1, n);
      if (!transposed) {
        exchange(doubles(x), at, n, columns, swaps, b * n, false);
        substitute(n, columns, forward, x, at, false, true);
        substitute(n, columns, forward, x, at, true, false);
      } else {
        substitute(n, columns, backward, x, at, false, false);
        substitute(n, columns, backward, x, at, true, true);
        exchange(doubles(x), at, n, columns, swaps, b * n, true);
      }
    }
    return inDType(x, self.dtype);
  });

/** Exchanges rows as pivoting did, or takes that back. */
function exchange(
  x: Float64Array,
  at: number,
  n: number,
  columns: number,
  pivots: Int32Array,
  from: number,
  back: boolean,
): void {
  for (let step = 0; step < n; step++) {
    const i = back ? n - 1 - step : step;
    const other = pivots[from + i] - 1;
    if (other !== i) swapRows(x, at + i * columns, at + other * columns, columns);
  }
}

/** X of `A·X = B`, or of `Aᵀ·X = B`, by A's factors: an op of A and B. All are batches of one shape, contiguous factors included. */
export function solveByFactors(A: Tensor, B: Tensor, LU: Tensor, pivots: Tensor, transposed: boolean): Tensor {
  checkTensor('solveByFactors', 'A', A);
  checkTensor('solveByFactors', 'B', B);
  checkTensor('solveByFactors', 'LU', LU);
  checkTensor('solveByFactors', 'pivots', pivots);
  return dispatch('luSolve', luSolveForward, [A, B, LU, pivots, transposed]);
}

const singular = (at: number): string =>
  `the solver failed because the input matrix is singular (the diagonal element ${at} of its factor U is zero)`;
const singularInverse = (at: number): string =>
  `the diagonal element ${at} is zero, the inversion could not be completed because the input matrix is singular`;

export interface SolveOptions {
  /** `A · X = B` (default), or `X · A = B`. */
  readonly left?: boolean;
}

/**
 * X of `A · X = B` for square matrices `[…, n, n]`. B holds matrices, `[…, n, k]`, or vectors: when it has one dimension, or is as
 * `A` without its last dimension. Leading dimensions broadcast.
 *
 * @throws LinAlgError when a matrix is singular; ShapeError when shapes do not fit
 *
 * @example
 * linalg.solve(tensor([[2, 0], [0, 4]]), tensor([2, 2])); // tensor([1.0000, 0.5000])
 */
export function solve(A: Tensor, B: Tensor, options?: SolveOptions): Tensor {
  return solveBy('linalg.solve', A, B, options, true)[0];
}

/** As `solve`, with an info in place of an error: 0, or the number of the first zero on U's diagonal. */
export function solveEx(
  A: Tensor,
  B: Tensor,
  options?: SolveOptions & { readonly checkErrors?: boolean },
): NamedTuple<['result', 'info']> {
  const op = 'linalg.solveEx';
  const [left, check] = named<[boolean, boolean]>(op, ['left', 'checkErrors'], [options]);
  return namedTuple(op, ['result', 'info'], solveBy(op, A, B, left, flag(op, 'checkErrors', check)));
}

function solveBy(op: string, A: Tensor, B: Tensor, options: unknown, check: boolean): [Tensor, Tensor] {
  const [left = true] = named<[boolean]>(op, ['left'], [options]);
  checkSquare(op, A);
  checkFloating(op, B, 'B');
  checkSameDType(op, 'the other', A, B);
  const isVector = B.ndim === 1 || (B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1)));
  if (isVector && !left) {
    throw new ShapeError('vectors on the right of X·A = B are not taken; give B as a matrix of one row', {
      op,
      operands: { A: A.shape, B: B.shape },
    });
  }
  const matrix = isVector ? unsqueeze(B, -1) : B;
  if (matrix.ndim < 2 || A.shape.at(-1) !== matrix.shape.at(left ? -2 : -1)) {
    throw new ShapeError(
      `incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'}, ${formatShape(A.shape)} and ` +
        `${formatShape(B.shape)}`,
      { op, operands: { A: A.shape, B: B.shape } },
    );
  }
  return composed(() => {
    const [LU, pivots, info] = factors(A);
    if (check) checkInfo(op, info, singular);
    const [a, b] = alignBatches(op, A, left ? matrix : transpose(matrix, -2, -1));
    const X = solveByFactors(a, b, ...wideFactors(a, LU, pivots), !left);
    return [isVector ? squeeze(X, -1) : left ? X : transpose(X, -2, -1), info];
  });
}

/** Factors for each matrix of a broadcast batch. */
function wideFactors(A: Tensor, LU: Tensor, pivots: Tensor): [Tensor, Tensor] {
  if (A.ndim === LU.ndim && sameShape(A.shape, LU.shape)) return [LU, pivots];
  const wide = (x: Tensor, ...own: number[]): Tensor => expand(x, batchShape(A, ...own)).contiguous();
  return [wide(LU, ...LU.shape.slice(-2)), wide(pivots, LU.shape[LU.ndim - 1])];
}

/**
 * A⁻¹ of square matrices `[…, n, n]`. For `A⁻¹ · B` take `solve`, which is faster and more accurate.
 *
 * @throws LinAlgError when a matrix is singular
 */
export function inv(A: Tensor): Tensor {
  return invert('linalg.inv', A, true)[0];
}

/** As `inv`, with an info in place of an error: 0, or the number of the first zero on U's diagonal. */
export function invEx(A: Tensor, options?: { readonly checkErrors?: boolean }): NamedTuple<['inverse', 'info']> {
  const op = 'linalg.invEx';
  const [check] = named<[boolean]>(op, ['checkErrors'], [options]);
  return namedTuple(op, ['inverse', 'info'], invert(op, A, flag(op, 'checkErrors', check)));
}

function invert(op: string, A: Tensor, check: boolean): [Tensor, Tensor] {
  checkSquare(op, A);
  return composed(() => {
    const [LU, pivots, info] = factors(A);
    if (check) checkInfo(op, info, singularInverse);
    const one = expand(eye(A.shape[A.ndim - 1], { dtype: A.dtype }), A.shape);
    return [solveByFactors(A, one, LU, pivots, false), info];
  });
}

/**
 * X of `A · X = B` by what `luFactor` returned for A; with `adjoint`, of `Aᵀ · X = B`, with `left: false` of `X · A = B`.
 *
 * @example
 * const [LU, pivots] = linalg.luFactor(A);
 * linalg.luSolve(LU, pivots, B);
 */
export function luSolve(
  LU: Tensor,
  pivots: Tensor,
  B: Tensor,
  options?: SolveOptions & { readonly adjoint?: boolean },
): Tensor {
  const op = 'linalg.luSolve';
  const [left = true, adjoint] = named<[boolean, boolean]>(op, ['left', 'adjoint'], [options]);
  checkSquare(op, LU, 'LU');
  checkMatrices(op, B, 'B');
  checkSameDType(op, 'the other', LU, B);
  const n = LU.shape[LU.ndim - 1];
  if (n !== B.shape.at(left ? -2 : -1)) {
    throw new ShapeError(`incompatible shapes of LU and B, ${formatShape(LU.shape)} and ${formatShape(B.shape)}`, {
      op,
      operands: { LU: LU.shape, B: B.shape },
    });
  }
  const backwards = flag(op, 'adjoint', adjoint) === left;
  return composed(() => {
    const P = permutation(pivots, n, LU.dtype);
    const right = left ? B : transpose(B, -2, -1);
    const upper = backwards ? transpose(LU, -2, -1) : LU;
    const lower = { upper: backwards, unitriangular: true };
    const solved = backwards
      ? P.matmul(solveTriangular(upper, solveTriangular(upper, right, { upper: false }), lower))
      : solveTriangular(upper, solveTriangular(upper, transpose(P, -2, -1).matmul(right), lower), { upper: true });
    return left ? solved : transpose(solved, -2, -1);
  });
}

// -------------------------------------------------------------------------------------------------------------- determinants

/** Calls `give` with the sign of each determinant and the diagonal of its U. */
function eachDiagonal(
  LU: Tensor,
  pivots: Tensor,
  give: (b: number, sign: number, at: number, step: number) => void,
): void {
  const n = LU.shape[LU.ndim - 1];
  const swaps = pivots.array as Int32Array;
  for (let b = 0; b < batchSize(LU); b++) {
    let sign = 1;
    for (let i = 0; i < n; i++) if (swaps[b * n + i] !== i + 1) sign = -sign;
    give(b, sign, b * n * n, n + 1);
  }
}

const detForward: LinalgOps['det'] = (self, LU, pivots) => {
  const n = self.shape[self.ndim - 1];
  const out = allocate(batchShape(self), self.dtype);
  const a = LU.array as Float64Array;
  eachDiagonal(LU, pivots, (b, sign, at, step) => {
    let product = sign;
    for (let i = 0; i < n; i++) product *= a[at + i * step];
    out.array[b] = product;
  });
  return out;
};

const slogdetForward: LinalgOps['slogdet'] = (self, LU, pivots) => {
  const n = self.shape[self.ndim - 1];
  const signs = allocate(batchShape(self), self.dtype);
  const logs = allocate(batchShape(self), self.dtype);
  const a = LU.array as Float64Array;
  eachDiagonal(LU, pivots, (b, sign, at, step) => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const u = a[at + i * step];
      sum += Math.log(Math.abs(u));
      sign *= u > 0 ? 1 : u < 0 ? -1 : u;
    }
    signs.array[b] = sign;
    logs.array[b] = sum;
  });
  return [signs, logs];
};

/**
 * The determinants of square matrices `[…, n, n]`, 1 for an empty one.
 *
 * @example
 * linalg.det(tensor([[1, 2], [3, 4]])); // tensor(-2.)
 */
export function det(A: Tensor): Tensor {
  checkSquare('linalg.det', A);
  return composed(() => {
    const [LU, pivots] = factors(A);
    return dispatch('det', detForward, [A, LU, pivots]);
  });
}

/**
 * Sign and logarithm of the absolute value of determinants, which do not overflow: 0 and -Infinity for a singular matrix.
 *
 * @example
 * const { sign, logabsdet } = linalg.slogdet(A);
 */
export function slogdet(A: Tensor): NamedTuple<['sign', 'logabsdet']> {
  checkSquare('linalg.slogdet', A);
  const [sign, logabsdet] = composed(() => {
    const [LU, pivots] = factors(A);
    return dispatch('slogdet', slogdetForward, [A, LU, pivots]);
  });
  return namedTuple('linalg.slogdet', ['sign', 'logabsdet'], [sign, logabsdet]);
}

/** The logarithm of determinants, NaN where they are negative: `torch.logdet`. */
export function logdet(A: Tensor): Tensor {
  checkSquare('logdet', A);
  const { sign, logabsdet } = slogdet(A);
  return where(sign.lt(0), Number.NaN, logabsdet);
}
