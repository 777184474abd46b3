import { ones, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Rprop } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('Rprop');

test('a turn shrinks the step and leaves it out once; a zero gradient changes nothing', () => {
  const p = tensor([0, 0, 0], { dtype: 'float64', requiresGrad: true });
  const optimizer = new Rprop([p], 1);
  const step = (grad: readonly number[]): unknown => {
    p.grad = tensor([...grad], { dtype: 'float64' });
    optimizer.step();
    return p.detach().toArray();
  };
  assert.equal(step([1, 1, 0]), [-1, -1, 0]);
  assert.equal(step([-1, 1, 0]), [-1, -2.2, 0]);
  assert.equal(step([-1, 1, 0]), [-0.5, -2.2 - 1.2 * 1.2, 0]);
});

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(
    () => new Rprop([p], { etas: [1, 2] }),
    /Rprop: invalid etas: \[1, 2\]; they must be below and above 1/,
  );
  assert.throws(() => new Rprop([p], { stepSizes: [1, 0] }), /Rprop: invalid stepSizes: \[1, 0\]/);
});

test.run();
