/** `start`: the pool of a program, of which there is one at a time. */

import { heap, START_MS, setExecutor, ValueError, WorkerError } from '@torsor/core';
import type { PoolOptions } from './pool.ts';
import { Pool } from './pool.ts';
import { MOST_THREADS } from './protocol.js';
import { cores } from './threads.ts';

/** A launch in which no task ends for so long has lost a thread. */
const WATCHDOG_MS = 10_000;

let running: Pool | null = null;
let hasWarned = false;

/**
 * Starts a pool of threads: from now on every kernel of the program uses them. Calls stay synchronous; results are the same to the
 * bit with any number of threads.
 *
 * Where memory cannot be shared (a page that is not cross-origin isolated) the pool has one thread, and a warning says so once.
 *
 * @returns the pool; end it with `await pool.stop()`, or `await using pool = await start()`. A program ends without, too.
 * @throws ValueError when `threads` is not a whole number from 1 to 64
 * @throws WorkerError when a pool of another number of threads runs already, or a thread fails to start
 *
 * @example
 * import { start } from '@torsor/workers';
 * const pool = await start({ threads: 4 });
 * const y = a.matmul(b); // on four threads
 * await pool.stop();
 */
export async function start(options: PoolOptions = {}): Promise<Pool> {
  const { threads: wanted, watchdogMs = WATCHDOG_MS, startMs = START_MS, ...rest } = options;
  for (const name of Object.keys(rest)) {
    throw new ValueError(`unknown option '${name}'; known: threads, watchdogMs, startMs`, { op: 'start' });
  }
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_THREADS)) {
    throw new ValueError(`threads must be a whole number from 1 to ${MOST_THREADS}, but got ${String(wanted)}`, {
      op: 'start',
      operands: { threads: wanted },
    });
  }
  for (const [name, ms] of Object.entries({ watchdogMs, startMs })) {
    if (!(ms > 0)) throw new ValueError(`${name} must be a positive number, but got ${String(ms)}`, { op: 'start' });
  }
  if (running !== null) {
    if (wanted === undefined || wanted === running.threads) return running;
    throw new WorkerError(`a pool of ${running.threads} threads runs already; stop it first`, {
      op: 'start',
      operands: { threads: wanted, running: running.threads },
    });
  }
  const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
  let threads = wanted ?? Math.min(MOST_THREADS, Math.max(1, cores()));
  if (!isShared && threads > 1) {
    threads = 1;
    if (!hasWarned) {
      hasWarned = true;
      console.warn(
        'torsor: this page cannot share memory, so kernels run on one thread. Serve it with the headers ' +
          "'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'.",
      );
    }
  }
  const pool: Pool = new Pool(threads, { watchdogMs, startMs }, () => {
    if (running === pool) running = null;
  });
  setExecutor(pool);
  running = pool;
  try {
    await pool.open();
  } catch (error) {
    await pool.stop();
    throw error;
  }
  return pool;
}
