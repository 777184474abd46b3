/** `RMSNorm`, of PyTorch 2. */

import type { DType, Shape, Tensor } from '@torsor/core';
import { named, ones } from '@torsor/core';
import { flag, numeric, required } from '../arguments.ts';
import { ones_ } from '../init.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import { python, pythonFloat } from '../python.ts';
import { rmsNorm } from '../rmsNorm.ts';

export interface RMSNormLayerOptions {
  /** Sizes of the last dimensions; a number stands for one. */
  readonly normalizedShape?: number | Shape;
  /** Added to the mean of the squares; null (default) for the machine epsilon. */
  readonly eps?: number | null;
  /** Whether to learn a factor for each element; true by default. */
  readonly elementwiseAffine?: boolean;
  /** Element type; float32 by default. */
  readonly dtype?: DType | null;
}

/**
 * Divides by the root of the mean of the squares over the last dimensions: `y = x / √(mean(x²) + eps) * weight`.
 *
 * input `[…, ...normalizedShape]` → the same shape.
 *
 * @param normalizedShape sizes of the last dimensions
 * @param eps added to the mean; by default, or null, the machine epsilon: 2^-52 for float64, else 2^-23
 * @param elementwiseAffine whether to learn `weight` of that shape, at first 1; true by default
 *
 * Source: Zhang, Sennrich, "Root Mean Square Layer Normalization", 2019.
 *
 * @example
 * new RMSNorm([2, 3])(randn(2, 2, 3)).square().mean([1, 2]); // about 1
 */
export class RMSNorm extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly normalizedShape: Shape;
  readonly eps: number | null;
  readonly elementwiseAffine: boolean;
  weight: Parameter | null;

  constructor(
    normalizedShape: number | Shape | RMSNormLayerOptions,
    eps?: number | null | RMSNormLayerOptions,
    elementwiseAffine?: boolean | RMSNormLayerOptions,
    options?: RMSNormLayerOptions,
  ) {
    super();
    const op = 'RMSNorm';
    const [shape, e = null, affine = true, dtype] = named<[number | Shape, number | null, boolean, DType | null]>(
      op,
      ['normalizedShape', 'eps', 'elementwiseAffine', 'dtype'],
      [normalizedShape, eps, elementwiseAffine, options],
    );
    const sizes = required(op, 'normalizedShape', shape);
    this.normalizedShape = typeof sizes === 'number' ? [sizes] : sizes;
    this.eps = e === null ? null : numeric(op, 'eps', e);
    this.elementwiseAffine = flag(op, 'elementwiseAffine', affine);
    this.weight = affine ? new Parameter(ones(this.normalizedShape, { dtype: dtype ?? 'float32' })) : null;
  }

  /** Sets the factors to 1. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight);
  }

  override forward(input: Tensor): Tensor {
    return rmsNorm(input, this.normalizedShape, this.weight, this.eps);
  }

  override extraRepr(): string {
    const eps = this.eps === null ? 'None' : pythonFloat(this.eps);
    return `${python(this.normalizedShape)}, eps=${eps}, elementwise_affine=${python(this.elementwiseAffine)}`;
  }
}
