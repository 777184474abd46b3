/**
 * Derivatives of functions: `jacobian`, `hessian`, and their products with vectors. After
 * `torch/autograd/functional.py`; `vectorize` and forward mode are left out, so that `jvp` and `hvp` differentiate a backward
 * pass, which is linear in the gradient that it starts from.
 */

import type { Tensor } from '@torsor/core';
import {
  AutogradError,
  formatShape,
  isTensor,
  NotImplementedError,
  named,
  sameShape,
  stack,
  zerosLike,
} from '@torsor/core';
import type { Tensors } from './grad.ts';
import { grad } from './grad.ts';
import { enableGrad, isGradEnabled, setGradEnabled } from './gradMode.ts';

/** The parameters of a function of these inputs. */
type Spread<I> = I extends Tensor ? [input: Tensor] : Tensor[];

/** One tensor for one, a list for a list. */
type Like<T> = T extends Tensor ? Tensor : Tensor[];

/** One tensor for each output and input, in lists where those are lists. */
type Pairs<O, I> = O extends Tensor ? Like<I> : Like<I>[];

/** Options that all transforms share. */
export interface TransformOptions {
  /** Compute the result in a differentiable way. Default false. */
  readonly createGraph?: boolean;
  /** Throw when an output does not depend on an input; otherwise that derivative is zero. Default false. */
  readonly strict?: boolean;
}

/** Options of the products with a vector. */
export interface ProductOptions extends TransformOptions {
  /** The vector; may be left out where it has one element, which is then 1. */
  readonly v?: Tensors | null;
}

/** Options of `jacobian` and `hessian`. */
export interface JacobianOptions extends TransformOptions {
  /** Not offered; rows are computed one by one. */
  readonly vectorize?: boolean;
}

function fail(op: string, message: string): never {
  throw new AutogradError(message, { op });
}

function listOf(op: string, name: string, value: unknown): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  list.forEach((entry, i) => {
    if (!isTensor(entry)) fail(op, `${name} must be a tensor or a list of tensors, but entry ${i} is ${typeof entry}`);
  });
  return list as readonly Tensor[];
}

/**
 * Inputs as new tensor objects, so that they can be told from the same tensors caught in a closure.
 *
 * @param needGraph whether gradients must flow back to them
 */
function enter(inputs: readonly Tensor[], createGraph: boolean, needGraph: boolean): Tensor[] {
  return inputs.map((input) =>
    createGraph && input.requiresGrad ? input.viewAs(input) : input.detach().requiresGrad_(needGraph),
  );
}

function leave(results: readonly Tensor[], createGraph: boolean): readonly Tensor[] {
  return createGraph ? results : results.map((result) => result.detach());
}

/** One alone where one was given. */
function unlist<T>(results: readonly T[], asList: boolean): T | readonly T[] {
  return asList ? results : results[0];
}

/** As `grad`, leaving out outputs that are missing or depend on nothing. */
function gradients(
  outputs: readonly (Tensor | null)[],
  inputs: readonly Tensor[],
  starts: readonly (Tensor | null)[] | null,
  createGraph: boolean,
  retainGraph: boolean = createGraph,
): (Tensor | null)[] {
  const tracked = outputs.map((output) => output?.requiresGrad === true);
  if (!tracked.includes(true)) return inputs.map(() => null);
  return grad(
    outputs.filter((_, i) => tracked[i]) as Tensor[],
    inputs,
    starts === null ? null : starts.filter((_, i) => tracked[i]),
    { createGraph, retainGraph, allowUnused: true },
  );
}

function checkTracked(op: string, what: string, list: readonly (Tensor | null)[], strict: boolean): void {
  if (!strict) return;
  list.forEach((entry, i) => {
    if (entry?.requiresGrad === true) return;
    fail(op, `${what} ${i} of the function does not depend on the inputs, which strict mode does not allow`);
  });
}

/** Gradients with zeros for those that are missing. */
function filled(
  op: string,
  grads: readonly (Tensor | null)[],
  references: readonly Tensor[],
  { createGraph, strict, what }: { createGraph: boolean; strict: boolean; what: string },
): Tensor[] {
  return grads.map((entry, i) => {
    if (strict && entry === null) fail(op, `${what} is independent of entry ${i}, which strict mode does not allow`);
    if (strict && createGraph && entry?.requiresGrad !== true) {
      fail(
        op,
        `${what} has a derivative that is constant in entry ${i}, which strict mode does not allow with createGraph`,
      );
    }
    return entry ?? zerosLike(references[i]);
  });
}

