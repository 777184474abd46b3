/**
 * Initial values of parameters: `torch.nn.init`, draw for draw. Every function writes into its tensor, without a record on the
 * tape, and returns it.
 */

import { noGrad } from '@torsor/autograd';
import type { Generator, Tensor } from '@torsor/core';
import { clamp_, erf, fromTypedArray, tensor as makeTensor, named, randn, randperm, ValueError } from '@torsor/core';
import { integer, numeric, required, tensorArgument, warn } from './arguments.ts';
import { orthonormalColumns } from './qr.ts';

/** What follows a layer, by PyTorch's names. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Which fan keeps its variance: that of the forward pass, or that of the backward pass. */
export type FanMode = 'fan_in' | 'fan_out';

interface GeneratorOption {
  /** Where the numbers come from; the default generator when left out. */
  readonly generator?: Generator | null;
}

export interface UniformOptions extends GeneratorOption {
  /** Lower bound; 0 by default. */
  readonly a?: number;
  /** Upper bound; 1 by default. */
  readonly b?: number;
}

export interface NormalOptions extends GeneratorOption {
  /** 0 by default. */
  readonly mean?: number;
  /** Standard deviation; 1 by default. */
  readonly std?: number;
}

export interface TruncNormalOptions extends NormalOptions {
  /** Least value; -2 by default. */
  readonly a?: number;
  /** Largest value; 2 by default. */
  readonly b?: number;
}

export interface GainOptions extends GeneratorOption {
  /** Factor of the standard deviation; 1 by default. */
  readonly gain?: number;
}

export interface KaimingOptions extends GeneratorOption {
  /** Negative slope of the rectifier that follows, for `'leaky_relu'`; 0 by default. */
  readonly a?: number;
  /** `'fan_in'` (default) or `'fan_out'`. */
  readonly mode?: FanMode;
  /** What follows the layer; `'leaky_relu'` by default. */
  readonly nonlinearity?: Nonlinearity;
}

export interface SparseOptions extends GeneratorOption {
  /** Share of each column that is 0. */
  readonly sparsity?: number;
  /** Standard deviation of the rest; 0.01 by default. */
  readonly std?: number;
}

type Maybe<T> = T | undefined;

/** Runs `write` off the tape. @returns the tensor written to */
function unrecorded(self: Tensor, write: () => void): Tensor {
  noGrad(write);
  return self;
}

// --------------------------------------------------------------------------------------------------------- gain and fans

/**
 * The factor by which a layer's standard deviation makes up for the nonlinearity after it.
 *
 * 1 for `'linear'`, convolutions and `'sigmoid'`; 5/3 for `'tanh'`; √2 for `'relu'`; √(2 / (1 + param²)) for `'leaky_relu'`, whose
 * negative slope `param` is 0.01 by default; 3/4 for `'selu'`.
 *
 * @throws ValueError for a name that is none of these
 *
 * @example
 * calculateGain('leaky_relu', 0.2); // 1.3867504905630728
 */
export function calculateGain(
  nonlinearity: Nonlinearity,
  param?: number | null | { readonly param?: number | null },
): number {
  const op = 'calculateGain';
  const [slope] = named<[number | null]>(op, ['param'], [param]);
  switch (nonlinearity) {
    case 'linear':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'conv_transpose1d':
    case 'conv_transpose2d':
    case 'conv_transpose3d':
    case 'sigmoid':
      return 1;
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.sqrt(2);
    case 'leaky_relu': {
      const negativeSlope: unknown = slope ?? 0.01;
      if (typeof negativeSlope !== 'number') {
        throw new ValueError(`negative_slope ${String(negativeSlope)} not a valid number`, { op, operands: { param } });
      }
      return Math.sqrt(2 / (1 + negativeSlope ** 2));
    }
    case 'selu':
      // Found by experiment: https://github.com/pytorch/pytorch/pull/50664
      return 3 / 4;
    default:
      throw new ValueError(`Unsupported nonlinearity ${String(nonlinearity)}`, { op, operands: { nonlinearity } });
  }
}

/**
 * How many inputs feed one output of a layer with this weight, and how many outputs one input feeds: `[Cout, Cin, …]` →
 * `[Cin · taps, Cout · taps]`.
 *
 * @throws ValueError for fewer than 2 dimensions
 */
export function calculateFanInAndFanOut(tensor: Tensor): [fanIn: number, fanOut: number] {
  tensorArgument('calculateFanInAndFanOut', 'tensor', tensor);
  if (tensor.ndim < 2) {
    throw new ValueError(
      `Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, but got shape [${tensor.shape.join(', ')}]`,
      { op: 'calculateFanInAndFanOut', operands: { tensor: tensor.shape } },
    );
  }
  let taps = 1;
  for (let d = 2; d < tensor.ndim; d++) taps *= tensor.shape[d];
  return [tensor.shape[1] * taps, tensor.shape[0] * taps];
}

