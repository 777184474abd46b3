/**
 * Convolution backwards to its weights:
 *
 *     out[oc][c][ky][kx] = Σ grad[n][oc][y][x] · input[n][c][y · strideH − padTop + ky · dilationH][x · strideW − …]
 *
 * For each group a matrix product whose inner dimension is all output positions of all images: A is the gradient as it
 * lies in memory, B's columns are the taps (c, ky, kx). For one tap, consecutive positions of a line lie a stride apart
 * in the image: so packing B is packing rows, one from where each tap begins. Where the convolution pads, the lines
 * that a block needs are first copied with their padding.
 *
 * The blocks of positions follow from the shape alone. Where there are few weights to share out, positions are cut into
 * a fixed number of chunks, whose partial results are added in order: more tasks, and again the same bits with any
 * number of threads.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { sumChunksLaunch } from './conv-chunks.ts';
import { convKernel } from './conv-path.ts';
import type { ConvMemory } from './conv-run.ts';
import { weightDirectLaunches, weightDirectPlan } from './conv-weight-direct.ts';
import { WINDOW, windowOf } from './conv-window.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitMacro, FROM_C, FROM_ZERO, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import { emitCopyPadded, emitPackTaps } from './im2col.ts';
import { winogradWeightLaunches, winogradWeightPlan } from './winograd-weight.ts';

/** The shape is that of the forward convolution; all tensors are contiguous; pointers in bytes. */
export interface ConvBackwardWeight extends ConvShape {
  /** [n, cout, oh, ow] */
  readonly gradPtr: number;
  /** [n, cin, h, w] */
  readonly xPtr: number;
  /** [cout, cin/groups, kh, kw] */
  readonly outPtr: number;
}

/** Positions in a block, about, as k in gemm.ts. */
const BLOCK_POSITION_BYTES = 384 * 4;
/** Output channels and taps in a task. */
const TASK_ROWS = 240;
const TASK_TAPS = 240;
/** Chunks of positions, when there are fewer tasks than this; a chunk has at least CHUNK_PRODUCTS. */
const FEW_TASKS = 8;
const CHUNK_PRODUCTS = 1 << 21;
/** Nanoseconds that a multiplication takes, about. */
const NS = 0.05;

/** How the work is cut; all of it follows from the shape. */
interface WeightPlan {
  readonly tiles: Tiles;
  readonly rows: number;
  readonly channels: number;
  readonly k: number;
  readonly taskRows: number;
  readonly taskTaps: number;
  readonly rowTasks: number;
  readonly tapTasks: number;
  /** A block: lines of all images, one after the other, and columns of a line. */
  readonly lineBlock: number;
  readonly columnBlock: number;
  readonly blocks: number;
  /** Chunks have as many blocks as each other, or one more. */
  readonly chunks: number;
  /** What of an image a block needs, with its padding; 0 where nothing is padded. */
  readonly padLines: number;
  readonly padColumns: number;
  readonly sharedBytes: number;
  readonly tableAt: number;
  readonly padAt: number;
  readonly aAt: number;
  readonly bAt: number;
  readonly scratchBytes: number;
}

