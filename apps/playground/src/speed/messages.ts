/** What the page and its worker say to each other. */

import type { Result } from '@torsor/benchmarks/results.ts';

export interface Task {
  readonly rounds: number;
  readonly budgetMs: number;
  /** 1 where there is no shared memory. */
  readonly threads: number;
}

/** The median of the turns, and the lowest and the highest. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One row, on one thread and on all. */
export interface Measured {
  readonly name: string;
  readonly one: Result;
  /** Missing on one thread. */
  readonly all?: Result;
}

export type Report =
  | { readonly kind: 'doing'; readonly what: string; readonly done: number; readonly total: number }
  | {
      readonly kind: 'machine';
      readonly features: readonly string[];
      /** GFLOP/s of multiply-adds on registers. */
      readonly peak: Spread;
      /** GB/s of copying 64 MB, read and written. */
      readonly copy: Spread;
    }
  | { readonly kind: 'row'; readonly row: Measured };

/** A row of a recorded run. */
export interface RecordedRow {
  readonly name: string;
  readonly ms: number;
  readonly gflops?: number;
  readonly gigabytes?: number;
  /** Of the ceiling of that machine. */
  readonly share?: number;
  /** With two threads, times as fast as with one. */
  readonly speedUp?: number;
}

/** A recorded run. */
export interface Recorded {
  readonly runtime: string;
  readonly cpu: string;
  readonly date: string;
  readonly commit: string;
  readonly load: number;
  readonly rows: readonly RecordedRow[];
}
