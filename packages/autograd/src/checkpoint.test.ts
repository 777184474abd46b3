import {
  AutogradError,
  manualSeed,
  NotImplementedError,
  ones,
  rand,
  symbolDispose,
  type Tensor,
  tensor,
} from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpoint, checkpointSequential, grad, noGrad, savedTensorsHooks } from './index.ts';

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

const leaf = (values: number[] = [1, 2]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

test('a checkpoint computes the same, twice', () => {
  const w = leaf([0.5, 0.25]);
  let runs = 0;
  const block = (x: Tensor): Tensor => {
    runs++;
    return x.mul(w).sin().exp().mul(x);
  };
  const x = leaf();
  block(x).sum().backward();
  const grads = (): unknown[] => [x, w].map((t) => t.grad?.toArray());
  const plain = grads();
  for (const t of [x, w]) t.grad = null;
  runs = 0;
  checkpoint(block, x).sum().backward();
  assert.is(runs, 2);
  assert.equal(grads(), plain);
  assert.equal(
    grad(checkpoint(block, x).sum(), [x, w]).map((g) => g.toArray()),
    plain,
  );
});

test('nothing is kept of the forward pass', () => {
  const kept: Tensor[] = [];
  const x = leaf();
  savedTensorsHooks(
    (t) => {
      kept.push(t);
      return t;
    },
    (t) => t,
    () => checkpoint((t: Tensor) => t.exp().exp().exp(), x),
  );
  assert.is(kept.length, 0);
});

test('several arguments and outputs, also such as are no tensors', () => {
  const x = leaf();
  const [a, b] = checkpoint((t: Tensor, k: number) => [t.exp().mul(k), t.mul(t)], x, 3);
  a.add(b).sum().backward();
  const expected = x.detach().exp().mul(3).add(x.detach().mul(2));
  assert.equal(x.grad?.toArray(), expected.toArray());
});

test('the same random numbers are drawn again, and the generator goes on as if nothing had been', () => {
  const x = leaf([1, 2, 3, 4]);
  manualSeed(7);
  let masks: unknown[] = [];
  const dropout = (t: Tensor): Tensor => {
    const mask = rand(4, { dtype: 'float64' });
    masks.push(mask.toArray());
    return t.mul(mask).exp();
  };
  const y = checkpoint(dropout, x);
  const next = rand(1).item();
  manualSeed(7);
  rand(4, { dtype: 'float64' });
  assert.is(rand(1).item(), next);
  const before = rand(1);
  manualSeed(99);
  y.sum().backward();
  assert.equal(masks[0], masks[1]);
  const after = rand(1).item();
  manualSeed(99);
  assert.is(rand(1).item(), after);
  assert.is(before.numel(), 1);
  masks = [];
  checkpoint(dropout, x, { preserveRngState: false }).sum().backward();
  assert.not.equal(masks[0], masks[1]);
});

test('second derivatives and retained graphs', () => {
  const x = leaf([0.5]);
  const y = checkpoint((t: Tensor) => t.pow(3).mul(t.exp()), x);
  const [g] = grad(y, x, { createGraph: true });
  const [h] = grad(g, x);
  const plain = x.pow(3).mul(x.exp());
  const [pg] = grad(plain, x, { createGraph: true });
  assert.is(h.item(), grad(pg, x)[0].item());
  const z = checkpoint((t: Tensor) => t.exp(), x);
  assert.is(grad(z, x, { retainGraph: true })[0].item(), grad(z, x, { retainGraph: true })[0].item());
});

test('checkpoints nest', () => {
  const x = leaf();
  const y = checkpoint((t: Tensor) => checkpoint((s: Tensor) => s.sin().exp(), t.mul(2)).cos(), x);
  const plain = x.mul(2).sin().exp().cos();
  assert.equal(grad(y.sum(), x)[0].toArray(), grad(plain.sum(), x)[0].toArray());
});

test('a function that computes something else the second time is found', () => {
  let runs = 0;
  const y = checkpoint((t: Tensor) => (runs++ === 0 ? t.exp() : t.add(1)), leaf());
  throws(() => y.sum().backward(), /checkpoint: the function saved other tensors when it was run again: .*got fewer/);
  runs = 0;
  const z = checkpoint((t: Tensor) => (runs++ === 0 ? t.exp() : t.sum().exp()), leaf());
  throws(() => z.sum().backward(), /expected float64 \[2\], got float64 \[\]/);
});

test('an argument that was overwritten is found', () => {
  const x = leaf();
  const y = x.mul(2);
  const z = checkpoint((t: Tensor) => t.add(1).exp(), y);
  y.add_(1);
  throws(
    () => z.sum().backward(),
    /argument 0 .* modified by an inplace operation: it is at version 1; expected version 0/,
  );
});

test('under noGrad a checkpoint is a call', () => {
  const x = leaf();
  assert.is(noGrad(() => checkpoint((t: Tensor) => t.exp(), x)).requiresGrad, false);
  assert.throws(
    () => checkpoint((t: Tensor) => t, x, { useReentrant: true }),
    (e: unknown) => e instanceof NotImplementedError,
  );
});

test('functions in segments: all but the last are computed anew, from what came in', () => {
  const w = leaf([0.5, 0.25]);
  const runs = [0, 0, 0, 0, 0];
  const functions = runs.map((_, i) => (x: Tensor): Tensor => {
    runs[i]++;
    return x.mul(w).sin().add(i);
  });
  const x = leaf();
  const plain = functions.reduce((y, fn) => fn(y), x);
  plain.sum().backward();
  const expected = [x, w].map((t) => t.grad?.toArray());
  const cuts: readonly [segments: number, again: number][] = [
    [1, 0],
    [2, 2],
    [3, 2],
    [5, 4],
  ];
  for (const [segments, again] of cuts) {
    for (const t of [x, w]) t.grad = null;
    runs.fill(0);
    const out = checkpointSequential(functions, segments, x, { preserveRngState: false });
    assert.equal(out.toArray(), plain.toArray(), `${segments} segments`);
    out.sum().backward();
    assert.equal(
      [x, w].map((t) => t.grad?.toArray()),
      expected,
      `${segments} segments`,
    );
    assert.equal(
      runs,
      runs.map((_, i) => (i < again ? 2 : 1)),
      `${segments} segments`,
    );
  }
  assert.equal(checkpointSequential(new Set(functions), 2, x).toArray(), plain.toArray());
});

test('segments and options that make no sense are refused', () => {
  const x = leaf();
  const functions = [(t: Tensor) => t.exp(), (t: Tensor) => t.sin()];
  for (const segments of [0, 3, 1.5, '2' as never]) {
    assert.throws(
      () => checkpointSequential(functions, segments, x),
      /^checkpointSequential: segments must be an integer from 1 to the number of functions, 2, but got/,
    );
  }
  assert.throws(() => checkpointSequential([], 1, x), /number of functions, 0, but got 1/);
  assert.throws(
    () => checkpointSequential(functions, 2, x, { useReentrant: true }),
    /useReentrant: true is not offered/,
  );
  assert.throws(
    () => checkpointSequential(functions, 2, x, { rng: true } as object),
    /^checkpointSequential: unknown option 'rng'/,
  );
});

test('savedTensorsHooks pack what is saved and unpack what is needed', () => {
  const x = leaf();
  const packed: number[][] = [];
  let unpacked = 0;
  const y = savedTensorsHooks(
    (t) => {
      packed.push(t.toArray() as number[]);
      return t.toArray() as number[];
    },
    (values) => {
      unpacked++;
      return tensor(values, { dtype: 'float64' });
    },
    () => x.mul(x).exp(),
  );
  assert.equal(packed.length, 3);
  x.exp();
  assert.equal(packed.length, 3);
  y.sum().backward();
  assert.is(unpacked, 3);
  const expected = x.detach().mul(x.detach()).exp().mul(x.detach()).mul(2);
  assert.equal(x.grad?.toArray(), expected.toArray());
});

test('the guard form of savedTensorsHooks ends with its guard', () => {
  let packs = 0;
  const guard = savedTensorsHooks(
    (t) => {
      packs++;
      return t;
    },
    (t) => t,
  );
  leaf().exp();
  guard[symbolDispose]();
  leaf().exp();
  assert.is(packs, 1);
  assert.is(ones(1).requiresGrad, false);
});

test.run();
