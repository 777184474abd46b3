/**
 * Elementwise ops against PyTorch's numbers (`tools/fixtures/elementwise.py`), then what fixtures do not hold: layouts,
 * promotion, in-place forms and refusals.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { DType } from '../dtype.ts';
import { COMPUTE_DTYPES, isFloating, resultType } from '../dtype.ts';
import type { FixtureNumber, FixtureTensor, Tolerance } from '../fixtures/check.ts';
import { agrees, decode, fixture, make, refuses, repeated, scattered, values } from '../fixtures/check.ts';
import data from '../fixtures/elementwise.json' with { type: 'json' };
import type { Tensor } from '../tensor.ts';
import { tensor, zeros } from './create.ts';
import * as ops from './elementwise.ts';
import type { Operand } from './list.ts';
import { asStrided, expand, narrow, transpose } from './view.ts';

/** What PyTorch gave: a tensor, or a refusal. */
type Outcome = FixtureTensor | { readonly error: string };

interface ParametricCase {
  readonly op: string;
  readonly args: readonly unknown[];
  readonly [dtype: string]: unknown;
}

interface Fixtures {
  readonly grid: readonly FixtureNumber[];
  readonly ints: Readonly<Record<string, readonly number[]>>;
  readonly unary: Readonly<Record<string, Readonly<Record<string, Outcome>>>>;
  readonly parametric: readonly ParametricCase[];
  readonly pairGrid: readonly FixtureNumber[];
  readonly pairInts: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
  readonly binary: Readonly<Record<string, Readonly<Record<string, Outcome>>>>;
  readonly promotion: Readonly<Record<string, DType>>;
  readonly ternary: {
    readonly cases: readonly { readonly op: string; readonly args: readonly unknown[]; readonly out: FixtureTensor }[];
  };
  readonly casts: Readonly<Record<string, { readonly in: FixtureNumber[]; readonly out: FixtureNumber[] }>>;
}

const fixtures = data as unknown as Fixtures;

/** An op by name: a function of tensors, numbers and options. */
type AnyOp = (...args: readonly unknown[]) => Tensor;

const named = ops as unknown as Readonly<Record<string, AnyOp>>;
const op = (name: string): AnyOp => {
  if (name === 'divTrunc' || name === 'divFloor') {
    const roundingMode = name === 'divTrunc' ? 'trunc' : 'floor';
    return (a, b) => ops.div(a as Operand, b as Operand, { roundingMode });
  }
  assert.type(named[name], 'function', name);
  return named[name];
};

/**
 * PyTorch computes float32 in float32, with errors of a few ulp and denormals flushed here and there; Torsor computes in
 * double and rounds once. In float64 both have errors of about an ulp.
 */
const FLOAT32: Tolerance = { relative: 3e-6, absolute: 1e-37 };
const FLOAT64: Tolerance = { relative: 1e-14 };

/** float32 gelu cancels in PyTorch, `1 + erf(x)` being near 0 for negative x: the error is absolute. */
function toleranceOf(name: string, dtype: DType): Tolerance {
  if (dtype === 'float64') return FLOAT64;
  if (dtype !== 'float32') return {};
  return name === 'gelu' ? { ...FLOAT32, absolute: 2e-7 } : FLOAT32;
}

/** Zeros whose sign PyTorch's own vector and scalar loops do not agree on. */
const UNSIGNED = new Set(['gelu', 'logSigmoid']);

/** What is expected of Torsor, where a plain integer beside bool makes int32, PyTorch's int64. */
function expected(want: FixtureTensor, input: DType): FixtureTensor {
  return input === 'bool' && want.dtype === 'int64' ? { ...want, dtype: 'int32' } : want;
}

function check(name: string, label: string, input: DType, want: Outcome, run: () => Tensor): void {
  if ('error' in want) {
    const rule = want.error === 'ZeroDivisionError' || want.error.startsWith('Integers to negative');
    refuses(run, rule ? 'ValueError' : 'DTypeError', /./, label);
    return;
  }
  let result = run();
  let target = expected(want, input);
  if (UNSIGNED.has(name) && isFloating(target.dtype)) {
    const positive = (x: FixtureNumber): FixtureNumber => (x === 0 ? 0 : x);
    target = { ...target, data: target.data.map(positive) };
    result = make(
      values(result).map((x) => (x === 0 ? 0 : x)),
      result.dtype,
      result.shape,
    );
  }
  agrees(result, target, label, toleranceOf(name, target.dtype));
}

// ------------------------------------------------------------------------------------------------------ against PyTorch

