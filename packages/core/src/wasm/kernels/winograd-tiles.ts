/** What the Winograd kernels of both directions share: which shapes they take, blocks of tiles, planes with padding. */

import type { Assembler, Func, Local, Value } from '../assembler.ts';
import type { ConvShape } from './conv.ts';
import { elementOf, repeat } from './gemm-micro.ts';
import { partsFor } from './gemm-plan.ts';
import { loadEverySecond } from './im2col.ts';
import {
  emitLineInputs,
  emitLineOutputs,
  emitLineSlopes,
  emitLineTaps,
  emitLineWeights,
  LINE_POINTS,
  LINE_TAPS,
} from './winograd-line.ts';
import {
  emitInputTiles,
  emitOutputTiles,
  emitSlopeTiles,
  emitTapTiles,
  emitWeightTiles,
  POINTS,
  REACH,
  TILE,
} from './winograd-transforms.ts';

/** What differs between the two kinds of tiles. */
export interface Form {
  /** Of its kernels. */
  readonly name: string;
  /** Products of a tile, lines of its outputs (of TILE columns), and columns that its inputs have more. */
  readonly points: number;
  readonly lines: number;
  readonly extra: number;
  /** Bytes of a filter in memory. */
  readonly filterBytes: number;
  /** Cycles to transform four tiles of inputs, four of outputs, four of gradients, and four filters. */
  readonly cycles: {
    readonly inputs: number;
    readonly outputs: number;
    readonly slopes: number;
    readonly filters: number;
  };
  readonly emitInputTiles: (code: Assembler, fma: boolean) => Func;
  readonly emitWeightTiles: (code: Assembler, fma: boolean) => Func;
  readonly emitOutputTiles: (code: Assembler, fma: boolean) => Func;
  readonly emitSlopeTiles: (code: Assembler, fma: boolean) => Func;
  readonly emitTapTiles: (code: Assembler, fma: boolean) => Func;
}

/** F(4 × 4, 3 × 3) */
export const SQUARE: Form = {
  name: 'winograd',
  points: POINTS,
  lines: TILE,
  extra: 2,
  filterBytes: 9 * 4,
  cycles: { inputs: 140, outputs: 120, slopes: 110, filters: 120 },
  emitInputTiles,
  emitWeightTiles,
  emitOutputTiles,
  emitSlopeTiles,
  emitTapTiles,
};

/** F(4, 5) along lines */
export const LINE: Form = {
  name: 'winogradLine',
  points: LINE_POINTS,
  lines: 1,
  extra: 4,
  filterBytes: 5 * 4,
  cycles: { inputs: 50, outputs: 45, slopes: 40, filters: 60 },
  emitInputTiles: emitLineInputs,
  emitWeightTiles: emitLineWeights,
  emitOutputTiles: emitLineOutputs,
  emitSlopeTiles: emitLineSlopes,
  emitTapTiles: emitLineTaps,
};

/**
 * How a convolution is made of tiles. By lines, a filter is cut into its lines and each line into parts of up to five
 * taps, every second one where the stride is 2: each such part is a filter, and what it reads a channel, of its own.
 */
export interface Tiling {
  readonly form: Form;
  /** Filters that one output and one input channel make, and of these, the parts of a line. */
  readonly filters: number;
  readonly parts: number;
  /** Columns from one part to the next. */
  readonly partStep: number;
  /** Columns from one tap, and one output, to the next. */
  readonly strideX: number;
  /** Lines from one line of a filter to the next. */
  readonly lineStep: number;
  /** Lines of inputs that a line of tiles is below the one before, and that the last one has more. */
  readonly stepY: number;
  readonly extraY: number;
}

