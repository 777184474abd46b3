/**
 * Resampling along one dimension, in any mode: each output is a weighted sum of a few inputs, its taps. Its gradient is a resampling with
 * the transposed taps, and so is the gradient's own.
 *
 * Positions and weights follow PyTorch's `UpSample.h` and `UpSampleKernel.cpp`.
 */

import type { FunctionContext } from '@torsor/autograd';
import { Function as AutogradFunction } from '@torsor/autograd';
import type { DType, Tensor } from '@torsor/core';
import { composed, fromTypedArray } from '@torsor/core';
import { weighByKernel } from './tapsKernel.ts';

/** Tap k of output i is input `indices[k][i]`, times `weights[k][i]`: null where all of them are 1. */
export interface Taps {
  readonly inputs: number;
  readonly outputs: number;
  readonly indices: readonly Int32Array[];
  readonly weights: readonly Float64Array[] | null;
}

/** How outputs lie among inputs. */
export interface Grid {
  readonly inputs: number;
  readonly outputs: number;
  /** Distance of outputs, in inputs. */
  readonly scale: number;
  /** Whether the first and last outputs lie on the first and last inputs; else the outer borders meet. */
  readonly alignCorners: boolean;
}

/** The grid of a resampling from `inputs` to `outputs` points, by `factor` where one was given. */
export function gridOf(inputs: number, outputs: number, factor: number | null, alignCorners: boolean): Grid {
  const aligned = outputs > 1 ? (inputs - 1) / (outputs - 1) : 0;
  const free = factor === null ? inputs / outputs : 1 / factor;
  return { inputs, outputs, scale: alignCorners ? aligned : free, alignCorners };
}

const positionOf = ({ scale, alignCorners }: Grid, i: number): number =>
  alignCorners ? i * scale : (i + 0.5) * scale - 0.5;

/**
 * Nearest inputs, `⌊i scale⌋`, or for `exact` `⌊(i + 0.5) scale⌋`. Where that falls between two is a matter of the last digit: it is
 * computed in float32 as PyTorch does, for float64 all but the last step.
 */
export function nearestTaps({ inputs, outputs, scale }: Grid, exact: boolean, dtype: DType): Taps {
  const round = dtype === 'float64' ? (x: number) => x : Math.fround;
  const step = round(scale);
  const at = (i: number): number => Math.min(Math.floor(Math.fround(round(exact ? i + 0.5 : i) * step)), inputs - 1);
  const index = Int32Array.from({ length: outputs }, (_, i) => at(i));
  return { inputs, outputs, indices: [index], weights: null };
}

/** Taps from a list of inputs, clipped to the range, and weights for each output. */
function tabulate(
  { inputs, outputs }: Grid,
  count: number,
  tapsOf: (i: number) => readonly [first: number, weights: readonly number[]],
): Taps {
  const indices = Array.from({ length: count }, () => new Int32Array(outputs));
  const weights = Array.from({ length: count }, () => new Float64Array(outputs));
  for (let i = 0; i < outputs; i++) {
    const [first, list] = tapsOf(i);
    for (let k = 0; k < count; k++) {
      indices[k][i] = Math.min(Math.max(first + Math.min(k, list.length - 1), 0), inputs - 1);
      weights[k][i] = list[k] ?? 0;
    }
  }
  return { inputs, outputs, indices, weights };
}

/** Two neighbours, weighted by nearness. */
export function linearTaps(grid: Grid): Taps {
  return tabulate(grid, 2, (i) => {
    if (grid.inputs === grid.outputs) return [i, [1, 0]];
    const position = Math.max(positionOf(grid, i), 0);
    const first = Math.min(Math.floor(position), grid.inputs - 1);
    return [first, [1 - (position - first), position - first]];
  });
}

/** The cubic convolution kernel of Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, at distance x. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((d - 5) * d + 8) * d * a - 4 * a : 0;
}

/** Four neighbours, weighted by a cubic with a = -0.75. */
export function cubicTaps(grid: Grid): Taps {
  return tabulate(grid, 4, (i) => {
    const position = positionOf(grid, i);
    const first = Math.floor(position) - 1;
    return [first, [0, 1, 2, 3].map((k) => cubic(position - first - k, -0.75))];
  });
}

