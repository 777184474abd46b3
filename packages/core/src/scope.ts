/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Scopes: release at a known moment what was made inside and does not leave. Nobody needs them (what no one refers to comes back
 * by itself); they are for those who want memory to be flat and predictable.
 */

import { TensorBase } from './base.ts';
import { TorsorError } from './errors.ts';
import type { Storage } from './storage.ts';
import { setStorageTracker } from './storage.ts';

/** The open scopes, the innermost last. */
const open: Scope[] = [];

function track(storage: Storage): void {
  open[open.length - 1].made.add(storage);
}

/** An open scope. Ends with `using`, or by `end()`. */
export class Scope implements Disposable {
  /** @internal The storages that end with this scope. */
  readonly made = new Set<Storage>();
  private ended = false;

  constructor() {
    open.push(this);
    if (open.length === 1) setStorageTracker(track);
  }

  /**
   * Lets a tensor, or all tensors in a structure of arrays, maps, sets and plain objects, outlive this scope; returns its
   * argument. What was made in this scope, or in one opened later, passes to the scope around this one, if there is any.
   */
  keep<T>(value: T): T {
    const own = open.indexOf(this);
    if (own < 0) return value;
    const parent = open[own - 1];
    visitStorages(value, (storage) => {
      for (let i = own; i < open.length; i++) if (open[i].made.delete(storage)) parent?.made.add(storage);
    });
    return value;
  }

  /**
   * Releases all that was made inside and not kept. Calling it again does nothing.
   *
   * @throws TorsorError when a scope opened later is still open
   */
  end(): void {
    if (this.ended) return;
    if (open[open.length - 1] !== this) {
      throw new TorsorError('scopes must end in the reverse order of their beginning; a later one is still open', {
        op: 'Scope.end',
      });
    }
    this.ended = true;
    open.pop();
    if (open.length === 0) setStorageTracker(null);
    for (const storage of this.made) storage.release('a scope');
    this.made.clear();
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
 * Runs `fn` in a scope and returns its value; tensors in that value (also inside arrays, maps, sets and plain objects) leave the
 * scope.
 *
 * @throws TorsorError when `fn` is asynchronous: other code would run inside the scope meanwhile
 */
export function tidy<T>(fn: () => T): T {
  const inner = new Scope();
  try {
    const value = fn();
    if (isThenable(value)) {
      // What it fails with later is no news any more; unhandled, it would end the program.
      value.then(undefined, () => undefined);
      throw new TorsorError('fn must be synchronous; open a scope() around each synchronous part instead', {
        op: 'tidy',
      });
    }
    return inner.keep(value);
  } finally {
    // What `fn` opened and, perhaps because it threw, did not end, ends with it.
    while (open[open.length - 1] !== inner) open[open.length - 1].end();
    inner.end();
  }
}

/** Lets a tensor outlive every open scope: for what is stored away inside one, as gradients and optimiser state are. */
export function keep<T>(value: T): T {
  if (open.length > 0) {
    visitStorages(value, (storage) => {
      for (const { made } of open) made.delete(storage);
    });
  }
  return value;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Visits the storages of all tensors in a structure, which may contain itself. */
function visitStorages(value: unknown, visit: (storage: Storage) => void, seen?: Set<object>): void {
  if (typeof value !== 'object' || value === null) return;
  if (value instanceof TensorBase) {
    visit(value.storage.root);
    return;
  }
  seen ??= new Set();
  if (seen.has(value)) return;
  seen.add(value);
  const entries =
    Array.isArray(value) || value instanceof Set
      ? value
      : value instanceof Map
        ? value.values()
        : isPlain(value)
          ? Object.values(value)
          : [];
  for (const entry of entries) visitStorages(entry, visit, seen);
}

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}
