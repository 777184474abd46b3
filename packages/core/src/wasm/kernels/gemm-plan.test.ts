import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { partsFor } from './gemm-plan.ts';
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

test('images go into an even number of blocks, as large as may be', () => {
  const shape = { dtype: 'float32', cin: 32, cout: 32, kh: 3, kw: 3, groups: 1 } as const;
  const sides = { h: 16, w: 16, oh: 16, ow: 16, padTop: 1, padLeft: 1 };
  const steps = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const blocksOf = (n: number, most: number) => {
    const { blocksN, imageBlock } = tileBlocks({ ...shape, ...sides, ...steps, n }, SQUARE, 16 * most, 4);
    return [blocksN, imageBlock];
  };
  assert.equal(blocksOf(32, 6), [6, 6]);
  assert.equal(blocksOf(32, 3), [12, 3]);
  assert.equal(blocksOf(32, 8), [4, 8]);
  assert.equal(blocksOf(9, 4), [4, 3]);
  assert.equal(blocksOf(5, 8), [1, 5]);
  assert.equal(blocksOf(7, 1), [7, 1]);
  assert.equal(blocksOf(12, 6), [2, 6]);
  assert.equal(blocksOf(0, 6), [0, 0]);
});

test('so do lines of one large image, for threads', () => {
  const shape = { dtype: 'float32', n: 1, cin: 64, cout: 64, kh: 3, kw: 3, groups: 1, padTop: 1, padLeft: 1 } as const;
  const steps = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const linesOf = (side: number, isPaired: boolean) => {
    const c = { ...shape, ...steps, h: side, w: side, oh: side, ow: side };
    const { blocksY, blockY } = tileBlocks(c, SQUARE, 112, 4, isPaired);
    return [blocksY, blockY];
  };
  assert.equal(linesOf(56, true), [2, 7]);
  assert.equal(linesOf(56, false), [2, 7]);
  assert.equal(linesOf(64, true), [4, 4]);
  assert.equal(linesOf(64, false), [3, 6]);
});

test('columns of a long line go into blocks of a multiple, about equal', () => {
  const line = { dtype: 'float32', n: 2, cin: 8, cout: 8, kh: 3, kw: 3, groups: 1, padTop: 1, padLeft: 1 } as const;
  const steps = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1 };
  const { blocksN, blocksX, blockX } = tileBlocks({ ...line, ...steps, h: 4, w: 2048, oh: 4, ow: 2048 }, SQUARE, 96, 4);
  assert.equal([blocksN, blocksX, blockX], [2, 6, 88]);
});

test.run();
