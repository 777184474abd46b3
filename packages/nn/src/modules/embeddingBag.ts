/** Bags of rows of a table: `EmbeddingBag` of `torch.nn.modules.sparse`. Sparse gradients are left out. */

import { noGrad } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import { empty, NotImplementedError, named } from '@torsor/core';
import { checkTable, flag, integer, numeric, paddingRow, required } from '../arguments.ts';
import type { BagMode } from '../embeddingBag.ts';
import { checkBagMode, embeddingBag } from '../embeddingBag.ts';
import { normal_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonFloat, pythonNumber } from '../python.ts';

export interface EmbeddingBagLayerOptions {
  /** Number of rows. */
  readonly numEmbeddings?: number;
  /** Length of each row. */
  readonly embeddingDim?: number;
  /** Rows that are looked up and longer than this are shortened to it first. */
  readonly maxNorm?: number | null;
  /** Order of that norm; 2 by default. */
  readonly normType?: number;
  /** Divide the gradient of a row by how often it was looked up; not for maxima. Default false. */
  readonly scaleGradByFreq?: boolean;
  /** What becomes of the rows of a bag: `'sum'`, `'mean'` (default) or `'max'`. */
  readonly mode?: BagMode;
  /** Not offered. */
  readonly sparse?: boolean;
  /** Whether `offsets` has one more entry, where the last bag ends. Default false. */
  readonly includeLastOffset?: boolean;
  /** The row that no bag counts: it stays zero, and gets no gradient. */
  readonly paddingIdx?: number | null;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

export interface BagFromPretrainedOptions
  extends Omit<EmbeddingBagLayerOptions, 'numEmbeddings' | 'embeddingDim' | 'dtype'> {
  /** Whether the table stays as it is, without a gradient; true by default. */
  readonly freeze?: boolean;
}

/** What a bag layer is called with, beside its input. */
export interface BagInputOptions {
  /** `[B]`: where each bag begins in an input of one dimension. */
  readonly offsets?: Tensor | null;
  /** Factors, of the shape of the input; for sums alone. */
  readonly perSampleWeights?: Tensor | null;
}

type BagArguments = [
  input: Tensor,
  offsets?: Tensor | null | BagInputOptions,
  perSampleWeights?: Tensor | null | BagInputOptions,
];

type ConstructorArguments = [
  number,
  number,
  number | null,
  number,
  boolean,
  string,
  boolean,
  boolean,
  number | null,
  DType | null,
];

const NAMES = [
  'numEmbeddings',
  'embeddingDim',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'includeLastOffset',
  'paddingIdx',
  'dtype',
] as const;

/**
 * Sums, means or maxima of bags of learned vectors: input `[B, N]` of int32 or int64 indices → `[B, embeddingDim]`; or `[n]` with
 * `offsets` `[B]`, where each bag begins.
 *
 * @param numEmbeddings number of rows
 * @param embeddingDim length of each row
 * @param maxNorm rows that are looked up and longer than this are shortened to it first; none by default
 * @param normType order of that norm; 2 by default
 * @param scaleGradByFreq whether to divide the gradient of a row by how often it was looked up; false by default
 * @param mode what becomes of the rows of a bag: `'sum'`, `'mean'` (default) or `'max'`
 * @param includeLastOffset whether `offsets` has one more entry, where the last bag ends; false by default
 * @param paddingIdx the row that no bag counts: it starts as zero, and gets no gradient; none by default
 *
 * `weight` `[numEmbeddings, embeddingDim]` starts standard normal.
 *
 * @throws IndexError when an index names no row
 *
 * @example
 * const words = new EmbeddingBag(10, 3, { mode: 'sum' });
 * words(tensor([1, 2, 4, 5, 4], { dtype: 'int32' }), tensor([0, 2], { dtype: 'int32' })).shape; // [2, 3]
 */
export class EmbeddingBag extends Module<BagArguments> {
  static override readonly keepsNothing: boolean = true;

  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  readonly mode: BagMode;
  readonly includeLastOffset: boolean;
  readonly paddingIdx: number | null;
  /** `[numEmbeddings, embeddingDim]` */
  weight: Parameter;

