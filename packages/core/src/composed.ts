/**
 * Functions that are composed of ops make tensors on their way which nobody else ever sees: the log-probabilities in a cross entropy,
 * the positions in a max-pool whose caller did not ask for them, what flows through a module. Their memory need not wait for the
 * garbage collector: it comes back at once, or, if the tape has saved them, with the last record that keeps them.
 */

import type { TensorBase } from './base.ts';
import { recorderIfAny } from './dispatch.ts';
import { visitStorages } from './scope.ts';
import type { Storage } from './storage.ts';
import { setStorageTracker } from './storage.ts';

/** How often code has run that may keep what it sees. */
let exposures = 0;

/** Gives up a storage of which the caller has the only reference, the tape's aside. */
function leave(storage: Storage): void {
  const recorder = recorderIfAny();
  if (recorder === null) storage.giveBack('the function that made it');
  else recorder.leaveToTape(storage);
}

/** Gives up results of an op that the caller does not hand on, and returns the first, which it does. */
export function firstOf<T extends TensorBase>([first, ...rest]: readonly [T, ...(TensorBase | null)[]]): T {
  for (const tensor of rest) if (tensor !== null) leave(tensor.storage.root);
  return first;
}

/**
 * Runs `fn`, which keeps nothing of what it makes but what it returns: a tensor, or a list, map or plain object of tensors. The rest
 * is given up, unless `expose` was called meanwhile.
 *
 * @example
 * return composed(() => mean(abs(sub(input, target))));
 */
export function composed<T>(fn: () => T): T {
  const made: Storage[] = [];
  const before = exposures;
  const outer = setStorageTracker((storage) => {
    made.push(storage);
    if (outer !== null) outer(storage);
  });
  try {
    const result = fn();
    if (exposures === before && made.length > 0) {
      const returned = new Set<Storage>();
      visitStorages(result, (storage) => returned.add(storage));
      for (const storage of made) if (!returned.has(storage)) leave(storage);
    }
    return result;
  } finally {
    setStorageTracker(outer);
  }
}

/** Says that code which may keep tensors (a hook, a module or `Function` of the user's) has run amid a composed function. */
export function expose(): void {
  exposures++;
}

/** How often `expose` was called: if not between two moments, nobody has seen what was made in between. */
export function exposed(): number {
  return exposures;
}
