/**
 * What batch normalisation in training needs for each channel, from sums over parts of its elements: the numbers that `norm.ts` passes
 * over the elements with, and what becomes of the running statistics and of the gradients of weight and bias.
 *
 *     forward:   mean = m + Σ part count (part mean - m) / count, where m is the first part mean: so shares need not be exact
 *                variance = Σ (part squares + part count (part mean - mean)²) / count;  s = 1/√(variance + eps)
 *     backward:  db = Σ g;  dw = s Σ g (x - mean);  dx = s w (g - db / count - (x - mean) s dw / count)
 *
 * with `count` elements to a channel. All in doubles. It takes a channel no time: but in JavaScript more than its elements take.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { Floats } from './floats.ts';
import { floatsOf, prefixOf, splatDouble, storeLanes } from './floats.ts';

type Int = Local<'i32'>;
type Double = Local<'f64'>;

/** `f32_batchNorm` */
export function batchNormName(dtype: FloatDType, backward: boolean): string {
  return `${prefixOf(dtype)}_batchNorm${backward ? 'Backward' : ''}`;
}

/** The number at a pointer, as a double. */
function scalar({ code, isSingle }: Floats, pointer: Int): Value<'f64'> {
  return isSingle ? code.f64.promote_f32(code.f32.load(pointer)) : code.f64.load(pointer);
}

/** Rounds a double to where a pointer shows. */
function storeScalar(floats: Floats, pointer: Int, x: Double): void {
  storeLanes(floats, pointer, splatDouble(floats, x), 0, true);
}

/**
 * `run(channels, runs, chunks, runStep, chunkStep, channelStep, chunk, last, momentum, eps, partMeans, partSquares, w, b, means, invstds,
 * runningMeans, runningVars, scales, shifts)`: a channel has `runs` runs, each in `chunks` parts of `chunk` elements, the last of `last`.
 * Steps lead from one part to the next in tables of doubles, in bytes. A running statistic at 0 is none. out = (x - means) scales + shifts.
 */
export function emitBatchNorm(dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, f64 } = code;
    const sizes = { channels: 'i32', runs: 'i32', chunks: 'i32' } as const;
    const steps = { runStep: 'i32', chunkStep: 'i32', channelStep: 'i32', chunk: 'f64', last: 'f64' } as const;
    const numbers = { momentum: 'f64', eps: 'f64', partMeans: 'i32', partSquares: 'i32', w: 'i32', b: 'i32' } as const;
    const results = { means: 'i32', invstds: 'i32', runningMeans: 'i32', runningVars: 'i32' } as const;
    const tables = { scales: 'i32', shifts: 'i32' } as const;
    code.export('run', { ...sizes, ...steps, ...numbers, ...results, ...tables }, [], (parameters) => {
      const { channels, runs, chunks, runStep, chunkStep, channelStep, chunk, last, momentum, eps } = parameters;
      const { partMeans, partSquares, w, b, means, invstds, runningMeans, runningVars, scales, shifts } = parameters;
      const floats = floatsOf(code, dtype);
      const { bytes } = floats;
      const [channel, run, left, at, runAt] = code.locals('i32', 5);
      const [mean, base, squares, scale, shift, part, d] = code.locals('f64', 7);
      const count = code.local('f64', f64.convert_i32_u(i32.sub(chunks, i32.const(1))));
      count.set(f64.mul(f64.convert_i32_u(runs), f64.add(f64.mul(count, chunk), last)));
      /** For each part: `body()`, with its place in the tables at `at` and its elements in `part`. */
      const overParts = (body: () => void): void => {
        runAt.set(i32.const(0));
        code.forRange(run, 0, runs, 1, () => {
          at.set(runAt);
          left.set(chunks);
          code.while(
            () => left.get(),
            () => {
              part.set(code.select(last.get(), chunk.get(), i32.eq(left, i32.const(1))));
              body();
              code.increase(at, chunkStep);
              code.decrease(left, i32.const(1));
            },
          );
          code.increase(runAt, runStep);
        });
      };
      const load = (table: Int): Value<'f64'> => f64.load(i32.add(table, at));
      /** running = (1 - momentum) running + momentum d */
      const update = (running: Int): void => {
        code.if(running, () => {
          shift.set(f64.mul(f64.sub(f64.const(1), momentum), scalar(floats, running)));
          d.set(f64.add(shift, f64.mul(momentum, d)));
          storeScalar(floats, running, d);
          code.increase(running, bytes);
        });
      };
      code.forRange(channel, 0, channels, 1, () => {
        base.set(f64.load(partMeans));
        mean.set(f64.const(0));
        overParts(() => {
          d.set(f64.sub(load(partMeans), base));
          mean.set(f64.add(mean, f64.mul(d, f64.div(part, count))));
        });
        mean.set(f64.add(base, mean));
        squares.set(f64.const(0));
        overParts(() => {
          d.set(f64.sub(load(partMeans), mean));
          d.set(f64.mul(f64.mul(part, d), d));
          squares.set(f64.add(squares, f64.add(load(partSquares), d)));
        });
        d.set(mean);
        update(runningMeans);
        d.set(f64.div(squares, f64.sub(count, f64.const(1))));
        update(runningVars);
        scale.set(f64.div(f64.const(1), f64.sqrt(f64.add(f64.div(squares, count), eps))));
        storeScalar(floats, means, mean);
        storeScalar(floats, invstds, scale);
        scale.set(f64.mul(scale, scalar(floats, w)));
        storeScalar(floats, scales, scale);
        // What rounding takes from a mean, the shift makes good.
        shift.set(f64.mul(f64.sub(scalar(floats, means), mean), scale));
        shift.set(f64.add(scalar(floats, b), shift));
        storeScalar(floats, shifts, shift);
        for (const pointer of [partMeans, partSquares]) code.increase(pointer, channelStep);
        for (const pointer of [w, b, means, invstds, scales, shifts]) code.increase(pointer, bytes);
      });
    });
  };
}

