/**
 * The transforms of Winograd convolution F(4, 3): four outputs of a filter of three taps from six inputs by six
 * products, along each dimension. Vectors hold four tiles (or four filters) side by side, one in each lane.
 *
 *     outputs = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
 *
 * Of a sum over tiles, the derivative with respect to the filter is, with e the gradient of the outputs,
 *
 *     dg = Gᵀ [ Σ (A e Aᵀ) ⊙ (Bᵀ d B) ] G
 *
 * The matrices are those of Toom–Cook interpolation at 0, ±√½, ±√2 and ∞ (Lavin and Gray,
 * https://arxiv.org/abs/1509.09308, who take 0, ±1, ±2, ∞). These points are reciprocal in pairs, so that the
 * coefficients stay near one: the error is a quarter of that of Lavin's points. With a = √½ and b = √2:
 *
 *     Bᵀ:  1   0 -5/2  0   1  0     G:   1      0     0     Aᵀ: 1  1   1    1   1   0
 *          0  -2a  -2   a   1  0        -2/3 -2a/3 -1/3         0  a  -a    b  -b   0
 *          0   2a  -2  -a   1  0        -2/3  2a/3 -1/3         0 1/2 1/2   2   2   0
 *          0 -b/2 -1/2  b   1  0         1/6   b/6  1/3         0 a/2 -a/2 2b -2b   1
 *          0  b/2 -1/2 -b   1  0         1/6  -b/6  1/3
 *          0   1   0 -5/2   0  1         0      0     1
 *
 * Of the 36 points of a tile, number 6 i + j has column i and row j of the transformed tile.
 */

import type { Assembler, Func, Local, Operand, Value } from '../assembler.ts';

/** Outputs of a tile along a dimension. */
export const TILE = 4;
/** Inputs of a tile along a dimension, and products. */
export const REACH = TILE + 2;
/** Products of a tile. */
export const POINTS = REACH * REACH;

const A = Math.SQRT1_2;
const B = Math.SQRT2;

export type Vector = Local<'v128'>;
/** Takes element i of the result of a transform, in ascending order. */
export type Sink = (i: number, value: Value<'v128'>) => void;

/** a · x + y and y − a · x, fused where that is one instruction. */
export function products(code: Assembler, fma: boolean) {
  const { f32x4 } = code;
  return {
    plus: (a: Vector, x: Vector, y: Operand<'v128'>): Value<'v128'> =>
      fma ? f32x4.relaxed_madd(a, x, y) : f32x4.add(y, f32x4.mul(a, x)),
    minus: (a: Vector, x: Vector, y: Operand<'v128'>): Value<'v128'> =>
      fma ? f32x4.relaxed_nmadd(a, x, y) : f32x4.sub(y, f32x4.mul(a, x)),
  };
}

/** Locals with a constant in all lanes. */
export function constants<Name extends string>(
  code: Assembler,
  values: Readonly<Record<Name, number>>,
): Record<Name, Vector> {
  const entries = Object.entries<number>(values).map(([name, value]) => [
    name,
    code.local('v128', code.f32x4.const(value)),
  ]);
  return Object.fromEntries(entries) as Record<Name, Vector>;
}

/** Sinks into locals. */
export const into =
  (locals: readonly Vector[]): Sink =>
  (i, value) =>
    locals[i].set(value);

/** r = Bᵀ d */
function inputTransform(code: Assembler, fma: boolean): (d: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, fiveHalves: 2.5, a: A, b: B });
  const even = code.local('v128');
  const odd = code.local('v128');
  return (d, sink) => {
    const pair = (square: Vector, root: Vector, i: number) => {
      even.set(minus(square, d[2], d[4]));
      odd.set(minus(square, d[1], d[3]));
      sink(i, plus(root, odd, even));
      sink(i + 1, minus(root, odd, even));
    };
    sink(0, minus(k.fiveHalves, d[2], f32x4.add(d[0], d[4])));
    pair(k.two, k.a, 1);
    pair(k.half, k.b, 3);
    sink(5, minus(k.fiveHalves, d[3], f32x4.add(d[1], d[5])));
  };
}

