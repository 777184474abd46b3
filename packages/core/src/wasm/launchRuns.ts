/**
 * Launches of elementwise kernels over runs, for operands of any layout: dimensions are walked in the order in which the output lies
 * in memory, broadcasts become loops over runs, and an operand that is no run even so is copied into one first.
 */

import { allocate } from '../base.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { broadcastStrides, collapse, isContiguous, sizeOf } from '../layout.ts';
import { walkOuter } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import { features } from './features.ts';
import { heap } from './heap.ts';
import type { ItemBytes } from './kernels/copy.ts';
import type { CompareDType } from './kernels/masks.ts';
import { compareName, emitCompare, emitWhere, hasCompare, whereName } from './kernels/masks.ts';
import type { WideName } from './kernels/wide.ts';
import { emitWide, hasWide, wideName } from './kernels/wide.ts';
import { launchCopy } from './launchCopy.ts';
import type { Emitter, KernelExports } from './module.ts';
import { kernel } from './module.ts';
import { Staging } from './staging.ts';

/** Outputs of fewer elements, and runs of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_RUN = 16;
/** Operands outside the heap are brought into it up to this size, in all; more is left to the reference loops. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;

type Run = KernelExports & { readonly run: (...args: number[]) => undefined };

/** What to run, once it is known which operands are runs (`v`) and which repeat one element (`s`): `'vvs'`. */
type Choice = (modes: string) => { readonly name: string; readonly emit: Emitter };

/**
 * Calls `run(n, ...operands, out, ...parameters)`, with the addresses of the operands and of the output, for every run of the
 * output. An operand that is the output's own memory must have its layout.
 */
function launch(
  operands: readonly Tensor[],
  out: Tensor,
  choice: Choice,
  parameters: readonly number[],
  count: number,
): boolean {
  if (!out.storage.enterHeap() || !features().simd || sizeOf(out.shape) < MIN_SIZE) return false;
  const walkOf = (list: readonly Tensor[]) =>
    inMemoryOrder(
      out,
      list.map((x) => broadcastStrides(x.shape, x.strides, out.shape)),
    );
  const made: Tensor[] = [];
  try {
    let list = operands;
    let { shape, strides } = walkOf(list);
    const isRun = (k: number): boolean => strides[k][shape.length - 1] <= 1;
    if (!list.every((_, k) => isRun(k)) || shape[shape.length - 1] < MIN_RUN) {
      if (!isContiguous(out.shape, out.strides)) return false;
      const dense = denseOperands(list, out, made);
      if (dense === null) return false;
      list = dense;
      ({ shape, strides } = walkOf(list));
    }
    const inner = shape.length - 1;
    if (strides[list.length][inner] !== 1 || shape[inner] < MIN_RUN || !list.every((_, k) => isRun(k))) return false;
    const staging = new Staging();
    const parts = list.map((x) => staging.addTensor(x));
    if (staging.size > MAX_STAGED_BYTES) return false;
    staging.open(null);
    const { name, emit } = choice(list.map((_, k) => (strides[k][inner] === 1 ? 'v' : 's')).join(''));
    const { run } = kernel<Run>(name, emit, heap().memory);
    const bytes = [...list, out].map((x) => itemBytes(x.dtype));
    const bases = [
      ...parts.map((part) => staging.pointer(part)),
      out.storage.pointer + out.offset * itemBytes(out.dtype),
    ];
    const args = new Array<number>(1 + count + 1 + parameters.length).fill(0);
    args[0] = shape[inner];
    for (let k = 0; k < parameters.length; k++) args[count + 2 + k] = parameters[k];
    walkOuter(shape, strides, new Array<number>(bases.length).fill(0), (at) => {
      for (let k = 0; k < list.length; k++) args[1 + k] = bases[k] + at[k] * bytes[k];
      args[1 + count] = bases[list.length] + at[list.length] * bytes[list.length];
      run(...args);
    });
    return true;
  } finally {
    for (const x of made) x.storage.release('the end of a kernel launch');
  }
}

