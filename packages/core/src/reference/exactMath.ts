/**
 * The elementary functions in plain arithmetic, so that every runtime gives the same bits: ECMAScript leaves the last digits of
 * `Math.exp` and its kin to the engines, and they differ. What it defines exactly (`sqrt`, `floor`, `fround`…) is used as it is.
 *
 * Each function reduces its argument, evaluates a Taylor series there, and adds what reduction and rounding left over where
 * it counts (Cody and Waite, "Software Manual for the Elementary Functions", 1980; Dekker's products, 1971). exp, exp2, expm1, log,
 * log1p, log2, sin, cos and pow are within 1 ulp of what the engines compute, log10 and tan within 2, the others within 3; the
 * test sweeps them.
 */

const { abs, round, sqrt } = Math;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Where the high half of a double lies in `words`: byte order is the machine's. */
const HIGH = /* @__PURE__ */ (() => (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0))();

// Functions with more than one result leave the others here: lists and objects would cost more than the arithmetic.
/** What rounding took from the product of `splitProduct`, from the sum of `logPair`, from the angle of `reduceAngle`. */
let rest = 0;
/** The exponent that `split` took off, and the quarter turns that `reduceAngle` did. */
let taken = 0;

/** 2^27 + 1: splits a double into two halves of 26 bits (Dekker). */
const SPLITTER = 134217729;

/** a · b, and in `rest` what rounding took from it; for factors below 2^990 */
function splitProduct(a: number, b: number): number {
  const product = a * b;
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  rest = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  return product;
}

/** ln 2 and π/2 in parts of 32 and 33 bits, whose products with a small integer are exact, and the rest. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const HALF_PI_1 = 1.5707963267341256;
const HALF_PI_2 = 6.077100506303966e-11;
const HALF_PI_3 = 2.0222662487959506e-21;
/** Constants as the nearest double, and what is missing. */
const HALF_PI = 1.5707963267948966;
const HALF_PI_REST = 6.123233995736766e-17;
const LN2_REST = 2.3190468138462996e-17;
const LOG10E_REST = 1.098319650216765e-17;
const LOG2E_REST = 2.0355273740931033e-17;
const TWO_THIRDS = 2 / 3;
const TWO_THIRDS_REST = 3.700743415417188e-17;

const EXP_MOST = 709.782712893384;
const EXP_LEAST = -745.1332191019412;

/** Coefficients of series, the highest power first. */
function series(from: number, to: number, step: number, coefficient: (n: number) => number): number[] {
  const list: number[] = [];
  for (let n = from; n <= to; n += step) list.unshift(coefficient(n));
  return list;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

const sign = (n: number): number => ((n >> 1) % 2 === 0 ? 1 : -1);
/** (e^r - 1 - r) / r² */
const EXP_SERIES = series(2, 14, 1, (n) => 1 / factorial(n));
/** (sin r - r) / r³ and (cos r - 1 + r²/2) / r⁴, in r² */
const SIN_SERIES = series(3, 19, 2, (n) => sign(n) / factorial(n));
const COS_SERIES = series(4, 18, 2, (n) => sign(n) / factorial(n));
/** (log((1 + s) / (1 - s)) - 2 s) / s³, in s² */
const LOG_SERIES = series(3, 23, 2, (n) => 2 / n);
/** The same without its first term, over s⁵ */
const LOG_TAIL = LOG_SERIES.slice(0, -1);

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++) sum = sum * x + coefficients[i];
  return sum;
}

/** 2^k, for a normal result */
function power2(k: number): number {
  words[HIGH] = (k + 1023) << 20;
  words[1 - HIGH] = 0;
  return double[0];
}

/** x · 2^k, rounded once, for 1 ≤ x ≤ 2 or thereabouts */
function scale(x: number, k: number): number {
  if (k > 1023) return x * 2 * power2(k - 1);
  if (k < -1021) return k < -1080 ? 0 : x * power2(k + 60) * power2(-60);
  return x * power2(k);
}

/** 2^k · e^(r + c), for |r| ≤ ln(2)/2 or little more, and a small c */
function expParts(r: number, c: number, k: number): number {
  const one = 1 + r;
  const left = 1 - one + r;
  return scale(one + (left + (r * r * horner(EXP_SERIES, r) + (c + c * r))), k);
}

