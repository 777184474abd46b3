/**
 * Eigenvalues and eigenvectors of symmetric matrices: Householder's reduction to a tridiagonal matrix, by blocks as in LAPACK's
 * `latrd`, then implicit QL iterations with Wilkinson's shift (Golub and Van Loan, "Matrix Computations", 8.3).
 */

import { allocate, modes } from '../base.ts';
import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { LinAlgError } from '../errors.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import type { LinalgOps } from '../ops/list.ts';
import { transpose } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { Reflectors, reflect } from './householder.ts';
import { Pending } from './pending.ts';
import { Rotations, Rows } from './rotations.ts';
import { BLOCK, batchShape, batchSize, checkSquare, doubleCopy, doubles, inDType, oneOf } from './work.ts';

/** More sweeps than any matrix takes for an eigenvalue: it takes about 1.7 of them. */
export const MAX_SWEEPS = 60;

export function failed(op: string): LinAlgError {
  return new LinAlgError(
    'the algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated values',
    { op },
  );
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Beside the diagonal: entry i is between i and i + 1; one more than there are. */
  readonly beside: Float64Array;
  readonly q: Reflectors;
}

/** Qᵀ·A·Q of the symmetric n × n matrix at `at`, both triangles of which are there: A - v·wᵀ - w·vᵀ for each column. */
function tridiagonalize(x: Tensor, at: number, n: number): Tridiagonal {
  const count = Math.max(n - 1, 0);
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const q = new Reflectors(n, count, 1);
  const rest = new Pending(x, at, n);
  for (let j = 0; j < n; j++) {
    const corner = rest.finish(j, j, true);
    diagonal[j] = doubles(x)[corner];
    if (j === count) break;
    const tau = reflect(doubles(x), corner + 1, 1, n - j - 1);
    beside[j] = doubles(x)[corner + 1];
    const v = q.keep(j, tau, doubles(x), corner + 1, 1);
    // w = τ·A·v, less half its part along v
    const w = rest.times(v, j + 1, j + 1, false, tau);
    let along = 0;
    for (let i = j + 1; i < n; i++) along += w[i] * v[i];
    for (let i = j + 1; i < n; i++) w[i] -= (tau / 2) * along * v[i];
    rest.push(v, w);
    rest.push(w, v);
    if ((j + 1) % BLOCK === 0) rest.flush(j + 1);
  }
  return { diagonal, beside, q };
}

/**
 * The eigenvalues of a tridiagonal matrix, in place of its diagonal and in no order. The rows of z are turned along,
 * unless it is null.
 *
 * @returns false when it does not converge
 */
function iterate(d: Float64Array, e: Float64Array, z: Rows | null): boolean {
  const n = d.length;
  const turns = new Rotations(n);
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      for (; m < n - 1; m++) {
        if (Math.abs(e[m]) <= Number.EPSILON * 0.5 * (Math.abs(d[m]) + Math.abs(d[m + 1]))) break;
      }
      if (m === l) break;
      if (sweep === MAX_SWEEPS) return false;
      const middle = (d[l + 1] - d[l]) / (2 * e[l]);
      const root = Math.hypot(middle, 1);
      let g = d[m] - d[l] + e[l] / (middle + (middle < 0 ? -root : root));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          // An entry vanished midway: begin anew.
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        const shifted = d[i + 1] - p;
        const turn = (d[i] - shifted) * s + 2 * c * b;
        p = s * turn;
        d[i + 1] = shifted + p;
        g = c * turn - b;
        turns.push(c, s);
      }
      turns.apply(z, m, -1);
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return true;
}

/** Both triangles from the lower one. */
function mirror(a: Float64Array, at: number, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[at + j * n + i] = a[at + i * n + j];
}

const eighForward: LinalgOps['eigh'] = (self, vectors) =>
  composed(() => {
    const n = self.shape[self.ndim - 1];
    const x = doubleCopy(self);
    const values = allocate(batchShape(self, n), 'float64');
    const out = allocate(vectors ? self.shape : [0], 'float64');
    for (let b = 0; b < batchSize(self); b++) {
      const at = b * n * n;
      mirror(doubles(x), at, n);
      checkMatrixFinite(doubles(x), at, n);
      const { diagonal, beside, q } = tridiagonalize(x, at, n);
      const z = vectors ? new Rows(q, n) : null;
      if (!iterate(diagonal, beside, z)) throw failed('linalg.eigh');
      const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => diagonal[i] - diagonal[j]);
      const sorted = doubles(values);
      const a = doubles(out);
      const from = z && doubles(z.x);
      order.forEach((old, to) => {
        sorted[b * n + to] = diagonal[old];
        if (z === null || from === null) return;
        for (let i = 0; i < n; i++) a[at + i * n + to] = from[old * z.width + i];
      });
    }
    return [inDType(values, self.dtype), inDType(out, self.dtype)];
  });

/** @throws LinAlgError when an element is NaN or infinite: iterations would not end */
function checkMatrixFinite(a: Float64Array, at: number, n: number): void {
  for (let i = at; i < at + n * n; i++) if (!Number.isFinite(a[i])) throw failed('linalg.eigh');
}

export interface EighOptions {
  /** Which triangle is read: `'L'` (default) or `'U'`. */
  readonly UPLO?: 'L' | 'U';
}

/** The operand of which the lower triangle is to be read. */
function lowerOf(op: string, A: Tensor, UPLO: unknown): Tensor {
  checkSquare(op, A);
  const [side = 'L'] = named<[string]>(op, ['UPLO'], [UPLO]);
  return oneOf(op, 'UPLO', side, ['L', 'U']) === 'L' ? A : transpose(A, -2, -1);
}

/**
 * `A = V · diag(L) · Vᵀ` of symmetric matrices `[…, n, n]`: eigenvalues in ascending order and orthonormal eigenvectors as columns. One
 * triangle of A is read. Each eigenvector's sign is arbitrary, and the gradient has a meaning only for functions that do not depend on
 * it; through eigenvectors of eigenvalues that coincide it is not finite.
 *
 * @throws LinAlgError when an element is NaN or infinite
 *
 * @example
 * const { eigenvalues, eigenvectors } = linalg.eigh(covariance);
 */
export function eigh(A: Tensor, UPLO?: 'L' | 'U' | EighOptions): NamedTuple<['eigenvalues', 'eigenvectors']> {
  const [L, V] = dispatch('eigh', eighForward, [lowerOf('linalg.eigh', A, UPLO), true]);
  return namedTuple('linalg.eigh', ['eigenvalues', 'eigenvectors'], [L, V]);
}

/** The eigenvalues of symmetric matrices, in ascending order: those of `eigh`, faster where no gradient is wanted. */
export function eigvalsh(A: Tensor, UPLO?: 'L' | 'U' | EighOptions): Tensor {
  const lower = lowerOf('linalg.eigvalsh', A, UPLO);
  return dispatch('eigh', eighForward, [lower, modes.grad && A.requiresGrad])[0];
}
