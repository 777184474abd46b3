/**
 * Which kernel where: the one place that decides between the packed kernels and the reference loops. A function here either
 * computes the result and returns true, or does nothing and returns false.
 */

import { allocate } from '../base.ts';
import { itemBytes } from '../dtype.ts';
import type { FloatDType } from '../dtype.ts';
import { isContiguous } from '../layout.ts';
import type { Shape } from '../layout.ts';
import type { ConvParams } from '../ops/list.ts';
import { copy } from '../reference/elementwise.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { convBackwardInput, convBackwardInputScratchBytes } from './kernels/conv-input.ts';
import { convBackwardWeight, convBackwardWeightScratchBytes } from './kernels/conv-weight.ts';
import { convForward, convForwardScratchBytes } from './kernels/conv.ts';
import type { ConvShape } from './kernels/conv.ts';
import { gemm, gemmScratchBytes } from './kernels/gemm.ts';

/** Products of fewer multiplications than this are done before a kernel would have been called and its operands packed. */
const MIN_GEMM_PRODUCTS = 4096;

const ALIGN = 64;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/**
 * Room in the heap for one launch: scratch for the kernel, and copies of operands that live in typed arrays. All of it is one
 * request, since the next request takes it back.
 */
export class Staging {
  private readonly storages: Storage[] = [];
  private readonly offsets: number[] = [];
  private bytes = 0;
  private base = 0;

  /** Sets aside `bytes`; returns where they will be, relative to the start. */
  reserve(bytes: number): number {
    const at = this.bytes;
    this.bytes += aligned(bytes);
    return at;
  }

  /** Sets aside room for the elements of a storage, unless they are in the heap already. */
  add(storage: Storage): void {
    if (storage.inHeap || this.storages.includes(storage)) return;
    this.storages.push(storage);
    this.offsets.push(this.reserve(storage.length * itemBytes(storage.dtype)));
  }

  /** Takes the room and copies in the storages whose content is read. */
  open(written: Storage | null): void {
    this.base = this.bytes > 0 ? heap().scratch(this.bytes) : 0;
    for (let i = 0; i < this.storages.length; i++) {
      if (this.storages[i] !== written) this.bytesOf(i).set(rawBytes(this.storages[i]));
    }
  }

  /** The byte address of what `reserve` set aside. */
  at(offset: number): number {
    return this.base + offset;
  }

  /** The byte address of a storage's first element. */
  pointer(storage: Storage): number {
    const i = this.storages.indexOf(storage);
    return i < 0 ? storage.pointer : this.base + this.offsets[i];
  }

  /** Copies in what a staged storage holds, for a kernel that adds to it. */
  read(storage: Storage): void {
    const i = this.storages.indexOf(storage);
    if (i >= 0) this.bytesOf(i).set(rawBytes(storage));
  }

  /** Copies the result back to a staged storage. */
  write(storage: Storage): void {
    const i = this.storages.indexOf(storage);
    if (i >= 0) rawBytes(storage).set(this.bytesOf(i));
  }

  private bytesOf(i: number): Uint8Array {
    return new Uint8Array(heap().memory.buffer, this.base + this.offsets[i], rawBytes(this.storages[i]).length);
  }
}

function rawBytes(storage: Storage): Uint8Array {
  const { buffer, byteOffset, byteLength } = storage.array;
  return new Uint8Array(buffer, byteOffset, byteLength);
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
  staging.add(a);
  staging.add(b);
  if (isPlain) staging.add(out);
  staging.open(out === a || out === b ? null : out);
  if (isPlain && beta === 1) staging.read(out);
  const target = isPlain ? staging.pointer(out) + ov.offset * bytes : staging.at(product);
  const ldc = isPlain ? ov.rowStride : n;
  gemm(
    { memory: heap().memory },
    {
      dtype,
      m,
      n,
      k,
      aPtr: staging.pointer(a) + av.offset * bytes,
      aRowStride: av.rowStride,
      aColStride: av.columnStride,
      bPtr: staging.pointer(b) + bv.offset * bytes,
      bRowStride: bv.rowStride,
      bColStride: bv.columnStride,
      cPtr: target,
      ldc,
      accumulate: isPlain && beta === 1,
      scratchPtr: staging.at(scratch),
    },
  );
  if (isPlain) staging.write(out);
  else combine(m, n, target, out, ov, alpha, beta);
  return true;
}

/** out = alpha · product + beta · out, for the product of a GEMM that lies in scratch space. */
function combine(m: number, n: number, product: number, out: Storage, ov: MatrixView, alpha: number, beta: number): void {
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

/** `self` in row-major order: itself, or a copy. */
function dense(self: Tensor): Tensor {
  if (isContiguous(self.shape, self.strides)) return self;
  const out = allocate(self.shape, self.dtype);
  copy(self, out);
  return out;
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
  const bytes = itemBytes(out.dtype);
  const list = operands.map((x) => (x === null ? null : dense(x)));
  const staging = new Staging();
  const scratch = staging.reserve(scratchBytes);
  for (const x of list) if (x !== null) staging.add(x.storage.root);
  staging.add(out.storage.root);
  staging.open(out.storage.root);
  const address = (x: Tensor): number => staging.pointer(x.storage.root) + x.offset * bytes;
  run(
    list.map((x) => (x === null ? 0 : address(x))),
    address(out),
    staging.at(scratch),
  );
  staging.write(out.storage.root);
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
  withOperands([input, weight, bias], out, convForwardScratchBytes(shape), ([xPtr, wPtr, biasPtr], outPtr, scratchPtr) =>
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
  withOperands(
    [gradOutput, input],
    out,
    convBackwardWeightScratchBytes(shape),
    ([gradPtr, xPtr], outPtr, scratchPtr) =>
      convBackwardWeight({ memory: heap().memory }, { ...shape, gradPtr, xPtr, outPtr, scratchPtr }),
  );
  return true;
}
