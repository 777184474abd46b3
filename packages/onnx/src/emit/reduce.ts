/** Sums, extremes, statistics, orders and running sums. */

import type { DType, ReductionOps } from '@torsor/core';
import type { Graph } from '../graph.ts';
import type { Call, Value } from '../runs.ts';
import { asInt32, type Emitter, GRADIENT, type Rules } from './rule.ts';

type Reduced = readonly [self: Value, dims: readonly number[], keepdim: boolean, ...rest: unknown[]];

const dtypeOf = (call: Call): DType => call.results[0].dtype;
const allDims = ({ shape }: Value): number[] => [...shape.keys()];

/** A reduction in the result's dtype; over no dimensions it changes nothing. */
const reduction =
  (op: string): Emitter<Reduced> =>
  (g, [x, dims, keepdim], call) => {
    const name = g.operand(x, dtypeOf(call));
    return dims.length === 0 ? name : g.reduce(op, name, dims, keepdim);
  };

const extreme =
  (op: string): Emitter<readonly [Value]> =>
  (g, [x]) =>
    x.shape.length === 0 ? g.name(x) : g.reduce(op, g.name(x), allDims(x), false);

/** Values and, where something needs them, places of the extremes along a dimension. */
const extremeAlong =
  (op: 'Max' | 'Min'): Emitter<readonly [Value, number, boolean]> =>
  (g, [x, dim, keepdim]) => {
    if (x.shape.length === 0) return [g.name(x), g.scalar(0, 'int32')];
    const places = g.node(`Arg${op}`, [g.name(x)], { axis: dim, keepdims: Number(keepdim) });
    return [g.reduce(`Reduce${op}`, g.name(x), [dim], keepdim), asInt32(g, places)];
  };

const place =
  (op: string): Emitter<readonly [Value, number | null, boolean]> =>
  (g, [x, dim, keepdim]) => {
    if (x.shape.length === 0) return g.scalar(0, 'int32');
    if (dim !== null) return asInt32(g, g.node(op, [g.name(x)], { axis: dim, keepdims: Number(keepdim) }));
    const flat = g.node('Reshape', [g.name(x), g.ints([-1])]);
    const found = asInt32(g, g.node(op, [flat], { axis: 0, keepdims: 0 }));
    return keepdim ? g.node('Reshape', [found, g.ints(x.shape.map(() => 1))]) : found;
  };

/** Σ (x - mean)² / max(0, n - correction) */
function variance(
  g: Graph,
  [x, dims, correction, keepdim]: readonly [Value, readonly number[], number, boolean],
): string {
  const name = g.name(x);
  const axes = dims.length === 0 ? allDims(x) : dims;
  const c = (value: number): string => g.scalar(value, x.dtype);
  const off = g.node('Sub', [name, g.reduce('ReduceMean', name, axes, true)]);
  const sum = g.reduce('ReduceSum', g.node('Mul', [off, off]), axes, keepdim);
  const fixed = g.fixedCount(x, axes);
  if (fixed !== null) return g.node('Div', [sum, c(Math.max(0, fixed - correction))]);
  return g.node('Div', [sum, g.node('Max', [g.node('Sub', [g.count(x, axes, x.dtype), c(correction)]), c(0)])]);
}

/** Whether any or all are not 0. */
const logic =
  (op: string): Emitter<Reduced> =>
  (g, [x, dims, keepdim], call) => {
    const truth = g.operand(x, 'bool');
    if (dims.length === 0) return g.cast(truth, 'bool', dtypeOf(call));
    return g.cast(g.reduce(op, g.cast(truth, 'bool', 'int32'), dims, keepdim), 'int32', dtypeOf(call));
  };

/** The largest or smallest along a dimension, in order. */
function top(g: Graph, x: Value, count: string, axis: number, largest: boolean, sorted: boolean): [string, string] {
  const [values, places] = g.several('TopK', [g.name(x), count], 2, {
    axis,
    largest: Number(largest),
    sorted: Number(sorted),
  });
  return [values, asInt32(g, places)];
}

export const reductions: Rules<keyof ReductionOps> = {
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  prod: (g, [x, dim, keepdim], call) => {
    const name = g.operand(x, dtypeOf(call));
    return x.shape.length === 0 ? name : g.reduce('ReduceProd', name, dim === null ? allDims(x) : [dim], keepdim);
  },
  amax: reduction('ReduceMax'),
  amin: reduction('ReduceMin'),
  max: extreme('ReduceMax'),
  min: extreme('ReduceMin'),
  maxDim: extremeAlong('Max'),
  minDim: extremeAlong('Min'),
  argmax: place('ArgMax'),
  argmin: place('ArgMin'),
  var: (g, args) => variance(g, args),
  std: (g, args) => g.node('Sqrt', [variance(g, args)]),
  norm: (g, [x, p, dims, keepdim]) => {
    const axes = dims.length === 0 ? allDims(x) : dims;
    const reduce = (op: string, name: string): string => (axes.length === 0 ? name : g.reduce(op, name, axes, keepdim));
    const size = g.node('Abs', [g.name(x)]);
    const c = (value: number): string => g.scalar(value, x.dtype);
    if (p === 1) return reduce('ReduceSum', size);
    if (p === 2) return axes.length === 0 ? size : g.reduce('ReduceL2', g.name(x), axes, keepdim);
    if (!Number.isFinite(p)) return reduce(p > 0 ? 'ReduceMax' : 'ReduceMin', size);
    if (p === 0) return reduce('ReduceSum', g.cast(g.node('Not', [g.node('Equal', [size, c(0)])]), 'bool', x.dtype));
    return g.node('Pow', [reduce('ReduceSum', g.node('Pow', [size, c(p)])), c(1 / p)]);
  },
  logsumexp: (g, [x, dims, keepdim], call) => {
    const name = g.operand(x, dtypeOf(call));
    return dims.length === 0 ? name : g.reduce('ReduceLogSumExp', name, dims, keepdim);
  },
  any: logic('ReduceMax'),
  all: logic('ReduceMin'),
  cumsum: (g, [x, dim], call) => {
    const name = g.operand(x, dtypeOf(call));
    return x.shape.length === 0 ? name : g.node('CumSum', [name, g.scalar(dim, 'int64')]);
  },
  cumprod: 'is not in ONNX; where all factors are positive, use exp() of the cumsum() of log()',
  sort: (g, [x, dim, descending]) => {
    if (x.shape.length === 0) return [g.name(x), g.scalar(0, 'int32')];
    const count = g.size(
      x.shapes.map((shape) => shape[dim]),
      [x],
    );
    return top(g, x, count, dim, descending, true);
  },
  topk: (g, [x, k, dim, largest, sorted]) => {
    if (x.shape.length === 0) return [g.name(x), g.scalar(0, 'int32')];
    return top(g, x, g.ints([k]), dim, largest, sorted);
  },
  softmax: (g, [x, dim]) => along(g, 'Softmax', x, dim),
  logSoftmax: (g, [x, dim]) => along(g, 'LogSoftmax', x, dim),
  softmaxBackward: GRADIENT,
  logSoftmaxBackward: GRADIENT,
};

function along(g: Graph, op: string, x: Value, axis: number): string {
  if (x.shape.length > 0) return g.node(op, [g.name(x)], { axis });
  return g.squeeze(g.node(op, [g.unsqueeze(g.name(x), [0])], { axis: 0 }), [0]);
}