/** e^(high + low) */
function expPair(high: number, low: number): number {
  if (!(high <= EXP_MOST)) return high > EXP_MOST ? Infinity : high;
  if (high < EXP_LEAST) return 0;
  const k = round(high * Math.LOG2E);
  const reduced = high - k * LN2_HIGH;
  const left = low - k * LN2_LOW;
  const r = reduced + left;
  return expParts(r, reduced - r + left, k);
}

export function exp(x: number): number {
  return expPair(x, 0);
}

export function exp2(x: number): number {
  if (!(abs(x) < 1100)) return x > 0 ? Infinity : x < 0 ? 0 : x;
  const k = round(x);
  const r = splitProduct(x - k, Math.LN2);
  return k > 1024 ? Infinity : expParts(r, rest + (x - k) * LN2_REST, k);
}

/** e^x - 1 */
export function expm1(x: number): number {
  if (abs(x) < 0.35) return abs(x) < 1e-17 ? x : x + x * x * horner(EXP_SERIES, x);
  if (!(x <= 40)) return exp(x) - 1;
  if (x < -40) return -1;
  const k = round(x * Math.LOG2E);
  const reduced = x - k * LN2_HIGH;
  const r = reduced - k * LN2_LOW;
  const c = reduced - r - k * LN2_LOW;
  // 2^k (1 + t) - 1, with what the difference of the leading terms lost
  const t = r * r * horner(EXP_SERIES, r) + (c + c * r);
  const p = power2(k);
  const lead = p - 1;
  const lost = abs(p) > 1 ? p - lead - 1 : p - (lead + 1);
  const sum = lead + p * r;
  return sum + (lead - sum + p * r + (p * t + lost));
}

/** m from √½ to √2, and the exponent in `taken`, of x = 2^exponent · m; for positive finite x */
function split(x: number): number {
  let k = -1023;
  if (x < 2 ** -1022) {
    x *= 2 ** 54;
    k -= 54;
  }
  double[0] = x;
  const high = words[HIGH];
  words[HIGH] = (high & 0xfffff) | 0x3ff00000;
  const m = double[0];
  const isUpper = m > Math.SQRT2;
  taken = k + (high >>> 20) + (isUpper ? 1 : 0);
  return isUpper ? 0.5 * m : m;
}

/** Logarithms of what has none, or an infinite one; undefined for all others. */
function logEdge(x: number): number | undefined {
  if (x > 0 && x < Infinity) return undefined;
  return x === 0 ? -Infinity : x > 0 ? x : Number.NaN;
}

export function log(x: number): number {
  const edge = logEdge(x);
  if (edge !== undefined) return edge;
  const f = split(x) - 1;
  const k = taken;
  const s = f / (2 + f);
  // log(1 + f) = f - s (f - …) = f - (f²/2 - s (f²/2 + …)): f is exact, and the rest is small beside it
  const half = 0.5 * f * f;
  const z = s * s;
  return k * LN2_HIGH - (half - (s * (half + z * horner(LOG_SERIES, z)) + k * LN2_LOW) - f);
}

/** log(1 + x) */
export function log1p(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  const edge = logEdge(u);
  // the part of x that u lost counts for 1 / u as much
  return edge ?? log(u) + (abs(x) < 1 ? x - (u - 1) : 1 - (u - x)) / u;
}

/** log(x) as a sum of two doubles, the smaller in `rest`, to about 2^-65 of it; for positive finite x */
function logPair(x: number): number {
  const m = split(x);
  const k = taken;
  const f = m - 1;
  const d = m + 1;
  const dRest = m - (d - 1);
  const s = f / d;
  const sd = splitProduct(s, d);
  const sRest = (f - sd - rest - s * dRest) / d;
  const z = splitProduct(s, s);
  const zRest = rest + 2 * s * sRest;
  // log = s (2 + w), w = 2/3 z + 2/5 z² + …
  const w3 = splitProduct(z, TWO_THIRDS);
  const tail = z * z * horner(LOG_TAIL, z);
  const w = w3 + tail;
  const wRest = w3 - w + tail + (rest + zRest * TWO_THIRDS + z * TWO_THIRDS_REST);
  const u = splitProduct(s, w);
  const whole = k * LN2_HIGH;
  const lead = whole + 2 * s;
  const leadRest = k === 0 ? 0 : whole - lead + 2 * s;
  const sum = lead + u;
  const sumRest = lead - sum + u + (leadRest + (rest + s * wRest + sRest * (2 + w) + k * LN2_LOW));
  const high = sum + sumRest;
  rest = sum - high + sumRest;
  return high;
}

