/**
 * Softmax, its logarithm, the logarithm of the sum, and the gradients of the first two, in float32: along rows (contiguous runs) and
 * along columns (lines whose elements lie `step` apart, in blocks of neighbouring columns).
 *
 *     m = max x;  e = exp(x - m);  s = Σ e;   out = e / s,  or  (x - m) - log s,  or  m + log s
 *     gradients:  s = Σ g y;  out = y (g - s)       of the logarithm:  s = Σ g;  out = g - exp(y) s
 *
 * Four vectors (or rows) are added pairwise, their sums in float64 (under a logarithm all in float64); the order depends on the length
 * of the line alone. The logarithm is that of s rounded to float32, corrected by (s - rounded) / rounded, so that a sum just above 1 counts.
 */

import type { Assembler, Local, Operand } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import { acrossLanes, addWide, floatsOf, loadLanes, narrow, overRow, pairSum, storeLanes, widen } from './floats.ts';
import type { Lanes, Vector } from './lanes.ts';
import { lanes } from './lanes.ts';
import { exp, expOfNegative, log } from './vectorMath.ts';

type Int = Local<'i32'>;

/** Which of the functions. */
export type SoftmaxForm = 'softmax' | 'logSoftmax' | 'logsumexp';
/** Which has a gradient of its own. */
export type SoftmaxGradient = Exclude<SoftmaxForm, 'logsumexp'>;

/** `f32_logSoftmax_rows` */
export function softmaxName(form: SoftmaxForm | `${SoftmaxGradient}Backward`, along: 'rows' | 'columns'): string {
  return `f32_${form}_${along}`;
}

/** Vectors, or rows, that are taken at once. */
const GROUP = 4;

const f32 = (code: Assembler) => floatsOf(code, 'float32');
const f64 = (code: Assembler) => floatsOf(code, 'float64');

/** Adds vectors pairwise, and their sum to two vectors of doubles. */
function collect(m: Lanes, sums: readonly Vector[], vectors: readonly Vector[]): void {
  addWide(f32(m.code), sums, pairSum(vectors, m.add));
}

/** Adds powers; for a logarithm one by one, since what comes on top of 1 counts. */
function collectPowers(m: Lanes, form: SoftmaxForm, sums: readonly Vector[], powers: readonly Vector[]): void {
  if (form === 'softmax') collect(m, sums, powers);
  else for (const power of powers) collect(m, sums, [power]);
}

/** log s: of its rounded value, with what rounding took. */
function logOf(m: Lanes, sums: readonly Vector[]): Vector {
  const { f64x2 } = m.code;
  const single = f32(m.code);
  const near = m.keep(narrow(single, sums));
  const lost = sums.map((sum, half) => {
    const part = m.keep(widen(single, near, half));
    return m.keep(f64x2.div(f64x2.sub(sum, part), part));
  });
  return m.add(log(m, near), m.keep(narrow(single, lost)));
}

/** What `last` multiplies by or subtracts: 1 / s, or log s. */
function valueOf(m: Lanes, form: SoftmaxForm, sums: readonly Vector[]): Vector {
  if (form !== 'softmax') return logOf(m, sums);
  const { f64x2 } = m.code;
  return m.keep(
    narrow(
      f32(m.code),
      sums.map((sum) => m.keep(f64x2.div(f64x2.const(1), sum))),
    ),
  );
}

/** m + log s; m itself where it is not finite. */
function logsumexp(m: Lanes, max: Vector, logarithm: Vector): Vector {
  const isFinite = m.lt(m.abs(max), Number.POSITIVE_INFINITY);
  return m.choose(isFinite, m.add(max, logarithm), max);
}

function better(m: Lanes, form: SoftmaxForm, a: Vector, b: Vector): Vector {
  // pmax keeps the first operand beside a NaN; the NaN reaches all results through the sum, but for a maximum that is no number.
  const best = m.pmax(a, b);
  return form === 'logsumexp' ? m.choose(m.ne(b, b), b, best) : best;
}

/** Above this, powers of e are normal numbers. */
const LEAST_PLAIN = -87;

/**
 * e^x for x ≤ 0. What is only added to a sum of at least 1 need not be right below the normal numbers; what is a result is right there
 * too, at the cost of a test of all vectors at once.
 */
function powersOf(m: Lanes, form: SoftmaxForm, vectors: readonly Vector[]): readonly Vector[] {
  if (form !== 'softmax') return vectors.map((x) => expOfNegative(m, x));
  const powers = vectors.map(() => m.code.local('v128'));
  const fill = (power: typeof exp) => (): void => {
    powers.forEach((e, i) => {
      e.set(power(m, vectors[i]));
    });
  };
  m.code.if(m.code.v128.any_true(m.lt(vectors.reduce(m.pmin), LEAST_PLAIN)), fill(exp), fill(expOfNegative));
  return powers;
}

