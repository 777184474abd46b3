import { ones, type Tensor, tensor } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LBFGS } from './index.ts';
import { followsPyTorch } from './testing/paths.ts';

// Near the minimum differences of gradients are small beside their roundings.
followsPyTorch('LBFGS', 1e-9);

/** Rosenbrock's valley, whose minimum is 0 at [1, 1]. */
function valley(x: Tensor, y: Tensor): Tensor {
  return y.sub(x.pow(2)).pow(2).mul(100).add(x.rsub(1).pow(2)).sum();
}

for (const lineSearchFn of ['strong_wolfe', null] as const) {
  test(`finds the minimum of a curved valley over two parameters, lineSearchFn ${lineSearchFn}`, () => {
    const [x, y] = [-1.5, 2].map((value) => tensor([value], { dtype: 'float64', requiresGrad: true }));
    const optimizer = new LBFGS([x, y], { lr: lineSearchFn === null ? 0.2 : 1, maxIter: 200, lineSearchFn });
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const value = valley(x, y);
      value.backward();
      return value;
    });
    assert.is(loss.item(), 100 * 0.25 ** 2 + 2.5 ** 2, 'the first loss is returned');
    assert.ok(Math.abs(x.item() - 1) < 1e-3 && Math.abs(y.item() - 1) < 1e-3, `ends at ${x.item()}, ${y.item()}`);
  });
}

test('a parameter without gradient stays, and the closure may return a number', () => {
  const [p, q] = [ones(2, { requiresGrad: true }), ones(3, { requiresGrad: true })];
  const optimizer = new LBFGS([q, p]);
  const value = optimizer.step(() => {
    optimizer.zeroGrad();
    const loss = p.pow(2).sum();
    loss.backward();
    return loss.item();
  });
  assert.is(value, 2);
  assert.equal(q.detach().toArray(), [1, 1, 1]);
  assert.ok(p.detach().abs().max().item() < 1e-3);
});

test('a loss that is NaN on the way is stepped back from', () => {
  const p = tensor([1], { dtype: 'float64', requiresGrad: true });
  const optimizer = new LBFGS([p], { lr: 100, lineSearchFn: 'strong_wolfe' });
  optimizer.step(() => {
    optimizer.zeroGrad();
    const loss = p.sub(p.log()).sum().add(p.rsub(2).log().mul(-0.1).sum());
    loss.backward();
    return loss;
  });
  assert.ok(p.item() > 0 && p.item() < 2, `ends at ${p.item()}`);
});

test('bad arguments are refused', () => {
  const p = ones(2, { requiresGrad: true });
  const groups = [{ params: [p] }, { params: [ones(1, { requiresGrad: true })] }];
  assert.throws(() => new LBFGS(groups), /LBFGS: there can be only one group of parameters/);
  assert.throws(() => new LBFGS([p]).step(), /LBFGS: step needs a closure that computes the loss, but got nothing/);
  assert.throws(() => new LBFGS([p]).step(() => 'low'), /the closure must return the loss, .* but returned "low"/);
  assert.throws(() => new LBFGS([p], { maxIter: 0 }), /LBFGS: invalid maxIter: 0; it must be an integer of at least 1/);
  assert.throws(
    () => new LBFGS([p], { lineSearchFn: 'armijo' as 'strong_wolfe' }),
    /LBFGS: lineSearchFn must be 'strong_wolfe' or null, but got "armijo"/,
  );
  const state = { 0: { d: ones(3), old_dirs: [ones(3)] } };
  const { param_groups: saved } = new LBFGS([p]).stateDict();
  assert.throws(
    () => new LBFGS([p]).loadStateDict({ state, param_groups: saved }),
    /d has shape \[3\], but all parameters have 2 elements/,
  );
});

test.run();
