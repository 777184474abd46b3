/**
 * Steps of optimisers, each one pass over a parameter in place. Not differentiable: they run outside the tape, and count the
 * versions of what they write up, so that a backward pass that saved it notices.
 */

import { isFloating } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { formatShape, sameShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import * as exact from '../reference/exactMath.ts';
import type { FloatRun } from '../reference/optim.ts';
import { adam, sgd } from '../reference/optim.ts';
import type { Tensor } from '../tensor.ts';
import { launchAdam, launchSgd } from '../wasm/launchOptim.ts';
import { clone, contiguous } from './elementwise.ts';

export interface SgdStepOptions {
  /** Learning rate. */
  readonly lr: number;
  /** Share of the last update that is kept; 0 by default. */
  readonly momentum?: number;
  /** Share of the gradient that momentum drops; 0 by default. */
  readonly dampening?: number;
  /** L2 penalty; 0 by default. */
  readonly weightDecay?: number;
  /** Nesterov's momentum. Default false. */
  readonly nesterov?: boolean;
  /** Ascend instead of descending. Default false. */
  readonly maximize?: boolean;
}

/**
 * One step of stochastic gradient descent on `param`, in place:
 *
 * `d = grad + weightDecay param`; with a buffer `b = momentum b + (1 - dampening) d` and `d = b`, or, with Nesterov,
 * `d = d + momentum b`; then `param = param - lr d`.
 *
 * @param grad of param's shape; not contiguous, it is copied
 * @param momentumBuffer of param's shape, contiguous, written to; null for no momentum. A first step takes zeros and no
 *   dampening.
 * @throws DTypeError for what is not floating point; ShapeError when shapes differ, or when what must be written is not contiguous;
 *   ValueError when an option is no number, unknown or missing
 *
 * @example
 * sgdStep(weight, grad, buffer, { lr: 0.1, momentum: 0.9 });
 */
export function sgdStep(param: Tensor, grad: Tensor, momentumBuffer: Tensor | null, options: SgdStepOptions): void {
  const op = 'sgdStep';
  const names = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'] as const;
  const [lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false] = named<
    [number, number, number, number, boolean, boolean]
  >(op, names, [options]);
  checkNumber(op, 'lr', lr);
  checkNumber(op, 'momentum', momentum);
  checkNumber(op, 'dampening', dampening);
  checkNumber(op, 'weightDecay', weightDecay);
  checkOperand(op, 'param', param, param, true);
  checkOperand(op, 'grad', grad, param, false);
  if (momentumBuffer !== null) checkOperand(op, 'momentumBuffer', momentumBuffer, param, true);
  const factors = { lr: lr as number, sign: maximize ? -1 : 1, weightDecay, momentum, fresh: 1 - dampening, nesterov };
  const g = readable(grad, [param, momentumBuffer]);
  if (!launchSgd(param, g, momentumBuffer, factors)) {
    sgd(sizeOf(param.shape), runOf(param), runOf(g), momentumBuffer === null ? null : runOf(momentumBuffer), factors);
  }
  countWrites([param, momentumBuffer]);
}

/** Running means of Adam: tensors of the parameter's shape, contiguous, zero at first. */
export interface AdamState {
  /** Of the gradient. */
  readonly expAvg: Tensor;
  /** Of its square. */
  readonly expAvgSq: Tensor;
  /** The largest of the latter so far, for AMSGrad; null or left out for plain Adam. */
  readonly maxExpAvgSq?: Tensor | null;
}

export interface AdamStepOptions {
  /** The number of this step, from 1 on. */
  readonly step: number;
  /** Learning rate; 1e-3 by default. */
  readonly lr?: number;
  /** Decay rates of the running means; [0.9, 0.999] by default. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator; 1e-8 by default. */
  readonly eps?: number;
  /** Weight decay; 0 by default. */
  readonly weightDecay?: number;
  /** Whether weight decay acts on the parameter itself (AdamW) and not through the gradient. Default false. */
  readonly decoupled?: boolean;
  /** Ascend instead of descending. Default false. */
  readonly maximize?: boolean;
}

/**
 * Step `t` of Adam on `param`, in place, and on the running means:
 *
 * `m = β₁ m + (1 - β₁) g`, `v = β₂ v + (1 - β₂) g²`, `param = param - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)`, with
 * `weightDecay param` added to the gradient first, or, decoupled, `lr weightDecay param` subtracted from the parameter first; with
 * AMSGrad the largest `v` so far is in the denominator.
 *
 * @param grad of param's shape; not contiguous, it is copied
 * @throws DTypeError for what is not floating point; ShapeError when shapes differ, or when what must be written is not contiguous;
 *   ValueError when an option is no number, unknown or missing
 *
 * @example
 * adamStep(weight, grad, { expAvg, expAvgSq }, { step: 1, lr: 1e-3 });
 */
export function adamStep(param: Tensor, grad: Tensor, state: AdamState, options: AdamStepOptions): void {
  const op = 'adamStep';
  const names = ['step', 'lr', 'betas', 'eps', 'weightDecay', 'decoupled', 'maximize'] as const;
  const [step, lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decoupled = false, maximize = false] =
    named<[number, number, readonly [number, number], number, number, boolean, boolean]>(op, names, [options]);
  const [beta1, beta2] = betas;
  checkNumber(op, 'step', step);
  checkNumber(op, 'lr', lr);
  checkNumber(op, 'beta1', beta1);
  checkNumber(op, 'beta2', beta2);
  checkNumber(op, 'eps', eps);
  checkNumber(op, 'weightDecay', weightDecay);
  const { expAvg, expAvgSq, maxExpAvgSq = null } = state;
  checkOperand(op, 'param', param, param, true);
  checkOperand(op, 'grad', grad, param, false);
  checkOperand(op, 'expAvg', expAvg, param, true);
  checkOperand(op, 'expAvgSq', expAvgSq, param, true);
  if (maxExpAvgSq !== null) checkOperand(op, 'maxExpAvgSq', maxExpAvgSq, param, true);
  const factors = {
    stepSize: lr / (1 - exact.pow(beta1, step as number)),
    beta1,
    beta2,
    scale2: 1 / Math.sqrt(1 - exact.pow(beta2, step as number)),
    eps,
    sign: maximize ? -1 : 1,
    decay: decoupled ? 1 - lr * weightDecay : 1,
    penalty: decoupled ? 0 : weightDecay,
  };
  const written = [param, expAvg, expAvgSq, maxExpAvgSq];
  const g = readable(grad, written);
  if (!launchAdam(param, g, expAvg, expAvgSq, maxExpAvgSq, factors)) {
    const largest = maxExpAvgSq === null ? null : runOf(maxExpAvgSq);
    adam(sizeOf(param.shape), runOf(param), runOf(g), runOf(expAvg), runOf(expAvgSq), largest, factors);
  }
  countWrites(written);
}

function checkNumber(op: string, name: string, value: unknown): void {
  if (typeof value === 'number') return;
  throw new ValueError(`${name} must be a number, but got ${String(value)}`, { op, operands: { [name]: value } });
}

/** What is written must be contiguous. */
function checkOperand(op: string, name: string, x: Tensor, param: Tensor, isWritten: boolean): void {
  if (!isFloating(x.dtype)) {
    throw new DTypeError(`${name} must be floating point, but is ${x.dtype}`, { op, operands: { [name]: x.dtype } });
  }
  if (!sameShape(x.shape, param.shape)) {
    const shapes = `${formatShape(x.shape)}, but param has shape ${formatShape(param.shape)}`;
    throw new ShapeError(`${name} has shape ${shapes}`, { op, operands: { [name]: x.shape, param: param.shape } });
  }
  if (isWritten && !x.isContiguous()) {
    throw new ShapeError(
      `can only update contiguous tensors, but ${name} is not; call contiguous() before making a parameter of a view`,
      { op, operands: { shape: x.shape, strides: x.strides } },
    );
  }
}

/** The gradient in row-major order and apart from what is written, unless it is that very place. */
function readable(grad: Tensor, written: readonly (Tensor | null)[]): Tensor {
  const dense = contiguous(grad);
  const overlaps = written.some(
    (x) => x !== null && x.storage.root === dense.storage.root && x.offset !== dense.offset,
  );
  return overlaps ? clone(dense) : dense;
}

function runOf(x: Tensor): FloatRun {
  return { array: x.array as Float64Array, offset: x.offset };
}

function countWrites(written: readonly (Tensor | null)[]): void {
  for (const x of written) if (x !== null) x.storage.countWrite();
}