/** Of the vector at `p`, the first `rest` elements (1 to 3), zeros after them. */
function loadRest(code: Assembler, v: Vector, p: Int, rest: Int): void {
  const { i32, v128 } = code;
  code.if(
    i32.and(rest, 2),
    () => {
      v.set(v128.load64_zero(p));
      code.if(i32.and(rest, 1), () => v.set(v128.load32_lane(2, p, v, 8)));
    },
    () => v.set(v128.load32_zero(p)),
  );
}

function storeRest(code: Assembler, v: Vector, p: Int, rest: Int): void {
  const { i32, v128 } = code;
  code.if(
    i32.and(rest, 2),
    () => {
      v128.store64_lane(0, p, v);
      code.if(i32.and(rest, 1), () => v128.store32_lane(2, p, v, 8));
    },
    () => v128.store32_lane(0, p, v),
  );
}

/** Loops along rows of n elements whose last vector may hold fewer than four. */
class RowLoops {
  private readonly code: Assembler;
  private readonly wholeBytes: Int;
  private readonly groupBytes: Int;
  private readonly rest: Int;
  private readonly end: Int;
  private readonly v: Vector;
  /** The lanes that the rest of a row fills. */
  readonly filled: Vector;
  readonly rowBytes: Int;

  constructor(code: Assembler, n: Int) {
    const { i32, i32x4 } = code;
    this.code = code;
    this.rowBytes = code.local('i32', i32.shl(n, 2));
    this.wholeBytes = code.local('i32', i32.and(this.rowBytes, -16));
    this.groupBytes = code.local('i32', i32.and(this.rowBytes, -16 * GROUP));
    this.rest = code.local('i32', i32.and(n, 3));
    this.filled = code.local('v128', i32x4.lt_s(i32x4.const(0, 1, 2, 3), i32x4.splat(this.rest)));
    this.end = code.local('i32');
    this.v = code.local('v128');
  }

  /** `body(count, isRest)` for four vectors at a time, for each vector that is left, and for what is left of a vector. */
  along(pointers: readonly Int[], body: (count: number, isRest: boolean) => void): void {
    const { code, end } = this;
    const { i32 } = code;
    const [first] = pointers;
    const start = code.local('i32', first);
    for (const [bytes, count] of [
      [this.groupBytes, GROUP],
      [this.wholeBytes, 1],
    ] as const) {
      end.set(i32.add(start, bytes));
      code.whileLess(first, end, () => {
        body(count, false);
        for (const pointer of pointers) code.increase(pointer, 16 * count);
      });
    }
    code.if(this.rest, () => body(1, true));
  }

  /** `body` for each of `count` vectors, in a loop, with the pointers at the vector. */
  vectors(count: number, pointers: readonly Int[], body: () => void): void {
    const { code } = this;
    const [first] = pointers;
    const end = code.local('i32', code.i32.add(first, 16 * count));
    code.whileLess(first, end, () => {
      body();
      for (const pointer of pointers) code.increase(pointer, 16);
    });
    for (const pointer of pointers) code.decrease(pointer, 16 * count);
  }

  load(p: Int, at: number, isRest: boolean): Vector {
    const { code } = this;
    if (!isRest) return code.local('v128', code.v128.load(p, at));
    loadRest(code, this.v, p, this.rest);
    return this.v;
  }

