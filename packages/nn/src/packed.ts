/**
 * Sequences of different lengths in one batch: `torch.nn.utils.rnn`. Padded, they are one tensor `[T, N, …]`, filled up behind their
 * ends; packed, they are the rows of all of them, step after step, with how many sequences go on at each step, the longest first.
 * Recurrent layers take both; of packed ones they compute what is there, and last states are those at the ends.
 */

import type { DType, Shape } from '@torsor/core';
import { cat, formatShape, full, named, pad, ShapeError, show, stack, Tensor, tensor, ValueError } from '@torsor/core';
import { flag, integer, numeric, required, tensorArgument } from './arguments.ts';

/** Lengths of sequences: a list, or a vector. */
export type Lengths = Tensor | readonly number[];

/**
 * Packed sequences, as `packPaddedSequence` and `packSequence` make them; PyTorch's named tuple of the same fields. It is a list of
 * them, too: `const [data, batchSizes] = packed`.
 */
export class PackedSequence extends Array<Tensor | null> {
  /** What `map`, `slice` and so on give is a plain list. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  constructor(
    data: Tensor,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = invertPermutation(sortedIndices),
  ) {
    super();
    this.push(data, batchSizes, sortedIndices, unsortedIndices);
  }

  /** The steps of all sequences, `[sum of lengths, …]`: first steps of all, then second steps, and so on. */
  get data(): Tensor {
    return this[0] as Tensor;
  }

  /** How many sequences have a first step, a second, and so on: `[longest length]`, int32. */
  get batchSizes(): Tensor {
    return this[1] as Tensor;
  }

  /** Which of the sequences that were given is the longest, the second longest, and so on; null where they were sorted already. */
  get sortedIndices(): Tensor | null {
    return this[2];
  }

  /** The inverse of `sortedIndices`. */
  get unsortedIndices(): Tensor | null {
    return this[3];
  }

  /** The same sequences in another dtype. */
  to(dtype: DType): PackedSequence {
    return packedLike(this, this.data.to(dtype));
  }

  override toString(): string {
    const fields = ['data', 'batch_sizes', 'sorted_indices', 'unsorted_indices'];
    return `PackedSequence(${fields.map((name, i) => `${name}=${this[i] ?? 'None'}`).join(', ')})`;
  }

  /** Node's and Bun's inspector. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }
}

/** Other steps of the same sequences. */
export function packedLike(packed: PackedSequence, data: Tensor): PackedSequence {
  return new PackedSequence(data, packed.batchSizes, packed.sortedIndices, packed.unsortedIndices);
}

/** A vector of positions as a list. */
export const positionsOf = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);

const int32 = (list: readonly number[]): Tensor => tensor(list, { dtype: 'int32' });

/** The order that undoes another: `result[permutation[i]] = i`. */
export function invertPermutation(permutation: Tensor | null): Tensor | null {
  if (permutation === null) return null;
  const inverse: number[] = [];
  for (const [i, place] of positionsOf(permutation).entries()) inverse[place] = i;
  return tensor(inverse, { dtype: permutation.dtype });
}

function lengthsOf(op: string, lengths: Lengths): number[] {
  const list = lengths instanceof Tensor ? positionsOf(lengths) : Array.isArray(lengths) ? [...lengths] : null;
  if (list === null) {
    throw new ValueError(`lengths must be a list or a vector, but got ${show(lengths)}`, { op, operands: { lengths } });
  }
  for (const length of list) integer(op, 'lengths', length, 1);
  return list;
}

/**
 * Where each step of packed sequences is among the rows of padded ones, `[T, N]` or with `batchFirst` `[N, T]`.
 *
 * @param order which sequence is the longest, the second longest, …
 */
function placesOf(
  batchSizes: readonly number[],
  order: readonly number[],
  shape: Shape,
  batchFirst: boolean,
): number[] {
  const across = shape[1];
  return batchSizes.flatMap((count, t) =>
    order.slice(0, count).map((sequence) => (batchFirst ? sequence * across + t : t * across + sequence)),
  );
}

export interface PackOptions {
  /** Whether padded sequences are `[N, T, …]` rather than `[T, N, …]`; false by default. */
  readonly batchFirst?: boolean;
  /** Whether to refuse sequences that do not come with the longest first, rather than sort them; true by default. */
  readonly enforceSorted?: boolean;
}

/**
 * Packs padded sequences: `[T, N, …]` and N lengths → a `PackedSequence` of `[sum of lengths, …]`.
 *
 * @param lengths how long each is, at least 1 and at most T
 * @param batchFirst whether they are `[N, T, …]`; false by default
 * @param enforceSorted whether to refuse those that do not come with the longest first, rather than sort them; true by default
 *
 * @throws ShapeError when there are not as many lengths as sequences; ValueError when a length is none, or they are not sorted
 *
 * @example
 * const packed = packPaddedSequence(embedding(tokens), lengths, { batchFirst: true, enforceSorted: false });
 * const [output, [h]] = lstm(packed);
 * const [padded] = padPackedSequence(output, { batchFirst: true });
 */
