/**
 * Linear algebra against PyTorch's (`tools/fixtures/linalg.py`), and against what defines it: matrices put together again from their
 * factors, of sizes around the blocks that they are worked through in.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { FloatDType } from '../dtype.ts';
import type { FixtureTensor } from '../fixtures/check.ts';
import { agrees, refuses, scattered, values } from '../fixtures/check.ts';
import type { OpCase } from '../fixtures/given.ts';
import { given } from '../fixtures/given.ts';
import data from '../fixtures/linalg.json' with { type: 'json' };
import * as core from '../index.ts';
import { Generator } from '../random/generator.ts';
import type { Tensor } from '../tensor.ts';
import { isStrict, setStrict } from '../wasm/features.ts';

const { eye, linalg, randn, tensor, zeros } = core;

const fixtures = data as unknown as {
  readonly cases: readonly OpCase[];
  readonly errors: readonly (readonly [name: string, args: readonly unknown[], kind: string])[];
};

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** `linalg.qr`, `trapezoid` */
function find(name: string): AnyFunction {
  let at: unknown = core;
  for (const part of name.split('.')) at = (at as Record<string, unknown>)[part];
  return at as AnyFunction;
}

/** Infinities are strings in a fixture, and so are the names of norms. */
function argumentsOf(args: readonly unknown[]): unknown[] {
  return (given(args) as unknown[]).map((x) => (x === 'inf' ? Infinity : x === '-inf' ? -Infinity : x));
}

// Condition numbers of the matrices are below 1e3; results are at most some 1e5 (matrix exponentials).
const NEAR = { float64: { relative: 1e-11, absolute: 1e-10 }, float32: { relative: 2e-5, absolute: 2e-5 } } as const;

for (const name of [...new Set(fixtures.cases.map(([own]) => own))]) {
  test(`${name} gives PyTorch's values`, () => {
    for (const [own, args, expected] of fixtures.cases) {
      if (own !== name) continue;
      const label = `${name}(${JSON.stringify(args).slice(1, -1)})`;
      const result = find(name)(...argumentsOf(args));
      const results = (Array.isArray(result) ? result : [result]) as Tensor[];
      const wanted = expected as readonly FixtureTensor[];
      assert.is(results.length, wanted.length, label);
      results.forEach((x, i) => {
        const near = x.dtype === 'float64' ? NEAR.float64 : NEAR.float32;
        agrees(x.add(0), signless(wanted[i]), `${label}, result ${i}`, near);
      });
    }
  });
}

/** Zeros of either sign are the same here. */
function signless(x: FixtureTensor): FixtureTensor {
  return { ...x, data: x.data.map((value) => (value === 0 ? 0 : value)) };
}

test('what PyTorch refuses is refused', () => {
  for (const [name, args, kind] of fixtures.errors) {
    const label = `${name}(${JSON.stringify(args).slice(1, -1)})`;
    refuses(() => find(name)(...argumentsOf(args)), kind, /^[\w.]+: /, label);
  }
});

// ------------------------------------------------------------------------------------------------------------ reconstruction

/** Products of numbers of size 1, in n terms: a rounding error each. */
function close(a: Tensor, b: Tensor, label: string): void {
  assert.equal([...a.shape], [...b.shape], `${label}: shape`);
  assert.is(a.dtype, b.dtype, `${label}: dtype`);
  const n = Math.max(1, ...a.shape);
  const limit = (a.dtype === 'float64' ? 2 ** -52 : 2 ** -23) * 16 * n;
  const [x, y] = [values(a), values(b)];
  x.forEach((value, i) => {
    if (!(Math.abs(value - y[i]) <= limit)) assert.unreachable(`${label}: ${value} at ${i}, expected ${y[i]}`);
  });
}

const generator = new Generator(7);
const random = (shape: readonly number[], dtype: FloatDType): Tensor => randn(shape, { dtype, generator });
const one = (n: number, x: Tensor): Tensor => eye(n, { dtype: x.dtype }).expand([...x.shape.slice(0, -2), n, n]);

const SIZES = [
  [1, 1],
  [2, 5],
  [5, 2],
  [31, 31],
  [32, 33],
  [33, 32],
  [65, 40],
  [40, 70],
] as const;

