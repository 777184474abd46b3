/**
 * Householder reflections, LAPACK's way: H = I - τ·v·vᵀ with v[0] = 1, which turns a vector into a multiple of the first unit
 * vector, of the sign opposite to its first element. Several of them, H₀·H₁·…, are I - V·T·Vᵀ with an upper triangular T
 * (Schreiber and Van Loan's compact WY form), and are applied as products of matrices.
 */

import { allocate, allocateZeros } from '../base.ts';
import { runGemm } from '../kernels.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { BLOCK, doubles, matrixAt, subtractProduct } from './work.ts';

/** √(Σ x²), scaled where squares would leave the range of a double. */
export function length(a: Float64Array, at: number, step: number, count: number): number {
  let sum = 0;
  for (let i = 0, p = at; i < count; i++, p += step) sum += a[p] * a[p];
  if (sum > 1e-280 && sum < 1e280) return Math.sqrt(sum);
  let largest = 0;
  for (let i = 0, p = at; i < count; i++, p += step) largest = Math.max(largest, Math.abs(a[p]));
  if (!(largest > 0 && largest < Infinity)) return largest;
  sum = 0;
  for (let i = 0, p = at; i < count; i++, p += step) sum += (a[p] / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** Reflects the vector at `at` in place: first the length that it gets, behind it v without its leading 1. Returns τ. */
export function reflect(a: Float64Array, at: number, step: number, count: number): number {
  const alpha = a[at];
  const tail = length(a, at + step, step, count - 1);
  if (tail === 0) return 0;
  const beta = -(alpha < 0 || Object.is(alpha, -0) ? -1 : 1) * Math.hypot(alpha, tail);
  const scale = alpha - beta;
  for (let i = 1, p = at + step; i < count; i++, p += step) a[p] /= scale;
  a[at] = beta;
  return (beta - alpha) / beta;
}

/** k reflections of vectors of m elements. */
export class Reflectors {
  readonly taus: Float64Array;
  /** [m, k]: column j is v of reflection j, which begins with its 1 in row `j + shift`. */
  readonly v: Tensor;
  private readonly t: Tensor;
  private readonly gram: Tensor;
  private readonly m: number;
  private readonly k: number;
  private readonly shift: number;

  constructor(m: number, k: number, shift = 0) {
    this.m = m;
    this.k = k;
    this.shift = shift;
    this.taus = new Float64Array(k);
    this.v = allocateZeros([m, k], 'float64');
    this.t = allocate([BLOCK, BLOCK], 'float64');
    this.gram = allocate([BLOCK, BLOCK], 'float64');
  }

  /** Keeps reflection j, as `reflect` left it at `at`, and gives its v among all m rows. */
  keep(j: number, tau: number, a: Float64Array, at: number, step: number): Float64Array {
    const { m, k, shift } = this;
    const v = new Float64Array(m);
    const all = doubles(this.v);
    this.taus[j] = tau;
    for (let i = j + shift, p = at; i < m; i++, p += step) all[i * k + j] = v[i] = i === j + shift ? 1 : a[p];
    return v;
  }

  /** The columns of a block, from its first row that is not 0 on. */
  block(j: number): MatrixView {
    return matrixAt(this.v, (j + this.shift) * this.k + j, this.k);
  }

  /** c = Q·c, or Qᵀ·c, for a matrix of m rows and `columns` columns; in Q·c of the identity, its zeros are passed over. */
  apply(c: MatrixView, columns: number, transposed: boolean, isIdentity = false): void {
    const { k } = this;
    const last = k === 0 ? -1 : Math.floor((k - 1) / BLOCK) * BLOCK;
    if (transposed) for (let j = 0; j < k; j += BLOCK) this.applyBlock(j, c, columns, true, 0);
    else for (let j = last; j >= 0; j -= BLOCK) this.applyBlock(j, c, columns, false, isIdentity ? j + this.shift : 0);
  }

  /** c -= V·(T·(Vᵀ·c)), from a column on; T transposed for Qᵀ */
  applyBlock(j: number, c: MatrixView, columns: number, transposed: boolean, from: number): void {
    const width = Math.min(BLOCK, this.k - j);
    const row = j + this.shift;
    const rows = this.m - row;
    const n = columns - from;
    if (n <= 0 || rows <= 0) return;
    this.triangle(j, width, rows);
    const v = this.block(j);
    const vt = { ...v, rowStride: 1, columnStride: this.k };
    const part = { ...c, offset: c.offset + row * c.rowStride + from * c.columnStride };
    const inner = allocate([2 * width, n], 'float64');
    const first = matrixAt(inner, 0, n);
    const second = matrixAt(inner, width * n, n);
    runGemm(1, width, n, rows, vt, part, first);
    const t = matrixAt(this.t, 0, transposed ? 1 : BLOCK, transposed ? BLOCK : 1);
    runGemm(1, width, n, width, t, first, second);
    subtractProduct(rows, n, width, v, second, part);
  }

  /** T of a block: τ on the diagonal; above it, column i is -τᵢ·T·(Vᵀ·vᵢ). */
  private triangle(j: number, width: number, rows: number): void {
    const v = this.block(j);
    runGemm(1, width, width, rows, { ...v, rowStride: 1, columnStride: this.k }, v, matrixAt(this.gram, 0, BLOCK));
    const t = doubles(this.t).fill(0);
    const gram = doubles(this.gram);
    for (let i = 0; i < width; i++) {
      const tau = this.taus[j + i];
      t[i * BLOCK + i] = tau;
      for (let r = 0; r < i; r++) {
        let sum = 0;
        for (let q = r; q < i; q++) sum += t[r * BLOCK + q] * gram[q * BLOCK + i];
        t[r * BLOCK + i] = -tau * sum;
      }
    }
  }
}
