/**
 * Every op runs through here. When an argument carries an autograd slot and grad mode is on, the recorder that
 * `@torsor/autograd` registered runs around the op; otherwise the op runs as it is.
 */

import { modes, TensorBase } from './base.ts';
import { halves } from './bits.ts';
import { AutogradError } from './errors.ts';
import { observed } from './observe.ts';
import type { OpList, OpName } from './ops/list.ts';
import type { Storage } from './storage.ts';
import type { Tensor } from './tensor.ts';
import { hasHalf, widened, widenedWrite } from './widen.ts';

/** A node of the tape, as users see it: `x.gradFn`. */
export interface GradFn {
  /** `'SubBackward0'`, as PyTorch names it. */
  readonly name: string;
  /** For each input of the op: the node that its gradient flows to (null when it needs none), and which output of that node. */
  readonly nextFunctions: readonly (readonly [GradFn | null, number])[];
  /** The leaf that an `AccumulateGrad` node writes to; absent on other nodes. */
  readonly variable?: Tensor;
  /**
   * What the node keeps for its backward: inputs in their order, then outputs; of a custom function, what it saved. PyTorch's
   * `_saved_self`, `_saved_result` and so on.
   *
   * @throws AutogradError when they have been freed, or written to since
   */
  readonly savedTensors: readonly (Tensor | null)[];
  /** Runs on gradients arriving at (pre) and leaving (post) the node; returns a handle that removes the hook. */
  registerHook(
    hook: (gradInputs: readonly (Tensor | null)[], gradOutputs: readonly (Tensor | null)[]) => unknown,
  ): RemovableHandle;
  registerPrehook(hook: (gradOutputs: readonly (Tensor | null)[]) => unknown): RemovableHandle;
}

/** Takes a hook away again. */
export interface RemovableHandle {
  remove(): void;
}

/** Options of `backward`. */
export interface BackwardOptions {
  /** d(loss)/d(self), of self's shape; may be left out for a tensor of one element. */
  readonly gradient?: Tensor | null;
  /** Keep what the tape saved, so that `backward` can run again. Default: `createGraph`. */
  readonly retainGraph?: boolean | null;
  /** Record the backward pass itself, for second derivatives. Default false. */
  readonly createGraph?: boolean;
  /** Accumulate into these tensors only. */
  readonly inputs?: Tensor | readonly Tensor[] | null;
}

/** What `@torsor/autograd` does for core: record ops, and answer for the slot. */
export interface Recorder {
  /** Runs the op and records it when an argument requires a gradient. The list `args` becomes the recorder's own. */
  record<K extends OpName>(op: K, forward: OpList[K], args: Parameters<OpList[K]>): ReturnType<OpList[K]>;
  /**
   * Checks, runs and records an op that writes its result into `self`, which is also `args[0]`, and counts its version up. The
   * list `args` becomes the recorder's own.
   */
  recordInPlace<K extends OpName>(op: K, args: Parameters<OpList[K]>, self: Tensor, write: () => void): void;
  /** Told of the result of an op on tensors with slots that ran while grad mode was off: views must not be written to later. */
  noteUnrecorded(result: unknown): void;
  requiresGrad(self: Tensor): boolean;
  setRequiresGrad(self: Tensor, requiresGrad: boolean): void;
  isLeaf(self: Tensor): boolean;
  retainsGrad(self: Tensor): boolean;
  retainGrad(self: Tensor): void;
  gradFn(self: Tensor): GradFn | null;
  outputNr(self: Tensor): number;
  grad(self: Tensor): Tensor | null;
  setGrad(self: Tensor, grad: Tensor | null): void;
  registerHook(self: Tensor, hook: (grad: Tensor) => Tensor | null | undefined | void): RemovableHandle;
  backward(self: Tensor, options: BackwardOptions): void;
  /** Gives up a storage that only the tape may still refer to: it is released with the last record that keeps it, which may be now. */
  leaveToTape(storage: Storage): void;
  /** Cuts `self` off its history, in place. */
  detach_(self: Tensor): void;
}

let recorder: Recorder | null = null;

/** Called once, by `@torsor/autograd` when it is imported: the only import side effect of the project. */
export function setRecorder(value: Recorder): void {
  recorder = value;
}

/** The recorder, for methods that cannot work without one. */
export function requireRecorder(op: string): Recorder {
  if (recorder === null) {
    throw new AutogradError("needs automatic differentiation; import '@torsor/autograd' (or 'torsor') first", { op });
  }
  return recorder;
}

/** The recorder if it is loaded. */
export function recorderIfAny(): Recorder | null {
  return recorder;
}

function carriesSlot(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg instanceof TensorBase) {
      // A view that was made before its base got a slot follows the base.
      if (arg.autograd !== null || (arg.base !== null && arg.base.autograd !== null)) return true;
    } else if (Array.isArray(arg)) {
      // Lists of tensors (cat, index); lists of numbers end the search at their first entry.
      for (let j = 0; j < arg.length; j++) {
        const entry: unknown = arg[j];
        if (typeof entry === 'number') break;
        if (!(entry instanceof TensorBase)) continue;
        if (entry.autograd !== null || (entry.base !== null && entry.base.autograd !== null)) return true;
      }
    }
  }
  return false;
}

/** Runs an op, recording it if it must be. */
export function dispatch<K extends OpName>(
  op: K,
  forward: OpList[K],
  args: Parameters<OpList[K]>,
): ReturnType<OpList[K]> {
  const observer = observed.current;
  return observer === null ? runOp(op, forward, args) : observer.op(op, args, () => runOp(op, forward, args));
}

function runOp<K extends OpName>(op: K, forward: OpList[K], args: Parameters<OpList[K]>): ReturnType<OpList[K]> {
  if (halves.inUse && hasHalf(args)) forward = widened(op, forward) as OpList[K];
  const run = forward as unknown as (...args: Parameters<OpList[K]>) => ReturnType<OpList[K]>;
  if (recorder === null || !carriesSlot(args)) return run(...args);
  if (modes.grad) return recorder.record(op, forward, args);
  const result = run(...args);
  recorder.noteUnrecorded(result);
  return result;
}

/**
 * Runs an op that writes into its first argument. `write` must validate all before it writes anything.
 *
 * @returns the first argument
 */
export function dispatchInPlace<K extends OpName>(
  op: K,
  args: Parameters<OpList[K]>,
  self: Tensor,
  write: () => void,
): Tensor {
  if (self.isInference && !modes.inference) {
    throw new AutogradError(
      'inplace update to inference tensor outside inferenceMode is not allowed; you can make a clone to get a normal tensor',
      { op },
    );
  }
  const observer = observed.current;
  if (observer === null) return writeOp(op, args, self, write);
  return observer.op(`${op}_`, args, () => writeOp(op, args, self, write));
}

function writeOp<K extends OpName>(op: K, args: Parameters<OpList[K]>, self: Tensor, write: () => void): Tensor {
  if (halves.inUse && hasHalf(args)) write = widenedWrite(op, args, self, write);
  if (recorder !== null && modes.grad && carriesSlot(args)) recorder.recordInPlace(op, args, self, write);
  else {
    write();
    self.storage.countWrite();
  }
  return self;
}
