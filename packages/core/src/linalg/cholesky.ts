/** The Cholesky decomposition of symmetric positive-definite matrices, and systems that are solved by it. */

import { allocateZeros } from '../base.ts';
import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { ShapeError } from '../errors.ts';
import { formatShape } from '../layout.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { flag } from '../ops/arguments.ts';
import { eye } from '../ops/create.ts';
import type { LinalgOps } from '../ops/list.ts';
import { transpose } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { solveTriangular } from './triangular.ts';
import {
  BLOCK,
  batchShape,
  batchSize,
  checkInfo,
  checkMatrices,
  checkSquare,
  doubleCopy,
  doubles,
  inDType,
  matrixAt,
  subtractProduct,
} from './work.ts';

/**
 * The lower triangle of the matrix at `at` becomes L, what is above it 0. By blocks of columns: the columns before them are
 * subtracted as a product, then each element is a short scalar product of rows.
 *
 * @returns 0, or the order of the first leading minor that is not positive, where it stops
 */
function factor(x: Tensor, at: number, n: number): number {
  let info = 0;
  for (let first = 0; first < n && info === 0; first += BLOCK) {
    const end = Math.min(first + BLOCK, n);
    const rows = matrixAt(x, at + first * n, n);
    const block = matrixAt(x, at + first * n, 1, n);
    subtractProduct(n - first, end - first, first, rows, block, matrixAt(x, at + first * n + first, n));
    info = factorColumns(doubles(x), at, n, first, end);
  }
  const a = doubles(x);
  for (let i = 0; i < n; i++) a.fill(0, at + i * n + i + 1, at + (i + 1) * n);
  return info;
}

function factorColumns(a: Float64Array, at: number, n: number, first: number, end: number): number {
  for (let i = first; i < n; i++) {
    const row = at + i * n;
    for (let j = first; j < end && j <= i; j++) {
      const other = at + j * n;
      let sum = a[row + j];
      for (let k = first; k < j; k++) sum -= a[row + k] * a[other + k];
      if (j < i) a[row + j] = sum / a[other + j];
      else if (sum > 0) a[row + j] = Math.sqrt(sum);
      else return i + 1;
    }
  }
  return 0;
}

const choleskyForward: LinalgOps['cholesky'] = (self) =>
  composed(() => {
    const n = self.shape[self.ndim - 1];
    const x = doubleCopy(self);
    const info = allocateZeros(batchShape(self), 'int32');
    const codes = new Int32Array(batchSize(self));
    for (let b = 0; b < codes.length; b++) codes[b] = factor(x, b * n * n, n);
    info.array.set(codes as never);
    return [inDType(x, self.dtype), info];
  });

export interface CholeskyOptions {
  /** Return U = Lᵀ of A = Uᵀ·U. Default false. */
  readonly upper?: boolean;
}

/**
 * L of `A = L · Lᵀ` for symmetric positive-definite matrices `[…, n, n]`, of which the lower triangle is read.
 *
 * @throws LinAlgError when a matrix is not positive-definite; ShapeError when it is not square; DTypeError for integers
 *
 * @example
 * const L = linalg.cholesky(x.T.matmul(x).add(eye(3)));
 */
export function cholesky(A: Tensor, options?: CholeskyOptions): Tensor {
  return decompose('linalg.cholesky', A, options, true)[0];
}

/** As `cholesky`, with an info in place of an error: 0, or the order of the leading minor that is not positive-definite. */
export function choleskyEx(
  A: Tensor,
  options?: CholeskyOptions & { readonly checkErrors?: boolean },
): NamedTuple<['L', 'info']> {
  const op = 'linalg.choleskyEx';
  const [upper, check] = named<[boolean, boolean]>(op, ['upper', 'checkErrors'], [options]);
  return namedTuple(op, ['L', 'info'], decompose(op, A, upper, flag(op, 'checkErrors', check)));
}

function decompose(op: string, A: Tensor, options: unknown, check: boolean): [Tensor, Tensor] {
  const [upper] = named<[boolean]>(op, ['upper'], [options]);
  checkSquare(op, A);
  const [L, info] = dispatch('cholesky', choleskyForward, [A]);
  if (check) {
    checkInfo(
      op,
      info,
      (order) =>
        'the factorization could not be completed because the input is not positive-definite (the leading minor of order ' +
        `${order} is not positive-definite)`,
    );
  }
  return [flag(op, 'upper', upper) ? transpose(L, -2, -1) : L, info];
}

/** X of `A · X = B` by the Cholesky factor of A, L or, with `upper`, U: `torch.cholesky_solve`. */
export function choleskySolve(B: Tensor, L: Tensor, upper?: boolean | { upper?: boolean }): Tensor {
  const op = 'choleskySolve';
  const [given] = named<[boolean]>(op, ['upper'], [upper]);
  checkSquare(op, L, 'L');
  checkMatrices(op, B, 'B');
  if (L.shape.at(-1) !== B.shape.at(-2)) {
    throw new ShapeError(
      `incompatible matrix sizes: L has shape ${formatShape(L.shape)}, B has ${formatShape(B.shape)}`,
      {
        op,
        operands: { B: B.shape, L: L.shape },
      },
    );
  }
  const lower = flag(op, 'upper', given) ? transpose(L, -2, -1) : L;
  return composed(() =>
    solveTriangular(transpose(lower, -2, -1), solveTriangular(lower, B, { upper: false }), { upper: true }),
  );
}

/** A⁻¹ by the Cholesky factor of A: `torch.cholesky_inverse`. */
export function choleskyInverse(L: Tensor, upper?: boolean | { upper?: boolean }): Tensor {
  checkSquare('choleskyInverse', L, 'L');
  return choleskySolve(eye(L.shape[L.ndim - 1], { dtype: L.dtype }), L, upper);
}
