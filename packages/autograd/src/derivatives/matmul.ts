/** Derivatives of products. For C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC. */

import type { MatmulOps, Shape, Tensor } from '@torsor/core';
import type { Derivatives } from './define.ts';
import { formula } from './define.ts';

function scaled(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : x.mul(factor);
}

export const matmul: Derivatives<keyof MatmulOps> = {
  dot: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.mul(b), needs[1] && grad.mul(a)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  mv: formula([0, 1], (grad, { args: [a, x], needs }) => [needs[0] && grad.outer(x), needs[1] && a.t().mv(grad)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  mm: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [needs[0] && grad.mm(b.t()), needs[1] && ofSecond(grad, a, b.strides)],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  bmm: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.bmm(b.mT), needs[1] && a.mT.bmm(grad)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  addmm: formula(
    [1, 2],
    (grad, { args: [, a, b, beta, alpha], needs }) => [
      needs[0] && scaled(grad, beta),
      needs[1] && scaled(grad.mm(b.t()), alpha),
      needs[2] && scaled(ofSecond(grad, a, b.strides), alpha),
    ],
    { neededFor: { 1: [2], 2: [1] } },
  ),
};

/**
 * Aᵀ·dC, for a B stored by columns (a transposed weight) as (dCᵀ·A)ᵀ: it then comes out in B's own layout, and the weight's
 * gradient is contiguous as the weight is.
 */
function ofSecond(grad: Tensor, a: Tensor, strides: Shape): Tensor {
  return strides[0] === 1 && strides[1] !== 1 ? grad.t().mm(a).t() : a.t().mm(grad);
}
