/**
 * Tensors from data, from values and from ranges. Plain numbers make float32 unless told otherwise.
 */

import { allocate, allocateZeros, fromArray, isTensor } from '../base.ts';
import { withBits } from '../bits.ts';
import { requireRecorder } from '../dispatch.ts';
import type { DType, HalfDType, TypedArray } from '../dtype.ts';
import { checkDType, dtypeOfArray, isFloating, isHalf } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { checkHolds } from '../holds.ts';
import { runCopy, runFill } from '../kernels.ts';
import type { Shape } from '../layout.ts';
import { formatShape, sizeOf } from '../layout.ts';
import { isOptions, named, needList, pick } from '../options.ts';
import { copy, writeElement } from '../reference/elementwise.ts';
import * as exact from '../reference/exactMath.ts';
import type { Tensor } from '../tensor.ts';
import { launchCount } from '../wasm/launchCount.ts';
import { checkTensor } from './tensors.ts';

export interface CreateOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
  /** Record operations on the result. Default false. */
  readonly requiresGrad?: boolean;
}

/** What `tensor` takes: a value, or lists of values nested to any depth. */
export type NestedArray = number | boolean | bigint | TypedArray | Uint8ClampedArray | Tensor | readonly NestedArray[];
export type TensorData = NestedArray | TypedArray | Uint8ClampedArray | Tensor;

/** Shape arguments as a list or one by one, with options at the end. */
export type ShapeArguments = readonly (number | readonly number[] | CreateOptions | undefined)[];

/** A 0-d tensor of one value. */
export function scalarTensor(value: number, dtype: DType): Tensor {
  const out = allocate([], dtype);
  runFill(out, value);
  return out;
}

function finish(op: string, out: Tensor, requiresGrad: boolean | undefined): Tensor {
  if (requiresGrad) requireRecorder(op).setRequiresGrad(out, true);
  return out;
}

/**
 * @throws ShapeError when a size is negative, fractional or not a number
 */
export function checkShape(op: string, shape: Shape): readonly number[] {
  needList(op, 'shape', shape);
  let size = 1;
  for (const n of shape) {
    if (!Number.isInteger(n) || n < 0) {
      throw new ShapeError(`sizes must be integers of at least 0, but got ${formatShape(shape)}`, {
        op,
        operands: { shape },
      });
    }
    size *= n;
  }
  if (!Number.isSafeInteger(size)) {
    throw new ShapeError(`${formatShape(shape)} has more elements than can be counted`, { op, operands: { shape } });
  }
  return shape;
}

/** Splits `(2, 3, options?)` or `([2, 3], options?)`. */
function shapeAndOptions(op: string, args: readonly unknown[]): [Shape, CreateOptions] {
  let count = args.length;
  while (count > 0 && args[count - 1] === undefined) count--;
  const last = count > 0 ? args[count - 1] : undefined;
  const options = isOptions(last) ? last : undefined;
  const sizes = args.slice(0, options === undefined ? count : count - 1);
  const first = sizes[0];
  const shape = (sizes.length === 1 && Array.isArray(first) ? first : sizes) as Shape;
  return [[...checkShape(op, shape)], createOptions(op, options)];
}

/** Options of a creation function, checked. */
export function createOptions(op: string, options: unknown): CreateOptions {
  if (options === undefined || options === null) return {};
  const [dtype, requiresGrad] = named<[DType | null, boolean]>(op, ['dtype', 'requiresGrad'], [options]);
  if (dtype !== undefined && dtype !== null) checkDType(op, dtype);
  return { dtype: dtype ?? null, requiresGrad: requiresGrad ?? false };
}

