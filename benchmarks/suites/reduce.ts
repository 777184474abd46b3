/** Reductions, and what normalises by them. */

import type { Tensor } from 'torsor';
import * as t from 'torsor';
import { count, type Line, type Row, type Run } from '../row.ts';

const shape = [1024, 1024];
const atLeast = { copy: 0.6 };

const reductions: Record<string, (x: Tensor, dim: number | null) => unknown> = {
  sum: (x, dim) => (dim === null ? t.sum(x) : t.sum(x, dim)),
  mean: (x, dim) => (dim === null ? t.mean(x) : t.mean(x, dim)),
  max: (x, dim) => (dim === null ? t.max(x) : t.max(x, dim)),
  argmax: (x, dim) => (dim === null ? t.argmax(x) : t.argmax(x, dim)),
  var: (x, dim) => (dim === null ? t.variance(x) : t.variance(x, dim)),
};

function reductionRow(op: string, dim: number | null): Row {
  const over = dim === null ? 'all' : dim === 0 ? 'columns' : 'rows';
  return {
    name: `${op} of ${over}, 1024²`,
    work: { op, shapes: [shape], dim },
    bytes: 4 * (count(shape) + (dim === null ? 1 : 1024)),
    atLeast,
    make() {
      const x = t.randn(...shape);
      return () => reductions[op](x, dim);
    },
  };
}

/** Forward reads and writes once; backward reads the gradient and what forward kept, and writes once. */
const PASSES = { forward: 2, both: 5 };

/** A function that keeps the shape (or gives a loss), forward, and with its gradient to every operand. */
function normaliserRows(
  op: string,
  input: readonly number[],
  dim: number | null,
  setUp: (needsGrad: boolean) => { inputs: Tensor[]; apply: () => Tensor },
  lossLike = false,
): Row[] {
  const bytes = 4 * count(input);
  const run = (pass: 'forward' | 'both') => (): Run => {
    const { inputs, apply } = setUp(pass === 'both');
    if (pass === 'forward') return () => t.noGrad(apply);
    const grad = lossLike ? undefined : t.rand(...input);
    return () => {
      const y = apply();
      return t.autograd.grad(y, inputs, grad === undefined ? {} : { gradOutputs: grad });
    };
  };
  const work = { op, shapes: [input], dim };
  return (['forward', 'both'] as const).map((pass) => ({
    name: `${op}${pass === 'both' ? ', with gradient' : ''}, ${input.join('×')}`,
    work: { ...work, pass },
    bytes: (lossLike ? PASSES[pass] - 1 : PASSES[pass]) * bytes,
    atLeast,
    make: run(pass),
  }));
}

export function lines(): Line[] {
  const image = [32, 64, 28, 28];
  const logits = [4096, 256];
  const leaf = (needed: boolean, ...sizes: number[]) => t.rand(...sizes).requiresGrad_(needed);
  const over = (dim: number) => (f: (x: Tensor, dim: number) => Tensor) => (needed: boolean) => {
    const x = leaf(needed, ...shape);
    return { inputs: [x], apply: () => f(x, dim) };
  };
  return [
    ...Object.keys(reductions).flatMap((op) => [null, 0, 1].map((dim) => reductionRow(op, dim))),
    ...normaliserRows('softmax', shape, 1, over(1)(t.softmax)),
    ...normaliserRows('softmax of columns', shape, 0, over(0)(t.softmax)).map((row) => ({
      ...row,
      work: row.work && { ...row.work, op: 'softmax' },
    })),
    ...normaliserRows('logSoftmax', shape, 1, over(1)(t.logSoftmax)),
    ...normaliserRows(
      'crossEntropy',
      logits,
      null,
      (needed) => {
        const [x, labels] = [leaf(needed, ...logits), t.randint(256, [4096])];
        return { inputs: [x], apply: () => t.crossEntropy(x, labels) };
      },
      true,
    ),
    ...normaliserRows('layerNorm', shape, null, (needed) => {
      const [x, w, b] = [leaf(needed, ...shape), leaf(needed, 1024), leaf(needed, 1024)];
      return { inputs: [x, w, b], apply: () => t.nn.functional.layerNorm(x, [1024], w, b) };
    }),
    ...normaliserRows('batchNorm', image, null, (needed) => {
      const [x, w, b] = [leaf(needed, ...image), leaf(needed, 64), leaf(needed, 64)];
      const [mean, variance] = [t.zeros(64), t.ones(64)];
      return { inputs: [x, w, b], apply: () => t.batchNorm(x, mean, variance, w, b, { training: true }) };
    }),
  ];
}
