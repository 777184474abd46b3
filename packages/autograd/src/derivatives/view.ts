/** Derivatives of views: the gradient is put back where the view was taken from. */

import type { Shape, Tensor, ViewOps } from '@torsor/core';
import {
  asStridedBackward,
  cat,
  diagonalBackward,
  isContiguous,
  NotImplementedError,
  offsets,
  selectBackward,
  sizeOf,
  sliceBackward,
  stack,
  unfoldBackward,
  zeros,
} from '@torsor/core';
import type { ArgumentMeta, Derivatives } from './define.ts';
import { formula, materialize } from './define.ts';

/** The order that undoes `dims`. */
function inverse(dims: readonly number[]): number[] {
  const out = new Array<number>(dims.length);
  dims.forEach((dim, i) => {
    out[dim] = i;
  });
  return out;
}

/** The last element, counted in the storage, of a layout that has elements. */
function lastOf(shape: Shape, strides: Shape, offset: number): number {
  return shape.reduce((at, n, d) => at + (n - 1) * strides[d], offset);
}

/**
 * Gradient of a view by strides. It is summed into the stretch of storage that the input covers, and read back from there under
 * the input's own layout.
 *
 * @throws NotImplementedError when the view shows elements of the storage that are not the input's, to which PyTorch gives no
 * gradient in silence, or when the input shows an element twice
 */
function ofStrided(grad: Tensor, input: ArgumentMeta, strides: Shape, offset: number): Tensor {
  if (sizeOf(grad.shape) === 0) return zeros(input.shape, { dtype: grad.dtype });
  const last = lastOf(input.shape, input.strides, input.offset);
  const isInside = offset >= input.offset && lastOf(grad.shape, strides, offset) <= last;
  const isDense = isContiguous(input.shape, input.strides);
  if (!isDense || !isInside) checkElements(input, grad.shape, strides, offset);
  const storage = asStridedBackward(grad, [1 + last - input.offset], strides, offset - input.offset);
  return storage.asStrided(input.shape, input.strides, 0);
}

/** Throws as `ofStrided` does; slow, for layouts that leave it open. */
function checkElements(input: ArgumentMeta, shape: Shape, strides: Shape, offset: number): void {
  const own = new Set(offsets(input.shape, input.strides, input.offset));
  const operands = { input: input.shape, size: shape, stride: strides, offset };
  if (own.size < sizeOf(input.shape)) {
    throw new NotImplementedError(
      'the gradient of a view by strides of a tensor that shows elements twice is not offered; call contiguous() first',
      { op: 'asStrided', operands },
    );
  }
  for (const at of offsets(shape, strides, offset)) {
    if (own.has(at)) continue;
    throw new NotImplementedError(
      'the gradient of a view by strides of elements that its input does not show is not offered; take the view from a tensor ' +
        'that shows them',
      { op: 'asStrided', operands },
    );
  }
}

/** Whether a split is one into parts of a single size, of which the last may be smaller. */
function isEven(sizes: readonly number[]): boolean {
  return sizes.every((size, i) => size === sizes[0] || (i === sizes.length - 1 && size < sizes[0]));
}

export const view: Derivatives<keyof ViewOps> = {
  view: formula([], (grad, { args: [x] }) => [grad.reshape(x.shape)]),
  unsafeView: formula([], (grad, { args: [x] }) => [grad.reshape(x.shape)]),
  alias: formula([], (grad) => [grad]),
  t: formula([], (grad) => [grad.t()]),
  transpose: formula([], (grad, { args: [, a, b] }) => [grad.transpose(a, b)]),
  permute: formula([], (grad, { args: [, dims] }) => [grad.permute(inverse(dims))]),
  select: formula([], (grad, { args: [x, dim, index] }) => [selectBackward(grad, x.shape, dim, index)]),
  slice: formula([], (grad, { args: [x, dim, start, end, step] }) => [
    sliceBackward(grad, x.shape, dim, start, end, step),
  ]),
  squeeze: formula([], (grad, { args: [, dims] }) => [dims.reduce((out, dim) => out.unsqueeze(dim), grad)], {
    name: ({ 2: all }) => (all ? 'SqueezeBackward0' : 'SqueezeBackward1'),
  }),
  unsqueeze: formula([], (grad, { args: [, dim] }) => [grad.squeeze(dim)]),
  // the engine sums over what was stretched
  expand: formula([], (grad) => [grad]),
  unfold: formula([], (grad, { args: [x, dim, size, step] }) => [
    x.ndim === 0 ? grad.reshape([]) : unfoldBackward(grad, x.shape, dim, size, step),
  ]),
  diagonal: formula([], (grad, { args: [x, offset, dim1, dim2] }) => [
    diagonalBackward(grad, x.shape, offset, dim1, dim2),
  ]),
  asStrided: formula([], (grad, { args: [x, , strides, offset] }) => [ofStrided(grad, x, strides, offset)]),
  split: formula(
    [],
    (grads, { args: [x, sizes, dim] }) => [
      cat(
        sizes.map((size, i) => {
          const shape = [...x.shape];
          shape[dim] = size;
          return materialize(grads[i], { ...x, shape });
        }),
        dim,
      ),
    ],
    { name: ({ 1: sizes }) => (isEven(sizes) ? 'SplitBackward0' : 'SplitWithSizesBackward0') },
  ),
  unbind: formula([], (grads, { args: [x, dim] }) => {
    const shape = x.shape.filter((_, d) => d !== dim);
    return [
      stack(
        Array.from({ length: x.shape[dim] }, (_, i) => materialize(grads[i], { ...x, shape })),
        dim,
      ),
    ];
  }),

  // gradients of views are linear, and each is the adjoint of its view
  selectBackward: formula([], (grad, { args: [, , dim, index] }) => [grad.select(dim, index)]),
  sliceBackward: formula([], (grad, { args: [, , dim, start, end, step] }) => [grad.slice(dim, start, end, step)]),
  unfoldBackward: formula([], (grad, { args: [, , dim, size, step] }) => [grad.unfold(dim, size, step)]),
  diagonalBackward: formula([], (grad, { args: [, , offset, dim1, dim2] }) => [grad.diagonal(offset, dim1, dim2)]),
  asStridedBackward: formula([], (grad, { args: [x, , strides, offset] }) => {
    const dense = grad.contiguous();
    return [dense.asStrided(x.shape, strides, offset + dense.offset)];
  }),
};
