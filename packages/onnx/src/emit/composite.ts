/**
 * Functions that are no ops but say that they run (`recordFunction`), so that they stand for themselves: recurrences, which would be a
 * dozen nodes a step otherwise, resampling, whose kernels are no ops, windows, and classes.
 */

import { newArray } from '@torsor/core';
import type { Graph } from '../graph.ts';
import { type Attribute, Float } from '../model.ts';
import type { Call, Value } from '../runs.ts';
import { fixedSize, needs, refuse } from './rule.ts';

// ------------------------------------------------------------------------------------------------------------- recurrences

type Recurrence = readonly [
  isReversed: boolean,
  x: Value,
  hidden: Value,
  cell: Value | null,
  ofInput: Value,
  ofHidden: Value,
  inputBias: Value | null,
  hiddenBias: Value | null,
];

/** Rows of a weight or bias in another order of its gates: a constant, or nodes where it is computed. */
function gates(g: Graph, x: Value, order: readonly number[]): string {
  if (order.every((at, i) => at === i)) return g.name(x);
  const data = g.constant(x);
  if (data === null) {
    const blocks = g.several('Split', [g.name(x)], order.length, { axis: 0 });
    return g.node(
      'Concat',
      order.map((at) => blocks[at]),
      { axis: 0 },
    );
  }
  const block = data.length / order.length;
  const moved = newArray(x.dtype, data.length);
  for (const [i, at] of order.entries()) moved.set(data.subarray(at * block, (at + 1) * block) as never, i * block);
  return g.initializer(`${x.name ?? 'weight'}/gates`, x.dtype, x.shape, moved);
}

/** A state `[N, H]` as `[1, N, H]`, left out where it is all zeros. */
const stateOf = (g: Graph, x: Value | null): string =>
  x === null || g.uniform(x) === 0 ? '' : g.unsqueeze(g.name(x), [0]);

/**
 * One direction of one layer over `[T, N, I]`: the output `[T, N, H]` and, for LSTM, the last cell `[N, H]`.
 *
 * @param order where ONNX's gates are among PyTorch's
 */
function recurrence(op: 'RNN' | 'LSTM' | 'GRU', order: readonly number[], extra: Readonly<Record<string, Attribute>>) {
  return (
    g: Graph,
    [isReversed, x, hidden, cell, ofInput, ofHidden, inputBias, hiddenBias]: Recurrence,
    call: Call,
  ): string[] => {
    const size = ofHidden.shape[1];
    const bias = (value: Value | null): string =>
      value === null ? g.filled(0, order.length * size, x.dtype) : gates(g, value, order);
    const biases =
      inputBias === null && hiddenBias === null
        ? ''
        : g.unsqueeze(g.node('Concat', [bias(inputBias), bias(hiddenBias)], { axis: 0 }), [0]);
    const weights = [ofInput, ofHidden].map((weight) => g.unsqueeze(gates(g, weight, order), [0]));
    const states = [stateOf(g, hidden), ...(cell === null ? [] : [stateOf(g, cell)])];
    const outputs = g.several(op, [g.name(x), ...weights, biases, '', ...states], cell === null ? 1 : 3, {
      hidden_size: size,
      direction: isReversed ? 'reverse' : 'forward',
      ...extra,
    });
    return call.results.map((value, i) => (value.isWanted ? g.squeeze(outputs[2 * i], [1 - i]) : ''));
  };
}

// -------------------------------------------------------------------------------------------------------------- resampling

type Interpolate = readonly [
  input: Value,
  /** Null where factors are given. */
  sizes: readonly number[] | null,
  factors: readonly number[] | null,
  mode: 'nearest' | 'nearest-exact' | 'linear' | 'bilinear' | 'bicubic',
  alignCorners: boolean,
  antialias: boolean,
];

const RESIZE_MODES = {
  nearest: 'nearest',
  'nearest-exact': 'nearest',
  linear: 'linear',
  bilinear: 'linear',
  bicubic: 'cubic',
};

