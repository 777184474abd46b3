/**
 * The graph that is being built: nodes in order, initializers, and the names of values. Emitters (`emit/`) say what nodes stand for an op;
 * here is what they share: constants, casts, and sizes, which are constants unless a dynamic axis is in them.
 */

import type { DType, Shape, TypedArray } from '@torsor/core';
import { NotImplementedError, newArray, show, sizeOf } from '@torsor/core';
import type { Attribute, Initializer, Node } from './model.ts';
import { dataTypeOf } from './model.ts';
import type { Trace, Value } from './runs.ts';

/** Past the end of any dimension: what `Slice` takes for its end. */
export const END = 2n ** 63n - 1n;

/** Whether all are equal. */
const isFixed = (numbers: readonly number[]): boolean => numbers.every((n) => n === numbers[0]);

/** Element type, for the shape of an initializer of one row. */
type List = readonly (number | bigint)[];

export class Graph {
  readonly opset: number;
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Initializer>();
  private readonly trace: Trace;
  /** Names of values that have one. */
  private readonly names = new Map<Value, string>();
  private readonly taken = new Set<string>();
  /** Names of constants, by what they are. */
  private readonly constants = new Map<string, string>();
  /** Names of nodes that compute the same again. */
  private readonly shared = new Map<string, string>();

  constructor(trace: Trace, opset: number, reserved: readonly string[]) {
    this.trace = trace;
    this.opset = opset;
    for (const name of reserved) this.taken.add(name);
    for (const { name } of trace.values) if (name !== null) this.taken.add(name);
    for (const value of trace.inputs) this.names.set(value, value.name as string);
  }

  // ---------------------------------------------------------------------------------------------------------------- names

  /** A name like this one that nothing has. */
  private fresh(stem: string): string {
    let name = stem;
    for (let n = 1; this.taken.has(name); n++) name = `${stem}_${n}`;
    this.taken.add(name);
    return name;
  }

  /** The name of a value, which is made an initializer if it is constant. */
  name(value: Value): string {
    let name = this.names.get(value);
    if (name === undefined) {
      name = this.constantName(value);
      this.names.set(value, name);
    }
    return name;
  }

  optional(value: Value | null): string {
    return value === null ? '' : this.name(value);
  }

  /** Gives a value the name of what a node made. */
  setName(value: Value, name: string): void {
    this.names.set(value, name);
  }

  /** A node with one output; gives its name. */
  node(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.several(op, inputs, 1, attributes)[0];
  }

  /** A node with several outputs; gives their names. */
  several(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const given = [...inputs];
    while (given.at(-1) === '') given.pop();
    const outputs = Array.from({ length: count }, () => this.fresh(`${op.toLowerCase()}_${this.nodes.length}`));
    this.nodes.push({ op, inputs: given, outputs, attributes });
    return outputs;
  }

  /** A node that is not made twice. */
  once(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const key = `${op}(${inputs.join()})${JSON.stringify(attributes)}`;
    const name = this.shared.get(key) ?? this.node(op, inputs, attributes);
    this.shared.set(key, name);
    return name;
  }

  // ------------------------------------------------------------------------------------------------------------ constants

  initializer(stem: string, dtype: DType, shape: Shape, data: TypedArray): string {
    const name = this.fresh(stem);
    this.initializers.set(name, { name, dtype, shape, data });
    return name;
  }

  private small(key: string, dtype: DType, shape: Shape, list: List): string {
    const name = this.constants.get(key);
    if (name !== undefined) return name;
    const data = newArray(dtype, list.length);
    for (const [i, entry] of list.entries()) {
      data[i] = (dtype === 'int64' ? BigInt(entry) : Number(entry)) as never;
    }
    const made = this.initializer(`constant_${this.constants.size}`, dtype, shape, data);
    this.constants.set(key, made);
    return made;
  }

  /** A tensor of no dimensions. */
  scalar(value: number, dtype: DType): string {
    return this.small(`${dtype} ${Object.is(value, -0) ? '-0' : value}`, dtype, [], [value]);
  }

  /** A list of int64. */
  ints(list: List): string {
    return this.small(`[${list.join()}]`, 'int64', [list.length], list);
  }

  /** `size` times the same number. */
  filled(value: number, size: number, dtype: DType): string {
    return this.small(`${dtype} ${value} ${size}`, dtype, [size], new Array<number>(size).fill(value));
  }

  /** Whether a value is a constant of one size, the same in all runs. */
  isConstant({ read, shapes, isState }: Value): boolean {
    if (read === null || shapes.some((shape) => shape.join() !== shapes[0].join())) return false;
    if (isState) return true;
    const [first, ...others] = read.map((one) => one());
    return others.every((list) => first.every((entry: number | bigint, i: number) => Object.is(entry, list[i])));
  }

