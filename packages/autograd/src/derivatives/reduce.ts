/** Derivatives of reductions, scans, sorting and softmax. */

import type { ReductionOps, Shape, Tensor } from '@torsor/core';
import {
  cat,
  cumsum,
  flip,
  logSoftmaxBackward,
  ones,
  scatter,
  softmaxBackward,
  where,
  zeros,
  zerosLike,
} from '@torsor/core';
import type { Derivatives, TensorMeta } from './define.ts';
import { formula, nonDifferentiable } from './define.ts';

/** A reduced tensor in the shape of what was reduced: the reduced dimensions are put back and stretched. */
export function restore(reduced: Tensor, dims: readonly number[], keepdim: boolean, shape: Shape): Tensor {
  if (keepdim || dims.length === shape.length) return reduced.expand(shape);
  return reduced.view(shape.map((n, d) => (dims.includes(d) ? 1 : n))).expand(shape);
}

function countOf(shape: Shape, dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * shape[dim], 1);
}

/** Numbers the gradient functions of full reductions 0, those along dimensions 1 (all of them named only if they are kept). */
function byDims(base: string) {
  return ({
    0: x,
    1: dims,
    2: keepdim,
  }: {
    readonly 0: TensorMeta;
    readonly 1: readonly number[];
    readonly 2: boolean;
  }) => `${base}Backward${dims.length === x.ndim && !(keepdim && x.ndim > 0) ? 0 : 1}`;
}

function byDim(base: string) {
  return (args: { readonly 1: number | null }): string => `${base}Backward${args[1] === null ? 0 : 1}`;
}

/** The gradient of an extreme value, shared evenly among the entries that attain it. */
function shareAmongTies(grad: Tensor, x: Tensor, y: Tensor, dims: readonly number[], keepdim: boolean): Tensor {
  const attains = x.eq(restore(y, dims, keepdim, x.shape));
  const count = attains.to(grad.dtype).sum(dims, true);
  return where(attains, restore(grad, dims, keepdim, x.shape), 0).div(count);
}

/** The same for the extreme of all elements, where NaNs are ties too. */
function shareAmongAll(grad: Tensor, x: Tensor, y: Tensor): Tensor {
  const attains = x.eq(y).logicalOr(x.isnan());
  return where(attains, grad, 0).div(attains.to(grad.dtype).sum());
}

/** Zeros of `shape` with `grad` at `indices` along `dim`. */
function putAt(grad: Tensor, indices: Tensor, shape: Shape, dim: number, keepdim = true): Tensor {
  const base = zeros(shape, { dtype: grad.dtype });
  if (shape.length === 0) return grad;
  if (keepdim) return scatter(base, dim, indices, grad);
  return scatter(base, dim, indices.unsqueeze(dim), grad.unsqueeze(dim));
}

/** `x` moved `by` places along `dim`, ones moving in. */
function shifted(x: Tensor, dim: number, by: number): Tensor {
  const shape = [...x.shape];
  shape[dim] = by;
  return cat([ones(shape, { dtype: x.dtype }), x.narrow(dim, 0, x.shape[dim] - by)], dim);
}

/** Running products by doubling; made of products, so that it is right at zeros and differentiable to any order. */
function runningProducts(x: Tensor, dim: number): Tensor {
  let out = x;
  for (let step = 1; step < x.shape[dim]; step *= 2) out = out.mul(shifted(out, dim, step));
  return out;
}

/** For each entry, the product of all others along `dim`. */
function productOfOthers(x: Tensor, dim: number): Tensor {
  if (x.shape[dim] === 0) return x;
  const before = shifted(runningProducts(x, dim), dim, 1);
  const after = flip(shifted(runningProducts(flip(x, dim), dim), dim, 1), dim);
  return before.mul(after);
}

function prodGradient(grad: Tensor, x: Tensor, dim: number | null, keepdim: boolean): Tensor {
  if (x.ndim === 0) return grad;
  if (dim === null) return grad.mul(productOfOthers(x.reshape(-1), 0).reshape(x.shape));
  return restore(grad, [dim], keepdim, x.shape).mul(productOfOthers(x, dim));
}

/** The doubling of `runningProducts`, run backwards. */
function cumprodGradient(grad: Tensor, x: Tensor, dim: number): Tensor {
  if (x.ndim === 0) return grad;
  const size = x.shape[dim];
  const stages: Tensor[] = [];
  let stage = x;
  for (let step = 1; step < size; step *= 2) {
    stages.push(stage);
    stage = stage.mul(shifted(stage, dim, step));
  }
  let out = grad;
  for (let i = stages.length - 1; i >= 0; i--) {
    const y = stages[i];
    const step = 2 ** i;
    const direct = out.mul(shifted(y, dim, step));
    const through = out.mul(y).narrow(dim, step, size - step);
    const shape = [...y.shape];
    shape[dim] = step;
    out = direct.add(cat([through, zeros(shape, { dtype: y.dtype })], dim));
  }
  return out;
}

function varGradient(grad: Tensor, x: Tensor, dims: readonly number[], correction: number, keepdim: boolean): Tensor {
  const count = countOf(x.shape, dims);
  return restore(grad, dims, keepdim, x.shape)
    .mul(x.sub(x.mean(dims, true)))
    .mul(2 / Math.max(count - correction, 0));
}