function checkVector(op: string, v: readonly Tensor[], references: readonly Tensor[]): void {
  if (v.length !== references.length) {
    fail(op, `v has an invalid length: should be ${references.length} but got ${v.length}`);
  }
  v.forEach((entry, i) => {
    if (sameShape(entry.shape, references[i].shape)) return;
    fail(
      op,
      `entry ${i} of v has an invalid size: should be ${formatShape(references[i].shape)} but got ${formatShape(entry.shape)}`,
    );
  });
}

/** The vector of a product, checked; null for a 1 that is implied. */
function vectorOf(
  op: string,
  v: Tensors | null | undefined,
  references: readonly Tensor[],
  of: string,
  createGraph: boolean,
) {
  if (v === null || v === undefined) {
    if (references.length !== 1 || references[0].numel() !== 1) {
      fail(op, `the vector v can only be left out if the function has a single ${of} with a single element`);
    }
    return null;
  }
  const list = enter(listOf(op, 'v', v), createGraph, false);
  checkVector(op, list, references);
  return list;
}

function productOptions(op: string, args: readonly unknown[]) {
  const [v, createGraph, strict] = named<[Tensors | null, boolean, boolean]>(op, ['v', 'createGraph', 'strict'], args);
  return { v, createGraph: createGraph === true, strict: strict === true };
}

function jacobianOptions(op: string, args: readonly unknown[]) {
  const [createGraph, strict, vectorize] = named<[boolean, boolean, boolean]>(
    op,
    ['createGraph', 'strict', 'vectorize'],
    args,
  );
  if (vectorize === true) {
    throw new NotImplementedError('vectorize is not offered; leave it out, and rows are computed one by one', { op });
  }
  return { createGraph: createGraph === true, strict: strict === true };
}

function apply(func: (...inputs: never[]) => unknown, inputs: readonly Tensor[]): unknown {
  return (func as unknown as (...inputs: readonly Tensor[]) => unknown)(...inputs);
}

/** The one number that a function returns. */
function scalarOf(op: string, output: unknown): Tensor {
  if (!isTensor(output)) fail(op, 'the function must return a single tensor');
  if (output.numel() !== 1) fail(op, `the function must return a single element, but got ${formatShape(output.shape)}`);
  return output;
}

/**
 * All first derivatives of a function: `J[i…, j…] = ∂ output[i…] / ∂ input[j…]`, of shape `[...output.shape, ...input.shape]`.
 *
 * @param inputs a tensor, or a list of the function's arguments
 * @returns a tensor; a list over inputs, outputs, or outputs of inputs, where those are lists
 *
 * @example
 * jacobian((x) => x.mul(x), tensor([1, 2])); // tensor([[2., 0.], [0., 4.]])
 */
export function jacobian<I extends Tensors, O extends Tensors>(
  func: (...inputs: Spread<I>) => O,
  inputs: I,
  createGraph?: boolean | JacobianOptions,
  strict?: boolean | JacobianOptions,
  vectorize?: boolean,
): Pairs<O, I> {
  const op = 'jacobian';
  const options = jacobianOptions(op, [createGraph, strict, vectorize]);
  return jacobianOf(op, func as (...inputs: never[]) => unknown, inputs, options) as Pairs<O, I>;
}

function jacobianOf(
  op: string,
  func: (...inputs: never[]) => unknown,
  inputs: Tensors,
  { createGraph, strict }: { createGraph: boolean; strict: boolean },
): unknown {
  return enableGrad(() => {
    const points = enter(listOf(op, 'inputs', inputs), createGraph, true);
    const result = apply(func, points);
    const outputs = listOf(op, 'outputs of the function', result);
    checkTracked(op, 'output', outputs, strict);
    const rows = outputs.map((output, o) => {
      const flat = output.reshape(-1);
      const columns: Tensor[][] = points.map(() => []);
      for (let j = 0; j < output.numel(); j++) {
        const grads = gradients([flat.select(0, j)], points, null, createGraph, true);
        const what = `output ${o} of the function`;
        filled(op, grads, points, { createGraph, strict, what }).forEach((entry, i) => {
          columns[i].push(entry);
        });
      }
      const stacked = columns.map((column, i) => {
        const shape = [...output.shape, ...points[i].shape];
        return column.length === 0 ? zerosLike(points[i]).newEmpty(shape) : stack(column).view(shape);
      });
      return unlist(leave(stacked, createGraph), Array.isArray(inputs));
    });
    return unlist(rows, Array.isArray(result));
  });
}

