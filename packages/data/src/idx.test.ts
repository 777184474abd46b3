import type { DType } from '@torsor/core';
import { arange, fromTypedArray, ones, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import fixtures from './fixtures/formats.json' with { type: 'json' };
import type { IdxType } from './idx.ts';
import { idx } from './index.ts';
import { checkContent, checkSame, fromBase64, rejects, withOddNaNs } from './testing/files.ts';

const DTYPES: Record<IdxType, DType> = {
  uint8: 'uint8',
  int8: 'int32',
  int16: 'int32',
  int32: 'int32',
  float32: 'float32',
  float64: 'float64',
};
const types = Object.keys(DTYPES) as IdxType[];

test('files of every type load, and are written back byte for byte', () => {
  for (const type of types) {
    const { file, ...content } = fixtures.idx.types[type];
    const x = idx.load(fromBase64(file));
    assert.is(x.dtype, DTYPES[type]);
    checkContent(x, content, type);
    assert.equal(idx.save(x, { type }), fromBase64(file), type);
  }
});

test('compressed files load, those that keep a name too, and those that something has decompressed already', async () => {
  const { file, ...content } = fixtures.idx.gzip;
  checkContent(await idx.loadGzip(fromBase64(file)), content);
  checkContent(await idx.loadGzip(fromBase64(fixtures.idx.named)), content);
  const plain = fixtures.idx.types.uint8;
  checkContent(await idx.loadGzip(fromBase64(plain.file)), plain);
});

test('what is saved loads with the same bits, compressed or not', async () => {
  for (const x of [
    tensor(2.5),
    zeros(0, 4),
    arange(6).view(2, 3).t(),
    randn(65, 33, 2),
    randn(65, 33, { dtype: 'float64' }),
    arange(-5, 5, { dtype: 'int32' }),
    fromTypedArray(Uint8Array.of(0, 255)),
    fromTypedArray(withOddNaNs()),
    ones(new Array<number>(64).fill(1)),
  ]) {
    checkSame(idx.load(idx.save(x)), x);
    checkSame(await idx.loadGzip(await idx.saveGzip(x)), x);
  }
  checkSame(idx.load(idx.save(tensor([true, false]))), fromTypedArray(Uint8Array.of(1, 0)));
});

test('a type is taken when it holds every value exactly', () => {
  const save = (values: number[] | bigint[], type: IdxType): number[] =>
    idx
      .load(idx.save(tensor(values, { dtype: typeof values[0] === 'bigint' ? 'int64' : 'float64' }), { type }))
      .toArray() as number[];
  assert.equal(save([0, 255], 'uint8'), [0, 255]);
  assert.equal(save([-128, 127], 'int8'), [-128, 127]);
  assert.equal(save([-(2n ** 31n), 5n], 'int32'), [-(2 ** 31), 5]);
  assert.equal(save([0.5, Number.NaN, -0], 'float32'), [0.5, Number.NaN, -0]);
  assert.equal(save([2n ** 60n], 'float64'), [2 ** 60]);
  for (const [values, type] of [
    [[256], 'uint8'],
    [[-1], 'uint8'],
    [[128], 'int8'],
    [[0.5], 'int16'],
    [[40000], 'int16'],
    [[Number.NaN], 'int32'],
    [[2n ** 31n], 'int32'],
    [[0.1], 'float32'],
    [[2n ** 53n + 1n], 'float64'],
  ] as [number[], IdxType][]) {
    assert.throws(() => save(values, type), /ValueError|does not hold .* exactly/, `${values} as ${type}`);
  }
  assert.throws(() => idx.save(zeros(2, { dtype: 'int64' })), /int64 is no type of the format/);
  assert.throws(() => idx.save(zeros(2), { type: 'int64' as never }), /unknown type 'int64'/);
  assert.throws(() => idx.save(zeros(2), { kind: 'int8' } as never), /unknown option 'kind'/);
  assert.throws(() => idx.save(zeros(2 ** 32, 0)), /a size of 2³² or more/);
});

test('what is no such file, damaged or of another length is refused', async () => {
  const file = idx.save(ones(2, 3));
  const refuse = (bytes: Uint8Array, pattern: RegExp): void =>
    assert.throws(
      () => idx.load(bytes),
      (e: Error) => e.name === 'FormatError' && pattern.test(e.message),
      String(pattern),
    );
  refuse(file.subarray(0, 3), /too short/);
  refuse(file.subarray(0, 10), /2 dimensions need a header of 12 bytes/);
  refuse(file.subarray(0, file.length - 1), /does not fit the 23 bytes/);
  refuse(Uint8Array.of(...file, 0), /does not fit the 25 bytes/);
  refuse(Uint8Array.of(1, ...file.subarray(1)), /does not begin as an IDX file does, but with 1, 0, 13/);
  refuse(Uint8Array.of(0, 0, 0x0a, 0), /but with 0, 0, 10/);
  refuse(Uint8Array.of(0, 0, 8, 4, ...new Array<number>(16).fill(255)), /does not fit the 0 bytes/);
  refuse(Uint8Array.of(0, 0, 8, 255, ...new Uint8Array(1020)), /255 dimensions/);
  const packed = await idx.saveGzip(ones(2, 3));
  refuse(packed, /idx.loadGzip reads that/);
  const refuseGzip = (bytes: Uint8Array, pattern: RegExp): Promise<void> =>
    rejects(idx.loadGzip(bytes), 'FormatError', pattern);
  await refuseGzip(packed.subarray(0, 17), /17 bytes are too few/);
  await refuseGzip(packed.subarray(0, packed.length - 1), /the gzip file is damaged/);
  await refuseGzip(Uint8Array.of(...packed, 0), /the gzip file is damaged/);
  for (const at of [2, 12, packed.length - 8, packed.length - 4]) {
    const damaged = packed.slice();
    damaged[at] ^= 1;
    await refuseGzip(damaged, /the gzip file is damaged/);
  }
  await refuseGzip(file.subarray(0, 5), /idx.loadGzip: 2 dimensions need/);
});

test.run();
