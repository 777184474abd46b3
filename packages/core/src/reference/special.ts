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
 * Errors against 60-digit arithmetic are in the docstrings; `special.test.ts` proves them.
 */

const { abs, exp, floor, log, sqrt } = Math;

/** `c[0] + c[1] x + c[2] x² + …`, by Horner's rule. */
function polynomial(c: Float64Array, x: number): number {
  let sum = c[c.length - 1];
  for (let i = c.length - 2; i >= 0; i--) sum = sum * x + c[i];
  return sum;
}

const coefficients = (...c: number[]): Float64Array => Float64Array.from(c);

// ------------------------------------------------------------------------------------------------------- erf and erfc

/** 2/√π - 1, and 0.845… as a float32: the value that erf is close to on [0.84375, 1.25]. */
const EFX = 1.28379167095512586316e-1;
const ERX = 8.45062911510467529297e-1;

/** erf(x) / x - 1 in x², on [0, 0.84375]. */
const PP = coefficients(
  1.28379167095512558561e-1,
  -3.25042107247001499370e-1,
  -2.84817495755985104766e-2,
  -5.77027029648944159157e-3,
  -2.37630166566501626084e-5,
);
const QQ = coefficients(
  1,
  3.97917223959155352819e-1,
  6.50222499887672944485e-2,
  5.08130628187576562776e-3,
  1.32494738004321644526e-4,
  -3.96022827877536812320e-6,
);
/** erf(x) - ERX in |x| - 1, on [0.84375, 1.25]. */
const PA = coefficients(
  -2.36211856075265944077e-3,
  4.14856118683748331666e-1,
  -3.72207876035701323847e-1,
  3.18346619901161753674e-1,
  -1.10894694282396677476e-1,
  3.54783043256182359371e-2,
  -2.16637559486879084300e-3,
);
const QA = coefficients(
  1,
  1.06420880400844228286e-1,
  5.40397917702171048937e-1,
  7.18286544141962662868e-2,
  1.26171219808761642112e-1,
  1.36370839120290507362e-2,
  1.19844998467991074170e-2,
);
/** log(x e^(x²) erfc(x)) in 1/x², on [1.25, 1/0.35]. */
const RA = coefficients(
  -9.86494403484714822705e-3,
  -6.93858572707181764372e-1,
  -1.05586262253232909814e1,
  -6.23753324503260060396e1,
  -1.62396669462573470355e2,
  -1.84605092906711035994e2,
  -8.12874355063065934246e1,
  -9.81432934416914548592,
);
const SA = coefficients(
  1,
  1.96512716674392571292e1,
  1.37657754143519042600e2,
  4.34565877475229228821e2,
  6.45387271733267880336e2,
  4.29008140027567833386e2,
  1.08635005541779435134e2,
  6.57024977031928170135,
  -6.04244152148580987438e-2,
);
/** The same, on [1/0.35, 28]. */
const RB = coefficients(
  -9.86494292470009928597e-3,
  -7.99283237680523006574e-1,
  -1.77579549177547519889e1,
  -1.60636384855821916062e2,
  -6.37566443368389627722e2,
  -1.02509513161107724954e3,
  -4.83519191608651397019e2,
);
const SB = coefficients(
  1,
  3.03380607434824582924e1,
  3.25792512996573918826e2,
  1.53672958608443695994e3,
  3.19985821950859553908e3,
  2.55305040643316442583e3,
  4.74528541206955367215e2,
  -2.24409524465858183362e1,
);

/** erfc(a) for a ≥ 1.25. */
function erfcTail(a: number): number {
  if (a > 28) return 0;
  const s = 1 / (a * a);
  const ratio = a < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
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
  if (x !== x) return x;
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
  if (x !== x) return x;
  if (x <= -6) return 2;
  return x < 0 ? 2 - erfcTail(a) : erfcTail(a);
}

// ------------------------------------------------------------------------------------------------------------- erfinv

/** First approximations, to 1e-6, of PyTorch's `calc_erfinv`: central on |y| ≤ 0.7, then the tail. */
const CENTRAL_P = coefficients(0.886226899, -1.645349621, 0.914624893, -0.140543331);
const CENTRAL_Q = coefficients(1, -2.118377725, 1.442710462, -0.329097515, 0.012229801);
const TAIL_P = coefficients(-1.970840454, -1.624906493, 3.429567803, 1.641345311);
const TAIL_Q = coefficients(1, 3.5438892, 1.6370678);

const HALF_SQRT_PI = 0.886226925452758013649;

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
  let x: number;
  if (a <= 0.7) {
    const z = a * a;
    x = (a * polynomial(CENTRAL_P, z)) / polynomial(CENTRAL_Q, z);
  } else {
    const z = sqrt(-log((1 - a) / 2));
    x = polynomial(TAIL_P, z) / polynomial(TAIL_Q, z);
  }
  for (let step = 0; step < 2; step++) {
    const miss = a <= 0.5 ? erf(x) - a : 1 - a - erfc(x);
    const u = miss * HALF_SQRT_PI * exp(x * x);
    x -= u / (1 + x * u);
  }
  return y < 0 ? -x : x;
}