function fanOf(op: string, tensor: Tensor, mode: unknown): number {
  const name = typeof mode === 'string' ? mode.toLowerCase() : mode;
  if (name !== 'fan_in' && name !== 'fan_out') {
    throw new ValueError(`Mode ${String(mode)} not supported, please use one of fan_in, fan_out`, {
      op,
      operands: { mode },
    });
  }
  return calculateFanInAndFanOut(tensor)[name === 'fan_in' ? 0 : 1];
}

// -------------------------------------------------------------------------------------------------------------- constants

/** Fills with `val`. */
export function constant_(tensor: Tensor, val: number | { readonly val?: number }): Tensor {
  const [value] = named<[number]>('constant_', ['val'], [val]);
  const checked = numeric('constant_', 'val', required('constant_', 'val', value));
  return unrecorded(tensorArgument('constant_', 'tensor', tensor), () => tensor.fill_(checked));
}

/** Fills with 1. */
export function ones_(tensor: Tensor): Tensor {
  return unrecorded(tensorArgument('ones_', 'tensor', tensor), () => tensor.fill_(1));
}

/** Fills with 0. */
export function zeros_(tensor: Tensor): Tensor {
  return unrecorded(tensorArgument('zeros_', 'tensor', tensor), () => tensor.zero_());
}

/**
 * Fills a matrix with the identity, so that a linear layer passes on as many inputs as it can.
 *
 * @throws ValueError unless there are 2 dimensions
 */
export function eye_(tensor: Tensor): Tensor {
  onlyDims('eye_', tensor, [2]);
  return unrecorded(tensor, () => {
    tensor.zero_();
    tensor.diagonal().fill_(1);
  });
}

/**
 * Fills the weight of a convolution with the Dirac delta, so that it passes on as many input channels as it can: 1 at the
 * middle tap from channel i to channel i, in each of `groups` groups (1 by default).
 *
 * @throws ValueError unless there are 3, 4 or 5 dimensions, or when `groups` does not divide the first
 *
 * @example
 * const conv = new Conv1d(2, 2, 3, { padding: 1, bias: false });
 * init.dirac_(conv.weight); // conv(x) is now x
 */
export function dirac_(tensor: Tensor, groups: number | { readonly groups?: number } = 1): Tensor {
  const op = 'dirac_';
  onlyDims(op, tensor, [3, 4, 5]);
  const [g = 1] = named<[number]>(op, ['groups'], [groups]);
  const count = integer(op, 'groups', g, 1);
  const out = tensor.shape[0];
  if (out % count !== 0) {
    throw new ValueError(`dim 0 must be divisible by groups, but got ${out} and ${count}`, {
      op,
      operands: { tensor: tensor.shape, groups: count },
    });
  }
  const perGroup = out / count;
  return unrecorded(tensor, () => {
    tensor.zero_();
    if (tensor.numel() === 0) return;
    let middle = tensor;
    for (let d = tensor.ndim - 1; d >= 2; d--) middle = middle.select(d, Math.floor(tensor.shape[d] / 2));
    for (let i = 0; i < count; i++)
      middle
        .narrow(0, i * perGroup, perGroup)
        .diagonal()
        .fill_(1);
  });
}

function onlyDims(op: string, tensor: Tensor, allowed: readonly number[]): void {
  tensorArgument(op, 'tensor', tensor);
  if (allowed.includes(tensor.ndim)) return;
  const list = allowed.length === 1 ? `${allowed[0]}` : `${allowed.slice(0, -1).join(', ')}, or ${allowed.at(-1)}`;
  throw new ValueError(
    `Only tensors with ${list} dimensions are supported, but got shape [${tensor.shape.join(', ')}]`,
    {
      op,
      operands: { tensor: tensor.shape },
    },
  );
}

// ---------------------------------------------------------------------------------------------------------- distributions

/** Fills with numbers uniform on [a, b); by default on [0, 1). */
export function uniform_(
  tensor: Tensor,
  a?: number | UniformOptions,
  b?: number | UniformOptions,
  generator?: Generator | null | UniformOptions,
): Tensor {
  const [low = 0, high = 1, source] = named<[number, number, Generator | null]>(
    'uniform_',
    ['a', 'b', 'generator'],
    [a, b, generator],
  );
  return fillUniform(tensorArgument('uniform_', 'tensor', tensor), low, high, source);
}

/** Fills with normal numbers; mean 0 and standard deviation 1 by default. */
export function normal_(
  tensor: Tensor,
  mean?: number | NormalOptions,
  std?: number | NormalOptions,
  generator?: Generator | null | NormalOptions,
): Tensor {
  const [m = 0, s = 1, source] = named<[number, number, Generator | null]>(
    'normal_',
    ['mean', 'std', 'generator'],
    [mean, std, generator],
  );
  return fillNormal(tensorArgument('normal_', 'tensor', tensor), m, s, source);
}

