/**
 * `nn.functional.ctcLoss`: Graves et al., "Connectionist Temporal Classification", 2006. The forward recursion of its section 4.1, in
 * logarithms, for all samples at once; gradients are those of its steps. A logarithm of zero is a number far below all others, not -∞,
 * whose gradient would be NaN.
 */

import type { LossReduction, Tensor } from '@torsor/core';
import {
  cat,
  composed,
  formatShape,
  fromTypedArray,
  full,
  logsumexp,
  named,
  reductionOf,
  roundedOnce,
  ShapeError,
  show,
  stack,
  ValueError,
  where,
  zeros,
} from '@torsor/core';
import { flag, integer, required, tensorArgument } from './arguments.ts';

/** Lengths of samples: a tensor of integers, a list, or a number for one without a batch. */
export type Lengths = Tensor | readonly number[] | number;

export interface CTCLossOptions {
  /** The class that stands for no label; 0 by default. */
  readonly blank?: number;
  /** `'mean'` (default), which divides each loss by the length of its target first, `'sum'` or `'none'`. */
  readonly reduction?: LossReduction;
  /** Give 0 for infinite losses, of targets too long for their inputs. Default false. */
  readonly zeroInfinity?: boolean;
}

/** The logarithm of zero: low enough to vanish beside any other, high enough for sums of it. */
const NEVER = -1e30;

/** What is known of a batch before any sum. */
interface Batch {
  /** Classes with blanks between and around them, `[N, 2 S + 1]`. */
  readonly labels: Int32Array;
  /** 0 where a label may follow the last but one, `NEVER` elsewhere. */
  readonly skips: Float64Array;
  /** 0 where a path may end, `NEVER` elsewhere. */
  readonly ends: Float64Array;
  readonly width: number;
  readonly inputLengths: readonly number[];
  readonly targetLengths: readonly number[];
}

function lengthsOf(op: string, name: string, value: Lengths, samples: number, most: number): number[] {
  const list = typeof value === 'number' ? [value] : Array.isArray(value) ? value : (value as Tensor).toTypedArray();
  const lengths = Array.from(list as readonly number[], Number);
  if (lengths.length !== samples) {
    throw new ShapeError(`${name} must be of size batch_size ${samples}, but got ${lengths.length} of them`, {
      op,
      operands: { [name]: lengths },
    });
  }
  for (const length of lengths) {
    if (integer(op, name, length) <= most) continue;
    throw new ValueError(`Expected ${name} to have value at most ${most}, but got value ${length}`, {
      op,
      operands: { [name]: lengths },
    });
  }
  return lengths;
}

/** The labels of each sample, from `[N, S]` or one after the other. */
function targetsOf(
  op: string,
  targets: Tensor,
  lengths: readonly number[],
  blank: number,
  classes: number,
): number[][] {
  const flat = Array.from(targets.toTypedArray() as Int32Array, Number);
  let start = 0;
  const lists = lengths.map((length, n) => {
    const from = targets.ndim === 2 ? n * targets.shape[1] : start;
    start += length;
    return flat.slice(from, from + length);
  });
  if (targets.ndim !== 2 && start !== flat.length) {
    throw new ShapeError(`expected as many targets as targetLengths add up to, ${start}, but got ${flat.length}`, {
      op,
      operands: { targets: targets.shape, targetLengths: lengths },
    });
  }
  for (const label of lists.flat()) {
    if (label >= 0 && label < classes && label !== blank) continue;
    throw new ValueError(`targets must be classes below ${classes} other than blank, ${blank}, but one is ${label}`, {
      op,
      operands: { label, blank },
    });
  }
  return lists;
}

function batchOf(lists: readonly (readonly number[])[], inputLengths: readonly number[], blank: number): Batch {
  const width = 2 * Math.max(0, ...lists.map((list) => list.length)) + 1;
  const labels = new Int32Array(lists.length * width).fill(blank);
  const skips = new Float64Array(labels.length).fill(NEVER);
  const ends = new Float64Array(labels.length).fill(NEVER);
  lists.forEach((list, n) => {
    for (const [s, label] of list.entries()) {
      labels[n * width + 2 * s + 1] = label;
      if (s > 0 && label !== list[s - 1]) skips[n * width + 2 * s + 1] = 0;
    }
    ends[n * width + 2 * list.length] = 0;
    if (list.length > 0) ends[n * width + 2 * list.length - 1] = 0;
  });
  return { labels, skips, ends, width, inputLengths, targetLengths: lists.map((list) => list.length) };
}

