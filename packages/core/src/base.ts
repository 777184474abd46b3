/**
 * What a tensor is made of, without its methods. Ops work on this and never import the `Tensor` class, which imports them:
 * so the imports form no cycle. `tensor.ts` tells `setTensorClass` which class to construct.
 */

import type { DType, TypedArray } from './dtype.ts';
import { checkDType, itemBytes } from './dtype.ts';
import { ShapeError } from './errors.ts';
import type { Shape, Strided } from './layout.ts';
import { contiguousStrides, sizeOf } from './layout.ts';
import { Storage } from './storage.ts';
import type { Tensor } from './tensor.ts';

/** The state that ops consult: set by the grad modes of `@torsor/autograd`. */
export const modes = {
  /** Whether dispatch hands ops on tensors with an autograd slot to the recorder. */
  grad: true,
  /** Whether the program wants gradients: `grad` is off, too, while an op that is recorded runs. */
  learns: true,
  /** Whether new tensors are marked as made in inference mode. */
  inference: false,
};

export class TensorBase implements Strided {
  storage: Storage;
  shape: Shape;
  strides: Shape;
  offset: number;
  dtype: DType;
  /** The slot of `@torsor/autograd`. Core never looks inside; null until that package puts something here. */
  autograd: unknown = null;
  /** The tensor that this one is a view of (never itself a view); null when it is none. */
  readonly base: Tensor | null;
  /** Made in `inferenceMode` (and no view of a tensor that was not): never recorded, never saved for a backward pass. */
  readonly isInference: boolean;

  constructor(storage: Storage, shape: Shape, strides: Shape, offset: number, dtype: DType, base: Tensor | null) {
    this.storage = storage;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.base = base;
    this.isInference = base === null ? modes.inference : base.isInference;
  }

  /** The raw elements of the storage. Walk them with `shape`, `strides` and `offset`; never keep the array. */
  get array(): TypedArray {
    return this.storage.array;
  }
}

type TensorClass = new (
  storage: Storage,
  shape: Shape,
  strides: Shape,
  offset: number,
  dtype: DType,
  base: Tensor | null,
) => Tensor;

let TensorConstructor: TensorClass;

/** Called once, by `tensor.ts`. */
export function setTensorClass(tensorClass: TensorClass): void {
  TensorConstructor = tensorClass;
}

/** A tensor over a storage. */
export function construct(
  storage: Storage,
  shape: Shape,
  strides: Shape,
  offset: number,
  dtype: DType,
  base: Tensor | null = null,
): Tensor {
  return new TensorConstructor(storage, shape, strides, offset, dtype, base);
}

let lastShape: Shape = [];
let lastStrides: Shape = [];

/**
 * Row-major strides. Elementwise ops hand the very list on that is their operand's shape: it then gets the very list of strides, too,
 * by which loops recognise that both lie alike.
 */
function rowMajor(shape: Shape): Shape {
  if (shape !== lastShape) {
    lastStrides = contiguousStrides(shape);
    lastShape = shape;
  }
  return lastStrides;
}

/** Kernels count elements in 31 bits, and bytes in 32. */
const MAX_ELEMENTS = 2 ** 31 - 1;
const MAX_BYTES = 2 ** 32;

/** The number of elements of a new tensor. */
function countOf(shape: Shape, dtype: DType): number {
  const size = sizeOf(shape);
  // written so that what is no number, of a dtype that there is not, does not pass
  if (!(size <= MAX_ELEMENTS && size * itemBytes(dtype) <= MAX_BYTES)) {
    checkDType('allocate', dtype);
    throw new ShapeError(
      `a ${dtype} tensor of shape [${shape.join(', ')}] would have ${size} elements in ${size * itemBytes(dtype)} bytes; ` +
        'one tensor holds less than 2³¹ elements, and 4 GiB at most',
      { op: 'allocate', operands: { shape, dtype } },
    );
  }
  return size;
}

/**
 * A new contiguous tensor whose elements are unspecified: for ops that write all of it.
 *
 * @throws ShapeError for 2³¹ elements or more, or more than 4 GiB
 */
export function allocate(shape: Shape, dtype: DType): Tensor {
  return construct(Storage.allocate(dtype, countOf(shape, dtype), false), shape, rowMajor(shape), 0, dtype);
}

/** A new contiguous tensor of zeros. */
export function allocateZeros(shape: Shape, dtype: DType): Tensor {
  return construct(Storage.allocate(dtype, countOf(shape, dtype), true), shape, rowMajor(shape), 0, dtype);
}

/** A new contiguous tensor over a typed array that nobody else writes to. */
export function fromArray(array: TypedArray, shape: Shape, dtype: DType): Tensor {
  return construct(Storage.wrap(dtype, array), shape, rowMajor(shape), 0, dtype);
}

/** A view: the same storage under another layout. */
export function makeView(self: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  return construct(self.storage, shape, strides, offset, self.dtype, self.base ?? self);
}

/** True for a tensor of any copy of this class. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof TensorBase;
}
