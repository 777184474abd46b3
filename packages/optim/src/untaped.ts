/** Steps that are written in tensor ops. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { tidy } from '@torsor/core';

/** Runs a step in place: nothing of it is recorded, and what it makes on its way is released at its end. */
export function untaped(step: () => void): void {
  noGrad(() => tidy(step));
}

/** The gradient with its sign and the L2 penalty: `±grad + weightDecay param`; the gradient itself where neither changes it. */
export function penalized(
  param: Tensor,
  grad: Tensor,
  { weightDecay = 0, maximize }: { readonly weightDecay?: number; readonly maximize: boolean },
): Tensor {
  if (weightDecay === 0) return maximize ? grad.neg() : grad;
  return maximize ? param.mul(weightDecay).sub_(grad) : grad.add(param, { alpha: weightDecay });
}