/** The loss of each sample, `[N]`; where no path leads to its target, Infinity without a gradient. */
function losses(logProbs: Tensor, { labels, skips, ends, width, inputLengths }: Batch): Tensor {
  const [steps, samples] = logProbs.shape;
  const { dtype } = logProbs;
  const table = (list: Float64Array): Tensor => fromTypedArray(list, [samples, width]).to(dtype);
  const index = fromTypedArray(labels, [1, samples, width]).expand([steps, samples, width]);
  const emitted = logProbs.gather(2, index).unbind(0);
  const skip = table(skips);
  const shortest = Math.min(...inputLengths);
  const outside = full([samples, 2], NEVER, { dtype });
  // Before the first step a path is at the first blank.
  let alpha = table(Float64Array.from(labels, (_, i) => (i % width === 0 ? 0 : NEVER)));
  for (let t = 0; t < Math.max(...inputLengths); t++) {
    const from = cat([outside, alpha], 1);
    const ways = [from.narrow(1, 2, width), from.narrow(1, 1, width), from.narrow(1, 0, width).add(skip)];
    const next = logsumexp(stack(ways, 0), 0).add(emitted[t]);
    if (t < shortest) alpha = next;
    else
      alpha = where(
        fromTypedArray(
          Uint8Array.from(inputLengths, (n) => Number(t < n)),
          [samples, 1],
        ).bool(),
        next,
        alpha,
      );
  }
  const loss = logsumexp(alpha.add(table(ends)), 1).neg();
  return where(loss.gt(-NEVER / 2), Number.POSITIVE_INFINITY, loss);
}

/**
 * The sum of all probabilities that count, less its own value. PyTorch's gradient is for log-probabilities that come from a softmax: it
 * adds the probabilities to that of the loss, which changes nothing behind a `logSoftmax`.
 */
function ofSoftmax(logProbs: Tensor, { inputLengths }: Batch, isFinite: Tensor): Tensor {
  const [steps, samples] = logProbs.shape;
  const counts = Uint8Array.from({ length: steps * samples }, (_, i) =>
    Number(Math.floor(i / samples) < inputLengths[i % samples]),
  );
  const sums = logProbs
    .exp()
    .sum(2)
    .mul(fromTypedArray(counts, [steps, samples]))
    .sum(0);
  return where(isFinite, sums.sub(sums.detach()), 0);
}

/**
 * The negative log-likelihood of targets under all their alignments with the inputs; reduced.
 *
 * logProbs `[T, N, C]` or `[T, C]`, as of `logSoftmax`; targets `[N, S]`, or one after the other `[Σ targetLengths]`, of classes other
 * than blank → `[N]` without a reduction, or `[]`.
 *
 * @param inputLengths how many steps of each sample count, N numbers of at most T
 * @param targetLengths how many targets each has
 * @param blank the class that stands for no label; 0 by default
 * @param reduction `'mean'` (default), which divides each loss by the length of its target first, `'sum'` or `'none'`
 * @param zeroInfinity whether infinite losses, of targets too long for their inputs, are 0; false by default
 * @throws ShapeError, ValueError when lengths and targets do not fit
 *
 * @example
 * ctcLoss(logits.logSoftmax(2), targets, [50, 50], [10, 7]);
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  blank?: number | CTCLossOptions,
  reduction?: LossReduction | CTCLossOptions,
  zeroInfinity?: boolean | CTCLossOptions,
): Tensor {
  const op = 'ctcLoss';
  const [none = 0, kind = 'mean', zero = false] = named<[number, LossReduction, boolean]>(
    op,
    ['blank', 'reduction', 'zeroInfinity'],
    [blank, reduction, zeroInfinity],
  );
  const how = reductionOf(op, null, null, kind);
  flag(op, 'zeroInfinity', zero);
  const { ndim, shape } = tensorArgument(op, 'logProbs', logProbs);
  const labels = tensorArgument(op, 'targets', targets);
  const isBatch = ndim === 3;
  if (
    (ndim !== 2 && !isBatch) ||
    labels.ndim > 2 ||
    (labels.ndim === 2 && labels.shape[0] !== (isBatch ? shape[1] : 1))
  ) {
    throw new ShapeError(
      `expected logProbs [T, N, C] or [T, C] and targets [N, S] or [sum(targetLengths)], but got ${formatShape(shape)} and ` +
        formatShape(labels.shape),
      { op, operands: { logProbs: shape, targets: labels.shape } },
    );
  }
  const rows = isBatch ? logProbs : logProbs.unsqueeze(1);
  const [steps, samples, classes] = rows.shape;
  if (integer(op, 'blank', none) >= classes || samples === 0) {
    throw new ValueError(
      `blank must be in label range and the batch not empty, but got ${show(none)} for ${formatShape(shape)}`,
      {
        op,
        operands: { blank: none, logProbs: shape },
      },
    );
  }
  const stepsOf = lengthsOf(op, 'inputLengths', required(op, 'inputLengths', inputLengths), samples, steps);
  const most = labels.ndim === 2 ? labels.shape[1] : labels.numel();
  const sizes = lengthsOf(op, 'targetLengths', required(op, 'targetLengths', targetLengths), samples, most);
  const batch = batchOf(targetsOf(op, labels, sizes, none, classes), stepsOf, none);
  const reduce = (each: Tensor): Tensor => {
    if (how === 'none') return isBatch ? each : each.squeeze(0);
    if (how === 'sum') return each.sum();
    return each.div(fromTypedArray(Float64Array.from(sizes, (n) => Math.max(n, 1))).to(each.dtype)).mean();
  };
  return roundedOnce([rows], (x) =>
    composed(() => {
      const each = losses(x, batch);
      const isFinite = each.detach().isfinite();
      const all = each.requiresGrad ? each.add(ofSoftmax(x, batch, isFinite)) : each;
      return reduce(zero ? where(isFinite, all, zeros([], { dtype: all.dtype })) : all);
    }),
  );
}
