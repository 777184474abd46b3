/**
 * Convolution backwards to its weights without a matrix product, for groups of few output channels (depthwise above
 * all): each weight is the scalar product of the gradient with the image, shifted to the weight's tap. Sums for up to
 * four neighbouring taps stay in registers while the lines of an image go by.
 *
 *     for each group (a task), image: copy its planes with their padding
 *       for oc, c, ky, each run of up to four kx:
 *         out[oc][c][ky][kx …] +=
 *           Σ over y, x of grad[oc][y][x] · image[c][y · strideH + ky · dilationH][x · strideW + kx · dilationW]
 */

import type { FloatDType } from '../../dtype.ts';
import type { Assembler, Func, Local, Value } from '../assembler.ts';
import { features } from '../features.ts';
import type { Emitter, Launch } from '../module.ts';
import type { ConvShape } from './conv.ts';
import type { Tiles } from './gemm-micro.ts';
import { loadFirst, multiplyAdd, repeat, scalarOf, sumLanes, tilesFor } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, convNs, taskArgs } from './gemm-plan.ts';
import { emitCopyPadded, loadEverySecond, loadLanes } from './im2col.ts';

/** Taps whose sums are in registers together, and vectors of positions a step, each with sums of its own. */
const TAPS = [4, 3, 2, 1];
const VECTORS = 2;
/** Nanoseconds that a multiplication takes, about. */
const NS = 0.1;

interface WeightDirectPlan {
  readonly tiles: Tiles;
  readonly padLines: number;
  readonly padColumns: number;
  readonly scratchBytes: number;
}

export function weightDirectPlan(c: ConvShape): WeightDirectPlan {
  const tiles = tilesFor(c.dtype, features());
  const padLines = (c.oh - 1) * c.strideH + (c.kh - 1) * c.dilationH + 1;
  const padColumns = (c.ow - 1) * c.strideW + (c.kw - 1) * c.dilationW + 1;
  const scratchBytes = align((c.cin / c.groups) * padLines * padColumns * tiles.element.bytes);
  return { tiles, padLines, padColumns, scratchBytes };
}

export function weightDirectLaunch(
  c: ConvShape,
  pointers: { readonly x: number; readonly grad: number; readonly out: number },
): Launch {
  const { tiles, padLines, padColumns, scratchBytes } = weightDirectPlan(c);
  const stride = c.strideW <= 2 ? c.strideW : 0;
  const args: TaskArgs<typeof WEIGHT_DIRECT> = {
    ...pointers,
    images: c.n,
    groups: c.groups,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
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
    padLines,
    padColumns,
  };
  return {
    name: `${tiles.element.type}_conv_weight_direct_s${stride === 0 ? 'n' : stride}__${tiles.fma ? 'fma' : 'simd'}`,
    emit: EMITTERS[tiles.element.dtype][stride],
    entry: 'weightDirect',
    args: taskArgs(WEIGHT_DIRECT, args),
    tasks: c.groups,
    ns: convNs(c, NS),
    scratchBytes,
  };
}

/** By stride along a line; 0 stands for any. */
const emittersFor = (dtype: FloatDType): readonly Emitter[] =>
  [0, 1, 2].map((stride) => (code, target) => emitWeightDirect(code, tilesFor(dtype, target), stride));

const EMITTERS = { float32: emittersFor('float32'), float64: emittersFor('float64') };

const DOTS = {
  lines: 'i32',
  columns: 'i32',
  grad: 'i32',
  image: 'i32',
  imageLine: 'i32',
  /** From one tap to the next, and from one position to the next, in bytes. */
  tapStep: 'i32',
  step: 'i32',
  out: 'i32',
} as const;

/**
 * dots_t(…): out[tap] += Σ over lines, columns of grad · image shifted by the tap
 *
 * Lines go by in steps of two vectors, then one, then element by element in the first lane.
 */
function emitDots(code: Assembler, tiles: Tiles, stride: number, taps: number): Func {
  const { i32, v128 } = code;
  const { element, fma } = tiles;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  return code.func(`dots_${taps}`, DOTS, [], ({ lines, columns, grad, image, imageLine, tapStep, step, out }) => {
    const acc = Array.from({ length: taps }, () => code.locals('v128', VECTORS));
    const slopes = code.locals('v128', VECTORS);
    const pixel = code.local('v128');
    const [left, from, at] = code.locals('i32', 3);
    const laneAt = code.locals('i32', lanes);
    const vectorStep = code.local('i32', code.scale(step, lanes));

    const load = (offset: number): Value<'v128'> => {
      if (stride === 1) return v128.load(at, 16 * offset);
      if (stride === 2) return loadEverySecond(code, element, at, 32 * offset);
      for (const [i, address] of laneAt.entries()) {
        if (i > 0) address.set(i32.add(laneAt[i - 1], step));
        else address.set(offset === 0 ? at.get() : i32.add(at, vectorStep));
      }
      loadLanes(code, element, pixel, laneAt);
      return pixel.get();
    };
    const advance = (vectors: number) => {
      code.increase(grad, 16 * vectors);
      code.increase(from, i32.mul(vectorStep, vectors));
      code.decrease(left, vectors * lanes);
    };
    repeat(code, lines, () => {
      left.set(columns);
      from.set(image);
      for (const vectors of [VECTORS, 1]) {
        code.while(
          () => i32.ge_s(left, vectors * lanes),
          () => {
            for (let v = 0; v < vectors; v++) slopes[v].set(v128.load(grad, 16 * v));
            at.set(from);
            for (const [tap, sums] of acc.entries()) {
              if (tap > 0) code.increase(at, tapStep);
              for (let v = 0; v < vectors; v++) {
                pixel.set(load(v));
                multiplyAdd(code, element, fma, sums[v], slopes[v], pixel);
              }
            }
            advance(vectors);
          },
        );
      }
      code.if(left, () => {
        repeat(code, left, () => {
          slopes[0].set(loadFirst(code, element, grad));
          at.set(from);
          for (const [tap, sums] of acc.entries()) {
            if (tap > 0) code.increase(at, tapStep);
            pixel.set(loadFirst(code, element, at));
            multiplyAdd(code, element, fma, sums[0], slopes[0], pixel);
          }
          code.increase(grad, bytes);
          code.increase(from, step);
        });
      });
      code.increase(image, imageLine);
    });
    for (const [tap, [low, high]] of acc.entries()) {
      const before = scalar.load(out, tap * bytes);
      scalar.store(out, scalar.add(before, sumLanes(code, element, low, high)), tap * bytes);
    }
  });
}

