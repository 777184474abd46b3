/** Adamax. */

import type { Tensor } from '@torsor/core';
import { exactPow, named, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkBetas } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { penalized, untaped } from './untaped.ts';

export interface AdamaxOptions {
  /** Learning rate; 2e-3 by default. */
  lr: number;
  /** Decay rates of the running mean of the gradient and of its largest absolute value; [0.9, 0.999] by default. */
  betas: readonly [number, number];
  /** Added to absolute values of gradients; 1e-8 by default. */
  eps: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'betas', 'eps', 'weightDecay', 'maximize'] as const;

type Values = [lr: number, betas: readonly [number, number], eps: number, weightDecay: number, maximize: boolean];

interface AdamaxState extends ParamState {
  step: number;
  exp_avg: Tensor;
  exp_inf: Tensor;
}

/**
 * Adamax, Adam with the largest gradient in place of the mean square: with `g = grad + weightDecay p`, `m = β₁ m + (1 - β₁) g`,
 * `u = max(β₂ u, |g| + eps)`, `p = p - lr / (1 - β₁ᵗ) m / u`.
 *
 * State of a parameter: `step`, and, of its shape, `exp_avg` (m) and `exp_inf` (u).
 *
 * @throws ValueError when an option is out of range or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.Adamax; Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.1.
 *
 * @example
 * const optimizer = new Adamax(net.parameters(), { lr: 2e-3 });
 */
export class Adamax extends Optimizer<AdamaxOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<AdamaxOptions>, ...args: Arguments<Values, AdamaxOptions>) {
    const [lr = 2e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, maximize = false] = named<Values>(
      'Adamax',
      NAMES,
      args,
    );
    super(params, { lr, betas, eps, weightDecay, maximize });
  }

  protected override checkOptions(options: AdamaxOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkBetas(this.name, options.betas);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<AdamaxOptions>): void {
    const {
      lr,
      betas: [beta1, beta2],
      eps,
    } = group;
    const state = this.stateOf<AdamaxState>(param, () => ({
      step: 0,
      exp_avg: zerosLike(param),
      exp_inf: zerosLike(param),
    }));
    const rate = lr / (1 - exactPow(beta1, ++state.step));
    untaped([param, grad, state.exp_avg, state.exp_inf], (p, given, expAvg, expInf) => {
      const g = penalized(p, given, group);
      expAvg.mul_(beta1).add_(g, { alpha: 1 - beta1 });
      expInf.mul_(beta2).maximum_(g.abs().add_(eps));
      p.addcdiv_(expAvg, expInf, { value: -rate });
    });
  }
}
