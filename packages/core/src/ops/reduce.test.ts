/**
 * Reductions, running sums, softmax and sorting against PyTorch's numbers (`tools/fixtures/reduce.py`), in several layouts; then
 * accuracy, integers, order and refusals.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { DType } from '../dtype.ts';
import type { FixtureTensor, Tolerance } from '../fixtures/check.ts';
import { agrees, decode, fixture, make, refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/reduce.json' with { type: 'json' };
import type { Tensor } from '../tensor.ts';
import { fromTypedArray, tensor, zeros } from './create.ts';
import * as ops from './reduce.ts';
import { permute, reshape } from './view.ts';

interface Case {
  readonly op: string;
  readonly input: string;
  readonly args: readonly unknown[];
  readonly out: FixtureTensor | readonly FixtureTensor[] | { readonly error: string };
}

const { inputs, cases } = data as unknown as {
  inputs: Readonly<Record<string, FixtureTensor>>;
  cases: readonly Case[];
};

// -------------------------------------------------------------------------------------------------------- against PyTorch

/** Ops that keep int64; others give PyTorch's int64 as int32. */
const KEEPS_INT64 = new Set([
  'sum',
  'prod',
  'cumsum',
  'cumprod',
  'amax',
  'amin',
  'max',
  'min',
  'sort',
  'topk',
  'median',
]);

function expected(want: FixtureTensor, op: string, input: DType, position: number): FixtureTensor {
  const keeps = input === 'int64' && position === 0 && KEEPS_INT64.has(op);
  return want.dtype === 'int64' && !keeps ? { ...want, dtype: 'int32' } : want;
}

/** PyTorch adds up float32 in float32 here and there: a few ulp of the largest term. float64 has both sides' last digits. */
function toleranceOf(dtype: DType): Tolerance {
  if (dtype === 'float64') return { relative: 1e-13, absolute: 1e-14 };
  return dtype === 'float32' ? { relative: 2e-6, absolute: 1e-6 } : {};
}

/** The tensor under a layout whose dimensions lie backwards in memory, without gaps. */
function backwards(x: Tensor): Tensor {
  const order = x.shape.map((_, d) => x.shape.length - 1 - d);
  return permute(permute(x, order).clone(), order);
}

const LAYOUTS = { contiguous: (x: Tensor): Tensor => x, scattered, backwards };
const functions = ops as unknown as Readonly<
  Record<string, (...args: readonly unknown[]) => Tensor | readonly Tensor[]>
>;

for (const op of new Set(cases.map((c) => c.op))) {
  test(`${op} gives PyTorch's values, dtypes, shapes and refusals in every layout`, () => {
    for (const { input, args, out } of cases.filter((c) => c.op === op)) {
      const given = args.map((arg) => (arg === 'inf' || arg === '-inf' ? decode(arg) : arg));
      for (const [layout, arrange] of Object.entries(LAYOUTS)) {
        const label = `${op} of ${input} (${JSON.stringify(args)}), ${layout}`;
        const run = (): Tensor | readonly Tensor[] => functions[op](arrange(fixture(inputs[input])), ...given);
        if ('error' in out) {
          refuses(
            run,
            /^(IndexError|ShapeError|DTypeError)$/,
            new RegExp(`^${op === 'variance' ? 'var' : op}: `),
            label,
          );
          continue;
        }
        const results = run();
        const wants = Array.isArray(out) ? (out as readonly FixtureTensor[]) : [out as FixtureTensor];
        wants.forEach((want, i) => {
          const result = Array.isArray(results) ? (results[i] as Tensor) : (results as Tensor);
          const target = expected(want, op, inputs[input].dtype, i);
          agrees(result, target, label, toleranceOf(target.dtype));
          assert.ok(result.isContiguous(), `${label}: contiguous`);
        });
      }
    }
  });
}

// --------------------------------------------------------------------------------------------------------------- accuracy

/** Numbers that look random and are the same everywhere. */
function noise(n: number, seed = 1): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0, s = seed; i < n; i++) {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    out[i] = s / 2 ** 31;
  }
  return out;
}

