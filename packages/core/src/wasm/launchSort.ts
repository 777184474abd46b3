/** Launches of sorts. */

import type { ComputeDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import { line } from '../reference/scan.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { emitSort, sortName, sortScratchBytes } from './kernels/sort.ts';
import { Staging } from './staging.ts';

/** Operands of fewer elements are sorted before a kernel would have been called for them. */
const MIN_SIZE = 256;
/** Lines of up to so many elements are sorted by insertion, and so are the first few of longer ones. */
const SHORT_LINE = 40;
const FEW = 64;
/** Operands outside the heap, and scratch space, up to this size; more is left to the reference loops. */
const MAX_STAGED_BYTES = 512 * 2 ** 20;
/** Nanoseconds that an element takes, about. */
const NS = 8;

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
  const dtype = a.dtype as ComputeDType;
  const [n, xStep] = line(a, dim);
  const [, step] = line(values, dim);
  const bytes = itemBytes(dtype);
  const staging = new Staging();
  const rest = (list: Shape): number[] => list.filter((_, d) => d !== dim);
  const lines = collapse(rest(a.shape), [rest(a.strides), rest(values.strides)]);
  if (lines.shape.length === 0) {
    lines.shape.push(1);
    for (const strides of lines.strides) strides.push(0);
  }
  // The kernel walks along the longest dimension, so that there is something to share.
  const longest = lines.shape.indexOf(Math.max(...lines.shape));
  for (const list of [lines.shape, ...lines.strides]) list.push(...list.splice(longest, 1));
  const inner = lines.shape.length - 1;
  const count = lines.shape[inner];
  const cuts = cutsOf([count], sizeOf(a.shape) * NS);
  // Every task has scratch space of its own, of whole cache lines.
  const scratchBytes = Math.ceil(sortScratchBytes(dtype, n) / 64) * 64;
  const scratch = staging.reserve(cuts.list.length * scratchBytes);
  const source = staging.addTensor(a);
  const [toValues, toIndices] = [staging.addTensor(values), staging.addTensor(indices)];
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const [xLine, line2] = lines.strides.map((strides) => strides[inner]);
  const few = n <= SHORT_LINE ? n : k * 8 <= n && k <= FEW ? k : 0;
  const [x, v, i] = [source, toValues, toIndices].map((part) => staging.pointer(part));
  const lineBytes = [xLine * bytes, line2 * bytes, line2 * 4];
  const stepBytes = [xStep * bytes, step * bytes, step * 4];
  walkOuter(lines.shape, lines.strides, [0, 0], ([from, to]) => {
    runCuts({ name: sortName(dtype), emit: emitSort(dtype) }, cuts, (run, [first, some], task) => {
      const starts = [x + from * bytes, v + to * bytes, i + to * 4].map((start, q) => start + first * lineBytes[q]);
      const flags = [some, n, k, few, descending ? 1 : 0];
      run(...flags, ...starts, ...lineBytes, ...stepBytes, staging.at(scratch) + task * scratchBytes);
    });
  });
  staging.write(toValues);
  staging.write(toIndices);
  return true;
}
