/**
 * Which storages a formula makes. Nobody but the engine can reach those, so it may give them away as they are, write into them, and
 * give their memory back as soon as they have served: the next allocation then finds memory that is still in the cache.
 */

import type { Storage } from '@torsor/core';
import { setStorageTracker } from '@torsor/core';

let made: Storage[] = [];
/** The scope of the user's that new storages are entered into, too. */
let outer: ReturnType<typeof setStorageTracker> = null;

function track(storage: Storage): void {
  made.push(storage);
  if (outer !== null) outer(storage);
}

/** Runs a formula, and enters into `list` the storages that it makes. */
export function collectFresh<T>(list: Storage[], formula: () => T): T {
  const before = made;
  made = list;
  outer = setStorageTracker(track);
  try {
    return formula();
  } finally {
    setStorageTracker(outer);
    made = before;
  }
}

/** Runs code of the user's amid a formula: what it makes may be reached from anywhere. */
export function uncollected<T>(fn: () => T): T {
  const before = outer;
  const tracker = setStorageTracker(before);
  try {
    return fn();
  } finally {
    setStorageTracker(tracker);
    outer = before;
  }
}
