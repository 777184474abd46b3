/**
 * Launches of elementwise kernels: operands are brought into the heap where they are not there already, broadcasts become loops
 * over runs.
 */

import { itemBytes } from '../dtype.ts';
import type { FloatDType } from '../dtype.ts';
import { broadcastStrides, collapse, sizeOf } from '../layout.ts';
import type { Shape } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import { binaryName, emitBinary, emitUnary, hasBinary, hasUnary, unaryName } from './kernels/elementwise.ts';
import type { Mode } from './kernels/elementwise.ts';
import { kernel } from './module.ts';

/** Runs shorter than this are not worth a call each. */
const MIN_RUN = 16;

type UnaryRun = { readonly run: (n: number, a: number, out: number) => undefined };
type BinaryRun = { readonly run: (n: number, a: number, b: number, out: number, value: number) => undefined };

function ready(out: Tensor): out is Tensor & { dtype: FloatDType } {
  return out.storage.inHeap && (out.dtype === 'float32' || out.dtype === 'float64') && features().simd;
}

/** out = name(a) by a kernel; false, and nothing done, where none takes the operands. */
export function launchUnary(name: string, a: Tensor, out: Tensor): boolean {
  if (!ready(out) || a.dtype !== out.dtype || !a.storage.inHeap || !hasUnary(name, out.dtype)) return false;
  const { shape, strides } = collapse(out.shape, [broadcastStrides(a.shape, a.strides, out.shape), out.strides]);
  const inner = shape.length - 1;
  if (inner < 0 || strides[0][inner] !== 1 || strides[1][inner] !== 1 || shape[inner] < MIN_RUN) return false;
  const bytes = itemBytes(out.dtype);
  const home = heap();
  const { run } = kernel<UnaryRun>(unaryName(name, out.dtype), emitUnary(name, out.dtype), home.memory);
  const n = shape[inner];
  const source = a.storage.pointer;
  const target = out.storage.pointer;
  walkOuter(shape, strides, [a.offset, out.offset], (at) => {
    run(n, source + at[0] * bytes, target + at[1] * bytes);
  });
  return true;
}

/** Where an operand's elements are: in the heap, or a plain number for the whole launch. */
interface Source {
  readonly pointer: number;
  readonly offset: number;
  readonly strides: Shape;
  /** The elements, for operands that repeat one value along a run. */
  readonly tensor: Tensor | null;
  readonly value: number;
}

const NOTHING: Shape = [];

/**
 * Brings operands into the heap: what lives outside it is copied into scratch space, as it lies in its storage. Returns null for
 * storages too large for that to pay.
 */
function sourcesOf(operands: readonly (Tensor | number)[], out: Tensor): Source[] | null {
  const bytes = itemBytes(out.dtype);
  let scratchBytes = 0;
  for (const x of operands) {
    if (typeof x === 'number') continue;
    if (x.dtype !== out.dtype) return null;
    if (x.storage.inHeap) continue;
    scratchBytes += Math.ceil((x.storage.length * bytes) / 16) * 16;
  }
  if (scratchBytes > 1 << 20) return null;
  let scratch = scratchBytes > 0 ? heap().scratch(scratchBytes) : 0;
  return operands.map((x) => {
    if (typeof x === 'number') {
      return { pointer: 0, offset: 0, strides: out.shape.map(() => 0), tensor: null, value: x };
    }
    const strides = broadcastStrides(x.shape, x.strides, out.shape);
    let pointer = x.storage.pointer;
    if (pointer === 0) {
      const own = x.array;
      pointer = scratch;
      const room = new Uint8Array(heap().memory.buffer, pointer, own.byteLength);
      room.set(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
      scratch += Math.ceil(own.byteLength / 16) * 16;
    }
    return { pointer, offset: x.offset, strides, tensor: x, value: 0 };
  });
}

/** out = name(a, b) by a kernel, either of which may be a number; false, and nothing done, where none takes the operands. */
export function launchBinary(name: string, a: Tensor | number, b: Tensor | number, out: Tensor): boolean {
  if (!ready(out) || !hasBinary(name) || sizeOf(out.shape) === 0) return false;
  const stridesOf = (x: Tensor | number): Shape =>
    typeof x === 'number' ? NOTHING : broadcastStrides(x.shape, x.strides, out.shape);
  const zeros = out.shape.map(() => 0);
  const sa = typeof a === 'number' ? zeros : stridesOf(a);
  const sb = typeof b === 'number' ? zeros : stridesOf(b);
  const { shape, strides } = collapse(out.shape, [sa, sb, out.strides]);
  const inner = shape.length - 1;
  if (inner < 0 || shape[inner] < MIN_RUN || strides[2][inner] !== 1) return false;
  const mode = modeOf(strides[0][inner], strides[1][inner]);
  if (mode === null) return false;
  const sources = sourcesOf([a, b], out);
  if (sources === null) return false;
  const [x, y] = sources;
  const bytes = itemBytes(out.dtype);
  const { run } = kernel<BinaryRun>(binaryName(name, out.dtype, mode), emitBinary(name, out.dtype, mode), heap().memory);
  const n = shape[inner];
  const target = out.storage.pointer;
  const single = mode === 'vs' ? y : x;
  const at = mode === 'vs' ? 1 : 0;
  const values = mode === 'vv' || single.tensor === null ? null : (single.tensor.array as Float64Array);
  walkOuter(shape, strides, [x.offset, y.offset, out.offset], (offsets) => {
    const value = values === null ? single.value : values[offsets[at]];
    run(n, x.pointer + offsets[0] * bytes, y.pointer + offsets[1] * bytes, target + offsets[2] * bytes, value);
  });
  return true;
}

function modeOf(a: number, b: number): Mode | null {
  if (a === 1) return b === 1 ? 'vv' : b === 0 ? 'vs' : null;
  return a === 0 && b === 1 ? 'sv' : null;
}
