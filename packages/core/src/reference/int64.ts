/**
 * Reference kernels of int64 arithmetic, exact and modulo 2^64 as C's. The general loops pass through doubles, which hold
 * integers up to ±2^53 only.
 */

import type { TypedArray } from '../dtype.ts';
import type { Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import { ternaryPlaces, toBigInt, walk2, walk3 } from './elementwise.ts';

type Big1 = (x: bigint) => bigint;
type Big2 = (x: bigint, y: bigint) => bigint;
type Big3 = (x: bigint, y: bigint, z: bigint) => bigint;

/** Of the unary functions those that a double would spoil. */
const UNARY: Readonly<Record<string, Big1>> = {
  neg: (x) => -x,
  abs: (x) => (x < 0n ? -x : x),
  relu: (x) => (x < 0n ? 0n : x),
  bitwiseNot: (x) => ~x,
  floor: (x) => x,
  ceil: (x) => x,
  round: (x) => x,
  trunc: (x) => x,
};

const truth = (x: boolean): bigint => (x ? 1n : 0n);

const BINARY: Readonly<Record<string, Big2>> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  divTrunc: (x, y) => x / y,
  divFloor: (x, y) => (x - remainder(x, y)) / y,
  remainder,
  fmod: (x, y) => x % y,
  pow: power,
  maximum: (x, y) => (x > y ? x : y),
  minimum: (x, y) => (x < y ? x : y),
  bitwiseAnd: (x, y) => x & y,
  bitwiseOr: (x, y) => x | y,
  bitwiseXor: (x, y) => x ^ y,
  eq: (x, y) => truth(x === y),
  ne: (x, y) => truth(x !== y),
  lt: (x, y) => truth(x < y),
  le: (x, y) => truth(x <= y),
  gt: (x, y) => truth(x > y),
  ge: (x, y) => truth(x >= y),
};

function remainder(x: bigint, y: bigint): bigint {
  const r = x % y;
  return r !== 0n && r < 0n !== y < 0n ? r + y : r;
}

/** By squaring, modulo 2^64; a negative power of anything but ±1 is 0, as in PyTorch. */
function power(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  for (let base = x, e = y; e > 0n; e >>= 1n) {
    if (e & 1n) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return result;
}

function read(array: TypedArray, at: number): bigint {
  const x = array[at];
  return typeof x === 'bigint' ? x : toBigInt(x);
}

function write(out: Strided, array: TypedArray, at: number, x: bigint): void {
  if (out.dtype === 'int64') (array as BigInt64Array)[at] = x;
  else (array as Float64Array)[at] = Number(x);
}

/** A plain number as a 0-d operand. */
function operand(x: Strided | number): Strided {
  if (typeof x !== 'number') return x;
  return { array: BigInt64Array.of(BigInt(Math.trunc(x))), shape: [], strides: [], offset: 0, dtype: 'int64' };
}

/** out = name(a) exactly; false when the function needs no such care or an operand is not int64. */
export function unaryInt64(name: string, a: Strided, out: Strided): boolean {
  const fn = Object.hasOwn(UNARY, name) ? UNARY[name] : undefined;
  if (fn === undefined || a.dtype !== 'int64' || out.dtype !== 'int64') return false;
  if (sizeOf(out.shape) === 0) return true;
  const src = a.array;
  const dst = out.array;
  walk2(a, out, (ai, oi) => write(out, dst, oi, fn(read(src, ai))));
  return true;
}

/** out = name(a, b) exactly, integers or bools both, either a plain integer; false when there is no such function. */
export function binaryInt64(name: string, a: Strided | number, b: Strided | number, out: Strided): boolean {
  const fn = Object.hasOwn(BINARY, name) ? BINARY[name] : undefined;
  if (fn === undefined) return false;
  runBig(fn, a, b, out);
  return true;
}

/** out = a + alpha * b exactly */
export function addScaledInt64(a: Strided | number, b: Strided | number, alpha: number, out: Strided): void {
  const factor = BigInt(alpha);
  runBig((x, y) => x + factor * y, a, b, out);
}

function runBig(fn: Big2, a: Strided | number, b: Strided | number, out: Strided): void {
  if (sizeOf(out.shape) === 0) return;
  const x = operand(a);
  const y = operand(b);
  const xs = x.array;
  const ys = y.array;
  const dst = out.array;
  walk3(x, y, out, (xi, yi, oi) => write(out, dst, oi, fn(read(xs, xi), read(ys, yi))));
}

/** out = fn(a, b, c) exactly */
export function ternaryInt64(fn: Big3, a: Strided, b: Strided, c: Strided, out: Strided): void {
  const x = a.array;
  const y = b.array;
  const z = c.array;
  const dst = out.array;
  ternaryPlaces(a, b, c, out, (at) => write(out, dst, at[3], fn(read(x, at[0]), read(y, at[1]), read(z, at[2]))));
}
