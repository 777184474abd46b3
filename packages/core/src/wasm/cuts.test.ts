/** Cuts of launches: every output in one of them, at places that depend on the sizes alone. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cuts } from './cuts.ts';
import { cutsOf, runShared } from './cuts.ts';
import type { Executor, Rows } from './executor.ts';
import { setExecutor } from './executor.ts';

/** What `fn` gives while `threads` share launches of 12 µs and more; rows are handed to `keep`. */
function shared<T>(threads: number, fn: () => T, keep: (rows: Rows) => void = () => {}): T {
  const executor: Executor = {
    threads,
    isWorthSharing: (ns) => threads > 1 && ns >= 12_000,
    run() {},
    runRows: keep,
  };
  setExecutor(executor);
  try {
    return fn();
  } finally {
    setExecutor(null);
  }
}

/** The cuts of a grid that takes `us` where `threads` share it. */
function cutsFor(
  threads: number,
  sizes: readonly number[],
  us: number,
  steps: readonly number[] = [],
  times = 1,
): Cuts {
  return shared(threads, () => cutsOf(sizes, us * 1000, steps, times));
}

const GRIDS = [[1], [7], [1000], [1, 5], [3, 64], [100, 1], [2, 3, 1000], [1, 1, 17], [65, 2, 3], [1, 40, 300]];
const STEPS = [
  [],
  [16],
  [1, 16],
  [16, 64, 1],
  [Infinity],
  [1, Infinity],
  [Infinity, 16],
  [Infinity, Infinity, Infinity],
];

test('every output is in exactly one cut, and cuts are at multiples of the steps', () => {
  for (const sizes of GRIDS) {
    for (const us of [1, 12, 30, 200, 10_000]) {
      for (const steps of STEPS) {
        const seen = new Uint8Array(sizes.reduce((a, b) => a * b));
        for (const cut of cutsFor(2, sizes, us, steps).list) {
          let places = [0];
          sizes.forEach((size, d) => {
            const [from, count] = cut.slice(2 * d);
            assert.ok(from === 0 || from % (steps[d] ?? 1) === 0, `${cut} by ${steps}`);
            places = places.flatMap((at) => Array.from({ length: count }, (_, i) => at * size + from + i));
          });
          for (const at of places) seen[at]++;
        }
        assert.ok(
          seen.every((times) => times === 1),
          `${sizes} in ${us} µs by ${steps}`,
        );
      }
    }
  }
});

test('cuts do not depend on the number of threads, but for one', () => {
  for (const sizes of GRIDS) {
    const two = cutsFor(2, sizes, 500, [1, 16]);
    for (const threads of [3, 7, 64]) assert.equal(cutsFor(threads, sizes, 500, [1, 16]), two);
    assert.equal(cutsFor(1, sizes, 500), { isShared: false, list: [sizes.flatMap((size) => [0, size])] });
  }
});

test('small launches stay whole; of large ones there are not many more than 64 cuts', () => {
  assert.is(cutsFor(8, [1000], 11).isShared, false);
  assert.is(cutsFor(8, [1000], 12).list.length, 2);
  assert.is(cutsFor(8, [6400], 1e6).list.length, 64);
  for (const us of [72, 80, 88, 104, 200]) assert.is(cutsFor(8, [6400], us).list.length % 4, 0, `${us} µs`);
  assert.ok(cutsFor(8, [33, 1000], 1e6).list.length <= 128);
});

test('a grid that is gone over several times is cut the less, and shared even where it is not cut', () => {
  assert.is(cutsFor(8, [6400], 1e6, [], 4).list.length, 16);
  assert.equal(cutsFor(8, [6400], 1e6, [], 100), { isShared: true, list: [[0, 6400]] });
});

test('the parts of a call begin where the one before ends', () => {
  for (const n of [64, 1000, 1023, 1024, 1025, 4096]) {
    let from = 0;
    const check = ({ rows }: Rows): void => {
      for (const [count, x, y, rest] of rows) {
        assert.equal([x, y, rest, from % 64], [64 + 4 * from, 128 + 8 * from, 9, 0]);
        from += count;
      }
    };
    shared(3, () => runShared({ name: 'none', emit: () => {} }, [n, 64, 128, 9], 1000, [4, 8]), check);
    assert.is(from, n);
  }
});

test.run();
