/**
 * `nn.functional.embeddingBag`: sums, means or maxima over bags of rows of a table. Rows are looked up, then brought together: bags of
 * one length along a dimension, others by additions at the places of their bags, or for maxima side by side, padded with -∞.
 */

import type { Tensor } from '@torsor/core';
import {
  cat,
  DTypeError,
  formatShape,
  full,
  NotImplementedError,
  named,
  ShapeError,
  show,
  tensor,
  ValueError,
  zeros,
} from '@torsor/core';
import { flag, paddingRow, required, tensorArgument } from './arguments.ts';
import type { EmbeddingOptions } from './embedding.ts';
import { embedding } from './embedding.ts';

/** What becomes of the rows of a bag. */
export type BagMode = 'sum' | 'mean' | 'max';

export interface EmbeddingBagOptions extends Pick<EmbeddingOptions, 'maxNorm' | 'normType' | 'sparse'> {
  /** `[B]`: where each bag begins in an input of one dimension. */
  readonly offsets?: Tensor | null;
  /** Divide the gradient of a row by how often it was looked up; not for maxima. Default false. */
  readonly scaleGradByFreq?: boolean;
  /** What becomes of the rows of a bag; `'mean'` by default. */
  readonly mode?: BagMode;
  /** Factors, of the shape of the input; for sums alone. */
  readonly perSampleWeights?: Tensor | null;
  /** Whether `offsets` has one more entry, where the last bag ends. Default false. */
  readonly includeLastOffset?: boolean;
  /** The row that no bag counts; a negative one counts from the end. */
  readonly paddingIdx?: number | null;
}

const NAMES = [
  'offsets',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'perSampleWeights',
  'includeLastOffset',
  'paddingIdx',
] as const;

const MODES: readonly string[] = ['sum', 'mean', 'max'] satisfies readonly BagMode[];

/** @throws ValueError when it is no mode, or one that does not go with other options */
export function checkBagMode(op: string, mode: string, scales: boolean): BagMode {
  if (!MODES.includes(mode)) {
    throw new ValueError(`mode has to be one of ${MODES.join(', ')}, but got ${show(mode)}`, {
      op,
      operands: { mode },
    });
  }
  if (mode === 'max' && scales) {
    throw new ValueError('max mode does not support scaling the gradient by the frequency', { op, operands: { mode } });
  }
  return mode as BagMode;
}

/** Entries of the input by bag. */
interface Bags {
  /** Number of bags. */
  readonly count: number;
  /** Positions in the flat input that count, bag by bag. */
  readonly positions: readonly number[];
  /** The bag of each. */
  readonly bags: readonly number[];
}

/**
 * Where bags begin, and the last one ends.
 *
 * @throws ShapeError or ValueError when the offsets are no vector that rises from 0 to at most the length of the input
 */
function boundsOf(op: string, offsets: Tensor, length: number, includesLast: boolean): number[] {
  const operands = { offsets: offsets.shape, length };
  if (offsets.ndim !== 1) {
    throw new ShapeError(`offsets has to be a 1D Tensor, but got shape ${formatShape(offsets.shape)}`, {
      op,
      operands,
    });
  }
  const bounds = Array.from(offsets.toTypedArray(), Number);
  if (includesLast && bounds.length === 0) {
    throw new ValueError('includeLastOffset: number of offsets should be at least 1', { op, operands });
  }
  if (bounds.length > 0 && bounds[0] !== 0) {
    throw new ValueError(
      `offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${bounds[0]}`,
      { op, operands },
    );
  }
  const last = bounds.at(-1) ?? 0;
  if (last > length) {
    throw new ValueError(
      `offsets[-1] can not be greater than input's length ${length} but got offsets[-1] of ${last}`,
      { op, operands },
    );
  }
  if (!includesLast && bounds.length > 0) bounds.push(length);
  bounds.forEach((bound, i) => {
    if (i > 0 && bound < bounds[i - 1]) {
      throw new ValueError(`offsets must not fall, but ${bound} follows ${bounds[i - 1]}`, { op, operands });
    }
  });
  return bounds;
}

