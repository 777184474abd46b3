/**
 * Asks the garbage collector, in the middle of a synchronous program, which objects are dead.
 *
 * Finalisers run between tasks only, and a weak reference keeps its target alive until the present job is over: so the language has
 * it (ECMA-262, "Processing Model of WeakRef and FinalizationRegistry Targets"), lest programs depend on the collector. V8 counts
 * the end of a microtask checkpoint as the end of a job, that of a context's own queue too (`microtaskMode` of `node:vm`), and such
 * a checkpoint, over an empty queue, runs nobody's code. After one, a collection clears weak references to what is dead; a function
 * that collects is found in a context made while the flag `--expose-gc` is set.
 *
 * That is a full collection, which takes a millisecond for each few mebibytes that the program holds. A collection of the young
 * generation takes a fraction of one, and leaves weak references alone; but it takes what has died young out of weak sets, and Node's
 * `util.inspect` lists what is in these (`showHidden`). So one sees there which of the objects put in a set are still alive.
 *
 * Deno's `gc` collects all there is, twice, gives back what room V8 had made for the young, and forgets optimised code: a loop would take
 * a quarter longer. There arrays are made and dropped until V8 collects the young by itself, since the room that it gives them is full.
 *
 * JavaScriptCore lets go of weak references when told to, which Bun hands on (`releaseWeakRefs` of `bun:jsc`); and there, collecting
 * the young generation alone clears the weak references to what has died in it.
 *
 * Whether a runtime can do this is tried out at first use; where it cannot (browsers), `watch` returns null and `pager.ts` pages dead
 * blocks out instead.
 */

interface Vm {
  createContext(globals: object, options?: { microtaskMode: 'afterEvaluate' }): object;
  Script: new (code: string) => { runInContext(context: object): unknown };
}

interface V8 {
  setFlagsFromString(flags: string): void;
  getHeapStatistics(): { used_heap_size: number };
  getHeapSpaceStatistics(): { space_name: string; space_used_size: number; space_available_size: number }[];
}

/** What a runtime must have for this. */
interface Collector {
  /** Ends the present job, as far as weak references are concerned. */
  checkpoint(): void;
  /** Collects, now and in full. */
  gc(): void;
  /** Collects what was made lately; null where that shows nowhere. */
  young: (() => void) | null;
  /** Calls the method `LISTED` of each object in the set; null where weak sets cannot be listed: weak references tell instead. */
  readonly list: ((set: WeakSet<object>) => void) | null;
}

interface Util {
  inspect(value: unknown, options: object): string;
}

/** `gc` as V8 has it; Deno's takes no options. */
type Gc = (options?: { type: 'minor' }) => void;

interface JavaScriptCore {
  releaseWeakRefs(): void;
  fullGC(): void;
  edenGC(): void;
}

/** Objects whose death shows whether death shows: several, since what looks like a pointer on the stack may keep one alive. */
const CANARIES = 8;

/** Undefined until it is first needed: contexts cost milliseconds. Null where there is none. */
let collector: Collector | null | undefined;
/** Whether weak references, and weak sets, were seen to tell what is dead; null until somebody has tried. */
let doReferencesTell: boolean | null = null;
let doSetsTell: boolean | null = null;

interface WithBun {
  readonly Bun?: { gc(force: boolean): void };
}

type GetModule = (name: string) => unknown;

/**
 * Asked for at once: Deno loads parts of itself with the first question (40 ms), and runs what microtasks there are meanwhile, in which it
 * cannot be asked again. At this moment none of them can be ours.
 */
const getModule: GetModule | null = /* @__PURE__ */ (() =>
  (globalThis as { process?: { getBuiltinModule?: GetModule } }).process?.getBuiltinModule ?? null)();

function findCollector(): Collector | null {
  try {
    return getModule === null ? null : 'Bun' in globalThis ? ofJavaScriptCore(getModule) : ofV8(getModule);
  } catch {
    // A runtime that has the modules and not these parts of them: that is the answer.
    return null;
  }
}

