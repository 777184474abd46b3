/**
 * Nodes of the tape, and what the tape keeps in a tensor's slot. After PyTorch's `torch/csrc/autograd/function.h` and
 * `variable.h`; streams, devices and forward mode are left out.
 *
 * A node stands for one operation. Its `next` edges lead, one for each input of the operation, to the nodes that made the
 * inputs; an `AccumulateGrad` stands at each leaf. The engine follows the edges.
 */

import type { DType, GradFn, RemovableHandle, Shape, Tensor } from '@torsor/core';
import { AutogradError, add, clone, formatShape, isTensor, keep, sameShape } from '@torsor/core';
import { anomaly } from './anomaly.ts';
import type { TensorMeta } from './derivatives/define.ts';

/** Gradients on their way: null where nothing flows. */
export type Gradients = readonly (Tensor | null)[];

/** How a view was made, which decides whether it may be written to in place. */
export const CREATED_PLAIN = 0;
/** By an operation that returns several views. */
export const CREATED_WITH_OTHERS = 1;
/** While recording was off. */
export const CREATED_UNRECORDED = 2;
/** In a custom `Function`, whose own backward a write would bypass. */
export const CREATED_IN_FUNCTION = 3;

/** What a tensor's autograd slot holds. */
export class AutogradMeta {
  /** The flag of a leaf; what an operation made requires a gradient by having a `gradFn`. */
  requiresGrad = false;
  gradFn: Node | null;
  outputNr: number;
  /** For a view: the version of the storage that `gradFn` is of. After a write through another view it is made anew. */
  version: number;
  /** For a view: one of the `CREATED_` kinds. */
  creation = CREATED_PLAIN;
  /** For a base: the version after the last recorded write through it or a view of it; -1 before one. */
  rewrittenAt = -1;
  grad: Tensor | null = null;
  /** Whether the engine made `grad`, and nobody has been given it: then its memory comes back when it is dropped. */
  ownsGrad = false;
  /** For a leaf: the node that writes `grad`. */
  accumulator: AccumulateGrad | null = null;
  retainsGrad = false;

  constructor(gradFn: Node | null, outputNr: number, version: number) {
    this.gradFn = gradFn;
    this.outputNr = outputNr;
    this.version = version;
  }

  /** Whether a tensor that is no view requires a gradient. */
  get tracked(): boolean {
    return this.requiresGrad || this.gradFn !== null;
  }

  /** Whether it is a leaf's that requires a gradient, which must not be overwritten. */
  get isTrackedLeaf(): boolean {
    return this.requiresGrad && this.gradFn === null;
  }

  /** Another gradient, or none, in place of `grad`, whose memory comes back if nobody else can reach it. */
  replaceGrad(grad: Tensor | null, isOwn: boolean): void {
    if (this.ownsGrad && this.grad !== null && this.grad !== grad)
      this.grad.storage.giveBack('a gradient that was dropped');
    // It outlives every scope, as its variable may.
    this.grad = keep(grad);
    this.ownsGrad = isOwn;
  }

  /** A new history, with the wish to retain the gradient carried along. */
  setHistory(gradFn: Node | null, outputNr: number): void {
    if (this.retainsGrad) {
      if (this.gradFn !== null) this.gradFn.stopRetaining(this);
      if (gradFn !== null) gradFn.retain(this, outputNr);
    }
    this.gradFn = gradFn;
    this.outputNr = outputNr;
  }
}

export type TensorHook = (grad: Tensor) => Tensor | null | undefined | void;
export type PreHook = (gradOutputs: Gradients) => unknown;
export type PostHook = (gradInputs: Gradients, gradOutputs: Gradients) => unknown;
export type AccumulateHook = (param: Tensor) => void;

/** The hooks of a node, in the order in which they run. */
export class Hooks {
  /** On the gradient of one output of the node: those of `Tensor.registerHook`. */
  readonly tensor: { readonly outputNr: number; readonly hook: TensorHook }[] = [];
  /** Tensors that did not want to lose their gradient. */
  readonly retained: { readonly outputNr: number; readonly meta: AutogradMeta }[] = [];
  readonly pre: { readonly hook: PreHook }[] = [];
  readonly post: { readonly hook: PostHook }[] = [];
  readonly accumulated: { readonly hook: AccumulateHook }[] = [];
}

