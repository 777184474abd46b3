/**
 * Layer normalisation of the rows of a matrix and its gradient, a pass over memory each.
 *
 *     forward:   mean, s = 1/√(var + eps);  x̂ = (x - mean) s;  out = x̂ w + b
 *     backward:  h = g w;  dx = s (h - Σ h / n - x̂ Σ h x̂ / n);  dw = Σ rows g x̂;  db = Σ rows g
 *
 * Sums are taken in doubles, those of the statistics as in `moments.ts`. The difference between a mean and its value in float32 goes
 * into x̂ apart, so that results are good where a mean is large beside the spread.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import {
  addWide,
  floatsOf,
  halvesOf,
  loadLanes,
  overGroups,
  pairSum,
  prefixOf,
  splatDouble,
  storeLanes,
  sumWide,
  widen,
} from './floats.ts';
import type { Vector } from './lanes.ts';
import { lanes } from './lanes.ts';

type Int = Local<'i32'>;
type Double = Local<'f64'>;

/** `f32_layerNorm_rows` */
export function layerNormName(dtype: FloatDType, backward: boolean): string {
  return `${prefixOf(dtype)}_layerNorm${backward ? 'Backward' : ''}_rows`;
}

/** Vectors, or rows, that are taken at once. */
const GROUP = 4;

/** `run(rows, n, eps, x, w, b, out, means, invstds)`, n ≥ 1; w and b have n elements, means and invstds one for each row */
export function emitLayerNorm(dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', n: 'i32', eps: 'f64', x: 'i32', w: 'i32', b: 'i32' } as const;
    const results = { out: 'i32', means: 'i32', invstds: 'i32' } as const;
    code.export('run', { ...sizes, ...results }, [], ({ rows, n, eps, x, w, b, out, means, invstds }) => {
      const { f32, f64, f64x2, i32 } = code;
      const floats = floatsOf(code, dtype);
      const { bytes, isSingle } = floats;
      const m = lanes(code, features, isSingle ? 'f32x4' : 'f64x2');
      const [row, p, q, wp, bp] = code.locals('i32', 5);
      const sums = code.locals('v128', halvesOf(floats));
      const products = code.locals('v128', halvesOf(floats));
      const [shift, first, center, scale, offset, d] = code.locals('v128', 6);
      const [k, s, mean, invstd, rounded] = code.locals('f64', 5);
      const count = code.local('f64', f64.convert_i32_u(n));
      code.forRange(row, 0, rows, 1, () => {
        k.set(isSingle ? f64.promote_f32(f32.load(x)) : f64.load(x));
        first.set(splatDouble(floats, k));
        shift.set(f64x2.splat(k));
        for (const sum of [...sums, ...products]) sum.set(f64x2.const(0));
        p.set(x);
        overGroups(floats, n, 2, [[p, bytes]], (turn, one) => {
          for (let i = 0; i < turn; i++) {
            // What a single element leaves free holds k, whose distance is 0.
            const v = m.keep(loadLanes(floats, p, 16 * i, one, first));
            for (let half = 0; half < sums.length; half++) {
              d.set(f64x2.sub(widen(floats, v, half), shift));
              sums[half].set(f64x2.add(sums[half], d));
              if (features.fma) products[half].set(f64x2.relaxed_madd(d, d, products[half]));
              else products[half].set(f64x2.add(f64x2.mul(d, d), products[half]));
            }
          }
        });
        s.set(sumWide(floats, sums));
        mean.set(f64.add(k, f64.div(s, count)));
        invstd.set(f64.sub(sumWide(floats, products), f64.div(f64.mul(s, s), count)));
        invstd.set(f64.div(f64.const(1), f64.sqrt(f64.add(f64.div(invstd, count), eps))));
        rounded.set(isSingle ? f64.promote_f32(f32.demote_f64(mean)) : mean.get());
        center.set(splatDouble(floats, mean));
        scale.set(splatDouble(floats, invstd));
        rounded.set(f64.mul(f64.sub(rounded, mean), invstd));
        offset.set(splatDouble(floats, rounded));
        storeLanes(floats, means, center, 0, true);
        storeLanes(floats, invstds, scale, 0, true);
        p.set(x);
        q.set(out);
        wp.set(w);
        bp.set(b);
        const moves = [p, q, wp, bp].map((pointer) => [pointer, bytes] as const);
        overGroups(floats, n, 2, moves, (turn, one) => {
          for (let i = 0; i < turn; i++) {
            const load = (pointer: Int): Vector => m.keep(loadLanes(floats, pointer, 16 * i, one));
            const normal = m.madd(m.sub(load(p), center), scale, offset);
            storeLanes(floats, q, m.madd(normal, load(wp), load(bp)), 16 * i, one);
          }
        });
        const rowBytes = code.local('i32', code.scale(n, bytes));
        for (const pointer of [x, out]) code.increase(pointer, rowBytes);
        for (const pointer of [means, invstds]) code.increase(pointer, i32.const(bytes));
      });
    });
  };
}

/**
 * `run(rows, n, chunk, x, w, g, means, invstds, dx, dw, db)`: dw and db are tables of doubles `[chunks, n]`, a row for every `chunk`
 * rows of the matrix. Four rows at a time, which stay in the cache: first the sums of each row,
 * then all results, four vectors (a line of the cache) of each row in turn.
 */
