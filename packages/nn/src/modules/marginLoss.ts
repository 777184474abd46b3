/**
 * Losses of pairs, triples and scores that ought to differ by a margin: of `torch.nn.modules.loss`. `reduction` is `'mean'` (default),
 * `'sum'`, or `'none'`; the deprecated `sizeAverage` and `reduce` keep their places and their meaning.
 */

import type { LossReduction, Tensor } from '@torsor/core';
import { ValueError } from '@torsor/core';
import { flag, numeric } from '../arguments.ts';
import type { MultilabelSoftMarginLossOptions, MultiMarginLossOptions } from '../classMargins.ts';
import { multilabelMarginLoss, multilabelSoftMarginLoss, multiMarginLoss } from '../classMargins.ts';
import { Module } from '../module.ts';
import type {
  Distance,
  MarginLossOptions,
  TripletMarginLossOptions,
  TripletMarginWithDistanceLossOptions,
} from '../pairMargins.ts';
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  softMarginLoss,
  tripletMarginLoss,
  tripletMarginWithDistanceLoss,
} from '../pairMargins.ts';
import type { Buffer } from '../parameter.ts';
import type { Deprecated, LossLayerOptions } from '../reduction.ts';
import { lossArguments } from '../reduction.ts';
import { PairwiseDistance } from './distance.ts';

type Pair = [input: Tensor, target: Tensor];
type Triple = [input1: Tensor, input2: Tensor, target: Tensor];

const REDUCTION = ['sizeAverage', 'reduce', 'reduction'] as const;

/** A loss with a margin. */
abstract class MarginLoss<A extends readonly Tensor[]> extends Module<A> {
  readonly margin: number;
  readonly reduction: LossReduction;

  constructor(op: string, fallback: number, args: readonly unknown[]) {
    super();
    const [[margin = fallback], reduction] = lossArguments<[number]>(op, ['margin', ...REDUCTION], args);
    this.margin = numeric(op, 'margin', margin);
    this.reduction = reduction;
  }
}

/**
 * `1 - cos` where the target is 1, `max(0, cos - margin)` where it is -1, cos that of input1 and input2 along their last dimension;
 * reduced. `loss(input1, input2, target)`: `[N, D]` with target `[N]`, or `[D]` with `[]`. The margin is 0 by default.
 */
export class CosineEmbeddingLoss extends MarginLoss<Triple> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    margin?: number | MarginLossOptions,
    sizeAverage?: Deprecated | MarginLossOptions,
    reduce?: Deprecated | MarginLossOptions,
    reduction?: LossReduction | MarginLossOptions,
  ) {
    super('CosineEmbeddingLoss', 0, [margin, sizeAverage, reduce, reduction]);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

/**
 * `max(0, -target (input1 - input2) + margin)`, reduced: `loss(input1, input2, target)`, where target 1 asks for input1 to be larger, -1
 * for input2. The margin is 0 by default.
 */
export class MarginRankingLoss extends MarginLoss<Triple> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    margin?: number | MarginLossOptions,
    sizeAverage?: Deprecated | MarginLossOptions,
    reduce?: Deprecated | MarginLossOptions,
    reduction?: LossReduction | MarginLossOptions,
  ) {
    super('MarginRankingLoss', 0, [margin, sizeAverage, reduce, reduction]);
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** `input` where the target is 1, `max(0, margin - input)` where it is -1; reduced. The margin is 1 by default. */
export class HingeEmbeddingLoss extends MarginLoss<Pair> {
  static override readonly keepsNothing: boolean = true;

  constructor(
    margin?: number | MarginLossOptions,
    sizeAverage?: Deprecated | MarginLossOptions,
    reduce?: Deprecated | MarginLossOptions,
    reduction?: LossReduction | MarginLossOptions,
  ) {
    super('HingeEmbeddingLoss', 1, [margin, sizeAverage, reduce, reduction]);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, { margin: this.margin, reduction: this.reduction });
  }
}

/** `log(1 + exp(-target input))`, reduced; targets 1 or -1. */
export class SoftMarginLoss extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;
  readonly reduction: LossReduction;

  constructor(
    sizeAverage?: Deprecated | LossLayerOptions,
    reduce?: Deprecated | LossLayerOptions,
    reduction?: LossReduction | LossLayerOptions,
  ) {
    super();
    [, this.reduction] = lossArguments<[]>('SoftMarginLoss', REDUCTION, [sizeAverage, reduce, reduction]);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, { reduction: this.reduction });
  }
}

type Anchored = [anchor: Tensor, positive: Tensor, negative: Tensor];

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, reduced, with `d(x, y) = ‖x - y + eps‖` along the last dimension.
 *
 * @param margin 1 by default
 * @param p order of the norm; 2 by default
 * @param eps added to differences; 1e-6 by default
 * @param swap whether the negative is as far as from the nearer of anchor and positive; false by default
 */
export class TripletMarginLoss extends Module<Anchored> {
  static override readonly keepsNothing: boolean = true;

  readonly margin: number;
  readonly p: number;
  readonly eps: number;
  readonly swap: boolean;
  readonly reduction: LossReduction;

