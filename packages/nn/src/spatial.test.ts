import { gradcheck, gradgradcheck } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { arange, manualSeed, maxPool1d, maxPool2d, ones, rand, randn, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from './fixtures/call.ts';
import { drawn, testCases } from './fixtures/call.ts';
import { near, refuses, values } from './fixtures/check.ts';
import data from './fixtures/spatial.json' with { type: 'json' };
import * as nn from './index.ts';

const { functional: F } = nn;
const cases = data as unknown as readonly Case[];

testCases(cases);

function confirm(f: (...xs: Tensor[]) => Tensor, ...inputs: Tensor[]): void {
  assert.ok(gradcheck(f, inputs));
  assert.ok(gradgradcheck((...xs: Tensor[]) => f(...xs).sin(), inputs));
}

test('gradients of first and second order are those of finite differences', () => {
  manualSeed(0);
  const indices = tensor([[[0, 3, 5]]], { dtype: 'int32' });
  confirm((x) => F.localResponseNorm(x, 3, 0.5), drawn(1, 4, 2));
  confirm((x) => F.lpPool2d(x, 3, 2), drawn(1, 1, 4, 4));
  confirm((x) => F.maxUnpool1d(x, indices, 2), drawn(1, 1, 3));
  confirm((x) => F.rrelu(x.sub(1), 0.2, 0.3), drawn(2, 3));
  // One draw for all calls.
  confirm(
    (x) => {
      manualSeed(1);
      return F.gumbelSoftmax(x, 0.7);
    },
    drawn(2, 3),
  );
});

test('unpooling brings back what was pooled, at the size asked for', () => {
  manualSeed(1);
  const image = randn(2, 3, 7, 9);
  const [values2, indices2] = maxPool2d(image, 3, { stride: 2, returnIndices: true });
  const back = F.maxUnpool2d(values2, indices2, 3, 2, { outputSize: image.shape });
  assert.equal(back.shape, image.shape);
  const kept = back.ne(0);
  assert.ok(back.equal(image.mul(kept.to('float32'))));
  const [again] = maxPool2d(back.where(kept, -100), 3, { stride: 2, returnIndices: true });
  assert.ok(again.equal(values2));
  const line = randn(4, 11);
  const [values1, indices1] = maxPool1d(line, 2, { returnIndices: true });
  assert.equal(new nn.MaxUnpool1d(2)(values1, indices1).shape, [4, 10]);
  assert.equal(new nn.MaxUnpool1d(2)(values1, indices1, [11]).shape, [4, 11]);
});

test('strides and an empty batch change nothing', () => {
  manualSeed(2);
  const image = rand(2, 9, 8, 6).permute(0, 3, 1, 2);
  const functions: ((x: Tensor) => Tensor)[] = [
    (x) => F.localResponseNorm(x, 5),
    (x) => F.lpPool2d(x, 2, 3),
    (x) => new nn.Softmax2d()(x),
    (x) => F.rrelu(x),
    (x) => F.maxUnpool2d(x, zeros(x.shape, { dtype: 'int32' }), 2).sum([2, 3]),
  ];
  for (const [i, f] of functions.entries()) {
    if (i < 4) assert.ok(f(image).allclose(f(image.contiguous()), { rtol: 1e-6, atol: 0 }));
    assert.is(f(image.narrow(0, 0, 0)).shape[0], 0);
  }
});

test('hard samples are one-hot, with the gradient of the soft ones', () => {
  manualSeed(3);
  const logits = randn(50, 4).requiresGrad_();
  const hard = F.gumbelSoftmax(logits, { hard: true });
  near(hard.sum(-1), new Array<number>(50).fill(1), 'sum', 1e-6);
  assert.ok(hard.detach().amax(-1).allclose(ones(50)));
  hard.mul(arange(4)).sum().backward();
  manualSeed(3);
  const same = randn(50, 4).requiresGrad_();
  F.gumbelSoftmax(same).mul(arange(4)).sum().backward();
  assert.ok((logits.grad as Tensor).allclose(same.grad as Tensor));
});

test('rrelu in place writes into its input, recorded or not', () => {
  for (const training of [true, false]) {
    const x = tensor([-3, 2]);
    assert.is(F.rrelu_(x, 0.5, 0.5, training), x);
    assert.equal(values(x), [-1.5, 2]);
    const leaf = tensor([-3, 2], { requiresGrad: true });
    F.rrelu(leaf.mul(1), { lower: 0.5, upper: 0.5, training, inplace: true }).sum().backward();
    assert.equal(values(leaf.grad as Tensor), [0.5, 1]);
  }
});

test('modules print as PyTorch prints them, options given by name too', () => {
  assert.is(String(new nn.RReLU({ inplace: true })), 'RReLU(lower=0.125, upper=0.3333333333333333, inplace=True)');
  assert.is(
    String(new nn.LPPool2d(2, [3, 2], { ceilMode: true })),
    'LPPool2d(norm_type=2, kernel_size=(3, 2), stride=None, ceil_mode=True)',
  );
  assert.is(
    String(new nn.MaxUnpool2d({ kernelSize: 3, stride: 2 })),
    'MaxUnpool2d(kernel_size=(3, 3), stride=(2, 2), padding=(0, 0))',
  );
  assert.is(String(new nn.PairwiseDistance({ p: 1 })), 'PairwiseDistance()');
});

test('bad input is refused, with the rule and the values', () => {
  const x = rand(1, 2, 4);
  const at = zeros(1, 2, 4, { dtype: 'int32' });
  const refused: [() => unknown, string, RegExp][] = [
    [() => F.localResponseNorm(rand(2, 2), 2), 'ShapeError', /3D or higher.*\[2, 2\]/],
    [() => F.localResponseNorm(x, 0), 'ValueError', /size must be an integer of at least 1/],
    [() => F.lpPool1d(x, { kernelSize: 2 }), 'ValueError', /missing argument 'normType'/],
    [() => F.maxUnpool1d(x, at.narrow(2, 0, 3), 2), 'ShapeError', /\[1, 2, 4\], but got \[1, 2, 3\]/],
    [() => F.maxUnpool2d(rand(2, 2), at.select(0, 0).narrow(1, 0, 2), 2), 'ShapeError', /3 or 4 dimensions.*\[2, 2\]/],
    [() => F.maxUnpool1d(x, at, 2, { outputSize: [11] }), 'ValueError', /invalid outputSize \[11\].*between 6 and 10/],
    [() => F.maxUnpool1d(x, at.add(8), 2), 'IndexError', /8/],
    [() => new nn.Softmax2d()(rand(2, 2)), 'ShapeError', /3D or 4D.*\[2, 2\]/],
    [() => F.rrelu(x, 0.5, 0.2), 'ValueError', /0.5 and 0.2/],
    [() => F.rrelu(x, Number.NaN, 0.2), 'ValueError', /NaN and 0.2/],
    [() => F.lpPool1d(x, 0, 2), 'ValueError', /normType must not be 0/],
    [() => new nn.Upsample({ scaleFactor: 'two' as never }), 'ValueError', /scaleFactor must be a number.* got "two"/],
    [() => new nn.UpsamplingNearest2d({ size: [true] as never }), 'ValueError', /size must be a number, a list/],
    [() => F.gumbelSoftmax(tensor([1, 2], { dtype: 'int32' })), 'DTypeError', /logits.*int32/],
  ];
  for (const [run, name, message] of refused) refuses(run, name, message);
});

test.run();
