/**
 * Reference loops of optimiser steps: one pass over a parameter, in its own precision, every operation rounded, as in PyTorch. What
 * WebAssembly kernels of optimisers are tested against.
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

/** Rounds to the precision of an array. V8 makes single precision arithmetic of `Math.fround(x * y)`. */
function rounding(array: Float32Array | Float64Array): (x: number) => number {
  return array instanceof Float32Array ? Math.fround : same;
}

const same = (x: number): number => x;

/** d = sign g + weightDecay p; with a buffer b = momentum b + fresh d and d = b, or d + momentum b; p -= lr d */
export function sgd(size: number, param: FloatRun, grad: FloatRun, buffer: FloatRun | null, factors: SgdFactors): void {
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  const round = rounding(p);
  const { sign, nesterov } = factors;
  const [lr, weightDecay] = [round(factors.lr), round(factors.weightDecay)];
  const [momentum, fresh] = [round(factors.momentum), round(factors.fresh)];
  if (buffer === null) {
    for (let i = 0; i < size; i++) {
      const value = p[pi + i];
      p[pi + i] = value - round(lr * round(sign * g[gi + i] + round(weightDecay * value)));
    }
    return;
  }
  const { array: b, offset: bi } = buffer;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i];
    const d = round(sign * g[gi + i] + round(weightDecay * value));
    const sum = round(round(momentum * b[bi + i]) + round(fresh * d));
    b[bi + i] = sum;
    p[pi + i] = value - round(lr * (nesterov ? round(d + round(momentum * sum)) : sum));
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
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  const { array: m, offset: mi } = mean;
  const { array: v, offset: vi } = square;
  const round = rounding(p);
  const { sign } = factors;
  const [beta1, rest1] = [round(factors.beta1), round(1 - factors.beta1)];
  const [beta2, rest2] = [round(factors.beta2), round(1 - factors.beta2)];
  const [stepSize, scale2, eps] = [round(factors.stepSize), round(factors.scale2), round(factors.eps)];
  const [decay, penalty] = [round(factors.decay), round(factors.penalty)];
  for (let i = 0; i < size; i++) {
    const value = round(p[pi + i] * decay);
    const d = round(sign * g[gi + i] + round(penalty * value));
    const first = round(round(beta1 * m[mi + i]) + round(rest1 * d));
    let second = round(round(beta2 * v[vi + i]) + round(round(rest2 * d) * d));
    m[mi + i] = first;
    v[vi + i] = second;
    if (largest !== null) {
      second = Math.max(largest.array[largest.offset + i], second);
      largest.array[largest.offset + i] = second;
    }
    const denominator = round(round(round(Math.sqrt(second)) * scale2) + eps);
    p[pi + i] = value - round(round(stepSize * first) / denominator);
  }
}
