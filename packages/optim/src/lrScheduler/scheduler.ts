/** The base class of schedules: a learning rate for each epoch, or batch. */

import { ValueError } from '@torsor/core';
import { checkFinite, checkInteger } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import { Scheduler } from './base.ts';

/** What every schedule keeps. */
export interface ScheduleState {
  base_lrs: number[];
  last_epoch: number;
  _step_count: number;
  _last_lr: number[];
}

/**
 * The base class of schedulers: at each `step()` it counts `lastEpoch` up and gives each group of the optimiser the learning rate
 * that `getLr()` says. A new scheduler takes the first step at once.
 *
 * Most schedulers work out the next rate from the present one, as PyTorch's do: they can be chained, and a rate that is changed by
 * hand in between stays changed.
 *
 * For a scheduler of your own, extend it: hand what `getLr` needs to the constructor as `state`, since the first step comes before
 * fields of the subclass are there. The state goes into `stateDict()`; functions in it stay behind.
 *
 * @param optimizer the optimiser; its groups get `initialLr`, the rate that they begin with
 * @param state what `getLr` reads and writes, beside what every scheduler keeps
 * @param lastEpoch the number of steps that were taken before, to resume: then every group must have `initialLr`. Default -1: none.
 * @throws ValueError when `optimizer` is none, `lastEpoch` is no integer of at least -1, or a group lacks `initialLr`
 *
 * Source: torch.optim.lr_scheduler.LRScheduler.
 *
 * @example
 * class InverseRoot extends lrScheduler.LRScheduler<{ warmup: number }> {
 *   constructor(optimizer: Optimizer<{ lr: number }>, warmup: number) {
 *     super(optimizer, { warmup });
 *   }
 *   protected override getLr(): number[] {
 *     const { warmup } = this.state;
 *     return this.baseLrs.map((lr) => lr * Math.sqrt(warmup / Math.max(warmup, this.lastEpoch)));
 *   }
 * }
 */
export abstract class LRScheduler<S extends object = object> extends Scheduler<S> {
  declare protected readonly state: S & ScheduleState;

  constructor(optimizer: ScheduledOptimizer, state: S, lastEpoch = -1) {
    super(optimizer, state);
    checkInteger(this.name, 'lastEpoch', lastEpoch, -1);
    this.begin(lastEpoch);
  }

  /** The rates that the groups began with. */
  get baseLrs(): readonly number[] {
    return this.state.base_lrs;
  }

  /** The rates that the groups have at `lastEpoch`, worked out from those that they have now. */
  protected abstract getLr(): number[];

  /** The rates at `lastEpoch` by themselves, if there is a formula for them. */
  protected closedForm?(): number[];

  /** Notes where the groups begin, and takes the first step. */
  protected begin(lastEpoch: number): void {
    const { groups, state } = this;
    groups.forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined) {
        throw new ValueError(`group ${i} has no initialLr, which it needs to resume from lastEpoch ${lastEpoch}`, {
          op: this.name,
        });
      }
    });
    state.base_lrs = groups.map(({ initialLr, lr }) => initialLr ?? lr);
    state.last_epoch = lastEpoch;
    this.firstStep();
  }

  /** The step of a new scheduler. */
  firstStep(): void {
    this.optimizer.stepCount = 0;
    this.state._step_count = 0;
    this.step();
  }

  /** Takes the count of the first step back, for `SequentialLR`, in which all schedules but the first begin later. */
  undoCount(): void {
    this.state.last_epoch--;
  }

  /**
   * Sets the learning rates for the next epoch (or batch, where a schedule counts batches); call it after `optimizer.step()`.
   *
   * @param epoch goes to this epoch instead of the next, by a formula in closed form where there is one
   */
  step(epoch?: number | null): void {
    const { state } = this;
    const isNext = epoch === undefined || epoch === null;
    if (!isNext) checkFinite(this.name, 'epoch', epoch);
    if (state._step_count === 1 && this.optimizer.stepCount === 0) {
      console.warn(
        `torsor: ${this.name}: step() was called before optimizer.step(), so that the first learning rate of the schedule is ` +
          'never used; call optimizer.step() first',
      );
    }
    const { last_epoch: before } = state;
    state.last_epoch = isNext ? before + 1 : epoch;
    state._step_count++;
    try {
      this.setLr((isNext ? undefined : this.closedForm?.()) ?? this.getLr());
    } catch (error) {
      state.last_epoch = before;
      state._step_count--;
      throw error;
    }
  }

  /** Gives the groups their rates. Groups that were added to the optimiser later may have none. */
  protected setLr(values: readonly number[]): void {
    this.groups.forEach((group, i) => {
      if (i < values.length) group.lr = values[i];
    });
    this.noteLr();
  }
}