for (const [name, byDType] of Object.entries(fixtures.unary)) {
  test(`${name} gives PyTorch's values at kinks, NaN, infinities and ±0, and its dtypes and refusals`, () => {
    for (const [dtype, want] of Object.entries(byDType) as [DType, Outcome][]) {
      const input = make(isFloating(dtype) ? fixtures.grid : fixtures.ints[dtype], dtype);
      check(name, `${name} of ${dtype}`, dtype, want, () => op(name)(input));
    }
  });
}

/** JSON has no NaN: strings in argument lists are numbers. */
const argument = (arg: unknown): unknown => (arg === 'nan' || arg === 'inf' ? decode(arg) : arg);

for (const entry of fixtures.parametric) {
  test(`${entry.op}(${entry.args.map((arg) => JSON.stringify(arg)).join(', ')}) gives PyTorch's values`, () => {
    for (const dtype of ['float32', 'bool', 'uint8', 'int32', 'int64'] as const) {
      const input = make(dtype === 'float32' ? fixtures.grid.slice(0, 32) : fixtures.ints[dtype], dtype);
      const label = `${entry.op} of ${dtype}`;
      const run = (): Tensor => op(entry.op)(input, ...entry.args.map(argument));
      check(entry.op, label, dtype, entry[dtype] as Outcome, run);
    }
  });
}

/** Every pair of two lists, as two flat tensors. */
function pairs(dtype: DType): [Tensor, Tensor] {
  const [a, b] = dtype === 'float32' ? [fixtures.pairGrid, fixtures.pairGrid] : fixtures.pairInts[dtype];
  const first = a.flatMap((x) => b.map(() => x));
  const second = a.flatMap(() => [...b]);
  return [make(first, dtype), make(second, dtype)];
}

for (const [name, byDType] of Object.entries(fixtures.binary)) {
  test(`${name} of two tensors gives PyTorch's values for all pairs of special ones`, () => {
    for (const [dtype, want] of Object.entries(byDType) as [DType, Outcome][]) {
      const [a, b] = pairs(dtype);
      // The fixture's integer exponents are made positive.
      const exponent = name === 'pow' && dtype !== 'float32' && dtype !== 'bool' ? ops.abs(b) : b;
      check(name, `${name} of ${dtype}`, dtype, want, () => op(name)(a, exponent));
    }
  });
}

test('clamp_ takes tensors for bounds', () => {
  const x = tensor([-1, 0.5, 3]);
  assert.equal(values(x.clone().clamp_(tensor([0, 1, 2]), tensor([1, 1, 2]))), [0, 1, 2]);
  assert.equal(values(x.clone().clamp_({ max: tensor([0, 1, 2]) })), [-1, 0.5, 2]);
});

test('where of a condition alone lists where it holds, or is not 0', () => {
  const x = tensor([
    [0, 3],
    [5, 0],
  ]);
  const places = ops.where(ops.gt(x, 2));
  assert.equal(places.map(values), [
    [0, 1],
    [1, 0],
  ]);
  assert.equal(values(x.at(...places)), [3, 5]);
  assert.equal(ops.where(x).map(values), places.map(values));
  refuses(() => ops.where(x.gt(2), x, undefined as never), 'DTypeError', /other must be a tensor or a number/, 'other');
});

test('where, lerp, addcmul, addcdiv and maskedFill give PyTorch’s values and broadcast as it does', () => {
  const tensors = fixtures.ternary as unknown as Readonly<Record<string, FixtureTensor>>;
  for (const { op: name, args, out } of fixtures.ternary.cases) {
    const given = args.map((arg) =>
      typeof arg === 'string' && Object.hasOwn(tensors, arg) ? fixture(tensors[arg]) : argument(arg),
    );
    agrees(op(name)(...given), out, `${name}(${args.join(', ')})`, { relative: 1e-6, absolute: 1e-6 });
  }
});

test('casts between all dtypes give PyTorch’s values', () => {
  for (const [key, { in: from, out }] of Object.entries(fixtures.casts)) {
    const [a, b] = key.split(' ') as [DType, DType];
    agrees(make(from, a).to(b), { dtype: b, data: out }, `${a} to ${b}`);
  }
});

// ----------------------------------------------------------------------------------------------------------- promotion

test('resultType gives PyTorch’s dtype for all pairs of dtypes, with dimensions and without', () => {
  let compared = 0;
  for (const [key, want] of Object.entries(fixtures.promotion)) {
    const [a, da, b, db] = key.split(' ');
    if (db === undefined) continue;
    const one = { dtype: a as DType, ndim: Number(da) };
    const two = { dtype: b as DType, ndim: Number(db) };
    assert.is(resultType(one, two), want, key);
    compared++;
  }
  assert.is(compared, 144);
});

