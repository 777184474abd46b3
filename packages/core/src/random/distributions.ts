/**
 * Distributions over a contiguous array, draw for draw as PyTorch's CPU kernels: the same seed gives the same numbers
 * and leaves the generator at the same point.
 *
 * Formulas: `aten/src/ATen/core/{TransformationHelper,DistributionsHelper}.h`. Loops, bounds and which precision draws:
 * `aten/src/ATen/native/{,cpu/}DistributionTemplates.h`.
 *
 * What is exact: everything built from integers and comparisons (`fillRand`, `fillUniform`, `fillRandint`,
 * `fillRandom`, `fillBernoulli`). What goes through a logarithm, sine, tangent or exponential depends on the engine's
 * own `Math`; float64 results then agree to a few units in the last place. float32 normals, 16 and more at a time, come
 * from a kernel that approximates `log`, `sin` and `cos` in single precision, as PyTorch's AVX2 kernel does: they agree to
 * 1e-6, and are the same on every engine with vectors.
 *
 * Where PyTorch has two answers: builds with Intel's MKL (the x86 wheels) take `bernoulli_(p)` with a plain number,
 * hence dropout, and in 2.x also `exponential_`, from a stream of MKL's own, which depends on the version. Here both
 * come from mt19937, as in builds without MKL.
 *
 * Every function draws from `defaultGenerator` unless given another, checks its arguments before it draws or writes,
 * and neither draws nor writes for an empty array.
 */

import type { ComputeDType, DType, FloatDType, HalfDType, TypedArray } from '../dtype.ts';
import { dtypeOfArray, isFloating, isHalf } from '../dtype.ts';
import { DTypeError, ValueError } from '../errors.ts';
import * as exact from '../reference/exactMath.ts';
import { roundToHalf } from '../reference/half.ts';
import {
  launchBernoulli,
  launchNormal,
  launchRemainder,
  launchUniform,
  launchUnit,
  launchWords,
} from '../wasm/launchRandom.ts';
import { fma32, fma64 } from './fma.ts';
import type { Generator } from './generator.ts';
import { defaultGenerator } from './generator.ts';

export type FloatArray = Float32Array | Float64Array;

const TWO_POW_24 = 2 ** 24;
const TWO_POW_53 = 2 ** 53;
const TO_UNIT_24 = 2 ** -24;
const TO_UNIT_53 = 2 ** -53;
/** From this range on, `fillRandint` draws 64 bits where PyTorch up to 2.6 does. (2.7 has 2^28, for every dtype.) */
const WIDE_RANGE = 2 ** 32;
const FLOAT32_MAX = 2 ** 128 - 2 ** 104;

/** `rule, but got name=value, …`, with the values as fields. */
function fail(op: string, rule: string, operands: Record<string, unknown>): never {
  const got = Object.entries(operands).map(([name, value]) => `${name}=${String(value)}`);
  throw new ValueError(`${rule}, but got ${got.join(', ')}`, { op, operands });
}

function requireFloat(op: string, out: TypedArray): void {
  const dtype = dtypeOfArray(out);
  if (dtype === null || !isFloating(dtype)) {
    throw new DTypeError(`takes float32 or float64, but got ${dtype ?? 'no typed array'}`, { op, operands: { dtype } });
  }
}

/** Words that are drawn at once. */
const BLOCK = 8192;

/**
 * Draws the words for `size` elements, `per` of them each, in blocks: `use(words, from, to)` makes elements `from` to `to - 1` of
 * them, as many times as it takes.
 */
export function inBlocks(
  size: number,
  per: 1 | 2,
  generator: Generator,
  use: (words: Int32Array, from: number, to: number) => void,
): void {
  const most = BLOCK / per;
  const block = new Int32Array(Math.min(size, most) * per);
  for (let from = 0; from < size; from += most) {
    const to = Math.min(from + most, size);
    const words = block.subarray(0, (to - from) * per);
    if (!launchWords(words, generator)) for (let i = 0; i < words.length; i++) words[i] = generator.random();
    use(words, from, to);
  }
}

/** The low 53 bits of two words, the first on top. */
function bits53(words: Int32Array, at: number): number {
  return (words[at] & 0x1fffff) * 2 ** 32 + (words[at + 1] >>> 0);
}

/** Fills with what `make` makes of 53 random bits. */
function fillFrom53(out: TypedArray, generator: Generator, make: (bits: number, i: number) => number): void {
  inBlocks(out.length, 2, generator, (words, from, to) => {
    for (let i = from, at = 0; i < to; i++, at += 2) {
      const value = make(bits53(words, at), i);
      out[i] = (out instanceof BigInt64Array ? BigInt(value) : value) as never;
    }
  });
}

