/**
 * From an op to the loop that computes it: a fast kernel where one takes the operands, the reference loop otherwise. Ops have
 * validated everything by now; `out` has the result's shape and dtype.
 */

import { allocate } from './base.ts';
import { halves, withBits } from './bits.ts';
import type { DType } from './dtype.ts';
import { isFloating, isHalf, newArray } from './dtype.ts';
import type { Shape, Strided } from './layout.ts';
import { contiguousStrides, sizeOf } from './layout.ts';
import type { Scalar2, Scalar3 } from './reference/elementwise.ts';
import { binary, binaryNumber, copy, fill, numberBinary, ternary, toBigInt, unary } from './reference/elementwise.ts';
import { fewFloats } from './reference/few.ts';
import type { Places } from './reference/index.ts';
import { add, countNonzero, nonzero, put, take } from './reference/index.ts';
import { addScaledInt64, binaryInt64, ternaryInt64, unaryInt64 } from './reference/int64.ts';
import { triangle } from './reference/join.ts';
import type { MatrixView } from './reference/matmul.ts';
import { gemm } from './reference/matmul.ts';
import type { Strands } from './reference/move.ts';
import { move } from './reference/move.ts';
import type { BinaryScalarName, ParametricName, UnaryScalarName } from './reference/scalars.ts';
import { binaryScalars, integerPower, parametricScalars, unaryScalars } from './reference/scalars.ts';
import type { Tensor } from './tensor.ts';
import type { GradientName } from './wasm/kernels/functions.ts';
import { launchCast } from './wasm/launchCast.ts';
import { launchCopy, launchMove, launchTriangle } from './wasm/launchCopy.ts';
import { launchPlaces } from './wasm/launchIndex.ts';
import { launchCountNonzero, launchNonzero } from './wasm/launchNonzero.ts';
import { launchElementwise, launchTest, launchWhere } from './wasm/launchRuns.ts';
import { fastGemm } from './wasm/select.ts';

/** A plain number as an element of the dtype that the op computes in. */
export function castNumber(value: number, dtype: DType): number {
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'float64') return value;
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  if (isHalf(dtype)) return Math.fround(value);
  // A number beside uint8 wraps before it is compared or divided by, as in PyTorch: -1 is 255.
  return dtype === 'uint8' ? Math.trunc(value) & 255 : Math.trunc(value);
}

/** out = a, broadcast and cast to out's dtype */
export function runCopy(a: Tensor, out: Tensor): void {
  if (halves.inUse && (isHalf(a.dtype) || isHalf(out.dtype))) withBits(() => copyHalf(a, out));
  else copyPlain(a, out);
}

/** `runCopy` from or to 16-bit floats: by way of float32, where neither side is that or both are one dtype. */
function copyHalf(a: Tensor, out: Tensor): void {
  if (a.dtype === out.dtype || a.dtype === 'float32' || out.dtype === 'float32') {
    copyPlain(a, out);
    return;
  }
  const between = allocate(a.shape, 'float32');
  copyPlain(a, between);
  copyPlain(between, out);
  between.storage.release('the end of a cast');
}

function copyPlain(a: Tensor, out: Tensor): void {
  if (out.storage.enterHeap() && (launchCopy(a, out) || launchCast(a, out))) return;
  copy(a, out);
}

/** out = value, cast to out's dtype */
export function runFill(out: Tensor, value: number): void {
  if (isHalf(out.dtype)) withBits(() => fillPlain(out, value));
  else fillPlain(out, value);
}

function fillPlain(out: Tensor, value: number): void {
  if (!out.storage.enterHeap() || sizeOf(out.shape) === 0) {
    fill(out, value);
    return;
  }
  const element = { array: newArray(out.dtype, 1), shape: [], strides: [], offset: 0, dtype: out.dtype };
  fill(element, value);
  runMove(out.shape, { array: element.array, strides: out.shape.map(() => 0), offset: 0 }, out);
}

/** to[i] = from[i] over `shape`, both of one dtype */
export function runMove(shape: Shape, from: Strands, to: Strands): void {
  if (!launchMove(shape, from, to)) move(shape, from, to);
}

/** out[p] = self[places(p)] */
export function runTake(self: Strided, places: Places, out: Strided): void {
  const strides = contiguousStrides(places.shape);
  if (!launchPlaces('take', self, places, { array: out.array, strides, offset: out.offset })) take(self, places, out);
}

/** self[places(p)] = src[p]; of several writes to one place the last stays */
export function runPut(self: Strided, places: Places, src: Strands): void {
  if (!launchPlaces('put', self, places, src)) put(self, places, src);
}

