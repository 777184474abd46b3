/**
 * Optimiser steps: one pass over a parameter, its gradient and the optimiser's state.
 *
 *     for i in 0 … n-1, a few vectors at a time, then one at a time:
 *       SGD:       d = sign g + weightDecay p;  b = momentum b + fresh d;  p -= lr (b, or d + momentum b, or d without a buffer)
 *       adaptive:  p *= decay;  d = sign g + penalty p;  m = β₁ m + (1 - β₁) d;  v = β₂ v + fresh2 d²;
 *                  r = scale2 √(v, or the largest v so far, or v - m²) + eps;
 *                  p -= stepSize (m, or d) / r,  or (stepSize m + gradSize d) / r,
 *                  or b = momentum b + d / r;  p -= stepSize b
 *
 * In the dtype's own lanes, every operation rounded: the same operations as in `reference/optim.ts`, so the same bits, on every
 * machine.
 *
 * A kernel's name is its identity: `f32_sgd_momentum`, `f64_adaptive_step_largest`.
 */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { MeanUse } from '../../reference/optim.ts';
import type { Assembler, Local, Operand, Value } from '../assembler.ts';
import type { Emitter } from '../module.ts';

/** How SGD uses the gradient: as it is, through momentum, or through Nesterov's momentum. */
export type SgdForm = 'plain' | 'momentum' | 'nesterov';

/** What an adaptive method has of a mean of gradients, of a largest square and of a buffer. */
export interface AdaptiveForm {
  readonly use: MeanUse | 'none';
  readonly largest: boolean;
  readonly buffer: boolean;
}

const prefix = (dtype: FloatDType): string => (dtype === 'float32' ? 'f32' : 'f64');

export const sgdName = (dtype: FloatDType, form: SgdForm): string => `${prefix(dtype)}_sgd_${form}`;
export const adaptiveName = (dtype: FloatDType, { use, largest, buffer }: AdaptiveForm): string =>
  `${prefix(dtype)}_adaptive_${use}${largest ? '_largest' : ''}${buffer ? '_buffer' : ''}`;

/** `run(n, param, grad, buffer, lr, sign, weightDecay, momentum, fresh)`; the buffer is ignored by the plain form */
export function emitSgd(dtype: FloatDType, form: SgdForm): Emitter {
  return (code) => {
    const lanes = dtype === 'float32' ? code.f32x4 : code.f64x2;
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
        const { lr, sign, weightDecay, momentum, fresh } = splats(code, dtype, scalars);
        const runs = form === 'plain' ? [param, grad] : [param, grad, buffer];
        const value = code.local('v128');
        const d = code.local('v128');
        overLanes(code, dtype, n, runs, ({ load, store }) => {
          value.set(load(param));
          d.set(lanes.add(lanes.mul(sign, load(grad)), lanes.mul(weightDecay, value)));
          if (form !== 'plain') {
            const sum = code.local('v128', lanes.add(lanes.mul(momentum, load(buffer)), lanes.mul(fresh, d)));
            store(buffer, sum);
            if (form === 'nesterov') d.set(lanes.add(d, lanes.mul(momentum, sum)));
            else d.set(sum);
          }
          value.set(lanes.sub(value, lanes.mul(lr, d)));
          store(param, value);
        });
      },
    );
  };
}

/**
 * `run(n, param, grad, mean, square, largest, buffer, stepSize, beta1, rest1, beta2, fresh2, scale2, eps, sign, decay, penalty,
 * gradSize, momentum)` with `rest1 = 1 - beta1`; pointers that the form does not have are ignored
 */
