/**
 * Convolution backwards to its input, which is also the transposed convolution:
 *
 *     out[n][c][iy][ix] = bias[c] + Σ weight[oc][c][ky][kx] · grad[n][oc][oy][ox]
 *     over all oc, ky, kx and oy, ox with oy · strideH − padTop + ky · dilationH = iy, and alike in x
 *
 * It is computed by phases, each of which is a forward convolution (conv-phases.ts), or by the other ways of
 * `convPath`.
 */

import type { FloatDType } from '../../dtype.ts';
import { itemBytes } from '../../dtype.ts';
import type { Assembler, Local, Value } from '../assembler.ts';
import type { Emitter, Launch } from '../module.ts';
import { exportTasks } from '../module.ts';
import type { ConvShape } from './conv.ts';
import { convForwardLaunches, convForwardMemory } from './conv.ts';
import { convKernel } from './conv-path.ts';
import type { Joint } from './conv-phases.ts';
import { imagesAtATime, isBuffered, jointPhases, phaseBytes, phasesOf, singlePhases } from './conv-phases.ts';
import type { ConvMemory } from './conv-run.ts';
import { scatterLaunches, scatterPlan } from './conv-scatter.ts';
import type { Element } from './gemm-micro.ts';
import { elementOf, repeat, scalarOf } from './gemm-micro.ts';
import type { TaskArgs } from './gemm-plan.ts';
import { align, taskArgs } from './gemm-plan.ts';
import { winogradLaunches, winogradPlan } from './winograd.ts';
import { adjointLaunches, adjointPlan } from './winograd-adjoint.ts';

/** The shape is that of the forward convolution; all tensors are contiguous; pointers in bytes. */
export interface ConvBackwardInput extends ConvShape {
  /** [n, cout, oh, ow] */
  readonly gradPtr: number;
  /** [cout, cin/groups, kh, kw] */
  readonly wPtr: number;
  /** One value for each input channel, or 0 for none; for transposed convolution. */
  readonly biasPtr?: number;
  /** [n, cin, h, w] */
  readonly outPtr: number;
}

/** Nanoseconds that a weight or an element takes to be moved, about. */
const NS = 0.5;

/** The convolution of `grad` that a stride of one asks for: the only phase. */
function transposed(c: ConvShape): ConvShape {
  return phasesOf(c)[0].shape;
}

/** The batches in which images go through the buffer: the first image, and how many. */
function batchesOf(c: ConvShape): { readonly first: number; readonly images: number }[] {
  const most = imagesAtATime(c);
  return Array.from({ length: Math.ceil(c.n / most) }, (_, i) => ({
    first: i * most,
    images: Math.min(most, c.n - i * most),
  }));
}

/** The convolutions that the phases are. */
function jointsOf(c: ConvShape): Joint[] {
  const joint = convKernel(c, 'input') === 'joint' ? jointPhases(c) : null;
  return joint === null ? singlePhases(c) : [joint];
}

/** What phases need: their weights, which lie one after the other; what their convolutions share; the buffer; scratch. */
function phaseMemory(c: ConvShape) {
  const joints = jointsOf(c);
  const batches = batchesOf(c);
  const all = joints.flatMap(({ shape }) => batches.map(({ images }) => convForwardMemory({ ...shape, n: images })));
  const weightBytes = joints.map(({ shape: { cin, cout, groups, kh, kw } }) =>
    align(((cin * cout) / groups) * kh * kw * itemBytes(c.dtype)),
  );
  return {
    weightBytes,
    packedBytes: Math.max(0, ...all.map(({ sharedBytes }) => sharedBytes)),
    bufferBytes: isBuffered(c) ? align(phaseBytes(c) * Math.max(...batches.map(({ images }) => images))) : 0,
    scratchBytes: Math.max(0, ...all.map(({ scratchBytes }) => scratchBytes)),
  };
}

/** What a shape needs: the memory that its launches share, and that of each thread. */
export function convBackwardInputMemory(c: ConvShape): ConvMemory {
  if (c.n === 0 || c.cin === 0 || c.h === 0 || c.w === 0) return { sharedBytes: 0, scratchBytes: 0 };
  const kernel = convKernel(c, 'input');
  if (kernel === 'scatter') return scatterPlan(c);
  if (kernel === 'adjoint') return adjointPlan(c);
  if (kernel === 'winograd') {
    const { packedBytes, scratchBytes } = winogradPlan(transposed(c));
    return { sharedBytes: packedBytes, scratchBytes };
  }
  const { weightBytes, packedBytes, bufferBytes, scratchBytes } = phaseMemory(c);
  const weights = weightBytes.reduce((sum, bytes) => sum + bytes, 0);
  return { sharedBytes: weights + packedBytes + bufferBytes, scratchBytes };
}

