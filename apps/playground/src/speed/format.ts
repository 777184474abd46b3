/** How the page words what was measured. */

import type { Result } from '@torsor/benchmarks/results.ts';
import { digits, time } from '@torsor/benchmarks/results.ts';
import type { RecordedRow } from './messages.ts';

/** The rate of a row, or its time where it has none. */
export function rateOf({ gflops, gigabytes, ms }: Pick<RecordedRow, 'gflops' | 'gigabytes' | 'ms'>): string {
  if (gflops !== undefined) return `${digits(gflops)} GFLOP/s`;
  return gigabytes === undefined ? time(ms) : `${digits(gigabytes)} GB/s`;
}

/** Half of the distance between the slowest and the fastest turn, in percent of the median. */
export function restlessness({ turns, value }: Pick<Result, 'turns' | 'value'>): number {
  return (50 * (Math.max(...turns) - Math.min(...turns))) / value;
}

/** How a row stands to something that took turns with it. */
export function ratioTo(result: Pick<Result, 'ratios'>, ...names: readonly string[]): number | undefined {
  return result.ratios.find(({ to }) => names.includes(to))?.value;
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;