/**
 * A tensor of the given data, copied. Numbers make float32, booleans bool, BigInts int64; a typed array keeps its dtype, which of a
 * `Float16Array` is float16. Lists may also be of typed arrays, or of tensors of one element, which count by their values: if all are of
 * one dtype, it is that of the result.
 *
 * @throws ShapeError when nested lists are ragged; DTypeError when entries are neither numbers, booleans nor BigInts; ValueError
 *   when an integer dtype is asked for that cannot hold a number (NaN, infinities, out of range); fractions are cut off
 *
 * @example
 * tensor([[1, 2], [3, 4]]); // shape [2, 2]
 * tensor([1, 2], { dtype: 'int32' });
 * tensor([new Float32Array([1, 2]), new Float32Array([3, 4])]);
 */
export function tensor(data: TensorData, options?: CreateOptions): Tensor {
  const { dtype, requiresGrad } = createOptions('tensor', options);
  return finish('tensor', fromData('tensor', data, dtype ?? null), requiresGrad);
}

/** As `tensor`, for callers that are named otherwise. */
export function fromData(op: string, data: TensorData, dtype: DType | null): Tensor {
  if (isTensor(data)) {
    const out = allocate(data.shape, dtype ?? data.dtype);
    runCopy(data, out);
    return out;
  }
  const arrayDType = dtypeOfArray(data);
  if (arrayDType !== null) {
    const source = plainArray(data as TypedArray);
    const out = allocate([source.length], dtype ?? arrayDType);
    const from = { array: source, shape: out.shape, strides: [1], offset: 0, dtype: arrayDType };
    withBits(() => copy(from, out));
    return out;
  }
  if (ArrayBuffer.isView(data)) {
    const hint =
      data instanceof Uint16Array
        ? "fromTypedArray(bits, shape, { dtype: 'float16' }) takes the bits of float16 or bfloat16"
        : 'known dtypes have no such element';
    throw new DTypeError(`cannot take a ${(data as object).constructor.name}; ${hint}`, { op });
  }
  const nested = data as NestedArray;
  const shape = nestedShape(nested);
  const flat: (number | boolean | bigint)[] = [];
  const sources: Sources = { dtypes: new Set(), count: 0 };
  flatten(op, nested, shape, 0, flat, sources);
  const [known] = sources.dtypes;
  const isOfOne = sources.dtypes.size === 1 && sources.count === flat.length;
  const target = dtype ?? (isOfOne ? known : inferDType(op, flat));
  const out = allocate(shape, target);
  const array = withBits(() => out.array);
  if (target === 'float32' || target === 'float64') {
    for (let i = 0; i < flat.length; i++) array[i] = Number(flat[i]);
  } else {
    for (const value of flat) checkHolds(op, target, value);
    for (let i = 0; i < flat.length; i++) {
      const value = flat[i];
      if (target === 'int64' && typeof value === 'bigint') (array as BigInt64Array)[i] = value;
      else writeElement(array, target, i, Number(value));
    }
  }
  return out;
}

function nestedShape(data: NestedArray): number[] {
  const shape: number[] = [];
  let level: NestedArray | undefined = data;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  if (dtypeOfArray(level) !== null) shape.push((level as TypedArray).length);
  return shape;
}

/** The dtypes of typed arrays and tensors among lists, and how many of the values are theirs. */
interface Sources {
  readonly dtypes: Set<DType>;
  count: number;
}

function flatten(
  op: string,
  data: NestedArray,
  shape: Shape,
  depth: number,
  out: (number | boolean | bigint)[],
  sources: Sources,
): void {
  const rowDType = typeof data === 'object' ? dtypeOfArray(data) : null;
  if (depth === shape.length) {
    if (typeof data === 'number' || typeof data === 'boolean' || typeof data === 'bigint') {
      out.push(data);
      return;
    }
    if (Array.isArray(data) || rowDType !== null) {
      ragged(op, shape, depth, `a list of length ${(data as TypedArray).length}`);
    }
    if (isTensor(data)) {
      readElement(op, data, out, sources);
      return;
    }
    throw new DTypeError(
      `entries must be numbers, booleans or BigInts, but got ${data === null ? 'null' : typeof data}`,
      {
        op,
      },
    );
  }
  if (!Array.isArray(data) && rowDType === null) ragged(op, shape, depth, 'a single value');
  const list = data as readonly NestedArray[];
  if (list.length !== shape[depth]) ragged(op, shape, depth, `a list of length ${list.length}`);
  for (let i = 0; i < list.length; i++) flatten(op, list[i], shape, depth + 1, out, sources);
  if (rowDType !== null) note(sources, rowDType, list.length);
}

