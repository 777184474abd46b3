/** Measures one row, in turns with its ceiling and its peers. Reads no file and starts no process: pages measure with it, too. */

import * as t from 'torsor';
import { median } from './median.ts';
import type { Options } from './options.ts';
import { copyProbe, peakProbe } from './peak.ts';
import type { Ratio, Result } from './results.ts';
import type { Peer, Row, Run } from './row.ts';
import { type Measured, measure, peerSubject, ratio, type Subject, timed } from './sample.ts';

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
  const { work } = row;
  const able = peers.filter(({ threads = 1 }) => threads === (work?.threads ?? 1));
  for (const peer of work === undefined ? [] : able) {
    try {
      const prepared = await peer.prepare(work as NonNullable<Row['work']>);
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
export const hasGoals = (): boolean => t.features().fma;
const goalsOf = (row: Row): Row['atLeast'] => (hasGoals() ? row.atLeast : { 'onnxruntime-web': 1 });

/** Ours, the ceiling, what it is like and the peers, in turns. */
export async function measureRow(
  suite: string,
  row: Row,
  peers: readonly Peer[],
  { rounds, budgetMs }: Effort,
  voice: Voice,
): Promise<Result> {
  const subjects = await subjectsOf(row, peers, voice);
  let measured: Measured[];
  try {
    measured = await measure(subjects, rounds, budgetMs, row.isFair);
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

/** What the turns came to. */
export function summary(
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
