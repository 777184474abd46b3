/** Specs of products. */

import type { MatmulOps } from '@torsor/core';
import { addmm, baddbmm, bmm, dot, einsum, linear, mm, mv, matmul as product } from '@torsor/core';
import type { Specs } from './spec.ts';
import { differentiable, sample } from './spec.ts';

export const products: Specs<keyof MatmulOps> = {
  dot: differentiable('all numbers', () => [
    sample('two vectors', [[3], [3]], (a, b) => dot(a, b)),
    sample('by itself', [[3]], (a) => a.dot(a)),
    sample('empty vectors', [[0], [0]], (a, b) => dot(a, b)),
    sample('matmul of vectors', [[2], [2]], (a, b) => product(a, b)),
  ]),
  mv: differentiable('all numbers', () => [
    sample('2×3', [[2, 3], [3]], (a, x) => mv(a, x)),
    sample('a transposed matrix', [[3, 2], [3]], (a, x) => a.t().mv(x)),
    sample('an expanded vector', [[2, 3], [1]], (a, x) => a.mv(x.expand(3))),
    sample('no columns', [[2, 0], [0]], (a, x) => mv(a, x)),
    sample('no rows', [[0, 2], [2]], (a, x) => mv(a, x)),
    sample('a batch of matrices', [[2, 2, 3], [3]], (a, x) => product(a, x)),
  ]),
  mm: differentiable('all numbers', () => [
    sample(
      '2×3 · 3×4',
      [
        [2, 3],
        [3, 4],
      ],
      (a, b) => mm(a, b),
    ),
    sample('by its own transpose', [[2, 3]], (a) => a.mm(a.t())),
    sample(
      'both transposed',
      [
        [3, 2],
        [4, 3],
      ],
      (a, b) => a.t().mm(b.t()),
    ),
    sample(
      'sliced with steps',
      [
        [4, 3],
        [3, 4],
      ],
      (a, b) => a.slice(0, 0, 4, 2).mm(b.slice(1, 1, 4, 2)),
    ),
    sample(
      'an expanded column',
      [
        [2, 1],
        [3, 2],
      ],
      (a, b) => a.expand(2, 3).mm(b),
    ),
    sample(
      '1×1',
      [
        [1, 1],
        [1, 1],
      ],
      (a, b) => mm(a, b),
    ),
    sample(
      'one row',
      [
        [1, 3],
        [3, 2],
      ],
      (a, b) => mm(a, b),
    ),
    sample(
      'nothing to sum',
      [
        [2, 0],
        [0, 3],
      ],
      (a, b) => mm(a, b),
    ),
    sample(
      'no rows',
      [
        [0, 2],
        [2, 3],
      ],
      (a, b) => mm(a, b),
    ),
    sample('a vector times a matrix', [[3], [3, 2]], (a, b) => product(a, b)),
    sample(
      'a batch times a matrix',
      [
        [2, 2, 3],
        [3, 2],
      ],
      (a, b) => product(a, b),
    ),
    sample(
      'linear without bias',
      [
        [2, 3],
        [4, 3],
      ],
      (x, w) => linear(x, w),
    ),
  ]),
  bmm: differentiable('all numbers', () => [
    sample(
      'two products',
      [
        [2, 2, 3],
        [2, 3, 2],
      ],
      (a, b) => bmm(a, b),
    ),
    sample(
      'transposed',
      [
        [2, 3, 2],
        [2, 2, 3],
      ],
      (a, b) => a.mT.bmm(b.mT),
    ),
    sample(
      'no batch',
      [
        [0, 2, 3],
        [0, 3, 2],
      ],
      (a, b) => bmm(a, b),
    ),
    sample(
      'nothing to sum',
      [
        [2, 2, 0],
        [2, 0, 3],
      ],
      (a, b) => bmm(a, b),
    ),
    sample(
      'batches that broadcast',
      [
        [2, 1, 1, 2],
        [3, 2, 1],
      ],
      (a, b) => product(a, b),
    ),
    sample(
      'einsum',
      [
        [2, 3],
        [3, 2],
      ],
      (a, b) => einsum('ij,jk->ik', a, b),
    ),
    sample(
      'baddbmm',
      [
        [2, 2],
        [2, 2, 1],
        [2, 1, 2],
      ],
      (c, a, b) => baddbmm(c, a, b, { beta: 2, alpha: -1 }),
    ),
  ]),
  addmm: differentiable('all numbers', () => [
    sample(
      'a matrix',
      [
        [2, 2],
        [2, 3],
        [3, 2],
      ],
      (c, a, b) => addmm(c, a, b),
    ),
    sample('a row, factors', [[2], [2, 3], [3, 2]], (c, a, b) => addmm(c, a, b, { beta: 0.5, alpha: -2 })),
    sample(
      'a column',
      [
        [2, 1],
        [2, 3],
        [3, 2],
      ],
      (c, a, b) => addmm(c, a, b),
    ),
    sample('a 0-d tensor', [[], [2, 3], [3, 2]], (c, a, b) => addmm(c, a, b)),
    sample('beta 0', [[2], [2, 3], [3, 2]], (c, a, b) => addmm(c, a, b, { beta: 0 })),
    sample('linear', [[2, 3], [4, 3], [4]], (x, w, b) => linear(x, w, b)),
    sample('linear of no rows', [[0, 3], [4, 3], [4]], (x, w, b) => linear(x, w, b)),
    sample('nothing to sum', [[2], [2, 0], [0, 2]], (c, a, b) => addmm(c, a, b)),
  ]),
};
