/**
 * Which kernel computes a convolution, in each direction: the one place that decides, by models of the cycles that each
 * way takes on one thread. The models are fitted to measurements in V8 and are the same in strict mode, so that a shape
 * takes the same way, and gives the same bits, everywhere and on any number of threads.
 */

import { itemBytes } from '../../dtype.ts';
import { features } from '../features.ts';
import type { ConvShape } from './conv.ts';
import { directPlan, directTiles } from './conv-direct.ts';
import { isBuffered, jointPhases, phasesOf } from './conv-phases.ts';
import { paddedRows } from './gemm-macro.ts';
import { tilesFor } from './gemm-micro.ts';
import { winogradPlan } from './winograd.ts';
import { adjointPlan } from './winograd-adjoint.ts';
import { LINE, SQUARE, tilingOf } from './winograd-tiles.ts';
import { winogradWeightPlan } from './winograd-weight.ts';

/** What is computed: the output, or the gradient of the input or of the weight. */
export type ConvDirection = 'forward' | 'input' | 'weight';

/**
 * The ways: conv-direct.ts or conv-weight-direct.ts; winograd.ts; conv.ts or conv-weight.ts; conv-input.ts, whose phases
 * are convolutions of their own or one together; conv-scatter.ts; winograd-adjoint.ts.
 */
export type ConvKernel = 'direct' | 'winograd' | 'product' | 'phases' | 'joint' | 'scatter' | 'adjoint';

/** The way that a convolution takes, and why, in words. */
export interface ConvPath<Kernel extends ConvKernel = ConvKernel> {
  readonly kernel: Kernel;
  /** `winograd 0.9 of 3.1, direct 9.3, product 8.2 million cycles by the models` */
  readonly why: string;
}

/** A way that could be taken. */
interface Candidate<Kernel extends ConvKernel> {
  readonly kernel: Kernel;
  /** For all images and groups. */
  readonly cycles: number;
}

/** Ways of each direction. */
interface Kernels {
  readonly forward: 'direct' | 'winograd' | 'product';
  readonly input: 'winograd' | 'phases' | 'joint' | 'scatter' | 'adjoint';
  readonly weight: 'direct' | 'winograd' | 'product';
}

/**
 * The way that a convolution takes in a direction, and why. The shape is that of the forward convolution.
 *
 * @example
 * convPath(shape, 'weight').kernel; // 'winograd'
 */
export function convPath<Direction extends ConvDirection>(
  c: ConvShape,
  direction: Direction,
): ConvPath<Kernels[Direction]> {
  const models = CANDIDATES[direction](c).map(({ kernel, cycles }) => `${kernel} ${millions(cycles)}`);
  const why = `least by the models of cycles, in millions: ${models.join(', ')}`;
  return { kernel: convKernel(c, direction), why };
}

/** Shapes repeat: the choice is remembered, for so many of them. */
const MOST_CHOICES = 512;
const choices = new Map<string, ConvKernel>();

/** The kernel of `convPath`. */
export function convKernel<Direction extends ConvDirection>(c: ConvShape, direction: Direction): Kernels[Direction] {
  const key = shapeKey(direction, c);
  let kernel = choices.get(key);
  if (kernel === undefined) {
    const candidates: readonly Candidate<ConvKernel>[] = CANDIDATES[direction](c);
    kernel = candidates.reduce((best, candidate) => (candidate.cycles < best.cycles ? candidate : best)).kernel;
    if (choices.size === MOST_CHOICES) choices.clear();
    choices.set(key, kernel);
  }
  return kernel as Kernels[Direction];
}

/** All that plans depend on, as a key of maps; written out, since every call makes one. */
export function shapeKey(direction: ConvDirection, c: ConvShape): string {
  return (
    `${direction} ${c.dtype} ${features().key} ${c.n},${c.cin},${c.h},${c.w},${c.cout},${c.kh},${c.kw},${c.oh},${c.ow},${c.groups},` +
    `${c.strideH},${c.strideW},${c.padTop},${c.padLeft},${c.dilationH},${c.dilationW}`
  );
}

