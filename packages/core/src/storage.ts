/**
 * Where the elements of a tensor live. A **small** storage is a typed array of its own: no heap, no finaliser. A **large**
 * one is a block of the WebAssembly heap, released when a scope ends, or by a finaliser when nothing refers to it any more, or
 * paged out to an ordinary array when the heap is full (`pager.ts`), from where it comes back when a kernel needs it.
 */

import { checkBits, halves } from './bits.ts';
import { Block } from './block.ts';
import { LISTED, noteListed } from './collector.ts';
import type { DType, HalfDType, TypedArray } from './dtype.ts';
import { isHalf, itemBytes, viewArray } from './dtype.ts';
import { TorsorError } from './errors.ts';
import { ballast, release, settle, touch } from './pager.ts';
import { smallArray } from './smallArrays.ts';
import { heap } from './wasm/heap.ts';
import { fillBytes } from './wasm/launchFill.ts';

/**
 * Storages of up to this many bytes are small: 256 float32, over which a plain loop takes about as long as a kernel's launch. (Of `tanh`
 * half as many do, of `add` twice as many.)
 */
export const SMALL_BYTES = 1024;

/** The scope that new storages are entered into, if any. */
let tracker: ((storage: Storage) => void) | null = null;

/** Enters storages made from now on with `track`; returns what was set before. Used by `scope` and `tidy` alone. */
export function setStorageTracker(track: ((storage: Storage) => void) | null): ((storage: Storage) => void) | null {
  const before = tracker;
  tracker = track;
  return before;
}

/** Sees every new storage; set by the debug mode of `memory.ts` alone. */
let observer: ((storage: Storage) => void) | null = null;

export function setStorageObserver(observe: ((storage: Storage) => void) | null): void {
  observer = observe;
}

/** What was made of a storage's elements and is good until they are written to again. */
export interface Derived {
  /** What it was made for: compared by identity. */
  readonly purpose: object;
  /** Of the elements: the offset of the first, and `writes` when it was made. */
  readonly offset: number;
  readonly writes: number;
  readonly storage: Storage;
}

export class Storage {
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  /** Counts in-place writes, so that the tape notices damage to what it saved. Views share it; `.data` does not. */
  version = 0;
  /** Counts the same writes, and those through aliases: of the root alone. */
  private writeCount = 0;
  /** Kept with the storage, and given back with it: of the root alone. */
  private derivedOnce: Derived | null = null;
  /** Records of the tape that keep it, and whether only they can reach it: then the last of them gives it back. For autograd. */
  tapeRecords = 0;
  isTapes = false;
  /** Whether inspection has given it to the user, who may keep it: then only scopes release it. */
  private isSeen = false;
  /** The bytes of a large storage; null for one over a typed array. */
  readonly block: Block | null;
  private view: TypedArray | null;
  /** Of the heap and of the block, when `view` was made. */
  private epoch = 0;
  private moves = -1;
  /** The storage that this one is an alias of, with a version of its own (`x.data`). */
  private readonly owner: Storage | null;
  private releasedBy: string | null = null;
  /** Held so that the garbage collector sees the weight of the heap. */
  protected weight: ArrayBuffer | null = null;

  protected constructor(
    dtype: DType,
    length: number,
    block: Block | null,
    view: TypedArray | null,
    owner: Storage | null,
  ) {
    this.dtype = dtype;
    this.length = length;
    this.block = block;
    this.view = view;
    this.owner = owner;
  }

  /** `length` elements; all zero when `zeroed`, else unspecified. */
  static allocate(dtype: DType, length: number, zeroed: boolean): Storage {
    const bytes = length * itemBytes(dtype);
    if (bytes <= SMALL_BYTES)
      return Storage.track(Storage.make(dtype, length, null, smallArray(dtype, length, bytes), null));
    const block = new Block(bytes);
    const storage = Storage.make(dtype, length, block, null, null);
    if (settle(block, storage)) {
      storage.weight = ballast(block);
      if (zeroed) fillBytes(block.pointer, 0, bytes);
    } else block.outside = allocateOutside(dtype, length);
    return Storage.track(storage);
  }

  /** A storage over a typed array of the user's, without a copy. */
  static wrap(dtype: DType, array: TypedArray): Storage {
    return Storage.track(Storage.make(dtype, array.length, null, array, null));
  }

  private static make(
    dtype: DType,
    length: number,
    block: Block | null,
    view: TypedArray | null,
    owner: Storage | null,
  ): Storage {
    if (!isHalf(dtype)) return new Storage(dtype, length, block, view, owner);
    halves.inUse = true;
    return new HalfStorage(dtype, length, block, view, owner);
  }

  private static track(storage: Storage): Storage {
    if (tracker !== null) tracker(storage);
    if (observer !== null) observer(storage);
    return storage;
  }

