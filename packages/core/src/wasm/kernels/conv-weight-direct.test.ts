/** conv-weight-direct.ts against the sums in double precision, whatever convPath would choose. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FloatDType } from '../../dtype.ts';
import { itemBytes, viewArray } from '../../dtype.ts';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { setStrict } from '../features.ts';
import { kernel } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { weightDirectLaunch, weightDirectPlan } from './conv-weight-direct.ts';

const memory = testMemory(256);

/** Operands in [-1/2, 1/2]; sums of at most 2,000 products are right to some units of the last place of the largest. */
const TOLERANCE = { float32: 3e-6, float64: 1e-14 } as const;
/** So many guards stand before and behind. */
const GUARDS = 16;

interface Given {
  readonly n: number;
  /** Input and output channels, groups. */
  readonly channels: readonly [number, number, number];
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly pad?: readonly [number, number];
  readonly dilation?: readonly [number, number];
}

function shapeOf(dtype: FloatDType, given: Given): ConvShape {
  const { n, channels, size, kernel: taps, stride = [1, 1], pad = [0, 0], dilation = [1, 1] } = given;
  const [cin, cout, groups] = channels;
  const [oh, ow] = size.map((s, d) => Math.floor((s + 2 * pad[d] - (taps[d] - 1) * dilation[d] - 1) / stride[d]) + 1);
  const [strideH, strideW] = stride;
  const [dilationH, dilationW] = dilation;
  const [[h, w], [kh, kw], [padTop, padLeft]] = [size, taps, pad];
  return { dtype, n, cin, h, w, cout, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups };
}

function verify(dtype: FloatDType, given: Given): void {
  const c = shapeOf(dtype, given);
  const bytes = itemBytes(dtype);
  const all = viewArray(dtype, memory.buffer, 0, memory.buffer.byteLength / bytes) as Float64Array;
  const next = randoms(1);
  let end = 64;
  const place = (size: number): number => {
    const at = end;
    for (let i = 0; i < size; i++) all[end++] = next();
    return at;
  };
  const x = place(c.n * c.cin * c.h * c.w);
  const grad = place(c.n * c.cout * c.oh * c.ow);
  const out = end + GUARDS;
  const size = (c.cout * c.cin * c.kh * c.kw) / c.groups;
  const scratch = Math.ceil((out + size + GUARDS) / 16) * 16;
  const behind = scratch + weightDirectPlan(c).scratchBytes / bytes;
  all.fill(GUARD, out - GUARDS, out + size + GUARDS);
  all.fill(Number.NaN, scratch, behind);
  all.fill(GUARD, behind, behind + GUARDS);
  const launch = weightDirectLaunch(c, { x: x * bytes, grad: grad * bytes, out: out * bytes });
  // In any order of the tasks.
  for (let task = launch.tasks - 1; task >= 0; task--) {
    kernel(launch.name, launch.emit, memory)[launch.entry](task, task + 1, scratch * bytes, ...launch.args);
  }
  const name = `${dtype} ${JSON.stringify(given)}`;
  const isGuard = (from: number) => all.subarray(from, from + GUARDS).every((value) => value === GUARD);
  assert.ok(isGuard(out - GUARDS) && isGuard(out + size) && isGuard(behind), `${name}: wrote beside its result`);
  const [planes, rows] = [c.cin / c.groups, c.cout / c.groups];
  let [error, largest] = [0, 0];
  for (let i = 0; i < size; i++) {
    const [kx, ky] = [i % c.kw, Math.floor(i / c.kw) % c.kh];
    const plane = Math.floor(i / c.kw / c.kh) % planes;
    const oc = Math.floor(i / c.kw / c.kh / planes);
    let sum = 0;
    for (let image = 0; image < c.n; image++) {
      const from = x + (image * c.cin + Math.floor(oc / rows) * planes + plane) * c.h * c.w;
      for (let p = 0; p < c.oh * c.ow; p++) {
        const y = Math.floor(p / c.ow) * c.strideH - c.padTop + ky * c.dilationH;
        const at = (p % c.ow) * c.strideW - c.padLeft + kx * c.dilationW;
        if (y < 0 || y >= c.h || at < 0 || at >= c.w) continue;
        sum += all[grad + (image * c.cout + oc) * c.oh * c.ow + p] * all[from + y * c.w + at];
      }
    }
    const difference = Math.abs(all[out + i] - sum);
    error = difference <= error ? error : difference;
    largest = Math.max(largest, Math.abs(sum));
  }
  assert.ok(error <= TOLERANCE[dtype] * largest, `${name}: error ${error} beside ${largest}`);
}

for (const strict of [false, true]) {
  for (const dtype of ['float32', 'float64'] as const) {
    const how = `${dtype}${strict ? ', in strict mode' : ''}`;
    const check = (given: Given) => {
      const was = setStrict(strict);
      try {
        verify(dtype, given);
      } finally {
        setStrict(was);
      }
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
        for (const n of [1, 3]) check({ n, channels, size: [6, 13], kernel: [3, 5], pad: [1, 2] });
      }
    });

    test(`strides and dilations, ${how}`, () => {
      for (const stride of [1, 2, 3]) {
        for (const dilation of [1, 2]) {
          for (const kw of [1, 3, 4, 5, 9]) {
            const rest = {
              kernel: [2, kw],
              pad: [1, 4],
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