function weightPlan(c: ConvShape): WeightPlan {
  const tiles = tilesFor(c.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const rows = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const taps = c.kh * c.kw;
  const k = channels * taps;
  const taskRows = evenBlock(rows, TASK_ROWS, 12);
  const taskTaps = evenBlock(k, TASK_TAPS, width);
  const rowTasks = Math.ceil(rows / taskRows);
  const tapTasks = Math.ceil(k / taskTaps);

  const most = BLOCK_POSITION_BYTES / bytes;
  const lines = c.n * c.oh;
  const columnBlock = c.ow > most ? evenBlock(c.ow, most, 4) : c.ow;
  const lineBlock = c.ow > most ? 1 : evenBlock(lines, Math.max(1, Math.floor(most / Math.max(c.ow, 1))), 1);
  const blocks = columnBlock === 0 ? 0 : Math.ceil(lines / lineBlock) * Math.ceil(c.ow / columnBlock);
  const tasks = c.groups * rowTasks * tapTasks;
  const chunkProducts = Math.max(1, Math.ceil(CHUNK_PRODUCTS / Math.max(rows * k * lineBlock * columnBlock, 1)));
  const wantedChunks = tasks >= FEW_TASKS ? 1 : Math.min(FEW_TASKS, Math.ceil(blocks / chunkProducts));
  const chunks = Math.min(blocks, wantedChunks);

  const fits = (size: number, out: number, kernel: number, stride: number, pad: number, dilation: number) =>
    pad === 0 && (out - 1) * stride + (kernel - 1) * dilation < size;
  const isInside =
    fits(c.h, c.oh, c.kh, c.strideH, c.padTop, c.dilationH) && fits(c.w, c.ow, c.kw, c.strideW, c.padLeft, c.dilationW);
  const padLines = isInside ? 0 : (Math.min(lineBlock, c.oh) - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1;
  const padColumns = isInside ? 0 : (columnBlock - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const touched = Math.min(channels, Math.floor((taskTaps - 2) / taps) + 2);

  const steps = lineBlock * columnBlock;
  const tableAt = align(height * width * bytes + width * bytes);
  const padAt = align(tableAt + taskTaps * 4);
  const aAt = align(padAt + touched * padLines * padColumns * bytes);
  const bAt = align(
    aAt + Math.max(paddedRows(tiles, taskRows), paddedRows(tiles, Math.min(rows, taskRows))) * steps * bytes,
  );
  return {
    tiles,
    rows,
    channels,
    k,
    taskRows,
    taskTaps,
    rowTasks,
    tapTasks,
    lineBlock,
    columnBlock,
    blocks,
    chunks,
    padLines,
    padColumns,
    sharedBytes: chunks > 1 ? align(chunks * c.cout * k * bytes) : 0,
    tableAt,
    padAt,
    aAt,
    bAt,
    scratchBytes: align(bAt + taskTaps * steps * bytes),
  };
}

/** What a shape needs: the memory that its launches share, which is for partial results of chunks, and that of each thread. */
export function convBackwardWeightMemory(shape: ConvShape): ConvMemory {
  const kernel = convKernel(shape, 'weight');
  if (kernel === 'direct') return weightDirectPlan(shape);
  return kernel === 'winograd' ? winogradWeightPlan(shape) : weightPlan(shape);
}

/** The launches, one after the other; `sharedPtr` has the bytes that they share. */
export function convBackwardWeightLaunches(c: ConvBackwardWeight, sharedPtr: number): Launch[] {
  const kernel = convKernel(c, 'weight');
  const pointers = { x: c.xPtr, grad: c.gradPtr, out: c.outPtr };
  if (kernel === 'direct') return weightDirectLaunches(c, pointers, sharedPtr);
  if (kernel === 'winograd') return winogradWeightLaunches(c, pointers, sharedPtr);
  const plan = weightPlan(c);
  const { tiles, chunks } = plan;
  const { bytes } = tiles.element;
  const count = c.cout * plan.k;
  if (count === 0) return [];
  const module = { name: tiles.name.replace('gemm', 'convWeight'), emit: EMITTERS[tiles.element.dtype] };
  const isPadded = plan.padLines > 0;
  const args: TaskArgs<typeof CONV_WEIGHT> = {
    x: c.xPtr,
    grad: c.gradPtr,
    out: chunks > 1 ? sharedPtr : c.outPtr,
    outChunk: count * bytes,
    groups: c.groups,
    rows: plan.rows,
    channels: plan.channels,
    taskRows: plan.taskRows,
    taskTaps: plan.taskTaps,
    rowTasks: plan.rowTasks,
    tapTasks: plan.tapTasks,
    lineBlock: plan.lineBlock,
    columnBlock: plan.columnBlock,
    columnBlocks: Math.ceil(c.ow / Math.max(plan.columnBlock, 1)),
    blocks: plan.blocks,
    chunks,
    lines: c.n * c.oh,
    ...windowOf(c),
    isPadded: isPadded ? 1 : 0,
    lineBytes: (isPadded ? plan.padColumns : c.w) * bytes,
    planeBytes: (isPadded ? plan.padLines * plan.padColumns : c.h * c.w) * bytes,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    aAt: plan.aAt,
    bAt: plan.bAt,
  };
  const main: Launch = {
    ...module,
    entry: 'convWeight',
    args: taskArgs(CONV_WEIGHT, args),
    tasks: c.groups * plan.rowTasks * plan.tapTasks * chunks,
    ns: convNs(c, NS),
    scratchBytes: plan.scratchBytes,
  };
  return chunks === 1 ? [main] : [main, sumChunksLaunch(c.dtype, sharedPtr, c.outPtr, chunks, count)];
}

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code, target) => {
    const tiles = tilesFor(dtype, target);
    const macro = emitMacro(code, tiles);
    emitConvWeight(code, tiles, macro);
  };

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };

/** The functions that pack lines of the image. */
interface LineFuncs {
  readonly copyPadded: Func;
  readonly packTaps: Func;
}

const CONV_WEIGHT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  outChunk: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  taskRows: 'i32',
  taskTaps: 'i32',
  rowTasks: 'i32',
  tapTasks: 'i32',
  lineBlock: 'i32',
  columnBlock: 'i32',
  columnBlocks: 'i32',
  blocks: 'i32',
  chunks: 'i32',
  lines: 'i32',
  ...WINDOW,
  isPadded: 'i32',
  lineBytes: 'i32',
  planeBytes: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  aAt: 'i32',
  bAt: 'i32',
} as const;

