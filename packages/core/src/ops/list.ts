/**
 * The one list of ops: name → parameters. An op has six stops, each found from its name: this list, its function in `ops/`,
 * its loop in `reference/`, its kernel in `wasm/kernels/` where that pays, its formula in `autograd/src/derivatives/`, and
 * its spec for the tests.
 *
 * Arguments here are those after validation: dims are wrapped to `[0, ndim)`, lists are complete, options are resolved.
 * What is not in the list is composed of ops that are.
 */

import type { DType } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import type { Tensor } from '../tensor.ts';

/** A tensor, or a plain number standing for a 0-d one. */
export type Operand = Tensor | number;

export type Unary = (self: Tensor) => Tensor;
export type Binary = (self: Operand, other: Operand) => Tensor;
/** Reduction over `dims`; all of them means a full reduction. */
export type Reduction = (self: Tensor, dims: readonly number[], keepdim: boolean) => Tensor;

export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';
export type LossReduction = 'none' | 'mean' | 'sum';

export interface ElementwiseOps {
  // one operand
  neg: Unary;
  abs: Unary;
  sign: Unary;
  exp: Unary;
  exp2: Unary;
  expm1: Unary;
  log: Unary;
  log2: Unary;
  log10: Unary;
  log1p: Unary;
  sqrt: Unary;
  rsqrt: Unary;
  reciprocal: Unary;
  sin: Unary;
  cos: Unary;
  tan: Unary;
  asin: Unary;
  acos: Unary;
  atan: Unary;
  sinh: Unary;
  cosh: Unary;
  tanh: Unary;
  asinh: Unary;
  acosh: Unary;
  atanh: Unary;
  sigmoid: Unary;
  logSigmoid: Unary;
  relu: Unary;
  silu: Unary;
  mish: Unary;
  hardswish: Unary;
  hardsigmoid: Unary;
  erf: Unary;
  erfc: Unary;
  erfinv: Unary;
  lgamma: Unary;
  digamma: Unary;
  erfcx: Unary;
  ndtri: Unary;
  i0: Unary;
  i0e: Unary;
  i1: Unary;
  i1e: Unary;
  floor: Unary;
  ceil: Unary;
  round: Unary;
  trunc: Unary;
  logicalNot: Unary;
  bitwiseNot: Unary;
  isnan: Unary;
  isinf: Unary;
  isfinite: Unary;
  gelu: (self: Tensor, approximate: 'none' | 'tanh') => Tensor;
  /** `scale * (x > 0 ? x : alpha * (exp(x * inputScale) - 1))`: elu, celu and selu. */
  elu: (self: Tensor, alpha: number, scale: number, inputScale: number) => Tensor;
  leakyRelu: (self: Tensor, negativeSlope: number) => Tensor;
  softplus: (self: Tensor, beta: number, threshold: number) => Tensor;
  hardtanh: (self: Tensor, minVal: number, maxVal: number) => Tensor;
  hardshrink: (self: Tensor, lambd: number) => Tensor;
  softshrink: (self: Tensor, lambd: number) => Tensor;
  threshold: (self: Tensor, threshold: number, value: number) => Tensor;
  clamp: (self: Tensor, min: number | null, max: number | null) => Tensor;
  nanToNum: (self: Tensor, nan: number, posinf: number | null, neginf: number | null) => Tensor;

  // two operands
  /** `self + alpha * other` */
  add: (self: Operand, other: Operand, alpha: number) => Tensor;
  sub: (self: Operand, other: Operand, alpha: number) => Tensor;
  mul: Binary;
  div: Binary;
  divRounded: (self: Operand, other: Operand, mode: 'trunc' | 'floor') => Tensor;
  pow: Binary;
  maximum: Binary;
  minimum: Binary;
  atan2: Binary;
  remainder: Binary;
  fmod: Binary;
  xlogy: Binary;
  /** `self > 0 ? self : weight * self`, broadcast. */
  prelu: (self: Tensor, weight: Tensor) => Tensor;
  /** Hurwitz' zeta function: the sum of `(k + other)^-self` over k ≥ 0. */
  zeta: Binary;
  /** The regularised lower (igamma) and upper (igammac) incomplete gamma function of `self` at `other`. */
  igamma: Binary;
  igammac: Binary;
  eq: Binary;
  ne: Binary;
  lt: Binary;
  le: Binary;
  gt: Binary;
  ge: Binary;
  logicalAnd: Binary;
  logicalOr: Binary;
  logicalXor: Binary;
  bitwiseAnd: Binary;
  bitwiseOr: Binary;
  bitwiseXor: Binary;
  /** `self > threshold ? grad : 0`: the gradient of relu and threshold. */
  thresholdBackward: (grad: Tensor, self: Tensor, threshold: number) => Tensor;

