/**
 * Attention as a function: `softmax(scale q kᵀ + mask) v`, on heads that lie side by side. The modules are in
 * `modules/attention.ts`. Source: Vaswani et al., "Attention Is All You Need", 2017.
 */

import type { DType, Shape } from '@torsor/core';
import {
  broadcastShapes,
  composed,
  DTypeError,
  formatShape,
  full,
  named,
  ShapeError,
  softmax,
  type Tensor,
  ValueError,
  zeros,
} from '@torsor/core';
import { flag, numeric, tensorArgument } from './arguments.ts';
import { checkProbability, dropout } from './dropout.ts';

export interface ScaledDotProductAttentionOptions {
  /** `[…, L, S]`, or what broadcasts to it: true where a query may attend to a key, or floats that are added to the scores. */
  readonly attnMask?: Tensor | null;
  /** Probability of an attention weight to become 0; 0 by default. Not only in training: pass 0 in evaluation. */
  readonly dropoutP?: number;
  /** Whether query i attends to keys 0 … i alone; false by default. */
  readonly isCausal?: boolean;
  /** Factor of the scores; 1/√E by default. */
  readonly scale?: number | null;
  /** Whether several heads of the query share one of key and value; false by default. */
  readonly enableGqa?: boolean;
}

/**
 * What is added to scores for a mask: floats as they are, in the dtype of the scores; for booleans minus infinity where `hides`
 * stands, and 0 elsewhere.
 *
 * @throws DTypeError for integers
 */
export function additiveMask(op: string, name: string, mask: Tensor, hides: boolean, dtype: DType): Tensor {
  tensorArgument(op, name, mask);
  if (mask.isFloatingPoint()) return mask.to(dtype);
  if (mask.dtype !== 'bool') {
    throw new DTypeError(`only bool and floating types of ${name} are supported, but got ${mask.dtype}`, {
      op,
      operands: { [name]: mask.dtype },
    });
  }
  return zeros(mask.shape, { dtype }).maskedFill_(hides ? mask : mask.logicalNot(), Number.NEGATIVE_INFINITY);
}

/** 0 on and below the diagonal, minus infinity above: `[rows, columns]`. */
export function causalMask(rows: number, columns: number, dtype: DType): Tensor {
  return full([rows, columns], Number.NEGATIVE_INFINITY, { dtype }).triu(1);
}

/** `[output, weights]` of queries `[…, L, E]`, keys `[…, S, E]` and values `[…, S, Ev]`; the mask is added to the scores. */
export function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  dropoutP: number,
  scale: number,
): [output: Tensor, weights: Tensor] {
  // A factor on the queries is a pass over L·E numbers, on the scores one over L·S.
  const scores = query.mul(scale).matmul(key.mT);
  const weights = softmax(mask === null ? scores : scores.add(mask), -1);
  const dropped = dropoutP > 0 ? dropout(weights, dropoutP) : weights;
  return [dropped.matmul(value), dropped];
}

/** Heads of key or value, `[…, H, S, E]`, each repeated for the heads of the query that share it. */
function shared(x: Tensor, heads: number): Tensor {
  return x.shape.at(-3) === heads ? x : x.repeatInterleave(heads / (x.shape.at(-3) as number), { dim: -3 });
}

function checkOperands(op: string, query: Tensor, key: Tensor, value: Tensor, sharesHeads: boolean): void {
  const operands = { query: query.shape, key: key.shape, value: value.shape };
  const fail = (rule: string): never => {
    const shapes = [query, key, value].map((x) => formatShape(x.shape));
    throw new ShapeError(`${rule}, but got query ${shapes[0]}, key ${shapes[1]} and value ${shapes[2]}`, {
      op,
      operands,
    });
  };
  const least = sharesHeads ? 3 : 2;
  if (Math.min(query.ndim, key.ndim, value.ndim) < least)
    fail(`query, key and value must have at least ${least} dimensions`);
  if (query.shape.at(-1) !== key.shape.at(-1)) fail('the last sizes of query and key must be equal');
  if (key.shape.at(-2) !== value.shape.at(-2)) fail('key and value must be equally long');
  if (query.dtype !== key.dtype || query.dtype !== value.dtype) {
    throw new DTypeError(
      `query, key and value must have the same dtype, but got ${query.dtype}, ${key.dtype} and ${value.dtype}`,
      { op, operands: { query: query.dtype, key: key.dtype, value: value.dtype } },
    );
  }
  if (!sharesHeads) return;
  const heads = query.shape.at(-3) as number;
  const [ofKey, ofValue] = [key, value].map((x) => x.shape.at(-3) as number);
  if (heads % ofKey !== 0 || heads % ofValue !== 0) {
    fail('the heads of the query must be a multiple of those of key and value, where they share them');
  }
}

