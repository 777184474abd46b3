/** Resilient backpropagation. */

import type { Tensor } from '@torsor/core';
import { fullLike, named, onesLike, show, ValueError, zerosLike } from '@torsor/core';
import type { Arguments } from './arguments.ts';
import { checkAtLeast } from './check.ts';
import type { ParamGroup, ParamState, ParamsInput } from './optimizer.ts';
import { Optimizer } from './optimizer.ts';
import { penalized, untaped } from './untaped.ts';

export interface RpropOptions {
  /** The first step of every element; 1e-2 by default. */
  lr: number;
  /** What a step is multiplied by when its gradient changes sign, and when it does not; [0.5, 1.2] by default. */
  etas: readonly [number, number];
  /** The smallest and the largest step; [1e-6, 50] by default. */
  stepSizes: readonly [number, number];
  /** Ascend instead of descending. Default false. */
  maximize: boolean;
}

const NAMES = ['lr', 'etas', 'stepSizes', 'maximize'] as const;

type Values = [lr: number, etas: readonly [number, number], stepSizes: readonly [number, number], maximize: boolean];

interface RpropState extends ParamState {
  step: number;
  prev: Tensor;
  step_size: Tensor;
}

/**
 * Resilient backpropagation, for gradients of the whole data set: each element has a step of its own, of which the gradient only says
 * the sign. Where the gradient has the sign that it had before, the step grows by `etas[1]`; where it has the other, the step shrinks by
 * `etas[0]` and is left out once; `p = p - sign(g) step`, with steps in `stepSizes`.
 *
 * State of a parameter: `step`, and, of its shape, `prev` (the last gradient) and `step_size`.
 *
 * @throws ValueError unless `0 < etas[0] < 1 < etas[1]` and `lr` is at least 0, or when the parameters are no list of leaf tensors
 *
 * Source: torch.optim.Rprop; Riedmiller, Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993.
 *
 * @example
 * const optimizer = new Rprop(net.parameters(), { lr: 0.01 });
 */
export class Rprop extends Optimizer<RpropOptions> {
  static override readonly keepsNothing: boolean = true;

  constructor(params: ParamsInput<RpropOptions>, ...args: Arguments<Values, RpropOptions>) {
    const [lr = 1e-2, etas = [0.5, 1.2], stepSizes = [1e-6, 50], maximize = false] = named<Values>(
      'Rprop',
      NAMES,
      args,
    );
    super(params, { lr, etas, stepSizes, maximize });
  }

  protected override checkOptions({ lr, etas, stepSizes }: RpropOptions): void {
    checkAtLeast(this.name, 'learning rate', lr);
    if (!Array.isArray(etas) || !(etas[0] > 0 && etas[0] < 1 && etas[1] > 1)) {
      throw new ValueError(`invalid etas: ${show(etas)}; they must be below and above 1`, {
        op: this.name,
        operands: { etas },
      });
    }
    if (!Array.isArray(stepSizes) || !(stepSizes[0] <= stepSizes[1])) {
      throw new ValueError(`invalid stepSizes: ${show(stepSizes)}; they must be the smallest and the largest step`, {
        op: this.name,
        operands: { stepSizes },
      });
    }
  }

  protected override update(param: Tensor, grad: Tensor, group: ParamGroup<RpropOptions>): void {
    const { lr, etas, stepSizes } = group;
    const state = this.stateOf<RpropState>(param, () => ({
      step: 0,
      prev: zerosLike(param),
      step_size: fullLike(param, lr),
    }));
    state.step++;
    untaped([param, grad, state.prev, state.step_size], (p, given, prev, stepSize) => {
      const signed = penalized(p, given, group);
      const agreement = signed.mul(prev);
      const isTurn = agreement.lt(0);
      const factor = onesLike(p).maskedFill_(isTurn, etas[0]).maskedFill_(agreement.gt(0), etas[1]);
      stepSize.mul_(factor).clamp_(stepSizes[0], stepSizes[1]);
      prev.copy_(signed).maskedFill_(isTurn, 0);
      p.addcmul_(prev.sign(), stepSize, { value: -1 });
    });
  }
}
