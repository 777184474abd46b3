/**
 * Softmax and its logarithm in float32, along rows (contiguous runs) and along columns (lines whose elements lie `inner`
 * apart, four neighbouring lines in the lanes of a vector).
 *
 *     m = max x;  e = exp(x - m);  s = Σ e in float64;  out = e / s,  or  (x - m) - log s
 *
 * One row stays in the cache for its three passes. The order of additions depends on the length of the line alone. The
 * logarithm is that of s rounded to float32, corrected by (s - rounded) / rounded, so that a sum just above 1 counts.
 */

import type { Assembler, Local, Value } from '../assembler.ts';
import type { Features } from '../features.ts';
import type { Emitter } from '../module.ts';
import { lanes } from './lanes.ts';
import { exp, log } from './vectorMath.ts';

type Int = Local<'i32'>;
type Vector = Local<'v128'>;

/** Which of the two functions. */
export type SoftmaxForm = 'softmax' | 'logSoftmax';

/** Least row, and least number of neighbouring columns, that the kernels take: a vector. */
export const SOFTMAX_LANES = 4;

/** `f32_logSoftmax_rows` */
export function softmaxName(form: SoftmaxForm, along: 'rows' | 'columns'): string {
  return `f32_${form}_${along}`;
}

/** Sums of float32 vectors, in float64: two lanes in each half. */
interface Sums {
  readonly low: Vector;
  readonly high: Vector;
}

function addTo({ f64x2, i32x4 }: Assembler, { low, high }: Sums, e: Vector): void {
  low.set(f64x2.add(low, f64x2.promote_low_f32x4(e)));
  high.set(f64x2.add(high, f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], e, e))));
}

/** The four sums as float32. */
function rounded({ f32x4, i32x4 }: Assembler, { low, high }: Sums): Value<'v128'> {
  return i32x4.shuffle([0, 1, 4, 5], f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high));
}

/** 1 / s, or log s */
function finish(code: Assembler, features: Features, form: SoftmaxForm, sums: Sums): Vector {
  const { f32x4, f64x2, i32x4 } = code;
  if (form === 'softmax') {
    const { low, high } = sums;
    low.set(f64x2.div(f64x2.const(1), low));
    high.set(f64x2.div(f64x2.const(1), high));
    return code.local('v128', rounded(code, sums));
  }
  const s = code.local('v128', rounded(code, sums));
  const upper = code.local('v128', i32x4.shuffle([2, 3, 2, 3], s, s));
  for (const [sum, part] of [
    [sums.low, s],
    [sums.high, upper],
  ]) {
    const near = code.local('v128', f64x2.promote_low_f32x4(part));
    sum.set(f64x2.div(f64x2.sub(sum, near), near));
  }
  const correction = code.local('v128', rounded(code, sums));
  return code.local('v128', f32x4.add(log(lanes(code, features), s), correction));
}

