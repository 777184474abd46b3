/**
 * Reductions that are composed of other ops, derivatives included: `nansum`, `nanmean`, `aminmax`, `quantile`, `nanquantile`, `mode`.
 */

import { fromArray } from '../base.ts';
import { refuseHalf } from '../bits.ts';
import { composed } from '../composed.ts';
import { isFloating, isHalf } from '../dtype.ts';
import { show, ValueError } from '../errors.ts';
import { sizeOf } from '../layout.ts';
import { oneOf } from '../linalg/work.ts';
import type { NamedTuple, ValuesIndices } from '../namedTuple.ts';
import { namedTuple, valuesIndices } from '../namedTuple.ts';
import type { Dims, ReduceOptions } from '../ops/arguments.ts';
import { flag, oneDim, reduceArguments, requireElements, requireFloat, sumArguments } from '../ops/arguments.ts';
import { scalarTensor } from '../ops/create.ts';
import {
  ceil,
  clamp,
  div,
  floor,
  isnan,
  lerp,
  logicalNot,
  maskedFill,
  mul,
  round,
  sub,
  to,
  where,
} from '../ops/elementwise.ts';
import { gather } from '../ops/index.ts';
import { checkSameDType } from '../ops/places.ts';
import type { DimOptions, SumOptions } from '../ops/reduce.ts';
import { amax, amin, sort, sum } from '../ops/reduce.ts';
import { checkTensor } from '../ops/tensors.ts';
import { movedim, narrow, reshape, squeeze, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { checkNdim } from './check.ts';

type SumParameters = [dim?: Dims | SumOptions, keepdim?: boolean | SumOptions, options?: Pick<SumOptions, 'dtype'>];

const withoutNan = (x: Tensor): Tensor => (isFloating(x.dtype) ? maskedFill(x, isnan(x), 0) : x);

/**
 * The sum over `dim`, or over everything, of all that is not NaN: `Σ x`, 0 where there is nothing else. Integers and booleans as in `sum`.
 *
 * @throws IndexError when a dim is out of range; ShapeError when one is named twice
 *
 * @example
 * nansum(tensor([1, NaN, 2])); // tensor(3.)
 */
export function nansum(self: Tensor, ...args: SumParameters): Tensor {
  checkTensor('nansum', 'self', self);
  const [dims, keep, dtype] = sumArguments('nansum', self, ...args);
  return composed(() => sum(withoutNan(self), dims, keep, { dtype }));
}

/**
 * The mean over `dim`, or over everything, of all that is not NaN; NaN where there is nothing else.
 *
 * @throws DTypeError for integers and booleans, whatever `dtype` is
 *
 * @example
 * nanmean(tensor([1, NaN, 2])); // tensor(1.5000)
 */
export function nanmean(self: Tensor, ...args: SumParameters): Tensor {
  checkTensor('nanmean', 'self', self);
  requireFloat('nanmean', self.dtype);
  const [dims, keep, dtype] = sumArguments('nanmean', self, ...args);
  if (dtype !== null) requireFloat('nanmean', dtype);
  const mean = (x: Tensor): Tensor =>
    composed(() => {
      const count = sum(logicalNot(isnan(x.detach())), dims, keep);
      return div(sum(withoutNan(x), dims, keep, { dtype }), count);
    });
  // Neither the sum nor the count need fit into the 16 bits of the mean.
  return dtype === null ? roundedOnce([self], mean) : mean(self);
}

/**
 * The smallest and the largest element, of all or over `dim`, as `{ min, max }`; NaN where there is one. Gradients are shared evenly
 * among equals.
 *
 * @throws IndexError over nothing
 *
 * @example
 * const { min, max } = aminmax(tensor([3, 1, 2])); // tensor(1.), tensor(3.)
 */
export function aminmax(self: Tensor, options?: ReduceOptions): NamedTuple<['min', 'max']> {
  checkTensor('aminmax', 'self', self);
  const [dims, keep] = reduceArguments('aminmax', self, options, undefined);
  return namedTuple('aminmax', ['min', 'max'], [amin(self, dims, keep), amax(self, dims, keep)]);
}

/** What becomes of a quantile that lies between two elements. */
export type Interpolation = 'linear' | 'lower' | 'higher' | 'midpoint' | 'nearest';

export interface QuantileOptions {
  /** Dimension to reduce; all elements by default. */
  readonly dim?: number | null;
  readonly keepdim?: boolean;
  /**
   * Between the neighbours i and j of a quantile, a fraction f of the way: `'linear'` (default) takes `i + f (j - i)`, `'lower'` i,
   * `'higher'` j, `'nearest'` the nearer one (of the same distance that of even rank), `'midpoint'` `(i + j) / 2`.
   */
  readonly interpolation?: Interpolation;
}

type QuantileParameters = [
  dim?: number | null | QuantileOptions,
  keepdim?: boolean | Omit<QuantileOptions, 'dim'>,
  options?: Pick<QuantileOptions, 'interpolation'>,
];

/**
 * The quantiles `q`, numbers in [0, 1], of all elements or along `dim`: of n elements in ascending order, what is at place `q (n - 1)`.
 * NaN where there is one.
 *
 * self: `[…, n, …]`; q: a number, or a tensor of the same dtype of 0 dimensions → `[…]`, or a vector `[Q]` → `[Q, …]`. By one sort.
 * Gradients flow to self and q.
 *
 * @throws DTypeError for integers and booleans, and when dtypes differ; NotImplementedError for 16-bit floats; ShapeError when q has more
 *   dimensions; ValueError when it is out of range, or there are no elements
 *
 * @example
 * quantile(tensor([0, 1, 2, 3]), 0.5); // tensor(1.5000)
 * quantile(tensor([[0, 1], [2, 5]]), tensor([0, 1]), 1); // tensor([[0., 2.], [1., 5.]])
 */
export function quantile(self: Tensor, q: number | Tensor, ...args: QuantileParameters): Tensor {
  checkTensor('quantile', 'self', self);
  return quantiles('quantile', self, q, args);
}

/**
 * `quantile` of all that is not NaN; NaN where there is nothing else.
 *
 * @example
 * nanquantile(tensor([NaN, 1, 2]), 0.5); // tensor(1.5000)
 */
export function nanquantile(self: Tensor, q: number | Tensor, ...args: QuantileParameters): Tensor {
  checkTensor('nanquantile', 'self', self);
  return quantiles('nanquantile', self, q, args);
}

/** How ranks become places, for those that do not lie between two. */
const KINDS: Readonly<Record<Interpolation, ((rank: Tensor) => Tensor) | null>> = {
  linear: null,
  lower: floor,
  higher: ceil,
  midpoint: null,
  nearest: round,
};

function quantiles(op: 'quantile' | 'nanquantile', self: Tensor, q: number | Tensor, args: readonly unknown[]): Tensor {
  const [dim, k, interpolation = 'linear'] = named<[number | null, boolean, Interpolation]>(
    op,
    ['dim', 'keepdim', 'interpolation'],
    args,
  );
  const keep = flag(op, 'keepdim', k);
  const { dtype, ndim } = self;
  const places = typeof q === 'number' ? scalarTensor(q, dtype) : checkTensor(op, 'q', q);
  checkQuantiles(op, self, q, places);
  oneOf(op, 'interpolation', interpolation, Object.keys(KINDS));
  const ofAll = dim === undefined || dim === null;
  const at = ofAll ? 0 : oneDim(op, self, dim);
  return composed(() => {
    const { values } = sort(ofAll || ndim === 0 ? reshape(self, [-1]) : movedim(self, at, -1));
    const n = values.shape[values.ndim - 1];
    const isNan = isnan(values.detach());
    // NaNs are sorted last. Ranks are computed in the dtype, as PyTorch's are.
    const ranks =
      op === 'quantile'
        ? where(narrow(isNan, -1, n - 1, 1), n - 1, mul(reshape(places, [-1]), n - 1))
        : clamp(mul(reshape(places, [-1]), sub(sum(logicalNot(isNan), -1, true), 1)), 0);
    const ranked = (rank: Tensor): Tensor => gather(values, -1, to(rank, 'int32'));
    const rounded = KINDS[interpolation];
    let out: Tensor;
    if (rounded === null) {
      const below = floor(ranks);
      const weight = interpolation === 'linear' ? sub(ranks, below) : 0.5;
      out = lerp(ranked(below), ranked(ceil(ranks)), weight);
    } else out = ranked(rounded(ranks));
    out = places.ndim === 0 ? squeeze(out, -1) : movedim(out, -1, 0);
    if (!keep || ndim === 0) return out;
    return ofAll ? reshape(out, [...places.shape, ...self.shape.map(() => 1)]) : unsqueeze(out, places.ndim + at);
  });
}

function checkQuantiles(op: string, self: Tensor, q: number | Tensor, places: Tensor): void {
  requireFloat(op, self.dtype);
  if (isHalf(self.dtype)) refuseHalf(op, self.dtype);
  checkSameDType(op, 'q', self, places);
  checkNdim(op, places, 0, 1);
  const numbers = typeof q === 'number' ? [q] : (q.toTypedArray() as Float64Array);
  if (sizeOf(self.shape) === 0 || !numbers.every((x) => x >= 0 && x <= 1)) {
    throw new ValueError(`expects elements, and q in the range [0, 1], but got ${show([self, q])}`, { op });
  }
}

/**
 * The most frequent value along `dim` (the last by default), of several the smallest, and where it stands last. NaNs are different from
 * each other. By one sort; the gradient flows to the place named.
 *
 * @throws IndexError along an empty dimension
 *
 * @example
 * const { values, indices } = mode(tensor([2, 1, 2, 1])); // tensor(1.), tensor(3, dtype=torch.int32)
 */
export function mode(
  self: Tensor,
  dim?: number | Partial<DimOptions>,
  keepdim?: boolean | Omit<DimOptions, 'dim'>,
): ValuesIndices {
  checkTensor('mode', 'self', self);
  const op = 'mode';
  const [d = -1, k] = named<[number, boolean]>(op, ['dim', 'keepdim'], [dim, keepdim]);
  const at = oneDim(op, self, d);
  const keep = flag(op, 'keepdim', k);
  if (self.ndim === 0) {
    const [values, indices] = sort(self);
    return valuesIndices(op, [values, indices]);
  }
  requireElements(op, self, [at]);
  return composed(() => {
    const { values, indices } = sort(self.detach(), at);
    const ends = endsOfLongestRuns(movedim(values, at, -1));
    const index = gather(indices, at, unsqueeze(ends, at));
    const found = gather(self, at, index);
    return valuesIndices(op, keep ? [found, index] : [squeeze(found, at), squeeze(index, at)]);
  });
}

/** In each line of sorted values, where the longest run of equals ends; of several the first. */
function endsOfLongestRuns(sorted: Tensor): Tensor {
  const lines = sorted.toTypedArray();
  const shape = [...sorted.shape];
  const n = shape.pop() as number;
  const ends = new Int32Array(sizeOf(shape));
  for (let line = 0; line < ends.length; line++) {
    let most = 0;
    let run = 0;
    for (let i = 0; i < n; i++) {
      const place = line * n + i;
      run = i > 0 && lines[place] === lines[place - 1] ? run + 1 : 1;
      if (run <= most) continue;
      most = run;
      ends[line] = i;
    }
  }
  return fromArray(ends, shape, 'int32');
}
