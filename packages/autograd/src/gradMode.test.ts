import { AutogradError, ones, symbolDispose, type Tensor, tensor, ValueError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  enableGrad,
  inferenceMode,
  isAnomalyCheckNanEnabled,
  isAnomalyEnabled,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setDetectAnomaly,
  setGradEnabled,
} from './index.ts';

const x = tensor([1, 2], { requiresGrad: true });
const tracked = (): boolean => x.mul(2).requiresGrad;

test('noGrad as a function returns what the function returns, and ends with it', () => {
  const y = noGrad(() => {
    assert.is(isGradEnabled(), false);
    return x.mul(2);
  });
  assert.is(y.requiresGrad, false);
  assert.is(y.gradFn, null);
  assert.is(isGradEnabled(), true);
  assert.is(tracked(), true);
});

test('noGrad as a guard ends when it is disposed of, once', () => {
  const guard = noGrad();
  assert.is(tracked(), false);
  guard[symbolDispose]();
  assert.is(tracked(), true);
  const other = noGrad();
  guard[symbolDispose]();
  assert.is(tracked(), false);
  other[symbolDispose]();
  assert.is(tracked(), true);
});

test('modes nest, and end when the function throws', () => {
  noGrad(() => {
    enableGrad(() => assert.is(tracked(), true));
    assert.is(tracked(), false);
    assert.throws(() =>
      enableGrad(() => {
        throw new Error('out');
      }),
    );
    assert.is(isGradEnabled(), false);
  });
  assert.is(isGradEnabled(), true);
});

test('a function that returns a promise is refused, with the mode restored', () => {
  assert.throws(
    () => noGrad(async () => x.mul(2)),
    (e: unknown) => e instanceof AutogradError && /returned a promise.*synchronous parts/.test((e as Error).message),
  );
  assert.is(isGradEnabled(), true);
});

test('setGradEnabled sets at once, for a block, or for a function', () => {
  setGradEnabled(false);
  assert.is(tracked(), false);
  setGradEnabled(true);
  assert.is(tracked(), true);
  const guard = setGradEnabled(false);
  assert.is(tracked(), false);
  guard[symbolDispose]();
  assert.is(tracked(), true);
  assert.is(setGradEnabled(false, tracked), false);
  assert.is(setGradEnabled(true, tracked), true);
  assert.throws(
    () => setGradEnabled(1 as never),
    (e: unknown) => e instanceof ValueError,
  );
});

test('inferenceMode records nothing, even inside enableGrad, and marks what it makes', () => {
  const made = inferenceMode(() => {
    assert.is(isInferenceModeEnabled(), true);
    assert.is(isGradEnabled(), false);
    assert.is(enableGrad(tracked), false);
    return ones(2);
  });
  assert.is(made.isInference, true);
  assert.is(isInferenceModeEnabled(), false);
  assert.is(ones(2).isInference, false);
  const guard = inferenceMode();
  assert.is(ones(1).isInference, true);
  assert.is(
    inferenceMode(() => ones(1).isInference, false),
    false,
  );
  guard[symbolDispose]();
  assert.is(isGradEnabled(), true);
  const off = inferenceMode(false);
  assert.is(tracked(), true);
  off[symbolDispose]();
  assert.is(
    inferenceMode(() => isInferenceModeEnabled(), { mode: false }),
    false,
  );
});

test('what is passed instead of a function is an error', () => {
  assert.throws(
    () => noGrad(3 as never),
    (e: unknown) => e instanceof ValueError && /takes a function or nothing/.test((e as Error).message),
  );
});

test('under noGrad a leaf can be updated in place, and requiresGrad can be set', () => {
  const w = tensor([1, 2], { requiresGrad: true });
  noGrad(() => w.sub_(tensor([1, 1])));
  assert.equal(w.toArray(), [0, 1]);
  assert.is(w.requiresGrad, true);
  assert.is(w.isLeaf, true);
  const made: Tensor = noGrad(() => tensor([1], { requiresGrad: true }));
  assert.is(made.requiresGrad, true);
});

test('setDetectAnomaly is set back by its guard', () => {
  const guard = setDetectAnomaly(true, false);
  assert.is(isAnomalyEnabled(), true);
  assert.is(isAnomalyCheckNanEnabled(), false);
  guard[symbolDispose]();
  assert.is(isAnomalyEnabled(), false);
  assert.is(isAnomalyCheckNanEnabled(), true);
});

test.run();
