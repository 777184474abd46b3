/** `DataLoader`: batches of a dataset. */

import type { Generator } from '@torsor/core';
import { defaultGenerator, named, symbolAsyncDispose, ValueError } from '@torsor/core';
import type { Collated } from './collate.ts';
import { defaultCollate, fetchBatch } from './collate.ts';
import { ImportedDataset } from './imported.ts';
import type { AsyncIterableDataset, IterableDataset } from './iterable.ts';
import { comesInOrder, lengthOf, samplesOf } from './iterable.ts';
import { LoaderWorkers } from './loaderWorkers.ts';
import type { Sampler } from './sampler.ts';
import {
  BatchSampler,
  checkCount,
  drawSeed,
  groupCount,
  grouped,
  groupedAsync,
  RandomSampler,
  SequentialSampler,
} from './sampler.ts';
import type { Samples } from './samples.ts';
import { sampleAt } from './samples.ts';

export interface DataLoaderOptions<T, B> {
  /** Samples a batch; 1 by default. */
  batchSize?: number;
  /** A new random order at each iteration. Default false. */
  shuffle?: boolean;
  /** The order to visit samples in; excludes `shuffle`. */
  sampler?: Sampler | null;
  /** Batches of indices; excludes `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: (Iterable<readonly number[]> & { readonly length: number }) | null;
  /**
   * Threads that prepare batches ahead of time, in the order of the sampler; 0, the default, makes them on the calling thread. With
   * workers the dataset must come from `importDataset`, and loops are `for await`. Iterable datasets have none.
   */
  numWorkers?: number;
  /** Makes a batch of samples; `defaultCollate` by default. Runs on the calling thread, with workers, too. */
  collateFn?: ((samples: T[]) => B) | null;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Where random numbers come from; PyTorch's default generator, as `manualSeed` seeded it, when left out. */
  generator?: Generator | null;
  /** Batches that each worker prepares ahead; 2 by default. */
  prefetchFactor?: number | null;
  /** Keep the workers from one iteration to the next; `close()` ends them. Default false. */
  persistentWorkers?: boolean;
}

const NAMES = [
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'numWorkers',
  'collateFn',
  'dropLast',
  'generator',
  'prefetchFactor',
  'persistentWorkers',
] as const;

