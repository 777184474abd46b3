/**
 * `softmax` and its logarithm along a dimension.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import { runBinary, runUnary } from '../kernels.ts';
import { reducedShape, sizeOf } from '../layout.ts';
import * as reference from '../reference/softmax.ts';
import type { Tensor } from '../tensor.ts';
import { launchFold } from '../wasm/launchReduce.ts';
import { launchSoftmax, launchSoftmaxBackward } from '../wasm/launchSoftmax.ts';
import { cast, lineArguments, requireFloat } from './arguments.ts';
import { neg } from './elementwise.ts';
import type { ReductionOps } from './list.ts';
import { checkTensor } from './tensors.ts';

type Form = 'softmax' | 'logSoftmax';

/** float64 of fewer elements is left to the loops. */
const MIN_SIZE = 256;
const WIDE = 'float64';
const END = 'the end of softmax';

/**
 * float64 has no kernel of its own here, and is computed by those of other ops, a pass each: far faster than the loops. False, and
 * nothing done, for what they do not take.
 */
function byPasses(form: Form, self: Tensor, dim: number, out: Tensor): boolean {
  if (self.dtype !== WIDE || sizeOf(self.shape) < MIN_SIZE) return false;
  const lines = allocate(reducedShape(self.shape, [dim], true), WIDE);
  const isTaken = launchFold('max', self, [dim], lines);
  if (isTaken) {
    runBinary('sub', self, lines, out, WIDE);
    const powers = form === 'softmax' ? out : allocate(self.shape, WIDE);
    runUnary('exp', out, powers);
    launchFold('sum', powers, [dim], lines);
    if (form === 'softmax') runBinary('div', out, lines, out, WIDE);
    else {
      powers.storage.release(END);
      runUnary('log', lines, lines);
      runBinary('sub', out, lines, out, WIDE);
    }
  }
  lines.storage.release(END);
  return isTaken;
}

/** The same for `grad - e^result Σ grad`. (The gradient of softmax has no power in it.) */
function backwardByPasses(form: Form, grad: Tensor, result: Tensor, dim: number, out: Tensor): boolean {
  if (form === 'softmax' || result.dtype !== WIDE || sizeOf(result.shape) < MIN_SIZE) return false;
  const lines = allocate(reducedShape(grad.shape, [dim], true), WIDE);
  const isTaken = launchFold('sum', grad, [dim], lines);
  if (isTaken) {
    runUnary('exp', result, out);
    runBinary('mul', out, lines, out, WIDE);
    runBinary('sub', grad, out, out, WIDE);
  }
  lines.storage.release(END);
  return isTaken;
}

function forwardOf(form: Form): ReductionOps['softmax'] {
  const loop = form === 'softmax' ? reference.softmax : reference.logSoftmax;
  return (self, dim) => {
    const out = allocate(self.shape, self.dtype);
    if (!launchSoftmax(form, self, dim, out) && !byPasses(form, self, dim, out)) loop(self, dim, out);
    return out;
  };
}

const softmaxForward = forwardOf('softmax');
const logSoftmaxForward = forwardOf('logSoftmax');

function backwardForward(form: Form): ReductionOps['softmaxBackward'] {
  const loop = form === 'softmax' ? reference.softmaxBackward : reference.logSoftmaxBackward;
  return (grad, result, dim) => {
    const out = allocate(result.shape, result.dtype);
    if (!launchSoftmaxBackward(form, grad, result, dim, out) && !backwardByPasses(form, grad, result, dim, out)) {
      loop(grad, result, dim, out);
    }
    return out;
  };
}

const softmaxBackwardForward = backwardForward('softmax');
const logSoftmaxBackwardForward = backwardForward('logSoftmax');

/** The gradient of `softmax` along `dim`, from that of its `result`: `result (grad - Σ grad result)`. */
export function softmaxBackward(grad: Tensor, result: Tensor, dim: number): Tensor {
  return dispatch('softmaxBackward', softmaxBackwardForward, [grad, result, dim]);
}

/** The gradient of `logSoftmax` along `dim`, from that of its `result`: `grad - e^result Σ grad`. */
export function logSoftmaxBackward(grad: Tensor, result: Tensor, dim: number): Tensor {
  return dispatch('logSoftmaxBackward', logSoftmaxBackwardForward, [grad, result, dim]);
}

export interface SoftmaxOptions {
  readonly dim: number;
  /** Cast to this dtype first. */
  readonly dtype?: DType | null;
}

function softmaxInput(
  op: string,
  self: Tensor,
  dim: number | SoftmaxOptions,
  options: Omit<SoftmaxOptions, 'dim'> | undefined,
): [Tensor, number] {
  const [wrapped, dtype] = lineArguments(op, self, dim, options);
  const input = cast(op, self, dtype);
  requireFloat(op, input.dtype);
  return [input, wrapped];
}

/**
 * `e^x / Σ e^x` along `dim`, which must be given: positive numbers that sum to 1.
 *
 * @throws DTypeError for integers and booleans, unless `dtype` names a floating one
 *
 * @example
 * softmax(tensor([0, 0]), 0); // tensor([0.5000, 0.5000])
 */
export function softmax(self: Tensor, dim: number | SoftmaxOptions, options?: Omit<SoftmaxOptions, 'dim'>): Tensor {
  checkTensor('softmax', 'self', self);
  return dispatch('softmax', softmaxForward, softmaxInput('softmax', self, dim, options));
}

/** `log(softmax(x))` along `dim`, computed as `x - max - log Σ e^(x - max)`. */
export function logSoftmax(self: Tensor, dim: number | SoftmaxOptions, options?: Omit<SoftmaxOptions, 'dim'>): Tensor {
  checkTensor('logSoftmax', 'self', self);
  return dispatch('logSoftmax', logSoftmaxForward, softmaxInput('logSoftmax', self, dim, options));
}

/** `softmax(-x)` along `dim`. */
export function softmin(self: Tensor, dim: number | SoftmaxOptions, options?: Omit<SoftmaxOptions, 'dim'>): Tensor {
  checkTensor('softmin', 'self', self);
  const [input, wrapped] = softmaxInput('softmin', self, dim, options);
  return softmax(neg(input), wrapped);
}
