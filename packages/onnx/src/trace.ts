/**
 * One run of a model, written down: each op that the model called, on which tensors, in order. Tensors are known by numbers, in the order
 * in which they were first seen, so that two runs that took the same path have the same numbers.
 *
 * Ops that write in place are written down as ops with a result: what was there before keeps its number, and the tensor gets that of the
 * result. A write through a view becomes a `putView` for each view on the way to the tensor that owns the memory; other views of that one
 * are taken again from it when they are next read. PyTorch calls this functionalization.
 */

import type { DType, Shape, Storage, Tensor, TypedArray } from '@torsor/core';
import { dispatchMode, isTensor, NotImplementedError } from '@torsor/core';

/** A tensor among the arguments of a step. */
export class Ref {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

/** A tensor that was seen. */
export interface Seen {
  /** `state` for parameters and buffers; `constant` for what came from anywhere but an op. */
  readonly origin: 'input' | 'state' | 'constant' | 'result';
  /** Of inputs, parameters and buffers. */
  readonly name: string | null;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The elements, row by row, of what does not depend on the inputs. */
  readonly read: (() => TypedArray) | null;
  /** Whether it is a parameter or buffer, or a view of one: the same in all runs. */
  readonly isState: boolean;
}

export interface Step {
  /** The op's name, without the `_` of ops in place. */
  readonly op: string;
  /** The op's arguments, with a `Ref` for each tensor. */
  readonly args: readonly unknown[];
  readonly results: readonly number[];
}

/** The op that a tensor is a view by, of another. */
interface View {
  readonly parent: Tensor;
  readonly op: string;
  /** All arguments but the parent. */
  readonly args: readonly unknown[];
  /** Which of the op's results it is. */
  readonly index: number;
}

/** What is known of a tensor. */
interface Entry {
  readonly id: number;
  /** Writes to its storage when it got this number. */
  readonly writes: number;
}

const VIEWS: ReadonlySet<string> = new Set([
  ...['view', 'unsafeView', 'alias', 't', 'transpose', 'permute', 'select', 'slice', 'squeeze', 'unsqueeze'],
  ...['expand', 'unfold', 'diagonal', 'asStrided', 'split', 'unbind'],
]);

const layoutOf = ({ shape, strides, offset, dtype }: Tensor): string => `${dtype}${offset}:${shape}:${strides}`;

const tensorsIn = (value: unknown): Tensor[] =>
  isTensor(value) ? [value] : Array.isArray(value) ? value.flatMap(tensorsIn) : [];

/** The elements as they are now. */
function readable(x: Tensor): () => TypedArray {
  const data = x.toTypedArray();
  return () => data;
}

/** Lists and tensors are replaced; plain objects hold no tensors. */
function mapTensors(value: unknown, replace: (x: Tensor) => unknown): unknown {
  if (isTensor(value)) return replace(value);
  return Array.isArray(value) ? value.map((entry) => mapTensors(entry, replace)) : value;
}

export class Tracer {
  readonly seen: Seen[] = [];
  readonly steps: Step[] = [];
  private readonly entries = new Map<Tensor, Entry>();
  private readonly views = new Map<Tensor, View>();
  /** By memory and layout: tensors that are others under another name. */
  private readonly byLayout = new Map<Storage, Map<string, Tensor>>();
  /** Memory of parameters and buffers. */
  private readonly states = new Set<Storage>();
  private readonly knows: (op: string) => boolean;
  private isInside = false;

  /** @param knows whether an op stands for itself, whatever ops it calls */
  constructor(knows: (op: string) => boolean) {
    this.knows = knows;
  }

  /** Gives a number to an input. */
  input(x: Tensor, name: string): number {
    return this.note(x, 'input', name, null);
  }

  /** Gives a name to a parameter or buffer. */
  state(x: Tensor, name: string): void {
    this.states.add(x.storage.root);
    this.note(x, 'state', name, () => x.toTypedArray());
  }

  run<R>(fn: () => R): R {
    return dispatchMode((op, args, run) => this.step(op, args, run), fn);
  }

  /** The number of a tensor, as it is now. */
  idOf(x: Tensor): number {
    const known = this.find(x);
    if (known !== null) return known;
    const view = this.views.get(x);
    if (view !== undefined) return this.take(x, view);
    if (this.byLayout.get(x.storage.root)?.size) this.refuseAlias(x);
    return this.note(x, 'constant', null, readable(x));
  }

  private refuseAlias({ shape }: Tensor): void {
    throw new NotImplementedError(
      `a tensor of shape [${shape.join(', ')}] is a view that was not made by an op while the model ran, of memory that was; make the ` +
        'view with an op (select, slice, view), or a copy with clone()',
      { op: 'exportOnnx', operands: { shape } },
    );
  }

  private find(x: Tensor): number | null {
    const { writes } = x.storage;
    const own = this.entries.get(x);
    if (own?.writes === writes) return own.id;
    const twin = this.byLayout.get(x.storage.root)?.get(layoutOf(x));
    const entry = twin === undefined ? undefined : this.entries.get(twin);
    return entry?.writes === writes ? entry.id : null;
  }

