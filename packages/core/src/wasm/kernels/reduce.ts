/**
 * Folds of contiguous operands: sums, sums of |x| and of x², products, and extremes of float32 and float64; sums of int32 and of
 * bytes. Long rows and columns give a partial result for each chunk of elements.
 *
 *     rows:     out[r, c] = fold of x[r, i] over the i of chunk c
 *     columns:  out[o, c, j] = fold of x[o, i, j] over the i of chunk c, for all j at once
 *
 * Four vectors (or rows) are added as they are, pairwise, which saves most of the conversions and costs two roundings; their sums are
 * collected in float64, in chains whose number and order depend on the chunk alone. Squares and products are float64 from the start. Extremes have the dtype of the operand, and are NaN
 * where there is one. Integers add up in int32, and wrap.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Features } from '../features.ts';
import type { Emitter } from '../module.ts';
import type { Floats } from './floats.ts';
import { acrossLanes, betterOf, floatsOf, halvesOf, idleAdd, loadLanes, widen } from './floats.ts';

type Int = Local<'i32'>;
type Vector = Local<'v128'>;

/** What a reduction does with the elements. */
export type Fold = 'sum' | 'abs' | 'squares' | 'prod' | 'max' | 'min';

/** What the kernels read; `uint8` stands for bool too. */
export type FoldDType = FloatDType | 'int32' | 'uint8';

export const FOLDS: readonly Fold[] = ['sum', 'abs', 'squares', 'prod', 'max', 'min'];

const PREFIX = { float32: 'f32', float64: 'f64', int32: 'i32', uint8: 'u8' } as const;

/** `f32_sum_rows` */
export function reduceName(fold: Fold, dtype: FoldDType, along: 'rows' | 'columns'): string {
  return `${PREFIX[dtype]}_${fold}_${along}`;
}

/** The dtype of results. */
export function foldedDType(fold: Fold, dtype: FoldDType): FloatDType | 'int32' {
  if (dtype === 'int32' || dtype === 'uint8') return 'int32';
  return fold === 'max' || fold === 'min' ? dtype : 'float64';
}

/** Vectors (or rows) that are taken at once. */
const GROUP = 4;
/** Groups of a row that are taken in turns, so that one does not wait for the other. */
const CHAINS = 2;

/** How a fold works on vectors of `width` elements, whose results fill `accumulators` vectors. */
interface Folding {
  readonly bytes: number;
  readonly width: number;
  readonly accumulators: number;
  readonly outBytes: number;
  /** The result of no elements, in every lane of an accumulator; and lanes that change nothing where elements are read. */
  readonly identity: Vector;
  load(p: Int, at: number, one: boolean): Value<'v128'>;
  begin(): void;
  /** Takes vectors into the accumulators of a chain; they may be written over. */
  take(into: readonly Vector[], vectors: readonly Vector[], chain?: number): void;
  /** After the last `take`; `reread` visits all vectors that were taken once more, for what is rare. */
  seal(into: Vector, reread: (visit: (v: Vector) => void) => void): void;
  merge(a: Vector, b: Vector | Value<'v128'>): Value<'v128'>;
}

/** Sums neighbours pairwise, in place, into the first of them; the last of these sums is that of two. */
function pairwise(vectors: readonly Vector[], add: (a: Vector, b: Vector, isLast: boolean) => Value<'v128'>): Vector {
  for (let step = 1; step < vectors.length; step *= 2) {
    const isLast = 2 * step >= vectors.length;
    for (let i = 0; i + step < vectors.length; i += 2 * step) {
      vectors[i].set(add(vectors[i], vectors[i + step], isLast));
    }
  }
  return vectors[0];
}

function doubleFold(floats: Floats, fold: Fold, { fma }: Features): Folding {
  const { code, vector, bytes, width } = floats;
  const { f64x2 } = code;
  const identity = code.local('v128', f64x2.const(fold === 'prod' ? 1 : 0));
  const ones = code.local('v128', vector.const(fold === 'prod' ? 1 : 0));
  const d = code.local('v128');
  const merge: Folding['merge'] = (a, b) => (fold === 'prod' ? f64x2.mul(a, b) : f64x2.add(a, b));
  // Additions have units of their own, beside which those for multiply-adds lie idle: half of the sums are 1 · b + a, the same bits.
  const isBalanced = fma && fold !== 'prod';
  const [unit, wideUnit] = isBalanced
    ? [code.constant(floats.isSingle ? 'f32x4' : 'f64x2', 1), code.constant('f64x2', 1)]
    : [];
  const collect = (into: readonly Vector[], v: Vector): void => {
    into.forEach((acc, half) => {
      d.set(widen(floats, v, half));
      if (fold === 'squares') d.set(f64x2.mul(d, d));
      acc.set(wideUnit === undefined ? merge(acc, d) : f64x2.relaxed_madd(d, wideUnit, acc));
    });
  };
  return {
    bytes,
    width,
    accumulators: halvesOf(floats),
    outBytes: 8,
    identity,
    load: (p, at, one) => loadLanes(floats, p, at, one, ones),
    begin() {},
    take(into, vectors) {
      if (fold === 'abs') for (const v of vectors) v.set(vector.abs(v));
      if (fold === 'sum' || fold === 'abs')
        collect(
          into,
          pairwise(vectors, (a, b, isLast) =>
            isLast && unit !== undefined ? vector.relaxed_madd(b, unit, a) : vector.add(a, b),
          ),
        );
      else for (const v of vectors) collect(into, v);
    },
    seal() {},
    merge,
  };
}

