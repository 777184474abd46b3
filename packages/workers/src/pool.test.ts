/** The pool: the same bits with any number of threads, and what happens when a thread throws, dies or hangs. */

import type { Executor, Launch, Tensor } from '@torsor/core';
import * as torsor from '@torsor/core';
import { conv2d, executor, exportTasks, heap, manualSeed, rand, randn, setExecutor, WorkerError } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pool, start } from './index.ts';
import type { Given, Thread } from './threads.ts';

/** Whether this runtime shares memory; where it does not, a pool has one thread, and there is little to test. */
const isShared = typeof SharedArrayBuffer !== 'undefined' && heap().memory.buffer instanceof SharedArrayBuffer;
const threaded = isShared ? test : test.skip;

async function withPool<T>(threads: number, fn: (pool: Pool) => T | Promise<T>, watchdogMs?: number): Promise<T> {
  const pool = await start({ threads, watchdogMs });
  try {
    return await fn(pool);
  } finally {
    await pool.stop();
  }
}

/** Large results of many ops. */
function compute(): Tensor[] {
  manualSeed(1);
  const a = rand(300, 257);
  const b = rand(257, 190);
  const x = randn(4, 20, 29, 31);
  const w = randn(24, 20, 3, 3);
  const w5 = randn(8, 10, 5, 3);
  return [
    a.matmul(b),
    a.t().contiguous().t().matmul(b),
    rand(9, 65, 33).matmul(rand(9, 33, 70)),
    a.matmul(b.select(1, 0)),
    conv2d(x, w, { padding: 1 }),
    conv2d(x, w5, { groups: 2, stride: 2, dilation: [1, 2] }),
    torsor.convBackwardInput(randn(4, 24, 29, 31), w, [4, 20, 29, 31], convParams(1)),
    torsor.convBackwardWeight(randn(4, 24, 29, 31), x, [24, 20, 3, 3], convParams(1)),
    a.exp().add(a.mul(2)).sub(a.select(0, 3)).tanh(),
    a.sum(0),
    a.sum(1),
    a.sum(),
    torsor.softmax(a, 1),
    torsor.softmax(a, 0),
    x.permute(0, 2, 3, 1).contiguous(),
    torsor.maxPool2d(x, 2),
    a.gt(0.5).to('float32'),
    a.to('float64').log().mean(0),
    ...others(),
  ];
}

/** Of kernels that move, order and update; large enough to be shared. */
function others(): Tensor[] {
  const [x, y] = [randn(517, 331), rand(517, 331)];
  const rows = torsor.randint(0, 9, [517]);
  const [param, buffer] = [x.clone(), torsor.zeros(517, 331)];
  torsor.sgdStep(param, y, buffer, { lr: 0.1, momentum: 0.9 });
  return [
    param,
    buffer,
    torsor.cat([x, y], 1),
    torsor.tril(x),
    x.cumsum(1),
    ...(Object.values(torsor.sort(x, 1)) as Tensor[]),
    torsor.gather(x, 0, torsor.randint(0, 517, [517, 331])),
    torsor.indexAdd(x, 0, rows, y),
    torsor.scatterAdd(x, 1, torsor.randint(0, 9, [517, 331]), y),
    torsor.where(x.gt(0), x, y),
    torsor.full([3, 300_007], 0.1),
  ];
}

function convParams(padding: number) {
  return { stride: [1, 1], padding: [padding, padding], dilation: [1, 1], groups: 1 };
}

const bits = (x: Tensor): Uint8Array => {
  const { buffer, byteOffset, byteLength } = x.contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
};

threaded('every op gives the same bits on 1, 2, 3 and 7 threads', async () => {
  const want = compute().map(bits);
  for (const threads of [1, 2, 3, 7]) {
    await withPool(threads, (pool) => {
      pool.sharesAll = true;
      for (let round = 0; round < 3; round++) {
        compute().forEach((x, i) => {
          const got = bits(x);
          assert.is(got.length, want[i].length);
          for (let j = 0; j < got.length; j++) {
            if (got[j] !== want[i][j]) assert.unreachable(`result ${i} on ${threads} threads differs at byte ${j}`);
          }
        });
      }
      const { launches, tasks, threads: each } = pool.stats();
      assert.is(each.length, threads);
      if (threads === 1) assert.is(launches, 0);
      else assert.ok(launches > 10 && tasks > launches, 'launches were shared');
    });
  }
});

