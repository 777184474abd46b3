/** The QR decomposition. */

import { allocateZeros } from '../base.ts';
import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import type { LinalgOps } from '../ops/list.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { Reflectors, reflect } from './householder.ts';
import { BLOCK, batchShape, batchSize, checkMatrices, doubleCopy, doubles, inDType, matrixAt, oneOf } from './work.ts';

/** The m × n matrix at `at` becomes R, with zeros below, and the reflections that made it. By blocks of columns. */
export function triangularize(x: Tensor, at: number, m: number, n: number): Reflectors {
  const k = Math.min(m, n);
  const q = new Reflectors(m, k);
  for (let first = 0; first < k; first += BLOCK) {
    const end = Math.min(first + BLOCK, k);
    reflectColumns(doubles(x), at, m, n, first, end, q);
    q.applyBlock(first, matrixAt(x, at, n), n, true, end);
  }
  return q;
}

function reflectColumns(
  a: Float64Array,
  at: number,
  m: number,
  n: number,
  first: number,
  end: number,
  q: Reflectors,
): void {
  const v = doubles(q.v);
  const k = q.taus.length;
  const sums = new Float64Array(end - first);
  for (let j = first; j < end; j++) {
    const corner = at + j * n + j;
    const tau = reflect(a, corner, n, m - j);
    q.taus[j] = tau;
    v[j * k + j] = 1;
    for (let i = j + 1; i < m; i++) {
      v[i * k + j] = a[at + i * n + j];
      a[at + i * n + j] = 0;
    }
    if (tau === 0) continue;
    // The columns of the block behind: c -= τ v (vᵀ c)
    sums.fill(0);
    for (let i = j; i < m; i++) {
      const weight = v[i * k + j];
      for (let c = j + 1; c < end; c++) sums[c - first] += weight * a[at + i * n + c];
    }
    for (let i = j; i < m; i++) {
      const weight = tau * v[i * k + j];
      for (let c = j + 1; c < end; c++) a[at + i * n + c] -= weight * sums[c - first];
    }
  }
}

const qrForward: LinalgOps['qr'] = (self, mode) =>
  composed(() => {
    const [m, n] = self.shape.slice(-2);
    const k = mode === 'complete' ? m : Math.min(m, n);
    const x = doubleCopy(self);
    const Q = allocateZeros(mode === 'r' ? [0] : batchShape(self, m, k), 'float64');
    const R = allocateZeros(batchShape(self, k, n), 'float64');
    for (let b = 0; b < batchSize(self); b++) {
      const at = b * m * n;
      const q = triangularize(x, at, m, n);
      const rows = Math.min(m, n, k);
      doubles(R).set(doubles(x).subarray(at, at + rows * n), b * k * n);
      if (mode === 'r') continue;
      const a = doubles(Q);
      for (let i = 0; i < k; i++) a[b * m * k + i * k + i] = 1;
      q.apply(matrixAt(Q, b * m * k, k), k, false, true);
    }
    return [inDType(Q, self.dtype), inDType(R, self.dtype)];
  });

const MODES = ['reduced', 'complete', 'r'] as const;

/**
 * `A = Q · R` of matrices `[…, m, n]`: orthonormal columns and an upper triangle, with LAPACK's signs. `mode` is `'reduced'` (Q:
 * `[…, m, min(m, n)]`), `'complete'` (Q: `[…, m, m]`) or `'r'` (an empty Q). The gradient wants the first min(m, n) columns of A to be
 * independent, and has no formula for `'r'`, nor for `'complete'` where m > n.
 *
 * @example
 * const { Q, R } = linalg.qr(A);
 */
export function qr(
  A: Tensor,
  mode?: 'reduced' | 'complete' | 'r' | { readonly mode?: 'reduced' | 'complete' | 'r' },
): NamedTuple<['Q', 'R']> {
  const op = 'linalg.qr';
  const [how = 'reduced'] = named<['reduced']>(op, ['mode'], [mode]);
  checkMatrices(op, A);
  const [Q, R] = dispatch('qr', qrForward, [A, oneOf(op, 'mode', how, MODES)]);
  return namedTuple('linalg.qr', ['Q', 'R'], [Q, R]);
}
