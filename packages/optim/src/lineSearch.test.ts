import { tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cubicMinimum, type Point, strongWolfe } from './lineSearch.ts';

const grad = tensor([0]);

/** The points of a function of one variable with a derivative. */
function pointsOf(f: (t: number) => number, slope: (t: number) => number): (t: number) => Point {
  return (t) => ({ t, loss: f(t), grad, slope: slope(t) });
}

test('the minimum of a cubic is found from two of its points, whichever comes first', () => {
  // t³ - 3 t has its minimum at 1.
  const at = pointsOf(
    (t) => t ** 3 - 3 * t,
    (t) => 3 * t ** 2 - 3,
  );
  for (const pair of [
    [0, 3],
    [3, 0],
    [0.5, 2],
  ]) {
    assert.ok(Math.abs(cubicMinimum(at(pair[0]), at(pair[1])) - 1) < 1e-12);
  }
  assert.is(cubicMinimum(at(0), at(3), [1.5, 2]), 1.5, 'within bounds');
});

test('the middle is taken where a cubic has no minimum', () => {
  const [a, b] = [
    { t: 0, loss: 0, slope: 1, grad },
    { t: 1, loss: 2 / 3, slope: 1, grad },
  ];
  assert.is(cubicMinimum(a, b), 0.5);
  assert.is(cubicMinimum(a, { ...b, loss: Number.NaN }), 0.5);
});

for (const [title, f, slope] of [
  ['a parabola', (t: number) => (t - 3) ** 2, (t: number) => 2 * (t - 3)],
  ['a valley far away', (t: number) => (t / 50 - 1) ** 4, (t: number) => (4 / 50) * (t / 50 - 1) ** 3],
  ['a wave', (t: number) => -Math.sin(t) + t / 10, (t: number) => -Math.cos(t) + 0.1],
] as const) {
  for (const first of [0.01, 1, 40]) {
    test(`the strong Wolfe conditions hold at the step that is found on ${title}, from ${first}`, () => {
      const at = pointsOf(f, slope);
      const start = at(0);
      let calls = 0;
      const found = strongWolfe(
        (t) => {
          calls++;
          return at(t);
        },
        start,
        first,
        1,
        1e-9,
      );
      assert.ok(found.loss <= start.loss + 1e-4 * found.t * start.slope, `falls: ${found.loss} at ${found.t}`);
      assert.ok(Math.abs(found.slope) <= -0.9 * start.slope, `is flat: ${found.slope}`);
      assert.is(found.evaluations, calls);
    });
  }
}

test.run();
