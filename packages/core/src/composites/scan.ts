/** Running extremes and sums of exponentials: `cummax`, `cummin`, `logcumsumexp`, composed of other ops, derivatives included. */

import { fromArray } from '../base.ts';
import { composed } from '../composed.ts';
import type { ValuesIndices } from '../namedTuple.ts';
import { namedTuple } from '../namedTuple.ts';
import { lengthOf, oneDim, requireFloat } from '../ops/arguments.ts';
import { clone, contiguous } from '../ops/elementwise.ts';
import { gather } from '../ops/index.ts';
import { cat } from '../ops/join.ts';
import { movedim, narrow } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
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
    return namedTuple(['values', 'indices'], [gather(self, at, indices), indices]);
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
  return composed(() => {
    let sums = clone(self);
    const n = lengthOf(self, at);
    for (let step = 1; step < n; step *= 2) {
      const later = logaddexp(narrow(sums, at, step, n - step), narrow(sums, at, 0, n - step));
      sums = cat([narrow(sums, at, 0, step), later], at);
    }
    return sums;
  });
}
