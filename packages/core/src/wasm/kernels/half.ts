/**
 * Casts of runs between float32 and the 16-bit floats, as `reference/half.ts` makes them.
 *
 *     for i in 0 … n-1, eight at a time, then one at a time:  out[i] = cast(from[i])
 *
 * Both loops cast in vectors of four lanes, of which single elements use one. Of a float16, sign aside, the bits at the place
 * of a float32's are 2¹¹² times too small, which a product puts right, subnormals included; exponents of all ones are set.
 */

import type { HalfDType } from '../../dtype.ts';
import { HALF_BITS, LEAST_NORMAL, REBIAS } from '../../reference/half.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

/** `run(n, from, out)`: 16-bit floats to float32. */
export function emitWiden(dtype: HalfDType): Emitter {
  return (code) => {
    const { i16x8, i32x4, v128 } = code;
    emitRun(code, 2, 4, (from, out, count) => {
      const halves = code.local('v128', count === 1 ? i16x8.splat(code.i32.load16_u(from)) : v128.load(from));
      const low = code.local('v128', i32x4.extend_low_i16x8_u(halves));
      const cast = dtype === 'float16' ? widenFloat16 : widenBfloat16;
      if (count === 1) {
        v128.store32_lane(0, out, cast(code, low));
        return;
      }
      v128.store(out, cast(code, low));
      const high = code.local('v128', i32x4.extend_high_i16x8_u(halves));
      v128.store(out, cast(code, high), 16);
    });
  };
}

/** `run(n, from, out)`: float32 to 16-bit floats. */
export function emitNarrow(dtype: HalfDType): Emitter {
  return (code) => {
    const { i16x8, v128 } = code;
    const cast = dtype === 'float16' ? narrowFloat16 : narrowBfloat16;
    emitRun(code, 4, 2, (from, out, count) => {
      const low = code.local('v128', count === 1 ? v128.load32_zero(from) : v128.load(from));
      const first = code.local('v128', cast(code, low));
      if (count === 1) {
        v128.store16_lane(0, out, first);
        return;
      }
      const high = code.local('v128', v128.load(from, 16));
      v128.store(out, i16x8.narrow_i32x4_u(first, cast(code, high)));
    });
  };
}

type Cast = (code: Assembler, x: Local<'v128'>) => Value<'v128'>;

function emitRun(
  code: Assembler,
  fromBytes: number,
  outBytes: number,
  cast: (from: Local<'i32'>, out: Local<'i32'>, count: 1 | 8) => void,
): void {
  code.export('run', { n: 'i32', from: 'i32', out: 'i32' }, [], ({ n, from, out }) => {
    const i = code.local('i32');
    const whole = code.local('i32', code.i32.and(n, -8));
    for (const [count, end] of [
      [8, whole],
      [1, n],
    ] as const) {
      code.whileLess(i, end, () => {
        cast(from, out, count);
        code.increase(from, count * fromBytes);
        code.increase(out, count * outBytes);
        code.increase(i, count);
      });
    }
  });
}

const widenBfloat16: Cast = ({ i32x4 }, x) => i32x4.shl(x, 16);

const widenFloat16: Cast = (code, x) => {
  const { f32x4, i32x4, v128 } = code;
  const magnitude = code.local('v128', v128.and(x, i32x4.const(0x7fff)));
  const value = f32x4.mul(i32x4.shl(magnitude, 13), f32x4.const(2 ** 112));
  const special = v128.and(i32x4.gt_s(magnitude, i32x4.const(0x7bff)), i32x4.const(0x7f800000));
  return v128.or(v128.or(value, special), i32x4.shl(v128.xor(x, magnitude), 16));
};

const narrowBfloat16: Cast = (code, x) => {
  const { f32x4, i32x4, v128 } = code;
  return v128.bitselect(rounded(code, x, 16), i32x4.const(0x7fc0), f32x4.eq(x, x));
};

const narrowFloat16: Cast = (code, x) => {
  const { f32x4, i32x4, v128 } = code;
  const magnitude = code.local('v128', v128.and(x, i32x4.const(0x7fffffff)));
  const normal = i32x4.min_s(i32x4.sub(rounded(code, magnitude, 13), i32x4.const(REBIAS)), i32x4.const(0x7c00));
  const subnormal = i32x4.sub(f32x4.add(magnitude, f32x4.const(0.5)), i32x4.const(HALF_BITS));
  const isNormal = i32x4.gt_s(magnitude, i32x4.const(LEAST_NORMAL - 1));
  const bits = v128.or(v128.bitselect(normal, subnormal, isNormal), i32x4.shl(i32x4.shr_u(x, 31), 15));
  return v128.bitselect(bits, i32x4.const(0x7e00), f32x4.eq(x, x));
};

/** `x / 2^by`, rounded half to even. */
function rounded({ i32x4, v128 }: Assembler, x: Local<'v128'>, by: number): Value<'v128'> {
  const odd = (): Value<'v128'> => v128.and(i32x4.shr_u(x, by), i32x4.const(1));
  return i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.const(2 ** (by - 1) - 1)), odd()), by);
}
