/**
 * The safetensors format: a header of JSON with names, dtypes, shapes and byte ranges, then the bytes. What is saved here loads
 * in PyTorch unchanged, and the other way round.
 *
 * Layout: 8 bytes header length (little endian), the header padded with spaces to a multiple of 8, the data.
 * Source: https://github.com/huggingface/safetensors, "Format"
 */

import type { DType, Tensor } from '@torsor/core';
import { DTypeError, FormatError, itemBytes, sizeOf } from '@torsor/core';
import { bytesOf, writeBytes } from './bytes.ts';
import type { ElementType } from './elements.ts';
import { decode, widthOf } from './elements.ts';

const TO_NAME: Record<DType, string> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
  float16: 'F16',
  bfloat16: 'BF16',
};

const FROM_NAME: Readonly<Record<string, ElementType>> = {
  F64: 'f8',
  F32: 'f4',
  F16: 'f2',
  BF16: 'bf2',
  I64: 'i8',
  I32: 'i4',
  I16: 'i2',
  I8: 'i1',
  U64: 'u8',
  U32: 'u4',
  U16: 'u2',
  U8: 'u1',
  BOOL: 'b1',
};

/** A header beyond this is taken for damage, as the reference implementation does. */
const MAX_HEADER_BYTES = 100_000_000;

const op = 'safetensors.load';

/** Tensors by name. */
export type TensorMap = Record<string, Tensor>;

/** What a file holds. */
export interface SafetensorsFile {
  readonly tensors: TensorMap;
  /** Free text by key, as the writer left it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Tensors as the bytes of a safetensors file, larger dtypes first and then by name, as the reference writer orders them.
 *
 * @example
 * await writeFile('net.safetensors', safetensors.save(net.stateDict()));
 */
export function save(
  tensors: TensorMap | ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const entries: [string, Tensor][] =
    tensors instanceof Map ? [...(tensors as ReadonlyMap<string, Tensor>)] : Object.entries(tensors as TensorMap);
  entries.sort(([a, x], [b, y]) => itemBytes(y.dtype) - itemBytes(x.dtype) || (a < b ? -1 : a > b ? 1 : 0));
  const header: [string, unknown][] = metadata === undefined ? [] : [['__metadata__', metadata]];
  let at = 0;
  for (const [name, x] of entries) {
    const bytes = x.numel() * itemBytes(x.dtype);
    header.push([name, { dtype: TO_NAME[x.dtype], shape: x.shape, data_offsets: [at, at + bytes] }]);
    at += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + at).fill(0x20, 8, 8 + headerBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.set(text, 8);
  let position = 8 + headerBytes;
  for (const [, x] of entries) {
    const end = position + x.numel() * itemBytes(x.dtype);
    writeBytes(x, out.subarray(position, end));
    position = end;
  }
  return out;
}

/**
 * The tensors of a safetensors file. What there is no dtype for is widened: I8, I16 and U16 as int32,
 * U32 and U64 as int64.
 *
 * @throws FormatError when the file is cut short, its header is damaged, ranges overlap or leave gaps, or a U64 is 2⁶³ or more;
 *   DTypeError for dtypes that have no counterpart here
 *
 * @example
 * net.loadStateDict(safetensors.load(await readFile('net.safetensors')));
 */
export function load(bytes: Uint8Array | ArrayBuffer): TensorMap {
  return loadFile(bytes).tensors;
}

/** As `load`, with the file's metadata. */
export function loadFile(bytes: Uint8Array | ArrayBuffer): SafetensorsFile {
  const file = bytesOf(op, bytes);
  const { header, dataStart } = readHeader(file);
  const { __metadata__: metadata = {}, ...rest } = header;
  checkMetadata(metadata);
  const data = file.subarray(dataStart);
  const entries = Object.entries(rest).map(([name, entry]) => checkEntry(name, entry, data.length));
  // All are checked before the first is allocated.
  checkRanges(entries, data.length);
  const tensors = entries.map(({ name, type, shape, start, end }): [string, Tensor] => [
    name,
    decode(op, type, data.subarray(start, end), shape),
  ]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

function readHeader(file: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (file.length < 8) throw new FormatError(`a file of ${file.length} bytes is too short for a header`, { op });
  const declared = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES) || Number(declared) > file.length - 8) {
    throw new FormatError(`the header claims ${declared} bytes in a file of ${file.length}`, { op });
  }
  const dataStart = 8 + Number(declared);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, dataStart)));
  } catch (cause) {
    throw new FormatError('the header is not valid JSON', { op, cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new FormatError('the header is not an object', { op });
  }
  return { header: header as Record<string, unknown>, dataStart };
}

function checkMetadata(metadata: unknown): asserts metadata is Record<string, string> {
  const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  if (isRecord && Object.values(metadata).every((text) => typeof text === 'string')) return;
  throw new FormatError('the metadata is not text by key', { op });
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

function checkEntry(name: string, entry: unknown, dataBytes: number): Entry {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0;
  const isList = (list: unknown): list is number[] => Array.isArray(list) && list.every(isCount);
  if (typeof dtype !== 'string' || !isList(shape) || !isList(range) || range.length !== 2) {
    throw new FormatError(`the entry '${name}' lacks a dtype, a shape or data_offsets`, { op, operands: { name } });
  }
  if (!Object.hasOwn(FROM_NAME, dtype)) {
    throw new DTypeError(`the entry '${name}' has dtype ${dtype}; known are ${Object.keys(FROM_NAME).join(', ')}`, {
      op,
      operands: { name, dtype },
    });
  }
  const [start, end] = range as [number, number];
  if (start > end || end > dataBytes || end - start !== sizeOf(shape) * widthOf(FROM_NAME[dtype])) {
    throw new FormatError(
      `the entry '${name}' of shape [${shape.join(', ')}] and dtype ${dtype} has bytes ${start} to ${end} of ${dataBytes}`,
      { op, operands: { name, start, end } },
    );
  }
  return { name, type: FROM_NAME[dtype], shape, start, end };
}

/** @throws FormatError unless the ranges cover the data without gap or overlap */
function checkRanges(entries: readonly Entry[], dataBytes: number): void {
  let at = 0;
  for (const { start, end } of [...entries].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== at) throw new FormatError(`the data has a gap or an overlap at byte ${Math.min(start, at)}`, { op });
    at = end;
  }
  if (at !== dataBytes) throw new FormatError(`the entries cover ${at} of ${dataBytes} bytes of data`, { op });
}