/** The tiles of a convolution; null where it cannot be made of them. */
export function tilingOf(c: ConvShape): Tiling | null {
  const isEmpty = c.n === 0 || c.cout === 0 || c.cin === 0 || c.oh === 0 || c.ow === 0 || c.h === 0 || c.w === 0;
  if (c.dtype !== 'float32' || isEmpty) return null;
  const isPlain = c.strideH === 1 && c.strideW === 1 && c.dilationH === 1 && c.dilationW === 1;
  if (c.kh === 3 && c.kw === 3 && isPlain) {
    const whole = { filters: 1, parts: 1, partStep: 3, strideX: 1, lineStep: 1 };
    return { form: SQUARE, ...whole, stepY: TILE, extraY: REACH - TILE };
  }
  if (c.kw < 3 || c.kh === 0 || c.dilationW > 1 || c.strideW > 2 || c.kw > (c.strideW === 1 ? 20 : 10)) return null;
  const parts = c.strideW === 1 ? Math.ceil(c.kw / LINE_TAPS) : 2;
  return {
    form: LINE,
    filters: parts * c.kh,
    parts,
    partStep: c.strideW === 1 ? Math.ceil(c.kw / parts) : 1,
    strideX: c.strideW,
    lineStep: c.dilationH,
    stepY: c.strideH,
    extraY: (c.kh - 1) * c.dilationH + 1 - c.strideH,
  };
}

/** The tiles of a convolution that can be made of them. */
export function needTiling(c: ConvShape): Tiling {
  const tiling = tilingOf(c);
  if (tiling === null) throw new Error('winograd: takes shapes that are made of its tiles');
  return tiling;
}

/** Consecutive points an odd number of lines apart, so that they do not share one set of the cache. */
export function pointStep(bytes: number): number {
  const lines = Math.ceil(bytes / 64);
  return (lines + 1 - (lines % 2)) * 64;
}

/** Rows of outputs that a task has at least, where there are so many. */
const LEAST_ROWS = 12;

/** Into how many the rows of so many tasks are cut for so many threads: each part transforms the inputs anew. */
export function rowTasksFor(
  { points, cycles }: Form,
  rows: number,
  tasks: number,
  least: number,
  threads: number,
): number {
  const most = Math.max(least, Math.round(rows / LEAST_ROWS));
  return partsFor(threads, tasks, least, most, (parts) => ((points / 2) * rows) / parts + cycles.inputs);
}

/** How tiles of all images are cut: into how many blocks along images, lines and columns, and what the largest has of each. */
export interface TileBlocks {
  readonly blocksN: number;
  readonly blocksY: number;
  readonly blocksX: number;
  readonly imageBlock: number;
  readonly blockY: number;
  readonly blockX: number;
}

/** How many blocks of at most `most`, all about equal: an even number of them, lest one of two threads have one more. */
function pairedBlocks(size: number, most: number): number {
  const blocks = Math.ceil(size / most);
  return blocks <= 1 ? blocks : Math.min(size, blocks + (blocks % 2));
}

/**
 * Blocks of at most `most` tiles, or of one line; columns in multiples of `multiple`. With `isPaired`, lines of one large image make an
 * even number of blocks, as images do: for threads, and so not where blocks decide about the order of a sum.
 */
export function tileBlocks(c: ConvShape, form: Form, most: number, multiple: number, isPaired = false): TileBlocks {
  const tilesY = Math.ceil(c.oh / form.lines);
  const tilesX = Math.ceil(c.ow / TILE);
  const blocksX = Math.ceil(tilesX / most);
  const mostLines = Math.max(1, Math.floor(most / tilesX));
  const blocksY = isPaired ? pairedBlocks(tilesY, mostLines) : Math.ceil(tilesY / mostLines);
  const isWhole = blocksX === 1 && blocksY === 1;
  const blocksN = isWhole ? pairedBlocks(c.n, Math.max(1, Math.floor(most / (tilesX * tilesY)))) : c.n;
  const imageBlock = Math.ceil(c.n / Math.max(1, blocksN));
  const blockY = Math.ceil(tilesY / blocksY);
  const blockX = Math.min(tilesX, Math.ceil(Math.ceil(tilesX / multiple) / blocksX) * multiple);
  return { blocksN, blocksY, blocksX, imageBlock, blockY, blockX };
}

/**
 * The part of `padded` elements of a side, of which the first is element `first` of the image and the others follow
 * `stride` apart, that lies inside the image's `size`: where it starts and, below one where there is none, its count.
 */
