/**
 * The engine: walks the tape backwards from the outputs and delivers gradients. After PyTorch's `engine.cpp`, on one thread.
 *
 * First it counts, for every node that the outputs reach, the edges that lead to it. Then it runs nodes whose edges have all
 * delivered, the youngest first, so that gradients add up in the same order as PyTorch's. Nothing recurses, so that a tape
 * may be millions of nodes deep. A hook or a custom backward may start a pass inside a pass: the scratch fields of nodes that
 * both visit are set aside for it.
 */

import type { DType, Shape, Storage, Tensor } from '@torsor/core';
import {
  AutogradError,
  add,
  allocate,
  clone,
  construct,
  formatShape,
  isContiguous,
  isFloating,
  isHalf,
  isTensor,
  keep,
  keepShape,
  modes,
  sameShape,
  sizeOf,
  TorsorError,
} from '@torsor/core';
import { anomaly } from './anomaly.ts';
import { collectFresh } from './fresh.ts';
import type { Gradients } from './node.ts';
import { AccumulateGrad, type Node, running } from './node.ts';
import { COUNTED, ELSEWHERE, References, SOLE } from './ownership.ts';
import { emptyStrided } from './record.ts';
import { sumTo } from './sumTo.ts';
import { edgeNode, edgeNr, needsGrad, slotOf } from './tape.ts';

/** The gradient that arrives here is asked for. */
const NEED_ARRIVAL = 1;
/** The node must run. */
const NEED_RUN = 2;

/** Scratch fields of a node that an outer pass is not done with. */
interface Shadow {
  readonly node: Node;
  readonly pass: number;
  readonly pending: number;
  readonly need: number;
  readonly grad: Tensor | null;
  readonly grads: (Tensor | null)[] | null;
  readonly hold: number;
  readonly holds: number[] | null;
}

/** A gradient to be handed back: that of output `outputNr` of a node, as result `at`. */
interface Capture {
  readonly outputNr: number;
  readonly at: number;
}

/** What a pass is asked to do. */
export interface PassOptions {
  /** Keep what the nodes saved. */
  readonly keepGraph: boolean;
  /** Record the pass itself. */
  readonly createGraph: boolean;
  /** Only the gradients of these are wanted; null for those of all leaves. */
  readonly inputs: readonly Tensor[] | null;
  /** Whether they go into `grad` (`backward`) or are returned (`grad`). */
  readonly accumulate: boolean;
}

let passes = 0;
/** The passes that run, the innermost last. */
const active: number[] = [];

class Pass {
  private readonly id: number;
  private readonly keepGraph: boolean;
  /** Whether gradients may be the engine's alone: not while the pass is recorded, as the record keeps them. */
  private readonly mayOwn: boolean;
  private readonly references = new References();
  /** Whether only some nodes must run. */
  private readonly selective: boolean;
  /** What is to be handed back, by node; null when it goes into `grad`. */
  private captures: Map<Node, Capture[]> | null = null;
  private readonly captured: (Tensor | null)[];
  private readonly shadows: Shadow[] = [];
  /** A heap of nodes that are ready, the youngest on top. */
  private readonly ready: Node[] = [];

  constructor(options: PassOptions) {
    this.id = ++passes;
    this.keepGraph = options.keepGraph;
    this.mayOwn = !options.createGraph;
    this.selective = options.inputs !== null;
    this.captured = new Array<null>(options.inputs?.length ?? 0).fill(null);
  }

