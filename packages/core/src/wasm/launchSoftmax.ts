/** Launches of the softmax kernels. Each computes and returns true, or does nothing and returns false. */

import { sizeOf } from '../layout.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import type { SoftmaxForm, SoftmaxGradient } from './kernels/softmax.ts';
import {
  emitSoftmaxBackwardColumns,
  emitSoftmaxBackwardRows,
  emitSoftmaxColumns,
  emitSoftmaxRows,
  SOFTMAX_BLOCK,
  SOFTMAX_STATE_BYTES,
  softmaxName,
} from './kernels/softmax.ts';
import type { Emitter } from './module.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 128;

/** Nanoseconds that an element takes, about: forward; backward. */
const NS = [1, 0.25] as const;
/** Columns are cut where cache lines end. */
const LINE = 256;
/** Bytes of what a task knows about its columns. */
const STATE_BYTES = SOFTMAX_BLOCK * SOFTMAX_STATE_BYTES;

/** The kernels of a function or a gradient, which take the same operands. */
interface Kernels {
  readonly name: Parameters<typeof softmaxName>[0];
  readonly rows: () => Emitter;
  readonly columns: () => Emitter;
}

/** Lines run along the dimensions from `first` to `last`. */
function launch(
  { name, rows, columns }: Kernels,
  operands: readonly Tensor[],
  first: number,
  last: number,
  out: Tensor,
): boolean {
  const { shape } = operands[0];
  if (sizeOf(shape) < MIN_SIZE || !features().simd) return false;
  for (const operand of operands) if (operand.dtype !== 'float32') return false;
  let [n, inner] = [1, 1];
  for (let d = first; d < shape.length; d++) {
    if (d <= last) n *= shape[d];
    else inner *= shape[d];
  }
  const outer = sizeOf(shape) / (n * inner);
  const staging = new Staging();
  const cuts = cutsOf([outer, inner], sizeOf(shape) * NS[operands.length - 1], [1, LINE]);
  const state = staging.reserve(inner === 1 ? 0 : cuts.list.length * STATE_BYTES);
  const sources = operands.map((operand) => staging.addTensor(rowMajor(operand)));
  const result = staging.addTensor(out);
  staging.open(result);
  const pointers = sources.map((part) => staging.pointer(part));
  const [outPtr, statePtr] = [staging.pointer(result), staging.at(state)];
  const perOuter = name === 'logsumexp' ? inner : n * inner;
  const isRows = inner === 1;
  const kernel = { name: softmaxName(name, isRows ? 'rows' : 'columns'), emit: isRows ? rows() : columns() };
  runCuts(kernel, cuts, (run, [o, count, j, width], task) => {
    const sizes = isRows ? [count, n] : [count, n, width, inner, SOFTMAX_BLOCK, statePtr + task * STATE_BYTES];
    const at = 4 * (o * n * inner + j);
    run(...sizes, ...pointers.map((pointer) => pointer + at), outPtr + 4 * (o * perOuter + j));
  });
  staging.write(result);
  return true;
}

function kernelsOf(form: SoftmaxForm): Kernels {
  return { name: form, rows: () => emitSoftmaxRows(form), columns: () => emitSoftmaxColumns(form) };
}

/** out = softmax of `a` along `dim`, or its logarithm */
export function launchSoftmax(form: SoftmaxGradient, a: Tensor, dim: number, out: Tensor): boolean {
  return launch(kernelsOf(form), [a], dim, dim, out);
}

/** out = log Σ e^x over neighbouring dimensions */
export function launchLogsumexp(a: Tensor, dims: readonly number[], out: Tensor): boolean {
  const [first] = dims;
  const last = dims[dims.length - 1];
  if (dims.length === 0 || last - first + 1 !== dims.length) return false;
  return launch(kernelsOf('logsumexp'), [a], first, last, out);
}

/** out = gradient of softmax, or of its logarithm, with the result `y` */
export function launchSoftmaxBackward(
  form: SoftmaxGradient,
  grad: Tensor,
  y: Tensor,
  dim: number,
  out: Tensor,
): boolean {
  const kernels = {
    name: `${form}Backward`,
    rows: () => emitSoftmaxBackwardRows(form),
    columns: () => emitSoftmaxBackwardColumns(form),
  } as const;
  return launch(kernels, [grad, y], dim, dim, out);
}
