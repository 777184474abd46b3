/**
 * Convolution in two dimensions (one dimension is h = kh = 1), float32 and float64, forward: an implicit matrix
 * product.
 *
 *     out[n][oc][y][x] = bias[oc] + Σ weight[oc][c][ky][kx] ·
 *                        input[n][c][y · strideH − padTop + ky · dilationH][x · strideW − padLeft + kx · dilationW]
 *
 * For each group, A is the weights (rows oc, columns (c, ky, kx)), packed once; B is the patches of the image, packed
 * by blocks of output positions and channels as im2col.ts does. The blocks of (c, ky, kx) follow from the shape alone,
 * and a task computes whole outputs, so that any division into tasks gives the same bits. Where another way is faster,
 * `convPath` says so.
 */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Assembler, Func } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import { directLaunch, directPlan } from './conv-direct.ts';
import { convKernel } from './conv-path.ts';
import type { ConvMemory } from './conv-run.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitExpand, emitMacro, FROM_C, FROM_ROW_BIAS, FROM_ZERO, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import type { GeometryField } from './im2col.ts';
import { emitPackPatches, GEOMETRY, geometryBytes, storeGeometry } from './im2col.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';

/** The shape of a convolution: input [n, cin, h, w], weight [cout, cin/groups, kh, kw], output [n, cout, oh, ow]. */
export interface ConvShape {
  readonly dtype: FloatDType;
  readonly n: number;
  readonly cin: number;
  readonly h: number;
  readonly w: number;
  readonly cout: number;
  readonly kh: number;
  readonly kw: number;
  readonly oh: number;
  readonly ow: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationH: number;
  readonly dilationW: number;
  readonly groups: number;
  /** Whether what launches before the last make of the weights is kept for further calls. */
  readonly keepsWeights?: boolean;
}

/** All tensors are contiguous; pointers in bytes. */
export interface ConvForward extends ConvShape {
  readonly xPtr: number;
  readonly wPtr: number;
  /** One value for each output channel, or 0 for none. */
  readonly biasPtr?: number;
  readonly outPtr: number;
}

/** Elements of (channel, ky, kx) in a block, about: as in gemm.ts. */
const BLOCK_K_BYTES = 384 * 4;
/** Output positions in a block: a panel of patches is best multiplied while it is in the first-level cache. */
const BLOCK_POSITIONS = 48;
/** Output positions in a task, about. */
const TASK_POSITIONS = 96;
/** With fewer tasks than this, channels are divided among tasks too. */
const FEW_TASKS = 4;
/** Output channels in a block. */
const BLOCK_ROWS = 120;
/** Nanoseconds that a multiplication takes, and a weight that is packed, about. */
const NS = { product: 0.045, pack: 0.5 } as const;

/** How a convolution is cut; all of it follows from the shape. */
export interface ConvPlan {
  readonly tiles: Tiles;
  readonly groups: number;
  /** Output channels, input channels and weights of a group. */
  readonly rows: number;
  readonly channels: number;
  readonly k: number;
  readonly channelBlock: number;
  readonly kBlock: number;
  readonly rowBlock: number;
  readonly rowTasks: number;
  /** Rows that a group takes up when packed. */
  readonly packedRows: number;
  readonly columnBlock: number;
  /** Blocks of columns of all images that a task takes. */
  readonly unitsPerTask: number;
  readonly packedBytes: number;
  readonly initAt: number;
  readonly bAt: number;
  readonly scratchBytes: number;
}

