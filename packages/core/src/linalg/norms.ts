/** Norms of vectors and matrices, and condition numbers. */

import { composed } from '../composed.ts';
import type { DType } from '../dtype.ts';
import { ShapeError, show, ValueError } from '../errors.ts';
import { wrapDim } from '../layout.ts';
import type { Dims } from '../ops/arguments.ts';
import { cast, flag } from '../ops/arguments.ts';
import { abs, where } from '../ops/elementwise.ts';
import { amax, amin, norm as normOp } from '../ops/reduce.ts';
import { checkTensor } from '../ops/tensors.ts';
import { movedim, select, unsqueeze } from '../ops/view.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';
import { invEx } from './lu.ts';
import { svdvals } from './svd.ts';
import { checkFloating, checkMatrices, checkSquare } from './work.ts';

/** A number, Infinity and -Infinity included, or `'fro'` or `'nuc'` for matrices. */
export type NormOrder = number | 'fro' | 'nuc';

interface NormOptions {
  readonly dim?: Dims;
  /** Keep what is summed over as dimensions of size 1. Default false. */
  readonly keepdim?: boolean;
  /** Cast to this dtype first. */
  readonly dtype?: DType | null;
}

export interface OrderOptions<Order> extends NormOptions {
  readonly ord?: Order;
}

type NormArguments<Order> = [ord: Order, dim: Dims, keepdim: boolean, dtype: DType | null];
const NAMES = ['ord', 'dim', 'keepdim', 'dtype'];

/**
 * `(Σ |x|^ord)^(1/ord)` over `dim`, or over all elements, whatever the shape; the largest and the smallest `|x|` for ±Infinity, the number
 * of elements that are not 0 for 0.
 *
 * @example
 * linalg.vectorNorm(tensor([3, 4])); // tensor(5.)
 */
export function vectorNorm(
  x: Tensor,
  ord?: number | OrderOptions<number>,
  dim?: Dims | OrderOptions<number>,
  keepdim?: boolean | OrderOptions<number>,
  options?: OrderOptions<number>,
): Tensor {
  checkTensor('vectorNorm', 'x', x);
  const op = 'linalg.vectorNorm';
  const [p = 2, d, keep, dtype] = named<NormArguments<number>>(op, NAMES, [ord, dim, keepdim, options]);
  if (typeof p !== 'number') throw badOrder(op, p);
  checkFloating(op, x, 'x');
  return normOp(cast(op, x, dtype), p, d ?? null, flag(op, 'keepdim', keep));
}

function badOrder(op: string, ord: unknown): ValueError {
  return new ValueError(`ord ${show(ord)} is not supported`, { op, operands: { ord } });
}

/**
 * The norm of matrices in two dimensions, by default the last two: `'fro'` (default), `'nuc'` (the sum of the singular values), 2 and -2 (the
 * largest and the smallest of them), 1 and -1 (the largest and the smallest sum of a column's absolute values), ±Infinity (of a row's).
 */
export function matrixNorm(
  A: Tensor,
  ord?: NormOrder | OrderOptions<NormOrder>,
  dim?: readonly number[] | OrderOptions<NormOrder>,
  keepdim?: boolean | OrderOptions<NormOrder>,
  options?: OrderOptions<NormOrder>,
): Tensor {
  const op = 'linalg.matrixNorm';
  const [p = 'fro', d, keep, dtype] = named<NormArguments<NormOrder>>(op, NAMES, [ord, dim, keepdim, options]);
  checkMatrices(op, A);
  const input = cast(op, A, dtype);
  const dims = (d ?? [-2, -1]) as readonly number[];
  if (!Array.isArray(dims) || dims.length !== 2) {
    throw new ShapeError(`dim must be two dimensions, but got ${show(d)}`, { op, operands: { dim: d } });
  }
  const [row, column] = dims.map((at) => wrapDim(op, at, input.ndim));
  if (row === column)
    throw new ShapeError(`dims must be different, but got ${show(dims)}`, { op, operands: { dim: dims } });
  const kept = flag(op, 'keepdim', keep);
  return composed(() => ofMatrices(op, input, p, row, column, kept));
}

