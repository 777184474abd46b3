/**
 * The part of a signal that is shown sample by sample: all of a short one, two or three dozen samples of a long one. Beside it
 * stand those outputs that are made of nothing else, so that each row of the matrix is whole.
 */

import type { Axis } from '../geometry.ts';
import { outputSize, span } from '../geometry.ts';
import type { PaddingMode } from './padding.ts';
import { sourcedTaps } from './padding.ts';

export interface View {
  /** Samples `from`, included, to `to`, excluded. */
  readonly from: number;
  readonly to: number;
  /** Outputs `first`, included, to `last`, excluded. */
  readonly first: number;
  readonly last: number;
}

/** Signals up to this length are shown whole. */
export const WHOLE = 64;
/** A view begins at a multiple of this, which all strides divide, so that its outputs are outputs of the whole. */
const GRID = 12;

/** How many samples of a long signal are shown: enough for a window to slide a little. */
function widthFor(axis: Axis): number {
  return Math.max(2, Math.ceil((span(axis) + 8) / GRID)) * GRID;
}

/** The start nearest to `at` that a view can have. */
export function snapped(axis: Axis, at: number): number {
  if (axis.input <= WHOLE) return 0;
  const last = Math.max(0, Math.ceil((axis.input - widthFor(axis)) / GRID)) * GRID;
  return Math.min(last, Math.max(0, Math.round(at / GRID) * GRID));
}

export function viewOf(axis: Axis, mode: PaddingMode, at: number): View {
  const outputs = Math.max(0, outputSize(axis));
  if (axis.input <= WHOLE) return { from: 0, to: axis.input, first: 0, last: outputs };
  const from = snapped(axis, at);
  const to = Math.min(axis.input, from + widthFor(axis));
  const isWithin = (output: number) =>
    sourcedTaps(axis, mode, output).every(({ source }) => source === undefined || (source >= from && source < to));
  const { stride, padding } = axis;
  const lowest = Math.max(0, Math.floor((from - span(axis)) / stride));
  const highest = Math.min(outputs - 1, Math.ceil((to + padding) / stride));
  const within: number[] = [];
  for (let output = lowest; output <= highest; output++) if (isWithin(output)) within.push(output);
  const first = within[0] ?? 0;
  return { from, to, first, last: within.length > 0 ? within[within.length - 1] + 1 : first };
}
