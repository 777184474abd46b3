/** One step of an optimiser on 10⁷ parameters: a single pass over all that it reads and writes. */

import * as t from 'torsor';
import type { Line, Row, Run } from '../row.ts';

const COUNT = 10_000_000;

/** `arrays` counts each reading and each writing of an array of all parameters. */
function row(name: string, op: string, arrays: number, make: () => Run): Row {
  return { name, work: { op, shapes: [[COUNT]] }, bytes: 4 * COUNT * arrays, atLeast: { copy: 0.8 }, make };
}

/** A step of an optimiser whose parameter has a gradient. */
function stepOf(make: (params: t.Tensor[]) => t.optim.Optimizer<{ lr: number }>): () => Run {
  return () => {
    const param = t.rand(COUNT).requiresGrad_();
    param.grad = t.rand(COUNT);
    const optimizer = make([param]);
    return () => optimizer.step();
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
    row(
      'Adam, 10⁷',
      'adam',
      7,
      stepOf((params) => new t.optim.Adam(params)),
    ),
    row(
      'AdamW, 10⁷',
      'adamw',
      7,
      stepOf((params) => new t.optim.AdamW(params)),
    ),
    row(
      'RMSprop, 10⁷',
      'rmsprop',
      5,
      stepOf((params) => new t.optim.RMSprop(params)),
    ),
  ];
}
