/** Timing. What is compared runs in turns, A B A B, so that a machine that slows down slows all of them. */

import { Bench } from 'tinybench';
import { median } from './median.ts';
import type { Prepared, Run } from './row.ts';

/** Something that is timed in turns with others. */
export interface Subject {
  readonly name: string;
  /** What one run amounts to: operations or bytes; 1 when runs are compared as they are. */
  readonly amount: number;
  /** Milliseconds per run, of as many runs as the budget holds, and of one at least. */
  sample(budgetMs: number): Promise<readonly number[]>;
  release?(): void;
}

/** What the turns of one subject came to. */
export interface Measured {
  readonly name: string;
  readonly amount: number;
  /** The median of each turn, in milliseconds. */
  readonly turns: readonly number[];
}

/** Below this, or this many ticks of the clock, a sample is made of several runs: clocks of browsers tick in microseconds. */
const MIN_SAMPLE_MS = 0.05;
const MIN_TICKS = 50;
/** What takes longer than this is given fewer turns. */
const SLOW_MS = 1500;

/** The step of this runtime's clock, or the time that reading it takes. */
function tickMs(): number {
  let least = Infinity;
  for (let i = 0; i < 20; i++) {
    const startMs = performance.now();
    let nowMs = startMs;
    while (nowMs === startMs) nowMs = performance.now();
    least = Math.min(least, nowMs - startMs);
  }
  return least;
}

/** A subject that runs in this process; through tinybench. */
export async function timed(name: string, amount: number, run: Run): Promise<Subject> {
  const first = run();
  const isAsync = first instanceof Promise;
  await first;
  const leastMs = Math.max(MIN_SAMPLE_MS, MIN_TICKS * tickMs());
  let repeats = 1;
  // twice in a row: the first runs are slow, and an interruption is no reason to stop early
  for (let enough = 0; enough < 2; ) {
    const startMs = performance.now();
    for (let i = 0; i < repeats; i++) {
      const result = run();
      if (isAsync) await result;
    }
    if (performance.now() - startMs >= leastMs) enough++;
    else {
      enough = 0;
      repeats *= 2;
    }
  }
  const sync = () => {
    for (let i = 0; i < repeats; i++) run();
  };
  const later = async () => {
    for (let i = 0; i < repeats; i++) await run();
  };
  return {
    name,
    amount,
    async sample(budgetMs) {
      const bench = new Bench({ time: budgetMs, iterations: 1, warmup: false, retainSamples: true, throws: true });
      bench.add(name, isAsync ? later : sync, { async: isAsync });
      if (isAsync) await bench.run();
      else bench.runSync();
      const { result } = bench.tasks[0];
      if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
      return (result.latency.samples ?? [result.latency.p50]).map((ms) => ms / repeats);
    },
  };
}

/** A peer's workload as a subject. */
export async function peerSubject(name: string, prepared: Prepared): Promise<Subject> {
  if ('sample' in prepared) {
    return { name, amount: 1, sample: (ms) => prepared.sample(ms), release: () => prepared.release?.() };
  }
  const subject = await timed(name, 1, prepared.run);
  return { ...subject, release: () => prepared.release?.() };
}

/** Lets finalisers run, and gives the machine back to others for a moment. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A row waits so often for each of its rounds to be fair, and so long; after that all count, lest a busy machine never end. */
const MOST_RETRIES = 10;
const RETRY_MS = 50;

/**
 * Warms all up, then times them in turns. A subject that is very slow takes part in the first turns only. A round between whose ends
 * `isFair` says no is taken anew: it looks at the machine and never at the figures.
 */
export async function measure(
  subjects: readonly Subject[],
  rounds: number,
  budgetMs: number,
  isFair: () => boolean = () => true,
): Promise<Measured[]> {
  const turns = subjects.map((): number[] => []);
  const slow = new Set<number>();
  for (const [i, subject] of subjects.entries()) {
    const samples = await subject.sample(Math.max(budgetMs, 60));
    await breathe();
    if (samples[0] > SLOW_MS) {
      slow.add(i);
      turns[i].push(median(samples));
    }
  }
  let retries = MOST_RETRIES * rounds;
  const isRetried = async (): Promise<boolean> => {
    if (retries === 0 || isFair()) return false;
    retries--;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return true;
  };
  for (let round = 0; round < rounds; ) {
    if (await isRetried()) continue;
    const taken = new Map<number, number>();
    for (const [i, subject] of subjects.entries()) {
      if (slow.has(i) && turns[i].length > 1) continue;
      taken.set(i, median(await subject.sample(budgetMs)));
      await breathe();
    }
    if (await isRetried()) continue;
    for (const [i, ms] of taken) turns[i].push(ms);
    round++;
  }
  return subjects.map(({ name, amount }, i) => ({ name, amount, turns: turns[i] }));
}

/** How many times the rate of `other` that of `ours` is: the median over the turns. */
export function ratio(ours: Measured, other: Measured): number {
  const rounds = Math.min(ours.turns.length, other.turns.length);
  const ratios: number[] = [];
  for (let i = 1; i <= rounds; i++) {
    const rate = ours.amount / (ours.turns.at(-i) as number);
    ratios.push(rate / (other.amount / (other.turns.at(-i) as number)));
  }
  return median(ratios);
}
