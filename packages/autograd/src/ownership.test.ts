/** What the engine does with the memory of gradients: all sizes here are those of tensors in the heap. */

import type { GradFn, Tensor } from '@torsor/core';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  collectGarbage,
  crossEntropy,
  klDiv,
  manualSeed,
  maxPool2d,
  memory,
  rand,
  randint,
  randn,
  smoothL1Loss,
  tensor,
  tidy,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  borrowGrad,
  Function,
  type FunctionContext,
  grad,
  noGrad,
  registerPostAccumulateGradHook,
  savedTensorsHooks,
} from './index.ts';

const N = 64;
const BYTES = N * N * 4;
const leaf = (): Tensor => rand(N, N, { requiresGrad: true });

function same(got: Tensor | null, expected: Tensor | null, title: string): void {
  assert.equal(got?.shape, expected?.shape, title);
  const values = expected?.toTypedArray() ?? [];
  assert.ok(
    got?.toTypedArray().every((value, i) => Object.is(value, values[i])),
    title,
  );
}

/** Allocates over what may have been given back too early. */
function scribble(): void {
  for (let i = 0; i < 20; i++) rand(N, N).fill_(Number.NaN);
}

test('of all that a backward pass makes, only the gradients of leaves stay', () => {
  const x = leaf();
  const y = x.mul(2);
  const loss = y.exp().add(y).mul(y.sigmoid()).mm(x.t()).sum();
  collectGarbage();
  const before = memory().usedBytes;
  loss.backward();
  assert.is(memory().usedBytes - before, BYTES);
});

test('a product for a transposed weight becomes its gradient without a copy, and is no view', () => {
  const weight = leaf();
  const loss = rand(N, N).mm(weight.t()).sum();
  collectGarbage();
  const before = memory();
  loss.backward();
  assert.is(memory().liveStorages - before.liveStorages, 1);
  assert.is(weight.grad?.base, null);
  assert.ok(weight.grad?.isContiguous());
  weight.grad?.detach_().zero_();
});

test('a slice of a gradient is copied for a leaf, so that nothing is kept in vain', () => {
  const big = rand(N, 2 * N, { requiresGrad: true });
  const small = leaf();
  const joined = small.mul(2).mm(big);
  joined.backward(rand(N, 2 * N));
  assert.is(small.grad?.storage.length, N * N);
});

test('what hooks, custom functions, retainGrad and grad() were given stays', () => {
  const seen: Tensor[] = [];
  class Watch extends Function {
    static forward(_: FunctionContext, input: Tensor): Tensor {
      return input.mul(1);
    }
    static backward(_: FunctionContext, gradOutput: Tensor): Tensor {
      seen.push(gradOutput);
      const out = gradOutput.mul(3);
      seen.push(out);
      return out;
    }
  }
  const x = leaf();
  const y = x.exp();
  y.retainGrad();
  const z = Watch.apply(y.mul(2));
  const w = z.sigmoid();
  w.registerHook((g) => void seen.push(g));
  w.gradFn?.registerHook((inputs, outputs) => void seen.push(...([...inputs, ...outputs] as Tensor[])));
  const loss = w.mul(w).sum();
  const [gw, gy] = grad(loss, [w, y], { retainGraph: true });
  const first = seen.map((entry) => entry.clone());
  const kept = [gw.clone(), gy.clone()];
  scribble();
  seen.forEach((entry, i) => {
    same(entry, first[i], `entry ${i}`);
  });
  same(gw, kept[0], 'w');
  same(gy, kept[1], 'y');
  loss.backward();
  same(y.grad, gy.mul(2), 'retained, of two passes');
});

test('what unpacks a saved tensor may keep what it makes', () => {
  const made: Tensor[] = [];
  const x = leaf();
  const loss = savedTensorsHooks(
    (saved: Tensor) => saved.detach(),
    (saved) => {
      const copy = saved.clone();
      made.push(copy);
      return copy;
    },
    () => x.mul(x).exp().sum(),
  );
  loss.backward();
  assert.ok(made.length > 0);
  scribble();
  for (const copy of made) assert.not(copy.isnan().any().item());
  same(x.grad, x.detach().mul(2).mul(x.detach().mul(x.detach()).exp()), 'gradient');
});

