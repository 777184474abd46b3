import { gradgradcheck, noGrad } from '@torsor/autograd';
import { arange, full, manualSeed, ones, randn, type Tensor, tensor, tidy, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values } from './fixtures/check.ts';
import { flat } from './fixtures/sequence.ts';
import * as nn from './index.ts';

const { PackedSequence, packPaddedSequence, packSequence, padPackedSequence, padSequence } = nn.utils.rnn;
const { invertPermutation, unpackSequence, unpadSequence } = nn.utils.rnn;
const double = { dtype: 'float64' } as const;
const byBatch = { batchFirst: true, enforceSorted: false } as const;

const rows = tensor(
  [
    [1, 2, 0],
    [3, 0, 0],
    [4, 5, 6],
  ],
  { dtype: 'int32' },
);

test('packs and unpacks as PyTorch’s examples do', () => {
  const packed = packPaddedSequence(rows, [2, 1, 3], byBatch);
  const vector = (list: string): string => `tensor(${list}, dtype=torch.int32)`;
  assert.is(
    String(packed),
    `PackedSequence(data=${vector('[4, 1, 3, 5, 2, 6]')}, batch_sizes=${vector('[3, 2, 1]')}, ` +
      `sorted_indices=${vector('[2, 0, 1]')}, unsorted_indices=${vector('[1, 2, 0]')})`,
  );
  const inspectors = packed as unknown as Record<symbol, () => string>;
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    assert.is(inspectors[Symbol.for(inspector)](), String(packed));
  }
  const [padded, lengths] = padPackedSequence(packed, { batchFirst: true });
  assert.equal(padded.toArray(), rows.toArray());
  assert.equal(lengths.toArray(), [2, 1, 3]);
  const [longer] = padPackedSequence(packed, { paddingValue: -1, totalLength: 4 });
  assert.equal(longer.t().toArray(), [
    [1, 2, -1, -1],
    [3, -1, -1, -1],
    [4, 5, 6, -1],
  ]);
});

test('a packed sequence is a list of its fields, too', () => {
  const packed = packSequence([tensor([1, 2, 3]), tensor([4, 5]), tensor([6])]);
  const [data, batchSizes, sorted, unsorted] = packed;
  assert.equal([data, batchSizes, sorted, unsorted], [packed.data, packed.batchSizes, null, null]);
  assert.equal(data?.toArray(), [1, 4, 6, 2, 5, 3]);
  assert.is(Object.getPrototypeOf(packed.map((x) => x)), Array.prototype);
  assert.is(packed.to('float64').data.dtype, 'float64');
  assert.equal(
    unpackSequence(packed).map((x) => x.toArray()),
    [[1, 2, 3], [4, 5], [6]],
  );
  assert.equal(invertPermutation(tensor([2, 0, 1], { dtype: 'int64' }))?.toArray(), [1n, 2n, 0n]);
  assert.equal(new PackedSequence(ones(3), tensor([2, 1]), tensor([1, 0])).unsortedIndices?.toArray(), [1, 0]);
});

