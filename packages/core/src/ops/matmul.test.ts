/**
 * Products against PyTorch's (`tools/fixtures/matmul.py`) where they are small, and against the reference loop where they are large
 * enough for the packed kernels: in all layouts, with operands in the heap and outside.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { FloatDType } from '../dtype.ts';
import { refuses, values } from '../fixtures/check.ts';
import type { OpCase } from '../fixtures/given.ts';
import { checkCase, given } from '../fixtures/given.ts';
import data from '../fixtures/matmul.json' with { type: 'json' };
import type { Shape } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import { Generator } from '../random/generator.ts';
import { gemm } from '../reference/matmul.ts';
import { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { arange, fromTypedArray, full, ones, tensor, zeros } from './create.ts';
import * as products from './matmul.ts';
import { randn } from './random.ts';

const fixtures = data as unknown as {
  readonly cases: readonly OpCase[];
  readonly errors: readonly (readonly [name: string, args: readonly unknown[], kind: string])[];
};

type AnyOp = (...args: readonly unknown[]) => Tensor;
const op = (name: string): AnyOp => (products as unknown as Record<string, AnyOp>)[name];

for (const name of [...new Set(fixtures.cases.map(([own]) => own))]) {
  test(`${name} gives PyTorch's values over ranks, batches, layouts, dtypes and empty sizes, and its refusals`, () => {
    for (const entry of fixtures.cases) if (entry[0] === name) checkCase(entry, op(name) as never);
    for (const [own, args, kind] of fixtures.errors) {
      if (own !== name) continue;
      refuses(
        () => op(name)(...(given(args) as unknown[])),
        kind,
        /^\w+: /,
        `${name}(${JSON.stringify(args).slice(1, -1)})`,
      );
    }
  });
}

test('errors name the op, the rule and the shapes', () => {
  refuses(() => products.mm(zeros(2, 3), zeros(2, 3)), 'ShapeError', /^mm: .*2x3 and 2x3/, 'mm');
  refuses(() => products.matmul(zeros(2, 2, 3), zeros(2, 2, 3)), 'ShapeError', /^matmul: .*2x2x3 and 2x2x3/, 'matmul');
  refuses(
    () => products.matmul(zeros([]), zeros(3)),
    'ShapeError',
    /^matmul: .*at least 1D, but they are 0D and 1D/,
    '0-d',
  );
  refuses(
    () => products.mv(zeros(2, 3), zeros(3, 1)),
    'ShapeError',
    /^mv: vec must be 1-D, but has shape \[3, 1\]/,
    'mv',
  );
  refuses(() => products.mm(zeros(2, 2), zeros(2, 2).double()), 'DTypeError', /^mm: .*float32 and float64/, 'dtype');
  refuses(
    () => products.mm(zeros(2, 2).bool(), zeros(2, 2).bool()),
    'DTypeError',
    /^mm: is not defined for bool/,
    'bool',
  );
  refuses(
    () => products.addmm(zeros(3), zeros(2, 2), zeros(2, 2)),
    'ShapeError',
    /^addmm: self of shape \[3\] .*\[2, 2\]/,
    'addmm',
  );
  refuses(
    () => products.linear(zeros(2, 3), zeros(4, 2)),
    'ShapeError',
    /^linear: input of shape \[2, 3\].*\[4, 2\]/,
    'linear',
  );
  const ints = ones(2, 2, { dtype: 'int32' });
  refuses(
    () => products.addmm(ints, ints, ints, { beta: 0.5 }),
    'DTypeError',
    /^addmm: beta and alpha must be integers/,
    'beta',
  );
  refuses(
    () => products.addmm(ints, ints, ints, { gamma: 1 } as never),
    'ValueError',
    /unknown option 'gamma'/,
    'option',
  );
  const batch = ints.unsqueeze(0);
  refuses(
    () => products.baddbmm(batch, batch, batch, { alpha: 0.5 }),
    'DTypeError',
    /^baddbmm: beta and alpha/,
    'alpha',
  );
  refuses(
    () => products.einsum('ij,jk->ik', ones(2, 3), ones(2, 3)),
    'ShapeError',
    /^einsum: subscript j has sizes 3 and 2/,
    'size',
  );
  refuses(() => products.einsum(''), 'ShapeError', /^einsum: /, 'nothing');
});

test('forms: methods, mT and T, lists of operands, a bias by name or null', () => {
  const a = arange(6).view(2, 3);
  const b = arange(12).view(3, 4);
  const want = values(products.mm(a, b));
  for (const same of [a.mm(b), a.matmul(b), products.einsum('ij,jk->ik', a, b), products.einsum('ij,jk', [a, b])]) {
    assert.equal(values(same), want);
  }
  assert.equal(values(b.T.mm(a.T).T), want);
  assert.equal(values(products.matrixTranspose(b).mm(a.mT).mT), want);
  const bias = tensor([1, 2]);
  const added = values(products.linear(b.t(), a, bias));
  assert.equal(added, values(b.t().mm(a.t()).add(bias)));
  assert.equal(values(products.linear(b.t(), a, { bias })), added);
  assert.equal(values(products.linear(b.t(), a, null)), values(products.linear(b.t(), a)));
  assert.equal(values(products.linear(b.t(), a, { bias: null })), values(products.linear(b.t(), a)));
  assert.equal(
    values(zeros(2, 4).addmm(a, b, { alpha: 2 })),
    want.map((x) => 2 * x),
  );
  assert.equal(values(tensor([1, 2, 3]).dot(tensor([4, 5, 6]))), [32]);
  assert.equal(values(tensor([1, 2]).outer(tensor([3, 4]))), [3, 4, 6, 8]);
});

test('float32 sums are accumulated in double precision where small, so that nothing is lost by cancelling', () => {
  const x = tensor([2 ** 24, 1, -(2 ** 24)]);
  assert.is(products.dot(x, ones(3)).item(), 1);
});

// ------------------------------------------------------------------------------------------------------ large products

const generator = new Generator(1234);

const drawn = (dtype: FloatDType, ...shape: number[]): Tensor => randn(shape, { dtype, generator });

/** The matrix product by the reference loop, in double precision, and the same of magnitudes, which bounds rounding errors. */
function reference(a: Tensor, b: Tensor): [product: Float64Array, magnitude: Float64Array] {
  const [m, k] = a.shape;
  const n = b.shape[1];
  const plain = (array: Float64Array, columns: number) => ({
    storage: Storage.wrap('float64', array),
    offset: 0,
    batchStride: 0,
    rowStride: columns,
    columnStride: 1,
  });
  return [(x: number) => x, Math.abs].map((map) => {
    const out = new Float64Array(m * n);
    const [lhs, rhs] = [a, b].map((x) => plain(Float64Array.from(values(x), map), x.shape[1]));
    gemm(1, m, n, k, lhs, rhs, plain(out, n));
    return out;
  }) as [Float64Array, Float64Array];
}