export function packPaddedSequence(
  input: Tensor,
  lengths: Lengths,
  batchFirst?: boolean | PackOptions,
  enforceSorted?: boolean | Omit<PackOptions, 'batchFirst'>,
): PackedSequence {
  const op = 'packPaddedSequence';
  const [isBatchFirst = false, mustBeSorted = true] = named<[boolean, boolean]>(
    op,
    ['batchFirst', 'enforceSorted'],
    [batchFirst, enforceSorted],
  );
  flag(op, 'batchFirst', isBatchFirst);
  flag(op, 'enforceSorted', mustBeSorted);
  const { shape } = tensorArgument(op, 'input', input);
  if (shape.length < 2) {
    throw new ShapeError(`input must have at least 2 dimensions, but has shape ${formatShape(shape)}`, { op });
  }
  const given = lengthsOf(op, lengths);
  const [batch, steps] = isBatchFirst ? shape : [shape[1], shape[0]];
  if (given.length !== batch) {
    throw new ShapeError(`expected ${batch} lengths, one a sequence, but got ${given.length}`, { op });
  }
  if (batch === 0) throw new ValueError('cannot pack no sequences', { op });
  const order = [...given.keys()].sort((a, b) => given[b] - given[a]);
  const longest = given[order[0]];
  if (longest > steps) {
    throw new ValueError(`a sequence of ${longest} steps is longer than the input, which has ${steps}`, { op });
  }
  if (mustBeSorted && order.some((sequence, i) => sequence !== i)) {
    throw new ValueError(
      `lengths must be sorted in decreasing order, but got ${show(given)}; { enforceSorted: false } sorts sequences`,
      { op, operands: { lengths: given } },
    );
  }
  const sizes = Array.from({ length: longest }, (_, t) => given.filter((length) => length > t).length);
  const rows = input.reshape([shape[0] * shape[1], ...shape.slice(2)]);
  const data = rows.indexSelect(0, int32(placesOf(sizes, order, shape, isBatchFirst)));
  return new PackedSequence(data, int32(sizes), mustBeSorted ? null : int32(order));
}

export interface PadPackedOptions {
  /** Whether to give `[N, T, …]` rather than `[T, N, …]`; false by default. */
  readonly batchFirst?: boolean;
  /** What stands behind the ends; 0 by default. */
  readonly paddingValue?: number;
  /** How long to make them all; as long as the longest by default. */
  readonly totalLength?: number | null;
}

/**
 * The inverse of `packPaddedSequence`: `[padded [T, N, …], lengths [N]]`, in the order in which sequences were given.
 *
 * @param batchFirst whether to give `[N, T, …]`; false by default
 * @param paddingValue what stands behind the ends; 0 by default
 * @param totalLength T, where it should be more than the longest length
 *
 * @throws ValueError when `totalLength` is less than the longest length
 */
export function padPackedSequence(
  sequence: PackedSequence,
  batchFirst?: boolean | PadPackedOptions,
  paddingValue?: number | Omit<PadPackedOptions, 'batchFirst'>,
  totalLength?: number | null | Pick<PadPackedOptions, 'totalLength'>,
): [padded: Tensor, lengths: Tensor] {
  const op = 'padPackedSequence';
  const [isBatchFirst = false, value = 0, total = null] = named<[boolean, number, number | null]>(
    op,
    ['batchFirst', 'paddingValue', 'totalLength'],
    [batchFirst, paddingValue, totalLength],
  );
  flag(op, 'batchFirst', isBatchFirst);
  numeric(op, 'paddingValue', value);
  if (!(sequence instanceof PackedSequence)) {
    throw new ValueError(`sequence must be a PackedSequence, but got ${show(sequence)}`, { op });
  }
  const { data, sortedIndices } = sequence;
  const sizes = positionsOf(sequence.batchSizes);
  const steps = total === null ? sizes.length : integer(op, 'totalLength', total);
  if (steps < sizes.length) {
    throw new ValueError(`totalLength must be at least ${sizes.length}, the longest length, but got ${steps}`, { op });
  }
  const batch = sizes[0];
  const order = sortedIndices === null ? Array.from({ length: batch }, (_, i) => i) : positionsOf(sortedIndices);
  const lengths: number[] = [];
  for (const [i, sequence] of order.entries()) lengths[sequence] = sizes.filter((size) => size > i).length;
  const shape = isBatchFirst ? [batch, steps] : [steps, batch];
  // Each row of the result is one of data, or the row of padding behind them.
  const [count, ...rest] = data.shape;
  const sources = new Array<number>(steps * batch).fill(count);
  for (const [i, place] of placesOf(sizes, order, shape, isBatchFirst).entries()) sources[place] = i;
  const rows = cat([data, full([1, ...rest], value, { dtype: data.dtype })]);
  return [rows.indexSelect(0, int32(sources)).view([...shape, ...rest]), int32(lengths)];
}

