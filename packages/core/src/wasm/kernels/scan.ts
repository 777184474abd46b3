/**
 * Running sums and products along lines, in double precision, rounded when stored, as `reference/scan.ts` makes them. Strides count
 * bytes.
 *
 *     for every line:  acc = 0 or 1;  for i in 0 … n-1:  acc = acc op x[i];  out[i] = acc
 *
 * Lines that lie side by side go together, as many as fill a cache line, so that each is fetched once; the others one by one, which
 * is as fast as one addition after the other can be. A kernel's name is its identity: `f32_cumsum`.
 */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Assembler, Local } from '../assembler.ts';
import type { Emitter } from '../module.ts';

export type ScanName = 'cumsum' | 'cumprod';

export const scanName = (name: ScanName, dtype: FloatDType): string => `${dtype === 'float32' ? 'f32' : 'f64'}_${name}`;

/** Vectors of two lines that go together. */
const VECTORS = 8;

/** `run(lines, n, x, out, xLine, outLine, xStep, outStep)` */
export function emitScan(name: ScanName, dtype: FloatDType): Emitter {
  return (code) => {
    const { i32 } = code;
    const bytes = itemBytes(dtype);
    const params = {
      lines: 'i32',
      n: 'i32',
      x: 'i32',
      out: 'i32',
      xLine: 'i32',
      outLine: 'i32',
      xStep: 'i32',
      outStep: 'i32',
    } as const;
    const together = 2 * VECTORS;
    code.export('run', params, [], ({ lines, n, x, out, xLine, outLine, xStep, outStep }) => {
      const [l, i, from, to, whole] = code.locals('i32', 5);
      const each = (body: () => void): void => {
        from.set(x);
        to.set(out);
        code.forRange(i, 0, n, 1, () => {
          body();
          code.increase(from, xStep);
          code.increase(to, outStep);
        });
      };
      const advance = (count: number): void => {
        code.increase(x, i32.mul(xLine, count));
        code.increase(out, i32.mul(outLine, count));
      };
      code.if(i32.and(i32.eq(xLine, bytes), i32.eq(outLine, bytes)), () => whole.set(i32.and(lines, -together)));
      code.forRange(l, 0, whole, together, () => {
        sideBySide(code, name, dtype, from, to, each);
        advance(together);
      });
      code.whileLess(l, lines, () => {
        oneLine(code, name, dtype, from, to, each);
        advance(1);
        code.increase(l, 1);
      });
    });
  };
}

type Each = (body: () => void) => void;

function sideBySide(
  code: Assembler,
  name: ScanName,
  dtype: FloatDType,
  from: Local<'i32'>,
  to: Local<'i32'>,
  each: Each,
): void {
  const { f32x4, f64x2, v128 } = code;
  const sums = code.locals('v128', VECTORS);
  const pair = 2 * itemBytes(dtype);
  for (const sum of sums) sum.set(f64x2.const(name === 'cumsum' ? 0 : 1));
  each(() => {
    sums.forEach((sum, k) => {
      const value =
        dtype === 'float64' ? v128.load(from, k * pair) : f64x2.promote_low_f32x4(v128.load64_zero(from, k * pair));
      sum.set(name === 'cumsum' ? f64x2.add(value, sum) : f64x2.mul(value, sum));
      if (dtype === 'float64') v128.store(to, sum, k * pair);
      else v128.store64_lane(0, to, f32x4.demote_f64x2_zero(sum), k * pair);
    });
  });
}

function oneLine(
  code: Assembler,
  name: ScanName,
  dtype: FloatDType,
  from: Local<'i32'>,
  to: Local<'i32'>,
  each: Each,
): void {
  const { f32, f64 } = code;
  const sum = code.local('f64');
  sum.set(name === 'cumsum' ? 0 : 1);
  each(() => {
    const value = dtype === 'float64' ? f64.load(from) : f64.promote_f32(f32.load(from));
    sum.set(name === 'cumsum' ? f64.add(value, sum) : f64.mul(value, sum));
    if (dtype === 'float64') f64.store(to, sum);
    else f32.store(to, f32.demote_f64(sum));
  });
}
