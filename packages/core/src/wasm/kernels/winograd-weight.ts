/**
 * The gradient of the weights of a convolution, float32: for 3 × 3 filters, stride 1 and dilation 1 by the derivative of
 * Winograd's F(4 × 4, 3 × 3), or for all others that are long enough by that of F(4, 5) along lines, as in winograd.ts.
 *
 *     out[oc][c] = Gᵀ [ Σ over images and tiles (A grad[oc] Aᵀ) ⊙ (Bᵀ input[c] B) ] G
 *
 * For each of the points, the sum is a matrix product whose inner dimension is all tiles: a task takes some output and
 * some input channels of one group, transforms both for a block of tiles straight into packed panels, multiplies, and goes
 * on with the next block; last it transforms the sums into taps. Tiles are cut into chunks where there are few tasks, as
 * in conv-weight.ts.
 *
 * The error is like that of winograd.ts; a NaN or an infinity reaches all nine taps of the filters that it is summed into.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import { blockAt } from './blocks.ts';
import type { ConvShape } from './conv.ts';
import { sumChunksLaunch } from './conv-chunks.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitMacro, FROM_C, FROM_ZERO, forPanels, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { repeat, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import { filtersLaunch } from './winograd-filters.ts';
import type { Form, TileBlocks, Tiling } from './winograd-tiles.ts';
import {
  emitCopyPart,
  insideOf,
  LINE,
  needTiling,
  pointStep,
  rowTasksFor,
  SQUARE,
  tileBlocks,
} from './winograd-tiles.ts';
import { TILE } from './winograd-transforms.ts';

/** Output and input channels of a task, at most. */
const TASK_ROWS = 96;
const TASK_CHANNELS = 128;
/** Transformed tiles of a block, about, and how many there are at most. */
const BLOCK_BYTES = 1 << 20;
const BLOCK_TILES = 192;
/** Panels of six rows take tiles in pairs. */
const MULTIPLE = 2;
/** Chunks of tiles, when there are fewer tasks than this; a chunk has at least so many products of a direct sum. */
const FEW_TASKS = 8;
const CHUNK_PRODUCTS = 1 << 22;
/** Nanoseconds that a multiplication of the direct sum takes, about. */
const NS = 0.02;
/** Planes that are transformed together: the tallest panel. */
const PLANES = 6;

/** How the work is cut; all of it follows from the shape. */
export interface WinogradWeightPlan extends TileBlocks {
  readonly tiles: Tiles;
  readonly tiling: Tiling;
  readonly rows: number;
  /** Filters of an output channel; they are the input channels where each makes one. */
  readonly channels: number;
  readonly taskRows: number;
  readonly taskChannels: number;
  readonly rowTasks: number;
  readonly channelTasks: number;
  readonly tilesY: number;
  readonly tilesX: number;
  readonly blocks: number;
  /** Chunks have as many blocks as each other, or one more. */
  readonly chunks: number;
  /** Bytes from a point to the next: of the gradients, of the inputs, of the sums; and of a row of sums. */
  readonly slopeStep: number;
  readonly inputStep: number;
  readonly sumStep: number;
  readonly sumRow: number;
  /** Bytes of the filters that are joined to weights, and of all that launches share. */
  readonly filterBytes: number;
  readonly sharedBytes: number;
  readonly tableAt: number;
  readonly padAt: number;
  readonly slopeAt: number;
  readonly inputAt: number;
  readonly sumAt: number;
  readonly scratchBytes: number;
}

/** Planes of the input that are transformed together: so many that they make whole vectors of filters. */
function planesTogether(filters: number): number {
  return filters % 4 === 0 ? 1 : filters % 2 === 0 ? 2 : 4;
}

