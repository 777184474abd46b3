/**
 * Elementwise kernels as the public ops launch them, against the same ops where their results live in typed arrays, which the
 * reference loops compute. The kernels alone are tested in `kernels/elementwise.test.ts`.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import '../tensor.ts';
import { allocate } from '../base.ts';
import type { DType, FloatDType } from '../dtype.ts';
import { COMPUTE_DTYPES } from '../dtype.ts';
import { explain } from '../explain.ts';
import { values } from '../fixtures/check.ts';
import { sizeOf } from '../layout.ts';
import { setMemoryLimits } from '../memory.ts';
import { fromTypedArray, ones, tensor, zeros } from '../ops/create.ts';
import * as ops from '../ops/elementwise.ts';
import type { Operand } from '../ops/list.ts';
import { asStrided } from '../ops/view.ts';
import { parametricScalars } from '../reference/scalars.ts';
import { SMALL_BYTES } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { features, setStrict } from './features.ts';
import type { Elementwise } from './kernels/functions.ts';
import { functions, hasFunction } from './kernels/functions.ts';
import { launchElementwise } from './launchRuns.ts';

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  -2.5,
  Number.NaN,
  Infinity,
  -Infinity,
  3e38,
  -1e-40,
  2 ** 31,
  88.8,
  -104,
];

/** Values of both signs and of many magnitudes, special ones among them: the same every time. */
function data(size: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: size }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (i % 11 === seed % 11) return SPECIAL[state % SPECIAL.length];
    return (state / 2 ** 31 - 1) * 2 ** ((state >>> 3) % 8);
  });
}

/** A tensor of such values; integers get what they can hold. */
function make(dtype: DType, shape: readonly number[], seed = 1): Tensor {
  const integer = (x: number): number => (dtype === 'uint8' ? Math.abs(Math.trunc(x)) % 256 : Math.trunc(x)) || 0;
  const list = data(sizeOf(shape), seed);
  const fits =
    dtype.startsWith('float') || dtype === 'bool' ? list : list.map((x) => (Math.abs(x) < 1e9 ? integer(x) : 7));
  return tensor(fits, { dtype }).view(shape);
}

/** What the reference loops make of it: results in typed arrays are theirs. */
function reference(run: () => Tensor): Tensor {
  const before = setMemoryLimits({ softLimitBytes: 0 });
  try {
    return run();
  } finally {
    setMemoryLimits(before);
  }
}

/** Of 0 and -0, PyTorch's vector and scalar loops take different ones; so do kernels and the reference loop. */
const EITHER_ZERO = new Set(['maximum', 'minimum']);
const table: Readonly<Record<string, Elementwise>> = functions;

function agrees(actual: Tensor, expected: Tensor, name: string, label: string): void {
  assert.is(actual.dtype, expected.dtype, `${label}: dtype`);
  assert.equal([...actual.shape], [...expected.shape], `${label}: shape`);
  const want = values(expected);
  const ulp = table[name]?.ulp ?? 0;
  values(actual).forEach((got, i) => {
    if (Object.is(got, want[i]) || (got === 0 && want[i] === 0 && EITHER_ZERO.has(name))) return;
    const isNear = ulp > 0 && Math.abs(got - want[i]) <= (ulp + 1) * 2 ** -23 * Math.abs(want[i]) + 4e-37;
    if (!isNear) assert.unreachable(`${label}: element ${i} is ${got}, expected ${want[i]}`);
  });
}

/** Runs it both ways. The operands must come out as they went in. */
function check(name: string, operands: readonly Operand[], run: (...operands: never[]) => Tensor, label: string): void {
  const before = operands.map((x) => (typeof x === 'number' ? x : values(x)));
  const expected = reference(() => run(...(operands as never[])));
  const actual = run(...(operands as never[]));
  assert.not.ok(expected.storage.inHeap, `${label}: the reference is outside`);
  if (actual.array.byteLength > SMALL_BYTES) assert.ok(actual.storage.inHeap, `${label}: the result is in the heap`);
  assert.ok(actual.isContiguous(), `${label}: contiguous`);
  agrees(actual, expected, name, label);
  assert.equal(
    operands.map((x) => (typeof x === 'number' ? x : values(x))),
    before,
    `${label}: operands stay`,
  );
}

