/** Indexing against PyTorch (fixtures/index.json, by tools/fixtures/index.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses, scattered, values } from '../fixtures/check.ts';
import { checkCase, type OpCase } from '../fixtures/given.ts';
import data from '../fixtures/index.json' with { type: 'json' };
import { arange, full, ones, tensor, zeros } from '../index.ts';
import type { Tensor } from '../tensor.ts';
import * as counting from './counting.ts';
import * as indexing from './index.ts';

const int = (values: readonly unknown[]): Tensor => tensor(values as number[], { dtype: 'int32' });

const functions: Record<string, unknown> = { ...indexing, ...counting };
const cases = (data.ops as unknown as OpCase[]).filter(([name]) => name in functions);
for (const name of new Set(cases.map(([name]) => name))) {
  const mine = cases.filter((c) => c[0] === name);
  test(`${name} agrees with PyTorch in ${mine.length} cases`, () => {
    for (const c of mine) checkCase(c, functions[name] as () => unknown);
  });
}

/** The in-place form of a function with the same arguments. */
const inPlace: Record<string, (self: Tensor, ...args: never[]) => Tensor> = {
  scatter: indexing.scatter_,
  scatterAdd: indexing.scatterAdd_,
  indexAdd: indexing.indexAdd_,
  indexCopy: indexing.indexCopy_,
  indexFill: indexing.indexFill_,
  indexPut: indexing.indexPut_,
};
for (const [name, fn] of Object.entries(inPlace)) {
  test(`${name}_ writes what ${name} returns, also under scattered strides, and returns self`, () => {
    for (const c of cases) {
      if (c[0] !== name) continue;
      checkCase(c, (...args: never[]) => {
        const self = scattered(args[0]);
        const version = self.version;
        assert.is(fn(self, ...(args.slice(1) as never[])), self);
        assert.ok(self.version > version);
        return self;
      });
      checkCase(c, (...args: never[]) => fn((args[0] as Tensor).clone(), ...(args.slice(1) as never[])));
    }
  });
}

test('inputs stay as they are', () => {
  const x = arange(6).reshape([2, 3]);
  indexing.scatter(x, 0, int([[1, 0, 1]]), 9);
  indexing.scatterAdd(x, 0, int([[1, 0, 1]]), ones(1, 3));
  indexing.indexAdd(x, 0, int([1]), ones(1, 3));
  indexing.indexCopy(x, 0, int([1]), ones(1, 3));
  indexing.indexFill(x, 0, int([-1]), 4);
  indexing.indexPut(x, [int([0])], 4);
  assert.equal(values(x), [0, 1, 2, 3, 4, 5]);
  assert.is(x.version, 0);
});

test('an index out of range is refused by name, dimension, index and size, before anything is written', () => {
  const bad = int([0, 3]);
  const low = int([0, -1]);
  const x = zeros(2, 3);
  const line = zeros(3);
  const runs: [string, () => unknown, RegExp][] = [
    ['gather', () => indexing.gather(line, 0, bad), /^gather: index 3 is out of bounds for dimension 0 with size 3$/],
    ['gather', () => indexing.gather(line, 0, low), /^gather: index -1 is out of bounds for dimension 0 with size 3$/],
    ['indexSelect', () => indexing.indexSelect(x, 1, bad), /^indexSelect: index 3 is out of bounds for dimension 1 /],
    ['embedding', () => indexing.embedding(x, int([[0, 2]])), /^embedding: index 2 is out of bounds .* size 2$/],
    ['scatter_', () => indexing.scatter_(line, 0, bad, 1), /^scatter_: index 3 /],
    ['scatter_', () => indexing.scatter_(line, 0, low, 1), /^scatter_: index -1 /],
    ['scatterAdd_', () => indexing.scatterAdd_(line, 0, bad, ones(2)), /^scatterAdd_: index 3 /],
    ['indexAdd_', () => indexing.indexAdd_(x, 1, bad, ones(2, 2)), /^indexAdd_: index 3 /],
    ['indexCopy_', () => indexing.indexCopy_(x, 1, low, ones(2, 2)), /^indexCopy_: index -1 /],
    ['indexFill_', () => indexing.indexFill_(x, 1, bad, 1), /^indexFill_: index 3 /],
    ['indexFill_', () => indexing.indexFill_(x, 1, int([0, -4]), 1), /^indexFill_: index -4 .* size 3$/],
    ['indexPut_', () => indexing.indexPut_(x, [null, bad], 1), /^indexPut_: index 3 is out of bounds for dimension 1 /],
    ['indexPut_', () => indexing.indexPut_(x, [int([0, 2]), int([0, 0])], 1), /index 2 .* dimension 0 with size 2$/],
    ['index', () => indexing.index(x, [null, int([0, -4])]), /^index: index -4 .* dimension 1 with size 3$/],
    ['take', () => indexing.take(x, int([6])), /^take: index 6 is out of bounds for dimension 0 with size 6$/],
    ['gather', () => indexing.gather(zeros(0), 0, int([0])), /index 0 .* size 0$/],
    ['int64', () => indexing.take(x, tensor([2n ** 40n])), /out of bounds/],
  ];
  for (const [label, run, message] of runs) refuses(run, 'IndexError', message, label);
  assert.equal([...values(x), ...values(line)], new Array(9).fill(0));
});

