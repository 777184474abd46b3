/**
 * Room in the heap for one launch: kernels reach nothing else, and operands may live in typed arrays outside it.
 */

import { keepShape } from '../collector.ts';
import { itemBytes } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { Storage } from '../storage.ts';
import type { Tensor } from '../tensor.ts';
import { APART_BYTES, heap } from './heap.ts';

const ALIGN = 64;
/** So many elements are copied one by one. */
const SHORT = 128;
const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/** Consecutive elements of a storage. */
export interface Part {
  readonly storage: Storage;
  readonly first: number;
  readonly count: number;
  /** Where in the scratch space they are copied to; null for those of the heap. */
  at: number | null;
}

/**
 * Scratch space for one kernel, and copies of operands that live in typed arrays. All of it is one request to the heap, since the
 * next request takes it back: first everything is set aside, then `open` takes the room, and only then are there addresses.
 */
export class Staging {
  private readonly parts: Part[] = [];
  private bytes = 0;
  private base = 0;

  /** Sets aside `bytes`; returns where they will be, relative to the start. */
  reserve(bytes: number): number {
    const at = this.bytes;
    this.bytes += aligned(bytes);
    return at;
  }

  /** The same for what the calling thread writes and other threads do not, apart from all that is set aside after it. */
  reserveApart(bytes: number): number {
    return this.reserve(bytes + APART_BYTES);
  }

  /** Sets aside room for elements `first` to `first + count - 1` of a storage, unless they are in the heap or can enter it. */
  add(storage: Storage, first: number, count: number): Part {
    const at = storage.enterHeap() ? null : this.reserve(count * itemBytes(storage.dtype));
    const part = { storage, first, count, at };
    this.parts.push(part);
    return part;
  }

  /** The same for all that a tensor reaches, from its first element to its last. */
  addTensor({ storage, shape, strides, offset }: Tensor): Part {
    let last = 0;
    for (let d = 0; d < shape.length; d++) last += (shape[d] - 1) * strides[d];
    return this.add(storage, offset, sizeOf(shape) === 0 ? 0 : last + 1);
  }

  /** Bytes that `open` will take. */
  get size(): number {
    return this.bytes;
  }

  /** Takes the room and copies in all parts but the one that is only written. */
  open(written: Part | null): void {
    for (const part of this.parts) {
      // What was allocated since `add` may have moved it out again.
      if (part.at === null && part.storage.pointer === 0) {
        part.at = this.reserve(part.count * itemBytes(part.storage.dtype));
      }
    }
    this.base = this.bytes > 0 ? heap().scratch(this.bytes) : 0;
    for (const part of this.parts) if (part !== written && part.at !== null) this.copy(part, part.at, true);
  }

  /** The byte address of what `reserve` set aside. */
  at(offset: number): number {
    return this.base + offset;
  }

  /** The byte address of a part's first element. */
  pointer({ storage, first, at }: Part): number {
    return at === null ? storage.pointer + first * itemBytes(storage.dtype) : this.base + at;
  }

  /** Copies the result back, if the part does not lie in the heap itself. */
  write(part: Part): void {
    if (part.at !== null) this.copy(part, part.at, false);
  }

  private copy({ storage, first, count }: Part, at: number, isIn: boolean): void {
    const { dtype } = storage;
    const array = storage.array as Float32Array;
    const place = (this.base + at) / itemBytes(dtype);
    const all = heap().elements(dtype) as Float32Array;
    if (count <= SHORT) {
      // Biases and the like: a view, to be made for each, would take longer than they do.
      if (isIn) for (let i = 0; i < count; i++) all[place + i] = array[first + i];
      else for (let i = 0; i < count; i++) array[first + i] = all[place + i];
    } else if (isIn) all.set(array.subarray(first, first + count), place);
    else array.set(all.subarray(place, place + count), first);
  }
}

keepShape(() => new Staging());
