/**
 * Random choice: permutations, and draws from given weights. PyTorch's algorithms, on plain arrays.
 */

import { ValueError } from '../errors.ts';
import { launchPermute } from '../wasm/launchRandom.ts';
import type { FloatArray } from './distributions.ts';
import { fillExponential, inBlocks } from './distributions.ts';
import type { Generator } from './generator.ts';
import { defaultGenerator } from './generator.ts';

/**
 * From this length on, the remainder of 32 bits would be visibly uneven, and PyTorch 2.6 draws 64: ⌊(2^32 − 1) / 20⌋.
 */
const LONG_PERMUTATION = 214748364;

/** A float32 counts no further, and PyTorch's indices were once float32. */
const MAX_CATEGORIES = 2 ** 24;

/**
 * `(hi · 2^32 + lo) mod m` for m up to 2^37: sixteen bits at a time, so that nothing passes 2^53. Exported for its
 * test.
 */
export function remainder64(hi: number, lo: number, m: number): number {
  const upper = (hi % m) * 65536 + (lo >>> 16);
  return ((upper % m) * 65536 + (lo & 0xffff)) % m;
}

/**
 * The integers 0 to n − 1 in random order: `torch.randperm`.
 *
 * Up to 214 748 363: for i = 0 … n − 2, swap element i with element `i + u32 mod (n − i)`. From there on, Fisher and
 * Yates inside out, with `u64 mod (i + 1)`. (`aten/src/ATen/native/TensorFactories.cpp`. The second way came with
 * PyTorch 2.6: 1.13, the oracle of the tests, swaps at every length.)
 *
 * @throws ValueError unless `n` is an integer in [0, 2^31]
 * @example
 * randperm(4, new Generator(0)); // [0, 1, 3, 2]
 */
export function randperm(n: number, generator: Generator = defaultGenerator): Int32Array<ArrayBuffer> {
  if (!Number.isInteger(n) || n < 0 || n > 2 ** 31) {
    throw new ValueError(`n must be an integer from 0 to 2^31, but got ${n}`, { op: 'randperm', operands: { n } });
  }
  const out = new Int32Array(n);
  if (n < LONG_PERMUTATION) {
    for (let i = 0; i < n; i++) out[i] = i;
    if (launchPermute(out, generator)) return out;
    inBlocks(Math.max(n - 1, 0), 1, generator, (words, from, to) => {
      for (let i = from; i < to; i++) {
        const other = i + ((words[i - from] >>> 0) % ((n - i) >>> 0));
        const kept = out[i];
        out[i] = out[other];
        out[other] = kept;
      }
    });
    return out;
  }
  for (let i = 0; i < n; i++) {
    const hi = generator.random();
    const other = remainder64(hi, generator.random(), i + 1);
    out[i] = out[other];
    out[other] = i;
  }
  return out;
}

/** The cumulative weights of `weights[at … at + categories]`, scaled to end at 1, in the weights' own precision. */
function cumulate(weights: FloatArray, at: number, cumulative: FloatArray): void {
  const categories = cumulative.length;
  const round = weights instanceof Float32Array ? Math.fround : (x: number) => x;
  let sum = 0;
  for (let j = 0; j < categories; j++) {
    sum = round(sum + weights[at + j]);
    cumulative[j] = sum;
  }
  for (let j = 0; j < categories; j++) cumulative[j] /= sum;
  cumulative[categories - 1] = 1;
}

/** The first index whose cumulative weight is at least `u`. */
function slot(cumulative: FloatArray, u: number): number {
  let left = 0;
  let right = cumulative.length;
  while (left < right) {
    const middle = left + ((right - left) >>> 1);
    if (cumulative[middle] < u) left = middle + 1;
    else right = middle;
  }
  return left;
}

function drawWithReplacement(weights: FloatArray, categories: number, out: Int32Array, generator: Generator): void {
  const rows = weights.length / categories;
  const samples = out.length / rows;
  const cumulative = weights instanceof Float32Array ? new Float32Array(categories) : new Float64Array(categories);
  for (let row = 0; row < rows; row++) {
    cumulate(weights, row * categories, cumulative);
    for (let k = 0; k < samples; k++) {
      out[row * samples + k] = slot(cumulative, generator.random53() * 2 ** -53);
    }
  }
}

