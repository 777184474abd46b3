/** Padding layers: `torch.nn.modules.padding`. */

import type { PadMode, Tensor } from '@torsor/core';
import { named, pad, tuple } from '@torsor/core';
import { numeric, required } from '../arguments.ts';
import { Module } from '../module.ts';
import { python } from '../python.ts';

/** One number for all sides; or before and after the last dimension, then before and after the last but one, and so on. */
export type Padding = number | readonly number[];

export interface PaddingOptions {
  readonly padding?: Padding;
}

export interface ConstantPaddingOptions extends PaddingOptions {
  readonly value?: number;
}

abstract class PadNd extends Module {
  /** Before and after the last dimension, then before and after the last but one, and so on. */
  readonly padding: readonly number[];
  private readonly mode: PadMode;

  constructor(op: string, spatial: number, mode: PadMode, padding: Padding | undefined) {
    super();
    this.padding = tuple(op, 'padding', required(op, 'padding', padding), 2 * spatial, Number.NEGATIVE_INFINITY);
    this.mode = mode;
  }

  override forward(input: Tensor): Tensor {
    return pad(input, this.padding, this.mode);
  }

  override extraRepr(): string {
    return python(this.padding);
  }
}

function onlyPadding(op: string, padding: Padding | PaddingOptions): Padding | undefined {
  const [value] = named<[Padding]>(op, ['padding'], [padding]);
  return value;
}

abstract class ConstantPadNd extends PadNd {
  readonly value: number;

  constructor(op: string, spatial: number, args: readonly unknown[]) {
    const [padding, value] = named<[Padding, number]>(op, ['padding', 'value'], args);
    super(op, spatial, 'constant', padding);
    this.value = numeric(op, 'value', required(op, 'value', value));
  }

  override forward(input: Tensor): Tensor {
    return pad(input, this.padding, 'constant', this.value);
  }

  override extraRepr(): string {
    return `padding=${python(this.padding)}, value=${python(this.value)}`;
  }
}

/** Pads a signal with a constant: input `[…, L]` → `[…, L + padding[0] + padding[1]]`; negative entries crop. */
export class ConstantPad1d extends ConstantPadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | ConstantPaddingOptions, value?: number | ConstantPaddingOptions) {
    super('ConstantPad1d', 1, [padding, value]);
  }
}

/**
 * Pads an image with a constant: input `[…, H, W]` → `[…, H + top + bottom, W + left + right]`, padding `[left, right, top,
 * bottom]` or one number; negative entries crop.
 */
export class ConstantPad2d extends ConstantPadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | ConstantPaddingOptions, value?: number | ConstantPaddingOptions) {
    super('ConstantPad2d', 2, [padding, value]);
  }
}

/**
 * Pads a volume with a constant: input `[…, D, H, W]`, padding `[left, right, top, bottom, front, back]` or one number; negative
 * entries crop.
 */
export class ConstantPad3d extends ConstantPadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | ConstantPaddingOptions, value?: number | ConstantPaddingOptions) {
    super('ConstantPad3d', 3, [padding, value]);
  }
}

/** Pads a signal with zeros; padding `[left, right]` or one number. */
export class ZeroPad1d extends PadNd {
  static override readonly keepsNothing: boolean = true;
  constructor(padding: Padding | PaddingOptions) {
    super('ZeroPad1d', 1, 'constant', onlyPadding('ZeroPad1d', padding));
  }
}

/** Pads an image with zeros; padding `[left, right, top, bottom]` or one number. */
export class ZeroPad2d extends PadNd {
  static override readonly keepsNothing: boolean = true;
  constructor(padding: Padding | PaddingOptions) {
    super('ZeroPad2d', 2, 'constant', onlyPadding('ZeroPad2d', padding));
  }
}

/** Pads a volume with zeros; padding `[left, right, top, bottom, front, back]` or one number. */
export class ZeroPad3d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('ZeroPad3d', 3, 'constant', onlyPadding('ZeroPad3d', padding));
  }
}

/** Mirrors a signal at its ends, which are not repeated; padding `[left, right]` or one number, below the length. */
export class ReflectionPad1d extends PadNd {
  static override readonly keepsNothing: boolean = true;
  constructor(padding: Padding | PaddingOptions) {
    super('ReflectionPad1d', 1, 'reflect', onlyPadding('ReflectionPad1d', padding));
  }
}

/** Mirrors an image at its borders, which are not repeated; padding `[left, right, top, bottom]` or one number. */
export class ReflectionPad2d extends PadNd {
  static override readonly keepsNothing: boolean = true;
  constructor(padding: Padding | PaddingOptions) {
    super('ReflectionPad2d', 2, 'reflect', onlyPadding('ReflectionPad2d', padding));
  }
}

/** Mirrors a volume at its faces, which are not repeated; padding `[left, right, top, bottom, front, back]` or one number. */
export class ReflectionPad3d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('ReflectionPad3d', 3, 'reflect', onlyPadding('ReflectionPad3d', padding));
  }
}

/** Repeats the ends of a signal; padding `[left, right]` or one number. */
export class ReplicationPad1d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('ReplicationPad1d', 1, 'replicate', onlyPadding('ReplicationPad1d', padding));
  }
}

/** Repeats the borders of an image; padding `[left, right, top, bottom]` or one number. */
export class ReplicationPad2d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('ReplicationPad2d', 2, 'replicate', onlyPadding('ReplicationPad2d', padding));
  }
}

/** Repeats the faces of a volume; padding `[left, right, top, bottom, front, back]` or one number. */
export class ReplicationPad3d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('ReplicationPad3d', 3, 'replicate', onlyPadding('ReplicationPad3d', padding));
  }
}

/** Wraps a signal around; padding `[left, right]` or one number, at most the length. */
export class CircularPad1d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('CircularPad1d', 1, 'circular', onlyPadding('CircularPad1d', padding));
  }
}

/** Wraps an image around; padding `[left, right, top, bottom]` or one number. */
export class CircularPad2d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('CircularPad2d', 2, 'circular', onlyPadding('CircularPad2d', padding));
  }
}

/** Wraps a volume around; padding `[left, right, top, bottom, front, back]` or one number. */
export class CircularPad3d extends PadNd {
  static override readonly keepsNothing: boolean = true;

  constructor(padding: Padding | PaddingOptions) {
    super('CircularPad3d', 3, 'circular', onlyPadding('CircularPad3d', padding));
  }
}
