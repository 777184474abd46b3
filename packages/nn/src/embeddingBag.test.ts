/** Bags of embeddings are PyTorch's, whatever their lengths. */

import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { manualSeed, rand, randint, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BagMode, EmbeddingBagOptions } from './embeddingBag.ts';
import type { Digest } from './fixtures/check.ts';
import { agrees, near, refuses, values } from './fixtures/check.ts';
import data from './fixtures/embeddingBag.json' with { type: 'json' };
import { Embedding, EmbeddingBag, functional as F } from './index.ts';

interface BagCase {
  readonly options: EmbeddingBagOptions;
  readonly shape: readonly number[];
  readonly offsets: readonly number[] | null;
  readonly seed: number;
  readonly repr: string;
  readonly out: Digest;
  readonly grad: Digest;
  readonly factors: Digest | null;
  readonly table: Digest;
}

const int = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'int32' });
const MODES = ['sum', 'mean', 'max'] as const satisfies readonly BagMode[];

for (const mode of MODES) {
  test(`${mode} agrees with PyTorch: printed form, output, gradients, table`, () => {
    for (const c of data as unknown as readonly BagCase[]) {
      if (c.options.mode !== mode) continue;
      const label = `${c.repr} ${JSON.stringify([c.shape, c.offsets])}`;
      manualSeed(c.seed);
      const bag = new EmbeddingBag(5, 3, { ...c.options, dtype: 'float64' } as object);
      assert.is(String(bag), c.repr);
      const indices = randint(0, 5, [...c.shape]);
      const factors = c.factors === null ? null : rand([...c.shape], { dtype: 'float64' }).requiresGrad_();
      const out = bag(indices, c.offsets === null ? null : int(c.offsets), factors);
      agrees(out, c.out, `${label}: output`);
      out
        .mul(rand([...out.shape], { dtype: 'float64' }))
        .sum()
        .backward();
      agrees(bag.weight.grad, c.grad, `${label}: gradient`);
      if (c.factors !== null) agrees(factors?.grad ?? null, c.factors, `${label}: gradient of the factors`);
      agrees(bag.weight, c.table, `${label}: table`);
    }
  });
}

test('empty bags, and none, give zeros and no gradient', () => {
  const table = rand([4, 2]).requiresGrad_();
  for (const mode of MODES) {
    const bags = (indices: readonly number[], offsets: readonly number[], includeLastOffset = false): Tensor =>
      F.embeddingBag(int(indices), table, int(offsets), { mode, includeLastOffset });
    assert.equal(bags([], [0, 0]).toArray(), [
      [0, 0],
      [0, 0],
    ]);
    assert.equal(bags([], []).shape, [0, 2]);
    assert.equal(bags([], [0], true).shape, [0, 2]);
    assert.equal(F.embeddingBag(zeros(0, 3, { dtype: 'int32' }), table, { mode }).shape, [0, 2]);
    assert.equal(
      F.embeddingBag(zeros(2, 0, { dtype: 'int32' }), table, { mode }).toArray(),
      bags([], [0, 0]).toArray(),
    );
    const padded = F.embeddingBag(tensor([[1, 1]], { dtype: 'int32' }), table, { mode, paddingIdx: 1 });
    assert.equal(padded.toArray(), [[0, 0]]);
    padded.sum().backward();
    assert.equal(values(table.grad as Tensor), new Array(8).fill(0), mode);
    table.grad = null;
  }
});

test('what comes after the last offset is in no bag', () => {
  const table = tensor([[1], [2], [4], [8]]);
  for (const [mode, want] of [
    ['sum', [3, 4]],
    ['mean', [1.5, 4]],
    ['max', [2, 4]],
  ] as const) {
    const out = F.embeddingBag(int([0, 1, 2, 3]), table, int([0, 2, 3]), { mode, includeLastOffset: true });
    assert.equal(values(out), want);
  }
});

test('of equal entries the first has the gradient of the largest', () => {
  const table = zeros(3, 1).requiresGrad_();
  F.embeddingBag(int([2, 1, 0]), table, int([0, 2]), { mode: 'max' })
    .sum()
    .backward();
  assert.equal(values(table.grad as Tensor), [1, 0, 1]);
});

test('strided indices, offsets and factors, int64 too', () => {
  const table = rand(6, 2);
  const indices = randint(0, 6, [3, 4]);
  const want = F.embeddingBag(indices.t().contiguous(), table, { mode: 'sum' });
  assert.equal(F.embeddingBag(indices.t(), table, { mode: 'sum' }).toArray(), want.toArray());
  assert.equal(
    F.embeddingBag(indices.t().to('int64'), table, { mode: 'sum', paddingIdx: null }).toArray(),
    want.toArray(),
  );
  const offsets = tensor([0, 9, 3, 9, 6, 9, 9, 9], { dtype: 'int64' }).view(4, 2).select(1, 0);
  near(F.embeddingBag(indices.t().reshape(-1), table, offsets, { mode: 'sum' }), values(want), 'ragged', 1e-6);
  const factors = rand(3, 4).t();
  const weighted = F.embeddingBag(indices.t(), table, { mode: 'sum', perSampleWeights: factors });
  near(weighted, values(F.embedding(indices.t(), table).mul(factors.unsqueeze(2)).sum(1)), 'weighted', 1e-6);
});