const WEIGHT_DIRECT = {
  task: 'i32',
  scratch: 'i32',
  x: 'i32',
  grad: 'i32',
  out: 'i32',
  images: 'i32',
  groups: 'i32',
  rows: 'i32',
  channels: 'i32',
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
} as const;

/** A task: all weights of one group, over all images in order. */
function emitWeightDirect(code: Assembler, tiles: Tiles, stride: number): void {
  const { i32 } = code;
  const { bytes } = tiles.element;
  const copyPadded = emitCopyPadded(code, tiles.element);
  const dots = TAPS.map((taps) => emitDots(code, tiles, stride, taps));
  code.export('weightDirect', WEIGHT_DIRECT, [], (params) => {
    const { task, scratch, x, grad, out, images, groups, rows, channels, h, w, oh, ow, kh, kw } = params;
    const { strideH, strideW, padTop, padLeft, dilationH, dilationW, padLines, padColumns } = params;
    const plane = code.local('i32', code.scale(i32.mul(h, w), bytes));
    const gradPlane = code.local('i32', code.scale(i32.mul(oh, ow), bytes));
    const padLine = code.local('i32', code.scale(padColumns, bytes));
    const padPlane = code.local('i32', i32.mul(padLine, padLines));
    const size = code.local('i32', code.scale(i32.mul(i32.mul(rows, channels), i32.mul(kh, kw)), bytes));
    code.increase(out, i32.mul(task, size));
    code.memory.fill(out, 0, size);
    const [row, channel, ky, left, to, from, line] = code.locals('i32', 7);
    const top = code.local('i32', i32.sub(0, padTop));
    const start = code.local('i32', i32.sub(0, padLeft));
    const imageLine = code.local('i32', i32.mul(strideH, padLine));
    const dilationLine = code.local('i32', i32.mul(dilationH, padLine));
    const tapStep = code.local('i32', code.scale(dilationW, bytes));
    const step = code.local('i32', code.scale(strideW, bytes));
    code.increase(x, i32.mul(i32.mul(task, channels), plane));
    code.increase(grad, i32.mul(i32.mul(task, rows), gradPlane));
    repeat(code, images, () => {
      code.call(copyPadded, channels, padLines, padColumns, x, plane, top, start, h, w, scratch, padPlane);
      to.set(out);
      code.forRange(row, 0, rows, 1, () => {
        const slope = i32.add(grad, i32.mul(row, gradPlane));
        from.set(slope);
        code.forRange(channel, 0, channels, 1, () => {
          line.set(i32.add(scratch, i32.mul(channel, padPlane)));
          code.forRange(ky, 0, kh, 1, () => {
            emitRuns(code, dots, { kw, left, to, bytes }, (dot, at) =>
              code.call(dot, oh, ow, from, i32.add(line, i32.mul(at, tapStep)), imageLine, tapStep, step, to),
            );
            code.increase(line, dilationLine);
          });
        });
      });
      code.increase(x, i32.mul(i32.mul(groups, channels), plane));
      code.increase(grad, i32.mul(i32.mul(groups, rows), gradPlane));
    });
  });
}

/** Cuts `kw` taps into runs of four, and one of what is left. */
function emitRuns(
  code: Assembler,
  dots: readonly Func[],
  run: { readonly kw: Local<'i32'>; readonly left: Local<'i32'>; readonly to: Local<'i32'>; readonly bytes: number },
  call: (dot: Func, at: Local<'i32'>) => void,
): void {
  const { i32 } = code;
  const { kw, left, to, bytes } = run;
  const at = code.local('i32');
  left.set(kw);
  at.set(0);
  for (const [i, dot] of dots.entries()) {
    code.while(
      () => i32.ge_u(left, TAPS[i]),
      () => {
        call(dot, at);
        code.increase(at, TAPS[i]);
        code.increase(to, TAPS[i] * bytes);
        code.decrease(left, TAPS[i]);
      },
    );
  }
}
