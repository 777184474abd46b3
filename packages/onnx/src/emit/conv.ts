/** Convolutions, poolings and padding. */

import type { AvgPoolParams, ConvOps, PoolOps, PoolParams, Shape } from '@torsor/core';
import { sizeOf } from '@torsor/core';
import { END, type Graph } from '../graph.ts';
import type { Attribute } from '../model.ts';
import type { Value } from '../runs.ts';
import { asInt32, fixedSize, GRADIENT, type Rules, refuse } from './rule.ts';

export const convolutions: Rules<keyof ConvOps> = {
  convolution: (g, [input, weight, bias, params, transposed, outputPadding]) => {
    const { stride, padding, dilation, groups } = params;
    const attributes: Record<string, Attribute> = {
      kernel_shape: weight.shape.slice(2),
      strides: stride,
      pads: [...padding, ...padding],
      dilations: dilation,
      group: groups,
    };
    if (transposed && outputPadding.some((n) => n > 0)) attributes['output_padding'] = outputPadding;
    const inputs = [g.name(input), g.name(weight), g.optional(bias)];
    return g.node(transposed ? 'ConvTranspose' : 'Conv', inputs, attributes);
  },
  convBackwardInput: GRADIENT,
  convBackwardWeight: GRADIENT,
};

// --------------------------------------------------------------------------------------------------------------- pooling

/** ONNX pools batches of channels; an image of channels alone becomes a batch of one. */
function batched(g: Graph, x: Value, spatial: number, pool: (name: string) => readonly string[]): string[] {
  const lacks = x.shape.length < spatial + 2;
  const results = pool(lacks ? g.unsqueeze(g.name(x), [0]) : g.name(x));
  return results.map((name) => (lacks ? g.squeeze(name, [0]) : name));
}

/** The last sizes of a shape in each run. */
const spacesOf = ({ shapes }: Value, spatial: number): readonly Shape[] => shapes.map((shape) => shape.slice(-spatial));

/**
 * What the last windows of `ceilMode` reach beyond the padding, one number a dimension: as explicit padding it means the same to all
 * engines. Null where a dynamic axis decides about it.
 */
function overhang(input: Value, output: Value, params: PoolParams): number[] | null {
  const { kernelSize, stride, padding, dilation } = params;
  const n = kernelSize.length;
  const all = spacesOf(input, n).map((sizes, run) =>
    sizes.map((size, d) => {
      const reach = (spacesOf(output, n)[run][d] - 1) * stride[d] + dilation[d] * (kernelSize[d] - 1) + 1;
      return Math.max(0, reach - size - 2 * padding[d]);
    }),
  );
  return all.every((list) => list.join() === all[0].join()) ? all[0] : null;
}

function windowAttributes(op: string, input: Value, output: Value, params: PoolParams): Record<string, Attribute> {
  const { kernelSize, stride, padding, ceilMode } = params;
  const extra = ceilMode ? overhang(input, output, params) : padding.map(() => 0);
  if (extra === null) return refuse(op, 'with ceilMode cannot have a dynamic axis in the dimensions that it pools');
  return { kernel_shape: kernelSize, strides: stride, pads: [...padding, ...padding.map((p, d) => p + extra[d])] };
}

