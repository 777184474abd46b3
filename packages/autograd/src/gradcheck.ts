/**
 * Checks a backward against finite differences. After PyTorch's `torch/autograd/gradcheck.py` (its slow mode, which compares
 * whole Jacobians); complex numbers, sparse tensors, batched gradients and forward mode are left out.
 */

import type { Tensor } from '@torsor/core';
import {
  AutogradError,
  DTypeError,
  fromTypedArray,
  isFloating,
  isTensor,
  NotImplementedError,
  named,
  offsets,
  sameShape,
  ValueError,
  zerosLike,
} from '@torsor/core';
import type { Tensors } from './grad.ts';
import { grad } from './grad.ts';

/** A backward that disagrees with finite differences. */
export class GradcheckError extends AutogradError {
  override name = 'GradcheckError';
}

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** Step of the central differences. Default 1e-6. */
  readonly eps?: number;
  /** Absolute tolerance. Default 1e-5. */
  readonly atol?: number;
  /** Relative tolerance. Default 1e-3. */
  readonly rtol?: number;
  /** Throw when the check fails; otherwise return false. Default true. */
  readonly raiseException?: boolean;
  /** By how much two backward passes over the same values may differ. Default 0. */
  readonly nondetTol?: number;
  /** Check that an output without a gradient counts as one whose gradient is zero. Default true. */
  readonly checkUndefinedGrad?: boolean;
  /** Always done, since the engine casts gradients; PyTorch's name is accepted. */
  readonly checkGradDtypes?: boolean;
  /** Not offered: whole Jacobians are compared. */
  readonly fastMode?: boolean;
}

/** A function to check: of tensors, returning one or several. Other arguments, and other results, are passed by. */
export type CheckedFunction = (...inputs: never[]) => unknown;

interface Settings {
  readonly eps: number;
  readonly atol: number;
  readonly rtol: number;
  readonly nondetTol: number;
  readonly checkUndefinedGrad: boolean;
}

const NAMES = [
  'eps',
  'atol',
  'rtol',
  'raiseException',
  'nondetTol',
  'checkUndefinedGrad',
  'checkGradDtypes',
  'fastMode',
];

/** d(output)/d(input), one row for each element of the input and one column for each of the output. */
class Jacobian {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;

  constructor(input: Tensor, output: Tensor) {
    this.rows = input.numel();
    this.columns = output.numel();
    this.values = new Float64Array(this.rows * this.columns);
  }

  /** Whether all entries agree within `atol + rtol * |other|`. Infinities agree with themselves, NaN with nothing. */
  isClose(other: Jacobian, rtol: number, atol: number): boolean {
    return this.values.every((a, i) => {
      const b = other.values[i];
      return a === b || Math.abs(a - b) <= atol + rtol * Math.abs(b);
    });
  }

  toString(): string {
    return String(fromTypedArray(this.values, [this.rows, this.columns]));
  }
}

/**
 * Compares the gradients of a function with central differences, at the inputs that require one.
 *
 * @param func a function of the inputs that returns a tensor or a list
 * @param inputs float64 where they require gradients; anything else is passed by
 * @returns true, or false when the check fails and `raiseException` is false
 * @throws GradcheckError with both Jacobians when they differ; DTypeError when an input to check is not float64
 *
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
 * gradcheck((x: Tensor) => x.mul(x), x); // true
 */
export function gradcheck(
  func: CheckedFunction,
  inputs: Tensors | readonly unknown[],
  options?: GradcheckOptions,
): boolean {
  const op = 'gradcheck';
  const [settings, raise] = settingsOf(op, options);
  return guarded(raise, () => check(op, func, listOf(inputs), settings));
}

/** Options of `gradgradcheck`. */
export interface GradgradcheckOptions extends GradcheckOptions {
  /** d(loss)/d(output), one for each output that requires a gradient. Default: random in [-1, 1). */
  readonly gradOutputs?: Tensors | null;
}

/**
 * Compares the second derivatives of a function with central differences of its first.
 *
 * @param gradOutputs d(loss)/d(output), one for each output that requires a gradient; random unless given
 * @throws GradcheckError with both Jacobians when they differ
 */
