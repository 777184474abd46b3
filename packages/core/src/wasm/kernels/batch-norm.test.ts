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
import { launchBatchNorm, launchBatchNormBackward } from '../launchBatchNorm.ts';

const GUARD = 64;

/** A tensor whose surroundings in its storage are guards. */
function guarded(shape: readonly number[], dtype: FloatDType): { tensor: Tensor; check: () => void } {
  const size = sizeOf(shape);
  const array = (newArray(dtype, size + 2 * GUARD) as Float64Array).fill(77);
  const room = fromArray(array, [size + 2 * GUARD], dtype);
  const check = (): void => {
    (room.array as Float64Array).forEach((v, i) => {
      if ((i < GUARD || i >= GUARD + size) && v !== 77) assert.unreachable(`guard ${i - GUARD} was overwritten`);
    });
  };
  return { tensor: room.narrow(0, GUARD, size).view(...shape), check };
}

function input(shape: readonly number[], dtype: FloatDType, center: number): Tensor {
  const array = newArray(dtype, sizeOf(shape)) as Float64Array;
  for (let i = 0; i < array.length; i++) array[i] = center + (Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1);
  return fromArray(array, shape, dtype);
}

const elements = (x: Tensor): Float64Array =>
  Float64Array.from((x.array as Float64Array).subarray(x.offset, x.offset + sizeOf(x.shape)));

function checkClose(got: Tensor, want: ArrayLike<number>, slack: number, where: string): void {
  elements(got).forEach((v, i) => {
    const isClose = Object.is(v, want[i]) || Math.abs(v - want[i]) <= slack * Math.max(1, Math.abs(want[i]));
    if (!isClose) assert.unreachable(`${where}: ${v} at ${i}, expected ${want[i]}`);
  });
}

/** One sample and several, a channel and several, runs of whole vectors and not; and so long that a channel is in several parts. */
const SHAPES = [
  [1, 8, 64],
  [520, 1],
  [4, 8, 19],
  [3, 17, 3, 5],
  [600, 1, 1],
  [300, 2, 2],
  [130, 9],
  [2100, 3],
  [5, 11, 17],
  [7, 8, 35],
  [2, 3, 1031],
  [3, 2, 2100],
] as const;

for (const strict of [false, true]) {
  const how = strict ? 'in strict mode' : 'with the features found';
  for (const dtype of ['float32', 'float64'] as const) {
    // The mean of the reference is that of sums of as many numbers of the size of 1000 as there are samples.
    const slack = dtype === 'float32' ? 2 ** -20 : 1e-11;

    test(`${dtype} batch normalisation equals the reference at every shape, ${how}`, () => {
      const was = setStrict(strict);
      for (const shape of SHAPES) {
        for (const isPlain of [false, true]) {
          const [batch, channels] = shape;
          const x = input(shape, dtype, 1000);
          const [weight, bias] = isPlain ? [null, null] : [input([channels], dtype, 0.5), input([channels], dtype, -2)];
          const running = isPlain ? [null, null] : ([guarded([channels], dtype), guarded([channels], dtype)] as const);
          const results = [guarded(shape, dtype), guarded([channels], dtype), guarded([channels], dtype)] as const;
          const [out, means, invstds] = results.map(({ tensor }) => tensor);
          const statistics = running.map((statistic) => statistic?.tensor ?? null);
          assert.ok(
            launchBatchNorm(x, weight, bias, [statistics[0], statistics[1]], 0.25, 1e-3, [out, means, invstds]),
            `a kernel takes ${shape}`,
          );
          const { mean, variance, count } = reference.channelStatistics(x);
          assert.is(count, (sizeOf(shape) / channels) | 0, `${batch} samples`);
          const scale = variance.map((v) => 1 / Math.sqrt(v + 1e-3));
          checkClose(means, mean, slack, `means of ${shape}`);
          checkClose(invstds, scale, slack, `1/√(variance + eps) of ${shape}`);
          const expected = allocate(shape, 'float64');
          const factors = weight === null ? scale : scale.map((s, c) => s * elements(weight)[c]);
          reference.normalise(x, mean, factors, bias === null ? new Float64Array(channels) : elements(bias), expected);
          checkClose(out, elements(expected), slack * 4, `${shape}`);
          if (statistics[0] !== null && statistics[1] !== null) {
            const [oldMean, oldVariance] = [0, 1].map(() => new Float64Array(channels).fill(77));
            checkClose(
              statistics[0],
              oldMean.map((m, c) => 0.75 * m + 0.25 * mean[c]),
              slack,
              'running means',
            );
            const fresh = variance.map((v) => (v * count) / (count - 1));
            checkClose(
              statistics[1],
              oldVariance.map((v, c) => 0.75 * v + 0.25 * fresh[c]),
              slack,
              'running variances',
            );
          }
          for (const guard of [...results, ...running]) guard?.check();
        }
      }
      setStrict(was);
    });

    test(`the gradient of ${dtype} batch normalisation equals the reference at every shape, ${how}`, () => {
      const was = setStrict(strict);
      for (const shape of SHAPES) {
        const [, channels] = shape;
        const [x, g] = [input(shape, dtype, 3), input(shape, dtype, -0.4)];
        const [means, invstds] = [input([channels], dtype, 3), input([channels], dtype, 1)];
        for (const weight of [null, input([channels], dtype, 0.5)]) {
          const results = [guarded(shape, dtype), guarded([channels], dtype), guarded([channels], dtype)] as const;
          const [dx, dw, db] = results.map(({ tensor }) => tensor);
          assert.ok(launchBatchNormBackward(g, x, weight, means, invstds, [dx, dw, db]), `a kernel takes ${shape}`);
          const [mean, scale] = [elements(means), elements(invstds)];
          const { sums, products } = reference.channelSums(x, g, mean);
          const count = sizeOf(shape) / channels;
          const slope = scale.map((s, c) => s * (weight === null ? 1 : elements(weight)[c]));
          const inclination = slope.map((s, c) => (-s * scale[c] ** 2 * products[c]) / count);
          const expected = allocate(shape, 'float64');
          const shift = slope.map((s, c) => (-s * sums[c]) / count);
          reference.normaliseGradient(x, g, mean, inclination, shift, slope, expected);
          checkClose(dx, elements(expected), slack, `dx of ${shape}`);
          checkClose(db, sums, slack * 4, `db of ${shape}`);
          checkClose(
            dw,
            products.map((p, c) => p * scale[c]),
            slack * 4,
            `dw of ${shape}`,
          );
          for (const guard of results) guard.check();
        }
      }
      setStrict(was);
    });
  }
}

