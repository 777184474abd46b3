import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import type { CopyForm, ItemBytes } from './copy.ts';
import { copyName, emitCopy, hasTranspose } from './copy.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const GUARD = 32;
const SIZES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33, 65];

/** Strides of source and output, in elements. */
function stridesOf(form: CopyForm, rows: number, columns: number): [from: [number, number], out: [number, number]] {
  // one element of padding after each run, so that rows are not aligned and what lies between must stay
  if (form === 'transposed')
    return [
      [1, rows + 1],
      [columns + 1, 1],
    ];
  if (form === 'rows')
    return [
      [columns + 3, 1],
      [columns + 1, 1],
    ];
  if (form === 'repeated')
    return [
      [2, 0],
      [columns + 1, 1],
    ];
  return [
    [2 * columns + 1, 2],
    [3 * columns + 2, 3],
  ];
}

for (const strict of [false, true]) {
  for (const bytes of [1, 4, 8] as const satisfies readonly ItemBytes[]) {
    for (const form of ['rows', 'transposed', 'repeated', 'strided'] as const) {
      if (form === 'transposed' && !hasTranspose(bytes)) continue;
      const title = `${copyName(bytes, form)} moves each byte where it belongs and touches no other${strict ? ', in strict mode' : ''}`;
      test(title, () => {
        const was = setStrict(strict);
        for (const rows of SIZES) {
          for (const columns of [...SIZES, 600]) {
            const [[fr, fc], [or, oc]] = stridesOf(form, rows, columns);
            const fromLength = Math.max(rows * fr + columns * fc + 2, 1) * bytes;
            const outLength = (rows * or + columns * oc + 2) * bytes;
            const source = heap().allocate(fromLength);
            const target = heap().allocate(outLength + 2 * GUARD);
            const from = new Uint8Array(heap().memory.buffer, source, fromLength);
            const out = new Uint8Array(heap().memory.buffer, target, outLength + 2 * GUARD);
            for (let i = 0; i < fromLength; i++) from[i] = (i * 31 + (i >> 8) * 7) & 127;
            out.fill(222);
            const expected = out.slice();
            for (let r = 0; r < rows; r++) {
              for (let c = 0; c < columns; c++) {
                const x = (r * fr + c * fc) * bytes;
                expected.set(from.subarray(x, x + bytes), GUARD + (r * or + c * oc) * bytes);
              }
            }
            const strides = [fr, fc, or, oc].map((stride) => stride * bytes);
            const { run } = kernel<Run>(copyName(bytes, form), emitCopy(bytes, form), heap().memory);
            run(rows, columns, source, target + GUARD, ...strides);
            const wrong = out.findIndex((byte, i) => byte !== expected[i]);
            assert.is(wrong, -1, `byte ${wrong - GUARD} of ${rows} × ${columns}`);
            heap().release(source);
            heap().release(target);
          }
        }
        setStrict(was);
      });
    }
  }
}

test.run();
