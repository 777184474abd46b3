/** What the page and its worker say to each other. */

import type { TrainSettings } from './settings.ts';

/** What the worker is given when it is made: the one trains a network at a time, the other does the experiment. */
export type Task =
  | { readonly kind: 'train'; readonly digits: string }
  | { readonly kind: 'experiment'; readonly digits: string; readonly seed: number };

export type Request =
  /** Begins anew. */
  | { readonly kind: 'start'; readonly settings: TrainSettings }
  /** Goes on after a rest. */
  | { readonly kind: 'resume' }
  | { readonly kind: 'step' }
  /** Tells what has not been told yet: of a training that pauses. */
  | { readonly kind: 'tell' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'threads'; readonly on: boolean }
  /** Measures steps a second with one thread and with all. */
  | { readonly kind: 'race' }
  /** 64 levels of [0, 1], row after row. */
  | { readonly kind: 'look'; readonly pixels: readonly number[] }
  | { readonly kind: 'save' }
  | { readonly kind: 'load'; readonly name: string; readonly bytes: Uint8Array };

/** Small pictures of one size, one after the other. */
export interface Tiles {
  readonly height: number;
  readonly width: number;
  readonly count: number;
  readonly values: Float32Array;
  /** How many stand in a row, where that means something: the kernels of one input, one for each output. */
  readonly columns?: number;
}

export interface Digit {
  readonly pixels: readonly number[];
  readonly label: number;
  readonly guess: number;
}

/** What the network makes of one picture. */
export interface Seen {
  readonly probabilities: readonly number[];
  /** What its layers answer, but for the last; a fully connected one answers with a number each. */
  readonly maps: readonly Tiles[];
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

/** Steps a second: the median of the turns, and the slowest and the fastest. */
export interface Speed {
  readonly threads: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export type Report =
  | {
      readonly kind: 'ready';
      readonly weights: number;
      /** How many digits there are. */
      readonly training: number;
      readonly heldOut: number;
      readonly samples: readonly Digit[];
    }
  | {
      readonly kind: 'progress';
      readonly step: number;
      readonly losses: readonly number[];
      /** The weights of the layers that are shown. */
      readonly kernels: readonly Tiles[];
    }
  | { readonly kind: 'evaluated'; readonly evaluation: Evaluation }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'rest' }
  | { readonly kind: 'threads'; readonly threads: number; readonly trouble?: string }
  /** What the steps of the last while would come to in a second, with no pause between them. */
  | { readonly kind: 'pace'; readonly perSecond: number; readonly threads: number }
  | { readonly kind: 'raced'; readonly speeds: readonly Speed[] }
  | { readonly kind: 'saved'; readonly bytes: Uint8Array }
  | { readonly kind: 'loaded'; readonly note: string }
  | { readonly kind: 'refused'; readonly why: string };

/** One network of the experiment. */
export interface Contestant {
  readonly architecture: 'small' | 'connected';
  readonly permuted: boolean;
  readonly weights: number;
  /** The share of held-out digits that are read, after each epoch; the first is before any. */
  readonly accuracies: readonly number[];
  readonly kernels: Tiles;
}

export interface ExperimentReport {
  readonly epoch: number;
  readonly epochs: number;
  readonly contestants: readonly Contestant[];
}