  /** Runs everything; returns what was captured. */
  run(roots: readonly Tensor[], rootGrads: readonly RootGradient[], options: PassOptions): (Tensor | null)[] {
    active.push(this.id);
    try {
      if (options.inputs !== null) this.mark(options.inputs, options.accumulate);
      const nodes = roots.map((root) => edgeNode(root) as Node);
      if (this.selective) this.discoverNeeded(nodes);
      else this.discover(nodes);
      for (let i = 0; i < roots.length; i++) {
        const { grad, isFresh } = rootGrads[i];
        if (grad !== null)
          this.deliver(null, i, grad, nodes[i], edgeNr(roots[i]), isFresh && this.mayOwn ? SOLE : ELSEWHERE);
      }
      for (let i = 0; i < nodes.length; i++) {
        const node = nodes[i];
        if (node.pending === 0 && nodes.indexOf(node) === i && this.wants(node)) push(this.ready, node);
      }
      for (;;) {
        const node = pop(this.ready);
        if (node === undefined) break;
        this.evaluate(node);
      }
      return this.captured;
    } finally {
      active.pop();
      for (let i = this.shadows.length - 1; i >= 0; i--) restore(this.shadows[i]);
    }
  }

  /** Takes hold of a node's scratch fields; false when this pass already has them. */
  private enter(node: Node): boolean {
    if (node.pass === this.id) return false;
    if (active.length > 1 && active.includes(node.pass)) {
      const { pass, pending, need, grad, grads, hold, holds } = node;
      this.shadows.push({ node, pass, pending, need, grad, grads, hold, holds });
    }
    node.pass = this.id;
    node.pending = 0;
    node.need = 0;
    node.grad = null;
    node.grads = null;
    node.hold = ELSEWHERE;
    node.holds = null;
    return true;
  }

  /** Notes what is asked for, before the graph is walked. */
  private mark(inputs: readonly Tensor[], accumulate: boolean): void {
    inputs.forEach((input, at) => {
      const node = edgeNode(input) as Node;
      this.enter(node);
      if (!accumulate) {
        node.need |= NEED_ARRIVAL;
        this.captures ??= new Map();
        const list = this.captures.get(node) ?? [];
        list.push({ outputNr: edgeNr(input), at });
        this.captures.set(node, list);
      } else node.need |= node instanceof AccumulateGrad ? NEED_RUN : NEED_ARRIVAL;
    });
  }

  /** Counts the edges into every node that the roots reach. */
  private discover(roots: readonly Node[]): void {
    const stack: Node[] = [];
    for (const root of roots) if (this.enter(root)) stack.push(root);
    for (;;) {
      const node = stack.pop();
      if (node === undefined) return;
      const next = node.next;
      for (let i = 0; i < next.length; i++) {
        const target = next[i];
        if (target === null) continue;
        if (this.enter(target)) stack.push(target);
        target.pending++;
      }
    }
  }

  /** The same, and finds the nodes from which something that is asked for can be reached. */
  private discoverNeeded(roots: readonly Node[]): void {
    // Depth first, with the next edge to follow beside each node; a node is left after all that it leads to.
    const seen = new Set<Node>();
    for (const root of roots) {
      if (seen.has(root)) continue;
      seen.add(root);
      this.enter(root);
      const path: Node[] = [root];
      const at: number[] = [0];
      while (path.length > 0) {
        const top = path.length - 1;
        const node = path[top];
        if (at[top] === node.next.length) {
          for (const target of node.next) if (target !== null && target.need !== 0) node.need |= NEED_RUN;
          path.pop();
          at.pop();
          continue;
        }
        const target = node.next[at[top]++];
        if (target === null) continue;
        this.enter(target);
        target.pending++;
        if (seen.has(target)) continue;
        seen.add(target);
        path.push(target);
        at.push(0);
      }
    }
  }

  private wants(node: Node): boolean {
    return !this.selective || node.need !== 0;
  }

