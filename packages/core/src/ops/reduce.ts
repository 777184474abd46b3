/**
 * Reductions: sums, products, extremes, moments, norms, logic, and running sums. Dimensions may be negative; no dimension,
 * `null` or `[]` means all of them. Results are new, contiguous tensors.
 *
 * Integers sum to int32, and int64 to int64. Positions (`argmax`, …) are int32.
 */

import { allocate, isTensor } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import { DTypeError, NotImplementedError, show, ValueError } from '../errors.ts';
import { reducedShape, sizeOf, wrapDims } from '../layout.ts';
import type { NamedTuple, ValuesIndices } from '../namedTuple.ts';
import { namedTuple, valuesIndices } from '../namedTuple.ts';
import { named } from '../options.ts';
import { copy } from '../reference/elementwise.ts';
import * as reference from '../reference/reduce.ts';
import * as scan from '../reference/scan.ts';
import type { Tensor } from '../tensor.ts';
import { launchArg, launchFold, launchMean, launchVariance } from '../wasm/launchReduce.ts';
import { launchScan } from '../wasm/launchScan.ts';
import { launchLogsumexp } from '../wasm/launchSoftmax.ts';
import type { Dims, ReduceOptions } from './arguments.ts';
import {
  cast,
  dimsOf,
  flag,
  lineArguments,
  oneDim,
  reduceArguments,
  refuseBool,
  requireElements,
  requireFloat,
  sumArguments,
  sumDType,
} from './arguments.ts';
import { maximum, minimum, ne } from './elementwise.ts';
import type { ReductionOps } from './list.ts';
import { checkTensor } from './tensors.ts';

export type { Dims, ReduceOptions } from './arguments.ts';
export * from './compare.ts';
export * from './softmax.ts';
export * from './sort.ts';

export interface SumOptions extends ReduceOptions {
  /** Compute in, and return, this dtype. */
  readonly dtype?: DType | null;
}

const toFloat = (dtype: DType): DType => (isFloating(dtype) ? dtype : 'float32');

/** A new tensor of the reduced shape. */
function reduced(self: Tensor, dims: readonly number[], keepdim: boolean, dtype: DType): Tensor {
  return allocate(reducedShape(self.shape, dims, keepdim), dtype);
}

// ------------------------------------------------------------------------------------------------------- sums and means

const sumForward: ReductionOps['sum'] = (self, dims, keepdim, dtype) => {
  const out = reduced(self, dims, keepdim, dtype ?? sumDType(self.dtype));
  // A cast that would change values comes first, as in PyTorch; one that only widens is what the sum does anyway.
  const lossy = dtype === 'bool' || (dtype !== null && !isFloating(dtype) && isFloating(self.dtype));
  if (lossy) reference.sum(castForward(self, dtype), dims, out);
  else if (!launchFold('sum', self, dims, out)) reference.sum(self, dims, out);
  return out;
};

function castForward(self: Tensor, dtype: DType): Tensor {
  const out = allocate(self.shape, dtype);
  copy(self, out);
  return out;
}

const meanForward: ReductionOps['mean'] = (self, dims, keepdim, dtype) => {
  const out = reduced(self, dims, keepdim, dtype ?? self.dtype);
  if (!launchMean(self, dims, out)) reference.sum(self, dims, out, true);
  return out;
};

/**
 * The sum over `dim`, or over everything.
 *
 * Doubles are added pairwise and float32 in doubles, so that ten million 0.1 make 1000000. Integers and booleans sum to int32
 * (int64 to int64). The sum of nothing is 0.
 *
 * @throws IndexError when a dim is out of range; ShapeError when one is named twice
 *
 * @example
 * sum(tensor([[1, 2], [3, 4]]), 0); // tensor([4., 6.])
 */
export function sum(
  self: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  options?: Pick<SumOptions, 'dtype'>,
): Tensor {
  checkTensor('sum', 'self', self);
  const [dims, keep, dtype] = sumArguments('sum', self, dim, keepdim, options);
  return dispatch('sum', sumForward, [self, dims, keep, dtype]);
}

/**
 * The mean over `dim`, or over everything; NaN over nothing.
 *
 * @throws DTypeError for integers and booleans, unless `dtype` names a floating one
 *
 * @example
 * mean(tensor([1, 2, 6])); // tensor(3.)
 */
