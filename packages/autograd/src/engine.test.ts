import { AutogradError, NotImplementedError, ones, type Tensor, tensor, ValueError, zeros, zeta } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backward, detectAnomaly, enableGrad, Function, type FunctionContext, grad, noGrad } from './index.ts';

function throws(fn: () => unknown, pattern: RegExp): void {
  assert.throws(fn, (error: unknown) => {
    assert.instance(error, AutogradError);
    assert.match((error as Error).message, pattern);
    return true;
  });
}

const leaf = (values: number[] = [1, 2]): Tensor => tensor(values, { requiresGrad: true });

test('what needs no gradient cannot be differentiated', () => {
  throws(() => ones(1).backward(), /element 0 of tensors does not require grad and does not have a grad_fn/);
  const x = leaf();
  const y = noGrad(() => x.mul(x).sum());
  throws(() => y.backward(), /element 0 of tensors does not require grad and does not have a grad_fn/);
  throws(() => backward([x.sum(), y]), /element 1 of tensors does not require grad/);
});

test('a gradient is implied for one element only, and must have the shape of its output', () => {
  throws(() => leaf().mul(2).backward(), /grad can be implicitly created only for scalar outputs/);
  throws(
    () => leaf().mul(2).backward(ones(3)),
    /Mismatch in shape: grad_output\[0\] has a shape of \[3\] and output\[0\] has a shape of \[2\]/,
  );
  throws(() => backward([leaf().sum()], [ones([]), ones([])]), /got 1 tensors and 2 gradients/);
  const x = leaf([3]);
  x.mul(2).backward();
  assert.equal(x.grad?.toArray(), [2]);
});

test('a gradient of another floating dtype is cast', () => {
  const x = leaf();
  x.mul(2).backward(ones(2, { dtype: 'float64' }));
  assert.is(x.grad?.dtype, 'float32');
  const d = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
  x.grad = null;
  x.add(d).sum().backward();
  assert.is(d.grad?.dtype, 'float64');
  assert.is((x.grad as Tensor | null)?.dtype, 'float32');
});

test('gradients are summed over broadcast dimensions', () => {
  const row = leaf([1, 2, 3]);
  const column = tensor([[1], [2]], { requiresGrad: true });
  const scalar = tensor(2, { requiresGrad: true });
  row.mul(column).mul(scalar).sum().backward();
  assert.equal(row.grad?.toArray(), [6, 6, 6]);
  assert.equal(column.grad?.toArray(), [[12], [12]]);
  assert.equal(scalar.grad?.toArray(), 18);
});

test('a graph is freed by the first pass, unless it is retained', () => {
  const x = leaf();
  const y = x.exp().sum();
  y.backward({ retainGraph: true });
  y.backward();
  throws(() => y.backward(), /Trying to backward through the graph a second time.*Specify retainGraph: true/);
  throws(() => grad(x.exp().sum().add(y), x), /a second time/);
});

test('a graph that saved nothing can be walked again', () => {
  const x = leaf();
  const y = x.add(1).sum();
  y.backward();
  y.backward();
  assert.equal(x.grad?.toArray(), [2, 2]);
});

test('gradients add up over passes and over paths', () => {
  const x = leaf();
  x.mul(2).sum().backward();
  x.mul(3).sum().backward();
  assert.equal(x.grad?.toArray(), [5, 5]);
  const y = leaf([3]);
  y.mul(y).mul(y).add(y).backward();
  assert.equal(y.grad?.toArray(), [28]);
});

test('the first gradient is not shared with anything', () => {
  const a = leaf();
  const b = leaf();
  a.add(b).sum().backward();
  a.grad?.mul_(10);
  assert.equal(b.grad?.toArray(), [1, 1]);
  const c = leaf();
  const start = ones(2);
  c.add(1).backward(start);
  c.grad?.mul_(10);
  assert.equal(start.toArray(), [1, 1]);
  const d = leaf();
  d.backward(start);
  assert.is.not(d.grad, start);
  d.grad?.zero_();
  assert.equal(start.toArray(), [1, 1]);
});

test('a gradient that is accumulated is contiguous, or lies as its variable lies', () => {
  const x = zeros(2, 3, { requiresGrad: true });
  x.t().mul(ones(3, 2)).t().sum().backward();
  assert.equal(x.grad?.strides, [3, 1]);
  const t = zeros(2, 3).t().detach().requiresGrad_();
  t.mul(2).sum().backward();
  assert.equal(t.grad?.strides, t.strides);
  x.grad = null;
  x.sum().backward();
  assert.equal((x.grad as Tensor | null)?.strides, [3, 1]);
});

test('later gradients are added in place, but not while the pass is recorded', () => {
  const x = leaf();
  x.mul(2).sum().backward();
  const first = x.grad;
  x.mul(2).sum().backward();
  assert.is(x.grad, first);
  x.mul(x).sum().backward({ createGraph: true });
  assert.is.not(x.grad, first);
  assert.equal(first?.toArray(), [4, 4]);
  assert.equal(x.grad?.toArray(), [6, 8]);
  assert.is(x.grad?.requiresGrad, true);
});

