/** Reference kernels of matrix products: one dot product per output element, accumulated in double precision, or in the
 * integer's own. */

import type { TypedArray } from '../dtype.ts';
import type { Storage } from '../storage.ts';
import { toBigInt } from './elementwise.ts';

/** A batch of matrices: element (i, j) of number p is at `offset + p * batchStride + i * rowStride + j * columnStride`. */
export interface MatrixView {
  readonly storage: Storage;
  readonly offset: number;
  readonly batchStride: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** One matrix of a batch, and the array that it lies in. */
interface Matrix {
  readonly array: TypedArray;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

function matrixAt(view: MatrixView, index: number): Matrix {
  const { storage, rowStride, columnStride } = view;
  return { array: storage.array, offset: view.offset + index * view.batchStride, rowStride, columnStride };
}

/** out[m×n] = alpha · a[m×k] · b[k×n] + beta · out, for each matrix of a batch; beta 0 does not read out. */
export function gemm(
  count: number,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  out: MatrixView,
  alpha = 1,
  beta = 0,
): void {
  const { dtype } = out.storage;
  const run = dtype === 'int64' ? gemmInt64 : dtype === 'int32' || dtype === 'uint8' ? gemmInt32 : gemmFloat;
  for (let i = 0; i < count; i++) run(m, n, k, matrixAt(a, i), matrixAt(b, i), matrixAt(out, i), alpha, beta);
}

function gemmFloat(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  out: Matrix,
  alpha: number,
  beta: number,
): void {
  const x = a.array as Float64Array;
  const y = b.array as Float64Array;
  const z = out.array as Float64Array;
  const stepA = a.columnStride;
  const stepB = b.rowStride;
  for (let i = 0; i < m; i++) {
    const rowA = a.offset + i * a.rowStride;
    const rowOut = out.offset + i * out.rowStride;
    for (let j = 0; j < n; j++) {
      let p = rowA;
      let q = b.offset + j * b.columnStride;
      let sum = 0;
      for (let l = 0; l < k; l++, p += stepA, q += stepB) sum += x[p] * y[q];
      const at = rowOut + j * out.columnStride;
      z[at] = beta === 0 ? alpha * sum : alpha * sum + beta * z[at];
    }
  }
}

/** In 32 bits throughout, which wrap; a double would lose the low bits of large sums. */
function gemmInt32(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  out: Matrix,
  alpha: number,
  beta: number,
): void {
  const x = a.array as Int32Array;
  const y = b.array as Int32Array;
  const z = out.array as Int32Array;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let p = a.offset + i * a.rowStride;
      let q = b.offset + j * b.columnStride;
      let sum = 0;
      for (let l = 0; l < k; l++, p += a.columnStride, q += b.rowStride) sum = (sum + Math.imul(x[p], y[q])) | 0;
      const at = out.offset + i * out.rowStride + j * out.columnStride;
      z[at] = Math.imul(alpha, sum) + (beta === 0 ? 0 : Math.imul(beta, z[at]));
    }
  }
}

function gemmInt64(
  m: number,
  n: number,
  k: number,
  a: Matrix,
  b: Matrix,
  out: Matrix,
  alpha: number,
  beta: number,
): void {
  const z = out.array as BigInt64Array;
  const big = (array: TypedArray, at: number): bigint => BigInt(array[at]);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0n;
      for (let l = 0; l < k; l++) {
        sum +=
          big(a.array, a.offset + i * a.rowStride + l * a.columnStride) *
          big(b.array, b.offset + l * b.rowStride + j * b.columnStride);
      }
      const at = out.offset + i * out.rowStride + j * out.columnStride;
      z[at] = toBigInt(alpha) * sum + (beta === 0 ? 0n : toBigInt(beta) * z[at]);
    }
  }
}
