import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DTYPES, itemBytes, newArray } from './dtype.ts';
import { smallArray } from './smallArrays.ts';

test('small arrays are zero, of their kind, and share no element', () => {
  const arrays = Array.from({ length: 400 }, (_, i) => {
    const dtype = DTYPES[i % DTYPES.length];
    const length = (i * 37) % (1024 / itemBytes(dtype) + 1);
    const array = smallArray(dtype, length, length * itemBytes(dtype));
    assert.is(array.length, length);
    assert.is(array.constructor, newArray(dtype, 0).constructor);
    assert.not((array as Float64Array).some((v) => Number(v) !== 0));
    // Whoever came before would show it now.
    const mark = dtype === 'int64' ? BigInt(1 + (i % 100)) : 1 + (i % 100);
    (array as Float64Array).fill(mark as number);
    return { array, mark };
  });
  for (const { array, mark } of arrays) assert.ok((array as Float64Array).every((v) => v === mark));
});

test('none holds on to more than four kibibytes', () => {
  for (const length of [1, 8, 16, 17, 100, 256]) {
    assert.ok(smallArray('float32', length, 4 * length).buffer.byteLength <= 4096);
  }
});

test.run();
