/**
 * The transforms of Winograd convolution F(4, 5) along a line: four outputs of a filter of five taps from eight inputs by
 * eight products. Vectors hold four tiles (or four filters) side by side, one in each lane.
 *
 *     outputs = Aᵀ [ (G g) ⊙ (Bᵀ d) ],    dg = Gᵀ [ Σ (A e) ⊙ (Bᵀ d) ],    dd = B [ Σ (G g) ⊙ (A e) ]
 *
 * The matrices are those of Toom–Cook interpolation at 0, ±½, ±1, ±2 and ∞. In one dimension, their error is that of
 * F(4 × 4, 3 × 3) in two. For a pair of points ±p, with q² and r² the squares of the others:
 *
 *     Bᵀ:  1, 0, −21/4, 0, 21/4, 0, −1, 0                       for 0
 *          (q²r² d₂ − (q² + r²) d₄ + d₆) ± p (q²r² d₁ − (q² + r²) d₃ + d₅)
 *          0, −1, 0, 21/4, 0, −21/4, 0, 1                       for ∞
 *     G:   (1, ±p, p², ±p³, p⁴) / (2 p² (p² − q²)(p² − r²)), first and last 1
 *     Aᵀ:  powers 0 to 3 of the points
 */

import type { Assembler, Func } from '../assembler.ts';
import type { Sink, Vector } from './winograd-transforms.ts';
import { constants, into, products, storing, TILE, transpose } from './winograd-transforms.ts';

/** Products of a tile. */
export const LINE_POINTS = 8;
/** Taps of a filter. */
export const LINE_TAPS = 5;

/** A pair of points, what the terms of Bᵀ are times, and what the terms of G are divided by. */
interface Pair {
  readonly p: number;
  readonly product: number;
  readonly sum: number;
  readonly divisor: number;
}

const PAIRS: readonly Pair[] = /* @__PURE__ */ [0.5, 1, 2].map((p, i, all) => {
  const [q, r] = all.filter((_, j) => j !== i).map((other) => other ** 2);
  return { p, product: q * r, sum: q + r, divisor: 2 * p ** 2 * (p ** 2 - q) * (p ** 2 - r) };
});

/** r = Bᵀ d */
function inputTransform(code: Assembler, fma: boolean): (d: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const { edge } = constants(code, { edge: 21 / 4 });
  const pairs = PAIRS.map(({ p, product, sum }) => constants(code, { p, product, sum }));
  const [even, odd] = code.locals('v128', 2);
  return (d, sink) => {
    odd.set(f32x4.sub(d[4], d[2]));
    sink(0, plus(edge, odd, f32x4.sub(d[0], d[6])));
    for (const [i, { p, product, sum }] of pairs.entries()) {
      even.set(plus(product, d[2], minus(sum, d[4], d[6])));
      odd.set(plus(product, d[1], minus(sum, d[3], d[5])));
      sink(2 * i + 1, plus(p, odd, even));
      sink(2 * i + 2, minus(p, odd, even));
    }
    odd.set(f32x4.sub(d[3], d[5]));
    sink(7, plus(edge, odd, f32x4.sub(d[7], d[1])));
  };
}

/** r = G g */
function weightTransform(code: Assembler, fma: boolean): (g: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const pairs = PAIRS.map(({ p, divisor }) =>
    constants(code, { p, square: p ** 2, fourth: p ** 4, scale: 1 / divisor }),
  );
  const [even, odd] = code.locals('v128', 2);
  return (g, sink) => {
    sink(0, g[0].get());
    for (const [i, { p, square, fourth, scale }] of pairs.entries()) {
      even.set(f32x4.mul(scale, plus(fourth, g[4], plus(square, g[2], g[0]))));
      odd.set(f32x4.mul(scale, plus(square, g[3], g[1])));
      sink(2 * i + 1, plus(p, odd, even));
      sink(2 * i + 2, minus(p, odd, even));
    }
    sink(7, g[4].get());
  };
}

/** r = Aᵀ m */
function outputTransform(code: Assembler, fma: boolean): (m: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus } = products(code, fma);
  const powers = [1, 2, 3].map((power) => PAIRS.map(({ p }) => constants(code, { value: p ** power }).value));
  const sums = code.locals('v128', 3);
  const differences = code.locals('v128', 3);
  return (m, sink) => {
    for (let i = 0; i < 3; i++) {
      sums[i].set(f32x4.add(m[2 * i + 1], m[2 * i + 2]));
      differences[i].set(f32x4.sub(m[2 * i + 1], m[2 * i + 2]));
    }
    const weighted = ([a, b, c]: readonly Vector[], [x, y, z]: readonly Vector[]) =>
      plus(a, x, plus(b, y, f32x4.mul(c, z)));
    sink(0, f32x4.add(f32x4.add(m[0], sums[0]), f32x4.add(sums[1], sums[2])));
    sink(1, weighted(powers[0], differences));
    sink(2, weighted(powers[1], sums));
    const [a, b, c] = powers[2];
    sink(3, plus(a, differences[0], plus(b, differences[1], plus(c, differences[2], m[7]))));
  };
}

