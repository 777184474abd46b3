/**
 * The generator and every distribution against PyTorch 1.13, draw for draw. The numbers are in `fixtures/random.json`,
 * written by `tools/fixtures/random_numbers.py`.
 *
 * Results built from integers and comparisons must have the same bytes (CRC-32). The others go through `Math.log` and
 * its kin, which differ between engines by a unit in the last place; each has its tolerance below. After every call the
 * next u32 must be PyTorch's.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, TypedArray } from '../dtype.ts';
import { newArray } from '../dtype.ts';
import fixtureJson from '../fixtures/random.json' with { type: 'json' };
import type { FloatArray } from './distributions.ts';
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
import { Generator } from './generator.ts';
import { multinomial, randperm } from './sampling.ts';

interface Call {
  readonly n: number;
  readonly crc: number;
  readonly values: readonly (number | string)[];
  readonly next: number;
}

/** One function with one list of arguments, called with several sizes on one generator. */
interface Case {
  readonly fn: string;
  readonly dtype: DType;
  readonly seed: number;
  readonly args: readonly never[];
  readonly calls: readonly Call[];
}

interface Fixture {
  readonly defaultSeed: number;
  readonly stream: { readonly seed: number; readonly n: number; readonly crc: number };
  readonly seeds: readonly { readonly seed: string; readonly initialSeed: string; readonly next: number }[];
  readonly states: readonly {
    readonly seed: number;
    readonly draws: number;
    readonly normals: number;
    readonly crc: number;
  }[];
  readonly saved: {
    readonly head: readonly number[];
    readonly words: string;
    readonly tail: readonly number[];
    readonly initialSeed: number;
    readonly normals: readonly number[];
    readonly next: number;
  };
  readonly cases: readonly Case[];
}

const fixture = fixtureJson as unknown as Fixture;

/** CRC-32 (IEEE 802.3) of the bytes of an array, as Python's `zlib.crc32`. */
function crc32(array: TypedArray): number {
  let crc = -1;
  for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & 0xedb88320);
  }
  return ~crc >>> 0;
}

type Fill = (out: never, args: readonly never[], generator: Generator, dtype: DType) => void;

const fills: Record<string, Fill> = {
  rand: (out, _, g) => fillRand(out, g),
  uniform: (out, [from, to], g) => fillUniform(out, from, to, g),
  normal: (out, [mean, std], g) => fillNormal(out, mean, std, g),
  logNormal: (out, [mean, std], g) => fillLogNormal(out, mean, std, g),
  exponential: (out, [lambda], g) => fillExponential(out, lambda, g),
  cauchy: (out, [median, sigma], g) => fillCauchy(out, median, sigma, g),
  geometric: (out, [p], g) => fillGeometric(out, p, g),
  randint: (out, [low, high], g, dtype) => fillRandint(out, BigInt(low), BigInt(high), g, dtype),
  random: (out, _, g, dtype) => fillRandom(out, g, dtype),
  bernoulli: (out, [p], g) => fillBernoulli(out, p, g),
  dropout: (out, [p], g) => fillBernoulli(out, p, g),
};

/** `0, 1/(n − 1), …, 1`: the probabilities that the fixtures of `bernoulliOf` use. */
function rising(dtype: DType, n: number): FloatArray {
  const p = newArray(dtype, n) as FloatArray;
  return p.map((_, i) => i / Math.max(n - 1, 1)) as FloatArray;
}

/** The weights of the fixtures of `multinomialOfMany`. */
function manyWeights(dtype: DType, categories: number): FloatArray {
  const weights = newArray(dtype, categories) as FloatArray;
  return weights.map((_, i) => (((i * 7919) % 1000) + 1) / 1000) as FloatArray;
}

function draw({ fn, dtype, args }: Case, n: number, generator: Generator): TypedArray {
  if (fn === 'randperm') return randperm(n, generator);
  const out = newArray(dtype, n);
  if (fn === 'bernoulliOf') {
    fillBernoulli(out, rising(dtype, n), generator);
  } else if (fn === 'multinomialOfMany') {
    const [categories, replacement] = args;
    return multinomial(manyWeights(dtype, categories), categories, n, replacement, generator);
  } else if (fn === 'multinomial') {
    const [rows, replacement] = args as readonly unknown[] as [number[][], boolean];
    const weights = newArray(dtype, rows.length * rows[0].length) as FloatArray;
    weights.set(rows.flat());
    return multinomial(weights, rows[0].length, n / rows.length, replacement, generator);
  } else {
    fills[fn](out as never, args, generator, dtype);
  }
  return out;
}

/** What `values` of a call show of an array: all of it, or the first and last three. */
function shown(array: TypedArray, count: number): (number | string)[] {
  const all = Array.from(array as Iterable<number | bigint>, (x) => (typeof x === 'bigint' ? String(x) : x));
  return all.length === count ? all : [...all.slice(0, 3), ...all.slice(-3)];
}

/**
 * Runs every case of a function; a tolerance bounds `|got − want| / (1 + |want|)`, and without one bytes must agree.
 */
