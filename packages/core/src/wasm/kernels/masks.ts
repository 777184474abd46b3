/**
 * Kernels that make masks and that go by them, over rows of elements (`rows.ts`). A mask is a byte an element, 0 or 1.
 *
 *     test:   out[i] = a[i] < b[i] ? 1 : 0        sixteen at a time, then single ones
 *     where:  out[i] = mask[i] ? a[i] : b[i]      a vector at a time, then single ones; elements of 1, 4 or 8 bytes
 *
 * An operand is a run (`v`) or one element for the whole row (`s`). `f32_lt_vs`, `b4_where_vsv`. `out` of `where` may be `a` or `b`.
 */

import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { ItemBytes } from './copy.ts';
import type { Lanes, Vector } from './lanes.ts';
import { lanes } from './lanes.ts';
import { emitRows } from './rows.ts';

/** What is asked of elements: lanes of ones where it holds. */
const TESTS = {
  eq: { operands: 2, body: (m, [x, y]) => m.eq(x, y) },
  ne: { operands: 2, body: (m, [x, y]) => m.ne(x, y) },
  lt: { operands: 2, body: (m, [x, y]) => m.lt(x, y) },
  le: { operands: 2, body: (m, [x, y]) => m.le(x, y) },
  gt: { operands: 2, body: (m, [x, y]) => m.gt(x, y) },
  ge: { operands: 2, body: (m, [x, y]) => m.ge(x, y) },
  logicalAnd: { operands: 2, body: (m, [x, y]) => m.and(m.ne(x, 0), m.ne(y, 0)) },
  logicalOr: { operands: 2, body: (m, [x, y]) => m.or(m.ne(x, 0), m.ne(y, 0)) },
  logicalXor: { operands: 2, body: (m, [x, y]) => m.xor(m.ne(x, 0), m.ne(y, 0)) },
  logicalNot: { operands: 1, body: (m, [x]) => m.eq(x, 0) },
  isnan: { operands: 1, body: (m, [x]) => m.ne(x, x) },
  isinf: { operands: 1, floats: true, body: (m, [x]) => m.eq(m.abs(x), Number.POSITIVE_INFINITY) },
  isfinite: { operands: 1, floats: true, body: (m, [x]) => m.lt(m.abs(x), Number.POSITIVE_INFINITY) },
} as const satisfies Record<string, Test>;

interface Test {
  readonly operands: 1 | 2;
  /** Not for integers. */
  readonly floats?: true;
  readonly body: (m: Lanes, operands: readonly Vector[]) => Vector;
}

const DTYPES = {
  float32: { prefix: 'f32', shape: 'f32x4', bytes: 4 },
  float64: { prefix: 'f64', shape: 'f64x2', bytes: 8 },
  int32: { prefix: 'i32', shape: 'i32x4', bytes: 4 },
  uint8: { prefix: 'u8', shape: 'i8x16', bytes: 1 },
  bool: { prefix: 'u8', shape: 'i8x16', bytes: 1 },
} as const;

export type TestName = keyof typeof TESTS;
export type TestDType = keyof typeof DTYPES;

export const testNames = Object.keys(TESTS) as readonly TestName[];

export const testOperands = (name: TestName): number => TESTS[name].operands;

/** True when a kernel for this question about elements of this dtype exists. */
export function hasTest(name: string, dtype: string): name is TestName {
  if (!Object.hasOwn(TESTS, name) || !Object.hasOwn(DTYPES, dtype)) return false;
  const { floats = false } = TESTS[name as TestName] as Test;
  return !floats || dtype.startsWith('float');
}

export const testName = (name: TestName, dtype: TestDType, modes: string): string =>
  `${DTYPES[dtype].prefix}_${name}_${modes}`;

/** `run(rows, n, a, …, out, aStep, …, outStep)`, see `emitRows` */
export function emitTest(name: TestName, dtype: TestDType, modes: string): Emitter {
  return (code, features) => {
    const { i32, v128 } = code;
    const { shape, bytes } = DTYPES[dtype];
    const { body }: Test = TESTS[name];
    const m = lanes(code, features, shape);
    emitRows(code, modes.length, 0, () => ({ n, inputs, out }) => {
      const repeated = inputs.map((input, k) => (modes[k] === 's' ? m.keep(loadSplat(code, input, bytes)) : null));
      const runs = inputs.filter((_, k) => modes[k] === 'v');
      const ask = (load: (pointer: Local<'i32'>) => Value<'v128'>): Vector =>
        body(
          m,
          inputs.map((input, k) => repeated[k] ?? m.keep(load(input))),
        );
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -16));
      code.forRange(i, 0, whole, 16, () => {
        const masks = Array.from({ length: bytes }, (_, k) => ask((pointer) => v128.load(pointer, k * 16)));
        v128.store(out, v128.and(narrow(code, masks), code.constant('i8x16', 1)));
        for (const run of runs) code.increase(run, 16 * bytes);
        code.increase(out, 16);
      });
      code.whileLess(i, n, () => {
        const mask = ask((pointer) => loadSplat(code, pointer, bytes));
        i32.store8(out, i32.and(code.i32x4.extract_lane(0, mask), 1));
        for (const run of runs) code.increase(run, bytes);
        code.increase(out, 1);
        code.increase(i, 1);
      });
    });
  };
}

