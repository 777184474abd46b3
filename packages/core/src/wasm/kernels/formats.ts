/** What exp and log need to know of float32 and of float64. Polynomials of float32 are minimax fits by `tools/polynomials.py`. */

import type { Lanes } from './lanes.ts';

export interface Format {
  /** Bits of the fraction, and what is added to exponents. */
  readonly bits: number;
  readonly bias: number;
  /** Added to a float of small size, leaves it rounded to an integer in the low bits: 1.5 · 2^bits. */
  readonly round: number;
  /** ln 2 in two parts, of which the first has so few bits that an exponent times it is exact. */
  readonly ln2: readonly [high: number, low: number];
  /** (e^r - 1 - r) / r² on |r| ≤ ln 2 / 2 */
  readonly exp: readonly number[];
  /** Beyond these, e^x is Infinity and 0; and below the last x e^x is 0. */
  readonly most: number;
  readonly least: number;
  readonly leastOfProduct: number;
  /** √½, the infinity, and the least number that is normal. */
  readonly sqrtHalf: bigint;
  readonly infinity: bigint;
  readonly leastNormal: number;
  /** From here on, tanh of the half is 1. */
  readonly flat: number;
}

const SINGLE: Format = {
  bits: 23,
  bias: 127,
  round: 1.5 * 2 ** 23,
  ln2: [0.693359375, -2.1219444e-4],
  exp: [0.00138145406, 0.00836874545, 0.041668389, 0.166665211, 0.49999994],
  most: 89.4,
  least: -104,
  leastOfProduct: -110,
  sqrtHalf: 0x3f3504f3n,
  infinity: 0x7f800000n,
  leastNormal: 2 ** -126,
  flat: 20,
};

/** 1 / 13!, 1 / 12!, …, 1 / 2!: the series, whose next term is below 2⁻⁵⁷ */
function inverseFactorials(): number[] {
  const terms = [0.5];
  for (let k = 3; k <= 13; k++) terms.unshift(terms[0] / k);
  return terms;
}

const DOUBLE: Format = {
  bits: 52,
  bias: 1023,
  round: 1.5 * 2 ** 52,
  ln2: [0.6931471803691238, 1.9082149292705877e-10],
  exp: /* @__PURE__ */ inverseFactorials(),
  most: 710,
  least: -746,
  leastOfProduct: -755,
  sqrtHalf: 0x3fe6a09e667f3bcdn,
  infinity: 0x7ff0000000000000n,
  leastNormal: 2 ** -1022,
  flat: 40,
};

export function formatOf({ shape }: Lanes): Format {
  return shape === 'f64x2' ? DOUBLE : SINGLE;
}
