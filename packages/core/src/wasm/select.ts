/**
 * Which kernel where: the one place that decides between the packed kernels and the reference loops. A function here either
 * computes the result and returns true, or does nothing and returns false.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import type { ConvParams } from '../ops/list.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { ConvShape } from './kernels/conv.ts';
import { convForward, convForwardScratchBytes } from './kernels/conv.ts';
import { convBackwardInput, convBackwardInputScratchBytes } from './kernels/conv-input.ts';
import { convBackwardWeight, convBackwardWeightScratchBytes } from './kernels/conv-weight.ts';
import { gemm, gemmScratchBytes } from './kernels/gemm.ts';
import { rowMajor } from './rowMajor.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Products of fewer multiplications than this are done before a kernel would have been called and its operands packed. */
const MIN_GEMM_PRODUCTS = 4096;

/** Elements from the first to the last of a matrix of `rows` × `columns`. */
function extent(rows: number, columns: number, view: MatrixView): number {
  return (rows - 1) * view.rowStride + (columns - 1) * view.columnStride + 1;
}

/** True when the packed kernels compute in this dtype here. */
export function hasKernels(dtype: string): dtype is FloatDType {
  return (dtype === 'float32' || dtype === 'float64') && features().simd;
}

/** out = alpha · a · b + beta · out through the packed GEMM. The columns of `out` must follow each other. */
export function fastGemm(
  m: number,
  n: number,
  k: number,
  a: Storage,
  av: MatrixView,
  b: Storage,
  bv: MatrixView,
  out: Storage,
  ov: MatrixView,
  alpha: number,
  beta: number,
): boolean {
  const { dtype } = out;
  if (m * n * k < MIN_GEMM_PRODUCTS || !hasKernels(dtype) || (n > 1 && ov.columnStride !== 1)) return false;
  const bytes = itemBytes(dtype);
  const isPlain = alpha === 1 && (beta === 0 || beta === 1);
  const staging = new Staging();
  const scratch = staging.reserve(gemmScratchBytes(dtype, m, n, k));
  const product = isPlain ? 0 : staging.reserve(m * n * bytes);
  const lhs = staging.add(a, av.offset, extent(m, k, av));
  const rhs = staging.add(b, bv.offset, extent(k, n, bv));
  const result = isPlain ? staging.add(out, ov.offset, extent(m, n, ov)) : null;
  // What the copy of the result holds beside the product is copied back with it, and so must be read first.
  staging.open(beta === 0 && result?.count === m * n ? result : null);
  const target = result !== null ? staging.pointer(result) : staging.at(product);
  const ldc = isPlain ? ov.rowStride : n;
  gemm(
    { memory: heap().memory },
    {
      dtype,
      m,
      n,
      k,
      aPtr: staging.pointer(lhs),
      aRowStride: av.rowStride,
      aColStride: av.columnStride,
      bPtr: staging.pointer(rhs),
      bRowStride: bv.rowStride,
      bColStride: bv.columnStride,
      cPtr: target,
      ldc,
      accumulate: isPlain && beta === 1,
      scratchPtr: staging.at(scratch),
    },
  );
  if (result !== null) staging.write(result);
  else combine(m, n, target, out, ov, alpha, beta);
  return true;
}

/** out = alpha · product + beta · out, for the product of a GEMM that lies in scratch space. */
function combine(
  m: number,
  n: number,
  product: number,
  out: Storage,
  ov: MatrixView,
  alpha: number,
  beta: number,
): void {
  const { buffer } = heap().memory;
  const source =
    out.dtype === 'float32' ? new Float32Array(buffer, product, m * n) : new Float64Array(buffer, product, m * n);
  const target = out.array as Float64Array;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const at = ov.offset + i * ov.rowStride + j * ov.columnStride;
      target[at] = alpha * source[i * n + j] + (beta === 0 ? 0 : beta * target[at]);
    }
  }
}

/** Convolutions of fewer multiplications than this are left to the reference loops. */
const MIN_CONV_PRODUCTS = 4096;

