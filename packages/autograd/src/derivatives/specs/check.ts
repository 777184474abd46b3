/** The checks that follow from a spec. */

import type { GradFn, OpName, Tensor } from '@torsor/core';
import { formatShape, fromTypedArray, sameShape, zeros } from '@torsor/core';
import { grad } from '../../grad.ts';
import { OpNode } from '../../tape.ts';
import type { Sample, Tolerance } from './spec.ts';
import { outputsOf } from './spec.ts';

/** Copies of the inputs as leaves, under a layout and in a dtype of choice. */
export function leaves(sample: Sample, layout: (x: Tensor) => Tensor = (x) => x.clone()): Tensor[] {
  return sample.inputs.map((x) => layout(x).requiresGrad_());
}

/** Whether the op is among the nodes behind the outputs, or may be inside one that stands for a write through a view. */
export function records(op: OpName, outputs: readonly Tensor[]): boolean {
  const seen = new Set<GradFn>();
  const reach = (node: GradFn | null): boolean => {
    if (node === null || seen.has(node)) return false;
    seen.add(node);
    const isIt = node instanceof OpNode ? node.op === op : node.name === 'CopySlices';
    return isIt || node.nextFunctions.some(([next]) => reach(next));
  };
  return outputs.some((output) => reach(output.gradFn));
}

/** A gradient for each output that takes one: irregular numbers. */
export function starts(outputs: readonly Tensor[]): Tensor[] {
  return outputs.map((output, o) => {
    const values = Float64Array.from({ length: output.numel() }, (_, i) => ((i * 7 + o * 3 + 2) % 11) / 4 - 1);
    return fromTypedArray(values, output.shape).to(output.dtype);
  });
}

/** The gradients of a call by its inputs, all of them wanted; null where the op has none. */
export function gradients(
  sample: Sample,
  inputs: readonly Tensor[],
  wanted: readonly Tensor[] = inputs,
): (Tensor | null)[] {
  const outputs = outputsOf(sample.run(...inputs)).filter((output) => output.requiresGrad);
  if (outputs.length === 0) return wanted.map(() => null);
  return grad(outputs, wanted, starts(outputs), { allowUnused: true });
}

/** Throws unless a gradient has the dtype and the shape of `x`. */
export function fits(gradient: Tensor | null, x: Tensor, label: string): void {
  if (gradient === null) return;
  if (gradient.dtype !== x.dtype) throw new Error(`${label}: dtype ${gradient.dtype} instead of ${x.dtype}`);
  if (sameShape(gradient.shape, x.shape)) return;
  throw new Error(`${label}: shape ${formatShape(gradient.shape)} instead of ${formatShape(x.shape)}`);
}

/** Throws unless two tensors have one shape and dtype, and agree; NaN agrees with NaN. */
export function close(
  actual: Tensor | null,
  expected: Tensor | null,
  tolerance: Omit<Tolerance, 'because'>,
  label: string,
): void {
  if (actual === null || expected === null) {
    if (actual !== expected) throw new Error(`${label}: one gradient is missing`);
    return;
  }
  fits(actual, expected, label);
  const want = expected.toTypedArray() as ArrayLike<number>;
  const got = actual.toTypedArray() as ArrayLike<number>;
  for (let i = 0; i < want.length; i++) {
    if (Object.is(got[i], want[i])) continue;
    const error = Math.abs(got[i] - want[i]);
    if (error <= tolerance.absolute + tolerance.relative * Math.abs(want[i])) continue;
    throw new Error(`${label}: element ${i} is ${got[i]}, expected ${want[i]}`);
  }
}

/** Layouts of the same values that are not row-major without gaps; null where a tensor has no such layout. */
export const LAYOUTS: Readonly<Record<string, (x: Tensor) => Tensor | null>> = {
  transposed: (x) => (x.ndim < 2 ? null : x.transpose(0, -1).contiguous().transpose(0, -1)),
  stepped: (x) => {
    if (x.ndim === 0) return null;
    const wide = zeros([...x.shape.slice(0, -1), 2 * x.shape[x.ndim - 1] + 1], { dtype: x.dtype });
    return wide.slice(-1, 1, null, 2).copy_(x);
  },
};
