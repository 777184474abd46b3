/**
 * Elements at places that an index names: a walk over planes, in which an index turns into a distance. Strides count bytes. Indices
 * have been checked; negative ones count from the end, that is, from `wrap`.
 *
 *     for r in 0 … rows-1:  for c in 0 … columns-1:
 *       j = index[r ir + c ic];  x' = x + r xr + c xc + scale (j < 0 ? j + wrap : j);  y' = y + r yr + c yc
 *       take: *y' = *x'        put: *x' = *y'        add: *x' += alpha *y'        combine: *y' += x'
 *
 * Where the index stands still along rows whose elements are adjacent in x and y, whole rows are moved or added. Sums are made in
 * double precision and rounded for every term, as the loops of `reference/index.ts` do.
 *
 *     range: 0 if an entry lies outside [least, size), else 2 if one is negative, else 1
 *
 * A kernel's name is its identity: `b4_take_i64` moves elements of 4 bytes by an index of int64, `b4_take_i64_wrap` by one with
 * negative entries, `f64_add_f32_i32` adds float32 to float64.
 */

import { type FloatDType, itemBytes } from '../../dtype.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';
import type { ItemBytes } from './copy.ts';
import { copyRow, load, store } from './copy.ts';

export type IndexDType = 'int32' | 'int64';

/** Elements to a turn of the loop. */
const TURN = 8;

type Pointer = Local<'i32'>;
type Count = Local<'i32'>;

const suffix = (index: IndexDType, wraps = false): string =>
  (index === 'int32' ? 'i32' : 'i64') + (wraps ? '_wrap' : '');
const short = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

export const moveAtName = (bytes: ItemBytes, form: 'take' | 'put', index: IndexDType, wraps: boolean): string =>
  `b${bytes}_${form}_${suffix(index, wraps)}`;
export const addAtName = (x: FloatDType, y: FloatDType, index: IndexDType, wraps: boolean): string =>
  `${short(x)}_add_${short(y)}_${suffix(index, wraps)}`;
export const combineName = (index: IndexDType): string => `combine_${suffix(index)}`;
export const rangeName = (index: IndexDType): string => `${suffix(index)}_range`;

/** `run(rows, columns, x, index, y, xr, ir, yr, xc, ic, yc, scale, wrap, 1)` */
export function emitMoveAt(bytes: ItemBytes, form: 'take' | 'put', index: IndexDType, wraps: boolean): Emitter {
  return (code) => {
    walk(code, index, wraps, bytes, bytes, {
      element: (x, xOffset, y, yOffset) => {
        if (form === 'take') store(code, bytes, y, load(code, bytes, x, xOffset), yOffset);
        else store(code, bytes, x, load(code, bytes, y, yOffset), xOffset);
      },
      row: (columns, x, y) => {
        const [from, to] = form === 'take' ? [x, y] : [y, x];
        copyRow(code, bytes, code.local('i32', code.scale(columns, bytes)), from, to);
      },
    });
  };
}

/** `run(rows, columns, x, index, y, xr, ir, yr, xc, ic, yc, scale, wrap, alpha)`; y is x's dtype, or float32 */
export function emitAddAt(xType: FloatDType, yType: FloatDType, index: IndexDType, wraps: boolean): Emitter {
  return (code) => {
    const { f64 } = code;
    walk(code, index, wraps, itemBytes(xType), itemBytes(yType), {
      element: (x, xOffset, y, yOffset, alpha) => {
        const sum = f64.add(loadDouble(code, xType, x, xOffset), f64.mul(alpha, loadDouble(code, yType, y, yOffset)));
        storeDouble(code, xType, x, sum, xOffset);
      },
      row: (columns, x, y) => addRow(code, xType, yType, columns, x, y),
    });
  };
}

