/**
 * Convolution by Winograd's F(4 × 4, 3 × 3), for filters of 3 × 3 with stride 1 and dilation 1, or by F(4, 5) along lines,
 * for all others that are long enough, float32: a tile of 16 outputs takes 36 products for each pair of channels instead
 * of 144, a tile of 4 outputs 8 for each five taps instead of 20. Forward, and backwards to the input, which is a forward
 * convolution of the gradient with filters transposed and taps reversed.
 *
 * The transformed weights of all points are packed once by a launch of their own. Then a task takes a block of tiles:
 * it transforms their inputs straight into packed panels, multiplies, for each point, a pair of matrices, [rows, filters]
 * by [filters, tiles], and transforms the products back. Where there is no more than one block of tiles for each thread, no
 * thread needs a weight twice, and tasks transform them themselves, some rows at a time, which stay in the cache: to read what
 * another core has written, and to write where it has read, takes three times as long as to transform them. All sums over channels
 * run in order in one piece, and a task computes whole outputs, so that any division into tasks gives the same bits.
 *
 * The error is about twice that of a direct sum (winograd.test.ts: 2.3e-6 of the largest output at 256 channels, 5e-6 at
 * 1024). A NaN or an infinity in the input reaches all outputs of the tiles that read it, as NaN.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import { blockAt } from './blocks.ts';
import type { ConvShape } from './conv.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitMacro, FROM_ZERO } from './gemm-macro.ts';
import type { Tiles } from './gemm-micro.ts';
import { repeat, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import { filtersLaunch } from './winograd-filters.ts';
import type { PanelSource, WinogradWeights } from './winograd-panels.ts';
import { emitWeightRows, emitWeights, panelStep, panelsLaunch, WEIGHT_ROWS } from './winograd-panels.ts';
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

/** Transformed inputs of a task, about: half of the second-level cache. */
const INPUT_BYTES = 1 << 20;
/** Transformed weights of a block of rows, where a task transforms them itself. */
const WEIGHT_BYTES = 1 << 20;
/** Products of a block of rows, about. */
const PRODUCT_BYTES = 1 << 19;
/** Tiles are transformed four by four. */
const MULTIPLE = 4;
/** Tiles in a block, at most, and for threads: with more of them the weights are read less often, which matters little to one. */
const BLOCK_TILES = 96;
const SHARED_TILES = 112;
/** Nanoseconds that a multiplication of the direct sum takes. */
const NS_PRODUCT = 0.018;

/** How a convolution is cut; all of it follows from the shape. */
export interface WinogradPlan extends TileBlocks {
  readonly tiles: Tiles;
  readonly tiling: Tiling;
  readonly groups: number;
  /** Output channels of a group, and filters of each. */
  readonly rows: number;
  readonly channels: number;
  /** Rows of a task, and of a block among them. */
  readonly taskRows: number;
  readonly rowBlock: number;
  readonly rowTasks: number;
  /** Tiles of an image. A task takes a block of them. */
  readonly tilesY: number;
  readonly tilesX: number;
  readonly blocks: number;
  /** Whether tasks transform the weights themselves. */
  readonly isFused: boolean;
  /** Bytes from a point to the next: of the weights, of the inputs, of the products. */
  readonly weightStep: number;
  readonly inputStep: number;
  readonly productStep: number;
  /** Bytes of the filters that are cut out of the weights, and of all that launches share. */
  readonly filterBytes: number;
  readonly packedBytes: number;
  readonly tableAt: number;
  readonly padAt: number;
  readonly inputAt: number;
  readonly productAt: number;
  readonly weightAt: number;
  readonly scratchBytes: number;
}

/** Where tiles of outputs lie in scratch memory: behind a register tile and a row of zeros. */
function tileAt({ heights, widths }: Tiles): number {
  return align((heights[0] + 1) * widths[0] * 4);
}

