/**
 * The safetensors format: a header of JSON with names, dtypes, shapes and byte ranges, then the bytes. What is saved here loads
 * in PyTorch unchanged, and the other way round.
 *
 * Layout: 8 bytes header length (little endian), the header padded with spaces to a multiple of 8, the data.
 * Source: https://github.com/huggingface/safetensors, "Format"
 */

import type { DType, Tensor, TypedArray } from '@torsor/core';
import { allocate, DTypeError, FormatError, itemBytes, sizeOf } from '@torsor/core';

const TO_NAME: Record<DType, string> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  uint8: 'U8',
  bool: 'BOOL',
};

/** Dtypes that load as they are, and the half-width floats, which load as float32. */
const FROM_NAME: Readonly<Record<string, DType>> = {
  F32: 'float32',
  F64: 'float64',
  I32: 'int32',
  I64: 'int64',
  U8: 'uint8',
  BOOL: 'bool',
  F16: 'float32',
  BF16: 'float32',
};

const HALF_WIDTH = new Set(['F16', 'BF16']);

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
  const header: Record<string, unknown> = {};
  if (metadata !== undefined) header['__metadata__'] = metadata;
  let at = 0;
  for (const [name, x] of entries) {
    const bytes = x.numel() * itemBytes(x.dtype);
    header[name] = { dtype: TO_NAME[x.dtype], shape: x.shape, data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + at).fill(0x20, 8, 8 + headerBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.set(text, 8);
  let position = 8 + headerBytes;
  for (const [, x] of entries) {
    const values = x.toTypedArray();
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return out;
}

/**
 * The tensors of a safetensors file. F16 and BF16 load as float32.
 *
 * @throws FormatError when the file is cut short, its header is damaged, or ranges overlap or leave gaps; DTypeError for dtypes
 * that have no counterpart here
 *
 * @example
 * net.loadStateDict(safetensors.load(await readFile('net.safetensors')));
 */
export function load(bytes: Uint8Array | ArrayBuffer): TensorMap {
  return loadFile(bytes).tensors;
}

/** As `load`, with the file's metadata. */
export function loadFile(bytes: Uint8Array | ArrayBuffer): SafetensorsFile {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const { header, dataStart } = readHeader(file);
  const tensors: TensorMap = {};
  let metadata: Record<string, string> = {};
  const ranges: [number, number][] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = entry as Record<string, string>;
      continue;
    }
    const { dtype, shape, start, end } = checkEntry(name, entry, file.length - dataStart);
    ranges.push([start, end]);
    tensors[name] = readTensor(dtype, shape, file.subarray(dataStart + start, dataStart + end));
  }
  checkRanges(ranges, file.length - dataStart);
  return { tensors, metadata };
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
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.slice(8, dataStart)));
  } catch (cause) {
    throw new FormatError('the header is not valid JSON', { op, cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new FormatError('the header is not an object', { op });
  }
  return { header: header as Record<string, unknown>, dataStart };
}

interface Entry {
  readonly dtype: string;
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
  const elementBytes = HALF_WIDTH.has(dtype) ? 2 : itemBytes(FROM_NAME[dtype]);
  if (start > end || end > dataBytes || end - start !== sizeOf(shape) * elementBytes) {
    throw new FormatError(
      `the entry '${name}' of shape [${shape.join(', ')}] and dtype ${dtype} has bytes ${start} to ${end} of ${dataBytes}`,
      { op, operands: { name, start, end } },
    );
  }
  return { dtype, shape, start, end };
}

/** @throws FormatError unless the ranges cover the data without gap or overlap */
function checkRanges(ranges: [number, number][], dataBytes: number): void {
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let at = 0;
  for (const [start, end] of ranges) {
    if (start !== at) throw new FormatError(`the data has a gap or an overlap at byte ${Math.min(start, at)}`, { op });
    at = end;
  }
  if (at !== dataBytes) throw new FormatError(`the entries cover ${at} of ${dataBytes} bytes of data`, { op });
}

function readTensor(name: string, shape: readonly number[], bytes: Uint8Array): Tensor {
  const out = allocate([...shape], FROM_NAME[name]);
  const array: TypedArray = out.array.subarray(out.offset, out.offset + sizeOf(shape)) as TypedArray;
  if (HALF_WIDTH.has(name)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decode = name === 'F16' ? halfToSingle : bfloatToSingle;
    for (let i = 0; i < array.length; i++) array[i] = decode(view.getUint16(2 * i, true));
  } else new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(bytes);
  return out;
}

/** IEEE 754 half precision: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToSingle(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** bfloat16 is the upper half of a float32. */
function bfloatToSingle(bits: number): number {
  word[0] = bits << 16;
  return single[0];
}
