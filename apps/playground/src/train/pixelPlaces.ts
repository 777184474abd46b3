/** One order of the 64 pixels, always the same; drawn at random. */

import { Generator, randperm } from '@torsor/core';

/** Where the pixel that goes to each place comes from. */
export const pixelPlaces: readonly number[] = Array.from(
  randperm(64, { generator: new Generator(5) }).toTypedArray(),
  Number,
);
