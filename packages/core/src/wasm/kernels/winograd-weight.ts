/**
 * The gradient of the weights of a convolution with 3 × 3 filters, stride 1 and dilation 1, float32, by the derivative of
 * Winograd's F(4 × 4, 3 × 3): a tile of 16 outputs takes 36 products for each pair of channels instead of 144.
 *
 *     out[oc][c] = Gᵀ [ Σ over images and tiles (A grad[oc] Aᵀ) ⊙ (Bᵀ input[c] B) ] G
 *
 * For each of the 36 points, the sum is a matrix product whose inner dimension is all tiles: a task takes some output and
 * some input channels of one group, transforms both for a block of tiles straight into packed panels, multiplies, and goes
 * on with the next block; last it transforms the sums into taps. Tiles are cut into chunks where there are few tasks, as
 * in conv-weight.ts.
 *
 * The error is like that of winograd.ts; a NaN or an infinity reaches all nine taps of the filters that it is summed into.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { sumChunksLaunch } from './conv-chunks.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitMacro, FROM_C, FROM_ZERO, forPanels, paddedRows } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { repeat, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, evenBlock, taskArgs } from './gemm-plan.ts';
import type { Tiling } from './winograd-tiles.ts';
import { emitCopyLines, insideOf, needTiling, pointStep, SQUARE, tileBlocks } from './winograd-tiles.ts';
import { emitInputTiles, emitSlopeTiles, emitTapTiles, POINTS, REACH, TILE } from './winograd-transforms.ts';

/** Output and input channels of a task, at most. */
const TASK_ROWS = 96;
const TASK_CHANNELS = 128;
/** Transformed tiles of a block, about, and how many there are at most. */
const BLOCK_BYTES = 1 << 20;
const BLOCK_TILES = 96;
/** Chunks of tiles, when there are fewer tasks than this; a chunk has at least so many products of a direct sum. */
const FEW_TASKS = 8;
const CHUNK_PRODUCTS = 1 << 22;
/** Planes that are transformed together: the tallest panel. */
const PLANES = 6;
/** Elements of a task's input or output channel beyond its tiles. */
const EXTRA = REACH - TILE;

/** How the work is cut; all of it follows from the shape. */
export interface WinogradWeightPlan {
  readonly tiles: Tiles;
  readonly tiling: Tiling;
  readonly rows: number;
  readonly channels: number;
  readonly taskRows: number;
  readonly taskChannels: number;
  readonly rowTasks: number;
  readonly channelTasks: number;
  readonly tilesY: number;
  readonly tilesX: number;
  readonly imageBlock: number;
  readonly blockY: number;
  readonly blockX: number;
  readonly blocks: number;
  readonly blocksPerChunk: number;
  readonly chunks: number;
  /** Bytes from a point to the next: of the gradients, of the inputs, of the sums; and of a row of sums. */
  readonly slopeStep: number;
  readonly inputStep: number;
  readonly sumStep: number;
  readonly sumRow: number;
  readonly sharedBytes: number;
  readonly tableAt: number;
  readonly padAt: number;
  readonly slopeAt: number;
  readonly inputAt: number;
  readonly sumAt: number;
  readonly scratchBytes: number;
}

