/**
 * Losses as modules: `torch.nn.modules.loss`. `reduction` is `'mean'` (default), `'sum'`, or `'none'` for the loss of each element.
 * Weights are buffers, and so in the state dict, as in PyTorch. The deprecated `sizeAverage` and `reduce` keep their places and
 * their meaning.
 */

import type { KlDivReduction, LossReduction, Tensor } from '@torsor/core';
import { named, reductionOf } from '@torsor/core';
import { flag, integer, numeric } from '../arguments.ts';
import * as F from '../functional.ts';
import { Module } from '../module.ts';
import type { Buffer } from '../parameter.ts';
import type { Deprecated, LossLayerOptions } from '../reduction.ts';

export type { LossLayerOptions };

type LossInputs = [input: Tensor, target: Tensor];
export interface WeightedLossLayerOptions extends LossLayerOptions {
  /** Factors; null (default) for 1. */
  readonly weight?: Tensor | null;
}

/** A loss whose only argument is how it is reduced. */
abstract class ReducedLoss extends Module<LossInputs> {
  readonly reduction: LossReduction;

  constructor(op: string, args: readonly unknown[]) {
    super();
    const [average, reduce, how] = named<[Deprecated, Deprecated, LossReduction]>(
      op,
      ['sizeAverage', 'reduce', 'reduction'],
      args,
    );
    this.reduction = reductionOf(op, average, reduce, how);
  }
}

/** `(input - target)²`, reduced. */
export class MSELoss extends ReducedLoss {
  static override readonly keepsNothing: boolean = true;

