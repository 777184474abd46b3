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

/** `singularValues` → `singular_values`, but `LU` as it is. */
const snakeCase = (name: string): string =>
  name.replace(/\./g, '_').replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a}_${b.toLowerCase()}`);

/** What all have: they print as in Python. */
class Results extends Array<Tensor> {
  /** What `map`, `slice` and so on give is a plain list. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** Each kind has its own. */
  declare static readonly op: string | null;
  declare static readonly names: readonly string[];

  override toString(): string {
    const { op, names } = this.constructor as typeof Results;
    if (op === null) return `(${this.map(String).join(', ')})`;
    const fields = names.map((name, i) => `\n${snakeCase(name)}=${String(this[i])}`);
    return `torch.return_types.${snakeCase(op)}(${fields.join(',')})`;
  }

  /** Node's and Bun's inspector. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }
}

const kinds = new Map<string, new () => Results>();

function kindOf(op: string | null, names: readonly string[]): new () => Results {
  const key = op ?? names.join();
  const known = kinds.get(key);
  if (known !== undefined) return known;
  class Kind extends Results {
    static override readonly op = op;
    static override readonly names = names;
  }
  for (const [i, name] of names.entries()) {
    Object.defineProperty(Kind.prototype, name, {
      get(this: Results) {
        return this[i];
      },
    });
  }
  kinds.set(key, Kind);
  keepShape(() => new Kind());
  return Kind;
}

/**
 * Tensors as a list that has them under `names`, too.
 *
 * @param op whose result it is; null where PyTorch returns a plain tuple
 */
export function namedTuple<const Names extends readonly string[]>(
  op: string | null,
  names: Names,
  tensors: { readonly [I in keyof Names]: Tensor },
): NamedTuple<Names> {
  const results = new (kindOf(op, names))();
  for (const tensor of tensors as readonly Tensor[]) results.push(tensor);
  return results as unknown as NamedTuple<Names>;
}

const VALUES_INDICES = ['values', 'indices'] as const;

/** What `namedTuple` makes of values and where they are. */
export const valuesIndices = (op: string | null, tensors: readonly [values: Tensor, indices: Tensor]): ValuesIndices =>
  namedTuple(op, VALUES_INDICES, tensors) as ValuesIndices;
