/** What every launch of a packed product needs to be planned: blocks, places in scratch memory, arguments in order. */

import { itemBytes } from '../../dtype.ts';
import type { ConvShape } from './conv.ts';

/** What kernels work on: the heap, or anything that has its memory. */
export interface Kernels {
  readonly memory: WebAssembly.Memory;
}

/** Equal blocks of at most `most` that cover `size`, rounded up to a multiple. */
export function evenBlock(size: number, most: number, multiple: number): number {
  const blocks = Math.ceil(size / most);
  return blocks === 0 ? multiple : Math.ceil(size / blocks / multiple) * multiple;
}

/** Up to the next multiple of 64, the alignment of everything in scratch memory. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

/** What threads wait for each other at the end of a launch, in parts of a task: they seldom begin and run alike. */
export const LATE = 0.15;
/** With so many tasks a thread, it hardly matters who ends last: tasks are not cut further. */
const MANY_TASKS = 16;

/** Tasks that end before others of their launch do, since less is left for them: how many, and what part of the others' time they take. */
export interface ShortTasks {
  readonly count: number;
  readonly part: number;
}

/** Of `size` elements in so many `tasks` of `each`, the last one; there are `count` such lists of tasks. */
export function lastTasks(count: number, size: number, tasks: number, each: number): ShortTasks {
  return { count, part: Math.min(1, Math.max(0, size / each - (tasks - 1))) };
}

/**
 * When the last of some threads ends, if tasks take `loads`: each thread has a queue of neighbours, equal shares, and takes from the next
 * one when its own is empty (`workers/src/protocol.js`).
 */
export function lastEnd(loads: readonly number[], threads: number): number {
  const firstOf = (thread: number): number => Math.ceil((thread * loads.length) / threads);
  const next = Array.from({ length: threads }, (_, thread) => firstOf(thread));
  const ends = next.map(() => 0);
  for (let left = loads.length; left > 0; left--) {
    const thread = ends.indexOf(Math.min(...ends));
    let queue = thread;
    while (next[queue] === firstOf(queue + 1)) queue = (queue + 1) % threads;
    ends[thread] += loads[next[queue]++];
  }
  return Math.max(...ends);
}

/**
 * Into how many parts each of some tasks is cut for so many threads, `least` or more: what has the last thread end soonest, if a part
 * takes `cost(parts)`, since what all parts do anew adds up. Short tasks are the last ones.
 */
export function partsFor(
  threads: number,
  tasks: number,
  least: number,
  most: number,
  cost: (parts: number) => number,
  short: ShortTasks = { count: 0, part: 1 },
): number {
  if (threads === 1) return least;
  const time = (parts: number): number => {
    const loads: number[] = [];
    for (let i = 0; i < tasks * parts; i++) loads.push(i < (tasks - short.count) * parts ? 1 : short.part);
    return (lastEnd(loads, threads) + LATE) * cost(parts);
  };
  let best = least;
  for (let parts = least + 1; parts <= most && tasks * (parts - 1) < MANY_TASKS * threads; parts++) {
    if (time(parts) < time(best)) best = parts;
  }
  return best;
}

/** Nanoseconds of a convolution that takes so many for each multiplication of the direct sum in single precision. */
export function convNs(c: ConvShape, each: number): number {
  const products = (c.n * c.cout * c.oh * c.ow * c.cin * c.kh * c.kw) / c.groups;
  return (products * each * itemBytes(c.dtype)) / 4;
}

/** The arguments of a task by name, without the two that every launch gives. */
export type TaskArgs<Params> = { readonly [K in Exclude<keyof Params, 'task' | 'scratch'>]: number };

/** The arguments in the order of the parameters. */
export function taskArgs<Params extends object>(params: Params, args: TaskArgs<Params>): number[] {
  const byName = args as Readonly<Record<string, number>>;
  return Object.keys(params)
    .slice(2)
    .map((name) => byName[name]);
}
