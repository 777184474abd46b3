/** Goals: the ratios that a row must reach, the time or the size that it may take. */

import { type Ratio, shortfalls } from '@torsor/benchmarks/results.ts';
import { type Run, type RunResult, ratioTo, suitesOf } from './run.ts';

export type GoalState = 'met' | 'missed' | 'none' | 'skipped';

const complete = (result: RunResult) => ({ ...result, extra: '', range: '' });

export function goalState(result: RunResult): GoalState {
  if (result.skipped !== undefined) return 'skipped';
  if (result.atMost === undefined && !result.ratios.some(({ atLeast }) => atLeast !== undefined)) return 'none';
  return shortfalls(complete(result)).length === 0 ? 'met' : 'missed';
}

/** What is missed, in words. */
export const missedGoals = (result: RunResult): string[] => shortfalls(complete(result));

/** How far a row is from its hardest goal: 1 is met, 0.5 is half of it; undefined without a goal. */
export function fulfilment(result: RunResult): number | undefined {
  if (result.skipped !== undefined) return undefined;
  const shares = result.ratios.flatMap(({ value, atLeast }) => (atLeast === undefined ? [] : [value / atLeast]));
  if (result.atMost !== undefined) shares.push(result.atMost / result.value);
  return shares.length === 0 ? undefined : Math.min(...shares);
}

export interface Tally {
  readonly met: number;
  readonly missed: number;
  readonly none: number;
  readonly skipped: number;
}

export function tally(results: readonly RunResult[]): Tally {
  const sum = { met: 0, missed: 0, none: 0, skipped: 0 };
  for (const result of results) sum[goalState(result)]++;
  return sum;
}

export interface SuiteSummary {
  readonly suite: string;
  readonly tally: Tally;
  /** Geometric means of the ratios, by what they are to. */
  readonly means: ReadonlyMap<string, Mean>;
}

export interface Mean {
  readonly value: number;
  readonly count: number;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

export function summarise(run: Run, opponents: readonly string[]): SuiteSummary[] {
  return suitesOf(run).map((suite) => {
    const results = run.results.filter((result) => result.suite === suite);
    const means = new Map<string, Mean>();
    for (const to of opponents) {
      const values = results.flatMap((result) => ratioTo(result, to)?.value ?? []);
      if (values.length > 0) means.set(to, { value: geometricMean(values), count: values.length });
    }
    return { suite, tally: tally(results), means };
  });
}

/** Rounded as it is shown, as the reports do. */
export const isMissed = ({ value, atLeast }: Ratio): boolean =>
  atLeast !== undefined && Number(value.toFixed(2)) < Number(atLeast.toFixed(2));
