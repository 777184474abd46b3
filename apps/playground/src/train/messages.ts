/** What the page and its worker say to each other. */

import type { TrainSettings } from './settings.ts';

export type Request =
  | { readonly kind: 'start'; readonly settings: TrainSettings; readonly digits: string; readonly delayMs: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'step' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** 64 levels of [0, 1], row after row. */
  | { readonly kind: 'look'; readonly pixels: readonly number[] };

/** Small square pictures of one size. */
export interface Tiles {
  readonly size: number;
  readonly data: readonly Float32Array[];
}

export interface Digit {
  readonly pixels: readonly number[];
  readonly label: number;
  readonly guess: number;
}

/** What the network makes of one picture. */
export interface Seen {
  readonly probabilities: readonly number[];
  /** What its first layer answers; a fully connected one answers with a number each. */
  readonly maps: Tiles;
}

export interface Evaluation {
  readonly step: number;
  readonly epoch: number;
  readonly train: number;
  readonly heldOut: number;
  /** `confusion[10 label + guess]` */
  readonly confusion: readonly number[];
  readonly wrong: readonly Digit[];
}

export type Report =
  | { readonly kind: 'ready'; readonly weights: number; readonly training: number; readonly heldOut: number }
  | { readonly kind: 'progress'; readonly step: number; readonly losses: readonly number[]; readonly kernels: Tiles }
  | { readonly kind: 'evaluated'; readonly evaluation: Evaluation }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'rest' }
  | { readonly kind: 'failed'; readonly message: string };
