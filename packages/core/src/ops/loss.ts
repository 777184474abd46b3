/**
 * Losses. `nllLoss` and `mseLoss` are ops; the others are composed, in the forms that neither overflow nor cancel, and with
 * PyTorch's gradients at kinks and at the ends of their domains.
 *
 * The deprecated arguments `sizeAverage` and `reduce` keep their places and their meaning.
 */

import { allocate, allocateZeros, modes } from '../base.ts';
import { composed, firstOf } from '../composed.ts';
import { dispatch } from '../dispatch.ts';
import { isFloating, promoteTypes } from '../dtype.ts';
import { DTypeError, IndexError, ShapeError, show, ValueError } from '../errors.ts';
import type { Shape } from '../layout.ts';
import { broadcastShapes, formatShape, sameShape, sizeOf } from '../layout.ts';
import { named } from '../options.ts';
import { mse, nll, nllBackward, range, strayTarget } from '../reference/loss.ts';
import { roundedOnce } from '../roundedOnce.ts';
import type { Tensor } from '../tensor.ts';
import { launchSquaredDifference } from '../wasm/launchReduce.ts';
import { requireFloat } from './arguments.ts';
import { onesLike } from './create.ts';
import {
  abs,
  add,
  clamp,
  div,
  eq,
  exp,
  ge,
  le,
  log,
  log1p,
  logSigmoid,
  maskedFill,
  minimum,
  mul,
  neg,
  sub,
  to,
  where,
  xlogy,
} from './elementwise.ts';
import type { LossOps, LossReduction } from './list.ts';
import { mean, sum } from './reduce.ts';
import { logSoftmax } from './softmax.ts';
import { checkTensor, tensorOrNull } from './tensors.ts';
import { expand, squeeze, unsqueeze, view } from './view.ts';

// --------------------------------------------------------------------------------------------------------------- forwards

const nllLossForward: LossOps['nllLoss'] = (input, target, weight, reduction, ignoreIndex) => {
  checkTargets('nllLoss', target, input.shape[1], ignoreIndex);
  const loss = allocate(reduction === 'none' ? target.shape : [], input.dtype);
  const totalWeight = allocate([], input.dtype);
  nll(input, target, weight, reduction, ignoreIndex, loss, totalWeight);
  return [loss, totalWeight];
};

const nllLossBackwardForward: LossOps['nllLossBackward'] = (
  grad,
  inputShape,
  target,
  weight,
  reduction,
  ignoreIndex,
  totalWeight,
) => {
  checkTargets('nllLossBackward', target, inputShape[1], ignoreIndex);
  const out = allocateZeros(inputShape, grad.dtype);
  nllBackward(grad, target, weight, reduction, ignoreIndex, scalarOf(totalWeight), out);
  return out;
};

const mseLossForward: LossOps['mseLoss'] = (input, target, reduction) => {
  const out = allocate(reduction === 'none' ? input.shape : [], input.dtype);
  const squares = reduction === 'none' ? null : launchSquaredDifference(input, target);
  if (squares === null) mse(input, target, reduction, out);
  else out.array[out.offset] = reduction === 'mean' ? squares / sizeOf(input.shape) : squares;
  return out;
};

function scalarOf(self: Tensor): number {
  return Number(self.array[self.offset]);
}

/** @throws IndexError when a target is neither a class nor `ignoreIndex` */
function checkTargets(op: string, target: Tensor, classes: number, ignoreIndex: number): void {
  const stray = strayTarget(target, classes, ignoreIndex);
  if (stray === null) return;
  throw new IndexError(`Target ${stray} is out of bounds for ${classes} classes`, {
    op,
    operands: { target: stray, classes, ignoreIndex },
  });
}

// -------------------------------------------------------------------------------------------------- what losses have in common

/**
 * How losses are reduced: what the deprecated flags stand for, if one is given; `reduction` otherwise.
 *
 * @throws ValueError when a flag is neither boolean nor null, or `reduction` none of those known
 */
