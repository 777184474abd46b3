/** Elements in another order: `pixelShuffle`, `pixelUnshuffle` and `channelShuffle`. One copy each. */

import type { Tensor } from '@torsor/core';
import { formatShape, ShapeError } from '@torsor/core';
import { integer, tensorArgument } from './arguments.ts';

/** @throws ShapeError unless there are `least` dimensions at least */
function checkDims(op: string, input: Tensor, least: number): void {
  if (tensorArgument(op, 'input', input).ndim >= least) return;
  throw new ShapeError(`expects input to have at least ${least} dimensions, but got ${formatShape(input.shape)}`, {
    op,
    operands: { input: input.shape },
  });
}

/** @throws ShapeError unless the size of dimension `dim` is a multiple of `divisor`, which `what` describes */
function checkMultiple(op: string, input: Tensor, dim: number, divisor: number, what: string): void {
  const size = input.size(dim);
  if (size % divisor === 0) return;
  throw new ShapeError(
    `expects dimension ${dim} of its input to be divisible by ${what}, but its size ${size} is not divisible by ${divisor}`,
    { op, operands: { input: input.shape } },
  );
}

/**
 * Channels become pixels: `[…, C r², H, W]` → `[…, C, H r, W r]`, `out[…, c, h r + i, w r + j] = input[…, (c r + i) r + j, h, w]`.
 * Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", 2016.
 *
 * @throws ShapeError when the channels are no multiple of r²
 *
 * @example
 * pixelShuffle(randn(1, 9, 4, 4), 3).shape; // [1, 1, 12, 12]
 */
export function pixelShuffle(input: Tensor, upscaleFactor: number): Tensor {
  const op = 'pixelShuffle';
  const r = integer(op, 'upscaleFactor', upscaleFactor, 1);
  checkDims(op, input, 3);
  checkMultiple(op, input, -3, r * r, 'the square of upscaleFactor');
  const lead = input.shape.slice(0, -3);
  const [channels, height, width] = input.shape.slice(-3);
  const out = channels / (r * r);
  const n = lead.length;
  return input
    .reshape([...lead, out, r, r, height, width])
    .permute([...lead.keys(), n, n + 3, n + 1, n + 4, n + 2])
    .reshape([...lead, out, height * r, width * r]);
}

/**
 * The inverse of `pixelShuffle`: `[…, C, H r, W r]` → `[…, C r², H, W]`.
 *
 * @throws ShapeError when height or width is no multiple of r
 */
export function pixelUnshuffle(input: Tensor, downscaleFactor: number): Tensor {
  const op = 'pixelUnshuffle';
  const r = integer(op, 'downscaleFactor', downscaleFactor, 1);
  checkDims(op, input, 3);
  checkMultiple(op, input, -2, r, 'downscaleFactor');
  checkMultiple(op, input, -1, r, 'downscaleFactor');
  const lead = input.shape.slice(0, -3);
  const [channels, height, width] = input.shape.slice(-3);
  const n = lead.length;
  return input
    .reshape([...lead, channels, height / r, r, width / r, r])
    .permute([...lead.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...lead, channels * r * r, height / r, width / r]);
}

/**
 * Takes channels of all groups in turn: `[N, C, …]` of the same shape, `out[:, c groups + g] = input[:, g C / groups + c]`.
 * Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", 2018.
 *
 * @throws ShapeError when the channels are no multiple of `groups`
 */
export function channelShuffle(input: Tensor, groups: number): Tensor {
  const op = 'channelShuffle';
  const g = integer(op, 'groups', groups, 1);
  checkDims(op, input, 3);
  checkMultiple(op, input, 1, g, 'groups');
  return input
    .unflatten(1, [g, input.shape[1] / g])
    .transpose(1, 2)
    .reshape(input.shape);
}
