/** Batch normalisation against PyTorch (fixtures/normloss.json, by tools/fixtures/normloss.py), and what fixtures cannot say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../dtype.ts';
import { refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/normloss.json' with { type: 'json' };
import { arange, fromTypedArray, ones, tensor, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { batchNorm, groupNorm } from './norm.ts';

interface Case {
  readonly shape: Shape;
  readonly affine: boolean;
  readonly running: boolean;
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
  readonly output: readonly number[];
  readonly runningMean: readonly number[] | null;
  readonly runningVar: readonly number[] | null;
}

const cases = data.batchNorm as unknown as readonly Case[];

/** The eighths that tools/fixtures/normloss.py computes with. */
function pattern(shape: Shape, seed: number, dtype: DType = 'float64'): Tensor {
  const array = new Float64Array(sizeOf(shape));
  for (let i = 0; i < array.length; i++) {
    array[i] = (((37 * i + 101 * seed + 11 * ((i * i) % 13)) % 17) - 8) / 8;
  }
  return fromTypedArray(array, shape).to(dtype);
}

function near(actual: Tensor, expected: readonly number[], tolerance: number, what: string): void {
  const got = values(actual);
  assert.is(got.length, expected.length, what);
  got.forEach((value, i) => {
    const room = tolerance * Math.max(1, Math.abs(expected[i]));
    if (!(Math.abs(value - expected[i]) <= room))
      assert.unreachable(`${what}: element ${i} is ${value}, not ${expected[i]}`);
  });
}

function check(c: Case, dtype: DType, tolerance: number, layout: (x: Tensor) => Tensor): void {
  const channels = [c.shape[1]];
  const label = JSON.stringify({ ...c, output: undefined, runningMean: undefined, runningVar: undefined });
  const weight = c.affine ? layout(pattern(channels, 2, dtype)) : null;
  const bias = c.affine ? layout(pattern(channels, 3, dtype)) : null;
  const mean = c.running ? layout(pattern(channels, 5, dtype)) : null;
  const variance = c.running ? layout(pattern(channels, 6, dtype).abs().add(1)) : null;
  const x = layout(pattern(c.shape, 1, dtype));
  const out = batchNorm(x, mean, variance, weight, bias, c.training, c.momentum, c.eps);
  assert.is(out.dtype, dtype, label);
  assert.equal([...out.shape], [...c.shape], label);
  near(out, c.output, tolerance, label);
  if (mean !== null) near(mean, c.runningMean as number[], tolerance, `${label}: running mean`);
  if (variance !== null) near(variance, c.runningVar as number[], tolerance, `${label}: running variance`);
}

test("outputs and running statistics are PyTorch's, in any layout", () => {
  for (const c of cases) {
    check(c, 'float64', 1e-9, (x) => x);
    check(c, 'float64', 1e-9, scattered);
    // float32 rounds inputs not at all (they are eighths), the result once: half an ulp of the largest, about 2.
    check(c, 'float32', 2e-7, (x) => x);
  }
});

test('training writes the running statistics in place and counts it; evaluation does not write', () => {
  const mean = zeros(2);
  const variance = ones(2);
  const x = tensor([
    [1, 10],
    [3, 30],
  ]);
  batchNorm(x, mean, variance, { training: false });
  assert.equal([mean.storage.version, variance.storage.version], [0, 0]);
  batchNorm(x, mean, variance, { training: true, momentum: 0.5 });
  assert.equal([mean.storage.version, variance.storage.version], [1, 1]);
  assert.equal(values(mean), [1, 10]);
  assert.equal(values(variance), [1.5, 100.5]);
  batchNorm(x, mean, null, { training: true, momentum: 1 });
  assert.equal(values(mean), [2, 20]);
});