/**
 * All second derivatives of a function that returns one number.
 *
 * @returns for one input, a tensor of shape `[...input.shape, ...input.shape]`; for a list, lists of lists
 *
 * @example
 * hessian((x) => x.pow(3).sum(), tensor([1, 2])); // tensor([[6., 0.], [0., 12.]])
 */
export function hessian<I extends Tensors>(
  func: (...inputs: Spread<I>) => Tensor,
  inputs: I,
  createGraph?: boolean | JacobianOptions,
  strict?: boolean | JacobianOptions,
  vectorize?: boolean,
): Pairs<I, I> {
  const op = 'hessian';
  const options = jacobianOptions(op, [createGraph, strict, vectorize]);
  const single = (...points: readonly Tensor[]): Tensor => {
    return scalarOf(op, apply(func as (...inputs: never[]) => unknown, points)).squeeze();
  };
  const first = (...points: readonly Tensor[]): unknown => {
    const whole = jacobianOf(
      op,
      single as (...inputs: never[]) => unknown,
      Array.isArray(inputs) ? points : points[0],
      {
        createGraph: true,
        strict: false,
      },
    );
    checkTracked(op, 'the derivative of output', listOf(op, 'jacobian', whole), options.strict);
    return whole;
  };
  return jacobianOf(op, first as (...inputs: never[]) => unknown, inputs, options) as Pairs<I, I>;
}

/**
 * The product of a vector and the Jacobian, `vᵀJ`: one backward pass.
 *
 * @param v of the shape of the output
 * @returns the output, and the product, of the shape of the inputs
 */
export function vjp<I extends Tensors, O extends Tensors>(
  func: (...inputs: Spread<I>) => O,
  inputs: I,
  v?: Tensors | null | ProductOptions,
  createGraph?: boolean | ProductOptions,
  strict?: boolean,
): [output: Like<O>, vjp: Like<I>] {
  const op = 'vjp';
  const options = productOptions(op, [v, createGraph, strict]);
  const { points, result, outputs, vector } = enableGrad(() => {
    const at = enter(listOf(op, 'inputs', inputs), options.createGraph, true);
    const value = apply(func as (...inputs: never[]) => unknown, at);
    const list = listOf(op, 'outputs of the function', value);
    checkTracked(op, 'output', list, options.strict);
    return {
      points: at,
      result: value,
      outputs: list,
      vector: vectorOf(op, options.v, list, 'output', options.createGraph),
    };
  });
  const product = setGradEnabled(options.createGraph || isGradEnabled(), () =>
    filled(op, gradients(outputs, points, vector, options.createGraph), points, { ...options, what: 'the output' }),
  );
  return [
    unlist(leave(outputs, options.createGraph), Array.isArray(result)),
    unlist(leave(product, options.createGraph), Array.isArray(inputs)),
  ] as [Like<O>, Like<I>];
}

/**
 * The product of the Jacobian and a vector, `Jv`: how the output changes when the inputs move along `v`. Computed by
 * differentiating `vᵀJ`, which is linear in its vector.
 *
 * @param v of the shape of the inputs
 * @returns the output, and the product, of the shape of the output
 */
