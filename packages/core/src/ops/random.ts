/**
 * Random tensors. After `manualSeed(s)` they are PyTorch's own CPU numbers, draw for draw (normals to 1e-6).
 */

import { allocate } from '../base.ts';
import { requireRecorder } from '../dispatch.ts';
import { checkDType, isFloating, newArray } from '../dtype.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { formatShape, isContiguous, sizeOf } from '../layout.ts';
import type { Shape } from '../layout.ts';
import { isOptions, named } from '../options.ts';
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
} from '../random/distributions.ts';
import type { FloatArray } from '../random/distributions.ts';
import { defaultGenerator } from '../random/generator.ts';
import type { Generator } from '../random/generator.ts';
import { multinomial as drawMultinomial, randperm as drawPermutation } from '../random/sampling.ts';
import { contiguousStrides } from '../layout.ts';
import { copy } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { checkShape } from './create.ts';
import { dispatchInPlace } from '../dispatch.ts';

export interface RandomOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
  readonly requiresGrad?: boolean;
  /** Where the numbers come from; the default generator, which `manualSeed` seeds, when left out. */
  readonly generator?: Generator | null;
}

export interface GeneratorOptions {
  readonly generator?: Generator | null;
}

type SizeAndOptions = readonly (number | readonly number[] | RandomOptions | undefined)[];

interface Request {
  readonly shape: Shape;
  readonly dtype: DType | null;
  readonly requiresGrad: boolean;
  readonly generator: Generator;
}

const CREATION = ['dtype', 'requiresGrad', 'generator'] as const;

function request(op: string, shape: Shape, options: unknown): Request {
  const [dtype, requiresGrad, generator] = named<[DType | null, boolean, Generator | null]>(
    op,
    CREATION,
    options === undefined ? [] : [options],
  );
  return {
    shape: [...checkShape(op, shape)],
    dtype: dtype === undefined || dtype === null ? null : checkDType(op, dtype),
    requiresGrad: requiresGrad ?? false,
    generator: generator ?? defaultGenerator,
  };
}

/** `(2, 3, options?)` or `([2, 3], options?)`. */
function sizes(op: string, args: SizeAndOptions): Request {
  const given = args.filter((arg) => arg !== undefined);
  const last = given[given.length - 1];
  const options = isOptions(last) ? given.pop() : undefined;
  const shape = (given.length === 1 && Array.isArray(given[0]) ? given[0] : given) as Shape;
  return request(op, shape, options);
}

function create(op: string, wanted: Request, fallback: DType, fill: (out: TypedArray, dtype: DType) => void): Tensor {
  const dtype = wanted.dtype ?? fallback;
  const out = allocate(wanted.shape, dtype);
  fill(dense(out), dtype);
  if (wanted.requiresGrad) requireRecorder(op).setRequiresGrad(out, true);
  return out;
}

/** The elements of a contiguous tensor. */
function dense(self: Tensor): TypedArray {
  return self.array.subarray(self.offset, self.offset + sizeOf(self.shape)) as TypedArray;
}

function floats(op: string, array: TypedArray, dtype: DType): FloatArray {
  if (isFloating(dtype)) return array as FloatArray;
  throw new DTypeError(`is only defined for floating point dtypes, but got ${dtype}`, { op, operands: { dtype } });
}

/** Uniform on [0, 1): `rand(2, 3)`. */
export function rand(...size: SizeAndOptions): Tensor {
  const wanted = sizes('rand', size);
  return create('rand', wanted, 'float32', (out, dtype) => fillRand(floats('rand', out, dtype), wanted.generator));
}

/** Standard normal: `randn(2, 3)`. */
export function randn(...size: SizeAndOptions): Tensor {
  const wanted = sizes('randn', size);
  return create('randn', wanted, 'float32', (out, dtype) =>
    fillNormal(floats('randn', out, dtype), 0, 1, wanted.generator),
  );
}

/**
 * Integers in [low, high): `randint(high, size)`, `randint(low, high, size)`. int32 unless told otherwise.
 *
 * @throws ValueError when low is not below high
 */
export function randint(high: number, size: Shape, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, size: Shape, options?: RandomOptions): Tensor;
export function randint(
  first: number,
  second: number | Shape,
  third?: Shape | RandomOptions,
  fourth?: RandomOptions,
): Tensor {
  const [low, high, size, options] =
    typeof second === 'number'
      ? [first, second, third as Shape, fourth]
      : [0, first, second, third as RandomOptions | undefined];
  if (!Array.isArray(size)) throw new ShapeError(`size must be a list, but got ${String(size)}`, { op: 'randint' });
  const wanted = request('randint', size, options);
  return create('randint', wanted, 'int32', (out, dtype) => fillRandint(out, low, high, wanted.generator, dtype));
}

