/** All rules, by op: an op that is new in core does not compile here before it is said what it becomes. */

import type { OpList, OpName } from '@torsor/core';
import type { Graph } from '../graph.ts';
import type { Call, Value } from '../runs.ts';
import { composites } from './composite.ts';
import { convolutions, pools } from './conv.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './index.ts';
import { decompositions } from './linalg.ts';
import { products } from './matmul.ts';
import { losses, norms } from './norm.ts';
import { reductions } from './reduce.ts';
import { isSame, type Rule, type Rules, refuse } from './rule.ts';
import { putView, sliceOf, startsOf, views } from './view.ts';

const ops: Rules<OpName> = {
  ...elementwise,
  ...reductions,
  ...products,
  ...views,
  ...indexing,
  ...convolutions,
  ...pools,
  ...norms,
  ...losses,
  ...decompositions,
};

type AnyRule = Rule<Parameters<OpList[OpName]>>;

/** A view that is taken again, after its memory was written to. */
function takeView(g: Graph, call: Call): string {
  const [parent, op, args, index] = call.args as readonly [Value, OpName, readonly unknown[], number];
  const runs = call.runs.map(([first, , rest]) => [first, ...(rest as readonly unknown[])]);
  if (op === 'split') {
    const sizes = runs.map((list) => list[1] as readonly number[]);
    return sliceOf(g, parent, args[1] as number, startsOf(sizes, index), startsOf(sizes, index + 1), 1);
  }
  if (op === 'unbind') return g.node('Gather', [g.name(parent), g.scalar(index, 'int64')], { axis: args[0] as number });
  const rule = ops[op] as AnyRule;
  const same = { ...call, op, args: [parent, ...args], runs };
  return emitBy(rule, g, same) as string;
}

const special: Readonly<Record<string, (g: Graph, call: Call) => string | readonly (string | null)[]>> = {
  takeView,
  putView,
  ...Object.fromEntries(
    Object.entries(composites).map(([name, emit]) => [
      name,
      (g: Graph, call: Call) => emit(g, call.args as never, call),
    ]),
  ),
};

function emitBy(rule: AnyRule, g: Graph, call: Call): string | readonly (string | null)[] {
  const emit = typeof rule === 'object' ? rule.sized : rule;
  if (typeof emit === 'string') return refuse(call.op, emit);
  return emit(g, call.args as never, call);
}

/** Why an op cannot be exported, or null when it can. */
export function missing(op: string): string | null {
  if (Object.hasOwn(special, op)) return null;
  if (!Object.hasOwn(ops, op)) return 'is not an op that exportOnnx() knows; compute it with the ops of tensors';
  const rule = ops[op as OpName];
  return typeof rule === 'string' ? rule : null;
}

/** Whether an op stands for itself in a trace. */
export const isKnown = (op: string): boolean => Object.hasOwn(ops, op) || Object.hasOwn(composites, op);

/** Ops that take a number in the place of a tensor, which may then be a size. */
const scalable: ReadonlySet<string> = new Set([
  ...['add', 'sub', 'mul', 'div', 'divRounded', 'pow', 'maximum', 'minimum', 'remainder', 'fmod'],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'where', 'maskedFill', 'fill'],
]);

/** The call with a tensor in the place of each number that follows from a dynamic axis. */
function withSizes(g: Graph, call: Call): Call {
  if (!call.varies || !scalable.has(call.op)) return call;
  const args = call.args.map((arg, i) => {
    const numbers = call.runs.map((run) => run[i] as number);
    return typeof arg === 'number' && !isSame(numbers) ? g.sizeAsValue(numbers) : arg;
  });
  return { ...call, args };
}

/** Whether an op may have numbers among its arguments that a dynamic axis changes. */
export const mayVary = (op: string): boolean =>
  op === 'takeView' ||
  op === 'putView' ||
  scalable.has(op) ||
  typeof (ops as Readonly<Record<string, unknown>>)[op] === 'object';

/** Makes the nodes of a call; gives the names of its results. */
export function emit(g: Graph, call: Call): readonly (string | null)[] {
  const names = Object.hasOwn(special, call.op)
    ? special[call.op](g, call)
    : emitBy(ops[call.op as OpName] as AnyRule, g, withSizes(g, call));
  return typeof names === 'string' ? [names] : names;
}