/** A sum of k products in floating point is off by at most (k + 2) units of the sum of magnitudes. */
function isProduct(
  actual: Tensor,
  a: Tensor,
  b: Tensor,
  label: string,
  alpha = 1,
  added: Tensor | null = null,
  beta = 0,
): void {
  assert.equal([...actual.shape], [a.shape[0], b.shape[1]], label);
  assert.is(actual.dtype, a.dtype, label);
  const unit = (a.dtype === 'float32' ? 2 ** -24 : 2 ** -53) * (a.shape[1] + 4);
  const [product, magnitude] = reference(a, b);
  const extra = added === null ? null : values(added.expand(actual.shape));
  values(actual).forEach((got, i) => {
    const rest = extra === null ? 0 : beta * extra[i];
    const want = alpha * product[i] + rest;
    const bound = unit * (Math.abs(alpha) * magnitude[i] + Math.abs(rest)) + 1e-300;
    if (!(Math.abs(got - want) <= bound))
      assert.unreachable(`${label}: element ${i} is ${got}, expected ${want} ± ${bound}`);
  });
}

const DTYPES: readonly FloatDType[] = ['float32', 'float64'];
const SIZES: readonly (readonly [m: number, n: number, k: number])[] = [
  [16, 16, 16],
  [33, 33, 33],
  [65, 65, 65],
  [129, 67, 31],
  [1, 300, 200],
  [300, 1, 200],
  [1, 1, 5000],
  [4, 3, 1500],
  [200, 100, 1],
  [7, 1000, 3],
  [64, 8, 17],
  [12, 96, 256],
];

