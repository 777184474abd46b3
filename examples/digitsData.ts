/** The digits that the examples train on: 1,797 real handwritten digits of 8×8 pixels. Source and licence: `data/NOTICE.md`. */

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { Tensor } from 'torsor';
import { data, Generator, randperm } from 'torsor';

export interface Digits {
  /** `[N, 1, 8, 8]`, scaled to [0, 1]. */
  readonly images: Tensor;
  /** `[N]`, int32. */
  readonly labels: Tensor;
}

/** Reads the digits and splits them, always in the same way, into a part to train on and a part held out. */
export async function loadDigits(heldOut = 360): Promise<{ train: Digits; test: Digits }> {
  const file = await readFile(new URL('./data/digits.csv.gz', import.meta.url));
  const table = data.parseCsv(new TextDecoder().decode(gunzipSync(file)));
  const order = randperm(table.shape[0], { generator: new Generator(0) });
  const shuffled = table.indexSelect(0, order);
  const images = shuffled.slice(1, 0, 64).div(16).reshape(-1, 1, 8, 8);
  const labels = shuffled.select(1, 64).int();
  const part = (start: number, end: number | null): Digits => ({
    images: images.slice(0, start, end).contiguous(),
    labels: labels.slice(0, start, end).contiguous(),
  });
  return { train: part(heldOut, null), test: part(0, heldOut) };
}