export function gradgradcheck(
  func: CheckedFunction,
  inputs: Tensors | readonly unknown[],
  gradOutputs?: Tensors | null | GradgradcheckOptions,
  options?: GradcheckOptions,
): boolean {
  const op = 'gradgradcheck';
  const [given, ...rest] = named<[Tensors | null, ...unknown[]]>(
    op,
    ['gradOutputs', ...NAMES],
    [gradOutputs, options],
  ) as unknown as readonly [Tensors | null | undefined, ...unknown[]];
  const [settings, raise] = settingsOf(op, Object.fromEntries(NAMES.map((name, i) => [name, rest[i]])));
  const args = listOf(inputs);
  const random = generator();
  const starts =
    given === null || given === undefined
      ? differentiable(call(func, args)).map((output) => randomLike(output, random))
      : (listOf(given) as readonly Tensor[]);
  const wanted = args.map((arg) => isTensor(arg) && arg.requiresGrad);
  const first = (...all: readonly unknown[]): readonly Tensor[] => {
    const points = all.slice(0, args.length);
    const outputs = differentiable(call(func, points));
    const differentiated = points.filter((_, i) => wanted[i]) as Tensor[];
    const result = grad(outputs, differentiated, all.slice(args.length) as Tensor[], {
      createGraph: true,
      allowUnused: true,
    });
    // A gradient that does not require one is held to be constant; tied to the inputs by a zero, it is checked to be so.
    const zero = differentiated.map((x) => x.sum().mul(0)).reduce((sum, x) => sum.add(x));
    return result.filter((entry) => entry !== null).map((entry) => (entry.requiresGrad ? entry : entry.add(zero)));
  };
  return guarded(raise, () => check(op, first as CheckedFunction, [...args, ...starts], settings));
}

function settingsOf(op: string, options: GradcheckOptions | undefined): [Settings, boolean] {
  const [eps = 1e-6, atol = 1e-5, rtol = 1e-3, raise = true, nondetTol = 0, checkUndefinedGrad = true, , fast] = named<
    [number, number, number, boolean, number, boolean, boolean, boolean]
  >(op, NAMES, [options]);
  if (fast === true) {
    throw new NotImplementedError('fastMode is not offered; whole Jacobians are compared', { op });
  }
  return [{ eps, atol, rtol, nondetTol, checkUndefinedGrad }, raise];
}

function guarded(raise: boolean, run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!raise && error instanceof GradcheckError) return false;
    throw error;
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function call(func: CheckedFunction, args: readonly unknown[]): readonly unknown[] {
  return listOf((func as (...args: readonly unknown[]) => unknown)(...args));
}

function differentiable(outputs: readonly unknown[]): Tensor[] {
  return outputs.filter((output): output is Tensor => isTensor(output) && output.requiresGrad);
}

function check(op: string, func: CheckedFunction, args: readonly unknown[], settings: Settings): void {
  const inputs = checkedInputs(op, args);
  const results = call(func, args);
  const outputs = differentiable(results);
  const watched = outputs.length > 0 ? outputs : results.filter((r): r is Tensor => isTensor(r) && isFloating(r.dtype));
  const pick = results.map((r) => (watched as unknown[]).includes(r));
  const evaluate = (): Tensor[] => call(func, args).filter((_, i) => pick[i]) as Tensor[];
  const numerical = inputs.map((input) => numericalJacobians(op, evaluate, input, watched, settings.eps));
  if (outputs.length === 0) {
    if (numerical.flat().every((jacobian) => jacobian.values.every((value) => value === 0))) return;
    throw new GradcheckError('numerical gradient for function expected to be zero', { op });
  }
  outputs.forEach((output, o) => {
    const analytical = analyticalJacobians(output, inputs);
    inputs.forEach((_, i) => {
      if (analytical[i].isClose(numerical[i][o], settings.rtol, settings.atol)) return;
      throw new GradcheckError(
        `Jacobian mismatch for output ${o} with respect to input ${i},\nnumerical:${numerical[i][o]}\n` +
          `analytical:${analytical[i]}\n`,
        { op, operands: { output: o, input: i } },
      );
    });
    const again = analyticalJacobians(output, inputs);
    inputs.forEach((_, i) => {
      if (again[i].isClose(analytical[i], 0, settings.nondetTol)) return;
      throw new GradcheckError(
        'backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different ' +
          `values, for output ${o} and input ${i}; the tolerance for nondeterminism was ${settings.nondetTol}`,
        { op },
      );
    });
  });
  checkLinear(op, outputs, inputs);
  if (settings.checkUndefinedGrad) checkUndefined(op, outputs, inputs);
}

function checkedInputs(op: string, args: readonly unknown[]): Tensor[] {
  const inputs: Tensor[] = [];
  args.forEach((arg, i) => {
    if (!isTensor(arg) || !arg.requiresGrad) return;
    if (arg.dtype !== 'float64') {
      throw new DTypeError(`input ${i} is ${arg.dtype}, but finite differences need float64; cast it with .double()`, {
        op,
        operands: { dtype: arg.dtype },
      });
    }
    if (arg.shape.some((n, d) => n > 1 && arg.strides[d] === 0)) {
      throw new ValueError(`input ${i} has a dimension with stride 0, whose elements cannot be moved one by one`, {
        op,
      });
    }
    inputs.push(arg);
  });
  if (inputs.length > 0) return inputs;
  throw new ValueError('expects at least one input tensor to require gradient, but none of them does', { op });
}