/** The sizes of a convolution as kernels take them, one dimension as two with a height of 1; null where no kernel takes it. */
function convShape(input: Shape, weight: Shape, out: Shape, params: ConvParams, dtype: string): ConvShape | null {
  if (!hasKernels(dtype)) return null;
  const flat = input.length === 3;
  const [h, w] = flat ? [1, input[2]] : [input[2], input[3]];
  const [kh, kw] = flat ? [1, weight[2]] : [weight[2], weight[3]];
  const [oh, ow] = flat ? [1, out[2]] : [out[2], out[3]];
  const both = (list: readonly number[], neutral: number): readonly number[] => (flat ? [neutral, list[0]] : list);
  const [strideH, strideW] = both(params.stride, 1);
  const [padTop, padLeft] = both(params.padding, 0);
  const [dilationH, dilationW] = both(params.dilation, 1);
  const { groups } = params;
  if (out[0] * out[1] * oh * ow * weight[1] * kh * kw < MIN_CONV_PRODUCTS) return null;
  return {
    dtype,
    n: input[0],
    cin: input[1],
    h,
    w,
    cout: out[1],
    kh,
    kw,
    oh,
    ow,
    strideH,
    strideW,
    padTop,
    padLeft,
    dilationH,
    dilationW,
    groups,
  };
}

/**
 * Runs a kernel on contiguous operands and a contiguous output, bringing those that live in typed arrays into the heap and the
 * result back. `run` gets the addresses of the operands, of the output and of its scratch space.
 */
function withOperands(
  operands: readonly (Tensor | null)[],
  out: Tensor,
  scratchBytes: number,
  run: (operands: readonly number[], out: number, scratch: number) => void,
): void {
  const staging = new Staging();
  const scratch = staging.reserve(scratchBytes);
  const parts = operands.map((x): Part | null => (x === null ? null : staging.addTensor(rowMajor(x))));
  const result = staging.addTensor(out);
  staging.open(result);
  run(
    parts.map((x) => (x === null ? 0 : staging.pointer(x))),
    staging.pointer(result),
    staging.at(scratch),
  );
  staging.write(result);
}

/** out = convolution of `input` and `weight`, plus `bias`, by the implicit GEMM */
export function fastConvForward(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  out: Tensor,
  params: ConvParams,
): boolean {
  const shape = convShape(input.shape, weight.shape, out.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands(
    [input, weight, bias],
    out,
    convForwardScratchBytes(shape),
    ([xPtr, wPtr, biasPtr], outPtr, scratchPtr) =>
      convForward({ memory: heap().memory }, { ...shape, xPtr, wPtr, biasPtr, outPtr, scratchPtr }),
  );
  return true;
}

/** out = gradient of a convolution with respect to its input, plus `bias` (of a transposed convolution) */
export function fastConvBackwardInput(
  gradOutput: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  out: Tensor,
  params: ConvParams,
): boolean {
  const shape = convShape(out.shape, weight.shape, gradOutput.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands(
    [gradOutput, weight, bias],
    out,
    convBackwardInputScratchBytes(shape),
    ([gradPtr, wPtr, biasPtr], outPtr, scratchPtr) =>
      convBackwardInput({ memory: heap().memory }, { ...shape, gradPtr, wPtr, biasPtr, outPtr, scratchPtr }),
  );
  return true;
}

/** out = gradient of a convolution with respect to its weight */
export function fastConvBackwardWeight(gradOutput: Tensor, input: Tensor, out: Tensor, params: ConvParams): boolean {
  const shape = convShape(input.shape, out.shape, gradOutput.shape, params, out.dtype);
  if (shape === null) return false;
  withOperands([gradOutput, input], out, convBackwardWeightScratchBytes(shape), ([gradPtr, xPtr], outPtr, scratchPtr) =>
    convBackwardWeight({ memory: heap().memory }, { ...shape, gradPtr, xPtr, outPtr, scratchPtr }),
  );
  return true;
}
