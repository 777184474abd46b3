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

/** What a step of Adam is made of, worked out from the options of the optimiser and the number of the step. */
export interface AdamFactors {
  /** lr / (1 - β₁ᵗ) */
  readonly stepSize: number;
  readonly beta1: number;
  readonly beta2: number;
  /** 1 / √(1 - β₂ᵗ) */
  readonly scale2: number;
  readonly eps: number;
  /** -1 to ascend, else 1. */
  readonly sign: number;
  /** What the parameter is multiplied by first: 1 - lr weightDecay where decay is decoupled, else 1. */
  readonly decay: number;
  /** Weight decay through the gradient; 0 where it is decoupled. */
  readonly penalty: number;
}

/**
 * p = decay p, d = sign g + penalty p; m = β₁ m + (1 - β₁) d, v = β₂ v + (1 - β₂) d²; with `largest`, v from here on is the
 * largest so far; p -= stepSize m / (scale2 √v + eps)
 */
export function adam(
  size: number,
  param: FloatRun,
  grad: FloatRun,
  mean: FloatRun,
  square: FloatRun,
  largest: FloatRun | null,
  factors: AdamFactors,
): void {
  const loop = param.array instanceof Float32Array ? adamSingle : adamDouble;
  loop(size, param, grad, mean, square, largest, factors);
}

function adamSingle(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { array: m, offset: mi }: FloatRun,
  { array: v, offset: vi }: FloatRun,
  largest: FloatRun | null,
  factors: AdamFactors,
): void {
  const round = Math.fround;
  const { sign } = factors;
  const [beta1, rest1] = [round(factors.beta1), round(1 - factors.beta1)];
  const [beta2, rest2] = [round(factors.beta2), round(1 - factors.beta2)];
  const [stepSize, scale2, eps] = [round(factors.stepSize), round(factors.scale2), round(factors.eps)];
  const [decay, penalty] = [round(factors.decay), round(factors.penalty)];
  for (let i = 0; i < size; i++) {
    const value = Math.fround(p[pi + i] * decay);
    const d = Math.fround(sign * g[gi + i] + Math.fround(penalty * value));
    const first = Math.fround(Math.fround(beta1 * m[mi + i]) + Math.fround(rest1 * d));
    let second = Math.fround(Math.fround(beta2 * v[vi + i]) + Math.fround(Math.fround(rest2 * d) * d));
    m[mi + i] = first;
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    const denominator = Math.fround(Math.fround(Math.fround(Math.sqrt(second)) * scale2) + eps);
    p[pi + i] = value - Math.fround(Math.fround(stepSize * first) / denominator);
  }
}

function adamDouble(
  size: number,
  { array: p, offset: pi }: FloatRun,
  { array: g, offset: gi }: FloatRun,
  { array: m, offset: mi }: FloatRun,
  { array: v, offset: vi }: FloatRun,
  largest: FloatRun | null,
  factors: AdamFactors,
): void {
  const { stepSize, beta1, beta2, scale2, eps, sign, decay, penalty } = factors;
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i] * decay;
    const d = sign * g[gi + i] + penalty * value;
    const first = beta1 * m[mi + i] + rest1 * d;
    let second = beta2 * v[vi + i] + rest2 * d * d;
    m[mi + i] = first;
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    p[pi + i] = value - (stepSize * first) / (Math.sqrt(second) * scale2 + eps);
  }
}
