/**
 * Special functions in double precision: erf, erfc, erfinv, lgamma, digamma. JavaScript's `Math` has none of them. Values at
 * poles, NaN and infinities are PyTorch's.
 *
 * erf, erfc and lgamma are translations of FreeBSD's msun (`s_erf.c`, `e_lgamma_r.c`), whose notice asks to be kept:
 *
 *   Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
 *   Developed at SunPro, a Sun Microsystems, Inc. business.
 *   Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice is preserved.
 *
 * Constants are written with the digits that a double holds. Errors against 60-digit arithmetic are in the docstrings;
 * `special.test.ts` proves them.
 */

import * as exact from './exactMath.ts';
import { exp, log } from './exactMath.ts';

const { abs, floor, sqrt } = Math;

/** `c[0] + c[1] x + c[2] x² + …`, by Horner's rule. */
function polynomial(c: Float64Array, x: number): number {
  let sum = c[c.length - 1];
  for (let i = c.length - 2; i >= 0; i--) sum = sum * x + c[i];
  return sum;
}

const coefficients = (...c: number[]): Float64Array => Float64Array.from(c);

// ------------------------------------------------------------------------------------------------------- erf and erfc

/** 2/√π - 1, and 0.845… as a float32: the value that erf is close to on [0.84375, 1.25]. */
const EFX = 0.1283791670955126;
const ERX = 0.8450629115104675;

/** erf(x) / x - 1 in x², on [0, 0.84375]. */
const PP = coefficients(
  0.12837916709551256,
  -0.3250421072470015,
  -0.02848174957559851,
  -0.005770270296489442,
  -2.3763016656650163e-5,
);
const QQ = coefficients(
  1,
  0.39791722395915535,
  0.0650222499887673,
  0.005081306281875766,
  0.00013249473800432164,
  -3.960228278775368e-6,
);
/** erf(x) - ERX in |x| - 1, on [0.84375, 1.25]. */
const PA = coefficients(
  -0.0023621185607526594,
  0.41485611868374833,
  -0.3722078760357013,
  0.31834661990116175,
  -0.11089469428239668,
  0.035478304325618236,
  -0.002166375594868791,
);
const QA = coefficients(
  1,
  0.10642088040084423,
  0.540397917702171,
  0.07182865441419627,
  0.12617121980876164,
  0.01363708391202905,
  0.011984499846799107,
);
/** log(x e^(x²) erfc(x)) in 1/x², on [1.25, 1/0.35]. */
const RA = coefficients(
  -0.009864944034847148,
  -0.6938585727071818,
  -10.558626225323291,
  -62.375332450326006,
  -162.39666946257347,
  -184.60509290671104,
  -81.2874355063066,
  -9.814329344169145,
);
const SA = coefficients(
  1,
  19.651271667439257,
  137.65775414351904,
  434.56587747522923,
  645.3872717332679,
  429.00814002756783,
  108.63500554177944,
  6.570249770319282,
  -0.0604244152148581,
);
/** The same, on [1/0.35, 28]. */
const RB = coefficients(
  -0.0098649429247001,
  -0.799283237680523,
  -17.757954917754752,
  -160.63638485582192,
  -637.5664433683896,
  -1025.0951316110772,
  -483.5191916086514,
);
const SB = coefficients(
  1,
  30.33806074348246,
  325.7925129965739,
  1536.729586084437,
  3199.8582195085955,
  2553.0504064331644,
  474.52854120695537,
  -22.44095244658582,
);

/** `log(a·e^(a²)·erfc(a)) + 0.5625` for 1.25 ≤ a ≤ 28. */
export function tailRatio(a: number): number {
  const s = 1 / (a * a);
  return a < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
}

