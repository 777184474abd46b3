/** Measures, wherever it runs: one row after the other, each beside its ceiling and its peers. Reads no file and starts no process. */

import * as t from 'torsor';
import type { Machine } from './machine.ts';
import { median } from './median.ts';
import type { Options } from './options.ts';
import { copyProbe, peakProbe } from './peak.ts';
import { type Ratio, type Result, tableHead, tableRow } from './results.ts';
import { type Figure, isFigure, type Line, type Peer, type Row, type Run } from './row.ts';
import { breathe, type Measured, measure, peerSubject, ratio, type Subject, timed } from './sample.ts';

const SUITES = [
  'matmul',
  'conv',
  'elementwise',
  'reduce',
  'move',
  'optim',
  'train',
  'small',
  'threads',
  'start',
  'size',
];
/** Kernels' results are given back at once, as a program that cares for memory does; training and small ops leave that to us. */
const TIDY_FROM = 1e5;

/** Where words go: a line that stays, one that the next takes the place of, and what went wrong. */
export interface Voice {
  print(text: string): void;
  show(text: string): void;
  warn(text: string): void;
}

/** What decides how long is measured. */
export type Effort = Pick<Options, 'rounds' | 'budgetMs'>;

/** A run of ours, with what it makes released. */
function tidied(row: Pick<Row, 'flops' | 'bytes'>, run: Run): Run {
  if ((row.flops ?? row.bytes ?? 0) < TIDY_FROM) return run;
  return () => {
    t.tidy(() => {
      run();
    });
  };
}

/** Everything that takes turns in a row, ours first. */
async function subjectsOf(row: Row, peers: readonly Peer[], voice: Voice): Promise<Subject[]> {
  t.manualSeed(0);
  const amount = row.flops ?? row.bytes ?? 1;
  const subjects = [await timed('torsor', amount, tidied(row, await row.make()))];
  if (row.flops !== undefined) {
    const peak = peakProbe();
    subjects.push(await timed('fma', peak.amount, peak.run));
  } else if (row.bytes !== undefined) {
    const copy = copyProbe(row.bytes);
    subjects.push(await timed('copy', copy.amount, copy.run));
  }
  if (row.like !== undefined) {
    subjects.push(await timed('like', row.like.flops, tidied(row.like, await row.like.make())));
  }
  for (const peer of row.work === undefined ? [] : peers) {
    try {
      const prepared = await peer.prepare(row.work as NonNullable<Row['work']>);
      if (prepared === null) continue;
      const subject = await peerSubject(peer.name, prepared);
      // peers do the same work, so their amount is ours
      subjects.push({ ...subject, amount });
    } catch (error) {
      voice.warn(`${row.name}, ${peer.name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return subjects;
}

/** Issue 3 sets its goals for Node 26; where multiply-add is not fused, nothing may be slower than ONNX Runtime Web. */
const hasGoals = (): boolean => t.features().fma;
const goalsOf = (row: Row): Row['atLeast'] => (hasGoals() ? row.atLeast : { 'onnxruntime-web': 1 });

async function measureRow(
  suite: string,
  row: Row,
  peers: readonly Peer[],
  { rounds, budgetMs }: Effort,
  voice: Voice,
): Promise<Result> {
  const subjects = await subjectsOf(row, peers, voice);
  let measured: Measured[];
  try {
    measured = await measure(subjects, rounds, budgetMs);
  } finally {
    for (const subject of subjects) subject.release?.();
  }
  const [ours, ...others] = measured;
  const goals = goalsOf(row);
  const ratios: Ratio[] = others.map((other) => ({
    to: other.name,
    value: ratio(ours, other),
    ...(goals?.[other.name] === undefined ? {} : { atLeast: goals[other.name] }),
  }));
  const ms = median(ours.turns);
  return {
    ...summary(suite, row.name, 'ms', ours.turns, ratios),
    ...(row.flops === undefined ? {} : { gflops: row.flops / ms / 1e6 }),
    ...(row.flops === undefined && row.bytes !== undefined ? { gigabytes: row.bytes / ms / 1e6 } : {}),
    ...(row.atMostMs === undefined || !hasGoals() ? {} : { atMost: row.atMostMs }),
  };
}

function summary(
  suite: string,
  name: string,
  unit: string,
  turns: readonly number[],
  ratios: readonly Ratio[],
): Result {
  return {
    name,
    unit,
    value: median(turns),
    range: `${Math.min(...turns).toPrecision(4)}–${Math.max(...turns).toPrecision(4)}`,
    extra: ratios.map(({ to, value }) => `${value.toPrecision(3)} × ${to}`).join(', '),
    suite,
    ratios,
    turns,
  };
}

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
