/**
 * Fused multiply-add in plain JavaScript: `a * b + c` rounded once.
 *
 * PyTorch's AVX2 kernels are compiled so that `x * (to - from) + from` becomes one instruction; two roundings would
 * differ in half of the results of `uniform_(-0.1, 0.1)`. The method is Boldo and Melquiond's ("Emulation of a FMA and
 * correctly-rounded sums: proved algorithms using rounding to odd", IEEE Transactions on Computers 57(4), 2008): an
 * inexact intermediate sum is rounded to the neighbour with an odd last bit, which no later rounding can mistake for a
 * tie. Left out: operands whose products or residues leave the range of normal doubles.
 */

const scratch = new Float64Array(1);
const words = new Int32Array(scratch.buffer);
/** Where the low half of a double lies in `words`: byte order is the machine's. */
const LOW = /* @__PURE__ */ (() => (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1))();

/** 2^27 + 1: splits a double into two halves of 26 bits. */
const SPLITTER = 134217729;

/** Above this, `SPLITTER * x` would overflow. */
const SPLIT_LIMIT = 2 ** 990;

/** `a + b` rounded to odd: exact, or else the one of the two neighbouring doubles whose last bit is 1. */
function addToOdd(a: number, b: number): number {
  const sum = a + b;
  const bPart = sum - a;
  const error = a - (sum - bPart) + (b - bPart);
  if (error === 0) return sum;
  scratch[0] = sum;
  const low = words[LOW];
  if ((low & 1) === 0) {
    if (error > 0 === sum > 0) {
      words[LOW] = low + 1;
    } else {
      words[LOW] = low - 1;
      if (low === 0) words[1 - LOW]--;
    }
  }
  return scratch[0];
}

/**
 * `a * b + c` for float32 operands, rounded once to float32.
 *
 * The product of two float32 is exact in double precision, so only the sum needs care.
 */
export function fma32(a: number, b: number, c: number): number {
  return Math.fround(addToOdd(a * b, c));
}

/** `a * b + c` rounded once to double; beyond 2^990, where splitting would overflow, rounded twice. */
export function fma64(a: number, b: number, c: number): number {
  const product = a * b;
  if (Math.abs(a) > SPLIT_LIMIT || Math.abs(b) > SPLIT_LIMIT || Math.abs(product) > SPLIT_LIMIT) return product + c;
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  // product + residue = a * b, exactly (Dekker).
  const residue = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  // top + rest = c + residue, exactly (Knuth).
  const top = c + residue;
  const residuePart = top - c;
  const rest = c - (top - residuePart) + (residue - residuePart);
  // high + low = product + top, exactly; what is left over decides the rounding through its odd bit.
  const high = product + top;
  const topPart = high - product;
  const low = product - (high - topPart) + (top - topPart);
  return high + addToOdd(rest, low);
}
