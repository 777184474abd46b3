/** Samples by index, whatever holds them. A file of its own, since workers of loaders load it. */

import type { Tensor } from '@torsor/core';
import { isTensor } from '@torsor/core';

/** Samples by index. Extend it, or give any object of this form. */
export interface Dataset<T> {
  /** Number of samples. */
  readonly length: number;
  /** The sample at an index from 0 to `length - 1`. */
  get(index: number): T;
  /** The samples at these indices as one batch, as `defaultCollate` makes it: a loader takes it if it can be had faster so. */
  getBatch?(indices: readonly number[]): unknown;
}

/** Samples by index: a dataset, a list of samples, or a tensor, whose rows are samples. */
export type Samples<T> = Dataset<T> | readonly T[] | (Tensor extends T ? Tensor : never);

/** Whether a list or a tensor is given in place of a dataset. */
export function isList(dataset: unknown): dataset is readonly unknown[] | Tensor {
  return Array.isArray(dataset) || isTensor(dataset);
}

/** The sample at an index. */
export function sampleAt<T>(dataset: Samples<T>, index: number): T {
  if (Array.isArray(dataset)) return dataset[index];
  return isTensor(dataset) ? (dataset.select(0, index) as T) : (dataset as Dataset<T>).get(index);
}