test('a large mean takes nothing from a small spread', () => {
  const shape = [10, 3, 1000];
  const array = Float64Array.from({ length: sizeOf(shape) }, (_, i) => 1e8 + (i % 2));
  const results = [allocate(shape, 'float64'), allocate([3], 'float64'), allocate([3], 'float64')] as const;
  assert.ok(launchBatchNorm(fromArray(array, shape, 'float64'), null, null, [null, null], 0.1, 0, results));
  const [out, means, invstds] = results;
  assert.equal([...elements(means)], [1e8 + 0.5, 1e8 + 0.5, 1e8 + 0.5]);
  assert.equal([...elements(invstds)], [2, 2, 2]);
  assert.ok(elements(out).every((v, i) => v === 2 * (i % 2) - 1));
});

test('NaN and infinities stay in their channel', () => {
  const x = input([6, 8, 12], 'float32', 0);
  (x.array as Float32Array)[13] = Number.NaN;
  (x.array as Float32Array)[25] = Number.POSITIVE_INFINITY;
  const results = [allocate([6, 8, 12], 'float32'), allocate([8], 'float32'), allocate([8], 'float32')] as const;
  assert.ok(launchBatchNorm(x, null, null, [null, null], 0.1, 1e-5, results));
  const [out] = results;
  elements(out).forEach((v, i) => {
    const channel = Math.floor(i / 12) % 8;
    assert.is(Number.isFinite(v), channel !== 1 && channel !== 2, `element ${i} is ${v}`);
  });
});

test('few elements, and statistics that do not lie together, are left to the reference loops', () => {
  const attempt = (shape: readonly number[], statistic: Tensor | null = null): boolean => {
    const results = [
      allocate(shape, 'float32'),
      allocate([shape[1]], 'float32'),
      allocate([shape[1]], 'float32'),
    ] as const;
    return launchBatchNorm(input(shape, 'float32', 0), null, null, [statistic, null], 0.1, 1e-5, results);
  };
  assert.ok(attempt([8, 8, 8]));
  assert.not(attempt([7, 8, 8]));
  assert.not(attempt([0, 8, 8]));
  assert.not(attempt([8, 8, 8], allocate([8, 2], 'float32').select(1, 0)));
});

test.run();