/** r = A e */
function slopeTransform(code: Assembler, fma: boolean): (e: readonly Vector[], sink: Sink) => void {
  const { plus, minus } = products(code, fma);
  const pairs = PAIRS.map(({ p }) => constants(code, { p, square: p ** 2 }));
  const [even, odd] = code.locals('v128', 2);
  return (e, sink) => {
    sink(0, e[0].get());
    for (const [i, { p, square }] of pairs.entries()) {
      even.set(plus(square, e[2], e[0]));
      odd.set(plus(square, e[3], e[1]));
      sink(2 * i + 1, plus(p, odd, even));
      sink(2 * i + 2, minus(p, odd, even));
    }
    sink(7, e[3].get());
  };
}

/** r = B m */
function adjointTransform(code: Assembler, fma: boolean): (m: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const { edge } = constants(code, { edge: 21 / 4 });
  const [a, b, c] = PAIRS.map(({ p, product, sum }) =>
    constants(code, { product, sum, p, oddProduct: p * product, oddSum: p * sum }),
  );
  const sums = code.locals('v128', 3);
  const differences = code.locals('v128', 3);
  return (m, sink) => {
    const [first, last] = [m[0], m[7]];
    for (let i = 0; i < 3; i++) {
      sums[i].set(f32x4.add(m[2 * i + 1], m[2 * i + 2]));
      differences[i].set(f32x4.sub(m[2 * i + 1], m[2 * i + 2]));
    }
    const [x, y, z] = sums;
    const [u, v, w] = differences;
    sink(0, first.get());
    sink(1, plus(a.oddProduct, u, plus(b.oddProduct, v, f32x4.sub(f32x4.mul(c.oddProduct, w), last))));
    sink(2, minus(edge, first, plus(a.product, x, plus(b.product, y, f32x4.mul(c.product, z)))));
    sink(3, minus(a.oddSum, u, minus(b.oddSum, v, minus(c.oddSum, w, f32x4.mul(edge, last)))));
    sink(4, minus(a.sum, x, minus(b.sum, y, minus(c.sum, z, f32x4.mul(edge, first)))));
    sink(5, minus(edge, last, plus(a.p, u, plus(b.p, v, f32x4.mul(c.p, w)))));
    sink(6, f32x4.add(f32x4.sub(x, first), f32x4.add(y, z)));
    sink(7, last.get());
  };
}

/** r = Gᵀ m */
function tapTransform(code: Assembler, fma: boolean): (m: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus } = products(code, fma);
  const powers = [0, 1, 2, 3, 4].map((power) =>
    PAIRS.map(({ p, divisor }) => constants(code, { value: p ** power / divisor }).value),
  );
  const sums = code.locals('v128', 3);
  const differences = code.locals('v128', 3);
  return (m, sink) => {
    for (let i = 0; i < 3; i++) {
      sums[i].set(f32x4.add(m[2 * i + 1], m[2 * i + 2]));
      differences[i].set(f32x4.sub(m[2 * i + 1], m[2 * i + 2]));
    }
    for (const [power, [a, b, c]] of powers.entries()) {
      const [x, y, z] = power % 2 === 0 ? sums : differences;
      const rest = power === 0 ? plus(c, z, m[0]) : power === 4 ? plus(c, z, m[LINE_POINTS - 1]) : f32x4.mul(c, z);
      sink(power, plus(a, x, plus(b, y, rest)));
    }
  };
}

const POINTERS = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32' } as const;