test('a gradient of the caller is neither given back nor written to', () => {
  const x = leaf();
  const given = rand(N, N);
  const before = given.clone();
  const y = x.add(0);
  y.add(y).backward(given);
  scribble();
  same(given, before, 'given');
  same(x.grad, before.mul(2), 'gradient');
});

test('a pass within a scope keeps its gradients by the rules of the scope', () => {
  const x = leaf();
  const before = memory().liveStorages;
  const g = tidy(() => {
    x.exp().mul(x).sum().backward();
    return x.grad;
  });
  assert.is(memory().liveStorages - before, 1);
  scribble();
  assert.not(g?.isnan().any().item());
});

test('gradients outlive the scope that a pass ran in', () => {
  for (const createGraph of [false, true]) {
    const x = leaf();
    const given = rand(N, N);
    tidy(() => {
      x.exp().sum().backward({ createGraph });
    });
    same(x.grad, x.detach().exp(), 'first');
    tidy(() => {
      x.mul(given).sum().backward({ createGraph });
      x.exp().sum().backward({ createGraph });
    });
    same(x.grad, x.detach().exp().add(given).add(x.detach().exp()), 'added to');
    tidy(() => {
      x.grad = given.mul(2);
    });
    same(x.grad, given.mul(2), 'assigned');
  }
});

test('a gradient that nobody was given gives its memory back when it is dropped', () => {
  const x = leaf();
  const [first, second, third] = [1, 2, 3].map((factor) => x.mul(factor).sum());
  first.backward();
  collectGarbage();
  const before = memory().usedBytes;
  x.grad = null;
  assert.is(memory().usedBytes, before - BYTES, 'dropped');
  second.backward();
  third.backward();
  assert.is(memory().usedBytes, before, 'added up in place');
  assert.is(borrowGrad(x)?.storage.length, N * N);
  x.grad = rand(N, N);
  assert.is(memory().usedBytes, before, 'replaced');
});

test('a gradient that was handed out stays when it is dropped', () => {
  const x = leaf();
  const holds: Record<string, () => Tensor | null> = {
    'by the getter': () => {
      x.mul(2).sum().backward();
      return x.grad;
    },
    'by a hook on the leaf': () => {
      let seen: Tensor | null = null;
      const handle = x.registerHook((grad) => {
        seen = grad;
      });
      x.mul(2).sum().backward();
      handle.remove();
      return seen;
    },
    'by a hook after accumulation': () => {
      let seen: Tensor | null = null;
      const handle = registerPostAccumulateGradHook(x, (param) => {
        seen = param.grad;
      });
      x.mul(2).sum().backward();
      handle.remove();
      return seen;
    },
    'on the tape': () => {
      x.mul(x).sum().backward({ createGraph: true });
      return borrowGrad(x)?.mul(borrowGrad(x) as Tensor) ?? null;
    },
    'of the caller': () => {
      x.grad = rand(N, N);
      const { grad } = x;
      x.mul(2).sum().backward();
      return grad;
    },
  };
  for (const [title, hold] of Object.entries(holds)) {
    const held = hold();
    x.grad = null;
    scribble();
    assert.ok(held !== null, title);
    assert.not(held.isnan().any().item(), title);
  }
});

