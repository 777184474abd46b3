/** Launches of sorts. */

import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import { line } from '../reference/scan.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { emitSort, sortName, sortScratchBytes } from './kernels/sort.ts';
import type { KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are sorted before a kernel would have been called for them. */
const MIN_SIZE = 256;
/** Lines of up to so many elements are sorted by insertion, and so are the first few of longer ones. */
const SHORT_LINE = 40;
const FEW = 64;
/** Operands outside the heap, and scratch space, up to this size; more is left to the reference loops. */
const MAX_STAGED_BYTES = 512 * 2 ** 20;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/** `sort` of `reference/sort.ts` by a kernel; false, and nothing done, where none takes the operands. */
export function launchSort(
  a: Tensor,
  dim: number,
  descending: boolean,
  k: number,
  values: Tensor,
  indices: Tensor,
): boolean {
  if (sizeOf(a.shape) < MIN_SIZE || !features().simd) return false;
  const { dtype } = a;
  const [n, xStep] = line(a, dim);
  const [, step] = line(values, dim);
  const bytes = itemBytes(dtype);
  const staging = new Staging();
  const scratch = staging.reserve(sortScratchBytes(dtype, n));
  const source = staging.addTensor(a);
  const [toValues, toIndices] = [staging.addTensor(values), staging.addTensor(indices)];
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const rest = (list: Shape): number[] => list.filter((_, d) => d !== dim);
  const lines = collapse(rest(a.shape), [rest(a.strides), rest(values.strides)]);
  if (lines.shape.length === 0) {
    lines.shape.push(1);
    for (const strides of lines.strides) strides.push(0);
  }
  const inner = lines.shape.length - 1;
  const [xLine, line2] = lines.strides.map((strides) => strides[inner]);
  const few = n <= SHORT_LINE ? n : k * 8 <= n && k <= FEW ? k : 0;
  const { run } = kernel<Run>(sortName(dtype), emitSort(dtype), heap().memory);
  const [x, v, i] = [source, toValues, toIndices].map((part) => staging.pointer(part));
  walkOuter(lines.shape, lines.strides, [0, 0], ([from, to]) => {
    const starts = [x + from * bytes, v + to * bytes, i + to * 4];
    const lineBytes = [xLine * bytes, line2 * bytes, line2 * 4];
    const stepBytes = [xStep * bytes, step * bytes, step * 4];
    const flags = [lines.shape[inner], n, k, few, descending ? 1 : 0];
    run(...flags, ...starts, ...lineBytes, ...stepBytes, staging.at(scratch));
  });
  staging.write(toValues);
  staging.write(toIndices);
  return true;
}