// ------------------------------------------------------------------------------------------------------------- lgamma

/** lgamma(2 - y) and lgamma(1 - y) + y/2…, y in [0, 0.2316]. */
const LA = coefficients(
  7.72156649015328655494e-2,
  3.22467033424113591611e-1,
  6.73523010531292681824e-2,
  2.05808084325167332806e-2,
  7.38555086081402883957e-3,
  2.89051383673415629091e-3,
  1.19270763183362067845e-3,
  5.10069792153511336608e-4,
  2.20862790713908385557e-4,
  1.08011567247583939954e-4,
  2.52144565451257326939e-5,
  4.48640949618915160150e-5,
);
/** The minimum of lgamma on x > 0: where, its value, and the tail of that. */
const TC = 1.46163214496836224576;
const TF = -1.21486290535849611461e-1;
const TT = -3.63867699703950536541e-18;
/** lgamma around TC. */
const LT = coefficients(
  4.83836122723810047042e-1,
  -1.47587722994593911752e-1,
  6.46249402391333854778e-2,
  -3.27885410759859649565e-2,
  1.79706750811820387126e-2,
  -1.03142241298341437450e-2,
  6.10053870246291332635e-3,
  -3.68452016781138256760e-3,
  2.25964780900612472250e-3,
  -1.40346469989232843813e-3,
  8.81081882437654011382e-4,
  -5.38595305356740546715e-4,
  3.15632070903625950361e-4,
  -3.12754168375120860518e-4,
  3.35529192635519073543e-4,
);
/** lgamma(1 + y) on [-0.2316, 0.2316]. */
const LU = coefficients(
  -7.72156649015328655494e-2,
  6.32827064025093366517e-1,
  1.45492250137234768737,
  9.77717527963372745603e-1,
  2.28963728064692451092e-1,
  1.33810918536787660377e-2,
);
const LV = coefficients(
  1,
  2.45597793713041134822,
  2.12848976379893395361,
  7.69285150456672783825e-1,
  1.04222645593369134254e-1,
  3.21709242282423911810e-3,
);
/** lgamma(2 + y) on [0, 1). */
const LS = coefficients(
  -7.72156649015328655494e-2,
  2.14982415960608852501e-1,
  3.25778796408930981787e-1,
  1.46350472652464452805e-1,
  2.66422703033638609560e-2,
  1.84028451407337715652e-3,
  3.19475326584100867617e-5,
);
const LR = coefficients(
  1,
  1.39200533467621045958,
  7.21935547567138069525e-1,
  1.71933865632803078993e-1,
  1.86459191715652901344e-2,
  7.77942496381893596434e-4,
  7.32668430744625636189e-6,
);
/** Stirling's correction on [8, 2^58]: the constant, then odd powers of 1/x. */
const LW_0 = 4.18938533204672725052e-1;
const LW = coefficients(
  8.33333333333329678849e-2,
  -2.77777777728775536470e-3,
  7.93650558643019558500e-4,
  -5.95187557450339963135e-4,
  8.36339918996282139126e-4,
  -1.63092934096575273989e-3,
);

/** sin(πx), exact at integers and half integers. */
function sinPi(x: number): number {
  const y = abs(x) % 2;
  const quarter = floor(y * 4);
  let s: number;
  if (quarter === 0) s = Math.sin(Math.PI * y);
  else if (quarter <= 2) s = Math.cos(Math.PI * (0.5 - y));
  else if (quarter <= 4) s = Math.sin(Math.PI * (1 - y));
  else if (quarter <= 6) s = -Math.cos(Math.PI * (y - 1.5));
  else s = Math.sin(Math.PI * (y - 2));
  return x < 0 ? -s : s;
}

/**
 * `log|Γ(x)|`; +Infinity at 0, at the negative integers and at ±Infinity.
 *
 * Error of at most 3 ulp for x > 0; below 0 up to 1e-15 of the larger of 1 and the value.
 */
export function lgamma(x: number): number {
  if (x !== x) return x;
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
const ROOT_3 = 0.9016312093258695918615325266959189453125e-19;
/** digamma(x) / (x - root) - Y in x - 1 on [1, 2]. Source: Boost.Math, `digamma_imp_1_2`. */
const DIGAMMA_Y = 0.99558162689208984;
const DIGAMMA_P = coefficients(
  0.25479851061131551,
  -0.32555031186804491,
  -0.65031853770896507,
  -0.28919126444774784,
  -0.045251321448739056,
  -0.0020713321167745952,
);
const DIGAMMA_Q = coefficients(
  1,
  2.0767117023730469,
  1.4606242909763515,
  0.43593529692665969,
  0.054151797245674225,
  0.0021284987017821144,
  -0.55789841321675513e-6,
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
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * fraction);
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
