/** Schedules that a function of the epoch says. */

import { named, show, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import type { ScheduledOptimizer } from './base.ts';
import { checkOptimizer } from './base.ts';
import { LRScheduler } from './scheduler.ts';

/** A factor for each epoch. */
export type LrLambda = (epoch: number) => number;

export interface LambdaLROptions {
  /** The factor, as a function of the epoch; or a function for each group. */
  lrLambda: LrLambda | readonly LrLambda[];
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

type LambdaArguments = Arguments<[lrLambda: LrLambda | readonly LrLambda[], lastEpoch: number], LambdaLROptions>;

abstract class FunctionLR extends LRScheduler<{ lr_lambdas: LrLambda[] }> {
  constructor(op: string, optimizer: ScheduledOptimizer, args: LambdaArguments) {
    const [lrLambda, lastEpoch] = named<[LrLambda | readonly LrLambda[], number]>(op, ['lrLambda', 'lastEpoch'], args);
    checkOptimizer(op, optimizer);
    const { length } = optimizer.paramGroups;
    const list = Array.isArray(lrLambda) ? [...(lrLambda as readonly LrLambda[])] : new Array(length).fill(lrLambda);
    if (list.length !== length) {
      throw new ValueError(`expected ${length} functions as lrLambda, one for each group, but got ${list.length}`, {
        op,
      });
    }
    for (const entry of list as readonly unknown[]) {
      if (typeof entry !== 'function') {
        throw new ValueError(`lrLambda must be a function or a list of them, but got ${show(entry)}`, { op });
      }
    }
    super(optimizer, { lr_lambdas: list as LrLambda[] }, lastEpoch);
  }

  /** The factor of group `i` at this epoch. */
  protected factor(i: number): number {
    const factor = this.state.lr_lambdas[i](this.lastEpoch);
    if (typeof factor === 'number') return factor;
    throw new ValueError(`lrLambda must give a number, but gave ${show(factor)} at epoch ${this.lastEpoch}`, {
      op: this.name,
    });
  }
}

/**
 * Sets the learning rates to the first ones times a function of the epoch: `lr = baseLr lrLambda(epoch)`.
 *
 * A state dict does not hold functions: give the same ones when you resume.
 *
 * @throws ValueError when `lrLambda` is neither a function nor one for each group, or gives no number
 *
 * Source: torch.optim.lr_scheduler.LambdaLR.
 *
 * @example
 * const scheduler = new lrScheduler.LambdaLR(optimizer, (epoch) => 1 / (1 + epoch));
 */
export class LambdaLR extends FunctionLR {
  constructor(optimizer: ScheduledOptimizer, ...args: LambdaArguments) {
    super('LambdaLR', optimizer, args);
  }

  protected override getLr(): number[] {
    return this.baseLrs.map((lr, i) => lr * this.factor(i));
  }
}

/**
 * Multiplies the learning rates by a function of the epoch, from epoch 1 on: `lr = lr lrLambda(epoch)`.
 *
 * A state dict does not hold functions: give the same ones when you resume.
 *
 * @throws ValueError when `lrLambda` is neither a function nor one for each group, or gives no number
 *
 * Source: torch.optim.lr_scheduler.MultiplicativeLR.
 *
 * @example
 * const scheduler = new lrScheduler.MultiplicativeLR(optimizer, () => 0.95);
 */
export class MultiplicativeLR extends FunctionLR {
  constructor(optimizer: ScheduledOptimizer, ...args: LambdaArguments) {
    super('MultiplicativeLR', optimizer, args);
  }

  protected override getLr(): number[] {
    const { lr_lambdas: lambdas } = this.state;
    return this.groups.slice(0, lambdas.length).map(({ lr }, i) => (this.lastEpoch > 0 ? lr * this.factor(i) : lr));
  }
}