/** The slow way to fill: a call an element. For distributions whose logarithms and tangents cost more than the call. */
function generate(out: TypedArray, draw: () => number): void {
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = BigInt(draw());
  } else {
    for (let i = 0; i < out.length; i++) out[i] = draw();
  }
}

/** Uniform in [0, 1) with 53 bits: what PyTorch calls `uniform_real_distribution<double>(0, 1)`. */
function uniform53(generator: Generator): number {
  return generator.random53() * TO_UNIT_53;
}

/**
 * Uniform in [0, 1): `torch.rand`.
 *
 * float32: `(u32 mod 2^24) / 2^24`, one draw an element. float64: `(u64 mod 2^53) / 2^53`, two draws, the first on top.
 *
 * @example
 * const out = new Float32Array(2);
 * fillRand(out, new Generator(42)); // [0.8822692632675171, 0.9150039553642273]
 */
export function fillRand(out: FloatArray, generator: Generator = defaultGenerator): void {
  requireFloat('rand', out);
  if (out instanceof Float32Array) {
    if (launchUnit(out, generator)) return;
    for (let i = 0; i < out.length; i++) out[i] = (generator.random() & 0xffffff) * TO_UNIT_24;
  } else {
    inBlocks(out.length, 2, generator, (words, from, to) => {
      for (let i = from, at = 0; i < to; i++, at += 2) out[i] = bits53(words, at) * TO_UNIT_53;
    });
  }
}

/**
 * Uniform in [from, to): `Tensor.uniform_`. `from + x·(to − from)` for `x` of `fillRand`, with bounds and difference
 * rounded to the array's precision first, and product and sum rounded once. Rounding can reach `to` itself, as in
 * PyTorch.
 *
 * @throws ValueError unless `from <= to` and both, and their difference, are finite in the array's precision
 * @example
 * const weight = new Float32Array(6);
 * fillUniform(weight, -0.1, 0.1);
 */
export function fillUniform(out: FloatArray, from: number, to: number, generator: Generator = defaultGenerator): void {
  const op = 'uniform_';
  requireFloat(op, out);
  const max = out instanceof Float32Array ? FLOAT32_MAX : Number.MAX_VALUE;
  const inRange = Math.abs(from) <= max && Math.abs(to) <= max && from <= to && to - from <= max;
  if (!inRange) fail(op, 'expects finite from <= to whose difference is finite too', { from, to });
  if (out instanceof Float32Array) {
    const base = Math.fround(from);
    const width = fma32(Math.fround(to), 1, -base);
    if (launchUniform(out, base, width, generator)) return;
    for (let i = 0; i < out.length; i++) out[i] = fma32((generator.random() & 0xffffff) * TO_UNIT_24, width, base);
  } else {
    const width = to - from;
    fillFrom53(out, generator, (bits) => fma64(bits * TO_UNIT_53, width, from));
  }
}

/**
 * One scalar normal by Box and Muller, in double precision: the cosine half now, the sine half from the cache later.
 */
function standardNormal(generator: Generator): number {
  const cached = generator.nextDoubleNormalSample;
  if (cached !== null) {
    generator.nextDoubleNormalSample = null;
    return cached;
  }
  const u1 = uniform53(generator);
  const u2 = uniform53(generator);
  const radius = Math.sqrt(-2 * exact.log1p(-u2));
  const theta = 2 * Math.PI * u1;
  generator.nextDoubleNormalSample = radius * exact.sin(theta);
  return radius * exact.cos(theta);
}

const TWO_PI_32 = Math.fround(2 * Math.PI);

/** Sixteen uniforms at `at` become normals: the pair of `j` and `j + 8` is one Box-Muller pair. */
function transform16(out: FloatArray, at: number, mean: number, std: number): void {
  if (out instanceof Float32Array) {
    for (let j = at; j < at + 8; j++) {
      // Single precision where PyTorch has it: an angle rounded to 24 bits moves the result by up to 1e-6.
      const radius = Math.fround(Math.sqrt(-2 * exact.log(1 - out[j])));
      const theta = Math.fround(TWO_PI_32 * out[j + 8]);
      out[j] = Math.fround(radius * exact.cos(theta)) * std + mean;
      out[j + 8] = Math.fround(radius * exact.sin(theta)) * std + mean;
    }
  } else {
    for (let j = at; j < at + 8; j++) {
      const radius = Math.sqrt(-2 * exact.log(1 - out[j]));
      const theta = 2 * Math.PI * out[j + 8];
      out[j] = radius * exact.cos(theta) * std + mean;
      out[j + 8] = radius * exact.sin(theta) * std + mean;
    }
  }
}

