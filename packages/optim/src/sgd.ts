/** Stochastic gradient descent. */

import type { Tensor } from '@torsor/core';
import { keep, named, ValueError, zerosLike } from '@torsor/core';
import { checkAtLeast } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { sgdStep } from './steps.ts';

export interface SGDOptions {
  /** Learning rate; 1e-3 by default. */
  lr: number;
  /** Share of the last update that is kept; 0 by default. */
  momentum: number;
  /** Share of the gradient that momentum drops; 0 by default. */
  dampening: number;
  /** L2 penalty; 0 by default. */
  weightDecay: number;
  /** Nesterov's momentum. Default false. */
  nesterov: boolean;
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'] as const;

interface SGDState extends ParamState {
  momentum_buffer: Tensor | null;
}

/**
 * Stochastic gradient descent, with momentum, dampening, Nesterov's momentum and weight decay:
 *
 * `d = g + weightDecay p`; with momentum `b = momentum b + (1 - dampening) d` (at first `b = d`) and `d = b`, or, with Nesterov,
 * `d = d + momentum b`; then `p = p - lr d`.
 *
 * Source: torch.optim.SGD; Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
 *
 * @example
 * const optimizer = new SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
 * loss.backward();
 * optimizer.step();
 * optimizer.zeroGrad();
 */
export class SGD extends Optimizer<SGDOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    params: ParamsInput<SGDOptions>,
    lr?: number | Partial<SGDOptions>,
    momentum?: number | Partial<SGDOptions>,
    dampening?: number | Partial<SGDOptions>,
    weightDecay?: number | Partial<SGDOptions>,
    nesterov?: boolean | Partial<SGDOptions>,
    options?: Partial<SGDOptions>,
  ) {
    const [a = 1e-3, b = 0, c = 0, d = 0, e = false, f = false] = named<
      [number, number, number, number, boolean, boolean]
    >('SGD', NAMES, [lr, momentum, dampening, weightDecay, nesterov, options]);
    super(params, { lr: a, momentum: b, dampening: c, weightDecay: d, nesterov: e, maximize: f });
  }

  protected override checkOptions(options: SGDOptions): void {
    checkAtLeast('SGD', 'learning rate', options.lr);
    checkAtLeast('SGD', 'momentum', options.momentum);
    checkAtLeast('SGD', 'weightDecay', options.weightDecay);
    if (options.nesterov && (options.momentum <= 0 || options.dampening !== 0)) {
      throw new ValueError('nesterov momentum requires a momentum and zero dampening', { op: 'SGD' });
    }
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<SGDOptions>): void {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = group;
    const options = { lr, momentum, weightDecay, nesterov, maximize };
    if (momentum === 0) {
      sgdStep(param, grad, null, options);
      return;
    }
    const state = this.stateOf<SGDState>(param, () => ({ momentum_buffer: null }));
    // The first gradient enters an empty buffer undamped.
    const isFirst = state.momentum_buffer === null;
    state.momentum_buffer ??= keep(zerosLike(param));
    sgdStep(param, grad, state.momentum_buffer, { ...options, dampening: isFirst ? 0 : dampening });
  }
}