export function winogradWeightPlan(c: ConvShape): WinogradWeightPlan {
  const tiles = tilesFor('float32', features());
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tiling = needTiling(c);
  const rows = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const taskRows = evenBlock(rows, TASK_ROWS, 12);
  const taskChannels = evenBlock(channels, TASK_CHANNELS, width);
  const rowTasks = Math.ceil(rows / taskRows);
  const channelTasks = Math.ceil(channels / taskChannels);
  const tilesY = Math.ceil(c.oh / TILE);
  const tilesX = Math.ceil(c.ow / TILE);
  const tileBytes = (Math.min(rows, taskRows) + Math.min(channels, taskChannels)) * POINTS * 4;
  const most = Math.max(16, Math.min(BLOCK_TILES, Math.floor(BLOCK_BYTES / tileBytes)));
  const { imageBlock, blockY, blockX } = tileBlocks(c, SQUARE, most, 2);
  const blocks = Math.ceil(c.n / imageBlock) * Math.ceil(tilesY / blockY) * Math.ceil(tilesX / blockX);
  const tasks = c.groups * rowTasks * channelTasks;
  const chunkProducts = Math.ceil((9 * rows * channels * c.n * c.oh * c.ow) / CHUNK_PRODUCTS);
  const wantedChunks = tasks >= FEW_TASKS ? 1 : Math.min(FEW_TASKS, blocks, chunkProducts);
  const blocksPerChunk = Math.ceil(blocks / wantedChunks);
  const chunks = Math.ceil(blocks / blocksPerChunk);
  // Panels of six rows take tiles in pairs.
  const count = Math.ceil((imageBlock * blockY * blockX) / 2) * 2;
  const rowsHere = Math.max(paddedRows(tiles, Math.min(rows, taskRows)), paddedRows(tiles, rows % taskRows));
  const slopeStep = pointStep(rowsHere * count * 4);
  const inputStep = pointStep(Math.ceil(Math.min(channels, taskChannels) / 4) * 4 * count * 4);
  const sumRow = Math.ceil(Math.min(channels, taskChannels) / 4) * 16;
  const sumStep = pointStep(Math.min(rows, taskRows) * sumRow);
  const tableAt = align((height + 1) * width * 4);
  const padAt = align(tableAt + count * TABLE_BYTES);
  const padPlane = (imageBlock * (TILE * blockY + EXTRA) + REACH) * (TILE * blockX + EXTRA) * 4;
  const slopeAt = align(padAt + PLANES * padPlane);
  const inputAt = slopeAt + POINTS * slopeStep;
  const sumAt = inputAt + POINTS * inputStep;
  return {
    tiles,
    tiling,
    rows,
    channels,
    taskRows,
    taskChannels,
    rowTasks,
    channelTasks,
    tilesY,
    tilesX,
    imageBlock,
    blockY,
    blockX,
    blocks,
    blocksPerChunk,
    chunks,
    slopeStep,
    inputStep,
    sumStep,
    sumRow,
    sharedBytes: chunks > 1 ? align(chunks * c.cout * channels * 9 * 4) : 0,
    tableAt,
    padAt,
    slopeAt,
    inputAt,
    sumAt,
    scratchBytes: align(sumAt + POINTS * sumStep),
  };
}

/** The launches, one after the other; `sharedPtr` has `sharedBytes` bytes. */
export function winogradWeightLaunches(
  c: ConvShape,
  pointers: { readonly x: number; readonly grad: number; readonly out: number },
  sharedPtr: number,
): Launch[] {
  const plan = winogradWeightPlan(c);
  const { tiles, chunks } = plan;
  const count = c.cout * plan.channels * 9;
  const args: TaskArgs<typeof WEIGHT> = {
    x: pointers.x,
    grad: pointers.grad,
    out: chunks > 1 ? sharedPtr : pointers.out,
    outChunk: count * 4,
    groups: c.groups,
    rows: plan.rows,
    channels: plan.channels,
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
    imageBlock: plan.imageBlock,
    blockY: plan.blockY,
    blockX: plan.blockX,
    blocks: plan.blocks,
    blocksPerChunk: plan.blocksPerChunk,
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
    name: tiles.name.replace('gemm', 'winogradWeight'),
    emit,
    entry: 'winogradWeight',
    args: taskArgs(WEIGHT, args),
    tasks: c.groups * plan.rowTasks * plan.channelTasks * chunks,
    scratchBytes: plan.scratchBytes,
  };
  return chunks === 1 ? [main] : [main, sumChunksLaunch('float32', sharedPtr, pointers.out, chunks, count)];
}

