/** Losses of pairs and triples that ought to be near or apart: embeddings, rankings, triplets; and `softMarginLoss`. */

import type { Tensor } from '@torsor/core';
import { clamp, composed, formatShape, logSigmoid, minimum, norm, ShapeError, ValueError, where } from '@torsor/core';
import { flag, numeric, required, tensorArgument } from './arguments.ts';
import type { LossLayerOptions, ReductionArguments } from './reduction.ts';
import { lossArguments, reduced } from './reduction.ts';

export interface MarginLossOptions extends LossLayerOptions {
  readonly margin?: number;
}

const REDUCTION = ['sizeAverage', 'reduce', 'reduction'] as const;

/** @throws ShapeError unless all have the same number of dimensions */
function checkAlike(op: string, operands: Readonly<Record<string, Tensor>>): void {
  const tensors = Object.entries(operands).map(([name, x]) => tensorArgument(op, name, x));
  if (tensors.every((x) => x.ndim === tensors[0].ndim)) return;
  throw new ShapeError(
    `All input tensors should have same dimension but got sizes: ${Object.entries(operands)
      .map(([name, x]) => `${name}: ${formatShape(x.shape)}`)
      .join(', ')}`,
    { op, operands: Object.fromEntries(Object.entries(operands).map(([name, x]) => [name, x.shape])) },
  );
}

/** @throws ShapeError unless the target broadcasts to the shape of the input */
function checkFitsInput(op: string, input: Tensor, target: Tensor): void {
  const missing = input.ndim - target.ndim;
  if (missing >= 0 && target.shape.every((size, i) => size === 1 || size === input.shape[missing + i])) return;
  throw new ShapeError(
    `target must broadcast to the shape of input, but got target ${formatShape(target.shape)} and input ` +
      `${formatShape(input.shape)}`,
    { op, operands: { input: input.shape, target: target.shape } },
  );
}

const positive = (x: Tensor): Tensor => clamp(x, 0);

/**
 * `1 - cos` where the target is 1, `max(0, cos - margin)` where it is -1, cos that of input1 and input2 along their last dimension;
 * reduced. input1 and input2 `[N, D]` with target `[N]`, or `[D]` with `[]`.
 *
 * @param margin 0 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @throws ShapeError when inputs and target do not fit
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor | (MarginLossOptions & { readonly target?: Tensor }),
  margin?: number | MarginLossOptions,
  ...rest: ReductionArguments<MarginLossOptions>
): Tensor {
  const op = 'cosineEmbeddingLoss';
  const [[t, m = 0], how] = lossArguments<[Tensor, number]>(
    op,
    ['target', 'margin', ...REDUCTION],
    [target, margin, ...rest],
  );
  const signs = tensorArgument(op, 'target', required(op, 'target', t));
  checkAlike(op, { input1, input2 });
  if (signs.ndim > 1 || input1.ndim !== signs.ndim + 1) {
    throw new ShapeError(
      `expected inputs [N, D] and a target [N], or [D] and [], but got ${formatShape(input1.shape)}, ${formatShape(input2.shape)} and ` +
        formatShape(signs.shape),
      { op, operands: { input1: input1.shape, input2: input2.shape, target: signs.shape } },
    );
  }
  numeric(op, 'margin', m);
  return composed(() => {
    // PyTorch's constant, under the root.
    const squares = (x: Tensor): Tensor => x.mul(x).sum(-1).add(1e-12);
    const cosine = input1
      .mul(input2)
      .sum(-1)
      .div(squares(input1).mul(squares(input2)).sqrt());
    const near = where(signs.eq(1), cosine.neg().add(1), 0);
    const apart = where(signs.eq(-1), positive(cosine.sub(m)), 0);
    return reduced(near.add(apart), how);
  });
}

/**
 * `max(0, -target (input1 - input2) + margin)`, reduced: target 1 asks for input1 to be larger, -1 for input2.
 *
 * @param margin 0 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @throws ShapeError when they have not the same number of dimensions
 */
export function marginRankingLoss(
  input1: Tensor,
  input2: Tensor,
  target: Tensor | (MarginLossOptions & { readonly target?: Tensor }),
  margin?: number | MarginLossOptions,
  ...rest: ReductionArguments<MarginLossOptions>
): Tensor {
  const op = 'marginRankingLoss';
  const [[t, m = 0], how] = lossArguments<[Tensor, number]>(
    op,
    ['target', 'margin', ...REDUCTION],
    [target, margin, ...rest],
  );
  const signs = required(op, 'target', t);
  checkAlike(op, { input1, input2, target: signs });
  numeric(op, 'margin', m);
  return composed(() => reduced(positive(signs.neg().mul(input1.sub(input2)).add(m)), how));
}

