/** `exportOnnx`: a model, run on an example, as the bytes of an ONNX file. */

import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { formatShape, isOptions, isTensor, NotImplementedError, named, show, ValueError } from '@torsor/core';
import { isModule } from '@torsor/nn';
import { emit, isKnown, mayVary, missing } from './emit/list.ts';
import { axesOf, type DynamicAxes, dimensionsOf, otherSizes, resized, shuffled } from './examples.ts';
import { Graph } from './graph.ts';
import type { Initializer, Node, ValueInfo } from './model.ts';
import { encodeModel } from './model.ts';
import { align, type Call, type Dimension, needed, type Run, type Trace, type Value } from './runs.ts';
import { Tracer } from './trace.ts';

const OP = 'exportOnnx';

/** Opsets whose definitions the emitters follow. */
const [OLDEST, NEWEST] = [13, 21];

/** A module, or any function of tensors. */
export type Exportable = (...args: never[]) => unknown;

export interface ExportOptions {
  /** Names of the tensors among the arguments, in order; `input`, or `input_0`, `input_1`… by default. */
  readonly inputNames?: readonly string[];
  /** Names of the tensors that the model returns, in order; `output`, or `output_0`, `output_1`… by default. */
  readonly outputNames?: readonly string[];
  /** Dimensions that may have any size, by the name of the input: `{ image: { 0: 'batch' } }`. None by default. */
  readonly dynamicAxes?: DynamicAxes | null;
  /** Version of ONNX's operators, 13 to 21; 17 by default. */
  readonly opsetVersion?: number;
}

/** Tensors in lists and plain objects, in order. */
function tensorsIn(value: unknown): Tensor[] {
  if (isTensor(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return isOptions(value) ? Object.values(value).flatMap(tensorsIn) : [];
}

/** The same lists and objects, with other tensors. */
function withTensors(value: unknown, tensors: Tensor[]): unknown {
  if (isTensor(value)) return tensors.shift();
  if (Array.isArray(value)) return value.map((entry) => withTensors(entry, tensors));
  if (!isOptions(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withTensors(entry, tensors)]));
}

function checkNames(
  option: string,
  given: readonly string[] | undefined,
  stem: string,
  count: number,
): readonly string[] {
  const names = given ?? (count === 1 ? [stem] : Array.from({ length: count }, (_, i) => `${stem}_${i}`));
  const isList = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '');
  if (isList && names.length === count && new Set(names).size === count) return names;
  throw new ValueError(
    `${option} must be ${count} different names, one for each tensor that the model ${stem === 'input' ? 'is given' : 'returns'}, but got ` +
      show(names),
    { op: OP, operands: { [option]: names } },
  );
}

/** Runs in evaluation, whatever the module was in before. */
function inEvaluation<R>(model: Exportable, run: () => R): R {
  if (!isModule(model)) return run();
  const modules = [...model.modules()].filter((module) => module.training);
  model.eval();
  try {
    return run();
  } finally {
    for (const module of modules) module.training = true;
  }
}

/** One run on these inputs. */
function runOn(
  model: Exportable,
  args: readonly unknown[],
  inputs: readonly Tensor[],
  names: readonly string[],
): Omit<Run, 'changed'> {
  const tracer = new Tracer(isKnown);
  for (const [i, x] of inputs.entries()) tracer.input(x, names[i]);
  if (isModule(model)) {
    for (const [name, x] of [...model.namedParameters(), ...model.namedBuffers()]) tracer.state(x, name);
  }
  const given = withTensors(args, [...inputs]) as never[];
  const result = tracer.run(() => model(...given));
  const outputs = tensorsIn(result).map((x) => tracer.idOf(x));
  if (outputs.length === 0)
    throw new ValueError(`the model must return tensors, but returned ${show(result)}`, { op: OP });
  return { tracer, outputs };
}

