/**
 * Where the elements of a tensor live. A **small** storage is a typed array of its own: no heap, no finaliser. A **large**
 * one is a block of the WebAssembly heap, released when a scope ends, or by a finaliser when nothing refers to it any more.
 * When the heap is full, large storages live in typed arrays too: slower for kernels, which then copy them into scratch
 * space, but the garbage collector sees them and a loop that never yields goes on.
 */

import type { DType, TypedArray } from './dtype.ts';
import { itemBytes, newArray, viewArray } from './dtype.ts';
import { TorsorError, ValueError } from './errors.ts';
import { named } from './options.ts';
import { heap, MAX_HEAP_BYTES } from './wasm/heap.ts';
import { fillBytes } from './wasm/launchFill.ts';

/** Storages of up to this many bytes are small. A plain loop over them costs about a microsecond. */
export const SMALL_BYTES = 4096;

/** Heap bytes above which new large storages go to typed arrays, until finalisers have caught up. */
let softLimitBytes = 1024 * 1024 * 1024;

/** How much memory tensors may take of the heap, in bytes. */
export interface MemoryLimits {
  /** Most that the heap takes from the system; 4 GiB by default, which is the most that WebAssembly addresses. */
  readonly heapLimitBytes: number;
  /**
   * Bytes in use above which new large tensors go to ordinary arrays, which the garbage collector sees even in a loop that never
   * yields, at the price of copies into the heap when kernels read them. 1 GiB by default.
   */
  readonly softLimitBytes: number;
}

/**
 * Sets limits for tensors made from now on; what is left out stays as it is. Existing tensors stay where they are.
 *
 * @returns the limits before, to be set again
 * @throws ValueError when a limit is not a whole number of bytes from 0 to 4 GiB (or beyond, for the soft limit)
 *
 * @example
 * const before = setMemoryLimits({ softLimitBytes: 256 * 2 ** 20 });
 * setMemoryLimits(before);
 */
export function setMemoryLimits(limits: Partial<MemoryLimits>): MemoryLimits {
  const op = 'setMemoryLimits';
  const before = { heapLimitBytes: heap().limitBytes, softLimitBytes };
  const [hard, soft] = named<[number, number]>(op, ['heapLimitBytes', 'softLimitBytes'], [limits]);
  for (const [name, value, most] of [
    ['heapLimitBytes', hard, MAX_HEAP_BYTES],
    ['softLimitBytes', soft, Number.MAX_SAFE_INTEGER],
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= most)) {
      throw new ValueError(`${name} must be a whole number of bytes from 0 to ${most}, but got ${String(value)}`, {
        op,
        operands: { [name]: value },
      });
    }
  }
  if (hard !== undefined) heap().limitBytes = hard;
  if (soft !== undefined) softLimitBytes = soft;
  return before;
}

let live = 0;

const finaliser = new FinalizationRegistry<number>((pointer) => {
  live--;
  heap().release(pointer);
});

/** The scope that new storages are entered into, if any. */
let tracker: ((storage: Storage) => void) | null = null;

/** Enters storages made from now on with `track`; returns what was set before. Used by `scope` and `tidy` alone. */
export function setStorageTracker(track: ((storage: Storage) => void) | null): ((storage: Storage) => void) | null {
  const before = tracker;
  tracker = track;
  return before;
}

/** Heap-resident storages that are alive. */
export function liveHeapStorages(): number {
  return live;
}

export class Storage {
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  /** Counts in-place writes, so that the tape notices damage to what it saved. Views share it; `.data` does not. */
  version = 0;
  /** Byte address in the heap; 0 for a storage in a typed array. */
  private pointerBytes: number;
  private view: TypedArray | null;
  private epoch = 0;
  /** The storage that this one is an alias of, with a version of its own (`x.data`). */
  private readonly owner: Storage | null;
  private releasedBy: string | null = null;

  private constructor(dtype: DType, length: number, pointer: number, view: TypedArray | null, owner: Storage | null) {
    this.dtype = dtype;
    this.length = length;
    this.pointerBytes = pointer;
    this.view = view;
    this.owner = owner;
  }

  /** `length` elements; all zero when `zeroed`, else unspecified. */
  static allocate(dtype: DType, length: number, zeroed: boolean): Storage {
    const bytes = length * itemBytes(dtype);
    if (bytes <= SMALL_BYTES) return Storage.track(new Storage(dtype, length, 0, newArray(dtype, length), null));
    const home = heap();
    const pointer = home.usedBytes + bytes <= softLimitBytes ? home.allocate(bytes) : 0;
    if (pointer === 0) return Storage.track(new Storage(dtype, length, 0, allocateArray(dtype, length), null));
    const storage = new Storage(dtype, length, pointer, null, null);
    finaliser.register(storage, pointer, storage);
    live++;
    if (zeroed) fillBytes(pointer, 0, bytes);
    return Storage.track(storage);
  }

  /** A storage over a typed array of the user's, without a copy. */
  static wrap(dtype: DType, array: TypedArray): Storage {
    return Storage.track(new Storage(dtype, array.length, 0, array, null));
  }

  private static track(storage: Storage): Storage {
    if (tracker !== null) tracker(storage);
    return storage;
  }

  /** The same elements under a version counter of their own. */
  alias(): Storage {
    return new Storage(this.dtype, this.length, 0, null, this.root);
  }

  /** The storage that owns the memory: equal for all that share it. */
  get root(): Storage {
    return this.owner ?? this;
  }

  /** True when kernels can reach the elements where they are. */
  get inHeap(): boolean {
    return this.root.pointerBytes !== 0;
  }

  /** Byte address in the heap; 0 when the elements live in a typed array. */
  get pointer(): number {
    return this.root.pointerBytes;
  }

  /** The elements, as they are now. Never keep it across an allocation: growth of the heap makes it stale. */
  get array(): TypedArray {
    if (this.owner !== null) return this.owner.array;
    if (this.view !== null && (this.pointerBytes === 0 || this.epoch === heap().epoch)) return this.view;
    return this.refresh();
  }

  /**
   * Gives the memory back now. Reading it afterwards throws.
   *
   * @param where what released it, for the message of that error
   */
  release(where: string): void {
    const root = this.root;
    if (root.releasedBy !== null) return;
    root.releasedBy = where;
    root.view = null;
    if (root.pointerBytes !== 0) {
      finaliser.unregister(root);
      heap().release(root.pointerBytes);
      root.pointerBytes = 0;
      live--;
    }
  }

  private refresh(): TypedArray {
    if (this.releasedBy !== null) {
      throw new TorsorError(`this tensor was released by ${this.releasedBy}; keep what leaves a scope with keep()`, {
        op: 'Storage',
      });
    }
    const home = heap();
    this.view = viewArray(this.dtype, home.memory.buffer, this.pointerBytes, this.length);
    this.epoch = home.epoch;
    return this.view;
  }
}

function allocateArray(dtype: DType, length: number): TypedArray {
  try {
    return newArray(dtype, length);
  } catch (cause) {
    throw new TorsorError(`out of memory: ${length * itemBytes(dtype)} bytes for ${length} elements of ${dtype}`, {
      op: 'Storage.allocate',
      operands: { dtype, length },
      cause,
    });
  }
}

/** True when both look at the same memory. */
export function sameStorage(a: Storage, b: Storage): boolean {
  return a.root === b.root;
}
