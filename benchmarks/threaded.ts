/** Work on several threads, in turns with the same on one. */

import { executor, setExecutor } from '@torsor/core';
import * as t from 'torsor';
import type { Row, Run } from './row.ts';

/** The pool, in force only while a run wants it; parked, it costs the others nothing. */
let pool: Promise<t.workers.Pool> | null = null;

export function startPool(threads: number): Promise<t.workers.Pool> {
  pool ??= t.workers.start({ threads }).then((started) => {
    setExecutor(null);
    return started;
  });
  return pool;
}

/** A run under the pool, or without; what it makes is released. */
function under(threads: t.workers.Pool | null, run: Run): Run {
  return () => {
    if (executor() !== threads) setExecutor(threads);
    try {
      t.tidy(() => {
        run();
      });
    } finally {
      setExecutor(null);
    }
  };
}

/** The work on so many threads, with the same on one as what it is like. */
export function threaded(name: string, make: () => Run, threads: number, atLeast: Row['atLeast'] = {}): Row {
  return {
    name: `${name}, ${threads} threads`,
    make: async () => under(await startPool(threads), make()),
    like: { name: 'on one thread', flops: 1, make: async () => under(null, make()) },
    atLeast,
  };
}
