/**
 * The pool: an executor that shares the tasks of a launch among threads. The caller is thread 0 and works, too; a launch is a few
 * words written to shared memory and, if workers are parked, one notification. See `protocol.js` for the rules.
 */

import type { Executor, Launch, Rows } from '@torsor/core';
import {
  executor,
  heap,
  kernel,
  kernelModule,
  runInline,
  STARTING_ATTEMPTS,
  setExecutor,
  symbolAsyncDispose,
  WorkerError,
} from '@torsor/core';
import {
  ARGUMENTS,
  BUSY_US,
  CALLS,
  COUNT,
  changes,
  clear,
  DONE,
  DOUBLES,
  deal,
  ENTRY,
  FAILED,
  finish,
  INTS,
  JOINED,
  KERNEL,
  KERNELS,
  MOST_KERNELS,
  PARKED,
  ROWS,
  SCRATCH,
  SEQUENCE,
  SPIN_US,
  STOP,
  TASKS,
  TASKS_DONE,
  TEXT_BYTES,
  THREAD_WORDS,
  THREADS,
  TIMING,
  WAITING,
  work,
} from './protocol.js';
import type { Given, Thread } from './threads.ts';
import { cores, mayWait, startThreads, terminated } from './threads.ts';

/** Microseconds in which no task ends, before the caller no longer looks for it but waits. */
const CALLER_SPIN_US = 50;
/** Microseconds that a worker looks for the next launch before it parks: longer than most gaps between two ops of a training step. */
const WORKER_SPIN_US = 200;
/** Many calls are put together into so many tasks for each thread, fewer than a queue can count (`deal`). */
const TASKS_PER_THREAD = 32;
/** Launches that take one thread less are not shared: some times what it costs to share one (`docs/scaling.md`). */
const SHARED_NS = 12_000;
/** The same while threads are parked; they are woken for less when so much has been missed since. */
const WAKING_NS = 80_000;
const MISSED_NS = 250_000;
/**
 * A launch that took so much longer than on one thread had a thread that the system put to other use. Once may be chance; if it happens
 * again within so many times as long as was lost, launches are not shared for as long: so a busy machine costs a program little.
 */
const LOST_MS = 0.5;
const RESTS = 5;
/** How often the caller looks whether tasks end. */
const LOOK_MS = 50;
/** The longest that a timer can be set to. */
const LONGEST_MS = 2 ** 31 - 1;
/** How long a lost thread may go on at least, though its runtime say that it has ended: Deno ends one two seconds after it says so. */
const LOST_THREAD_MS = 5_000;

type Run = (...args: number[]) => unknown;

/** How `start` makes a pool. */
export interface PoolOptions {
  /** Threads that work, the caller among them. Default: the cores that the runtime reports. */
  readonly threads?: number;
  /** Milliseconds in which some task of a launch must end, before the pool takes its threads for dead. Default 10,000. */
  readonly watchdogMs?: number;
  /** Milliseconds in which all threads must have started, before they are ended and started anew, five times at most. Default 30,000. */
  readonly startMs?: number;
}

/** What one thread has done. */
export interface ThreadStats {
  readonly tasks: number;
  /** Launches of which it took a task. */
  readonly launches: number;
  /** Milliseconds at work; 0 unless `timing` is on. */
  readonly busyMs: number;
}

/** What a pool has done since it started. */
export interface PoolStats {
  /** Launches that were shared, and those that ran on the calling thread alone because they were too small. */
  readonly launches: number;
  readonly inline: number;
  readonly tasks: number;
  /** Milliseconds that the caller waited for other threads after its own tasks were done. */
  readonly waitingMs: number;
  /** One entry a thread; the first is the caller. */
  readonly threads: readonly ThreadStats[];
}