  store(p: Int, v: Vector, at: number, isRest: boolean): void {
    if (isRest) storeRest(this.code, v, p, this.rest);
    else this.code.v128.store(p, v, at);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Both lanes of both sums added up, in all of them. */
function total(code: Assembler, [low, high]: readonly Vector[]): void {
  low.set(code.f64x2.add(low, high));
  acrossLanes({ code, width: 2 }, low, (a, b) => code.f64x2.add(a, b));
  high.set(low);
}

/** `run(rows, n, x, out)`, n ≥ 1; `out` has an element for each row of `logsumexp` */
export function emitSoftmaxRows(form: SoftmaxForm): Emitter {
  return (code, features) => {
    code.export('run', { rows: 'i32', n: 'i32', x: 'i32', out: 'i32' }, [], ({ rows, n, x, out }) => {
      const { f32x4, f64x2 } = code;
      const m = lanes(code, features);
      const loops = new RowLoops(code, n);
      const [row, p, q] = code.locals('i32', 3);
      const [max, low, high] = code.locals('v128', 3);
      const lowest = code.constant('f32x4', Number.NEGATIVE_INFINITY);
      const sums = [low, high];
      const from = (): void => {
        p.set(x);
        q.set(out);
      };
      code.forRange(row, 0, rows, 1, () => {
        max.set(lowest);
        from();
        loops.along([p], (count, isRest) => {
          let found = upTo(count).map((i) => loops.load(p, 16 * i, isRest));
          if (isRest) found = [m.choose(loops.filled, found[0], lowest)];
          max.set(
            better(
              m,
              form,
              max,
              found.reduce((a, b) => better(m, form, a, b)),
            ),
          );
        });
        acrossLanes(f32(code), max, (a, b) => (form === 'logsumexp' ? f32x4.max(a, b) : f32x4.pmax(a, b)));
        for (const sum of sums) sum.set(f64x2.const(0));
        from();
        loops.along([p, q], (count, isRest) => {
          // Without fused multiply-add one after the other: JavaScriptCore runs out of registers over four, and takes twice as long.
          const isLoop = form === 'softmax' && !features.fma && count > 1;
          const distances = (): Vector[] => upTo(count).map((i) => m.sub(loops.load(p, 16 * i, isRest), max));
          if (isLoop)
            loops.vectors(count, [p, q], () => loops.store(q, exp(m, m.sub(loops.load(p, 0, false), max)), 0, false));
          const powers = isLoop
            ? upTo(count).map((i) => loops.load(q, 16 * i, false))
            : powersOf(m, form, distances()).map((e, i) => {
                if (form === 'softmax') loops.store(q, e, 16 * i, isRest);
                return isRest ? m.and(e, loops.filled) : e;
              });
          collectPowers(m, form, sums, powers);
        });
        total(code, sums);
        const value = valueOf(m, form, sums);
        from();
        if (form === 'logsumexp') {
          storeLanes(f32(code), q, logsumexp(m, max, value), 0, true);
          code.increase(out, 4);
        } else {
          loops.along(form === 'softmax' ? [q] : [p, q], (count, isRest) => {
            for (const i of upTo(count)) {
              const v = loops.load(form === 'softmax' ? q : p, 16 * i, isRest);
              loops.store(q, form === 'softmax' ? m.mul(v, value) : m.sub(m.sub(v, max), value), 16 * i, isRest);
            }
          });
          code.increase(out, loops.rowBytes);
        }
        code.increase(x, loops.rowBytes);
      });
    });
  };
}

/** The two halves of a gradient: what is added up along a line, and the result. */
const GRADIENTS = {
  softmax: {
    term: (m: Lanes, g: Vector, y: Vector): Vector => m.mul(g, y),
    result: (m: Lanes, g: Vector, y: Vector, s: Vector): Vector => m.mul(y, m.sub(g, s)),
  },
  logSoftmax: {
    term: (_: Lanes, g: Vector): Vector => g,
    result: (m: Lanes, g: Vector, y: Vector, s: Vector): Vector => m.nmadd(expOfNegative(m, y), s, g),
  },
} as const;

/** `run(rows, n, grad, y, out)`, n ≥ 1 */
export function emitSoftmaxBackwardRows(form: SoftmaxGradient): Emitter {
  return (code, features) => {
    const params = { rows: 'i32', n: 'i32', grad: 'i32', y: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ rows, n, grad, y, out }) => {
      const m = lanes(code, features);
      const loops = new RowLoops(code, n);
      const [row, p, q, to] = code.locals('i32', 4);
      const sums = code.locals('v128', 2);
      const rest = code.local('v128');
      const { term, result } = GRADIENTS[form];
      /** Two loads of what is left of a row share a local. */
      const loadGrad = (at: number, isRest: boolean): Vector => {
        const g = loops.load(p, at, isRest);
        if (!isRest) return g;
        rest.set(g);
        return rest;
      };
      code.forRange(row, 0, rows, 1, () => {
        p.set(grad);
        q.set(y);
        for (const sum of sums) sum.set(code.f64x2.const(0));
        loops.along([p, q], (count, isRest) => {
          const terms = upTo(count).map((i) => term(m, loadGrad(16 * i, isRest), loops.load(q, 16 * i, isRest)));
          collect(m, sums, terms);
        });
        total(code, sums);
        const s = m.keep(narrow(f32(code), sums));
        p.set(grad);
        q.set(y);
        to.set(out);
        loops.along([p, q, to], (count, isRest) => {
          for (const i of upTo(count)) {
            const g = loadGrad(16 * i, isRest);
            loops.store(to, result(m, g, loops.load(q, 16 * i, isRest), s), 16 * i, isRest);
          }
        });
        for (const pointer of [grad, y, out]) code.increase(pointer, loops.rowBytes);
      });
    });
  };
}

