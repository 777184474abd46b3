/** Dropout: `torch.nn.modules.dropout`. Active in training mode; in evaluation mode the input is returned as it is. */

import type { Tensor } from '@torsor/core';
import { named } from '@torsor/core';
import { flag } from '../arguments.ts';
import { alphaDropout, checkProbability, dropout, dropout1d, dropout2d, featureAlphaDropout } from '../functional.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

export interface DropoutLayerOptions {
  /** Probability of an element (or channel) to become 0; 0.5 by default. */
  readonly p?: number;
  /** Write the result into the input. Default false. */
  readonly inplace?: boolean;
}

abstract class DropoutNd extends Module {
  readonly p: number;
  readonly inplace: boolean;

  constructor(op: string, args: readonly unknown[]) {
    super();
    const [p = 0.5, inplace = false] = named<[number, boolean]>(op, ['p', 'inplace'], args);
    this.p = checkProbability(op, p);
    this.inplace = flag(op, 'inplace', inplace);
  }

  override extraRepr(): string {
    return `p=${python(this.p)}, inplace=${python(this.inplace)}`;
  }
}

/**
 * In training, sets each element to 0 with probability `p` and divides the rest by `1 - p`. A seed gives PyTorch's mask.
 *
 * @param p probability; 0.5 by default
 * @param inplace whether to write into the input; false by default
 *
 * Source: Hinton et al., "Improving neural networks by preventing co-adaptation of feature detectors", 2012.
 *
 * @example
 * const drop = new Dropout(0.2);
 * drop.eval()(x) === x; // true
 */
export class Dropout extends DropoutNd {
  static override readonly keepsNothing: boolean = true;
  constructor(p?: number | DropoutLayerOptions, inplace?: boolean | DropoutLayerOptions) {
    super('Dropout', [p, inplace]);
  }

  override forward(input: Tensor): Tensor {
    return dropout(input, this.p, this.training, this.inplace);
  }
}

/** In training, sets whole channels of `[N, C, L]` or `[C, L]` to 0 with probability `p` (0.5 by default). */
export class Dropout1d extends DropoutNd {
  static override readonly keepsNothing: boolean = true;
  constructor(p?: number | DropoutLayerOptions, inplace?: boolean | DropoutLayerOptions) {
    super('Dropout1d', [p, inplace]);
  }

  override forward(input: Tensor): Tensor {
    return dropout1d(input, this.p, this.training, this.inplace);
  }
}

/** In training, sets whole channels of `[N, C, H, W]` to 0 with probability `p` (0.5 by default). */
export class Dropout2d extends DropoutNd {
  static override readonly keepsNothing: boolean = true;
  constructor(p?: number | DropoutLayerOptions, inplace?: boolean | DropoutLayerOptions) {
    super('Dropout2d', [p, inplace]);
  }

  override forward(input: Tensor): Tensor {
    return dropout2d(input, this.p, this.training, this.inplace);
  }
}

/** Dropout for networks of `SELU`: keeps mean and variance. Source: Klambauer et al., 2017. */
export class AlphaDropout extends DropoutNd {
  static override readonly keepsNothing: boolean = true;

  constructor(p?: number | DropoutLayerOptions, inplace?: boolean | DropoutLayerOptions) {
    super('AlphaDropout', [p, inplace]);
  }

  /** As PyTorch's, it never writes into its input, whatever `inplace` says. */
  override forward(input: Tensor): Tensor {
    return alphaDropout(input, this.p, this.training);
  }
}

/** `AlphaDropout` of whole channels. */
export class FeatureAlphaDropout extends DropoutNd {
  static override readonly keepsNothing: boolean = true;

  constructor(p?: number | DropoutLayerOptions, inplace?: boolean | DropoutLayerOptions) {
    super('FeatureAlphaDropout', [p, inplace]);
  }

  /** As PyTorch's, it never writes into its input, whatever `inplace` says. */
  override forward(input: Tensor): Tensor {
    return featureAlphaDropout(input, this.p, this.training);
  }
}
