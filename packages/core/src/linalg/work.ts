/**
 * What decompositions work in: contiguous copies in float64, whatever the dtype of the matrices, so that a float32 result is right to
 * its last digits. The loops are plain ones over rows; the part that grows as n³ goes through the packed GEMM, by blocks of
 * `BLOCK` rows or columns.
 */

import { allocate } from '../base.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, LinAlgError, ShapeError, show, ValueError } from '../errors.ts';
import { runCopy } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes, formatShape, sizeOf } from '../layout.ts';
import { checkTensor } from '../ops/tensors.ts';
import { expand } from '../ops/view.ts';
import type { MatrixView } from '../reference/matmul.ts';
import { gemm } from '../reference/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { fastGemm } from '../wasm/select.ts';

/** Rows or columns that are worked through by plain loops before a product brings the rest up to date. */
export const BLOCK = 32;
/** Products of fewer multiplications than this are left to the loops. */
const MIN_PRODUCTS = 8192;

/** A contiguous copy in float64. */
export function doubleCopy(x: Tensor): Tensor {
  const out = allocate(x.shape, 'float64');
  runCopy(x, out);
  return out;
}

/** The elements of a float64 tensor. Never kept across an allocation, which every product may make. */
export function doubles(x: Tensor): Float64Array {
  return x.array as Float64Array;
}

/** A contiguous tensor in the dtype of a result: itself, or a copy. */
export function inDType(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  const out = allocate(x.shape, dtype);
  runCopy(x, out);
  return out;
}

/** Rows of `rowStride` from element `at` on; `columnStride` is not 1 for a matrix seen transposed. */
export function matrixAt(x: Tensor, at: number, rowStride: number, columnStride = 1): MatrixView {
  return { storage: x.storage, offset: x.offset + at, batchStride: 0, rowStride, columnStride };
}

function transposed(x: MatrixView): MatrixView {
  return { ...x, rowStride: x.columnStride, columnStride: x.rowStride };
}

/** -x, as a matrix of its own. */
function negated(rows: number, columns: number, x: MatrixView): MatrixView {
  const out = allocate([rows, columns], 'float64');
  const from = x.storage.array;
  const to = doubles(out);
  for (let i = 0, at = 0; i < rows; i++) {
    let p = x.offset + i * x.rowStride;
    for (let j = 0; j < columns; j++, p += x.columnStride) to[at++] = -(from[p] as number);
  }
  return matrixAt(out, 0, columns);
}

/** c[m×n] -= a[m×k] · b[k×n]; c lies by rows, and shares no elements with a and b. */
export function subtractProduct(m: number, n: number, k: number, a: MatrixView, b: MatrixView, c: MatrixView): void {
  if (m * n * k === 0) return;
  if (m * n * k >= MIN_PRODUCTS) {
    // The smaller of the two changes its sign.
    const isLeft = m <= n;
    const x = isLeft ? negated(m, k, a) : a;
    const y = isLeft ? b : transposed(negated(n, k, transposed(b)));
    if (fastGemm(1, m, n, k, x, y, c, c)) return;
  }
  gemm(1, m, n, k, a, b, c, -1, 1);
}

/** How many matrices there are. */
export function batchSize(x: Tensor): number {
  return sizeOf(x.shape.slice(0, -2));
}

/** The shape of a result of each matrix, or of vectors and numbers beside it. */
export function batchShape(x: { readonly shape: Shape }, ...sizes: number[]): Shape {
  return [...x.shape.slice(0, -2), ...sizes];
}

/** @throws ShapeError for fewer than two dimensions; DTypeError for integers and booleans */
export function checkMatrices(op: string, x: Tensor, name = 'A'): void {
  checkTensor(op, name, x);
  if (x.ndim < 2) {
    throw new ShapeError(
      `the input tensor ${name} must have at least 2 dimensions, but has shape ${formatShape(x.shape)}`,
      {
        op,
        operands: { [name]: x.shape },
      },
    );
  }
  checkFloating(op, x, name);
}

/** @throws DTypeError for integers and booleans */
export function checkFloating(op: string, x: Tensor, name = 'A'): void {
  if (isFloating(checkTensor(op, name, x).dtype)) return;
  throw new DTypeError(`expected a floating point tensor ${name}, but got ${x.dtype}; cast with .to('float32') first`, {
    op,
    operands: { [name]: x.dtype },
  });
}

/** @throws ShapeError when matrices are not square, and as `checkMatrices` */
export function checkSquare(op: string, x: Tensor, name = 'A'): void {
  checkMatrices(op, x, name);
  const [m, n] = x.shape.slice(-2);
  if (m === n) return;
  throw new ShapeError(`${name} must be batches of square matrices, but they are ${m} by ${n} matrices`, {
    op,
    operands: { [name]: x.shape },
  });
}

/** One of several strings. */
export function oneOf<T extends string>(op: string, name: string, value: unknown, known: readonly T[]): T {
  if (known.includes(value as T)) return value as T;
  throw new ValueError(`${name} must be one of ${known.map(show).join(', ')}, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** Both with the same leading dimensions, broadcast. */
export function alignBatches(op: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const batch = broadcastShapes(op, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const wide = (x: Tensor): Tensor =>
    x.ndim === batch.length + 2 && x.shape.every((n, d) => d >= batch.length || n === batch[d])
      ? x
      : expand(x, [...batch, ...x.shape.slice(-2)]);
  return [wide(a), wide(b)];
}

/** @throws LinAlgError that names the first matrix whose info is not 0 */
export function checkInfo(op: string, info: Tensor, why: (info: number) => string): void {
  const codes = info.array as Int32Array;
  const at = codes.findIndex((code) => code !== 0);
  if (at < 0) return;
  const element = info.ndim === 0 ? '' : `(Batch element ${at}): `;
  throw new LinAlgError(`${element}${why(codes[at])}`, { op, operands: { info: codes[at] } });
}

/** @throws LinAlgError when an element is NaN or infinite: iterations would not end */
export function checkFinite(op: string, x: Tensor): void {
  const a = doubles(x);
  for (let i = 0; i < a.length; i++) {
    if (a[i] - a[i] === 0) continue;
    throw new LinAlgError('the algorithm failed to converge because the input matrix contained non-finite values', {
      op,
    });
  }
}
