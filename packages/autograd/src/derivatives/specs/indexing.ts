/** Specs of indexing and joining. */

import type { IndexOps } from '@torsor/core';
import {
  cat,
  embedding,
  flip,
  fliplr,
  gather,
  hstack,
  index,
  indexAdd,
  indexCopy,
  indexPut,
  indexSelect,
  maskedSelect,
  nonzero,
  repeat,
  roll,
  scatter,
  scatterAdd,
  stack,
  take,
  takeAlongDim,
  tril,
  triu,
} from '@torsor/core';
import type { Specs } from './spec.ts';
import { differentiable, flat, indices, input, mask, sample } from './spec.ts';

const ANY = 'all numbers';

export const indexings: Specs<keyof IndexOps> = {
  cat: differentiable(ANY, () => [
    sample(
      'along the first dim',
      [
        [2, 3],
        [1, 3],
      ],
      (...parts) => cat(parts),
    ),
    sample(
      'along a negative dim',
      [
        [2, 2],
        [2, 1],
        [2, 3],
      ],
      (...parts) => cat(parts, -1),
    ),
    sample('with itself', [[3]], (x) => cat([x, x])),
    sample('a legacy empty vector', [[0], [2, 2]], (...parts) => cat(parts, 1)),
    sample(
      'a part without entries',
      [
        [2, 0],
        [2, 2],
      ],
      (...parts) => cat(parts, 1),
    ),
    sample('beside a constant', [[2, 2]], (x) => cat([input([2, 1]).to(x.dtype), x], 1)),
    sample('hstack', [[2], [3]], (...parts) => hstack(parts)),
  ]),
  stack: differentiable(ANY, () => [
    sample(
      'in front',
      [
        [2, 3],
        [2, 3],
      ],
      (...parts) => stack(parts),
    ),
    sample('behind', [[3], [3]], (...parts) => stack(parts, -1)),
    sample('0-d tensors', [[], [], []], (...parts) => stack(parts)),
    sample('beside a constant', [[2]], (x) => stack([input([2]).to(x.dtype), x], 1)),
  ]),
  gather: differentiable(ANY, () => [
    sample('repeated indices', [[2, 3]], (x) => gather(x, 1, indices([0, 0, 2, 1, 1, 1], [2, 3]))),
    sample('fewer of them, along the first dim', [[3, 2]], (x) => gather(x, -2, indices([2, 0], [2, 1]))),
    sample('0-d', [[]], (x) => gather(x, 0, indices([0], []))),
    sample('nothing', [[2, 3]], (x) => gather(x, 1, indices([], [2, 0]))),
    sample('takeAlongDim', [[2, 3]], (x) => takeAlongDim(x, x.argmax(1, true), 1)),
  ]),
  scatter: differentiable('no place twice', () => [
    sample(
      'a tensor',
      [
        [2, 3],
        [2, 2],
      ],
      (x, src) => scatter(x, 1, indices([0, 2, 1, 0], [2, 2]), src),
    ),
    sample('a number', [[2, 3]], (x) => scatter(x, 0, indices([1, 0, 1], [1, 3]), 5)),
    sample(
      'more in src than is used',
      [
        [3, 3],
        [3, 3],
      ],
      (x, src) => scatter(x, -1, indices([2, 0], [1, 2]), src),
    ),
    sample('0-d', [[], []], (x, src) => scatter(x, 0, indices([0], []), src)),
    sample('in place', [[3], [2]], (x, src) => x.clone().scatter_(0, indices([2, 0]), src)),
    sample(
      'indexCopy',
      [
        [3, 2],
        [2, 2],
      ],
      (x, src) => indexCopy(x, 0, indices([2, 0]), src),
    ),
  ]),
  scatterAdd: differentiable(ANY, () => [
    sample(
      'places twice',
      [
        [2, 3],
        [2, 3],
      ],
      (x, src) => scatterAdd(x, 1, indices([0, 0, 1, 2, 2, 2], [2, 3]), src),
    ),
    sample(
      'more in src than is used',
      [
        [3, 2],
        [3, 2],
      ],
      (x, src) => scatterAdd(x, 0, indices([2, 0], [1, 2]), src),
    ),
    sample('0-d', [[], []], (x, src) => scatterAdd(x, 0, indices([0], []), src)),
    sample('in place', [[3], [2]], (x, src) => x.clone().scatterAdd_(0, indices([2, 2]), src)),
  ]),
  indexSelect: differentiable(ANY, () => [
    sample('repeated rows', [[3, 2]], (x) => indexSelect(x, 0, indices([2, 0, 2]))),
    sample('columns', [[2, 3]], (x) => x.indexSelect(-1, indices([1]))),
    sample('nothing', [[3, 2]], (x) => indexSelect(x, 0, indices([]))),
    sample('0-d', [[]], (x) => indexSelect(x, 0, indices([0]))),
    sample('embedding', [[4, 2]], (w) => embedding(w, indices([1, 3, 3, 0], [2, 2]))),
  ]),
  indexAdd: differentiable(ANY, () => [
    sample(
      'rows twice',
      [
        [3, 2],
        [3, 2],
      ],
      (x, src) => indexAdd(x, 0, indices([0, 2, 0]), src),
    ),
    sample(
      'columns, alpha',
      [
        [2, 3],
        [2, 2],
      ],
      (x, src) => indexAdd(x, -1, indices([2, 1]), src, { alpha: -2.5 }),
    ),
    sample('0-d', [[], []], (x, src) => indexAdd(x, 0, indices([0]), src)),
    sample('in place', [[3], [2]], (x, src) => x.clone().indexAdd_(0, indices([2, 2]), src)),
  ]),
  index: differentiable(ANY, () => [
    sample('rows, negative too', [[3, 2]], (x) => index(x, [indices([2, -1, 0])])),
    sample('pairs', [[3, 2]], (x) => index(x, [indices([0, 2, 0]), indices([1, 0, 1])])),
    sample('columns', [[2, 3]], (x) => index(x, [null, indices([1, 1, 0, 2], [2, 2])])),
    sample('dims apart', [[2, 3, 2]], (x) => index(x, [indices([0, 1]), null, indices([1, 0])])),
    sample('a mask', [[2, 3]], (x) => index(x, [mask([2, 3])])),
    sample('nothing', [[3]], (x) => index(x, [indices([])])),
    sample('take', [[2, 3]], (x) => take(x, indices([5, 0, -1]))),
  ]),
  indexPut: differentiable('no place twice, unless they add up', () => [
    sample('pairs', [[3, 2], [2]], (x, v) => indexPut(x, [indices([0, 2]), indices([1, 0])], v)),
    sample('added up', [[3, 2], [3]], (x, v) => indexPut(x, [indices([0, 2, 0]), indices([1, 0, 1])], v, true)),
    sample('rows, broadcast values', [[3, 2], []], (x, v) => indexPut(x, [indices([2, 0])], v)),
    sample(
      'columns, broadcast values',
      [
        [2, 3],
        [2, 1],
      ],
      (x, v) => indexPut(x, [null, indices([2, 0])], v),
    ),
    sample('a mask', [[2, 3], [1]], (x, v) => indexPut(x, [mask([2, 3])], v)),
    sample('a number', [[3]], (x) => indexPut(x, [indices([1])], 4)),
    sample('in place', [[3], [1]], (x, v) => x.clone().indexPut_([indices([-1])], v)),
  ]),
  maskedSelect: differentiable(ANY, () => [
    sample('a matrix', [[2, 3]], (x) => maskedSelect(x, mask([2, 3]))),
    sample('a mask that broadcasts', [[2, 3]], (x) => maskedSelect(x, mask([3]))),
    sample('a self that broadcasts', [[3]], (x) => maskedSelect(x, mask([2, 3]))),
    sample('both broadcast', [[3, 1]], (x) => maskedSelect(x, mask([1, 4]))),
    sample('0-d', [[]], (x) => maskedSelect(x, mask([]))),
    sample('nothing', [[0, 2]], (x) => maskedSelect(x, mask([2]))),
    sample('none', [[2]], (x) => maskedSelect(x, mask([2]).logicalAnd(0))),
  ]),
  nonzero: flat(sample('a matrix', [[2, 3]], (x) => nonzero(x))),
  flip: differentiable(ANY, () => [
    sample('one dim', [[2, 3]], (x) => flip(x, 0)),
    sample('several, negative', [[2, 3, 2]], (x) => x.flip(-1, 0)),
    sample('none', [[2]], (x) => flip(x, [])),
    sample('0-d', [[]], (x) => flip(x, [])),
    sample('fliplr', [[2, 3]], (x) => fliplr(x)),
  ]),
  roll: differentiable(ANY, () => [
    sample('one dim', [[3, 2]], (x) => roll(x, 1, 0)),
    sample('several, negative', [[2, 3]], (x) => roll(x, [-1, 5], [0, -1])),
    sample('one dim twice', [[5]], (x) => roll(x, [1, 3], [0, 0])),
    sample('flattened', [[2, 3]], (x) => x.roll(2)),
    sample('nothing', [[0, 2]], (x) => roll(x, 1, 0)),
    sample('0-d', [[]], (x) => roll(x, 1)),
  ]),
  repeat: differentiable(ANY, () => [
    sample('a dim', [[2, 3]], (x) => repeat(x, [1, 2])),
    sample('new dims', [[2]], (x) => x.repeat(3, 1, 2)),
    sample('no times', [[2]], (x) => repeat(x, [0])),
    sample('0-d', [[]], (x) => x.repeat(2)),
    sample('once', [[]], (x) => repeat(x, [])),
    sample('nothing', [[0, 2]], (x) => repeat(x, [2, 2])),
  ]),
  tril: differentiable(ANY, () => [
    sample('a matrix', [[3, 3]], (x) => tril(x)),
    sample('a batch, above the diagonal', [[2, 2, 3]], (x) => x.tril(1)),
    sample('below', [[3, 2]], (x) => tril(x, -1)),
  ]),
  triu: differentiable(ANY, () => [
    sample('a matrix', [[3, 3]], (x) => triu(x)),
    sample('a batch, above the diagonal', [[2, 2, 3]], (x) => x.triu(1)),
    sample('below', [[3, 2]], (x) => triu(x, -1)),
  ]),
};
