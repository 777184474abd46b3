/**
 * Reference kernels of reductions: many elements to one. A reduction walks the kept dimensions outside and the reduced ones
 * inside, both merged where strides allow, so that the usual cases end in one loop over a run of elements.
 *
 * All sums are taken in double precision, pairwise along a run and compensated from run to run. The loops see two kinds of
 * arrays, `Float32Array` and `Float64Array` (integers are widened first), so that engines keep them fast. int64 has loops of
 * its own where doubles would lose digits.
 */

import type { TypedArray } from '../dtype.ts';
import { isFloating } from '../dtype.ts';
import type { Shape, Strided } from '../layout.ts';
import { collapse, contiguousStrides, isContiguous, sizeOf } from '../layout.ts';
import { copy, fill, walkOuter, writeElement } from './elementwise.ts';
import * as exact from './exactMath.ts';

/** An array that loops may read plain numbers from; typed as the one kind so that TypeScript lets loops index it. */
type Numbers = Float64Array;

/** How a reduction walks: `kept` dimensions outside, in order; `reduced` ones inside. */
interface Plan {
  readonly kept: Shape;
  readonly keptStrides: Shape;
  readonly reduced: Shape;
  readonly reducedStrides: Shape;
  /** Elements that go into each output. */
  readonly count: number;
}

function planOf(a: Strided, dims: readonly number[]): Plan {
  const { shape, strides } = a;
  if (dims.length === shape.length && isContiguous(shape, strides)) {
    const count = sizeOf(shape);
    return { kept: [], keptStrides: [], reduced: [count], reducedStrides: [1], count };
  }
  const kept: number[] = [];
  for (let d = 0; d < shape.length; d++) if (!dims.includes(d)) kept.push(d);
  // The order of a sum is free: walk memory forwards, whatever the order of dimensions.
  const reduced = [...dims].sort((i, j) => strides[j] - strides[i]);
  const pick = (from: Shape, which: readonly number[]): number[] => which.map((d) => from[d]);
  const outside = collapse(pick(shape, kept), [pick(strides, kept)]);
  const inside = collapse(pick(shape, reduced), [pick(strides, reduced)]);
  return {
    kept: outside.shape,
    keptStrides: outside.strides[0],
    reduced: inside.shape,
    reducedStrides: inside.strides[0],
    count: sizeOf(inside.shape),
  };
}

/** Floats as they are; integers widened to a contiguous array of doubles. */
export function widened(a: Strided): Strided {
  if (isFloating(a.dtype)) return a;
  const { shape } = a;
  const array = new Float64Array(sizeOf(shape));
  const wide: Strided = { array, shape, strides: contiguousStrides(shape), offset: 0, dtype: 'float64' };
  copy(a, wide);
  return wide;
}

/** The same elements in row-major order: `a` itself or a copy in an array of its own. */
export function packed(a: Strided): Strided {
  if (isContiguous(a.shape, a.strides)) return a;
  const array = new (a.array.constructor as new (n: number) => TypedArray)(sizeOf(a.shape));
  const dense: Strided = { array, shape: a.shape, strides: contiguousStrides(a.shape), offset: 0, dtype: a.dtype };
  copy(a, dense);
  return dense;
}

/** Calls `visit` with where each output's first element lies, in order of outputs. */
function eachOutput(plan: Plan, offset: number, visit: (at: number, output: number) => void): void {
  const inner = plan.kept.length - 1;
  if (inner < 0) {
    visit(offset, 0);
    return;
  }
  const n = plan.kept[inner];
  const step = plan.keptStrides[inner];
  let output = 0;
  walkOuter(plan.kept, [plan.keptStrides], [offset], (start) => {
    let at = start[0];
    for (let i = 0; i < n; i++, at += step) visit(at, output++);
  });
}

/** Carries `acc` over a run of `n` elements. */
type Fold = (acc: number, x: Numbers, at: number, n: number, step: number) => number;

/** Folds all the runs that make one output. */
function foldOutput(plan: Plan, x: Numbers, at: number, fold: Fold, start: number): number {
  const inner = plan.reduced.length - 1;
  if (inner < 0) return fold(start, x, at, 1, 0);
  const n = plan.reduced[inner];
  const step = plan.reducedStrides[inner];
  if (inner === 0) return fold(start, x, at, n, step);
  let acc = start;
  walkOuter(plan.reduced, [plan.reducedStrides], [at], (run) => {
    acc = fold(acc, x, run[0], n, step);
  });
  return acc;
}

