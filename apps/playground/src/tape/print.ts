/** Values as short lines of text. */

import type { Value } from './trace.ts';

const MINUS = '−';

/** A number in few characters: `0.333`, `12`, `1.02e−4`. */
export function brief(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('-', MINUS).replace('Infinity', '∞');
  if (value === 0) return '0';
  const size = Math.abs(value);
  let text: string;
  if (Number.isInteger(value) && size < 1e6) text = String(value);
  else if (size >= 1e-3 && size < 1e5) text = String(Number(value.toPrecision(4)));
  else text = value.toExponential(1).replace('e+', 'e');
  return text.replaceAll('-', MINUS);
}

/** Row by row, in columns; dots where there is more. */
export function rowsOf(value: Value): string[] {
  const { rows, columns, data, shape, isWhole } = value;
  if (data.length === 0) return ['empty'];
  const cells = data.map(brief);
  const widths = Array.from({ length: columns }, (_, c) =>
    Math.max(...Array.from({ length: rows }, (_, r) => cells[r * columns + c].length)),
  );
  const isWide = !isWhole && (shape.at(-1) ?? 1) > columns;
  const lines = Array.from({ length: rows }, (_, r) => {
    const row = widths.map((width, c) => cells[r * columns + c].padStart(width)).join('  ');
    return isWide ? `${row}  …` : row;
  });
  if (!isWhole && !(isWide && shape.length === 1) && (shape.at(-2) ?? 1) * (shape.length > 2 ? 2 : 1) > rows)
    lines.push('⋮');
  return lines;
}

/** `[2, 2]`; `scalar` for no dimensions. */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? 'scalar' : `[${shape.join(', ')}]`;

/** On one line: `[[1, 2], [3, 4]]`. */
export function inline(value: Value): string {
  const { rows, columns, data, shape, isWhole } = value;
  if (shape.length === 0) return brief(data[0]);
  const more = isWhole ? '' : ', …';
  const lines = Array.from(
    { length: rows },
    (_, r) =>
      `[${data
        .slice(r * columns, (r + 1) * columns)
        .map(brief)
        .join(', ')}]`,
  );
  return shape.length === 1 ? `${lines[0].slice(0, -1)}${more}]` : `[${lines.join(', ')}${more}]`;
}