function agrees(fn: string, tolerance: Partial<Record<DType, number>> = {}): void {
  const cases = fixture.cases.filter((c) => c.fn === fn);
  assert.ok(cases.length > 0, `no cases of ${fn}`);
  for (const c of cases) {
    const generator = new Generator(c.seed);
    for (const [i, call] of c.calls.entries()) {
      const name = `${fn}(${JSON.stringify(c.args)}) ${c.dtype}, seed ${c.seed}, call ${i} of ${call.n}`;
      const out = draw(c, call.n, generator);
      const got = shown(out, call.values.length);
      const bound = tolerance[c.dtype];
      if (bound === undefined) {
        assert.equal(got, call.values, name);
        assert.is(crc32(out), call.crc, `${name}: CRC`);
      } else {
        for (const [k, want] of call.values.entries()) {
          const error = Math.abs(Number(got[k]) - Number(want)) / (1 + Math.abs(Number(want)));
          assert.ok(error <= bound, `${name}: element ${k} is ${got[k]}, should be ${want}`);
        }
      }
      assert.is(generator.clone().random(), call.next, `${name}: the next u32`);
    }
  }
}

/** `head` and `tail` as they are; of the words of the engine only the lower four bytes of eight. */
function savedState(): Uint8Array {
  const { head, words, tail } = fixture.saved;
  const packed = Uint8Array.from(atob(words), (char) => char.charCodeAt(0));
  const state = new Uint8Array(head.length + 2 * packed.length + tail.length);
  state.set(head);
  for (let i = 0; i < packed.length; i++) state[head.length + 8 * (i >> 2) + (i & 3)] = packed[i];
  state.set(tail, head.length + 2 * packed.length);
  return state;
}

test('2000 words of the stream, over three twists, are those of PyTorch', () => {
  const generator = new Generator(fixture.stream.seed);
  const words = Int32Array.from({ length: fixture.stream.n }, () => generator.random() - 2 ** 31);
  assert.is(crc32(words), fixture.stream.crc);
});

test('every seed of 64 bits starts the stream that it starts in PyTorch, negative ones too', () => {
  for (const { seed, initialSeed, next } of fixture.seeds) {
    const generator = new Generator().manualSeed(BigInt(seed));
    assert.is(String(generator.initialSeed()), initialSeed);
    assert.is(generator.random(), next, `seed ${seed}`);
  }
  assert.is(new Generator().initialSeed(), fixture.defaultSeed);
});

test('getState gives the bytes of torch.get_rng_state', () => {
  for (const { seed, draws, normals, crc } of fixture.states) {
    const generator = new Generator(seed);
    for (let i = 0; i < draws; i++) generator.random();
    for (let i = 0; i < normals; i++) fillNormal(new Float64Array(1), 0, 1, generator);
    const name = `seed ${seed}, ${draws} draws, ${normals} normals`;
    assert.is(crc32(generator.getState()), crc, name);
    assert.is(crc32(new Generator().setState(generator.getState()).getState()), crc, `${name}, read and written again`);
  }
});

test('setState goes on from a state that PyTorch saved, waiting normal included', () => {
  const generator = new Generator().setState(savedState());
  assert.is(generator.initialSeed(), fixture.saved.initialSeed);
  const normals = new Float64Array(3);
  fillNormal(normals, 0, 1, generator);
  for (const [i, want] of fixture.saved.normals.entries()) assert.ok(Math.abs(normals[i] - want) <= 1e-15 * 8);
  assert.is(generator.random(), fixture.saved.next);
});

test('rand has the bits of PyTorch', () => agrees('rand'));
test('uniform has the bits of PyTorch, one rounding for product and sum', () => agrees('uniform'));
test('randint has the bits of PyTorch in every dtype, across 2^32 and beyond what floats can hold', () =>
  agrees('randint'));
test('random without bounds has the bits of PyTorch in every dtype', () => agrees('random'));
test('randperm gives the permutations of PyTorch', () => agrees('randperm'));
test('bernoulli of a number draws 53 bits an element in every dtype', () => agrees('bernoulli'));
test('dropout of PyTorch keeps where bernoulli of 1 − p is one', () => agrees('dropout'));
test('bernoulli of an array draws in the precision of the array', () => agrees('bernoulliOf'));
test('geometric gives the counts of PyTorch', () => agrees('geometric'));
test('multinomial gives the indices of PyTorch, with and without replacement', () => agrees('multinomial'));
test('multinomial sums its weights in their own precision', () => agrees('multinomialOfMany'));

// float32: PyTorch approximates log, sin and cos in single precision. In 3 million draws the greatest error was 7.2e-7,
// and 1.7e-7 as measured here; an angle in double precision would have made it 1.4e-6. float64: the last places of
// `Math`, scaled by a radius of up to 8.6.
test('randn agrees to 2^-22 in float32 and 1e-14 in float64, under 16 elements and from there on', () =>
  agrees('normal', { float32: 2 ** -22, float64: 1e-14 }));

// float32 results are rounded doubles: at most one unit in the last place, 2^-23, where engines differ.
test('exponential agrees to one unit in the last place', () =>
  agrees('exponential', { float32: 2 ** -23, float64: 1e-15 }));
test('logNormal agrees to one unit in the last place of float32', () =>
  agrees('logNormal', { float32: 2 ** -23, float64: 1e-14 }));
// Near its poles the tangent magnifies the rounding of its argument, so float64 gets more room.
test('cauchy agrees to one unit in the last place of float32', () =>
  agrees('cauchy', { float32: 2 ** -23, float64: 1e-12 }));

test.run();