/**
 * Normal: `torch.randn`, `Tensor.normal_`.
 *
 * Up to 15 elements: scalar Box-Muller pairs in double precision, `r = √(−2 ln(1 − u2))`, `θ = 2π·u1`; `r cos θ` first,
 * and `r sin θ` waits in the generator for the next call. From 16 on: every element a uniform of its own precision,
 * then blocks of 16 in which `1 − out[j]` gives the radius and `out[j + 8]` the angle; when the size is no multiple of
 * 16, the last 16 elements are drawn anew. This way neither reads nor clears the waiting sample.
 *
 * float32 agrees with PyTorch's AVX2 kernel to 1e-6·std: 7.2e-7 at most in 3 million draws, and `pytorch.test.ts`
 * bounds it by 2^-22 (1 + |x|).
 *
 * @throws ValueError unless `std >= 0` and `mean` is a number
 * @example
 * const out = new Float32Array(16);
 * fillNormal(out, 0, 1, new Generator(0)); // [-1.1258…, -1.1524…, …]
 */
export function fillNormal(out: FloatArray, mean: number, std: number, generator: Generator = defaultGenerator): void {
  const op = 'normal_';
  requireFloat(op, out);
  if (!(std >= 0) || Number.isNaN(mean)) fail(op, 'expects std >= 0', { mean, std });
  const size = out.length;
  if (size < 16) {
    for (let i = 0; i < size; i++) out[i] = standardNormal(generator) * std + mean;
    return;
  }
  if (out instanceof Float32Array) {
    mean = Math.fround(mean);
    std = Math.fround(std);
    if (launchNormal(out, mean, std, generator)) return;
  }
  fillRand(out, generator);
  for (let i = 0; i + 16 <= size; i += 16) transform16(out, i, mean, std);
  if (size % 16 !== 0) {
    fillRand(out.subarray(size - 16), generator);
    transform16(out, size - 16, mean, std);
  }
}

/** Least and greatest value of each integer dtype. */
const INTEGER_LIMITS: Record<Exclude<ComputeDType, FloatDType>, readonly [bigint, bigint]> = {
  bool: [0n, 1n],
  uint8: [0n, 255n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
};

function toInteger(op: string, name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value)) fail(op, 'expects integers, as bigint beyond ±(2^53 - 1)', { [name]: value });
  return BigInt(value);
}

/** floor(log2(|x|)); 0 for 0. */
function log2Floor(x: bigint): bigint {
  return BigInt((x < 0n ? -x : x).toString(2).length - 1);
}

/** Digits of a significand, that before the point included. */
const DIGITS: Readonly<Record<FloatDType | HalfDType, bigint>> = {
  float16: 11n,
  bfloat16: 8n,
  float32: 24n,
  float64: 53n,
};

function rounded(dtype: FloatDType | HalfDType, x: number): number {
  if (isHalf(dtype)) return roundToHalf(dtype, x);
  return dtype === 'float32' ? Math.fround(x) : x;
}

/**
 * Bounds that a float can hold, moved inwards when rounding would move them outwards (`update_from` and `update_to` of
 * `DistributionTemplates.h`). Up to ±2^24 in float32 and ±2^53 in float64 nothing changes.
 */
function floatBounds(dtype: FloatDType | HalfDType, low: bigint, high: bigint): [bigint, bigint] {
  const digits = DIGITS[dtype];
  const round = (x: bigint): bigint => BigInt(rounded(dtype, Number(x)));
  const afterLow = round(low + 1n);
  if (afterLow < low) low = afterLow + 2n ** (log2Floor(low + 1n) - digits + 1n);
  const beforeHigh = round(high - 1n);
  if (beforeHigh >= high) high = beforeHigh - 2n ** (log2Floor(high - 1n) - digits + 1n);
  return [low, high];
}

/**
 * Integers in [low, high): `torch.randint`, `Tensor.random_(from, to)`, for every dtype.
 *
 * `low + draw mod (high − low)`. The draw has 32 bits; 64 for int64 and floating dtypes when the range is 2^32 or more.
 * `dtype` tells `bool` from `uint8`.
 *
 * @throws ValueError unless `low < high`, both are integers, and the dtype holds `low` and `high - 1`
 * @example
 * const out = new Int32Array(3);
 * fillRandint(out, 0, 10, new Generator(42)); // [2, 7, 6]
 */
