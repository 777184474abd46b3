/** Indexing of tensors that are large enough for kernels, against loops over nested arrays. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { arange, ones, slice, zeros } from '../index.ts';
import { gather, index, indexAdd, indexPut, indexSelect, scatter, scatter_, scatterAdd } from './index.ts';

test('kernels of indexing give what the loops give, for both index dtypes and any layout', () => {
  const dtypes = ['float32', 'float64', 'int32', 'uint8', 'int64'] as const;
  for (const dtype of dtypes) {
    for (const indexDType of ['int32', 'int64'] as const) {
      const base = arange(40 * 37, { dtype: 'float32' })
        .remainder(251)
        .reshape(40, 37)
        .to(dtype);
      const numbers = arange(60 * 35, { dtype: 'float32' })
        .mul(31)
        .remainder(37)
        .reshape(60, 35)
        .to(indexDType);
      for (const x of [base, base.t().contiguous().t(), base.at(slice(null, null, 2))]) {
        for (const dim of [0, 1]) {
          const limit = x.shape[dim];
          const index = numbers.remainder(Math.min(limit, 20)).at(slice(0, x.shape[0]), slice(0, 30));
          const title = `${dtype} by ${indexDType} along ${dim} of strides ${x.strides}`;
          const at = index.toArray() as number[][];
          const cells = x.toArray() as number[][];
          const taken = at.map((row, i) => row.map((j, k) => (dim === 0 ? cells[Number(j)][k] : cells[i][Number(j)])));
          assert.equal(gather(x, dim, index).toArray(), taken, `gather ${title}`);
          const source = x.at(slice(), slice(0, 30)).contiguous();
          const from = source.toArray() as number[][];
          const put = cells.map((row) => row.slice());
          const added = cells.map((row) => row.slice());
          at.forEach((row, i) => {
            row.forEach((j, k) => {
              const [r, c] = dim === 0 ? [Number(j), k] : [i, Number(j)];
              put[r][c] = from[i][k];
              added[r][c] += from[i][k];
            });
          });
          assert.equal(scatter(x, dim, index, source).toArray(), put, `scatter ${title}`);
          if (dtype !== 'uint8') {
            assert.equal(scatterAdd(x, dim, index, source).toArray(), added, `scatterAdd ${title}`);
          }
          const vector = index.at(slice(), 0).contiguous();
          const slices = (vector.toArray() as number[]).map(Number);
          const chosen = dim === 0 ? slices.map((j) => cells[j]) : cells.map((row) => slices.map((j) => row[j]));
          assert.equal(indexSelect(x, dim, vector).toArray(), chosen, `indexSelect ${title}`);
          const many = indexSelect(x, dim, vector);
          if (dtype !== 'uint8') {
            const sums = cells.map((row) => row.slice());
            slices.forEach((j, i) => {
              for (let o = 0; o < cells[0].length && dim === 0; o++) sums[j][o] += chosen[i][o];
              for (let o = 0; o < cells.length && dim === 1; o++) sums[o][j] += chosen[o][i];
            });
            assert.equal(indexAdd(x, dim, vector, many).toArray(), sums, `indexAdd ${title}`);
          }
        }
        const backwards = numbers.at(slice(0, 40), 0).remainder(18).sub(18);
        const rows = (backwards.toArray() as number[]).map(Number);
        const cells = x.toArray() as number[][];
        assert.equal(
          x.at(backwards).toArray(),
          rows.map((j) => cells[j + x.shape[0]]),
          `negative rows of ${dtype}`,
        );
      }
    }
  }
});

test('an index out of range is found among many, before anything is written', () => {
  for (const dtype of ['int32', 'int64'] as const) {
    for (const bad of [-1, 50, 2 ** 31 - 1, -(2 ** 31)]) {
      for (const where of [0, 777, 2499]) {
        const index = zeros(50, 50, { dtype });
        index.reshape(-1).setAt([where], bad);
        const target = ones(50, 50);
        assert.throws(() => scatter_(target, 1, index, 5), /out of bounds/);
        assert.ok(target.equal(ones(50, 50)));
        assert.throws(() => gather(target, 0, index), new RegExp(`index ${bad} is out of bounds`));
      }
    }
  }
});

test('several indices are combined as loops would, negative and broadcast ones too', () => {
  for (const dtype of ['int32', 'int64'] as const) {
    const x = arange(24 * 30 * 3)
      .reshape(24, 30, 3)
      .permute(1, 0, 2);
    const cells = x.toArray() as number[][][];
    const first = arange(20 * 18)
      .mul(7)
      .remainder(60)
      .sub(30)
      .reshape(20, 18)
      .to(dtype);
    const second = arange(18).mul(5).remainder(24).to(dtype);
    const [rows, columns] = [first.toArray() as number[][], second.toArray() as number[]];
    const expected = rows.map((row) =>
      row.map((r, k) => cells[Number(r) < 0 ? Number(r) + 30 : Number(r)][Number(columns[k])]),
    );
    assert.equal(index(x, [first, second]).toArray(), expected, dtype);
    assert.equal(
      index(x, [first.t(), second.unsqueeze(1)])
        .transpose(0, 1)
        .toArray(),
      expected,
      `${dtype} transposed`,
    );
    const put = indexPut(zeros(30, 24, 3), [first, second], ones(1)).toArray() as number[][][];
    for (const [i, row] of rows.entries()) {
      for (const [k, r] of row.entries()) assert.equal(put.at(Number(r))?.[Number(columns[k])], [1, 1, 1], `${i} ${k}`);
    }
    assert.throws(() => index(x, [first, second.add(24)]), /out of bounds/);
  }
});

test.run();
