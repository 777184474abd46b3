/**
 * The tape: which tensors are tracked, where their gradients go, and the node that an operation leaves behind. After PyTorch's
 * `variable.cpp`; a list of views per base and forward mode are left out.
 */

import type { DType, OpName, Tensor } from '@torsor/core';
import {
  AutogradError,
  clone,
  construct,
  halves,
  isFloating,
  isHalf,
  isTensor,
  keepShape,
  modes,
  NotImplementedError,
  zerosLike,
} from '@torsor/core';
import type { ArgumentMeta, ErasedBackward, Formula, NotImplemented, TensorMeta } from './derivatives/define.ts';
import { derivatives } from './derivatives/index.ts';
import type { Gradients } from './node.ts';
import {
  AccumulateGrad,
  AutogradMeta,
  CREATED_IN_FUNCTION,
  CREATED_PLAIN,
  CREATED_UNRECORDED,
  CREATED_WITH_OTHERS,
  NO_EDGES,
  Node,
} from './node.ts';
import { TensorRecord } from './saved.ts';

// ------------------------------------------------------------------------------------------------------------- the slot

/** What is in the slot; null when nothing is. */
export function slotOf(tensor: Tensor): AutogradMeta | null {
  return tensor.autograd as AutogradMeta | null;
}

/** What is in the slot, put there if need be. */
export function metaOf(tensor: Tensor): AutogradMeta {
  const present = slotOf(tensor);
  if (present !== null) return present;
  // A view without a slot was made before its base had one: if the base was rewritten since, its history is out of date.
  const base = tensor.base === null ? null : slotOf(tensor.base);
  const meta = new AutogradMeta(null, 0, base !== null && base.rewrittenAt >= 0 ? -1 : tensor.storage.version);
  tensor.autograd = meta;
  return meta;
}

/** Whether operations on the tensor must be recorded. */
export function needsGrad(tensor: Tensor): boolean {
  const meta = slotOf(tensor);
  if (tensor.base === null) return meta !== null && (meta.requiresGrad || meta.gradFn !== null);
  return meta?.requiresGrad === true || viewGradFn(tensor, tensor.base) !== null;
}

/** What `x.requiresGrad` says: as `needsGrad`, but it can also be asked of a view that cannot be used any more. */
export function requiresGradOf(tensor: Tensor): boolean {
  const meta = slotOf(tensor);
  if (meta === null || meta.creation === CREATED_PLAIN) return needsGrad(tensor);
  return meta.requiresGrad || meta.gradFn !== null;
}

/** The node that made the tensor; null for a leaf. */
export function gradFnOf(tensor: Tensor): Node | null {
  if (tensor.base !== null) return viewGradFn(tensor, tensor.base);
  const meta = slotOf(tensor);
  return meta === null ? null : meta.gradFn;
}

/**
 * The node that made a view. When the base, or another view of it, was written to since, the node is no longer true: the view
 * is then taken anew, from the base as it is.
 */
function viewGradFn(view: Tensor, base: Tensor): Node | null {
  const baseMeta = slotOf(base);
  let meta = slotOf(view);
  if (baseMeta === null || !baseMeta.tracked) return meta === null ? null : meta.gradFn;
  if (meta === null) {
    if (baseMeta.rewrittenAt < 0) return null;
    meta = metaOf(view);
  }
  if (meta.version === view.storage.version) return meta.gradFn;
  if (meta.creation === CREATED_UNRECORDED && baseMeta.rewrittenAt <= meta.version) return meta.gradFn;
  checkViewWrite(meta, true);
  meta.setHistory(new OpNode('asStrided', rules.asStrided, [base, view.shape, view.strides, view.offset], 1, -1), 0);
  const node = meta.gradFn as Node;
  node.shape = view.shape;
  node.dtype = view.dtype;
  meta.version = view.storage.version;
  return node;
}

