/** What the page and its worker say to each other. */

import type { Bank, ConvOptions } from './compute.ts';
import type { Envelope } from './envelope.ts';

export interface Request {
  /** The signal, if it is another one than before. */
  readonly channels?: readonly Float32Array[];
  readonly bank: Bank;
  readonly options: ConvOptions;
  readonly columns: number;
}

export interface Answer {
  readonly outputs: readonly Float32Array[];
  readonly envelopes: readonly Envelope[];
  readonly ms: number;
}

export type Reply = Answer | { readonly problem: string };
