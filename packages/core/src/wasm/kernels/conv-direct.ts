/**
 * Convolution forward without a matrix product, for groups of few channels (depthwise above all): sums for one or two
 * output channels and a few vectors of neighbouring positions stay in registers while the taps go by.
 *
 *     for each pair of output channels, each line, each run of positions:
 *       acc = bias
 *       for c, ky, kx:
 *         at = image[c][line · strideH + ky · dilationH], from column x · strideW + kx · dilationW on
 *         acc[oc][j] += weight[oc][c][ky][kx] · at[j · strideW]
 *
 * The image is a copy of the lines that a task needs, with their padding, so that no tap asks whether it is inside.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local, Value } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import type { Tiles } from './gemm-micro.ts';
import { loadSplat, multiplyAdd, repeat, scalarOf, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import { emitCopyPadded, loadEverySecond, loadLanes } from './im2col.ts';

/** Bytes of image lines in a task, about: with what they meet, they stay in the first-level cache. */
const BLOCK_BYTES = 16384;
/** Output channels whose sums are in registers together, and vectors of positions. */
const CHANNELS = [4, 2, 1];
const VECTORS: Readonly<Record<number, readonly number[]>> = { 4: [2, 1], 2: [4, 2, 1], 1: [4, 2, 1] };
const MOST_VECTORS = 4;
/** Nanoseconds that a multiplication takes, about. */
const NS = 0.08;

/**
 * What kernels are made for: the stride along a line, 0 for any; how many neighbouring taps a line has, 0 for any; and the heights that
 * output channels are cut into, the greatest first, since what is not needed takes its time to emit in a cold process.
 */
interface Line {
  readonly stride: number;
  readonly taps: number;
  readonly heights: readonly number[];
}

/**
 * Lines of taps that are written out, without a loop, where multiply-add is one instruction. Elsewhere the engines keep so many
 * products for later that registers run out: half the speed in Node 20, 0.85 of it in Bun.
 */
const WRITTEN_OUT = [3, 5, 9];

interface DirectPlan {
  readonly tiles: Tiles;
  readonly lineBlock: number;
  readonly padLines: number;
  readonly padColumns: number;
  readonly padAt: number;
  readonly scratchBytes: number;
}

