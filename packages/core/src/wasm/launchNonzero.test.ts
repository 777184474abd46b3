import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType } from '../dtype.ts';
import { type Tensor, tensor, zeros } from '../index.ts';
import { countNonzero, nonzero } from '../reference/index.ts';
import { launchCountNonzero, launchNonzero } from './launchNonzero.ts';

/** Coordinates by the reference loop, `[count, ndim]`. */
function expected(x: Tensor): number[] {
  const ndim = x.shape.length;
  const count = countNonzero(x);
  const array = new Int32Array(count * ndim);
  nonzero(
    x,
    count,
    x.shape.map((_, d) => ({ array, offset: d, step: ndim })),
  );
  return [...array];
}

/** A tensor in which an element is set where `isSet` says so of its number. */
function marked(shape: readonly number[], dtype: DType, isSet: (i: number) => boolean): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = Array.from({ length: size }, (_, i) => (isSet(i) ? 1 + (i % 5) : 0));
  return tensor(values)
    .to(dtype)
    .reshape([...shape]);
}

const DTYPES = ['bool', 'uint8', 'int32', 'int64', 'float32', 'float64'] as const;
/** Of more than 1 KiB in every dtype, since what is smaller is no kernel's. */
const SHAPES = [
  [1025],
  [1026],
  [1028],
  [1031],
  [3, 400],
  [400, 3],
  [1100, 1],
  [1, 1200],
  [7, 15, 11],
  [2, 3, 4, 5, 11],
  [20, 14, 4],
];
const PATTERNS: Readonly<Record<string, (i: number, size: number) => boolean>> = {
  all: () => true,
  'the first': (i) => i === 0,
  'the last': (i, size) => i === size - 1,
  'all but the last': (i, size) => i < size - 1,
  some: (i) => (i * 2654435761) % 7 < 3,
  few: (i) => i % 61 === 3,
};

for (const dtype of DTYPES) {
  test(`nonzero of ${dtype} finds what the reference loop finds, in any shape`, () => {
    for (const shape of SHAPES) {
      for (const [name, pattern] of Object.entries(PATTERNS)) {
        const size = shape.reduce((product, n) => product * n, 1);
        const x = marked(shape, dtype, (i) => pattern(i, size));
        assert.is(launchCountNonzero(x), countNonzero(x), `${name} of ${shape}`);
        const want = expected(x);
        assert.equal([...x.nonzero().array], want, `${name} of ${shape}`);
        const columns = x.nonzero({ asTuple: true }).map((column) => column.toArray());
        assert.equal(
          columns,
          shape.map((_, d) => want.filter((_, k) => k % shape.length === d)),
          `${name} of ${shape}, by dimension`,
        );
      }
    }
  });
}

test('nothing is written behind the last coordinate', () => {
  // the last one found is the first of a turn
  const x = marked([40, 32], 'float32', (i) => i % 4 === 0);
  const room = zeros([321, 2], { dtype: 'int32' }).sub(7);
  assert.ok(launchNonzero(x, room.narrow(0, 0, 320)));
  assert.equal([...room.array.slice(0, 640)], expected(x));
  assert.equal([...room.array.slice(640)], [-7, -7]);
});

test('nonzero counts NaN, infinities and denormals, and not -0', () => {
  for (const dtype of ['float32', 'float64'] as const) {
    const least = dtype === 'float32' ? 2 ** -149 : 2 ** -1074;
    const values = [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, least, -least, Number.NEGATIVE_INFINITY, -1];
    const x = tensor(
      Array.from({ length: 304 }, (_, i) => values[i % 8]),
      { dtype },
    );
    assert.is(launchCountNonzero(x), 38 * 6);
    assert.equal([...x.nonzero().array], expected(x));
  }
});

test('nonzero of int64 sees the high half alone', () => {
  const x = tensor(Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 2n ** 40n : 0n)));
  assert.is(launchCountNonzero(x), 100);
  assert.equal([...x.nonzero().array], expected(x));
});

test('what is transposed, sliced or expanded is walked through in its own order', () => {
  const x = marked([40, 30], 'float32', (i) => i % 7 < 2);
  for (const view of [x.t(), x.narrow(1, 3, 20), x.narrow(0, 5, 20), x.unsqueeze(0).expand(2, 40, 30)]) {
    assert.equal([...view.nonzero().array], expected(view));
  }
});

test('an empty tensor, or one without elements that are not 0, has no coordinates', () => {
  assert.equal(zeros(20, 30).nonzero().shape, [0, 2]);
  assert.equal(zeros(0, 300).nonzero().shape, [0, 2]);
  assert.equal(
    zeros(20, 30)
      .nonzero({ asTuple: true })
      .map((column) => column.shape),
    [[0], [0]],
  );
});

test.run();
