/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Grad modes: whether operations are recorded. Each comes in two forms, for a function and for a block:
 *
 * ```ts
 * const y = noGrad(() => model(x));
 * { using _ = noGrad(); y = model(x); }
 * ```
 *
 * A mode holds for the whole thread, and code elsewhere runs while a promise is pending. So a function that returns a promise
 * is refused: put the mode around the synchronous parts.
 */

import { AutogradError, modes, named, symbolDispose, ValueError } from '@torsor/core';
import type { Guard } from './anomaly.ts';

function enter(grad: boolean, inference: boolean): Guard {
  const before = { ...modes };
  modes.grad = grad;
  modes.learns = grad;
  modes.inference = inference;
  let done = false;
  return {
    [symbolDispose]() {
      if (done) return;
      done = true;
      modes.grad = before.grad;
      modes.learns = before.learns;
      modes.inference = before.inference;
    },
  };
}

function run<T>(op: string, guard: Guard, fn: () => T): T {
  let result: T;
  try {
    result = fn();
  } finally {
    guard[symbolDispose]();
  }
  if (isPromise(result)) {
    throw new AutogradError(
      'the function returned a promise, but the mode holds for the whole thread and ended when the function returned; put ' +
        `${op}(() => …) around the synchronous parts instead`,
      { op },
    );
  }
  return result;
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function mode<T>(op: string, grad: boolean, inference: boolean, fn: (() => T) | undefined): T | Guard {
  if (fn !== undefined && typeof fn !== 'function') {
    throw new ValueError(`takes a function or nothing, but got ${typeof fn}`, { op });
  }
  const guard = enter(grad, inference);
  return fn === undefined ? guard : run(op, guard, fn);
}

/**
 * Records nothing: results have no `gradFn` and require no gradient, whatever went into them.
 *
 * @throws AutogradError when `fn` returns a promise
 *
 * @example
 * const x = tensor([1], { requiresGrad: true });
 * noGrad(() => x.mul(2)).requiresGrad; // false
 */
export function noGrad(): Guard;
export function noGrad<T>(fn: () => T): T;
export function noGrad<T>(fn?: () => T): T | Guard {
  return mode('noGrad', false, modes.inference, fn);
}

/** Records, inside a `noGrad`. */
export function enableGrad(): Guard;
export function enableGrad<T>(fn: () => T): T;
export function enableGrad<T>(fn?: () => T): T | Guard {
  return mode('enableGrad', true, modes.inference, fn);
}

/**
 * Turns recording on or off: from now on (`setGradEnabled(false)`), for a block (`using _ = setGradEnabled(train)`), or for a
 * function (`setGradEnabled(train, () => …)`).
 */
export function setGradEnabled(mode: boolean): Guard;
export function setGradEnabled<T>(mode: boolean, fn: () => T): T;
export function setGradEnabled<T>(enabled: boolean, fn?: () => T): T | Guard {
  if (typeof enabled !== 'boolean') {
    throw new ValueError(`takes a boolean, but got ${typeof enabled}`, { op: 'setGradEnabled' });
  }
  return mode('setGradEnabled', enabled, modes.inference, fn);
}

/** Options of `inferenceMode`. */
export interface InferenceModeOptions {
  /** False makes the call do nothing but leave an inference mode around it. Default true. */
  readonly mode?: boolean;
}

/**
 * As `noGrad`, and what is made inside can never be recorded later: tensors made in it are inference tensors, which cannot be
 * saved for a backward pass nor, outside, written to in place.
 */
export function inferenceMode(mode?: boolean | InferenceModeOptions): Guard;
export function inferenceMode<T>(fn: () => T, mode?: boolean | InferenceModeOptions): T;
export function inferenceMode<T>(
  fn?: (() => T) | boolean | InferenceModeOptions,
  enabled?: boolean | InferenceModeOptions,
): T | Guard {
  const isFunction = typeof fn === 'function';
  const [on = true] = named<[boolean]>('inferenceMode', ['mode'], [isFunction ? enabled : fn]);
  return mode('inferenceMode', on ? false : modes.grad, on, isFunction ? fn : undefined);
}

/** Whether operations are recorded now. */
export function isGradEnabled(): boolean {
  return modes.grad;
}

/** Whether tensors made now are inference tensors. */
export function isInferenceModeEnabled(): boolean {
  return modes.inference;
}
