/** Ops that move elements about: half of PyTorch's speed at least. */

import * as t from 'torsor';
import { count, type Line, type Row, type Run } from '../row.ts';

const shape = [1024, 1024];
const size = count(shape);

function row(
  name: string,
  op: string,
  bytes: number,
  make: () => Run,
  shapes: readonly (readonly number[])[] = [shape],
): Row {
  return { name, work: { op, shapes }, bytes, atLeast: { pytorch: 0.5 }, make };
}

export function lines(): Line[] {
  const image = [32, 28, 28, 42];
  return [
    row('transpose, copied, 1024²', 'transpose', 8 * size, () => {
      const x = t.rand(...shape).transpose(0, 1);
      return () => t.contiguous(x);
    }),
    row(
      'permute to channels first, copied, 32×28×28×42',
      'permute',
      8 * count(image),
      () => {
        const x = t.rand(...image).permute(0, 3, 1, 2);
        return () => t.contiguous(x);
      },
      [image],
    ),
    row(
      'cat of four 512²',
      'cat',
      8 * size,
      () => {
        const parts = Array.from({ length: 4 }, () => t.rand(512, 512));
        return () => t.cat(parts, 1);
      },
      [[512, 512]],
    ),
    row('gather, 1024²', 'gather', 12 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, shape)];
      return () => t.gather(x, 1, index);
    }),
    row('indexSelect, 1024 rows of 1024²', 'indexSelect', 8 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, [1024])];
      return () => t.indexSelect(x, 0, index);
    }),
    row('embedding, 4096 of 10000×128', 'embedding', 8 * 4096 * 128, () => {
      const [weight, index] = [t.rand(10000, 128), t.randint(10000, [4096])];
      return () => t.embedding(weight, index);
    }),
    row('embedding with gradient, 4096 of 10000×128', 'embeddingGrad', 4 * 128 * (5 * 4096 + 10000), () => {
      const [weight, index] = [t.rand(10000, 128).requiresGrad_(true), t.randint(10000, [4096])];
      const grad = t.rand(4096, 128);
      return () => t.autograd.grad(t.embedding(weight, index), [weight], { gradOutputs: grad });
    }),
    row('topk 10 of rows, 1024²', 'topk', 4 * size, () => {
      const x = t.rand(...shape);
      return () => t.topk(x, 10);
    }),
    row('sort of rows, 1024²', 'sort', 12 * size, () => {
      const x = t.rand(...shape);
      return () => t.sort(x);
    }),
    row('cumsum of rows, 1024²', 'cumsum', 8 * size, () => {
      const x = t.rand(...shape);
      return () => t.cumsum(x, 1);
    }),
    ...arrangements(),
    ...casts(),
    ...fills(),
    ...draws(),
  ];
}

/** More ways to move and choose elements. */
function arrangements(): Line[] {
  const onMatrix = (name: string, op: string, bytes: number, run: (x: t.Tensor) => unknown): Row =>
    row(`${name}, 1024²`, op, bytes * size, () => {
      const x = t.rand(...shape);
      return () => run(x);
    });
  const withIndex = (name: string, op: string, run: (x: t.Tensor, index: t.Tensor) => unknown): Row =>
    row(`${name}, 1024²`, op, 16 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, shape)];
      return () => run(x, index);
    });
  const padded = [32, 16, 46, 46];
  return [
    withIndex('scatter', 'scatter', (x, index) => t.scatter(x, 1, index, x)),
    withIndex('scatterAdd', 'scatterAdd', (x, index) => t.scatterAdd(x, 1, index, x)),
    row('indexAdd, 1024 rows of 1024²', 'indexAdd', 16 * size, () => {
      const [x, index] = [t.rand(...shape), t.randint(1024, [1024])];
      return () => t.indexAdd(x, 0, index, x);
    }),
    row('maskedSelect, 1024²', 'maskedSelect', 9 * size, () => {
      const x = t.rand(...shape);
      const mask = x.gt(0.5);
      return () => t.maskedSelect(x, mask);
    }),
    onMatrix('nonzero', 'nonzero', 12, (x) => t.nonzero(x)),
    onMatrix('cumsum of columns', 'cumsumColumns', 8, (x) => t.cumsum(x, 0)),
    onMatrix('cumprod of rows', 'cumprod', 8, (x) => t.cumprod(x, 1)),
    onMatrix('sort of columns', 'sortColumns', 12, (x) => t.sort(x, 0)),
    onMatrix('flip of rows', 'flip', 8, (x) => t.flip(x, [1])),
    onMatrix('roll in both dimensions', 'roll', 8, (x) => t.roll(x, [3, 5], [0, 1])),
    onMatrix('tril', 'tril', 8, (x) => t.tril(x)),
    onMatrix('repeat, four times', 'repeat', 20, (x) => x.repeat(2, 2)),
    ...(['constant', 'reflect', 'replicate', 'circular'] as const).map((mode) =>
      row(
        `pad by 1, ${mode}, 32×16×46×46`,
        `pad_${mode}`,
        8 * count(padded),
        () => {
          const x = t.rand(...padded);
          return () => t.nn.functional.pad(x, [1, 1, 1, 1], mode);
        },
        [padded],
      ),
    ),
  ];
}

function casts(): Line[] {
  const pairs = [
    ['uint8', 'float32'],
    ['bool', 'float32'],
    ['int32', 'float32'],
    ['float64', 'float32'],
    ['float32', 'float64'],
    ['float32', 'int32'],
    ['float32', 'uint8'],
    ['int64', 'float32'],
  ] as const;
  return pairs.map(([from, to]) =>
    row(`${from} to ${to}, 1024²`, `cast_${from}_${to}`, 8 * size, () => {
      const x = t
        .rand(...shape)
        .mul(2)
        .to(from);
      return () => x.to(to);
    }),
  );
}

function fills(): Line[] {
  const made: readonly [string, () => unknown][] = [
    ['zeros', () => t.zeros(...shape)],
    ['ones', () => t.ones(...shape)],
    ['arange', () => t.arange(size)],
  ];
  return made.map(([op, run]) => row(`${op}, 1024²`, op, 4 * size, () => run));
}

/** PyTorch's own numbers, at its own speed. */
function draws(): Line[] {
  const made: readonly [string, () => unknown][] = [
    ['rand', () => t.rand(...shape)],
    ['randn', () => t.randn(...shape)],
    ['randint', () => t.randint(1000, shape)],
    ['randperm', () => t.randperm(size)],
  ];
  return [
    ...made.map(([op, run]) => row(`${op}, 1024²`, op, 4 * size, () => run)),
    row('bernoulli in place, 1024²', 'bernoulli_', 4 * size, () => {
      const x = t.zeros(...shape);
      return () => x.bernoulli_(0.5);
    }),
  ];
}
