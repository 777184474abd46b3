/** The 1cycle policy. */

import { exactCos, named, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkBetween, checkChoice, checkInteger, checkPositive } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import type { PerGroup } from './momentum.ts';
import { perGroup, setMomentum, usesBeta1 } from './momentum.ts';
import { LRScheduler } from './scheduler.ts';

export interface OneCycleLROptions {
  /** The highest rate, of all groups or of each. */
  maxLr: PerGroup;
  /** Steps of the whole cycle; `epochs × stepsPerEpoch` by default. */
  totalSteps: number | null;
  /** Epochs of the cycle, beside `stepsPerEpoch`. */
  epochs: number | null;
  /** Steps of an epoch. */
  stepsPerEpoch: number | null;
  /** The part of the cycle in which the rate rises; 0.3 by default. */
  pctStart: number;
  /** How the rate moves: along a cosine, `'cos'`, by default, or `'linear'`. */
  annealStrategy: 'cos' | 'linear';
  /** Whether momentum moves against the rate. Default true. */
  cycleMomentum: boolean;
  /** The lowest momentum, of all groups or of each; 0.85 by default. */
  baseMomentum: PerGroup;
  /** The highest momentum, of all groups or of each; 0.95 by default. */
  maxMomentum: PerGroup;
  /** How many times lower than `maxLr` the rate begins; 25 by default. */
  divFactor: number;
  /** How many times lower than where it began the rate ends; 1e4 by default. */
  finalDivFactor: number;
  /** Whether the rate falls to where it began, and in a third phase to the end. Default false: at once to the end. */
  threePhase: boolean;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

const NAMES = [
  'maxLr',
  'totalSteps',
  'epochs',
  'stepsPerEpoch',
  'pctStart',
  'annealStrategy',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'divFactor',
  'finalDivFactor',
  'threePhase',
  'lastEpoch',
] as const;

type Values = [
  maxLr: PerGroup,
  totalSteps: number | null,
  epochs: number | null,
  stepsPerEpoch: number | null,
  pctStart: number,
  annealStrategy: 'cos' | 'linear',
  cycleMomentum: boolean,
  baseMomentum: PerGroup,
  maxMomentum: PerGroup,
  divFactor: number,
  finalDivFactor: number,
  threePhase: boolean,
  lastEpoch: number,
];

type Rate = 'initial_lr' | 'max_lr' | 'min_lr';
type Momentum = 'base_momentum' | 'max_momentum';

/** A phase of the cycle: the step that it ends at, and what it goes from and to. */
interface Phase {
  end_step: number;
  start_lr: Rate;
  end_lr: Rate;
  start_momentum: Momentum;
  end_momentum: Momentum;
}

/** Where groups keep what phases name. */
const PLACES = {
  initial_lr: 'initialLr',
  max_lr: 'maxLr',
  min_lr: 'minLr',
  base_momentum: 'baseMomentum',
  max_momentum: 'maxMomentum',
} as const;

/**
 * The 1cycle policy: the learning rates rise from `maxLr / divFactor` to `maxLr`, and fall to
 * `maxLr / divFactor / finalDivFactor`, while momentum (SGD's, or the first β of the Adams) falls from `maxMomentum` to `baseMomentum`
 * and rises again. Call `step()` after each batch. The rates that the optimiser had play no part.
 *
 * @throws ValueError when neither `totalSteps` nor both `epochs` and `stepsPerEpoch` are given as integers above 0, `pctStart` is not
 *   in [0, 1], there are not as many values as groups, momentum should cycle but the optimiser has none, or a step goes past the end
 *
 * Source: torch.optim.lr_scheduler.OneCycleLR; Smith, Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large
 * Learning Rates", 2018.
 *
 * @example
 * const scheduler = new lrScheduler.OneCycleLR(optimizer, 0.1, { epochs: 10, stepsPerEpoch: loader.length });
 * for (let epoch = 0; epoch < 10; epoch++) {
 *   for (const batch of loader) {
 *     train(batch); // calls optimizer.step()
 *     scheduler.step();
 *   }
 * }
 */
export class OneCycleLR extends LRScheduler<{
  total_steps: number;
  _schedule_phases: Phase[];
  _anneal_func_type: 'cos' | 'linear';
  cycle_momentum: boolean;
  use_beta1: boolean;
}> {
  constructor(optimizer: ScheduledOptimizer, ...args: Arguments<Values, OneCycleLROptions>) {
    const op = 'OneCycleLR';
    const [
      maxLr,
      totalSteps,
      epochs,
      stepsPerEpoch,
      pctStart = 0.3,
      annealStrategy = 'cos',
      cycleMomentum = true,
      baseMomentum = 0.85,
      maxMomentum = 0.95,
      divFactor = 25,
      finalDivFactor = 1e4,
      threePhase = false,
      lastEpoch = -1,
    ] = named<Values>(op, NAMES, args);
    const total = stepsOf(op, totalSteps, epochs, stepsPerEpoch);
    checkBetween(op, 'pctStart', pctStart, 0, 1);
    checkChoice(op, 'annealStrategy', annealStrategy, ['cos', 'linear']);
    checkPositive(op, 'divFactor', divFactor);
    checkPositive(op, 'finalDivFactor', finalDivFactor);
    const maxLrs = perGroup(op, 'maxLr', optimizer, maxLr);
    const bases = perGroup(op, 'baseMomentum', optimizer, baseMomentum);
    const highs = perGroup(op, 'maxMomentum', optimizer, maxMomentum);
    const useBeta1 = cycleMomentum && usesBeta1(op, optimizer);
    if (lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.initialLr = maxLrs[i] / divFactor;
        group.maxLr = maxLrs[i];
        group.minLr = group.initialLr / finalDivFactor;
        if (cycleMomentum) [group.baseMomentum, group.maxMomentum] = [bases[i], highs[i]];
      });
    }
    const state = {
      total_steps: total,
      _schedule_phases: phasesOf(total, pctStart, threePhase),
      _anneal_func_type: annealStrategy,
      cycle_momentum: cycleMomentum,
      use_beta1: useBeta1,
    };
    super(optimizer, state, lastEpoch);
  }

  protected override getLr(): number[] {
    const { total_steps: total, _schedule_phases: phases, cycle_momentum: cycles, use_beta1: useBeta1 } = this.state;
    const step = this.lastEpoch;
    if (step > total) {
      throw new ValueError(`tried to step ${step} times, but the cycle has ${total} steps in all`, {
        op: this.name,
        operands: { totalSteps: total },
      });
    }
    const found = phases.findIndex((phase) => step <= phase.end_step);
    const at = found < 0 ? phases.length - 1 : found;
    const phase = phases[at];
    const start = at === 0 ? 0 : phases[at - 1].end_step;
    const part = (step - start) / (phase.end_step - start);
    return this.groups.map((group, i) => {
      const value = (place: Rate | Momentum): number => {
        const { [PLACES[place]]: entry } = group;
        if (entry !== undefined) return entry;
        throw new ValueError(`group ${i} has no ${PLACES[place]}: it was added after the scheduler was made`, {
          op: this.name,
        });
      };
      if (cycles)
        setMomentum(group, useBeta1, this.between(value(phase.start_momentum), value(phase.end_momentum), part));
      return this.between(value(phase.start_lr), value(phase.end_lr), part);
    });
  }

  /** What lies a part of the way from `start` to `end`. */
  private between(start: number, end: number, part: number): number {
    if (this.state._anneal_func_type === 'linear') return (end - start) * part + start;
    return end + ((start - end) / 2) * (exactCos(Math.PI * part) + 1);
  }
}