test('the sum of ten million 0.1 is right to six digits, along any dimension', () => {
  const x = fromTypedArray(new Float32Array(10_000_000).fill(0.1));
  const right = (total: number, want: number): void => assert.ok(Math.abs(total / want - 1) < 1e-6, `${total}`);
  right(ops.sum(x).item(), 1e6);
  right(ops.mean(x).item(), 0.1);
  right(ops.sum(repeated(0.1, 'float32', [10_000_000])).item(), 1e6);
  for (const [dim, want] of [
    [0, 1e5],
    [1, 1],
  ] as const) {
    for (const total of values(ops.sum(reshape(x, [1_000_000, 10]), dim))) right(total, want);
  }
});

test('float64 sums are good to the last digits, whatever the way they are walked', () => {
  const n = 100_000;
  const x = fromTypedArray(new Float64Array(n).fill(0.1));
  // Two ulp of 10000. Added one after the other they come out 1.9e-8 too large.
  const near = (total: number): void => assert.ok(Math.abs(total - 10000) < 4e-12, `${total - 10000}`);
  near(ops.sum(x).item());
  near(ops.sum(reshape(x, [n, 1, 1])).item());
  near(ops.sum(scattered(reshape(x, [20, 5000]))).item());
  for (const total of values(ops.sum(reshape(fromTypedArray(new Float64Array(8 * n).fill(0.1)), [n, 8]), 0)))
    near(total);
  // Two dimensions that do not merge make runs of two; what is lost between runs is made good.
  const cancelling = make([1e16, 1, -1e16, 1, 0, 0, 0, 0], 'float64', [2, 4]);
  assert.is(ops.sum(scattered(cancelling)).item(), 2);
});

test('long sums over any dims agree with plain ones in double precision', () => {
  const shape = [37, 300, 41];
  const flat = noise(37 * 300 * 41);
  for (const dtype of ['float32', 'float64'] as const) {
    const x = reshape(fromTypedArray(flat), shape).to(dtype);
    const list = values(x);
    for (const dims of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
      const want = new Map<number, number>();
      list.forEach((v, i) => {
        const at = [Math.floor(i / (300 * 41)), Math.floor(i / 41) % 300, i % 41];
        const key = at.reduce((k, c, d) => (dims.includes(d) ? k : k * shape[d] + c), 0);
        want.set(key, (want.get(key) ?? 0) + v);
      });
      const out: FixtureTensor = {
        dtype,
        data: [...want.keys()].sort((a, b) => a - b).map((k) => want.get(k) as number),
      };
      // Four float32 are added before they are widened: two roundings, of at most 2^-24 of what is added, which is below 1.
      const count = dims.reduce((product, d) => product * shape[d], 1);
      const tolerance = { absolute: dtype === 'float64' ? 1e-10 : 2 ** -23 * count, relative: 2 ** -24 };
      agrees(ops.sum(x, dims), out, `sum over ${dims.join()}`, tolerance);
      agrees(ops.sum(backwards(x), dims), out, `sum over ${dims.join()}, backwards`, tolerance);
    }
  }
});

