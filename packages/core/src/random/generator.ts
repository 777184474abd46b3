/**
 * PyTorch's CPU generator: mt19937, a 64-bit seed, and the second half of a Box-Muller pair.
 *
 * From `aten/src/ATen/core/MT19937RNGEngine.h` and `aten/src/ATen/CPUGeneratorImpl.cpp`; the engine is Matsumoto and
 * Nishimura's (http://www.math.sci.hiroshima-u.ac.jp/~m-mat/MT/emt.html). The state has PyTorch's layout, so a state
 * saved by `torch.get_rng_state()` goes on here, and the other way round. Left out: locks, and jumping ahead.
 */

import { FormatError, ValueError } from '../errors.ts';

/** Words of state, and the distance of the recurrence. */
const N = 624;
const M = 397;
const MATRIX_A = 0x9908b0df | 0;
const UPPER_MASK = 0x80000000 | 0;
const LOWER_MASK = 0x7fffffff;

/** PyTorch's `default_rng_seed_val`: what `torch.Generator()` starts from. */
const DEFAULT_SEED = 67280421310721;

/** Bytes of a state: PyTorch's `CPUGeneratorImplState` as a 64-bit little-endian machine lays it out. */
const STATE_BYTES = 5056;

/** Byte offsets in `CPUGeneratorImplState`. Each of the 624 words takes eight bytes there, the upper four zero. */
const AT = {
  seed: 0,
  left: 8,
  seeded: 12,
  next: 16,
  words: 24,
  doubleSample: 24 + 8 * N + 8,
  hasDoubleSample: 24 + 8 * N + 24,
  floatSample: 24 + 8 * N + 32,
  hasFloatSample: 24 + 8 * N + 36,
} as const;

/** The seed as PyTorch keeps it: 64 bits, a negative one in two's complement. */
function seedBits(op: string, seed: number | bigint): bigint {
  const hint = 'a seed is an integer from -2^63 to 2^64 - 1, and a bigint beyond ±(2^53 - 1)';
  const isWhole = typeof seed === 'bigint' || Number.isSafeInteger(seed);
  if (!isWhole || seed < -(2n ** 63n) || seed >= 2n ** 64n) {
    throw new ValueError(`seed must be a 64-bit integer, but got ${String(seed)}; ${hint}`, { op, operands: { seed } });
  }
  return BigInt.asUintN(64, BigInt(seed));
}

/**
 * 53 bits that differ from run to run. `Math.random` alone would do in most engines; the date is there for those that start
 * every worker or snapshot from the same point. (Node loads `performance` at its first use, for a millisecond of an import.)
 * Nothing here is fit for cryptography.
 */
function entropy(): number {
  const hi = (Math.random() * 0x200000) ^ (Date.now() & 0x1fffff);
  const lo = (Math.random() * 2 ** 32) ^ (Date.now() * 0x9e3779b1);
  return hi * 2 ** 32 + (lo >>> 0);
}

/**
 * The next 624 words in place: `s[i] = s[i + 397] ^ A·(upper bit of s[i], lower bits of s[i + 1])`, indices mod 624.
 */
function twist(s: Int32Array): void {
  let i = 0;
  for (; i < N - M; i++) {
    const y = (s[i] & UPPER_MASK) | (s[i + 1] & LOWER_MASK);
    s[i] = s[i + M] ^ (y >>> 1) ^ (-(y & 1) & MATRIX_A);
  }
  for (; i < N - 1; i++) {
    const y = (s[i] & UPPER_MASK) | (s[i + 1] & LOWER_MASK);
    s[i] = s[i + M - N] ^ (y >>> 1) ^ (-(y & 1) & MATRIX_A);
  }
  const y = (s[N - 1] & UPPER_MASK) | (s[0] & LOWER_MASK);
  s[N - 1] = s[M - 1] ^ (y >>> 1) ^ (-(y & 1) & MATRIX_A);
}

/**
 * A stream of random numbers: the same seed gives the same stream as in PyTorch.
 *
 * `new Generator()` starts from PyTorch's fixed 67280421310721; only `defaultGenerator` starts from entropy.
 *
 * @example
 * const generator = new Generator().manualSeed(42);
 * generator.random(); // 1608637542, as from torch.manual_seed(42)
 */
