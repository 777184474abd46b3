/** winograd-adjoint.ts against the gradient in float64, product by product. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { setStrict } from '../features.ts';
import { kernel, runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { adjointLaunches, adjointPlan } from './winograd-adjoint.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/** So many guards stand before and behind. */
const GUARDS = 64;

/**
 * The largest error, relative to the largest gradient, with operands that are uniform in [-1/2, 1/2]: measured below 3e-6 for 5 to
 * 400 summed products. Winograd's error is that of the forward convolution (winograd-line.test.ts).
 */
const TOLERANCE = 4e-6;

interface Given {
  readonly n: number;
  /** Input and output channels, groups. */
  readonly channels: readonly [number, number, number];
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: readonly [number, number];
  readonly pad?: readonly [number, number];
  readonly dilationH?: number;
}

function shapeOf({
  n,
  channels,
  size: [h, w],
  kernel: [kh, kw],
  stride = [1, 1],
  pad = [0, 0],
  dilationH = 1,
}: Given): ConvShape {
  const [cin, cout, groups] = channels;
  const oh = Math.floor((h + 2 * pad[0] - (kh - 1) * dilationH - 1) / stride[0]) + 1;
  const ow = Math.floor((w + 2 * pad[1] - kw) / stride[1]) + 1;
  const common = { dtype: 'float32', n, cin, h, w, cout, kh, kw, oh, ow, groups } as const;
  return {
    ...common,
    strideH: stride[0],
    strideW: stride[1],
    padTop: pad[0],
    padLeft: pad[1],
    dilationH,
    dilationW: 1,
  };
}

/** Operands in memory; then guards, room for the result, guards; then scratch memory. All in elements. */
function lay(c: ConvShape) {
  const next = randoms(1);
  let end = 64;
  const place = (size: number) => {
    const at = end;
    for (let i = 0; i < size; i++) floats[end++] = next();
    return at;
  };
  const grad = place(c.n * c.cout * c.oh * c.ow);
  const weight = place((c.cout * c.cin * c.kh * c.kw) / c.groups);
  const bias = place(c.cin);
  const out = end + GUARDS;
  const size = c.n * c.cin * c.h * c.w;
  return { grad, weight, bias, out, size, scratch: Math.ceil((out + size + GUARDS) / 16) * 16 };
}

type Laid = ReturnType<typeof lay>;

function run(c: ConvShape, { grad, weight, bias, out, scratch }: Laid): void {
  const pointers = { grad: grad * 4, weights: weight * 4, bias: bias * 4, out: out * 4 };
  const own = scratch * 4 + adjointPlan(c).sharedBytes;
  for (const launch of adjointLaunches(c, pointers, scratch * 4)) runInline(launch, memory, own);
}

