import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fma32, fma64 } from './fma.ts';
import { Generator } from './generator.ts';

/** A finite double as `numerator · 2^exponent`. */
function parts(x: number): [bigint, number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = field === 0 ? fraction : fraction | (1n << 52n);
  return [bits >> 63n ? -magnitude : magnitude, Math.max(field, 1) - 1075];
}

/**
 * `a * b + c` in exact arithmetic, rounded to nearest, ties to even, at `digits` bits. For results in the normal range.
 */
function exactFma(a: number, b: number, c: number, digits: number): number {
  const [ma, ea] = parts(a);
  const [mb, eb] = parts(b);
  const [mc, ec] = parts(c);
  let exponent = Math.min(ea + eb, ec);
  const sum = ((ma * mb) << BigInt(ea + eb - exponent)) + (mc << BigInt(ec - exponent));
  if (sum === 0n) return 0;
  let magnitude = sum < 0n ? -sum : sum;
  const excess = magnitude.toString(2).length - digits;
  if (excess > 0) {
    const half = 1n << BigInt(excess - 1);
    const rest = magnitude & ((half << 1n) - 1n);
    magnitude >>= BigInt(excess);
    if (rest > half || (rest === half && (magnitude & 1n) === 1n)) magnitude += 1n;
    exponent += excess;
  }
  return (sum < 0n ? -1 : 1) * Number(magnitude) * 2 ** exponent;
}

test('exactFma, the reference, rounds once', () => {
  // 1 + 2^-53 is a tie in double precision, and 2^-80 decides it.
  assert.is(exactFma(1, 1, 2 ** -53, 53), 1);
  assert.is(exactFma(1 + 2 ** -27, 1 + 2 ** -27, -1, 53), 2 ** -26 + 2 ** -54);
  assert.is(exactFma(0.1, 10, -1, 53), 2 ** -54);
});

test('fma32 rounds once: 30 000 random triples of many magnitudes, and near ties', () => {
  const g = new Generator(1);
  const number = (spread: number) =>
    Math.fround((g.random53() * 2 ** -52 - 1) * 2 ** ((g.random() % spread) - spread / 2));
  for (let i = 0; i < 30000; i++) {
    const [a, b, c] = [number(20), number(20), number(60)];
    assert.is(fma32(a, b, c), exactFma(a, b, c, 24), `${a} * ${b} + ${c}`);
  }
  // 2^-24 beside 1 is a tie in float32; what decides it is too small for a double to hold beside 1.
  const below = [2 ** -12 + 2 ** -35, 2 ** -12 - 2 ** -35]; // product 2^-24 - 2^-70
  const above = [11865926 * 2 ** -36, 11860641 * 2 ** -35]; // product 2^-24 + 63238 · 2^-71
  assert.is(fma32(below[0], below[1], 1 + 2 ** -23), 1 + 2 ** -23);
  assert.is(fma32(above[0], above[1], 1), 1 + 2 ** -23);
  assert.is(fma32(-below[0], below[1], -1 - 2 ** -23), -1 - 2 ** -23);
  assert.is(fma32(-above[0], above[1], -1), -1 - 2 ** -23);
  assert.is(fma32(2 ** -12, 2 ** -12, 1), 1);
});

test('fma64 rounds once: 30 000 random triples of many magnitudes, and cancellation', () => {
  const g = new Generator(2);
  const number = (spread: number) => (g.random53() * 2 ** -52 - 1) * 2 ** ((g.random() % spread) - spread / 2);
  for (let i = 0; i < 30000; i++) {
    const [a, b, c] = [number(20), number(20), number(180)];
    assert.is(fma64(a, b, c), exactFma(a, b, c, 53), `${a} * ${b} + ${c}`);
    const near = -a * b * (1 + ((g.random() % 5) - 2) * 2 ** -52);
    assert.is(fma64(a, b, near), exactFma(a, b, near, 53), `${a} * ${b} + ${near}`);
  }
});

test('fma64 breaks a tie by what lies 60 bits below it', () => {
  const [a, b] = [2 ** -53 * (1 + 2 ** -30), 1 - 2 ** -30]; // product 2^-53 - 2^-113
  assert.is(fma64(a, b, 1 + 2 ** -52), 1 + 2 ** -52);
  assert.is(fma64(-a, b, 1 + 2 ** -52), 1 + 2 ** -52);
  assert.is(fma64(-a, b, -1 - 2 ** -52), -1 - 2 ** -52);
  assert.is(fma64(2 ** -53, 1, 1 + 2 ** -52), 1 + 2 ** -51);
});

test('fma64 beyond 2^990 rounds twice instead of overflowing', () => {
  assert.is(fma64(0.5, 2 ** 1000, 2 ** 999), 2 ** 1000);
  assert.is(fma64(2 ** 1000, 0.5, -(2 ** 999)), 0);
});

test.run();
