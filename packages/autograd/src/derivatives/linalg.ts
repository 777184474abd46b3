/**
 * Derivatives of decompositions and solvers. Most follow from differentiating what defines them; `·` is the product of matrices.
 *
 * Sources: pytorch `torch/csrc/autograd/FunctionsManual.cpp`; M. Giles, "An extended collection of matrix derivative results for forward
 * and reverse mode algorithmic differentiation" (2008); I. Murray, "Differentiation of the Cholesky decomposition" (2016).
 */

import type { LinalgOps, Tensor } from '@torsor/core';
import {
  arange,
  cat,
  eye,
  luUnpack,
  matmul,
  NotImplementedError,
  solveByFactors,
  solveTriangular,
  where,
} from '@torsor/core';
import { isGradEnabled } from '../gradMode.ts';
import type { Derivatives } from './define.ts';
import { formula, materialize } from './define.ts';

const mT = (x: Tensor): Tensor => x.transpose(-2, -1);

/** x times a number for each of its matrices. */
const scaled = (x: Tensor, factor: Tensor): Tensor => x.mul(factor.unsqueeze(-1).unsqueeze(-1));

/** The diagonal halved: what belongs to one triangle of a symmetric matrix. */
const halved = (x: Tensor): Tensor => x.tril(-1).add(x.tril().triu().div(2));

const skew = (x: Tensor): Tensor => x.sub(mT(x));

const upper = { upper: true } as const;
const lower = { upper: false } as const;
const unitUpper = { upper: true, unitriangular: true } as const;

/** A⁻ᵀ, by factors of A. */
function inverseTransposed(A: Tensor, LU: Tensor, pivots: Tensor): Tensor {
  const one = eye(A.shape[A.ndim - 1], { dtype: A.dtype }).expand(A.shape);
  return solveByFactors(A, one, LU, pivots, true);
}

/** Differences of values, column less row, with 1 on the diagonal. */
function gaps(values: Tensor): Tensor {
  const n = values.shape[values.ndim - 1];
  return values
    .unsqueeze(-2)
    .sub(values.unsqueeze(-1))
    .add(eye(n, { dtype: values.dtype }));
}

