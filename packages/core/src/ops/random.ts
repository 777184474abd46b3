/**
 * Random tensors. After `manualSeed(s)` they are PyTorch's own CPU numbers, draw for draw (normals to 1e-6), also for tensors that
 * are not contiguous: PyTorch draws in the order of memory, and normals of such tensors one at a time.
 */

import { allocate } from '../base.ts';
import { refuseHalf } from '../bits.ts';
import { dispatchInPlace, requireRecorder } from '../dispatch.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { checkDType, isHalf, newArray } from '../dtype.ts';
import { ShapeError, ValueError } from '../errors.ts';
import type { Shape, Strided } from '../layout.ts';
import {
  broadcastShapes,
  broadcastStrides,
  contiguousStrides,
  formatShape,
  isContiguous,
  memoryOrder,
  sameShape,
  sizeOf,
} from '../layout.ts';
import { isOptions, named, pick } from '../options.ts';
import type { FloatArray } from '../random/distributions.ts';
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
import { defaultGenerator, Generator } from '../random/generator.ts';
import { fillHalfNormal, fillHalfUniform } from '../random/half.ts';
import { multinomial as drawMultinomial, randperm as drawPermutation } from '../random/sampling.ts';
import { copy } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { holdScratch } from '../wasm/launchRandom.ts';
import { widen } from '../widen.ts';
import { requireFloat } from './arguments.ts';
import { copy_ } from './copies.ts';
import { checkShape } from './create.ts';
import { checkNoOverlap } from './places.ts';
import { checkTensor } from './tensors.ts';
import { permute } from './view.ts';

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

/** Options among which the size is given by name. */
export interface SizedOptions extends RandomOptions {
  readonly size: Shape;
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
    generator: checkGenerator(op, generator),
  };
}

function checkGenerator(op: string, generator: unknown): Generator {
  if (generator === undefined || generator === null) return defaultGenerator;
  if (generator instanceof Generator) return generator;
  throw new ValueError(`generator must be a Generator or null, but got ${typeof generator}`, {
    op,
    operands: { generator },
  });
}

/** `(2, 3, options?)` or `([2, 3], options?)`. */
function sizes(op: string, args: SizeAndOptions): Request {
  const given = args.filter((arg) => arg !== undefined);
  const last = given[given.length - 1];
  const options = isOptions(last) ? given.pop() : undefined;
  const shape = (given.length === 1 && Array.isArray(given[0]) ? given[0] : given) as Shape;
  return request(op, shape, options);
}

/** Fills a new tensor; that of a form in `…Like` is drawn as PyTorch's, which has the memory order of `like`. */
function create(
  op: string,
  wanted: Request,
  fallback: DType,
  fill: (out: TypedArray, dtype: DType, isDense: boolean) => void,
  like: Tensor | null = null,
): Tensor {
  const dtype = wanted.dtype ?? fallback;
  const drawn = allocate(wanted.shape, isHalf(dtype) ? 'float32' : dtype);
  const order = like === null ? null : orderOf(like);
  if (order === null) fill(dense(drawn), dtype, true);
  else fillOrdered(drawn, order, (buffer) => fill(buffer, dtype, false));
  const out = isHalf(dtype) ? drawn.to(dtype) : drawn;
  if (wanted.requiresGrad) requireRecorder(op).setRequiresGrad(out, true);
  return out;
}

/** The elements of a contiguous tensor, to be filled. */
function dense(self: Tensor): TypedArray {
  if (self.storage.enterHeap()) holdScratch();
  return self.array.subarray(self.offset, self.offset + sizeOf(self.shape)) as TypedArray;
}

/** The dimensions in the order of memory, outermost first; null when that is their own order. */
function orderOf({ shape, strides }: Strided): readonly number[] | null {
  const order = memoryOrder(shape, strides);
  const real = order.filter((d) => shape[d] !== 1);
  return real.every((d, i) => i === 0 || real[i - 1] < d) ? null : order;
}

/** The same elements with dimensions in another order. */
function permuted(self: Strided, order: readonly number[]): Strided {
  return {
    array: self.array,
    shape: order.map((d) => self.shape[d]),
    strides: order.map((d) => self.strides[d]),
    offset: self.offset,
    dtype: self.dtype,
  };
}

