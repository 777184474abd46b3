/**
 * Functions that are composed of other ops, against PyTorch's (`tools/fixtures/composites.py`), in several layouts; then 16-bit floats,
 * and what PyTorch has no say in.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { FixtureTensor, Tolerance } from '../fixtures/check.ts';
import { agrees, decode, refuses, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/composites.json' with { type: 'json' };
import type { OpCase } from '../fixtures/given.ts';
import { given } from '../fixtures/given.ts';
import * as core from '../index.ts';
import { isTensor } from '../index.ts';
import type { Tensor } from '../tensor.ts';

const { randn, tensor } = core;

const fixtures = data as unknown as {
  readonly cases: readonly OpCase[];
  readonly errors: readonly (readonly [name: string, args: readonly unknown[], kind: string])[];
};

type AnyFunction = (...args: readonly unknown[]) => unknown;
const find = (name: string): AnyFunction => (core as unknown as Readonly<Record<string, AnyFunction>>)[name];

/** NaN and infinities are strings in a fixture, those in options too, and a dtype without data is an option. */
function argumentOf(x: unknown): unknown {
  if (x === 'inf' || x === '-inf' || x === 'nan') return decode(x);
  if (typeof x !== 'object' || x === null || Array.isArray(x) || 'data' in x) return given(x);
  return Object.fromEntries(Object.entries(x).map(([key, entry]) => [key, argumentOf(entry)]));
}
const argumentsOf = (args: readonly unknown[]): unknown[] => args.map(argumentOf);

/** Numbers in fixtures have 13 digits; float32 results of PyTorch are off by a few ulp, of windows that cancel by more. */
function toleranceOf(name: string, x: Tensor): Tolerance {
  if (x.dtype === 'float64') return { relative: 1e-11, absolute: 1e-12 };
  if (name.endsWith('Window')) return { relative: 1e-6, absolute: 1e-7 };
  // Between neighbours of different signs, and beside the vectors.
  if (/quantile|cdist/.test(name.toLowerCase())) return { relative: 2e-6, absolute: 1e-6 };
  return { relative: 2e-6, absolute: 1e-30 };
}

function compare(name: string, args: readonly unknown[], expected: OpCase[2], label: string): void {
  const result = find(name)(...args);
  const results = (Array.isArray(result) ? result : [result]) as Tensor[];
  const wanted = expected as readonly FixtureTensor[];
  assert.is(results.length, wanted.length, `${label}: number of results`);
  results.forEach((x, i) => {
    // Zeros of either sign are the same here, but where signs are what it is about.
    const signed = name === 'copysign';
    const plain = signed ? wanted[i] : { ...wanted[i], data: wanted[i].data.map((v) => (v === 0 ? 0 : v)) };
    agrees(signed || x.dtype === 'bool' ? x : x.add(0), plain, `${label}, result ${i}`, toleranceOf(name, x));
  });
}

/** The same, with gaps in memory, tensors in lists included. */
const inGaps = (x: unknown): unknown => (isTensor(x) ? scattered(x) : x);

for (const name of [...new Set(fixtures.cases.map(([own]) => own))]) {
  test(`${name} gives PyTorch's values`, () => {
    for (const [own, args, expected] of fixtures.cases) {
      if (own !== name) continue;
      const label = `${name}(${JSON.stringify(args).slice(1, -1)})`;
      compare(name, argumentsOf(args), expected, label);
      compare(name, argumentsOf(args).map(inGaps), expected, `${label}, with gaps`);
    }
  });
}

test('what PyTorch refuses is refused', () => {
  for (const [name, args, kind] of fixtures.errors) {
    const label = `${name}(${JSON.stringify(args).slice(1, -1)})`;
    refuses(() => find(name)(...argumentsOf(args)), kind, /^\w+: /, label);
  }
});

// -------------------------------------------------------------------------------------------------------------- beyond fixtures

const near = (x: Tensor, want: ArrayLike<number>, error: number, label: string): void =>
  values(x).forEach((value, i) => {
    if (!(Math.abs(value - want[i]) <= error * Math.max(1, Math.abs(want[i]))))
      assert.unreachable(`${label}: ${value} at ${i}, expected ${want[i]}`);
  });

