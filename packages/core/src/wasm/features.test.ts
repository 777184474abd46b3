import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { features, isStrict, setStrict } from './features.ts';

test('features are probed once and frozen', () => {
  const found = features();
  assert.is(features(), found);
  assert.ok(Object.isFrozen(found));
  assert.is(found.simd, true);
  assert.is(found.strict, false);
  // Fused multiply-add is a relaxed instruction that rounds once.
  assert.ok(found.relaxedSimd || !found.fma);
});

test('strict mode takes relaxed instructions away, and gives them back', () => {
  const before = features();
  assert.is(setStrict(true), false);
  assert.is(isStrict(), true);
  const strict = features();
  assert.is(strict.relaxedSimd, false);
  assert.is(strict.fma, false);
  assert.is(strict.strict, true);
  assert.is(strict.simd, before.simd);
  assert.is(strict.sharedMemory, before.sharedMemory);
  assert.is(setStrict(false), true);
  assert.is(features(), before);
});

test.run();
