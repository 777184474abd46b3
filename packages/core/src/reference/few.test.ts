import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from '../index.ts';
import { allocate, empty, tensor } from '../index.ts';
import { binary } from './elementwise.ts';
import { fewFloats } from './few.ts';
import { binaryScalars } from './scalars.ts';

const VALUES = [0, -0, 1, -1.5, 1 / 3, 1e-45, 3e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const OPS = ['add', 'sub', 'mul', 'div'] as const;

const matrix = (rows: number, columns: number): Tensor =>
  tensor(Array.from({ length: rows * columns }, (_, i) => VALUES[(i * 7) % VALUES.length])).view([rows, columns]);

/** Pairs of operands that broadcast to [10, 12]. */
const PAIRS: Readonly<Record<string, readonly [Tensor | number, Tensor | number]>> = {
  'both in a row': [matrix(10, 12), matrix(12, 10).view([10, 12])],
  'a number second': [matrix(10, 12), 0.1],
  'a number first': [0.1, matrix(10, 12)],
  'one element': [matrix(10, 12), tensor(1 / 3)],
  'one element, expanded': [tensor([[1 / 3]]).expand([10, 12]), matrix(10, 12)],
  'a row': [matrix(10, 12), matrix(1, 12)],
  'a column': [matrix(10, 1), matrix(10, 12)],
  'a row and a column': [matrix(10, 1), matrix(1, 12)],
  transposed: [matrix(12, 10).t(), matrix(10, 12)],
  'every other column': [matrix(10, 24).slice(1, 1, 24, 2), matrix(11, 12).narrow(0, 1, 10)],
};

for (const [title, [a, b]] of Object.entries(PAIRS)) {
  test(`the bits are those of the loops that call a function per element: ${title}`, () => {
    for (const op of OPS) {
      const got = allocate([10, 12], 'float32');
      assert.ok(fewFloats(op, a, b, got));
      const expected = allocate([10, 12], 'float32');
      const of = (x: Tensor | number): Tensor => (typeof x === 'number' ? tensor(x) : x);
      binary(binaryScalars[op], of(a), of(b), expected);
      got.toTypedArray().forEach((value, i) => {
        assert.ok(Object.is(value, expected.toTypedArray()[i]), `${op}, element ${i}: ${value}`);
      });
    }
  });
}

test('other ops, dtypes and outputs are left alone', () => {
  const x = matrix(10, 12);
  const out = allocate([10, 12], 'float32').fill_(7);
  assert.not(fewFloats('pow', x, x, out));
  assert.not(fewFloats('add', x.to('float64'), x, out));
  assert.not(fewFloats('add', x, x.to('int32'), out));
  assert.not(fewFloats('add', x, x, out.view([12, 10]).t()));
  assert.ok(out.eq(7).all().item());
});

test('nothing is computed where there is nothing', () => {
  const out = allocate([0, 3], 'float32');
  assert.ok(fewFloats('add', empty(0, 3), empty(1, 3), out));
  assert.ok(fewFloats('add', empty(0, 1), empty(1, 3).t().t(), out));
});

test.run();
