/**
 * Derivatives of convolution, pooling and padding. The three convolution ops are each other's adjoints, so any order of
 * differentiation stays among them.
 */

import type { ConvOps, PoolOps, Tensor } from '@torsor/core';
import {
  adaptiveAvgPool,
  adaptiveAvgPoolBackward,
  avgPool,
  avgPoolBackward,
  convBackwardInput,
  convBackwardWeight,
  convolution,
  maxPoolBackward,
  maxPoolGather,
  pad,
  padBackward,
} from '@torsor/core';
import type { Derivatives, TensorMeta } from './define.ts';
import { formula } from './define.ts';

/** Sums over all dimensions but the channels: the gradient of a bias. */
function overChannels(grad: Tensor): Tensor {
  return grad.sum(Array.from({ length: grad.ndim - 1 }, (_, i) => (i === 0 ? 0 : i + 1)));
}

/** Pools are numbered by their spatial dimensions, as PyTorch names them. */
function pooled(base: string) {
  return (args: { readonly 1: { readonly kernelSize: readonly number[] } }): string =>
    `${base.replace('#', `${args[1].kernelSize.length}D`)}Backward0`;
}

function adaptive(base: string) {
  return (args: { readonly 1: readonly number[] }): string => `${base}${args[1].length}DBackward0`;
}

function padName(args: { readonly 1: readonly number[]; readonly 2: string }): string {
  const spatial = `${args[1].length / 2}D`;
  switch (args[2]) {
    case 'reflect':
      return `ReflectionPad${spatial}Backward0`;
    case 'replicate':
      return `ReplicationPad${spatial}Backward0`;
    case 'circular':
      return `CircularPad${spatial}Backward0`;
    default:
      return 'ConstantPadNdBackward0';
  }
}

const spatialOf = (x: TensorMeta, sizes: readonly number[]): number => Math.min(sizes.length, x.ndim);

export const conv: Derivatives<keyof ConvOps | keyof PoolOps> = {
  convolution: formula(
    [0, 1],
    (grad, { args: [input, weight, , params, transposed], needs }) => [
      needs[0] &&
        (transposed
          ? convolution(
              grad,
              weight,
              null,
              params,
              false,
              params.padding.map(() => 0),
            )
          : convBackwardInput(grad, weight, input.shape, params)),
      needs[1] &&
        (transposed
          ? convBackwardWeight(input, grad, weight.shape, params)
          : convBackwardWeight(grad, input, weight.shape, params)),
      needs[2] && overChannels(grad),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  convBackwardInput: formula(
    [0, 1],
    (grad, { args: [gradOutput, weight, , params], needs }) => [
      needs[0] &&
        convolution(
          grad,
          weight,
          null,
          params,
          false,
          params.padding.map(() => 0),
        ),
      needs[1] && convBackwardWeight(gradOutput, grad, weight.shape, params),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),
  convBackwardWeight: formula(
    [0, 1],
    (grad, { args: [gradOutput, input, , params], needs }) => [
      needs[0] &&
        convolution(
          input,
          grad,
          null,
          params,
          false,
          params.padding.map(() => 0),
        ),
      needs[1] && convBackwardInput(gradOutput, grad, input.shape, params),
    ],
    { neededFor: { 0: [1], 1: [0] } },
  ),

  maxPool: formula(
    ['result1'],
    ([grad], { args: [x, params], result: [, indices] }) => [
      grad && maxPoolBackward(grad, indices, x.shape, spatialOf(x, params.kernelSize)),
    ],
    { name: pooled('MaxPool#WithIndices') },
  ),
  maxPoolBackward: formula([1], (grad, { args: [, indices, , spatial] }) => [maxPoolGather(grad, indices, spatial)]),
  maxPoolGather: formula([1], (grad, { args: [x, indices, spatial] }) => [
    maxPoolBackward(grad, indices, x.shape, spatial),
  ]),
  avgPool: formula([], (grad, { args: [x, params] }) => [avgPoolBackward(grad, x.shape, params)], {
    name: pooled('AvgPool#'),
  }),
  avgPoolBackward: formula([], (grad, { args: [, , params] }) => [avgPool(grad, params)]),
  adaptiveAvgPool: formula(
    [],
    (grad, { args: [x, outputSize] }) => [adaptiveAvgPoolBackward(grad, x.shape, outputSize)],
    { name: adaptive('AdaptiveAvgPool') },
  ),
  adaptiveAvgPoolBackward: formula([], (grad, { args: [, , outputSize] }) => [adaptiveAvgPool(grad, outputSize)]),
  adaptiveMaxPool: formula(
    ['result1'],
    ([grad], { args: [x, outputSize], result: [, indices] }) => [
      grad && maxPoolBackward(grad, indices, x.shape, spatialOf(x, outputSize)),
    ],
    { name: adaptive('AdaptiveMaxPool') },
  ),
  pad: formula([], (grad, { args: [x, pads, mode] }) => [padBackward(grad, x.shape, pads, mode)], { name: padName }),
  padBackward: formula([], (grad, { args: [, , pads, mode] }) => [pad(grad, pads, mode)]),
};
