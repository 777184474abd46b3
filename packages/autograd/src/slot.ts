/** What users ask of a tensor's autograd slot: `requiresGrad`, `grad`, `retainGrad`, hooks, `detach_`. */

import type { RemovableHandle, Tensor } from '@torsor/core';
import { AutogradError, formatShape, isFloating, isTensor, modes, sameShape } from '@torsor/core';
import type { AccumulateHook, TensorHook } from './node.ts';
import { edgeNode, edgeNr, gradFnOf, metaOf, needsGrad, slotOf } from './tape.ts';

export function isLeaf(self: Tensor): boolean {
  return gradFnOf(self) === null;
}

export function setRequiresGrad(self: Tensor, requiresGrad: boolean): void {
  if (!isLeaf(self)) {
    if (requiresGrad) return;
    throw new AutogradError(
      'you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that ' +
        "doesn't require differentiation use detach().",
      { op: 'requiresGrad_' },
    );
  }
  if (requiresGrad && !isFloating(self.dtype)) {
    throw new AutogradError(`only Tensors of floating point dtype can require gradients, but got ${self.dtype}`, {
      op: 'requiresGrad_',
      operands: { dtype: self.dtype },
    });
  }
  if (requiresGrad && self.isInference && !modes.inference) {
    throw new AutogradError('setting requiresGrad: true on inference tensor outside inferenceMode is not allowed', {
      op: 'requiresGrad_',
    });
  }
  if (!requiresGrad && self.autograd === null) return;
  metaOf(self).requiresGrad = requiresGrad;
}

export function retainsGrad(self: Tensor): boolean {
  return slotOf(self)?.retainsGrad ?? false;
}

export function retainGrad(self: Tensor): void {
  if (!needsGrad(self)) {
    throw new AutogradError("can't retain_grad on Tensor that has requires_grad=False", { op: 'retainGrad' });
  }
  const node = gradFnOf(self);
  const meta = metaOf(self);
  if (node === null || meta.retainsGrad) return;
  meta.retainsGrad = true;
  node.retain(meta, meta.outputNr);
}

export function getGrad(self: Tensor): Tensor | null {
  const meta = slotOf(self);
  if (meta === null) return null;
  meta.ownsGrad = false;
  return meta.grad;
}

/**
 * The gradient of a tensor, for code that does not keep it: unlike one that `tensor.grad` has handed out, it gives its memory back at
 * the moment when it is dropped (by `zeroGrad`, or `tensor.grad = null`), since nobody can reach it then. For optimisers.
 *
 * @example
 * const grad = borrowGrad(param);
 * if (grad !== null) param.sub_(grad, { alpha: lr });
 */
export function borrowGrad(tensor: Tensor): Tensor | null {
  return slotOf(tensor)?.grad ?? null;
}

export function setGrad(self: Tensor, grad: Tensor | null): void {
  if (grad === null || grad === undefined) {
    const meta = slotOf(self);
    meta?.replaceGrad(null, false);
    return;
  }
  const op = 'grad';
  if (!isTensor(grad)) throw new AutogradError(`can be a tensor or null, but got ${typeof grad}`, { op });
  if (grad === self) throw new AutogradError("can't assign a tensor as its own grad", { op });
  if (grad.dtype !== self.dtype) {
    throw new AutogradError(`assigned grad has data of a different type, ${grad.dtype} for ${self.dtype}`, {
      op,
      operands: { grad: grad.dtype, self: self.dtype },
    });
  }
  if (!sameShape(grad.shape, self.shape)) {
    throw new AutogradError(
      `assigned grad has data of a different size, ${formatShape(grad.shape)} for ${formatShape(self.shape)}`,
      { op, operands: { grad: grad.shape, self: self.shape } },
    );
  }
  metaOf(self).replaceGrad(grad, false);
}

export function registerHook(self: Tensor, hook: TensorHook): RemovableHandle {
  const node = edgeNode(self);
  if (node === null) {
    throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient", { op: 'registerHook' });
  }
  return node.registerTensorHook(edgeNr(self), hook);
}

/**
 * Calls `hook` with a leaf after a backward pass has added to its `grad`: the place for an optimiser step that frees the
 * gradient at once. PyTorch's `register_post_accumulate_grad_hook`.
 *
 * @throws AutogradError when the tensor is no leaf or requires no gradient
 */
export function registerPostAccumulateGradHook(self: Tensor, hook: AccumulateHook): RemovableHandle {
  const op = 'registerPostAccumulateGradHook';
  const node = edgeNode(self);
  if (node === null) {
    throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient", { op });
  }
  if (gradFnOf(self) !== null) {
    throw new AutogradError('post accumulate grad hooks cannot be registered on non-leaf tensors', { op });
  }
  return node.registerAccumulateHook(hook);
}

export function detach_(self: Tensor): void {
  if (self.base !== null) {
    throw new AutogradError("can't detach views in-place; use detach() instead", { op: 'detach_' });
  }
  const meta = slotOf(self);
  if (meta === null) return;
  meta.requiresGrad = false;
  meta.setHistory(null, 0);
  meta.retainsGrad = false;
  meta.rewrittenAt = -1;
}
