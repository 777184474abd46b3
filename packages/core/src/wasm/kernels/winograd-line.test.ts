import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { setStrict } from '../features.ts';
import type { Launch } from '../module.ts';
import { kernel, runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';
import { LINE, tilingOf } from './winograd-tiles.ts';
import { winogradWeightLaunches, winogradWeightPlan } from './winograd-weight.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/** So many guards stand before and behind. */
const GUARDS = 64;

/**
 * The largest error against float64, relative to the largest result, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few products, where a result may be small by chance, and below 2e-6 for many.
 */
const TOLERANCE = 5e-6;

interface Parts {
  readonly n?: number;
  readonly channels: readonly [cin: number, cout: number, groups: number];
  readonly size: readonly [h: number, w: number];
  readonly kernel: readonly [kh: number, kw: number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilationH?: number;
}

function shapeOf({
  n = 1,
  channels,
  size,
  kernel,
  stride = [1, 1],
  padding = [0, 0],
  dilationH = 1,
}: Parts): ConvShape {
  const [cin, cout, groups] = channels;
  const [h, w] = size;
  const [kh, kw] = kernel;
  const [strideH, strideW] = stride;
  const [padTop, padLeft] = padding;
  const oh = Math.floor((h + 2 * padTop - dilationH * (kh - 1) - 1) / strideH) + 1;
  const ow = Math.floor((w + 2 * padLeft - kw) / strideW) + 1;
  const sizes = { n, cin, h, w, cout, kh, kw, oh, ow, strideH, strideW, padTop, padLeft, dilationH, dilationW: 1 };
  return { dtype: 'float32', ...sizes, groups };
}

/** Operands in memory; then guards, room for the output, guards; then scratch memory. All in elements. */
function lay(c: ConvShape) {
  const next = randoms(1);
  let end = 64;
  const place = (size: number) => {
    const at = end;
    for (let i = 0; i < size; i++) floats[end++] = next();
    return at;
  };
  const weightSize = (c.cout * c.cin * c.kh * c.kw) / c.groups;
  const outSize = c.n * c.cout * c.oh * c.ow;
  const [x, weight, bias, grad] = [c.n * c.cin * c.h * c.w, weightSize, c.cout, outSize].map(place);
  const out = end + GUARDS;
  const scratch = Math.ceil((out + Math.max(weightSize, outSize) + GUARDS) / 16) * 16;
  return { x, weight, bias, grad, out, weightSize, outSize, scratch };
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
function expected(c: ConvShape, laid: Laid): { forward: Float64Array; weight: Float64Array } {
  const forward = new Float64Array(laid.outSize);
  const weight = new Float64Array(laid.weightSize);
  const [rows, channels] = [c.cout / c.groups, c.cin / c.groups];
  for (let o = 0; o < laid.outSize; o++) {
    const ox = o % c.ow;
    const oy = Math.floor(o / c.ow) % c.oh;
    const oc = Math.floor(o / c.ow / c.oh) % c.cout;
    const image = Math.floor(o / c.ow / c.oh / c.cout);
    forward[o] = floats[laid.bias + oc];
    for (let tap = 0; tap < channels * c.kh * c.kw; tap++) {
      const channel = Math.floor(oc / rows) * channels + Math.floor(tap / c.kh / c.kw);
      const y = oy * c.strideH - c.padTop + (Math.floor(tap / c.kw) % c.kh) * c.dilationH;
      const at = ox * c.strideW - c.padLeft + (tap % c.kw);
      if (y < 0 || y >= c.h || at < 0 || at >= c.w) continue;
      const value = floats[laid.x + ((image * c.cin + channel) * c.h + y) * c.w + at];
      const w = oc * channels * c.kh * c.kw + tap;
      forward[o] += floats[laid.weight + w] * value;
      weight[w] += floats[laid.grad + o] * value;
    }
  }
  return { forward, weight };
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
  const { out, scratch } = laid;
  for (const [direction, values] of Object.entries(expected(c, laid)) as ['forward' | 'weight', Float64Array][]) {
    const name = `${direction} ${JSON.stringify(parts)}`;
    const { launches, sharedBytes, scratchBytes } = launchesOf(c, direction, laid);
    const size = values.length;
    const behind = scratch + (sharedBytes + scratchBytes) / 4;
    assert.ok(behind + GUARDS < floats.length, `${name}: does not fit`);
    floats.fill(GUARD, out - GUARDS, out + size + GUARDS);
    // What scratch memory holds means nothing.
    floats.fill(Number.NaN, scratch, behind);
    floats.fill(GUARD, behind, behind + GUARDS);
    run(launches, scratch * 4 + sharedBytes);
    const isGuard = (value: number) => value === GUARD;
    assert.ok(floats.subarray(out - GUARDS, out).every(isGuard), `${name}: wrote before the output`);
    assert.ok(floats.subarray(out + size, out + size + GUARDS).every(isGuard), `${name}: wrote behind the output`);
    assert.ok(floats.subarray(behind, behind + GUARDS).every(isGuard), `${name}: wrote behind its scratch memory`);
    let error = 0;
    let largest = 0;
    for (const [i, value] of values.entries()) {
      const difference = Math.abs(floats[out + i] - value);
      error = difference <= error ? error : difference;
      largest = Math.max(largest, Math.abs(value));
    }
    assert.ok(error <= tolerance * largest, `${name}: error ${error} beside ${largest}: ${error / largest}`);
  }
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
            const dilationH = kh > 1 ? 1 + (i % 2) : 1;
            const rest = { stride, padding, dilationH };
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
      const size = direction === 'forward' ? laid.outSize : laid.weightSize;
      const result = () => new Uint8Array(floats.buffer, laid.out * 4, size * 4).slice();
      run(launches, own);
      const forwards = result();
      floats.fill(0, laid.out, laid.out + size);
      for (const { name, emit, entry, args, tasks } of launches) {
        const runTask = kernel(name, emit, memory)[entry];
        for (let task = tasks - 1; task >= 0; task--) runTask(task, task + 1, own, ...args);
      }
      assert.equal(result(), forwards, direction);
    }
  });
});

test('strict mode gives these bits on every runtime', () => {
  setStrict(true);
  try {
    const c = shapeOf({ n: 3, channels: [20, 24, 1], size: [1, 300], kernel: [1, 9], stride: [1, 2], padding: [0, 4] });
    const laid = lay(c);
    const hashes = (['forward', 'weight'] as const).map((direction) => {
      const { launches, sharedBytes } = launchesOf(c, direction, laid);
      run(launches, laid.scratch * 4 + sharedBytes);
      const size = direction === 'forward' ? laid.outSize : laid.weightSize;
      // FNV-1a
      let hash = 0x811c9dc5;
      for (const byte of new Uint8Array(floats.buffer, laid.out * 4, size * 4)) {
        hash = Math.imul(hash ^ byte, 0x01000193);
      }
      return (hash >>> 0).toString(16);
    });
    assert.equal(hashes, ['9335b9ae', '28ca3a52']);
  } finally {
    setStrict(false);
  }
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
