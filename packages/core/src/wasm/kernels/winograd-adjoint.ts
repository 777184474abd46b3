/**
 * The gradient of the input of a convolution by the transposed of F(4, 5) along lines (winograd-line.ts), float32: it forms
 * as many products as the forward convolution does by winograd.ts, where a convolution of the padded gradient would form
 * one for every position of a larger image. With stride 2, too.
 *
 *     dx[c] at the inputs of a tile  +=  B [ Σ over oc of (G weight[oc][c][ky][part]) ⊙ (A grad[oc]) ]
 *
 * A task takes some images of one group. For each block of tiles it transforms their gradients straight into packed panels
 * and multiplies, for each point, a pair of matrices, [filters of all planes, oc] by [oc, tiles]; each row of the result is
 * transformed back and added to the lines of its plane in scratch memory, which hold the padding too, and with stride 2 even
 * and odd columns apart. Last, what lies inside the image is copied out. The order of additions follows from the shape.
 *
 * The error is like that of winograd.ts; a NaN or an infinity reaches all inputs of the tiles that it is summed into.
 */

import type { Assembler, Func, Local } from '../assembler.ts';
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
import { emitLineAdjoint, LINE_POINTS } from './winograd-line.ts';
import { emitWeightRows, emitWeights, panelStep, panelsLaunch, WEIGHT_ROWS } from './winograd-panels.ts';
import type { TileBlocks, Tiling } from './winograd-tiles.ts';
import { emitCopyPart, LINE, needTiling, pointStep, tileBlocks } from './winograd-tiles.ts';
import { TILE } from './winograd-transforms.ts';

/** Nanoseconds that a multiplication of the direct sum takes. */
const NS_PRODUCT = 0.018;

/** Transformed gradients of a block, about; products of a block of rows; tiles in a block, at most. */
const SLOPE_BYTES = 1 << 20;
const PRODUCT_BYTES = 1 << 19;
const BLOCK_TILES = 96;

/** How the work is cut; all of it follows from the shape. */
export interface AdjointPlan extends TileBlocks {
  readonly tiles: Tiles;
  readonly tiling: Tiling;
  /** Filters of all planes of a group, and output channels. */
  readonly rows: number;
  readonly channels: number;
  readonly rowBlock: number;
  readonly tilesX: number;
  /** Blocks of all tasks. A task takes those of some images. */
  readonly blocks: number;
  /** Lines of a plane in scratch memory; columns of a line, of each kind. */
  readonly lines: number;
  readonly columns: number;
  readonly planeBytes: number;
  /** Bytes from a point to the next: of the weights, of the gradients, of the products. */
  readonly weightStep: number;
  readonly slopeStep: number;
  readonly productStep: number;
  readonly filterBytes: number;
  readonly sharedBytes: number;
  readonly tableAt: number;
  readonly padAt: number;
  readonly slopeAt: number;
  readonly productAt: number;
  readonly planesAt: number;
  readonly scratchBytes: number;
}

