/**
 * Memory that nobody manages, in short: `npm run soak` runs the long version. A training loop that never yields and frees nothing
 * stays within its limit and computes what the same loop in scopes does.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Tensor } from './index.ts';
import { manualSeed, memory, nn, optim, randint, randn, scope, setMemoryLimits } from './index.ts';

const MiB = 2 ** 20;

/** Trains; returns the weights, and the most bytes that tensors took of the heap after a step. */
function train(steps: number, inScopes: boolean): { weights: number[][]; most: number } {
  manualSeed(0);
  const net = new nn.Sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Dropout(0.2),
    new nn.Flatten(),
    new nn.Linear(8 * 4 * 4, 10),
  );
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
  const x = randn(32, 1, 8, 8);
  const labels = randint(10, [32]);
  let most = 0;
  for (let i = 0; i < steps; i++) {
    const s = inScopes ? scope() : null;
    optimizer.zeroGrad();
    nn.functional.crossEntropy(net(x) as Tensor, labels).backward();
    optimizer.step();
    s?.end();
    const { usedBytes, scratchBytes } = memory();
    most = Math.max(most, usedBytes - scratchBytes);
  }
  return { weights: [...net.parameters()].map((p) => Array.from(p.detach().toTypedArray() as Float32Array)), most };
}

test('a synchronous training loop stays within a small heap, and gives what a loop in scopes gives', () => {
  const want = train(150, true);
  const limits = setMemoryLimits({ softLimitBytes: 4 * MiB });
  try {
    const before = memory();
    const got = train(150, false);
    assert.equal(got.weights, want.weights);
    assert.ok(got.most <= 4 * MiB, `${got.most} bytes`);
    assert.ok(want.weights.flat().every(Number.isFinite));
    const after = memory();
    // Four times what fits was made: it was paged out, or found dead.
    assert.ok(after.heapBytes <= Math.max(before.heapBytes, 32 * MiB), `a heap of ${after.heapBytes} bytes`);
  } finally {
    setMemoryLimits(limits);
  }
});

test('a loop with awaits stays within it, too', async () => {
  const limits = setMemoryLimits({ softLimitBytes: 4 * MiB });
  try {
    const x = randn(300, 300);
    let sum = 0;
    for (let i = 0; i < 100; i++) {
      sum += x.mul(i).sub(1).relu().mean().item();
      await new Promise((resolve) => setTimeout(resolve, 0));
      const { usedBytes, scratchBytes } = memory();
      assert.ok(usedBytes - scratchBytes <= 4 * MiB);
    }
    assert.ok(sum > 0);
  } finally {
    setMemoryLimits(limits);
  }
});

/** Runs a function; returns how many objects it had the finalisers watch. */
function registrations(run: () => void): number {
  const { register } = FinalizationRegistry.prototype;
  let count = 0;
  FinalizationRegistry.prototype.register = function (...args) {
    count++;
    return register.apply(this, args);
  };
  try {
    run();
  } finally {
    FinalizationRegistry.prototype.register = register;
  }
  return count;
}

test('what is released in time is never registered with a finaliser', () => {
  const steps = 200;
  train(10, true);
  assert.ok(registrations(() => train(steps, true)) < steps);
  // The output of the network, which the loop had in its hands; on Node it is found dead while it is young.
  const each = registrations(() => train(steps, false)) / steps;
  assert.ok(each < 2, `${each} in each step`);
});

test('small tensors never touch the heap', () => {
  const a = randn(4, 4);
  const { usedBytes, liveStorages } = memory();
  let b = a;
  const registered = registrations(() => {
    for (let i = 0; i < 20_000; i++) b = a.mul(b).tanh();
  });
  assert.is(registered, 0);
  assert.is(memory().usedBytes, usedBytes);
  assert.ok(memory().liveStorages <= liveStorages);
  assert.ok(Number.isFinite(b.sum().item()));
});

test.run();
