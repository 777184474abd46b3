/** `spawn`: training off the main thread. A page does not freeze, a server keeps answering. */

import type { Thread } from '@torsor/core';
import {
  fromMessage,
  START_MS,
  startThread,
  symbolAsyncDispose,
  toMessage,
  unpackError,
  ValueError,
  WorkerError,
} from '@torsor/core';
import type { Answer, Order } from './training.ts';
import { CANCELLED, PAUSED, RUNNING } from './training.ts';

/** How long a cancelled training may take to its next checkpoint. */
const PATIENCE_MS = 5_000;

/** How `spawn` starts a training. */
export interface SpawnOptions<D = unknown> {
  /** What the training finds as `context.data`: anything that can be cloned, and tensors (`net.stateDict()`). */
  readonly data?: D;
  /** Which export of the module is the training; default `'default'`. */
  readonly exportName?: string;
  /** Cancels the training when it aborts. */
  readonly signal?: AbortSignal;
  /** Milliseconds from `cancel()` until a training that reaches no checkpoint is ended; default 5,000. */
  readonly patienceMs?: number;
}

/** Values that wait for one iterator. */
interface Queue<M> {
  readonly values: M[];
  wake: () => void;
}

/**
 * A training in a worker. Iterating over it gives what it reports, until it ends; leaving the loop early leaves the training running.
 * What was reported before the first iterator is kept for it.
 */
export class Trainer<M = unknown, R = unknown> implements AsyncIterable<M>, AsyncDisposable {
  /**
   * What the training returned.
   *
   * @throws WorkerError when it threw, with its error as `cause`; the reason of `cancel` when it was cancelled
   */
  readonly result: Promise<R>;
  private readonly thread: Promise<Thread>;
  private readonly control: Int32Array;
  private readonly isShared: boolean;
  private readonly patienceMs: number;
  private readonly queues: Queue<M>[] = [];
  private early: M[] | null = [];
  private reason: unknown = null;
  private isEnded = false;
  private settle!: { resolve: (value: R) => void; reject: (error: unknown) => void };
  private patience: ReturnType<typeof setTimeout> | undefined;
  private release: () => void = () => undefined;