function ofJavaScriptCore(get: GetModule): Collector | null {
  const jsc = get('bun:jsc') as JavaScriptCore | undefined;
  if (jsc === undefined || typeof jsc.releaseWeakRefs !== 'function') return null;
  return { checkpoint: jsc.releaseWeakRefs, gc: jsc.fullGC, young: jsc.edenGC, list: null };
}

function ofV8(get: GetModule): Collector | null {
  const vm = get('node:vm') as Vm | undefined;
  const v8 = get('node:v8') as V8 | undefined;
  if (vm === undefined || v8 === undefined) return null;
  v8.setFlagsFromString('--expose-gc');
  const gc: unknown = new vm.Script('globalThis.gc').runInContext(vm.createContext({}));
  v8.setFlagsFromString('--no-expose-gc');
  if (typeof gc !== 'function') return null;
  const context = vm.createContext({}, { microtaskMode: 'afterEvaluate' });
  const nothing = new vm.Script('0');
  const isYoungListed = mayList();
  const isDeno = 'Deno' in globalThis;
  // Throws at once where it cannot be told.
  if (isDeno) youngSpace(v8);
  const collectAll = (): void => (gc as Gc)();
  const collectMinor = (): void => (gc as Gc)({ type: 'minor' });
  const collectYoung = isDeno
    ? () => fillYoung(v8, collectAll)
    : areThreadsChosen()
      ? collectMinor
      : () => onOneThread(v8, collectMinor);
  return {
    checkpoint() {
      nothing.runInContext(context);
    },
    gc: collectAll,
    young: isYoungListed ? collectYoung : null,
    list: isYoungListed ? listerOf(get('node:util') as Util) : null,
  };
}

/**
 * A collection of the few young that there are takes V8 0.2 ms on one thread, and 0.35 with others, which have to be woken. How many it
 * takes is looked up each time, so the rest of the program's collections have what they had.
 */
function onOneThread(v8: V8, collect: () => void): void {
  v8.setFlagsFromString('--no-parallel-scavenge');
  try {
    collect();
  } finally {
    v8.setFlagsFromString('--parallel-scavenge');
  }
}

/** Whether the program was started with a word on the threads of collections: then that stands. */
function areThreadsChosen(): boolean {
  const { execArgv = [], env = {} } =
    (globalThis as { process?: { execArgv?: readonly string[]; env?: Record<string, string | undefined> } }).process ??
    {};
  return /parallel.scavenge|single.threaded/.test([...execArgv, env['NODE_OPTIONS']].join(' '));
}

/** Elements of an array that is made to be thrown away: some 120 KiB, the most that V8 puts among other objects. */
const RUBBISH_LENGTH = 15_000;
/** How many are made before anybody looks, which takes microseconds; and how many elements in all. */
const RUBBISH_AT_ONCE = 4;
const MOST_RUBBISH_LENGTH = 2 ** 22;
/** What they take at least, on engines with short pointers. */
const RUBBISH_BYTES = RUBBISH_AT_ONCE * RUBBISH_LENGTH * 4;

/**
 * More room than this is too much to fill, and memory: V8 doubles it each time that what has outlived collections adds up to it, and
 * gives it back in a full collection alone.
 */
const MOST_ROOM_BYTES = 8 * 2 ** 20;

/**
 * Has V8 collect the young, by filling what room it gives them: that is done when they do not take more of it by what was made.
 *
 * @param collectAll what makes the room smaller, too
 */
function fillYoung(v8: V8, collectAll: () => void): void {
  const { used, room } = youngSpace(v8);
  if (room > MOST_ROOM_BYTES) {
    collectAll();
    return;
  }
  let before = used;
  for (let made = 0; made < MOST_RUBBISH_LENGTH; ) {
    for (let k = 0; k < RUBBISH_AT_ONCE; k++) made += new Array(RUBBISH_LENGTH).length;
    const now = youngSpace(v8).used;
    if (now < before + RUBBISH_BYTES) return;
    before = now;
  }
}

