/**
 * The user's door to the tape: operations with a backward of their own. After `torch/autograd/function.py` and
 * `custom_function.cpp`; `setup_context`, `vmap` and forward mode are left out.
 */

import type { Tensor } from '@torsor/core';
import { AutogradError, alias, expose, isFloating, isTensor, modes, NotImplementedError, zeros } from '@torsor/core';
import type { TensorMeta } from './derivatives/define.ts';
import { noGrad } from './gradMode.ts';
import type { Gradients } from './node.ts';
import { CREATED_IN_FUNCTION, CREATED_PLAIN, CREATED_WITH_OTHERS, ErrorNode, NO_EDGES, Node, running } from './node.ts';
import { checkWrite, rebase } from './record.ts';
import { TensorRecord } from './saved.ts';
import { describe, edgeNode, edgeNr, gradFnOf, needsGrad, reattached, setHistory, slotOf } from './tape.ts';

/** A tensor that a custom function saved, and where its gradient goes. */
class Saved {
  readonly record: TensorRecord;
  /** The function's own node, when the tensor is an output of it; else the node that the gradient of the tensor goes to. */
  readonly node: Node | null;
  readonly outputNr: number;
  readonly isOutput: boolean;

  constructor(tensor: Tensor, node: Node | null, outputNr: number, isOutput: boolean) {
    this.record = new TensorRecord(tensor).keep(tensor);
    this.node = node;
    this.outputNr = outputNr;
    this.isOutput = isOutput;
  }

  unpack(): Tensor {
    const { node, outputNr } = this;
    const tensor = this.record.unpack(describe, this.isOutput ? node : null, outputNr);
    if (!modes.grad || node === null) return tensor;
    if (this.isOutput ? gradFnOf(tensor) !== null : edgeNode(tensor) === node && edgeNr(tensor) === outputNr)
      return tensor;
    return reattached(tensor, node, outputNr);
  }
}

/** What `forward` said to its context. */
interface State {
  toSave: readonly (Tensor | null)[];
  saved: readonly (Saved | null)[];
  readonly dirty: Set<Tensor>;
  readonly nonDifferentiable: Set<Tensor>;
  materializeGrads: boolean;
}

const STATE = Symbol('state');

/** The `ctx` of a custom function: carries things from `forward` to `backward`. Any further field may be set on it. */
export class Context<Saved extends readonly (Tensor | null)[] = readonly Tensor[]> {
  /** For each argument of `forward` after `ctx`: whether its gradient is wanted. */
  needsInputGrad: readonly boolean[] = [];

  /** @internal */
  readonly [STATE]: State = {
    toSave: [],
    saved: [],
    dirty: new Set(),
    nonDifferentiable: new Set(),
    materializeGrads: true,
  };

  /**
   * Keeps tensors for `backward`, guarded by their version: it throws if one is written to in place in between. Inputs and
   * outputs should be kept this way, not as fields.
   */
  saveForBackward(...tensors: Saved): void {
    for (const tensor of tensors) {
      if (tensor === null || isTensor(tensor)) continue;
      throw new AutogradError(
        `can only save tensors and nulls, but got ${typeof tensor}; set fields of ctx for the rest`,
        {
          op: 'saveForBackward',
        },
      );
    }
    this[STATE].toSave = tensors;
  }

  /**
   * What `saveForBackward` kept.
   *
   * @throws AutogradError when it has been freed, or written to since
   */
  get savedTensors(): Saved {
    return this[STATE].saved.map((entry) => (entry === null ? null : entry.unpack())) as unknown as Saved;
  }

  /** Declares inputs that `forward` wrote to in place; it must return them. */
  markDirty(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this[STATE].dirty.add(tensor);
  }

  /** Declares outputs that carry no gradient. Those of integer or bool dtype never do. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this[STATE].nonDifferentiable.add(tensor);
  }

  /** Whether `backward` is given zeros (the default) or null for outputs to which nothing flows back. */
  setMaterializeGrads(value: boolean): void {
    this[STATE].materializeGrads = value;
  }
}

