import type { DType, Tensor } from '@torsor/core';
import { allclose, eye, Generator, manualSeed, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, unpack, values, warningsOf } from './fixtures/check.ts';
import data from './fixtures/init.json' with { type: 'json' };
import { init, Parameter } from './index.ts';
import { orthonormalColumns } from './qr.ts';

interface InitCase {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly values: string;
  readonly after: number;
}

const cases = data as unknown as readonly InitCase[];
type Scheme = (tensor: Tensor, ...args: readonly unknown[]) => Tensor;
const schemes = init as unknown as Readonly<Record<string, Scheme>>;

/** Where logarithms, sines or a QR decomposition stand between the draws and the values. */
const ROUNDED = /normal|orthogonal|sparse|trunc/i;

for (const name of new Set(cases.map((c) => c.name))) {
  test(`${name} fills as PyTorch does after the same seed, and leaves the generator where PyTorch leaves it`, () => {
    for (const c of cases.filter((each) => each.name === name)) {
      const label = `${name} ${JSON.stringify(c.shape)} ${JSON.stringify(c.options)} ${c.dtype}`;
      const options = Object.keys(c.options).length === 0 ? [] : [c.options];
      manualSeed(c.seed);
      const target = new Parameter(zeros(c.shape, { dtype: c.dtype }));
      assert.is(schemes[name](target, ...options), target);
      assert.is(target.gradFn, null, label);
      const exact = !ROUNDED.test(name);
      near(target, values(unpack(c.values, c.dtype, c.shape)), label, exact ? 0 : c.dtype === 'float32' ? 2e-6 : 1e-13);
      assert.is(rand(1).item(), c.after, `${label}: the next number`);
    }
  });
}

test('arguments are taken by position too', () => {
  const pairs: [(x: Tensor) => Tensor, (x: Tensor) => Tensor][] = [
    [(x) => init.uniform_(x, -1, 2), (x) => init.uniform_(x, { a: -1, b: 2 })],
    [(x) => init.normal_(x, 1, 2), (x) => init.normal_(x, { mean: 1, std: 2 })],
    [
      (x) => init.kaimingUniform_(x, 0.1, 'fan_out', 'leaky_relu'),
      (x) => init.kaimingUniform_(x, { a: 0.1, mode: 'fan_out' }),
    ],
    [(x) => init.truncNormal_(x, 0, 1, -1, 1), (x) => init.truncNormal_(x, { a: -1, b: 1 })],
    [(x) => init.xavierNormal_(x, 3), (x) => init.xavierNormal_(x, { gain: 3 })],
    [(x) => init.sparse_(x, 0.5, 1), (x) => init.sparse_(x, { sparsity: 0.5, std: 1 })],
  ];
  for (const [positional, byName] of pairs) {
    manualSeed(5);
    const first = values(positional(zeros(4, 6)));
    manualSeed(5);
    assert.equal(values(byName(zeros(4, 6))), first);
  }
});

test('a generator of its own leaves the default one alone', () => {
  manualSeed(1);
  const next = rand(1).item();
  manualSeed(1);
  const drawn = init.kaimingNormal_(zeros(4, 5), { generator: new Generator(9) });
  assert.is(rand(1).item(), next);
  assert.equal(values(init.kaimingNormal_(zeros(4, 5), { generator: new Generator(9) })), values(drawn));
});

test('calculateGain gives the gains of PyTorch, and refuses other names', () => {
  for (const name of ['linear', 'conv1d', 'conv2d', 'conv3d', 'conv_transpose2d', 'sigmoid'] as const) {
    assert.is(init.calculateGain(name), 1);
  }
  assert.is(init.calculateGain('tanh'), 5 / 3);
  assert.is(init.calculateGain('relu'), Math.SQRT2);
  assert.is(init.calculateGain('selu'), 0.75);
  assert.is(init.calculateGain('leaky_relu'), Math.sqrt(2 / (1 + 0.01 ** 2)));
  assert.is(init.calculateGain('leaky_relu', 0.2), 1.3867504905630728);
  assert.is(init.calculateGain('leaky_relu', { param: 0 }), Math.SQRT2);
  refuses(() => init.calculateGain('gelu' as 'relu'), 'ValueError', /Unsupported nonlinearity gelu/);
});

