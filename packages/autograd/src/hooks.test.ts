import { AutogradError, ones, type Tensor, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { grad, registerPostAccumulateGradHook } from './index.ts';

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

const leaf = (values: number[] = [1, 2]): Tensor => tensor(values, { requiresGrad: true });

test('a hook on a tensor sees its gradient, may replace it, and can be removed', () => {
  const x = leaf();
  const y = x.mul(2);
  const seen: unknown[] = [];
  const handle = y.registerHook((g) => {
    seen.push(g.toArray());
    return g.mul(10);
  });
  y.sum().backward({ retainGraph: true });
  assert.equal(seen, [[1, 1]]);
  assert.equal(x.grad?.toArray(), [20, 20]);
  handle.remove();
  y.sum().backward();
  assert.is(seen.length, 1);
  assert.equal(x.grad?.toArray(), [22, 22]);
});

test('a hook on a leaf runs before its gradient is accumulated', () => {
  const x = leaf();
  x.registerHook((g) => g.neg());
  x.mul(2).sum().backward();
  assert.equal(x.grad?.toArray(), [-2, -2]);
  assert.equal(grad(x.mul(2).sum(), x)[0].toArray(), [-2, -2]);
});

test('a hook sees the whole gradient once, after all paths have joined', () => {
  const x = leaf();
  const y = x.mul(2);
  const seen: unknown[] = [];
  y.registerHook((g) => {
    seen.push(g.toArray());
  });
  y.mul(3).add(y).sum().backward();
  assert.equal(seen, [[4, 4]]);
});

test('the order: tensor hooks, retained gradient, pre-hooks, the node, post-hooks, the leaf', () => {
  const x = leaf();
  const y = x.mul(2);
  const log: string[] = [];
  y.registerHook(() => {
    log.push('first');
  });
  y.retainGrad();
  y.registerHook((g) => {
    log.push('second');
    return g.mul(2);
  });
  y.gradFn?.registerPrehook(([g]) => {
    log.push(`pre ${g?.toArray()}`);
  });
  y.gradFn?.registerHook((gradInputs, [g]) => {
    log.push(`post ${gradInputs.map((entry) => entry?.toArray() ?? null)} of ${g?.toArray()}`);
  });
  x.registerHook((g) => {
    log.push(`leaf ${g.toArray()}`);
  });
  registerPostAccumulateGradHook(x, (p) => {
    log.push(`accumulated ${p.grad?.toArray()}`);
  });
  y.sum().backward();
  assert.equal(log, ['first', 'second', 'pre 2,2', 'post 4,4, of 2,2', 'leaf 4,4', 'accumulated 4,4']);
  assert.equal(y.grad?.toArray(), [2, 2]);
});

test('hooks on nodes may replace gradients', () => {
  const x = leaf();
  const y = x.mul(2);
  y.gradFn?.registerPrehook(([g]) => [g!.mul(10)]);
  y.gradFn?.registerHook(([g]) => [g!.add(1), null]);
  y.sum().backward();
  assert.equal(x.grad?.toArray(), [21, 21]);
});

test('hooks that return what does not fit are errors', () => {
  const x = leaf();
  const backwardWith = (hook: (g: Tensor) => unknown): void => {
    const y = x.mul(2);
    y.registerHook(hook as (g: Tensor) => Tensor);
    y.sum().backward();
  };
  throws(() => backwardWith(() => ones(5)), /a hook has changed the size of value/);
  throws(() => backwardWith((g) => g.double()), /a hook has changed the type of value/);
  throws(() => backwardWith(() => 3), /a hook must return a tensor, null or nothing/);
  const y = x.mul(2);
  y.gradFn?.registerHook(() => []);
  throws(() => y.sum().backward(), /a hook must return 2 gradients or nothing, but returned 0/);
  throws(() => ones(1).registerHook(() => null), /cannot register a hook on a tensor that doesn't require gradient/);
});

test('retainGrad keeps the gradient of a result, and adds up over passes', () => {
  const x = leaf();
  const y = x.mul(2);
  assert.is(y.retainsGrad, false);
  y.sum().backward({ retainGraph: true });
  assert.is(y.grad, null);
  y.retainGrad();
  y.retainGrad();
  assert.is(y.retainsGrad, true);
  y.mul(3).sum().backward({ retainGraph: true });
  assert.equal(y.grad?.toArray(), [3, 3]);
  y.mul(3).sum().backward();
  assert.equal(y.grad?.toArray(), [6, 6]);
  x.retainGrad();
  throws(() => ones(1).retainGrad(), /can't retain_grad on Tensor that has requires_grad=False/);
});

test('retained gradients are nobody else’s', () => {
  const x = leaf();
  const a = x.mul(2);
  const b = x.mul(3);
  a.retainGrad();
  b.retainGrad();
  a.add(b).sum().backward();
  a.grad?.zero_();
  assert.equal(b.grad?.toArray(), [1, 1]);
});

test('after a write, retainGrad follows the tensor, and hooks stay with what it was', () => {
  const x = leaf();
  const y = x.mul(2);
  y.retainGrad();
  const seen: unknown[] = [];
  y.registerHook((g) => {
    seen.push(['before', g.toArray()]);
  });
  y.mul_(3);
  y.registerHook((g) => {
    seen.push(['after', g.toArray()]);
  });
  y.sum().backward();
  assert.equal(y.grad?.toArray(), [1, 1]);
  assert.equal(seen, [
    ['after', [1, 1]],
    ['before', [3, 3]],
  ]);
  assert.equal(x.grad?.toArray(), [6, 6]);
});

test('a hook on one of several outputs sees the gradient of that output', () => {
  const x = leaf([1, 2, 3, 4]);
  const [a, b] = x.mul(1).split(2);
  const seen: unknown[] = [];
  b.registerHook((g) => {
    seen.push(g.toArray());
    return g.mul(2);
  });
  a.retainGrad();
  a.mul(5).sum().add(b.mul(7).sum()).backward();
  assert.equal(seen, [[7, 7]]);
  assert.equal(a.grad?.toArray(), [5, 5]);
  assert.equal(x.grad?.toArray(), [5, 5, 14, 14]);
});

test('hooks run while the pass is recorded, and their work is recorded', () => {
  const x = tensor([3], { requiresGrad: true });
  const y = x.mul(x);
  y.registerHook((g) => g.mul(x));
  const [g] = grad(y, x, { createGraph: true });
  assert.equal(g.toArray(), [18]);
  assert.equal(grad(g, x)[0].toArray(), [12]);
});

test('a hook after accumulation can free the gradient; only leaves take one', () => {
  const x = leaf();
  let sum = 0;
  const handle = registerPostAccumulateGradHook(x, (p) => {
    sum += (p.grad as Tensor).sum().item();
    p.grad = null;
  });
  x.mul(2).sum().backward();
  assert.is(sum, 4);
  assert.is(x.grad, null);
  handle.remove();
  x.mul(2).sum().backward();
  assert.equal((x.grad as Tensor | null)?.toArray(), [2, 2]);
  throws(() => registerPostAccumulateGradHook(x.mul(2), () => {}), /cannot be registered on non-leaf tensors/);
  throws(() => registerPostAccumulateGradHook(ones(1), () => {}), /doesn't require gradient/);
});

test('a hook may remove itself while it runs', () => {
  const x = leaf();
  const y = x.mul(2);
  let runs = 0;
  const handle = y.registerHook(() => {
    runs++;
    handle.remove();
  });
  y.registerHook(() => {
    runs++;
  });
  y.sum().backward({ retainGraph: true });
  y.sum().backward();
  assert.is(runs, 3);
});

test.run();