/** A random order of `0 … n - 1`; int32 unless told otherwise. */
export function randperm(n: number, options?: RandomOptions): Tensor {
  if (!Number.isInteger(n) || n < 0) {
    throw new ValueError(`n must be an integer of at least 0, but got ${n}`, { op: 'randperm', operands: { n } });
  }
  const wanted = request('randperm', [n], options);
  const order = drawPermutation(n, wanted.generator);
  return create('randperm', wanted, 'int32', (out, dtype) =>
    copy(
      { array: order, shape: [n], strides: [1], offset: 0, dtype: 'int32' },
      { array: out, shape: [n], strides: [1], offset: 0, dtype },
    ),
  );
}

/** `rand` in the shape and dtype of `self`. */
export function randLike(self: Tensor, options?: RandomOptions): Tensor {
  const wanted = request('randLike', self.shape, options);
  return create('randLike', wanted, self.dtype, (out, dtype) =>
    fillRand(floats('randLike', out, dtype), wanted.generator),
  );
}

/** `randn` in the shape and dtype of `self`. */
export function randnLike(self: Tensor, options?: RandomOptions): Tensor {
  const wanted = request('randnLike', self.shape, options);
  return create('randnLike', wanted, self.dtype, (out, dtype) =>
    fillNormal(floats('randnLike', out, dtype), 0, 1, wanted.generator),
  );
}

/** `randint` in the shape and dtype of `self`. */
export function randintLike(self: Tensor, low: number, high?: number | RandomOptions, options?: RandomOptions): Tensor {
  const [from, to, rest] = typeof high === 'number' ? [low, high, options] : [0, low, high ?? options];
  const wanted = request('randintLike', self.shape, rest);
  return create('randintLike', wanted, self.dtype, (out, dtype) =>
    fillRandint(out, from, to, wanted.generator, dtype),
  );
}

/**
 * Normal numbers: `normal(mean, std, size)`; or, with tensors for `mean` or `std`, one number for each of their elements.
 */
export function normal(
  mean: Tensor | number,
  std: Tensor | number = 1,
  size?: Shape | RandomOptions,
  options?: RandomOptions,
): Tensor {
  if (typeof mean === 'number' && typeof std === 'number') {
    if (!Array.isArray(size)) throw new ShapeError('needs a size when mean and std are numbers', { op: 'normal' });
    const wanted = request('normal', size as Shape, options);
    return create('normal', wanted, 'float32', (out, dtype) =>
      fillNormal(floats('normal', out, dtype), mean, checkStd(std), wanted.generator),
    );
  }
  const [generator] = named<[Generator | null]>('normal', ['generator'], [size ?? options]);
  const like = (typeof mean === 'number' ? std : typeof std === 'number' ? mean : mean.add(std)) as Tensor;
  const noise = allocate(like.shape, like.dtype);
  fillNormal(floats('normal', dense(noise), like.dtype), 0, 1, generator ?? defaultGenerator);
  return noise.mul(typeof std === 'number' ? std : std.detach()).add(typeof mean === 'number' ? mean : mean.detach());
}

function checkStd(std: number): number {
  if (!(std >= 0)) throw new ValueError(`expects std >= 0.0, but found std ${std}`, { op: 'normal', operands: { std } });
  return std;
}

/**
 * Ones with the probability that each element of `self` states, zeros otherwise.
 *
 * @throws ValueError when a probability lies outside [0, 1]
 */
export function bernoulli(self: Tensor, options?: GeneratorOptions): Tensor {
  const [generator] = named<[Generator | null]>('bernoulli', ['generator'], [options]);
  const p = allocate(self.shape, self.dtype);
  copy(self, p);
  const out = allocate(self.shape, self.dtype);
  fillBernoulli(dense(out), floats('bernoulli', dense(p), self.dtype), generator ?? defaultGenerator);
  return out;
}

/**
 * Indices drawn with probabilities proportional to the weights: `[C]` → `[numSamples]`, `[N, C]` → `[N, numSamples]`.
 */
export function multinomial(
  self: Tensor,
  numSamples: number,
  replacement: boolean | { replacement?: boolean; generator?: Generator } = false,
  options?: GeneratorOptions,
): Tensor {
  const [replace = false, generator] = named<[boolean, Generator | null]>(
    'multinomial',
    ['replacement', 'generator'],
    [replacement, options],
  );
  if (self.ndim !== 1 && self.ndim !== 2) {
    throw new ShapeError(`prob_dist must be 1 or 2 dim, but has shape ${formatShape(self.shape)}`, { op: 'multinomial' });
  }
  const weights = allocate(self.shape, self.dtype);
  copy(self, weights);
  const categories = self.shape[self.ndim - 1];
  const drawn = drawMultinomial(
    floats('multinomial', dense(weights), self.dtype),
    categories,
    numSamples,
    replace,
    generator ?? defaultGenerator,
  );
  const out = allocate([...self.shape.slice(0, -1), numSamples], 'int32');
  dense(out).set(drawn as never);
  return out;
}

// ------------------------------------------------------------------------------------------------------------ in place

/** Fills `self` through a contiguous buffer, in row-major order, as PyTorch draws. */
function fillInPlace(self: Tensor, fill: (out: TypedArray) => void): Tensor {
  return dispatchInPlace('fill', [self, 0], self, () => {
    if (isContiguous(self.shape, self.strides)) {
      fill(dense(self));
      return;
    }
    const buffer = newArray(self.dtype, sizeOf(self.shape));
    fill(buffer);
    copy({ array: buffer, shape: self.shape, strides: contiguousStrides(self.shape), offset: 0, dtype: self.dtype }, self);
  });
}

