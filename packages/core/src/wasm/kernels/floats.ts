/**
 * Loops along rows of float32 or float64: the instructions of a dtype under one name, whole vectors and single elements, and lanes as
 * doubles.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Features } from '../features.ts';

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
export function loadLanes(
  { code, isSingle }: Floats,
  p: Pointer,
  at: number,
  one: boolean,
  rest?: Vector,
): Value<'v128'> {
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
export function acrossLanes(
  { code, width }: Pick<Floats, 'code' | 'width'>,
  v: Vector,
  merge: (a: Vector, b: Value<'v128'>) => Value<'v128'>,
): void {
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

/** The same in groups of `group` vectors while there are as many: `body(count, one)`. */
export function overGroups(
  floats: Floats,
  n: Local<'i32'>,
  group: number,
  moves: readonly (readonly [pointer: Pointer, bytes: number])[],
  body: (count: number, one: boolean) => void,
): void {
  const { code, width } = floats;
  const { i32 } = code;
  const whole = code.local('i32', i32.and(n, -width * group));
  const left = code.local('i32', i32.sub(n, whole));
  const [[first, bytes]] = moves;
  const end = code.local('i32', code.index(first, whole, bytes));
  code.whileLess(first, end, () => {
    body(group, false);
    for (const [pointer, size] of moves) code.increase(pointer, width * group * size);
  });
  overRow(floats, left, moves, (one) => body(1, one));
}

/**
 * a + v, where instructions allow as 1 · v + a, which has the same bits: comparisons keep a processor's units for additions busy, and
 * those for multiply-adds lie idle beside them.
 */
export function idleAdd(
  { code, isSingle, vector }: Floats,
  { fma }: Features,
): (a: Vector, v: Vector) => Value<'v128'> {
  if (!fma) return (a, v) => vector.add(a, v);
  const unit = code.constant(isSingle ? 'f32x4' : 'f64x2', 1);
  return (a, v) => vector.relaxed_madd(v, unit, a);
}

/** The larger (or smaller). It keeps the first operand beside a NaN, and so may lose one: sums tell whether there is one. */
export function betterOf({ vector }: Floats, largest: boolean): (a: Vector, b: Operand<'v128'>) => Value<'v128'> {
  return (a, b) => (largest ? vector.pmax(a, b) : vector.pmin(a, b));
}

/** Sums neighbours pairwise, with `add`. */
export function pairSum(vectors: readonly Vector[], add: (a: Vector, b: Vector) => Vector): Vector {
  if (vectors.length === 1) return vectors[0];
  const half = vectors.length / 2;
  return add(pairSum(vectors.slice(0, half), add), pairSum(vectors.slice(half), add));
}

/** Adds a vector to sums in doubles: two of them for float32. */
export function addWide(floats: Floats, sums: readonly Vector[], v: Vector): void {
  sums.forEach((sum, half) => {
    sum.set(floats.code.f64x2.add(sum, widen(floats, v, half)));
  });
}

/** The sum of all lanes of sums in doubles. */
export function sumWide({ code }: Floats, sums: readonly Vector[]): Value<'f64'> {
  const { f64, f64x2 } = code;
  const total = code.local('v128', sums[0]);
  for (const sum of sums.slice(1)) total.set(f64x2.add(total, sum));
  return f64.add(f64x2.extract_lane(0, total), f64x2.extract_lane(1, total));
}

/** A double in every lane, rounded to the dtype. */
export function splatDouble({ code, isSingle }: Floats, x: Local<'f64'>): Value<'v128'> {
  return isSingle ? code.f32x4.splat(code.f32.demote_f64(x)) : code.f64x2.splat(x);
}
