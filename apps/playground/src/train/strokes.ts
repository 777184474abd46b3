/**
 * Strokes as the digits of the data set were made: brought to one size, drawn on 32×32 cells, and counted in blocks of 4×4,
 * which gives 8×8 levels. A network knows no other hand.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}
export type Stroke = readonly Point[];

const CELLS = 32;
/** Half the pen's width, in cells. */
const PEN = 1.9;

function distance(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
  return Math.hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/** Strokes moved and scaled so that the digit fills the cells. */
function fitted(strokes: readonly Stroke[]): Point[][] {
  const points = strokes.flat();
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const scale = (CELLS - 2 * PEN) / Math.max(right - left, bottom - top, 1e-6);
  const place = ({ x, y }: Point): Point => ({
    x: CELLS / 2 + (x - (left + right) / 2) * scale,
    y: CELLS / 2 + (y - (top + bottom) / 2) * scale,
  });
  return strokes.map((stroke) => stroke.map(place));
}

/** 64 levels of [0, 1], in sixteenths. */
export function rasterise(strokes: readonly Stroke[]): number[] {
  const levels: number[] = Array(64).fill(0);
  if (strokes.every((stroke) => stroke.length === 0)) return levels;
  const lines = fitted(strokes);
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      const centre = { x: x + 0.5, y: y + 0.5 };
      const inked = lines.some((line) => line.some((b, i) => distance(centre, line[Math.max(0, i - 1)], b) <= PEN));
      if (inked) levels[8 * Math.floor(y / 4) + Math.floor(x / 4)] += 1 / 16;
    }
  }
  return levels;
}

/** A three to begin with. */
export const three: readonly Stroke[] = [
  Array.from({ length: 41 }, (_, i) => {
    const upper = i <= 20;
    const angle = ((upper ? -155 + 12 * i : -85 + 12 * (i - 20)) * Math.PI) / 180;
    const [centre, radius] = upper ? [0.34, 0.16] : [0.66, 0.17];
    return { x: 0.48 + 1.05 * radius * Math.cos(angle), y: centre + radius * Math.sin(angle) };
  }),
];
