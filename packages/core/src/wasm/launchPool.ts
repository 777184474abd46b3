/** Launches of the pooling kernels. Each computes and returns true, or does nothing and returns false. */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import { sizeOf } from '../layout.ts';
import type { WindowPair, Windows } from '../reference/pool.ts';
import type { Tensor } from '../tensor.ts';
import type { Kernel } from './cuts.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { LaneStride } from './kernels/pool.ts';
import {
  avgPoolName,
  avgScatterName,
  emitAvgPool,
  emitAvgScatter,
  emitMaxPool,
  emitMaxScatter,
  lanesOf,
  maxPoolName,
  maxScatterName,
} from './kernels/pool.ts';
import { emitAvgPairs, emitMaxPairs, PAIRS_WIDTH } from './kernels/pool-pairs.ts';
import { rowMajor } from './rowMajor.ts';
import { Staging } from './staging.ts';

/** Images of fewer elements are done before a kernel would have been called. */
const MIN_SIZE = 1024;

/** Nanoseconds that an output takes, about: of a window of two by two; for each tap of any other; and that a gradient takes. */
const NS = { pairs: 1, tap: 0.5, scatter: 1 } as const;

/** Whether a kernel takes images of this dtype and size. */
function takes(image: Tensor): image is Tensor & { dtype: FloatDType } {
  const { dtype } = image;
  return (dtype === 'float32' || dtype === 'float64') && sizeOf(image.shape) >= MIN_SIZE && features().simd;
}

/** Output positions whose windows have equally many taps at a constant distance: the longest run of them. */
interface Regular {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
}

function regularRun({ start, end, step }: Windows, lanes: number): Regular {
  const taps = (o: number): number => Math.ceil((end[o] - start[o]) / step);
  let best: Regular = { from: 0, to: 0, stride: 1 };
  for (let from = 0; from + 1 < start.length; ) {
    const stride = start[from + 1] - start[from];
    let to = from + 1;
    while (to < start.length && start[to] - start[to - 1] === stride && taps(to) === taps(from)) to++;
    if (taps(from) > 0 && to - from > best.to - best.from) best = { from, to, stride };
    from = to;
  }
  return { ...best, to: best.from + Math.floor((best.to - best.from) / lanes) * lanes };
}

const laneStride = (stride: number): LaneStride => (stride === 1 ? '1' : stride === 2 ? '2' : 'any');

/** Tables of windows on their way into the heap. */
class Tables {
  private readonly windows: WindowPair;
  private readonly staging: Staging;
  private readonly places: readonly number[];
  private readonly counts: readonly Float64Array[];

  constructor(staging: Staging, windows: WindowPair, divisor: number | null) {
    this.staging = staging;
    this.windows = windows;
    const [rows, columns] = windows;
    // A divisor in place of the counts is a count of its own: all of it along the rows.
    this.counts =
      divisor === null
        ? [Float64Array.from(rows.count), Float64Array.from(columns.count)]
        : [new Float64Array(rows.count.length).fill(divisor), new Float64Array(columns.count.length).fill(1)];
    this.places = [...this.lists(), ...this.counts].map((list) => staging.reserve(list.byteLength));
  }

  private lists(): Int32Array[] {
    return this.windows.flatMap(({ start, end }) => [start, end]);
  }

  /** Writes the tables; the staging is open. Returns their addresses: starts and ends of rows and columns, then counts. */
  write(): number[] {
    const { buffer } = heap().memory;
    const pointers = this.places.map((place) => this.staging.at(place));
    this.lists().forEach((list, i) => {
      new Int32Array(buffer, pointers[i], list.length).set(list);
    });
    this.counts.forEach((list, i) => {
      new Float64Array(buffer, pointers[4 + i], list.length).set(list);
    });
    return pointers;
  }
}

/** Planes, and the bytes of one, of an image under `windows`. */
function planesOf(image: Tensor, [rows, columns]: WindowPair): [planes: number, planeBytes: number] {
  const size = rows.input * columns.input;
  return [sizeOf(image.shape) / size, size * itemBytes(image.dtype)];
}

