/** `nn.utils.spectralNorm`: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { composed, empty, IndexError, named } from '@torsor/core';
import { integer, numeric } from './arguments.ts';
import { normalize } from './functional.ts';
import type { AnyModule } from './module.ts';
import { ConvTranspose1d, ConvTranspose2d } from './modules/conv.ts';
import { fieldsOf, parameterToCompute, reparametrize, toParameter } from './reparametrization.ts';

export interface SpectralNormOptions {
  /** The parameter; `'weight'` by default. */
  readonly name?: string;
  /** Steps of power iteration at each call in training mode; 1 by default. */
  readonly nPowerIterations?: number;
  /** Least norm that is divided by; 1e-12 by default. */
  readonly eps?: number;
  /** The dimension of the outputs; by default, or null, 1 for transposed convolutions and 0 for all else. */
  readonly dim?: number | null;
}

/** A weight as a matrix whose rows are the entries of one dimension. */
function matrixOf(weight: Tensor, dim: number): Tensor {
  return weight.movedim(dim, 0).reshape([weight.shape[dim], -1]);
}

/**
 * Divides a parameter of a module by its spectral norm, the largest factor by which it, as a matrix, makes a vector longer. The
 * parameter `weight` gives way to `weight_orig`; before each call of the module `weight` is computed from it, with the largest
 * singular value σ = uᵀ W v. In training mode power iteration then brings `weight_u` and `weight_v`, drawn at random at first,
 * nearer to the singular vectors.
 *
 * @param module any module that has the parameter; it is changed, and returned
 * @param name the parameter; `'weight'` by default
 * @param nPowerIterations steps of power iteration at each call; 1 by default
 * @param eps least norm that is divided by; 1e-12 by default
 * @param dim the dimension of the outputs; by default, or null, 1 for transposed convolutions and 0 for all else
 * @throws ValueError when the module has no such parameter, or one that is divided already; IndexError when it has no such dimension
 *
 * Source: torch.nn.utils.spectral_norm.
 *
 * @example
 * const critic = new Sequential(utils.spectralNorm(new Linear(20, 40)), new ReLU(), utils.spectralNorm(new Linear(40, 1)));
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  name?: string | SpectralNormOptions,
  nPowerIterations?: number | SpectralNormOptions,
  eps?: number | SpectralNormOptions,
  dim?: number | null | SpectralNormOptions,
): M {
  const op = 'spectralNorm';
  const [field = 'weight', n = 1, e = 1e-12, d = null] = named<[string, number, number, number | null]>(
    op,
    ['name', 'nPowerIterations', 'eps', 'dim'],
    [name, nPowerIterations, eps, dim],
  );
  const weight = parameterToCompute(op, module, field);
  const steps = integer(op, 'nPowerIterations', n, 1);
  const least = numeric(op, 'eps', e);
  const isTransposed = module instanceof ConvTranspose1d || module instanceof ConvTranspose2d;
  const axis = d ?? (isTransposed ? 1 : 0);
  if (!(Number.isInteger(axis) && axis >= 0 && axis < weight.ndim)) {
    throw new IndexError(`dim must be from 0 to ${weight.ndim - 1}, but got ${axis}`, { op, operands: { dim: d } });
  }
  const unit = (x: Tensor): Tensor => normalize(x, 2, 0, least);
  const [orig, left, right] = ['orig', 'u', 'v'].map((part) => `${field}_${part}`);

  const compute = (target: AnyModule, iterates: boolean): Tensor => {
    const { [orig]: whole, [left]: u, [right]: v } = fieldsOf<Tensor>(target);
    const matrix = matrixOf(whole, axis);
    if (iterates) {
      noGrad(() => {
        for (let i = 0; i < steps; i++) {
          v.copy_(unit(matrix.t().mv(u)));
          u.copy_(unit(matrix.mv(v)));
        }
      });
    }
    // Copies of the vectors: the next call changes them, perhaps before this one's backward pass.
    return composed(() => whole.div(u.clone().dot(matrix.mv(v.clone()))));
  };

  noGrad(() => {
    const { shape, dtype } = matrixOf(weight, axis);
    const [u, v] = shape.map((size) => unit(empty([size], { dtype }).normal_()));
    Reflect.deleteProperty(module, field);
    module.registerParameter(orig, weight);
    fieldsOf(module)[field] = weight.detach();
    module.registerBuffer(left, u);
    module.registerBuffer(right, v);
  });
  reparametrize(module, { op, field, parts: [orig, left, right], compute });
  return module;
}

/**
 * Makes one parameter again of what `spectralNorm` divides: the weight as it is in evaluation mode.
 *
 * @throws ValueError when it is not divided
 */
export function removeSpectralNorm<M extends AnyModule>(module: M, name?: string | { readonly name?: string }): M {
  const op = 'removeSpectralNorm';
  const [field = 'weight'] = named<[string]>(op, ['name'], [name]);
  toParameter(op, 'spectralNorm', module, field);
  return module;
}
