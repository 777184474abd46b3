/**
 * Ops on 16-bit floats. `dispatch` comes here when there is one among the operands: views and moves take them as they are; all else is
 * computed in float32, and the result rounded once to the dtype that PyTorch promotes to. The tape records the op with the operands
 * and the result that the user sees; its formula, too, runs in float32 (`autograd/src/tape.ts`), and the engine casts what comes out.
 *
 * An op in place writes through a closure over its operands. While it runs, they stand for float32 copies of themselves.
 */

import { allocate, isTensor, TensorBase } from './base.ts';
import { refuseHalf, withBits, withoutBits } from './bits.ts';
import type { DType, HalfDType } from './dtype.ts';
import { isFloating, isHalf, resultType } from './dtype.ts';
import { runCopy } from './kernels.ts';
import type { OpName } from './ops/list.ts';
import { roundToHalf } from './reference/half.ts';
import type { Tensor } from './tensor.ts';

const opsOf = (names: readonly OpName[]): ReadonlySet<OpName> => new Set(names);

/** Ops that read no element, or copy and cast, which know of 16-bit floats. */
const ANY = /* @__PURE__ */ opsOf([
  'view',
  'unsafeView',
  'alias',
  't',
  'transpose',
  'permute',
  'select',
  'slice',
  'squeeze',
  'unsqueeze',
  'expand',
  'unfold',
  'diagonal',
  'asStrided',
  'split',
  'unbind',
  'clone',
  'to',
  'copy',
  'fill',
]);
/** Ops that put elements in other places and make none but zeros, of which all bits are 0: for operands of one floating dtype. */
const MOVES = /* @__PURE__ */ opsOf([
  'cat',
  'stack',
  'gather',
  'indexSelect',
  'index',
  'maskedSelect',
  'flip',
  'roll',
  'repeat',
  'tril',
  'triu',
  'selectBackward',
  'sliceBackward',
  'diagonalBackward',
]);
/** Ops that PyTorch has not for 16-bit floats either: float32 results of these are worth nothing when rounded. */
const REFUSED = /* @__PURE__ */ opsOf([
  'cholesky',
  'luFactor',
  'luSolve',
  'det',
  'slogdet',
  'solveTriangular',
  'qr',
  'eigh',
  'svd',
  'pinv',
]);
/** Ops whose operands meet in the dtype that they promote to, not in float32. */
const COMPARISONS = /* @__PURE__ */ opsOf(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

const LARGEST: Readonly<Record<HalfDType, number>> = { float16: 65504, bfloat16: (2 - 2 ** -7) * 2 ** 127 };

/** Calls `visit` with each tensor among the arguments of an op. */
function visitTensors(args: readonly unknown[], visit: (x: Tensor) => void): void {
  for (const arg of args) {
    if (isTensor(arg)) visit(arg);
    else if (Array.isArray(arg) && typeof arg[0] !== 'number')
      for (const entry of arg) if (isTensor(entry)) visit(entry);
  }
}

/** Whether an argument of an op is, or asks for, a 16-bit float. */
export function hasHalf(args: readonly unknown[]): boolean {
  for (const arg of args) {
    if (arg instanceof TensorBase ? isHalf(arg.dtype) : arg === 'float16' || arg === 'bfloat16') return true;
    if (Array.isArray(arg) && arg.some((entry) => entry instanceof TensorBase && isHalf(entry.dtype))) return true;
  }
  return false;
}

/** A tensor that loops and kernels take: itself, or a float32 copy, not recorded, of 16-bit floats. */
export function widen(x: Tensor): Tensor {
  if (!isHalf(x.dtype)) return x;
  const out = allocate(x.shape, 'float32');
  runCopy(x, out);
  return out;
}

/** The dtype that a float32 result is rounded to: that asked for, or the one that the tensors promote to. */
function targetOf(args: readonly unknown[]): DType {
  const tensors: Tensor[] = [];
  visitTensors(args, (x) => tensors.push(x));
  return resultType(...tensors);
}

/** The arguments with float32 copies in place of 16-bit floats; the copies are noted in `copies`. */
function widenAll(op: OpName, args: readonly unknown[], target: DType, copies: Map<Tensor, Tensor>): unknown[] {
  const one = (x: Tensor): Tensor => {
    let from = x;
    // Comparisons see what another operand, integers too, is in the dtype that both are promoted to.
    if (COMPARISONS.has(op) && isHalf(target) && x.dtype !== target) {
      from = allocate(x.shape, target);
      runCopy(x, from);
    }
    if (!isHalf(from.dtype)) return x;
    const copy = copies.get(x) ?? widen(from);
    copies.set(x, copy);
    return copy;
  };
  return args.map((arg, i) => {
    if (isTensor(arg)) return one(arg);
    if (Array.isArray(arg))
      return typeof arg[0] === 'number' ? arg : arg.map((entry) => (isTensor(entry) ? one(entry) : entry));
    if (arg === 'float16' || arg === 'bfloat16') return 'float32';
    if (!isHalf(target)) return arg;
    if (typeof arg === 'number' && COMPARISONS.has(op)) return roundToHalf(target, arg);
    // The largest and the least of the dtype stand for infinities.
    if (arg === null && op === 'nanToNum') return i === 2 ? LARGEST[target] : -LARGEST[target];
    return arg;
  });
}

/** An op that takes 16-bit floats, from one that does not. */
export function widened(op: OpName, forward: (...args: never) => unknown): (...args: readonly unknown[]) => unknown {
  const run = forward as (...args: readonly unknown[]) => unknown;
  return (...args) => {
    if (ANY.has(op)) return run(...args);
    const floats: DType[] = [];
    visitTensors(args, ({ dtype }) => {
      if (isFloating(dtype)) floats.push(dtype);
    });
    const half = floats.find(isHalf);
    if (half !== undefined && REFUSED.has(op)) refuseHalf(op, half);
    if (half !== undefined && MOVES.has(op) && floats.every((dtype) => dtype === half)) {
      // Beside integers, they are numbers to be cast.
      if (op !== 'cat' && op !== 'stack') return withBits(() => run(...args));
      if ((args[0] as readonly Tensor[]).every(({ dtype }) => dtype === half)) return withBits(() => run(...args));
    }
    return withoutBits(() => compute(op, run, args));
  };
}

function compute(op: OpName, run: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): unknown {
  const asked = args.find((arg): arg is DType => typeof arg === 'string' && /^(b?float|u?int|bool)\d*$/.test(arg));
  const target = asked ?? targetOf(args);
  const copies = new Map<Tensor, Tensor>();
  const result = run(...widenAll(op, args, asked === undefined ? target : 'float32', copies));
  // Batch normalisation updates its running statistics, which are arguments 3 and 4.
  if (op === 'batchNorm') {
    for (const at of [3, 4]) {
      const statistics = args[at];
      const copy = isTensor(statistics) ? copies.get(statistics) : undefined;
      if (copy !== undefined) runCopy(copy, statistics as Tensor);
    }
  }
  // Of several results the first is rounded; statistics and weights beside it are not, nor are indices.
  const first = Array.isArray(result) ? (result[0] as unknown) : result;
  let rounded = first;
  if (isTensor(first) && first.dtype === 'float32' && isHalf(target)) {
    rounded = allocate(first.shape, target);
    runCopy(first, rounded as Tensor);
    first.storage.release('the end of an op');
  }
  const kept = Array.isArray(result) ? result : [result];
  for (const { storage } of copies.values()) {
    if (!kept.some((entry) => isTensor(entry) && entry.storage.root === storage.root))
      storage.release('the end of an op');
  }
  return Array.isArray(result) ? Object.assign([...result], { 0: rounded }) : rounded;
}

/** The write of an op in place that takes 16-bit floats, from one that does not. */
export function widenedWrite(op: OpName, args: readonly unknown[], self: Tensor, write: () => void): () => void {
  if (ANY.has(op) || (COMPARISONS.has(op) && isHalf(targetOf(args)))) return write;
  // Before the tape makes the list its own.
  const operands: Tensor[] = [];
  visitTensors(args, (x) => {
    if (isHalf(x.dtype) && !operands.includes(x)) operands.push(x);
  });
  return () => {
    const copies = operands.map(widen);
    const own = operands.map(fieldsOf);
    try {
      for (const [i, x] of operands.entries()) Object.assign(x, fieldsOf(copies[i]));
      withoutBits(write);
    } finally {
      for (const [i, x] of operands.entries()) Object.assign(x, own[i]);
    }
    const result = copies[operands.indexOf(self)];
    if (result !== undefined) runCopy(result, self);
    for (const { storage } of copies) storage.release('the end of an op');
  };
}

type Fields = Pick<TensorBase, 'storage' | 'strides' | 'offset' | 'dtype'>;

function fieldsOf({ storage, strides, offset, dtype }: TensorBase): Fields {
  return { storage, strides, offset, dtype };
}
