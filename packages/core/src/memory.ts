/** What users set and see of the memory that tensors hold. */

import type { DType } from './dtype.ts';
import { itemBytes } from './dtype.ts';
import { ValueError } from './errors.ts';
import { named } from './options.ts';
import type { MemoryLimits, MemoryPressure } from './pager.ts';
import { collectNow, limits, pagerStats, pressure, setExact, setLimits } from './pager.ts';
import type { Storage } from './storage.ts';
import { setStorageObserver } from './storage.ts';
import { heap, heapIfAny, MAX_HEAP_BYTES } from './wasm/heap.ts';

/**
 * Sets limits for tensors made from now on; what is left out stays as it is. Existing tensors stay where they are until room is
 * needed.
 *
 * @returns the limits before, to be set again
 * @throws ValueError when a limit is not a whole number of bytes from 0 to 4 GiB (or beyond, for the soft limit)
 *
 * @example
 * const before = setMemoryLimits({ softLimitBytes: 256 * 2 ** 20 });
 * setMemoryLimits(before);
 */
export function setMemoryLimits(wanted: Partial<MemoryLimits>): MemoryLimits {
  const op = 'setMemoryLimits';
  const before = limits();
  const [hard, soft] = named<[number, number | null]>(op, ['heapLimitBytes', 'softLimitBytes'], [wanted]);
  check('heapLimitBytes', hard, MAX_HEAP_BYTES);
  if (soft !== null) check('softLimitBytes', soft, Number.MAX_SAFE_INTEGER);
  setLimits(hard, soft);
  return before;
}

function check(name: string, value: number | undefined, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= most)) return;
  throw new ValueError(`${name} must be a whole number of bytes from 0 to ${most}, but got ${String(value)}`, {
    op: 'setMemoryLimits',
    operands: { [name]: value },
  });
}

/** What tensors hold at this moment. */
export interface MemoryReport {
  /** Large tensors' storages in the heap that are alive, or not yet known to be dead. Small tensors live in ordinary arrays. */
  readonly liveStorages: number;
  /** Bytes of the heap in use, scratch space included. */
  readonly usedBytes: number;
  /** Of these, scratch space of kernels, which is kept and reused. */
  readonly scratchBytes: number;
  /** The most that was ever in use. */
  readonly highWaterBytes: number;
  /** Bytes that the heap has taken from the system. */
  readonly heapBytes: number;
  /** The bytes in use at which paging begins. */
  readonly softLimitBytes: number;
  /** Bytes paged out to ordinary arrays since the program began … */
  readonly pagedOutBytes: number;
  /** … and back in. */
  readonly pagedInBytes: number;
  /** How scattered the free bytes are: 0 when they are one block, towards 1 as the largest free block becomes a small part of them. */
  readonly fragmentation: number;
}

/**
 * Reports what tensors hold.
 *
 * @example
 * const { usedBytes, highWaterBytes } = memory();
 */
export function memory(): MemoryReport {
  const stats = heapIfAny()?.stats;
  const { residents, ...paging } = pagerStats();
  return {
    liveStorages: residents,
    usedBytes: stats?.usedBytes ?? 0,
    scratchBytes: stats?.scratchBytes ?? 0,
    highWaterBytes: stats?.highWaterBytes ?? 0,
    heapBytes: stats?.totalBytes ?? 0,
    ...paging,
    fragmentation: stats?.fragmentation ?? 0,
  };
}

/** Makes `memory().highWaterBytes` start anew, from the bytes in use now; as `torch.cuda.reset_peak_memory_stats`. */
export function resetPeakMemory(): void {
  heapIfAny()?.resetHighWater();
}

/**
 * Frees at once the tensors that nothing refers to any more, instead of when memory is needed or the program yields. Node and Deno
 * can tell which those are, in the middle of a synchronous program too; elsewhere nothing happens.
 *
 * @returns whether this runtime can
 *
 * @example
 * collectGarbage();
 * console.log(memory().usedBytes); // what is alive
 */
export function collectGarbage(): boolean {
  return collectNow();
}

const listeners = new Set<(event: MemoryPressure) => void>();

/**
 * Calls `listener` whenever the heap is full and tensors are paged out, or cannot be: a program can then release what it does not
 * need, or raise a limit. It must not make tensors.
 *
 * @returns a function that stops it; also with `using`
 *
 * @example
 * const stop = onMemoryPressure(({ pagedOutBytes }) => console.warn(`paged out ${pagedOutBytes} bytes`));
 * stop();
 */
export function onMemoryPressure(listener: (event: MemoryPressure) => void): () => void {
  if (typeof listener !== 'function') {
    throw new ValueError(`listener must be a function, but got ${String(listener)}`, { op: 'onMemoryPressure' });
  }
  listeners.add(listener);
  pressure.notify = (event) => {
    for (const each of [...listeners]) each(event);
  };
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) pressure.notify = null;
  };
}

/** A storage that is alive, as `liveTensors` shows it. */
export interface LiveTensor {
  readonly dtype: DType;
  /** Elements of the storage, which views share. */
  readonly length: number;
  readonly bytes: number;
  readonly inHeap: boolean;
  /** Where it was made: the lines of a stack trace. */
  readonly stack: string;
}

/** What was made in debug mode and is not known to be dead; null while it is off. */
let records: Map<WeakRef<Storage>, string> | null = null;

/**
 * Turns a mode on or off that finds what holds memory and what damages it. While it is on, `liveTensors()` lists the tensors made
 * since, each with the place in the program that made it; released blocks of the heap are poisoned (a float reads as NaN), and each
 * block ends in guard bytes whose change is an error when it is released. Slow: for tests and searches.
 *
 * @returns whether it was on
 *
 * @example
 * debugMemory(true);
 * trainOneEpoch();
 * for (const { bytes, stack } of liveTensors().slice(0, 10)) console.log(bytes, stack);
 */
export function debugMemory(on: boolean): boolean {
  const was = records !== null;
  records = on ? (records ?? new Map()) : null;
  heap().debug = on;
  setExact(on);
  setStorageObserver(on ? observe : null);
  return was;
}

/** Calls that a stack shows; the usual ten end before the user's program begins. */
const MOST_CALLS = 50;

function observe(storage: Storage): void {
  const limits = Error as { stackTraceLimit?: number };
  const before = limits.stackTraceLimit;
  limits.stackTraceLimit = MOST_CALLS;
  const { stack = '' } = new Error();
  limits.stackTraceLimit = before;
  const calls = stack.split('\n').filter((line) => /^\s*at |@/.test(line));
  // Without this function and those of the storage.
  const from = calls.findIndex((line) => !/[/\\](memory|storage)\.[jt]s/.test(line));
  records?.set(new WeakRef(storage), calls.slice(Math.max(from, 0)).join('\n'));
}

/**
 * The tensors' storages made in debug mode that are alive, or not yet collected, the largest first.
 *
 * @throws ValueError when debug mode is off
 */
export function liveTensors(): LiveTensor[] {
  if (records === null) throw new ValueError('debug mode is off; call debugMemory(true) first', { op: 'liveTensors' });
  const live: LiveTensor[] = [];
  for (const [reference, stack] of records) {
    const storage = reference.deref();
    if (storage === undefined || storage.isReleased) records.delete(reference);
    else {
      const { dtype, length, inHeap } = storage;
      live.push({ dtype, length, bytes: length * itemBytes(dtype), inHeap, stack });
    }
  }
  return live.sort((a, b) => b.bytes - a.bytes);
}