/** By default for the threads that there are. They decide about the tasks alone, which changes no bit. */
export function winogradPlan(c: ConvShape, threads = executor().threads): WinogradPlan {
  const tiles = tilesFor('float32', features());
  const [width] = tiles.widths;
  const tiling = needTiling(c);
  const { form, stepY, extraY } = tiling;
  const { points } = form;
  const rows = c.cout / c.groups;
  const channels = (c.cin / c.groups) * tiling.filters;
  const tilesY = Math.ceil(c.oh / form.lines);
  const tilesX = Math.ceil(c.ow / TILE);
  // Weights that no cache holds are worth a larger block, so that they are read less often.
  const inputBytes = Math.max(INPUT_BYTES, (rows * channels * points * 4) / 8);
  const mostTiles = threads === 1 ? BLOCK_TILES : SHARED_TILES;
  const most = Math.min(mostTiles, Math.max(width, Math.floor(inputBytes / (points * channels * 4))));
  const cut = tileBlocks(c, form, most, MULTIPLE, threads > 1);
  const { imageBlock, blockY, blockX } = cut;
  const blocks = cut.blocksN * cut.blocksY * cut.blocksX;
  const count = Math.ceil((imageBlock * blockY * blockX) / MULTIPLE) * MULTIPLE;
  const isFused = blocks <= threads && c.keepsWeights !== true;
  const mostRows = Math.max(
    WEIGHT_ROWS,
    Math.min(
      Math.floor(PRODUCT_BYTES / (points * count * 4)),
      isFused ? Math.floor(WEIGHT_BYTES / (points * channels * 4)) : rows,
    ),
  );
  const rowTasks = rowTasksFor(form, rows, blocks * c.groups, 1, threads);
  const rowBlock = evenBlock(Math.ceil(rows / rowTasks), mostRows, WEIGHT_ROWS);
  const rowBlocks = Math.ceil(rows / rowBlock);
  const taskRows = rowBlock * Math.ceil(rowBlocks / rowTasks);
  const weightStep = panelStep(tiles, isFused ? Math.min(rowBlock, rows) : rows, channels);
  const inputStep = pointStep(channels * count * 4);
  const productStep = pointStep(rowBlock * count * 4);
  const filterBytes = form === SQUARE ? 0 : align(c.cout * channels * form.filterBytes);
  // A register tile and a row of zeros; four tiles of outputs; the table of tiles; a padded channel.
  const tableAt = tileAt(tiles) + 4 * TILE * TILE * 4;
  const padAt = align(tableAt + count * TABLE_BYTES);
  const padded = imageBlock * (stepY * blockY + extraY) * (TILE * blockX + form.extra);
  const inputAt = align(padAt + tiling.parts * padded * 4);
  const productAt = align(inputAt + points * inputStep);
  const weightAt = align(productAt + points * productStep);
  return {
    tiles,
    tiling,
    groups: c.groups,
    rows,
    channels,
    taskRows,
    rowBlock,
    rowTasks: Math.ceil(rows / taskRows),
    tilesY,
    tilesX,
    ...cut,
    blocks,
    weightStep,
    inputStep,
    productStep,
    isFused,
    filterBytes,
    packedBytes: filterBytes + (isFused ? 0 : c.groups * points * weightStep),
    tableAt,
    padAt,
    inputAt,
    productAt,
    weightAt,
    scratchBytes: isFused ? align(weightAt + points * weightStep) : weightAt,
  };
}

/** Where the main launch reads and writes; `packed` has `packedBytes` bytes. */
export interface WinogradTarget {
  readonly x: number;
  readonly bias: number;
  readonly out: number;
  readonly packed: number;
}

