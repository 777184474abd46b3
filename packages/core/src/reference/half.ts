/**
 * float16 and bfloat16 as numbers: their bits to values, and values to the nearest of them, ties to the even one.
 *
 * A value passes through float32 on its way, as in PyTorch, where a double is rounded twice. float16 has 5 bits of exponent (bias 15)
 * and 10 of fraction, bfloat16 is the upper half of a float32. Every NaN becomes the same one, with no sign: engines do not keep
 * the bits of NaN as they are. Source: IEEE 754-2008, 3.4 and 4.3.1.
 */

import type { HalfDType } from '../dtype.ts';

const single = /* @__PURE__ */ new Float32Array(1);
const word = /* @__PURE__ */ new Uint32Array(single.buffer);

/** The value of the bits. */
export function halfValue(dtype: HalfDType, bits: number): number {
  if (dtype === 'bfloat16') {
    word[0] = bits << 16;
    return single[0];
  }
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The bits of the nearest value. */
export function halfBits(dtype: HalfDType, value: number): number {
  single[0] = value;
  const all = word[0];
  if (dtype === 'bfloat16') return Number.isNaN(value) ? 0x7fc0 : roundedShift(all, 16);
  if (Number.isNaN(value)) return 0x7e00;
  const sign = (all >>> 16) & 0x8000;
  const magnitude = all & 0x7fffffff;
  if (magnitude >= LEAST_NORMAL) return sign | Math.min(roundedShift(magnitude, 13) - REBIAS, 0x7c00);
  // Beside 0.5, a float32 is as coarse as a subnormal float16: the addition rounds.
  single[0] = Math.abs(single[0]) + 0.5;
  return sign | (word[0] - HALF_BITS);
}

/** 2⁻¹⁴ as the bits of a float32: the least float16 that is normal. */
export const LEAST_NORMAL = 0x38800000;
/** By how much exponents are written lower in a float16, 127 − 15, above its fraction. */
export const REBIAS = 112 << 10;
/** 0.5 as the bits of a float32. */
export const HALF_BITS = 0x3f000000;

/** `x / 2^by`, rounded half to even. */
function roundedShift(x: number, by: number): number {
  return (x + 2 ** (by - 1) - 1 + ((x >>> by) & 1)) >>> by;
}

/** The value as it is in the dtype. */
export function roundToHalf(dtype: HalfDType, value: number): number {
  return halfValue(dtype, halfBits(dtype, value));
}
