/**
 * The words in which derivatives are written. An op's entry in the table is one of three: a `formula`, `nonDifferentiable`,
 * or `notImplemented('why')`; as in PyTorch's `derivatives.yaml`, there is no fourth.
 *
 * ```ts
 * // d(a·b) = b·da + a·db; `b` is kept only if `a` needs a gradient, and the other way round
 * mul: formula(
 *   [0, 1],
 *   (grad, { args: [a, b], needs }) => [needs[0] && mul(grad, b), needs[1] && mul(grad, a)],
 *   { neededFor: { 0: [1], 1: [0] } },
 * ),
 * exp: formula(['result'], (grad, { result }) => [mul(grad, result)]),
 * sum: formula([], (grad, { args: [self, dims, keepdim] }) => [unsqueezeTo(grad, dims, keepdim, self.shape)], {
 *   name: ({ 1: dims, 0: self }) => (dims.length === self.ndim ? 'SumBackward0' : 'SumBackward1'),
 * }),
 * maxDim: formula(['result1'], (grad, { args: [self, dim], result: [, indices] }) => …),
 * ```
 *
 * Rules for whoever writes one:
 * - Tensor ops only, so that the formula can be differentiated again. Never write in place into `grad`, `args` or `result`,
 *   and never keep a gradient that you return.
 * - A gradient need not have the argument's shape or dtype: the engine sums it over broadcast dimensions and casts it.
 * - `needs[i]` says whether anybody wants the gradient of argument i. Testing it saves work; without the test the surplus is
 *   thrown away.
 */

import type { DType, OpList, OpName, Shape, Tensor } from '@torsor/core';
import { zeros } from '@torsor/core';

/** What the tape remembers of a tensor that it does not keep. */
export interface TensorMeta {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly ndim: number;
}

/** The same of an argument, with its place in its storage, which `asStrided` asks for. */
export interface ArgumentMeta extends TensorMeta {
  readonly strides: Shape;
  readonly offset: number;
}

type Parameter<K extends OpName> = Parameters<OpList[K]>;
type Result<K extends OpName> = ReturnType<OpList[K]>;

/** `0 | 1 | …`: the positions of a tuple. */
type Positions<T extends readonly unknown[]> = {
  [I in keyof T]: I extends `${infer N extends number}` ? N : never;
}[number];

/** `'result0' | 'result1' | …` for an op with a fixed number of outputs. */
type ResultNames<R> = R extends readonly unknown[]
  ? number extends R['length']
    ? never
    : `result${Positions<R>}`
  : never;

/** What a node may keep: arguments by position, all results, or one result of several. */
export type Save<K extends OpName> = Positions<Parameter<K>> | 'result' | ResultNames<Result<K>>;

/** A value in which tensors have been replaced by what is remembered of them. */
export type Unsaved<T> = T extends Tensor
  ? ArgumentMeta
  : T extends readonly Tensor[]
    ? readonly ArgumentMeta[]
    : T extends readonly (Tensor | null)[]
      ? readonly (ArgumentMeta | null)[]
      : T;

type SavedTuple<P extends readonly unknown[], S> = {
  readonly [I in keyof P]: I extends `${S & number}` ? P[I] : Unsaved<P[I]>;
};

type SavedResults<R extends readonly unknown[], S> = {
  readonly [I in keyof R]: `result${I & string}` extends S ? R[I] : TensorMeta;
};

/** The same tuple with one type throughout. */
type Each<P extends readonly unknown[], T> = { readonly [I in keyof P]: T };

/** The op's arguments, of which only those at the positions `S` have been kept. */
export type SavedArguments<K extends OpName, S> = SavedTuple<Parameter<K>, S>;

/** The op's result, or, where it has not been kept, what is remembered of it. */
export type SavedResult<K extends OpName, S> = 'result' extends S
  ? Result<K>
  : Result<K> extends readonly unknown[]
    ? SavedResults<Result<K>, S>
    : TensorMeta;

/** What a formula sees besides the gradient. */
export interface FormulaContext<K extends OpName, S> {
  /** The op's arguments. A tensor that was not saved is only a `TensorMeta`. */
  readonly args: SavedArguments<K, S>;
  readonly result: SavedResult<K, S>;
  /** For each argument: whether its gradient is wanted (for a list: that of any entry). */
  readonly needs: Each<Parameter<K>, boolean>;
}

/** The gradient of the op's output; of several outputs, one each, null where nothing flowed back (see `materialize`). */
export type OutputGradient<K extends OpName> =
  Result<K> extends readonly unknown[] ? Each<Result<K>, Tensor | null> : Tensor;

/** No gradient, in whatever way a formula puts it. */
type None = null | undefined | false;

type ArgumentGradient<T> = [Extract<T, Tensor>] extends [never]
  ? T extends readonly (Tensor | null)[]
    ? readonly (Tensor | None)[] | None
    : None
  : Tensor | None;