function fillUniform(tensor: Tensor, low: number, high: number, generator: Maybe<Generator | null>): Tensor {
  return unrecorded(tensor, () => tensor.uniform_(low, high, { generator: generator ?? null }));
}

function fillNormal(tensor: Tensor, mean: number, std: number, generator: Maybe<Generator | null>): Tensor {
  return unrecorded(tensor, () => tensor.normal_(mean, std, { generator: generator ?? null }));
}

/** Φ(x), the distribution function of the standard normal. */
function normalDistribution(x: number): number {
  return (1 + erf(makeTensor(x / Math.SQRT2, { dtype: 'float64' })).item()) / 2;
}

/**
 * Fills with normal numbers from between `a` and `b`. Defaults: mean 0, std 1, a -2, b 2.
 *
 * A uniform number between Φ((a - mean) / std) and Φ((b - mean) / std) goes through the inverse of Φ; the result is clipped.
 * Source: J. Burkardt, "The Truncated Normal Distribution", 2014.
 */
export function truncNormal_(
  tensor: Tensor,
  mean?: number | TruncNormalOptions,
  std?: number | TruncNormalOptions,
  a?: number | TruncNormalOptions,
  b?: number | TruncNormalOptions,
  generator?: Generator | null | TruncNormalOptions,
): Tensor {
  const op = 'truncNormal_';
  const [m = 0, s = 1, low = -2, high = 2, source] = named<[number, number, number, number, Generator | null]>(
    op,
    ['mean', 'std', 'a', 'b', 'generator'],
    [mean, std, a, b, generator],
  );
  tensorArgument(op, 'tensor', tensor);
  if (m < low - 2 * s || m > high + 2 * s) {
    warn(op, 'mean is more than 2 std from [a, b]. The distribution of values may be incorrect.');
  }
  const lower = normalDistribution((low - m) / s);
  const upper = normalDistribution((high - m) / s);
  return unrecorded(tensor, () => {
    tensor.uniform_(2 * lower - 1, 2 * upper - 1, { generator: source ?? null });
    tensor
      .erfinv_()
      .mul_(s * Math.SQRT2)
      .add_(m);
    clamp_(tensor, low, high);
  });
}

/**
 * Fills with numbers uniform on [-a, a), `a = gain √(6 / (fanIn + fanOut))`; gain is 1 by default.
 *
 * Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
 *
 * @throws ValueError for fewer than 2 dimensions
 */
export function xavierUniform_(
  tensor: Tensor,
  gain?: number | GainOptions,
  generator?: Generator | null | GainOptions,
): Tensor {
  const [std, source] = xavier('xavierUniform_', tensor, gain, generator);
  const bound = Math.sqrt(3) * std;
  return fillUniform(tensor, -bound, bound, source);
}

/**
 * Fills with normal numbers of standard deviation `gain √(2 / (fanIn + fanOut))`; gain is 1 by default.
 *
 * Source: Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
 *
 * @throws ValueError for fewer than 2 dimensions
 */
export function xavierNormal_(
  tensor: Tensor,
  gain?: number | GainOptions,
  generator?: Generator | null | GainOptions,
): Tensor {
  const [std, source] = xavier('xavierNormal_', tensor, gain, generator);
  return fillNormal(tensor, 0, std, source);
}

function xavier(
  op: string,
  tensor: Tensor,
  gain: Maybe<number | GainOptions>,
  generator: Maybe<Generator | null | GainOptions>,
): [number, Maybe<Generator | null>] {
  const [factor = 1, source] = named<[number, Generator | null]>(op, ['gain', 'generator'], [gain, generator]);
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor);
  return [numeric(op, 'gain', factor) * Math.sqrt(2 / (fanIn + fanOut)), source];
}

/**
 * Fills with numbers uniform on [-bound, bound), `bound = gain √(3 / fan)`, where the gain is that of the nonlinearity.
 *
 * Defaults: a 0, mode `'fan_in'`, nonlinearity `'leaky_relu'`.
 * Source: He et al., "Delving deep into rectifiers", 2015.
 *
 * @throws ValueError for fewer than 2 dimensions
 *
 * @example
 * init.kaimingUniform_(conv.weight, { nonlinearity: 'relu' });
 */
export function kaimingUniform_(
  tensor: Tensor,
  a?: number | KaimingOptions,
  mode?: FanMode | KaimingOptions,
  nonlinearity?: Nonlinearity | KaimingOptions,
  generator?: Generator | null | KaimingOptions,
): Tensor {
  const [std, source] = kaiming('kaimingUniform_', tensor, [a, mode, nonlinearity, generator]);
  if (std === null) return tensor;
  const bound = Math.sqrt(3) * std;
  return fillUniform(tensor, -bound, bound, source);
}

