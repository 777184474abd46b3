/** Running sums and products against the loops of `reference/scan.ts`, to the last bit. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { viewArray } from '../../dtype.ts';
import * as reference from '../../reference/scan.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { emitScan, scanName } from './scan.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const SPECIAL = [0, -0, 1, -1.5, 1e-45, 3e38, Number.NaN, Number.POSITIVE_INFINITY];

for (const dtype of ['float32', 'float64'] as const) {
  for (const name of ['cumsum', 'cumprod'] as const) {
    test(`${scanName(name, dtype)} gives the bits of the reference along rows and columns`, () => {
      const { run } = kernel<Run>(scanName(name, dtype), emitScan(name, dtype), heap().memory);
      const bytes = dtype === 'float32' ? 4 : 8;
      for (const [rows, columns] of [
        [0, 5],
        [1, 1],
        [3, 33],
        [5, 15],
        [7, 16],
        [16, 17],
        [33, 40],
      ]) {
        const size = rows * columns;
        const x = heap().allocate(size * bytes);
        const y = heap().allocate((size + 1) * bytes);
        const from = viewArray(dtype, heap().memory.buffer, x, size) as Float64Array;
        const out = viewArray(dtype, heap().memory.buffer, y, size + 1) as Float64Array;
        for (let i = 0; i < size; i++) from[i] = i % 61 === 60 ? SPECIAL[i % SPECIAL.length] : Math.sin(i * 12.9898);
        for (const dim of [0, 1]) {
          const layout = { shape: [rows, columns], strides: [columns, 1], offset: 0, dtype };
          const expected = out.slice().fill(7) as Float64Array;
          reference[name]({ array: from.slice() as Float64Array, ...layout }, dim, { array: expected, ...layout });
          out.fill(7);
          const [lines, n, line, step] = dim === 0 ? [columns, rows, 1, columns] : [rows, columns, columns, 1];
          run(lines, n, x, y, line * bytes, line * bytes, step * bytes, step * bytes);
          for (let i = 0; i <= size; i++) {
            assert.ok(Object.is(out[i], expected[i]), `${rows} × ${columns}, dim ${dim}: ${out[i]} at ${i}`);
          }
        }
        heap().release(x);
        heap().release(y);
      }
    });
  }
}

test.run();
