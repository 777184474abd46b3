/** Launches that make one index of several. */

import type { Shape, Strided } from '../layout.ts';
import { sizeOf } from '../layout.ts';
import type { Indices } from '../reference/index.ts';
import { eachPlane, planesOf } from '../reference/move.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import { combineName, emitCombine } from './kernels/places.ts';
import { isInHeap } from './launchCopy.ts';

/** Fewer entries, and planes of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_PLANE = 16;

/** Nanoseconds that an entry takes, about. */
const NS = 0.5;
/** Rows are cut at multiples of so many entries. */
const COLUMN_STEP = 16;

/** An index, with the shape that it has been broadcast to taken as known, and how far apart what it tells apart lies. */
type Part = Indices & { readonly scale: number };

/**
 * Adds up distances, scale times index, of several indices over `shape` in `out`, which is contiguous and zero; false, and nothing
 * done, where no kernel takes the operands.
 */
export function launchCombine(parts: readonly Part[], shape: Shape, out: Strided): boolean {
  if (sizeOf(shape) < MIN_SIZE || !features().simd || !isInHeap(out)) return false;
  const walks = parts.map(({ strides }) => planesOf(shape, [strides, out.strides]));
  if (walks.some(({ rows, columns }) => rows * columns < MIN_PLANE) || !parts.every(isInHeap)) return false;
  for (const [k, { array, offset, scale, wrap }] of parts.entries()) {
    const dtype = array instanceof Int32Array ? 'int32' : 'int64';
    const bytes = array.BYTES_PER_ELEMENT;
    const { rows, columns, rowStrides, columnStrides } = walks[k];
    const [ir, ic] = [rowStrides[0] * bytes, columnStrides[0] * bytes];
    const [yr, yc] = [rowStrides[1] * 4, columnStrides[1] * 4];
    const cuts = cutsOf([rows, columns], sizeOf(shape) * NS, [1, COLUMN_STEP], sizeOf(shape) / (rows * columns));
    runCuts({ name: combineName(dtype), emit: emitCombine(dtype) }, cuts, (run, [row, height, column, width]) => {
      const [first, outFirst] = [row * ir + column * ic, row * yr + column * yc];
      eachPlane(walks[k], [offset, out.offset], ([at, to]) => {
        const [index, y] = [array.byteOffset + at * bytes + first, out.array.byteOffset + to * 4 + outFirst];
        run(height, width, 0, index, y, 0, ir, yr, 0, ic, yc, scale, wrap, 0);
      });
    });
  }
  return true;
}
