/** Functions of tensors to export: what is no layer. */

import type { Tensor } from '@torsor/core';
import * as core from '@torsor/core';
import { arange, cat, einsum, full, ones, rand, randn, slice, stack, tensor, where, zeros } from '@torsor/core';
import * as nn from '@torsor/nn';
import type { Exportable } from '../export.ts';

const { functional: F } = nn;

type Make<E> = (name: string, make: () => Exportable, inputs: (n: number) => Tensor[], opset?: number) => E;

const ints = (n: number): Tensor[] => [
  tensor(
    [
      [7, -7, 5],
      [-3, 2, 9],
    ],
    { dtype: 'int32' },
  ).repeat(n, 1),
  tensor(
    [
      [2, 2, -3],
      [-2, 5, 4],
    ],
    { dtype: 'int32' },
  ).repeat(n, 1),
];
const two = (n: number): Tensor[] => [randn(n, 4), randn(n, 4)];
const positive = (n: number): Tensor[] => [rand(n, 4).add(0.1)];
const one = (n: number): Tensor[] => [randn(n, 4)];
const cube = (n: number): Tensor[] => [randn(n, 4, 6)];

const unary = [
  'neg',
  'abs',
  'sign',
  'exp',
  'exp2',
  'expm1',
  'sqrt',
  'rsqrt',
  'reciprocal',
  'sin',
  'cos',
  'tan',
  'atan',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'erf',
  'erfc',
  'floor',
  'ceil',
  'round',
  'trunc',
  'log',
  'log2',
  'log10',
  'log1p',
  'isnan',
  'isinf',
  'isfinite',
  'logicalNot',
] as const;
const inRange = ['asin', 'acos', 'atanh'] as const;
const binary = [
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'atan2',
  'remainder',
  'fmod',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'logicalAnd',
  'logicalOr',
  'logicalXor',
] as const;

type Methods = Record<string, (...args: readonly unknown[]) => Tensor>;
const call = (x: Tensor, name: string, ...args: readonly unknown[]): Tensor => (x as unknown as Methods)[name](...args);

