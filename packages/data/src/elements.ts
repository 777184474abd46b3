/**
 * Element types of files, and how they become tensors. What no dtype here is as wide as is widened to the next that holds all its
 * values: nothing is rounded, and NaNs keep their bits.
 */

import type { DType, Tensor, TypedArray } from '@torsor/core';
import { allocate, FormatError, itemBytes, sizeOf, withBits } from '@torsor/core';
import { swapBytes } from './bytes.ts';

/** The dtype that each loads as. Named as in NumPy, by kind and bytes; `bf2` is bfloat16, which NumPy has not. */
export const LOADED_AS = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int32',
  i2: 'int32',
  u2: 'int32',
  i4: 'int32',
  u4: 'int64',
  i8: 'int64',
  u8: 'int64',
  f2: 'float16',
  bf2: 'bfloat16',
  f4: 'float32',
  f8: 'float64',
} as const satisfies Record<string, DType>;

export type ElementType = keyof typeof LOADED_AS;

/** Bytes of one element in the file. */
export function widthOf(type: ElementType): number {
  return Number(type.at(-1));
}

/** More dimensions than NumPy and PyTorch take are taken for damage. */
export const MAX_DIMS = 64;

/**
 * Checks a shape that a file claims before anything is allocated for it.
 *
 * @throws FormatError unless its elements take exactly as many bytes as there are
 */
export function checkFits(op: string, shape: readonly number[], type: ElementType, bytes: number): void {
  if (shape.length > MAX_DIMS) throw new FormatError(`${shape.length} dimensions are more than ${MAX_DIMS}`, { op });
  // Empty dimensions may not hide others that are beyond all bounds.
  let most = widthOf(type);
  for (const n of shape) most *= Math.max(n, 1);
  if (Number.isSafeInteger(most) && sizeOf(shape) * widthOf(type) === bytes) return;
  throw new FormatError(
    `shape [${shape.join(', ')}] of elements of ${widthOf(type)} bytes does not fit the ${bytes} bytes of data`,
    { op, operands: { shape, bytes } },
  );
}

/**
 * A tensor of elements that stand one after the other, in row-major order.
 *
 * @throws FormatError when a u8 is 2⁶³ or more, for which there is no dtype
 */
export function decode(
  op: string,
  type: ElementType,
  bytes: Uint8Array,
  shape: readonly number[],
  isBigEndian = false,
): Tensor {
  const dtype = LOADED_AS[type];
  const width = widthOf(type);
  const out = allocate([...shape], dtype);
  const values = withBits(() => out.array).subarray(out.offset, out.offset + sizeOf(shape)) as TypedArray;
  if (width === itemBytes(dtype)) {
    const target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    target.set(bytes);
    if (isBigEndian) swapBytes(target, width);
    if (type === 'b1') for (let i = 0; i < target.length; i++) target[i] = Number(target[i] !== 0);
    if (type === 'u8' && (values as BigInt64Array).some((value) => value < 0n)) {
      throw new FormatError('has unsigned integers of 2⁶³ or more, which no dtype holds', { op });
    }
  } else {
    const own = new Uint8Array(bytes);
    if (isBigEndian) swapBytes(own, width);
    widen(type, own.buffer, values);
  }
  return out;
}

function widen(type: ElementType, buffer: ArrayBuffer, values: TypedArray): void {
  if (type === 'i1') values.set(new Int8Array(buffer) as never);
  else if (type === 'i2') values.set(new Int16Array(buffer) as never);
  else if (type === 'u2') values.set(new Uint16Array(buffer) as never);
  else {
    const source = new Uint32Array(buffer);
    for (let i = 0; i < source.length; i++) values[i] = BigInt(source[i]);
  }
}
