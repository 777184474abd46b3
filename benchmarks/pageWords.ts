/** What the page that measures and its server have to say to each other. */

import type { Effort } from './lines.ts';
import type { Machine } from './machine.ts';
import type { Report } from './results.ts';

/** What to measure. */
export interface Task {
  readonly filters: readonly string[];
  readonly effort: Effort;
  /** Without the features, which the page finds out. */
  readonly machine: Machine;
}

/** One of these at a time. */
export interface Word {
  readonly print?: string;
  readonly show?: string;
  readonly warn?: string;
  readonly measured?: Omit<Report, 'command'> & { readonly threw: boolean };
}
