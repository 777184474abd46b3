/**
 * Scalar functions at the arguments where naive formulas go wrong. Their values against PyTorch are tested with the ops, in
 * `ops/elementwise.test.ts`.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { binaryScalars, integerPower, parametricScalars, roundHalfEven, sigmoid, unaryScalars } from './scalars.ts';

const near = (got: number, want: number, relative = 1e-14): void =>
  assert.ok(Math.abs(got - want) <= relative * Math.abs(want), `${got}, expected ${want}`);

test('roundHalfEven rounds halves to even and keeps the sign of zero', () => {
  const cases = [
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [-2.5, -2],
    [-0.2, -0],
    [0.49999999999999994, 0],
    [4503599627370495.5, 4503599627370496],
    [4503599627370497, 4503599627370497],
    [2 ** 53 + 2, 2 ** 53 + 2],
    [-0, -0],
    [Infinity, Infinity],
    [Number.NaN, Number.NaN],
  ];
  for (const [x, want] of cases) assert.ok(Object.is(roundHalfEven(x), want), `${x} gives ${roundHalfEven(x)}`);
});

test('sigmoid, logSigmoid and softplus neither overflow nor cancel', () => {
  assert.is(sigmoid(800), 1);
  assert.is(sigmoid(-800), 0);
  near(sigmoid(-40), 4.248354255291589e-18);
  near(unaryScalars.logSigmoid(40), -4.248354255291589e-18);
  assert.is(unaryScalars.logSigmoid(-800), -800);
  near(unaryScalars.mish(-40), -1.6993417021166355e-16);
  const softplus = parametricScalars.softplus(1, 20);
  assert.is(softplus(800), 800);
  near(softplus(-40), 4.248354255291589e-18);
});

test('gelu keeps its digits in the left tail', () => {
  near(parametricScalars.gelu(0)(-8), -4.976768459417427e-15, 1e-13);
  assert.is(parametricScalars.gelu(0)(40), 40);
});

test('floor division and remainder go together, and take the sign of the divisor', () => {
  const { divFloor, remainder } = binaryScalars;
  for (const x of [7, -7, 0.3, -0.3, 1e10, 5.5]) {
    for (const y of [2, -2, 0.1, -0.7, 3]) {
      near(divFloor(x, y) * y + remainder(x, y), x, 1e-12);
      assert.ok(remainder(x, y) * y >= 0, `${x} % ${y}`);
    }
  }
  assert.is(divFloor(1, 0.1), 9);
  assert.equal([divFloor(1, 0), divFloor(-1, 0)], [Infinity, -Infinity]);
  assert.ok(Number.isNaN(divFloor(0, 0)) && Number.isNaN(remainder(1, 0)));
});

test('pow is C’s: 1 to anything is 1, and -1 to an infinity', () => {
  const { pow } = binaryScalars;
  assert.equal([pow(1, Number.NaN), pow(1, Infinity), pow(-1, Infinity), pow(-1, -Infinity)], [1, 1, 1, 1]);
  assert.equal([pow(Number.NaN, 0), pow(0, 0), pow(0, -1), pow(2, -Infinity)], [1, 1, Infinity, 0]);
  assert.ok(Number.isNaN(pow(-8, 1 / 3)));
});

test('integerPower wraps at 2^32, and a negative power is 0 but for ±1', () => {
  const wrapped = Number(BigInt.asIntN(32, 3n ** 40n));
  assert.equal([integerPower(3, 4), integerPower(-2, 31), integerPower(3, 40)], [81, -2147483648, wrapped]);
  assert.equal([integerPower(2, -1), integerPower(1, -5), integerPower(-1, -3), integerPower(-1, -2)], [0, 1, -1, 1]);
  assert.is(integerPower(0, 0), 1);
});

test('maximum, minimum and clamp hand NaN on', () => {
  const { maximum, minimum } = binaryScalars;
  for (const fn of [maximum, minimum]) {
    assert.ok(Number.isNaN(fn(Number.NaN, 1)) && Number.isNaN(fn(1, Number.NaN)));
  }
  assert.ok(Number.isNaN(parametricScalars.clamp(0, 1)(Number.NaN)));
  assert.ok(Number.isNaN(parametricScalars.clamp(Number.NaN, 1)(0.5)));
  assert.is(parametricScalars.clamp(3, -3)(0), -3);
});

test.run();