function ofMatrices(op: string, A: Tensor, ord: NormOrder, row: number, column: number, keepdim: boolean): Tensor {
  if (ord === 'fro') return normOp(A, 2, [row, column], keepdim);
  if (ord === 'nuc' || ord === 2 || ord === -2) {
    const S = svdvals(movedim(A, [row, column], [-2, -1]));
    const value = ord === 'nuc' ? S.sum(-1) : ord === 2 ? amax(S, -1) : amin(S, -1);
    if (!keepdim) return value;
    const [first, second] = [Math.min(row, column), Math.max(row, column)];
    return unsqueeze(unsqueeze(value, first), second);
  }
  if (ord !== 1 && ord !== -1 && ord !== Infinity && ord !== -Infinity) throw badOrder(op, ord);
  const [along, over] = Math.abs(ord) === 1 ? [row, column] : [column, row];
  const sums = abs(A).sum(along, true);
  const value = ord > 0 ? amax(sums, over, true) : amin(sums, over, true);
  return keepdim ? value : value.squeeze([row, column]);
}

/**
 * A norm of vectors or of matrices, as `ord` and `dim` say: without `ord`, the 2-norm of all elements over `dim`; with one dimension, or for
 * an input that has only one, `vectorNorm`; with two, `matrixNorm`.
 */
export function norm(
  A: Tensor,
  ord?: NormOrder | null | OrderOptions<NormOrder | null>,
  dim?: Dims | OrderOptions<NormOrder | null>,
  keepdim?: boolean | OrderOptions<NormOrder | null>,
  options?: OrderOptions<NormOrder | null>,
): Tensor {
  checkTensor('norm', 'A', A);
  const op = 'linalg.norm';
  const [p, d, keep = false, dtype] = named<NormArguments<NormOrder | null>>(op, NAMES, [ord, dim, keepdim, options]);
  const more = { keepdim: keep, dtype: dtype ?? null };
  if (p === undefined || p === null) return vectorNorm(A, { ord: 2, dim: d ?? null, ...more });
  if (d === undefined || d === null) {
    if (A.ndim === 1 && typeof p === 'number') return vectorNorm(A, { ord: p, ...more });
    if (A.ndim === 2) return matrixNorm(A, { ord: p, ...more });
    throw new ShapeError(
      `if dim is not specified but ord is, the input must be 1D or 2D (and a matrix for ${show(p)}), but it is ${A.ndim}D`,
      { op, operands: { self: A.shape, ord: p } },
    );
  }
  const dims = typeof d === 'number' ? [d] : d;
  if (dims.length === 2) return matrixNorm(A, { ord: p, dim: dims, ...more });
  if (typeof p !== 'number') throw badOrder(op, p);
  return vectorNorm(A, { ord: p, dim: dims, ...more });
}

/**
 * The condition number: the largest singular value over the smallest (p null or 2; -2 the other way round), or `‖A‖ · ‖A⁻¹‖` in another norm
 * of `matrixNorm`. Infinity for a singular matrix.
 */
export function cond(A: Tensor, p?: NormOrder | null | { readonly p?: NormOrder | null }): Tensor {
  const op = 'linalg.cond';
  const [given] = named<[NormOrder | null]>(op, ['p'], [p]);
  const ord = given ?? 2;
  if (ord === 2 || ord === -2) {
    checkMatrices(op, A);
    return composed(() => {
      const S = svdvals(A);
      if (S.shape[S.ndim - 1] === 0) return S.sum(-1);
      const [large, small] = [select(S, -1, 0), select(S, -1, -1)];
      return ord === 2 ? large.div(small) : small.div(large);
    });
  }
  checkSquare(op, A);
  if (A.shape[A.ndim - 1] === 0) return composed(() => A.sum([-2, -1]));
  return composed(() => {
    const { inverse, info } = invEx(A);
    const isSingular = info.ne(0);
    const finite = where(unsqueeze(unsqueeze(isSingular, -1), -1), 0, inverse);
    const value = matrixNorm(A, ord).mul(matrixNorm(finite, ord));
    return where(isSingular, Infinity, value);
  });
}
