/**
 * Which kernel where: the one place that decides between the packed kernels and the reference loops. A function here either
 * computes the result and returns true, or does nothing and returns false.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { observed } from '../observe.ts';
import type { ConvParams } from '../ops/list.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { keepsWeights, keepWeights, keptWeights } from './keptWeights.ts';
import type { ConvShape } from './kernels/conv.ts';
import type { ConvDirection } from './kernels/conv-path.ts';
import { convPath } from './kernels/conv-path.ts';
import { convProgram, runConv } from './kernels/conv-run.ts';
import { elementwiseName, emitElementwise } from './kernels/elementwise.ts';
import { gemm, gemmCut, gemmScratchBytes, gemmSharedBytes } from './kernels/gemm.ts';
import { rowMajor } from './rowMajor.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Products of fewer multiplications than this are done before a kernel would have been called and its operands packed. */
const MIN_GEMM_PRODUCTS = 800;
/** Nanoseconds that an element of an outer product takes, about; its rows are cut where cache lines end. */
const OUTER_NS = 0.15;
const OUTER_STEPS = [1, 64];

/** True when the packed kernels compute in this dtype here. */
export function hasKernels(dtype: string): dtype is FloatDType {
  return (dtype === 'float32' || dtype === 'float64') && features().simd;
}

/** The elements of a matrix, or of a batch of them, that lie between its first and its last. */
function addMatrix(staging: Staging, count: number, rows: number, columns: number, view: MatrixView): Part {
  const { storage, offset, batchStride, rowStride, columnStride } = view;
  const extent = (count - 1) * batchStride + (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
  return staging.add(storage, offset, count * rows * columns === 0 ? 0 : extent);
}

/**
 * out = a · b + add for `count` products of m × k by k × n, through the packed GEMM. `out` and `add` share no elements with
 * other operands; the columns of `out` follow each other, those of `add` too or are all the same.
 */
export function fastGemm(
  count: number,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  out: MatrixView,
  add: MatrixView | null,
): boolean {
  const { dtype } = out.storage;
  if (count * m * n * k < MIN_GEMM_PRODUCTS) {
    observed.current?.because(`a plain loop is quicker for fewer than ${MIN_GEMM_PRODUCTS} products`);
    return false;
  }
  if (!hasKernels(dtype)) return false;
  const staging = new Staging();
  const cut = gemmCut(m, n, k, count);
  const scratch = staging.reserveApart(gemmScratchBytes(dtype, m, n, k));
  const shared = staging.reserve(gemmSharedBytes(cut, dtype, m, n, k, count));
  const lhs = addMatrix(staging, count, m, k, a);
  const rhs = addMatrix(staging, count, k, n, b);
  const start = add === null ? null : addMatrix(staging, count, m, n, add);
  const result = addMatrix(staging, count, m, n, out);
  staging.open(result);
  if (k === 1 && count === 1 && add === null && b.columnStride === 1) {
    // An outer product is bound by memory: a row of b for every element of a.
    const name = elementwiseName('mul', dtype, 'sv');
    const bytes = itemBytes(dtype);
    const steps = [a.rowStride, 0, out.rowStride].map((step) => step * bytes);
    const pointers = [lhs, rhs, result].map((part) => staging.pointer(part));
    const cuts = cutsOf([m, n], m * n * OUTER_NS, OUTER_STEPS);
    runCuts({ name, emit: emitElementwise('mul', dtype, 'sv') }, cuts, (run, [i, rows, j, columns]) => {
      const [x, y, z] = pointers.map((pointer, k) => pointer + i * steps[k] + (k === 0 ? 0 : j * bytes));
      run(rows, columns, x, y, z, ...steps, 0, 0, 0);
    });
    staging.write(result);
    return true;
  }
  gemm(
    { memory: heap().memory },
    {
      dtype,
      m,
      n,
      k,
      aPtr: staging.pointer(lhs),
      aRowStride: a.rowStride,
      aColStride: a.columnStride,
      bPtr: staging.pointer(rhs),
      bRowStride: b.rowStride,
      bColStride: b.columnStride,
      cPtr: staging.pointer(result),
      ldc: out.rowStride,
      add:
        start === null || add === null
          ? null
          : { ptr: staging.pointer(start), rowStride: add.rowStride, columnStride: add.columnStride === 0 ? 0 : 1 },
      batch:
        count === 1
          ? null
          : {
              count,
              aStride: a.batchStride,
              bStride: b.batchStride,
              cStride: out.batchStride,
              addStride: add?.batchStride ?? 0,
            },
      scratchPtr: staging.at(scratch),
      sharedPtr: staging.at(shared),
    },
    cut,
  );
  staging.write(result);
  return true;
}

/** Convolutions of fewer multiplications than this are left to the reference loops. */
const MIN_CONV_PRODUCTS = 4096;

/** The sizes of a convolution as kernels take them, one dimension as two with a height of 1; null where no kernel takes it. */
function convShape(input: Shape, weight: Shape, out: Shape, params: ConvParams, dtype: string): ConvShape | null {
  if (!hasKernels(dtype)) return null;
  // Plain indices: as lists taken apart, the sizes made a kilobyte of garbage a call.
  const flat = input.length === 3;
  const h = flat ? 1 : input[2];
  const w = input[flat ? 2 : 3];
  const kh = flat ? 1 : weight[2];
  const kw = weight[flat ? 2 : 3];
  const oh = flat ? 1 : out[2];
  const ow = out[flat ? 2 : 3];
  const { stride, padding, dilation, groups } = params;
  const last = flat ? 0 : 1;
  if (out[0] * out[1] * oh * ow * weight[1] * kh * kw < MIN_CONV_PRODUCTS) {
    observed.current?.because(`a plain loop is quicker for fewer than ${MIN_CONV_PRODUCTS} products`);
    return null;
  }
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
    strideH: flat ? 1 : stride[0],
    strideW: stride[last],
    padTop: flat ? 0 : padding[0],
    padLeft: padding[last],
    dilationH: flat ? 1 : dilation[0],
    dilationW: dilation[last],
    groups,
  };
}