/** By default for the threads that there are. They decide about the rows of a task alone, which changes no bit. */
export function winogradWeightPlan(c: ConvShape, threads = executor().threads): WinogradWeightPlan {
  const tiles = tilesFor('float32', features());
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tiling = needTiling(c);
  const { form, filters, stepY, extraY } = tiling;
  const { points } = form;
  const rows = c.cout / c.groups;
  const channels = (c.cin / c.groups) * filters;
  const mostRows = evenBlock(rows, TASK_ROWS, 12);
  const mostPlanes = Math.max(1, Math.floor(TASK_CHANNELS / filters));
  const taskChannels = evenBlock(c.cin / c.groups, mostPlanes, filters === 1 ? width : 1) * filters;
  const fewestRowTasks = Math.ceil(rows / mostRows);
  const channelTasks = Math.ceil(channels / taskChannels);
  const tilesY = Math.ceil(c.oh / form.lines);
  const tilesX = Math.ceil(c.ow / TILE);
  const tileBytes = (Math.min(rows, mostRows) + Math.min(channels, taskChannels)) * points * 4;
  const most = Math.max(16, Math.min(BLOCK_TILES, Math.floor(BLOCK_BYTES / tileBytes)));
  const cut = tileBlocks(c, form, most, MULTIPLE);
  const { imageBlock, blockY, blockX } = cut;
  const blocks = cut.blocksN * cut.blocksY * cut.blocksX;
  const tasks = c.groups * fewestRowTasks * channelTasks;
  const chunkProducts = Math.ceil((c.kh * c.kw * rows * c.cin * c.n * c.oh * c.ow) / CHUNK_PRODUCTS);
  const chunks = tasks >= FEW_TASKS ? 1 : Math.min(FEW_TASKS, blocks, chunkProducts);
  const rowTasks = rowTasksFor(form, rows, c.groups * channelTasks * chunks, fewestRowTasks, threads);
  const taskRows = rowTasks === fewestRowTasks ? mostRows : evenBlock(rows, Math.ceil(rows / rowTasks), 12);
  const count = Math.ceil((imageBlock * blockY * blockX) / MULTIPLE) * MULTIPLE;
  const rowsHere = Math.max(paddedRows(tiles, Math.min(rows, taskRows)), paddedRows(tiles, rows % taskRows));
  const slopeStep = pointStep(rowsHere * count * 4);
  const inputStep = pointStep(Math.ceil(Math.min(channels, taskChannels) / 4) * 4 * count * 4);
  const sumRow = Math.ceil(Math.min(channels, taskChannels) / 4) * 16;
  const sumStep = pointStep(Math.min(rows, taskRows) * sumRow);
  const tableAt = align((height + 1) * width * 4);
  const padAt = align(tableAt + count * TABLE_BYTES);
  const padPart = imageBlock * (stepY * blockY + extraY) * (TILE * blockX + form.extra) * 4;
  const padSlope = (imageBlock * blockY + 1) * form.lines * TILE * blockX * 4;
  const slopeAt = align(padAt + Math.max(planesTogether(filters) * tiling.parts * padPart, PLANES * padSlope));
  const filterBytes = form === SQUARE ? 0 : align(c.cout * channels * form.filterBytes);
  const inputAt = slopeAt + points * slopeStep;
  const sumAt = inputAt + points * inputStep;
  return {
    tiles,
    tiling,
    rows,
    channels,
    taskRows,
    taskChannels,
    rowTasks: Math.ceil(rows / taskRows),
    channelTasks,
    tilesY,
    tilesX,
    ...cut,
    blocks,
    chunks,
    slopeStep,
    inputStep,
    sumStep,
    sumRow,
    filterBytes,
    sharedBytes: filterBytes + (chunks > 1 ? align(chunks * c.cout * channels * form.filterBytes) : 0),
    tableAt,
    padAt,
    slopeAt,
    inputAt,
    sumAt,
    scratchBytes: align(sumAt + points * sumStep),
  };
}

