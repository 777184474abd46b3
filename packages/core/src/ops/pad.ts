/** Padding at the ends of dimensions, in PyTorch's four modes, and its adjoint. */

import { allocate, makeView } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { isFloating } from '../dtype.ts';
import { NotImplementedError, ShapeError, show, ValueError } from '../errors.ts';
import { runBinary, runCopy, runFill, runMove } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sameShape } from '../layout.ts';
import { named } from '../options.ts';
import type { Edge } from '../reference/pad.ts';
import { edgesOf, padsOf, padBackward as referenceBackward, padForward as referenceForward } from '../reference/pad.ts';
import type { Tensor } from '../tensor.ts';
import type { PadMode, PoolOps } from './list.ts';
import { checkTensor } from './tensors.ts';

const padForward: PoolOps['pad'] = (self, pads, mode, value) => {
  const out = allocate(paddedShape(self.shape, pads), self.dtype);
  const ends = out.storage.enterHeap() ? endsOf(self.shape, pads, mode) : null;
  if (ends === null) referenceForward(self, out, pads, mode, value);
  else {
    if (mode === 'constant') runFill(out, value);
    runCopy(inside(self, pads, -1), inside(out, pads, 1));
    ends.forEach((edges, dim) => {
      for (const edge of edges) copyEdge(out, dim, edge, pads);
    });
  }
  return out;
};

const padBackwardForward: PoolOps['padBackward'] = (grad, inputShape, pads, mode) => {
  const out = allocate(inputShape, grad.dtype);
  const ends = out.storage.enterHeap() && isFloating(grad.dtype) ? endsOf(inputShape, pads, mode) : null;
  if (ends === null) referenceBackward(grad, out, pads, mode);
  else {
    let sums = grad;
    if (mode === 'constant') runFill(out, 0);
    else {
      sums = allocate(grad.shape, grad.dtype);
      runCopy(grad, sums);
    }
    for (let dim = ends.length - 1; dim >= 0; dim--) {
      for (const edge of ends[dim]) addEdge(sums, dim, edge, pads);
    }
    runCopy(inside(sums, pads, 1), inside(out, pads, -1));
  }
  return out;
};

/** For each dimension what its ends copy, nothing for the constant; null where the loops through tables are needed. */
function endsOf(shape: Shape, pads: readonly number[], mode: PadMode): (readonly Edge[])[] | null {
  const ends = padsOf(pads, shape.length).map(([before, after], d) =>
    mode === 'constant' ? [] : edgesOf(shape[d], before, after, mode),
  );
  return ends.every((edges) => edges !== null) ? ends : null;
}

/** The part that input (`sign` -1) and padded tensor (`sign` 1) have in common, as a view of one of them. */
function inside(x: Tensor, pads: readonly number[], sign: 1 | -1): Tensor {
  const { strides } = x;
  let { offset } = x;
  const shape = padsOf(pads, x.shape.length).map(([before, after], d) => {
    const first = Math.max(sign * before, 0);
    offset += first * strides[d];
    return Math.max(x.shape[d] - first - Math.max(sign * after, 0), 0);
  });
  return makeView(x, shape, strides, offset);
}

/**
 * Position `at` of dimension `dim` of a padded tensor, `count` times by `step`, as far as it has been filled when that dimension's
 * turn comes: the dimensions before it whole, those after it without their ends.
 */
function slab(x: Tensor, dim: number, at: number, count: number, pads: readonly number[]): Tensor {
  const later = padsOf(pads, x.shape.length).map((ends, d): [number, number] => (d > dim ? ends : [0, 0]));
  const view = inside(x, later.reverse().flat(), 1);
  const shape = view.shape.map((n, d) => (d === dim ? count : n));
  return makeView(x, shape, x.strides, view.offset + at * x.strides[dim]);
}

function copyEdge(out: Tensor, dim: number, { to, from, step, count }: Edge, pads: readonly number[]): void {
  const target = slab(out, dim, to, count, pads);
  const source = slab(out, dim, from, count, pads);
  const strides = source.strides.map((s, d) => (d === dim ? s * step : s));
  runMove(target.shape, { array: out.array, strides, offset: source.offset }, target);
}

/** Adds what an end copied to where it came from, one position after the other, since several may go to one. */
function addEdge(sums: Tensor, dim: number, { to, from, step, count }: Edge, pads: readonly number[]): void {
  for (let i = 0; i < count; i++) {
    const target = slab(sums, dim, from + i * step, 1, pads);
    runBinary('add', target, slab(sums, dim, to + i, 1, pads), target, sums.dtype);
  }
}

function paddedShape(shape: Shape, pads: readonly number[]): number[] {
  return padsOf(pads, shape.length).map(([before, after], d) => shape[d] + before + after);
}

const MODES: readonly string[] = ['constant', 'reflect', 'replicate', 'circular'];

/** @throws ValueError, ShapeError or NotImplementedError when `pads` do not fit the shape and mode */
function checkPads(op: string, shape: Shape, pads: unknown, mode: PadMode): readonly number[] {
  const operands = { input: shape, pad: pads, mode };
  if (!Array.isArray(pads) || !pads.every(Number.isInteger)) {
    throw new ValueError(`pad must be a list of integers, but got ${show(pads)}`, { op, operands });
  }
  if (!MODES.includes(mode)) {
    throw new NotImplementedError(`Unrecognised padding mode ${String(mode)}; known are ${MODES.join(', ')}`, {
      op,
      operands,
    });
  }
  if (pads.length % 2 !== 0) {
    throw new ValueError(`Padding length must be divisible by 2, but got ${pads.length} entries`, { op, operands });
  }
  const count = pads.length / 2;
  if (count > shape.length) {
    throw new ShapeError(
      `Padding length should be less than or equal to two times the input dimension but got padding length ${pads.length} ` +
        `and input of dimension ${shape.length}`,
      { op, operands },
    );
  }
  if (mode !== 'constant') checkModeDims(op, shape, pads, count, mode);
  padsOf(pads, shape.length).forEach(([before, after], d) => {
    if (before !== 0 || after !== 0) checkDim(op, shape, d, before, after, mode);
  });
  return pads;
}