/** The launches, one after the other; `sharedPtr` has the bytes that they share. */
export function convBackwardInputLaunches(c: ConvBackwardInput, sharedPtr: number): Launch[] {
  if (c.n === 0 || c.cin === 0 || c.h === 0 || c.w === 0) return [];
  const way = convKernel(c, 'input');
  if (way === 'winograd') {
    // Rows are the channels of the input, channels those of the output.
    const source = { weights: c.wPtr, rowStride: 9, channelStride: (c.cin / c.groups) * 9, flip: true };
    const target = { x: c.gradPtr, bias: c.biasPtr ?? 0, out: c.outPtr, packed: sharedPtr };
    return winogradLaunches(transposed(c), source, target);
  }
  if (way === 'scatter' || way === 'adjoint') {
    const pointers = { grad: c.gradPtr, weights: c.wPtr, bias: c.biasPtr ?? 0, out: c.outPtr };
    return (way === 'scatter' ? scatterLaunches : adjointLaunches)(c, pointers, sharedPtr);
  }
  return phaseLaunches(c, sharedPtr);
}

/** Takes the weights of each phase; then, batch by batch, runs its convolution and deals out what that leaves. */
function phaseLaunches(c: ConvBackwardInput, sharedPtr: number): Launch[] {
  const bytes = itemBytes(c.dtype);
  const joints = jointsOf(c);
  const { weightBytes, packedBytes } = phaseMemory(c);
  const launches: Launch[] = [];
  const weights: number[] = [];
  let packed = sharedPtr;
  for (const [i, joint] of joints.entries()) {
    weights.push(packed);
    for (const phase of joint.phases) launches.push(takeWeightsLaunch(c, joint, phase, packed));
    packed += weightBytes[i];
  }
  const buffer = packed + packedBytes;
  for (const { first, images } of batchesOf(c)) {
    const xPtr = c.gradPtr + first * c.cout * c.oh * c.ow * bytes;
    const out = c.outPtr + first * c.cin * c.h * c.w * bytes;
    /** The phases in the buffer, and where it goes on. */
    let buffered: Buffered[] = [];
    let at = buffer;
    for (const [i, joint] of joints.entries()) {
      const { shape, phases } = joint;
      const pointers = { xPtr, wPtr: weights[i], outPtr: isBuffered(c) ? at : out };
      // The bias of a phase in a joint one is added as it is dealt out.
      const biasPtr = isBuffered(c) ? 0 : c.biasPtr;
      launches.push(...convForwardLaunches({ ...shape, n: images, ...pointers, biasPtr }, packed));
      if (!isBuffered(c)) continue;
      const plane = shape.oh * shape.ow * bytes;
      buffered.push(...phases.map((phase) => ({ phase, shape, from: at + phase.channel * plane })));
      at += images * shape.cout * plane;
      // With a stride of two, both phases of the same lines are dealt out together; a line of one element has but one.
      if (c.strideW === 2 && c.w > 1 && buffered.length === 1) continue;
      launches.push(...spreadLaunches(c, buffered, images, out));
      buffered = [];
      at = buffer;
    }
  }
  return launches;
}

function takeWeightsLaunch(
  c: ConvBackwardInput,
  { shape }: Joint,
  phase: Joint['phases'][number],
  out: number,
): Launch {
  const { x, y, channel, tapAt } = phase;
  const size = (shape.cin / shape.groups) * shape.kh * shape.kw * itemBytes(c.dtype);
  const args: TaskArgs<typeof TAKE_WEIGHTS> = {
    weights: c.wPtr,
    out: out + channel * size,
    rows: c.cout / c.groups,
    channels: c.cin / c.groups,
    kh: c.kh,
    kw: c.kw,
    tapY: y.tap,
    stepY: y.tapStep,
    tapsY: phase.shape.kh,
    tapX: x.tap,
    stepX: x.tapStep,
    tapsX: phase.shape.kw,
    lineTaps: shape.kw,
    tapAt,
  };
  const tasks = phase.shape.kh * phase.shape.kw === 0 ? 0 : c.cin;
  const ns = tasks * (c.cout / c.groups) * phase.shape.kh * phase.shape.kw * NS;
  return {
    ...moduleFor(c.dtype),
    entry: 'takeWeights',
    args: taskArgs(TAKE_WEIGHTS, args),
    tasks,
    ns,
    scratchBytes: 0,
  };
}

/** A phase in the buffer: its first plane, and the shape of the convolution that it comes from. */
interface Buffered {
  readonly phase: Joint['phases'][number];
  readonly shape: ConvShape;
  readonly from: number;
}

