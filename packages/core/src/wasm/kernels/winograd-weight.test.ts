import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { setStrict } from '../features.ts';
import { kernel, runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convPath } from './conv-path.ts';
import { winogradWeightLaunches, winogradWeightPlan } from './winograd-weight.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/** So many guards stand before and behind. */
const GUARDS = 64;

/**
 * The largest error against float64, relative to the largest gradient, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few positions, where a gradient may be small by chance, and below 2e-6 for many.
 */
const TOLERANCE = 4e-6;

function shapeOf(
  n: number,
  [cin, cout, groups]: readonly [number, number, number],
  [h, w]: readonly [number, number],
  [padTop, padLeft]: readonly [number, number],
): ConvShape {
  const plain = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, kh: 3, kw: 3, dtype: 'float32' } as const;
  return { ...plain, n, cin, h, w, cout, oh: h + 2 * padTop - 2, ow: w + 2 * padLeft - 2, padTop, padLeft, groups };
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
  const x = place(c.n * c.cin * c.h * c.w);
  const grad = place(c.n * c.cout * c.oh * c.ow);
  const out = end + GUARDS;
  const size = (c.cout * c.cin * 9) / c.groups;
  return { x, grad, out, size, scratch: Math.ceil((out + size + GUARDS) / 16) * 16 };
}

type Laid = ReturnType<typeof lay>;

function launchesOf(c: ConvShape, { x, grad, out, scratch }: Laid) {
  return winogradWeightLaunches(c, { x: x * 4, grad: grad * 4, out: out * 4 }, scratch * 4);
}

/** The same in float64, product by product. */
function expected(c: ConvShape, { x, grad, size }: Laid): Float64Array {
  const rows = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const [kx, ky] = [i % 3, Math.floor(i / 3) % 3];
    const oc = Math.floor(i / 9 / channels);
    const channel = Math.floor(oc / rows) * channels + (Math.floor(i / 9) % channels);
    let sum = 0;
    for (let image = 0; image < c.n; image++) {
      const plane = x + (image * c.cin + channel) * c.h * c.w;
      const slopes = grad + (image * c.cout + oc) * c.oh * c.ow;
      for (let oy = 0; oy < c.oh; oy++) {
        const y = oy - c.padTop + ky;
        if (y < 0 || y >= c.h) continue;
        for (let ox = 0; ox < c.ow; ox++) {
          const at = ox - c.padLeft + kx;
          if (at >= 0 && at < c.w) sum += floats[plane + y * c.w + at] * floats[slopes + oy * c.ow + ox];
        }
      }
    }
    result[i] = sum;
  }
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest gradient. */
function verify(c: ConvShape, tolerance = TOLERANCE): void {
  const name = JSON.stringify(c);
  const laid = lay(c);
  const { out, size, scratch } = laid;
  const { sharedBytes, scratchBytes } = winogradWeightPlan(c);
  const behind = scratch + (sharedBytes + scratchBytes) / 4;
  assert.ok(behind + GUARDS < floats.length, `${name}: does not fit`);
  floats.fill(GUARD, out - GUARDS, out + size + GUARDS);
  // What scratch memory holds means nothing.
  floats.fill(Number.NaN, scratch, behind);
  floats.fill(GUARD, behind, behind + GUARDS);
  for (const launch of launchesOf(c, laid)) runInline(launch, memory, scratch * 4 + sharedBytes);
  const isGuard = (value: number) => value === GUARD;
  assert.ok(floats.subarray(out - GUARDS, out).every(isGuard), `${name}: wrote before the output`);
  assert.ok(floats.subarray(out + size, out + size + GUARDS).every(isGuard), `${name}: wrote behind the output`);
  assert.ok(floats.subarray(behind, behind + GUARDS).every(isGuard), `${name}: wrote behind its scratch memory`);
  let error = 0;
  let largest = 0;
  for (const [i, value] of expected(c, laid).entries()) {
    const difference = Math.abs(floats[out + i] - value);
    error = difference <= error ? error : difference;
    largest = Math.max(largest, Math.abs(value));
  }
  assert.ok(error <= tolerance * largest, `${name}: error ${error} beside ${largest}: ${error / largest}`);
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
          const c = shapeOf(1 + (i % 3), CHANNELS[i % CHANNELS.length], [h, w], [padding, (padding + i) % 3]);
          if (c.oh > 0 && c.ow > 0) verify(c);
        }
      }
    }
  });
});

test('blocks of tiles and of images, chunks, and tasks of channels meet without a seam', () => {
  inBothModes(() => {
    verify(shapeOf(1, [3, 5, 1], [9, 500], [1, 1]));
    verify(shapeOf(1, [3, 5, 1], [90, 31], [1, 2]));
    verify(shapeOf(30, [8, 16, 1], [7, 7], [1, 1]));
    verify(shapeOf(1, [130, 31, 1], [14, 14], [1, 1]));
    verify(shapeOf(2, [20, 100, 1], [10, 12], [0, 1]));
    const c = shapeOf(24, [28, 26, 2], [37, 36], [1, 1]);
    assert.ok(winogradWeightPlan(c).blocks > winogradWeightPlan(c).chunks);
    assert.ok(winogradWeightPlan(c).chunks > 1);
    verify(c);
    assert.ok(winogradWeightPlan(shapeOf(1, [260, 200, 1], [6, 6], [1, 1])).rowTasks > 1);
    verify(shapeOf(1, [260, 200, 1], [6, 6], [1, 1]));
  });
});

test('relative error against float64 stays within 1e-5 over many positions and images', () => {
  inBothModes(() => {
    verify(shapeOf(32, [8, 8, 1], [32, 32], [1, 1]), 1e-5);
    verify(shapeOf(1, [8, 8, 1], [224, 224], [1, 1]), 1e-5);
  });
});

test('tasks in any order give the same bits', () => {
  inBothModes(() => {
    const c = shapeOf(5, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const own = laid.scratch * 4 + winogradWeightPlan(c).sharedBytes;
    const result = () => new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4).slice();
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    const forwards = result();
    floats.fill(0, laid.out, laid.out + laid.size);
    for (const { name, emit, entry, args, tasks } of launchesOf(c, laid)) {
      const run = kernel(name, emit, memory)[entry];
      for (let task = tasks - 1; task >= 0; task--) run(task, task + 1, own, ...args);
    }
    assert.equal(result(), forwards);
  });
});

test('strict mode gives these bits on every runtime', () => {
  setStrict(true);
  try {
    const c = shapeOf(3, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    for (const launch of launchesOf(c, laid)) {
      runInline(launch, memory, laid.scratch * 4 + winogradWeightPlan(c).sharedBytes);
    }
    // FNV-1a
    let hash = 0x811c9dc5;
    for (const byte of new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    assert.is((hash >>> 0).toString(16), 'eca8332');
  } finally {
    setStrict(false);
  }
});

test('NaN and infinity reach the filters of their channel and no others', () => {
  const c = shapeOf(1, [8, 9, 1], [14, 14], [1, 1]);
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
        assert.is(convPath(shapeOf(n, [channels, channels, 1], [size, size], [1, 1]), 'weight').kernel, 'winograd');
      }
    }
    const c = shapeOf(8, [64, 64, 1], [28, 28], [1, 1]);
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
