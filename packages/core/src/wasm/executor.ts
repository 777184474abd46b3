/**
 * Who runs kernels. By default this thread, one task after the other; `@torsor/workers` puts a pool of threads in its place. Tasks
 * write to different places and never depend on how many threads there are, so that the bits are the same with any.
 */

import { WorkerError } from '../errors.ts';
import { heap } from './heap.ts';
import type { Emitter, Launch } from './module.ts';
import { kernel, runInline } from './module.ts';

/** A kernel whose tasks are calls with arguments of their own: one row a task. */
export interface Rows {
  readonly name: string;
  readonly emit: Emitter;
  readonly entry: string;
  readonly rows: readonly (readonly number[])[];
}

/** Runs tasks, in any order and on any threads, and returns when all are done. */
export interface Executor {
  /** Threads that take tasks, the caller among them. */
  readonly threads: number;
  /** Whether a launch that takes one thread so many nanoseconds is done sooner by several. Rows are run by as many as there are. */
  isWorthSharing(ns: number): boolean;
  /** `scratchPtr` has `launch.scratchBytes` bytes, for the caller's own tasks. */
  run(launch: Launch, memory: WebAssembly.Memory, scratchPtr: number): void;
  runRows(rows: Rows): void;
}

const inline: Executor = {
  threads: 1,
  isWorthSharing: () => false,
  run: runInline,
  runRows({ name, emit, entry, rows }) {
    const run = kernel(name, emit, heap().memory)[entry];
    for (const row of rows) run(...row);
  },
};

let present: Executor = inline;

/** The executor in force. */
export function executor(): Executor {
  return present;
}

/**
 * Puts an executor in force; null for that of this thread alone.
 *
 * @throws WorkerError when another one is in force
 */
export function setExecutor(value: Executor | null): void {
  if (value !== null && present !== inline && present !== value) {
    throw new WorkerError('another pool of threads runs already, of another copy of @torsor/workers; stop it first', {
      op: 'setExecutor',
    });
  }
  present = value ?? inline;
}