type GradientTuple<P extends readonly unknown[]> = { readonly [I in keyof P]?: ArgumentGradient<P[I]> };

/** One entry for each argument; trailing ones may be left out. */
export type ArgumentGradients<K extends OpName> = GradientTuple<Parameter<K>>;

export interface FormulaOptions<K extends OpName, S> {
  /** `gradFn.name`. Default: `${Op}Backward0`, with the op's first letter in upper case. */
  readonly name?: string | ((args: SavedArguments<K, never>) => string);
  /**
   * For a saved position or result: the arguments whose gradient reads it. It is kept only if one of them needs a gradient
   * (default: always), and is otherwise a `TensorMeta` in spite of its type.
   */
  readonly neededFor?: { readonly [P in S & (string | number)]?: readonly Positions<Parameter<K>>[] };
  /** Outputs, by position, that carry no gradient. Those of integer or bool dtype never do and need no mention. */
  readonly nonDifferentiableOutputs?: readonly number[];
}

/** A formula as the engine calls it, the types that tied it to its op forgotten. */
export type ErasedBackward = (grad: unknown, context: ErasedContext) => readonly unknown[];

export interface ErasedContext {
  readonly args: readonly unknown[];
  readonly result: unknown;
  readonly needs: readonly boolean[];
}

/** How to differentiate an op. Made by `formula`. */
export interface Formula<K extends OpName> {
  readonly kind: 'formula';
  /** Never set: it ties the formula to its op, for the compiler. */
  readonly op?: K;
  readonly backward: ErasedBackward;
  /** By argument position: the arguments (as bits) of which one must need a gradient for this one to be kept. */
  readonly keepFor: readonly number[];
  /** By output: the same. */
  readonly keepOutputFor: readonly number[];
  readonly name: string | ((args: never) => string) | null;
  readonly nonDifferentiableOutputs: readonly number[] | null;
}

export interface NonDifferentiable {
  readonly kind: 'nonDifferentiable';
}

export interface NotImplemented {
  readonly kind: 'notImplemented';
  readonly why: string;
}

/** An entry of the table. */
export type Derivative<K extends OpName> = Formula<K> | NonDifferentiable | NotImplemented;

/** The entries of one family of ops: `Derivatives<keyof ElementwiseOps>`. */
export type Derivatives<Names extends OpName> = { readonly [K in Names]: Derivative<K> };

/**
 * How to differentiate an op.
 *
 * @param saves what the node keeps: positions of arguments, `'result'` for all results, `'result0'`, `'result1'`… for one
 * @param backward from the gradient of the output to those of the arguments
 */
export function formula<K extends OpName, const S extends readonly Save<NoInfer<K>>[]>(
  saves: S,
  backward: (
    grad: OutputGradient<NoInfer<K>>,
    context: FormulaContext<NoInfer<K>, S[number]>,
  ) => ArgumentGradients<NoInfer<K>>,
  options: FormulaOptions<NoInfer<K>, S[number]> = {},
): Formula<K> {
  const keepFor: number[] = [];
  const keepOutputFor: number[] = [];
  const neededFor = (options.neededFor ?? {}) as Readonly<Record<string, readonly number[]>>;
  for (const save of saves as readonly (number | string)[]) {
    const bits = neededFor[save]?.reduce((mask, i) => mask | (1 << i), 0) ?? ALWAYS;
    if (typeof save === 'number') set(keepFor, save, bits);
    else if (save === 'result') for (let i = 0; i < MAX_SAVED_OUTPUTS; i++) set(keepOutputFor, i, bits);
    else set(keepOutputFor, Number(save.slice('result'.length)), bits);
  }
  return {
    kind: 'formula',
    backward: backward as unknown as ErasedBackward,
    keepFor,
    keepOutputFor,
    name: options.name ?? null,
    nonDifferentiableOutputs: options.nonDifferentiableOutputs ?? null,
  };
}

/** Every bit: kept whichever argument needs a gradient. */
const ALWAYS = -1;
/** Ops that save all their results have at most this many. */
const MAX_SAVED_OUTPUTS = 4;

function set(list: number[], at: number, bits: number): void {
  while (list.length <= at) list.push(0);
  list[at] = bits;
}

/** The outputs never require a gradient: comparisons, `argmax`, `isnan`. (A zero gradient, as of `floor`, is a formula.) */
export const nonDifferentiable: NonDifferentiable = { kind: 'nonDifferentiable' };

/** The op is recorded, and a backward pass through it throws a `NotImplementedError` that says why. */
export function notImplemented(why: string): NotImplemented {
  return { kind: 'notImplemented', why };
}

/** A gradient, or zeros of the output's shape and dtype where nothing flowed back. */
export function materialize(grad: Tensor | null, output: TensorMeta): Tensor {
  return grad ?? zeros(output.shape, { dtype: output.dtype });
}