threaded('threads do take part', async () => {
  await withPool(2, (pool) => {
    pool.timing = true;
    const a = rand(700, 700);
    for (let i = 0; i < 20; i++) a.matmul(a);
    const [caller, other] = pool.stats().threads;
    assert.ok(caller.tasks > 0 && other.tasks > 0, `${caller.tasks} and ${other.tasks} tasks`);
    assert.ok(caller.busyMs > 0 && other.busyMs > 0);
  });
});

/** A launch of `tasks` tasks of a kernel made for a test. */
function launchOf(name: string, tasks: number, body: Launch['emit']): Launch {
  return { name, emit: body, entry: 'run', args: [], tasks, ns: 1e6, scratchBytes: 0 };
}

/** Traps in every task. */
const trapping = launchOf('test_trap', 16, (code) => {
  exportTasks(code, 'run', { task: 'i32', scratch: 'i32' }, () => code.unreachable());
});

/**
 * Takes a while on the caller, which it knows by its scratch memory, and some seconds on any other thread: to a caller with less
 * patience, that one has died.
 */
const hanging = (callersScratch: number, turns = 20_000_000): Launch => ({
  name: 'test_hang',
  emit: (code) => {
    exportTasks(code, 'run', { task: 'i32', scratch: 'i32', own: 'i32', turns: 'i32' }, ({ scratch, own, turns }) => {
      const [i, round, rounds] = code.locals('i32', 3);
      rounds.set(code.i32.add(1, code.i32.mul(200, code.i32.ne(scratch, own))));
      code.forRange(round, 0, rounds, 1, () => {
        code.forRange(i, 0, turns, 1, () => {
          code.drop(code.i32.load(own));
        });
      });
    });
  },
  entry: 'run',
  args: [callersScratch, turns],
  tasks: 16,
  ns: 1e9,
  scratchBytes: 64,
});

const product = (): number => {
  const a = torsor
    .arange(400 * 400)
    .view(400, 400)
    .remainder(7);
  return a.matmul(a).sum().item();
};

threaded('a kernel that traps makes the call throw, and the next call works', async () => {
  const want = product();
  await withPool(3, () => {
    for (let i = 0; i < 20; i++) {
      assert.throws(
        () => executor().run(trapping, heap().memory, 0),
        (error: Error) => error instanceof WebAssembly.RuntimeError || error instanceof WorkerError,
      );
      assert.is(product(), want);
    }
  });
});

threaded('a launch that loses a thread throws WorkerError after the watchdog time, and the pool heals', async () => {
  const want = product();
  await withPool(
    2,
    async (pool) => {
      let caught: unknown = null;
      const scratch = heap().allocate(64);
      try {
        executor().run(hanging(scratch), heap().memory, scratch);
      } catch (error) {
        caught = error;
      }
      heap().release(scratch);
      assert.ok(caught instanceof WorkerError, String(caught));
      assert.match((caught as Error).message, /no task of a launch has ended for 300 ms/);
      assert.is(product(), want, 'on one thread, meanwhile');
      await pool.settled();
      assert.is(product(), want);
      const before = pool.stats().threads[1].tasks;
      for (let i = 0; i < 200 && pool.stats().threads[1].tasks === before; i++) product();
      assert.ok(pool.stats().threads[1].tasks > before, 'the new thread works');
    },
    300,
  );
});

