/** Measures, in this process: one row after the other, each beside its ceiling and its peers. Started by `index.ts`. */

import { writeFileSync } from 'node:fs';
import * as t from 'torsor';
import { describeMachine } from './machine.ts';
import { parseOptions } from './options.ts';
import { copyProbe, peakProbe } from './peak.ts';
import { loadPeers } from './peers/index.ts';
import { markdown, type Ratio, type Report, type Result, tableHead, tableRow } from './results.ts';
import { type Figure, isFigure, type Line, type Peer, type Row, type Run } from './row.ts';
import { breathe, type Measured, measure, median, peerSubject, ratio, type Subject, timed } from './sample.ts';

const SUITES = ['matmul', 'conv', 'elementwise', 'reduce', 'move', 'optim', 'train', 'small', 'start', 'size'];
/** Kernels' results are given back at once, as a program that cares for memory does; training and small ops leave that to us. */
const TIDY_FROM = 1e5;

const options = parseOptions(process.argv.slice(2));

function show(text: string): void {
  if (process.stderr.isTTY && !options.quiet) process.stderr.write(`\r\x1b[2K${text}`);
}

function print(text: string): void {
  show('');
  if (!options.quiet) console.log(text);
}

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
async function subjectsOf(row: Row, peers: readonly Peer[]): Promise<Subject[]> {
  t.manualSeed(0);
  const amount = row.flops ?? row.bytes ?? 1;
  const subjects = [await timed('torsor', amount, tidied(row, row.make()))];
  if (row.flops !== undefined) {
    const peak = peakProbe();
    subjects.push(await timed('fma', peak.amount, peak.run));
  } else if (row.bytes !== undefined) {
    const copy = copyProbe(row.bytes);
    subjects.push(await timed('copy', copy.amount, copy.run));
  }
  if (row.like !== undefined) {
    subjects.push(await timed('like', row.like.flops, tidied(row.like, row.like.make())));
  }
  for (const peer of row.work === undefined ? [] : peers) {
    try {
      const prepared = await peer.prepare(row.work as NonNullable<Row['work']>);
      if (prepared === null) continue;
      const subject = await peerSubject(peer.name, prepared);
      // peers do the same work, so their amount is ours
      subjects.push({ ...subject, amount });
    } catch (error) {
      show('');
      console.error(`${row.name}, ${peer.name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return subjects;
}

async function measureRow(suite: string, row: Row, peers: readonly Peer[]): Promise<Result> {
  const subjects = await subjectsOf(row, peers);
  let measured: Measured[];
  try {
    measured = await measure(subjects, options.rounds, options.budgetMs);
  } finally {
    for (const subject of subjects) subject.release?.();
  }
  const [ours, ...others] = measured;
  const ratios: Ratio[] = others.map((other) => ({
    to: other.name,
    value: ratio(ours, other),
    ...(row.atLeast?.[other.name] === undefined ? {} : { atLeast: row.atLeast[other.name] }),
  }));
  const ms = median(ours.turns);
  return {
    ...summary(suite, row.name, 'ms', ours.turns, ratios),
    ...(row.flops === undefined ? {} : { gflops: row.flops / ms / 1e6 }),
    ...(row.flops === undefined && row.bytes !== undefined ? { gigabytes: row.bytes / ms / 1e6 } : {}),
    ...(row.atMostMs === undefined ? {} : { atMost: row.atMostMs }),
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
  return { ...summary(suite, name, unit, samples, []), ...(atMost === undefined ? {} : { atMost }) };
}

const wanted = (suite: string, line: Line) =>
  options.filters.length === 0 || options.filters.some((part) => suite === part || line.name.includes(part));

const lines: { suite: string; line: Line }[] = [];
const results: Result[] = [];
for (const suite of SUITES) {
  try {
    // another commit may lack what a suite needs
    const { lines: list } = (await import(`./suites/${suite}.ts`)) as { lines: () => Line[] };
    for (const line of list()) if (wanted(suite, line)) lines.push({ suite, line });
  } catch (error) {
    results.push(skip(suite, suite, 'ms', (error as Error).message.split('\n')[0]));
  }
}
if (lines.length === 0) {
  console.error(`no row holds ${options.filters.join(' or ')}`);
  process.exit(1);
}

const machine = describeMachine();
const peers = await loadPeers(lines.some(({ line }) => !isFigure(line)) ? options.peers : [], (text) => print(text));
print(`${machine.runtime} ${machine.version}, one thread; ${machine.cpu}; ${machine.features.join(', ')}`);
print(
  `Peers: ${peers.map(({ name, version }) => `${name} ${version}`).join(', ') || 'none'}. Ratios above 1: ours is faster.`,
);

let last = '';
for (const [i, { suite, line }] of lines.entries()) {
  if (suite !== last) print(`\n${tableHead(suite)}`);
  last = suite;
  show(`${i + 1} of ${lines.length}: ${line.name}`);
  let result: Result;
  try {
    result = isFigure(line) ? await measureFigure(suite, line) : await measureRow(suite, line, peers);
  } catch (error) {
    result = skip(suite, line.name, 'ms', (error as Error).message.split('\n')[0]);
    process.exitCode = 1;
  }
  results.push(result);
  print(tableRow(result));
  await breathe();
}
for (const peer of peers) peer.close?.();

// where the results go is no part of how they came about
const given = process.argv
  .slice(2)
  .filter((arg, i, all) => !/^--(json|markdown)$/.test(arg) && !/^--(json|markdown)$/.test(all[i - 1]));
const report: Report = {
  machine,
  command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
  peers: peers.map(({ name, version }) => `${name} ${version}`),
  results,
};
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options.markdown !== undefined) writeFileSync(options.markdown, markdown(report));
// peers may keep workers alive
process.exit();
