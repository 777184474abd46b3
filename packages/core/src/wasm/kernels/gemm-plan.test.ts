import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lastTasks, partsFor } from './gemm-plan.ts';
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

test('a short last task is worth cutting for: 1, 1, 1 and ½ are 2 to 1½, their halves 1¾ to 1¾', () => {
  assert.is(partsFor(2, 4, 1, 2, cost(10)), 1);
  assert.is(partsFor(2, 4, 1, 2, cost(10), lastTasks(1, 14, 4, 4)), 2);
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

test.run();
