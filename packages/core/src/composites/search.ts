/**
 * Places of values among others: `isin`, `searchsorted`, `bucketize`. They read elements, and their results are no functions to
 * differentiate, so nothing is recorded. Positions are int32.
 */

import { fromArray, isTensor } from '../base.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { ShapeError, show, ValueError } from '../errors.ts';
import { sameShape } from '../layout.ts';
import { oneOf } from '../linalg/work.ts';
import { flag, refuseBool } from '../ops/arguments.ts';
import { operand, to } from '../ops/elementwise.ts';
import { gather } from '../ops/index.ts';
import type { Operand } from '../ops/list.ts';
import { asTensor, commonDType } from '../ops/pointwise.ts';
import { checkTensor } from '../ops/tensors.ts';
import { named } from '../options.ts';
import type { Tensor } from '../tensor.ts';

/** The elements in row-major order, in a dtype that both operands promote to. */
function elementsOf(x: Operand, dtype: DType): TypedArray {
  return to(asTensor(x, dtype), dtype).toTypedArray();
}

export interface IsinOptions {
  /** Elements of both are unique, which does not matter here. */
  readonly assumeUnique?: boolean;
  /** True for elements that are not among the others. Default false. */
  readonly invert?: boolean;
}

/**
 * Whether each element is among those of another tensor: bool, of the shape of `elements`. Either may be a number. A NaN is among
 * none. By bisection: O((n + m) log m).
 *
 * @throws DTypeError for booleans
 *
 * @example
 * isin(tensor([1, 2, 3]), tensor([3, 1])); // tensor([ True, False,  True])
 */
export function isin(elements: Operand, testElements: Operand, options?: IsinOptions): Tensor {
  const op = 'isin';
  const [, invert] = named<[boolean, boolean]>(op, ['assumeUnique', 'invert'], [options]);
  const inverted = flag(op, 'invert', invert);
  const x = operand(op, 'elements', elements);
  const among = operand(op, 'testElements', testElements);
  for (const value of [x, among]) if (isTensor(value)) refuseBool(op, value.dtype);
  const dtype = commonDType(x, among);
  const known = elementsOf(among, dtype).sort();
  // NaNs are sorted last, where nobody looks.
  let n = known.length;
  while (n > 0 && Number.isNaN(known[n - 1])) n--;
  const values = elementsOf(x, dtype);
  const found = new Uint8Array(values.length);
  for (let i = 0; i < found.length; i++) {
    const at = place(known, 0, n, values[i], false);
    found[i] = Number((at < n && known[at] === values[i]) !== inverted);
  }
  return fromArray(found, isTensor(x) ? x.shape : [], 'bool');
}

export interface BucketizeOptions {
  /** Positions are int32 in any case. */
  readonly outInt32?: boolean;
  /** Behind values that are equal, and not before them. Default false. */
  readonly right?: boolean;
}

export interface SearchsortedOptions extends BucketizeOptions {
  /** `'right'` is `right: true`. */
  readonly side?: 'left' | 'right' | null;
  /** Places that put the sequence in order along its last dimension, as `argsort` gives them. */
  readonly sorter?: Tensor | null;
}

/**
 * Where values would have to be inserted to keep a sequence in ascending order: the first place i with `sequence[i] ≥ value`, or with
 * `right` the first with `sequence[i] > value`; the length where there is none, as for NaN.
 *
 * sortedSequence: `[n]`, or `[…, n]`, of which each line is searched for a line of the input; input: any shape, `[…, m]`, or a number →
 * int32 of the input's shape. O(m log n).
 *
 * @throws ShapeError when the leading dimensions differ; DTypeError for booleans; ValueError when `side` and `right` contradict each other
 *
 * @example
 * searchsorted(tensor([1, 3, 5]), tensor([3, 6])); // tensor([1, 3], dtype=torch.int32)
 */
export function searchsorted(sortedSequence: Tensor, input: Operand, options?: SearchsortedOptions): Tensor {
  const op = 'searchsorted';
  checkTensor(op, 'sortedSequence', sortedSequence);
  const [, behind, side, sorter] = named<[boolean, boolean, 'left' | 'right' | null, Tensor | null]>(
    op,
    ['outInt32', 'right', 'side', 'sorter'],
    [options],
  );
  const right = flag(op, 'right', behind);
  if (oneOf(op, 'side', side ?? 'right', ['left', 'right']) === 'left' && right) {
    throw new ValueError("side 'left' contradicts right", { op });
  }
  return search(op, sortedSequence, input, right || side === 'right', sorter ?? null);
}

/**
 * Which bucket each value falls into: `searchsorted` of the values among `boundaries`, a vector in ascending order. Bucket i holds
 * `boundaries[i - 1] < value ≤ boundaries[i]`, or with `right` what is `≥` the first and `<` the second.
 *
 * @throws ShapeError when boundaries are no vector
 *
 * @example
 * bucketize(tensor([0, 1, 4]), tensor([1, 3])); // tensor([0, 0, 2], dtype=torch.int32)
 */
export function bucketize(input: Operand, boundaries: Tensor, options?: BucketizeOptions): Tensor {
  const op = 'bucketize';
  checkTensor(op, 'boundaries', boundaries);
  const [, right] = named<[boolean, boolean]>(op, ['outInt32', 'right'], [options]);
  return search(op, boundaries, input, flag(op, 'right', right), null);
}

function search(op: string, sequence: Tensor, input: Operand, right: boolean, sorter: Tensor | null): Tensor {
  const x = operand(op, 'input', input);
  const shape = isTensor(x) ? x.shape : [];
  const isVector = sequence.ndim === 1;
  const leads =
    op === 'searchsorted' &&
    shape.length > 0 &&
    sequence.ndim > 0 &&
    sameShape(sequence.shape.slice(0, -1), shape.slice(0, -1));
  if ((!isVector && !leads) || (sorter !== null && !sameShape(sorter.shape, sequence.shape))) {
    throw new ShapeError(
      `boundaries should be a vector, or lead as the input of searchsorted does, and sorter like them, but got ${show([sequence, x, sorter])}`,
      { op, operands: { sequence: sequence.shape, input: shape, sorter: sorter?.shape } },
    );
  }
  refuseBool(op, sequence.dtype);
  const dtype = commonDType(sequence, x);
  const edges = elementsOf(sorter === null ? sequence : gather(sequence, -1, sorter), dtype);
  const keys = elementsOf(x, dtype);
  const n = sequence.shape[sequence.ndim - 1];
  const places = new Int32Array(keys.length);
  for (let i = 0; i < places.length; i++) {
    const start = isVector ? 0 : Math.floor(i / shape[shape.length - 1]) * n;
    places[i] = place(edges, start, n, keys[i], right);
  }
  return fromArray(places, shape, 'int32');
}

/** By bisection; comparisons with NaN are false, as in PyTorch. */
function place(edges: TypedArray, start: number, n: number, key: number | bigint, right: boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    const edge = edges[start + middle];
    if (right ? edge > key : edge >= key) high = middle;
    else low = middle + 1;
  }
  return low;
}