/** The launches of a convolution, one after the other: the main one is the last, the others need only the weights. */
export function winogradLaunches(c: ConvShape, source: WinogradWeights, target: WinogradTarget): Launch[] {
  const plan = winogradPlan(c);
  const { tiles, tiling, groups, rows, channels, rowBlock, taskRows, rowTasks, blocks, filterBytes } = plan;
  const { form } = tiling;
  const module = { name: tiles.name.replace('gemm', form.name), emit: EMITTERS[form.name] };
  const launches: Launch[] = [];
  let weights: PanelSource = {
    weights: source.weights,
    rowStep: source.rowStride * 4,
    channelStep: source.channelStride * 4,
    flip: source.flip ? 1 : 0,
  };
  if (filterBytes > 0) {
    launches.push(filtersLaunch('cut', c, tiling, source.weights, target.packed));
    const { filterBytes: bytes } = form;
    weights = { weights: target.packed, rowStep: channels * bytes, channelStep: bytes, flip: 0 };
  }
  const packed = target.packed + filterBytes;
  const args: TaskArgs<typeof MAIN> = {
    ...target,
    ...weights,
    packed,
    groups,
    rows,
    channels,
    filters: tiling.filters,
    parts: tiling.parts,
    partStep: tiling.partStep,
    strideX: tiling.strideX,
    lineStep: tiling.lineStep,
    stepY: tiling.stepY,
    extraY: tiling.extraY,
    rowBlock,
    taskRows,
    rowTasks,
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
    weightStep: plan.weightStep,
    inputStep: plan.inputStep,
    productStep: plan.productStep,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    inputAt: plan.inputAt,
    productAt: plan.productAt,
    weightAt: plan.isFused ? plan.weightAt : 0,
  };
  const { scratchBytes } = plan;
  const tasks = groups * rowTasks * blocks;
  const ns = convNs(c, NS_PRODUCT);
  const main = { ...module, entry: 'winograd', args: taskArgs(MAIN, args), tasks, ns, scratchBytes };
  if (!plan.isFused) launches.push(panelsLaunch(module, form, plan, weights, packed));
  launches.push(main);
  return launches;
}

const emitFor =
  (form: Form): Emitter =>
  (code, target) => {
    const tiles = tilesFor('float32', target);
    const macro = emitMacro(code, tiles);
    const weightRows = emitWeightRows(code, tiles, form, macro);
    emitWeights(code, form, weightRows);
    emitMain(code, tiles, form, macro, weightRows);
  };

const EMITTERS: Readonly<Record<string, Emitter>> = {
  winograd: /* @__PURE__ */ emitFor(SQUARE),
  winogradLine: /* @__PURE__ */ emitFor(LINE),
};

const MAIN = {
  task: 'i32',
  scratch: 'i32',
  packed: 'i32',
  x: 'i32',
  out: 'i32',
  bias: 'i32',
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
  rowBlock: 'i32',
  taskRows: 'i32',
  rowTasks: 'i32',
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
  weightStep: 'i32',
  inputStep: 'i32',
  productStep: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  inputAt: 'i32',
  productAt: 'i32',
  weights: 'i32',
  rowStep: 'i32',
  channelStep: 'i32',
  flip: 'i32',
  weightAt: 'i32',
} as const;

/** Of a tile: offset of its input in the padded channel, of its output in the tensor; lines and columns that exist. */
const INPUT = 0;
const OUTPUT = 4;
const LINES = 8;
const COLUMNS = 12;
const TABLE_BYTES = 16;

/**
 * A task: a block of tiles of one group, all rows or some.
 *
 *     tabulate the tiles
 *     for each channel: copy its lines into the zeros of a padded one; transform all tiles, four by four
 *     for each block of rows:
 *       if no launch has done so: transform their weights
 *       for each point: products[row][tile] = Σ weights[row][channel] · inputs[channel][tile]
 *       for each row: transform all tiles back, four by four; those at the edge by way of scratch memory
 */
