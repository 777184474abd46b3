/**
 * Convolution forward without a matrix product, for groups of few channels (depthwise above all): sums for a few
 * output channels and a few vectors of neighbouring positions stay in registers while the taps go by.
 *
 *     for some output channels, each line, each run of positions:
 *       acc = bias
 *       for c, ky, kx:
 *         at = image[c][line · strideH + ky · dilationH], from column x · strideW + kx · dilationW on
 *         acc[oc][j] += weight[oc][c][ky][kx] · at[j · strideW]
 *
 * The image is a copy of the lines that a task needs, with their padding, so that no tap asks whether it is inside.
 *
 * Fewer than four output channels would load as much as they multiply. So, with a stride of one, they take several lines
 * together: what is loaded of a line of the image meets each line of the result with another line of the filter.
 *
 *     for each line of the image that some of the lines meet, and that is inside; for kx:
 *       at = the line, from column x + kx · dilationW on
 *       acc[oc][i][j] += weight[oc][c][line of the image − i][kx] · at[j]   for those i that meet it
 *
 * Either way a sum adds its products by c, ky, kx: in the same order however a result is cut.
 * An infinite weight leaves NaN where it meets padding; lines above and below the image may be left out.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local, Operand, Value } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { WINDOW, windowOf } from './conv-window.ts';
import type { Element, Tiles } from './gemm-micro.ts';
import { loadSplat, multiplyAdd, repeat, scalarOf, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, taskArgs } from './gemm-plan.ts';
import { emitCopyPadded, loadEverySecond, loadLanes } from './im2col.ts';

/** Bytes of image lines in a task, about: with what they meet, they stay in the first-level cache. */
const BLOCK_BYTES = 16384;
const SHARED_BLOCK_BYTES = 98304;
/** Output channels whose sums are in registers together, and vectors of positions. */
const CHANNELS = [4, 3, 2, 1];
const VECTORS: Readonly<Record<number, readonly number[]>> = { 4: [2, 1], 3: [3, 2, 1], 2: [4, 2, 1], 1: [4, 2, 1] };
const MOST_VECTORS = 4;
/** Where lines are taken together: lines times channels (without fused multiply-add a product needs a register, too), and vectors. */
const SHARED_ROWS = { fma: 6, simd: 4 } as const;
const SHARED_VECTORS = 2;
/** Taps of a filter up to which lines are taken together: all lines that they meet are written out. */
const MOST_TAPS = 49;
/** Nanoseconds that a multiplication takes, about. */
const NS = 0.08;

/**
 * What kernels are made for: the stride along a line, 0 for any; how many neighbouring taps a line has, 0 for any; the filter whose
 * lines meet several lines of the result together, if they do; and the heights that output channels are cut into, the greatest
 * first, since what is not needed takes its time to emit in a cold process.
 */
interface Form {
  readonly stride: number;
  readonly taps: number;
  readonly shared: { readonly kh: number; readonly kw: number } | null;
  readonly heights: readonly number[];
}

/** Lines of the result that so many output channels take together. */
function linesTogether(rows: number, isShared: boolean, fma: boolean): number {
  return isShared ? Math.max(1, Math.floor(SHARED_ROWS[fma ? 'fma' : 'simd'] / rows)) : 1;
}

/** Whether lines are taken together. */
function isShared(c: ConvShape): boolean {
  return c.strideH === 1 && c.strideW === 1 && c.dilationH === 1 && c.kh > 1 && c.kh * c.kw <= MOST_TAPS;
}

/**
 * Lines of taps that are written out, without a loop, where multiply-add is one instruction. Elsewhere the engines keep so many
 * products for later that registers run out: half the speed in Node 20, 0.85 of it in Bun.
 */
const WRITTEN_OUT = [3, 5, 9];