// Sizes around those from which kernels of their own do the work.
for (const n of [63, 64, 65, 4097]) {
  test(`of ${n} elements, every order and running sum is that of a loop`, () => {
    const x = randn([2, n], { dtype: 'float64' });
    const rows = [0, 1].map((i) => values(x.select(0, i)));
    const sorted = rows.map((row) => [...row].sort((a, b) => a - b));
    const at = Math.floor(0.3 * (n - 1));
    near(
      core.quantile(x, 0.3, 1, { interpolation: 'lower' }),
      sorted.map((row) => row[at]),
      0,
      'quantile',
    );
    const most: number[] = [];
    const sums: number[] = [];
    for (const row of rows) {
      let [largest, sum] = [-Infinity, 0];
      for (const value of row) {
        largest = Math.max(largest, value);
        sum += Math.exp(value);
        most.push(largest);
        sums.push(Math.log(sum));
      }
    }
    const { values: maxima, indices } = core.cummax(x, 1);
    near(maxima, most, 0, 'cummax');
    near(core.gather(x, 1, indices), most, 0, 'indices of cummax');
    near(core.logcumsumexp(x, 1), sums, 1e-13, 'logcumsumexp');
    const found = core.searchsorted(tensor(sorted, { dtype: 'float64' }), x);
    near(
      found,
      rows.flatMap((row, i) => row.map((value) => sorted[i].indexOf(value))),
      0,
      'searchsorted',
    );
  });
}

test('distances by a product of matrices are those of differences', () => {
  const [x, y] = [randn([2, 40, 7], { dtype: 'float64' }), randn([30, 7], { dtype: 'float64' })];
  const direct = values(core.cdist(x, y, { computeMode: 'donot_use_mm_for_euclid_dist' }));
  near(core.cdist(x, y), direct, 1e-13, 'by default');
  assert.ok(direct.every((d) => d > 0));
});

test('logaddexp and hypot neither overflow nor lose small operands', () => {
  const near32 = (x: Tensor, want: number): void => near(x, [want], 3e-7, 'float32');
  near32(core.logaddexp(tensor([1e-3]), tensor([-1e6])), 1e-3);
  near32(core.logaddexp(tensor([1000]), tensor([1000])), 1000 + Math.LN2);
  near32(core.hypot(tensor([3e38]), tensor([1e38])), Math.hypot(3e38, 1e38));
  near32(core.hypot(tensor([3e-38]), tensor([4e-38])).mul(1e38), 5);
});

test('int64 is searched and compared exactly', () => {
  const edges = tensor([2n ** 53n, 2n ** 53n + 1n]);
  assert.equal(values(core.searchsorted(edges, tensor([2n ** 53n + 1n, 2n ** 53n + 2n]))), [1, 2]);
  assert.equal(values(core.isin(edges, tensor([2n ** 53n + 1n]))), [0, 1]);
});

test('16-bit floats are taken, computed in float32, and rounded once', () => {
  const x = tensor([1.5, NaN, 2, 0.25], { dtype: 'float16' });
  const y = tensor([2, 1, NaN, 0.25], { dtype: 'float16' });
  const of = (result: Tensor): unknown[] => [result.dtype, ...values(result)];
  assert.equal(of(core.nansum(x)), ['float16', 3.75]);
  assert.equal(of(core.nanmean(x)), ['float16', 1.25]);
  assert.equal(of(core.fmax(x, y)), ['float16', 2, 1, 2, 0.25]);
  assert.equal(of(core.copysign(x, -1)).slice(3), [-2, -0.25]);
  assert.equal(of(core.kron(y.slice(0, 0, 2), y.slice(0, 0, 1))), ['float16', 4, 2]);
  assert.equal(of(core.cummin(y, 0).values), ['float16', 2, 1, NaN, NaN]);
  assert.equal(of(core.bucketize(x, y.slice(0, 1, 2))), ['int32', 1, 1, 1, 0]);
  assert.equal(of(core.isin(x, 2)), ['bool', 0, 0, 1, 0]);
  assert.equal(of(core.mode(y.slice(0, 0, 2), 0).values), ['float16', 1]);
  assert.equal(of(core.cdist(y.slice(0, 0, 2).view(2, 1), y.slice(0, 1, 2).view(1, 1))), ['float16', 1, 0]);
  assert.equal(of(core.bartlettWindow(4, { dtype: 'bfloat16' })), ['bfloat16', 0, 0.5, 1, 0.5]);
});