export interface PadSequenceOptions {
  /** Whether to give `[N, T, …]` rather than `[T, N, …]`; false by default. */
  readonly batchFirst?: boolean;
  /** What sequences are filled up with; 0 by default. */
  readonly paddingValue?: number;
  /** At which side they are filled up, `'right'` (default) or `'left'`. */
  readonly paddingSide?: 'left' | 'right';
}

/**
 * Sequences `[length, …]` as one tensor `[T, N, …]`, where T is the longest length: the others are filled up.
 *
 * @param batchFirst whether to give `[N, T, …]`; false by default
 * @param paddingValue what they are filled up with; 0 by default
 * @param paddingSide at which side, `'right'` (default) or `'left'`
 *
 * @throws ShapeError when sequences differ in more than their lengths; ValueError when there are none
 *
 * @example
 * padSequence([tensor([1, 2, 3]), tensor([4])], { batchFirst: true }); // tensor([[1., 2., 3.], [4., 0., 0.]])
 */
export function padSequence(
  sequences: Iterable<Tensor>,
  batchFirst?: boolean | PadSequenceOptions,
  paddingValue?: number | Omit<PadSequenceOptions, 'batchFirst'>,
  paddingSide?: 'left' | 'right' | Pick<PadSequenceOptions, 'paddingSide'>,
): Tensor {
  const op = 'padSequence';
  const [isBatchFirst = false, value = 0, side = 'right'] = named<[boolean, number, string]>(
    op,
    ['batchFirst', 'paddingValue', 'paddingSide'],
    [batchFirst, paddingValue, paddingSide],
  );
  flag(op, 'batchFirst', isBatchFirst);
  numeric(op, 'paddingValue', value);
  if (side !== 'left' && side !== 'right') {
    throw new ValueError(`paddingSide must be 'left' or 'right', but got ${show(side)}`, { op });
  }
  const list = sequencesOf(op, sequences);
  const longest = Math.max(...list.map((x) => x.shape[0]));
  const padded = list.map((x) => {
    const missing = longest - x.shape[0];
    if (missing === 0) return x;
    const others = new Array<number>(2 * (x.ndim - 1)).fill(0);
    return pad(x, [...others, ...(side === 'left' ? [missing, 0] : [0, missing])], 'constant', value);
  });
  return stack(padded, isBatchFirst ? 0 : 1);
}

function sequencesOf(op: string, sequences: Iterable<Tensor>): Tensor[] {
  if (typeof sequences?.[Symbol.iterator] !== 'function') {
    throw new ValueError(`sequences must be a list of tensors, but got ${show(sequences)}`, { op });
  }
  const list = [...sequences];
  if (list.length === 0) throw new ValueError('got no sequences', { op });
  for (const [i, x] of list.entries()) {
    const { shape } = tensorArgument(op, `sequences[${i}]`, x);
    if (shape.length > 0 && shape.slice(1).join() === list[0].shape.slice(1).join()) continue;
    throw new ShapeError(
      `sequences must have the same sizes but for the first, but got ${formatShape(list[0].shape)} and ${formatShape(shape)}`,
      { op },
    );
  }
  return list;
}

/**
 * The inverse of `padSequence`: views of the first steps of each.
 *
 * @param batchFirst whether padded sequences are `[N, T, …]`; false by default
 */
export function unpadSequence(
  paddedSequences: Tensor,
  lengths: Lengths,
  batchFirst: boolean | { batchFirst?: boolean } = false,
): Tensor[] {
  const op = 'unpadSequence';
  const [isBatchFirst = false] = named<[boolean]>(op, ['batchFirst'], [batchFirst]);
  const list = tensorArgument(op, 'paddedSequences', paddedSequences).unbind(isBatchFirst ? 0 : 1);
  const given = lengthsOf(op, lengths);
  return list.map((x, i) => x.narrow(0, 0, required(op, 'lengths', given[i])));
}

/**
 * Packs sequences `[length, …]`.
 *
 * @param enforceSorted whether to refuse those that do not come with the longest first, rather than sort them; true by default
 */
export function packSequence(
  sequences: Iterable<Tensor>,
  enforceSorted: boolean | { enforceSorted?: boolean } = true,
): PackedSequence {
  const [mustBeSorted = true] = named<[boolean]>('packSequence', ['enforceSorted'], [enforceSorted]);
  const list = sequencesOf('packSequence', sequences);
  const lengths = list.map((x) => x.shape[0]);
  return packPaddedSequence(padSequence(list), lengths, false, mustBeSorted);
}

/** The inverse of `packSequence`. */
export function unpackSequence(packedSequences: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(packedSequences, true);
  return unpadSequence(padded, lengths, true);
}