/** A row-major view of all of a typed array. */
function rows(array: TypedArray, shape: Shape, dtype: DType): Strided {
  return { array, shape, strides: contiguousStrides(shape), offset: 0, dtype };
}

/** Fills `self` through a buffer that lists its elements with dimensions in the given order. */
function fillOrdered(self: Strided, order: readonly number[], fill: (buffer: TypedArray) => void): void {
  const buffer = newArray(self.dtype, sizeOf(self.shape));
  fill(buffer);
  const target = permuted(self, order);
  copy(rows(buffer, target.shape, self.dtype), target);
}

/** The elements of `self` with dimensions in the given order (by default their own), in a typed array. */
function elementsOf(self: Strided, order: readonly number[] | null): TypedArray {
  const source = order === null ? self : permuted(self, order);
  const out = newArray(self.dtype, sizeOf(self.shape));
  copy(source, rows(out, source.shape, self.dtype));
  return out;
}

/** One normal after the other, as PyTorch draws those of tensors that are not contiguous. */
function fillNormalSerially(out: FloatArray, mean: number, std: number, generator: Generator): void {
  // Fewer than 16 at a time are drawn one by one.
  for (let at = 0; at < out.length; at += 8) fillNormal(out.subarray(at, at + 8), mean, std, generator);
}

/** What is drawn for 16-bit floats is drawn in float32 arrays. */
function normals(out: FloatArray, dtype: DType, mean: number, std: number, generator: Generator, isDense = true): void {
  if (!isDense) fillNormalSerially(out, mean, std, generator);
  else if (isHalf(dtype)) fillHalfNormal(out as Float32Array, dtype, mean, std, generator);
  else fillNormal(out, mean, std, generator);
}

function uniforms(out: FloatArray, dtype: DType, from: number, to: number, generator: Generator): void {
  if (isHalf(dtype)) fillHalfUniform(out as Float32Array, dtype, from, to, generator);
  else fillUniform(out, from, to, generator);
}

function units(out: FloatArray, dtype: DType, generator: Generator): void {
  if (isHalf(dtype)) fillHalfUniform(out as Float32Array, dtype, 0, 1, generator);
  else fillRand(out, generator);
}

function floats(op: string, array: TypedArray, dtype: DType): FloatArray {
  requireFloat(op, dtype);
  return array as FloatArray;
}

/** Uniform on [0, 1): `rand(2, 3)`. */
export function rand(...size: SizeAndOptions): Tensor {
  const wanted = sizes('rand', size);
  return create('rand', wanted, 'float32', (out, dtype) => units(floats('rand', out, dtype), dtype, wanted.generator));
}

/** Standard normal: `randn(2, 3)`. */
export function randn(...size: SizeAndOptions): Tensor {
  const wanted = sizes('randn', size);
  return create('randn', wanted, 'float32', (out, dtype) =>
    normals(floats('randn', out, dtype), dtype, 0, 1, wanted.generator),
  );
}

/**
 * Integers in [low, high): `randint(high, size)`, `randint(low, high, size)`, `randint(low, high, { size })`. int32 unless told otherwise.
 *
 * @throws ValueError when low is not below high
 */
export function randint(high: number, size: Shape | SizedOptions, options?: RandomOptions): Tensor;
export function randint(low: number, high: number, size: Shape | SizedOptions, options?: RandomOptions): Tensor;
export function randint(
  first: number,
  second: number | Shape | SizedOptions,
  third?: Shape | SizedOptions | RandomOptions,
  fourth?: RandomOptions,
): Tensor {
  const [low, high, sized, others] =
    typeof second === 'number'
      ? [first, second, third, fourth]
      : [0, first, second, third as RandomOptions | undefined];
  const [size, options] = pick<Shape, RandomOptions>('size', sized, others);
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
      { array: out, shape: [n], strides: [1], offset: 0, dtype: isHalf(dtype) ? 'float32' : dtype },
    ),
  );
}

/** `rand` in the shape and dtype of `self`. */
export function randLike(self: Tensor, options?: RandomOptions): Tensor {
  checkTensor('randLike', 'self', self);
  const wanted = request('randLike', self.shape, options);
  return create(
    'randLike',
    wanted,
    self.dtype,
    (out, dtype) => units(floats('randLike', out, dtype), dtype, wanted.generator),
    self,
  );
}

