/** `nn.functional.embedding`: rows of a table. */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction, noGrad } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import { embedding as coreEmbedding, mul, NotImplementedError, named, norm, tensor } from '@torsor/core';
import { flag, tensorArgument } from './arguments.ts';

export interface EmbeddingOptions {
  /** The row that gets no gradient; a negative one counts from the end. */
  readonly paddingIdx?: number | null;
  /** Rows that are looked up and longer than this are shortened to it first, in place. */
  readonly maxNorm?: number | null;
  /** Order of the norm that `maxNorm` speaks of; 2 by default. */
  readonly normType?: number;
  /** Divide the gradient of a row by how often it was looked up. Default false. */
  readonly scaleGradByFreq?: boolean;
  /** Not offered: gradients are dense. */
  readonly sparse?: boolean;
}

/** The identity; what comes back is multiplied by a factor. */
class ScaleGradient extends AutogradFunction {
  static forward(ctx: FunctionContext<{ factor: Tensor }>, x: Tensor, factor: Tensor): Tensor {
    ctx.factor = factor;
    return x.view(x.shape);
  }

  static backward(ctx: FunctionContext<{ factor: Tensor }>, grad: Tensor): (Tensor | null)[] {
    return [mul(grad, ctx.factor), null];
  }
}

/** How often each position's index occurs, inverted: `[n]`. */
function inverseFrequency(indices: Tensor, rows: number, dtype: DType): Tensor {
  const flat = indices.toTypedArray();
  const counts = new Float64Array(rows);
  for (let i = 0; i < flat.length; i++) counts[Number(flat[i])]++;
  return tensor(Float64Array.from(flat as Int32Array, (row) => 1 / counts[Number(row)])).to(dtype);
}

/** Shortens those of the rows looked up that are longer than `maxNorm`. */
function renormalise(weight: Tensor, indices: Tensor, maxNorm: number, normType: number): void {
  const rows = new Set(Array.from(indices.toTypedArray() as Int32Array, Number));
  noGrad(() => {
    for (const row of rows) {
      const at = weight.select(0, row);
      const length = norm(at, normType).item();
      // The constant of PyTorch's embedding_renorm_.
      if (length > maxNorm) at.mul_(maxNorm / (length + 1e-7));
    }
  });
}

/**
 * Rows of a table: input `[…]` of indices, weight `[rows, width]` → `[…, width]`.
 *
 * Defaults: no paddingIdx, no maxNorm, normType 2, scaleGradByFreq false.
 *
 * @throws IndexError when an index names no row; NotImplementedError for `sparse`
 */
export function embedding(
  input: Tensor,
  weight: Tensor,
  paddingIdx?: number | null | EmbeddingOptions,
  maxNorm?: number | null | EmbeddingOptions,
  normType?: number | EmbeddingOptions,
  scaleGradByFreq?: boolean | EmbeddingOptions,
  sparse?: boolean | EmbeddingOptions,
): Tensor {
  const op = 'embedding';
  const [padding = null, most = null, order = 2, scales = false, isSparse = false] = named<
    [number | null, number | null, number, boolean, boolean]
  >(
    op,
    ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'],
    [paddingIdx, maxNorm, normType, scaleGradByFreq, sparse],
  );
  if (isSparse) throw new NotImplementedError('has no sparse gradients; leave sparse out', { op });
  flag(op, 'scaleGradByFreq', scales);
  tensorArgument(op, 'input', input);
  tensorArgument(op, 'weight', weight);
  if (most !== null) {
    // A look-up whose result is thrown away, for its checks: nothing is written before they hold.
    noGrad(() => coreEmbedding(weight, input, padding));
    renormalise(weight, input, most, order);
  }
  const out = coreEmbedding(weight, input, padding);
  if (!scales || !out.requiresGrad) return out;
  const factor = inverseFrequency(input, weight.shape[0], weight.dtype).view([...input.shape, 1]);
  return ScaleGradient.apply(out, factor);
}
