/** Derivatives of batch normalisation and of the losses that are ops of their own. */

import type { LossOps, NormOps, Tensor } from '@torsor/core';
import { batchNormBackward, groupNormBackward, layerNormBackward, nllLoss, nllLossBackward } from '@torsor/core';
import { isGradEnabled } from '../gradMode.ts';
import type { Derivatives } from './define.ts';
import { formula } from './define.ts';

/** `[C]` as a column that broadcasts over `[N, C, …]`. */
function perChannel(x: Tensor, ndim: number): Tensor {
  return x.reshape([1, x.shape[0], ...new Array<number>(Math.max(ndim - 2, 0)).fill(1)]);
}

/** All dimensions but the second. */
function batchDims(ndim: number): number[] {
  return Array.from({ length: ndim }, (_, dim) => dim).filter((dim) => dim !== 1);
}

/**
 * x̂ = (x − μ)·s with s = 1/√(σ² + ε) and m entries a channel:
 * dβ = Σ g, dγ = Σ g·x̂, dx = γ·s·(g − dβ/m − x̂·dγ/m) in training, γ·s·g otherwise.
 *
 * One kernel's work, unless `createGraph` asks for ops; then μ and s are computed again from x, since they depend on it.
 * Source: Ioffe, Szegedy, "Batch Normalization", 2015, section 3.
 */
function batchNormGradients(
  grad: Tensor,
  x: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
  training: boolean,
  eps: number,
): [Tensor, Tensor, Tensor] {
  if (!isGradEnabled()) return batchNormBackward(grad, x, weight, mean, invstd, training);
  const dims = batchDims(x.ndim);
  const count = x.numel() / x.shape[1];
  let mu = perChannel(mean, x.ndim);
  let scale = perChannel(invstd, x.ndim);
  if (training) {
    mu = x.mean(dims, true);
    const centred = x.sub(mu);
    scale = centred.mul(centred).mean(dims, true).add(eps).rsqrt();
  }
  const normalised = x.sub(mu).mul(scale);
  const dBias = grad.sum(dims);
  const dWeight = grad.mul(normalised).sum(dims);
  const factor = weight === null ? scale : scale.mul(perChannel(weight, x.ndim));
  if (!training) return [grad.mul(factor), dWeight, dBias];
  const centred = grad
    .sub(perChannel(dBias, x.ndim).div(count))
    .sub(normalised.mul(perChannel(dWeight, x.ndim).div(count)));
  return [centred.mul(factor), dWeight, dBias];
}

/** x̂ of rows of n elements, and 1/√(σ² + ε), as functions of x. */
function normalisedRows(x: Tensor, rows: number, n: number, eps: number): { normalised: Tensor; scale: Tensor } {
  const flat = x.reshape([rows, n]);
  const centred = flat.sub(flat.mean(1, true));
  const scale = centred.mul(centred).mean(1, true).add(eps).rsqrt();
  return { normalised: centred.mul(scale), scale };
}

/** With h = g·γ: dx = s·(h − mean h − x̂·mean(h·x̂)), means along the row. */
function throughRows(h: Tensor, normalised: Tensor, scale: Tensor): Tensor {
  const centred = h.sub(h.mean(1, true)).sub(normalised.mul(h.mul(normalised).mean(1, true)));
  return centred.mul(scale);
}

/** dγ = Σ g·x̂ and dβ = Σ g over rows. One kernel's work, unless `createGraph` asks for ops. */
function layerNormGradients(
  grad: Tensor,
  x: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
  eps: number,
): [Tensor, Tensor, Tensor] {
  if (!isGradEnabled()) return layerNormBackward(grad, x, weight, mean, invstd);
  const rows = mean.shape[0];
  const n = rows === 0 ? (weight?.numel() ?? 0) : x.numel() / rows;
  const { normalised, scale } = normalisedRows(x, rows, n, eps);
  const g = grad.reshape([rows, n]);
  const h = weight === null ? g : g.mul(weight.reshape(-1));
  return [throughRows(h, normalised, scale).reshape(x.shape), g.mul(normalised).sum(0), g.sum(0)];
}

/** The same for rows that are groups of channels. */
function groupNormGradients(
  grad: Tensor,
  x: Tensor,
  weight: Tensor | null,
  mean: Tensor,
  invstd: Tensor,
  eps: number,
): [Tensor, Tensor, Tensor] {
  if (!isGradEnabled()) return groupNormBackward(grad, x, weight, mean, invstd);
  const rows = mean.numel();
  const n = rows === 0 ? 0 : x.numel() / rows;
  const { normalised, scale } = normalisedRows(x, rows, n, eps);
  const h = weight === null ? grad : grad.mul(perChannel(weight, x.ndim));
  const dims = batchDims(x.ndim);
  const dx = throughRows(h.reshape([rows, n]), normalised, scale).reshape(x.shape);
  return [dx, grad.mul(normalised.reshape(x.shape)).sum(dims), grad.sum(dims)];
}

export const norm: Derivatives<keyof NormOps | keyof LossOps> = {
  batchNorm: formula(
    [0, 1, 'result1', 'result2'],
    ([grad], { args: [x, weight, , , , training, , eps], result: [, mean, invstd] }) =>
      grad === null ? [] : batchNormGradients(grad, x, weight, mean, invstd, training, eps),
    { name: 'NativeBatchNormBackward0', nonDifferentiableOutputs: [1, 2] },
  ),
  layerNorm: formula(
    [0, 1, 'result1', 'result2'],
    ([grad], { args: [x, weight, bias, , eps], result: [, mean, invstd] }) => {
      if (grad === null) return [];
      const [dx, dWeight, dBias] = layerNormGradients(grad, x, weight, mean, invstd, eps);
      return [dx, weight && dWeight.reshape(weight.shape), bias && dBias.reshape(bias.shape)];
    },
    { name: 'NativeLayerNormBackward0', nonDifferentiableOutputs: [1, 2] },
  ),
  groupNorm: formula(
    [0, 1, 'result1', 'result2'],
    ([grad], { args: [x, weight, , , eps], result: [, mean, invstd] }) =>
      grad === null ? [] : groupNormGradients(grad, x, weight, mean, invstd, eps),
    { name: 'NativeGroupNormBackward0', nonDifferentiableOutputs: [1, 2] },
  ),
  nllLoss: formula(
    [1, 2, 'result1'],
    ([grad], { args: [x, target, weight, reduction, ignoreIndex], result: [, totalWeight] }) => [
      grad && nllLossBackward(grad, x.shape, target, weight, reduction, ignoreIndex, totalWeight),
    ],
    {
      name: ({ 0: x }) => (x.ndim > 2 ? 'NllLoss2DBackward0' : 'NllLossBackward0'),
      nonDifferentiableOutputs: [1],
    },
  ),
  // the loss is linear in its input, so the adjoint of its gradient is the loss itself
  nllLossBackward: formula([2, 3], (grad, { args: [, , target, weight, reduction, ignoreIndex] }) => [
    nllLoss(grad, target, { weight, reduction, ignoreIndex }),
  ]),
  mseLoss: formula([0, 1], (grad, { args: [x, target, reduction], needs }) => {
    // The factor meets the gradient first, which has one element unless the reduction is 'none'.
    const out = x.sub(target).mul(grad.mul(reduction === 'mean' ? 2 / x.numel() : 2));
    return [needs[0] && out, needs[1] && out.neg()];
  }),
};