function millions(cycles: number): string {
  return (cycles / 1e6).toPrecision(3);
}

const CANDIDATES: { [Direction in ConvDirection]: (c: ConvShape) => Candidate<Kernels[Direction]>[] } = {
  forward: forwardCandidates,
  input: (c) => {
    const phases = phasesOf(c);
    const least = (shape: ConvShape) =>
      Math.min(...forwardCandidates({ ...shape, n: c.n }).map((candidate) => candidate.cycles));
    const joint = jointPhases(c);
    const cycles = phases.reduce((sum, { shape }) => sum + least(shape), 0);
    const isWhole = !isBuffered(c) && c.h > 0 && c.w > 0 && tilingOf(phases[0].shape)?.form === SQUARE;
    return [
      ...(isWhole ? winogradCandidates(phases[0].shape) : []),
      { kernel: 'phases', cycles },
      ...(joint === null ? [] : [{ kernel: 'joint' as const, cycles: least(joint.shape) }]),
      { kernel: 'scatter', cycles: scatterCycles(c) + orderCycles(c) },
      ...(hasAdjoint(c) ? [{ kernel: 'adjoint' as const, cycles: adjointCycles(c) / MARGIN }] : []),
    ];
  },
  weight: (c) => [
    { kernel: 'product', cycles: weightProductCycles(c) },
    ...(c.n * c.oh * c.ow * c.kh * c.kw === 0 ? [] : [{ kernel: 'direct' as const, cycles: weightDirectCycles(c) }]),
    ...(hasWinograd(c) ? [{ kernel: 'winograd' as const, cycles: winogradWeightCycles(c) }] : []),
  ],
};

/** The ways of a forward convolution, and of a phase. */
function forwardCandidates(c: ConvShape): Candidate<'direct' | 'winograd' | 'product'>[] {
  const product = { kernel: 'product' as const, cycles: productCycles(c) };
  if (c.kh * c.kw * c.cin * c.oh * c.ow === 0) return [product];
  return [product, { kernel: 'direct', cycles: directCycles(c) }, ...winogradCandidates(c)];
}

// ------------------------------------------------------------------------------------------------------- the models

/** Bytes of a line of all channels that is copied fast. */
const NEAR_LINE_BYTES = 8192;

/**
 * Cycles of conv-direct.ts: of a tile so many a tap, but no fewer than its sums wait for each other, and more where vectors
 * are gathered; and the copy of the lines. Tiles of several lines load less, and skip what lies outside.
 */
function directCycles(c: ConvShape): number {
  const channels = c.cin / c.groups;
  const taps = channels * c.kh * c.kw;
  const { tiles, lineBlock, padLines, padColumns, isShared } = directPlan(c);
  const gather = c.strideW === 1 ? 0 : c.strideW === 2 ? 0.5 : 2.6;
  const inside = linesInside(c) / (c.kh * c.oh);
  let sums = 0;
  for (const { rows, lines, vectors, count } of directTiles(c, tiles.element.lanes)) {
    const products = rows * lines * vectors;
    const shared = inside * (rows === 1 ? 0.52 : 0.6) * products;
    const each = lines > 1 ? shared : Math.max(4, 0.55 * products + gather * vectors);
    sums += count * (taps * each + 8);
  }
  // Lines of many channels come from afar.
  const isNear = isShared && channels * padColumns * itemBytes(c.dtype) < NEAR_LINE_BYTES;
  const line = isNear ? 6 + 0.2 * padColumns : 15 + 0.4 * padColumns;
  return c.n * c.groups * (sums + channels * Math.ceil(c.oh / lineBlock) * padLines * line);
}

