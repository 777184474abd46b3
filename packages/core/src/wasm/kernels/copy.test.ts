import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setStrict } from '../features.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import type { CopyForm, ItemBytes } from './copy.ts';
import { copyName, emitCopy, emitTriangle, hasTranspose, triangleName } from './copy.ts';

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
  if (form === 'reversed')
    return [
      [columns + 3, -1],
      [columns + 1, 1],
    ];
  return [
    [2 * columns + 1, 2],
    [3 * columns + 2, 3],
  ];
}

for (const strict of [false, true]) {
  for (const bytes of [1, 4, 8] as const satisfies readonly ItemBytes[]) {
    for (const form of ['rows', 'transposed', 'repeated', 'reversed', 'strided'] as const) {
      if (form === 'transposed' && !hasTranspose(bytes)) continue;
      const title = `${copyName(bytes, form)} moves each byte where it belongs and touches no other${strict ? ', in strict mode' : ''}`;
      test(title, () => {
        const was = setStrict(strict);
        for (const rows of SIZES) {
          for (const columns of [...SIZES, 600]) {
            const [[fr, fc], [or, oc]] = stridesOf(form, rows, columns);
            // where the first element lies: behind the others of its row if that is read backwards
            const first = fc < 0 ? columns * bytes : 0;
            const fromLength = Math.max(rows * fr + columns * Math.max(fc, 0) + 2, 1) * bytes;
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
                const x = first + (r * fr + c * fc) * bytes;
                expected.set(from.subarray(x, x + bytes), GUARD + (r * or + c * oc) * bytes);
              }
            }
            const strides = [fr, fc, or, oc].map((stride) => stride * bytes);
            const { run } = kernel<Run>(copyName(bytes, form), emitCopy(bytes, form), heap().memory);
            run(rows, columns, source + first, target + GUARD, ...strides);
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

for (const bytes of [1, 4, 8] as const) {
  test(`${triangleName(bytes)} keeps one side of every diagonal and zeroes the other`, () => {
    const { run } = kernel<Run>(triangleName(bytes), emitTriangle(bytes), heap().memory);
    for (const [rows, columns] of [
      [0, 3],
      [1, 1],
      [5, 3],
      [3, 5],
      [17, 16],
    ]) {
      const length = rows * columns * bytes;
      const source = heap().allocate(length);
      const target = heap().allocate(length + GUARD);
      const from = new Uint8Array(heap().memory.buffer, source, length).fill(7);
      for (let diagonal = -rows - 1; diagonal <= columns + 1; diagonal++) {
        for (const lower of [0, 1]) {
          const out = new Uint8Array(heap().memory.buffer, target, length + GUARD).fill(222);
          run(rows, columns, source, target, columns * bytes, columns * bytes, diagonal, lower);
          const wrong = out.findIndex((byte, i) => {
            if (i >= length) return byte !== 222;
            const [r, c] = [Math.floor(i / bytes / columns), Math.floor(i / bytes) % columns];
            const kept = lower === 1 ? c - r <= diagonal : c - r >= diagonal;
            return byte !== (kept ? from[i] : 0);
          });
          assert.is(wrong, -1, `byte ${wrong} of ${rows} × ${columns}, diagonal ${diagonal}, lower ${lower}`);
        }
      }
      heap().release(source);
      heap().release(target);
    }
  });
}

test.run();
