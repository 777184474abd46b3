/** Views: here they share memory, in a graph each is a value of its own. */

import type { ViewOps } from '@torsor/core';
import { sizeOf } from '@torsor/core';
import { END, type Graph } from '../graph.ts';
import type { Call, Value } from '../runs.ts';
import { type Emitter, fixedSize, GRADIENT, isSame, listsAt, numbersAt, type Rules, refuse } from './rule.ts';

const reshaped: { readonly sized: Emitter<readonly [Value, readonly number[]]> } = {
  sized: (g, [x], call) => g.reshape(g.name(x), x, listsAt(call, 1)),
};

const swapped = (ndim: number, a: number, b: number): number[] =>
  Array.from({ length: ndim }, (_, d) => (d === a ? b : d === b ? a : d));

/** A place in a dimension, counted from its end where it moves with it: one in each run. */
export function placeIn(op: string, x: Value, dim: number, places: readonly number[]): number {
  if (isSame(places)) return places[0];
  const fromEnd = places.map((place, run) => place - x.shapes[run][dim]);
  if (isSame(fromEnd)) return fromEnd[0];
  return refuse(
    op,
    `takes places of dimension ${dim} that depend on a dynamic axis, and lie neither at its start nor at its end`,
  );
}

/** An end in a dimension, as `placeIn`; all that follows where it is the size of the dimension. */
function endIn(x: Value, dim: number, ends: readonly number[]): number | bigint | null {
  if (ends.every((end, run) => end === x.shapes[run][dim])) return END;
  if (isSame(ends)) return ends[0];
  const fromEnd = ends.map((end, run) => end - x.shapes[run][dim]);
  return isSame(fromEnd) ? fromEnd[0] : null;
}

/** `x[…, start : end : step, …]`, with the numbers of each run. */
export function sliceOf(
  g: Graph,
  x: Value,
  dim: number,
  starts: readonly number[],
  ends: readonly number[],
  step: number,
): string {
  const end = endIn(x, dim, ends);
  const start = isSame(starts) && starts[0] === 0 ? 0 : placeIn('slice', x, dim, starts);
  if (start === 0 && end === END && step === 1) return g.name(x);
  if (end !== null) return g.slice(g.name(x), dim, start, end, step);
  // as far as another tensor goes
  return g.node('Slice', [g.name(x), g.ints([start]), g.size(ends, []), g.ints([dim]), g.ints([step])]);
}

/** Where the parts of a split begin, in each run. */
export function startsOf(sizes: readonly (readonly number[])[], index: number): number[] {
  return sizes.map((list) => list.slice(0, index).reduce((sum, n) => sum + n, 0));
}

const split: { readonly sized: Emitter<readonly [Value, readonly number[], number]> } = {
  sized: (g, [x, , dim], call) => {
    const sizes = listsAt(call, 1);
    if (sizes.every((list) => list.join() === sizes[0].join())) {
      if (sizes[0].length === 1) return [g.name(x)];
      return g.several('Split', [g.name(x), g.ints(sizes[0])], sizes[0].length, { axis: dim });
    }
    return sizes[0].map((_, i) => sliceOf(g, x, dim, startsOf(sizes, i), startsOf(sizes, i + 1), 1));
  },
};