/** Columns that are worked on at once: a page of a row, so that memory is read in order. */
export const SOFTMAX_BLOCK = 1024;
/** Bytes of scratch space for a column: what has been found out about it so far. */
export const SOFTMAX_STATE_BYTES = 16;

/** Walks blocks of columns, and in them rows four at a time. */
class ColumnLoops {
  private readonly code: Assembler;
  private readonly stepBytes: Int;
  private readonly width: Int;
  private readonly n: Int;
  private readonly state: Int;
  private readonly stateBytes: Int;
  private readonly i: Int;
  private readonly groupEnd: Int;
  private readonly rows: readonly Int[][];
  /** The state of the columns: two floats and a double of each. */
  readonly maxima: Int;
  readonly values: Int;
  private readonly sums: Int;

  constructor(code: Assembler, n: Int, step: Int, block: Int, state: Int, operands: number) {
    this.code = code;
    this.n = n;
    this.state = state;
    this.stateBytes = code.local('i32', code.i32.shl(block, 2));
    this.stepBytes = code.local('i32', code.i32.shl(step, 2));
    [this.width, this.i, this.groupEnd, this.maxima, this.values, this.sums] = code.locals('i32', 6);
    this.rows = upTo(operands).map(() => code.locals('i32', GROUP));
  }

  /** Calls `body` for every block of every `[n, m]` matrix; `bases` point to its first elements. */
  blocks(outer: Int, m: Int, block: Int, operands: readonly Int[], body: (bases: readonly Int[]) => void): void {
    const { code } = this;
    const { i32 } = code;
    const [matrix, j] = code.locals('i32', 2);
    const bases = code.locals('i32', operands.length);
    const matrixBytes = code.local('i32', i32.mul(this.stepBytes, this.n));
    code.forRange(matrix, 0, outer, 1, () => {
      j.set(0);
      code.whileLess(j, m, () => {
        this.width.set(i32.sub(m, j));
        this.width.set(code.least(this.width, block));
        bases.forEach((base, k) => {
          base.set(code.index(operands[k], j, 4));
        });
        body(bases);
        code.increase(j, block);
      });
      for (const operand of operands) code.increase(operand, matrixBytes);
    });
  }

  /** Along the state of the columns, and floats that move on with them. */
  columns(moving: readonly Int[], body: (one: boolean) => void): void {
    this.start();
    overRow(f32(this.code), this.width, [...this.stateMoves(), ...moving.map((p) => [p, 4] as const)], body);
  }

  /** Along all rows of the block: `body(one, rows)`, with the pointers of up to four rows of each operand. */
  all(bases: readonly Int[], body: (one: boolean, rows: readonly (readonly Int[])[]) => void): void {
    const { code, i, n, stepBytes } = this;
    const { i32 } = code;
    const starts = bases.map((base) => code.local('i32', base));
    const take = (count: number): void => {
      const rows = starts.map((start, k) => {
        const used = this.rows[k].slice(0, count);
        used.forEach((row, r) => {
          row.set(r === 0 ? start : i32.add(used[r - 1], stepBytes));
        });
        return used;
      });
      this.start();
      const moves = rows.flat().map((row) => [row, 4] as const);
      overRow(f32(code), this.width, [...moves, ...this.stateMoves()], (one) => body(one, rows));
      for (const start of starts) code.increase(start, i32.mul(stepBytes, count));
      code.increase(i, count);
    };
    i.set(0);
    this.groupEnd.set(i32.and(n, -GROUP));
    code.whileLess(i, this.groupEnd, () => take(GROUP));
    code.whileLess(i, n, () => take(1));
  }

  private start(): void {
    const { code } = this;
    this.maxima.set(this.state);
    this.values.set(code.i32.add(this.state, this.stateBytes));
    this.sums.set(code.i32.add(this.values, this.stateBytes));
  }

  private stateMoves(): (readonly [Int, number])[] {
    return [
      [this.maxima, 4],
      [this.values, 4],
      [this.sums, 8],
    ];
  }

  load(p: Int, one: boolean): Vector {
    return this.code.local('v128', loadLanes(f32(this.code), p, 0, one));
  }

  store(p: Int, v: Operand<'v128'>, one: boolean): void {
    storeLanes(f32(this.code), p, v, 0, one);
  }

  loadSums(one: boolean): Vector[] {
    const { code } = this;
    return upTo(2).map((half) =>
      one && half > 0 ? code.constant('f64x2', 1) : code.local('v128', loadLanes(f64(code), this.sums, 16 * half, one)),
    );
  }

