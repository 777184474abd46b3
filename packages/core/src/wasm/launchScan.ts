/** Launches of running sums and products. */

import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { collapse, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import { line } from '../reference/scan.ts';
import type { Tensor } from '../tensor.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import type { ScanName } from './kernels/scan.ts';
import { emitScan, scanName } from './kernels/scan.ts';

/** Operands of fewer elements are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
/** Nanoseconds that an element takes, about. */
const NS = 0.8;
/** Lines that a kernel takes together. */
const TOGETHER = 16;

/** `cumsum` or `cumprod` of `reference/scan.ts` by a kernel; false, and nothing done, where none takes the operands. */
export function launchScan(name: ScanName, a: Tensor, dim: number, out: Tensor): boolean {
  const { dtype } = a;
  if ((dtype !== 'float32' && dtype !== 'float64') || out.dtype !== dtype || !features().simd) return false;
  if (sizeOf(a.shape) < MIN_SIZE || !a.storage.enterHeap() || !out.storage.enterHeap()) return false;
  const rest = (list: Shape): number[] => list.filter((_, d) => d !== dim);
  const lines = collapse(rest(a.shape), [rest(a.strides), rest(out.strides)]);
  if (lines.shape.length === 0) {
    lines.shape.push(1);
    for (const strides of lines.strides) strides.push(0);
  }
  const inner = lines.shape.length - 1;
  const bytes = itemBytes(dtype);
  const [n, xStep] = line(a, dim);
  const [, outStep] = line(out, dim);
  const [xLine, outLine] = lines.strides.map((strides) => strides[inner]);
  const strides = [xLine, outLine, xStep, outStep].map((stride) => stride * bytes);
  const [x, y] = [a, out].map(({ storage, offset }) => storage.pointer + offset * bytes);
  const count = sizeOf(lines.shape) / lines.shape[inner];
  const cuts = cutsOf([lines.shape[inner]], sizeOf(a.shape) * NS, [TOGETHER], count);
  runCuts({ name: scanName(name, dtype), emit: emitScan(name, dtype) }, cuts, (run, [first, some]) => {
    walkOuter(lines.shape, lines.strides, [first * xLine, first * outLine], ([from, to]) => {
      run(some, n, x + from * bytes, y + to * bytes, ...strides);
    });
  });
  return true;
}
