import { ones } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RMSprop } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('RMSprop');

test('a group may be changed between steps: buffers are made when they are needed', () => {
  const p = ones(2, { requiresGrad: true });
  const optimizer = new RMSprop([p]);
  const keys = (): string[] => Object.keys(optimizer.stateDict().state['0']).sort();
  p.grad = ones(2);
  optimizer.step();
  assert.equal(keys(), ['square_avg', 'step']);
  const [group] = optimizer.paramGroups;
  group.momentum = 0.9;
  group.centered = true;
  optimizer.step();
  assert.equal(keys(), ['grad_avg', 'momentum_buffer', 'square_avg', 'step']);
});

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(
    () => new RMSprop([p], { alpha: -0.1 }),
    /RMSprop: invalid alpha: -0.1; it must be a number of at least 0/,
  );
  assert.throws(() => new RMSprop([p], { eps: Number.NaN }), /RMSprop: invalid epsilon: NaN/);
  assert.throws(() => new RMSprop([{ params: [p], momentum: -1 }]), /RMSprop: invalid momentum: -1/);
});

test.run();
