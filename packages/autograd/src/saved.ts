/**
 * What a node remembers of a tensor: its shape and dtype always, the tensor itself if the formula needs it, and then the
 * version it had, so that damage done since is noticed. After PyTorch's `saved_variable.h`.
 */

import type { DType, Shape, Storage, Tensor } from '@torsor/core';
import { AutogradError, formatShape, symbolDispose } from '@torsor/core';
import type { Guard } from './anomaly.ts';
import type { ArgumentMeta } from './derivatives/define.ts';
import { uncollected } from './fresh.ts';
import type { Node } from './node.ts';

/** Replaces a tensor that is to be saved by something else (a copy on disk, a way to compute it again), and back. */
export interface SavedTensorsHooks {
  pack(tensor: Tensor): unknown;
  unpack(packed: unknown): Tensor;
}

let hooks: SavedTensorsHooks | null = null;

/** Installs hooks for the nodes recorded from now on; returns those before. */
export function setSavedTensorsHooks(value: SavedTensorsHooks | null): SavedTensorsHooks | null {
  const before = hooks;
  hooks = value;
  return before;
}

/**
 * While it is in force, each tensor that an operation saves for its backward pass goes through `pack`, and through `unpack`
 * when the backward pass asks for it: `savedTensorsHooks(pack, unpack, fn)`, or `using _ = savedTensorsHooks(pack, unpack)`.
 * PyTorch's `torch.autograd.graph.saved_tensors_hooks`.
 */
export function savedTensorsHooks<P>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor): Guard;
export function savedTensorsHooks<P, T>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor, fn: () => T): T;
export function savedTensorsHooks<P, T>(
  pack: (tensor: Tensor) => P,
  unpack: (packed: P) => Tensor,
  fn?: () => T,
): T | Guard {
  const before = setSavedTensorsHooks({ pack, unpack: unpack as (packed: unknown) => Tensor });
  const guard: Guard = {
    [symbolDispose]() {
      setSavedTensorsHooks(before);
    },
  };
  if (fn === undefined) return guard;
  try {
    return fn();
  } finally {
    guard[symbolDispose]();
  }
}

export const FREED =
  'Trying to backward through the graph a second time (or directly access saved tensors after they have already been ' +
  'freed). Saved intermediate values of the graph are freed when you call backward() or grad(). Specify ' +
  'retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors ' +
  'after calling backward.';

/** Names what made a tensor. */
type Describe = (tensor: Tensor, node: Node | null, outputNr: number) => string | null;

/** A tensor as a node remembers it. One class for what is kept and what is not, so that the engine meets one shape. */
export class TensorRecord implements ArgumentMeta {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly strides: Shape;
  readonly offset: number;
  /** The tensor, while it is kept. */
  tensor: Tensor | null = null;
  private storage: Storage | null = null;
  private version = 0;
  private packed: { readonly value: unknown; readonly hooks: SavedTensorsHooks } | null = null;
  /** Whether it was kept at first. */
  private wasKept = false;

  constructor(tensor: Tensor) {
    this.shape = tensor.shape;
    this.dtype = tensor.dtype;
    this.strides = tensor.strides;
    this.offset = tensor.offset;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** Keeps the tensor as it is now. */
  keep(tensor: Tensor): this {
    if (tensor.isInference) {
      throw new AutogradError(
        'inference tensors cannot be saved for backward; to work around you can make a clone to get a normal tensor and ' +
          'use it in autograd',
        { op: 'autograd', operands: { shape: tensor.shape } },
      );
    }
    this.wasKept = true;
    if (hooks !== null) {
      this.packed = { value: pack(hooks, tensor), hooks };
      return this;
    }
    this.tensor = tensor;
    this.storage = tensor.storage;
    this.version = tensor.storage.version;
    tensor.storage.root.tapeRecords++;
    return this;
  }

  /** Whether there is anything to `unpack`. */
  get kept(): boolean {
    return this.wasKept;
  }

  /**
   * The tensor.
   *
   * @param describe names what made the tensor, for the message: `'output 0 of MulBackward0'`, or null
   * @param node the node that saved it as its own output `outputNr`; null when it is an argument
   * @throws AutogradError when it has been freed, or written to since
   */
  unpack(describe: Describe, node: Node | null, outputNr: number): Tensor {
    const packed = this.packed;
    if (packed !== null) return uncollected(() => packed.hooks.unpack(packed.value));
    const tensor = this.tensor;
    if (tensor === null) throw new AutogradError(FREED, { op: 'backward' });
    if (tensor.storage !== this.storage || tensor.storage.version !== this.version) {
      const made = describe(tensor, node, outputNr);
      const state =
        tensor.storage === this.storage
          ? `is at version ${tensor.storage.version}; expected version ${this.version} instead`
          : 'has been given other data';
      throw new AutogradError(
        'one of the variables needed for gradient computation has been modified by an inplace operation: ' +
          `[${this.dtype} ${formatShape(this.shape)}]${made === null ? '' : `, which is ${made},`} ${state}. Hint: enable ` +
          'anomaly detection to find the operation that failed to compute its gradient, with setDetectAnomaly(true).',
        { op: 'backward', operands: { shape: this.shape, dtype: this.dtype, version: this.version } },
      );
    }
    return tensor;
  }

  release(): void {
    if (this.storage !== null) {
      const { root } = this.storage;
      if (--root.tapeRecords === 0 && root.isTapes) root.giveBack('the tape');
    }
    this.tensor = null;
    this.storage = null;
    this.packed = null;
  }
}

/**
 * Leaves memory to the tape: the caller holds the only reference to it besides the tape's, and gives it up. It is released with the
 * last record that keeps it, which may be now. While hooks see what is saved, they may keep it: then nothing happens.
 */
export function leaveToTape({ root }: Storage): void {
  if (hooks !== null) return;
  root.isTapes = true;
  if (root.tapeRecords === 0) root.giveBack('the tape');
}

/** Hooks must not see the tensors that they save themselves. */
function pack(inForce: SavedTensorsHooks, tensor: Tensor): unknown {
  hooks = null;
  try {
    return inForce.pack(tensor);
  } finally {
    hooks = inForce;
  }
}
