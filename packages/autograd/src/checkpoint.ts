/**
 * Checkpointing: to save memory, keep nothing of a part of the forward pass, and compute it again in the backward pass. After
 * `torch/utils/checkpoint.py` with `use_reentrant=False`: what would be saved is replaced by a number, and the first number
 * that the backward pass asks for runs the function once more to see what is saved now.
 */

import type { Tensor } from '@torsor/core';
import {
  AutogradError,
  formatShape,
  getRngState,
  isOptions,
  isTensor,
  modes,
  NotImplementedError,
  named,
  sameShape,
  setRngState,
  show,
  ValueError,
} from '@torsor/core';
import { enableGrad } from './gradMode.ts';
import { savedTensorsHooks } from './saved.ts';

/** Options of `checkpoint`. */
export interface CheckpointOptions {
  /** Only `false` is offered: a checkpoint works with `grad` and with inputs that need no gradient. Default false. */
  readonly useReentrant?: boolean;
  /** Draw the same random numbers again, as dropout needs. Default true. */
  readonly preserveRngState?: boolean;
}

/** What stands in for a saved tensor. */
interface Place {
  readonly index: number;
  readonly shape: readonly number[];
  readonly dtype: string;
}

class Frame {
  private readonly run: () => unknown;
  private readonly args: readonly unknown[];
  private readonly versions: readonly number[];
  private readonly rngState: ReturnType<typeof getRngState> | null;
  private readonly again = new Map<number, Tensor>();
  private count = 0;

  constructor(run: () => unknown, args: readonly unknown[], preserveRngState: boolean) {
    this.run = run;
    this.args = args;
    this.versions = args.map((arg) => (isTensor(arg) ? arg.storage.version : 0));
    this.rngState = preserveRngState ? getRngState() : null;
  }

  readonly pack = (tensor: Tensor): Place => ({ index: this.count++, shape: tensor.shape, dtype: tensor.dtype });

  readonly unpack = (place: Place): Tensor => {
    if (!this.again.has(place.index)) this.recompute();
    const tensor = this.again.get(place.index);
    // Each place is asked for once in a pass; another pass computes anew.
    this.again.delete(place.index);
    if (tensor === undefined || !sameShape(tensor.shape, place.shape) || tensor.dtype !== place.dtype) {
      throw new AutogradError(
        'the function saved other tensors when it was run again: ' +
          `expected ${place.dtype} ${formatShape(place.shape)}, got ` +
          `${tensor === undefined ? 'fewer' : `${tensor.dtype} ${formatShape(tensor.shape)}`}; it must compute the same each time`,
        { op: 'checkpoint' },
      );
    }
    return tensor;
  };

  private recompute(): void {
    this.args.forEach((arg, i) => {
      if (!isTensor(arg) || arg.storage.version === this.versions[i]) return;
      throw new AutogradError(
        `argument ${i} is needed to compute the function again, but has been modified by an inplace operation: it is at ` +
          `version ${arg.storage.version}; expected version ${this.versions[i]} instead`,
        { op: 'checkpoint' },
      );
    });
    const outer = this.rngState === null ? null : getRngState();
    if (this.rngState !== null) setRngState(this.rngState);
    let index = 0;
    try {
      savedTensorsHooks(
        (tensor) => {
          this.again.set(index++, tensor.detach());
          return null;
        },
        () => {
          throw new AutogradError('a backward pass inside a checkpointed function is not supported', {
            op: 'checkpoint',
          });
        },
        () => enableGrad(this.run),
      );
    } finally {
      if (outer !== null) setRngState(outer);
    }
  }
}

/**
 * Runs `fn(...args)` without keeping its intermediate results; the backward pass runs it once more to get them.
 *
 * @param args the arguments of `fn`; a plain object in last place holds options
 * @throws AutogradError in the backward pass, when `fn` computes something else the second time
 *
 * @example
 * const y = checkpoint((x: Tensor) => block(x), x, { preserveRngState: false });
 */
export function checkpoint<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): R;
export function checkpoint<A extends readonly unknown[], R>(
  fn: (...args: A) => R,
  ...args: [...A, options: CheckpointOptions]
): R;
export function checkpoint(fn: (...args: readonly unknown[]) => unknown, ...all: readonly unknown[]): unknown {
  const op = 'checkpoint';
  const last = all.length > 0 && isOptions(all[all.length - 1]) ? all[all.length - 1] : undefined;
  const args = last === undefined ? all : all.slice(0, -1);
  const [useReentrant = false, preserveRngState = true] = named<[boolean, boolean]>(
    op,
    ['useReentrant', 'preserveRngState'],
    [last],
  );
  if (useReentrant) {
    throw new NotImplementedError('useReentrant: true is not offered; leave it out', { op });
  }
  const run = (): unknown => fn(...args);
  if (!modes.grad) return run();
  const frame = new Frame(run, args, preserveRngState);
  return savedTensorsHooks(frame.pack, frame.unpack, run);
}

/**
 * Runs functions one after the other, in segments of which all but the last are checkpoints: only what passes from one segment to the
 * next is kept, and the backward pass computes a segment anew when its turn comes.
 *
 * @param functions functions of a tensor, or an `nn.Sequential`
 * @param segments how many parts to cut them into; the last takes what is left over
 * @throws ValueError when `segments` is no integer from 1 to the number of functions
 *
 * @example
 * const net = new nn.Sequential(...blocks);
 * const loss = checkpointSequential(net, 4, x).mean();
 */
export function checkpointSequential(
  functions: Iterable<(input: Tensor) => Tensor>,
  segments: number,
  input: Tensor,
  options?: CheckpointOptions,
): Tensor {
  const op = 'checkpointSequential';
  const list = [...functions];
  const [useReentrant = false, preserveRngState = true] = named<[boolean, boolean]>(
    op,
    ['useReentrant', 'preserveRngState'],
    [options],
  );
  if (!Number.isInteger(segments) || segments < 1 || segments > list.length) {
    throw new ValueError(
      `segments must be an integer from 1 to the number of functions, ${list.length}, but got ${show(segments)}`,
      { op, operands: { segments, functions: list.length } },
    );
  }
  const size = Math.floor(list.length / segments);
  const run = (start: number, end?: number) => (x: Tensor) => list.slice(start, end).reduce((y, fn) => fn(y), x);
  let out = input;
  let at = 0;
  for (; at < size * (segments - 1); at += size) {
    out = checkpoint(run(at, at + size), out, { useReentrant, preserveRngState });
  }
  return run(at)(out);
}
