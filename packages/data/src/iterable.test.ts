/** Datasets without indices, and loaders over them. */

import type { Tensor } from '@torsor/core';
import { manualSeed, rand, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/data.json' with { type: 'json' };
import type { AsyncIterableDataset, IterableDataset } from './index.ts';
import { ChainDataset, ConcatDataset, DataLoader, SequentialSampler } from './index.ts';

/** The numbers of a range; how often it was read to its end, or left. */
class Count implements IterableDataset<number> {
  readonly length: number;
  readonly #start: number;
  closed = 0;

  constructor(start: number, end: number) {
    this.#start = start;
    this.length = end - start;
  }

  *[Symbol.iterator]() {
    try {
      for (let i = 0; i < this.length; i++) yield this.#start + i;
    } finally {
      this.closed++;
    }
  }
}

/** As `Count`, but each number comes later. */
function slow(start: number, end: number): AsyncIterableDataset<number> {
  return {
    async *[Symbol.asyncIterator]() {
      for (let i = start; i < end; i++) yield await Promise.resolve(i);
    },
  };
}

const list = (batches: Iterable<Tensor>): unknown[] => [...batches].map((batch) => batch.toArray());

async function listAsync(batches: AsyncIterable<Tensor>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const batch of batches) all.push(batch.toArray());
  return all;
}

const chain = () => new ChainDataset([new Count(0, 3), new Count(10, 14)]);

test("batches of an iterable dataset are PyTorch's, and leave random numbers in step", () => {
  manualSeed(4);
  const loaders = [{ batchSize: 3 }, { batchSize: 3, dropLast: true }, {}].map((o) => new DataLoader(chain(), o));
  assert.equal(loaders.map(list), fixtures.stream.batches);
  assert.equal(
    loaders.map((loader) => loader.length),
    fixtures.stream.lengths,
  );
  assert.equal(rand(2).toArray(), fixtures.stream.after);
});

test('they are the same in a loop that waits, and when samples have to be waited for', async () => {
  manualSeed(4);
  assert.equal(await listAsync(new DataLoader(chain(), 3)), fixtures.stream.batches[0]);
  const mixed = new ChainDataset([new Count(0, 3), slow(10, 14)]);
  assert.equal(await listAsync(new DataLoader(mixed, 3, { dropLast: true })), fixtures.stream.batches[1]);
  assert.equal(await listAsync(new DataLoader(mixed)), fixtures.stream.batches[2]);
  assert.equal(rand(2).toArray(), fixtures.stream.after);
});

test('any iterable is a dataset; samples are collated, or given to collateFn', () => {
  const pairs = [
    { x: tensor([1, 2]), y: 0 },
    { x: tensor([3, 4]), y: 1 },
    { x: tensor([5, 6]), y: 0 },
  ];
  const [first, last] = new DataLoader(pairs, { batchSize: 2 });
  assert.equal(
    [first.x.shape, first.y.toArray(), last.x.shape],
    [
      [2, 2],
      [0, 1],
      [1, 2],
    ],
  );
  const sizes = new DataLoader(new Set(pairs), { batchSize: 2, collateFn: (samples) => samples.length });
  assert.equal([...sizes], [2, 1]);
  assert.equal([...new DataLoader([] as number[], 4)], []);
});

test('leaving a loop leaves the dataset too; each loop reads it anew', () => {
  const count = new Count(0, 100);
  const loader = new DataLoader(new ChainDataset([count]), 4);
  for (const _ of loader) break;
  assert.is(count.closed, 1);
  assert.is([...loader].length, 25);
  assert.is(count.closed, 2);
});

test('a length that nobody knows is asked for only when it is wanted', async () => {
  const loader = new DataLoader(slow(0, 3), 2);
  assert.equal(await listAsync(loader), [[0, 1], [2]]);
  assert.throws(() => loader.length, /^DataLoader: the length of an iterable dataset/);
  assert.throws(() => new ChainDataset([[1], slow(0, 2)]).length, /^ChainDataset: the length/);
  assert.is(new ChainDataset([[1], [2, 3]]).length, 3);
});

test('what speaks of an order or of indices is refused', () => {
  const sampler = new SequentialSampler({ length: 3 });
  const rule = (name: string): RegExp =>
    new RegExp(`^DataLoader: an iterable dataset is read in its own order: leave ${name} out`);
  assert.throws(() => new DataLoader(chain(), { shuffle: true }), rule('shuffle'));
  assert.throws(() => new DataLoader(chain(), { sampler }), rule('sampler'));
  assert.throws(() => new DataLoader(chain(), { batchSampler: [[0]] }), rule('batchSampler'));
  assert.throws(() => new DataLoader(chain(), { batchSize: 0 }), /^DataLoader: batchSize should be a positive integer/);
  assert.throws(
    () => new DataLoader(chain(), { numWorkers: 2 }),
    /read by the calling thread: leave numWorkers out, but got 2/,
  );
  assert.throws(() => [...new DataLoader(slow(0, 3))], /^DataLoader: .*iterate with for await/);
  assert.throws(() => [...new ChainDataset([[1], slow(0, 3)])], /^ChainDataset: .*iterate with for await/);
  const indexed = { length: 1, get: () => 0 };
  assert.throws(() => new ChainDataset([indexed as never]), /^ChainDataset: takes iterable datasets only, but entry 0/);
  assert.is(new ConcatDataset([indexed]).length, 1);
});

test.run();