function check(dtype: FloatDType): void {
  for (const [m, n] of SIZES) {
    const label = `${m} × ${n}, ${dtype}`;
    const A = scattered(random([2, m, n], dtype));
    const k = Math.min(m, n);
    const { P, L, U } = linalg.lu(A);
    close(P.matmul(L).matmul(U), A, `P·L·U, ${label}`);
    close(L.tril(-1).add(eye(m, k, { dtype })), L, `L, ${label}`);
    for (const mode of ['reduced', 'complete'] as const) {
      const { Q, R } = linalg.qr(A, mode);
      close(Q.matmul(R), A, `Q·R, ${label}`);
      close(Q.mT.matmul(Q), one(Q.shape[2], A), `Qᵀ·Q, ${label}`);
      close(R.triu(), R, `R, ${label}`);
      close(linalg.qr(A, 'r').R, linalg.qr(A).R, `R alone, ${label}`);
    }
    for (const full of [true, false]) {
      const { U: left, S, Vh } = linalg.svd(A, { fullMatrices: full });
      close(
        left
          .narrow(-1, 0, k)
          .mul(S.unsqueeze(-2))
          .matmul(Vh.narrow(-2, 0, k)),
        A,
        `U·S·Vh, ${label}`,
      );
      close(left.mT.matmul(left), one(full ? m : k, A), `Uᵀ·U, ${label}`);
      close(Vh.matmul(Vh.mT), one(full ? n : k, A), `V·Vᵀ, ${label}`);
      close(linalg.svdvals(A), S, `S alone, ${label}`);
      assert.ok(
        values(S.slice(-1, 1).sub(S.slice(-1, 0, k - 1))).every((step) => step <= 0),
        `order, ${label}`,
      );
    }
    if (m !== n) continue;
    const C = A.matmul(A.mT).div(n).add(one(n, A));
    const lower = linalg.cholesky(C);
    close(lower.matmul(lower.mT), C, `L·Lᵀ, ${label}`);
    close(lower.tril(), lower, `L, ${label}`);
    const symmetric = A.add(A.mT);
    const { eigenvalues, eigenvectors } = linalg.eigh(symmetric);
    close(eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(eigenvectors.mT), symmetric, `V·L·Vᵀ, ${label}`);
    close(eigenvectors.mT.matmul(eigenvectors), one(n, A), `Vᵀ·V, ${label}`);
    close(linalg.eigvalsh(symmetric), eigenvalues, `L alone, ${label}`);
    const regular = A.div(n).add(one(n, A).mul(2));
    close(linalg.inv(regular).matmul(regular), one(n, A), `A⁻¹·A, ${label}`);
    const B = random([n, 3], dtype);
    close(regular.matmul(linalg.solve(regular, B)), B.expand(2, n, 3), `A·X, ${label}`);
    close(linalg.solve(regular, B.mT, { left: false }).matmul(regular), B.mT.expand(2, 3, n), `X·A, ${label}`);
    const triangle = regular.triu();
    close(triangle.matmul(linalg.solveTriangular(regular, B, { upper: true })), B.expand(2, n, 3), `U·X, ${label}`);
  }
}

for (const dtype of ['float32', 'float64'] as const) {
  test(`factors multiply to the matrix, around the sizes of blocks, in ${dtype}`, () => check(dtype));
}

test('factors multiply to the matrix in strict mode, with the same bits with and without columns beside', () => {
  const before = isStrict();
  setStrict(true);
  try {
    check('float64');
  } finally {
    setStrict(before);
  }
});

test('eigenvalues that coincide, or are 0, have orthonormal vectors', () => {
  for (const A of [
    zeros(40, 40),
    eye(40),
    tensor([
      [2, 1, 1],
      [1, 2, 1],
      [1, 1, 2],
    ]),
    eye(35).narrow(1, 0, 35).sub(1),
  ]) {
    const n = A.shape[0];
    const { eigenvalues: e, eigenvectors: V } = linalg.eigh(A);
    close(V.mul(e).matmul(V.mT), A, `V·L·Vᵀ of ${n}`);
    close(V.mT.matmul(V), eye(n), `Vᵀ·V of ${n}`);
    const { U, S, Vh } = linalg.svd(A);
    close(U.mul(S).matmul(Vh), A, `U·S·Vh of ${n}`);
    close(U.mT.matmul(U), eye(n), `Uᵀ·U of ${n}`);
  }
});

test('elements far beyond the root of the largest double, or below the smallest, are decomposed', () => {
  for (const scale of [1e200, 1e-200]) {
    const A = tensor(
      [
        [4, 1, 2],
        [1, 3, 0],
        [2, 0, 5],
      ],
      { dtype: 'float64' },
    );
    const { Q, R } = linalg.qr(A.mul(scale));
    close(Q.matmul(R).div(scale), A, 'Q·R');
    close(linalg.svdvals(A.mul(scale)).div(scale), linalg.svdvals(A), 'S');
    close(linalg.eigvalsh(A.mul(scale)).div(scale), linalg.eigvalsh(A), 'L');
  }
});

test('only the lower triangle is read by cholesky and eigh, the upper one with UPLO', () => {
  const A = tensor([
    [2, 99],
    [1, 2],
  ]);
  assert.equal(linalg.eigvalsh(A).toArray(), [1, 3]);
  assert.equal(linalg.eigvalsh(A.mT, 'U').toArray(), [1, 3]);
  close(
    linalg.cholesky(A).matmul(linalg.cholesky(A).mT),
    tensor([
      [2, 1],
      [1, 2],
    ]),
    'L·Lᵀ',
  );
});

