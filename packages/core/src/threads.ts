/** Starting a thread and talking to it, in whichever way the runtime has: the one place that knows. For the packages above. */

import { WorkerError } from './errors.ts';

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
  readonly onMessage: (message: unknown) => void;
}

/** Starts a module as a thread. */
export async function startThread({ url, web, data, onMessage }: ThreadStart): Promise<Thread> {
  const node = await nodeThreads();
  let ended: { readonly cause: unknown } | null = null;
  const listeners: ((cause: unknown) => void)[] = [];
  const end = (cause: unknown): void => {
    ended ??= { cause };
    for (const listener of listeners.splice(0)) listener(ended.cause);
  };
  const onEnd = (listener: (cause: unknown) => void): void => {
    listeners.push(listener);
    if (ended !== null) end(ended.cause);
  };
  if (node !== null && url !== null) {
    const worker = new node.Worker(url, { workerData: data });
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
  if (typeof Worker === 'undefined') throw new WorkerError('this runtime has no workers', { op: 'startThread' });
  const worker = web();
  worker.onmessage = (event) => onMessage(event.data);
  worker.onmessageerror = () => end('a message could not be read');
  worker.onerror = (event) => {
    event.preventDefault();
    end(event.error ?? event.message ?? 'the module did not load');
  };
  if (data !== undefined) worker.postMessage(data);
  return {
    post: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    onEnd,
    hold: () => undefined,
    terminate: async () => {
      worker.terminate();
      end('the thread was terminated');
    },
  };
}

/** The way from a thread back to whoever started it. */
export interface Parent {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Messages that came before anyone listened are not lost. */
  listen(listener: (message: unknown) => void): void;
}

/** Whoever started this thread; null on the main one. In a page's worker, call it before anything else is awaited. */
export async function parentThread(): Promise<Parent | null> {
  const { WorkerGlobalScope } = globalThis as { WorkerGlobalScope?: new () => object };
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const isWeb = process?.versions?.node === undefined;
  if (isWeb && WorkerGlobalScope !== undefined && globalThis instanceof WorkerGlobalScope) {
    const scope = globalThis as unknown as Worker;
    const early: unknown[] = [];
    scope.onmessage = ({ data }) => early.push(data);
    return {
      post: (message, transfer = []) => scope.postMessage(message, [...transfer]),
      listen(listener) {
        scope.onmessage = ({ data }) => listener(data);
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