/** Lines of the filter that meet a line of the image, over all lines of the result: others are skipped where lines are taken together. */
function linesInside(c: ConvShape): number {
  let count = 0;
  for (let ky = 0; ky < c.kh; ky++) {
    count += Math.max(0, Math.min(c.oh, c.h + c.padTop - ky) - Math.max(0, c.padTop - ky));
  }
  return count;
}

/** Cycles of the product of conv.ts: so much for each row, for each packed element, and for each tile. */
function productCycles(c: ConvShape): number {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const rows = Math.max(4, c.cout / c.groups);
  const k = (c.cin / c.groups) * c.kh * c.kw;
  const positions = c.n * c.groups * c.oh * c.ow;
  return (4 / lanes) * positions * (k * (rows / 8 + 0.75) + 12 + rows) + orderCycles(c);
}

/** Cycles in which the weights are packed or reordered: it matters where weights are as many as positions. */
function orderCycles(c: ConvShape): number {
  return (5 * c.kh * c.kw * c.cin * c.cout) / c.groups;
}

/** Cycles of conv-scatter.ts: a product, and an addition for each of its elements. */
function scatterCycles(c: ConvShape): number {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const k = c.cout / c.groups;
  const rows = (c.cin / c.groups) * c.kh * c.kw;
  const add = c.strideW === 1 ? 1.3 : c.strideW === 2 ? 1.5 : 1.8;
  return (4 / lanes) * c.n * c.groups * c.oh * c.ow * (k * (Math.max(4, rows) / 8 + 0.3) + rows * add);
}

/** Cycles of the product of conv-weight.ts: with few rows, that packs more than it multiplies. */
function weightProductCycles(c: ConvShape): number {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const rows = c.cout / c.groups;
  const k = (c.cin / c.groups) * c.kh * c.kw;
  return (4 / lanes) * c.n * c.groups * c.oh * c.ow * (k * (Math.max(4, rows) / 8 + 0.8) + rows * 0.8);
}

/** Planes of an image that the first-level cache holds. */
const NEAR_BYTES = 1 << 16;

/** Cycles of conv-weight-direct.ts: so many a vector of positions for each output channel and tap, and for each sum at the end. */
function weightDirectCycles(c: ConvShape): number {
  const { lanes } = tilesFor(c.dtype, features()).element;
  const rows = c.cout / c.groups;
  const sums = rows * (c.cin / c.groups) * c.kh * c.kw;
  const isPlain = c.strideW === 1 || (c.strideW === 2 && c.dilationW === 1);
  // Short runs of taps, and single output channels, share less of what is loaded.
  const product = (isPlain ? 1 : 3) * (rows === 1 ? 1.2 : c.kw < 4 ? 0.75 : 0.6);
  // Planes that the first-level cache does not hold are read from the second, for each pair of output channels.
  const far = rows > 1 && (c.cin / c.groups) * c.h * c.w * itemBytes(c.dtype) > NEAR_BYTES ? 1.3 : 1;
  // What is left of a vector goes by element by element.
  const line = Math.floor(c.ow / lanes) + 2 * (c.ow % lanes) + 0.3;
  const copied = Math.ceil(rows / 8) * (c.cin / c.groups) * c.oh * c.strideH * c.ow * c.strideW * 0.5;
  return c.n * c.groups * (sums * (c.oh * line * product * far + 10) + copied);
}

/** Fewer output channels, or filters of each, than this are left to the other ways: there is little to gain. */
const MIN_CHANNELS = 3;
/** Up to so many filters of an output channel the error is tested: it grows with the sums. */
const MAX_SQUARE_FILTERS = 1024;
const MAX_LINE_FILTERS = 2048;
/** By how much the model must find this way to be faster. */
const MARGIN = 0.85;

/** Whether winograd.ts and winograd-weight.ts take the shape, with an error that is known. */
function hasWinograd(c: ConvShape): boolean {
  const tiling = tilingOf(c);
  if (tiling === null) return false;
  const filters = (c.cin / c.groups) * tiling.filters;
  const most = tiling.form === SQUARE ? MAX_SQUARE_FILTERS : MAX_LINE_FILTERS;
  return filters <= most && Math.min(filters, c.cout / c.groups) >= MIN_CHANNELS;
}

