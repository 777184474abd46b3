/** Joining and rearranging against PyTorch (fixtures/index.json, by tools/fixtures/index.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuses, scattered, values } from '../fixtures/check.ts';
import { checkCase, type OpCase } from '../fixtures/given.ts';
import data from '../fixtures/index.json' with { type: 'json' };
import { arange, ones, tensor, zeros } from '../index.ts';
import type { Tensor } from '../tensor.ts';
import * as joins from './join.ts';

const functions: Record<string, unknown> = { ...joins };
const cases = (data.ops as unknown as OpCase[]).filter(([name]) => name in functions);
for (const name of new Set(cases.map(([name]) => name))) {
  const mine = cases.filter((c) => c[0] === name);
  test(`${name} agrees with PyTorch in ${mine.length} cases`, () => {
    for (const c of mine) checkCase(c, functions[name] as () => unknown);
  });
}

test('every fixture is run by this file or by index.test.ts', async () => {
  const others = { ...(await import('./index.ts')), ...(await import('./counting.ts')) };
  for (const [name] of data.ops as unknown as OpCase[]) assert.ok(name in functions || name in others, name);
});

test('tril_ and triu_ write what tril and triu return, also under scattered strides', () => {
  for (const [name, args, expected] of cases) {
    if (name !== 'tril' && name !== 'triu') continue;
    checkCase([`${name}_`, args, expected], (...given: never[]) => {
      const self = scattered(given[0]);
      const rest = given.slice(1) as unknown as [number];
      assert.is((name === 'tril' ? joins.tril_ : joins.triu_)(self, ...rest), self);
      return self;
    });
  }
});

test('results share no memory with their inputs', () => {
  const x = arange(6).reshape([2, 3]);
  const results = [
    joins.cat([x]),
    joins.stack([x]),
    joins.flip(x, []),
    joins.roll(x, 0),
    joins.repeat(x, 1, 1),
    joins.tile(x, 1),
    joins.repeatInterleave(x, 1),
    joins.tril(x, 9),
    joins.diag(x),
  ];
  for (const r of results) {
    assert.not(r.sharesStorageWith(x));
    assert.ok(r.isContiguous());
  }
});

test('meshgrid gives views, and takes a list as well', () => {
  const a = arange(2);
  const [x, y] = joins.meshgrid([a, arange(3)], { indexing: 'xy' });
  assert.ok(x.sharesStorageWith(a));
  assert.equal(
    [x.shape, y.shape],
    [
      [3, 2],
      [3, 2],
    ],
  );
});

test('dims and repeats come as arguments or as a list', () => {
  const x = arange(6).reshape([2, 3]);
  assert.equal(joins.flip(x, 0, 1).toArray(), joins.flip(x, [0, 1]).toArray());
  assert.equal(joins.flip(x, { dims: [-1] }).toArray(), joins.flip(x, 1).toArray());
  assert.equal(joins.repeat(x, 2, 1).toArray(), joins.repeat(x, [2, 1]).toArray());
  assert.equal(joins.tile(x, 2).shape, [2, 6]);
  assert.equal(joins.cat([x, x], { dim: 1 }).shape, [2, 6]);
});

test('large tensors, in the heap, are joined as small ones are', () => {
  const n = 4000;
  const parts = Array.from({ length: 5 }, (_, i) => arange(i * n, (i + 1) * n).reshape([40, 100]));
  assert.ok(values(joins.cat(parts)).every((v, i) => v === i));
  assert.ok(values(joins.stack(parts)).every((v, i) => v === i));
  const wide = joins.cat(parts, 1);
  assert.ok(
    values(wide).every((v, i) => v === (Math.floor((i % 500) / 100) * 40 + Math.floor(i / 500)) * 100 + (i % 100)),
  );
  const turned = joins.cat(
    parts.map((p) => p.t()),
    1,
  );
  assert.equal(values(turned.t()), values(joins.cat(parts)));
  const whole = joins.cat(parts);
  assert.ok(values(joins.flip(whole, 0, 1)).every((v, i) => v === 5 * n - 1 - i));
  assert.ok(values(joins.roll(whole, 77)).every((v, i) => v === (i - 77 + 5 * n) % (5 * n)));
  assert.ok(
    values(joins.roll(whole, [-3, 41], [0, 1])).every(
      (v, i) => v === ((Math.floor(i / 100) + 3) % 200) * 100 + (((i % 100) + 59) % 100),
    ),
  );
  assert.ok(values(joins.repeat(whole, 2, 2)).every((v, i) => v === (Math.floor(i / 200) % 200) * 100 + (i % 100)));
  assert.is(joins.tril(ones(100, 100)).sum().item(), 5050);
});

test('what does not fit is refused', () => {
  const x = zeros(2, 3);
  const int = (list: readonly number[]): Tensor => tensor(list, { dtype: 'int32' });
  const runs: [string, () => unknown, string, RegExp][] = [
    ['empty list', () => joins.cat([]), 'ValueError', /^cat: expects a non-empty list/],
    ['no list', () => joins.stack(x as never), 'ValueError', /^stack: expects a non-empty list/],
    ['no tensor', () => joins.cat([x, 3 as never]), 'DTypeError', /entry 1 is number/],
    [
      '0-d',
      () => joins.cat([tensor(1)]),
      'ShapeError',
      /zero-dimensional tensor \(at position 0\) cannot be concatenated/,
    ],
    ['dimensions', () => joins.cat([zeros(2, 3, 4), x]), 'ShapeError', /same number of dimensions.*tensor number 1/],
    ['sizes', () => joins.cat([x, zeros(2, 4)]), 'ShapeError', /except in dimension 0.*\[2, 3\] and \[2, 4\]/],
    ['dim', () => joins.cat([x], 2), 'IndexError', /dimension out of range/],
    ['stack', () => joins.stack([zeros(2), zeros(3)]), 'ShapeError', /\[2\] at entry 0 and \[3\] at entry 1/],
    ['stack dim', () => joins.stack([zeros(2)], 2), 'IndexError', /\[-2, 1\], but got 2/],
    ['flip twice', () => joins.flip(x, [0, -2]), 'ShapeError', /dim 0 appears multiple times/],
    ['fliplr', () => joins.fliplr(zeros(3)), 'ShapeError', />= 2-d/],
    ['flipud', () => joins.flipud(tensor(1)), 'ShapeError', />= 1-d/],
    ['roll', () => joins.roll(x, [1, 1]), 'ValueError', /must align, but got 2 shifts and 0 dims/],
    ['roll nothing', () => joins.roll(x, []), 'ValueError', /at least one/],
    ['roll 0-d', () => joins.roll(tensor(1), 1, 0), 'IndexError', /no dimensions/],
    ['repeat', () => joins.repeat(x, 2), 'ShapeError', /each of the 2 dimensions, but got \[2\]/],
    ['repeat negative', () => joins.repeat(x, 2, -1), 'ShapeError', /\[2, -1\]/],
    ['repeats', () => joins.repeatInterleave(x, -1), 'ValueError', /-1/],
    [
      'repeats size',
      () => joins.repeatInterleave(x, int([1, 2, 3]), 0),
      'ShapeError',
      /same size as input along dim 0/,
    ],
    ['repeats dtype', () => joins.repeatInterleave(x, tensor([1, 2]), 0), 'DTypeError', /float32/],
    ['repeats sign', () => joins.repeatInterleave(zeros(2), int([1, -1])), 'ValueError', /negative, but got -1/],
    ['output size', () => joins.repeatInterleave(zeros(2), 2, { outputSize: 5 }), 'ValueError', /outputSize is 5.* 4/],
    ['tril', () => joins.tril(zeros(3)), 'ShapeError', /at least 2 dimensions/],
    ['diagonal', () => joins.triu(x, 0.5), 'ValueError', /diagonal must be an integer/],
    ['overlap', () => joins.tril_(zeros(1, 3).expand([3, 3])), 'ValueError', /clone\(\)/],
    ['diag', () => joins.diag(tensor(1)), 'ShapeError', /matrix or a vector/],
    ['diagEmbed', () => joins.diagEmbed(x, 0, 1, 1), 'ValueError', /identical/],
    ['meshgrid', () => joins.meshgrid(zeros(2), x), 'ShapeError', /vectors/],
    ['meshgrid dtype', () => joins.meshgrid(zeros(2), int([1])), 'DTypeError', /same dtype/],
    [
      'indexing',
      () => joins.meshgrid(zeros(2), { indexing: 'ab' as never }),
      'ValueError',
      /'xy' or 'ij', but got 'ab'/,
    ],
  ];
  for (const [label, run, kind, message] of runs) refuses(run, kind, message, label);
});

test('the diagonal of a matrix that has none there is empty', () => {
  assert.equal(joins.diag(zeros(2, 3), 5).shape, [0]);
});

test.run();
