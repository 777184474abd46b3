/** Values with tensors in them, as messages between threads: the numbers of a tensor are moved there, not copied. */

import { allocate, isTensor } from './base.ts';
import { withBits } from './bits.ts';
import type { DType, TypedArray } from './dtype.ts';
import { isHalf } from './dtype.ts';
import type { Shape } from './layout.ts';

/** A tensor on its way. */
interface PackedTensor {
  readonly torsorTensor: TypedArray;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A message, and the buffers that move with it. */
export interface Message {
  readonly message: unknown;
  readonly transfer: ArrayBuffer[];
}

type Replace = (value: object) => unknown;

/** The value with parts of it replaced, in lists, plain objects and maps; what `replace` leaves undefined is walked through. */
function walk(value: unknown, replace: Replace, seen = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const other = replace(value);
  if (other !== undefined) {
    seen.set(value, other);
    return other;
  }
  const note = <T extends object>(copy: T): T => {
    seen.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = note<unknown[]>([]);
    for (const entry of value) copy.push(walk(entry, replace, seen));
    return copy;
  }
  if (value instanceof Map) {
    const copy = note(new Map());
    for (const [key, entry] of value) copy.set(key, walk(entry, replace, seen));
    return copy;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = note<Record<string, unknown>>({});
  for (const [key, entry] of Object.entries(value)) copy[key] = walk(entry, replace, seen);
  return copy;
}

/**
 * A value as a message for another thread. Tensors, anywhere in lists, plain objects and maps, travel as their numbers, without
 * their history; the rest as the structured clone algorithm has it.
 */
export function toMessage(value: unknown): Message {
  const transfer: ArrayBuffer[] = [];
  const message = walk(value, (part) => {
    if (!isTensor(part)) return undefined;
    // a copy out of the heap, which cannot be moved
    const torsorTensor = isHalf(part.dtype) ? part.toBits() : part.toTypedArray();
    transfer.push(torsorTensor.buffer as ArrayBuffer);
    return { torsorTensor, dtype: part.dtype, shape: [...part.shape] } satisfies PackedTensor;
  });
  return { message, transfer };
}

/** What `toMessage` was given, on the other side. */
export function fromMessage(message: unknown): unknown {
  return walk(message, (part) => {
    if (!('torsorTensor' in part)) return undefined;
    const { torsorTensor, dtype, shape } = part as PackedTensor;
    const out = allocate(shape, dtype);
    withBits(() => out.array).set(torsorTensor as never);
    return out;
  });
}

/** The buffers in a message that somebody else has made: all of them may move on with it. */
export function buffersIn(message: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  walk(message, (part) => {
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (!(buffer instanceof ArrayBuffer)) return undefined;
    buffers.add(buffer);
    return part;
  });
  return [...buffers];
}

/** An error as fields, since not every runtime keeps its stack and its name on the way. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: String(error) };
  const { name, message, stack } = error;
  return { name, message, stack: stack ?? `${name}: ${message}` };
}

/** The error again, with the stack that it had. */
export function unpackError({ name, message, stack }: PackedError): Error {
  const error = new Error(message);
  error.name = name;
  error.stack = stack;
  return error;
}
