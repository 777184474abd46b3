/** What an op becomes in ONNX. */

import type { OpList, OpName, Tensor } from '@torsor/core';
import { NotImplementedError } from '@torsor/core';
import type { Graph } from '../graph.ts';
import type { Call, Value } from '../runs.ts';

/** The type of an argument, with a `Value` for each tensor. */
export type Traced<T> = T extends Tensor
  ? Value
  : T extends readonly unknown[]
    ? { readonly [I in keyof T]: Traced<T[I]> }
    : T;

/** Makes nodes; gives the name of the result, or of each of them (null for one that nothing needs, or that there is none for). */
export type Emitter<Args> = (g: Graph, args: Args, call: Call) => string | readonly (string | null)[];

/** The emitter of an op with these parameters. */
export type Emit<A extends readonly unknown[]> = Emitter<Traced<A>>;

/** A rule that reads sizes in all runs, `call.runs`, so that a dynamic axis may be in its arguments. */
export interface Sized<A extends readonly unknown[]> {
  readonly sized: Emit<A>;
}

/** How an op is emitted, or why it is not. */
export type Rule<A extends readonly unknown[]> = Emit<A> | Sized<A> | string;

export type Rules<N extends OpName> = { readonly [K in N]: Rule<Parameters<OpList[K]>> };

/** Why gradients have no rules. */
export const GRADIENT = 'is an op of backward passes; export the model, not its gradient';

/** The list of numbers at a place among the arguments, in each run. */
export const listsAt = (call: Call, at: number): readonly (readonly number[])[] =>
  call.runs.map((args) => args[at] as readonly number[]);

export const numbersAt = (call: Call, at: number): readonly number[] => call.runs.map((args) => args[at] as number);

/** Whether a number is the same in all runs. */
export const isSame = (numbers: readonly number[]): boolean => numbers.every((n) => n === numbers[0]);

export function refuse(op: string, rule: string): never {
  throw new NotImplementedError(`${op} ${rule}`, { op: 'exportOnnx', operands: { op } });
}

/** @throws NotImplementedError when the engine's opset is older than what an op needs */
export function needs(g: Graph, op: string, opset: number): void {
  if (g.opset < opset) refuse(op, `needs opsetVersion ${opset} at least, and this is ${g.opset}`);
}

/** The size of a dimension, where no dynamic axis is in it. */
export function fixedSize(op: string, value: Value, dim: number): number {
  const sizes = value.shapes.map((shape) => shape[dim]);
  if (isSame(sizes)) return sizes[0];
  return refuse(op, `cannot have a dynamic axis in dimension ${dim} of its input; leave that axis out of dynamicAxes`);
}

/** Places as int64, where ONNX takes no others. */
export function indices64(g: Graph, value: Value): string {
  return g.cast(g.name(value), value.dtype, 'int64');
}

/** Positions, which ONNX gives as int64, in the dtype that they have here. */
export const asInt32 = (g: Graph, name: string): string => g.cast(name, 'int64', 'int32');