type Params = { readonly [K in keyof typeof CONV_WEIGHT]: Local<'i32'> };

/** Where each tap of a task begins, relative to the first channel that the task touches. */
function emitTapTable(
  code: Assembler,
  tiles: Tiles,
  params: Params,
  table: Local<'i32'>,
  first: Local<'i32'>,
  count: Local<'i32'>,
): Local<'i32'> {
  const { i32 } = code;
  const { kh, kw, planeBytes, lineBytes, dilationH, dilationW } = params;
  const area = code.local('i32', i32.mul(kh, kw));
  const channel = code.local('i32', i32.div_u(first, area));
  const [i, tap, place] = code.locals('i32', 3);
  const last = code.local('i32', i32.sub(i32.add(first, count), 1));
  const padded = code.local('i32', i32.and(i32.add(count, tiles.widths[0] - 1), -tiles.element.lanes));
  code.forRange(i, 0, padded, 1, () => {
    // The last panel repeats the last tap.
    tap.set(i32.add(first, i));
    tap.set(code.least(tap, last));
    place.set(i32.mul(i32.sub(i32.div_u(tap, area), channel), planeBytes));
    tap.set(i32.rem_u(tap, area));
    code.increase(place, i32.mul(i32.mul(i32.div_u(tap, kw), dilationH), lineBytes));
    code.increase(place, code.scale(i32.mul(i32.rem_u(tap, kw), dilationW), tiles.element.bytes));
    i32.store(code.index(table, i, 4), place);
  });
  return channel;
}

/**
 * A task: a rectangle (output channels × taps) of one group, over the blocks of one chunk.
 *
 *     for each block of lines and columns:
 *       for each part of it that lies in one image: (copy its lines with their padding;) pack taps; pack the gradient
 *       multiply, starting from zero in the first block of the chunk, from out in the others
 */
function emitConvWeight(code: Assembler, tiles: Tiles, macro: MacroFuncs): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const columnsFunc = emitColumns(code, tiles, macro);
  const funcs: LineFuncs = {
    copyPadded: emitCopyPadded(code, tiles.element),
    packTaps: emitPackTaps(code, tiles, macro),
  };
  exportTasks(code, 'convWeight', CONV_WEIGHT, (params) => {
    const { task, scratch, x, grad, out, outChunk, groups, rows, channels, taskRows, taskTaps, rowTasks } = params;
    const { tapTasks, lineBlock, columnBlock, columnBlocks, blocks, chunks, lines, oh, ow } = params;
    const local = () => code.local('i32');
    const [rowStart, tapStart, rowCount, tapCount, group, block, blockEnd] = Array.from({ length: 7 }, local);
    const [line, lineEnd, column, columnCount, steps, done, part, from, image, y] = Array.from({ length: 10 }, local);
    const k = code.local('i32', i32.mul(i32.mul(channels, params.kh), params.kw));
    const next = (count: Local<'i32'>) => {
      const index = code.local('i32', i32.rem_u(task, count));
      task.set(i32.div_u(task, count));
      return index;
    };
    tapStart.set(i32.mul(next(tapTasks), taskTaps));
    tapCount.set(i32.sub(k, tapStart));
    tapCount.set(code.least(tapCount, taskTaps));
    rowStart.set(i32.mul(next(rowTasks), taskRows));
    rowCount.set(i32.sub(rows, rowStart));
    rowCount.set(code.least(rowCount, taskRows));
    group.set(next(groups));
    block.set(i32.div_u(i32.mul(task, blocks), chunks));
    blockEnd.set(i32.div_u(i32.mul(i32.add(task, i32.const(1)), blocks), chunks));

    const at = (offset: Local<'i32'>) => code.local('i32', i32.add(scratch, offset));
    const table = at(params.tableAt);
    const packedA = at(params.aAt);
    const packedB = at(params.bAt);
    const zeros = code.local('i32', i32.add(scratch, tiles.heights[0] * width * bytes));
    code.memory.fill(zeros, 0, width * bytes);
    const channel = emitTapTable(code, tiles, params, table, tapStart, tapCount);
    const cRow = code.local('i32', code.scale(k, bytes));
    const c = code.local('i32', i32.add(out, i32.mul(task, outChunk)));
    const outRow = i32.add(i32.mul(group, rows), rowStart);
    code.increase(c, code.scale(i32.add(i32.mul(outRow, k), tapStart), bytes));
    const positions = code.local('i32', i32.mul(oh, ow));
    from.set(FROM_ZERO);
    code.whileLess(block, blockEnd, () => {
      line.set(i32.mul(i32.div_u(block, columnBlocks), lineBlock));
      lineEnd.set(i32.add(line, lineBlock));
      lineEnd.set(code.least(lineEnd, lines));
      column.set(i32.mul(i32.rem_u(block, columnBlocks), columnBlock));
      columnCount.set(i32.sub(ow, column));
      columnCount.set(code.least(columnCount, columnBlock));
      steps.set(i32.mul(i32.sub(lineEnd, line), columnCount));
      done.set(0);
      code.whileLess(line, lineEnd, () => {
        image.set(i32.div_u(line, oh));
        y.set(i32.rem_u(line, oh));
        part.set(i32.sub(oh, y));
        const rest = code.local('i32', i32.sub(lineEnd, line));
        part.set(code.least(part, rest));
        const plane = code.local('i32', i32.add(i32.mul(i32.add(i32.mul(image, groups), group), channels), channel));
        emitPackPart(code, tiles, params, funcs, {
          plane,
          y,
          part,
          column,
          columnCount,
          tapStart,
          tapCount,
          channel,
          x,
          table,
          packedB,
          steps,
          done,
        });
        const gradRow = i32.add(i32.mul(i32.add(i32.mul(image, groups), group), rows), rowStart);
        const place = i32.add(i32.mul(gradRow, positions), i32.add(i32.mul(y, ow), column));
        const a = code.local('i32', code.index(grad, place, bytes));
        const size = code.local('i32', i32.mul(part, columnCount));
        code.call(macro.packA, rowCount, size, a, code.scale(positions, bytes), bytes, packedA, steps, done);
        code.increase(done, size);
        code.increase(line, part);
      });
      const step = i32.mul(steps, width * bytes);
      code.call(columnsFunc, tapCount, rowCount, steps, packedA, packedB, 0, step, c, cRow, from, zeros, scratch);
      from.set(FROM_C);
      code.increase(block, 1);
    });
  });
}

