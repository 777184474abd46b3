/** NAdam: Adam with Nesterov's momentum. */

import type { Tensor } from '@torsor/core';
import { exactPow, named, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkBetas } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { adaptiveStep } from './steps.ts';

export interface NAdamOptions {
  /** Learning rate; 2e-3 by default. */
  lr: number;
  /** Decay rates of the running means of the gradient and of its square; [0.9, 0.999] by default. */
  betas: readonly [number, number];
  /** Added to the denominator; 1e-8 by default. */
  eps: number;
  /** Weight decay; 0 by default. */
  weightDecay: number;
  /** How fast momentum comes up to β₁; 4e-3 by default. */
  momentumDecay: number;
  /** Whether weight decay acts on the parameter itself and not through the gradient. Default false. */
  decoupledWeightDecay: boolean;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'betas', 'eps', 'weightDecay', 'momentumDecay', 'decoupledWeightDecay', 'maximize'] as const;

type Values = [
  lr: number,
  betas: readonly [number, number],
  eps: number,
  weightDecay: number,
  momentumDecay: number,
  decoupledWeightDecay: boolean,
  maximize: boolean,
];

interface NAdamState extends ParamState {
  step: number;
  /** The product of all μ so far, in single precision as PyTorch keeps it. */
  mu_product: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}

/**
 * NAdam: Adam with Nesterov's momentum. With `g = grad + weightDecay p`, `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`,
 * `μₜ = β₁ (1 - 0.96^(t momentumDecay) / 2)` and `Πₜ = μ₁ … μₜ`:
 *
 * `p = p - lr (μₜ₊₁ m / (1 - Πₜ₊₁) + (1 - μₜ) g / (1 - Πₜ)) / (√(v / (1 - β₂ᵗ)) + eps)`. A step is one pass over the parameter.
 *
 * State of a parameter: `step`, `mu_product`, and, of its shape, `exp_avg` and `exp_avg_sq`.
 *
 * @throws ValueError when an option is out of range or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.NAdam (of PyTorch 2; that of 1.13 has μₜ twice in Πₜ₊₁); Dozat, "Incorporating Nesterov Momentum into Adam",
 * 2016.
 *
 * @example
 * const optimizer = new NAdam(net.parameters(), { lr: 2e-3 });
 */
export class NAdam extends Optimizer<NAdamOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<NAdamOptions>, ...args: Arguments<Values, NAdamOptions>) {
    const [
      lr = 2e-3,
      betas = [0.9, 0.999],
      eps = 1e-8,
      weightDecay = 0,
      momentumDecay = 4e-3,
      decoupledWeightDecay = false,
      maximize = false,
    ] = named<Values>('NAdam', NAMES, args);
    super(params, { lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize });
  }

  protected override checkOptions(options: NAdamOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkBetas(this.name, options.betas);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
    checkAtLeast(this.name, 'momentumDecay', options.momentumDecay);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<NAdamOptions>): void {
    const { lr, betas, eps, weightDecay, momentumDecay, decoupledWeightDecay, maximize } = group;
    const [beta1, beta2] = betas;
    const state = this.stateOf<NAdamState>(param, () => ({
      step: 0,
      mu_product: 1,
      exp_avg: zerosLike(param),
      exp_avg_sq: zerosLike(param),
    }));
    const step = ++state.step;
    const muAt = (t: number): number => beta1 * (1 - 0.5 * exactPow(0.96, t * momentumDecay));
    const [mu, muNext] = [muAt(step), muAt(step + 1)];
    state.mu_product = Math.fround(state.mu_product * Math.fround(mu));
    const runs = { square: state.exp_avg_sq, mean: state.exp_avg, largest: null, buffer: null };
    adaptiveStep(param, grad, runs, 'nesterov', {
      stepSize: (lr * muNext) / (1 - state.mu_product * muNext),
      beta1,
      beta2,
      fresh2: 1 - beta2,
      scale2: 1 / Math.sqrt(1 - exactPow(beta2, step)),
      eps,
      sign: maximize ? -1 : 1,
      decay: decoupledWeightDecay ? 1 - lr * weightDecay : 1,
      penalty: decoupledWeightDecay ? 0 : weightDecay,
      gradSize: (lr * (1 - mu)) / (1 - state.mu_product),
      momentum: 0,
    });
  }
}