/** The launches, one after the other; `sharedPtr` has `sharedBytes` bytes. */
export function winogradWeightLaunches(
  c: ConvShape,
  pointers: { readonly x: number; readonly grad: number; readonly out: number },
  sharedPtr: number,
): Launch[] {
  const plan = winogradWeightPlan(c);
  const { tiles, tiling, chunks, filterBytes } = plan;
  const { form } = tiling;
  const count = (c.cout * plan.channels * form.filterBytes) / 4;
  const out = filterBytes > 0 ? sharedPtr : pointers.out;
  const parts = sharedPtr + filterBytes;
  const args: TaskArgs<typeof WEIGHT> = {
    x: pointers.x,
    grad: pointers.grad,
    out: chunks > 1 ? parts : out,
    outChunk: count * 4,
    groups: c.groups,
    rows: plan.rows,
    channels: plan.channels,
    filters: tiling.filters,
    parts: tiling.parts,
    partStep: tiling.partStep,
    strideX: tiling.strideX,
    lineStep: tiling.lineStep,
    stepY: tiling.stepY,
    extraY: tiling.extraY,
    planesAtOnce: planesTogether(tiling.filters),
    taskRows: plan.taskRows,
    taskChannels: plan.taskChannels,
    rowTasks: plan.rowTasks,
    channelTasks: plan.channelTasks,
    n: c.n,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    padTop: c.padTop,
    padLeft: c.padLeft,
    tilesY: plan.tilesY,
    tilesX: plan.tilesX,
    blocksN: plan.blocksN,
    blocksY: plan.blocksY,
    blocksX: plan.blocksX,
    blocks: plan.blocks,
    chunks,
    slopeStep: plan.slopeStep,
    inputStep: plan.inputStep,
    sumStep: plan.sumStep,
    sumRow: plan.sumRow,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    slopeAt: plan.slopeAt,
    inputAt: plan.inputAt,
    sumAt: plan.sumAt,
  };
  const main: Launch = {
    name: tiles.name.replace('gemm', `${form.name}Weight`),
    emit: EMITTERS[form.name],
    entry: 'winogradWeight',
    args: taskArgs(WEIGHT, args),
    tasks: c.groups * plan.rowTasks * plan.channelTasks * chunks,
    ns: convNs(c, NS),
    scratchBytes: plan.scratchBytes,
  };
  const launches = [main];
  if (chunks > 1) launches.push(sumChunksLaunch('float32', parts, out, chunks, count));
  if (filterBytes > 0) launches.push(filtersLaunch('join', c, tiling, pointers.out, out));
  return launches;
}

const emitFor =
  (form: Form): Emitter =>
  (code, target) => {
    const tiles = tilesFor('float32', target);
    emitMain(code, tiles, form, emitMacro(code, tiles));
  };

const EMITTERS: Readonly<Record<string, Emitter>> = {
  winograd: /* @__PURE__ */ emitFor(SQUARE),
  winogradLine: /* @__PURE__ */ emitFor(LINE),
};

const WEIGHT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  outChunk: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  filters: 'i32',
  parts: 'i32',
  partStep: 'i32',
  strideX: 'i32',
  lineStep: 'i32',
  stepY: 'i32',
  extraY: 'i32',
  planesAtOnce: 'i32',
  taskRows: 'i32',
  taskChannels: 'i32',
  rowTasks: 'i32',
  channelTasks: 'i32',
  n: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  tilesY: 'i32',
  tilesX: 'i32',
  blocksN: 'i32',
  blocksY: 'i32',
  blocksX: 'i32',
  blocks: 'i32',
  chunks: 'i32',
  slopeStep: 'i32',
  inputStep: 'i32',
  sumStep: 'i32',
  sumRow: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  slopeAt: 'i32',
  inputAt: 'i32',
  sumAt: 'i32',
} as const;

/** Of a tile: where it begins in the padded channel of the input, and in that of the gradient. */
const INPUT = 0;
const SLOPE = 4;
const TABLE_BYTES = 8;

/**
 * A task: a rectangle (output channels × input channels) of one group, over the blocks of one chunk.
 *
 *     for each block of tiles:
 *       tabulate the tiles; transform their inputs; transform their gradients
 *       for each point: sums[oc][c] (= or +=) Σ slopes[oc][tile] · inputs[tile][c]
 *     for each output channel, each four input channels: transform the sums into taps
 */
