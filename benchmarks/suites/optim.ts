/** One step of an optimiser on 10⁷ parameters: a single pass over all that it reads and writes. */

import * as t from 'torsor';
import type { Line, Row, Run } from '../row.ts';

const COUNT = 10_000_000;

/** `arrays` counts each reading and each writing of an array of all parameters. */
function row(name: string, op: string, arrays: number, make: () => Run): Row {
  return { name, work: { op, shapes: [[COUNT]] }, bytes: 4 * COUNT * arrays, atLeast: { copy: 0.8 }, make };
}

function adam(options: { readonly weightDecay?: number; readonly decoupled?: boolean }) {
  return (): Run => {
    const [param, grad] = [t.rand(COUNT), t.rand(COUNT)];
    const state = { expAvg: t.zeros(COUNT), expAvgSq: t.zeros(COUNT) };
    let step = 0;
    return () => t.adamStep(param, grad, state, { step: ++step, lr: 1e-3, ...options });
  };
}

export function lines(): Line[] {
  return [
    row('SGD, 10⁷', 'sgd', 3, () => {
      const [param, grad] = [t.rand(COUNT), t.rand(COUNT)];
      return () => t.sgdStep(param, grad, null, { lr: 1e-3 });
    }),
    row('SGD with momentum, 10⁷', 'sgdMomentum', 5, () => {
      const [param, grad, buffer] = [t.rand(COUNT), t.rand(COUNT), t.zeros(COUNT)];
      return () => t.sgdStep(param, grad, buffer, { lr: 1e-3, momentum: 0.9 });
    }),
    row('Adam, 10⁷', 'adam', 7, adam({})),
    row('AdamW, 10⁷', 'adamw', 7, adam({ weightDecay: 0.01, decoupled: true })),
  ];
}
