import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FormatError, ValueError } from '../errors.ts';
import { defaultGenerator, Generator, getRngState, initialSeed, manualSeed, seed, setRngState } from './generator.ts';

function take(generator: Generator, count: number): number[] {
  return Array.from({ length: count }, () => generator.random());
}

/** Runs `f` and leaves `defaultGenerator` as it was. */
function keepingDefault(f: () => void): void {
  const before = getRngState();
  try {
    f();
  } finally {
    setRngState(before);
  }
}

test('random gives the reference words of mt19937 for seed 5489', () => {
  // The first ten outputs of std::mt19937 and of Matsumoto and Nishimura's init_genrand(5489).
  assert.equal(
    take(new Generator(5489), 10),
    [
      3499211612, 581869302, 3890346734, 3586334585, 545404204, 4161255391, 3922919429, 949333985, 2715962298,
      1323567403,
    ],
  );
  // The standard states the 10 000th (C++ [rand.predef]).
  assert.is(take(new Generator(5489), 10000)[9999], 4123659995);
});

test('random64 and random53 take two draws, the first on top', () => {
  const [hi, lo] = take(new Generator(1), 2);
  assert.is(new Generator(1).random64(), (BigInt(hi) << 32n) | BigInt(lo));
  assert.is(new Generator(1).random53(), Number(BigInt.asUintN(53, new Generator(1).random64())));
});

test('a number and a bigint are the same seed, and only its low 32 bits count', () => {
  const first = take(new Generator(7), 5);
  assert.equal(take(new Generator(7n), 5), first);
  assert.equal(take(new Generator(7 + 2 ** 40), 5), first);
  assert.equal(take(new Generator(7n - 2n ** 62n), 5), first);
  assert.not.equal(take(new Generator(8), 5), first);
});

test('initialSeed is a number up to 53 bits, and a bigint above; negative seeds count from 2^64', () => {
  assert.is(new Generator(2 ** 53 - 1).initialSeed(), 2 ** 53 - 1);
  assert.is(new Generator(2n ** 53n).initialSeed(), 2n ** 53n);
  assert.is(new Generator(-1).initialSeed(), 2n ** 64n - 1n);
  assert.is(new Generator(3n).initialSeed(), 3);
});

test('what is no 64-bit integer is refused as a seed, and the generator stays as it was', () => {
  const generator = new Generator(5);
  const expected = take(generator.clone(), 3);
  const bad = [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 64n, -(2n ** 63n) - 1n, '3', undefined, null];
  for (const value of bad) {
    const isRefused = (error: unknown) =>
      error instanceof ValueError &&
      error.op === 'Generator.manualSeed' &&
      error.message.startsWith('Generator.manualSeed: seed must be a 64-bit integer') &&
      error.message.includes(String(value));
    assert.throws(() => generator.manualSeed(value as number), isRefused);
  }
  assert.equal(take(generator, 3), expected);
  assert.throws(() => manualSeed(1.5), /^manualSeed: seed must be a 64-bit integer, but got 1\.5/);
  assert.throws(() => new Generator(1.5), /^Generator: seed must be a 64-bit integer, but got 1\.5/);
});

test('seed() differs from call to call, is a safe integer, and is what initialSeed gives', () => {
  const generator = new Generator();
  const seeds = Array.from({ length: 20 }, () => generator.seed());
  assert.is(new Set(seeds).size, 20);
  assert.ok(seeds.every((s) => Number.isSafeInteger(s) && s >= 0));
  assert.is(generator.initialSeed(), seeds[19]);
  assert.equal(take(generator, 3), take(new Generator(seeds[19]), 3));
});

test('manualSeed forgets the waiting normals', () => {
  const generator = new Generator(1);
  generator.nextDoubleNormalSample = 0.5;
  generator.nextFloatNormalSample = 0.25;
  generator.manualSeed(1);
  assert.is(generator.nextDoubleNormalSample, null);
  assert.is(generator.nextFloatNormalSample, null);
});

test('clone and setState go on from the same point, then apart', () => {
  for (const drawn of [0, 1, 623, 624, 625]) {
    const generator = new Generator(11);
    take(generator, drawn);
    generator.nextDoubleNormalSample = -1.5;
    generator.nextFloatNormalSample = 0.75;
    const copy = generator.clone();
    const restored = new Generator(12).setState(generator.getState());
    for (const other of [copy, restored]) {
      assert.equal(other.getState(), generator.getState());
      assert.is(other.nextDoubleNormalSample, -1.5);
      assert.is(other.nextFloatNormalSample, 0.75);
    }
    const expected = take(generator, 700);
    assert.equal(take(copy, 700), expected);
    assert.equal(take(restored, 700), expected);
  }
});

test('getState is a copy, and setState takes one', () => {
  const generator = new Generator(2);
  const state = generator.getState();
  const expected = take(generator.clone(), 4);
  generator.setState(state);
  state.fill(0);
  assert.equal(take(generator, 4), expected);
});

test('a view into a larger buffer is a state too, at any offset', () => {
  const state = new Generator(3).getState();
  const larger = new Uint8Array(state.length + 9);
  larger.set(state, 3);
  assert.is(new Generator().setState(larger.subarray(3, 3 + state.length)).random(), new Generator(3).random());
});

test('bytes that are no state are refused, and the generator stays as it was', () => {
  const generator = new Generator(4);
  const expected = take(generator.clone(), 3);
  const state = generator.getState();
  const spoilt = (at: number, value: number) => {
    const copy = state.slice();
    copy[at] = value;
    return copy;
  };
  // left = 0 (byte 8), not seeded (byte 12), next = 5 while left = 1 (byte 16).
  for (const bad of [new Uint8Array(10), spoilt(8, 0), spoilt(12, 0), spoilt(16, 5), new Float32Array(5056), null]) {
    assert.throws(
      () => generator.setState(bad as Uint8Array),
      (error: unknown) => error instanceof FormatError,
    );
  }
  assert.throws(() => generator.setState(new Uint8Array(10)), /Generator\.setState: .*5056 bytes, but got 10 bytes/);
  assert.equal(take(generator, 3), expected);
});

test('the functions act on defaultGenerator, which starts from entropy', () => {
  keepingDefault(() => {
    assert.not.equal(initialSeed(), new Generator().initialSeed());
    assert.is(manualSeed(9), defaultGenerator);
    assert.is(initialSeed(), 9);
    const state = getRngState();
    const first = defaultGenerator.random();
    setRngState(state);
    assert.is(defaultGenerator.random(), first);
    assert.is(first, new Generator(9).random());
    assert.is(initialSeed(), 9);
    assert.is(seed(), initialSeed());
  });
});

test.run();
