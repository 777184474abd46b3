/** winograd-adjoint.ts against the gradient in float64, product by product. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Parts } from '../../fixtures/convShape.ts';
import { forEachProduct, shapeOf, sizesOf } from '../../fixtures/convShape.ts';
import { checkLaunch, layOut, testMemory } from '../../fixtures/kernelMemory.ts';
import { inBothModes, runBackwards } from '../../fixtures/kernelRuns.ts';
import type { Launch } from '../module.ts';
import { runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { adjointLaunches, adjointPlan } from './winograd-adjoint.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/**
 * The largest error, relative to the largest gradient, with operands that are uniform in [-1/2, 1/2]: measured below 3e-6 for 5 to
 * 400 summed products. Winograd's error is that of the forward convolution (winograd-line.test.ts).
 */
const TOLERANCE = 4e-6;

/** Operands, room for the gradient and scratch memory. */
function lay(c: ConvShape) {
  const { x, weight, out } = sizesOf(c);
  return layOut(floats, { grad: out, weight, bias: c.cin }, x);
}

type Laid = ReturnType<typeof lay>;

function launchesOf(c: ConvShape, { grad, weight, bias, out, scratch }: Laid): Launch[] {
  return adjointLaunches(c, { grad: grad * 4, weights: weight * 4, bias: bias * 4, out: out * 4 }, scratch * 4);
}

function run(c: ConvShape, laid: Laid): void {
  const own = laid.scratch * 4 + adjointPlan(c).sharedBytes;
  for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
}

/** The same in float64, product by product. */
function expected(c: ConvShape, { grad, weight, bias, size }: Laid): Float64Array {
  const result = Float64Array.from({ length: size }, (_, i) => floats[bias + (Math.floor(i / c.h / c.w) % c.cin)]);
  forEachProduct(c, (o, i, w) => {
    result[i] += floats[grad + o] * floats[weight + w];
  });
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest gradient. */
function verify(parts: Parts): void {
  const c = shapeOf(parts);
  const laid = lay(c);
  const { sharedBytes, scratchBytes } = adjointPlan(c);
  const bytes = sharedBytes + scratchBytes;
  const wanted = { view: floats, laid, scratchBytes: bytes, result: expected(c, laid), tolerance: TOLERANCE };
  checkLaunch(JSON.stringify(parts), wanted, () => run(c, laid));
}

test('the gradient of 5 × 5 filters is right for all sizes of lines', () => {
  inBothModes(() => {
    for (const w of [5, 6, 7, 8, 9, 11, 12, 13, 16, 17]) {
      for (const pad of [0, 2])
        verify({ n: 1, channels: [3, 4, 1], size: [6, w], kernel: [5, 5], padding: [pad, pad] });
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
      verify({ n: 2, channels: [3, 4, 1], size: [3, 21], kernel: [2, kw], padding: [0, pad] });
  }
});

test('stride 2 along lines, with any padding, and columns that no output reads', () => {
  inBothModes(() => {
    for (const kw of [3, 4, 7, 9, 10]) {
      for (const w of [12, 13, 14, 15, 24, 25]) {
        for (const pad of [0, 1, 3]) {
          verify({ n: 2, channels: [3, 4, 1], size: [1, w], kernel: [1, kw], stride: [1, 2], padding: [0, pad] });
        }
      }
    }
    verify({ n: 2, channels: [3, 16, 1], size: [17, 18], kernel: [7, 7], stride: [2, 2], padding: [3, 3] });
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
          padding: [pad, 0],
          dilation: [dilationH, 1],
        });
      }
    }
  }
});

test('images and lines of many blocks', () => {
  verify({ n: 3, channels: [3, 8, 1], size: [30, 50], kernel: [5, 5], padding: [2, 2] });
  verify({ n: 2, channels: [2, 4, 1], size: [1, 1001], kernel: [1, 9], padding: [0, 4] });
  verify({ n: 2, channels: [2, 4, 1], size: [1, 2003], kernel: [1, 9], stride: [1, 2], padding: [0, 4] });
  verify({ n: 20, channels: [20, 50, 1], size: [12, 12], kernel: [5, 5] });
});

test('tasks in any order give the same bits', () => {
  const c = shapeOf({ n: 20, channels: [6, 10, 2], size: [12, 12], kernel: [5, 5] });
  const laid = lay(c);
  run(c, laid);
  const before = floats.slice(laid.out, laid.out + laid.size);
  const own = laid.scratch * 4 + adjointPlan(c).sharedBytes;
  floats.fill(Number.NaN, laid.out, laid.out + laid.size);
  const launches = launchesOf(c, laid);
  assert.ok((launches.at(-1)?.tasks ?? 0) > 2);
  runBackwards(launches, memory, own);
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
  const stem = shapeOf({
    n: 1,
    channels: [3, 64, 1],
    size: [224, 224],
    kernel: [7, 7],
    stride: [2, 2],
    padding: [3, 3],
  });
  assert.is(convPath(stem, 'input').kernel, 'adjoint');
});

test.run();
