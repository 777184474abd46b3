/**
 * The micro-kernels of matrix multiplication: one register tile of C from one panel of A and one of B.
 *
 * The shapes were measured (V8 and JavaScriptCore, 16 vector registers): with fused multiply-add 6 rows × 2 vectors
 * leave two registers for B and one for A; without it a product needs a register of its own, and with 4 × 3 the sums no
 * longer fit on some machines, which costs a third. JavaScriptCore, known by relaxed instructions without a fused one,
 * loads a lane into all lanes slowly: there a vector of A is read at once and its lanes are spread. The idea of packed panels and a macro-kernel around them is Goto's and BLIS's
 * (https://doi.org/10.1145/2764454).
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local, Operand, Value } from '../assembler.ts';
import type { Features } from '../features.ts';

/** What differs between the element types, in one place. */
export interface Element {
  readonly dtype: FloatDType;
  readonly type: 'f32' | 'f64';
  readonly bytes: number;
  /** Elements in a vector. */
  readonly lanes: number;
}

const ELEMENTS: Record<FloatDType, Element> = {
  float32: { dtype: 'float32', type: 'f32', bytes: 4, lanes: 4 },
  float64: { dtype: 'float64', type: 'f64', bytes: 8, lanes: 2 },
};

export function elementOf(dtype: FloatDType): Element {
  return ELEMENTS[dtype];
}

/**
 * Register tiles: every height goes with every width; the first of each is the main one, the others are for remainders.
 */
export interface Tiles {
  readonly element: Element;
  readonly heights: readonly number[];
  readonly widths: readonly number[];
  readonly fma: boolean;
  /** Whether elements of A are spread from a vector rather than from memory. */
  readonly spread: boolean;
  /** `f32_gemm_6x8__fma` */
  readonly name: string;
}

const known = new WeakMap<Features, Map<FloatDType, Tiles>>();

/** The tiles for a dtype on these features. */
export function tilesFor(dtype: FloatDType, features: Features): Tiles {
  let tiles = known.get(features)?.get(dtype);
  if (tiles === undefined) {
    tiles = chooseTiles(dtype, features);
    known.set(features, new Map(known.get(features)).set(dtype, tiles));
  }
  return tiles;
}

function chooseTiles(dtype: FloatDType, features: Features): Tiles {
  const element = elementOf(dtype);
  const { fma, relaxedSimd } = features;
  const heights = fma ? [6, 4] : [4];
  const widths = [2 * element.lanes, element.lanes];
  return {
    element,
    heights,
    widths,
    fma,
    spread: relaxedSimd && !fma,
    name: `${element.type}_gemm_${heights[0]}x${widths[0]}__${fma ? 'fma' : 'simd'}`,
  };
}

/** The scalar instructions of an element type, under one static type: the mnemonics used here exist for both. */
export function scalarOf(code: Assembler, element: Element): Assembler['f32'] {
  return code[element.type] as Assembler['f32'];
}

/** A vector with one element of memory in every lane. */
export function loadSplat(code: Assembler, element: Element, address: Operand<'i32'>, offset = 0): Value<'v128'> {
  return element.bytes === 4 ? code.v128.load32_splat(address, offset) : code.v128.load64_splat(address, offset);
}

/** A vector with one element of memory in its first lane and zeros in the others. */
export function loadFirst(code: Assembler, element: Element, address: Operand<'i32'>): Value<'v128'> {
  return element.bytes === 4 ? code.v128.load32_zero(address) : code.v128.load64_zero(address);
}

/** The sum of all lanes of two vectors, in pairs. */
export function sumLanes(code: Assembler, element: Element, a: Local<'v128'>, b: Local<'v128'>): Value<'f32'> {
  const { f32, f64, f32x4, f64x2 } = code;
  if (element.bytes === 4) {
    a.set(f32x4.add(a, b));
    const lane = (i: number) => f32x4.extract_lane(i, a);
    return f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3)));
  }
  a.set(f64x2.add(a, b));
  // The static type stands for either; see scalarOf.
  return f64.add(f64x2.extract_lane(0, a), f64x2.extract_lane(1, a)) as unknown as Value<'f32'>;
}

