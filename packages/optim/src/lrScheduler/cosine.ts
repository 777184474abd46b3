/** Schedules along a cosine: to a smallest rate, or there again and again. */

import { exactCos, named, ValueError } from '@torsor/core';
import type { Arguments } from '../arguments.ts';
import { checkFinite, checkInteger, checkPositive } from '../check.ts';
import type { ScheduledOptimizer } from './base.ts';
import { LRScheduler } from './scheduler.ts';

export interface CosineAnnealingLROptions {
  /** Epochs from the first rate to the smallest. */
  TMax: number;
  /** The smallest rate; 0 by default. */
  etaMin: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Lets the learning rates fall along half a cosine: `lr = etaMin + (baseLr - etaMin) (1 + cos(π epoch / TMax)) / 2`, and rise again
 * after `TMax` epochs.
 *
 * @throws ValueError when `TMax` is no number above 0, or `etaMin` none at all
 *
 * Source: torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
 * 2017, without the restarts.
 *
 * @example
 * const scheduler = new lrScheduler.CosineAnnealingLR(optimizer, 100, { etaMin: 1e-5 });
 */
export class CosineAnnealingLR extends LRScheduler<{ T_max: number; eta_min: number }> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<[TMax: number, etaMin: number, lastEpoch: number], CosineAnnealingLROptions>
  ) {
    const [TMax, etaMin = 0, lastEpoch] = named<[number, number, number]>(
      'CosineAnnealingLR',
      ['TMax', 'etaMin', 'lastEpoch'],
      args,
    );
    checkPositive('CosineAnnealingLR', 'TMax', TMax);
    checkFinite('CosineAnnealingLR', 'etaMin', etaMin);
    super(optimizer, { T_max: TMax as number, eta_min: etaMin }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { T_max: TMax, eta_min: etaMin, _step_count: count } = this.state;
    const epoch = this.lastEpoch;
    if (epoch === 0) return this.groups.map(({ lr }) => lr);
    if (count === 1 && epoch > 0) return this.closedForm();
    // Up from the smallest rate, of which no multiple would leave it.
    if (modulo(epoch - 1 - TMax, 2 * TMax) === 0) {
      const rise = (1 - exactCos(Math.PI / TMax)) / 2;
      return this.groups.map(({ lr }, i) => lr + ((this.baseLrs[i] ?? lr) - etaMin) * rise);
    }
    const change = (1 + exactCos((Math.PI * epoch) / TMax)) / (1 + exactCos((Math.PI * (epoch - 1)) / TMax));
    return this.groups.map(({ lr }) => change * (lr - etaMin) + etaMin);
  }

  protected override closedForm(): number[] {
    const { T_max: TMax, eta_min: etaMin } = this.state;
    const height = 1 + exactCos((Math.PI * this.lastEpoch) / TMax);
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * height) / 2);
  }
}

/** The remainder with the sign of the divisor, as in Python. */
const modulo = (x: number, y: number): number => ((x % y) + y) % y;

export interface CosineAnnealingWarmRestartsOptions {
  /** Epochs until the first restart. */
  T0: number;
  /** How much longer each cycle is than the last; 1 by default. */
  TMult: number;
  /** The smallest rate; 0 by default. */
  etaMin: number;
  /** The number of steps that were taken before, to resume; -1, none, by default. */
  lastEpoch: number;
}

/**
 * Lets the learning rates fall along half a cosine and begins anew with the first ones: after `T0` epochs, then after `T0 TMult`,
 * `T0 TMult²` and so on; `lr = etaMin + (baseLr - etaMin) (1 + cos(π TCur / TI)) / 2`, where `TCur` counts from the last restart and
 * `TI` is the length of the cycle.
 *
 * `step(epoch)` may be a fraction, so that a step can follow each batch: `scheduler.step(epoch + i / batches)`.
 *
 * @throws ValueError when `T0` or `TMult` is no integer above 0, `etaMin` no number, or an epoch negative
 *
 * Source: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm
 * Restarts", 2017.
 *
 * @example
 * const scheduler = new lrScheduler.CosineAnnealingWarmRestarts(optimizer, 10, { TMult: 2 });
 */
export class CosineAnnealingWarmRestarts extends LRScheduler<{
  T_0: number;
  T_i: number;
  T_mult: number;
  eta_min: number;
  T_cur: number;
}> {
  constructor(
    optimizer: ScheduledOptimizer,
    ...args: Arguments<
      [T0: number, TMult: number, etaMin: number, lastEpoch: number],
      CosineAnnealingWarmRestartsOptions
    >
  ) {
    const op = 'CosineAnnealingWarmRestarts';
    const names = ['T0', 'TMult', 'etaMin', 'lastEpoch'];
    const [given, TMult = 1, etaMin = 0, lastEpoch = -1] = named<[number, number, number, number]>(op, names, args);
    checkInteger(op, 'T0', given, 1);
    checkInteger(op, 'TMult', TMult, 1);
    checkFinite(op, 'etaMin', etaMin);
    const T0 = given as number;
    super(optimizer, { T_0: T0, T_i: T0, T_mult: TMult, eta_min: etaMin, T_cur: lastEpoch }, lastEpoch);
  }

  protected override getLr(): number[] {
    const { T_cur: TCur, T_i: TI, eta_min: etaMin } = this.state;
    const height = 1 + exactCos((Math.PI * TCur) / TI);
    return this.baseLrs.map((lr) => etaMin + ((lr - etaMin) * height) / 2);
  }

  /**
   * Sets the learning rates for the next epoch.
   *
   * @param epoch goes to this epoch instead of the next, which may be a fraction
   */
  override step(epoch?: number | null): void {
    const { state } = this;
    const { T_0: T0, T_mult: TMult } = state;
    if (epoch === undefined || epoch === null) {
      if (state.last_epoch < 0) [state.T_cur, state.T_i] = [-1, T0];
      state.last_epoch++;
      state.T_cur++;
      if (state.T_cur >= state.T_i) {
        state.T_cur -= state.T_i;
        state.T_i *= TMult;
      }
    } else {
      checkFinite(this.name, 'epoch', epoch);
      if (epoch < 0) {
        throw new ValueError(`expected an epoch of at least 0, but got ${epoch}`, {
          op: this.name,
          operands: { epoch },
        });
      }
      state.T_i = T0;
      state.T_cur = TMult === 1 ? epoch % T0 : epoch;
      while (state.T_cur >= state.T_i) {
        state.T_cur -= state.T_i;
        state.T_i *= TMult;
      }
      state.last_epoch = Math.floor(epoch);
    }
    this.setLr(this.getLr());
  }
}
