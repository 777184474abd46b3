/**
 * The `Tensor` class: fields from `TensorBase`, and every op as a method. A method and the free function of its name are one
 * implementation, documented at the function.
 */

import { construct, setTensorClass, TensorBase } from './base.ts';
import { withBits } from './bits.ts';
import * as pointwise from './composites/pointwise.ts';
import * as statistics from './composites/statistics.ts';
import type { BackwardOptions, GradFn, RemovableHandle } from './dispatch.ts';
import { recorderIfAny, requireRecorder } from './dispatch.ts';
import type { DType, TypedArray } from './dtype.ts';
import { isFloating, isHalf, itemBytes, newArray } from './dtype.ts';
import { AutogradError, DTypeError, IndexError, ShapeError, ValueError } from './errors.ts';
import type { Shape } from './layout.ts';
import { contiguousStrides, formatShape, isContiguous, sizeOf, wrapDim } from './layout.ts';
import { range } from './lists.ts';
import type { ValuesIndices } from './namedTuple.ts';
import { recordFunction } from './observe.ts';
import * as copies from './ops/copies.ts';
import * as counting from './ops/counting.ts';
import * as create from './ops/create.ts';
import * as elementwise from './ops/elementwise.ts';
import * as indexing from './ops/index.ts';
import * as join from './ops/join.ts';
import type { Operand } from './ops/list.ts';
import * as products from './ops/matmul.ts';
import * as random from './ops/random.ts';
import * as reduce from './ops/reduce.ts';
import type { Subscript } from './ops/subscript.ts';
import * as subscript from './ops/subscript.ts';
import * as views from './ops/view.ts';
import { isOptions, listArgument, named } from './options.ts';
import { formatTensor } from './print.ts';
import { copy } from './reference/elementwise.ts';
import { halfValue } from './reference/half.ts';
import { sameStorage } from './storage.ts';

/** Values of a tensor as nested lists; a plain value for 0 dimensions. */
export type NestedValues = number | boolean | bigint | NestedValues[];

type SizeArguments = readonly (number | readonly number[])[];

/** A function's parameters after its first, which a method supplies. */
type Rest<F> = F extends (...args: infer A) => unknown ? (A extends readonly [unknown, ...infer R] ? R : never) : never;

/**
 * An n-dimensional array of one dtype: a storage seen through shape, strides and offset.
 *
 * Made by `tensor`, `zeros`, `rand` and their kin, never by its constructor.
 */
export class Tensor extends TensorBase {
  // ------------------------------------------------------------------------------------------------------------ layout

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of dimensions, as `ndim`. */
  dim(): number {
    return this.shape.length;
  }

