/** Tables of vectors: `Embedding` of `torch.nn.modules.sparse`. Sparse gradients are left out. */

import { noGrad } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import { empty, NotImplementedError, named } from '@torsor/core';
import { checkTable, flag, integer, numeric, paddingRow, required } from '../arguments.ts';
import { embedding } from '../embedding.ts';
import { normal_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { pythonFloat, pythonNumber } from '../python.ts';

export interface EmbeddingLayerOptions {
  /** Number of rows. */
  readonly numEmbeddings?: number;
  /** Length of each row. */
  readonly embeddingDim?: number;
  /** The row that stays zero: it gets no gradient. */
  readonly paddingIdx?: number | null;
  /** Rows that are looked up and longer than this are shortened to it first. */
  readonly maxNorm?: number | null;
  /** Order of that norm; 2 by default. */
  readonly normType?: number;
  /** Divide the gradient of a row by how often it was looked up. Default false. */
  readonly scaleGradByFreq?: boolean;
  /** Not offered. */
  readonly sparse?: boolean;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

export interface FromPretrainedOptions extends Omit<EmbeddingLayerOptions, 'numEmbeddings' | 'embeddingDim' | 'dtype'> {
  /** Whether the table stays as it is, without a gradient; true by default. */
  readonly freeze?: boolean;
}

type EmbeddingArguments = [number, number, number | null, number | null, number, boolean, boolean, DType | null];

const EMBEDDING_NAMES = [
  'numEmbeddings',
  'embeddingDim',
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
  'dtype',
] as const;

/**
 * A table of learned vectors: input `[…]` of int32 or int64 indices → `[…, embeddingDim]`.
 *
 * @param numEmbeddings number of rows
 * @param embeddingDim length of each row
 * @param paddingIdx the row that starts as zero and gets no gradient; none by default
 * @param maxNorm rows that are looked up and longer than this are shortened to it first; none by default
 * @param normType order of that norm; 2 by default
 * @param scaleGradByFreq whether to divide the gradient of a row by how often it was looked up; false by default
 *
 * `weight` `[numEmbeddings, embeddingDim]` starts standard normal.
 *
 * @throws IndexError when an index names no row
 *
 * @example
 * const words = new Embedding(10, 3);
 * words(tensor([[1, 2, 4, 5], [4, 3, 2, 9]], { dtype: 'int32' })).shape; // [2, 4, 3]
 */
export class Embedding extends Module {
  static override readonly keepsNothing: boolean = true;

  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  /** `[numEmbeddings, embeddingDim]` */
  weight: Parameter;

  constructor(
    numEmbeddings: number | EmbeddingLayerOptions,
    embeddingDim?: number | EmbeddingLayerOptions,
    paddingIdx?: number | null | EmbeddingLayerOptions,
    maxNorm?: number | null | EmbeddingLayerOptions,
    normType?: number | EmbeddingLayerOptions,
    scaleGradByFreq?: boolean | EmbeddingLayerOptions,
    sparse?: boolean | EmbeddingLayerOptions,
    options?: EmbeddingLayerOptions,
  ) {
    super();
    const op = 'Embedding';
    const [rows, width, padding = null, most = null, order = 2, scales = false, isSparse = false, dtype] =
      named<EmbeddingArguments>(op, EMBEDDING_NAMES, [
        numEmbeddings,
        embeddingDim,
        paddingIdx,
        maxNorm,
        normType,
        scaleGradByFreq,
        sparse,
        options,
      ]);
    this.numEmbeddings = integer(op, 'numEmbeddings', required(op, 'numEmbeddings', rows));
    this.embeddingDim = integer(op, 'embeddingDim', required(op, 'embeddingDim', width));
    this.paddingIdx = padding === null ? null : paddingRow(op, padding, this.numEmbeddings);
    this.maxNorm = most === null ? null : numeric(op, 'maxNorm', most);
    this.normType = numeric(op, 'normType', order);
    this.scaleGradByFreq = flag(op, 'scaleGradByFreq', scales);
    if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op });
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
    freeze?: boolean | FromPretrainedOptions,
    options?: FromPretrainedOptions,
  ): Embedding {
    const op = 'Embedding.fromPretrained';
    checkTable(op, embeddings);
    const [isFrozen = true, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse] = named<
      [boolean, number | null, number | null, number, boolean, boolean]
    >(op, ['freeze', ...EMBEDDING_NAMES.slice(2, -1)], [freeze, options]);
    const [numEmbeddings, embeddingDim] = embeddings.shape;
    // An empty table first, so that nothing is drawn for rows that are not wanted.
    const table = new Embedding(0, embeddingDim, null, {
      maxNorm,
      normType,
      scaleGradByFreq,
      sparse,
      dtype: embeddings.dtype,
    });
    Object.assign(table, { numEmbeddings, weight: new Parameter(embeddings, !isFrozen) });
    const padding = paddingIdx === undefined || paddingIdx === null ? null : paddingRow(op, paddingIdx, numEmbeddings);
    return Object.assign(table, { paddingIdx: padding });
  }

  /** Draws the table anew; the padding row becomes zero. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).fill_(0));
  }

  override forward(input: Tensor): Tensor {
    return embedding(input, this.weight, this.paddingIdx, this.maxNorm, this.normType, this.scaleGradByFreq);
  }

  override extraRepr(): string {
    const parts = [`${this.numEmbeddings}, ${this.embeddingDim}`];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    if (this.maxNorm !== null) parts.push(`max_norm=${pythonFloat(this.maxNorm)}`);
    if (this.normType !== 2) parts.push(`norm_type=${pythonNumber(this.normType)}`);
    if (this.scaleGradByFreq) parts.push('scale_grad_by_freq=True');
    return parts.join(', ');
  }
}