test('what does not fit is refused', () => {
  const x = zeros(2, 3);
  const i = int([0, 1]);
  const runs: [string, () => unknown, string, RegExp][] = [
    ['float index', () => indexing.gather(zeros(3), 0, tensor([0, 1])), 'DTypeError', /int32 or int64 .* float32/],
    ['bool index', () => indexing.indexSelect(x, 0, tensor([true])), 'DTypeError', /int32 or int64/],
    ['dimensions', () => indexing.gather(x, 0, i), 'ShapeError', /same number of dimensions as self, but got 1 and 2/],
    [
      'larger index',
      () => indexing.gather(x, 1, int([[0], [0], [0]])),
      'ShapeError',
      /\[3, 1\] to be no larger than self \[2, 3\]/,
    ],
    ['larger than src', () => indexing.scatter(zeros(3), 0, i, ones(1)), 'ShapeError', /no larger than src \[1\]/],
    ['src dtype', () => indexing.scatter(zeros(3), 0, i, i), 'DTypeError', /float32 and int32/],
    ['reduce', () => indexing.scatter(zeros(3), 0, i, 1, { reduce: 'add' }), 'NotImplementedError', /use scatterAdd/],
    ['no src', () => indexing.scatter(zeros(3), 0, i), 'DTypeError', /src must be a tensor or a number/],
    ['matrix index', () => indexing.indexSelect(x, 0, int([[0]])), 'ShapeError', /vector/],
    ['count', () => indexing.indexAdd(x, 0, i, ones(1, 3)), 'ShapeError', /number of indices \(2\).* source \(1\)/],
    [
      'slice shape',
      () => indexing.indexAdd(x, 0, i, ones(2, 4)),
      'ShapeError',
      /\[2, 4\] must match self of shape \[2, 3\]/,
    ],
    ['source dtype', () => indexing.indexCopy(x, 0, i, ones([2, 3], { dtype: 'float64' })), 'DTypeError', /float64/],
    ['alpha', () => indexing.indexAdd(int([0]), 0, int([0]), int([1]), { alpha: 0.5 }), 'DTypeError', /alpha .* 0.5/],
    ['fill value', () => indexing.indexFill(x, 0, i, ones(1)), 'ShapeError', /0 dimensions/],
    ['dim', () => indexing.gather(x, 2, int([[0]])), 'IndexError', /dimension out of range/],
    [
      'values shape',
      () => indexing.indexPut(x, [i], ones(3, 3)),
      'ShapeError',
      /\[3, 3\] cannot be broadcast .* \[2, 3\]/,
    ],
    ['values dtype', () => indexing.indexPut(x, [i], i), 'DTypeError', /float32 and int32/],
    [
      'broadcast',
      () => indexing.index(x, [i, int([0, 1, 2])]),
      'IndexError',
      /could not be broadcast together .*\[2\], \[3\]/,
    ],
    [
      'too many',
      () => indexing.index(x, [i, i, i]),
      'IndexError',
      /too many indices for tensor of dimension 2 \(got 3\)/,
    ],
    [
      'uint8 index',
      () => indexing.index(x, [ones([2], { dtype: 'uint8' })]),
      'DTypeError',
      /int32, int64 or bool.*uint8/,
    ],
    [
      'mask',
      () => indexing.index(x, [tensor([true, false, true])]),
      'IndexError',
      /the shape of the mask \[3\] at index 0 does not match the shape of the indexed tensor \[2, 3\] at index 0/,
    ],
    ['mask dtype', () => indexing.maskedSelect(x, ones(2, 3)), 'DTypeError', /bool/],
    ['mask shape', () => indexing.maskedSelect(x, tensor([true, false])), 'ShapeError', /must match/],
    ['0-d', () => indexing.indexSelect(tensor(1), 0, int([0, 0])), 'IndexError', /only 1 value/],
    ['weight', () => indexing.embedding(zeros(3), i), 'ShapeError', /2-d/],
    ['padding', () => indexing.embedding(x, i, 2), 'IndexError', /paddingIdx .* 2 rows/],
    ['overlap', () => indexing.scatter_(zeros(1, 2).expand([3, 2]), 0, int([[0]]), 1), 'ValueError', /clone\(\)/],
    ['dims', () => indexing.takeAlongDim(x, i, 0), 'ShapeError', /same number of dimensions/],
    ['negative class', () => counting.oneHot(int([0, -2])), 'ValueError', /-2/],
    ['class', () => counting.oneHot(int([0, 2]), 2), 'ValueError', /smaller than numClasses \(2\), but got 2/],
    ['no classes', () => counting.oneHot(int([])), 'ValueError', /cannot infer/],
    ['float class', () => counting.oneHot(tensor([0, 1])), 'DTypeError', /integers/],
    ['bincount', () => counting.bincount(int([-1])), 'ValueError', /-1/],
    ['bincount shape', () => counting.bincount(int([[1]])), 'ShapeError', /vectors/],
    ['weights', () => counting.bincount(int([1]), ones(2)), 'ShapeError', /length of self \(1\)/],
    ['minlength', () => counting.bincount(int([1]), { minlength: -1 }), 'ValueError', /minlength/],
    ['unique dim', () => counting.unique(x, true, false, false, 1 as never), 'NotImplementedError', /dimension/],
    ['option', () => counting.unique(x, { returnInvers: true } as never), 'ValueError', /returnInverse/],
  ];
  for (const [label, run, kind, message] of runs) refuses(run, kind, message, label);
});

