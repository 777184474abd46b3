/** Random operands for tests: any shape, layout, dtype and value, from a seed. */

import type { DType, Tensor } from '../index.ts';
import { allocate, setMemoryLimits } from '../index.ts';

/** Around the sizes of vectors, tiles and blocks. */
const SIZES = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 257,
];

const SPECIAL = [0, -0, Number.NaN, Infinity, -Infinity, 1e-45, -1e-45, 3e38, -3e38, 1e-38, 88.8, -104, 1, -1, 0.5];

/** What values an operand has: within ±4, or with special ones among them. */
export type Values = 'tame' | 'wild';

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** From 0 to below 1; the generator is "mulberry32". */
  uniform(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.uniform() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.uniform() * list.length)];
  }

  /** A size of at most `most`; rarely 0. */
  size(most: number): number {
    const size = this.pick(SIZES);
    return size > most || (size === 0 && !this.chance(0.2)) ? this.between(1, most) : size;
  }

  /** A shape of `from` to `to` dimensions with at most `most` elements, most often more than the 1024 that are small. */
  shape(from: number, to: number, most = 8000): number[] {
    const shape: number[] = [];
    const ndim = this.between(from, to);
    let left = most;
    for (let d = 0; d < ndim; d++) {
      const size = this.size(Math.max(1, d === ndim - 1 ? left : Math.floor(left ** 0.7)));
      left = Math.max(1, Math.floor(left / Math.max(1, size)));
      shape.push(size);
    }
    return this.permutation(ndim).map((d) => shape[d]);
  }

  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.between(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A shape that broadcasts to this one. */
  broadcastable(shape: readonly number[]): number[] {
    const own = shape.map((size) => (this.chance(0.3) ? 1 : size));
    return own.slice(this.chance(0.3) ? this.between(0, own.length) : 0);
  }

  /** A tensor of this shape, most often as a view of a larger one: permuted, sliced, expanded; sometimes not in the heap. */
  tensor(shape: readonly number[], dtype: DType = 'float32', values: Values = 'tame'): Tensor {
    const plain = this.chance(0.4);
    const expanded = shape.map(() => !plain && this.chance(0.08));
    const steps = shape.map(() => (!plain && this.chance(0.15) ? 2 : 1));
    const before = shape.map(() => (!plain && this.chance(0.2) ? this.between(1, 3) : 0));
    const sizes = shape.map((size, d) => (expanded[d] ? 1 : before[d] + size * steps[d]));
    const order = plain || this.chance(0.5) ? shape.map((_, d) => d) : this.permutation(shape.length);
    const limits = this.chance(0.1) ? setMemoryLimits({ softLimitBytes: 0 }) : null;
    let x = allocate(
      order.map((d) => sizes[d]),
      dtype,
    );
    if (limits !== null) setMemoryLimits(limits);
    this.fill(x, values);
    x = x.permute(shape.map((_, d) => order.indexOf(d)));
    for (let d = 0; d < shape.length; d++) {
      if (!expanded[d] && sizes[d] !== shape[d]) x = x.slice(d, before[d], sizes[d], steps[d]);
    }
    return expanded.includes(true) ? x.expand(shape) : x;
  }

  private fill(x: Tensor, values: Values): void {
    const array = x.array as Float64Array;
    const isFloat = x.dtype === 'float32' || x.dtype === 'float64';
    const specials = values === 'wild' && isFloat ? this.pick([0, 0.02, 0.3]) : 0;
    const scale = values === 'wild' && isFloat ? this.pick([0.1, 3, 3, 100]) : 4;
    for (let i = 0; i < array.length; i++) {
      if (x.dtype === 'bool') array[i] = this.between(0, 1);
      else if (x.dtype === 'uint8') array[i] = this.between(0, 255);
      else if (!isFloat) array[i] = this.between(-50, 50);
      else array[i] = specials > 0 && this.chance(specials) ? this.pick(SPECIAL) : scale * (2 * this.uniform() - 1);
    }
  }
}
