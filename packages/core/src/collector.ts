/**
 * Asks the garbage collector, in the middle of a synchronous program, which objects are dead.
 *
 * Finalisers run between tasks only, and a weak reference keeps its target alive until the present job is over: so the language has
 * it (ECMA-262, "Processing Model of WeakRef and FinalizationRegistry Targets"), lest programs depend on the collector. V8 counts
 * the end of a microtask checkpoint as the end of a job, that of a context's own queue too (`microtaskMode` of `node:vm`), and such
 * a checkpoint, over an empty queue, runs nobody's code. After one, a collection clears weak references to what is dead; a function
 * that collects is found in a context made while the flag `--expose-gc` is set.
 *
 * JavaScriptCore lets go of them when told to, which Bun hands on (`releaseWeakRefs` of `bun:jsc`); and there, collecting the young
 * generation alone, which is cheap, clears the weak references to what has died in it.
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
}

/** What a runtime must have for this. */
interface Collector {
  /** Ends the present job, as far as weak references are concerned. */
  checkpoint(): void;
  /** Collects, now and in full. */
  gc(): void;
  /** Collects what was made lately; null where weak references to it would stay. */
  readonly young: (() => void) | null;
}

interface JavaScriptCore {
  releaseWeakRefs(): void;
  fullGC(): void;
  edenGC(): void;
}

/** Undefined until it is first needed: contexts cost milliseconds. Null where there is none. */
let collector: Collector | null | undefined;
let isTried = false;

interface WithBun {
  readonly Bun?: { gc(force: boolean): void };
}

type GetModule = (name: string) => unknown;

function getModule(): GetModule | null {
  return (globalThis as { process?: { getBuiltinModule?: GetModule } }).process?.getBuiltinModule ?? null;
}

function findCollector(): Collector | null {
  const get = getModule();
  try {
    return get === null ? null : 'Bun' in globalThis ? ofJavaScriptCore(get) : ofV8(get);
  } catch {
    // A runtime that has the modules and not these parts of them: that is the answer.
    return null;
  }
}

function ofJavaScriptCore(get: GetModule): Collector | null {
  const jsc = get('bun:jsc') as JavaScriptCore | undefined;
  if (jsc === undefined || typeof jsc.releaseWeakRefs !== 'function') return null;
  return { checkpoint: jsc.releaseWeakRefs, gc: jsc.fullGC, young: jsc.edenGC };
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
  return {
    checkpoint() {
      nothing.runInContext(context);
    },
    gc: gc as () => void,
    young: null,
  };
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
  if (collector === undefined && getModule() === null) collector = null;
  return collector !== null;
}

/** A weak reference to an object whose death is to be noticed; null where that cannot be. */
export function watch<T extends object>(owner: T): WeakRef<T> | null {
  return canWatch() ? new WeakRef(owner) : null;
}

/**
 * Collects, so that `isDead` tells the truth about what `watch` returned.
 *
 * @param young whether it will do to look at what was made lately
 * @returns false where the runtime cannot: then nothing is watched from now on
 */
export function collect(young: boolean): boolean {
  if (collector === undefined) collector = findCollector();
  if (collector === null) return false;
  if (!isTried) {
    isTried = true;
    // Several, since what looks like a pointer on the stack may keep one alive; made where no variable of this function holds them.
    const canaries = makeCanaries();
    collector.checkpoint();
    collector.gc();
    if (!canaries.some(isDead)) {
      collector = null;
      return false;
    }
  }
  collector.checkpoint();
  for (const make of shapes) kept.push(make());
  if (young && collector.young !== null) collector.young();
  else collector.gc();
  kept.length = 0;
  return true;
}

/** Whether `collect(true)` does less than `collect(false)`. */
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
  return Array.from({ length: 8 }, () => new WeakRef({}));
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
