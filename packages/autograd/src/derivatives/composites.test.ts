/** Derivatives of what core composes of other ops, at ordinary points and at the kinks, ties and ends where PyTorch's are known. */

import type { Tensor } from '@torsor/core';
import * as t from '@torsor/core';
import { tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, gradcheck, gradgradcheck } from '../index.ts';
import { input } from './specs/spec.ts';

const leaf = (...shape: number[]): Tensor => input(shape).requiresGrad_();
const double = (data: t.TensorData): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });
const values = (x: Tensor): number[] => Array.from(x.toTypedArray() as Float64Array);

const TOLERANCE = { atol: 1e-6, rtol: 1e-6 };
/** Without ties, out of order. */
const apart = (): Tensor =>
  double([
    [0.3, -1.2, 2.1, 0.7],
    [1.9, 0.1, -0.4, -2.2],
  ]);

/** NaN in the second column. */
const holed = (x: Tensor): Tensor => x.maskedFill(t.arange(x.size(1)).eq(1), NaN);

const composed: Readonly<
  Record<string, readonly [fn: (...inputs: readonly Tensor[]) => unknown, ...inputs: Tensor[]]>
> = {
  logaddexp: [(a, b) => t.logaddexp(a, b), leaf(2, 3), leaf(3)],
  'logaddexp of equals': [(a, b) => t.logaddexp(a, b), double([1, -2]), double([1, -2])],
  logaddexp2: [(a, b) => t.logaddexp2(a, b), leaf(2, 3), leaf(2, 1)],
  hypot: [(a, b) => t.hypot(a, b), leaf(2, 3), leaf(3)],
  copysign: [(a) => t.copysign(a, tensor([-1, 1, -0, 0])), apart()],
  heaviside: [(a) => t.heaviside(tensor([-1, 0, 0, 2], { dtype: 'float64' }), a), leaf(4)],
  fmax: [(a, b) => t.fmax(a, b), apart(), double([0, 0.5, 1, 3])],
  fmin: [(a, b) => t.fmin(a, b), apart(), double([0, 0.5, 1, 3])],
  nansum: [(a) => t.nansum(holed(a), 0), leaf(2, 3)],
  nanmean: [(a) => t.nanmean(holed(a), 1), leaf(2, 3)],
  aminmax: [(a) => [...t.aminmax(a, { dim: 1 })], apart()],
  quantile: [(a, q) => t.quantile(a, q, 1), apart(), double([0.1, 0.45])],
  'quantile of all, midpoint': [(a) => t.quantile(a, 0.3, { interpolation: 'midpoint' }), apart()],
  nanquantile: [(a) => t.nanquantile(holed(a), 0.3, 1), apart()],
  mode: [(a) => t.mode(a, 1).values, apart()],
  diff: [(a) => t.diff(a, 2, 0, t.ones(1, 2, { dtype: 'float64' })), leaf(3, 2)],
  rot90: [(a) => t.rot90(a, 3), leaf(2, 3)],
  cov: [(a, w) => t.cov(a, { aweights: w }), leaf(2, 4), double([0.5, 1, 2, 0.25])],
  corrcoef: [(a) => t.corrcoef(a).at(0, 1), leaf(2, 5)],
  tensordot: [
    (a, b) =>
      t.tensordot(a, b, [
        [0, 2],
        [1, 0],
      ]),
    leaf(2, 3, 2),
    leaf(2, 2, 3),
  ],
  'tensordot with a size of 1': [(a, b) => t.tensordot(a, b, 1), leaf(2, 3), leaf(1, 2)],
  inner: [(a, b) => t.inner(a, b), leaf(2, 3), leaf(2, 3)],
  kron: [(a, b) => t.kron(a, b), leaf(2, 2), leaf(3)],
  trace: [(a) => t.trace(a), leaf(3, 4)],
  'cdist by 1': [(a, b) => t.cdist(a, b, 1), leaf(3, 2), double([[0.31, 0.47]])],
  'cdist by 2': [(a, b) => t.cdist(a, b), leaf(3, 2), double([[0.31, 0.47]])],
  'cdist by 2, as a product': [
    (a, b) => t.cdist(a, b, { computeMode: 'use_mm_for_euclid_dist' }),
    leaf(2, 3, 2),
    double([[0.31, 0.47]]),
  ],
  'cdist by 3': [(a, b) => t.cdist(a, b, 3), leaf(3, 2), double([[0.31, 0.47]])],
  'cdist by Infinity': [(a, b) => t.cdist(a, b, Infinity), leaf(3, 2), double([[0.31, 0.47]])],
  blockDiag: [(a, b) => t.blockDiag(a, b), leaf(2, 1), leaf(2)],
  cartesianProd: [(a, b) => t.cartesianProd(a, b), leaf(2), leaf(3)],
  combinations: [(a) => t.combinations(a, 2, true), leaf(3)],
  hsplit: [(a) => t.hsplit(a, [1, 3]), leaf(2, 4)],
  dsplit: [(a) => t.dsplit(a, 2), leaf(1, 2, 4)],
  diagflat: [(a) => t.diagflat(a, 1), leaf(2, 2)],
  cummax: [(a) => t.cummax(a, 1).values, apart()],
  cummin: [(a) => t.cummin(a, 0).values, apart()],
  logcumsumexp: [(a) => t.logcumsumexp(a, 0), leaf(5, 2)],
};

