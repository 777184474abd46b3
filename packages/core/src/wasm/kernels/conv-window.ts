/** The sizes of a convolution as parameters of its kernels. */

import type { ConvShape } from './conv.ts';

/** Of the image, of the result, of the window and how it moves. */
export const WINDOW = {
  h: 'i32',
  w: 'i32',
  oh: 'i32',
  ow: 'i32',
  kh: 'i32',
  kw: 'i32',
  strideH: 'i32',
  strideW: 'i32',
  padTop: 'i32',
  padLeft: 'i32',
  dilationH: 'i32',
  dilationW: 'i32',
} as const;

export function windowOf(c: ConvShape): Record<keyof typeof WINDOW, number> {
  const { h, w, oh, ow, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW } = c;
  return { h, w, oh, ow, kh, kw, strideH, strideW, padTop, padLeft, dilationH, dilationW };
}
