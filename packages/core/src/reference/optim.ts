/**
 * Reference loops of optimiser steps: one pass over a parameter, in double precision; each store rounds to the dtype that it is
 * stored in. What WebAssembly kernels of optimisers are tested against.
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
  const { lr, sign, weightDecay, momentum, fresh, nesterov } = factors;
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  if (buffer === null) {
    for (let i = 0; i < size; i++) {
      const value = p[pi + i];
      p[pi + i] = value - lr * (sign * g[gi + i] + weightDecay * value);
    }
    return;
  }
  const { array: b, offset: bi } = buffer;
  for (let i = 0; i < size; i++) {
    const value = p[pi + i];
    const d = sign * g[gi + i] + weightDecay * value;
    const sum = momentum * b[bi + i] + fresh * d;
    b[bi + i] = sum;
    p[pi + i] = value - lr * (nesterov ? d + momentum * sum : sum);
  }
}

/** What a step of Adam is made of, worked out from the options of the optimiser and the number of the step. */
export interface AdamFactors {
  /** lr / (1 - β₁ᵗ) */
  readonly stepSize: number;
  readonly beta1: number;
  readonly beta2: number;
  /** √(1 - β₂ᵗ) */
  readonly correction2: number;
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
 * largest so far; p -= stepSize m / (√v / correction2 + eps)
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
  const { stepSize, beta1, beta2, correction2, eps, sign, decay, penalty } = factors;
  const { array: p, offset: pi } = param;
  const { array: g, offset: gi } = grad;
  const { array: m, offset: mi } = mean;
  const { array: v, offset: vi } = square;
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
    p[pi + i] = value - (stepSize * first) / (Math.sqrt(second) / correction2 + eps);
  }
}