/** `randn` in the shape and dtype of `self`. */
export function randnLike(self: Tensor, options?: RandomOptions): Tensor {
  checkTensor('randnLike', 'self', self);
  const wanted = request('randnLike', self.shape, options);
  return create(
    'randnLike',
    wanted,
    self.dtype,
    (out, dtype, isDense) => normals(floats('randnLike', out, dtype), dtype, 0, 1, wanted.generator, isDense),
    self,
  );
}

/** `randint` in the shape and dtype of `self`. */
export function randintLike(self: Tensor, low: number, high?: number | RandomOptions, options?: RandomOptions): Tensor {
  checkTensor('randintLike', 'self', self);
  const [from, to, rest] = typeof high === 'number' ? [low, high, options] : [0, low, high ?? options];
  const wanted = request('randintLike', self.shape, rest);
  return create(
    'randintLike',
    wanted,
    self.dtype,
    (out, dtype) => fillRandint(out, from, to, wanted.generator, dtype),
    self,
  );
}

/**
 * Normal numbers: `normal(mean, std, size)`, `normal(mean, std, { size })`; or, with tensors for `mean` or `std`, one number for each of their elements.
 *
 * @throws ValueError when a standard deviation is negative; ShapeError when numbers come without a size, or tensors with one
 */
export function normal(
  mean: Tensor | number,
  std: Tensor | number = 1,
  sized?: Shape | SizedOptions | RandomOptions,
  others?: RandomOptions,
): Tensor {
  const [size, options] = pick<Shape | RandomOptions | undefined, RandomOptions>('size', sized, others);
  if (typeof mean === 'number' && typeof std === 'number') {
    if (!Array.isArray(size)) throw new ShapeError('needs a size when mean and std are numbers', { op: 'normal' });
    const wanted = request('normal', size as Shape, options);
    return create('normal', wanted, 'float32', (out, dtype) =>
      normals(floats('normal', out, dtype), dtype, mean, checkStd(std), wanted.generator),
    );
  }
  if (Array.isArray(size)) {
    throw new ShapeError('takes no size when mean or std is a tensor, whose shape it has', { op: 'normal' });
  }
  for (const [name, x] of Object.entries({ mean, std })) if (typeof x !== 'number') checkTensor('normal', name, x);
  const [generator] = named<[Generator | null]>('normal', ['generator'], [size ?? options]);
  if (typeof std === 'number') checkStd(std);
  else for (const value of elementsOf(widen(std), null)) checkStd(Number(value));
  const { dtype } = (typeof mean === 'number' ? std : mean) as Tensor;
  const shapeOf = (x: Tensor | number): Shape => (typeof x === 'number' ? [] : x.shape);
  const drawn = allocate(broadcastShapes('normal', shapeOf(mean), shapeOf(std)), isHalf(dtype) ? 'float32' : dtype);
  normals(floats('normal', dense(drawn), dtype), dtype, 0, 1, checkGenerator('normal', generator));
  return (isHalf(dtype) ? drawn.to(dtype) : drawn)
    .mul(typeof std === 'number' ? std : std.detach().to(dtype))
    .add(typeof mean === 'number' ? mean : mean.detach());
}

function checkStd(std: number): number {
  if (!(std >= 0))
    throw new ValueError(`expects std >= 0.0, but found std ${std}`, { op: 'normal', operands: { std } });
  return std;
}

/**
 * Ones with the probability that each element of `self` states, zeros otherwise.
 *
 * @throws ValueError when a probability lies outside [0, 1]
 */
export function bernoulli(self: Tensor, options?: GeneratorOptions): Tensor {
  checkTensor('bernoulli', 'self', self);
  const [given] = named<[Generator | null]>('bernoulli', ['generator'], [options]);
  const generator = checkGenerator('bernoulli', given);
  const p = widen(self);
  const out = allocate(self.shape, p.dtype);
  fillBernoulli(dense(out), floats('bernoulli', elementsOf(p, null), p.dtype), generator);
  return isHalf(self.dtype) ? out.to(self.dtype) : out;
}

export interface MultinomialOptions extends GeneratorOptions {
  readonly numSamples: number;
  /** Whether an index may be drawn again. Default false. */
  readonly replacement?: boolean;
}

/**
 * Indices drawn with probabilities proportional to the weights: `[C]` → `[numSamples]`, `[N, C]` → `[N, numSamples]`.
 */
