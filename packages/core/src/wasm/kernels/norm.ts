/**
 * Kernels of batch normalisation: a linear function for each channel, and the sums that its gradient asks for.
 *
 *     normalise:  out = (x - mean) · scale + shift
 *     sums:       Σ g,  Σ g (x - mean)
 *     gradient:   out = g · scale + ((x - mean) · slope + shift)
 *
 *     rows:     x is [N, C, S]; row r = n C + c is a run of S elements of channel c
 *     columns:  x is [N, C]; neighbouring elements are of neighbouring channels
 *
 * Tables hold a number for each channel, in the dtype of the operands. What a mean loses when it is rounded to float32, the caller
 * puts into the shift, so that results are good where a mean is large beside the spread.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Local } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { Floats } from './floats.ts';
import {
  addWide,
  floatsOf,
  halvesOf,
  loadLanes,
  overGroups,
  overRow,
  pairSum,
  prefixOf,
  storeLanes,
  sumWide,
} from './floats.ts';
import type { Lanes, Vector } from './lanes.ts';
import { lanes } from './lanes.ts';

type Int = Local<'i32'>;

/** What is computed from one operand or two, and from tables. */
export type NormForm = 'normalise' | 'gradient';

/** `f32_normalise_rows` */
export function normName(form: NormForm | 'sums', dtype: FloatDType, along: 'rows' | 'columns'): string {
  return `${prefixOf(dtype)}_${form === 'normalise' ? form : `normalise_${form}`}_${along}`;
}

/** Operands of each form, and tables. */
const FORMS = {
  normalise: { operands: 1, tables: 3 },
  gradient: { operands: 2, tables: 4 },
} as const;

/** (x - mean) · scale + shift, or g · slope + ((x - mean) · scale + shift) */
function resultOf(m: Lanes, operands: readonly Vector[], [mean, scale, shift, slope]: readonly Vector[]): Vector {
  const linear = m.madd(m.sub(operands[0], mean), scale, shift);
  return operands.length === 1 ? linear : m.madd(operands[1], slope, linear);
}

const arithmetic = (floats: Floats, features: Lanes['features']): Lanes =>
  lanes(floats.code, features, floats.isSingle ? 'f32x4' : 'f64x2');

/**
 * `run(rows, first, channels, size, x, g, out, means, scales, shifts, slopes)`: the first row is of channel `first`, and rows follow each
 * other as x has them; `normalise` reads no g and no slopes
 */
export function emitNormRows(form: NormForm, dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', first: 'i32', channels: 'i32', size: 'i32', x: 'i32', g: 'i32', out: 'i32' } as const;
    const tables = { means: 'i32', scales: 'i32', shifts: 'i32', slopes: 'i32' } as const;
    code.export('run', { ...sizes, ...tables }, [], ({ rows, first, channels, size, x, g, out, ...rest }) => {
      const floats = floatsOf(code, dtype);
      const m = arithmetic(floats, features);
      const { bytes, isSingle } = floats;
      const row = code.local('i32');
      const channel = code.local('i32', first);
      const operands = [x, g].slice(0, FORMS[form].operands);
      const used = Object.values(rest).slice(0, FORMS[form].tables);
      const factors = used.map(() => code.local('v128'));
      const moves = [...operands, out].map((p) => [p, bytes] as const);
      code.forRange(row, 0, rows, 1, () => {
        factors.forEach((factor, i) => {
          const at = code.index(used[i], channel, bytes);
          factor.set(isSingle ? code.v128.load32_splat(at) : code.v128.load64_splat(at));
        });
        overGroups(floats, size, 2, moves, (count, one) => {
          for (let i = 0; i < count; i++) {
            const loaded = operands.map((p) => m.keep(loadLanes(floats, p, 16 * i, one)));
            storeLanes(floats, out, resultOf(m, loaded, factors), 16 * i, one);
          }
        });
        code.increase(channel, 1);
        code.if(code.i32.eq(channel, channels), () => channel.set(0));
      });
    });
  };
}

/** `run(rows, m, step, x, g, out, means, scales, shifts, slopes)`; rows lie `step` elements apart */
export function emitNormColumns(form: NormForm, dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', m: 'i32', step: 'i32', x: 'i32', g: 'i32', out: 'i32' } as const;
    const tables = { means: 'i32', scales: 'i32', shifts: 'i32', slopes: 'i32' } as const;
    code.export('run', { ...sizes, ...tables }, [], ({ rows, m: width, step, x, g, out, ...rest }) => {
      const floats = floatsOf(code, dtype);
      const m = arithmetic(floats, features);
      const { bytes } = floats;
      const row = code.local('i32');
      const operands = [x, g].slice(0, FORMS[form].operands);
      const used = Object.values(rest).slice(0, FORMS[form].tables);
      const places = [...operands, out, ...used];
      const pointers = places.map(() => code.local('i32'));
      const moves = pointers.map((p) => [p, bytes] as const);
      const count = operands.length;
      const stepBytes = code.local('i32', code.scale(step, bytes));
      code.forRange(row, 0, rows, 1, () => {
        pointers.forEach((p, i) => {
          p.set(places[i]);
        });
        overRow(floats, width, moves, (one) => {
          const load = (p: Int): Vector => m.keep(loadLanes(floats, p, 0, one));
          const result = resultOf(m, pointers.slice(0, count).map(load), pointers.slice(count + 1).map(load));
          storeLanes(floats, pointers[count], result, 0, one);
        });
        for (const p of [...operands, out]) code.increase(p, stepBytes);
      });
    });
  };
}

