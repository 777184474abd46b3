/** Joins, and elements by their places. */

import type { IndexOps } from '@torsor/core';
import { sizeOf } from '@torsor/core';
import { END, type Graph } from '../graph.ts';
import type { Value } from '../runs.ts';
import { fixedSize, indices64, listsAt, needs, type Rules, refuse } from './rule.ts';
import { placeIn } from './view.ts';

/** Coordinates of all dimensions in `dims`, side by side, for `GatherND` and `ScatterND`: indices broadcast together. */
function coordinates(g: Graph, indices: readonly Value[]): string {
  const names = indices.map((index) => indices64(g, index));
  const isAlike = indices.every((index) => index.shape.join() === indices[0].shape.join());
  const shape = isAlike ? '' : g.node('Shape', [names.reduce((a, b) => g.node('Add', [a, b]))]);
  const wide = isAlike ? names : names.map((name) => g.node('Expand', [name, shape]));
  const columns = wide.map((name) => g.node('Unsqueeze', [name, g.ints([-1])]));
  return columns.length === 1 ? columns[0] : g.node('Concat', columns, { axis: -1 });
}

/** Indices, and the dimensions that they stand for. */
function given(indices: readonly (Value | null)[]): [dims: number[], values: Value[]] {
  const dims = [...indices.keys()].filter((d) => indices[d] !== null);
  return [dims, dims.map((d) => indices[d] as Value)];
}

const dataDependent = 'has a result whose size depends on data; use where() or a mask instead';

export const indexing: Rules<keyof IndexOps> = {
  cat: (g, [tensors, dim], call) => {
    const { dtype } = call.results[0];
    // a list of no dimensions but one, and that empty, is left out, as PyTorch does
    const kept = tensors.filter(({ shape }) => shape.length > 1 || sizeOf(shape) > 0);
    const names = (kept.length > 0 ? kept : tensors).map((x) => g.operand(x, dtype));
    return names.length === 1 ? names[0] : g.node('Concat', names, { axis: dim });
  },
  stack: (g, [tensors, dim], call) => {
    const { dtype } = call.results[0];
    const names = tensors.map((x) => g.unsqueeze(g.operand(x, dtype), [dim]));
    return names.length === 1 ? names[0] : g.node('Concat', names, { axis: dim });
  },
  gather: (g, [x, dim, index]) => g.node('GatherElements', [g.name(x), g.name(index)], { axis: dim }),
  scatter: (g, [x, dim, index, src]) => {
    const updates =
      typeof src === 'number' || src.shape.length === 0
        ? g.node('Expand', [g.operand(src, x.dtype), g.sizes(index.shapes, [index])])
        : cropped(g, src, index);
    return g.node('ScatterElements', [g.name(x), g.name(index), updates], { axis: dim });
  },
  scatterAdd: (g, [x, dim, index, src]) => {
    needs(g, 'scatterAdd', 16);
    const attributes = { axis: dim, reduction: 'add' };
    return g.node('ScatterElements', [g.name(x), g.name(index), cropped(g, src, index)], attributes);
  },
  indexSelect: (g, [x, dim, index]) => {
    if (x.shape.length === 0) return g.name(x);
    return g.node('Gather', [g.name(x), g.name(index)], { axis: dim });
  },
  indexAdd: 'is not in ONNX; use scatterAdd()',
  index: (g, [x, indices]) => {
    const [dims, values] = given(indices);
    if (dims.length === 0) return g.name(x);
    if (dims.length === 1) return g.node('Gather', [g.name(x), g.name(values[0])], { axis: dims[0] });
    const all = [...x.shape.keys()];
    const rest = all.filter((d) => !dims.includes(d));
    const gathered = g.node('GatherND', [g.transpose(g.name(x), [...dims, ...rest]), coordinates(g, values)]);
    const areAdjacent = dims.every((d, i) => i === 0 || d === dims[i - 1] + 1);
    if (!areAdjacent || dims[0] === 0) return gathered;
    // the shape of the indices takes the place of the dimensions that they name
    const width = Math.max(...values.map(({ shape }) => shape.length));
    const before = Array.from({ length: dims[0] }, (_, i) => width + i);
    const after = Array.from({ length: rest.length - dims[0] }, (_, i) => width + dims[0] + i);
    return g.transpose(gathered, [...before, ...Array.from({ length: width }, (_, i) => i), ...after]);
  },
  indexPut: (g, [x, indices, values, accumulate], call) => {
    const [dims, places] = given(indices);
    if (dims.some((d, i) => d !== i))
      return refuse('indexPut', 'takes indices of the first dimensions alone; permute() before');
    if (accumulate) needs(g, 'indexPut that accumulates', 16);
    const where = coordinates(g, places);
    const lead = g.node('Slice', [g.node('Shape', [where]), g.ints([0]), g.ints([-1])]);
    const tail = g.sizes(
      x.shapes.map((shape) => shape.slice(dims.length)),
      [x],
    );
    const shape = dims.length === x.shape.length ? lead : g.node('Concat', [lead, tail], { axis: 0 });
    const updates = g.node('Expand', [g.operand(values, call.results[0].dtype), shape]);
    return g.node('ScatterND', [g.name(x), where, updates], accumulate ? { reduction: 'add' } : {});
  },
  maskedSelect: dataDependent,
  nonzero: dataDependent,
  flip: (g, [x, dims]) => {
    if (dims.length === 0) return g.name(x);
    const each = (n: number | bigint): string => g.ints(dims.map(() => n));
    return g.node('Slice', [g.name(x), each(-1), each(-END), g.ints(dims), each(-1)]);
  },
  roll: {
    sized: (g, [x, , dims], call) => {
      const shifts = listsAt(call, 1);
      let name = g.name(x);
      for (const [i, dim] of dims.entries()) {
        // where the first element of the result stands
        const starts = shifts.map((list, run) => {
          const size = x.shapes[run][dim];
          return size === 0 ? 0 : ((-list[i] % size) + size) % size;
        });
        const at = placeIn('roll', x, dim, starts);
        if (at === 0) continue;
        name = g.node('Concat', [g.slice(name, dim, at, END), g.slice(name, dim, 0, at)], { axis: dim });
      }
      return name;
    },
  },
  repeat: {
    sized: (g, [x], call) => {
      const repeats = listsAt(call, 1);
      const lead = repeats[0].length - x.shape.length;
      const wide = g.unsqueeze(
        g.name(x),
        Array.from({ length: lead }, (_, d) => d),
      );
      return repeats[0].length === 0 ? wide : g.node('Tile', [wide, g.sizes(repeats, [])]);
    },
  },
  tril: (g, [x, diagonal]) => triangle(g, x, diagonal, 0),
  triu: (g, [x, diagonal]) => triangle(g, x, diagonal, 1),
};

/** What `src` has where there are indices, of which there may be fewer. */
function cropped(g: Graph, src: Value, index: Value): string {
  return index.shape.reduce<string>((name, _, d) => {
    if (index.shapes.every((shape, run) => shape[d] === src.shapes[run][d])) return name;
    return g.slice(name, d, 0, fixedSize('scatter', index, d));
  }, g.name(src));
}

function triangle(g: Graph, x: Value, diagonal: number, upper: number): string {
  needs(g, upper === 1 ? 'triu' : 'tril', 14);
  return g.node('Trilu', [g.name(x), g.scalar(diagonal, 'int64')], { upper });
}
