/**
 * Losses as modules: `torch.nn.modules.loss`. `reduction` is `'mean'` (default), `'sum'`, or `'none'` for the loss of each element.
 * Weights are buffers, and so in the state dict, as in PyTorch. PyTorch's deprecated `size_average` and `reduce` are left out.
 */

import type { KlDivReduction, LossReduction, Tensor } from '@torsor/core';
import { named, ValueError } from '@torsor/core';
import { flag, integer, numeric } from '../arguments.ts';
import * as F from '../functional.ts';
import { Module } from '../module.ts';
import type { Buffer } from '../parameter.ts';

type LossInputs = [input: Tensor, target: Tensor];

export interface LossLayerOptions {
  /** `'mean'` (default), `'sum'` or `'none'`. */
  readonly reduction?: LossReduction;
}

export interface WeightedLossLayerOptions extends LossLayerOptions {
  /** Factors; null (default) for 1. */
  readonly weight?: Tensor | null;
}

function checkReduction<R extends string>(
  op: string,
  reduction: R,
  known: readonly string[] = ['none', 'mean', 'sum'],
): R {
  if (known.includes(reduction)) return reduction;
  throw new ValueError(`${String(reduction)} is not a valid value for reduction; known are ${known.join(', ')}`, {
    op,
    operands: { reduction },
  });
}

/** A loss whose only argument is how it is reduced. */
abstract class ReducedLoss extends Module<LossInputs> {
  readonly reduction: LossReduction;

  constructor(op: string, reduction: LossReduction | LossLayerOptions | undefined) {
    super();
    const [how = 'mean'] = named<[LossReduction]>(op, ['reduction'], [reduction]);
    this.reduction = checkReduction(op, how);
  }
}

/** `(input - target)²`, reduced. */
export class MSELoss extends ReducedLoss {
  constructor(reduction?: LossReduction | LossLayerOptions) {
    super('MSELoss', reduction);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.mseLoss(input, target, { reduction: this.reduction });
  }
}

/** `|input - target|`, reduced. */
export class L1Loss extends ReducedLoss {
  constructor(reduction?: LossReduction | LossLayerOptions) {
    super('L1Loss', reduction);
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
  readonly reduction: LossReduction;
  readonly beta: number;

  constructor(reduction?: LossReduction | SmoothL1LossLayerOptions, beta?: number | SmoothL1LossLayerOptions) {
    super();
    const op = 'SmoothL1Loss';
    const [how = 'mean', b = 1] = named<[LossReduction, number]>(op, ['reduction', 'beta'], [reduction, beta]);
    this.reduction = checkReduction(op, how);
    this.beta = numeric(op, 'beta', b);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta });
  }
}

export interface HuberLossLayerOptions extends LossLayerOptions {
  /** Where the square meets the absolute value; 1 by default. */
  readonly delta?: number;
}

/** `d² / 2` where `d = |input - target|` is below delta (1 by default), `delta (d - delta / 2)` elsewhere; reduced. */
export class HuberLoss extends Module<LossInputs> {
  readonly reduction: LossReduction;
  readonly delta: number;

  constructor(reduction?: LossReduction | HuberLossLayerOptions, delta?: number | HuberLossLayerOptions) {
    super();
    const op = 'HuberLoss';
    const [how = 'mean', d = 1] = named<[LossReduction, number]>(op, ['reduction', 'delta'], [reduction, delta]);
    this.reduction = checkReduction(op, how);
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
 */
export class NLLLoss extends Module<LossInputs> {
  readonly ignoreIndex: number;
  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | NLLLossLayerOptions,
    ignoreIndex?: number | NLLLossLayerOptions,
    reduction?: LossReduction | NLLLossLayerOptions,
  ) {
    super();
    const op = 'NLLLoss';
    const [w = null, ignored = -100, how = 'mean'] = named<[Tensor | null, number, LossReduction]>(
      op,
      ['weight', 'ignoreIndex', 'reduction'],
      [weight, ignoreIndex, reduction],
    );
    this.ignoreIndex = integer(op, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = checkReduction(op, how);
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
  readonly ignoreIndex: number;
  readonly reduction: LossReduction;
  readonly labelSmoothing: number;
  declare weight: Buffer | null;

  constructor(
    weight?: Tensor | null | CrossEntropyLossLayerOptions,
    ignoreIndex?: number | CrossEntropyLossLayerOptions,
    reduction?: LossReduction | CrossEntropyLossLayerOptions,
    labelSmoothing?: number | CrossEntropyLossLayerOptions,
  ) {
    super();
    const op = 'CrossEntropyLoss';
    const [w = null, ignored = -100, how = 'mean', smoothing = 0] = named<
      [Tensor | null, number, LossReduction, number]
    >(op, ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing'], [weight, ignoreIndex, reduction, labelSmoothing]);
    this.ignoreIndex = integer(op, 'ignoreIndex', ignored, Number.MIN_SAFE_INTEGER);
    this.reduction = checkReduction(op, how);
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
  readonly reduction: LossReduction;
  declare weight: Buffer | null;

  constructor(weight?: Tensor | null | WeightedLossLayerOptions, reduction?: LossReduction | WeightedLossLayerOptions) {
    super();
    const op = 'BCELoss';
    const [w = null, how = 'mean'] = named<[Tensor | null, LossReduction]>(
      op,
      ['weight', 'reduction'],
      [weight, reduction],
    );
    this.reduction = checkReduction(op, how);
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
  readonly reduction: LossReduction;
  declare weight: Buffer | null;
  declare pos_weight: Buffer | null;

  constructor(
    weight?: Tensor | null | BCEWithLogitsLossLayerOptions,
    reduction?: LossReduction | BCEWithLogitsLossLayerOptions,
    posWeight?: Tensor | null | BCEWithLogitsLossLayerOptions,
  ) {
    super();
    const op = 'BCEWithLogitsLoss';
    const [w = null, how = 'mean', positive = null] = named<[Tensor | null, LossReduction, Tensor | null]>(
      op,
      ['weight', 'reduction', 'posWeight'],
      [weight, reduction, posWeight],
    );
    this.reduction = checkReduction(op, how);
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

export interface KLDivLossLayerOptions {
  /** `'mean'` (default), `'batchmean'`, `'sum'` or `'none'`. */
  readonly reduction?: KlDivReduction;
  /** Whether the target holds log-probabilities. Default false. */
  readonly logTarget?: boolean;
}

/** Kullback-Leibler divergence, `target (log(target) - input)` with log-probabilities for input; reduced. */
export class KLDivLoss extends Module<LossInputs> {
  readonly reduction: KlDivReduction;
  readonly logTarget: boolean;

  constructor(reduction?: KlDivReduction | KLDivLossLayerOptions, logTarget?: boolean | KLDivLossLayerOptions) {
    super();
    const op = 'KLDivLoss';
    const [how = 'mean', logs = false] = named<[KlDivReduction, boolean]>(
      op,
      ['reduction', 'logTarget'],
      [reduction, logTarget],
    );
    this.reduction = checkReduction(op, how, ['none', 'mean', 'sum', 'batchmean']);
    this.logTarget = flag(op, 'logTarget', logs);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return F.klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget });
  }
}
