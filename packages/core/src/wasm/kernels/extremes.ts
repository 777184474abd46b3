/**
 * Extremes and where they are: of each row, and of each column. Of equals it is the first, and a NaN comes before all numbers.
 *
 *     best, at = x[0], 0;  for i in 1 … n-1:  if x[i] beats best: best, at = x[i], i
 *
 * `a` beats `b` when it is larger (or smaller), or a NaN where b is none.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { Floats } from './floats.ts';
import { acrossLanes, floatsOf, loadLanes, overRow, prefixOf, storeLanes } from './floats.ts';
import { lanes } from './lanes.ts';

type Vector = Local<'v128'>;

/** `f32_argmax_rows` */
export function argName(largest: boolean, dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${prefixOf(dtype)}_${largest ? 'argmax' : 'argmin'}_${along}`;
}

/** Elements that are searched at once, and vectors to a turn of the loops over them. */
const CHUNK = 2048;
const TURN = 4;

/**
 * `run(rows, n, x, indices, values)`, n ≥ 1: positions (i32) and extremes. A row is searched for its extreme value by chunks; then
 * the chunk that holds the first is searched for its place.
 */
export function emitArgRows(largest: boolean, dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, i32x4, v128 } = code;
    const floats = floatsOf(code, dtype);
    const { vector, bytes } = floats;
    const better = (a: Vector, b: Vector): Value<'v128'> => (largest ? vector.pmax(a, b) : vector.pmin(a, b));
    const merge = (a: Vector, b: Value<'v128'>): Value<'v128'> => (largest ? vector.max(a, b) : vector.min(a, b));
    const params = { rows: 'i32', n: 'i32', x: 'i32', indices: 'i32', values: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, x, indices, values }) => {
      const [row, p, start, end, whole, rowEnd, home] = code.locals('i32', 7);
      const [best, found, nan, v, t] = code.locals('v128', 5);
      const vectors = code.locals('v128', TURN);
      const worst = code.local('v128', vector.const(largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY));

      /** found = the extreme of the elements from p to `end`, in every lane: all ones for a NaN */
      const searchChunk = (): void => {
        found.set(worst);
        nan.set(i32x4.const(0));
        const take = (v: Vector): void => {
          found.set(better(found, v));
          t.set(vector.ne(v, v));
          nan.set(v128.or(nan, t));
        };
        whole.set(i32.add(p, i32.and(i32.sub(end, p), -16 * TURN)));
        code.whileLess(p, whole, () => {
          vectors.forEach((vec, i) => {
            vec.set(v128.load(p, 16 * i));
            t.set(vector.ne(vec, vec));
            nan.set(v128.or(nan, t));
          });
          for (let step = 1; step < TURN; step *= 2) {
            for (let i = 0; i < TURN; i += 2 * step) vectors[i].set(better(vectors[i], vectors[i + step]));
          }
          found.set(better(found, vectors[0]));
          code.increase(p, 16 * TURN);
        });
        whole.set(i32.add(p, i32.and(i32.sub(end, p), -16)));
        code.whileLess(p, whole, () => {
          v.set(v128.load(p));
          take(v);
          code.increase(p, 16);
        });
        code.whileLess(p, end, () => {
          v.set(loadLanes(floats, p, 0, true, worst));
          take(v);
          code.increase(p, bytes);
        });
        found.set(v128.or(found, nan));
        acrossLanes(floats, found, merge);
      };
      /** Moves p to the first element from `home` on that is `best`, or a NaN where that is one. */
      const locate = (): void => {
        p.set(home);
        const hits = (v: Vector): Value<'i32'> => {
          t.set(v128.or(vector.eq(v, best), v128.and(vector.ne(v, v), vector.ne(best, best))));
          return i32x4.bitmask(t);
        };
        whole.set(i32.sub(rowEnd, 15));
        code.block((done) => {
          code.whileLess(p, whole, () => {
            v.set(v128.load(p));
            code.br_if(done, hits(v));
            code.increase(p, 16);
          });
        });
        code.loop((again) => {
          v.set(loadLanes(floats, p, 0, true));
          code.if(i32.eqz(i32.and(hits(v), 1)), () => {
            code.increase(p, bytes);
            code.br(again);
          });
        });
      };

      code.forRange(row, 0, rows, 1, () => {
        rowEnd.set(code.index(x, n, bytes));
        p.set(x);
        home.set(x);
        best.set(worst);
        code.whileLess(p, rowEnd, () => {
          start.set(p);
          // The rest of the row first: p + CHUNK may lie beyond what 32 bits address.
          end.set(i32.sub(rowEnd, p));
          end.set(i32.add(p, code.least(end, CHUNK * bytes)));
          searchChunk();
          code.if(v128.any_true(beats(floats, largest, found, best)), () => {
            best.set(found);
            home.set(start);
          });
        });
        locate();
        i32.store(indices, i32.div_u(i32.sub(p, x), bytes));
        storeLanes(floats, values, best, 0, true);
        x.set(rowEnd);
        code.increase(indices, 4);
        code.increase(values, bytes);
      });
    });
  };
}

/**
 * `run(outer, n, m, step, x, indices, values)`, n ≥ 1, of an operand `[outer, n, m]`: the best so far and their places wait in the
 * results while rows pass by, four at a time. Rows of `x` and of the results lie `step` elements apart.
 */
export function emitArgColumns(largest: boolean, dtype: FloatDType): Emitter {
  return (code, features) => {
    const { i32, i32x4, v128 } = code;
    const floats = floatsOf(code, dtype);
    const { bytes, width } = floats;
    const sizes = { outer: 'i32', n: 'i32', m: 'i32', step: 'i32' } as const;
    const pointers = { x: 'i32', indices: 'i32', values: 'i32' } as const;
    code.export('run', { ...sizes, ...pointers }, [], ({ outer, n, m, step, x, indices, values }) => {
      const [block, i, at, value, groupEnd] = code.locals('i32', 5);
      const { choose } = lanes(code, features);
      const rows = code.locals('i32', TURN);
      const numbers = code.locals('v128', TURN);
      const [best, place, v, mask] = code.locals('v128', 4);
      const stepBytes = code.local('i32', code.scale(step, bytes));
      const loadPlace = (one: boolean): Value<'v128'> =>
        one ? v128.load32_zero(at) : width === 4 ? v128.load(at) : v128.load64_zero(at);
      const storePlace = (one: boolean): void => {
        if (one) v128.store32_lane(0, at, place);
        else if (width === 4) v128.store(at, place);
        else v128.store64_lane(0, at, place);
      };
      /** Goes along rows and results. */
      const along = (count: number, body: (one: boolean) => void): void => {
        const used = rows.slice(0, count);
        used.forEach((row, r) => {
          row.set(r === 0 ? x : i32.add(rows[r - 1], stepBytes));
        });
        at.set(indices);
        value.set(values);
        const moves = [...used, value].map((pointer) => [pointer, bytes] as const);
        overRow(floats, m, [...moves, [at, 4]], body);
        code.increase(x, i32.mul(stepBytes, count));
      };
      const take = (count: number): void => {
        for (let r = 0; r < count; r++) numbers[r].set(i32x4.splat(i32.add(i, r)));
        along(count, (one) => {
          best.set(loadLanes(floats, value, 0, one));
          place.set(loadPlace(one));
          for (let r = 0; r < count; r++) {
            v.set(loadLanes(floats, rows[r], 0, one));
            mask.set(beats(floats, largest, v, best));
            best.set(choose(mask, v, best));
            if (width === 2) mask.set(i32x4.shuffle([0, 2, 0, 2], mask, mask));
            place.set(choose(mask, numbers[r], place));
          }
          storeLanes(floats, value, best, 0, one);
          storePlace(one);
        });
        code.increase(i, count);
      };
      code.forRange(block, 0, outer, 1, () => {
        place.set(i32x4.const(0));
        along(1, (one) => {
          v.set(loadLanes(floats, rows[0], 0, one));
          storeLanes(floats, value, v, 0, one);
          storePlace(one);
        });
        i.set(1);
        groupEnd.set(i32.add(i32.and(i32.sub(n, 1), -TURN), 1));
        code.whileLess(i, groupEnd, () => take(TURN));
        code.whileLess(i, n, () => take(1));
        code.increase(indices, i32.shl(step, 2));
        code.increase(values, stepBytes);
      });
    });
  };
}

/** a beats b, lane by lane */
function beats({ code, vector }: Floats, largest: boolean, a: Vector, b: Vector): Value<'v128'> {
  const { v128 } = code;
  const nan = v128.and(vector.ne(a, a), vector.eq(b, b));
  return v128.or(nan, largest ? vector.gt(a, b) : vector.lt(a, b));
}