/**
 * The type of `ctx`: `FunctionContext<{ alpha: number }>` declares the fields that `forward` sets;
 * `FunctionContext<{ alpha: number }, [Tensor, Tensor | null]>` also what it saves. Without, fields are `unknown`.
 */
export type FunctionContext<
  Fields extends object = Record<string, unknown>,
  Saved extends readonly (Tensor | null)[] = readonly Tensor[],
> = Context<Saved> & Fields;

/** No gradient. */
type None = null | undefined;

/** What a custom function's `backward` may return: a gradient for each argument of `forward`; one alone needs no list. */
export type FunctionGradients = Tensor | None | readonly (Tensor | None)[];

/** A class with a `forward` and a `backward`. */
export interface FunctionClass<A extends readonly unknown[], R> {
  readonly name: string;
  forward(ctx: never, ...args: A): R;
  backward(ctx: never, ...gradOutputs: never[]): FunctionGradients;
}

/** Whether a class says, for itself, that it keeps nothing of what it is given or makes. */
function keepsNothing(cls: object): boolean {
  return Object.hasOwn(cls, 'keepsNothing') && (cls as { readonly keepsNothing?: unknown }).keepsNothing === true;
}

/** The node of a custom function. */
class FunctionNode extends Node {
  readonly name: string;
  private readonly backward: (ctx: Context, ...gradOutputs: (Tensor | null)[]) => unknown;
  private readonly ctx: Context;
  /** For each argument of `forward`: its edge; -1 for what is no tensor. */
  private readonly edges: readonly number[];
  private readonly keepsNothing: boolean;

  constructor(cls: FunctionClass<readonly unknown[], unknown>, ctx: Context, args: readonly unknown[]) {
    super();
    this.name = `${cls.name}Backward`;
    this.keepsNothing = keepsNothing(cls);
    this.backward = (context, ...gradOutputs) => cls.backward(context as never, ...(gradOutputs as never[]));
    this.ctx = ctx;
    const next: (Node | null)[] = [];
    const numbers: number[] = [];
    this.edges = args.map((arg) => {
      if (!isTensor(arg)) return -1;
      next.push(needsGrad(arg) ? edgeNode(arg) : null);
      numbers.push(edgeNr(arg));
      return next.length - 1;
    });
    this.next = next;
    this.nextNr = numbers;
  }

  override get savedTensors(): readonly (Tensor | null)[] {
    return this.ctx.savedTensors;
  }

  override get isSealed(): boolean {
    return this.keepsNothing;
  }

  /** The edge of an argument. */
  edgeOf(at: number): number {
    return this.edges[at];
  }

  override apply(grad: Tensor | null, grads: Gradients | null, needs: readonly boolean[]): readonly unknown[] {
    const { ctx, edges } = this;
    ctx.needsInputGrad = edges.map((edge) => edge >= 0 && needs[edge]);
    const metas: readonly TensorMeta[] = this.outputs ?? [
      { shape: this.shape, dtype: this.dtype, ndim: this.shape.length },
    ];
    const given = metas.map((meta, i) => {
      const entry = this.outputs === null ? grad : (grads?.[i] ?? null);
      if (entry !== null || !ctx[STATE].materializeGrads) return entry;
      return zeros(meta.shape, { dtype: meta.dtype });
    });
    return this.byEdge(this.backward(ctx, ...given));
  }