/** out[i] = compute(…) over the elements that i stands for; `empty` where there are none. */
function reduceEach(
  a: Strided,
  dims: readonly number[],
  out: Strided,
  empty: number,
  compute: (plan: Plan, x: Numbers, at: number) => number,
): void {
  if (sizeOf(out.shape) === 0) return;
  const plan = planOf(a, dims);
  if (plan.count === 0) {
    fill(out, empty);
    return;
  }
  const x = a.array as Numbers;
  const dst = out.array;
  eachOutput(plan, a.offset, (at, o) => writeElement(dst, out.dtype, out.offset + o, compute(plan, x, at)));
}

// ---------------------------------------------------------------------------------------------------------------- sums

/** Longest run that is added straight; longer ones are halved, so that the error grows with the logarithm of the length. */
const BLOCK = 256;

function sumRun(x: Numbers, at: number, n: number, step: number): number {
  if (n > BLOCK) {
    const half = (n >>> 1) & ~3;
    return sumRun(x, at, half, step) + sumRun(x, at + half * step, n - half, step);
  }
  let s0 = 0;
  let i = 0;
  if (n >= 8) {
    // Four chains of additions, which do not wait for each other.
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const step4 = 4 * step;
    for (; i <= n - 4; i += 4, at += step4) {
      s0 += x[at];
      s1 += x[at + step];
      s2 += x[at + 2 * step];
      s3 += x[at + 3 * step];
    }
    s0 += s1 + (s2 + s3);
  }
  for (; i < n; i++, at += step) s0 += x[at];
  return s0;
}

