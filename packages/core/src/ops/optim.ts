/**
 * Steps of optimisers, each one pass over a parameter in place. Not differentiable: they run outside the tape, and count the
 * versions of what they write up, so that a backward pass that saved it notices.
 */

import { refuseHalf } from '../bits.ts';
import { isFloating, isHalf } from '../dtype.ts';
import { DTypeError, ShapeError, ValueError } from '../errors.ts';
import { formatShape, sameShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import type { AdaptiveFactors, AdaptiveRuns, FloatRun, MeanUse } from '../reference/optim.ts';
import { adaptive, sgd } from '../reference/optim.ts';
import type { Tensor } from '../tensor.ts';
import { launchAdaptive, launchSgd } from '../wasm/launchOptim.ts';
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
    sgd(sizeOf(param.shape), runOf(param), runOf(g), runOrNull(momentumBuffer), factors);
  }
  countWrites([param, momentumBuffer]);
}

/**
 * One step on `param`, in place, of a method that divides by the root of a mean of squares: Adam, RMSprop, Adagrad and their kin.
 *
 * `param = decay param`, `g = sign grad + penalty param`, `m = β₁ m + (1 - β₁) g`, `v = β₂ v + fresh2 g²`, and with
 * `r = scale2 √v + eps`, where v may be the largest so far, or, to center, `v - m²`: `param = param - stepSize m / r`; for Nesterov
 * `param - (stepSize m + gradSize g) / r`; without a mean, or to center, `param - stepSize g / r`; with a buffer
 * `b = momentum b + g / r`, `param = param - stepSize b`.
 *
 * @param grad of param's shape; not contiguous, it is copied
 * @param state means and buffers of param's shape, contiguous, written to; null for those that the method does not have
 * @param use what the mean of gradients is for
 * @throws DTypeError for what is not floating point; ShapeError when shapes differ, or when what must be written is not contiguous;
 *   ValueError when a factor is no number
 *
 * @example
 * const factors = { stepSize: 0.01, beta1: 0, beta2: 0.99, fresh2: 0.01, scale2: 1, eps: 1e-8 };
 * const others = { sign: 1, decay: 1, penalty: 0, gradSize: 0, momentum: 0 };
 * adaptiveStep(weight, grad, { square, mean: null, largest: null, buffer: null }, 'step', { ...factors, ...others }); // RMSprop
 */
export function adaptiveStep(
  param: Tensor,
  grad: Tensor,
  state: AdaptiveRuns<Tensor>,
  use: MeanUse,
  factors: AdaptiveFactors,
): void {
  const op = 'adaptiveStep';
  const { mean, square, largest, buffer } = state;
  for (const name of FACTORS) checkNumber(op, name, factors[name]);
  checkOperand(op, 'param', param, param, true);
  checkOperand(op, 'grad', grad, param, false);
  checkOperand(op, 'square', square, param, true);
  if (mean !== null) checkOperand(op, 'mean', mean, param, true);
  if (largest !== null) checkOperand(op, 'largest', largest, param, true);
  if (buffer !== null) checkOperand(op, 'buffer', buffer, param, true);
  const written = [param, mean, square, largest, buffer];
  const g = readable(grad, written);
  if (!launchAdaptive(param, g, state, use, factors)) {
    const runs = {
      mean: runOrNull(mean),
      square: runOf(square),
      largest: runOrNull(largest),
      buffer: runOrNull(buffer),
    };
    adaptive(sizeOf(param.shape), runOf(param), runOf(g), runs, use, factors);
  }
  countWrites(written);
}

const FACTORS = [
  'stepSize',
  'beta1',
  'beta2',
  'fresh2',
  'scale2',
  'eps',
  'sign',
  'decay',
  'penalty',
  'gradSize',
  'momentum',
] as const;

function checkNumber(op: string, name: string, value: unknown): void {
  if (typeof value === 'number') return;
  throw new ValueError(`${name} must be a number, but got ${String(value)}`, { op, operands: { [name]: value } });
}

/** What is written must be contiguous. */
function checkOperand(op: string, name: string, x: Tensor, param: Tensor, isWritten: boolean): void {
  if (!isFloating(x.dtype)) {
    throw new DTypeError(`${name} must be floating point, but is ${x.dtype}`, { op, operands: { [name]: x.dtype } });
  }
  if (isHalf(x.dtype)) refuseHalf(op, x.dtype);
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

function runOrNull(x: Tensor | null): FloatRun | null {
  return x === null ? null : runOf(x);
}

function countWrites(written: readonly (Tensor | null)[]): void {
  for (const x of written) if (x !== null) x.storage.countWrite();
}