function stepsOf(op: string, total?: number | null, epochs?: number | null, stepsPerEpoch?: number | null): number {
  if (typeof total === 'number') {
    checkInteger(op, 'totalSteps', total, 1);
    return total;
  }
  if (typeof epochs !== 'number' || typeof stepsPerEpoch !== 'number') {
    throw new ValueError('needs totalSteps, or both epochs and stepsPerEpoch', {
      op,
      operands: { totalSteps: total, epochs, stepsPerEpoch },
    });
  }
  checkInteger(op, 'epochs', epochs, 1);
  checkInteger(op, 'stepsPerEpoch', stepsPerEpoch, 1);
  return epochs * stepsPerEpoch;
}

function phasesOf(total: number, pctStart: number, isThree: boolean): Phase[] {
  const up = {
    start_lr: 'initial_lr',
    end_lr: 'max_lr',
    start_momentum: 'max_momentum',
    end_momentum: 'base_momentum',
  };
  const down = { start_lr: 'max_lr', start_momentum: 'base_momentum', end_momentum: 'max_momentum' };
  const first = { end_step: pctStart * total - 1, ...up };
  const phases = isThree
    ? [
        first,
        { end_step: 2 * pctStart * total - 2, ...down, end_lr: 'initial_lr' },
        {
          end_step: total - 1,
          start_lr: 'initial_lr',
          end_lr: 'min_lr',
          start_momentum: 'max_momentum',
          end_momentum: 'max_momentum',
        },
      ]
    : [first, { end_step: total - 1, ...down, end_lr: 'min_lr' }];
  return phases as Phase[];
}