/** The entries that are not the padding row, by bag. */
function gather(input: Tensor, bounds: readonly number[], padding: number | null): Bags {
  const rows = padding === null ? null : input.toTypedArray();
  const positions: number[] = [];
  const bags: number[] = [];
  for (let bag = 0; bag + 1 < bounds.length; bag++) {
    for (let i = bounds[bag]; i < bounds[bag + 1]; i++) {
      if (rows !== null && Number(rows[i]) === padding) continue;
      positions.push(i);
      bags.push(bag);
    }
  }
  return { count: Math.max(bounds.length - 1, 0), positions, bags };
}

const indices = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'int32' });

/** Sums of the rows by bag, or means; of no rows 0. */
function addUp(rows: Tensor, { count, bags }: Bags, isMean: boolean): Tensor {
  const sums = zeros([count, rows.shape[1]], { dtype: rows.dtype }).indexAdd(0, indices(bags), rows);
  if (!isMean) return sums;
  const sizes = new Array<number>(count).fill(0);
  for (const bag of bags) sizes[bag]++;
  return sums.div(tensor(sizes, { dtype: rows.dtype }).clamp(1).unsqueeze(1));
}

/** The largest entries of the rows by bag, of equal ones the first; of no rows 0. */
function largest(rows: Tensor, { count, bags }: Bags): Tensor {
  const members = Array.from({ length: count }, (): number[] => []);
  bags.forEach((bag, row) => {
    members[bag].push(row);
  });
  const width = members.reduce((most, { length }) => Math.max(most, length), 0);
  const lowest = rows.shape[0];
  const places = members.flatMap((list) => [...list, ...new Array<number>(width - list.length).fill(lowest)]);
  const padded = cat([rows, full([1, rows.shape[1]], Number.NEGATIVE_INFINITY, { dtype: rows.dtype })]);
  const side = padded.indexSelect(0, indices(places)).view([count, width, rows.shape[1]]);
  const isEmpty = tensor(members.map(({ length }) => length === 0));
  return side.max(1).values.maskedFill(isEmpty.unsqueeze(1), 0);
}

/**
 * Rows of a table brought together bag by bag: input `[B, N]` of indices, B bags of N; or `[n]`, bags of any length one after the
 * other, each of which begins at an entry of `offsets` `[B]`; weight `[rows, width]` → `[B, width]`. An empty bag gives zeros.
 *
 * @param offsets where each bag begins; for an input of one dimension, and for that alone
 * @param maxNorm rows that are looked up and longer than this are shortened to it first, in place; none by default
 * @param normType order of that norm; 2 by default
 * @param scaleGradByFreq whether to divide the gradient of a row by how often it was looked up; false by default
 * @param mode `'sum'`, `'mean'` (default) or `'max'`
 * @param perSampleWeights factors of the rows, of the shape of the input; for sums alone
 * @param includeLastOffset whether `offsets` has one more entry, where the last bag ends; false by default
 * @param paddingIdx the row that no bag counts, and that gets no gradient; none by default
 * @throws IndexError when an index names no row; ShapeError or ValueError when offsets, factors or padding do not fit;
 *   NotImplementedError for `sparse`
 *
 * @example
 * const words = tensor([1, 2, 4, 5, 4, 3, 2, 9], { dtype: 'int32' });
 * embeddingBag(words, randn(10, 3), tensor([0, 4], { dtype: 'int32' })).shape; // [2, 3]
 */
