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
import { acrossLanes, betterOf, floatsOf, idleAdd, loadLanes, overRow, prefixOf, storeLanes } from './floats.ts';
import { lanes } from './lanes.ts';

type Vector = Local<'v128'>;

/** `f32_argmax_rows` */
export function argName(largest: boolean, dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${prefixOf(dtype)}_${largest ? 'argmax' : 'argmin'}_${along}`;
}

/** Vectors (or rows) that are taken at once. */
const GROUP = 4;
/** Vectors of a row that are searched at once: so many are looked through again for the place. */
const BLOCK = 16;
/** The same for rows, of columns; but the first ones, among which the best changes often, are compared one by one. */
const TURN = 8;
const FIRST = 48;

/**
 * `run(rows, n, x, indices, values)`, n ≥ 1: positions (i32) and extremes. Each lane keeps the extreme of its elements and the block
 * where that came first; of the lanes that have the row's extreme, the first block is searched for its place.
 */
export function emitArgRows(largest: boolean, dtype: FloatDType): Emitter {
  return (code, features) => {
    const { i32, i32x4, v128 } = code;
    const floats = floatsOf(code, dtype);
    const { vector, bytes } = floats;
    const { choose } = lanes(code, features);
    const better = betterOf(floats, largest);
    const params = { rows: 'i32', n: 'i32', x: 'i32', indices: 'i32', values: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, x, indices, values }) => {
      const plus = idleAdd(floats, features);
      const [row, p, end, left, rowEnd, hits] = code.locals('i32', 6);
      const [best, found, home, start, mask, partial, v] = code.locals('v128', 7);
      const sums = code.locals('v128', 2);
      const vectors = code.locals('v128', GROUP);
      const worst = code.local('v128', vector.const(largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY));

      /** found = the extremes, by lanes, of `count` vectors from p on and of found */
      const search = (count: number): void => {
        for (let at = 0; at < count; at += GROUP) {
          const group = vectors.slice(0, Math.min(GROUP, count - at));
          group.forEach((vec, i) => {
            vec.set(v128.load(p, 16 * (at + i)));
            partial.set(i === 0 ? vec : plus(partial, vec));
          });
          const sum = sums[(at / GROUP) % 2];
          sum.set(plus(sum, partial));
          for (let step = 1; step < group.length; step *= 2) {
            for (let i = 0; i < group.length; i += 2 * step) group[i].set(better(group[i], group[i + step]));
          }
          found.set(better(found, group[0]));
        }
      };
      /** Takes what was found in the block that starts at `start`. */
      const compare = (): void => {
        mask.set(largest ? vector.gt(found, best) : vector.lt(found, best));
        best.set(better(best, found));
        home.set(choose(mask, start, home));
      };
      /** Moves p to the first element from there on of which `test` holds, or to the end of the row. */
      const locate = (test: (v: Vector) => Value<'v128'>): void => {
        end.set(i32.sub(rowEnd, 15));
        code.block((done) => {
          code.whileLess(p, end, () => {
            v.set(v128.load(p));
            hits.set(i32x4.bitmask(test(v)));
            code.if(hits, () => {
              code.increase(p, i32.shl(i32.ctz(hits), 2));
              code.br(done);
            });
            code.increase(p, 16);
          });
          code.whileLess(p, rowEnd, () => {
            v.set(loadLanes(floats, p, 0, true));
            code.br_if(done, i32.and(i32x4.bitmask(test(v)), 1));
            code.increase(p, bytes);
          });
        });
      };

      code.forRange(row, 0, rows, 1, () => {
        rowEnd.set(code.index(x, n, bytes));
        p.set(x);
        best.set(worst);
        home.set(i32x4.splat(p));
        for (const sum of sums) sum.set(vector.const(0));
        left.set(i32.sub(rowEnd, p));
        code.while(
          () => i32.ge_u(left, 16 * BLOCK),
          () => {
            start.set(i32x4.splat(p));
            found.set(worst);
            search(BLOCK);
            compare();
            code.increase(p, 16 * BLOCK);
            code.decrease(left, 16 * BLOCK);
          },
        );
        // what is less than a block
        start.set(i32x4.splat(p));
        found.set(worst);
        code.while(
          () => i32.ge_u(left, 16),
          () => {
            search(1);
            code.increase(p, 16);
            code.decrease(left, 16);
          },
        );
        code.whileLess(p, rowEnd, () => {
          v.set(loadLanes(floats, p, 0, true, worst));
          found.set(better(found, v));
          sums[0].set(vector.add(sums[0], v));
          code.increase(p, bytes);
        });
        compare();

        p.set(rowEnd);
        mask.set(vector.add(sums[0], sums[1]));
        // perhaps a NaN (or ∞ - ∞): the first one is looked for
        code.if(v128.any_true(vector.ne(mask, mask)), () => {
          p.set(x);
          locate((v) => vector.ne(v, v));
        });
        code.if(i32.eq(p, rowEnd), () => {
          found.set(best);
          acrossLanes(floats, found, better);
          home.set(v128.or(home, vector.ne(best, found)));
          acrossLanes({ code, width: 4 }, home, (a, b) => i32x4.min_u(a, b));
          p.set(i32x4.extract_lane(0, home));
          locate((v) => vector.eq(v, found));
        });
        i32.store(indices, i32.div_u(i32.sub(p, x), bytes));
        storeLanes(floats, values, loadLanes(floats, p, 0, true), 0, true);
        x.set(rowEnd);
        code.increase(indices, 4);
        code.increase(values, bytes);
      });
    });
  };
}

/**
 * `run(outer, n, m, step, x, indices, values)`, n ≥ 1, of an operand `[outer, n, m]`: the best so far and their places wait in the
 * results while rows pass by, some at a time: they are compared one by one only where one of them beats what was best, or a sum that is
 * NaN says that one may be NaN. Rows of `x` and of the results lie `step` elements apart.
 */
export function emitArgColumns(largest: boolean, dtype: FloatDType): Emitter {
  return (code, features) => {
    const { i32, i32x4, v128 } = code;
    const floats = floatsOf(code, dtype);
    const { vector, bytes, width } = floats;
    const sizes = { outer: 'i32', n: 'i32', m: 'i32', step: 'i32' } as const;
    const pointers = { x: 'i32', indices: 'i32', values: 'i32' } as const;
    code.export('run', { ...sizes, ...pointers }, [], ({ outer, n, m, step, x, indices, values }) => {
      const [block, i, at, value, left] = code.locals('i32', 5);
      const { choose } = lanes(code, features);
      const rows = code.locals('i32', TURN);
      const numbers = code.locals('v128', TURN);
      const [best, found, sum, place, v, mask] = code.locals('v128', 6);
      const better = betterOf(floats, largest);
      const plus = idleAdd(floats, features);
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
      /** Compares rows one by one, of the lanes whose best so far and its place are loaded. */
      const compare = (count: number, one: boolean): void => {
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
      };
      const take = (count: number): void => {
        for (let r = 0; r < count; r++) numbers[r].set(i32x4.splat(i32.add(i, r)));
        along(count, (one) => {
          best.set(loadLanes(floats, value, 0, one));
          if (count < TURN) {
            compare(count, one);
            return;
          }
          for (let r = 0; r < count; r++) {
            v.set(loadLanes(floats, rows[r], 0, one));
            found.set(r === 0 ? v : better(found, v));
            sum.set(r === 0 ? v : plus(sum, v));
          }
          mask.set(v128.or(largest ? vector.gt(found, best) : vector.lt(found, best), vector.ne(sum, sum)));
          code.if(v128.any_true(mask), () => compare(count, one));
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
        code.whileLess(i, n, () => {
          left.set(i32.sub(n, i));
          code.if(
            i32.and(i32.ge_u(i, FIRST), i32.ge_u(left, TURN)),
            () => take(TURN),
            () =>
              code.if(
                i32.ge_u(left, GROUP),
                () => take(GROUP),
                () => take(1),
              ),
          );
        });
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