  /** Gradients by argument, checked, as gradients by edge. */
  private byEdge(result: unknown): readonly unknown[] {
    const list: readonly unknown[] = Array.isArray(result) ? result : [result];
    const count = this.edges.length;
    const surplus = list.slice(count).some((entry) => entry !== null && entry !== undefined);
    if (list.length < count || surplus) {
      throw new AutogradError(
        `function ${this.name} returned an incorrect number of gradients (expected ${count}, got ${list.length})`,
        { op: 'backward' },
      );
    }
    const out = new Array<unknown>(this.next.length).fill(null);
    for (let i = 0; i < count; i++) {
      const entry = list[i];
      if (entry === null || entry === undefined) continue;
      if (!isTensor(entry)) {
        throw new AutogradError(
          `function ${this.name} returned ${typeof entry} as gradient ${i}; it must be a tensor or null`,
          { op: 'backward' },
        );
      }
      if (this.edges[i] < 0) {
        throw new AutogradError(
          `function ${this.name} returned a gradient different than null at position ${i + 1}, but the corresponding ` +
            'forward input was not a tensor',
          { op: 'backward' },
        );
      }
      out[this.edges[i]] = entry;
    }
    return out;
  }

  override release(): void {
    for (const entry of this.ctx[STATE].saved) entry?.record.release();
  }
}

/**
 * An operation with a backward of its own. Extend it with two static methods and call `apply`; the types of `apply` follow
 * from those of `forward`.
 *
 * `forward(ctx, …)` computes the result, unrecorded; its arguments may be anything, and it returns a tensor or a list.
 * `backward(ctx, …)` is given the gradient of each output and returns that of each argument (null for what has none). Written
 * in tensor operations, it can be differentiated again; if not, wrap it in `onceDifferentiable`.
 *
 * `static readonly keepsNothing = true` says that no tensor is kept, but by `saveForBackward`, as modules say it: what modules around it
 * make, and its gradients, then give their memory back early. It holds for the class itself, not for subclasses.
 *
 * @example
 * class MyExp extends Function {
 *   static forward(ctx: FunctionContext, x: Tensor): Tensor {
 *     const y = x.exp();
 *     ctx.saveForBackward(y);
 *     return y;
 *   }
 *   static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
 *     const [y] = ctx.savedTensors;
 *     return gradOutput.mul(y);
 *   }
 * }
 * MyExp.apply(x).gradFn.name; // 'MyExpBackward'
 */
class AutogradFunction {
  /** Runs `forward` on the arguments and records the function if one of them needs a gradient. */
  static apply<A extends readonly unknown[], R>(this: FunctionClass<A, R>, ...args: A): R {
    if (typeof this.forward !== 'function' || typeof this.backward !== 'function') {
      throw new NotImplementedError(`you must implement static forward and backward of ${this.name}`, {
        op: this.name,
      });
    }
    // What runs here is the user's, and may keep what it is given, unless it says otherwise.
    if (!keepsNothing(this)) expose();
    const ctx = new Context();
    ctx.needsInputGrad = args.map((arg) => isTensor(arg) && needsGrad(arg));
    const recording = modes.grad && !modes.inference && ctx.needsInputGrad.includes(true);
    const node = recording
      ? new FunctionNode(this as unknown as FunctionClass<readonly unknown[], unknown>, ctx, args)
      : null;
    const result = noGrad(() => this.forward(ctx as never, ...args));
    const outputs: readonly unknown[] = Array.isArray(result) ? result : [result];
    if (node !== null) describeOutputs(node, outputs, Array.isArray(result));
    const wrapped = outputs.map((output, i) =>
      isTensor(output) ? wrap(output, i, args, outputs, ctx[STATE], node) : output,
    );
    if (node !== null) save(ctx[STATE], wrapped, node);
    return (Array.isArray(result) ? wrapped : wrapped[0]) as R;
  }
}

export { AutogradFunction as Function };

function describeOutputs(node: FunctionNode, outputs: readonly unknown[], several: boolean): void {
  const metas = outputs.map((output): TensorMeta => {
    if (!isTensor(output)) return { shape: [], dtype: 'float32', ndim: 0 };
    return { shape: output.shape, dtype: output.dtype, ndim: output.ndim };
  });
  if (several) {
    node.outputs = metas;
    return;
  }
  node.shape = metas[0].shape;
  node.dtype = metas[0].dtype;
}