function attach<T>(list: T[], entry: T): RemovableHandle {
  list.push(entry);
  return {
    remove() {
      const at = list.indexOf(entry);
      if (at >= 0) list.splice(at, 1);
    },
  };
}

let sequence = 0;

/** The node whose backward is running, which becomes the parent of nodes that it records. */
export const running: { node: Node | null } = { node: null };

export const NO_EDGES: readonly (Node | null)[] = [];

export abstract class Node implements GradFn {
  /** Counts up as nodes are made: the engine runs the youngest first, and before all others accumulators. */
  sequence: number;
  /** Shape and dtype of output 0, which its gradient must fit. */
  shape: Shape = [];
  dtype: DType = 'float32';
  /** The same for each output, when there are several. */
  outputs: readonly TensorMeta[] | null = null;
  /** Where the gradient of each input goes. */
  next: readonly (Node | null)[] = NO_EDGES;
  /** Which output of that node the input was; null when all are 0. */
  nextNr: readonly number[] | null = null;
  hooks: Hooks | null = null;
  /** In anomaly mode: where the operation was called, and the node whose backward called it. */
  trace: { readonly stack: string; readonly parent: Node | null } | null = null;

  // Scratch of the engine. `pass` tells whose; the rest means nothing unless it is the pass that runs.
  pass = 0;
  /** Edges into this node that have not delivered yet. */
  pending = 0;
  /** One of the engine's `NEED_` kinds. */
  need = 0;
  /** The gradient of output 0 so far. */
  grad: Tensor | null = null;
  /** Those of all outputs, when there are several. */
  grads: (Tensor | null)[] | null = null;
  /** Who can reach `grad`: one of the engine's kinds of `Hold`. */
  hold = 0;
  /** The same for each of `grads`. */
  holds: number[] | null = null;

  constructor() {
    this.sequence = sequence++;
    if (anomaly.enabled) this.trace = { stack: new Error().stack ?? '', parent: running.node };
  }

  abstract get name(): string;

  /**
   * From the gradients of the outputs to those of the inputs, aligned with `next`; entries that are no tensors count as null.
   *
   * @param grad that of a single output
   * @param grads those of several outputs, else null
   * @param needs for each edge, whether anybody wants its gradient
   */
  abstract apply(grad: Tensor | null, grads: Gradients | null, needs: readonly boolean[]): readonly unknown[];

  /** Whether no code of the user's sees the gradients on their way through `apply`, nor what `apply` makes. */
  get isSealed(): boolean {
    return false;
  }

  /** Lets go of what was saved for the backward pass. */
  release(): void {}

  /** The edges that users see: all of them, unless some stand for arguments that can have no gradient. */
  protected visibleEdges(): readonly number[] {
    return this.next.map((_, i) => i);
  }

  get nextFunctions(): readonly (readonly [Node | null, number])[] {
    return this.visibleEdges().map((i) => [this.next[i], this.nextNr === null ? 0 : this.nextNr[i]]);
  }

  get savedTensors(): readonly (Tensor | null)[] {
    return [];
  }

  registerHook(hook: PostHook): RemovableHandle {
    return attach((this.hooks ??= new Hooks()).post, { hook });
  }

  registerPrehook(hook: PreHook): RemovableHandle {
    return attach((this.hooks ??= new Hooks()).pre, { hook });
  }

  registerTensorHook(outputNr: number, hook: TensorHook): RemovableHandle {
    return attach((this.hooks ??= new Hooks()).tensor, { outputNr, hook });
  }

  registerAccumulateHook(hook: AccumulateHook): RemovableHandle {
    return attach((this.hooks ??= new Hooks()).accumulated, { hook });
  }

  /** Has the gradient of an output kept in `meta.grad`. */
  retain(meta: AutogradMeta, outputNr: number): void {
    (this.hooks ??= new Hooks()).retained.push({ outputNr, meta });
  }

  stopRetaining(meta: AutogradMeta): void {
    const list = this.hooks?.retained ?? [];
    const at = list.findIndex((entry) => entry.meta === meta);
    if (at >= 0) list.splice(at, 1);
  }