const named = ops as unknown as Readonly<Record<string, (...args: readonly Operand[]) => Tensor>>;
const opOf = (name: string) =>
  name === 'reluBackward' || name === 'thresholdBackward'
    ? (grad: Tensor, x: Tensor): Tensor => ops.thresholdBackward(grad, x, 0)
    : named[name];

/** The functions that are public ops of so many operands and no parameter. */
const kernelsOf = (operands: number, dtype: FloatDType): string[] =>
  Object.keys(table).filter(
    (name) =>
      table[name].operands === operands &&
      hasFunction(name, dtype) &&
      opOf(name) !== undefined &&
      name !== 'thresholdBackward' &&
      name !== 'prelu' &&
      !Object.hasOwn(parametricScalars, name),
  );

const FLOATS: readonly FloatDType[] = ['float32', 'float64'];
/** Around the border between small and large, and around the width of vectors. */
const sizesOf = (dtype: FloatDType): number[] =>
  (dtype === 'float32' ? [1023, 1024, 1025] : [511, 512, 513]).concat([1030, 1031, 1032, 1033, 4999]);

for (const dtype of FLOATS) {
  test(`prelu of large ${dtype} tensors is that of the reference loop, with a slope for all and one for each channel`, () => {
    for (const size of sizesOf(dtype)) {
      check('prelu', [make(dtype, [size], 2), make(dtype, [1], 3)], ops.prelu, `${size} elements`);
    }
    for (const shape of [
      [41, 83],
      [3, 5, 129],
      [2, 7, 11, 13],
      [2, 1, 700],
    ]) {
      const weight = make(dtype, [shape[1]], 3);
      const x = make(dtype, shape, 2);
      check('prelu', [x, weight], ops.prelu, String(shape));
      check(
        'prelu',
        [x.transpose(0, -1), make(dtype, [x.transpose(0, -1).shape[1]], 4)],
        ops.prelu,
        `${shape}, transposed`,
      );
    }
  });
}

test('the list of kernels is not empty', () => {
  assert.ok(kernelsOf(1, 'float32').length >= 15 && kernelsOf(1, 'float64').length >= 10);
  assert.ok(kernelsOf(2, 'float32').length >= 7 && kernelsOf(2, 'float64').length >= 7);
});

