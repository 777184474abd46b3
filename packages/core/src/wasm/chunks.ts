/**
 * The book-keeping of the heap: its chunks in the order of their addresses, each in use or free, and lists of the free ones by size.
 * A program makes and frees a hundred blocks a training step, so all of it is kept in typed arrays: as objects and maps it would be
 * the most of what the garbage collector has to move.
 *
 * Addresses and sizes are in units of 64 bytes, the alignment of blocks.
 */

/** Lists of free chunks by powers of two, four to an octave. */
const BINS = 32 * 4;
/** Blocks are of at least so many units, so that no two begin in one slot of the table that finds them by address. */
export const LEAST_UNITS = 16;
const SLOT_SHIFT = Math.log2(LEAST_UNITS);
/** No chunk; chunk 0 is never used. */
const NONE = 0;
const FREE = 0;
const IN_USE = 1;

function binOf(units: number): number {
  const octave = 31 - Math.clz32(units);
  const quarter = octave >= 2 ? (units >>> (octave - 2)) & 3 : 0;
  return octave * 4 + quarter;
}

function grown<T extends Int32Array | Uint32Array>(array: T, length: number): T {
  const next = new (array.constructor as new (length: number) => T)(length);
  next.set(array);
  return next;
}

export class Chunks {
  private starts = new Uint32Array(64);
  private sizes = new Uint32Array(64);
  private states = new Uint32Array(64);
  /** Neighbours by address. */
  private below = new Int32Array(64);
  private above = new Int32Array(64);
  /** Neighbours in the list of a bin; `next` also links the numbers that no chunk has. */
  private previous = new Int32Array(64);
  private next = new Int32Array(64);
  /** The first chunk of each bin. */
  private readonly heads = new Int32Array(BINS);
  /** The block that begins in each `LEAST_UNITS` units; NONE where none does. */
  private blocks: Int32Array = new Int32Array(0);
  private firstUnused = NONE;
  private made = 1;
  private last = NONE;
  /** Blocks in use. */
  count = 0;

  /** All free, from `start` up to `end`. */
  constructor(start: number, end: number) {
    this.last = this.make(start, end - start, NONE, NONE);
    this.blocks = new Int32Array(end / LEAST_UNITS);
    this.enlist(this.last);
  }

  /** Free units at the end. */
  get freeAtEnd(): number {
    return this.states[this.last] === FREE ? this.sizes[this.last] : 0;
  }

  /** Adds units at the end, which are free. */
  extend(units: number): void {
    let tail = this.last;
    if (this.states[tail] === FREE) {
      this.delist(tail);
      this.sizes[tail] += units;
    } else {
      const end = this.starts[tail] + this.sizes[tail];
      tail = this.make(end, units, this.last, NONE);
      this.above[this.last] = tail;
      this.last = tail;
    }
    this.enlist(tail);
    this.blocks = grown(this.blocks, (this.starts[tail] + this.sizes[tail]) / LEAST_UNITS);
  }

  /** Puts a block of so many units into the first free chunk that holds it, bin by bin; its address, or 0 when there is none. */
  take(units: number): number {
    for (let bin = binOf(units); bin < BINS; bin++) {
      for (let chunk = this.heads[bin]; chunk !== NONE; chunk = this.next[chunk]) {
        if (this.sizes[chunk] < units) continue;
        this.delist(chunk);
        const rest = this.sizes[chunk] - units;
        if (rest > 0) this.split(chunk, units, rest);
        this.states[chunk] = IN_USE;
        const start = this.starts[chunk];
        this.blocks[start >>> SLOT_SHIFT] = chunk;
        this.count++;
        return start;
      }
    }
    return 0;
  }

  /** Units of the block that begins there; 0 when none does. */
  sizeAt(start: number): number {
    const chunk = this.blocks[start >>> SLOT_SHIFT] ?? NONE;
    return chunk !== NONE && this.starts[chunk] === start ? this.sizes[chunk] : 0;
  }

  /** Frees the block that begins there, and makes one chunk of it and its free neighbours. */
  give(start: number): void {
    const slot = start >>> SLOT_SHIFT;
    let chunk = this.blocks[slot];
    this.blocks[slot] = NONE;
    this.count--;
    this.states[chunk] = FREE;
    const after = this.above[chunk];
    if (after !== NONE && this.states[after] === FREE) {
      this.delist(after);
      this.absorb(chunk, after);
    }
    const before = this.below[chunk];
    if (before !== NONE && this.states[before] === FREE) {
      this.delist(before);
      this.absorb(before, chunk);
      chunk = before;
    }
    this.enlist(chunk);
  }

  /** Where the blocks in use begin. */
  inUse(): number[] {
    const starts: number[] = [];
    for (let chunk = this.last; chunk !== NONE; chunk = this.below[chunk]) {
      if (this.states[chunk] === IN_USE) starts.push(this.starts[chunk]);
    }
    return starts;
  }

  /** Units that are free, and those of the largest free chunk. */
  free(): { units: number; largest: number } {
    let units = 0;
    let largest = 0;
    for (const head of this.heads) {
      for (let chunk = head; chunk !== NONE; chunk = this.next[chunk]) {
        units += this.sizes[chunk];
        largest = Math.max(largest, this.sizes[chunk]);
      }
    }
    return { units, largest };
  }

  /** Cuts a chunk after `units`; what follows is a free chunk of its own. */
  private split(chunk: number, units: number, rest: number): void {
    const above = this.above[chunk];
    const tail = this.make(this.starts[chunk] + units, rest, chunk, above);
    this.sizes[chunk] = units;
    this.above[chunk] = tail;
    if (above !== NONE) this.below[above] = tail;
    else this.last = tail;
    this.enlist(tail);
  }

  /** Makes `chunk` reach over its upper neighbour, whose number is free then. */
  private absorb(chunk: number, neighbour: number): void {
    const above = this.above[neighbour];
    this.sizes[chunk] += this.sizes[neighbour];
    this.above[chunk] = above;
    if (above !== NONE) this.below[above] = chunk;
    else this.last = chunk;
    this.next[neighbour] = this.firstUnused;
    this.firstUnused = neighbour;
  }

  /** A free chunk, on no list yet. */
  private make(start: number, size: number, below: number, above: number): number {
    let chunk = this.firstUnused;
    if (chunk !== NONE) this.firstUnused = this.next[chunk];
    else {
      chunk = this.made++;
      if (chunk === this.starts.length) this.growTables(2 * chunk);
    }
    this.starts[chunk] = start;
    this.sizes[chunk] = size;
    this.states[chunk] = FREE;
    this.below[chunk] = below;
    this.above[chunk] = above;
    return chunk;
  }

  private growTables(length: number): void {
    this.starts = grown(this.starts, length);
    this.sizes = grown(this.sizes, length);
    this.states = grown(this.states, length);
    this.below = grown(this.below, length);
    this.above = grown(this.above, length);
    this.previous = grown(this.previous, length);
    this.next = grown(this.next, length);
  }

  /** To the front: what was freed last is likeliest to be in the cache. */
  private enlist(chunk: number): void {
    const bin = binOf(this.sizes[chunk]);
    const head = this.heads[bin];
    this.previous[chunk] = NONE;
    this.next[chunk] = head;
    if (head !== NONE) this.previous[head] = chunk;
    this.heads[bin] = chunk;
  }

  private delist(chunk: number): void {
    const previous = this.previous[chunk];
    const next = this.next[chunk];
    if (previous !== NONE) this.next[previous] = next;
    else this.heads[binOf(this.sizes[chunk])] = next;
    if (next !== NONE) this.previous[next] = previous;
  }
}