/** log(x) times a constant of which `factorRest` is missing */
function logTimes(x: number, factor: number, factorRest: number): number {
  const edge = logEdge(x);
  if (edge !== undefined) return edge;
  const high = logPair(x);
  const low = rest;
  const product = splitProduct(high, factor);
  return product + (rest + high * factorRest + low * factor);
}

export function log2(x: number): number {
  return logTimes(x, Math.LOG2E, LOG2E_REST);
}

export function log10(x: number): number {
  return logTimes(x, Math.LOG10E, LOG10E_REST);
}

/** JavaScript's `x ** y`. */
export function pow(x: number, y: number): number {
  // what is not positive, finite, and raised to a finite power: the specification leaves nothing open there but the finite powers
  // of negative numbers
  if (x < 0 && x > -Infinity && Number.isInteger(y)) return y % 2 === 0 ? pow(-x, y) : -pow(-x, y);
  if (!(x > 0 && x < Infinity) || !(abs(y) < Infinity) || x === 1 || y === 0) return x ** y;
  if (abs(y) > 2 ** 64) return y > 0 === x > 1 ? Infinity : 0;
  const high = logPair(x);
  const low = rest;
  const product = splitProduct(high, y);
  return expPair(product, rest + low * y);
}

/** The angle in -π/4 to π/4 that remains when quarter turns are `taken` off x, with what is missing of it in `rest`. */
function reduceAngle(x: number): number {
  taken = 0;
  rest = 0;
  if (abs(x) <= Math.PI / 4) return x;
  if (abs(x) >= 2 ** 20) return reduceExactly(x);
  const n = round(x / HALF_PI);
  const a = x - n * HALF_PI_1;
  const b = n * HALF_PI_2;
  const first = a - b;
  const lost = a - first - b - n * HALF_PI_3;
  const r = first + lost;
  if (abs(r) <= 2 ** -30) return reduceExactly(x);
  taken = n & 3;
  rest = first - r + lost;
  return r;
}

const FRACTION_BITS = 1200n;
let halfPi: bigint | null = null;

/** π/2 with 1200 bits after the point, by Machin's formula. */
function bigHalfPi(): bigint {
  const guard = 32n;
  const arctan = (n: bigint): bigint => {
    let term = (1n << (FRACTION_BITS + guard)) / n;
    let sum = term;
    for (let k = 3n; term !== 0n; k += 2n) {
      term /= -(n * n);
      sum += term / k;
    }
    return sum;
  };
  return (2n * (4n * arctan(5n) - arctan(239n))) >> guard;
}

/** `reduceAngle` for what is large, or close to a multiple of π/2, in integers of any size. */
function reduceExactly(x: number): number {
  if (!(abs(x) < Infinity)) return Number.NaN;
  halfPi ??= bigHalfPi();
  double[0] = abs(x);
  // |x| = integer · 2^(exponent - 52)
  const exponent = (words[HIGH] >>> 20) - 1023;
  words[HIGH] = (words[HIGH] & 0xfffff) | ((52 + 1023) << 20);
  const scaled = BigInt(double[0]) << (FRACTION_BITS + BigInt(exponent - 52));
  const n = (2n * scaled + halfPi) / (2n * halfPi);
  // 200 bits after the point are plenty, and fit a double's range
  const remains = (scaled - n * halfPi) >> (FRACTION_BITS - 200n);
  const high = Number(remains);
  const unit = (x < 0 ? -1 : 1) * power2(-200);
  taken = Number(n & 3n);
  if (x < 0) taken = -taken & 3;
  rest = Number(remains - BigInt(high)) * unit;
  return high * unit;
}

/** sin(r + c), for |r| ≤ π/4 and a small c */
function sinParts(r: number, c: number): number {
  const z = r * r;
  return r + (r * z * horner(SIN_SERIES, z) + c * (1 - 0.5 * z));
}

/** cos(r + c), for |r| ≤ π/4 and a small c */
function cosParts(r: number, c: number): number {
  const z = r * r;
  const half = 0.5 * z;
  const lead = 1 - half;
  return lead + (1 - lead - half + (z * z * horner(COS_SERIES, z) - r * c));
}

