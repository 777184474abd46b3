import { ones, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ASGD } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('ASGD');

test('from step t0 + 2 on the average is that of the parameters since', () => {
  const p = tensor([0], { dtype: 'float64', requiresGrad: true });
  const optimizer = new ASGD([p], { lr: 1, lambd: 0, t0: 2 });
  const seen: number[] = [];
  for (const grad of [5, 3, -1, -1, -1]) {
    p.grad = tensor([grad], { dtype: 'float64' });
    optimizer.step();
    seen.push(p.item());
  }
  assert.equal(seen, [-5, -8, -7, -6, -5]);
  const { ax } = optimizer.stateDict().state['0'] as { ax: typeof p };
  assert.is(ax.item(), -5.5);
});

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(() => new ASGD([p], { weightDecay: -1 }), /ASGD: invalid weightDecay: -1/);
  assert.throws(() => new ASGD([p], { t0: Number.NaN }), /ASGD: invalid t0: NaN; it must be a finite number/);
});

test.run();
