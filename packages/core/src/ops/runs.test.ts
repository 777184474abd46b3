/** Elementwise ops on tensors large enough for kernels, in every layout, against the reference loops. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, Tensor } from '../index.ts';
import * as torsor from '../index.ts';
import type { Scalar1, Scalar2, Scalar3 } from '../reference/elementwise.ts';
import { binary, ternary, unary } from '../reference/elementwise.ts';
import { binaryScalars, parametricScalars } from '../reference/scalars.ts';

const { allocate, clone, manualSeed, randn, setMemoryLimits, setStrict } = torsor;

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  3,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-45,
  3e38,
];

/** [18, 24, 26] under several layouts, with special values among others. */
function operand(dtype: DType, seed: number): Tensor {
  manualSeed(seed);
  const x = randn(18, 24, 26).mul(2).to(dtype);
  const flat = x.view(-1);
  for (let i = 0; i < 300; i++) {
    const value = SPECIAL[(i * seed) % SPECIAL.length];
    if (dtype === 'float32' || dtype === 'float64') flat.select(0, i * 7 * seed).fill_(value);
  }
  return x;
}

const LAYOUTS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  'in a row': (x) => x,
  'an odd part': (x) => x.view(-1).narrow(0, 3, 4097),
  transposed: (x) => x.transpose(0, 2),
  'a part of each row': (x) => x.narrow(2, 1, 23),
};

/** The second operand: as the first lies, or broadcast against it. */
const OTHERS: Readonly<Record<string, (y: Tensor, x: Tensor) => Tensor>> = {
  'like the first': (y) => y,
  'one row for all': (y) => y.select(0, 1),
  'one column for all': (y) => (y.ndim === 1 ? y : y.narrow(y.ndim - 1, 0, 1)),
  'one element': (y) => clone(y).view(-1).select(0, 5),
  'lying across': (y) => (y.ndim === 1 ? y : clone(y.transpose(0, 1)).transpose(0, 1)),
};

function same(got: Tensor, expected: Tensor, title: string): void {
  assert.equal(got.shape, expected.shape, title);
  assert.is(got.dtype, expected.dtype, title);
  const a = got.toTypedArray();
  const b = expected.toTypedArray();
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i])) assert.unreachable(`${title}: element ${i} is ${a[i]}, expected ${b[i]}`);
  }
}

/** The same, not in the heap. */
function outside(x: Tensor): Tensor {
  const was = setMemoryLimits({ softLimitBytes: 0 });
  const copy = clone(x);
  setMemoryLimits(was);
  return copy;
}

type Round = (x: number) => number;
/** What to run, and the scalar function behind it, whose parameters are rounded to the dtype. */
type Pair = readonly [run: (x: Tensor) => Tensor, scalar: (round: Round) => Scalar1];

const { clamp, hardshrink, hardtanh, leakyRelu, threshold } = parametricScalars;
const negative = (): Scalar1 => (x) => -x;

const UNARY: Readonly<Record<string, Pair>> = {
  'clamp(-0.7, 1.1)': [(x) => torsor.clamp(x, -0.7, 1.1), (round) => clamp(round(-0.7), round(1.1))],
  'hardtanh(-0.3, 0.7)': [(x) => torsor.hardtanh(x, -0.3, 0.7), (round) => hardtanh(round(-0.3), round(0.7))],
  'leakyRelu(0.1)': [(x) => torsor.leakyRelu(x, 0.1), (round) => leakyRelu(round(0.1))],
  'threshold(0.1, 7)': [(x) => torsor.threshold(x, 0.1, 7), (round) => threshold(round(0.1), 7)],
  'hardshrink(0.5)': [(x) => torsor.hardshrink(x, 0.5), () => hardshrink(0.5)],
  'pow(3)': [(x) => torsor.pow(x, 3), (round) => (x) => round(x * x) * x],
  'pow(-1)': [(x) => torsor.pow(x, -1), () => (x) => 1 / x],
  sqrt: [(x) => torsor.sqrt(x), () => Math.sqrt],
  neg: [(x) => torsor.neg(x), negative],
  'neg, of what lies outside the heap': [(x) => torsor.neg(outside(x)), negative],
  'neg in place': [(x) => clone(x.transpose(0, -1)).transpose(0, -1).neg_(), negative],
};