function emitMain(code: Assembler, tiles: Tiles, form: Form, macro: MacroFuncs): void {
  const { i32 } = code;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tabulate = emitTabulate(code, form);
  const copyPart = emitCopyPart(code, form);
  const fillInputs = emitFillInputs(code, tiles, form, copyPart);
  const fillSlopes = emitFillSlopes(code, tiles, form, copyPart, macro);
  const takeTaps = emitTakeTaps(code, tiles, form);
  const columns = emitColumns(code, tiles, macro);
  exportTasks(code, 'winogradWeight', WEIGHT, (params) => {
    const { task, scratch, x, grad, out, outChunk, groups, rows, channels, taskRows, taskChannels } = params;
    const { rowTasks, channelTasks, n, h, w, oh, ow, padTop, padLeft, tilesY, tilesX } = params;
    const { blocksN, blocksY, blocksX, blocks, chunks, slopeStep, inputStep, sumStep, sumRow } = params;
    const { filters, parts, partStep, strideX, lineStep, stepY, extraY, planesAtOnce } = params;
    /** Takes from `index` its part that counts blocks of `size`; returns where the block starts, and its size. */
    const part = (index: Local<'i32'>, blockCount: Local<'i32'>, size: Local<'i32'>, block: Local<'i32'>) => {
      const start = code.local('i32', i32.mul(i32.rem_u(index, blockCount), block));
      const count = code.local('i32', i32.sub(size, start));
      count.set(code.least(count, block));
      index.set(i32.div_u(index, blockCount));
      return [start, count] as const;
    };
    const at = (offset: Local<'i32'>) => code.local('i32', i32.add(scratch, offset));

    const [channel, channelCount] = part(task, channelTasks, channels, taskChannels);
    const [row, rowCount] = part(task, rowTasks, rows, taskRows);
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    const block = code.local('i32', i32.div_u(i32.mul(task, blocks), chunks));
    const blockEnd = code.local('i32', i32.div_u(i32.mul(i32.add(task, 1), blocks), chunks));

    const plane = code.local('i32', code.scale(i32.mul(h, w), 4));
    const slopePlane = code.local('i32', code.scale(i32.mul(oh, ow), 4));
    const planes = code.local('i32', i32.div_u(channels, filters));
    const imageBytes = code.local('i32', i32.mul(i32.mul(groups, planes), plane));
    const slopeImage = code.local('i32', i32.mul(i32.mul(groups, rows), slopePlane));
    const firstRow = code.local('i32', i32.add(i32.mul(group, rows), row));
    code.increase(x, i32.mul(i32.add(i32.mul(group, planes), i32.div_u(channel, filters)), plane));
    const planeCount = code.local('i32', i32.div_u(channelCount, filters));
    code.increase(grad, i32.mul(firstRow, slopePlane));
    code.increase(out, i32.mul(task, outChunk));
    code.increase(out, i32.mul(i32.add(i32.mul(firstRow, channels), channel), form.filterBytes));

    const table = at(params.tableAt);
    const pad = at(params.padAt);
    const slopes = at(params.slopeAt);
    const inputs = at(params.inputAt);
    const sums = at(params.sumAt);
    const zeros = code.local('i32', i32.add(scratch, height * width * 4));
    code.memory.fill(zeros, 0, width * 4);
    const from = code.local('i32', FROM_ZERO);
    const [index, count, point, a, b, c, source] = code.locals('i32', 7);
    code.whileLess(block, blockEnd, () => {
      index.set(block);
      const [tileX, countX] = blockAt(code, index, tilesX, blocksX, MULTIPLE);
      const [tileY, countY] = blockAt(code, index, tilesY, blocksY);
      const [image, images] = blockAt(code, index, n, blocksN);
      count.set(i32.and(i32.add(i32.mul(i32.mul(images, countY), countX), 1), -2));
      code.call(tabulate, table, images, countY, countX, stepY, extraY);
      const firstY = code.local('i32', code.scale(tileY, form.lines));
      const firstX = code.local('i32', code.scale(tileX, TILE));
      source.set(i32.add(grad, i32.mul(image, slopeImage)));
      const shared = [countY, countX, table, count, pad];
      code.call(fillSlopes, source, rowCount, images, slopeImage, oh, ow, firstY, firstX, ...shared, slopes, slopeStep);
      firstY.set(i32.sub(i32.mul(tileY, stepY), padTop));
      firstX.set(i32.sub(i32.mul(firstX, strideX), padLeft));
      source.set(i32.add(x, i32.mul(image, imageBytes)));
      code.call(
        fillInputs,
        ...[source, planeCount, images, imageBytes, h, w, firstY, firstX, ...shared, inputs, inputStep],
        ...[filters, parts, partStep, strideX, lineStep, stepY, extraY, planesAtOnce],
      );
      const bStep = code.local('i32', code.scale(count, width * 4));
      a.set(slopes);
      b.set(inputs);
      c.set(sums);
      code.forRange(point, 0, form.points, 1, () => {
        code.call(columns, channelCount, rowCount, count, a, b, 0, bStep, c, sumRow, from, zeros, scratch);
        code.increase(a, slopeStep);
        code.increase(b, inputStep);
        code.increase(c, sumStep);
      });
      from.set(FROM_C);
      code.increase(block, 1);
    });
    code.call(
      takeTaps,
      rowCount,
      channelCount,
      sums,
      sumRow,
      sumStep,
      out,
      i32.mul(channels, form.filterBytes),
      scratch,
    );
  });
}

