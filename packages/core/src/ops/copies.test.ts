import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DType, Tensor } from '../index.ts';
import { allocate, arange, clone, setMemoryLimits, zeros } from '../index.ts';
import { copy } from '../reference/elementwise.ts';

const LAYOUTS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  'as it is': (x) => x,
  'last two swapped': (x) => x.transpose(1, 2),
  'first and last swapped': (x) => x.transpose(0, 2),
  'channels last': (x) => x.permute(1, 2, 0),
  'heads first': (x) => x.permute(1, 0, 2),
  'part of each row': (x) => x.narrow(2, 1, x.shape[2] - 3),
  'part, transposed': (x) => x.narrow(2, 1, x.shape[2] - 3).transpose(1, 2),
  'every other column': (x) => x.view(x.shape[0], x.shape[1], -1, 2).select(3, 1),
  'one row for all': (x) => x.narrow(1, 0, 1).expand(x.shape),
  'one column for all': (x) => x.narrow(2, 0, 1).expand(x.shape),
  'one element for all': (x) => x.select(0, 0).select(0, 0).select(0, 1).expand(x.shape),
  'one plane for all, transposed': (x) => x.narrow(0, 0, 1).expand(x.shape).transpose(1, 2),
};

const SHAPES = [
  [2, 40, 36],
  [3, 33, 50],
  [5, 1, 1024],
  [40, 30, 4],
];

const isWide = (dtype: DType): boolean => dtype === 'float64' || dtype === 'int64';

for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8'] as const) {
  for (const shape of SHAPES) {
    // bytes reach the heap from 4096 elements on
    const sizes = dtype === 'uint8' ? [shape[0] * 4, ...shape.slice(1)] : shape;
    for (const [name, layout] of Object.entries(LAYOUTS)) {
      test(`clone and copy_ of ${dtype} [${sizes}], ${name}, equal the reference`, () => {
        const x = layout(
          arange(sizes[0] * sizes[1] * sizes[2])
            .to(dtype)
            .view(sizes),
        );
        const expected = allocate(x.shape, dtype);
        copy(x, expected);
        assert.ok(clone(x).equal(expected), 'clone');
        const wide = zeros(x.shape[0], x.shape[2], x.shape[1] + 2, { dtype });
        const target = wide.narrow(2, 1, x.shape[1]).transpose(1, 2);
        target.copy_(x);
        assert.ok(target.equal(expected), 'copy_ into a transposed part');
        const outside =
          wide.select(2, 0).ne(0).any().item() ||
          wide
            .select(2, x.shape[1] + 1)
            .ne(0)
            .any()
            .item();
        assert.not(outside, 'copy_ wrote beside its target');
        if (!isWide(dtype)) {
          const before = setMemoryLimits({ softLimitBytes: 0 });
          assert.ok(clone(x).equal(expected), 'clone to outside the heap');
          setMemoryLimits(before);
        }
      });
    }
  }
}

test('copy_ between overlapping views reads what was there before', () => {
  const x = arange(2000);
  x.narrow(0, 1, 1999).copy_(x.narrow(0, 0, 1999));
  assert.equal([x.select(0, 0).item(), x.select(0, 1).item(), x.select(0, 1999).item()], [0, 0, 1998]);
  const square = arange(64 * 64)
    .to('float32')
    .view(64, 64);
  const expected = square.t().clone();
  square.copy_(square.t());
  assert.ok(square.equal(expected));
});

test('fill_ writes to the elements of a view and to no others', () => {
  for (const dtype of ['float32', 'float64', 'int32', 'int64', 'uint8', 'bool'] as const) {
    const x = zeros(100, 60, { dtype });
    x.narrow(1, 1, 58).t().fill_(1);
    x.view(100, 30, 2).select(2, 1).fill_(0);
    const [row] = x.narrow(0, 57, 1).to('int32').toArray() as number[][];
    assert.equal(row.slice(0, 4), [0, 0, 1, 0]);
    assert.equal(row.slice(-3), [0, 1, 0].slice(-3));
    assert.is(x.to('int32').sum().item(), 2900);
  }
});

