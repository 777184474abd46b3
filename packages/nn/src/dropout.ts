/** Dropout: `nn.functional.dropout` and its kin. A seed gives PyTorch's masks. */

import type { Tensor } from '@torsor/core';
import { DTypeError, emptyLike, formatShape, mul, named, ShapeError, sub, ValueError, zeros } from '@torsor/core';
import { flag, tensorArgument, warn } from './arguments.ts';
import { mulByMask } from './mask.ts';

export interface DropoutOptions {
  /** Probability of an element (or channel) to become 0; 0.5 by default. */
  readonly p?: number;
  /** Drop at all; true by default (false for `alphaDropout` and `featureAlphaDropout`). */
  readonly training?: boolean;
  /** Write the result into the input. Default false. */
  readonly inplace?: boolean;
}

type Dropout = (
  input: Tensor,
  p?: number | DropoutOptions,
  training?: boolean | DropoutOptions,
  inplace?: boolean | DropoutOptions,
) => Tensor;

/** The α' of Klambauer et al., 2017: minus the limit of selu. */
const SELU_LIMIT = 1.7580993408473766;

/** A mask of ones and zeros in the shape of `input`, or, per channel, in `[N, C, 1, …]`. */
function bernoulliNoise(op: string, input: Tensor, p: number, perChannel: boolean): Tensor {
  if (perChannel && input.ndim < 2) {
    throw new ShapeError(
      `Feature dropout requires at least 2 dimensions in the input, but got ${formatShape(input.shape)}`,
      {
        op,
        operands: { input: input.shape },
      },
    );
  }
  const noise = perChannel
    ? zeros(
        input.shape.map((size, d) => (d < 2 ? size : 1)),
        { dtype: input.dtype },
      )
    : emptyLike(input);
  return noise.bernoulli_(1 - p);
}

function drop(op: string, input: Tensor, p: number, write: boolean, perChannel: boolean, alpha: boolean): Tensor {
  const scaled = (factor: Tensor): Tensor => (write ? input.mul_(factor) : mul(input, factor));
  if (p === 0 || input.numel() === 0) return input;
  if (p === 1) return scaled(zeros([], { dtype: input.dtype }));
  const noise = bernoulliNoise(op, input, p, perChannel);
  if (!alpha) {
    noise.div_(1 - p);
    return write ? input.mul_(noise) : mulByMask(input, noise, 1 / (1 - p));
  }
  // Dropped elements take selu's limit, and an affine map restores mean and variance.
  const a = 1 / Math.sqrt((SELU_LIMIT * SELU_LIMIT * p + 1) * (1 - p));
  const shift = sub(noise, 1)
    .mul_(SELU_LIMIT * a)
    .add_(SELU_LIMIT * a * p);
  return scaled(noise.mul_(a)).add_(shift);
}

function dropoutOf(op: string, trains: boolean, perChannel: boolean, alpha: boolean): Dropout {
  return (input, p, training, inplace) => {
    const [probability = 0.5, active = trains, write = false] = named<[number, boolean, boolean]>(
      op,
      ['p', 'training', 'inplace'],
      [p, training, inplace],
    );
    tensorArgument(op, 'input', input);
    checkProbability(op, probability);
    if (!input.isFloatingPoint() && active) {
      throw new DTypeError(
        `is only defined for floating dtypes, but got ${input.dtype}; cast with .to('float32') first`,
        {
          op,
          operands: { dtype: input.dtype },
        },
      );
    }
    if (!flag(op, 'training', active)) return input;
    return drop(op, input, probability, flag(op, 'inplace', write), perChannel, alpha);
  };
}

/** @throws ValueError unless p is in [0, 1] */
export function checkProbability(op: string, p: unknown): number {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p;
  throw new ValueError(`dropout probability has to be between 0 and 1, but got ${String(p)}`, { op, operands: { p } });
}

/**
 * Sets each element to 0 with probability `p`, and divides the rest by `1 - p`, so that the expectation stays.
 *
 * Defaults: p 0.5, training true, inplace false. Without `training` the input is returned as it is. A seed gives PyTorch's mask.
 * Source: Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.
 *
 * @throws ValueError unless p is in [0, 1]
 *
 * @example
 * manualSeed(0);
 * dropout(ones(4), 0.5); // tensor([2., 2., 0., 2.]) or another mask of twos and zeros
 */
export const dropout: Dropout = /* @__PURE__ */ dropoutOf('dropout', true, false, false);

const channelDropout = /* @__PURE__ */ dropoutOf('featureDropout', true, true, false);

/** Sets whole channels to 0: input `[N, C, L]` or `[C, L]`; otherwise as `dropout`. */
export const dropout1d: Dropout = (input, p, training, inplace) => {
  const op = 'dropout1d';
  tensorArgument(op, 'input', input);
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError(
      `Expected 2D or 3D input, but received a ${input.ndim}D input; for inputs without channels use dropout`,
      { op, operands: { input: input.shape } },
    );
  }
  if (input.ndim === 3) return channelDropout(input, p, training, inplace);
  const [probability = 0.5, active = true, write = false] = named<[number, boolean, boolean]>(
    op,
    ['p', 'training', 'inplace'],
    [p, training, inplace],
  );
  const batch = input.unsqueeze(0);
  const out = channelDropout(batch, probability, active, write);
  // The input itself where nothing was done, or where it was done in place.
  return out === batch ? input : out.squeeze(0);
};

/** Sets whole channels to 0: input `[N, C, H, W]`; otherwise as `dropout`. A 3-D input counts as `[N, C, L]`, as in PyTorch. */
export const dropout2d: Dropout = (input, p, training, inplace) => {
  const op = 'dropout2d';
  tensorArgument(op, 'input', input);
  if (input.ndim !== 3 && input.ndim !== 4) {
    warn(op, `Received a ${input.ndim}-D input, which is deprecated; for inputs without channels use dropout`);
  } else if (input.ndim === 3) {
    warn(op, 'Received a 3-D input, which is taken for [N, C, L]; for an unbatched image add a batch dimension');
  }
  return channelDropout(input, p, training, inplace);
};

/** Dropout that keeps mean and variance of self-normalising networks: what is dropped becomes selu's limit. */
export const alphaDropout: Dropout = /* @__PURE__ */ dropoutOf('alphaDropout', false, false, true);
/** `alphaDropout` of whole channels. */
export const featureAlphaDropout: Dropout = /* @__PURE__ */ dropoutOf('featureAlphaDropout', false, true, true);