test('nodes wait for all of their gradients', () => {
  const x = leaf([2]);
  let runs = 0;
  const a = x.mul(3);
  a.gradFn?.registerPrehook(() => {
    runs++;
  });
  let y = a;
  for (let i = 0; i < 5; i++) y = y.add(a.mul(i));
  y.backward();
  assert.is(runs, 1);
  assert.equal(x.grad?.toArray(), [3 * 11]);
});

test('a hundred diamonds in a row take a hundred steps, not 2^100', () => {
  const x = tensor(1, { requiresGrad: true, dtype: 'float64' });
  let y: Tensor = x;
  for (let i = 0; i < 100; i++) y = y.add(y);
  y.backward();
  assert.is(x.grad?.item(), 2 ** 100);
});

test('a chain of 200,000 adds does not overflow the stack', () => {
  const x = leaf([1]);
  let y: Tensor = x;
  for (let i = 0; i < 200_000; i++) y = y.add(1);
  y.backward();
  assert.equal(x.grad?.toArray(), [1]);
  assert.equal(grad(y, x)[0].toArray(), [1]);
});

test('several outputs start one pass', () => {
  const x = leaf();
  const shared = x.exp();
  backward([shared.sum(), shared.mul(2)], [null, ones(2)]);
  const expected = x.exp().mul(3);
  assert.equal(x.grad?.toArray(), expected.toArray());
  const y = leaf([1]);
  const z = y.mul(2);
  backward([z, z.mul(3), z]);
  assert.equal(y.grad?.toArray(), [10]);
});

test('backward takes its arguments by position or by name', () => {
  const x = leaf();
  const y = x.exp();
  y.backward(ones(2), true);
  y.backward({ gradient: ones(2), retainGraph: true });
  y.backward(ones(2), { retainGraph: true, createGraph: false });
  assert.throws(
    () => y.backward({ retain_graph: true } as never),
    (e: unknown) => e instanceof ValueError && /known options are gradient, retainGraph/.test((e as Error).message),
  );
  backward(y, ones(2), true);
  backward([y], { gradTensors: [ones(2)], inputs: x });
});

test('inputs of backward: only they receive a gradient', () => {
  const x = leaf();
  const z = leaf();
  x.mul(z)
    .sum()
    .backward({ inputs: [z] });
  assert.is(x.grad, null);
  assert.equal(z.grad?.toArray(), [1, 2]);
  const y = x.mul(2);
  y.mul(3).sum().backward({ inputs: y });
  assert.is(x.grad, null);
  assert.equal(y.grad?.toArray(), [3, 3]);
  assert.is(y.retainsGrad, true);
  throws(() => x.sum().backward({ inputs: [] }), /'inputs' argument to backward cannot be empty/);
});

test('grad returns gradients of leaves and of results, and touches no .grad', () => {
  const x = leaf();
  const y = x.mul(2);
  const z = y.mul(y).sum();
  const [gy, gx] = grad(z, [y, x]);
  assert.equal(gy.toArray(), [4, 8]);
  assert.equal(gx.toArray(), [8, 16]);
  assert.is(x.grad, null);
  assert.is(y.grad, null);
  assert.equal(
    grad(x.sum(), [x, x]).map((g) => g.toArray()),
    [
      [1, 1],
      [1, 1],
    ],
  );
  const [self] = grad(x, x, ones(2));
  assert.equal(self.toArray(), [1, 1]);
});

test('grad by position and by name', () => {
  const x = leaf();
  const y = x.exp();
  assert.equal(grad(y, x, ones(2), true)[0].toArray(), y.toArray());
  assert.equal(grad([y], [x], [ones(2)], { retainGraph: true })[0].toArray(), y.toArray());
  assert.equal(grad(y, x, { gradOutputs: ones(2) })[0].toArray(), y.toArray());
  assert.throws(
    () => grad(y, x, { isGradsBatched: true }),
    (e: unknown) => e instanceof NotImplementedError,
  );
});

test('an input that was not used is an error, null, or zero', () => {
  const x = leaf();
  const other = leaf([5]);
  const y = x.mul(2).sum();
  throws(
    () => grad(y, other, { retainGraph: true }),
    /appears to not have been used in the graph. Set allowUnused: true/,
  );
  assert.equal(grad(y, [other], { allowUnused: true, retainGraph: true }), [null]);
  assert.equal(grad(y, other, { materializeGrads: true, retainGraph: true })[0].toArray(), [0]);
  throws(() => grad(y, other, { materializeGrads: true, allowUnused: false }), /expected allowUnused to be true/);
  throws(() => grad(y, ones(1)), /one of the differentiated Tensors does not require grad/);
  throws(() => grad(y, []), /grad requires non-empty inputs/);
});