export function fillRandint(
  out: TypedArray,
  low: number | bigint,
  high: number | bigint,
  generator: Generator = defaultGenerator,
  dtype: DType = dtypeOfArray(out)!,
): void {
  const op = 'randint';
  let from = toInteger(op, 'low', low);
  let to = toInteger(op, 'high', high);
  if (from >= to) fail(op, 'expects low < high', { low, high });
  const [least, greatest] = INTEGER_LIMITS[isFloating(dtype) ? 'int64' : dtype];
  if (from < least || to - 1n > greatest) fail(op, `expects bounds that ${dtype} can hold`, { low, high });
  if (isFloating(dtype)) {
    if (dtype === 'float16' && (from < -65504n || to - 1n > 65504n))
      fail(op, `expects bounds that ${dtype} can hold`, { low, high });
    [from, to] = floatBounds(dtype, from, to);
    if (from >= to) fail(op, `expects low < high after rounding to ${dtype}`, { low, high });
  }
  const range = to - from;
  const isWide = range >= WIDE_RANGE && (dtype === 'int64' || isFloating(dtype));
  const base = Number(from);
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) {
      out[i] = ((isWide ? generator.random64() : BigInt(generator.random())) % range) + from;
    }
  } else if (isWide || !Number.isSafeInteger(base) || !Number.isSafeInteger(base + WIDE_RANGE)) {
    for (let i = 0; i < out.length; i++) {
      out[i] = Number(((isWide ? generator.random64() : BigInt(generator.random())) % range) + from);
    }
  } else {
    // `>>> 0` keeps the remainder in integer registers; a range of 2^32 becomes 0 and needs no remainder.
    const width = Number(range) >>> 0;
    const fitsInt32 = from >= -(2n ** 31n) && to <= 2n ** 31n;
    if (fitsInt32 && launchRemainder(out, isHalf(dtype) ? 'float32' : dtype, base, width, generator)) return;
    inBlocks(out.length, 1, generator, (words, first, end) => {
      for (let i = first; i < end; i++) {
        const draw = words[i - first] >>> 0;
        out[i] = base + (width === 0 ? draw : draw % width);
      }
    });
  }
}

/**
 * `Tensor.random_()` without bounds: the whole non-negative range of an integer dtype, or the consecutive integers of a
 * floating one, both ends included.
 *
 * bool: `u32 mod 2`; uint8: `u32 mod 2^8`; int32: `u32 mod 2^31`; int64: `u64 mod 2^63`; float32: `u32 mod (2^24 + 1)`;
 * float64: `u64 mod (2^53 + 1)`. `dtype` tells `bool` from `uint8`.
 */
export function fillRandom(
  out: TypedArray,
  generator: Generator = defaultGenerator,
  dtype: DType = dtypeOfArray(out)!,
): void {
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = BigInt.asUintN(63, generator.random64());
  } else if (out instanceof Float64Array) {
    const modulus = BigInt(TWO_POW_53) + 1n;
    for (let i = 0; i < out.length; i++) out[i] = Number(generator.random64() % modulus);
  } else if (out instanceof Float32Array) {
    const most = isHalf(dtype) ? Number(2n ** DIGITS[dtype]) : TWO_POW_24;
    for (let i = 0; i < out.length; i++) out[i] = generator.random() % (most + 1);
  } else {
    const mask = dtype === 'bool' ? 1 : dtype === 'uint8' ? 0xff : 0x7fffffff;
    for (let i = 0; i < out.length; i++) out[i] = generator.random() & mask;
  }
}

/** `p[i] · 2^24` or `· 2^53`: exact, so that comparing the integer draw is comparing the uniform number. */
function bernoulliFrom(out: TypedArray, p: FloatArray, generator: Generator): void {
  const isSingle = p instanceof Float32Array;
  if (!isSingle) {
    fillFrom53(out, generator, (bits, i) => (bits < p[i] * TWO_POW_53 ? 1 : 0));
    return;
  }
  inBlocks(out.length, 1, generator, (words, from, to) => {
    for (let i = from; i < to; i++) {
      const isOne = (words[i - from] & 0xffffff) < p[i] * TWO_POW_24;
      if (out instanceof BigInt64Array) out[i] = isOne ? 1n : 0n;
      else out[i] = isOne ? 1 : 0;
    }
  });
}