  /**
   * Memory for what is kept with another storage: no scope and no debug mode knows of it. Null where the heap has no room.
   */
  static allocateDerived(bytes: number): Storage | null {
    const block = new Block(bytes);
    const storage = new Storage('uint8', bytes, block, null, null);
    if (!settle(block, storage)) return null;
    storage.weight = ballast(block);
    return storage;
  }

  /** For `deaths.ts`, which asks which storages are alive. */
  [LISTED](): string {
    return noteListed(this);
  }

  /** Notes an in-place write. */
  countWrite(): void {
    this.version++;
    this.root.writeCount++;
  }

  /** In-place writes to the elements, by whatever name. */
  get writes(): number {
    return this.root.writeCount;
  }

  /** What is kept of elements as they were; compare its `writes`. Setting it gives back what was kept before. */
  get derived(): Derived | null {
    return this.root.derivedOnce;
  }

  set derived(derived: Derived | null) {
    const { root } = this;
    root.derivedOnce?.storage.release('what was derived anew');
    root.derivedOnce = derived;
  }

  /** The same elements under a version counter of their own. */
  alias(): Storage {
    return Storage.make(this.dtype, this.length, null, null, this.root);
  }

  /** The storage that owns the memory: equal for all that share it. */
  get root(): Storage {
    return this.owner ?? this;
  }

  /** True while the elements are in the heap. They may be paged out whenever a storage is allocated or enters. */
  get inHeap(): boolean {
    const { block } = this.root;
    return block !== null && block.pointer !== 0;
  }

  /** True after `release`. */
  get isReleased(): boolean {
    return this.root.releasedBy !== null;
  }

  /**
   * Brings the elements into the heap, where kernels reach them, if they are outside and there is room; true when they are there.
   * They stay at least until a kernel launched next has returned.
   */
  enterHeap(): boolean {
    const root = this.root;
    const { block } = root;
    if (block === null) return false;
    if (block.pointer !== 0) {
      touch(block);
      return true;
    }
    return root.releasedBy === null && settle(block, root);
  }

  /** Byte address in the heap; 0 when the elements live outside. */
  get pointer(): number {
    const { block } = this.root;
    if (block === null) return 0;
    touch(block);
    return block.pointer;
  }

  /** The elements, as they are now. Never keep it across an allocation: growth of the heap and paging make it stale. */
  get array(): TypedArray {
    if (this.owner !== null) return this.owner.array;
    const { block, view } = this;
    if (view !== null) {
      if (block === null) return view;
      if (this.moves === block.moves && this.epoch === heap().epoch) {
        touch(block);
        return view;
      }
    }
    return this.refresh();
  }

  /** Says that the user has been given a tensor that is otherwise the engine's own: `giveBack` then does nothing. */
  show(): void {
    this.root.isSeen = true;
  }

  /** `release` at its last use by the engine, which knows of no other. */
  giveBack(where: string): void {
    if (!this.root.isSeen) this.release(where);
  }

  /**
   * Gives the memory back now. Reading it afterwards throws.
   *
   * @param where what released it, for the message of that error
   */
  release(where: string): void {
    const root = this.root;
    if (root.releasedBy !== null) return;
    // In debug mode with the place in the program; a stack costs too much for every day.
    root.releasedBy = observer === null ? where : `${where} (${new Error('released here').stack})`;
    root.view = null;
    root.weight = null;
    root.derived = null;
    if (root.block !== null) release(root.block);
  }

  private refresh(): TypedArray {
    const { block } = this;
    if (this.releasedBy !== null || block === null) {
      throw new TorsorError(`this tensor was released by ${this.releasedBy}; keep what leaves a scope with keep()`, {
        op: 'Storage',
      });
    }
    const home = heap();
    const isOutside = block.pointer === 0;
    const buffer = isOutside ? (block.outside as ArrayBuffer) : home.memory.buffer;
    this.view = viewArray(this.dtype, buffer, block.pointer, this.length);
    this.epoch = home.epoch;
    this.moves = block.moves;
    touch(block);
    return this.view;
  }
}

/** A storage of 16-bit floats, whose elements are bits and no numbers: it gives them within `withBits` alone. */
class HalfStorage extends Storage {
  override enterHeap(): boolean {
    checkBits(this.dtype as HalfDType);
    return super.enterHeap();
  }

  override get pointer(): number {
    checkBits(this.dtype as HalfDType);
    return super.pointer;
  }

  override get array(): TypedArray {
    checkBits(this.dtype as HalfDType);
    return super.array;
  }
}

function allocateOutside(dtype: DType, length: number): ArrayBuffer {
  const bytes = length * itemBytes(dtype);
  try {
    return new ArrayBuffer(bytes);
  } catch (cause) {
    throw new TorsorError(`out of memory: ${bytes} bytes for ${length} elements of ${dtype}`, {
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
