/** What the page and the worker that runs a program say to each other. */

import type { Check } from '../functions/check.ts';
import type { Trace } from '../tape/trace.ts';
import type { Place } from './compile.ts';

/** What to do with a program. */
export interface Request {
  readonly code: string;
  /** The page's own address, against which a program's `fetch('…')` is meant. */
  readonly base: string;
  /** Files that programs may fetch by name, with their addresses. */
  readonly files: Readonly<Record<string, string>>;
  /** What to watch while it runs. */
  readonly watch?: 'tape' | 'gradcheck';
}

export interface Failure {
  /** `'AutogradError'` */
  readonly name: string;
  readonly message: string;
  /** Where in the program it was thrown, if that is known. */
  readonly place?: Place;
}

export type Level = 'log' | 'warn' | 'error';

export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'printed'; readonly level: Level; readonly text: string }
  | { readonly kind: 'silenced' }
  /** Comes before the end. */
  | { readonly kind: 'traced'; readonly trace: Trace }
  | { readonly kind: 'checked'; readonly checks: readonly Check[] }
  | { readonly kind: 'done'; readonly ms: number }
  | { readonly kind: 'failed'; readonly failure: Failure };
