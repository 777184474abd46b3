/**
 * The heap of large tensors: one growable `WebAssembly.Memory`, shared where `SharedArrayBuffer` exists, carved into blocks
 * of 64-byte alignment by best fit over size-ordered bins, with neighbours coalesced on release. Beside the blocks, one
 * scratch block is kept and reused by kernels.
 *
 * The book-keeping lives in JavaScript, outside the memory it keeps, so that no kernel can damage it.
 */

import { TorsorError } from '../errors.ts';
import { features } from './features.ts';

const ALIGN = 64;
const PAGE_BYTES = 65536;
/** Growth in steps of a quarter of what there is, and at least this. */
const MIN_GROWTH_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 65536;
/** The most that a heap can hold: all that 32 bits address. */
export const MAX_HEAP_BYTES = MAX_PAGES * PAGE_BYTES;
/** Debug mode: at least so many bytes after a block, what they hold, and what fills a released block, which as a float is NaN. */
const GUARD_BYTES = 64;
const GUARD = 0xa5;
const POISON = 0xff;
/** Bins by powers of two, four to an octave. */
const BINS = 32 * 4;

function binOf(bytes: number): number {
  const units = bytes / ALIGN;
  const octave = 31 - Math.clz32(units);
  const quarter = octave >= 2 ? (units >>> (octave - 2)) & 3 : 0;
  return octave * 4 + quarter;
}

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

  private readonly sizes = new Map<number, number>();
  private readonly freeByStart = new Map<number, number>();
  private readonly freeByEnd = new Map<number, number>();
  private readonly bins: Set<number>[] = Array.from({ length: BINS }, () => new Set<number>());
  private used = 0;
  private highWater = 0;
  /** Blocks and growth beyond this are refused; lowering it takes nothing back. */
  limitBytes: number;
  /** Blocks made in debug mode, with the bytes asked for: those after them, up to the end of the block, must stay as they are. */
  private readonly guarded = new Map<number, number>();
  debug = false;
  /** Asked to release what it can when blocks of so many bytes do not fit within the limit. */
  onFull: ((bytes: number) => void) | null = null;
  private scratchPtr = 0;
  private scratchBytes = 0;

  constructor(limitBytes: number = MAX_HEAP_BYTES) {
    this.memory = createMemory();
    this.limitBytes = limitBytes;
    // Address 0 stays unused, so that a pointer of 0 can mean "not in the heap".
    this.addFree(ALIGN, this.memory.buffer.byteLength - ALIGN);
  }

  get stats(): HeapStats {
    let free = 0;
    let largest = 0;
    for (const length of this.freeByStart.values()) {
      free += length;
      if (length > largest) largest = length;
    }
    return {
      fragmentation: free === 0 ? 0 : 1 - largest / free,
      usedBytes: this.used,
      highWaterBytes: this.highWater,
      totalBytes: this.memory.buffer.byteLength,
      blocks: this.sizes.size,
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
    const size = roundUp(Math.max(bytes, 1) + (this.debug ? GUARD_BYTES : 0), ALIGN);
    let start = this.find(size);
    if (start === 0) {
      this.onFull?.(size);
      start = this.find(size);
      if (start === 0) return 0;
    }
    this.sizes.set(start, size);
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
    const size = this.sizes.get(start);
    if (size === undefined) {
      throw new TorsorError(`no block starts at ${start}`, { op: 'Heap.release', operands: { start } });
    }
    const asked = this.guarded.get(start);
    const isIntact = asked === undefined || this.check(start, asked, size);
    this.sizes.delete(start);
    this.used -= size;
    let from = start;
    let to = start + size;
    const before = this.freeByEnd.get(from);
    if (before !== undefined) {
      this.removeFree(before, from - before);
      from = before;
    }
    const after = this.freeByStart.get(to);
    if (after !== undefined) {
      this.removeFree(to, after);
      to += after;
    }
    this.addFree(from, to - from);
    if (!isIntact) {
      throw new TorsorError(`something wrote past the end of the block of ${asked} bytes at ${start}`, {
        op: 'Heap.release',
        operands: { start, bytes: asked },
      });
    }
  }

  /** Whether the guard of a block is as it was; poisons the block. */
  private check(start: number, asked: number, size: number): boolean {
    const bytes = this.bytesAt(start, size);
    const isIntact = bytes.subarray(asked).every((byte) => byte === GUARD);
    this.guarded.delete(start);
    bytes.fill(POISON);
    return isIntact;
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
    if (this.scratchPtr !== 0) this.release(this.scratchPtr);
    this.scratchPtr = 0;
    this.scratchBytes = 0;
    const want = roundUp(Math.max(bytes, 1 << 20), 1 << 16);
    const start = this.allocate(want);
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

  private find(size: number): number {
    if (this.used + size > this.limitBytes) return 0;
    const start = this.takeFit(size);
    return start !== 0 || !this.grow(size) ? start : this.takeFit(size);
  }

  private takeFit(size: number): number {
    const first = binOf(size);
    for (let bin = first; bin < BINS; bin++) {
      for (const start of this.bins[bin]!) {
        const length = this.freeByStart.get(start)!;
        if (length < size) continue;
        this.removeFree(start, length);
        if (length > size) this.addFree(start + size, length - size);
        return start;
      }
    }
    return 0;
  }

  private grow(bytes: number): boolean {
    const old = this.memory.buffer.byteLength;
    // The free bytes at the end count: growth makes one block of them and what is new.
    const last = this.freeByEnd.get(old);
    const missing = last === undefined ? bytes : bytes - (old - last);
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
      if (last !== undefined) this.removeFree(last, old - last);
      const from = last ?? old;
      this.addFree(from, this.memory.buffer.byteLength - from);
      return true;
    }
    return false;
  }

  private addFree(start: number, length: number): void {
    this.freeByStart.set(start, length);
    this.freeByEnd.set(start + length, start);
    this.bins[binOf(length)]!.add(start);
  }

  private removeFree(start: number, length: number): void {
    this.freeByStart.delete(start);
    this.freeByEnd.delete(start + length);
    this.bins[binOf(length)]!.delete(start);
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
