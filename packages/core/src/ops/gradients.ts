/** Gradients of activations in one pass over their operands, for backward passes that nothing records. */

import { allocate, isTensor, modes } from '../base.ts';
import { isFloating, itemBytes } from '../dtype.ts';
import { runGradient } from '../kernels.ts';
import { sameShape, sizeOf } from '../layout.ts';
import { SMALL_BYTES } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import type { GradientName } from '../wasm/kernels/functions.ts';

export type { GradientName } from '../wasm/kernels/functions.ts';

/**
 * The gradient of an activation from `grad` and the operand or the result that its derivative needs (of two, the second may have to be
 * broadcast); the parameters are those of the activation. Null where the derivative has to be written in ops: while operations are
 * recorded, so that it can be differentiated again, and for small tensors and dtypes that have no kernel.
 */
export function fusedGradient(
  name: GradientName,
  grad: Tensor,
  saved: Tensor | readonly [Tensor, Tensor],
  ...parameters: readonly number[]
): Tensor | null {
  // What small tensors come to first, since they come often.
  if (modes.grad || !isFloating(grad.dtype) || sizeOf(grad.shape) * itemBytes(grad.dtype) <= SMALL_BYTES) return null;
  const operands = isTensor(saved) ? [grad, saved] : [grad, ...saved];
  if (!sameShape(grad.shape, operands[1].shape) || operands.some(({ dtype }) => dtype !== grad.dtype)) return null;
  const out = allocate(grad.shape, grad.dtype);
  return runGradient(name, operands, out, parameters) ? out : null;
}