  constructor(
    sizeAverage?: Deprecated | LossLayerOptions,
    reduce?: Deprecated | LossLayerOptions,
    reduction?: LossReduction | LossLayerOptions,
  ) {
    super('MSELoss', [sizeAverage, reduce, reduction]);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/** `|input - target|`, reduced. */
export class L1Loss extends ReducedLoss {
  static override readonly keepsNothing: boolean = true;

  constructor(
    sizeAverage?: Deprecated | LossLayerOptions,
    reduce?: Deprecated | LossLayerOptions,
    reduction?: LossReduction | LossLayerOptions,
  ) {
    super('L1Loss', [sizeAverage, reduce, reduction]);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.l1Loss(input, target, { reduction: this.reduction });
  }
}

export interface SmoothL1LossLayerOptions extends LossLayerOptions {
  /** Where the square meets the absolute value; 1 by default. */
  readonly beta?: number;
}

/** `d² / (2 beta)` where `d = |input - target|` is below beta (1 by default), `d - beta / 2` elsewhere; reduced. */
export class SmoothL1Loss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: LossReduction;
  readonly beta: number;

  constructor(
    sizeAverage?: Deprecated | SmoothL1LossLayerOptions,
    reduce?: Deprecated | SmoothL1LossLayerOptions,
    reduction?: LossReduction | SmoothL1LossLayerOptions,
    beta?: number | SmoothL1LossLayerOptions,
  ) {
    super();
    const op = 'SmoothL1Loss';
    const [average, r, how, b = 1] = named<[Deprecated, Deprecated, LossReduction, number]>(
      op,
      ['sizeAverage', 'reduce', 'reduction', 'beta'],
      [sizeAverage, reduce, reduction, beta],
    );
    this.reduction = reductionOf(op, average, r, how);
    this.beta = numeric(op, 'beta', b);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

export interface HuberLossLayerOptions {
  /** `'mean'` (default), `'sum'` or `'none'`. */
  readonly reduction?: LossReduction;
  /** Where the square meets the absolute value; 1 by default. */
  readonly delta?: number;
}

/** `d² / 2` where `d = |input - target|` is below delta (1 by default), `delta (d - delta / 2)` elsewhere; reduced. */
export class HuberLoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: LossReduction;
  readonly delta: number;

  constructor(reduction?: LossReduction | HuberLossLayerOptions, delta?: number | HuberLossLayerOptions) {
    super();
    const op = 'HuberLoss';
    const [how, d = 1] = named<[LossReduction, number]>(op, ['reduction', 'delta'], [reduction, delta]);
    this.reduction = reductionOf(op, null, null, how);
    this.delta = numeric(op, 'delta', d);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.huberLoss(input, target, { reduction: this.reduction, delta: this.delta });
  }
}

export interface NLLLossLayerOptions extends WeightedLossLayerOptions {
  /** A target that does not count; -100 by default. */
  readonly ignoreIndex?: number;
}

/**
 * Negative log-likelihood of log-probabilities: `-weight[t] input[n, t]`, reduced; `'mean'` divides by the total weight.
 *
 * input `[N, C]` with target `[N]`, or `[N, C, d1, …]` with `[N, d1, …]`, or `[C]` with `[]`.
 *
 * @param weight `[C]`; null (default) for 1
 * @param ignoreIndex a target that does not count; -100 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export class NLLLoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly ignoreIndex: number;
  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | NLLLossLayerOptions,
    sizeAverage?: Deprecated | NLLLossLayerOptions,
    ignoreIndex?: number | NLLLossLayerOptions,
    reduce?: Deprecated | NLLLossLayerOptions,
    reduction?: LossReduction | NLLLossLayerOptions,
  ) {
    super();
    const op = 'NLLLoss';
    const [w = null, average, ignored = -100, r, how] = named<
      [Tensor | null, Deprecated, number, Deprecated, LossReduction]
    >(
      op,
      ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'],
      [weight, sizeAverage, ignoreIndex, reduce, reduction],
    );
    this.ignoreIndex = integer(op, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = reductionOf(op, average, r, how);
    this.registerBuffer('weight', w);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.nllLoss(input, target, { weight: this.weight, ignoreIndex: this.ignoreIndex, reduction: this.reduction });
  }
}

export interface CrossEntropyLossLayerOptions extends NLLLossLayerOptions {
  /** Share of the target that is spread over all classes, in [0, 1]; 0 by default. */
  readonly labelSmoothing?: number;
}

/**
 * Cross entropy of logits and classes: `-weight[t] log(softmax(input)[t])`, reduced; `'mean'` divides by the total weight.
 *
 * input `[N, C]`, `[N, C, d1, …]` or `[C]` of unnormalised scores; target: class indices of that shape without C, or
 * probabilities of that shape.
 *
 * @param weight `[C]`; null (default) for 1
 * @param ignoreIndex a target that does not count; -100 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @param labelSmoothing share of the target that is spread over all classes; 0 by default
 *
 * @example
 * const loss = new CrossEntropyLoss();
 * loss(net(images), labels).backward();
 */
export class CrossEntropyLoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly ignoreIndex: number;
  readonly reduction: LossReduction;
  readonly labelSmoothing: number;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | CrossEntropyLossLayerOptions,
    sizeAverage?: Deprecated | CrossEntropyLossLayerOptions,
    ignoreIndex?: number | CrossEntropyLossLayerOptions,
    reduce?: Deprecated | CrossEntropyLossLayerOptions,
    reduction?: LossReduction | CrossEntropyLossLayerOptions,
    labelSmoothing?: number | CrossEntropyLossLayerOptions,
  ) {
    super();
    const op = 'CrossEntropyLoss';
    const [w = null, average, ignored = -100, r, how, smoothing = 0] = named<
      [Tensor | null, Deprecated, number, Deprecated, LossReduction, number]
    >(
      op,
      ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction', 'labelSmoothing'],
      [weight, sizeAverage, ignoreIndex, reduce, reduction, labelSmoothing],
    );
    this.ignoreIndex = integer(op, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = reductionOf(op, average, r, how);
    this.labelSmoothing = numeric(op, 'labelSmoothing', smoothing);
    this.registerBuffer('weight', w);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this;
    return F.crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing });
  }
}