/**
 * @param indirect whether it is the base, or another view of it, that has been written to
 * @throws AutogradError when the way in which the view was made forbids writing to it
 */
export function checkViewWrite(meta: AutogradMeta, indirect: boolean): void {
  if (meta.creation === CREATED_PLAIN) return;
  const what = indirect ? 'its base or another view of its base has been' : 'is being';
  const who =
    meta.gradFn === null
      ? `a view was created in no_grad mode and ${what} modified inplace with grad mode enabled.`
      : `output ${meta.outputNr} of ${meta.gradFn.name} is a view and ${what} modified inplace.`;
  throw new AutogradError(`${who} ${VIEW_REASONS[meta.creation]}`, { op: 'autograd' });
}

const VIEW_REASONS: Readonly<Record<number, string>> = {
  [CREATED_WITH_OTHERS]:
    'This view is the output of a function that returns multiple views. Such functions do not allow the output views to be ' +
    'modified inplace. You should replace the inplace operation by an out-of-place one.',
  [CREATED_UNRECORDED]:
    'Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the ' +
    "view and the inplace either both inside the noGrad block (if you don't want the inplace to be tracked) or both " +
    'outside (if you want the inplace to be tracked).',
  [CREATED_IN_FUNCTION]:
    'This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to ' +
    'handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect ' +
    'gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.',
};

/** Where the tensor's gradient goes: the node that made it, or a leaf's accumulator; null when it has none. */
export function edgeNode(tensor: Tensor): Node | null {
  const node = gradFnOf(tensor);
  if (node !== null) return node;
  const meta = slotOf(tensor);
  return meta === null || !meta.requiresGrad ? null : accumulatorOf(tensor, meta);
}

/** To which output of `edgeNode`. */
export function edgeNr(tensor: Tensor): number {
  const meta = slotOf(tensor);
  return meta === null || meta.gradFn === null ? 0 : meta.outputNr;
}

function accumulatorOf(leaf: Tensor, meta: AutogradMeta): AccumulateGrad {
  let node = meta.accumulator;
  if (node === null) {
    node = new AccumulateGrad(leaf);
    meta.accumulator = node;
  } else if (node.shape !== leaf.shape || node.dtype !== leaf.dtype) {
    // `Module.to` casts a parameter in place.
    node.shape = leaf.shape;
    node.dtype = leaf.dtype;
  }
  return node;
}

/** Makes `tensor` output `outputNr` of `node`. */
export function setHistory(tensor: Tensor, node: Node, outputNr: number, creation: number): void {
  const meta = new AutogradMeta(node, outputNr, tensor.storage.version);
  meta.creation = creation;
  tensor.autograd = meta;
}

/** The same elements as another tensor, whose gradient goes to the node given. */
export function reattached(tensor: Tensor, node: Node, outputNr: number): Tensor {
  const handle = construct(tensor.storage, tensor.shape, tensor.strides, tensor.offset, tensor.dtype);
  if (node instanceof AccumulateGrad) {
    const meta = metaOf(handle);
    meta.requiresGrad = true;
    meta.accumulator = node;
  } else setHistory(handle, node, outputNr, CREATED_PLAIN);
  return handle;
}

/** `'output 0 of MulBackward0'` */
export function describe(tensor: Tensor, node: Node | null, outputNr: number): string | null {
  if (node !== null) return `output ${outputNr} of ${node.name}`;
  const gradFn = gradFnOf(tensor);
  return gradFn === null ? null : `output ${edgeNr(tensor)} of ${gradFn.name}`;
}

// ---------------------------------------------------------------------------------------------------------------- rules

/** A formula whose op no longer matters. */
export type Rule = Omit<Formula<OpName>, 'op' | 'backward'> & { readonly backward: ErasedBackward };

function fail(op: OpName, why: string): Rule {
  return {
    kind: 'formula',
    backward: () => {
      throw new NotImplementedError(`the derivative is not implemented: ${why}`, { op });
    },
    keepFor: [],
    keepOutputFor: [],
    name: null,
    nonDifferentiableOutputs: null,
  };
}

