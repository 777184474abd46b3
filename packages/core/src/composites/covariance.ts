/** Covariances and correlations of variables, which are the rows of a matrix of observations. */

import { composed } from '../composed.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, ShapeError, show, ValueError } from '../errors.ts';
import { formatShape } from '../layout.ts';
import { clamp, div, mul, sqrt, sub, to } from '../ops/elementwise.ts';
import { diag } from '../ops/join.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { checkTensor } from '../ops/tensors.ts';
import { reshape, squeeze, transpose, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { checkNdim } from './check.ts';

export interface CovOptions {
  /** How much less than the number of observations to divide by; 1 by default. */
  readonly correction?: number;
  /** How often each observation was made: a vector of integers. */
  readonly fweights?: Tensor | null;
  /** How much each observation counts: a vector. */
  readonly aweights?: Tensor | null;
}

function checkWeights(name: string, weights: Tensor | null | undefined, count: number, isCount: boolean): void {
  if (weights === null || weights === undefined) return;
  const { shape, dtype } = checkTensor('cov', name, weights);
  if (shape.length > 1 || weights.numel() !== count) {
    throw new ShapeError(`${name} must be ${count} numbers, one an observation, but got ${formatShape(shape)}`, {
      op: 'cov',
      operands: { [name]: shape },
    });
  }
  if (dtype === 'bool' || isFloating(dtype) === isCount) {
    throw new DTypeError(`${name} must be ${isCount ? 'integers' : 'floating point'}, but got ${dtype}`, { op: 'cov' });
  }
  if (weights.lt(0).any().item() === 1) throw new ValueError(`${name} cannot be negative`, { op: 'cov' });
}

/**
 * The covariances of variables, `[variables, observations]` → `[variables, variables]`; of a vector of observations, its variance, of 0
 * dimensions. With weights w, `Σ w (x - mean) (y - mean) / n`, where n is their sum less `correction`.
 *
 * @param correction 1 by default; 0 divides by the number of observations
 * @param fweights how often each observation was made
 * @param aweights how much each counts; n is then `Σ w - correction Σ w a / Σ w`
 *
 * @throws ShapeError for more than 2 dimensions, or weights that do not fit; DTypeError for bool; ValueError for negative weights
 *
 * @example
 * cov(tensor([[0, 1, 2], [2, 1, 0]])); // tensor([[1., -1.], [-1., 1.]])
 */
export function cov(
  self: Tensor,
  correction?: number | CovOptions,
  fweights?: Tensor | null | Omit<CovOptions, 'correction'>,
  aweights?: Tensor | null | Pick<CovOptions, 'aweights'>,
): Tensor {
  const op = 'cov';
  checkTensor(op, 'self', self);
  const [less = 1, times, counts] = named<[number, Tensor | null, Tensor | null]>(
    op,
    ['correction', 'fweights', 'aweights'],
    [correction, fweights, aweights],
  );
  checkNdim(op, self, 0, 2);
  if (self.dtype === 'bool') throw new DTypeError('is not defined for bool', { op });
  if (!Number.isInteger(less)) throw new ValueError(`correction must be an integer, but got ${show(less)}`, { op });
  return composed(() => {
    const rows = self.ndim < 2 ? reshape(self, [1, -1]) : self;
    const x = isFloating(rows.dtype) ? rows : to(rows, 'float32');
    const observations = x.shape[1];
    checkWeights('fweights', times, observations, true);
    checkWeights('aweights', counts, observations, false);
    const weights = [times, counts].flatMap((w) =>
      w === null || w === undefined ? [] : [to(reshape(w, [-1]), x.dtype)],
    );
    const w = weights.length === 0 ? null : weights.reduce((a, b) => mul(a, b));
    const total = w === null ? observations : sum(w);
    if (typeof total !== 'number' && total.item() === 0) throw new ValueError('weights sum to zero', { op });
    const weighted = (y: Tensor): Tensor => (w === null ? y : mul(y, w));
    const centred = sub(x, unsqueeze(div(sum(weighted(x), 1), total), 1));
    const product = matmul(centred, transpose(weighted(centred), 0, 1));
    const hasCounts = counts !== null && counts !== undefined;
    const lost = hasCounts && w !== null ? div(mul(sum(mul(w, weights[weights.length - 1])), less), total) : less;
    const n = typeof total === 'number' && typeof lost === 'number' ? total - lost : sub(total as Tensor, lost);
    return squeeze(div(product, typeof n === 'number' ? Math.max(n, 0) : clamp(n, 0)));
  });
}

/**
 * Correlations of variables, `[variables, observations]` → `[variables, variables]`: covariances over both standard deviations, between
 * -1 and 1. NaN where a variable does not vary; of a vector 1.
 *
 * @throws ShapeError for more than 2 dimensions; DTypeError for bool
 *
 * @example
 * corrcoef(tensor([[0, 1, 2], [2, 1, 0]])); // tensor([[1., -1.], [-1., 1.]])
 */
export function corrcoef(self: Tensor): Tensor {
  checkTensor('corrcoef', 'self', self);
  checkNdim('corrcoef', self, 0, 2);
  return composed(() => {
    const c = cov(self);
    if (c.ndim === 0) return div(c, c);
    const deviations = sqrt(diag(c));
    return clamp(div(div(c, unsqueeze(deviations, 1)), unsqueeze(deviations, 0)), -1, 1);
  });
}
