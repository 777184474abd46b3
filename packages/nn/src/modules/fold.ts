/** Blocks of images as columns, and back: `torch.nn.modules.fold`. */

import type { PerDimension, Tensor } from '@torsor/core';
import { named, tuple } from '@torsor/core';
import { required } from '../arguments.ts';
import type { FoldOptions, UnfoldOptions } from '../blocks.ts';
import { fold, unfold } from '../blocks.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

const WINDOW = ['kernelSize', 'dilation', 'padding', 'stride'] as const;

abstract class SlidingWindow extends Module {
  readonly kernelSize: PerDimension;
  readonly dilation: PerDimension;
  readonly padding: PerDimension;
  readonly stride: PerDimension;

  constructor(op: string, [kernelSize, dilation = 1, padding = 0, stride = 1]: readonly (PerDimension | undefined)[]) {
    super();
    this.kernelSize = required(op, 'kernelSize', kernelSize);
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
    // Checked here, kept as they were given: that is how they print.
    for (const name of WINDOW) tuple(op, name, this[name], 2, name === 'padding' ? 0 : 1);
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return (
      `kernel_size=${python(kernelSize)}, dilation=${python(dilation)}, padding=${python(padding)}, ` +
      `stride=${python(stride)}`
    );
  }
}

/**
 * The blocks under a sliding window, each a column: `[N, C, H, W]` or `[C, H, W]` → `[…, C kh kw, L]`. See `functional.unfold`.
 *
 * @param kernelSize size of the window
 * @param dilation distance between the entries of the window; 1 by default
 * @param padding zeros on both sides; 0 by default
 * @param stride step of the window; 1 by default
 *
 * @example
 * new Unfold(3, { padding: 1 })(randn(2, 3, 8, 8)).shape; // [2, 27, 64]
 */
export class Unfold extends SlidingWindow {
  static override readonly keepsNothing: boolean = true;

  constructor(
    kernelSize: PerDimension | UnfoldOptions,
    dilation?: PerDimension | UnfoldOptions,
    padding?: PerDimension | UnfoldOptions,
    stride?: PerDimension | UnfoldOptions,
  ) {
    super('Unfold', [...named<PerDimension[]>('Unfold', WINDOW, [kernelSize, dilation, padding, stride])]);
  }

  override forward(input: Tensor): Tensor {
    return unfold(input, this.kernelSize, this.dilation, this.padding, this.stride);
  }
}

/**
 * The sum of blocks, each at its place in an image: `[N, C kh kw, L]` or `[C kh kw, L]` → `[…, C, H, W]`. See `functional.fold`.
 *
 * @param outputSize height and width of the image
 * @param kernelSize size of the window
 * @param dilation distance between the entries of the window; 1 by default
 * @param padding how far the windows reach beyond the image; 0 by default
 * @param stride step of the window; 1 by default
 */
export class Fold extends SlidingWindow {
  static override readonly keepsNothing: boolean = true;
  readonly outputSize: PerDimension;

  constructor(
    outputSize: PerDimension | FoldOptions,
    kernelSize?: PerDimension | FoldOptions,
    dilation?: PerDimension | FoldOptions,
    padding?: PerDimension | FoldOptions,
    stride?: PerDimension | FoldOptions,
  ) {
    const [size, ...window] = named<PerDimension[]>(
      'Fold',
      ['outputSize', ...WINDOW],
      [outputSize, kernelSize, dilation, padding, stride],
    );
    super('Fold', window);
    this.outputSize = required('Fold', 'outputSize', size);
    tuple('Fold', 'outputSize', this.outputSize, 2, 1);
  }

  override forward(input: Tensor): Tensor {
    return fold(input, this.outputSize, this.kernelSize, this.dilation, this.padding, this.stride);
  }

  override extraRepr(): string {
    return `output_size=${python(this.outputSize)}, ${super.extraRepr()}`;
  }
}