/** By output: central differences, one element of the input at a time. */
function numericalJacobians(
  op: string,
  evaluate: () => Tensor[],
  input: Tensor,
  outputs: readonly Tensor[],
  eps: number,
): Jacobian[] {
  const jacobians = outputs.map((output) => new Jacobian(input, output));
  let row = 0;
  const valuesAt = (at: number, value: number): ArrayLike<number>[] => {
    input.array[at] = value;
    return evaluate().map((output, o) => {
      if (!sameShape(output.shape, outputs[o].shape) || output.dtype !== outputs[o].dtype) {
        throw new GradcheckError(`output ${o} changes its shape or dtype when the input is moved by ${eps}`, { op });
      }
      return output.toTypedArray() as ArrayLike<number>;
    });
  };
  for (const at of offsets(input.shape, input.strides, input.offset)) {
    const value = input.array[at] as number;
    let below: ArrayLike<number>[];
    let above: ArrayLike<number>[];
    try {
      below = valuesAt(at, value - eps);
      above = valuesAt(at, value + eps);
    } finally {
      input.array[at] = value;
    }
    jacobians.forEach(({ values, columns }, o) => {
      for (let c = 0; c < columns; c++) values[row * columns + c] = (above[o][c] - below[o][c]) / (2 * eps);
    });
    row++;
  }
  return jacobians;
}

/** By input: one backward pass for each element of the output. */
function analyticalJacobians(output: Tensor, inputs: readonly Tensor[]): Jacobian[] {
  const jacobians = inputs.map((input) => new Jacobian(input, output));
  const count = output.numel();
  for (let c = 0; c < count; c++) {
    const start = zerosLike(output);
    start.array[c] = 1;
    const grads = grad(output, inputs, start, { retainGraph: true, allowUnused: true });
    jacobians.forEach(({ values, rows, columns }, i) => {
      const column = grads[i]?.toTypedArray();
      for (let r = 0; r < rows && column !== undefined; r++) values[r * columns + c] = column[r] as number;
    });
  }
  return jacobians;
}

/** A backward that forgets to multiply by the gradient of the output shows at zero. */
function checkLinear(op: string, outputs: readonly Tensor[], inputs: readonly Tensor[]): void {
  const zeros = outputs.map((output) => zerosLike(output));
  const grads = grad(outputs, inputs, zeros, { retainGraph: true, allowUnused: true });
  grads.forEach((entry, i) => {
    if (entry === null) return;
    if (entry.toTypedArray().every((value: number | bigint) => value === 0)) return;
    throw new GradcheckError(`backward not multiplied by grad_output, for input ${i}`, { op });
  });
}

/** To leave an output out must be the same as to give it a gradient of zero. */
function checkUndefined(op: string, outputs: readonly Tensor[], inputs: readonly Tensor[]): void {
  if (outputs.length < 2) return;
  const random = generator();
  const starts = outputs.map((output) => randomLike(output, random).detach());
  const options = { retainGraph: true, allowUnused: true } as const;
  outputs.forEach((output, o) => {
    const others = outputs.filter((other) => other !== output);
    if (others.length === 0) return;
    const left = grad(
      others,
      inputs,
      starts.filter((_, i) => outputs[i] !== output),
      options,
    );
    const zeroed = grad(
      outputs,
      inputs,
      starts.map((start, i) => (outputs[i] === output ? zerosLike(start) : start)),
      options,
    );
    inputs.forEach((input, i) => {
      const a = (left[i] ?? zerosLike(input)).toTypedArray();
      const b = (zeroed[i] ?? zerosLike(input)).toTypedArray();
      if (a.every((value: number | bigint, j: number) => Object.is(value, b[j]) || Number(value) === Number(b[j])))
        return;
      throw new GradcheckError(
        `expected backward function to handle undefined output grads as zeros, for output ${o} and input ${i}`,
        { op },
      );
    });
  });
}

/** Numbers in [0, 1) that leave the user's generator alone: mulberry32 from a fixed seed. */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomLike(output: Tensor, random: () => number): Tensor {
  const out = zerosLike(output);
  const array = out.array;
  for (let i = 0; i < array.length; i++) array[i] = random() * 2 - 1;
  return out.requiresGrad_();
}
