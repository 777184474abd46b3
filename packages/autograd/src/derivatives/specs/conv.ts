/** Specs of convolution and padding. */

import type { ConvOps, ConvParams, PadMode } from '@torsor/core';
import {
  conv1d,
  conv2d,
  convBackwardInput,
  convBackwardWeight,
  convTranspose1d,
  convTranspose2d,
  pad,
  padBackward,
} from '@torsor/core';
import type { Sample, Specs } from './spec.ts';
import { differentiable, sample } from './spec.ts';

const ANY = 'all numbers';

const PLAIN: ConvParams = { stride: [1], padding: [0], dilation: [1], groups: 1 };
const STRIDED: ConvParams = { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2 };

/** Two of each mode over one dim and over two, and their shapes before padding. */
function modes(run: (shape: readonly number[], pads: readonly number[], mode: PadMode) => Sample): readonly Sample[] {
  const all: readonly PadMode[] = ['constant', 'reflect', 'replicate', 'circular'];
  return all.flatMap((mode) => [
    run([2, 4], [1, 2], mode),
    run([1, 3, 3], [2, 0, 1, 1], mode),
    run([1, 1, 2, 4], [-1, 2, 0, 1], mode),
  ]);
}

function padded(shape: readonly number[], pads: readonly number[]): number[] {
  return shape.map((n, d) => {
    const at = 2 * (shape.length - 1 - d);
    return at < pads.length ? n + pads[at] + pads[at + 1] : n;
  });
}

export const convolutions: Specs<keyof ConvOps | 'pad' | 'padBackward'> = {
  convolution: differentiable(ANY, () => [
    sample('1-d', [[2, 2, 4], [2, 2, 3], [2]], (x, w, b) => conv1d(x, w, b)),
    sample(
      '1-d, without bias, padded, dilated',
      [
        [1, 1, 5],
        [2, 1, 2],
      ],
      (x, w) => conv1d(x, w, null, { padding: 1, dilation: 3 }),
    ),
    sample('unbatched', [[1, 4], [2, 1, 2], [2]], (x, w, b) => conv1d(x, w, b, 2)),
    sample('2-d', [[1, 2, 3, 3], [1, 2, 2, 3], [1]], (x, w, b) => conv2d(x, w, b, 1, [1, 0])),
    sample(
      '2-d, rows beyond the last window',
      [
        [1, 1, 4, 4],
        [1, 1, 2, 2],
      ],
      (x, w) => conv2d(x, w, null, 3),
    ),
    sample('groups', [[1, 2, 3, 2], [4, 1, 2, 1], [4]], (x, w, b) => conv2d(x, w, b, { groups: 2, stride: [2, 1] })),
    sample(
      'padding same',
      [
        [1, 1, 3, 2],
        [1, 1, 2, 2],
      ],
      (x, w) => conv2d(x, w, null, { padding: 'same' }),
    ),
    sample(
      '1×1',
      [
        [1, 2, 2, 2],
        [2, 2, 1, 1],
      ],
      (x, w) => conv2d(x, w),
    ),
    sample('no batch', [[0, 1, 3], [1, 1, 2], [1]], (x, w, b) => conv1d(x, w, b)),
    sample('transposed, 1-d', [[1, 2, 3], [2, 1, 2], [1]], (x, w, b) => convTranspose1d(x, w, b, 2)),
    sample(
      'transposed, output padding',
      [
        [1, 1, 2, 2],
        [1, 2, 2, 2],
      ],
      (x, w) => convTranspose2d(x, w, null, { stride: 2, padding: 1, outputPadding: 1 }),
    ),
    sample('transposed, groups, dilated', [[1, 2, 2], [2, 1, 2], [2]], (x, w, b) =>
      convTranspose1d(x, w, b, { groups: 2, dilation: 3, outputPadding: 2 }),
    ),
  ]),
  convBackwardInput: differentiable(ANY, () => [
    sample(
      '1-d',
      [
        [1, 2, 3],
        [2, 1, 2],
      ],
      (g, w) => convBackwardInput(g, w, [1, 1, 4], PLAIN),
    ),
    sample(
      'strided, padded, dilated, grouped',
      [
        [1, 2, 2, 1],
        [2, 1, 2, 2],
      ],
      (g, w) => convBackwardInput(g, w, [1, 2, 3, 3], STRIDED),
    ),
  ]),
  convBackwardWeight: differentiable(ANY, () => [
    sample(
      '1-d',
      [
        [1, 2, 3],
        [1, 1, 4],
      ],
      (g, x) => convBackwardWeight(g, x, [2, 1, 2], PLAIN),
    ),
    sample(
      'strided, padded, dilated, grouped',
      [
        [1, 2, 2, 1],
        [1, 2, 3, 3],
      ],
      (g, x) => convBackwardWeight(g, x, [2, 1, 2, 2], STRIDED),
    ),
  ]),
  pad: differentiable(ANY, () => [
    ...modes((shape, pads, mode) => sample(`${mode}, ${shape.length}-d`, [shape], (x) => pad(x, pads, mode))),
    sample('a constant', [[3]], (x) => pad(x, [1, 2], 'constant', 7)),
    sample('cropped', [[2, 5]], (x) => pad(x, [-1, -2, 1, 0])),
    sample('nothing', [[0]], (x) => pad(x, [1, 1])),
  ]),
  padBackward: differentiable(ANY, () =>
    modes((shape, pads, mode) =>
      sample(`${mode}, ${shape.length}-d`, [padded(shape, pads)], (g) => padBackward(g, shape, pads, mode)),
    ),
  ),
};
