/**
 * How the heap learns that the owner of a block is dead. A block has three ages:
 *
 * - **new**: held here with its owner, for as long as a step takes or some. Most are released by then.
 * - **young**: its owner is in a weak set, where a collection of the young, which is cheap, shows whether it still lives; on runtimes
 *   that can list weak sets (`collector.ts`). What outlives two such looks lies among the collector's old objects.
 * - **old**: registered with the finaliser, which runs when the program yields; and with a weak reference to its owner, so that a full
 *   collection shows in a program that never does whether it is dead.
 *
 * When the job ends, all that there is becomes old, whatever its age: nobody may look again.
 */

import type { Block } from './block.ts';
import {
  canCollect,
  canList,
  collect,
  forget,
  hasCollected,
  hasYoung,
  isDead,
  isListingTried,
  type LISTED,
  leastScript,
  scriptGrowth,
  survivors,
  watch,
} from './collector.ts';

/** What owns a block: alive while somebody can reach its bytes, and then on every list of survivors. */
export interface Owner {
  readonly block: Block | null;
  /** Calls `noteListed`. */
  [LISTED](): string;
}

/**
 * A block is new until so many have been placed after it. What V8 keeps for a registration lies among its old objects, where it stays
 * after the release, and keeps the block's, until the old are collected. Fewer on Deno: full collections there leave the young so little
 * room that V8 collects them by itself between two looks, and who is held here through two such collections lies among the old.
 */
const NEW_AGE = /* @__PURE__ */ (() => ('Deno' in globalThis ? 32 : 256))();
/** So many blocks are new before anybody looks which of them are new no more. */
const MOST_NEW = 2 * NEW_AGE;
/** So many blocks are worth a look which of them the collector has found dead of its own accord. */
const MOST_YOUNG = 64;
/** An owner that has outlived so many collections of the young is not young. */
const YOUNG_LOOKS = 2;
/** Weak references keep their targets until they are made to forget them, which takes microseconds: after so many. */
const FORGET_EVERY = 64;
/** Where weak references tell of the young, all is looked at each so many times: else what the old refer to piles up. */
const ALL_EVERY = 4;
/**
 * A look at all that is not urgent comes after so many times as long as the last took: where JavaScript's own old objects have grown,
 * where many blocks have become old, and for no other reason, since the collector then gives back what it has kept of what was ours.
 */
const SOMETIMES = 50;
const SELDOM = 100;
const RARELY = 200;
/** What JavaScript's own heap may grow by between collections of the young: some twenty steps of a small network. */
const YOUNG_BYTES = 4 * 2 ** 20;
/**
 * What it may have grown by since all was collected, garbage among the old, before a look at all comes sooner: V8 would let it grow to
 * twice or thrice what is alive.
 */
const OLD_BYTES = 3 * 2 ** 20;
/** How much it has grown is asked for after so many blocks, and then when half of what is left will have been used, at the same pace. */
const FIRST_WEIGHED = 64;
const LEAST_UNWEIGHED = 16;
/** Looks that take longer than the last are believed to take so many times as long. */
export const SLOWER = 1.5;
/** How long the first will take, about. */
const FIRST_ALL_MS = 10;

export class Deaths {
  /** Called with each block whose owner is found dead. */
  private readonly bury: (block: Block) => void;
  private readonly finaliser: FinalizationRegistry<Block>;
  /** The new, oldest first, and their owners. */
  private readonly newBlocks: (Block | null)[] = [];
  private readonly newOwners: (Owner | null)[] = [];
  /** How many of them make it worth a look which are new no more. */
  private mostNew = MOST_NEW;
  /** Blocks placed since anything was last collected here, and after how many JavaScript's own heap is looked at. */
  private placed = 0;
  private weighedAt = FIRST_WEIGHED;
  private readonly young: Block[] = [];
  private readonly youngOwners = new WeakSet<Owner>();
  private isEndAwaited = false;
  private watched = 0;
  /** Looks at the young since the last one at all. */
  private youngLooks = 0;
  /** Bytes of blocks that have become old since the last look at all; and when that was, and how long it took. */
  private suspectBytes = 0;
  private allAtMs = 0;
  private allTookMs = FIRST_ALL_MS;
  /** Bytes of JavaScript's own heap in use after the last collection of all, and after the last of any kind. */
  private bytesAfterAll = 0;
  private bytesAfter = 0;
  /** Bytes of blocks that have become old with the last look: they had outlived it. */
  agedBytes = 0;
  /** Whether it is time for a look though there be no need of memory. */
  isDue = false;