  private evaluate(node: Node): void {
    let grad = node.grad;
    let grads: Gradients | null = node.grads;
    let { hold, holds } = node;
    node.grad = null;
    node.grads = null;
    node.holds = null;
    const hooks = node.hooks;
    if (hooks !== null) {
      hold = ELSEWHERE;
      holds = null;
      if (grads !== null) grads = grads.map((entry, i) => node.runTensorHooks(entry, i));
      else if (node.outputs === null) grad = node.runTensorHooks(grad, 0);
    }
    if (this.selective) {
      const captures = this.captures?.get(node);
      if (captures !== undefined) {
        hold = ELSEWHERE;
        holds = null;
        for (const { outputNr, at } of captures) this.captured[at] = grads === null ? grad : grads[outputNr];
      }
      if ((node.need & NEED_RUN) === 0) return;
    }
    if (hooks !== null && hooks.pre.length > 0) {
      const replaced = node.runPreHooks(grads ?? [grad]);
      if (grads === null) grad = replaced[0];
      else grads = replaced;
    }
    if (node instanceof AccumulateGrad) {
      if (grad !== null) this.accumulate(node, grad, hold);
      if (hooks !== null) {
        node.runPostHooks([], [grad]);
        for (const { hook } of [...hooks.accumulated]) hook(node.variable);
      }
      return;
    }
    const made: Storage[] = [];
    let out = this.apply(node, grad, grads, made);
    if (hooks !== null && hooks.post.length > 0) {
      // The hooks have seen it all.
      out = node.runPostHooks(out, grads ?? [grad]);
      made.length = 0;
    }
    if (!node.isSealed) {
      hold = ELSEWHERE;
      holds = null;
    }
    this.send(node, out, made, grad, grads, hold, holds);
    if (!this.keepGraph) node.release();
  }

  private apply(node: Node, grad: Tensor | null, grads: Gradients | null, made: Storage[]): readonly unknown[] {
    const next = node.next;
    const needs = new Array<boolean>(next.length);
    for (let i = 0; i < next.length; i++) {
      const target = next[i];
      needs[i] = target !== null && this.wants(target);
    }
    const outer = running.node;
    running.node = node;
    try {
      const out =
        this.mayOwn && node.isSealed
          ? collectFresh(made, () => node.apply(grad, grads, needs))
          : node.apply(grad, grads, needs);
      if (anomaly.enabled && anomaly.checkNan) checkNan(node, out);
      return out;
    } catch (error) {
      if (anomaly.enabled) explain(node, error);
      throw error;
    } finally {
      running.node = outer;
    }
  }

  /**
   * Sends the gradients of a node's inputs along its edges, and gives back what the formula made or was given and nobody gets.
   *
   * @param made the storages that the formula made
   */
  private send(
    node: Node,
    out: readonly unknown[],
    made: readonly Storage[],
    grad: Tensor | null,
    grads: Gradients | null,
    hold: number,
    holds: number[] | null,
  ): void {
    const { next, nextNr } = node;
    /** Where those lie that somebody wants. */
    const roots: (Storage | null)[] = [];
    for (let i = 0; i < next.length; i++) {
      const target = next[i];
      const entry = out[i];
      roots.push(target !== null && isTensor(entry) && this.wants(target) ? entry.storage.root : null);
    }
    const { references } = this;
    const given = grad === null || hold === ELSEWHERE ? null : grad.storage.root;
    const kind = given === null ? ELSEWHERE : references.move(given, hold, 1, countOf(roots, given));
    if (grads !== null && holds !== null) moveAll(references, roots, grads, holds);
    for (let i = 0; i < made.length; i++) {
      const count = countOf(roots, made[i]);
      if (count !== 1) references.move(made[i], SOLE, 1, count);
    }
    for (let i = 0; i < next.length; i++) {
      const target = next[i];
      if (target === null || !this.wants(target)) continue;
      const root = roots[i];
      if (root !== null) {
        let own = ELSEWHERE;
        if (root === given) own = kind;
        else if (made.includes(root)) own = countOf(roots, root) === 1 ? SOLE : COUNTED;
        else if (grads !== null && holds !== null) own = holdOf(root, grads, holds);
        this.deliver(node, i, out[i] as Tensor, target, nextNr === null ? 0 : nextNr[i], own);
      }
      if (--target.pending === 0) push(this.ready, target);
    }
  }