test('operands may share memory with what is written', () => {
  const line = arange(5);
  indexing.scatter_(line, 0, int([1, 2, 3, 4]), line.select(0, 0).expand([4]));
  assert.equal(values(line), [0, 0, 0, 0, 0]);
  const x = arange(5);
  indexing.indexCopy_(x, 0, int([1, 2, 3, 4]), x.narrow(0, 0, 4));
  assert.equal(values(x), [0, 0, 1, 2, 3]);
  const y = arange(4);
  indexing.indexPut_(y, [int([3, 2, 1, 0])], y);
  assert.equal(values(y), [3, 2, 1, 0]);
  const z = arange(4);
  indexing.indexAdd_(z, 0, int([1, 2, 3]), z.narrow(0, 0, 3));
  assert.equal(values(z), [0, 1, 3, 5]);
  const own = int([1, 2, 0]);
  indexing.scatter_(own, 0, own, int([7, 8, 9]));
  assert.equal(values(own), [9, 7, 8]);
});

test('a million tenths in one place keep six digits', () => {
  const n = 1_000_000;
  const one = zeros(1);
  assert.ok(
    Math.abs(indexing.indexAdd(one, 0, zeros([n], { dtype: 'int32' }), full([n], 0.1)).item() / (n / 10) - 1) < 1e-6,
  );
  assert.ok(
    Math.abs(indexing.scatterAdd(one, 0, zeros([n], { dtype: 'int32' }), full([n], 0.1)).item() / (n / 10) - 1) < 1e-6,
  );
  const sum = indexing.indexPut(one, [zeros([n], { dtype: 'int32' })], full([n], 0.1), true).item();
  assert.ok(Math.abs(sum / (n / 10) - 1) < 1e-6);
});