function emitMain(code: Assembler, tiles: Tiles, form: Form, macro: MacroFuncs, weightRows: Func): void {
  const { i32, f32 } = code;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tabulate = emitTabulate(code, form);
  const fillInputs = emitFillInputs(code, tiles, form);
  const takeOutputs = emitTakeOutputs(code, tiles, form, macro.copyTile);
  const columns = emitColumns(code, tiles, macro);
  exportTasks(code, 'winograd', MAIN, (params) => {
    const { task, scratch, packed, x, out, bias, groups, rows, channels, rowBlock, taskRows, rowTasks } = params;
    const { n, h, w, oh, ow, padTop, padLeft, tilesY, tilesX, blocksN, blocksY, blocksX } = params;
    const { weightStep, inputStep, productStep, tableAt, padAt, inputAt, productAt } = params;
    const { weights, rowStep, channelStep, flip, weightAt } = params;
    const { filters, parts, partStep, strideX, lineStep, stepY, extraY } = params;
    const local = () => code.local('i32');
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    const rowStart = code.local('i32', i32.mul(i32.rem_u(task, rowTasks), taskRows));
    const rowEnd = code.local('i32', i32.add(rowStart, taskRows));
    rowEnd.set(code.least(rowEnd, rows));
    task.set(i32.div_u(task, rowTasks));
    const [tileX, countX] = blockAt(code, task, tilesX, blocksX, MULTIPLE);
    const [tileY, countY] = blockAt(code, task, tilesY, blocksY);
    const [image, images] = blockAt(code, task, n, blocksN);

    const table = code.local('i32', i32.add(scratch, tableAt));
    const pad = code.local('i32', i32.add(scratch, padAt));
    const inputs = code.local('i32', i32.add(scratch, inputAt));
    const products = code.local('i32', i32.add(scratch, productAt));
    const zeros = code.local('i32', i32.add(scratch, height * width * 4));
    code.memory.fill(zeros, 0, width * 4);

    const outImage = code.local('i32', i32.mul(i32.mul(i32.mul(groups, rows), oh), code.scale(ow, 4)));
    const count = code.local('i32', i32.and(i32.add(i32.mul(i32.mul(images, countY), countX), 3), -4));
    const block = [images, countY, countX];
    code.call(tabulate, table, count, ...block, image, tileY, tileX, outImage, oh, ow, stepY, extraY);
    const planeBytes = code.local('i32', code.scale(i32.mul(h, w), 4));
    const planes = code.local('i32', i32.div_u(channels, filters));
    const imageBytes = code.local('i32', i32.mul(i32.mul(groups, planes), planeBytes));
    const firstY = code.local('i32', i32.sub(i32.mul(tileY, stepY), padTop));
    const firstX = code.local('i32', i32.sub(i32.mul(code.scale(tileX, TILE), strideX), padLeft));
    code.increase(x, i32.add(i32.mul(image, imageBytes), i32.mul(i32.mul(group, planes), planeBytes)));
    code.call(
      fillInputs,
      ...[x, planes, imageBytes, h, w, firstY, firstX, ...block, table, count, pad, inputs, inputStep],
      ...[filters, parts, partStep, strideX, lineStep, stepY, extraY],
    );

    const [row, rowsNow, point, a, b, c] = Array.from({ length: 6 }, local);
    const value = code.local('f32');
    const outPlane = code.local('i32', i32.mul(oh, code.scale(ow, 4)));
    const bStep = code.local('i32', code.scale(channels, width * 4));
    const rowBytes = code.local('i32', code.scale(count, 4));
    code.increase(packed, i32.mul(group, i32.mul(weightStep, form.points)));
    code.increase(weights, i32.mul(i32.mul(i32.mul(group, rows), channels), form.filterBytes));
    code.forRange(row, rowStart, rowEnd, rowBlock, () => {
      rowsNow.set(i32.sub(rowEnd, row));
      rowsNow.set(code.least(rowsNow, rowBlock));
      a.set(i32.add(packed, code.scale(i32.mul(row, channels), 4)));
      code.if(weightAt, () => {
        a.set(i32.add(scratch, weightAt));
        b.set(i32.add(weights, i32.mul(row, rowStep)));
        code.call(weightRows, rowsNow, channels, b, rowStep, channelStep, flip, a, weightStep, products);
      });
      b.set(inputs);
      c.set(products);
      code.forRange(point, 0, form.points, 1, () => {
        code.call(columns, count, rowsNow, channels, a, b, 0, bStep, c, rowBytes, FROM_ZERO, zeros, scratch);
        code.increase(a, weightStep);
        code.increase(b, inputStep);
        code.increase(c, productStep);
      });
      // From here on a is the row among all, b its plane of the output, c its products.
      a.set(i32.add(i32.mul(group, rows), row));
      b.set(i32.add(out, i32.mul(a, outPlane)));
      c.set(products);
      repeat(code, rowsNow, () => {
        code.if(bias, () => value.set(f32.load(code.index(bias, a, 4))));
        code.call(takeOutputs, c, productStep, value, table, count, b, ow, scratch);
        code.increase(a, 1);
        code.increase(b, outPlane);
        code.increase(c, rowBytes);
      });
    });
  });
}

/**
 * tabulate(table, count, images, countY, countX, image, tileY, tileX, outImage, oh, ow, stepY, extraY): the entries of
 * a block of tiles. Those behind the last tile, up to `count`, read what the first one reads and have no lines.
 */