/** Runs on the example, on other values, and with each dynamic axis at another size. */
function traceOf(
  model: Exportable,
  args: readonly unknown[],
  names: readonly string[],
  axes: readonly Map<number, string>[],
): Trace {
  const tensors = tensorsIn(args);
  const dimensions = dimensionsOf(tensors, axes);
  const sizes = new Map(dimensions.map((dimension) => [dimension.name, dimension.sizes[0]]));
  const inputs = (at: ReadonlyMap<string, number>, other: boolean): Tensor[] =>
    // copies, so that two inputs that are one tensor are told apart, and a model may write to them
    tensors.map((x, i) => (other ? shuffled(resized(x, axes[i], at)) : resized(x, axes[i], at)).clone());
  const runs: Run[] = [
    { ...runOn(model, args, inputs(sizes, false), names), changed: null },
    { ...onOtherValues(() => runOn(model, args, inputs(sizes, true), names)), changed: null },
  ];
  checkSizes(runs);
  for (const {
    name,
    sizes: [size],
  } of dimensions) {
    const [other, run] = firstThatRuns(name, otherSizes(size), (n) =>
      runOn(model, args, inputs(new Map(sizes).set(name, n), false), names),
    );
    for (const dimension of dimensions) {
      (dimension.sizes as number[]).push(dimension.name === name ? other : dimension.sizes[0]);
    }
    runs.push({ ...run, changed: name });
  }
  for (const dimension of dimensions) (dimension.sizes as number[]).splice(1, 0, dimension.sizes[0]);
  return align(runs, tensors.length, dimensions);
}

/** Says of an error that it came with other values than the caller gave. */
function onOtherValues<R>(run: () => R): R {
  try {
    return run();
  } catch (error) {
    if (error instanceof NotImplementedError && error.op === OP) throw error;
    const rule =
      'the model runs on the example, but not on its values in another order, on which it must not depend. It said: ';
    throw new ValueError(rule + (error as Error).message, { op: OP, cause: error });
  }
}

/** @throws NotImplementedError when a size follows from values */
function checkSizes([first, second]: readonly Run[]): void {
  const [a, b] = [first.tracer, second.tracer];
  for (const [id, { shape }] of a.seen.entries()) {
    const other = b.seen[id]?.shape ?? shape;
    if (other.join() === shape.join() || other.length !== shape.length) continue;
    const op = a.steps.find(({ results }) => results.includes(id))?.op ?? 'a constant';
    throw new NotImplementedError(
      `the result of ${op} has a size that depends on data, ${formatShape(shape)} or ${formatShape(other)}; use where() or a mask instead`,
      { op: OP, operands: { op } },
    );
  }
}

function firstThatRuns<R>(name: string, sizes: readonly number[], run: (size: number) => R): [number, R] {
  let cause: unknown;
  for (const size of sizes) {
    try {
      return [size, run(size)];
    } catch (error) {
      if (error instanceof NotImplementedError && error.op === OP) throw error;
      cause ??= error;
    }
  }
  throw new ValueError(
    `the model runs with no other size of the dynamic axis '${name}' (tried ${sizes.join(', ')}); leave it out of dynamicAxes. It said: ` +
      (cause as Error).message,
    { op: OP, operands: { name, sizes }, cause },
  );
}

/** Makes all nodes, or says all that stands in the way. */
function emitAll(graph: Graph, calls: readonly Call[]): void {
  const problems = new Set<string>();
  for (const call of calls) {
    const why = missing(call.op);
    if (why !== null) problems.add(`${call.op} ${why}`);
    else if (call.varies && !mayVary(call.op)) {
      problems.add(`${call.op} takes numbers that depend on a dynamic axis; leave that axis out of dynamicAxes`);
    }
  }
  for (const call of calls) {
    if (missing(call.op) !== null) {
      for (const value of call.results) graph.setName(value, 'missing');
      continue;
    }
    try {
      const names = emit(graph, call);
      call.results.forEach((value, i) => {
        const name = names[i];
        if (typeof name === 'string' && name !== '') graph.setName(value, name);
      });
    } catch (error) {
      if (!(error instanceof NotImplementedError)) throw error;
      problems.add(error.message.replace(`${OP}: `, ''));
      for (const value of call.results) graph.setName(value, 'missing');
    }
  }
  if (problems.size === 0) return;
  const list = [...problems].map((problem) => `\n  - ${problem}`);
  throw new NotImplementedError(`the model has what cannot be exported:${list.join('')}`, {
    op: OP,
    operands: { problems: [...problems] },
  });
}

