import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GUARD, randoms, testMemory } from '../../fixtures/kernelMemory.ts';
import { setStrict } from '../features.ts';
import type { Launch } from '../module.ts';
import { kernel, runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convForwardLaunches } from './conv.ts';
import { convBackwardInputLaunches } from './conv-input.ts';
import { convPath } from './conv-path.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/** So many guards stand before and behind. */
const GUARDS = 64;

/**
 * The largest error against float64, relative to the largest output, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few channels, where an output may be small by chance; 9e-7 for 16, 1.3e-6 for 64, 2.3e-6 for
 * 256, 5e-6 for 1024 (the sums, not the transforms). A direct sum errs by half of that.
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
  const weight = place((c.cout * c.cin * 9) / c.groups);
  const bias = place(c.cout);
  const out = end + GUARDS;
  const size = c.n * c.cout * c.oh * c.ow;
  return { x, weight, bias, out, size, scratch: Math.ceil((out + size + GUARDS) / 16) * 16 };
}

type Laid = ReturnType<typeof lay>;

/** Weights as [rows, channels, 3, 3], or the weights [channels, rows, 3, 3] of which they are transposed and reversed. */
function launchesOf(c: ConvShape, { x, weight, bias, out, scratch }: Laid, flip = false): Launch[] {
  const rows = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const [rowStride, channelStride] = flip ? [9, rows * 9] : [channels * 9, 9];
  const source = { weights: weight * 4, rowStride, channelStride, flip };
  return winogradLaunches(c, source, { x: x * 4, bias: bias * 4, out: out * 4, packed: scratch * 4 });
}

/** The same in float64, product by product. */
function expected(c: ConvShape, { x, weight, bias, size }: Laid, flip: boolean): Float64Array {
  const rows = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const ox = i % c.ow;
    const oy = Math.floor(i / c.ow) % c.oh;
    const oc = Math.floor(i / c.ow / c.oh) % c.cout;
    const image = Math.floor(i / c.ow / c.oh / c.cout);
    const group = Math.floor(oc / rows);
    const row = oc % rows;
    let sum = floats[bias + oc];
    for (let channel = 0; channel < channels; channel++) {
      const plane = x + (image * c.cin + group * channels + channel) * c.h * c.w;
      const filter = flip ? (group * channels + channel) * rows + row : oc * channels + channel;
      for (let tap = 0; tap < 9; tap++) {
        const y = oy - c.padTop + Math.floor(tap / 3);
        const at = ox - c.padLeft + (tap % 3);
        if (y < 0 || y >= c.h || at < 0 || at >= c.w) continue;
        sum += floats[weight + filter * 9 + (flip ? 8 - tap : tap)] * floats[plane + y * c.w + at];
      }
    }
    result[i] = sum;
  }
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest output. */
function verify(c: ConvShape, flip = false, tolerance = TOLERANCE): void {
  const name = JSON.stringify({ ...c, flip });
  const laid = lay(c);
  const { out, size, scratch } = laid;
  const { packedBytes, scratchBytes } = winogradPlan(c);
  const behind = scratch + (packedBytes + scratchBytes) / 4;
  floats.fill(GUARD, out - GUARDS, out + size + GUARDS);
  // What scratch memory holds means nothing.
  floats.fill(Number.NaN, scratch, behind);
  floats.fill(GUARD, behind, behind + GUARDS);
  for (const launch of launchesOf(c, laid, flip)) runInline(launch, memory, scratch * 4 + packedBytes);
  const isGuard = (value: number) => value === GUARD;
  assert.ok(floats.subarray(out - GUARDS, out).every(isGuard), `${name}: wrote before the output`);
  assert.ok(floats.subarray(out + size, out + size + GUARDS).every(isGuard), `${name}: wrote behind the output`);
  assert.ok(floats.subarray(behind, behind + GUARDS).every(isGuard), `${name}: wrote behind its scratch memory`);
  let error = 0;
  let largest = 0;
  for (const [i, value] of expected(c, laid, flip).entries()) {
    const difference = Math.abs(floats[out + i] - value);
    error = difference <= error ? error : difference;
    largest = Math.max(largest, Math.abs(value));
  }
  assert.ok(error <= tolerance * largest, `${name}: error ${error} beside ${largest}`);
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
] as const;

test('sizes 1 to 17, paddings, batches, groups, channels around the tiles, transposed or not', () => {
  inBothModes(() => {
    let i = 0;
    for (let h = 1; h <= 17; h++) {
      for (const w of [1, 2, 3, 4, 5, 8, 9, 16, 17]) {
        // Negative padding is what the gradient of a convolution with padding 3 asks for.
        for (const padding of [-1, 0, 1, 2, 5]) {
          i++;
          const c = shapeOf(1 + (i % 3), CHANNELS[i % CHANNELS.length], [h, w], [padding, (padding + i) % 3]);
          if (c.oh > 0 && c.ow > 0) verify(c, i % 2 === 0);
        }
      }
    }
  });
});