function emitTabulate(code: Assembler, form: Form): Func {
  const { i32 } = code;
  const params = {
    table: 'i32',
    count: 'i32',
    images: 'i32',
    countY: 'i32',
    countX: 'i32',
    image: 'i32',
    tileY: 'i32',
    tileX: 'i32',
    outImage: 'i32',
    oh: 'i32',
    ow: 'i32',
    stepY: 'i32',
    extraY: 'i32',
  } as const;
  return code.func('tabulate', params, [], (all) => {
    const { table, count, images, countY, countX, image, tileY, tileX, outImage, oh, ow, stepY, extraY } = all;
    const [i, y, x, left] = code.locals('i32', 4);
    const padRow = code.local('i32', i32.add(code.scale(countX, TILE), form.extra));
    const padLines = code.local('i32', i32.add(i32.mul(countY, stepY), extraY));
    const store = (field: number, size: Local<'i32'>, start: Local<'i32'>, most: number) => {
      left.set(i32.sub(size, start));
      left.set(code.least(left, most));
      i32.store(table, left, field);
    };
    code.forRange(i, 0, images, 1, () => {
      code.forRange(y, 0, countY, 1, () => {
        code.forRange(x, 0, countX, 1, () => {
          const line = i32.add(i32.mul(i, padLines), i32.mul(y, stepY));
          i32.store(table, code.scale(i32.add(i32.mul(line, padRow), code.scale(x, TILE)), 4), INPUT);
          const outY = code.local('i32', code.scale(i32.add(tileY, y), form.lines));
          const outX = code.local('i32', code.scale(i32.add(tileX, x), TILE));
          const first = i32.mul(i32.add(image, i), outImage);
          i32.store(table, i32.add(first, code.scale(i32.add(i32.mul(outY, ow), outX), 4)), OUTPUT);
          store(LINES, oh, outY, form.lines);
          store(COLUMNS, ow, outX, TILE);
          code.increase(table, TABLE_BYTES);
          code.decrease(count, 1);
        });
      });
    });
    code.memory.fill(table, 0, code.scale(count, TABLE_BYTES));
  });
}

const FILL = {
  x: 'i32',
  planes: 'i32',
  imageBytes: 'i32',
  h: 'i32',
  w: 'i32',
  firstY: 'i32',
  firstX: 'i32',
  images: 'i32',
  countY: 'i32',
  countX: 'i32',
  table: 'i32',
  count: 'i32',
  pad: 'i32',
  inputs: 'i32',
  step: 'i32',
  filters: 'i32',
  parts: 'i32',
  partStep: 'i32',
  strideX: 'i32',
  lineStep: 'i32',
  stepY: 'i32',
  extraY: 'i32',
} as const;

/**
 * fillInputs(…): the panels of transformed inputs. `firstY` and `firstX` are where the block begins in an image, before it
 * by the padding.
 *
 *     for each plane of the input, each part:
 *       copy the lines of all images to where they lie in the padded part
 *       for each line of the filter: transform all tiles, which begin at that line
 */