/** A pool of threads, made by `start`. */
export class Pool implements Executor, AsyncDisposable {
  readonly threads: number;
  private ints: Int32Array;
  private doubles: Float64Array;
  private text: Uint8Array;
  private workers: Thread[] = [];
  private readonly watchdogMs: number;
  private readonly startMs: number;
  private readonly onStop: () => void;
  private readonly spins: boolean;
  /** @internal For tests: shares launches of any size. */
  sharesAll = false;
  /** @internal For tests: how threads are started. */
  starter = startThreads;
  private generation = 0;
  /** Kernels by what they export here, and their functions. */
  private readonly ids = new Map<object, number>();
  private readonly functions: Run[][] = [];
  private readonly entries: string[][] = [];
  private scratchBytes = 0;
  private scratch: number[] = [];
  private launches = 0;
  private inlineLaunches = 0;
  private waitingMs = 0;
  /** What launches have taken that were not shared because threads were parked. */
  private missedNs = 0;
  /** Until when launches are not shared, since threads have other things to do; 0 if they are. */
  private restUntilMs = 0;
  /** Until when a launch that loses time to the system is not the first to. */
  private suspectsUntilMs = 0;
  private isWorking = false;
  private isStopped = false;
  /** Set while threads are being replaced. */
  private healing: Promise<void> | null = null;

  /** @internal */
  constructor(
    threads: number,
    { watchdogMs, startMs }: Required<Omit<PoolOptions, 'threads'>>,
    onStop: () => void = () => undefined,
  ) {
    this.threads = threads;
    this.onStop = onStop;
    this.watchdogMs = watchdogMs;
    this.startMs = startMs;
    // A pool of one thread shares nothing, and may not be able to.
    const Block = threads > 1 ? SharedArrayBuffer : ArrayBuffer;
    this.ints = new Int32Array(new Block(INTS * 4));
    this.doubles = new Float64Array(new Block(DOUBLES * 8));
    this.text = new Uint8Array(new Block(TEXT_BYTES));
    // Threads that must take turns on a core look for work in vain, and keep it from the one that has some.
    this.spins = threads <= cores();
    this.ints[COUNT] = threads;
    this.ints[SPIN_US] = this.spins ? WORKER_SPIN_US : 0;
  }

