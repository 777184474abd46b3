/** The entry points of the engine: `backward` and `grad`. */

import type { BackwardOptions, Tensor } from '@torsor/core';
import { AutogradError, isTensor, NotImplementedError, named, zerosLike } from '@torsor/core';
import { runBackward } from './engine.ts';
import { retainGrad } from './slot.ts';
import { gradFnOf, needsGrad } from './tape.ts';

/** One tensor or several. */
export type Tensors = Tensor | readonly Tensor[];

/** Gradients that start a pass, one for each output; null entries, for scalar outputs, stand for 1. */
export type OutputGradients = Tensor | readonly (Tensor | null)[] | null;

function listOf<T extends Tensor | null>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

function tensorsOf(op: string, name: string, value: unknown): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  list.forEach((entry, i) => {
    if (isTensor(entry)) return;
    throw new AutogradError(`${name} must be a tensor or a list of tensors, but entry ${i} is ${typeof entry}`, { op });
  });
  return list as readonly Tensor[];
}

function gradientsOf(op: string, value: OutputGradients | undefined, count: number): readonly (Tensor | null)[] {
  if (value === null || value === undefined) return new Array<null>(count).fill(null);
  const list = listOf<Tensor | null>(value);
  if (list.length !== count) throw new AutogradError(`got ${count} tensors and ${list.length} gradients`, { op });
  return list;
}

/** Options of the free function `backward`. */
export interface BackwardManyOptions {
  readonly gradTensors?: OutputGradients;
  readonly retainGraph?: boolean | null;
  readonly createGraph?: boolean;
  readonly inputs?: Tensors | null;
}

/**
 * Accumulates into the `grad` of every leaf the sum of the derivatives of several outputs. `Tensor.backward` is this for one.
 *
 * @param tensors the outputs
 * @param gradTensors d(loss)/d(output) for each; may be left out for outputs of one element
 * @param retainGraph keep what the tape saved, so that it can be walked again; default `createGraph`
 * @param createGraph record the pass itself, for higher derivatives
 * @param gradVariables not offered: PyTorch's old name of `gradTensors`
 * @param inputs accumulate into these only
 */
export function backward(
  tensors: Tensors,
  gradTensors?: OutputGradients | BackwardManyOptions,
  retainGraph?: boolean | null | BackwardManyOptions,
  createGraph?: boolean | BackwardManyOptions,
  gradVariables?: null | BackwardManyOptions,
  inputs?: Tensors | null,
): void {
  const op = 'backward';
  const [grads, retain, create, old, into] = named<[OutputGradients, boolean | null, boolean, unknown, Tensors | null]>(
    op,
    ['gradTensors', 'retainGraph', 'createGraph', 'gradVariables', 'inputs'],
    [gradTensors, retainGraph, createGraph, gradVariables, inputs],
  );
  if (old !== undefined && old !== null) {
    throw new NotImplementedError("gradVariables is PyTorch's old name of gradTensors; use that", { op });
  }
  const roots = tensorsOf(op, 'tensors', tensors);
  const record = create === true;
  backwardInto(roots, gradientsOf(op, grads, roots.length), retain ?? record, record, into ?? null);
}

/** `Tensor.backward`. */
export function backwardFrom(self: Tensor, options: BackwardOptions): void {
  const create = options.createGraph ?? false;
  backwardInto([self], [options.gradient ?? null], options.retainGraph ?? create, create, options.inputs ?? null);
}

function backwardInto(
  roots: readonly Tensor[],
  grads: readonly (Tensor | null)[],
  keepGraph: boolean,
  createGraph: boolean,
  into: Tensors | null,
): void {
  const op = 'backward';
  const inputs = into === null ? null : tensorsOf(op, 'inputs', into);
  if (inputs !== null) {
    if (inputs.length === 0) throw new AutogradError("'inputs' argument to backward cannot be empty", { op });
    for (const input of inputs) {
      checkDifferentiable(op, input);
      if (gradFnOf(input) !== null) retainGrad(input);
    }
  }
  runBackward(op, roots, grads, { keepGraph, createGraph, inputs, accumulate: true });
}