test('copies of large tensors outside the heap go into it in any layout', () => {
  const before = setMemoryLimits({ softLimitBytes: 0 });
  const x = arange(300 * 2000)
    .to('float32')
    .view(300, 2000);
  setMemoryLimits(before);
  const y = x.t().clone();
  assert.is(y.storage.inHeap, true);
  assert.ok(y.t().equal(x));
  const small = x.narrow(0, 0, 3).clone();
  assert.ok(small.t().clone().t().equal(small));
});

test('casts of contiguous tensors convert as single elements do', () => {
  const x = zeros(1500);
  [1.9, -1.9, 255, 256, 300.5, -1, 3e9, Number.NaN].forEach((value, i) => {
    x.select(0, i).fill_(value);
  });
  const first = (dtype: DType): unknown[] => x.to(dtype).narrow(0, 0, 8).toArray() as unknown[];
  assert.equal(first('uint8'), [1, 255, 255, 0, 44, 255, 0, 0]);
  assert.equal(first('int32').slice(0, 6), [1, -1, 255, 256, 300, -1]);
  assert.equal(first('float64').slice(0, 6), [1.899999976158142, -1.899999976158142, 255, 256, 300.5, -1]);
  assert.equal(first('bool'), [true, true, true, true, true, true, true, true]);
  assert.is(x.gt(0).to('float32').sum().item(), 5);
});

test('to takes the dtype of another tensor', () => {
  const x = arange(3);
  assert.is(x.to(zeros(1, { dtype: 'float64' })).dtype, 'float64');
  assert.is(x.to(zeros(2)), x);
  assert.is.not(x.to(zeros(2), { copy: true }), x);
  assert.is(x.to({ dtype: zeros(1, { dtype: 'int32' }) }).dtype, 'int32');
});

test('fillDiagonal_ fills what PyTorch fills, through views, too', () => {
  const rowsOf = (x: Tensor): unknown => x.toArray();
  assert.equal(rowsOf(zeros(2, 3).fillDiagonal_(5)), [
    [5, 0, 0],
    [0, 5, 0],
  ]);
  const turned = zeros(4, 2);
  turned.t().narrow(1, 1, 3).fillDiagonal_(1);
  assert.equal(rowsOf(turned), [
    [0, 0],
    [1, 0],
    [0, 1],
    [0, 0],
  ]);
  const wrapped = zeros(7, 3).fillDiagonal_(5, true);
  assert.equal(rowsOf(wrapped.sum(1)), [5, 5, 5, 0, 5, 5, 5]);
  assert.equal(rowsOf(wrapped.sum(0)), [10, 10, 10]);
  assert.equal(rowsOf(zeros(6, 2).fillDiagonal_(1, { wrap: true }).sum(1)), [1, 1, 0, 1, 1, 0]);
  assert.equal(rowsOf(zeros(4, 3).fillDiagonal_(1, true).sum(1)), [1, 1, 1, 0]);
  assert.equal(rowsOf(zeros(7, 3).fillDiagonal_(5).sum(0)), [5, 5, 5]);
  assert.equal(rowsOf(zeros(2, 2, 2).fillDiagonal_(1).view(-1)), [1, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal(rowsOf(zeros(2, 2).eq(0).fillDiagonal_(false)), [
    [false, true],
    [true, false],
  ]);
  assert.equal(zeros(0, 3).fillDiagonal_(1).shape, [0, 3]);
  assert.throws(() => zeros(3).fillDiagonal_(1), /^fillDiagonal_: expects a matrix/);
  assert.throws(() => zeros(2, 2, 3).fillDiagonal_(1), /more dimensions of one size, but got shape \[2, 2, 3\]/);
});

test.run();
