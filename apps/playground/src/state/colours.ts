/** Numbers as colours, the same on every page. */

export type Rgb = readonly [number, number, number];

const NEGATIVE: Rgb = [28, 110, 196];
const POSITIVE: Rgb = [217, 72, 15];
const ZERO: Record<'light' | 'dark', Rgb> = { light: [250, 248, 244], dark: [34, 36, 42] };

/** A number of [-1, 1]: blue below zero, orange above it, and the paper's colour at zero. */
export function diverging(value: number, theme: 'light' | 'dark'): Rgb {
  const share = Math.min(1, Math.abs(value)) ** 0.75;
  const end = value < 0 ? NEGATIVE : POSITIVE;
  const zero = ZERO[theme];
  return [0, 1, 2].map((i) => Math.round(zero[i] + (end[i] - zero[i]) * share)) as unknown as Rgb;
}

/** A number of [0, 1]: from black to white. */
export function grey(value: number): Rgb {
  const level = Math.round(255 * Math.max(0, Math.min(1, value)));
  return [level, level, level];
}

/** The colours of fields and cards, for canvases; the same as in `styles.css`. */
export const field = (theme: 'light' | 'dark'): Rgb => (theme === 'light' ? [242, 240, 234] : [38, 42, 50]);
export const card = (theme: 'light' | 'dark'): Rgb => (theme === 'light' ? [255, 255, 255] : [28, 31, 37]);
export const line = (theme: 'light' | 'dark'): Rgb => (theme === 'light' ? [227, 224, 216] : [48, 52, 61]);

export const css = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`;

/** Relative luminance, as the Web Content Accessibility Guidelines define it. */
function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((level) => {
    const share = level / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever can be read better on this colour: a contrast of 4.5 at least, since the two meet at 4.58. */
export function ink(colour: Rgb): string {
  return luminance(colour) > 0.179 ? '#000000' : '#ffffff';
}

/** A number in as few characters as tell it apart: `0.33`, `-1`, `12.5`. */
export function short(value: number): string {
  if (value === 0) return '0';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toFixed(digits);
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return trimmed === '-0' || trimmed === '0' ? '0' : trimmed.replace('-', '−');
}

/** The same without the zero before the point, for where there is no room: `.33`, `−.05`. */
export function shorter(value: number): string {
  return short(value).replace(/^(−?)0\./, '$1.');
}
