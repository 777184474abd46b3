/**
 * The ops of `torch.special` that are not composed of others. They have reference loops alone, which are kept out of the table of
 * elementwise functions, so that a page that uses none of them does not load them.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import { runScalar2 } from '../kernels.ts';
import type { ElementwiseOps, Operand } from '../ops/list.ts';
import { commonShape, operand, toFloat, trueDivision } from '../ops/pointwise.ts';
import { checkTensor } from '../ops/tensors.ts';
import * as bessel from '../reference/bessel.ts';
import type { Scalar1, Scalar2 } from '../reference/elementwise.ts';
import { unary } from '../reference/elementwise.ts';
import * as gamma from '../reference/incompleteGamma.ts';
import * as normal from '../reference/normal.ts';
import { zeta as zetaScalar } from '../reference/zeta.ts';
import type { Tensor } from '../tensor.ts';

type UnaryName = 'erfcx' | 'ndtri' | 'i0' | 'i0e' | 'i1' | 'i1e';

function runUnary(op: UnaryName, fn: Scalar1, self: Tensor): Tensor {
  const forward: ElementwiseOps[UnaryName] = (x) => {
    const out = allocate(x.shape, toFloat(op, x.dtype));
    unary(fn, x, out);
    return out;
  };
  return dispatch(op, forward, [checkTensor(op, 'self', self)]);
}

function runBinary(op: 'zeta' | 'igamma' | 'igammac', fn: Scalar2, self: Operand, other: Operand): Tensor {
  const forward: ElementwiseOps[typeof op] = (a, b) => {
    const { compute, out: dtype } = trueDivision(op, a, b);
    const out = allocate(commonShape(op, a, b), dtype);
    runScalar2(fn, a, b, out, compute);
    return out;
  };
  return dispatch(op, forward, [operand(op, 'self', self), operand(op, 'other', other)]);
}

/** `e^(x²) erfc(x)`, which does not underflow. */
export function erfcx(self: Tensor): Tensor {
  return runUnary('erfcx', normal.erfcx, self);
}

/** The x below which a standard normal variable lies with the probability given: the inverse of `ndtr`. */
export function ndtri(self: Tensor): Tensor {
  return runUnary('ndtri', normal.ndtri, self);
}

/** The modified Bessel function of order 0. */
export function i0(self: Tensor): Tensor {
  return runUnary('i0', bessel.i0, self);
}

/** `e^-|x| i0(x)` */
export function i0e(self: Tensor): Tensor {
  return runUnary('i0e', bessel.i0e, self);
}

/** The modified Bessel function of order 1. */
export function i1(self: Tensor): Tensor {
  return runUnary('i1', bessel.i1, self);
}

/** `e^-|x| i1(x)` */
export function i1e(self: Tensor): Tensor {
  return runUnary('i1e', bessel.i1e, self);
}

/** Hurwitz' zeta function: the sum of `(k + other)^-self` over k ≥ 0, for `self` > 1. Has no derivative by `self`. */
export function zeta(self: Operand, other: Operand): Tensor {
  return runBinary('zeta', zetaScalar, self, other);
}

/** The regularised lower incomplete gamma function: ∫ t^(a-1) e^-t dt from 0 to `other`, over Γ(a). No derivative by a. */
export function igamma(self: Operand, other: Operand): Tensor {
  return runBinary('igamma', gamma.igamma, self, other);
}

/** The regularised upper incomplete gamma function, `1 - igamma`. No derivative by `self`. */
export function igammac(self: Operand, other: Operand): Tensor {
  return runBinary('igammac', gamma.igammac, self, other);
}
