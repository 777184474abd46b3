import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { manualSeed, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Digest } from './fixtures/check.ts';
import { agrees, near, refuses, values } from './fixtures/check.ts';
import data from './fixtures/functional.json' with { type: 'json' };
import { functional as F, Flatten, Unflatten } from './index.ts';

interface FunctionalCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly out: Digest;
  readonly grads: readonly Digest[];
}

const cases = data as unknown as readonly FunctionalCase[];
type AnyFunction = (...args: readonly unknown[]) => Tensor;

for (const name of new Set(cases.map((c) => c.name))) {
  test(`${name} agrees with PyTorch, forward and gradients`, () => {
    cases.forEach((c, seed) => {
      if (c.name !== name) return;
      const label = `${name} ${JSON.stringify([c.shapes, c.args, c.options])}`;
      manualSeed(seed);
      const inputs = c.shapes.map((shape) =>
        rand([...shape], { dtype: 'float64' })
          .mul(4)
          .sub(2)
          .requiresGrad_(),
      );
      const options = Object.keys(c.options).length === 0 ? [] : [c.options];
      const out = (F as unknown as Record<string, AnyFunction>)[name](...inputs, ...c.args, ...options);
      agrees(out, c.out, `${label}: output`);
      out
        .mul(rand([...out.shape], { dtype: 'float64' }))
        .sum()
        .backward();
      inputs.forEach((x, i) => {
        agrees(x.grad, c.grads[i], `${label}: gradient ${i}`);
      });
    });
  });
}

test('what is composed here has gradients of first order that finite differences confirm', () => {
  const x = rand([3, 4], { dtype: 'float64' }).requiresGrad_();
  const y = rand([3, 4], { dtype: 'float64' }).requiresGrad_();
  const w = rand([2, 4, 4], { dtype: 'float64' }).requiresGrad_();
  assert.ok(gradcheck((a) => F.layerNorm(a, [4]), [x]));
  assert.ok(gradcheck((a) => F.groupNorm(a, 2), [x]));
  const scale = rand([4], { dtype: 'float64' }).requiresGrad_();
  assert.ok(gradcheck((a, b) => F.rmsNorm(a, [4], b), [x, scale]));
  assert.ok(gradgradcheck((a, b) => F.rmsNorm(a, [4], b), [x, scale]));
  assert.ok(gradcheck((a, b) => F.cosineSimilarity(a, b), [x, y]));
  assert.ok(gradcheck((a) => F.normalize(a), [x]));
  assert.ok(gradcheck((a) => F.glu(a), [x]));
  assert.ok(gradcheck((a, b, c) => F.bilinear(a, b, c), [x, y, w]));
});

test('prelu of infinities has finite gradients where PyTorch has them', () => {
  const weight = tensor([0.5], { requiresGrad: true });
  const x = tensor([Number.POSITIVE_INFINITY, -2, 0], { requiresGrad: true });
  const out = F.prelu(x, weight);
  assert.equal(values(out), [Number.POSITIVE_INFINITY, -1, 0]);
  out.sum().backward();
  assert.equal(values(weight.grad as Tensor), [-2]);
  assert.equal(values(x.grad as Tensor), [1, 0.5, 0.5]);
});

test('forms in place take options too', () => {
  for (const [apply, out] of [
    [(x: Tensor) => F.elu_(x, { alpha: 2 }), 2 * Math.expm1(-1)],
    [(x: Tensor) => F.celu_(x, 0.5), 0.5 * Math.expm1(-2)],
    [(x: Tensor) => F.leakyRelu_(x, { negativeSlope: 3 }), -3],
    [(x: Tensor) => F.leakyRelu_(x), -0.01],
    [(x: Tensor) => F.relu_(x), 0],
    [(x: Tensor) => F.selu_(x), 1.0507009873554805 * 1.6732632423543772 * Math.expm1(-1)],
  ] as const) {
    const x = tensor([-1, 2], { dtype: 'float64' });
    assert.is(apply(x), x);
    near([x.select(0, 0).item()], [out], 'value', 1e-15);
  }
});

test('oneHot and embedding are there under their names', () => {
  const at = tensor([1, 0], { dtype: 'int32' });
  assert.equal(F.oneHot(at, 3).toArray(), [
    [0, 1, 0],
    [1, 0, 0],
  ]);
  assert.equal(
    F.embedding(
      at,
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ).toArray(),
    [
      [3, 4],
      [1, 2],
    ],
  );
  refuses(() => F.embedding(at, zeros(2, 2), { sparse: true }), 'NotImplementedError', /sparse/);
});