export function embeddingBag(
  input: Tensor,
  weight: Tensor,
  offsets?: Tensor | null | EmbeddingBagOptions,
  maxNorm?: number | null | EmbeddingBagOptions,
  normType?: number | EmbeddingBagOptions,
  scaleGradByFreq?: boolean | EmbeddingBagOptions,
  mode?: BagMode | EmbeddingBagOptions,
  sparse?: boolean | EmbeddingBagOptions,
  perSampleWeights?: Tensor | null | EmbeddingBagOptions,
  includeLastOffset?: boolean | EmbeddingBagOptions,
  paddingIdx?: number | null | EmbeddingBagOptions,
): Tensor {
  const op = 'embeddingBag';
  type Values = Required<EmbeddingBagOptions>;
  const [
    starts = null,
    most = null,
    order = 2,
    scales = false,
    how = 'mean',
    isSparse = false,
    factors = null,
    includesLast = false,
    skipped = null,
  ] = named<
    [
      Values['offsets'],
      Values['maxNorm'],
      number,
      boolean,
      string,
      boolean,
      Values['perSampleWeights'],
      boolean,
      Values['paddingIdx'],
    ]
  >(op, NAMES, [
    offsets,
    maxNorm,
    normType,
    scaleGradByFreq,
    mode,
    sparse,
    perSampleWeights,
    includeLastOffset,
    paddingIdx,
  ]);
  const { shape } = tensorArgument(op, 'input', input);
  tensorArgument(op, 'weight', weight);
  const kind = checkBagMode(op, how, flag(op, 'scaleGradByFreq', scales));
  if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op });
  if (shape.length !== 1 && shape.length !== 2) {
    throw new ShapeError(`input has to be 1D or 2D Tensor, but got Tensor of shape ${formatShape(shape)}`, {
      op,
      operands: { input: shape },
    });
  }
  if (starts !== null) tensorArgument(op, 'offsets', starts);
  if (factors !== null) checkFactors(op, factors, input, weight, kind);
  if (shape.length === 2 && starts !== null) {
    throw new ValueError('if input is 2D, then offsets has to be null, as input is a batch of bags of one length', {
      op,
    });
  }
  const padding = skipped === null ? null : paddingRow(op, skipped, weight.shape[0]);
  const isEven = shape.length === 2 && shape[1] > 0 && padding === null;
  const bounds =
    shape.length === 1
      ? boundsOf(
          op,
          required(op, 'offsets', starts ?? undefined),
          shape[0],
          flag(op, 'includeLastOffset', includesLast),
        )
      : Array.from({ length: shape[0] + 1 }, (_, bag) => bag * shape[1]);
  const flat = input.reshape(-1);
  if (isEven) {
    const rows = weighted(embedding(flat, weight, null, most, order, scales), factors).view([
      ...shape,
      weight.shape[1],
    ]);
    return kind === 'sum' ? rows.sum(1) : kind === 'mean' ? rows.mean(1) : rows.max(1).values;
  }
  // Padding is shortened with the rest, as in PyTorch, although nothing comes of it. The look-up is for its checks.
  if (most !== null) embedding(flat, weight.detach(), null, most, order);
  const bags = gather(flat, bounds, padding);
  const at = indices(bags.positions);
  const rows = embedding(flat.indexSelect(0, at), weight, { scaleGradByFreq: scales });
  if (kind === 'max' && bags.positions.length > 0) return largest(rows, bags);
  return addUp(weighted(rows, factors?.reshape(-1).indexSelect(0, at) ?? null), bags, kind === 'mean');
}

function weighted(rows: Tensor, factors: Tensor | null): Tensor {
  return factors === null ? rows : rows.mul(factors.reshape([-1, 1]));
}

/** @throws NotImplementedError, ShapeError or DTypeError when the factors do not go with the rest */
function checkFactors(op: string, factors: Tensor, input: Tensor, weight: Tensor, mode: BagMode): void {
  const { shape, dtype } = tensorArgument(op, 'perSampleWeights', factors);
  if (shape.join() !== input.shape.join()) {
    throw new ShapeError(
      `perSampleWeights must have the shape of the input, ${formatShape(input.shape)}, but got ${formatShape(shape)}`,
      { op, operands: { perSampleWeights: shape, input: input.shape } },
    );
  }
  if (mode !== 'sum') {
    throw new NotImplementedError(`perSampleWeights is only supported for mode 'sum', but got ${show(mode)}`, { op });
  }
  if (dtype !== weight.dtype) {
    throw new DTypeError(
      `expected perSampleWeights to have the dtype of the weight, ${weight.dtype}, but got ${dtype}`,
      {
        op,
        operands: { perSampleWeights: dtype, weight: weight.dtype },
      },
    );
  }
}