  /** The gradient of one output after the hooks on its tensor. */
  runTensorHooks(grad: Tensor | null, outputNr: number): Tensor | null {
    const hooks = this.hooks;
    if (hooks === null || grad === null) return grad;
    let out = grad;
    for (const entry of [...hooks.tensor]) {
      if (entry.outputNr !== outputNr) continue;
      const replaced = entry.hook(out);
      if (replaced !== null && replaced !== undefined) out = checkHookResult(replaced, out);
    }
    for (const entry of hooks.retained) {
      if (entry.outputNr !== outputNr) continue;
      // A copy: others may be given the same tensor. It adds up over passes, as the gradients of leaves do.
      entry.meta.grad = entry.meta.grad === null ? clone(out) : add(entry.meta.grad, out);
    }
    return out;
  }

  /** The gradients of all outputs after the node's own pre-hooks. */
  runPreHooks(grads: Gradients): Gradients {
    let out = grads;
    for (const { hook } of [...(this.hooks?.pre ?? [])]) out = replacement(hook(out), out, 'registerPrehook');
    return out;
  }

  /** The gradients of the inputs after the node's post-hooks, which see those that users see. */
  runPostHooks(gradInputs: readonly unknown[], gradOutputs: Gradients): readonly unknown[] {
    const hooks = this.hooks?.post ?? [];
    if (hooks.length === 0) return gradInputs;
    const visible = this.visibleEdges();
    let out: Gradients = visible.map((i) => (isTensor(gradInputs[i]) ? gradInputs[i] : null));
    for (const { hook } of [...hooks]) out = replacement(hook(out, gradOutputs), out, 'registerHook');
    const all = [...gradInputs];
    visible.forEach((edge, i) => {
      all[edge] = out[i];
    });
    return all;
  }
}

function checkHookResult(value: unknown, grad: Tensor): Tensor {
  if (!isTensor(value)) {
    throw new AutogradError(`a hook must return a tensor, null or nothing, but returned ${typeof value}`, {
      op: 'registerHook',
    });
  }
  if (!sameShape(value.shape, grad.shape)) {
    throw new AutogradError(
      `a hook has changed the size of value, from ${formatShape(grad.shape)} to ${formatShape(value.shape)}`,
      { op: 'registerHook', operands: { before: grad.shape, after: value.shape } },
    );
  }
  if (value.dtype !== grad.dtype) {
    throw new AutogradError(`a hook has changed the type of value, from ${grad.dtype} to ${value.dtype}`, {
      op: 'registerHook',
      operands: { before: grad.dtype, after: value.dtype },
    });
  }
  return value;
}

/** The gradients that a hook on a node returned instead of those it was given, if it did. */
function replacement(value: unknown, given: Gradients, op: string): Gradients {
  if (value === null || value === undefined) return given;
  const list: readonly unknown[] = isTensor(value) ? [value] : Array.isArray(value) ? value : [undefined];
  if (list.length !== given.length) {
    throw new AutogradError(`a hook must return ${given.length} gradients or nothing, but returned ${list.length}`, {
      op,
    });
  }
  return list.map((entry, i) => {
    if (entry === null || entry === undefined) return null;
    const before = given[i];
    if (before !== null) return checkHookResult(entry, before);
    if (isTensor(entry)) return entry;
    throw new AutogradError('a hook must return tensors or nulls', { op });
  });
}

/** Where a leaf's gradient arrives. */
export class AccumulateGrad extends Node {
  readonly variable: Tensor;

  constructor(variable: Tensor) {
    super();
    this.sequence = Number.POSITIVE_INFINITY;
    this.variable = variable;
    this.shape = variable.shape;
    this.dtype = variable.dtype;
  }

  override get name(): string {
    return 'AccumulateGrad';
  }

  /** Never called: the engine accumulates, since it knows who owns the gradient. */
  override apply(): readonly unknown[] {
    return NO_EDGES;
  }
}

/** A node that stands where differentiation must not go on: its backward throws. */
export class ErrorNode extends Node {
  readonly message: string;

  constructor(message: string, next: readonly (Node | null)[], output: TensorMeta) {
    super();
    this.message = message;
    this.next = next;
    this.shape = output.shape;
    this.dtype = output.dtype;
  }

  override get name(): string {
    return 'Error';
  }

  override apply(): never {
    throw new AutogradError(this.message, { op: 'backward' });
  }
}