export class Generator {
  readonly #words = new Int32Array(N);
  /** The next word to hand out; `N` when all are spent. */
  #next = N;
  /** True between seeding and the first draw: PyTorch's state writes that moment in its own way (`next` is 0). */
  #isFresh = true;
  #seed = 0n;

  /**
   * The sine half of a Box-Muller pair that waits for the next scalar normal, before mean and standard deviation;
   * `null` when there is none. `fillNormal` under 16 elements and `fillLogNormal` use it.
   */
  nextDoubleNormalSample: number | null = null;

  /** The same in float32. No CPU distribution of PyTorch uses it; it is here because states carry it. */
  nextFloatNormalSample: number | null = null;

  /** @throws ValueError when the seed is not a 64-bit integer */
  constructor(seed: number | bigint = DEFAULT_SEED) {
    this.#init(seedBits('Generator', seed));
  }

  /**
   * Starts the stream afresh. The engine sees the low 32 bits of the seed alone, as in PyTorch: `2 ** 32` gives the
   * stream of 0. A negative seed counts from 2^64.
   *
   * @throws ValueError when the seed is NaN, fractional, a number beyond ±(2^53 - 1), or outside [-2^63, 2^64)
   */
  manualSeed(seed: number | bigint): this {
    this.#init(seedBits('Generator.manualSeed', seed));
    return this;
  }

  /** Starts from a seed that differs from run to run, and returns it: 53 bits, where PyTorch draws 64. */
  seed(): number {
    const seed = entropy();
    this.#init(BigInt(seed));
    return seed;
  }

  /** The seed that the stream started from, as a number if it has up to 53 bits; a negative seed reads as 2^64 more. */
  initialSeed(): number | bigint {
    return this.#seed <= Number.MAX_SAFE_INTEGER ? Number(this.#seed) : this.#seed;
  }

