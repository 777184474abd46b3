/** Negative log-likelihoods of counts, numbers and sequences: of `torch.nn.modules.loss`. */

import type { LossReduction, Tensor } from '@torsor/core';
import { flag, integer, numeric } from '../arguments.ts';
import type { CTCLossOptions, Lengths } from '../ctc.ts';
import { ctcLoss } from '../ctc.ts';
import type { GaussianNLLLossOptions, PoissonNLLLossOptions } from '../likelihoods.ts';
import { gaussianNllLoss, poissonNllLoss } from '../likelihoods.ts';
import { Module } from '../module.ts';
import type { Deprecated } from '../reduction.ts';
import { lossArguments } from '../reduction.ts';

/**
 * Negative log-likelihood of counts under Poisson distributions, reduced: `exp(input) - target input`, or without `logInput`
 * `input - target log(input + eps)`.
 *
 * @param logInput whether the input is the logarithm of the rate; true by default
 * @param full whether the term that depends on the target alone is added, by Stirling's formula; false by default
 * @param eps 1e-8 by default
 */
export class PoissonNLLLoss extends Module<[input: Tensor, target: Tensor]> {
  static override readonly keepsNothing: boolean = true;

  readonly logInput: boolean;
  readonly full: boolean;
  readonly eps: number;
  readonly reduction: LossReduction;

  constructor(
    logInput?: boolean | PoissonNLLLossOptions,
    full?: boolean | PoissonNLLLossOptions,
    sizeAverage?: Deprecated | PoissonNLLLossOptions,
    eps?: number | PoissonNLLLossOptions,
    reduce?: Deprecated | PoissonNLLLossOptions,
    reduction?: LossReduction | PoissonNLLLossOptions,
  ) {
    super();
    const op = 'PoissonNLLLoss';
    const [[isLog = true, isFull = false, , e = 1e-8], how] = lossArguments<[boolean, boolean, unknown, number]>(
      op,
      ['logInput', 'full', 'sizeAverage', 'eps', 'reduce', 'reduction'],
      [logInput, full, sizeAverage, eps, reduce, reduction],
    );
    this.logInput = flag(op, 'logInput', isLog);
    this.full = flag(op, 'full', isFull);
    this.eps = numeric(op, 'eps', e);
    this.reduction = how;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return poissonNllLoss(input, target, { logInput, full, eps, reduction });
  }
}

/**
 * Negative log-likelihood of numbers under normal distributions: `loss(input, target, variance)` is
 * `(log(v) + (input - target)² / v) / 2` with `v = max(variance, eps)`, reduced.
 *
 * @param full whether the constant `log(2π) / 2` is added; false by default
 * @param eps least variance; 1e-6 by default
 */
export class GaussianNLLLoss extends Module<[input: Tensor, target: Tensor, variance: Tensor]> {
  static override readonly keepsNothing: boolean = true;

  readonly full: boolean;
  readonly eps: number;
  readonly reduction: LossReduction;

  constructor(options?: GaussianNLLLossOptions) {
    super();
    const op = 'GaussianNLLLoss';
    const [[full = false, eps = 1e-6], reduction] = lossArguments<[boolean, number]>(
      op,
      ['full', 'eps', 'reduction'],
      [options],
    );
    this.full = flag(op, 'full', full);
    this.eps = numeric(op, 'eps', eps);
    this.reduction = reduction;
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.full, this.eps, this.reduction);
  }
}

/**
 * The negative log-likelihood of targets under all their alignments with the inputs, reduced:
 * `loss(logProbs, targets, inputLengths, targetLengths)`, with logProbs `[T, N, C]` or `[T, C]`, targets `[N, S]` or one after the other.
 * See `functional.ctcLoss`.
 *
 * @param blank the class that stands for no label; 0 by default
 * @param reduction `'mean'` (default), which divides each loss by the length of its target first, `'sum'` or `'none'`
 * @param zeroInfinity whether infinite losses, of targets too long for their inputs, are 0; false by default
 */
export class CTCLoss extends Module<
  [logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths]
> {
  static override readonly keepsNothing: boolean = true;

  readonly blank: number;
  readonly reduction: LossReduction;
  readonly zeroInfinity: boolean;

  constructor(
    blank?: number | CTCLossOptions,
    reduction?: LossReduction | CTCLossOptions,
    zeroInfinity?: boolean | CTCLossOptions,
  ) {
    super();
    const op = 'CTCLoss';
    const [[none = 0, , zero = false], how] = lossArguments<[number, unknown, boolean]>(
      op,
      ['blank', 'reduction', 'zeroInfinity'],
      [blank, reduction, zeroInfinity],
    );
    this.blank = integer(op, 'blank', none);
    this.reduction = how;
    this.zeroInfinity = flag(op, 'zeroInfinity', zero);
  }

  override forward(logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths): Tensor {
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, this.blank, this.reduction, this.zeroInfinity);
  }
}
