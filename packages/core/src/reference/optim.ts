/**
 * Reference loops of optimiser steps: one pass over a parameter, in its own precision, every operation rounded, as in PyTorch. What
 * WebAssembly kernels of optimisers are tested against. Loops come twice, since V8 makes single precision arithmetic of
 * `Math.fround(x * y)` alone, and of no function that stands for it.
 */

/** Elements in row-major order from `offset` on. Float32Array and Float64Array are read alike; the type names the wider one. */
export interface FloatRun {
  readonly array: Float64Array;
  readonly offset: number;
}

/** What a step of stochastic gradient descent is made of, worked out from the options of the optimiser. */
export interface SgdFactors {
  readonly lr: number;
  /** -1 to ascend, else 1. */
  readonly sign: number;
  readonly weightDecay: number;
  readonly momentum: number;
  /** How much of the gradient enters the momentum: 1 - dampening. */
  readonly fresh: number;
  readonly nesterov: boolean;
}

/** d = sign g + weightDecay p; with a buffer b = momentum b + fresh d and d = b, or d + momentum b; p -= lr d */
export function sgd(size: number, param: FloatRun, grad: FloatRun, buffer: FloatRun | null, factors: SgdFactors): void {
  if (param.array instanceof Float32Array) sgdSingle(size, param, grad, buffer ?? param, buffer !== null, factors);
  else sgdDouble(size, param, grad, buffer ?? param, buffer !== null, factors);
}

function sgdSingle(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { array: b, offset: bi }: FloatRun,
  hasBuffer: boolean,
  factors: SgdFactors,
): void {
  const { sign, nesterov } = factors;
  const round = Math.fround;
  const [lr, weightDecay] = [round(factors.lr), round(factors.weightDecay)];
  const [momentum, fresh] = [round(factors.momentum), round(factors.fresh)];
  for (let i = 0; i < size; i++) {
    const value = p[pi + i];
    let d = Math.fround(sign * g[gi + i] + Math.fround(weightDecay * value));
    if (hasBuffer) {
      const sum = Math.fround(Math.fround(momentum * b[bi + i]) + Math.fround(fresh * d));
      b[bi + i] = sum;
      d = nesterov ? Math.fround(d + Math.fround(momentum * sum)) : sum;
    }
    p[pi + i] = value - Math.fround(lr * d);
  }
}

function sgdDouble(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { array: b, offset: bi }: FloatRun,
  hasBuffer: boolean,
  factors: SgdFactors,
): void {
  const { sign, nesterov, lr, weightDecay, momentum, fresh } = factors;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i];
    let d = sign * g[gi + i] + weightDecay * value;
    if (hasBuffer) {
      const sum = momentum * b[bi + i] + fresh * d;
      b[bi + i] = sum;
      d = nesterov ? d + momentum * sum : sum;
    }
    p[pi + i] = value - lr * d;
  }
}

/** What a step of Adam and its kin is made of, worked out from the options of the optimiser and the number of the step. */
export interface AdaptiveFactors {
  /** Of the mean of gradients, or, where the mean does not enter the step, of the gradient; in Adam lr / (1 - β₁ᵗ). */
  readonly stepSize: number;
  readonly beta1: number;
  readonly beta2: number;
  /** How much of the squared gradient enters its mean; 1 - β₂, or 1 for a sum. */
  readonly fresh2: number;
  /** Of the root of the mean of squares; in Adam 1 / √(1 - β₂ᵗ). */
  readonly scale2: number;
  readonly eps: number;
  /** -1 to ascend, else 1. */
  readonly sign: number;
  /** What the parameter is multiplied by first: 1 - lr weightDecay where decay is decoupled, else 1. */
  readonly decay: number;
  /** Weight decay through the gradient; 0 where it is decoupled. */
  readonly penalty: number;
  /** Of the gradient beside the mean, as Nesterov has it. */
  readonly gradSize: number;
  /** Of the buffer. */
  readonly momentum: number;
}

/** What the running mean of gradients is for: the step, the step beside the gradient itself, or the variance. */
export type MeanUse = 'step' | 'nesterov' | 'center';