/** Sum over one output. Sums of runs are added with Neumaier's compensation. */
function sumOutput(plan: Plan, x: Numbers, at: number): number {
  const inner = plan.reduced.length - 1;
  if (inner < 0) return x[at] + 0;
  const n = plan.reduced[inner];
  const step = plan.reducedStrides[inner];
  if (inner === 0) return sumRun(x, at, n, step);
  let sum = 0;
  let lost = 0;
  walkOuter(plan.reduced, [plan.reducedStrides], [at], (run) => {
    const term = sumRun(x, run[0], n, step);
    const next = sum + term;
    lost += Math.abs(sum) >= Math.abs(term) ? sum - next + term : term - next + sum;
    sum = next;
  });
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** Rows and columns of a reduction over leading dimensions: `n` rows, `step` apart, of adjacent columns. */
const COLUMNS = 1024;

/** acc[j] = sum over i < n of x[at + i * step + j], j < m */
function sumColumns(x: Numbers, at: number, n: number, step: number, m: number, acc: Float64Array): void {
  if (n > BLOCK) {
    const half = n >>> 1;
    const other = new Float64Array(m);
    sumColumns(x, at, half, step, m, acc);
    sumColumns(x, at + half * step, n - half, step, m, other);
    for (let j = 0; j < m; j++) acc[j] += other[j];
    return;
  }
  for (let j = 0; j < m; j++) acc[j] = 0;
  for (let i = 0; i < n; i++, at += step) for (let j = 0; j < m; j++) acc[j] += x[at + j];
}

/** True when the elements of an output lie far apart and those of neighbouring outputs side by side. */
function isColumnwise(plan: Plan): boolean {
  const inner = plan.kept.length - 1;
  return inner >= 0 && plan.reduced.length === 1 && plan.keptStrides[inner] === 1 && plan.kept[inner] >= 4;
}

function sumColumnwise(plan: Plan, x: Numbers, offset: number, out: Strided, divisor: number): void {
  const [n] = plan.reduced;
  const [step] = plan.reducedStrides;
  const width = plan.kept[plan.kept.length - 1];
  const acc = new Float64Array(Math.min(width, COLUMNS));
  const dst = out.array;
  let to = out.offset;
  walkOuter(plan.kept, [plan.keptStrides], [offset], (start) => {
    for (let j = 0; j < width; j += COLUMNS) {
      const m = Math.min(COLUMNS, width - j);
      sumColumns(x, start[0] + j, n, step, m, acc);
      for (let k = 0; k < m; k++) writeElement(dst, out.dtype, to++, divisor === 1 ? acc[k] : acc[k] / divisor);
    }
  });
}

/** Sums over `dims`, divided by the number of elements when `mean`. Integers add exactly up to ±2^53, int64 always. */
export function sum(a: Strided, dims: readonly number[], out: Strided, mean = false): void {
  if (sizeOf(out.shape) === 0) return;
  if (a.dtype === 'int64' && out.dtype === 'int64') {
    reduceBig(a, dims, out, 0n, (x, y) => x + y);
    return;
  }
  const wide = widened(a);
  const plan = planOf(wide, dims);
  if (plan.count === 0) {
    fill(out, mean ? Number.NaN : 0);
    return;
  }
  const x = wide.array as Numbers;
  const divisor = mean ? plan.count : 1;
  if (isColumnwise(plan)) {
    sumColumnwise(plan, x, wide.offset, out, divisor);
    return;
  }
  const dst = out.array;
  eachOutput(plan, wide.offset, (at, o) =>
    writeElement(dst, out.dtype, out.offset + o, sumOutput(plan, x, at) / divisor),
  );
}

/** Sum of squared distances from `center`, pairwise. */
function squaresRun(x: Numbers, at: number, n: number, step: number, center: number): number {
  if (n > BLOCK) {
    const half = n >>> 1;
    return squaresRun(x, at, half, step, center) + squaresRun(x, at + half * step, n - half, step, center);
  }
  let s0 = 0;
  let s1 = 0;
  let i = 0;
  for (; i <= n - 2; i += 2, at += 2 * step) {
    const d0 = x[at] - center;
    const d1 = x[at + step] - center;
    s0 += d0 * d0;
    s1 += d1 * d1;
  }
  if (i < n) {
    const d = x[at] - center;
    s0 += d * d;
  }
  return s0 + s1;
}

/** Variance over `dims` from the mean, in two passes; its square root when `root`. Too few elements give NaN or Infinity. */
export function variance(a: Strided, dims: readonly number[], correction: number, root: boolean, out: Strided): void {
  reduceEach(a, dims, out, Number.NaN, (plan, x, at) => {
    const mean = sumOutput(plan, x, at) / plan.count;
    const squares = foldOutput(plan, x, at, (acc, xs, p, n, step) => acc + squaresRun(xs, p, n, step, mean), 0);
    const value = squares / Math.max(0, plan.count - correction);
    return root ? Math.sqrt(value) : value;
  });
}

/** Product over `dims`. int32 wraps as C does. */
export function prod(a: Strided, dims: readonly number[], out: Strided): void {
  if (a.dtype === 'int64') {
    reduceBig(a, dims, out, 1n, (x, y) => x * y);
    return;
  }
  const fold = isFloating(a.dtype) ? prodRun : prodInteger;
  reduceEach(widened(a), dims, out, 1, (plan, x, at) => foldOutput(plan, x, at, fold, 1));
}

const prodRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) acc *= x[at];
  return acc;
};

const prodInteger: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) acc = Math.imul(acc, x[at]);
  return acc;
};

/** int64 arithmetic modulo 2^64. */
function reduceBig(
  a: Strided,
  dims: readonly number[],
  out: Strided,
  start: bigint,
  fn: (x: bigint, y: bigint) => bigint,
): void {
  const dst = out.array as BigInt64Array;
  if (sizeOf(a.shape) === 0) {
    dst.fill(start, out.offset, out.offset + sizeOf(out.shape));
    return;
  }
  const plan = planOf(a, dims);
  const x = a.array as BigInt64Array;
  eachOutput(plan, a.offset, (at, o) => {
    let acc = start;
    const fold: Fold = (_, __, p, n, step) => {
      for (let i = 0; i < n; i++, p += step) acc = BigInt.asIntN(64, fn(acc, x[p]));
      return 0;
    };
    foldOutput(plan, x as never, at, fold, 0);
    dst[out.offset + o] = acc;
  });
}

// -------------------------------------------------------------------------------------------------------- norms and logic

const absRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) acc += Math.abs(x[at]);
  return acc;
};

const nonzeroRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) if (x[at] !== 0) acc++;
  return acc;
};

