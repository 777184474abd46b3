/**
 * Loops over runs that compute in double lanes, whatever is stored: float32 is widened when it is read and rounded once, when it is
 * stored. So kernels do the operations of the reference loops, which compute in double precision, and give the same bits on every
 * machine. What they do is wait for memory, so that this costs little.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';

type Pointer = Local<'i32'>;

/** Reads and writes the elements of this turn of the loop as double lanes. */
export interface Access {
  load(pointer: Pointer): Value<'v128'>;
  store(pointer: Pointer, value: Operand<'v128'>): void;
}

/** Elements to a turn of the loop, in pairs. */
const TURN = 8;

/** Each parameter in both lanes of a vector. */
export function splats<K extends string>(code: Assembler, scalars: Record<K, Local<'f64'>>): Record<K, Local<'v128'>> {
  const entries = Object.entries<Local<'f64'>>(scalars);
  return Object.fromEntries(entries.map(([key, x]) => [key, code.local('v128', code.f64x2.splat(x))])) as Record<
    K,
    Local<'v128'>
  >;
}

/** The loop around a body: turns of pairs of elements, then single ones, in the low lane. `runs` are the pointers that advance. */
export function overPairs(
  code: Assembler,
  dtype: FloatDType,
  n: Local<'i32'>,
  runs: readonly Pointer[],
  body: (access: Access) => void,
): void {
  const { f32x4, f64x2, i32, v128 } = code;
  const isSingle = dtype === 'float32';
  const bytes = isSingle ? 4 : 8;
  /** The pair that lies `at` elements after the pointers. */
  const pair = (at: number): Access => ({
    load: (pointer) =>
      isSingle ? f64x2.promote_low_f32x4(v128.load64_zero(pointer, at * bytes)) : v128.load(pointer, at * bytes),
    store: (pointer, value) => {
      if (isSingle) v128.store64_lane(0, pointer, f32x4.demote_f64x2_zero(value), at * bytes);
      else v128.store(pointer, value, at * bytes);
    },
  });
  const single: Access = {
    load: (pointer) => (isSingle ? f64x2.promote_low_f32x4(v128.load32_zero(pointer)) : v128.load64_zero(pointer)),
    store: (pointer, value) => {
      if (isSingle) v128.store32_lane(0, pointer, f32x4.demote_f64x2_zero(value));
      else v128.store64_lane(0, pointer, value);
    },
  };
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -TURN));
  code.forRange(i, 0, whole, TURN, () => {
    for (let at = 0; at < TURN; at += 2) body(pair(at));
    for (const run of runs) code.increase(run, TURN * bytes);
  });
  code.whileLess(i, n, () => {
    body(single);
    for (const run of runs) code.increase(run, bytes);
    code.increase(i, 1);
  });
}
