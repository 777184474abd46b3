/** Batches that workers prepare: the same as without, in order, with errors in their place. */

import type { Tensor } from '@torsor/core';
import { arange, Generator, manualSeed, rand, WorkerError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ImportDatasetOptions, ImportedDataset } from './index.ts';
import { DataLoader, importDataset, TensorDataset } from './index.ts';

const url = new URL(import.meta.url.replace(/workers\.test\.(\w+)$/, 'testing/datasets.$1'));
const load = <T>(exportName: string, ...args: unknown[]): Promise<ImportedDataset<T>> =>
  importDataset<T>(url, { exportName, args } satisfies ImportDatasetOptions);

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  return assert.unreachable('it should have thrown') as never;
}

const plain = (batches: Tensor[][]): unknown => batches.map((batch) => batch.map((x) => x.toArray()));

test('two workers give the batches of none, shuffled alike, and leave random numbers in step', async () => {
  const tensors = [arange(22).view(11, 2), arange(11, { dtype: 'int32' })];
  const dataset = await load<Tensor[]>('default', ...tensors);
  assert.is(dataset.length, 11);
  const run = async (numWorkers: number, persistentWorkers = false) => {
    manualSeed(3);
    await using loader = new DataLoader(dataset, { batchSize: 2, shuffle: true, numWorkers, persistentWorkers });
    const epochs = [plain(await collect(loader)), plain(await collect(loader))];
    return [...epochs, rand(2).toArray()];
  };
  const want = await run(0);
  assert.equal(await run(2), want);
  assert.equal(await run(3, true), want);
  manualSeed(3);
  assert.equal(plain([...new DataLoader(new TensorDataset(...tensors), { batchSize: 2, shuffle: true })]), want[0]);
});

test('samples of any structure arrive collated, or by collateFn, which runs here', async () => {
  const dataset = await load<{ x: Tensor; name: string; y: number }>('Records', 5, -1);
  const [first, , last] = await collect(new DataLoader(dataset, { batchSize: 2, numWorkers: 1 }));
  assert.equal(first.x.toArray(), [
    [0, 0.5],
    [1, 1.5],
  ]);
  assert.equal([first.name, first.y.toArray(), last.name], [['number 0', 'number 1'], [0, 1], ['number 4']]);
  const collateFn = (samples: { x: Tensor; name: string }[]) =>
    samples.map(({ x, name }) => `${name}: ${x.sum().item()}`);
  assert.equal(await collect(new DataLoader(dataset, { batchSize: 3, numWorkers: 2, collateFn })), [
    ['number 0: 0.5', 'number 1: 2.5', 'number 2: 4.5'],
    ['number 3: 6.5', 'number 4: 8.5'],
  ]);
});

test('an error comes in the place of its batch, with its stack', async () => {
  const dataset = await load<{ y: number }>('Records', 10, 5);
  const seen: unknown[] = [];
  const error = await rejection(
    (async () => {
      for await (const { y } of new DataLoader(dataset, { batchSize: 2, numWorkers: 2 })) seen.push(y.toArray());
    })(),
  );
  assert.equal(seen, [
    [0, 1],
    [2, 3],
  ]);
  assert.ok(error instanceof WorkerError);
  assert.match(error.message, /^DataLoader: worker 0 threw: record 5 is damaged$/);
  assert.is((error.cause as Error).name, 'RangeError');
  assert.match((error.cause as Error).stack ?? '', /datasets/);
});

test('workers draw from the seed of the loader plus their number, and workerInitFn is called', async () => {
  const dataset = await load<[Tensor, number]>('noise', 4);
  const loader = new DataLoader(dataset, { numWorkers: 2, generator: new Generator(5) });
  const batches = await collect(loader);
  // the seed that the loader drew
  const seed = BigInt.asUintN(63, new Generator(5).random64());
  const draws = [0n, 1n].map((worker) => {
    manualSeed(seed + worker);
    return [rand(1).item(), rand(1).item()];
  });
  assert.equal(
    batches.map(([x]) => x.item()),
    [draws[0][0], draws[1][0], draws[0][1], draws[1][1]],
  );
  assert.equal(
    batches.map(([, who]) => who.item()),
    [4, 104, 4, 104],
  );
});

test('persistent workers go on from one iteration to the next, after an early end, too', async () => {
  const dataset = await load<[Tensor, number]>('noise', 6);
  await using loader = new DataLoader(dataset, { numWorkers: 2, persistentWorkers: true, generator: new Generator(1) });
  for await (const _ of loader) break;
  const again = (await collect(loader)).map(([x]) => x.item());
  assert.is(new Set(again).size, 6);
  manualSeed(BigInt.asUintN(63, new Generator(1).random64()));
  const fresh = rand(6).toArray() as number[];
  assert.not(
    again.some((x) => x === fresh[0]),
    'the first draw was for the iteration before',
  );
  const both = await Promise.all([collect(loader), collect(loader)]);
  assert.equal(
    both.map((batches) => batches.length),
    [6, 6],
    'two at a time',
  );
  await loader.close();
  assert.is((await collect(loader)).length, 6, 'closed ones start again');
});

test('an early end of the loop ends the workers', async () => {
  const dataset = await load<{ y: number }>('Records', 1000, -1);
  for await (const { y } of new DataLoader(dataset, { batchSize: 10, numWorkers: 2, prefetchFactor: 4 })) {
    assert.is(y.shape[0], 10);
    break;
  }
});

test('a worker that dies is told of', async () => {
  const error = await rejection(
    collect(new DataLoader(await load<number>('mortal'), { numWorkers: 1, prefetchFactor: 1 })),
  );
  assert.ok(error instanceof WorkerError, String(error));
  assert.match(error.message, /worker 0 ended early/);
});

test('for await goes without workers, too; for without await does not with workers', async () => {
  const dataset = await load<{ y: number }>('Records', 3, -1);
  assert.is((await collect(new DataLoader(dataset))).length, 3);
  assert.throws(() => [...new DataLoader(dataset, { numWorkers: 1 })], /DataLoader: workers prepare .* for await/);
});

test('nonsense is refused', async () => {
  const dataset = await load<{ y: number }>('Records', 3, -1);
  assert.throws(() => new DataLoader(dataset, { numWorkers: -1 }), /numWorkers must be a whole number/);
  assert.throws(() => new DataLoader(dataset, { prefetchFactor: 2 }), /prefetchFactor needs numWorkers > 0/);
  assert.throws(() => new DataLoader(dataset, { persistentWorkers: true }), /persistentWorkers needs numWorkers > 0/);
  assert.throws(
    () => new DataLoader(dataset, { numWorkers: 1, prefetchFactor: 0 }),
    /prefetchFactor must be a positive/,
  );
  assert.throws(
    () => new DataLoader(new TensorDataset(arange(3)), { numWorkers: 1 }),
    /numWorkers needs a dataset that workers can make: await importDataset/,
  );
  assert.match((await rejection(load('number'))).message, /'number' of .* must make a dataset.*but gives 3/);
});

test.run();
