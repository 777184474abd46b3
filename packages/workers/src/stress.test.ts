/**
 * Random launches, starts, stops and deaths of threads, one after the other: every result is right or an error says that it is not, and
 * nothing is lost. `TORSOR_STRESS_MS=3600000` makes it an hour, `TORSOR_STRESS_SEED` another one.
 */

import type { Tensor } from '@torsor/core';
import * as torsor from '@torsor/core';
import { executor, heap, STARTING_ATTEMPTS, WorkerError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pool } from './index.ts';
import { start } from './index.ts';
import type { Thread } from './threads.ts';

const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
const threaded = isShared ? test : test.skip;

const { env = {} } = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process ?? {};
const LASTS_MS = Number(env.TORSOR_STRESS_MS ?? 3000);
const SEED = Number(env.TORSOR_STRESS_SEED ?? 1);
const WATCHDOG_MS = 400;

/** A linear congruential generator (Numerical Recipes' constants): below `n`. */
function numbers(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Ops of several kernels each, and sizes that are shared by few and by many. */
const ops: readonly ((x: Tensor) => Tensor)[] = [
  (x) => x.matmul(x.t()),
  (x) => torsor.softmax(x, 1).sum(0),
  (x) => x.t().contiguous().exp(),
  (x) => torsor.conv2d(x.view(1, 1, ...x.shape), torsor.ones(8, 1, 3, 3), { padding: 1 }),
  (x) => torsor.cumsum(x, 1).add(x),
  (x) => torsor.variance(x, 0),
];
const SIZES = [40, 130, 300];

function bits(x: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = x.contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

threaded(`nothing is lost in ${LASTS_MS} ms of launches, starts, stops and deaths (seed ${SEED})`, async () => {
  const below = numbers(SEED);
  const operands = SIZES.map((n) => torsor.rand(n, n + 3));
  const expected = operands.map((x) => ops.map((op) => bits(op(x))));
  const counts = { launches: 0, starts: 0, kills: 0, failures: 0, givenUp: 0 };
  let pool: Pool | null = null;
  /** Deaths that no call has told of yet. */
  let dead = 0;
  /** Deaths since all threads were there. */
  let deaths = 0;

  const stop = async (): Promise<void> => {
    await pool?.stop();
    pool = null;
    dead = 0;
    deaths = 0;
  };
  /** Waits until lost threads are replaced: which fails where each attempt has lost a thread again, on a machine that is slow to start them. */
  const settle = async (): Promise<void> => {
    try {
      await pool?.settled();
      deaths = 0;
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      assert.ok(deaths >= STARTING_ATTEMPTS, `${error.message}, after ${deaths} deaths`);
      counts.givenUp++;
      await stop();
    }
  };
  const compute = (): void => {
    const [size, op] = [below(SIZES.length), below(ops.length)];
    try {
      const got = torsor.tidy(() => bits(ops[op](operands[size])));
      const want = expected[size][op];
      assert.is(got.length, want.length);
      const wrong: number[] = [];
      for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) wrong.push(i);
      if (wrong.length > 0) {
        const where = `${wrong.length} wrong bytes of ${want.length}, from ${wrong[0]} to ${wrong.at(-1)}`;
        assert.unreachable(`op ${op} of size ${size}: ${where}; ${JSON.stringify({ ...counts, dead, deaths })}`);
      }
      counts.launches++;
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      counts.failures++;
      // A call fails for a thread that has died, and for no other reason.
      assert.ok(dead-- > 0, error.message);
    }
  };

  const endMs = performance.now() + LASTS_MS;
  while (performance.now() < endMs) {
    const what = below(100);
    if (what < 3) {
      await stop();
    } else if (what < 8 && pool === null) {
      pool = await start({ threads: 2 + below(4), watchdogMs: WATCHDOG_MS });
      pool.sharesAll = below(2) === 0;
      counts.starts++;
    } else if (what < 9 && pool !== null) {
      const { workers } = pool as unknown as { workers: readonly Thread[] };
      if (workers.length > 0) {
        void workers[below(workers.length)].terminate();
        dead++;
        deaths++;
        counts.kills++;
      }
    } else if (what < 12) {
      await new Promise((resolve) => setTimeout(resolve, below(20)));
    } else if (what < 14) {
      await settle();
    } else {
      for (let i = below(10); i >= 0; i--) compute();
    }
  }
  await stop();
  console.log(`note: ${JSON.stringify(counts)}\n`);
  assert.is(executor().threads, 1);
  assert.ok(counts.launches > 0 && counts.starts > 0, JSON.stringify(counts));
});

test.run();