const emit: Emitter = (code, target) => {
  const tiles = tilesFor('float32', target);
  emitMain(code, tiles, emitMacro(code, tiles));
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
  imageBlock: 'i32',
  blockY: 'i32',
  blockX: 'i32',
  blocks: 'i32',
  blocksPerChunk: 'i32',
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
function emitMain(code: Assembler, tiles: Tiles, macro: MacroFuncs): void {
  const { i32 } = code;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tabulate = emitTabulate(code);
  const fillInputs = emitFillInputs(code, tiles);
  const fillSlopes = emitFillSlopes(code, tiles, macro);
  const takeTaps = emitTakeTaps(code, tiles);
  const columns = emitColumns(code, tiles, macro);
  code.export('winogradWeight', WEIGHT, [], (params) => {
    const { task, scratch, x, grad, out, outChunk, groups, rows, channels, taskRows, taskChannels } = params;
    const { rowTasks, channelTasks, n, h, w, oh, ow, padTop, padLeft, tilesY, tilesX } = params;
    const { imageBlock, blockY, blockX, blocks, blocksPerChunk, slopeStep, inputStep, sumStep, sumRow } = params;
    /** Takes from `index` its part that counts blocks of `size`; returns where the block starts, and its size. */
    const part = (index: Local<'i32'>, blockCount: Local<'i32'>, size: Local<'i32'>, block: Local<'i32'>) => {
      const start = code.local('i32', i32.mul(i32.rem_u(index, blockCount), block));
      const count = code.local('i32', i32.sub(size, start));
      count.set(code.least(count, block));
      index.set(i32.div_u(index, blockCount));
      return [start, count] as const;
    };
    const blocksOf = (size: Local<'i32'>, block: Local<'i32'>) =>
      code.local('i32', i32.div_u(i32.add(size, i32.sub(block, 1)), block));
    const at = (offset: Local<'i32'>) => code.local('i32', i32.add(scratch, offset));

    const [channel, channelCount] = part(task, channelTasks, channels, taskChannels);
    const [row, rowCount] = part(task, rowTasks, rows, taskRows);
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    const block = code.local('i32', i32.mul(task, blocksPerChunk));
    const blockEnd = code.local('i32', i32.add(block, blocksPerChunk));
    blockEnd.set(code.least(blockEnd, blocks));

    const plane = code.local('i32', code.scale(i32.mul(h, w), 4));
    const slopePlane = code.local('i32', code.scale(i32.mul(oh, ow), 4));
    const imageBytes = code.local('i32', i32.mul(i32.mul(groups, channels), plane));
    const slopeImage = code.local('i32', i32.mul(i32.mul(groups, rows), slopePlane));
    const firstRow = code.local('i32', i32.add(i32.mul(group, rows), row));
    code.increase(x, i32.mul(i32.add(i32.mul(group, channels), channel), plane));
    code.increase(grad, i32.mul(firstRow, slopePlane));
    code.increase(out, i32.mul(task, outChunk));
    code.increase(out, code.scale(i32.add(i32.mul(firstRow, channels), channel), 9 * 4));

    const table = at(params.tableAt);
    const pad = at(params.padAt);
    const slopes = at(params.slopeAt);
    const inputs = at(params.inputAt);
    const sums = at(params.sumAt);
    const zeros = code.local('i32', i32.add(scratch, height * width * 4));
    code.memory.fill(zeros, 0, width * 4);
    const blocksX = blocksOf(tilesX, blockX);
    const blocksY = blocksOf(tilesY, blockY);
    const blocksN = blocksOf(n, imageBlock);
    const from = code.local('i32', FROM_ZERO);
    const [index, count, point, a, b, c, source] = code.locals('i32', 7);
    code.whileLess(block, blockEnd, () => {
      index.set(block);
      const [tileX, countX] = part(index, blocksX, tilesX, blockX);
      const [tileY, countY] = part(index, blocksY, tilesY, blockY);
      const [image, images] = part(index, blocksN, n, imageBlock);
      count.set(i32.and(i32.add(i32.mul(i32.mul(images, countY), countX), 1), -2));
      code.call(tabulate, table, images, countY, countX);
      const firstY = code.local('i32', code.scale(tileY, TILE));
      const firstX = code.local('i32', code.scale(tileX, TILE));
      source.set(i32.add(grad, i32.mul(image, slopeImage)));
      const shared = [countY, countX, table, count, pad];
      code.call(fillSlopes, source, rowCount, images, slopeImage, oh, ow, firstY, firstX, ...shared, slopes, slopeStep);
      code.decrease(firstY, padTop);
      code.decrease(firstX, padLeft);
      source.set(i32.add(x, i32.mul(image, imageBytes)));
      code.call(
        fillInputs,
        source,
        channelCount,
        images,
        imageBytes,
        h,
        w,
        firstY,
        firstX,
        ...shared,
        inputs,
        inputStep,
      );
      const bStep = code.local('i32', code.scale(count, width * 4));
      a.set(slopes);
      b.set(inputs);
      c.set(sums);
      code.forRange(point, 0, POINTS, 1, () => {
        code.call(columns, channelCount, rowCount, count, a, b, 0, bStep, c, sumRow, from, zeros, scratch);
        code.increase(a, slopeStep);
        code.increase(b, inputStep);
        code.increase(c, sumStep);
      });
      from.set(FROM_C);
      code.increase(block, 1);
    });
    code.call(takeTaps, rowCount, channelCount, sums, sumRow, sumStep, out, code.scale(channels, 9 * 4), scratch);
  });
}

/**
 * tabulate(table, images, countY, countX): the entries of a block of tiles, and one behind the last that begins at the
 * zeros behind the planes.
 */
function emitTabulate(code: Assembler): Func {
  const { i32 } = code;
  const params = { table: 'i32', images: 'i32', countY: 'i32', countX: 'i32' } as const;
  return code.func('tabulate', params, [], ({ table, images, countY, countX }) => {
    const [i, y, x, input, slope] = code.locals('i32', 5);
    const row = code.local('i32', code.scale(countX, TILE * 4));
    const store = () => {
      i32.store(table, input, INPUT);
      i32.store(table, slope, SLOPE);
    };
    code.forRange(i, 0, images, 1, () => {
      code.forRange(y, 0, countY, 1, () => {
        code.forRange(x, 0, countX, 1, () => {
          store();
          code.increase(table, TABLE_BYTES);
          code.increase(input, TILE * 4);
          code.increase(slope, TILE * 4);
        });
        // Over what the last tile reaches further, and three more lines.
        code.increase(input, i32.add(EXTRA * 4, i32.mul(i32.add(row, EXTRA * 4), TILE - 1)));
        code.increase(slope, i32.mul(row, TILE - 1));
      });
      code.increase(input, i32.mul(i32.add(row, EXTRA * 4), EXTRA));
    });
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

type FillParams = { readonly [K in keyof typeof FILL]: Local<'i32'> };

/** What `emitPlanes` prepares: how to copy some planes, where the copy of each begins, how long its lines are. */
interface Planes {
  copy(some: Local<'i32'>): void;
  readonly starts: readonly Local<'i32'>[];
  readonly padRow: Local<'i32'>;
}

/**
 * Planes of all images of a block in memory that is zero elsewhere: beside the image, and for one more tile behind it.
 * `copy` takes the next so many planes from x on; where there are fewer than `starts`, the last one stands for more.
 */
function emitPlanes(code: Assembler, copyLines: Func, extra: number, most: number, params: FillParams): Planes {
  const { i32 } = code;
  const { x, images, imageBytes, h, w, firstY, firstX, countY, countX, pad } = params;
  const [startY, lines, startX, columns] = code.locals('i32', 4);
  const padLines = code.local('i32', i32.add(code.scale(countY, TILE), extra));
  const padColumns = code.local('i32', i32.add(code.scale(countX, TILE), extra));
  insideOf(code, padLines, firstY, h, 1, startY, lines);
  insideOf(code, padColumns, firstX, w, 1, startX, columns);
  const isInside = code.local('i32', i32.and(i32.gt_s(lines, 0), i32.gt_s(columns, 0)));
  const padRow = code.local('i32', code.scale(padColumns, 4));
  const padImage = code.local('i32', i32.mul(padLines, padRow));
  const padPlane = code.local('i32', i32.mul(images, padImage));
  code.increase(padPlane, i32.mul(padRow, TILE + extra));
  const wBytes = code.local('i32', code.scale(w, 4));
  const plane = code.local('i32', i32.mul(h, wBytes));
  const first = code.local('i32', i32.add(i32.mul(startY, padRow), code.scale(startX, 4)));
  code.increase(x, i32.add(i32.mul(i32.add(firstY, startY), wBytes), code.scale(i32.add(firstX, startX), 4)));
  code.memory.fill(pad, 0, i32.mul(padPlane, most));
  const starts = code.locals('i32', most);
  const [left, image, from, to, at, last] = code.locals('i32', 6);
  const copy = (some: Local<'i32'>) => {
    at.set(i32.add(pad, first));
    left.set(some);
    repeat(code, left, () => {
      from.set(x);
      to.set(at);
      code.if(isInside, () => {
        image.set(images);
        repeat(code, image, () => {
          code.call(copyLines, lines, columns, from, wBytes, to, padRow);
          code.increase(from, imageBytes);
          code.increase(to, padImage);
        });
      });
      code.increase(x, plane);
      code.increase(at, padPlane);
    });
    last.set(i32.sub(some, 1));
    for (const [i, start] of starts.entries()) start.set(i32.add(pad, i32.mul(code.least(last, i), padPlane)));
  };
  return { copy, starts, padRow };
}

/** fillInputs(…): panels of transformed inputs, as columns of B, four channels at a time */
function emitFillInputs(code: Assembler, tiles: Tiles): Func {
  const { i32 } = code;
  const [width] = tiles.widths;
  const inputTiles = emitInputTiles(code, tiles.fma);
  const copyLines = emitCopyLines(code, 1);
  return code.func('fillInputs', FILL, [], (params) => {
    const { planes, table, count, out, step } = params;
    const { copy, starts, padRow } = emitPlanes(code, copyLines, EXTRA, 4, params);
    const [left, part, four, to, entry, tile, offset, panelRow] = code.locals('i32', 8);
    code.while(
      () => i32.gt_s(planes, 0),
      () => {
        part.set(code.least(planes, width));
        panelRow.set(code.scale(i32.and(i32.add(part, 3), -4), 4));
        left.set(out);
        code.while(
          () => i32.gt_s(part, 0),
          () => {
            four.set(code.least(part, 4));
            copy(four);
            to.set(left);
            entry.set(table);
            tile.set(count);
            repeat(code, tile, () => {
              offset.set(i32.load(entry, INPUT));
              code.call(inputTiles, ...starts.map((start) => i32.add(start, offset)), padRow, to, step);
              code.increase(to, panelRow);
              code.increase(entry, TABLE_BYTES);
            });
            code.increase(left, 16);
            code.decrease(part, 4);
          },
        );
        code.increase(out, i32.mul(count, width * 4));
        code.decrease(planes, width);
      },
    );
  });
}

/**
 * fillSlopes(…): panels of transformed gradients, as rows of A. A panel is (tile, channel) in order, taken four at a
 * time: with six rows, two tiles are three vectors.
 */
function emitFillSlopes(code: Assembler, tiles: Tiles, { tall }: MacroFuncs): Func {
  const { i32 } = code;
  const slopeTiles = emitSlopeTiles(code, tiles.fma);
  const copyLines = emitCopyLines(code, 1);
  return code.func('fillSlopes', FILL, [], (params) => {
    const { planes, table, count, out, step } = params;
    const { copy, starts, padRow } = emitPlanes(code, copyLines, 0, tiles.heights[0], params);
    const [some, entry, tile, offset, next] = code.locals('i32', 5);
    const four = (pairs: readonly (readonly [Local<'i32'>, Local<'i32'>])[]) => {
      code.call(slopeTiles, ...pairs.map(([start, place]) => i32.add(start, place)), padRow, out, step);
      code.increase(out, 16);
    };
    forPanels(code, tiles, tall, planes, (height) => {
      some.set(code.least(planes, height));
      copy(some);
      entry.set(table);
      const perTurn = height === 4 ? 1 : 2;
      tile.set(i32.div_u(count, perTurn));
      repeat(code, tile, () => {
        const places = [offset, next].slice(0, perTurn);
        for (const [i, place] of places.entries()) place.set(i32.load(entry, i * TABLE_BYTES + SLOPE));
        const all = places.flatMap((place) => starts.slice(0, height).map((start) => [start, place] as const));
        for (let i = 0; i < all.length; i += 4) four(all.slice(i, i + 4));
        code.increase(entry, perTurn * TABLE_BYTES);
      });
    });
  });
}

/** takeTaps(rows, channels, sums, sumRow, sumStep, out, outRow, scratch): filters that do not exist go to scratch memory */
function emitTakeTaps(code: Assembler, tiles: Tiles): Func {
  const { i32 } = code;
  const tapTiles = emitTapTiles(code, tiles.fma);
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
          place.set(i32.add(out, code.scale(i32.add(channel, t), 9 * 4)));
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
