import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, fromArray } from '../../base.ts';
import type { FloatDType } from '../../dtype.ts';
import { newArray } from '../../dtype.ts';
// Gives `base.ts` the class that it constructs.
import '../../index.ts';
import { sizeOf } from '../../layout.ts';
import type { WindowPair } from '../../reference/pool.ts';
import * as reference from '../../reference/pool.ts';
import type { Tensor } from '../../tensor.ts';
import { setStrict } from '../features.ts';
import { launchAverageScatter, launchAverageWindows, launchMaxScatter, launchMaxWindows } from '../launchPool.ts';

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-45, 3e38];

/** Values in tenths with ties, every tenth or so special, in the heap or (when small) in a typed array. */
function image(shape: readonly number[], dtype: FloatDType, seed: number, special: boolean): Tensor {
  const array = newArray(dtype, sizeOf(shape)) as Float64Array;
  for (let i = 0; i < array.length; i++) {
    const random = Math.abs(Math.sin(seed * 1000 + i * 12.9898) * 43758.5453) % 1;
    array[i] = special && random < 0.08 ? SPECIAL[i % SPECIAL.length] : Math.round((random - 0.5) * 60) / 10;
  }
  return fromArray(array, shape, dtype);
}

/** The same elements in the middle of a large storage in the heap, whose other elements are guards. */
function guarded(shape: readonly number[], dtype: FloatDType | 'int32'): { tensor: Tensor; check: () => void } {
  const size = sizeOf(shape);
  const room = allocate([size + 2048], dtype);
  assert.ok(room.storage.inHeap, 'the operand of this test is in the heap');
  (room.array as Float64Array).fill(77);
  const tensor = room.narrow(0, 1000, size).view(...shape);
  const check = (): void => {
    const all = room.array as Float64Array;
    for (let i = 0; i < all.length; i++) {
      if ((i < 1000 || i >= 1000 + size) && all[i] !== 77) assert.unreachable(`a guard at ${i - 1000} was overwritten`);
    }
  };
  return { tensor, check };
}

function elements({ array, offset, shape }: Tensor): Float64Array {
  return (array as Float64Array).slice(offset, offset + sizeOf(shape));
}

function same(title: string, got: Tensor, expected: Tensor, tolerance = 0): void {
  const a = elements(got);
  const b = elements(expected);
  for (let i = 0; i < b.length; i++) {
    const close = Object.is(a[i], b[i]) || Math.abs(a[i] - b[i]) <= tolerance * Math.abs(b[i]);
    if (!close) assert.unreachable(`${title}: entry ${i} is ${a[i]}, expected ${b[i]}`);
  }
}

interface Case {
  readonly input: readonly number[];
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly ceilMode: boolean;
}

const cases: Case[] = [];
for (const [k, s, p, d, ceilMode] of [
  [2, 2, 0, 1, false],
  [3, 2, 1, 1, false],
  [3, 1, 1, 1, false],
  [3, 3, 0, 1, true],
  [5, 4, 2, 1, true],
  [3, 2, 1, 2, false],
  [2, 3, 0, 1, true],
  [1, 1, 0, 1, false],
] as const) {
  // Output rows of 0, 1, lanes - 1, lanes, lanes + 1, … whole windows.
  for (const width of [5, 6, 7, 8, 9, 10, 11, 17, 33]) {
    const height = Math.max(5, width - 3);
    const [two, one] = [
      [7, Math.ceil(1100 / (7 * height * width)), height, width],
      [Math.ceil(1100 / width), width],
    ];
    const both = <T>(x: T): T[] => [x, x];
    cases.push({ input: two, kernelSize: both(k), stride: both(s), padding: both(p), dilation: both(d), ceilMode });
    cases.push({ input: one, kernelSize: [k], stride: [s], padding: [p], dilation: [d], ceilMode });
  }
}

function outputOf({ input, kernelSize, stride, padding, dilation, ceilMode }: Case): number[] {
  const lead = input.length - kernelSize.length;
  const size = (i: number): number =>
    reference.poolOutputSize(input[lead + i], kernelSize[i], stride[i], padding[i], dilation[i], ceilMode);
  return [...input.slice(0, lead), ...kernelSize.map((_, i) => size(i))];
}

function checkMax(
  title: string,
  dtype: FloatDType,
  input: readonly number[],
  output: readonly number[],
  windows: WindowPair,
) {
  const x = image(input, dtype, 1, true);
  const [values, indices] = [guarded(output, dtype), guarded(output, 'int32')];
  assert.ok(launchMaxWindows(x, values.tensor, indices.tensor, windows), `${title}: a kernel takes it`);
  const [expected, places] = [allocate(output, dtype), allocate(output, 'int32')];
  reference.maxWindows(x, expected, places, windows);
  same(`values of ${title}`, values.tensor, expected);
  same(`indices of ${title}`, indices.tensor, places);
  values.check();
  indices.check();

  const grad = image(output, dtype, 2, false);
  const size = windows[0].input * windows[1].input;
  const back = guarded(input, dtype);
  assert.ok(launchMaxScatter(grad, places, back.tensor, size));
  const scattered = allocate(input, dtype);
  reference.maxScatter(grad, places, scattered, size);
  // In float32 overlapping windows round at each addition; tenths up to 3 leave 1e-6 of a sum that cancels.
  const slack = dtype === 'float32' ? 1e-6 : 1e-15;
  const a = elements(back.tensor);
  const b = elements(scattered);
  for (let i = 0; i < b.length; i++) {
    assert.ok(
      Math.abs(a[i] - b[i]) <= 3 * slack * Math.max(1, Math.abs(b[i])),
      `gradient ${i} of ${title}: ${a[i]}, ${b[i]}`,
    );
  }
  back.check();
}