export function convPlan(shape: ConvShape): ConvPlan {
  const { groups } = shape;
  const tiles = tilesFor(shape.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const rows = shape.cout / groups;
  const channels = shape.cin / groups;
  const taps = shape.kh * shape.kw;
  const channelBlock = evenBlock(channels, Math.max(1, Math.floor(BLOCK_K_BYTES / bytes / Math.max(taps, 1))), 1);
  const kBlock = channelBlock * taps;
  const positions = shape.oh * shape.ow;
  const columnBlock = evenBlock(positions, BLOCK_POSITIONS, width);
  const units = shape.n * Math.ceil(positions / columnBlock);
  const unitsPerTask = Math.max(1, Math.min(Math.floor(units / FEW_TASKS), Math.floor(TASK_POSITIONS / columnBlock)));
  // Few tasks of many channels are cut by channels as well, though each then packs the patches again.
  const fewTasks = groups * Math.ceil(units / unitsPerTask) < FEW_TASKS;
  const rowBlock = evenBlock(rows, fewTasks ? BLOCK_ROWS / 2 : BLOCK_ROWS, 12);
  const rowBlocks = Math.ceil(rows / rowBlock);
  const lastRows = rows - (rowBlocks - 1) * rowBlock;
  const packedRows = (rowBlocks - 1) * rowBlock + paddedRows(tiles, lastRows);
  const initAt = align(height * width * bytes + width * bytes + geometryBytes(tiles, taps));
  const bAt = align(initAt + packedRows * width * bytes);
  return {
    tiles,
    groups,
    rows,
    channels,
    k: channels * taps,
    channelBlock,
    kBlock,
    rowBlock,
    rowTasks: fewTasks ? rowBlocks : 1,
    packedRows,
    columnBlock,
    unitsPerTask,
    packedBytes: align(groups * packedRows * channels * taps * bytes),
    initAt,
    bAt,
    scratchBytes: align(bAt + columnBlock * kBlock * bytes),
  };
}

/** What a shape needs: the memory that its launches share, which is for packed weights, and that of each thread. */
export function convForwardMemory(shape: ConvShape): ConvMemory {
  const way = convKernel(shape, 'forward');
  if (way === 'direct') return { sharedBytes: 0, scratchBytes: directPlan(shape).scratchBytes };
  const { packedBytes, scratchBytes } = way === 'winograd' ? winogradPlan(shape) : convPlan(shape);
  return { sharedBytes: packedBytes, scratchBytes };
}

/** The launches of a convolution, one after the other; `sharedPtr` has the bytes that they share. */
export function convForwardLaunches(c: ConvForward, sharedPtr: number): Launch[] {
  if (c.n === 0 || c.cout === 0 || c.oh === 0 || c.ow === 0) return [];
  const way = convKernel(c, 'forward');
  if (way === 'direct') {
    return [directLaunch(c, { x: c.xPtr, weights: c.wPtr, bias: c.biasPtr ?? 0, out: c.outPtr })];
  }
  const target = { out: c.outPtr, bias: c.biasPtr ?? 0, x: c.xPtr, packed: sharedPtr };
  if (way === 'winograd') {
    const rowStride = (c.cin / c.groups) * 9;
    return winogradLaunches(c, { weights: c.wPtr, rowStride, channelStride: 9, flip: false }, target);
  }
  const plan = convPlan(c);
  return [packWeightsLaunch(plan, c.wPtr, sharedPtr), convLaunch(plan, c, target)];
}

/** Packs weights [groups · rows, k] for the main launch. */
export function packWeightsLaunch(plan: ConvPlan, weights: number, packed: number): Launch {
  const kBlocks = plan.k === 0 ? 0 : Math.ceil(plan.k / plan.kBlock);
  const { rows, k, kBlock, rowBlock, packedRows } = plan;
  const args = { weights, packed, kBlocks, rows, k, kBlock, rowBlock, packedRows };
  return {
    ...convModule(plan),
    entry: 'packWeights',
    args: taskArgs(PACK_WEIGHTS, args),
    tasks: plan.groups * kBlocks,
    ns: plan.groups * rows * k * NS.pack,
    scratchBytes: 0,
  };
}

/** Where the main launch reads and writes. */
export interface ConvTarget {
  readonly out: number;
  readonly bias: number;
  readonly x: number;
  readonly packed: number;
}

/** The main launch. */
export function convLaunch(plan: ConvPlan, c: ConvShape, target: ConvTarget): Launch {
  const bytes = itemBytes(c.dtype);
  const positions = c.oh * c.ow;
  const columnBlocks = Math.ceil(positions / plan.columnBlock);
  const units = c.n * columnBlocks;
  const args: TaskArgs<typeof CONV> = {
    ...target,
    groups: plan.groups,
    rows: plan.rows,
    channels: plan.channels,
    positions,
    columnBlocks,
    columnBlock: plan.columnBlock,
    channelBlock: plan.channelBlock,
    rowBlock: plan.rowBlock,
    taskRows: plan.rowTasks === 1 ? plan.rows : plan.rowBlock,
    rowTasks: plan.rowTasks,
    packedRows: plan.packedRows,
    units,
    unitsPerTask: plan.unitsPerTask,
    initAt: plan.initAt,
    bAt: plan.bAt,
    h: c.h,
    w: c.w,
    planeBytes: c.h * c.w * bytes,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    tensor: target.x,
    tensorBytes: c.n * c.cin * c.h * c.w * bytes,
  };
  return {
    ...convModule(plan),
    entry: 'conv',
    args: taskArgs(CONV, args),
    tasks: plan.groups * plan.rowTasks * Math.ceil(units / plan.unitsPerTask),
    ns: convNs(c, NS.product),
    scratchBytes: plan.scratchBytes,
  };
}

function convModule({ tiles }: ConvPlan): { readonly name: string; readonly emit: Emitter } {
  return { name: tiles.name.replace('gemm', 'conv'), emit: EMITTERS[tiles.element.dtype] };
}

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code, target) => {
    const tiles = tilesFor(dtype, target);
    const macro = emitMacro(code, tiles);
    emitPackWeights(code, tiles, macro);
    emitConv(code, tiles, emitColumns(code, tiles, macro));
  };

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };

const PACK_WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  kBlocks: 'i32',
  rows: 'i32',
  k: 'i32',
  kBlock: 'i32',
  rowBlock: 'i32',
  packedRows: 'i32',
} as const;

/** A task packs one block of k of one group: its blocks of rows, one after the other. */
function emitPackWeights(code: Assembler, tiles: Tiles, { packA }: MacroFuncs): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  exportTasks(code, 'packWeights', PACK_WEIGHTS, (params) => {
    const { task, weights, packed, kBlocks, rows, k, kBlock, rowBlock, packedRows } = params;
    const group = code.local('i32', i32.div_u(task, kBlocks));
    const p = code.local('i32', i32.mul(i32.rem_u(task, kBlocks), kBlock));
    const steps = code.local('i32', i32.sub(k, p));
    steps.set(code.least(steps, kBlock));
    const part = code.local('i32');
    const row = code.local('i32');
    const kRow = code.local('i32', code.scale(k, bytes));
    code.increase(weights, code.scale(i32.add(i32.mul(i32.mul(group, rows), k), p), bytes));
    code.increase(packed, code.scale(i32.mul(i32.add(i32.mul(group, k), p), packedRows), bytes));
    code.forRange(row, 0, rows, rowBlock, () => {
      part.set(i32.sub(rows, row));
      part.set(code.least(part, rowBlock));
      code.call(packA, part, steps, weights, kRow, bytes, packed, steps, 0);
      code.increase(weights, i32.mul(kRow, rowBlock));
      code.increase(packed, code.scale(i32.mul(steps, rowBlock), bytes));
    });
  });
}

const CONV_OWN = {
  task: 'i32',
  scratch: 'i32',
  packed: 'i32',
  x: 'i32',
  out: 'i32',
  bias: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  positions: 'i32',
  columnBlocks: 'i32',
  columnBlock: 'i32',
  channelBlock: 'i32',
  rowBlock: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
  packedRows: 'i32',
  units: 'i32',
  unitsPerTask: 'i32',
  initAt: 'i32',
  bAt: 'i32',
} as const;

const CONV = /* @__PURE__ */ (() => ({
  ...CONV_OWN,
  ...(Object.fromEntries(GEOMETRY.map((field) => [field, 'i32'])) as Record<GeometryField, 'i32'>),
}))();

/**
 * A task: some units (blocks of columns of an image) of some rows of one group.
 *
 *     for each block of channels:
 *       for each unit: pack its patches
 *         for each block of rows: multiply; start from zero or bias in the first block of channels, else from out
 *
 * Units are inside so that small images share the packed weights while these are in the cache.
 */