interface DirectPlan {
  readonly tiles: Tiles;
  /** Whether some channels take lines together. */
  readonly isShared: boolean;
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
  const least = Math.max(...heightsOf(c.cout / c.groups).map((rows) => linesTogether(rows, isShared(c), tiles.fma)));
  const most = Math.max(
    least,
    Math.floor(((least === 1 ? BLOCK_BYTES : SHARED_BLOCK_BYTES) / lineBytes - reach) / c.strideH) + 1,
  );
  const lineBlock = evenBlock(c.oh, most, least);
  const padLines = (lineBlock - 1) * c.strideH + reach;
  const padAt = 64;
  // The last vectors of a line may reach over its end.
  // Second vectors that lie below the first read as many lines behind the last.
  const slack = MOST_VECTORS * lanes * c.strideW * bytes + (least > 1 ? least * padColumns * bytes : 0);
  const scratchBytes = align(padAt + lineBytes * padLines + slack);
  return { tiles, isShared: least > 1, lineBlock, padLines, padColumns, padAt, scratchBytes };
}

/**
 * Tiles that a plane of all output channels is cut into: how many output channels, lines and vectors of positions they
 * have, and how many such tiles there are.
 */
export function directTiles(c: ConvShape, lanes: number) {
  const tiles: { readonly rows: number; readonly lines: number; readonly vectors: number; readonly count: number }[] =
    [];
  const rows = c.cout / c.groups;
  for (const height of heightsOf(rows)) {
    const bands = height === CHANNELS[0] ? Math.floor(rows / height) : 1;
    const lines = linesTogether(height, isShared(c), true);
    let left = c.ow;
    if (lines > 1) {
      const tail = tailOf(c.ow, lanes);
      const count = Math.ceil((left - tail) / lanes / SHARED_VECTORS) * Math.ceil(c.oh / lines);
      tiles.push({ rows: height, lines, vectors: SHARED_VECTORS, count: bands * count });
      if (tail > 0)
        tiles.push({ rows: height, lines: 2 * lines, vectors: 1, count: bands * Math.ceil(c.oh / lines / 2) });
      continue;
    }
    for (const vectors of VECTORS[height]) {
      const runs = vectors === 1 ? Math.ceil(left / lanes) : Math.floor(left / lanes / vectors);
      left -= runs * vectors * lanes;
      tiles.push({ rows: height, lines, vectors, count: bands * runs * c.oh });
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

/** Columns behind all pairs of vectors, if one vector holds them: those of twice as many lines are taken together. */
function tailOf(columns: number, lanes: number): number {
  const rest = columns % (SHARED_VECTORS * lanes);
  return rest > lanes ? 0 : rest;
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
    ...windowOf(c),
    padLines: plan.padLines,
    padColumns: plan.padColumns,
    padAt: plan.padAt,
  };
  const heights = heightsOf(args.rows);
  const shared =
    isShared(c) && heights.some((rows) => linesTogether(rows, true, tiles.fma) > 1) ? { kh: c.kh, kw: c.kw } : null;
  const filter = shared === null ? '' : `f${c.kh}x${c.kw}`;
  const form = `s${stride === 0 ? 'n' : stride}k${taps === 0 ? 'n' : taps}${filter}h${heights.join('')}`;
  return {
    name: `${tiles.element.type}_conv_direct_${form}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: emitterFor(tiles.element.dtype, { stride, taps, shared, heights }),
    entry: 'convDirect',
    args: taskArgs(DIRECT, args),
    tasks: c.n * c.groups * lineTasks,
    ns: convNs(c, NS),
    scratchBytes: plan.scratchBytes,
  };
}

const emitterFor =
  (dtype: FloatDType, form: Form): Emitter =>
  (code, target) =>
    emitConvDirect(code, tilesFor(dtype, target), form);

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
  outLine: 'i32',
  outPlane: 'i32',
  tile: 'i32',
  top: 'i32',
  bottom: 'i32',
} as const;

type LineParams = { readonly [K in keyof typeof LINES]: Local<'i32'> };

/**
 * direct_r(…): the lines of a task for r output channels; a `bias` of 0 stands for none; steps in bytes. Where lines are taken
 * together, the first of `image` is line `top` of the input, of which those before 0 and from `bottom` on are skipped. Sums have a
 * second vector, to the right of the first, or below its last line where the columns are a tail, which is not longer than a vector.
 */
function emitDirect(code: Assembler, tiles: Tiles, form: Form, rows: number, storeSome: Func): Func {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  return code.func(`direct_${rows}`, LINES, [], (params) => {
    const { lines, columns, image, strideLine, strideStep, out, outLine, top } = params;
    const [left, from] = code.locals('i32', 2);
    const together = linesTogether(rows, form.shared !== null, tiles.fma);
    const isShared = together > 1;
    const widths = isShared ? [SHARED_VECTORS] : VECTORS[rows];
    const state = tileLocals(code, rows, together, widths[0]);
    const { farLines, farPixel, farOut } = state;
    const width = code.local('i32', SHARED_VECTORS * lanes);
    const height = code.local('i32', together);
    if (isShared) {
      farPixel.set(16);
      farOut.set(16);
      code.if(i32.le_s(columns, lanes), () => {
        width.set(lanes);
        height.set(2 * together);
        farLines.set(together);
        farPixel.set(i32.mul(strideLine, together));
        farOut.set(i32.mul(outLine, together));
      });
    }
    code.while(
      () => i32.gt_s(lines, 0),
      () => {
        left.set(columns);
        from.set(image);
        for (const vectors of widths) {
          code.while(
            () => (isShared || vectors === 1 ? i32.gt_s(left, 0) : i32.ge_s(left, vectors * lanes)),
            () => {
              emitTile(code, tiles, form, vectors, params, state, from, left, storeSome);
              if (!isShared) width.set(vectors * lanes);
              code.increase(from, i32.mul(strideStep, width));
              code.increase(out, code.scale(width, bytes));
              code.decrease(left, width);
            },
          );
        }
        // The last vector may have gone past the end of the line.
        code.increase(out, code.scale(i32.sub(left, columns), bytes));
        code.increase(out, i32.mul(outLine, height));
        code.increase(image, i32.mul(strideLine, height));
        code.increase(top, height);
        code.decrease(lines, height);
      },
    );
  });
}

interface TileLocals {
  /** The sums of each line of each output channel. */
  readonly acc: readonly (readonly (readonly Local<'v128'>[])[])[];
  readonly pixels: readonly Local<'v128'>[];
  readonly weight: Local<'v128'>;
  /** Where the weights of each output channel are. */
  readonly taps: readonly Local<'i32'>[];
  /** Of the second of two vectors: by how many lines, by how much in the image and in the result it is further. */
  readonly farLines: Local<'i32'>;
  readonly farPixel: Local<'i32'>;
  readonly farOut: Local<'i32'>;
  readonly i32s: readonly Local<'i32'>[];
}

function tileLocals(code: Assembler, rows: number, lines: number, vectors: number): TileLocals {
  return {
    acc: Array.from({ length: rows }, () => Array.from({ length: lines }, () => code.locals('v128', vectors))),
    pixels: code.locals('v128', vectors),
    weight: code.local('v128'),
    taps: code.locals('i32', rows),
    farLines: code.local('i32'),
    farPixel: code.local('i32'),
    farOut: code.local('i32'),
    i32s: code.locals('i32', 11),
  };
}

/** The output channels and lines of `state` × `vectors` of positions from `from` on, stored at out; of a last vector, `left` elements. */
function emitTile(
  code: Assembler,
  tiles: Tiles,
  { stride, taps: written, shared }: Form,
  vectors: number,
  params: LineParams,
  state: TileLocals,
  from: Local<'i32'>,
  left: Local<'i32'>,
  storeSome: Func,
): void {
  const { i32, v128 } = code;
  const { element, fma } = tiles;
  const { bytes, lanes } = element;
  const { imagePlane, channels, kh, kw, dilationLine, dilationStep, strideStep } = params;
  const { weights, bias, out, outLine, outPlane, tile, lines, top, bottom } = params;
  const { pixels, weight, taps, farLines, farPixel, farOut } = state;
  const [c, ky, kx, plane, line, pixel, at, ...addresses] = state.i32s;
  const [last, before, now, far] = addresses;
  const acc = state.acc.map((own) => own.map((sums) => sums.slice(0, vectors)));
  const together = acc[0].length;
  const filter = together > 1 ? shared : null;
  const lineBytesOfTaps = (filter?.kw ?? 0) * bytes;
  for (const [r, own] of acc.entries()) {
    for (const sum of own.flat()) sum.set(bytes === 4 ? code.f32x4.const(0) : code.f64x2.const(0));
    code.if(bias, () => {
      for (const sum of own.flat()) sum.set(loadSplat(code, element, bias, r * bytes));
    });
  }
  /**
   * Adds the products of the tap whose first pixel lies `offset` bytes further, to the lines whose taps there are: of the first,
   * line `q` of the filter. Weights lie `base` bytes more than pixels.
   */
  const tap = (offset: number, q: number, base: number) => {
    for (let v = 0; v < vectors; v++) {
      if (filter !== null && v === 1) pixels[v].set(v128.load(far, offset));
      else if (stride === 1) pixels[v].set(v128.load(pixel, 16 * v + offset));
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
    for (const [r, own] of acc.entries()) {
      for (const [i, sums] of own.entries()) {
        if (filter !== null && (q < i || q - i >= filter.kh)) continue;
        const further = offset + base + (q - i) * lineBytesOfTaps;
        // Before the first channel a pointer may be below zero, and only an addition wraps around.
        const place = filter === null ? taps[r] : i32.add(taps[r], further);
        weight.set(loadSplat(code, element, place, filter === null ? further : 0));
        for (const [v, sum] of sums.entries()) multiplyAdd(code, element, fma, sum, weight, pixels[v]);
      }
    }
  };
  const increaseTaps = (by: number) => {
    for (const address of taps) code.increase(address, by);
  };
  /** The taps that meet a line of the image. */
  const meet = (line: Local<'i32'>, q = 0, base = 0) => {
    pixel.set(line);
    if (filter !== null) far.set(i32.add(line, farPixel));
    if (written > 0) for (let i = 0; i < written; i++) tap(i * bytes, q, base);
    else {
      kx.set(kw);
      repeat(code, kx, () => {
        tap(0, q, base);
        increaseTaps(bytes);
        code.increase(pixel, dilationStep);
        if (filter !== null) code.increase(far, dilationStep);
      });
    }
  };
  for (const [r, address] of taps.entries()) {
    address.set(r === 0 ? weights.get() : i32.add(taps[r - 1], weightBytes(code, params, bytes)));
  }
  plane.set(from);
  c.set(channels);
  if (filter === null) {
    repeat(code, c, () => {
      line.set(plane);
      ky.set(kh);
      repeat(code, ky, () => {
        meet(line);
        if (written > 0) increaseTaps(written * bytes);
        code.increase(line, dilationLine);
      });
      code.increase(plane, imagePlane);
    });
  } else {
    // The last lines of a channel, which few lines of the result meet, in turns with the first of the next: sums wait for each other
    // less. Taps point to those of the channel before.
    const size = filter.kh * lineBytesOfTaps;
    const turns = Math.max(together, filter.kh);
    const meetInside = (limit: Local<'i32'>, line: Local<'i32'>, q: number, base: number) => {
      const isInside = (line: Value<'i32'>) => i32.lt_u(line, limit);
      code.if(i32.or(isInside(i32.add(top, q)), isInside(i32.add(i32.add(top, farLines), q))), () => {
        meet(line, q, base);
        if (written === 0) increaseTaps(-lineBytesOfTaps);
      });
      code.increase(line, dilationLine);
    };
    increaseTaps(-size);
    before.set(0);
    code.increase(c, 1);
    now.set(bottom);
    repeat(code, c, () => {
      code.if(i32.eq(c, 1), () => now.set(0));
      for (let q = 0; q < turns; q++) {
        if (q + turns < filter.kh + together - 1) meetInside(before, last, q + turns, 0);
        if (q === 0) line.set(plane);
        meetInside(now, line, q, size);
      }
      last.set(line);
      before.set(bottom);
      increaseTaps(size);
      code.increase(plane, imagePlane);
    });
  }
  const forRows = (put: (sums: readonly Local<'v128'>[], line: number) => void) => {
    line.set(out);
    for (const [r, own] of acc.entries()) {
      if (r > 0) code.increase(line, outPlane);
      at.set(line);
      for (const [i, sums] of own.entries()) {
        if (i > 0) code.increase(at, outLine);
        put(sums, i);
      }
    }
  };
  if (filter !== null) {
    // How many lines there are for the second vectors, and how many elements of their lines.
    now.set(i32.sub(lines, farLines));
    last.set(code.select(left, i32.sub(left, lanes), farLines));
    const storeAll = (store: (at: Value<'i32'>, sum: Local<'v128'>, left: Local<'i32'>) => void) =>
      forRows(([sum, second], i) => {
        code.if(i32.gt_s(lines, i), () => store(at.get(), sum, left));
        code.if(i32.gt_s(now, i), () => store(i32.add(at, farOut), second, last));
      });
    code.if(
      i32.ge_s(last, lanes),
      () => storeAll((to, sum) => v128.store(to, sum)),
      () => storeAll((to, sum, count) => code.call(storeSome, to, count, sum, tile)),
    );
    return;
  }
  const storeWhole = () =>
    forRows((sums) => {
      for (const [v, sum] of sums.entries()) v128.store(at, sum, 16 * v);
    });
  if (vectors > 1) storeWhole();
  else {
    code.if(i32.ge_s(left, lanes), storeWhole, () => forRows(([sum]) => code.call(storeSome, at, left, sum, tile)));
  }
}

/** storeSome(to, count, vector, tile): the first `count` elements of a vector, by way of `tile` */
function emitStoreSome(code: Assembler, element: Element): Func {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  const params = { to: 'i32', count: 'i32', vector: 'v128', tile: 'i32' } as const;
  return code.func('storeSome', params, [], ({ to, count, vector, tile }) => {
    code.if(
      i32.ge_s(count, lanes),
      () => v128.store(to, vector),
      () => {
        v128.store(tile, vector);
        for (let i = 0; i < lanes - 1; i++) {
          code.if(i32.gt_s(count, i), () => scalar.store(to, scalar.load(tile, i * bytes), i * bytes));
        }
      },
    );
  });
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
  ...WINDOW,
  padLines: 'i32',
  padColumns: 'i32',
  padAt: 'i32',
} as const;

/** A task: some lines of all output channels of one group of one image. */
function emitConvDirect(code: Assembler, tiles: Tiles, form: Form): void {
  const { i32 } = code;
  const { bytes, lanes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const storeSome = emitStoreSome(code, tiles.element);
  const directs = form.heights.map((rows) => emitDirect(code, tiles, form, rows, storeSome));
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
    const bottom = code.local('i32', i32.add(top, needed));
    bottom.set(code.select(h, bottom, i32.lt_s(h, bottom)));
    const left = code.local('i32', i32.sub(0, padLeft));
    code.call(copyPadded, channels, needed, padColumns, source, plane, top, left, h, w, pad, padPlane);

    const outLine = code.local('i32', code.scale(ow, bytes));
    const outPlane = code.local('i32', i32.mul(oh, outLine));
    const tail = code.local('i32');
    const whole = code.local('i32', i32.and(ow, -SHARED_VECTORS * lanes));
    tail.set(i32.sub(ow, whole));
    // Anything longer than a vector goes with what is before.
    code.if(i32.gt_s(tail, lanes), () => whole.set(ow));
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
          const run = (columns: Operand<'i32'>, image: Operand<'i32'>, to: Operand<'i32'>) => {
            const steps = [padPlane, channels, kh, kw, dilationLine, dilationStep, strideLine, strideStep];
            code.call(direct, lines, columns, image, ...steps, taps, bias, to, outLine, outPlane, scratch, top, bottom);
          };
          if (linesTogether(height, form.shared !== null, tiles.fma) === 1) run(ow, pad, target);
          else {
            code.if(whole, () => run(whole, pad, target));
            code.if(i32.lt_s(whole, ow), () => {
              run(i32.sub(ow, whole), code.index(pad, whole, bytes), code.index(target, whole, bytes));
            });
          }
          code.increase(target, i32.mul(outPlane, height));
          code.increase(taps, i32.mul(size, height));
          code.if(bias, () => code.increase(bias, height * bytes));
          code.decrease(rows, height);
        },
      );
    }
  });
}