for (const dtype of FLOATS) {
  for (const name of kernelsOf(1, dtype)) {
    test(`${name} of large ${dtype} tensors is that of the reference loop at all sizes and in all layouts`, () => {
      const op = opOf(name) as (x: Tensor) => Tensor;
      for (const size of sizesOf(dtype)) check(name, [make(dtype, [size])], op, `${size} elements`);
      const x = make(dtype, [41, 83], 5);
      for (const [label, view] of layouts(x)) check(name, [view], op, label);
    });
  }

  for (const name of kernelsOf(2, dtype)) {
    test(`${name} of large ${dtype} tensors is that of the reference loop, broadcast in every way`, () => {
      const op = opOf(name) as (a: Operand, b: Operand) => Tensor;
      for (const size of sizesOf(dtype)) {
        check(name, [make(dtype, [size], 2), make(dtype, [size], 3)], op, `${size} elements`);
      }
      const x = make(dtype, [41, 83], 2);
      const y = make(dtype, [41, 83], 3);
      const row = make(dtype, [83], 4);
      const column = make(dtype, [41, 1], 5);
      for (const [label, view] of layouts(y)) {
        if (view.ndim === 2 && view.shape[1] === 83) {
          check(name, [x, view], op, `with ${label}`);
          check(name, [view, x], op, `${label} with`);
        }
        check(name, [view, view], op, `${label} with itself`);
      }
      const others: readonly (readonly [string, Operand])[] = [
        ['a row', row],
        ['a column', column],
        ['a row of a large tensor', y.select(0, 3)],
        ['a column of a large tensor', y.slice(1, 7, 8)],
        ['an expanded value', make(dtype, [1, 1], 3).expand(41, 83)],
        ['a 0-d tensor', make(dtype, [], 6)],
        ['a 0-d part of a large tensor', y.select(0, 3).select(0, 5)],
        ['a tensor outside the heap', fromTypedArray(values2(dtype, y), [41, 83])],
        [
          'a part of a tensor outside the heap',
          fromTypedArray(values2(dtype, make(dtype, [50, 83], 7)))
            .slice(0, 83, 83 * 42)
            .view(41, 83),
        ],
      ];
      for (const [label, other] of others) {
        check(name, [x, other], op, `with ${label}`);
        check(name, [other, x], op, `${label} with`);
      }
      if (name !== 'reluBackward') {
        for (const value of [0, -0, 2, -0.1, Number.NaN, Infinity]) {
          check(name, [x, value], op, `with ${value}`);
          check(name, [value, x], op, `${value} with`);
        }
      }
      check(
        name,
        [row.view(1, 1, 83), make(dtype, [2, 41, 1], 8)],
        op,
        'row with column: both small, the result large',
      );
      check(name, [make(dtype, [3, 1, 500], 9), make(dtype, [4, 1], 10)], op, 'both stretch');
      check(name, [make(dtype, [1000, 3], 9), make(dtype, [3], 10)], op, 'short runs');
    });
  }

  test(`in-place ops on large ${dtype} tensors write what the others return, also from parts of themselves`, () => {
    const x = make(dtype, [60, 60], 2);
    const y = make(dtype, [60, 60], 3);
    const cases: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
      ['add_ of another', (z) => z.add_(y)],
      ['mul_ by a number', (z) => z.mul_(-0.5)],
      ['sub_ of a row', (z) => z.sub_(y.select(0, 1))],
      ['div_ by a column', (z) => z.div_(y.slice(1, 0, 1))],
      ['mul_ by itself', (z) => z.mul_(z)],
      ['add_ of its transpose', (z) => z.add_(z.t())],
      ['add_ of its own row', (z) => z.add_(z.select(0, 1))],
      ['sub_ of its own column', (z) => z.sub_(z.slice(1, 2, 3))],
      ['mul_ by its own element', (z) => z.mul_(z.select(0, 0).select(0, 1))],
      ['neg_', (z) => z.neg_()],
      ['relu_', (z) => z.relu_()],
      ['sqrt_', (z) => z.sqrt_()],
      ['exp_', (z) => z.exp_()],
    ];
    const parts: readonly (readonly [string, (base: Tensor) => Tensor])[] = [
      ['all of it', (base) => base],
      ['transposed', (base) => base.t()],
      ['rows in a larger one', (base) => zeros(70, 60, { dtype }).slice(0, 5, 65).copy_(base)],
      ['columns in a larger one', (base) => zeros(60, 99, { dtype }).slice(1, 7, 67).copy_(base)],
      ['every other column', (base) => zeros(60, 120, { dtype }).slice(1, 1, null, 2).copy_(base)],
    ];
    for (const [label, run] of cases) {
      for (const [where, lay] of parts) {
        // The base is transposed before, so that all parts hold the same values.
        const start = where === 'transposed' ? x.t().contiguous() : x;
        const expected = reference(() => {
          const plain = ops.clone(x);
          assert.not.ok(plain.storage.inHeap);
          return run(plain);
        });
        const target = lay(ops.clone(start));
        assert.ok(target.storage.inHeap);
        const result = run(target);
        assert.is(result, target);
        agrees(target, expected, label.startsWith('exp') ? 'exp' : '', `${label}, ${where}`);
      }
    }
  });

  test(`a write into a part of a large ${dtype} tensor leaves the rest as it is`, () => {
    const base = ones(50, 100, { dtype });
    base.slice(1, 10, 60).mul_(3).neg_().add_(ones(50, { dtype }));
    values(base).forEach((value, i) => {
      const column = i % 100;
      assert.is(value, column >= 10 && column < 60 ? -2 : 1);
    });
  });

  test(`parts of no elements of large ${dtype} tensors are left alone`, () => {
    const x = make(dtype, [50, 60], 4);
    const before = values(x);
    for (const part of [x.slice(0, 3, 3), x.slice(1, 5, 5), x.t().slice(0, 0, 0), asStrided(x, [0, 40], [60, 1])]) {
      part.neg_();
      part.add_(1);
      part.mul_(part);
      part.exp_();
      assert.is(part.neg().numel(), 0);
      assert.is(part.add(part).numel(), 0);
    }
    assert.equal(values(x), before);
  });
}

