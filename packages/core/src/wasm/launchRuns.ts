/**
 * Launches of elementwise kernels over rows, for operands of any layout: dimensions are walked in the order in which the output lies
 * in memory, broadcasts become loops over runs, and an operand that is no run even so is copied into one first.
 */

import { allocate } from '../base.ts';
import type { DType } from '../dtype.ts';
import { itemBytes } from '../dtype.ts';
import type { Shape } from '../layout.ts';
import { broadcastStrides, collapse, isContiguous, sameShape, sizeOf } from '../layout.ts';
import { fill, walkOuter } from '../reference/elementwise.ts';
import type { Tensor } from '../tensor.ts';
import type { Kernel } from './cuts.ts';
import { cutsOf, runCuts } from './cuts.ts';
import { features } from './features.ts';
import type { ItemBytes } from './kernels/copy.ts';
import { elementwiseName, emitElementwise, NUMBER, PARAMETERS } from './kernels/elementwise.ts';
import type { KernelDType } from './kernels/functions.ts';
import { functions, hasFunction } from './kernels/functions.ts';
import type { TestDType } from './kernels/masks.ts';
import { emitTest, emitWhere, hasTest, testName, testOperands, whereName } from './kernels/masks.ts';
import { launchCopy } from './launchCopy.ts';
import type { Part } from './staging.ts';
import { Staging } from './staging.ts';

/** Outputs of fewer elements, and runs of fewer, are done before a kernel would have been called for them. */
const MIN_SIZE = 256;
const MIN_RUN = 16;
/** Operands outside the heap are brought into it up to this size, in all; more is left to the reference loops. */
const MAX_STAGED_BYTES = 16 * 2 ** 20;
/** Nanoseconds that an element takes, about: of what only moves and adds, and of functions that compute. */
const NS = { simple: 0.15, function: 0.8 } as const;
/** Rows are cut where cache lines of any dtype end. */
const LINE = 64;

/** What to run, once it is known which operands are runs (`v`) and which repeat one element (`s`): `'vvs'`. */
type Choice = (modes: string) => Kernel;

/**
 * Calls `run(rows, n, ...operands, out, ...steps, ...parameters)` (see `emitRows`) for every block of rows of the output. An operand
 * that is the output's own memory must have its layout.
 */
function launch(
  operands: readonly Tensor[],
  out: Tensor,
  choice: Choice,
  parameters: readonly number[],
  ns: number = NS.simple,
): boolean {
  if (!features().simd || sizeOf(out.shape) < MIN_SIZE) return false;
  if (liesFlat(operands, out)) return launchFlat(operands, out, choice, parameters, ns);
  if (!out.storage.enterHeap()) return false;
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
    let modes = '';
    for (let k = 0; k < list.length; k++) modes += strides[k][inner] === 1 ? 'v' : 's';
    const bytes = list.map((x) => itemBytes(x.dtype));
    bytes.push(itemBytes(out.dtype));
    const bases = parts.map((part) => staging.pointer(part));
    bases.push(out.storage.pointer + out.offset * itemBytes(out.dtype));
    // The kernel loops over the last dimension and over the one before it; what is outside is walked here.
    const rows = inner === 0 ? 1 : shape[inner - 1];
    const count = bases.length;
    const args = new Array<number>(2 + 2 * count).fill(0);
    const rowSteps = strides.map((list) => (inner === 0 ? 0 : list[inner - 1]));
    for (let k = 0; k < count; k++) args[2 + count + k] = rowSteps[k] * bytes[k];
    for (const parameter of parameters) args.push(parameter);
    const size = sizeOf(out.shape);
    const cuts = cutsOf([rows, shape[inner]], size * ns, [1, LINE], size / (rows * shape[inner]));
    const walk = shape.slice(0, inner);
    const outer = inner <= 1 ? [] : strides.map((list) => list.slice(0, inner));
    runCuts(choice(modes), cuts, (run, [row, height, column, width]) => {
      args[0] = height;
      args[1] = width;
      const first = rowSteps.map((step, k) => row * step + column * strides[k][inner]);
      if (inner <= 1) {
        for (let k = 0; k < count; k++) args[2 + k] = bases[k] + first[k] * bytes[k];
        run(...args);
        return;
      }
      walkOuter(walk, outer, first, (at) => {
        for (let k = 0; k < count; k++) args[2 + k] = bases[k] + at[k] * bytes[k];
        run(...args);
      });
    });
    return true;
  } finally {
    for (const x of made) x.storage.release('the end of a kernel launch');
  }
}

/** Whether all lie as the output does, in one run, or are one element. */
function liesFlat(operands: readonly Tensor[], out: Tensor): boolean {
  if (!isContiguous(out.shape, out.strides)) return false;
  for (const x of operands) {
    if (sizeOf(x.shape) === 1) continue;
    if (!sameShape(x.shape, out.shape) || !isContiguous(x.shape, x.strides)) return false;
  }
  return true;
}

