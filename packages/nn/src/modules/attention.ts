/** Multi-head attention: `torch.nn.modules.activation.MultiheadAttention`. */

import type { DType, Shape, Tensor } from '@torsor/core';
import { cat, empty, formatShape, linear, named, pad, ShapeError, ValueError, zeros } from '@torsor/core';
import { flag, integer, required, tensorArgument } from '../arguments.ts';
import { additiveMask, attend } from '../attention.ts';
import { checkProbability } from '../dropout.ts';
import { constant_, xavierNormal_, xavierUniform_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { Linear } from './linear.ts';

/** The output projection, under the name by which PyTorch prints it. */
class NonDynamicallyQuantizableLinear extends Linear {
  static override readonly keepsNothing: boolean = true;
}

export interface MultiheadAttentionOptions {
  /** Width of query and output, divisible by `numHeads`. */
  readonly embedDim?: number;
  readonly numHeads?: number;
  /** Probability of an attention weight to become 0 in training; 0 by default. */
  readonly dropout?: number;
  /** Whether the projections have biases; true by default. */
  readonly bias?: boolean;
  /** Whether to add a learned key and value at the end of the sequence; false by default. */
  readonly addBiasKv?: boolean;
  /** Whether to add a key and value of zeros at the end of the sequence; false by default. */
  readonly addZeroAttn?: boolean;
  /** Width of the keys; `embedDim` by default. */
  readonly kdim?: number | null;
  /** Width of the values; `embedDim` by default. */
  readonly vdim?: number | null;
  /** Whether inputs are `[N, L, E]` rather than `[L, N, E]`; false by default. */
  readonly batchFirst?: boolean;
  /** Element type of the parameters; float32 by default. */
  readonly dtype?: DType | null;
}

export interface MultiheadAttentionForwardOptions {
  /** `[N, S]`, or `[S]` without a batch: true where a key is padding and hidden, or floats that are added to the scores. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether to return the attention weights; true by default. */
  readonly needWeights?: boolean;
  /** `[L, S]` or `[N · numHeads, L, S]`: true where a query may not attend to a key, or floats that are added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights returned are the means over the heads; true by default. */
  readonly averageAttnWeights?: boolean;
  /** A hint that `attnMask` is causal, which changes nothing; false by default. */
  readonly isCausal?: boolean;
}

type ForwardArguments = [
  query: Tensor,
  key: Tensor,
  value: Tensor,
  keyPaddingMask?: Tensor | null | MultiheadAttentionForwardOptions,
  needWeights?: boolean | MultiheadAttentionForwardOptions,
  attnMask?: Tensor | null | MultiheadAttentionForwardOptions,
  averageAttnWeights?: boolean | MultiheadAttentionForwardOptions,
  isCausal?: boolean | MultiheadAttentionForwardOptions,
];

/**
 * Attention of several heads: `concat(head₁, …) W_outᵀ + b_out`, where `headᵢ` is the attention of the i-th part of the projected
 * query, key and value, `softmax(q kᵀ / √(E / numHeads) + mask) v`.
 *
 * query `[L, N, E]`, key `[S, N, kdim]`, value `[S, N, vdim]` → output `[L, N, E]` and weights `[N, L, S]`; with `batchFirst`
 * `[N, L, E]` and so on; without a batch `[L, E]`, `[S, kdim]`, `[S, vdim]` → `[L, E]` and `[L, S]`. Weights that are not averaged are
 * `[N, numHeads, L, S]`.
 *
 * @param embedDim E
 * @param numHeads number of heads, which divides E
 * @param dropout probability of a weight to become 0 in training; 0 by default
 * @param bias whether the projections have biases; true by default
 * @param addBiasKv whether to add a learned key and value, `bias_k` and `bias_v`, to every sequence; false by default
 * @param addZeroAttn whether to add a key and value of zeros to every sequence; false by default
 * @param kdim width of the keys; E by default
 * @param vdim width of the values; E by default
 * @param batchFirst whether the batch comes first; false by default
 *
 * `in_proj_weight` `[3 E, E]` (or `q_proj_weight`, `k_proj_weight` and `v_proj_weight`, where widths differ) starts by Xavier's
 * uniform scheme, `bias_k` and `bias_v` by his normal one; biases start at 0, `out_proj.weight` as that of a `Linear`.
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017, section 3.2.2.
 *
 * @throws ValueError unless `numHeads` divides `embedDim`; ShapeError when inputs or masks do not fit
 *
 * @example
 * const attention = new MultiheadAttention(32, 4, { batchFirst: true });
 * const x = randn(8, 10, 32);
 * const [output, weights] = attention(x, x, x); // [8, 10, 32] and [8, 10, 10]
 * const [alone] = attention(x, x, x, { needWeights: false });
 */
export class MultiheadAttention extends Module<ForwardArguments, [output: Tensor, weights: Tensor | null]> {
  static override readonly keepsNothing: boolean = true;

  readonly embedDim: number;
  readonly kdim: number;
  readonly vdim: number;
  readonly numHeads: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly headDim: number;
  readonly addZeroAttn: boolean;
  /** `[embedDim, embedDim]` where key or value have other widths, else null. */
  q_proj_weight: Parameter | null;
  /** `[embedDim, kdim]` where key or value have other widths, else null. */
  k_proj_weight: Parameter | null;
  /** `[embedDim, vdim]` where key or value have other widths, else null. */
  v_proj_weight: Parameter | null;
  /** `[3 embedDim, embedDim]`: of query, key and value, in that order; null where widths differ. */
  in_proj_weight: Parameter | null;
  /** `[3 embedDim]`, or null. */
  in_proj_bias: Parameter | null;
  /** The projection of the heads. */
  out_proj: Linear;
  /** `[1, 1, embedDim]`, or null. */
  bias_k: Parameter | null;
  /** `[1, 1, embedDim]`, or null. */
  bias_v: Parameter | null;

  constructor(options: MultiheadAttentionOptions);
  constructor(
    embedDim: number,
    numHeads: number | MultiheadAttentionOptions,
    dropout?: number | MultiheadAttentionOptions,
    bias?: boolean | MultiheadAttentionOptions,
    addBiasKv?: boolean | MultiheadAttentionOptions,
    addZeroAttn?: boolean | MultiheadAttentionOptions,
    kdim?: number | null | MultiheadAttentionOptions,
    vdim?: number | null | MultiheadAttentionOptions,
    batchFirst?: boolean | MultiheadAttentionOptions,
    options?: MultiheadAttentionOptions,
  );
  constructor(...args: readonly unknown[]) {
    super();
    const op = 'MultiheadAttention';
    const [width, heads, p = 0, bias = true, biasKv = false, zero = false, kdim, vdim, first = false, dtype] = named<
      [number, number, number, boolean, boolean, boolean, number | null, number | null, boolean, DType | null]
    >(
      op,
      ['embedDim', 'numHeads', 'dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst', 'dtype'],
      args,
    );
    const embedDim = integer(op, 'embedDim', required(op, 'embedDim', width), 1);
    this.embedDim = embedDim;
    this.kdim = integer(op, 'kdim', kdim ?? embedDim, 1);
    this.vdim = integer(op, 'vdim', vdim ?? embedDim, 1);
    this.numHeads = integer(op, 'numHeads', required(op, 'numHeads', heads), 1);
    this.dropout = checkProbability(op, p);
    this.batchFirst = flag(op, 'batchFirst', first);
    this.headDim = embedDim / this.numHeads;
    this.addZeroAttn = flag(op, 'addZeroAttn', zero);
    if (embedDim % this.numHeads !== 0) {
      throw new ValueError(`embedDim must be divisible by numHeads, but got ${embedDim} and ${this.numHeads}`, {
        op,
        operands: { embedDim, numHeads: this.numHeads },
      });
    }
    const created = { dtype: dtype ?? 'float32' } as const;
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, created));
    const isPacked = this.kdim === embedDim && this.vdim === embedDim;
    this.q_proj_weight = isPacked ? null : parameter(embedDim, embedDim);
    this.k_proj_weight = isPacked ? null : parameter(embedDim, this.kdim);
    this.v_proj_weight = isPacked ? null : parameter(embedDim, this.vdim);
    this.in_proj_weight = isPacked ? parameter(3 * embedDim, embedDim) : null;
    this.in_proj_bias = flag(op, 'bias', bias) ? parameter(3 * embedDim) : null;
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, bias, created);
    this.bias_k = flag(op, 'addBiasKv', biasKv) ? parameter(1, 1, embedDim) : null;
    this.bias_v = biasKv ? parameter(1, 1, embedDim) : null;
    this.resetParameters();
  }

  /** Draws the projections of the inputs anew, and sets biases to 0; the weight of the output's projection stays, as in PyTorch. */
  resetParameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]) {
      if (weight !== null) xavierUniform_(weight);
    }
    for (const bias of [this.in_proj_bias, this.out_proj.bias]) if (bias !== null) constant_(bias, 0);
    for (const bias of [this.bias_k, this.bias_v]) if (bias !== null) xavierNormal_(bias);
  }

  override forward(...[query, key, value, ...rest]: ForwardArguments): [output: Tensor, weights: Tensor | null] {
    const op = 'MultiheadAttention';
    const [keyPaddingMask = null, needWeights = true, attnMask = null, average = true, isCausal = false] = named<
      [Tensor | null, boolean, Tensor | null, boolean, boolean]
    >(op, ['keyPaddingMask', 'needWeights', 'attnMask', 'averageAttnWeights', 'isCausal'], rest);
    if (flag(op, 'isCausal', isCausal) && attnMask === null) {
      throw new ValueError('isCausal says that attnMask is causal, but there is no attnMask', { op });
    }
    this.checkInputs(op, query, key, value);
    const isBatched = query.ndim === 3;
    // The sequence's dimension, and the batch's beside it.
    const along = isBatched && this.batchFirst ? 1 : 0;
    const batched = (x: Tensor): Tensor => (isBatched ? x : x.unsqueeze(1));
    const [rows, columns, batch] = [query.shape[along], key.shape[along], isBatched ? query.shape[1 - along] : 1];

    let projected = this.project(query, key, value).map(batched);
    let mask = this.mask(op, attnMask, keyPaddingMask, [batch, rows, columns], isBatched, query.dtype);
    if (this.bias_k !== null || this.addZeroAttn) {
      const [q, k, v] = projected;
      projected = [q, this.longer(k, this.bias_k, along), this.longer(v, this.bias_v, along)];
      if (mask !== null) mask = pad(mask, [0, projected[1].shape[along] - columns]);
    }
    const order = along === 1 ? [0, 2, 1, 3] : [1, 2, 0, 3];
    const [q, k, v] = projected.map((x) =>
      x.reshape(x.shape[0], x.shape[1], this.numHeads, this.headDim).permute(order),
    );
    const dropout = this.training ? this.dropout : 0;
    const [attended, weights] = attend(q, k, v, mask, dropout, 1 / Math.sqrt(this.headDim));
    const joined = attended.permute(along === 1 ? [0, 2, 1, 3] : [2, 0, 1, 3]).reshape([...query.shape]);
    const output = this.out_proj(joined);
    if (!flag(op, 'needWeights', needWeights)) return [output, null];
    const returned = flag(op, 'averageAttnWeights', average) ? weights.mean(1) : weights;
    return [output, isBatched ? returned : returned.squeeze(0)];
  }

  private checkInputs(op: string, query: Tensor, key: Tensor, value: Tensor): void {
    for (const [name, x] of Object.entries({ query, key, value })) tensorArgument(op, name, x);
    const fail = (rule: string): never => {
      const shapes = [query, key, value].map((x) => formatShape(x.shape));
      throw new ShapeError(`${rule}, but got query ${shapes[0]}, key ${shapes[1]} and value ${shapes[2]}`, {
        op,
        operands: { query: query.shape, key: key.shape, value: value.shape },
      });
    };
    const { ndim } = query;
    if ((ndim !== 2 && ndim !== 3) || key.ndim !== ndim || value.ndim !== ndim) {
      fail('query, key and value must all be 3-D, or all 2-D without a batch');
    }
    const widths = [this.embedDim, this.kdim, this.vdim];
    if ([query, key, value].some((x, i) => x.shape[ndim - 1] !== widths[i])) {
      fail(`the last sizes of query, key and value must be ${widths.join(', ')}`);
    }
    if (key.shape.slice(0, -1).some((size, d) => size !== value.shape[d])) fail('key and value must be equally long');
    const batch = this.batchFirst ? 0 : 1;
    if (ndim === 3 && query.shape[batch] !== key.shape[batch]) fail('query and key must have the same batch size');
  }

  /** Queries, keys and values in `embedDim` columns each: as few products as there are different inputs. */
  private project(query: Tensor, key: Tensor, value: Tensor): Tensor[] {
    const { in_proj_weight: packed, in_proj_bias: bias, embedDim } = this;
    const biases = (sizes: number[]): (Tensor | null)[] => (bias === null ? sizes.map(() => null) : bias.split(sizes));
    if (packed !== null && key === value) {
      if (query === key) return linear(query, packed, bias).chunk(3, -1);
      const sizes = [embedDim, 2 * embedDim];
      const [ofQuery, ofPair] = packed.split(sizes);
      const [queryBias, pairBias] = biases(sizes);
      return [linear(query, ofQuery, queryBias), ...linear(key, ofPair, pairBias).chunk(2, -1)];
    }
    const weights =
      packed === null ? ([this.q_proj_weight, this.k_proj_weight, this.v_proj_weight] as Parameter[]) : packed.chunk(3);
    const each = biases([embedDim, embedDim, embedDim]);
    return [query, key, value].map((x, i) => linear(x, weights[i], each[i]));
  }

  /** Keys or values with the learned one and that of zeros at the end of each sequence. */
  private longer(x: Tensor, bias: Parameter | null, along: number): Tensor {
    const shape = [...x.shape];
    shape[along] = 1;
    const parts = [x];
    if (bias !== null) parts.push(bias.expand(shape));
    if (this.addZeroAttn) parts.push(zeros(shape, { dtype: x.dtype }));
    return cat(parts, along);
  }

  /** Both masks as one, which is added to the scores `[N, numHeads, L, S]`; null where there is none. */
  private mask(
    op: string,
    attnMask: Tensor | null,
    keyPaddingMask: Tensor | null,
    sizes: Shape,
    isBatched: boolean,
    dtype: DType,
  ): Tensor | null {
    const [batch, rows, columns] = sizes;
    const check = (name: string, { shape }: Tensor, ...allowed: number[][]): void => {
      if (allowed.some((sizes) => sizes.join() === shape.join())) return;
      throw new ShapeError(`${name} must be ${allowed.map(formatShape).join(' or ')}, but got ${formatShape(shape)}`, {
        op,
        operands: { [name]: shape },
      });
    };
    let mask: Tensor | null = null;
    if (attnMask !== null) {
      mask = additiveMask(op, 'attnMask', attnMask, true, dtype);
      check('attnMask', mask, [rows, columns], [batch * this.numHeads, rows, columns]);
      if (mask.ndim === 3) mask = mask.reshape(batch, this.numHeads, rows, columns);
    }
    if (keyPaddingMask !== null) {
      const hidden = additiveMask(op, 'keyPaddingMask', keyPaddingMask, true, dtype);
      check('keyPaddingMask', hidden, isBatched ? [batch, columns] : [columns]);
      const spread = hidden.reshape(batch, 1, 1, columns);
      mask = mask === null ? spread : mask.add(spread);
    }
    return mask;
  }
}