test('padSequence fills up at either side, and hands gradients to each sequence', () => {
  const list = [ones(1, 2).requiresGrad_(), ones(3, 2).requiresGrad_()];
  const padded = padSequence(list, { batchFirst: true, paddingValue: 5 });
  assert.equal(padded.sum(2).toArray(), [
    [2, 10, 10],
    [2, 2, 2],
  ]);
  padded.mul(arange(3).view(3, 1)).sum().backward();
  assert.equal(list[0].grad?.toArray(), [[0, 0]]);
  assert.equal(list[1].grad?.toArray(), [
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
  assert.equal(padSequence(list).shape, [3, 2, 2]);
  const left = padSequence([tensor([1]), tensor([2, 3])], true, 0, 'left');
  assert.equal(left.toArray(), [
    [0, 1],
    [2, 3],
  ]);
  assert.equal(
    unpadSequence(rows, tensor([2, 1, 3], { dtype: 'int64' }), { batchFirst: true }).map((x) => x.toArray()),
    [[1, 2], [3], [4, 5, 6]],
  );
});

test('an LSTM of packed sequences has the numbers of PyTorch 1.13', () => {
  manualSeed(0);
  const layer = new nn.LSTM(2, 3, 2, { batchFirst: true, bidirectional: true });
  const x = randn(3, 4, 2).requiresGrad_();
  const cells = ones(4, 3, 3).mul(arange(3).view(3, 1));
  const [output, [h, c]] = layer(packPaddedSequence(x, [2, 4, 1], byBatch), [full([4, 3, 3], 0.5), cells]);
  output.data.square().sum().backward();
  near(output.data.select(1, 1), [0.192446, 0.08978, 0.324766, 0.188748, 0.086121, 0.136279, 0.095033], 'output', 1e-6);
  near(
    h.select(2, 0),
    [
      -0.292934, 0.152221, 0.71754, -0.1215, -0.314054, 0.127695, -0.288983, -0.312599, 0.365147, -0.183125, -0.069404,
      0.549031,
    ],
    'hidden states',
    1e-6,
  );
  near(
    c.select(2, 2),
    [
      0.094281, -0.15473, 0.51678, 0.529452, -0.258361, 0.617113, 0.293264, 0.196549, 0.579433, -0.204264, -0.274896,
      0.388016,
    ],
    'cells',
    1e-6,
  );
  const grad = [-0.006412, 0.006133, 0, 0, 0.04401, 0.026418, 0.00319, -0.004559, -0.016127, 0, 0, 0];
  near(x.grad?.select(2, 0) as Tensor, grad, 'gradient of the input', 1e-6);
  near(layer.weight_hh_l1_reverse.grad?.select(1, 0).sum() as Tensor, [0.596358], 'gradient of a weight', 1e-5);
});

const kinds: Readonly<Record<string, (options: object) => nn.AnyModule>> = {
  RNN: (options) => new nn.RNN(2, 3, { numLayers: 2, ...options }),
  LSTM: (options) => new nn.LSTM(2, 3, { numLayers: 2, ...options }),
  'projected LSTM': (options) => new nn.LSTM(2, 3, { numLayers: 2, projSize: 2, ...options }),
  GRU: (options) => new nn.GRU(2, 3, { numLayers: 2, ...options }),
};

for (const [name, make] of Object.entries(kinds)) {
  for (const bidirectional of [false, true]) {
    const ways = bidirectional ? 'two ways' : 'one way';
    test(`${name}, ${ways}: packed sequences give what each gives alone, gradients included`, () => {
      manualSeed(5);
      const layer = make({ bidirectional, ...double });
      const parameters = [...layer.parameters()];
      for (const lengths of [[3, 1, 4, 1, 5], [2, 2], [1]]) {
        const list = lengths.map((length) => randn(length, 2, double).requiresGrad_());
        const [packed, packedLast] = layer(packSequence(list, { enforceSorted: false }));
        const alone = list.map((x) => layer(x));
        const outputs = unpackSequence(packed);
        for (const [i, [output]] of alone.entries()) near(outputs[i], values(output), `output ${i}`, 1e-12);
        for (const [k, state] of flat(packedLast).entries()) {
          for (const [i, [, last]] of alone.entries())
            near(state.select(1, i), values(flat(last)[k]), `state ${k} of ${i}`, 1e-12);
        }
        const total = (results: readonly unknown[]): Tensor =>
          flat(results as never).reduce((sum, y) => sum.add(y.square().sum()), zeros([], double));
        const gradients = (loss: Tensor): Tensor[] => {
          for (const x of [...list, ...parameters]) x.grad = null;
          loss.backward();
          return [...list, ...parameters].map((x) => x.grad as Tensor);
        };
        const together = gradients(total([packed.data, packedLast]));
        const apart = gradients(total(alone));
        for (const [i, g] of together.entries())
          near(g, values(apart[i]), `gradient ${i} of lengths ${lengths}`, 1e-11);
      }
    });
  }
}

test('packed sequences have second derivatives', () => {
  manualSeed(6);
  const layer = new nn.LSTM(1, 2, { bidirectional: true, ...double });
  const x = randn(2, 3, 1, double).requiresGrad_();
  assert.ok(gradgradcheck((y: Tensor) => layer(packPaddedSequence(y, [1, 3], byBatch))[0].data, [x]));
});

test('dropout between layers draws as many numbers as there are steps', () => {
  manualSeed(7);
  const layer = new nn.GRU(2, 3, 2, { dropout: 0.5 });
  layer.flattenParameters();
  const packed = packPaddedSequence(randn(4, 2, 2), [4, 1]);
  manualSeed(8);
  layer(packed);
  const after = randn(1).item();
  manualSeed(8);
  nn.functional.dropout(ones(5, 3));
  assert.is(randn(1).item(), after);
});

test('what is packed outlives the scope in which it was made', () => {
  manualSeed(9);
  const layer = new nn.GRU(40, 80);
  const input = randn(30, 20, 40);
  const run = () => layer(packPaddedSequence(input, Array(20).fill(30)));
  const [{ data, batchSizes }, last] = noGrad(() => tidy(run));
  const [expected, expectedLast] = noGrad(run);
  randn(30, 20, 80).add(1); // would take the place of what was given back
  assert.ok(data.equal(expected.data) && last.equal(expectedLast));
  assert.is(batchSizes.length, 30);
});

test('what does not fit is refused', () => {
  const x = ones(3, 2);
  refuses(() => packPaddedSequence(x, [1, 2]), 'ValueError', /sorted in decreasing order.*enforceSorted: false/);
  refuses(() => packPaddedSequence(x, [3, 0]), 'ValueError', /lengths must be an integer of at least 1, but got 0/);
  refuses(() => packPaddedSequence(x, [4, 2]), 'ValueError', /4 steps is longer than the input, which has 3/);
  refuses(() => packPaddedSequence(x, [3]), 'ShapeError', /expected 2 lengths, one a sequence, but got 1/);
  refuses(() => packPaddedSequence(ones(3), [3]), 'ShapeError', /at least 2 dimensions/);
  refuses(() => packPaddedSequence(x, 3 as never), 'ValueError', /lengths must be a list/);
  refuses(() => packPaddedSequence(x, [3, 2], { batch: true } as never), 'ValueError', /unknown option 'batch'/);
  const packed = packPaddedSequence(ones(3, 2, 2), [3, 2]);
  refuses(() => padPackedSequence(packed, { totalLength: 2 }), 'ValueError', /at least 3/);
  refuses(() => padPackedSequence(x as never), 'ValueError', /must be a PackedSequence/);
  refuses(() => padSequence([]), 'ValueError', /no sequences/);
  refuses(() => padSequence([ones(2, 2), ones(1, 3)]), 'ShapeError', /same sizes but for the first/);
  refuses(() => padSequence([1 as never]), 'ValueError', /sequences\[0\] must be a tensor/);
  refuses(() => new nn.LSTM(4, 3)(packed), 'ShapeError', /vectors of 4, but its data has shape \[5, 2\]/);
  refuses(() => new nn.GRU(2, 3)(packed, zeros(1, 3, 3)), 'ShapeError', /hx must have shape \[1, 2, 3\]/);
});

test.run();