export function jvp<I extends Tensors, O extends Tensors>(
  func: (...inputs: Spread<I>) => O,
  inputs: I,
  v?: Tensors | null | ProductOptions,
  createGraph?: boolean | ProductOptions,
  strict?: boolean,
): [output: Like<O>, jvp: Like<O>] {
  const op = 'jvp';
  const options = productOptions(op, [v, createGraph, strict]);
  const { result, outputs, vector, starts, firsts } = enableGrad(() => {
    const points = enter(listOf(op, 'inputs', inputs), options.createGraph, true);
    const direction = vectorOf(op, options.v, points, 'input', options.createGraph);
    const value = apply(func as (...inputs: never[]) => unknown, points);
    const list = listOf(op, 'outputs of the function', value);
    checkTracked(op, 'output', list, options.strict);
    const zeros = list.map((output) => zerosLike(output, { requiresGrad: true }));
    const grads = gradients(list, points, zeros, true);
    checkTracked(op, 'the gradient of input', grads, options.strict);
    return { result: value, outputs: list, vector: direction, starts: zeros, firsts: grads };
  });
  const product = setGradEnabled(options.createGraph || isGradEnabled(), () =>
    filled(op, gradients(firsts, starts, vector, options.createGraph), outputs, { ...options, what: 'the gradient' }),
  );
  return [
    unlist(leave(outputs, options.createGraph), Array.isArray(result)),
    unlist(leave(product, options.createGraph), Array.isArray(result)),
  ] as [Like<O>, Like<O>];
}

/**
 * The product of a vector and the Hessian of a function that returns one number, `vᵀH`. As the Hessian is symmetric, it equals
 * `hvp`, and is faster.
 *
 * @param v of the shape of the inputs
 * @returns the output, and the product, of the shape of the inputs
 */
export function vhp<I extends Tensors>(
  func: (...inputs: Spread<I>) => Tensor,
  inputs: I,
  v?: Tensors | null | ProductOptions,
  createGraph?: boolean | ProductOptions,
  strict?: boolean,
): [output: Tensor, vhp: Like<I>] {
  const op = 'vhp';
  const options = productOptions(op, [v, createGraph, strict]);
  const { points, output, vector, firsts } = firstDerivatives(
    op,
    func as (...inputs: never[]) => unknown,
    inputs,
    options,
  );
  const product = setGradEnabled(options.createGraph || isGradEnabled(), () =>
    filled(op, gradients(firsts, points, vector, options.createGraph), points, { ...options, what: 'the jacobian' }),
  );
  return [
    leave([output], options.createGraph)[0],
    unlist(leave(product, options.createGraph), Array.isArray(inputs)) as Like<I>,
  ];
}

/**
 * The product of the Hessian of a function that returns one number and a vector, `Hv`.
 *
 * @param v of the shape of the inputs
 * @returns the output, and the product, of the shape of the inputs
 */
export function hvp<I extends Tensors>(
  func: (...inputs: Spread<I>) => Tensor,
  inputs: I,
  v?: Tensors | null | ProductOptions,
  createGraph?: boolean | ProductOptions,
  strict?: boolean,
): [output: Tensor, hvp: Like<I>] {
  const op = 'hvp';
  const options = productOptions(op, [v, createGraph, strict]);
  const { points, output, vector, firsts } = firstDerivatives(
    op,
    func as (...inputs: never[]) => unknown,
    inputs,
    options,
  );
  const starts = points.map((point) => zerosLike(point, { requiresGrad: true }));
  const seconds = enableGrad(() => gradients(firsts, points, starts, true));
  checkTracked(op, 'the second derivative of input', seconds, options.strict);
  const product = setGradEnabled(options.createGraph || isGradEnabled(), () =>
    filled(op, gradients(seconds, starts, vector, options.createGraph), points, { ...options, what: 'the hessian' }),
  );
  return [
    leave([output], options.createGraph)[0],
    unlist(leave(product, options.createGraph), Array.isArray(inputs)) as Like<I>,
  ];
}

function firstDerivatives(
  op: string,
  func: (...inputs: never[]) => unknown,
  inputs: Tensors,
  options: { v?: Tensors | null; createGraph: boolean; strict: boolean },
) {
  return enableGrad(() => {
    const points = enter(listOf(op, 'inputs', inputs), options.createGraph, true);
    const vector = vectorOf(op, options.v, points, 'input', options.createGraph);
    const output = scalarOf(op, apply(func, points));
    checkTracked(op, 'output', [output], options.strict);
    const firsts = gradients([output], points, null, true);
    checkTracked(op, 'the derivative of output', firsts, options.strict);
    return { points, output, vector, firsts };
  });
}
