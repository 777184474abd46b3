/** Elements in another order: `torch.nn.modules.pixelshuffle` and `channelshuffle`. */

import type { Tensor } from '@torsor/core';
import { named } from '@torsor/core';
import { integer, required } from '../arguments.ts';
import { Module } from '../module.ts';
import { channelShuffle, pixelShuffle, pixelUnshuffle } from '../shuffle.ts';

export interface PixelShuffleOptions {
  readonly upscaleFactor?: number;
}

export interface PixelUnshuffleOptions {
  readonly downscaleFactor?: number;
}

export interface ChannelShuffleOptions {
  readonly groups?: number;
}

/** The only argument of a module. */
function only(op: string, name: string, value: unknown): number {
  const [given] = named<[number]>(op, [name], [value]);
  return integer(op, name, required(op, name, given), 1);
}

/**
 * Channels become pixels: `[…, C r², H, W]` → `[…, C, H r, W r]`.
 *
 * @example
 * new PixelShuffle(3)(randn(1, 9, 4, 4)).shape; // [1, 1, 12, 12]
 */
export class PixelShuffle extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly upscaleFactor: number;

  constructor(upscaleFactor: number | PixelShuffleOptions) {
    super();
    this.upscaleFactor = only('PixelShuffle', 'upscaleFactor', upscaleFactor);
  }

  override forward(input: Tensor): Tensor {
    return pixelShuffle(input, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/** The inverse of `PixelShuffle`: `[…, C, H r, W r]` → `[…, C r², H, W]`. */
export class PixelUnshuffle extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly downscaleFactor: number;

  constructor(downscaleFactor: number | PixelUnshuffleOptions) {
    super();
    this.downscaleFactor = only('PixelUnshuffle', 'downscaleFactor', downscaleFactor);
  }

  override forward(input: Tensor): Tensor {
    return pixelUnshuffle(input, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/** Takes channels of all groups in turn: `[N, C, …]` of the same shape. */
export class ChannelShuffle extends Module {
  static override readonly keepsNothing: boolean = true;
  readonly groups: number;

  constructor(groups: number | ChannelShuffleOptions) {
    super();
    this.groups = only('ChannelShuffle', 'groups', groups);
  }

  override forward(input: Tensor): Tensor {
    return channelShuffle(input, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}