function note(sources: Sources, dtype: DType, count: number): void {
  sources.dtypes.add(dtype);
  sources.count += count;
}

/** The value of a tensor of one element. */
function readElement(op: string, x: Tensor, out: (number | boolean | bigint)[], sources: Sources): void {
  if (x.numel() !== 1) {
    throw new ShapeError(
      `entries must be single values, but got a tensor of shape ${formatShape(x.shape)}; stack() joins tensors`,
      {
        op,
        operands: { shape: x.shape },
      },
    );
  }
  let value = x.toArray();
  while (Array.isArray(value)) value = value[0];
  out.push(value);
  note(sources, x.dtype, 1);
}

function ragged(op: string, shape: Shape, depth: number, got: string): never {
  const expected = depth < shape.length ? `a list of length ${shape[depth]}` : 'a single value';
  throw new ShapeError(`nested lists are ragged: expected ${expected} at depth ${depth}, but got ${got}`, {
    op,
    operands: { depth, expected: shape[depth] },
  });
}

function inferDType(op: string, flat: readonly (number | boolean | bigint)[]): DType {
  if (flat.length === 0) return 'float32';
  let numbers = 0;
  let bigints = 0;
  for (const value of flat) {
    if (typeof value === 'number') numbers++;
    else if (typeof value === 'bigint') bigints++;
  }
  if (numbers > 0 && bigints > 0) {
    throw new DTypeError('numbers and BigInts cannot be mixed; state a dtype', { op });
  }
  return numbers > 0 ? 'float32' : bigints > 0 ? 'int64' : 'bool';
}

/**
 * A tensor over the typed array itself: writes to one show in the other, as `torch.from_numpy`. It never moves to the heap, so
 * kernels copy what they read of it; `tensor` makes a copy once instead. A `Uint16Array` holds the bits of the floats that
 * `options.dtype` names, as `toBits` gives them; a `Float16Array` says so itself.
 *
 * @throws ShapeError when the shape has another number of elements; DTypeError for arrays of a kind that no dtype has, and for a
 *   `Uint16Array` without a dtype, or a dtype with another array
 *
 * @example
 * fromTypedArray(new Uint16Array([0x3c00, 0x4100]), [2], { dtype: 'float16' }); // tensor([1.0000, 2.5000], dtype=torch.float16)
 */
export function fromTypedArray(
  given: TypedArray | Uint8ClampedArray,
  shape?: Shape,
  options?: { readonly dtype?: HalfDType | null },
): Tensor {
  const { dtype: asked } = createOptions('fromTypedArray', options);
  const isBits = given instanceof Uint16Array && asked !== undefined && asked !== null && isHalf(asked);
  const dtype = isBits ? asked : dtypeOfArray(given);
  if (dtype === null || (asked !== undefined && asked !== null && asked !== dtype)) {
    throw new DTypeError(
      "needs a typed array of a known dtype, or a Uint16Array of bits with the dtype 'float16' or 'bfloat16'",
      { op: 'fromTypedArray' },
    );
  }
  const array = plainArray(given);
  const target = shape === undefined ? [array.length] : [...checkShape('fromTypedArray', shape)];
  if (sizeOf(target) !== array.length) {
    throw new ShapeError(
      `shape ${formatShape(target)} needs ${sizeOf(target)} elements, but the array has ${array.length}`,
      {
        op: 'fromTypedArray',
        operands: { shape: target, length: array.length },
      },
    );
  }
  return fromArray(array, target, dtype);
}

