/** Specs of pooling. */

import type { AvgPoolParams, PoolOps } from '@torsor/core';
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPoolBackward,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  avgPoolBackward,
  maxPool1d,
  maxPool2d,
  maxPoolBackward,
  maxPoolGather,
} from '@torsor/core';
import type { Specs } from './spec.ts';
import { differentiable, indices, sample } from './spec.ts';

const ANY = 'all numbers';

const WINDOW: AvgPoolParams = {
  kernelSize: [2, 2],
  stride: [1, 2],
  padding: [1, 0],
  dilation: [1, 1],
  ceilMode: false,
  countIncludePad: false,
  divisorOverride: null,
};

export const pools: Specs<Exclude<keyof PoolOps, 'pad' | 'padBackward'>> = {
  maxPool: differentiable('no ties', () => [
    sample('1-d', [[2, 1, 4]], (x) => maxPool1d(x, 2)),
    sample('windows that overlap, padded', [[1, 5]], (x) => maxPool1d(x, 3, 1, 1)),
    sample('2-d', [[1, 2, 4, 3]], (x) => maxPool2d(x, 2)),
    sample('dilated, rounded up', [[1, 5, 4]], (x) => maxPool2d(x, 2, { stride: 2, dilation: [2, 1], ceilMode: true })),
    sample('with indices', [[1, 1, 2, 4]], (x) => maxPool2d(x, 2, { returnIndices: true })),
    sample('no batch', [[0, 1, 4]], (x) => maxPool1d(x, 2)),
  ]),
  maxPoolBackward: differentiable(ANY, () => [
    sample('a place twice', [[1, 1, 3]], (g) => maxPoolBackward(g, indices([0, 3, 3], [1, 1, 3]), [1, 1, 4], 1)),
    sample('2-d', [[1, 2, 1, 2]], (g) => maxPoolBackward(g, indices([0, 3, 5, 2], [1, 2, 1, 2]), [1, 2, 2, 3], 2)),
  ]),
  maxPoolGather: differentiable(ANY, () => [
    sample('a place twice', [[1, 1, 4]], (x) => maxPoolGather(x, indices([0, 3, 3], [1, 1, 3]), 1)),
    sample('2-d', [[1, 2, 2, 3]], (x) => maxPoolGather(x, indices([0, 3, 5, 2], [1, 2, 1, 2]), 2)),
  ]),
  avgPool: differentiable(ANY, () => [
    sample('1-d', [[2, 1, 5]], (x) => avgPool1d(x, 2)),
    sample('padding counts', [[1, 4]], (x) => avgPool1d(x, 3, 1, 1)),
    sample('padding does not count', [[1, 4]], (x) =>
      avgPool1d(x, 3, { stride: 1, padding: 1, countIncludePad: false }),
    ),
    sample('2-d, rounded up', [[1, 2, 3, 4]], (x) => avgPool2d(x, 2, { stride: [2, 3], ceilMode: true })),
    sample('another divisor', [[1, 1, 2, 4]], (x) => avgPool2d(x, 2, { divisorOverride: 3 })),
    sample('no batch', [[0, 1, 4]], (x) => avgPool1d(x, 2)),
  ]),
  avgPoolBackward: differentiable(ANY, () => [
    sample('padded', [[1, 1, 4, 1]], (g) => avgPoolBackward(g, [1, 1, 3, 3], WINDOW)),
  ]),
  adaptiveAvgPool: differentiable(ANY, () => [
    sample('1-d, windows that overlap', [[1, 2, 5]], (x) => adaptiveAvgPool1d(x, 3)),
    sample('2-d', [[1, 1, 4, 3]], (x) => adaptiveAvgPool2d(x, [2, null])),
    sample('to one', [[1, 2, 3, 3]], (x) => adaptiveAvgPool2d(x, 1)),
    sample('to more than there is', [[1, 2]], (x) => adaptiveAvgPool1d(x, 5)),
  ]),
  adaptiveAvgPoolBackward: differentiable(ANY, () => [
    sample('1-d, windows that overlap', [[1, 1, 3]], (g) => adaptiveAvgPoolBackward(g, [1, 1, 5], [3])),
  ]),
  adaptiveMaxPool: differentiable('no ties', () => [
    sample('1-d, windows that overlap', [[1, 2, 5]], (x) => adaptiveMaxPool1d(x, 3)),
    sample('2-d, with indices', [[1, 1, 4, 3]], (x) => adaptiveMaxPool2d(x, [2, null], true)),
  ]),
};
