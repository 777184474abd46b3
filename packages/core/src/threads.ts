/** Starting a thread and talking to it, in whichever way the runtime has: the one place that knows. For the packages above. */

import { WorkerError } from './errors.ts';
import { HOSTING, Host, hearHost, isHost, makeWorker } from './hosting.ts';

/** The parts of Node's workers, and of `parentPort`, that are used. */
interface NodePort {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown, transfer?: readonly Transferable[]): void;
  ref(): void;
  unref(): void;
}

interface NodeThreads {
  readonly Worker: new (url: URL, options: { workerData: unknown }) => NodePort & { terminate(): Promise<number> };
  readonly parentPort: NodePort | null;
  readonly isMainThread: boolean;
}

/** `node:worker_threads` where there is such a thing: Node, Bun and Deno. */
async function nodeThreads(): Promise<NodeThreads | null> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) return null;
  // Not a literal, so that bundlers for browsers leave it alone.
  const name = 'node:worker_threads';
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as NodeThreads;
}

/** A thread that has been started. */
export interface Thread {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Calls back once, when the thread has ended: with the error that ended it, or with a sentence. */
  onEnd(listener: (cause: unknown) => void): void;
  /** Whether the program waits for the thread (it does from the start), or may end before it. Pages end in any case. */
  hold(on: boolean): void;
  terminate(): Promise<void>;
}

/** What starts as a thread. */
export interface ThreadStart {
  /** null for what only `web` can start. */
  readonly url: URL | null;
  /**
   * The same for browsers, where bundlers look for the literal expression
   * `new Worker(new URL('./file.js', import.meta.url), { type: 'module' })`.
   */
  readonly web: () => Worker;
  /** `workerData` in Node; elsewhere, the first message. */
  readonly data?: unknown;
  /**
   * How long a page waits for the module's greeting before it starts it anew; `parentThread` greets. Left out for modules that do not
   * call it.
   */
  readonly greetMs?: number;
  readonly onMessage: (message: unknown) => void;
}

/** How often something is started, in place of what is late or lost, before that fails. */
export const STARTING_ATTEMPTS = 5;
/** What takes so long to start is started anew. */
export const START_MS = 30_000;

/** What a worker of a page says first. */
const GREETING = 'torsor: here';

/** When a thread ends, and who wants to know. */
class Ending {
  private ended: { readonly cause: unknown } | null = null;
  private readonly listeners: ((cause: unknown) => void)[] = [];

  readonly end = (cause: unknown): void => {
    this.ended ??= { cause };
    for (const listener of this.listeners.splice(0)) listener(this.ended.cause);
  };

  readonly onEnd = (listener: (cause: unknown) => void): void => {
    this.listeners.push(listener);
    if (this.ended !== null) this.end(this.ended.cause);
  };
}

/** Starts a module as a thread. */
export async function startThread(start: ThreadStart): Promise<Thread> {
  const node = await nodeThreads();
  if (node !== null && start.url !== null) return startInNode(node, start.url, start);
  if (typeof Worker === 'undefined') throw new WorkerError('this runtime has no workers', { op: 'startThread' });
  return new WebThread(start);
}

function startInNode({ Worker }: NodeThreads, url: URL, { data, onMessage }: ThreadStart): Thread {
  const { end, onEnd } = new Ending();
  const worker = new Worker(url, { workerData: data });
  worker.on('message', onMessage);
  worker.on('messageerror', end);
  worker.on('error', end);
  worker.on('exit', (code) => end(`the thread ended with code ${String(code)}`));
  let termination: Promise<void> | null = null;
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onEnd,
    hold: (on) => (on ? worker.ref() : worker.unref()),
    // Each call of Node's own adds a listener.
    terminate: () => {
      termination ??= worker.terminate().then(() => end('the thread was terminated'));
      return termination;
    },
  };
}

/**
 * A worker of a page. Browsers have been seen that never load one, and never say so: one whose module does not say in time that it is
 * there is started anew, and what it is sent waits until then.
 */
class WebThread implements Thread {
  private readonly start: ThreadStart;
  private readonly ending = new Ending();
  readonly onEnd = this.ending.onEnd;
  private worker: Worker;
  /** Makes workers for this one, where that is better. */
  private host: Host | null = null;
  /** What waits for the greeting; null when nothing need wait. */
  private early: [message: unknown, transfer: readonly Transferable[]][] | null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: ThreadStart) {
    this.start = start;
    this.early = start.greetMs === undefined ? null : [];
    this.worker = this.begin();
  }

  private begin(): Worker {
    const { web, data, greetMs, onMessage } = this.start;
    const worker = makeWorker(web);
    // Whatever has data of its own takes the first message for it.
    const host = data === undefined && isHost() ? new Host(worker) : null;
    this.host = host;
    worker.onmessage = (event) => {
      if (event.data === GREETING) this.greeted();
      else if (!host?.hear(event.data)) onMessage(event.data);
    };
    worker.onmessageerror = () => this.end('a message could not be read');
    worker.onerror = (event) => {
      event.preventDefault();
      this.end(event.error ?? event.message ?? 'the module did not load');
    };
    if (host !== null) worker.postMessage(HOSTING);
    else if (data !== undefined) worker.postMessage(data);
    this.attempts++;
    if (greetMs !== undefined) this.timer = setTimeout(() => this.late(greetMs), greetMs);
    return worker;
  }

  private greeted(): void {
    clearTimeout(this.timer);
    const { early } = this;
    this.early = null;
    for (const [message, transfer] of early ?? []) this.post(message, transfer);
  }

  private late(greetMs: number): void {
    this.stop();
    if (this.attempts < STARTING_ATTEMPTS) this.worker = this.begin();
    else
      this.end(`the module was started ${this.attempts} times, and never said within ${greetMs} ms that it was there`);
  }

  private end(cause: unknown): void {
    clearTimeout(this.timer);
    this.ending.end(cause);
  }

  post(message: unknown, transfer: readonly Transferable[] = []): void {
    if (this.early === null) this.worker.postMessage(message, [...transfer]);
    else this.early.push([message, transfer]);
  }

  hold(): void {
    // Pages end in any case.
  }

  private stop(): void {
    this.worker.terminate();
    this.host?.end();
  }

  async terminate(): Promise<void> {
    this.stop();
    this.end('the thread was terminated');
  }
}

/** The way from a thread back to whoever started it. */
export interface Parent {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Messages that came before anyone listened are not lost. */
  listen(listener: (message: unknown) => void): void;
}

/**
 * Whoever started this thread, which is told that it is there; null on the main one. In a page's worker, call it before anything else is
 * awaited.
 */
export async function parentThread(): Promise<Parent | null> {
  const { WorkerGlobalScope } = globalThis as { WorkerGlobalScope?: new () => object };
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const isWeb = process?.versions?.node === undefined;
  if (isWeb && WorkerGlobalScope !== undefined && globalThis instanceof WorkerGlobalScope) {
    const scope = globalThis as unknown as Worker;
    const early: unknown[] = [];
    scope.onmessage = ({ data }) => {
      if (!hearHost(scope, data)) early.push(data);
    };
    scope.postMessage(GREETING);
    return {
      post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
      listen(listener) {
        scope.onmessage = ({ data }) => {
          if (!hearHost(scope, data)) listener(data);
        };
        for (const message of early.splice(0)) listener(message);
      },
    };
  }
  const port = (await nodeThreads())?.parentPort ?? null;
  return (
    port && {
      post: (message, transfer) => port.postMessage(message, transfer),
      listen: (listener) => port.on('message', listener),
    }
  );
}
