/**
 * Packing: a panel of `width` rows (or columns) of a strided matrix becomes `k` groups of `width` neighbouring
 * elements, the order in which a micro-kernel reads them.
 *
 *     packRows_w(k, kStep, out, p0 … p(w−1)):  out[p·w + i] = p_i[p · kStep]        i < w, p < k
 *     pack_w(k, count, from, step, kStep, out): the same with p_i = from + min(i, count − 1) · step
 *
 * A panel at the edge repeats its last row: what is computed from the repetition is never stored.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import type { Element } from './gemm-micro.ts';
import { repeat, scalarOf } from './gemm-micro.ts';

/** The packing functions for panels of one width. */
export interface PackFuncs {
  readonly packRows: Func;
  readonly pack: Func;
}

/** Steps and pointers are in bytes. */
export function emitPack(code: Assembler, element: Element, width: number): PackFuncs {
  const packRows = emitPackRows(code, element, width);
  return { packRows, pack: emitPackPanel(code, element, width, packRows) };
}

function emitPackRows(code: Assembler, element: Element, width: number): Func {
  const { i32 } = code;
  const { bytes, lanes } = element;
  const names = Array.from({ length: width }, (_, i) => `p${i}`);
  const params: Record<string, 'i32'> = { k: 'i32', kStep: 'i32', out: 'i32' };
  for (const name of names) params[name] = 'i32';
  return code.func(`packRows_${width}`, params, [], (all) => {
    const { k, kStep, out } = all;
    const rows = names.map((name) => all[name]);
    const scalar = scalarOf(code, element);
    const count = code.local('i32');
    const left = code.local('i32', k);
    const advance = (by: Local<'i32'> | number, groups: number) => {
      for (const row of rows) code.increase(row, by);
      code.increase(out, groups * width * bytes);
    };
    // Elements that follow each other along k are read as vectors and transposed.
    code.if(i32.eq(kStep, bytes), () => {
      code.if(count.tee(i32.shr_u(k, Math.log2(lanes))), () => {
        const vectors = code.locals('v128', 4);
        repeat(code, count, () => {
          for (let first = 0; first < width; first += lanes) {
            transpose(code, element, rows.slice(first, first + lanes), vectors, out, width, first);
          }
          advance(16, lanes);
        });
      });
      left.set(i32.and(k, lanes - 1));
    });
    code.if(left, () => {
      repeat(code, left, () => {
        for (const [i, row] of rows.entries()) scalar.store(out, scalar.load(row), i * bytes);
        advance(kStep, 1);
      });
    });
  });
}

/** Reads one vector along k from each row and stores their columns at out[p·width + first]. */
function transpose(
  code: Assembler,
  element: Element,
  rows: readonly Local<'i32'>[],
  v: readonly Local<'v128'>[],
  out: Local<'i32'>,
  width: number,
  first: number,
): void {
  const { v128, i32x4, i64x2 } = code;
  const { bytes } = element;
  const at = (p: number) => (p * width + first) * bytes;
  const [v0, v1, v2, v3] = v;
  for (const [i, row] of rows.entries()) v[i].set(v128.load(row));
  if (element.lanes === 2) {
    v128.store(out, i64x2.shuffle([0, 2], v0, v1), at(0));
    v128.store(out, i64x2.shuffle([1, 3], v0, v1), at(1));
    return;
  }
  const low = [0, 4, 1, 5];
  const high = [2, 6, 3, 7];
  if (rows.length === 2) {
    v2.set(i32x4.shuffle(low, v0, v1));
    v3.set(i32x4.shuffle(high, v0, v1));
    for (let p = 0; p < 4; p++) v128.store64_lane(p & 1, out, p < 2 ? v2 : v3, at(p));
    return;
  }
  const high01 = i32x4.shuffle(high, v0, v1);
  v0.set(i32x4.shuffle(low, v0, v1));
  v1.set(high01);
  const high23 = i32x4.shuffle(high, v2, v3);
  v2.set(i32x4.shuffle(low, v2, v3));
  v3.set(high23);
  v128.store(out, i64x2.shuffle([0, 2], v0, v2), at(0));
  v128.store(out, i64x2.shuffle([1, 3], v0, v2), at(1));
  v128.store(out, i64x2.shuffle([0, 2], v1, v3), at(2));
  v128.store(out, i64x2.shuffle([1, 3], v1, v3), at(3));
}

function emitPackPanel(code: Assembler, element: Element, width: number, packRows: Func): Func {
  const { i32, v128 } = code;
  const { bytes } = element;
  const params = { k: 'i32', count: 'i32', from: 'i32', step: 'i32', kStep: 'i32', out: 'i32' } as const;
  return code.func(`pack_${width}`, params, [], ({ k, count, from, step, kStep, out }) => {
    const contiguous = i32.and(i32.eq(step, bytes), i32.eq(count, width));
    code.if(
      i32.and(contiguous, i32.ne(k, 0)),
      () => {
        repeat(code, k, () => {
          for (let at = 0; at < width * bytes; at += 16) {
            if (width * bytes - at >= 16) v128.store(out, v128.load(from, at), at);
            else v128.store64_lane(0, out, v128.load64_zero(from, at), at);
          }
          code.increase(from, kStep);
          code.increase(out, width * bytes);
        });
      },
      () => {
        const last = code.local('i32', i32.sub(count, 1));
        const rows = Array.from({ length: width }, (_, i) => {
          if (i === 0) return from;
          return code.local('i32', i32.add(from, i32.mul(code.least(i, last), step)));
        });
        code.call(packRows, k, kStep, out, ...rows);
      },
    );
  });
}
