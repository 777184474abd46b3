/** The examples that a model is run on: the one given, and others that differ from it where a model must not depend on it. */

import type { Tensor } from '@torsor/core';
import { arange, formatShape, sub, ValueError } from '@torsor/core';
import type { Dimension } from './runs.ts';

/** Dynamic axes of inputs and outputs, by their names: names of dimensions by number, or numbers alone. */
export type DynamicAxes = Readonly<Record<string, Readonly<Record<number, string>> | readonly number[]>>;

/** The name of each dynamic axis of a tensor, by number; PyTorch's name for those that are given none. */
export function axesOf(name: string, axes: DynamicAxes[string] | undefined, ndim: number): Map<number, string> {
  const list: [number, string][] = Array.isArray(axes)
    ? (axes as readonly number[]).map((axis, i) => [axis, `${name}_dynamic_axes_${i + 1}`])
    : Object.entries(axes ?? {}).map(([axis, label]) => [Number(axis), label as string]);
  return new Map(
    list.map(([axis, label]) => {
      if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim || typeof label !== 'string' || label === '') {
        throw new ValueError(
          `dynamicAxes of '${name}' must name dimensions by number, as { 0: 'batch' }, each below ${ndim}, but got ${axis}: ${label}`,
          { op: 'exportOnnx', operands: { name, axis, label } },
        );
      }
      return [axis < 0 ? axis + ndim : axis, label];
    }),
  );
}

/** Where each dynamic axis stands, and its size in the example, which is 2 at least: a size of 1 would broadcast. */
export function dimensionsOf(inputs: readonly Tensor[], axes: readonly Map<number, string>[]): Dimension[] {
  const found = new Map<string, Dimension>();
  for (const [input, map] of axes.entries()) {
    for (const [axis, name] of map) {
      const size = inputs[input].shape[axis];
      const known = found.get(name);
      if (known === undefined) found.set(name, { name, sizes: [Math.max(size, 2)], input, axis });
      const other = known === undefined ? size : inputs[known.input].shape[known.axis];
      if (other === size && size > 0) continue;
      throw new ValueError(
        `the dynamic axis '${name}' must have one size, and not 0, in all inputs, but dimension ${axis} of input ${input} of shape ` +
          `${formatShape(inputs[input].shape)} has ${size}${other === size ? '' : `, and another one ${other}`}`,
        { op: 'exportOnnx', operands: { name, size } },
      );
    }
  }
  return [...found.values()];
}

/** An input at other sizes of its dynamic axes: its entries again and again, as they are known to be valid. */
export function resized(x: Tensor, axes: ReadonlyMap<number, string>, sizes: ReadonlyMap<string, number>): Tensor {
  let out = x;
  for (const [axis, name] of axes) {
    const size = sizes.get(name) as number;
    if (size === out.shape[axis]) continue;
    out = out.indexSelect(axis, arange(size, { dtype: 'int32' }).remainder(out.shape[axis]));
  }
  return out;
}

/** Other values that are known to be valid: entries of the first one, the last ones twice. */
export function shuffled(x: Tensor): Tensor {
  const count = x.numel();
  if (count === 0) return x;
  const places = arange(count, { dtype: 'int32' }).div(2, { roundingMode: 'floor' });
  return x
    .flatten()
    .indexSelect(0, sub(count - 1, places))
    .view(x.shape);
}

/** Other sizes for a dynamic axis: the first that the model runs on is taken. Odd ones tell more: halves do not come out even. */
export const otherSizes = (size: number): number[] => [2 * size + 1, 2 * size, size + 1, size - 1].filter((n) => n > 1);
