/** Work on several threads, in turns with the same on one. */

import { executor, heap, setExecutor } from '@torsor/core';
import * as t from 'torsor';
import { peakLaunch } from './peak.ts';
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

/** What of so many threads' speed a program on registers must get, for all the cores to be there; and for how long that is tried. */
const LEAST_SHARE = 0.85;
const PROBES = 40;

/** Milliseconds of one launch of multiply-adds, each half of which another thread can take. */
function probe(threads: t.workers.Pool | null): number {
  setExecutor(threads);
  try {
    const startMs = performance.now();
    executor().run(peakLaunch, heap().memory, 0);
    return performance.now() - startMs;
  } finally {
    setExecutor(null);
  }
}

/** Whether each thread has a core to itself now, which a virtual machine's host may have lent elsewhere. */
function hasCores(pool: t.workers.Pool): boolean {
  let [one, many] = [0, 0];
  for (let i = 0; i < PROBES; i++) {
    many += probe(pool);
    one += probe(null);
  }
  return one / many >= LEAST_SHARE * pool.threads;
}

/** The work on so many threads, with the same on one as what it is like. */
export function threaded(name: string, make: () => Run, threads: number, atLeast: Row['atLeast'] = {}): Row {
  let started: t.workers.Pool | null = null;
  return {
    name: `${name}, ${threads} threads`,
    isFair: () => started !== null && hasCores(started),
    async make() {
      started = await startPool(threads);
      return under(started, make());
    },
    like: { name: 'on one thread', flops: 1, make: async () => under(null, make()) },
    atLeast,
  };
}