function checkDifferentiable(op: string, input: Tensor): void {
  if (!needsGrad(input)) throw new AutogradError('one of the differentiated Tensors does not require grad', { op });
}

/** Options of `grad`. */
export interface GradOptions {
  /** d(loss)/d(output), one for each output; may be left out for outputs of one element. */
  readonly gradOutputs?: OutputGradients;
  /** Keep what the tape saved, so that it can be walked again. Default: `createGraph`. */
  readonly retainGraph?: boolean | null;
  /** Record the pass itself, for higher derivatives. Default false. */
  readonly createGraph?: boolean;
  /** Always true: PyTorch keeps the name only. */
  readonly onlyInputs?: boolean;
  /** Allow inputs that the outputs do not depend on; their gradient is null. Default: `materializeGrads`. */
  readonly allowUnused?: boolean | null;
  /** Not implemented; call `grad` once for each gradient. */
  readonly isGradsBatched?: boolean;
  /** Zeros instead of null for inputs that the outputs do not depend on. Default false. */
  readonly materializeGrads?: boolean;
}

const GRAD_OPTIONS = [
  'gradOutputs',
  'retainGraph',
  'createGraph',
  'onlyInputs',
  'allowUnused',
  'isGradsBatched',
  'materializeGrads',
];

/**
 * The gradients of outputs with respect to inputs, summed over the outputs; `.grad` of nothing is touched.
 *
 * @param inputs a tensor or a list; leaves or not
 * @returns a list with one gradient for each input
 * @throws AutogradError when an input was not used and neither `allowUnused` nor `materializeGrads` is set
 *
 * @example
 * const x = tensor([1, 2, 3], { requiresGrad: true });
 * const [g] = grad(x.mul(x).sum(), x); // tensor([2., 4., 6.])
 */
export function grad(
  outputs: Tensors,
  inputs: Tensors,
  options: GradOptions & { readonly allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensors,
  inputs: Tensors,
  gradOutputs: OutputGradients,
  options: GradOptions & { readonly allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensors,
  inputs: Tensors,
  gradOutputs?: OutputGradients | GradOptions,
  retainGraph?: boolean | null | GradOptions,
  createGraph?: boolean | GradOptions,
  onlyInputs?: boolean | GradOptions,
  allowUnused?: boolean | null | GradOptions,
  isGradsBatched?: boolean | GradOptions,
  materializeGrads?: boolean,
): Tensor[];
export function grad(outputs: Tensors, inputs: Tensors, ...rest: readonly unknown[]): (Tensor | null)[] {
  const op = 'grad';
  const [gradOutputs, retainGraph, create, onlyInputs, allowUnused, isGradsBatched, materializeGrads] = named<
    [OutputGradients, boolean | null, boolean, boolean, boolean | null, boolean, boolean]
  >(op, GRAD_OPTIONS, rest);
  const createGraph = create === true;
  if (onlyInputs === false) {
    throw new NotImplementedError('onlyInputs: false is gone from PyTorch too; use backward to accumulate', { op });
  }
  if (isGradsBatched === true) {
    throw new NotImplementedError('isGradsBatched is not offered; call grad once for each gradient', { op });
  }
  if (materializeGrads === true && allowUnused === false) {
    throw new AutogradError(
      'expected allowUnused to be true or not passed when materializeGrads is true, but got allowUnused: false',
      { op },
    );
  }
  const roots = tensorsOf(op, 'outputs', outputs);
  const wanted = tensorsOf(op, 'inputs', inputs);
  if (wanted.length === 0) throw new AutogradError('grad requires non-empty inputs', { op });
  for (const input of wanted) checkDifferentiable(op, input);
  const result = runBackward(op, roots, gradientsOf(op, gradOutputs, roots.length), {
    keepGraph: retainGraph ?? createGraph,
    createGraph,
    inputs: wanted,
    accumulate: false,
  });
  if (materializeGrads === true) return result.map((entry, i) => entry ?? zerosLike(wanted[i]));
  if (allowUnused !== true && result.includes(null)) {
    throw new AutogradError(
      'one of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the ' +
        'desired behavior.',
      { op },
    );
  }
  return result;
}