/** The average of each window, padding and all, times what makes the divisor right. */
function averages(g: Graph, x: Value, output: Value, params: AvgPoolParams): string {
  const { kernelSize, stride, padding, countIncludePad, divisorOverride } = params;
  const spatial = kernelSize.length;
  const attributes = windowAttributes('avgPool', x, output, params);
  const pads = attributes['pads'] as readonly number[];
  const reaches = padding.some((p, d) => pads[spatial + d] > p);
  const plain = !reaches && divisorOverride === null;
  return batched(g, x, spatial, (name) => {
    const counts = { ...attributes, count_include_pad: Number(!plain || countIncludePad) };
    const means = g.node('AveragePool', [name], counts);
    if (plain) return [means];
    const size = sizeOf(kernelSize);
    if (divisorOverride !== null) return [g.node('Mul', [means, g.scalar(size / divisorOverride, x.dtype)])];
    // what a window has of the image, and of the padding where that counts
    const spans = kernelSize.map((k, d) => {
      const length = fixedSize('avgPool', x, x.shape.length - spatial + d);
      return Array.from({ length: output.shape[output.shape.length - spatial + d] }, (_, i) => {
        const start = i * stride[d] - padding[d];
        const [low, high] = countIncludePad ? [-padding[d], length + padding[d]] : [0, length];
        return Math.min(start + k, high) - Math.max(start, low);
      });
    });
    const factors = spans.reduce<number[]>((list, span) => list.flatMap((a) => span.map((b) => a * b)), [1]);
    const data = x.dtype === 'float64' ? new Float64Array(factors.length) : new Float32Array(factors.length);
    for (const [i, count] of factors.entries()) data[i] = size / count;
    const shape = [1, 1, ...spans.map((span) => span.length)];
    return [g.node('Mul', [means, g.initializer('window', x.dtype, shape, data)])];
  })[0];
}

/** Windows of an adaptive pooling: `[⌊o n / out⌋, ⌈(o + 1) n / out⌉)`. */
function adaptiveWindows(size: number, outputs: number): [start: number, end: number][] {
  return Array.from({ length: outputs }, (_, o) => [
    Math.floor((o * size) / outputs),
    Math.ceil(((o + 1) * size) / outputs),
  ]);
}

/** Whether windows are all alike, so that they are those of a plain pooling. */
const divides = (sizes: readonly number[], outputs: readonly number[]): boolean =>
  outputs.every((n, d) => n > 0 && sizes[d] % n === 0);

/** Averages over windows of unequal sizes: a product with a matrix, dimension by dimension. */
function adaptiveAverage(g: Graph, x: Value, outputSize: readonly number[]): string {
  const spatial = outputSize.length;
  const ndim = x.shape.length;
  const dims = outputSize.map((_, d) => ndim - spatial + d);
  if (outputSize.every((n) => n === 1)) return g.reduce('ReduceMean', g.name(x), dims, true);
  const sizes = dims.map((d) => fixedSize('adaptiveAvgPool', x, d));
  if (divides(sizes, outputSize)) {
    const step = sizes.map((n, d) => n / outputSize[d]);
    return batched(g, x, spatial, (name) => [g.node('AveragePool', [name], { kernel_shape: step, strides: step })])[0];
  }
  return dims.reduce((name, dim, d) => {
    const [n, outputs] = [sizes[d], outputSize[d]];
    const matrix = x.dtype === 'float64' ? new Float64Array(n * outputs) : new Float32Array(n * outputs);
    for (const [o, [start, end]] of adaptiveWindows(n, outputs).entries()) {
      for (let i = start; i < end; i++) matrix[i * outputs + o] = 1 / (end - start);
    }
    const last = ndim - 1;
    const swap = Array.from({ length: ndim }, (_, i) => (i === dim ? last : i === last ? dim : i));
    const product = g.node('MatMul', [
      g.transpose(name, swap),
      g.initializer('windows', x.dtype, [n, outputs], matrix),
    ]);
    return g.transpose(product, swap);
  }, g.name(x));
}

/** The largest entries of windows of unequal sizes: each is filled up with entries of its own, dimension by dimension. */
function adaptiveMax(g: Graph, x: Value, outputSize: readonly number[], indices: boolean): string | [string, string] {
  const spatial = outputSize.length;
  const dims = outputSize.map((_, d) => x.shape.length - spatial + d);
  if (outputSize.every((n) => n === 1) && !indices) return g.reduce('ReduceMax', g.name(x), dims, true);
  const sizes = dims.map((d) => fixedSize('adaptiveMaxPool', x, d));
  if (divides(sizes, outputSize)) {
    const step = sizes.map((n, d) => n / outputSize[d]);
    const params = {
      kernelSize: step,
      stride: step,
      padding: step.map(() => 0),
      dilation: step.map(() => 1),
      ceilMode: false,
    };
    const [values, places] = maxima(g, x, { kernel_shape: step, strides: step }, params, indices);
    return [values, places];
  }
  if (indices) return refuse('adaptiveMaxPool', 'gives no indices where its windows are of unequal sizes');
  return dims.reduce((name, dim, d) => {
    const windows = adaptiveWindows(sizes[d], outputSize[d]);
    const most = Math.max(...windows.map(([start, end]) => end - start));
    const places = windows.flatMap(([start, end]) =>
      Array.from({ length: most }, (_, i) => Math.min(start + i, end - 1)),
    );
    const table = g.node('Reshape', [g.ints(places), g.ints([windows.length, most])]);
    return g.reduce('ReduceMax', g.node('Gather', [name, table], { axis: dim }), [dim + 1], false);
  }, g.name(x));
}

