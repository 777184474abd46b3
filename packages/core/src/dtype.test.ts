/**
 * Data types, and PyTorch's promotion table over every pair of dtypes with dimensions, without, and plain numbers
 * (`tools/fixtures/tensor.py`).
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, PromotionOperand } from './dtype.ts';
import {
  canCast,
  checkDType,
  DTYPES,
  dtypeOfArray,
  isFloating,
  isHalf,
  itemBytes,
  newArray,
  numberDType,
  promoteTypes,
  resultType,
  viewArray,
} from './dtype.ts';
import { refuses } from './fixtures/check.ts';
import data from './fixtures/tensor.json' with { type: 'json' };

const table = data as unknown as {
  readonly operands: readonly string[];
  readonly resultType: readonly (readonly DType[])[];
  readonly promoteTypes: readonly (readonly DType[])[];
  readonly canCast: readonly (readonly boolean[])[];
};

function operandOf(name: string): PromotionOperand | number | boolean {
  const [first, second] = name.split(' ');
  if (first === 'number') return JSON.parse(second) as number | boolean;
  return { dtype: first as DType, ndim: second === '0d' ? 0 : 1 };
}

/** A plain integer is int64 to PyTorch and int32 here. */
function expected(result: DType, a: string, b: string): DType {
  return result === 'int64' && ![a, b].some((name) => name.startsWith('int64')) ? 'int32' : result;
}

test('resultType is that of PyTorch for all pairs, but that a plain integer is int32', () => {
  table.operands.forEach((a, i) => {
    table.operands.forEach((b, j) => {
      const want = expected(table.resultType[i][j], a, b);
      assert.is(resultType(operandOf(a), operandOf(b)), want, `${a} with ${b}`);
    });
  });
});

test('resultType of more than two takes tensors with dimensions first, then 0-d tensors, then numbers', () => {
  const full = (dtype: DType): PromotionOperand => ({ dtype, ndim: 2 });
  const single = (dtype: DType): PromotionOperand => ({ dtype, ndim: 0 });
  assert.is(resultType(), 'float32');
  assert.is(resultType(full('uint8')), 'uint8');
  assert.is(resultType(true), 'bool');
  assert.is(resultType(full('bool'), single('int64'), 1.5), 'float32');
  assert.is(resultType(full('uint8'), single('int64'), 3), 'uint8');
  assert.is(resultType(full('int32'), single('float64'), 1.5), 'float64');
  assert.is(resultType(1, single('float64'), full('float32')), 'float32');
  assert.is(resultType(full('bool'), full('int32'), full('uint8')), 'int32');
});

test('promoteTypes and canCast are those of PyTorch for all pairs', () => {
  DTYPES.forEach((a, i) => {
    DTYPES.forEach((b, j) => {
      assert.is(promoteTypes(a, b), table.promoteTypes[i][j], `${a} with ${b}`);
      assert.is(canCast(a, b), table.canCast[i][j], `${a} to ${b}`);
    });
  });
});

test('a plain number is int32 when integral, else float32; a boolean is bool', () => {
  for (const value of [0, -0, 3, 2 ** 40, -1]) assert.is(numberDType(value), 'int32');
  for (const value of [0.5, Number.NaN, Infinity]) assert.is(numberDType(value), 'float32');
  assert.is(numberDType(false), 'bool');
});

test('every dtype has typed arrays of its size, over new memory and over old', () => {
  for (const dtype of DTYPES) {
    const array = newArray(dtype, 3);
    assert.is(array.length, 3);
    assert.is(array.BYTES_PER_ELEMENT, itemBytes(dtype), dtype);
    assert.ok(Array.from(array as Float32Array).every((x) => Number(x) === 0));
    const part = viewArray(dtype, array.buffer, itemBytes(dtype), 2);
    assert.is(part.constructor, array.constructor);
    part[1] = (dtype === 'int64' ? 1n : 1) as never;
    assert.is(Number(array[2]), 1, dtype);
    assert.is(dtypeOfArray(array), dtype === 'bool' ? 'uint8' : isHalf(dtype) ? null : dtype);
  }
  assert.is(dtypeOfArray(new Uint8ClampedArray(1)), 'uint8');
  for (const other of [new Int8Array(1), new Uint32Array(1), new ArrayBuffer(1), [1], null, undefined, 'x']) {
    assert.is(dtypeOfArray(other), null);
  }
});

test('checkDType lets dtypes through and names them in its refusal', () => {
  for (const dtype of DTYPES) {
    assert.is(checkDType('op', dtype), dtype);
    assert.is(isFloating(dtype), dtype.includes('float'));
    assert.is(isHalf(dtype), dtype.endsWith('16'));
  }
  refuses(() => checkDType('to', 'cuda:0'), 'DTypeError', /^to: unknown dtype "cuda:0"; there is one device/, 'device');
  for (const bad of ['float', 'Float32', '', 'toString', 'constructor', null, undefined, 3, {}, Symbol('s')]) {
    refuses(
      () => checkDType('zeros', bad),
      'DTypeError',
      /^zeros: unknown dtype .*; known are bool, uint8, int32/,
      'bad',
    );
  }
});

test.run();
