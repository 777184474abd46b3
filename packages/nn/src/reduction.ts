/** How losses are reduced, in functions and modules alike. */

import type { LossReduction, Tensor } from '@torsor/core';
import { named, reductionOf } from '@torsor/core';

export type Deprecated = boolean | null;

export interface LossLayerOptions {
  /** Deprecated: false stands for `reduction: 'sum'`. */
  readonly sizeAverage?: Deprecated;
  /** Deprecated: false stands for `reduction: 'none'`. */
  readonly reduce?: Deprecated;
  /** `'mean'` (default), `'sum'` or `'none'`. */
  readonly reduction?: LossReduction;
}

/** The last arguments of most losses, in PyTorch's order; O are the options that may stand in place of any. */
export type ReductionArguments<O> = [
  sizeAverage?: Deprecated | O,
  reduce?: Deprecated | O,
  reduction?: LossReduction | O,
];

/**
 * The arguments of a loss by name, as `named` gives them, and how it is reduced. `names` has `'reduction'` among them, and where PyTorch
 * has them `'sizeAverage'` and `'reduce'`; T says nothing of what follows its last entry.
 */
export function lossArguments<T extends readonly unknown[]>(
  op: string,
  names: readonly string[],
  args: readonly unknown[],
): [values: Partial<T>, reduction: LossReduction] {
  const values = named<unknown[]>(op, names, args);
  const [average, reduce, reduction] = ['sizeAverage', 'reduce', 'reduction'].map(
    (name) => values[names.indexOf(name)],
  );
  return [values as unknown as Partial<T>, reductionOf(op, average, reduce, reduction)];
}

/** The mean or sum of losses, or all of them. */
export function reduced(losses: Tensor, reduction: LossReduction): Tensor {
  return reduction === 'none' ? losses : reduction === 'mean' ? losses.mean() : losses.sum();
}
