/** Where the gradients of a pass are after so many of its steps. */

import { edgeKey } from './layout.ts';
import type { Pass, Step, Value } from './trace.ts';

export interface LeafGrad {
  readonly before: Value | null;
  /** Absent until the pass has come to the leaf. */
  readonly arrived?: Value;
  readonly after: Value | null;
}

export interface Flow {
  /** By `node:output`: the gradient so far. */
  readonly sums: ReadonlyMap<string, Value>;
  /** By `node:output`: what has been added up to it. */
  readonly parts: ReadonlyMap<string, readonly Value[]>;
  /** Edges along which something has gone. */
  readonly passed: ReadonlySet<string>;
  /** Those of the last step. */
  readonly passing: ReadonlySet<string>;
  /** The `.grad` of leaves. */
  readonly leaves: ReadonlyMap<number, LeafGrad>;
  /** Nodes that have run. */
  readonly ran: ReadonlySet<number>;
  /** The last step; none before the first. */
  readonly step: Step | undefined;
}

export const outputKey = (node: number, outputNr: number): string => `${node}:${outputNr}`;

export function flowAt(pass: Pass | undefined, count: number): Flow {
  const sums = new Map<string, Value>();
  const parts = new Map<string, Value[]>();
  const passed = new Set<string>();
  const leaves = new Map<number, LeafGrad>();
  const ran = new Set<number>();
  let passing = new Set<string>();
  const steps = pass?.steps ?? [];
  for (const { node, value } of pass?.grads ?? []) leaves.set(node, { before: value, after: value });
  for (const step of steps.slice(0, count)) {
    passing = new Set();
    if (step.kind === 'leaf') {
      leaves.set(step.node, { before: step.before, arrived: step.arrived, after: step.after });
      ran.add(step.node);
      continue;
    }
    if (step.kind === 'returned') continue;
    if (step.kind === 'node') ran.add(step.node);
    for (const { input, to, outputNr, gradient, sum } of step.deliveries) {
      const key = outputKey(to, outputNr);
      sums.set(key, sum);
      parts.set(key, [...(parts.get(key) ?? []), gradient]);
      if (step.kind === 'node') passing.add(edgeKey({ from: step.node, input }));
    }
    for (const edge of passing) passed.add(edge);
  }
  return { sums, parts, passed, passing, leaves, ran, step: steps[count - 1] };
}