test('large tensors, in the heap, are indexed as small ones are', () => {
  const rows = 300;
  const columns = 70;
  const x = arange(rows * columns).reshape([rows, columns]);
  const order = int(Array.from({ length: 500 }, (_, i) => (i * 7) % rows));
  const picked = values(indexing.indexSelect(x, 0, order));
  assert.ok(picked.every((v, i) => v === ((Math.floor(i / columns) * 7) % rows) * columns + (i % columns)));
  const back = indexing.indexAdd(zeros(rows, columns), 0, order, indexing.indexSelect(x, 0, order));
  const times = values(counting.bincount(order, { minlength: rows }));
  assert.ok(values(back).every((v, i) => v === i * times[Math.floor(i / columns)]));
  const across = values(indexing.indexSelect(x.t(), 1, order));
  assert.ok(across.every((v, i) => v === (((i % 500) * 7) % rows) * columns + Math.floor(i / 500)));
  const mask = x.remainder(3).eq(0);
  assert.is(indexing.maskedSelect(x, mask).shape[0], 7000);
  assert.equal(values(indexing.index(x, [mask])), values(indexing.maskedSelect(x, mask)));
  assert.equal(values(indexing.take(x, int([-1, 5]))), [rows * columns - 1, 5]);
});

test('int64 elements and indices are exact', () => {
  const big = tensor([2n ** 60n + 1n, 2n ** 60n + 3n]);
  assert.equal(indexing.gather(big, 0, tensor([1n, 0n])).toArray(), [2n ** 60n + 3n, 2n ** 60n + 1n]);
  assert.equal(indexing.scatterAdd(big, 0, int([0, 0]), big).toArray(), [3n * 2n ** 60n + 5n, 2n ** 60n + 3n]);
  assert.equal(counting.unique(big).toArray(), [2n ** 60n + 1n, 2n ** 60n + 3n]);
  assert.equal(indexing.nonzero(tensor([0n, 5n])).toArray(), [[1]]);
});

test('unique keeps NaNs apart, last, and names its results', () => {
  const x = tensor([Number.NaN, 1, Number.NaN, 1]);
  const { output, inverseIndices, counts } = counting.unique(x, { returnInverse: true, returnCounts: true });
  assert.equal(values(output), [1, Number.NaN, Number.NaN]);
  assert.equal(values(inverseIndices), [1, 0, 2, 0]);
  assert.equal(values(counts), [2, 1, 1]);
});

test('in a set of indices null stands for a whole dimension', () => {
  const x = arange(24).reshape([2, 3, 4]);
  assert.equal(indexing.index(x, [null, int([2, 0])]).shape, [2, 2, 4]);
  assert.equal(indexing.index(x, [int([1, 0]), null, int([3, 3])]).toArray(), [
    [15, 19, 23],
    [3, 7, 11],
  ]);
  assert.equal(indexing.index(x, []).toArray(), x.toArray());
});

test('scatter takes a boolean as it takes a number', () => {
  assert.equal(indexing.scatter(tensor([true, false, false]), 0, int([2]), true as never).toArray(), [
    true,
    false,
    true,
  ]);
  assert.equal(values(indexing.scatter(zeros(5), 0, int([4, 3, 3, 4, 4]), true as never)), [0, 0, 0, 1, 1]);
});

test('indexFill takes an index twice, and any number of them for a 0-d tensor', () => {
  assert.equal(values(indexing.indexFill(arange(3), 0, int([0, -1, 0]), 7)), [7, 1, 7]);
  assert.equal(values(indexing.indexFill(tensor(1), 0, int([0, 0]), 7)), [7]);
  assert.equal(values(indexing.indexFill(tensor(1), 0, int([]), 7)), [1]);
  const rows = zeros(1, 3).expand([2, 3]);
  refuses(
    () => indexing.indexFill_(rows, 0, int([0]), 1),
    'ValueError',
    /^indexFill_: more than one element/,
    'expanded',
  );
});

test.run();
