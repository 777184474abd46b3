/** The reader's own sounds, kept while other pages and links are visited; they go into no address. */

import type { LongSignal, Sound } from './signals.ts';

export interface Held {
  readonly sound: Sound;
  readonly name: string;
  /** What was done to it, in words. */
  readonly note: string;
}

export const held = new Map<LongSignal, Held>();
