import type { DType, Tensor } from '@torsor/core';
import { arange, fromTypedArray, ones, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/formats.json' with { type: 'json' };
import { npy } from './index.ts';
import { checkContent, checkSame, fromBase64, withOddNaNs } from './testing/files.ts';

const { native, big, shapes, order, versions, refused } = fixtures.npy;

/** Which dtype each type of NumPy's loads as. */
const DTYPES: Record<string, DType> = {
  f4: 'float32',
  f8: 'float64',
  f2: 'float16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  i1: 'int32',
  i2: 'int32',
  u2: 'int32',
  u4: 'int64',
  u8: 'int64',
  b1: 'bool',
};

test('what numpy.save writes loads with shape, values and the narrowest dtype that holds them all', () => {
  for (const [descr, each] of Object.entries({ ...native, ...big })) {
    const x = npy.load(fromBase64(each.file));
    assert.is(x.dtype, DTYPES[descr.slice(1)], descr);
    checkContent(x, each, descr);
  }
  for (const [name, each] of Object.entries({ ...shapes, ...order, ...versions })) {
    checkContent(npy.load(fromBase64(each.file)), each, name);
  }
});

test('what is saved is byte for byte what numpy.save writes', () => {
  for (const descr of ['<f4', '<f8', '<i4', '<i8', '|u1', '|b1', '<f2'] as const) {
    const file = fromBase64(native[descr].file);
    assert.equal(npy.save(npy.load(file)), file, descr);
  }
  for (const [name, { file }] of Object.entries(shapes)) {
    assert.equal(npy.save(npy.load(fromBase64(file))), fromBase64(file), name);
  }
});

test('what is saved loads with the same bits: every dtype, views, NaNs, scalars, nothing, and more than fits a small tensor', () => {
  const tensors: Record<string, Tensor> = {
    scalar: tensor(2.5),
    empty: zeros(0, 4),
    turned: arange(6).view(2, 3).t(),
    expanded: arange(3).expand(2, 3),
    part: arange(100).slice(0, 10, 90, 3),
    large: randn(65, 129),
    'large, turned': randn(65, 129).t(),
    'odd NaNs': fromTypedArray(withOddNaNs()),
    deep: ones(new Array<number>(64).fill(1)),
  };
  for (const dtype of ['float64', 'int32', 'int64', 'uint8', 'bool'] as DType[]) tensors[dtype] = ones(3, 5, { dtype });
  for (const [name, x] of Object.entries(tensors)) checkSame(npy.load(npy.save(x)), x, name);
});

test('a big-endian float keeps the bits of its NaNs', () => {
  const x = fromTypedArray(withOddNaNs());
  const file = npy.save(x);
  const start = file.length - 4 * x.numel();
  for (let at = start; at < file.length; at += 4) file.subarray(at, at + 4).reverse();
  file[file.indexOf(0x3c)] = 0x3e; // '<f4' becomes '>f4'
  checkSame(npy.load(file), x);
});

test('all halves have the value of their bits', () => {
  const file = npy.save(arange(65536));
  const halves = new Uint16Array(65536).map((_, i) => i);
  const start = file.length - 4 * 65536;
  const half = new Uint8Array(start + 2 * 65536);
  half.set(file.subarray(0, start));
  half.set(new Uint8Array(halves.buffer), start);
  half[half.indexOf(0x3c) + 2] = 0x32; // '<f4' becomes '<f2'
  const got = npy.load(half).toTypedArray();
  for (let bits = 0; bits < 65536; bits++) {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    const special = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    const expected = (exponent === 31 ? special : size) * (bits & 0x8000 ? -1 : 1);
    if (!Object.is(got[bits], expected)) assert.unreachable(`0x${bits.toString(16)} is ${got[bits]}, not ${expected}`);
  }
});

test('float16 is saved as it is loaded, and bfloat16, which NumPy has not, is refused', () => {
  const x = arange(6, { dtype: 'float16' }).view(2, 3);
  checkSame(npy.load(npy.save(x.t())), x.t().contiguous());
  assert.throws(() => npy.save(x.bfloat16()), /NumPy has no bfloat16/);
});

test('a bool that is not 0 or 1 is true', () => {
  const file = npy.save(tensor([true, false]));
  file[file.length - 1] = 7;
  assert.equal(npy.load(file).toTypedArray(), Uint8Array.of(1, 1));
});

test('a file is taken from anywhere in memory, shared memory too', () => {
  const x = randn(3, 5, { dtype: 'float64' });
  const file = npy.save(x);
  checkSame(npy.load(file.buffer), x);
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  checkSame(npy.load(shifted.subarray(3)), x);
  if (typeof SharedArrayBuffer !== 'undefined') {
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    checkSame(npy.load(shared), x);
  }
  assert.throws(() => npy.load('x.npy' as never), /npy.load: takes the content of a file/);
});

/** A file with that header in place of one of `[3]` float32. */
function withHeader(text: string, bytes = 12): Uint8Array {
  const file = new Uint8Array(10 + text.length + bytes);
  file.set([...npy.save(zeros(1)).subarray(0, 8), text.length & 255, text.length >> 8]);
  file.set(new TextEncoder().encode(text), 10);
  return file;
}

test('headers may be written as Python dictionaries may', () => {
  for (const text of [
    `{"shape":(3,),"fortran_order":False,"descr":"<f4"}`,
    `{'descr': 'f4', 'fortran_order': True, 'shape': (3L,), }\n`,
    `{ 'descr' : '=f4' , 'fortran_order' : False , 'shape' : ( 3 , ) }   \n`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 1)}`,
  ]) {
    assert.is(npy.load(withHeader(text)).numel(), 3, text);
  }
});

test('damaged headers are refused', () => {
  const error = /FormatError: npy.load: the header is damaged/;
  for (const text of [
    '',
    '{}',
    `{'descr': '<f4', 'fortran_order': False, 'shape': (3)}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,)}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (1,,3)}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (3,)`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} and more`,
    `{'descr': '<f4', 'fortran_order': 1, 'shape': (3,)}`,
    `{'descr': '<f4', 'fortran_order': False}`,
    `{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}`,
    `{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}`,
    `{'descr': '<f4", 'fortran_order': False, 'shape': (3,)}`,
    `{'descr': True, 'fortran_order': False, 'shape': (3,)}`,
    `{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}`,
  ]) {
    assert.throws(
      () => npy.load(withHeader(text)),
      (e: Error) => error.test(String(e)),
      text,
    );
  }
});