function checkAverage(
  title: string,
  dtype: FloatDType,
  input: readonly number[],
  output: readonly number[],
  windows: WindowPair,
  divisor: number | null,
) {
  const x = image(input, dtype, 3, true);
  const out = guarded(output, dtype);
  assert.ok(launchAverageWindows(x, out.tensor, windows, divisor), `${title}: a kernel takes it`);
  const expected = allocate(output, dtype);
  reference.averageWindows(x, expected, windows, divisor);
  same(`averages of ${title}`, out.tensor, expected);
  out.check();

  const grad = image(output, dtype, 4, false);
  const back = guarded(input, dtype);
  assert.ok(launchAverageScatter(grad, back.tensor, windows, divisor));
  const spread = allocate(input, dtype);
  reference.averageScatter(grad, spread, windows, divisor);
  const slack = dtype === 'float32' ? 1e-6 : 1e-15;
  const a = elements(back.tensor);
  const b = elements(spread);
  for (let i = 0; i < b.length; i++) {
    assert.ok(
      Math.abs(a[i] - b[i]) <= 9 * slack * Math.max(1, Math.abs(b[i])),
      `gradient ${i} of ${title}: ${a[i]}, ${b[i]}`,
    );
  }
  back.check();
}

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    test(`${dtype} pooling by kernels equals the reference at every width, ${how}`, () => {
      const was = setStrict(strict);
      for (const c of cases) {
        const output = outputOf(c);
        const title = JSON.stringify(c);
        checkMax(title, dtype, c.input, output, reference.windowsOf(c, c.input, output));
        if (c.dilation.some((d) => d !== 1)) continue;
        for (const includePad of [true, false]) {
          checkAverage(title, dtype, c.input, output, reference.windowsOf(c, c.input, output, includePad), null);
        }
        checkAverage(title, dtype, c.input, output, reference.windowsOf(c, c.input, output), -3);
      }
      setStrict(was);
    });

    test(`${dtype} adaptive pooling by kernels equals the reference, ${how}`, () => {
      const was = setStrict(strict);
      for (const outputSize of [[1, 1], [2, 3], [9, 8], [16, 16], [5, 20], [7]]) {
        const input = [8, 16, 16];
        const output = [...input.slice(0, -outputSize.length), ...outputSize];
        const windows = reference.adaptiveWindows(input, outputSize);
        checkMax(`${outputSize}`, dtype, input, output, windows);
        checkAverage(`${outputSize}`, dtype, input, output, windows, null);
      }
      setStrict(was);
    });
  }
}

test('an index that points nowhere is skipped', () => {
  const indices = fromArray(
    Int32Array.from({ length: 1024 }, (_, i) => [i, -1, 1024, 2 ** 31 - 1][i % 4]),
    [1, 1024],
    'int32',
  );
  const grad = fromArray(new Float32Array(1024).fill(1), [1, 1024], 'float32');
  const back = guarded([1, 1024], 'float32');
  assert.ok(launchMaxScatter(grad, indices, back.tensor, 1024));
  same(
    'gradient',
    back.tensor,
    fromArray(
      Float32Array.from({ length: 1024 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
      [1024],
      'float32',
    ),
  );
  back.check();
});

test('a transposed image outside the heap is pooled as its copy', () => {
  const x = image([32, 64], 'float32', 5, false).t();
  const windows = reference.windowsOf(
    { kernelSize: [2], stride: [2], padding: [0], dilation: [1], ceilMode: false },
    [64, 32],
    [64, 16],
  );
  const [values, indices] = [allocate([64, 16], 'float32'), allocate([64, 16], 'int32')];
  assert.ok(launchMaxWindows(x, values, indices, windows));
  const [expected, places] = [allocate([64, 16], 'float32'), allocate([64, 16], 'int32')];
  reference.maxWindows(x, expected, places, windows);
  same('values', values, expected);
  same('indices', indices, places);
});

test('small images and other dtypes are left to the reference loops', () => {
  const windows = reference.adaptiveWindows([4, 4], [2, 2]);
  const small = image([4, 4], 'float32', 1, false);
  assert.not(launchMaxWindows(small, allocate([2, 2], 'float32'), allocate([2, 2], 'int32'), windows));
  const whole = allocate([1024, 4, 4], 'int32');
  assert.not(launchMaxWindows(whole, allocate([1024, 2, 2], 'int32'), allocate([1024, 2, 2], 'int32'), windows));
});

test.run();