/** Binary cross entropy of probabilities: `-weight (target log(input) + (1 - target) log(1 - input))`, reduced. */
export class BCELoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | WeightedLossLayerOptions,
    sizeAverage?: Deprecated | WeightedLossLayerOptions,
    reduce?: Deprecated | WeightedLossLayerOptions,
    reduction?: LossReduction | WeightedLossLayerOptions,
  ) {
    super();
    const op = 'BCELoss';
    const [w = null, average, r, how] = named<[Tensor | null, Deprecated, Deprecated, LossReduction]>(
      op,
      ['weight', 'sizeAverage', 'reduce', 'reduction'],
      [weight, sizeAverage, reduce, reduction],
    );
    this.reduction = reductionOf(op, average, r, how);
    this.registerBuffer('weight', w);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction });
  }
}

export interface BCEWithLogitsLossLayerOptions extends WeightedLossLayerOptions {
  /** Factor of the loss of positive targets, broadcast; null (default) for 1. */
  readonly posWeight?: Tensor | null;
}

/** Binary cross entropy of logits, in a form that does not overflow; reduced. */
export class BCEWithLogitsLoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: LossReduction;
  declare weight: Buffer | null;
  declare pos_weight: Buffer | null;

  constructor(
    weight?: Tensor | null | BCEWithLogitsLossLayerOptions,
    sizeAverage?: Deprecated | BCEWithLogitsLossLayerOptions,
    reduce?: Deprecated | BCEWithLogitsLossLayerOptions,
    reduction?: LossReduction | BCEWithLogitsLossLayerOptions,
    posWeight?: Tensor | null | BCEWithLogitsLossLayerOptions,
  ) {
    super();
    const op = 'BCEWithLogitsLoss';
    const [w = null, average, r, how, positive = null] = named<
      [Tensor | null, Deprecated, Deprecated, LossReduction, Tensor | null]
    >(
      op,
      ['weight', 'sizeAverage', 'reduce', 'reduction', 'posWeight'],
      [weight, sizeAverage, reduce, reduction, posWeight],
    );
    this.reduction = reductionOf(op, average, r, how);
    this.registerBuffer('weight', w);
    this.registerBuffer('pos_weight', positive);
  }

  /** Factor of the loss of positive targets; its key in the state dict is PyTorch's, `pos_weight`. */
  get posWeight(): Buffer | null {
    return this.pos_weight;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, reduction, posWeight } = this;
    return F.binaryCrossEntropyWithLogits(input, target, { weight, reduction, posWeight });
  }
}

export interface KLDivLossLayerOptions extends Omit<LossLayerOptions, 'reduction'> {
  /** `'mean'` (default), `'batchmean'`, `'sum'` or `'none'`. */
  readonly reduction?: KlDivReduction;
  /** Whether the target holds log-probabilities. Default false. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence, `target (log(target) - input)` with log-probabilities for input; reduced. */
export class KLDivLoss extends Module<LossInputs> {
  static override readonly keepsNothing: boolean = true;

  readonly reduction: KlDivReduction;
  readonly logTarget: boolean;

  constructor(
    sizeAverage?: Deprecated | KLDivLossLayerOptions,
    reduce?: Deprecated | KLDivLossLayerOptions,
    reduction?: KlDivReduction | KLDivLossLayerOptions,
    logTarget?: boolean | KLDivLossLayerOptions,
  ) {
    super();
    const op = 'KLDivLoss';
    const [average, r, how, logs = false] = named<[Deprecated, Deprecated, KlDivReduction, boolean]>(
      op,
      ['sizeAverage', 'reduce', 'reduction', 'logTarget'],
      [sizeAverage, reduce, reduction, logTarget],
    );
    this.reduction = reductionOf(op, average, r, how, ['none', 'mean', 'sum', 'batchmean']);
    this.logTarget = flag(op, 'logTarget', logs);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