/** Bytes that young objects take, and that they may take before V8 collects them. */
function youngSpace(v8: V8): { used: number; room: number } {
  const space = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (space === undefined) return { used: 0, room: 0 };
  const { space_used_size: used, space_available_size: left } = space;
  return { used, room: used + left };
}

function listerOf({ inspect }: Util): (set: WeakSet<object>) => void {
  // All that matters here is said, since programs may change the defaults.
  const options = {
    showHidden: true,
    customInspect: true,
    depth: 1,
    maxArrayLength: null,
    compact: false,
    sorted: false,
  };
  return (set) => {
    inspect(set, options);
  };
}

/** False where weak sets cannot be listed: Bun has another way. */
function mayList(): boolean {
  return getModule !== null && !('Bun' in globalThis);
}

/** The name of the method by which an object takes part in lists of survivors; it calls `noteListed`. */
export const LISTED: unique symbol = Symbol.for('nodejs.util.inspect.custom');

/** Survivors found so far, while a list is made. */
let listed: object[] | null = null;

/** Puts an object on the list that is being made. */
export function noteListed(object: object): string {
  listed?.push(object);
  return '';
}

class Canary {
  [LISTED](): string {
    return noteListed(this);
  }
}

/** In each set, and alive: a list without it is not one. */
const sentinel = /* @__PURE__ */ new Canary();

/**
 * Of the objects in a weak set, those that have not been found dead; only where `canList`.
 *
 * @returns null if the list cannot be trusted
 */
export function survivors<T extends object>(set: WeakSet<T>): T[] | null {
  const found: object[] = [];
  listed = found;
  set.add(sentinel as object as T);
  try {
    collector?.list?.(set);
  } finally {
    listed = null;
  }
  const at = found.indexOf(sentinel);
  if (at < 0) return null;
  found.splice(at, 1);
  return found as T[];
}

/** Whether `canList` need not try, which takes milliseconds. */
export function isListingTried(): boolean {
  return doSetsTell !== null || !mayList();
}

/** Whether `survivors` tells, after a collection of the young, which of them died; tried out the first time. */
export function canList(): boolean {
  if (doSetsTell !== null) return doSetsTell;
  if (!mayList()) return false;
  if (collector === undefined) collector = findCollector();
  if (collector === null || collector.list === null) return (doSetsTell = false);
  doSetsTell = isListed(collector);
  if (!doSetsTell) collector.young = null;
  return doSetsTell;
}

/** Holds an object that is dead, until the collector comes by. */
let lately: WeakSet<object> | null = null;

/** Whether the young have been collected, by whomever, since this was last true; only where `canList`. */
export function hasCollected(): boolean {
  if (lately !== null && survivors(lately)?.length !== 0) return false;
  lately = new WeakSet([new Canary()]);
  return true;
}

/** Whether a collection of the young takes what is dead, and that alone, out of a weak set, and the rest is listed. */
function isListed({ young }: Collector): boolean {
  const living = new Canary();
  const set = new WeakSet<object>([living]);
  addCanaries(set);
  young?.();
  const found = survivors(set);
  return found?.includes(living) === true && found.length < 1 + CANARIES;
}

function addCanaries(set: WeakSet<object>): void {
  for (let i = 0; i < CANARIES; i++) set.add(new Canary());
}

/** How objects of kept shapes are made, and those that there are while something collects. */
const shapes: (() => object)[] = [];
const kept: object[] = [];

/**
 * V8 forgets the hidden class of objects once full collections find none of them, and with it all code that it has optimised for such
 * objects. Classes of short lives, in code that runs often, say here how one is made: there is one whenever `collect` collects.
 */
export function keepShape(make: () => object): void {
  shapes.push(make);
}

/** Whether the death of objects can be noticed; true also while that has not been tried. */
export function canWatch(): boolean {
  if (collector === undefined && getModule === null) collector = null;
  return collector !== null && doReferencesTell !== false;
}

