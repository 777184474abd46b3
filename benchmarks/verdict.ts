/** When a row has moved: what two sets of samples say of each other. */

import { median } from './median.ts';

export type Verdict = 'faster' | 'slower' | 'as before';

/** What moves less is not worth a word, however sure it is. */
export const LEAST_CHANGE = 0.03;

/** What became of a row, for which lower is better. Samples that overlap are no change. */
export function verdict(before: readonly number[], after: readonly number[], leastChange = LEAST_CHANGE): Verdict {
  const change = median(after) / median(before) - 1;
  if (Math.max(...after) < Math.min(...before) && change < -leastChange) return 'faster';
  if (Math.min(...after) > Math.max(...before) && change > leastChange) return 'slower';
  return 'as before';
}