for (const isStrict of [false, true]) {
  const how = isStrict ? ', in strict mode' : '';
  const claim = (title: string, body: () => void): void =>
    test(`${title} gives the bits of the reference loop${how}`, () => {
      const was = setStrict(isStrict);
      try {
        body();
      } finally {
        setStrict(was);
      }
    });

  for (const dtype of ['float32', 'float64'] as const) {
    const round = dtype === 'float32' ? Math.fround : (x: number): number => x;
    for (const [layout, view] of Object.entries(LAYOUTS)) {
      for (const [name, [run, scalar]] of Object.entries(UNARY)) {
        claim(`${name} of ${dtype} ${layout}`, () => {
          const x = view(operand(dtype, 1));
          const expected = allocate(x.shape, dtype);
          unary(scalar(round), x, expected);
          same(run(x), expected, name);
        });
      }

      for (const [how2, other] of Object.entries(OTHERS)) {
        claim(`comparison of ${dtype} ${layout} with ${how2}`, () => {
          const x = view(operand(dtype, 1));
          const y = other(view(operand(dtype, 2)), x);
          for (const name of ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const) {
            const expected = allocate(x.shape, 'bool');
            binary(binaryScalars[name], x, y, expected);
            same(torsor[name](x, y), expected, name);
            binary(binaryScalars[name], y, x, expected);
            same(torsor[name](y, x), expected, `${name} swapped`);
          }
        });

        claim(`where and maskedFill of ${dtype} ${layout} with ${how2}`, () => {
          const x = view(operand(dtype, 1));
          const y = other(view(operand(dtype, 2)), x);
          const mask = torsor.gt(view(operand('float32', 3)), 0);
          const choose: Scalar3 = (c, a, b) => (c !== 0 ? a : b);
          const expected = allocate(x.shape, dtype);
          ternary(choose, mask, x, y, expected);
          same(torsor.where(mask, x, y), expected, 'where');
          const few = other(mask, x);
          ternary(choose, few, y, x, expected);
          same(torsor.where(few, y, x), expected, 'where by a broadcast mask');
          const value = torsor.tensor(1.5, { dtype });
          ternary(choose, few, value, x, expected);
          same(torsor.maskedFill(x, few, 1.5), expected, 'maskedFill');
          const whole = clone(operand(dtype, 1));
          view(whole).maskedFill_(few, 1.5);
          same(clone(view(whole)), expected, 'maskedFill_');
        });

        claim(`arithmetic of ${dtype} ${layout} with ${how2}`, () => {
          const x = view(operand(dtype, 1));
          const y = other(view(operand(dtype, 2)), x);
          const z = view(operand(dtype, 3));
          const expected = allocate(x.shape, dtype);
          for (const name of ['add', 'mul', 'div'] as const) {
            binary(binaryScalars[name], x, y, expected);
            same(torsor[name](x, y), expected, name);
            const across = clone(x.transpose(0, -1)).transpose(0, -1);
            same(across[`${name}_`](y), expected, `${name}_`);
            binary(binaryScalars[name], y, x, expected);
            same(torsor[name](y, x), expected, `${name} swapped`);
          }
          const round = dtype === 'float32' ? Math.fround : (v: number) => v;
          const factor = round(0.3);
          const scaled: Scalar2 = (a, b) => a + factor * b;
          binary(scaled, x, y, expected);
          same(torsor.add(x, y, { alpha: 0.3 }), expected, 'add');
          const target = clone(x);
          target.add_(y, { alpha: 0.3 });
          same(target, expected, 'add_');
          binary((a, b) => a - factor * b, y, x, expected);
          same(torsor.sub(y, x, { alpha: 0.3 }), expected, 'sub');
          ternary((a, b, c) => a + round(factor * b) * c, x, y, z, expected);
          same(torsor.addcmul(x, y, z, { value: 0.3 }), expected, 'addcmul');
          ternary((a, b, c) => a + round(round(factor * b) / c), x, y, z, expected);
          same(torsor.addcdiv(x, y, z, { value: 0.3 }), expected, 'addcdiv');
          const between: Scalar3 = (a, b, t) => {
            const difference = round(b - a);
            return Math.abs(t) < 0.5 ? a + t * difference : b - difference * round(1 - t);
          };
          ternary(between, x, z, y, expected);
          same(torsor.lerp(x, z, y), expected, 'lerp');
          binary((g, v) => (v <= 0.25 ? 0 : g), x, z, expected);
          same(torsor.thresholdBackward(x, z, 0.25), expected, 'thresholdBackward');
        });
      }

      claim(`comparison of ${dtype} ${layout} with a number, isnan and logicalNot`, () => {
        const x = view(operand(dtype, 1));
        const expected = allocate(x.shape, 'bool');
        unary((a) => Number(a > round(0.1)), x, expected);
        same(torsor.gt(x, 0.1), expected, 'gt');
        unary((a) => Number(Number.isNaN(a)), x, expected);
        same(torsor.isnan(x), expected, 'isnan');
        unary((a) => Number(a === 0), x, expected);
        same(torsor.logicalNot(x), expected, 'logicalNot');
      });
    }
  }

  for (const dtype of ['int32', 'int64', 'uint8', 'bool'] as const) {
    claim(`comparison and where of ${dtype}`, () => {
      const [x, y] = [operand(dtype, 1), operand(dtype, 2).transpose(0, 2).contiguous().transpose(0, 2)];
      const expected = allocate(x.shape, 'bool');
      binary(binaryScalars.lt, x, y, expected);
      same(torsor.lt(x, y), expected, 'lt');
      const mask = torsor.lt(x, y);
      const chosen = allocate(x.shape, dtype);
      if (dtype === 'int64') chosen.copy_(torsor.where(mask, x.to('float64'), y.to('float64')));
      else ternary((c, a, b) => (c !== 0 ? a : b), mask, x, y, chosen);
      same(torsor.where(mask, x, y), chosen, 'where');
    });
  }
}

