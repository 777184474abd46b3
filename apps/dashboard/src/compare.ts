/**
 * Two runs against each other, row by row. Times are held against each other when one machine took both; otherwise the ratios to
 * the ceiling or to a peer are, which each run took on its own machine.
 */

import { type Verdict, verdict } from '@torsor/benchmarks/verdict.ts';
import { predecessor, type Run, type RunResult, ratioTo, resultOf } from './run.ts';

export interface Change {
  readonly name: string;
  readonly suite: string;
  readonly unit: string;
  readonly before: Measure;
  readonly after: Measure;
  /** Of costs, after to before: below 1, it got faster. */
  readonly factor: number;
  readonly verdict: Verdict;
}

/** A figure and how far its turns lie apart. */
export interface Measure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What the turns of a row came to, as a cost: a time, a size, or how many times longer it takes than its opponent. */
export function costs(result: RunResult, by: string): readonly number[] | undefined {
  if (result.skipped !== undefined) return undefined;
  const turns = result.turns.length > 0 ? result.turns : [result.value];
  if (by === 'time') return turns;
  const ratio = ratioTo(result, by);
  // a ratio is kept without its turns: it is as uncertain as our own time, at least
  return ratio && turns.map((turn) => turn / (result.value * ratio.value));
}

/** The same as it is shown: a ratio says how many times faster we are. */
export function measureOf(result: RunResult, by: string): Measure | undefined {
  const list = costs(result, by);
  if (list === undefined) return undefined;
  const [low, high] = [Math.min(...list), Math.max(...list)];
  if (by === 'time') return { value: result.value, low, high };
  return { value: ratioTo(result, by)?.value as number, low: 1 / high, high: 1 / low };
}

/** Every row that both runs have. */
export function compareRuns(before: Run, after: Run, by: string, leastChange: number): Change[] {
  return after.results.flatMap((now) => {
    const then = resultOf(before, now.name);
    const [was, is] = [then && costs(then, by), costs(now, by)];
    if (then === undefined || was === undefined || is === undefined) return [];
    const [from, to] = [measureOf(then, by) as Measure, measureOf(now, by) as Measure];
    const factor = by === 'time' ? to.value / from.value : from.value / to.value;
    const { name, suite, unit } = now;
    return [{ name, suite, unit, before: from, after: to, factor, verdict: verdict(was, is, leastChange) }];
  });
}

export interface Regression extends Change {
  readonly run: Run;
  readonly since: Run;
}

/** What got slower in a run since the one before it, on the same runtime and machine, the worst first. */
export function regressions(runs: readonly Run[], run: Run, threshold: number): Regression[] {
  const since = predecessor(runs, run);
  if (since === undefined) return [];
  return compareRuns(since, run, 'time', threshold)
    .filter((change) => change.verdict === 'slower')
    .sort((a, b) => b.factor - a.factor)
    .map((change) => ({ ...change, run, since }));
}
