/**
 * Convolution backwards to its input by the other way than conv-input.ts: the product Wᵀ·grad, of which each row is one
 * tap (c, ky, kx) over a block of output positions, added to where that tap reads the image ("col2im"). It forms no
 * product that the forward convolution did not, and A has all taps as rows: better with few input channels, and where
 * the input is much larger than the output, as without padding.
 *
 * A task owns some channels of one image, so that its additions are in an order that the shape alone decides.
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local } from '../assembler.ts';
import { executor } from '../executor.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { WINDOW, windowOf } from './conv-window.ts';
import type { MacroFuncs } from './gemm-macro.ts';
import { emitColumns, emitMacro, emitPackB, FROM_C, FROM_ZERO } from './gemm-macro.ts';
import type { Element, Tiles } from './gemm-micro.ts';
import { loadSplat, repeat, scalarOf, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, evenBlock, partsFor, taskArgs } from './gemm-plan.ts';

/** Output channels in a block, as k in gemm.ts; rows (taps) in a task, at most, and at least if there are so many; positions in a block. */
const BLOCK_K_BYTES = 384 * 4;
const TASK_ROWS = 192;
const LEAST_ROWS = 32;
const BLOCK_POSITIONS = 240;
/** Nanoseconds that a multiplication takes, and a weight that is packed, about. */
const NS = { product: 0.05, pack: 0.5 } as const;

interface ScatterPlan {
  readonly tiles: Tiles;
  /** Output and input channels of a group. */
  readonly outChannels: number;
  readonly channels: number;
  readonly channelBlock: number;
  readonly kBlock: number;
  readonly lineBlock: number;
  readonly columnBlock: number;
  /** Bytes of the packed weights of one task. */
  readonly packedStep: number;
  readonly sharedBytes: number;
  readonly bufferAt: number;
  readonly bufferRow: number;
  readonly aAt: number;
  readonly scratchBytes: number;
}

export function scatterPlan(c: ConvShape): ScatterPlan {
  const tiles = tilesFor(c.dtype, features());
  const { bytes } = tiles.element;
  const [height] = tiles.heights;
  const [width] = tiles.widths;
  const outChannels = c.cout / c.groups;
  const channels = c.cin / c.groups;
  const taps = c.kh * c.kw;
  const fewest = Math.ceil(channels / evenBlock(channels, Math.max(1, Math.floor(TASK_ROWS / taps)), 1));
  const most = Math.min(channels, Math.max(fewest, Math.ceil((channels * taps) / LEAST_ROWS)));
  // Each part packs the gradient anew, and adds up what it multiplies (see `scatterCycles`).
  const cost = (parts: number): number => 0.3 * outChannels + (channels * taps * (outChannels / 8 + 1.3)) / parts;
  const parts = partsFor(executor().threads, c.n * c.groups, fewest, most, cost);
  const channelBlock = evenBlock(channels, Math.ceil(channels / parts), 1);
  const kBlock = evenBlock(outChannels, BLOCK_K_BYTES / bytes, 4);
  const columnBlock = c.ow > BLOCK_POSITIONS ? evenBlock(c.ow, BLOCK_POSITIONS, width) : c.ow;
  const lineBlock =
    c.ow > BLOCK_POSITIONS ? 1 : evenBlock(c.oh, Math.max(1, Math.floor(BLOCK_POSITIONS / Math.max(c.ow, 1))), 1);
  const positions = Math.ceil((lineBlock * columnBlock) / width) * width;
  // Panels round rows up by less than the height of one.
  const packedStep = align((channelBlock * taps + height) * outChannels * bytes);
  const bufferAt = align(height * width * bytes + width * bytes);
  const aAt = align(bufferAt + channelBlock * taps * positions * bytes);
  return {
    tiles,
    outChannels,
    channels,
    channelBlock,
    kBlock,
    lineBlock,
    columnBlock,
    packedStep,
    sharedBytes: packedStep * c.groups * Math.ceil(channels / channelBlock),
    bufferAt,
    bufferRow: positions * bytes,
    aAt,
    scratchBytes: align(aAt + positions * kBlock * bytes),
  };
}

