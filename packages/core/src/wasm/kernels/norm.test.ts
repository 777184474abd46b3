import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { allocate, fromArray } from '../../base.ts';
import type { FloatDType } from '../../dtype.ts';
import { newArray } from '../../dtype.ts';
// Gives `base.ts` the class that it constructs.
import '../../index.ts';
import { sizeOf } from '../../layout.ts';
import * as reference from '../../reference/norm.ts';
import type { Tensor } from '../../tensor.ts';
import { setStrict } from '../features.ts';
import {
  launchChannelSums,
  launchLayerNorm,
  launchLayerNormBackward,
  launchNormalise,
  launchNormaliseGradient,
  launchStatistics,
} from '../launchNorm.ts';

const GUARD = 1000;

/** A tensor in the middle of a large storage in the heap, whose other elements are guards. */
function guarded(shape: readonly number[], dtype: FloatDType): { tensor: Tensor; check: () => void } {
  const size = sizeOf(shape);
  const room = allocate([size + 2 * GUARD], dtype);
  assert.ok(room.storage.inHeap, 'the operand of this test is in the heap');
  (room.array as Float64Array).fill(77);
  const check = (): void => {
    const all = room.array as Float64Array;
    for (let i = 0; i < all.length; i++) {
      if ((i < GUARD || i >= GUARD + size) && all[i] !== 77) assert.unreachable(`guard ${i - GUARD} was overwritten`);
    }
  };
  return { tensor: room.narrow(0, GUARD, size).view(...shape), check };
}

/** Values around `center`; a few of them special when asked for. */
function input(shape: readonly number[], dtype: FloatDType, center: number, special: boolean): Tensor {
  const array = newArray(dtype, sizeOf(shape)) as Float64Array;
  for (let i = 0; i < array.length; i++) array[i] = center + (Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1);
  if (special) {
    array[3] = Number.NaN;
    array[array.length - 1] = Number.POSITIVE_INFINITY;
    array[array.length >> 1] = -0;
  }
  return fromArray(array, shape, dtype);
}

const table = (n: number, f: (c: number) => number): Float64Array => Float64Array.from({ length: n }, (_, c) => f(c));

const rounded = (values: Float64Array, dtype: FloatDType): Float64Array | Float32Array =>
  dtype === 'float32' ? Float32Array.from(values) : values;

