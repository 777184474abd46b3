/**
 * Running extremes and sums of exponentials, and differences: `cummax`, `cummin`, `logcumsumexp`, `diff`, composed of other ops,
 * derivatives included.
 */

import { fromArray } from '../base.ts';
import { composed } from '../composed.ts';
import { show, ValueError } from '../errors.ts';
import { wrapDim } from '../layout.ts';
import type { ValuesIndices } from '../namedTuple.ts';
import { valuesIndices } from '../namedTuple.ts';
import { lengthOf, oneDim, requireFloat } from '../ops/arguments.ts';
import { clone, contiguous, logicalXor, sub } from '../ops/elementwise.ts';
import { gather } from '../ops/index.ts';
import { cat } from '../ops/join.ts';
import { checkTensor } from '../ops/tensors.ts';
import { movedim, narrow } from '../ops/view.ts';
import { named } from '../options.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { checkNdim } from './check.ts';
import { logaddexp } from './pointwise.ts';

export interface ScanOptions {
  readonly dim: number;
}

/** Where the extreme of the elements so far is: of equals the last, of NaNs, too, which beat any number. */
function placesSoFar(lines: Tensor, largest: boolean): Tensor {
  const values = lines.toTypedArray();
  const n = lengthOf(lines, lines.ndim - 1);
  const places = new Int32Array(values.length);
  for (let start = 0; start < values.length; start += n) {
    let last = start;
    for (let i = start; i < start + n; i++) {
      const isMore = largest ? values[i] >= values[last] : values[i] <= values[last];
      if (isMore || Number.isNaN(values[i])) last = i;
      places[i] = last - start;
    }
  }
  return fromArray(places, lines.shape, 'int32');
}

function runningExtreme(op: string, self: Tensor, dim: number | ScanOptions, largest: boolean): ValuesIndices {
  const [d] = named<[number]>(op, ['dim'], [dim]);
  const at = oneDim(op, self, d);
  return composed(() => {
    const lines = self.ndim === 0 ? self.detach() : movedim(self.detach(), at, -1);
    const places = placesSoFar(lines, largest);
    const indices = self.ndim === 0 ? places : contiguous(movedim(places, -1, at));
    return valuesIndices(op, [gather(self, at, indices), indices]);
  });
}

/**
 * The largest of the elements so far along `dim`, and where it is, the last of equals; NaN from the first NaN on. The gradient flows to
 * the places named. O(n).
 *
 * @throws IndexError when dim is out of range
 *
 * @example
 * const { values, indices } = cummax(tensor([1, 3, 2]), 0); // tensor([1., 3., 3.]), tensor([0, 1, 1], dtype=torch.int32)
 */
export function cummax(self: Tensor, dim: number | ScanOptions): ValuesIndices {
  return runningExtreme('cummax', self, dim, true);
}

/** The smallest of the elements so far along `dim`, and where it is, as `cummax`. */
export function cummin(self: Tensor, dim: number | ScanOptions): ValuesIndices {
  return runningExtreme('cummin', self, dim, false);
}

/**
 * `log Σ e^x` of the elements so far along `dim`, without overflow.
 *
 * Method: sums of 1, 2, 4, … elements, each from two of the step before, so that no element is too far below another to count: O(n log n).
 *
 * @throws DTypeError for integers and booleans; IndexError when dim is out of range
 *
 * @example
 * logcumsumexp(tensor([0, 0, 0]), 0); // tensor([0.0000, 0.6931, 1.0986])
 */
export function logcumsumexp(self: Tensor, dim: number | ScanOptions): Tensor {
  const op = 'logcumsumexp';
  const [d] = named<[number]>(op, ['dim'], [dim]);
  const at = oneDim(op, self, d);
  requireFloat(op, self.dtype);
  return roundedOnce([self], (x) =>
    composed(() => {
      let sums = clone(x);
      const n = lengthOf(self, at);
      for (let step = 1; step < n; step *= 2) {
        const later = logaddexp(narrow(sums, at, step, n - step), narrow(sums, at, 0, n - step));
        sums = cat([narrow(sums, at, 0, step), later], at);
      }
      return sums;
    }),
  );
}

export interface DiffOptions {
  /** How often to take differences; 1 by default. */
  readonly n?: number;
  /** Along which dimension; the last by default. */
  readonly dim?: number;
  /** What to put before it first. */
  readonly prepend?: Tensor | null;
  /** What to put behind it first. */
  readonly append?: Tensor | null;
}

/**
 * Differences of neighbours along a dimension, `x[i + 1] - x[i]`, of which there is one less; of booleans, whether they differ.
 *
 * @param n how often; 1 by default
 * @param dim the last by default
 * @param prepend what to put before `self` first
 * @param append what to put behind it first
 *
 * @throws ShapeError for 0 dimensions, or where what is put at the ends does not fit; ValueError when n is negative
 *
 * @example
 * diff(tensor([1, 4, 9, 16])); // tensor([3., 5., 7.])
 * diff(tensor([1, 4, 9, 16]), 2); // tensor([2., 2.])
 */
export function diff(
  self: Tensor,
  n?: number | DiffOptions,
  dim?: number | Omit<DiffOptions, 'n'>,
  prepend?: Tensor | null | Pick<DiffOptions, 'prepend' | 'append'>,
  append?: Tensor | null | Pick<DiffOptions, 'append'>,
): Tensor {
  const op = 'diff';
  checkTensor(op, 'self', self);
  const [times = 1, along = -1, before, behind] = named<[number, number, Tensor | null, Tensor | null]>(
    op,
    ['n', 'dim', 'prepend', 'append'],
    [n, dim, prepend, append],
  );
  checkNdim(op, self, 1, Infinity);
  const d = wrapDim(op, along, self.ndim);
  if (!Number.isInteger(times) || times < 0) {
    throw new ValueError(`n must be an integer of at least 0, but got ${show(times)}`, { op });
  }
  const ends = Object.entries({ prepend: before, append: behind });
  for (const [name, end] of ends)
    if (end !== null && end !== undefined) checkNdim(op, checkTensor(op, name, end), self.ndim);
  return composed(() => {
    const list = [before, self, behind].filter((x): x is Tensor => x !== null && x !== undefined);
    let x = list.length === 1 ? self : cat(list, d);
    if (times === 0) return list.length === 1 ? clone(x) : x;
    for (let i = 0; i < times && x.shape[d] > 0; i++) {
      const [later, sooner] = [narrow(x, d, 1, x.shape[d] - 1), narrow(x, d, 0, x.shape[d] - 1)];
      x = x.dtype === 'bool' ? logicalXor(later, sooner) : sub(later, sooner);
    }
    return x === self ? clone(x) : x;
  });
}
