/**
 * Casts of runs between dtypes, as an assignment to a typed array makes them: floats to integers lose their fraction and wrap, NaN
 * and infinities are 0 (the smallest int64); to bool, all but 0 are 1.
 *
 *     for i in 0 … n-1, sixteen at a time, then one at a time:  out[i] = cast(from[i])
 *
 * Sixteen elements pass through vectors of four int32 or float32 or two float64, int64 as int32. Where one of them is beyond int32,
 * in a cast from int64 or from a float to an integer, the sixteen are left to the loop for single elements: WebAssembly has no
 * vectors that wrap. A kernel's name is its identity: `cast_uint8_float32`.
 */

import type { ComputeDType, DType } from '../../dtype.ts';
import { isHalf, itemBytes } from '../../dtype.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Features } from '../features.ts';
import type { Emitter } from '../module.ts';
import { emitNarrow, emitWiden } from './half.ts';

export const castName = (from: DType, to: DType): string => `cast_${from}_${to}`;

/** Elements to a turn of the vector loop. */
const TURN = 16;

type Pointer = Local<'i32'>;

/** What elements are while they are cast. */
type Lanes = 'i32' | 'f32' | 'f64';

const LANES: Readonly<Record<ComputeDType, Lanes>> = {
  bool: 'i32',
  uint8: 'i32',
  int32: 'i32',
  int64: 'i32',
  float32: 'f32',
  float64: 'f64',
};

/** `run(n, from, out)`; 16-bit floats are cast from and to float32 alone. */
export function emitCast(from: DType, to: DType): Emitter {
  if (isHalf(from)) return emitWiden(from);
  return isHalf(to) ? emitNarrow(to) : emitComputed(from, to);
}

function emitComputed(from: ComputeDType, to: ComputeDType): Emitter {
  return (code, features) => {
    const one = code.func('one', { from: 'i32', out: 'i32' }, [], ({ from: x, out }) =>
      castOne(code, from, to, x, out),
    );
    code.export('run', { n: 'i32', from: 'i32', out: 'i32' }, [], ({ n, from: x, out }) => {
      const { i32 } = code;
      const i = code.local('i32');
      const singly = (end: Local<'i32'>): void =>
        code.whileLess(i, end, () => {
          code.call(one, x, out);
          code.increase(x, itemBytes(from));
          code.increase(out, itemBytes(to));
          code.increase(i, 1);
        });
      const whole = code.local('i32', i32.and(n, -TURN));
      const end = code.local('i32');
      const lanes = loadTurn(code, from);
      const beyond = outOfInt32(code, from, to, lanes.vectors);
      const mask =
        to === 'bool' || to === 'uint8' ? code.local('v128', code.i32x4.const(to === 'bool' ? 1 : 255)) : null;
      code.whileLess(i, whole, () => {
        lanes.load(x);
        const unfit = from === 'int64' ? lanes.lost : (beyond?.() ?? null);
        const whenFit = (): void => {
          storeTurn(code, features, LANES[from], to, lanes.vectors, out, mask);
          code.increase(x, TURN * itemBytes(from));
          code.increase(out, TURN * itemBytes(to));
          code.increase(i, TURN);
        };
        if (unfit === null) whenFit();
        else {
          const whenUnfit = (): void => {
            end.set(i32.add(i, TURN));
            singly(end);
          };
          code.if(code.v128.any_true(unfit), whenUnfit, whenFit);
        }
      });
      singly(n);
    });
  };
}

