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

/**
 * Into how many parts each of some equal tasks is cut for so many threads, `least` or more: what has the last thread end soonest, if a
 * part takes `cost(parts)`, since what all parts do anew adds up.
 */
export function partsFor(
  threads: number,
  tasks: number,
  least: number,
  most: number,
  cost: (parts: number) => number,
): number {
  if (threads === 1) return least;
  const time = (parts: number): number => (Math.ceil((tasks * parts) / threads) + LATE) * cost(parts);
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