/** self[places(p)] += alpha src[p] */
export function runAddAt(self: Strided, places: Places, src: Strands, alpha: number): void {
  if (!launchPlaces('add', self, places, src, alpha)) add(self, places, src, alpha);
}

/** out[m×n] = a[m×k] · b[k×n] for `count` pairs of matrices */
export function runGemm(
  count: number,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  out: MatrixView,
): void {
  if (!fastGemm(count, m, n, k, a, b, out, null)) gemm(count, m, n, k, a, b, out);
}

/** How many elements are not 0. */
export function runCountNonzero(self: Tensor): number {
  return launchCountNonzero(self) ?? countNonzero(self);
}

/** out[k] = coordinates of the element that is the k-th not to be 0; out is [count, ndim] of int32, with any strides. */
export function runNonzero(self: Tensor, out: Tensor): void {
  if (launchNonzero(self, out)) return;
  const { array, shape, strides, offset } = out;
  const columns = self.shape.map((_, d) => ({
    array: array as Int32Array,
    offset: offset + d * strides[1],
    step: strides[0],
  }));
  nonzero(self, shape[0], columns);
}

/** out = a on one side of a diagonal, 0 on the other */
export function runTriangle(a: Strided, diagonal: number, lower: boolean, out: Strided): void {
  if (!launchTriangle(a, diagonal, lower, out)) triangle(a, diagonal, lower, out);
}

/** out = name(self) */
export function runUnary(name: UnaryScalarName, self: Tensor, out: Tensor): void {
  if (self.dtype === 'int64' && unaryInt64(name, self, out)) return;
  const isRun = out.storage.enterHeap() && launchElementwise(name, [self], out);
  if (isRun || launchTest(name, [self], self.dtype, out)) return;
  unary(unaryScalars[name], self, out);
}

/** out = name(self; parameters) */
export function runParametric(name: ParametricName, self: Tensor, out: Tensor, ...parameters: number[]): void {
  const kernel = name === 'gelu' && parameters[0] !== 0 ? 'geluTanh' : name;
  // A bound that is NaN makes all NaN, which the kernel does not.
  const isClear = name !== 'clamp' || !parameters.some(Number.isNaN);
  if (isClear && out.storage.enterHeap() && launchElementwise(kernel, [self], out, parameters)) return;
  const make = parametricScalars[name] as (...parameters: number[]) => (x: number) => number;
  // Parameters enter a computation in its dtype, as in PyTorch.
  unary(make(...(out.dtype === 'float32' ? parameters.map(Math.fround) : parameters)), self, out);
}

/**
 * out = name(a, b), either of which may be a plain number. `dtype` is the one to compute in, which for comparisons is not
 * out's.
 */
export function runBinary(
  name: BinaryScalarName,
  a: Tensor | number,
  b: Tensor | number,
  out: Tensor,
  dtype: DType,
): void {
  if (out.dtype === 'bool') {
    if (launchTest(name, [cast(a, dtype), cast(b, dtype)], dtype, out)) return;
  } else if (out.storage.enterHeap()) {
    if (launchElementwise(name, [cast(a, dtype), cast(b, dtype)], out)) return;
  } else if (out.dtype === 'float32' && fewFloats(name, a, b, out)) return;
  if (dtype === 'int64' && binaryInt64(name, a, b, out)) return;
  runScalar2(scalarFor(name, dtype), a, b, out, dtype);
}

/** out = a + alpha * b, rounded once */
export function runAddScaled(a: Tensor | number, b: Tensor | number, alpha: number, out: Tensor, dtype: DType): void {
  const scale = dtype === 'float32' ? Math.fround(alpha) : alpha;
  if (out.storage.enterHeap() && launchElementwise('addScaled', [cast(a, dtype), cast(b, dtype)], out, [scale])) return;
  if (dtype === 'int64') addScaledInt64(a, b, alpha, out);
  else if (dtype === 'int32') runScalar2((x, y) => x + Math.imul(alpha, y), a, b, out, dtype);
  else runScalar2((x, y) => x + scale * y, a, b, out, dtype);
}

/** out = fn(a, b) by the reference loop */
export function runScalar2(fn: Scalar2, a: Tensor | number, b: Tensor | number, out: Strided, dtype: DType): void {
  if (isWider(a, dtype) || isWider(b, dtype)) {
    // Operands are cast to the dtype that is computed in before they meet.
    const exact = fn;
    fn =
      dtype === 'float32'
        ? (x, y) => exact(Math.fround(x), Math.fround(y))
        : (x, y) => exact(castNumber(x, dtype), castNumber(y, dtype));
  }
  if (typeof b === 'number') {
    if (typeof a === 'number') unary(() => fn(a, b), out, out);
    else binaryNumber(fn, a, castNumber(b, dtype), out);
  } else if (typeof a === 'number') numberBinary(fn, castNumber(a, dtype), b, out);
  else binary(fn, a, b, out);
}

