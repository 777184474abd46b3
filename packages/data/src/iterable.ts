/** Iterable datasets: samples one after the other, from a file, a network or a generator, without indices. */

import { show, ValueError } from '@torsor/core';
import { isList } from './samples.ts';

/**
 * Samples in the order in which they come. Any iterable is one: extend it to say how many samples there are, if that is known.
 *
 * @example
 * class Squares implements IterableDataset<number> {
 *   *[Symbol.iterator]() {
 *     for (let i = 0; i < 100; i++) yield i * i;
 *   }
 * }
 * for (const batch of new DataLoader(new Squares(), { batchSize: 10 })) console.log(batch.shape);
 */
export interface IterableDataset<T> extends Iterable<T> {
  /** Number of samples, where it is known. */
  readonly length?: number;
}

/** Samples that have to be waited for, such as the lines of a stream: a loader over them is iterated with `for await`. */
export interface AsyncIterableDataset<T> extends AsyncIterable<T> {
  /** Number of samples, where it is known. */
  readonly length?: number;
}

/** Whether samples come one after the other, rather than by index. */
export function isIterableDataset<T>(dataset: unknown): dataset is IterableDataset<T> | AsyncIterableDataset<T> {
  if (typeof dataset !== 'object' || dataset === null) return false;
  const { get } = dataset as { get?: unknown };
  return typeof get !== 'function' && (Symbol.iterator in dataset || Symbol.asyncIterator in dataset);
}

/** Whether a loader has to take samples as they come: an iterable dataset, and neither a list nor a tensor. */
export function comesInOrder<T>(dataset: unknown): dataset is IterableDataset<T> | AsyncIterableDataset<T> {
  return !isList(dataset) && isIterableDataset(dataset);
}

/** @throws ValueError when samples have to be waited for */
export function samplesOf<T>(op: string, dataset: IterableDataset<T> | AsyncIterableDataset<T>): Iterable<T> {
  if (Symbol.iterator in dataset) return dataset;
  throw new ValueError('the samples of this dataset have to be waited for; iterate with for await', { op });
}

/** @throws ValueError when the dataset does not say how many samples it has */
export function lengthOf(op: string, dataset: { readonly length?: number }): number {
  const { length } = dataset;
  if (typeof length === 'number') return length;
  throw new ValueError('the length of an iterable dataset is known only if it has one, and this one has none', { op });
}

/**
 * The samples of several iterable datasets, one dataset after the other. None is asked for its samples before its turn.
 *
 * @throws ValueError when one of them is no iterable dataset
 *
 * @example
 * new ChainDataset([readLines('a.txt'), readLines('b.txt')]);
 */
export class ChainDataset<T> implements IterableDataset<T>, AsyncIterableDataset<T> {
  readonly datasets: readonly (IterableDataset<T> | AsyncIterableDataset<T>)[];

  constructor(datasets: Iterable<IterableDataset<T> | AsyncIterableDataset<T>>) {
    this.datasets = [...datasets];
    this.datasets.forEach((dataset: unknown, i) => {
      if (isIterableDataset(dataset)) return;
      throw new ValueError(`takes iterable datasets only, but entry ${i} is ${show(dataset)}; see ConcatDataset`, {
        op: 'ChainDataset',
      });
    });
  }

  /**
   * Number of samples.
   *
   * @throws ValueError when one of the datasets does not know it
   */
  get length(): number {
    return this.datasets.reduce((sum, dataset) => sum + lengthOf('ChainDataset', dataset), 0);
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const dataset of this.datasets) yield* samplesOf('ChainDataset', dataset);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (const dataset of this.datasets) yield* dataset;
  }
}
