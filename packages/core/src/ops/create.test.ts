/**
 * Tensors from data, values and ranges: what `tensor` infers and refuses, then ranges and filled tensors against PyTorch's
 * (`tools/fixtures/create.py`).
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { DTYPES, isFloating } from '../dtype.ts';
import { AutogradError } from '../errors.ts';
import type { FixtureNumber } from '../fixtures/check.ts';
import { agrees, decode, refuses, values } from '../fixtures/check.ts';
import data from '../fixtures/create.json' with { type: 'json' };
import type { Shape } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import type { NestedArray, TensorData } from './create.ts';
import * as create from './create.ts';

const { tensor } = create;

type Args = readonly (number | string | boolean | readonly number[])[];
type Outcome = { readonly shape: Shape; readonly data: readonly FixtureNumber[] } | { readonly error: true };

const fixtures = data as unknown as {
  readonly cases: readonly (readonly [name: string, args: Args, dtype: DType, result: Outcome])[];
  readonly holds: readonly (readonly [value: FixtureNumber | boolean, dtype: DType, element: number | null])[];
};

function looks(x: Tensor, dtype: DType, shape: Shape, elements: readonly (number | bigint)[], label: string): void {
  assert.is(x.dtype, dtype, `${label}: dtype`);
  assert.equal([...x.shape], [...shape], `${label}: shape`);
  assert.ok(x.isContiguous(), `${label}: contiguous`);
  assert.equal(Array.from(x.toTypedArray() as BigInt64Array), [...elements], `${label}: values`);
}

// ------------------------------------------------------------------------------------------------------------ tensor()

test('tensor infers float32 from numbers, bool from booleans, int64 from BigInts', () => {
  looks(tensor(3), 'float32', [], [3], 'number');
  looks(tensor(true), 'bool', [], [1], 'boolean');
  looks(tensor(3n), 'int64', [], [3n], 'BigInt');
  looks(tensor([1, 2.5]), 'float32', [2], [1, 2.5], 'numbers');
  looks(tensor([true, false]), 'bool', [2], [1, 0], 'booleans');
  looks(tensor([2n ** 60n + 1n, -1n]), 'int64', [2], [2n ** 60n + 1n, -1n], 'BigInts');
  looks(tensor([1, true, 0.5]), 'float32', [3], [1, 1, 0.5], 'numbers and booleans');
  looks(tensor([1n, true]), 'int64', [2], [1n, 1n], 'BigInts and booleans');
  refuses(() => tensor([1, 1n]), 'DTypeError', /^tensor: numbers and BigInts cannot be mixed/, 'mixed');
  looks(tensor([1, 2n], { dtype: 'int64' }), 'int64', [2], [1n, 2n], 'mixed with a dtype');
});

test('tensor takes nested lists of any depth, empty ones included', () => {
  looks(
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]),
    'float32',
    [2, 3],
    [1, 2, 3, 4, 5, 6],
    '2d',
  );
  looks(tensor([[[[1]], [[2]]]]), 'float32', [1, 2, 1, 1], [1, 2], '4d');
  looks(tensor([]), 'float32', [0], [], '[]');
  looks(tensor([[], []]), 'float32', [2, 0], [], '[[], []]');
  looks(tensor([[[]]], { dtype: 'bool' }), 'bool', [1, 1, 0], [], '[[[]]]');
});

test('tensor takes lists of typed arrays and of tensors of one element, and keeps their dtype where they have one', () => {
  const rows = tensor([new Float64Array([1, 2]), new Float64Array([3, 4])]);
  assert.is(rows.dtype, 'float64');
  assert.equal(rows.toArray(), [
    [1, 2],
    [3, 4],
  ]);
  assert.equal(tensor([[new Uint8Array([1])], [new Uint8Array([2])]]).shape, [2, 1, 1]);
  assert.is(tensor([new Float64Array(1), new Float32Array(1)]).dtype, 'float32');
  assert.is(tensor([new Float64Array(1), [1]]).dtype, 'float32');
  assert.is(
    tensor([new BigInt64Array([5n])], { dtype: 'int32' })
      .toArray()
      .toString(),
    '5',
  );
  const x = create.arange(3);
  assert.equal(tensor([x.sum(), x.max(), x.narrow(0, 0, 1)]).toArray(), [3, 2, 0]);
  assert.is(tensor([x.eq(0).any(), x.lt(0).any()]).dtype, 'bool');
  assert.equal(tensor([tensor(2n ** 60n), tensor(1n)]).toArray(), [2n ** 60n, 1n]);
  assert.equal(tensor([x.sum(), 1.5]).toArray(), [3, 1.5]);
  refuses(() => tensor([x, x]), 'ShapeError', /single values, but got a tensor of shape \[3\]; stack\(\)/, 'vectors');
  refuses(
    () => tensor([new Float32Array(2), new Float32Array(3)]),
    'ShapeError',
    /list of length 2 at depth 1/,
    'rows',
  );
  refuses(() => tensor([1, new Float32Array(1)]), 'ShapeError', /single value at depth 1.*a list of length 1/, 'mixed');
});

test('asTensor copies only what it has to', () => {
  const { asTensor } = create;
  const x = tensor([1.5, 2]);
  assert.is(asTensor(x), x);
  assert.is(asTensor(x, 'float32'), x);
  assert.equal(asTensor(x, { dtype: 'int32' }).toArray(), [1, 2]);
  const array = new Float64Array([1, 2]);
  const shared = asTensor(array);
  array[0] = 7;
  assert.equal([shared.dtype, shared.toArray()], ['float64', [7, 2]]);
  assert.is(asTensor(array, 'float32').dtype, 'float32');
  assert.equal(asTensor([[true], [false]]).toArray(), [[true], [false]]);
  refuses(() => asTensor([1], 'float' as DType), 'DTypeError', /^asTensor: unknown dtype "float"/, 'dtype');
});

test('tensor refuses ragged lists and says where', () => {
  for (const [ragged, message] of [
    [[[1, 2], [3]], /expected a list of length 2 at depth 1, but got a list of length 1/],
    [[[1], [2, 3]], /expected a list of length 1 at depth 1, but got a list of length 2/],
    [[[1, 2], 3], /expected a list of length 2 at depth 1, but got a single value/],
    [[1, [2]], /expected a single value at depth 1, but got a list of length 1/],
    [[[], [1]], /expected a list of length 0 at depth 1, but got a list of length 1/],
    [[[[1]], [1]], /expected a list of length 1 at depth 2, but got a single value/],
  ] as const) {
    refuses(() => tensor(ragged as unknown as NestedArray), 'ShapeError', message, JSON.stringify(ragged));
  }
});

test('tensor refuses entries that are no numbers', () => {
  for (const bad of [
    null,
    undefined,
    'x',
    [null],
    ['1'],
    [1, undefined],
    [{}],
    [() => 1],
    {},
    Symbol('s'),
    [[1], [null]],
  ]) {
    refuses(
      () => tensor(bad as unknown as TensorData),
      'DTypeError',
      /^tensor: entries must be numbers/,
      String(bad && 1),
    );
  }
  // A hole in a list is undefined.
  // biome-ignore lint/suspicious/noSparseArray: that is the case
  refuses(() => tensor([1, , 2] as unknown as NestedArray), 'DTypeError', /got undefined/, 'hole');
});

test('a typed array keeps its dtype and is copied', () => {
  const arrays: readonly (readonly [TypedArray | Uint8ClampedArray, DType])[] = [
    [new Float32Array([1.5, -2]), 'float32'],
    [new Float64Array([0.1, -0]), 'float64'],
    [new Int32Array([-1, 2 ** 31 - 1]), 'int32'],
    [new BigInt64Array([-1n, 2n ** 62n + 1n]), 'int64'],
    [new Uint8Array([0, 255]), 'uint8'],
    [new Uint8ClampedArray([7, 255]), 'uint8'],
  ];
  for (const [array, dtype] of arrays) {
    const before = Array.from(array as Float32Array);
    const x = tensor(array);
    looks(x, dtype, [2], before, dtype);
    array.fill((array instanceof BigInt64Array ? 9n : 9) as never);
    looks(x, dtype, [2], before, `${dtype} is a copy`);
  }
  looks(tensor(new Float32Array([0, 2, Number.NaN]), { dtype: 'bool' }), 'bool', [3], [0, 1, 1], 'cast');
  looks(tensor(new Float64Array([1.9, -1.9]), { dtype: 'int64' }), 'int64', [2], [1n, -1n], 'cast to int64');
  looks(tensor(new Float32Array(0)), 'float32', [0], [], 'empty');
  const part = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
  looks(tensor(part), 'float32', [2], [2, 3], 'a part of a buffer');
});

test('arrays of kinds that no dtype has are refused by name', () => {
  for (const array of [
    new Int8Array(1),
    new Uint16Array(1),
    new Uint32Array(1),
    new BigUint64Array(1),
    new DataView(new ArrayBuffer(1)),
  ]) {
    const { name } = array.constructor;
    refuses(() => tensor(array as never), 'DTypeError', new RegExp(name), name);
    refuses(() => create.fromTypedArray(array as never), 'DTypeError', /typed array/, name);
  }
});

test('a tensor of a tensor is a copy, cast when asked', () => {
  const x = tensor([
    [1.5, 2],
    [3, 4],
  ]).t();
  const y = tensor(x);
  looks(y, 'float32', [2, 2], [1.5, 3, 2, 4], 'copy');
  assert.not.ok(y.sharesStorageWith(x));
  looks(tensor(x, { dtype: 'int32' }), 'int32', [2, 2], [1, 3, 2, 4], 'cast');
});

test('large data, which lives in the heap, is taken like small', () => {
  const list = Array.from({ length: 3000 }, (_, i) => i);
  assert.equal(values(tensor(list)), list);
  assert.equal(values(tensor(Float64Array.from(list))), list);
  assert.equal(values(tensor(list, { dtype: 'int64' })), list);
});

test('which numbers an integer dtype takes is as in PyTorch: fractions are cut off, overflow and NaN are refused', () => {
  for (const [value, dtype, element] of fixtures.holds) {
    const given = typeof value === 'boolean' ? value : decode(value);
    const label = `${String(given)} as ${dtype}`;
    if (element === null) {
      refuses(() => tensor([0, given], { dtype }), 'ValueError', /^tensor: value .* without overflow/, label);
      continue;
    }
    const x = tensor([given], { dtype });
    const want =
      dtype === 'float32' ? Math.fround(decode(element)) : dtype === 'uint8' ? element & 255 : decode(element);
    const got = Number(x.toTypedArray()[0]);
    assert.ok(Object.is(got, want) || (got === want && !isFloating(dtype)), `${label}: ${got}`);
  }
  refuses(() => tensor([2n ** 63n]), 'ValueError', /without overflow/, 'a BigInt beyond int64');
  refuses(
    () => tensor([-1n], { dtype: 'uint8' }).add(0) && tensor([256n], { dtype: 'uint8' }),
    'ValueError',
    /overflow/,
    'uint8',
  );
});

test('fromTypedArray shares the memory, in the shape that is asked for', () => {
  const array = new Float32Array([1, 2, 3, 4, 5, 6]);
  const x = create.fromTypedArray(array, [2, 3]);
  looks(x, 'float32', [2, 3], [1, 2, 3, 4, 5, 6], 'shape');
  array[0] = 9;
  x.select(0, 1).zero_();
  assert.is(x.at(0, 0).item(), 9);
  assert.equal([...array], [9, 2, 3, 0, 0, 0]);
  looks(create.fromTypedArray(array.subarray(1, 3)), 'float32', [2], [2, 3], 'a part');
  const large = new Float32Array(5000);
  create.fromTypedArray(large).add_(1);
  assert.is(large[4999], 1, 'large arrays are shared, too');
  const clamped = new Uint8ClampedArray([250]);
  create.fromTypedArray(clamped).add_(10);
  assert.is(clamped[0], 4, 'wraps as uint8 does');
  refuses(() => create.fromTypedArray(array, [4]), 'ShapeError', /needs 4 elements, but the array has 6/, 'size');
  refuses(() => create.fromTypedArray(array, [-6]), 'ShapeError', /at least 0/, 'negative');
});

// ------------------------------------------------------------------------------------------------------ against PyTorch

type Maker = (...args: readonly unknown[]) => Tensor;

for (const name of [...new Set(fixtures.cases.map(([op]) => op))]) {
  test(`${name} gives PyTorch's values in every dtype, and its refusals`, () => {
    const make = (create as unknown as Record<string, Maker>)[name];
    for (const [op, args, dtype, want] of fixtures.cases) {
      if (op !== name) continue;
      const given = args.map((arg) => (typeof arg === 'string' ? decode(arg) : arg));
      const label = `${name}(${args.join(', ')}) of ${dtype}`;
      if ('error' in want) {
        refuses(() => make(...given, { dtype }), /^(Value|Shape|DType)Error$/, new RegExp(`^${name}: `), label);
        continue;
      }
      // PyTorch counts in single precision by vectors of 8, so that float32 values differ from start + i * step by some ulp.
      const ulps = name === 'arange' || name === 'linspace' ? 4 : name === 'logspace' ? 32 : 0;
      const tolerance = {
        float32: { relative: ulps * 2 ** -24, absolute: ulps * 2 ** -24 },
        float64: { relative: 1e-14, absolute: 1e-15 },
      };
      agrees(
        make(...given, { dtype }),
        { dtype, ...want },
        label,
        dtype === 'float32' || dtype === 'float64' ? tolerance[dtype] : {},
      );
    }
  });
}

test('linspace meets its end exactly', () => {
  for (const steps of [2, 3, 7, 10, 33]) {
    const x = create.linspace(0.1, 0.7, steps, { dtype: 'float64' });
    assert.is(x.at(-1).item(), 0.7);
    assert.is(x.at(0).item(), 0.1);
  }
});

// -------------------------------------------------------------------------------------------------------- argument forms

test('shapes are lists or arguments, and options are an object at the end', () => {
  for (const name of ['zeros', 'ones', 'empty'] as const) {
    const make = create[name] as Maker;
    for (const args of [[2, 3], [[2, 3]], [2, 3, {}], [[2, 3], {}], [[2, 3], undefined]]) {
      assert.equal([...make(...args).shape], [2, 3], name);
      assert.is(make(...args).dtype, 'float32', name);
    }
    assert.equal([...make().shape], [], `${name}()`);
    assert.equal([...make([]).shape], [], `${name}([])`);
    assert.equal([...make([], { dtype: 'bool' }).shape], [], `${name}([], …)`);
    assert.equal([...make(0).shape], [0], `${name}(0)`);
    assert.equal([...make(2, 0, 3).shape], [2, 0, 3], `${name}(2, 0, 3)`);
    for (const dtype of DTYPES) assert.is(make(2, { dtype }).dtype, dtype);
    assert.is(make(2, { dtype: null, requiresGrad: false }).dtype, 'float32');
  }
  assert.equal(values(create.full(3, 2)), [2, 2, 2]);
  assert.equal(values(create.full([2], 2)), [2, 2]);
});

test('full infers its dtype from the value', () => {
  looks(create.full([2], 2), 'float32', [2], [2, 2], 'number');
  looks(create.full([2], true), 'bool', [2], [1, 1], 'boolean');
  looks(create.full([1], 2n ** 60n + 1n), 'int64', [1], [2n ** 60n + 1n], 'BigInt');
  looks(create.full([1], 3n, { dtype: 'float64' }), 'float64', [1], [3], 'BigInt as float64');
  refuses(() => create.full([1], 'x' as never), 'DTypeError', /^full: fillValue must be a number/, 'string');
  refuses(() => create.full([1], null as never, { dtype: 'float32' }), 'DTypeError', /got null/, 'null');
});

test('forms in Like take shape and dtype from a tensor, are contiguous, and zeros stay zeros of either sign', () => {
  const x = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype: 'int32' },
  ).t();
  looks(create.zerosLike(x), 'int32', [3, 2], [0, 0, 0, 0, 0, 0], 'zerosLike');
  looks(create.onesLike(x), 'int32', [3, 2], [1, 1, 1, 1, 1, 1], 'onesLike');
  looks(create.fullLike(x, 7), 'int32', [3, 2], [7, 7, 7, 7, 7, 7], 'fullLike');
  looks(create.onesLike(x, { dtype: 'bool' }), 'bool', [3, 2], [1, 1, 1, 1, 1, 1], 'onesLike of bool');
  assert.equal([...create.emptyLike(x).strides], [2, 1]);
  assert.is(create.fullLike(tensor(1), -0).item(), -0);
  looks(create.fullLike(tensor([1n]), 2n ** 60n + 1n), 'int64', [1], [2n ** 60n + 1n], 'fullLike of int64');
  refuses(
    () => create.fullLike(x, Number.NaN),
    'ValueError',
    /^fullLike: value NaN cannot be converted to int32/,
    'NaN',
  );
});

test('arange takes start, end and step by position or by name', () => {
  const { arange } = create;
  assert.equal(values(arange(3)), [0, 1, 2]);
  assert.equal(values(arange({ end: 3 })), [0, 1, 2]);
  assert.equal(values(arange(5, { step: 2 })), [0, 2, 4]);
  assert.equal(values(arange(1, { end: 3 })), [1, 2]);
  assert.equal(values(arange(1, 6, { step: 2 })), [1, 3, 5]);
  assert.equal(values(arange({ start: 2, end: 6, step: 3 })), [2, 5]);
  assert.is(arange(3, { dtype: 'int64' }).dtype, 'int64');
  assert.is(arange(3, { dtype: null }).dtype, 'float32');
  refuses(() => arange(), 'ValueError', /^arange: /, 'nothing');
  refuses(() => arange('3' as never), 'ValueError', /^arange: takes numbers/, 'string');
  refuses(() => arange(1, 2, 3, 4), 'DTypeError', /^arange: unknown dtype 4/, 'too many');
  refuses(() => arange({ dtype: 'int32' }, 3), 'ValueError', /^arange: /, 'options first');
  refuses(() => arange(3, { stop: 4 } as never), 'ValueError', /unknown option 'stop'/, 'unknown');
  refuses(() => arange(1e300), /ShapeError/, /^arange: /, 'huge');
});

test('eye and logspace take their arguments by name, too', () => {
  assert.equal([...create.eye(2, { m: 3 }).shape], [2, 3]);
  assert.equal([...create.eye(2, null, { dtype: 'int32' }).shape], [2, 2]);
  assert.is(create.eye(2, { dtype: 'int32' }).dtype, 'int32');
  assert.equal(values(create.logspace(0, 3, 4, { base: 2 })), [1, 2, 4, 8]);
  assert.equal(values(create.logspace(0, 3, 4, 2, { dtype: 'int32' })), [1, 2, 4, 8]);
  refuses(() => create.logspace(0, 1, 1.5), 'ValueError', /^logspace: steps/, 'steps');
  refuses(() => create.linspace(0, 1, undefined as never), 'ValueError', /^linspace: steps/, 'steps');
  refuses(() => create.linspace(0, '1' as never, 2), 'ValueError', /^linspace: start and end/, 'end');
});

// ------------------------------------------------------------------------------------------------------------- refusals

test('sizes that are negative, fractional, not numbers or too many are refused by every function', () => {
  for (const bad of [[-1], [1.5], [Number.NaN], [Infinity], ['3'], [null], [[2], [3]], [2, -3], [2 ** 30, 2 ** 30]]) {
    for (const name of ['zeros', 'ones', 'empty'] as const) {
      refuses(() => (create[name] as Maker)(...bad), 'ShapeError', new RegExp(`^${name}: `), `${name} ${String(bad)}`);
    }
    refuses(() => create.full(bad as never, 1), 'ShapeError', /^full: /, `full ${String(bad)}`);
  }
  refuses(() => create.eye(1.5), 'ShapeError', /^eye: /, 'eye');
  refuses(() => create.zeros(2 ** 40), 'ShapeError', /1099511627776 elements in 4398046511104 bytes/, 'too many');
  refuses(
    () => create.zeros(2 ** 30, { dtype: 'float64' }),
    'ShapeError',
    /a float64 tensor .* 4 GiB at most/,
    'float64',
  );
});

test('unknown dtypes and options are refused, and the known ones named', () => {
  for (const name of ['zeros', 'ones', 'empty'] as const) {
    const make = create[name] as Maker;
    refuses(
      () => make(2, { dtype: 'float' }),
      'DTypeError',
      new RegExp(`^${name}: unknown dtype "float"; known are bool`),
      name,
    );
    refuses(
      () => make(2, { device: 'cpu' }),
      'ValueError',
      /unknown option 'device'; known options are dtype, requiresGrad/,
      name,
    );
    refuses(() => make({ dtype: 'bool' }, 2), 'ShapeError', new RegExp(`^${name}: `), `${name}: options first`);
  }
  refuses(() => tensor([1], { dtype: 3 as never }), 'DTypeError', /unknown dtype 3/, 'tensor');
  refuses(() => create.arange(3, { dtype: 'x' as never }), 'DTypeError', /^arange: unknown dtype "x"/, 'arange');
  refuses(() => create.eye(3, { dtype: 'x' as never }), 'DTypeError', /^eye: unknown dtype/, 'eye');
  refuses(
    () => create.logspace(0, 1, 2, { dtype: 'x' as never }),
    'DTypeError',
    /^logspace: unknown dtype/,
    'logspace',
  );
});

test("requiresGrad without '@torsor/autograd' says what to import", () => {
  for (const [name, make] of [
    ['tensor', () => tensor([1], { requiresGrad: true })],
    ['zeros', () => create.zeros(2, { requiresGrad: true })],
    ['full', () => create.full([2], 1, { requiresGrad: true })],
    ['arange', () => create.arange(3, { requiresGrad: true })],
    ['onesLike', () => create.onesLike(tensor(1), { requiresGrad: true })],
  ] as const) {
    refuses(make, 'AutogradError', new RegExp(`^${name}: .*import '@torsor/autograd'`), name);
  }
  try {
    create.eye(2, { requiresGrad: true });
    assert.unreachable();
  } catch (error) {
    assert.ok(error instanceof AutogradError);
    assert.is(error.op, 'eye');
  }
  assert.not.ok(tensor([1], { requiresGrad: false }).requiresGrad);
});

test('long counts are those of a loop, in every dtype', () => {
  const { arange, linspace } = create;
  for (const size of [255, 256, 257, 1003]) {
    for (const [start, step] of [
      [0, 1],
      [-3, 0.1],
      [5, -0.7],
      [-40, 3],
    ]) {
      for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8'] as const) {
        const isWhole = !dtype.startsWith('float');
        if (isWhole && !Number.isInteger(step)) continue;
        const out = arange(start, start + step * (isWhole ? size : size - 0.5), step, { dtype });
        const expected = Array.from({ length: size }, (_, i) => start + step * i);
        const array = out.toTypedArray();
        if (array instanceof BigInt64Array) assert.equal([...array].map(Number), expected);
        else {
          // What an assignment to the array makes of the numbers.
          const made = array.slice();
          made.set(expected);
          assert.equal(array, made, `${dtype} ${size} from ${start} by ${step}`);
        }
      }
    }
    const line = linspace(-1, 2, size, { dtype: 'float64' }).toTypedArray() as Float64Array;
    const step = 3 / (size - 1);
    for (let i = 0; i < size; i++) {
      assert.is(line[i], i < Math.floor(size / 2) ? -1 + step * i : 2 - step * (size - 1 - i));
    }
  }
});

test.run();
