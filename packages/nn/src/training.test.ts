import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { manualSeed, rand, randint } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Digest } from './fixtures/check.ts';
import { agrees } from './fixtures/check.ts';
import data from './fixtures/training.json' with { type: 'json' };
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  functional as F,
  Flatten,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
} from './index.ts';

const [expected] = data as unknown as readonly [{ readonly losses: number[]; readonly state: Record<string, Digest> }];

/** SGD with momentum; `@torsor/optim` stands above this package. */
class Momentum {
  readonly #velocity = new Map<Tensor, Tensor>();

  step(parameters: Iterable<Tensor>, lr: number, momentum: number): void {
    noGrad(() => {
      for (const parameter of parameters) {
        const { grad } = parameter;
        if (grad === null) continue;
        const before = this.#velocity.get(parameter);
        const velocity = before === undefined ? grad.clone() : before.mul_(momentum).add_(grad);
        this.#velocity.set(parameter, velocity);
        parameter.sub_(velocity, { alpha: lr });
      }
    });
  }
}

test('twenty steps of training a small convnet have the losses of PyTorch, to 1e-4', () => {
  manualSeed(2020);
  const net = new Sequential(
    new Conv2d(1, 8, 3, { padding: 1 }),
    new BatchNorm2d(8),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(8, 16, 3, { padding: 1, paddingMode: 'circular' }),
    new ReLU({ inplace: true }),
    new MaxPool2d(2),
    new Flatten(),
    new Dropout(0.25),
    new Linear(64, 10),
  );
  const images = rand(64, 1, 8, 8);
  const labels = randint(0, 10, [64]);
  const optimizer = new Momentum();
  expected.losses.forEach((want, step) => {
    const at = (step % 4) * 16;
    net.zeroGrad();
    const loss = F.crossEntropy(net(images.narrow(0, at, 16)), labels.narrow(0, at, 16));
    loss.backward();
    optimizer.step(net.parameters(), 0.05, 0.9);
    const error = Math.abs(loss.item() - want) / want;
    assert.ok(error < 1e-4, `step ${step}: loss ${loss.item()}, expected ${want}`);
  });
  const state = net.stateDict();
  assert.equal(Object.keys(state), Object.keys(expected.state));
  for (const [key, x] of Object.entries(state)) agrees(x, expected.state[key], key, 1e-3);
});

test.run();
