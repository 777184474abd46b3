/**
 * The heap of large tensors: one growable `WebAssembly.Memory`, shared where `SharedArrayBuffer` exists, carved into blocks
 * of 64-byte alignment by best fit over size-ordered bins, with neighbours coalesced on release. Beside the blocks, one
 * scratch block is kept and reused by kernels.
 *
 * The book-keeping (`chunks.ts`) is outside the memory that it keeps, so that no kernel can damage it.
 */

import type { DType, TypedArray } from '../dtype.ts';
import { itemBytes, viewArray } from '../dtype.ts';
import { TorsorError } from '../errors.ts';
import { Chunks, LEAST_UNITS } from './chunks.ts';
import { features } from './features.ts';

const ALIGN = 64;
/** Smaller blocks take as much as this. */
const LEAST_BYTES = LEAST_UNITS * ALIGN;
const PAGE_BYTES = 65536;
/** Growth in steps of a quarter of what there is, and at least this. */
const MIN_GROWTH_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 65536;
/** The most that a heap can hold: all that 32 bits address. */
export const MAX_HEAP_BYTES = MAX_PAGES * PAGE_BYTES;
/**
 * Between what a thread writes, again and again, and what lies before and after it. A processor fetches ahead of a thread that writes, for
 * writing, and far beyond the rows of a matrix that it goes down; where that takes lines from another thread, products and convolutions
 * took up to 1.3 times as long, with less than 128 to 256 KB between. What nobody touches takes no memory.
 */
export const APART_BYTES = 256 * 1024;
/** Debug mode: at least so many bytes after a block, what they hold, and what fills a released block, which as a float is NaN. */
const GUARD_BYTES = 64;
const GUARD = 0xa5;
const POISON = 0xff;
/** Of the time between two looks at the heap, what a hold counts at most. */
const MOST_SEEN_MS = 50;

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

/** What the heap holds, in bytes. */
export interface HeapStats {
  readonly usedBytes: number;
  readonly highWaterBytes: number;
  readonly totalBytes: number;
  readonly blocks: number;
  readonly scratchBytes: number;
  readonly limitBytes: number;
  /** 1 - largest free block / all free bytes; 0 when nothing is free */
  readonly fragmentation: number;
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Changes whenever the buffer of the memory does; typed-array views made under an older epoch are stale. */
  epoch = 1;

  private readonly chunks: Chunks;
  private used = 0;
  private highWater = 0;
  /** Blocks and growth beyond this are refused; lowering it takes nothing back. */
  limitBytes: number;
  /** Blocks made in debug mode, with the bytes asked for: those after them, up to the end of the block, must stay as they are. */
  private readonly guarded = new Map<number, number>();
  debug = false;
  /** Blocks that somebody else may yet write to, and those of them that were given back all the same; see `hold`. */
  private readonly suspects = new Set<number>();
  private readonly held = new Set<number>();
  private isHolding = false;
  /** Who may write to them and is not known to have ended; for how much longer they are held at least; and when that was last counted. */
  private writers = 0;
  private heldMs = 0;
  private seenMs = 0;
  /** Asked to release what it can when blocks of so many bytes do not fit within the limit. */
  onFull: ((bytes: number) => void) | null = null;
  private views: { [K in DType]?: TypedArray } = {};
  private viewsEpoch = 0;
  private scratchPtr = 0;
  private scratchBytes = 0;

  constructor(limitBytes: number = MAX_HEAP_BYTES) {
    this.memory = createMemory();
    this.limitBytes = limitBytes;
    // Address 0 stays unused, so that a pointer of 0 can mean "not in the heap".
    this.chunks = new Chunks(1, this.memory.buffer.byteLength / ALIGN);
  }

  get stats(): HeapStats {
    this.letGo();
    const { units, largest } = this.chunks.free();
    return {
      fragmentation: units === 0 ? 0 : 1 - largest / units,
      usedBytes: this.used,
      highWaterBytes: this.highWater,
      totalBytes: this.memory.buffer.byteLength,
      blocks: this.chunks.count,
      scratchBytes: this.scratchBytes,
      limitBytes: this.limitBytes,
    };
  }

  get usedBytes(): number {
    return this.used;
  }

  /** Forgets how much was ever in use, but for what is. */
  resetHighWater(): void {
    this.highWater = this.used;
  }

  /** A block of at least `bytes`, aligned to 64, its content unspecified; 0 when the limit does not allow it. */
  allocate(bytes: number): number {
    const size = roundUp(Math.max(bytes + (this.debug ? GUARD_BYTES : 0), LEAST_BYTES), ALIGN);
    this.letGo();
    let start = this.find(size);
    if (start === 0) {
      this.onFull?.(size);
      start = this.find(size);
      if (start === 0) return 0;
    }
    if (this.debug) {
      this.guarded.set(start, bytes);
      this.bytesAt(start, size).fill(GUARD);
    }
    this.used += size;
    if (this.used > this.highWater) this.highWater = this.used;
    return start;
  }

  /** Gives a block back. */
  release(start: number): void {
    const size = this.chunks.sizeAt(start / ALIGN) * ALIGN;
    if (size === 0 || (this.isHolding && this.held.has(start))) {
      throw new TorsorError(`no block starts at ${start}`, { op: 'Heap.release', operands: { start } });
    }
    if (this.isHolding && this.suspects.delete(start)) {
      this.held.add(start);
      this.letGo();
      return;
    }
    const asked = this.guarded.get(start);
    const isIntact = asked === undefined || this.check(start, asked, size);
    this.used -= size;
    this.chunks.give(start / ALIGN);
    if (!isIntact) {
      throw new TorsorError(`something wrote past the end of the block of ${asked} bytes at ${start}`, {
        op: 'Heap.release',
        operands: { start, bytes: asked },
      });
    }
  }

