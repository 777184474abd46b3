/**
 * Which large blocks are in the heap, and which have moved out of it.
 *
 * A block that nobody refers to any more comes back through a finaliser; but finalisers run between tasks, and a loop that never
 * yields has no such moment. So when the heap is full, the blocks that have not been used for longest are **paged out** to
 * ordinary `ArrayBuffer`s: the dead among them are then the garbage collector's, which sees their bytes, and the living page back
 * in when a kernel next needs them. What is outside is not registered with the finaliser, so that the registry stays as small as the
 * heap, in any loop. Where the collector can be asked (`deaths.ts`), it is asked first, and only what lives is paged out, if even that
 * is too much.
 *
 * The list here refers to blocks, never to the storages that own them: it keeps nothing alive but the bytes it can page out.
 */

import type { Block } from './block.ts';
import { canCollectArrays, canList, canWatch, collectArrays, reserve } from './collector.ts';
import type { Owner } from './deaths.ts';
import { Deaths, SLOWER } from './deaths.ts';
import { heap, heapIfAny, MAX_HEAP_BYTES } from './wasm/heap.ts';

const MiB = 2 ** 20;
/** Where the soft limit starts when nobody has set one; see `adapt`. */
const FIRST_SOFT_LIMIT_BYTES = 128 * MiB;
/** The soft limit never grows past this part of the limit of the heap by itself. */
const MOST_OF_HEAP = 0.75;
/** Paging goes on until this part of the soft limit is in use, so that it is not needed again at the next tensor. */
const KEPT = 0.75;
/**
 * Blocks used within this many settlements stay: a kernel launch may bring in or allocate a few blocks between asking where its
 * operands are and writing to them.
 */
const PROTECTED = 16;
/** Blocks from so many bytes on are staggered. */
const STAGGERED_BYTES = 64 * 1024;
/** More pages back in than this part of what went out: the limit is too low for what the program works on. */
const THRASHING = 0.25;
/** Bytes of storages that came into the heap and were not released, for which the collector is shown a ballast of as many. */
const BALLAST_BYTES = 16 * MiB;

/** Bytes in use may grow by so many, or twofold, before `clean` looks what of them is dead, though the heap be far from full … */
const GROWTH_BYTES = 2 * MiB;
/**
 * That growth doubles when more than this part of what has entered meanwhile outlives it. Where a look at the young will do, it comes
 * after so many bytes at the latest.
 */
const AGED = 1 / 8;
const MOST_GROWTH_BYTES = 64 * MiB;
/**
 * … if so many bytes have then entered the heap for each millisecond that this takes. Programs enter about a mebibyte a millisecond, so
 * that it takes them some hundredths of their time, however long they wait for other things in between.
 */
const CLEANING_BYTES = 50 * MiB;
/** The first time, if it takes a full collection, it comes later still: programs that are short do without. */
const FIRST_CLEANING_BYTES = 500 * MiB;
/** The first sweep is believed to take so many milliseconds at most, and each later one at most `SLOWER` times the last. */
const FIRST_MOST_MS = 50;
/** The soft limit rises when collections in a full heap take more than this part of the time, up to so many bytes. */
const SWEEPING = 0.04;
const MOST_FOR_SPEED_BYTES = 256 * MiB;
/** Where the runtime cannot tell what is dead, blocks are taken for it that so many settlements have not used: some hundred steps. */
const IDLE = 4096;
/** A collection takes some milliseconds: as many as paging out some of these bytes that have entered the heap since the last one. */
const COLLECT_BYTES = 32 * MiB;

/** Paged-out bytes after which a collector that does not hurry is called. */
const COLLECT_ARRAYS_BYTES = 128 * MiB;

/** Blocks in the heap, in no order. */
const residents: Block[] = [];
/** Counts settlements: the time by which blocks grow old. */
let clock = PROTECTED + 1;
let softLimit = FIRST_SOFT_LIMIT_BYTES;
let isSoftLimitSet = false;
let pagedOutBytes = 0;
let pagedInBytes = 0;
let outAtLastPaging = 0;
let inAtLastPaging = 0;
let unseenBytes = 0;
let enteredBytes = 0;
/** Bytes in use, and bytes entered since the last sweep, from which `clean` runs again. */
let cleanAtBytes = GROWTH_BYTES;
let cleanAfterBytes = CLEANING_BYTES;
let growthBytes = GROWTH_BYTES;
/** When a sweep last ended, what part of the time until then from the one before it took, and how long sweeps take as a rule. */
let sweptAtMs = 0;
let usualMs = Infinity;
let sweepingPart = 0;
let outAtLastClean = 0;
let inAtLastClean = 0;
let outAtLastCollection = 0;

/** Told of memory pressure; set by `onMemoryPressure` alone. */
export const pressure: { notify: ((event: MemoryPressure) => void) | null } = { notify: null };

