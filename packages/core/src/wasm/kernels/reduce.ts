/**
 * Reductions of contiguous operands in float32 and float64. Partial results are float64, one for each chunk of elements;
 * `launchReduce.ts` hands them to the reference loops, which add them pairwise.
 *
 *     rows:     out[r, c] = fold of x[r, i] over the i of chunk c
 *     columns:  out[o, c, j] = fold of x[o, i, j] over the i of chunk c, for all j at once
 *
 *     sum: Σ x    squares: Σ (x - center)², a center for each row or column    max, min: NaN where there is one
 *
 * Sums are taken in float64, in chains whose number and order depend on the chunk alone.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

type Int = Local<'i32'>;
type Double = Local<'f64'>;
type Vector = Local<'v128'>;
type Scalars = Assembler['f32'];
type Lanes = Assembler['f32x4'];

/** What a reduction does with the elements. */
export type Fold = 'sum' | 'squares' | 'max' | 'min';

export const FOLDS: readonly Fold[] = ['sum', 'squares', 'max', 'min'];

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

/** `f32_sum_rows` */
export function reduceName(fold: Fold, dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${prefix(dtype)}_${fold}_${along}`;
}

/** `f32_argmax_rows` */
export function argName(largest: boolean, dtype: FloatDType): string {
  return `${prefix(dtype)}_${largest ? 'argmax' : 'argmin'}_rows`;
}

/** What bodies work with: the instructions of their dtype under one name. */
interface Kit {
  readonly code: Assembler;
  readonly single: boolean;
  readonly bytes: number;
  readonly lanes: number;
  readonly scalar: Scalars;
  readonly vector: Lanes;
}

function kitOf(code: Assembler, dtype: FloatDType): Kit {
  const single = dtype === 'float32';
  // f64 and f64x2 have every instruction that the bodies use, under the same names.
  return {
    code,
    single,
    bytes: single ? 4 : 8,
    lanes: single ? 4 : 2,
    scalar: (single ? code.f32 : code.f64) as Scalars,
    vector: (single ? code.f32x4 : code.f64x2) as Lanes,
  };
}

/** The element at `p` as a double. */
function loadDouble({ code, single }: Kit, p: Int): Value<'f64'> {
  return single ? code.f64.promote_f32(code.f32.load(p)) : code.f64.load(p);
}

/** The lanes of `v` as doubles: one vector of them, or two for float32. */
function doublesOf({ code, single }: Kit, v: Vector): (() => Value<'v128'>)[] {
  const { f64x2, i32x4 } = code;
  if (!single) return [() => v.get()];
  return [() => f64x2.promote_low_f32x4(v), () => f64x2.promote_low_f32x4(i32x4.shuffle([2, 3, 2, 3], v, v))];
}

/** Vectors that a row takes at once, each with chains of its own. */
const UNROLL = 4;

/** What a fold over a row does: begins, takes a vector into chain `u`, takes one element, ends. */
interface RowFold {
  begin(): void;
  vector(u: number, v: Vector): void;
  one(p: Int): void;
  end(): Value<'f64'>;
}

function sumFold(kit: Kit, center: Double | null): RowFold {
  const { code, single } = kit;
  const { f64, f64x2 } = code;
  const halves = single ? 2 : 1;
  const chains = code.locals('v128', UNROLL * halves);
  const rest = code.local('f64');
  const distance = code.local('v128');
  const d = code.local('f64');
  const centers = code.local('v128');
  return {
    begin() {
      for (const chain of chains) chain.set(f64x2.const(0));
      rest.set(0);
      if (center !== null) centers.set(f64x2.splat(center));
    },
    vector(u, v) {
      doublesOf(kit, v).forEach((half, i) => {
        const chain = chains[u * halves + i];
        if (center === null) chain.set(f64x2.add(chain, half()));
        else {
          distance.set(f64x2.sub(half(), centers));
          chain.set(f64x2.add(chain, f64x2.mul(distance, distance)));
        }
      });
    },
    one(p) {
      if (center === null) rest.set(f64.add(rest, loadDouble(kit, p)));
      else {
        d.set(f64.sub(loadDouble(kit, p), center));
        rest.set(f64.add(rest, f64.mul(d, d)));
      }
    },
    end() {
      for (let n = chains.length / 2; n >= 1; n /= 2) {
        for (let i = 0; i < n; i++) chains[i].set(f64x2.add(chains[i], chains[i + n]));
      }
      const [total] = chains;
      return f64.add(f64.add(f64x2.extract_lane(0, total), f64x2.extract_lane(1, total)), rest);
    },
  };
}

function extremeFold(kit: Kit, largest: boolean): RowFold {
  const { code, single, lanes, scalar, vector } = kit;
  const { v128 } = code;
  const chains = code.locals('v128', UNROLL);
  const nan = code.local('v128');
  const rest = code.local(single ? 'f32' : 'f64') as Local<'f32'>;
  const identity = largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // These keep the first operand beside a NaN, which is remembered apart.
  const better = (a: Vector, b: Vector) => (largest ? vector.pmax(a, b) : vector.pmin(a, b));
  const choose = (value: Value<'f32'>) => rest.set(largest ? scalar.max(rest, value) : scalar.min(rest, value));
  return {
    begin() {
      for (const chain of chains) chain.set(vector.const(identity));
      nan.set(code.i32x4.const(0));
      rest.set(scalar.const(identity));
    },
    vector(u, v) {
      chains[u].set(better(chains[u], v));
      nan.set(v128.or(nan, vector.ne(v, v)));
    },
    one(p) {
      choose(scalar.load(p));
    },
    end() {
      for (let u = 1; u < UNROLL; u++) chains[0].set(better(chains[0], chains[u]));
      // All ones is a NaN.
      chains[0].set(v128.or(chains[0], nan));
      for (let lane = 0; lane < lanes; lane++) choose(vector.extract_lane(lane, chains[0]));
      return single ? code.f64.promote_f32(rest) : (rest.get() as unknown as Value<'f64'>);
    },
  };
}

/** `run(rows, n, chunk, x, out, centers)`; centers are read by `squares` alone */
export function emitReduceRows(fold: Fold, dtype: FloatDType): Emitter {
  return (code) => {
    const kit = kitOf(code, dtype);
    const { i32, f64, v128 } = code;
    const params = { rows: 'i32', n: 'i32', chunk: 'i32', x: 'i32', out: 'i32', centers: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, chunk, x, out, centers }) => {
      const { bytes } = kit;
      const [row, rowEnd, end, wholeEnd, vectorEnd] = code.locals('i32', 5);
      const center = code.local('f64');
      const v = code.local('v128');
      const chunkBytes = code.local('i32', code.scale(chunk, bytes));
      const body =
        fold === 'sum' || fold === 'squares'
          ? sumFold(kit, fold === 'squares' ? center : null)
          : extremeFold(kit, fold === 'max');
      code.forRange(row, 0, rows, 1, () => {
        if (fold === 'squares') center.set(f64.load(code.index(centers, row, 8)));
        rowEnd.set(code.index(x, n, bytes));
        code.whileLess(x, rowEnd, () => {
          end.set(i32.add(x, chunkBytes));
          end.set(code.least(end, rowEnd));
          wholeEnd.set(i32.add(x, i32.and(i32.sub(end, x), -16 * UNROLL)));
          vectorEnd.set(i32.add(x, i32.and(i32.sub(end, x), -16)));
          body.begin();
          code.whileLess(x, wholeEnd, () => {
            for (let u = 0; u < UNROLL; u++) {
              v.set(v128.load(x, 16 * u));
              body.vector(u, v);
            }
            code.increase(x, 16 * UNROLL);
          });
          code.whileLess(x, vectorEnd, () => {
            v.set(v128.load(x));
            body.vector(0, v);
            code.increase(x, 16);
          });
          code.whileLess(x, end, () => {
            body.one(x);
            code.increase(x, bytes);
          });
          f64.store(out, body.end());
          code.increase(out, 8);
        });
      });
    });
  };
}

/**
 * `run(outer, n, m, chunk, x, out, centers)`: results are kept in `out` while rows pass by, four at a time; centers, read by
 * `squares` alone, are `[outer, m]`.
 */
export function emitReduceColumns(fold: Fold, dtype: FloatDType): Emitter {
  return (code) => {
    const kit = kitOf(code, dtype);
    const { i32, f64, f64x2, v128 } = code;
    const { bytes, vector, single } = kit;
    const halves = single ? 2 : 1;
    const identity = fold === 'max' ? Number.NEGATIVE_INFINITY : fold === 'min' ? Number.POSITIVE_INFINITY : 0;
    const params = { outer: 'i32', n: 'i32', m: 'i32', chunk: 'i32', x: 'i32', out: 'i32', centers: 'i32' } as const;
    code.export('run', params, [], ({ outer, n, m, chunk, x, out, centers }) => {
      const [block, i, chunkEnd, fourEnd, o, c, q, end, vectorEnd] = code.locals('i32', 9);
      const pointers = code.locals('i32', 4);
      const v = code.local('v128');
      const [t, d] = code.locals('v128', 2);
      const [acc, distance] = code.locals('f64', 2);
      const sums = code.locals('v128', halves);
      const step = code.local('i32', code.scale(m, bytes));
      const outBytes = code.local('i32', i32.shl(m, 3));

      /** Takes `count` rows from x on into the results. */
      const take = (count: number): void => {
        const rows = pointers.slice(0, count);
        rows.forEach((p, r) => {
          p.set(r === 0 ? x : i32.add(rows[r - 1], step));
        });
        o.set(out);
        c.set(centers);
        end.set(i32.add(x, step));
        vectorEnd.set(i32.add(x, i32.and(step, -16)));
        const advance = (elements: number): void => {
          for (const p of rows) code.increase(p, elements * bytes);
          code.increase(o, elements * 8);
          if (fold === 'squares') code.increase(c, elements * 8);
        };
        const [first] = rows;
        code.whileLess(first, vectorEnd, () => {
          sums.forEach((sum, h) => {
            sum.set(v128.load(o, 16 * h));
          });
          if (fold === 'max' || fold === 'min') {
            t.set(v128.load(first));
            for (const p of rows.slice(1)) {
              v.set(v128.load(p));
              t.set(fold === 'max' ? vector.max(t, v) : vector.min(t, v));
            }
            doublesOf(kit, t).forEach((half, h) => {
              sums[h].set(fold === 'max' ? f64x2.max(sums[h], half()) : f64x2.min(sums[h], half()));
            });
          } else {
            for (const p of rows) {
              v.set(v128.load(p));
              doublesOf(kit, v).forEach((half, h) => {
                if (fold === 'sum') sums[h].set(f64x2.add(sums[h], half()));
                else {
                  d.set(f64x2.sub(half(), v128.load(c, 16 * h)));
                  sums[h].set(f64x2.add(sums[h], f64x2.mul(d, d)));
                }
              });
            }
          }
          sums.forEach((sum, h) => {
            v128.store(o, sum, 16 * h);
          });
          advance(kit.lanes);
        });
        code.whileLess(first, end, () => {
          acc.set(f64.load(o));
          for (const p of rows) {
            if (fold === 'sum') acc.set(f64.add(acc, loadDouble(kit, p)));
            else if (fold === 'squares') {
              distance.set(f64.sub(loadDouble(kit, p), f64.load(c)));
              acc.set(f64.add(acc, f64.mul(distance, distance)));
            } else acc.set(fold === 'max' ? f64.max(acc, loadDouble(kit, p)) : f64.min(acc, loadDouble(kit, p)));
          }
          f64.store(o, acc);
          advance(1);
        });
      };

      code.forRange(block, 0, outer, 1, () => {
        i.set(0);
        code.whileLess(i, n, () => {
          chunkEnd.set(i32.add(i, chunk));
          chunkEnd.set(code.least(chunkEnd, n));
          fourEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -4)));
          q.set(i32.add(out, outBytes));
          o.set(out);
          code.whileLess(o, q, () => {
            f64.store(o, f64.const(identity));
            code.increase(o, 8);
          });
          code.whileLess(i, fourEnd, () => {
            take(4);
            code.increase(x, i32.shl(step, 2));
            code.increase(i, 4);
          });
          code.whileLess(i, chunkEnd, () => {
            take(1);
            code.increase(x, step);
            code.increase(i, 1);
          });
          code.increase(out, outBytes);
        });
        if (fold === 'squares') code.increase(centers, outBytes);
      });
    });
  };
}

/**
 * `run(rows, n, x, indices, values)`, n ≥ 1: the position (i32) of the first extreme of each row, or of its first NaN, and
 * the extreme itself.
 */
export function emitArgRows(largest: boolean, dtype: FloatDType): Emitter {
  return (code) => {
    const { single, bytes, lanes, scalar, vector } = kitOf(code, dtype);
    const { i32, i32x4, v128 } = code;
    const params = { rows: 'i32', n: 'i32', x: 'i32', indices: 'i32', values: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, x, indices, values }) => {
      const [row, i, at, candidate] = code.locals('i32', 4);
      const [bests, ats, index, v, mask] = code.locals('v128', 5);
      const best = code.local(single ? 'f32' : 'f64') as Local<'f32'>;
      const value = code.local(single ? 'f32' : 'f64') as Local<'f32'>;
      const whole = code.local('i32', i32.and(n, -lanes));
      const step = code.local('v128', i32x4.const(lanes));
      const beyond = () => (largest ? scalar.gt(value, best) : scalar.lt(value, best));
      code.forRange(row, 0, rows, 1, () => {
        best.set(scalar.load(x));
        bests.set(vector.splat(best));
        ats.set(i32x4.const(0));
        index.set(i32x4.const(0, 1, 2, 3));
        code.forRange(i, 0, whole, lanes, () => {
          v.set(v128.load(x));
          // better, or the first NaN of its lane
          mask.set(v128.and(vector.ne(v, v), vector.eq(bests, bests)));
          mask.set(v128.or(mask, largest ? vector.gt(v, bests) : vector.lt(v, bests)));
          bests.set(v128.bitselect(v, bests, mask));
          if (lanes === 2) mask.set(i32x4.shuffle([0, 2, 0, 2], mask, mask));
          ats.set(v128.bitselect(index, ats, mask));
          index.set(i32x4.add(index, step));
          code.increase(x, 16);
        });
        best.set(vector.extract_lane(0, bests));
        at.set(i32x4.extract_lane(0, ats));
        for (let lane = 1; lane < lanes; lane++) {
          value.set(vector.extract_lane(lane, bests));
          candidate.set(i32x4.extract_lane(lane, ats));
          code.if(
            i32.and(scalar.ne(value, value), scalar.ne(best, best)),
            () => at.set(code.least(at, candidate)),
            () => {
              const equal = i32.and(scalar.eq(value, best), i32.lt_u(candidate, at));
              const nan = i32.and(scalar.ne(value, value), scalar.eq(best, best));
              code.if(i32.or(i32.or(equal, nan), beyond()), () => {
                best.set(value);
                at.set(candidate);
              });
            },
          );
        }
        code.whileLess(i, n, () => {
          value.set(scalar.load(x));
          const nan = i32.and(scalar.ne(value, value), scalar.eq(best, best));
          code.if(i32.or(nan, beyond()), () => {
            best.set(value);
            at.set(i);
          });
          code.increase(x, bytes);
          code.increase(i, 1);
        });
        i32.store(indices, at);
        scalar.store(values, best);
        code.increase(indices, 4);
        code.increase(values, bytes);
      });
    });
  };
}