  private note(x: Tensor, origin: Seen['origin'], name: string | null, read: Seen['read']): number {
    const { dtype, shape } = x;
    if (dtype === 'float16' || dtype === 'bfloat16') {
      throw new NotImplementedError(`cannot export ${dtype}; cast the model and its inputs with .to('float32') first`, {
        op: 'exportOnnx',
        operands: { dtype, shape },
      });
    }
    const { root, writes } = x.storage;
    const id = this.seen.push({ origin, name, dtype, shape, read, isState: this.states.has(root) }) - 1;
    this.entries.set(x, { id, writes });
    const layouts = this.byLayout.get(root) ?? new Map<string, Tensor>();
    this.byLayout.set(root, layouts.set(layoutOf(x), x));
    return id;
  }

  /** Notes a step, and its results, which depend on the inputs if an argument does. */
  private record(op: string, args: readonly unknown[], results: readonly Tensor[]): readonly number[] {
    const isConstant = refsIn(args).every(({ id }) => this.seen[id].read !== null);
    const ids = results.map((x) => this.note(x, 'result', null, isConstant ? this.reader(x) : null));
    this.steps.push({ op, args, results: ids });
    return ids;
  }

  /** Constants are read at once, as their memory may be given back, unless it is that of a parameter or buffer, which nothing writes to. */
  private reader(x: Tensor): () => TypedArray {
    return this.states.has(x.storage.root) ? () => x.toTypedArray() : readable(x);
  }

  /** Takes a view again, from memory that was written to. */
  private take(x: Tensor, { parent, op, args, index }: View): number {
    const ref = new Ref(this.idOf(parent));
    const id = this.note(x, 'result', null, this.seen[ref.id].read === null ? null : this.reader(x));
    this.steps.push({ op: 'takeView', args: [ref, op, args, index], results: [id] });
    return id;
  }

  private step<R>(name: string, args: readonly unknown[], run: () => R): R {
    if (this.isInside) return run();
    const isInPlace = name.endsWith('_');
    const op = isInPlace ? name.slice(0, -1) : name;
    if (!this.knows(op)) return this.through(op, args, run);
    // before it runs: the tape takes arguments out that it does not keep, and an op in place writes over its own
    const refs = args.map((arg) => mapTensors(arg, (x) => new Ref(this.idOf(x))));
    const way = isInPlace ? this.wayUp(args[0] as Tensor) : [];
    this.isInside = true;
    let result: R;
    try {
      result = run();
    } finally {
      this.isInside = false;
    }
    if (isInPlace) this.wrote(op, refs, args[0] as Tensor, way);
    else {
      const results = tensorsIn(result);
      this.record(op, refs, results);
      if (VIEWS.has(op)) this.noteViews(op, args, results);
    }
    return result;
  }

  /** What no one knows is its ops; an op that calls none is one that is missing. */
  private through<R>(op: string, args: readonly unknown[], run: () => R): R {
    const refs = args.map((arg) => mapTensors(arg, (x) => new Ref(this.idOf(x))));
    const before = this.steps.length;
    const result = run();
    const results = tensorsIn(result);
    if (results.length === 0 && refsIn(refs).some(({ id }) => this.seen[id].read === null)) {
      throw new NotImplementedError(
        `${op}() reads a tensor that depends on the input, and a graph holds tensors alone; compute with tensors, and choose with where()`,
        { op: 'exportOnnx', operands: { op } },
      );
    }
    if (refsIn(refs).length > 0 && this.steps.length === before) this.record(op, refs, results);
    return result;
  }

  private noteViews(op: string, args: readonly unknown[], results: readonly Tensor[]): void {
    const parent = args[0] as Tensor;
    results.forEach((x, index) => {
      if (x !== parent && x.storage.root === parent.storage.root) {
        this.views.set(x, { parent, op, args: args.slice(1), index });
      }
    });
  }

  /** The views from a tensor to the one that owns the memory, with the number of each parent before a write. */
  private wayUp(x: Tensor): { readonly view: View; readonly before: number }[] {
    const way: { view: View; before: number }[] = [];
    for (let view = this.views.get(x); view !== undefined; view = this.views.get(view.parent)) {
      way.push({ view, before: this.idOf(view.parent) });
    }
    return way;
  }

  private wrote(
    op: string,
    refs: readonly unknown[],
    x: Tensor,
    way: readonly { readonly view: View; readonly before: number }[],
  ): void {
    const self = this.seen[way.at(-1)?.before ?? (refs[0] as Ref).id];
    if (self.isState) {
      throw new NotImplementedError(
        `${op}_ writes to ${self.name}; a graph keeps no state from one run to the next: return what is to be kept, and take it as input`,
        { op: 'exportOnnx', operands: { op, name: self.name } },
      );
    }
    if (op === 'fill' && typeof refs[1] === 'number') checkFilled(x, refs[1]);
    let [child] = this.record(op, refs, [x]);
    for (const { view, before } of way) {
      [child] = this.record(
        'putView',
        [new Ref(before), new Ref(child), view.op, view.args, view.index],
        [view.parent],
      );
    }
  }
}

/** All tensors among arguments. */
export function refsIn(value: unknown): Ref[] {
  return value instanceof Ref ? [value] : Array.isArray(value) ? value.flatMap(refsIn) : [];
}

/** Random numbers that are drawn in place pass for a fill with 0. */
function checkFilled(x: Tensor, value: number): void {
  if (value !== 0 || [...x.toTypedArray()].every((entry) => Number(entry) === 0)) return;
  throw new NotImplementedError(
    'the model draws random numbers; take them as an input, or switch off what draws them (as dropout that is told `training: true`)',
    { op: 'exportOnnx' },
  );
}