test('embedding shortens rows only once all indices are known to be good', () => {
  const table = tensor([
    [3, 4],
    [0, 1],
  ]);
  refuses(() => F.embedding(tensor([0, 2], { dtype: 'int32' }), table, null, 1), 'IndexError', /2/);
  assert.equal(table.toArray(), [
    [3, 4],
    [0, 1],
  ]);
  F.embedding(tensor([0, 0], { dtype: 'int32' }), table, null, 1);
  near(table, [0.6, 0.8, 0, 1], 'table', 1e-6);
});

test('softmax casts first when a dtype is given', () => {
  const x = tensor([1, 2], { dtype: 'int32' });
  assert.is(F.softmax(x, 0, 'float64').dtype, 'float64');
  assert.is(F.logSoftmax(x, { dim: 0, dtype: 'float32' }).dtype, 'float32');
  refuses(() => F.softmin(x, 0), 'DTypeError', /int32/);
});

test('options are taken in one trailing object', () => {
  const x = tensor([-1, 2]);
  assert.equal(F.leakyRelu(x, { negativeSlope: 0.5 }).toArray(), [-0.5, 2]);
  assert.equal(F.hardtanh(x, 0, { maxVal: 1 }).toArray(), [0, 1]);
  assert.equal(F.threshold(x, 0, { value: 7 }).toArray(), [7, 2]);
  const target = x.clone();
  assert.is(F.relu(target, { inplace: true }), target);
  assert.equal(target.toArray(), [0, 2]);
  refuses(
    () => F.elu(x, { beta: 1 } as object),
    'ValueError',
    /unknown option 'beta'; known options are alpha, inplace/,
  );
  refuses(() => F.threshold(x, 0), 'ValueError', /missing argument 'value'/);
});

test('instanceNorm, layerNorm and groupNorm refuse what does not fit, and write nothing before', () => {
  const x = rand(2, 3, 4);
  const [mean, variance] = [zeros(3), zeros(3)];
  const given = { runningMean: mean, runningVar: variance };
  refuses(
    () => F.instanceNorm(x, { ...given, weight: zeros(2) }),
    'ShapeError',
    /^instanceNorm: .*weight of shape \[2\]/,
  );
  refuses(() => F.instanceNorm(x, { ...given, runningVar: zeros(2) }), 'ShapeError', /runningVar of shape \[2\]/);
  refuses(
    () => F.instanceNorm(x, { ...given, bias: zeros(3).double() }),
    'DTypeError',
    /bias .* float32, but got float64/,
  );
  refuses(() => F.instanceNorm(x, { ...given, bias: [1, 2, 3] as never }), 'ValueError', /bias must be a tensor/);
  refuses(
    () => F.instanceNorm(x, { ...given, eps: 'small' as never }),
    'ValueError',
    /eps must be a number, but got "small"/,
  );
  refuses(() => F.instanceNorm(x, { useInputStats: false }), 'ValueError', /runningMean must be defined/);
  assert.equal([...values(mean), ...values(variance)], [0, 0, 0, 0, 0, 0]);
  refuses(
    () => F.layerNorm(x, [4], { eps: [] as never }),
    'ValueError',
    /^layerNorm: eps must be a number, but got \[\]/,
  );
  refuses(
    () => F.groupNorm(x, 3, { eps: null as never }),
    'ValueError',
    /^groupNorm: eps must be a number, but got null/,
  );
});

test('arguments of the wrong kind are refused by name', () => {
  const table = zeros(3, 2);
  const at = zeros(2).int();
  refuses(() => F.embedding(at, table, { scaleGradByFreq: 7 as never }), 'ValueError', /scaleGradByFreq must be true/);
  refuses(
    () => F.multiMarginLoss(table, zeros(3).int(), { weight: [1, 2] as never }),
    'ValueError',
    /weight must be a tensor/,
  );
  refuses(
    () => F.multilabelSoftMarginLoss(table, table, { weight: 2 as never }),
    'ValueError',
    /weight must be a tensor/,
  );
  refuses(
    () => new Flatten({ startDim: null as never }),
    'ValueError',
    /^Flatten: startDim must be an integer.* got null/,
  );
  refuses(() => new Unflatten(-1, 4 as never), 'ValueError', /^Unflatten: unflattenedSize must be a list.* got 4/);
});

test.run();
