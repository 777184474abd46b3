/**
 * Vector arithmetic as functions: `m.add(x, 1)` emits the instruction, keeps the result in a local of its own and returns that, so
 * that formulas read as formulas and a value can be used twice. A number stands for itself in every lane, set before the loop. What
 * is written once serves float32, float64 and, as far as integers go, int32.
 */

import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Features } from '../features.ts';

export type Vector = Local<'v128'>;
export type Arg = Vector | number;
export type LaneShape = 'f32x4' | 'f64x2' | 'i32x4' | 'i8x16';

const ONE = ['neg', 'abs', 'sqrt', 'floor', 'ceil', 'trunc', 'nearest'] as const;
const TWO = ['add', 'sub', 'mul', 'div', 'min', 'max', 'pmin', 'pmax', 'eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
const BITS = ['and', 'or', 'xor', 'andnot'] as const;

type One = Readonly<Record<(typeof ONE)[number], (a: Arg) => Vector>>;
type Two = Readonly<Record<(typeof TWO)[number] | (typeof BITS)[number], (a: Arg, b: Arg) => Vector>>;

export interface Lanes extends One, Two {
  readonly code: Assembler;
  readonly features: Features;
  readonly shape: LaneShape;
  /** a·b + c and c - a·b, rounded once where the machine does that. */
  madd(a: Arg, b: Arg, c: Arg): Vector;
  nmadd(a: Arg, b: Arg, c: Arg): Vector;
  /** To the dtype that is computed in, where lanes are wider than that; else nothing. */
  round(x: Vector): Vector;
  /** Coefficients from the highest power down, in x, by Horner's scheme. */
  polynomial(x: Vector, coefficients: readonly number[]): Vector;
  /** mask ? a : b; the lanes of a mask are all ones or all zeros. */
  choose(mask: Vector, a: Arg, b: Arg): Vector;
  /** x with the sign of y, for x ≥ 0. */
  withSign(x: Vector, y: Vector): Vector;
  /** An integer in every lane. */
  int(value: number | bigint): Vector;
  /** Integer arithmetic on the bits of lanes. */
  readonly i: {
    add(a: Vector, b: Vector): Vector;
    sub(a: Vector, b: Vector): Vector;
    shl(a: Vector, count: number): Vector;
    shr_s(a: Vector, count: number): Vector;
  };
  /** What another instruction left, as a local. */
  keep(value: Value<'v128'>): Vector;
  /** `body` where any lane of the mask is set: for what is rare. */
  whereAny(mask: Vector, body: () => void): void;
}

/** Arithmetic on lanes of this shape, emitted into the function that `code` is defining. */
export function lanes(code: Assembler, features: Features, shape: LaneShape = 'f32x4'): Lanes {
  // Other shapes have the same instructions under the same names; integers in a signed form, bytes in an unsigned one.
  const table = code[shape] as unknown as Readonly<Record<string, Assembler['f32x4']['add']>>;
  const spelled = (name: string): string => (name in table ? name : name + (shape === 'i8x16' ? '_u' : '_s'));
  const float = code[shape] as Assembler['f32x4'];
  const whole = (shape === 'f64x2' ? code.i64x2 : shape === 'i8x16' ? code.i8x16 : code.i32x4) as Assembler['i32x4'];
  const k = (x: Arg): Vector => (typeof x === 'number' ? code.constant(shape, x) : x);
  const keep = (value: Value<'v128'>): Vector => code.local('v128', value);
  const one = ONE.map((name) => [name, (a: Arg) => keep(float[name](k(a)))]);
  const two = TWO.map((name) => [name, (a: Arg, b: Arg) => keep(table[spelled(name)](k(a), k(b)))]);
  const bits = BITS.map((name) => [name, (a: Arg, b: Arg) => keep(code.v128[name](k(a), k(b)))]);
  const fused = (a: Arg, b: Arg, c: Arg): [Operand<'v128'>, Operand<'v128'>, Operand<'v128'>] => [k(a), k(b), k(c)];
  const arithmetic = Object.fromEntries([...one, ...two, ...bits]) as One & Two;
  const m: Lanes = {
    ...arithmetic,
    // One instruction with the bit of the sign at hand, where an engine makes that anew for each `neg` and `abs` of its own.
    ...(shape[0] === 'f' && {
      neg: (a: Arg) => arithmetic.xor(a, -0),
      abs: (a: Arg) => arithmetic.andnot(a, -0),
    }),
    code,
    features,
    shape,
    madd: (a, b, c) =>
      keep(features.fma ? float.relaxed_madd(...fused(a, b, c)) : float.add(float.mul(k(a), k(b)), k(c))),
    nmadd: (a, b, c) =>
      keep(features.fma ? float.relaxed_nmadd(...fused(a, b, c)) : float.sub(k(c), float.mul(k(a), k(b)))),
    round: (x) => x,
    polynomial: (x, [first, ...rest]) => rest.reduce<Vector>((sum, c) => m.madd(sum, x, c), k(first)),
    choose: (mask, a, b) =>
      keep(features.relaxedSimd ? whole.relaxed_laneselect(k(a), k(b), mask) : code.v128.bitselect(k(a), k(b), mask)),
    withSign: (x, y) => m.or(x, m.and(y, -0)),
    int: (value) => code.constant(shape === 'f64x2' ? 'i64x2' : 'i32x4', value),
    i: {
      add: (a, b) => keep(whole.add(a, b)),
      sub: (a, b) => keep(whole.sub(a, b)),
      shl: (a, count) => keep(whole.shl(a, count)),
      shr_s: (a, count) => keep(whole.shr_s(a, count)),
    },
    keep,
    whereAny: (mask, body) => code.if(code.v128.any_true(mask), body),
  };
  return m;
}
