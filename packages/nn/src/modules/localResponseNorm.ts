/** `LocalResponseNorm` of `torch.nn.modules.normalization`. */

import type { Tensor } from '@torsor/core';
import { named } from '@torsor/core';
import { integer, numeric, required } from '../arguments.ts';
import type { LocalResponseNormOptions } from '../localResponse.ts';
import { localResponseNorm } from '../localResponse.ts';
import { Module } from '../module.ts';
import { pythonFloat } from '../python.ts';

/**
 * Each element divided by a power of the squares in the channels around it: input `[N, C, …]` of the same shape,
 * `x / (k + alpha / size Σ x[c']²)^beta` over the `size` channels c' from `c - ⌊size / 2⌋` on.
 *
 * @param size number of channels that are summed
 * @param alpha 1e-4 by default
 * @param beta 0.75 by default
 * @param k 1 by default
 */
export class LocalResponseNorm extends Module {
  static override readonly keepsNothing: boolean = true;

  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;

  constructor(
    size: number | LocalResponseNormOptions,
    alpha?: number | LocalResponseNormOptions,
    beta?: number | LocalResponseNormOptions,
    k?: number | LocalResponseNormOptions,
  ) {
    super();
    const op = 'LocalResponseNorm';
    const [s, a = 1e-4, b = 0.75, least = 1] = named<[number, number, number, number]>(
      op,
      ['size', 'alpha', 'beta', 'k'],
      [size, alpha, beta, k],
    );
    this.size = integer(op, 'size', required(op, 'size', s), 1);
    this.alpha = numeric(op, 'alpha', a);
    this.beta = numeric(op, 'beta', b);
    this.k = numeric(op, 'k', least);
  }

  override forward(input: Tensor): Tensor {
    return localResponseNorm(input, this.size, this.alpha, this.beta, this.k);
  }

  override extraRepr(): string {
    const { size, alpha, beta, k } = this;
    return `${size}, alpha=${pythonFloat(alpha)}, beta=${pythonFloat(beta)}, k=${pythonFloat(k)}`;
  }
}
