/** RAdam: Adam whose first steps do without the mean of squares, as long as that is not yet reliable. */

import type { Tensor } from '@torsor/core';
import { exactPow, named, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkBetas } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { adaptiveStep } from './steps.ts';

export interface RAdamOptions {
  /** Learning rate; 1e-3 by default. */
  lr: number;
  /** Decay rates of the running means of the gradient and of its square; [0.9, 0.999] by default. */
  betas: readonly [number, number];
  /** Added to the denominator; 1e-8 by default. */
  eps: number;
  /** Weight decay; 0 by default. */
  weightDecay: number;
  /** Whether weight decay acts on the parameter itself and not through the gradient. Default false. */
  decoupledWeightDecay: boolean;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'betas', 'eps', 'weightDecay', 'decoupledWeightDecay', 'maximize'] as const;

type Values = [
  lr: number,
  betas: readonly [number, number],
  eps: number,
  weightDecay: number,
  decoupledWeightDecay: boolean,
  maximize: boolean,
];

interface RAdamState extends ParamState {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}

/**
 * RAdam: rectified Adam. With `g = grad + weightDecay p`, `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, and
 * `ρ = 2 / (1 - β₂) - 1`, `ρₜ = ρ - 2 t β₂ᵗ / (1 - β₂ᵗ)`, the length of the mean of squares:
 *
 * `p = p - lr r √(1 - β₂ᵗ) / (1 - β₁ᵗ) m / (√v + eps)` with `r² = (ρₜ - 4) (ρₜ - 2) ρ / ((ρ - 4) (ρ - 2) ρₜ)` where `ρₜ > 5`, else
 * `p = p - lr / (1 - β₁ᵗ) m`. A step is one pass over the parameter.
 *
 * State of a parameter: `step`, and, of its shape, `exp_avg` and `exp_avg_sq`.
 *
 * @throws ValueError when an option is out of range or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.RAdam; Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
 *
 * @example
 * const optimizer = new RAdam(net.parameters(), { lr: 1e-3 });
 */
export class RAdam extends Optimizer<RAdamOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<RAdamOptions>, ...args: Arguments<Values, RAdamOptions>) {
    const [
      lr = 1e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weightDecay = 0,
      decoupledWeightDecay = false,
      maximize = false,
    ] = named<Values>('RAdam', NAMES, args);
    super(params, { lr, betas, eps, weightDecay, decoupledWeightDecay, maximize });
  }

  protected override checkOptions(options: RAdamOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkBetas(this.name, options.betas);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<RAdamOptions>): void {
    const { lr, betas, eps, weightDecay, decoupledWeightDecay, maximize } = group;
    const [beta1, beta2] = betas;
    const state = this.stateOf<RAdamState>(param, () => ({
      step: 0,
      exp_avg: zerosLike(param),
      exp_avg_sq: zerosLike(param),
    }));
    const step = ++state.step;
    const power = exactPow(beta2, step);
    const whole = 2 / (1 - beta2) - 1;
    const length = whole - (2 * step * power) / (1 - power);
    const isReliable = length > 5;
    const rectified = Math.sqrt(
      (((length - 4) * (length - 2) * whole) / ((whole - 4) * (whole - 2) * length)) * (1 - power),
    );
    const runs = { square: state.exp_avg_sq, mean: state.exp_avg, largest: null, buffer: null };
    adaptiveStep(param, grad, runs, 'step', {
      stepSize: (lr * (isReliable ? rectified : 1)) / (1 - exactPow(beta1, step)),
      beta1,
      beta2,
      fresh2: 1 - beta2,
      // Else the denominator is 1.
      scale2: isReliable ? 1 : 0,
      eps: isReliable ? eps : 1,
      sign: maximize ? -1 : 1,
      decay: decoupledWeightDecay ? 1 - lr * weightDecay : 1,
      penalty: decoupledWeightDecay ? 0 : weightDecay,
      gradSize: 0,
      momentum: 0,
    });
  }
}