/** The matrix under other layouts, with the same values. */
const layouts: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  'row-major': (x) => x,
  transposed: (x) => x.t().contiguous().t(),
  sliced: (x) => {
    const room = full([x.shape[0] + 3, 2 * x.shape[1] + 5], Number.NaN, { dtype: x.dtype });
    const view = room.slice(0, 2, -1).slice(1, 4, -1, 2);
    return view.copy_(x);
  },
  outside: (x) => fromTypedArray(x.toTypedArray(), x.shape),
  'a part, outside': (x) => {
    const array = x.toTypedArray();
    const room = full([array.length + 700], Number.NaN, { dtype: x.dtype }).toTypedArray();
    room.set(array as never, 650);
    return fromTypedArray(room)
      .slice(0, 650, 650 + array.length)
      .view(x.shape);
  },
};

for (const dtype of DTYPES) {
  test(`mm of large ${dtype} matrices agrees with the reference loop at sizes around the tiles`, () => {
    for (const [m, n, k] of SIZES) {
      const a = drawn(dtype, m, k);
      const b = drawn(dtype, k, n);
      isProduct(products.mm(a, b), a, b, `${m}×${k} · ${k}×${n}`);
    }
  });

  test(`mm of large ${dtype} matrices agrees with the reference loop in every pair of layouts`, () => {
    for (const [m, n, k] of [
      [33, 40, 29],
      [5, 300, 100],
      [16, 17, 18],
    ]) {
      const a = drawn(dtype, m, k);
      const b = drawn(dtype, k, n);
      for (const [nameA, layA] of Object.entries(layouts)) {
        for (const [nameB, layB] of Object.entries(layouts)) {
          const label = `${nameA} ${m}×${k} · ${nameB} ${k}×${n}`;
          isProduct(products.mm(layA(a), layB(b)), a, b, label);
        }
      }
    }
  });

  test(`large products of expanded ${dtype} operands agree with the reference loop`, () => {
    const row = drawn(dtype, 1, 40).expand(50, 40);
    const column = drawn(dtype, 40, 1).expand(40, 60);
    const b = drawn(dtype, 40, 60);
    isProduct(products.mm(row, b), row, b, 'rows alike');
    isProduct(products.mm(b.t(), column), b.t(), column, 'columns alike');
    isProduct(products.mm(row, column), row, column, 'both');
    const one = drawn(dtype, 1, 1).expand(50, 40);
    isProduct(products.mm(one, b), one, b, 'one value');
  });

  test(`mv, dot, bmm and matmul of large ${dtype} operands agree with the reference loop`, () => {
    const a = drawn(dtype, 120, 250);
    const x = drawn(dtype, 250);
    isProduct(products.mv(a, x).unsqueeze(1), a, x.unsqueeze(1), 'mv');
    const stepped = drawn(dtype, 500).slice(0, 1, null, 2);
    isProduct(products.mv(a.t().contiguous().t(), stepped).unsqueeze(1), a, stepped.unsqueeze(1), 'mv, strided');
    const long = drawn(dtype, 10_000);
    const other = drawn(dtype, 20_000).slice(0, 0, null, 2);
    isProduct(products.dot(long, other).view(1, 1), long.unsqueeze(0), other.unsqueeze(1), 'dot');
    for (const [batch, m, n, k] of [
      [3, 33, 20, 40],
      [2, 16, 16, 16],
      [5, 8, 8, 64],
    ]) {
      const lhs = drawn(dtype, batch, m, k);
      const rhs = drawn(dtype, batch, k, n);
      for (const [name, p, q] of [
        ['contiguous', lhs, rhs],
        ['transposed', lhs.mT.contiguous().mT, rhs.mT.contiguous().mT],
        ['batch inside', lhs.permute(1, 2, 0).contiguous().permute(2, 0, 1), rhs],
        ['outside', fromTypedArray(lhs.toTypedArray(), lhs.shape), fromTypedArray(rhs.toTypedArray(), rhs.shape)],
      ] as const) {
        const out = products.bmm(p, q);
        for (let i = 0; i < batch; i++) {
          isProduct(
            out.select(0, i),
            lhs.select(0, i),
            rhs.select(0, i),
            `bmm, ${name}, ${batch}×${m}×${n}, batch ${i}`,
          );
        }
      }
      const one = products.matmul(lhs, rhs.select(0, 0));
      for (let i = 0; i < batch; i++) isProduct(one.select(0, i), lhs.select(0, i), rhs.select(0, 0), 'matmul');
    }
  });

  test(`addmm of large ${dtype} operands scales product and addend, and a beta of 0 ignores the addend`, () => {
    const a = drawn(dtype, 40, 50);
    const b = drawn(dtype, 50, 45);
    for (const added of [drawn(dtype, 40, 45), drawn(dtype, 45), drawn(dtype, 40, 1), drawn(dtype, 45, 40).t()]) {
      for (const [alpha, beta] of [
        [1, 1],
        [2, 1],
        [1, -0.5],
        [-3, 0.25],
        [0, 2],
        [1, 0],
        [0.5, 0],
      ]) {
        const before = values(added);
        isProduct(
          products.addmm(added, a, b, { alpha, beta }),
          a,
          b,
          `alpha ${alpha}, beta ${beta}`,
          alpha,
          added,
          beta,
        );
        assert.equal(values(added), before, 'the addend is not written to');
      }
    }
    const nan = full([45], Number.NaN, { dtype });
    isProduct(products.addmm(nan, a, b, { beta: 0 }), a, b, 'NaN is ignored');
    isProduct(products.addmm(nan, a, b, { beta: 0, alpha: 2 }), a, b, 'NaN is ignored', 2);
    const small = drawn(dtype, 16, 16);
    isProduct(products.addmm(small, small, small), small, small, 'small result, which is copied back', 1, small, 1);
    isProduct(products.addmm(small, small, small, { beta: 2 }), small, small, 'small result, scaled', 1, small, 2);
    const input = drawn(dtype, 3, 20, 50);
    const bias = drawn(dtype, 45);
    const out = products.linear(input, b.t(), bias);
    for (let i = 0; i < 3; i++) isProduct(out.select(0, i), input.select(0, i), b, 'linear', 1, bias, 1);
  });

  test(`NaN and infinities of large ${dtype} operands reach exactly the rows and columns that they belong to`, () => {
    const a = ones(40, 50, { dtype });
    const b = ones(50, 60, { dtype });
    a.select(0, 7).select(0, 3).fill_(Number.NaN);
    b.select(1, 9).select(0, 4).fill_(Infinity);
    values(products.mm(a, b)).forEach((got, i) => {
      const [row, column] = [Math.floor(i / 60), i % 60];
      const want = row === 7 ? Number.NaN : column === 9 ? Infinity : 50;
      assert.ok(Object.is(got, want), `[${row}, ${column}] is ${got}`);
    });
  });
}

