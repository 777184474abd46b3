/** Specs of reductions, running sums, sorting and softmax. */

import type { Dims, ReductionOps, Tensor } from '@torsor/core';
import {
  amax,
  amin,
  cumprod,
  cumsum,
  logSoftmax,
  logSoftmaxBackward,
  logsumexp,
  max,
  mean,
  median,
  min,
  norm,
  prod,
  softmax,
  softmaxBackward,
  sort,
  std,
  sum,
  tensor,
  topk,
  variance,
  varMean,
} from '@torsor/core';
import type { Domain, Result, Sample, Specs } from './spec.ts';
import { differentiable, flat, SIGNED, sample } from './spec.ts';

type Reduce = (x: Tensor, dim?: Dims, keepdim?: boolean) => Tensor;

/** A reduction over one, several and all dimensions. */
function overDims(run: Reduce, domain: Domain = SIGNED): readonly Sample[] {
  return [
    sample('all of a matrix', [[2, 3]], (x) => run(x), domain),
    sample('the first of two dims', [[3, 2]], (x) => run(x, 0), domain),
    sample('a negative dim, kept', [[2, 3]], (x) => run(x, -1, true), domain),
    sample('outer dims', [[2, 3, 2]], (x) => run(x, [0, -1]), domain),
    sample('outer dims, kept', [[2, 3, 2]], (x) => run(x, [-1, 0], true), domain),
    sample('all dims, kept', [[2, 3]], (x) => run(x, null, true), domain),
    sample('a dim of size 1', [[2, 1, 3]], (x) => run(x, 1), domain),
    sample('none left of a dim without entries', [[0, 3]], (x) => run(x, 1), domain),
  ];
}

/** The same where nothing, and a single number, can be reduced. */
function withIdentity(run: Reduce, domain: Domain = SIGNED): readonly Sample[] {
  return [
    ...overDims(run, domain),
    sample('a 0-d tensor', [[]], (x) => run(x), domain),
    sample('a 0-d tensor along -1', [[]], (x) => run(x, -1), domain),
    sample('nothing', [[0, 3]], (x) => run(x, 0), domain),
    sample('all of nothing', [[0]], (x) => run(x), domain),
  ];
}

type Line = (x: Tensor, dim: number) => Result;

/** An op along one dimension that keeps it. */
function lines(run: Line, domain: Domain = SIGNED): readonly Sample[] {
  return [
    sample('along the last', [[2, 3]], (x) => run(x, -1), domain),
    sample('along the first', [[5, 2]], (x) => run(x, 0), domain),
    sample('along the middle', [[2, 3, 2]], (x) => run(x, 1), domain),
    sample('along a dim of size 1', [[2, 1]], (x) => run(x, 1), domain),
    sample('a 0-d tensor', [[]], (x) => run(x, 0), domain),
    sample('along a dim without entries', [[2, 0]], (x) => run(x, 1), domain),
  ];
}

/** Exact values, for inputs with zeros: products are smooth there. */
function at(title: string, values: readonly number[], run: Sample['run']): Sample {
  return { title, inputs: [tensor(values, { dtype: 'float64' })], run };
}

const ZEROS: readonly (readonly [string, readonly number[]])[] = [
  ['one zero', [2, 0, 3, -1.5]],
  ['two zeros', [2, 0, 3, 0]],
  ['three zeros', [0, 0, 3, 0]],
];

const moments = (run: (x: Tensor, ...args: never[]) => Tensor): readonly Sample[] => {
  const of = run as (x: Tensor, dim?: unknown, unbiased?: unknown, keepdim?: unknown) => Tensor;
  return [
    sample('all of a matrix', [[2, 3]], (x) => of(x)),
    sample('a dim', [[2, 3]], (x) => of(x, -1)),
    sample('biased', [[4]], (x) => of(x, false)),
    sample('biased along a dim, kept', [[3, 2]], (x) => of(x, 0, false, true)),
    sample('several dims', [[2, 3, 2]], (x) => of(x, [0, 2])),
    sample('correction 2', [[2, 3]], (x) => of(x, { dim: 1, correction: 2, keepdim: true })),
    sample('none left', [[0, 3]], (x) => of(x, 1)),
  ];
};

const orders = (): readonly Sample[] =>
  [2, 1, 3, 4.5, 1.5, 0.5, -1, 0, Infinity, -Infinity].flatMap((p) => [
    sample(`order ${p}`, [[2, 3]], (x) => x.norm(p)),
    sample(`order ${p} along a dim`, [[2, 3]], (x) => norm(x, p, 0, true)),
  ]);

