import { ones } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Adadelta } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('Adadelta');

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(() => new Adadelta([p], { rho: 1.5 }), /Adadelta: invalid rho: 1.5; it must be a number from 0 to 1/);
  assert.throws(() => new Adadelta([p], { weightDecay: -1 }), /Adadelta: invalid weightDecay: -1/);
});

test.run();