/** out = self > 0 ? grad : 0 */
export function runReluBackward(grad: Tensor, self: Tensor, out: Tensor): void {
  if (out.storage.enterHeap() && launchElementwise('reluBackward', [grad, self], out)) return;
  binary((g, x) => (x <= 0 ? 0 : g), grad, self, out);
}

/** out = self > threshold ? grad : 0 */
export function runThresholdBackward(grad: Tensor, self: Tensor, threshold: number, out: Tensor): void {
  if (out.storage.enterHeap() && launchElementwise('thresholdBackward', [grad, self], out, [threshold])) return;
  runScalar2((g, x) => (x <= threshold ? 0 : g), grad, self, out, grad.dtype);
}

/** out = self > 0 ? self : self * weight */
export function runPrelu(self: Tensor, weight: Tensor, out: Tensor): void {
  if (out.storage.enterHeap() && launchElementwise('prelu', [self, weight], out)) return;
  binary((x, w) => (x > 0 ? x : x * w), self, weight, out);
}

/** out = the gradient of an activation; false, and nothing done, where no kernel takes the operands. */
export function runGradient(
  name: GradientName,
  operands: readonly Tensor[],
  out: Tensor,
  parameters: readonly number[],
): boolean {
  return out.storage.enterHeap() && launchElementwise(name, operands, out, parameters);
}

/** out = self³, as a product: PyTorch computes it so */
export function runCube(self: Tensor, out: Tensor): void {
  if (out.storage.enterHeap() && launchElementwise('cube', [self], out, [])) return;
  unary(out.dtype === 'float32' ? (x) => Math.fround(x * x) * x : (x) => x * x * x, self, out);
}

/** out = name(a, b, c; parameter), of which `fn` is the scalar function */
export function runTernary(
  name: 'addcmul' | 'addcdiv' | 'lerp',
  fn: Scalar3,
  operands: readonly [Tensor, Tensor, Tensor],
  parameter: number,
  out: Tensor,
): void {
  const p = out.dtype === 'float32' ? Math.fround(parameter) : parameter;
  if (out.storage.enterHeap() && launchElementwise(name, operands, out, [p])) return;
  if (out.dtype === 'int64') {
    // `addcmul`, the one of the three that takes integers.
    const factor = toBigInt(parameter);
    ternaryInt64((x, y, z) => x + factor * y * z, ...operands, out);
  } else ternary(fn, ...operands, out);
}

/** out = condition ? a : b */
export function runWhere(condition: Tensor, a: Tensor, b: Tensor, out: Tensor): void {
  if (out.storage.enterHeap() && launchWhere(condition, a, b, out)) return;
  if (out.dtype === 'int64') ternaryInt64((c, x, y) => (c !== 0n ? x : y), condition, a, b, out);
  else ternary((c, x, y) => (c !== 0 ? x : y), condition, a, b, out);
}

/** A plain number as it enters a computation in `dtype`. */
function cast(value: Tensor | number, dtype: DType): Tensor | number {
  return typeof value === 'number' ? castNumber(value, dtype) : value;
}

/** For a dtype that is computed in, those of operands that may hold what it cannot: beside tensors that have dimensions, ones that have none. */
const WIDER: Readonly<Partial<Record<DType, readonly DType[]>>> = {
  float32: ['float64', 'int32'],
  uint8: ['int32', 'int64'],
};

function isWider(operand: Tensor | number, dtype: DType): boolean {
  return typeof operand !== 'number' && operand.dtype !== dtype && WIDER[dtype]?.includes(operand.dtype) === true;
}

/** The scalar function for the dtype: some must not be computed in full double precision. */
function scalarFor(name: BinaryScalarName, dtype: DType): Scalar2 {
  // Products must wrap; a double loses the low bits that wrapping keeps.
  if (name === 'mul' && dtype === 'int32') return Math.imul;
  if (name === 'pow' && !isFloating(dtype)) return integerPower;
  // The quotient is rounded to float32 before it is cut, so that 1 / 0.1 is 10.
  if (name === 'divTrunc' && dtype === 'float32') return (x, y) => Math.trunc(Math.fround(x / y));
  return binaryScalars[name];
}
