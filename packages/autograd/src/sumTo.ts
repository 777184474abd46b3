/** The transpose of broadcasting. */

import type { Shape, Tensor } from '@torsor/core';
import { sum, view } from '@torsor/core';

/**
 * `tensor` summed to `shape`: over leading dimensions that `shape` does not have, and over those where it has size 1.
 *
 * @returns null when `shape` does not broadcast to that of `tensor`
 */
export function sumTo(tensor: Tensor, shape: Shape): Tensor | null {
  const lead = tensor.ndim - shape.length;
  if (lead < 0) return null;
  const dims: number[] = [];
  for (let d = 0; d < tensor.ndim; d++) {
    const n = tensor.shape[d];
    if (d < lead) dims.push(d);
    else if (shape[d - lead] !== n) {
      if (shape[d - lead] !== 1) return null;
      dims.push(d);
    }
  }
  if (dims.length === 0) return tensor;
  // Where only leading dimensions go, the sum has the shape already, and no view needs to be taken.
  if (dims.length === lead) return sum(tensor, dims);
  const summed = sum(tensor, dims, true);
  return lead === 0 ? summed : view(summed, shape);
}
