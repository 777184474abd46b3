import { ones, tensor, zeros } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { brief, inline, rowsOf, shapeText } from './print.ts';
import { fitTo, valueOf } from './value.ts';

for (const [value, text] of [
  [0, '0'],
  [-0, '0'],
  [12, '12'],
  [-1.5, '−1.5'],
  [1 / 3, '0.3333'],
  [0.0001, '1.0e−4'],
  [1e7, '1.0e7'],
  [Number.NaN, 'NaN'],
  [-1 / 0, '−∞'],
] as const) {
  test(`${value} is written ${text}`, () => assert.is(brief(value), text));
}

test('columns stand under each other', () => {
  assert.equal(rowsOf(valueOf(tensor([[1, -20], [3, 4]]))), ['1  −20', '3    4']); // biome-ignore format: a matrix
  assert.equal(rowsOf(valueOf(tensor(4.5))), ['4.5']);
  assert.equal(rowsOf(valueOf(zeros(0))), ['empty']);
});

test('of a large tensor there is a corner, and dots', () => {
  assert.equal(rowsOf(valueOf(ones(20))), ['1  1  1  1  1  1  …']);
  const rows = rowsOf(valueOf(ones(9, 9)));
  assert.equal(rows, [...Array(5).fill('1  1  1  1  1  1  …'), '⋮']);
  const value = valueOf(ones(2, 3, 2, 2));
  assert.equal([value.shape, value.data.length, value.isWhole], [[2, 3, 2, 2], 4, false]);
  assert.equal(rowsOf(value), ['1  1', '1  1', '⋮']);
});

test('on one line it has its brackets', () => {
  assert.is(inline(valueOf(tensor(2))), '2');
  assert.is(inline(valueOf(tensor([1, 2]))), '[1, 2]');
  assert.is(inline(valueOf(tensor([[1], [2]]))), '[[1], [2]]');
  assert.is(inline(valueOf(ones(9))), '[1, 1, 1, 1, 1, 1, …]');
  assert.is(shapeText([]), 'scalar');
});

test('a gradient is summed over what was broadcast', () => {
  assert.equal(fitTo(ones(4, 3, 2), [3, 1]).toArray(), [[8], [8], [8]]);
  assert.equal(fitTo(ones(3), []).item(), 3);
  assert.equal(fitTo(ones(2, 2), [2, 2]).toArray(), [[1, 1], [1, 1]]); // biome-ignore format: a matrix
});

test.run();