test('resultType gives PyTorch’s dtype beside plain numbers, int32 standing for a plain int’s int64', () => {
  const plain = { int: 2, float: 1.5, bool: true };
  for (const [key, want] of Object.entries(fixtures.promotion)) {
    const [a, d, kind, rest] = key.split(' ');
    if (rest !== undefined) continue;
    const result = resultType({ dtype: a as DType, ndim: Number(d) }, plain[kind as keyof typeof plain]);
    assert.is(result, a === 'bool' && want === 'int64' ? 'int32' : want, key);
  }
});

test('add, mul and maximum of all pairs of dtypes have the promoted dtype and the right values', () => {
  for (const a of COMPUTE_DTYPES) {
    for (const b of COMPUTE_DTYPES) {
      const x = make([0, 1, 1], a);
      const y = make([1, 1, 0], b);
      const dtype = resultType({ dtype: a, ndim: 1 }, { dtype: b, ndim: 1 });
      agrees(ops.add(x, y), { dtype, data: dtype === 'bool' ? [1, 1, 1] : [1, 2, 1] }, `add ${a} ${b}`);
      agrees(ops.mul(x, y), { dtype, data: [0, 1, 0] }, `mul ${a} ${b}`);
      agrees(ops.maximum(x, y), { dtype, data: [1, 1, 1] }, `maximum ${a} ${b}`);
      agrees(ops.eq(x, y), { dtype: 'bool', data: [0, 1, 0] }, `eq ${a} ${b}`);
      agrees(ops.div(y, ops.add(x, 1)), { dtype: isFloating(dtype) ? dtype : 'float32', data: [1, 0.5, 0] }, 'div');
    }
  }
});

test('operands are cast to the dtype that is computed in before they meet', () => {
  const single = make([0.1], 'float32');
  assert.ok(ops.eq(single, 0.1).item(), 'a plain number');
  assert.ok(ops.eq(single, make([0.1], 'float64', [])).item(), 'a 0-d float64');
  assert.not.ok(ops.eq(single, make([0.1], 'float64')).item(), 'a float64 of one dimension');
  assert.ok(ops.eq(make([2 ** 24 + 1], 'int32'), make([2 ** 24], 'float32')).item(), 'an int32 beside float32');
});

test('booleans as operands promote as bool', () => {
  const mask = make([0, 1], 'bool');
  agrees(ops.add(mask, true as unknown as Operand), { dtype: 'bool', data: [1, 1] }, 'add');
  agrees(ops.eq(mask, true as unknown as Operand), { dtype: 'bool', data: [0, 1] }, 'eq');
  agrees(ops.maskedFill(mask, mask, false as unknown as Operand), { dtype: 'bool', data: [0, 0] }, 'maskedFill');
});

// -------------------------------------------------------------------------------------------------------------- layouts

test('every unary op is blind to layout', () => {
  const x = make([-1.5, -0.5, 0, 0.25, 0.75, 2], 'float32', [2, 3]);
  for (const name of Object.keys(fixtures.unary)) {
    if (name === 'bitwiseNot') continue;
    const want = op(name)(x);
    const flat = { dtype: want.dtype, shape: [2, 3], data: encode(want) };
    agrees(op(name)(scattered(x)), flat, `${name}, scattered`);
    agrees(transpose(op(name)(transpose(x, 0, 1)), 0, 1), flat, `${name}, transposed`);
    const one = { dtype: want.dtype, shape: [], data: encode(op(name)(make([0.75], 'float32'))) };
    agrees(op(name)(make([0.75], 'float32', [])), one, `${name}, 0-d`);
    agrees(op(name)(zeros([2, 0])), { dtype: want.dtype, shape: [2, 0], data: [] }, `${name}, empty`);
    agrees(op(name)(repeated(0.75, 'float32', [2, 2])), { ...one, shape: [2, 2], data: repeat(one.data[0], 4) }, name);
  }
});

const encode = (x: Tensor): FixtureNumber[] =>
  values(x).map((v) => (Number.isNaN(v) ? 'nan' : v === Infinity ? 'inf' : v === -Infinity ? '-inf' : v));
const repeat = <T>(value: T, n: number): T[] => new Array<T>(n).fill(value);