/** Whether all windows are of two neighbours, one window after the other, so many that the kernels of pairs take them. */
function isPairs(dtype: FloatDType, [rows, columns]: WindowPair): boolean {
  const hasPairs = ({ start, end, step }: Windows): boolean =>
    step === 1 && start.every((from, o) => from === 2 * o && end[o] === from + 2);
  return dtype === 'float32' && columns.start.length >= PAIRS_WIDTH && hasPairs(columns) && hasPairs(rows);
}

/** values and indices = the largest entry of each window of `a`, as `maxWindows` of the reference */
export function launchMaxWindows(a: Tensor, values: Tensor, indices: Tensor, windows: WindowPair): boolean {
  if (!takes(a)) return false;
  const { dtype } = a;
  const [rows, columns] = windows;
  const [planes, planeBytes] = planesOf(a, windows);
  const staging = new Staging();
  const image = staging.addTensor(rowMajor(a));
  const [largest, places] = [staging.addTensor(values), staging.addTensor(indices)];
  if (isPairs(dtype, windows)) {
    staging.open(largest);
    const pointers = [image, largest, places].map((part) => staging.pointer(part));
    runPairs({ name: 'f32_maxpool_pairs', emit: emitMaxPairs }, planes, windows, pointers, []);
    staging.write(largest);
    staging.write(places);
    return true;
  }
  const { from, to, stride } = regularRun(columns, lanesOf(dtype));
  const form = laneStride(stride);
  const tables = new Tables(staging, windows, null);
  staging.open(largest);
  const [rowStart, rowEnd, columnStart, columnEnd] = tables.write();
  const [x, largestPtr, placesPtr] = [image, largest, places].map((part) => staging.pointer(part));
  const kernel = { name: maxPoolName(dtype, form), emit: emitMaxPool(dtype, form) };
  runCuts(kernel, cutsOf([planes, rows.start.length], nsOf(planes, windows)), (run, [plane, count, top, height]) => {
    const at = (plane * rows.start.length + top) * columns.start.length;
    run(
      ...[count, planeBytes, columns.input, height, columns.start.length],
      ...[rowStart + 4 * top, rowEnd + 4 * top, columnStart, columnEnd, rows.step, columns.step, from, to, stride],
      ...[x + plane * planeBytes, largestPtr + at * itemBytes(dtype), placesPtr + 4 * at],
    );
  });
  staging.write(largest);
  staging.write(places);
  return true;
}

/** What all outputs of a pooling take. */
function nsOf(planes: number, [rows, columns]: WindowPair): number {
  const taps = ({ start, end, step }: Windows): number => (start.length === 0 ? 0 : (end[0] - start[0]) / step + 1);
  return planes * rows.start.length * columns.start.length * taps(rows) * taps(columns) * NS.tap;
}

/** Runs a kernel of pairs, for planes or for rows of outputs: operands `[x, ...results]` of four bytes an element, and more arguments. */
function runPairs(
  kernel: Kernel,
  planes: number,
  [rows, columns]: WindowPair,
  [x, ...results]: readonly number[],
  more: readonly number[],
): void {
  const [height, width] = [rows.start.length, columns.start.length];
  runCuts(kernel, cutsOf([planes, height], planes * height * width * NS.pairs), (run, [plane, count, top, lines]) => {
    const input = 4 * plane * rows.input * columns.input;
    const output = 4 * (plane * height + top) * width;
    // A part of a plane ends where its rows do; from one plane to the next there may be a row that is left out.
    const inputRows = lines === height ? rows.input : 2 * lines;
    const pointers = [x + input, ...results.map((result) => result + output)];
    run(count, inputRows, columns.input, 2 * top * columns.input, ...pointers, ...more);
  });
}

