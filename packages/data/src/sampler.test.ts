/** Samplers draw what PyTorch's draw. */

import { Generator, manualSeed, rand, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/data.json' with { type: 'json' };
import type { Sampler } from './index.ts';
import { DataLoader, RandomSampler, SubsetRandomSampler, WeightedRandomSampler } from './index.ts';

const WEIGHTS = [0.1, 0.9, 0.4, 0, 0.7, 3, 0.6];
const things = (length: number) => ({ length, get: (i: number) => i });

/** In the order of `tools/fixtures/data.py`. */
const samplers: Readonly<Record<string, (generator: Generator | null) => Sampler>> = {
  subset: (generator) => new SubsetRandomSampler([5, 3, 8, 8, 1, 0], { generator }),
  weighted: (generator) => new WeightedRandomSampler(WEIGHTS, 10, { generator }),
  'one, weighted': (generator) => new WeightedRandomSampler(WEIGHTS, { numSamples: 1, generator }),
  'weighted, none twice': (generator) => new WeightedRandomSampler(tensor(WEIGHTS), 5, false, { generator }),
  'with replacement': (generator) => new RandomSampler(things(10), true, 70, { generator }),
  'with replacement, in whole blocks': (generator) => new RandomSampler(things(10), true, 64, { generator }),
  'in rounds': (generator) => new RandomSampler(things(5), { numSamples: 12, generator }),
  few: (generator) => new RandomSampler(things(5), false, 3, { generator }),
};

test('samplers draw what PyTorch draws from the default generator, one after the other', () => {
  manualSeed(3);
  Object.entries(samplers).forEach(([name, make], i) => {
    const sampler = make(null);
    for (const order of fixtures.samplers.default[i]) {
      assert.equal([...sampler], order, name);
      assert.is(sampler.length, order.length, name);
    }
  });
  assert.equal(rand(2).toArray(), fixtures.samplers.after);
});

for (const [i, [name, make]] of Object.entries(samplers).entries()) {
  test(`${name}: two orders from a generator of its own are PyTorch's`, () => {
    const sampler = make(new Generator(9));
    assert.equal([[...sampler], [...sampler]], fixtures.samplers.own[i]);
  });
}

test('a loader visits what its sampler says', () => {
  const sampler = new SubsetRandomSampler([5, 3, 8, 8, 1, 0], { generator: new Generator(9) });
  const batches = [...new DataLoader(things(10), { batchSize: 4, sampler })].map((batch) => batch.toArray());
  assert.equal(batches.flat(), fixtures.samplers.own[0][0]);
  assert.is(batches.length, 2);
});

test('nothing to draw from, nothing drawn', () => {
  assert.equal([...new SubsetRandomSampler([])], []);
  assert.equal([...new RandomSampler(things(0))], []);
});

test('samplers refuse what makes no sense, by name', () => {
  assert.throws(
    () => new WeightedRandomSampler(WEIGHTS, 0),
    /^WeightedRandomSampler: numSamples should be a positive integer, but got 0/,
  );
  assert.throws(() => new WeightedRandomSampler(WEIGHTS, {}), /numSamples should be a positive integer/);
  assert.throws(
    () => new WeightedRandomSampler(WEIGHTS, 2, 1 as never),
    /replacement should be true or false, but got 1/,
  );
  assert.throws(() => new WeightedRandomSampler(tensor([[1, 2]]), 2), /should be a vector, but have shape \[1, 2\]/);
  assert.throws(() => [...new WeightedRandomSampler([1, -1], 2)], /multinomial/);
  assert.throws(() => [...new WeightedRandomSampler([1, 2], 3, false)], /without replacement/);
  assert.throws(() => new WeightedRandomSampler(WEIGHTS, 2, { seed: 1 } as never), /unknown option 'seed'/);
  assert.throws(() => new RandomSampler(things(3), true, 1.5), /^RandomSampler: numSamples .* got 1.5/);
  assert.throws(() => new RandomSampler(things(3), 'yes' as never), /replacement should be true or false/);
  assert.throws(() => new SubsetRandomSampler([1], { seed: 1 } as never), /unknown option 'seed'/);
});

test.run();
