import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Parts } from '../../fixtures/convShape.ts';
import { forEachProduct, shapeOf, sizesOf } from '../../fixtures/convShape.ts';
import { checkLaunch, layOut, testMemory } from '../../fixtures/kernelMemory.ts';
import { hashOf, inBothModes, inStrictMode, runBackwards } from '../../fixtures/kernelRuns.ts';
import type { Launch } from '../module.ts';
import { runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';
import { LINE, tilingOf } from './winograd-tiles.ts';
import { winogradWeightLaunches, winogradWeightPlan } from './winograd-weight.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/**
 * The largest error against float64, relative to the largest result, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few products, where a result may be small by chance, and below 2e-6 for many.
 */
const TOLERANCE = 5e-6;

/** Operands, room for the results of both directions and scratch memory. */
function lay(c: ConvShape) {
  const sizes = sizesOf(c);
  const { x, weight, out: grad } = sizes;
  return { ...layOut(floats, { x, weight, bias: c.cout, grad }, Math.max(weight, grad)), sizes };
}

type Laid = ReturnType<typeof lay>;

/** The launches of a direction, and the memory that they need. */
function launchesOf(c: ConvShape, direction: 'forward' | 'weight', laid: Laid) {
  const [x, out, shared] = [laid.x * 4, laid.out * 4, laid.scratch * 4];
  if (direction === 'weight') {
    const { sharedBytes, scratchBytes } = winogradWeightPlan(c);
    return { launches: winogradWeightLaunches(c, { x, grad: laid.grad * 4, out }, shared), sharedBytes, scratchBytes };
  }
  const { packedBytes, scratchBytes } = winogradPlan(c);
  const source = { weights: laid.weight * 4, rowStride: 0, channelStride: 0, flip: false };
  const target = { x, bias: laid.bias * 4, out, packed: shared };
  return { launches: winogradLaunches(c, source, target), sharedBytes: packedBytes, scratchBytes };
}

/** Both results in float64, product by product. */
function expected(c: ConvShape, { x, weight, bias, grad, sizes }: Laid): Record<'forward' | 'weight', Float64Array> {
  const biasOf = (o: number) => floats[bias + (Math.floor(o / c.ow / c.oh) % c.cout)];
  const result = {
    forward: Float64Array.from({ length: sizes.out }, (_, o) => biasOf(o)),
    weight: new Float64Array(sizes.weight),
  };
  forEachProduct(c, (o, i, w) => {
    result.forward[o] += floats[weight + w] * floats[x + i];
    result.weight[w] += floats[grad + o] * floats[x + i];
  });
  return result;
}

function run(launches: readonly Launch[], own: number): void {
  for (const launch of launches) runInline(launch, memory, own);
}

/** Runs both directions and checks guards, and the largest error relative to the largest result. */
function verify(parts: Parts, tolerance = TOLERANCE): void {
  const c = shapeOf(parts);
  if (c.oh <= 0 || c.ow <= 0) return;
  assert.is(tilingOf(c)?.form, LINE, JSON.stringify(parts));
  const laid = lay(c);
  for (const [direction, result] of Object.entries(expected(c, laid)) as ['forward' | 'weight', Float64Array][]) {
    const { launches, sharedBytes, scratchBytes } = launchesOf(c, direction, laid);
    const wanted = { view: floats, laid, scratchBytes: sharedBytes + scratchBytes, result, tolerance };
    checkLaunch(`${direction} ${JSON.stringify(parts)}`, wanted, () => run(launches, laid.scratch * 4 + sharedBytes));
  }
}

const CHANNELS = [
  [1, 1, 1],
  [4, 6, 1],
  [5, 13, 1],
  [3, 26, 1],
  [12, 8, 2],
  [9, 15, 3],
] as const;

test('widths 1 to 19, kernels, strides, paddings, batches, groups, channels around the tiles', () => {
  inBothModes(() => {
    let i = 0;
    for (let w = 1; w <= 19; w++) {
      for (const [kh, kw] of [
        [1, 3],
        [1, 5],
        [1, 9],
        [1, 10],
        [2, 4],
        [5, 5],
        [3, 7],
      ]) {
        for (const strideW of [1, 2]) {
          for (const padLeft of [0, 1, 4, 7]) {
            i++;
            const stride = [1 + (i % 3), strideW] as const;
            const padding = [i % 4, padLeft] as const;
            const dilation = [kh > 1 ? 1 + (i % 2) : 1, 1] as const;
            const rest = { stride, padding, dilation };
            verify({
              n: 1 + (i % 2),
              channels: CHANNELS[i % CHANNELS.length],
              size: [1 + (i % 7), w],
              kernel: [kh, kw],
              ...rest,
            });
          }
        }
      }
    }
  });
});

test('kernels as long as they may be; blocks of tiles, chunks and tasks of channels meet without a seam', () => {
  inBothModes(() => {
    verify({ channels: [2, 9, 1], size: [1, 80], kernel: [1, 20], padding: [0, 9] });
    verify({ n: 2, channels: [2, 16, 1], size: [1, 1700], kernel: [1, 9], stride: [1, 2], padding: [0, 4] });
    verify({ n: 12, channels: [3, 10, 1], size: [9, 13], kernel: [5, 5], padding: [2, 2] });
    verify({ n: 1, channels: [70, 130, 1], size: [1, 40], kernel: [1, 9], stride: [1, 2], padding: [0, 4] });
    verify({ n: 3, channels: [20, 16, 2], size: [33, 70], kernel: [3, 5], padding: [1, 2] });
  });
});

test('relative error against float64 stays within 1e-5 up to the most channels that are given to it', () => {
  inBothModes(() => {
    verify({ channels: [1024, 8, 1], size: [1, 40], kernel: [1, 9], padding: [0, 4] }, 1e-5);
    verify({ channels: [140, 8, 1], size: [12, 12], kernel: [7, 7], padding: [3, 3] }, 1e-5);
    verify({ n: 32, channels: [4, 8, 1], size: [1, 2048], kernel: [1, 9], stride: [1, 2], padding: [0, 4] }, 1e-5);
  });
});

test('tasks in any order give the same bits', () => {
  inBothModes(() => {
    const c = shapeOf({ n: 5, channels: [20, 52, 2], size: [18, 13], kernel: [5, 5], stride: [1, 2], padding: [2, 2] });
    const laid = lay(c);
    for (const direction of ['forward', 'weight'] as const) {
      const { launches, sharedBytes } = launchesOf(c, direction, laid);
      const own = laid.scratch * 4 + sharedBytes;
      const size = direction === 'forward' ? laid.sizes.out : laid.sizes.weight;
      const result = () => new Uint8Array(floats.buffer, laid.out * 4, size * 4).slice();
      run(launches, own);
      const forwards = result();
      floats.fill(0, laid.out, laid.out + size);
      runBackwards(launches, memory, own);
      assert.equal(result(), forwards, direction);
    }
  });
});

test('strict mode gives these bits on every runtime', () => {
  inStrictMode(() => {
    const c = shapeOf({ n: 3, channels: [20, 24, 1], size: [1, 300], kernel: [1, 9], stride: [1, 2], padding: [0, 4] });
    const laid = lay(c);
    const hashes = (['forward', 'weight'] as const).map((direction) => {
      const { launches, sharedBytes } = launchesOf(c, direction, laid);
      run(launches, laid.scratch * 4 + sharedBytes);
      const size = direction === 'forward' ? laid.sizes.out : laid.sizes.weight;
      return hashOf(new Uint8Array(floats.buffer, laid.out * 4, size * 4));
    });
    assert.equal(hashes, ['9335b9ae', '28ca3a52']);
  });
});

test('taken where there are channels enough, and never in float64 or where columns are dilated', () => {
  inBothModes(() => {
    for (const parts of [
      { n: 32, channels: [32, 64, 1], size: [1, 1024], kernel: [1, 9], stride: [1, 2], padding: [0, 4] },
      { n: 1, channels: [64, 64, 1], size: [1, 1024], kernel: [1, 9], padding: [0, 4] },
      { n: 64, channels: [20, 50, 1], size: [12, 12], kernel: [5, 5] },
    ] as const) {
      const c = shapeOf(parts);
      assert.is(convPath(c, 'forward').kernel, 'winograd', JSON.stringify(parts));
      assert.is(convPath(c, 'weight').kernel, 'winograd', JSON.stringify(parts));
      for (const other of [{ dtype: 'float64' }, { dilationW: 2 }, { strideW: 3 }, { cout: 2 }, { n: 0 }] as const) {
        assert.is.not(convPath({ ...c, ...other }, 'forward').kernel, 'winograd', JSON.stringify(other));
      }
    }
  });
});

test.run();