/** A weak reference to an object whose death is to be noticed; null where that cannot be. */
export function watch<T extends object>(owner: T): WeakRef<T> | null {
  return canWatch() ? new WeakRef(owner) : null;
}

/** Whether a full collection shows in weak references which objects are dead; tried out the first time. */
export function canCollect(): boolean {
  if (doReferencesTell !== null) return doReferencesTell;
  if (collector === undefined) collector = findCollector();
  doReferencesTell = false;
  if (collector === null) return false;
  // Made where no variable of this function holds them.
  const canaries = makeCanaries();
  collector.checkpoint();
  collector.gc();
  doReferencesTell = canaries.some(isDead);
  return doReferencesTell;
}

/**
 * Collects, so that `survivors` tells what died young, and `isDead` the truth about what `watch` returned.
 *
 * @param young whether it will do to look at what was made lately
 */
export function collect(young: boolean): void {
  if (collector === null || collector === undefined) return;
  leastScriptBytes = Infinity;
  collector.checkpoint();
  if (young && collector.young !== null) {
    collector.young();
    return;
  }
  for (const make of shapes) kept.push(make());
  collector.gc();
  kept.length = 0;
}

/** Bytes of JavaScript's own heap that are in use, garbage and all; undefined until asked for, null where the young are not collected alone. */
let scriptBytes: (() => number) | null | undefined;
/** The least that they have been since something was last collected. */
let leastScriptBytes = Infinity;

function findScriptBytes(): (() => number) | null {
  const v8 = mayList() ? (getModule?.('node:v8') as V8 | undefined) : undefined;
  return typeof v8?.getHeapStatistics === 'function' ? () => v8.getHeapStatistics().used_heap_size : null;
}

/**
 * By how many bytes JavaScript's own heap has grown since anything was last collected; 0 where the young are not collected alone. V8
 * doubles the room that it gives the young when what has outlived them would fill it, up to 64 MiB, and fills all of that before it
 * collects: so a loop of a million steps would take tens of megabytes more than one of a thousand. Room that is never reached takes none.
 * Takes some microseconds.
 */
export function scriptGrowth(): number {
  if (scriptBytes === undefined) scriptBytes = findScriptBytes();
  if (scriptBytes === null) return 0;
  const usedBytes = scriptBytes();
  leastScriptBytes = Math.min(leastScriptBytes, usedBytes);
  return usedBytes - leastScriptBytes;
}

/** The least bytes of it in use that `scriptGrowth` has seen since anything was last collected. */
export function leastScript(): number {
  return leastScriptBytes;
}

/** Whether `collect(true)` does less than `collect(false)`; true also while that is not known. */
export function hasYoung(): boolean {
  return collector?.young !== null;
}

/** Lets go of all that `watch` and `isDead` have looked at: it would be kept until the end of the job. Takes some microseconds. */
export function forget(): void {
  if (collector === undefined) collector = findCollector();
  collector?.checkpoint();
}

/**
 * Collects, if the runtime has a plain call for it, so that paged-out arrays that are dead go at once: JavaScriptCore, left alone,
 * lets gigabytes of them pile up in a loop that never yields.
 */
export function collectArrays(): void {
  (globalThis as WithBun).Bun?.gc(true);
}

/** Whether `collectArrays` does anything. */
export function canCollectArrays(): boolean {
  return (globalThis as WithBun).Bun !== undefined;
}

/** Whether the target has been collected. Looking keeps what is alive until `forget`. */
export function isDead(reference: WeakRef<object>): boolean {
  return reference.deref() === undefined;
}

function makeCanaries(): WeakRef<object>[] {
  return Array.from({ length: CANARIES }, () => new WeakRef({}));
}

/** Addresses whose pages nobody touches, so that they cost nothing but weight in the eyes of the collector; null if refused. */
export function reserve(bytes: number): ArrayBuffer | null {
  try {
    return new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(bytes, {
      maxByteLength: bytes,
    });
  } catch {
    // Where addresses are scarce, the collector goes without.
    return null;
  }
}
