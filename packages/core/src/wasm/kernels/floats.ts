/**
 * Loops along rows of float32 or float64: the instructions of a dtype under one name, whole vectors and single elements, and lanes as
 * doubles.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';

type Pointer = Local<'i32'>;
type Vector = Local<'v128'>;

/** The vectors of a floating dtype. */
export interface Floats {
  readonly code: Assembler;
  readonly isSingle: boolean;
  readonly bytes: number;
  /** Elements to a vector. */
  readonly width: number;
  /** Its instructions: those of f64x2 have the names of f32x4's. */
  readonly vector: Assembler['f32x4'];
}

export function floatsOf(code: Assembler, dtype: FloatDType): Floats {
  const isSingle = dtype === 'float32';
  const vector = (isSingle ? code.f32x4 : code.f64x2) as Assembler['f32x4'];
  return { code, isSingle, bytes: isSingle ? 4 : 8, width: isSingle ? 4 : 2, vector };
}

/** `f32` or `f64`, as kernels are named. */
export function prefixOf(dtype: FloatDType): string {
  return dtype === 'float32' ? 'f32' : 'f64';
}

/** Vectors of doubles that the elements of one vector fill. */
export function halvesOf({ isSingle }: Floats): number {
  return isSingle ? 2 : 1;
}

/** Half `half` of `v` as doubles: all of it for float64. */
export function widen({ code, isSingle }: Floats, v: Vector, half: number): Value<'v128'> {
  if (!isSingle) return v.get();
  return code.f64x2.promote_low_f32x4(half === 0 ? v : code.i32x4.shuffle([2, 3, 2, 3], v, v));
}

/** Doubles as one vector of the dtype: what `widen` takes apart. */
export function narrow({ code, isSingle }: Floats, halves: readonly Vector[]): Value<'v128'> {
  const [low, high] = halves;
  if (!isSingle) return low.get();
  const { f32x4, i32x4 } = code;
  return i32x4.shuffle([0, 1, 4, 5], f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high));
}

/** Loads a vector, or (`one`) a single element into its first lane, over the lanes of `rest` where that is given. */
export function loadLanes({ code, isSingle }: Floats, p: Pointer, at: number, one: boolean, rest?: Vector): Value<'v128'> {
  const { v128 } = code;
  if (!one) return v128.load(p, at);
  if (rest !== undefined) return isSingle ? v128.load32_lane(0, p, rest, at) : v128.load64_lane(0, p, rest, at);
  return isSingle ? v128.load32_zero(p, at) : v128.load64_zero(p, at);
}

/** Stores a vector, or (`one`) its first lane. */
export function storeLanes({ code, isSingle }: Floats, p: Pointer, v: Operand<'v128'>, at: number, one: boolean): void {
  const { v128 } = code;
  if (!one) v128.store(p, v, at);
  else if (isSingle) v128.store32_lane(0, p, v, at);
  else v128.store64_lane(0, p, v, at);
}

/** The lanes of `v` combined by `merge`, in each of them. */
export function acrossLanes({ code, width }: Pick<Floats, 'code' | 'width'>, v: Vector, merge: (a: Vector, b: Value<'v128'>) => Value<'v128'>): void {
  const { i32x4 } = code;
  v.set(merge(v, i32x4.shuffle([2, 3, 0, 1], v, v)));
  if (width === 4) v.set(merge(v, i32x4.shuffle([1, 0, 3, 2], v, v)));
}

/**
 * for each vector of a row, then for each element that is left: `body(one)`, with all pointers moved on. `n` counts elements;
 * `moves` are the pointers, with the bytes to an element of each.
 */
export function overRow(
  { code, width }: Pick<Floats, 'code' | 'width'>,
  n: Local<'i32'>,
  moves: readonly (readonly [pointer: Pointer, bytes: number])[],
  body: (one: boolean) => void,
): void {
  const { i32 } = code;
  const [[first, bytes]] = moves;
  const end = code.local('i32', code.index(first, n, bytes));
  const whole = code.local('i32', code.index(first, i32.and(n, -width), bytes));
  const turn = (elements: number): void => {
    body(elements === 1);
    for (const [pointer, size] of moves) code.increase(pointer, elements * size);
  };
  code.whileLess(first, whole, () => turn(width));
  code.whileLess(first, end, () => turn(1));
}
