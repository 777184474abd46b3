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
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

/** How SGD uses the gradient: as it is, through momentum, or through Nesterov's momentum. */
export type SgdForm = 'plain' | 'momentum' | 'nesterov';
export type AdamForm = 'plain' | 'amsgrad';

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

export const sgdName = (dtype: FloatDType, form: SgdForm): string => `${prefix(dtype)}_sgd_${form}`;
export const adamName = (dtype: FloatDType, form: AdamForm): string => `${prefix(dtype)}_adam_${form}`;

type Pointer = Local<'i32'>;
type Vector = Local<'v128'>;

/** Reads and writes the elements of this turn of the loop as double lanes. */
interface Access {
  load(pointer: Pointer): Value<'v128'>;
  store(pointer: Pointer, value: Operand<'v128'>): void;
}

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

/** Each parameter in both lanes of a vector. */
function splats<K extends string>(code: Assembler, scalars: Record<K, Local<'f64'>>): Record<K, Vector> {
  const entries = Object.entries<Local<'f64'>>(scalars);
  return Object.fromEntries(entries.map(([k, x]) => [k, code.local('v128', code.f64x2.splat(x))])) as Record<K, Vector>;
}

/** Elements to a turn of the loop, in pairs. */
const TURN = 8;

/** The loop around a body: turns of pairs of elements, then single ones, in the low lane. */
function overPairs(
  code: Assembler,
  dtype: FloatDType,
  n: Local<'i32'>,
  runs: readonly Pointer[],
  body: (access: Access) => void,
): void {
  const { f32x4, f64x2, i32, v128 } = code;
  const isSingle = dtype === 'float32';
  const bytes = isSingle ? 4 : 8;
  /** The pair that lies `at` elements after the pointers. */
  const pair = (at: number): Access => ({
    load: (pointer) =>
      isSingle ? f64x2.promote_low_f32x4(v128.load64_zero(pointer, at * bytes)) : v128.load(pointer, at * bytes),
    store: (pointer, value) => {
      if (isSingle) v128.store64_lane(0, pointer, f32x4.demote_f64x2_zero(value), at * bytes);
      else v128.store(pointer, value, at * bytes);
    },
  });
  const single: Access = {
    load: (pointer) => (isSingle ? f64x2.promote_low_f32x4(v128.load32_zero(pointer)) : v128.load64_zero(pointer)),
    store: (pointer, value) => {
      if (isSingle) v128.store32_lane(0, pointer, f32x4.demote_f64x2_zero(value));
      else v128.store64_lane(0, pointer, value);
    },
  };
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -TURN));
  code.forRange(i, 0, whole, TURN, () => {
    for (let at = 0; at < TURN; at += 2) body(pair(at));
    for (const run of runs) code.increase(run, TURN * bytes);
  });
  code.whileLess(i, n, () => {
    body(single);
    for (const run of runs) code.increase(run, bytes);
    code.increase(i, 1);
  });
}
