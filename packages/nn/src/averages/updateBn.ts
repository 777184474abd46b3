/** Statistics of batch normalisation for weights that were averaged, not trained. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import type { Module } from '../module.ts';
import { BatchNorm1d, BatchNorm2d } from '../modules/norm.ts';

/**
 * Works out the running statistics of all batch normalisations of a model anew: their means over the batches of a loader, each
 * counting alike. The model's mode and momenta are as before in the end.
 *
 * @param loader batches: each a tensor, or a list that begins with one
 * @param model what is called with the tensors, in training mode
 *
 * Source: torch.optim.swa_utils.update_bn.
 *
 * @example
 * updateBn(new DataLoader(dataset, { batchSize: 64 }), averaged);
 */
export function updateBn<R>(
  loader: Iterable<Tensor | readonly [Tensor, ...unknown[]] | readonly Tensor[]>,
  model: Module<[input: Tensor], R>,
): void {
  const norms = [...model.modules()].filter((module) => module instanceof BatchNorm1d || module instanceof BatchNorm2d);
  const tracked = norms.filter((norm) => norm.runningMean !== null);
  if (tracked.length === 0) return;
  const { training } = model;
  const momenta = tracked.map(({ momentum }) => momentum);
  for (const norm of tracked) norm.resetRunningStats();
  try {
    model.train();
    // Without a momentum, statistics are the mean over all batches.
    for (const norm of tracked) Object.assign(norm, { momentum: null });
    noGrad(() => {
      for (const batch of loader) model(Array.isArray(batch) ? (batch[0] as Tensor) : (batch as Tensor));
    });
  } finally {
    tracked.forEach((norm, i) => {
      Object.assign(norm, { momentum: momenta[i] });
    });
    model.train(training);
  }
}