test('derivatives of first and second order are those of finite differences', () => {
  const table = rand([5, 2], { dtype: 'float64' }).requiresGrad_();
  const factors = rand([6], { dtype: 'float64' }).requiresGrad_();
  const indices = int([0, 3, 3, 1, 4, 2]);
  for (const mode of MODES) {
    const bag = (weight: Tensor): Tensor => F.embeddingBag(indices, weight, int([0, 2, 2]), { mode, paddingIdx: 1 });
    assert.ok(gradcheck(bag, [table]));
    assert.ok(gradgradcheck(bag, [table]));
  }
  const weighted = (weight: Tensor, perSampleWeights: Tensor): Tensor =>
    F.embeddingBag(indices, weight, int([0, 2, 2]), { mode: 'sum', perSampleWeights });
  assert.ok(gradcheck(weighted, [table, factors]));
  assert.ok(gradgradcheck(weighted, [table, factors]));
});

test('fromPretrained takes a table, frozen unless told otherwise, and draws nothing', () => {
  const table = tensor([
    [1, 2.5],
    [4, 5],
    [7, 7],
  ]);
  manualSeed(1);
  const next = rand(1).item();
  manualSeed(1);
  const bag = EmbeddingBag.fromPretrained(table);
  assert.is(rand(1).item(), next);
  assert.equal([bag.numEmbeddings, bag.weight.requiresGrad, bag.mode], [3, false, 'mean']);
  assert.equal(bag(tensor([[1, 0]], { dtype: 'int32' })).toArray(), [[2.5, 3.75]]);
  const sums = EmbeddingBag.fromPretrained(table, false, { mode: 'sum', paddingIdx: -1 });
  assert.equal([sums.weight.requiresGrad, sums.paddingIdx], [true, 2]);
  assert.equal(sums(int([0, 2, 1]), { offsets: int([0, 2]) }).toArray(), [
    [1, 2.5],
    [4, 5],
  ]);
  assert.equal(Object.keys(new Embedding(2, 2).stateDict()), Object.keys(bag.stateDict()));
});

test('16-bit floats', () => {
  const table = rand(6, 4);
  for (const mode of MODES) {
    const out = F.embeddingBag(int([0, 5, 2]), table.half(), int([0, 2]), { mode });
    assert.is(out.dtype, 'float16');
    near(out.float(), values(F.embeddingBag(int([0, 5, 2]), table, int([0, 2]), { mode })), mode, 2e-3);
  }
});

test('what does not fit is refused, by name', () => {
  const table = rand(6, 2);
  const flat = int([1, 2, 4, 5, 0]);
  const call =
    (offsets: Tensor | null, options: object = {}, indices = flat) =>
    () =>
      F.embeddingBag(indices, table, offsets, options);
  const starts = int([0, 2]);
  refuses(call(null), 'ValueError', /^embeddingBag: missing argument 'offsets'/);
  refuses(call(int([1, 2])), 'ValueError', /offsets\[0\] has to be 0.*However, got 1/);
  refuses(call(int([0, 7])), 'ValueError', /length 5 but got offsets\[-1\] of 7/);
  refuses(call(int([0, 3, 2])), 'ValueError', /offsets must not fall, but 2 follows 3/);
  refuses(call(int([]), { includeLastOffset: true }), 'ValueError', /at least 1/);
  refuses(call(starts.view(1, 2)), 'ShapeError', /offsets has to be a 1D Tensor, but got shape \[1, 2\]/);
  refuses(call(starts, {}, flat.view(1, 5)), 'ValueError', /if input is 2D, then offsets has to be null/);
  refuses(call(null, {}, flat.view(1, 1, 5)), 'ShapeError', /1D or 2D Tensor, but got Tensor of shape \[1, 1, 5\]/);
  refuses(call(starts, { mode: 'min' }), 'ValueError', /mode has to be one of sum, mean, max, but got "min"/);
  refuses(call(starts, { mode: 'max', scaleGradByFreq: true }), 'ValueError', /max mode does not support scaling/);
  refuses(call(starts, { sparse: true }), 'NotImplementedError', /sparse/);
  refuses(call(starts, { paddingIdx: 6 }), 'ValueError', /paddingIdx must be within numEmbeddings, but got 6 of 6/);
  refuses(
    call(starts, { perSampleWeights: rand(5) }),
    'NotImplementedError',
    /only supported for mode 'sum', but got "mean"/,
  );
  refuses(
    call(starts, { mode: 'sum', perSampleWeights: rand(4) }),
    'ShapeError',
    /must have the shape of the input, \[5\], but got \[4\]/,
  );
  refuses(call(starts, { mode: 'sum', perSampleWeights: rand(5).double() }), 'DTypeError', /float32, but got float64/);
  refuses(call(starts, { bags: 1 }), 'ValueError', /unknown option 'bags'/);
  refuses(call(starts, {}, int([1, 9])), 'IndexError', /9/);
  refuses(
    () => new EmbeddingBag(3, 2, { mode: 'min' as BagMode }),
    'ValueError',
    /^EmbeddingBag: mode has to be one of/,
  );
  refuses(() => EmbeddingBag.fromPretrained(rand(3)), 'ShapeError', /^EmbeddingBag.fromPretrained: .*\[3\]/);
});

test.run();