/**
 * `run(channels, rows, count, sums, products, w, means, invstds, dw, db, scales, shifts, slopes)`: sums and products are tables of
 * doubles, a row of all channels for each part, which are overwritten. dx = g slopes + (x - means) scales + shifts.
 */
export function emitBatchNormBackward(dtype: FloatDType): Emitter {
  return (code) => {
    const { i32, f64 } = code;
    const sizes = { channels: 'i32', rows: 'i32', count: 'f64', sums: 'i32', products: 'i32', w: 'i32' } as const;
    const others = { invstds: 'i32', dw: 'i32', db: 'i32', scales: 'i32', shifts: 'i32', slopes: 'i32' } as const;
    code.export('run', { ...sizes, ...others }, [], (parameters) => {
      const { channels, rows, count, sums, products, w, invstds, dw, db, scales, shifts, slopes } = parameters;
      const floats = floatsOf(code, dtype);
      const { bytes } = floats;
      const [channel, half, from, end, to] = code.locals('i32', 5);
      const [invstd, slope, sum, product] = code.locals('f64', 4);
      const rowBytes = code.local('i32', i32.shl(channels, 3));
      // Pairwise: the second half of the rows is added to the first, until one is left.
      for (const table of [sums, products]) {
        half.set(rows);
        code.while(
          () => i32.gt_u(half, i32.const(1)),
          () => {
            end.set(i32.add(table, i32.mul(half, rowBytes)));
            half.set(i32.shr_u(i32.add(half, i32.const(1)), i32.const(1)));
            from.set(i32.add(table, i32.mul(half, rowBytes)));
            to.set(table);
            code.whileLess(from, end, () => {
              f64.store(to, f64.add(f64.load(to), f64.load(from)));
              for (const pointer of [from, to]) code.increase(pointer, 8);
            });
          },
        );
      }
      code.forRange(channel, 0, channels, 1, () => {
        invstd.set(scalar(floats, invstds));
        sum.set(f64.load(sums));
        product.set(f64.load(products));
        storeScalar(floats, db, sum);
        slope.set(f64.mul(product, invstd));
        storeScalar(floats, dw, slope);
        slope.set(f64.mul(invstd, scalar(floats, w)));
        storeScalar(floats, slopes, slope);
        product.set(f64.div(f64.mul(f64.mul(f64.mul(f64.neg(slope), invstd), invstd), product), count));
        storeScalar(floats, scales, product);
        sum.set(f64.div(f64.mul(f64.neg(slope), sum), count));
        storeScalar(floats, shifts, sum);
        for (const pointer of [sums, products]) code.increase(pointer, 8);
        for (const pointer of [w, invstds, dw, db, scales, shifts, slopes]) code.increase(pointer, bytes);
      });
    });
  };
}