test('every binary op broadcasts, and is blind to layout', () => {
  for (const dtype of ['float32', 'float64', 'int32', 'int64'] as const) {
    const matrix = make([1, 2, 3, 4, 5, 6], dtype, [2, 3]);
    const row = make([3, 1, 2], dtype);
    const column = make([2, 3], dtype, [2, 1]);
    for (const name of Object.keys(fixtures.binary)) {
      if (name.startsWith('bitwise') && isFloating(dtype)) continue;
      const fn = op(name);
      const fullRow = make([3, 1, 2, 3, 1, 2], dtype, [2, 3]);
      const want = fn(matrix, fullRow);
      const flat = { dtype: want.dtype, shape: [2, 3], data: encode(want) };
      const label = `${name} of ${dtype}`;
      agrees(fn(matrix, row), flat, `${label}, row`);
      agrees(fn(scattered(matrix), row), flat, `${label}, scattered`);
      agrees(fn(matrix, scattered(fullRow)), flat, `${label}, scattered second`);
      agrees(fn(matrix, expand(row, [2, 3])), flat, `${label}, expanded`);
      agrees(transpose(fn(transpose(matrix, 0, 1), transpose(fullRow, 0, 1)), 0, 1), flat, `${label}, transposed`);
      const outer = fn(make([2, 2, 2, 3, 3, 3], dtype, [2, 3]), fullRow);
      agrees(fn(column, row), { ...flat, data: encode(outer) }, `${label}, both stretch`);
      const two = make([2, 2, 2, 2, 2, 2], dtype, [2, 3]);
      agrees(fn(matrix, 2), { ...flat, data: encode(fn(matrix, two)) }, `${label}, number`);
      agrees(fn(2, matrix), { ...flat, data: encode(fn(two, matrix)) }, `${label}, number first`);
      agrees(fn(matrix, make([2], dtype, [])), { ...flat, data: encode(fn(matrix, two)) }, `${label}, 0-d`);
      const scalar = fn(make([3], dtype, []), make([2], dtype, []));
      assert.equal([...scalar.shape], [], `${label}, two 0-d`);
      const empty = fn(make([], dtype, [0, 3]), row);
      assert.equal([...empty.shape], [0, 3], `${label}, empty`);
      refuses(
        () => fn(matrix, make([1, 2], dtype)),
        'ShapeError',
        /size of tensor a \(3\).*size of tensor b \(2\)/,
        label,
      );
    }
  }
});

test('results are contiguous and leave their operands alone', () => {
  const x = transpose(make([1, 2, 3, 4, 5, 6], 'float32', [2, 3]), 0, 1);
  assert.ok(ops.exp(x).isContiguous());
  assert.ok(ops.add(x, x).isContiguous());
  assert.ok(ops.where(ops.gt(x, 2), x, 0).isContiguous());
  assert.equal(values(x), [1, 4, 2, 5, 3, 6]);
});

// ------------------------------------------------------------------------------------------------------- in-place forms

/** Functions that carry their in-place form. */
type WithInPlace = AnyOp & { readonly inPlace: (self: Tensor, other?: Operand) => Tensor };
const inPlaceOps = Object.entries(ops).filter(([, f]) => typeof f === 'function' && 'inPlace' in f) as unknown as [
  string,
  WithInPlace,
][];

test('in-place forms write what the plain form returns, through any layout', () => {
  assert.ok(inPlaceOps.length > 50, `only ${inPlaceOps.length} ops have in-place forms`);
  const start = [-1.5, -0.5, 0, 0.25, 0.75, 2];
  for (const [name, fn] of inPlaceOps) {
    const isBinary = Object.hasOwn(fixtures.binary, name);
    const other = isBinary ? make([1, 2, -1], 'float32') : undefined;
    const rest = other === undefined ? [] : [other];
    const want = encode(fn(make(start, 'float32', [2, 3]), ...rest).to('float32'));
    for (const self of [make(start, 'float32', [2, 3]), scattered(make(start, 'float32', [2, 3]))]) {
      const before = self.version;
      assert.is(fn.inPlace(self, other), self, `${name}_ returns its operand`);
      agrees(self, { dtype: 'float32', shape: [2, 3], data: want }, `${name}_`);
      assert.is(self.version, before + 1, `${name}_ counts as one write`);
    }
  }
});