test('results are named, and nothing of what is made on the way is kept', () => {
  const { min, max } = core.aminmax(tensor([3, 1]));
  assert.equal([min.item(), max.item()], [1, 3]);
  const { values: found, indices } = core.mode(tensor([3, 1, 3]));
  assert.equal([found.item(), indices.item()], [3, 2]);
  const x = randn([300, 300]);
  const before = core.memory().usedBytes;
  const results = [core.quantile(x, 0.5, 1), core.hypot(x, x), core.logcumsumexp(x, 0)];
  const kept = core.memory().usedBytes - before;
  // Two results of 360,000 bytes and one of 1,200, and what blocks of whole pages are longer.
  assert.ok(kept >= 721_200 && kept < 760_000, `${kept} bytes`);
  assert.is(results.length, 3);
});

test('methods are the functions', () => {
  const x = tensor([
    [1, NaN],
    [Infinity, -Infinity],
  ]);
  assert.equal(values(x.nansum(1)), values(core.nansum(x, 1)));
  assert.equal(values(x.nanmean({ dim: 0, keepdim: true })), values(core.nanmean(x, 0)));
  assert.equal([...values(x.isposinf()), ...values(x.isneginf())], [0, 0, 1, 0, 0, 0, 0, 1]);
});

test('errors say what was asked for', () => {
  const vector = tensor([1, 2]);
  refuses(() => core.quantile(vector, 2), 'ValueError', /q in the range \[0, 1\], but got \[a float32/, 'q');
  refuses(() => core.nansum(vector, 3), 'IndexError', /^nansum: /, 'nansum');
  refuses(() => core.hsplit(tensor([1, 2, 3]), 2), 'ValueError', /fits the size 3, but got 2/, 'hsplit');
  refuses(
    () => core.cdist(vector, vector),
    'ShapeError',
    /vectors of the same length, but got \[a float32 tensor of shape \[2\]/,
    'cdist',
  );
  refuses(() => core.kaiserWindow(4, { alpha: 1 } as never), 'ValueError', /unknown option 'alpha'; .*beta/, 'option');
  refuses(() => core.fmax([1] as never, 2), 'DTypeError', /^fmax: self must be a tensor/, 'fmax');
});

test('dtypes are those that PyTorch promotes to, or refuses', () => {
  const bytes = tensor([4, 5], { dtype: 'uint8' });
  const flags = tensor([true, false]);
  assert.is(core.blockDiag(tensor(3, { dtype: 'int32' }), bytes).dtype, 'uint8', 'a 0-d block decides nothing');
  assert.is(core.blockDiag(tensor(0.5), bytes).dtype, 'float32', 'but its category');
  assert.equal(values(core.hypot(tensor([0, 3]), flags)), [1, 3]);
  assert.equal(values(core.logaddexp(tensor([-Infinity, 2]), tensor([1, -900], { dtype: 'int32' }))), [1, 2]);
  refuses(() => core.nanmean(tensor([1]), { dtype: 'int32' }), 'DTypeError', /^nanmean: .* got int32/, 'nanmean');
  assert.equal(core.inner(core.zeros(0, 4), core.zeros(3, 4)).shape, [0, 3]);
  const v = tensor([1, 2, 3]);
  refuses(() => core.trace(flags.expand(2, 2)), 'DTypeError', /^trace: is not defined for bool/, 'trace');
  refuses(() => core.linalg.cross(v, v.double()), 'DTypeError', /^linalg\.cross: .* float32 and float64/, 'cross');
  refuses(
    () => core.linalg.cross(v.bool(), v.bool()),
    'DTypeError',
    /^linalg\.cross: is not defined for bool/,
    'cross',
  );
});

test.run();
