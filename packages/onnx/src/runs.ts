/**
 * Several runs of one model, held against each other. One run alone cannot tell a size that follows from the input from one that is part
 * of the model, nor a tensor that was computed in a way that no op tells of from a constant. So the model runs on the example, on
 * other values, and for each dynamic axis on an example of another size: what stays the same is the model's.
 */

import { type DType, NotImplementedError, type Shape, type TypedArray } from '@torsor/core';
import { Ref, type Seen, type Step, type Tracer } from './trace.ts';

/** A tensor of the model, in all runs. */
export interface Value {
  readonly id: number;
  readonly origin: Seen['origin'];
  readonly name: string | null;
  readonly dtype: DType;
  /** In the first run. */
  readonly shape: Shape;
  /** In each run. */
  readonly shapes: readonly Shape[];
  /** Its elements in each run, where they do not depend on the inputs. */
  readonly read: readonly (() => TypedArray)[] | null;
  /** Whether it is a parameter or buffer, or a view of one. */
  readonly isState: boolean;
  /** The step that makes it. */
  step: Call | null;
  /** Whether an output of the model depends on it. */
  isWanted: boolean;
}

/** A step of the model, in all runs. */
export interface Call {
  readonly op: string;
  /** In the first run, with a `Value` for each tensor. */
  readonly args: readonly unknown[];
  /** In each run; tensors are `Ref`s there. */
  readonly runs: readonly (readonly unknown[])[];
  readonly results: readonly Value[];
  /** Whether an argument that is no tensor differs between runs. */
  readonly varies: boolean;
}

/** A dynamic axis. */
export interface Dimension {
  readonly name: string;
  /** In each run. */
  readonly sizes: readonly number[];
  /** Where it stands: the first input that has it, and which of its dimensions it is. */
  readonly input: number;
  readonly axis: number;
}

/** A model that was run. */
export interface Trace {
  readonly calls: readonly Call[];
  readonly values: readonly Value[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly dimensions: readonly Dimension[];
}

/** One run. */
export interface Run {
  readonly tracer: Tracer;
  readonly outputs: readonly number[];
  /** Dynamic axes that have another size than in the first run. */
  readonly changed: string | null;
}

/** Whether arguments are alike: `same`, or `sized` when numbers alone differ, or `other`. */
function compare(a: unknown, b: unknown): 'same' | 'sized' | 'other' {
  if (a instanceof Ref) return b instanceof Ref && a.id === b.id ? 'same' : 'other';
  if (typeof a === 'number' && typeof b === 'number') return Object.is(a, b) ? 'same' : 'sized';
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return a === b ? 'same' : 'other';
  const [left, right] = [Object.entries(a), Object.entries(b)];
  if (left.length !== right.length) return 'other';
  let worst: 'same' | 'sized' = 'same';
  for (const [i, [key, value]] of left.entries()) {
    const how = key === right[i][0] ? compare(value, right[i][1]) : 'other';
    if (how === 'other') return how;
    if (how === 'sized') worst = how;
  }
  return worst;
}

function describe(step: Step | undefined): string {
  return step === undefined ? 'ends' : `calls ${step.op}`;
}

/** @throws NotImplementedError when a run took another path than the first */
function checkPath(first: Run, other: Run): void {
  const [a, b] = [first.tracer.steps, other.tracer.steps];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const isSame =
      a[i]?.op === b[i]?.op &&
      a[i].results.length === b[i].results.length &&
      compare(a[i].args, b[i].args) !== 'other' &&
      a[i].results.every((id, k) => id === b[i].results[k]);
    if (isSame) continue;
    const cause =
      other.changed === null
        ? 'the values of its input: where it depends on data, use where() or a mask'
        : `the size of the dynamic axis '${other.changed}': leave it out of dynamicAxes`;
    throw new NotImplementedError(
      `the model takes another path depending on ${cause}. Step ${i} ${describe(a[i])} in one run and ${describe(b[i])} in the other` +
        (a[i]?.op === b[i]?.op ? ', on other operands' : ''),
      { op: 'exportOnnx' },
    );
  }
}

/** Puts runs together; the first is that on the example. */
export function align(runs: readonly Run[], inputCount: number, dimensions: readonly Dimension[]): Trace {
  const [first, ...others] = runs;
  for (const other of others) checkPath(first, other);
  const values = first.tracer.seen.map((seen, id): Value => {
    const all = runs.map(({ tracer }) => tracer.seen[id]);
    const { origin, name, dtype, shape, isState } = seen;
    const read = seen.read === null ? null : all.map((one) => one.read as () => TypedArray);
    const shapes = all.map((one) => one.shape);
    return { id, origin, name, dtype, shape, shapes, read, isState, step: null, isWanted: false };
  });
  const resolve = (arg: unknown): unknown => {
    if (arg instanceof Ref) return values[arg.id];
    return Array.isArray(arg) ? arg.map(resolve) : arg;
  };
  const calls = first.tracer.steps.map(({ op, args, results }, i): Call => {
    const all = runs.map(({ tracer }) => tracer.steps[i].args);
    const varies = all.some((one) => compare(args, one) !== 'same');
    const call = { op, args: args.map(resolve), runs: all, results: results.map((id) => values[id]), varies };
    for (const value of call.results) value.step = call;
    return call;
  });
  const outputs = first.outputs.map((id) => values[id]);
  return { calls, values, inputs: values.slice(0, inputCount), outputs, dimensions };
}

/** The calls that outputs depend on, in order, whose results are then wanted; `isLeaf` says which values need no call. */
export function needed(trace: Trace, isLeaf: (value: Value) => boolean): Call[] {
  for (const value of trace.outputs) value.isWanted = true;
  const kept = trace.calls.toReversed().filter(({ results, args }) => {
    if (!results.some((value) => value.isWanted && !isLeaf(value))) return false;
    for (const value of valuesIn(args)) value.isWanted = true;
    return true;
  });
  return kept.reverse();
}

const isValue = (x: unknown): x is Value => typeof x === 'object' && x !== null && 'origin' in x && 'shapes' in x;

/** All tensors among the arguments of a call. */
export function valuesIn(arg: unknown): Value[] {
  return isValue(arg) ? [arg] : Array.isArray(arg) ? arg.flatMap(valuesIn) : [];
}
