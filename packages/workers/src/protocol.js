/**
 * What the caller and the workers share: one block of 32-bit integers and one of doubles, and the rules by which they change it.
 * JavaScript, since workers load it as it is.
 *
 * The tasks of a launch are in queues, one a thread: neighbours, so that what a thread computes of one tensor it reads and writes
 * of the next, while it is in that thread's cache. Who has emptied its own takes from the others'. The state of a queue is one number:
 * which launch it is of in the upper bits, how many tasks are left in the lower ones. A thread takes a task by counting that number
 * down with a compare-and-exchange: it succeeds only while the launch that the thread has read about is the present one, and that
 * launch cannot end before the task is done; so what was read is true. The caller writes a new description only when every task of the
 * one before is done, and all queues are empty until it has: a thread that comes late takes none of what is half written.
 */

/** Threads, the caller among them; tasks; tasks done. */
export const COUNT = 0;
export const TASKS = 1;
export const DONE = 2;
/** Counts launches; parked workers wait on it. */
export const SEQUENCE = 3;
/** Workers that wait. */
export const PARKED = 4;
/** 1 when the caller waits on DONE. */
export const WAITING = 5;
/** The kernel, and which of its functions. */
export const KERNEL = 6;
export const ENTRY = 7;
/** 1 where calls have arguments of their own, 0 where they have them in common; and the number of arguments. */
export const ROWS = 8;
export const ARGUMENTS = 9;
/** 1 + the thread that failed; its message is in the text area. */
export const FAILED = 10;
/** 1 when workers must end. */
export const STOP = 11;
/** Microseconds that a worker looks for work before it parks. */
export const SPIN_US = 12;
/** 1 while workers note times. */
export const TIMING = 13;
/** Calls of the launch, of which each task has an equal share. */
export const CALLS = 14;
/** From here: for each thread its scratch address, tasks done, microseconds at work, launches joined. */
export const THREADS = 16;
export const THREAD_WORDS = 4;
export const SCRATCH = 0;
export const TASKS_DONE = 1;
export const BUSY_US = 2;
export const JOINED = 3;
export const MOST_THREADS = 64;
/** From here: the queue of each thread, in cache lines of its own, as processors fetch them: two at a time. */
const QUEUE_WORDS = 32;
const QUEUES = QUEUE_WORDS * Math.ceil((THREADS + MOST_THREADS * THREAD_WORDS) / QUEUE_WORDS);
/** From here: for each kernel the address and the length of its bytes. */
export const KERNELS = QUEUES + MOST_THREADS * QUEUE_WORDS;
export const MOST_KERNELS = 2048;
export const INTS = KERNELS + 2 * MOST_KERNELS;

/** Doubles for arguments. */
export const DOUBLES = 64 * 256;
/** Bytes of a message. */
export const TEXT_BYTES = 4096;

/** Bits of a queue's state that count what is left, and the most that they can say. */
const LEFT_BITS = 8;
const MOST_LEFT = (1 << LEFT_BITS) - 1;

/**
 * The first task in the queue of a thread: equal shares, of which the caller, who need not be woken, has the largest.
 *
 * @param {number} thread
 * @param {number} tasks
 * @param {number} threads
 */
const firstOf = (thread, tasks, threads) => Math.ceil((thread * tasks) / threads);

/**
 * Puts the tasks of a launch, whose description is written, into the queues, which are empty; the caller's last, since it comes for them
 * itself.
 *
 * @param {Int32Array} ints
 * @param {number} generation the number of the launch
 * @param {number} tasks at most 255 for each thread
 */
export function deal(ints, generation, tasks) {
  const threads = ints[COUNT];
  for (let thread = threads - 1; thread >= 0; thread--) {
    const left = firstOf(thread + 1, tasks, threads) - firstOf(thread, tasks, threads);
    if (left > 0) Atomics.store(ints, QUEUES + thread * QUEUE_WORDS, (generation << LEFT_BITS) | left);
  }
}

/**
 * Empties the queues: nobody takes a task any more.
 *
 * @param {Int32Array} ints
 */
export function clear(ints) {
  for (let thread = 0; thread < ints[COUNT]; thread++) Atomics.store(ints, QUEUES + thread * QUEUE_WORDS, 0);
}