/** Uniform on [from, to) in place; by default on [0, 1). */
export function uniform_(
  self: Tensor,
  from?: number | ({ from?: number; to?: number } & GeneratorOptions),
  to?: number | ({ to?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  const [low = 0, high = 1, generator] = named<[number, number, Generator | null]>(
    'uniform_',
    ['from', 'to', 'generator'],
    [from, to, options],
  );
  return fillInPlace(self, (out) =>
    fillUniform(floats('uniform_', out, self.dtype), low, high, generator ?? defaultGenerator),
  );
}

/** Normal in place; by default with mean 0 and standard deviation 1. */
export function normal_(
  self: Tensor,
  mean?: number | ({ mean?: number; std?: number } & GeneratorOptions),
  std?: number | ({ std?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  const [m = 0, s = 1, generator] = named<[number, number, Generator | null]>(
    'normal_',
    ['mean', 'std', 'generator'],
    [mean, std, options],
  );
  checkStd(s);
  return fillInPlace(self, (out) => fillNormal(floats('normal_', out, self.dtype), m, s, generator ?? defaultGenerator));
}

/** Ones with probability `p` in place, zeros otherwise; `p` is a number (0.5 by default) or a tensor of the same shape. */
export function bernoulli_(
  self: Tensor,
  p: number | Tensor | ({ p?: number | Tensor } & GeneratorOptions) = 0.5,
  options?: GeneratorOptions,
): Tensor {
  const [probability = 0.5, generator] = named<[number | Tensor, Generator | null]>(
    'bernoulli_',
    ['p', 'generator'],
    [p, options],
  );
  if (typeof probability === 'number') {
    return fillInPlace(self, (out) => fillBernoulli(out, probability, generator ?? defaultGenerator));
  }
  const each = allocate(self.shape, probability.dtype);
  copy(probability, each);
  return fillInPlace(self, (out) =>
    fillBernoulli(out, floats('bernoulli_', dense(each), probability.dtype), generator ?? defaultGenerator),
  );
}

/** Integers in place: in [0, to), in [from, to), or over all that the dtype holds. */
export function random_(
  self: Tensor,
  from?: number | ({ from?: number; to?: number } & GeneratorOptions),
  to?: number | ({ to?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  const [first, second, generator] = named<[number, number, Generator | null]>(
    'random_',
    ['from', 'to', 'generator'],
    [from, to, options],
  );
  const source = generator ?? defaultGenerator;
  if (first === undefined && second === undefined) return fillInPlace(self, (out) => fillRandom(out, source, self.dtype));
  const [low, high] = second === undefined ? [0, first as number] : [first ?? 0, second];
  return fillInPlace(self, (out) => fillRandint(out, low, high, source, self.dtype));
}

/** Exponential with rate `lambd` (1 by default) in place. */
export function exponential_(self: Tensor, lambd: number | ({ lambd?: number } & GeneratorOptions) = 1, options?: GeneratorOptions): Tensor {
  const [rate = 1, generator] = named<[number, Generator | null]>('exponential_', ['lambd', 'generator'], [lambd, options]);
  return fillInPlace(self, (out) =>
    fillExponential(floats('exponential_', out, self.dtype), rate, generator ?? defaultGenerator),
  );
}

/** `exp` of normals with the mean and standard deviation given (1 and 2 by default), in place. */
export function logNormal_(
  self: Tensor,
  mean?: number | ({ mean?: number; std?: number } & GeneratorOptions),
  std?: number | ({ std?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  const [m = 1, s = 2, generator] = named<[number, number, Generator | null]>(
    'logNormal_',
    ['mean', 'std', 'generator'],
    [mean, std, options],
  );
  return fillInPlace(self, (out) =>
    fillLogNormal(floats('logNormal_', out, self.dtype), m, s, generator ?? defaultGenerator),
  );
}

/** Cauchy with the median and scale given (0 and 1 by default), in place. */
export function cauchy_(
  self: Tensor,
  median?: number | ({ median?: number; sigma?: number } & GeneratorOptions),
  sigma?: number | ({ sigma?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  const [m = 0, s = 1, generator] = named<[number, number, Generator | null]>(
    'cauchy_',
    ['median', 'sigma', 'generator'],
    [median, sigma, options],
  );
  return fillInPlace(self, (out) => fillCauchy(floats('cauchy_', out, self.dtype), m, s, generator ?? defaultGenerator));
}

/** Number of trials up to the first success of probability `p`, in place. */
export function geometric_(self: Tensor, p: number | ({ p?: number } & GeneratorOptions), options?: GeneratorOptions): Tensor {
  const [probability = Number.NaN, generator] = named<[number, Generator | null]>('geometric_', ['p', 'generator'], [p, options]);
  return fillInPlace(self, (out) => fillGeometric(out, probability, generator ?? defaultGenerator));
}
