/**
 * Specs of decompositions. Singular vectors and eigenvectors enter as what does not depend on their signs: weighted sums of their
 * projections. Symmetric operands are made from general ones, whose gradient is then that of finite differences.
 */

import type { LinalgOps, Tensor } from '@torsor/core';
import { arange, eye, linalg } from '@torsor/core';
import type { Specs } from './spec.ts';
import { differentiable, sample } from './spec.ts';

const mT = (x: Tensor): Tensor => x.transpose(-2, -1);
const one = (x: Tensor): Tensor => eye(x.shape.at(-1) as number, { dtype: x.dtype });
/** Positive-definite. */
const positive = (x: Tensor): Tensor => x.matmul(mT(x)).add(one(x));
const symmetric = (x: Tensor): Tensor =>
  x.add(mT(x)).add(
    arange(x.shape.at(-1) as number, { dtype: x.dtype })
      .diag()
      .mul(3),
  );
/** Diagonally dominant: far from singular. */
const regular = (x: Tensor): Tensor => x.add(one(x).mul(5));
/** The projections on the columns of V, each with a weight of its own. */
const projections = (V: Tensor): Tensor =>
  V.mul(arange(1, (V.shape.at(-1) as number) + 1, { dtype: V.dtype })).matmul(mT(V));

/** Of functions that are computed from differences of finite differences through several solutions. */
const SOLVED = {
  relative: 1e-6,
  absolute: 1e-6,
  because: 'the condition of the matrices, some 10, magnifies rounding',
} as const;

const rank2 = (x: Tensor): Tensor => x.narrow(-1, 0, 2).matmul(x.narrow(-2, 0, 2));