/** `launch` for one row, which most calls are: small ones take less time than it does to find that out in general. */
function launchFlat(
  operands: readonly Tensor[],
  out: Tensor,
  choice: Choice,
  parameters: readonly number[],
  ns: number,
): boolean {
  const staging = new Staging();
  const parts: Part[] = [];
  let modes = '';
  for (const x of operands) {
    parts.push(staging.addTensor(x));
    modes += sizeOf(x.shape) === 1 ? 's' : 'v';
  }
  // A mask may be small enough to lie outside the heap.
  const result = staging.addTensor(out);
  if (staging.size > MAX_STAGED_BYTES) return false;
  staging.open(result);
  const size = sizeOf(out.shape);
  const count = operands.length + 1;
  const outBytes = itemBytes(out.dtype);
  const outPtr = staging.pointer(result);
  // Of one row there are no steps from row to row.
  const args = new Array<number>(2 + 2 * count).fill(0);
  for (const parameter of parameters) args.push(parameter);
  runCuts(choice(modes), cutsOf([1, size], size * ns, [1, LINE]), (run, cut) => {
    const column = cut[2];
    args[0] = 1;
    args[1] = cut[3];
    for (let k = 0; k < parts.length; k++) {
      args[2 + k] = staging.pointer(parts[k]) + (modes[k] === 'v' ? column * itemBytes(operands[k].dtype) : 0);
    }
    args[1 + count] = outPtr + column * outBytes;
    run(...args);
  });
  staging.write(result);
  return true;
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

/** Operands that lie as the contiguous output does, or repeat one element all along; null where one cannot be copied quickly. */
function denseOperands(operands: readonly Tensor[], out: Tensor, made: Tensor[]): Tensor[] | null {
  const list: Tensor[] = [];
  for (const x of operands) {
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

/**
 * out = name(operands; parameters) by a kernel, one of the operands perhaps a number of the dtype; false, and nothing done, where none
 * takes the operands.
 */
export function launchElementwise(
  name: string,
  operands: readonly (Tensor | number)[],
  out: Tensor,
  parameters: readonly number[] = [],
): boolean {
  const { dtype } = out;
  if (!hasFunction(name, dtype) || operands.length !== functions[name].operands) return false;
  const tensors: Tensor[] = [];
  let position = -1;
  for (let k = 0; k < operands.length; k++) {
    const x = operands[k];
    if (typeof x !== 'number' && x.dtype !== dtype) return false;
    if (typeof x !== 'number' && (position >= 0 || !isNumber(x))) tensors.push(x);
    else if (position >= 0) return false;
    else position = k;
  }
  if (tensors.length === 0) return false;
  const all: number[] = [];
  for (let k = 0; k < PARAMETERS; k++) all.push(parameters[k] ?? 0);
  if (position >= 0) all[NUMBER] = numberOf(operands[position]);
  const of = dtype as KernelDType;
  const choice: Choice = (runs) => {
    const modes = position < 0 ? runs : `${runs.slice(0, position)}n${runs.slice(position)}`;
    return { name: elementwiseName(name, of, modes), emit: emitElementwise(name, of, modes) };
  };
  return launch(tensors, out, choice, all, functions[name].ulp === 0 ? NS.simple : NS.function);
}

/** A single element outside the heap: handed over as a number, it stays where it is. */
function isNumber(x: Tensor): boolean {
  return !x.storage.enterHeap() && sizeOf(x.shape) === 1;
}

function numberOf(x: Tensor | number): number {
  return typeof x === 'number' ? x : Number(x.array[x.offset]);
}

/**
 * out = a < b and the like, into a bool tensor, of operands of the dtype or numbers of it; false, and nothing done, where no kernel takes
 * them.
 */
export function launchTest(name: string, operands: readonly (Tensor | number)[], dtype: DType, out: Tensor): boolean {
  if (sizeOf(out.shape) < MIN_SIZE || out.dtype !== 'bool') return false;
  if (!hasTest(name, dtype) || operands.length !== testOperands(name)) return false;
  const tensors = operands.map((x) => (typeof x === 'number' ? element(x, dtype) : x));
  if (tensors.some((x) => x.dtype !== dtype)) return false;
  const of = dtype as TestDType;
  const choice: Choice = (modes) => ({ name: testName(name, of, modes), emit: emitTest(name, of, modes) });
  return launch(tensors, out, choice, []);
}

/** A number as a tensor of no dimensions. */
function element(value: number, dtype: DType): Tensor {
  const out = allocate([], dtype);
  fill(out, value);
  return out;
}

/** out = mask ? a : b; false, and nothing done, where no kernel takes the operands. */
export function launchWhere(mask: Tensor, a: Tensor, b: Tensor, out: Tensor): boolean {
  if (a.dtype !== out.dtype || b.dtype !== out.dtype || itemBytes(mask.dtype) !== 1) return false;
  const bytes = itemBytes(out.dtype) as ItemBytes;
  const choice: Choice = (modes) => ({ name: whereName(bytes, modes), emit: emitWhere(bytes, modes) });
  return launch([mask, a, b], out, choice, []);
}