export function insideOf(
  code: Assembler,
  padded: Local<'i32'>,
  first: Local<'i32'>,
  size: Local<'i32'>,
  stride: Local<'i32'> | number,
  start: Local<'i32'>,
  count: Local<'i32'>,
): void {
  const { i32 } = code;
  // Division by a stride of 1 or 2, rounded up.
  const shift = i32.sub(stride, 1);
  const half = code.local('i32', shift);
  const divided = (distance: Value<'i32'>) => i32.shr_s(i32.add(distance, half), half);
  start.set(divided(i32.sub(0, first)));
  start.set(i32.mul(start, i32.gt_s(start, 0)));
  count.set(divided(i32.sub(size, first)));
  count.set(code.select(count, padded, i32.lt_s(count, padded)));
  count.set(i32.sub(count, start));
}

const COPY = { lines: 'i32', columns: 'i32', from: 'i32', fromStep: 'i32', to: 'i32', toStep: 'i32' } as const;

/**
 * copyLines_s(lines, columns, from, fromStep, to, toStep): elements `stride` apart become neighbours; at least one line
 * and one column; the last vector overlaps
 */
function emitCopyLines(code: Assembler, stride: 1 | 2): Func {
  const { i32, f32, v128 } = code;
  return code.func(`copyLines_${stride}`, COPY, [], ({ lines, columns, from, fromStep, to, toStep }) => {
    const [at, source] = code.locals('i32', 2);
    const bytes = code.local('i32', code.scale(columns, 4));
    const last = code.local('i32', i32.sub(bytes, 16));
    const vector = () => {
      source.set(i32.add(from, code.scale(at, stride)));
      const value = stride === 1 ? v128.load(source) : loadEverySecond(code, elementOf('float32'), source, 0);
      const kept = code.local('v128', value);
      v128.store(i32.add(to, at), kept);
    };
    repeat(code, lines, () => {
      code.if(
        i32.ge_s(last, 0),
        () => {
          code.forRange(at, 0, last, 16, vector);
          at.set(last);
          vector();
        },
        () => {
          code.forRange(at, 0, bytes, 4, () =>
            f32.store(i32.add(to, at), f32.load(i32.add(from, code.scale(at, stride)))),
          );
        },
      );
      code.increase(from, fromStep);
      code.increase(to, toStep);
    });
  });
}

/**
 * copyPart(images, lines, padColumns, column, w, strideX, x, imageBytes, to, padImage): `lines` lines of one plane of all
 * images, from x on, into the zeros of as many parts: columns from `column` on, `strideX` apart, that lie inside
 */
export function emitCopyPart(code: Assembler, form: Form): Func {
  const { i32 } = code;
  const copyLines = emitCopyLines(code, 1);
  const copyEverySecond = form === LINE ? emitCopyLines(code, 2) : copyLines;
  const params = {
    images: 'i32',
    lines: 'i32',
    padColumns: 'i32',
    column: 'i32',
    w: 'i32',
    strideX: 'i32',
    x: 'i32',
    imageBytes: 'i32',
    to: 'i32',
    padImage: 'i32',
  } as const;
  return code.func('copyPart', params, [], (all) => {
    const { images, lines, padColumns, column, w, strideX, x, imageBytes, to, padImage } = all;
    const [start, columns] = code.locals('i32', 2);
    insideOf(code, padColumns, column, w, strideX, start, columns);
    const wBytes = code.local('i32', code.scale(w, 4));
    const padRow = code.local('i32', code.scale(padColumns, 4));
    code.increase(x, code.scale(i32.add(column, i32.mul(start, strideX)), 4));
    code.increase(to, code.scale(start, 4));
    code.if(i32.gt_s(columns, 0), () =>
      repeat(code, images, () => {
        const copy = (func: Func) => code.call(func, lines, columns, x, wBytes, to, padRow);
        if (form === LINE) {
          code.if(
            i32.eq(strideX, 2),
            () => copy(copyEverySecond),
            () => copy(copyLines),
          );
        } else copy(copyLines);
        code.increase(x, imageBytes);
        code.increase(to, padImage);
      }),
    );
  });
}