/** Gives outputs their names: the nodes that make them take these on, and what no node makes, or is named already, is copied. */
function nameOutputs(graph: Graph, outputs: readonly Value[], names: readonly string[]): Node[] {
  const made = new Set(graph.nodes.flatMap(({ outputs: list }) => list));
  const renamed = new Map<string, string>();
  const copies: Node[] = [];
  for (const [i, value] of outputs.entries()) {
    const name = graph.name(value);
    if (made.has(name) && !renamed.has(name)) renamed.set(name, names[i]);
    else copies.push({ op: 'Identity', inputs: [name], outputs: [names[i]], attributes: {} });
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return [...graph.nodes, ...copies].map((node) => {
    return { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
  });
}

/** Sizes, with names for those that follow from dynamic axes. */
function infoOf(
  { dtype, shapes }: Value,
  name: string,
  labels: ReadonlyMap<number, string>,
  dimensions: readonly Dimension[],
): ValueInfo {
  const shape = shapes[0].map((size, d) => {
    const label = labels.get(d);
    if (label !== undefined) return label;
    if (shapes.every((one) => one[d] === size)) return size;
    const same = dimensions.find(({ sizes }) => sizes.every((n, run) => shapes[run][d] === n));
    return same?.name ?? `${name}_dim_${d}`;
  });
  return { name, dtype, shape };
}

/** Initializers that a node reads, or that are outputs. */
function used(all: Iterable<Initializer>, nodes: readonly Node[]): Initializer[] {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  return [...all].filter(({ name }) => read.has(name));
}

function checkOpset(opset: unknown): number {
  if (typeof opset === 'number' && Number.isInteger(opset) && opset >= OLDEST && opset <= NEWEST) return opset;
  throw new ValueError(`opsetVersion must be an integer from ${OLDEST} to ${NEWEST}, but got ${show(opset)}`, {
    op: OP,
    operands: { opsetVersion: opset },
  });
}

/**
 * A model as an ONNX file, as `torch.onnx.export` makes it: the model runs on example arguments, in evaluation and without gradients, and
 * the ops that it calls become the graph. Parameters and buffers keep their names in the state dict.
 *
 * The graph is what ran: loops are unrolled, and a branch is the one that was taken. Where a branch, a constant or a size depends on the
 * values or on a dynamic axis in a way that a graph cannot say, it throws; it never writes down what held for the example alone.
 *
 * @param model a module, or a function of tensors; what it returns may be lists and plain objects of tensors
 * @param args its arguments; tensors in lists and plain objects are inputs, and all else is part of the model
 * @returns the bytes, to be written to a file with the ending `.onnx`
 * @throws NotImplementedError with a list of all that has no counterpart in ONNX; ValueError when names, axes or the opset do not fit
 *
 * @example
 * const bytes = exportOnnx(model, [x], { inputNames: ['image'], outputNames: ['scores'], dynamicAxes: { image: { 0: 'batch' } } });
 * await writeFile('model.onnx', bytes);
 */
export function exportOnnx(
  model: Exportable,
  args: Tensor | readonly unknown[],
  options: ExportOptions = {},
): Uint8Array {
  if (typeof model !== 'function')
    throw new ValueError(`takes a module or a function, but got ${show(model)}`, { op: OP });
  const [inputNames, outputNames, dynamicAxes, opsetVersion = 17] = named<
    [readonly string[], readonly string[], DynamicAxes | null, number]
  >(OP, ['inputNames', 'outputNames', 'dynamicAxes', 'opsetVersion'], [options]);
  const opset = checkOpset(opsetVersion);
  const list = isTensor(args) ? [args] : args;
  if (!Array.isArray(list)) throw new ValueError(`args must be a list of arguments, but got ${show(args)}`, { op: OP });
  const tensors = tensorsIn(list);
  const inputs = checkNames('inputNames', inputNames, 'input', tensors.length);
  const axes = inputs.map((name, i) => axesOf(name, dynamicAxes?.[name], tensors[i].ndim));

  const trace = inEvaluation(model, () => noGrad(() => traceOf(model, list, inputs, axes)));
  const outputs = checkNames('outputNames', outputNames, 'output', trace.outputs.length);
  for (const name of Object.keys(dynamicAxes ?? {})) {
    if (inputs.includes(name) || outputs.includes(name)) continue;
    throw new ValueError(
      `dynamicAxes names '${name}', which is neither an input (${inputs.join(', ')}) nor an output (${outputs.join(', ')})`,
      { op: OP, operands: { name } },
    );
  }

  const graph = new Graph(trace, opset, [...inputs, ...outputs]);
  const calls = needed(trace, (value) => graph.isLeaf(value));
  emitAll(graph, calls);
  const nodes = nameOutputs(graph, trace.outputs, outputs);
  return encodeModel({
    opset,
    name: isModule(model) ? model.className : model.name || 'model',
    nodes,
    initializers: used(graph.initializers.values(), nodes),
    inputs: trace.inputs.map((value, i) => infoOf(value, inputs[i], axes[i], trace.dimensions)),
    outputs: trace.outputs.map((value, i) =>
      infoOf(value, outputs[i], axesOf(outputs[i], dynamicAxes?.[outputs[i]], value.shape.length), trace.dimensions),
    ),
  });
}