/** `run(rows, n, x, out)`, n ≥ 4 */
export function emitSoftmaxRows(form: SoftmaxForm): Emitter {
  return (code, features) => {
    const { i32, f32x4, f64x2, i32x4, v128 } = code;
    code.export('run', { rows: 'i32', n: 'i32', x: 'i32', out: 'i32' }, [], ({ rows, n, x, out }) => {
      const [row, p, q] = code.locals('i32', 3);
      const [max, v, e] = code.locals('v128', 3);
      const [low, high] = code.locals('v128', 2);
      const rowBytes = code.local('i32', i32.shl(n, 2));
      const wholeBytes = code.local('i32', i32.and(rowBytes, -16));
      // The lanes of the last vector of a row that the whole vectors before it have not covered.
      const fresh = code.local('v128', i32x4.ge_s(i32x4.const(0, 1, 2, 3), i32x4.splat(i32.sub(4, i32.and(n, 3)))));
      const [whole, end] = code.locals('i32', 2);
      const hasRest = code.local('i32', i32.ne(wholeBytes, rowBytes));
      const m = lanes(code, features);

      const exponential = (): void => {
        v.set(f32x4.sub(v128.load(p), max));
        e.set(exp(m, v));
        if (form === 'softmax') v128.store(q, e);
      };

      code.forRange(row, 0, rows, 1, () => {
        whole.set(i32.add(x, wholeBytes));
        end.set(i32.add(x, rowBytes));
        // pmax keeps the first operand beside a NaN; the NaN reaches all results through the sum
        max.set(v128.load(i32.sub(end, 16)));
        max.set(f32x4.pmax(f32x4.const(Number.NEGATIVE_INFINITY), max));
        p.set(x);
        code.whileLess(p, whole, () => {
          max.set(f32x4.pmax(max, v128.load(p)));
          code.increase(p, 16);
        });
        max.set(f32x4.pmax(max, i32x4.shuffle([2, 3, 0, 1], max, max)));
        max.set(f32x4.pmax(max, i32x4.shuffle([1, 0, 3, 2], max, max)));

        low.set(f64x2.const(0));
        high.set(f64x2.const(0));
        p.set(x);
        q.set(out);
        code.whileLess(p, whole, () => {
          exponential();
          addTo(code, { low, high }, e);
          code.increase(p, 16);
          code.increase(q, 16);
        });
        code.if(hasRest, () => {
          p.set(i32.sub(end, 16));
          q.set(i32.sub(i32.add(out, rowBytes), 16));
          exponential();
          e.set(v128.and(e, fresh));
          addTo(code, { low, high }, e);
        });
        low.set(f64x2.add(low, high));
        low.set(f64x2.add(low, code.i64x2.shuffle([1, 0], low, low)));
        high.set(low);
        const value = finish(code, features, form, { low, high });

        if (form === 'softmax') {
          q.set(out);
          whole.set(i32.add(out, wholeBytes));
          end.set(i32.add(out, rowBytes));
          code.whileLess(q, whole, () => {
            v128.store(q, f32x4.mul(v128.load(q), value));
            code.increase(q, 16);
          });
          code.whileLess(q, end, () => {
            v.set(f32x4.mul(v128.load32_zero(q), value));
            v128.store32_lane(0, q, v);
            code.increase(q, 4);
          });
        } else {
          const result = (from: Int): Value<'v128'> => f32x4.sub(f32x4.sub(v128.load(from), max), value);
          p.set(x);
          q.set(out);
          code.whileLess(p, whole, () => {
            v128.store(q, result(p));
            code.increase(p, 16);
            code.increase(q, 16);
          });
          code.if(hasRest, () => {
            p.set(i32.sub(end, 16));
            v128.store(i32.sub(i32.add(out, rowBytes), 16), result(p));
          });
        }
        code.increase(x, rowBytes);
        code.increase(out, rowBytes);
      });
    });
  };
}

/** `run(outer, n, inner, x, out)`: lines of n elements, `inner` apart, of an operand `[outer, n, inner]`; inner ≥ 4 */
export function emitSoftmaxColumns(form: SoftmaxForm): Emitter {
  return (code, features) => {
    const { i32, f32x4, f64x2, v128 } = code;
    const params = { outer: 'i32', n: 'i32', inner: 'i32', x: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ outer, n, inner, x, out }) => {
      const [block, i, j, p, q] = code.locals('i32', 5);
      const [max, v, e, low, high] = code.locals('v128', 5);
      const step = code.local('i32', i32.shl(inner, 2));
      const blockBytes = code.local('i32', i32.mul(step, n));
      const last = code.local('i32', i32.sub(inner, 4));
      const m = lanes(code, features);
      const down = (body: () => void): void => {
        p.set(code.index(x, j, 4));
        q.set(code.index(out, j, 4));
        code.forRange(i, 0, n, 1, () => {
          body();
          code.increase(p, step);
          code.increase(q, step);
        });
      };
      code.forRange(block, 0, outer, 1, () => {
        j.set(0);
        code.whileLess(j, inner, () => {
          // The last vector may overlap the one before; it computes the same again.
          j.set(code.least(j, last));
          max.set(f32x4.const(Number.NEGATIVE_INFINITY));
          down(() => max.set(f32x4.pmax(max, v128.load(p))));
          low.set(f64x2.const(0));
          high.set(f64x2.const(0));
          down(() => {
            v.set(f32x4.sub(v128.load(p), max));
            e.set(exp(m, v));
            if (form === 'softmax') v128.store(q, e);
            addTo(code, { low, high }, e);
          });
          const value = finish(code, features, form, { low, high });
          down(() => {
            if (form === 'softmax') v128.store(q, f32x4.mul(v128.load(q), value));
            else v128.store(q, f32x4.sub(f32x4.sub(v128.load(p), max), value));
          });
          code.increase(j, 4);
        });
        code.increase(x, blockBytes);
        code.increase(out, blockBytes);
      });
    });
  };
}
