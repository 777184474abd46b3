/**
 * Steps of most optimisers: those of core, one pass over a parameter; and, for parameters of 16-bit floats, the same formulas op by op, in
 * PyTorch's order. Each op computes in float32 and rounds what it writes, so that parameters, state and all between have 16 bits.
 */

import { adaptiveStep as adaptivePass, isHalf, sgdStep as sgdPass } from '@torsor/core';
import { penalized, untaped } from './untaped.ts';

/** Core's `sgdStep`, for all floating dtypes. */
export const sgdStep: typeof sgdPass = (param, grad, momentumBuffer, options) => {
  if (!isHalf(param.dtype)) return sgdPass(param, grad, momentumBuffer, options);
  const { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = options;
  untaped([param, grad, momentumBuffer], (p, given, buffer) => {
    const g = penalized(p, given, { weightDecay, maximize });
    buffer?.mul_(momentum).add_(g, { alpha: 1 - dampening });
    p.add_(buffer === null ? g : nesterov ? g.add(buffer, { alpha: momentum }) : buffer, { alpha: -lr });
  });
};

/** Core's `adaptiveStep`, for all floating dtypes. */
export const adaptiveStep: typeof adaptivePass = (param, grad, state, use, factors) => {
  if (!isHalf(param.dtype)) return adaptivePass(param, grad, state, use, factors);
  const { stepSize, beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = factors;
  untaped([param, grad, state.square, state.mean, state.largest, state.buffer], (p, given, v, m, most, b) => {
    if (decay !== 1) p.mul_(decay);
    const g = penalized(p, given, { weightDecay: penalty, maximize: sign < 0 });
    m?.mul_(beta1).add_(g, { alpha: 1 - beta1 });
    v.mul_(beta2).addcmul_(g, g, { value: fresh2 });
    most?.maximum_(v);
    const isCentered = use === 'center' && m !== null;
    const square = isCentered ? v.addcmul(m, m, { value: -1 }) : (most ?? v);
    // NAdam divides by its correction before it takes the root, and the others after that.
    const root = use === 'nesterov' ? square.div(scale2 ** -2).sqrt() : square.sqrt().div_(1 / scale2);
    root.add_(eps);
    if (b !== null) {
      b.mul_(momentum).addcdiv_(g, root);
      p.add_(b, { alpha: -stepSize });
      return;
    }
    if (use === 'nesterov') p.addcdiv_(g, root, { value: -gradSize });
    p.addcdiv_(m === null || isCentered ? g : m, root, { value: -stepSize });
  });
};
