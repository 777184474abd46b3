import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachProduct, shapeOf3x3, sizesOf } from '../../fixtures/convShape.ts';
import { checkLaunch, layOut, testMemory } from '../../fixtures/kernelMemory.ts';
import { hashOf, inBothModes, inStrictMode, runBackwards } from '../../fixtures/kernelRuns.ts';
import { runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { winogradWeightLaunches, winogradWeightPlan } from './winograd-weight.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/**
 * The largest error against float64, relative to the largest gradient, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few positions, where a gradient may be small by chance, and below 2e-6 for many.
 */
const TOLERANCE = 4e-6;

/** Operands, room for the gradient and scratch memory. */
function lay(c: ConvShape) {
  const { x, weight, out } = sizesOf(c);
  return layOut(floats, { x, grad: out }, weight);
}

type Laid = ReturnType<typeof lay>;

function launchesOf(c: ConvShape, { x, grad, out, scratch }: Laid) {
  return winogradWeightLaunches(c, { x: x * 4, grad: grad * 4, out: out * 4 }, scratch * 4);
}

/** The same in float64, product by product. */
function expected(c: ConvShape, { x, grad, size }: Laid): Float64Array {
  const result = new Float64Array(size);
  forEachProduct(c, (o, i, w) => {
    result[w] += floats[grad + o] * floats[x + i];
  });
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest gradient. */
function verify(c: ConvShape, tolerance = TOLERANCE): void {
  const laid = lay(c);
  const { sharedBytes, scratchBytes } = winogradWeightPlan(c);
  const bytes = sharedBytes + scratchBytes;
  const wanted = { view: floats, laid, scratchBytes: bytes, result: expected(c, laid), tolerance };
  checkLaunch(JSON.stringify(c), wanted, () => {
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, laid.scratch * 4 + sharedBytes);
  });
}

const CHANNELS = [
  [1, 1, 1],
  [4, 6, 1],
  [5, 13, 1],
  [7, 26, 1],
  [12, 8, 2],
  [9, 15, 3],
  [14, 10, 2],
] as const;

test('sizes 1 to 17, paddings, batches, groups, channels around the tiles', () => {
  inBothModes(() => {
    let i = 0;
    for (let h = 1; h <= 17; h++) {
      for (const w of [1, 2, 3, 4, 5, 8, 9, 16, 17]) {
        for (const padding of [0, 1, 2, 5]) {
          i++;
          const c = shapeOf3x3(1 + (i % 3), CHANNELS[i % CHANNELS.length], [h, w], [padding, (padding + i) % 3]);
          if (c.oh > 0 && c.ow > 0) verify(c);
        }
      }
    }
  });
});

test('blocks of tiles and of images, chunks, and tasks of channels meet without a seam', () => {
  inBothModes(() => {
    verify(shapeOf3x3(1, [3, 5, 1], [9, 500], [1, 1]));
    verify(shapeOf3x3(1, [3, 5, 1], [90, 31], [1, 2]));
    verify(shapeOf3x3(30, [8, 16, 1], [7, 7], [1, 1]));
    verify(shapeOf3x3(1, [130, 31, 1], [14, 14], [1, 1]));
    verify(shapeOf3x3(2, [20, 100, 1], [10, 12], [0, 1]));
    const c = shapeOf3x3(24, [28, 26, 2], [37, 36], [1, 1]);
    assert.ok(winogradWeightPlan(c).blocks > winogradWeightPlan(c).chunks);
    assert.ok(winogradWeightPlan(c).chunks > 1);
    verify(c);
    assert.ok(winogradWeightPlan(shapeOf3x3(1, [260, 200, 1], [6, 6], [1, 1])).rowTasks > 1);
    verify(shapeOf3x3(1, [260, 200, 1], [6, 6], [1, 1]));
  });
});

test('relative error against float64 stays within 1e-5 over many positions and images', () => {
  inBothModes(() => {
    verify(shapeOf3x3(32, [8, 8, 1], [32, 32], [1, 1]), 1e-5);
    verify(shapeOf3x3(1, [8, 8, 1], [224, 224], [1, 1]), 1e-5);
  });
});

test('tasks in any order give the same bits', () => {
  inBothModes(() => {
    const c = shapeOf3x3(5, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const own = laid.scratch * 4 + winogradWeightPlan(c).sharedBytes;
    const result = () => new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4).slice();
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    const forwards = result();
    floats.fill(0, laid.out, laid.out + laid.size);
    runBackwards(launchesOf(c, laid), memory, own);
    assert.equal(result(), forwards);
  });
});

test('strict mode gives these bits on every runtime', () => {
  inStrictMode(() => {
    const c = shapeOf3x3(3, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const own = laid.scratch * 4 + winogradWeightPlan(c).sharedBytes;
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    assert.is(hashOf(new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4)), 'eca8332');
  });
});

test('NaN and infinity reach the filters of their channel and no others', () => {
  const c = shapeOf3x3(1, [8, 9, 1], [14, 14], [1, 1]);
  const laid = lay(c);
  floats[laid.x + 3 * 196 + 50] = Number.NaN;
  floats[laid.grad + 5 * 196] = Number.POSITIVE_INFINITY;
  for (const launch of launchesOf(c, laid)) {
    runInline(launch, memory, laid.scratch * 4 + winogradWeightPlan(c).sharedBytes);
  }
  for (let i = 0; i < laid.size; i++) {
    const channel = Math.floor(i / 9) % 8;
    const row = Math.floor(i / 72);
    assert.is(Number.isFinite(floats[laid.out + i]), channel !== 3 && row !== 5, `${row} ${channel}`);
  }
});

test('taken for many channels, in both modes; not for few, and not where it cannot', () => {
  inBothModes(() => {
    for (const [channels, size] of [
      [16, 32],
      [64, 56],
      [128, 28],
      [256, 14],
    ]) {
      for (const n of [1, 8, 32]) {
        assert.is(convPath(shapeOf3x3(n, [channels, channels, 1], [size, size], [1, 1]), 'weight').kernel, 'winograd');
      }
    }
    const c = shapeOf3x3(8, [64, 64, 1], [28, 28], [1, 1]);
    for (const other of [
      { dtype: 'float64' },
      { dilationW: 2 },
      { groups: 64 },
      { cin: 2 },
      { cout: 2 },
      { n: 0 },
    ] as const) {
      assert.is.not(convPath({ ...c, ...other }, 'weight').kernel, 'winograd', JSON.stringify(other));
    }
  });
});

test.run();
