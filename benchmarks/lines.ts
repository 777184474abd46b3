/** Measures, wherever it runs: one row after the other, each beside its ceiling and its peers. Reads no file and starts no process. */

import type { Machine } from './machine.ts';
import { type Effort, hasGoals, measureRow, summary, type Voice } from './measureRow.ts';
import { type Result, tableHead, tableRow } from './results.ts';
import { type Figure, isFigure, type Line, type Peer } from './row.ts';
import { breathe } from './sample.ts';

export type { Effort, Voice } from './measureRow.ts';

/** In this order: what is most easily disturbed by what others leave behind in the process comes first. */
const SUITES = [
  'small',
  'threads',
  'matmul',
  'conv',
  'elementwise',
  'reduce',
  'move',
  'resample',
  'optim',
  'train',
  'start',
  'size',
];

function skip(suite: string, name: string, unit: string, reason: string): Result {
  return { name, unit, value: 0, range: '', extra: '', suite, ratios: [], turns: [], skipped: reason };
}

async function measureFigure(suite: string, { name, unit, atMost, measure: take }: Figure): Promise<Result> {
  const samples = await take();
  if (typeof samples === 'string') return skip(suite, name, unit, samples);
  return { ...summary(suite, name, unit, samples, []), ...(atMost === undefined || !hasGoals() ? {} : { atMost }) };
}

/** The lines to measure, each with its suite, and a result for each suite that this commit or runtime cannot run. */
export async function linesOf(filters: readonly string[]): Promise<{
  readonly lines: readonly { readonly suite: string; readonly line: Line }[];
  readonly skipped: readonly Result[];
}> {
  const wanted = (suite: string, line: Line) =>
    filters.length === 0 || filters.some((part) => suite === part || line.name.includes(part));
  const lines: { suite: string; line: Line }[] = [];
  const skipped: Result[] = [];
  for (const suite of SUITES) {
    try {
      // another commit may lack what a suite needs
      const { lines: list } = (await import(`./suites/${suite}.ts`)) as { lines: () => Line[] };
      for (const line of list()) if (wanted(suite, line)) lines.push({ suite, line });
    } catch (error) {
      skipped.push(skip(suite, suite, 'ms', (error as Error).message.split('\n')[0]));
    }
  }
  return { lines, skipped };
}

/** Measures all lines that the filters leave, and tells as it goes. A row that throws is skipped, with the reason. */
export async function measureLines(
  filters: readonly string[],
  machine: Machine,
  peersFor: (needed: boolean) => Promise<readonly Peer[]>,
  effort: Effort,
  voice: Voice,
): Promise<{ results: Result[]; peers: string[]; threw: boolean }> {
  const { lines, skipped } = await linesOf(filters);
  if (lines.length === 0) throw new Error(`no row holds ${filters.join(' or ')}`);
  const results = [...skipped];
  const peers = await peersFor(lines.some(({ line }) => !isFigure(line)));
  const names = peers.map(({ name, version }) => `${name} ${version}`);
  voice.print(`${machine.runtime} ${machine.version}, one thread; ${machine.cpu}; ${machine.features.join(', ')}`);
  voice.print(`Peers: ${names.join(', ') || 'none'}. Ratios above 1: ours is faster.`);
  let threw = false;
  let last = '';
  for (const [i, { suite, line }] of lines.entries()) {
    if (suite !== last) voice.print(`\n${tableHead(suite)}`);
    last = suite;
    voice.show(`${i + 1} of ${lines.length}: ${line.name}`);
    let result: Result;
    try {
      result = isFigure(line) ? await measureFigure(suite, line) : await measureRow(suite, line, peers, effort, voice);
    } catch (error) {
      result = skip(suite, line.name, 'ms', (error as Error).message.split('\n')[0]);
      threw = true;
    }
    results.push(result);
    voice.print(tableRow(result));
    await breathe();
  }
  for (const peer of peers) peer.close?.();
  return { results, peers: names, threw };
}
