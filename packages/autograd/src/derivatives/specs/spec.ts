/**
 * What the tests know of an op: one record each, from which all runs follow (first and second derivatives against finite
 * differences, layouts, float32). The idea is PyTorch's `OpInfo`.
 */

import type { OpName, Shape, Tensor } from '@torsor/core';
import { fromTypedArray, isTensor } from '@torsor/core';

/** What a call returns: a tensor, a list, or a named tuple. */
export type Result = Tensor | Iterable<Tensor>;

/** A call of the op through its public function or method. */
export interface Sample {
  /** What is special about it: `'negative dims'`. */
  readonly title: string;
  /** The tensors to differentiate by: contiguous float64. */
  readonly inputs: readonly Tensor[];
  /** Must give the same result for the same inputs, and keep to their dtype. */
  readonly run: (...inputs: readonly Tensor[]) => Result;
  /** The call reads strides (`asStrided`) or forbids some (`view`): the inputs are not tried under other layouts. */
  readonly ownLayout?: boolean;
}

export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
  /** The reason for another tolerance than the default. */
  readonly because: string;
}

/** A step of 1e-6 leaves a rounding error of about 1e-10, times the size of what is differentiated; and next to none of truncation. */
export const DEFAULT_TOLERANCE: Tolerance = { relative: 1e-7, absolute: 1e-7, because: 'finite differences' };

/** An op with a derivative. */
export interface Differentiable {
  readonly kind: 'formula';
  /** Where the samples lie, and what they stay away from. */
  readonly domain: string;
  readonly samples: () => readonly Sample[];
  /** 1, with the reason, where the formula cannot be differentiated again. */
  readonly order: 1 | 2;
  readonly because?: string;
  readonly tolerance?: Tolerance;
}

/** An op whose outputs never require a gradient. */
export interface Flat {
  readonly kind: 'nonDifferentiable';
  readonly samples: () => readonly Sample[];
}

/** An op whose backward throws. */
export interface Missing {
  readonly kind: 'notImplemented';
  readonly samples: () => readonly Sample[];
}

export type Spec = Differentiable | Flat | Missing;

/** The records of one family of ops. */
export type Specs<Names extends OpName> = { readonly [K in Names]: Spec };

// --------------------------------------------------------------------------------------------------------------- inputs

/** Where the elements of an input lie. */
export interface Domain {
  readonly from: number;
  readonly to: number;
  /** Kinks and poles, from which all elements keep a distance of at least `clear`. */
  readonly avoid?: readonly number[];
  /** Default 0.05, far beyond any step of finite differences. */
  readonly clear?: number;
}

/** Numbers of both signs; none is 0. */
export const SIGNED: Domain = { from: -2, to: 2, avoid: [0] };
/** Away from 0, where logarithms, roots and quotients end. */
export const POSITIVE: Domain = { from: 0.3, to: 2.5 };

/** A linear congruential generator (Numerical Recipes' constants) in [0, 1): the same numbers on every machine. */
function* uniform(seed: number): Generator<number, never> {
  let state = (seed * 2654435761) >>> 0;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/**
 * A tensor with elements in the domain. No two are closer than half a step of an even grid over it, so that there are no ties
 * (what is kept away from `avoid` may come closer to others, but never equal).
 */
export function input(shape: Shape, domain: Domain = SIGNED, seed = 1): Tensor {
  const { from, to, avoid = [], clear = 0.05 } = domain;
  const size = shape.reduce((product, n) => product * n, 1);
  const random = uniform(seed);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random.next().value * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  const step = (to - from) / Math.max(size, 1);
  const array = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let x = from + step * (order[i] + 0.25 + 0.5 * random.next().value);
    for (const point of avoid) {
      if (Math.abs(x - point) < clear) x = point + (x < point ? -1 : 1) * (2 * clear - Math.abs(x - point));
    }
    array[i] = x;
  }
  return fromTypedArray(array, shape);
}

/** An int32 tensor of indices. */
export function indices(values: readonly number[], shape: Shape = [values.length]): Tensor {
  return fromTypedArray(Int32Array.from(values), shape);
}

/** A bool tensor of a fixed, irregular pattern. */
export function mask(shape: Shape): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return fromTypedArray(
    Uint8Array.from({ length: size }, (_, i) => ((i * 7) % 5 < 2 ? 1 : 0)),
    shape,
  ).to('bool');
}

// -------------------------------------------------------------------------------------------------------------- records

type Run = Sample['run'];
type More = Partial<Pick<Differentiable, 'order' | 'because' | 'tolerance'>>;

/** A sample whose inputs have the shapes given, in one domain or in one each. */
export function sample(
  title: string,
  shapes: readonly Shape[],
  run: Run,
  domains: Domain | readonly Domain[] = SIGNED,
): Sample {
  const domainOf = (i: number): Domain => (Array.isArray(domains) ? domains[i] : (domains as Domain));
  return { title, inputs: shapes.map((shape, i) => input(shape, domainOf(i), i + 1)), run };
}

