/** Datasets that a module makes, and so workers, too. */

import { fromMessage, show, toMessage, ValueError } from '@torsor/core';
import type { Collated } from './collate.ts';
import { fetchBatch } from './collate.ts';
import type { Dataset } from './samples.ts';

/** Where a dataset comes from, in a form that can be sent to a worker. */
export interface DatasetSource {
  readonly module: string;
  readonly exportName: string;
  /** As `toMessage` makes it. */
  readonly args: unknown;
}

/** Options of `importDataset`. */
export interface ImportDatasetOptions {
  /** Which export makes the dataset; default `'default'`. */
  readonly exportName?: string;
  /** What it is given: anything that can be cloned, and tensors. */
  readonly args?: readonly unknown[];
}

/** A dataset that its module has made; a loader's workers make it again for themselves. */
export class ImportedDataset<T> implements Dataset<T> {
  readonly dataset: Dataset<T>;
  readonly #module: string;
  readonly #exportName: string;
  readonly #args: readonly unknown[];

  /** @internal */
  constructor(dataset: Dataset<T>, module: string, exportName: string, args: readonly unknown[]) {
    this.dataset = dataset;
    this.#module = module;
    this.#exportName = exportName;
    this.#args = args;
  }

  get length(): number {
    return this.dataset.length;
  }

  get(index: number): T {
    return this.dataset.get(index);
  }

  getBatch(indices: readonly number[]): Collated<T> {
    return fetchBatch(this.dataset, indices);
  }

  /** @internal Copied anew for each worker, since what a tensor travels as is moved. */
  source(): { source: DatasetSource; transfer: ArrayBuffer[] } {
    const { message, transfer } = toMessage(this.#args);
    return { source: { module: this.#module, exportName: this.#exportName, args: message }, transfer };
  }
}

/** A module that makes a dataset. */
export interface DatasetModule {
  /** Called in each worker when it starts, after its random numbers were seeded. */
  readonly workerInitFn?: (workerId: number, dataset: Dataset<unknown>) => unknown;
}

/** Imports the module and lets it make its dataset. */
export async function makeDataset(
  url: string,
  exportName: string,
  args: readonly unknown[],
): Promise<{ dataset: Dataset<unknown>; module: DatasetModule }> {
  const module = await import(/* @vite-ignore */ /* webpackIgnore: true */ url);
  const make: unknown = module[exportName];
  let dataset = make;
  if (typeof make === 'function') {
    const isClass = /^class\b/.test(Function.prototype.toString.call(make));
    dataset = await (isClass ? Reflect.construct(make, args) : make(...args));
  }
  const { length, get } = (dataset ?? {}) as Partial<Dataset<unknown>>;
  if (typeof length !== 'number' || typeof get !== 'function') {
    throw new ValueError(
      `'${exportName}' of ${url} must make a dataset, with length and get, but gives ${show(dataset)}`,
      {
        op: 'importDataset',
      },
    );
  }
  return { dataset: dataset as Dataset<unknown>, module };
}

/** A dataset in a worker. */
export function makeFromSource({ module, exportName, args }: DatasetSource): ReturnType<typeof makeDataset> {
  return makeDataset(module, exportName, fromMessage(args) as readonly unknown[]);
}

/**
 * Makes a dataset by a module: its default export is the dataset, or a class or a function, synchronous or not, that makes it of
 * `args`. It must make the same samples each time, since the workers of `DataLoader({ numWorkers })` call it, too. What the module
 * exports as `workerInitFn(workerId, dataset)` is called in each worker at its start.
 *
 * @throws ValueError when what comes of it is no dataset
 *
 * @example
 * const dataset = await importDataset(new URL('./images.js', import.meta.url), { args: ['photos/'] });
 * for await (const [x, y] of new DataLoader(dataset, { batchSize: 64, numWorkers: 2 })) train(x, y);
 */
export async function importDataset<T>(
  module: URL | string,
  { exportName = 'default', args = [] }: ImportDatasetOptions = {},
): Promise<ImportedDataset<T>> {
  const { href } = new URL(module);
  const { dataset } = await makeDataset(href, exportName, args);
  return new ImportedDataset(dataset as Dataset<T>, href, exportName, args);
}
