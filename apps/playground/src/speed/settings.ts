/** How long to measure, and on how many threads. */

export interface SpeedSettings {
  effort: 'short' | 'long';
  threads: 'one' | 'all';
}

export const defaults: SpeedSettings = { effort: 'short', threads: 'all' };

export const efforts = [
  { value: 'short', label: 'Short' },
  { value: 'long', label: 'Thorough' },
] as const;

/** Turns of each subject, and milliseconds of a turn. */
export const effortOf = {
  short: { rounds: 3, budgetMs: 40 },
  long: { rounds: 9, budgetMs: 80 },
} as const;

/** Brings what a link says into what the page can do. */
export function sanitise({ effort, threads }: SpeedSettings): SpeedSettings {
  return { effort: effort === 'long' ? 'long' : 'short', threads: threads === 'one' ? 'one' : 'all' };
}
