/**
 * A thread of the pool: waits for launches, takes tasks, and compiles kernels from their bytes in the shared memory. It gets one
 * message, when it is started; after that everything goes through the memory.
 */

import {
  BUSY_US,
  changes,
  FAILED,
  finish,
  JOINED,
  KERNELS,
  PARKED,
  SEQUENCE,
  SPIN_US,
  STOP,
  TASKS_DONE,
  TEXT_BYTES,
  THREAD_WORDS,
  THREADS,
  TIMING,
  work,
} from './protocol.js';

/** @param {{ thread: number, memory: WebAssembly.Memory, ints: Int32Array, doubles: Float64Array, text: Uint8Array }} given */
function serve({ thread, memory, ints, doubles, text }) {
  /** @type {((...args: number[]) => unknown)[][]} */
  const kernels = [];
  const own = THREADS + thread * THREAD_WORDS;

  /** @param {number} kernel */
  const functionsOf = (kernel) => {
    kernels[kernel] ??= compile(kernel);
    return kernels[kernel];
  };

  /** @param {number} kernel */
  const compile = (kernel) => {
    const pointer = ints[KERNELS + 2 * kernel];
    const length = ints[KERNELS + 2 * kernel + 1];
    // Not every runtime compiles bytes that are shared.
    const bytes = new Uint8Array(memory.buffer, pointer >>> 0, length).slice();
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    return /** @type {((...args: number[]) => unknown)[]} */ (Object.values(exports));
  };

  /** @param {unknown} error */
  const fail = (error) => {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { length } = text;
    text.fill(0);
    const bytes = new TextEncoder().encode(message).subarray(0, Math.min(TEXT_BYTES, length));
    text.set(bytes);
    Atomics.compareExchange(ints, FAILED, 0, 1 + thread);
    finish(ints);
  };

  for (;;) {
    const sequence = Atomics.load(ints, SEQUENCE);
    if (Atomics.load(ints, STOP) === 1) return;
    const isTiming = ints[TIMING] === 1;
    const startMs = isTiming ? performance.now() : 0;
    let ran = 0;
    try {
      ran = work(ints, doubles, thread, functionsOf);
    } catch (error) {
      fail(error);
    }
    if (ran > 0) {
      ints[own + TASKS_DONE] += ran;
      ints[own + JOINED]++;
      if (isTiming) ints[own + BUSY_US] += Math.round(1000 * (performance.now() - startMs));
    }
    // Small launches follow each other closely: a thread that looks for the next one a while need not be woken for it.
    if (!changes(ints, SEQUENCE, sequence, ints[SPIN_US])) {
      Atomics.add(ints, PARKED, 1);
      Atomics.wait(ints, SEQUENCE, sequence);
      Atomics.sub(ints, PARKED, 1);
    }
  }
}

/** @param {any} given */
function begin(given) {
  try {
    given.ready();
    serve(given);
  } finally {
    given.ended();
  }
}

if (
  typeof WorkerGlobalScope !== 'undefined' &&
  globalThis instanceof WorkerGlobalScope &&
  typeof process === 'undefined'
) {
  globalThis.onmessage = ({ data }) => {
    begin({ ...data, ready: () => postMessage('ready'), ended: () => close() });
  };
  // Whoever started the thread hears of it as its end.
  globalThis.onmessageerror = () => {
    throw new Error('what the thread was given could not be read');
  };
} else {
  // Not a literal, so that bundlers for browsers leave it alone; not awaited, since their workers may not be modules.
  const name = 'node:worker_threads';
  import(/* @vite-ignore */ /* webpackIgnore: true */ name).then(({ parentPort, workerData }) => {
    begin({ ...workerData, ready: () => parentPort?.postMessage('ready'), ended: () => parentPort?.unref?.() });
  });
}
