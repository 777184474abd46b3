/**
 * NumPy's `.npy`: one array, behind a header that is a Python dictionary. What is saved here `numpy.load` reads, and the other way
 * round.
 *
 * Layout: the magic, the version in 2 bytes, the header's length (2 bytes in version 1, else 4; little endian), the header, padded
 * with spaces so that the data begins at a multiple of 64, the data.
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * Left out: Python objects, records, text, dates and complex numbers, which no dtype holds.
 */

import type { DType, Tensor } from '@torsor/core';
import { DTypeError, FormatError, itemBytes, ShapeError, show } from '@torsor/core';
import { bytesOf, writeBytes } from './bytes.ts';
import type { ElementType } from './elements.ts';
import { checkFits, decode, LOADED_AS, MAX_DIMS } from './elements.ts';

const DESCR: Readonly<Record<Exclude<DType, 'bfloat16'>, string>> = {
  float32: '<f4',
  float64: '<f8',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  bool: '|b1',
  float16: '<f2',
};

/** `\x93NUMPY` */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Headers of plain arrays are far shorter; what goes beyond is taken for damage. */
const MAX_HEADER_BYTES = 65_535;

/**
 * A tensor as the bytes of a `.npy` file, byte for byte as `numpy.save` writes that array (version 1.0, C order, little endian).
 * Shapes and dtypes stay: bool becomes `|b1`, uint8 `|u1`, int32 `<i4`, int64 `<i8`, float16 `<f2`, float32 `<f4`,
 * float64 `<f8`.
 *
 * @throws ShapeError for more than 64 dimensions; DTypeError for bfloat16, which NumPy has not
 *
 * @example
 * await writeFile('x.npy', npy.save(x)); // numpy.load('x.npy')
 */
