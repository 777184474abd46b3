/** Systems with a triangular matrix: forward and back substitution. */

import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, offsets } from '../layout.ts';
import { flag } from '../ops/arguments.ts';
import type { LinalgOps } from '../ops/list.ts';
import { checkSameDType } from '../ops/places.ts';
import { transpose } from '../ops/view.ts';
import { named } from '../options.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Tensor } from '../tensor.ts';
import {
  alignBatches,
  BLOCK,
  checkMatrices,
  checkSquare,
  doubleCopy,
  doubles,
  inDType,
  matrixAt,
  subtractProduct,
} from './work.ts';

/**
 * Solves `a · x = x` in place: x, `[n, columns]` from element `at` of a float64 tensor, becomes a⁻¹·x. By blocks of rows, from the
 * top where a is lower triangular and from the bottom where it is upper: what is known is subtracted as a product.
 */
export function substitute(
  n: number,
  columns: number,
  a: MatrixView,
  x: Tensor,
  at: number,
  upper: boolean,
  unit: boolean,
): void {
  const blocks = Math.ceil(n / BLOCK);
  for (let b = 0; b < blocks; b++) {
    const first = (upper ? blocks - 1 - b : b) * BLOCK;
    const end = Math.min(first + BLOCK, n);
    const known = upper ? end : 0;
    const part = { ...a, offset: a.offset + first * a.rowStride + known * a.columnStride };
    const done = matrixAt(x, at + known * columns, columns);
    const rest = matrixAt(x, at + first * columns, columns);
    subtractProduct(end - first, columns, upper ? n - end : first, part, done, rest);
    substituteBlock(first, end, columns, a, doubles(x), at, upper, unit);
  }
}

function substituteBlock(
  first: number,
  end: number,
  columns: number,
  a: MatrixView,
  x: Float64Array,
  at: number,
  upper: boolean,
  unit: boolean,
): void {
  const array = a.storage.array as Float64Array;
  for (let r = first; r < end; r++) {
    const i = upper ? first + end - 1 - r : r;
    const row = at + i * columns;
    const from = upper ? i + 1 : first;
    const to = upper ? end : i;
    for (let k = from; k < to; k++) {
      const factor = array[a.offset + i * a.rowStride + k * a.columnStride];
      const other = at + k * columns;
      for (let c = 0; c < columns; c++) x[row + c] -= factor * x[other + c];
    }
    if (unit) continue;
    const pivot = array[a.offset + i * (a.rowStride + a.columnStride)];
    for (let c = 0; c < columns; c++) x[row + c] /= pivot;
  }
}

const solveTriangularForward: LinalgOps['solveTriangular'] = (a, b, upper, unit) =>
  composed(() => {
    const source = a.dtype === 'float64' ? a : doubleCopy(a);
    const x = doubleCopy(b);
    const [n, columns] = b.shape.slice(-2);
    const [rowStride, columnStride] = source.strides.slice(-2);
    let at = 0;
    for (const start of offsets(a.shape.slice(0, -2), source.strides.slice(0, -2), 0)) {
      substitute(n, columns, matrixAt(source, start, rowStride, columnStride), x, at, upper, unit);
      at += n * columns;
    }
    return inDType(x, b.dtype);
  });

export interface SolveTriangularOptions {
  /** Which triangle of A is read. */
  readonly upper: boolean;
  /** `A · X = B` (default), or `X · A = B`. */
  readonly left?: boolean;
  /** Take the diagonal for ones, and do not read it. Default false. */
  readonly unitriangular?: boolean;
}

/**
 * X of `A · X = B` (or of `X · A = B`, with `left: false`) for a triangular A: `[…, n, n]`, B: `[…, n, k]`. The leading dimensions
 * broadcast. A singular A gives infinities, without an error.
 *
 * @throws ShapeError when A is not square or B does not fit; DTypeError for integers
 *
 * @example
 * linalg.solveTriangular(L, B, { upper: false });
 */
export function solveTriangular(A: Tensor, B: Tensor, options: SolveTriangularOptions): Tensor {
  const op = 'linalg.solveTriangular';
  const [upper, left = true, unit] = named<[boolean, boolean, boolean]>(
    op,
    ['upper', 'left', 'unitriangular'],
    [options],
  );
  checkSquare(op, A);
  checkMatrices(op, B, 'B');
  checkSameDType(op, 'the other', A, B);
  if (A.shape.at(-1) !== B.shape.at(left ? -2 : -1)) {
    throw new ShapeError(
      `incompatible shapes of A and B for the equation ${left ? 'AX = B' : 'XA = B'}, ${formatShape(A.shape)} and ` +
        `${formatShape(B.shape)}`,
      { op, operands: { A: A.shape, B: B.shape } },
    );
  }
  const isUpper = flag(op, 'upper', upper);
  const isUnit = flag(op, 'unitriangular', unit);
  if (!left) {
    // X·A = B is Aᵀ·Xᵀ = Bᵀ.
    const [a, b] = alignBatches(op, transpose(A, -2, -1), transpose(B, -2, -1));
    return transpose(dispatch('solveTriangular', solveTriangularForward, [a, b, !isUpper, isUnit]), -2, -1);
  }
  const [a, b] = alignBatches(op, A, B);
  return dispatch('solveTriangular', solveTriangularForward, [a, b, isUpper, isUnit]);
}