test('arguments go by position or by name', () => {
  const x = pattern([4, 2], 1);
  const w = pattern([2], 2);
  const expected = values(batchNorm(x, null, null, w, null, true, 0.1, 1e-3));
  assert.equal(values(batchNorm(x, { weight: w, training: true, eps: 1e-3 })), expected);
  assert.equal(values(batchNorm(x, null, null, w, { training: true, eps: 1e-3 })), expected);
  refuses(
    () => batchNorm(x, { train: true } as never),
    'ValueError',
    /unknown option 'train'.*training/,
    'unknown option',
  );
});

test('statistics do not cancel: a large mean over a small spread', () => {
  const x = arange(0, 10_000, { dtype: 'float64' }).remainder(2).add(1e8).view(10, 1, 1000);
  const out = batchNorm(x, null, null, { training: true, eps: 0 });
  near(
    out,
    values(x).map((v) => 2 * (v - 1e8) - 1),
    1e-12,
    'a large mean',
  );
  const tenths = repeated(0.1, 'float32', [1000, 1, 1000]);
  const mean = zeros(1);
  batchNorm(tenths, mean, null, { training: true, momentum: 1 });
  assert.is(mean.item(), Math.fround(0.1));
});

test('NaN stays in its channel', () => {
  const out = batchNorm(
    tensor([
      [1, Number.NaN],
      [3, 1],
    ]),
    null,
    null,
    { training: true, eps: 0 },
  );
  assert.equal(values(out), [-1, NaN, 1, NaN]);
});

test('an empty input gives an empty result and leaves the running statistics', () => {
  const mean = zeros(3);
  const variance = ones(3);
  assert.equal([...batchNorm(zeros(0, 3), mean, variance, { training: true }).shape], [0, 3]);
  assert.equal([...batchNorm(zeros(2, 3, 0), mean, variance, { training: true }).shape], [2, 3, 0]);
  assert.equal([...batchNorm(zeros(2, 0), null, null, { training: true }).shape], [2, 0]);
  assert.equal(values(mean), [0, 0, 0]);
  assert.equal(values(variance), [1, 1, 1]);
});

test('what does not fit is refused in the words of PyTorch, before anything is written', () => {
  const x = ones(2, 3);
  const mean = zeros(3);
  const shape = (run: () => unknown, message: RegExp): void => refuses(run, 'ShapeError', message, String(message));
  const dtype = (run: () => unknown, message: RegExp): void => refuses(run, 'DTypeError', message, String(message));
  shape(
    () => batchNorm(ones(1, 3), null, null, { training: true }),
    /Expected more than 1 value per channel when training, got input size \[1, 3\]/,
  );
  shape(() => batchNorm(ones(1, 3, 1), null, null, { training: true }), /Expected more than 1 value per channel/);
  shape(() => groupNorm(ones(1, 3), 3), /^groupNorm: Expected more than 1 value per channel.*\[1, 3\]/);
  assert.equal(groupNorm(ones(2, 3), 3).shape, [2, 3], 'PyTorch takes a batch of two');
  shape(() => batchNorm(x, zeros(4), ones(3)), /runningMean should contain 3 elements not 4/);
  shape(() => batchNorm(x, mean, ones(4), { training: true }), /runningVar should contain 3 elements not 4/);
  shape(() => batchNorm(x, mean, ones(3), ones(4)), /weight should contain 3 elements not 4/);
  shape(() => batchNorm(x, mean, ones(3), null, ones(4)), /bias should contain 3 elements not 4/);
  shape(() => batchNorm(ones(3), mean, ones(3)), /at least 2 dimensions/);
  refuses(() => batchNorm(x, null, null), 'ValueError', /runningMean must be defined in evaluation mode/, 'mean');
  refuses(() => batchNorm(x, mean, null), 'ValueError', /runningVar must be defined in evaluation mode/, 'variance');
  dtype(() => batchNorm(x.to('float64'), mean, ones(3)), /runningMean to have the dtype of the input, float64/);
  dtype(() => batchNorm(x, mean, ones(3), ones(3, { dtype: 'float64' })), /weight to have the dtype of the input/);
  dtype(() => batchNorm(x.to('int32'), null, null, { training: true }), /int32/);
  assert.equal(values(mean), [0, 0, 0]);
});

test.run();
