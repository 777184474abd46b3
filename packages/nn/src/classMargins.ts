/** Losses of scores that classes ought to lead by a margin: `multiMarginLoss`, `multilabelMarginLoss`, `multilabelSoftMarginLoss`. */

import type { Tensor } from '@torsor/core';
import {
  arange,
  composed,
  formatShape,
  fromTypedArray,
  IndexError,
  logSigmoid,
  ShapeError,
  sameShape,
  ValueError,
} from '@torsor/core';
import { numeric, required, tensorArgument } from './arguments.ts';
import type { LossLayerOptions, ReductionArguments } from './reduction.ts';
import { lossArguments, reduced } from './reduction.ts';

export interface MultiMarginLossOptions extends LossLayerOptions {
  /** 1 (default) or 2: the power of each excess. */
  readonly p?: number;
  /** 1 by default. */
  readonly margin?: number;
  /** `[C]`, factors of the classes; null (default) for 1. */
  readonly weight?: Tensor | null;
}

/** 0 for what is not above 0, NaN among it: in PyTorch, too, such a class does not count here. */
const positive = (x: Tensor): Tensor => x.maskedFill(x.gt(0).logicalNot(), 0);

/** @throws IndexError when a target is no class, below `least` or not below `classes` */
function checkClasses(op: string, target: Tensor, classes: number, least: number): Int32Array {
  const list = Int32Array.from(target.toTypedArray() as Int32Array, Number);
  for (const entry of list) {
    if (entry >= least && entry < classes) continue;
    throw new IndexError(`Target ${entry} is out of bounds: there are ${classes} classes`, {
      op,
      operands: { target: entry, classes },
    });
  }
  return list;
}

/** @throws ShapeError unless input is `[N, C]` or `[C]` and target of the shape that `wanted` makes of that */
function checkScores(
  op: string,
  input: Tensor,
  target: Tensor,
  wanted: (shape: readonly number[]) => readonly number[],
): void {
  const { shape, ndim } = input;
  if ((ndim === 1 || ndim === 2) && shape[ndim - 1] > 0 && sameShape(wanted(shape), target.shape)) return;
  throw new ShapeError(
    `expected an input [N, C] or [C] and a target that fits it, but got ${formatShape(shape)} and ${formatShape(target.shape)}`,
    { op, operands: { input: shape, target: target.shape } },
  );
}

/**
 * `Σ weight[t] max(0, margin - x[t] + x[i])ᵖ / C` over the classes i that are not the target t; reduced. input `[N, C]` with target `[N]`,
 * or `[C]` with `[]`, of class indices.
 *
 * @param p 1 (default) or 2
 * @param margin 1 by default
 * @param weight `[C]`; null (default) for 1
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @throws IndexError when a target is no class; ShapeError when input and target do not fit; ValueError for another p
 */
export function multiMarginLoss(
  input: Tensor,
  target: Tensor | (MultiMarginLossOptions & { readonly target?: Tensor }),
  p?: number | MultiMarginLossOptions,
  margin?: number | MultiMarginLossOptions,
  weight?: Tensor | null | MultiMarginLossOptions,
  ...rest: ReductionArguments<MultiMarginLossOptions>
): Tensor {
  const op = 'multiMarginLoss';
  const [[t, power = 1, lead = 1, w = null], reduction] = lossArguments<[Tensor, number, number, Tensor | null]>(
    op,
    ['target', 'p', 'margin', 'weight', 'sizeAverage', 'reduce', 'reduction'],
    [target, p, margin, weight, ...rest],
  );
  const classes = tensorArgument(op, 'target', required(op, 'target', t));
  checkScores(op, tensorArgument(op, 'input', input), classes, (shape) => shape.slice(0, -1));
  if (power !== 1 && power !== 2) {
    throw new ValueError(`only p == 1 and p == 2 supported, but got ${power}`, { op, operands: { p: power } });
  }
  numeric(op, 'margin', lead);
  const count = input.shape[input.ndim - 1];
  if (w !== null && !sameShape(tensorArgument(op, 'weight', w).shape, [count])) {
    throw new ShapeError(`expected a weight of shape [${count}], but got ${formatShape(w.shape)}`, {
      op,
      operands: { weight: w.shape },
    });
  }
  checkClasses(op, classes, count, 0);
  return composed(() => {
    const at = classes.unsqueeze(-1);
    const excess = positive(input.sub(input.gather(-1, at)).add(lead));
    const powers = (power === 1 ? excess : excess.square()).maskedFill(at.eq(arange(count, { dtype: 'int32' })), 0);
    const losses = powers.sum(-1).div(count);
    if (w === null) return reduced(losses, reduction);
    return reduced(losses.mul(w.indexSelect(0, classes.reshape([-1])).view(losses.shape)), reduction);
  });
}

