import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { forEachProduct, shapeOf3x3, sizesOf } from '../../fixtures/convShape.ts';
import { checkLaunch, layOut, testMemory } from '../../fixtures/kernelMemory.ts';
import { hashOf, inBothModes, inStrictMode, runBackwards } from '../../fixtures/kernelRuns.ts';
import type { Launch } from '../module.ts';
import { runInline } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convForwardLaunches } from './conv.ts';
import { convBackwardInputLaunches } from './conv-input.ts';
import { convPath } from './conv-path.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';

const memory = testMemory(1024);
const floats = new Float32Array(memory.buffer);

/**
 * The largest error against float64, relative to the largest output, with operands that are uniform in [-1/2, 1/2]:
 * measured below 3e-6 for few channels, where an output may be small by chance; 9e-7 for 16, 1.3e-6 for 64, 2.3e-6 for
 * 256, 5e-6 for 1024 (the sums, not the transforms). A direct sum errs by half of that.
 */
const TOLERANCE = 4e-6;

/** Operands, room for the output and scratch memory. */
function lay(c: ConvShape) {
  const { x, weight, out } = sizesOf(c);
  return layOut(floats, { x, weight, bias: c.cout }, out);
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
  const filters = Float64Array.from({ length: c.cout * channels * 9 }, (_, i) => {
    if (!flip) return floats[weight + i];
    const channel = Math.floor(i / 9) % channels;
    const oc = Math.floor(i / 9 / channels);
    const group = Math.floor(oc / rows);
    return floats[weight + ((group * channels + channel) * rows + (oc % rows)) * 9 + 8 - (i % 9)];
  });
  const result = Float64Array.from({ length: size }, (_, i) => floats[bias + (Math.floor(i / c.ow / c.oh) % c.cout)]);
  forEachProduct(c, (o, i, w) => {
    result[o] += filters[w] * floats[x + i];
  });
  return result;
}

/** Runs and checks guards, and the largest error relative to the largest output. */
function verify(c: ConvShape, flip = false, tolerance = TOLERANCE): void {
  const laid = lay(c);
  const { packedBytes, scratchBytes } = winogradPlan(c);
  const bytes = packedBytes + scratchBytes;
  const wanted = { view: floats, laid, scratchBytes: bytes, result: expected(c, laid, flip), tolerance };
  checkLaunch(JSON.stringify({ ...c, flip }), wanted, () => {
    for (const launch of launchesOf(c, laid, flip)) runInline(launch, memory, laid.scratch * 4 + packedBytes);
  });
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
          const c = shapeOf3x3(1 + (i % 3), CHANNELS[i % CHANNELS.length], [h, w], [padding, (padding + i) % 3]);
          if (c.oh > 0 && c.ow > 0) verify(c, i % 2 === 0);
        }
      }
    }
  });
});

test('blocks of tiles, of images and of rows meet without a seam', () => {
  inBothModes(() => {
    verify(shapeOf3x3(1, [3, 5, 1], [9, 500], [1, 1]));
    verify(shapeOf3x3(1, [3, 5, 1], [90, 31], [1, 2]), true);
    verify(shapeOf3x3(30, [8, 16, 1], [7, 7], [1, 1]));
    verify(shapeOf3x3(1, [300, 31, 1], [14, 14], [1, 1]));
    verify(shapeOf3x3(2, [20, 250, 1], [10, 12], [0, 1]), true);
    // Blocks of 36, 36 and 2 rows; of 36, 36 and 1 in groups, fused.
    verify(shapeOf3x3(1, [5, 74, 1], [60, 48], [1, 1]));
    verify(shapeOf3x3(1, [10, 146, 2], [37, 36], [1, 1]));
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
        verify(shapeOf3x3(1, [channels, 8, 1], [14, 14], [1, 1]), flip, bound);
      }
    }
  });
});

test('a bias of none is zero', () => {
  const c = shapeOf3x3(1, [8, 8, 1], [6, 6], [1, 1]);
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
    const c = shapeOf3x3(5, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const { out, size, scratch } = laid;
    const own = scratch * 4 + winogradPlan(c).packedBytes;
    const result = () => new Uint8Array(floats.buffer, out * 4, size * 4).slice();
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    const forwards = result();
    floats.fill(0, out, out + size);
    runBackwards(launchesOf(c, laid), memory, own);
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
  inStrictMode(() => {
    const c = shapeOf3x3(3, [40, 52, 2], [18, 13], [1, 1]);
    const laid = lay(c);
    const own = laid.scratch * 4 + winogradPlan(c).packedBytes;
    for (const launch of launchesOf(c, laid)) runInline(launch, memory, own);
    assert.is(hashOf(new Uint8Array(floats.buffer, laid.out * 4, laid.size * 4)), '35e8a054');
  });
});

test('NaN and infinity reach every output that reads them, and none outside the tiles that do', () => {
  const c = shapeOf3x3(1, [8, 8, 1], [14, 14], [1, 1]);
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
        const c = shapeOf3x3(n, [channels, channels, 1], [size, size], [1, 1]);
        assert.is(convPath(c, 'forward').kernel, 'winograd');
        assert.match(entries(convForwardLaunches({ ...c, ...pointers }, 0)), /winograd$/);
        assert.match(entries(convBackwardInputLaunches({ ...c, ...pointers }, 0)), /winograd$/);
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
      assert.is.not(convPath({ ...c, ...other }, 'forward').kernel, 'winograd', JSON.stringify(other));
    }
    assert.is.not(convPath(shapeOf3x3(1, [64, 64, 1], [2, 2], [1, 1]), 'forward').kernel, 'winograd');
  });
});

test.run();