  /**
   * From now on no block that is in use is given to anybody else, though it be given back meanwhile, as the scratch block is: a thread
   * that was lost may yet write to it. What is allocated from now on comes and goes as ever.
   *
   * @param ms how long that lasts at least; only time counts in which the program is seen to run, since a system that stops it stops the
   *   thread, too
   * @returns what says that the thread has ended: until then it lasts
   */
  hold(ms: number): () => void {
    for (const units of this.chunks.inUse()) this.suspects.add(units * ALIGN);
    for (const start of this.held) this.suspects.delete(start);
    this.isHolding = true;
    this.heldMs = ms;
    this.seenMs = performance.now();
    this.dropScratch();
    this.writers++;
    let hasEnded = false;
    return () => {
      if (!hasEnded) this.writers--;
      hasEnded = true;
    };
  }

  /** Ends a hold that is over. */
  private letGo(): void {
    if (!this.isHolding) return;
    const now = performance.now();
    this.heldMs -= Math.min(now - this.seenMs, MOST_SEEN_MS);
    this.seenMs = now;
    if (this.heldMs > 0 || this.writers > 0) return;
    this.isHolding = false;
    this.suspects.clear();
    const held = [...this.held];
    this.held.clear();
    for (const start of held) this.release(start);
  }

  /** Whether the guard of a block is as it was; poisons the block. */
  private check(start: number, asked: number, size: number): boolean {
    const bytes = this.bytesAt(start, size);
    const isIntact = bytes.subarray(asked).every((byte) => byte === GUARD);
    this.guarded.delete(start);
    bytes.fill(POISON);
    return isIntact;
  }

  /** A block for what one thread writes while others write elsewhere, apart from all others; 0 when the limit does not allow it. */
  allocateApart(bytes: number): number {
    const start = this.allocate(bytes + 2 * APART_BYTES);
    return start === 0 ? 0 : start + APART_BYTES;
  }

  /** Gives a block that lies apart back. */
  releaseApart(start: number): void {
    this.release(start - APART_BYTES);
  }

  /** All of the memory as elements of a dtype: for a few of them, which a view of their own would cost more than. Stale as all views. */
  elements(dtype: DType): TypedArray {
    if (this.viewsEpoch !== this.epoch) {
      this.viewsEpoch = this.epoch;
      this.views = {};
    }
    const { views, memory } = this;
    return (views[dtype] ??= viewArray(dtype, memory.buffer, 0, memory.buffer.byteLength / itemBytes(dtype)));
  }

  private bytesAt(start: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, start, length);
  }

  /**
   * The scratch block, at least `bytes` long. Its content is lost at the next call: one kernel launch asks once, for all that
   * it needs, and keeps nothing.
   *
   * @throws TorsorError when the heap cannot hold it
   */
  scratch(bytes: number): number {
    if (bytes <= this.scratchBytes) return this.scratchPtr;
    this.dropScratch();
    const want = roundUp(Math.max(bytes, 1 << 20), 1 << 16);
    const start = this.allocateApart(want);
    if (start === 0) {
      throw new TorsorError(`out of memory: ${want} bytes of scratch space beside ${this.used} bytes in use`, {
        op: 'Heap.scratch',
        operands: { bytes },
      });
    }
    this.scratchPtr = start;
    this.scratchBytes = want;
    return start;
  }

  private dropScratch(): void {
    if (this.scratchPtr !== 0) this.releaseApart(this.scratchPtr);
    this.scratchPtr = 0;
    this.scratchBytes = 0;
  }

  private find(size: number): number {
    if (this.used + size > this.limitBytes) return 0;
    const start = this.chunks.take(size / ALIGN);
    return (start !== 0 || !this.grow(size) ? start : this.chunks.take(size / ALIGN)) * ALIGN;
  }

  private grow(bytes: number): boolean {
    const old = this.memory.buffer.byteLength;
    // The free bytes at the end count: growth makes one block of them and what is new.
    const missing = bytes - this.chunks.freeAtEnd * ALIGN;
    const wanted = roundUp(Math.max(missing, MIN_GROWTH_BYTES, old / 4), PAGE_BYTES) / PAGE_BYTES;
    const needed = roundUp(missing, PAGE_BYTES) / PAGE_BYTES;
    const room = Math.floor(this.limitBytes / PAGE_BYTES) - old / PAGE_BYTES;
    for (const pages of [Math.min(wanted, room), needed]) {
      if (pages < needed || pages > room) continue;
      try {
        this.memory.grow(pages);
      } catch {
        // A refused growth is an answer, not a fault: the smaller step is tried, then the caller is told with 0.
        continue;
      }
      this.epoch++;
      this.chunks.extend((this.memory.buffer.byteLength - old) / ALIGN);
      return true;
    }
    return false;
  }
}

function createMemory(): WebAssembly.Memory {
  const initial = MIN_GROWTH_BYTES / PAGE_BYTES;
  const shared = features().sharedMemory;
  // Shared memory sets its maximum aside at once, which small devices refuse: then half of it is asked for, and so on.
  for (let maximum = MAX_PAGES; ; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared });
    } catch (error) {
      if (maximum / 2 < initial) throw error;
    }
  }
}

let shared: Heap | null = null;

/** The heap of this program, made at first use. */
export function heap(): Heap {
  shared ??= new Heap();
  return shared;
}

/** The heap if anything has needed it yet; used by reports, which must not create it. */
export function heapIfAny(): Heap | null {
  return shared;
}
