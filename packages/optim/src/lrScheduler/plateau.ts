/** Learning rates that fall when a measure no longer gets better. */

import type { Tensor } from '@torsor/core';
import { isTensor, named, show, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkAtLeast, checkChoice, checkFinite } from '../check.ts';
import type { ScheduledOptimizer, SchedulerStateDict } from './base.ts';
import { Scheduler } from './base.ts';
import type { PerGroup } from './momentum.ts';
import { perGroup } from './momentum.ts';

export interface ReduceLROnPlateauOptions {
  /** Whether a smaller (`'min'`, the default) or a larger (`'max'`) measure is better. */
  mode: 'min' | 'max';
  /** What the rate is multiplied by; 0.1 by default. */
  factor: number;
  /** Epochs without improvement that pass before the rate falls; 10 by default. */
  patience: number;
  /** By how much a measure must be better than the best; 1e-4 by default. */
  threshold: number;
  /** Whether the threshold is a part of the best (`'rel'`, the default) or a difference from it (`'abs'`). */
  thresholdMode: 'rel' | 'abs';
  /** Epochs after a fall that do not count; 0 by default. */
  cooldown: number;
  /** The lowest rate, of all groups or of each; 0 by default. */
  minLr: PerGroup;
  /** A fall by no more than this is left out; 1e-8 by default. */
  eps: number;
}

const NAMES = ['mode', 'factor', 'patience', 'threshold', 'thresholdMode', 'cooldown', 'minLr', 'eps'] as const;

type Values = [
  mode: 'min' | 'max',
  factor: number,
  patience: number,
  threshold: number,
  thresholdMode: 'rel' | 'abs',
  cooldown: number,
  minLr: PerGroup,
  eps: number,
];

/**
 * Multiplies the learning rates by `factor` when a measure, a validation loss for instance, has not got better for more than
 * `patience` epochs. Better than the best so far is what is below `best (1 - threshold)`, or, with `thresholdMode: 'abs'`, below
 * `best - threshold`; with `mode: 'max'` above `best (1 + threshold)` or `best + threshold`.
 *
 * @throws ValueError when `factor` is not in [0, 1), a mode is unknown, or there are not as many values as groups
 *
 * Source: torch.optim.lr_scheduler.ReduceLROnPlateau.
 *
 * @example
 * const scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, 'min', { patience: 5 });
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   train();
 *   scheduler.step(validate());
 * }
 */
export class ReduceLROnPlateau extends Scheduler<{
  factor: number;
  min_lrs: number[];
  patience: number;
  cooldown: number;
  cooldown_counter: number;
  mode: 'min' | 'max';
  threshold: number;
  threshold_mode: 'rel' | 'abs';
  best: number;
  num_bad_epochs: number;
  mode_worse: number;
  eps: number;
}> {
  constructor(optimizer: ScheduledOptimizer, ...args: Arguments<Values, ReduceLROnPlateauOptions>) {
    const op = 'ReduceLROnPlateau';
    const [
      mode = 'min',
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = 'rel',
      cooldown = 0,
      minLr = 0,
      eps = 1e-8,
    ] = named<Values>(op, NAMES, args);
    checkAtLeast(op, 'factor', factor);
    if (factor >= 1) {
      throw new ValueError(`factor must be below 1, but got ${factor}`, { op, operands: { factor } });
    }
    checkChoice(op, 'mode', mode, ['min', 'max']);
    checkChoice(op, 'thresholdMode', thresholdMode, ['rel', 'abs']);
    checkAtLeast(op, 'patience', patience);
    checkFinite(op, 'threshold', threshold);
    checkAtLeast(op, 'cooldown', cooldown);
    checkAtLeast(op, 'eps', eps);
    const worst = worstOf(mode);
    super(optimizer, {
      factor,
      min_lrs: perGroup(op, 'minLr', optimizer, minLr),
      patience,
      cooldown,
      cooldown_counter: 0,
      mode,
      threshold,
      threshold_mode: thresholdMode,
      best: worst,
      num_bad_epochs: 0,
      mode_worse: worst,
      eps,
    });
    this.state.last_epoch = 0;
    this.noteLr();
  }

  /** The best measure so far. */
  get best(): number {
    return this.state.best;
  }

  /** Epochs without improvement, since the last or since the rate fell. */
  get numBadEpochs(): number {
    return this.state.num_bad_epochs;
  }

  /**
   * Notes the measure of an epoch, and lets the rates fall if there has been no better one for long enough.
   *
   * @param metrics a number, or a tensor of one element
   * @throws ValueError when that is neither
   */
  step(metrics: number | Tensor, epoch?: number | null): void {
    const { state } = this;
    const current = isTensor(metrics) ? metrics.item() : metrics;
    if (typeof current !== 'number') {
      throw new ValueError(`step needs the measure of this epoch, but got ${show(metrics)}`, { op: this.name });
    }
    if (epoch !== undefined && epoch !== null) checkFinite(this.name, 'epoch', epoch);
    state.last_epoch = epoch ?? state.last_epoch + 1;
    if (this.isBetter(current)) {
      state.best = current;
      state.num_bad_epochs = 0;
    } else state.num_bad_epochs++;
    if (state.cooldown_counter > 0) {
      state.cooldown_counter--;
      state.num_bad_epochs = 0;
    }
    if (state.num_bad_epochs > state.patience) {
      this.reduce();
      state.cooldown_counter = state.cooldown;
      state.num_bad_epochs = 0;
    }
    this.noteLr();
  }

  private isBetter(current: number): boolean {
    const { best, mode, threshold, threshold_mode: thresholdMode } = this.state;
    const sign = mode === 'min' ? -1 : 1;
    const bound = thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === 'min' ? current < bound : current > bound;
  }

  private reduce(): void {
    const { factor, min_lrs: minLrs, eps } = this.state;
    this.groups.forEach((group, i) => {
      const lr = Math.max(group.lr * factor, minLrs[i] ?? minLrs[0]);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }

  /** Takes over a state. JSON has no Infinity, the best of a schedule that has not begun: null stands for it. */
  override loadStateDict(stateDict: SchedulerStateDict): void {
    super.loadStateDict(stateDict);
    const { state } = this;
    state.mode_worse = worstOf(state.mode);
    state.best ??= state.mode_worse;
  }
}

const worstOf = (mode: 'min' | 'max'): number => (mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY);
