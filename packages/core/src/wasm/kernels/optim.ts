/**
 * Optimiser steps: one pass over a parameter, its gradient and the optimiser's state.
 *
 *     for i in 0 … n-1, two at a time, then one at a time:
 *       SGD:   d = sign g + weightDecay p;  b = momentum b + fresh d;  p -= lr (b, or d + momentum b, or d without a buffer)
 *       Adam:  p *= decay;  d = sign g + penalty p;  m = β₁ m + (1 - β₁) d;  v = β₂ v + (1 - β₂) d²;
 *              p -= stepSize m / (√(v, or the largest v so far) / correction2 + eps)
 *
 * float32 is widened to double lanes and rounded once, when it is stored: the same operations as in `reference/optim.ts`, so the
 * same bits, on every machine. The pass waits for memory, not for the arithmetic, so that this costs nothing.
 *
 * A kernel's name is its identity: `f32_sgd_momentum`, `f64_adam_amsgrad`.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Emitter } from '../module.ts';
import { overPairs, splats } from './doubles.ts';

/** How SGD uses the gradient: as it is, through momentum, or through Nesterov's momentum. */
export type SgdForm = 'plain' | 'momentum' | 'nesterov';
export type AdamForm = 'plain' | 'amsgrad';

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

export const sgdName = (dtype: FloatDType, form: SgdForm): string => `${prefix(dtype)}_sgd_${form}`;
export const adamName = (dtype: FloatDType, form: AdamForm): string => `${prefix(dtype)}_adam_${form}`;

/** `run(n, param, grad, buffer, lr, sign, weightDecay, momentum, fresh)`; the buffer is ignored by the plain form */
export function emitSgd(dtype: FloatDType, form: SgdForm): Emitter {
  return (code) => {
    const { f64x2 } = code;
    code.export(
      'run',
      {
        n: 'i32',
        param: 'i32',
        grad: 'i32',
        buffer: 'i32',
        lr: 'f64',
        sign: 'f64',
        weightDecay: 'f64',
        momentum: 'f64',
        fresh: 'f64',
      },
      [],
      ({ n, param, grad, buffer, ...scalars }) => {
        const { lr, sign, weightDecay, momentum, fresh } = splats(code, scalars);
        const runs = form === 'plain' ? [param, grad] : [param, grad, buffer];
        const value = code.local('v128');
        const d = code.local('v128');
        overPairs(code, dtype, n, runs, ({ load, store }) => {
          value.set(load(param));
          d.set(f64x2.add(f64x2.mul(sign, load(grad)), f64x2.mul(weightDecay, value)));
          if (form !== 'plain') {
            const sum = code.local('v128', f64x2.add(f64x2.mul(momentum, load(buffer)), f64x2.mul(fresh, d)));
            store(buffer, sum);
            if (form === 'nesterov') d.set(f64x2.add(d, f64x2.mul(momentum, sum)));
            else d.set(sum);
          }
          value.set(f64x2.sub(value, f64x2.mul(lr, d)));
          store(param, value);
        });
      },
    );
  };
}

/**
 * `run(n, param, grad, mean, square, largest, stepSize, beta1, rest1, beta2, rest2, correction2, eps, sign, decay, penalty)`
 * with `rest = 1 - beta`; `largest` is ignored by the plain form
 */
export function emitAdam(dtype: FloatDType, form: AdamForm): Emitter {
  return (code) => {
    const { f64x2 } = code;
    code.export(
      'run',
      {
        n: 'i32',
        param: 'i32',
        grad: 'i32',
        mean: 'i32',
        square: 'i32',
        largest: 'i32',
        stepSize: 'f64',
        beta1: 'f64',
        rest1: 'f64',
        beta2: 'f64',
        rest2: 'f64',
        correction2: 'f64',
        eps: 'f64',
        sign: 'f64',
        decay: 'f64',
        penalty: 'f64',
      },
      [],
      ({ n, param, grad, mean, square, largest, ...scalars }) => {
        const { stepSize, beta1, rest1, beta2, rest2, correction2, eps, sign, decay, penalty } = splats(code, scalars);
        const runs = [param, grad, mean, square, ...(form === 'amsgrad' ? [largest] : [])];
        const value = code.local('v128');
        const d = code.local('v128');
        const first = code.local('v128');
        const second = code.local('v128');
        overPairs(code, dtype, n, runs, ({ load, store }) => {
          value.set(f64x2.mul(load(param), decay));
          d.set(f64x2.add(f64x2.mul(sign, load(grad)), f64x2.mul(penalty, value)));
          first.set(f64x2.add(f64x2.mul(beta1, load(mean)), f64x2.mul(rest1, d)));
          store(mean, first);
          second.set(f64x2.add(f64x2.mul(beta2, load(square)), f64x2.mul(f64x2.mul(rest2, d), d)));
          store(square, second);
          if (form === 'amsgrad') {
            second.set(f64x2.max(load(largest), second));
            store(largest, second);
          }
          d.set(f64x2.add(f64x2.div(f64x2.sqrt(second), correction2), eps));
          value.set(f64x2.sub(value, f64x2.div(f64x2.mul(stepSize, first), d)));
          store(param, value);
        });
      },
    );
  };
}
