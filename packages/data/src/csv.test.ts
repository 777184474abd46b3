import type { DType, Tensor } from '@torsor/core';
import { arange, fromTypedArray, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCsv, parseCsv } from './index.ts';
import { checkSame } from './testing/files.ts';

test('parseCsv reads numbers, and says where it cannot', () => {
  assert.equal(parseCsv('a,b\n1,2.5\n\n-3,4e2\n', { skipRows: 1 }).toArray(), [
    [1, 2.5],
    [-3, 400],
  ]);
  assert.is(parseCsv('1;2', { delimiter: ';', dtype: 'int64' }).dtype, 'int64');
  assert.throws(() => parseCsv('1,2\n3'), /line 2 has 1 fields/);
  assert.throws(() => parseCsv('1,x'), /line 1 has a field that is not a number: 'x'/);
  assert.throws(() => parseCsv('1,'), /line 1/);
  assert.equal(parseCsv('').shape, [0, 0]);
  assert.throws(() => parseCsv('1', { dtype: 'int16' as never }), /unknown dtype/);
});

test('parseCsv reads NaN and infinities as JavaScript and Python write them', () => {
  const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
  assert.equal(parseCsv('NaN,nan,-nan,inf,-inf,Infinity,-Infinity,+INF').toArray(), [
    [nan, nan, nan, inf, -inf, inf, -inf, inf],
  ]);
  assert.throws(() => parseCsv('info'), /not a number/);
});

test('parseCsv reads int64 exactly, cuts off fractions for integers, and refuses what they do not hold', () => {
  assert.equal(parseCsv('9223372036854775807,-9007199254740993,1e3,2.5', { dtype: 'int64' }).toArray(), [
    [9223372036854775807n, -9007199254740993n, 1000n, 2n],
  ]);
  assert.equal(parseCsv('2.9,-2.9', { dtype: 'int32' }).toArray(), [[2, -2]]);
  assert.equal(parseCsv('0,2,-0.5,nan', { dtype: 'bool' }).toArray(), [[false, true, true, true]]);
  for (const [field, dtype] of [
    ['256', 'uint8'],
    ['-1', 'uint8'],
    ['2147483648', 'int32'],
    ['nan', 'int32'],
    ['inf', 'int64'],
    ['1e19', 'int64'],
    ['9223372036854775808', 'int64'],
  ] as [string, DType][]) {
    assert.throws(
      () => parseCsv(`0\n${field}`, { dtype }),
      (e: Error) =>
        e.name === 'FormatError' && e.message.includes(`line 2 has a number that ${dtype} does not hold: '${field}'`),
      `${field} as ${dtype}`,
    );
  }
});

test('formatCsv writes a line a row, and names of columns first if asked', () => {
  const x = tensor([
    [1, 2.5],
    [-0, 1e-7],
  ]);
  assert.is(formatCsv(x), '1,2.5\n-0,1e-7\n');
  assert.is(formatCsv(x, { header: ['x', 'a "y", or'], delimiter: ';' }), 'x;"a ""y"", or"\n1;2.5\n-0;1e-7\n');
  assert.is(formatCsv(x, { header: ['x', 'a,b'] }), 'x,"a,b"\n1,2.5\n-0,1e-7\n');
  assert.is(formatCsv(tensor([0.1, Number.NaN, 1 / 0, -1 / 0])), '0.1\nnan\ninf\n-inf\n');
  assert.is(formatCsv(tensor([[true, false]])), '1,0\n');
  assert.is(formatCsv(tensor([[2n ** 63n - 1n]])), '9223372036854775807\n');
  assert.is(formatCsv(zeros(0, 3)), '');
});

/** Any bits. */
const bits = (n: number): Uint32Array => new Uint32Array(n).map((_, i) => Math.imul(i + 1, 2654435761) ^ (i << 7));

test('what formatCsv writes parseCsv reads to the bit, in every dtype', () => {
  const floats = new Float32Array(bits(4000).buffer).map((x) => (Number.isNaN(x) ? 0 : x));
  const doubles = new Float64Array(bits(4000).buffer).map((x) => (Number.isNaN(x) ? 0 : x));
  const tensors: Tensor[] = [
    fromTypedArray(floats, [1000, 4]),
    fromTypedArray(doubles, [500, 4]),
    fromTypedArray(new BigInt64Array(bits(4000).buffer), [400, 5]),
    fromTypedArray(new Int32Array(bits(300).buffer), [100, 3]),
    fromTypedArray(new Uint8Array(bits(6).buffer), [4, 6]),
    tensor([
      [true, false],
      [false, true],
    ]),
    tensor([
      [1.401298464324817e-45, 3.4028234663852886e38],
      [-1.1754943508222875e-38, 16777216],
    ]),
    tensor([[5e-324, 1.7976931348623157e308, 2 ** 53, 1e21]], { dtype: 'float64' }),
    randn(40, 30).t(),
    arange(3).view(1, 3).expand(2, 3),
  ];
  for (const [i, x] of tensors.entries()) {
    for (const delimiter of [',', '\t', ' ', '; ']) {
      checkSame(parseCsv(formatCsv(x, { delimiter }), { dtype: x.dtype, delimiter }), x, `${i}: ${x.dtype}`);
    }
  }
  const column = randn(5);
  checkSame(parseCsv(formatCsv(column)), column.view(5, 1));
});

test('a float32 is written with no more digits than it takes', () => {
  assert.is(
    formatCsv(tensor([[0.1, 1 / 3, 16777216, 1e10, 3.4028234663852886e38]])),
    '0.1,0.33333334,16777216,10000000000,3.4028234663852886e+38\n',
  );
});

test('formatCsv refuses what it could not write', () => {
  assert.throws(() => formatCsv(tensor(1)), /takes one or two dimensions, but got shape \[\]/);
  assert.throws(() => formatCsv(zeros(1, 1, 1)), /view it as a table/);
  assert.throws(() => formatCsv(zeros(2, 2), { header: ['x'] }), /1 names for 2 columns/);
  for (const delimiter of ['', '.', '-', 'e', '1', '\n', ', 0', '"']) {
    assert.throws(() => formatCsv(zeros(2, 2), { delimiter }), /could not be told from numbers/, delimiter);
  }
  assert.throws(() => formatCsv(zeros(2, 2), { skipRows: 1 } as never), /unknown option/);
});

test.run();
