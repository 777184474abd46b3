/** Steps that are written in tensor ops. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { tidy } from '@torsor/core';

/** Elements that a step works on at a time: so few that all of it stays in the cache, and what it makes on its way is small. */
const PIECE = 65536;

/**
 * Runs a step in place on a parameter and all that belongs to it, a piece after the other where they are long: nothing of it is
 * recorded, and what it makes on its way is released.
 *
 * @param operands of one shape, the parameter first; null for what the method does not have
 * @param step works on each element by itself
 */
export function untaped<const X extends readonly [Tensor, ...(Tensor | null)[]]>(
  operands: X,
  step: (...pieces: X) => void,
): void {
  const size = operands[0].numel();
  noGrad(() => {
    if (size <= PIECE || !operands.every((x) => x === null || x.isContiguous())) tidy(() => step(...operands));
    else {
      const runs = operands.map((x) => x?.view(-1) ?? null);
      for (let from = 0; from < size; from += PIECE) {
        const n = Math.min(PIECE, size - from);
        tidy(() => step(...(runs.map((run) => run?.narrow(0, from, n) ?? null) as unknown as X)));
      }
    }
  });
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
