/**
 * Layout: shape, strides and offset, all in elements. Pure functions; nothing here knows of tensors.
 */

import type { DType, TypedArray } from './dtype.ts';
import { IndexError, ShapeError, show } from './errors.ts';
import { range, repeated } from './lists.ts';

export type Shape = readonly number[];

/**
 * Anything that kernels can walk: an array seen through shape, strides and offset. A `Tensor` is one; so is any plain
 * object with these fields.
 */
export interface Strided {
  readonly array: TypedArray;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
  readonly dtype: DType;
}

/** Number of elements; 1 for a 0-d shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Row-major strides. A dimension of size 0 or 1 counts as 1, as in PyTorch. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = repeated(1, shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(shape[i]!, 1);
  }
  return strides;
}

/** True when elements lie in row-major order without gaps. Strides of dimensions of size 1 do not matter. */
export function isContiguous(shape: Shape, strides: Shape): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const n = shape[i]!;
    if (n !== 1) {
      // Where there are no elements, there are no gaps either.
      if (strides[i] !== step) return shape.includes(0);
      step *= n;
    }
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]` */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/**
 * A dimension in `[-ndim, ndim)` as one in `[0, ndim)`. A 0-d tensor accepts -1 and 0, as in PyTorch.
 *
 * @throws IndexError when `dim` is out of range or not an integer
 */
export function wrapDim(op: string, dim: number, ndim: number): number {
  const range = Math.max(ndim, 1);
  if (!Number.isInteger(dim) || dim < -range || dim >= range) {
    throw new IndexError(`dimension out of range, expected to be in [${-range}, ${range - 1}], but got ${show(dim)}`, {
      op,
      operands: { dim, ndim },
    });
  }
  return dim < 0 ? dim + range : dim;
}

/**
 * Dimensions of a reduction, wrapped and in ascending order; `null` and `[]` mean all of them.
 *
 * @throws IndexError when a dimension is out of range; ShapeError when one is named twice
 */
export function wrapDims(op: string, dims: number | readonly number[] | null | undefined, ndim: number): number[] {
  if (dims === null || dims === undefined) return range(ndim);
  if (typeof dims === 'number') {
    const dim = wrapDim(op, dims, ndim);
    return ndim === 0 ? [] : [dim];
  }
  if (dims.length === 0) return range(ndim);
  const wrapped = dims.map((dim) => wrapDim(op, dim, ndim)).sort((a, b) => a - b);
  for (let i = 1; i < wrapped.length; i++) {
    if (wrapped[i] === wrapped[i - 1]) {
      throw new ShapeError(`dim ${wrapped[i]} appears multiple times in the list of dims [${dims.join(', ')}]`, {
        op,
        operands: { dims, ndim },
      });
    }
  }
  return ndim === 0 ? [] : wrapped;
}

/**
 * The shape that both broadcast to: trailing dimensions are aligned, and a 1 stretches.
 *
 * @throws ShapeError when two sizes differ and neither is 1
 */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const out = repeated(1, ndim);
  for (let i = 0; i < ndim; i++) {
    const da = a.length - 1 - i;
    const db = b.length - 1 - i;
    const na = da >= 0 ? a[da]! : 1;
    const nb = db >= 0 ? b[db]! : 1;
    if (na !== nb && na !== 1 && nb !== 1) {
      throw new ShapeError(
        `the size of tensor a (${na}) must match the size of tensor b (${nb}) at non-singleton dimension ${ndim - 1 - i}` +
          `, shapes ${formatShape(a)} and ${formatShape(b)}`,
        { op, operands: { a, b } },
      );
    }
    out[ndim - 1 - i] = na === 1 ? nb : na;
  }
  return out;
}

/** Strides of `shape` seen as the (already broadcast) `target`: 0 where it stretches. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const lead = target.length - shape.length;
  const out = repeated(0, target.length);
  for (let i = 0; i < target.length; i++) {
    const j = i - lead;
    out[i] = j < 0 || (shape[j] === 1 && target[i] !== 1) ? 0 : strides[j]!;
  }
  return out;
}

/**
 * The dimensions from the outermost to the innermost in memory: by falling strides, and as they are where strides say nothing
 * (0, or a size of 1). PyTorch's iterators walk a tensor in this order, so this is the order in which it draws random numbers.
 * The sort is that of `infer_dense_strides` (`c10/core/TensorImpl`, `ATen/ExpandUtils.cpp`), ambiguities included.
 */
export function memoryOrder(shape: Shape, strides: Shape): number[] {
  const inner = range(shape.length).reverse();
  /** Above 0 when dimension `a` lies outside `b` in memory, below when inside, 0 when it cannot be told. */
  const compare = (a: number, b: number): number => {
    if (strides[a] === 0 || strides[b] === 0) return 0;
    if (strides[a] !== strides[b]) return strides[a]! - strides[b]!;
    return shape[a]! > shape[b]! ? 1 : 0;
  };
  for (let i = 1; i < inner.length; i++) {
    let at = i;
    for (let before = i - 1; before >= 0; before--) {
      const order = compare(inner[before]!, inner[at]!);
      if (order > 0) {
        [inner[before], inner[at]] = [inner[at]!, inner[before]!];
        at = before;
      } else if (order < 0) break;
    }
  }
  return inner.reverse();
}

/** The shape after reducing `dims` (wrapped), with sizes of 1 in their place when `keepdim`. */
export function reducedShape(shape: Shape, dims: readonly number[], keepdim: boolean): number[] {
  const out: number[] = [];
  for (let i = 0; i < shape.length; i++) {
    if (!dims.includes(i)) out.push(shape[i]!);
    else if (keepdim) out.push(1);
  }
  return out;
}

/**
 * Strides under which `shape`/`strides` can be seen as `target` without a copy, or null when there are none. Both shapes must
 * have the same number of elements. The algorithm is that of PyTorch's `computeStride`: group old dimensions into runs that
 * are contiguous among themselves, and cut each run anew.
 */
export function viewStrides(shape: Shape, strides: Shape, target: Shape): number[] | null {
  if (sizeOf(shape) === 0) return sameShape(shape, target) ? [...strides] : contiguousStrides(target);
  const out = repeated(1, target.length);
  let t = target.length - 1;
  let chunkStride = strides.length > 0 ? strides[strides.length - 1]! : 1;
  let oldSize = 1;
  let newSize = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    oldSize *= shape[d]!;
    if (d === 0 || (shape[d - 1] !== 1 && strides[d - 1] !== oldSize * chunkStride)) {
      while (t >= 0 && (newSize < oldSize || target[t] === 1)) {
        out[t] = newSize * chunkStride;
        newSize *= target[t]!;
        t--;
      }
      if (newSize !== oldSize) return null;
      if (d > 0) {
        chunkStride = strides[d - 1]!;
        oldSize = 1;
        newSize = 1;
      }
    }
  }
  for (; t >= 0; t--) out[t] = newSize * chunkStride;
  return out;
}

/** Indices of all elements, in row-major order of `shape`, as offsets into the array. */
export function* offsets(shape: Shape, strides: Shape, offset: number): Generator<number> {
  const ndim = shape.length;
  if (sizeOf(shape) === 0) return;
  const index = repeated(0, ndim);
  let at = offset;
  for (;;) {
    yield at;
    let d = ndim - 1;
    for (; d >= 0; d--) {
      at += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      at -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
    if (d < 0) return;
  }
}

/**
 * The same walk with adjacent dimensions merged where they can be, for up to three operands at once: fewer loops, longer inner
 * runs. Every operand's strides must be those of the common shape.
 */
export function collapse(shape: Shape, operands: readonly Shape[]): { shape: number[]; strides: number[][] } {
  const outShape: number[] = [];
  const outStrides: number[][] = operands.map(() => []);
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d]!;
    if (n === 1) continue;
    const last = outShape.length - 1;
    const merges = last >= 0 && operands.every((s, k) => outStrides[k]![last] === s[d]! * n);
    if (merges) {
      outShape[last] = outShape[last]! * n;
      operands.forEach((s, k) => {
        outStrides[k]![last] = s[d]!;
      });
    } else {
      outShape.push(n);
      operands.forEach((s, k) => {
        outStrides[k]!.push(s[d]!);
      });
    }
  }
  return { shape: outShape, strides: outStrides };
}
