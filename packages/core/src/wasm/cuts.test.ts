/** Cuts of launches: every output in one of them, at places that depend on the sizes alone. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cut } from './cuts.ts';
import { cutsOf } from './cuts.ts';
import type { Executor } from './executor.ts';
import { setExecutor } from './executor.ts';

/** The cuts of a grid that takes `us` where `threads` share it. */
function cutsFor(threads: number, sizes: readonly number[], us: number, step = 1): readonly Cut[] {
  setExecutor({ threads, run() {}, runRows() {} } satisfies Partial<Executor> as unknown as Executor);
  try {
    return cutsOf(sizes, us * 1000, step);
  } finally {
    setExecutor(null);
  }
}

const GRIDS = [[1], [7], [1000], [1, 5], [3, 64], [100, 1], [2, 3, 1000], [1, 1, 17], [65, 2, 3], [1, 40, 300]];

test('every output is in exactly one cut', () => {
  for (const sizes of GRIDS) {
    for (const us of [1, 12, 30, 200, 10_000]) {
      for (const step of [1, 16]) {
        const seen = new Uint8Array(sizes.reduce((a, b) => a * b));
        for (const cut of cutsFor(2, sizes, us, step)) {
          let places = [0];
          sizes.forEach((size, d) => {
            const [from, count] = cut.slice(2 * d);
            places = places.flatMap((at) => Array.from({ length: count }, (_, i) => at * size + from + i));
          });
          for (const at of places) seen[at]++;
        }
        assert.ok(
          seen.every((times) => times === 1),
          `${sizes} in ${us} µs by ${step}`,
        );
      }
    }
  }
});

test('cuts do not depend on the number of threads, but for one', () => {
  for (const sizes of GRIDS) {
    const two = cutsFor(2, sizes, 500, 16);
    for (const threads of [3, 7, 64]) assert.equal(cutsFor(threads, sizes, 500, 16), two);
    assert.is(cutsFor(1, sizes, 500, 16).length, 1);
  }
});

test('small launches stay whole; of large ones there are not many more than 64 cuts, the last dimension by whole steps', () => {
  assert.is(cutsFor(8, [1000], 11).length, 1);
  assert.is(cutsFor(8, [1000], 12).length, 2);
  assert.is(cutsFor(8, [6400], 1e6).length, 64);
  assert.ok(cutsFor(8, [33, 1000], 1e6).length <= 128);
  for (const [, , from] of cutsFor(8, [1, 1000], 100, 16)) assert.is(from % 16, 0);
});

test.run();
