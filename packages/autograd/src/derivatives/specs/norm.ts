/** Specs of normalisation and of the losses that are ops of their own. */

import type { LossOps, NormOps, Tensor } from '@torsor/core';
import { batchNorm, crossEntropy, full, groupNorm, layerNorm, mseLoss, nllLoss, nllLossBackward } from '@torsor/core';
import type { Domain, Specs } from './spec.ts';
import { differentiable, indices, input, POSITIVE, SIGNED, sample } from './spec.ts';

/** Running statistics of two channels. They are written to in training, so each call gets its own. */
const running = (x: Tensor): [mean: Tensor, variance: Tensor] => [
  input([2], SIGNED, 7).to(x.dtype),
  input([2], POSITIVE, 8).to(x.dtype),
];

const INPUT_AND_AFFINE: readonly Domain[] = [SIGNED, POSITIVE, SIGNED];

/** Class weights of three classes. */
const weights = (x: Tensor): Tensor => input([3], POSITIVE, 5).to(x.dtype);

export const norms: Specs<keyof NormOps | keyof LossOps> = {
  batchNorm: differentiable('more than one entry a channel, that differ', () => [
    sample(
      'training',
      [[4, 2], [2], [2]],
      (x, w, b) => batchNorm(x, null, null, w, b, { training: true }),
      INPUT_AND_AFFINE,
    ),
    sample('training, with running statistics', [[2, 2, 2], [2], [2]], (x, w, b) => {
      const [mean, variance] = running(x);
      return batchNorm(x, mean, variance, w, b, true, 0.3, 0.1);
    }),
    sample('training, not affine', [[1, 2, 2, 2]], (x) => batchNorm(x, null, null, { training: true })),
    sample('training, weight only', [[3, 2], [2]], (x, w) => batchNorm(x, null, null, w, null, true)),
    sample('training, bias only', [[3, 2], [2]], (x, b) => batchNorm(x, null, null, null, b, true)),
    sample('evaluation', [[3, 2], [2], [2]], (x, w, b) => batchNorm(x, ...running(x), w, b)),
    sample('evaluation of images, not affine', [[1, 2, 2, 2]], (x) => batchNorm(x, ...running(x))),
  ]),
  layerNorm: differentiable('entries of a row that differ', () => [
    sample('affine', [[3, 4], [4], [4]], (x, w, b) => layerNorm(x, [4], w, b), INPUT_AND_AFFINE),
    sample(
      'over two dims',
      [
        [2, 2, 3],
        [2, 3],
        [2, 3],
      ],
      (x, w, b) => layerNorm(x, [2, 3], w, b, 0.1),
      INPUT_AND_AFFINE,
    ),
    sample('not affine', [[2, 3]], (x) => layerNorm(x, [3])),
    sample('weight only', [[2, 3], [3]], (x, w) => layerNorm(x, [3], w)),
    sample('bias only', [[2, 3], [3]], (x, b) => layerNorm(x, [3], null, b)),
    sample('no rows', [[0, 3], [3], [3]], (x, w, b) => layerNorm(x, [3], w, b)),
  ]),
  groupNorm: differentiable('entries of a group that differ', () => [
    sample('affine', [[2, 4, 3], [4], [4]], (x, w, b) => groupNorm(x, 2, w, b), INPUT_AND_AFFINE),
    sample('one group of a matrix', [[3, 4], [4], [4]], (x, w, b) => groupNorm(x, 1, w, b, 0.1), INPUT_AND_AFFINE),
    sample('not affine', [[1, 2, 2, 2]], (x) => groupNorm(x, 2)),
    sample('weight only', [[1, 4, 2], [4]], (x, w) => groupNorm(x, 2, w)),
    sample('bias only', [[1, 4, 2], [4]], (x, b) => groupNorm(x, 2, null, b)),
  ]),
  nllLoss: differentiable('all numbers', () => [
    sample('mean', [[2, 3]], (x) => nllLoss(x, indices([2, 0]))),
    sample('sum, weighted', [[3, 3]], (x) => nllLoss(x, indices([2, 0, 2]), weights(x), { reduction: 'sum' })),
    sample('none', [[2, 3]], (x) => nllLoss(x, indices([2, 0]), { reduction: 'none' })),
    sample('mean, weighted, one ignored', [[3, 3]], (x) =>
      nllLoss(x, indices([2, 1, 0]), weights(x), { ignoreIndex: 1 }),
    ),
    sample('none, one ignored', [[2, 3]], (x) => nllLoss(x, indices([-100, 0]), { reduction: 'none' })),
    sample('images', [[1, 3, 2, 2]], (x) => nllLoss(x, indices([2, 0, 1, 1], [1, 2, 2]), weights(x))),
    sample('images, none', [[2, 3, 2]], (x) => nllLoss(x, indices([2, 0, 1, 1], [2, 2]), { reduction: 'none' })),
    sample('unbatched', [[3]], (x) => nllLoss(x, indices([1], []))),
    sample('crossEntropy', [[2, 3]], (x) => crossEntropy(x, indices([2, 0]), { labelSmoothing: 0.1 })),
  ]),
  nllLossBackward: differentiable('all numbers', () => [
    sample('mean', [[]], (g) => nllLossBackward(g, [2, 3], indices([2, 0]), null, 'mean', -100, total(g, 2))),
    sample('none, weighted', [[2]], (g) =>
      nllLossBackward(g, [2, 3], indices([2, 0]), weights(g), 'none', -100, total(g, 0)),
    ),
  ]),
  mseLoss: differentiable('all numbers', () => [
    sample(
      'mean',
      [
        [2, 3],
        [2, 3],
      ],
      (x, y) => mseLoss(x, y),
    ),
    sample('sum', [[3], [3]], (x, y) => mseLoss(x, y, { reduction: 'sum' })),
    sample('none', [[3], [3]], (x, y) => mseLoss(x, y, { reduction: 'none' })),
    sample('a constant target', [[3]], (x) => mseLoss(x, input([3], SIGNED, 4).to(x.dtype))),
    sample('0-d', [[], []], (x, y) => mseLoss(x, y)),
    sample('nothing, summed', [[0], [0]], (x, y) => mseLoss(x, y, { reduction: 'sum' })),
  ]),
};

function total(like: Tensor, weight: number): Tensor {
  return full([], weight, { dtype: like.dtype });
}