test('results carry names', () => {
  const A = tensor([
    [2, 0],
    [0, 1],
  ]);
  const [sign, log] = linalg.slogdet(A);
  assert.is(linalg.slogdet(A).sign.item(), sign.item());
  assert.is(linalg.slogdet(A).logabsdet.item(), log.item());
  assert.equal(linalg.eigh(A).eigenvalues.toArray(), [1, 2]);
  assert.equal(linalg.lstsq(A, eye(2)).rank.item(), 2);
  assert.equal(
    linalg
      .choleskyEx(
        tensor([
          [1, 2],
          [2, 1],
        ]),
      )
      .info.item(),
    2,
  );
  assert.equal(
    linalg
      .luFactorEx(
        tensor([
          [1, 2],
          [2, 4],
        ]),
      )
      .info.item(),
    2,
  );
  assert.equal(
    linalg
      .invEx(
        tensor([
          [0, 0],
          [0, 0],
        ]),
      )
      .info.item(),
    1,
  );
});

test('errors name the function, the rule and the batch', () => {
  const singular = tensor([
    [1, 2],
    [2, 4],
  ]);
  refuses(() => linalg.inv(singular), 'LinAlgError', /^linalg\.inv: .*element 2 is zero/, 'inv');
  refuses(
    () => linalg.inv(eye(2).expand(3, 2, 2).clone().setAt([1], singular) as never),
    'LinAlgError',
    /^linalg\.inv: \(Batch element 1\)/,
    'batch',
  );
  refuses(() => linalg.solve(singular, tensor([1, 1])), 'LinAlgError', /^linalg\.solve: .*singular/, 'solve');
  refuses(
    () =>
      linalg.cholesky(
        tensor([
          [1, 2],
          [2, 1],
        ]),
      ),
    'LinAlgError',
    /leading minor of order 2 is not positive-definite/,
    'cholesky',
  );
  const spoilt = tensor([
    [Number.NaN, 1],
    [1, 1],
  ]);
  refuses(() => linalg.cholesky(spoilt), 'LinAlgError', /order 1/, 'cholesky of NaN');
  refuses(() => linalg.eigh(spoilt), 'LinAlgError', /^linalg\.eigh: .*converge/, 'eigh of NaN');
  refuses(() => linalg.svd(spoilt), 'LinAlgError', /^linalg\.svd: .*non-finite/, 'svd of NaN');
  refuses(
    () =>
      linalg.det(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    'ShapeError',
    /2 by 3 matrices/,
    'det',
  );
  refuses(() => linalg.qr([[1]] as never), 'DTypeError', /A must be a tensor/, 'no tensor');
  refuses(() => linalg.qr(eye(2), { mod: 'r' } as never), 'ValueError', /unknown option 'mod'/, 'option');
});

test('NaN goes through where nothing iterates', () => {
  const spoilt = tensor([
    [Number.NaN, 1],
    [1, 1],
  ]);
  assert.ok(Number.isNaN(linalg.det(spoilt).item()));
  assert.ok(values(linalg.matrixExp(spoilt)).every(Number.isNaN));
  assert.ok(values(linalg.qr(spoilt).R).some(Number.isNaN));
});

test('lstsq finds the shortest of many solutions where columns depend on each other', () => {
  const A = tensor(
    [
      [1, 2],
      [2, 4],
      [3, 6],
    ],
    { dtype: 'float64' },
  );
  const b = tensor([1, 2, 4], { dtype: 'float64' });
  const { solution, rank } = linalg.lstsq(A, b.unsqueeze(1));
  close(solution, linalg.pinv(A).matmul(b.unsqueeze(1)), 'solution');
  assert.is(rank.item(), 1);
  assert.is(linalg.lstsq(A, b).solution.ndim, 1);
});

test('integers and booleans are refused where PyTorch does, and summed as floats elsewhere', () => {
  const whole = tensor([1, 2], { dtype: 'int32' });
  const real = tensor([1, 2]);
  refuses(() => linalg.vecdot(whole, whole), 'DTypeError', /^linalg.vecdot: .* got int32/, 'vecdot');
  refuses(() => linalg.vecdot(real, real.to('float64')), 'DTypeError', /float32 and float64/, 'vecdot');
  refuses(() => linalg.vectorNorm(whole, { dtype: 'float64' }), 'DTypeError', /int32/, 'vectorNorm');
  refuses(() => linalg.vander(tensor([true])), 'DTypeError', /not defined for bool/, 'vander');
  refuses(() => linalg.vander(tensor([2])), 'ValueError', /N must be greater than 1, but got 1/, 'vander');
  assert.equal(linalg.vander(tensor(2), 3).toArray(), [[1, 2, 4]]);
  refuses(() => core.trapezoid(tensor([true])), 'DTypeError', /^trapezoid: is not defined for bool/, 'trapezoid');
  assert.is(core.trapezoid(tensor([200, 100], { dtype: 'uint8' })).item(), 150);
});

test('matrices without rows or columns have a condition of 0', () => {
  for (const p of ['fro', 'nuc', 1, -1, 2, -2, Infinity, null] as const) {
    assert.equal(linalg.cond(core.zeros(2, 0, 0), p).toArray(), [0, 0], String(p));
    assert.is(linalg.cond(core.zeros(0, 0), p).item(), 0, String(p));
  }
});

test.run();
