/** Negative log-likelihoods of counts and of numbers: `poissonNllLoss` and `gaussianNllLoss`. */

import { noGrad } from '@torsor/autograd';
import type { LossReduction, Tensor } from '@torsor/core';
import { composed, formatShape, ShapeError, sameShape, ValueError } from '@torsor/core';
import { flag, numeric, required, tensorArgument } from './arguments.ts';
import type { Deprecated, LossLayerOptions } from './reduction.ts';
import { lossArguments, reduced } from './reduction.ts';

export interface PoissonNLLLossOptions extends LossLayerOptions {
  /** Whether the input is the logarithm of the rate; true by default. */
  readonly logInput?: boolean;
  /** Add the term that depends on the target alone, by Stirling's formula. Default false. */
  readonly full?: boolean;
  /** Added to a rate before its logarithm is taken; 1e-8 by default. */
  readonly eps?: number;
}

/**
 * Negative log-likelihood of counts under Poisson distributions, reduced: `exp(input) - target input`, or without `logInput`
 * `input - target log(input + eps)`; with `full`, plus `target log(target) - target + log(2π target) / 2` for targets above 1.
 *
 * @param logInput whether the input is the logarithm of the rate; true by default
 * @param full whether Stirling's term is added; false by default
 * @param eps 1e-8 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 */
export function poissonNllLoss(
  input: Tensor,
  target: Tensor | (PoissonNLLLossOptions & { readonly target?: Tensor }),
  logInput?: boolean | PoissonNLLLossOptions,
  full?: boolean | PoissonNLLLossOptions,
  sizeAverage?: Deprecated | PoissonNLLLossOptions,
  eps?: number | PoissonNLLLossOptions,
  reduce?: Deprecated | PoissonNLLLossOptions,
  reduction?: LossReduction | PoissonNLLLossOptions,
): Tensor {
  const op = 'poissonNllLoss';
  const [[t, isLog = true, isFull = false, , e = 1e-8], how] = lossArguments<
    [Tensor, boolean, boolean, unknown, number]
  >(
    op,
    ['target', 'logInput', 'full', 'sizeAverage', 'eps', 'reduce', 'reduction'],
    [target, logInput, full, sizeAverage, eps, reduce, reduction],
  );
  const counts = tensorArgument(op, 'target', required(op, 'target', t));
  tensorArgument(op, 'input', input);
  flag(op, 'logInput', isLog);
  flag(op, 'full', isFull);
  numeric(op, 'eps', e);
  return composed(() => {
    const losses = isLog ? input.exp().sub(counts.mul(input)) : input.sub(counts.mul(input.add(e).log()));
    if (!isFull) return reduced(losses, how);
    const stirling = counts
      .mul(counts.log())
      .sub(counts)
      .add(
        counts
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      );
    return reduced(losses.add(stirling.maskedFill(counts.le(1), 0)), how);
  });
}

export interface GaussianNLLLossOptions {
  /** Add the constant term, log(2π) / 2. Default false. */
  readonly full?: boolean;
  /** Least variance; 1e-6 by default. */
  readonly eps?: number;
  /** `'mean'` (default), `'sum'` or `'none'`. */
  readonly reduction?: LossReduction;
}

/**
 * Negative log-likelihood of numbers under normal distributions: `(log(v) + (input - target)² / v) / 2` with `v = max(variance, eps)`,
 * reduced; with `full`, plus `log(2π) / 2`.
 *
 * input, target `[N, …]`; variance of the same shape, or with a last dimension of 1, or without one. Its gradient is that of v.
 *
 * @param full whether the constant is added; false by default
 * @param eps least variance; 1e-6 by default
 * @param reduction `'mean'` (default), `'sum'` or `'none'`
 * @throws ShapeError when the variance has another shape; ValueError when an entry of it is negative
 */
export function gaussianNllLoss(
  input: Tensor,
  target: Tensor,
  variance: Tensor,
  full?: boolean | GaussianNLLLossOptions,
  eps?: number | GaussianNLLLossOptions,
  reduction?: LossReduction | GaussianNLLLossOptions,
): Tensor {
  const op = 'gaussianNllLoss';
  const [[isFull = false, e = 1e-6], how] = lossArguments<[boolean, number]>(
    op,
    ['full', 'eps', 'reduction'],
    [full, eps, reduction],
  );
  flag(op, 'full', isFull);
  numeric(op, 'eps', e);
  const { shape } = tensorArgument(op, 'input', input);
  tensorArgument(op, 'target', target);
  const lead = shape.slice(0, -1);
  const given = tensorArgument(op, 'variance', variance).shape;
  const isPerRow = !sameShape(given, shape) && sameShape(given, lead);
  if (!isPerRow && !sameShape(given, shape) && !sameShape(given, [...lead, 1])) {
    throw new ShapeError(
      `var is of incorrect size: expected ${formatShape(shape)}, ${formatShape([...lead, 1])} or ${formatShape(lead)}, but got ` +
        formatShape(given),
      { op, operands: { input: shape, variance: given } },
    );
  }
  if (variance.detach().lt(0).any().item()) throw new ValueError('var has negative entry/entries', { op });
  return composed(() => {
    const v = (isPerRow ? variance.unsqueeze(-1) : variance).clone();
    noGrad(() => v.clamp_(e));
    const losses = v.log().add(input.sub(target).square().div(v)).mul(0.5);
    return reduced(isFull ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, how);
  });
}