  /** Whether nothing has to be computed for a value. */
  isLeaf(value: Value): boolean {
    return this.isConstant(value) || (value.read !== null && !value.isState && this.uniform(value) !== null);
  }

  /** The elements of such a constant, or null. */
  constant(value: Value): TypedArray | null {
    return value.read !== null && this.isConstant(value) ? value.read[0]() : null;
  }

  /** The number that a constant consists of, whatever its size, or null. */
  uniform({ read }: Value): number | null {
    if (read === null) return null;
    const lists = read.map((one) => one());
    const entry = lists[0][0];
    return entry !== undefined && lists.every((list) => list.every((other: number | bigint) => Object.is(other, entry)))
      ? Number(entry)
      : null;
  }

  private constantName(value: Value): string {
    const { origin, name, dtype, shape, shapes, step } = value;
    const data = this.constant(value);
    if (data !== null) {
      if (origin === 'state') {
        this.initializers.set(name as string, { name: name as string, dtype, shape, data });
        return name as string;
      }
      return this.initializer(
        step === null ? 'constant' : `${stateOf(value) ?? 'constant'}/${step.op}`,
        dtype,
        shape,
        data,
      );
    }
    if (shapes.every((one) => one.join() === shape.join())) {
      throw new NotImplementedError(
        `a tensor of shape ${show(shape)} is neither an input nor a constant: it differs between two runs, so it was drawn at random or ` +
          'computed outside of ops (from item(), toArray()); take it as an input',
        { op: 'exportOnnx', operands: { shape } },
      );
    }
    const filling = this.uniform(value);
    if (filling !== null) return this.node('Expand', [this.scalar(filling, dtype), this.sizes(shapes, [])]);
    return this.range(value);
  }

  /** A constant that counts as far as a dynamic axis goes. */
  private range({ read, dtype, shape, shapes }: Value): string {
    const lists = (read ?? []).map((one) => Array.from(one(), Number));
    const [start, next] = lists[0] ?? [];
    const counts = lists.every((list) => list.every((entry, i) => entry === start + i * (next - start)));
    if (shape.length !== 1 || !counts || !Number.isInteger(start)) {
      throw new NotImplementedError(
        `a tensor of shape ${show(shape)} depends on a dynamic axis, and was computed outside of ops (from item(), toArray()) or is a ` +
          'constant that neither holds one number nor counts; take it as an input, or make it of a longest one with slice()',
        { op: 'exportOnnx', operands: { shapes } },
      );
    }
    const count = this.size(
      shapes.map(([n]) => n),
      [],
    );
    const end = this.node('Mul', [count, this.ints([next - start])]);
    const limit = this.node('Squeeze', [this.node('Add', [end, this.ints([start])]), this.ints([0])]);
    const list = this.node('Range', [this.scalar(start, 'int64'), limit, this.scalar(next - start, 'int64')]);
    return this.cast(list, 'int64', dtype);
  }

  // ---------------------------------------------------------------------------------------------------------------- dtypes

  cast(name: string, from: DType, to: DType): string {
    return from === to ? name : this.once('Cast', [name], { to: dataTypeOf(to) });
  }

  /** An operand in some dtype: numbers become constants of it. */
  operand(x: Value | number, dtype: DType): string {
    if (typeof x === 'number') return this.scalar(dtype === 'bool' ? Number(x !== 0) : x, dtype);
    return this.cast(this.name(x), x.dtype, dtype);
  }

  // ---------------------------------------------------------------------------------------------------------------- sizes

  /** The size of a dimension while the model runs, `[1]`. */
  private sizeAt(value: Value, dim: number): string {
    const shape = this.once('Shape', [this.name(value)]);
    return this.once('Gather', [shape, this.ints([dim])]);
  }

  /**
   * A number that is so much in each run, `[1]`: a constant, a size of one of the values near it or of an input, or a multiple of the
   * product of dynamic axes.
   *
   * @throws NotImplementedError when it is nothing of the kind
   */
  size(numbers: readonly number[], near: readonly Value[]): string {
    if (isFixed(numbers)) return this.ints([numbers[0]]);
    for (const value of [...near, ...this.trace.inputs]) {
      for (const dim of value.shape.keys()) {
        if (value.shapes.every((shape, run) => shape[dim] === numbers[run])) return this.sizeAt(value, dim);
      }
    }
    const factors = this.trace.dimensions.filter(({ sizes }) => isFactor(numbers, sizes));
    const factor = numbers[0] / factors.reduce((product, { sizes }) => product * sizes[0], 1);
    const isProduct = numbers.every(
      (n, run) => n === factors.reduce((product, { sizes }) => product * sizes[run], factor),
    );
    if (isProduct && Number.isInteger(factor)) {
      const names = factors.map(({ input, axis }) => this.sizeAt(this.trace.inputs[input], axis));
      return [...names, ...(factor === 1 ? [] : [this.ints([factor])])].reduce((a, b) => this.once('Mul', [a, b]));
    }
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    throw new NotImplementedError(
      `a size that goes from ${low} to ${high} with ${this.changing(numbers)} cannot be computed from the sizes of the inputs; leave ` +
        'that axis out of dynamicAxes',
      { op: 'exportOnnx', operands: { sizes: numbers } },
    );
  }

