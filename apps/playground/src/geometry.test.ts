import { nn, rand, tensor } from 'torsor';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Axis } from './geometry.ts';
import { outputSize, reachOf, tapsOf } from './geometry.ts';

const F = nn.functional;

/** Every axis that the page can show, of a short input. */
function* axes(transposed: boolean): Generator<Axis> {
  for (const kernel of [1, 2, 3, 5])
    for (const stride of [1, 2, 3])
      for (const padding of [0, 1, 2])
        for (const dilation of [1, 2, 3]) {
          const axis = { input: 9, kernel, stride, padding, dilation, transposed };
          if (outputSize(axis) >= 1) yield axis;
        }
}

for (const transposed of [false, true]) {
  test(`the sum over an output's taps is what ${transposed ? 'convTranspose1d' : 'conv1d'} computes`, () => {
    for (const axis of axes(transposed)) {
      const { input, kernel, stride, padding, dilation } = axis;
      const [x, w] = [rand(1, 1, input), rand(1, 1, kernel)];
      const options = { stride, padding, dilation };
      const y = transposed ? F.convTranspose1d(x, w, options) : F.conv1d(x, w, options);
      const [xs, ws] = [x, w].map((t) => Array.from(t.toTypedArray(), Number));
      const sums = Array.from({ length: outputSize(axis) }, (_, output) =>
        tapsOf(axis, output).reduce((sum, { at, k }) => sum + (xs[at] ?? 0) * ws[k], 0),
      );
      assert.equal(y.shape, [1, 1, sums.length], JSON.stringify(axis));
      const error = y
        .sub(tensor(sums).reshape(1, 1, -1))
        .abs()
        .max()
        .item();
      // five products of numbers below 1, in float32
      assert.ok(error < 1e-6, `${JSON.stringify(axis)}: off by ${error}`);
    }
  });

  test(`${transposed ? 'stamps' : 'windows'} lead from inputs to outputs as they lead back`, () => {
    for (const axis of axes(transposed)) {
      const forth = Array.from({ length: axis.input }, (_, i) =>
        reachOf(axis, i).map(({ at, k }) => `${i} ${at} ${k}`),
      );
      const back = Array.from({ length: outputSize(axis) }, (_, o) =>
        tapsOf(axis, o)
          .filter(({ at }) => at >= 0 && at < axis.input)
          .map(({ at, k }) => `${at} ${o} ${k}`),
      );
      assert.equal(forth.flat().sort(), back.flat().sort(), JSON.stringify(axis));
    }
  });
}

test.run();