/** Equal but for a few roundings of numbers of the given size. */
function checkClose(got: Tensor, want: Tensor, dtype: FloatDType, where: string, size = 4): void {
  const slack = size * (dtype === 'float32' ? 2 ** -22 : 1e-14);
  const [values, exact] = [got, want].map((y) =>
    Array.from((y.array as Float64Array).subarray(y.offset, y.offset + sizeOf(y.shape))),
  );
  exact.forEach((v, i) => {
    const same =
      Object.is(values[i], v) || values[i] === v || Math.abs(values[i] - v) <= slack * Math.max(1, Math.abs(v));
    if (!same) assert.unreachable(`${where}: ${values[i]} at ${i}, expected ${v}`);
  });
}

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    test(`${dtype} normalisation and its gradient by kernels equal the reference at every size, ${how}`, () => {
      const was = setStrict(strict);
      for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 33]) {
        for (const channels of [1, 3, 4, 5, 8, 9]) {
          const shape = [Math.ceil(1024 / (channels * size)), channels, size];
          const x = input(shape, dtype, 1000, true);
          const g = input(shape, dtype, -0.5, false);
          const mean = table(channels, (c) => 1000 + c / 7);
          const [scale, shift, slope] = [1, 2, 3].map((k) => table(channels, (c) => Math.sin(k * c + k)));
          const out = guarded(shape, dtype);
          const expected = allocate(shape, 'float64');
          assert.ok(launchNormalise(x, mean, scale, shift, out.tensor), `a kernel takes ${shape}`);
          reference.normalise(x, mean, scale, shift, expected);
          checkClose(out.tensor, expected, dtype, `normalise ${shape}`);
          // The gradient's mean is one that has been stored, and so is rounded.
          const stored = dtype === 'float32' ? mean.map(Math.fround) : mean;
          assert.ok(launchNormaliseGradient(x, g, stored, scale, shift, slope, out.tensor));
          reference.normaliseGradient(x, g, stored, scale, shift, slope, expected);
          checkClose(out.tensor, expected, dtype, `gradient ${shape}`);
          out.check();
          const clean = input(shape, dtype, 1000, false);
          const got = launchChannelSums(clean, g, stored);
          assert.ok(got !== null);
          const want = reference.channelSums(clean, g, stored);
          // Products and sums of four of them are rounded: three times, of numbers below 4.
          const slack = dtype === 'float32' ? 2 ** -22 * shape[0] * size : 1e-12;
          for (let c = 0; c < channels; c++) {
            assert.ok(Math.abs(got.sums[c] - want.sums[c]) <= slack, `sum ${c} of ${shape}`);
            assert.ok(Math.abs(got.products[c] - want.products[c]) <= slack, `product ${c} of ${shape}`);
          }
        }
      }
      setStrict(was);
    });

    test(`${dtype} layer normalisation and its gradient by kernels equal the reference at every length, ${how}`, () => {
      const was = setStrict(strict);
      for (const n of [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 300]) {
        for (const center of [0, 1000]) {
          const rows = Math.ceil(1030 / n);
          const x = input([rows, n], dtype, center, false);
          const g = input([rows, n], dtype, -0.4, false);
          const [w, b] = [1, 2].map((k) =>
            fromArray(
              rounded(
                table(n, (c) => Math.sin(k * c + k)),
                dtype,
              ),
              [n],
              dtype,
            ),
          );
          for (const [weight, bias] of [
            [w, b],
            [null, null],
          ]) {
            const out = guarded([rows, n], dtype);
            const [means, invstds] = [allocate([rows], dtype), allocate([rows], dtype)];
            assert.ok(launchLayerNorm(x, n, weight, bias, 1e-5, [out.tensor, means, invstds]));
            const [wide, wideMeans, wideInvstds] = [[rows, n], [rows], [rows]].map((s) => allocate(s, 'float64'));
            const [ws, bs] = [weight, bias].map((t) =>
              t === null ? null : Float64Array.from(t.array as Float64Array),
            );
            reference.layerNorm(x, n, ws, bs, 1e-5, wide, wideMeans, wideInvstds);
            // In float64 a mean near 1000 has three digits less than the distances from it. 1 / √(var + eps) reaches 316 where a row
            // has no variance; what is lost of x - mean is multiplied by it.
            const digits = dtype === 'float64' ? Math.max(center, 1) : 1;
            checkClose(out.tensor, wide, dtype, `layerNorm of ${n} around ${center}`, (n < 3 ? 320 : 8) * digits);
            checkClose(means, wideMeans, dtype, `means of ${n}`, Math.max(center, 1));
            const results = launchLayerNormBackward(g, x, n, weight, means, invstds, out.tensor);
            assert.ok(results !== null);
            const want = reference.layerNormBackward(g, x, n, ws, means, invstds, wide);
            const size = Math.max(...Array.from(invstds.array as Float64Array));
            checkClose(out.tensor, wide, dtype, `gradient of ${n} around ${center}`, 16 * size);
            const slack = dtype === 'float32' ? 2 ** -21 * rows * 4 : 1e-11 * rows;
            for (let c = 0; c < n; c++) {
              assert.ok(Math.abs(results.dWeight[c] - want.dWeight[c]) <= slack, `weight ${c} of ${n}`);
              assert.ok(Math.abs(results.dBias[c] - want.dBias[c]) <= slack, `bias ${c} of ${n}`);
            }
            out.check();
          }
        }
      }
      setStrict(was);
    });

    test(`${dtype} statistics of channels equal the reference, also around a large mean, ${how}`, () => {
      const was = setStrict(strict);
      for (const shape of [
        [20, 3, 5, 7],
        [300, 5],
        [1, 40, 64],
        [2000, 1],
        [4, 2, 5000],
        [64, 16, 1, 1],
      ]) {
        for (const center of [0, 1000]) {
          const x = input(shape, dtype, center, false);
          const got = launchStatistics(x);
          assert.ok(got !== null, `a kernel takes ${shape}`);
          const want = reference.channelStatistics(x);
          assert.is(got.count, want.count);
          for (let c = 0; c < shape[1]; c++) {
            assert.ok(Math.abs(got.mean[c] - want.mean[c]) <= 1e-14 * Math.max(1, center), `mean of ${shape}`);
            assert.ok(Math.abs(got.variance[c] - want.variance[c]) <= 1e-13 * want.variance[c], `variance of ${shape}`);
          }
        }
      }
      setStrict(was);
    });
  }
}

test('a NaN stays in its channel', () => {
  const x = input([64, 4, 8], 'float32', 0, false);
  (x.array as Float32Array)[8] = Number.NaN;
  const { mean, variance } = launchStatistics(x) as { mean: Float64Array; variance: Float64Array };
  assert.equal(Array.from(mean, Number.isNaN), [false, true, false, false]);
  assert.equal(Array.from(variance, Number.isNaN), [false, true, false, false]);
});

test('small inputs are left to the reference loops', () => {
  const x = input([4, 2, 8], 'float32', 0, false);
  const two = table(2, () => 1);
  assert.is(launchStatistics(x), null);
  assert.not(launchNormalise(x, two, two, two, allocate([4, 2, 8], 'float32')));
  assert.is(launchChannelSums(x, x, two), null);
});

test.run();
