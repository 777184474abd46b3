/** RMSprop. */

import type { Tensor } from '@torsor/core';
import { keep, named, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { adaptiveStep } from './steps.ts';

export interface RMSpropOptions {
  /** Learning rate; 1e-2 by default. */
  lr: number;
  /** Decay rate of the running mean of squared gradients; 0.99 by default. */
  alpha: number;
  /** Added to the denominator; 1e-8 by default. */
  eps: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** Share of the last step that is kept; 0 by default. */
  momentum: number;
  /** Divide by the deviation of the gradient instead of its mean square. Default false. */
  centered: boolean;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'alpha', 'eps', 'weightDecay', 'momentum', 'centered', 'maximize'] as const;

type Values = [
  lr: number,
  alpha: number,
  eps: number,
  weightDecay: number,
  momentum: number,
  centered: boolean,
  maximize: boolean,
];

interface RMSpropState extends ParamState {
  step: number;
  square_avg: Tensor;
}

/**
 * RMSprop: with `g = grad + weightDecay p`, `v = α v + (1 - α) g²`, `p = p - lr g / (√v + eps)`; centered, `m = α m + (1 - α) g` and
 * `v - m²` stands for v; with momentum `b = momentum b + g / (√v + eps)`, `p = p - lr b`. A step is one pass over the parameter.
 *
 * State of a parameter: `step`, `square_avg`, and, where they are used, `momentum_buffer` and `grad_avg`, of its shape.
 *
 * @throws ValueError when an option is negative or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.RMSprop; Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012.
 *
 * @example
 * const optimizer = new RMSprop(net.parameters(), { lr: 1e-3, momentum: 0.9 });
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<RMSpropOptions>, ...args: Arguments<Values, RMSpropOptions>) {
    const [lr = 1e-2, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false, maximize = false] =
      named<Values>('RMSprop', NAMES, args);
    super(params, { lr, alpha, eps, weightDecay, momentum, centered, maximize });
  }

  protected override checkOptions(options: RMSpropOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkAtLeast(this.name, 'alpha', options.alpha);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
    checkAtLeast(this.name, 'momentum', options.momentum);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<RMSpropOptions>): void {
    const { lr, alpha, eps, weightDecay, momentum, centered, maximize } = group;
    const state = this.stateOf<RMSpropState>(param, () => ({ step: 0, square_avg: zerosLike(param) }));
    state.step++;
    // Made when they are first needed, since a group may be changed between steps.
    const extra = (key: string): Tensor => {
      state[key] ??= keep(zerosLike(param));
      return state[key] as Tensor;
    };
    const buffer = momentum > 0 ? extra('momentum_buffer') : null;
    const mean = centered ? extra('grad_avg') : null;
    adaptiveStep(param, grad, { square: state.square_avg, mean, largest: null, buffer }, 'center', {
      stepSize: lr,
      beta1: alpha,
      beta2: alpha,
      fresh2: 1 - alpha,
      scale2: 1,
      eps,
      sign: maximize ? -1 : 1,
      decay: 1,
      penalty: weightDecay,
      gradSize: 0,
      momentum,
    });
  }
}