/** The state of a parameter, as far as a method has it. */
export interface AdaptiveRuns<Run> {
  /** Of gradients. */
  readonly mean: Run | null;
  /** Of their squares. */
  readonly square: Run;
  /** The largest of the latter so far. */
  readonly largest: Run | null;
  /** Of steps, in which they gain momentum. */
  readonly buffer: Run | null;
}

/**
 * p = decay p, d = sign g + penalty p; m = β₁ m + (1 - β₁) d, v = β₂ v + fresh2 d²; with `largest`, v from here on is the
 * largest so far; to center, v - m² stands for v; u = stepSize m, for Nesterov + gradSize d, without m or to center stepSize d;
 * p -= u / (scale2 √v + eps), or with a buffer b = momentum b + d / (scale2 √v + eps), p -= stepSize b
 */
export function adaptive(
  size: number,
  param: FloatRun,
  grad: FloatRun,
  runs: AdaptiveRuns<FloatRun>,
  use: MeanUse,
  factors: AdaptiveFactors,
): void {
  const loop = param.array instanceof Float32Array ? adaptiveSingle : adaptiveDouble;
  loop(size, param, grad, runs, use, factors);
}

function adaptiveSingle(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { mean, square: { array: v, offset: vi }, largest, buffer }: AdaptiveRuns<FloatRun>,
  use: MeanUse,
  factors: AdaptiveFactors,
): void {
  const round = Math.fround;
  const { sign } = factors;
  const [gradSize, momentum] = [round(factors.gradSize), round(factors.momentum)];
  const [beta1, rest1] = [round(factors.beta1), round(1 - factors.beta1)];
  const [beta2, fresh2] = [round(factors.beta2), round(factors.fresh2)];
  const [stepSize, scale2, eps] = [round(factors.stepSize), round(factors.scale2), round(factors.eps)];
  const [decay, penalty] = [round(factors.decay), round(factors.penalty)];
  for (let i = 0; i < size; i++) {
    const value = Math.fround(p[pi + i] * decay);
    const d = Math.fround(sign * g[gi + i] + Math.fround(penalty * value));
    let second = Math.fround(Math.fround(beta2 * v[vi + i]) + Math.fround(Math.fround(fresh2 * d) * d));
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    let first = d;
    if (mean !== null) {
      const m = Math.fround(Math.fround(beta1 * mean.array[mean.offset + i]) + Math.fround(rest1 * d));
      mean.array[mean.offset + i] = m;
      if (use === 'center') second = Math.fround(second - Math.fround(m * m));
      else first = m;
    }
    const denominator = Math.fround(Math.fround(Math.fround(Math.sqrt(second)) * scale2) + eps);
    if (buffer !== null) {
      const b = Math.fround(Math.fround(momentum * buffer.array[buffer.offset + i]) + Math.fround(d / denominator));
      buffer.array[buffer.offset + i] = b;
      p[pi + i] = value - Math.fround(stepSize * b);
      continue;
    }
    let step = Math.fround(stepSize * first);
    if (use === 'nesterov') step = Math.fround(step + Math.fround(gradSize * d));
    p[pi + i] = value - Math.fround(step / denominator);
  }
}

function adaptiveDouble(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { mean, square: { array: v, offset: vi }, largest, buffer }: AdaptiveRuns<FloatRun>,
  use: MeanUse,
  factors: AdaptiveFactors,
): void {
  const { stepSize, beta1, beta2, fresh2, scale2, eps, sign, decay, penalty, gradSize, momentum } = factors;
  const rest1 = 1 - beta1;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i] * decay;
    const d = sign * g[gi + i] + penalty * value;
    let second = beta2 * v[vi + i] + fresh2 * d * d;
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    let first = d;
    if (mean !== null) {
      const m = beta1 * mean.array[mean.offset + i] + rest1 * d;
      mean.array[mean.offset + i] = m;
      if (use === 'center') second -= m * m;
      else first = m;
    }
    const denominator = Math.sqrt(second) * scale2 + eps;
    if (buffer !== null) {
      const b = momentum * buffer.array[buffer.offset + i] + d / denominator;
      buffer.array[buffer.offset + i] = b;
      p[pi + i] = value - stepSize * b;
      continue;
    }
    let step = stepSize * first;
    if (use === 'nesterov') step += gradSize * d;
    p[pi + i] = value - step / denominator;
  }
}