export function mean(
  self: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  options?: Pick<SumOptions, 'dtype'>,
): Tensor {
  checkTensor('mean', 'self', self);
  const [dims, keep, dtype] = sumArguments('mean', self, dim, keepdim, options);
  const computed = dtype ?? self.dtype;
  if (!isFloating(computed)) {
    throw new DTypeError(
      `could not infer output dtype, it must be floating, but got ${computed}; name one by { dtype: 'float32' }`,
      { op: 'mean', operands: { self: self.dtype, dtype } },
    );
  }
  return dispatch('mean', meanForward, [self, dims, keep, dtype]);
}

const prodForward: ReductionOps['prod'] = (self, dim, keepdim) => {
  const dims = dim === null ? wrapDims('prod', null, self.shape.length) : wrapDims('prod', dim, self.shape.length);
  const out = reduced(self, dims, keepdim, sumDType(self.dtype));
  if (!launchFold('prod', self, dims, out)) reference.prod(self, dims, out);
  return out;
};

export interface ProdOptions {
  /** Dimension to reduce; all of them by default. */
  readonly dim?: number | null;
  readonly keepdim?: boolean;
  /** Cast to this dtype first. */
  readonly dtype?: DType | null;
}

/**
 * The product of all elements, or along one dimension; 1 over nothing. Integers make int32 (int64 int64), and wrap.
 *
 * @example
 * prod(tensor([2, 3, 4])); // tensor(24.)
 */
export function prod(
  self: Tensor,
  dim?: number | null | ProdOptions,
  keepdim?: boolean | ProdOptions,
  options?: Pick<ProdOptions, 'dtype'>,
): Tensor {
  checkTensor('prod', 'self', self);
  const [d, k, dtype] = named<[number | null, boolean, DType | null]>(
    'prod',
    ['dim', 'keepdim', 'dtype'],
    [dim, keepdim, options],
  );
  const wrapped = d === undefined || d === null ? null : oneDim('prod', self, d);
  const product = dispatch('prod', prodForward, [cast('prod', self, dtype), wrapped, flag('prod', 'keepdim', k)]);
  return cast('prod', product, dtype);
}

// ------------------------------------------------------------------------------------------------------------- extremes

function extremeForward(largest: boolean): ReductionOps['amax'] {
  return (self, dims, keepdim) => {
    const out = reduced(self, dims, keepdim, self.dtype);
    if (!launchFold(largest ? 'max' : 'min', self, dims, out)) reference.extreme(self, dims, largest, out);
    return out;
  };
}

const amaxForward = extremeForward(true);
const aminForward = extremeForward(false);

/**
 * The largest element over `dim`, or of all; NaN where there is one. The gradient is shared evenly among equals.
 *
 * @throws IndexError over nothing
 */
