/**
 * Order along a dimension: `sort`, `argsort`, `topk`, `median`. Positions are int32.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { isFloating } from '../dtype.ts';
import { IndexError } from '../errors.ts';
import { wrapDims } from '../layout.ts';
import type { ValuesIndices } from '../namedTuple.ts';
import { valuesIndices } from '../namedTuple.ts';
import { named } from '../options.ts';
import { sort as sortReference } from '../reference/sort.ts';
import type { Tensor } from '../tensor.ts';
import { launchSort } from '../wasm/launchSort.ts';
import { flag, lengthOf, oneDim, refuseBool, requireElements } from './arguments.ts';
import { scalarTensor } from './create.ts';
import { contiguous, isnan, where } from './elementwise.ts';
import type { ReductionOps } from './list.ts';
import { checkTensor } from './tensors.ts';
import { reshape, select, unsqueeze } from './view.ts';

function firstSorted(self: Tensor, dim: number, descending: boolean, k: number): [Tensor, Tensor] {
  const shape = self.shape.map((n, d) => (d === dim ? k : n));
  const values = allocate(shape, self.dtype);
  const indices = allocate(shape, 'int32');
  const count = self.shape.length === 0 ? 1 : k;
  if (!launchSort(self, dim, descending, count, values, indices)) {
    sortReference(self, dim, descending, count, values, indices);
  }
  return [values, indices];
}

const sortForward: ReductionOps['sort'] = (self, dim, descending) =>
  firstSorted(self, dim, descending, lengthOf(self, dim));

export interface SortOptions {
  /** Dimension to sort along; the last by default. */
  readonly dim?: number;
  /** Largest first. Default false. */
  readonly descending?: boolean;
  /** Keep the order of equals. Sorting here always does. */
  readonly stable?: boolean;
}

/**
 * The elements in order along `dim`, and where each came from. Stable; NaN counts as larger than any number.
 *
 * @example
 * const { values, indices } = sort(tensor([3, 1, 2])); // tensor([1., 2., 3.]), tensor([1, 2, 0], dtype=torch.int32)
 */
export function sort(
  self: Tensor,
  dim?: number | SortOptions,
  descending?: boolean | SortOptions,
  stable?: boolean | SortOptions,
): ValuesIndices {
  checkTensor('sort', 'self', self);
  const [d = -1, down, keep] = named<[number, boolean, boolean]>(
    'sort',
    ['dim', 'descending', 'stable'],
    [dim, descending, stable],
  );
  const wrapped = oneDim('sort', self, d);
  return valuesIndices(
    'sort',
    dispatch('sort', sortForward, [self, wrapped, flag('sort', 'descending', down), flag('sort', 'stable', keep)]),
  );
}

/** Where the elements along `dim` come from when they are sorted: the indices of `sort`. */
export function argsort(
  self: Tensor,
  dim?: number | SortOptions,
  descending?: boolean | SortOptions,
  stable?: boolean | SortOptions,
): Tensor {
  checkTensor('argsort', 'self', self);
  return sort(self, dim, descending, stable).indices;
}

const topkForward: ReductionOps['topk'] = (self, k, dim, largest) => firstSorted(self, dim, largest, k);

export interface TopkOptions {
  readonly k: number;
  /** Dimension to search; the last by default. */
  readonly dim?: number;
  /** The k largest (default) or the k smallest. */
  readonly largest?: boolean;
  /** In order. Here they always are. */
  readonly sorted?: boolean;
}

/**
 * The `k` largest (or smallest) elements along `dim`, in order, and where they are. Of equals the first are taken; NaN counts
 * as larger than any number.
 *
 * @throws IndexError when there are fewer than k; DTypeError for bool
 *
 * @example
 * const [values, indices] = topk(tensor([1, 4, 2, 3]), 2); // tensor([4., 3.]), tensor([1, 3], dtype=torch.int32)
 */
export function topk(
  self: Tensor,
  k: number | TopkOptions,
  dim?: number | Omit<TopkOptions, 'k'>,
  largest?: boolean | Omit<TopkOptions, 'k'>,
  sorted?: boolean | Omit<TopkOptions, 'k'>,
): ValuesIndices {
  checkTensor('topk', 'self', self);
  const [count, d = -1, most = true, inOrder = true] = named<[number, number, boolean, boolean]>(
    'topk',
    ['k', 'dim', 'largest', 'sorted'],
    [k, dim, largest, sorted],
  );
  refuseBool('topk', self.dtype);
  const wrapped = oneDim('topk', self, d);
  const n = lengthOf(self, wrapped);
  if (count === undefined || !Number.isInteger(count) || count < 0 || count > n) {
    throw new IndexError(`selected index k out of range, expected an integer in [0, ${n}], but got ${String(count)}`, {
      op: 'topk',
      operands: { k: count, dim: wrapped, self: self.shape },
    });
  }
  return valuesIndices(
    'topk',
    dispatch('topk', topkForward, [
      self,
      count,
      wrapped,
      flag('topk', 'largest', most),
      flag('topk', 'sorted', inOrder),
    ]),
  );
}

export interface MedianOptions {
  readonly dim: number;
  readonly keepdim?: boolean;
}

/**
 * The median of all elements; with a dimension, the median along it and where it is. Of an even number the lower middle one;
 * NaN where there is one. Composed of `sort` and `select`.
 *
 * @throws IndexError along an empty dimension; DTypeError for bool
 */
export function median(self: Tensor): Tensor;
export function median(
  self: Tensor,
  dim: number | MedianOptions,
  keepdim?: boolean | Omit<MedianOptions, 'dim'>,
): ValuesIndices;
export function median(
  self: Tensor,
  dim?: number | MedianOptions,
  keepdim?: boolean | Omit<MedianOptions, 'dim'>,
): Tensor | ValuesIndices {
  checkTensor('median', 'self', self);
  refuseBool('median', self.dtype);
  if (dim === undefined) {
    const flat = reshape(self, [-1]);
    return flat.shape[0] === 0 ? scalarTensor(Number.NaN, flat.dtype) : medianAlong(flat, 0)[0];
  }
  const [d, k] = named<[number, boolean]>('median', ['dim', 'keepdim'], [dim, keepdim]);
  const wrapped = oneDim('median', self, d);
  requireElements('median', self, wrapDims('median', wrapped, self.shape.length));
  const keep = flag('median', 'keepdim', k);
  const [values, indices] = self.shape.length === 0 ? sort(self) : medianAlong(self, wrapped);
  return valuesIndices(
    'median',
    keep && self.shape.length > 0 ? [unsqueeze(values, wrapped), unsqueeze(indices, wrapped)] : [values, indices],
  );
}

function medianAlong(self: Tensor, dim: number): [Tensor, Tensor] {
  const { values, indices } = sort(self, dim);
  const n = self.shape[dim];
  const middle = select(values, dim, (n - 1) >> 1);
  const middleAt = select(indices, dim, (n - 1) >> 1);
  if (!isFloating(self.dtype)) return [contiguous(middle), contiguous(middleAt)];
  // NaNs are sorted last: where there is one, it is the median.
  const last = select(values, dim, n - 1);
  const spoilt = isnan(last);
  return [where(spoilt, last, middle), where(spoilt, select(indices, dim, n - 1), middleAt)];
}
