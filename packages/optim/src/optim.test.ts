import { noGrad } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { ones, tidy, ValueError, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Adam, AdamW, LBFGS, lrScheduler, Optimizer, SGD } from './index.ts';

function close(actual: Tensor, expected: readonly number[], title: string): void {
  const values = actual.toTypedArray();
  expected.forEach((value, i) => {
    const error = Math.abs(Number(values[i]) - value);
    assert.ok(error <= 1e-12 * Math.max(1, Math.abs(value)), `${title}: entry ${i} is ${values[i]}, expected ${value}`);
  });
}

test('options may be positional, and groups carry their own', () => {
  const a = ones(2, { requiresGrad: true });
  const b = ones(2, { requiresGrad: true });
  const optimizer = new SGD([{ params: [a] }, { params: b, lr: 1 }], 0.1, 0);
  a.mul(2).sum().add(b.mul(2).sum()).backward();
  optimizer.step();
  assert.equal(
    optimizer.paramGroups.map((group) => group.lr),
    [0.1, 1],
  );
  close(a.detach(), [0.800000011920929, 0.800000011920929], 'a');
  close(b.detach(), [-1, -1], 'b');
});

test('state dict has the keys of PyTorch', () => {
  const p = ones(2, { requiresGrad: true });
  const optimizer = new Adam([p], { weightDecay: 0.5 });
  p.sum().backward();
  optimizer.step();
  const { state, param_groups: groups } = optimizer.stateDict();
  assert.equal(Object.keys(state['0']).sort(), ['exp_avg', 'exp_avg_sq', 'step']);
  assert.is(groups[0]['weight_decay'], 0.5);
  assert.equal(groups[0].params, [0]);
});

test('step calls a closure with grad mode on and returns its value', () => {
  const p = ones(1, { requiresGrad: true });
  const optimizer = new SGD([p], { lr: 1 });
  const value = noGrad(() =>
    optimizer.step(() => {
      optimizer.zeroGrad();
      const l = p.mul(3).sum();
      l.backward();
      return l.item();
    }),
  );
  assert.is(value, 3);
  assert.is(p.item(), -2);
});

test('parameters without a gradient stay as they are', () => {
  const p = ones(2, { requiresGrad: true });
  new Adam([p]).step();
  assert.equal(p.detach().toArray(), [1, 1]);
});

test('zeroGrad drops gradients by default, and zeroes them on request', () => {
  const p = ones(2, { requiresGrad: true });
  const optimizer = new SGD([p], { lr: 1 });
  p.sum().backward();
  optimizer.zeroGrad(false);
  assert.equal(p.grad?.toArray(), [0, 0]);
  optimizer.zeroGrad();
  assert.is(p.grad, null);
});

test('a step on a saved tensor is noticed by backward', () => {
  const p = ones(2, { requiresGrad: true });
  const y = p.mul(p).sum();
  p.grad = ones(2);
  new SGD([p], { lr: 1 }).step();
  assert.throws(() => y.backward(), /modified by an inplace operation/);
});

test('bad arguments are refused with their names', () => {
  const p = ones(2, { requiresGrad: true });
  const refuses = (make: () => unknown, pattern: RegExp): void => {
    assert.throws(make, (error: Error) => error instanceof ValueError && pattern.test(error.message));
  };
  refuses(() => new SGD([], { lr: 1 }), /empty parameter list/);
  refuses(() => new SGD([p], { lr: -1 }), /learning rate: -1/);
  refuses(() => new SGD([p], { lr: Number.NaN }), /learning rate: NaN/);
  refuses(() => new SGD([p], { nesterov: true }), /nesterov/);
  refuses(() => new Adam([p], { betas: [1, 0.9] }), /index 0: 1/);
  refuses(() => new SGD([p, p], { lr: 1 }), /more than once/);
  refuses(() => new SGD([p.mul(2)], { lr: 1 }), /non-leaf/);
  refuses(() => new SGD(p as unknown as Tensor[], { lr: 1 }), /iterable/);
  refuses(() => new SGD([p], { lr: 1, momentun: 1 } as object), /unknown option 'momentun'/);
  assert.throws(() => new SGD([zeros(2, { dtype: 'int32' })], { lr: 1 }), /floating point/);
});

test('a state that is loaded inside a scope outlives it', () => {
  const p = ones(1000, { requiresGrad: true });
  const first = new Adam([p]);
  p.sum().backward();
  first.step();
  const second = new Adam([p]);
  tidy(() => second.loadStateDict(first.stateDict()));
  second.step();
  const { exp_avg: mean } = second.stateDict().state['0'] as { exp_avg: Tensor };
  assert.is(mean.select(0, 999).item(), Math.fround(Math.fround(0.1 * 0.9) + Math.fround(0.1)));
});