/** Sixteen elements in vectors of their lanes; and bits that are set where int32 lanes have lost something of int64. */
function loadTurn(
  code: Assembler,
  from: ComputeDType,
): { vectors: Local<'v128'>[]; load: (pointer: Pointer) => void; lost: Local<'v128'> | null } {
  const { v128, i16x8, i32x4, i64x2 } = code;
  const vectors = code.locals('v128', LANES[from] === 'f64' ? 8 : 4);
  if (from === 'int64') {
    const [low, high, lost] = code.locals('v128', 3);
    const load = (pointer: Pointer): void => {
      lost.set(i64x2.const(0n));
      for (const [k, vector] of vectors.entries()) {
        low.set(v128.load(pointer, 32 * k));
        high.set(v128.load(pointer, 32 * k + 16));
        vector.set(i32x4.shuffle([0, 2, 4, 6], low, high));
        lost.set(v128.or(lost, v128.xor(low, i64x2.extend_low_i32x4_s(vector))));
        lost.set(v128.or(lost, v128.xor(high, i64x2.extend_high_i32x4_s(vector))));
      }
    };
    return { vectors, load, lost };
  }
  if (itemBytes(from) > 1) {
    const load = (pointer: Pointer): void => {
      for (const [k, vector] of vectors.entries()) vector.set(v128.load(pointer, 16 * k));
    };
    return { vectors, load, lost: null };
  }
  const bytes = code.local('v128');
  const load = (pointer: Pointer): void => {
    for (const half of [0, 1]) {
      bytes.set(
        half === 0 ? i16x8.extend_low_i8x16_u(v128.load(pointer)) : i16x8.extend_high_i8x16_u(v128.load(pointer)),
      );
      vectors[2 * half].set(i32x4.extend_low_i16x8_u(bytes));
      vectors[2 * half + 1].set(i32x4.extend_high_i16x8_u(bytes));
    }
  };
  return { vectors, load, lost: null };
}

/** Lanes that no int32 holds, NaN among them, in a cast from a float to an integer; null in other casts. */
function outOfInt32(
  code: Assembler,
  from: ComputeDType,
  to: ComputeDType,
  vectors: readonly Local<'v128'>[],
): (() => Value<'v128'>) | null {
  if ((from !== 'float32' && from !== 'float64') || (to !== 'int32' && to !== 'uint8' && to !== 'int64')) return null;
  const { f32x4, f64x2, v128 } = code;
  const shape = from === 'float32' ? f32x4 : f64x2;
  // In a local, since engines make constants anew where they are used.
  const limit = code.local('v128', shape.const(0x7fffff00));
  const fits = (vector: Local<'v128'>) => shape.lt(shape.abs(vector), limit);
  return () => v128.not(vectors.slice(1).reduce((all, vector) => v128.and(all, fits(vector)), fits(vectors[0])));
}

function storeTurn(
  code: Assembler,
  features: Features,
  lanes: Lanes,
  to: ComputeDType,
  vectors: readonly Local<'v128'>[],
  out: Pointer,
  mask: Local<'v128'> | null,
): void {
  const { v128, i8x16, i16x8, i32x4, f32x4, f64x2, i64x2 } = code;
  const store = (make: (k: number) => Value<'v128'>, count: number): void => {
    for (let k = 0; k < count; k++) v128.store(out, make(k), 16 * k);
  };
  /** Halves as one vector: the two low lanes of each. */
  const join = (a: Value<'v128'>, b: Value<'v128'>): Value<'v128'> => i64x2.shuffle([0, 2], a, b);
  if (to === 'float64') {
    if (lanes === 'f64') store((k) => vectors[k].get(), 8);
    else {
      const convert = (x: Value<'v128'> | Local<'v128'>): Value<'v128'> =>
        lanes === 'i32' ? f64x2.convert_low_i32x4_s(x) : f64x2.promote_low_f32x4(x);
      store((k) => {
        const x = vectors[k >> 1];
        return convert(k % 2 === 0 ? x : i64x2.shuffle([1, 1], x, x));
      }, 8);
    }
  } else if (to === 'float32') {
    store((k) => {
      if (lanes === 'f32') return vectors[k].get();
      if (lanes === 'i32') return f32x4.convert_i32x4_s(vectors[k]);
      return join(f32x4.demote_f64x2_zero(vectors[2 * k]), f32x4.demote_f64x2_zero(vectors[2 * k + 1]));
    }, 4);
  } else {
    /** Four elements as int32; for bool as masks. */
    const four = (k: number): Value<'v128'> => {
      if (to === 'bool') {
        if (lanes === 'i32') return i32x4.ne(vectors[k], i32x4.const(0));
        if (lanes === 'f32') return f32x4.ne(vectors[k], 0);
        return i32x4.shuffle([0, 2, 4, 6], f64x2.ne(vectors[2 * k], 0), f64x2.ne(vectors[2 * k + 1], 0));
      }
      if (lanes === 'i32') return vectors[k].get();
      if (lanes === 'f32') {
        // these lanes fit, for which both give the same, one of them in a single instruction
        return features.relaxedSimd ? i32x4.relaxed_trunc_f32x4_s(vectors[k]) : i32x4.trunc_sat_f32x4_s(vectors[k]);
      }
      return join(i32x4.trunc_sat_f64x2_s_zero(vectors[2 * k]), i32x4.trunc_sat_f64x2_s_zero(vectors[2 * k + 1]));
    };
    if (to === 'int32') store(four, 4);
    else if (to === 'int64') {
      const whole = code.locals('v128', 4);
      for (const [k, vector] of whole.entries()) vector.set(four(k));
      store((k) => i64x2[k % 2 === 0 ? 'extend_low_i32x4_s' : 'extend_high_i32x4_s'](whole[k >> 1]), 8);
    } else {
      // masks narrow to ±0 and ±1 with saturation; numbers keep their low byte, which is what wrapping means
      const low = (k: number): Value<'v128'> => (mask === null ? four(k) : v128.and(four(k), mask));
      v128.store(out, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(low(0), low(1)), i16x8.narrow_i32x4_u(low(2), low(3))));
    }
  }
}

