import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatBank, MOST_KERNELS, parseBank, renamed, slotWeights, withWeight } from './bank.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test('a bank comes back from its text', () => {
  const text = 'vertical_blur.1_gabor*45_random*7_hand*1*0*-0.5';
  assert.is(formatBank(parseBank(text, 'blur')), text);
});

test('what a text misspells is left out, and a bank has at least one kernel and at most as many as fit', () => {
  assert.equal(parseBank('nonsense_blur_constructor', 'edge'), [{ name: 'blur', numbers: [] }]);
  assert.equal(parseBank('nonsense', 'edge'), [{ name: 'edge', numbers: [] }]);
  assert.is(parseBank(Array(40).fill('blur').join('_'), 'edge').length, MOST_KERNELS);
  assert.equal(parseBank('hand*1*x*2', 'edge')[0].numbers, [1, 0, 2]);
});

test('a blur of all channels is their mean, and one of a single channel leaves the others alone', () => {
  const extent = { inChannels: 4, height: 1, width: 3 };
  const all = slotWeights({ name: 'blur', numbers: [] }, extent);
  assert.is(all.length, 12);
  // twelve weights, each rounded by no more than half of 1e-5
  assert.ok(Math.abs(sum(all) - 1) < 6e-5);
  const one = slotWeights({ name: 'blur', channel: 2, numbers: [] }, extent);
  assert.ok(Math.abs(sum(one) - 1) < 3e-5);
  assert.ok(one.every((weight, i) => (weight !== 0) === (Math.floor(i / 3) === 2)));
  // a channel that is not there is the last one that is
  assert.equal(slotWeights({ name: 'blur', channel: 9, numbers: [] }, { ...extent, inChannels: 3 }).slice(6).length, 3);
});

test('the difference of left and right is zero where both are alike', () => {
  const weights = slotWeights({ name: 'difference', numbers: [] }, { inChannels: 2, height: 1, width: 3 });
  assert.equal(weights, [0, 0.5, 0, 0, -0.5, 0]);
});

test('a random kernel is the same for the same seed, and another for another', () => {
  const extent = { inChannels: 2, height: 3, width: 3 };
  const draw = (seed: number) => slotWeights({ name: 'random', numbers: [seed] }, extent);
  assert.equal(draw(3), draw(3));
  assert.not.equal(draw(3), draw(4));
});

test('a weight changed by hand keeps the others', () => {
  const extent = { inChannels: 1, height: 1, width: 3 };
  const slot = withWeight({ name: 'identity', numbers: [] }, extent, 0, -2);
  assert.equal(slot, { name: 'hand', numbers: [-2, 1, 0] });
  assert.equal(renamed({ name: 'identity', numbers: [] }, 'hand', extent).numbers, [0, 1, 0]);
});

test.run();
