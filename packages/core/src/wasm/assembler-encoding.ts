/**
 * The binary encoding below the assembler: LEB128 numbers, sections, constants, immediates.
 *
 * Source: https://webassembly.github.io/spec/core/binary/
 */

import { TorsorError } from '../errors.ts';
import type { ValType } from './assembler-opcodes.ts';

/** How a vector is divided into lanes. */
export type Shape = 'i8x16' | 'i16x8' | 'i32x4' | 'i64x2' | 'f32x4' | 'f64x2';

export const TYPE_BYTE: Record<ValType, number> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
export const LANES: Record<Shape, number> = { i8x16: 16, i16x8: 8, i32x4: 4, i64x2: 2, f32x4: 4, f64x2: 2 };

export function fail(op: string, message: string): never {
  throw new TorsorError(message, { op });
}

export function checkLane(op: string, lane: number, lanes: number): void {
  if (!Number.isInteger(lane) || lane < 0 || lane >= lanes) fail(op, `lane ${lane} is not one of 0…${lanes - 1}`);
}

/** The alignment (as an exponent) and offset of an access; the alignment is only a hint, by default the natural one. */
export function memoryImmediates(op: string, width: number, offset: unknown = 0, align: unknown = width): number[] {
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset < 0 || offset > 0xffffffff) {
    fail(op, `the offset must be an unsigned 32-bit integer, got ${String(offset)}`);
  }
  const exponent = [1, 2, 4, 8, 16].indexOf(align as number);
  if (exponent < 0 || (align as number) > width) {
    fail(op, `the alignment must be a power of two up to ${width}, got ${String(align)}`);
  }
  return [exponent, ...unsigned(offset)];
}

const scratch = new DataView(new ArrayBuffer(16));

/** The instruction that pushes a constant of the type; for a vector, of the lanes of the shape. */
export function constantBytes(
  op: string,
  type: ValType,
  shape: Shape | null,
  values: readonly (number | bigint)[],
): number[] {
  if (type === 'v128') {
    if (shape === null) fail(op, 'a number says nothing about lanes here; give a vector, such as i32x4.const(…)');
    const count = LANES[shape];
    if (values.length !== 1 && values.length !== count) fail(op, `takes 1 or ${count} numbers, got ${values.length}`);
    for (let lane = 0; lane < count; lane++) writeLane(op, shape, lane, values[values.length === 1 ? 0 : lane]!);
    return [0xfd, 0x0c, ...new Uint8Array(scratch.buffer, 0, 16)];
  }
  if (values.length !== 1) fail(op, `takes 1 number, got ${values.length}`);
  const value = values[0]!;
  switch (type) {
    case 'i32':
      return [0x41, ...signed32(typeof value === 'number' ? whole(op, value) | 0 : Number(BigInt.asIntN(32, value)))];
    case 'i64':
      return [0x42, ...signed(BigInt.asIntN(64, integer(op, value)))];
    case 'f32':
      scratch.setFloat32(0, Number(value), true);
      return [0x43, ...new Uint8Array(scratch.buffer, 0, 4)];
    case 'f64':
      scratch.setFloat64(0, Number(value), true);
      return [0x44, ...new Uint8Array(scratch.buffer, 0, 8)];
  }
}

/** The bytes that a shuffle chooses, for the lanes that it is told. */
export function shuffleBytes(shape: Shape, lanes: readonly number[]): number[] {
  const op = `${shape}.shuffle`;
  const count = LANES[shape];
  if (lanes.length !== count) fail(op, `chooses ${count} lanes, got ${lanes.length}`);
  const width = 16 / count;
  return lanes.flatMap((lane) => {
    checkLane(op, lane, 2 * count);
    return Array.from({ length: width }, (_, byte) => lane * width + byte);
  });
}

function writeLane(op: string, shape: Shape, lane: number, value: number | bigint): void {
  if (shape === 'i8x16') scratch.setInt8(lane, Number(integer(op, value)));
  else if (shape === 'i16x8') scratch.setInt16(2 * lane, Number(integer(op, value)), true);
  else if (shape === 'i32x4') scratch.setInt32(4 * lane, Number(integer(op, value)), true);
  else if (shape === 'i64x2') scratch.setBigInt64(8 * lane, integer(op, value), true);
  else if (shape === 'f32x4') scratch.setFloat32(4 * lane, Number(value), true);
  else scratch.setFloat64(8 * lane, Number(value), true);
}

function whole(op: string, value: number): number {
  if (!Number.isInteger(value)) fail(op, `expected an integer, got ${value}`);
  return value;
}

function integer(op: string, value: number | bigint): bigint {
  return BigInt(typeof value === 'number' ? whole(op, value) : value);
}

/** Unsigned LEB128: seven bits a byte, lowest first, the top bit set on all but the last. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    // Not >>>: pages and offsets go up to 2^32.
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128 of 32 bits, which most constants have; big integers are slow. */
function signed32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest & 0x7f);
  return bytes;
}

/** Signed LEB128: as unsigned, until what is left is the sign. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if (rest === ((byte & 0x40) === 0 ? 0n : -1n)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

export function text(string: string): number[] {
  return sized([...new TextEncoder().encode(string)]);
}

/** A list of entries, preceded by how many there are. */
export function list(entries: readonly (readonly number[])[]): number[] {
  return unsigned(entries.length).concat(...entries);
}

/** Bytes, preceded by how many there are. */
export function sized(bytes: readonly number[]): number[] {
  return unsigned(bytes.length).concat(bytes);
}

export function section(id: number, bytes: readonly number[]): number[] {
  return [id].concat(sized(bytes));
}

/** Locals are declared in runs of one type. */
export function localGroups(types: readonly ValType[]): number[] {
  const runs: { type: ValType; count: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return list(runs.map(({ type, count }) => [...unsigned(count), TYPE_BYTE[type]]));
}
