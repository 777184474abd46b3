/** A training's own side of `spawn`: what runs in the worker. */

import type { PackedError, Parent } from '@torsor/core';
import { fromMessage, packError, parentThread, toMessage, WorkerError } from '@torsor/core';

/** States of a training, in the word that both sides share where memory can be shared. */
export const RUNNING = 0;
export const PAUSED = 1;
export const CANCELLED = 2;

/** What a training is sent. */
export type Order =
  | {
      readonly kind: 'start';
      /** null when the worker's own module has called `expose`. */
      readonly module: string | null;
      readonly exportName: string;
      readonly data: unknown;
      readonly control: Int32Array;
    }
  | { readonly kind: 'state'; readonly state: number }
  | { readonly kind: 'send'; readonly value: unknown };

/** What it answers. */
export type Answer =
  | { readonly kind: 'report'; readonly value: unknown }
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: PackedError };

/** What a training is given. */
export interface TrainingContext<D = unknown, M = unknown> {
  /** What `spawn` was given as `data`. */
  readonly data: D;
  /** Aborts when the training is cancelled; noticed at a checkpoint. */
  readonly signal: AbortSignal;
  /** Sends a value to whoever iterates over the trainer. Tensors in it (a state dict) travel as their numbers. */
  report(value: M): void;
  /**
   * Lets messages in; waits while the training is paused.
   *
   * @throws DOMException (AbortError) when the training has been cancelled
   */
  checkpoint(): Promise<void>;
  /**
   * `checkpoint` for synchronous code: blocks while the training is paused. Messages stay out.
   *
   * @throws DOMException (AbortError) when the training has been cancelled
   * @throws WorkerError where memory cannot be shared
   */
  step(): void;
  /** Calls back, at checkpoints and whenever the training awaits something, with what `trainer.send` sends. */
  onMessage(listener: (value: unknown) => void): void;
}

/** A training: the default export of its module. What it returns is `trainer.result`. */
export type Training<D = unknown, M = unknown, R = unknown> = (context: TrainingContext<D, M>) => R | Promise<R>;

/** A turn of the event loop, in which messages arrive. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

class Context implements TrainingContext {
  readonly data: unknown;
  private readonly control: Int32Array;
  private readonly isShared: boolean;
  private readonly parent: Parent;
  private readonly aborter = new AbortController();
  private readonly listeners: ((value: unknown) => void)[] = [];
  private readonly unheard: unknown[] = [];
  private wake: () => void = () => undefined;

  constructor(parent: Parent, data: unknown, control: Int32Array) {
    this.parent = parent;
    this.data = data;
    this.control = control;
    this.isShared = typeof SharedArrayBuffer !== 'undefined' && control.buffer instanceof SharedArrayBuffer;
  }

  get signal(): AbortSignal {
    return this.aborter.signal;
  }

  /** What came from outside after the start. */
  hear(order: Order): void {
    if (order.kind === 'state') {
      if (!this.isShared) this.control[0] = order.state;
      if (this.state === CANCELLED) this.abort();
      this.wake();
    } else if (order.kind === 'send') {
      const value = fromMessage(order.value);
      if (this.listeners.length === 0) this.unheard.push(value);
      for (const listener of this.listeners) listener(value);
    }
  }

  private get state(): number {
    return this.isShared ? Atomics.load(this.control, 0) : this.control[0];
  }

  private abort(): unknown {
    if (!this.signal.aborted) this.aborter.abort(new DOMException('the training was cancelled', 'AbortError'));
    return this.signal.reason;
  }

  report(value: unknown): void {
    const { message, transfer } = toMessage(value);
    this.parent.post({ kind: 'report', value: message } satisfies Answer, transfer);
  }

  async checkpoint(): Promise<void> {
    await turn();
    while (this.state === PAUSED) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    if (this.state === CANCELLED) throw this.abort();
  }

  step(): void {
    if (!this.isShared) {
      throw new WorkerError('needs shared memory, which this page has not; use await context.checkpoint()', {
        op: 'step',
      });
    }
    while (this.state === PAUSED) Atomics.wait(this.control, 0, PAUSED);
    if (this.state === CANCELLED) throw this.abort();
  }

  onMessage(listener: (value: unknown) => void): void {
    this.listeners.push(listener);
    for (const value of this.unheard.splice(0)) listener(value);
  }
}

async function run(parent: Parent, context: Context, find: () => Promise<unknown>): Promise<void> {
  try {
    const train = await find();
    if (typeof train !== 'function')
      throw new WorkerError('the module exports no function of that name', { op: 'spawn' });
    const { message, transfer } = toMessage(await (train as Training)(context));
    parent.post({ kind: 'result', value: message } satisfies Answer, transfer);
  } catch (error) {
    parent.post({ kind: 'error', error: packError(error) } satisfies Answer);
  }
}

/** Waits for the order to start, and follows it. */
async function serve(exposed: Training | null): Promise<void> {
  const parent = await parentThread();
  let context: Context | null = null;
  parent?.listen((message) => {
    const order = message as Order;
    if (order?.kind !== 'start') {
      context?.hear(order);
      return;
    }
    context = new Context(parent, fromMessage(order.data), order.control);
    const { module, exportName } = order;
    void run(parent, context, async () => {
      if (module === null) return exposed;
      return (await import(/* @vite-ignore */ /* webpackIgnore: true */ module))[exportName];
    });
  });
}

/** Set in a worker that `spawn` has started itself; in every copy of this package. */
const STARTED = Symbol.for('torsor.trainer');

/** @internal The worker that `spawn` starts. */
export function serveTrainings(): Promise<void> {
  Reflect.set(globalThis, STARTED, true);
  return serve(null);
}

/**
 * Makes a module a worker that `spawn(() => new Worker(…))` starts: for bundlers, which must see where a worker is made. A module
 * that is given to `spawn` by its URL needs no such thing, and may have it.
 *
 * @returns the training
 *
 * @example
 * export default expose(async (context) => { … });
 */
export function expose<T extends Training<never, never>>(train: T): T {
  if (!Reflect.has(globalThis, STARTED)) void serve(train as unknown as Training);
  return train;
}
