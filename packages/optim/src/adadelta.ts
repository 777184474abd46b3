/** Adadelta. */

import type { Tensor } from '@torsor/core';
import { named, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkBetween } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { penalized, untaped } from './untaped.ts';

export interface AdadeltaOptions {
  /** What the step is multiplied by; 1 by default. */
  lr: number;
  /** Decay rate of the running means; 0.9 by default. */
  rho: number;
  /** Added to both means; 1e-6 by default. */
  eps: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'rho', 'eps', 'weightDecay', 'maximize'] as const;

type Values = [lr: number, rho: number, eps: number, weightDecay: number, maximize: boolean];

interface AdadeltaState extends ParamState {
  step: number;
  square_avg: Tensor;
  acc_delta: Tensor;
}

/**
 * Adadelta: with `g = grad + weightDecay p`, `v = ρ v + (1 - ρ) g²`, `d = √((u + eps) / (v + eps)) g`, `u = ρ u + (1 - ρ) d²`,
 * `p = p - lr d`.
 *
 * State of a parameter: `step`, and, of its shape, `square_avg` (v) and `acc_delta` (u).
 *
 * @throws ValueError when an option is out of range or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.Adadelta; Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
 *
 * @example
 * const optimizer = new Adadelta(net.parameters(), { rho: 0.95 });
 */
export class Adadelta extends Optimizer<AdadeltaOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<AdadeltaOptions>, ...args: Arguments<Values, AdadeltaOptions>) {
    const [lr = 1, rho = 0.9, eps = 1e-6, weightDecay = 0, maximize = false] = named<Values>('Adadelta', NAMES, args);
    super(params, { lr, rho, eps, weightDecay, maximize });
  }

  protected override checkOptions(options: AdadeltaOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkBetween(this.name, 'rho', options.rho, 0, 1);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<AdadeltaOptions>): void {
    const { lr, rho, eps } = group;
    const state = this.stateOf<AdadeltaState>(param, () => ({
      step: 0,
      square_avg: zerosLike(param),
      acc_delta: zerosLike(param),
    }));
    state.step++;
    untaped([param, grad, state.square_avg, state.acc_delta], (p, given, squareAvg, accDelta) => {
      const g = penalized(p, given, group);
      squareAvg.mul_(rho).addcmul_(g, g, { value: 1 - rho });
      const delta = accDelta.add(eps).sqrt_().div_(squareAvg.add(eps).sqrt_()).mul_(g);
      accDelta.mul_(rho).addcmul_(delta, delta, { value: 1 - rho });
      p.add_(delta, { alpha: -lr });
    });
  }
}
