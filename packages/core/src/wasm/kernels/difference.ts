/**
 * Sums of squared differences of two runs, with a partial result for each chunk of elements:
 *
 *     out[c] = Σ (x[i] - y[i])² over the i of chunk c
 *
 * Differences have the dtype of the operands, their squares and sums are float64, in an order that depends on the chunk alone.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import { floatsOf, halvesOf, loadLanes, overGroups, prefixOf, sumWide, widen } from './floats.ts';
import type { Vector } from './lanes.ts';
import { lanes } from './lanes.ts';

const GROUP = 4;

/** `f32_squaredDifference_rows` */
export function differenceName(dtype: FloatDType): string {
  return `${prefixOf(dtype)}_squaredDifference_rows`;
}

/** `run(n, chunk, x, y, out)`: doubles, one for each chunk */
export function emitSquaredDifference(dtype: FloatDType): Emitter {
  return (code, features) => {
    const params = { n: 'i32', chunk: 'i32', x: 'i32', y: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ n, chunk, x, y, out }) => {
      const floats = floatsOf(code, dtype);
      const { bytes, isSingle } = floats;
      const m = lanes(code, features, isSingle ? 'f32x4' : 'f64x2');
      const [i, count] = code.locals('i32', 2);
      const sums = [code.locals('v128', halvesOf(floats)), code.locals('v128', halvesOf(floats))];
      code.whileLess(i, n, () => {
        count.set(code.i32.sub(n, i));
        count.set(code.least(count, chunk));
        for (const sum of sums.flat()) sum.set(code.f64x2.const(0));
        overGroups(
          floats,
          count,
          GROUP,
          [
            [x, bytes],
            [y, bytes],
          ],
          (turn, one) => {
            const load = (p: Local<'i32'>, at: number): Vector => m.keep(loadLanes(floats, p, at, one));
            for (let k = 0; k < turn; k++) {
              const d = m.sub(load(x, 16 * k), load(y, 16 * k));
              sums[k % 2].forEach((sum, half) => {
                const wide = m.keep(widen(floats, d, half));
                if (features.fma) sum.set(code.f64x2.relaxed_madd(wide, wide, sum));
                else sum.set(code.f64x2.add(code.f64x2.mul(wide, wide), sum));
              });
            }
          },
        );
        code.f64.store(out, sumWide(floats, sums.flat()));
        code.increase(out, 8);
        code.increase(i, chunk);
      });
    });
  };
}