/** Tensors as in `ConvBackwardInput`; `sharedPtr` has `scatterPlan(…).sharedBytes` bytes. */
export function scatterLaunches(
  c: ConvShape,
  pointers: { readonly grad: number; readonly weights: number; readonly bias: number; readonly out: number },
  sharedPtr: number,
): Launch[] {
  const plan = scatterPlan(c);
  const { tiles } = plan;
  const module = { name: tiles.name.replace('gemm', 'convScatter'), emit: EMITTERS[tiles.element.dtype] };
  const channelBlocks = Math.ceil(plan.channels / plan.channelBlock);
  const shared = {
    packed: sharedPtr,
    packedStep: plan.packedStep,
    channels: plan.channels,
    channelBlock: plan.channelBlock,
    channelBlocks,
    outChannels: plan.outChannels,
    taps: c.kh * c.kw,
    kBlock: plan.kBlock,
  };
  const packArgs: TaskArgs<typeof PACK_TAPS> = { ...shared, weights: pointers.weights };
  const mainArgs: TaskArgs<typeof CONV_SCATTER> = {
    ...shared,
    grad: pointers.grad,
    bias: pointers.bias,
    out: pointers.out,
    groups: c.groups,
    lineBlock: plan.lineBlock,
    columnBlock: plan.columnBlock,
    ...windowOf(c),
    bufferAt: plan.bufferAt,
    bufferRow: plan.bufferRow,
    aAt: plan.aAt,
  };
  const tasks = c.groups * channelBlocks;
  const weights = plan.outChannels * c.cin * c.kh * c.kw;
  return [
    {
      ...module,
      entry: 'packTapRows',
      args: taskArgs(PACK_TAPS, packArgs),
      tasks,
      ns: weights * NS.pack,
      scratchBytes: 0,
    },
    {
      ...module,
      entry: 'convScatter',
      args: taskArgs(CONV_SCATTER, mainArgs),
      tasks: tasks * c.n,
      ns: convNs(c, NS.product),
      scratchBytes: plan.scratchBytes,
    },
  ];
}

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code, target) => {
    const tiles = tilesFor(dtype, target);
    const macro = emitMacro(code, tiles);
    emitPackTapRows(code, tiles, macro);
    emitConvScatter(code, tiles, macro);
  };

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };

const PACK_TAPS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  packed: 'i32',
  packedStep: 'i32',
  channels: 'i32',
  channelBlock: 'i32',
  channelBlocks: 'i32',
  outChannels: 'i32',
  taps: 'i32',
  kBlock: 'i32',
} as const;

/** packTapRows: a task packs the rows (c, ky, kx) of one block of channels, in blocks of output channels */
function emitPackTapRows(code: Assembler, tiles: Tiles, { packA }: MacroFuncs): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  exportTasks(code, 'packTapRows', PACK_TAPS, (params) => {
    const { task, weights, packed, packedStep, channels, channelBlock, channelBlocks, outChannels, taps, kBlock } =
      params;
    const group = code.local('i32', i32.div_u(task, channelBlocks));
    const channel = code.local('i32', i32.mul(i32.rem_u(task, channelBlocks), channelBlock));
    const count = code.local('i32', i32.sub(channels, channel));
    count.set(code.least(count, channelBlock));
    const rows = code.local('i32', i32.mul(count, taps));
    const step = code.local('i32', code.scale(i32.mul(channels, taps), bytes));
    const from = code.local('i32', i32.add(weights, i32.mul(i32.mul(group, outChannels), step)));
    code.increase(from, code.scale(i32.mul(channel, taps), bytes));
    const to = code.local('i32', i32.add(packed, i32.mul(task, packedStep)));
    const [p, steps] = code.locals('i32', 2);
    code.forRange(p, 0, outChannels, kBlock, () => {
      steps.set(i32.sub(outChannels, p));
      steps.set(code.least(steps, kBlock));
      code.call(packA, rows, steps, from, bytes, step, to, steps, 0);
      code.increase(from, i32.mul(step, steps));
      // As in the plan: panels round rows up by less than the height of one.
      code.increase(to, code.scale(i32.mul(i32.add(rows, tiles.heights[0]), steps), bytes));
    });
  });
}

