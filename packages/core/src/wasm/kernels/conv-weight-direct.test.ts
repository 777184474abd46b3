/** conv-weight-direct.ts against the sums in double precision, whatever convPath would choose. */

import { test } from 'uvu';
import type { FloatDType } from '../../dtype.ts';
import { itemBytes, viewArray } from '../../dtype.ts';
import type { Parts } from '../../fixtures/convShape.ts';
import { forEachProduct, shapeOf, sizesOf } from '../../fixtures/convShape.ts';
import { checkLaunch, layOut, testMemory } from '../../fixtures/kernelMemory.ts';
import { inStrictMode, runBackwards } from '../../fixtures/kernelRuns.ts';
import { weightDirectLaunches, weightDirectPlan } from './conv-weight-direct.ts';

const memory = testMemory(256);

/** Operands in [-1/2, 1/2]; sums of at most 2,000 products are right to some units of the last place of the largest. */
const TOLERANCE = { float32: 3e-6, float64: 1e-14 } as const;

function verify(dtype: FloatDType, parts: Parts): void {
  const c = shapeOf({ dtype, ...parts });
  const bytes = itemBytes(dtype);
  const view = viewArray(dtype, memory.buffer, 0, memory.buffer.byteLength / bytes) as Float32Array | Float64Array;
  const sizes = sizesOf(c);
  const laid = layOut(view, { x: sizes.x, grad: sizes.out }, sizes.weight);
  const { x, grad, out, scratch } = laid;
  const result = new Float64Array(sizes.weight);
  forEachProduct(c, (o, i, w) => {
    result[w] += view[grad + o] * view[x + i];
  });
  const { sharedBytes, scratchBytes } = weightDirectPlan(c);
  const own = scratch * bytes + sharedBytes;
  const launches = weightDirectLaunches(c, { x: x * bytes, grad: grad * bytes, out: out * bytes }, scratch * bytes);
  const wanted = { view, laid, scratchBytes: sharedBytes + scratchBytes, result, tolerance: TOLERANCE[dtype] };
  checkLaunch(`${dtype} ${JSON.stringify(parts)}`, wanted, () => runBackwards(launches, memory, own));
}

for (const strict of [false, true]) {
  for (const dtype of ['float32', 'float64'] as const) {
    const how = `${dtype}${strict ? ', in strict mode' : ''}`;
    const check = (parts: Parts) => {
      if (strict) inStrictMode(() => verify(dtype, parts));
      else verify(dtype, parts);
    };

    test(`lines of every length and runs of every number of taps, ${how}`, () => {
      for (const kw of [1, 2, 3, 4, 5, 6, 9, 11]) {
        for (const w of [11, 12, 13, 14, 15, 18, 19, 20])
          check({ n: 1, channels: [1, 3, 1], size: [2, w], kernel: [2, kw] });
      }
    });

    test(`output channels in pairs, singly and in tasks, and groups, ${how}`, () => {
      for (const channels of [
        [1, 1, 1],
        [2, 2, 1],
        [1, 7, 1],
        [3, 8, 1],
        [2, 9, 1],
        [2, 20, 1],
        [4, 4, 4],
        [6, 22, 2],
      ] as const) {
        for (const n of [1, 3]) check({ n, channels, size: [6, 13], kernel: [3, 5], padding: [1, 2] });
      }
    });

    test(`chunks of images meet without a seam, ${how}`, () => {
      // Three, six and all eight of them.
      for (const n of [4, 9, 11]) check({ n, channels: [3, 53, 1], size: [12, 14], kernel: [3, 5], padding: [1, 2] });
      check({ n: 3, channels: [80, 80, 80], size: [20, 26], kernel: [3, 3], padding: [1, 1] });
    });

    test(`strides and dilations, ${how}`, () => {
      for (const stride of [1, 2, 3]) {
        for (const dilation of [1, 2]) {
          for (const kw of [1, 3, 4, 5, 9]) {
            const rest = {
              kernel: [2, kw],
              padding: [1, 4],
              stride: [stride, stride],
              dilation: [dilation, dilation],
            } as const;
            check({ n: 2, channels: [2, 3, 1], size: [7, 22], ...rest });
          }
        }
      }
    });
  }
}

test.run();
