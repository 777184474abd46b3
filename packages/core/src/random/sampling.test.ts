/** Arguments, edges and frequencies; that the numbers are PyTorch's is for `pytorch.test.ts` to say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ValueError } from '../errors.ts';
import { Generator } from './generator.ts';
import { multinomial, randperm, remainder64 } from './sampling.ts';

test('randperm holds every index once', () => {
  for (const n of [0, 1, 2, 3, 1000]) {
    const sorted = randperm(n, new Generator(n)).sort();
    assert.equal(
      sorted,
      Int32Array.from({ length: n }, (_, i) => i),
    );
  }
});

test('randperm refuses what is no length', () => {
  for (const n of [-1, 1.5, Number.NaN, 2 ** 31 + 1]) {
    assert.throws(
      () => randperm(n),
      (error: unknown) =>
        error instanceof ValueError &&
        error.message.startsWith('randperm: n must be an integer') &&
        error.message.includes(String(n)),
    );
  }
});

test('remainder64 is the remainder of 64 bits, for moduli up to 2^37', () => {
  const g = new Generator(1);
  const moduli = [1, 2, 3, 214748364, 2 ** 31, 2 ** 37 - 1, 2 ** 37];
  for (const m of moduli) {
    for (let i = 0; i < 500; i++) {
      const hi = g.random();
      const lo = g.random();
      assert.is(remainder64(hi, lo, m), Number(((BigInt(hi) << 32n) | BigInt(lo)) % BigInt(m)));
    }
    const top = 2 ** 32 - 1;
    assert.is(remainder64(top, top, m), Number((2n ** 64n - 1n) % BigInt(m)));
  }
});

test('multinomial refuses bad weights and counts, before it draws', () => {
  const generator = new Generator(1);
  const w = (...values: number[]) => new Float32Array(values);
  const bad: [string, () => unknown][] = [
    [
      'multinomial: weights must be finite and at least 0, but got -1 at 1',
      () => multinomial(w(1, -1), 2, 1, true, generator),
    ],
    ['multinomial: weights must be finite', () => multinomial(w(1, Number.NaN), 2, 1, false, generator)],
    ['multinomial: weights must be finite', () => multinomial(w(1, Infinity), 2, 1, false, generator)],
    [
      'multinomial: every row of weights needs a positive sum, but row 1',
      () => multinomial(w(1, 0, 0, 0), 2, 1, true, generator),
    ],
    ['multinomial: cannot draw 3 of 2', () => multinomial(w(1, 1), 2, 3, false, generator)],
    ['multinomial: samples must be a positive integer, but got 0', () => multinomial(w(1, 1), 2, 0, true, generator)],
    ['multinomial: samples must be a positive integer', () => multinomial(w(1, 1), 2, 1.5, true, generator)],
    ['multinomial: 3 weights do not make rows of 2', () => multinomial(w(1, 1, 1), 2, 1, true, generator)],
    ['multinomial: takes up to 2^24', () => multinomial(new Float32Array(0), 2 ** 24 + 1, 1, true, generator)],
  ];
  for (const [message, call] of bad) {
    assert.throws(call, (error: unknown) => error instanceof ValueError && error.message.startsWith(message), message);
  }
  assert.is(generator.random(), new Generator(1).random());
});

test('multinomial of no rows is empty', () => {
  assert.is(multinomial(new Float32Array(0), 3, 2, true, new Generator(1)).length, 0);
});

test('multinomial without replacement repeats nothing, and takes zero weights last', () => {
  for (let seed = 0; seed < 50; seed++) {
    const drawn = multinomial(new Float64Array([0, 1, 0, 2, 3]), 5, 5, false, new Generator(seed));
    assert.equal([...drawn].sort(), [0, 1, 2, 3, 4]);
    assert.equal([...drawn.subarray(3)], [0, 2]);
  }
});

test('multinomial draws in proportion to the weights, and never a weight of zero', () => {
  const n = 60000;
  for (const weights of [new Float32Array([1, 0, 2, 3]), new Float64Array([1, 0, 2, 3])]) {
    const counts = [0, 0, 0, 0];
    for (const i of multinomial(weights, 4, n, true, new Generator(8))) counts[i]++;
    const first = [0, 0, 0, 0];
    const rows = (weights instanceof Float32Array ? new Float32Array(4 * n) : new Float64Array(4 * n)).map(
      (_, i) => weights[i % 4],
    );
    for (const i of multinomial(rows as Float64Array, 4, 1, false, new Generator(8))) first[i]++;
    for (const seen of [counts, first]) {
      assert.is(seen[1], 0);
      // Five standard deviations of a binomial count.
      for (const i of [0, 2, 3]) {
        const p = weights[i] / 6;
        assert.ok(Math.abs(seen[i] - n * p) < 5 * Math.sqrt(n * p * (1 - p)), `category ${i}: ${seen[i]}`);
      }
    }
  }
});

test.run();
