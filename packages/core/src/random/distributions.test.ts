/** Arguments, edges and moments; that the numbers are PyTorch's is for `pytorch.test.ts` to say. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DTypeError, ValueError } from '../errors.ts';
import {
  fillBernoulli,
  fillCauchy,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillNormal,
  fillRand,
  fillRandint,
  fillRandom,
  fillUniform,
} from './distributions.ts';
import { defaultGenerator, Generator, getRngState, setRngState } from './generator.ts';

type Filler = (generator: Generator, length: number) => unknown;

/** Every function with good arguments, over an array of a given length. */
const every: Record<string, Filler> = {
  rand: (g, n) => fillRand(new Float32Array(n), g),
  rand64: (g, n) => fillRand(new Float64Array(n), g),
  uniform: (g, n) => fillUniform(new Float32Array(n), -1, 1, g),
  normal: (g, n) => fillNormal(new Float32Array(n), 0, 1, g),
  randint: (g, n) => fillRandint(new Int32Array(n), 0, 9, g),
  random: (g, n) => fillRandom(new Int32Array(n), g),
  bernoulli: (g, n) => fillBernoulli(new Uint8Array(n), 0.5, g),
  bernoulliOf: (g, n) => fillBernoulli(new Float32Array(n), new Float32Array(n), g),
  exponential: (g, n) => fillExponential(new Float32Array(n), 1, g),
  logNormal: (g, n) => fillLogNormal(new Float32Array(n), 0, 1, g),
  cauchy: (g, n) => fillCauchy(new Float32Array(n), 0, 1, g),
  geometric: (g, n) => fillGeometric(new Int32Array(n), 0.5, g),
};

test('an empty array draws nothing', () => {
  for (const [name, fill] of Object.entries(every)) {
    const generator = new Generator(1);
    fill(generator, 0);
    assert.is(generator.random(), new Generator(1).random(), name);
  }
});

test('without a generator, defaultGenerator draws', () => {
  const before = getRngState();
  const out = new Float32Array(4);
  const want = new Float32Array(4);
  fillRand(want, defaultGenerator.clone());
  fillRand(out);
  assert.equal(out, want);
  setRngState(before);
});

const nan = Number.NaN;
const inf = Number.POSITIVE_INFINITY;
const f32 = () => new Float32Array([1, 2, 3]);

/** Bad calls by the start of the message that they must give. */
const bad: [string, (g: Generator, out: Float32Array) => void][] = [
  ['uniform_: expects finite from <= to', (g, out) => fillUniform(out, 2, 1, g)],
  ['uniform_: expects finite from <= to', (g, out) => fillUniform(out, nan, 1, g)],
  ['uniform_: expects finite from <= to', (g, out) => fillUniform(out, 0, inf, g)],
  ['uniform_: expects finite from <= to', (g, out) => fillUniform(out, 0, 1e39, g)],
  ['uniform_: expects finite from <= to', (g, out) => fillUniform(out, -3e38, 3e38, g)],
  ['normal_: expects std >= 0, but got mean=0, std=-1', (g, out) => fillNormal(out, 0, -1, g)],
  ['normal_: expects std >= 0', (g, out) => fillNormal(out, 0, nan, g)],
  ['normal_: expects std >= 0', (g, out) => fillNormal(out, nan, 1, g)],
  ['randint: expects low < high, but got low=3, high=3', (g, out) => fillRandint(out, 3, 3, g)],
  ['randint: expects integers', (g, out) => fillRandint(out, 0, 2.5, g)],
  ['randint: expects integers', (g, out) => fillRandint(out, nan, 2, g)],
  ['randint: expects bounds that int64 can hold', (g) => fillRandint(new BigInt64Array(1), 0, 2n ** 63n + 1n, g)],
  ['randint: expects bounds that int32 can hold', (g) => fillRandint(new Int32Array(1), 0, 2 ** 31 + 1, g)],
  ['randint: expects bounds that uint8 can hold', (g) => fillRandint(new Uint8Array(1), -1, 3, g)],
  ['randint: expects bounds that bool can hold', (g) => fillRandint(new Uint8Array(1), 0, 3, g, 'bool')],
  ['randint: expects low < high after rounding', (g, out) => fillRandint(out, 2 ** 25 + 1, 2 ** 25 + 2, g)],
  ['bernoulli: expects p in [0, 1], but got p=1.5', (g, out) => fillBernoulli(out, 1.5, g)],
  ['bernoulli: expects p in [0, 1], but got p=NaN', (g, out) => fillBernoulli(out, nan, g)],
  [
    'bernoulli: expects probabilities in [0, 1], but got p[1]=-1',
    (g, out) => fillBernoulli(out, new Float32Array([0, -1, nan]), g),
  ],
  ['bernoulli: expects as many probabilities', (g, out) => fillBernoulli(out, new Float32Array(2), g)],
  ['exponential_: expects lambda > 0, but got lambda=0', (g, out) => fillExponential(out, 0, g)],
  ['exponential_: expects lambda > 0', (g, out) => fillExponential(out, nan, g)],
  ['log_normal_: expects std > 0', (g, out) => fillLogNormal(out, 0, 0, g)],
  ['cauchy_: expects sigma > 0', (g, out) => fillCauchy(out, 0, -1, g)],
  ['geometric_: expects p in (0, 1), but got p=1', (g, out) => fillGeometric(out, 1, g)],
  ['geometric_: expects p in (0, 1)', (g, out) => fillGeometric(out, 0, g)],
];

test('bad arguments are a ValueError that names them, before anything is drawn or written', () => {
  for (const [message, call] of bad) {
    const generator = new Generator(1);
    const out = f32();
    assert.throws(
      () => call(generator, out),
      (error: unknown) => error instanceof ValueError && error.message.startsWith(message),
      message,
    );
    assert.equal(out, f32(), message);
    assert.is(generator.random(), new Generator(1).random(), message);
  }
});