/**
 * `input` where the target is 1, `max(0, margin - input)` where it is -1; reduced. Inputs are distances.
 *
 * @param margin 1 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  target: Tensor | (MarginLossOptions & { readonly target?: Tensor }),
  margin?: number | MarginLossOptions,
  ...rest: ReductionArguments<MarginLossOptions>
): Tensor {
  const op = 'hingeEmbeddingLoss';
  const [[t, m = 1], how] = lossArguments<[Tensor, number]>(
    op,
    ['target', 'margin', ...REDUCTION],
    [target, margin, ...rest],
  );
  const signs = tensorArgument(op, 'target', required(op, 'target', t));
  tensorArgument(op, 'input', input);
  numeric(op, 'margin', m);
  return composed(() => {
    // A target that is neither counts for both.
    const apart = where(signs.ne(1), positive(input.neg().add(m)), 0);
    const near = where(signs.ne(-1), input, 0);
    return reduced(apart.add(near), how);
  });
}

/**
 * `log(1 + exp(-target input))`, reduced; targets 1 or -1. Computed as `-logSigmoid(target input)`, which does not overflow.
 *
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function softMarginLoss(
  input: Tensor,
  target: Tensor | (LossLayerOptions & { readonly target?: Tensor }),
  ...rest: ReductionArguments<LossLayerOptions>
): Tensor {
  const op = 'softMarginLoss';
  const [[t], how] = lossArguments<[Tensor]>(op, ['target', ...REDUCTION], [target, ...rest]);
  const signs = tensorArgument(op, 'target', required(op, 'target', t));
  checkFitsInput(op, tensorArgument(op, 'input', input), signs);
  return composed(() => reduced(logSigmoid(signs.mul(input)).neg(), how));
}

export interface TripletMarginLossOptions extends MarginLossOptions {
  /** Order of the norm; 2 by default. */
  readonly p?: number;
  /** Added to differences; 1e-6 by default. */
  readonly eps?: number;
  /** Take the negative to be as far as it is from the nearer of anchor and positive. Default false. */
  readonly swap?: boolean;
}

export type Distance = (x1: Tensor, x2: Tensor) => Tensor;

function triplet(distance: Distance, triple: readonly [Tensor, Tensor, Tensor], margin: number, swap: boolean): Tensor {
  const [anchor, near, far] = triple;
  const nearby = distance(anchor, near);
  const away = distance(anchor, far);
  return positive(nearby.sub(swap ? minimum(away, distance(near, far)) : away).add(margin));
}

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, reduced, with `d(x, y) = ‖x - y + eps‖` along the last dimension:
 * `[N, D]` each, or `[D]`. Balntas et al., "Learning local feature descriptors with triplets and shallow convolutional neural networks",
 * 2016.
 *
 * @param margin 1 by default
 * @param p order of the norm; 2 by default
 * @param eps added to differences; 1e-6 by default
 * @param swap whether the negative is as far as from the nearer of anchor and positive; false by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  margin?: number | TripletMarginLossOptions,
  p?: number | TripletMarginLossOptions,
  eps?: number | TripletMarginLossOptions,
  swap?: boolean | TripletMarginLossOptions,
  ...rest: ReductionArguments<TripletMarginLossOptions>
): Tensor {
  const op = 'tripletMarginLoss';
  const [[m = 1, order = 2, e = 1e-6, swaps = false], how] = lossArguments<[number, number, number, boolean]>(
    op,
    ['margin', 'p', 'eps', 'swap', ...REDUCTION],
    [margin, p, eps, swap, ...rest],
  );
  checkAlike(op, { anchor, positive, negative });
  for (const [name, value] of Object.entries({ margin: m, p: order, eps: e })) numeric(op, name, value);
  flag(op, 'swap', swaps);
  const distance: Distance = (x1, x2) => norm(x1.sub(x2).add(e), order, -1);
  return composed(() => reduced(triplet(distance, [anchor, positive, negative], m, swaps), how));
}

export interface TripletMarginWithDistanceLossOptions extends Omit<MarginLossOptions, 'sizeAverage' | 'reduce'> {
  /** Of two tensors; `pairwiseDistance` by default. */
  readonly distanceFunction?: Distance | null;
  /** Take the negative to be as far as it is from the nearer of anchor and positive. Default false. */
  readonly swap?: boolean;
}

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, reduced, with any distance d.
 *
 * @param distanceFunction d, of two tensors; `pairwiseDistance` by default
 * @param margin 1 by default
 * @param swap whether the negative is as far as from the nearer of anchor and positive; false by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options?: TripletMarginWithDistanceLossOptions,
): Tensor {
  const op = 'tripletMarginWithDistanceLoss';
  const [[given = null, m = 1, swaps = false], how] = lossArguments<[Distance | null, number, boolean]>(
    op,
    ['distanceFunction', 'margin', 'swap', 'reduction'],
    [options],
  );
  checkAlike(op, { anchor, positive, negative });
  numeric(op, 'margin', m);
  flag(op, 'swap', swaps);
  if (given !== null && typeof given !== 'function') {
    throw new ValueError(`distanceFunction must be a function, but got ${typeof given}`, { op });
  }
  const distance = given ?? ((x1, x2) => norm(x1.sub(x2).add(1e-6), 2, -1));
  // Not composed: a function of the user's may keep what it is given.
  return reduced(triplet(distance, [anchor, positive, negative], m, swaps), how);
}