/** erfc(a) for a ≥ 1.25. */
function erfcTail(a: number): number {
  if (a > 28) return 0;
  const ratio = tailRatio(a);
  // e^(-a²) from a head of a whose square is exact, so that the square's rounding is not magnified. 24 bits, as a float32 has.
  const z = Math.fround(a);
  return (exp(-z * z - 0.5625) * exp((z - a) * (z + a) + ratio)) / a;
}

/**
 * The error function, `2/√π ∫₀ˣ e^(-t²) dt`, with an error of at most 1 ulp.
 *
 * Method: fdlibm's rational approximations on four intervals.
 */
export function erf(x: number): number {
  const a = abs(x);
  if (a < 0.84375) {
    const z = x * x;
    return a < 3.7252902984e-9 ? x + EFX * x : x + x * (polynomial(PP, z) / polynomial(QQ, z));
  }
  if (a < 1.25) {
    const y = ERX + polynomial(PA, a - 1) / polynomial(QA, a - 1);
    return x < 0 ? -y : y;
  }
  if (Number.isNaN(x)) return x;
  const y = a >= 6 ? 1 : 1 - erfcTail(a);
  return x < 0 ? -y : y;
}

/** `1 - erf(x)`, accurate where that would cancel: error of at most 3 ulp down to the smallest normal number. */
export function erfc(x: number): number {
  const a = abs(x);
  if (a < 0.84375) {
    const z = x * x;
    const y = polynomial(PP, z) / polynomial(QQ, z);
    return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
  }
  if (a < 1.25) {
    const y = polynomial(PA, a - 1) / polynomial(QA, a - 1);
    return x < 0 ? 1 + (ERX + y) : 1 - ERX - y;
  }
  if (Number.isNaN(x)) return x;
  if (x <= -6) return 2;
  return x < 0 ? 2 - erfcTail(a) : erfcTail(a);
}

// ------------------------------------------------------------------------------------------------------------- erfinv

/** First approximations, to 1e-6, of PyTorch's `calc_erfinv`: central on |y| ≤ 0.7, then the tail. */
const CENTRAL_P = coefficients(0.886226899, -1.645349621, 0.914624893, -0.140543331);
const CENTRAL_Q = coefficients(1, -2.118377725, 1.442710462, -0.329097515, 0.012229801);
const TAIL_P = coefficients(-1.970840454, -1.624906493, 3.429567803, 1.641345311);
const TAIL_Q = coefficients(1, 3.5438892, 1.6370678);

const HALF_SQRT_PI = 0.886226925452758;

/**
 * The inverse of `erf` on (-1, 1); ±Infinity at ±1 and NaN beyond.
 *
 * Method: a rational first guess and two Halley steps, taken on `erfc` for |y| > 0.5, where 1 - |y| is exact and erf would
 * cancel. Error of at most 4 ulp.
 */
export function erfinv(y: number): number {
  const a = abs(y);
  if (!(a < 1)) return a === 1 ? y * Infinity : Number.NaN;
  if (a < 1e-9) return y * HALF_SQRT_PI;
  const x = inverse(a, 1 - a);
  return y < 0 ? -x : x;
}

/** The x with `erf(x) = a` and `erfc(x) = c`; a + c is 1, and whichever is smaller must be exact. */
export function inverse(a: number, c: number): number {
  let x: number;
  if (a <= 0.7) {
    const z = a * a;
    x = (a * polynomial(CENTRAL_P, z)) / polynomial(CENTRAL_Q, z);
  } else {
    const z = sqrt(-log(c / 2));
    x = polynomial(TAIL_P, z) / polynomial(TAIL_Q, z);
  }
  for (let step = 0; step < 2; step++) {
    const miss = a <= 0.5 ? erf(x) - a : c - erfc(x);
    const u = miss * HALF_SQRT_PI * exp(x * x);
    x -= u / (1 + x * u);
  }
  return x;
}

// ------------------------------------------------------------------------------------------------------------- lgamma