/** The elements as a typed array of the dtype. */
function values2(dtype: FloatDType, x: Tensor): Float32Array | Float64Array {
  return dtype === 'float32' ? Float32Array.from(values(x)) : Float64Array.from(values(x));
}

/** The same elements, or some of them, as they may lie. */
function layouts(x: Tensor): (readonly [string, Tensor])[] {
  const [rows, columns] = x.shape;
  const { dtype } = x;
  return [
    ['row-major', x],
    ['its transpose', x.t()],
    ['column-major', x.t().contiguous().t()],
    [
      'columns in a larger tensor',
      zeros(rows, columns + 30, { dtype })
        .slice(1, 13, 13 + columns)
        .copy_(x),
    ],
    [
      'every other column',
      zeros(rows, 2 * columns, { dtype })
        .slice(1, 1, null, 2)
        .copy_(x),
    ],
    ['an offset', x.view(-1).slice(0, 3)],
    ['expanded', x.select(0, 1).expand(rows, columns)],
    ['windows', x.view(-1).slice(0, 0, 200).unfold(0, 20, 1)],
    ['outside the heap', fromTypedArray(values2(dtype as FloatDType, x), x.shape)],
  ];
}

// ----------------------------------------------------------------------------------------------- what kernels do not take

test('large integer and bool tensors give what small ones do', () => {
  const size = 5000;
  const step = 500;
  const binary = [
    'add',
    'sub',
    'mul',
    'maximum',
    'minimum',
    'eq',
    'ne',
    'lt',
    'le',
    'gt',
    'ge',
    'div',
    'bitwiseAnd',
    'logicalXor',
  ];
  const unary = ['neg', 'abs', 'sign', 'relu', 'floor', 'bitwiseNot', 'logicalNot', 'exp', 'sqrt'];
  const refused = (name: string, dtype: DType): boolean =>
    dtype === 'bool' && ['sub', 'neg', 'abs', 'relu', 'floor'].includes(name);
  for (const dtype of COMPUTE_DTYPES) {
    if (dtype.startsWith('float')) continue;
    const a = make(dtype, [size], 2);
    const b = make(dtype, [size], 3);
    const part = (x: Tensor, at: number): Tensor => x.slice(0, at, at + step);
    for (const name of [...binary, ...unary]) {
      if (refused(name, dtype)) continue;
      const isUnary = unary.includes(name);
      const whole = isUnary ? named[name](a) : named[name](a, b);
      assert.ok(whole.storage.inHeap);
      for (let at = 0; at < size; at += step) {
        const small = isUnary ? named[name](part(a, at)) : named[name](part(a, at), part(b, at));
        agrees(part(whole, at), small, name, `${name} of ${dtype} from ${at}`);
      }
    }
  }
});

test('operands of mixed dtypes give what the reference loops do', () => {
  const dtypes: readonly DType[] = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'];
  for (const one of dtypes) {
    for (const two of dtypes) {
      const a = make(one, [5000], 2);
      const b = make(two, [5000], 3);
      for (const name of ['add', 'mul', 'div', 'maximum', 'lt'])
        check(name, [a, b], named[name], `${name} of ${one} and ${two}`);
    }
  }
  const x = make('float32', [5000], 2);
  for (const two of dtypes) {
    const y = make(two, [5000], 3);
    const expected = reference(() => ops.clone(x).add_(y));
    agrees(ops.clone(x).add_(y), expected, '', `add_ of ${two} to float32`);
  }
});

