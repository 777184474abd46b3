/** Changes of shape: `torch.nn.modules.flatten`. */

import type { Shape, Tensor } from '@torsor/core';
import { named, show, ValueError } from '@torsor/core';
import { integer, required } from '../arguments.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

export interface FlattenOptions {
  /** First dimension to merge; 1 by default. */
  readonly startDim?: number;
  /** Last dimension to merge; -1 by default. */
  readonly endDim?: number;
}

/** @throws ValueError when the dimension is no integer; negative ones count from the end */
function dimension(op: string, name: string, value: unknown): number {
  return integer(op, name, value, Number.MIN_SAFE_INTEGER);
}

/** @throws ValueError when the value is no list */
function sizesOf(op: string, value: unknown): Shape {
  if (Array.isArray(value)) return value as Shape;
  throw new ValueError(`unflattenedSize must be a list of integers, but got ${show(value)}`, {
    op,
    operands: { unflattenedSize: value },
  });
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
    this.startDim = dimension('Flatten', 'startDim', start);
    this.endDim = dimension('Flatten', 'endDim', end);
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
    this.dim = dimension('Unflatten', 'dim', required('Unflatten', 'dim', d));
    this.unflattenedSize = sizesOf('Unflatten', required('Unflatten', 'unflattenedSize', size));
  }

  override forward(input: Tensor): Tensor {
    return input.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${python(this.unflattenedSize)}`;
  }
}