/**
 * Fills with normal numbers of standard deviation `gain / √fan`, where the gain is that of the nonlinearity.
 *
 * Defaults: a 0, mode `'fan_in'`, nonlinearity `'leaky_relu'`.
 * Source: He et al., "Delving deep into rectifiers", 2015.
 *
 * @throws ValueError for fewer than 2 dimensions
 */
export function kaimingNormal_(
  tensor: Tensor,
  a?: number | KaimingOptions,
  mode?: FanMode | KaimingOptions,
  nonlinearity?: Nonlinearity | KaimingOptions,
  generator?: Generator | null | KaimingOptions,
): Tensor {
  const [std, source] = kaiming('kaimingNormal_', tensor, [a, mode, nonlinearity, generator]);
  return std === null ? tensor : fillNormal(tensor, 0, std, source);
}

/** The standard deviation, or null for a tensor without elements. */
function kaiming(op: string, tensor: Tensor, args: readonly unknown[]): [number | null, Maybe<Generator | null>] {
  const [a = 0, mode = 'fan_in', nonlinearity = 'leaky_relu', source] = named<
    [number, FanMode, Nonlinearity, Generator | null]
  >(op, ['a', 'mode', 'nonlinearity', 'generator'], args);
  tensorArgument(op, 'tensor', tensor);
  if (tensor.shape.includes(0)) {
    warn(op, 'Initializing zero-element tensors is a no-op');
    return [null, source];
  }
  const fan = fanOf(op, tensor, mode);
  return [calculateGain(nonlinearity, a) / Math.sqrt(fan), source];
}

/**
 * Fills with a matrix whose rows (or columns, where there are fewer of them) are orthonormal, times `gain` (1 by default).
 * Dimensions after the first count as one.
 *
 * The Q of the QR decomposition of a normal matrix, with the signs that make R's diagonal positive, which makes it uniform among
 * orthogonal matrices (F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007).
 * Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013.
 *
 * @throws ValueError for fewer than 2 dimensions
 */
export function orthogonal_(
  tensor: Tensor,
  gain?: number | GainOptions,
  generator?: Generator | null | GainOptions,
): Tensor {
  const op = 'orthogonal_';
  const [factor = 1, source] = named<[number, Generator | null]>(op, ['gain', 'generator'], [gain, generator]);
  tensorArgument(op, 'tensor', tensor);
  if (tensor.ndim < 2) {
    throw new ValueError(
      `Only tensors with 2 or more dimensions are supported, but got shape [${tensor.shape.join(', ')}]`,
      {
        op,
        operands: { tensor: tensor.shape },
      },
    );
  }
  const size = tensor.numel();
  if (size === 0) return tensor;
  const rows = tensor.shape[0];
  const columns = size / rows;
  return unrecorded(tensor, () => {
    const drawn = randn([rows, columns], { dtype: tensor.dtype, generator: source ?? null });
    const tall = rows < columns ? drawn.t() : drawn;
    const q = fromTypedArray(
      orthonormalColumns(Float64Array.from(tall.toTypedArray() as Float64Array), tall.shape[0], tall.shape[1]),
      tall.shape,
    );
    // Rounded to the tensor's dtype before the factor, as PyTorch's is.
    tensor.copy_((rows < columns ? q.t() : q).reshape(tensor.shape));
    tensor.mul_(factor);
  });
}

/**
 * Fills a matrix with normal numbers (standard deviation 0.01 by default) and sets a share `sparsity` of each column to 0.
 *
 * Source: J. Martens, "Deep learning via Hessian-free optimization", 2010.
 *
 * @throws ValueError unless there are 2 dimensions
 */
export function sparse_(
  tensor: Tensor,
  sparsity: number | SparseOptions,
  std?: number | SparseOptions,
  generator?: Generator | null | SparseOptions,
): Tensor {
  const op = 'sparse_';
  onlyDims(op, tensor, [2]);
  const [share, s = 0.01, source] = named<[number, number, Generator | null]>(
    op,
    ['sparsity', 'std', 'generator'],
    [sparsity, std, generator],
  );
  const fraction = numeric(op, 'sparsity', required(op, 'sparsity', share));
  const [rows, columns] = tensor.shape;
  const zeros = Math.min(Math.max(Math.ceil(fraction * rows), 0), rows);
  return unrecorded(tensor, () => {
    tensor.normal_(0, s, { generator: source ?? null });
    const keep = new Uint8Array(rows * columns).fill(1);
    for (let column = 0; column < columns; column++) {
      const order = randperm(rows, { generator: source ?? null }).toTypedArray() as Int32Array;
      for (let i = 0; i < zeros; i++) keep[order[i] * columns + column] = 0;
    }
    tensor.mul_(fromTypedArray(keep, [rows, columns]));
  });
}
