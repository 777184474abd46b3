/** Numbers as pixels: red, green, blue and 255, row after row. */

import type { Rgb } from '../state/colours.ts';
import { diverging, grey } from '../state/colours.ts';
import type { Volume } from './compute.ts';
import { channelOf } from './compute.ts';

export interface Pixels {
  readonly rows: number;
  readonly columns: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** What a number is shown as: brightness from 0 to `limit`, or blue and orange from `-limit` to `limit`. */
export interface Scale {
  readonly signed: boolean;
  readonly limit: number;
}

const STEPS = 255;

/** The colours of a scale, from its lowest number to its highest. */
function paletteOf({ signed }: Scale, theme: 'light' | 'dark'): Rgb[] {
  return Array.from({ length: STEPS + 1 }, (_, i) =>
    signed ? diverging((2 * i) / STEPS - 1, theme) : grey(i / STEPS),
  );
}

/** One channel; of a large one every so many pixels, if there is a `most` of them a row. */
export function paint(
  values: Float32Array,
  rows: number,
  columns: number,
  scale: Scale,
  theme: 'light' | 'dark',
  most = Infinity,
): Pixels {
  const palette = paletteOf(scale, theme);
  const step = Math.max(1, Math.ceil(columns / most));
  const [height, width] = [Math.ceil(rows / step), Math.ceil(columns / step)];
  const data = new Uint8ClampedArray(4 * height * width);
  const [low, range] = scale.signed ? [-scale.limit, 2 * scale.limit] : [0, scale.limit];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const share = (values[y * step * columns + x * step] - low) / range;
      const [r, g, b] = palette[Math.round(STEPS * Math.max(0, Math.min(1, share)))];
      const at = 4 * (y * width + x);
      data[at] = r;
      data[at + 1] = g;
      data[at + 2] = b;
      data[at + 3] = 255;
    }
  }
  return { rows: height, columns: width, data };
}

/** All channels at once: of three red, green and blue; of more the mean of each third, as they go from violet to red. */
export function paintAll(volume: Volume): Pixels {
  const { channels, rows, columns } = volume;
  const third = (part: number): number[] => {
    if (channels === 1) return [0];
    if (channels === 3) return [part];
    const [from, to] = [2 - part, 3 - part].map((edge) => Math.floor((edge * channels) / 3));
    return Array.from({ length: to - from }, (_, i) => from + i);
  };
  const data = new Uint8ClampedArray(4 * rows * columns).fill(255);
  for (let part = 0; part < 3; part++) {
    const layers = third(part).map((channel) => channelOf(volume, channel));
    for (let i = 0; i < rows * columns; i++)
      data[4 * i + part] = Math.round((255 * layers.reduce((sum, layer) => sum + layer[i], 0)) / layers.length);
  }
  return { rows, columns, data };
}

/** Answers on both sides of zero are shown in two colours; brightness stays brightness. */
export function scaleOf(values: Float32Array, gain: number, operation: string): Scale {
  if (operation === 'max' || operation === 'average') return { signed: false, limit: 1 };
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const negative = values.reduce((count, value) => count + (value < -0.02 ? 1 : 0), 0) / values.length;
  if (negative > 0.1 || gain < 0.5) return { signed: true, limit: largest };
  return { signed: false, limit: gain > 1.5 || operation === 'transposed' ? largest : 1 };
}