test('integer arrays are a DTypeError where PyTorch wants floats', () => {
  const out = new Int32Array(2) as unknown as Float32Array;
  const calls = [
    () => fillRand(out),
    () => fillUniform(out, 0, 1),
    () => fillNormal(out, 0, 1),
    () => fillExponential(out, 1),
    () => fillLogNormal(out, 0, 1),
    () => fillCauchy(out, 0, 1),
    () => fillBernoulli(new Float32Array(2), out),
  ];
  for (const call of calls) {
    assert.throws(
      call,
      (error: unknown) => error instanceof DTypeError && /float32 or float64, but got int32/.test(error.message),
    );
  }
});

test('a normal of odd count leaves its sine half to the next call, and blocks of 16 leave it alone', () => {
  const generator = new Generator(3);
  fillNormal(new Float64Array(1), 0, 1, generator);
  const waiting = generator.nextDoubleNormalSample;
  assert.type(waiting, 'number');
  fillNormal(new Float32Array(40), 0, 1, generator);
  assert.is(generator.nextDoubleNormalSample, waiting);
  const out = new Float64Array(1);
  fillNormal(out, 10, 2, generator);
  assert.is(out[0], waiting! * 2 + 10);
  assert.is(generator.nextDoubleNormalSample, null);
});

test('bernoulli compares every bit of its draw: u < p fails at u = p, and holds for the next p above', () => {
  const u53 = new Generator(6).random53() * 2 ** -53;
  const u24 = (new Generator(6).random() & 0xffffff) * 2 ** -24;
  const one = (p: number | Float32Array | Float64Array) => {
    const out = new Float32Array(1);
    fillBernoulli(out, p, new Generator(6));
    return out[0] === 1;
  };
  assert.equal([one(u53), one(u53 + 2 ** -53)], [false, true]);
  assert.equal([one(Float64Array.of(u53)), one(Float64Array.of(u53 + 2 ** -53))], [false, true]);
  assert.equal([one(Float32Array.of(u24)), one(Float32Array.of(u24 + 2 ** -24))], [false, true]);
});

test('the last part-block of a normal redraws the last 16 elements', () => {
  const whole = new Float32Array(32);
  const part = new Float32Array(40);
  fillNormal(whole, 0, 1, new Generator(5));
  const generator = new Generator(5);
  fillNormal(part, 0, 1, generator);
  assert.equal(part.subarray(0, 16), whole.subarray(0, 16));
  const skipped = new Generator(5);
  for (let i = 0; i < 56; i++) skipped.random();
  assert.is(generator.random(), skipped.random());
});

test('std = 0 gives the mean, and from = to gives that number', () => {
  for (const n of [1, 15, 16, 33]) {
    const out = new Float32Array(n);
    fillNormal(out, 2.5, 0, new Generator(n));
    assert.ok(out.every((x) => x === 2.5));
    fillUniform(out, 0.1, 0.1, new Generator(n));
    assert.ok(out.every((x) => x === Math.fround(0.1)));
  }
});

test('a view writes its own part of the buffer alone', () => {
  const whole = new Float32Array(40);
  fillNormal(whole.subarray(10, 30), 0, 1, new Generator(1));
  assert.ok(whole.subarray(0, 10).every((x) => x === 0) && whole.subarray(30).every((x) => x === 0));
  assert.ok(whole.subarray(10, 30).every((x) => x !== 0));
});

test('infinite and enormous parameters stay what IEEE arithmetic makes of them', () => {
  const out = new Float32Array(3);
  fillExponential(out, inf, new Generator(1));
  assert.ok(out.every((x) => x === 0));
  fillUniform(new Float64Array(2), -8e307, 8e307, new Generator(1));
  const wide = new Float64Array(100);
  fillUniform(wide, -8e307, 8e307, new Generator(1));
  assert.ok(wide.every((x) => Math.abs(x) <= 8e307));
});

/** Mean and variance of 100 000 draws. */
function moments(out: Float64Array): [number, number] {
  let sum = 0;
  for (const x of out) sum += x;
  const mean = sum / out.length;
  let squares = 0;
  for (const x of out) squares += (x - mean) ** 2;
  return [mean, squares / out.length];
}

test('means and variances are those of the distributions, within five standard errors', () => {
  const n = 100000;
  const cases: [string, number, number, number, (out: Float64Array, g: Generator) => void][] = [
    // name, mean, variance, kurtosis
    ['uniform', 2, 1 / 3, 1.8, (out, g) => fillUniform(out, 1, 3, g)],
    ['normal', -1, 4, 3, (out, g) => fillNormal(out, -1, 2, g)],
    ['exponential', 0.5, 0.25, 9, (out, g) => fillExponential(out, 2, g)],
    ['bernoulli', 0.3, 0.21, 1.77, (out, g) => fillBernoulli(out, 0.3, g)],
    ['geometric', 4, 12, 9.1, (out, g) => fillGeometric(out, 0.25, g)],
    ['randint', 4.5, 8.25, 1.8, (out, g) => fillRandint(out, 0, 10, g)],
  ];
  for (const [name, mean, variance, kurtosis, fill] of cases) {
    const out = new Float64Array(n);
    fill(out, new Generator(2));
    const [m, v] = moments(out);
    assert.ok(Math.abs(m - mean) < 5 * Math.sqrt(variance / n), `${name}: mean ${m}`);
    assert.ok(Math.abs(v - variance) < 5 * variance * Math.sqrt((kurtosis - 1) / n), `${name}: variance ${v}`);
  }
});

test.run();
