/**
 * Convolution backwards to its weights without a matrix product, for groups of few output channels (depthwise above
 * all) or of few input channels: each weight is the scalar product of the gradient with the image, shifted to the weight's
 * tap. Sums for up to five neighbouring taps of a pair of output channels, or of a single one, stay in registers while the
 * lines of an image go by.
 *
 *     for some oc of a group and some images (a task), each image: copy the group's planes with their padding
 *       for each pair of oc, c, ky, each run of kx:
 *         out[oc][c][ky][kx …] +=
 *           Σ over y, x of grad[oc][y][x] · image[c][y · strideH + ky · dilationH][x · strideW + kx · dilationW]
 *
 * Chunks of images have sums of their own, added up in order by a last launch. So threads read the images that they have written: with all
 * images in each task, half of every gradient would come from another core.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Value } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import { blockAt } from './blocks.ts';
import type { ConvShape } from './conv.ts';
import { sumChunksLaunch } from './conv-chunks.ts';
import { WINDOW, windowOf } from './conv-window.ts';
import type { Tiles } from './gemm-micro.ts';
import { loadFirst, multiplyAdd, repeat, scalarOf, sumLanes, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, partsFor, taskArgs } from './gemm-plan.ts';
import { emitCopyPadded, loadEverySecond, loadLanes } from './im2col.ts';

/**
 * Output channels, and runs of taps, whose sums are in registers together, and vectors of positions a step, each with sums of
 * its own: a pair shares what is loaded of the image, which costs more than the products do.
 */
const FORMS = [
  { rows: 2, taps: [5, 4, 3, 2, 1], vectors: 1 },
  { rows: 1, taps: [5, 4, 3, 2, 1], vectors: 2 },
] as const;
/** Output channels of a task at most, and of one of several at least: each copies the planes again. */
const TASK_ROWS = 8;
const LEAST_ROWS = 2;
/** Chunks of images, at most, and multiplications of one, at least. */
const MOST_CHUNKS = 8;
const CHUNK_PRODUCTS = 1 << 19;
/** Nanoseconds that a multiplication takes, about. */
const NS = 0.1;

interface WeightDirectPlan {
  readonly tiles: Tiles;
  readonly taskRows: number;
  /** Weights of all groups. */
  readonly weights: number;
  readonly chunks: number;
  readonly padLines: number;
  readonly padColumns: number;
  /** Bytes of the sums of all chunks, where there are several. */
  readonly sharedBytes: number;
  readonly scratchBytes: number;
}