test('launches say whether they did the work, and do nothing where they say no', () => {
  if (!features().simd) return;
  for (const dtype of FLOATS) {
    const x = make(dtype, [3000], 2);
    const y = make(dtype, [3000], 3);
    const out = allocate([3000], dtype);
    assert.ok(launchElementwise('neg', [x], out));
    agrees(
      out,
      reference(() => x.neg()),
      'neg',
      'neg',
    );
    for (const [a, b] of [
      [x, y],
      [x, 2],
      [2, x],
      [x, make(dtype, [1])],
      [make(dtype, [1]), x],
    ] as const) {
      assert.ok(launchElementwise('add', [a, b], out));
      agrees(
        out,
        reference(() => ops.add(a, b)),
        'add',
        'add',
      );
    }
    const before = values(out);
    const small = allocate([10], dtype);
    const other = make(dtype === 'float32' ? 'float64' : 'float32', [3000]);
    assert.not.ok(launchElementwise('neg', [small], small), 'a small result');
    assert.not.ok(launchElementwise('no such kernel', [x], out));
    assert.not.ok(launchElementwise('neg', [other], out), 'another dtype');
    assert.not.ok(launchElementwise('no such kernel', [x, y], out));
    assert.not.ok(launchElementwise('add', [x, other], out), 'another dtype');
    assert.not.ok(launchElementwise('add', [x], out), 'an operand is missing');
    assert.not.ok(launchElementwise('add', [1, 2], out), 'two numbers');
    assert.not.ok(launchElementwise('add', [x, y], allocate([3000], 'int32')), 'another dtype of the result');
    assert.equal(values(out), before);
  }
});

test("masks that lie outside the heap are a kernel's from the size of a launch on", () => {
  for (const size of [1, 255, 256, 257, 1000, 1024, 1025]) {
    const x = ops.sub(tensor(Array.from({ length: size + 3 }, (_, i) => (i * 7) % 11)), 5).narrow(0, 3, size);
    const y = ops.neg(x);
    const numbers = values(x);
    const cases: readonly (readonly [string, () => Tensor, (v: number) => boolean])[] = [
      ['gt a number', () => ops.gt(x, 0), (v) => v > 0],
      ['lt a tensor', () => ops.lt(x, y), (v) => v < -v],
      ['isnan', () => ops.isnan(x), (v) => Number.isNaN(v)],
    ];
    for (const [name, run, expected] of cases) {
      const { result, ops: explained } = explain(run);
      assert.is(result.storage.inHeap, size > SMALL_BYTES, `${name} of ${size}`);
      assert.equal(
        values(result),
        numbers.map((v) => Number(expected(v))),
        `${name} of ${size}`,
      );
      if (features().simd) {
        assert.is(
          explained.some(({ kernels }) => kernels.length > 0),
          size >= 256,
          `${name} of ${size}`,
        );
      }
    }
    // A part of a mask, in place: what is around it stays.
    const mask = zeros(size + 2, { dtype: 'bool' });
    const inner = mask.narrow(0, 1, size);
    inner.copy_(ops.logicalNot(inner));
    assert.equal(values(mask), [0, ...new Array<number>(size).fill(1), 0], `logicalNot, copied, of ${size}`);
  }
});

test('strict mode computes the same, within the same bounds', () => {
  const was = setStrict(true);
  try {
    for (const name of kernelsOf(1, 'float32')) {
      check(name, [make('float32', [1500], 2)], opOf(name) as (x: Tensor) => Tensor, name);
    }
    for (const name of kernelsOf(2, 'float64')) {
      const op = opOf(name) as (a: Tensor, b: Tensor) => Tensor;
      check(name, [make('float64', [1500], 2), make('float64', [1500], 3)], op, name);
    }
  } finally {
    setStrict(was);
  }
});

test.run();