  /**
   * Adds a gradient to those that have arrived at an output of a node.
   *
   * @param node what returned it, for edge `edge`; null for a gradient of the caller's
   */
  private deliver(
    node: Node | null,
    edge: number,
    entry: Tensor,
    target: Node,
    outputNr: number,
    entryHold: number,
  ): void {
    const { references } = this;
    const grad = fit(node, edge, entry, target, outputNr);
    let hold = entryHold;
    if (grad !== entry && grad.storage.root !== entry.storage.root) {
      references.drop(entry, hold);
      hold = this.mayOwn ? SOLE : ELSEWHERE;
    }
    const { outputs } = target;
    if (outputs !== null) {
      target.grads ??= new Array<Tensor | null>(outputs.length).fill(null);
      target.holds ??= new Array<number>(outputs.length).fill(ELSEWHERE);
    }
    const { grads, holds } = target;
    const before = grads === null ? target.grad : grads[outputNr];
    let sum = grad;
    if (before !== null) {
      const beforeHold = holds === null ? target.hold : holds[outputNr];
      if (references.isSole(before, beforeHold) && isDense(before)) {
        sum = before.add_(grad);
        references.drop(grad, hold);
        hold = beforeHold;
      } else if (references.isSole(grad, hold) && isDense(grad)) {
        grad.add_(before);
        references.drop(before, beforeHold);
      } else {
        sum = add(before, grad);
        references.drop(before, beforeHold);
        references.drop(grad, hold);
        hold = this.mayOwn ? SOLE : ELSEWHERE;
      }
    }
    if (grads === null || holds === null) {
      target.grad = sum;
      target.hold = hold;
    } else {
      grads[outputNr] = sum;
      holds[outputNr] = hold;
    }
  }

  /**
   * Writes a gradient into a leaf's `grad`. The first is taken as it is when nobody else can reach it, and copied otherwise;
   * later ones are added in place, or, while the pass is recorded, into a new tensor.
   */
  private accumulate(node: AccumulateGrad, grad: Tensor, hold: number): void {
    const variable = node.variable;
    const meta = slotOf(variable);
    // A leaf that has come to want no gradient since the graph was made is given none.
    if (meta === null || !meta.requiresGrad) return;
    const before = meta.grad;
    if (!this.mayOwn) {
      // What is on the tape is reached through it.
      meta.ownsGrad = false;
      meta.grad = keep(before === null ? copyFor(grad, variable) : add(before, grad));
      return;
    }
    if (before === null && this.references.isSole(grad, hold) && canBecomeGrad(grad, variable)) {
      const { storage, shape, strides, offset, dtype } = grad;
      meta.replaceGrad(grad.base === null ? grad : construct(storage, shape, strides, offset, dtype), true);
      return;
    }
    if (before === null) meta.replaceGrad(copyFor(grad, variable), true);
    else before.add_(grad);
    this.references.drop(grad, hold);
  }
}

/** How often a storage is in a list. */
function countOf(roots: readonly (Storage | null)[], root: Storage): number {
  let count = 0;
  for (let i = 0; i < roots.length; i++) if (roots[i] === root) count++;
  return count;
}

/** Turns the references that a node with several outputs was given into those that it sends on; `holds` becomes their kinds. */
function moveAll(references: References, roots: readonly (Storage | null)[], grads: Gradients, holds: number[]): void {
  const given = grads.map((grad, i) => (grad === null || holds[i] === ELSEWHERE ? null : grad.storage.root));
  given.forEach((root, i) => {
    if (root === null) return;
    const first = given.indexOf(root);
    holds[i] = first < i ? holds[first] : references.move(root, holds[i], countOf(given, root), countOf(roots, root));
  });
}

function holdOf(root: Storage, grads: Gradients, holds: readonly number[]): number {
  const at = grads.findIndex((grad, i) => grad?.storage.root === root && holds[i] !== ELSEWHERE);
  return at < 0 ? ELSEWHERE : holds[at];
}

