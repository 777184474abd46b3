/** Reference kernels of losses. */

import type { Shape, Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { LossReduction } from '../ops/list.ts';
import type { NumberArray } from './dense.ts';
import { dense, denseOutput, doubles, finish } from './dense.ts';

/** Batch, classes and positions of `[N, C, …]`. */
function sizes(shape: Shape): [batch: number, classes: number, positions: number] {
  return [shape[0], shape[1], sizeOf(shape.slice(2))];
}

/** The first target that is neither a class nor `ignoreIndex`, or null. */
export function strayTarget(target: Strided, classes: number, ignoreIndex: number): number | null {
  const { array, offset } = dense(target);
  const end = offset + sizeOf(target.shape);
  for (let i = offset; i < end; i++) {
    const t = array[i];
    if ((t < 0 || t >= classes) && t !== ignoreIndex) return t;
  }
  return null;
}

/**
 * loss = -weight[t] input[n, t, s] of each target t = target[n, s], 0 where t is `ignoreIndex`; reduced as asked. totalWeight = the
 * weights of all targets that count (0 for 'none').
 */
export function nll(
  input: Strided,
  target: Strided,
  weight: Strided | null,
  reduction: LossReduction,
  ignoreIndex: number,
  loss: Strided,
  totalWeight: Strided,
): void {
  const [batch, classes, positions] = sizes(input.shape);
  const x = dense(input);
  const t = dense(target);
  const w = weight === null ? null : doubles(weight);
  const out = loss.array as NumberArray;
  let total = 0;
  let counted = 0;
  // What rounding took from the total (Neumaier, 1974).
  let lost = 0;
  for (let n = 0, i = 0; n < batch; n++) {
    const image = x.offset + n * classes * positions;
    for (let s = 0; s < positions; s++, i++) {
      const at = t.array[t.offset + i];
      let term = 0;
      if (at !== ignoreIndex) {
        const scale = w === null ? 1 : w[at];
        term = -scale * x.array[image + at * positions + s];
        counted += scale;
        const next = total + term;
        if (Number.isFinite(next))
          lost += Math.abs(total) >= Math.abs(term) ? total - next + term : term - next + total;
        total = next;
      }
      if (reduction === 'none') out[loss.offset + i] = term;
    }
  }
  const sum = total + lost;
  if (reduction !== 'none') out[loss.offset] = reduction === 'mean' ? sum / counted : sum;
  (totalWeight.array as NumberArray)[totalWeight.offset] = reduction === 'none' ? 0 : counted;
}

/** out `[N, C, …]`, zero before, = gradient of `nll` with respect to its input; `grad` is 0-d, or for 'none' of the target's shape. */
export function nllBackward(
  grad: Strided,
  target: Strided,
  weight: Strided | null,
  reduction: LossReduction,
  ignoreIndex: number,
  totalWeight: number,
  out: Strided,
): void {
  const [batch, classes, positions] = sizes(out.shape);
  const g = doubles(grad);
  const t = dense(target);
  const w = weight === null ? null : doubles(weight);
  const dx = out.array as NumberArray;
  const divisor = reduction === 'mean' ? totalWeight : 1;
  for (let n = 0, i = 0; n < batch; n++) {
    const image = out.offset + n * classes * positions;
    for (let s = 0; s < positions; s++, i++) {
      const at = t.array[t.offset + i];
      if (at === ignoreIndex) continue;
      const scale = w === null ? 1 : w[at];
      dx[image + at * positions + s] = (-scale * (reduction === 'none' ? g[i] : g[0])) / divisor;
    }
  }
}

/** out = (input - target)², element by element or reduced; both inputs have the same shape. */
export function mse(input: Strided, target: Strided, reduction: LossReduction, out: Strided): void {
  const size = sizeOf(input.shape);
  const x = dense(input);
  const y = dense(target);
  const written = denseOutput(out);
  if (reduction === 'none') {
    for (let i = 0; i < size; i++) {
      const d = x.array[x.offset + i] - y.array[y.offset + i];
      written.array[written.offset + i] = d * d;
    }
  } else {
    const sum = sumSquares(x.array, x.offset, y.array, y.offset, size);
    written.array[written.offset] = reduction === 'mean' ? sum / size : sum;
  }
  finish(written, out);
}

/** Σ (x - y)² over a run, pairwise */
function sumSquares(x: NumberArray, xo: number, y: NumberArray, yo: number, n: number): number {
  if (n > 256) {
    const half = n >> 1;
    return sumSquares(x, xo, y, yo, half) + sumSquares(x, xo + half, y, yo + half, n - half);
  }
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const d = x[xo + i] - y[yo + i];
    sum += d * d;
  }
  return sum;
}

/** Smallest and largest element; NaN both when any element is NaN, and ±Infinity of nothing. */
export function range(a: Strided): [min: number, max: number] {
  const { array, offset } = dense(a);
  const end = offset + sizeOf(a.shape);
  let min = Infinity;
  let max = -Infinity;
  for (let i = offset; i < end; i++) {
    const value = array[i];
    if (Number.isNaN(value)) return [NaN, NaN];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}
