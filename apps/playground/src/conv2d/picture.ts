/** Pictures as channels of brightness in [0, 1]: the photograph, a file, the camera, a drawing. */

import type { Volume } from './compute.ts';
import { mix } from './compute.ts';
import type { Colours } from './settings.ts';

/** A picture's shape is 3:2, as the photograph's. */
export const rowsFor = (columns: number): number => Math.round((columns * 2) / 3);

/** Decodes what the browser can; throws a sentence for the reader if it cannot. */
export async function decode(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob);
  } catch {
    throw new Error(
      'That file is not a picture that this browser can read. Try a PNG or a JPEG; the picture is still the one from before.',
    );
  }
}

export async function loadPhoto(): Promise<ImageBitmap> {
  const response = await fetch('./flower.jpg');
  if (!response.ok) throw new Error(`The photograph did not load (${response.status}).`);
  return decode(await response.blob());
}

/** In thousandths: what is printed is what is computed with. */
const thousandths = (value: number): number => Math.round(value * 1000) / 1000;
const rounded = (volume: Volume): Volume => ({ ...volume, data: volume.data.map(thousandths) });

/** The middle of a picture of so many pixels, at so many a row: red, green and blue. */
export function rgbOf(source: CanvasImageSource, width: number, height: number, columns: number): Volume {
  const rows = rowsFor(columns);
  const scale = Math.min(width / columns, height / rows);
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives the page no canvas to read pictures with.');
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(width - columns * scale) / 2, (height - rows * scale) / 2];
  context.drawImage(source, left, top, columns * scale, rows * scale, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  const area = rows * columns;
  const levels = Float32Array.from({ length: 3 * area }, (_, i) => {
    const at = 4 * (i % area);
    return thousandths((data[at + Math.floor(i / area)] * data[at + 3]) / 65025);
  });
  return { channels: 3, rows, columns, data: levels };
}

/** What red, green and blue weigh in brightness. */
const LUMA = [0.299, 0.587, 0.114];
/** Where in the spectrum the photograph's three colours lie, and how far each reaches: nanometres. */
const CENTRES = [610, 545, 460];
const REACH = 45;

/** The wavelength of a band: from violet to red. */
export const wavelength = (band: number, bands: number): number =>
  Math.round(400 + (300 * band) / Math.max(1, bands - 1));

/** How much of red, green and blue is in each band: most of the colours near to it, together 1. */
export function bandWeights(bands: number): number[][] {
  return Array.from({ length: bands }, (_, band) => {
    const at = wavelength(band, bands);
    const bells = CENTRES.map((centre) => Math.exp(-0.5 * ((at - centre) / REACH) ** 2));
    const sum = bells.reduce((total, bell) => total + bell, 0);
    return bells.map((bell) => bell / sum);
  });
}

/** A picture of three colours, in the channels that are wanted; each is a mixture of the three, which Torsor mixes. */
export function inColours(rgb: Volume, colours: Colours, bands: number): Volume {
  if (colours === 'rgb') return rgb;
  return rounded(mix(rgb, colours === 'grey' ? [LUMA] : bandWeights(bands)));
}

export function channelNames(colours: Colours, bands: number): string[] {
  if (colours === 'grey') return ['brightness'];
  if (colours === 'rgb') return ['red', 'green', 'blue'];
  return Array.from({ length: bands }, (_, band) => `${wavelength(band, bands)} nm`);
}

/** One picture of brightness as one of three colours. */
export function asRgb({ rows, columns, data }: Volume): Volume {
  const all = new Float32Array(3 * data.length);
  for (let channel = 0; channel < 3; channel++) all.set(data, channel * data.length);
  return { channels: 3, rows, columns, data: all };
}

export function blank(columns: number): Volume {
  const rows = rowsFor(columns);
  return { channels: 1, rows, columns, data: new Float32Array(rows * columns) };
}

/** A drawing to begin with: a ring and a stroke through it. */
export function firstDrawing(columns: number): Volume {
  const rows = rowsFor(columns);
  const radius = rows * 0.32;
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - (rows - 1) / 2, (i % columns) - (columns - 1) / 2];
    const ring = Math.abs(Math.hypot(x, y) - radius) < columns / 28;
    const stroke = Math.abs(x + y) < columns / 34 && Math.abs(x) < columns * 0.3;
    return ring || stroke ? 1 : 0;
  });
  return { channels: 1, rows, columns, data };
}

/** The drawing at another number of pixels a row. */
export function resized(drawing: Volume, columns: number): Volume {
  const rows = rowsFor(columns);
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const y = Math.floor(((Math.floor(i / columns) + 0.5) / rows) * drawing.rows);
    const x = Math.floor((((i % columns) + 0.5) / columns) * drawing.columns);
    return drawing.data[y * drawing.columns + x];
  });
  return { channels: 1, rows, columns, data };
}

/** The drawing with a round dab of ink at a pixel. */
export function dab(drawing: Volume, row: number, column: number): Volume {
  const { rows, columns } = drawing;
  const data = drawing.data.slice();
  const radius = Math.max(0.8, columns / 40);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const ink = radius + 0.5 - Math.hypot(y - row, x - column);
      const level = thousandths(Math.max(0, Math.min(1, ink)));
      data[y * columns + x] = Math.max(data[y * columns + x], level);
    }
  }
  return { ...drawing, data };
}