function castOne(code: Assembler, from: ComputeDType, to: ComputeDType, x: Pointer, out: Pointer): void {
  const { i32, i64, f32, f64 } = code;
  const isFloat = from === 'float32' || from === 'float64';
  if (to === 'bool') {
    if (from === 'int64') i32.store8(out, i64.ne(i64.load(x), i64.const(0n)));
    else if (isFloat) i32.store8(out, f64.ne(loadDouble(code, from, x), 0));
    else i32.store8(out, i32.ne(loadInteger(code, from, x), 0));
  } else if (to === 'float64') f64.store(out, loadDouble(code, from, x));
  else if (to === 'float32') f32.store(out, f32.demote_f64(loadDouble(code, from, x)));
  else if (to === 'int64') {
    if (isFloat) i64.store(out, wrapped(code, loadDouble(code, from, x), 64));
    else i64.store(out, i64.extend_i32_s(loadInteger(code, from as 'int32', x)));
  } else {
    // An int64 passes through a double, as reading it as a number does.
    const whole =
      isFloat || from === 'int64'
        ? i32.wrap_i64(wrapped(code, loadDouble(code, from, x), 32))
        : loadInteger(code, from, x);
    if (to === 'int32') i32.store(out, whole);
    else i32.store8(out, whole);
  }
}

function loadInteger({ i32 }: Assembler, from: Exclude<ComputeDType, 'int64'>, x: Pointer): Value<'i32'> {
  return from === 'int32' ? i32.load(x) : i32.load8_u(x);
}

function loadDouble(code: Assembler, from: ComputeDType, x: Pointer): Value<'f64'> {
  const { i64, f32, f64 } = code;
  if (from === 'float64') return f64.load(x);
  if (from === 'float32') return f64.promote_f32(f32.load(x));
  if (from === 'int64') return f64.convert_i64_s(i64.load(x));
  return f64.convert_i32_s(loadInteger(code, from, x));
}

/**
 * The integer part, modulo 2^bits; without one (NaN, infinities) the smallest int64 for 64 bits, else 0. All steps are exact: the
 * multiple of 2^bits below a double is a double, and so is the difference.
 */
function wrapped(code: Assembler, value: Value<'f64'>, bits: 32 | 64): Value<'i64'> {
  const { f64, i64 } = code;
  const x = code.local('f64', value);
  const period = 2 ** bits;
  return code.ifOf(
    'i64',
    f64.lt(f64.abs(x), 2 ** (bits - 1)),
    () => i64.trunc_sat_f64_s(x),
    () => {
      x.set(f64.trunc(x));
      x.set(f64.sub(x, f64.mul(f64.trunc(f64.mul(x, 1 / period)), period)));
      if (bits === 64) {
        // what is left reaches from -2^64 to 2^64
        code.if(f64.ge(x, 2 ** 63), () => x.set(f64.sub(x, period)));
        code.if(f64.lt(x, -(2 ** 63)), () => x.set(f64.add(x, period)));
        code.if(f64.ne(x, x), () => x.set(-(2 ** 63)));
      }
      i64.trunc_sat_f64_s(x);
    },
  );
}
