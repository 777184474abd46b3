import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lastEnd, lastTasks, partsFor } from './gemm-plan.ts';
import { SQUARE, tileBlocks } from './winograd-tiles.ts';

/** What a part costs where all parts do `anew` again. */
const cost = (anew: number) => (parts: number) => 100 / parts + anew;

test('one thread cuts nothing more', () => {
  assert.is(partsFor(1, 3, 2, 8, cost(0)), 2);
});

test('tasks that threads share evenly stay whole, if parts do much anew', () => {
  assert.is(partsFor(2, 4, 1, 4, cost(30)), 1);
  assert.is(partsFor(2, 3, 1, 2, cost(5)), 2);
});

test('a thread that has emptied its queue takes from the next one', () => {
  assert.is(lastEnd([1, 1, 1], 2), 2);
  assert.is(lastEnd([1, 1, 1, 0.5], 2), 2);
  // Three of the first queue's end at 5; the third is taken when the second queue is empty, at 3.
  assert.is(lastEnd([2, 2, 1, 1, 1, 1], 2), 4);
  assert.is(lastEnd([1, 2], 4), 2);
  assert.is(lastEnd([], 3), 0);
});

test('a short last task is worth cutting for: 1 and ½, in thirds, are 0.83 and 0.67', () => {
  assert.is(partsFor(2, 2, 1, 3, cost(15)), 1);
  assert.is(partsFor(2, 2, 1, 3, cost(15), lastTasks(1, 6, 2, 4)), 3);
  assert.is(partsFor(2, 2, 1, 3, cost(50), lastTasks(1, 6, 2, 4)), 1);
});

test('what is left for the last task', () => {
  assert.equal(lastTasks(3, 14, 4, 4), { count: 3, part: 0.5 });
  assert.equal(lastTasks(1, 16, 4, 4), { count: 1, part: 1 });
});

test('images go into an even number of full blocks, as large as may be', () => {
  const shape = { dtype: 'float32', cin: 32, cout: 32, kh: 3, kw: 3, groups: 1 } as const;
  const sides = { h: 16, w: 16, oh: 16, ow: 16, padTop: 1, padLeft: 1 };
  const steps = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const blockOf = (n: number, most: number) =>
    tileBlocks({ ...shape, ...sides, ...steps, n }, SQUARE, 16 * most, 4).imageBlock;
  assert.is(blockOf(32, 6), 4);
  assert.is(blockOf(32, 3), 2);
  assert.is(blockOf(32, 8), 8);
  assert.is(blockOf(5, 8), 5);
  assert.is(blockOf(7, 1), 1);
  assert.is(blockOf(12, 6), 6);
});

test('so do lines of one large image, for threads', () => {
  const shape = { dtype: 'float32', n: 1, cin: 64, cout: 64, kh: 3, kw: 3, groups: 1, padTop: 1, padLeft: 1 } as const;
  const steps = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const linesOf = (side: number, isPaired: boolean) =>
    tileBlocks({ ...shape, ...steps, h: side, w: side, oh: side, ow: side }, SQUARE, 112, 4, isPaired).blockY;
  assert.is(linesOf(56, true), 7);
  assert.is(linesOf(56, false), 7);
  assert.is(linesOf(64, true), 4);
  assert.is(linesOf(64, false), 6);
});

test.run();