test('what a composed function makes on its way is back when its last record is freed, and at once without one', () => {
  const x = rand(4 * N, N, { requiresGrad: true });
  const images = rand(2, 4, 32, 32, { requiresGrad: true });
  const labels = randint(N, [4 * N]);
  const target = rand(4 * N, N);
  const scalars: Record<string, (x: Tensor) => Tensor> = {
    crossEntropy: (x) => crossEntropy(x, labels),
    'crossEntropy, smoothed': (x) => crossEntropy(x, labels, { labelSmoothing: 0.1 }),
    'crossEntropy of probabilities': (x) => crossEntropy(x, target),
    smoothL1Loss: (x) => smoothL1Loss(x, target),
    binaryCrossEntropy: (x) => binaryCrossEntropy(x, target),
    binaryCrossEntropyWithLogits: (x) => binaryCrossEntropyWithLogits(x, target),
    klDiv: (x) => klDiv(x, target),
  };
  for (const [title, fn] of Object.entries(scalars)) {
    collectGarbage();
    const before = memory().usedBytes;
    noGrad(() => fn(x));
    assert.is(memory().usedBytes, before, `${title}, without a tape`);
    const loss = fn(x);
    loss.backward();
    x.grad = null;
    assert.is(memory().usedBytes, before, title);
    const again = fn(x);
    again.backward({ retainGraph: true });
    const gradient = x.grad as Tensor | null;
    x.grad = null;
    scribble();
    again.backward();
    same(x.grad, gradient, title);
    x.grad = null;
  }
  collectGarbage();
  const before = memory().usedBytes;
  const pooled = maxPool2d(images, 2);
  pooled.sum().backward();
  images.grad = null;
  noGrad(() => maxPool2d(images, 2).storage.release('a test'));
  assert.is(memory().usedBytes - before, pooled.storage.length * 4, 'max pooling: its positions are gone');
  const { values, indices } = maxPool2d(images, 2, { returnIndices: true });
  values.sum().backward();
  scribble();
  assert.ok(indices.max().item() < 32 * 32, 'positions that were asked for stay');
  savedTensorsHooks(
    (saved) => saved,
    (saved) => saved as Tensor,
    () => {
      const loss = crossEntropy(x, labels);
      scribble();
      loss.backward();
    },
  );
  assert.not(x.grad?.isnan().any().item());
});

/** A random network of ops that share, broadcast, stretch and split their gradients. */
function network(seed: number, leaves: readonly Tensor[]): Tensor {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  const pool = [...leaves];
  const any = (): Tensor => pool[next(pool.length)];
  for (let i = 0; i < 12; i++) {
    const a = any();
    const b = any();
    const made: Tensor[] = [
      a.add(b),
      a.mul(b),
      a.sub(b.sum(0)),
      a.mul(b.mean(1, true)),
      a.t().mm(b).div(N),
      a
        .view([N / 2, 2 * N])
        .reshape([N, N])
        .add(a),
      a.tanh(),
      a.mul(b.mean()),
    ];
    const [top, bottom] = a.split(N / 2);
    const [left, right] = b.t().chunk(2, 0);
    made.push(top.t().mm(bottom).div(N).add(left.mm(right.t()).mean()));
    pool.push(made[next(made.length)]);
  }
  return pool.slice(-3).reduce((sum, x) => sum.add(x.mul(x).mean()), tensor(0));
}

/** Lets a hook see every gradient on its way to the leaves, so that the engine owns none. */
function watch(loss: Tensor): Tensor {
  const seen = new Set<GradFn>();
  const stack = [loss.gradFn];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node === null || node.variable !== undefined || seen.has(node)) continue;
    seen.add(node);
    node.registerPrehook(() => undefined);
    stack.push(...node.nextFunctions.map(([next]) => next));
  }
  return loss;
}

test('gradients are the same to the bit as those of a pass that owns nothing', () => {
  for (let seed = 1; seed <= 30; seed++) {
    manualSeed(seed);
    const leaves = [randn(N, N), randn(N, N), randn(N, N)].map((x) => x.requiresGrad_());
    const owned = grad(network(seed, leaves), leaves, { materializeGrads: true });
    const watched = grad(watch(network(seed, leaves)), leaves, { materializeGrads: true });
    network(seed, leaves).backward();
    leaves.forEach((x, i) => {
      same(owned[i], watched[i], `seed ${seed}, leaf ${i}, captured`);
      if (x.grad !== null) same(x.grad, watched[i], `seed ${seed}, leaf ${i}, accumulated`);
    });
  }
});

test.run();
