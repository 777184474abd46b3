/**
 * Reference kernels of `sort` and `topk` along one dimension: a stable merge sort on keys in double precision, with the
 * positions carried along. NaN counts as larger than any number. int64 is compared exactly.
 */

import type { Strided } from '../layout.ts';
import { widened } from './reduce.ts';
import { eachLine, line } from './scan.ts';

/** Runs of this length are sorted by insertion before merging. */
const RUN = 12;

/** Sorts `keys[0, n)` ascending and `index` with it; equal keys keep their order. `keys2` and `index2` are scratch. */
function sortKeys(keys: Float64Array, index: Int32Array, n: number, keys2: Float64Array, index2: Int32Array): void {
  for (let start = 0; start < n; start += RUN) insertionSort(keys, index, start, Math.min(start + RUN, n));
  let [k, i, k2, i2] = [keys, index, keys2, index2];
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      merge(k, i, start, Math.min(start + width, n), Math.min(start + 2 * width, n), k2, i2);
    }
    [k, i, k2, i2] = [k2, i2, k, i];
  }
  if (k !== keys) {
    keys.set(k.subarray(0, n));
    index.set(i.subarray(0, n));
  }
}

function insertionSort(keys: Float64Array, index: Int32Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    const key = keys[i];
    const at = index[i];
    let j = i - 1;
    for (; j >= start && keys[j] > key; j--) {
      keys[j + 1] = keys[j];
      index[j + 1] = index[j];
    }
    keys[j + 1] = key;
    index[j + 1] = at;
  }
}

/** Merges the sorted `[start, middle)` and `[middle, end)` into the second pair of arrays. */
function merge(
  keys: Float64Array,
  index: Int32Array,
  start: number,
  middle: number,
  end: number,
  toKeys: Float64Array,
  toIndex: Int32Array,
): void {
  let a = start;
  let b = middle;
  for (let o = start; o < end; o++) {
    if (a < middle && (b >= end || keys[a] <= keys[b])) {
      toKeys[o] = keys[a];
      toIndex[o] = index[a++];
    } else {
      toKeys[o] = keys[b];
      toIndex[o] = index[b++];
    }
  }
}

/** Finds the order of lines of `n` elements, reusing its scratch space. */
class LineSorter {
  /** Positions in sorted order, after `sort`. */
  readonly order: Int32Array;
  private readonly n: number;
  private readonly descending: boolean;
  private readonly keys: Float64Array;
  private readonly keys2: Float64Array;
  private readonly index: Int32Array;
  private readonly index2: Int32Array;

  constructor(n: number, descending: boolean) {
    this.n = n;
    this.descending = descending;
    this.order = new Int32Array(n);
    this.keys = new Float64Array(n);
    this.keys2 = new Float64Array(n);
    this.index = new Int32Array(n);
    this.index2 = new Int32Array(n);
  }

  sort(x: Float64Array, at: number, step: number): void {
    const { n, descending, keys, index, order } = this;
    // Descending is ascending by the negative, which keeps the order of equals; NaNs go to the large end.
    const sign = descending ? -1 : 1;
    const nans: number[] = [];
    let m = 0;
    for (let i = 0, p = at; i < n; i++, p += step) {
      const v = x[p];
      if (Number.isNaN(v)) nans.push(i);
      else {
        keys[m] = sign * v;
        index[m++] = i;
      }
    }
    sortKeys(keys, index, m, this.keys2, this.index2);
    order.set(index.subarray(0, m), descending ? nans.length : 0);
    order.set(nans, descending ? 0 : m);
  }

  sortBig(x: BigInt64Array, at: number, step: number): void {
    const { n, descending } = this;
    const by = Array.from({ length: n }, (_, i) => i).sort((i, j) => {
      const a = x[at + i * step];
      const b = x[at + j * step];
      if (a === b) return i - j;
      return a < b !== descending ? -1 : 1;
    });
    this.order.set(by);
  }
}

/** The first `k` of each line along `dim` in sorted order: values, and their positions (int32). */
export function sort(a: Strided, dim: number, descending: boolean, k: number, values: Strided, indices: Strided): void {
  const wide = a.dtype === 'int64' ? a : widened(a);
  const x = wide.array as Float64Array;
  const [n, step] = line(wide, dim);
  const [, outStep] = line(values, dim);
  const toValues = values.array as Float64Array;
  const toIndices = indices.array as Int32Array;
  const shift = indices.offset - values.offset;
  const sorter = new LineSorter(n, descending);
  const few = k * 8 <= n && k <= 64 && a.dtype !== 'int64' ? new Float64Array(k) : null;
  eachLine(wide, dim, values.strides, values.offset, (at, to) => {
    if (a.dtype === 'int64') sorter.sortBig(x as unknown as BigInt64Array, at, step);
    else if (few === null || !selectFew(x, at, step, n, descending, few, sorter.order)) sorter.sort(x, at, step);
    const { order } = sorter;
    for (let i = 0, o = to; i < k; i++, o += outStep) {
      toValues[o] = x[at + order[i] * step];
      toIndices[o + shift] = order[i];
    }
  });
}

/**
 * The first few of a line by insertion into a short sorted list: one comparison for nearly every element. Gives up, with
 * false, when it meets a NaN.
 */
function selectFew(
  x: Float64Array,
  at: number,
  step: number,
  n: number,
  descending: boolean,
  keys: Float64Array,
  order: Int32Array,
): boolean {
  const k = keys.length;
  const sign = descending ? -1 : 1;
  let held = 0;
  for (let i = 0, p = at; i < n; i++, p += step) {
    const v = x[p];
    if (Number.isNaN(v)) return false;
    const key = sign * v;
    if (held === k && (k === 0 || key >= keys[k - 1])) continue;
    let j = held < k ? held++ : k - 1;
    for (; j > 0 && keys[j - 1] > key; j--) {
      keys[j] = keys[j - 1];
      order[j] = order[j - 1];
    }
    keys[j] = key;
    order[j] = i;
  }
  return true;
}