/** The same in float64, product by product. */
function expected(c: ConvShape, { grad, weight, bias, size }: Laid): Float64Array {
  const result = new Float64Array(size);
  const [planes, channels] = [c.cin / c.groups, c.cout / c.groups];
  for (let i = 0; i < size; i++) result[i] = floats[bias + (Math.floor(i / c.h / c.w) % c.cin)];
  let at = grad;
  for (let image = 0; image < c.n; image++) {
    for (let oc = 0; oc < c.cout; oc++) {
      const group = Math.floor(oc / channels);
      for (let oy = 0; oy < c.oh; oy++) {
        for (let ox = 0; ox < c.ow; ox++, at++) {
          for (let plane = 0; plane < planes; plane++) {
            for (let tap = 0; tap < c.kh * c.kw; tap++) {
              const y = oy * c.strideH - c.padTop + Math.floor(tap / c.kw) * c.dilationH;
              const x = ox * c.strideW - c.padLeft + (tap % c.kw);
              if (y < 0 || y >= c.h || x < 0 || x >= c.w) continue;
              const to = ((image * c.cin + group * planes + plane) * c.h + y) * c.w + x;
              result[to] += floats[at] * floats[weight + (oc * planes + plane) * c.kh * c.kw + tap];
            }
          }
        }
      }
    }
  }
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest gradient. */
function verify(given: Given): void {
  const c = shapeOf(given);
  const name = JSON.stringify(given);
  const laid = lay(c);
  const { out, size, scratch } = laid;
  const { sharedBytes, scratchBytes } = adjointPlan(c);
  const behind = scratch + (sharedBytes + scratchBytes) / 4;
  floats.fill(GUARD, out - GUARDS, out + size + GUARDS);
  // What scratch memory holds means nothing.
  floats.fill(Number.NaN, scratch, behind);
  floats.fill(GUARD, behind, behind + GUARDS);
  run(c, laid);
  const isGuard = (value: number) => value === GUARD;
  assert.ok(floats.subarray(out - GUARDS, out).every(isGuard), `${name}: wrote before the result`);
  assert.ok(floats.subarray(out + size, out + size + GUARDS).every(isGuard), `${name}: wrote behind the result`);
  assert.ok(floats.subarray(behind, behind + GUARDS).every(isGuard), `${name}: wrote behind its scratch memory`);
  let error = 0;
  let largest = 0;
  for (const [i, value] of expected(c, laid).entries()) {
    const difference = Math.abs(floats[out + i] - value);
    error = difference <= error ? error : difference;
    largest = Math.max(largest, Math.abs(value));
  }
  assert.ok(error <= TOLERANCE * largest, `${name}: error ${error} beside ${largest}`);
}

/** Runs `body` with and without relaxed instructions. */
function inBothModes(body: () => void): void {
  body();
  setStrict(true);
  try {
    body();
  } finally {
    setStrict(false);
  }
}

test('the gradient of 5 × 5 filters is right for all sizes of lines', () => {
  inBothModes(() => {
    for (const w of [5, 6, 7, 8, 9, 11, 12, 13, 16, 17]) {
      for (const pad of [0, 2]) verify({ n: 1, channels: [3, 4, 1], size: [6, w], kernel: [5, 5], pad: [pad, pad] });
    }
  });
});

test('every count of channels, images and groups', () => {
  inBothModes(() => {
    for (const channels of [
      [1, 3, 1],
      [2, 5, 1],
      [5, 3, 1],
      [7, 13, 1],
      [20, 50, 1],
      [6, 9, 3],
      [8, 6, 2],
    ] as const) {
      for (const n of [1, 2, 7]) verify({ n, channels, size: [8, 10], kernel: [5, 5] });
    }
  });
});

test('filters of 3 to 20 columns, in parts of up to five', () => {
  for (const kw of [3, 4, 5, 6, 7, 9, 11, 16, 20]) {
    for (const pad of [0, 1, kw - 1])
      verify({ n: 2, channels: [3, 4, 1], size: [3, 21], kernel: [2, kw], pad: [0, pad] });
  }
});

test('stride 2 along lines, with any padding, and columns that no output reads', () => {
  inBothModes(() => {
    for (const kw of [3, 4, 7, 9, 10]) {
      for (const w of [12, 13, 14, 15, 24, 25]) {
        for (const pad of [0, 1, 3]) {
          verify({ n: 2, channels: [3, 4, 1], size: [1, w], kernel: [1, kw], stride: [1, 2], pad: [0, pad] });
        }
      }
    }
    verify({ n: 2, channels: [3, 16, 1], size: [17, 18], kernel: [7, 7], stride: [2, 2], pad: [3, 3] });
  });
});

test('strides, dilation and padding across lines, and lines that no output reads', () => {
  for (const stride of [1, 2, 3]) {
    for (const dilationH of [1, 2]) {
      for (const pad of [0, 2]) {
        verify({
          n: 1,
          channels: [2, 4, 1],
          size: [12, 9],
          kernel: [3, 5],
          stride: [stride, 1],
          pad: [pad, 0],
          dilationH,
        });
      }
    }
  }
});

test('images and lines of many blocks', () => {
  verify({ n: 3, channels: [3, 8, 1], size: [30, 50], kernel: [5, 5], pad: [2, 2] });
  verify({ n: 2, channels: [2, 4, 1], size: [1, 1001], kernel: [1, 9], pad: [0, 4] });
  verify({ n: 2, channels: [2, 4, 1], size: [1, 2003], kernel: [1, 9], stride: [1, 2], pad: [0, 4] });
  verify({ n: 20, channels: [20, 50, 1], size: [12, 12], kernel: [5, 5] });
});

test('tasks in any order give the same bits', () => {
  const c = shapeOf({ n: 20, channels: [6, 10, 2], size: [12, 12], kernel: [5, 5] });
  const laid = lay(c);
  run(c, laid);
  const before = floats.slice(laid.out, laid.out + laid.size);
  const pointers = { grad: laid.grad * 4, weights: laid.weight * 4, bias: laid.bias * 4, out: laid.out * 4 };
  const own = laid.scratch * 4 + adjointPlan(c).sharedBytes;
  floats.fill(Number.NaN, laid.out, laid.out + laid.size);
  const launches = adjointLaunches(c, pointers, laid.scratch * 4);
  assert.ok((launches.at(-1)?.tasks ?? 0) > 2);
  for (const { name, emit, entry, args, tasks } of launches) {
    for (let task = tasks - 1; task >= 0; task--) kernel(name, emit, memory)[entry]?.(task, task + 1, own, ...args);
  }
  assert.ok(before.every((value, i) => Object.is(value, floats[laid.out + i])));
});

test('a NaN in the gradient spoils the tiles that read it, and no other image', () => {
  const c = shapeOf({ n: 2, channels: [3, 4, 1], size: [8, 12], kernel: [5, 5] });
  const laid = lay(c);
  run(c, laid);
  const before = floats.slice(laid.out, laid.out + laid.size);
  floats[laid.grad + 1] = Number.NaN;
  run(c, laid);
  const half = laid.size / 2;
  assert.ok(Number.isNaN(floats[laid.out + 1]));
  assert.ok(before.every((value, i) => i < half || Object.is(value, floats[laid.out + i])));
});

test('unpadded 5 × 5 filters and the stem of ResNet take this way', () => {
  assert.is(
    convPath(shapeOf({ n: 32, channels: [20, 50, 1], size: [12, 12], kernel: [5, 5] }), 'input').kernel,
    'adjoint',
  );
  const stem = shapeOf({ n: 1, channels: [3, 64, 1], size: [224, 224], kernel: [7, 7], stride: [2, 2], pad: [3, 3] });
  assert.is(convPath(stem, 'input').kernel, 'adjoint');
});

test.run();