  constructor(
    numEmbeddings: number | EmbeddingBagLayerOptions,
    embeddingDim?: number | EmbeddingBagLayerOptions,
    maxNorm?: number | null | EmbeddingBagLayerOptions,
    normType?: number | EmbeddingBagLayerOptions,
    scaleGradByFreq?: boolean | EmbeddingBagLayerOptions,
    mode?: BagMode | EmbeddingBagLayerOptions,
    sparse?: boolean | EmbeddingBagLayerOptions,
    includeLastOffset?: boolean | EmbeddingBagLayerOptions,
    paddingIdx?: number | null | EmbeddingBagLayerOptions,
    options?: EmbeddingBagLayerOptions,
  ) {
    super();
    const op = 'EmbeddingBag';
    const [
      rows,
      width,
      most = null,
      order = 2,
      scales = false,
      how = 'mean',
      isSparse = false,
      last = false,
      padding = null,
      dtype,
    ] = named<ConstructorArguments>(op, NAMES, [
      numEmbeddings,
      embeddingDim,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      sparse,
      includeLastOffset,
      paddingIdx,
      options,
    ]);
    this.numEmbeddings = integer(op, 'numEmbeddings', required(op, 'numEmbeddings', rows));
    this.embeddingDim = integer(op, 'embeddingDim', required(op, 'embeddingDim', width));
    this.maxNorm = most === null ? null : numeric(op, 'maxNorm', most);
    this.normType = numeric(op, 'normType', order);
    this.scaleGradByFreq = flag(op, 'scaleGradByFreq', scales);
    this.mode = checkBagMode(op, how, scales);
    if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op });
    this.includeLastOffset = flag(op, 'includeLastOffset', last);
    this.paddingIdx = padding === null ? null : paddingRow(op, padding, this.numEmbeddings);
    this.weight = new Parameter(empty([this.numEmbeddings, this.embeddingDim], { dtype: dtype ?? 'float32' }));
    this.resetParameters();
  }

  /**
   * A table with the rows given.
   *
   * @param freeze whether it stays as it is, without a gradient; true by default
   * @throws ShapeError when `embeddings` is no matrix
   */
  static fromPretrained(
    embeddings: Tensor,
    freeze?: boolean | BagFromPretrainedOptions,
    options?: BagFromPretrainedOptions,
  ): EmbeddingBag {
    const op = 'EmbeddingBag.fromPretrained';
    checkTable(op, embeddings);
    const [isFrozen = true, maxNorm, normType, scaleGradByFreq, mode, sparse, includeLastOffset, paddingIdx = null] =
      named<[boolean, number | null, number, boolean, BagMode, boolean, boolean, number | null]>(
        op,
        ['freeze', ...NAMES.slice(2, -1)],
        [freeze, options],
      );
    const [numEmbeddings, embeddingDim] = embeddings.shape;
    // An empty table first, so that nothing is drawn for rows that are not wanted.
    const table = new EmbeddingBag(0, embeddingDim, {
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      sparse,
      includeLastOffset,
      dtype: embeddings.dtype,
    });
    return Object.assign(table, {
      numEmbeddings,
      weight: new Parameter(embeddings, !isFrozen),
      paddingIdx: paddingIdx === null ? null : paddingRow(op, paddingIdx, numEmbeddings),
    });
  }

  /** Draws the table anew; the padding row becomes zero. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }

  override forward(...[input, offsets, perSampleWeights]: BagArguments): Tensor {
    const [starts = null, factors = null] = named<[Tensor | null, Tensor | null]>(
      'EmbeddingBag',
      ['offsets', 'perSampleWeights'],
      [offsets, perSampleWeights],
    );
    const { weight, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset, paddingIdx } = this;
    return embeddingBag(input, weight, {
      offsets: starts,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      perSampleWeights: factors,
      includeLastOffset,
      paddingIdx,
    });
  }

  override extraRepr(): string {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`];
    if (this.maxNorm !== null) parts.push(`max_norm=${pythonFloat(this.maxNorm)}`);
    if (this.normType !== 2) parts.push(`norm_type=${pythonNumber(this.normType)}`);
    if (this.scaleGradByFreq) parts.push('scale_grad_by_freq=True');
    parts.push(`mode=${this.mode}`);
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    return parts.join(', ');
  }
}
