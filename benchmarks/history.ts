/**
 * The history of the results. A run overwrites `results/<runtime>.json`; `npm run record` keeps a copy beside, in
 * `results/history/`, whose name says when, of which commit and on what it was measured. Nothing in there changes any more.
 */

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Report } from './results.ts';

/** A run as it was kept. */
export interface Kept {
  /** The name of its file in the history, without `.json`. */
  readonly id: string;
  /** As `--runtime` names it. */
  readonly runtime: string;
  readonly report: Report;
}

/** `2026-11-23-1227-3b8c98a5c5c8-node26`: names sort by time, and two runs of one commit stand side by side. */
export function historyId({ machine: { date, commit } }: Report, runtime: string): string {
  const [day, time] = date.split('T');
  return `${day}-${time.slice(0, 5).replace(':', '')}-${commit.replace('+', '')}-${runtime}`;
}

function jsonFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
}

/** A report, or an error that names the file. */
function readReport(path: string): Report {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8')) as Partial<Report>;
    if (report.machine === undefined || !Array.isArray(report.results)) throw new Error('it is no report of a run');
    return report as Report;
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** The last run of each runtime, as `npm run bench` left it. */
function presentRuns(results: string): (Kept & { readonly path: string })[] {
  return jsonFiles(results).map((name) => {
    const path = join(results, name);
    const runtime = basename(name, '.json');
    const report = readReport(path);
    return { id: historyId(report, runtime), runtime, report, path };
  });
}

/** Every run there is, the oldest first: those kept, and the present ones that are not kept yet. */
export function readRuns(results: string): Kept[] {
  const runs = new Map<string, Kept>();
  for (const name of jsonFiles(join(results, 'history'))) {
    const id = basename(name, '.json');
    const runtime = id.slice(id.lastIndexOf('-') + 1);
    runs.set(id, { id, runtime, report: readReport(join(results, 'history', name)) });
  }
  for (const { id, runtime, report } of presentRuns(results)) if (!runs.has(id)) runs.set(id, { id, runtime, report });
  return [...runs.values()].sort((a, b) => (a.report.machine.date < b.report.machine.date ? -1 : 1));
}

/** Adds the present runs to the history; gives the files that are new. */
export function record(results: string): string[] {
  const history = join(results, 'history');
  mkdirSync(history, { recursive: true });
  const added: string[] = [];
  for (const { id, path } of presentRuns(results)) {
    const copy = join(history, `${id}.json`);
    if (existsSync(copy)) continue;
    copyFileSync(path, copy);
    added.push(copy);
  }
  return added;
}