for (const [name, [fn, ...inputs]] of Object.entries(composed)) {
  test(`${name} has the first and second derivatives of finite differences`, () => {
    gradcheck(fn as (...inputs: Tensor[]) => unknown, inputs, TOLERANCE);
    gradgradcheck(fn as (...inputs: Tensor[]) => unknown, inputs, null, TOLERANCE);
  });
}

/** The gradients of the sum of a result. */
function gradients(fn: (...inputs: readonly Tensor[]) => Tensor, ...inputs: Tensor[]): number[][] {
  return grad(fn(...inputs).sum(), inputs, { allowUnused: true, materializeGrads: true }).map((g) =>
    values(g as Tensor),
  );
}

test('of equals, fmax and fmin give all of the gradient to the first; of a number and NaN, to the number', () => {
  for (const fn of [t.fmax, t.fmin]) {
    assert.equal(
      gradients((a, b) => fn(a, b), double([2, NaN, 2, NaN]), double([2, 2, NaN, NaN])),
      [
        [1, 0, 1, 1],
        [0, 1, 0, 0],
      ],
    );
  }
});

test('where a distance is 0 so is its gradient, for every order and mode', () => {
  const points = [
    [1, 2],
    [3, 5],
  ];
  for (const computeMode of ['use_mm_for_euclid_dist', 'donot_use_mm_for_euclid_dist'] as const) {
    const [a, b] = gradients((x, y) => t.cdist(x, y, { computeMode }).diagonal(), double(points), double(points));
    assert.equal([...a, ...b], new Array(8).fill(0), computeMode);
  }
  for (const p of [0, 0.5, 1, 1.5, 3, Infinity]) {
    const [a] = gradients((x, y) => t.cdist(x, y, p).diagonal(), double(points), double(points));
    assert.equal(
      a.map((x) => x + 0),
      [0, 0, 0, 0],
      `p = ${p}`,
    );
  }
});

test('the gradient of logaddexp is finite beside infinities; of equal ones the first gets it', () => {
  assert.equal(
    gradients((a, b) => t.logaddexp(a, b), double([-Infinity, 1, -Infinity]), double([0, -Infinity, -Infinity]))[0],
    [0, 1, 1],
  );
});

test('copysign has gradient 0 at 0, and -1 where the sign changes', () => {
  assert.equal(
    gradients((a, b) => t.copysign(a, b), double([0, 2, -2, 2]), double([1, -1, -1, -0])),
    [
      [0, -1, 1, -1],
      [0, 0, 0, 0],
    ],
  );
});

test('gradients of nansum and nanmean pass by NaN', () => {
  assert.equal(
    gradients((a) => t.nansum(a), double([1, NaN, 3])),
    [[1, 0, 1]],
  );
  assert.equal(
    gradients((a) => t.nanmean(a), double([1, NaN, 3])),
    [[0.5, 0, 0.5]],
  );
});

test('no gradient comes through a diagonal that was filled', () => {
  const x = double([
    [1, 2],
    [3, 4],
  ]);
  x.mul(2).fillDiagonal_(0).sum().backward();
  assert.equal(values(x.grad as Tensor), [0, 2, 2, 0]);
});

test('aminmax shares gradients among equals; cummax and mode give theirs to the last', () => {
  assert.equal(
    gradients((a) => t.aminmax(a).max, double([2, 2, 1])),
    [[0.5, 0.5, 0]],
  );
  assert.equal(
    gradients((a) => t.cummax(a, 0).values, double([2, 2, 1])),
    [[1, 2, 0]],
  );
  assert.equal(
    gradients((a) => t.mode(a, 0).values, double([2, 2, 1])),
    [[0, 1, 0]],
  );
});

test('quantile has a gradient by q, as in PyTorch', () => {
  const [x, q] = gradients((a, b) => t.quantile(a, b), double([1, 5, 2]), double([0.3]));
  assert.ok(Math.abs(q[0] - 2) < 1e-12);
  assert.equal(
    x.map((v) => Math.round(v * 1e12) / 1e12),
    [0.4, 0, 0.6],
  );
});

test('a window may require a gradient, and positions have none', () => {
  assert.is(t.hannWindow(4, { requiresGrad: true }).requiresGrad, true);
  const x = leaf(4);
  for (const result of [t.searchsorted(x, x), t.isin(x, x), t.argwhere(x), t.cummax(x, 0).indices, t.isposinf(x)]) {
    assert.is(result.requiresGrad, false);
  }
});

test.run();
