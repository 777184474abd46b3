/**
 * From an op to the loop that computes it: a fast kernel where one takes the operands, the reference loop otherwise. Ops have
 * validated everything by now; `out` has the result's shape and dtype.
 */

import type { DType } from './dtype.ts';
import { isFloating } from './dtype.ts';
import type { Strided } from './layout.ts';
import { binary, binaryNumber, numberBinary, ternary, unary } from './reference/elementwise.ts';
import type { Scalar2 } from './reference/elementwise.ts';
import { binaryScalars, parametricScalars, unaryScalars } from './reference/scalars.ts';
import type { BinaryScalarName, ParametricName, UnaryScalarName } from './reference/scalars.ts';
import type { Tensor } from './tensor.ts';

/** A plain number as an element of the dtype that the op computes in. */
export function castNumber(value: number, dtype: DType): number {
  return dtype === 'float32' ? Math.fround(value) : isFloating(dtype) ? value : Math.trunc(value);
}

/** out = name(self) */
export function runUnary(name: UnaryScalarName, self: Strided, out: Strided): void {
  unary(unaryScalars[name], self, out);
}

/** out = name(self; parameters) */
export function runParametric(name: ParametricName, self: Strided, out: Strided, ...parameters: number[]): void {
  const make = parametricScalars[name] as (...parameters: number[]) => (x: number) => number;
  unary(make(...parameters), self, out);
}

/**
 * out = name(a, b), either of which may be a plain number. `dtype` is the one to compute in, which for comparisons is not
 * out's.
 */
export function runBinary(
  name: BinaryScalarName,
  a: Tensor | number,
  b: Tensor | number,
  out: Strided,
  dtype: DType,
): void {
  runScalar2(integerScalar(name, dtype) ?? binaryScalars[name], a, b, out, dtype);
}

/** out = a + alpha * b */
export function runAddScaled(
  a: Tensor | number,
  b: Tensor | number,
  alpha: number,
  out: Strided,
  dtype: DType,
): void {
  runScalar2((x, y) => x + alpha * y, a, b, out, dtype);
}

/** out = fn(a, b) by the reference loop */
export function runScalar2(
  fn: Scalar2,
  a: Tensor | number,
  b: Tensor | number,
  out: Strided,
  dtype: DType,
): void {
  if (typeof b === 'number') {
    if (typeof a === 'number') unary(() => fn(a, b), out, out);
    else binaryNumber(fn, a, castNumber(b, dtype), out);
  } else if (typeof a === 'number') numberBinary(fn, castNumber(a, dtype), b, out);
  else binary(fn, a, b, out);
}

/** out = condition ? a : b */
export function runWhere(condition: Strided, a: Strided, b: Strided, out: Strided): void {
  ternary((c, x, y) => (c !== 0 ? x : y), condition, a, b, out);
}

/** int32 products must wrap; a double loses the low bits that wrapping keeps. */
function integerScalar(name: BinaryScalarName, dtype: DType): Scalar2 | null {
  return name === 'mul' && dtype === 'int32' ? Math.imul : null;
}