export function directPlan(c: ConvShape): DirectPlan {
  const tiles = tilesFor(c.dtype, features());
  const { bytes, lanes } = tiles.element;
  const padColumns = (c.ow - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const lineBytes = (c.cin / c.groups) * padColumns * bytes;
  const reach = (c.kh - 1) * c.dilationH + 1;
  const most = Math.max(1, Math.floor((BLOCK_BYTES / lineBytes - reach) / c.strideH) + 1);
  const lineBlock = evenBlock(c.oh, most, 1);
  const padLines = (lineBlock - 1) * c.strideH + reach;
  const padAt = 64;
  // The last vectors of a line may reach over its end.
  const slack = MOST_VECTORS * lanes * c.strideW * bytes;
  const scratchBytes = align(padAt + lineBytes * padLines + slack);
  return { tiles, lineBlock, padLines, padColumns, padAt, scratchBytes };
}

/**
 * Tiles that a line of all output channels is cut into: how many output channels and vectors of positions they have, and
 * how many such tiles there are.
 */
export function directTiles(rows: number, columns: number, lanes: number) {
  const tiles: { readonly rows: number; readonly vectors: number; readonly count: number }[] = [];
  let rowsLeft = rows;
  for (const height of CHANNELS) {
    const bands = Math.floor(rowsLeft / height);
    rowsLeft -= bands * height;
    let left = columns;
    for (const vectors of VECTORS[height]) {
      const runs = vectors === 1 ? Math.ceil(left / lanes) : Math.floor(left / lanes / vectors);
      left -= runs * vectors * lanes;
      tiles.push({ rows: height, vectors, count: bands * runs });
    }
  }
  return tiles;
}

/** The heights among `CHANNELS` that so many output channels are cut into. */
function heightsOf(rows: number): number[] {
  return CHANNELS.filter((height) => {
    const bands = Math.floor(rows / height);
    rows -= bands * height;
    return bands > 0;
  });
}

/** Weights are read as they are: [groups · rows, channels, kh, kw]. */
export function directLaunch(
  c: ConvShape,
  pointers: { readonly x: number; readonly weights: number; readonly bias: number; readonly out: number },
): Launch {
  const plan = directPlan(c);
  const { tiles } = plan;
  const lineTasks = Math.ceil(c.oh / plan.lineBlock);
  const stride = c.strideW <= 2 ? c.strideW : 0;
  const taps = tiles.fma && stride > 0 && c.dilationW === 1 && WRITTEN_OUT.includes(c.kw) ? c.kw : 0;
  const args: TaskArgs<typeof DIRECT> = {
    ...pointers,
    groups: c.groups,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
    lineTasks,
    lineBlock: plan.lineBlock,
    h: c.h,
    w: c.w,
    oh: c.oh,
    ow: c.ow,
    kh: c.kh,
    kw: c.kw,
    strideH: c.strideH,
    strideW: c.strideW,
    padTop: c.padTop,
    padLeft: c.padLeft,
    dilationH: c.dilationH,
    dilationW: c.dilationW,
    padLines: plan.padLines,
    padColumns: plan.padColumns,
    padAt: plan.padAt,
  };
  const heights = heightsOf(args.rows);
  const form = `s${stride === 0 ? 'n' : stride}k${taps === 0 ? 'n' : taps}h${heights.join('')}`;
  return {
    name: `${tiles.element.type}_conv_direct_${form}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: emitterFor(tiles.element.dtype, { stride, taps, heights }),
    entry: 'convDirect',
    args: taskArgs(DIRECT, args),
    tasks: c.n * c.groups * lineTasks,
    ns: convNs(c, NS),
    scratchBytes: plan.scratchBytes,
  };
}

const emitterFor =
  (dtype: FloatDType, line: Line): Emitter =>
  (code, target) =>
    emitConvDirect(code, tilesFor(dtype, target), line);

const LINES = {
  lines: 'i32',
  columns: 'i32',
  image: 'i32',
  imagePlane: 'i32',
  channels: 'i32',
  kh: 'i32',
  kw: 'i32',
  dilationLine: 'i32',
  dilationStep: 'i32',
  strideLine: 'i32',
  strideStep: 'i32',
  weights: 'i32',
  bias: 'i32',
  out: 'i32',
  outPlane: 'i32',
  tile: 'i32',
} as const;

type LineParams = { readonly [K in keyof typeof LINES]: Local<'i32'> };

/** direct_r(…): the lines of a task for r output channels; a `bias` of 0 stands for none; steps in bytes */
function emitDirect(code: Assembler, tiles: Tiles, line: Line, rows: number): Func {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  return code.func(`direct_${rows}`, LINES, [], (params) => {
    const { lines, columns, image, strideLine, strideStep, out } = params;
    const [left, from] = code.locals('i32', 2);
    const state = tileLocals(code, rows);
    repeat(code, lines, () => {
      left.set(columns);
      from.set(image);
      for (const vectors of VECTORS[rows]) {
        code.while(
          () => (vectors === 1 ? i32.gt_s(left, 0) : i32.ge_s(left, vectors * lanes)),
          () => {
            emitTile(code, tiles, line, vectors, params, state, from, left);
            code.increase(from, i32.mul(strideStep, vectors * lanes));
            code.increase(out, vectors * lanes * bytes);
            code.decrease(left, vectors * lanes);
          },
        );
      }
      // The last vector may have gone past the end of the line.
      code.increase(out, code.scale(left, bytes));
      code.increase(image, strideLine);
    });
  });
}

interface TileLocals {
  readonly acc: readonly (readonly Local<'v128'>[])[];
  readonly pixels: readonly Local<'v128'>[];
  readonly weight: Local<'v128'>;
  /** Where the weights of each output channel are. */
  readonly taps: readonly Local<'i32'>[];
  readonly i32s: readonly Local<'i32'>[];
}

function tileLocals(code: Assembler, rows: number): TileLocals {
  return {
    acc: Array.from({ length: rows }, () => code.locals('v128', VECTORS[rows][0])),
    pixels: code.locals('v128', VECTORS[rows][0]),
    weight: code.local('v128'),
    taps: code.locals('i32', rows),
    i32s: code.locals('i32', 11),
  };
}

/** The output channels of `state` × `vectors` of positions from `from` on, stored at out; of a last vector, `left` elements. */
function emitTile(
  code: Assembler,
  tiles: Tiles,
  { stride, taps: written }: Line,
  vectors: number,
  params: LineParams,
  state: TileLocals,
  from: Local<'i32'>,
  left: Local<'i32'>,
): void {
  const { i32, v128 } = code;
  const { element, fma } = tiles;
  const { bytes, lanes } = element;
  const { imagePlane, channels, kh, kw, dilationLine, dilationStep, strideStep } = params;
  const { weights, bias, out, outPlane, tile } = params;
  const { pixels, weight, taps } = state;
  const [c, ky, kx, plane, line, pixel, at, ...addresses] = state.i32s;
  const acc = state.acc.map((row) => row.slice(0, vectors));
  for (const [r, row] of acc.entries()) {
    for (const sum of row) sum.set(bytes === 4 ? code.f32x4.const(0) : code.f64x2.const(0));
    code.if(bias, () => {
      for (const sum of row) sum.set(loadSplat(code, element, bias, r * bytes));
    });
  }
  /** Adds the products of the tap whose weights, and whose first pixel, lie `offset` bytes further. */
  const tap = (offset: number) => {
    for (let v = 0; v < vectors; v++) {
      if (stride === 1) pixels[v].set(v128.load(pixel, 16 * v + offset));
      else if (stride === 2) pixels[v].set(loadEverySecond(code, element, pixel, 32 * v + offset));
      else {
        const own = addresses.slice(0, lanes);
        if (v === 0) at.set(pixel);
        for (const address of own) {
          address.set(at);
          code.increase(at, strideStep);
        }
        loadLanes(code, element, pixels[v], own);
      }
    }
    for (const [r, row] of acc.entries()) {
      weight.set(loadSplat(code, element, taps[r], offset));
      for (const [v, sum] of row.entries()) multiplyAdd(code, element, fma, sum, weight, pixels[v]);
    }
  };
  for (const [r, address] of taps.entries()) {
    address.set(r === 0 ? weights.get() : i32.add(taps[r - 1], weightBytes(code, params, bytes)));
  }
  plane.set(from);
  c.set(channels);
  repeat(code, c, () => {
    line.set(plane);
    ky.set(kh);
    repeat(code, ky, () => {
      pixel.set(line);
      if (written > 0) {
        for (let i = 0; i < written; i++) tap(i * bytes);
        for (const address of taps) code.increase(address, written * bytes);
      } else {
        kx.set(kw);
        repeat(code, kx, () => {
          tap(0);
          for (const address of taps) code.increase(address, bytes);
          code.increase(pixel, dilationStep);
        });
      }
      code.increase(line, dilationLine);
    });
    code.increase(plane, imagePlane);
  });
  const store = () => {
    at.set(out);
    for (const [r, row] of acc.entries()) {
      if (r > 0) code.increase(at, outPlane);
      for (const [v, sum] of row.entries()) v128.store(at, sum, 16 * v);
    }
  };
  if (vectors > 1) store();
  else {
    code.if(i32.ge_s(left, lanes), store, () => {
      const scalar = scalarOf(code, element);
      at.set(out);
      for (const [r, row] of acc.entries()) {
        if (r > 0) code.increase(at, outPlane);
        v128.store(tile, row[0]);
        for (let i = 0; i < lanes - 1; i++) {
          code.if(i32.gt_s(left, i), () => scalar.store(at, scalar.load(tile, i * bytes), i * bytes));
        }
      }
    });
  }
}

/** Bytes of the weights of one output channel. */
function weightBytes(code: Assembler, { channels, kh, kw }: LineParams, bytes: number): Value<'i32'> {
  return code.scale(code.i32.mul(code.i32.mul(channels, kh), kw), bytes);
}

const DIRECT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  weights: 'i32',
  bias: 'i32',
  out: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
  lineTasks: 'i32',
  lineBlock: 'i32',
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
  padLines: 'i32',
  padColumns: 'i32',
  padAt: 'i32',
} as const;

/** A task: some lines of all output channels of one group of one image. */
function emitConvDirect(code: Assembler, tiles: Tiles, form: Line): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const directs = form.heights.map((rows) => emitDirect(code, tiles, form, rows));
  exportTasks(code, 'convDirect', DIRECT, (params) => {
    const { task, scratch, x, weights, bias, out, groups, rows, channels, lineTasks, lineBlock, h, w, oh, ow } = params;
    const { kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW, padLines, padColumns, padAt } = params;
    const line = code.local('i32', i32.mul(i32.rem_u(task, lineTasks), lineBlock));
    task.set(i32.div_u(task, lineTasks));
    const group = code.local('i32', i32.rem_u(task, groups));
    const lines = code.local('i32', i32.sub(oh, line));
    lines.set(code.least(lines, lineBlock));
    const pad = code.local('i32', i32.add(scratch, padAt));
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const padLine = code.local('i32', code.scale(padColumns, bytes));
    const padPlane = code.local('i32', i32.mul(padLine, padLines));
    // task is now image · groups + group.
    const source = code.local('i32', i32.add(x, i32.mul(i32.mul(task, channels), plane)));
    const needed = code.local('i32', i32.mul(i32.sub(lines, 1), strideH));
    code.increase(needed, i32.add(i32.mul(i32.sub(kh, 1), dilationH), 1));
    const top = code.local('i32', i32.sub(i32.mul(line, strideH), padTop));
    const left = code.local('i32', i32.sub(0, padLeft));
    code.call(copyPadded, channels, needed, padColumns, source, plane, top, left, h, w, pad, padPlane);

    const outPlane = code.local('i32', code.scale(i32.mul(oh, ow), bytes));
    const target = code.local('i32', i32.add(out, i32.mul(i32.mul(task, rows), outPlane)));
    code.increase(target, code.scale(i32.mul(line, ow), bytes));
    const size = code.local('i32', code.scale(i32.mul(i32.mul(channels, kh), kw), bytes));
    const taps = code.local('i32', i32.add(weights, i32.mul(i32.mul(group, rows), size)));
    code.if(bias, () => code.increase(bias, code.scale(i32.mul(group, rows), bytes)));
    const dilationLine = code.local('i32', i32.mul(dilationH, padLine));
    const dilationStep = code.local('i32', code.scale(dilationW, bytes));
    const strideLine = code.local('i32', i32.mul(strideH, padLine));
    const strideStep = code.local('i32', code.scale(strideW, bytes));
    for (const [i, direct] of directs.entries()) {
      const height = form.heights[i];
      code.while(
        () => i32.ge_s(rows, height),
        () => {
          const image = [pad, padPlane, channels, kh, kw, dilationLine, dilationStep, strideLine, strideStep];
          code.call(direct, lines, ow, ...image, taps, bias, target, outPlane, scratch);
          code.increase(target, i32.mul(outPlane, height));
          code.increase(taps, i32.mul(size, height));
          code.if(bias, () => code.increase(bias, height * bytes));
          code.decrease(rows, height);
        },
      );
    }
  });
}
