/**
 * Kernels that make masks and that go by them. A mask is a byte an element, 0 or 1.
 *
 *     compare:  out[i] = a[i] < b[i] ? 1 : 0        sixteen at a time, then single ones
 *     where:    out[i] = mask[i] ? a[i] : b[i]      a vector at a time, then single ones; elements of 1, 4 or 8 bytes
 *
 * An operand is a run (`v`) or one element for the whole run (`s`). `f32_lt_vs`, `b4_where_vsv`. `out` of `where` may be `a` or `b`.
 */

import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { ItemBytes } from './copy.ts';

export type CompareName = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
export type CompareDType = 'float32' | 'float64' | 'int32';

export const compareNames: readonly CompareName[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

export function hasCompare(name: string, dtype: string): name is CompareName {
  return (compareNames as readonly string[]).includes(name) && Object.hasOwn(PREFIX, dtype);
}

const PREFIX = { float32: 'f32', float64: 'f64', int32: 'i32' } as const;

export const compareName = (name: CompareName, dtype: CompareDType, modes: string): string =>
  `${PREFIX[dtype]}_${name}_${modes}`;

/** `run(n, a, b, out)` */
export function emitCompare(name: CompareName, dtype: CompareDType, modes: string): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float64' ? 8 : 4;
    const lanes = 16 / bytes;
    const compare = comparator(code, name, dtype);
    code.export('run', { n: 'i32', a: 'i32', b: 'i32', out: 'i32' }, [], ({ n, a, b, out }) => {
      const repeated = [a, b].map((pointer, i) =>
        modes[i] === 's'
          ? code.local('v128', bytes === 8 ? v128.load64_splat(pointer) : v128.load32_splat(pointer))
          : null,
      );
      const runs = [a, b].filter((_, i) => modes[i] === 'v');
      const operand = (i: number, load: (pointer: Local<'i32'>) => Value<'v128'>): Value<'v128'> =>
        repeated[i]?.get() ?? load(i === 0 ? a : b);
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -16));
      const masks = code.locals('v128', 16 / lanes);
      code.forRange(i, 0, whole, 16, () => {
        masks.forEach((mask, k) => {
          const load = (pointer: Local<'i32'>): Value<'v128'> => v128.load(pointer, k * 16);
          mask.set(compare(operand(0, load), operand(1, load)));
        });
        v128.store(out, v128.and(narrow(code, masks), code.i8x16.const(1)));
        for (const run of runs) code.increase(run, 16 * bytes);
        code.increase(out, 16);
      });
      code.whileLess(i, n, () => {
        const load = (pointer: Local<'i32'>): Value<'v128'> =>
          bytes === 8 ? v128.load64_zero(pointer) : v128.load32_zero(pointer);
        masks[0].set(compare(operand(0, load), operand(1, load)));
        i32.store8(out, i32.and(code.i32x4.extract_lane(0, masks[0]), 1));
        for (const run of runs) code.increase(run, bytes);
        code.increase(out, 1);
        code.increase(i, 1);
      });
    });
  };
}

function comparator(
  code: Assembler,
  name: CompareName,
  dtype: CompareDType,
): (a: Operand<'v128'>, b: Operand<'v128'>) => Value<'v128'> {
  if (dtype === 'float32') return (a, b) => code.f32x4[name](a, b);
  if (dtype === 'float64') return (a, b) => code.f64x2[name](a, b);
  const whole = name === 'eq' || name === 'ne' ? name : (`${name}_s` as const);
  return (a, b) => code.i32x4[whole](a, b);
}

/** Masks of four or two lanes each, sixteen lanes in all, as bytes. */
function narrow({ i16x8, i32x4, i8x16 }: Assembler, masks: readonly Local<'v128'>[]): Value<'v128'> {
  const four = (k: number): Value<'v128'> =>
    masks.length === 4 ? masks[k].get() : i32x4.shuffle([0, 2, 4, 6], masks[2 * k], masks[2 * k + 1]);
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(four(0), four(1)), i16x8.narrow_i32x4_s(four(2), four(3)));
}

/** `modes` are those of the mask, of a and of b. */
export const whereName = (bytes: ItemBytes, modes: string): string => `b${bytes}_where_${modes}`;

/** `run(n, mask, a, b, out)` */
export function emitWhere(bytes: ItemBytes, modes: string): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const lanes = 16 / bytes;
    code.export('run', { n: 'i32', mask: 'i32', a: 'i32', b: 'i32', out: 'i32' }, [], ({ n, mask, a, b, out }) => {
      const splat = (pointer: Local<'i32'>): Value<'v128'> =>
        bytes === 8 ? v128.load64_splat(pointer) : bytes === 4 ? v128.load32_splat(pointer) : v128.load8_splat(pointer);
      const test = code.local('v128');
      const values = [a, b].map((pointer, k) => {
        const local = code.local('v128');
        if (modes[k + 1] === 's') local.set(splat(pointer));
        return local;
      });
      if (modes[0] === 's') test.set(code.i8x16.ne(v128.load8_splat(mask), code.i8x16.const(0)));
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -lanes));
      const result = code.local('v128');
      const isRun = (k: number): boolean => modes[k] === 'v';
      const advance = (elements: number): void => {
        if (isRun(0)) code.increase(mask, elements);
        if (isRun(1)) code.increase(a, elements * bytes);
        if (isRun(2)) code.increase(b, elements * bytes);
        code.increase(out, elements * bytes);
      };
      code.forRange(i, 0, whole, lanes, () => {
        if (isRun(0)) test.set(laneMask(code, bytes, mask));
        if (isRun(1)) values[0].set(v128.load(a));
        if (isRun(2)) values[1].set(v128.load(b));
        result.set(v128.bitselect(values[0], values[1], test));
        v128.store(out, result);
        advance(lanes);
      });
      code.whileLess(i, n, () => {
        // one element, in every lane
        test.set(code.i8x16.ne(v128.load8_splat(mask), code.i8x16.const(0)));
        if (isRun(1)) values[0].set(splat(a));
        if (isRun(2)) values[1].set(splat(b));
        result.set(v128.bitselect(values[0], values[1], test));
        if (bytes === 8) v128.store64_lane(0, out, result);
        else if (bytes === 4) v128.store32_lane(0, out, result);
        else v128.store8_lane(0, out, result);
        advance(1);
        code.increase(i, 1);
      });
    });
  };
}

/** As many bytes of a mask as there are elements of `bytes` in a vector, each widened to an element of ones or zeros. */
function laneMask(code: Assembler, bytes: ItemBytes, mask: Local<'i32'>): Value<'v128'> {
  const { i8x16, i16x8, i32x4, i64x2, v128 } = code;
  if (bytes === 1) return i8x16.ne(v128.load(mask), i8x16.const(0));
  if (bytes === 4) {
    const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(mask)));
    return i32x4.ne(wide, i32x4.const(0));
  }
  const wide = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load16_splat(mask)));
  return i64x2.ne(i64x2.extend_low_i32x4_u(wide), i64x2.const(0));
}
