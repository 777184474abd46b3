/**
 * Cutting launches into tasks: by outputs, at places that follow from the sizes alone. Whether a launch is cut at all depends on whether
 * there is somebody to share it with, which changes no bit of it, since every kernel gives the same for a part as for the whole.
 */

import { executor } from './executor.ts';
import { heap } from './heap.ts';
import type { Emitter } from './module.ts';
import { kernel } from './module.ts';

/**
 * A block of outputs in a grid, as a first index and a count along each dimension: `[from, count, from, count, …]`. Where a count is
 * more than 1 but not all, all dimensions before have a count of 1, and all after are whole.
 */
export type Cut = readonly number[];

/** Launches that take less than this stay whole: some times what it takes to share one (see docs/scaling.md). */
const SHARED_NS = 12_000;
/** What a task is to take: so long that taking it is next to nothing. */
const TASK_NS = 8_000;
/** Tasks that are aimed at, at most: enough for many threads to end together. */
const MOST_CUTS = 64;

/**
 * Cuts a grid of `sizes`, which takes `ns` in all, into blocks of some `TASK_NS`: one block, if it is small or nobody shares.
 * The last dimension is cut at multiples of `step` (elements that fill a cache line, so that threads do not write to the same ones).
 */
export function cutsOf(sizes: readonly number[], ns: number, step = 1): readonly Cut[] {
  if (executor().threads === 1 || ns < SHARED_NS) return [whole(sizes)];
  return split(sizes, Math.max(2, Math.min(MOST_CUTS, Math.floor(ns / TASK_NS))), step);
}

function whole(sizes: readonly number[]): number[] {
  const cut: number[] = [];
  for (const size of sizes) cut.push(0, size);
  return cut;
}

/** Some `parts` blocks: runs along the first dimension, if it is long enough, or else cuts of each of its indices. */
function split([size, ...rest]: readonly number[], parts: number, step: number): Cut[] {
  const cuts: Cut[] = [];
  const isLast = rest.length === 0;
  if (isLast || size >= parts) {
    const unit = isLast ? step : 1;
    const count = Math.ceil(size / parts / unit) * unit;
    for (let from = 0; from < size; from += count) cuts.push([from, Math.min(count, size - from), ...whole(rest)]);
    return cuts;
  }
  const inner = split(rest, Math.ceil(parts / size), step);
  for (let i = 0; i < size; i++) for (const cut of inner) cuts.push([i, 1, ...cut]);
  return cuts;
}

/** A kernel whose function is `run`. */
export interface Kernel {
  readonly name: string;
  readonly emit: Emitter;
}

/** Runs a kernel for each cut: `visit` makes the call `run(…)` for one, at once or for whichever thread takes it. */
export function runCuts(
  { name, emit }: Kernel,
  cuts: readonly Cut[],
  visit: (run: (...args: number[]) => unknown, cut: Cut, task: number) => void,
): void {
  if (cuts.length === 1) {
    visit(kernel(name, emit, heap().memory).run, cuts[0], 0);
    return;
  }
  const rows: number[][] = [];
  const keep = (...args: number[]) => rows.push(args);
  cuts.forEach((cut, task) => {
    visit(keep, cut, task);
  });
  executor().runRows({ name, emit, entry: 'run', rows });
}