const GROUP = 4;

/** `run(rows, first, channels, size, x, g, means, sums, products)`: both sums of each row, as doubles */
export function emitNormSumsRows(dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', first: 'i32', channels: 'i32', size: 'i32', x: 'i32', g: 'i32' } as const;
    code.export('run', { ...sizes, means: 'i32', sums: 'i32', products: 'i32' }, [], (parameters) => {
      const { rows, first, channels, size, x, g, means, sums, products } = parameters;
      const floats = floatsOf(code, dtype);
      const m = arithmetic(floats, features);
      const { bytes, isSingle } = floats;
      const row = code.local('i32');
      const channel = code.local('i32', first);
      const mean = code.local('v128');
      const [s, p] = [code.locals('v128', halvesOf(floats)), code.locals('v128', halvesOf(floats))];
      // What a single element leaves free is 0 in g, and so adds nothing.
      code.forRange(row, 0, rows, 1, () => {
        const at = code.index(means, channel, bytes);
        mean.set(isSingle ? code.v128.load32_splat(at) : code.v128.load64_splat(at));
        for (const sum of [...s, ...p]) sum.set(code.f64x2.const(0));
        overGroups(
          floats,
          size,
          GROUP,
          [
            [x, bytes],
            [g, bytes],
          ],
          (count, one) => {
            const gs = Array.from({ length: count }, (_, i) => m.keep(loadLanes(floats, g, 16 * i, one)));
            const terms = gs.map((v, i) => m.mul(v, m.sub(m.keep(loadLanes(floats, x, 16 * i, one)), mean)));
            addWide(floats, s, pairSum(gs, m.add));
            addWide(floats, p, pairSum(terms, m.add));
          },
        );
        code.f64.store(sums, sumWide(floats, s));
        code.f64.store(products, sumWide(floats, p));
        code.increase(sums, 8);
        code.increase(products, 8);
        code.increase(channel, 1);
        code.if(code.i32.eq(channel, channels), () => channel.set(0));
      });
    });
  };
}

/**
 * `run(rows, m, step, chunk, x, g, means, sums, products)`: both sums of each column, as doubles, for every `chunk` rows. Rows, those
 * of the results too, lie `step` elements apart.
 */
export function emitNormSumsColumns(dtype: FloatDType): Emitter {
  return (code, features) => {
    const sizes = { rows: 'i32', m: 'i32', step: 'i32', chunk: 'i32', x: 'i32', g: 'i32' } as const;
    code.export('run', { ...sizes, means: 'i32', sums: 'i32', products: 'i32' }, [], (parameters) => {
      const { rows, m: width, step, chunk, x, g, means, sums, products } = parameters;
      const { i32 } = code;
      const floats = floatsOf(code, dtype);
      const doubles = floatsOf(code, 'float64');
      const m = arithmetic(floats, features);
      const { bytes } = floats;
      const [i, chunkEnd, groupEnd, mean, sum, product] = code.locals('i32', 6);
      const [xs, gs] = [code.locals('i32', GROUP), code.locals('i32', GROUP)];
      const stepBytes = code.local('i32', code.scale(step, bytes));
      const take = (count: number, fresh: boolean): void => {
        for (const [rowsOf, base] of [
          [xs, x],
          [gs, g],
        ] as const) {
          for (let r = 0; r < count; r++) rowsOf[r].set(r === 0 ? base : i32.add(rowsOf[r - 1], stepBytes));
        }
        mean.set(means);
        sum.set(sums);
        product.set(products);
        const used = [...xs.slice(0, count), ...gs.slice(0, count), mean];
        const moves = [...used.map((p) => [p, bytes] as const), [sum, 8] as const, [product, 8] as const];
        overRow(floats, width, moves, (one) => {
          const load = (p: Int): Vector => m.keep(loadLanes(floats, p, 0, one));
          const center = load(mean);
          const values = gs.slice(0, count).map(load);
          const terms = values.map((v, r) => m.mul(v, m.sub(load(xs[r]), center)));
          for (const [p, list] of [
            [sum, values],
            [product, terms],
          ] as const) {
            const wide = Array.from({ length: one ? 1 : halvesOf(floats) }, (_, half) =>
              code.local('v128', fresh ? code.f64x2.const(0) : loadLanes(doubles, p, 16 * half, one)),
            );
            addWide(floats, wide, pairSum(list, m.add));
            wide.forEach((v, half) => {
              storeLanes(doubles, p, v, 16 * half, one);
            });
          }
        });
        for (const p of [x, g]) code.increase(p, i32.mul(stepBytes, count));
        code.increase(i, count);
      };
      i.set(0);
      code.whileLess(i, rows, () => {
        chunkEnd.set(i32.add(i, chunk));
        chunkEnd.set(code.least(chunkEnd, rows));
        take(1, true);
        groupEnd.set(i32.add(i, i32.and(i32.sub(chunkEnd, i), -GROUP)));
        code.whileLess(i, groupEnd, () => take(GROUP, false));
        code.whileLess(i, chunkEnd, () => take(1, false));
        code.increase(sums, i32.shl(step, 3));
        code.increase(products, i32.shl(step, 3));
      });
    });
  };
}
