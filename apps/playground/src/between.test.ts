import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { between } from './between.ts';

test('a stroke passes through every row or column on its way', () => {
  assert.equal(between([2], [5]), [[3], [4], [5]]);
  assert.equal(between([0, 0], [2, -4]), [
    [1, -1],
    [1, -2],
    [2, -3],
    [2, -4],
  ]);
});

test('a press where the pointer is already is a point', () => {
  assert.equal(between([7, 3], [7, 3]), [[7, 3]]);
});

test.run();