/** What happened when the heap was full. */
export interface MemoryPressure {
  /** Bytes asked for. */
  readonly neededBytes: number;
  /** Bytes of the heap in use after paging. */
  readonly usedBytes: number;
  /** Bytes that were paged out just now. */
  readonly pagedOutBytes: number;
  /** The limit that was met; it may have been raised. */
  readonly softLimitBytes: number;
}

const deaths = /* @__PURE__ */ new Deaths(leave);

/**
 * What a block takes beside its bytes. Tensors of like shape, allocated one after the other, would else begin at the same place in a
 * page where they are a whole number of pages, and what a kernel reads of them side by side meet in the same few lines of the cache.
 */
function stagger(bytes: number): number {
  return bytes >= STAGGERED_BYTES && bytes % 4096 === 0 ? 17 * 64 : 0;
}

/**
 * Gives a block a place in the heap, paging others out if need be. Its content is unspecified, or what it was outside.
 *
 * @param owner whose death frees the block
 * @returns false when there is no room: the block stays where it is
 */
export function settle(block: Block, owner: Owner): boolean {
  const home = heap();
  const { bytes } = block;
  clock++;
  if (isExact) sweep(0, true);
  else if (deaths.isDue || (home.usedBytes > cleanAtBytes && enteredBytes > cleanAfterBytes)) clean();
  if (home.usedBytes + bytes > softLimit) makeRoom(bytes);
  if (home.usedBytes + bytes > softLimit) return false;
  home.onFull ??= makeRoom;
  const pointer = home.allocate(bytes + stagger(bytes));
  if (pointer === 0) return false;
  block.pointer = pointer;
  block.lastUse = clock;
  block.placedAt = clock;
  block.moves++;
  block.place = residents.length;
  residents.push(block);
  deaths.add(block, owner);
  enteredBytes += bytes;
  if (block.outside !== null) {
    new Uint8Array(home.memory.buffer, pointer, bytes).set(new Uint8Array(block.outside, 0, bytes));
    block.outside = null;
    pagedInBytes += bytes;
  }
  return true;
}

/** Notes that somebody asks where a resident block is. */
export function touch(block: Block): void {
  block.lastUse = clock;
}

/** Gives a block's place in the heap back, at a known moment. */
export function release(block: Block): void {
  block.outside = null;
  if (block.pointer === 0) return;
  leave(block);
  unseenBytes -= block.bytes;
}

/**
 * Weight for a garbage collector that does not see the heap and cannot be asked: an array of reserved and untouched pages, to be
 * held by a storage, each time that so many bytes of storages have been made and not released; else null.
 */
export function ballast(block: Block): ArrayBuffer | null {
  if (canWatch() || canCollectArrays()) return null;
  unseenBytes += block.bytes;
  if (unseenBytes < BALLAST_BYTES) return null;
  unseenBytes -= BALLAST_BYTES;
  return reserve(BALLAST_BYTES);
}

/** Takes a block off the list and its place in the heap from it. */
function leave(block: Block): void {
  const { pointer, place } = block;
  block.pointer = 0;
  block.moves++;
  block.place = -1;
  deaths.remove(block);
  const last = residents.pop() as Block;
  if (last !== block) {
    residents[place] = last;
    last.place = place;
  }
  heap().release(pointer);
}

/**
 * Frees the blocks that nobody refers to any more, if the runtime can tell, and if so many bytes have entered since the last time.
 *
 * @param all whether all are wanted, though it take long; else those that died young, and others when that is not much
 */
function sweep(atLeastBytes: number, all: boolean): boolean {
  if (enteredBytes < atLeastBytes) return false;
  const from = performance.now();
  const { usedBytes } = heap();
  if (!deaths.look(residents, all)) return false;
  // What was alive twice in a row lives longer than the time between: so that time is too short to tell what dies young.
  if (deaths.agedBytes > enteredBytes * AGED) growthBytes = Math.min(2 * growthBytes, MOST_GROWTH_BYTES);
  if (!all && deaths.isWorthAll(heap().usedBytes, usedBytes)) deaths.look(residents, true);
  const now = performance.now();
  sweepingPart = (now - from) / (now - sweptAtMs);
  sweptAtMs = now;
  rest(from);
  return true;
}

/** Frees what is dead, or, where the runtime cannot tell, pages out what has been idle for long and has the collector look at that. */
function clean(): void {
  if (usualMs === Infinity && enteredBytes < FIRST_CLEANING_BYTES && !canList()) {
    cleanAfterBytes = FIRST_CLEANING_BYTES;
    return;
  }
  const from = performance.now();
  if (sweep(0, false)) return;
  const wentOut = pagedOutBytes - outAtLastClean;
  if (pagedInBytes - inAtLastClean > wentOut * THRASHING) growthBytes *= 2;
  outAtLastClean = pagedOutBytes;
  inAtLastClean = pagedInBytes;
  for (let i = residents.length - 1; i >= 0; i--) if (residents[i].lastUse < clock - IDLE) pageOut(residents[i]);
  outAtLastCollection = pagedOutBytes;
  collectArrays();
  rest(from);
}

