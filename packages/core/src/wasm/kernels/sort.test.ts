/** Sort kernels against `reference/sort.ts`: the same values and positions, equals in their order, NaN last. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../../dtype.ts';
import { COMPUTE_DTYPES, itemBytes, newArray, viewArray } from '../../dtype.ts';
import { sort } from '../../reference/sort.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { emitSort, sortName, sortScratchBytes } from './sort.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const SPECIAL = [
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  -1e-40,
  1e-40,
  -1,
  3.4e38,
  -3.4e38,
  255,
  256,
];

/** Elements with many equals, and all kinds among them. */
function element(dtype: DType, i: number): number | bigint {
  const hash = Math.imul(i + 1, 0x9e3779b1) >>> 7;
  if (dtype === 'bool') return hash & 1;
  if (dtype === 'uint8') return hash & 255;
  if (dtype === 'int64') return hash % 5 === 0 ? BigInt(hash % 7) - 3n : (BigInt(hash) << 37n) - (1n << 61n);
  if (dtype === 'int32') return hash % 5 === 0 ? (hash % 7) - 3 : (hash << 7) | 0;
  return hash % 3 === 0 ? SPECIAL[hash % SPECIAL.length] : ((hash % 1000) - 500) * 1.37 ** (hash % 60);
}

for (const dtype of COMPUTE_DTYPES) {
  for (const descending of [false, true]) {
    test(`${sortName(dtype)} gives the order of the reference, descending ${descending}`, () => {
      const { run } = kernel<Run>(sortName(dtype), emitSort(dtype), heap().memory);
      const bytes = itemBytes(dtype);
      for (const n of [1, 2, 3, 39, 40, 41, 255, 256, 257, 700]) {
        for (const [lines, isAcross] of [
          [1, false],
          [3, false],
          [3, true],
        ] as const) {
          const array = newArray(dtype, n * lines);
          for (let i = 0; i < array.length; i++) array[i] = element(dtype, i + 11 * n) as never;
          const place = (count: number, each: number): number => heap().allocate(count * each);
          const x = place(array.length, bytes);
          const scratch = place(sortScratchBytes(dtype, n), 1);
          viewArray(dtype, heap().memory.buffer, x, array.length).set(array as never);
          for (const [k, few] of [
            [n, 0],
            [n, n],
            [Math.min(n, 5), Math.min(n, 5)],
          ]) {
            const [values, indices] = [place(k * lines, bytes), place(k * lines, 4)];
            const shape = isAcross ? [n, lines] : [lines, n];
            const outShape = isAcross ? [k, lines] : [lines, k];
            const [line, step] = isAcross ? [1, lines] : [n, 1];
            const outLine = isAcross ? 1 : k;
            run(lines, n, k, few, descending ? 1 : 0, x, values, indices, line * bytes, outLine * bytes, outLine * 4,
              step * bytes, step * bytes, step * 4, scratch); // biome-ignore format: a row of operands each
            const layout = (s: readonly number[]) => ({ shape: s, strides: [s[1], 1], offset: 0 });
            const wanted = newArray(dtype, k * lines);
            const order = new Int32Array(k * lines);
            sort(
              { array, ...layout(shape), dtype },
              isAcross ? 0 : 1,
              descending,
              k,
              { array: wanted, ...layout(outShape), dtype },
              { array: order, ...layout(outShape), dtype: 'int32' },
            );
            const title = `${k} of ${n}, ${lines} lines, few ${few}, across ${isAcross}`;
            assert.equal([...new Int32Array(heap().memory.buffer, indices, k * lines)], [...order], title);
            const got = viewArray(dtype, heap().memory.buffer, values, k * lines);
            for (let i = 0; i < wanted.length; i++) assert.ok(Object.is(got[i], wanted[i]), `${title}: ${i}`);
            heap().release(values);
            heap().release(indices);
          }
          heap().release(x);
          heap().release(scratch);
        }
      }
    });
  }
}

test.run();