/**
 * `data` as a tensor, without a copy where that can be: a tensor is itself (cast, if `dtype` is another, and on the tape), a typed array of
 * the dtype shares its memory, as `fromTypedArray` does. Anything else is copied, as by `tensor`.
 *
 * @example
 * asTensor(x) === x; // true
 * asTensor([1, 2], { dtype: 'int32' });
 */
export function asTensor(data: TensorData, dtype?: DType | null | { readonly dtype?: DType | null }): Tensor {
  const [asked] = named<[DType | null]>('asTensor', ['dtype'], [dtype]);
  const target = asked === undefined || asked === null ? null : checkDType('asTensor', asked);
  if (isTensor(data)) return target === null ? data : data.to(target);
  const kind = dtypeOfArray(data);
  if (kind !== null && (target === null || target === kind)) return fromTypedArray(data as TypedArray);
  return fromData('asTensor', data, target);
}

/**
 * The same memory as an array that loops take: a clamped array would clamp where uint8 wraps, and what is no array of numbers in some
 * runtimes is bits in all.
 */
function plainArray(array: TypedArray | Uint8ClampedArray): TypedArray {
  const { buffer, byteOffset, length } = array;
  if (array instanceof Uint8ClampedArray) return new Uint8Array(buffer, byteOffset, length);
  return dtypeOfArray(array) === 'float16' ? new Uint16Array(buffer, byteOffset, length) : array;
}

/** Zeros: `zeros(2, 3)`, `zeros([2, 3], { dtype })`. */
export function zeros(...args: ShapeArguments): Tensor {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('zeros', args);
  return finish('zeros', allocateZeros(shape, dtype ?? 'float32'), requiresGrad);
}

/** Ones: `ones(2, 3)`, `ones([2, 3], { dtype })`. */
export function ones(...args: ShapeArguments): Tensor {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('ones', args);
  const out = allocate(shape, dtype ?? 'float32');
  runFill(out, 1);
  return finish('ones', out, requiresGrad);
}

/** A tensor whose elements are unspecified (in this implementation, not secret: whatever was there). */
export function empty(...args: ShapeArguments): Tensor {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('empty', args);
  return finish('empty', allocate(shape, dtype ?? 'float32'), requiresGrad);
}

function checkScalar<T>(op: string, value: T): T & (number | boolean | bigint) {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
  throw new DTypeError(
    `fillValue must be a number, a boolean or a BigInt, but got ${value === null ? 'null' : typeof value}`,
    {
      op,
      operands: { fillValue: value },
    },
  );
}

function filled(op: string, shape: Shape, dtype: DType, value: number | boolean | bigint): Tensor {
  checkHolds(op, dtype, checkScalar(op, value));
  const out = allocate(shape, dtype);
  if (typeof value === 'bigint' && dtype === 'int64') (out.array as BigInt64Array).fill(value, 0, sizeOf(shape));
  else runFill(out, Number(value));
  return out;
}

/** `shape` filled with one value; the dtype follows the value (number: float32, boolean: bool, BigInt: int64) unless given. */
export function full(
  shape: readonly number[] | number,
  fillValue: number | boolean | bigint | (CreateOptions & { readonly fillValue: number | boolean | bigint }),
  options?: CreateOptions,
): Tensor {
  const [value, others] = pick<number | boolean | bigint, CreateOptions>('fillValue', fillValue, options);
  const { dtype, requiresGrad } = createOptions('full', others);
  const sizes = [...checkShape('full', typeof shape === 'number' ? [shape] : shape)];
  const target = dtype ?? inferDType('full', [checkScalar('full', value)]);
  return finish('full', filled('full', sizes, target, value), requiresGrad);
}