  // three operands
  where: (condition: Tensor, self: Operand, other: Operand) => Tensor;
  lerp: (self: Tensor, end: Tensor, weight: Operand) => Tensor;
  addcmul: (self: Tensor, tensor1: Tensor, tensor2: Tensor, value: number) => Tensor;
  addcdiv: (self: Tensor, tensor1: Tensor, tensor2: Tensor, value: number) => Tensor;
  maskedFill: (self: Tensor, mask: Tensor, value: Operand) => Tensor;

  // copies
  clone: Unary;
  /** A copy in another dtype. */
  to: (self: Tensor, dtype: DType) => Tensor;
  /** `self` with every element replaced by `src`'s, broadcast and cast: recorded by `copy_`. */
  copy: (self: Tensor, src: Tensor) => Tensor;
  /** `self` with every element replaced by a value: recorded by `fill_` and `zero_`. */
  fill: (self: Tensor, value: Operand) => Tensor;
}

export interface ReductionOps {
  sum: (self: Tensor, dims: readonly number[], keepdim: boolean, dtype: DType | null) => Tensor;
  mean: (self: Tensor, dims: readonly number[], keepdim: boolean, dtype: DType | null) => Tensor;
  /** Product over all elements (`dim` null) or along one dimension. */
  prod: (self: Tensor, dim: number | null, keepdim: boolean) => Tensor;
  amax: Reduction;
  amin: Reduction;
  /** Largest of all elements. */
  max: Unary;
  min: Unary;
  maxDim: (self: Tensor, dim: number, keepdim: boolean) => [values: Tensor, indices: Tensor];
  minDim: (self: Tensor, dim: number, keepdim: boolean) => [values: Tensor, indices: Tensor];
  argmax: (self: Tensor, dim: number | null, keepdim: boolean) => Tensor;
  argmin: (self: Tensor, dim: number | null, keepdim: boolean) => Tensor;
  var: (self: Tensor, dims: readonly number[], correction: number, keepdim: boolean) => Tensor;
  std: (self: Tensor, dims: readonly number[], correction: number, keepdim: boolean) => Tensor;
  /** Vector norm of order `p` over `dims`. */
  norm: (self: Tensor, p: number, dims: readonly number[], keepdim: boolean) => Tensor;
  logsumexp: Reduction;
  any: Reduction;
  all: Reduction;
  cumsum: (self: Tensor, dim: number) => Tensor;
  cumprod: (self: Tensor, dim: number) => Tensor;
  sort: (self: Tensor, dim: number, descending: boolean, stable: boolean) => [values: Tensor, indices: Tensor];
  topk: (self: Tensor, k: number, dim: number, largest: boolean, sorted: boolean) => [values: Tensor, indices: Tensor];
  softmax: (self: Tensor, dim: number) => Tensor;
  logSoftmax: (self: Tensor, dim: number) => Tensor;
  softmaxBackward: (grad: Tensor, result: Tensor, dim: number) => Tensor;
  logSoftmaxBackward: (grad: Tensor, result: Tensor, dim: number) => Tensor;
}

export interface MatmulOps {
  /** `[n] · [n]` → `[]` */
  dot: (self: Tensor, other: Tensor) => Tensor;
  /** `[n, m] · [m]` → `[n]` */
  mv: (self: Tensor, vec: Tensor) => Tensor;
  /** `[n, k] · [k, m]` → `[n, m]` */
  mm: (self: Tensor, mat2: Tensor) => Tensor;
  /** `[b, n, k] · [b, k, m]` → `[b, n, m]` */
  bmm: (self: Tensor, mat2: Tensor) => Tensor;
  /** `beta * self + alpha * (mat1 · mat2)` */
  addmm: (self: Tensor, mat1: Tensor, mat2: Tensor, beta: number, alpha: number) => Tensor;
}

export interface ViewOps {
  view: (self: Tensor, shape: Shape) => Tensor;
  /** `view` of a fresh copy, for `reshape` of what cannot be viewed. */
  unsafeView: (self: Tensor, shape: Shape) => Tensor;
  /** The same elements under the same layout: what `alias` and in-place renaming need. */
  alias: Unary;
  t: Unary;
  transpose: (self: Tensor, dim0: number, dim1: number) => Tensor;
  permute: (self: Tensor, dims: readonly number[]) => Tensor;
  select: (self: Tensor, dim: number, index: number) => Tensor;
  slice: (self: Tensor, dim: number, start: number, end: number, step: number) => Tensor;
  /** Drops `dims` (each of size 1); `all` tells `squeeze()` from `squeeze(dim)`. */
  squeeze: (self: Tensor, dims: readonly number[], all: boolean) => Tensor;
  unsqueeze: (self: Tensor, dim: number) => Tensor;
  expand: (self: Tensor, shape: Shape) => Tensor;
  unfold: (self: Tensor, dim: number, size: number, step: number) => Tensor;
  diagonal: (self: Tensor, offset: number, dim1: number, dim2: number) => Tensor;
  asStrided: (self: Tensor, shape: Shape, strides: Shape, offset: number) => Tensor;
  split: (self: Tensor, sizes: readonly number[], dim: number) => Tensor[];
  unbind: (self: Tensor, dim: number) => Tensor[];