/** acc += a · b, fused where that is one instruction; the same in strict mode on every machine. */
export function multiplyAdd(
  code: Assembler,
  element: Element,
  fma: boolean,
  acc: Local<'v128'>,
  a: Operand<'v128'>,
  b: Operand<'v128'>,
): void {
  const shape = element.bytes === 4 ? code.f32x4 : code.f64x2;
  acc.set(fma ? shape.relaxed_madd(a, b, acc) : shape.add(acc, shape.mul(a, b)));
}

/** do body() while (--count), where count is at least 1 */
export function repeat(code: Assembler, count: Local<'i32'>, body: () => void): void {
  code.loop((again) => {
    body();
    code.br_if(again, count.tee(code.i32.sub(count, 1)));
  });
}

/**
 * Steps of k in one turn of the loop. With fused multiply-add and one step, the loop's own work costs as much as the
 * products; without, there is time for it.
 */
const UNROLL_FMA = 4;

const MICRO = {
  k: 'i32',
  a: 'i32',
  b: 'i32',
  bRow: 'i32',
  c: 'i32',
  cRow: 'i32',
  init: 'i32',
  initRow: 'i32',
} as const;

/**
 * micro_h×w(k, a, b, bRow, c, cRow, init, initRow): strides in bytes between rows
 *
 *     acc = 0
 *     for p < k:
 *       for i < h, j < w: acc[i][j] += a[p·h + i] · b[p][j]
 *     for i < h, j < w: c[i][j] = acc[i][j] + init[i][j]
 *
 * B is a packed panel (bRow = w elements) or lies in memory as it is. `init` is C itself to accumulate, a row of zeros
 * or of biases with stride 0, or rows of equal biases. It is added at the end, where its way from memory is hidden behind
 * products.
 */
export function emitMicro(code: Assembler, tiles: Tiles, height: number, width: number): Func {
  const { element, fma, spread } = tiles;
  const { bytes, lanes } = element;
  const { i32, v128 } = code;
  const vectors = width / lanes;
  const shape = bytes === 4 ? code.f32x4 : code.f64x2;
  return code.func(`micro_${height}x${width}`, MICRO, [], ({ k, a, b, bRow, c, cRow, init, initRow }) => {
    const acc = Array.from({ length: height }, () => code.locals('v128', vectors));
    const bv = code.locals('v128', vectors);
    const av = code.local('v128');
    const vector = code.local('v128');
    const count = code.local('i32');

    const splat = (i: number, offset: number): Value<'v128'> => {
      if (!spread) return loadSplat(code, element, a, offset);
      const lane = i % lanes;
      if (lane === 0) vector.set(v128.load(a, offset));
      return shape.shuffle(Array(lanes).fill(lane), vector, vector);
    };
    const steps = (times: number) => {
      for (let p = 0; p < times; p++) {
        for (const [j, v] of bv.entries()) v.set(v128.load(b, j * 16));
        code.increase(b, bRow);
        for (const [i, row] of acc.entries()) {
          av.set(splat(i, (p * height + i) * bytes));
          for (const [j, sum] of row.entries()) multiplyAdd(code, element, fma, sum, av, bv[j]);
        }
      }
      code.increase(a, times * height * bytes);
    };
    if (fma) {
      code.if(count.tee(i32.shr_u(k, Math.log2(UNROLL_FMA))), () => repeat(code, count, () => steps(UNROLL_FMA)));
    }
    code.if(count.tee(fma ? i32.and(k, UNROLL_FMA - 1) : k), () => repeat(code, count, () => steps(1)));
    for (const [i, row] of acc.entries()) {
      if (i > 0) {
        code.increase(c, cRow);
        code.increase(init, initRow);
      }
      for (const [j, sum] of row.entries()) v128.store(c, shape.add(sum, v128.load(init, 16 * j)), 16 * j);
    }
  });
}