test('what is no such file, cut short, too long or beyond all bounds is refused before it is allocated', () => {
  const file = npy.save(ones(2, 3));
  const refuse = (bytes: Uint8Array, pattern: RegExp): void =>
    assert.throws(
      () => npy.load(bytes),
      (e: Error) => e.name === 'FormatError' && pattern.test(e.message),
      String(pattern),
    );
  refuse(new Uint8Array(), /too short/);
  refuse(new TextEncoder().encode('<!DOCTYPE html>'), /does not begin as a .npy file does$/);
  refuse(new TextEncoder().encode('PK and more of it'), /npz.load reads/);
  refuse(file.subarray(0, 100), /claims 118 bytes/);
  refuse(file.subarray(0, file.length - 1), /does not fit the 23 bytes/);
  refuse(Uint8Array.of(...file, 0), /does not fit the 25 bytes/);
  const future = file.slice();
  future[6] = 9;
  refuse(future, /version 9.0/);
  const long = file.slice();
  long.set([2, 0, 0xff, 0xff, 0xff, 0xff], 6);
  refuse(long, /claims 4294967295 bytes/);
  const sized = (shape: string, bytes: number): Uint8Array =>
    withHeader(`{'descr': '<f4', 'fortran_order': False, 'shape': (${shape})}`, bytes);
  refuse(sized('4294967296, 4294967296', 12), /does not fit/);
  refuse(sized('2305843009213693952, 2', 0), /does not fit/);
  refuse(sized('4294967296, 4294967296, 0', 0), /does not fit/);
  refuse(sized('1, '.repeat(65), 4), /65 dimensions/);
});

test('elements that no dtype holds are refused by name', () => {
  const patterns: Record<string, RegExp> = {
    'Python objects': /holds Python objects, which only Python can load/,
    records: /holds records/,
    '<U2': /elements of type "<U2"; known are b1, u1/,
    '<c16': /"<c16"/,
    '<M8[s]': /"<M8\[s\]"/,
    unsigned: /2⁶³ or more/,
  };
  for (const [name, file] of Object.entries(refused)) {
    const check = (e: Error): boolean => e.name === 'FormatError' && patterns[name].test(e.message);
    assert.throws(() => npy.load(fromBase64(file)), check, name);
  }
  assert.throws(() => npy.save(ones(new Array<number>(65).fill(1))), /more than 64/);
});

test.run();
