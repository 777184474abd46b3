/** Specs of elementwise ops of one operand. */

import type { ElementwiseOps } from '@torsor/core';
import {
  bitwiseNot,
  celu,
  clamp,
  digamma,
  elu,
  exp2,
  gelu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSigmoid,
  mish,
  nanToNum,
  relu6,
  selu,
  silu,
  softplus,
  softshrink,
  threshold,
} from '@torsor/core';
import type { Domain, Specs } from './spec.ts';
import { flat, indices, input, POSITIVE, parametric, SIGNED, sample, unary } from './spec.ts';

/** Inside (-1, 1), away from the poles of inverse functions. */
const UNIT: Domain = { from: -0.9, to: 0.9 };
const INTEGERS: Domain = { from: -2.4, to: 2.4, avoid: [-2, -1, 0, 1, 2] };

export const elementwise = {
  neg: unary((x) => x.neg(), SIGNED, { inPlace: (x) => x.neg_() }),
  abs: unary((x) => x.abs(), SIGNED, { inPlace: (x) => x.abs_() }),
  sign: unary((x) => x.sign(), SIGNED, { inPlace: (x) => x.sign_() }),
  exp: unary((x) => x.exp(), SIGNED, { inPlace: (x) => x.exp_() }),
  exp2: unary((x) => exp2(x)),
  expm1: unary((x) => x.expm1(), SIGNED, { inPlace: (x) => x.expm1_() }),
  log: unary((x) => x.log(), POSITIVE, { inPlace: (x) => x.log_() }),
  log2: unary((x) => x.log2(), POSITIVE, { inPlace: (x) => x.log2_() }),
  log10: unary((x) => x.log10(), POSITIVE, { inPlace: (x) => x.log10_() }),
  log1p: unary((x) => x.log1p(), { from: -0.7, to: 2 }, { inPlace: (x) => x.log1p_() }),
  sqrt: unary((x) => x.sqrt(), POSITIVE, { inPlace: (x) => x.sqrt_() }),
  rsqrt: unary((x) => x.rsqrt(), POSITIVE, { inPlace: (x) => x.rsqrt_() }),
  reciprocal: unary((x) => x.reciprocal(), { ...SIGNED, clear: 0.3 }, { inPlace: (x) => x.reciprocal_() }),
  sin: unary((x) => x.sin(), SIGNED, { inPlace: (x) => x.sin_() }),
  cos: unary((x) => x.cos(), SIGNED, { inPlace: (x) => x.cos_() }),
  tan: unary((x) => x.tan(), { from: -1.2, to: 1.2 }, { inPlace: (x) => x.tan_() }),
  asin: unary((x) => x.asin(), UNIT, { inPlace: (x) => x.asin_() }),
  acos: unary((x) => x.acos(), UNIT, { inPlace: (x) => x.acos_() }),
  atan: unary((x) => x.atan(), SIGNED, { inPlace: (x) => x.atan_() }),
  sinh: unary((x) => x.sinh(), SIGNED, { inPlace: (x) => x.sinh_() }),
  cosh: unary((x) => x.cosh(), SIGNED, { inPlace: (x) => x.cosh_() }),
  tanh: unary((x) => x.tanh(), SIGNED, { inPlace: (x) => x.tanh_() }),
  asinh: unary((x) => x.asinh(), SIGNED, { inPlace: (x) => x.asinh_() }),
  acosh: unary((x) => x.acosh(), { from: 1.2, to: 3 }, { inPlace: (x) => x.acosh_() }),
  atanh: unary((x) => x.atanh(), UNIT, { inPlace: (x) => x.atanh_() }),
  sigmoid: unary((x) => x.sigmoid(), { from: -4, to: 4 }, { inPlace: (x) => x.sigmoid_() }),
  logSigmoid: unary((x) => logSigmoid(x), { from: -4, to: 4 }),
  relu: unary((x) => x.relu(), SIGNED, { inPlace: (x) => x.relu_() }),
  silu: unary((x) => silu(x), { from: -4, to: 4 }),
  mish: unary((x) => mish(x), { from: -4, to: 4 }),
  hardswish: unary((x) => hardswish(x), { from: -5, to: 5, avoid: [-3, 3] }),
  hardsigmoid: unary((x) => hardsigmoid(x), { from: -5, to: 5, avoid: [-3, 3] }),
  erf: unary((x) => x.erf(), SIGNED, { inPlace: (x) => x.erf_() }),
  erfc: unary((x) => x.erfc(), SIGNED, { inPlace: (x) => x.erfc_() }),
  erfinv: unary((x) => x.erfinv(), UNIT, { inPlace: (x) => x.erfinv_() }),
  lgamma: unary(
    (x) => x.lgamma(),
    { from: -1.8, to: 4, avoid: [-1, 0], clear: 0.2 },
    {
      order: 1,
      because: 'digamma has no derivative here',
    },
  ),
  digamma: { kind: 'notImplemented', samples: () => [sample('a vector', [[3]], (x) => digamma(x), POSITIVE)] },
  floor: unary((x) => x.floor(), INTEGERS, { inPlace: (x) => x.floor_() }),
  ceil: unary((x) => x.ceil(), INTEGERS, { inPlace: (x) => x.ceil_() }),
  round: unary(
    (x) => x.round(),
    { from: -2.4, to: 2.4, avoid: [-1.5, -0.5, 0.5, 1.5] },
    { inPlace: (x) => x.round_() },
  ),
  trunc: unary((x) => x.trunc(), INTEGERS, { inPlace: (x) => x.trunc_() }),
  logicalNot: flat(sample('a vector', [[3]], (x) => x.logicalNot())),
  bitwiseNot: flat(sample('integers', [], () => bitwiseNot(indices([1, 2])))),
  isnan: flat(sample('a vector', [[3]], (x) => x.isnan())),
  isinf: flat(sample('a vector', [[3]], (x) => x.isinf())),
  isfinite: flat(sample('a vector', [[3]], (x) => x.isfinite())),

  gelu: parametric({ from: -3, to: 3 }, { exact: (x) => gelu(x), 'by tanh': (x) => gelu(x, 'tanh') }),
  elu: parametric(SIGNED, {
    'elu, default': (x) => elu(x),
    'elu, alpha 1.3': (x) => elu(x, { alpha: 1.3 }),
    celu: (x) => celu(x, 0.7),
    selu: (x) => selu(x),
  }),
  leakyRelu: parametric(SIGNED, {
    default: (x) => leakyRelu(x),
    'negative slope': (x) => leakyRelu(x, -0.5),
  }),
  softplus: parametric(
    { from: -4, to: 4, avoid: [0.5] },
    {
      default: (x) => softplus(x),
      // jumps at the threshold, from log(1 + e) / 2 to 0.5
      'beta 2, threshold 1': (x) => softplus(x, 2, 1),
    },
  ),
  hardtanh: parametric(
    { from: -2, to: 8, avoid: [-1, -0.5, 0, 0.25, 1, 6] },
    {
      default: (x) => hardtanh(x),
      'other bounds': (x) => hardtanh(x, { minVal: -0.5, maxVal: 0.25 }),
      relu6: (x) => relu6(x),
    },
  ),
  hardshrink: parametric(
    { from: -2, to: 2, avoid: [-1, -0.5, 0.5, 1] },
    { default: (x) => hardshrink(x), 'lambd 1': (x) => hardshrink(x, 1) },
  ),
  softshrink: parametric(
    { from: -2, to: 2, avoid: [-1, -0.5, 0.5, 1] },
    { default: (x) => softshrink(x), 'lambd 1': (x) => softshrink(x, 1) },
  ),
  threshold: parametric(
    { from: -2, to: 2, avoid: [0, 0.3] },
    { 'at 0': (x) => threshold(x, 0, 0), 'at 0.3': (x) => threshold(x, 0.3, 5) },
  ),
  clamp: parametric(
    { from: -2, to: 2, avoid: [-0.5, 1] },
    {
      'from below': (x) => x.clamp(-0.5),
      'from above': (x) => x.clamp({ max: 1 }),
      'from both sides': (x) => x.clamp(-0.5, 1),
      'crossing bounds': (x) => x.clamp(1, -0.5),
      'in place': (x) => x.clone().clamp_(-0.5, 1),
      'beside tensor bounds': (x) => clamp(x, -0.5).add(clamp(x, input([3], { from: -1, to: -0.6 }).to(x.dtype), 1)),
    },
  ),
  nanToNum: parametric(SIGNED, { default: (x) => nanToNum(x), 'other values': (x) => nanToNum(x, 1, 2, 3) }),
} satisfies Partial<Specs<keyof ElementwiseOps>>;