export const linalg: Derivatives<keyof LinalgOps> = {
  // S = L⁻ᵀ·Φ(Lᵀ·dL)·L⁻¹, of which a symmetric A gets the symmetric part
  cholesky: formula(
    ['result0'],
    ([grad], { result: [L] }) => {
      if (grad === null) return [null];
      const Lt = mT(L);
      const inner = halved(matmul(Lt, grad));
      const S = solveTriangular(L, solveTriangular(Lt, inner, upper), { upper: false, left: false });
      return [S.add(mT(S)).div(2)];
    },
    { name: 'LinalgCholeskyExBackward0' },
  ),
  luFactor: formula(
    ['result0', 'result1'],
    ([grad], { result: [LU, pivots] }) => [grad && ofFactors(grad, LU, pivots)],
    {
      name: 'LinalgLuFactorExBackward0',
    },
  ),
  // dB = A⁻ᵀ·dX, dA = -dB·Xᵀ
  luSolve: formula(
    [0, 2, 3, 'result'],
    (grad, { args: [A, , LU, pivots, transposed], result: X, needs }) => {
      const dB = solveByFactors(A, grad, LU, pivots, !transposed);
      return [needs[0] && (transposed ? matmul(X, mT(dB)) : matmul(dB, mT(X))).neg(), dB];
    },
    { name: 'LinalgSolveExBackward0', neededFor: { result: [0] } },
  ),
  det: formula([0, 1, 2, 'result'], (grad, { args: [A, LU, pivots], result }) => [ofDet(grad, A, LU, pivots, result)], {
    name: 'LinalgDetBackward0',
  }),
  // d log|det(A)| = A⁻ᵀ; the sign does not change
  slogdet: formula(
    [0, 1, 2],
    ([, grad], { args: [A, LU, pivots] }) => [grad && scaled(inverseTransposed(A, LU, pivots), grad)],
    { name: 'LinalgSlogdetBackward0', nonDifferentiableOutputs: [0] },
  ),
  // dB = A⁻ᵀ·dX, dA = -dB·Xᵀ on the triangle that is read
  solveTriangular: formula(
    [0, 'result'],
    (grad, { args: [A, , isUpper, unitriangular], result: X, needs }) => {
      const dB = solveTriangular(mT(A), grad, { upper: !isUpper, unitriangular });
      if (!needs[0]) return [null, dB];
      const dA = matmul(dB, mT(X)).neg();
      const from = unitriangular ? 1 : 0;
      return [isUpper ? dA.triu(from) : dA.tril(-from), dB];
    },
    { name: 'LinalgSolveTriangularBackward0', neededFor: { result: [0] } },
  ),
  qr: formula(
    ['result'],
    ([gradQ, gradR], { args: [, mode], result: [Q, R] }) => {
      if (mode === 'r') throw refusal("of mode 'r'; take 'reduced'");
      if (Q.shape[Q.ndim - 1] > R.shape[R.ndim - 1]) {
        throw refusal("of mode 'complete' where there are more rows than columns; take 'reduced'");
      }
      return [ofQr(gradQ, materialize(gradR, R), Q, R)];
    },
    { name: 'LinalgQrBackward0' },
  ),
  // V·(diag(dL) + Vᵀ·dV ∘ 1/(λⱼ - λᵢ))·Vᵀ
  eigh: formula(
    ['result'],
    ([gradL, gradV], { result: [L, V] }) => {
      const turned = gradV === null ? null : offDiagonal(matmul(mT(V), gradV).div(gaps(L)));
      const inner = materialize(gradL, L).diagEmbed();
      return [matmul(matmul(V, turned === null ? inner : inner.add(turned)), mT(V))];
    },
    { name: 'LinalgEighBackward0' },
  ),
  svd: formula(
    ['result'],
    ([gradU, gradS, gradVh], { result: [U, S, Vh] }) => [ofSvd(gradU, gradS, gradVh, U, S, Vh)],
    { name: 'LinalgSvdBackward0' },
  ),
  // d(A⁺) = -A⁺·dA·A⁺ + A⁺·A⁺ᵀ·dAᵀ·(1 - A·A⁺) + (1 - A⁺·A)·dAᵀ·A⁺ᵀ·A⁺
  pinv: formula(
    [0, 'result'],
    (grad, { args: [A], result: P }) => {
      const Pt = mT(P);
      const G = mT(grad);
      const K = matmul(P, matmul(G, P));
      const left = matmul(matmul(G.sub(matmul(A, matmul(P, G))), P), Pt);
      const right = matmul(Pt, matmul(P, G.sub(matmul(matmul(G, P), A))));
      return [left.add(right).sub(mT(K))];
    },
    { name: 'LinalgPinvBackward0' },
  ),
};

function refusal(what: string): NotImplementedError {
  return new NotImplementedError(`the derivative is not implemented: ${what}`, { op: 'linalg' });
}

function offDiagonal(x: Tensor): Tensor {
  return x.tril(-1).add(x.triu(1));
}

/**
 * dA = det(A)·A⁻ᵀ. Of a singular matrix it is the limit of that: zeros on U's diagonal are replaced by a rounding error of the largest
 * element there. The limit cannot be differentiated again.
 */
function ofDet(grad: Tensor, A: Tensor, LU: Tensor, pivots: Tensor, det: Tensor): Tensor {
  const u = LU.diagonal(0, -2, -1);
  const isZero = u.eq(0);
  if (isZero.any().item() === 0) return scaled(inverseTransposed(A, LU, pivots), grad.mul(det));
  if (isGradEnabled()) throw refusal('a second time, of the determinant of a singular matrix');
  const largest = u.abs().amax(-1, true);
  const tiny = where(largest.eq(0), 1, largest).mul(LU.dtype === 'float64' ? 2 ** -52 : 2 ** -23);
  const swaps = pivots.ne(arange(1, u.shape[u.ndim - 1] + 1)).sum(-1);
  const near = where(isZero, tiny, u).prod(-1).mul(swaps.remainder(2).mul(-2).add(1));
  return scaled(inverseTransposed(A, LU.add(where(isZero, tiny, 0).diagEmbed()), pivots), grad.mul(near));
}

/**
 * Of P·A = L·U. Square: dA = Pᵀ·L⁻ᵀ·(tril(Lᵀ·dL, -1) + triu(dU·Uᵀ))·U⁻ᵀ. Columns beyond the square, or rows, are products with L or with U,
 * through which they also reach its gradient.
 */
