/** Pictures as matrices of brightness in [0, 1]: the photograph, a file, a drawing. */

import type { Matrix } from './compute.ts';

/** A picture's shape is 3:2, as the photograph's. */
export const rowsFor = (columns: number): number => Math.round((columns * 2) / 3);

/** Decodes what the browser can; throws a sentence for the reader if it cannot. */
export async function decode(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob);
  } catch {
    throw new Error('That file is not a picture that this browser can read. Try a PNG or a JPEG.');
  }
}

export async function loadPhoto(): Promise<ImageBitmap> {
  const response = await fetch('./flower.jpg');
  if (!response.ok) throw new Error(`The photograph did not load (${response.status}).`);
  return decode(await response.blob());
}

/** The middle of a picture, at so many pixels a row, as brightness: 0.299 R + 0.587 G + 0.114 B. */
export function brightness(bitmap: ImageBitmap, columns: number): Matrix {
  const rows = rowsFor(columns);
  const scale = Math.min(bitmap.width / columns, bitmap.height / rows);
  const [width, height] = [columns * scale, rows * scale];
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('This browser gives the page no canvas to read pictures with.');
  context.imageSmoothingQuality = 'high';
  const [left, top] = [(bitmap.width - width) / 2, (bitmap.height - height) / 2];
  context.drawImage(bitmap, left, top, width, height, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  const levels = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [r, g, b, alpha] = data.subarray(4 * i, 4 * i + 4);
    // in thousandths: what is printed is what is computed with
    return Math.round(((0.299 * r + 0.587 * g + 0.114 * b) * alpha) / 65.025) / 1000;
  });
  return { rows, columns, data: levels };
}

/** A drawing to begin with: a ring and a stroke through it. */
export function firstDrawing(columns: number): Matrix {
  const rows = rowsFor(columns);
  const radius = rows * 0.32;
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - (rows - 1) / 2, (i % columns) - (columns - 1) / 2];
    const ring = Math.abs(Math.hypot(x, y) - radius) < columns / 28;
    const stroke = Math.abs(x + y) < columns / 34 && Math.abs(x) < columns * 0.3;
    return ring || stroke ? 1 : 0;
  });
  return { rows, columns, data };
}

/** The drawing with a round dab of ink at a pixel. */
export function dab(drawing: Matrix, row: number, column: number): Matrix {
  const { rows, columns } = drawing;
  const data = drawing.data.slice();
  const radius = Math.max(0.8, columns / 40);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const ink = radius + 0.5 - Math.hypot(y - row, x - column);
      const level = Math.round(Math.max(0, Math.min(1, ink)) * 1000) / 1000;
      data[y * columns + x] = Math.max(data[y * columns + x], level);
    }
  }
  return { rows, columns, data };
}