/** The table with what is not implemented made into formulas that throw; null for ops that are not differentiable. */
const rules = Object.fromEntries(
  Object.entries(derivatives).map(([op, derivative]) => {
    if (derivative.kind === 'nonDifferentiable') return [op, null];
    return [op, derivative.kind === 'formula' ? derivative : fail(op as OpName, (derivative as NotImplemented).why)];
  }),
) as unknown as { readonly [K in OpName]: Rule | null } & { readonly asStrided: Rule };

/** How to differentiate an op; null when its outputs never need a gradient. */
export function ruleOf(op: OpName): Rule | null {
  return rules[op];
}

/** For an op that is not differentiable and overwrites a tensor that was: gradients of what was there, and of what it took, are zeros. */
export const BLOCKING_RULE: Rule = {
  kind: 'formula',
  backward: (grad, { needs }) => needs.map((isNeeded) => isNeeded && zerosLike(grad as Tensor)),
  keepFor: [],
  keepOutputFor: [],
  name: null,
  nonDifferentiableOutputs: null,
};

/** Arguments by position for which PyTorch shows an edge even when a number or null stands there. */
const ALWAYS_VISIBLE: { readonly [K in OpName]?: readonly number[] } = {
  add: [0, 1],
  // with a number first it is rsub, which shows one edge
  sub: [1],
  mul: [0, 1],
  div: [0, 1],
  where: [1, 2],
  convolution: [0, 1, 2],
  batchNorm: [0, 1, 2],
  layerNorm: [0, 1, 2],
  groupNorm: [0, 1, 2],
};

// ---------------------------------------------------------------------------------------------------------------- nodes

/** A list of tensors among the arguments. */
class RecordList {
  readonly records: readonly (TensorRecord | null)[];

  constructor(records: readonly (TensorRecord | null)[]) {
    this.records = records;
  }
}

/** What a formula sees of the node whose gradient it computes. */
class Context {
  readonly args: readonly unknown[];
  readonly needs: readonly boolean[];
  private readonly node: OpNode;

  constructor(node: OpNode, args: readonly unknown[], needs: readonly boolean[]) {
    this.node = node;
    this.args = args;
    this.needs = needs;
  }

  get result(): unknown {
    return this.node.unpackResult();
  }
}

keepShape(() => new Context(null as unknown as OpNode, [], []));

/** What a formula sees while there are 16-bit floats: it computes in float32, and the engine casts what it returns. */
class WideContext extends Context {
  constructor(node: OpNode, args: readonly unknown[], needs: readonly boolean[]) {
    super(node, widened(args) as readonly unknown[], needs);
  }

  override get result(): unknown {
    return widened(super.result);
  }
}

/** 16-bit floats in float32: tensors, what is remembered of others, and lists of both. */
function widened(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(widened);
  if (isTensor(value)) return isHalf(value.dtype) ? value.to('float32') : value;
  if (typeof value !== 'object' || value === null || !isHalf((value as Partial<TensorMeta>).dtype as DType))
    return value;
  const { shape, strides, offset } = value as ArgumentMeta;
  return { shape, strides, offset, ndim: shape.length, dtype: 'float32' } satisfies ArgumentMeta;
}

/** The node of an op of the list. */
export class OpNode extends Node {
  readonly op: OpName;
  readonly rule: Rule;
  /** The op's arguments, with records in place of tensors. */
  private readonly args: unknown[];
  /** Position of the argument that is a list of tracked tensors, which has an edge for each entry; -1 without one. */
  private readonly listAt: number;
  /** Kept outputs by position. */
  private saved: (TensorRecord | undefined)[] | null = null;

