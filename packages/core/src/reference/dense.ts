/**
 * Operands of the loops that index by plane and row (convolution, pooling, norms, losses): brought into row-major order once, so
 * that inner loops need one running index each. An operand that lies so already is read where it is.
 */

import type { TypedArray } from '../dtype.ts';
import type { Strided } from '../layout.ts';
import { isContiguous, sizeOf } from '../layout.ts';
import { readElement, toBigInt, walk2 } from './elementwise.ts';

/** Typed arrays whose elements are numbers: all but those of int64. */
export type NumberArray = Exclude<TypedArray, BigInt64Array>;

/** Elements in row-major order from `offset` on. */
export interface Dense {
  readonly array: NumberArray;
  readonly offset: number;
}

/** The elements in row-major order and as numbers: in place where they lie so already, else a copy. */
export function dense(a: Strided): Dense {
  if (a.dtype !== 'int64' && isContiguous(a.shape, a.strides))
    return { array: a.array as NumberArray, offset: a.offset };
  if (a.dtype !== 'float32') return { array: doubles(a), offset: 0 };
  const array = new Float32Array(sizeOf(a.shape));
  gatherInto(a, array);
  return { array, offset: 0 };
}

/**
 * The elements in row-major order as doubles. A view of the operand's own memory where that is what it holds: read it, never
 * write to it.
 */
export function doubles(a: Strided): Float64Array {
  const size = sizeOf(a.shape);
  const flat = isContiguous(a.shape, a.strides);
  if (flat && a.dtype === 'float64') return (a.array as Float64Array).subarray(a.offset, a.offset + size);
  const out = new Float64Array(size);
  if (flat && a.dtype !== 'int64') {
    const source = a.array as Float32Array;
    const offset = a.offset;
    for (let i = 0; i < size; i++) out[i] = source[offset + i];
  } else gatherInto(a, out);
  return out;
}

function gatherInto(a: Strided, out: Float32Array | Float64Array): void {
  if (out.length === 0) return;
  const array = a.array;
  const target = { array: out, shape: a.shape, strides: rowMajor(a.shape), offset: 0, dtype: 'float64' as const };
  walk2(a, target, (from, to) => {
    out[to] = readElement(array, from);
  });
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

/** Where a loop writes numbers: the array of a contiguous output, or doubles beside it when it holds int64. */
export function denseOutput(out: Strided): Dense {
  if (out.dtype !== 'int64') return { array: out.array as NumberArray, offset: out.offset };
  return { array: new Float64Array(sizeOf(out.shape)), offset: 0 };
}

/** Ends a loop over `denseOutput`: int64 elements are converted into their place, all others are there already. */
export function finish(written: Dense, out: Strided): void {
  if (out.dtype !== 'int64') return;
  const target = out.array as BigInt64Array;
  for (let i = 0; i < written.array.length; i++) target[out.offset + i] = toBigInt(written.array[i]);
}

/** out, in planes of `size` elements = what `add` adds up for each of them; in double precision, and rounded once. */
export function sumPlanes(out: Strided, size: number, add: (sums: Float64Array, plane: number) => void): void {
  const planes = size === 0 ? 0 : sizeOf(out.shape) / size;
  const target = denseOutput(out);
  const sums = new Float64Array(size);
  const { array } = target;
  let at = target.offset;
  for (let plane = 0; plane < planes; plane++) {
    sums.fill(0);
    add(sums, plane);
    for (let i = 0; i < size; i++) array[at++] = sums[i];
  }
  finish(target, out);
}
