/** The kernel of rotations against the loop over two rows, to the last bit: forwards and backwards, and cut into groups of columns. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { viewArray } from '../../dtype.ts';
import { heap } from '../heap.ts';
import { kernel } from '../module.ts';
import { COLUMNS, emitRotate } from './rotate.ts';

type Run = { readonly run: (...args: number[]) => undefined };

const SPECIAL = [0, -0, 1e-310, 1e300, Number.NaN, Number.POSITIVE_INFINITY];

test('f64_rotate gives the bits of turns of two rows, in both directions, however columns are cut', () => {
  const { run } = kernel<Run>('f64_rotate', emitRotate, heap().memory);
  for (const groups of [0, 1, 3]) {
    for (const count of [0, 1, 7]) {
      for (const step of [1, -1]) {
        const columns = groups * COLUMNS;
        const width = columns + 8;
        const size = (count + 1) * width;
        const at = heap().allocate(size * 8);
        const turnsAt = heap().allocate(16 * Math.max(count, 1));
        const x = viewArray('float64', heap().memory.buffer, at, size) as Float64Array;
        const turns = viewArray('float64', heap().memory.buffer, turnsAt, 2 * count) as Float64Array;
        for (let i = 0; i < size; i++) x[i] = i % 41 === 40 ? SPECIAL[i % SPECIAL.length] : Math.sin(i * 12.9898);
        for (let k = 0; k < count; k++) turns.set([Math.cos(k + 1), Math.sin(k + 1)], 2 * k);
        const expected = x.slice();
        const first = step === 1 ? 0 : count;
        for (let k = 0; k < count; k++) {
          const [c, s] = [turns[2 * k], turns[2 * k + 1]];
          for (let j = 0; j < columns; j++) {
            const here = (first + k * step) * width + j;
            const there = here + step * width;
            [expected[here], expected[there]] = [
              c * expected[here] + s * expected[there],
              c * expected[there] - s * expected[here],
            ];
          }
        }
        for (let g = 0; g < groups; g++) {
          run(COLUMNS, count, at + 8 * (first * width + g * COLUMNS), 8 * step * width, turnsAt);
        }
        x.forEach((value, i) => {
          assert.ok(Object.is(value, expected[i]), `${columns} columns, ${count} turns: ${i}`);
        });
        heap().release(at);
        heap().release(turnsAt);
      }
    }
  }
});

test.run();