export const views: Rules<keyof ViewOps> = {
  view: reshaped,
  unsafeView: reshaped,
  alias: (g, [x]) => g.name(x),
  t: (g, [x]) => (x.shape.length < 2 ? g.name(x) : g.transpose(g.name(x), [1, 0])),
  transpose: (g, [x, a, b]) => g.transpose(g.name(x), swapped(x.shape.length, a, b)),
  permute: (g, [x, dims]) => g.transpose(g.name(x), dims),
  select: {
    sized: (g, [x, dim], call) => {
      const at = placeIn('select', x, dim, numbersAt(call, 2));
      return g.node('Gather', [g.name(x), g.scalar(at, 'int64')], { axis: dim });
    },
  },
  slice: {
    sized: (g, [x, dim, , , step], call) => sliceOf(g, x, dim, numbersAt(call, 2), numbersAt(call, 3), step),
  },
  squeeze: (g, [x, dims]) => g.squeeze(g.name(x), dims),
  unsqueeze: (g, [x, dim]) => g.unsqueeze(g.name(x), [dim]),
  expand: {
    sized: (g, [x], call) => {
      const shapes = listsAt(call, 1);
      const lead = shapes[0].length - x.shape.length;
      // a size of 1 keeps what is there
      const target = shapes.map((shape) =>
        shape.map((n, d) => (d >= lead && shapes.every((one, r) => one[d] === x.shapes[r][d - lead]) ? 1 : n)),
      );
      const isWhole = lead === 0 && target[0].every((n) => n === 1);
      return isWhole ? g.name(x) : g.node('Expand', [g.name(x), g.sizes(target, [])]);
    },
  },
  unfold: (g, [x, dim, size, step]) => {
    const count = Math.floor((fixedSize('unfold', x, dim) - size) / step) + 1;
    const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
    const table = g.node('Reshape', [g.ints(places), g.ints([count, size])]);
    const windows = g.node('Gather', [g.name(x), table], { axis: dim });
    // the entries of a window stand at the end
    const order = [...x.shape.keys(), x.shape.length].filter((d) => d !== dim + 1);
    return g.transpose(windows, [...order, dim + 1]);
  },
  diagonal: (g, [x, offset, dim1, dim2], call) => {
    const [rows, columns] = [fixedSize('diagonal', x, dim1), fixedSize('diagonal', x, dim2)];
    const rest = [...x.shape.keys()].filter((d) => d !== dim1 && d !== dim2);
    const flat = g.node('Reshape', [
      g.transpose(g.name(x), [...rest, dim1, dim2]),
      g.sizes(
        x.shapes.map((shape) => [...rest.map((d) => shape[d]), rows * columns]),
        [x],
      ),
    ]);
    const length = call.results[0].shape.at(-1) as number;
    const first = offset >= 0 ? offset : -offset * columns;
    const places = Array.from({ length }, (_, i) => first + i * (columns + 1));
    return g.node('Gather', [flat, g.ints(places)], { axis: rest.length });
  },
  asStrided: 'reads memory by strides, which a graph does not know; use slice(), unfold() or view()',
  split,
  unbind: (g, [x, dim], call) =>
    call.results.map((_, i) => g.node('Gather', [g.name(x), g.scalar(i, 'int64')], { axis: dim })),
  selectBackward: GRADIENT,
  sliceBackward: GRADIENT,
  unfoldBackward: GRADIENT,
  diagonalBackward: GRADIENT,
  asStridedBackward: GRADIENT,
};

/** `parent` with the part that a view shows replaced by `child`: what a write through the view does. */
export function putView(g: Graph, call: Call): string {
  const [parent, child, op, , index] = call.args as readonly [Value, Value, string, readonly unknown[], number];
  const runs = call.runs.map((args) => args[3] as readonly unknown[]);
  const args = runs[0];
  const ndim = parent.shape.length;
  const name = g.name(child);
  const numbers = (at: number): number[] => runs.map((one) => one[at] as number);
  const between = (dim: number, starts: readonly number[], ends: readonly number[], part: string): string => {
    const zeros = starts.map(() => 0);
    const sizes = parent.shapes.map((shape) => shape[dim]);
    const parts = [part];
    if (starts.some((start) => start > 0)) parts.unshift(sliceOf(g, parent, dim, zeros, starts, 1));
    if (ends.some((end, run) => end < sizes[run])) parts.push(sliceOf(g, parent, dim, ends, sizes, 1));
    return parts.length === 1 ? part : g.node('Concat', parts, { axis: dim });
  };
  const one = (dim: number, places: readonly number[]): string =>
    between(
      dim,
      places,
      places.map((place) => place + 1),
      g.unsqueeze(name, [dim]),
    );
  switch (op) {
    case 'alias':
      return name;
    case 't':
      return ndim < 2 ? name : g.transpose(name, [1, 0]);
    case 'transpose':
      return g.transpose(name, swapped(ndim, args[0] as number, args[1] as number));
    case 'permute': {
      const dims = args[0] as readonly number[];
      return g.transpose(
        name,
        dims.map((_, d) => dims.indexOf(d)),
      );
    }
    case 'view':
    case 'squeeze':
    case 'unsqueeze':
      return g.reshape(name, child, parent.shapes);
    case 'select':
      return one(args[0] as number, numbers(1));
    case 'unbind':
      return one(
        args[0] as number,
        runs.map(() => index),
      );
    case 'slice':
      if (args[3] === 1) return between(args[0] as number, numbers(1), numbers(2), name);
      break;
    case 'split': {
      const sizes = runs.map((list) => list[0] as readonly number[]);
      return between(args[1] as number, startsOf(sizes, index), startsOf(sizes, index + 1), name);
    }
  }
  return refuse(
    op,
    `makes a view that the model writes to (${sizeOf(child.shape)} elements); write to a copy, or use where()`,
  );
}