export const reductions: Specs<keyof ReductionOps> = {
  sum: differentiable('all numbers', () => [
    ...withIdentity((x, dim, keepdim) => sum(x, dim ?? null, keepdim)),
    sample('in float64', [[2, 3]], (x) => sum(x, 1, { dtype: 'float64' })),
  ]),
  mean: differentiable('all numbers', () => [
    ...withIdentity((x, dim, keepdim) => mean(x, dim ?? null, keepdim)),
    sample('in float64', [[2, 3]], (x) => mean(x, null, false, { dtype: 'float64' })),
  ]),
  prod: differentiable('all numbers, zeros too', () => [
    sample('all of a matrix', [[2, 3]], (x) => x.prod()),
    sample('a dim', [[3, 2]], (x) => prod(x, 0)),
    sample('a negative dim, kept', [[2, 3]], (x) => prod(x, -1, true)),
    sample('a 0-d tensor', [[]], (x) => prod(x)),
    sample('a 0-d tensor along a dim', [[]], (x) => prod(x, 0)),
    sample('a single number', [[1]], (x) => prod(x)),
    sample('nothing', [[0, 3]], (x) => prod(x, 0)),
    sample('all of nothing', [[0]], (x) => prod(x)),
    ...ZEROS.map(([title, values]) => at(title, values, (x) => x.prod())),
    ...ZEROS.map(([title, values]) => at(`${title}, along a dim`, values, (x) => x.reshape(2, 2).prod(1))),
  ]),
  amax: differentiable('no ties', () => overDims((x, dim, keepdim) => amax(x, dim ?? null, keepdim))),
  amin: differentiable('no ties', () => overDims((x, dim, keepdim) => amin(x, dim ?? null, keepdim))),
  max: differentiable('no ties', () => [
    sample('a matrix', [[2, 3]], (x) => max(x)),
    sample('a 0-d tensor', [[]], (x) => x.max()),
  ]),
  min: differentiable('no ties', () => [
    sample('a matrix', [[2, 3]], (x) => min(x)),
    sample('a 0-d tensor', [[]], (x) => x.min()),
  ]),
  maxDim: differentiable('no ties', () => [
    ...lines((x, dim) => max(x, dim)).slice(0, 5),
    sample('kept', [[2, 3]], (x) => max(x, { dim: 0, keepdim: true })),
    sample('none left', [[0, 3]], (x) => max(x, 1)),
  ]),
  minDim: differentiable('no ties', () => [
    ...lines((x, dim) => min(x, dim)).slice(0, 5),
    sample('kept', [[2, 3]], (x) => min(x, { dim: 0, keepdim: true })),
  ]),
  argmax: flat(
    sample('a dim', [[2, 3]], (x) => x.argmax(1)),
    sample('all', [[2, 3]], (x) => x.argmax()),
  ),
  argmin: flat(
    sample('a dim', [[2, 3]], (x) => x.argmin(1)),
    sample('all', [[2, 3]], (x) => x.argmin()),
  ),
  var: differentiable('more elements than the correction', () => [
    ...moments(variance),
    sample('a 0-d tensor, biased', [[]], (x) => variance(x, false)),
    sample('with the mean', [[2, 3]], (x) => varMean(x, 1)),
  ]),
  std: differentiable('elements that differ', () => moments(std)),
  norm: differentiable('away from 0, and no ties', () => [
    ...orders(),
    sample('all dims, kept', [[2, 3]], (x) => norm(x, { keepdim: true })),
    sample('a 0-d tensor', [[]], (x) => x.norm()),
    sample('none left', [[0, 3]], (x) => norm(x, 2, 1)),
    sample('nothing', [[0, 3]], (x) => norm(x, 2, 0)),
  ]),
  logsumexp: differentiable('all numbers', () => [
    ...overDims((x, dim, keepdim) => logsumexp(x, dim ?? null, keepdim)),
    sample('a 0-d tensor', [[]], (x) => logsumexp(x, -1)),
  ]),
  any: flat(
    sample('a dim', [[2, 3]], (x) => x.any(1)),
    sample('all', [[2, 3]], (x) => x.any()),
  ),
  all: flat(
    sample('a dim', [[2, 3]], (x) => x.all(1)),
    sample('all', [[2, 3]], (x) => x.all()),
  ),
  cumsum: differentiable('all numbers', () => lines((x, dim) => cumsum(x, dim))),
  cumprod: differentiable('all numbers, zeros too', () => [
    ...lines((x, dim) => cumprod(x, dim)),
    ...ZEROS.map(([title, values]) => at(title, values, (x) => x.cumprod(0))),
    ...ZEROS.map(([title, values]) => at(`${title}, along a dim`, values, (x) => x.reshape(2, 2).cumprod(1))),
  ]),
  sort: differentiable('no ties', () => [
    ...lines((x, dim) => sort(x, dim)),
    sample('descending', [[2, 3]], (x) => sort(x, { descending: true })),
    sample('stable', [[5]], (x) => x.sort({ stable: true })),
    sample('median of all', [[5]], (x) => median(x)),
    sample('median along a dim', [[2, 4]], (x) => median(x, 1)),
  ]),
  topk: differentiable('no ties', () => [
    sample('largest', [[2, 4]], (x) => topk(x, 2)),
    sample('smallest along the first dim', [[4, 2]], (x) => topk(x, 3, 0, false)),
    sample('none', [[3]], (x) => topk(x, 0)),
    sample('a 0-d tensor', [[]], (x) => topk(x, 1)),
  ]),
  softmax: differentiable('all numbers', () => [
    ...lines((x, dim) => softmax(x, dim)),
    sample('in float64', [[2, 3]], (x) => softmax(x, 1, { dtype: 'float64' })),
  ]),
  logSoftmax: differentiable('all numbers', () => lines((x, dim) => logSoftmax(x, dim))),
  softmaxBackward: differentiable('all numbers', () => [
    sample(
      'the last dim',
      [
        [2, 3],
        [2, 3],
      ],
      (g, y) => softmaxBackward(g, y, 1),
    ),
    sample(
      'an inner dim',
      [
        [2, 3, 2],
        [2, 3, 2],
      ],
      (g, y) => softmaxBackward(g, y, 1),
    ),
  ]),
  logSoftmaxBackward: differentiable('all numbers', () => [
    sample(
      'the last dim',
      [
        [2, 3],
        [2, 3],
      ],
      (g, y) => logSoftmaxBackward(g, y, 1),
    ),
    sample(
      'an inner dim',
      [
        [2, 3, 2],
        [2, 3, 2],
      ],
      (g, y) => logSoftmaxBackward(g, y, 1),
    ),
  ]),
};