test('any and all of many booleans are those of the same numbers', () => {
  const n = 40 * 50;
  const flags = Uint8Array.from({ length: n }, (_, i) => (i % 50 < 10 ? 1 : i % 50 < 20 ? 0 : (i % 7) & 1));
  const x = reshape(fromTypedArray(flags), [40, 50]);
  const bools = x.to('bool');
  for (const dims of [null, 0, 1] as const) {
    for (const op of [ops.any, ops.all]) {
      const got = op(bools, dims);
      assert.is(got.dtype, 'bool');
      assert.equal(values(got), values(op(x.to('float32'), dims)), `over ${dims}`);
    }
  }
  assert.equal(values(ops.all(bools, 0)).slice(0, 11), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
});

test('variance does not cancel: a large mean leaves the small spread', () => {
  const x = make([1e9, 1e9 + 1, 1e9 + 2], 'float64');
  assert.is(ops.variance(x).item(), 1);
  assert.is(ops.std(x, { correction: 0 }).item(), Math.sqrt(2 / 3));
});

test('softmax, logSoftmax and logsumexp do not overflow', () => {
  const x = make([1000, 1001, -1000], 'float32');
  agrees(ops.softmax(x, 0), { dtype: 'float32', data: [0.26894143, 0.7310586, 0] }, 'softmax', { relative: 1e-6 });
  const log = [-1.3132616, -0.3132617, -2001.3132];
  agrees(ops.logSoftmax(x, 0), { dtype: 'float32', data: log }, 'logSoftmax', { relative: 1e-6 });
  assert.is(ops.logsumexp(x, 0).item(), Math.fround(1001.3132616875182));
});

// --------------------------------------------------------------------------------------------------------------- integers

test('int64 sums, products and extremes are exact', () => {
  const big = (list: readonly bigint[]): Tensor => tensor(BigInt64Array.from(list));
  const list = (x: Tensor): bigint[] => Array.from(x.toTypedArray() as unknown as BigInt64Array);
  const x = big([2n ** 53n, 1n, 1n, -3n]);
  assert.equal(list(ops.sum(x)), [2n ** 53n - 1n]);
  assert.equal(list(ops.prod(x)), [-3n * 2n ** 53n]);
  assert.equal(list(ops.cumsum(x, 0)), [2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 53n - 1n]);
  assert.equal(list(ops.cumprod(big([2n ** 62n, 2n, 2n]), 0)), [2n ** 62n, -(2n ** 63n), 0n]);
  const y = big([2n ** 53n, 2n ** 53n + 1n, -(2n ** 60n) - 1n, -(2n ** 60n)]);
  assert.equal(list(ops.max(y)), [2n ** 53n + 1n]);
  assert.equal(list(ops.min(y, 0).values), [-(2n ** 60n) - 1n]);
  assert.equal(values(ops.argmax(y)), [1]);
  assert.equal(list(ops.sort(y).values), [-(2n ** 60n) - 1n, -(2n ** 60n), 2n ** 53n, 2n ** 53n + 1n]);
  assert.equal(values(ops.argsort(y, 0, true)), [1, 0, 3, 2]);
  assert.equal(list(ops.topk(y, 1, { largest: false })[0]), [-(2n ** 60n) - 1n]);
});

test('int32 sums and products wrap', () => {
  const x = make([2147483647, 2, 3], 'int32');
  assert.equal(values(ops.sum(x)), [-2147483644]);
  assert.equal(values(ops.prod(x)), [-6]);
  assert.equal(values(ops.cumsum(x, 0)), [2147483647, -2147483647, -2147483644]);
  assert.equal(values(ops.cumprod(x, 0)), [2147483647, -2, -6]);
});

// ------------------------------------------------------------------------------------------------------------------ order

test('sort is stable up and down, for lengths around its runs', () => {
  for (const n of [1, 2, 11, 12, 13, 24, 25, 100, 1000]) {
    // Few distinct values, so that there are many ties; among them NaN, ±0 and infinities.
    const list = Array.from(noise(n, n), (v) => Math.round(v * 4)).map((v) =>
      v === 4 ? Infinity : v === 3 ? Number.NaN : v,
    );
    const x = fromTypedArray(Float32Array.from(list));
    const rank = (v: number): number => (Number.isNaN(v) ? 9 : v === Infinity ? 8 : v);
    const order = list.map((_, i) => i).sort((a, b) => rank(list[a]) - rank(list[b]) || a - b);
    const down = list.map((_, i) => i).sort((a, b) => rank(list[b]) - rank(list[a]) || a - b);
    assert.equal(values(ops.argsort(x)), order, `${n} ascending`);
    assert.equal(values(ops.argsort(x, { descending: true })), down, `${n} descending`);
    assert.equal(
      values(ops.sort(x).values),
      order.map((i) => list[i]),
      `${n} values`,
    );
    for (const k of [0, 1, 3, 64, 65, n].filter((m) => m <= n)) {
      assert.equal(values(ops.topk(x, k).indices), down.slice(0, k), `the ${k} largest of ${n}`);
      assert.equal(values(ops.topk(x, k, -1, false).indices), order.slice(0, k), `the ${k} smallest of ${n}`);
    }
  }
});

test('topk without NaN agrees with sort, by its short cut and without', () => {
  const x = reshape(fromTypedArray(Float32Array.from(noise(4000), (v) => Math.round(v * 50))), [4, 1000]);
  for (const largest of [true, false]) {
    const { values: all, indices: where } = ops.sort(x, -1, largest);
    for (const k of [1, 5, 64, 100, 125, 126]) {
      const [v, i] = ops.topk(x, k, { largest });
      for (let row = 0; row < 4; row++) {
        const part = (t: Tensor, n: number, width: number): number[] => values(t).slice(row * width, row * width + n);
        assert.equal(part(v, k, k), part(all, k, 1000), `values, k = ${k}`);
        assert.equal(part(i, k, k), part(where, k, 1000), `indices, k = ${k}`);
      }
    }
  }
});

test('argmax and argmin give the first of equals, and the first NaN', () => {
  const x = make([1, 3, 3, 0, 0], 'float32');
  assert.equal([ops.argmax(x).item(), ops.argmin(x).item()], [1, 3]);
  const y = make([1, 'nan', 7, 'nan'], 'float64');
  assert.equal([ops.argmax(y).item(), ops.argmin(y).item(), ops.max(y, 0).indices.item()], [1, 1, 1]);
});

test('several results are a list that also carries names', () => {
  const x = make([3, 1, 2], 'float32');
  const result = ops.topk(x, 2);
  const [v, i] = result;
  assert.is(v, result.values);
  assert.is(i, result.indices);
  assert.is(result.length, 2);
  assert.equal(Object.keys(result), ['0', '1']);
  const { std, mean } = ops.stdMean(x);
  assert.equal([std.item(), mean.item()], [1, 2]);
});

test('max and min of two tensors are maximum and minimum', () => {
  const x = make([1, 5, 'nan'], 'float32');
  agrees(ops.max(x, make([3], 'int32')), { dtype: 'float32', data: [3, 5, 'nan'] }, 'max');
  agrees(ops.min(x, make([3], 'float32')), { dtype: 'float32', data: [1, 3, 'nan'] }, 'min');
});

test('median takes the lower middle, and where it is', () => {
  const { values: v, indices: i } = ops.median(make([3, 1, 2, 4, 9, 7, 'nan', 8], 'float32', [2, 4]), 1, true);
  agrees(v, { dtype: 'float32', shape: [2, 1], data: [2, 'nan'] }, 'values');
  agrees(i, { dtype: 'int32', shape: [2, 1], data: [2, 2] }, 'indices');
});

// ----------------------------------------------------------------------------------------------------------------- layout

test('expanded tensors reduce as copies of them do', () => {
  const x = repeated(2, 'float32', [3, 4]);
  assert.is(ops.sum(x).item(), 24);
  agrees(ops.sum(x, 0), { dtype: 'float32', shape: [4], data: [6, 6, 6, 6] }, 'sum');
  agrees(ops.variance(x, 1), { dtype: 'float32', shape: [3], data: [0, 0, 0] }, 'variance');
  agrees(ops.cumsum(x, 1), { dtype: 'float32', shape: [3, 4], data: [2, 4, 6, 8, 2, 4, 6, 8, 2, 4, 6, 8] }, 'cumsum');
  assert.is(ops.argmax(x).item(), 0);
});

test('reductions of many dimensions keep the order of the others', () => {
  const x = reshape(tensor(Float32Array.from({ length: 120 }, (_, i) => i)), [2, 3, 4, 5]);
  const out = ops.sum(x, [1, 3]);
  assert.equal([...out.shape], [2, 4]);
  const want = Array.from({ length: 8 }, (_, k) => {
    let total = 0;
    for (let j = 0; j < 3; j++) for (let l = 0; l < 5; l++) total += Math.floor(k / 4) * 60 + j * 20 + (k % 4) * 5 + l;
    return total;
  });
  assert.equal(values(out), want);
  assert.equal([...ops.amax(x, [0, 2], true).shape], [1, 3, 1, 5]);
  assert.equal(values(ops.amax(permute(x, [3, 1, 0, 2]), [0, 3])), [19, 79, 39, 99, 59, 119]);
});

// -------------------------------------------------------------------------------------------------------------- comparing

test('isclose, allclose and equal follow PyTorch at NaN, infinities and tolerances', () => {
  const x = make([1, 'nan', 'inf', '-inf', 0, 100], 'float64');
  const y = make([1.00001, 'nan', 'inf', 'inf', 1e-9, 101], 'float64');
  assert.equal(values(ops.isclose(x, y)), [1, 0, 1, 0, 1, 0]);
  assert.equal(values(ops.isclose(x, y, { equalNan: true })), [1, 1, 1, 0, 1, 0]);
  assert.equal(values(ops.isclose(x, y, { rtol: 0.01 })), [1, 0, 1, 0, 1, 1]);
  assert.equal(values(ops.isclose(x, y, 0, 1)), [1, 0, 1, 0, 1, 1]);
  assert.not.ok(ops.allclose(x, y));
  const [m, n] = [0n, 1n].map((k) => tensor([2n ** 60n + k, 2n ** 60n + 1n, 5n + k], { dtype: 'int64' }));
  assert.equal(values(ops.isclose(m, n)), [1, 1, 0]);
  assert.equal(values(ops.isclose(m, n, 0, 0)), [0, 1, 0]);
  assert.equal(values(ops.isclose(m, n, 0, 1)), [1, 1, 1]);
  assert.ok(ops.allclose(make([1, 2], 'float32', [2, 1]), make([1, 1.000001, 2, 2], 'float32', [2, 2])), 'broadcasts');
  assert.ok(ops.allclose(make(['nan'], 'float32'), make(['nan'], 'float32'), { equalNan: true }));
  assert.ok(ops.allclose(zeros([0]), zeros([0])));
  assert.ok(ops.equal(make([1, 2], 'int32'), make([1, 2], 'int32')));
  assert.not.ok(ops.equal(make([1, 2], 'float32'), make([1, 2], 'float32', [2, 1])));
  assert.not.ok(ops.equal(make(['nan'], 'float32'), make(['nan'], 'float32')));
  refuses(() => ops.isclose(x, y.to('float32')), 'DTypeError', /float64 did not match float32/, 'isclose');
  refuses(() => ops.allclose(x, y, { rtol: -1 }), 'ValueError', /^allclose: rtol must be at least 0/, 'allclose');
});

// --------------------------------------------------------------------------------------------------------------- refusals

test('refusals name op, rule and values', () => {
  const x = zeros([2, 3]);
  const bad = (value: unknown): never => value as never;
  refuses(() => ops.sum(x, 2), 'IndexError', /^sum: dimension out of range.*\[-2, 1\].*2/, 'sum');
  refuses(() => ops.sum(x, [0, -2]), 'ShapeError', /^sum: dim 0 appears multiple times/, 'sum');
  refuses(() => ops.sum(x, 0, bad(1)), 'ValueError', /keepdim must be a boolean, but got 1; give several dims/, 'sum');
  refuses(() => ops.sum(x, bad('0')), 'ValueError', /dim must be a number, a list of numbers or null/, 'sum');
  refuses(() => ops.sum(x, { dim: 0, dtype: bad('half') }), 'DTypeError', /unknown dtype "half"/, 'sum');
  refuses(
    () => ops.sum(x, bad({ axis: 0 })),
    'ValueError',
    /unknown option 'axis'; known options are dim, keepdim/,
    'sum',
  );
  refuses(() => ops.mean(x.to('int32')), 'DTypeError', /could not infer output dtype.*int32/, 'mean');
  refuses(() => ops.amax(zeros([0])), 'IndexError', /expected reduction dim.*does not have an identity/, 'amax');
  refuses(() => ops.max(zeros([2, 0]), 1), 'IndexError', /reduction dim 1 to have non-zero size/, 'max');
  refuses(() => ops.norm(zeros([0]), Infinity), 'IndexError', /does not have an identity/, 'norm');
  refuses(() => ops.norm(x, bad('nuc')), 'NotImplementedError', /nuclear norm/, 'norm');
  refuses(() => ops.norm(x, bad('two')), 'ValueError', /p must be a number or 'fro', but got "two"/, 'norm');
  refuses(() => ops.variance(x, 0, true, bad({ correction: 1 })), 'ValueError', /got both/, 'variance');
  refuses(() => ops.topk(x, 4), 'IndexError', /selected index k out of range.*\[0, 3\].*4/, 'topk');
  refuses(() => ops.topk(x, 1.5), 'IndexError', /1\.5/, 'topk');
  refuses(
    () => ops.softmax(x, bad(undefined)),
    'ValueError',
    /^softmax: dim must be a number, but got nothing/,
    'softmax',
  );
  refuses(() => ops.softmax(x.to('int64'), 0), 'DTypeError', /only defined for floating dtypes/, 'softmax');
  refuses(() => ops.prod(x, bad([0, 1])), 'ValueError', /dim must be a number, but got \[0, 1\]/, 'prod');
});

test.run();
