/** Small pictures for the terminal: a progress bar, a curve, a confusion matrix. */

const isTerminal = process.stdout.isTTY === true;
const colour = (code: number, text: string): string => (isTerminal ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = (text: string): string => colour(1, text);
export const dim = (text: string): string => colour(2, text);
export const green = (text: string): string => colour(32, text);
export const red = (text: string): string => colour(31, text);

/** A line that is drawn over and over in a terminal; elsewhere only its last state is printed. */
export class ProgressLine {
  #last = 0;

  /** Draws `done` of `total` as a bar, with a text behind it; at most twenty times a second. */
  draw(done: number, total: number, text: string): void {
    const now = performance.now();
    if (!isTerminal || (now - this.#last < 50 && done < total)) return;
    this.#last = now;
    const width = 24;
    const filled = Math.round((done / total) * width);
    process.stdout.write(`\r\x1b[2K${green('█'.repeat(filled))}${dim('░'.repeat(width - filled))} ${text}`);
  }

  /** Ends the line with a final text. */
  finish(text: string): void {
    process.stdout.write(isTerminal ? `\r\x1b[2K${text}\n` : `${text}\n`);
  }
}

const BLOCKS = ' ▁▂▃▄▅▆▇█';

/** A curve of the values in `height` rows of block characters, on a logarithmic scale, with its range at the left. */
export function curve(values: readonly number[], width = 64, height = 8): string {
  const columns = Math.min(width, values.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / columns),
      Math.floor(((i + 1) * values.length) / columns),
    );
    return Math.log10(part.reduce((a, b) => a + b, 0) / part.length);
  });
  const low = Math.min(...means);
  const high = Math.max(...means);
  const scale = high > low ? (height * 8 - 1) / (high - low) : 0;
  const rows: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const cells = means.map(
      (value) => BLOCKS[Math.min(Math.max(Math.round((value - low) * scale) + 1 - row * 8, 0), 8)],
    );
    const label = row === height - 1 ? (10 ** high).toFixed(3) : row === 0 ? (10 ** low).toFixed(3) : '';
    rows.push(`${label.padStart(8)} ${dim('│')}${cells.join('')}`);
  }
  return rows.join('\n');
}

/** Counts by true class (rows) and predicted class (columns); zeros are dots. */
export function confusionMatrix(truth: readonly number[], predicted: readonly number[], classes: number): string {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [i, label] of truth.entries()) counts[label][predicted[i]]++;
  const head = `${' '.repeat(10)}${counts.map((_, c) => String(c).padStart(4)).join('')}   ${dim('← predicted')}`;
  const lines = counts.map((row, label) => {
    const cells = row.map((n, c) => {
      const text = (n === 0 ? '·' : String(n)).padStart(4);
      return n === 0 ? dim(text) : c === label ? green(text) : red(text);
    });
    const total = row.reduce((a, b) => a + b, 0);
    return `${String(label).padStart(9)} ${cells.join('')}   ${dim(`${row[label]} of ${total}`)}`;
  });
  return [head, ...lines].join('\n');
}

const SHADES = ' ░▒▓█';

/** An image with values in [0, 1] as shaded cells, two columns a pixel. */
export function picture(pixels: readonly number[], width: number): string[] {
  const rows: string[] = [];
  for (let y = 0; y < pixels.length / width; y++) {
    const row = pixels.slice(y * width, (y + 1) * width);
    rows.push(row.map((v) => SHADES[Math.min(Math.floor(v * SHADES.length), SHADES.length - 1)].repeat(2)).join(''));
  }
  return rows;
}
