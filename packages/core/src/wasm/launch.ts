/**
 * Launches of elementwise kernels: operands are brought into the heap where they are not there already, broadcasts become loops
 * over runs.
 */

import type { FloatDType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { broadcastStrides, isContiguous, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { Mode } from './kernels/elementwise.ts';
import { binaryName, emitBinary, emitUnary, hasBinary, hasUnary, unaryName } from './kernels/elementwise.ts';
import { launchCopy } from './launchCopy.ts';
import { inMemoryOrder, withDense } from './launchRuns.ts';
import { kernel } from './module.ts';
import { Staging } from './staging.ts';

/** Runs shorter than this are not worth a call each. */
const MIN_RUN = 16;

type UnaryRun = { readonly run: (n: number, a: number, out: number) => undefined };
type BinaryRun = { readonly run: (n: number, a: number, b: number, out: number, value: number) => undefined };

function ready(out: Tensor): out is Tensor & { dtype: FloatDType } {
  return out.storage.enterHeap() && (out.dtype === 'float32' || out.dtype === 'float64') && features().simd;
}

/** Operands that live in typed arrays are copied into the heap up to this many bytes; more is left to the reference loops. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;

/** Whether a kernel can read an operand, in the dtype that it writes. */
function readable(x: Tensor | number, out: Tensor): boolean {
  return typeof x === 'number' || x.dtype === out.dtype;
}

/** out = name(a) by a kernel; false, and nothing done, where none takes the operands. */
export function launchUnary(name: string, a: Tensor, out: Tensor): boolean {
  if (!ready(out) || !readable(a, out) || !hasUnary(name, out.dtype) || sizeOf(out.shape) === 0) return false;
  const { shape, strides } = inMemoryOrder(out, [broadcastStrides(a.shape, a.strides, out.shape)]);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  if (strides[0][inner] !== 1 || strides[1][inner] !== 1 || shape[inner] < MIN_RUN) {
    // First brought into the output as it lies there, then computed in place.
    const isApart = a.storage.root !== out.storage.root && isContiguous(out.shape, out.strides);
    return isApart && launchCopy(a, out) && launchUnary(name, out, out);
  }
  const staging = new Staging();
  const part = staging.addTensor(a);
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const { run } = kernel<UnaryRun>(unaryName(name, out.dtype), emitUnary(name, out.dtype), heap().memory);
  const bytes = itemBytes(out.dtype);
  const n = shape[inner];
  const source = staging.pointer(part);
  const target = out.storage.pointer + out.offset * bytes;
  walkOuter(shape, strides, [0, 0], (at) => {
    run(n, source + at[0] * bytes, target + at[1] * bytes);
  });
  return true;
}

/** out = name(a, b) by a kernel, either of which may be a number; false, and nothing done, where none takes the operands. */
export function launchBinary(name: string, a: Tensor | number, b: Tensor | number, out: Tensor): boolean {
  if (!hasBinary(name) || !ready(out) || !readable(a, out) || !readable(b, out) || sizeOf(out.shape) === 0)
    return false;
  const stridesOf = (x: Tensor | number): Shape =>
    typeof x === 'number' ? out.shape.map(() => 0) : broadcastStrides(x.shape, x.strides, out.shape);
  const { shape, strides } = inMemoryOrder(out, [stridesOf(a), stridesOf(b)]);
  const inner = shape.length - 1;
  if (inner < 0) return false;
  const mode = strides[2][inner] === 1 ? modeOf(strides[0][inner], strides[1][inner]) : null;
  if (mode === null || shape[inner] < MIN_RUN) {
    return withDense([a, b], out, ([x, y]) => launchBinary(name, x, y, out));
  }
  const staging = new Staging();
  // What repeats one value along a run is handed to the kernel as a number and stays where it is.
  const partA = mode === 'sv' || typeof a === 'number' ? null : staging.addTensor(a);
  const partB = mode === 'vs' || typeof b === 'number' ? null : staging.addTensor(b);
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(null);
  const { run } = kernel<BinaryRun>(
    binaryName(name, out.dtype, mode),
    emitBinary(name, out.dtype, mode),
    heap().memory,
  );
  const bytes = itemBytes(out.dtype);
  const n = shape[inner];
  const x = partA === null ? 0 : staging.pointer(partA);
  const y = partB === null ? 0 : staging.pointer(partB);
  const target = out.storage.pointer + out.offset * bytes;
  const single = mode === 'vs' ? b : mode === 'sv' ? a : 0;
  const at = mode === 'vs' ? 1 : 0;
  const values = typeof single === 'number' ? null : (single.array as Float64Array);
  const first = typeof single === 'number' ? 0 : single.offset;
  walkOuter(shape, strides, [0, 0, 0], (offsets) => {
    const value = values === null ? (single as number) : values[first + offsets[at]];
    run(n, x + offsets[0] * bytes, y + offsets[1] * bytes, target + offsets[2] * bytes, value);
  });
  return true;
}

/** Which operands are runs, by their innermost strides; null where no kernel takes them. */
function modeOf(a: number, b: number): Mode | null {
  if (a === 1) return b === 1 ? 'vv' : b === 0 ? 'vs' : null;
  return a === 0 && b === 1 ? 'sv' : null;
}
