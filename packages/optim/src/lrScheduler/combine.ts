/** Schedules made of others: one after the other, or all at once. */

import { named, show, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkInteger } from '../check.ts';
import type { ScheduledOptimizer, SchedulerStateDict } from './base.ts';
import { LRScheduler } from './scheduler.ts';

/** A schedule whose state holds those of its parts. */
abstract class Combination<S extends { _schedulers: readonly LRScheduler[] }> extends LRScheduler<S> {
  /** The parts keep count themselves. */
  protected override begin(): void {}

  protected override getLr(): number[] {
    return this.getLastLr();
  }

  override undoCount(): void {
    if ('last_epoch' in this.state) this.state.last_epoch--;
    for (const scheduler of this.state._schedulers) scheduler.undoCount();
  }

  override get baseLrs(): readonly number[] {
    return this.state._schedulers[0].baseLrs;
  }

  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), _schedulers: this.state._schedulers.map((scheduler) => scheduler.stateDict()) };
  }

  override loadStateDict(stateDict: SchedulerStateDict): void {
    const { _schedulers: schedulers } = this.state;
    const saved = (stateDict as SchedulerStateDict | null)?.['_schedulers'];
    if (Array.isArray(saved) && saved.length !== schedulers.length) {
      throw new ValueError(`the state dict is of ${saved.length} schedulers, but here are ${schedulers.length}`, {
        op: `${this.name}.loadStateDict`,
      });
    }
    super.loadStateDict(stateDict);
    this.state._schedulers = schedulers;
    schedulers.forEach((scheduler, i) => {
      scheduler.loadStateDict((saved as SchedulerStateDict[])[i]);
    });
  }
}

/** @throws ValueError unless all are schedules of one optimiser */
function checkParts(op: string, schedulers: unknown, optimizer: ScheduledOptimizer | undefined): LRScheduler[] {
  if (!Array.isArray(schedulers) || schedulers.length === 0) {
    throw new ValueError(`needs a list of one scheduler at least, but got ${show(schedulers)}`, { op });
  }
  (schedulers as readonly unknown[]).forEach((scheduler, i) => {
    if (!(scheduler instanceof LRScheduler)) {
      const what = (scheduler as object | null)?.constructor?.name ?? show(scheduler);
      throw new ValueError(`schedulers[${i}] must be an LRScheduler, but is ${what}`, { op });
    }
    if (scheduler.optimizer !== (optimizer ?? (schedulers[0] as LRScheduler).optimizer)) {
      throw new ValueError(`all schedulers must belong to one optimizer, but that of schedulers[${i}] is another`, {
        op,
      });
    }
  });
  return [...(schedulers as readonly LRScheduler[])];
}

export interface SequentialLROptions {
  /** The schedules, in their order. */
  schedulers: readonly LRScheduler[];
  /** The epochs at which the second and all further ones begin. */
  milestones: readonly number[];
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * One schedule after the other: the first until the epoch `milestones[0]`, where the second begins with its epoch 0, and so on.
 *
 * @throws ValueError when `schedulers` is no list of schedules of this optimiser, when `milestones` are not integers in rising order,
 *   one fewer than schedules, or when a later one is itself made of schedules (nothing says what its epoch 0 is)
 *
 * Source: torch.optim.lr_scheduler.SequentialLR.
 *
 * @example
 * const warmup = new lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 });
 * const decay = new lrScheduler.CosineAnnealingLR(optimizer, 95);
 * const scheduler = new lrScheduler.SequentialLR(optimizer, [warmup, decay], [5]);
 */
export class SequentialLR extends Combination<{ _schedulers: readonly LRScheduler[]; _milestones: readonly number[] }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<
      [schedulers: readonly LRScheduler[], milestones: readonly number[], lastEpoch: number],
      SequentialLROptions
    >
  ) {
    const op = 'SequentialLR';
    const [given, milestones, lastEpoch = -1] = named<[readonly LRScheduler[], readonly number[], number]>(
      op,
      ['schedulers', 'milestones', 'lastEpoch'],
      args,
    );
    const schedulers = checkParts(op, given, optimizer);
    schedulers.forEach((scheduler, i) => {
      if (i > 0 && scheduler instanceof Combination) {
        throw new ValueError(`schedulers[${i}] is a ${scheduler.constructor.name}, which can only come first`, { op });
      }
    });
    if (!Array.isArray(milestones) || milestones.length !== schedulers.length - 1) {
      throw new ValueError(
        `needs one milestone fewer than schedulers, but got milestones ${show(milestones)} for ${schedulers.length} schedulers`,
        { op, operands: { milestones } },
      );
    }
    (milestones as readonly number[]).forEach((milestone, i) => {
      checkInteger(op, `milestones[${i}]`, milestone, i === 0 ? 0 : milestones[i - 1]);
    });
    super(optimizer, { _schedulers: schedulers, _milestones: [...(milestones as readonly number[])] }, lastEpoch);
    this.state.last_epoch = lastEpoch;
    for (const group of this.groups) group.lr = group.initialLr ?? group.lr;
    for (const scheduler of schedulers) scheduler.undoCount();
    this.firstStep();
  }

  override firstStep(): void {
    this.state.last_epoch++;
    this.state._schedulers[0].firstStep();
    this.noteLr();
  }

  override step(): void {
    const { state } = this;
    const { _schedulers: schedulers, _milestones: milestones } = state;
    const epoch = state.last_epoch + 1;
    const passed = milestones.filter((milestone) => milestone <= epoch).length;
    if (passed > 0 && milestones[passed - 1] === epoch) schedulers[passed].step(0);
    else schedulers[passed].step();
    state.last_epoch = epoch;
    this.noteLr();
  }
}

export interface ChainedSchedulerOptions {
  /** The optimiser of the schedules; that of the first by default. */
  optimizer: ScheduledOptimizer | null;
}

/**
 * Several schedules at once: a step is a step of each, and each works on the rates that the one before it has set.
 *
 * @throws ValueError when `schedulers` is no list of schedules of one optimiser
 *
 * Source: torch.optim.lr_scheduler.ChainedScheduler.
 *
 * @example
 * const warmup = new lrScheduler.ConstantLR(optimizer, { factor: 0.1, totalIters: 2 });
 * const decay = new lrScheduler.ExponentialLR(optimizer, 0.9);
 * const scheduler = new lrScheduler.ChainedScheduler([warmup, decay]);
 */
export class ChainedScheduler extends Combination<{ _schedulers: readonly LRScheduler[] }> {
  constructor(
    schedulers: readonly LRScheduler[],
    ...args: Arguments<[optimizer: ScheduledOptimizer | null], ChainedSchedulerOptions>
  ) {
    const op = 'ChainedScheduler';
    const [optimizer] = named<[ScheduledOptimizer | null]>(op, ['optimizer'], args);
    const parts = checkParts(op, schedulers, optimizer ?? undefined);
    super(parts[0].optimizer, { _schedulers: parts });
    this.noteLr();
  }

  override get lastEpoch(): number {
    return this.state._schedulers[0].lastEpoch;
  }

  override firstStep(): void {
    for (const scheduler of this.state._schedulers) scheduler.firstStep();
    this.noteLr();
  }

  override step(): void {
    for (const scheduler of this.state._schedulers) scheduler.step();
    this.noteLr();
  }
}