/** The element at a pointer in every lane. */
function loadSplat({ v128 }: Assembler, pointer: Local<'i32'>, bytes: ItemBytes): Value<'v128'> {
  return bytes === 8
    ? v128.load64_splat(pointer)
    : bytes === 4
      ? v128.load32_splat(pointer)
      : v128.load8_splat(pointer);
}

/** Masks of sixteen lanes in all, as bytes. */
function narrow({ i16x8, i32x4, i8x16 }: Assembler, masks: readonly Vector[]): Value<'v128'> {
  if (masks.length === 1) return masks[0].get();
  const four = (k: number): Value<'v128'> =>
    masks.length === 4 ? masks[k].get() : i32x4.shuffle([0, 2, 4, 6], masks[2 * k], masks[2 * k + 1]);
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(four(0), four(1)), i16x8.narrow_i32x4_s(four(2), four(3)));
}

/** `modes` are those of the mask, of a and of b. */
export const whereName = (bytes: ItemBytes, modes: string): string => `b${bytes}_where_${modes}`;

/** `run(rows, n, mask, a, b, out, maskStep, aStep, bStep, outStep)`, see `emitRows` */
export function emitWhere(bytes: ItemBytes, modes: string): Emitter {
  return (code, features) => {
    const { i32, v128 } = code;
    const m = lanes(code, features, 'i8x16');
    const isRun = (k: number): boolean => modes[k] === 'v';
    emitRows(code, 3, 0, () => ({ n, inputs: [mask, a, b], out }) => {
      const repeated = [a, b].map((pointer, k) => (isRun(k + 1) ? null : m.keep(loadSplat(code, pointer, bytes))));
      const single = (): Vector => m.ne(m.keep(v128.load8_splat(mask)), 0);
      const all = isRun(0) ? null : single();
      const value = (k: 0 | 1, load: (pointer: Local<'i32'>) => Value<'v128'>): Vector =>
        repeated[k] ?? m.keep(load(k === 0 ? a : b));
      const advance = (elements: number): void => {
        if (isRun(0)) code.increase(mask, elements);
        if (isRun(1)) code.increase(a, elements * bytes);
        if (isRun(2)) code.increase(b, elements * bytes);
        code.increase(out, elements * bytes);
      };
      const i = code.local('i32');
      const whole = code.local('i32', i32.and(n, -16));
      code.forRange(i, 0, whole, 16, () => {
        const tests = all === null ? widen(code, bytes, m.ne(m.keep(v128.load(mask)), 0)) : null;
        for (let k = 0; k < bytes; k++) {
          const load = (pointer: Local<'i32'>): Value<'v128'> => v128.load(pointer, 16 * k);
          v128.store(out, m.choose(tests?.[k] ?? (all as Vector), value(0, load), value(1, load)), 16 * k);
        }
        advance(16);
      });
      code.whileLess(i, n, () => {
        // one element, in every lane
        const load = (pointer: Local<'i32'>): Value<'v128'> => loadSplat(code, pointer, bytes);
        const result = m.choose(all ?? single(), value(0, load), value(1, load));
        if (bytes === 8) v128.store64_lane(0, out, result);
        else if (bytes === 4) v128.store32_lane(0, out, result);
        else v128.store8_lane(0, out, result);
        advance(1);
        code.increase(i, 1);
      });
    });
  };
}

type Widening = (x: Vector) => Value<'v128'>;

/** Sixteen bytes of ones or zeros as vectors of elements of `bytes`, each of ones or zeros. */
function widen(code: Assembler, bytes: ItemBytes, mask: Vector): Vector[] {
  const { i16x8, i32x4, i64x2 } = code;
  let vectors = [mask];
  const widenings: readonly [bytes: number, low: Widening, high: Widening][] = [
    [2, (x) => i16x8.extend_low_i8x16_s(x), (x) => i16x8.extend_high_i8x16_s(x)],
    [4, (x) => i32x4.extend_low_i16x8_s(x), (x) => i32x4.extend_high_i16x8_s(x)],
    [8, (x) => i64x2.extend_low_i32x4_s(x), (x) => i64x2.extend_high_i32x4_s(x)],
  ];
  for (const [width, low, high] of widenings) {
    if (width <= bytes) vectors = vectors.flatMap((x) => [code.local('v128', low(x)), code.local('v128', high(x))]);
  }
  return vectors;
}