  /** The next 32 bits, as a number in [0, 2^32). */
  random(): number {
    if (this.#next === N) this.#refill();
    let y = this.#words[this.#next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /**
   * Lends the engine to `run`, for kernels that draw many words at once: it gets the words and the position of the next one, may
   * twist the words, and returns the new position, 624 when all are spent. For the launches of this library alone.
   */
  lend(run: (words: Int32Array, next: number) => number): void {
    this.#next = run(this.#words, this.#next);
    this.#isFresh = false;
  }

  /** The next 64 bits: two draws, the first one on top. */
  random64(): bigint {
    const hi = this.random();
    const lo = this.random();
    return (BigInt(hi) << 32n) | BigInt(lo);
  }

  /** The low 53 bits of `random64()`, without a bigint: what every double-precision distribution starts from. */
  random53(): number {
    const hi = this.random() & 0x1fffff;
    return hi * 2 ** 32 + this.random();
  }

  /**
   * A copy of the state: 5056 bytes, PyTorch's own layout.
   *
   * @example
   * const before = generator.getState();
   * const a = generator.random();
   * generator.setState(before);
   * generator.random() === a; // true
   */
  getState(): Uint8Array<ArrayBuffer> {
    const state = new Uint8Array(STATE_BYTES);
    const view = new DataView(state.buffer);
    view.setBigUint64(AT.seed, this.#seed, true);
    // PyTorch counts `left` down to 1; then the next draw twists, whatever `next` says.
    view.setInt32(AT.left, N + 1 - this.#next, true);
    view.setInt32(AT.seeded, 1, true);
    view.setUint32(AT.next, this.#isFresh ? 0 : this.#next, true);
    for (let i = 0; i < N; i++) view.setInt32(AT.words + 8 * i, this.#words[i], true);
    if (this.nextDoubleNormalSample !== null) {
      view.setFloat64(AT.doubleSample, this.nextDoubleNormalSample, true);
      view.setInt32(AT.hasDoubleSample, 1, true);
    }
    if (this.nextFloatNormalSample !== null) {
      view.setFloat32(AT.floatSample, this.nextFloatNormalSample, true);
      view.setUint8(AT.hasFloatSample, 1);
    }
    return state;
  }

  /**
   * Goes on from a state of `getState()` or of `torch.get_rng_state()`. The state is copied.
   *
   * @throws FormatError when the bytes are not such a state; the generator is then as before
   */
  setState(state: Uint8Array): this {
    const op = 'Generator.setState';
    if (!(state instanceof Uint8Array) || state.length !== STATE_BYTES) {
      const got = state instanceof Uint8Array ? `${state.length} bytes` : typeof state;
      throw new FormatError(`a state is a Uint8Array of ${STATE_BYTES} bytes, but got ${got}`, { op });
    }
    const view = new DataView(state.buffer, state.byteOffset, STATE_BYTES);
    const left = view.getInt32(AT.left, true);
    const next = view.getUint32(AT.next, true);
    const isFresh = left === 1 && next === 0;
    const isConsistent = left >= 1 && left <= N && left + next === N + 1;
    if (view.getInt32(AT.seeded, true) !== 1 || !(isFresh || isConsistent)) {
      throw new FormatError(`not the state of an mt19937 generator, left=${left}, next=${next}`, {
        op,
        operands: { left, next },
      });
    }
    for (let i = 0; i < N; i++) this.#words[i] = view.getInt32(AT.words + 8 * i, true);
    this.#next = N + 1 - left;
    this.#isFresh = isFresh;
    this.#seed = view.getBigUint64(AT.seed, true);
    const hasDouble = view.getInt32(AT.hasDoubleSample, true) !== 0;
    this.nextDoubleNormalSample = hasDouble ? view.getFloat64(AT.doubleSample, true) : null;
    const hasFloat = view.getUint8(AT.hasFloatSample) !== 0;
    this.nextFloatNormalSample = hasFloat ? view.getFloat32(AT.floatSample, true) : null;
    return this;
  }

  /** A generator of its own that goes on from the same point. */
  clone(): Generator {
    const copy = new Generator();
    copy.#words.set(this.#words);
    copy.#next = this.#next;
    copy.#isFresh = this.#isFresh;
    copy.#seed = this.#seed;
    copy.nextDoubleNormalSample = this.nextDoubleNormalSample;
    copy.nextFloatNormalSample = this.nextFloatNormalSample;
    return copy;
  }

  /** Knuth's initialisation, TAOCP volume 2, 3rd edition, page 106, from the low 32 bits of the seed. */
  #init(seed: bigint): void {
    const words = this.#words;
    words[0] = Number(BigInt.asIntN(32, seed));
    for (let i = 1; i < N; i++) {
      const before = words[i - 1];
      words[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
    this.#seed = seed;
    this.#next = N;
    this.#isFresh = true;
    this.nextDoubleNormalSample = null;
    this.nextFloatNormalSample = null;
  }

  #refill(): void {
    twist(this.#words);
    this.#next = 0;
    this.#isFresh = false;
  }
}

function fromEntropy(): Generator {
  const generator = new Generator();
  generator.seed();
  return generator;
}

/** The generator that everything draws from unless given another. It starts from entropy. */
export const defaultGenerator: Generator = /* @__PURE__ */ fromEntropy();

/**
 * Seeds `defaultGenerator`, and returns it.
 *
 * @throws ValueError when the seed is not a 64-bit integer
 * @example
 * manualSeed(0);
 */
export function manualSeed(seed: number | bigint): Generator {
  seedBits('manualSeed', seed);
  return defaultGenerator.manualSeed(seed);
}

/** Seeds `defaultGenerator` from entropy, and returns the seed. */
export function seed(): number {
  return defaultGenerator.seed();
}

/** The seed that `defaultGenerator` started from. */
export function initialSeed(): number | bigint {
  return defaultGenerator.initialSeed();
}

/** A copy of the state of `defaultGenerator`, in PyTorch's layout. */
export function getRngState(): Uint8Array<ArrayBuffer> {
  return defaultGenerator.getState();
}

/** Lets `defaultGenerator` go on from a state. */
export function setRngState(state: Uint8Array): void {
  defaultGenerator.setState(state);
}