  constructor(bury: (block: Block) => void) {
    this.bury = bury;
    this.finaliser = new FinalizationRegistry((block) => {
      block.isRegistered = false;
      bury(block);
    });
  }

  /** Takes in a block that has just been placed. */
  add(block: Block, owner: Owner): void {
    const { newBlocks } = this;
    block.placeAsNew = newBlocks.length;
    newBlocks.push(block);
    this.newOwners.push(owner);
    if (++this.placed >= this.weighedAt) this.weigh();
    if (newBlocks.length >= this.mostNew) {
      // To find out whether a runtime can list takes milliseconds; in a loop that leaves nothing there is no need to know.
      if (!isListingTried()) this.passNew(0, false);
      if (newBlocks.length > NEW_AGE) this.passNew(block.placedAt - NEW_AGE, canList());
      // What the collector has come across by itself goes before its block grows old.
      if (this.young.length >= MOST_YOUNG && canList() && hasCollected()) this.buryYoung(Infinity);
      this.isDue = isListingTried() && canList() && this.isLate() && canCollect();
      this.mostNew = MOST_NEW + newBlocks.length;
    } else if (!this.isEndAwaited) {
      this.isEndAwaited = true;
      queueMicrotask(() => {
        this.isEndAwaited = false;
        this.settleAll();
      });
    }
  }

  /** Lets go of a block that has left the heap, for whatever reason. */
  remove(block: Block): void {
    if (block.placeAsNew >= 0) {
      this.newBlocks[block.placeAsNew] = null;
      this.newOwners[block.placeAsNew] = null;
      block.placeAsNew = -1;
    }
    if (block.placeAsYoung >= 0) this.removeYoung(block);
    if (!block.isRegistered) return;
    this.finaliser.unregister(block);
    block.isRegistered = false;
    block.owner = null;
  }

  /**
   * Has the collector look, and buries the blocks whose owners are found dead.
   *
   * @param residents all blocks in the heap; those buried leave the list
   * @param all whether to look at the old, too, which takes longer the more the program holds
   * @returns false where the runtime cannot tell
   */
  look(residents: readonly Block[], all: boolean): boolean {
    const isListable = canList();
    this.isDue = false;
    this.passNew(Infinity, isListable);
    this.youngLooks = (this.youngLooks + 1) % ALL_EVERY;
    const isAll = all || !hasYoung() || (!isListable && this.youngLooks === 0);
    if ((isAll || !isListable) && !canCollect()) return false;
    const from = performance.now();
    this.collect(!isAll);
    this.agedBytes = 0;
    // A collection of all makes old whatever it leaves.
    this.buryYoung(isAll ? 1 : YOUNG_LOOKS);
    if (isAll || !isListable) this.buryOld(residents);
    if (isAll) {
      this.youngLooks = 0;
      this.suspectBytes = 0;
      this.allAtMs = performance.now();
      // One that takes long for once, while the machine has other things to do, is not the rule.
      this.allTookMs = Math.min(this.allAtMs - from, SLOWER * this.allTookMs);
    }
    return true;
  }

  /** Whether a look at all may find much, after one at the young that has left so many bytes in use, of so many before. */
  isWorthAll(usedBytes: number, usedBefore: number): boolean {
    const isLittle = usedBytes > usedBefore / 2;
    if (!canList()) return hasYoung() && isLittle && this.youngLooks > 0;
    return this.isLate() || (this.suspectBytes > usedBytes / 2 && (isLittle || this.sinceAll() > SELDOM));
  }

  /** Whether it has been long since the last look at all, or less long, and the old have grown. */
  private isLate(): boolean {
    const since = this.sinceAll();
    return since > RARELY || (since > SOMETIMES && this.bytesAfter - this.bytesAfterAll > OLD_BYTES);
  }

  /** How long the last look at all is past, in times of what it took. */
  private sinceAll(): number {
    return (performance.now() - this.allAtMs) / this.allTookMs;
  }

