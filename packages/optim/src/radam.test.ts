import { ones } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RAdam } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('RAdam');

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(
    () => new RAdam([p], { betas: [0.9, 1] }),
    /RAdam: invalid beta parameter at index 1: 1; it must be in \[0, 1\)/,
  );
  assert.throws(() => new RAdam([p], { betas: 0.9 as unknown as [number, number] }), /RAdam: invalid betas: 0.9/);
  assert.throws(() => new RAdam([p], { eps: -1 }), /RAdam: invalid epsilon: -1; it must be a number of at least 0/);
});

test.run();
