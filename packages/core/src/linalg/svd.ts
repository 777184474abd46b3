/**
 * Singular values and vectors. A matrix is made triangular first, then bidiagonal by Householder's reflections from both sides, by
 * blocks, then diagonal by Golub and Kahan's implicit QR iterations ("Matrix Computations", 8.6).
 */

import { allocate, allocateZeros, modes } from '../base.ts';
import { composed } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { runCopy } from '../kernels.ts';
import type { NamedTuple } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { flag } from '../ops/arguments.ts';
import type { LinalgOps } from '../ops/list.ts';
import { transpose } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { failed, MAX_SWEEPS } from './eigh.ts';
import { Reflectors, reflect } from './householder.ts';
import { Pending } from './pending.ts';
import { triangularize } from './qr.ts';
import { Rotations, Rows } from './rotations.ts';
import {
  BLOCK,
  batchShape,
  batchSize,
  checkFinite,
  checkMatrices,
  doubleCopy,
  doubles,
  inDType,
  matrixAt,
} from './work.ts';

interface Bidiagonal {
  readonly diagonal: Float64Array;
  /** Above the diagonal: entry i is between i and i + 1; one more than there are. */
  readonly above: Float64Array;
  readonly left: Reflectors;
  readonly right: Reflectors;
}

/** Uᵀ·A·V of the n × n matrix at `at`: reflections of a column from the left and of a row from the right, in turns. */
function bidiagonalize(x: Tensor, at: number, n: number): Bidiagonal {
  const diagonal = new Float64Array(n);
  const above = new Float64Array(n);
  const left = new Reflectors(n, n);
  const right = new Reflectors(n, Math.max(n - 1, 0), 1);
  const rest = new Pending(x, at, n);
  for (let i = 0; i < n; i++) {
    const corner = rest.finish(i, i, false);
    const tau = reflect(doubles(x), corner, n, n - i);
    diagonal[i] = doubles(x)[corner];
    const v = left.keep(i, tau, doubles(x), corner, n);
    if (i === n - 1) break;
    rest.push(v, rest.times(v, i, i + 1, true, tau));
    const beside = rest.finish(i, i + 1, true);
    const tauRight = reflect(doubles(x), beside, 1, n - i - 1);
    above[i] = doubles(x)[beside];
    const u = right.keep(i, tauRight, doubles(x), beside, 1);
    rest.push(rest.times(u, i + 1, i + 1, false, tauRight), u);
    if ((i + 1) % BLOCK === 0) rest.flush(i + 1);
  }
  return { diagonal, above, left, right };
}

/** The smaller singular value of [[f, g], [0, h]]: LAPACK's `las2`. */
function smallerOf(f: number, g: number, h: number): number {
  const [low, high] = [Math.min(Math.abs(f), Math.abs(h)), Math.max(Math.abs(f), Math.abs(h))];
  const side = Math.abs(g);
  if (low === 0) return 0;
  const near = 1 + low / high;
  const far = (high - low) / high;
  if (side < high) return (2 * low) / (Math.hypot(near, side / high) + Math.hypot(far, side / high));
  const ratio = high / side;
  if (ratio === 0) return (low * high) / side;
  return (2 * low * ratio) / (Math.hypot(1, near * ratio) + Math.hypot(1, far * ratio));
}

/**
 * The singular values of a bidiagonal matrix, in place of its diagonal d, of either sign and in no order. The rows of u and v are
 * turned along, unless they are null.
 *
 * @returns false when it does not converge
 */
function iterate(d: Float64Array, e: Float64Array, u: Rows | null, v: Rows | null): boolean {
  const n = d.length;
  const left = new Rotations(n);
  const right = new Rotations(n);
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]), Math.abs(e[i]));
  const eps = Number.EPSILON / 2;
  for (let end = n - 1, sweeps = 0; end > 0; ) {
    let start = end;
    for (; start > 0; start--) {
      const size = Math.abs(e[start - 1]);
      if (size <= eps * (Math.abs(d[start - 1]) + Math.abs(d[start])) || size <= 0.1 * eps * norm) break;
    }
    if (start > 0) e[start - 1] = 0;
    if (start === end) {
      end--;
      sweeps = 0;
      continue;
    }
    if (++sweeps > MAX_SWEEPS) return false;
    const shift = smallerOf(d[end - 1], e[end - 1], d[end]);
    // A shift too small to be seen is none: a sweep without one finds a 0 on the diagonal at once.
    const isPlain = d[start] === 0 || (shift / d[start]) ** 2 < eps;
    sweep(d, e, left, right, start, end, isPlain ? 0 : shift);
    left.apply(u, start, 1);
    right.apply(v, start, 1);
  }
  return true;
}

