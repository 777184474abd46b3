/** Datasets: samples by index. */

import type { Generator, Tensor } from '@torsor/core';
import { IndexError, indexSelect, randperm, ShapeError, tensor, ValueError } from '@torsor/core';
import type { Dataset, Samples } from './samples.ts';
import { sampleAt } from './samples.ts';

/** As many tensors. */
type Each<T extends readonly Tensor[]> = { -readonly [I in keyof T]: Tensor };

/**
 * Tensors that share their first dimension, as samples: sample i holds entry i of each.
 *
 * @typeParam T how many there are, `[Tensor, Tensor]`, which samples and batches know by their types; `Tensor[]` where it is not known
 *
 * @throws ShapeError when the first dimensions differ
 *
 * @example
 * const dataset = new TensorDataset(images, labels);
 * const [image, label] = dataset.get(0);
 */
export class TensorDataset<T extends readonly Tensor[] = Tensor[]> implements Dataset<Each<T>> {
  readonly tensors: T;

  constructor(...tensors: T) {
    const first = tensors[0];
    if (first === undefined || tensors.some((x) => x.ndim === 0 || x.shape[0] !== first.shape[0])) {
      const shapes = tensors.map((x) => `[${x.shape.join(', ')}]`).join(', ');
      throw new ShapeError(
        `size mismatch between tensors; the first dimensions must be equal, but shapes are ${shapes}`,
        {
          op: 'TensorDataset',
        },
      );
    }
    this.tensors = tensors;
  }

  get length(): number {
    return this.tensors[0].shape[0];
  }

  get(index: number): Each<T> {
    return this.tensors.map((x) => x.select(0, index)) as unknown as Each<T>;
  }

  getBatch(indices: readonly number[]): Each<T> {
    const index = tensor([...indices], { dtype: 'int32' });
    return this.tensors.map((x) => indexSelect(x, 0, index)) as unknown as Each<T>;
  }
}

/** Some samples of another dataset, or of a list. */
export class Subset<T> implements Dataset<T> {
  readonly dataset: Samples<T>;
  readonly indices: readonly number[];

  constructor(dataset: Samples<T>, indices: readonly number[]) {
    this.dataset = dataset;
    this.indices = indices;
  }

  get length(): number {
    return this.indices.length;
  }

  get(index: number): T {
    if (!(index >= 0 && index < this.indices.length)) {
      throw new IndexError(`index ${index} is out of range for ${this.indices.length} samples`, { op: 'Subset' });
    }
    return sampleAt(this.dataset, this.indices[index]);
  }
}

/** The samples of several datasets, or lists, one after the other. */
export class ConcatDataset<T> implements Dataset<T> {
  readonly datasets: readonly Samples<T>[];

  constructor(datasets: readonly Samples<T>[]) {
    if (datasets.length === 0) throw new ValueError('needs at least one dataset', { op: 'ConcatDataset' });
    this.datasets = datasets;
  }

  get length(): number {
    return this.datasets.reduce((sum, dataset) => sum + dataset.length, 0);
  }

  get(index: number): T {
    let rest = index;
    if (index >= 0) {
      for (const dataset of this.datasets) {
        if (rest < dataset.length) return sampleAt(dataset, rest);
        rest -= dataset.length;
      }
    }
    throw new IndexError(`index ${index} is out of range for ${this.length} samples`, { op: 'ConcatDataset' });
  }
}

/**
 * Splits a dataset, or a list, at random into parts of the lengths given; fractions that sum to 1 are shares of the whole. Drawn as
 * `torch.utils.data.random_split` draws.
 *
 * @throws ValueError when the lengths do not sum to that of the dataset
 */
export function randomSplit<T>(
  dataset: Samples<T>,
  lengths: readonly number[],
  options: { generator?: Generator } = {},
): Subset<T>[] {
  const total = lengths.reduce((a, b) => a + b, 0);
  let sizes = [...lengths];
  if (Math.abs(total - 1) < 1e-9 && lengths.every((n) => n >= 0 && n <= 1)) {
    sizes = lengths.map((share) => Math.floor(dataset.length * share));
    let rest = dataset.length - sizes.reduce((a, b) => a + b, 0);
    for (let i = 0; rest > 0; i++, rest--) sizes[i % sizes.length]++;
  } else if (total !== dataset.length || lengths.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ValueError(`lengths [${lengths.join(', ')}] do not sum to ${dataset.length}, the length of the dataset`, {
      op: 'randomSplit',
    });
  }
  const order = Array.from(randperm(dataset.length, options).toTypedArray(), Number);
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return new Subset(dataset, order.slice(start - size, start));
  });
}
