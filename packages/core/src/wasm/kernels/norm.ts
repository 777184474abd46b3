/**
 * Kernels that normalise: out = (x - mean) · scale + shift, with a mean, a scale and a shift for each channel.
 *
 *     rows:     x is [N, C, S]; row r = n C + c is a run of S elements of channel c
 *     columns:  x is [N, C]; neighbouring elements are of neighbouring channels
 *
 * The tables are float64, and so is the arithmetic: results are those of the reference loop, to the last bit, also where a
 * mean is large beside the spread.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

type Int = Local<'i32'>;
type Vector = Local<'v128'>;

/** `f32_normalise_rows` */
export function normaliseName(dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${dtype === 'float32' ? 'f32' : 'f64'}_normalise_${along}`;
}

/** The mean, scale and shift of the lanes of half a vector (of a whole one for float64). */
type Factors = readonly [mean: Operand<'v128'>, scale: Operand<'v128'>, shift: Operand<'v128'>];

/** One vector of results; `factors` gives those of each half. */
function vectorOf(
  code: Assembler,
  dtype: FloatDType,
  v: Vector,
  halves: readonly Vector[],
  factors: (half: number) => Factors,
): Value<'v128'> {
  const { f32x4, f64x2, i32x4 } = code;
  const result = (x: Value<'v128'>, half: number): Value<'v128'> => {
    const [mean, scale, shift] = factors(half);
    const at = halves[half];
    at.set(x);
    at.set(f64x2.sub(at, mean));
    at.set(f64x2.mul(at, scale));
    return f64x2.add(at, shift);
  };
  if (dtype === 'float64') return result(v.get(), 0);
  const [low, high] = halves;
  low.set(f32x4.demote_f64x2_zero(result(f64x2.promote_low_f32x4(v), 0)));
  high.set(f32x4.demote_f64x2_zero(result(f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v)), 1)));
  return i32x4.shuffle([0, 1, 4, 5], low, high);
}

/** Loads one element into the first lane, or stores it from there. */
function single({ v128 }: Assembler, dtype: FloatDType) {
  return {
    load: (p: Int): Value<'v128'> => (dtype === 'float32' ? v128.load32_zero(p) : v128.load64_zero(p)),
    store: (p: Int, v: Vector): void => {
      if (dtype === 'float32') v128.store32_lane(0, p, v);
      else v128.store64_lane(0, p, v);
    },
  };
}

/** `run(rows, channels, size, x, out, means, scales, shifts)` */
export function emitNormaliseRows(dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float32' ? 4 : 8;
    const params = { rows: 'i32', channels: 'i32', size: 'i32', x: 'i32', out: 'i32' } as const;
    const tables = { means: 'i32', scales: 'i32', shifts: 'i32' } as const;
    code.export('run', { ...params, ...tables }, [], ({ rows, channels, size, x, out, means, scales, shifts }) => {
      const [row, channel, end, vectorEnd] = code.locals('i32', 4);
      const [v, low, high, mean, scale, shift] = code.locals('v128', 6);
      const rowBytes = code.local('i32', code.scale(size, bytes));
      const one = single(code, dtype);
      const result = (): Value<'v128'> => vectorOf(code, dtype, v, [low, high], () => [mean, scale, shift]);
      code.forRange(row, 0, rows, 1, () => {
        mean.set(v128.load64_splat(code.index(means, channel, 8)));
        scale.set(v128.load64_splat(code.index(scales, channel, 8)));
        shift.set(v128.load64_splat(code.index(shifts, channel, 8)));
        end.set(i32.add(x, rowBytes));
        vectorEnd.set(i32.add(x, i32.and(rowBytes, -16)));
        code.whileLess(x, vectorEnd, () => {
          v.set(v128.load(x));
          v128.store(out, result());
          code.increase(x, 16);
          code.increase(out, 16);
        });
        code.whileLess(x, end, () => {
          v.set(one.load(x));
          v.set(result());
          one.store(out, v);
          code.increase(x, bytes);
          code.increase(out, bytes);
        });
        code.increase(channel, 1);
        code.if(i32.eq(channel, channels), () => channel.set(0));
      });
    });
  };
}

/** `run(rows, channels, x, out, means, scales, shifts)` */
export function emitNormaliseColumns(dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = dtype === 'float32' ? 4 : 8;
    const lanes = 16 / bytes;
    const params = { rows: 'i32', channels: 'i32', x: 'i32', out: 'i32' } as const;
    const tables = { means: 'i32', scales: 'i32', shifts: 'i32' } as const;
    code.export('run', { ...params, ...tables }, [], ({ rows, channels, x, out, means, scales, shifts }) => {
      const [row, end, vectorEnd] = code.locals('i32', 3);
      const [v, low, high] = code.locals('v128', 3);
      const factors = code.locals('v128', 3);
      const pointers = code.locals('i32', 3);
      const rowBytes = code.local('i32', code.scale(channels, bytes));
      const one = single(code, dtype);
      const result = (): Value<'v128'> =>
        vectorOf(code, dtype, v, [low, high], (half) => {
          factors.forEach((factor, i) => {
            factor.set(v128.load(pointers[i], 16 * half));
          });
          return factors as unknown as Factors;
        });
      const advance = (elements: number): void => {
        for (const pointer of pointers) code.increase(pointer, elements * 8);
        code.increase(x, elements * bytes);
        code.increase(out, elements * bytes);
      };
      code.forRange(row, 0, rows, 1, () => {
        [means, scales, shifts].forEach((table, i) => {
          pointers[i].set(table);
        });
        end.set(i32.add(x, rowBytes));
        vectorEnd.set(i32.add(x, i32.and(rowBytes, -16)));
        code.whileLess(x, vectorEnd, () => {
          v.set(v128.load(x));
          v.set(result());
          v128.store(out, v);
          advance(lanes);
        });
        // This reads whole vectors of factors, beyond the last channel too: the tables have room for it.
        code.whileLess(x, end, () => {
          v.set(one.load(x));
          v.set(result());
          one.store(out, v);
          advance(1);
        });
      });
    });
  };
}
