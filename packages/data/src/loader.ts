/** `DataLoader`: batches of a dataset. */

import type { Generator, Tensor } from '@torsor/core';
import {
  defaultGenerator,
  indexSelect,
  isTensor,
  NotImplementedError,
  named,
  stack,
  tensor,
  ValueError,
} from '@torsor/core';
import type { Dataset } from './dataset.ts';
import { TensorDataset } from './dataset.ts';
import type { Sampler } from './sampler.ts';
import { BatchSampler, drawSeed, RandomSampler, SequentialSampler } from './sampler.ts';

/** What the default collation makes of samples: tensors are stacked, numbers become tensors, structures keep their form. */
export type Collated<T> = T extends Tensor | number | boolean | bigint
  ? Tensor
  : T extends readonly unknown[]
    ? { [I in keyof T]: Collated<T[I]> }
    : T extends string
      ? string[]
      : T extends object
        ? { [K in keyof T]: Collated<T[K]> }
        : T[];

export interface DataLoaderOptions<T, B> {
  /** Samples a batch; 1 by default. */
  batchSize?: number;
  /** A new random order at each iteration. Default false. */
  shuffle?: boolean;
  /** The order to visit samples in; excludes `shuffle`. */
  sampler?: Sampler | null;
  /** Batches of indices; excludes `batchSize`, `shuffle`, `sampler` and `dropLast`. */
  batchSampler?: (Iterable<readonly number[]> & { readonly length: number }) | null;
  /** Must be 0: batches are made on the calling thread. */
  numWorkers?: number;
  /** Makes a batch of samples; `defaultCollate` by default. */
  collateFn?: ((samples: T[]) => B) | null;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  /** Where random numbers come from; PyTorch's default generator, as `manualSeed` seeded it, when left out. */
  generator?: Generator | null;
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
] as const;

/**
 * Iterates over batches of a dataset. Under the same seed, shuffling visits samples in PyTorch's order.
 *
 * @example
 * const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true });
 * for (const [x, y] of loader) train(x, y);
 */
export class DataLoader<T, B = Collated<T>> implements Iterable<B> {
  readonly dataset: Dataset<T>;
  readonly batchSampler: Iterable<readonly number[]> & { readonly length: number };
  readonly generator: Generator | null;
  readonly #collate: ((samples: T[]) => B) | null;

  constructor(
    dataset: Dataset<T>,
    batchSize?: number | DataLoaderOptions<T, B>,
    shuffle?: boolean | DataLoaderOptions<T, B>,
    options?: DataLoaderOptions<T, B>,
  ) {
    type Values = Required<DataLoaderOptions<T, B>>;
    const [size, isShuffled, sampler, batchSampler, numWorkers, collateFn, dropLast, generator] = named<
      [
        Values['batchSize'],
        Values['shuffle'],
        Values['sampler'],
        Values['batchSampler'],
        Values['numWorkers'],
        Values['collateFn'],
        Values['dropLast'],
        Values['generator'],
      ]
    >('DataLoader', NAMES, [batchSize, shuffle, options]);
    if (numWorkers !== undefined && numWorkers !== 0) {
      throw new NotImplementedError('numWorkers must be 0; batches are made on the calling thread', {
        op: 'DataLoader',
      });
    }
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
    this.#collate = collateFn ?? null;
    const order = sampler ?? (isShuffled ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset));
    this.batchSampler = batchSampler ?? new BatchSampler(order, size ?? 1, dropLast ?? false);
  }

  /** Number of batches. */
  get length(): number {
    return this.batchSampler.length;
  }

  *[Symbol.iterator](): globalThis.Generator<B, void, undefined> {
    // PyTorch draws a seed for its workers at each iteration, whether it has any or not; so that what follows stays in step.
    drawSeed(this.generator ?? defaultGenerator);
    for (const indices of this.batchSampler) yield this.#batch(indices);
  }

  #batch(indices: readonly number[]): B {
    if (this.#collate === null && this.dataset instanceof TensorDataset) {
      const index = tensor([...indices], { dtype: 'int32' });
      return this.dataset.tensors.map((x) => indexSelect(x, 0, index)) as B;
    }
    const samples = indices.map((i) => this.dataset.get(i));
    return this.#collate === null ? (defaultCollate(samples) as B) : this.#collate(samples);
  }
}

/**
 * A batch of samples: tensors are stacked, numbers, booleans and BigInts become tensors (numbers float32), lists and objects are
 * collated entry by entry, and anything else is left as a list.
 *
 * @throws ValueError when lists differ in length
 */
export function defaultCollate<T>(samples: readonly T[]): Collated<T> {
  return collate(samples) as Collated<T>;
}

function collate(samples: readonly unknown[]): unknown {
  const first = samples[0];
  if (isTensor(first)) return stack(samples as readonly Tensor[], 0);
  if (typeof first === 'number' || typeof first === 'boolean' || typeof first === 'bigint') {
    return tensor(samples as readonly number[]);
  }
  if (Array.isArray(first)) {
    const lists = samples as readonly (readonly unknown[])[];
    if (lists.some((list) => list.length !== first.length)) {
      throw new ValueError('each list of a batch must be of equal size', { op: 'defaultCollate' });
    }
    return first.map((_, i) => collate(lists.map((list) => list[i])));
  }
  if (typeof first === 'object' && first !== null && !ArrayBuffer.isView(first)) {
    const objects = samples as readonly Record<string, unknown>[];
    return Object.fromEntries(Object.keys(first).map((key) => [key, collate(objects.map((object) => object[key]))]));
  }
  return [...samples];
}