/** Geometry that `scatterTaps` needs, passed on as it is. */
const SCATTER = {
  channels: 'i32',
  from: 'i32',
  fromRow: 'i32',
  lines: 'i32',
  columns: 'i32',
  y: 'i32',
  x: 'i32',
  out: 'i32',
  h: 'i32',
  w: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
} as const;

/**
 * scatterTaps: adds a block of lines and columns of every tap to the planes of its channels; y and x are where the
 * first position of the block reads the image with the first tap
 *
 *     for c, ky, kx:
 *       j from … to: the columns that read inside the line
 *       for each line that reads inside the plane:
 *         out[c][y + ky · dilationH + line · strideH][x + kx · dilationW + j · strideW] += from[c, ky, kx][line][j]
 */
function emitScatterTaps(code: Assembler, element: Element): Func {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  const vector = bytes === 4 ? code.f32x4 : code.f64x2;
  return code.func('scatterTaps', SCATTER, [], (params) => {
    const { channels, from, fromRow, lines, columns, y, x, out, h, w, kh, kw } = params;
    const { strideH, strideW, dilationH, dilationW } = params;
    const [ky, kx, iy, ix, first, last, left, count, source, target, step, at] = code.locals('i32', 12);
    const [spread, zeros] = code.locals('v128', 2);
    const integers = bytes === 4 ? code.i32x4 : code.i64x2;
    const halves = (
      bytes === 4
        ? [
            [0, 4, 1, 5],
            [2, 6, 3, 7],
          ]
        : [
            [0, 2],
            [1, 3],
          ]
    ) as [number, number][];
    const lineStep = code.local('i32', code.scale(columns, bytes));
    const targetStep = code.local('i32', code.scale(strideW, bytes));
    const addLine = () => {
      target.set(code.index(out, i32.add(i32.add(i32.mul(iy, w), ix), i32.mul(first, strideW)), bytes));
      source.set(code.index(at, first, bytes));
      left.set(i32.sub(last, first));
      code.if(i32.eq(strideW, 1), () => {
        code.if(step.tee(i32.shr_u(left, Math.log2(lanes))), () => {
          repeat(code, step, () => {
            v128.store(target, vector.add(v128.load(target), v128.load(source)));
            code.increase(target, 16);
            code.increase(source, 16);
          });
        });
        left.set(i32.and(left, lanes - 1));
      });
      // Every second element, and zeros between them; never the last vector, whose last zero could lie in the next plane.
      code.if(i32.and(i32.eq(strideW, 2), i32.gt_u(left, lanes)), () => {
        step.set(i32.shr_u(i32.sub(left, 1), Math.log2(lanes)));
        code.decrease(left, code.scale(step, lanes));
        repeat(code, step, () => {
          spread.set(v128.load(source));
          for (const [half, places] of halves.entries()) {
            const sum = vector.add(v128.load(target, 16 * half), integers.shuffle(places, spread, zeros));
            v128.store(target, sum, 16 * half);
          }
          code.increase(target, 32);
          code.increase(source, 16);
        });
      });
      code.if(left, () => {
        repeat(code, left, () => {
          scalar.store(target, scalar.add(scalar.load(target), scalar.load(source)));
          code.increase(target, targetStep);
          code.increase(source, bytes);
        });
      });
    };
    const zero = code.local('i32');
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    repeat(code, channels, () => {
      ky.set(0);
      repeatUpTo(code, ky, kh, () => {
        kx.set(0);
        repeatUpTo(code, kx, kw, () => {
          ix.set(i32.add(x, i32.mul(kx, dilationW)));
          // first = ⌈−ix / strideW⌉, last = ⌊(w − 1 − ix) / strideW⌋ + 1, both within 0 … columns
          first.set(i32.sub(0, ix));
          first.set(code.select(first, zero, i32.gt_s(first, 0)));
          first.set(i32.div_u(i32.add(first, i32.sub(strideW, 1)), strideW));
          last.set(i32.sub(w, ix));
          last.set(code.select(last, zero, i32.gt_s(last, 0)));
          last.set(i32.div_u(i32.add(last, i32.sub(strideW, 1)), strideW));
          last.set(code.least(last, columns));
          at.set(from);
          iy.set(i32.add(y, i32.mul(ky, dilationH)));
          count.set(lines);
          code.if(i32.lt_u(first, last), () => {
            repeat(code, count, () => {
              code.if(i32.lt_u(iy, h), addLine);
              code.increase(iy, strideH);
              code.increase(at, lineStep);
            });
          });
          code.increase(from, fromRow);
        });
      });
      code.increase(out, plane);
    });
  });
}

