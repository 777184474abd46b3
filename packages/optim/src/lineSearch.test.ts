import { tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/optim.json' with { type: 'json' };
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

/** Functions with their derivatives, by the names that the script has for them. */
const lines: Readonly<Record<string, (t: number) => Point>> = {
  parabola: pointsOf(
    (t) => (t - 3) ** 2,
    (t) => 2 * (t - 3),
  ),
  'far valley': pointsOf(
    (t) => (t / 50 - 1) ** 4,
    (t) => (4 / 50) * (t / 50 - 1) ** 3,
  ),
  wave: pointsOf(
    (t) => t / 10 - Math.sin(t),
    (t) => 0.1 - Math.cos(t),
  ),
  ripples: pointsOf(
    (t) => (t * t) / 9 - t - Math.cos(9 * t) / 9,
    (t) => (2 * t) / 9 - 1 + Math.sin(9 * t),
  ),
  wall: pointsOf(
    (t) => -t + 1e-3 * Math.exp(t),
    (t) => -1 + 1e-3 * Math.exp(t),
  ),
  gap: pointsOf(
    (t) => Math.abs(t - 2) - t / 99,
    (t) => (t > 2 ? 1 : -1) - 1 / 99,
  ),
};

for (const { name, first, tried, found } of fixtures.lines) {
  test(`along the ${name} from ${first} the search tries what PyTorch's tries`, () => {
    const seen: number[] = [];
    const result = strongWolfe(
      (t) => {
        seen.push(t);
        return lines[name](t);
      },
      lines[name](0),
      first,
      1,
      1e-9,
    );
    assert.is(result.evaluations, seen.length);
    assert.is(seen.length, tried.length);
    // Roundings of the functions, which interpolations between near points enlarge.
    for (const [i, t] of tried.entries())
      assert.ok(Math.abs(seen[i] - t) <= 1e-6 * Math.abs(t), `${seen[i]}, expected ${t}`);
    assert.ok(Math.abs(result.t - found) <= 1e-6 * found, `found ${result.t}, expected ${found}`);
  });
}

test.run();
