import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FixtureNumber } from '../fixtures/check.ts';
import { decode } from '../fixtures/check.ts';
import data from '../fixtures/special.json' with { type: 'json' };
import { digamma, erf, erfc, erfinv, lgamma } from './special.ts';

/** Points with the nearest double to the true value, and PyTorch's values at ends: see `tools/fixtures/special.py`. */
interface Fixture {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly ends: readonly (readonly [x: FixtureNumber, y: FixtureNumber])[];
}
const fixtures = data as unknown as Readonly<Record<string, Fixture>>;
const functions = { erf, erfc, erfinv, lgamma, digamma };

/** The distance between neighbouring doubles at x. */
function ulp(x: number): number {
  return 2 ** Math.max(Math.floor(Math.log2(Math.abs(x))) - 52, -1074);
}

/** Throws when a point that `applies` is further off than `limit` times `unit(true value)`. */
function within(
  name: keyof typeof functions,
  limit: number,
  unit: (y: number) => number,
  applies: (x: number) => boolean = () => true,
): void {
  const points = fixtures[name].points.filter(([x]) => applies(x));
  assert.ok(points.length > 25, `${points.length} points`);
  for (const [x, want] of points) {
    const error = Math.abs(functions[name](x) - want) / unit(want);
    assert.ok(error <= limit, `${name}(${x}) is off by ${error}`);
  }
}

const whole = (y: number): number => Math.max(1, Math.abs(y));

// One ulp more than in the docstrings: half for the rounding of the fixture, half for engines whose exp and log differ.
test('erf has error ≤ 1 ulp', () => within('erf', 2, ulp));
test('erfc has error ≤ 3 ulp on [-6, 26.5]', () => within('erfc', 4, ulp));
test('erfinv has error ≤ 4 ulp, near 0 and near 1 too', () => within('erfinv', 5, ulp));
test('lgamma has error ≤ 3 ulp for x > 0', () => within('lgamma', 4, ulp, (x) => x > 0));
test('lgamma has error ≤ 1e-15 for x < 0', () => within('lgamma', 1e-15, whole, (x) => x < 0));
test('digamma has relative error ≤ 1e-15 for x > 0, around its root too', () =>
  within('digamma', 1.2e-15, Math.abs, (x) => x > 0));
test('digamma has error ≤ 2e-15 for x < 0', () => within('digamma', 2e-15, whole, (x) => x < 0));

test("NaN, infinities, zeros and poles have PyTorch's values", () => {
  for (const [name, fn] of Object.entries(functions)) {
    for (const [x, y] of fixtures[name].ends) {
      const got = fn(decode(x));
      const want = decode(y);
      const same = Object.is(got, want) || (Number.isFinite(want) && want !== 0 && Math.abs(got / want - 1) < 1e-14);
      assert.ok(same, `${name}(${x}) is ${got}, expected ${want}`);
    }
  }
});

test('erf is odd, erfc is its complement, erfinv its inverse', () => {
  for (let x = 0.01; x < 5; x += 0.0937) {
    assert.is(erf(-x), -erf(x));
    assert.ok(Math.abs(erf(x) + erfc(x) - 1) < 3e-16);
    assert.ok(x > 3 || Math.abs(erfinv(erf(x)) / x - 1) < 1e-11);
  }
});

test.run();
