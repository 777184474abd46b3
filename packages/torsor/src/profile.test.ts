import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { manualSeed, nn, optim, profile, rand } from './index.ts';

test('the profile of a training step has its backward pass and the step of the optimiser', () => {
  manualSeed(0);
  const net = new nn.Linear(64, 32);
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
  const x = rand(48, 64);
  const rows = profile(() => {
    net(x).relu().sum().backward();
    optimizer.step();
  }).keyAverages();
  const row = (name: string) => rows.find((each) => each.name === name);
  assert.is(row('addmm')?.calls, 1);
  assert.is(row('addmm')?.flops, 2 * 48 * 64 * 32);
  assert.is(row('mm')?.flops, 2 * 48 * 64 * 32, 'the gradient of the weight');
  assert.is(row('thresholdBackward')?.calls, 1);
  assert.is(row('Optimizer.step#SGD.step')?.calls, 1);
});

test.run();