export function save(x: Tensor): Uint8Array<ArrayBuffer> {
  const { dtype, shape } = x;
  if (dtype === 'bfloat16') {
    throw new DTypeError("NumPy has no bfloat16; cast with .to('float32') first", {
      op: 'npy.save',
      operands: { dtype },
    });
  }
  if (shape.length > MAX_DIMS) {
    throw new ShapeError(`${shape.length} dimensions are more than ${MAX_DIMS}`, {
      op: 'npy.save',
      operands: { shape },
    });
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  // NumPy leaves room for the first size to grow to 21 digits, so that programs can append to a file.
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]).length;
  const text = `{'descr': '${DESCR[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const dataStart = Math.ceil((10 + text.length + room + 1) / 64) * 64;
  const out = new Uint8Array(dataStart + x.numel() * itemBytes(x.dtype)).fill(0x20, 10, dataStart - 1);
  out.set([...MAGIC, 1, 0]);
  new DataView(out.buffer).setUint16(8, dataStart - 10, true);
  out.set(new TextEncoder().encode(text), 10);
  out[dataStart - 1] = 0x0a;
  writeBytes(x, out.subarray(dataStart));
  return out;
}

/**
 * The array of a `.npy` file of version 1.0, 2.0 or 3.0, in C or Fortran order, little or big endian, as a contiguous tensor of its
 * shape. Element types that there is no dtype for are widened: `i1`, `i2` and `u2` as int32, `u4` and `u8` as
 * int64.
 *
 * @throws FormatError when the file is cut short, longer than its array or no `.npy` at all, its header is damaged, or its elements
 *   are no numbers (Python objects, records, text, dates), complex, longer than 8 bytes, or a `u8` of 2⁶³ or more
 *
 * @example
 * const x = npy.load(await readFile('x.npy')); // numpy.save('x.npy', x)
 */
export function load(bytes: Uint8Array | ArrayBuffer): Tensor {
  const file = bytesOf(op, bytes);
  const dataStart = endOfHeader(file);
  const { descr, isFortran, shape } = readHeader(file.subarray(file[6] === 1 ? 10 : 12, dataStart));
  const { type, isBigEndian } = typeOf(descr);
  const data = file.subarray(dataStart);
  checkFits(op, shape, type, data.length);
  if (!isFortran || shape.length < 2) return decode(op, type, data, shape, isBigEndian);
  const turned = decode(op, type, data, [...shape].reverse(), isBigEndian);
  return turned.permute(shape.map((_, i) => shape.length - 1 - i)).contiguous();
}

const op = 'npy.load';

function endOfHeader(file: Uint8Array): number {
  if (file.length < 12) throw new FormatError(`a file of ${file.length} bytes is too short for a header`, { op });
  if (MAGIC.some((byte, i) => file[i] !== byte)) {
    const hint = file[0] === 0x50 && file[1] === 0x4b ? '; it begins as a .npz file does, which npz.load reads' : '';
    throw new FormatError(`does not begin as a .npy file does${hint}`, { op });
  }
  const [major, minor] = file.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0) {
    throw new FormatError(`has version ${major}.${minor}; known are 1.0, 2.0 and 3.0`, { op });
  }
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const headerBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const end = (major === 1 ? 10 : 12) + headerBytes;
  if (headerBytes > MAX_HEADER_BYTES || end > file.length) {
    throw new FormatError(`the header claims ${headerBytes} bytes in a file of ${file.length}`, { op });
  }
  return end;
}

interface Header {
  readonly descr: string;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/**
 * An entry of the dictionary and what ends it, or its beginning if it is a list (of records). Python 2 wrote long integers as `3L`.
 */
const ENTRY =
  /\s*(['"])(?<key>descr|fortran_order|shape)\1\s*:\s*(?:(?<list>\[)|(?:(['"])(?<text>[^'"\\]*)\4|(?<flag>True|False)|\((?<sizes>[\dL,\s]*)\))\s*(?:,\s*|(?=\})))/y;

/** The dictionary, without a parser of Python: each value has but one form. */
function readHeader(bytes: Uint8Array): Header {
  const text = new TextDecoder().decode(bytes).trim();
  const damaged = () => new FormatError(`the header is damaged: ${show(text.slice(0, 200))}`, { op });
  if (!text.startsWith('{')) throw damaged();
  let at = 1;
  const found = new Map<string, string>();
  while (text[at] !== '}') {
    ENTRY.lastIndex = at;
    const groups = ENTRY.exec(text)?.groups;
    if (groups === undefined) throw damaged();
    if (groups.list !== undefined) {
      throw new FormatError('holds records (a structured dtype); save each field as an array of its own', { op });
    }
    const { key } = groups;
    const value = key === 'descr' ? groups.text : key === 'shape' ? groups.sizes : groups.flag;
    if (value === undefined || found.has(key)) throw damaged();
    found.set(key, value);
    at = ENTRY.lastIndex;
  }
  if (at !== text.length - 1 || found.size !== 3) throw damaged();
  const shape = sizesOf(found.get('shape') as string);
  if (shape === null) throw damaged();
  return { descr: found.get('descr') as string, isFortran: found.get('fortran_order') === 'True', shape };
}

/** `2, 3`, or `2,`, or nothing; null if it is none of these: `(3)` is no tuple. */
function sizesOf(text: string): number[] | null {
  if (text.trim() === '') return [];
  const list = text.split(',').map((size) => size.trim());
  if (list.length > 1 && list.at(-1) === '') list.pop();
  else if (list.length === 1) return null;
  return list.every((size) => /^\d+L?$/.test(size)) ? list.map((size) => Number.parseInt(size, 10)) : null;
}

function typeOf(descr: string): { type: ElementType; isBigEndian: boolean } {
  const [, order, type] = /^([<>|=]?)([a-z]\d+)$/.exec(descr) ?? [];
  if (type !== undefined && Object.hasOwn(LOADED_AS, type)) {
    return { type: type as ElementType, isBigEndian: order === '>' };
  }
  const message = /^[<>|=]?O/.test(descr)
    ? 'holds Python objects, which only Python can load; save numbers'
    : `has elements of type ${show(descr)}; known are ${Object.keys(LOADED_AS)
        .filter((name) => name !== 'bf2')
        .join(', ')}`;
  throw new FormatError(message, { op, operands: { descr } });
}
