import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { full, manualSeed, rand, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from './fixtures/call.ts';
import { drawn, testCases } from './fixtures/call.ts';
import { near, refuses, values } from './fixtures/check.ts';
import data from './fixtures/margins.json' with { type: 'json' };
import * as nn from './index.ts';

const { functional: F } = nn;
const cases = data as unknown as readonly Case[];

testCases(cases);

/** A gradient of second order is looked at with loss², which has one. */
function confirm(f: (...xs: Tensor[]) => Tensor, ...inputs: Tensor[]): void {
  assert.ok(gradcheck(f, inputs));
  assert.ok(gradgradcheck((...xs: Tensor[]) => f(...xs).square(), inputs));
}

test('gradients of first and second order are those of finite differences', () => {
  manualSeed(0);
  const signs = tensor([1, -1, 1], { dtype: 'float64' });
  const classes = tensor([2, 0, 1], { dtype: 'int32' });
  const rows = (): Tensor => drawn(3, 4);
  confirm((x, y) => F.cosineEmbeddingLoss(x, y, signs), rows(), rows());
  confirm((x, y) => F.marginRankingLoss(x, y, signs.unsqueeze(1), 0.2), rows(), rows());
  confirm((x) => F.hingeEmbeddingLoss(x, signs.unsqueeze(1), 2), rows());
  confirm((x) => F.softMarginLoss(x, signs.unsqueeze(1)), rows());
  confirm((x, y, z) => F.tripletMarginLoss(x, y, z, { swap: true }), rows(), rows(), rows());
  confirm((x) => F.multiMarginLoss(x, classes, 2), rows());
  confirm(
    (x) =>
      F.multilabelMarginLoss(
        x,
        tensor(
          [
            [3, 0, -1, 1],
            [1, -1, -1, -1],
            [0, 1, 2, 3],
          ],
          { dtype: 'int64' },
        ),
      ),
    rows(),
  );
  confirm((x) => F.multilabelSoftMarginLoss(x, full([3, 4], 0.3)), rows());
  confirm((x, y) => F.poissonNllLoss(x, y, { full: true }), rows(), rows().detach().add(2).requiresGrad_());
  confirm((x, y, v) => F.gaussianNllLoss(x, y, v), rows(), rows(), rows());
  // Of what comes from a softmax, as the gradient of ctcLoss is.
  const labels = tensor(
    [
      [1, 1],
      [2, 0],
    ],
    { dtype: 'int32' },
  );
  confirm((x) => F.ctcLoss(x.logSoftmax(2), labels, [4, 3], [2, 1]), drawn(4, 2, 3));
});

test('ctcLoss is the sum over all alignments', () => {
  manualSeed(1);
  const logProbs = randn(4, 3, { dtype: 'float64' }).logSoftmax(-1);
  const p = logProbs.exp().tolist() as number[][];
  const target = [1, 1];
  let total = 0;
  for (let code = 0; code < 81; code++) {
    const path = [27, 9, 3, 1].map((place) => Math.floor(code / place) % 3);
    const read = path.filter((label, t) => label !== 0 && label !== path[t - 1]);
    if (read.join() === target.join()) total += path.reduce((product, label, t) => product * p[t][label], 1);
  }
  near(
    F.ctcLoss(logProbs, tensor(target, { dtype: 'int32' }), 4, 2, { reduction: 'none' }),
    [-Math.log(total)],
    'loss',
    1e-12,
  );
});

test('a target too long for its input has an infinite loss and no gradient, or a loss of 0', () => {
  const logits = randn(2, 1, 3).requiresGrad_();
  const labels = tensor([[1, 1]], { dtype: 'int64' });
  const loss = F.ctcLoss(logits.logSoftmax(2), labels, [2], [2]);
  assert.is(loss.item(), Number.POSITIVE_INFINITY);
  loss.backward();
  assert.equal(values(logits.grad as Tensor), new Array(6).fill(0));
  assert.is(
    F.ctcLoss(logits.logSoftmax(2), labels, tensor([2]).int(), tensor([2]).int(), { zeroInfinity: true }).item(),
    0,
  );
});

test('ctcLoss of hundreds of unlikely steps stays exact in float32', () => {
  const logProbs = full([300, 1, 2], -50);
  near(
    F.ctcLoss(logProbs, tensor([[1]], { dtype: 'int32' }), [300], [1], { reduction: 'sum' }),
    [15000 - Math.log(45150)],
    'loss',
    1e-6,
  );
});

test('softMarginLoss of large scores does not overflow', () => {
  near(F.softMarginLoss(tensor([-1000, 1000]), tensor([1, 1]), { reduction: 'none' }), [1000, 0], 'loss', 0);
});

test('a distance of the user is called for each pair', () => {
  const distance = (x: Tensor, y: Tensor): Tensor => x.sub(y).abs().amax(-1);
  const [a, b, c] = [tensor([[0, 1]]), tensor([[0, 3]]), tensor([[5, 0]])];
  assert.is(F.tripletMarginWithDistanceLoss(a, b, c, { distanceFunction: distance, margin: 4 }).item(), 1);
  assert.is(new nn.TripletMarginWithDistanceLoss({ distanceFunction: distance, margin: 4 })(a, b, c).item(), 1);
});

test('an empty batch has no losses, whose sum is 0', () => {
  const rows = zeros(0, 4);
  const none = zeros(0, { dtype: 'int32' });
  const how = { reduction: 'none' } as const;
  for (const loss of [
    F.cosineEmbeddingLoss(rows, rows, none, how),
    F.multiMarginLoss(rows, none, how),
    F.multilabelMarginLoss(rows, rows.int(), how),
    F.multilabelSoftMarginLoss(rows, rows, how),
    F.tripletMarginLoss(rows, rows, rows, how),
  ]) {
    assert.equal(loss.shape, [0]);
    assert.is(loss.sum().item(), 0);
  }
});

test('weights are in the state, arguments go by name too, and all print as PyTorch prints them', () => {
  const weight = tensor([1, 2, 3]);
  assert.equal(Object.keys(new nn.MultiMarginLoss({ weight }).stateDict()), ['weight']);
  assert.equal(Object.keys(new nn.MultiLabelSoftMarginLoss().stateDict()), []);
  const [x, t] = [tensor([0.1, 0.2, 0.7]), tensor(1).int()];
  near(F.multiMarginLoss(x, { target: t, weight }), values(F.multiMarginLoss(x, t, 1, 1, weight)), 'by name', 0);
  assert.is(String(new nn.TripletMarginLoss({ margin: 2 })), 'TripletMarginLoss()');
  assert.is(String(new nn.CTCLoss(3)), 'CTCLoss()');
});

test('bad input is refused, with the rule and the values', () => {
  const rows = rand(2, 3);
  const classes = tensor([0, 1]).int();
  const logProbs = rand(4, 2, 3);
  const labels = tensor([[1], [2]]).int();
  const refused: [() => unknown, string, RegExp][] = [
    [() => F.cosineEmbeddingLoss(rows, rows, rows), 'ShapeError', /\[N, D\] and a target \[N\].*\[2, 3\]/],
    [() => F.marginRankingLoss(rows, rows, classes), 'ShapeError', /same dimension.*input1: \[2, 3\].*target: \[2\]/],
    [() => F.tripletMarginLoss(rows, rows, classes), 'ShapeError', /negative: \[2\]/],
    [() => F.multiMarginLoss(rows, classes.add(2)), 'IndexError', /Target 3 is out of bounds: there are 3 classes/],
    [() => F.multiMarginLoss(rows, classes, 3), 'ValueError', /only p == 1 and p == 2 supported, but got 3/],
    [() => F.multiMarginLoss(rows, classes.narrow(0, 0, 1)), 'ShapeError', /\[2, 3\] and \[1\]/],
    [() => F.multiMarginLoss(rows, classes, { weight: rand(2) }), 'ShapeError', /weight of shape \[3\], but got \[2\]/],
    [() => F.multilabelMarginLoss(rows, full([2, 3], -2).int()), 'IndexError', /Target -2/],
    [() => F.gaussianNllLoss(rows, rows, rand(3)), 'ShapeError', /var is of incorrect size.*\[3\]/],
    [() => F.gaussianNllLoss(rows, rows, rows.neg()), 'ValueError', /negative/],
    [
      () => F.softMarginLoss(rows, rows, { reduction: 'max' as 'sum' }),
      'ValueError',
      /max is not a valid value for reduction/,
    ],
    [() => F.softMarginLoss(rows.narrow(0, 0, 1), rows), 'ShapeError', /target \[2, 3\] and input \[1, 3\]/],
    [() => F.softMarginLoss(rand(3), rand(3, 1)), 'ShapeError', /target \[3, 1\] and input \[3\]/],
    [() => F.hingeEmbeddingLoss(rows, {}), 'ValueError', /missing argument 'target'/],
    [() => new nn.MultiMarginLoss(3), 'ValueError', /p == 2/],
    [
      () => F.ctcLoss(logProbs, labels, [4, 5], [1, 1]),
      'ValueError',
      /inputLengths to have value at most 4, but got value 5/,
    ],
    [() => F.ctcLoss(logProbs, labels, [4], [1, 1]), 'ShapeError', /inputLengths must be of size batch_size 2/],
    [() => F.ctcLoss(logProbs, labels, [4, 4], [1, 1], 2), 'ValueError', /other than blank, 2, but one is 2/],
    [() => F.ctcLoss(logProbs, labels, [4, 4], [1, 1], 3), 'ValueError', /blank must be in label range.*3/],
    [() => F.ctcLoss(logProbs, classes.add(1), [4, 4], [1, 2]), 'ShapeError', /add up to, 3, but got 2/],
    [() => F.ctcLoss(rand(4), classes, [4, 4], [1, 2]), 'ShapeError', /logProbs \[T, N, C\].*\[4\]/],
  ];
  for (const [run, name, message] of refused) refuses(run, name, message);
});

test('a score that is NaN counts neither as a class that comes too close, nor does its gradient', () => {
  for (const [scores, label, loss, gradient] of [
    [[1, Number.NaN, 2], 0, 2 / 3, [-1 / 3, 0, 1 / 3]],
    [[Number.NaN, 1, 2], 0, 0, [0, 0, 0]],
  ] as const) {
    const targets = [
      (x: Tensor) => F.multiMarginLoss(x, tensor([label], { dtype: 'int32' })),
      (x: Tensor) => F.multilabelMarginLoss(x, tensor([[label, -1, -1]], { dtype: 'int32' })),
    ];
    for (const of of targets) {
      const x = tensor([[...scores]], { dtype: 'float64', requiresGrad: true });
      const y = of(x);
      y.backward();
      near(y, [loss], 'loss', 1e-12);
      near(x.grad as Tensor, [...gradient], 'gradient', 1e-12);
    }
  }
});

test.run();
