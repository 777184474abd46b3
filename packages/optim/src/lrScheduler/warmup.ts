/** Schedules over a first number of epochs: a constant, a linear and a polynomial factor. */

import { exactPow, named } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkBetween, checkFinite, checkPositive } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import { LRScheduler } from './scheduler.ts';

export interface ConstantLROptions {
  /** What the rate is multiplied by at first; 1/3 by default. */
  factor: number;
  /** Epochs until the full rate; 5 by default. */
  totalIters: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Multiplies the learning rates by `factor` until epoch `totalIters`, and gives them back then.
 *
 * @throws ValueError when `factor` is not in [0, 1], or `totalIters` no number
 *
 * Source: torch.optim.lr_scheduler.ConstantLR.
 *
 * @example
 * const scheduler = new lrScheduler.ConstantLR(optimizer, { factor: 0.5, totalIters: 4 });
 */
export class ConstantLR extends LRScheduler<{ factor: number; total_iters: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[factor: number, totalIters: number, lastEpoch: number], ConstantLROptions>
  ) {
    const [factor = 1 / 3, totalIters = 5, lastEpoch] = named<[number, number, number]>(
      'ConstantLR',
      ['factor', 'totalIters', 'lastEpoch'],
      args,
    );
    checkBetween('ConstantLR', 'factor', factor, 0, 1);
    checkFinite('ConstantLR', 'totalIters', totalIters);
    super(optimizer, { factor, total_iters: totalIters }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { factor, total_iters: totalIters } = this.state;
    const change = this.lastEpoch === 0 ? factor : this.lastEpoch === totalIters ? 1 / factor : 1;
    return this.groups.map(({ lr }) => lr * change);
  }

  protected override closedForm(): number[] {
    const { factor, total_iters: totalIters } = this.state;
    return this.baseLrs.map((lr) => lr * (factor + (this.lastEpoch >= totalIters ? 1 - factor : 0)));
  }
}

export interface LinearLROptions {
  /** What the rate is multiplied by at first; 1/3 by default. */
  startFactor: number;
  /** What it is multiplied by in the end; 1 by default. */
  endFactor: number;
  /** Epochs from the one to the other; 5 by default. */
  totalIters: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Multiplies the learning rates by a factor that goes from `startFactor` to `endFactor` in a straight line over `totalIters`
 * epochs: a warm-up.
 *
 * @throws ValueError when `startFactor` is not in (0, 1], `endFactor` not in [0, 1], or `totalIters` not above 0
 *
 * Source: torch.optim.lr_scheduler.LinearLR.
 *
 * @example
 * const scheduler = new lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 10 });
 */
export class LinearLR extends LRScheduler<{ start_factor: number; end_factor: number; total_iters: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[startFactor: number, endFactor: number, totalIters: number, lastEpoch: number], LinearLROptions>
  ) {
    const [startFactor = 1 / 3, endFactor = 1, totalIters = 5, lastEpoch] = named<[number, number, number, number]>(
      'LinearLR',
      ['startFactor', 'endFactor', 'totalIters', 'lastEpoch'],
      args,
    );
    checkPositive('LinearLR', 'startFactor', startFactor);
    checkBetween('LinearLR', 'startFactor', startFactor, 0, 1);
    checkBetween('LinearLR', 'endFactor', endFactor, 0, 1);
    checkPositive('LinearLR', 'totalIters', totalIters);
    super(optimizer, { start_factor: startFactor, end_factor: endFactor, total_iters: totalIters }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { start_factor: start, end_factor: end, total_iters: totalIters } = this.state;
    const epoch = this.lastEpoch;
    if (epoch > totalIters) return this.groups.map(({ lr }) => lr);
    const change = epoch === 0 ? start : 1 + (end - start) / (totalIters * start + (epoch - 1) * (end - start));
    return this.groups.map(({ lr }) => lr * change);
  }

  protected override closedForm(): number[] {
    const { start_factor: start, end_factor: end, total_iters: totalIters } = this.state;
    const factor = start + ((end - start) * Math.min(totalIters, this.lastEpoch)) / totalIters;
    return this.baseLrs.map((lr) => lr * factor);
  }
}

export interface PolynomialLROptions {
  /** Epochs until the rate is 0; 5 by default. */
  totalIters: number;
  /** The power; 1, a straight line, by default. */
  power: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Lets the learning rates fall to 0 over `totalIters` epochs: `lr = baseLr (1 - epoch / totalIters)^power`.
 *
 * @throws ValueError when `totalIters` is no number above 0, or `power` none at all
 *
 * Source: torch.optim.lr_scheduler.PolynomialLR.
 *
 * @example
 * const scheduler = new lrScheduler.PolynomialLR(optimizer, { totalIters: 100, power: 0.9 });
 */
export class PolynomialLR extends LRScheduler<{ total_iters: number; power: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[totalIters: number, power: number, lastEpoch: number], PolynomialLROptions>
  ) {
    const [totalIters = 5, power = 1, lastEpoch] = named<[number, number, number]>(
      'PolynomialLR',
      ['totalIters', 'power', 'lastEpoch'],
      args,
    );
    checkPositive('PolynomialLR', 'totalIters', totalIters);
    checkFinite('PolynomialLR', 'power', power);
    super(optimizer, { total_iters: totalIters, power }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { total_iters: totalIters, power } = this.state;
    const epoch = this.lastEpoch;
    if (epoch === 0 || epoch > totalIters) return this.groups.map(({ lr }) => lr);
    const change = exactPow((1 - epoch / totalIters) / (1 - (epoch - 1) / totalIters), power);
    return this.groups.map(({ lr }) => lr * change);
  }

  protected override closedForm(): number[] {
    const { total_iters: totalIters, power } = this.state;
    const factor = exactPow(1 - Math.min(totalIters, this.lastEpoch) / totalIters, power);
    return this.baseLrs.map((lr) => lr * factor);
  }
}