/** r = G g */
function weightTransform(code: Assembler, fma: boolean): (g: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus, minus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, outer: -2 / 3, inner: 1 / 6, a: (-2 / 3) * A, b: (1 / 6) * B });
  const even = code.local('v128');
  return (g, sink) => {
    const pair = (square: Vector, scale: Vector, root: Vector, i: number) => {
      even.set(f32x4.mul(scale, plus(square, g[2], g[0])));
      sink(i, plus(root, g[1], even));
      sink(i + 1, minus(root, g[1], even));
    };
    sink(0, g[0].get());
    pair(k.half, k.outer, k.a, 1);
    pair(k.two, k.inner, k.b, 3);
    sink(5, g[2].get());
  };
}

/** r = Aᵀ m */
function outputTransform(code: Assembler, fma: boolean): (m: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, a: A, b: B, aCubed: A / 2, bCubed: 2 * B });
  const [sumA, sumB, differenceA, differenceB] = code.locals('v128', 4);
  return (m, sink) => {
    sumA.set(f32x4.add(m[1], m[2]));
    sumB.set(f32x4.add(m[3], m[4]));
    differenceA.set(f32x4.sub(m[1], m[2]));
    differenceB.set(f32x4.sub(m[3], m[4]));
    sink(0, f32x4.add(m[0], f32x4.add(sumA, sumB)));
    sink(1, plus(k.a, differenceA, f32x4.mul(k.b, differenceB)));
    sink(2, plus(k.half, sumA, f32x4.mul(k.two, sumB)));
    sink(3, plus(k.aCubed, differenceA, plus(k.bCubed, differenceB, m[5])));
  };
}

/** r = A e */
function slopeTransform(code: Assembler, fma: boolean): (e: readonly Vector[], sink: Sink) => void {
  const { plus, minus } = products(code, fma);
  const k = constants(code, { half: 0.5, two: 2, a: A, b: B });
  const even = code.local('v128');
  const odd = code.local('v128');
  return (e, sink) => {
    const pair = (square: Vector, root: Vector, i: number) => {
      even.set(plus(square, e[2], e[0]));
      odd.set(plus(square, e[3], e[1]));
      sink(i, plus(root, odd, even));
      sink(i + 1, minus(root, odd, even));
    };
    sink(0, e[0].get());
    pair(k.half, k.a, 1);
    pair(k.two, k.b, 3);
    sink(5, e[3].get());
  };
}

/** r = Gᵀ m */
function tapTransform(code: Assembler, fma: boolean): (m: readonly Vector[], sink: Sink) => void {
  const { f32x4 } = code;
  const { plus } = products(code, fma);
  const k = constants(code, { outer: -2 / 3, inner: 1 / 6, third: 1 / 3, a: (-2 / 3) * A, b: (1 / 6) * B });
  const [sumA, sumB, differenceA, differenceB] = code.locals('v128', 4);
  return (m, sink) => {
    sumA.set(f32x4.add(m[1], m[2]));
    sumB.set(f32x4.add(m[3], m[4]));
    differenceA.set(f32x4.sub(m[1], m[2]));
    differenceB.set(f32x4.sub(m[3], m[4]));
    sink(0, plus(k.outer, sumA, plus(k.inner, sumB, m[0])));
    sink(1, plus(k.a, differenceA, f32x4.mul(k.b, differenceB)));
    sumB.set(f32x4.sub(sumB, sumA));
    sink(2, plus(k.third, sumB, m[5]));
  };
}