test('grad runs only the nodes on the way to its inputs', () => {
  const x = leaf();
  const y = leaf();
  const a = x.mul(2);
  const b = y.mul(2);
  const ran: string[] = [];
  a.gradFn?.registerHook(() => {
    ran.push('a');
  });
  b.gradFn?.registerHook(() => {
    ran.push('b');
  });
  grad(a.mul(b).sum(), x);
  assert.equal(ran, ['a']);
});

test('createGraph records the pass: derivatives of any order', () => {
  const x = tensor([0.5, 2], { dtype: 'float64', requiresGrad: true });
  let y: Tensor = x.pow(5).sum();
  const expected = [
    [5 * 0.5 ** 4, 5 * 16],
    [20 * 0.5 ** 3, 20 * 8],
    [60 * 0.25, 60 * 4],
    [120 * 0.5, 120 * 2],
    [120, 120],
  ];
  for (const e of expected) {
    const [g] = grad(y, x, { createGraph: true });
    const values = g.toTypedArray() as Float64Array;
    assert.ok(values.every((v, i) => Math.abs(v - e[i]) < 1e-9 * (1 + Math.abs(e[i]))));
    y = g.sum();
  }
});

test('second derivatives flow through saved results, also after the result was detached in place', () => {
  const x = tensor([0.3], { dtype: 'float64', requiresGrad: true });
  const y = x.tanh();
  const z = y.mul(1);
  y.detach_();
  const [g] = grad(z, x, { createGraph: true });
  const [h] = grad(g, x);
  const t = Math.tanh(0.3);
  assert.ok(Math.abs(h.item() - -2 * t * (1 - t * t)) < 1e-12);
});

test('without createGraph gradients have no history', () => {
  const x = leaf();
  const [g] = grad(x.mul(x).sum(), x);
  assert.is(g.requiresGrad, false);
  x.mul(x).sum().backward();
  assert.is(x.grad?.requiresGrad, false);
});

test('the mode outside is the same after a pass, even when it throws', () => {
  const x = leaf();
  const y = x.exp();
  x.exp().sum().backward();
  assert.is(x.mul(2).requiresGrad, true);
  noGrad(() => {
    y.backward(ones(2));
    assert.is(x.mul(2).requiresGrad, false);
  });
  throws(() => y.backward(ones(2)), /second time/);
  assert.is(x.mul(2).requiresGrad, true);
});

test('a derivative that is not implemented throws when it is asked for, not before', () => {
  const y = zeta(leaf(), 1);
  assert.is(y.gradFn?.name, 'ZetaBackward0');
  assert.throws(
    () => y.sum().backward(),
    (e: unknown) =>
      e instanceof NotImplementedError && /zeta: the derivative is not implemented: /.test((e as Error).message),
  );
});

class Reentrant extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    ctx.saveForBackward(x);
    return x.mul(x);
  }

  static backward(ctx: FunctionContext, gradOutput: Tensor): Tensor {
    const [x] = ctx.savedTensors;
    return enableGrad(() => {
      const again = x.detach().requiresGrad_();
      again.mul(again).sum().backward();
      return gradOutput.mul(again.grad as Tensor);
    });
  }
}

test('a pass can run inside a pass', () => {
  const x = leaf([3, 4]);
  Reentrant.apply(x.mul(2)).sum().backward();
  assert.equal(x.grad?.toArray(), [24, 32]);
});

test('a pass inside a pass over the same graph leaves the outer one alone', () => {
  const x = leaf([3]);
  const a = x.mul(2);
  const b = a.mul(a);
  const c = b.add(a);
  let inner: unknown;
  c.registerHook(() => {
    inner = grad(b, x, { retainGraph: true })[0].toArray();
  });
  c.mul(1).backward();
  assert.equal(inner, [24]);
  assert.equal(x.grad?.toArray(), [26]);
});

test('anomaly mode tells where the forward operation was called', () => {
  const x = leaf();
  detectAnomaly(() => {
    const c = ones(2);
    const y = x.mul(c);
    c.add_(1);
    throws(() => y.sum().backward(), /modified by an inplace operation.*MulBackward0, called at:.*engine\.test/s);
  });
});

test('anomaly mode stops at the first NaN and names the node', () => {
  const x = leaf([0]);
  detectAnomaly(() => {
    throws(() => x.mul(0).div(x.mul(0)).backward(), /function DivBackward0 returned nan values in its \dth output/);
  });
  detectAnomaly(() => x.mul(0).div(x.mul(0)).backward(), { checkNan: false });
  x.mul(0).div(x.mul(0)).backward();
});

test('a backward pass that is recorded in anomaly mode names both calls', () => {
  const x = leaf([2]);
  detectAnomaly(() => {
    const [g] = grad(x.pow(3), x, { createGraph: true });
    g.gradFn?.registerHook(() => undefined);
    const c = ones(1);
    const y = g.mul(c);
    c.zero_();
    throws(() => y.backward(), /MulBackward0, called at/);
  });
});

test.run();