  storeSums(sums: readonly Vector[], one: boolean): void {
    sums.slice(0, one ? 1 : 2).forEach((sum, half) => {
      storeLanes(f64(this.code), this.sums, sum, 16 * half, one);
    });
  }

  /** Reads, changes and writes the sums of the columns. */
  changeSums(one: boolean, change: (sums: readonly Vector[]) => void): void {
    const sums = this.loadSums(one).slice(0, one ? 1 : 2);
    change(sums);
    this.storeSums(sums, one);
  }
}

const COLUMNS = { outer: 'i32', n: 'i32', m: 'i32', step: 'i32', block: 'i32', state: 'i32' } as const;

/**
 * `run(outer, n, m, step, block, state, x, out)`, n ≥ 1, of an operand `[outer, n, m]` whose rows lie `step` elements apart, as do
 * those of the result; for `logsumexp` it is a dense `[outer, m]`.
 */
export function emitSoftmaxColumns(form: SoftmaxForm): Emitter {
  return (code, features) => {
    const params = { ...COLUMNS, x: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ outer, n, m: width, step, block, state, x, out }) => {
      const m = lanes(code, features);
      const loops = new ColumnLoops(code, n, step, block, state, 2);
      const lowest = code.constant('f32x4', Number.NEGATIVE_INFINITY);
      const zero = code.constant('f64x2', 0);
      const isSum = form === 'logsumexp';
      loops.blocks(outer, width, block, isSum ? [x] : [x, out], ([from, to]) => {
        loops.columns([], (one) => {
          loops.store(loops.maxima, lowest, one);
          loops.storeSums([zero, zero], one);
        });
        loops.all([from], (one, [rows]) => {
          const values = rows.map((row) => loops.load(row, one));
          const max = values.reduce((a, b) => better(m, form, a, b), loops.load(loops.maxima, one));
          loops.store(loops.maxima, max, one);
        });
        loops.all(form === 'softmax' ? [from, to] : [from], (one, [rows, results]) => {
          const max = loops.load(loops.maxima, one);
          const distances = rows.map((row) => m.sub(loops.load(row, one), max));
          const powers = powersOf(m, form, distances);
          if (form === 'softmax') {
            results.forEach((result, r) => {
              loops.store(result, powers[r], one);
            });
          }
          loops.changeSums(one, (sums) => collectPowers(m, form, sums, powers));
        });
        loops.columns(isSum ? [out] : [], (one) => {
          const value = valueOf(m, form, loops.loadSums(one));
          if (isSum) loops.store(out, logsumexp(m, loops.load(loops.maxima, one), value), one);
          else loops.store(loops.values, value, one);
        });
        if (form === 'softmax') {
          loops.all([to], (one, [results]) => {
            const value = loops.load(loops.values, one);
            for (const result of results) loops.store(result, m.mul(loops.load(result, one), value), one);
          });
        } else if (form === 'logSoftmax') {
          loops.all([from, to], (one, [rows, results]) => {
            const [max, value] = [loops.load(loops.maxima, one), loops.load(loops.values, one)];
            results.forEach((result, r) => {
              loops.store(result, m.sub(m.sub(loops.load(rows[r], one), max), value), one);
            });
          });
        }
      });
    });
  };
}

/** `run(outer, n, m, step, block, state, grad, y, out)`, as the one above */
export function emitSoftmaxBackwardColumns(form: SoftmaxGradient): Emitter {
  return (code, features) => {
    const params = { ...COLUMNS, grad: 'i32', y: 'i32', out: 'i32' } as const;
    code.export('run', params, [], ({ outer, n, m: width, step, block, state, grad, y, out }) => {
      const m = lanes(code, features);
      const loops = new ColumnLoops(code, n, step, block, state, 3);
      const zero = code.constant('f64x2', 0);
      const { term, result } = GRADIENTS[form];
      loops.blocks(outer, width, block, [grad, y, out], ([g, from, to]) => {
        loops.columns([], (one) => loops.storeSums([zero, zero], one));
        loops.all([g, from], (one, [gradients, rows]) => {
          const terms = gradients.map((p, r) => term(m, loops.load(p, one), loops.load(rows[r], one)));
          loops.changeSums(one, (sums) => collect(m, sums, terms));
        });
        loops.columns([], (one) => loops.store(loops.values, narrow(f32(code), loops.loadSums(one)), one));
        loops.all([g, from, to], (one, [gradients, rows, results]) => {
          const s = loops.load(loops.values, one);
          results.forEach((to, r) => {
            loops.store(to, result(m, loops.load(gradients[r], one), loops.load(rows[r], one), s), one);
          });
        });
      });
    });
  };
}
