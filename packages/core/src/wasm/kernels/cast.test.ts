/** Kernels of casts against the loop of `reference/elementwise.ts`, which assigns elements one by one. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../../dtype.ts';
import { COMPUTE_DTYPES, itemBytes, newArray, viewArray } from '../../dtype.ts';
import { copy } from '../../reference/elementwise.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { castName, emitCast } from './cast.ts';

type Run = { readonly run: (n: number, from: number, out: number) => undefined };

const SIZES = [0, 1, 15, 16, 17, 32, 50, 700];

/** Numbers within int32 and beyond, at the edges of 2^31, 2^53, 2^63 and 2^64, and what is no number. */
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.9999,
  -1.9999,
  127,
  128,
  255,
  256,
  -200.7,
  1e6,
  2147483392,
  2147483647,
  2147483648,
  -2147483648,
  -2147483904,
  4294967295,
  4294967296,
  4294967297.5,
  -4294967296,
  1e10,
  -1e10,
  2 ** 53 - 1,
  2 ** 62 + 2 ** 40,
  2 ** 63,
  -(2 ** 63),
  2 ** 63 + 2 ** 41,
  -(2 ** 63) - 2 ** 41,
  2 ** 64,
  2 ** 64 + 2 ** 41,
  1e25,
  -1e25,
  1e300,
  1e-40,
  -1e-40,
  5e-324,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];
const BIGS = [
  0n,
  1n,
  -1n,
  255n,
  256n,
  2n ** 31n,
  -(2n ** 31n) - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 40n + 3n,
];

/** Element `i` of a source: ordinary at first, so that a whole turn is, then one of all kinds in every turn. */
function element(dtype: DType, i: number): number | bigint {
  if (dtype === 'int64') return BIGS[i % BIGS.length];
  if (dtype === 'bool') return i % 3 === 0 ? 1 : 0;
  if (dtype === 'uint8') return (i * 37) & 255;
  const value = i % 16 === 7 ? NUMBERS[(i >> 4) % NUMBERS.length] : i * 20.75 - 100;
  return dtype === 'int32' ? value | 0 : value;
}

for (const from of COMPUTE_DTYPES) {
  for (const to of COMPUTE_DTYPES) {
    if (from === to) continue;
    test(`${castName(from, to)} casts as an assignment does, and writes no further`, () => {
      const { run } = kernel<Run>(castName(from, to), emitCast(from, to), heap().memory);
      for (const size of SIZES) {
        const a = newArray(from, size);
        for (let i = 0; i < size; i++) a[i] = element(from, i) as never;
        const source = heap().allocate(size * itemBytes(from));
        viewArray(from, heap().memory.buffer, source, size).set(a as never);
        const length = size + 8;
        const target = heap().allocate(length * itemBytes(to));
        const out = viewArray(to, heap().memory.buffer, target, length);
        const expected = newArray(to, length);
        for (let i = 0; i < length; i++) out[i] = expected[i] = (to === 'int64' ? 77n : 77) as never;
        const layout = { shape: [size], strides: [1], offset: 0 };
        copy({ array: a, ...layout, dtype: from }, { array: expected, ...layout, dtype: to });
        run(size, source, target);
        for (let i = 0; i < length; i++) {
          assert.ok(Object.is(out[i], expected[i]), `${a[i]} at ${i} of ${size}: ${out[i]}, not ${expected[i]}`);
        }
        heap().release(source);
        heap().release(target);
      }
    });
  }
}

test.run();