test('fans count taps', () => {
  assert.equal(init.calculateFanInAndFanOut(zeros(4, 5)), [5, 4]);
  assert.equal(init.calculateFanInAndFanOut(zeros(4, 2, 3, 5)), [30, 60]);
  refuses(
    () => init.calculateFanInAndFanOut(zeros(4)),
    'ValueError',
    /can not be computed for tensor with fewer than 2 dim/,
  );
});

test('shapes that a scheme cannot fill are refused, and nothing is written', () => {
  const x = tensor([1, 2, 3]);
  const schemesOfMatrices = [
    init.xavierUniform_,
    init.xavierNormal_,
    init.kaimingUniform_,
    init.kaimingNormal_,
    init.orthogonal_,
  ];
  for (const scheme of schemesOfMatrices) refuses(() => scheme(x), 'ValueError', /2 (or more )?dimensions/);
  refuses(() => init.eye_(x), 'ValueError', /Only tensors with 2 dimensions/);
  refuses(() => init.sparse_(x, 0.1), 'ValueError', /Only tensors with 2 dimensions/);
  refuses(() => init.dirac_(zeros(2, 2)), 'ValueError', /Only tensors with 3, 4, or 5 dimensions/);
  refuses(() => init.dirac_(zeros(3, 2, 2), 2), 'ValueError', /dim 0 must be divisible by groups/);
  refuses(() => init.kaimingUniform_(zeros(2, 2), { mode: 'fan' as 'fan_in' }), 'ValueError', /Mode fan not supported/);
  refuses(() => init.constant_(x, {}), 'ValueError', /missing argument 'val'/);
  refuses(() => init.normal_(x, 0, -1), 'ValueError', /std/);
  assert.equal(x.toArray(), [1, 2, 3]);
});

test('what is legal and probably not meant is warned of', () => {
  assert.match(warningsOf(() => init.kaimingUniform_(zeros(0, 3))).join(), /zero-element tensors is a no-op/);
  assert.match(warningsOf(() => init.kaimingNormal_(zeros(3, 0))).join(), /zero-element tensors is a no-op/);
  assert.match(warningsOf(() => init.truncNormal_(zeros(3), { mean: 9 })).join(), /more than 2 std/);
  assert.equal(
    warningsOf(() => init.orthogonal_(zeros(0, 3))),
    [],
  );
});

test('orthogonal_ makes orthonormal rows or columns, whichever are fewer', () => {
  for (const shape of [
    [6, 6],
    [8, 3],
    [3, 8],
    [2, 3, 4],
    [30, 20],
  ]) {
    const q = init.orthogonal_(zeros(shape, { dtype: 'float64' })).reshape(shape[0], -1);
    const [rows, columns] = q.shape;
    const product = rows <= columns ? q.matmul(q.t()) : q.t().matmul(q);
    assert.ok(allclose(product, eye(Math.min(rows, columns), { dtype: 'float64' }), { atol: 1e-13 }), shape.join('x'));
  }
});

test('the columns of a singular matrix still give orthonormal ones', () => {
  const q = orthonormalColumns(Float64Array.of(1, 2, 2, 4, 3, 6), 3, 2);
  const dot = (a: number, b: number): number => [0, 1, 2].reduce((sum, i) => sum + q[i * 2 + a] * q[i * 2 + b], 0);
  near([dot(0, 0), dot(0, 1), dot(1, 1)], [1, 0, 1], 'products', 1e-14);
  assert.equal([...orthonormalColumns(Float64Array.of(0, 0, 0, 0), 2, 2)], [1, 0, 0, 1]);
});

test('a transposed tensor is filled in the order of its memory, as in PyTorch', () => {
  manualSeed(4);
  const plain = init.uniform_(zeros(5, 3));
  manualSeed(4);
  const strided = zeros(5, 3).t();
  init.uniform_(strided);
  assert.equal(strided.t().toArray(), plain.toArray());
});

test.run();
