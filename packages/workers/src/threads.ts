/** Starting and ending a thread, in whichever way the runtime has: the one place that knows. */

import { WorkerError } from '@torsor/core';

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

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

type NodeWorkers = { Worker: new (url: URL, options: { workerData: Given }) => NodeWorker };

/** `node:worker_threads` where there is such a thing: Node, Bun and Deno. */
async function nodeWorkers(): Promise<NodeWorkers | null> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) return null;
  // Not a literal, so that bundlers for browsers leave it alone.
  const name = 'node:worker_threads';
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as NodeWorkers;
}

/** Starts one thread for each of `given`. */
export async function startThreads(given: readonly Given[]): Promise<Thread[]> {
  const node = await nodeWorkers();
  return given.map((each) => (node === null ? startWeb(each) : startNode(node, each)));
}

function startNode({ Worker }: NodeWorkers, given: Given): Thread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: given });
  const listeners: ((cause: unknown) => void)[] = [];
  let failure: unknown = null;
  const end = (cause: unknown): void => {
    for (const listener of listeners.splice(0)) listener(cause);
  };
  worker.on('exit', (code) => end(failure ?? `the thread ended with code ${String(code)}`));
  const ready = new Promise<void>((resolve, reject) => {
    worker.on('message', () => {
      // Until now the program must not end for want of anything to do; from now on a pool keeps it from nothing.
      worker.unref();
      resolve();
    });
    worker.on('error', (error) => {
      failure = error;
      reject(new WorkerError('a thread failed to start', { op: 'start', cause: error }));
      end(error);
    });
  });
  return {
    ready,
    onEnd: (listener) => listeners.push(listener),
    terminate: async () => {
      await worker.terminate();
    },
  };
}

function startWeb(given: Given): Thread {
  if (typeof Worker === 'undefined') throw new WorkerError('this runtime has no workers', { op: 'start' });
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const listeners: ((cause: unknown) => void)[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      const cause = event.error ?? event.message;
      reject(new WorkerError(`a thread failed to start: ${String(event.message)}`, { op: 'start', cause }));
      for (const listener of listeners.splice(0)) listener(cause);
    };
  });
  worker.postMessage(given);
  return {
    ready,
    onEnd: (listener) => listeners.push(listener),
    terminate: async () => {
      worker.terminate();
      for (const listener of listeners.splice(0)) listener('the thread was terminated');
    },
  };
}