function resize(g: Graph, [x, sizes, factors, mode, alignCorners, antialias]: Interpolate): string {
  const attributes: Record<string, Attribute> = {
    mode: RESIZE_MODES[mode],
    coordinate_transformation_mode: alignCorners ? 'align_corners' : mode === 'nearest' ? 'asymmetric' : 'half_pixel',
  };
  if (mode === 'nearest') attributes['nearest_mode'] = 'floor';
  if (mode === 'nearest-exact') attributes['nearest_mode'] = 'round_prefer_ceil';
  if (mode === 'bicubic') attributes['cubic_coeff_a'] = new Float(antialias ? -0.5 : -0.75);
  if (antialias) {
    needs(g, 'interpolate with antialias', 18);
    attributes['antialias'] = 1;
    attributes['exclude_outside'] = 1;
  }
  if (factors !== null) {
    const scales = Float32Array.from([1, 1, ...factors]);
    return g.node('Resize', [g.name(x), '', g.initializer('scales', 'float32', [scales.length], scales)], attributes);
  }
  const lead = g.node('Slice', [g.once('Shape', [g.name(x)]), g.ints([0]), g.ints([2])]);
  return g.node('Resize', [g.name(x), '', '', g.node('Concat', [lead, g.ints(sizes ?? [])], { axis: 0 })], attributes);
}

type GridSample = readonly [input: Value, grid: Value, mode: string, padding: string, alignCorners: boolean];

function gridSample(g: Graph, [x, grid, mode, padding, alignCorners]: GridSample): string {
  needs(g, 'gridSample', 16);
  const renamed: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };
  return g.node('GridSample', [g.name(x), g.name(grid)], {
    mode: g.opset < 20 ? mode : (renamed[mode] ?? mode),
    padding_mode: padding,
    align_corners: Number(alignCorners),
  });
}

// ----------------------------------------------------------------------------------------------------------------- windows

interface Sliding {
  readonly image: readonly number[];
  readonly kernel: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
  readonly places: readonly number[];
}

/** `[N, C, H, W]` → `[N, C kh kw, places]`: rows and columns gathered, window by window. */
function unfold(g: Graph, [x, sliding]: readonly [Value, Sliding]): string {
  const { kernel, dilation, padding, stride, places } = sliding;
  const pads = [0, 0, ...padding, 0, 0, ...padding];
  const image = padding.some((n) => n > 0) ? g.node('Pad', [g.name(x), g.ints(pads), g.scalar(0, x.dtype)]) : g.name(x);
  const table = (d: number): string => {
    const list = Array.from({ length: kernel[d] * places[d] }, (_, i) => {
      return Math.floor(i / places[d]) * dilation[d] + (i % places[d]) * stride[d];
    });
    return g.node('Reshape', [g.ints(list), g.ints([kernel[d], places[d]])]);
  };
  const rows = g.node('Gather', [image, table(0)], { axis: 2 });
  const windows = g.node('Gather', [rows, table(1)], { axis: 4 });
  const [channels, count] = [fixedSize('unfold', x, 1) * kernel[0] * kernel[1], places[0] * places[1]];
  return g.node('Reshape', [g.transpose(windows, [0, 1, 2, 4, 3, 5]), g.ints([-1, channels, count])]);
}

function fold(g: Graph, [columns, { image, kernel, dilation, padding, stride }]: readonly [Value, Sliding]): string {
  needs(g, 'fold', 18);
  return g.node('Col2Im', [g.name(columns), g.ints(image), g.ints(kernel)], {
    dilations: dilation,
    pads: [...padding, ...padding],
    strides: stride,
  });
}

/** 1 at the class of each element, 0 at all others. */
function oneHot(g: Graph, [x, classes]: readonly [Value, number]): string {
  if (classes < 0) return refuse('oneHot', 'has as many classes as the data; give it numClasses');
  const numbers = g.cast(g.ints(Array.from({ length: classes }, (_, i) => i)), 'int64', x.dtype);
  const isClass = g.node('Equal', [g.node('Unsqueeze', [g.name(x), g.ints([-1])]), numbers]);
  return g.cast(isClass, 'bool', 'int32');
}

/** By the names under which they say that they run. */
export const composites = {
  // i, f, g, o here; i, o, f, g there
  lstm: recurrence('LSTM', [0, 3, 1, 2], {}),
  // r, z, n here; z, r, n there
  gru: recurrence('GRU', [1, 0, 2], { linear_before_reset: 1 }),
  rnnTanh: recurrence('RNN', [0], {}),
  rnnRelu: recurrence('RNN', [0], { activations: ['Relu'] }),
  interpolate: resize,
  gridSample,
  unfoldBlocks: unfold,
  foldBlocks: fold,
  oneHot,
};