function winogradCandidates(c: ConvShape): Candidate<'winograd'>[] {
  return hasWinograd(c) ? [{ kernel: 'winograd', cycles: winogradCycles(c) / MARGIN }] : [];
}

/** Cycles of winograd.ts; as if no weights were kept, so that a call gives the same bits with those kept as without. */
function winogradCycles(c: ConvShape): number {
  const plan = winogradPlan({ ...c, keepsWeights: false }, 1);
  const { tiles, tiling, rows, channels, groups, rowTasks, imageBlock, blockY, blockX, blocks, packedBytes } = plan;
  const { inputs, outputs, filters } = tiling.form.cycles;
  const quads = Math.ceil((imageBlock * blockY * blockX) / 4);
  // A vector of tiles without a second to share the loads of weights with takes the time of two.
  const multiplied = Math.ceil(quads / 2) * 8;
  const block =
    (tiling.form.points / 8) * multiplied * paddedRows(tiles, rows) * (channels + 4) +
    quads * (inputs * channels * rowTasks + outputs * rows);
  // Weights that do not stay in the second-level cache cost their way to memory and back.
  const weights = ((rows * channels) / 4) * (packedBytes > 1 << 24 ? 1000 : filters);
  return groups * (blocks * (block + 6000) + weights);
}

/** Planes with their padding that are kept in scratch memory, at most. */
const ADJOINT_BYTES = 4 << 20;
/** Cycles to transform four tiles of sums back and add them. */
const ADJOINT_CYCLES = 75;

/** Whether winograd-adjoint.ts takes the shape: sums as long as winograd.ts takes them, tiles along lines, planes that caches hold. */
function hasAdjoint(c: ConvShape): boolean {
  const tiling = tilingOf(c);
  if (tiling === null || tiling.form === SQUARE) return false;
  const channels = c.cout / c.groups;
  if (channels * tiling.filters > MAX_LINE_FILTERS || channels < MIN_CHANNELS) return false;
  const { planeBytes, imageBlock } = adjointPlan(c);
  return (c.cin / c.groups) * imageBlock * planeBytes <= ADJOINT_BYTES;
}

/** Cycles of winograd-adjoint.ts. */
function adjointCycles(c: ConvShape): number {
  const { tiles, tiling, rows, channels, imageBlock, blockY, blockX, blocks, planeBytes } = adjointPlan(c);
  const { slopes, filters } = LINE.cycles;
  const quads = Math.ceil((imageBlock * blockY * blockX) / 4);
  const multiplied = Math.ceil(quads / 2) * 8;
  const block =
    (tiling.form.points / 8) * multiplied * paddedRows(tiles, rows) * (channels + 4) +
    quads * (slopes * channels + ADJOINT_CYCLES * rows);
  // Planes are filled with zeros and copied.
  const planes = (c.n * c.cin * planeBytes) / 4 / c.groups;
  return c.groups * (blocks * (block + 6000) + planes + ((rows * channels) / 4) * filters);
}

/** Cycles of winograd-weight.ts. */
function winogradWeightCycles(c: ConvShape): number {
  const plan = winogradWeightPlan(c, 1);
  const { tiles, tiling, rows, channels, rowTasks, channelTasks, imageBlock, blockY, blockX, blocks, chunks } = plan;
  const { inputs, slopes, filters } = tiling.form.cycles;
  const count = Math.ceil((imageBlock * blockY * blockX) / 2) * 2;
  const block =
    (tiling.form.points / 8) * (count + 4) * paddedRows(tiles, rows) * Math.ceil(channels / 8) * 8 +
    (count / 4) * (inputs * channels * rowTasks + slopes * rows * channelTasks);
  return c.groups * (blocks * (block + 6000) + (chunks * filters * rows * channels) / 4);
}