function spreadLaunches(c: ConvBackwardInput, buffered: readonly Buffered[], images: number, out: number): Launch[] {
  if (c.strideW !== 2 || c.w === 1) return buffered.map((one) => spreadLaunch(c, one, null, images, out));
  const [first, second] = buffered;
  const isInOrder = first.phase.x.first < second.phase.x.first;
  return [spreadLaunch(c, isInOrder ? first : second, isInOrder ? second : first, images, out)];
}

/** Deals out a phase; or, with a stride of two, one and the `other` whose elements lie between. */
function spreadLaunch(
  c: ConvBackwardInput,
  one: Buffered,
  other: Buffered | null,
  images: number,
  out: number,
): Launch {
  const bytes = itemBytes(c.dtype);
  const { x, y } = one.phase;
  const row = ({ shape }: Buffered) => shape.ow * bytes;
  const plane = ({ shape }: Buffered) => shape.oh * shape.ow * bytes;
  const image = ({ shape }: Buffered) => shape.cout * shape.oh * shape.ow * bytes;
  const columns = x.count + (other?.phase.x.count ?? 0);
  const args: TaskArgs<typeof SPREAD> = {
    from: one.from,
    bias: c.biasPtr ?? 0,
    out: out + (y.first * c.w + x.first) * bytes,
    channels: c.cin,
    rows: y.count,
    columns: x.count,
    fromRow: row(one),
    fromPlane: plane(one),
    fromImage: image(one),
    other: other?.from ?? 0,
    otherColumns: other?.phase.x.count ?? 0,
    otherRow: row(other ?? one),
    otherPlane: plane(other ?? one),
    otherImage: image(other ?? one),
    outPlane: c.h * c.w * bytes,
    outRow: c.strideH * c.w * bytes,
    outStep: c.strideW * bytes,
  };
  return {
    ...moduleFor(c.dtype),
    entry: 'spread',
    args: taskArgs(SPREAD, args),
    tasks: images * c.cin,
    ns: (images * c.cin * y.count * columns * NS) / (other === null ? 1 : 2),
    scratchBytes: 0,
  };
}

function moduleFor(dtype: FloatDType): { readonly name: string; readonly emit: Emitter } {
  return { name: `${elementOf(dtype).type}_conv_input`, emit: EMITTERS[dtype] };
}

const emitFor =
  (dtype: FloatDType): Emitter =>
  (code) => {
    emitTakeWeights(code, elementOf(dtype));
    emitSpread(code, elementOf(dtype));
  };

const EMITTERS: Record<FloatDType, Emitter> = { float32: emitFor('float32'), float64: emitFor('float64') };

const TAKE_WEIGHTS = {
  task: 'i32',
  scratch: 'i32',
  weights: 'i32',
  out: 'i32',
  rows: 'i32',
  channels: 'i32',
  kh: 'i32',
  kw: 'i32',
  tapY: 'i32',
  stepY: 'i32',
  tapsY: 'i32',
  tapX: 'i32',
  stepX: 'i32',
  tapsX: 'i32',
  lineTaps: 'i32',
  tapAt: 'i32',
} as const;

/**
 * takeWeights: a task is an input channel c of all groups
 *
 *     zeros in lines of lineTaps; for oc, ty, tx:
 *       out[c][oc][ty][tapAt + tx] = weights[oc][c][tapY + (tapsY − 1 − ty) · stepY][tapX + (tapsX − 1 − tx) · stepX]
 */
function emitTakeWeights(code: Assembler, element: Element): void {
  const { i32 } = code;
  const { bytes } = element;
  const scalar = scalarOf(code, element);
  exportTasks(code, 'takeWeights', TAKE_WEIGHTS, (params) => {
    const { task, weights, out, rows, channels, kh, kw, tapY, stepY, tapsY, tapX, stepX, tapsX, lineTaps, tapAt } =
      params;
    const area = code.local('i32', i32.mul(kh, kw));
    const first = i32.add(i32.mul(i32.mul(i32.div_u(task, channels), rows), channels), i32.rem_u(task, channels));
    const from = code.local('i32', code.index(weights, i32.mul(first, area), bytes));
    // To the last taps, from which rows and columns run backwards.
    const lastY = code.local('i32', i32.add(tapY, i32.mul(i32.sub(tapsY, 1), stepY)));
    const lastX = code.local('i32', i32.add(tapX, i32.mul(i32.sub(tapsX, 1), stepX)));
    from.set(code.index(from, i32.add(i32.mul(lastY, kw), lastX), bytes));
    const size = code.local('i32', code.scale(i32.mul(i32.mul(rows, tapsY), lineTaps), bytes));
    const to = code.local('i32', i32.add(out, i32.mul(task, size)));
    code.memory.fill(to, 0, size);
    code.increase(to, code.scale(tapAt, bytes));
    const rest = code.local('i32', code.scale(i32.sub(lineTaps, tapsX), bytes));
    const rowStep = code.local('i32', code.scale(i32.mul(channels, area), bytes));
    const yStep = code.local('i32', code.scale(i32.mul(stepY, kw), bytes));
    const xStep = code.local('i32', code.scale(stepX, bytes));
    const [y, x, atY, at] = code.locals('i32', 4);
    repeat(code, rows, () => {
      atY.set(from);
      y.set(tapsY);
      repeat(code, y, () => {
        at.set(atY);
        x.set(tapsX);
        repeat(code, x, () => {
          scalar.store(to, scalar.load(at));
          code.increase(to, bytes);
          code.decrease(at, xStep);
        });
        code.increase(to, rest);
        code.decrease(atY, yStep);
      });
      code.increase(from, rowStep);
    });
  });
}

