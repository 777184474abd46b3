/**
 * Scopes: release at a known moment what was made inside and does not leave. Nobody needs them (what no one refers to comes back
 * by itself); they are for those who want memory to be flat and predictable.
 */

import { TensorBase } from './base.ts';
import { TorsorError } from './errors.ts';
import { liveHeapStorages, setStorageTracker } from './storage.ts';
import type { Storage } from './storage.ts';
import { heapIfAny } from './wasm/heap.ts';

/** Storages made in each open scope, the innermost last. */
const open: Set<Storage>[] = [];

function track(storage: Storage): void {
  open[open.length - 1].add(storage);
}

/** An open scope. Ends with `using`, or by `end()`. */
export class Scope implements Disposable {
  private readonly made = new Set<Storage>();
  private ended = false;

  constructor() {
    open.push(this.made);
    if (open.length === 1) setStorageTracker(track);
  }

  /** Lets a tensor, or all tensors in a structure of arrays and plain objects, outlive this scope; returns its argument. */
  keep<T>(value: T): T {
    visitStorages(value, (storage) => this.made.delete(storage));
    return value;
  }

  /**
   * Releases all that was made inside and not kept. Calling it again does nothing.
   *
   * @throws TorsorError when a scope opened later is still open
   */
  end(): void {
    if (this.ended) return;
    if (open[open.length - 1] !== this.made) {
      throw new TorsorError('scopes must end in the reverse order of their beginning; a later one is still open', {
        op: 'Scope.end',
      });
    }
    this.ended = true;
    open.pop();
    if (open.length === 0) setStorageTracker(null);
    for (const storage of this.made) storage.release('a scope');
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/**
 * Opens a scope.
 *
 * @example
 * {
 *   using s = scope();
 *   const y = x.exp().sum(); // both are released at the closing brace …
 *   total = s.keep(y); // … but for what is kept
 * }
 */
export function scope(): Scope {
  return new Scope();
}

/**
 * Runs `fn` in a scope and returns its value; tensors in that value (also inside arrays and plain objects) leave the scope.
 *
 * @throws TorsorError when `fn` is asynchronous: other code would run inside the scope meanwhile
 */
export function tidy<T>(fn: () => T): T {
  const inner = new Scope();
  try {
    const value = fn();
    if (value instanceof Promise) {
      value.catch(() => undefined);
      throw new TorsorError('fn must be synchronous; open a scope() around each synchronous part instead', { op: 'tidy' });
    }
    const parent = open[open.length - 2];
    visitStorages(inner.keep(value), (storage) => parent?.add(storage));
    return value;
  } finally {
    inner.end();
  }
}

/** Lets a tensor outlive every open scope: for what is stored away inside one, as gradients and optimiser state are. */
export function keep<T>(value: T): T {
  if (open.length > 0) {
    visitStorages(value, (storage) => {
      for (const made of open) made.delete(storage);
    });
  }
  return value;
}

function visitStorages(value: unknown, visit: (storage: Storage) => void): void {
  if (value instanceof TensorBase) visit(value.storage.root);
  else if (Array.isArray(value)) for (const entry of value) visitStorages(entry, visit);
  else if (value instanceof Map) for (const entry of value.values()) visitStorages(entry, visit);
  else if (typeof value === 'object' && value !== null && isPlain(value)) {
    for (const entry of Object.values(value)) visitStorages(entry, visit);
  }
}

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/** What tensors hold at this moment. */
export interface MemoryReport {
  /** Large storages in the heap. */
  readonly liveStorages: number;
  /** Bytes of the heap in use, scratch space included. */
  readonly usedBytes: number;
  /** The most that was ever in use. */
  readonly highWaterBytes: number;
  /** Bytes that the heap has taken from the system. */
  readonly heapBytes: number;
}

/** Reports what tensors hold. Small tensors live in ordinary arrays and are not counted. */
export function memory(): MemoryReport {
  const stats = heapIfAny()?.stats;
  return {
    liveStorages: liveHeapStorages(),
    usedBytes: stats?.usedBytes ?? 0,
    highWaterBytes: stats?.highWaterBytes ?? 0,
    heapBytes: stats?.totalBytes ?? 0,
  };
}

