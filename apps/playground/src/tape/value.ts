/** Tensors as plain data. */

import type { Tensor } from 'torsor';
import { noGrad } from 'torsor';
import type { Value } from './trace.ts';

const MAX_ROWS = 5;
const MAX_COLUMNS = 6;

/** What a tensor holds now; of a large one, the first rows and columns of its first matrix. */
export function valueOf(tensor: Tensor): Value {
  return noGrad(() => {
    const { shape } = tensor;
    const ndim = shape.length;
    let corner = tensor.detach();
    for (let d = 0; d < ndim; d++) {
      const most = d === ndim - 1 ? MAX_COLUMNS : d === ndim - 2 ? MAX_ROWS : 1;
      if (shape[d] > most) corner = corner.slice(d, 0, most);
    }
    const data = Array.from(corner.contiguous().toTypedArray() as ArrayLike<number>, Number);
    const columns = ndim === 0 ? 1 : corner.shape[ndim - 1];
    return {
      shape: [...shape],
      dtype: tensor.dtype,
      rows: columns === 0 ? 0 : data.length / columns,
      columns,
      data,
      isWhole: data.length === tensor.numel(),
    };
  });
}

/** A gradient summed over what was broadcast, so that it has the shape of what it is the gradient of. */
export function fitTo(gradient: Tensor, shape: readonly number[]): Tensor {
  let out = gradient;
  while (out.ndim > shape.length) out = out.sum(0);
  shape.forEach((n, d) => {
    if (n === 1 && out.shape[d] !== 1) out = out.sum(d, true);
  });
  return out;
}