export function multinomial(
  self: Tensor,
  numSamples: number | MultinomialOptions,
  replacement?: boolean | Omit<MultinomialOptions, 'numSamples'>,
  options?: GeneratorOptions,
): Tensor {
  checkTensor('multinomial', 'self', self);
  const [count, replace = false, generator] = named<[number, boolean, Generator | null]>(
    'multinomial',
    ['numSamples', 'replacement', 'generator'],
    [numSamples, replacement, options],
  );
  if (self.ndim !== 1 && self.ndim !== 2) {
    throw new ShapeError(`prob_dist must be 1 or 2 dim, but has shape ${formatShape(self.shape)}`, {
      op: 'multinomial',
    });
  }
  const drawn = drawMultinomial(
    floats('multinomial', elementsOf(widen(self), null), self.dtype),
    self.shape[self.ndim - 1],
    count as number,
    replace,
    checkGenerator('multinomial', generator),
    orderOf(self) !== null,
  );
  const out = allocate([...self.shape.slice(0, -1), count as number], 'int32');
  dense(out).set(drawn as never);
  return out;
}

// ------------------------------------------------------------------------------------------------------------ in place

/** A float32 tensor whose elements are in memory in the order of those of `self`. */
function wideLike(self: Tensor): Tensor {
  const order = memoryOrder(self.shape, self.strides);
  const dense = allocate(
    order.map((d) => self.shape[d]),
    'float32',
  );
  return permute(
    dense,
    order.map((_, d) => order.indexOf(d)),
  );
}

/**
 * Fills `self` in the order of memory, as PyTorch draws; 16-bit floats by way of float32.
 *
 * @throws ValueError when several elements are one place in memory, as after `expand`
 */
function fillInPlace(op: string, self: Tensor, fill: (out: TypedArray, isDense: boolean) => void): Tensor {
  checkNoOverlap(op, self);
  if (isHalf(self.dtype)) return copy_(self, fillInPlace(op, wideLike(self), fill));
  return dispatchInPlace('fill', [self, 0], self, () => {
    if (isContiguous(self.shape, self.strides)) fill(dense(self), true);
    else fillOrdered(self, memoryOrder(self.shape, self.strides), (buffer) => fill(buffer, false));
  });
}

