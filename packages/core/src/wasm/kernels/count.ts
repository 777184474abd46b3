/** Values that are evenly spaced: `f32_count` and `f64_count`, in double precision and rounded once. */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Emitter } from '../module.ts';

export const countName = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32_count' : 'f64_count');

/** Elements to a turn of the vector loop. */
const TURN = 8;

/** `run(n, out, from, by, first)`: out[i] = from + by (first + i) */
export function emitCount(dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, f32, f64, f32x4, f64x2, v128 } = code;
    const bytes = itemBytes(dtype);
    const params = { n: 'i32', out: 'i32', from: 'f64', by: 'f64', first: 'i32' } as const;
    code.export('run', params, [], ({ n, out, from, by, first }) => {
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -TURN));
      const [starts, steps] = [from, by].map((x) => code.local('v128', f64x2.splat(x)));
      const places = code.local('v128', f64x2.splat(f64.convert_i32_s(first)));
      places.set(f64x2.replace_lane(1, places, f64.convert_i32_s(i32.add(first, 1))));
      const pair = (k: number) => f64x2.add(starts, f64x2.mul(steps, f64x2.add(places, 2 * k)));
      code.forRange(i, 0, whole, TURN, () => {
        for (let k = 0; k < TURN / 2; k++) {
          if (dtype === 'float64') v128.store(out, pair(k), 16 * k);
          else v128.store64_lane(0, out, f32x4.demote_f64x2_zero(pair(k)), 8 * k);
        }
        places.set(f64x2.add(places, TURN));
        code.increase(out, TURN * bytes);
      });
      code.whileLess(i, n, () => {
        const value = () => f64.add(from, f64.mul(by, f64.convert_i32_s(i32.add(first, i))));
        if (dtype === 'float64') f64.store(out, value());
        else f32.store(out, f32.demote_f64(value()));
        code.increase(out, bytes);
        code.increase(i, 1);
      });
    });
  };
}
