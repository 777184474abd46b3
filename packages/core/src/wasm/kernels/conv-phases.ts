/**
 * The phases of a convolution backwards to its input.
 *
 * Rows iy of the input that leave the same rest on division by the stride meet the same taps ky, and among them oy
 * advances by one with iy. So each pair of rests, in y and in x, is a phase: a forward convolution of the gradient with
 * stride 1 and some of the taps, in reverse order. With stride 1 there is one phase, which writes its result in place;
 * otherwise each writes into a buffer, from which its elements are dealt out. No product with an inserted zero is ever
 * formed.
 *
 * Phases that differ in x alone can be one convolution, whose output channels are those of all of them: its filters are
 * as long as all together reach, with zeros where one of them has no tap.
 */

import { itemBytes } from '../../dtype.ts';
import type { ConvShape } from './conv.ts';

/** Images whose phases are buffered together take about as much as this. */
const BUFFER_BYTES = 4 << 20;

/** One dimension of a phase. */
export interface PhaseSide {
  /** The first position of the input, how many there are, a stride apart. */
  readonly first: number;
  readonly count: number;
  /** The first tap, the step from tap to tap, how many there are. */
  readonly tap: number;
  readonly tapStep: number;
  readonly taps: number;
  /** Padding and dilation of the forward convolution over `grad`. */
  readonly padding: number;
  readonly dilation: number;
}

/** A phase: a forward convolution over the gradient. */
export interface Phase {
  readonly y: PhaseSide;
  readonly x: PhaseSide;
  readonly shape: ConvShape;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * The side of the phase with rest r: positions i = first + stride · t with (i + padding) mod stride = r, taps k with
 * (k · dilation) mod stride = r. With g = gcd(dilation, stride), taps are stride/g apart and each moves by dilation/g.
 */
function phaseSide(size: number, kernel: number, stride: number, pad: number, dilation: number, r: number): PhaseSide {
  const first = (((r - pad) % stride) + stride) % stride;
  const count = Math.max(0, Math.ceil((size - first) / stride));
  const g = gcd(dilation, stride);
  const tapStep = stride / g;
  let tap = 0;
  while (tap < tapStep && (tap * dilation) % stride !== r) tap++;
  const taps = tap < tapStep ? Math.max(0, Math.ceil((kernel - tap) / tapStep)) : 0;
  const step = dilation / g;
  const padding = taps === 0 ? 0 : (taps - 1) * step - (first + pad - tap * dilation) / stride;
  return { first, count, tap, tapStep, taps, padding, dilation: step };
}

export function phasesOf(c: ConvShape): Phase[] {
  const phases: Phase[] = [];
  const isEmpty = c.oh === 0 || c.ow === 0 || c.cout === 0;
  for (let ry = 0; ry < c.strideH; ry++) {
    for (let rx = 0; rx < c.strideW; rx++) {
      const y = phaseSide(c.h, c.kh, c.strideH, c.padTop, c.dilationH, ry);
      const x = phaseSide(c.w, c.kw, c.strideW, c.padLeft, c.dilationW, rx);
      if (y.count === 0 || x.count === 0) continue;
      const shape: ConvShape = {
        dtype: c.dtype,
        n: Math.min(c.n, imagesAtATime(c)),
        cin: c.cout,
        h: c.oh,
        w: c.ow,
        cout: c.cin,
        kh: isEmpty ? 0 : y.taps,
        kw: isEmpty ? 0 : x.taps,
        oh: y.count,
        ow: x.count,
        strideH: 1,
        strideW: 1,
        padTop: y.padding,
        padLeft: x.padding,
        dilationH: y.dilation,
        dilationW: x.dilation,
        groups: c.groups,
      };
      phases.push({ y, x, shape });
    }
  }
  return phases;
}

/** Phases that are one convolution: of each, the first of its output channels, and before which tap its own begin. */
export interface Joint {
  readonly shape: ConvShape;
  readonly phases: readonly (Phase & { readonly channel: number; readonly tapAt: number })[];
}

/** Each phase as a convolution of its own. */
export function singlePhases(c: ConvShape): Joint[] {
  return phasesOf(c).map((phase) => ({ shape: phase.shape, phases: [{ ...phase, channel: 0, tapAt: 0 }] }));
}

/** All phases as one convolution; null where they differ in more than x, or in their paddings by more than they reach. */
export function jointPhases(c: ConvShape): Joint | null {
  if (c.strideH > 1 || c.strideW === 1 || c.groups > 1) return null;
  const phases = phasesOf(c);
  if (phases.length !== c.strideW || phases.some(({ shape: { kh, kw } }) => kh * kw === 0)) return null;
  const [{ shape }] = phases;
  const padLeft = Math.max(...phases.map(({ x }) => x.padding));
  // The taps of dilated phases could begin between those of others.
  if (shape.dilationW > 1) return null;
  const offsets = phases.map(({ x }) => padLeft - x.padding);
  const kw = Math.max(...phases.map(({ x }, i) => offsets[i] + x.taps));
  const ow = Math.max(...phases.map(({ x }) => x.count));
  return {
    shape: { ...shape, cout: phases.length * c.cin, kw, ow, padLeft },
    phases: phases.map((phase, i) => ({ ...phase, channel: i * c.cin, tapAt: offsets[i] })),
  };
}

/** Whether phases go through a buffer. */
export function isBuffered(c: ConvShape): boolean {
  return c.strideH > 1 || c.strideW > 1;
}

/** Bytes of all phases of a line of them, of one image. */
export function phaseBytes(c: ConvShape): number {
  return Math.ceil(c.h / c.strideH) * Math.ceil(c.w / c.strideW) * c.strideW * c.cin * itemBytes(c.dtype);
}

/** How many images go through the buffer together. */
export function imagesAtATime(c: ConvShape): number {
  return isBuffered(c) ? Math.max(1, Math.floor(BUFFER_BYTES / Math.max(phaseBytes(c), 1))) : c.n;
}