/** d‖x‖ₚ/dx; 0 at the origin, as PyTorch's subgradient. */
function normGradient(
  grad: Tensor,
  x: Tensor,
  y: Tensor,
  p: number,
  dims: readonly number[],
  keepdim: boolean,
): Tensor {
  const g = restore(grad, dims, keepdim, x.shape);
  const norm = restore(y, dims, keepdim, x.shape);
  // What is not taken must be finite: its gradient is multiplied by 0 in a second derivative.
  const divisor = (): Tensor => restore(where(y.eq(0), 1, y), dims, keepdim, x.shape);
  if (p === 0) return zerosLike(x);
  if (p === 1) return g.mul(x.sign());
  if (p === 2) return where(norm.eq(0), 0, x.mul(g.div(divisor())));
  if (!Number.isFinite(p)) {
    const attains = x.abs().eq(norm);
    const count = attains.to(x.dtype).sum(dims, true);
    return where(attains, x.sign().mul(g).div(count), 0);
  }
  if (p < 2) {
    const slope = x.sign().mul(x.abs().pow(p - 1));
    return where(x.eq(0), 0, slope.mul(g).mul(norm.pow(1 - p)));
  }
  const slope = x.mul(x.abs().pow(p - 2));
  return where(norm.eq(0), 0, slope.mul(g).div(divisor().pow(p - 1)));
}

export const reduce: Derivatives<keyof ReductionOps> = {
  sum: formula([], (grad, { args: [x, dims, keepdim] }) => [restore(grad, dims, keepdim, x.shape)], {
    name: byDims('Sum'),
  }),
  mean: formula(
    [],
    (grad, { args: [x, dims, keepdim] }) => [
      restore(grad.div(Math.max(countOf(x.shape, dims), 1)), dims, keepdim, x.shape),
    ],
    { name: byDims('Mean') },
  ),
  prod: formula([0], (grad, { args: [x, dim, keepdim] }) => [prodGradient(grad, x, dim, keepdim)], {
    name: byDim('Prod'),
  }),
  amax: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    shareAmongTies(grad, x, y, dims, keepdim),
  ]),
  amin: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    shareAmongTies(grad, x, y, dims, keepdim),
  ]),
  max: formula([0, 'result'], (grad, { args: [x], result: y }) => [shareAmongAll(grad, x, y)], {
    name: 'MaxBackward1',
  }),
  min: formula([0, 'result'], (grad, { args: [x], result: y }) => [shareAmongAll(grad, x, y)], {
    name: 'MinBackward1',
  }),
  maxDim: formula(
    ['result1'],
    ([grad], { args: [x, dim, keepdim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim, keepdim)],
    { name: 'MaxBackward0' },
  ),
  minDim: formula(
    ['result1'],
    ([grad], { args: [x, dim, keepdim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim, keepdim)],
    { name: 'MinBackward0' },
  ),
  argmax: nonDifferentiable,
  argmin: nonDifferentiable,
  var: formula([0], (grad, { args: [x, dims, correction, keepdim] }) => [
    varGradient(grad, x, dims, correction, keepdim),
  ]),
  std: formula([0, 'result'], (grad, { args: [x, dims, correction, keepdim], result: y }) => [
    varGradient(where(y.eq(0), 0, grad.div(y.mul(2))), x, dims, correction, keepdim),
  ]),
  norm: formula(
    [0, 'result'],
    (grad, { args: [x, p, dims, keepdim], result: y }) => [normGradient(grad, x, y, p, dims, keepdim)],
    { name: 'LinalgVectorNormBackward0' },
  ),
  logsumexp: formula([0, 'result'], (grad, { args: [x, dims, keepdim], result: y }) => [
    restore(grad, dims, keepdim, x.shape).mul(x.sub(restore(y, dims, keepdim, x.shape)).exp()),
  ]),
  any: nonDifferentiable,
  all: nonDifferentiable,
  cumsum: formula([], (grad, { args: [x, dim] }) => [x.ndim === 0 ? grad : flip(cumsum(flip(grad, dim), dim), dim)]),
  cumprod: formula([0], (grad, { args: [x, dim] }) => [cumprodGradient(grad, x, dim)]),
  sort: formula(
    ['result1'],
    ([grad], { args: [x, dim], result: [, indices] }) => [grad && putAt(grad, indices, x.shape, dim)],
    { name: ({ 3: stable }) => `SortBackward${stable ? 1 : 0}` },
  ),
  topk: formula(['result1'], ([grad], { args: [x, , dim], result: [, indices] }) => [
    grad && putAt(grad, indices, x.shape, dim),
  ]),
  softmax: formula(['result'], (grad, { args: [, dim], result: y }) => [softmaxBackward(grad, y, dim)]),
  logSoftmax: formula(['result'], (grad, { args: [, dim], result: y }) => [logSoftmaxBackward(grad, y, dim)]),
  // y (g - Σ g y) is linear in g, with the same map as its adjoint
  softmaxBackward: formula(
    [0, 1],
    (grad, { args: [g, y, dim], needs }) => [
      needs[0] && softmaxBackward(grad, y, dim),
      needs[1] && grad.mul(g.sub(g.mul(y).sum(dim, true))).sub(g.mul(grad.mul(y).sum(dim, true))),
    ],
    { name: 'SoftmaxBackwardDataBackward0' },
  ),
  // g - e^y Σ g
  logSoftmaxBackward: formula(
    [0, 1],
    (grad, { args: [g, y, dim], needs }) => {
      const weighted = grad.mul(y.exp());
      return [needs[0] && grad.sub(weighted.sum(dim, true)), needs[1] && weighted.mul(g.sum(dim, true)).neg()];
    },
    { name: 'LogSoftmaxBackwardDataBackward0' },
  ),
};
