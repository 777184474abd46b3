/** What an op costs beside its arithmetic. */

import * as t from 'torsor';
import type { Line } from '../row.ts';

/** The lesson's example, creation of the tensor included. */
function lesson(): void {
  const x = t.tensor(
    [
      [1, 2],
      [3, 4],
    ],
    { requiresGrad: true },
  );
  const y = x.sub(2);
  y.mul(y).mul(3).mean().backward();
}

export function lines(): Line[] {
  return [
    {
      name: 'add of two 2×2 tensors',
      work: { op: 'smallAdd', shapes: [[2, 2]] },
      atMostMs: 0.3e-3,
      make() {
        const x = t.rand(2, 2);
        return () => x.add(x);
      },
    },
    {
      name: "the lesson's 2×2 example, forward and backward",
      work: { op: 'lesson', shapes: [[2, 2]] },
      atMostMs: 6e-3,
      make: () => lesson,
    },
  ];
}
