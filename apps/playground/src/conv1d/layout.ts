/**
 * Where things stand in the figure: the signal above, its channels side by side; under it the kernel that slides; then the
 * matrix, whose columns belong to the samples above them; and at its right the outputs, whose rows are the matrix's.
 */

import type { View } from './view.ts';

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Width of a sample's column, height of an output's row. */
  readonly cell: number;
  readonly row: number;
  /** Padding drawn at the signal's ends, in samples. */
  readonly before: number;
  readonly after: number;
  /** The left end of each channel. */
  readonly blocks: readonly number[];
  readonly blockWidth: number;
  /** The matrix is a pile of sheets, one a kernel: how many are seen, and how far one peeks out from under another. */
  readonly sheets: number;
  readonly peek: number;
  readonly matrixTop: number;
  readonly matrixHeight: number;
  /** The bars of the front kernel's outputs, and the columns of all kernels' outputs. */
  readonly barsLeft: number;
  readonly barsWidth: number;
  readonly heatLeft: number;
  readonly heat: number;
}

export const SIGNAL = 104;
export const BAND = 34;
const GAP = 12;
const CHANNEL_GAP = 14;
const MOST_SHEETS = 6;

export interface Content {
  readonly view: View;
  readonly length: number;
  readonly channels: number;
  readonly kernels: number;
  readonly padding: number;
}

/** The layout for so many pixels of width; wider than that if columns would be too narrow to point at. */
export function layoutOf({ view, length, channels, kernels, padding }: Content, space: number): Layout {
  const isNarrow = space < 520;
  const [before, after] = [view.from === 0 ? padding : 0, view.to === length ? padding : 0];
  const columns = view.to - view.from + before + after;
  const rows = view.last - view.first;
  const sheets = Math.min(MOST_SHEETS, kernels);
  const peek = isNarrow ? 4 : kernels < 5 ? 9 : 6;
  const barsWidth = isNarrow ? 48 : 92;
  const heat = Math.max(isNarrow ? 5 : 6, Math.min(16, Math.floor((isNarrow ? 30 : 84) / kernels)));
  const right = GAP + barsWidth + 8 + kernels * heat;
  const depth = (sheets - 1) * peek;
  const free = space - right - depth - (channels - 1) * CHANNEL_GAP;
  const cell = Math.min(30, Math.max(isNarrow ? 5.5 : 4, free / (columns * channels)));
  const blockWidth = columns * cell;
  const blocks = Array.from({ length: channels }, (_, channel) => channel * (blockWidth + CHANNEL_GAP));
  const row = Math.max(6, Math.min(isNarrow ? 14 : 24, Math.floor(380 / Math.max(1, rows))));
  const barsLeft = blocks[channels - 1] + blockWidth + depth + GAP;
  const heatLeft = barsLeft + barsWidth + 8;
  const matrixTop = SIGNAL + BAND;
  return {
    width: heatLeft + kernels * heat,
    height: matrixTop + rows * row + depth,
    cell,
    row,
    before,
    after,
    blocks,
    blockWidth,
    sheets,
    peek,
    matrixTop,
    matrixHeight: rows * row,
    barsLeft,
    barsWidth,
    heatLeft,
    heat,
  };
}

export interface SamplePlace {
  readonly kind: 'sample';
  readonly channel: number;
  readonly at: number;
  readonly value: number;
}

/** What a point of the figure is. */
export type Place =
  | SamplePlace
  | { readonly kind: 'row'; readonly row: number }
  | { readonly kind: 'kernel'; readonly row: number; readonly kernel: number };

/** The value in [−1, 1] that stands at a height of the signal's strip, and the height of a value. */
const REACH = SIGNAL / 2 - 14;
const MIDDLE = SIGNAL / 2 + 6;
export const heightOf = (value: number): number => MIDDLE - value * REACH;
const valueAt = (y: number): number => Math.max(-1, Math.min(1, (MIDDLE - y) / REACH));

export function placeAt(layout: Layout, view: View, x: number, y: number): Place | undefined {
  const { blocks, blockWidth, cell, before, matrixTop, matrixHeight, row, heatLeft, heat } = layout;
  if (y < matrixTop) {
    const channel = blocks.findIndex((left) => x >= left && x < left + blockWidth);
    if (channel < 0) return undefined;
    const at = view.from + Math.floor((x - blocks[channel]) / cell) - before;
    if (at < view.from || at >= view.to) return undefined;
    return { kind: 'sample', channel, at, value: valueAt(y) };
  }
  const line = Math.floor((y - matrixTop) / row);
  if (y >= matrixTop + matrixHeight) return undefined;
  const at = view.first + line;
  return x >= heatLeft
    ? { kind: 'kernel', row: at, kernel: Math.floor((x - heatLeft) / heat) }
    : { kind: 'row', row: at };
}

/** The left end of a sample's column, of padding too. */
export function columnLeft(layout: Layout, view: View, channel: number, at: number): number {
  return layout.blocks[channel] + (at - view.from + layout.before) * layout.cell;
}