/** `run(rows, columns, 0, index, y, 0, ir, yr, 0, ic, yc, scale, wrap, 0)`: distances are added up in int32 */
export function emitCombine(index: IndexDType): Emitter {
  return (code) => {
    const { i32 } = code;
    walk(code, index, true, 4, 4, {
      element: (place, _, y, yOffset) => i32.store(y, i32.add(i32.load(y, yOffset), place), yOffset),
      row: () => {},
    });
  };
}

interface Bodies {
  /** For the elements at so many bytes after x and y. */
  element(x: Pointer, xOffset: number, y: Pointer, yOffset: number, alpha: Local<'f64'>): void;
  /** For as many adjacent elements, with an alpha of 1. The pointers may be moved. */
  row(columns: Count, x: Pointer, y: Pointer): void;
}

function walk(
  code: Assembler,
  indexType: IndexDType,
  wraps: boolean,
  xBytes: number,
  yBytes: number,
  bodies: Bodies,
): void {
  const { i32, f64 } = code;
  const params = {
    rows: 'i32',
    columns: 'i32',
    x: 'i32',
    index: 'i32',
    y: 'i32',
    xr: 'i32',
    ir: 'i32',
    yr: 'i32',
    xc: 'i32',
    ic: 'i32',
    yc: 'i32',
    scale: 'i32',
    wrap: 'i32',
    alpha: 'f64',
  } as const;
  code.export('run', params, [], ({ rows, columns, x, index, y, xr, ir, yr, xc, ic, yc, scale, wrap, alpha }) => {
    const [r, c, p, i, q, j, place] = code.locals('i32', 7);
    const indexBytes = itemBytes(indexType);
    const find = (from: Pointer, at: Pointer, k = 0): void => {
      // Of an int64 that is in range, the low half.
      j.set(i32.load(at, k * indexBytes));
      if (wraps) j.set(i32.add(j, i32.and(i32.shr_s(j, 31), wrap)));
      place.set(i32.add(from, i32.mul(j, scale)));
    };
    const areRows = i32.and(i32.and(i32.eqz(ic), i32.eq(xc, xBytes)), i32.and(i32.eq(yc, yBytes), f64.eq(alpha, 1)));
    const byRows = code.local('i32', areRows);
    // Where the index and y are runs, as they nearly always are, and x stands still or is one, several elements make a turn.
    const dense = code.local('i32');
    code.if(i32.and(i32.eq(ic, indexBytes), i32.eq(yc, yBytes)), () =>
      code.if(i32.or(i32.eqz(xc), i32.eq(xc, xBytes)), () => dense.set(i32.and(columns, -TURN))),
    );
    const turns = (step: number): void =>
      code.forRange(c, 0, dense, TURN, () => {
        for (let k = 0; k < TURN; k++) {
          find(p, i, k);
          bodies.element(place, k * step, q, k * yBytes, alpha);
        }
        if (step > 0) code.increase(p, TURN * step);
        code.increase(i, TURN * indexBytes);
        code.increase(q, TURN * yBytes);
      });
    code.forRange(r, 0, rows, 1, () => {
      q.set(y);
      code.if(
        byRows,
        () => {
          find(x, index);
          bodies.row(columns, place, q);
        },
        () => {
          p.set(x);
          i.set(index);
          code.if(
            xc,
            () => turns(xBytes),
            () => turns(0),
          );
          code.whileLess(c, columns, () => {
            find(p, i);
            bodies.element(place, 0, q, 0, alpha);
            code.increase(p, xc);
            code.increase(i, ic);
            code.increase(q, yc);
            code.increase(c, 1);
          });
        },
      );
      code.increase(x, xr);
      code.increase(index, ir);
      code.increase(y, yr);
    });
  });
}

function loadDouble({ f32, f64 }: Assembler, dtype: FloatDType, pointer: Pointer, offset = 0): Value<'f64'> {
  return dtype === 'float64' ? f64.load(pointer, offset) : f64.promote_f32(f32.load(pointer, offset));
}