  constructor(
    margin?: number | TripletMarginLossOptions,
    p?: number | TripletMarginLossOptions,
    eps?: number | TripletMarginLossOptions,
    swap?: boolean | TripletMarginLossOptions,
    sizeAverage?: Deprecated | TripletMarginLossOptions,
    reduce?: Deprecated | TripletMarginLossOptions,
    reduction?: LossReduction | TripletMarginLossOptions,
  ) {
    super();
    const op = 'TripletMarginLoss';
    const [[m = 1, order = 2, e = 1e-6, swaps = false], how] = lossArguments<[number, number, number, boolean]>(
      op,
      ['margin', 'p', 'eps', 'swap', ...REDUCTION],
      [margin, p, eps, swap, sizeAverage, reduce, reduction],
    );
    this.margin = numeric(op, 'margin', m);
    this.p = numeric(op, 'p', order);
    this.eps = numeric(op, 'eps', e);
    this.swap = flag(op, 'swap', swaps);
    this.reduction = how;
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this;
    return tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction });
  }
}

/**
 * `max(0, d(anchor, positive) - d(anchor, negative) + margin)`, reduced, with any distance d.
 *
 * @param distanceFunction d, of two tensors; `pairwiseDistance` by default
 * @param margin 1 by default
 * @param swap whether the negative is as far as from the nearer of anchor and positive; false by default
 */
export class TripletMarginWithDistanceLoss extends Module<Anchored> {
  /** PyTorch's name: it prints under it, and the state dict has its keys there, if the distance is a module. */
  readonly distance_function: Distance;
  readonly margin: number;
  readonly swap: boolean;
  readonly reduction: LossReduction;

  constructor(options?: TripletMarginWithDistanceLossOptions) {
    super();
    const op = 'TripletMarginWithDistanceLoss';
    const [[distance = null, margin = 1, swap = false], reduction] = lossArguments<[Distance | null, number, boolean]>(
      op,
      ['distanceFunction', 'margin', 'swap', 'reduction'],
      [options],
    );
    this.distance_function = distance ?? new PairwiseDistance();
    this.margin = numeric(op, 'margin', margin);
    this.swap = flag(op, 'swap', swap);
    this.reduction = reduction;
  }

  /** The distance of two tensors. */
  get distanceFunction(): Distance {
    return this.distance_function;
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this;
    return tripletMarginWithDistanceLoss(anchor, positive, negative, { distanceFunction, margin, swap, reduction });
  }
}

/**
 * `Σ weight[t] max(0, margin - x[t] + x[i])ᵖ / C` over the classes i that are not the target t; reduced. input `[N, C]` with target `[N]`,
 * or `[C]` with `[]`, of class indices.
 *
 * @param p 1 (default) or 2
 * @param margin 1 by default
 * @param weight `[C]`; null (default) for 1
 */
export class MultiMarginLoss extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;

  readonly p: number;
  readonly margin: number;
  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(
    p?: number | MultiMarginLossOptions,
    margin?: number | MultiMarginLossOptions,
    weight?: Tensor | null | MultiMarginLossOptions,
    sizeAverage?: Deprecated | MultiMarginLossOptions,
    reduce?: Deprecated | MultiMarginLossOptions,
    reduction?: LossReduction | MultiMarginLossOptions,
  ) {
    super();
    const op = 'MultiMarginLoss';
    const [[power = 1, m = 1, w = null], how] = lossArguments<[number, number, Tensor | null]>(
      op,
      ['p', 'margin', 'weight', ...REDUCTION],
      [p, margin, weight, sizeAverage, reduce, reduction],
    );
    if (power !== 1 && power !== 2) {
      throw new ValueError(`only p == 1 and p == 2 supported, but got ${power}`, { op, operands: { p: power } });
    }
    this.p = power;
    this.margin = numeric(op, 'margin', m);
    this.reduction = how;
    this.registerBuffer('weight', w);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this;
    return multiMarginLoss(input, target, { p, margin, weight, reduction });
  }
}

/**
 * `Σ max(0, 1 - x[t] + x[i]) / C` over the targets t and the classes i that are none; reduced. input and target `[N, C]` or `[C]`; the
 * targets of a sample are the class indices before its first -1.
 */
export class MultiLabelMarginLoss extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;
  readonly reduction: LossReduction;

  constructor(
    sizeAverage?: Deprecated | LossLayerOptions,
    reduce?: Deprecated | LossLayerOptions,
    reduction?: LossReduction | LossLayerOptions,
  ) {
    super();
    [, this.reduction] = lossArguments<[]>('MultiLabelMarginLoss', REDUCTION, [sizeAverage, reduce, reduction]);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, { reduction: this.reduction });
  }
}

/**
 * The mean over classes of `-weight (t log(sigmoid(x)) + (1 - t) log(sigmoid(-x)))`; reduced. input and target `[N, C]` or `[C]`, targets
 * 0 or 1; weight `[C]`, null (default) for 1.
 */
export class MultiLabelSoftMarginLoss extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | MultilabelSoftMarginLossOptions,
    sizeAverage?: Deprecated | MultilabelSoftMarginLossOptions,
    reduce?: Deprecated | MultilabelSoftMarginLossOptions,
    reduction?: LossReduction | MultilabelSoftMarginLossOptions,
  ) {
    super();
    const [[w = null], how] = lossArguments<[Tensor | null]>(
      'MultiLabelSoftMarginLoss',
      ['weight', ...REDUCTION],
      [weight, sizeAverage, reduce, reduction],
    );
    this.reduction = how;
    this.registerBuffer('weight', w);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, { weight: this.weight, reduction: this.reduction });
  }
}