/** An output as the caller gets it. */
function wrap(
  output: Tensor,
  outputNr: number,
  args: readonly unknown[],
  outputs: readonly unknown[],
  state: State,
  node: FunctionNode | null,
): Tensor {
  const at = args.indexOf(output);
  const isInput = at >= 0;
  const isDirty = isInput && state.dirty.has(output);
  if (node === null) return isInput && !isDirty ? noGrad(() => alias(output)) : output;
  if (!isFloating(output.dtype) || state.nonDifferentiable.has(output)) {
    return needsGrad(output) ? output.detach() : output;
  }
  if (isDirty) {
    checkDirty(output, outputs);
    rebase(output, node, node.edgeOf(at));
    // A view gets its history from its base; anything else is now this output of the node.
    const meta = slotOf(output);
    if (output.base === null && meta !== null) meta.outputNr = outputNr;
    return output;
  }
  // What was handed through gets a history of its own, without touching that of what was handed in.
  const own = isInput || needsGrad(output) ? noGrad(() => alias(output)) : output;
  const differentiable = outputs.filter(
    (entry) => isTensor(entry) && isFloating(entry.dtype) && !state.nonDifferentiable.has(entry),
  );
  const viewKind = differentiable.length > 1 ? CREATED_WITH_OTHERS : CREATED_IN_FUNCTION;
  setHistory(own, node, outputNr, own.base === null ? CREATED_PLAIN : viewKind);
  return own;
}

function checkDirty(output: Tensor, outputs: readonly unknown[]): void {
  const meta = slotOf(output);
  if (meta?.isTrackedLeaf === true) {
    throw new AutogradError('a leaf Variable that requires grad has been used in an in-place operation.', {
      op: 'markDirty',
    });
  }
  if (output.base === null) return;
  if (outputs.length > 1) {
    throw new AutogradError(
      'a Function that modifies in place an input that is a view of another tensor cannot return more than one tensor',
      { op: 'markDirty' },
    );
  }
  checkWrite(output, 1);
}

function save(state: State, outputs: readonly unknown[], node: FunctionNode): void {
  state.saved = state.toSave.map((tensor) => {
    if (tensor === null) return null;
    const outputNr = outputs.indexOf(tensor);
    if (outputNr >= 0) return new Saved(tensor, node, outputNr, true);
    return new Saved(tensor, edgeNode(tensor), edgeNr(tensor), false);
  });
  state.toSave = [];
}

/**
 * Marks a `backward` that is not made of differentiable operations: differentiating through it a second time throws.
 *
 * @example
 * static backward = onceDifferentiable((ctx: FunctionContext, gradOutput: Tensor) => …);
 */
export function onceDifferentiable<C, A extends readonly unknown[]>(
  backward: (ctx: C, ...gradOutputs: A) => FunctionGradients,
): (ctx: C, ...gradOutputs: A) => FunctionGradients {
  return (ctx, ...gradOutputs) => {
    const result = noGrad(() => backward(ctx, ...gradOutputs));
    if (!modes.grad) return result;
    const next = [
      ...(running.node?.next ?? NO_EDGES),
      ...gradOutputs.map((entry) => (isTensor(entry) ? edgeNode(entry) : null)),
    ].filter((node) => node !== null);
    const guard = (entry: Tensor | None): Tensor | None => {
      if (entry === null || entry === undefined || !isFloating(entry.dtype)) return entry;
      const own = entry.detach();
      const message = 'trying to differentiate twice a function that was marked with onceDifferentiable';
      setHistory(own, new ErrorNode(message, next, entry), 0, CREATED_PLAIN);
      return own;
    };
    return Array.isArray(result) ? (result as readonly (Tensor | None)[]).map(guard) : guard(result as Tensor | None);
  };
}
