/**
 * Sums, differences, products and quotients of a few float32: loops without a call per element, which for so few would cost more than
 * the arithmetic. The bits are those of the loops in `elementwise.ts`: doubles, rounded when they are stored.
 */

import type { Shape, Strided } from '../layout.ts';
import { broadcastStrides, collapse, isContiguous } from '../layout.ts';
import { stepOver, walkOuter } from './elementwise.ts';

/** Where a plain number lies while it is an operand. */
const cellA = { array: new Float32Array(1), offset: 0 };
const cellB = { array: new Float32Array(1), offset: 0 };

/** out = name(a, b) for float32 `out`, which lies row by row; false, and nothing done, for other ops, operands and outputs. */
export function fewFloats(name: string, a: Strided | number, b: Strided | number, out: Strided): boolean {
  if (name !== 'add' && name !== 'sub' && name !== 'mul' && name !== 'div') return false;
  if (typeof a !== 'number' && a.dtype !== 'float32') return false;
  if (typeof b !== 'number' && b.dtype !== 'float32') return false;
  const { shape } = out;
  if (!isContiguous(shape, out.strides)) return false;
  const dx = typeof a === 'number' ? 0 : stepOver(a, out);
  const dy = typeof b === 'number' ? 0 : stepOver(b, out);
  if (typeof a === 'number') cellA.array[0] = a;
  if (typeof b === 'number') cellB.array[0] = b;
  const x = typeof a === 'number' ? cellA : a;
  const y = typeof b === 'number' ? cellB : b;
  const xs = x.array as Float32Array;
  const ys = y.array as Float32Array;
  const zs = out.array as Float32Array;
  if (dx >= 0 && dy >= 0) {
    let n = 1;
    for (let d = 0; d < shape.length; d++) n *= shape[d];
    sweep(name, n, xs, x.offset, dx, ys, y.offset, dy, zs, out.offset, 1);
    return true;
  }
  if (shape.includes(0)) return true;
  const stridesOf = (operand: Strided | number): Shape =>
    typeof operand === 'number' ? shape.map(() => 0) : broadcastStrides(operand.shape, operand.strides, shape);
  const { shape: merged, strides } = collapse(shape, [stridesOf(a), stridesOf(b), out.strides]);
  const inner = merged.length - 1;
  const [sx, sy, sz] = strides;
  walkOuter(merged, strides, [x.offset, y.offset, out.offset], (at) => {
    sweep(name, merged[inner], xs, at[0], sx[inner], ys, at[1], sy[inner], zs, at[2], sz[inner]);
  });
  return true;
}

/** One run. */
function sweep(
  name: 'add' | 'sub' | 'mul' | 'div',
  n: number,
  x: Float32Array,
  p: number,
  dx: number,
  y: Float32Array,
  q: number,
  dy: number,
  z: Float32Array,
  r: number,
  dz: number,
): void {
  switch (name) {
    case 'add':
      for (let i = 0; i < n; i++, p += dx, q += dy, r += dz) z[r] = x[p] + y[q];
      return;
    case 'sub':
      for (let i = 0; i < n; i++, p += dx, q += dy, r += dz) z[r] = x[p] - y[q];
      return;
    case 'mul':
      for (let i = 0; i < n; i++, p += dx, q += dy, r += dz) z[r] = x[p] * y[q];
      return;
    default:
      for (let i = 0; i < n; i++, p += dx, q += dy, r += dz) z[r] = x[p] / y[q];
  }
}