function storeDouble(
  { f32, f64 }: Assembler,
  dtype: FloatDType,
  pointer: Pointer,
  value: Operand<'f64'>,
  offset = 0,
): void {
  if (dtype === 'float64') f64.store(pointer, value, offset);
  else f32.store(pointer, f32.demote_f64(value), offset);
}

/** x[c] += y[c]. A sum of two float32 is the same in both precisions. */
function addRow(code: Assembler, xType: FloatDType, yType: FloatDType, columns: Count, x: Pointer, y: Pointer): void {
  const { i32, f64, f32x4, f64x2, v128 } = code;
  const lanes = xType === 'float32' ? 4 : 2;
  const c = code.local('i32');
  const whole = code.local('i32', i32.and(columns, -lanes));
  const advance = (elements: number): void => {
    code.increase(x, elements * itemBytes(xType));
    code.increase(y, elements * itemBytes(yType));
  };
  code.forRange(c, 0, whole, lanes, () => {
    if (xType === 'float32') v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
    else {
      const pair = yType === 'float64' ? v128.load(y) : f64x2.promote_low_f32x4(v128.load64_zero(y));
      v128.store(x, f64x2.add(pair, v128.load(x)));
    }
    advance(lanes);
  });
  code.whileLess(c, columns, () => {
    storeDouble(code, xType, x, f64.add(loadDouble(code, xType, x), loadDouble(code, yType, y)));
    advance(1);
    code.increase(c, 1);
  });
}

/**
 * `run(rows, columns, index, ir, ic, least, size, found)`: an entry v is in range where neither v - least nor size - 1 - v is negative.
 * Returns, and stores at `found` unless that is 0: 0 if one is not in range, else 2 if one is negative, else 1.
 * A difference that overflows is negative as well, where least ≤ 0 < size ≤ 2³⁰.
 */
export function emitRange(index: IndexDType): Emitter {
  return (code) => {
    const { i32, v128 } = code;
    const bytes = itemBytes(index);
    const shape = index === 'int32' ? code.i32x4 : code.i64x2;
    const params = {
      rows: 'i32',
      columns: 'i32',
      index: 'i32',
      ir: 'i32',
      ic: 'i32',
      least: 'i32',
      size: 'i32',
      found: 'i32',
    } as const;
    code.export('run', params, ['i32'], ({ rows, columns, index: from, ir, ic, least, size, found }) => {
      const splat = (x: Local<'i32'>): Local<'v128'> =>
        code.local('v128', index === 'int32' ? code.i32x4.splat(x) : code.i64x2.splat(code.i64.extend_i32_s(x)));
      const [low, last] = [splat(least), splat(code.local('i32', i32.sub(size, 1)))];
      const [outside, signs, v] = code.locals('v128', 3);
      const [r, c, i, whole] = code.locals('i32', 4);
      const look = (values: Value<'v128'>): void => {
        v.set(values);
        outside.set(v128.or(outside, v128.or(shape.sub(v, low), shape.sub(last, v))));
        signs.set(v128.or(signs, v));
      };
      const lanes = 16 / bytes;
      code.if(i32.eq(ic, bytes), () => whole.set(i32.and(columns, -TURN * lanes)));
      code.forRange(r, 0, rows, 1, () => {
        i.set(from);
        code.forRange(c, 0, whole, TURN * lanes, () => {
          for (let k = 0; k < TURN; k++) look(v128.load(i, 16 * k));
          code.increase(i, 16 * TURN);
        });
        code.whileLess(c, columns, () => {
          look(bytes === 4 ? v128.load32_splat(i) : v128.load64_splat(i));
          code.increase(i, ic);
          code.increase(c, 1);
        });
        code.increase(from, ir);
      });
      const isMixed = i32.ne(shape.bitmask(signs), 0);
      const kind = code.local('i32', i32.add(isMixed, 1));
      code.if(shape.bitmask(outside), () => kind.set(0));
      code.if(found, () => i32.store(found, kind));
      kind.get();
    });
  };
}
