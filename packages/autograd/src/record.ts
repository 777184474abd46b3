/**
 * Recording: what happens around an op while its arguments need gradients. After PyTorch's generated `VariableType`, and
 * `CopySlices` of `tensor.cpp` for writes through views.
 */

import type { DType, OpList, OpName, Shape, Tensor } from '@torsor/core';
import { AutogradError, asStrided, clone, construct, isFloating, isTensor, modes, Storage, sizeOf } from '@torsor/core';
import type { Gradients } from './node.ts';
import { AutogradMeta, CREATED_PLAIN, CREATED_UNRECORDED, CREATED_WITH_OTHERS, NO_EDGES, Node } from './node.ts';
import { FREED } from './saved.ts';
import {
  BLOCKING_RULE,
  checkViewWrite,
  edgeNode,
  edgeNr,
  metaOf,
  needsGrad,
  OpNode,
  ruleOf,
  setHistory,
  slotOf,
} from './tape.ts';

/** Position of the last argument that was seen to be a list of tracked tensors; -1 when none was. */
let listAt = -1;

/** Bit i: argument i, or an entry of it, needs a gradient. Sets `listAt`. */
function needsOf(args: readonly unknown[]): number {
  let needs = 0;
  listAt = -1;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (isTensor(arg)) {
      if (needsGrad(arg)) needs |= 1 << i;
    } else if (Array.isArray(arg)) {
      for (let j = 0; j < arg.length; j++) {
        const entry: unknown = arg[j];
        if (typeof entry === 'number') break;
        if (isTensor(entry) && needsGrad(entry)) {
          needs |= 1 << i;
          listAt = i;
          break;
        }
      }
    }
  }
  return needs;
}

/** Runs an op; leaves a node behind when an argument needs a gradient. */
export function record<K extends OpName>(
  op: K,
  forward: OpList[K],
  args: Parameters<OpList[K]>,
): ReturnType<OpList[K]> {
  const run = forward as (...args: readonly unknown[]) => ReturnType<OpList[K]>;
  const needs = modes.inference ? 0 : needsOf(args);
  const list = listAt;
  const rule = needs === 0 ? null : ruleOf(op);
  let result: ReturnType<OpList[K]>;
  modes.grad = false;
  try {
    result = run(...args);
  } finally {
    modes.grad = true;
  }
  if (rule === null) {
    noteViews(result, creationOf(args[0]));
    return result;
  }
  if (isTensor(result)) {
    // Integers carry no gradient; and an argument that is returned as it is keeps its own history.
    if (!isFloating(result.dtype) || (result.autograd !== null && (args as unknown[]).includes(result))) return result;
    // Before the node makes the arguments its own.
    const creation = result.base === null ? CREATED_PLAIN : creationOf(args[0]);
    const node = new OpNode(op, rule, args, needs, list);
    node.shape = result.shape;
    node.dtype = result.dtype;
    const meta = new AutogradMeta(node, 0, result.storage.version);
    meta.creation = creation;
    result.autograd = meta;
    if ((rule.keepOutputFor[0] & needs) !== 0) node.saveOutput(result, 0);
    return result;
  }
  const outputs = result as readonly Tensor[];
  const node = new OpNode(op, rule, args, needs, list);
  node.outputs = outputs.map(({ shape, dtype, ndim }) => ({ shape, dtype, ndim }));
  for (let i = 0; i < outputs.length; i++) {
    const output = outputs[i];
    if (isFloating(output.dtype) && rule.nonDifferentiableOutputs?.includes(i) !== true) {
      setHistory(output, node, i, output.base === null ? CREATED_PLAIN : CREATED_WITH_OTHERS);
    }
    if ((rule.keepOutputFor[i] & needs) !== 0) node.saveOutput(output, i);
  }
  return result;
}

/** How a view of `self` counts as made: as `self` was. */
function creationOf(self: unknown): number {
  if (!isTensor(self) || self.base === null) return CREATED_PLAIN;
  return slotOf(self)?.creation ?? CREATED_PLAIN;
}

/** Remembers of views that no node was left behind, so that later writes through their base find out. */
export function noteViews(result: unknown, creation: number): void {
  if (isTensor(result)) {
    if (result.base === null || result.autograd !== null || slotOf(result.base) === null) return;
    const meta = new AutogradMeta(null, 0, result.storage.version);
    meta.creation = creation;
    result.autograd = meta;
  } else if (Array.isArray(result)) {
    for (const entry of result) if (isTensor(entry)) noteViews(entry, creation);
  }
}

