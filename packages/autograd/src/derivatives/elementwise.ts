/**
 * Derivatives of elementwise ops. `x` is the op's operand, `y` its result. Kinks take PyTorch's subgradient.
 *
 * Source of the conventions: pytorch `tools/autograd/derivatives.yaml`.
 */

import type { ElementwiseOps, Operand, Tensor } from '@torsor/core';
import {
  erf,
  fullLike,
  fusedGradient,
  i0,
  i0e,
  i1,
  i1e,
  isTensor,
  NotImplementedError,
  sigmoid,
  softplus,
  tanh,
  thresholdBackward,
  where,
  xlogy,
  zerosLike,
  zeta,
} from '@torsor/core';
import type { Derivatives, TensorMeta } from './define.ts';
import { formula, nonDifferentiable } from './define.ts';

type Value = Operand | TensorMeta;

const zeroGradient = (grad: Tensor): readonly [Tensor] => [zerosLike(grad)];

/** `base` with a suffix that tells a tensor operand from a number. */
function byOperand(base: string, position: 1 | 2, ifTensor: string, ifNumber: string) {
  return (args: { readonly [P in 1 | 2]?: unknown }): string =>
    `${base}Backward${typeof args[position] === 'object' ? ifTensor : ifNumber}`;
}

/** The name for two tensors, for a number first, and for a number second. */
function byNumber(tensors: string, first: string, second: string) {
  return ({ 0: a, 1: b }: { readonly 0: Value; readonly 1: Value }): string =>
    typeof a === 'number' ? first : typeof b === 'number' ? second : tensors;
}

function scaled(grad: Tensor, factor: number): Tensor {
  return factor === 1 ? grad : grad.mul(factor);
}

/** grad where the condition holds, 0 elsewhere. */
function only(grad: Tensor, condition: Tensor): Tensor {
  return where(condition, grad, 0);
}

/** d(x^n)/dx with the corner n = 0, where 0·x^-1 would be NaN at 0. */
function powSelf(grad: Tensor, x: Tensor, exponent: Operand): Tensor {
  if (typeof exponent === 'number') {
    if (exponent === 0) return zerosLike(grad);
    if (exponent === 1) return grad;
    return grad.mul(exponent === 2 ? x.mul(2) : x.pow(exponent - 1).mul(exponent));
  }
  const slope = exponent.mul(x.pow(exponent.sub(1)));
  return where(exponent.eq(0), 0, grad.mul(slope));
}

/** d(x^n)/dn = y log x, and 0 where x = 0 ≤ n. */
function powExponent(grad: Tensor, x: Operand, exponent: Tensor, y: Tensor): Tensor {
  if (typeof x === 'number') {
    if (x === 0) return where(exponent.ge(0), 0, grad.mul(y).mul(Number.NEGATIVE_INFINITY));
    return grad.mul(xlogy(y, x));
  }
  const slope = grad.mul(y.mul(x.log()));
  return where(x.eq(0).logicalAnd(exponent.ge(0)), 0, slope);
}

/** The gradient of the larger (or smaller) of a pair: all to the winner, half each on a tie; to both beside a NaN. */
function ofWinner(grad: Tensor, self: Operand, other: Operand, larger: boolean): Tensor {
  const loses = compare(self, other, larger ? 'lt' : 'gt');
  return where(compare(self, other, 'eq'), grad.div(2), where(loses, 0, grad));
}

function compare(a: Operand, b: Operand, how: 'gt' | 'lt' | 'eq'): Tensor {
  if (isTensor(a)) return a[how](b);
  const mirrored = how === 'gt' ? 'lt' : how === 'lt' ? 'gt' : 'eq';
  return (b as Tensor)[mirrored](a);
}

function asTensor(value: Operand, like: Tensor): Tensor {
  return typeof value === 'number' ? fullLike(like, value) : value;
}

/** Of functions of two arguments that can be differentiated by the second alone, in PyTorch too. */
function byFirst(op: string): NotImplementedError {
  return new NotImplementedError(`the derivative is not implemented: by the first argument of ${op}`, { op });
}

