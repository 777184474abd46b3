/// <reference lib="esnext.disposable" preserve="true" />

/** Lets the user see, and stand around, every op. */

import { symbolDispose } from './dispose.ts';
import type { Observer } from './observe.ts';
import { observed } from './observe.ts';
import { visitStorages } from './scope.ts';

/** Sees an op: its name, in place with `_` at its end, and its arguments; returns what `run` returns. */
export type DispatchHandler = <R>(op: string, args: readonly unknown[], run: () => R) => R;

/** Ends what it guards: `using _ = dispatchMode(handler)`. */
export interface DispatchGuard {
  [symbolDispose](): void;
}

/**
 * While it is in force, each op goes through `handler`, which runs it: `dispatchMode(handler, fn)`, or
 * `using _ = dispatchMode(handler)`. Ops that an op calls come in between, and so do those of backward passes. The tape makes the
 * list of arguments its own: copy it before `run` to read it afterwards. PyTorch's `TorchDispatchMode`.
 *
 * @example
 * dispatchMode((op, args, run) => {
 *   console.log(op);
 *   return run();
 * }, () => x.sub(2).mean()); // prints sub, mean
 */
export function dispatchMode(handler: DispatchHandler): DispatchGuard;
export function dispatchMode<R>(handler: DispatchHandler, fn: () => R): R;
export function dispatchMode<R>(handler: DispatchHandler, fn?: () => R): R | DispatchGuard {
  const outer = observed.current;
  const within = <T>(observer: Observer | null, run: () => T): T => {
    const current = observed.current;
    observed.current = observer;
    try {
      return run();
    } finally {
      observed.current = current;
    }
  };
  const own: Observer = {
    // ops of the handler's own are not for it
    op: (name, args, run) => {
      visitStorages(args, (storage) => storage.show());
      const inner = () => {
        const result = within(own, run);
        visitStorages(result, (storage) => storage.show());
        return result;
      };
      return within(outer, () => handler(name, args, outer === null ? inner : () => outer.op(name, args, inner)));
    },
    kernel: (name) => outer?.kernel(name),
    compiled: () => outer?.compiled(),
    because: (why) => outer?.because(why),
  };
  if (fn !== undefined) return within(own, fn);
  observed.current = own;
  return {
    [symbolDispose]() {
      observed.current = outer;
    },
  };
}