function drawWithoutReplacement(
  weights: FloatArray,
  categories: number,
  out: Int32Array,
  generator: Generator,
  byCategory: boolean,
): void {
  const rows = weights.length / categories;
  const samples = out.length / rows;
  const scores = weights instanceof Float32Array ? new Float32Array(weights.length) : new Float64Array(weights.length);
  fillExponential(scores, 1, generator);
  if (byCategory) {
    const drawn = scores.slice();
    for (let i = 0; i < scores.length; i++) scores[i] = drawn[(i % categories) * rows + Math.floor(i / categories)];
  }
  // A score of 0 / 0 would be NaN and sort anywhere; a weight of zero scores zero.
  for (let i = 0; i < scores.length; i++) scores[i] = weights[i] === 0 ? 0 : weights[i] / scores[i];
  for (let row = 0; row < rows; row++) {
    const at = row * categories;
    if (samples === 1) {
      let best = 0;
      for (let j = 1; j < categories; j++) if (scores[at + j] > scores[at + best]) best = j;
      out[row] = best;
    } else {
      const order = Array.from({ length: categories }, (_, j) => j);
      order.sort((a, b) => scores[at + b] - scores[at + a] || a - b);
      for (let k = 0; k < samples; k++) out[row * samples + k] = order[k];
    }
  }
}

function checkWeights(op: string, weights: FloatArray, categories: number): void {
  for (let at = 0; at < weights.length; at += categories) {
    let sum = 0;
    for (let j = at; j < at + categories; j++) {
      const weight = weights[j];
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new ValueError(`weights must be finite and at least 0, but got ${weight} at ${j}`, {
          op,
          operands: { weight, index: j },
        });
      }
      sum += weight;
    }
    if (sum === 0) {
      const row = at / categories;
      throw new ValueError(`every row of weights needs a positive sum, but row ${row} sums to 0`, {
        op,
        operands: { row },
      });
    }
  }
}

/**
 * Indices drawn with probability proportional to weights: `torch.multinomial`.
 *
 * `weights: [rows, categories]`, contiguous → `[rows, samples]`. With replacement: a uniform double, looked up in the
 * cumulative weights (`aten/src/ATen/native/cpu/MultinomialKernel.cpp`). Without: the `samples` greatest of `w / q` in
 * falling order, `q` exponential with rate 1 and in the weights' precision (`aten/src/ATen/native/Distributions.cpp`).
 * When a row has fewer positive weights than samples, the rest are zero-weight categories; which, PyTorch leaves open,
 * and here the lowest. `byCategory` draws `q` for all rows of a category before the next, as PyTorch does when the weights
 * lie transposed in memory.
 *
 * @throws ValueError when a weight is negative or not finite, a row sums to 0, `samples` is not a positive integer,
 *   exceeds the categories without replacement, or there are more than 2^24 categories
 * @example
 * multinomial(new Float32Array([0, 10, 3, 0]), 4, 2, false, new Generator(0)); // a permutation of 1 and 2
 */
export function multinomial(
  weights: FloatArray,
  categories: number,
  samples: number,
  replacement: boolean,
  generator: Generator = defaultGenerator,
  byCategory = false,
): Int32Array<ArrayBuffer> {
  const op = 'multinomial';
  const operands = { categories, samples };
  if (!Number.isInteger(samples) || samples <= 0) {
    throw new ValueError(`samples must be a positive integer, but got ${samples}`, { op, operands });
  }
  if (!Number.isInteger(categories) || categories <= 0 || weights.length % categories !== 0) {
    throw new ValueError(`${weights.length} weights do not make rows of ${categories} categories`, { op, operands });
  }
  if (categories > MAX_CATEGORIES) {
    throw new ValueError(`takes up to 2^24 categories, but got ${categories}`, { op, operands });
  }
  if (!replacement && samples > categories) {
    throw new ValueError(`cannot draw ${samples} of ${categories} categories without replacement`, { op, operands });
  }
  checkWeights(op, weights, categories);
  const out = new Int32Array((weights.length / categories) * samples);
  if (out.length === 0) return out;
  if (replacement) drawWithReplacement(weights, categories, out, generator);
  else drawWithoutReplacement(weights, categories, out, generator, byCategory);
  return out;
}