  /** @internal */
  constructor(module: URL | (() => Worker), options: SpawnOptions) {
    const { data, exportName = 'default', signal, patienceMs = PATIENCE_MS } = options;
    this.patienceMs = patienceMs;
    this.isShared = typeof SharedArrayBuffer !== 'undefined';
    this.control = new Int32Array(this.isShared ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
    this.result = new Promise<R>((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    const own = typeof module !== 'function';
    this.thread = startThread({
      url: own ? new URL('./trainerWorker.js', import.meta.url) : null,
      web: own ? () => new Worker(new URL('./trainerWorker.js', import.meta.url), { type: 'module' }) : module,
      // A module of the user's own may take what time it wants before it exposes a training.
      ...(own ? { greetMs: START_MS } : {}),
      onMessage: (message) => this.hear(message as Answer),
    });
    const { message, transfer } = toMessage(data);
    const href = own ? module.href : null;
    this.post({ kind: 'start', module: href, exportName, data: message, control: this.control }, transfer);
    this.thread.then(
      (thread) =>
        thread.onEnd((cause) => this.fail(new WorkerError('the training ended early', { op: 'spawn', cause }))),
      (cause) => this.fail(new WorkerError('the training could not be started', { op: 'spawn', cause })),
    );
    if (signal !== undefined) {
      const abort = (): void => this.cancel(signal.reason);
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort);
      this.release = () => signal.removeEventListener('abort', abort);
    }
  }

  /** `'running'`, `'paused'`, `'cancelled'` (on its way to the end) or `'ended'`. */
  get state(): 'running' | 'paused' | 'cancelled' | 'ended' {
    if (this.isEnded) return 'ended';
    return (['running', 'paused', 'cancelled'] as const)[Atomics.load(this.control, 0)];
  }

  /** The training stops at its next checkpoint, until it is resumed. A program whose trainings are all paused may end. */
  pause(): void {
    if (this.state === 'running') this.setState(PAUSED);
  }

  resume(): void {
    if (this.state === 'paused') this.setState(RUNNING);
  }

  /**
   * The next checkpoint of the training throws an AbortError. A training that catches it may still return something, such as its
   * weights so far; else `result` rejects with the reason.
   */
  cancel(reason: unknown = new DOMException('the training was cancelled', 'AbortError')): void {
    if (this.state === 'ended' || this.state === 'cancelled') return;
    this.reason = reason;
    this.setState(CANCELLED);
    this.patience = setTimeout(() => this.fail(reason), this.patienceMs);
  }

  /** Sends a value to `context.onMessage`. */
  send(value: unknown): void {
    if (this.isEnded) return;
    const { message, transfer } = toMessage(value);
    this.post({ kind: 'send', value: message }, transfer);
  }

  /** Ends the training at once. */
  async terminate(): Promise<void> {
    this.fail(new WorkerError('the training was terminated', { op: 'terminate' }));
    await this.thread.then((thread) => thread.terminate()).catch(() => undefined);
  }

  async [symbolAsyncDispose](): Promise<void> {
    this.result.catch(() => undefined);
    await this.terminate();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<M, void, undefined> {
    const queue: Queue<M> = { values: this.early ?? [], wake: () => undefined };
    this.early = null;
    this.queues.push(queue);
    // A failure is told at the end of the loop.
    this.result.catch(() => undefined);
    try {
      for (;;) {
        while (queue.values.length > 0) yield queue.values.shift() as M;
        if (this.isEnded) break;
        await new Promise<void>((resolve) => {
          queue.wake = resolve;
        });
      }
      await this.result;
    } finally {
      this.queues.splice(this.queues.indexOf(queue), 1);
    }
  }

  private post(order: Order, transfer: readonly Transferable[] = []): void {
    this.thread.then((thread) => thread.post(order, transfer)).catch((error) => this.fail(error));
  }

  private setState(state: number): void {
    Atomics.store(this.control, 0, state);
    if (this.isShared) Atomics.notify(this.control, 0);
    this.post({ kind: 'state', state });
    this.thread.then((thread) => thread.hold(state !== PAUSED)).catch(() => undefined);
  }

  private hear(answer: Answer): void {
    if (this.isEnded) return;
    if (answer.kind === 'report') {
      const value = fromMessage(answer.value) as M;
      this.early?.push(value);
      for (const queue of this.queues) {
        queue.values.push(value);
        queue.wake();
      }
    } else if (answer.kind === 'result') {
      this.settle.resolve(fromMessage(answer.value) as R);
      this.end();
    } else if (this.state === 'cancelled' && answer.error.name === 'AbortError') {
      this.fail(this.reason);
    } else {
      const cause = unpackError(answer.error);
      this.fail(new WorkerError(`the training threw: ${cause.message}`, { op: 'spawn', cause }));
    }
  }

  private fail(error: unknown): void {
    if (this.isEnded) return;
    this.settle.reject(error);
    this.end();
  }

  private end(): void {
    this.isEnded = true;
    clearTimeout(this.patience);
    this.release();
    for (const queue of this.queues) queue.wake();
    this.thread.then((thread) => thread.terminate()).catch(() => undefined);
  }
}

/**
 * Runs a training module in a worker of its own: the thread that calls stays free, while the training may block, and may start a pool
 * (`start()`) itself.
 *
 * The module's default export is an async function of a context: `context.data` is what it was given, `context.report(value)` sends
 * progress, `await context.checkpoint()` is where pause, resume and cancel take effect. Tensors in `data`, in what is reported, sent
 * and returned arrive as tensors: `net.loadStateDict(await trainer.result)`.
 *
 * @param module its URL, `new URL('./train.js', import.meta.url)`; or, for bundlers,
 *   `() => new Worker(new URL('./train.js', import.meta.url), { type: 'module' })` with a module that calls `expose`
 * @throws ValueError when the module is neither
 *
 * @example
 * const trainer = spawn(new URL('./train.js', import.meta.url), { data: { epochs: 10, weights: net.stateDict() } });
 * for await (const { epoch, loss } of trainer) console.log(epoch, loss);
 * net.loadStateDict(await trainer.result);
 */
export function spawn<M = unknown, R = unknown, D = unknown>(
  module: URL | string | (() => Worker),
  options: SpawnOptions<D> = {},
): Trainer<M, R> {
  if (typeof module === 'function') return new Trainer<M, R>(module, options);
  let url: URL;
  try {
    url = new URL(module);
  } catch (cause) {
    throw new ValueError(`module must be a URL, such as new URL('./train.js', import.meta.url), but got ${module}`, {
      op: 'spawn',
      cause,
    });
  }
  return new Trainer<M, R>(url, options);
}