export function reductionOf<Known extends string = LossReduction>(
  op: string,
  sizeAverage: unknown,
  reduce: unknown,
  reduction: unknown = 'mean',
  known: readonly string[] = ['none', 'mean', 'sum'],
): Known {
  for (const [name, value] of Object.entries({ sizeAverage, reduce })) {
    if (value === undefined || value === null || typeof value === 'boolean') continue;
    throw new ValueError(
      `${name} must be a boolean or null (it is deprecated; give { reduction } instead), but got ${show(value)}`,
      { op, operands: { [name]: value } },
    );
  }
  if (typeof sizeAverage === 'boolean' || typeof reduce === 'boolean') {
    return (reduce === false ? 'none' : sizeAverage === false ? 'sum' : 'mean') as Known;
  }
  if (known.includes(reduction as string)) return reduction as Known;
  throw new ValueError(`${String(reduction)} is not a valid value for reduction; known are ${known.join(', ')}`, {
    op,
    operands: { reduction },
  });
}

function reduced(loss: Tensor, reduction: LossReduction): Tensor {
  return reduction === 'none' ? loss : reduction === 'mean' ? mean(loss) : sum(loss);
}

/** Computes without recording: the result is a constant to the tape. */
function constant<T>(compute: () => T): T {
  const before = modes.grad;
  modes.grad = false;
  try {
    return compute();
  } finally {
    modes.grad = before;
  }
}

let warned = false;

/** PyTorch's warning, once: `[N]` against `[N, 1]` broadcasts to `[N, N]`, which nobody means. */
function warnBroadcast(op: string, input: Tensor, target: Tensor): void {
  if (warned || sameShape(input.shape, target.shape)) return;
  warned = true;
  console.warn(
    `${op}: using a target size (${formatShape(target.shape)}) that is different to the input size ` +
      `(${formatShape(input.shape)}). This will likely lead to incorrect results due to broadcasting. Please ensure they have ` +
      'the same size.',
  );
}

type Deprecated = boolean | null;

export interface LossOptions {
  readonly target?: Tensor;
  /** Deprecated: false stands for `reduction: 'sum'`. */
  readonly sizeAverage?: Deprecated;
  /** Deprecated: false stands for `reduction: 'none'`. */
  readonly reduce?: Deprecated;
  /** `'mean'` (default), `'sum'`, or `'none'` for the loss of each element. */
  readonly reduction?: LossReduction;
}

export interface WeightedLossOptions extends LossOptions {
  /** Factor of each element's loss, broadcast; null (default) for 1. */
  readonly weight?: Tensor | null;
}

// ------------------------------------------------------------------------------------------------------- classification

export interface NllLossOptions extends LossOptions {
  /** Factor of each class, `[C]`; null (default) for 1. */
  readonly weight?: Tensor | null;
  /** A target that does not count; -100 by default. */
  readonly ignoreIndex?: number;
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target that is spread over all classes, in [0, 1]; 0 by default. */
  readonly labelSmoothing?: number;
}

const NLL_NAMES = ['target', 'weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'] as const;

type NllArguments = [Tensor, Tensor | null, Deprecated, number, Deprecated, LossReduction, number];