function like(
  op: string,
  self: Tensor,
  options: CreateOptions | undefined,
  value: number | boolean | bigint | null,
): Tensor {
  const { dtype, requiresGrad } = createOptions(op, options);
  const target = dtype ?? self.dtype;
  const out =
    value === null
      ? allocate(self.shape, target)
      : Object.is(value, 0)
        ? allocateZeros(self.shape, target)
        : filled(op, self.shape, target, value);
  return finish(op, out, requiresGrad);
}

/** Zeros of the shape and dtype of `self`. */
export function zerosLike(self: Tensor, options?: CreateOptions): Tensor {
  checkTensor('zerosLike', 'self', self);
  return like('zerosLike', self, options, 0);
}

/** Ones of the shape and dtype of `self`. */
export function onesLike(self: Tensor, options?: CreateOptions): Tensor {
  checkTensor('onesLike', 'self', self);
  return like('onesLike', self, options, 1);
}

/** Unspecified elements, of the shape and dtype of `self`. */
export function emptyLike(self: Tensor, options?: CreateOptions): Tensor {
  checkTensor('emptyLike', 'self', self);
  return like('emptyLike', self, options, null);
}

/** One value, in the shape and dtype of `self`. */
export function fullLike(self: Tensor, fillValue: number | boolean | bigint, options?: CreateOptions): Tensor {
  return like('fullLike', self, options, checkScalar('fullLike', fillValue));
}

/**
 * `start, start + step, …` up to and without `end`: `arange(end)`, `arange(start, end)`, `arange(start, end, step)`.
 * float32 unless told otherwise.
 *
 * @throws ValueError when `step` is 0 or leads away from `end`
 */
export function arange(
  ...args: readonly (number | CreateOptions | { start?: number; end?: number; step?: number } | undefined)[]
): Tensor {
  const numbers: number[] = [];
  let rest: Readonly<Record<string, unknown>> = {};
  for (const [i, arg] of args.entries()) {
    if (typeof arg === 'number') numbers.push(arg);
    else if (isOptions(arg) && i === args.length - 1) rest = arg;
    else if (arg !== undefined) throw new ValueError(`takes numbers, but got ${String(arg)}`, { op: 'arange' });
  }
  if (numbers.length === 1 && rest['end'] === undefined) numbers.unshift(0);
  const [start = 0, end, step = 1, dtype, requiresGrad] = named<[number, number, number, DType | null, boolean]>(
    'arange',
    ['start', 'end', 'step', 'dtype', 'requiresGrad'],
    [...numbers, rest],
  );
  if (end === undefined || !Number.isFinite(start) || !Number.isFinite(end) || !Number.isFinite(step)) {
    throw new ValueError(`start, end and step must be finite, but got ${start}, ${end}, ${step}`, { op: 'arange' });
  }
  if (step === 0) throw new ValueError('step must not be 0', { op: 'arange' });
  if (step > 0 ? start > end : start < end) {
    throw new ValueError(`bounds ${start} and ${end} are inconsistent with the sign of step ${step}`, { op: 'arange' });
  }
  const target = checkDType('arange', dtype ?? 'float32');
  if (target === 'bool') throw new DTypeError('is not defined for bool', { op: 'arange', operands: { dtype } });
  // Integers count in integers: fractions are cut off first, in int64 also for the size, as in PyTorch.
  const [from, to, by] = isFloating(target) ? [start, end, step] : [start, end, step].map(Math.trunc);
  if (by === 0)
    throw new ValueError(`step must not be 0, but ${step} is as ${target}`, { op: 'arange', operands: { step } });
  const [size] = checkShape('arange', [Math.ceil(target === 'int64' ? (to - from) / by : (end - start) / step)]);
  const out = allocate([size], target);
  if (isFloating(target) || size < MIN_WIDE) countInto(out, 0, size, from, by, 0);
  else {
    const wide = allocate([size], 'float64');
    countInto(wide, 0, size, from, by, 0);
    runCopy(wide, out);
    wide.storage.release('the end of arange');
  }
  return finish('arange', out, requiresGrad);
}

/** Longer counts of integers are made by kernels, as float64. */
const MIN_WIDE = 256;

