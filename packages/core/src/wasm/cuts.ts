/**
 * Cutting launches into tasks: by outputs, at places that follow from the sizes alone. Whether a launch is cut at all depends on whether
 * there is somebody to share it with, which changes no bit of it, since every kernel gives the same for a part as for the whole.
 */

import { executor } from './executor.ts';
import { heap } from './heap.ts';
import type { Emitter } from './module.ts';
import { kernel } from './module.ts';

/**
 * A block of outputs in a grid, as a first index and a count along each dimension: `[from, count, from, count, …]`. With steps of 1,
 * where a count is more than 1 but not all, all dimensions before have a count of 1, and all after are whole.
 */
export type Cut = readonly number[];

/** How a launch is divided. */
export interface Cuts {
  /** Whether threads share it; if not, one cut is the whole grid. */
  readonly isShared: boolean;
  readonly list: readonly Cut[];
}

/** What a task is to take: so long that taking it is next to nothing. */
const TASK_NS = 8_000;
/** Tasks that are aimed at, at most: enough for many threads to end together. */
const MOST_CUTS = 64;
/** Fewer than these are cut once more, since whoever takes the last one is waited for. */
const FEW_CUTS = 8;
/** More are a multiple of so many: nine tasks take two threads as long as ten. */
const EVEN_CUTS = 4;

/**
 * Cuts a grid of `sizes`, which takes `ns` in all, into blocks of some `TASK_NS`: one block, if that is too little to share. Dimensions
 * are cut at multiples of `steps`, by default 1: of elements that fill a cache line, so that threads do not write to the same ones, or
 * of Infinity where a dimension is not to be cut. Where a launch goes over the grid several `times`, each is cut the less.
 */
export function cutsOf(sizes: readonly number[], ns: number, steps: readonly number[] = [], times = 1): Cuts {
  if (!executor().isWorthSharing(ns)) return { isShared: false, list: [whole(sizes)] };
  const wanted = Math.floor(ns / TASK_NS);
  const many = EVEN_CUTS * Math.round(wanted / EVEN_CUTS);
  const parts = Math.max(2, Math.min(FEW_CUTS, 2 * wanted), Math.min(MOST_CUTS, many));
  return { isShared: true, list: split(sizes, Math.ceil(parts / times), steps) };
}

function whole(sizes: readonly number[]): number[] {
  const cut: number[] = [];
  for (let d = 0; d < sizes.length; d++) cut.push(0, sizes[d]);
  return cut;
}

/** Some `parts` blocks: runs along the first dimension, if it is long enough, or else cuts of each of its steps. */
function split([size, ...rest]: readonly number[], parts: number, [most = 1, ...steps]: readonly number[]): Cut[] {
  const cuts: Cut[] = [];
  const step = Math.min(most, size);
  const isLast = rest.length === 0;
  const isLong = isLast || size >= parts * step;
  const inner = isLong ? [whole(rest)] : split(rest, Math.ceil((parts * step) / size), steps);
  const count = isLong ? Math.ceil(size / parts / step) * step : step;
  for (let from = 0; from < size; from += count) {
    for (const cut of inner) cuts.push([from, Math.min(count, size - from), ...cut]);
  }
  return cuts;
}

/** A kernel whose function is `run`. */
export interface Kernel {
  readonly name: string;
  readonly emit: Emitter;
}

/** Gives what the kernel returned, if it has run. */
export type Run = (...args: number[]) => number | undefined;

/** Runs a kernel for each cut: `visit` makes calls `run(…)` for one, at once or for whichever thread takes them, in any order. */
export function runCuts({ name, emit }: Kernel, cuts: Cuts, visit: (run: Run, cut: Cut, task: number) => void): void {
  if (!cuts.isShared) {
    visit(kernel(name, emit, heap().memory).run, cuts.list[0], 0);
    return;
  }
  const rows: number[][] = [];
  const keep: Run = (...args) => void rows.push(args);
  cuts.list.forEach((cut, task) => {
    visit(keep, cut, task);
  });
  executor().runRows({ name, emit, entry: 'run', rows });
}

/** Elements that fill cache lines, of any dtype, and whole turns of every loop over vectors. */
const RUN_STEP = 64;

/** Runs `run(n, …pointers, …)` over n elements, each of which takes `ns`, and moves the pointers on by `bytes`. */
export function runShared(kernel: Kernel, call: readonly number[], ns: number, bytes: readonly number[]): void {
  const [size] = call;
  runCuts(kernel, cutsOf([size], size * ns, [RUN_STEP]), (run, [from, count]) => {
    const part = call.slice();
    part[0] = count;
    for (let k = 0; k < bytes.length; k++) part[1 + k] += from * bytes[k];
    run(...part);
  });
}
