/** What a time line shows of one benchmark: the commits along the bottom, and a line for each runtime on each machine. */

import { type Measure, measureOf } from './compare.ts';
import { byCommit, commitName, dayOf, type Run, resultOf, runtimeName } from './run.ts';

export interface Line {
  readonly title: string;
  /** As its runtime is named: one runtime has one colour, whatever the benchmark. */
  readonly runtime: string;
  /** Not on the machine of the last run: drawn dashed and hollow. */
  readonly isElsewhere: boolean;
  /** By the place of the commit; null where it was not measured. */
  readonly points: readonly (Point | null)[];
}

export interface Point extends Measure {
  readonly run: Run;
}

export interface TimeLine {
  /** What stands below each place. */
  readonly places: readonly { readonly commit: string; readonly day: string }[];
  readonly lines: readonly Line[];
}

const without = (text: string) => text.replace(/\((R|TM)\)/g, '').trim();

export function timeLine(runs: readonly Run[], name: string, by: string): TimeLine {
  const measured = [...runs].sort(byCommit).flatMap((run) => {
    const result = resultOf(run, name);
    const measure = result && measureOf(result, by);
    return measure === undefined ? [] : [{ ...measure, run }];
  });
  // a bundle weighs the same wherever it was built: one line is enough
  const isSize = runs.some((run) => resultOf(run, name)?.unit === 'kB');
  const commits: string[] = [];
  for (const { run } of measured) if (!commits.includes(commitName(run))) commits.push(commitName(run));
  const machines = new Set(measured.map(({ run }) => run.machine.cpu));
  const lines = new Map<string, Line & { title: string; points: (Point | null)[] }>();
  for (const point of measured) {
    const { run } = point;
    const isElsewhere = !isSize && run.machine.cpu !== measured[measured.length - 1].run.machine.cpu;
    const key = isSize ? '' : `${run.runtime} ${run.machine.cpu}`;
    const line = lines.get(key) ?? { title: '', runtime: run.runtime, isElsewhere, points: commits.map(() => null) };
    // the version is that of the last run
    if (isSize) line.title = 'on every runtime';
    else line.title = machines.size > 1 ? `${runtimeName(run)} on ${without(run.machine.cpu)}` : runtimeName(run);
    // a commit that was measured twice shows the last time
    line.points[commits.indexOf(commitName(run))] = point;
    lines.set(key, line);
  }
  const places = commits.map((commit) => {
    const last = measured.findLast(({ run }) => commitName(run) === commit) as Point;
    return { commit, day: dayOf(last.run) };
  });
  return { places, lines: [...lines.values()] };
}

const runtimes = ['node26', 'bun', 'deno', 'node24', 'chromium', 'firefox', 'node22', 'node20'];
/** The colour of a runtime, as a variable of the style sheet. */
export const colourOf = (runtime: string): string => `--series-${Math.max(0, runtimes.indexOf(runtime))}`;