/** Uniform on [from, to) in place; by default on [0, 1). */
export function uniform_(
  self: Tensor,
  from?: number | ({ from?: number; to?: number } & GeneratorOptions),
  to?: number | ({ to?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('uniform_', 'self', self);
  const [low = 0, high = 1, generator] = named<[number, number, Generator | null]>(
    'uniform_',
    ['from', 'to', 'generator'],
    [from, to, options],
  );
  return fillInPlace('uniform_', self, (out) =>
    uniforms(floats('uniform_', out, self.dtype), self.dtype, low, high, checkGenerator('uniform_', generator)),
  );
}

/** Normal in place; by default with mean 0 and standard deviation 1. */
export function normal_(
  self: Tensor,
  mean?: number | ({ mean?: number; std?: number } & GeneratorOptions),
  std?: number | ({ std?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('normal_', 'self', self);
  const [m = 0, s = 1, generator] = named<[number, number, Generator | null]>(
    'normal_',
    ['mean', 'std', 'generator'],
    [mean, std, options],
  );
  checkStd(s);
  const source = checkGenerator('normal_', generator);
  return fillInPlace('normal_', self, (out, isDense) =>
    normals(floats('normal_', out, self.dtype), self.dtype, m, s, source, isDense),
  );
}

/** Ones with probability `p` in place, zeros otherwise; `p` is a number (0.5 by default) or a tensor of the same shape. */
export function bernoulli_(
  self: Tensor,
  p: number | Tensor | ({ p?: number | Tensor } & GeneratorOptions) = 0.5,
  options?: GeneratorOptions,
): Tensor {
  checkTensor('bernoulli_', 'self', self);
  const [probability = 0.5, generator] = named<[number | Tensor, Generator | null]>(
    'bernoulli_',
    ['p', 'generator'],
    [p, options],
  );
  const source = checkGenerator('bernoulli_', generator);
  if (typeof probability === 'number') {
    return fillInPlace('bernoulli_', self, (out) =>
      fillBernoulli(out, probability, source, isHalf(self.dtype) ? 'float32' : self.dtype),
    );
  }
  checkTensor('bernoulli_', 'p', probability);
  if (isHalf(probability.dtype)) refuseHalf('bernoulli_', probability.dtype);
  if (!sameShape(broadcastShapes('bernoulli_', self.shape, probability.shape), self.shape)) {
    throw new ShapeError(
      `p of shape ${formatShape(probability.shape)} does not broadcast to ${formatShape(self.shape)}`,
      {
        op: 'bernoulli_',
        operands: { self: self.shape, p: probability.shape },
      },
    );
  }
  const each = {
    array: probability.array,
    shape: self.shape,
    strides: broadcastStrides(probability.shape, probability.strides, self.shape),
    offset: probability.offset,
    dtype: probability.dtype,
  };
  const isDense = isContiguous(self.shape, self.strides);
  const probabilities = elementsOf(each, isDense ? null : memoryOrder(self.shape, self.strides));
  return fillInPlace('bernoulli_', self, (out) =>
    fillBernoulli(out, floats('bernoulli_', probabilities, each.dtype), source),
  );
}

/** Integers in place: in [0, to), in [from, to), or over all that the dtype holds. */
export function random_(
  self: Tensor,
  from?: number | ({ from?: number; to?: number } & GeneratorOptions),
  to?: number | ({ to?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('random_', 'self', self);
  const [first, second, generator] = named<[number, number, Generator | null]>(
    'random_',
    ['from', 'to', 'generator'],
    [from, to, options],
  );
  const source = checkGenerator('random_', generator);
  if (first === undefined && second === undefined) {
    return fillInPlace('random_', self, (out) => fillRandom(out, source, self.dtype));
  }
  const [low, high] = second === undefined ? [0, first as number] : [first ?? 0, second];
  return fillInPlace('random_', self, (out) => fillRandint(out, low, high, source, self.dtype));
}

/** Exponential with rate `lambd` (1 by default) in place. */
export function exponential_(
  self: Tensor,
  lambd: number | ({ lambd?: number } & GeneratorOptions) = 1,
  options?: GeneratorOptions,
): Tensor {
  checkTensor('exponential_', 'self', self);
  const [rate = 1, generator] = named<[number, Generator | null]>(
    'exponential_',
    ['lambd', 'generator'],
    [lambd, options],
  );
  return fillInPlace('exponential_', self, (out) =>
    fillExponential(floats('exponential_', out, self.dtype), rate, checkGenerator('exponential_', generator)),
  );
}

/** `exp` of normals with the mean and standard deviation given (1 and 2 by default), in place. */
export function logNormal_(
  self: Tensor,
  mean?: number | ({ mean?: number; std?: number } & GeneratorOptions),
  std?: number | ({ std?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('logNormal_', 'self', self);
  const [m = 1, s = 2, generator] = named<[number, number, Generator | null]>(
    'logNormal_',
    ['mean', 'std', 'generator'],
    [mean, std, options],
  );
  return fillInPlace('logNormal_', self, (out) =>
    fillLogNormal(floats('logNormal_', out, self.dtype), m, s, checkGenerator('logNormal_', generator)),
  );
}

/** Cauchy with the median and scale given (0 and 1 by default), in place. */
export function cauchy_(
  self: Tensor,
  median?: number | ({ median?: number; sigma?: number } & GeneratorOptions),
  sigma?: number | ({ sigma?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('cauchy_', 'self', self);
  const [m = 0, s = 1, generator] = named<[number, number, Generator | null]>(
    'cauchy_',
    ['median', 'sigma', 'generator'],
    [median, sigma, options],
  );
  return fillInPlace('cauchy_', self, (out) =>
    fillCauchy(floats('cauchy_', out, self.dtype), m, s, checkGenerator('cauchy_', generator)),
  );
}

/** Number of trials up to the first success of probability `p`, in place. */
export function geometric_(
  self: Tensor,
  p: number | ({ p?: number } & GeneratorOptions),
  options?: GeneratorOptions,
): Tensor {
  checkTensor('geometric_', 'self', self);
  const [probability = Number.NaN, generator] = named<[number, Generator | null]>(
    'geometric_',
    ['p', 'generator'],
    [p, options],
  );
  return fillInPlace('geometric_', self, (out) =>
    fillGeometric(out, probability, checkGenerator('geometric_', generator)),
  );
}
