/**
 * IDX, the format of MNIST and its kin: one array of big-endian numbers.
 *
 * Layout: two zero bytes, a byte for the element type, a byte for the number of dimensions, the sizes (4 bytes each, big endian),
 * the data in row-major order.
 * Source: http://yann.lecun.com/exdb/mnist/, "The IDX file format"
 */

import type { DType, Tensor } from '@torsor/core';
import { DTypeError, FormatError, named, ShapeError, ValueError } from '@torsor/core';
import { bytesOf, swapBytes, writeBytes } from './bytes.ts';
import type { ElementType } from './elements.ts';
import { checkFits, decode, MAX_DIMS, widthOf } from './elements.ts';
import { gunzip, gzip, isGzipped } from './gzip.ts';

/** The element types of the format. */
export type IdxType = 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64';

export interface IdxOptions {
  /** Element type in the file; by default that of the tensor's dtype (for bool `uint8`; int64 has none). */
  readonly type?: IdxType;
}

interface TypeInfo {
  readonly code: number;
  readonly element: ElementType;
  readonly make: (length: number) => NumberArray;
}

type NumberArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

const TYPES: Readonly<Record<IdxType, TypeInfo>> = {
  uint8: { code: 0x08, element: 'u1', make: (length) => new Uint8Array(length) },
  int8: { code: 0x09, element: 'i1', make: (length) => new Int8Array(length) },
  int16: { code: 0x0b, element: 'i2', make: (length) => new Int16Array(length) },
  int32: { code: 0x0c, element: 'i4', make: (length) => new Int32Array(length) },
  float32: { code: 0x0d, element: 'f4', make: (length) => new Float32Array(length) },
  float64: { code: 0x0e, element: 'f8', make: (length) => new Float64Array(length) },
};

/** The type of a dtype that has the very same elements. */
const TYPE_OF: Readonly<Partial<Record<DType, IdxType>>> = {
  bool: 'uint8',
  uint8: 'uint8',
  int32: 'int32',
  float32: 'float32',
  float64: 'float64',
};

/**
 * A tensor as the bytes of an IDX file. bool becomes uint8, and loads as that; int64 needs a `type`.
 *
 * @throws DTypeError for int64 without a `type`; ValueError when the `type` cannot hold a value exactly; ShapeError for more than
 *   64 dimensions, or a size of 2³² or more
 *
 * @example
 * await writeFile('labels-idx1-ubyte', idx.save(labels, { type: 'uint8' }));
 */
export function save(x: Tensor, options: IdxOptions = {}): Uint8Array<ArrayBuffer> {
  return write('idx.save', x, options);
}

/**
 * As `save`, compressed by gzip.
 *
 * @example
 * await writeFile('labels-idx1-ubyte.gz', await idx.saveGzip(labels, { type: 'uint8' }));
 */
export async function saveGzip(x: Tensor, options: IdxOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return gzip(write('idx.saveGzip', x, options));
}

/**
 * The array of an IDX file: uint8, int32, float32 and float64 keep their dtype, int8 and int16 load as int32.
 *
 * @throws FormatError when the file is damaged, cut short or longer than its array, or compressed (`loadGzip` reads that)
 *
 * @example
 * const labels = idx.load(await readFile('train-labels-idx1-ubyte')); // a uint8 tensor of shape [60000]
 */
export function load(bytes: Uint8Array | ArrayBuffer): Tensor {
  return read('idx.load', bytesOf('idx.load', bytes));
}

/**
 * As `load`, of a file that may be compressed by gzip: what begins as gzip's files do is decompressed, anything else is read as it
 * is, since servers and browsers decompress at times what is called `.gz`. A promise, as the streams that decompress are
 * asynchronous.
 *
 * @throws FormatError as `load` does, and when the compressed data is damaged
 *
 * @example
 * const images = await idx.loadGzip(await readFile('train-images-idx3-ubyte.gz')); // a uint8 tensor of shape [60000, 28, 28]
 */
export async function loadGzip(bytes: Uint8Array | ArrayBuffer): Promise<Tensor> {
  const op = 'idx.loadGzip';
  const file = bytesOf(op, bytes);
  return read(op, isGzipped(file) ? await gunzip(op, file) : file);
}

function write(op: string, x: Tensor, options: IdxOptions): Uint8Array<ArrayBuffer> {
  const [type = TYPE_OF[x.dtype]] = named<[IdxType]>(op, ['type'], [options]);
  if (type === undefined) {
    throw new DTypeError(`${x.dtype} is no type of the format; choose one by { type }, such as 'int32'`, { op });
  }
  if (!Object.hasOwn(TYPES, type)) {
    throw new ValueError(`unknown type '${type}'; known are ${Object.keys(TYPES).join(', ')}`, { op });
  }
  const { shape } = x;
  if (shape.length > MAX_DIMS || shape.some((size) => size >= 2 ** 32)) {
    throw new ShapeError(`shape [${shape.join(', ')}] has more than ${MAX_DIMS} dimensions, or a size of 2³² or more`, {
      op,
      operands: { shape },
    });
  }
  const { code, element } = TYPES[type];
  const dataStart = 4 + 4 * shape.length;
  const out = new Uint8Array(dataStart + x.numel() * widthOf(element));
  out.set([0, 0, code, shape.length]);
  const view = new DataView(out.buffer);
  for (const [d, size] of shape.entries()) view.setUint32(4 + 4 * d, size);
  const data = out.subarray(dataStart);
  if (type === TYPE_OF[x.dtype]) writeBytes(x, data);
  else data.set(exactly(op, x, type));
  swapBytes(data, widthOf(element));
  return out;
}

/** The elements as bytes of another type, where none changes its value. */
function exactly(op: string, x: Tensor, type: IdxType): Uint8Array {
  const source = x.toTypedArray();
  const target = TYPES[type].make(source.length);
  for (let i = 0; i < source.length; i++) {
    const value = source[i];
    target[i] = Number(value);
    // Compared so, a number and a BigInt are equal only if both are the same number.
    const isSame = (target[i] <= value && target[i] >= value) || (Number.isNaN(value) && Number.isNaN(target[i]));
    if (!isSame) throw new ValueError(`${type} does not hold ${value} exactly`, { op, operands: { value, type } });
  }
  return new Uint8Array(target.buffer);
}

function read(op: string, file: Uint8Array): Tensor {
  if (isGzipped(file)) throw new FormatError('is compressed by gzip; idx.loadGzip reads that', { op });
  if (file.length < 4) throw new FormatError(`a file of ${file.length} bytes is too short for a header`, { op });
  const [zero, zeroToo, code, dims] = file;
  const type = Object.values(TYPES).find((info) => info.code === code)?.element;
  if (zero !== 0 || zeroToo !== 0 || type === undefined) {
    throw new FormatError(`does not begin as an IDX file does, but with ${zero}, ${zeroToo}, ${code}`, { op });
  }
  const dataStart = 4 + 4 * dims;
  if (file.length < dataStart) {
    throw new FormatError(`${dims} dimensions need a header of ${dataStart} bytes in a file of ${file.length}`, { op });
  }
  const view = new DataView(file.buffer, file.byteOffset);
  const shape = Array.from({ length: dims }, (_, d) => view.getUint32(4 + 4 * d));
  const data = file.subarray(dataStart);
  checkFits(op, shape, type, data.length);
  return decode(op, type, data, shape, true);
}