/** Rows become columns: four vectors of four. */
export function transpose(code: Assembler, v: readonly Vector[], sink: Sink): void {
  const { i32x4, i64x2 } = code;
  const [low01, low23, high01, high23] = code.locals('v128', 4);
  low01.set(i32x4.shuffle([0, 4, 1, 5], v[0], v[1]));
  low23.set(i32x4.shuffle([0, 4, 1, 5], v[2], v[3]));
  high01.set(i32x4.shuffle([2, 6, 3, 7], v[0], v[1]));
  high23.set(i32x4.shuffle([2, 6, 3, 7], v[2], v[3]));
  sink(0, i64x2.shuffle([0, 2], low01, low23));
  sink(1, i64x2.shuffle([1, 3], low01, low23));
  sink(2, i64x2.shuffle([0, 2], high01, high23));
  sink(3, i64x2.shuffle([1, 3], high01, high23));
}

/** A grid of locals, `grid[column][row]`. */
function grid(code: Assembler, columns: number, rows: number): Vector[][] {
  return Array.from({ length: columns }, () => code.locals('v128', rows));
}

/** Stores what comes at out, out + step, …; `out` moves on. */
export const storing =
  (code: Assembler, out: Local<'i32'>, step: Local<'i32'>): Sink =>
  (_, value) => {
    code.v128.store(out, value);
    code.increase(out, step);
  };

/**
 * inputTiles(p0, p1, p2, p3, row, out, step): transforms four tiles of 6 × 6 inputs that begin at p0 … p3, `row` bytes
 * from line to line; point i of all four goes to out + i · step.
 */
export function emitInputTiles(code: Assembler, fma: boolean): Func {
  const { v128, i32x4, i64x2 } = code;
  const params = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32', row: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('inputTiles', params, [], ({ p0, p1, p2, p3, row, out, step }) => {
    const transform = inputTransform(code, fma);
    const columns = grid(code, REACH, REACH);
    const line = code.locals('v128', REACH);
    const loaded = code.locals('v128', 4);
    const pointers = [p0, p1, p2, p3];
    for (let y = 0; y < REACH; y++) {
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p));
      transpose(code, loaded, into(line));
      // Elements 2 to 5, so that nothing behind a tile is read; 4 and 5 are wanted.
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p, 8));
      loaded[0].set(i32x4.shuffle([2, 6, 3, 7], loaded[0], loaded[1]));
      loaded[2].set(i32x4.shuffle([2, 6, 3, 7], loaded[2], loaded[3]));
      line[4].set(i64x2.shuffle([0, 2], loaded[0], loaded[2]));
      line[5].set(i64x2.shuffle([1, 3], loaded[0], loaded[2]));
      transform(line, (i, value) => columns[i][y].set(value));
      if (y < REACH - 1) for (const p of pointers) code.increase(p, row);
    }
    for (const column of columns) transform(column, storing(code, out, step));
  });
}

/**
 * weightTiles(p0, p1, p2, p3, flip, out, step): transforms four filters of 3 × 3, with their taps in reverse order if
 * `flip`; point i of all four goes to out + i · step.
 */
export function emitWeightTiles(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32', flip: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('weightTiles', params, [], ({ p0, p1, p2, p3, flip, out, step }) => {
    const transform = weightTransform(code, fma);
    const pointers = [p0, p1, p2, p3];
    const taps = code.locals('v128', 9);
    const loaded = code.locals('v128', 4);
    for (const first of [0, 4]) {
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p, 4 * first));
      transpose(code, loaded, into(taps.slice(first)));
    }
    taps[8].set(v128.load32_zero(p0, 32));
    for (const lane of [1, 2, 3]) taps[8].set(v128.load32_lane(lane, pointers[lane], taps[8], 32));
    code.if(flip, () => {
      const [kept] = loaded;
      for (let i = 0; i < 4; i++) {
        kept.set(taps[i]);
        taps[i].set(taps[8 - i]);
        taps[8 - i].set(kept);
      }
    });
    const columns = grid(code, REACH, 3);
    for (let y = 0; y < 3; y++) transform(taps.slice(3 * y, 3 * y + 3), (i, value) => columns[i][y].set(value));
    for (const column of columns) transform(column, storing(code, out, step));
  });
}