/** One chase of the bulge down the rows from `start` to `end`: Golub and Kahan's step, as LAPACK's `bdsqr` has it. Notes its rotations. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  left: Rotations,
  right: Rotations,
  start: number,
  end: number,
  shift: number,
): void {
  let f = shift === 0 ? d[start] : (Math.abs(d[start]) - shift) * (Math.sign(d[start]) + shift / d[start]);
  let g = e[start];
  for (let i = start; i < end; i++) {
    let r = Math.hypot(f, g);
    let [c, s] = r === 0 ? [1, 0] : [f / r, g / r];
    if (i > start) e[i - 1] = r;
    f = c * d[i] + s * e[i];
    e[i] = c * e[i] - s * d[i];
    g = s * d[i + 1];
    d[i + 1] *= c;
    right.push(c, s);
    r = Math.hypot(f, g);
    [c, s] = r === 0 ? [1, 0] : [f / r, g / r];
    d[i] = r;
    f = c * e[i] + s * d[i + 1];
    d[i + 1] = c * d[i + 1] - s * e[i];
    if (i < end - 1) {
      g = s * e[i + 1];
      e[i + 1] *= c;
    }
    left.push(c, s);
  }
  e[end - 1] = f;
}

/** The decomposition of m × n matrices, m ≥ n, in float64: U `[…, m, k]`, S `[…, n]`, Vh `[…, n, n]`. */
function decompose(x: Tensor, k: number, vectors: boolean): [Tensor, Tensor, Tensor] {
  const [m, n] = x.shape.slice(-2);
  const U = allocateZeros(vectors ? batchShape(x, m, k) : [0], 'float64');
  const S = allocate(batchShape(x, n), 'float64');
  const Vh = allocate(vectors ? batchShape(x, n, n) : [0], 'float64');
  for (let b = 0; b < batchSize(x); b++) {
    const q = triangularize(x, b * m * n, m, n);
    const form = bidiagonalize(x, b * m * n, n);
    const { diagonal } = form;
    const u = vectors ? new Rows(form.left, n) : null;
    const v = vectors ? new Rows(form.right, n) : null;
    if (!iterate(diagonal, form.above, u, v)) throw failed('linalg.svd');
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => Math.abs(diagonal[j]) - Math.abs(diagonal[i]));
    const values = doubles(S);
    order.forEach((from, to) => {
      values[b * n + to] = Math.abs(diagonal[from]);
    });
    if (u === null || v === null) continue;
    const left = doubles(u.x);
    const right = doubles(v.x);
    const columns = doubles(U);
    const rows = doubles(Vh);
    order.forEach((from, to) => {
      const sign = diagonal[from] < 0 ? -1 : 1;
      for (let i = 0; i < n; i++) {
        columns[b * m * k + i * k + to] = sign * left[from * u.width + i];
        rows[b * n * n + to * n + i] = right[from * v.width + i];
      }
    });
    for (let i = n; i < k; i++) columns[b * m * k + i * k + i] = 1;
    q.apply(matrixAt(U, b * m * k, k), k, false);
  }
  return [U, S, Vh];
}

export const svdForward: LinalgOps['svd'] = (self, fullMatrices, vectors) =>
  composed(() => {
    const [m, n] = self.shape.slice(-2);
    const isWide = m < n;
    const x = doubleCopy(isWide ? transpose(self, -2, -1) : self);
    checkFinite('linalg.svd', x);
    const [U, S, Vh] = decompose(x, fullMatrices ? Math.max(m, n) : Math.min(m, n), vectors);
    const turned = (y: Tensor): Tensor => {
      if (!isWide || !vectors) return inDType(y, self.dtype);
      const back = transpose(y, -2, -1);
      const out = allocate(back.shape, self.dtype);
      runCopy(back, out);
      return out;
    };
    return [turned(isWide ? Vh : U), inDType(S, self.dtype), turned(isWide ? U : Vh)];
  });

export interface SvdOptions {
  /** All of U and Vh, square (default), or only the first min(m, n) columns and rows. */
  readonly fullMatrices?: boolean;
}

/**
 * `A = U · diag(S) · Vh` of matrices `[…, m, n]`: orthonormal columns and rows, and singular values in descending order. The signs of a
 * column of U and its row of Vh are arbitrary, together; the gradient has a meaning only for functions that do not depend on them, and
 * is not finite through the vectors of singular values that coincide.
 *
 * @throws LinAlgError when an element is NaN or infinite
 *
 * @example
 * const { U, S, Vh } = linalg.svd(A, { fullMatrices: false });
 */
export function svd(A: Tensor, fullMatrices?: boolean | SvdOptions): NamedTuple<['U', 'S', 'Vh']> {
  const op = 'linalg.svd';
  const [full = true] = named<[boolean]>(op, ['fullMatrices'], [fullMatrices]);
  checkMatrices(op, A);
  const [U, S, Vh] = dispatch('svd', svdForward, [A, flag(op, 'fullMatrices', full), true]);
  return namedTuple('linalg.svd', ['U', 'S', 'Vh'], [U, S, Vh]);
}

/** The singular values of matrices, in descending order: those of `svd`, faster where no gradient is wanted. */
export function svdvals(A: Tensor): Tensor {
  checkMatrices('linalg.svdvals', A);
  return dispatch('svd', svdForward, [A, false, modes.grad && A.requiresGrad])[1];
}
