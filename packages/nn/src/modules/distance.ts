/** Distances as modules: `torch.nn.modules.distance`. */

import type { Tensor } from '@torsor/core';
import { named } from '@torsor/core';
import { flag, integer, numeric } from '../arguments.ts';
import type { CosineSimilarityOptions, PairwiseDistanceOptions } from '../functional.ts';
import { cosineSimilarity, pairwiseDistance } from '../functional.ts';
import { Module } from '../module.ts';

type Pair = [x1: Tensor, x2: Tensor];

/** `x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps))` along `dim`; the operands broadcast. Defaults: dim 1, eps 1e-8. */
export class CosineSimilarity extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;
  readonly dim: number;
  readonly eps: number;

  constructor(dim?: number | CosineSimilarityOptions, eps?: number | CosineSimilarityOptions) {
    super();
    const op = 'CosineSimilarity';
    const [d = 1, e = 1e-8] = named<[number, number]>(op, ['dim', 'eps'], [dim, eps]);
    this.dim = integer(op, 'dim', d, Number.MIN_SAFE_INTEGER);
    this.eps = numeric(op, 'eps', e);
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this.dim, this.eps);
  }
}

/** `‖x1 - x2 + eps‖` along the last dimension, the norm of order p. Defaults: p 2, eps 1e-6, keepdim false. */
export class PairwiseDistance extends Module<Pair> {
  static override readonly keepsNothing: boolean = true;
  readonly norm: number;
  readonly eps: number;
  readonly keepdim: boolean;

  constructor(
    p?: number | PairwiseDistanceOptions,
    eps?: number | PairwiseDistanceOptions,
    keepdim?: boolean | PairwiseDistanceOptions,
  ) {
    super();
    const op = 'PairwiseDistance';
    const [order = 2, e = 1e-6, keep = false] = named<[number, number, boolean]>(
      op,
      ['p', 'eps', 'keepdim'],
      [p, eps, keepdim],
    );
    this.norm = numeric(op, 'p', order);
    this.eps = numeric(op, 'eps', e);
    this.keepdim = flag(op, 'keepdim', keep);
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.norm, this.eps, this.keepdim);
  }
}