  // gradients of views: zeros of `shape` with `grad` put (or, where a view repeats elements, added) in its place
  selectBackward: (grad: Tensor, shape: Shape, dim: number, index: number) => Tensor;
  sliceBackward: (grad: Tensor, shape: Shape, dim: number, start: number, end: number, step: number) => Tensor;
  unfoldBackward: (grad: Tensor, shape: Shape, dim: number, size: number, step: number) => Tensor;
  diagonalBackward: (grad: Tensor, shape: Shape, offset: number, dim1: number, dim2: number) => Tensor;
  /** `strides` and `offset` of the view, counted in a contiguous tensor of `shape`. */
  asStridedBackward: (grad: Tensor, shape: Shape, strides: Shape, offset: number) => Tensor;
}

export interface IndexOps {
  cat: (tensors: readonly Tensor[], dim: number) => Tensor;
  stack: (tensors: readonly Tensor[], dim: number) => Tensor;
  gather: (self: Tensor, dim: number, index: Tensor) => Tensor;
  scatter: (self: Tensor, dim: number, index: Tensor, src: Operand) => Tensor;
  scatterAdd: (self: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor;
  indexSelect: (self: Tensor, dim: number, index: Tensor) => Tensor;
  indexAdd: (self: Tensor, dim: number, index: Tensor, source: Tensor, alpha: number) => Tensor;
  /** Advanced indexing: an index tensor (int32 or int64, bool masks already turned into indices) or null per dimension. */
  index: (self: Tensor, indices: readonly (Tensor | null)[]) => Tensor;
  indexPut: (self: Tensor, indices: readonly (Tensor | null)[], values: Tensor, accumulate: boolean) => Tensor;
  maskedSelect: (self: Tensor, mask: Tensor) => Tensor;
  nonzero: Unary;
  flip: (self: Tensor, dims: readonly number[]) => Tensor;
  roll: (self: Tensor, shifts: readonly number[], dims: readonly number[]) => Tensor;
  repeat: (self: Tensor, repeats: readonly number[]) => Tensor;
  tril: (self: Tensor, diagonal: number) => Tensor;
  triu: (self: Tensor, diagonal: number) => Tensor;
}

/** Spatial parameters of a convolution over one or two dimensions, each list as long as there are spatial dimensions. */
export interface ConvParams {
  readonly stride: readonly number[];
  /** Zeros on either side. */
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

export interface ConvOps {
  /**
   * Cross-correlation over the last one or two dimensions, or its transpose. input `[N, Cin, …]`, weight
   * `[Cout, Cin/groups, …]` (transposed: `[Cin, Cout/groups, …]`), bias `[Cout]` or null.
   */
  convolution: (
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    params: ConvParams,
    transposed: boolean,
    outputPadding: readonly number[],
  ) => Tensor;
  /** Gradient of a (not transposed) convolution with respect to its input, which has shape `inputShape`. */
  convBackwardInput: (gradOutput: Tensor, weight: Tensor, inputShape: Shape, params: ConvParams) => Tensor;
  /** Gradient of a (not transposed) convolution with respect to its weight, which has shape `weightShape`. */
  convBackwardWeight: (gradOutput: Tensor, input: Tensor, weightShape: Shape, params: ConvParams) => Tensor;
}

/** Window of a pooling over the last one or two dimensions. */
export interface PoolParams {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
}

export interface AvgPoolParams extends PoolParams {
  readonly countIncludePad: boolean;
  readonly divisorOverride: number | null;
}

export interface PoolOps {
  /** Largest entry of each window, and its index in the flattened spatial dimensions of the input. */
  maxPool: (self: Tensor, params: PoolParams) => [values: Tensor, indices: Tensor];
  maxPoolBackward: (grad: Tensor, indices: Tensor, inputShape: Shape, spatial: number) => Tensor;
  /** Entries of `self` at the indices that a max pool found: the derivative of `maxPoolBackward`. */
  maxPoolGather: (self: Tensor, indices: Tensor, spatial: number) => Tensor;
  avgPool: (self: Tensor, params: AvgPoolParams) => Tensor;
  avgPoolBackward: (grad: Tensor, inputShape: Shape, params: AvgPoolParams) => Tensor;
  adaptiveAvgPool: (self: Tensor, outputSize: readonly number[]) => Tensor;
  adaptiveAvgPoolBackward: (grad: Tensor, inputShape: Shape, outputSize: readonly number[]) => Tensor;
  adaptiveMaxPool: (self: Tensor, outputSize: readonly number[]) => [values: Tensor, indices: Tensor];
  /** `pads` in PyTorch's order: last dimension first, before and after. */
  pad: (self: Tensor, pads: readonly number[], mode: PadMode, value: number) => Tensor;
  padBackward: (grad: Tensor, inputShape: Shape, pads: readonly number[], mode: PadMode) => Tensor;
}

export interface NormOps {
  /** Normalises over all dimensions but the second; also returns the mean and 1/√(var + eps) that it used. */
  batchNorm: (
    input: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    training: boolean,
    momentum: number,
    eps: number,
  ) => [output: Tensor, mean: Tensor, invstd: Tensor];
  /** Normalises each of `rows` runs of elements; also returns the means and 1/√(var + eps) of the rows. */
  layerNorm: (
    input: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    rows: number,
    eps: number,
  ) => [output: Tensor, mean: Tensor, invstd: Tensor];
  /** Normalises each of `groups` runs of channels of each sample; also returns the means and 1/√(var + eps), `[N, groups]`. */
  groupNorm: (
    input: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    groups: number,
    eps: number,
  ) => [output: Tensor, mean: Tensor, invstd: Tensor];
}

export interface LossOps {
  /** input `[N, C]` or `[N, C, d1, …]`, target of class indices `[N]` or `[N, d1, …]`; also returns the total weight. */
  nllLoss: (
    input: Tensor,
    target: Tensor,
    weight: Tensor | null,
    reduction: LossReduction,
    ignoreIndex: number,
  ) => [loss: Tensor, totalWeight: Tensor];
  nllLossBackward: (
    grad: Tensor,
    inputShape: Shape,
    target: Tensor,
    weight: Tensor | null,
    reduction: LossReduction,
    ignoreIndex: number,
    totalWeight: Tensor,
  ) => Tensor;
  mseLoss: (input: Tensor, target: Tensor, reduction: LossReduction) => Tensor;
}

/** Decompositions and solvers of batches of matrices `[…, m, n]`. What a result is made of, `linalg/` says. */
export interface LinalgOps {
  /** A = L · Lᵀ from the lower triangle of A; info is 0, or the order of the first minor that is not positive. */
  cholesky: (self: Tensor) => [L: Tensor, info: Tensor];
  /** P · A = L · U, both in one matrix; pivots count from 1; info is 0, or the number of the first zero on U's diagonal. */
  luFactor: (self: Tensor) => [LU: Tensor, pivots: Tensor, info: Tensor];
  /** X of `A · X = B`, or of `Aᵀ · X = B`, by the factors of A, which carry no gradient of their own. */
  luSolve: (self: Tensor, B: Tensor, LU: Tensor, pivots: Tensor, transposed: boolean) => Tensor;
  /** det(A) by the factors of A. */
  det: (self: Tensor, LU: Tensor, pivots: Tensor) => Tensor;
  /** Sign and log|det(A)| by the factors of A. */
  slogdet: (self: Tensor, LU: Tensor, pivots: Tensor) => [sign: Tensor, logabsdet: Tensor];
  /** X of `A · X = B` for a triangular A, of which the other triangle is not read. */
  solveTriangular: (self: Tensor, B: Tensor, upper: boolean, unitriangular: boolean) => Tensor;
  /** A = Q · R. `mode` as in PyTorch; `r` leaves Q empty. */
  qr: (self: Tensor, mode: 'reduced' | 'complete' | 'r') => [Q: Tensor, R: Tensor];
  /** A = V · diag(L) · Vᵀ from the lower triangle of A, L ascending; without `vectors`, V is empty. */
  eigh: (self: Tensor, vectors: boolean) => [L: Tensor, V: Tensor];
  /** A = U · diag(S) · Vh, S descending; without `vectors`, U and Vh are empty. */
  svd: (self: Tensor, fullMatrices: boolean, vectors: boolean) => [U: Tensor, S: Tensor, Vh: Tensor];
  /** The Moore-Penrose inverse, with singular values up to `max(atol, rtol · largest)` taken for 0. */
  pinv: (self: Tensor, atol: Tensor | number, rtol: Tensor | number, hermitian: boolean) => Tensor;
}

/** Ops that draw random numbers or read no tensor are not recorded and not listed. */
export interface OpList
  extends ElementwiseOps,
    ReductionOps,
    MatmulOps,
    ViewOps,
    IndexOps,
    ConvOps,
    PoolOps,
    NormOps,
    LossOps,
    LinalgOps {}

export type OpName = keyof OpList;
