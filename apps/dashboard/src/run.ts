/** What the page knows of a run, and what follows from it. */

import type { Machine } from '@torsor/benchmarks/machine.ts';
import type { Ratio, Result } from '@torsor/benchmarks/results.ts';

export interface Commit {
  readonly hash: string;
  /** Whether files had been changed since. */
  readonly isChanged: boolean;
  /** Of the commit, as ISO; unknown to a shallow clone, as is the subject. */
  readonly date?: string;
  readonly subject?: string;
}

export type RunResult = Omit<Result, 'extra' | 'range'>;

export interface Run {
  readonly id: string;
  /** As `--runtime` names it: `node26`. */
  readonly runtime: string;
  readonly machine: Machine;
  readonly command: string;
  readonly peers: readonly string[];
  readonly commit: Commit;
  readonly results: readonly RunResult[];
}

export const runtimeName = ({ machine }: Run): string => `${machine.runtime} ${machine.version}`;
export const commitName = ({ commit }: Run): string => `${commit.hash.slice(0, 7)}${commit.isChanged ? '+' : ''}`;
export const dayOf = ({ machine }: Run): string => machine.date.slice(0, 10);
export const minuteOf = ({ machine }: Run): string => machine.date.slice(0, 16).replace('T', ' ');

/** What one run can be held against another in milliseconds. */
export const isSameMachine = (a: Run, b: Run): boolean => a.machine.cpu === b.machine.cpu;

/** By the commit, then by the time of measuring. */
export function byCommit(a: Run, b: Run): number {
  const key = ({ commit, machine }: Run) => `${new Date(commit.date ?? machine.date).toISOString()} ${machine.date}`;
  return key(a) < key(b) ? -1 : 1;
}

export const resultOf = (run: Run, name: string): RunResult | undefined =>
  run.results.find((result) => result.name === name);

/** The ceiling is what the row is bound by: multiply-adds, or copying. */
const ceilings: Record<string, string> = { fma: 'multiply-add ceiling', copy: 'copy ceiling' };

/** `ceiling` stands for either. */
export function ratioTo(result: RunResult, to: string): Ratio | undefined {
  return result.ratios.find((ratio) => ratio.to === to || (to === 'ceiling' && ratio.to in ceilings));
}

/** What a ratio is to, in words. */
export function opponentName(to: string): string {
  if (to === 'like') return 'like work';
  if (to === 'pytorch') return 'PyTorch';
  return ceilings[to] ?? to;
}

const order = ['ceiling', 'like', 'onnxruntime-web', 'jax-js', 'tfjs-wasm', 'onnxruntime-node', 'pytorch'];

const place = (to: string) => (order.includes(to) ? order.indexOf(to) : to in ceilings ? 0 : order.length);

/** In one order everywhere: the ceiling, our own, then the others. */
export const sortRatios = (ratios: readonly Ratio[]): Ratio[] => [...ratios].sort((a, b) => place(a.to) - place(b.to));

/** All that rows of a run have ratios to, the ceilings as one. */
export function opponentsOf(results: readonly RunResult[]): string[] {
  const found = new Set<string>();
  for (const { ratios } of results) for (const { to } of ratios) found.add(to in ceilings ? 'ceiling' : to);
  return [...found].sort((a, b) => place(a) - place(b));
}

export const suitesOf = (run: Run): string[] => [...new Set(run.results.map(({ suite }) => suite))];

/** The run of each runtime that measured its latest commit, the latest. */
export function latestRuns(runs: readonly Run[]): Run[] {
  const latest = new Map<string, Run>();
  for (const run of [...runs].sort(byCommit)) latest.set(run.runtime, run);
  return [...latest.values()].sort((a, b) => (a.runtime < b.runtime ? 1 : -1));
}

/** The run before this one, of the same runtime on the same machine. */
export function predecessor(runs: readonly Run[], run: Run): Run | undefined {
  const line = runs.filter((other) => other.runtime === run.runtime && isSameMachine(other, run)).sort(byCommit);
  return line[line.indexOf(run) - 1];
}
