/**
 * Means and sums of squared distances from them, of contiguous rows and columns, in one pass over memory. Long ones give a pair for
 * each chunk of elements, [mean, squares], which `launchReduce.ts` merges.
 *
 *     k = the first element;  s = Σ (x - k);  q = Σ (x - k)²
 *     mean = k + s / count;   squares = q - s² / count
 *
 * All in float64. Since k is one of the elements, q is at most count + 1 times the result, so that the difference keeps its digits:
 * for float32 in chunks of 2^16 elements its relative error is below 2^-36 at the very worst, for float64 in chunks of 2^10 below
 * 2^-42, and near 2^-52 where k is no outlier.
 *
 * Source of the shift: Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance", 1983.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import { floatsOf, halvesOf, loadLanes, overRow, prefixOf, storeLanes, widen } from './floats.ts';

type Vector = Local<'v128'>;

/** `f32_moments_rows` */
export function momentsName(dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${prefixOf(dtype)}_moments_${along}`;
}

/** Vectors, or rows, to a turn of the loops. */
const TURN = 4;

/** `run(rows, n, chunk, x, means, squares)` */
export function emitMomentsRows(dtype: FloatDType): Emitter {
  return (code, features) => {
    const { i32, f32, f64, f64x2, v128 } = code;
    const floats = floatsOf(code, dtype);
    const { bytes, isSingle } = floats;
    const halves = halvesOf(floats);
    const params = { rows: 'i32', n: 'i32', chunk: 'i32', x: 'i32', means: 'i32', squares: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, chunk, x, means, squares }) => {
      const [row, rowEnd, end, whole, first] = code.locals('i32', 5);
      const vectors = code.locals('v128', TURN);
      const [shift, d] = code.locals('v128', 2);
      const sums = code.locals('v128', 2 * halves);
      const products = code.locals('v128', 2 * halves);
      const [k, s, q, count] = code.locals('f64', 4);
      const chunkBytes = code.local('i32', code.scale(chunk, bytes));
      const take = (v: Vector, chain: number): void => {
        for (let half = 0; half < halves; half++) {
          const at = chain * halves + half;
          d.set(f64x2.sub(widen(floats, v, half), shift));
          sums[at].set(f64x2.add(sums[at], d));
          const square = features.fma ? null : f64x2.mul(d, d);
          products[at].set(square === null ? f64x2.relaxed_madd(d, d, products[at]) : f64x2.add(square, products[at]));
        }
      };
      const total = (chains: readonly Vector[]): Value<'f64'> => {
        for (let n = chains.length / 2; n >= 1; n /= 2) {
          for (let i = 0; i < n; i++) chains[i].set(f64x2.add(chains[i], chains[i + n]));
        }
        return f64.add(f64x2.extract_lane(0, chains[0]), f64x2.extract_lane(1, chains[0]));
      };
      code.forRange(row, 0, rows, 1, () => {
        rowEnd.set(code.index(x, n, bytes));
        code.whileLess(x, rowEnd, () => {
          // The rest of the row first: x + chunkBytes may lie beyond what 32 bits address.
          end.set(i32.sub(rowEnd, x));
          end.set(i32.add(x, code.least(end, chunkBytes)));
          first.set(x);
          k.set(isSingle ? f64.promote_f32(f32.load(x)) : f64.load(x));
          shift.set(f64x2.splat(k));
          for (const chain of [...sums, ...products]) chain.set(f64x2.const(0));
          whole.set(i32.add(x, i32.and(i32.sub(end, x), -16 * TURN)));
          code.whileLess(x, whole, () => {
            vectors.forEach((v, i) => {
              v.set(v128.load(x, 16 * i));
            });
            vectors.forEach((v, i) => {
              take(v, i % 2);
            });
            code.increase(x, 16 * TURN);
          });
          const [v] = vectors;
          whole.set(i32.add(x, i32.and(i32.sub(end, x), -16)));
          code.whileLess(x, whole, () => {
            v.set(v128.load(x));
            take(v, 0);
            code.increase(x, 16);
          });
          // What a single element leaves free holds k, whose distance is 0.
          code.whileLess(x, end, () => {
            v.set(isSingle ? v128.load32_splat(first) : v128.load64_splat(first));
            v.set(loadLanes(floats, x, 0, true, v));
            take(v, 0);
            code.increase(x, bytes);
          });
          s.set(total(sums));
          q.set(total(products));
          count.set(f64.convert_i32_u(i32.div_u(i32.sub(x, first), bytes)));
          f64.store(means, f64.add(k, f64.div(s, count)));
          f64.store(squares, f64.sub(q, f64.div(f64.mul(s, s), count)));
          code.increase(means, 8);
          code.increase(squares, 8);
        });
      });
    });
  };
}

/**
 * `run(outer, n, m, step, chunk, x, means, squares)`: sums wait in the results while rows pass by, four at a time. Rows of `x` and of
 * the results lie `step` elements apart.
 */
export function emitMomentsColumns(dtype: FloatDType): Emitter {
  return (code, features) => {
    const { i32, f64, f64x2 } = code;
    const floats = floatsOf(code, dtype);
    const doubles = floatsOf(code, 'float64');
    const { bytes } = floats;
    const sizes = { outer: 'i32', n: 'i32', m: 'i32', step: 'i32', chunk: 'i32' } as const;
    const pointers = { x: 'i32', means: 'i32', squares: 'i32' } as const;
    code.export('run', { ...sizes, ...pointers }, [], ({ outer, n, m, step, chunk, x, means, squares }) => {
      const [block, i, chunkEnd, groupEnd, first, k, mean, square] = code.locals('i32', 8);
      const rows = code.locals('i32', TURN);
      const [shifts, v, d, inverse] = code.locals('v128', 4);
      const used = halvesOf(floats);
      const shift = code.locals('v128', used);
      const sums = code.locals('v128', used);
      const products = code.locals('v128', used);
      const stepBytes = code.local('i32', code.scale(step, bytes));
      /** Goes along the first row of the chunk, `count` rows from x on, and the results. */
      const along = (count: number, body: (one: boolean) => void): void => {
        rows.slice(0, count).forEach((row, r) => {
          row.set(r === 0 ? x : i32.add(rows[r - 1], stepBytes));
        });
        k.set(first);
        mean.set(means);
        square.set(squares);
        const moves = [k, ...rows.slice(0, count)].map((pointer) => [pointer, bytes] as const);
        overRow(floats, m, [...moves, [mean, 8], [square, 8]], body);
      };
      const each = (one: boolean, body: (half: number) => void): void => {
        for (let half = 0; half < (one ? 1 : used); half++) body(half);
      };
      const take = (count: number, fresh: boolean): void => {
        along(count, (one) => {
          shifts.set(loadLanes(floats, k, 0, one));
          each(one, (half) => {
            shift[half].set(widen(floats, shifts, half));
            sums[half].set(fresh ? f64x2.const(0) : loadLanes(doubles, mean, 16 * half, one));
            products[half].set(fresh ? f64x2.const(0) : loadLanes(doubles, square, 16 * half, one));
          });
          for (const row of rows.slice(0, count)) {
            v.set(loadLanes(floats, row, 0, one));
            each(one, (half) => {
              d.set(f64x2.sub(widen(floats, v, half), shift[half]));
              sums[half].set(f64x2.add(sums[half], d));
              if (features.fma) products[half].set(f64x2.relaxed_madd(d, d, products[half]));
              else products[half].set(f64x2.add(f64x2.mul(d, d), products[half]));
            });
          }
          each(one, (half) => {
            storeLanes(doubles, mean, sums[half], 16 * half, one);
            storeLanes(doubles, square, products[half], 16 * half, one);
          });
        });
        code.increase(x, i32.mul(stepBytes, count));
        code.increase(i, count);
      };
      code.forRange(block, 0, outer, 1, () => {
        i.set(0);
        code.whileLess(i, n, () => {
          chunkEnd.set(i32.add(i, chunk));
          chunkEnd.set(code.least(chunkEnd, n));
          first.set(x);
          inverse.set(f64x2.splat(f64.div(f64.const(1), f64.convert_i32_u(i32.sub(chunkEnd, i)))));
          take(1, true);
          groupEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -TURN)));
          code.whileLess(i, groupEnd, () => take(TURN, false));
          code.whileLess(i, chunkEnd, () => take(1, false));
          along(0, (one) => {
            shifts.set(loadLanes(floats, k, 0, one));
            each(one, (half) => {
              const [s, q] = [sums[half], products[half]];
              s.set(loadLanes(doubles, mean, 16 * half, one));
              q.set(loadLanes(doubles, square, 16 * half, one));
              d.set(f64x2.mul(s, inverse));
              q.set(f64x2.sub(q, f64x2.mul(s, d)));
              d.set(f64x2.add(d, widen(floats, shifts, half)));
              storeLanes(doubles, mean, d, 16 * half, one);
              storeLanes(doubles, square, q, 16 * half, one);
            });
          });
          code.increase(means, i32.shl(step, 3));
          code.increase(squares, i32.shl(step, 3));
        });
      });
    });
  };
}