/** A sample that depends on the layout of its inputs. */
export function fixedLayout(title: string, shapes: readonly Shape[], run: Run, domain: Domain = SIGNED): Sample {
  return { ...sample(title, shapes, run, domain), ownLayout: true };
}

export function differentiable(domain: string, samples: () => readonly Sample[], more: More = {}): Differentiable {
  return { kind: 'formula', domain, samples, order: 2, ...more };
}

/** A float result of these would still carry no gradient. */
export function flat(...samples: readonly Sample[]): Flat {
  return { kind: 'nonDifferentiable', samples: () => samples };
}

/** The outputs of a call, as a list. */
export function outputsOf(result: Result): readonly Tensor[] {
  return isTensor(result) ? [result] : [...result];
}

/** `'[-0.9, 0.9]'`, `'[-2, 2] without 0'` */
export function describeDomain({ from, to, avoid = [] }: Domain): string {
  return `[${from}, ${to}]${avoid.length === 0 ? '' : ` without ${avoid.join(', ')}`}`;
}

/** The shapes on which every elementwise op is tried. */
const SHAPES: readonly (readonly [string, Shape])[] = [
  ['a matrix', [2, 3]],
  ['a vector of odd length', [7]],
  ['a 0-d tensor', []],
  ['an empty tensor', [0, 2]],
];

/** An op of one operand, elementwise; `inPlace` is its form that writes to its operand. */
export function unary(
  run: (x: Tensor) => Tensor,
  domain: Domain = SIGNED,
  more: More & { readonly inPlace?: (x: Tensor) => Tensor } = {},
): Differentiable {
  const { inPlace, ...rest } = more;
  const samples = (): readonly Sample[] => {
    const out = SHAPES.map(([title, shape]) => sample(title, [shape], run, domain));
    return inPlace === undefined ? out : [...out, sample('in place', [[4]], (x) => inPlace(x.clone()), domain)];
  };
  return differentiable(describeDomain(domain), samples, rest);
}

/** An op of one operand and parameters: a matrix and a 0-d tensor for each of the calls, which are named. */
export function parametric(
  domain: Domain,
  calls: Readonly<Record<string, (x: Tensor) => Tensor>>,
  more: More = {},
): Differentiable {
  const samples = (): readonly Sample[] =>
    Object.entries(calls).flatMap(([title, run]) => [
      sample(title, [[2, 3]], run, domain),
      sample(`${title}, 0-d`, [[]], run, domain),
    ]);
  return differentiable(describeDomain(domain), samples, more);
}

type BinaryRun = (a: Tensor | number, b: Tensor | number) => Tensor;

/** The samples of an elementwise op of two operands; `numbers` are operands in the domain. */
export function pairs(
  run: BinaryRun,
  domains: readonly [Domain, Domain] = [SIGNED, SIGNED],
  numbers: readonly [number | null, number | null] = [1.5, 0.75],
): readonly Sample[] {
  const both = run as Run;
  const [first, second] = numbers;
  const out = [
    sample(
      'two matrices',
      [
        [2, 3],
        [2, 3],
      ],
      both,
      domains,
    ),
    sample(
      'broadcast both ways',
      [
        [2, 1, 3],
        [4, 1],
      ],
      both,
      domains,
    ),
    sample('a 0-d operand', [[3], []], both, domains),
    sample('two 0-d operands', [[], []], both, domains),
    sample(
      'an empty broadcast operand',
      [
        [0, 2],
        [1, 2],
      ],
      both,
      domains,
    ),
    sample('a constant tensor second', [[5]], (a) => run(a, input([5], domains[1], 9).to(a.dtype)), domains[0]),
    sample('a constant tensor first', [[5]], (b) => run(input([5], domains[0], 9).to(b.dtype), b), domains[1]),
  ];
  out.push(sample('a constant tensor of integers second', [[3]], (a) => run(a, indices([2, 1, 3])), domains[0]));
  if (second !== null) out.push(sample('a number second', [[3]], (a) => run(a, second), domains[0]));
  if (first !== null) out.push(sample('a number first', [[3]], (b) => run(first, b), domains[1]));
  return out;
}

/** An elementwise op of two operands. */
export function binary(
  run: BinaryRun,
  domains: readonly [Domain, Domain] = [SIGNED, SIGNED],
  numbers: readonly [number | null, number | null] = [1.5, 0.75],
  more: More = {},
): Differentiable {
  const [a, b] = domains.map(describeDomain);
  return differentiable(a === b ? a : `${a} and ${b}`, () => pairs(run, domains, numbers), more);
}
