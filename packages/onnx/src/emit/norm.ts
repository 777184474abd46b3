/** Normalisations, and the losses that are ops. */

import type { LossOps, LossReduction, NormOps } from '@torsor/core';
import { sizeOf } from '@torsor/core';
import type { Graph } from '../graph.ts';
import { Float } from '../model.ts';
import type { Value } from '../runs.ts';
import { GRADIENT, indices64, numbersAt, type Rules, refuse } from './rule.ts';

/** (x - mean) / √(var + eps) over dimensions. */
function normalised(g: Graph, x: Value, dims: readonly number[], eps: number): string {
  const off = g.node('Sub', [g.name(x), g.reduce('ReduceMean', g.name(x), dims, true)]);
  const variance = g.reduce('ReduceMean', g.node('Mul', [off, off]), dims, true);
  return g.node('Div', [off, g.node('Sqrt', [g.node('Add', [variance, g.scalar(eps, x.dtype)])])]);
}

/** Times a weight, plus a bias, each over dimensions that end `after` dimensions before the last. */
function affine(g: Graph, name: string, weight: Value | null, bias: Value | null, after: number): string {
  const dims = Array.from({ length: after }, (_, d) => d + 1);
  const scaled = weight === null ? name : g.node('Mul', [name, g.unsqueeze(g.name(weight), dims)]);
  return bias === null ? scaled : g.node('Add', [scaled, g.unsqueeze(g.name(bias), dims)]);
}

/** How many leading dimensions make so many rows, in all runs. */
function leadOf(x: Value, rows: readonly number[]): number {
  const leads = [...x.shape.keys()].filter((d) =>
    x.shapes.every((shape, run) => sizeOf(shape.slice(0, d)) === rows[run]),
  );
  return leads[0] ?? refuse('layerNorm', 'normalises over dimensions that depend on a dynamic axis');
}

const batchStatistics = (x: Value): number[] => [...x.shape.keys()].filter((d) => d !== 1);

export const norms: Rules<keyof NormOps> = {
  batchNorm: (g, [x, weight, bias, mean, variance, training, , eps]) => {
    if (training || mean === null || variance === null) {
      return [affine(g, normalised(g, x, batchStatistics(x), eps), weight, bias, x.shape.length - 2), null, null];
    }
    const channels = (value: Value | null, filling: number): string =>
      value !== null ? g.name(value) : g.once('Expand', [g.scalar(filling, x.dtype), g.once('Shape', [g.name(mean)])]);
    const inputs = [g.name(x), channels(weight, 1), channels(bias, 0), g.name(mean), g.name(variance)];
    return [g.node('BatchNormalization', inputs, { epsilon: new Float(eps) }), null, null];
  },
  layerNorm: {
    sized: (g, [x, weight, bias, , eps], call) => {
      const lead = leadOf(x, numbersAt(call, 3));
      const dims = [...x.shape.keys()].slice(lead);
      const start = weight === null ? lead : x.shape.length - weight.shape.length;
      if (g.opset < 17 || (weight === null && g.fixedCount(x, dims) === null)) {
        const name = normalised(g, x, weight === null ? dims : dims.slice(start - lead), eps);
        return [affine(g, name, weight, bias, 0), null, null];
      }
      const scale = weight === null ? ones(g, x, dims) : g.name(weight);
      const attributes = { axis: start, epsilon: new Float(eps) };
      return [g.node('LayerNormalization', [g.name(x), scale, g.optional(bias)], attributes), null, null];
    },
  },
  // groups as the channels of an instance normalisation
  groupNorm: (g, [x, weight, bias, groups, eps]) => {
    const rows = g.node('Reshape', [g.name(x), g.ints([0, groups, -1])]);
    const parameters = [g.filled(1, groups, x.dtype), g.filled(0, groups, x.dtype)];
    const even = g.node('InstanceNormalization', [rows, ...parameters], { epsilon: new Float(eps) });
    const back = g.node('Reshape', [even, g.once('Shape', [g.name(x)])]);
    return [affine(g, back, weight, bias, x.shape.length - 2), null, null];
  },
};

function ones(g: Graph, x: Value, dims: readonly number[]): string {
  const shape = dims.map((d) => x.shape[d]);
  if (shape.length === 1) return g.filled(1, shape[0], x.dtype);
  return g.once('Expand', [g.scalar(1, x.dtype), g.ints(shape)]);
}

function reduced(g: Graph, name: string, ndim: number, reduction: LossReduction): string {
  if (reduction === 'none') return name;
  const dims = Array.from({ length: ndim }, (_, d) => d);
  return ndim === 0 ? name : g.reduce(reduction === 'mean' ? 'ReduceMean' : 'ReduceSum', name, dims, false);
}

export const losses: Rules<keyof LossOps> = {
  nllLoss: (g, [input, target, weight, reduction, ignoreIndex], call) => {
    if (call.results[1].isWanted) return refuse('nllLoss', 'gives no total weight');
    const inputs = [g.name(input), indices64(g, target), g.optional(weight)];
    return [g.node('NegativeLogLikelihoodLoss', inputs, { reduction, ignore_index: ignoreIndex }), null];
  },
  nllLossBackward: GRADIENT,
  mseLoss: (g, [input, target, reduction], call) => {
    const { dtype } = call.results[0];
    const off = g.node('Sub', [g.operand(input, dtype), g.operand(target, dtype)]);
    return reduced(g, g.node('Mul', [off, off]), Math.max(input.shape.length, target.shape.length), reduction);
  },
};