const SPREAD = {
  task: 'i32',
  scratch: 'i32',
  from: 'i32',
  bias: 'i32',
  out: 'i32',
  channels: 'i32',
  rows: 'i32',
  columns: 'i32',
  fromRow: 'i32',
  fromPlane: 'i32',
  fromImage: 'i32',
  other: 'i32',
  otherColumns: 'i32',
  otherRow: 'i32',
  otherPlane: 'i32',
  otherImage: 'i32',
  outPlane: 'i32',
  outRow: 'i32',
  outStep: 'i32',
} as const;

/**
 * spread: a task is a plane
 *
 *     for y < rows:
 *       for x < columns: out[y · outRow + x · outStep] = from[y][x] + bias
 *       for x < otherColumns: the element behind that = other[y][x] + bias
 *
 * Of the other phase there are as many columns, or one less; the two in turns are whole vectors.
 */
function emitSpread(code: Assembler, element: Element): void {
  const { i32, v128 } = code;
  const { bytes, lanes } = element;
  const scalar = scalarOf(code, element);
  const shape = bytes === 4 ? code.f32x4 : code.f64x2;
  const inTurns = (half: number) =>
    Array.from({ length: lanes }, (_, i) => (half * lanes + i) / 2 + (i % 2) * (lanes - 0.5));
  exportTasks(code, 'spread', SPREAD, (params) => {
    const { task, from, bias, out, channels, rows, columns, fromRow, fromPlane, fromImage } = params;
    const { other, otherColumns, otherRow, otherPlane, otherImage, outPlane, outRow, outStep } = params;
    const [x, at, otherAt, to, toOther, whole] = code.locals('i32', 6);
    const [low, high, addend] = code.locals('v128', 3);
    const channel = code.local('i32', i32.rem_u(task, channels));
    const image = code.local('i32', i32.div_u(task, channels));
    const value = code.local(element.type) as Local<'f32'>;
    code.increase(from, i32.add(i32.mul(channel, fromPlane), i32.mul(image, fromImage)));
    code.increase(other, i32.add(i32.mul(channel, otherPlane), i32.mul(image, otherImage)));
    code.increase(out, i32.mul(task, outPlane));
    whole.set(i32.shr_u(otherColumns, Math.log2(lanes)));
    code.decrease(columns, code.scale(whole, lanes));
    code.decrease(otherColumns, code.scale(whole, lanes));
    const deal = (one: (sum: Value<'f32'>) => Value<'f32'>, all: (sum: Value<'v128'>) => Value<'v128'>) => {
      const scalars = (count: Local<'i32'>, read: Local<'i32'>, write: Local<'i32'>) => {
        code.if(x.tee(count), () =>
          repeat(code, x, () => {
            scalar.store(write, one(scalar.load(read)));
            code.increase(read, bytes);
            code.increase(write, outStep);
          }),
        );
      };
      repeat(code, rows, () => {
        at.set(from);
        otherAt.set(other);
        to.set(out);
        code.if(x.tee(whole), () =>
          repeat(code, x, () => {
            low.set(all(v128.load(at)));
            high.set(all(v128.load(otherAt)));
            for (const half of [0, 1]) v128.store(to, shape.shuffle(inTurns(half), low, high), 16 * half);
            code.increase(at, 16);
            code.increase(otherAt, 16);
            code.increase(to, 32);
          }),
        );
        toOther.set(i32.add(to, bytes));
        scalars(columns, at, to);
        scalars(otherColumns, otherAt, toOther);
        code.increase(from, fromRow);
        code.increase(other, otherRow);
        code.increase(out, outRow);
      });
    };
    code.if(
      bias,
      () => {
        value.set(scalar.load(code.index(bias, channel, bytes)));
        addend.set(shape.splat(value as never));
        deal(
          (sum) => scalar.add(sum, value),
          (sum) => shape.add(sum, addend),
        );
      },
      () =>
        deal(
          (sum) => sum,
          (sum) => sum,
        ),
    );
  });
}
