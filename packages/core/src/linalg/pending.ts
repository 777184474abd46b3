/**
 * A matrix A - P·Rᵀ that a block of reflections is changing: products with it, its rows and its columns, while A itself stays as it was
 * until the block ends, when one product of matrices brings it up to date. What LAPACK's `latrd` and `labrd` do.
 */

import { allocate } from '../base.ts';
import { runGemm } from '../kernels.ts';
import type { Tensor } from '../tensor.ts';
import { BLOCK, doubles, matrixAt, subtractProduct } from './work.ts';

/** Columns of P and R: two for each reflection of a block. */
const COLUMNS = 2 * BLOCK;

export class Pending {
  private readonly x: Tensor;
  private readonly at: number;
  private readonly n: number;
  private readonly p: Tensor;
  private readonly r: Tensor;
  /** A vector, and behind it a product with it. */
  private readonly vectors: Tensor;
  private width = 0;

  /** A is the n × n matrix at `at` of a float64 tensor. */
  constructor(x: Tensor, at: number, n: number) {
    this.x = x;
    this.at = at;
    this.n = n;
    this.p = allocate([n, COLUMNS], 'float64');
    this.r = allocate([n, COLUMNS], 'float64');
    this.vectors = allocate([2 * n], 'float64');
  }

  /** Brings the elements of a row (or a column) of A from `from` on up to date. Returns where the first of them lies. */
  finish(line: number, from: number, isRow: boolean): number {
    const { n, width } = this;
    const a = doubles(this.x);
    const own = doubles(isRow ? this.p : this.r);
    const others = doubles(isRow ? this.r : this.p);
    const start = this.at + line * (isRow ? n : 1);
    const step = isRow ? 1 : n;
    for (let i = from; i < n; i++) {
      let sum = 0;
      for (let c = 0; c < width; c++) sum += own[line * COLUMNS + c] * others[i * COLUMNS + c];
      a[start + i * step] -= sum;
    }
    return start + from * step;
  }

  /**
   * factor · (A - P·Rᵀ)·u, or with the transpose; u begins with row `start`, the result with row `from`. Elements of both before
   * that are taken for 0.
   */
  times(u: Float64Array, start: number, from: number, transposed: boolean, factor: number): Float64Array {
    const { n, width } = this;
    const [rowStep, columnStep] = transposed ? [1, n] : [n, 1];
    doubles(this.vectors).set(u);
    const a = matrixAt(this.x, this.at + from * rowStep + start * columnStep, rowStep, columnStep);
    runGemm(1, n - from, 1, n - start, a, matrixAt(this.vectors, start, 1), matrixAt(this.vectors, n + from, 1));
    const product = doubles(this.vectors);
    const outer = doubles(transposed ? this.r : this.p);
    const inner = doubles(transposed ? this.p : this.r);
    const along = new Float64Array(width);
    for (let i = start; i < n; i++) for (let c = 0; c < width; c++) along[c] += inner[i * COLUMNS + c] * u[i];
    const out = new Float64Array(n);
    for (let i = from; i < n; i++) {
      let sum = product[n + i];
      for (let c = 0; c < width; c++) sum -= outer[i * COLUMNS + c] * along[c];
      out[i] = factor * sum;
    }
    return out;
  }

  /** One more column each of P and R. */
  push(p: Float64Array, r: Float64Array): void {
    const left = doubles(this.p);
    const right = doubles(this.r);
    for (let i = 0, at = this.width; i < this.n; i++, at += COLUMNS) {
      left[at] = p[i];
      right[at] = r[i];
    }
    this.width++;
  }

  /** A -= P·Rᵀ, for rows and columns from `from` on, which are all that are left. */
  flush(from: number): void {
    const { n, at } = this;
    const size = n - from;
    const p = matrixAt(this.p, from * COLUMNS, COLUMNS);
    const r = matrixAt(this.r, from * COLUMNS, 1, COLUMNS);
    subtractProduct(size, size, this.width, p, r, matrixAt(this.x, at + from * (n + 1), n));
    this.width = 0;
  }
}