test('blocks of tiles, of images and of rows meet without a seam', () => {
  inBothModes(() => {
    verify(shapeOf(1, [3, 5, 1], [9, 500], [1, 1]));
    verify(shapeOf(1, [3, 5, 1], [90, 31], [1, 2]), true);
    verify(shapeOf(30, [8, 16, 1], [7, 7], [1, 1]));
    verify(shapeOf(1, [300, 31, 1], [14, 14], [1, 1]));
    verify(shapeOf(2, [20, 250, 1], [10, 12], [0, 1]), true);
    // Blocks of 36, 36 and 2 rows; of 36, 36 and 1 in groups, fused.
    verify(shapeOf(1, [5, 74, 1], [60, 48], [1, 1]));
    verify(shapeOf(1, [10, 146, 2], [37, 36], [1, 1]));
  });
});

test('relative error against float64 stays within 1e-5 up to the most channels that are given to it', () => {
  inBothModes(() => {
    for (const [channels, bound] of [
      [16, 1.5e-6],
      [64, 2.5e-6],
      [256, 4e-6],
      [1024, 1e-5],
    ]) {
      for (const flip of [false, true]) {
        verify(shapeOf(1, [channels, 8, 1], [14, 14], [1, 1]), flip, bound);
      }
    }
  });
});

test('a bias of none is zero', () => {
  const c = shapeOf(1, [8, 8, 1], [6, 6], [1, 1]);
  const laid = lay(c);
  const { packedBytes } = winogradPlan(c);
  const run = (bias: number) => {
    for (const launch of launchesOf(c, { ...laid, bias })) runInline(launch, memory, laid.scratch * 4 + packedBytes);
    return floats.slice(laid.out, laid.out + laid.size);
  };
  const without = run(0);
  floats.fill(0, laid.bias, laid.bias + c.cout);
  assert.equal(run(laid.bias), without);
});

test('tasks in any order, and images alone or in a batch, give the same bits', () => {
  inBothModes(() => {
    const c = shapeOf(5, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const { out, size, scratch } = laid;
    const own = scratch * 4 + winogradPlan(c).packedBytes;
    const result = () => new Uint8Array(floats.buffer, out * 4, size * 4).slice();
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    const forwards = result();
    floats.fill(0, out, out + size);
    for (const { name, emit, entry, args, tasks } of launchesOf(c, laid)) {
      const run = kernel(name, emit, memory)[entry];
      for (let task = tasks - 1; task >= 0; task--) run(task, task + 1, own, ...args);
    }
    assert.equal(result(), forwards);
    floats.fill(0, out, out + size);
    const single = { ...c, n: 1 };
    for (let image = 0; image < c.n; image++) {
      const x = laid.x + image * c.cin * c.h * c.w;
      const part = { ...laid, x, out: out + (image * size) / c.n };
      for (const launch of launchesOf(single, part)) runInline(launch, memory, own);
    }
    assert.equal(result(), forwards);
  });
});

test('strict mode gives these bits on every runtime', () => {
  setStrict(true);
  try {
    const c = shapeOf(3, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const own = laid.scratch * 4 + winogradPlan(c).packedBytes;
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    // FNV-1a
    let hash = 0x811c9dc5;
    for (const byte of new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4)) {
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    assert.is((hash >>> 0).toString(16), '35e8a054');
  } finally {
    setStrict(false);
  }
});

test('NaN and infinity reach every output that reads them, and none outside the tiles that do', () => {
  const c = shapeOf(1, [8, 8, 1], [14, 14], [1, 1]);
  const laid = lay(c);
  for (const special of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (const [y, x] of [
      [0, 0],
      [5, 6],
      [13, 13],
    ]) {
      const { packedBytes } = winogradPlan(c);
      const before = floats[laid.x + y * 14 + x];
      floats[laid.x + y * 14 + x] = special;
      for (const launch of launchesOf(c, laid)) runInline(launch, memory, laid.scratch * 4 + packedBytes);
      floats[laid.x + y * 14 + x] = before;
      const tileReads = (out: number, at: number) => at >= out - (out % 4) - 1 && at <= out - (out % 4) + 4;
      for (let i = 0; i < laid.size; i++) {
        const ox = i % 14;
        const oy = Math.floor(i / 14) % 14;
        const isFinite = Number.isFinite(floats[laid.out + i]);
        if (Math.abs(ox - x) <= 1 && Math.abs(oy - y) <= 1) assert.not(isFinite, `${oy} ${ox}`);
        if (!tileReads(ox, x) || !tileReads(oy, y)) assert.ok(isFinite, `${oy} ${ox}`);
      }
    }
  }
});

test('taken for many channels, in both directions and both modes; not for few, and not where it cannot', () => {
  inBothModes(() => {
    const pointers = { xPtr: 0, wPtr: 0, gradPtr: 0, outPtr: 0 };
    const entries = (launches: readonly Launch[]) => launches.map(({ entry }) => entry).join(' ');
    for (const [channels, size] of [
      [64, 56],
      [128, 28],
      [256, 14],
    ]) {
      for (const n of [1, 8, 32]) {
        const c = shapeOf(n, [channels, channels, 1], [size, size], [1, 1]);
        assert.is(convPath(c, 'forward').kernel, 'winograd');
        assert.match(entries(convForwardLaunches({ ...c, ...pointers }, 0)), /winograd$/);
        assert.match(entries(convBackwardInputLaunches({ ...c, ...pointers }, 0)), /winograd$/);
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
      assert.is.not(convPath({ ...c, ...other }, 'forward').kernel, 'winograd', JSON.stringify(other));
    }
    assert.is.not(convPath(shapeOf(1, [64, 64, 1], [2, 2], [1, 1]), 'forward').kernel, 'winograd');
  });
});

test.run();