test('what schedulers note in groups is taken, travels, and is no option of the step', () => {
  const p = ones(2, { requiresGrad: true });
  const first = new SGD([{ params: [p], initialLr: 0.5 }], { lr: 0.1 });
  assert.is(first.stateDict().param_groups[0]['initial_lr'], 0.5);
  const second = new AdamW([p]);
  const saved = new AdamW([{ params: [p], initialLr: 0.5, maxLr: 2 }]).stateDict();
  second.loadStateDict(saved);
  assert.is(second.paramGroups[0].initialLr, 0.5);
  assert.is(second.paramGroups[0].maxLr, 2);
  p.sum().backward();
  first.step();
});

test('hooks are called before and after each step, until they are removed', () => {
  const p = ones(1, { requiresGrad: true });
  for (const optimizer of [new SGD([p], { lr: 1 }), new LBFGS([p], { maxIter: 1 })]) {
    const seen: string[] = [];
    const note = (when: string) => (given: Optimizer<{ lr: number }>) => {
      assert.is(given, optimizer);
      seen.push(`${when} ${given.paramGroups[0].params[0].item() === before ? 'old' : 'new'}`);
    };
    const handles = [optimizer.registerStepPreHook(note('pre')), optimizer.registerStepPostHook(note('post'))];
    let before = p.item();
    const closure = (): number => {
      optimizer.zeroGrad();
      const loss = p.mul(3).sum();
      loss.backward();
      return loss.item();
    };
    optimizer.step(closure);
    assert.equal(seen, ['pre old', 'post new']);
    handles[0].remove();
    handles[0].remove();
    before = p.item();
    optimizer.step(closure);
    assert.equal(seen, ['pre old', 'post new', 'post new']);
  }
});

test('an optimiser of your own says how to update one parameter', () => {
  class SignSGD extends Optimizer<{ lr: number }> {
    constructor(params: Iterable<Tensor>, lr: number) {
      super(params, { lr });
    }
    protected override checkOptions({ lr }: { lr: number }): void {
      if (!(lr >= 0)) throw new RangeError(`lr is ${lr}`);
    }
    protected override update(param: Tensor, grad: Tensor, { lr }: { lr: number }): void {
      noGrad(() => param.sub_(grad.sign(), { alpha: lr }));
    }
  }
  const p = ones(2, { requiresGrad: true });
  const optimizer = new SignSGD([p], 0.5);
  const scheduler = new lrScheduler.ExponentialLR(optimizer, 0.5);
  for (let step = 0; step < 2; step++) {
    optimizer.zeroGrad();
    p.pow(2).sum().backward();
    optimizer.step();
    scheduler.step();
  }
  assert.equal(p.detach().toArray(), [0.25, 0.25]);
  assert.throws(() => new SignSGD([p], -1), /lr is -1/);
});

test('what is no list of parameters is refused with what to do', () => {
  const p = ones(1, { requiresGrad: true });
  const parameters = function* (): Generator<Tensor> {
    yield p;
  };
  assert.ok(new SGD(parameters()));
  assert.throws(() => new SGD(parameters as never), /^SGD: params should be an iterable.*but got a function; call/);
  assert.throws(() => new SGD(null as never), /^SGD: params should be an iterable of tensors or groups, but got null/);
  assert.throws(() => new SGD({ params: [p] } as never), /but got \{ params \}/);
});

test('prints its groups as PyTorch does', () => {
  const optimizer = new SGD([ones(1, { requiresGrad: true })], { lr: 0.1 });
  assert.match(String(optimizer), /^SGD \(\nParameter Group 0\n {4}dampening: 0\n {4}lr: 0.1\n/);
});

test('small numbers are printed as Python writes them', () => {
  const optimizer = new AdamW([ones(1, { requiresGrad: true })], { lr: 1e-4, weightDecay: 1.5e-5 });
  assert.match(String(optimizer), /eps: 1e-08\n {4}lr: 0.0001\n {4}maximize: False\n {4}weight_decay: 1.5e-05\n/);
});

test('inspectors print an optimiser as String does', () => {
  const optimizer = new SGD([ones(1, { requiresGrad: true })]) as unknown as Record<symbol, () => string>;
  for (const inspector of ['nodejs.util.inspect.custom', 'Deno.customInspect']) {
    assert.is(optimizer[Symbol.for(inspector)](), String(optimizer));
  }
});

test.run();