test('in-place forms refuse results of a higher category, other shapes, and memory that is written twice', () => {
  const whole = make([1, 2], 'int32');
  for (const [name, fn] of inPlaceOps) {
    if (Object.hasOwn(fixtures.binary, name)) continue;
    const floats = fixtures.unary[name]?.int32;
    if (floats === undefined || 'error' in floats || floats.dtype !== 'float32') continue;
    refuses(() => fn.inPlace(whole), 'DTypeError', /float32 can't be cast to the desired output type int32/, name);
  }
  const float = make([1], 'float32');
  const three = make([1, 2, 3], 'float32');
  const shared = expand(make([1], 'float32'), [3]);
  refuses(() => ops.mul.inPlace(whole, 0.5), 'DTypeError', /can't be cast/, 'mul_');
  refuses(() => ops.add_(whole, 0.5), 'DTypeError', /can't be cast/, 'add_');
  refuses(() => ops.div_(whole, 2), 'DTypeError', /can't be cast/, 'div_');
  refuses(() => ops.pow_(whole, 0.5), 'DTypeError', /can't be cast/, 'pow_');
  refuses(() => ops.clamp_(whole, 0.5), 'DTypeError', /can't be cast/, 'clamp_');
  refuses(() => ops.add_(make([1], 'bool'), 1), 'DTypeError', /int32 can't be cast to .* bool/, 'add_ of bool');
  refuses(() => ops.add_(float, three), 'ShapeError', /output with shape \[1\] doesn't match.*\[3\]/, 'add_');
  refuses(() => ops.mul.inPlace(float, three), 'ShapeError', /output with shape/, 'mul_');
  refuses(() => ops.addcmul_(float, three, three), 'ShapeError', /output with shape/, 'addcmul_');
  refuses(() => ops.copy_(float, three), 'ShapeError', /output with shape/, 'copy_');
  for (const write of [
    () => ops.add_(shared, 1),
    () => ops.exp.inPlace(shared),
    () => ops.mul.inPlace(shared, 2),
    () => ops.clamp_(shared, 0),
    () => ops.addcmul_(shared, three, three),
    () => ops.copy_(shared, three),
  ]) {
    refuses(write, 'ValueError', /more than one element .* single memory location/, 'expanded');
  }
  assert.equal(ops.add_(expand(zeros(0, 1), [0, 3]), 1).shape, [0, 3], 'of no elements none share memory');
  assert.equal([...values(whole), ...values(float), ...values(shared)], [1, 2, 1, 1, 1, 1], 'nothing was written');
});

test('ops of three operands in place read what they write over, under whatever layout', () => {
  for (const size of [5, 700]) {
    const data = Array.from({ length: size + 1 }, (_, i) => (i % 17) - 8);
    const fresh = (): Tensor => make(data, 'float32');
    const part = (x: Tensor, from: number): Tensor => narrow(x, 0, from, size);
    for (const [op, fn] of [
      ['addcmul', (a, b, c) => a + 0.5 * b * c],
      ['addcdiv', (a, b, c) => a + (0.5 * b) / c],
    ] as const satisfies readonly (readonly [string, (a: number, b: number, c: number) => number])[]) {
      const x = fresh();
      ops[`${op}_`](part(x, 1), part(x, 0), part(x, 1), { value: 0.5 });
      const want = data.map((a, i) => (i === 0 ? a : Math.fround(fn(a, data[i - 1], a))));
      assert.equal(values(x), want, `${op}_ of ${size}`);
      const whole = make(data.map(Math.abs), 'float32');
      ops[`${op}_`](whole, make(data, 'float64'), make([2], 'float64'), { value: 0.5 });
      const wide = data.map((b) => Math.fround(fn(Math.abs(b), b, 2)));
      assert.equal(values(whole), wide, `${op}_ with float64`);
    }
    const x = fresh();
    ops.lerp_(part(x, 1), part(x, 0), 0.25);
    assert.equal(
      values(x),
      data.map((a, i) => (i === 0 ? a : Math.fround(a + 0.25 * (data[i - 1] - a)))),
      `lerp_ of ${size}`,
    );
  }
});

test('a float32 tensor takes a float64 result in place, and an integer one an integer quotient', () => {
  agrees(ops.mul.inPlace(make([3], 'float32'), make([0.1], 'float64')), { dtype: 'float32', data: [0.3] }, 'mul_', {
    relative: 1e-7,
  });
  agrees(ops.div_(make([7], 'int32'), 2, { roundingMode: 'floor' }), { dtype: 'int32', data: [3] }, 'div_');
});

test('an op in place reads an overlapping operand before it writes', () => {
  const base = make([1, 2, 3, 4], 'float32');
  ops.add_(asStrided(base, [3], [1], 1), asStrided(base, [3], [1], 0));
  assert.equal(values(base), [1, 3, 5, 7]);
  const square = make([1, 2, 3, 4], 'float32', [2, 2]);
  ops.add_(square, transpose(square, 0, 1));
  assert.equal(values(square), [2, 5, 5, 8]);
  const reversed = make([1, 2, 3, 4], 'float32', [2, 2]);
  ops.copy_(reversed, transpose(reversed, 0, 1));
  assert.equal(values(reversed), [1, 3, 2, 4]);
});

test('fill_ and zero_ write any value into any layout, and may write an expanded tensor', () => {
  const base = zeros([4]);
  ops.fill_(asStrided(base, [2], [2], 0), 7);
  assert.equal(values(base), [7, 0, 7, 0]);
  assert.equal(values(ops.fill_(make([0, 1], 'bool'), 2.5)), [1, 1]);
  assert.equal(values(ops.fill_(make([1], 'int64'), -3)), [-3]);
  assert.equal(values(ops.fill_(expand(make([1], 'float32'), [2]), 5)), [5, 5]);
  assert.equal(values(ops.zero_(make([1, 2], 'float64'))), [0, 0]);
  assert.equal(values(ops.fill_(zeros([2]), make([3], 'int32', []))), [3, 3]);
  refuses(() => ops.fill_(zeros([2]), make([3], 'float32')), 'ShapeError', /0 dimensions/, 'fill_');
});

test('maskedFill casts its value to the tensor’s dtype, as PyTorch does', () => {
  const mask = make([1, 0], 'bool');
  agrees(ops.maskedFill(make([1, 1], 'int32'), mask, 2.5), { dtype: 'int32', data: [2, 1] }, 'fraction into int32');
  agrees(ops.maskedFill(make([0, 0], 'bool'), mask, 0.5), { dtype: 'bool', data: [1, 0] }, 'fraction into bool');
  const value = make([2.5], 'float64', []);
  agrees(ops.maskedFill(make([1, 1], 'int64'), mask, value), { dtype: 'int64', data: [2, 1] }, '0-d float64');
  const x = make([1, 2, 3, 4], 'float32', [2, 2]);
  assert.is(ops.maskedFill_(x, mask, -1), x);
  assert.equal(values(x), [-1, 2, -1, 4]);
});

// -------------------------------------------------------------------------------------------------------------- int64

test('int64 arithmetic is exact and wraps at 2^64', () => {
  const big = (...x: bigint[]): Tensor => tensor(BigInt64Array.from(x));
  const list = (x: Tensor): bigint[] => Array.from(x.toTypedArray() as unknown as BigInt64Array);
  const a = big(2n ** 62n + 1n, -(2n ** 53n) - 1n, 7n);
  const b = big(3n, 2n, -2n);
  assert.equal(list(ops.add(a, b)), [2n ** 62n + 4n, -(2n ** 53n) + 1n, 5n]);
  assert.equal(list(ops.add(a, b, { alpha: 3 })), [2n ** 62n + 10n, -(2n ** 53n) + 5n, 1n]);
  assert.equal(list(ops.mul(a, 4)), [4n, -(2n ** 55n) - 4n, 28n]);
  assert.equal(list(ops.pow(b, 3)), [27n, 8n, -8n]);
  assert.equal(
    list(ops.pow(a, 2)),
    [2n ** 63n + 1n, 2n ** 54n + 1n, 49n].map((x) => BigInt.asIntN(64, x)),
  );
  assert.equal(list(ops.div(a, b, { roundingMode: 'floor' })), [1537228672809129301n, -(2n ** 52n) - 1n, -4n]);
  assert.equal(list(ops.remainder(a, b)), [2n, 1n, -1n]);
  assert.equal(list(ops.neg(a)), [-(2n ** 62n) - 1n, 2n ** 53n + 1n, -7n]);
  assert.equal(list(ops.abs(a)), [2n ** 62n + 1n, 2n ** 53n + 1n, 7n]);
  assert.equal(list(ops.bitwiseAnd(a, big(2n ** 62n))), [2n ** 62n, 2n ** 62n, 0n]);
  assert.equal(list(ops.bitwiseNot(a)), [-(2n ** 62n) - 2n, 2n ** 53n, -8n]);
  assert.equal(values(ops.eq(a, big(2n ** 62n, -(2n ** 53n), 7n))), [0, 0, 1]);
  assert.equal(list(ops.add(ops.clone(a), make([1], 'int32'))), [2n ** 62n + 2n, -(2n ** 53n), 8n]);
});

test('int32 arithmetic wraps at 2^32', () => {
  const x = make([2147483647, -2147483648, 65537], 'int32');
  assert.equal(values(ops.add(x, 1)), [-2147483648, -2147483647, 65538]);
  assert.equal(values(ops.mul(x, x)), [1, 0, 131073]);
  assert.equal(values(ops.pow(x, 3)), [2147483647, 0, 196609]);
  assert.equal(values(ops.neg(x)), [-2147483647, -2147483648, -65537]);
  assert.equal(values(ops.sub(x, x, { alpha: 2147483647 })), [2147483646, 0, -2147352574]);
});

// ------------------------------------------------------------------------------------------------------------- refusals

test('arguments of the wrong kind are refused, and the error names op, rule and values', () => {
  const x = make([1, 2], 'float32');
  const bad = (value: unknown): never => value as never;
  refuses(() => ops.add(x, bad('1')), 'DTypeError', /^add: other must be a tensor or a number, but got string/, 'add');
  refuses(() => ops.add(x, bad([1])), 'DTypeError', /array; make a tensor of it with tensor\(\)/, 'add');
  refuses(() => ops.mul(bad(null), x), 'DTypeError', /^mul: self must be .* null/, 'mul');
  refuses(() => ops.add(x, 1, bad({ beta: 2 })), 'ValueError', /unknown option 'beta'; known options are alpha/, 'add');
  refuses(() => ops.div(x, 1, bad({ roundingMode: 'up' })), 'ValueError', /null, 'trunc' or 'floor'.*"up"/, 'div');
  refuses(() => ops.gelu(x, bad('erf')), 'ValueError', /'none' or 'tanh'/, 'gelu');
  refuses(() => ops.celu(x, 0), 'ValueError', /alpha cannot be 0/, 'celu');
  refuses(() => ops.softshrink(x, -1), 'ValueError', /at least 0, but got -1/, 'softshrink');
  refuses(() => ops.clamp(x), 'ValueError', /at least one of min and max/, 'clamp');
  refuses(() => ops.where(x, x, x), 'DTypeError', /condition to be a bool tensor, but got float32/, 'where');
  refuses(() => ops.maskedFill(x, make([1, 0], 'int32'), 0), 'DTypeError', /mask to be a bool tensor/, 'maskedFill');
  refuses(() => ops.maskedFill(x, ops.gt(x, 1), x), 'ShapeError', /0 dimensions/, 'maskedFill');
  refuses(() => ops.lerp(x, x.to('float64'), 0.5), 'DTypeError', /float32 and float64/, 'lerp');
  refuses(() => ops.lerp(make([1], 'int32'), make([1], 'int32'), 0.5), 'DTypeError', /not defined for int32/, 'lerp');
  const whole = make([1], 'int32');
  refuses(() => ops.addcdiv(whole, whole, whole), 'DTypeError', /not defined for int32/, 'addcdiv');
  refuses(() => ops.remainder(whole, make([0], 'int32')), 'ValueError', /division by zero/, 'remainder');
  refuses(() => ops.div(whole, make([1, 0], 'int32'), { roundingMode: 'floor' }), 'ValueError', /zero/, 'div');
  refuses(() => ops.sub(x, ops.gt(x, 1)), 'DTypeError', /bool tensor; use logicalXor/, 'sub');
  refuses(() => ops.to(x, bad('float8')), 'DTypeError', /unknown dtype "float8"; known are/, 'to');
});

test('to returns the tensor itself unless something changes or a copy is asked for', () => {
  const x = make([1], 'float32');
  assert.is(ops.to(x, 'float32'), x);
  assert.is.not(ops.to(x, 'float32', { copy: true }), x);
  assert.is(ops.to(x, { dtype: 'int64' }).dtype, 'int64');
});

test('clamp takes tensors as bounds, and its upper bound wins', () => {
  const x = make([-2, 0, 3, 'nan'], 'float32');
  agrees(
    ops.clamp(x, make([-1], 'float32'), make([2, 2, 1, 1], 'float32')),
    { dtype: 'float32', data: [-1, 0, 1, 'nan'] },
    '',
  );
  agrees(ops.clamp(x, { max: make([-5], 'float32') }), { dtype: 'float32', data: [-5, -5, -5, 'nan'] }, 'max alone');
  agrees(ops.clamp(x, 1, -1), { dtype: 'float32', data: [-1, -1, -1, 'nan'] }, 'crossed');
});

test('beside bytes with dimensions a 0-d integer is cast before it is compared, divided by or raised to', () => {
  const bytes = make([5, 4, 3], 'uint8');
  const at = (x: number): Tensor => tensor(x, { dtype: 'int32' });
  agrees(ops.remainder(bytes, at(-1)), { dtype: 'uint8', data: [5, 4, 3] }, 'remainder: -1 is 255');
  agrees(ops.eq(bytes, at(-251)), { dtype: 'bool', data: [1, 0, 0] }, 'eq');
  agrees(ops.maximum(at(-1), bytes), { dtype: 'uint8', data: [255, 255, 255] }, 'maximum');
  agrees(ops.div(bytes, at(-1), { roundingMode: 'floor' }), { dtype: 'uint8', data: [0, 0, 0] }, 'floor');
  agrees(ops.pow(bytes, at(-3)), { dtype: 'uint8', data: [213, 0, 19] }, 'pow: to 253, modulo 256');
});

test('a value that an integer dtype cannot hold is refused, and nothing is written', () => {
  const x = make([1, 2], 'uint8');
  const y = make([1, 2], 'int32');
  const at = make([0], 'int32');
  const mask = ops.gt(x, 0);
  const cannot = /cannot be converted to u?int(8|32) without overflow/;
  const cases: Readonly<Record<string, () => Tensor>> = {
    fill_: () => x.fill_(300),
    'fill_ with a 0-d tensor': () => x.fill_(tensor(-1.5)),
    'fill_ of int32': () => y.fill_(3e10),
    'fill_ with a BigInt': () => y.fill_((2n ** 40n) as never),
    maskedFill: () => x.maskedFill(mask, -0.5),
    maskedFill_: () => y.maskedFill_(mask, -Infinity),
    indexFill_: () => x.indexFill_(0, at, 256),
    scatter_: () => x.scatter_(0, at, 256),
    indexPut_: () => x.indexPut_([at], 256),
    clamp: () => x.clamp(-1, 300),
    clamp_: () => x.clamp_(0, 300),
  };
  for (const [label, run] of Object.entries(cases)) refuses(run, 'ValueError', cannot, label);
  assert.equal(
    [values(x), values(y)],
    [
      [1, 2],
      [1, 2],
    ],
  );
  agrees(x.fill_(-1), { dtype: 'uint8', data: [255, 255] }, 'a negative integer wraps');
});

test('int64 is exact beyond 2^53 where elements are chosen, clamped or filled, and so are BigInts', () => {
  const big = 2n ** 60n;
  const x = tensor([big + 1n, big + 3n]);
  const small = tensor([0n, 1n]);
  const first = tensor([true, false]);
  const cases: Readonly<Record<string, readonly [Tensor, readonly bigint[]]>> = {
    where: [ops.where(first, x, small), [big + 1n, 1n]],
    maskedFill: [ops.maskedFill(x, first, 2.5), [2n, big + 3n]],
    indexFill: [x.indexFill(0, make([0], 'int32'), tensor(big + 7n)), [big + 7n, big + 3n]],
    clamp: [ops.clamp(x, 5), [big + 1n, big + 3n]],
    'clamp by a tensor': [ops.clamp(x, null, tensor(big + 2n)), [big + 1n, big + 2n]],
    nanToNum: [ops.nanToNum(x), [big + 1n, big + 3n]],
    addcmul: [ops.addcmul(x, small, small, { value: 2 }), [big + 1n, big + 5n]],
    'add of a BigInt': [ops.add(small, (big + 1n) as never), [big + 1n, big + 2n]],
    'fill_ with a BigInt': [x.clone().fill_((big + 1n) as never), [big + 1n, big + 1n]],
  };
  for (const [label, [result, expected]] of Object.entries(cases)) {
    assert.is(result.dtype, 'int64', label);
    assert.equal(result.toArray(), expected, label);
  }
});

test('addcmul of integers cuts a fraction off its factor, and wraps', () => {
  const whole = make([5, 2], 'int32');
  agrees(ops.addcmul(whole, whole, make([-1, 1], 'int32'), { value: -1.7 }), { dtype: 'int32', data: [10, 0] }, '');
  const large = make([2 ** 30 + 1], 'int32');
  agrees(ops.addcmul(large, large, make([5], 'int32')), { dtype: 'int32', data: [((2 ** 30 + 1) * 6) | 0] }, 'wraps');
});

test('addcdiv, lerp and clamp_ refuse dtypes as PyTorch does', () => {
  const x = make([1, 2], 'float32');
  const whole = make([1, 2], 'int32');
  refuses(
    () => ops.addcdiv(x, whole, whole),
    'DTypeError',
    /^addcdiv: is not defined for int32/,
    'a quotient of integers',
  );
  agrees(ops.addcdiv(x, x, whole), { dtype: 'float32', data: [2, 3] }, 'a float over integers');
  refuses(() => ops.lerp(x, x, x.to('float64')), 'DTypeError', /weight .* float32 and float64/, 'weight');
  agrees(ops.lerp(x, make([3, 4], 'float32'), true as never), { dtype: 'float32', data: [3, 4] }, 'a boolean');
  refuses(
    () => whole.clamp_(make([0.5], 'float32') as never),
    'DTypeError',
    /^clamp_: result type float32 can't be cast to .* int32/,
    'clamp_',
  );
});

test('what has no elements can be written to, expanded or not', () => {
  assert.equal(expand(zeros([1, 0]), [4, 0]).add_(1).shape, [4, 0]);
  assert.equal(expand(zeros([]), [0, 3]).mul_(2).shape, [0, 3]);
});

test.run();