test('large integer products wrap, int64 ones beyond the reach of doubles, too', () => {
  const shape: Shape = [20, 30];
  const big = Array.from({ length: sizeOf(shape) }, (_, i) => 2_000_000_011 - 7 * i);
  const a = tensor(big, { dtype: 'int32' }).view(shape);
  const wide = tensor(big.map((x) => BigInt(x) * 1_000_003n)).view(shape);
  const exact = (x: Tensor, bits: number): bigint[] => {
    const list = Array.from(x.toTypedArray() as Int32Array, BigInt);
    const out: bigint[] = [];
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 20; j++) {
        let sum = 0n;
        for (let l = 0; l < 30; l++) sum += list[i * 30 + l] * list[j * 30 + l];
        out.push(BigInt.asIntN(bits, sum));
      }
    }
    return out;
  };
  assert.equal(Array.from(products.mm(a, a.t()).toTypedArray() as Int32Array, BigInt), exact(a, 32));
  assert.equal(Array.from(products.mm(wide, wide.t()).toTypedArray() as BigInt64Array), exact(wide, 64));
});

test('a row that is expanded to a matrix is read as often as there are rows', () => {
  const [a, row] = [ones(12, 15), arange(25, { dtype: 'float32' })];
  assert.equal(
    products.matmul(a, row.expand(15, 25)).select(0, 11).toArray(),
    Array.from({ length: 25 }, (_, j) => 15 * j),
  );
});

test('einsum of what is empty is empty, or sums of nothing', () => {
  const shapes: readonly (readonly [string, Shape, Shape, Shape])[] = [
    ['ij,jk->ik', [0, 3], [3, 2], [0, 2]],
    ['ij,jk->ik', [2, 0], [0, 3], [2, 3]],
    ['i,j->ij', [0], [2], [0, 2]],
    ['bij,bjk->bik', [0, 2, 3], [1, 3, 2], [0, 2, 2]],
  ];
  for (const [equation, a, b, expected] of shapes) {
    const out = products.einsum(equation, ones(a), ones(b));
    assert.equal(out.shape, expected, `${equation} of ${a} and ${b}`);
    assert.is(out.sum().item(), 0, equation);
  }
});

test.run();