export function emitAdaptive(dtype: FloatDType, form: AdaptiveForm): Emitter {
  return (code) => {
    const lanes = dtype === 'float32' ? code.f32x4 : code.f64x2;
    code.export(
      'run',
      {
        n: 'i32',
        param: 'i32',
        grad: 'i32',
        mean: 'i32',
        square: 'i32',
        largest: 'i32',
        buffer: 'i32',
        stepSize: 'f64',
        beta1: 'f64',
        rest1: 'f64',
        beta2: 'f64',
        fresh2: 'f64',
        scale2: 'f64',
        eps: 'f64',
        sign: 'f64',
        decay: 'f64',
        penalty: 'f64',
        gradSize: 'f64',
        momentum: 'f64',
      },
      [],
      ({ n, param, grad, mean, square, largest, buffer, ...scalars }) => {
        const { stepSize, beta1, rest1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = splats(
          code,
          dtype,
          scalars,
        );
        const { use } = form;
        const runs = [param, grad, square];
        if (use !== 'none') runs.push(mean);
        if (form.largest) runs.push(largest);
        if (form.buffer) runs.push(buffer);
        const value = code.local('v128');
        const d = code.local('v128');
        const first = code.local('v128');
        const second = code.local('v128');
        overLanes(code, dtype, n, runs, ({ load, store }) => {
          value.set(lanes.mul(load(param), decay));
          d.set(lanes.add(lanes.mul(sign, load(grad)), lanes.mul(penalty, value)));
          second.set(lanes.add(lanes.mul(beta2, load(square)), lanes.mul(lanes.mul(fresh2, d), d)));
          store(square, second);
          if (form.largest) {
            second.set(lanes.max(load(largest), second));
            store(largest, second);
          }
          if (use !== 'none') {
            first.set(lanes.add(lanes.mul(beta1, load(mean)), lanes.mul(rest1, d)));
            store(mean, first);
          }
          if (use === 'center') second.set(lanes.sub(second, lanes.mul(first, first)));
          second.set(lanes.add(lanes.mul(lanes.sqrt(second), scale2), eps));
          if (form.buffer) {
            d.set(lanes.add(lanes.mul(momentum, load(buffer)), lanes.div(d, second)));
            store(buffer, d);
            d.set(lanes.mul(stepSize, d));
          } else {
            const step = lanes.mul(stepSize, use === 'step' || use === 'nesterov' ? first : d);
            d.set(lanes.div(use === 'nesterov' ? lanes.add(step, lanes.mul(gradSize, d)) : step, second));
          }
          value.set(lanes.sub(value, d));
          store(param, value);
        });
      },
    );
  };
}

/** Reads and writes the elements of this turn of the loop as lanes of the dtype. */
interface Access {
  load(pointer: Local<'i32'>): Value<'v128'>;
  store(pointer: Local<'i32'>, value: Operand<'v128'>): void;
}

/** Vectors to a turn of the loop. */
const TURN = 4;

/** Each parameter in all lanes of a vector. */
function splats<K extends string>(
  code: Assembler,
  dtype: FloatDType,
  scalars: Record<K, Local<'f64'>>,
): Record<K, Local<'v128'>> {
  const { f32, f32x4, f64x2 } = code;
  const splat = (x: Local<'f64'>): Value<'v128'> =>
    dtype === 'float32' ? f32x4.splat(f32.demote_f64(x)) : f64x2.splat(x);
  const entries = Object.entries<Local<'f64'>>(scalars);
  return Object.fromEntries(entries.map(([key, x]) => [key, code.local('v128', splat(x))])) as Record<K, Local<'v128'>>;
}

/** The loop around a body: turns of vectors, then single elements, in the low lane. `runs` are the pointers that advance. */
function overLanes(
  code: Assembler,
  dtype: FloatDType,
  n: Local<'i32'>,
  runs: readonly Local<'i32'>[],
  body: (access: Access) => void,
): void {
  const { i32, v128 } = code;
  const bytes = itemBytes(dtype);
  const elements = (TURN * 16) / bytes;
  const i = code.local('i32');
  const whole = code.local('i32', i32.and(n, -elements));
  code.forRange(i, 0, whole, elements, () => {
    for (let at = 0; at < TURN * 16; at += 16) {
      body({ load: (pointer) => v128.load(pointer, at), store: (pointer, value) => v128.store(pointer, value, at) });
    }
    for (const run of runs) code.increase(run, TURN * 16);
  });
  const single: Access =
    bytes === 4
      ? {
          load: (pointer) => v128.load32_zero(pointer),
          store: (pointer, value) => v128.store32_lane(0, pointer, value),
        }
      : {
          load: (pointer) => v128.load64_zero(pointer),
          store: (pointer, value) => v128.store64_lane(0, pointer, value),
        };
  code.whileLess(i, n, () => {
    body(single);
    for (const run of runs) code.increase(run, bytes);
    code.increase(i, 1);
  });
}