export function sin(x: number): number {
  // keeps the sign of -0
  if (abs(x) < 1e-8) return x;
  const r = reduceAngle(x);
  const y = taken & 1 ? cosParts(r, rest) : sinParts(r, rest);
  return taken & 2 ? -y : y;
}

export function cos(x: number): number {
  const r = reduceAngle(x);
  const y = taken & 1 ? sinParts(r, rest) : cosParts(r, rest);
  return (taken + 1) & 2 ? -y : y;
}

export function tan(x: number): number {
  if (abs(x) < 1e-8) return x;
  const r = reduceAngle(x);
  const s = sinParts(r, rest);
  const t = cosParts(r, rest);
  return taken & 1 ? -t / s : s / t;
}

/** atan(x) for |x| ≤ 1: a guess, and by how much its tangent is off. */
function atanSmall(x: number): number {
  if (abs(x) < 1e-8) return x;
  const z = x * x;
  const guess = (x * (15 + 4 * z)) / (15 + 9 * z);
  const s = sinParts(guess, 0);
  const c = cosParts(guess, 0);
  const d = (x * c - s) / (c + x * s);
  const dd = d * d;
  return guess + d * (1 - dd * (1 / 3 - dd * (1 / 5 - dd / 7)));
}

export function atan(x: number): number {
  if (abs(x) <= 1 || Number.isNaN(x)) return atanSmall(x);
  const y = HALF_PI + (HALF_PI_REST - atanSmall(1 / abs(x)));
  return x > 0 ? y : -y;
}

export function atan2(y: number, x: number): number {
  // zeros and infinities: the specification says which multiple of π/4 it is, and their doubles are the same everywhere
  if (!(y !== 0 && x !== 0 && abs(y) < Infinity && abs(x) < Infinity)) return Math.atan2(y, x);
  const [ay, ax] = [abs(y), abs(x)];
  let angle: number;
  if (ay <= ax) {
    const small = atanSmall(ay / ax);
    angle = x > 0 ? small : Math.PI + (2 * HALF_PI_REST - small);
  } else {
    const small = atanSmall(ax / ay);
    angle = HALF_PI + (HALF_PI_REST + (x > 0 ? -small : small));
  }
  return y > 0 ? angle : -angle;
}

export function asin(x: number): number {
  if (!(abs(x) <= 1)) return Number.NaN;
  return x === 0 ? x : atan2(x, sqrt((1 - x) * (1 + x)));
}

export function acos(x: number): number {
  if (!(abs(x) <= 1)) return Number.NaN;
  return 2 * atan2(sqrt(1 - x), sqrt(1 + x));
}

export function sinh(x: number): number {
  const a = abs(x);
  if (a > 22) {
    const half = exp(0.5 * a);
    return (x < 0 ? -0.5 : 0.5) * half * half;
  }
  const t = expm1(a);
  const y = 0.5 * (t + t / (t + 1));
  return x < 0 || Object.is(x, -0) ? -y : y;
}

export function cosh(x: number): number {
  const a = abs(x);
  if (a > 22) {
    const half = exp(0.5 * a);
    return 0.5 * half * half;
  }
  const e = exp(a);
  return 0.5 * e + 0.5 / e;
}

export function tanh(x: number): number {
  const a = abs(x);
  if (a > 22) return x > 0 ? 1 : -1;
  const t = expm1(a > 1 ? 2 * a : -2 * a);
  const y = a > 1 ? 1 - 2 / (t + 2) : -t / (t + 2);
  return x < 0 || Object.is(x, -0) ? -y : y;
}

export function asinh(x: number): number {
  const a = abs(x);
  const y = a > 2 ** 28 ? log(a) + Math.LN2 : log1p(a + (a * a) / (1 + sqrt(1 + a * a)));
  return x < 0 || Object.is(x, -0) ? -y : y;
}

export function acosh(x: number): number {
  if (x > 2 ** 28) return log(x) + Math.LN2;
  const t = x - 1;
  return t >= 0 ? log1p(t + sqrt(2 * t + t * t)) : Number.NaN;
}

export function atanh(x: number): number {
  const a = abs(x);
  const y = 0.5 * log1p((2 * a) / (1 - a));
  return x < 0 || Object.is(x, -0) ? -y : y;
}
