/** What schedulers of all kinds have: an optimiser, and a state that travels under PyTorch's keys. */

import { isOptions, show, ValueError } from '@torsor/core';
import type { ParamGroup } from '../optimizer.ts';
import { Optimizer } from '../optimizer.ts';

/** An optimiser whose groups have a learning rate. */
export type ScheduledOptimizer = Optimizer<{ lr: number }>;

/** A group as schedulers see it. */
export type ScheduledGroup = ParamGroup<{ lr: number; momentum?: number; betas?: readonly [number, number] }>;

/** A scheduler's state by PyTorch's keys: plain values, which JSON can hold. */
export type SchedulerStateDict = Record<string, unknown>;

/** The base class of `LRScheduler` and `ReduceLROnPlateau`. */
export abstract class Scheduler<S extends object> {
  /** The optimiser whose learning rates are set. */
  readonly optimizer: ScheduledOptimizer;
  /** What the state dict holds, by its keys. */
  protected readonly state: S & { last_epoch: number; _last_lr: number[] };

  constructor(optimizer: ScheduledOptimizer, state: S) {
    checkOptimizer(this.name, optimizer);
    this.optimizer = optimizer;
    this.state = state as S & { last_epoch: number; _last_lr: number[] };
  }

  /** The name that errors begin with. */
  protected get name(): string {
    return this.constructor.name;
  }

  /** The groups of the optimiser. */
  protected get groups(): readonly ScheduledGroup[] {
    return this.optimizer.paramGroups;
  }

  /** The number of the last step. */
  get lastEpoch(): number {
    return this.state.last_epoch;
  }

  /** The learning rate of each group, as the last step left it. */
  getLastLr(): number[] {
    return [...this.state._last_lr];
  }

  /** Remembers the rates of the groups. */
  protected noteLr(): void {
    this.state._last_lr = this.groups.map((group) => group.lr);
  }

  /** The state under PyTorch's keys, copied, with null in place of functions. Save that of the optimiser with it. */
  stateDict(): SchedulerStateDict {
    return copyOf(this.state) as SchedulerStateDict;
  }

  /**
   * Takes over a state, copied. Functions stay those of this scheduler; keys that it does not know are left out.
   *
   * @throws ValueError when that is no state of a scheduler
   */
  loadStateDict(stateDict: SchedulerStateDict): void {
    const own = this.state as Record<string, unknown>;
    const isState = typeof stateDict === 'object' && stateDict !== null;
    const missing = ['last_epoch', '_schedulers'].filter((key) => key in own && !(isState && key in stateDict));
    if (missing.length > 0) {
      throw new ValueError(`expected a state dict with ${missing.join(', ')}, but got ${show(stateDict)}`, {
        op: `${this.name}.loadStateDict`,
        operands: { stateDict },
      });
    }
    for (const [key, value] of Object.entries(stateDict)) {
      if (key in own && !isFunction(own[key])) own[key] = copyOf(value);
    }
  }
}

/** @throws ValueError when the value is no optimiser */
export function checkOptimizer(op: string, optimizer: unknown): void {
  if (!(optimizer instanceof Optimizer)) {
    throw new ValueError(`optimizer must be an Optimizer, but got ${show(optimizer)}`, { op });
  }
}

/** Whether a value is a function or has one in it. */
function isFunction(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isFunction) : typeof value === 'function';
}

/** A copy of plain values, with null in place of functions and of objects of classes. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (isOptions(value)) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, copyOf(entry)]));
  return typeof value === 'function' || typeof value === 'object' ? null : value;
}