/**
 * A gradient in the shape and dtype of the output that it belongs to: summed over dimensions along which that was broadcast,
 * and cast.
 *
 * @param node what returned it, or null for a gradient of the caller's
 */
function fit(node: Node | null, edge: number, grad: Tensor, target: Node, outputNr: number): Tensor {
  const outputs = target.outputs;
  const shape: Shape = outputs === null ? target.shape : outputs[outputNr].shape;
  const dtype: DType = outputs === null ? target.dtype : outputs[outputNr].dtype;
  let out = grad;
  if (out.shape !== shape && !sameShape(out.shape, shape)) {
    const summed = sumTo(out, shape);
    if (summed === null) {
      throw new AutogradError(
        `${node === null ? 'the caller' : `function ${node.name}`} returned an invalid gradient at index ${edge}: got ` +
          `${formatShape(out.shape)} but expected shape compatible with ${formatShape(shape)}`,
        { op: 'backward', operands: { gradient: out.shape, expected: shape } },
      );
    }
    out = summed;
  }
  if (out.dtype !== dtype) {
    if (!isFloating(out.dtype)) {
      throw new AutogradError(
        `${node === null ? 'the caller' : `function ${node.name}`} returned a gradient of dtype ${out.dtype} at index ` +
          `${edge}, but expected ${dtype}`,
        { op: 'backward', operands: { gradient: out.dtype, expected: dtype } },
      );
    }
    out = out.to(dtype);
  }
  return out;
}

/** Whether the gradient lies in memory as its variable does; as PyTorch's "gradient layout contract". */
function hasLayoutOf(grad: Tensor, variable: Tensor): boolean {
  if (isContiguous(variable.shape, variable.strides) || !isDense(variable)) {
    return isContiguous(grad.shape, grad.strides);
  }
  return sameShape(grad.strides, variable.strides);
}

/** Whether a gradient may be taken as it is: it fills its storage, so that none of that is kept in vain, and lies as it should. */
function canBecomeGrad(grad: Tensor, variable: Tensor): boolean {
  return grad.autograd === null && sizeOf(grad.shape) === grad.storage.length && hasLayoutOf(grad, variable);
}

function copyFor(grad: Tensor, variable: Tensor): Tensor {
  if (isContiguous(variable.shape, variable.strides) || !isDense(variable)) return clone(grad);
  return emptyStrided(variable.shape, variable.strides, grad.dtype).copy_(grad);
}

/** Whether the elements fill a block of memory, each place once, in whatever order of dimensions. */
function isDense(tensor: Tensor): boolean {
  if (isContiguous(tensor.shape, tensor.strides)) return true;
  const dims = tensor.shape.map((_, d) => d).filter((d) => tensor.shape[d] !== 1);
  dims.sort((a, b) => tensor.strides[a] - tensor.strides[b]);
  let step = 1;
  for (const d of dims) {
    if (tensor.strides[d] !== step) return false;
    step *= tensor.shape[d];
  }
  return true;
}

function restore({ node, pass, pending, need, grad, grads, hold, holds }: Shadow): void {
  node.pass = pass;
  node.pending = pending;
  node.need = need;
  node.grad = grad;
  node.grads = grads;
  node.hold = hold;
  node.holds = holds;
}

// ------------------------------------------------------------------------------------------------------- anomaly mode

function checkNan(node: Node, out: readonly unknown[]): void {
  out.forEach((entry, i) => {
    if (!isTensor(entry) || !isFloating(entry.dtype)) return;
    const values = entry.toTypedArray();
    for (let j = 0; j < values.length; j++) {
      if (Number.isNaN(values[j])) {
        throw new AutogradError(`function ${node.name} returned nan values in its ${i}th output.`, { op: 'backward' });
      }
    }
  });
}

