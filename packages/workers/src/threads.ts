/** The threads of a pool. */

import { startThread, WorkerError } from '@torsor/core';

/** How long the end of a thread is waited for. */
const TERMINATE_MS = 2_000;

/** What a worker is given when it starts. */
export interface Given {
  readonly thread: number;
  readonly memory: WebAssembly.Memory;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly text: Uint8Array;
}

/** A thread that has been started. */
export interface Thread {
  /** Settles when the thread waits for work; rejects when it fails to start. */
  readonly ready: Promise<void>;
  /** Calls back when the thread has ended, whatever the reason. */
  onEnd(listener: (cause: unknown) => void): void;
  terminate(): Promise<void>;
}

/** Starts one thread for each of `given`. */
export function startThreads(given: readonly Given[]): Promise<Thread[]> {
  return Promise.all(given.map(start));
}

async function start(given: Given): Promise<Thread> {
  let waits = (): void => undefined;
  const waiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const thread = await startThread({
    url: new URL('./worker.js', import.meta.url),
    web: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
    data: given,
    onMessage: waits,
  });
  const ready = new Promise<void>((resolve, reject) => {
    waiting.then(() => {
      // Until now the program must not end for want of anything to do; from now on a pool keeps it from nothing.
      thread.hold(false);
      resolve();
    });
    thread.onEnd((cause) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      reject(new WorkerError(`a thread failed to start: ${why}`, { op: 'start', cause }));
    });
  });
  return { ready, onEnd: thread.onEnd, terminate: () => thread.terminate() };
}

/** Ends threads; one that is caught in a kernel cannot be ended everywhere, and is not waited for. */
export async function terminated(threads: readonly Thread[]): Promise<void> {
  const all = Promise.all(threads.map((thread) => thread.terminate()));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, TERMINATE_MS);
  });
  await Promise.race([all, patience]);
  clearTimeout(timer);
}

/** Whether this thread may wait: the main thread of a page may not. */
export const mayWait = (() => {
  try {
    if (typeof SharedArrayBuffer === 'undefined') return false;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    // Pages refuse: that is the answer.
    return false;
  }
})();

/** Cores that the runtime reports. */
export function cores(): number {
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } };
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const os = process?.getBuiltinModule?.('node:os') as { availableParallelism?: () => number } | undefined;
  return os?.availableParallelism?.() ?? navigator?.hardwareConcurrency ?? 1;
}
