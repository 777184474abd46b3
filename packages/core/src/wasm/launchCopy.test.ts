/** Moves and casts of large tensors in all kinds of layouts, against the reference loops. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromArray } from '../base.ts';
import type { DType } from '../dtype.ts';
import { COMPUTE_DTYPES, newArray } from '../dtype.ts';
import { arange, full, slice, zeros } from '../index.ts';
import type { Shape } from '../layout.ts';
import { contiguousStrides, sizeOf } from '../layout.ts';
import { copy } from '../reference/elementwise.ts';
import { flip, repeat, roll, triangle } from '../reference/join.ts';
import { move } from '../reference/move.ts';
import type { Tensor } from '../tensor.ts';
import { launchMove, launchTriangle } from './launchCopy.ts';

function counted(shape: Shape, dtype: DType): Tensor {
  const period = dtype === 'bool' ? 2 : 113;
  return arange(sizeOf(shape), { dtype: 'float64' })
    .remainder(period)
    .reshape(...shape)
    .to(dtype);
}

/** What a reference loop writes into an array outside the heap. */
function byLoop(shape: Shape, dtype: DType, write: (out: Parameters<typeof copy>[1]) => void): number[] {
  const array = newArray(dtype, sizeOf(shape));
  write({ array, shape, strides: contiguousStrides(shape), offset: 0, dtype });
  return [...(array as Float64Array)];
}

const flat = (x: Tensor): number[] => [...(x.toTypedArray() as Float64Array)];

for (const dtype of COMPUTE_DTYPES) {
  test(`large tensors of ${dtype} are flipped, rolled, repeated and cut by the diagonal as small ones are`, () => {
    for (const shape of [[2, 70, 65], [33, 3, 64], [5, 1, 1300], [9000]]) {
      for (const x of [counted(shape, dtype), counted([...shape].reverse(), dtype).permute(...shape.keys()).T]) {
        for (const dims of [[0], [shape.length - 1], [...shape.keys()]]) {
          const expected = byLoop(x.shape, dtype, (out) => flip(x, dims, out, move));
          assert.equal(flat(x.flip(dims)), expected, `flip ${dims} of ${x.shape}`);
          const shifts = shape.map((n, d) => (dims.includes(d) ? (3 * d + 1) % n : 0));
          const rolled = byLoop(x.shape, dtype, (out) => roll(x, shifts, out, move));
          assert.equal(flat(x.roll(shifts, [...shape.keys()])), rolled, `roll ${shifts} of ${x.shape}`);
        }
        const times = [2, ...shape.map((_, d) => (d % 2) + 1)];
        const all = times.map((n, i) => (i === 0 ? n : n * x.shape[i - 1]));
        const repeated = byLoop(all, dtype, (out) => repeat(x, times, out, move));
        assert.equal(flat(x.repeat(...times)), repeated, `repeat ${times} of ${x.shape}`);
        for (const diagonal of [-3, 0, 70, 1e9, -1e9]) {
          if (x.ndim < 2) continue;
          for (const lower of [false, true]) {
            const cut = byLoop(x.shape, dtype, (out) => triangle(x, diagonal, lower, out));
            assert.equal(flat(lower ? x.tril(diagonal) : x.triu(diagonal)), cut, `${diagonal} of ${x.shape}`);
          }
        }
      }
    }
  });

  test(`casts of large tensors of ${dtype} are those of the loop in every layout`, () => {
    const x = counted([20, 30, 31], dtype);
    const outside = x.toTypedArray();
    const layouts: Tensor[] = [
      x,
      x.permute(2, 0, 1),
      x.at(slice(), slice(null, null, 3)),
      x.at(0).expand(7, 30, 31),
      x.at(0, 0, 0).expand(50, 60),
    ];
    for (const to of COMPUTE_DTYPES) {
      for (const a of layouts) {
        const expected = byLoop(a.shape, to, (out) => copy(a, out));
        assert.equal(flat(a.to(to)), expected, `${dtype} to ${to} of strides ${a.strides}`);
        // into every second column
        const wide = zeros([...a.shape.slice(0, -1), 2 * a.shape[a.ndim - 1]], { dtype: to });
        const odd = wide.at('...', slice(1, null, 2));
        odd.copy_(a);
        assert.equal(flat(odd), expected, `${dtype} to ${to}, scattered`);
        assert.equal(
          wide
            .at('...', slice(0, null, 2))
            .to('float64')
            .abs()
            .sum()
            .item(),
          0,
        );
      }
      // an array of the user's, which lies outside the heap
      const own = fromArray(outside, [outside.length], dtype);
      assert.equal(
        flat(own.to(to)),
        byLoop(own.shape, to, (out) => copy(own, out)),
      );
      assert.equal(
        flat(own.flip([0])),
        byLoop(own.shape, dtype, (out) => flip(own, [0], out, move)),
      );
    }
  });
}

test('fills are exact in any dtype, and moves refuse what they cannot do', () => {
  for (const dtype of COMPUTE_DTYPES) {
    const value = dtype === 'bool' ? 1 : 77;
    const x = full([3, 3001], value, { dtype });
    assert.ok((flat(x) as (number | bigint)[]).every((y) => Number(y) === value));
  }
  const small = { array: new Float32Array(300), strides: [1], offset: 0 };
  assert.not.ok(launchMove([300], small, small));
  const view = zeros(100, 100);
  assert.not.ok(launchTriangle(view.T, 0, true, view));
});

test.run();