function emitConv(code: Assembler, tiles: Tiles, columnsFunc: Func): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const expand = emitExpand(code, tiles);
  const packPatches = emitPackPatches(code, tiles);
  exportTasks(code, 'conv', CONV, (params) => {
    const { task, scratch, packed, x, out, bias, groups, rows, channels, positions, columnBlocks, columnBlock } =
      params;
    const { channelBlock, rowBlock, taskRows, rowTasks, packedRows, units, unitsPerTask, initAt, bAt } = params;
    const local = () => code.local('i32');
    const [group, rowStart, rowEnd, unitStart, unitEnd, unit, channel, part] = Array.from({ length: 8 }, local);
    const [steps, image, column, columns, row, rowsNow, from, init, weights, target] = Array.from(
      { length: 10 },
      local,
    );
    group.set(i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    rowStart.set(i32.mul(i32.rem_u(task, rowTasks), taskRows));
    rowEnd.set(i32.add(rowStart, taskRows));
    rowEnd.set(code.least(rowEnd, rows));
    unitStart.set(i32.mul(i32.div_u(task, rowTasks), unitsPerTask));
    unitEnd.set(i32.add(unitStart, unitsPerTask));
    unitEnd.set(code.least(unitEnd, units));

    const taps = code.local('i32', i32.mul(params.kh, params.kw));
    const cRow = code.local('i32', code.scale(positions, bytes));
    const packedB = code.local('i32', i32.add(scratch, bAt));
    const zeros = code.local('i32', i32.add(scratch, tiles.heights[0] * width * bytes));
    const geometry = code.local('i32', i32.add(zeros, width * bytes));
    const biases = code.local('i32', i32.add(scratch, initAt));
    const panelRow = width * bytes;
    storeGeometry(code, geometry, params);
    code.memory.fill(zeros, 0, width * bytes);
    from.set(FROM_ZERO);
    code.if(bias, () => {
      from.set(FROM_ROW_BIAS);
      rowsNow.set(i32.sub(rowEnd, rowStart));
      const first = i32.add(i32.mul(group, rows), rowStart);
      code.call(expand, rowsNow, code.index(bias, first, bytes), bytes, biases);
    });
    // To the first plane of the group, the first weights of the group.
    code.increase(x, i32.mul(i32.mul(group, channels), params.planeBytes));
    code.increase(packed, code.scale(i32.mul(i32.mul(i32.mul(group, channels), taps), packedRows), bytes));
    code.loop((again) => {
      part.set(i32.sub(channels, channel));
      part.set(code.least(part, channelBlock));
      steps.set(i32.mul(part, taps));
      code.forRange(unit, unitStart, unitEnd, 1, () => {
        image.set(i32.div_u(unit, columnBlocks));
        column.set(i32.mul(i32.rem_u(unit, columnBlocks), columnBlock));
        columns.set(i32.sub(positions, column));
        columns.set(code.least(columns, columnBlock));
        const plane = i32.add(i32.mul(i32.mul(image, groups), channels), channel);
        const source = i32.add(x, i32.mul(plane, params.planeBytes));
        target.set(source);
        code.if(steps, () => code.call(packPatches, geometry, column, columns, part, target, packedB));
        init.set(code.select(biases, zeros, i32.eq(from, FROM_ROW_BIAS)));
        code.forRange(row, rowStart, rowEnd, rowBlock, () => {
          rowsNow.set(i32.sub(rowEnd, row));
          rowsNow.set(code.least(rowsNow, rowBlock));
          weights.set(i32.add(packed, code.scale(i32.mul(row, steps), bytes)));
          const outRow = i32.add(i32.mul(i32.add(i32.mul(image, groups), group), rows), row);
          target.set(code.index(out, i32.add(i32.mul(outRow, positions), column), bytes));
          const step = i32.mul(steps, panelRow);
          code.call(columnsFunc, columns, rowsNow, steps, weights, packedB, 0, step, target, cRow, from, init, scratch);
          code.if(i32.eq(from, FROM_ROW_BIAS), () => code.increase(init, code.scale(rowsNow, panelRow)));
        });
      });
      from.set(FROM_C);
      code.increase(packed, code.scale(i32.mul(steps, packedRows), bytes));
      code.increase(channel, channelBlock);
      code.br_if(again, i32.lt_u(channel, channels));
    });
  });
}
