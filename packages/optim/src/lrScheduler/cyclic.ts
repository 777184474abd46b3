/** Learning rates that swing between two bounds. */

import { exactPow, named, show, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkChoice, checkFinite, checkPositive } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import type { PerGroup } from './momentum.ts';
import { perGroup, setMomentum, usesBeta1 } from './momentum.ts';
import { LRScheduler } from './scheduler.ts';

type Mode = 'triangular' | 'triangular2' | 'exp_range';
type ScaleMode = 'cycle' | 'iterations';
type ScaleFn = (x: number) => number;

export interface CyclicLROptions {
  /** The lower bound, of all groups or of each: where the rate begins. */
  baseLr: PerGroup;
  /** The upper bound, of all groups or of each. */
  maxLr: PerGroup;
  /** Steps in which the rate rises; 2000 by default. */
  stepSizeUp: number;
  /** Steps in which it falls; as many by default. */
  stepSizeDown: number | null;
  /** `'triangular'`: all cycles alike (the default); `'triangular2'`: each half as high as the last; `'exp_range'`: lower by `gamma` a step. */
  mode: Mode;
  /** The factor of `'exp_range'`; 1 by default. */
  gamma: number;
  /** What the height is multiplied by, instead of `mode`. */
  scaleFn: ScaleFn | null;
  /** Whether `scaleFn` is given the number of the `'cycle'`, from 1 on (the default), or of `'iterations'`. */
  scaleMode: ScaleMode;
  /** Whether momentum swings against the rate. Default true. */
  cycleMomentum: boolean;
  /** The lowest momentum, of all groups or of each; 0.8 by default. */
  baseMomentum: PerGroup;
  /** The highest momentum, of all groups or of each; 0.9 by default. */
  maxMomentum: PerGroup;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

const NAMES = [
  'baseLr',
  'maxLr',
  'stepSizeUp',
  'stepSizeDown',
  'mode',
  'gamma',
  'scaleFn',
  'scaleMode',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'lastEpoch',
] as const;

type Values = [
  baseLr: PerGroup,
  maxLr: PerGroup,
  stepSizeUp: number,
  stepSizeDown: number | null,
  mode: Mode,
  gamma: number,
  scaleFn: ScaleFn | null,
  scaleMode: ScaleMode,
  cycleMomentum: boolean,
  baseMomentum: PerGroup,
  maxMomentum: PerGroup,
  lastEpoch: number,
];

/**
 * Lets the learning rates swing between `baseLr` and `maxLr`, in straight lines of `stepSizeUp` and `stepSizeDown` steps:
 * `lr = baseLr + (maxLr - baseLr) height scale`, while momentum (SGD's, or the first β of the Adams) swings the other way. Call `step()`
 * after each batch. The rates that the optimiser had play no part.
 *
 * @throws ValueError when there are not as many values as groups, a size is no number above 0, a mode is unknown, or momentum should
 *   cycle but the optimiser has none
 *
 * Source: torch.optim.lr_scheduler.CyclicLR; Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
 *
 * @example
 * const scheduler = new lrScheduler.CyclicLR(optimizer, 0.01, 0.1, { stepSizeUp: 500, mode: 'triangular2' });
 */
export class CyclicLR extends LRScheduler<{
  max_lrs: number[];
  total_size: number;
  step_ratio: number;
  mode: Mode;
  gamma: number;
  _scale_fn_custom: ScaleFn | null;
  scale_mode: ScaleMode;
  cycle_momentum: boolean;
  use_beta1: boolean;
  base_momentums: number[];
  max_momentums: number[];
}> {
  constructor(optimizer: ScheduledOptimizer, ...args: Arguments<Values, CyclicLROptions>) {
    const op = 'CyclicLR';
    const [
      baseLr,
      maxLr,
      stepSizeUp = 2000,
      stepSizeDown,
      mode = 'triangular',
      gamma = 1,
      scaleFn = null,
      scaleMode = 'cycle',
      cycleMomentum = true,
      baseMomentum = 0.8,
      maxMomentum = 0.9,
      lastEpoch = -1,
    ] = named<Values>(op, NAMES, args);
    const baseLrs = perGroup(op, 'baseLr', optimizer, baseLr);
    const down = stepSizeDown ?? stepSizeUp;
    checkPositive(op, 'stepSizeUp', stepSizeUp);
    checkPositive(op, 'stepSizeDown', down);
    checkFinite(op, 'gamma', gamma);
    if (scaleFn === null) checkChoice(op, 'mode', mode, ['triangular', 'triangular2', 'exp_range']);
    else if (typeof scaleFn !== 'function') {
      throw new ValueError(`scaleFn must be a function, but got ${show(scaleFn)}`, { op, operands: { scaleFn } });
    }
    checkChoice(op, 'scaleMode', scaleMode, ['cycle', 'iterations']);
    const state = {
      max_lrs: perGroup(op, 'maxLr', optimizer, maxLr),
      total_size: stepSizeUp + down,
      step_ratio: stepSizeUp / (stepSizeUp + down),
      mode,
      gamma,
      _scale_fn_custom: scaleFn,
      scale_mode: scaleFn === null ? ((mode === 'exp_range' ? 'iterations' : 'cycle') as ScaleMode) : scaleMode,
      cycle_momentum: cycleMomentum,
      use_beta1: cycleMomentum && usesBeta1(op, optimizer),
      base_momentums: perGroup(op, 'baseMomentum', optimizer, baseMomentum),
      max_momentums: perGroup(op, 'maxMomentum', optimizer, maxMomentum),
    };
    if (lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = baseLrs[i];
      });
    }
    super(optimizer, state, lastEpoch);
    this.state.base_lrs = baseLrs;
  }

  protected override getLr(): number[] {
    const { state, lastEpoch } = this;
    const cycle = Math.floor(1 + lastEpoch / state.total_size);
    const x = 1 + lastEpoch / state.total_size - cycle;
    const height = x <= state.step_ratio ? x / state.step_ratio : (x - 1) / (state.step_ratio - 1);
    const scale = this.scale(state.scale_mode === 'cycle' ? cycle : lastEpoch);
    if (state.cycle_momentum) {
      state.base_momentums.forEach((base, i) => {
        const high = state.max_momentums[i];
        setMomentum(this.groups[i], state.use_beta1, high - (high - base) * height * scale);
      });
    }
    return this.baseLrs.map((lr, i) => lr + (state.max_lrs[i] - lr) * height * scale);
  }

  /** What the height of the swing is multiplied by, in this cycle or at this step. */
  private scale(x: number): number {
    const { mode, gamma, _scale_fn_custom: custom } = this.state;
    if (custom !== null) return custom(x);
    if (mode === 'triangular') return 1;
    return mode === 'triangular2' ? 1 / 2 ** (x - 1) : exactPow(gamma, x);
  }
}