/**
 * tabulate(table, images, countY, countX, stepY, extraY): the entries of a block of tiles, and one behind the last, which
 * reads the inputs of the first and zeros for gradients.
 */
function emitTabulate(code: Assembler, form: Form): Func {
  const { i32 } = code;
  const params = { table: 'i32', images: 'i32', countY: 'i32', countX: 'i32', stepY: 'i32', extraY: 'i32' } as const;
  return code.func('tabulate', params, [], ({ table, images, countY, countX, stepY, extraY }) => {
    const [i, y, x, input, slope, line] = code.locals('i32', 6);
    const slopeRow = code.local('i32', code.scale(countX, TILE * 4));
    const inputRow = code.local('i32', i32.add(slopeRow, form.extra * 4));
    const store = () => {
      i32.store(table, input, INPUT);
      i32.store(table, slope, SLOPE);
    };
    code.forRange(i, 0, images, 1, () => {
      code.forRange(y, 0, countY, 1, () => {
        input.set(line);
        code.forRange(x, 0, countX, 1, () => {
          store();
          code.increase(table, TABLE_BYTES);
          code.increase(input, TILE * 4);
          code.increase(slope, TILE * 4);
        });
        code.increase(line, i32.mul(inputRow, stepY));
        code.increase(slope, i32.mul(slopeRow, form.lines - 1));
      });
      code.increase(line, i32.mul(inputRow, extraY));
    });
    input.set(0);
    store();
  });
}

const FILL = {
  x: 'i32',
  planes: 'i32',
  images: 'i32',
  imageBytes: 'i32',
  h: 'i32',
  w: 'i32',
  firstY: 'i32',
  firstX: 'i32',
  countY: 'i32',
  countX: 'i32',
  table: 'i32',
  count: 'i32',
  pad: 'i32',
  out: 'i32',
  step: 'i32',
} as const;

const FILL_INPUTS = /* @__PURE__ */ Object.assign({}, FILL, {
  filters: 'i32',
  parts: 'i32',
  partStep: 'i32',
  strideX: 'i32',
  lineStep: 'i32',
  stepY: 'i32',
  extraY: 'i32',
  planesAtOnce: 'i32',
} as const);