/** The shape is that of the forward convolution. */
export function adjointPlan(c: ConvShape): AdjointPlan {
  const tiles = tilesFor('float32', features());
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tiling = needTiling(c);
  const { filters, parts, partStep } = tiling;
  const planes = c.cin / c.groups;
  const rows = planes * filters;
  const channels = c.cout / c.groups;
  const tilesX = Math.ceil(c.ow / TILE);
  const most = Math.min(BLOCK_TILES, Math.max(width, Math.floor(SLOPE_BYTES / (LINE_POINTS * channels * 4))));
  const cut = tileBlocks(c, LINE, most, 4);
  const { imageBlock, blockY, blockX } = cut;
  const blocks = cut.blocksN * cut.blocksY * cut.blocksX;
  const count = Math.ceil((imageBlock * blockY * blockX) / 4) * 4;
  const mostRows = Math.max(WEIGHT_ROWS, Math.floor(PRODUCT_BYTES / (LINE_POINTS * count * 4)));
  const rowBlock = evenBlock(rows, mostRows, WEIGHT_ROWS);
  const kinds = c.strideW;
  const lines = Math.max(c.h + c.padTop, (c.oh - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1);
  const reach = TILE * tilesX + LINE.extra + (kinds === 1 ? (parts - 1) * partStep : 0);
  const columns = Math.max(Math.ceil((c.w + c.padLeft) / kinds), reach);
  const planeBytes = lines * kinds * columns * 4;
  const weightStep = panelStep(tiles, rows, channels);
  const slopeStep = pointStep(channels * count * 4);
  const productStep = pointStep(rowBlock * count * 4);
  const filterBytes = align(c.cout * rows * LINE.filterBytes);
  const tableAt = align((height + 1) * width * 4);
  const padAt = align(tableAt + count * 4);
  const slopeAt = align(padAt + (count + 4) * TILE * 4);
  const productAt = align(slopeAt + LINE_POINTS * slopeStep);
  const planesAt = align(productAt + LINE_POINTS * productStep);
  return {
    tiles,
    tiling,
    rows,
    channels,
    rowBlock,
    tilesX,
    ...cut,
    blocks,
    lines,
    columns,
    planeBytes,
    weightStep,
    slopeStep,
    productStep,
    filterBytes,
    sharedBytes: filterBytes + c.groups * LINE_POINTS * weightStep,
    tableAt,
    padAt,
    slopeAt,
    productAt,
    planesAt,
    scratchBytes: align(planesAt + planes * imageBlock * planeBytes),
  };
}

/** The launches, one after the other; `sharedPtr` has `sharedBytes` bytes. */
export function adjointLaunches(
  c: ConvShape,
  pointers: { readonly grad: number; readonly weights: number; readonly bias: number; readonly out: number },
  sharedPtr: number,
): Launch[] {
  const plan = adjointPlan(c);
  const { tiles, tiling, rows, channels, rowBlock, weightStep, filterBytes } = plan;
  const module = { name: tiles.name.replace('gemm', 'winogradAdjoint'), emit };
  const packed = sharedPtr + filterBytes;
  // Filters are [oc][plane][part][line]: a row is one of them in its plane, a channel is an oc.
  const step = LINE.filterBytes;
  const source = { weights: sharedPtr, rowStep: step, channelStep: rows * step, flip: 0 };
  const args: TaskArgs<typeof ADJOINT> = {
    grad: pointers.grad,
    bias: pointers.bias,
    out: pointers.out,
    packed,
    groups: c.groups,
    rows,
    channels,
    rowBlock,
    filters: tiling.filters,
    kh: c.kh,
    partStep: c.strideW === 1 ? tiling.partStep : plan.columns,
    lineStep: tiling.lineStep,
    stepY: c.strideH,
    stepX: c.strideW,
    n: c.n,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    padTop: c.padTop,
    padLeft: c.padLeft,
    tilesX: plan.tilesX,
    blocksN: plan.blocksN,
    blockY: plan.blockY,
    blockX: plan.blockX,
    columns: plan.columns,
    planeBytes: plan.planeBytes,
    weightStep,
    slopeStep: plan.slopeStep,
    productStep: plan.productStep,
    tableAt: plan.tableAt,
    padAt: plan.padAt,
    slopeAt: plan.slopeAt,
    productAt: plan.productAt,
    planesAt: plan.planesAt,
  };
  return [
    filtersLaunch('cut', c, tiling, pointers.weights, sharedPtr),
    panelsLaunch(module, LINE, { groups: c.groups, rows, channels, rowBlock, weightStep }, source, packed),
    {
      ...module,
      entry: 'adjoint',
      args: taskArgs(ADJOINT, args),
      tasks: c.groups * plan.blocksN,
      ns: convNs(c, NS_PRODUCT),
      scratchBytes: plan.scratchBytes,
    },
  ];
}

const emit: Emitter = (code, target) => {
  const tiles = tilesFor('float32', target);
  const macro = emitMacro(code, tiles);
  emitWeights(code, LINE, emitWeightRows(code, tiles, LINE, macro));
  emitMain(code, tiles, macro);
};

const ADJOINT = {
  task: 'i32',
  scratch: 'i32',
  grad: 'i32',
  packed: 'i32',
  bias: 'i32',
  out: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  rowBlock: 'i32',
  filters: 'i32',
  kh: 'i32',
  partStep: 'i32',
  lineStep: 'i32',
  stepY: 'i32',
  stepX: 'i32',
  n: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  tilesX: 'i32',
  blocksN: 'i32',
  blockY: 'i32',
  blockX: 'i32',
  columns: 'i32',
  planeBytes: 'i32',
  weightStep: 'i32',
  slopeStep: 'i32',
  productStep: 'i32',
  tableAt: 'i32',
  padAt: 'i32',
  slopeAt: 'i32',
  productAt: 'i32',
  planesAt: 'i32',
} as const;

/**
 * A task: all planes of some images of one group.
 *
 *     zeros in the planes
 *     for each block of tiles:
 *       tabulate where their inputs begin in the planes of the images; transform their gradients
 *       for each block of rows:
 *         for each point: products[row][tile] = Σ weights[row][oc] · slopes[oc][tile]
 *         for each row: add it, transformed back, from line ky and the column of its part on
 *     for each plane: copy what lies inside the image, plus the bias
 */
function emitMain(code: Assembler, tiles: Tiles, macro: MacroFuncs): void {
  const { i32, f32 } = code;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const tabulate = emitTabulate(code);
  const fillSlopes = emitFillSlopes(code, tiles);
  const addInputs = emitAddInputs(code, tiles);
  const copyOut = emitCopyOut(code);
  const columnsFunc = emitColumns(code, tiles, macro);
  exportTasks(code, 'adjoint', ADJOINT, (params) => {
    const { task, scratch, grad, packed, bias, out, groups, rows, channels, rowBlock, filters, kh } = params;
    const { partStep, lineStep, stepY, stepX, n, h, w, oh, ow, padTop, padLeft, tilesX } = params;
    const { blocksN, blockY, blockX, columns, planeBytes, weightStep, slopeStep, productStep } = params;
    const at = (offset: Local<'i32'>) => code.local('i32', i32.add(scratch, offset));
    const table = at(params.tableAt);
    const pad = at(params.padAt);
    const slopes = at(params.slopeAt);
    const products = at(params.productAt);
    const planesAt = at(params.planesAt);
    const zeros = code.local('i32', i32.add(scratch, height * width * 4));
    code.memory.fill(zeros, 0, width * 4);
    const group = code.local('i32', i32.rem_u(task, groups));
    task.set(i32.div_u(task, groups));
    const [image, images] = blockAt(code, task, n, blocksN);
    const planes = code.local('i32', i32.div_u(rows, filters));
    const channelBytes = code.local('i32', i32.mul(images, planeBytes));
    code.memory.fill(planesAt, 0, i32.mul(planes, channelBytes));
    const rowBytes = code.local('i32', code.scale(i32.mul(columns, stepX), 4));
    const gradPlane = code.local('i32', i32.mul(oh, code.scale(ow, 4)));
    const gradImage = code.local('i32', i32.mul(i32.mul(groups, channels), gradPlane));
    code.increase(grad, i32.add(i32.mul(image, gradImage), i32.mul(i32.mul(group, channels), gradPlane)));
    code.increase(packed, i32.mul(group, i32.mul(weightStep, LINE_POINTS)));

    const local = () => code.local('i32');
    const [y, x, countY, countX, count, row, rowsNow, point, a, b, c, to, filter] = Array.from({ length: 13 }, local);
    const bStep = code.local('i32', code.scale(channels, width * 4));
    const countBytes = local();
    code.forRange(y, 0, oh, blockY, () => {
      countY.set(i32.sub(oh, y));
      countY.set(code.least(countY, blockY));
      code.forRange(x, 0, tilesX, blockX, () => {
        countX.set(i32.sub(tilesX, x));
        countX.set(code.least(countX, blockX));
        count.set(i32.and(i32.add(i32.mul(i32.mul(images, countY), countX), 3), -4));
        countBytes.set(code.scale(count, 4));
        code.call(tabulate, table, count, images, countY, countX, y, x, stepY, rowBytes, planeBytes);
        const block = [y, x, images, countY, countX, count];
        code.call(fillSlopes, grad, channels, gradPlane, gradImage, ow, ...block, pad, slopes, slopeStep);
        code.forRange(row, 0, rows, rowBlock, () => {
          rowsNow.set(i32.sub(rows, row));
          rowsNow.set(code.least(rowsNow, rowBlock));
          a.set(i32.add(packed, code.scale(i32.mul(row, channels), 4)));
          b.set(slopes);
          c.set(products);
          code.forRange(point, 0, LINE_POINTS, 1, () => {
            code.call(columnsFunc, count, rowsNow, channels, a, b, 0, bStep, c, countBytes, FROM_ZERO, zeros, scratch);
            code.increase(a, weightStep);
            code.increase(b, slopeStep);
            code.increase(c, productStep);
          });
          c.set(products);
          // From here on a is the row among all.
          a.set(row);
          repeat(code, rowsNow, () => {
            filter.set(i32.rem_u(a, filters));
            to.set(i32.add(planesAt, i32.mul(i32.div_u(a, filters), channelBytes)));
            code.increase(to, i32.mul(i32.mul(i32.rem_u(filter, kh), lineStep), rowBytes));
            code.increase(to, code.scale(i32.mul(i32.div_u(filter, kh), partStep), 4));
            code.call(addInputs, c, productStep, table, count, to);
            code.increase(a, 1);
            code.increase(c, countBytes);
          });
        });
      });
    });

    const value = code.local('f32');
    const plane = code.local('i32', i32.mul(h, code.scale(w, 4)));
    const first = code.local('i32', i32.mul(group, planes));
    const outImage = code.local('i32', i32.mul(i32.mul(groups, planes), plane));
    code.increase(out, i32.add(i32.mul(image, outImage), i32.mul(first, plane)));
    b.set(planesAt);
    repeat(code, planes, () => {
      code.if(bias, () => value.set(f32.load(code.index(bias, first, 4))));
      c.set(out);
      point.set(images);
      repeat(code, point, () => {
        code.call(copyOut, i32.add(b, i32.mul(padTop, rowBytes)), rowBytes, c, h, w, padLeft, stepX, value);
        code.increase(b, planeBytes);
        code.increase(c, outImage);
      });
      code.increase(out, plane);
      code.increase(first, 1);
    });
  });
}

/** tabulate(…): where the inputs of each tile of a block begin; tiles behind the last, up to `count`, are zeros for the first one. */
function emitTabulate(code: Assembler): Func {
  const { i32 } = code;
  const params = {
    table: 'i32',
    count: 'i32',
    images: 'i32',
    countY: 'i32',
    countX: 'i32',
    tileY: 'i32',
    tileX: 'i32',
    stepY: 'i32',
    rowBytes: 'i32',
    planeBytes: 'i32',
  } as const;
  return code.func('tabulate', params, [], (all) => {
    const { table, count, images, countY, countX, tileY, tileX, stepY, rowBytes, planeBytes } = all;
    const [i, y, x, place] = code.locals('i32', 4);
    const lineBytes = code.local('i32', i32.mul(stepY, rowBytes));
    const first = code.local('i32', i32.add(i32.mul(tileY, lineBytes), code.scale(tileX, TILE * 4)));
    const store = (value: Local<'i32'>) => {
      i32.store(table, value);
      code.increase(table, 4);
      code.decrease(count, 1);
    };
    code.forRange(i, 0, images, 1, () => {
      code.forRange(y, 0, countY, 1, () => {
        place.set(i32.add(first, i32.add(i32.mul(i, planeBytes), i32.mul(y, lineBytes))));
        code.forRange(x, 0, countX, 1, () => {
          store(place);
          code.increase(place, TILE * 4);
        });
      });
    });
    code.while(
      () => count.get(),
      () => store(first),
    );
  });
}

/**
 * fillSlopes(…): the panels of transformed gradients of a block of tiles
 *
 *     for each oc: copy the lines of all images, with zeros behind them, so that a tile follows the other; transform all
 */
function emitFillSlopes(code: Assembler, tiles: Tiles): Func {
  const { i32 } = code;
  const [width] = tiles.widths;
  const slopeTiles = LINE.emitSlopeTiles(code, tiles.fma);
  const copyPart = emitCopyPart(code, LINE);
  const params = {
    grad: 'i32',
    channels: 'i32',
    planeBytes: 'i32',
    imageBytes: 'i32',
    ow: 'i32',
    tileY: 'i32',
    tileX: 'i32',
    images: 'i32',
    countY: 'i32',
    countX: 'i32',
    count: 'i32',
    pad: 'i32',
    slopes: 'i32',
    step: 'i32',
  } as const;
  return code.func('fillSlopes', params, [], (all) => {
    const { grad, channels, planeBytes, imageBytes, ow, tileY, tileX, images, countY, countX, count, pad } = all;
    const { slopes, step } = all;
    const [channel, left, tile, panel, from, to] = code.locals('i32', 6);
    const padColumns = code.local('i32', code.scale(countX, TILE));
    const padImage = code.local('i32', i32.mul(countY, code.scale(padColumns, 4)));
    const column = code.local('i32', code.scale(tileX, TILE));
    code.increase(grad, i32.mul(tileY, code.scale(ow, 4)));
    code.memory.fill(pad, 0, code.scale(count, TILE * 4));
    code.forRange(channel, 0, channels, 1, () => {
      code.call(copyPart, images, countY, padColumns, column, ow, 1, grad, imageBytes, pad, padImage);
      from.set(pad);
      panel.set(slopes);
      left.set(count);
      code.while(
        () => i32.gt_s(left, 0),
        () => {
          tile.set(code.least(left, width));
          to.set(i32.add(panel, i32.mul(channel, code.scale(tile, 4))));
          tile.set(i32.shr_u(tile, 2));
          repeat(code, tile, () => {
            const [p0, p1, p2, p3] = [0, 1, 2, 3].map((t) => i32.add(from, 4 * TILE * t));
            code.call(slopeTiles, p0, p1, p2, p3, 0, to, step);
            code.increase(to, 16);
            code.increase(from, 16 * TILE);
          });
          code.increase(panel, code.scale(channels, width * 4));
          code.decrease(left, width);
        },
      );
      code.increase(grad, planeBytes);
    });
  });
}

/** addInputs(from, step, table, count, to): one row of products, transformed back, added to one plane of all images */
function emitAddInputs(code: Assembler, { fma }: Tiles): Func {
  const { i32 } = code;
  const adjointTiles = emitLineAdjoint(code, fma);
  const params = { from: 'i32', step: 'i32', table: 'i32', count: 'i32', to: 'i32' } as const;
  return code.func('addInputs', params, [], ({ from, step, table, count, to }) => {
    count.set(i32.shr_u(count, 2));
    repeat(code, count, () => {
      const [p0, p1, p2, p3] = [0, 1, 2, 3].map((t) => i32.add(to, i32.load(table, 4 * t)));
      code.call(adjointTiles, from, step, p0, p1, p2, p3);
      code.increase(from, 16);
      code.increase(table, 16);
    });
  });
}

/**
 * copyOut(from, rowBytes, out, h, w, padLeft, stepX, bias): what lies inside the image, plus a bias, from line 0 and column
 * padLeft on; with a step of 2 columns come from the halves of a line in turns
 */
function emitCopyOut(code: Assembler): Func {
  const { i32, f32, v128, f32x4, i32x4 } = code;
  const params = {
    from: 'i32',
    rowBytes: 'i32',
    out: 'i32',
    h: 'i32',
    w: 'i32',
    padLeft: 'i32',
    stepX: 'i32',
    bias: 'f32',
  } as const;
  return code.func('copyOut', params, [], ({ from, rowBytes, out, h, w, padLeft, stepX, bias }) => {
    const addend = code.local('v128', f32x4.splat(bias));
    const [left, even, odd, next] = code.locals('i32', 4);
    const [low, high] = code.locals('v128', 2);
    const half = code.local('i32', i32.shr_u(rowBytes, 1));
    const isOdd = code.local('i32', i32.and(padLeft, 1));
    const vector = (at: number, value: () => ReturnType<typeof v128.load>) =>
      v128.store(out, f32x4.add(value(), addend), at);
    repeat(code, h, () => {
      left.set(w);
      code.if(
        i32.eq(stepX, 1),
        () => {
          even.set(code.index(from, padLeft, 4));
          code.while(
            () => i32.ge_u(left, 4),
            () => {
              vector(0, () => v128.load(even));
              for (const pointer of [even, out]) code.increase(pointer, 16);
              code.decrease(left, 4);
            },
          );
        },
        () => {
          even.set(i32.add(from, i32.mul(isOdd, half)));
          code.increase(even, code.scale(i32.shr_u(padLeft, 1), 4));
          odd.set(i32.add(from, i32.mul(i32.xor(isOdd, 1), half)));
          code.increase(odd, code.scale(i32.shr_u(i32.add(padLeft, 1), 1), 4));
          code.while(
            () => i32.ge_u(left, 8),
            () => {
              low.set(v128.load(even));
              high.set(v128.load(odd));
              vector(0, () => i32x4.shuffle([0, 4, 1, 5], low, high));
              vector(16, () => i32x4.shuffle([2, 6, 3, 7], low, high));
              for (const pointer of [even, odd]) code.increase(pointer, 16);
              code.increase(out, 32);
              code.decrease(left, 8);
            },
          );
        },
      );
      code.if(left, () =>
        repeat(code, left, () => {
          f32.store(out, f32.add(f32.load(even), bias));
          code.increase(even, 4);
          code.increase(out, 4);
          code.if(i32.eq(stepX, 2), () => {
            next.set(even);
            even.set(odd);
            odd.set(next);
          });
        }),
      );
      code.increase(from, rowBytes);
    });
  });
}