  /** The same as an integer tensor of no dimensions. */
  sizeAsValue(numbers: readonly number[]): Value {
    const shapes = numbers.map((): Shape => []);
    const rest = {
      name: null,
      dtype: 'int64',
      shape: [],
      shapes,
      read: null,
      isState: false,
      step: null,
      isWanted: true,
    } as const;
    const value: Value = { id: -1, origin: 'result', ...rest };
    this.names.set(value, this.once('Squeeze', [this.size(numbers, []), this.ints([0])]));
    return value;
  }

  private changing(numbers: readonly number[]): string {
    const changed = this.trace.dimensions.filter(({ sizes }) =>
      numbers.some((n, run) => n !== numbers[0] && sizes[run] !== sizes[0]),
    );
    return changed.map(({ name }) => `'${name}'`).join(' and ');
  }

  /** A shape that is this one in each run, as a list of int64. */
  sizes(shapes: readonly (readonly number[])[], near: readonly Value[]): string {
    const columns = shapes[0].map((_, d) => shapes.map((shape) => shape[d]));
    if (columns.every(isFixed)) return this.ints(shapes[0]);
    return this.once(
      'Concat',
      columns.map((column) => this.size(column, near)),
      { axis: 0 },
    );
  }

  /** How many elements a value has along dimensions: a number, or null where a dynamic axis is among them. */
  fixedCount({ shapes }: Value, dims: readonly number[]): number | null {
    const counts = shapes.map((shape) => sizeOf(dims.map((d) => shape[d])));
    return isFixed(counts) ? counts[0] : null;
  }

  /** The same as a tensor of no dimensions. */
  count(value: Value, dims: readonly number[], dtype: DType): string {
    const fixed = this.fixedCount(value, dims);
    if (fixed !== null) return this.scalar(fixed, dtype);
    const sizes = this.once('Gather', [this.once('Shape', [this.name(value)]), this.ints(dims)]);
    return this.cast(this.once('ReduceProd', [sizes], { keepdims: 0 }), 'int64', dtype);
  }

  /**
   * `x`, which has the shape of `near`, in another shape. Sizes that a dynamic axis is in are copied where they stay in place; one of the
   * others may be left to follow from the rest.
   */
  reshape(x: string, near: Value, shapes: readonly Shape[]): string {
    const columns = shapes[0].map((_, d) => shapes.map((shape) => shape[d]));
    const target = columns.map((column, d) => {
      if (isFixed(column)) return column[0];
      return column.every((n, run) => near.shapes[run][d] === n) ? 0 : -1;
    });
    if (target.filter((n) => n < 0).length <= 1) return this.node('Reshape', [x, this.ints(target)]);
    return this.node('Reshape', [x, this.sizes(shapes, [near])]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return perm.every((d, i) => d === i) ? x : this.node('Transpose', [x], { perm });
  }

  /** Part of a dimension; `from` and `to` may count from its end. */
  slice(x: string, dim: number, from: number, to: number | bigint, step = 1): string {
    return this.node('Slice', [x, this.ints([from]), this.ints([to]), this.ints([dim]), this.ints([step])]);
  }

  squeeze(x: string, dims: readonly number[]): string {
    return dims.length === 0 ? x : this.node('Squeeze', [x, this.ints(dims)]);
  }

  unsqueeze(x: string, dims: readonly number[]): string {
    return dims.length === 0 ? x : this.node('Unsqueeze', [x, this.ints(dims)]);
  }

  /** A reduction over dimensions, which are an attribute before opset 18, but of `ReduceSum`. */
  reduce(op: string, x: string, dims: readonly number[], keepdims: boolean): string {
    const keep = { keepdims: Number(keepdims) };
    if (this.opset >= 18 || op === 'ReduceSum') return this.node(op, [x, this.ints(dims)], keep);
    return this.node(op, [x], { axes: dims, ...keep });
  }
}

/** Whether numbers are proportional to a size where that one alone changes. */
function isFactor(numbers: readonly number[], sizes: readonly number[]): boolean {
  const changed = sizes.findIndex((size) => size !== sizes[0]);
  return numbers[changed] !== numbers[0] && numbers[changed] * sizes[0] === numbers[0] * sizes[changed];
}

/** The parameter or buffer that a constant was made of, for its name. */
function stateOf({ origin, name, step }: Value): string | null {
  if (origin === 'state') return name;
  const [first] = (step?.args ?? []) as readonly (Value | undefined)[];
  return typeof first === 'object' && first !== null && 'origin' in first ? stateOf(first) : null;
}