/** Adds to an error of a backward pass where the forward operations were called. */
function explain(node: Node, error: unknown): void {
  if (!(error instanceof TorsorError) || error.message.includes(TRACE_TITLE)) return;
  let text = '';
  for (let at: Node | null = node; at !== null; at = at.trace?.parent ?? null) {
    const stack = at.trace === null ? '    (made while anomaly mode was off)' : callsOf(at.trace.stack);
    text += `\n${text === '' ? '' : 'which was itself recorded by the backward of '}${at.name}, called at:\n${stack}`;
  }
  error.message = `${error.message}\n${TRACE_TITLE}:${text}`;
}

const TRACE_TITLE = 'The forward operation whose backward failed is';

/** The lines of a stack trace after those inside this package and core. */
function callsOf(stack: string): string {
  const lines = stack.split('\n').filter((line) => /^\s*at |@/.test(line));
  const first = lines.findIndex((line) => !/[/\\](core|autograd)[/\\](src|dist)[/\\](?!.*\.test\.)/.test(line));
  return lines.slice(Math.max(first, 0)).join('\n');
}

// ---------------------------------------------------------------------------------------------------------------- heap

function push(heap: Node[], node: Node): void {
  let at = heap.length;
  heap.push(node);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent].sequence >= node.sequence) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = node;
}

function pop(heap: Node[]): Node | undefined {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return last;
  const top = heap[0];
  const length = heap.length;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    if (child + 1 < length && heap[child + 1].sequence > heap[child].sequence) child++;
    if (heap[child].sequence <= last.sequence) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}

// --------------------------------------------------------------------------------------------------------------- roots

/** A gradient to start from. */
interface RootGradient {
  readonly grad: Tensor | null;
  /** Whether only the engine has it. */
  readonly isFresh: boolean;
}

/** The gradients to start from: those given, and 1 for scalars without. */
function rootGradients(op: string, roots: readonly Tensor[], grads: readonly (Tensor | null)[]): RootGradient[] {
  return roots.map((root, i) => {
    if (!needsGrad(root)) {
      throw new AutogradError(`element ${i} of tensors does not require grad and does not have a grad_fn`, {
        op,
        operands: { shape: root.shape, dtype: root.dtype },
      });
    }
    const grad = grads[i];
    if (grad === null || grad === undefined) {
      if (root.numel() !== 1) {
        throw new AutogradError('grad can be implicitly created only for scalar outputs', {
          op,
          operands: { shape: root.shape },
        });
      }
      const one = allocate(root.shape, root.dtype);
      if (isHalf(one.dtype)) one.fill_(1);
      else one.array[0] = 1;
      return { grad: one, isFresh: true };
    }
    if (!isTensor(grad)) {
      throw new AutogradError(`gradients can be either tensors or null, but got ${typeof grad}`, { op });
    }
    if (!sameShape(grad.shape, root.shape)) {
      throw new AutogradError(
        `Mismatch in shape: grad_output[${i}] has a shape of ${formatShape(grad.shape)} and output[${i}] has a shape of ` +
          `${formatShape(root.shape)}.`,
        { op, operands: { gradient: grad.shape, output: root.shape } },
      );
    }
    return { grad, isFresh: false };
  });
}

keepShape(() => new Pass({ keepGraph: false, createGraph: false, inputs: null, accumulate: true }));

/**
 * Runs a backward pass.
 *
 * @param op whose errors they are
 * @param grads d(loss)/d(root) for each root; null entries stand for 1
 * @returns the gradients of `options.inputs`, null where none arrived; nothing when they were accumulated
 */
export function runBackward(
  op: string,
  roots: readonly Tensor[],
  grads: readonly (Tensor | null)[],
  options: PassOptions,
): (Tensor | null)[] {
  const before = modes.grad;
  modes.grad = false;
  try {
    const rootGrads = rootGradients(op, roots, grads);
    modes.grad = options.createGraph;
    return new Pass(options).run(roots, rootGrads, options);
  } finally {
    modes.grad = before;
  }
}