function checkClassWeight(op: string, weight: Tensor | null, input: Tensor, classes: number): void {
  if (weight === null) return;
  if (weight.ndim !== 1 || weight.shape[0] !== classes) {
    throw new ShapeError(
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ` +
        formatShape(weight.shape),
      { op, operands: { weight: weight.shape, classes } },
    );
  }
  if (weight.dtype !== input.dtype) {
    throw new DTypeError(`expected weight to have the dtype of the input, ${input.dtype}, but got ${weight.dtype}`, {
      op,
      operands: { weight: weight.dtype, input: input.dtype },
    });
  }
}

/** Shape and dtype of class indices for an input `[N, C, …]`. */
function checkClassTarget(op: string, input: Shape, target: Tensor): void {
  if (target.dtype !== 'int32' && target.dtype !== 'int64' && target.dtype !== 'uint8') {
    throw new DTypeError(
      `expected class indices of dtype int32, int64 or uint8, but found ${target.dtype}; cast with .to('int32')`,
      { op, operands: { target: target.dtype } },
    );
  }
  const operands = { input, target: target.shape };
  if (target.ndim === 0 || input[0] !== target.shape[0]) {
    throw new ShapeError(
      `Expected input batch_size (${input[0]}) to match target batch_size (${target.ndim === 0 ? 'none' : target.shape[0]}), ` +
        `shapes ${formatShape(input)} and ${formatShape(target.shape)}`,
      { op, operands },
    );
  }
  const expected = [input[0], ...input.slice(2)];
  if (sameShape(target.shape, expected)) return;
  const rule =
    input.length === 2
      ? `0D or 1D target tensor expected, multi-target not supported, but got ${formatShape(target.shape)}`
      : `Expected target size ${formatShape(expected)}, got ${formatShape(target.shape)}`;
  throw new ShapeError(`${rule}, for input of size ${formatShape(input)}`, { op, operands });
}

/** An unbatched `[C]` with its target `[]` (or, as PyTorch lets pass, any target for it) as a batch of one. */
function batchOfOne(op: string, input: Tensor, target: Tensor): [input: Tensor, target: Tensor] {
  if (target.ndim > 0) {
    throw new ShapeError(
      `size mismatch (got input: ${formatShape(input.shape)}, target: ${formatShape(target.shape)})`,
      {
        op,
        operands: { input: input.shape, target: target.shape },
      },
    );
  }
  return [unsqueeze(input, 0), unsqueeze(target, 0)];
}

function checkClassInput(op: string, input: unknown): Tensor {
  const checked = checkTensor(op, 'input', input);
  if (checked.ndim < 1)
    throw new ShapeError('Expected 1 or more dimensions (got 0)', { op, operands: { input: checked.shape } });
  requireFloat(op, checked.dtype);
  return checked;
}

/** Validates and runs the op. @returns the loss, and the total weight of the targets that count */
function nllOf(
  op: string,
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  reduction: LossReduction,
  ignoreIndex: number,
): [loss: Tensor, totalWeight: Tensor] {
  checkClassTarget(op, input.shape, target);
  checkClassWeight(op, weight, input, input.shape[1]);
  return dispatch('nllLoss', nllLossForward, [input, target, weight, reduction, ignoreIndex]);
}

function checkIgnoreIndex(op: string, ignoreIndex: unknown): number {
  if (Number.isInteger(ignoreIndex)) return ignoreIndex as number;
  throw new ValueError(`ignoreIndex must be an integer, but got ${String(ignoreIndex)}`, {
    op,
    operands: { ignoreIndex },
  });
}

/**
 * Negative log-likelihood: `-weight[t] input[n, t]` for the class t that is the target of each sample; input holds log-probabilities.
 *
 * input `[N, C]` with target `[N]`, `[N, C, d1, …]` with `[N, d1, …]`, or `[C]` with `[]`; target of class indices in `[0, C)`;
 * `'mean'` (default) divides by the total weight of the targets. Targets equal to `ignoreIndex` (-100) do not count.
 *
 * @throws IndexError when a target is out of bounds; ShapeError when the shapes do not fit
 *
 * @example
 * nllLoss(logSoftmax(zeros(2, 4), 1), tensor([0, 3], { dtype: 'int32' })); // tensor(1.3863)
 */
export function nllLoss(
  input: Tensor,
  target: Tensor | NllLossOptions,
  weight?: Tensor | null | NllLossOptions,
  sizeAverage?: Deprecated | NllLossOptions,
  ignoreIndex?: number | NllLossOptions,
  reduce?: Deprecated | NllLossOptions,
  reduction?: LossReduction | NllLossOptions,
): Tensor {
  const op = 'nllLoss';
  const args = [target, weight, sizeAverage, ignoreIndex, reduce, reduction];
  const [t, w, average, ignored = -100, r, kind] = named<NllArguments>(op, NLL_NAMES, args);
  const x = checkClassInput(op, input);
  const classes = checkTensor(op, 'target', t);
  const how = reductionOf(op, average, r, kind);
  const unbatched = x.ndim === 1;
  const [batch, targets] = unbatched ? batchOfOne(op, x, classes) : [x, classes];
  const loss = firstOf(nllOf(op, batch, targets, tensorOrNull(op, 'weight', w), how, checkIgnoreIndex(op, ignored)));
  return unbatched && how === 'none' ? squeeze(loss, 0) : loss;
}

/**
 * The gradient of `nllLoss` with respect to its input, of `inputShape` `[N, C, …]`: `-weight[t] grad` at each target t, for
 * `'mean'` divided by `totalWeight`; 0 elsewhere.
 */
export function nllLossBackward(
  grad: Tensor,
  inputShape: Shape,
  target: Tensor,
  weight: Tensor | null,
  reduction: LossReduction,
  ignoreIndex: number,
  totalWeight: Tensor,
): Tensor {
  const op = 'nllLossBackward';
  checkClassTarget(op, inputShape, target);
  checkClassWeight(op, weight, grad, inputShape[1]);
  const expected = reduction === 'none' ? target.shape : [];
  if (!sameShape(grad.shape, expected)) {
    throw new ShapeError(`expected a gradient of shape ${formatShape(expected)}, but got ${formatShape(grad.shape)}`, {
      op,
      operands: { grad: grad.shape, expected },
    });
  }
  const args: Parameters<LossOps['nllLossBackward']> = [
    grad,
    inputShape,
    target,
    weight,
    reduction,
    ignoreIndex,
    totalWeight,
  ];
  return dispatch('nllLossBackward', nllLossBackwardForward, args);
}

/**
 * Cross entropy of logits and classes: `-log(softmax(input)[t])` for the target t of each sample.
 *
 * input `[N, C]`, `[N, C, d1, …]` or `[C]`, of unnormalised scores. target: class indices, of the input's shape without C; or
 * probabilities, of the input's shape and a floating dtype, for which the loss is `-Σ target[c] log(softmax(input)[c])`. `weight`
 * is a factor per class; `'mean'` (default) divides by the total weight of the class indices, or by the number of samples.
 * `labelSmoothing` mixes the target with the uniform distribution. Targets equal to `ignoreIndex` (-100) do not count.
 *
 * @throws IndexError when a target is out of bounds; ShapeError when the shapes do not fit
 *
 * @example
 * crossEntropy(zeros(2, 4), tensor([0, 3], { dtype: 'int32' })); // tensor(1.3863)
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor | CrossEntropyOptions,
  weight?: Tensor | null | CrossEntropyOptions,
  sizeAverage?: Deprecated | CrossEntropyOptions,
  ignoreIndex?: number | CrossEntropyOptions,
  reduce?: Deprecated | CrossEntropyOptions,
  reduction?: LossReduction | CrossEntropyOptions,
  labelSmoothing?: number | CrossEntropyOptions,
): Tensor {
  const op = 'crossEntropy';
  const args = [target, weight, sizeAverage, ignoreIndex, reduce, reduction, labelSmoothing];
  const [t, w, average, ignored = -100, r, kind, smoothing = 0] = named<NllArguments>(
    op,
    [...NLL_NAMES, 'labelSmoothing'],
    args,
  );
  const x = checkClassInput(op, input);
  const y = checkTensor(op, 'target', t);
  const how = reductionOf(op, average, r, kind);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new ValueError(`labelSmoothing must be between 0.0 and 1.0. Got: ${String(smoothing)}`, {
      op,
      operands: { labelSmoothing: smoothing },
    });
  }
  const classWeight = tensorOrNull(op, 'weight', w);
  const ignoreAt = checkIgnoreIndex(op, ignored);
  const unbatched = x.ndim === 1;
  const loss = composed(() => {
    if (sameShape(x.shape, y.shape)) {
      const [batch, probabilities] = unbatched ? [unsqueeze(x, 0), unsqueeze(y, 0)] : [x, y];
      return crossEntropyOfProbabilities(batch, probabilities, classWeight, how, ignoreAt, smoothing);
    }
    const [batch, classes] = unbatched ? batchOfOne(op, x, y) : [x, y];
    return crossEntropyOfClasses(batch, classes, classWeight, how, ignoreAt, smoothing);
  });
  return unbatched && how === 'none' ? squeeze(loss, 0) : loss;
}

/** Class weights in the shape that broadcasts against `[N, C, …]`. */
function weighted(logs: Tensor, weight: Tensor | null): Tensor {
  if (weight === null) return logs;
  return mul(logs, view(weight, [weight.shape[0], ...new Array<number>(logs.ndim - 2).fill(1)]));
}

function crossEntropyOfClasses(
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  reduction: LossReduction,
  ignoreIndex: number,
  smoothing: number,
): Tensor {
  const op = 'crossEntropy';
  checkClassTarget(op, input.shape, target);
  checkClassWeight(op, weight, input, input.shape[1]);
  const logs = logSoftmax(input, 1);
  const [loss, totalWeight] = nllOf(op, logs, target, weight, reduction, ignoreIndex);
  if (smoothing === 0) return loss;
  const everyClass = neg(sum(weighted(logs, weight), 1));
  const counted = maskedFill(everyClass, eq(target, ignoreIndex), 0);
  const spread =
    reduction === 'mean' ? div(sum(counted), scalarOf(totalWeight)) : reduction === 'sum' ? sum(counted) : counted;
  return add(mul(loss, 1 - smoothing), mul(spread, smoothing / input.shape[1]));
}

function crossEntropyOfProbabilities(
  input: Tensor,
  target: Tensor,
  weight: Tensor | null,
  reduction: LossReduction,
  ignoreIndex: number,
  smoothing: number,
): Tensor {
  const op = 'crossEntropy';
  if (!isFloating(target.dtype)) {
    throw new DTypeError(`Expected floating point type for target with class probabilities, got ${target.dtype}`, {
      op,
      operands: { target: target.dtype },
    });
  }
  if (ignoreIndex >= 0) {
    throw new ValueError('ignoreIndex is not supported for floating point target', { op, operands: { ignoreIndex } });
  }
  const classes = input.shape[1];
  checkClassWeight(op, weight, input, classes);
  const probabilities = smoothing === 0 ? target : add(mul(target, 1 - smoothing), smoothing / classes);
  const terms = weighted(mul(logSoftmax(input, 1), probabilities), weight);
  if (reduction === 'none') return neg(sum(terms, 1));
  const total = neg(sum(terms));
  if (reduction === 'sum') return total;
  const samples = input.shape.reduce((count, size, d) => (d === 1 ? count : count * size), 1);
  return div(total, samples);
}

// ----------------------------------------------------------------------------------------------------------- regression

const PAIR_NAMES = ['target', 'sizeAverage', 'reduce', 'reduction'] as const;

type PairArguments = [Tensor, Deprecated, Deprecated, LossReduction, number];

/** Input and target of a loss that broadcasts them. */
function pairOf(op: string, input: unknown, target: unknown): [input: Tensor, target: Tensor] {
  const x = checkTensor(op, 'input', input);
  const y = checkTensor(op, 'target', target);
  // Throws here, before the warning, when they do not fit.
  broadcastShapes(op, x.shape, y.shape);
  warnBroadcast(op, x, y);
  return [x, y];
}

/**
 * Mean squared error: the mean of `(input - target)²`, or their sum, or each of them.
 *
 * input and target of one shape, or of shapes that broadcast (which is rarely meant, and warned of once).
 *
 * @example
 * mseLoss(tensor([1, 2]), tensor([1, 4])); // tensor(2.)
 */
export function mseLoss(
  input: Tensor,
  target: Tensor | LossOptions,
  sizeAverage?: Deprecated | LossOptions,
  reduce?: Deprecated | LossOptions,
  reduction?: LossReduction | LossOptions,
): Tensor {
  const op = 'mseLoss';
  const [t, average, r, kind] = named<PairArguments>(op, PAIR_NAMES, [target, sizeAverage, reduce, reduction]);
  const how = reductionOf(op, average, r, kind);
  const [x, y] = pairOf(op, input, t);
  const dtype = promoteTypes(x.dtype, y.dtype);
  requireFloat(op, dtype);
  const shape = broadcastShapes(op, x.shape, y.shape);
  const fit = (z: Tensor): Tensor => {
    const cast = z.dtype === dtype ? z : to(z, dtype);
    return sameShape(cast.shape, shape) ? cast : expand(cast, shape);
  };
  return dispatch('mseLoss', mseLossForward, [fit(x), fit(y), how]);
}

/**
 * Mean absolute error: the mean of `|input - target|`, or their sum, or each of them. The gradient at 0 is 0.
 *
 * input and target of one shape, or of shapes that broadcast.
 */
export function l1Loss(
  input: Tensor,
  target: Tensor | LossOptions,
  sizeAverage?: Deprecated | LossOptions,
  reduce?: Deprecated | LossOptions,
  reduction?: LossReduction | LossOptions,
): Tensor {
  const op = 'l1Loss';
  const [t, average, r, kind] = named<PairArguments>(op, PAIR_NAMES, [target, sizeAverage, reduce, reduction]);
  const how = reductionOf(op, average, r, kind);
  const [x, y] = pairOf(op, input, t);
  return composed(() => reduced(abs(sub(x, y)), how));
}

export interface SmoothL1Options extends LossOptions {
  /** Where the square turns into the absolute value; 1 by default, 0 for `l1Loss`. */
  readonly beta?: number;
}

/**
 * `square(min(z, knee)) / 2 + knee (z - min(z, knee))` for `z = |input - target|`: a parabola up to the knee, its tangent beyond.
 * In this form the gradient is finite at infinite z, and NaN at NaN.
 */
function parabolaThenLine(x: Tensor, y: Tensor, knee: number): Tensor {
  const z = abs(sub(x, y));
  const near = minimum(z, knee);
  return add(mul(mul(near, near), 0.5), mul(sub(z, near), knee));
}

/** `|input - target|` with the gradient -1 at 0: the limit of `smoothL1Loss` at beta 0, as PyTorch takes it. */
function lineToTheLeft(x: Tensor, y: Tensor): Tensor {
  const d = sub(x, y);
  const slope = constant(() => where(le(d, 0), -1, onesLike(d)));
  // Adding 0 turns the -0 that 0 times -1 gives into 0.
  return add(mul(d, slope), 0);
}

/**
 * `(input - target)² / (2 beta)` where they differ by less than beta, else `|input - target| - beta / 2`; reduced.
 *
 * input and target of one shape, or of shapes that broadcast. Default: beta 1. It is `huberLoss` divided by beta; with beta 0, `l1Loss`
 * (but for the gradient at 0, which is -1).
 */
export function smoothL1Loss(
  input: Tensor,
  target: Tensor | SmoothL1Options,
  sizeAverage?: Deprecated | SmoothL1Options,
  reduce?: Deprecated | SmoothL1Options,
  reduction?: LossReduction | SmoothL1Options,
  beta?: number | SmoothL1Options,
): Tensor {
  const op = 'smoothL1Loss';
  const args = [target, sizeAverage, reduce, reduction, beta];
  const [t, average, r, kind, b = 1] = named<PairArguments>(op, [...PAIR_NAMES, 'beta'], args);
  const how = reductionOf(op, average, r, kind);
  if (!(b >= 0)) {
    throw new ValueError(`does not support negative values for beta, but got ${String(b)}`, {
      op,
      operands: { beta: b },
    });
  }
  const [x, y] = pairOf(op, input, t);
  requireFloat(op, promoteTypes(x.dtype, y.dtype));
  return composed(() => reduced(b === 0 ? lineToTheLeft(x, y) : div(parabolaThenLine(x, y, b), b), how));
}

export interface HuberLossOptions {
  readonly target?: Tensor;
  /** `'mean'` (default), `'sum'`, or `'none'` for the loss of each element. */
  readonly reduction?: LossReduction;
  /** Where the square turns into the absolute value; 1 by default. */
  readonly delta?: number;
}

/**
 * `(input - target)² / 2` where they differ by at most delta, else `delta (|input - target| - delta / 2)`; reduced.
 *
 * input and target of one shape, or of shapes that broadcast. Default: delta 1.
 */
export function huberLoss(
  input: Tensor,
  target: Tensor | HuberLossOptions,
  reduction?: LossReduction | HuberLossOptions,
  delta?: number | HuberLossOptions,
): Tensor {
  const op = 'huberLoss';
  const [t, kind, d = 1] = named<[Tensor, LossReduction, number]>(
    op,
    ['target', 'reduction', 'delta'],
    [target, reduction, delta],
  );
  const how = reductionOf(op, null, null, kind);
  if (!(d > 0)) {
    throw new ValueError(`does not support non-positive values for delta, but got ${String(d)}`, {
      op,
      operands: { delta: d },
    });
  }
  const [x, y] = pairOf(op, input, t);
  requireFloat(op, promoteTypes(x.dtype, y.dtype));
  return composed(() => reduced(parabolaThenLine(x, y, d), how));
}

// ----------------------------------------------------------------------------------------------------- binary cross entropy

const BINARY_NAMES = ['target', 'weight', 'sizeAverage', 'reduce', 'reduction'] as const;

type BinaryArguments = [Tensor, Tensor | null, Deprecated, Deprecated, LossReduction, Tensor | null];

function checkBinaryPair(op: string, input: unknown, target: unknown): [input: Tensor, target: Tensor] {
  const x = checkTensor(op, 'input', input);
  const y = checkTensor(op, 'target', target);
  if (!sameShape(x.shape, y.shape)) {
    throw new ShapeError(
      `Using a target size (${formatShape(y.shape)}) that is different to the input size (${formatShape(x.shape)}): target size ` +
        'must be the same as input size',
      { op, operands: { input: x.shape, target: y.shape } },
    );
  }
  requireFloat(op, x.dtype);
  if (y.dtype !== x.dtype) {
    throw new DTypeError(`Found dtype ${y.dtype} for the target but expected ${x.dtype}; cast with .to()`, {
      op,
      operands: { input: x.dtype, target: y.dtype },
    });
  }
  return [x, y];
}

/** `p (1 - p)` below which PyTorch takes this in its place, so that the gradient `(p - t) / (p (1 - p))` stays finite. */
const LEAST_SPREAD = 1e-12;
/** Logarithms below this count as this. */
const LEAST_LOG = -100;

function spreadOf(p: number): number {
  return p * (1 - p);
}

/** `-(t log(p) + (1 - t) log(1 - p))` for p well inside (0, 1). */
function entropyInside(p: Tensor, t: Tensor): Tensor {
  return sub(mul(sub(t, 1), log1p(neg(p))), mul(t, log(p)));
}

/**
 * The same for p at 0 or 1, where log and its gradient are infinite. Its value takes logarithms of at least -100; its gradient,
 * `(p - t) / LEAST_SPREAD`, is that of a parabola in p, added so that it is 0 in value.
 */
function entropyAtEnds(p: Tensor, t: Tensor): Tensor {
  const fixed = constant(() => to(p, { copy: true }));
  const logP = constant(() => clamp(log(fixed), { min: LEAST_LOG }));
  const logQ = constant(() => clamp(log1p(neg(fixed)), { min: LEAST_LOG }));
  const value = sub(mul(sub(t, 1), logQ), mul(t, logP));
  const parabola = sub(mul(sub(mul(p, p), mul(fixed, fixed)), 0.5), mul(t, sub(p, fixed)));
  return add(value, div(parabola, LEAST_SPREAD));
}

function entropyAnywhere(p: Tensor, t: Tensor): Tensor {
  const inside = constant(() => ge(mul(p, sub(1, p)), LEAST_SPREAD));
  return where(inside, entropyInside(where(inside, p, 0.5), t), entropyAtEnds(where(inside, 0, p), t));
}

export { binaryCrossEntropy as bceLoss };

/**
 * Binary cross entropy of probabilities: `-(target log(input) + (1 - target) log(1 - input))`, reduced. Logarithms are taken to be
 * at least -100.
 *
 * input, in [0, 1], and target of one shape and dtype; `weight` broadcasts to it.
 *
 * @throws ValueError when the input leaves [0, 1]; ShapeError when the shapes differ
 *
 * @example
 * binaryCrossEntropy(tensor([0.5, 0.5]), tensor([0, 1])); // tensor(0.6931)
 */
export function binaryCrossEntropy(
  input: Tensor,
  target: Tensor | WeightedLossOptions,
  weight?: Tensor | null | WeightedLossOptions,
  sizeAverage?: Deprecated | WeightedLossOptions,
  reduce?: Deprecated | WeightedLossOptions,
  reduction?: LossReduction | WeightedLossOptions,
): Tensor {
  const op = 'binaryCrossEntropy';
  const args = [target, weight, sizeAverage, reduce, reduction];
  const [t, w, average, r, kind] = named<BinaryArguments>(op, BINARY_NAMES, args);
  const how = reductionOf(op, average, r, kind);
  const pair = checkBinaryPair(op, input, t);
  const weights = tensorOrNull(op, 'weight', w);
  return roundedOnce([...pair, weights], (x, y, factor) => {
    const [least, most] = range(x);
    if (!(least >= 0 && most <= 1)) {
      throw new ValueError('all elements of input should be between 0 and 1', { op, operands: { least, most } });
    }
    const isInside = least > most || (spreadOf(least) >= LEAST_SPREAD && spreadOf(most) >= LEAST_SPREAD);
    return composed(() => {
      const loss = isInside ? entropyInside(x, y) : entropyAnywhere(x, y);
      return reduced(factor === null ? loss : mul(loss, factor), how);
    });
  });
}

export interface BceWithLogitsOptions extends WeightedLossOptions {
  /** Factor of the loss of positive targets, broadcast; null (default) for 1. */
  readonly posWeight?: Tensor | null;
}

/**
 * Binary cross entropy of logits: that of `sigmoid(input)`, in the form
 * `(1 - target) input - (1 + (posWeight - 1) target) logSigmoid(input)`, which does not overflow; reduced.
 *
 * input and target of one shape and dtype; `weight` and `posWeight` broadcast to it.
 *
 * @throws ShapeError when the shapes differ
 *
 * @example
 * binaryCrossEntropyWithLogits(tensor([0, 0]), tensor([0, 1])); // tensor(0.6931)
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor | BceWithLogitsOptions,
  weight?: Tensor | null | BceWithLogitsOptions,
  sizeAverage?: Deprecated | BceWithLogitsOptions,
  reduce?: Deprecated | BceWithLogitsOptions,
  reduction?: LossReduction | BceWithLogitsOptions,
  posWeight?: Tensor | null | BceWithLogitsOptions,
): Tensor {
  const op = 'binaryCrossEntropyWithLogits';
  const args = [target, weight, sizeAverage, reduce, reduction, posWeight];
  const [t, w, average, r, kind, pw] = named<BinaryArguments>(op, [...BINARY_NAMES, 'posWeight'], args);
  const how = reductionOf(op, average, r, kind);
  const [x, y] = checkBinaryPair(op, input, t);
  const factor = tensorOrNull(op, 'weight', w);
  const positive = tensorOrNull(op, 'posWeight', pw);
  return composed(() => {
    const logs = logSigmoid(x);
    const scaled = positive === null ? logs : mul(logs, add(mul(sub(positive, 1), y), 1));
    const loss = sub(mul(sub(1, y), x), scaled);
    return reduced(factor === null ? loss : mul(loss, factor), how);
  });
}

// ---------------------------------------------------------------------------------------------------------- distributions

/** `'batchmean'` divides the sum by the size of the first dimension. */
export type KlDivReduction = LossReduction | 'batchmean';

export interface KlDivOptions {
  readonly target?: Tensor;
  /** Deprecated: false stands for `reduction: 'sum'`. */
  readonly sizeAverage?: Deprecated;
  /** Deprecated: false stands for `reduction: 'none'`. */
  readonly reduce?: Deprecated;
  /** `'mean'` (default), `'batchmean'`, `'sum'` or `'none'`. */
  readonly reduction?: KlDivReduction;
  /** Whether the target holds log-probabilities. Default false. */
  readonly logTarget?: boolean;
}

/**
 * Kullback-Leibler divergence, `target (log(target) - input)`, where input holds log-probabilities and target probabilities (or
 * log-probabilities with `logTarget`); reduced. `'batchmean'` is the divergence per sample; `'mean'` (default) is per element.
 *
 * input and target of one shape, or of shapes that broadcast. 0 where the target is 0.
 */
export function klDiv(
  input: Tensor,
  target: Tensor | KlDivOptions,
  sizeAverage?: Deprecated | KlDivOptions,
  reduce?: Deprecated | KlDivOptions,
  reduction?: KlDivReduction | KlDivOptions,
  logTarget?: boolean | KlDivOptions,
): Tensor {
  const op = 'klDiv';
  const [t, average, r, kind, logs = false] = named<[Tensor, Deprecated, Deprecated, KlDivReduction, boolean]>(
    op,
    [...PAIR_NAMES, 'logTarget'],
    [target, sizeAverage, reduce, reduction, logTarget],
  );
  const how = reductionOf<KlDivReduction>(op, average, r, kind, ['none', 'mean', 'sum', 'batchmean']);
  const x = checkTensor(op, 'input', input);
  const y = checkTensor(op, 'target', t);
  requireFloat(op, x.dtype);
  requireFloat(op, y.dtype);
  broadcastShapes(op, x.shape, y.shape);
  return composed(() => {
    const loss = logs ? mul(exp(y), sub(y, x)) : sub(xlogy(y, y), mul(y, x));
    return how === 'batchmean' ? div(sum(loss), x.ndim === 0 ? 1 : x.shape[0]) : reduced(loss, how);
  });
}
