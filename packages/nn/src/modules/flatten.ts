/** Changes of shape: `torch.nn.modules.flatten`. */

import type { Shape, Tensor } from '@torsor/core';
import { named } from '@torsor/core';
import { required } from '../arguments.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

export interface FlattenOptions {
  /** First dimension to merge; 1 by default. */
  readonly startDim?: number;
  /** Last dimension to merge; -1 by default. */
  readonly endDim?: number;
}

/**
 * Merges dimensions `startDim` to `endDim` (1 to -1 by default, so that the batch stays) into one.
 *
 * @example
 * new Flatten()(randn(32, 1, 5, 5)).shape; // [32, 25]
 */
export class Flatten extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly startDim: number;
  readonly endDim: number;

  constructor(startDim?: number | FlattenOptions, endDim?: number | FlattenOptions) {
    super();
    const [start = 1, end = -1] = named<[number, number]>('Flatten', ['startDim', 'endDim'], [startDim, endDim]);
    this.startDim = start;
    this.endDim = end;
  }

  override forward(input: Tensor): Tensor {
    return input.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

export interface UnflattenOptions {
  readonly dim?: number;
  readonly unflattenedSize?: Shape;
}

/**
 * Splits dimension `dim` into the sizes given, one of which may be -1.
 *
 * @example
 * new Unflatten(1, [2, 5, 5])(randn(2, 50)).shape; // [2, 2, 5, 5]
 */
export class Unflatten extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly dim: number;
  readonly unflattenedSize: Shape;

  constructor(dim: number | UnflattenOptions, unflattenedSize?: Shape | UnflattenOptions) {
    super();
    const [d, size] = named<[number, Shape]>('Unflatten', ['dim', 'unflattenedSize'], [dim, unflattenedSize]);
    this.dim = required('Unflatten', 'dim', d);
    this.unflattenedSize = required('Unflatten', 'unflattenedSize', size);
  }

  override forward(input: Tensor): Tensor {
    return input.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${python(this.unflattenedSize)}`;
  }
}
