/** `nn.utils`: clipping of gradients, parameters as one vector, and their number; weight and spectral normalisation. */

import { borrowGrad, noGrad } from '@torsor/autograd';
import { cat, clamp_, div, named, norm, ShapeError, stack, Tensor, tensor, ValueError } from '@torsor/core';
import { flag, numeric, required, tensorArgument } from './arguments.ts';
import type { AnyModule } from './module.ts';
import { isModule } from './module.ts';

export * as rnn from './packed.ts';
export * from './spectralNorm.ts';
export * from './weightNorm.ts';

/** Parameters: one, or several, such as `net.parameters()`. */
export type Parameters = Tensor | Iterable<Tensor>;

function listOf(parameters: Parameters): Tensor[] {
  return parameters instanceof Tensor ? [parameters] : [...parameters];
}

function gradientsOf(parameters: Parameters): Tensor[] {
  return listOf(parameters).flatMap((parameter) => borrowGrad(parameter) ?? []);
}

export interface ClipGradNormOptions {
  readonly maxNorm?: number;
  /** Order of the norm, Infinity included; 2 by default. */
  readonly normType?: number;
  /** Throw when the norm is NaN or infinite. Default false. */
  readonly errorIfNonfinite?: boolean;
}

/**
 * Scales all gradients, in place, so that their norm as one vector is at most `maxNorm`.
 *
 * Each is multiplied by `min(1, maxNorm / (total + 1e-6))`.
 *
 * @param normType order of the norm; 2 by default
 * @param errorIfNonfinite whether to throw when the norm is NaN or infinite; false by default
 * @returns the norm before, of 0 dimensions
 *
 * @example
 * loss.backward();
 * utils.clipGradNorm_(net.parameters(), 1);
 * optimizer.step();
 */
export function clipGradNorm_(
  parameters: Parameters,
  maxNorm: number | ClipGradNormOptions,
  normType?: number | ClipGradNormOptions,
  errorIfNonfinite?: boolean | ClipGradNormOptions,
): Tensor {
  const op = 'clipGradNorm_';
  const [most, order = 2, strict = false] = named<[number, number, boolean]>(
    op,
    ['maxNorm', 'normType', 'errorIfNonfinite'],
    [maxNorm, normType, errorIfNonfinite],
  );
  const limit = numeric(op, 'maxNorm', required(op, 'maxNorm', most));
  numeric(op, 'normType', order);
  const grads = gradientsOf(parameters);
  if (grads.length === 0) return tensor(0);
  return noGrad(() => {
    const total = norm(stack(grads.map((grad) => norm(grad, order))), order);
    if (flag(op, 'errorIfNonfinite', strict) && !Number.isFinite(total.item())) {
      throw new ValueError(
        `The total norm of order ${order} for gradients from parameters is non-finite, so it cannot be clipped; to scale them ` +
          'anyway, leave errorIfNonfinite out',
        { op, operands: { normType: order, total: total.item() } },
      );
    }
    const factor = clamp_(div(limit, total.add(1e-6)), null, 1);
    // A detached view: a gradient may itself be on the tape.
    for (const grad of grads) grad.detach().mul_(factor);
    return total;
  });
}

/** Clips every entry of every gradient, in place, to [-clipValue, clipValue]. */
export function clipGradValue_(parameters: Parameters, clipValue: number | { readonly clipValue?: number }): void {
  const op = 'clipGradValue_';
  const [value] = named<[number]>(op, ['clipValue'], [clipValue]);
  const limit = numeric(op, 'clipValue', required(op, 'clipValue', value));
  noGrad(() => {
    for (const grad of gradientsOf(parameters)) clamp_(grad.detach(), -limit, limit);
  });
}

/** All parameters one after the other, as one vector; it is on the tape. */
export function parametersToVector(parameters: Parameters): Tensor {
  return cat(listOf(parameters).map((parameter) => parameter.reshape(-1)));
}

/**
 * Cuts a vector up into parameters, whose `data` become views of it.
 *
 * @throws ShapeError when the vector is shorter than the parameters
 */
export function vectorToParameters(vec: Tensor, parameters: Parameters): void {
  const op = 'vectorToParameters';
  tensorArgument(op, 'vec', vec);
  const list = listOf(parameters);
  const size = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  if (vec.ndim !== 1 || vec.shape[0] < size) {
    throw new ShapeError(`needs a vector of ${size} elements, but got shape [${vec.shape.join(', ')}]`, {
      op,
      operands: { vec: vec.shape, size },
    });
  }
  let at = 0;
  for (const parameter of list) {
    const count = parameter.numel();
    parameter.data = vec.narrow(0, at, count).viewAs(parameter).data;
    at += count;
  }
}

export interface CountOptions {
  /** Count only parameters that require a gradient. Default false. */
  readonly trainable?: boolean;
}

/** Number of elements of all parameters, shared ones once. */
export function countParameters(of: AnyModule | Parameters, options?: CountOptions): number {
  const [trainable = false] = named<[boolean]>('countParameters', ['trainable'], [options]);
  const list = new Set<Tensor>(isModule(of) ? of.parameters() : listOf(of));
  let count = 0;
  for (const parameter of list) if (!trainable || parameter.requiresGrad) count += parameter.numel();
  return count;
}
