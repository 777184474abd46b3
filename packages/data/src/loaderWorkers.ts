/** The workers of a loader, from the outside. */

import type { Thread } from '@torsor/core';
import { fromMessage, START_MS, startThread, unpackError, WorkerError } from '@torsor/core';
import type { ImportedDataset } from './imported.ts';
import type { Reply, Request } from './serving.ts';
import { START } from './serving.ts';

interface Waiting {
  resolve(batch: unknown): void;
  reject(error: unknown): void;
}

/** One worker, and what it has been asked for. */
class LoaderWorker {
  readonly #number: number;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Thread | null = null;
  #end: WorkerError | null = null;

  constructor(number: number) {
    this.#number = number;
  }

  async start(dataset: ImportedDataset<unknown>, seed: bigint): Promise<void> {
    this.#thread = await startThread({
      url: new URL('./loaderWorker.js', import.meta.url),
      web: () => new Worker(new URL('./loaderWorker.js', import.meta.url), { type: 'module' }),
      greetMs: START_MS,
      onMessage: (message) => this.#hear(message as Reply),
    });
    this.#thread.onEnd((cause) => {
      this.#end ??= new WorkerError(`worker ${this.#number} ended early`, { op: 'DataLoader', cause });
      for (const { reject } of this.#waiting.values()) reject(this.#end);
      this.#waiting.clear();
    });
    const { source, transfer } = dataset.source();
    await this.#ask({ kind: 'start', source, worker: this.#number, seed }, transfer);
  }

  fetch(id: number, indices: readonly number[], isCollated: boolean): Promise<unknown> {
    return this.#ask({ kind: 'fetch', id, indices: [...indices], isCollated });
  }

  #ask(request: Request, transfer?: ArrayBuffer[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) {
        reject(this.#end);
        return;
      }
      this.#waiting.set(request.kind === 'start' ? START : request.id, { resolve, reject });
      this.#thread?.post(request, transfer);
    });
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'batch') waiting?.resolve(fromMessage(reply.batch));
    else {
      const cause = unpackError(reply.error);
      waiting?.reject(new WorkerError(`worker ${this.#number} threw: ${cause.message}`, { op: 'DataLoader', cause }));
    }
  }

  /** Whether the program waits for this worker. */
  hold(on: boolean): void {
    this.#thread?.hold(on);
  }

  async close(): Promise<void> {
    await this.#thread?.terminate();
  }
}

/** Workers that take turns. */
export class LoaderWorkers {
  readonly #workers: readonly LoaderWorker[];
  #asked = 0;

  private constructor(workers: readonly LoaderWorker[]) {
    this.#workers = workers;
  }

  /** @throws WorkerError when one does not start, or cannot make the dataset */
  static async start(dataset: ImportedDataset<unknown>, count: number, seed: bigint): Promise<LoaderWorkers> {
    const workers = new LoaderWorkers(Array.from({ length: count }, (_, number) => new LoaderWorker(number)));
    try {
      await Promise.all(workers.#workers.map((worker) => worker.start(dataset, seed)));
    } catch (error) {
      await workers.close();
      throw error;
    }
    return workers;
  }

  /** A batch, or the samples for one, from the worker whose turn it is, counted from the batch with number 0. */
  fetch(number: number, indices: readonly number[], isCollated: boolean): Promise<unknown> {
    return this.#workers[number % this.#workers.length].fetch(this.#asked++, indices, isCollated);
  }

  hold(on: boolean): void {
    for (const worker of this.#workers) worker.hold(on);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}