/** out = average of each window of `a`, as `averageWindows` of the reference */
export function launchAverageWindows(a: Tensor, out: Tensor, windows: WindowPair, divisor: number | null): boolean {
  if (!takes(a)) return false;
  const { dtype } = a;
  const [rows, columns] = windows;
  const [planes, planeBytes] = planesOf(a, windows);
  const staging = new Staging();
  const image = staging.addTensor(rowMajor(a));
  const result = staging.addTensor(out);
  if (isPairs(dtype, windows)) {
    staging.open(result);
    const pointers = [staging.pointer(image), staging.pointer(result)];
    const by = divisor ?? rows.count[0] * columns.count[0];
    runPairs({ name: 'f32_avgpool_pairs', emit: emitAvgPairs }, planes, windows, pointers, [by]);
    staging.write(result);
    return true;
  }
  const { from, to, stride } = regularRun(columns, lanesOf(dtype));
  const form = laneStride(stride);
  const tables = new Tables(staging, windows, divisor);
  staging.open(result);
  const [rowStart, rowEnd, columnStart, columnEnd, rowCounts, columnCounts] = tables.write();
  const [x, outPtr] = [staging.pointer(image), staging.pointer(result)];
  const kernel = { name: avgPoolName(dtype, form), emit: emitAvgPool(dtype, form) };
  runCuts(kernel, cutsOf([planes, rows.start.length], nsOf(planes, windows)), (run, [plane, count, top, height]) => {
    const at = (plane * rows.start.length + top) * columns.start.length * itemBytes(dtype);
    run(
      ...[count, planeBytes, columns.input, height, columns.start.length],
      ...[rowStart + 4 * top, rowEnd + 4 * top, columnStart, columnEnd, rows.step, columns.step, from, to, stride],
      ...[x + plane * planeBytes, outPtr + at, rowCounts + 8 * top, columnCounts],
    );
  });
  staging.write(result);
  return true;
}

/** out (planes of `size` entries) = sum of `grad` over the outputs whose index names the entry */
export function launchMaxScatter(grad: Tensor, indices: Tensor, out: Tensor, size: number): boolean {
  if (!takes(out) || grad.dtype !== out.dtype || indices.dtype !== 'int32') return false;
  const { dtype } = out;
  const planes = sizeOf(out.shape) / size;
  const staging = new Staging();
  const [gradient, places] = [staging.addTensor(rowMajor(grad)), staging.addTensor(rowMajor(indices))];
  const result = staging.addTensor(out);
  staging.open(result);
  const [gPtr, placesPtr, outPtr] = [gradient, places, result].map((part) => staging.pointer(part));
  const outputs = sizeOf(grad.shape) / planes;
  const [bytes, planeBytes] = [itemBytes(dtype), size * itemBytes(dtype)];
  const kernel = { name: maxScatterName(dtype), emit: emitMaxScatter(dtype) };
  runCuts(kernel, cutsOf([planes], sizeOf(grad.shape) * NS.scatter), (run, [plane, count]) => {
    const at = plane * outputs;
    run(count, planeBytes, outputs, gPtr + at * bytes, placesPtr + 4 * at, outPtr + plane * planeBytes);
  });
  staging.write(result);
  return true;
}

/** out = gradient of `launchAverageWindows` */
export function launchAverageScatter(grad: Tensor, out: Tensor, windows: WindowPair, divisor: number | null): boolean {
  if (!takes(out) || grad.dtype !== out.dtype) return false;
  const { dtype } = out;
  const [rows, columns] = windows;
  const [planes, planeBytes] = planesOf(out, windows);
  const staging = new Staging();
  const tables = new Tables(staging, windows, divisor);
  const gradient = staging.addTensor(rowMajor(grad));
  const result = staging.addTensor(out);
  staging.open(result);
  const [rowStart, rowEnd, columnStart, columnEnd, rowCounts, columnCounts] = tables.write();
  const [gPtr, outPtr] = [staging.pointer(gradient), staging.pointer(result)];
  const [outHeight, outWidth] = [rows.start.length, columns.start.length];
  const kernel = { name: avgScatterName(dtype), emit: emitAvgScatter(dtype) };
  runCuts(kernel, cutsOf([planes], nsOf(planes, windows)), (run, [plane, count]) => {
    const at = plane * outHeight * outWidth * itemBytes(dtype);
    run(
      ...[count, planeBytes, columns.input, outHeight, outWidth],
      ...[rowStart, rowEnd, columnStart, columnEnd],
      ...[gPtr + at, outPtr + plane * planeBytes, rowCounts, columnCounts],
    );
  });
  staging.write(result);
  return true;
}
