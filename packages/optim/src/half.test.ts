/** Optimisers of parameters in float16 and bfloat16: PyTorch's bits (`tools/fixtures/optim_half.py`), state of the parameter's dtype. */

import { backward } from '@torsor/autograd';
import type { Tensor } from '@torsor/core';
import { fromTypedArray, memory, tensor, zeros } from '@torsor/core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import data from './fixtures/half.json' with { type: 'json' };
import type { Optimizer } from './index.ts';
import * as optim from './index.ts';

type Kind = new (params: readonly Tensor[], options: object) => Optimizer<{ lr: number }>;

interface Case {
  readonly name: string;
  readonly options: Record<string, unknown>;
  /** Bits of the parameter after each step, and of the state after the last. */
  readonly path: readonly (readonly number[])[];
  readonly state: Record<string, readonly number[]>;
}

const cases = data.cases as unknown as readonly Case[];
const kinds = optim as unknown as Record<string, Kind>;
const names = [...new Set(cases.map(({ name }) => name))];

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
const camelKeys = (options: object): object =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
const ofBits = (bits: readonly number[]): Tensor =>
  fromTypedArray(Uint16Array.from(bits), [bits.length], { dtype: 'bfloat16' });
const bitsOf = (x: Tensor): number[] => Array.from(x.detach().toBits());

/** Takes the fixture's steps. */
function run({ name, options, path }: Case, p: Tensor, visit: (step: number) => void): Optimizer<{ lr: number }> {
  const optimizer = new kinds[name]([p], camelKeys(options));
  for (let step = 0; step < path.length; step++) {
    const grad = ofBits(data.grads[step]).to(p.dtype);
    p.grad = (p.numel() > grad.numel() ? grad.repeat(p.numel() / grad.numel()) : grad).view(p.shape);
    optimizer.step();
    visit(step);
  }
  return optimizer;
}

for (const one of cases) {
  const title = `${one.name}(${JSON.stringify(one.options)})`;

  test(`${title} of bfloat16 takes PyTorch's path, to the bit`, () => {
    const p = ofBits(data.start).requiresGrad_();
    const optimizer = run(one, p, (step) => assert.equal(bitsOf(p), one.path[step], `step ${step}`));
    const entries = optimizer.stateDict().state['0'] ?? {};
    for (const [key, bits] of Object.entries(one.state)) assert.equal(bitsOf(entries[key] as Tensor), bits, key);
  });

  test(`${title} of float16 stays near its path in float32`, () => {
    const wide = ofBits(data.start).float().requiresGrad_();
    const p = wide.detach().half().requiresGrad_();
    const path: Tensor[] = [];
    run(one, wide, () => path.push(wide.detach().clone()));
    run(one, p, (step) => {
      assert.is(p.dtype, 'float16');
      // A handful of roundings of 2^-11 a step, of values up to 4 and of updates up to 1.
      assert.ok(p.detach().float().sub(path[step]).abs().max().item() < 2 ** -6, `step ${step}`);
    });
  });
}

for (const name of names) {
  const one = cases.find((entry) => entry.name === name) as Case;

  test(`${name} takes long parameters of bfloat16 in pieces, and those in another order of memory`, () => {
    const long = ofBits(data.start).repeat(2100).requiresGrad_();
    run(one, long, () => {});
    assert.equal(bitsOf(long), new Array(2100).fill(one.path[one.path.length - 1]).flat());
    const turned = ofBits(data.start).view(4, 8).t().contiguous().t().requiresGrad_();
    run(one, turned, () => {});
    assert.equal(bitsOf(turned), one.path[one.path.length - 1]);
  });

  test(`${name} of bfloat16 goes on from its state dict, gives its memory back, and takes what has no elements`, () => {
    const p = ofBits(data.start).requiresGrad_();
    const first = new kinds[name]([p], camelKeys(one.options));
    p.grad = ofBits(data.grads[0]);
    first.step();
    const q = p.detach().clone().requiresGrad_();
    const second = new kinds[name]([q], {});
    second.loadStateDict(first.stateDict());
    for (const x of [p, q]) x.grad = ofBits(data.grads[1]);
    first.step();
    second.step();
    assert.equal(bitsOf(q), bitsOf(p));
    const used = memory().usedBytes;
    first.step();
    assert.is(memory().usedBytes, used);
    const none = [zeros([], { dtype: 'bfloat16' }), zeros([0, 2], { dtype: 'bfloat16' })].map((x) => x.requiresGrad_());
    for (const x of none) x.grad = zeros(x.shape, { dtype: 'bfloat16' }).add(1);
    new kinds[name](none, camelKeys(one.options)).step();
    assert.is.not(none[0].item(), 0);
  });
}

test('LBFGS of bfloat16 finds a minimum', () => {
  const p = tensor([3, -2], { dtype: 'bfloat16' }).requiresGrad_();
  const optimizer = new optim.LBFGS([p], { maxIter: 10 });
  for (let step = 0; step < 5; step++) {
    optimizer.step(() => {
      optimizer.zeroGrad();
      const loss = p.sub(1).square().sum();
      backward(loss);
      return loss;
    });
  }
  assert.is(p.dtype, 'bfloat16');
  assert.ok(p.detach().float().sub(1).abs().max().item() < 2 ** -6);
});

test.run();