  /** Looks at the young if JavaScript's own heap has grown enough, or sets when to ask again. */
  private weigh(): void {
    const grown = scriptGrowth();
    if (grown >= YOUNG_BYTES && canList()) {
      this.lookAtYoung();
      return;
    }
    const blocks = grown > 0 ? (this.placed * (YOUNG_BYTES - grown)) / (2 * grown) : MOST_NEW;
    this.weighedAt = this.placed + Math.max(LEAST_UNWEIGHED, Math.min(MOST_NEW, Math.ceil(blocks)));
  }

  /** Collects; from here on, what JavaScript's own heap grows by counts anew. */
  private collect(young: boolean): void {
    collect(young);
    scriptGrowth();
    this.bytesAfter = leastScript();
    // What a program has made before the first is not old garbage.
    if (!young || this.bytesAfterAll === 0) this.bytesAfterAll = this.bytesAfter;
    this.placed = 0;
    this.weighedAt = FIRST_WEIGHED;
  }

  /** A look at the young alone, where they can be listed. */
  private lookAtYoung(): void {
    // None of the new is held meanwhile: what outlives two collections, V8 puts among the old, where later ones do not find it dead.
    this.passNew(Infinity, true);
    this.collect(true);
    this.buryYoung(YOUNG_LOOKS);
  }

  /** Makes all blocks old, so that the finaliser is told of each death of their owners. */
  private settleAll(): void {
    this.passNew(Infinity, false);
    this.buryYoung(0);
    if (scriptGrowth() >= YOUNG_BYTES && canList()) this.collect(true);
  }

  /** Makes those new blocks young, or else old, that were placed until a moment. */
  private passNew(until: number, isYoung: boolean): void {
    const { newBlocks, newOwners } = this;
    let kept = 0;
    for (let i = 0; i < newBlocks.length; i++) {
      const block = newBlocks[i];
      const owner = newOwners[i];
      if (block === null || owner === null) continue;
      if (block.placedAt > until) {
        block.placeAsNew = kept;
        newBlocks[kept] = block;
        newOwners[kept++] = owner;
        continue;
      }
      block.placeAsNew = -1;
      if (isYoung) this.addYoung(block, owner);
      else this.register(block, owner);
    }
    newBlocks.length = kept;
    newOwners.length = kept;
    this.forgetWatched();
  }

  private addYoung(block: Block, owner: Owner): void {
    block.looks = 0;
    block.placeAsYoung = this.young.length;
    this.young.push(block);
    this.youngOwners.add(owner);
  }

  private removeYoung(block: Block): void {
    const last = this.young.pop() as Block;
    if (last !== block) {
      this.young[block.placeAsYoung] = last;
      last.placeAsYoung = block.placeAsYoung;
    }
    block.placeAsYoung = -1;
  }

  /**
   * Buries the young whose owners the last collection has found dead, and makes old those that have outlived so many looks; Infinity
   * when this is not one.
   */
  private buryYoung(mostLooks: number): void {
    if (this.young.length === 0) return;
    const owners = survivors(this.youngOwners);
    // Better that they stay for good than that one goes that lives.
    if (owners === null) return;
    const living: Block[] = [];
    for (const owner of owners) {
      const { block } = owner;
      if (block === null || block.placeAsYoung < 0) continue;
      this.removeYoung(block);
      if (mostLooks !== Infinity) block.looks++;
      if (block.looks < mostLooks) {
        living.push(block);
        continue;
      }
      this.youngOwners.delete(owner);
      this.register(block, owner);
      this.agedBytes += block.bytes;
    }
    for (const block of [...this.young]) this.bury(block);
    for (const block of living) {
      block.placeAsYoung = this.young.length;
      this.young.push(block);
    }
    this.forgetWatched();
  }

  private register(block: Block, owner: Owner): void {
    this.finaliser.register(owner, block, block);
    block.isRegistered = true;
    block.owner = watch(owner);
    this.suspectBytes += block.bytes;
    if (block.owner !== null) this.watched++;
  }

  private forgetWatched(): void {
    if (this.watched < FORGET_EVERY) return;
    this.watched = 0;
    forget();
  }

  private buryOld(residents: readonly Block[]): void {
    for (let i = residents.length - 1; i >= 0; i--) {
      const block = residents[i];
      if (block.owner !== null && isDead(block.owner)) this.bury(block);
    }
    forget();
  }
}