/** Largest entries, and where they are in their plane. */
function maxima(
  g: Graph,
  x: Value,
  attributes: Record<string, Attribute>,
  { kernelSize, dilation }: PoolParams,
  indices: boolean,
): [string, string] {
  const spatial = kernelSize.length;
  const all = dilation.every((n) => n === 1) ? attributes : { ...attributes, dilations: dilation };
  const [values, places] = batched(g, x, spatial, (name) => g.several('MaxPool', [name], indices ? 2 : 1, all));
  if (!indices) return [values, ''];
  // ONNX counts through the whole tensor
  const plane = sizeOf(
    Array.from({ length: spatial }, (_, d) => fixedSize('maxPool', x, x.shape.length - spatial + d)),
  );
  return [values, asInt32(g, g.node('Mod', [places, g.scalar(plane, 'int64')]))];
}

// --------------------------------------------------------------------------------------------------------------- padding

/** Ends of a dimension put in front and behind: what circular padding does, which ONNX knows since opset 19 alone. */
function wrapAround(g: Graph, x: Value, pads: readonly number[]): string {
  let name = g.name(x);
  for (let i = 0; i < pads.length; i += 2) {
    const dim = x.shape.length - 1 - i / 2;
    const [before, after] = [pads[i], pads[i + 1]];
    const parts = [name];
    if (before > 0) parts.unshift(g.slice(name, dim, -before, END));
    if (after > 0) parts.push(g.slice(name, dim, 0, after));
    if (parts.length > 1) name = g.node('Concat', parts, { axis: dim });
    if (before < 0 || after < 0) name = g.slice(name, dim, Math.max(0, -before), after < 0 ? after : END);
  }
  return name;
}

const PAD_MODES = { constant: 'constant', reflect: 'reflect', replicate: 'edge' } as const;

/** From PyTorch's order (last dimension first, before and after) to ONNX's (all before, then all after). */
function padsOf(ndim: number, pads: readonly number[]): number[] {
  const both = [0, 1].map((end) => Array.from({ length: ndim }, (_, d) => pads[2 * (ndim - 1 - d) + end] ?? 0));
  return both.flat();
}

export const pools: Rules<keyof PoolOps> = {
  maxPool: (g, [x, params], call) => {
    const [output, indices] = call.results;
    return maxima(g, x, windowAttributes('maxPool', x, output, params), params, indices.isWanted);
  },
  maxPoolBackward: GRADIENT,
  maxPoolGather: GRADIENT,
  avgPool: (g, [x, params], call) => averages(g, x, call.results[0], params),
  avgPoolBackward: GRADIENT,
  adaptiveAvgPool: (g, [x, outputSize]) => adaptiveAverage(g, x, outputSize),
  adaptiveAvgPoolBackward: GRADIENT,
  adaptiveMaxPool: (g, [x, outputSize], call) => {
    const result = adaptiveMax(g, x, outputSize, call.results[1].isWanted);
    return typeof result === 'string' ? [result, null] : result;
  },
  pad: (g, [x, pads, mode, value]) => {
    if (mode === 'circular') return wrapAround(g, x, pads);
    const filling = mode === 'constant' ? g.scalar(value, x.dtype) : '';
    return g.node('Pad', [g.name(x), g.ints(padsOf(x.shape.length, pads)), filling], { mode: PAD_MODES[mode] });
  },
  padBackward: GRADIENT,
};