/**
 * outputTiles(from, step, bias, p0, p1, p2, p3, r0, r1, r2, r3): the outputs of four tiles whose point i lies at
 * from + i · step, plus a bias; tile t goes to lines at p_t, r_t bytes apart.
 */
export function emitOutputTiles(code: Assembler, fma: boolean): Func {
  const { v128, f32x4 } = code;
  const params = {
    from: 'i32',
    step: 'i32',
    bias: 'f32',
    p0: 'i32',
    p1: 'i32',
    p2: 'i32',
    p3: 'i32',
    r0: 'i32',
    r1: 'i32',
    r2: 'i32',
    r3: 'i32',
  } as const;
  return code.func('outputTiles', params, [], ({ from, step, bias, p0, p1, p2, p3, r0, r1, r2, r3 }) => {
    const transform = outputTransform(code, fma);
    const addend = code.local('v128', f32x4.splat(bias));
    const column = code.locals('v128', REACH);
    const lines = grid(code, TILE, REACH);
    const line = code.locals('v128', TILE);
    for (let i = 0; i < REACH; i++) {
      for (const value of column) {
        value.set(v128.load(from));
        code.increase(from, step);
      }
      transform(column, (y, value) => lines[y][i].set(value));
    }
    const pointers = [p0, p1, p2, p3];
    const steps = [r0, r1, r2, r3];
    for (let y = 0; y < TILE; y++) {
      transform(lines[y], (i, value) => line[i].set(f32x4.add(value, addend)));
      transpose(code, line, (t, value) => {
        v128.store(pointers[t], value);
        if (y < TILE - 1) code.increase(pointers[t], steps[t]);
      });
    }
  });
}

/**
 * slopeTiles(p0, p1, p2, p3, row, out, step): transforms the gradients of four tiles of 4 × 4 outputs that begin at
 * p0 … p3, `row` bytes from line to line; point i of all four goes to out + i · step.
 */
export function emitSlopeTiles(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32', row: 'i32', out: 'i32', step: 'i32' } as const;
  return code.func('slopeTiles', params, [], ({ p0, p1, p2, p3, row, out, step }) => {
    const transform = slopeTransform(code, fma);
    const columns = grid(code, REACH, TILE);
    const line = code.locals('v128', TILE);
    const loaded = code.locals('v128', 4);
    const pointers = [p0, p1, p2, p3];
    for (let y = 0; y < TILE; y++) {
      for (const [i, p] of pointers.entries()) loaded[i].set(v128.load(p));
      transpose(code, loaded, into(line));
      transform(line, (i, value) => columns[i][y].set(value));
      if (y < TILE - 1) for (const p of pointers) code.increase(p, row);
    }
    for (const column of columns) transform(column, storing(code, out, step));
  });
}

/**
 * tapTiles(from, step, p0, p1, p2, p3): the gradients of four filters, whose sums of point i lie at from + i · step;
 * filter t goes to p_t.
 */
export function emitTapTiles(code: Assembler, fma: boolean): Func {
  const { v128 } = code;
  const params = { from: 'i32', step: 'i32', p0: 'i32', p1: 'i32', p2: 'i32', p3: 'i32' } as const;
  return code.func('tapTiles', params, [], ({ from, step, p0, p1, p2, p3 }) => {
    const transform = tapTransform(code, fma);
    const column = code.locals('v128', REACH);
    const lines = grid(code, 3, REACH);
    const taps = code.locals('v128', 9);
    for (let i = 0; i < REACH; i++) {
      for (const value of column) {
        value.set(v128.load(from));
        code.increase(from, step);
      }
      transform(column, (y, value) => lines[y][i].set(value));
    }
    for (const [y, line] of lines.entries()) transform(line, into(taps.slice(3 * y)));
    const pointers = [p0, p1, p2, p3];
    for (const first of [0, 4]) {
      transpose(code, taps.slice(first, first + 4), (t, value) => v128.store(pointers[t], value, 4 * first));
    }
    for (const [t, p] of pointers.entries()) v128.store32_lane(t, p, taps[8], 32);
  });
}