export function amax(self: Tensor, dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor {
  checkTensor('amax', 'self', self);
  const [dims, keep] = reduceArguments('amax', self, dim, keepdim);
  requireElements('amax', self, dims);
  return dispatch('amax', amaxForward, [self, dims, keep]);
}

/** The smallest element over `dim`, or of all, as `amax`. */
export function amin(self: Tensor, dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor {
  checkTensor('amin', 'self', self);
  const [dims, keep] = reduceArguments('amin', self, dim, keepdim);
  requireElements('amin', self, dims);
  return dispatch('amin', aminForward, [self, dims, keep]);
}

function extremeOfAll(largest: boolean): ReductionOps['max'] {
  const forward = largest ? amaxForward : aminForward;
  return (self) => forward(self, wrapDims(largest ? 'max' : 'min', null, self.shape.length), false);
}

const maxForward = extremeOfAll(true);
const minForward = extremeOfAll(false);

function extremeAlongDim(largest: boolean): ReductionOps['maxDim'] {
  return (self, dim, keepdim) => {
    const dims = wrapDims('max', dim, self.shape.length);
    const values = reduced(self, dims, keepdim, self.dtype);
    const indices = reduced(self, dims, keepdim, 'int32');
    if (!launchArg(self, dim, largest, indices, values)) scan.argExtreme(self, dim, largest, indices, values);
    return [values, indices];
  };
}

const maxDimForward = extremeAlongDim(true);
const minDimForward = extremeAlongDim(false);

export interface DimOptions {
  readonly dim: number;
  readonly keepdim?: boolean;
}

function extremeOf(
  op: 'max' | 'min',
  self: Tensor,
  dim: number | Tensor | DimOptions | undefined,
  keepdim: boolean | Omit<DimOptions, 'dim'> | undefined,
): Tensor | ValuesIndices {
  if (isTensor(dim)) return op === 'max' ? maximum(self, dim) : minimum(self, dim);
  if (dim === undefined) {
    requireElements(op, self, wrapDims(op, null, self.shape.length));
    return op === 'max' ? dispatch('max', maxForward, [self]) : dispatch('min', minForward, [self]);
  }
  const [d, k] = named<[number, boolean]>(op, ['dim', 'keepdim'], [dim, keepdim]);
  const wrapped = oneDim(op, self, d);
  requireElements(op, self, wrapDims(op, wrapped, self.shape.length));
  const keep = flag(op, 'keepdim', k);
  const results =
    op === 'max'
      ? dispatch('maxDim', maxDimForward, [self, wrapped, keep])
      : dispatch('minDim', minDimForward, [self, wrapped, keep]);
  return valuesIndices(op, results);
}

/**
 * The largest element; with a dimension, the largest along it and where the first of them is; with another tensor, the larger
 * of each pair. NaN counts as larger than any number.
 *
 * @throws IndexError over nothing
 *
 * @example
 * max(tensor([1, 5, 2])); // tensor(5.)
 * const { values, indices } = max(tensor([[1, 5, 2]]), 1); // tensor([5.]), tensor([1], dtype=torch.int32)
 * max(tensor([1, 5]), tensor([3, 3])); // tensor([3., 5.])
 */
export function max(self: Tensor): Tensor;
export function max(self: Tensor, other: Tensor): Tensor;
export function max(self: Tensor, dim: number | DimOptions, keepdim?: boolean | Omit<DimOptions, 'dim'>): ValuesIndices;
export function max(
  self: Tensor,
  dim?: number | Tensor | DimOptions,
  keepdim?: boolean | Omit<DimOptions, 'dim'>,
): Tensor | ValuesIndices {
  checkTensor('max', 'self', self);
  return extremeOf('max', self, dim, keepdim);
}

/** The smallest element, in the three forms of `max`. A NaN comes first here too. */
export function min(self: Tensor): Tensor;
export function min(self: Tensor, other: Tensor): Tensor;
export function min(self: Tensor, dim: number | DimOptions, keepdim?: boolean | Omit<DimOptions, 'dim'>): ValuesIndices;
export function min(
  self: Tensor,
  dim?: number | Tensor | DimOptions,
  keepdim?: boolean | Omit<DimOptions, 'dim'>,
): Tensor | ValuesIndices {
  checkTensor('min', 'self', self);
  return extremeOf('min', self, dim, keepdim);
}

function argForward(largest: boolean): ReductionOps['argmax'] {
  return (self, dim, keepdim) => {
    const out = reduced(self, wrapDims('argmax', dim, self.shape.length), keepdim, 'int32');
    if (launchArg(self, dim, largest, out, null)) return out;
    if (dim !== null) scan.argExtreme(self, dim, largest, out, null);
    else (out.array as Int32Array)[out.offset] = scan.argExtremeOfAll(self, largest);
    return out;
  };
}

const argmaxForward = argForward(true);
const argminForward = argForward(false);

export interface ArgOptions {
  /** Dimension to search; the flattened tensor by default. */
  readonly dim?: number | null;
  readonly keepdim?: boolean;
}

function argArguments(op: string, self: Tensor, dim: unknown, keepdim: unknown): [number | null, boolean] {
  refuseBool(op, self.dtype);
  const [d, k] = named<[number | null, boolean]>(op, ['dim', 'keepdim'], [dim, keepdim]);
  const wrapped = d === undefined || d === null ? null : oneDim(op, self, d);
  requireElements(op, self, wrapDims(op, wrapped, self.shape.length));
  return [wrapped, flag(op, 'keepdim', k)];
}

/**
 * Position of the largest element, along a dimension or in the flattened tensor: of the first NaN if there is one, else of the
 * first among equals. int32.
 *
 * @throws IndexError over nothing; DTypeError for bool
 *
 * @example
 * argmax(tensor([[1, 5], [7, 2]]), 1); // tensor([1, 0], dtype=torch.int32)
 */
export function argmax(self: Tensor, dim?: number | null | ArgOptions, keepdim?: boolean | ArgOptions): Tensor {
  checkTensor('argmax', 'self', self);
  return dispatch('argmax', argmaxForward, [self, ...argArguments('argmax', self, dim, keepdim)]);
}

/** Position of the smallest element, as `argmax`. */
export function argmin(self: Tensor, dim?: number | null | ArgOptions, keepdim?: boolean | ArgOptions): Tensor {
  checkTensor('argmin', 'self', self);
  return dispatch('argmin', argminForward, [self, ...argArguments('argmin', self, dim, keepdim)]);
}

// -------------------------------------------------------------------------------------------------------------- moments

const varForward: ReductionOps['var'] = (self, dims, correction, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  if (!launchVariance(self, dims, correction, false, out)) reference.variance(self, dims, correction, false, out);
  return out;
};

const stdForward: ReductionOps['std'] = (self, dims, correction, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  if (!launchVariance(self, dims, correction, true, out)) reference.variance(self, dims, correction, true, out);
  return out;
};

export interface VarOptions extends ReduceOptions {
  /** Divide by `n - 1` (true, the default) or by `n`. */
  readonly unbiased?: boolean;
  /** Divide by `n - correction`; 1 by default. Stands in for `unbiased`. */
  readonly correction?: number;
}

function varArguments(
  op: string,
  self: Tensor,
  args: readonly unknown[],
): [dims: readonly number[], correction: number, keepdim: boolean] {
  requireFloat(op, self.dtype);
  // PyTorch's short form: a boolean in first place is `unbiased`.
  const given = typeof args[0] === 'boolean' ? [null, ...args] : args;
  const [dim, unbiased, keepdim, correction] = named<[Dims, boolean, boolean, number]>(
    op,
    ['dim', 'unbiased', 'keepdim', 'correction'],
    given,
  );
  if (unbiased !== undefined && unbiased !== null && correction !== undefined && correction !== null) {
    throw new ValueError('takes unbiased or correction, but got both', { op, operands: { unbiased, correction } });
  }
  const by = correction ?? (flag(op, 'unbiased', unbiased ?? true) ? 1 : 0);
  if (typeof by !== 'number') {
    throw new ValueError(`correction must be a number, but got ${show(by)}`, {
      op,
      operands: { correction },
    });
  }
  return [dimsOf(op, self, dim), by, flag(op, 'keepdim', keepdim)];
}

/**
 * The variance over `dim`, or over everything: `Σ (x - mean)² / max(0, n - correction)`, by two passes in double precision.
 * PyTorch's `var`, which is a reserved word; the method is `x.var()`. Too few elements give NaN.
 *
 * @throws DTypeError for integers and booleans
 *
 * @example
 * variance(tensor([1, 2, 4]), { correction: 0 }); // tensor(1.5556)
 */
export function variance(
  self: Tensor,
  dim?: Dims | boolean | VarOptions,
  unbiased?: boolean | VarOptions,
  keepdim?: boolean | VarOptions,
): Tensor {
  checkTensor('variance', 'self', self);
  return dispatch('var', varForward, [self, ...varArguments('var', self, [dim, unbiased, keepdim])]);
}

/** The standard deviation: the square root of `variance`, with its arguments. */
export function std(
  self: Tensor,
  dim?: Dims | boolean | VarOptions,
  unbiased?: boolean | VarOptions,
  keepdim?: boolean | VarOptions,
): Tensor {
  checkTensor('std', 'self', self);
  return dispatch('std', stdForward, [self, ...varArguments('std', self, [dim, unbiased, keepdim])]);
}

/** Variance and mean: `variance(…)` and `mean(…)` over the same dimensions. */
export function varMean(
  self: Tensor,
  dim?: Dims | boolean | VarOptions,
  unbiased?: boolean | VarOptions,
  keepdim?: boolean | VarOptions,
): NamedTuple<['var', 'mean']> {
  checkTensor('varMean', 'self', self);
  const [dims, correction, keep] = varArguments('varMean', self, [dim, unbiased, keepdim]);
  const variance = dispatch('var', varForward, [self, dims, correction, keep]);
  return namedTuple(null, ['var', 'mean'], [variance, dispatch('mean', meanForward, [self, dims, keep, null])]);
}

/** Standard deviation and mean over the same dimensions. */
export function stdMean(
  self: Tensor,
  dim?: Dims | boolean | VarOptions,
  unbiased?: boolean | VarOptions,
  keepdim?: boolean | VarOptions,
): NamedTuple<['std', 'mean']> {
  checkTensor('stdMean', 'self', self);
  const [dims, correction, keep] = varArguments('stdMean', self, [dim, unbiased, keepdim]);
  const deviation = dispatch('std', stdForward, [self, dims, correction, keep]);
  return namedTuple(null, ['std', 'mean'], [deviation, dispatch('mean', meanForward, [self, dims, keep, null])]);
}

const normForward: ReductionOps['norm'] = (self, p, dims, keepdim) => {
  const out = reduced(self, dims, keepdim, self.dtype);
  const isFolded =
    p === 2 ? launchFold('squares', self, dims, out, Math.sqrt) : p === 1 && launchFold('abs', self, dims, out);
  if (!isFolded) reference.norm(self, p, dims, out);
  return out;
};

export interface NormOptions extends ReduceOptions {
  /** Order: a number, ±Infinity, or `'fro'` (the default), which is 2. */
  readonly p?: number | 'fro' | null;
  /** Cast to this dtype first. */
  readonly dtype?: DType | null;
}

/**
 * The vector norm of order `p` over `dim`, or over everything: `(Σ |x|^p)^(1/p)`; for Infinity the largest `|x|`, for -Infinity
 * the smallest, for 0 the count of what is not 0.
 *
 * @throws DTypeError for integers and booleans; IndexError over nothing for p < 0 and Infinity, which have no identity
 *
 * @example
 * norm(tensor([3, 4])); // tensor(5.)
 */
export function norm(
  self: Tensor,
  p?: number | 'fro' | null | NormOptions,
  dim?: Dims | NormOptions,
  keepdim?: boolean | NormOptions,
  options?: Pick<NormOptions, 'dtype'>,
): Tensor {
  checkTensor('norm', 'self', self);
  const [order, d, k, dtype] = named<[number | 'fro' | null, Dims, boolean, DType | null]>(
    'norm',
    ['p', 'dim', 'keepdim', 'dtype'],
    [p, dim, keepdim, options],
  );
  const exponent = normOrder(order);
  const input = cast('norm', self, dtype);
  requireFloat('norm', input.dtype);
  const dims = dimsOf('norm', self, d);
  if (exponent < 0 || exponent === Infinity) requireElements('norm', self, dims);
  return dispatch('norm', normForward, [input, exponent, dims, flag('norm', 'keepdim', k)]);
}

function normOrder(p: unknown): number {
  if (p === undefined || p === null || p === 'fro') return 2;
  if (p === 'nuc') {
    throw new NotImplementedError("the nuclear norm is not offered here; take linalg.matrixNorm(x, 'nuc')", {
      op: 'norm',
    });
  }
  if (typeof p === 'number' && !Number.isNaN(p)) return p;
  throw new ValueError(`p must be a number or 'fro', but got ${show(p)}`, { op: 'norm', operands: { p } });
}

const logsumexpForward: ReductionOps['logsumexp'] = (self, dims, keepdim) => {
  const out = reduced(self, dims, keepdim, toFloat(self.dtype));
  if (!launchLogsumexp(self, dims, out)) reference.logsumexp(self, dims, out);
  return out;
};

/** `log Σ e^x` over `dim`, without overflow; -Infinity over nothing. */
export function logsumexp(self: Tensor, dim: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor {
  checkTensor('logsumexp', 'self', self);
  return dispatch('logsumexp', logsumexpForward, [self, ...reduceArguments('logsumexp', self, dim, keepdim)]);
}

// ---------------------------------------------------------------------------------------------------------------- logic

/** Floating operands of so many elements are cast to bool first, so that kernels count what is true. */
const LARGE = 4096;

/** Counts what is true; false, and nothing done, where no kernel counts. */
function logicalByCounts(self: Tensor, dims: readonly number[], all: boolean, out: Tensor): boolean {
  const counts = allocate(out.shape, 'int32');
  if (!launchFold('sum', self, dims, counts)) return false;
  const enough = all ? sizeOf(self.shape) / sizeOf(out.shape) : 1;
  const [from, to] = [counts.array as Int32Array, out.array as Uint8Array];
  for (let i = 0; i < to.length; i++) to[i] = from[i] >= enough ? 1 : 0;
  return true;
}

function logicalForward(all: boolean): ReductionOps['any'] {
  return (self, dims, keepdim) => {
    // PyTorch keeps uint8 here, as its old stand-in for bool.
    const out = reduced(self, dims, keepdim, self.dtype === 'uint8' ? 'uint8' : 'bool');
    const isLarge = isFloating(self.dtype) && sizeOf(self.shape) >= LARGE;
    const truth = isLarge ? castForward(self, 'bool') : self;
    if (truth.dtype === 'bool' && logicalByCounts(truth, dims, all, out)) return out;
    reference.logical(self, dims, all, out);
    return out;
  };
}

const anyForward = logicalForward(false);
const allForward = logicalForward(true);

/** Whether any element over `dim` is not 0; false over nothing. bool, and uint8 for uint8. */
export function any(self: Tensor, dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor {
  checkTensor('any', 'self', self);
  return dispatch('any', anyForward, [self, ...reduceArguments('any', self, dim, keepdim)]);
}

/** Whether no element over `dim` is 0; true over nothing. bool, and uint8 for uint8. */
export function all(self: Tensor, dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor {
  checkTensor('all', 'self', self);
  return dispatch('all', allForward, [self, ...reduceArguments('all', self, dim, keepdim)]);
}

/** The number of elements over `dim` that are not 0, as int32. NaN counts. */
export function countNonzero(self: Tensor, dim?: Dims | { readonly dim?: Dims }): Tensor {
  const [d] = named<[Dims]>('countNonzero', ['dim'], [dim]);
  return sumForward(ne(self, 0), dimsOf('countNonzero', self, d), false, null);
}

// -------------------------------------------------------------------------------------------------------------- running

const cumsumForward: ReductionOps['cumsum'] = (self, dim) => {
  const out = allocate(self.shape, sumDType(self.dtype));
  if (!launchScan('cumsum', self, dim, out)) scan.cumsum(self, dim, out);
  return out;
};

const cumprodForward: ReductionOps['cumprod'] = (self, dim) => {
  const out = allocate(self.shape, sumDType(self.dtype));
  if (!launchScan('cumprod', self, dim, out)) scan.cumprod(self, dim, out);
  return out;
};

export interface CumulativeOptions {
  readonly dim: number;
  /** Compute in, and return, this dtype. */
  readonly dtype?: DType | null;
}

/** @throws DTypeError for a dtype of bool, which running sums cannot be kept in */
function runningArguments(op: string, self: Tensor, dim: unknown, options: unknown): [Tensor, number, DType | null] {
  const [wrapped, dtype = null] = lineArguments(op, self, dim, options);
  if (dtype !== null) refuseBool(op, dtype);
  return [cast(op, self, dtype), wrapped, dtype];
}

/**
 * Running sums along `dim`: `y[i] = x[0] + … + x[i]`. Integers make int32 (int64 int64).
 *
 * @example
 * cumsum(tensor([1, 2, 3]), 0); // tensor([1., 3., 6.])
 */
export function cumsum(
  self: Tensor,
  dim: number | CumulativeOptions,
  options?: Omit<CumulativeOptions, 'dim'>,
): Tensor {
  const [input, wrapped, dtype] = runningArguments('cumsum', self, dim, options);
  return cast('cumsum', dispatch('cumsum', cumsumForward, [input, wrapped]), dtype);
}

/** Running products along `dim`, as `cumsum`. */
export function cumprod(
  self: Tensor,
  dim: number | CumulativeOptions,
  options?: Omit<CumulativeOptions, 'dim'>,
): Tensor {
  const [input, wrapped, dtype] = runningArguments('cumprod', self, dim, options);
  return cast('cumprod', dispatch('cumprod', cumprodForward, [input, wrapped]), dtype);
}
