import type { Tensor } from '@torsor/core';
import { manualSeed, rand, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { near, refuses, values } from '../fixtures/check.ts';
import data from '../fixtures/training.json' with { type: 'json' };
import { BatchNorm1d, BatchNorm2d, functional, GroupNorm, InstanceNorm1d, LayerNorm, RMSNorm } from '../index.ts';

interface BatchNormRun {
  readonly momentum: number | null;
  readonly steps: readonly (readonly [few: number[], mean: number[], variance: number[], count: number])[];
  readonly evaluated: readonly number[];
}

for (const run of data.slice(1) as unknown as readonly BatchNormRun[]) {
  test(`batch norm with momentum ${run.momentum} keeps PyTorch's running statistics, and evaluates with them`, () => {
    manualSeed(7);
    const module = new BatchNorm2d(3, { momentum: run.momentum });
    for (const [few, mean, variance, count] of run.steps) {
      const out = module(rand(4, 3, 2, 2).mul(3).add(1));
      near(values(out).slice(0, 3), few, 'output', 1e-5);
      near(module.runningMean ?? [], mean, 'running mean', 1e-6);
      near(module.runningVar ?? [], variance, 'running variance', 1e-6);
      assert.is(module.numBatchesTracked?.item(), count);
    }
    module.eval();
    near(module(rand(1, 3, 1, 1)), run.evaluated, 'evaluated', 1e-6);
    assert.is(module.numBatchesTracked?.item(), run.steps.length);
  });
}

test('the state keys of batch norm are those of PyTorch, and its count is int64', () => {
  const state = new BatchNorm1d(2).stateDict();
  assert.equal(Object.keys(state), ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']);
  assert.is(state.num_batches_tracked.dtype, 'int64');
  assert.equal(state.num_batches_tracked.shape, []);
  assert.equal(Object.keys(new BatchNorm1d(2, { affine: false, trackRunningStats: false }).stateDict()), []);
});

test('resetRunningStats forgets, resetParameters forgets and starts over', () => {
  const bn = new BatchNorm1d(2);
  bn(rand(4, 2));
  bn.weight?.data.fill_(5);
  bn.resetRunningStats();
  assert.equal(values(bn.running_mean as never), [0, 0]);
  assert.equal(values(bn.running_var as never), [1, 1]);
  assert.is(bn.numBatchesTracked?.item(), 0);
  assert.equal(values(bn.weight as never), [5, 5]);
  bn.resetParameters();
  assert.equal(values(bn.weight as never), [1, 1]);
});

test('a batch that is refused leaves the statistics and the count as they are', () => {
  const bn = new BatchNorm1d(2);
  refuses(() => bn(rand(1, 2)), 'ShapeError', /more than 1 value per channel when training/);
  refuses(() => bn(rand(4, 3)), 'ShapeError', /running.?mean should contain 3 elements not 2/i);
  refuses(() => bn(rand(4)), 'ShapeError', /^BatchNorm1d: expected 2D or 3D input \(got 1D/);
  refuses(() => new BatchNorm2d(2)(rand(4, 2, 3)), 'ShapeError', /^BatchNorm2d: expected 4D input \(got 3D/);
  assert.equal(values(bn.running_mean as never), [0, 0]);
  assert.is(bn.numBatchesTracked?.item(), 0);
  bn.eval();
  assert.equal(bn(rand(1, 2)).shape, [1, 2]);
});

test('a state dict may lack the count of batches, which then stays, and nothing else', () => {
  const norm = new BatchNorm1d(2);
  norm(rand(3, 2));
  const { num_batches_tracked: count, ...rest } = new BatchNorm1d(2).stateDict();
  assert.equal(values(count), [0]);
  assert.equal(norm.loadStateDict(rest), { missingKeys: [], unexpectedKeys: [] });
  assert.is(norm.numBatchesTracked?.item(), 1);
  assert.equal(values(norm.runningMean as Tensor), [0, 0]);
  const { running_mean: _, ...less } = rest;
  refuses(() => norm.loadStateDict(less), 'ValueError', /Missing key\(s\) in state_dict: "running_mean"\./);
});

test('layer norm is what its formula says, weights and empty batches included', () => {
  const x = tensor([[1, 2, 6]], { dtype: 'float64' });
  const norm = new LayerNorm(3, { dtype: 'float64', eps: 0 });
  norm.weight?.data.copy_(tensor([1, 2, 3]));
  norm.bias?.data.fill_(0.5);
  const std = Math.sqrt(14 / 3);
  near(norm(x), [-2 / std + 0.5, (-1 / std) * 2 + 0.5, (3 / std) * 3 + 0.5], 'layer norm', 1e-14);
  assert.equal(new LayerNorm(3)(zeros(0, 3)).shape, [0, 3]);
  assert.is(new LayerNorm(3, { bias: false }).bias, null);
  for (const wrong of [1.5, [3, -1], true] as never[]) {
    refuses(
      () => new LayerNorm(wrong, { elementwiseAffine: false }),
      'ValueError',
      /normalizedShape must be an integer/,
    );
  }
});

test('rms norm adds the machine epsilon unless told otherwise, and takes 16-bit floats in float32', () => {
  const tiny = tensor([[2 ** -26, 0]], { dtype: 'float64' });
  const root = (eps: number): number => 2 ** -26 / Math.sqrt(2 ** -53 + eps);
  near(functional.rmsNorm(tiny, [2]), [root(2 ** -52), 0], 'float64', 1e-15);
  near(functional.rmsNorm(tiny, [2], null, 0), [Math.SQRT2, 0], 'eps 0', 1e-15);
  near(functional.rmsNorm(tiny.float(), [2], { eps: null }), [root(2 ** -23), 0], 'float32', 1e-7);
  // 300² is no float16.
  const half = functional.rmsNorm(tensor([[300, -300]]).half(), [2], tensor([1, 2]).half());
  assert.is(half.dtype, 'float16');
  assert.equal(half.toArray(), [[1, -2]]);
});

test('rms norm of empty inputs, of views, and of NaN and infinity', () => {
  assert.equal(new RMSNorm(3)(zeros(0, 3)).shape, [0, 3]);
  assert.equal(functional.rmsNorm(zeros(2, 0), [0]).shape, [2, 0]);
  assert.equal(values(new RMSNorm(2)(zeros(1, 2))), [0, 0]);
  const x = rand([3, 4, 2], { dtype: 'float64' });
  near(
    functional.rmsNorm(x.permute(2, 0, 1), [3, 4]),
    values(functional.rmsNorm(x.permute(2, 0, 1).contiguous(), [3, 4])),
    'view',
    0,
  );
  const odd = tensor([
    [Number.NaN, 1],
    [Number.POSITIVE_INFINITY, 1],
  ]);
  assert.equal(values(functional.rmsNorm(odd, [2])), [Number.NaN, Number.NaN, Number.NaN, 0]);
});

test('rms norm refuses what does not fit, by name', () => {
  refuses(() => functional.rmsNorm(rand(2, 3), [2]), 'ShapeError', /^rmsNorm: Given normalizedShape=\[2\].*\[2, 3\]/);
  refuses(() => functional.rmsNorm(rand(2, 3), []), 'ShapeError', /^rmsNorm: Given normalizedShape=\[\]/);
  refuses(() => functional.rmsNorm(tensor(1), [1]), 'ShapeError', /got input of size \[\]/);
  refuses(() => functional.rmsNorm(rand(2, 3), [3], rand(2)), 'ShapeError', /^rmsNorm: Expected weight .* got \[2\]/);
  refuses(() => functional.rmsNorm(zeros(3, { dtype: 'int32' }), [3]), 'DTypeError', /^rmsNorm: .*int32/);
  refuses(() => functional.rmsNorm(rand(3), [3], { epsilon: 1 } as object), 'ValueError', /unknown option 'epsilon'/);
  refuses(() => new RMSNorm({ eps: 1 }), 'ValueError', /^RMSNorm: missing argument 'normalizedShape'/);
  assert.is(new RMSNorm(3, { elementwiseAffine: false }).weight, null);
});

test('group norm with a group a channel is instance norm, and with one group layer norm over the rest', () => {
  const x = rand([2, 4, 5], { dtype: 'float64' });
  const byChannel = new GroupNorm(4, 4, { affine: false });
  near(byChannel(x), values(new InstanceNorm1d(4)(x)), 'a group a channel', 1e-13);
  const all = new GroupNorm(1, 4, { affine: false });
  near(all(x), values(new LayerNorm([4, 5], { elementwiseAffine: false })(x)), 'one group', 1e-13);
  refuses(() => functional.groupNorm(x, 3), 'ShapeError', /divisible by numGroups/);
});

test.run();