/** Runs an op that writes into `self`, its first argument, and gives `self` the history that follows. */
export function recordInPlace<K extends OpName>(
  op: K,
  args: Parameters<OpList[K]>,
  self: Tensor,
  write: () => void,
): void {
  const needs = modes.inference ? 0 : needsOf(args);
  if (!modes.inference) checkWrite(self, needs);
  if (needs === 0 || !isFloating(self.dtype)) {
    write();
    self.storage.countWrite();
    return;
  }
  const rule = ruleOf(op) ?? BLOCKING_RULE;
  const node = new OpNode(op, rule, args, needs, listAt, self);
  node.shape = self.shape;
  node.dtype = self.dtype;
  modes.grad = false;
  try {
    write();
  } finally {
    modes.grad = true;
  }
  self.storage.countWrite();
  node.shape = self.shape;
  if ((rule.keepOutputFor[0] & needs) !== 0) node.saveOutput(self, 0);
  rebase(self, node, 0);
}

/** @throws AutogradError when recording forbids to write into `self` in place */
export function checkWrite(self: Tensor, needs: number): void {
  const meta = slotOf(self);
  const base = self.base === null ? null : slotOf(self.base);
  if (needs === 0) {
    // The write would change what is tracked, through a view that does not know of it.
    if (base?.tracked === true && meta?.creation === CREATED_UNRECORDED) checkViewWrite(meta, false);
    return;
  }
  if (meta !== null && self.base !== null) checkViewWrite(meta, false);
  if (base?.isTrackedLeaf === true) {
    throw new AutogradError('a view of a leaf Variable that requires grad is being used in an in-place operation.', {
      op: 'autograd',
    });
  }
  if (meta?.isTrackedLeaf === true) {
    throw new AutogradError('a leaf Variable that requires grad is being used in an in-place operation.', {
      op: 'autograd',
    });
  }
}

/**
 * Makes `node` the history of `self`, which has just been overwritten. Of a view, it is the base that gets a new history:
 * that of a copy into a slice; and the view is taken anew from it when it is next asked for its own.
 *
 * @param selfEdge the edge of `node` that leads to what `self` was before
 */
export function rebase(self: Tensor, node: Node, selfEdge: number): void {
  const base = self.base;
  const written = base ?? self;
  const history = base === null ? node : new CopySlices(base, self, node, selfEdge);
  const meta = metaOf(written);
  meta.requiresGrad = false;
  meta.setHistory(history, 0);
  meta.rewrittenAt = self.storage.version;
  meta.version = self.storage.version;
  if (base !== null) metaOf(self);
}

/** The node of a base, part of which was overwritten through a view by the operation of another node. */
class CopySlices extends Node {
  private inner: Node | null;
  private readonly selfEdge: number;
  private readonly baseStrides: Shape;
  private readonly viewShape: Shape;
  private readonly viewStrides: Shape;
  /** From the first element of the base. */
  private readonly viewOffset: number;

  constructor(base: Tensor, view: Tensor, inner: Node, selfEdge: number) {
    super();
    this.inner = inner;
    this.selfEdge = selfEdge;
    this.shape = base.shape;
    this.dtype = base.dtype;
    this.baseStrides = base.strides;
    this.viewShape = view.shape;
    this.viewStrides = view.strides;
    this.viewOffset = view.offset - base.offset;
    this.next = inner.next.map((node, i) => (i === selfEdge ? edgeNode(base) : node));
    const numbers = inner.nextNr;
    const baseNr = edgeNr(base);
    if (numbers !== null || baseNr !== 0) {
      this.nextNr = this.next.map((_, i) => (i === selfEdge ? baseNr : (numbers?.[i] ?? 0)));
    }
  }

  override get name(): string {
    return 'CopySlices';
  }

  override apply(grad: Tensor | null, _: Gradients | null, needs: readonly boolean[]): readonly unknown[] {
    if (grad === null) return NO_EDGES;
    if (this.inner === null) throw new AutogradError(FREED, { op: 'backward' });
    const whole = emptyStrided(this.shape, this.baseStrides, grad.dtype).copy_(grad);
    const slice = asStrided(whole, this.viewShape, this.viewStrides, this.viewOffset);
    const out = [...this.inner.apply(clone(slice), null, needs)];
    if (needs[this.selfEdge]) {
      const before = out[this.selfEdge];
      if (isTensor(before)) slice.copy_(before);
      else slice.zero_();
      out[this.selfEdge] = whole;
    }
    return out;
  }

  override get savedTensors(): readonly (Tensor | null)[] {
    if (this.inner === null) throw new AutogradError(FREED, { op: 'backward' });
    return this.inner.savedTensors;
  }

  override release(): void {
    this.inner?.release();
    this.inner = null;
  }

  protected override visibleEdges(): readonly number[] {
    // The base, and those that lead somewhere: the rest may stand for what can have no gradient.
    return this.next.flatMap((node, i) => (node === null && i !== this.selfEdge ? [] : [i]));
  }
}

/** An uninitialised tensor with the strides given. */
export function emptyStrided(shape: Shape, strides: Shape, dtype: DType): Tensor {
  const length = sizeOf(shape) === 0 ? 0 : shape.reduce((last, n, i) => last + (n - 1) * strides[i], 1);
  return construct(Storage.allocate(dtype, length, false), shape, strides, 0, dtype);
}