  /**
   * @param args becomes the node's own
   * @param needs bit i: argument i needs a gradient
   * @param overwritten the argument that the op is about to write to, of which a copy is kept; null when there is none
   */
  constructor(
    op: OpName,
    rule: Rule,
    args: unknown[],
    needs: number,
    listAt: number,
    overwritten: Tensor | null = null,
  ) {
    super();
    this.op = op;
    this.rule = rule;
    this.args = args;
    this.listAt = listAt;
    const keepFor = rule.keepFor;
    const next: (Node | null)[] = [];
    let numbers: number[] | null = null;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      const tracked = (needs & (1 << i)) !== 0;
      const keep = (keepFor[i] & needs) !== 0;
      if (isTensor(arg)) {
        const node = tracked ? edgeNode(arg) : null;
        if (node !== null && (slotOf(arg) as AutogradMeta).outputNr !== 0)
          numbers = put(numbers, next.length, edgeNr(arg));
        next.push(node);
        args[i] = record(keep && arg === overwritten ? untrackedCopy(arg) : arg, keep);
      } else if (Array.isArray(arg) && arg.some(isTensor)) {
        const list = arg as readonly (Tensor | null)[];
        args[i] = new RecordList(list.map((entry) => (entry === null ? null : record(entry, keep))));
        if (i !== listAt) next.push(null);
        else {
          for (const entry of list) {
            const node = entry !== null && needsGrad(entry) ? edgeNode(entry) : null;
            if (node !== null) numbers = put(numbers, next.length, edgeNr(entry as Tensor));
            next.push(node);
          }
        }
      } else next.push(null);
    }
    this.next = next;
    if (numbers !== null) this.nextNr = next.map((_, i) => numbers[i] ?? 0);
  }

  override get name(): string {
    const name = this.rule.name;
    if (name === null) return `${this.op[0].toUpperCase()}${this.op.slice(1)}Backward0`;
    if (typeof name === 'string') return name;
    return (name as (args: unknown) => string)(this.args.map((arg) => (arg instanceof RecordList ? arg.records : arg)));
  }

  /** Keeps an output, if the formula wants it for any of the arguments that need a gradient. */
  saveOutput(output: Tensor, outputNr: number): void {
    const saved = record(output, true);
    this.saved ??= [];
    this.saved[outputNr] = saved;
  }

  override apply(grad: Tensor | null, grads: Gradients | null, needs: readonly boolean[]): readonly unknown[] {
    if (grads === null ? grad === null : !grads.some((entry) => entry !== null)) return NO_EDGES;
    const listAt = this.listAt;
    const wanted = listAt < 0 ? needs : this.needsByArgument(needs);
    const args = this.unpackArguments();
    const context = halves.inUse ? new WideContext(this, args, wanted) : new Context(this, args, wanted);
    const given = grads ?? grad;
    const result = this.rule.backward(halves.inUse ? widened(given) : given, context);
    return listAt < 0 ? result : this.byEdge(result);
  }

  override get isSealed(): boolean {
    return true;
  }

  override release(): void {
    for (const arg of this.args) {
      if (arg instanceof TensorRecord) arg.release();
      else if (arg instanceof RecordList) for (const entry of arg.records) entry?.release();
    }
    if (this.saved !== null) for (const output of this.saved) output?.release();
  }

  override get savedTensors(): readonly (Tensor | null)[] {
    const out: Tensor[] = [];
    for (const arg of this.unpackArguments()) {
      for (const entry of Array.isArray(arg) ? (arg as readonly unknown[]) : [arg])
        if (isTensor(entry)) out.push(entry);
    }
    this.saved?.forEach((output, i) => {
      if (output !== undefined) out.push(this.unpackOutput(output, i));
    });
    for (const { storage } of out) storage.show();
    return out;
  }

  unpackResult(): unknown {
    if (this.outputs === null) {
      return this.saved === null
        ? ({ shape: this.shape, dtype: this.dtype, ndim: this.shape.length } satisfies TensorMeta)
        : this.unpackOutput(this.saved[0] as TensorRecord, 0);
    }
    return this.outputs.map((meta, i) => {
      const output = this.saved?.[i];
      return output === undefined ? meta : this.unpackOutput(output, i);
    });
  }

  protected override visibleEdges(): readonly number[] {
    const always = ALWAYS_VISIBLE[this.op] ?? [];
    const edges: number[] = [];
    let edge = 0;
    this.args.forEach((arg, i) => {
      if (arg instanceof RecordList && i === this.listAt) {
        for (const entry of arg.records) {
          if (entry !== null && isFloating(entry.dtype)) edges.push(edge);
          edge++;
        }
        return;
      }
      if (always.includes(i) || (arg instanceof TensorRecord && isFloating(arg.dtype))) edges.push(edge);
      edge++;
    });
    return edges;
  }

  private unpackArguments(): readonly unknown[] {
    const args = this.args;
    const out = new Array<unknown>(args.length);
    let edge = 0;
    for (let i = 0; i < args.length; i++) {
      const arg = args[i];
      if (arg instanceof TensorRecord) {
        out[i] = arg.kept ? this.unpackArgument(arg, edge) : arg;
        edge++;
      } else if (arg instanceof RecordList) {
        const own = i === this.listAt;
        const first = edge;
        out[i] = arg.records.map((entry, j) =>
          entry?.kept === true ? this.unpackArgument(entry, own ? first + j : first) : entry,
        );
        edge += own ? arg.records.length : 1;
      } else {
        out[i] = arg;
        edge++;
      }
    }
    return out;
  }

  private unpackArgument(arg: TensorRecord, edge: number): Tensor {
    const tensor = arg.unpack(describe, null, 0);
    // Recording goes on through what was saved, which must lead where it led when it was saved.
    if (!modes.grad) return tensor;
    const node = this.next[edge];
    if (node === null) return tensor;
    const outputNr = this.nextNr === null ? 0 : this.nextNr[edge];
    if (edgeNode(tensor) === node && edgeNr(tensor) === outputNr) return tensor;
    return reattached(tensor, node, outputNr);
  }

  private unpackOutput(output: TensorRecord, outputNr: number): Tensor {
    const tensor = output.unpack(describe, this, outputNr);
    if (!modes.grad || gradFnOf(tensor) !== null) return tensor;
    return reattached(tensor, this, outputNr);
  }

  private needsByArgument(needs: readonly boolean[]): readonly boolean[] {
    const at = this.listAt;
    const count = (this.args[at] as RecordList).records.length;
    return [...needs.slice(0, at), needs.slice(at, at + count).includes(true), ...needs.slice(at + count)];
  }

  private byEdge(result: readonly unknown[]): readonly unknown[] {
    const at = this.listAt;
    const count = (this.args[at] as RecordList).records.length;
    const list: unknown = result[at];
    const entries: readonly unknown[] = Array.isArray(list) ? list : new Array<null>(count).fill(null);
    return [...result.slice(0, at), ...entries, ...result.slice(at + 1)];
  }
}

// Between two steps there are none of these.
keepShape(() => new OpNode('clone', ruleOf('clone') as Rule, [], 0, -1));
keepShape(() => new TensorRecord({ shape: [], strides: [], offset: 0, dtype: 'float32' } as unknown as Tensor));

function record(tensor: Tensor, keep: boolean): TensorRecord {
  const entry = new TensorRecord(tensor);
  return keep ? entry.keep(tensor) : entry;
}

/** `list` with `value` at the index `at`. */
function put(list: number[] | null, at: number, value: number): number[] {
  const out = list ?? [];
  out[at] = value;
  return out;
}

/** A copy that is not recorded. */
function untrackedCopy(tensor: Tensor): Tensor {
  const before = modes.grad;
  modes.grad = false;
  try {
    return clone(tensor);
  } finally {
    modes.grad = before;
  }
}