/** out[at + i] = from + by (first + i), for n elements of a vector. */
function countInto(out: Tensor, at: number, n: number, from: number, by: number, first: number): void {
  if (launchCount(out, at, n, from, by, first)) return;
  const { dtype } = out;
  const array = withBits(() => out.array);
  for (let i = 0; i < n; i++) writeElement(array, dtype, at + i, from + by * (first + i));
}

/**
 * `steps` values evenly spaced from `start` to `end`, both included. As PyTorch, the second half is counted back from `end`,
 * so that it is met exactly.
 */
export function linspace(
  start: number,
  end: number,
  steps: number | (CreateOptions & { readonly steps: number }),
  options?: CreateOptions,
): Tensor {
  const [count, others] = pick<number, CreateOptions>('steps', steps, options);
  return evenly(start, end, count, others);
}

function evenly(start: number, end: number, steps: number, options: CreateOptions | undefined): Tensor {
  const { dtype, requiresGrad } = createOptions('linspace', options);
  const target = dtype ?? 'float32';
  checkSteps('linspace', start, end, steps, target);
  const out = allocate([steps], target);
  const single = target === 'float32' ? Math.fround : isFloating(target) ? (x: number) => x : Math.trunc;
  const from = single(start);
  const to = single(end);
  const step = steps > 1 ? (to - from) / (steps - 1) : 0;
  const rounded = target === 'float32' ? Math.fround(step) : step;
  const half = steps === 1 ? 1 : Math.floor(steps / 2);
  countInto(out, 0, half, from, rounded, 0);
  countInto(out, half, steps - half, to, rounded, half - steps + 1);
  return finish('linspace', out, requiresGrad);
}

function checkSteps(op: string, start: number, end: number, steps: number, dtype: DType): void {
  if (typeof start !== 'number' || typeof end !== 'number') {
    throw new ValueError(`start and end must be numbers, but got ${String(start)} and ${String(end)}`, { op });
  }
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(`steps must be an integer of at least 0, but got ${String(steps)}`, {
      op,
      operands: { steps },
    });
  }
  if (dtype === 'bool') throw new DTypeError('is not defined for bool', { op, operands: { dtype } });
}

/** `steps` values from `base^start` to `base^end`, evenly spaced in the exponent. */
export function logspace(
  start: number,
  end: number,
  steps: number,
  base: number | (CreateOptions & { base?: number }) = 10,
  options?: CreateOptions,
): Tensor {
  const [b = 10, dtype, requiresGrad] = named<[number, DType | null, boolean]>(
    'logspace',
    ['base', 'dtype', 'requiresGrad'],
    [base, options],
  );
  const target = checkDType('logspace', dtype ?? 'float32');
  checkSteps('logspace', start, end, steps, target);
  const exponents = linspace(start, end, steps, { dtype: 'float64' });
  const out = allocate([steps], target);
  const array = withBits(() => out.array);
  for (let i = 0; i < steps; i++) writeElement(array, target, i, exact.pow(b, Number(exponents.array[i])));
  return finish('logspace', out, requiresGrad);
}

/** The identity matrix: ones on the diagonal, `n` rows and `m` (by default `n`) columns. */
export function eye(
  n: number,
  m?: number | null | (CreateOptions & { m?: number | null }),
  options?: CreateOptions,
): Tensor {
  const [given, dtype, requiresGrad] = named<[number | null, DType | null, boolean]>(
    'eye',
    ['m', 'dtype', 'requiresGrad'],
    [m, options],
  );
  const columns = given ?? n;
  checkShape('eye', [n, columns]);
  const target = checkDType('eye', dtype ?? 'float32');
  const out = allocateZeros([n, columns], target);
  const array = withBits(() => out.array);
  for (let i = 0; i < Math.min(n, columns); i++) writeElement(array, target, i * columns + i, 1);
  return finish('eye', out, requiresGrad);
}