// A NaN stays: no comparison with it is true, and Math.max and Math.min hand it on.
const maxAbsRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) acc = Math.max(acc, Math.abs(x[at]));
  return acc;
};

const minAbsRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; i < n; i++, at += step) acc = Math.min(acc, Math.abs(x[at]));
  return acc;
};

const squaresFold: Fold = (acc, x, at, n, step) => acc + squaresRun(x, at, n, step, 0);

function powerRun(p: number): Fold {
  return (acc, x, at, n, step) => {
    for (let i = 0; i < n; i++, at += step) acc += exact.pow(Math.abs(x[at]), p);
    return acc;
  };
}

/** `(Σ |x|^p)^(1/p)`; the largest |x| for p = Infinity, the smallest for -Infinity, the count of nonzeros for 0. */
export function norm(a: Strided, p: number, dims: readonly number[], out: Strided): void {
  const [start, fold, root] = normParts(p);
  reduceEach(a, dims, out, 0, (plan, x, at) => root(foldOutput(plan, x, at, fold, start)));
}

function normParts(p: number): [start: number, fold: Fold, root: (x: number) => number] {
  const same = (x: number): number => x;
  if (p === 2) return [0, squaresFold, Math.sqrt];
  if (p === 1) return [0, absRun, same];
  if (p === 0) return [0, nonzeroRun, same];
  if (p === Infinity) return [0, maxAbsRun, same];
  if (p === -Infinity) return [Infinity, minAbsRun, same];
  return [0, powerRun(p), (x) => exact.pow(x, 1 / p)];
}

const maxRun: Fold = (acc, x, at, n, step) => {
  if (Number.isNaN(acc)) return acc;
  for (let i = 0; i < n; i++, at += step) {
    const v = x[at];
    if (v > acc) acc = v;
    else if (Number.isNaN(v)) return v;
  }
  return acc;
};

const minRun: Fold = (acc, x, at, n, step) => {
  if (Number.isNaN(acc)) return acc;
  for (let i = 0; i < n; i++, at += step) {
    const v = x[at];
    if (v < acc) acc = v;
    else if (Number.isNaN(v)) return v;
  }
  return acc;
};

/** Largest (or smallest) over `dims`; NaN where there is one. Never called with nothing to reduce. */
export function extreme(a: Strided, dims: readonly number[], largest: boolean, out: Strided): void {
  if (a.dtype === 'int64') {
    const better = largest ? (x: bigint, y: bigint) => (y > x ? y : x) : (x: bigint, y: bigint) => (y < x ? y : x);
    reduceBig(a, dims, out, largest ? -(2n ** 63n) : 2n ** 63n - 1n, better);
    return;
  }
  const fold = largest ? maxRun : minRun;
  const start = largest ? -Infinity : Infinity;
  reduceEach(widened(a), dims, out, start, (plan, x, at) => foldOutput(plan, x, at, fold, start));
}

/** `log Σ e^x`, from the largest x so that nothing overflows; -Infinity over nothing. */
export function logsumexp(a: Strided, dims: readonly number[], out: Strided): void {
  reduceEach(widened(a), dims, out, -Infinity, (plan, x, at) => {
    const max = foldOutput(plan, x, at, maxRun, -Infinity);
    if (!Number.isFinite(max)) return max;
    const sum = foldOutput(
      plan,
      x,
      at,
      (acc, xs, p, n, step) => {
        for (let i = 0; i < n; i++, p += step) acc += exact.exp(xs[p] - max);
        return acc;
      },
      0,
    );
    return max + exact.log(sum);
  });
}

const anyRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; acc === 0 && i < n; i++, at += step) if (x[at] !== 0) return 1;
  return acc;
};

const allRun: Fold = (acc, x, at, n, step) => {
  for (let i = 0; acc === 1 && i < n; i++, at += step) if (x[at] === 0) return 0;
  return acc;
};

/** 1 where an element is not 0 (any) or none is 0 (all), else 0. */
export function logical(a: Strided, dims: readonly number[], all: boolean, out: Strided): void {
  const fold = all ? allRun : anyRun;
  const start = all ? 1 : 0;
  reduceEach(widened(a), dims, out, start, (plan, x, at) => foldOutput(plan, x, at, fold, start));
}
