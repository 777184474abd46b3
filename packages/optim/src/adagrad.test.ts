import { ones, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Adagrad } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('Adagrad');

test('sums are there before the first step, and for groups that come later', () => {
  const optimizer = new Adagrad([ones(2, { requiresGrad: true })], { initialAccumulatorValue: 0.5 });
  optimizer.addParamGroup({ params: zeros(3, { requiresGrad: true }), initialAccumulatorValue: 2 });
  const { state } = optimizer.stateDict();
  assert.equal(
    Object.values(state).map((entries) => String(entries['sum'])),
    ['tensor([0.5000, 0.5000])', 'tensor([2., 2., 2.])'],
  );
  assert.equal(String(state['0']['step']), 'tensor(0.)');
});

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(
    () => new Adagrad([p], { lrDecay: -1 }),
    /Adagrad: invalid lrDecay: -1; it must be a number of at least 0/,
  );
  assert.throws(() => new Adagrad([p], 0.1, 0, 0, -2), /Adagrad: invalid initialAccumulatorValue: -2/);
});

test.run();