/** lgamma(2 - y) and lgamma(1 - y) + y/2…, y in [0, 0.2316]. */
const LA = coefficients(
  0.07721566490153287,
  0.3224670334241136,
  0.06735230105312927,
  0.020580808432516733,
  0.007385550860814029,
  0.0028905138367341563,
  0.0011927076318336207,
  0.0005100697921535113,
  0.00022086279071390839,
  0.00010801156724758394,
  2.5214456545125733e-5,
  4.4864094961891516e-5,
);
/** The minimum of lgamma on x > 0: where, its value, and the tail of that. */
const TC = 1.4616321449683622;
const TF = -0.12148629053584961;
const TT = -3.638676997039505e-18;
/** lgamma around TC. */
const LT = coefficients(
  0.48383612272381005,
  -0.1475877229945939,
  0.06462494023913339,
  -0.032788541075985965,
  0.01797067508118204,
  -0.010314224129834144,
  0.006100538702462913,
  -0.0036845201678113826,
  0.0022596478090061247,
  -0.0014034646998923284,
  0.000881081882437654,
  -0.0005385953053567405,
  0.00031563207090362595,
  -0.00031275416837512086,
  0.0003355291926355191,
);
/** lgamma(1 + y) on [-0.2316, 0.2316]. */
const LU = coefficients(
  -0.07721566490153287,
  0.6328270640250934,
  1.4549225013723477,
  0.9777175279633727,
  0.22896372806469245,
  0.013381091853678766,
);
const LV = coefficients(
  1,
  2.4559779371304113,
  2.128489763798934,
  0.7692851504566728,
  0.10422264559336913,
  0.003217092422824239,
);
/** lgamma(2 + y) on [0, 1). */
const LS = coefficients(
  -0.07721566490153287,
  0.21498241596060885,
  0.325778796408931,
  0.14635047265246445,
  0.02664227030336386,
  0.0018402845140733772,
  3.194753265841009e-5,
);
const LR = coefficients(
  1,
  1.3920053346762105,
  0.7219355475671381,
  0.17193386563280308,
  0.01864591917156529,
  0.0007779424963818936,
  7.326684307446256e-6,
);
/** Stirling's correction on [8, 2^58]: the constant, then odd powers of 1/x. */
const LW_0 = 0.4189385332046727;
const LW = coefficients(
  0.08333333333333297,
  -0.0027777777772877554,
  0.0007936505586430196,
  -0.00059518755745034,
  0.0008363399189962821,
  -0.0016309293409657527,
);

/** sin(πx), exact at integers and half integers. */
function sinPi(x: number): number {
  const y = abs(x) % 2;
  const quarter = floor(y * 4);
  let s: number;
  if (quarter === 0) s = exact.sin(Math.PI * y);
  else if (quarter <= 2) s = exact.cos(Math.PI * (0.5 - y));
  else if (quarter <= 4) s = exact.sin(Math.PI * (1 - y));
  else if (quarter <= 6) s = -exact.cos(Math.PI * (y - 1.5));
  else s = exact.sin(Math.PI * (y - 2));
  return x < 0 ? -s : s;
}

/**
 * `log|Γ(x)|`; +Infinity at 0, at the negative integers and at ±Infinity.
 *
 * Error of at most 3 ulp for x > 0; below 0 up to 1e-15 of the larger of 1 and the value.
 */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = abs(x);
  if (a === Infinity) return Infinity;
  if (a < 2 ** -70) return -log(a);
  if (x > 0) return lgammaPositive(x);
  if (floor(x) === x) return Infinity;
  // Γ(x) Γ(-x) = -π / (x sin πx)
  return log(Math.PI / abs(sinPi(x) * x)) - lgammaPositive(a);
}

