/** Derivatives of indexing and joining: reading from places turns into adding to them, and the other way round. */

import type { IndexOps, Shape, Tensor } from '@torsor/core';
import {
  flip,
  gather,
  indexAdd,
  index as indexOp,
  indexPut,
  indexSelect,
  nonzero,
  pad,
  roll,
  scatter,
  scatterAdd,
  tril,
  triu,
  zeros,
} from '@torsor/core';
import type { Derivatives, TensorMeta } from './define.ts';
import { formula, nonDifferentiable } from './define.ts';

function zerosOf(meta: TensorMeta, grad: Tensor): Tensor {
  return zeros(meta.shape, { dtype: grad.dtype });
}

/** Elements of `grad` at the places that `src`, of which there may be more than indices, was written to. */
function gradientOfSource(grad: Tensor, dim: number, index: Tensor, src: TensorMeta): Tensor {
  const used = gather(grad, dim, index);
  const rest = src.shape.map((n, d) => n - used.shape[d]);
  return rest.every((n) => n === 0)
    ? used
    : pad(
        used,
        rest.reverse().flatMap((n) => [0, n]),
      );
}

/** The parts of a concatenation's gradient. */
function catParts(grad: Tensor, parts: readonly TensorMeta[], dim: number): Tensor[] {
  let end = 0;
  return parts.map((part) => {
    const size = part.shape[dim];
    end += size;
    return grad.narrow(dim, end - size, size);
  });
}

/** Sums over the copies that `repeat` made. */
function repeatGradient(grad: Tensor, shape: Shape, repeats: readonly number[]): Tensor {
  const lead = repeats.length - shape.length;
  const split: number[] = [];
  const copies: number[] = [];
  repeats.forEach((count, d) => {
    const size = d < lead ? 1 : shape[d - lead];
    copies.push(split.length);
    split.push(count, size);
  });
  if (split.includes(0)) return zeros(shape, { dtype: grad.dtype });
  if (split.length === 0) return grad;
  return grad.reshape(split).sum(copies).reshape(shape);
}

export const indexing: Derivatives<keyof IndexOps> = {
  cat: formula([], (grad, { args: [tensors, dim] }) => [catParts(grad, tensors, dim)]),
  stack: formula([], (grad, { args: [, dim] }) => [grad.unbind(dim)]),
  gather: formula([2], (grad, { args: [x, dim, index] }) => [scatterAdd(zerosOf(x, grad), dim, index, grad)]),
  scatter: formula(
    [2],
    (grad, { args: [, dim, index, src], needs }) => [
      needs[0] && scatter(grad, dim, index, 0),
      null,
      null,
      needs[3] && gradientOfSource(grad, dim, index, src as TensorMeta),
    ],
    { name: ({ 3: src }) => (typeof src === 'number' ? 'ScatterBackward1' : 'ScatterBackward0') },
  ),
  scatterAdd: formula([2], (grad, { args: [, dim, index, src], needs }) => [
    grad,
    null,
    null,
    needs[3] && gradientOfSource(grad, dim, index, src),
  ]),
  indexSelect: formula([2], (grad, { args: [x, dim, index] }) => [indexAdd(zerosOf(x, grad), dim, index, grad)]),
  indexAdd: formula([2], (grad, { args: [, dim, index, , alpha], needs }) => [
    grad,
    null,
    null,
    needs[3] && indexSelect(grad, dim, index).mul(alpha),
  ]),
  index: formula([1], (grad, { args: [x, indices] }) => [indexPut(zerosOf(x, grad), indices, grad, true)]),
  indexPut: formula([1], (grad, { args: [, indices, values, accumulate], needs }) => [
    needs[0] && (accumulate ? grad : indexPut(grad, indices, zeros([], { dtype: values.dtype }), false)),
    null,
    needs[2] && indexOp(grad, indices),
  ]),
  maskedSelect: formula([1], (grad, { args: [x, mask] }) => {
    const shape = broadcast(x.shape, mask.shape);
    const places = nonzero(mask.expand(shape)).unbind(1);
    return [places.length === 0 ? grad.sum() : indexPut(zeros(shape, { dtype: grad.dtype }), places, grad, true)];
  }),
  nonzero: nonDifferentiable,
  flip: formula([], (grad, { args: [, dims] }) => [flip(grad, dims)]),
  roll: formula([], (grad, { args: [, shifts, dims] }) => [
    roll(
      grad,
      shifts.map((shift) => -shift),
      dims,
    ),
  ]),
  repeat: formula([], (grad, { args: [x, repeats] }) => [repeatGradient(grad, x.shape, repeats)]),
  tril: formula([], (grad, { args: [, diagonal] }) => [tril(grad, diagonal)]),
  triu: formula([], (grad, { args: [, diagonal] }) => [triu(grad, diagonal)]),
};

function broadcast(a: Shape, b: Shape): number[] {
  const ndim = Math.max(a.length, b.length);
  return Array.from({ length: ndim }, (_, i) => {
    const na = a[i - ndim + a.length] ?? 1;
    const nb = b[i - ndim + b.length] ?? 1;
    return na === 1 ? nb : na;
  });
}
