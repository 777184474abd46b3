/**
 * Which kernel where: the one place that decides between the packed kernels and the reference loops. A function here either
 * computes the result and returns true, or does nothing and returns false.
 */

import { itemBytes } from '../dtype.ts';
import type { FloatDType } from '../dtype.ts';
import type { MatrixView } from '../reference/matmul.ts';
import type { Storage } from '../storage.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
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