/**
 * A forward convolution whose weights are kept as the kernel wants them; false, and nothing done, where that is not so. Bits are those
 * of `fastConv`.
 */
function convWithKeptWeights(
  shape: ConvShape | null,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  out: Tensor,
): boolean {
  if (shape === null || !keepsWeights(weight)) return false;
  const program = convProgram('forward', { ...shape, keepsWeights: true }, bias !== null);
  if (program.sharedBytes === 0) return false;
  const kept = keptWeights(weight, program);
  if (kept === null) return false;
  const { storage, isPrepared } = kept;
  const whether = isPrepared ? 'those of the call before, kept' : 'kept for calls like this one';
  observed.current?.because(
    `${convPath(shape, 'forward').why}; prepared weights are ${whether} while grad mode is off`,
  );
  const staging = new Staging();
  const scratch = staging.reserveApart(program.scratchBytes);
  const inputPart = staging.addTensor(rowMajor(input));
  const weightPart = staging.addTensor(weight);
  const biasPart = bias === null ? null : staging.addTensor(rowMajor(bias));
  const result = staging.addTensor(out);
  staging.open(result);
  const biasPtr = biasPart === null ? 0 : staging.pointer(biasPart);
  const pointers = [staging.pointer(inputPart), staging.pointer(weightPart), biasPtr, staging.pointer(result)] as const;
  runConv(program, heap().memory, pointers, storage.pointer, staging.at(scratch), isPrepared);
  if (!isPrepared) keepWeights(weight, program, storage);
  staging.write(result);
  return true;
}

/**
 * Runs a convolution on its operands, of which null is a missing bias: those that do not lie in the heap, and the result, pass
 * through scratch space.
 */
function fastConv(
  direction: ConvDirection,
  shape: ConvShape | null,
  [first, second, bias]: readonly [Tensor, Tensor, Tensor | null],
  out: Tensor,
): boolean {
  if (shape === null) return false;
  observed.current?.because(convPath(shape, direction).why);
  const program = convProgram(direction, shape, bias !== null);
  const staging = new Staging();
  const scratch = staging.reserveApart(program.scratchBytes);
  const shared = staging.reserve(program.sharedBytes);
  const firstPart = staging.addTensor(rowMajor(first));
  const secondPart = staging.addTensor(rowMajor(second));
  const biasPart = bias === null ? null : staging.addTensor(rowMajor(bias));
  const result = staging.addTensor(out);
  staging.open(result);
  const biasPtr = biasPart === null ? 0 : staging.pointer(biasPart);
  const pointers = [staging.pointer(firstPart), staging.pointer(secondPart), biasPtr, staging.pointer(result)] as const;
  runConv(program, heap().memory, pointers, staging.at(shared), staging.at(scratch));
  staging.write(result);
  return true;
}

/** out = convolution of `input` and `weight`, plus `bias` */
export function fastConvForward(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  out: Tensor,
  params: ConvParams,
): boolean {
  const shape = convShape(input.shape, weight.shape, out.shape, params, out.dtype);
  return convWithKeptWeights(shape, input, weight, bias, out) || fastConv('forward', shape, [input, weight, bias], out);
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
  return fastConv('input', shape, [gradOutput, weight, bias], out);
}

/** out = gradient of a convolution with respect to its weight */
export function fastConvBackwardWeight(gradOutput: Tensor, input: Tensor, out: Tensor, params: ConvParams): boolean {
  const shape = convShape(input.shape, out.shape, gradOutput.shape, params, out.dtype);
  return fastConv('weight', shape, [gradOutput, input, null], out);
}