/** inputTiles(p0, p1, p2, p3, row, out, step): as in winograd-transforms.ts; `row` is not used */
export function emitLineInputs(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { ...POINTERS, row: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('inputTiles', params, [], ({ p0, p1, p2, p3, out, step }) => {
    const transform = inputTransform(code, fma);
    const line = code.locals('v128', LINE_POINTS);
    const loaded = code.locals('v128', 4);
    for (const half of [0, 4]) {
      for (const [i, p] of [p0, p1, p2, p3].entries()) loaded[i].set(v128.load(p, 4 * half));
      transpose(code, loaded, into(line.slice(half)));
    }
    transform(line, storing(code, out, step));
  });
}

/** weightTiles(p0, p1, p2, p3, flip, out, step): as in winograd-transforms.ts; filters have eight elements, five taps */
export function emitLineWeights(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { ...POINTERS, flip: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('weightTiles', params, [], ({ p0, p1, p2, p3, out, step }) => {
    const transform = weightTransform(code, fma);
    const taps = code.locals('v128', LINE_TAPS);
    const loaded = code.locals('v128', 4);
    const pointers = [p0, p1, p2, p3];
    for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p));
    transpose(code, loaded, into(taps));
    taps[4].set(v128.load32_zero(p0, 16));
    for (const lane of [1, 2, 3]) taps[4].set(v128.load32_lane(lane, pointers[lane], taps[4], 16));
    transform(taps, storing(code, out, step));
  });
}

/** outputTiles(from, step, bias, p0, p1, p2, p3, r0, r1, r2, r3): as in winograd-transforms.ts; a tile is one line */
export function emitLineOutputs(code: Assembler, fma: boolean): Func {
  const { v128, f32x4 } = code;
  const rows = { r0: 'i32', r1: 'i32', r2: 'i32', r3: 'i32' } as const;
  const params = { from: 'i32', step: 'i32', bias: 'f32', ...POINTERS, ...rows } as const;
  return code.func('outputTiles', params, [], ({ from, step, bias, p0, p1, p2, p3 }) => {
    const transform = outputTransform(code, fma);
    const addend = code.local('v128', f32x4.splat(bias));
    const points = code.locals('v128', LINE_POINTS);
    const line = code.locals('v128', TILE);
    for (const value of points) {
      value.set(v128.load(from));
      code.increase(from, step);
    }
    transform(points, (i, value) => line[i].set(f32x4.add(value, addend)));
    const pointers = [p0, p1, p2, p3];
    transpose(code, line, (t, value) => v128.store(pointers[t], value));
  });
}

/** slopeTiles(p0, p1, p2, p3, row, out, step): as in winograd-transforms.ts; `row` is not used */
export function emitLineSlopes(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { ...POINTERS, row: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('slopeTiles', params, [], ({ p0, p1, p2, p3, out, step }) => {
    const transform = slopeTransform(code, fma);
    const line = code.locals('v128', TILE);
    const loaded = code.locals('v128', 4);
    for (const [i, p] of [p0, p1, p2, p3].entries()) loaded[i].set(v128.load(p));
    transpose(code, loaded, into(line));
    transform(line, storing(code, out, step));
  });
}

/** tapTiles(from, step, p0, p1, p2, p3): as in winograd-transforms.ts; filters have eight elements, five taps */
export function emitLineTaps(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { from: 'i32', step: 'i32', ...POINTERS } as const;
  return code.func('tapTiles', params, [], ({ from, step, p0, p1, p2, p3 }) => {
    const transform = tapTransform(code, fma);
    const points = code.locals('v128', LINE_POINTS);
    const taps = code.locals('v128', LINE_TAPS);
    for (const value of points) {
      value.set(v128.load(from));
      code.increase(from, step);
    }
    transform(points, into(taps));
    const pointers = [p0, p1, p2, p3];
    transpose(code, taps.slice(0, 4), (t, value) => v128.store(pointers[t], value));
    for (const [t, p] of pointers.entries()) v128.store32_lane(t, p, taps[4], 16);
  });
}

/** adjointTiles(from, step, p0, p1, p2, p3): what four tiles, whose point i lies at from + i · step, add to eight inputs at each p */
export function emitLineAdjoint(code: Assembler, fma: boolean): Func {
  const { v128, f32x4 } = code;
  const params = { from: 'i32', step: 'i32', ...POINTERS } as const;
  return code.func('adjointTiles', params, [], ({ from, step, p0, p1, p2, p3 }) => {
    const transform = adjointTransform(code, fma);
    const points = code.locals('v128', LINE_POINTS);
    const inputs = code.locals('v128', LINE_POINTS);
    const halves = [code.locals('v128', 4), code.locals('v128', 4)];
    for (const value of points) {
      value.set(v128.load(from));
      code.increase(from, step);
    }
    transform(points, into(inputs));
    for (const [half, vectors] of halves.entries()) transpose(code, inputs.slice(4 * half), into(vectors));
    // One tile after the other, since they overlap.
    for (const [t, p] of [p0, p1, p2, p3].entries()) {
      for (const [half, vectors] of halves.entries()) {
        v128.store(p, f32x4.add(v128.load(p, 16 * half), vectors[t]), 16 * half);
      }
    }
  });
}
