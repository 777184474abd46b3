/** Adam and AdamW. */

import type { Tensor } from '@torsor/core';
import { exactPow, keep, named, zerosLike } from '@torsor/core';
import { checkAtLeast, checkBetas } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { adaptiveStep } from './steps.ts';

export interface AdamOptions {
  /** Learning rate; 1e-3 by default. */
  lr: number;
  /** Decay rates of the running means of the gradient and of its square; [0.9, 0.999] by default. */
  betas: readonly [number, number];
  /** Added to the denominator; 1e-8 by default. */
  eps: number;
  /** Weight decay: an L2 penalty in Adam (0 by default), decoupled in AdamW (0.01 by default). */
  weightDecay: number;
  /** Use the largest second moment so far. Default false. */
  amsgrad: boolean;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'] as const;

interface AdamState extends ParamState {
  step: number;
  exp_avg: Tensor;
  exp_avg_sq: Tensor;
}

/**
 * Adam: `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `p = p - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)`, with
 * `weightDecay p` added to the gradient first.
 *
 * Source: torch.optim.Adam; Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015.
 *
 * @example
 * const optimizer = new Adam(net.parameters(), { lr: 1e-3 });
 */
export class Adam extends Optimizer<AdamOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    params: ParamsInput<AdamOptions>,
    lr?: number | Partial<AdamOptions>,
    betas?: readonly [number, number] | Partial<AdamOptions>,
    eps?: number | Partial<AdamOptions>,
    weightDecay?: number | Partial<AdamOptions>,
    amsgrad?: boolean | Partial<AdamOptions>,
    options?: Partial<AdamOptions>,
  ) {
    super(params, adamOptions('Adam', 0, [lr, betas, eps, weightDecay, amsgrad, options]));
  }

  /** Whether weight decay acts on the parameter itself and not through the gradient. */
  protected get decoupled(): boolean {
    return false;
  }

  protected override checkOptions(options: AdamOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkAtLeast(this.name, 'epsilon', options.eps);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
    checkBetas(this.name, options.betas);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<AdamOptions>): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = group;
    const state = this.stateOf<AdamState>(param, () => ({
      step: 0,
      exp_avg: zerosLike(param),
      exp_avg_sq: zerosLike(param),
    }));
    const step = ++state.step;
    // Made when it is first needed, since a group may turn amsgrad on between steps.
    if (amsgrad) (state as ParamState)['max_exp_avg_sq'] ??= keep(zerosLike(param));
    const largest = amsgrad ? (state['max_exp_avg_sq'] as Tensor) : null;
    const [beta1, beta2] = betas;
    const runs = { square: state.exp_avg_sq, mean: state.exp_avg, largest, buffer: null };
    adaptiveStep(param, grad, runs, 'step', {
      stepSize: lr / (1 - exactPow(beta1, step)),
      beta1,
      beta2,
      fresh2: 1 - beta2,
      scale2: 1 / Math.sqrt(1 - exactPow(beta2, step)),
      eps,
      sign: maximize ? -1 : 1,
      decay: this.decoupled ? 1 - lr * weightDecay : 1,
      penalty: this.decoupled ? 0 : weightDecay,
      gradSize: 0,
      momentum: 0,
    });
  }
}

/**
 * Adam with decoupled weight decay: `p = p - lr weightDecay p` before Adam's own update.
 *
 * Source: torch.optim.AdamW; Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2019.
 */
export class AdamW extends Adam {
  static override readonly keepsNothing: boolean = true;

  constructor(
    params: ParamsInput<AdamOptions>,
    lr?: number | Partial<AdamOptions>,
    betas?: readonly [number, number] | Partial<AdamOptions>,
    eps?: number | Partial<AdamOptions>,
    weightDecay?: number | Partial<AdamOptions>,
    amsgrad?: boolean | Partial<AdamOptions>,
    options?: Partial<AdamOptions>,
  ) {
    const all = adamOptions('AdamW', 0.01, [lr, betas, eps, weightDecay, amsgrad, options]);
    super(params, all);
  }

  protected override get decoupled(): boolean {
    return true;
  }
}

function adamOptions(op: string, decay: number, args: readonly unknown[]): AdamOptions {
  const [lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decay, amsgrad = false, maximize = false] = named<
    [number, readonly [number, number], number, number, boolean, boolean]
  >(op, NAMES, args);
  return { lr, betas, eps, weightDecay, amsgrad, maximize };
}
