/**
 * Reference kernels of softmax along one dimension, in double precision.
 */

import type { Strided } from '../layout.ts';
import * as exact from './exactMath.ts';
import { packed } from './reduce.ts';
import { eachLine, line } from './scan.ts';

/** Scratch: e^(x - max) of a line; returns max and the sum of it. */
function exponentials(x: Float64Array, at: number, step: number, n: number, e: Float64Array): number {
  let max = -Infinity;
  for (let i = 0, p = at; i < n; i++, p += step) {
    const v = x[p];
    if (v > max) max = v;
  }
  let sum = 0;
  for (let i = 0, p = at; i < n; i++, p += step) {
    const v = exact.exp(x[p] - max);
    e[i] = v;
    sum += v;
  }
  e[n] = max;
  return sum;
}

/** `e^x / Σ e^x` along `dim`; NaN throughout a line that holds a NaN or +Infinity, or nothing but -Infinity. */
export function softmax(a: Strided, dim: number, out: Strided): void {
  const x = a.array as Float64Array;
  const y = out.array as Float64Array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  const e = new Float64Array(n + 1);
  eachLine(a, dim, out.strides, out.offset, (at, to) => {
    const scale = 1 / exponentials(x, at, step, n, e);
    for (let i = 0; i < n; i++, to += outStep) y[to] = e[i] * scale;
  });
}

/** `x - log Σ e^x` along `dim`. */
export function logSoftmax(a: Strided, dim: number, out: Strided): void {
  const x = a.array as Float64Array;
  const y = out.array as Float64Array;
  const [n, step] = line(a, dim);
  const [, outStep] = line(out, dim);
  const e = new Float64Array(n + 1);
  eachLine(a, dim, out.strides, out.offset, (at, to) => {
    const log = exact.log(exponentials(x, at, step, n, e));
    const max = e[n];
    for (let i = 0, p = at; i < n; i++, p += step, to += outStep) y[to] = x[p] - max - log;
  });
}

/** `y (g - Σ g y)` along `dim`: the gradient of softmax with the result y. All operands are contiguous. */
export function softmaxBackward(grad: Strided, result: Strided, dim: number, out: Strided): void {
  backward(
    grad,
    result,
    dim,
    out,
    (g, y) => g * y,
    (g, y, sum) => y * (g - sum),
  );
}

/** `g - e^y Σ g` along `dim`: the gradient of the logarithm of softmax with the result y. */
export function logSoftmaxBackward(grad: Strided, result: Strided, dim: number, out: Strided): void {
  backward(
    grad,
    result,
    dim,
    out,
    (g) => g,
    (g, y, sum) => g - exact.exp(y) * sum,
  );
}

function backward(
  grad: Strided,
  result: Strided,
  dim: number,
  out: Strided,
  term: (g: number, y: number) => number,
  derivative: (g: number, y: number, sum: number) => number,
): void {
  const g = packed(grad);
  const y = packed(result);
  const [gs, ys, to] = [g.array as Float64Array, y.array as Float64Array, out.array as Float64Array];
  const [n, step] = line(out, dim);
  eachLine(out, dim, out.strides, 0, (at, place) => {
    let sum = 0;
    for (let i = 0, p = place; i < n; i++, p += step) sum += term(gs[g.offset + p], ys[y.offset + p]);
    for (let i = 0, p = place; i < n; i++, p += step, at += step) {
      to[at] = derivative(gs[g.offset + p], ys[y.offset + p], sum);
    }
  });
}
