/** The digits: 1,797 real handwritten ones of 8×8 pixels, of which 360 are held out. */

import type { Tensor } from 'torsor';
import { data, Generator, randperm } from 'torsor';

export interface Part {
  /** `[N, 1, 8, 8]`, in [0, 1]. */
  readonly images: Tensor;
  /** `[N]`, int32. */
  readonly labels: Tensor;
}

const HELD_OUT = 360;

/** Unpacks gzip; servers that know the file's ending have the browser do it, and then there is nothing left to do. */
async function unpacked(response: Response): Promise<string> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new TextDecoder().decode(bytes);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).text();
}

export async function loadDigits(url: string): Promise<{ train: Part; heldOut: Part }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The digits did not load (${response.status}).`);
  const table = data.parseCsv(await unpacked(response));
  const shuffled = table.indexSelect(0, randperm(table.shape[0], { generator: new Generator(0) }));
  const images = shuffled.slice(1, 0, 64).div(16).reshape(-1, 1, 8, 8);
  const labels = shuffled.select(1, 64).int();
  const part = (start: number, end: number | null): Part => ({
    images: images.slice(0, start, end).contiguous(),
    labels: labels.slice(0, start, end).contiguous(),
  });
  return { train: part(HELD_OUT, null), heldOut: part(0, HELD_OUT) };
}

/** The pictures with their pixels in another order. */
export function permute(images: Tensor, order: Tensor): Tensor {
  return images.reshape(-1, 64).indexSelect(1, order).reshape(-1, 1, 8, 8);
}
