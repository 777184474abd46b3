/** How samples make a batch. */

import type { Tensor } from '@torsor/core';
import { isTensor, stack, tensor, ValueError } from '@torsor/core';
import type { Dataset, Samples } from './samples.ts';
import { sampleAt } from './samples.ts';

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

/** A batch of a dataset: collated by itself if it can, else sample by sample. */
export function fetchBatch<T>(dataset: Samples<T>, indices: readonly number[]): Collated<T> {
  const batch = (dataset as Partial<Dataset<T>>).getBatch?.(indices) as Collated<T> | undefined;
  return batch ?? defaultCollate(indices.map((i) => sampleAt(dataset, i)));
}