/** Modes that read the input at its ends pad one to three dimensions, and leave one or two before them. */
function checkModeDims(op: string, shape: Shape, pads: readonly number[], count: number, mode: PadMode): void {
  const operands = { input: shape, pad: pads, mode };
  const left = shape.length - count;
  if (count < 1 || count > 3 || left < 1 || left > 2) {
    throw new NotImplementedError(
      'Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now, with one or two dimensions that are not ' +
        `padded, but got padding of length ${pads.length} for input of shape ${formatShape(shape)}`,
      { op, operands },
    );
  }
  // The batch may be empty, nothing else.
  for (let d = left === 2 ? 1 : 0; d < shape.length; d++) {
    if (shape[d] !== 0) continue;
    throw new ShapeError(
      `Expected ${count + 1}D or ${count + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for ` +
        `input, but got: ${formatShape(shape)}`,
      { op, operands },
    );
  }
}

function checkDim(op: string, shape: Shape, d: number, before: number, after: number, mode: PadMode): void {
  const size = shape[d];
  const operands = { input: shape, padding: [before, after], dim: d, mode };
  if (mode === 'reflect' && (before >= size || after >= size)) {
    throw new ShapeError(
      `Padding size should be less than the corresponding input dimension, but got: padding (${before}, ${after}) at ` +
        `dimension ${d} of input ${formatShape(shape)}`,
      { op, operands },
    );
  }
  if (mode === 'circular' && (before > size || after > size)) {
    throw new ShapeError(
      `Padding value causes wrapping around more than once: padding (${before}, ${after}) at dimension ${d} of input ` +
        formatShape(shape),
      { op, operands },
    );
  }
  const result = size + before + after;
  if (mode === 'constant' ? result < 0 : result < 1) {
    throw new ShapeError(
      `The input size ${size}, plus negative padding ${before} and ${after} resulted in a ` +
        `${result < 0 ? 'negative output size' : 'too small output size of 0'}, which is invalid. Check dimension ${d} of your input`,
      { op, operands },
    );
  }
  // Cropping leaves nothing to wrap around or to repeat.
  if (mode !== 'constant' && size - Math.max(-before, 0) - Math.max(-after, 0) < 1) {
    throw new ShapeError(
      `Negative padding value is resulting in an empty dimension: padding (${before}, ${after}) at dimension ${d} of input ` +
        formatShape(shape),
      { op, operands },
    );
  }
}

export interface PadOptions {
  /** Before and after the last dimension, then the last but one, and so on; negative entries crop. */
  readonly pad?: readonly number[];
  /** `'constant'` (default), `'reflect'`, `'replicate'` or `'circular'`. */
  readonly mode?: PadMode;
  /** The constant; 0 by default. */
  readonly value?: number | null;
}

/**
 * A copy of `input` with more elements (or, for negative entries, fewer) at the ends of its last dimensions.
 *
 * `pad` is `[before, after]` of the last dimension, then of the last but one, and so on. Modes: `'constant'` (default) puts
 * `value` (0 by default); `'reflect'` mirrors without repeating the edge; `'replicate'` repeats the edge; `'circular'` wraps
 * around. The last three pad one to three dimensions, and need one or two that they do not pad.
 *
 * @throws ShapeError when `'reflect'` pads by as much as the dimension has, `'circular'` by more, or too much is cropped
 *
 * @example
 * pad(tensor([1, 2, 3]), [1, 2]); // tensor([0., 1., 2., 3., 0., 0.])
 * pad(tensor([[1, 2, 3]]), [2, 0], 'reflect'); // tensor([[3., 2., 1., 2., 3.]])
 */
export function pad(
  input: Tensor,
  pad: readonly number[] | PadOptions,
  mode?: PadMode | PadOptions,
  value?: number | null | PadOptions,
): Tensor {
  const [pads, m = 'constant', v = null] = named<[readonly number[], PadMode, number | null]>(
    'pad',
    ['pad', 'mode', 'value'],
    [pad, mode, value],
  );
  checkTensor('pad', 'input', input);
  const checked = checkPads('pad', input.shape, pads, m);
  if (m !== 'constant' && v !== null && v !== 0) {
    throw new ValueError(`Padding mode "${m}" doesn't take in value argument, but got ${v}`, {
      op: 'pad',
      operands: { value: v },
    });
  }
  const constant = castConstant(input, v ?? 0);
  return dispatch('pad', padForward, [input, checked, m, constant]);
}

/** Integers take the integer part of the constant. */
function castConstant(input: Tensor, value: number): number {
  return isFloating(input.dtype) || input.dtype === 'bool' ? value : Math.trunc(value);
}

/**
 * The adjoint of `pad`, and so its gradient: `grad` has the padded shape, the result `inputShape`, and each of its entries is the
 * sum over the padded entries that are copies of it.
 */
export function padBackward(grad: Tensor, inputShape: Shape, pads: readonly number[], mode: PadMode): Tensor {
  const checked = checkPads('padBackward', inputShape, pads, mode);
  const expected = paddedShape(inputShape, checked);
  if (!sameShape(grad.shape, expected)) {
    throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
      op: 'padBackward',
      operands: { grad: grad.shape, inputShape, pads },
    });
  }
  return dispatch('padBackward', padBackwardForward, [grad, inputShape, checked, mode]);
}
