import { ones } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NAdam } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

followsPyTorch('NAdam');

test('bad options are refused', () => {
  const p = ones(2, { requiresGrad: true });
  assert.throws(
    () => new NAdam([p], { betas: [0.9, 1] }),
    /NAdam: invalid beta parameter at index 1: 1; it must be in \[0, 1\)/,
  );
  assert.throws(() => new NAdam([p], { betas: 0.9 as unknown as [number, number] }), /NAdam: invalid betas: 0.9/);
  assert.throws(() => new NAdam([p], { eps: -1 }), /NAdam: invalid epsilon: -1; it must be a number of at least 0/);
});

test.run();