/** Sets when `clean` runs next, after what began at `fromMs`. */
function rest(fromMs: number): void {
  const { usedBytes } = heap();
  enteredBytes = 0;
  cleanAtBytes = usedBytes + Math.max(growthBytes, usedBytes);
  // One that takes long for once, while the machine has other things to do, is not the rule.
  const mostMs = usualMs === Infinity ? FIRST_MOST_MS : usualMs * SLOWER;
  usualMs = Math.min(performance.now() - fromMs, mostMs);
  cleanAfterBytes = Math.min(usualMs * CLEANING_BYTES, canList() ? MOST_GROWTH_BYTES : Infinity);
}

let isExact = false;

/** Has every dead block freed before the next one is placed, if the runtime can tell: so that bytes in use are those alive. Slow. */
export function setExact(on: boolean): void {
  isExact = on;
}

/** Frees what is dead now, if the runtime can tell; returns whether it can. */
export function collectNow(): boolean {
  return sweep(0, true);
}

/** Copies a block out of the heap. */
function pageOut(block: Block): void {
  const outside = new ArrayBuffer(block.bytes);
  new Uint8Array(outside).set(new Uint8Array(heap().memory.buffer, block.pointer, block.bytes));
  leave(block);
  block.outside = outside;
  pagedOutBytes += block.bytes;
}

/** Frees what is dead; then pages out blocks, those first that have not been used for longest, until `bytes` fit with room to spare. */
function makeRoom(bytes: number): void {
  const home = heap();
  adapt(bytes);
  const isSwept = sweep(COLLECT_BYTES, false);
  // Where half of the heap lives, or garbage comes fast, collections would come too often.
  if (isSwept && home.usedBytes + bytes > softLimit / 2) raise(2 * softLimit);
  else if (isSwept && sweepingPart > SWEEPING && softLimit < MOST_FOR_SPEED_BYTES) raise(2 * softLimit);
  const limit = Math.min(softLimit, home.limitBytes);
  if (isSwept && home.usedBytes + bytes <= limit) return;
  if (bytes <= limit) {
    const goal = Math.max(0, Math.min(limit * KEPT, limit - bytes));
    const old = residents.filter((block) => block.lastUse < clock - PROTECTED);
    old.sort((a, b) => a.lastUse - b.lastUse);
    for (const block of old) {
      if (home.usedBytes <= goal) break;
      pageOut(block);
    }
  }
  if (pagedOutBytes - outAtLastCollection >= COLLECT_ARRAYS_BYTES) {
    outAtLastCollection = pagedOutBytes;
    collectArrays();
  }
  const out = pagedOutBytes - outAtLastPaging;
  outAtLastPaging = pagedOutBytes;
  inAtLastPaging = pagedInBytes;
  pressure.notify?.({ neededBytes: bytes, usedBytes: home.usedBytes, pagedOutBytes: out, softLimitBytes: limit });
}

/** Raises a soft limit that nobody has set, when what went out keeps coming back, or one tensor takes much of it. */
function adapt(bytes: number): void {
  const cameBack = pagedInBytes - inAtLastPaging;
  if (cameBack > softLimit * (1 - KEPT) * THRASHING) raise(2 * softLimit);
  if (bytes > softLimit / 4) raise(4 * bytes);
}

function raise(bytes: number): void {
  if (isSoftLimitSet) return;
  softLimit = Math.max(softLimit, Math.min(heap().limitBytes * MOST_OF_HEAP, bytes));
}

/** How much memory tensors may take of the heap, in bytes. */
export interface MemoryLimits {
  /** Most that the heap takes from the system; 4 GiB by default, which is the most that WebAssembly addresses. */
  readonly heapLimitBytes: number;
  /**
   * Bytes in use above which the tensors that were not used for longest are paged out to ordinary arrays, which the garbage
   * collector sees; they page back in when they are needed. `null`, the default, starts with 128 MiB and doubles where half of
   * it lives, where what was paged out keeps coming back, and up to 256 MiB where collections take too much of the time.
   */
  readonly softLimitBytes: number | null;
}

export function limits(): MemoryLimits {
  return {
    heapLimitBytes: heapIfAny()?.limitBytes ?? MAX_HEAP_BYTES,
    softLimitBytes: isSoftLimitSet ? softLimit : null,
  };
}

/** Sets what is not undefined. */
export function setLimits(hard: number | undefined, soft: number | null | undefined): void {
  if (hard !== undefined) heap().limitBytes = hard;
  if (soft === undefined) return;
  isSoftLimitSet = soft !== null;
  softLimit = soft ?? FIRST_SOFT_LIMIT_BYTES;
}

/** Blocks in the heap, and bytes moved out of it and back since the program began. */
export function pagerStats(): {
  residents: number;
  pagedOutBytes: number;
  pagedInBytes: number;
  softLimitBytes: number;
} {
  return { residents: residents.length, pagedOutBytes, pagedInBytes, softLimitBytes: softLimit };
}
