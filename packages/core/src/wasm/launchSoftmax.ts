/** Launches of the softmax kernels. */

import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { SoftmaxForm } from './kernels/softmax.ts';
import { emitSoftmaxColumns, emitSoftmaxRows, SOFTMAX_LANES, softmaxName } from './kernels/softmax.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 1024;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/** out = softmax of `a` along `dim`, or its logarithm, by a kernel; false, and nothing done, where none takes it. */
export function launchSoftmax(form: SoftmaxForm, a: Tensor, dim: number, out: Tensor): boolean {
  const { shape } = a;
  if (a.dtype !== 'float32' || sizeOf(shape) < MIN_SIZE || !features().simd) return false;
  const n = shape[dim];
  const outer = sizeOf(shape.slice(0, dim));
  const inner = sizeOf(shape.slice(dim + 1));
  if (inner === 1 ? n < SOFTMAX_LANES : inner < SOFTMAX_LANES) return false;
  const staging = new Staging();
  const source = staging.addTensor(rowMajor(a));
  const result = staging.addTensor(out);
  staging.open(result);
  const pointers = [staging.pointer(source), staging.pointer(result)];
  if (inner === 1) {
    const { run } = kernel<Run>(softmaxName(form, 'rows'), emitSoftmaxRows(form), heap().memory);
    run(outer, n, ...pointers);
  } else {
    const { run } = kernel<Run>(softmaxName(form, 'columns'), emitSoftmaxColumns(form), heap().memory);
    run(outer, n, inner, ...pointers);
  }
  staging.write(result);
  return true;
}
