/** Doubles taken apart: their exponents, and products with what rounding took from them. */

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Where the high half of a double lies in `words`: byte order is the machine's. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;

export const doubleParts = {
  /** The power of two below or at a normal, positive x. */
  exponent(x: number): number {
    double[0] = x;
    return (words[HIGH] >>> 20) - 1023;
  },
  /** The double with this biased exponent and no further bits. */
  make(biased: number): number {
    words[HIGH] = biased << 20;
    words[1 - HIGH] = 0;
    return double[0];
  },
};

/** 2^27 + 1: splits a double into two halves of 26 bits (Dekker). */
const SPLITTER = 134217729;

/** a · b as a rounded product and what rounding took from it; for factors below 2^990. */
export function splitProduct(a: number, b: number): readonly [number, number] {
  const product = a * b;
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return [product, aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)];
}