/**
 * Extremes by instructions that keep their first operand beside a NaN, and so may lose one. A sum of all elements is NaN where one of
 * them is, at one addition each; where it is (also for ∞ - ∞), NaNs are looked for.
 */
function extremeFold(floats: Floats, largest: boolean, chains: number, features: Features): Folding {
  const { code, vector, bytes, width } = floats;
  const { v128 } = code;
  const identity = code.local('v128', vector.const(largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY));
  const sums = code.locals('v128', chains);
  const [partial, nan] = code.locals('v128', 2);
  const better = betterOf(floats, largest);
  const plus = idleAdd(floats, features);
  return {
    bytes,
    width,
    accumulators: 1,
    outBytes: bytes,
    identity,
    load: (p, at, one) => loadLanes(floats, p, at, one, identity),
    begin() {
      for (const sum of sums) sum.set(vector.const(0));
    },
    take([into], vectors, chain = 0) {
      vectors.forEach((v, i) => {
        partial.set(i === 0 ? v : plus(partial, v));
      });
      sums[chain].set(plus(sums[chain], partial));
      const best = pairwise(vectors, better);
      into.set(better(into, best));
    },
    seal(into, reread) {
      partial.set(sums[0]);
      for (const sum of sums.slice(1)) partial.set(vector.add(partial, sum));
      code.if(v128.any_true(vector.ne(partial, partial)), () => {
        nan.set(code.i32x4.const(0));
        reread((v) => {
          partial.set(vector.ne(v, v));
          nan.set(v128.or(nan, partial));
        });
        // all ones is a NaN
        into.set(v128.or(into, nan));
      });
    },
    merge: (a, b) => (largest ? vector.max(a, b) : vector.min(a, b)),
  };
}

function integerFold(code: Assembler, dtype: 'int32' | 'uint8'): Folding {
  const { i16x8, i32x4, v128 } = code;
  const identity = code.local('v128', i32x4.const(0));
  const load: Folding['load'] =
    dtype === 'int32'
      ? (p, at, one) => (one ? v128.load32_zero(p, at) : v128.load(p, at))
      : (p, at, one) => {
          const four = one ? v128.load8_lane(0, p, identity, at) : v128.load32_zero(p, at);
          return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(four));
        };
  return {
    bytes: dtype === 'int32' ? 4 : 1,
    width: 4,
    accumulators: 1,
    outBytes: 4,
    identity,
    load,
    begin() {},
    take: ([into], vectors) =>
      into.set(
        i32x4.add(
          into,
          pairwise(vectors, (a, b) => i32x4.add(a, b)),
        ),
      ),
    seal() {},
    merge: (a, b) => i32x4.add(a, b),
  };
}

/** `chains`: how many times accumulators there are. */
function foldingOf(code: Assembler, features: Features, fold: Fold, dtype: FoldDType, chains: number): Folding {
  if (dtype === 'int32' || dtype === 'uint8') return integerFold(code, dtype);
  const floats = floatsOf(code, dtype);
  return fold === 'max' || fold === 'min'
    ? extremeFold(floats, fold === 'max', chains, features)
    : doubleFold(floats, fold, features);
}

/** `run(rows, n, chunk, x, out)` */
export function emitReduceRows(fold: Fold, dtype: FoldDType): Emitter {
  return (code, features) => {
    const { i32, v128 } = code;
    const params = { rows: 'i32', n: 'i32', chunk: 'i32', x: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, chunk, x, out }) => {
      const folding = foldingOf(code, features, fold, dtype, CHAINS);
      const { bytes, width, accumulators, outBytes } = folding;
      const step = width * bytes;
      const [row, rowEnd, start, end, left] = code.locals('i32', 5);
      const vectors = code.locals('v128', GROUP);
      const chains = Array.from({ length: CHAINS }, () => code.locals('v128', accumulators));
      const [first, second] = chains;
      const chunkBytes = code.local('i32', code.scale(chunk, bytes));
      const take = (chain: number, count: number, at: number, one: boolean): void => {
        for (let i = 0; i < count; i++) vectors[i].set(folding.load(x, at + i * step, one));
        folding.take(chains[chain], vectors.slice(0, count), chain);
      };
      /** While a whole turn of `turnBytes` is left. */
      const whole = (turnBytes: number, body: () => void): void => {
        left.set(i32.sub(end, i32.rem_u(i32.sub(end, x), turnBytes)));
        code.whileLess(x, left, () => {
          body();
          code.increase(x, turnBytes);
        });
      };
      code.forRange(row, 0, rows, 1, () => {
        rowEnd.set(code.index(x, n, bytes));
        code.whileLess(x, rowEnd, () => {
          // The rest of the row first: x + chunkBytes may lie beyond what 32 bits address.
          end.set(i32.sub(rowEnd, x));
          end.set(i32.add(x, code.least(end, chunkBytes)));
          for (const chain of chains) for (const acc of chain) acc.set(folding.identity);
          folding.begin();
          start.set(x);
          whole(CHAINS * GROUP * step, () => {
            for (let chain = 0; chain < CHAINS; chain++) take(chain, GROUP, chain * GROUP * step, false);
          });
          whole(step, () => take(0, 1, 0, false));
          whole(bytes, () => take(0, 1, 0, true));
          first.forEach((acc, i) => {
            acc.set(folding.merge(acc, second[i]));
            folding.seal(acc, (visit) => {
              const [v] = vectors;
              const again = (one: boolean): void => {
                v.set(folding.load(x, 0, one));
                visit(v);
              };
              x.set(start);
              whole(step, () => again(false));
              whole(bytes, () => again(true));
            });
          });
          const [total, other] = first;
          if (accumulators === 2) total.set(folding.merge(total, other));
          acrossLanes({ code, width: 16 / outBytes }, total, folding.merge);
          if (outBytes === 4) v128.store32_lane(0, out, total);
          else v128.store64_lane(0, out, total);
          code.increase(out, outBytes);
        });
      });
    });
  };
}

