/** Adagrad. */

import type { Tensor } from '@torsor/core';
import { fullLike, named } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { adaptiveStep } from './steps.ts';

export interface AdagradOptions {
  /** Learning rate; 1e-2 by default. */
  lr: number;
  /** How fast the learning rate falls: `lr / (1 + (t - 1) lrDecay)` at step t; 0 by default. */
  lrDecay: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** What the sums of squares begin with; 0 by default. */
  initialAccumulatorValue: number;
  /** Added to the denominator; 1e-10 by default. */
  eps: number;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps', 'maximize'] as const;

type Values = [
  lr: number,
  lrDecay: number,
  weightDecay: number,
  initialAccumulatorValue: number,
  eps: number,
  maximize: boolean,
];

interface AdagradState extends ParamState {
  step: number;
  sum: Tensor;
}

/**
 * Adagrad: with `g = grad + weightDecay p`, `s = s + g²`, `p = p - lr / (1 + (t - 1) lrDecay) g / (√s + eps)` at step t. A step is one
 * pass over the parameter.
 *
 * State of a parameter, from the beginning: `step` and `sum`, of its shape.
 *
 * @throws ValueError when an option is negative or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.Adagrad; Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
 * 2011.
 *
 * @example
 * const optimizer = new Adagrad(embedding.parameters(), { lr: 0.1 });
 */
export class Adagrad extends Optimizer<AdagradOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<AdagradOptions>, ...args: Arguments<Values, AdagradOptions>) {
    const [lr = 1e-2, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, eps = 1e-10, maximize = false] =
      named<Values>('Adagrad', NAMES, args);
    super(params, { lr, lrDecay, weightDecay, initialAccumulatorValue, eps, maximize });
  }

  protected override checkOptions(options: AdagradOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkAtLeast(this.name, 'lrDecay', options.lrDecay);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
    checkAtLeast(this.name, 'initialAccumulatorValue', options.initialAccumulatorValue);
    checkAtLeast(this.name, 'epsilon', options.eps);
  }

  override addParamGroup(group: Parameters<Optimizer<AdagradOptions>['addParamGroup']>[0]): void {
    super.addParamGroup(group);
    const added = this.paramGroups[this.paramGroups.length - 1];
    for (const param of added.params) this.sumOf(param, added);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<AdagradOptions>): void {
    const { lr, lrDecay, weightDecay, eps, maximize } = group;
    const state = this.sumOf(param, group);
    state.step++;
    adaptiveStep(param, grad, { square: state.sum, mean: null, largest: null, buffer: null }, 'step', {
      stepSize: lr / (1 + (state.step - 1) * lrDecay),
      beta1: 0,
      beta2: 1,
      fresh2: 1,
      scale2: 1,
      eps,
      sign: maximize ? -1 : 1,
      decay: 1,
      penalty: weightDecay,
      gradSize: 0,
      momentum: 0,
    });
  }

  private sumOf(param: Tensor, { initialAccumulatorValue }: ParamGroup<AdagradOptions>): AdagradState {
    return this.stateOf<AdagradState>(param, () => ({ step: 0, sum: fullLike(param, initialAccumulatorValue) }));
  }
}