export function emitLayerNormBackward(dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', n: 'i32', chunk: 'i32', x: 'i32', w: 'i32', g: 'i32' } as const;
    const others = { means: 'i32', invstds: 'i32', dx: 'i32', dw: 'i32', db: 'i32' } as const;
    code.export('run', { ...sizes, ...others }, [], (parameters) => {
      const { rows, n, chunk, x, w, g, means, invstds, dx, dw, db } = parameters;
      const { f32, f64, f64x2, i32 } = code;
      const floats = floatsOf(code, dtype);
      const doubles = floatsOf(code, 'float64');
      const { bytes, isSingle } = floats;
      const m = lanes(code, features, isSingle ? 'f32x4' : 'f64x2');
      const [i, chunkEnd, groupEnd, xp, gp, dxp, wp, dwp, dbp, p, q, to] = code.locals('i32', 12);
      const [centers, scales, slopes, shifts] = [0, 1, 2, 3].map(() => code.locals('v128', GROUP));
      const [plain, weighted] = [code.locals('v128', halvesOf(floats)), code.locals('v128', halvesOf(floats))];
      const [s, a] = code.locals('f64', 2);
      const rowBytes = code.local('i32', code.scale(n, bytes));
      const share = code.local('f64', f64.div(f64.const(-1), f64.convert_i32_u(n)));
      const wideBytes = code.local('i32', i32.shl(n, 3));
      const load = (pointer: Int, at: number, one: boolean): Vector => m.keep(loadLanes(floats, pointer, at, one));
      const loadScalar = (pointer: Int, to: Double): void =>
        to.set(isSingle ? f64.promote_f32(f32.load(pointer)) : f64.load(pointer));

      /** What is constant along row r, at p and q: dx = s h + x̂ slope + shift, with x̂ = (x - center) scale. */
      const constants = (r: number): void => {
        loadScalar(means, a);
        centers[r].set(splatDouble(floats, a));
        loadScalar(invstds, s);
        scales[r].set(splatDouble(floats, s));
        for (const sum of [...plain, ...weighted]) sum.set(f64x2.const(0));
        wp.set(w);
        const moves = [p, q, wp].map((pointer) => [pointer, bytes] as const);
        overGroups(floats, n, GROUP, moves, (count, one) => {
          const at = Array.from({ length: count }, (_, k) => 16 * k);
          const terms = at.map((k) => m.mul(load(q, k, one), load(wp, k, one)));
          const products = at.map((k, t) => m.mul(terms[t], m.mul(m.sub(load(p, k, one), centers[r]), scales[r])));
          addWide(floats, plain, pairSum(terms, m.add));
          addWide(floats, weighted, pairSum(products, m.add));
        });
        s.set(f64.mul(s, share));
        a.set(f64.mul(sumWide(floats, plain), s));
        shifts[r].set(splatDouble(floats, a));
        a.set(f64.mul(sumWide(floats, weighted), s));
        slopes[r].set(splatDouble(floats, a));
        for (const pointer of [means, invstds]) code.increase(pointer, i32.const(bytes));
      };

      const take = (count: number): void => {
        p.set(x);
        q.set(g);
        for (let r = 0; r < count; r++) constants(r);
        for (const [pointer, base] of [
          [xp, x],
          [gp, g],
          [dxp, dx],
          [wp, w],
          [dwp, dw],
          [dbp, db],
        ] as const) {
          pointer.set(base);
        }
        const moves = [xp, gp, dxp, wp].map((pointer) => [pointer, bytes] as const);
        overGroups(floats, n, GROUP, [...moves, [dwp, 8], [dbp, 8]], (columns, one) => {
          const at = Array.from({ length: columns }, (_, c) => 16 * c);
          const weights = at.map((c) => load(wp, c, one));
          const gradients: Vector[][] = at.map(() => []);
          const products: Vector[][] = at.map(() => []);
          for (let r = 0; r < count; r++) {
            // The rows below are a sum away: pointers to each would not fit into registers.
            for (const [pointer, base] of [
              [p, xp],
              [q, gp],
              [to, dxp],
            ] as const) {
              pointer.set(r === 0 ? base : i32.add(pointer, rowBytes));
            }
            at.forEach((c, k) => {
              const v = load(q, c, one);
              const normal = m.mul(m.sub(load(p, c, one), centers[r]), scales[r]);
              const linear = m.madd(normal, slopes[r], shifts[r]);
              storeLanes(floats, to, m.madd(m.mul(v, weights[k]), scales[r], linear), c, one);
              gradients[k].push(v);
              products[k].push(m.mul(v, normal));
            });
          }
          for (const [pointer, lists] of [
            [dwp, products],
            [dbp, gradients],
          ] as const) {
            lists.forEach((list, k) => {
              const sum = pairSum(list, m.add);
              for (let half = 0; half < (one ? 1 : halvesOf(floats)); half++) {
                const place = 16 * (halvesOf(floats) * k + half);
                const total = m.keep(loadLanes(doubles, pointer, place, one));
                total.set(f64x2.add(total, widen(floats, sum, half)));
                storeLanes(doubles, pointer, total, place, one);
              }
            });
          }
        });
        for (const pointer of [x, g, dx]) code.increase(pointer, i32.mul(rowBytes, count));
        code.increase(i, count);
      };

      i.set(0);
      code.whileLess(i, rows, () => {
        chunkEnd.set(i32.add(i, chunk));
        chunkEnd.set(code.least(chunkEnd, rows));
        code.memory.fill(dw, 0, wideBytes);
        code.memory.fill(db, 0, wideBytes);
        groupEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -GROUP)));
        code.whileLess(i, groupEnd, () => take(GROUP));
        code.whileLess(i, chunkEnd, () => take(1));
        for (const pointer of [dw, db]) code.increase(pointer, wideBytes);
      });
    });
  };
}
