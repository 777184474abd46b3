/** Specs of views and of their gradients. */

import type { ViewOps } from '@torsor/core';
import {
  alias,
  asStrided,
  asStridedBackward,
  broadcastTo,
  chunk,
  diagonal,
  diagonalBackward,
  expand,
  flatten,
  movedim,
  narrow,
  permute,
  reshape,
  select,
  selectBackward,
  sliceBackward,
  split,
  squeeze,
  t,
  transpose,
  unbind,
  unflatten,
  unfold,
  unfoldBackward,
  unsqueeze,
  view,
} from '@torsor/core';
import type { Specs } from './spec.ts';
import { differentiable, fixedLayout, sample } from './spec.ts';

const ANY = 'all numbers';

export const views: Specs<keyof ViewOps> = {
  view: differentiable(ANY, () => [
    fixedLayout('another shape', [[2, 3]], (x) => view(x, [3, 2])),
    fixedLayout('an inferred size', [[2, 3]], (x) => x.view(-1)),
    fixedLayout('0-d as a vector', [[]], (x) => x.view(1)),
    fixedLayout('of a transpose, cutting a dim', [[4, 3]], (x) => x.t().view(3, 2, 2)),
    fixedLayout('of a slice with a step', [[6]], (x) => x.slice(0, 0, 6, 2).view(3, 1)),
    fixedLayout('empty', [[0, 2]], (x) => x.view(2, 0)),
    fixedLayout('flatten', [[2, 3, 2]], (x) => flatten(x, 1)),
    fixedLayout('unflatten', [[2, 6]], (x) => unflatten(x, -1, [2, -1])),
  ]),
  unsafeView: differentiable(ANY, () => [
    fixedLayout('of a transpose', [[2, 3]], (x) => reshape(x.t(), [6])),
    fixedLayout('of an expanded tensor', [[2, 1]], (x) => reshape(x.expand(2, 3), [3, 2])),
    fixedLayout('flatten of a permuted tensor', [[2, 3, 2]], (x) => x.permute(2, 0, 1).flatten()),
  ]),
  alias: differentiable(ANY, () => [
    sample('a matrix', [[2, 3]], (x) => alias(x)),
    sample('0-d', [[]], (x) => alias(x)),
  ]),
  t: differentiable(ANY, () => [
    sample('a matrix', [[2, 3]], (x) => t(x)),
    sample('a vector', [[3]], (x) => x.t()),
    sample('0-d', [[]], (x) => x.t()),
  ]),
  transpose: differentiable(ANY, () => [
    sample('negative dims', [[2, 3, 2]], (x) => transpose(x, 0, -1)),
    sample('one dim with itself', [[2, 3]], (x) => transpose(x, 1, 1)),
    sample('mT', [[2, 3, 2]], (x) => x.mT),
    sample('empty', [[0, 2]], (x) => x.transpose(0, 1)),
  ]),
  permute: differentiable(ANY, () => [
    sample('a cycle', [[2, 3, 4]], (x) => permute(x, [2, 0, 1])),
    sample('negative dims', [[2, 3]], (x) => x.permute(-1, 0)),
    sample('0-d', [[]], (x) => permute(x, [])),
    sample('movedim', [[2, 3, 2]], (x) => movedim(x, 0, -1)),
  ]),
  select: differentiable(ANY, () => [
    sample('a row', [[2, 3]], (x) => select(x, 0, 1)),
    sample('a negative dim and index', [[2, 3]], (x) => x.select(-1, -2)),
    sample('an element', [[3]], (x) => x.select(0, 0)),
    sample('of a transpose', [[2, 3]], (x) => x.t().select(0, 2)),
  ]),
  slice: differentiable(ANY, () => [
    sample('a step', [[5, 2]], (x) => x.slice(0, 1, 5, 2)),
    sample('negative bounds', [[2, 5]], (x) => x.slice(-1, -4, -1)),
    sample('to the end', [[4]], (x) => x.slice(0, 2)),
    sample('nothing', [[3]], (x) => x.slice(0, 2, 1)),
    sample('of an empty dim', [[0, 2]], (x) => x.slice(1, 1)),
    sample('narrow', [[2, 4]], (x) => narrow(x, 1, 1, 2)),
    sample('of a slice', [[7]], (x) => x.slice(0, 1, 7, 2).slice(0, 1)),
  ]),
  squeeze: differentiable(ANY, () => [
    sample('all', [[1, 2, 1, 3]], (x) => squeeze(x)),
    sample('one dim', [[2, 1, 3]], (x) => x.squeeze(-2)),
    sample('several dims', [[1, 2, 1]], (x) => squeeze(x, [0, 2])),
    sample('several dims, the last first', [[1, 2, 3, 1]], (x) => squeeze(x, [3, 0])),
    sample('a dim of another size', [[2, 3]], (x) => x.squeeze(0)),
    sample('0-d', [[]], (x) => x.squeeze()),
  ]),
  unsqueeze: differentiable(ANY, () => [
    sample('in front', [[2, 3]], (x) => unsqueeze(x, 0)),
    sample('behind', [[2, 3]], (x) => x.unsqueeze(-1)),
    sample('0-d', [[]], (x) => x.unsqueeze(0)),
    sample('empty', [[0]], (x) => x.unsqueeze(1)),
  ]),
  expand: differentiable(ANY, () => [
    sample('a dim', [[2, 1]], (x) => expand(x, [2, 3])),
    sample('new dims', [[3]], (x) => x.expand(2, 2, -1)),
    sample('0-d', [[]], (x) => x.expand(2, 2)),
    sample('to nothing', [[1, 2]], (x) => x.expand(0, 2)),
    sample('to its own shape', [[2, 3]], (x) => broadcastTo(x, [2, 3])),
  ]),
  unfold: differentiable(ANY, () => [
    sample('windows that overlap', [[5]], (x) => unfold(x, 0, 3, 1)),
    sample('windows apart', [[2, 7]], (x) => x.unfold(-1, 2, 3)),
    sample('along the first dim', [[4, 2]], (x) => x.unfold(0, 2, 2)),
    sample('0-d', [[]], (x) => x.unfold(0, 1, 1)),
  ]),
  diagonal: differentiable(ANY, () => [
    sample('the main one', [[3, 3]], (x) => diagonal(x)),
    sample('above', [[2, 4]], (x) => x.diagonal(1)),
    sample('below, of the last dims', [[2, 3, 2]], (x) => x.diagonal({ offset: -1, dim1: -2, dim2: -1 })),
    sample('dims exchanged', [[2, 2, 3]], (x) => x.diagonal(0, 2, 0)),
    sample('outside', [[2, 2]], (x) => x.diagonal(5)),
  ]),
  asStrided: differentiable(ANY, () => [
    fixedLayout('a diagonal', [[3, 3]], (x) => asStrided(x, [3], [4])),
    fixedLayout('overlapping windows', [[5]], (x) => asStrided(x, [3, 3], [1, 1])),
    fixedLayout('an offset', [[6]], (x) => x.asStrided([2, 2], [2, 1], 1)),
    fixedLayout('repeated', [[2]], (x) => x.asStrided([3, 2], [0, 1])),
    fixedLayout('0-d', [[3]], (x) => x.asStrided([], [], 2)),
    fixedLayout('of a view', [[6]], (x) => x.slice(0, 1).asStrided([2], [2])),
    fixedLayout('nothing', [[3]], (x) => x.asStrided([0, 2], [1, 1])),
    fixedLayout('of a transpose', [[2, 3]], (x) => x.t().asStrided([2, 2], [3, 1])),
    fixedLayout('of a slice with a step', [[6]], (x) => x.slice(0, 0, 6, 2).asStrided([2], [2], 2)),
  ]),
  split: differentiable(ANY, () => [
    sample('a size', [[5, 2]], (x) => split(x, 2)),
    sample('sizes', [[2, 5]], (x) => split(x, [2, 0, 3], -1)),
    sample('only some used', [[5]], (x) => split(x, 2).slice(1, 2)),
    sample('chunk', [[5]], (x) => chunk(x, 3)),
    sample('no entries', [[0, 2]], (x) => split(x, 2)),
  ]),
  unbind: differentiable(ANY, () => [
    sample('rows', [[2, 3]], (x) => unbind(x)),
    sample('columns', [[2, 3]], (x) => x.unbind(-1)),
    sample('only one used', [[3]], (x) => x.unbind()[1]),
  ]),

  selectBackward: differentiable(ANY, () => [sample('a column', [[2]], (g) => selectBackward(g, [2, 3], 1, 2))]),
  sliceBackward: differentiable(ANY, () => [
    sample('a step', [[2, 2]], (g) => sliceBackward(g, [5, 2], 0, 1, 5, 2)),
    sample('nothing', [[0]], (g) => sliceBackward(g, [3], 0, 1, 1, 1)),
  ]),
  unfoldBackward: differentiable(ANY, () => [
    sample('windows that overlap', [[3, 3]], (g) => unfoldBackward(g, [5], 0, 3, 1)),
  ]),
  diagonalBackward: differentiable(ANY, () => [
    sample('above', [[2, 2]], (g) => diagonalBackward(g, [2, 2, 3], 1, 1, 2)),
  ]),
  asStridedBackward: differentiable(ANY, () => [
    sample('overlapping windows', [[3, 2]], (g) => asStridedBackward(g, [5], [1, 1], 1)),
  ]),
};
