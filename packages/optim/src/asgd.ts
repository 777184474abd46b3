/** Averaged stochastic gradient descent. */

import type { Tensor } from '@torsor/core';
import { exactPow, isHalf, named, sgdStep, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast, checkFinite } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { penalized, untaped } from './untaped.ts';

export interface ASGDOptions {
  /** Learning rate; 1e-2 by default. */
  lr: number;
  /** How strongly parameters decay, and the rate with them; 1e-4 by default. */
  lambd: number;
  /** The power by which the rate falls; 0.75 by default. */
  alpha: number;
  /** The step after which averaging begins; 1e6 by default. */
  t0: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'lambd', 'alpha', 't0', 'weightDecay', 'maximize'] as const;

type Values = [lr: number, lambd: number, alpha: number, t0: number, weightDecay: number, maximize: boolean];

interface ASGDState extends ParamState {
  step: number;
  /** The rate of the next step, in single precision as PyTorch keeps it. */
  eta: number;
  /** The share of the next step in the average, likewise. */
  mu: number;
  ax: Tensor;
}

/**
 * Averaged stochastic gradient descent: with `g = grad + weightDecay p`, `p = (1 - lambd η) p - η g` and `a = a + μ (p - a)`, and for the
 * next step `η = lr / (1 + lambd lr t)^alpha`, `μ = 1 / max(1, t - t0)`.
 *
 * State of a parameter: `step`, `eta`, `mu`, and `ax`, the average a, of its shape.
 *
 * @throws ValueError when an option is out of range or unknown, or the parameters are no list of leaf tensors
 *
 * Source: torch.optim.ASGD; Polyak, Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
 *
 * @example
 * const optimizer = new ASGD(net.parameters(), { lr: 0.1, t0: 1000 });
 */
export class ASGD extends Optimizer<ASGDOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<ASGDOptions>, ...args: Arguments<Values, ASGDOptions>) {
    const [lr = 1e-2, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weightDecay = 0, maximize = false] = named<Values>(
      'ASGD',
      NAMES,
      args,
    );
    super(params, { lr, lambd, alpha, t0, weightDecay, maximize });
  }

  protected override checkOptions(options: ASGDOptions): void {
    checkAtLeast(this.name, 'learning rate', options.lr);
    checkFinite(this.name, 'lambd', options.lambd);
    checkFinite(this.name, 'alpha', options.alpha);
    checkFinite(this.name, 't0', options.t0);
    checkAtLeast(this.name, 'weightDecay', options.weightDecay);
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<ASGDOptions>): void {
    const { lr, lambd, alpha, t0, weightDecay, maximize } = group;
    const state = this.stateOf<ASGDState>(param, () => ({
      step: 0,
      eta: Math.fround(lr),
      mu: 1,
      ax: zerosLike(param),
    }));
    const { eta, mu, ax } = state;
    const step = ++state.step;
    if (isHalf(param.dtype)) {
      // As PyTorch rounds it: first the penalty, then the decay.
      untaped([param, grad], (p, given) => {
        const g = penalized(p, given, group);
        p.mul_(1 - lambd * eta).add_(g, { alpha: -eta });
      });
    }
    // Decay is a penalty that is not part of the gradient: both in one pass.
    else sgdStep(param, grad, null, { lr: eta, weightDecay: weightDecay + lambd, maximize });
    untaped([param, ax], (p, average) => {
      if (mu === 1) average.copy_(p);
      else average.add_(p.sub(average), { alpha: mu });
    });
    state.eta = Math.fround(lr / exactPow(1 + lambd * lr * step, alpha));
    state.mu = Math.fround(1 / Math.max(1, step - t0));
  }
}
