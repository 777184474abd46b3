/** Subscripts against PyTorch (fixtures/index.json, by tools/fixtures/index.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { agrees, type FixtureNumber, type FixtureTensor, refuses, values } from '../fixtures/check.ts';
import { given, givenTensor } from '../fixtures/given.ts';
import data from '../fixtures/index.json' with { type: 'json' };
import { arange, tensor, zeros } from '../index.ts';
import type { Tensor } from '../tensor.ts';
import { at, type Subscript, setAt, slice } from './subscript.ts';

const int = (list: readonly unknown[]): Tensor => tensor(list as number[], { dtype: 'int32' });

test('at agrees with PyTorch in 150 subscripts', () => {
  assert.is(data.at.length, 150);
  for (const [self, subscript, expected] of data.at as unknown as [FixtureTensor, unknown[], FixtureTensor][]) {
    const label = `${JSON.stringify(self)} at ${JSON.stringify(subscript)}`;
    agrees(at(givenTensor(self), ...(given(subscript) as Subscript[])), expected, label);
  }
});

test('setAt agrees with PyTorch in 100 subscripts', () => {
  assert.is(data.setAt.length, 100);
  type Case = [FixtureTensor, unknown[], unknown, FixtureNumber[]];
  for (const [self, subscript, value, expected] of data.setAt as unknown as Case[]) {
    const label = `${JSON.stringify(self)} setAt ${JSON.stringify(subscript)} ${JSON.stringify(value)}`;
    const x = givenTensor(self);
    assert.is(setAt(x, given(subscript) as Subscript[], given(value) as Tensor), x);
    agrees(x, { dtype: 'float32', shape: self.shape, data: expected }, label);
  }
});

test('numbers, slices, null and an ellipsis make views; tensors, masks and lists make copies', () => {
  const x = arange(24).reshape([2, 3, 4]);
  const views: Subscript[][] = [
    [],
    [0],
    [-1, slice(1)],
    ['...', null],
    [slice(null, null, 2), '...', -1],
    [int(1 as never)],
  ];
  for (const s of views) assert.ok(at(x, ...s).sharesStorageWith(x), JSON.stringify(s));
  const copies: Subscript[][] = [[[0]], [int([0])], [0, x.at(0).gt(3)], [true], [slice(), [0, 1]]];
  for (const s of copies) assert.not(at(x, ...s).sharesStorageWith(x), JSON.stringify(s));
  assert.is.not(at(x), x);
  assert.is.not(at(x, '...'), x);
});

test('slices clamp as those of Python', () => {
  const x = arange(5);
  const pick = (...args: (number | null)[]): number[] => values(at(x, slice(...args)));
  assert.equal(pick(), [0, 1, 2, 3, 4]);
  assert.equal(pick(3), [3, 4]);
  assert.equal(pick(null, 2), [0, 1]);
  assert.equal(pick(-2), [3, 4]);
  assert.equal(pick(-9, 9), [0, 1, 2, 3, 4]);
  assert.equal(pick(4, 1), []);
  assert.equal(pick(9), []);
  assert.equal(pick(1, -1, 2), [1, 3]);
  assert.equal(pick(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 4), [0, 4]);
});

test('a mask of two dimensions stands for two, also before a number, as in NumPy', () => {
  const x = arange(24).reshape([2, 3, 4]);
  const mask = tensor([
    [true, false, false],
    [false, false, true],
  ]);
  assert.equal(values(at(x, mask, 1)), [1, 21]);
  assert.equal(at(x, mask, slice(1, 3)).toArray(), [
    [1, 2],
    [21, 22],
  ]);
  assert.equal(values(at(x, mask, '...', -1)), [3, 23]);
  assert.equal(at(x, mask, null).shape, [2, 1, 4]);
  setAt(x, [mask, 0], -1);
  assert.equal(values(x.select(2, 0)), [-1, 4, 8, 12, 16, -1]);
});

test('lists are indices or masks, and typed arrays are too', () => {
  const x = arange(6).reshape([3, 2]);
  assert.equal(at(x, [2, -3]).toArray(), [
    [4, 5],
    [0, 1],
  ]);
  assert.equal(values(at(x, [true, false, true], 0)), [0, 4]);
  assert.equal(at(x, [[0], [1]], [0, 1]).toArray(), [
    [0, 1],
    [2, 3],
  ]);
  assert.equal(values(at(x, Int32Array.of(1), 1)), [3]);
  assert.equal(at(x, []).shape, [0, 2]);
  assert.equal(values(at(x, [2n], 1)), [5]);
});

test('setAt casts a value for a basic subscript, and numbers and lists for any', () => {
  const x = zeros([2, 3], { dtype: 'int32' });
  setAt(x, [0], tensor([1.7, 2.2, -3.9]));
  setAt(x, [1, [0, 2]], 4.9);
  setAt(x, [1, 1], true);
  assert.equal(values(x), [1, 2, -3, 4, 1, 4]);
  setAt(x, [[1, 0], 2], [7, 8]);
  setAt(x, [slice(), slice(null, 2)], [[5], [6]]);
  assert.equal(values(x), [5, 5, 8, 6, 6, 7]);
  setAt(x, [], 0);
  assert.equal(values(x), [0, 0, 0, 0, 0, 0]);
  const big = zeros([2], { dtype: 'int64' });
  setAt(big, [1], 2n ** 60n + 1n);
  assert.equal(big.toArray(), [0n, 2n ** 60n + 1n]);
  const flags = tensor([true, false, true]);
  setAt(flags, [flags], false);
  assert.equal(flags.toArray(), [false, false, false]);
});

test('setAt under a mask writes numbers, lists and tensors', () => {
  const x = arange(6).reshape([2, 3]);
  setAt(x, [x.gt(3)], Number.NaN);
  assert.equal(values(x), [0, 1, 2, 3, Number.NaN, Number.NaN]);
  setAt(x, [x.isnan()], [10, 20]);
  assert.equal(values(x), [0, 1, 2, 3, 10, 20]);
  setAt(x, [slice(), tensor([true, false, true])], 0.5);
  assert.equal(values(x), [0.5, 1, 0.5, 0.5, 10, 0.5]);
  setAt(x, [tensor([false, true])], tensor([1, 2, 3]));
  assert.equal(values(x), [0.5, 1, 0.5, 1, 2, 3]);
  setAt(x, [tensor([false, true]), '...'], 7);
  assert.equal(values(x), [0.5, 1, 0.5, 7, 7, 7]);
});

test('setAt may read what it writes', () => {
  const x = arange(5);
  setAt(x, [slice(1)], at(x, slice(0, -1)));
  assert.equal(values(x), [0, 0, 1, 2, 3]);
  const y = arange(5);
  setAt(y, [[4, 3, 2, 1, 0]], y);
  assert.equal(values(y), [4, 3, 2, 1, 0]);
});

test('what is no subscript of the tensor is refused, and nothing written', () => {
  const x = zeros(2, 3);
  const runs: [string, Subscript[], string, RegExp][] = [
    ['too many', [0, 0, 0], 'IndexError', /too many indices for tensor of dimension 2 \(got 3\)/],
    ['too many, mask', [x.eq(0), 0], 'IndexError', /too many indices/],
    ['large', [2], 'IndexError', /index 2 is out of bounds for dimension 0 with size 2/],
    ['negative', [0, -4], 'IndexError', /index -4 is out of bounds for dimension 1 with size 3/],
    ['after null', [null, 0, 3], 'IndexError', /index 3 is out of bounds for dimension 1 with size 3/],
    ['tensor', [slice(), int([0, 3])], 'IndexError', /index 3 is out of bounds for dimension 1 with size 3/],
    ['list', [[0, -3]], 'IndexError', /index -3 is out of bounds for dimension 0 with size 2/],
    ['0-d tensor', [int(2 as never)], 'IndexError', /index 2 is out of bounds for dimension 0 with size 2/],
    ['ellipses', ['...', '...'], 'IndexError', /single ellipsis/],
    ['fraction', [0.5], 'IndexError', /integers, but got 0.5/],
    ['fractions', [[0.5]], 'IndexError', /integers, but got 0.5/],
    ['float tensor', [tensor([0, 1])], 'DTypeError', /int32, int64 or bool.* float32/],
    ['undefined', [undefined as never], 'IndexError', /valid indices, but got undefined/],
    ['text', [':' as never], 'IndexError', /valid indices, but got :/],
    [
      'mask',
      [tensor([true, false, true])],
      'IndexError',
      /shape of the mask \[3\] at index 0 .* tensor \[2, 3\] at index 0/,
    ],
    ['mask, second', [slice(), tensor([true, false])], 'IndexError', /mask \[2\] at index 0 .* at index 1/],
    ['whole mask', [zeros(2, 2).eq(0)], 'IndexError', /mask \[2, 2\] at index 1 .* \[2, 3\] at index 1/],
    [
      'broadcast',
      [
        [0, 1],
        [0, 1, 2],
      ],
      'IndexError',
      /could not be broadcast together with shapes \[2\], \[3\]/,
    ],
  ];
  for (const [label, subscript, kind, message] of runs) {
    refuses(() => at(x, ...subscript), kind, message, `at ${label}`);
    refuses(() => setAt(x, subscript, 1), kind, message, `setAt ${label}`);
  }
  refuses(() => at(tensor(1), 0), 'IndexError', /0-dim tensor; use item\(\)/, '0-d');
  refuses(() => setAt(x, 0 as never, 1), 'IndexError', /as a list/, 'no list');
  refuses(() => setAt(x, [0], zeros(2, 3)), 'ShapeError', /shape/, 'value shape');
  refuses(() => setAt(x, [slice(0, 0)], zeros(5)), 'ShapeError', /must match/, 'value of an empty place');
  refuses(() => setAt(x, [[0, 1]], zeros(2, 4)), 'ShapeError', /\[2, 4\] cannot be broadcast .* \[2, 3\]/, 'values');
  refuses(() => setAt(x, [[0, 1]], int([1, 2, 3])), 'DTypeError', /float32 and int32/, 'dtype');
  refuses(() => setAt(x, [0], null as never), 'DTypeError', /cannot assign null/, 'null');
  assert.equal(values(x), [0, 0, 0, 0, 0, 0]);
  refuses(() => slice(0, 1, 0), 'ValueError', /greater than zero, but got 0/, 'step');
  refuses(() => slice(0, 1, -1), 'ValueError', /greater than zero/, 'negative step');
  refuses(() => slice(0.5), 'IndexError', /integers or null/, 'bound');
});

test('a boolean adds a dimension, of size 0 when it is false', () => {
  const x = arange(3);
  assert.equal(at(x, true).shape, [1, 3]);
  assert.equal(at(x, false).shape, [0, 3]);
  assert.equal(at(tensor(5), tensor(true)).toArray(), [5]);
  setAt(x, [false], 9);
  assert.equal(values(x), [0, 1, 2]);
  setAt(x, [true], 9);
  assert.equal(values(x), [9, 9, 9]);
});

test.run();
