/** Stochastic gradient descent. */

import type { Tensor } from '@torsor/core';
import { named, ValueError, zerosLike } from '@torsor/core';
import type { ParamGroup, ParamsInput } from './optimizer.ts';
import { checkAtLeast, flat, Optimizer } from './optimizer.ts';

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
    const { array: g, offset: gi } = flat('SGD', grad, false);
    const size = param.numel();
    const sign = maximize ? -1 : 1;
    if (momentum === 0) {
      const { array: p, offset: pi } = flat('SGD', param, true);
      for (let i = 0; i < size; i++) {
        const value = p[pi + i];
        p[pi + i] = value - lr * (sign * g[gi + i] + weightDecay * value);
      }
    } else {
      const isFirst = this.state.get(param)?.['momentum_buffer'] == null;
      const state = this.stateOf(param, () => ({ momentum_buffer: zerosLike(param) }));
      if (state.momentum_buffer === null) state.momentum_buffer = zerosLike(param);
      const { array: b, offset: bi } = flat('SGD', state.momentum_buffer, true);
      const { array: p, offset: pi } = flat('SGD', param, true);
      const fresh = isFirst ? 1 : 1 - dampening;
      for (let i = 0; i < size; i++) {
        const value = p[pi + i];
        const d = sign * g[gi + i] + weightDecay * value;
        const buffer = momentum * b[bi + i] + fresh * d;
        b[bi + i] = buffer;
        p[pi + i] = value - lr * (nesterov ? d + momentum * buffer : buffer);
      }
    }
    param.storage.version++;
  }
}
