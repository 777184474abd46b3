/** The bytes of one large storage: in the heap, at `pointer`, or in an array `outside`. */
export class Block {
  readonly bytes: number;
  /** Byte address in the heap; 0 while the block is outside. */
  pointer = 0;
  outside: ArrayBuffer | null = null;
  /** When it came into the heap, in settlements. */
  placedAt = 0;
  /** When a kernel or a reader last asked where the block is; in settlements, see `clock` of `pager.ts`. */
  lastUse = 0;
  /** Counts changes of place, so that views of the old one are noticed. */
  moves = 0;
  /** Index among the residents; -1 outside. */
  place = -1;
  /** Index among the new, or among the young, of `deaths.ts`; -1 for those that are neither. */
  placeAsNew = -1;
  placeAsYoung = -1;
  /** Looks at the young that its owner has survived. */
  looks = 0;
  /** Whether the finaliser knows the storage that owns this. */
  isRegistered = false;
  /** Tells in a synchronous loop whether that storage is dead; null where the runtime cannot, and while it is not registered. */
  owner: WeakRef<object> | null = null;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}
