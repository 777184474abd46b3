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
import { launchNormalise, launchStatistics } from '../launchNorm.ts';

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

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    test(`${dtype} normalisation by kernels gives the bits of the reference at every size, ${how}`, () => {
      const was = setStrict(strict);
      for (const size of [1, 2, 3, 4, 5, 7, 8, 9, 33]) {
        for (const channels of [1, 3, 4, 5, 8, 9]) {
          const shape = [Math.ceil(1024 / (channels * size)), channels, size];
          const x = input(shape, dtype, 0, true);
          const mean = table(channels, (c) => c / 7);
          const invstd = table(channels, (c) => 1 / (c + 0.3));
          const affine = [table(channels, (c) => Math.sin(c)), table(channels, (c) => Math.cos(c))];
          for (const [weight, bias] of [affine, [null, null]]) {
            const out = guarded(shape, dtype);
            assert.ok(launchNormalise(x, mean, invstd, weight, bias, out.tensor), `a kernel takes ${shape}`);
            const expected = allocate(shape, dtype);
            reference.normalise(x, mean, invstd, weight, bias, expected);
            const [got, want] = [out.tensor, expected].map((y) =>
              (y.array as Float64Array).slice(y.offset, y.offset + sizeOf(shape)),
            );
            for (let i = 0; i < want.length; i++) {
              if (!Object.is(got[i], want[i])) assert.unreachable(`${shape}: ${got[i]} at ${i}, expected ${want[i]}`);
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
  assert.not(launchNormalise(x, two, two, null, null, allocate([4, 2, 8], 'float32')));
});

test.run();