/**
 * Takes and runs tasks of the present launch until there are none. A task is an equal share of the calls: `entry(from, to, scratch,
 * ...arguments)`, or, where there are rows of arguments, `entry(...row)` for each.
 *
 * @param {Int32Array} ints
 * @param {Float64Array} doubles
 * @param {number} thread which thread this is; 0 is the caller
 * @param {(kernel: number) => readonly ((...args: number[]) => unknown)[]} functionsOf the functions of a kernel, in the order of its
 *   exports
 * @returns {number} tasks that it ran
 */
export function work(ints, doubles, thread, functionsOf) {
  const threads = ints[COUNT];
  let queue = thread;
  let empty = 0;
  let launch = -1;
  let tasks = 0;
  let calls = 0;
  let rows = 0;
  let count = 0;
  let kernel = 0;
  let entry = 0;
  let run = null;
  /** @type {number[]} */
  let args = [];
  let ran = 0;
  while (empty < threads) {
    const at = QUEUES + queue * QUEUE_WORDS;
    const state = Atomics.load(ints, at);
    const left = state & MOST_LEFT;
    if (left === 0) {
      empty++;
      queue = queue + 1 === threads ? 0 : queue + 1;
      continue;
    }
    const generation = state >>> LEFT_BITS;
    if (generation !== launch) {
      // This may be half of another launch already, and is believed only when a task has been taken.
      launch = generation;
      tasks = ints[TASKS];
      calls = ints[CALLS];
      rows = ints[ROWS];
      count = ints[ARGUMENTS];
      kernel = Atomics.load(ints, KERNEL);
      entry = ints[ENTRY];
      run = null;
      args = [];
    }
    // Before a task is taken: while this thread compiles, the others take them all.
    run ??= functionOf(functionsOf, kernel, entry);
    if (Atomics.compareExchange(ints, at, state, state - 1) !== state) continue;
    empty = 0;
    const task = firstOf(queue + 1, tasks, threads) - left;
    const from = Math.floor((task * calls) / tasks);
    const to = Math.floor(((task + 1) * calls) / tasks);
    if (rows === 0) {
      if (args.length === 0) {
        args.push(from, to, ints[THREADS + thread * THREAD_WORDS + SCRATCH]);
        for (let i = 0; i < count; i++) args.push(doubles[i]);
      }
      args[0] = from;
      args[1] = to;
      run(...args);
    } else {
      for (let call = from; call < to; call++) {
        for (let i = 0, at = call * count; i < count; i++) args[i] = doubles[at + i];
        run(...args);
      }
    }
    ran++;
    finish(ints);
  }
  return ran;
}

/**
 * A function of a kernel; if it does not compile, one that says so to whoever takes a task.
 *
 * @param {(kernel: number) => readonly ((...args: number[]) => unknown)[]} functionsOf
 * @param {number} kernel
 * @param {number} entry
 * @returns {(...args: number[]) => unknown}
 */
function functionOf(functionsOf, kernel, entry) {
  try {
    return functionsOf(kernel)[entry];
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Looks at the clock once in so many turns: a turn takes some 10 ns to 50 ns. */
const TURNS = 64;
/** Tells the processor that this thread spins, where the language can. @type {() => void} */
const pause = /** @type {{ pause?: () => void }} */ (Atomics).pause ?? (() => undefined);

/**
 * Looks for a while whether a number changes, which is quicker than to be woken; says whether it did.
 *
 * @param {Int32Array} ints
 * @param {number} at
 * @param {number} value
 * @param {number} spinUs microseconds
 */
export function changes(ints, at, value, spinUs) {
  const endMs = performance.now() + spinUs / 1000;
  do {
    for (let i = 0; i < TURNS; i++) {
      if (Atomics.load(ints, at) !== value) return true;
      pause();
    }
  } while (performance.now() < endMs);
  return false;
}

/**
 * Counts a task as done, and wakes the caller after the last one if it waits.
 *
 * @param {Int32Array} ints
 */
export function finish(ints) {
  const done = Atomics.add(ints, DONE, 1) + 1;
  if (done === ints[TASKS] && Atomics.load(ints, WAITING) === 1) Atomics.notify(ints, DONE);
}