export const decompositions: Specs<keyof LinalgOps> = {
  cholesky: differentiable(
    'positive-definite matrices',
    () => [
      sample('3×3', [[3, 3]], (x) => linalg.cholesky(positive(x))),
      sample('a batch, upper', [[2, 2, 2]], (x) => linalg.cholesky(positive(x), { upper: true })),
      sample('no elements', [[0, 0]], (x) => linalg.cholesky(positive(x))),
    ],
    { tolerance: SOLVED },
  ),
  luFactor: differentiable(
    'matrices with independent rows or columns',
    () => [
      sample('3×3', [[3, 3]], (x) => linalg.luFactor(regular(x)).LU),
      sample('with exchanges', [[3, 3]], (x) => linalg.luFactor(regular(x).flip(-2)).LU),
      sample('unpacked', [[2, 3, 3]], (x) => {
        const { L, U } = linalg.lu(regular(x).flip(-2));
        return [L, U];
      }),
      sample('more columns', [[2, 4]], (x) => linalg.luFactor(x.add(eye(2, 4, { dtype: x.dtype }).mul(5))).LU),
      sample('more rows', [[4, 2]], (x) => linalg.luFactor(x.add(eye(4, 2, { dtype: x.dtype }).mul(5)).flip(0)).LU),
    ],
    { tolerance: SOLVED },
  ),
  luSolve: differentiable(
    'matrices far from singular',
    () => [
      sample('a vector', [[3, 3], [3]], (a, b) => linalg.solve(regular(a), b)),
      sample(
        'matrices',
        [
          [3, 3],
          [3, 2],
        ],
        (a, b) => linalg.solve(regular(a), b),
      ),
      sample(
        'from the right',
        [
          [3, 3],
          [2, 3],
        ],
        (a, b) => linalg.solve(regular(a).flip(0), b, { left: false }),
      ),
      sample(
        'a batch that broadcasts',
        [
          [2, 2],
          [3, 2, 1],
        ],
        (a, b) => linalg.solve(regular(a), b),
      ),
      sample('an inverse', [[2, 3, 3]], (a) => linalg.inv(regular(a))),
      sample(
        'no elements',
        [
          [0, 0],
          [0, 2],
        ],
        (a, b) => linalg.solve(regular(a), b),
      ),
    ],
    { tolerance: SOLVED },
  ),
  det: differentiable(
    'matrices far from singular',
    () => [
      sample('3×3', [[3, 3]], (x) => linalg.det(regular(x)).div(100)),
      sample('a batch', [[2, 2, 2]], (x) => linalg.det(regular(x).flip(-1)).div(20)),
      sample('no elements', [[0, 0]], (x) => linalg.det(x)),
    ],
    { tolerance: SOLVED },
  ),
  slogdet: differentiable(
    'matrices far from singular',
    () => [
      sample('3×3', [[3, 3]], (x) => linalg.slogdet(regular(x))),
      sample('a batch of negative determinants', [[2, 2, 2]], (x) => linalg.slogdet(regular(x).flip(-1)).logabsdet),
    ],
    { tolerance: SOLVED },
  ),
  solveTriangular: differentiable(
    'triangles with a large diagonal',
    () => [
      sample(
        'lower',
        [
          [3, 3],
          [3, 2],
        ],
        (a, b) => linalg.solveTriangular(regular(a), b, { upper: false }),
      ),
      sample(
        'upper, a batch that broadcasts',
        [
          [3, 3],
          [2, 3, 2],
        ],
        (a, b) => linalg.solveTriangular(regular(a), b, { upper: true }),
      ),
      sample(
        'with ones',
        [
          [3, 3],
          [3, 1],
        ],
        (a, b) => linalg.solveTriangular(a.div(4), b, { upper: false, unitriangular: true }),
      ),
      sample(
        'from the right',
        [
          [3, 3],
          [2, 3],
        ],
        (a, b) => linalg.solveTriangular(regular(a), b, { upper: true, left: false }),
      ),
    ],
    { tolerance: SOLVED },
  ),
  qr: differentiable(
    'independent columns',
    () => [
      sample('3×3', [[3, 3]], (x) => linalg.qr(regular(x))),
      sample('more rows', [[4, 2]], (x) => linalg.qr(x)),
      sample('more columns', [[2, 2, 3]], (x) => linalg.qr(x.add(eye(2, 3, { dtype: x.dtype }).mul(3)))),
      sample('complete', [[2, 3]], (x) => linalg.qr(x.add(eye(2, 3, { dtype: x.dtype }).mul(3)), 'complete').R),
    ],
    { tolerance: SOLVED },
  ),
  eigh: differentiable(
    'symmetric matrices with distinct eigenvalues',
    () => [
      sample('values and projections', [[3, 3]], (x) => {
        const { eigenvalues, eigenvectors } = linalg.eigh(symmetric(x));
        return [eigenvalues, projections(eigenvectors)];
      }),
      sample('values, a batch', [[2, 2, 2]], (x) => linalg.eigvalsh(symmetric(x))),
      sample('projections alone', [[3, 3]], (x) => projections(linalg.eigh(symmetric(x), 'U').eigenvectors)),
    ],
    { tolerance: SOLVED },
  ),
  svd: differentiable(
    'distinct singular values',
    () => [
      sample('3×3', [[3, 3]], (x) => {
        const { U, S, Vh } = linalg.svd(symmetric(x));
        return [S, projections(U), projections(mT(Vh))];
      }),
      sample('more rows', [[4, 2]], (x) => {
        const { U, S, Vh } = linalg.svd(x.add(eye(4, 2, { dtype: x.dtype })), false);
        return [S, projections(U), projections(mT(Vh))];
      }),
      sample('more columns, U by Vh', [[2, 4]], (x) => {
        const { U, S, Vh } = linalg.svd(x.add(eye(2, 4, { dtype: x.dtype })), false);
        return [S, U.matmul(Vh)];
      }),
      sample('values, a batch', [[2, 3, 2]], (x) => linalg.svdvals(x)),
    ],
    { tolerance: SOLVED },
  ),
  pinv: differentiable(
    'matrices of constant rank',
    () => [
      sample('more rows', [[4, 2]], (x) => linalg.pinv(x.add(eye(4, 2, { dtype: x.dtype }).mul(3)))),
      sample('more columns, a batch', [[2, 2, 3]], (x) => linalg.pinv(x.add(eye(2, 3, { dtype: x.dtype }).mul(3)))),
      sample('rank 2 of 3', [[3, 3]], (x) => linalg.pinv(rank2(regular(x)), { rtol: 1e-3 })),
      sample('symmetric', [[2, 2]], (x) => linalg.pinv(positive(x), { hermitian: true })),
    ],
    { tolerance: SOLVED },
  ),
};