function emitFillInputs(code: Assembler, tiles: Tiles, form: Form): Func {
  const { i32 } = code;
  const [width] = tiles.widths;
  const inputTiles = form.emitInputTiles(code, tiles.fma);
  const copyPart = emitCopyPart(code, form);
  return code.func('fillInputs', FILL, [], (all) => {
    const { x, planes, imageBytes, h, w, firstY, firstX, images, countY, countX, table, count, pad, inputs } = all;
    const { step, filters, parts, partStep, strideX, lineStep, stepY, extraY } = all;
    const [startY, lines] = code.locals('i32', 2);
    const padLines = code.local('i32', i32.add(i32.mul(countY, stepY), extraY));
    const padColumns = code.local('i32', i32.add(code.scale(countX, TILE), form.extra));
    insideOf(code, padLines, firstY, h, 1, startY, lines);
    const wBytes = code.local('i32', code.scale(w, 4));
    const padRow = code.local('i32', code.scale(padColumns, 4));
    const padImage = code.local('i32', i32.mul(padLines, padRow));
    const padPart = code.local('i32', i32.mul(images, padImage));
    const lineBytes = code.local('i32', i32.mul(lineStep, padRow));
    const planeBytes = code.local('i32', i32.mul(h, wBytes));
    const filterLines = code.local('i32', i32.div_u(filters, parts));
    const channels = code.local('i32', i32.mul(planes, filters));
    const [channel, to, entry, left, tile, panel, part, line, column, own] = code.locals('i32', 10);
    code.increase(x, i32.mul(i32.add(firstY, startY), wBytes));
    // The padding is the same for every plane.
    code.memory.fill(pad, 0, i32.mul(parts, padPart));
    const input = (t: number) => i32.add(line, i32.load(entry, t * TABLE_BYTES + INPUT));
    const transformTiles = () => {
      entry.set(table);
      panel.set(inputs);
      left.set(count);
      code.while(
        () => i32.gt_s(left, 0),
        () => {
          tile.set(code.least(left, width));
          to.set(i32.add(panel, i32.mul(channel, code.scale(tile, 4))));
          tile.set(i32.shr_u(tile, 2));
          repeat(code, tile, () => {
            code.call(inputTiles, input(0), input(1), input(2), input(3), padRow, to, step);
            code.increase(to, 16);
            code.increase(entry, 4 * TABLE_BYTES);
          });
          code.increase(panel, code.scale(channels, width * 4));
          code.decrease(left, width);
        },
      );
      code.increase(channel, 1);
      code.increase(line, lineBytes);
    };
    repeat(code, planes, () => {
      own.set(pad);
      column.set(firstX);
      part.set(parts);
      repeat(code, part, () => {
        code.if(i32.gt_s(lines, 0), () => {
          const to = i32.add(own, i32.mul(startY, padRow));
          code.call(copyPart, images, lines, padColumns, column, w, strideX, x, imageBytes, to, padImage);
        });
        line.set(own);
        left.set(filterLines);
        if (form === LINE) repeat(code, code.local('i32', left), transformTiles);
        else transformTiles();
        code.increase(own, padPart);
        code.increase(column, partStep);
      });
      code.increase(x, planeBytes);
    });
  });
}

/**
 * takeOutputs(from, step, bias, table, count, plane, ow, scratch): one row of products becomes one channel of outputs.
 * A tile that is not whole goes to scratch memory first.
 */
function emitTakeOutputs(code: Assembler, tiles: Tiles, form: Form, copyTile: Func): Func {
  const { i32 } = code;
  const outputTiles = form.emitOutputTiles(code, tiles.fma);
  const params = {
    from: 'i32',
    step: 'i32',
    bias: 'f32',
    table: 'i32',
    count: 'i32',
    plane: 'i32',
    ow: 'i32',
    scratch: 'i32',
  } as const;
  return code.func('takeOutputs', params, [], ({ from, step, bias, table, count, plane, ow, scratch }) => {
    const outRow = code.local('i32', code.scale(ow, 4));
    const tileRow = code.local('i32', TILE * 4);
    const places = code.locals('i32', 4);
    const steps = code.locals('i32', 4);
    const isWhole = code.locals('i32', 4);
    code.increase(scratch, tileAt(tiles));
    count.set(i32.shr_u(count, 2));
    repeat(code, count, () => {
      const field = (t: number, at: number) => i32.load(table, t * TABLE_BYTES + at);
      const inScratch = (t: number) => i32.add(scratch, t * TILE * TILE * 4);
      for (let t = 0; t < 4; t++) {
        // Of 0 to 4, only 4 has this bit.
        isWhole[t].set(i32.and(field(t, COLUMNS), TILE));
        if (form.lines === TILE) isWhole[t].set(i32.and(isWhole[t], field(t, LINES)));
        places[t].set(code.select(i32.add(plane, field(t, OUTPUT)), inScratch(t), isWhole[t]));
        steps[t].set(code.select(outRow, tileRow, isWhole[t]));
      }
      code.call(outputTiles, from, step, bias, ...places, ...steps);
      for (let t = 0; t < 4; t++) {
        code.if(i32.and(i32.eqz(isWhole[t]), i32.ne(field(t, LINES), 0)), () => {
          places[t].set(i32.add(plane, field(t, OUTPUT)));
          code.call(copyTile, field(t, LINES), field(t, COLUMNS), inScratch(t), TILE * 4, places[t], outRow);
        });
      }
      code.increase(from, 16);
      code.increase(table, 4 * TABLE_BYTES);
    });
  });
}