export function functions<E>(example: Make<E>): E[] {
  const of = (
    name: string,
    fn: (...xs: Tensor[]) => unknown,
    inputs: (n: number) => Tensor[] = one,
    opset?: number,
  ): E => example(name, () => fn as Exportable, inputs, opset);
  return [
    of(
      'functions of one operand',
      (x, p) => unary.map((name) => call(/^(sqrt|rsqrt|log)/.test(name) ? p : x, name)),
      (n) => [randn(n, 4), ...positive(n)],
    ),
    of(
      'functions between -1 and 1',
      (x) => inRange.map((name) => call(x, name)),
      (n) => [rand(n, 4).mul(1.8).sub(0.9)],
    ),
    of(
      'acosh',
      (x) => x.acosh(),
      (n) => [rand(n, 4).add(1.1)],
    ),
    of('functions of two operands', (x, y) => binary.map((name) => call(x, name, y)), two),
    of(
      'functions of integers',
      (x, y) => [
        ...['add', 'sub', 'mul', 'div', 'maximum', 'remainder', 'fmod', 'eq', 'lt'].map((name) => call(x, name, y)),
        x.div(y, { roundingMode: 'floor' }),
        x.div(y, { roundingMode: 'trunc' }),
        x.mul(0.5),
        x.sum(1),
        x.to('float32').mean(),
        x.abs().neg().sign(),
      ],
      ints,
    ),
    of('bitwise functions', (x, y) => [x.bitwiseAnd(y), x.bitwiseOr(y), x.bitwiseXor(y), x.bitwiseNot()], ints, 18),
    of(
      'masks',
      (x, y) => {
        const mask = x.gt(0);
        return [
          mask.logicalNot(),
          mask.bitwiseAnd(y.lt(0)),
          mask.sum(1),
          where(mask, x, y),
          x.maskedFill(mask, -1),
          where(mask, x, 0),
          mask.eq(y.gt(0)),
          mask.any(1),
          mask.all(),
          mask.to('float32'),
        ];
      },
      two,
    ),
    of('numbers', (x) => [
      x.add(2),
      x.mul(0.5).sub(1),
      core.sub(1, x),
      core.div(1, x),
      x.pow(2),
      core.pow(2, x),
      x.add(x, { alpha: 3 }),
      x.clamp(-0.5, 0.5),
      x.clamp(null, 0.2),
      x.nanToNum(),
      x.div(0.3, { roundingMode: 'floor' }),
    ]),
    of(
      'three operands',
      (x, y) => [
        x.lerp(y, 0.3),
        core.addcmul(x, x, y, { value: 0.5 }),
        core.addcdiv(x, x, y.abs().add(1), { value: 2 }),
        core.xlogy(x, y.abs().add(1)),
      ],
      two,
    ),
    of(
      'reductions',
      (x) => [
        x.sum(),
        x.sum(1),
        x.mean([0, 2], { keepdim: true }),
        x.prod(1),
        x.amax([1, 2]),
        x.amin(-1),
        x.max(),
        x.min(),
        ...x.max(1),
        ...x.min(2, { keepdim: true }),
        x.var(1),
        x.var(),
        x.std([1, 2], { correction: 0 }),
        x.norm(),
        x.norm(1, 1),
        x.norm(3, 1),
        x.norm(Infinity, [1, 2]),
        x.norm(0, 1),
        x.logsumexp(1),
        x.any(1),
        x.all(1),
        x.argmax(1),
        x.argmax(),
        x.argmin(-1, { keepdim: true }),
        x.cumsum(1),
        x.var(0),
      ],
      cube,
    ),
    of(
      'orders',
      (x) => [...x.sort(1), ...x.sort(-1, { descending: true }), ...x.topk(2, 1), ...x.topk(3, -1, { largest: false })],
      cube,
    ),
    of(
      'products',
      (x) => {
        const w = arange(24).view(6, 4).div(24);
        return [
          x.matmul(w),
          x.matmul(x.mT),
          x.bmm(x.mT),
          w.matmul(x),
          x.matmul(w.select(1, 0)),
          core.dot(w.select(0, 0), w.select(0, 1)),
          core.addmm(ones(6), w, w.t(), { alpha: 0.5, beta: 2 }),
          einsum('bij,jk->bki', x, w),
          einsum('bii->bi', x.matmul(w)),
        ];
      },
      cube,
    ),
    of(
      'views',
      (x) => [
        x.view(-1, 24),
        x.transpose(0, 2),
        x.permute(2, 0, 1),
        x.select(1, 2),
        x.select(0, -1),
        x.at(0),
        x.slice(2, 1, 5, 2),
        x.at('...', slice(1, null)),
        x.unsqueeze(1),
        x.unsqueeze(1).squeeze(1),
        x.select(1, 0).unsqueeze(1).expand(-1, 3, -1),
        x.flatten(),
        x.flatten(1),
        x.reshape(-1, 2, 12),
        x.mT.reshape(-1, 24),
        x.unfold(2, 3, 2),
        x.diagonal(1, 1, 2),
        x.unbind(1)[2],
        ...x.split(4, 2),
        ...x.chunk(2, 1),
        x.narrow(1, 1, 2),
        x.T,
        x.clone(),
        x.detach(),
        x.contiguous(),
      ],
      cube,
    ),
    of(
      'joins',
      (x) => [
        cat([x, x.mul(2)], 1),
        stack([x, x], -1),
        x.flip([0, 2]),
        x.roll(2, 1),
        x.roll([1, 2], [1, 2]),
        x.repeat(1, 2, 1),
        x.repeat(2, 1, 1, 1),
        x.tril(),
        x.triu(1),
        x.repeatInterleave(2, { dim: 1 }),
        cat([x, zeros(1, 4, 6)]),
      ],
      cube,
    ),
    of(
      'places',
      (x, i) => {
        const j = tensor([2, 0], { dtype: 'int32' });
        return [
          x.indexSelect(1, j),
          x.at(slice(), j),
          x.at(slice(), j, tensor([1, 5], { dtype: 'int32' })),
          x.at(slice(), slice(), j),
          x.at(i),
          x.gather(1, i.view(-1, 1, 1).expand(-1, 2, 6)),
          x.at(j, slice(), j),
          x.scatter(1, i.view(-1, 1, 1).expand(-1, 1, 6), 7),
          x.scatterAdd(1, i.view(-1, 1, 1).expand(-1, 1, 6), ones(i.shape[0], 1, 6)),
        ];
      },
      (n) => [randn(3, 4, 6), rand(n).mul(2).to('int32')],
    ),
    of(
      'writes in place',
      (x) => {
        const out = x.mul(2);
        out.add_(1).relu_();
        const half = out.narrow(1, 0, 2);
        half.mul_(3);
        out.select(2, 1).sub_(5);
        out.at(slice(), 3).copy_(x.select(1, 0));
        out.transpose(1, 2).narrow(1, 4, 2).fill_(0.5);
        const sums = zeros(x.shape[0], 2, 6);
        sums.select(1, 0).add_(out.sum(1));
        return [out, half, half.exp(), sums];
      },
      cube,
    ),
    of(
      'causal mask',
      (x) => {
        const mask = full([x.shape[1], x.shape[1]], Number.NEGATIVE_INFINITY).triu(1);
        return x.matmul(x.mT).add(mask).softmax(-1);
      },
      (n) => [randn(2, n + 2, 4)],
    ),
    of(
      'attention',
      (x) => F.scaledDotProductAttention(x, x, x, { isCausal: true }),
      (n) => [randn(2, n + 2, 4)],
    ),
    of(
      'shared heads',
      (q, k) => F.scaledDotProductAttention(q, k, k, { enableGqa: true }),
      (n) => [randn(n, 4, 5, 6), randn(n, 2, 5, 6)],
    ),
    of('normalize', (x) => F.normalize(x)),
    of(
      'oneHot',
      (i) => F.oneHot(i, 5),
      (n) => [rand(n).mul(5).to('int32')],
    ),
    of(
      'gridSample',
      (x, grid) => [
        F.gridSample(x, grid),
        F.gridSample(x, grid, 'nearest', 'border'),
        F.gridSample(x, grid, 'bilinear', 'reflection', true),
      ],
      (n) => [randn(n, 2, 5, 6), rand(n, 3, 4, 2).mul(2.4).sub(1.2)],
    ),
    of(
      'gridSample bicubic',
      (x, grid) => F.gridSample(x, grid, 'bicubic', 'border', true),
      (n) => [randn(n, 2, 5, 6), rand(n, 3, 4, 2).mul(1.8).sub(0.9)],
    ),
    of(
      'antialias',
      (x) => F.interpolate(x, { size: [3, 4], mode: 'bilinear', antialias: true }),
      (n) => [randn(n, 2, 9, 10)],
      18,
    ),
    of(
      'antialias bicubic',
      (x) => F.interpolate(x, { size: [3, 4], mode: 'bicubic', antialias: true }),
      (n) => [randn(n, 2, 9, 10)],
      18,
    ),
    of(
      'affineGrid',
      (theta) => F.affineGrid(theta, [3, 1, 4, 5]),
      () => [randn(3, 2, 3)],
    ),
    of(
      'sizes as numbers',
      (x) => [
        x.mul(x.shape[0]),
        x.lt(x.shape[0]),
        x
          .sum(0)
          .div(2 * x.shape[0])
          .to('int32'),
      ],
      (n) => [rand(n, 4).mul(3)],
    ),
    of(
      'means of a dynamic size',
      (x) => x.sum(0).div(x.shape[0]),
      (n) => [randn(n, 4)],
    ),
    of('inputs handed through', (x, y) => [x, y, x, x.add(y)], two),
    of('lists and objects', (x) => ({ scores: x.exp(), rest: [x.neg(), [x.abs()]] })),
    of(
      'dtypes',
      (x) => [x.to('float64').mul(2), x.to('int64'), x.to('uint8'), x.gt(1), x.to('int32').to('bool')],
      (n) => [rand(n, 4).mul(3)],
    ),
  ];
}