  /**
   * @internal Starts the workers; resolves when all of them wait for work. Late ones are tried again; a failure to start only where what
   * ended one thread may not end the next.
   */
  async open(triesFailures = false): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.openOnce();
      } catch (error) {
        if (attempt === STARTING_ATTEMPTS || this.isStopped || !(triesFailures || error instanceof Late)) throw error;
        this.leave([]);
      }
    }
  }

  private async openOnce(): Promise<void> {
    const given: Given[] = [];
    for (let thread = 1; thread < this.threads; thread++) {
      given.push({ thread, memory: heap().memory, ints: this.ints, doubles: this.doubles, text: this.text });
    }
    this.workers = await this.starter(given);
    const workers = this.workers;
    for (const worker of workers) {
      worker.onEnd(() => {
        if (!this.isStopped && this.workers === workers) this.heal();
      });
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Late(workers.length, this.startMs)), Math.min(this.startMs, LONGEST_MS));
    });
    try {
      await Promise.race([Promise.all(workers.map(({ ready }) => ready)), late]);
    } catch (error) {
      this.workers = [];
      await terminated(workers);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  isWorthSharing(ns: number): boolean {
    const isShared = this.gains(ns);
    if (!isShared) this.inlineLaunches++;
    return isShared;
  }

  /** To wake threads takes longer than a small launch does, but pays if many follow: so those are counted that could have used them. */
  private gains(ns: number): boolean {
    if (!this.isReady) return false;
    if (this.sharesAll) return true;
    if (ns < SHARED_NS) return false;
    if (this.restUntilMs > 0) {
      if (performance.now() < this.restUntilMs) return false;
      this.restUntilMs = 0;
    }
    if (ns >= WAKING_NS || Atomics.load(this.ints, PARKED) === 0) return true;
    this.missedNs += ns;
    if (this.missedNs < MISSED_NS) return false;
    this.missedNs = 0;
    return true;
  }

  run(launch: Launch, memory: WebAssembly.Memory, scratchPtr: number): void {
    const { args, tasks, ns, scratchBytes } = launch;
    const isShared = tasks > 1 && memory === heap().memory && this.gains(ns);
    if (!isShared || !this.setScratch(scratchBytes)) {
      this.inlineLaunches++;
      runInline(launch, memory, scratchPtr);
      return;
    }
    const id = this.idOf(launch);
    this.ints[THREADS + SCRATCH] = scratchPtr;
    this.doubles.set(args);
    this.share(id, launch.entry, false, args.length, tasks);
  }

  runRows(rows: Rows): void {
    const { length } = rows.rows;
    const width = rows.rows[0]?.length ?? 0;
    if (length < 2 || !this.isReady) {
      const run = kernel(rows.name, rows.emit, heap().memory)[rows.entry];
      for (const row of rows.rows) run(...row);
      return;
    }
    const id = this.idOf(rows);
    const { doubles } = this;
    const most = Math.floor(DOUBLES / width);
    for (let first = 0; first < length; first += most) {
      const count = Math.min(most, length - first);
      for (let i = 0, at = 0; i < count; i++) {
        const row = rows.rows[first + i];
        for (let k = 0; k < width; k++) doubles[at++] = row[k];
      }
      this.share(id, rows.entry, true, width, count);
    }
  }

  /** Whether launches are shared now: not while the pool heals, and not from inside a launch. */
  private get isReady(): boolean {
    return this.workers.length > 0 && this.healing === null && !this.isWorking && !this.isStopped;
  }

  /** Runs `calls` of a kernel, each with a row of `count` arguments of its own or all with the same. */
  private share(id: number, entry: string, hasRows: boolean, count: number, calls: number): void {
    const { ints } = this;
    const tasks = Math.min(calls, TASKS_PER_THREAD * this.threads);
    this.isWorking = true;
    this.launches++;
    try {
      this.generation++;
      ints[TASKS] = tasks;
      Atomics.store(ints, KERNEL, id);
      ints[ENTRY] = this.entries[id].indexOf(entry);
      ints[CALLS] = calls;
      ints[ROWS] = hasRows ? 1 : 0;
      ints[ARGUMENTS] = count;
      ints[FAILED] = 0;
      Atomics.store(ints, DONE, 0);
      deal(ints, this.generation, tasks);
      Atomics.add(ints, SEQUENCE, 1);
      const wakes = Atomics.load(ints, PARKED) > 0;
      if (wakes) Atomics.notify(ints, SEQUENCE);
      const startMs = performance.now();
      const { ran, failure } = this.takeTasks();
      ints[THREADS + TASKS_DONE] += ran;
      ints[THREADS + JOINED]++;
      if (ints[TIMING] === 1) ints[THREADS + BUSY_US] += Math.round(1000 * (performance.now() - startMs));
      if (Atomics.load(ints, DONE) < tasks) {
        const waitMs = this.wait(tasks);
        const endMs = performance.now();
        // From what the caller's own tasks took; if it got none, it cannot tell.
        const aloneMs = ((endMs - waitMs - startMs) * tasks) / ran;
        const lostMs = endMs - startMs - aloneMs;
        // What it takes to wake threads says nothing of later launches.
        if (lostMs > LOST_MS && !wakes) {
          const untilMs = endMs + RESTS * lostMs;
          if (endMs < this.suspectsUntilMs) this.restUntilMs = untilMs;
          this.suspectsUntilMs = untilMs;
        }
      }
      // Other threads may have been writing until now; only when they are done may the caller go on, with an error of its own, too.
      if (failure !== null) throw failure.error;
      if (ints[FAILED] !== 0) {
        const bytes = this.text.slice(0, this.text.indexOf(0));
        const cause = new TextDecoder().decode(bytes);
        throw new WorkerError(`thread ${ints[FAILED] - 1} failed in a kernel: ${cause}`, {
          op: entry,
          operands: { thread: ints[FAILED] - 1 },
          cause,
        });
      }
    } finally {
      this.isWorking = false;
    }
  }

  /** The caller's part of a launch. A task that fails is done, too: the others must be able to end. */
  private takeTasks(): { ran: number; failure: { error: unknown } | null } {
    let ran = 0;
    let failure: { error: unknown } | null = null;
    for (;;) {
      try {
        ran += work(this.ints, this.doubles, 0, (kernelId) => this.functions[kernelId]);
        return { ran, failure };
      } catch (error) {
        failure ??= { error };
        finish(this.ints);
      }
    }
  }

  /** Waits for the tasks that other threads have taken; returns the milliseconds. */
  private wait(tasks: number): number {
    const { ints } = this;
    const startMs = performance.now();
    let done = Atomics.load(ints, DONE);
    const spinUs = this.spins ? CALLER_SPIN_US : 0;
    while (done < tasks && changes(ints, DONE, done, spinUs)) done = Atomics.load(ints, DONE);
    let seenMs = startMs;
    let idleMs = 0;
    Atomics.store(ints, WAITING, 1);
    while (done < tasks) {
      if (mayWait) Atomics.wait(ints, DONE, done, LOOK_MS);
      const now = Atomics.load(ints, DONE);
      const nowMs = performance.now();
      // A system that sleeps stops all threads: none is lost for that.
      idleMs = now === done ? idleMs + Math.min(nowMs - seenMs, 2 * LOOK_MS) : 0;
      seenMs = nowMs;
      if (idleMs > this.watchdogMs) {
        Atomics.store(ints, WAITING, 0);
        this.abandon();
        throw new WorkerError(
          `no task of a launch has ended for ${this.watchdogMs} ms: a thread is lost, and the result with it; the pool starts anew`,
          { op: 'Pool', operands: { tasks, done } },
        );
      }
      done = now;
    }
    Atomics.store(ints, WAITING, 0);
    const waitMs = performance.now() - startMs;
    this.waitingMs += waitMs;
    return waitMs;
  }

  /** Gives up a launch: nobody takes tasks of it any more, and the threads are replaced, since one may still be at work. */
  private abandon(): void {
    clear(this.ints);
    this.heal();
  }

  /** Replaces all threads; launches run on the caller's alone meanwhile. */
  private heal(): void {
    if (this.healing !== null || this.isStopped) return;
    const old = this.workers;
    this.workers = [];
    this.leave(old);
    this.healing = (async () => {
      await terminated(old);
      try {
        // What ended one thread may end another while it starts.
        if (!this.isStopped) await this.open(true);
      } catch (error) {
        if (!this.isStopped) throw error;
      }
    })().finally(() => {
      this.healing = null;
    });
    // Whoever calls `settled` hears of a failure; the pool itself goes on with one thread.
    this.healing.catch(() => undefined);
  }

  /**
   * Leaves lost threads behind. One that cannot be ended at once finds that it must end, and counts nothing any more that counts; nor may
   * it meet, in arguments, messages or scratch space, the thread that takes its place; and what its launch was to write to, which is nobody's
   * now, becomes nobody else's either while it may go on.
   */
  private leave(threads: readonly Thread[]): void {
    const lost = this.ints;
    this.ints = new Int32Array(new SharedArrayBuffer(INTS * 4));
    this.ints.set(lost);
    this.ints[PARKED] = 0;
    Atomics.store(lost, STOP, 1);
    this.doubles = new Float64Array(new SharedArrayBuffer(DOUBLES * 8));
    this.text = new Uint8Array(new SharedArrayBuffer(TEXT_BYTES));
    const home = heap();
    const end = home.hold(LOST_THREAD_MS);
    void Promise.allSettled(threads.map((thread) => thread.terminate())).then(end);
    for (const pointer of this.scratch.splice(0)) home.releaseApart(pointer);
    this.scratchBytes = 0;
  }

  /** Resolves when the pool has replaced the threads that it lost, if it lost any; rejects when it could not, and goes on with one. */
  async settled(): Promise<void> {
    await this.healing;
  }

  private idOf({ name, emit }: { name: string; emit: Launch['emit'] }): number {
    const exports = kernel(name, emit, heap().memory);
    const known = this.ids.get(exports);
    if (known !== undefined) return known;
    const { module, bytes } = kernelModule(name, emit, true);
    const id = this.ids.size;
    if (id === MOST_KERNELS) throw new WorkerError(`more than ${MOST_KERNELS} kernels`, { op: 'Pool' });
    const pointer = heap().allocate(bytes.length);
    if (pointer === 0) throw new WorkerError('out of memory for the code of a kernel', { op: 'Pool' });
    new Uint8Array(heap().memory.buffer, pointer, bytes.length).set(bytes);
    this.ints[KERNELS + 2 * id] = pointer;
    this.ints[KERNELS + 2 * id + 1] = bytes.length;
    this.entries[id] = WebAssembly.Module.exports(module).map((each) => each.name);
    this.functions[id] = this.entries[id].map((entry) => exports[entry]);
    this.ids.set(exports, id);
    return id;
  }

  /** Sees to it that each worker has so much scratch memory. */
  private setScratch(bytes: number): boolean {
    if (bytes <= this.scratchBytes) return true;
    const home = heap();
    for (const pointer of this.scratch) home.releaseApart(pointer);
    this.scratch = [];
    this.scratchBytes = 0;
    const want = Math.ceil(bytes / 65536) * 65536;
    for (let thread = 1; thread < this.threads; thread++) {
      const pointer = home.allocateApart(want);
      if (pointer === 0) return false;
      this.scratch.push(pointer);
      this.ints[THREADS + thread * THREAD_WORDS + SCRATCH] = pointer;
    }
    this.scratchBytes = want;
    return true;
  }

  /** What the pool has done since it started. */
  stats(): PoolStats {
    const threads = Array.from({ length: this.threads }, (_, thread) => {
      const at = THREADS + thread * THREAD_WORDS;
      return {
        tasks: this.ints[at + TASKS_DONE],
        launches: this.ints[at + JOINED],
        busyMs: this.ints[at + BUSY_US] / 1000,
      };
    });
    return {
      launches: this.launches,
      inline: this.inlineLaunches,
      tasks: threads.reduce((sum, { tasks }) => sum + tasks, 0),
      waitingMs: this.waitingMs,
      threads,
    };
  }

  /** Whether threads note how long they work. Costs two looks at the clock a launch. Default false. */
  get timing(): boolean {
    return this.ints[TIMING] === 1;
  }

  set timing(on: boolean) {
    this.ints[TIMING] = on ? 1 : 0;
  }

  /** Ends the threads; kernels run on the calling thread again. Stopping twice does nothing. */
  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    if (executor() === this) setExecutor(null);
    this.onStop();
    Atomics.store(this.ints, STOP, 1);
    Atomics.add(this.ints, SEQUENCE, 1);
    Atomics.notify(this.ints, SEQUENCE);
    await terminated(this.workers);
    const home = heap();
    for (const pointer of this.scratch.splice(0)) home.releaseApart(pointer);
    for (let id = 0; id < this.ids.size; id++) home.release(this.ints[KERNELS + 2 * id] >>> 0);
    this.ids.clear();
  }

  async [symbolAsyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Threads have not started in time. */
class Late extends WorkerError {
  constructor(threads: number, startMs: number) {
    super(`not all of ${threads} threads have started within ${startMs} ms`, {
      op: 'start',
      operands: { threads, startMs },
    });
  }
}
