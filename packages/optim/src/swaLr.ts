/**
 * The schedule of stochastic weight averaging: what of `torch.optim.swa_utils` is no module. Models that are averages are in `@torsor/nn`.
 */

import { exactCos, named, ValueError } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkChoice, checkFinite, checkInteger } from './check.ts';
import type { ScheduledOptimizer } from './lrScheduler/base.ts';
import { checkOptimizer } from './lrScheduler/base.ts';
import { LRScheduler } from './lrScheduler/scheduler.ts';

export interface SWALROptions {
  /** The last rate, or one for each group. */
  swaLr: number | readonly number[];
  /** Epochs from the present rate to the last; 10 by default. */
  annealEpochs: number;
  /** The way there: along half a cosine (`'cos'`, the default) or a straight line (`'linear'`). */
  annealStrategy: 'cos' | 'linear';
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

type SWALRArguments = [
  swaLr: number | readonly number[],
  annealEpochs: number,
  annealStrategy: 'cos' | 'linear',
  lastEpoch: number,
];

/** How far along the way a schedule is at a share of its epochs. */
const STRATEGIES = {
  cos: (part: number): number => (1 - exactCos(Math.PI * part)) / 2,
  linear: (part: number): number => part,
} as const;

/**
 * Lets the learning rates go from those that they are to `swaLr`, over `annealEpochs` epochs, and stay there: for the epochs whose
 * weights are averaged.
 *
 * @throws ValueError when `swaLr` is no number, or not one for each group; `annealEpochs` no integer of at least 0
 *
 * Source: torch.optim.swa_utils.SWALR.
 *
 * @example
 * const scheduler = new SWALR(optimizer, 0.05, { annealEpochs: 5 });
 */
export class SWALR extends LRScheduler<{ anneal_func: (part: number) => number; anneal_epochs: number }> {
  constructor(optimizer: ScheduledOptimizer, ...args: Arguments<SWALRArguments, SWALROptions>) {
    const op = 'SWALR';
    const [swaLr, epochs = 10, strategy = 'cos', lastEpoch] = named<SWALRArguments>(
      op,
      ['swaLr', 'annealEpochs', 'annealStrategy', 'lastEpoch'],
      args,
    );
    checkOptimizer(op, optimizer);
    const groups = optimizer.paramGroups;
    const rates = Array.isArray(swaLr) ? (swaLr as readonly number[]) : groups.map(() => swaLr as number);
    if (rates.length !== groups.length) {
      throw new ValueError(`expected ${groups.length} rates as swaLr, one for each group, but got ${rates.length}`, {
        op,
      });
    }
    for (const rate of rates) checkFinite(op, 'swaLr', rate);
    checkChoice(op, 'annealStrategy', strategy, Object.keys(STRATEGIES));
    checkInteger(op, 'annealEpochs', epochs);
    groups.forEach((group, i) => {
      group.swaLr = rates[i];
    });
    super(optimizer, { anneal_func: STRATEGIES[strategy], anneal_epochs: epochs }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { anneal_func: anneal, anneal_epochs: epochs, _step_count: count } = this.state;
    const step = epochs === 0 ? Math.max(1, count - 1) : count - 1;
    const part = (at: number): number => Math.max(0, Math.min(1, at / Math.max(1, epochs)));
    const before = anneal(part(step - 1));
    const now = anneal(part(step));
    return this.groups.map(({ lr, swaLr = lr }) => {
      const first = before === 1 ? swaLr : (lr - before * swaLr) / (1 - before);
      return swaLr * now + first * (1 - now);
    });
  }
}
