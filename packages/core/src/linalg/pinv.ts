/** What small singular values decide: the rank, the pseudoinverse, least squares. */

import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../layout.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { flag } from '../ops/arguments.ts';
import { empty, full, scalarTensor, zeros } from '../ops/create.ts';
import { abs, maximum, reciprocal, where } from '../ops/elementwise.ts';
import type { LinalgOps } from '../ops/list.ts';
import { matmul } from '../ops/matmul.ts';
import { checkSameDType } from '../ops/places.ts';
import { amax } from '../ops/reduce.ts';
import { diagonal, narrow, squeeze, transpose, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { eigh, eigvalsh } from './eigh.ts';
import { qr } from './qr.ts';
import { svd, svdvals } from './svd.ts';
import { solveTriangular } from './triangular.ts';
import { alignBatches, batchShape, checkFloating, checkMatrices, checkSquare, oneOf } from './work.ts';

type Bound = Tensor | number | null;

export interface ToleranceOptions {
  /** Singular values up to this are 0. Default 0. */
  readonly atol?: Bound;
  /** Singular values up to this times the largest are 0. Default `max(m, n)` roundings of the dtype; 0 beside an atol. */
  readonly rtol?: Bound;
  /** The matrices are symmetric, and only their lower triangles are read. Default false. */
  readonly hermitian?: boolean;
}

function epsilonOf(dtype: DType): number {
  return dtype === 'float64' ? Number.EPSILON : 2 ** -23;
}

/** Both bounds, defaults filled in. */
function bounds(A: Tensor, atol: Bound | undefined, rtol: Bound | undefined): [Tensor | number, Tensor | number] {
  const byDefault = epsilonOf(A.dtype) * Math.max(...A.shape.slice(-2));
  const absolute = atol ?? 0;
  if (rtol !== undefined && rtol !== null) return [absolute, rtol];
  if (typeof absolute === 'number') return [absolute, absolute > 0 ? 0 : byDefault];
  return [absolute, where(absolute.gt(0), 0, scalarTensor(byDefault, A.dtype))];
}

/** Below which values `[…, k]`, none negative, count as 0: `[…, 1]`. */
function cutoff(values: Tensor, atol: Tensor | number, rtol: Tensor | number): Tensor {
  const column = (bound: Tensor | number): Tensor | number =>
    typeof bound === 'number' || bound.ndim === 0 ? bound : unsqueeze(bound, -1);
  return maximum(amax(values, -1, true).mul(column(rtol)), column(atol));
}

const pinvForward: LinalgOps['pinv'] = (self, atol, rtol, hermitian) =>
  composed(() => {
    if (self.shape.includes(0)) return zeros(transpose(self, -2, -1).shape, { dtype: self.dtype });
    let left: Tensor;
    let values: Tensor;
    let right: Tensor;
    if (hermitian) {
      [values, left] = eigh(self);
      right = transpose(left, -2, -1);
    } else [left, values, right] = svd(self, false);
    const sizes = abs(values);
    const inverse = where(sizes.gt(cutoff(sizes, atol, rtol)), reciprocal(values), 0);
    return matmul(transpose(right, -2, -1).mul(unsqueeze(inverse, -2)), transpose(left, -2, -1));
  });

/**
 * The Moore-Penrose inverse of matrices `[…, m, n]`: `[…, n, m]`. Singular values of at most `max(atol, rtol · largest)` count as 0. The
 * gradient wants the rank to stay what it is nearby.
 *
 * @example
 * linalg.pinv(A, { rtol: 1e-4 });
 */
export function pinv(
  A: Tensor,
  rcond?: Bound | ToleranceOptions,
  hermitian?: boolean | ToleranceOptions,
  options?: ToleranceOptions,
): Tensor {
  const op = 'linalg.pinv';
  const [old, symmetric, atol, rtol] = named<[Bound, boolean, Bound, Bound]>(
    op,
    ['rcond', 'hermitian', 'atol', 'rtol'],
    [rcond, hermitian, options],
  );
  const isSymmetric = flag(op, 'hermitian', symmetric);
  if (isSymmetric) checkSquare(op, A);
  else checkMatrices(op, A);
  return dispatch('pinv', pinvForward, [A, ...bounds(A, atol, rtol ?? old), isSymmetric]);
}

/**
 * How many singular values of matrices `[…, m, n]` are above `max(atol, rtol · largest)`: int32.
 *
 * @example
 * linalg.matrixRank(eye(3)); // tensor(3, dtype=torch.int32)
 */
export function matrixRank(
  A: Tensor,
  tol?: Bound | ToleranceOptions,
  hermitian?: boolean | ToleranceOptions,
  options?: ToleranceOptions,
): Tensor {
  const op = 'linalg.matrixRank';
  const [old, symmetric, atol, rtol] = named<[Bound, boolean, Bound, Bound]>(
    op,
    ['tol', 'hermitian', 'atol', 'rtol'],
    [tol, hermitian, options],
  );
  const isSymmetric = flag(op, 'hermitian', symmetric);
  if (isSymmetric) checkSquare(op, A);
  else checkMatrices(op, A);
  return composed(() => {
    if (A.shape.includes(0)) return zeros(batchShape(A), { dtype: 'int32' });
    const values = isSymmetric ? abs(eigvalsh(A.detach())) : svdvals(A.detach());
    const limits: [Tensor | number, Tensor | number] =
      old === undefined || old === null ? bounds(A, atol, rtol) : [old, 0];
    return values.gt(cutoff(values, ...limits)).sum(-1);
  });
}

const DRIVERS = ['gels', 'gelsy', 'gelsd', 'gelss'] as const;

export interface LstsqOptions {
  /** Singular values of at most this times the largest count as 0. Default: max(m, n) roundings of the dtype. */
  readonly rcond?: number | null;
  /** `'gelsy'` (default), `'gelsd'` and `'gelss'` take matrices of any rank, `'gels'` takes it for full. */
  readonly driver?: (typeof DRIVERS)[number] | null;
}

/**
 * X with the least ‖A·X - B‖ for A: `[…, m, n]` and B: `[…, m, k]`, or vectors `[…, m]`; of several such X the smallest. As in PyTorch,
 * `residuals` are given where m > n, the rank is full and the driver is not `'gelsy'`; `rank` is not given by `'gels'`, `singularValues`
 * by `'gelsd'` and `'gelss'` alone. What is not given is empty.
 *
 * @example
 * const { solution } = linalg.lstsq(X, y.unsqueeze(1));
 */
export function lstsq(
  A: Tensor,
  B: Tensor,
  rcond?: number | null | LstsqOptions,
  options?: LstsqOptions,
): NamedTuple<['solution', 'residuals', 'rank', 'singularValues']> {
  const op = 'linalg.lstsq';
  const [bound, given] = named<[number | null, string | null]>(op, ['rcond', 'driver'], [rcond, options]);
  const driver = oneOf(op, 'driver', given ?? 'gelsy', DRIVERS);
  checkMatrices(op, A);
  checkFloating(op, B, 'B');
  checkSameDType(op, 'the other', A, B);
  const isVector = B.ndim === A.ndim - 1 && sameShape(B.shape, A.shape.slice(0, -1));
  const right = isVector ? unsqueeze(B, -1) : B;
  if (right.ndim < 2 || right.shape.at(-2) !== A.shape.at(-2)) {
    throw new ShapeError(
      `B must have as many rows as A, but the shapes are ${formatShape(A.shape)} and ${formatShape(B.shape)}`,
      {
        op,
        operands: { A: A.shape, B: B.shape },
      },
    );
  }
  const [a, b] = alignBatches(op, A, right);
  const [m, n] = a.shape.slice(-2);
  const k = Math.min(m, n);
  const none = (dtype: DType): Tensor => empty([0], { dtype });
  const [solution, residuals, rank, values] = composed(() => {
    const limit = bound ?? epsilonOf(A.dtype) * Math.max(m, n);
    const singular = driver === 'gelsd' || driver === 'gelss' ? svdvals(a.detach()) : none(a.dtype);
    const factors = k === 0 ? null : qr(m >= n ? a : transpose(a, -2, -1));
    const isFull = factors === null || driver === 'gels' || hasFullRank(factors.R.detach(), limit);
    let x: Tensor;
    if (factors === null) x = zeros(batchShape(b, n, b.shape[b.ndim - 1]), { dtype: a.dtype });
    else if (!isFull) x = matmul(pinv(a, limit), b);
    else if (m >= n) x = solveTriangular(factors.R, matmul(transpose(factors.Q, -2, -1), b), { upper: true });
    else x = matmul(factors.Q, solveTriangular(transpose(factors.R, -2, -1), b, { upper: false }));
    const left = m > n && isFull && driver !== 'gelsy' ? matmul(a, x).sub(b) : null;
    let ranks = none('int32');
    if (driver !== 'gels') ranks = isFull ? full(batchShape(a), k, { dtype: 'int32' }) : matrixRank(a, { rtol: limit });
    return [
      isVector ? squeeze(x, -1) : x,
      left === null ? none(a.dtype) : left.mul(left).sum(-2),
      ranks,
      singular,
    ] as const;
  });
  return namedTuple(op, ['solution', 'residuals', 'rank', 'singularValues'], [solution, residuals, rank, values]);
}

/** Whether no diagonal element of triangles is small beside the largest of its own: what is doubtful is left to singular values. */
function hasFullRank(R: Tensor, limit: number): boolean {
  const k = Math.min(...R.shape.slice(-2));
  const sizes = abs(diagonal(narrow(R, -1, 0, k), 0, -2, -1));
  return (
    sizes
      .gt(amax(sizes, -1, true).mul(limit))
      .all()
      .item() !== 0
  );
}
