/**
 * A chain of plane rotations of the rows of a float64 matrix, which the QR iterations of eigenvalues and singular values make by sweeps:
 *
 *     p = row[0]
 *     for k in 0 … count-1:  row[k] = c[k]·p + s[k]·row[k + 1];  p = c[k]·row[k + 1] - s[k]·p
 *     row[count] = p
 *
 * Columns go together, as many as fill two cache lines, whose p stay in registers: an element is read and written once for each rotation
 * that it takes part in with the row after it. `columns` is a multiple of `COLUMNS`; `step`, from a row to the next, counts bytes.
 */

import type { Emitter } from '../module.ts';

/** Columns that go together. */
export const COLUMNS = 16;
const VECTORS = COLUMNS / 2;

/** `run(columns, count, x, step, turns)`, with the pairs (c, s) at `turns` */
export const emitRotate: Emitter = (code) => {
  const { i32, f64x2, v128 } = code;
  const params = { columns: 'i32', count: 'i32', x: 'i32', step: 'i32', turns: 'i32' } as const;
  code.export('run', params, [], ({ columns, count, x, step, turns }) => {
    const [j, k, to, from, pair] = code.locals('i32', 5);
    const [c, s, next] = code.locals('v128', 3);
    const carried = code.locals('v128', VECTORS);
    code.forRange(j, 0, columns, COLUMNS, () => {
      to.set(x);
      pair.set(turns);
      carried.forEach((p, v) => {
        p.set(v128.load(to, 16 * v));
      });
      code.forRange(k, 0, count, 1, () => {
        c.set(v128.load64_splat(pair));
        s.set(v128.load64_splat(pair, 8));
        from.set(i32.add(to, step));
        carried.forEach((p, v) => {
          next.set(v128.load(from, 16 * v));
          v128.store(to, f64x2.add(f64x2.mul(c, p), f64x2.mul(s, next)), 16 * v);
          p.set(f64x2.sub(f64x2.mul(c, next), f64x2.mul(s, p)));
        });
        to.set(from);
        code.increase(pair, 16);
      });
      carried.forEach((p, v) => {
        v128.store(to, p, 16 * v);
      });
      code.increase(x, 8 * COLUMNS);
    });
  });
};
