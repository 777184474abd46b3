/** Schedules that multiply the learning rate by a constant, at certain epochs or at each. */

import { exactPow, named, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkFinite, checkInteger, checkPositive } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import { LRScheduler } from './scheduler.ts';

export interface StepLROptions {
  /** Epochs between decays. */
  stepSize: number;
  /** What the rate is multiplied by; 0.1 by default. */
  gamma: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Multiplies the learning rates by `gamma` every `stepSize` epochs: `lr = baseLr gamma^⌊epoch / stepSize⌋`, unless something else
 * changes the rates too.
 *
 * @throws ValueError when `stepSize` is no number above 0, or `gamma` none at all
 *
 * Source: torch.optim.lr_scheduler.StepLR.
 *
 * @example
 * const scheduler = new lrScheduler.StepLR(optimizer, 30, 0.1);
 * for (let epoch = 0; epoch < 90; epoch++) {
 *   train(); // calls optimizer.step()
 *   scheduler.step();
 * }
 */
export class StepLR extends LRScheduler<{ step_size: number; gamma: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[stepSize: number, gamma: number, lastEpoch: number], StepLROptions>
  ) {
    const [stepSize, gamma = 0.1, lastEpoch] = named<[number, number, number]>(
      'StepLR',
      ['stepSize', 'gamma', 'lastEpoch'],
      args,
    );
    checkPositive('StepLR', 'stepSize', stepSize);
    checkFinite('StepLR', 'gamma', gamma);
    super(optimizer, { step_size: stepSize as number, gamma }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { step_size: stepSize, gamma } = this.state;
    const isDecay = this.lastEpoch !== 0 && this.lastEpoch % stepSize === 0;
    return this.groups.map(({ lr }) => (isDecay ? lr * gamma : lr));
  }

  protected override closedForm(): number[] {
    const { step_size: stepSize, gamma } = this.state;
    const factor = exactPow(gamma, Math.floor(this.lastEpoch / stepSize));
    return this.baseLrs.map((lr) => lr * factor);
  }
}

export interface MultiStepLROptions {
  /** The epochs at which the rate decays; one that stands twice counts twice. */
  milestones: readonly number[];
  /** What the rate is multiplied by; 0.1 by default. */
  gamma: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Multiplies the learning rates by `gamma` when the epoch is one of `milestones`.
 *
 * @throws ValueError when `milestones` is no list of integers, or `gamma` no number
 *
 * Source: torch.optim.lr_scheduler.MultiStepLR.
 *
 * @example
 * const scheduler = new lrScheduler.MultiStepLR(optimizer, [30, 80], { gamma: 0.1 });
 */
export class MultiStepLR extends LRScheduler<{ milestones: Record<number, number>; gamma: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[milestones: readonly number[], gamma: number, lastEpoch: number], MultiStepLROptions>
  ) {
    const [list, gamma = 0.1, lastEpoch] = named<[readonly number[], number, number]>(
      'MultiStepLR',
      ['milestones', 'gamma', 'lastEpoch'],
      args,
    );
    if (!Array.isArray(list)) {
      throw new ValueError(`milestones must be a list of epochs, but got ${String(list)}`, { op: 'MultiStepLR' });
    }
    checkFinite('MultiStepLR', 'gamma', gamma);
    // How often each stands there, as Python's Counter has it.
    const milestones: Record<number, number> = {};
    for (const epoch of list as readonly number[]) {
      checkInteger('MultiStepLR', 'milestone', epoch);
      milestones[epoch] = (milestones[epoch] ?? 0) + 1;
    }
    super(optimizer, { milestones, gamma }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { milestones, gamma } = this.state;
    const times = milestones[this.lastEpoch];
    return this.groups.map(({ lr }) => (times === undefined ? lr : lr * exactPow(gamma, times)));
  }

  protected override closedForm(): number[] {
    const { milestones, gamma } = this.state;
    let passed = 0;
    for (const [epoch, times] of Object.entries(milestones)) if (Number(epoch) <= this.lastEpoch) passed += times;
    return this.baseLrs.map((lr) => lr * exactPow(gamma, passed));
  }
}

export interface ExponentialLROptions {
  /** What the rate is multiplied by at each epoch. */
  gamma: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Multiplies the learning rates by `gamma` at each epoch: `lr = baseLr gamma^epoch`.
 *
 * @throws ValueError when `gamma` is no number
 *
 * Source: torch.optim.lr_scheduler.ExponentialLR.
 *
 * @example
 * const scheduler = new lrScheduler.ExponentialLR(optimizer, 0.95);
 */
export class ExponentialLR extends LRScheduler<{ gamma: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[gamma: number, lastEpoch: number], ExponentialLROptions>
  ) {
    const [gamma, lastEpoch] = named<[number, number]>('ExponentialLR', ['gamma', 'lastEpoch'], args);
    checkFinite('ExponentialLR', 'gamma', gamma);
    super(optimizer, { gamma: gamma as number }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { gamma } = this.state;
    return this.groups.map(({ lr }) => (this.lastEpoch === 0 ? lr : lr * gamma));
  }

  protected override closedForm(): number[] {
    const factor = exactPow(this.state.gamma, this.lastEpoch);
    return this.baseLrs.map((lr) => lr * factor);
  }
}