test('maskedFill_ reads a mask and a value that share memory with what it fills before it fills', () => {
  const x = torsor.arange(5000).to('float32');
  x.maskedFill_(x.gt(2), x.select(0, 4999));
  assert.equal(
    [0, 2, 3, 4999].map((i) => x.select(0, i).item()),
    [0, 2, 4999, 4999],
  );
  const flags = torsor.arange(5000).gt(2500);
  const before = flags.clone();
  flags.maskedFill_(flags.narrow(0, 0, 1), 1);
  assert.ok(flags.equal(before));
  assert.throws(() => x.maskedFill_(torsor.ones(2, 5000, { dtype: 'bool' }), 0), /doesn't match the broadcast shape/);
  assert.throws(
    () =>
      torsor
        .ones(1)
        .expand(9)
        .maskedFill_(torsor.ones(9, { dtype: 'bool' }), 0),
    /single memory location/,
  );
});

test('operands outside the heap are staged or left to the reference loop', () => {
  const inside = operand('float32', 1);
  const was = setMemoryLimits({ softLimitBytes: 0 });
  const outside = operand('float32', 2);
  const results = (): Tensor[] => [torsor.lt(inside, outside), torsor.add(inside, outside, { alpha: 2 })];
  const first = results();
  setMemoryLimits(was);
  results().forEach((x, i) => {
    assert.is(x.storage.inHeap, true);
    same(x, first[i], `result ${i}`);
  });
});

test.run();