/** x^(a-1) e^-x / Γ(a), by which both incomplete gamma functions change. */
function gammaDensity(a: Tensor, x: Tensor): Tensor {
  return xlogy(a.sub(1), x).sub(x).sub(a.lgamma()).exp();
}

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

function geluGradient(grad: Tensor, x: Tensor, approximate: 'none' | 'tanh'): Tensor {
  const fused = fusedGradient(approximate === 'none' ? 'geluBackward' : 'geluTanhBackward', grad, x);
  if (fused !== null) return fused;
  if (approximate === 'none') {
    const cdf = erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5);
    const pdf = x
      .mul(x)
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return grad.mul(cdf.add(x.mul(pdf)));
  }
  const inner = x.add(x.pow(3).mul(GELU_CUBIC)).mul(SQRT_2_OVER_PI);
  const t = tanh(inner);
  const slope = x
    .mul(x)
    .mul(3 * GELU_CUBIC)
    .add(1)
    .mul(SQRT_2_OVER_PI);
  const right = x.mul(t.mul(t).rsub(1)).mul(slope);
  return grad.mul(t.add(1).add(right).mul(0.5));
}

export const elementwise: Derivatives<keyof ElementwiseOps> = {
  // one operand
  neg: formula([], (grad) => [grad.neg()]),
  abs: formula([0], (grad, { args: [x] }) => [grad.mul(x.sign())]),
  sign: formula([], zeroGradient),
  exp: formula(['result'], (grad, { result: y }) => [grad.mul(y)]),
  exp2: formula(['result'], (grad, { result: y }) => [grad.mul(y).mul(Math.LN2)]),
  expm1: formula(['result'], (grad, { result: y }) => [grad.mul(y.add(1))]),
  log: formula([0], (grad, { args: [x] }) => [grad.div(x)]),
  log2: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(Math.LN2))]),
  log10: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(Math.LN10))]),
  log1p: formula([0], (grad, { args: [x] }) => [grad.div(x.add(1))], { name: 'Log1PBackward0' }),
  sqrt: formula(['result'], (grad, { result: y }) => [grad.div(y.mul(2))]),
  rsqrt: formula(['result'], (grad, { result: y }) => [grad.mul(y.pow(3)).mul(-0.5)]),
  reciprocal: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y)).neg()]),
  sin: formula([0], (grad, { args: [x] }) => [grad.mul(x.cos())]),
  cos: formula([0], (grad, { args: [x] }) => [grad.mul(x.sin()).neg()]),
  tan: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y).add(1))]),
  asin: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).rsub(1).rsqrt())]),
  acos: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).rsub(1).rsqrt()).neg()]),
  atan: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(x).add(1))]),
  sinh: formula([0], (grad, { args: [x] }) => [grad.mul(x.cosh())]),
  cosh: formula([0], (grad, { args: [x] }) => [grad.mul(x.sinh())]),
  tanh: formula(['result'], (grad, { result: y }) => [
    fusedGradient('tanhBackward', grad, y) ?? grad.mul(y.mul(y).rsub(1)),
  ]),
  asinh: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).add(1).rsqrt())]),
  acosh: formula([0], (grad, { args: [x] }) => [grad.mul(x.mul(x).sub(1).rsqrt())]),
  atanh: formula([0], (grad, { args: [x] }) => [grad.div(x.mul(x).rsub(1))]),
  sigmoid: formula(['result'], (grad, { result: y }) => [
    fusedGradient('sigmoidBackward', grad, y) ?? grad.mul(y.rsub(1).mul(y)),
  ]),
  logSigmoid: formula([0], (grad, { args: [x] }) => [grad.mul(sigmoid(x.neg()))]),
  // relu keeps its result: where it is 0 the gradient is 0
  relu: formula(['result'], (grad, { result: y }) => [thresholdBackward(grad, y, 0)]),
  silu: formula([0], (grad, { args: [x] }) => {
    const fused = fusedGradient('siluBackward', grad, x);
    if (fused !== null) return [fused];
    const s = x.sigmoid();
    return [grad.mul(s.mul(x.mul(s.rsub(1)).add(1)))];
  }),
  mish: formula([0], (grad, { args: [x] }) => {
    const t = softplus(x).tanh();
    return [grad.mul(t.add(x.mul(x.sigmoid()).mul(t.mul(t).rsub(1))))];
  }),
  hardswish: formula([0], (grad, { args: [x] }) => [
    fusedGradient('hardswishBackward', grad, x) ??
      where(x.lt(-3), 0, where(x.le(3), grad.mul(x.div(3).add(0.5)), grad)),
  ]),
  hardsigmoid: formula([0], (grad, { args: [x] }) => [only(grad.div(6), x.gt(-3).logicalAnd(x.lt(3)))]),
  erf: formula([0], (grad, { args: [x] }) => [
    grad.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
  ]),
  erfc: formula([0], (grad, { args: [x] }) => [
    grad.mul(
      x
        .mul(x)
        .neg()
        .exp()
        .mul(-2 / Math.sqrt(Math.PI)),
    ),
  ]),
  erfinv: formula(['result'], (grad, { result: y }) => [
    grad.mul(
      y
        .mul(y)
        .exp()
        .mul(Math.sqrt(Math.PI) / 2),
    ),
  ]),
  lgamma: formula([0], (grad, { args: [x] }) => [grad.mul(x.digamma())]),
  digamma: formula([0], (grad, { args: [x] }) => [grad.mul(zeta(2, x))]),
  erfcx: formula([0, 'result'], (grad, { args: [x], result: y }) => [
    grad.mul(
      x
        .mul(2)
        .mul(y)
        .sub(2 / Math.sqrt(Math.PI)),
    ),
  ]),
  ndtri: formula(['result'], (grad, { result: y }) => [grad.mul(y.mul(y).div(2).exp()).mul(Math.sqrt(2 * Math.PI))]),
  i0: formula([0], (grad, { args: [x] }) => [grad.mul(i1(x))]),
  i0e: formula([0, 'result'], (grad, { args: [x], result: y }) => [grad.mul(i1e(x).sub(x.sign().mul(y)))]),
  // the quotient by x has the limit 1/2 at 0
  i1: formula([0, 'result'], (grad, { args: [x], result: y }) => [
    grad.mul(where(x.eq(0), 0.5, i0(x).sub(y.div(where(x.eq(0), 1, x))))),
  ]),
  i1e: formula([0, 'result'], (grad, { args: [x], result: y }) => [
    grad.mul(
      where(
        x.eq(0),
        0.5,
        i0e(x)
          .sub(y.mul(x.sign()))
          .sub(y.div(where(x.eq(0), 1, x))),
      ),
    ),
  ]),
  floor: formula([], zeroGradient),
  ceil: formula([], zeroGradient),
  round: formula([], zeroGradient),
  trunc: formula([], zeroGradient),
  logicalNot: nonDifferentiable,
  bitwiseNot: nonDifferentiable,
  isnan: nonDifferentiable,
  isinf: nonDifferentiable,
  isfinite: nonDifferentiable,
  gelu: formula([0], (grad, { args: [x, approximate] }) => [geluGradient(grad, x, approximate)]),
  elu: formula(
    [0],
    (grad, { args: [x, alpha, scale, inputScale] }) => [
      fusedGradient('eluBackward', grad, x, alpha, scale, inputScale) ??
        where(
          x.le(0),
          grad.mul(
            // not a clamp, whose own derivative at 0 is 1: there the second derivative is PyTorch's, 0
            where(x.lt(0), x, 0)
              .mul(inputScale)
              .exp()
              .mul(inputScale * alpha * scale),
          ),
          grad.mul(scale),
        ),
    ],
    { name: (args) => (args[3] === 1 ? 'EluBackward0' : 'CeluBackward0') },
  ),
  leakyRelu: formula([0], (grad, { args: [x, slope] }) => [
    fusedGradient('leakyReluBackward', grad, x, slope) ?? where(x.gt(0), grad, grad.mul(slope)),
  ]),
  softplus: formula([0], (grad, { args: [x, beta, threshold] }) => {
    const fused = fusedGradient('softplusBackward', grad, x, beta, threshold);
    if (fused !== null) return [fused];
    const z = x.mul(beta);
    return [where(z.gt(threshold), grad, grad.mul(z.sigmoid()))];
  }),
  hardtanh: formula([0], (grad, { args: [x, min, max] }) => [
    fusedGradient('hardtanhBackward', grad, x, min, max) ?? where(x.le(min).logicalOr(x.ge(max)), 0, grad),
  ]),
  hardshrink: formula([0], (grad, { args: [x, lambd] }) => [where(x.abs().le(lambd), 0, grad)]),
  softshrink: formula([0], (grad, { args: [x, lambd] }) => [where(x.abs().le(lambd), 0, grad)]),
  threshold: formula([0], (grad, { args: [x, threshold] }) => [thresholdBackward(grad, x, threshold)]),
  clamp: formula(
    [0],
    (grad, { args: [x, min, max] }) => {
      let kept = grad;
      if (min !== null) kept = only(kept, x.ge(min));
      if (max !== null) kept = only(kept, x.le(max));
      return [kept];
    },
    { name: 'ClampBackward1' },
  ),
  nanToNum: formula([0], (grad, { args: [x] }) => [only(grad, x.isfinite())]),

  // two operands
  add: formula([], (grad, { args: [, , alpha], needs }) => [grad, needs[1] && scaled(grad, alpha)]),
  sub: formula([], (grad, { args: [, , alpha], needs }) => [grad, needs[1] && scaled(grad, -alpha)], {
    name: byNumber('SubBackward0', 'RsubBackward1', 'SubBackward0'),
  }),
  mul: formula([0, 1], (grad, { args: [a, b], needs }) => [needs[0] && grad.mul(b), needs[1] && grad.mul(a)], {
    neededFor: { 0: [1], 1: [0] },
  }),
  div: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      needs[0] && grad.div(b),
      needs[1] && grad.mul(asTensor(a, grad).div(b).div(b)).neg(),
    ],
    { neededFor: { 0: [1], 1: [0, 1] } },
  ),
  divRounded: formula([], (grad) => [zerosLike(grad), zerosLike(grad)], { name: 'DivBackward2' }),
  pow: formula(
    [0, 1, 'result'],
    (grad, { args: [x, exponent], result: y, needs }) => [
      needs[0] && powSelf(grad, x as Tensor, exponent),
      needs[1] && powExponent(grad, x, exponent as Tensor, y),
    ],
    {
      name: byNumber('PowBackward1', 'PowBackward2', 'PowBackward0'),
      neededFor: { 0: [0, 1], 1: [0, 1], result: [1] },
    },
  ),
  maximum: formula([0, 1], (grad, { args: [a, b], needs }) => [
    needs[0] && ofWinner(grad, a, b, true),
    needs[1] && ofWinner(grad, b, a, true),
  ]),
  minimum: formula([0, 1], (grad, { args: [a, b], needs }) => [
    needs[0] && ofWinner(grad, a, b, false),
    needs[1] && ofWinner(grad, b, a, false),
  ]),
  atan2: formula([0, 1], (grad, { args: [a, b], needs }) => {
    const y = asTensor(a, grad);
    const x = asTensor(b, grad);
    const share = grad.div(y.mul(y).add(x.mul(x)));
    return [needs[0] && share.mul(x), needs[1] && share.mul(y).neg()];
  }),
  remainder: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      grad,
      needs[1] && grad.mul(asTensor(a, grad).div(b, { roundingMode: 'floor' })).neg(),
    ],
    { name: byOperand('Remainder', 1, '1', '0'), neededFor: { 0: [1], 1: [1] } },
  ),
  fmod: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => [
      grad,
      needs[1] && grad.mul(asTensor(a, grad).div(b, { roundingMode: 'trunc' })).neg(),
    ],
    { name: byOperand('Fmod', 1, '1', '0'), neededFor: { 0: [1], 1: [1] } },
  ),
  // ζ(s, q) = Σ (k + q)^-s
  zeta: formula([0, 1], (grad, { args: [exponent, q], needs }) => {
    if (needs[0]) throw byFirst('zeta');
    const s = asTensor(exponent, grad);
    return [
      null,
      grad
        .mul(s)
        .mul(zeta(s.add(1), q))
        .neg(),
    ];
  }),
  igamma: formula([0, 1], (grad, { args: [a, x], needs }) => {
    if (needs[0]) throw byFirst('igamma');
    return [null, grad.mul(gammaDensity(asTensor(a, grad), asTensor(x, grad)))];
  }),
  igammac: formula([0, 1], (grad, { args: [a, x], needs }) => {
    if (needs[0]) throw byFirst('igammac');
    return [null, grad.mul(gammaDensity(asTensor(a, grad), asTensor(x, grad))).neg()];
  }),
  xlogy: formula(
    [0, 1],
    (grad, { args: [a, b], needs }) => {
      const x = asTensor(a, grad);
      const y = asTensor(b, grad);
      return [needs[0] && where(x.eq(0).logicalAnd(y.le(0)), 0, xlogy(grad, y)), needs[1] && grad.mul(x).div(y)];
    },
    { name: byNumber('XlogyBackward0', 'XlogyBackward1', 'XlogyBackward2') },
  ),
  // Not x · 0 where x > 0: that would be NaN where x is infinite.
  prelu: formula([0, 1], (grad, { args: [x, weight], needs }) => [
    needs[0] && (fusedGradient('preluBackward', grad, [x, weight]) ?? where(x.gt(0), grad, grad.mul(weight))),
    needs[1] && (fusedGradient('preluWeightBackward', grad, x) ?? where(x.gt(0), 0, grad.mul(x))),
  ]),
  eq: nonDifferentiable,
  ne: nonDifferentiable,
  lt: nonDifferentiable,
  le: nonDifferentiable,
  gt: nonDifferentiable,
  ge: nonDifferentiable,
  logicalAnd: nonDifferentiable,
  logicalOr: nonDifferentiable,
  logicalXor: nonDifferentiable,
  bitwiseAnd: nonDifferentiable,
  bitwiseOr: nonDifferentiable,
  bitwiseXor: nonDifferentiable,
  // linear in its gradient, and flat in what it is compared with
  thresholdBackward: formula([1], (grad, { args: [, x, threshold] }) => [thresholdBackward(grad, x, threshold)]),

  // three operands
  where: formula([0], (grad, { args: [condition], needs }) => [
    null,
    needs[1] && where(condition, grad, 0),
    needs[2] && where(condition, 0, grad),
  ]),
  lerp: formula(
    [0, 1, 2],
    (grad, { args: [start, end, weight], needs }) => [
      needs[0] && grad.mul(typeof weight === 'number' ? 1 - weight : weight.rsub(1)),
      needs[1] && grad.mul(weight),
      needs[2] && grad.mul(end.sub(start)),
    ],
    { name: byOperand('Lerp', 2, '1', '0'), neededFor: { 0: [2], 1: [2], 2: [0, 1] } },
  ),
  addcmul: formula(
    [1, 2],
    (grad, { args: [, a, b, value], needs }) => [
      grad,
      needs[1] && scaled(grad.mul(b), value),
      needs[2] && scaled(grad.mul(a), value),
    ],
    { neededFor: { 1: [2], 2: [1] } },
  ),
  addcdiv: formula(
    [1, 2],
    (grad, { args: [, a, b, value], needs }) => [
      grad,
      needs[1] && scaled(grad.div(b), value),
      needs[2] && scaled(grad.mul(a.div(b.mul(b))), -value),
    ],
    { neededFor: { 1: [2], 2: [1, 2] } },
  ),
  maskedFill: formula(
    [1],
    (grad, { args: [, mask], needs }) => [
      needs[0] && grad.maskedFill(mask, 0),
      null,
      needs[2] && where(mask, grad, 0).sum(),
    ],
    { name: byOperand('MaskedFill', 2, '1', '0') },
  ),

  // copies
  clone: formula([], (grad) => [grad]),
  to: formula([], (grad) => [grad], { name: 'ToCopyBackward0' }),
  // what was there before the copy has no influence any more
  copy: formula([], (grad, { needs }) => [needs[0] && zerosLike(grad), grad], { name: 'CopyBackwards' }),
  fill: formula([], (grad, { needs }) => [needs[0] && zerosLike(grad), needs[1] && grad.sum()], {
    name: (args) => fillName(args[1]),
  }),
};

function fillName(value: Value): string {
  if (typeof value !== 'number') return 'FillBackward3';
  return value === 0 ? 'ZeroBackward0' : 'FillBackward2';
}
