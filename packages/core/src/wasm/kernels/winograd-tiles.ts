/** What the Winograd kernels of both directions share: which shapes they take, blocks of tiles, planes with padding. */

import type { Assembler, Func, Local } from '../assembler.ts';
import type { ConvShape } from './conv.ts';
import { repeat } from './gemm-micro.ts';
import { evenBlock } from './gemm-plan.ts';
import { TILE } from './winograd-transforms.ts';

/** Whether this way can compute a convolution at all. */
export function takesWinograd(c: ConvShape): boolean {
  const isPlain = c.strideH === 1 && c.strideW === 1 && c.dilationH === 1 && c.dilationW === 1;
  const isEmpty = c.n === 0 || c.cout === 0 || c.cin === 0 || c.oh === 0 || c.ow === 0 || c.h === 0 || c.w === 0;
  return c.dtype === 'float32' && c.kh === 3 && c.kw === 3 && isPlain && !isEmpty;
}

/** Consecutive points an odd number of lines apart, so that they do not share one set of the cache. */
export function pointStep(bytes: number): number {
  const lines = Math.ceil(bytes / 64);
  return (lines + 1 - (lines % 2)) * 64;
}

/** The images, lines and columns of tiles in a block of at most `most` tiles, or of one line. */
export function tileBlocks(c: ConvShape, most: number, multiple: number) {
  const tilesY = Math.ceil(c.oh / TILE);
  const tilesX = Math.ceil(c.ow / TILE);
  const blockX = tilesX <= most ? tilesX : evenBlock(tilesX, most, multiple);
  const blockY = evenBlock(tilesY, Math.max(1, Math.floor(most / tilesX)), 1);
  const isWhole = blockX >= tilesX && blockY >= tilesY;
  const imageBlock = isWhole ? evenBlock(c.n, Math.max(1, Math.floor(most / (tilesX * tilesY))), 1) : 1;
  return { imageBlock, blockY, blockX };
}

/**
 * Of a side of a plane with padding, for `tiles` tiles that reach `extra` further: how much of it there is, where the
 * image begins in it, how much of the image it has. The plane begins at `first` of the image's `size`.
 */
export function paddedSide(
  code: Assembler,
  tiles: Local<'i32'>,
  extra: number,
  first: Local<'i32'>,
  size: Local<'i32'>,
): readonly [padded: Local<'i32'>, start: Local<'i32'>, count: Local<'i32'>] {
  const { i32 } = code;
  const padded = code.local('i32', i32.add(code.scale(tiles, TILE), extra));
  const start = code.local('i32', i32.sub(0, first));
  start.set(i32.mul(start, i32.gt_s(start, 0)));
  const end = code.local('i32', i32.sub(size, first));
  end.set(code.select(end, padded, i32.lt_s(end, padded)));
  return [padded, start, code.local('i32', i32.sub(end, start))];
}

/** copyLines(lines, columns, from, fromStep, to, toStep): both at least one; the last vector overlaps */
export function emitCopyLines(code: Assembler): Func {
  const { i32, f32, v128 } = code;
  const params = { lines: 'i32', columns: 'i32', from: 'i32', fromStep: 'i32', to: 'i32', toStep: 'i32' } as const;
  return code.func('copyLines', params, [], ({ lines, columns, from, fromStep, to, toStep }) => {
    const at = code.local('i32');
    const bytes = code.local('i32', code.scale(columns, 4));
    const last = code.local('i32', i32.sub(bytes, 16));
    repeat(code, lines, () => {
      code.if(
        i32.ge_s(last, 0),
        () => {
          code.forRange(at, 0, last, 16, () => v128.store(i32.add(to, at), v128.load(i32.add(from, at))));
          v128.store(i32.add(to, last), v128.load(i32.add(from, last)));
        },
        () => code.forRange(at, 0, bytes, 4, () => f32.store(i32.add(to, at), f32.load(i32.add(from, at)))),
      );
      code.increase(from, fromStep);
      code.increase(to, toStep);
    });
  });
}