/** fillInputs(…): panels of transformed inputs, as columns of B, four filters at a time; the last stands for more */
function emitFillInputs(code: Assembler, tiles: Tiles, form: Form, copyPart: Func): Func {
  const { i32 } = code;
  const [width] = tiles.widths;
  const inputTiles = form.emitInputTiles(code, tiles.fma);
  return code.func('fillInputs', FILL_INPUTS, [], (params) => {
    const { x, planes, images, imageBytes, h, w, firstY, firstX, countY, countX, table, count, pad, out, step } =
      params;
    const { filters, parts, partStep, strideX, lineStep, stepY, extraY, planesAtOnce } = params;
    const [startY, lines] = code.locals('i32', 2);
    const padLines = code.local('i32', i32.add(i32.mul(countY, stepY), extraY));
    const padColumns = code.local('i32', i32.add(code.scale(countX, TILE), form.extra));
    insideOf(code, padLines, firstY, h, 1, startY, lines);
    const wBytes = code.local('i32', code.scale(w, 4));
    const padRow = code.local('i32', code.scale(padColumns, 4));
    const padImage = code.local('i32', i32.mul(padLines, padRow));
    const padPart = code.local('i32', i32.mul(images, padImage));
    const padPlane = code.local('i32', i32.mul(parts, padPart));
    const filterLines = code.local('i32', i32.div_u(filters, parts));
    const lineBytes = code.local('i32', i32.mul(lineStep, padRow));
    code.increase(x, i32.mul(i32.add(firstY, startY), wBytes));
    code.memory.fill(pad, 0, i32.mul(planesAtOnce, padPlane));
    const starts = code.locals('i32', 4);
    const [some, plane, part, column, own, filter, last, index, rest, done, panelRow, to, entry, tile, offset] =
      code.locals('i32', 15);
    const total = code.local('i32', i32.mul(planes, filters));
    const copyPlane = () => {
      column.set(firstX);
      part.set(parts);
      repeat(code, part, () => {
        const at = i32.add(own, i32.mul(startY, padRow));
        code.call(copyPart, images, lines, padColumns, column, w, strideX, x, imageBytes, at, padImage);
        code.increase(own, padPart);
        code.increase(column, partStep);
      });
    };
    code.while(
      () => i32.gt_s(planes, 0),
      () => {
        some.set(code.least(planes, planesAtOnce));
        code.if(i32.gt_s(lines, 0), () => {
          own.set(pad);
          plane.set(some);
          repeat(code, plane, () => {
            copyPlane();
            code.increase(x, i32.mul(h, wBytes));
          });
        });
        last.set(i32.sub(i32.mul(some, filters), 1));
        filter.set(0);
        code.while(
          () => i32.le_s(filter, last),
          () => {
            for (const [i, start] of starts.entries()) {
              index.set(i32.add(filter, i));
              index.set(code.least(index, last));
              rest.set(i32.rem_u(index, filters));
              start.set(i32.add(pad, i32.mul(i32.div_u(index, filters), padPlane)));
              code.increase(start, i32.mul(i32.div_u(rest, filterLines), padPart));
              code.increase(start, i32.mul(i32.rem_u(rest, filterLines), lineBytes));
            }
            code.if(i32.eqz(done), () => {
              panelRow.set(code.least(total, width));
              panelRow.set(code.scale(i32.and(i32.add(panelRow, 3), -4), 4));
            });
            to.set(i32.add(out, done));
            entry.set(table);
            tile.set(count);
            repeat(code, tile, () => {
              offset.set(i32.load(entry, INPUT));
              code.call(inputTiles, ...starts.map((start) => i32.add(start, offset)), padRow, to, step);
              code.increase(to, panelRow);
              code.increase(entry, TABLE_BYTES);
            });
            code.increase(done, 16);
            code.increase(filter, 4);
            code.decrease(total, 4);
            code.if(i32.eq(done, width * 4), () => {
              done.set(0);
              code.increase(out, i32.mul(count, width * 4));
            });
          },
        );
        code.decrease(planes, planesAtOnce);
      },
    );
  });
}

/**
 * fillSlopes(…): panels of transformed gradients, as rows of A. A panel is (tile, channel) in order, taken four at a
 * time: with six rows, two tiles are three vectors. Behind the last line of a plane there is a tile of zeros.
 */
