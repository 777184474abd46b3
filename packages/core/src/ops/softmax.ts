/**
 * `softmax` and its logarithm along a dimension.
 */

import { allocate } from '../base.ts';
import { dispatch } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import * as reference from '../reference/softmax.ts';
import type { Tensor } from '../tensor.ts';
import { launchSoftmax, launchSoftmaxBackward } from '../wasm/launchSoftmax.ts';
import { cast, lineArguments, requireFloat } from './arguments.ts';
import { neg } from './elementwise.ts';
import type { ReductionOps } from './list.ts';

const softmaxForward: ReductionOps['softmax'] = (self, dim) => {
  const out = allocate(self.shape, self.dtype);
  if (!launchSoftmax('softmax', self, dim, out)) reference.softmax(self, dim, out);
  return out;
};

const logSoftmaxForward: ReductionOps['logSoftmax'] = (self, dim) => {
  const out = allocate(self.shape, self.dtype);
  if (!launchSoftmax('logSoftmax', self, dim, out)) reference.logSoftmax(self, dim, out);
  return out;
};

function backwardForward(form: 'softmax' | 'logSoftmax'): ReductionOps['softmaxBackward'] {
  const loop = form === 'softmax' ? reference.softmaxBackward : reference.logSoftmaxBackward;
  return (grad, result, dim) => {
    const out = allocate(result.shape, result.dtype);
    if (!launchSoftmaxBackward(form, grad, result, dim, out)) loop(grad, result, dim, out);
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
  return dispatch('softmax', softmaxForward, softmaxInput('softmax', self, dim, options));
}

/** `log(softmax(x))` along `dim`, computed as `x - max - log Σ e^(x - max)`. */
export function logSoftmax(self: Tensor, dim: number | SoftmaxOptions, options?: Omit<SoftmaxOptions, 'dim'>): Tensor {
  return dispatch('logSoftmax', logSoftmaxForward, softmaxInput('logSoftmax', self, dim, options));
}

/** `softmax(-x)` along `dim`. */
export function softmin(self: Tensor, dim: number | SoftmaxOptions, options?: Omit<SoftmaxOptions, 'dim'>): Tensor {
  const [input, wrapped] = softmaxInput('softmin', self, dim, options);
  return softmax(neg(input), wrapped);
}