/**
 * Iterates over batches of a dataset, or of a list of samples. Under the same seed, shuffling visits samples in PyTorch's order.
 *
 * An iterable dataset is read in its own order: it takes neither `shuffle` nor a sampler. Where its samples have to be waited for,
 * loops are `for await`.
 *
 * @example
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true });
 * for (const [x, y] of loader) train(x, y);
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B>, AsyncIterable<B>, AsyncDisposable {
  readonly dataset: Samples<T> | IterableDataset<T> | AsyncIterableDataset<T>;
  /** Null over an iterable dataset, whose samples have no indices. */
  readonly batchSampler: (Iterable<readonly number[]> & { readonly length: number }) | null;
  readonly generator: Generator | null;
  readonly numWorkers: number;
  readonly #batchSize: number;
  readonly #dropLast: boolean;
  readonly #collate: ((samples: T[]) => B) | null;
  readonly #prefetchFactor: number;
  readonly #isPersistent: boolean;
  /** Persistent workers that no iteration uses. */
  #idle: LoaderWorkers | null = null;

  constructor(
    dataset: Samples<T> | IterableDataset<T> | AsyncIterableDataset<T>,
    batchSize?: number | DataLoaderOptions<T, B>,
    shuffle?: boolean | DataLoaderOptions<T, B>,
    options?: DataLoaderOptions<T, B>,
  ) {
    type Values = Required<DataLoaderOptions<T, B>>;
    const [
      size,
      isShuffled,
      sampler,
      batchSampler,
      numWorkers = 0,
      collateFn,
      dropLast,
      generator,
      prefetchFactor,
      isPersistent = false,
    ] = named<
      [
        Values['batchSize'],
        Values['shuffle'],
        Values['sampler'],
        Values['batchSampler'],
        Values['numWorkers'],
        Values['collateFn'],
        Values['dropLast'],
        Values['generator'],
        Values['prefetchFactor'],
        Values['persistentWorkers'],
      ]
    >('DataLoader', NAMES, [batchSize, shuffle, options]);
    checkWorkers(dataset, numWorkers, prefetchFactor ?? null, isPersistent);
    if (batchSampler != null && (size !== undefined || isShuffled || sampler != null || dropLast)) {
      throw new ValueError('batchSampler is mutually exclusive with batchSize, shuffle, sampler and dropLast', {
        op: 'DataLoader',
      });
    }
    if (sampler != null && isShuffled) {
      throw new ValueError('sampler is mutually exclusive with shuffle', { op: 'DataLoader' });
    }
    this.dataset = dataset;
    this.generator = generator ?? null;
    this.numWorkers = numWorkers;
    this.#batchSize = checkCount('DataLoader', 'batchSize', size ?? 1);
    this.#dropLast = dropLast ?? false;
    this.#collate = collateFn ?? null;
    this.#prefetchFactor = prefetchFactor ?? 2;
    this.#isPersistent = isPersistent;
    if (comesInOrder<T>(dataset)) {
      checkUnordered({ shuffle: isShuffled, sampler, batchSampler });
      this.batchSampler = null;
    } else {
      const order =
        sampler ?? (isShuffled ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset));
      this.batchSampler = batchSampler ?? new BatchSampler(order, this.#batchSize, this.#dropLast);
    }
  }

  /**
   * Number of batches.
   *
   * @throws ValueError when the dataset is iterable and does not know its length
   */
  get length(): number {
    if (this.batchSampler !== null) return this.batchSampler.length;
    return groupCount(lengthOf('DataLoader', this.dataset), this.#batchSize, this.#dropLast);
  }

  [Symbol.iterator](): globalThis.Generator<B, void, undefined> {
    if (this.numWorkers > 0) {
      throw new ValueError('workers prepare batches asynchronously; iterate with for await', { op: 'DataLoader' });
    }
    return this.#batches();
  }

  *#batches(): globalThis.Generator<B, void, undefined> {
    this.#drawSeed();
    const { dataset } = this;
    if (comesInOrder<T>(dataset)) {
      for (const samples of grouped(samplesOf('DataLoader', dataset), this.#batchSize, this.#dropLast)) {
        yield this.#collated(samples);
      }
      return;
    }
    for (const indices of this.#indices()) {
      if (this.#collate === null) yield fetchBatch(dataset, indices) as B;
      else yield this.#collate(indices.map((i) => sampleAt(dataset, i)));
    }
  }

  /** Batches of samples that have to be waited for. */
  async *#awaited(dataset: AsyncIterableDataset<T>): AsyncGenerator<B, void, undefined> {
    this.#drawSeed();
    for await (const samples of groupedAsync(dataset, this.#batchSize, this.#dropLast)) yield this.#collated(samples);
  }

  #collated(samples: T[]): B {
    return this.#collate === null ? (defaultCollate(samples) as B) : this.#collate(samples);
  }

  #indices(): Iterable<readonly number[]> {
    return this.batchSampler ?? [];
  }

  /** PyTorch draws a seed for its workers at each iteration, whether it has any or not; so that what follows stays in step. */
  #drawSeed(): bigint {
    return drawSeed(this.generator ?? defaultGenerator);
  }

  /**
   * The same batches as without workers.
   *
   * @throws WorkerError when a worker throws, in the place of the batch that it was to make, with its error as `cause`
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    if (this.numWorkers === 0) {
      const { dataset } = this;
      yield* Symbol.asyncIterator in dataset && comesInOrder<T>(dataset) ? this.#awaited(dataset) : this.#batches();
      return;
    }
    const seed = this.#drawSeed();
    const kept = this.#idle;
    this.#idle = null;
    kept?.hold(true);
    const dataset = this.dataset as unknown as ImportedDataset<unknown>;
    const workers = kept ?? (await LoaderWorkers.start(dataset, this.numWorkers, seed));
    try {
      yield* this.#prefetched(workers);
    } finally {
      if (this.#isPersistent && this.#idle === null) {
        workers.hold(false);
        this.#idle = workers;
      } else await workers.close();
    }
  }

  async *#prefetched(workers: LoaderWorkers): AsyncGenerator<B, void, undefined> {
    const order = this.#indices()[Symbol.iterator]();
    const coming: Promise<unknown>[] = [];
    let asked = 0;
    const ask = (): void => {
      const { value, done } = order.next();
      if (done) return;
      const batch = workers.fetch(asked++, value, this.#collate === null);
      // It is heard when its turn comes, if it does.
      batch.catch(() => undefined);
      coming.push(batch);
    };
    for (let i = 0; i < this.numWorkers * this.#prefetchFactor; i++) ask();
    while (coming.length > 0) {
      const batch = await coming.shift();
      ask();
      yield this.#collate === null ? (batch as B) : this.#collate(batch as T[]);
    }
  }

  /** Ends persistent workers; a program ends without, too. */
  async close(): Promise<void> {
    const workers = this.#idle;
    this.#idle = null;
    await workers?.close();
  }

  async [symbolAsyncDispose](): Promise<void> {
    await this.close();
  }
}

/** @throws ValueError when an option speaks of the order of samples, which is that of the dataset */
function checkUnordered(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    throw new ValueError(`an iterable dataset is read in its own order: leave ${name} out`, { op: 'DataLoader' });
  }
}

function checkWorkers(dataset: unknown, count: number, prefetchFactor: number | null, isPersistent: boolean): void {
  const check = (holds: boolean, message: string): void => {
    if (!holds) throw new ValueError(message, { op: 'DataLoader' });
  };
  check(Number.isInteger(count) && count >= 0, `numWorkers must be a whole number, but got ${String(count)}`);
  if (count === 0) {
    check(prefetchFactor === null, 'prefetchFactor needs numWorkers > 0');
    check(!isPersistent, 'persistentWorkers needs numWorkers > 0');
    return;
  }
  check(
    prefetchFactor === null || (Number.isInteger(prefetchFactor) && prefetchFactor >= 1),
    `prefetchFactor must be a positive whole number, but got ${String(prefetchFactor)}`,
  );
  check(
    !comesInOrder(dataset),
    `an iterable dataset is read by the calling thread: leave numWorkers out, but got ${count}`,
  );
  check(
    dataset instanceof ImportedDataset,
    "numWorkers needs a dataset that workers can make: await importDataset(new URL('./dataset.js', import.meta.url))",
  );
}