function emitFillSlopes(code: Assembler, tiles: Tiles, form: Form, copyPart: Func, { tall }: MacroFuncs): Func {
  const { i32 } = code;
  const slopeTiles = form.emitSlopeTiles(code, tiles.fma);
  return code.func('fillSlopes', FILL, [], (params) => {
    const { x, planes, images, imageBytes, h, w, firstY, firstX, countY, countX, table, count, pad, out, step } =
      params;
    const padLines = code.local('i32', code.scale(countY, form.lines));
    const padColumns = code.local('i32', code.scale(countX, TILE));
    const lines = code.local('i32', i32.sub(h, firstY));
    lines.set(code.least(lines, padLines));
    const wBytes = code.local('i32', code.scale(w, 4));
    const padRow = code.local('i32', code.scale(padColumns, 4));
    const padImage = code.local('i32', i32.mul(padLines, padRow));
    const padPlane = code.local('i32', i32.add(i32.mul(images, padImage), code.scale(padRow, form.lines)));
    code.increase(x, i32.mul(firstY, wBytes));
    code.memory.fill(pad, 0, i32.mul(padPlane, tiles.heights[0]));
    const starts = code.locals('i32', tiles.heights[0]);
    const [some, left, own, entry, tile, offset, next] = code.locals('i32', 7);
    forPanels(code, tiles, tall, planes, (height) => {
      some.set(code.least(planes, height));
      left.set(some);
      own.set(pad);
      repeat(code, left, () => {
        code.call(copyPart, images, lines, padColumns, firstX, w, 1, x, imageBytes, own, padImage);
        code.increase(own, padPlane);
        code.increase(x, i32.mul(h, wBytes));
      });
      code.decrease(some, 1);
      // The last plane stands for those that do not exist.
      for (const [i, start] of starts.entries()) {
        start.set(i32.add(pad, i32.mul(code.least(some, i), padPlane)));
      }
      entry.set(table);
      const perTurn = height === 4 ? 1 : 2;
      tile.set(i32.div_u(count, perTurn));
      repeat(code, tile, () => {
        const places = [offset, next].slice(0, perTurn);
        for (const [i, place] of places.entries()) place.set(i32.load(entry, i * TABLE_BYTES + SLOPE));
        const all = places.flatMap((place) => starts.slice(0, height).map((start) => [start, place] as const));
        for (let i = 0; i < all.length; i += 4) {
          const four = all.slice(i, i + 4).map(([start, place]) => i32.add(start, place));
          code.call(slopeTiles, ...four, padRow, out, step);
          code.increase(out, 16);
        }
        code.increase(entry, perTurn * TABLE_BYTES);
      });
    });
  });
}

/** takeTaps(rows, channels, sums, sumRow, sumStep, out, outRow, scratch): filters that do not exist go to scratch memory */
function emitTakeTaps(code: Assembler, tiles: Tiles, form: Form): Func {
  const { i32 } = code;
  const tapTiles = form.emitTapTiles(code, tiles.fma);
  const params = {
    rows: 'i32',
    channels: 'i32',
    sums: 'i32',
    sumRow: 'i32',
    sumStep: 'i32',
    out: 'i32',
    outRow: 'i32',
    scratch: 'i32',
  } as const;
  return code.func('takeTaps', params, [], ({ rows, channels, sums, sumRow, sumStep, out, outRow, scratch }) => {
    const [channel, from] = code.locals('i32', 2);
    const places = code.locals('i32', 4);
    repeat(code, rows, () => {
      from.set(sums);
      code.forRange(channel, 0, channels, 4, () => {
        for (const [t, place] of places.entries()) {
          place.set(i32.add(out, i32.mul(i32.add(channel, t), form.filterBytes)));
          place.set(code.select(place, scratch, i32.lt_u(i32.add(channel, t), channels)));
        }
        code.call(tapTiles, from, sumStep, ...places);
        code.increase(from, 16);
      });
      code.increase(sums, sumRow);
      code.increase(out, outRow);
    });
  });
}