/**
 * The walk over `out` and over operands with these strides, outer dimensions in memory first, and adjacent ones merged. The strides
 * of `out` come last.
 */
export function inMemoryOrder(out: Tensor, operands: readonly Shape[]): { shape: number[]; strides: number[][] } {
  if (isContiguous(out.shape, out.strides)) return collapse(out.shape, [...operands, out.strides]);
  const order = out.strides.map((_, d) => d).sort((a, b) => out.strides[b] - out.strides[a]);
  const pick = (list: Shape): number[] => order.map((d) => list[d]);
  return collapse(pick(out.shape), [...operands.map(pick), pick(out.strides)]);
}

/**
 * Calls `run` with operands that lie as the contiguous output does or repeat one element all along, copies where need be; false
 * where nothing is to be gained by that.
 */
export function withDense(
  operands: readonly (Tensor | number)[],
  out: Tensor,
  run: (operands: readonly (Tensor | number)[]) => boolean,
): boolean {
  if (sizeOf(out.shape) < MIN_SIZE || !isContiguous(out.shape, out.strides)) return false;
  const made: Tensor[] = [];
  try {
    const dense = denseOperands(operands, out, made);
    return dense !== null && made.length > 0 && run(dense);
  } finally {
    for (const x of made) x.storage.release('the end of a kernel launch');
  }
}

/** Operands that lie as the contiguous output does, or repeat one element all along; null where one cannot be copied quickly. */
function denseOperands<T extends Tensor | number>(
  operands: readonly T[],
  out: Tensor,
  made: Tensor[],
): (T | Tensor)[] | null {
  const list: (T | Tensor)[] = [];
  for (const x of operands) {
    if (typeof x === 'number') {
      list.push(x);
      continue;
    }
    const isWhole = sizeOf(x.shape) === sizeOf(out.shape) && isContiguous(x.shape, x.strides);
    if (isWhole || sizeOf(x.shape) === 1) {
      list.push(x);
      continue;
    }
    const copy = allocate(out.shape, x.dtype);
    made.push(copy);
    if (!launchCopy(x, copy)) return null;
    list.push(copy);
  }
  return list;
}

/** out = name(operands; parameters) by a kernel in double lanes; false, and nothing done, where none takes the operands. */
export function launchWide(
  name: WideName,
  operands: readonly Tensor[],
  out: Tensor,
  parameters: readonly number[],
): boolean {
  const { dtype } = out;
  if (dtype !== 'float32' && dtype !== 'float64') return false;
  if (!hasWide(name, dtype) || operands.some((x) => x.dtype !== dtype)) return false;
  const [p0 = 0, p1 = 0, p2 = 0] = parameters;
  const choice: Choice = (modes) => ({ name: wideName(name, dtype, modes), emit: emitWide(name, dtype, modes) });
  return launch(operands, out, choice, [p0, p1, p2], 3);
}

/** out = a < b and the like, into a bool tensor; false, and nothing done, where no kernel takes the operands. */
export function launchCompare(name: string, a: Tensor, b: Tensor, out: Tensor): boolean {
  const { dtype } = a;
  if (b.dtype !== dtype || out.dtype !== 'bool' || !hasCompare(name, dtype)) return false;
  const of = dtype as CompareDType;
  const choice: Choice = (modes) => ({ name: compareName(name, of, modes), emit: emitCompare(name, of, modes) });
  return launch([a, b], out, choice, [], 2);
}

/** out = mask ? a : b; false, and nothing done, where no kernel takes the operands. */
export function launchWhere(mask: Tensor, a: Tensor, b: Tensor, out: Tensor): boolean {
  if (a.dtype !== out.dtype || b.dtype !== out.dtype || itemBytes(mask.dtype) !== 1) return false;
  const bytes = itemBytes(out.dtype) as ItemBytes;
  const choice: Choice = (modes) => ({ name: whereName(bytes, modes), emit: emitWhere(bytes, modes) });
  return launch([mask, a, b], out, choice, [], 3);
}
