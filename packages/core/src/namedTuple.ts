/**
 * Several results at once, as PyTorch's named tuples: `const [v, i] = x.topk(3)` and `const { values, indices } = x.topk(3)`.
 */

import { keepShape } from './collector.ts';
import type { Tensor } from './tensor.ts';

/** A list of tensors that also carries them by name. */
export type NamedTuple<Names extends readonly string[]> = Omit<
  readonly [...{ [I in keyof Names]: Tensor }],
  Names[number]
> & { readonly [Name in Names[number]]: Tensor };

/** What `max`, `min`, `sort`, `topk` and `median` along a dimension return. */
export type ValuesIndices = NamedTuple<['values', 'indices']>;

/** The same array, with its entries also under `names`; the names do not show when it is printed or iterated. */
export function namedTuple<const Names extends readonly string[]>(
  names: Names,
  tensors: { readonly [I in keyof Names]: Tensor },
): NamedTuple<Names> {
  for (let i = 0; i < names.length; i++) Object.defineProperty(tensors, names[i], { value: tensors[i] });
  return tensors as unknown as NamedTuple<Names>;
}

keepShape(() => namedTuple(['values', 'indices'], [null, null] as unknown as [Tensor, Tensor]));
