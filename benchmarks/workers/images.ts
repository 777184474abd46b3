/** A dataset whose samples take a while to make, as those that are decoded and distorted do: some 0.5 ms each. */

import type { Tensor } from 'torsor';
import * as t from 'torsor';

const SIZE = 64;

export default function images(length: number): t.data.Dataset<[Tensor, number]> {
  return {
    length,
    get(index) {
      const pixels = new Float32Array(3 * SIZE * SIZE);
      for (let round = 0; round < 4; round++) {
        for (let i = 0; i < pixels.length; i++) pixels[i] = Math.sin(pixels[i] + i * 0.01 + index + round);
      }
      return [t.tensor(pixels).view(3, SIZE, SIZE), index % 10];
    },
  };
}
