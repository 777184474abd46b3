/**
 * Pooling of float32 over windows of 2 × 2 with stride 2, the most common one by far: four outputs from two vectors of
 * either line, without a look at the tables of pool.ts, whose bits these kernels give.
 *
 *     for each plane, each output row, each four outputs (the last four of a line overlap those before):
 *       a, b = elements 0 2 4 6 and 1 3 5 7 of the upper line; c, d = of the lower line
 */

import type { Assembler, Local } from '../assembler.ts';
import type { Emitter } from '../module.ts';

type Int = Local<'i32'>;
type Vector = Local<'v128'>;

/** Outputs at a time: narrower images are left to pool.ts. */
export const PAIRS_WIDTH = 4;

/** `start` is the element of a plane with which the first row of outputs begins. */
const PAIRS = { planes: 'i32', height: 'i32', width: 'i32', start: 'i32', x: 'i32', out: 'i32' } as const;

/**
 * The walk over all outputs. `body` gets the taps in their order, the index of the first output's first tap within the
 * plane, and the number of the first output.
 */
function overPairs(
  code: Assembler,
  { planes, height, width, start, x }: { readonly [K in 'planes' | 'height' | 'width' | 'start' | 'x']: Int },
  body: (taps: readonly Vector[], index: Int, output: Int) => void,
): void {
  const { i32, i32x4, v128 } = code;
  const loaded = code.locals('v128', 4);
  const taps = code.locals('v128', 4);
  const [plane, row, column, upper, lower, index, output, line, last, first] = code.locals('i32', 10);
  const rows = code.local('i32', i32.shr_u(height, 1));
  const columns = code.local('i32', i32.shr_u(width, 1));
  const lineBytes = code.local('i32', code.scale(width, 4));
  last.set(i32.sub(columns, PAIRS_WIDTH));
  const four = () => {
    index.set(i32.add(first, code.scale(column, 2)));
    upper.set(code.index(x, index, 4));
    lower.set(i32.add(upper, lineBytes));
    for (const [i, address] of [upper, upper, lower, lower].entries()) loaded[i].set(v128.load(address, 16 * (i % 2)));
    for (const [i, [low, high]] of [loaded.slice(0, 2), loaded.slice(2)].entries()) {
      taps[2 * i].set(i32x4.shuffle([0, 2, 4, 6], low, high));
      taps[2 * i + 1].set(i32x4.shuffle([1, 3, 5, 7], low, high));
    }
    output.set(i32.add(line, column));
    body(taps, index, output);
  };
  code.forRange(plane, 0, planes, 1, () => {
    first.set(start);
    code.forRange(row, 0, rows, 1, () => {
      code.forRange(column, 0, last, PAIRS_WIDTH, four);
      column.set(last);
      four();
      code.increase(line, columns);
      code.increase(first, code.scale(width, 2));
    });
    code.increase(x, i32.mul(height, lineBytes));
  });
}

/** `run(planes, height, width, start, x, values, indices)`: as `emitMaxPool`: the last NaN, else the first of the largest */
export const emitMaxPairs: Emitter = (code) => {
  const { f32x4, i32x4, v128 } = code;
  const { out: values, ...params } = PAIRS;
  code.export('run', { ...params, values, indices: 'i32' }, [], (locals) => {
    const [best, offset, mask] = code.locals('v128', 3);
    const lane = code.local('v128', i32x4.const(0, 2, 4, 6));
    const below = code.local('v128', i32x4.splat(locals.width));
    const offsets = [
      code.local('v128', i32x4.const(0)),
      code.local('v128', i32x4.const(1)),
      below,
      code.local('v128', i32x4.add(below, i32x4.const(1))),
    ];
    overPairs(code, locals, (taps, index, output) => {
      best.set(taps[0]);
      offset.set(offsets[0]);
      for (const i of [1, 2, 3]) {
        mask.set(v128.or(f32x4.gt(taps[i], best), f32x4.ne(taps[i], taps[i])));
        best.set(v128.bitselect(taps[i], best, mask));
        offset.set(v128.bitselect(offsets[i], offset, mask));
      }
      v128.store(code.index(locals.values, output, 4), best);
      const indices = i32x4.add(i32x4.add(lane, offset), i32x4.splat(index));
      const kept = code.local('v128', indices);
      v128.store(code.index(locals.indices, output, 4), kept);
    });
  });
};

/** `run(planes, height, width, start, x, out, divisor)`: as `emitAvgPool`: summed and divided in float64 */
export const emitAvgPairs: Emitter = (code) => {
  const { f32x4, f64x2, i32x4, v128 } = code;
  code.export('run', { ...PAIRS, divisor: 'f64' }, [], (locals) => {
    const sums = code.locals('v128', 2);
    const by = code.local('v128', f64x2.splat(locals.divisor));
    overPairs(code, locals, (taps, _, output) => {
      for (const [half, sum] of sums.entries()) {
        for (const [i, tap] of taps.entries()) {
          const part = half === 0 ? tap.get() : i32x4.shuffle([2, 3, 2, 3], tap, tap);
          const value = code.local('v128', f64x2.promote_low_f32x4(part));
          sum.set(i === 0 ? value : f64x2.add(sum, value));
        }
        sum.set(f32x4.demote_f64x2_zero(f64x2.div(sum, by)));
      }
      const averages = code.local('v128', i32x4.shuffle([0, 1, 4, 5], ...(sums as [Vector, Vector])));
      v128.store(code.index(locals.out, output, 4), averages);
    });
  });
};