  /** The shape, or the size of one dimension. */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    return dim === undefined ? this.shape : this.shape[ownDim('size', dim, this)];
  }

  /** Strides in elements, or that of one dimension. */
  stride(): Shape;
  stride(dim: number): number;
  stride(dim?: number): Shape | number {
    return dim === undefined ? this.strides : this.strides[ownDim('stride', dim, this)];
  }

  /** Position of the first element in the storage, in elements. */
  storageOffset(): number {
    return this.offset;
  }

  /** Number of elements. */
  numel(): number {
    return sizeOf(this.shape);
  }

  /** Number of elements, as `numel`. */
  nelement(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of one element. */
  elementSize(): number {
    return itemBytes(this.dtype);
  }

  /** True when the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  isFloatingPoint(): boolean {
    return isFloating(this.dtype);
  }

  /** True when both tensors look at the same memory. */
  sharesStorageWith(other: Tensor): boolean {
    return sameStorage(this.storage, other.storage);
  }

  /** How often the elements were written in place: what the tape compares to notice damage. */
  get version(): number {
    return this.storage.version;
  }

  // ----------------------------------------------------------------------------------------------------------- reading

  /**
   * The value of a tensor of one element as a number: 0 or 1 for bool; of an int64 beyond ±2^53 the nearest (`toArray` gives
   * booleans and BigInts).
   *
   * @throws ShapeError when there is not exactly one element
   */
  item(): number {
    const size = this.numel();
    if (size !== 1) {
      throw new ShapeError(
        `a tensor with ${size} elements cannot be converted to a scalar, shape ${formatShape(this.shape)}`,
        {
          op: 'item',
          operands: { self: this.shape },
        },
      );
    }
    const read = (): number => {
      const { dtype } = this;
      if (!isHalf(dtype)) return Number(this.array[this.offset]);
      return halfValue(dtype, Number(withBits(() => this.array)[this.offset]));
    };
    return recordFunction('item', read, [this]);
  }

  /**
   * Nested lists of the values: numbers, booleans for bool, BigInts for int64.
   *
   * @typeParam T what it is known to be: of a vector of floats, `number[]`
   *
   * @example
   * const order = randperm(10).toArray<number[]>();
   */
  toArray<T extends NestedValues = NestedValues>(): T {
    const flat = this.toTypedArray();
    const value = (i: number): number | boolean | bigint => (this.dtype === 'bool' ? flat[i] !== 0 : flat[i]);
    let at = 0;
    const build = (d: number): NestedValues => {
      if (d === this.ndim) return value(at++);
      return Array.from({ length: this.shape[d] }, () => build(d + 1));
    };
    return build(0) as T;
  }

  /** Nested lists of the values, named as in PyTorch. */
  tolist<T extends NestedValues = NestedValues>(): T {
    return this.toArray<T>();
  }

  /** What `JSON.stringify` writes: nested lists of the values. JSON has no NaN and no ∞, and writes null; and no int64, which it refuses. */
  toJSON(): NestedValues {
    return this.toArray();
  }

  /**
   * A flat copy of the values in row-major order, of the dtype's own kind (`Uint8Array` for bool; `Float32Array` for float16 and
   * bfloat16, whose bits `toBits` gives).
   */
  toTypedArray(): TypedArray {
    return this.flatCopy(isHalf(this.dtype) ? 'float32' : this.dtype);
  }

  /**
   * A flat copy of the bits of a float16 or bfloat16 tensor in row-major order, as `fromTypedArray` takes them back.
   *
   * @throws DTypeError for other dtypes
   */
  toBits(): Uint16Array {
    if (isHalf(this.dtype)) return this.flatCopy(this.dtype) as Uint16Array;
    throw new DTypeError(`takes float16 and bfloat16, but got ${this.dtype}`, { op: 'toBits' });
  }

  private flatCopy(dtype: DType): TypedArray {
    const { shape } = this;
    const array = newArray(dtype, this.numel());
    const out = { array, shape, strides: contiguousStrides(shape), offset: 0, dtype };
    recordFunction('toTypedArray', () => withBits(() => copy(this, out)), [this]);
    return array;
  }

  /** As PyTorch prints it, to the character. */
  override toString(): string {
    const recorder = recorderIfAny();
    const gradFn = recorder?.gradFn(this) ?? null;
    return formatTensor(this, {
      requiresGrad: recorder?.requiresGrad(this) ?? false,
      gradFn: gradFn === null ? null : gradFn.name,
      name: this.printName,
    });
  }

  /** How the printed form begins; `nn.Parameter` overrides it. */
  protected get printName(): 'tensor' | 'Parameter' {
    return 'tensor';
  }

  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }

  /** Node's inspector. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }

  /** Deno's inspector. */
  [Symbol.for('Deno.customInspect')](): string {
    return this.toString();
  }

  /**
   * The value, for arithmetic and comparison by JavaScript's operators: `y.norm() < 1000`.
   *
   * @throws ShapeError when there is not exactly one element
   */
  [Symbol.toPrimitive](hint: string): number | string {
    return hint === 'string' ? this.toString() : this.item();
  }

  /** Entries along the first dimension. */
  *[Symbol.iterator](): Generator<Tensor> {
    if (this.ndim === 0) throw new IndexError('iteration over a 0-d tensor', { op: 'Tensor' });
    yield* views.unbind(this, 0);
  }

  get length(): number {
    if (this.ndim === 0) throw new IndexError('a 0-d tensor has no length', { op: 'Tensor' });
    return this.shape[0];
  }

  // ---------------------------------------------------------------------------------------------------------- autograd

  /** Whether operations on this tensor are recorded. */
  get requiresGrad(): boolean {
    // A view without a slot follows its base.
    if (this.autograd === null && this.base === null) return false;
    return recorderIfAny()?.requiresGrad(this) ?? false;
  }

  set requiresGrad(value: boolean) {
    requireRecorder('requiresGrad').setRequiresGrad(this, value);
  }

  /** Records operations on this tensor from now on (or stops doing so). */
  requiresGrad_(requiresGrad: boolean | { requiresGrad?: boolean } = true): this {
    const [value = true] = named<[boolean]>('requiresGrad_', ['requiresGrad'], [requiresGrad]);
    requireRecorder('requiresGrad_').setRequiresGrad(this, value);
    return this;
  }

  /** The gradient that `backward` has accumulated here; null before. */
  get grad(): Tensor | null {
    return this.autograd === null ? null : requireRecorder('grad').grad(this);
  }

  set grad(value: Tensor | null) {
    requireRecorder('grad').setGrad(this, value);
  }

  /** The node that made this tensor: `x.sub(2).gradFn.name` is `'SubBackward0'`; null for leaves. */
  get gradFn(): GradFn | null {
    const recorder = recorderIfAny();
    return recorder === null ? null : recorder.gradFn(this);
  }

  /** True when no recorded operation made this tensor. */
  get isLeaf(): boolean {
    if (this.autograd === null && this.base === null) return true;
    return recorderIfAny()?.isLeaf(this) ?? true;
  }

  /** Which output of its `gradFn` this tensor is. */
  get outputNr(): number {
    return this.autograd === null ? 0 : requireRecorder('outputNr').outputNr(this);
  }

  get retainsGrad(): boolean {
    return this.autograd !== null && requireRecorder('retainsGrad').retainsGrad(this);
  }

  /** Makes `backward` keep the gradient of this tensor, although it is no leaf. */
  retainGrad(): void {
    requireRecorder('retainGrad').retainGrad(this);
  }

  /** Calls `hook` with each gradient that arrives here; what it returns (if anything) replaces the gradient. */
  registerHook(hook: (grad: Tensor) => Tensor | null | undefined | void): RemovableHandle {
    return requireRecorder('registerHook').registerHook(this, hook);
  }

  /**
   * Accumulates into the `grad` of every leaf the derivative of this tensor with respect to it.
   *
   * @param gradient d(loss)/d(this); may be left out when this has one element
   * @throws AutogradError when nothing was recorded, when the graph is freed, or when a gradient is needed and missing
   *
   * @example
   * const x = tensor([1, 2], { requiresGrad: true });
   * x.mul(x).sum().backward();
   * x.grad; // tensor([2., 4.])
   */
  backward(
    gradient?: Tensor | null | BackwardOptions,
    retainGraph?: boolean | null | BackwardOptions,
    createGraph?: boolean | BackwardOptions,
    inputs?: Tensor | readonly Tensor[] | null | BackwardOptions,
    options?: BackwardOptions,
  ): void {
    const [g, retain, create, into] = named<
      [Tensor | null, boolean | null, boolean, Tensor | readonly Tensor[] | null]
    >(
      'backward',
      ['gradient', 'retainGraph', 'createGraph', 'inputs'],
      [gradient, retainGraph, createGraph, inputs, options],
    );
    const recorder = recorderIfAny();
    if (recorder === null) {
      throw new AutogradError("needs automatic differentiation; import '@torsor/autograd' (or 'torsor') first", {
        op: 'backward',
      });
    }
    recorder.backward(this, {
      gradient: g ?? null,
      retainGraph: retain ?? null,
      createGraph: create ?? false,
      inputs: into ?? null,
    });
  }

  /** The same elements, cut off the tape. In-place writes to either show in both, and are noticed by the tape. */
  detach(): Tensor {
    return construct(this.storage, this.shape, this.strides, this.offset, this.dtype);
  }

  /** Cuts this tensor itself off the tape. */
  detach_(): this {
    if (this.autograd !== null) requireRecorder('detach_').detach_(this);
    return this;
  }

  /** The same elements, cut off the tape, whose in-place writes the tape does not notice. */
  get data(): Tensor {
    return construct(this.storage.alias(), this.shape, this.strides, this.offset, this.dtype);
  }

  /** Replaces the elements (and shape) by those of another tensor, without a record. */
  set data(value: Tensor) {
    if (value.dtype !== this.dtype) {
      throw new ValueError(`cannot be set to a ${value.dtype} tensor where ${this.dtype} is expected`, { op: 'data' });
    }
    this.storage = value.storage.alias();
    this.shape = value.shape;
    this.strides = value.strides;
    this.offset = value.offset;
  }

  // ------------------------------------------------------------------------------------------------------------- casts

  /** See {@link elementwise.to}. */
  to(...args: Rest<typeof elementwise.to>): Tensor {
    return elementwise.to(this, ...args);
  }

  /** The same values in the dtype given (`torch.Tensor.type`). */
  type(dtype: DType): Tensor {
    return elementwise.to(this, dtype);
  }

  typeAs(other: Tensor): Tensor {
    return elementwise.to(this, other.dtype);
  }

  /** Cast to float16. */
  half(): Tensor {
    return elementwise.to(this, 'float16');
  }

  /** Cast to bfloat16. */
  bfloat16(): Tensor {
    return elementwise.to(this, 'bfloat16');
  }

  /** Cast to float32. */
  float(): Tensor {
    return elementwise.to(this, 'float32');
  }

  /** Cast to float64. */
  double(): Tensor {
    return elementwise.to(this, 'float64');
  }

  /** Cast to int32. */
  int(): Tensor {
    return elementwise.to(this, 'int32');
  }

  /** Cast to int64. */
  long(): Tensor {
    return elementwise.to(this, 'int64');
  }

  /** Cast to uint8. */
  byte(): Tensor {
    return elementwise.to(this, 'uint8');
  }

  /** Cast to bool. */
  bool(): Tensor {
    return elementwise.to(this, 'bool');
  }

  /** See {@link elementwise.clone}. */
  clone(): Tensor {
    return elementwise.clone(this);
  }

  /** See {@link elementwise.contiguous}. */
  contiguous(): Tensor {
    return elementwise.contiguous(this);
  }

  /** Writes `src`, broadcast and cast, into this tensor. */
  copy_(src: Tensor): this {
    elementwise.copy_(this, src);
    return this;
  }

  /** Sets every element to `value`. */
  fill_(value: Operand): this {
    elementwise.fill_(this, value);
    return this;
  }

  /** Sets the main diagonal to `value`; with `wrap` anew below its end. */
  fillDiagonal_(...args: Rest<typeof copies.fillDiagonal_>): this {
    copies.fillDiagonal_(this, ...args);
    return this;
  }

  /** Sets every element to 0. */
  zero_(): this {
    elementwise.zero_(this);
    return this;
  }

  /** A tensor of this dtype, unless told otherwise, whose elements are unspecified. */
  newEmpty(...args: create.ShapeArguments): Tensor {
    return create.empty(...inDType(this.dtype, args));
  }

  /** Zeros of this dtype unless told otherwise. */
  newZeros(...args: create.ShapeArguments): Tensor {
    return create.zeros(...inDType(this.dtype, args));
  }

  /** Ones of this dtype unless told otherwise. */
  newOnes(...args: create.ShapeArguments): Tensor {
    return create.ones(...inDType(this.dtype, args));
  }

  /** One value in all places, in this dtype unless told otherwise. */
  newFull(shape: Shape, fillValue: number | boolean | bigint, options?: create.CreateOptions): Tensor {
    return create.full(shape, fillValue, { ...options, dtype: options?.dtype ?? this.dtype });
  }

  /** A tensor of the data, in this dtype unless told otherwise. */
  newTensor(data: create.TensorData, options?: create.CreateOptions): Tensor {
    return create.tensor(data, { ...options, dtype: options?.dtype ?? this.dtype });
  }

  // ----------------------------------------------------------------------------------------- views; see `ops/view.ts`

  /** The transpose of a matrix. */
  get T(): Tensor {
    return views.permute(this, range(this.ndim).reverse());
  }

  /** The transpose of the last two dimensions. */
  get mT(): Tensor {
    return products.matrixTranspose(this);
  }

  view(...shape: SizeArguments): Tensor {
    return views.view(this, listArgument(shape));
  }

  viewAs(other: Tensor): Tensor {
    return views.viewAs(this, other);
  }

  reshape(...shape: SizeArguments): Tensor {
    return views.reshape(this, listArgument(shape));
  }

  reshapeAs(other: Tensor): Tensor {
    return views.reshapeAs(this, other);
  }

  flatten(...args: Rest<typeof views.flatten>): Tensor {
    return views.flatten(this, ...args);
  }

  unflatten(dim: number, sizes: Shape): Tensor {
    return views.unflatten(this, dim, sizes);
  }

  ravel(): Tensor {
    return views.ravel(this);
  }

  t(): Tensor {
    return views.t(this);
  }

  transpose(dim0: number, dim1: number): Tensor {
    return views.transpose(this, dim0, dim1);
  }

  swapaxes(axis0: number, axis1: number): Tensor {
    return views.transpose(this, axis0, axis1);
  }

  permute(...dims: SizeArguments): Tensor {
    return views.permute(this, listArgument(dims));
  }

  movedim(...args: Rest<typeof views.movedim>): Tensor {
    return views.movedim(this, ...args);
  }

  select(dim: number, index: number): Tensor {
    return views.select(this, dim, index);
  }

  /** Every `step`-th entry from `start` up to and without `end` along `dim`: a view. */
  slice(dim: number, start: number | null = null, end: number | null = null, step = 1): Tensor {
    return views.sliceDim(this, dim, start, end, step);
  }

  narrow(dim: number, start: number, length: number): Tensor {
    return views.narrow(this, dim, start, length);
  }

  diagonal(...args: Rest<typeof views.diagonal>): Tensor {
    return views.diagonal(this, ...args);
  }

  unfold(dimension: number, size: number, step: number): Tensor {
    return views.unfold(this, dimension, size, step);
  }

  squeeze(...args: Rest<typeof views.squeeze>): Tensor {
    return views.squeeze(this, ...args);
  }

  unsqueeze(dim: number | { dim: number }): Tensor {
    return views.unsqueeze(this, dim);
  }

  expand(...shape: SizeArguments): Tensor {
    return views.expand(this, listArgument(shape));
  }

  expandAs(other: Tensor): Tensor {
    return views.expandAs(this, other);
  }

  broadcastTo(...shape: SizeArguments): Tensor {
    return views.expand(this, listArgument(shape));
  }

  asStrided(...args: Rest<typeof views.asStrided>): Tensor {
    return views.asStrided(this, ...args);
  }

  split(...args: Rest<typeof views.split>): Tensor[] {
    return views.split(this, ...args);
  }

  chunk(...args: Rest<typeof views.chunk>): Tensor[] {
    return views.chunk(this, ...args);
  }

  unbind(...args: Rest<typeof views.unbind>): Tensor[] {
    return views.unbind(this, ...args);
  }

  // --------------------------------------------------------------------------------- products; see `ops/matmul.ts`

  dot(other: Tensor): Tensor {
    return products.dot(this, other);
  }

  mv(vec: Tensor): Tensor {
    return products.mv(this, vec);
  }

  mm(mat2: Tensor): Tensor {
    return products.mm(this, mat2);
  }

  bmm(mat2: Tensor): Tensor {
    return products.bmm(this, mat2);
  }

  matmul(other: Tensor): Tensor {
    return products.matmul(this, other);
  }

  addmm(...args: Rest<typeof products.addmm>): Tensor {
    return products.addmm(this, ...args);
  }

  baddbmm(...args: Rest<typeof products.baddbmm>): Tensor {
    return products.baddbmm(this, ...args);
  }

  outer(vec2: Tensor): Tensor {
    return products.outer(this, vec2);
  }

  // ----------------------------------------------------------------------- arithmetic; see `ops/elementwise.ts`

  /** See {@link elementwise.add}. */
  add(...args: Rest<typeof elementwise.add>): Tensor {
    return elementwise.add(this, ...args);
  }

  /** `add` in place. */
  add_(...args: Rest<typeof elementwise.add_>): this {
    elementwise.add_(this, ...args);
    return this;
  }

  /** See {@link elementwise.sub}. */
  sub(...args: Rest<typeof elementwise.sub>): Tensor {
    return elementwise.sub(this, ...args);
  }

  /** `sub` in place. */
  sub_(...args: Rest<typeof elementwise.sub_>): this {
    elementwise.sub_(this, ...args);
    return this;
  }

  /** See {@link elementwise.rsub}. */
  rsub(...args: Rest<typeof elementwise.rsub>): Tensor {
    return elementwise.rsub(this, ...args);
  }

  /** See {@link elementwise.div}. */
  div(...args: Rest<typeof elementwise.div>): Tensor {
    return elementwise.div(this, ...args);
  }

  /** `div` in place. */
  div_(...args: Rest<typeof elementwise.div_>): this {
    elementwise.div_(this, ...args);
    return this;
  }

  /** See {@link elementwise.pow}. */
  pow(exponent: Operand): Tensor {
    return elementwise.pow(this, exponent);
  }

  /** `pow` in place. */
  pow_(exponent: Operand): this {
    elementwise.pow_(this, exponent);
    return this;
  }

  /** See {@link elementwise.neg}. */
  neg(): Tensor {
    return elementwise.neg(this);
  }

  /** `neg` in place. */
  neg_(): this {
    elementwise.neg.inPlace(this);
    return this;
  }

  /** See {@link elementwise.abs}. */
  abs(): Tensor {
    return elementwise.abs(this);
  }

  /** `abs` in place. */
  abs_(): this {
    elementwise.abs.inPlace(this);
    return this;
  }

  /** See {@link elementwise.sign}. */
  sign(): Tensor {
    return elementwise.sign(this);
  }

  /** `sign` in place. */
  sign_(): this {
    elementwise.sign.inPlace(this);
    return this;
  }

  /** See {@link elementwise.exp}. */
  exp(): Tensor {
    return elementwise.exp(this);
  }

  /** `exp` in place. */
  exp_(): this {
    elementwise.exp.inPlace(this);
    return this;
  }

  /** See {@link elementwise.exp2}. */
  exp2(): Tensor {
    return elementwise.exp2(this);
  }

  /** `exp2` in place. */
  exp2_(): this {
    elementwise.exp2.inPlace(this);
    return this;
  }

  /** See {@link elementwise.expm1}. */
  expm1(): Tensor {
    return elementwise.expm1(this);
  }

  /** `expm1` in place. */
  expm1_(): this {
    elementwise.expm1.inPlace(this);
    return this;
  }

  /** See {@link elementwise.log}. */
  log(): Tensor {
    return elementwise.log(this);
  }

  /** `log` in place. */
  log_(): this {
    elementwise.log.inPlace(this);
    return this;
  }

  /** See {@link elementwise.log2}. */
  log2(): Tensor {
    return elementwise.log2(this);
  }

  /** `log2` in place. */
  log2_(): this {
    elementwise.log2.inPlace(this);
    return this;
  }

  /** See {@link elementwise.log10}. */
  log10(): Tensor {
    return elementwise.log10(this);
  }

  /** `log10` in place. */
  log10_(): this {
    elementwise.log10.inPlace(this);
    return this;
  }

  /** See {@link elementwise.log1p}. */
  log1p(): Tensor {
    return elementwise.log1p(this);
  }

  /** `log1p` in place. */
  log1p_(): this {
    elementwise.log1p.inPlace(this);
    return this;
  }

  /** See {@link elementwise.sqrt}. */
  sqrt(): Tensor {
    return elementwise.sqrt(this);
  }

  /** `sqrt` in place. */
  sqrt_(): this {
    elementwise.sqrt.inPlace(this);
    return this;
  }

  /** See {@link elementwise.rsqrt}. */
  rsqrt(): Tensor {
    return elementwise.rsqrt(this);
  }

  /** `rsqrt` in place. */
  rsqrt_(): this {
    elementwise.rsqrt.inPlace(this);
    return this;
  }

  /** See {@link elementwise.reciprocal}. */
  reciprocal(): Tensor {
    return elementwise.reciprocal(this);
  }

  /** `reciprocal` in place. */
  reciprocal_(): this {
    elementwise.reciprocal.inPlace(this);
    return this;
  }

  /** See {@link elementwise.sin}. */
  sin(): Tensor {
    return elementwise.sin(this);
  }

  /** `sin` in place. */
  sin_(): this {
    elementwise.sin.inPlace(this);
    return this;
  }

  /** See {@link elementwise.cos}. */
  cos(): Tensor {
    return elementwise.cos(this);
  }

  /** `cos` in place. */
  cos_(): this {
    elementwise.cos.inPlace(this);
    return this;
  }

  /** See {@link elementwise.tan}. */
  tan(): Tensor {
    return elementwise.tan(this);
  }

  /** `tan` in place. */
  tan_(): this {
    elementwise.tan.inPlace(this);
    return this;
  }

  /** See {@link elementwise.asin}. */
  asin(): Tensor {
    return elementwise.asin(this);
  }

  /** `asin` in place. */
  asin_(): this {
    elementwise.asin.inPlace(this);
    return this;
  }

  /** See {@link elementwise.acos}. */
  acos(): Tensor {
    return elementwise.acos(this);
  }

  /** `acos` in place. */
  acos_(): this {
    elementwise.acos.inPlace(this);
    return this;
  }

  /** See {@link elementwise.atan}. */
  atan(): Tensor {
    return elementwise.atan(this);
  }

  /** `atan` in place. */
  atan_(): this {
    elementwise.atan.inPlace(this);
    return this;
  }

  /** See {@link elementwise.sinh}. */
  sinh(): Tensor {
    return elementwise.sinh(this);
  }

  /** `sinh` in place. */
  sinh_(): this {
    elementwise.sinh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.cosh}. */
  cosh(): Tensor {
    return elementwise.cosh(this);
  }

  /** `cosh` in place. */
  cosh_(): this {
    elementwise.cosh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.tanh}. */
  tanh(): Tensor {
    return elementwise.tanh(this);
  }

  /** `tanh` in place. */
  tanh_(): this {
    elementwise.tanh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.asinh}. */
  asinh(): Tensor {
    return elementwise.asinh(this);
  }

  /** `asinh` in place. */
  asinh_(): this {
    elementwise.asinh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.acosh}. */
  acosh(): Tensor {
    return elementwise.acosh(this);
  }

  /** `acosh` in place. */
  acosh_(): this {
    elementwise.acosh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.atanh}. */
  atanh(): Tensor {
    return elementwise.atanh(this);
  }

  /** `atanh` in place. */
  atanh_(): this {
    elementwise.atanh.inPlace(this);
    return this;
  }

  /** See {@link elementwise.sigmoid}. */
  sigmoid(): Tensor {
    return elementwise.sigmoid(this);
  }

  /** `sigmoid` in place. */
  sigmoid_(): this {
    elementwise.sigmoid.inPlace(this);
    return this;
  }

  /** See {@link elementwise.relu}. */
  relu(): Tensor {
    return elementwise.relu(this);
  }

  /** `relu` in place. */
  relu_(): this {
    elementwise.relu.inPlace(this);
    return this;
  }

  /** See {@link elementwise.erf}. */
  erf(): Tensor {
    return elementwise.erf(this);
  }

  /** `erf` in place. */
  erf_(): this {
    elementwise.erf.inPlace(this);
    return this;
  }

  /** See {@link elementwise.erfc}. */
  erfc(): Tensor {
    return elementwise.erfc(this);
  }

  /** `erfc` in place. */
  erfc_(): this {
    elementwise.erfc.inPlace(this);
    return this;
  }

  /** See {@link elementwise.erfinv}. */
  erfinv(): Tensor {
    return elementwise.erfinv(this);
  }

  /** `erfinv` in place. */
  erfinv_(): this {
    elementwise.erfinv.inPlace(this);
    return this;
  }

  /** See {@link elementwise.lgamma}. */
  lgamma(): Tensor {
    return elementwise.lgamma(this);
  }

  /** `lgamma` in place. */
  lgamma_(): this {
    elementwise.lgamma.inPlace(this);
    return this;
  }

  /** See {@link elementwise.digamma}. */
  digamma(): Tensor {
    return elementwise.digamma(this);
  }

  /** `digamma` in place. */
  digamma_(): this {
    elementwise.digamma.inPlace(this);
    return this;
  }

  /** See {@link elementwise.floor}. */
  floor(): Tensor {
    return elementwise.floor(this);
  }

  /** `floor` in place. */
  floor_(): this {
    elementwise.floor.inPlace(this);
    return this;
  }

  /** See {@link elementwise.ceil}. */
  ceil(): Tensor {
    return elementwise.ceil(this);
  }

  /** `ceil` in place. */
  ceil_(): this {
    elementwise.ceil.inPlace(this);
    return this;
  }

  /** See {@link elementwise.round}. */
  round(): Tensor {
    return elementwise.round(this);
  }

  /** `round` in place. */
  round_(): this {
    elementwise.round.inPlace(this);
    return this;
  }

  /** See {@link elementwise.trunc}. */
  trunc(): Tensor {
    return elementwise.trunc(this);
  }

  /** `trunc` in place. */
  trunc_(): this {
    elementwise.trunc.inPlace(this);
    return this;
  }

  /** See {@link elementwise.logSigmoid}. */
  logSigmoid(): Tensor {
    return elementwise.logSigmoid(this);
  }

  /** See {@link elementwise.silu}. */
  silu(): Tensor {
    return elementwise.silu(this);
  }

  /** See {@link elementwise.mish}. */
  mish(): Tensor {
    return elementwise.mish(this);
  }

  /** See {@link elementwise.hardswish}. */
  hardswish(): Tensor {
    return elementwise.hardswish(this);
  }

  /** See {@link elementwise.hardsigmoid}. */
  hardsigmoid(): Tensor {
    return elementwise.hardsigmoid(this);
  }

  /** See {@link elementwise.logicalNot}. */
  logicalNot(): Tensor {
    return elementwise.logicalNot(this);
  }

  /** See {@link elementwise.isnan}. */
  isnan(): Tensor {
    return elementwise.isnan(this);
  }

  /** See {@link elementwise.isinf}. */
  isinf(): Tensor {
    return elementwise.isinf(this);
  }

  /** See {@link elementwise.isfinite}. */
  isfinite(): Tensor {
    return elementwise.isfinite(this);
  }

  /** See {@link elementwise.bitwiseNot}. */
  bitwiseNot(): Tensor {
    return elementwise.bitwiseNot(this);
  }

  /** See {@link elementwise.square}. */
  square(): Tensor {
    return elementwise.square(this);
  }

  /** See {@link elementwise.frac}. */
  frac(): Tensor {
    return elementwise.frac(this);
  }

  /** See {@link elementwise.selu}. */
  selu(): Tensor {
    return elementwise.selu(this);
  }

  /** See {@link elementwise.relu6}. */
  relu6(): Tensor {
    return elementwise.relu6(this);
  }

  /** See {@link elementwise.tanhshrink}. */
  tanhshrink(): Tensor {
    return elementwise.tanhshrink(this);
  }

  /** See {@link elementwise.softsign}. */
  softsign(): Tensor {
    return elementwise.softsign(this);
  }

  /** See {@link elementwise.deg2rad}. */
  deg2rad(): Tensor {
    return elementwise.deg2rad(this);
  }

  /** See {@link elementwise.rad2deg}. */
  rad2deg(): Tensor {
    return elementwise.rad2deg(this);
  }

  /** See {@link elementwise.mul}. */
  mul(other: Operand): Tensor {
    return elementwise.mul(this, other);
  }

  /** `mul` in place. */
  mul_(other: Operand): this {
    elementwise.mul.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.maximum}. */
  maximum(other: Operand): Tensor {
    return elementwise.maximum(this, other);
  }

  /** `maximum` in place. */
  maximum_(other: Operand): this {
    elementwise.maximum.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.minimum}. */
  minimum(other: Operand): Tensor {
    return elementwise.minimum(this, other);
  }

  /** `minimum` in place. */
  minimum_(other: Operand): this {
    elementwise.minimum.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.atan2}. */
  atan2(other: Operand): Tensor {
    return elementwise.atan2(this, other);
  }

  /** `atan2` in place. */
  atan2_(other: Operand): this {
    elementwise.atan2.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.xlogy}. */
  xlogy(other: Operand): Tensor {
    return elementwise.xlogy(this, other);
  }

  /** `xlogy` in place. */
  xlogy_(other: Operand): this {
    elementwise.xlogy.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.prelu}. */
  prelu(weight: Tensor): Tensor {
    return elementwise.prelu(this, weight);
  }

  /** See {@link elementwise.eq}. */
  eq(other: Operand): Tensor {
    return elementwise.eq(this, other);
  }

  /** `eq` in place. */
  eq_(other: Operand): this {
    elementwise.eq.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.ne}. */
  ne(other: Operand): Tensor {
    return elementwise.ne(this, other);
  }

  /** `ne` in place. */
  ne_(other: Operand): this {
    elementwise.ne.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.lt}. */
  lt(other: Operand): Tensor {
    return elementwise.lt(this, other);
  }

  /** `lt` in place. */
  lt_(other: Operand): this {
    elementwise.lt.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.le}. */
  le(other: Operand): Tensor {
    return elementwise.le(this, other);
  }

  /** `le` in place. */
  le_(other: Operand): this {
    elementwise.le.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.gt}. */
  gt(other: Operand): Tensor {
    return elementwise.gt(this, other);
  }

  /** `gt` in place. */
  gt_(other: Operand): this {
    elementwise.gt.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.ge}. */
  ge(other: Operand): Tensor {
    return elementwise.ge(this, other);
  }

  /** `ge` in place. */
  ge_(other: Operand): this {
    elementwise.ge.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.logicalAnd}. */
  logicalAnd(other: Operand): Tensor {
    return elementwise.logicalAnd(this, other);
  }

  /** `logicalAnd` in place. */
  logicalAnd_(other: Operand): this {
    elementwise.logicalAnd.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.logicalOr}. */
  logicalOr(other: Operand): Tensor {
    return elementwise.logicalOr(this, other);
  }

  /** `logicalOr` in place. */
  logicalOr_(other: Operand): this {
    elementwise.logicalOr.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.logicalXor}. */
  logicalXor(other: Operand): Tensor {
    return elementwise.logicalXor(this, other);
  }

  /** `logicalXor` in place. */
  logicalXor_(other: Operand): this {
    elementwise.logicalXor.inPlace(this, other);
    return this;
  }

  /** See {@link elementwise.remainder}. */
  remainder(other: Operand): Tensor {
    return elementwise.remainder(this, other);
  }

  /** See {@link elementwise.fmod}. */
  fmod(other: Operand): Tensor {
    return elementwise.fmod(this, other);
  }

  /** See {@link elementwise.floorDivide}. */
  floorDivide(other: Operand): Tensor {
    return elementwise.floorDivide(this, other);
  }

  /** See {@link elementwise.bitwiseAnd}. */
  bitwiseAnd(other: Operand): Tensor {
    return elementwise.bitwiseAnd(this, other);
  }

  /** See {@link elementwise.bitwiseOr}. */
  bitwiseOr(other: Operand): Tensor {
    return elementwise.bitwiseOr(this, other);
  }

  /** See {@link elementwise.bitwiseXor}. */
  bitwiseXor(other: Operand): Tensor {
    return elementwise.bitwiseXor(this, other);
  }

  /** See {@link pointwise.isposinf}. */
  isposinf(): Tensor {
    return pointwise.isposinf(this);
  }

  /** See {@link pointwise.isneginf}. */
  isneginf(): Tensor {
    return pointwise.isneginf(this);
  }

  /** See {@link elementwise.clamp}. */
  clamp(...args: Rest<typeof elementwise.clamp>): Tensor {
    return elementwise.clamp(this, ...args);
  }

  /** `clamp` in place. */
  clamp_(...args: Rest<typeof elementwise.clamp_>): this {
    elementwise.clamp_(this, ...args);
    return this;
  }

  /** See {@link elementwise.nanToNum}. */
  nanToNum(...args: Rest<typeof elementwise.nanToNum>): Tensor {
    return elementwise.nanToNum(this, ...args);
  }

  /** `condition ? this : other`. */
  where(condition: Tensor, other: Operand): Tensor {
    return elementwise.where(condition, this, other);
  }

  /** See {@link elementwise.lerp}. */
  lerp(end: Tensor, weight: Operand): Tensor {
    return elementwise.lerp(this, end, weight);
  }

  /** `lerp` in place. */
  lerp_(end: Tensor, weight: Operand): this {
    elementwise.lerp_(this, end, weight);
    return this;
  }

  /** See {@link elementwise.addcmul}. */
  addcmul(...args: Rest<typeof elementwise.addcmul>): Tensor {
    return elementwise.addcmul(this, ...args);
  }

  /** `addcmul` in place. */
  addcmul_(...args: Rest<typeof elementwise.addcmul_>): this {
    elementwise.addcmul_(this, ...args);
    return this;
  }

  /** See {@link elementwise.addcdiv}. */
  addcdiv(...args: Rest<typeof elementwise.addcdiv>): Tensor {
    return elementwise.addcdiv(this, ...args);
  }

  /** `addcdiv` in place. */
  addcdiv_(...args: Rest<typeof elementwise.addcdiv_>): this {
    elementwise.addcdiv_(this, ...args);
    return this;
  }

  /** See {@link elementwise.maskedFill}. */
  maskedFill(mask: Tensor, value: Operand | { readonly value: Operand }): Tensor {
    return elementwise.maskedFill(this, mask, value);
  }

  /** `maskedFill` in place. */
  maskedFill_(mask: Tensor, value: Operand | { readonly value: Operand }): this {
    elementwise.maskedFill_(this, mask, value);
    return this;
  }

  // ------------------------------------------------------------------------------- reductions; see `ops/reduce.ts` and `composites/`

  sum(...args: Rest<typeof reduce.sum>): Tensor {
    return reduce.sum(this, ...args);
  }

  mean(...args: Rest<typeof reduce.mean>): Tensor {
    return reduce.mean(this, ...args);
  }

  nansum(...args: Rest<typeof statistics.nansum>): Tensor {
    return statistics.nansum(this, ...args);
  }

  nanmean(...args: Rest<typeof statistics.nanmean>): Tensor {
    return statistics.nanmean(this, ...args);
  }

  prod(...args: Rest<typeof reduce.prod>): Tensor {
    return reduce.prod(this, ...args);
  }

  amax(...args: Rest<typeof reduce.amax>): Tensor {
    return reduce.amax(this, ...args);
  }

  amin(...args: Rest<typeof reduce.amin>): Tensor {
    return reduce.amin(this, ...args);
  }

  /** Largest of all elements; with a dimension, values and indices along it; with a tensor, the larger of each pair. */
  max(): Tensor;
  max(other: Tensor): Tensor;
  max(dim: number | reduce.DimOptions, keepdim?: boolean | Omit<reduce.DimOptions, 'dim'>): ValuesIndices;
  max(...args: readonly unknown[]): Tensor | ValuesIndices {
    return (reduce.max as (self: Tensor, ...rest: readonly unknown[]) => Tensor | ValuesIndices)(this, ...args);
  }

  /** Smallest of all elements; with a dimension, values and indices along it; with a tensor, the smaller of each pair. */
  min(): Tensor;
  min(other: Tensor): Tensor;
  min(dim: number | reduce.DimOptions, keepdim?: boolean | Omit<reduce.DimOptions, 'dim'>): ValuesIndices;
  min(...args: readonly unknown[]): Tensor | ValuesIndices {
    return (reduce.min as (self: Tensor, ...rest: readonly unknown[]) => Tensor | ValuesIndices)(this, ...args);
  }

  argmax(...args: Rest<typeof reduce.argmax>): Tensor {
    return reduce.argmax(this, ...args);
  }

  argmin(...args: Rest<typeof reduce.argmin>): Tensor {
    return reduce.argmin(this, ...args);
  }

  var(...args: Rest<typeof reduce.variance>): Tensor {
    return reduce.variance(this, ...args);
  }

  std(...args: Rest<typeof reduce.std>): Tensor {
    return reduce.std(this, ...args);
  }

  norm(...args: Rest<typeof reduce.norm>): Tensor {
    return reduce.norm(this, ...args);
  }

  logsumexp(...args: Rest<typeof reduce.logsumexp>): Tensor {
    return reduce.logsumexp(this, ...args);
  }

  any(...args: Rest<typeof reduce.any>): Tensor {
    return reduce.any(this, ...args);
  }

  all(...args: Rest<typeof reduce.all>): Tensor {
    return reduce.all(this, ...args);
  }

  countNonzero(...args: Rest<typeof reduce.countNonzero>): Tensor {
    return reduce.countNonzero(this, ...args);
  }

  cumsum(...args: Rest<typeof reduce.cumsum>): Tensor {
    return reduce.cumsum(this, ...args);
  }

  cumprod(...args: Rest<typeof reduce.cumprod>): Tensor {
    return reduce.cumprod(this, ...args);
  }

  sort(...args: Rest<typeof reduce.sort>): ValuesIndices {
    return reduce.sort(this, ...args);
  }

  argsort(...args: Rest<typeof reduce.argsort>): Tensor {
    return reduce.argsort(this, ...args);
  }

  topk(...args: Rest<typeof reduce.topk>): ValuesIndices {
    return reduce.topk(this, ...args);
  }

  softmax(...args: Rest<typeof reduce.softmax>): Tensor {
    return reduce.softmax(this, ...args);
  }

  logSoftmax(...args: Rest<typeof reduce.logSoftmax>): Tensor {
    return reduce.logSoftmax(this, ...args);
  }

  allclose(...args: Rest<typeof reduce.allclose>): boolean {
    return reduce.allclose(this, ...args);
  }

  isclose(...args: Rest<typeof reduce.isclose>): Tensor {
    return reduce.isclose(this, ...args);
  }

  /** True when shapes and all elements are equal. */
  equal(other: Tensor): boolean {
    return reduce.equal(this, other);
  }

  // ----------------------------------------------------------------------------------- random; see `ops/random.ts`

  bernoulli(...args: Rest<typeof random.bernoulli>): Tensor {
    return random.bernoulli(this, ...args);
  }

  multinomial(...args: Rest<typeof random.multinomial>): Tensor {
    return random.multinomial(this, ...args);
  }

  uniform_(...args: Rest<typeof random.uniform_>): this {
    random.uniform_(this, ...args);
    return this;
  }

  normal_(...args: Rest<typeof random.normal_>): this {
    random.normal_(this, ...args);
    return this;
  }

  bernoulli_(...args: Rest<typeof random.bernoulli_>): this {
    random.bernoulli_(this, ...args);
    return this;
  }

  random_(...args: Rest<typeof random.random_>): this {
    random.random_(this, ...args);
    return this;
  }

  exponential_(...args: Rest<typeof random.exponential_>): this {
    random.exponential_(this, ...args);
    return this;
  }

  logNormal_(...args: Rest<typeof random.logNormal_>): this {
    random.logNormal_(this, ...args);
    return this;
  }

  cauchy_(...args: Rest<typeof random.cauchy_>): this {
    random.cauchy_(this, ...args);
    return this;
  }

  geometric_(...args: Rest<typeof random.geometric_>): this {
    random.geometric_(this, ...args);
    return this;
  }

  // ------------------------------------------------------------------- indexing; see `ops/index.ts` and `ops/join.ts`

  gather(...args: Rest<typeof indexing.gather>): Tensor {
    return indexing.gather(this, ...args);
  }

  takeAlongDim(...args: Rest<typeof indexing.takeAlongDim>): Tensor {
    return indexing.takeAlongDim(this, ...args);
  }

  scatter(...args: Rest<typeof indexing.scatter>): Tensor {
    return indexing.scatter(this, ...args);
  }

  scatterAdd(...args: Rest<typeof indexing.scatterAdd>): Tensor {
    return indexing.scatterAdd(this, ...args);
  }

  indexSelect(...args: Rest<typeof indexing.indexSelect>): Tensor {
    return indexing.indexSelect(this, ...args);
  }

  indexAdd(...args: Rest<typeof indexing.indexAdd>): Tensor {
    return indexing.indexAdd(this, ...args);
  }

  indexCopy(...args: Rest<typeof indexing.indexCopy>): Tensor {
    return indexing.indexCopy(this, ...args);
  }

  indexFill(...args: Rest<typeof indexing.indexFill>): Tensor {
    return indexing.indexFill(this, ...args);
  }

  take(...args: Rest<typeof indexing.take>): Tensor {
    return indexing.take(this, ...args);
  }

  indexPut(...args: Rest<typeof indexing.indexPut>): Tensor {
    return indexing.indexPut(this, ...args);
  }

  maskedSelect(...args: Rest<typeof indexing.maskedSelect>): Tensor {
    return indexing.maskedSelect(this, ...args);
  }

  scatter_(...args: Rest<typeof indexing.scatter_>): this {
    indexing.scatter_(this, ...args);
    return this;
  }

  scatterAdd_(...args: Rest<typeof indexing.scatterAdd_>): this {
    indexing.scatterAdd_(this, ...args);
    return this;
  }

  indexAdd_(...args: Rest<typeof indexing.indexAdd_>): this {
    indexing.indexAdd_(this, ...args);
    return this;
  }

  indexCopy_(...args: Rest<typeof indexing.indexCopy_>): this {
    indexing.indexCopy_(this, ...args);
    return this;
  }

  indexFill_(...args: Rest<typeof indexing.indexFill_>): this {
    indexing.indexFill_(this, ...args);
    return this;
  }

  indexPut_(...args: Rest<typeof indexing.indexPut_>): this {
    indexing.indexPut_(this, ...args);
    return this;
  }

  flip(...args: Rest<typeof join.flip>): Tensor {
    return join.flip(this, ...args);
  }

  fliplr(...args: Rest<typeof join.fliplr>): Tensor {
    return join.fliplr(this, ...args);
  }

  flipud(...args: Rest<typeof join.flipud>): Tensor {
    return join.flipud(this, ...args);
  }

  roll(...args: Rest<typeof join.roll>): Tensor {
    return join.roll(this, ...args);
  }

  repeat(...args: Rest<typeof join.repeat>): Tensor {
    return join.repeat(this, ...args);
  }

  tile(...args: Rest<typeof join.tile>): Tensor {
    return join.tile(this, ...args);
  }

  repeatInterleave(...args: Rest<typeof join.repeatInterleave>): Tensor {
    return join.repeatInterleave(this, ...args);
  }

  tril(...args: Rest<typeof join.tril>): Tensor {
    return join.tril(this, ...args);
  }

  triu(...args: Rest<typeof join.triu>): Tensor {
    return join.triu(this, ...args);
  }

  diag(...args: Rest<typeof join.diag>): Tensor {
    return join.diag(this, ...args);
  }

  diagEmbed(...args: Rest<typeof join.diagEmbed>): Tensor {
    return join.diagEmbed(this, ...args);
  }

  tril_(...args: Rest<typeof join.tril_>): this {
    join.tril_(this, ...args);
    return this;
  }

  triu_(...args: Rest<typeof join.triu_>): this {
    join.triu_(this, ...args);
    return this;
  }

  /** Places of the elements that are not 0: `[n, ndim]`, or one index tensor a dimension with `asTuple`. */
  nonzero(options?: { readonly asTuple?: false }): Tensor;
  nonzero(options: { readonly asTuple: true }): Tensor[];
  nonzero(options?: { readonly asTuple?: boolean }): Tensor | Tensor[] {
    return indexing.nonzero(this, options);
  }

  /**
   * Indexing, `x[…]`: numbers, `slice(…)`, `'...'`, null for a new axis, index and mask tensors, lists.
   *
   * @example
   * x.at(0, slice(1, 3), '...', null);
   */
  at(...subscripts: readonly Subscript[]): Tensor {
    return subscript.at(this, ...subscripts);
  }

  /** Assignment, `x[…] = value`, in place. */
  setAt(...args: Rest<typeof subscript.setAt>): this {
    subscript.setAt(this, ...args);
    return this;
  }

  bincount(...args: Rest<typeof counting.bincount>): Tensor {
    return counting.bincount(this, ...args);
  }
}

/** `dim` wrapped, of a tensor that must have dimensions. */
function ownDim(op: string, dim: number, self: Tensor): number {
  if (self.ndim > 0) return wrapDim(op, dim, self.ndim);
  throw new IndexError(`dimension specified as ${dim} but tensor has no dimensions`, { op, operands: { dim } });
}

/** Arguments of a creation function, with the dtype for those that state none. */
function inDType(dtype: DType, args: create.ShapeArguments): create.ShapeArguments {
  const given = args.filter((arg) => arg !== undefined);
  const last = given[given.length - 1];
  if (!isOptions(last)) return [...given, { dtype }];
  return [...given.slice(0, -1), { ...last, dtype: (last as create.CreateOptions).dtype ?? dtype }];
}

setTensorClass(Tensor);