/** By default for the threads that there are. They decide about the rows of a task alone, which changes no bit. */
export function weightDirectPlan(c: ConvShape, threads = executor().threads): WeightDirectPlan {
  const tiles = tilesFor(c.dtype, features());
  const padLines = (c.oh - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1;
  const padColumns = (c.ow - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const scratchBytes = align((c.cin / c.groups) * padLines * padColumns * tiles.element.bytes);
  const rows = c.cout / c.groups;
  const weights = c.cout * (c.cin / c.groups) * c.kh * c.kw;
  const chunks = Math.max(1, Math.min(MOST_CHUNKS, c.n, Math.floor((weights * c.n * c.oh * c.ow) / CHUNK_PRODUCTS)));
  const sharedBytes = chunks > 1 ? align(chunks * weights * tiles.element.bytes) : 0;
  const least = Math.ceil(rows / TASK_ROWS);
  // A multiplication-add of four lanes, and an element copied, take about as long.
  const rowWork = (c.kh * c.kw * c.oh * c.ow) / 4;
  const rowsOf = (parts: number): number => evenBlock(rows, Math.ceil(rows / parts), 2);
  const cost = (parts: number): number => rowWork * rowsOf(parts) + padLines * padColumns;
  const taskRows = rowsOf(partsFor(threads, c.groups * chunks, least, Math.ceil(rows / LEAST_ROWS), cost));
  return { tiles, taskRows, weights, chunks, padLines, padColumns, sharedBytes, scratchBytes };
}

/** The launches, one after the other; `sharedPtr` has `sharedBytes` bytes. */
export function weightDirectLaunches(
  c: ConvShape,
  pointers: { readonly x: number; readonly grad: number; readonly out: number },
  sharedPtr: number,
): Launch[] {
  const { tiles, taskRows, weights, chunks, padLines, padColumns, scratchBytes } = weightDirectPlan(c);
  const { dtype, bytes, type } = tiles.element;
  const rowTasks = Math.ceil(c.cout / c.groups / taskRows);
  // The kernel for a stride of 2 takes taps side by side.
  const stride = c.strideW === 1 || (c.strideW === 2 && c.dilationW === 1) ? c.strideW : 0;
  const args: TaskArgs<typeof WEIGHT_DIRECT> = {
    ...pointers,
    out: chunks > 1 ? sharedPtr : pointers.out,
    outChunk: weights * bytes,
    chunks,
    images: c.n,
    groups: c.groups,
    rows: c.cout / c.groups,
    taskRows,
    rowTasks,
    channels: c.cin / c.groups,
    ...windowOf(c),
    padLines,
    padColumns,
  };
  const main: Launch = {
    name: `${type}_conv_weight_direct_s${stride === 0 ? 'n' : stride}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: EMITTERS[dtype][stride],
    entry: 'weightDirect',
    args: taskArgs(WEIGHT_DIRECT, args),
    tasks: chunks * c.groups * rowTasks,
    ns: convNs(c, NS),
    scratchBytes,
  };
  return chunks === 1 ? [main] : [main, sumChunksLaunch(dtype, sharedPtr, pointers.out, chunks, weights)];
}

/** By stride along a line; 0 stands for any. */
const emittersFor = (dtype: FloatDType): readonly Emitter[] =>
  [0, 1, 2].map((stride) => (code, target) => emitWeightDirect(code, tilesFor(dtype, target), stride));

const EMITTERS = { float32: emittersFor('float32'), float64: emittersFor('float64') };

const DOTS = {
  lines: 'i32',
  columns: 'i32',
  grad: 'i32',
  /** From one output channel to the next, in bytes: of the gradient, and of the result. */
  gradPlane: 'i32',
  outRow: 'i32',
  image: 'i32',
  imageLine: 'i32',
  /** From one tap to the next, and from one position to the next, in bytes. */
  tapStep: 'i32',
  step: 'i32',
  out: 'i32',
} as const;

/**
 * dots_r_t(…): out[row][tap] += Σ over lines, columns of grad[row] · image shifted by the tap
 *
 * Lines go by in steps of so many vectors, then one, then element by element in the first lane.
 */
function emitDots(code: Assembler, tiles: Tiles, stride: number, rows: number, taps: number, vectors: number): Func {
  const { i32, v128 } = code;
  const { element, fma } = tiles;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  return code.func(`dots_${rows}_${taps}`, DOTS, [], (params) => {
    const { lines, columns, grad, gradPlane, outRow, image, imageLine, tapStep, step, out } = params;
    const acc = Array.from({ length: rows }, () => Array.from({ length: taps }, () => code.locals('v128', vectors)));
    const slopes = Array.from({ length: rows }, () => code.locals('v128', vectors));
    const pixel = code.local('v128');
    const [left, from, at] = code.locals('i32', 3);
    const grads = [grad, ...code.locals('i32', rows - 1)];
    const laneAt = code.locals('i32', lanes);
    const vectorStep = code.local('i32', code.scale(step, lanes));

    const load = (offset: number): Value<'v128'> => {
      if (stride === 1) return v128.load(at, 16 * offset);
      if (stride === 2) return loadEverySecond(code, element, at, 32 * offset);
      for (const [i, address] of laneAt.entries()) {
        if (i > 0) address.set(i32.add(laneAt[i - 1], step));
        else address.set(offset === 0 ? at.get() : i32.add(at, vectorStep));
      }
      loadLanes(code, element, pixel, laneAt);
      return pixel.get();
    };
    /** Adds the products of a tap with vector v of the gradients and `pixel`. */
    const multiply = (tap: number, v: number) => {
      for (const [row, sums] of acc.entries()) multiplyAdd(code, element, fma, sums[tap][v], slopes[row][v], pixel);
    };
    const [low, high] = code.locals('v128', 2);
    const apart = bytes === 4 ? code.i32x4 : code.i64x2;
    /** The products of two neighbouring taps, two apart from position to position: both from the same loads. */
    const multiplyPair = (tap: number, v: number) => {
      low.set(v128.load(at, 32 * v));
      high.set(v128.load(at, 32 * v + 16));
      for (const odd of [0, 1]) {
        const places = Array.from({ length: lanes }, (_, i) => 2 * i + odd);
        pixel.set(apart.shuffle(places as [number, number], low, high));
        multiply(tap + odd, v);
      }
    };
    /** Adds the products of all taps with `count` vectors; `one` is a single element of each. */
    const add = (count: number, one: boolean) => {
      for (const [row, p] of grads.entries()) {
        for (let v = 0; v < count; v++) slopes[row][v].set(one ? loadFirst(code, element, p) : v128.load(p, 16 * v));
      }
      at.set(from);
      for (let tap = 0; tap < taps; tap++) {
        if (tap > 0) code.increase(at, tapStep);
        const isPair = stride === 2 && !one && tap + 1 < taps;
        for (let v = 0; v < count; v++) {
          if (isPair) multiplyPair(tap, v);
          else {
            pixel.set(one ? loadFirst(code, element, at) : load(v));
            multiply(tap, v);
          }
        }
        if (isPair) {
          code.increase(at, tapStep);
          tap++;
        }
      }
    };
    for (const p of grads.slice(1)) p.set(i32.add(grad, gradPlane));
    repeat(code, lines, () => {
      left.set(columns);
      from.set(image);
      for (const count of new Set([vectors, 1])) {
        code.while(
          () => i32.ge_s(left, count * lanes),
          () => {
            add(count, false);
            code.decrease(left, count * lanes);
            for (const p of grads) code.increase(p, 16 * count);
            code.increase(from, i32.mul(vectorStep, count));
          },
        );
      }
      code.if(left, () => {
        repeat(code, left, () => {
          add(1, true);
          for (const p of grads) code.increase(p, bytes);
          code.increase(from, step);
        });
      });
      code.increase(image, imageLine);
    });
    const zero = code.local('v128', code.i32x4.const(0));
    for (const [row, sums] of acc.entries()) {
      if (row > 0) code.increase(out, outRow);
      for (const [tap, [low, high = zero]] of sums.entries()) {
        const before = scalar.load(out, tap * bytes);
        scalar.store(out, scalar.add(before, sumLanes(code, element, low, high)), tap * bytes);
      }
    }
  });
}

const WEIGHT_DIRECT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  outChunk: 'i32',
  chunks: 'i32',
  images: 'i32',
  groups: 'i32',
  rows: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
  channels: 'i32',
  ...WINDOW,
  padLines: 'i32',
  padColumns: 'i32',
} as const;

/** A task: what the images of a chunk add to the weights of some output channels of one group, in order. */
function emitWeightDirect(code: Assembler, tiles: Tiles, stride: number): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const forms = FORMS.map(({ rows, taps, vectors }) => ({
    rows,
    runs: taps.map((count) => ({ count, dots: emitDots(code, tiles, stride, rows, count, vectors) })),
  }));
  exportTasks(code, 'weightDirect', WEIGHT_DIRECT, (params) => {
    const { task, scratch, x, grad, out, outChunk, chunks, images, groups, rows, taskRows, rowTasks } = params;
    const { channels, h, w, oh, ow } = params;
    const { kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, padLines, padColumns } = params;
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const gradPlane = code.local('i32', code.scale(i32.mul(oh, ow), bytes));
    const padLine = code.local('i32', code.scale(padColumns, bytes));
    const padPlane = code.local('i32', i32.mul(padLine, padLines));
    const outRow = code.local('i32', code.scale(i32.mul(channels, i32.mul(kh, kw)), bytes));
    const [row, channel, ky, at, left, to, from, line, count] = code.locals('i32', 9);
    const first = code.local('i32', i32.mul(i32.rem_u(task, rowTasks), taskRows));
    task.set(i32.div_u(task, rowTasks));
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    code.increase(out, i32.mul(task, outChunk));
    count.set(i32.sub(rows, first));
    count.set(code.least(count, taskRows));
    const own = code.local('i32', i32.add(i32.mul(group, rows), first));
    code.increase(out, i32.mul(own, outRow));
    code.memory.fill(out, 0, i32.mul(count, outRow));
    const top = code.local('i32', i32.sub(0, padTop));
    const start = code.local('i32', i32.sub(0, padLeft));
    const imageLine = code.local('i32', i32.mul(strideH, padLine));
    const dilationLine = code.local('i32', i32.mul(dilationH, padLine));
    const tapStep = code.local('i32', code.scale(dilationW, bytes));
    const step = code.local('i32', code.scale(strideW, bytes));
    const xImage = code.local('i32', i32.mul(i32.mul(groups, channels), plane));
    const gradImage = code.local('i32', i32.mul(i32.mul(groups, rows), gradPlane));
    const [image, imagesHere] = blockAt(code, task, images, chunks);
    code.increase(x, i32.add(i32.mul(image, xImage), i32.mul(i32.mul(group, channels), plane)));
    code.increase(grad, i32.add(i32.mul(image, gradImage), i32.mul(own, gradPlane)));
    repeat(code, imagesHere, () => {
      code.call(copyPadded, channels, padLines, padColumns, x, plane, top, start, h, w, scratch, padPlane);
      from.set(grad);
      to.set(out);
      row.set(count);
      for (const { rows: height, runs } of forms) {
        code.while(
          () => i32.ge_u(row, height),
          () => {
            code.forRange(channel, 0, channels, 1, () => {
              line.set(i32.add(scratch, i32.mul(channel, padPlane)));
              code.forRange(ky, 0, kh, 1, () => {
                left.set(kw);
                at.set(line);
                for (const { count: taps, dots } of runs) {
                  code.while(
                    () => i32.ge_u(left, taps),
                    () => {
                      code.call(dots, oh, ow, from, gradPlane, outRow, at, imageLine, tapStep, step, to);
                      code.increase(at, i32.mul(tapStep, taps));
                      code.increase(to, taps * bytes);
                      code.decrease(left, taps);
                    },
                  );
                }
                code.increase(line, dilationLine);
              });
            });
            // `to` has gone through one row.
            code.increase(to, i32.mul(outRow, height - 1));
            code.increase(from, i32.mul(gradPlane, height));
            code.decrease(row, height);
          },
        );
      }
      code.increase(x, xImage);
      code.increase(grad, gradImage);
    });
  });
}
