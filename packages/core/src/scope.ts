/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Scopes: release at a known moment what was made inside and does not leave. Nobody needs them (what no one refers to comes back
 * by itself); they are for those who want memory to be flat and predictable.
 */

import { TensorBase } from './base.ts';
import { symbolDispose } from './dispose.ts';
import { show, TorsorError, ValueError } from './errors.ts';
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
  /** @internal Whether other code may run while it is open. */
  readonly isAsync: boolean;
  private ended = false;

  /** @internal */
  constructor(isAsync = false) {
    this.isAsync = isAsync;
    open.push(this);
    if (open.length === 1) setStorageTracker(track);
  }

  /**
   * Lets a tensor, or all tensors in a structure of arrays, maps, sets, plain objects and modules, outlive this scope; returns its
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
   * @throws TorsorError when a scope opened later is still open, unless that is an asynchronous `tidy`
   */
  end(): void {
    if (this.ended) return;
    const own = open.indexOf(this);
    if (!this.isAsync && open.slice(own + 1).some((later) => !later.isAsync)) {
      throw new TorsorError('scopes must end in the reverse order of their beginning; a later one is still open', {
        op: 'Scope.end',
      });
    }
    this.ended = true;
    open.splice(own, 1);
    if (open.length === 0) setStorageTracker(null);
    const heir = this.isAsync ? heirOf(own) : undefined;
    for (const storage of this.made) {
      if (heir === undefined) storage.release('a scope');
      else heir.made.add(storage);
    }
    this.made.clear();
  }

  [symbolDispose](): void {
    this.end();
  }
}

/**
 * The asynchronous scope that gets what one at `own` leaves. While several are open, their code takes turns, and what an earlier one
 * makes is entered into the latest: so none may release before those that were opened earlier have ended.
 */
function heirOf(own: number): Scope | undefined {
  for (let i = own - 1; i >= 0; i--) if (open[i].isAsync) return open[i];
  return undefined;
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
 * Runs `fn` in a scope and returns its value; tensors in that value (also inside arrays, maps, sets, plain objects and modules) leave
 * the scope.
 *
 * With an asynchronous `fn` the scope stays open until its promise is settled, and the promise returned follows it, value or
 * rejection. Tensors that other code makes meanwhile are entered too, unless it is inside a scope of its own: it must `keep` them.
 * Asynchronous scopes that overlap, nested ones among them, release when the first of them ends last.
 *
 * @example
 * const loss = tidy(() => x.sub(y).square().mean()); // the difference and its square are released
 * const logits = await tidy(async () => net(await load()));
 */
export function tidy<T>(fn: () => T): T {
  if (typeof fn !== 'function') throw new ValueError(`expects a function, but got ${show(fn)}`, { op: 'tidy' });
  const depth = open.length;
  const inner = new Scope();
  let value: T;
  try {
    value = fn();
    if (isThenable(value)) return finishLater(inner, value) as T;
    return inner.keep(value);
  } finally {
    // What `fn` opened and, perhaps because it threw, did not end, ends with it.
    for (let i = open.length - 1; i > depth; i--) if (!open[i].isAsync) open[i].end();
    inner.end();
  }
}

/** Goes on with an asynchronous scope, which takes over what the synchronous part of `fn` made. */
async function finishLater<T>(begun: Scope, promise: PromiseLike<T>): Promise<T> {
  const scope = new Scope(true);
  for (const storage of begun.made) scope.made.add(storage);
  begun.made.clear();
  try {
    // It leaves every scope: whether the one around this one awaits it, or merely runs beside it, nobody can tell.
    return keep(await promise);
  } finally {
    scope.end();
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

/** What holds parameters and buffers, as modules do: a function with methods that list them. */
interface ModuleLike {
  parameters(): Iterable<unknown>;
  buffers(): Iterable<unknown>;
}

function isModule(value: unknown): value is ModuleLike {
  const { parameters, buffers } = value as Partial<ModuleLike>;
  return typeof parameters === 'function' && typeof buffers === 'function';
}

/** Visits the storages of all tensors in a structure, which may contain itself. */
export function visitStorages(value: unknown, visit: (storage: Storage) => void, seen?: Set<object>): void {
  if (typeof value === 'function' && isModule(value)) {
    for (const list of [value.parameters(), value.buffers()]) visitStorages([...list], visit, seen);
    return;
  }
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
