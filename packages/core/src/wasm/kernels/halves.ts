/** Float32 lanes computed on in float64: two lanes at a time, rounded once at the end. */

import { type Lanes, lanes, type Vector } from './lanes.ts';

/** `f` of both halves of the operands, in float64; its results, put together again. */
export function eachHalf<const R extends readonly Vector[]>(
  m: Lanes,
  operands: readonly Vector[],
  f: (d: Lanes, operands: readonly Vector[]) => R,
): { -readonly [K in keyof R]: Vector } {
  const { f32x4, f64x2, i32x4 } = m.code;
  const d = lanes(m.code, m.features, 'f64x2');
  const upper = (x: Vector) => m.keep(i32x4.shuffle([2, 3, 2, 3], x, x));
  const [low, high] = [operands, operands.map(upper)].map((half) =>
    f(
      d,
      half.map((x) => m.keep(f64x2.promote_low_f32x4(x))),
    ).map((x) => m.keep(f32x4.demote_f64x2_zero(x))),
  );
  return low.map((x, k) => m.keep(i32x4.shuffle([0, 1, 4, 5], x, high[k]))) as { -readonly [K in keyof R]: Vector };
}