threaded(
  'a thread that is terminated from outside in the middle of a launch costs that call, and no other',
  async () => {
    const want = product();
    const patienceMs = 500;
    const pool = await start({ threads: 2, watchdogMs: patienceMs });
    try {
      for (let round = 0; round < 3; round++) {
        // As the system might: the pool is not told.
        const [victim] = (pool as unknown as { workers: readonly Thread[] }).workers;
        void victim.terminate();
        const endMs = performance.now() + 2 * patienceMs;
        let failures = 0;
        while (performance.now() < endMs) {
          try {
            assert.is(product(), want);
          } catch (error) {
            assert.ok(error instanceof WorkerError, String(error));
            failures++;
          }
        }
        assert.ok(failures <= 1, `${failures} calls failed`);
        // Whether the pool noticed in a launch or hears of it now, it replaces the thread.
        await new Promise((resolve) => setTimeout(resolve, 50));
        await pool.settled();
        pool.sharesAll = true;
        const before = pool.stats().threads[1].tasks;
        for (let i = 0; i < 2000 && pool.stats().threads[1].tasks === before; i++) assert.is(product(), want);
        assert.ok(pool.stats().threads[1].tasks > before, 'the new thread works');
      }
    } finally {
      await pool.stop();
    }
  },
);

threaded(
  'threads that do not start in time are started anew, and a pool none of whose threads start says so',
  async () => {
    const want = product();
    const ended: number[] = [];
    const never = new Promise<void>(() => undefined);
    const silent = async (given: readonly Given[]): Promise<Thread[]> =>
      given.map(({ thread }) => ({
        ready: never,
        onEnd: () => undefined,
        terminate: async () => void ended.push(thread),
      }));

    const lost = new Pool(3, { watchdogMs: 1000, startMs: 20 });
    lost.starter = silent;
    await lost.open().then(
      () => assert.unreachable('no thread has started'),
      (error) => {
        assert.instance(error, WorkerError);
        assert.is(error.message, 'start: not all of 2 threads have started within 20 ms');
      },
    );
    assert.equal(ended, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    await lost.stop();

    const pool = new Pool(2, { watchdogMs: 1000, startMs: 20 });
    const starter = pool.starter;
    let attempts = 0;
    pool.starter = (given) => {
      if (++attempts < 3) return silent(given);
      Object.assign(pool, { startMs: 60_000 });
      return starter(given);
    };
    await pool.open();
    try {
      assert.is(attempts, 3);
      setExecutor(pool);
      pool.sharesAll = true;
      for (let i = 0; i < 2000 && pool.stats().threads[1].tasks === 0; i++) assert.is(product(), want);
      assert.ok(pool.stats().threads[1].tasks > 0, 'the thread works');
    } finally {
      await pool.stop();
    }
    assert.is(executor().threads, 1);
  },
);

threaded(
  'the thread that takes the place of a lost one meets it nowhere: not in counters, arguments or scratch space',
  async () => {
    const want = product();
    const pool = await start({ threads: 2 });
    try {
      pool.sharesAll = true;
      assert.is(product(), want);
      const state = pool as unknown as { workers: readonly Thread[]; ints: object; doubles: object; scratch: number[] };
      const { ints, doubles, scratch } = state;
      const [place] = scratch;
      assert.ok(place > 0, 'a product takes scratch space');
      await state.workers[0].terminate();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await pool.settled();
      assert.is(product(), want);
      assert.is.not(state.ints, ints);
      assert.is.not(state.doubles, doubles);
      assert.ok(state.scratch[0] > 0);
      assert.is.not(state.scratch[0], place);
    } finally {
      await pool.stop();
    }
  },
);

threaded("what a lost launch was to write to is nobody else's while a thread of it may go on", async () => {
  const bytes = 1 << 16;
  await withPool(
    2,
    async (pool) => {
      const scratch = heap().allocate(64);
      const out = heap().allocate(bytes);
      assert.throws(() => executor().run(hanging(scratch), heap().memory, scratch), 'no task of a launch has ended');
      heap().release(out);
      const others = Array.from({ length: 50 }, () => heap().allocate(bytes));
      assert.not(others.includes(out));
      for (const other of others) heap().release(other);
      heap().release(scratch);
      await pool.settled();
    },
    300,
  );
});

threaded('a launch of more calls than a launch has tasks runs each of them once', async () => {
  const calls = 10_007;
  const counts = heap().allocate(4 * calls);
  const count = launchOf('test_count', calls, (code) => {
    exportTasks(code, 'run', { task: 'i32', scratch: 'i32', counts: 'i32' }, ({ task, counts: at }) => {
      const place = code.local('i32', code.index(at, task, 4));
      code.i32.store(place, code.i32.add(code.i32.load(place), 1));
    });
  });
  for (const threads of [2, 3, 7]) {
    await withPool(threads, (pool) => {
      new Int32Array(heap().memory.buffer, counts, calls).fill(0);
      pool.sharesAll = true;
      for (let round = 0; round < 20; round++) pool.run({ ...count, args: [counts] }, heap().memory, 0);
      assert.is(pool.stats().launches, 20);
      assert.ok(new Int32Array(heap().memory.buffer, counts, calls).every((times) => times === 20));
    });
  }
  heap().release(counts);
});

threaded('after launches that lost time to a thread, the next are not shared for a while', async () => {
  const want = product();
  await withPool(2, (pool) => {
    const scratch = heap().allocate(64);
    // A task takes the other thread 200 times as long as the caller, whose own take so long that the other gets one on a single core, too.
    const slow = hanging(scratch, 1_000_000);
    let hasRested = false;
    for (let i = 0; i < 50 && !hasRested; i++) {
      // The first may find the thread parked, the second is the first to lose time, the third says that it was no chance.
      for (let launch = 0; launch < 3; launch++) pool.run(slow, heap().memory, scratch);
      const { launches } = pool.stats();
      assert.is(product(), want);
      hasRested = pool.stats().launches === launches;
    }
    heap().release(scratch);
    assert.ok(hasRested, 'all launches were shared');
  });
});

test('starting twice gives the same pool, or an error for another number of threads; stopping twice does nothing', async () => {
  const pool = await start({ threads: 2 });
  assert.is(await start(), pool);
  assert.is(await start({ threads: pool.threads }), pool);
  try {
    await start({ threads: 5 });
    assert.unreachable('another number');
  } catch (error) {
    assert.ok(error instanceof WorkerError);
    assert.match((error as Error).message, /^start: a pool of \d threads? runs already; stop it first/);
  }
  await pool.stop();
  await pool.stop();
  assert.is(executor().threads, 1);
  const next = await start({ threads: 1 });
  assert.is(next.threads, 1);
  assert.not.equal(next, pool);
  await next.stop();
});

test('nonsense is refused before anything is started', async () => {
  for (const bad of [
    { threads: 0 },
    { threads: 1.5 },
    { threads: 65 },
    { threads: '2' },
    { watchdogMs: -1 },
    { startMs: Number.NaN },
    { cores: 2 },
  ]) {
    try {
      await start(bad as never);
      assert.unreachable(JSON.stringify(bad));
    } catch (error) {
      assert.match(
        (error as Error).message,
        /^start: (threads must be|(watchdogMs|startMs) must be a positive number|unknown option 'cores')/,
      );
    }
  }
  assert.is(executor().threads, 1);
});

threaded(
  'a second copy of the package does not displace the pool of the first, and may have one when that has stopped',
  async () => {
    const url = `${import.meta.url.replace('pool.test', 'start')}?copy`;
    const copy = (await import(/* @vite-ignore */ url)) as typeof import('./start.ts');
    // Bun knows a module by its file alone.
    const isCopy = copy.start !== start;
    const rival: Executor = { threads: 2, isWorthSharing: () => true, run() {}, runRows() {} };
    await withPool(2, async (pool) => {
      try {
        if (isCopy) await copy.start({ threads: 2 });
        else setExecutor(rival);
        assert.unreachable('two pools');
      } catch (error) {
        assert.ok(error instanceof WorkerError, String(error));
        assert.match((error as Error).message, /another pool of threads runs already, of another copy/);
      }
      assert.is(executor(), pool);
    });
    const want = product();
    const second = await copy.start({ threads: 2 });
    assert.is(executor(), second);
    assert.is(product(), want);
    await second.stop();
  },
);

test.run();
