/**
 * Data types: names, storage, categories and PyTorch's promotion rules.
 *
 * Source of the promotion rules: https://pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
 */

import { halves } from './bits.ts';
import { DTypeError, show } from './errors.ts';

/** The element types that loops and kernels compute in. */
export type ComputeDType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint8' | 'bool';

/** The element types that are only stored: whoever computes with them does so in float32, and rounds once (`half.ts`). */
export type HalfDType = 'float16' | 'bfloat16';

/** The element types of tensors. */
export type DType = ComputeDType | HalfDType;

/** The floating-point types that loops and kernels compute in. */
export type FloatDType = 'float32' | 'float64';

/** What elements are stored in; those of 16-bit floats are their bits, in a `Uint16Array`. */
export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

/** The dtypes that are computed in, in the order of promotion within and across categories. */
export const COMPUTE_DTYPES: readonly ComputeDType[] = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];

/** Every dtype: those that are computed in, in the order of promotion, then those that are only stored. */
export const DTYPES: readonly DType[] = [...COMPUTE_DTYPES, 'float16', 'bfloat16'];

const BYTES: Record<DType, number> = {
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
  float16: 2,
  bfloat16: 2,
};

/** Bytes of one element. */
export function itemBytes(dtype: DType): number {
  return BYTES[dtype];
}

/** True for `float32`, `float64`, `float16` and `bfloat16`: the types that carry gradients. */
export function isFloating(dtype: DType): dtype is FloatDType | HalfDType {
  return dtype === 'float32' || dtype === 'float64' || isHalf(dtype);
}

/** True for `float16` and `bfloat16`. */
export function isHalf(dtype: DType): dtype is HalfDType {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** Throws unless `dtype` is one of `DTYPES`. */
export function checkDType(op: string, dtype: unknown): DType {
  if (typeof dtype === 'string' && Object.hasOwn(BYTES, dtype)) {
    if (isHalf(dtype as DType)) halves.inUse = true;
    return dtype as DType;
  }
  const isDevice = typeof dtype === 'string' && /^(cpu|cuda|mps)\b/.test(dtype);
  const hint = isDevice ? 'there is one device, leave it out' : `known are ${DTYPES.join(', ')}`;
  throw new DTypeError(`unknown dtype ${show(dtype)}; ${hint}`, {
    op,
    operands: { dtype },
  });
}

/** A typed array of the dtype's kind over `length` new elements, all zero. */
export function newArray(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(length);
    default:
      return new Uint8Array(length);
  }
}

/** A typed array of the dtype's kind over existing memory. */
export function viewArray(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'int64':
      return new BigInt64Array(buffer, byteOffset, length);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, byteOffset, length);
    default:
      return new Uint8Array(buffer, byteOffset, length);
  }
}

/** The dtype that a typed array of the user's stands for; `Uint8Array` is `uint8`, and a `Uint16Array` says too little. */
export function dtypeOfArray(array: unknown): DType | null {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Float64Array) return 'float64';
  if (array instanceof Int32Array) return 'int32';
  if (array instanceof BigInt64Array) return 'int64';
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return 'uint8';
  // By name, as some runtimes have no such class.
  if (ArrayBuffer.isView(array) && Object.prototype.toString.call(array) === '[object Float16Array]') return 'float16';
  return null;
}

/** bool < integer < floating: the category decides before the width does. */
type Category = 0 | 1 | 2;

function category(dtype: DType): Category {
  if (dtype === 'bool') return 0;
  return isFloating(dtype) ? 2 : 1;
}

const RANK: Record<DType, number> = {
  bool: 0,
  uint8: 1,
  int32: 2,
  int64: 3,
  float16: 4,
  bfloat16: 4,
  float32: 5,
  float64: 6,
};

/** The smallest dtype that holds both, as `torch.promote_types`; float32 for float16 and bfloat16. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a !== b && RANK[a] === RANK[b]) return 'float32';
  return RANK[a] >= RANK[b] ? a : b;
}

/** A plain number beside a tensor: an integral one promotes as Python's `int`, any other as its `float`. */
export function numberDType(value: number | boolean): DType {
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) ? 'int32' : 'float32';
}

/** One operand of a promotion: dtype, and whether it has dimensions, none, or is a plain number. */
export interface PromotionOperand {
  readonly dtype: DType;
  readonly ndim: number;
}

/**
 * The common dtype of operands, as `torch.result_type`: tensors with dimensions decide first, then 0-d tensors, then plain
 * numbers; a lower level only counts when its category is higher.
 */
export function resultType(...operands: readonly (PromotionOperand | number | boolean)[]): DType {
  const level: (DType | null)[] = [null, null, null];
  for (const operand of operands) {
    const isPlain = typeof operand !== 'object';
    const dtype = isPlain ? numberDType(operand) : operand.dtype;
    const at = isPlain ? 2 : operand.ndim === 0 ? 1 : 0;
    const seen = level[at];
    level[at] = seen === null || seen === undefined ? dtype : promoteTypes(seen, dtype);
  }
  let result: DType | null = null;
  for (const dtype of level) {
    if (dtype === null) continue;
    if (result === null) result = dtype;
    else if (category(dtype) > category(result)) {
      result = promoteTypes(result, dtype);
    }
  }
  return result ?? 'float32';
}

/** True when a result of dtype `from` may be written into a tensor of dtype `to` in place (`torch.can_cast`). */
export function canCast(from: DType, to: DType): boolean {
  return category(from) <= category(to);
}
