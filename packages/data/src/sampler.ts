/** Samplers: the order in which a loader visits a dataset. */

import type { Tensor } from '@torsor/core';
import {
  defaultGenerator,
  Generator,
  isTensor,
  multinomial,
  named,
  randint,
  randperm,
  ShapeError,
  show,
  tensor,
  ValueError,
} from '@torsor/core';

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

/** @throws ValueError when the value is no integer of at least 1 */
export function checkCount(op: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw new ValueError(`${name} should be a positive integer, but got ${show(value)}`, {
    op,
    operands: { [name]: value },
  });
}

/** @throws ValueError when the value is neither true nor false */
function checkFlag(op: string, name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError(`${name} should be true or false, but got ${show(value)}`, { op, operands: { [name]: value } });
}

export interface RandomSamplerOptions {
  /** Draw each index from all, whatever was drawn before. Default false. */
  readonly replacement?: boolean;
  /** How many indices to draw: all, unless told otherwise. More than there are makes further rounds. */
  readonly numSamples?: number | null;
  /** Where random numbers come from. */
  readonly generator?: Generator | null;
}

/** PyTorch draws as many indices with replacement at once. */
const BLOCK = 32;

/**
 * Indices in a random order, another one at each iteration. As in PyTorch, the order comes from the generator given or from
 * one that is seeded from the default generator.
 *
 * @param source what has a length
 * @param replacement whether each index is drawn from all, whatever was drawn before; false by default
 * @param numSamples how many to draw; by default, or null, as many as there are
 */
export class RandomSampler implements Sampler {
  readonly length: number;
  readonly replacement: boolean;
  readonly generator: Generator | null;
  readonly #count: number;

  constructor(
    source: { readonly length: number },
    replacement?: boolean | RandomSamplerOptions,
    numSamples?: number | null | RandomSamplerOptions,
    options?: RandomSamplerOptions,
  ) {
    const op = 'RandomSampler';
    const [replace = false, count = null, generator = null] = named<[boolean, number | null, Generator | null]>(
      op,
      ['replacement', 'numSamples', 'generator'],
      [replacement, numSamples, options],
    );
    this.replacement = checkFlag(op, 'replacement', replace);
    this.#count = source.length;
    this.length = count === null ? this.#count : checkCount(op, 'numSamples', count);
    this.generator = generator;
  }

  *[Symbol.iterator](): Generator_<number> {
    const count = this.#count;
    const generator = this.generator ?? new Generator(drawSeed(defaultGenerator));
    const size = this.replacement ? BLOCK : count;
    // A last round is drawn even where nothing of it is needed, as in PyTorch: the generator must end where PyTorch's does.
    for (let left = this.length; left >= 0 && count > 0; left -= size) {
      const round = this.replacement
        ? randint(count, [Math.min(left, size)], { generator })
        : randperm(count, { generator });
      for (const index of round.toTypedArray().subarray(0, left)) yield Number(index);
    }
  }
}

/**
 * The indices given, in a random order, another one at each iteration; drawn from the generator given or the default one.
 *
 * @example
 * const order = Array.from(randperm(100).toTypedArray(), Number);
 * new DataLoader(dataset, { batchSize: 8, sampler: new SubsetRandomSampler(order.slice(0, 80)) });
 */
export class SubsetRandomSampler implements Sampler {
  readonly indices: readonly number[];
  readonly generator: Generator | null;

  constructor(indices: readonly number[], options?: { readonly generator?: Generator | null }) {
    const [generator = null] = named<[Generator | null]>('SubsetRandomSampler', ['generator'], [options]);
    this.indices = indices;
    this.generator = generator;
  }

  get length(): number {
    return this.indices.length;
  }

  *[Symbol.iterator](): Generator_<number> {
    const order = randperm(this.indices.length, { generator: this.generator }).toTypedArray();
    for (const at of order) yield this.indices[Number(at)];
  }
}

export interface WeightedRandomSamplerOptions {
  /** How many indices to draw. */
  readonly numSamples?: number;
  /** Whether an index may be drawn again; true by default. */
  readonly replacement?: boolean;
  /** Where random numbers come from; the default generator when left out. */
  readonly generator?: Generator | null;
}

/**
 * Indices drawn with the probabilities that their weights say, other ones at each iteration: rare classes can be seen as often as
 * frequent ones.
 *
 * @param weights one for each sample, at least 0; they need not sum to 1
 * @param numSamples how many to draw
 * @param replacement whether an index may be drawn again; true by default
 * @throws ShapeError when the weights are no vector; in iterating, ValueError when one is negative or not finite, or there are fewer
 *   than are to be drawn without replacement
 *
 * @example
 * const weights = labels.map((label) => 1 / counts[label]);
 * new DataLoader(dataset, { batchSize: 8, sampler: new WeightedRandomSampler(weights, weights.length) });
 */
export class WeightedRandomSampler implements Sampler {
  /** `[n]`, float64. */
  readonly weights: Tensor;
  readonly length: number;
  readonly replacement: boolean;
  readonly generator: Generator | null;

  constructor(
    weights: Tensor | Iterable<number>,
    numSamples: number | WeightedRandomSamplerOptions,
    replacement?: boolean | WeightedRandomSamplerOptions,
    options?: WeightedRandomSamplerOptions,
  ) {
    const op = 'WeightedRandomSampler';
    const [count, replace = true, generator = null] = named<[number, boolean, Generator | null]>(
      op,
      ['numSamples', 'replacement', 'generator'],
      [numSamples, replacement, options],
    );
    this.length = checkCount(op, 'numSamples', count);
    this.replacement = checkFlag(op, 'replacement', replace);
    this.weights = isTensor(weights)
      ? weights.detach().to('float64')
      : tensor(Array.from(weights), { dtype: 'float64' });
    if (this.weights.ndim !== 1) {
      throw new ShapeError(`weights should be a vector, but have shape [${this.weights.shape.join(', ')}]`, {
        op,
        operands: { weights: this.weights.shape },
      });
    }
    this.generator = generator;
  }

  *[Symbol.iterator](): Generator_<number> {
    const { weights, length, replacement, generator } = this;
    for (const index of multinomial(weights, length, replacement, { generator }).toTypedArray()) yield Number(index);
  }
}

/** Items in groups of `size`, the last one smaller, or left out. */
export function* grouped<T>(items: Iterable<T>, size: number, dropLast: boolean): Generator_<T[]> {
  let group: T[] = [];
  for (const item of items) {
    if (group.push(item) < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

/** Items that have to be waited for, in groups of `size`. */
export async function* groupedAsync<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size: number,
  dropLast: boolean,
): AsyncGenerator<T[], void, undefined> {
  let group: T[] = [];
  for await (const item of items) {
    if (group.push(item) < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0 && !dropLast) yield group;
}

/** How many groups there are. */
export function groupCount(length: number, size: number, dropLast: boolean): number {
  return dropLast ? Math.floor(length / size) : Math.ceil(length / size);
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
    this.sampler = sampler;
    this.batchSize = checkCount('BatchSampler', 'batchSize', size);
    this.dropLast = drop;
  }

  get length(): number {
    return groupCount(this.sampler.length, this.batchSize, this.dropLast);
  }

  [Symbol.iterator](): Generator_<number[]> {
    return grouped(this.sampler, this.batchSize, this.dropLast);
  }
}