export type MultilabelMarginLossOptions = LossLayerOptions;

/**
 * `Σ max(0, 1 - x[t] + x[i]) / C` over the targets t and the classes i that are none; reduced. input and target `[N, C]` or `[C]`; the
 * targets of a sample are the class indices before its first -1.
 *
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @throws IndexError when a target is no class; ShapeError when input and target do not fit
 */
export function multilabelMarginLoss(
  input: Tensor,
  target: Tensor | (MultilabelMarginLossOptions & { readonly target?: Tensor }),
  ...rest: ReductionArguments<MultilabelMarginLossOptions>
): Tensor {
  const op = 'multilabelMarginLoss';
  const [[t], reduction] = lossArguments<[Tensor]>(
    op,
    ['target', 'sizeAverage', 'reduce', 'reduction'],
    [target, ...rest],
  );
  const classes = tensorArgument(op, 'target', required(op, 'target', t));
  checkScores(op, tensorArgument(op, 'input', input), classes, (shape) => shape);
  const count = input.shape[input.ndim - 1];
  const samples = input.numel() / count;
  const list = checkClasses(op, classes, count, -1);
  const isTarget = new Uint8Array(list.length);
  const lengths = Array.from({ length: samples }, (_, n) => {
    const row = list.subarray(n * count, (n + 1) * count);
    const end = row.indexOf(-1);
    const length = end < 0 ? count : end;
    for (const c of row.subarray(0, length)) isTarget[n * count + c] = 1;
    return length;
  });
  const most = Math.max(...lengths, 1);
  const at = Int32Array.from({ length: samples * most }, (_, i) =>
    Math.max(list[Math.floor(i / most) * count + (i % most)], 0),
  );
  const isLeftOver = Uint8Array.from(at, (_, i) => (i % most < lengths[Math.floor(i / most)] ? 0 : 1));
  return composed(() => {
    const scores = input.reshape([samples, count]);
    const leaders = scores.gather(1, fromTypedArray(at, [samples, most])).unsqueeze(2);
    const excess = positive(scores.unsqueeze(1).sub(leaders).add(1));
    const skip = fromTypedArray(isTarget, [samples, 1, count]).logicalOr(
      fromTypedArray(isLeftOver, [samples, most, 1]),
    );
    const losses = excess.maskedFill(skip, 0).sum([1, 2]).div(count);
    return reduced(losses.view(input.shape.slice(0, -1)), reduction);
  });
}

export interface MultilabelSoftMarginLossOptions extends LossLayerOptions {
  /** Factors of the classes; null (default) for 1. */
  readonly weight?: Tensor | null;
}

/**
 * The mean over classes of `-weight (t log(sigmoid(x)) + (1 - t) log(sigmoid(-x)))`; reduced. input and target `[N, C]` or `[C]`, targets
 * 0 or 1.
 *
 * @param weight `[C]`; null (default) for 1
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  target: Tensor | (MultilabelSoftMarginLossOptions & { readonly target?: Tensor }),
  weight?: Tensor | null | MultilabelSoftMarginLossOptions,
  ...rest: ReductionArguments<MultilabelSoftMarginLossOptions>
): Tensor {
  const op = 'multilabelSoftMarginLoss';
  const [[t, w = null], reduction] = lossArguments<[Tensor, Tensor | null]>(
    op,
    ['target', 'weight', 'sizeAverage', 'reduce', 'reduction'],
    [target, weight, ...rest],
  );
  const wanted = tensorArgument(op, 'target', required(op, 'target', t));
  if (!sameShape(tensorArgument(op, 'input', input).shape, wanted.shape) || input.ndim === 0) {
    throw new ShapeError(
      `expected input and target of one shape [N, C] or [C], but got ${formatShape(input.shape)} and ${formatShape(wanted.shape)}`,
      { op, operands: { input: input.shape, target: wanted.shape } },
    );
  }
  if (w !== null) tensorArgument(op, 'weight', w);
  return composed(() => {
    const yes = wanted.mul(logSigmoid(input));
    const no = wanted.neg().add(1).mul(logSigmoid(input.neg()));
    const losses = yes.add(no).neg();
    return reduced((w === null ? losses : losses.mul(w)).mean(-1), reduction);
  });
}