/** do body() while (++i < count) */
function repeatUpTo(code: Assembler, i: Local<'i32'>, count: Local<'i32'>, body: () => void): void {
  code.loop((again) => {
    body();
    code.br_if(again, code.i32.lt_u(i.tee(code.i32.add(i, 1)), count));
  });
}

/** fillPlanes(channels, planeBytes, bias, out): each plane with its bias, or with zeros where `bias` is 0 */
function emitFillPlanes(code: Assembler, element: Element): Func {
  const { i32, v128 } = code;
  const scalar = scalarOf(code, element);
  const { bytes, lanes } = element;
  const shape = bytes === 4 ? code.f32x4 : code.f64x2;
  const params = { channels: 'i32', planeBytes: 'i32', bias: 'i32', out: 'i32' } as const;
  return code.func('fillPlanes', params, [], ({ channels, planeBytes, bias, out }) => {
    const value = code.local('v128');
    const [end, vectorEnd] = code.locals('i32', 2);
    const first = code.local(element.type);
    code.if(
      bias,
      () =>
        repeat(code, channels, () => {
          value.set(loadSplat(code, element, bias));
          first.set(shape.extract_lane(0, value) as never);
          end.set(i32.add(out, planeBytes));
          vectorEnd.set(i32.add(out, i32.and(planeBytes, -(lanes * bytes))));
          code.whileLess(out, vectorEnd, () => {
            v128.store(out, value);
            code.increase(out, 16);
          });
          code.whileLess(out, end, () => {
            scalar.store(out, first as Local<'f32'>);
            code.increase(out, bytes);
          });
          code.increase(bias, bytes);
        }),
      () => code.memory.fill(out, 0, i32.mul(channels, planeBytes)),
    );
  });
}

const CONV_SCATTER = {
  task: 'i32',
  scratch: 'i32',
  grad: 'i32',
  packed: 'i32',
  packedStep: 'i32',
  bias: 'i32',
  out: 'i32',
  groups: 'i32',
  channels: 'i32',
  channelBlock: 'i32',
  channelBlocks: 'i32',
  outChannels: 'i32',
  taps: 'i32',
  kBlock: 'i32',
  lineBlock: 'i32',
  columnBlock: 'i32',
  ...WINDOW,
  bufferAt: 'i32',
  bufferRow: 'i32',
  aAt: 'i32',
} as const;

/**
 * A task: a block of channels of one group of one image.
 *
 *     out = bias or zeros
 *     for each block of positions:
 *       for each block of output channels: pack the gradient; buffer (= or +=) Wᵀ · grad
 *       add the rows of the buffer to where their taps read
 */
