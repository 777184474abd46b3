/** `nn.utils.weightNorm`: Salimans, Kingma, "Weight Normalization", 2016. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { composed, IndexError, named, norm } from '@torsor/core';
import type { AnyModule } from './module.ts';
import { Parameter } from './parameter.ts';
import { fieldsOf, parameterToCompute, reparametrize, toParameter } from './reparametrization.ts';

export interface WeightNormOptions {
  /** The parameter; `'weight'` by default. */
  readonly name?: string;
  /** The dimension whose entries have norms of their own; 0 by default, null for one norm of all. */
  readonly dim?: number | null;
}

/** Norms over all dimensions but one, which stay with size 1; or the norm of all. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  if (dim === null) return norm(v);
  const others = v.shape.map((_, d) => d).filter((d) => d !== dim);
  // No dimensions would be all of them.
  return others.length === 0 ? v.abs() : norm(v, 2, others, true);
}

/**
 * Parts a parameter of a module in its length and its direction: `weight = g v / ‖v‖`. The parameter `weight` gives way to
 * `weight_g`, the norms, and `weight_v`; before each call of the module `weight` is computed from them.
 *
 * @param module any module that has the parameter; it is changed, and returned
 * @param name the parameter; `'weight'` by default
 * @param dim the dimension whose entries have norms of their own: the output channels, 0, by default; null, or -1, for one norm of all
 * @throws ValueError when the module has no such parameter, or one that is parted already; IndexError when it has no such dimension
 *
 * Source: torch.nn.utils.weight_norm.
 *
 * @example
 * const layer = utils.weightNorm(new Linear(20, 40));
 * Object.keys(layer.stateDict()); // ['bias', 'weight_g', 'weight_v']
 */
export function weightNorm<M extends AnyModule>(
  module: M,
  name?: string | WeightNormOptions,
  dim?: number | null | WeightNormOptions,
): M {
  const op = 'weightNorm';
  const [field = 'weight', d = 0] = named<[string, number | null]>(op, ['name', 'dim'], [name, dim]);
  const weight = parameterToCompute(op, module, field);
  // -1 is not the last dimension here, but PyTorch's word for none.
  const axis = d === -1 ? null : d;
  if (axis !== null && !(Number.isInteger(axis) && axis >= 0 && axis < weight.ndim)) {
    throw new IndexError(`dim must be null or from 0 to ${weight.ndim - 1}, but got ${axis}`, {
      op,
      operands: { dim: d },
    });
  }
  const [g, v] = [`${field}_g`, `${field}_v`];
  const compute = (target: AnyModule): Tensor => {
    const { [g]: length, [v]: direction } = fieldsOf<Tensor>(target);
    return composed(() => direction.mul(length.div(normExcept(direction, axis))));
  };
  const lengths = noGrad(() => normExcept(weight, axis));
  Reflect.deleteProperty(module, field);
  module.registerParameter(g, new Parameter(lengths));
  module.registerParameter(v, new Parameter(weight));
  fieldsOf(module)[field] = compute(module);
  reparametrize(module, { op, field, parts: [g, v], compute });
  return module;
}

/**
 * Makes one parameter again of what `weightNorm` has parted.
 *
 * @throws ValueError when it was not parted
 */
export function removeWeightNorm<M extends AnyModule>(module: M, name?: string | { readonly name?: string }): M {
  const op = 'removeWeightNorm';
  const [field = 'weight'] = named<[string]>(op, ['name'], [name]);
  toParameter(op, 'weightNorm', module, field);
  return module;
}
