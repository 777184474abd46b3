/** Samplers: the order in which a loader visits a dataset. */

import { defaultGenerator, Generator, named, randperm, ValueError } from '@torsor/core';

/** Indices to visit, each time it is iterated. */
export interface Sampler extends Iterable<number> {
  readonly length: number;
}

/** 0, 1, 2, … */
export class SequentialSampler implements Sampler {
  readonly length: number;

  constructor(source: { readonly length: number }) {
    this.length = source.length;
  }

  *[Symbol.iterator](): Generator_<number> {
    for (let i = 0; i < this.length; i++) yield i;
  }
}

/** A JavaScript generator; `Generator` here is the source of random numbers. */
type Generator_<T> = globalThis.Generator<T, void, undefined>;

/** The low 63 bits of a draw, as `torch.empty((), dtype=int64).random_()`. */
export function drawSeed(generator: Generator): bigint {
  return BigInt.asUintN(63, generator.random64());
}

/**
 * All indices in a random order, another one at each iteration. As in PyTorch, the order comes from the generator given or from
 * one that is seeded from the default generator.
 */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly generator: Generator | null;

  constructor(source: { readonly length: number }, options: { generator?: Generator | null } = {}) {
    this.length = source.length;
    this.generator = options.generator ?? null;
  }

  *[Symbol.iterator](): Generator_<number> {
    const generator = this.generator ?? new Generator(drawSeed(defaultGenerator));
    for (const index of randperm(this.length, { generator }).toTypedArray()) yield Number(index);
    // PyTorch draws another order for the remainder that a whole pass does not have; the generator must end where PyTorch's does.
    randperm(this.length, { generator });
  }
}

/** Groups the indices of another sampler into batches. */
export class BatchSampler implements Iterable<number[]> {
  readonly sampler: Sampler;
  readonly batchSize: number;
  readonly dropLast: boolean;

  constructor(
    sampler: Sampler,
    batchSize: number | { batchSize: number; dropLast?: boolean },
    dropLast: boolean | { dropLast?: boolean } = false,
  ) {
    const [size, drop = false] = named<[number, boolean]>(
      'BatchSampler',
      ['batchSize', 'dropLast'],
      typeof batchSize === 'object' ? [batchSize] : [batchSize, dropLast],
    );
    if (size === undefined || !Number.isInteger(size) || size < 1) {
      throw new ValueError(`batchSize should be a positive integer, but got ${String(size)}`, { op: 'BatchSampler' });
    }
    this.sampler = sampler;
    this.batchSize = size;
    this.dropLast = drop;
  }

  get length(): number {
    const batches = this.sampler.length / this.batchSize;
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  *[Symbol.iterator](): Generator_<number[]> {
    let batch: number[] = [];
    for (const index of this.sampler) {
      batch.push(index);
      if (batch.length === this.batchSize) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0 && !this.dropLast) yield batch;
  }
}
