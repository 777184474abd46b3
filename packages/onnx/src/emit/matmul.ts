/** Products of vectors and matrices. */

import type { MatmulOps } from '@torsor/core';
import { isFloating } from '@torsor/core';
import type { Graph } from '../graph.ts';
import { Float } from '../model.ts';
import type { Value } from '../runs.ts';
import type { Emitter, Rules } from './rule.ts';

const product: Emitter<readonly [Value, Value]> = (g, [a, b]) => g.node('MatMul', [g.name(a), g.name(b)]);

/** The matrix that a constant one is the transposed of: a weight as the state dict has it. */
function transposedOf({ read, step }: Value): Value | null {
  if (read === null || step === null) return null;
  const [first, ...rest] = step.args as readonly [Value, ...unknown[]];
  const isTransposed = step.op === 't' || (step.op === 'transpose' && rest.includes(0) && rest.includes(1));
  return isTransposed && first.shape.length === 2 ? first : null;
}

/** a · b + c as one node, which takes weights as they are stored. */
function gemm(g: Graph, a: Value, b: Value, c: string, alpha: number, beta: number): string {
  const stored = transposedOf(b);
  return g.node('Gemm', [g.name(a), g.name(stored ?? b), c], {
    ...(alpha === 1 ? {} : { alpha: new Float(alpha) }),
    ...(beta === 1 ? {} : { beta: new Float(beta) }),
    ...(stored === null ? {} : { transB: 1 }),
  });
}

export const products: Rules<keyof MatmulOps> = {
  dot: product,
  mv: product,
  mm: (g, [a, b]) =>
    isFloating(a.dtype) && transposedOf(b) !== null
      ? gemm(g, a, b, '', 1, 1)
      : g.node('MatMul', [g.name(a), g.name(b)]),
  bmm: product,
  addmm: (g, [self, a, b, beta, alpha]) => {
    // no addend at all, as its NaNs do not count
    if (isFloating(a.dtype)) return gemm(g, a, b, beta === 0 ? '' : g.name(self), alpha, beta === 0 ? 1 : beta);
    const scale = (name: string, by: number): string =>
      by === 1 ? name : g.node('Mul', [name, g.scalar(by, a.dtype)]);
    const term = scale(g.node('MatMul', [g.name(a), g.name(b)]), alpha);
    return beta === 0 ? term : g.node('Add', [term, scale(g.name(self), beta)]);
  },
};