function ofFactors(grad: Tensor, LU: Tensor, pivots: Tensor): Tensor {
  const { P, L, U } = luUnpack(LU, pivots);
  const [m, n] = LU.shape.slice(-2);
  const k = Math.min(m, n);
  const [L1, U1] = [L.narrow(-2, 0, k), U.narrow(-1, 0, k)];
  let gradL = grad.narrow(-2, 0, k).narrow(-1, 0, k).tril(-1);
  let gradU = grad.narrow(-2, 0, k).narrow(-1, 0, k).triu();
  let rest: Tensor | null = null;
  if (n > k) {
    rest = solveTriangular(mT(L1), grad.narrow(-1, k, n - k), unitUpper);
    gradL = gradL.sub(matmul(rest, mT(U.narrow(-1, k, n - k))));
  } else if (m > k) {
    rest = solveTriangular(mT(U1), grad.narrow(-2, k, m - k), { ...lower, left: false });
    gradU = gradU.sub(matmul(mT(L.narrow(-2, k, m - k)), rest));
  }
  const inner = matmul(mT(L1), gradL.tril(-1))
    .tril(-1)
    .add(matmul(gradU.triu(), mT(U1)).triu());
  const right = solveTriangular(mT(U1), inner, { ...lower, left: false });
  const square = solveTriangular(mT(L1), right, unitUpper);
  return matmul(P, rest === null ? square : cat([square, rest], n > k ? -1 : -2));
}

/** (dQ + Q·M)·R⁻ᵀ, where M is symmetric and above its diagonal dR·Rᵀ - Qᵀ·dQ; columns beyond the square are Q·dR. */
function ofQr(gradQ: Tensor | null, gradR: Tensor, Q: Tensor, R: Tensor): Tensor {
  const [k, n] = R.shape.slice(-2);
  if (n > k) {
    const [first, rest] = [R.narrow(-1, 0, k), R.narrow(-1, k, n - k)];
    const gradRest = gradR.narrow(-1, k, n - k);
    const throughQ = matmul(matmul(Q, rest), mT(gradRest));
    const square = ofQr(gradQ === null ? throughQ : gradQ.add(throughQ), gradR.narrow(-1, 0, k), Q, first);
    return cat([square, matmul(Q, gradRest)], -1);
  }
  let M = matmul(gradR, mT(R));
  if (gradQ !== null) M = M.sub(matmul(mT(Q), gradQ));
  const symmetric = M.triu().add(mT(M.triu(1)));
  const inner = matmul(Q, symmetric);
  return solveTriangular(mT(R), gradQ === null ? inner : gradQ.add(inner), { ...lower, left: false });
}

/**
 * U·(diag(dS) + (skew(Uᵀ·dU)·S + S·skew(Vᵀ·dV)) ∘ 1/(sⱼ² - sᵢ²))·Vᵀ, and, of a matrix that is not square, what dU or dV has outside the
 * space of the singular vectors. All of U or V beyond them is left out: it is arbitrary.
 */
function ofSvd(
  gradU: Tensor | null,
  gradS: Tensor | null,
  gradVh: Tensor | null,
  fullU: Tensor,
  S: Tensor,
  fullVh: Tensor,
): Tensor {
  const k = S.shape[S.ndim - 1];
  const [U, Vh] = [fullU.narrow(-1, 0, k), fullVh.narrow(-2, 0, k)];
  const [m, n] = [U.shape[U.ndim - 2], Vh.shape[Vh.ndim - 1]];
  const dU = gradU?.narrow(-1, 0, k) ?? null;
  const dVh = gradVh?.narrow(-2, 0, k) ?? null;
  let inner = materialize(gradS, S).diagEmbed();
  if (dU !== null || dVh !== null) {
    const distances = gaps(S.mul(S));
    if (dU !== null)
      inner = inner.add(
        skew(matmul(mT(U), dU))
          .mul(S.unsqueeze(-2))
          .div(distances),
      );
    if (dVh !== null)
      inner = inner.add(
        skew(matmul(Vh, mT(dVh)))
          .mul(S.unsqueeze(-1))
          .div(distances),
      );
  }
  // The order of the products does not depend on which gradients there are: none counts as zeros, to the last bit.
  if (m <= n) {
    const outside = n > k && dVh !== null ? dVh.div(S.unsqueeze(-1)) : null;
    if (outside === null) return matmul(U, matmul(inner, Vh));
    return matmul(U, matmul(inner.sub(matmul(outside, mT(Vh))), Vh).add(outside));
  }
  if (dU === null) return matmul(matmul(U, inner), Vh);
  const outside = dU.div(S.unsqueeze(-2));
  return matmul(matmul(U, inner.sub(matmul(mT(U), outside))).add(outside), Vh);
}