function emitConvScatter(code: Assembler, tiles: Tiles, macro: MacroFuncs): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const [width] = tiles.widths;
  const packB = emitPackB(code, tiles, macro);
  const columnsFunc = emitColumns(code, tiles, macro);
  const scatterTaps = emitScatterTaps(code, tiles.element);
  const fillPlanes = emitFillPlanes(code, tiles.element);
  exportTasks(code, 'convScatter', CONV_SCATTER, (params) => {
    const { task, scratch, grad, packed, packedStep, bias, out, groups, channels, channelBlock, channelBlocks } =
      params;
    const { outChannels, taps, kBlock, lineBlock, columnBlock, h, w, oh, ow, kh, kw, strideH, strideW } = params;
    const { padTop, padLeft, dilationH, dilationW, bufferAt, bufferRow, aAt } = params;
    const local = () => code.local('i32');
    const [channel, count, rows, positions, y, x, lines, columns, size] = Array.from({ length: 9 }, local);
    const [p, steps, weights, source, from, iy, ix] = Array.from({ length: 7 }, local);
    const part = code.local('i32', i32.rem_u(task, i32.mul(groups, channelBlocks)));
    const image = code.local('i32', i32.div_u(task, i32.mul(groups, channelBlocks)));
    const group = code.local('i32', i32.div_u(part, channelBlocks));
    channel.set(i32.mul(i32.rem_u(part, channelBlocks), channelBlock));
    count.set(i32.sub(channels, channel));
    count.set(code.least(count, channelBlock));
    rows.set(i32.mul(count, taps));
    const buffer = code.local('i32', i32.add(scratch, bufferAt));
    const packedB = code.local('i32', i32.add(scratch, aAt));
    const zeros = code.local('i32', i32.add(scratch, tiles.heights[0] * width * bytes));
    code.memory.fill(zeros, 0, width * bytes);
    positions.set(i32.mul(oh, ow));
    const planeBytes = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const gradRow = code.local('i32', code.scale(positions, bytes));
    const own = code.local('i32', i32.add(i32.mul(group, channels), channel));
    code.increase(out, i32.mul(i32.add(i32.mul(image, i32.mul(groups, channels)), own), planeBytes));
    code.if(bias, () => code.increase(bias, code.scale(own, bytes)));
    code.call(fillPlanes, count, planeBytes, bias, out);
    code.increase(grad, i32.mul(i32.mul(i32.add(i32.mul(image, groups), group), outChannels), gradRow));
    code.increase(packed, i32.mul(part, packedStep));

    code.forRange(y, 0, oh, lineBlock, () => {
      lines.set(i32.sub(oh, y));
      lines.set(code.least(lines, lineBlock));
      code.forRange(x, 0, ow, columnBlock, () => {
        columns.set(i32.sub(ow, x));
        columns.set(code.least(columns, columnBlock));
        size.set(i32.mul(lines, columns));
        weights.set(packed);
        from.set(FROM_ZERO);
        code.forRange(p, 0, outChannels, kBlock, () => {
          steps.set(i32.sub(outChannels, p));
          steps.set(code.least(steps, kBlock));
          const place = i32.add(i32.mul(p, positions), i32.add(i32.mul(y, ow), x));
          source.set(code.index(grad, place, bytes));
          code.call(packB, size, steps, source, gradRow, bytes, packedB);
          const step = i32.mul(steps, width * bytes);
          code.call(columnsFunc, size, rows, steps, weights, packedB, 0, step, buffer, bufferRow, from, zeros, scratch);
          from.set(FROM_C);
          code.increase(weights, code.scale(i32.mul(i32.add(rows, tiles.heights[0]), steps), bytes));
        });
        iy.set(i32.sub(i32.mul(y, strideH), padTop));
        ix.set(i32.sub(i32.mul(x, strideW), padLeft));
        const geometry = [h, w, kh, kw, strideH, strideW, dilationH, dilationW];
        code.call(scatterTaps, count, buffer, bufferRow, lines, columns, iy, ix, out, ...geometry);
      });
    });
  });
}