/** @throws ShapeError when a mask does not broadcast to the scores */
function checkMask(op: string, mask: Tensor, scores: Shape): void {
  const lead = scores.length - mask.ndim;
  if (lead >= 0 && mask.shape.every((size, d) => size === 1 || size === scores[lead + d])) return;
  throw new ShapeError(
    `attnMask of shape ${formatShape(mask.shape)} does not broadcast to the scores ${formatShape(scores)}`,
    { op, operands: { attnMask: mask.shape, scores } },
  );
}

/**
 * Scaled dot-product attention: `softmax(scale q kᵀ + mask) v`, row by row of the queries.
 *
 * query `[…, L, E]`, key `[…, S, E]`, value `[…, S, Ev]` → `[…, L, Ev]`; leading dimensions broadcast. Row i of a causal mask shows
 * the keys 0 … i. A row that is hidden altogether gives NaN, as softmax does.
 *
 * @param attnMask what broadcasts to `[…, L, S]`: true where a query may attend to a key (in `MultiheadAttention` true hides), or floats
 *   that are added to the scores; null by default
 * @param dropoutP probability of a weight to become 0, 0 by default; it holds in evaluation too
 * @param isCausal false by default
 * @param scale factor of the scores; 1/√E by default
 * @param enableGqa whether query heads `[…, H, L, E]` share fewer heads of key and value; false by default
 *
 * Source: Vaswani et al., "Attention Is All You Need", 2017; shared heads: Ainslie et al., "GQA", 2023.
 *
 * @throws ShapeError when sizes do not fit; ValueError for a mask where `isCausal` is true; DTypeError for a mask of integers
 *
 * @example
 * const [q, k, v] = [0, 1, 2].map(() => randn(2, 4, 10, 16)); // batch, heads, length, width
 * scaledDotProductAttention(q, k, v, { isCausal: true }).shape; // [2, 4, 10, 16]
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  attnMask?: Tensor | null | ScaledDotProductAttentionOptions,
  dropoutP?: number | ScaledDotProductAttentionOptions,
  isCausal?: boolean | ScaledDotProductAttentionOptions,
  scale?: number | null | ScaledDotProductAttentionOptions,
  enableGqa?: boolean | ScaledDotProductAttentionOptions,
): Tensor {
  const op = 'scaledDotProductAttention';
  const [given = null, p = 0, causal = false, factor = null, shares = false] = named<
    [Tensor | null, number, boolean, number | null, boolean]
  >(op, ['attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa'], [attnMask, dropoutP, isCausal, scale, enableGqa]);
  const [q, k, v] = [
    tensorArgument(op, 'query', query),
    tensorArgument(op, 'key', key),
    tensorArgument(op, 'value', value),
  ];
  checkProbability(op, p);
  checkOperands(op, q, k, v, flag(op, 'enableGqa', shares));
  if (flag(op, 'isCausal', causal) && given !== null) {
    throw new ValueError('attnMask must not be given where isCausal is true', {
      op,
      operands: { attnMask: given.shape },
    });
  }
  const [rows, width] = q.shape.slice(-2);
  const columns = k.shape.at(-2) as number;
  return composed(() => {
    const heads = q.shape.at(-3) as number;
    const [keys, values] = shares ? [shared(k, heads), shared(v, heads)] : [k, v];
    const lead = [q, keys, values].map((x): Shape => x.shape.slice(0, -2)).reduce((a, b) => broadcastShapes(op, a, b));
    let mask: Tensor | null = causal ? causalMask(rows, columns, q.dtype) : null;
    if (given !== null) {
      mask = additiveMask(op, 'attnMask', given, false, q.dtype);
      checkMask(op, mask, [...lead, rows, columns]);
    }
    return attend(q, keys, values, mask, p, numeric(op, 'scale', factor ?? 1 / Math.sqrt(width)))[0];
  });
}