/** As many neighbours as a filter widened by the scale reaches where there are fewer outputs than inputs: `antialias`. */
export function antialiasTaps(grid: Grid, isCubic: boolean): Taps {
  const widening = Math.max(grid.scale, 1);
  const reach = (isCubic ? 2 : 1) * widening;
  const filter = (x: number): number => (isCubic ? cubic(x, -0.5) : Math.max(1 - Math.abs(x), 0));
  return tabulate(grid, Math.ceil(reach) * 2 + 1, (i) => {
    const center = grid.scale * (i + 0.5);
    const first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const count = Math.min(Math.trunc(center + reach + 0.5), grid.inputs) - first;
    const weights = Array.from({ length: count }, (_, k) => filter((k + first - center + 0.5) / widening));
    const total = weights.reduce((sum, w) => sum + w, 0);
    return [first, weights.map((w) => w / total)];
  });
}

/** The taps of the gradient: what each input gave to which outputs. */
function transposed({ inputs, outputs, indices, weights }: Taps): Taps {
  const lists: [output: number, weight: number][][] = Array.from({ length: inputs }, () => []);
  for (let i = 0; i < outputs; i++) {
    for (let k = 0; k < indices.length; k++) {
      const weight = weights === null ? 1 : weights[k][i];
      if (weight === 0) continue;
      const list = lists[indices[k][i]];
      // An output beside the border takes it several times.
      const same = list.at(-1);
      if (same?.[0] === i) same[1] += weight;
      else list.push([i, weight]);
    }
  }
  const count = Math.max(...lists.map((list) => list.length), 1);
  const isOnes = weights === null && lists.every((list) => list.length === count);
  const table = { inputs: outputs, outputs: inputs };
  // Places that are left over name an output that is there anyway, so that no other's NaN comes in.
  const entry = (list: readonly [number, number][], k: number): [number, number] => list[k] ?? [list[0]?.[0] ?? 0, 0];
  return {
    ...table,
    indices: Array.from({ length: count }, (_, k) => Int32Array.from(lists, (list) => entry(list, k)[0])),
    weights: isOnes
      ? null
      : Array.from({ length: count }, (_, k) => Float64Array.from(lists, (list) => entry(list, k)[1])),
  };
}

/** `out[…, i, …] = Σ weights[k][i] x[…, indices[k][i], …]` along `dim`: by a kernel, or by a gather and a product for each tap. */
function weigh(x: Tensor, dim: number, { outputs, indices, weights }: Taps): Tensor {
  return composed(() => {
    const byKernel = weighByKernel(x, dim, indices, weights ?? indices.map(() => new Float64Array(outputs).fill(1)));
    if (byKernel !== null) return byKernel;
    const column = [outputs, ...new Array<number>(x.ndim - 1 - dim).fill(1)];
    const part = (k: number): Tensor => {
      const slices = x.indexSelect(dim, fromTypedArray(indices[k]));
      return weights === null ? slices : slices.mul_(fromTypedArray(weights[k], column).to(x.dtype));
    };
    const out = part(0);
    for (let k = 1; k < indices.length; k++) out.add_(part(k));
    return out;
  });
}

class Resample extends AutogradFunction {
  static readonly keepsNothing: boolean = true;

  static forward(ctx: FunctionContext<{ dim: number; taps: Taps }>, x: Tensor, dim: number, taps: Taps): Tensor {
    ctx.dim = dim;
    ctx.taps = taps;
    return weigh(x, dim, taps);
  }

  static backward({ dim, taps }: FunctionContext<{ dim: number; taps: Taps }>, grad: Tensor): (Tensor | null)[] {
    return [Resample.apply(grad, dim, transposed(taps)), null, null];
  }
}

/** Resamples `x` along `dim`. */
export function resampleAlong(x: Tensor, dim: number, taps: Taps): Tensor {
  return Resample.apply(x, dim, taps);
}
