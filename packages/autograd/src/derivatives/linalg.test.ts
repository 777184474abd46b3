/** Derivatives of what is composed of decompositions and special functions, and where derivatives end. */

import type { Tensor } from '@torsor/core';
import { eye, linalg, special, tensor, trapezoid } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, gradcheck, gradgradcheck } from '../index.ts';
import { input } from './specs/spec.ts';

/** Leaves with elements in [-2, 2]; square ones far from singular. */
function leaf(...shape: number[]): Tensor {
  const x = input(shape);
  const isSquare = shape.length > 1 && shape.at(-1) === shape.at(-2);
  return (isSquare ? x.add(eye(shape.at(-1) as number, { dtype: 'float64' }).mul(4)) : x).requiresGrad_();
}

const TOLERANCE = { atol: 1e-6, rtol: 1e-6 };

const composed: Readonly<
  Record<string, readonly [fn: (...inputs: readonly Tensor[]) => unknown, ...inputs: Tensor[]]>
> = {
  'lstsq, more rows': [(a, b) => linalg.lstsq(a, b).solution, leaf(4, 2), leaf(4, 2)],
  'lstsq, more columns': [(a, b) => linalg.lstsq(a, b).solution, leaf(2, 4), leaf(2, 1)],
  'luSolve by its factors': [
    (a, b) => {
      const { LU, pivots } = linalg.luFactor(a.flip(0));
      return linalg.luSolve(LU, pivots, b, { adjoint: true });
    },
    leaf(3, 3),
    leaf(3, 2),
  ],
  matrixExp: [(a) => linalg.matrixExp(a.div(2)), leaf(3, 3)],
  matrixPower: [(a) => linalg.matrixPower(a.div(4), -2), leaf(3, 3)],
  'the nuclear norm': [(a) => linalg.matrixNorm(a, 'nuc'), leaf(3, 2)],
  'cond by the 2-norm': [(a) => linalg.cond(a), leaf(3, 3)],
  'cond by the 1-norm': [(a) => linalg.cond(a, 1), leaf(3, 3)],
  cross: [(a, b) => linalg.cross(a, b), leaf(2, 3), leaf(2, 3)],
  multiDot: [(a, b, c) => linalg.multiDot([a, b, c]), leaf(2, 3), leaf(3, 2), leaf(2)],
  vander: [(a) => linalg.vander(a), leaf(3)],
  tensorsolve: [
    (a, b) => linalg.tensorsolve(a.add(eye(4, { dtype: 'float64' }).mul(5).view(2, 2, 4)), b),
    leaf(2, 2, 4),
    leaf(2, 2),
  ],
  trapezoid: [(y, x) => trapezoid(y, x), leaf(2, 4), leaf(4)],
  logNdtr: [(x) => special.logNdtr(x.mul(4)), leaf(7)],
  ndtr: [(x) => special.ndtr(x), leaf(7)],
  entr: [(x) => special.entr(x.abs()), leaf(5)],
  sinc: [(x) => special.sinc(x), leaf(5)],
  logit: [(x) => special.logit(x.sigmoid()), leaf(5)],
  polygamma: [(x) => special.polygamma(1, x.abs().add(0.5)), leaf(5)],
  multigammaln: [(x) => special.multigammaln(x.abs().add(1), 3), leaf(4)],
  xlog1py: [(x, y) => special.xlog1py(x, y.abs()), leaf(4), leaf(4)],
};

for (const [name, [fn, ...inputs]] of Object.entries(composed)) {
  test(`${name} has the first and second derivatives of finite differences`, () => {
    gradcheck(fn as (...inputs: Tensor[]) => unknown, inputs, TOLERANCE);
    gradgradcheck(fn as (...inputs: Tensor[]) => unknown, inputs, null, TOLERANCE);
  });
}

const values = (x: Tensor): number[] => Array.from(x.toTypedArray() as Float64Array);
const near = (x: Tensor, want: readonly number[]): void =>
  values(x).forEach((value, i) => {
    assert.ok(Math.abs(value - want[i]) < 1e-12, `${value} at ${i}, expected ${want[i]}`);
  });

test('the determinant of a singular matrix has its cofactors for a gradient, and no second derivative', () => {
  const A = tensor(
    [
      [1, 2],
      [2, 4],
    ],
    { dtype: 'float64', requiresGrad: true },
  );
  near(grad(linalg.det(A), [A])[0] as Tensor, [4, -2, -2, 1]);
  const zero = tensor(
    [
      [0, 0],
      [0, 0],
    ],
    { dtype: 'float64', requiresGrad: true },
  );
  near(grad(linalg.det(zero), [zero])[0] as Tensor, [0, 0, 0, 0]);
  assert.throws(() => grad(linalg.det(A), [A], null, { createGraph: true }), /a second time.*singular/);
});

test('what has no derivative throws', () => {
  const A = leaf(3, 2);
  assert.throws(() => linalg.qr(A, 'r').R.sum().backward(), /not implemented: of mode 'r'/);
  assert.throws(() => linalg.qr(A, 'complete').Q.sum().backward(), /not implemented: of mode 'complete'/);
  const s = tensor([2], { requiresGrad: true });
  assert.throws(() => special.zeta(s, 1).backward(), /not implemented: by the first argument of zeta/);
  assert.throws(() => special.gammainc(s, 1).backward(), /not implemented: by the first argument of igamma/);
});

test('derivatives at kinks are PyTorch’s', () => {
  const zero = (): Tensor => tensor([0], { dtype: 'float64', requiresGrad: true });
  const slope = (fn: (x: Tensor) => Tensor): number => {
    const x = zero();
    return (grad(fn(x), [x])[0] as Tensor).item();
  };
  assert.is(slope(special.i1), 0.5);
  assert.is(slope(special.i1e), 0.5);
  assert.is(slope(special.i0), 0);
  assert.is(slope(special.i0e), 0);
  assert.is(slope(special.sinc), 0);
  assert.is(
    slope((x) => special.xlog1py(x, 1)),
    Math.fround(1) * Math.log(2),
  );
});

test('eigvalsh and svdvals leave out vectors only where no gradient is wanted', () => {
  const A = leaf(3, 3);
  near(
    grad(linalg.svdvals(A).sum(), [A])[0] as Tensor,
    values(linalg.svd(A.detach()).U.matmul(linalg.svd(A.detach()).Vh)),
  );
  near(grad(linalg.eigvalsh(A).sum(), [A])[0] as Tensor, values(eye(3)));
  assert.is(linalg.eigvalsh(A.detach()).gradFn, null);
});

test('the gradient of the zeroth power of a matrix is zeros', () => {
  const A = leaf(2, 2);
  linalg.matrixPower(A, 0).sum().backward();
  assert.equal(A.grad?.toArray(), [
    [0, 0],
    [0, 0],
  ]);
});

test('nodes have PyTorch’s names', () => {
  const A = leaf(3, 3);
  const name = (x: Tensor): string | undefined => x.gradFn?.name;
  assert.is(name(linalg.inv(A)), 'LinalgSolveExBackward0');
  assert.is(name(linalg.det(A)), 'LinalgDetBackward0');
  assert.is(name(linalg.slogdet(A).logabsdet), 'LinalgSlogdetBackward0');
  assert.is(name(linalg.cholesky(A)), 'LinalgCholeskyExBackward0');
  assert.is(name(linalg.qr(A).Q), 'LinalgQrBackward0');
  assert.is(name(linalg.svd(A).S), 'LinalgSvdBackward0');
});

test.run();