/**
 * Ones with probability `p`, zeros otherwise, in any dtype.
 *
 * A plain number is `Tensor.bernoulli_(p)`, which is what dropout draws (`bernoulli_(1 - p)`): `u < p` with `u` of 53
 * bits, two draws an element, whatever the dtype of `out`. An array is `torch.bernoulli(p)`: it decides the precision,
 * one draw of 24 bits an element for `Float32Array`, two draws for `Float64Array`.
 *
 * @throws ValueError unless every probability is in [0, 1] and an array has as many as `out`
 * @example
 * const mask = new Float32Array(4);
 * fillBernoulli(mask, 0.5, new Generator(0)); // [0, 0, 1, 0]
 */
export function fillBernoulli(
  out: TypedArray,
  p: number | FloatArray,
  generator: Generator = defaultGenerator,
  dtype: DType = dtypeOfArray(out)!,
): void {
  const op = 'bernoulli';
  if (typeof p !== 'number') {
    requireFloat(op, p);
    if (p.length !== out.length) {
      fail(op, 'expects as many probabilities as elements', { probabilities: p.length, elements: out.length });
    }
    for (let i = 0; i < p.length; i++) {
      if (!(p[i] >= 0 && p[i] <= 1)) fail(op, 'expects probabilities in [0, 1]', { [`p[${i}]`]: p[i] });
    }
    bernoulliFrom(out, p, generator);
    return;
  }
  if (!(p >= 0 && p <= 1)) fail(op, 'expects p in [0, 1]', { p });
  const limit = p * TWO_POW_53;
  if (launchBernoulli(out, dtype, limit, generator)) return;
  fillFrom53(out, generator, (bits) => (bits < limit ? 1 : 0));
}

/**
 * Exponential with rate λ: `Tensor.exponential_`. `−ln(1 − u) / λ` in double precision, two draws an element.
 *
 * @throws ValueError unless `lambda > 0`
 */
export function fillExponential(out: FloatArray, lambda: number, generator: Generator = defaultGenerator): void {
  const op = 'exponential_';
  requireFloat(op, out);
  if (!(lambda > 0)) fail(op, 'expects lambda > 0', { lambda });
  const scale = -1 / lambda;
  fillFrom53(out, generator, (bits) => scale * exact.log1p(-bits * TO_UNIT_53));
}

/**
 * `exp` of a normal: `Tensor.log_normal_`. Scalar Box-Muller pairs at every size, so the waiting sample of the
 * generator takes part.
 *
 * @throws ValueError unless `std > 0` and `mean` is a number
 */
export function fillLogNormal(
  out: FloatArray,
  mean: number,
  std: number,
  generator: Generator = defaultGenerator,
): void {
  const op = 'log_normal_';
  requireFloat(op, out);
  if (!(std > 0) || Number.isNaN(mean)) fail(op, 'expects std > 0', { mean, std });
  generate(out, () => exact.exp(standardNormal(generator) * std + mean));
}

/**
 * Cauchy: `Tensor.cauchy_`. `median + sigma · tan(π (u − ½))` in double precision, two draws an element.
 *
 * @throws ValueError unless `sigma > 0` and `median` is a number
 */
export function fillCauchy(
  out: FloatArray,
  median: number,
  sigma: number,
  generator: Generator = defaultGenerator,
): void {
  const op = 'cauchy_';
  requireFloat(op, out);
  if (!(sigma > 0) || Number.isNaN(median)) fail(op, 'expects sigma > 0', { median, sigma });
  fillFrom53(out, generator, (bits) => median + sigma * exact.tan(Math.PI * (bits * TO_UNIT_53 - 0.5)));
}

/**
 * The number of trials up to the first success, in any dtype but bool: `Tensor.geometric_`. `⌈ln u / ln(1 − p)⌉` in
 * double precision, two draws an element. Where a count does not fit the dtype, it is undefined in PyTorch; here the
 * typed array wraps it.
 *
 * @throws ValueError unless `0 < p < 1`
 */
export function fillGeometric(out: TypedArray, p: number, generator: Generator = defaultGenerator): void {
  if (!(p > 0 && p < 1)) fail('geometric_', 'expects p in (0, 1)', { p });
  const scale = exact.log1p(-p);
  // u = 0 gives Infinity, which no integer can hold.
  const most = out instanceof BigInt64Array ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY;
  fillFrom53(out, generator, (bits) => Math.min(Math.ceil(exact.log(bits * TO_UNIT_53) / scale), most));
}