/** The part of a block that lies in one image. */
interface Part {
  /** The plane of the first channel that the task touches, in this image. */
  readonly plane: Local<'i32'>;
  readonly y: Local<'i32'>;
  readonly part: Local<'i32'>;
  readonly column: Local<'i32'>;
  readonly columnCount: Local<'i32'>;
  readonly tapStart: Local<'i32'>;
  readonly tapCount: Local<'i32'>;
  readonly channel: Local<'i32'>;
  readonly x: Local<'i32'>;
  readonly table: Local<'i32'>;
  readonly packedB: Local<'i32'>;
  readonly steps: Local<'i32'>;
  readonly done: Local<'i32'>;
}

function emitPackPart(
  code: Assembler,
  tiles: Tiles,
  params: Params,
  { copyPadded, packTaps }: LineFuncs,
  p: Part,
): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const { scratch, h, w, kh, kw, strideH, strideW, padTop, padLeft, dilationH } = params;
  const { isPadded, lineBytes, planeBytes, padAt } = params;
  const base = code.local('i32');
  const source = code.local('i32', i32.add(p.x, code.scale(i32.mul(p.plane, i32.mul(h, w)), bytes)));
  const top = code.local('i32', i32.sub(i32.mul(p.y, strideH), padTop));
  const left = code.local('i32', i32.sub(i32.mul(p.column, strideW), padLeft));
  code.if(
    isPadded,
    () => {
      base.set(i32.add(scratch, padAt));
      const area = code.local('i32', i32.mul(kh, kw));
      const last = i32.div_u(i32.sub(i32.add(p.tapStart, p.tapCount), 1), area);
      const touched = code.local('i32', i32.add(i32.sub(last, p.channel), 1));
      const reach = (count: Local<'i32'>, stride: Local<'i32'>, kernel: Local<'i32'>, dilation: Local<'i32'>) =>
        i32.add(i32.add(i32.mul(i32.sub(count, 1), stride), i32.mul(i32.sub(kernel, 1), dilation)), 1);
      const lines = code.local('i32', reach(p.part, strideH, kh, dilationH));
      const columns = code.local('i32', i32.div_u(lineBytes, bytes));
      const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
      code.call(copyPadded, touched, lines, columns, source, plane, top, left, h, w, base, planeBytes);
    },
    () => base.set(code.index(source, i32.add(i32.mul(top, w), left), bytes)),
  );
  const lineStep = code.local('i32', i32.mul(strideH, lineBytes));
  const kStep = code.local('i32', code.scale(strideW, bytes));
  const { tapCount, part, columnCount, table, packedB, steps, done } = p;
  code.call(packTaps, tapCount, part, columnCount, table, base, lineStep, kStep, packedB, steps, done);
}