function lgammaPositive(x: number): number {
  if (x < 2) return x === 1 ? 0 : lgammaBelow2(x);
  if (x < 8) {
    const i = floor(x);
    const y = x - i;
    const r = y * (polynomial(LS, y) / polynomial(LR, y)) + 0.5 * y;
    let z = 1;
    for (let k = 2; k < i; k++) z *= y + k;
    return z === 1 ? r : r + log(z);
  }
  const t = log(x);
  if (x >= 2 ** 58) return x * (t - 1);
  const z = 1 / x;
  const y = z * z;
  const w = LW_0 + z * polynomial(LW, y);
  return (x - 0.5) * (t - 1) + w;
}

/** On (0, 2): around 1, around the minimum, or around 2, with log(x) taken off below 0.9. */
function lgammaBelow2(x: number): number {
  let r = 0;
  let at: 0 | 1 | 2;
  let y: number;
  if (x <= 0.9) {
    r = -log(x);
    if (x >= 0.7316) [y, at] = [1 - x, 0];
    else if (x >= 0.23164) [y, at] = [x - (TC - 1), 1];
    else [y, at] = [x, 2];
  } else if (x >= 1.7316) [y, at] = [2 - x, 0];
  else if (x >= 1.23) [y, at] = [x - TC, 1];
  else [y, at] = [x - 1, 2];
  if (at === 0) return r + (y * polynomial(LA, y) - 0.5 * y);
  if (at === 1) return r + (TF + (y * y * polynomial(LT, y) - TT));
  return r + (-0.5 * y + (y * polynomial(LU, y)) / polynomial(LV, y));
}

// ------------------------------------------------------------------------------------------------------------ digamma

/** Where digamma crosses 0, in three parts whose sum is exact to 1e-35. */
const ROOT_1 = 1569415565 / 1073741824;
const ROOT_2 = 381566830 / 1073741824 / 1073741824;
const ROOT_3 = 9.016312093258695e-20;
/** digamma(x) / (x - root) - Y in x - 1 on [1, 2]. Source: Boost.Math, `digamma_imp_1_2`. */
const DIGAMMA_Y = 0.9955816268920898;
const DIGAMMA_P = coefficients(
  0.25479851061131553,
  -0.3255503118680449,
  -0.6503185377089651,
  -0.28919126444774784,
  -0.04525132144873906,
  -0.002071332116774595,
);
const DIGAMMA_Q = coefficients(
  1,
  2.076711702373047,
  1.4606242909763516,
  0.43593529692665967,
  0.054151797245674226,
  0.0021284987017821146,
  -5.578984132167551e-7,
);
/** B₂ₖ / 2k: the terms of the asymptotic series in 1/x². */
const DIGAMMA_SERIES = coefficients(1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12);

/**
 * `d/dx log Γ(x)`. At ±0 ∓Infinity; NaN at the negative integers and at -Infinity.
 *
 * Method: rational on [1, 2] about the root 1.4616…, recurrence up to 10 or down from 3, asymptotic series above, reflection
 * below 0. Relative error of at most 1e-15 for x > 0.
 */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (floor(x) === x) return Number.NaN;
    // From the nearest integer, so that the tangent is accurate next to a pole.
    const fraction = x - Math.round(x);
    return digamma(1 - x) - Math.PI / exact.tan(Math.PI * fraction);
  }
  if (x < 1) return digammaOn12(x + 1) - 1 / x;
  if (x <= 2) return digammaOn12(x);
  if (x <= 3) return digammaOn12(x - 1) + 1 / (x - 1);
  let below = 0;
  let y = x;
  while (y < 10) {
    below += 1 / y;
    y += 1;
  }
  const z = 1 / (y * y);
  const tail = y < 1e17 ? z * polynomial(DIGAMMA_SERIES, z) : 0;
  return log(y) - 0.5 / y - tail - below;
}

function digammaOn12(x: number): number {
  const g = x - ROOT_1 - ROOT_2 - ROOT_3;
  const t = x - 1;
  return g * DIGAMMA_Y + g * (polynomial(DIGAMMA_P, t) / polynomial(DIGAMMA_Q, t));
}
