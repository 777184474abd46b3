/**
 * Tensors from data, from values and from ranges. Plain numbers make float32 unless told otherwise.
 */

import { allocate, allocateZeros, fromArray, isTensor } from '../base.ts';
import { requireRecorder } from '../dispatch.ts';
import { checkDType, dtypeOfArray, isFloating, newArray } from '../dtype.ts';
import type { DType, TypedArray } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { formatShape, sizeOf } from '../layout.ts';
import type { Shape } from '../layout.ts';
import { isOptions, named } from '../options.ts';
import { copy, fill, toBigInt, writeElement } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';

export interface CreateOptions {
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
  /** Record operations on the result. Default false. */
  readonly requiresGrad?: boolean;
}

/** What `tensor` takes: a value, or lists of values nested to any depth. */
export type NestedArray = number | boolean | bigint | readonly NestedArray[];
export type TensorData = NestedArray | TypedArray | Uint8ClampedArray | Tensor;

/** Shape arguments as a list or one by one, with options at the end. */
export type ShapeArguments = readonly [...(readonly number[] | readonly [readonly number[]]), CreateOptions?] | readonly (number | readonly number[] | CreateOptions | undefined)[];

/** A 0-d tensor of one value. */
export function scalarTensor(value: number, dtype: DType): Tensor {
  const out = allocate([], dtype);
  writeElement(out.array, dtype, 0, value);
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
 * A tensor of the given data, copied. Numbers make float32, booleans bool, BigInts int64; a typed array keeps its dtype.
 *
 * @throws ShapeError when nested lists are ragged; DTypeError when entries are neither numbers, booleans nor BigInts
 *
 * @example
 * tensor([[1, 2], [3, 4]]); // shape [2, 2]
 * tensor([1, 2], { dtype: 'int32', });
 */
export function tensor(data: TensorData, options?: CreateOptions): Tensor {
  const { dtype, requiresGrad } = createOptions('tensor', options);
  return finish('tensor', fromData('tensor', data, dtype ?? null), requiresGrad);
}

/** As `tensor`, for callers that are named otherwise. */
export function fromData(op: string, data: TensorData, dtype: DType | null): Tensor {
  if (isTensor(data)) {
    const out = allocate(data.shape, dtype ?? data.dtype);
    copy(data, out);
    return out;
  }
  const arrayDType = dtypeOfArray(data);
  if (arrayDType !== null) {
    const source = data as TypedArray;
    const target = dtype ?? arrayDType;
    const out = allocate([source.length], target);
    copy({ array: source, shape: out.shape, strides: [1], offset: 0, dtype: arrayDType }, out);
    return out;
  }
  if (ArrayBuffer.isView(data)) {
    throw new DTypeError(`cannot take a ${(data as object).constructor.name}; known dtypes have no such element`, { op });
  }
  const nested = data as NestedArray;
  const shape = nestedShape(nested);
  const flat: (number | boolean | bigint)[] = [];
  flatten(op, nested, shape, 0, flat);
  const target = dtype ?? inferDType(op, flat);
  const out = allocate(shape, target);
  const array = out.array;
  if (target === 'float32' || target === 'float64') {
    for (let i = 0; i < flat.length; i++) array[i] = Number(flat[i]);
  } else {
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
  return shape;
}

function flatten(
  op: string,
  data: NestedArray,
  shape: Shape,
  depth: number,
  out: (number | boolean | bigint)[],
): void {
  if (depth === shape.length) {
    if (typeof data === 'number' || typeof data === 'boolean' || typeof data === 'bigint') {
      out.push(data);
      return;
    }
    if (Array.isArray(data)) ragged(op, shape, depth, `a list of length ${data.length}`);
    throw new DTypeError(`entries must be numbers, booleans or BigInts, but got ${data === null ? 'null' : typeof data}`, {
      op,
    });
  }
  if (!Array.isArray(data)) ragged(op, shape, depth, 'a single value');
  const list = data as readonly NestedArray[];
  if (list.length !== shape[depth]) ragged(op, shape, depth, `a list of length ${list.length}`);
  for (let i = 0; i < list.length; i++) flatten(op, list[i], shape, depth + 1, out);
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

/** A tensor over the typed array itself: writes to one show in the other, as `torch.from_numpy`. Small data only stays shared. */
export function fromTypedArray(array: TypedArray, shape?: Shape): Tensor {
  const dtype = dtypeOfArray(array);
  if (dtype === null) throw new DTypeError('needs a typed array of a known dtype', { op: 'fromTypedArray' });
  const target = shape === undefined ? [array.length] : [...checkShape('fromTypedArray', shape)];
  if (sizeOf(target) !== array.length) {
    throw new ShapeError(`shape ${formatShape(target)} needs ${sizeOf(target)} elements, but the array has ${array.length}`, {
      op: 'fromTypedArray',
      operands: { shape: target, length: array.length },
    });
  }
  return fromArray(array, target, dtype);
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
  fill(out, 1);
  return finish('ones', out, requiresGrad);
}

/** A tensor whose elements are unspecified (in this implementation, not secret: whatever was there). */
export function empty(...args: ShapeArguments): Tensor {
  const [shape, { dtype, requiresGrad }] = shapeAndOptions('empty', args);
  return finish('empty', allocate(shape, dtype ?? 'float32'), requiresGrad);
}

/** `shape` filled with one value; the dtype follows the value (number: float32, boolean: bool, BigInt: int64) unless given. */
export function full(
  shape: readonly number[] | number,
  fillValue: number | boolean | bigint,
  options?: CreateOptions,
): Tensor {
  const { dtype, requiresGrad } = createOptions('full', options);
  const sizes = [...checkShape('full', typeof shape === 'number' ? [shape] : shape)];
  const target = dtype ?? inferDType('full', [fillValue]);
  const out = allocate(sizes, target);
  if (typeof fillValue === 'bigint' && target === 'int64') (out.array as BigInt64Array).fill(fillValue, 0, sizeOf(sizes));
  else fill(out, Number(fillValue));
  return finish('full', out, requiresGrad);
}

function like(op: string, self: Tensor, options: CreateOptions | undefined, value: number | null): Tensor {
  const { dtype, requiresGrad } = createOptions(op, options);
  const target = dtype ?? self.dtype;
  if (value === 0) return finish(op, allocateZeros(self.shape, target), requiresGrad);
  const out = allocate(self.shape, target);
  if (value !== null) fill(out, value);
  return finish(op, out, requiresGrad);
}

/** Zeros of the shape and dtype of `self`. */
export function zerosLike(self: Tensor, options?: CreateOptions): Tensor {
  return like('zerosLike', self, options, 0);
}

/** Ones of the shape and dtype of `self`. */
export function onesLike(self: Tensor, options?: CreateOptions): Tensor {
  return like('onesLike', self, options, 1);
}

/** Unspecified elements, of the shape and dtype of `self`. */
export function emptyLike(self: Tensor, options?: CreateOptions): Tensor {
  return like('emptyLike', self, options, null);
}

/** One value, in the shape and dtype of `self`. */
export function fullLike(self: Tensor, fillValue: number, options?: CreateOptions): Tensor {
  return like('fullLike', self, options, fillValue);
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
  for (const arg of args) {
    if (typeof arg === 'number') numbers.push(arg);
    else if (isOptions(arg)) rest = arg;
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
  const size = Math.ceil((end - start) / step);
  const out = allocate([size], target);
  const array = out.array;
  if (target === 'int64') {
    for (let i = 0; i < size; i++) (array as BigInt64Array)[i] = toBigInt(start + i * step);
  } else {
    for (let i = 0; i < size; i++) array[i] = start + i * step;
  }
  return finish('arange', out, requiresGrad);
}

/**
 * `steps` values evenly spaced from `start` to `end`, both included. As PyTorch, the second half is counted back from `end`,
 * so that it is met exactly.
 */
export function linspace(start: number, end: number, steps: number, options?: CreateOptions): Tensor {
  const { dtype, requiresGrad } = createOptions('linspace', options);
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(`steps must be an integer of at least 0, but got ${steps}`, { op: 'linspace' });
  }
  const target = dtype ?? 'float32';
  const array = newArray(target, steps);
  const single = target === 'float32' ? Math.fround : (x: number) => x;
  const step = steps > 1 ? single((end - start) / (steps - 1)) : 0;
  for (let i = 0; i < steps; i++) {
    const value = i < steps / 2 ? start + step * i : end - step * (steps - i - 1);
    writeElement(array, target, i, isFloating(target) ? value : Math.trunc(value));
  }
  return finish('linspace', fromArray(array, [steps], target), requiresGrad);
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
  const exponents = linspace(start, end, steps, { dtype: 'float64' });
  const array = newArray(dtype ?? 'float32', steps);
  for (let i = 0; i < steps; i++) writeElement(array, dtype ?? 'float32', i, b ** Number(exponents.array[i]));
  return finish('logspace', fromArray(array, [steps], dtype ?? 'float32'), requiresGrad);
}

/** The identity matrix: ones on the diagonal, `n` rows and `m` (by default `n`) columns. */
export function eye(n: number, m?: number | CreateOptions, options?: CreateOptions): Tensor {
  const [columns = n, dtype, requiresGrad] = named<[number, DType | null, boolean]>(
    'eye',
    ['m', 'dtype', 'requiresGrad'],
    [m, options],
  );
  checkShape('eye', [n, columns]);
  const target = checkDType('eye', dtype ?? 'float32');
  const out = allocateZeros([n, columns], target);
  const array = out.array;
  for (let i = 0; i < Math.min(n, columns); i++) writeElement(array, target, i * columns + i, 1);
  return finish('eye', out, requiresGrad);
}