/**
 * `run(outer, n, m, step, chunk, x, out)`: results are kept in `out` while rows pass by, some at a time. Rows of `x` and of `out`
 * lie `step` elements apart.
 */
export function emitReduceColumns(fold: Fold, dtype: FoldDType): Emitter {
  return (code, features) => {
    const { i32, v128 } = code;
    const sizes = { outer: 'i32', n: 'i32', m: 'i32', step: 'i32', chunk: 'i32' } as const;
    code.export('run', { ...sizes, x: 'i32', out: 'i32' }, [], ({ outer, n, m, step, chunk, x, out }) => {
      const folding = foldingOf(code, features, fold, dtype, 1);
      const { bytes, width, accumulators, outBytes } = folding;
      const [block, i, chunkEnd, groupEnd, o, end, whole] = code.locals('i32', 7);
      // Sums are taken in one order; of extremes as many rows as there are registers for.
      const group = fold === 'max' || fold === 'min' ? 2 * GROUP : GROUP;
      const pointers = code.locals('i32', group);
      const vectors = code.locals('v128', group);
      const accs = code.locals('v128', accumulators);
      const stepBytes = code.local('i32', code.scale(step, bytes));
      const outStep = code.local('i32', code.scale(step, outBytes));

      /** Takes `count` rows from x on into the results. */
      const take = (count: number): void => {
        const rows = pointers.slice(0, count);
        rows.forEach((p, r) => {
          p.set(r === 0 ? x : i32.add(rows[r - 1], stepBytes));
        });
        o.set(out);
        const [first] = rows;
        end.set(code.index(x, m, bytes));
        whole.set(code.index(x, i32.and(m, -width), bytes));
        const turn = (one: boolean): void => {
          accs.forEach((acc, a) => {
            if (!one) acc.set(v128.load(o, 16 * a));
            else if (a === 0) acc.set(outBytes === 4 ? v128.load32_zero(o) : v128.load64_zero(o));
          });
          folding.begin();
          rows.forEach((p, r) => {
            vectors[r].set(folding.load(p, 0, one));
          });
          folding.take(one ? accs.slice(0, 1) : accs, vectors.slice(0, count));
          accs.forEach((acc, a) => {
            if (one && a > 0) return;
            folding.seal(acc, (visit) => {
              rows.forEach((p, r) => {
                vectors[r].set(folding.load(p, 0, one));
                visit(vectors[r]);
              });
            });
            if (!one) v128.store(o, acc, 16 * a);
            else if (outBytes === 4) v128.store32_lane(0, o, acc);
            else v128.store64_lane(0, o, acc);
          });
          const elements = one ? 1 : width;
          for (const p of rows) code.increase(p, elements * bytes);
          code.increase(o, elements * outBytes);
        };
        code.whileLess(first, whole, () => turn(false));
        code.whileLess(first, end, () => turn(true));
        code.increase(x, i32.mul(stepBytes, count));
        code.increase(i, count);
      };

      code.forRange(block, 0, outer, 1, () => {
        i.set(0);
        code.whileLess(i, n, () => {
          chunkEnd.set(i32.add(i, chunk));
          chunkEnd.set(code.least(chunkEnd, n));
          groupEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -group)));
          o.set(out);
          end.set(code.index(out, m, outBytes));
          code.whileLess(o, end, () => {
            if (outBytes === 4) v128.store32_lane(0, o, folding.identity);
            else v128.store64_lane(0, o, folding.identity);
            code.increase(o, outBytes);
          });
          code.whileLess(i, groupEnd, () => take(group));
          if (group > GROUP) code.if(i32.ge_u(i32.sub(chunkEnd, i), GROUP), () => take(GROUP));
          code.whileLess(i, chunkEnd, () => take(1));
          code.increase(out, outStep);
        });
      });
    });
  };
}
