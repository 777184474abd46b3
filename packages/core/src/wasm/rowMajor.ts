/** Operands of kernels that want their elements in row-major order. */

import { allocate } from '../base.ts';
import { isContiguous } from '../layout.ts';
import { copy } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { launchCopy } from './launchCopy.ts';

/** `self` in row-major order: itself, or a copy. */
export function rowMajor(self: Tensor): Tensor {
  if (isContiguous(self.shape, self.strides)) return self;
  const out = allocate(self.shape, self.dtype);
  if (!launchCopy(self, out)) copy(self, out);
  return out;
}
